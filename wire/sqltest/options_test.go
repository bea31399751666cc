package sqltest

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/sql/rewrite"
	"github.com/eiderdb/eider/wire/dialect"
	"github.com/eiderdb/eider/wire/pg"
	"github.com/eiderdb/eider/wire/pgcat"
)

// The functions set a database up as `eider serve` does, so that the files see the
// same catalog and the same literals in every mode.

func engineOptions(path string) engine.Options {
	return engine.Options{Path: path, Setup: pgcat.Setup(), Catalog: engine.CatalogSQL{Refresh: pgcat.Refresh(), Private: pgcat.Private(), Role: pgcat.Role()}}
}

func rules() []rewrite.Rule { return slices.Concat(dialect.Rules(), pgcat.Rules()) }

func sessionOptions() engine.SessionOptions { return engine.SessionOptions{Rewrites: rules()} }

func serverConfig() pg.Config { return pg.Config{Listen: "127.0.0.1:0", Rewrites: rules()} }

// serve starts a server on db until the test ends.
func serve(t *testing.T, db *engine.DB, config pg.Config) *pg.Server {
	t.Helper()
	ctx := context.Background()
	srv, err := pg.New(db, config)
	require.NoError(t, err)
	require.NoError(t, srv.Listen(ctx))
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ctx) }()
	t.Cleanup(func() {
		require.NoError(t, srv.Close())
		<-served
	})
	return srv
}
