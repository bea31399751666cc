package stranger

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/engine"
	_ "github.com/eiderdb/eider/engine/sqldriver"
	"github.com/eiderdb/eider/sql/sqlstate"
)

func TestReport(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.db")
	late, err := Report(t.Context(), path, "../flights/flights.parquet", 3)
	require.NoError(t, err)
	require.Equal(t, []Late{{"EV", 51356, 17.19}, {"YV", 545, 15.72}, {"F9", 682, 15.37}}, late)

	// The file is whole, and database/sql reads it.
	db, err := sql.Open("eider", path)
	require.NoError(t, err)
	defer db.Close()
	var n int
	require.NoError(t, db.QueryRow("SELECT count(*) FROM flights WHERE carrier = $1", "EV").Scan(&n))
	require.Equal(t, 54173, n)
}

func TestErrorsAndCancel(t *testing.T) {
	db, err := engine.Open(t.Context(), engine.Options{})
	require.NoError(t, err)
	defer db.Close()
	s, err := db.NewSession(t.Context(), engine.SessionOptions{})
	require.NoError(t, err)
	defer s.Close()
	_, err = s.Exec(t.Context(), "SELECT nope")
	var e *sqlstate.Error
	require.True(t, errors.As(err, &e))
	require.Equal(t, sqlstate.UndefinedColumn, e.Code)
	require.Equal(t, 8, e.Position)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.Exec(ctx, "SELECT 1")
	require.Equal(t, sqlstate.QueryCanceled, sqlstate.CodeOf(err))
}

func TestArrow(t *testing.T) {
	db, err := engine.Open(t.Context(), engine.Options{})
	require.NoError(t, err)
	defer db.Close()
	s, err := db.NewSession(t.Context(), engine.SessionOptions{})
	require.NoError(t, err)
	defer s.Close()
	r, err := s.QueryArrow(t.Context(), "SELECT range AS i FROM range(10000)")
	require.NoError(t, err)
	defer r.Release()
	rows := int64(0)
	for r.Next() {
		rows += r.RecordBatch().NumRows()
	}
	require.NoError(t, r.Err())
	require.EqualValues(t, 10000, rows)
}
