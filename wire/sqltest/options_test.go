package sqltest

import (
	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/wire/dialect"
	"github.com/eiderdb/eider/wire/pg"
)

// The three functions set a database up as `eider serve` does, so that the files
// see the same catalog and the same literals in every mode.

func engineOptions(path string) engine.Options { return engine.Options{Path: path} }

func sessionOptions() engine.SessionOptions {
	return engine.SessionOptions{Rewrites: dialect.Rules()}
}

func serverConfig() pg.Config {
	return pg.Config{Listen: "127.0.0.1:0", Rewrites: dialect.Rules()}
}
