package sqltest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/sql/logictest"
	"github.com/eiderdb/eider/sql/logictest/pgwire"
	"github.com/eiderdb/eider/testdata/postgres"
)

var rewriting = flag.Bool("rewrite", false, "replace the expectations by what came")

const root = "../../testdata/sql"

func files(t *testing.T, folder string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, folder, "*.test"))
	require.NoError(t, err)
	require.NotEmpty(t, found)
	return found
}

func runFile(t *testing.T, path string, o logictest.Options) {
	t.Helper()
	n, errs := logictest.Run(context.Background(), path, o)
	for _, err := range errs {
		t.Error(err)
	}
	require.NotZero(t, n, "nothing ran")
}

// TestFiles runs every file in each mode on a fresh database.
func TestFiles(t *testing.T) {
	for _, folder := range []string{"pg", "eider"} {
		for _, path := range files(t, folder) {
			for _, mode := range []string{"inprocess", "simple", "extended"} {
				t.Run(filepath.Join(folder, filepath.Base(path), mode), func(t *testing.T) {
					if testing.Short() && mode == "simple" && folder == "eider" {
						t.Skip("over the wire by the extended protocol only in -short: the simple one takes a minute more")
					}
					open := opener(t, mode)
					runFile(t, path, logictest.Options{Mode: mode, Open: open, Rewrite: *rewriting && mode == "inprocess" && folder == "eider"})
				})
			}
		}
	}
}

// TestPostgres runs the files of pg against PostgreSQL 15; with -rewrite it writes their answers.
func TestPostgres(t *testing.T) {
	if testing.Short() {
		t.Skip("starts PostgreSQL 15: not in -short")
	}
	srv, err := postgres.Start(context.Background())
	if errors.Is(err, postgres.ErrMissing) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, srv.Stop()) })
	for _, path := range files(t, "pg") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			runFile(t, path, logictest.Options{Mode: "postgres", Open: pgwire.Open(srv.URL(), false), Rewrite: *rewriting})
		})
	}
}

// opener starts a database of its own for the test, and a server where the mode needs one.
func opener(t *testing.T, mode string) func(context.Context, string) (logictest.Conn, error) {
	t.Helper()
	ctx := context.Background()
	db, err := engine.Open(ctx, engineOptions(filepath.Join(t.TempDir(), "logic.db")))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	if mode == "inprocess" {
		return openInProcess(db, sessionOptions())
	}
	srv := serve(t, db, serverConfig())
	url := fmt.Sprintf("postgres://postgres@%s/postgres?sslmode=disable", srv.Addr())
	return pgwire.Open(url, mode == "extended")
}
