package sqltest

import (
	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/wire/pg"
)

// The three functions set a database up as `eider serve` does, so that the files
// see the same catalog in every mode.

func engineOptions(path string) engine.Options { return engine.Options{Path: path} }

func sessionOptions(*engine.DB) engine.SessionOptions { return engine.SessionOptions{} }

func serverConfig(*engine.DB) pg.Config { return pg.Config{Listen: "127.0.0.1:0"} }
