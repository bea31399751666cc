package engine

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

func TestAlterTableWithSeveralActions(t *testing.T) {
	ctx := context.Background()
	s := newSession(t, openDB(t, Options{}), SessionOptions{})
	exec(t, s, "CREATE TABLE t (a integer, b text)")
	_, err := s.Exec(ctx, `ALTER TABLE IF EXISTS main."t" ADD COLUMN c decimal(9, 2), DROP COLUMN b, ALTER COLUMN a SET DEFAULT 3`)
	require.NoError(t, err)
	exec(t, s, "INSERT INTO t (c) VALUES (1.5)")
	require.Equal(t, "3|1.50", rowsOf(t, s, "SELECT a::text || '|' || c::text FROM t"))

	sql := `ALTER TABLE t ADD COLUMN d integer, DROP COLUMN none`
	_, err = s.Exec(ctx, sql)
	require.Error(t, err)
	require.Equal(t, "a,c", rowsOf(t, s, "SELECT string_agg(column_name, ',' ORDER BY column_index) FROM duckdb_columns() WHERE table_name = 't'"), "all or none")
	for _, bad := range []string{"ALTER TABLE t ADD COLUMN d integer,", "ALTER TABLE t ADD COLUMN d integer, , DROP COLUMN c", "ALTER TABLE t ADD COLUMN d integer, nonsense"} {
		_, err = s.Exec(ctx, bad)
		require.Equal(t, sqlstate.SyntaxError, sqlstate.CodeOf(err), "%s: %v", bad, err)
	}
	require.Equal(t, "a,c", rowsOf(t, s, "SELECT string_agg(column_name, ',' ORDER BY column_index) FROM duckdb_columns() WHERE table_name = 't'"))

	// An error in the second action tells its place in the whole text.
	sql = `SELECT 1; ALTER TABLE t DROP COLUMN a, ADD COLUMN d nosuchtype`
	_, err = s.Exec(ctx, sql[10:])
	require.Error(t, err)
	if at := sqlstate.From(err).Position; at > 0 {
		require.Equal(t, "nosuchtype", sql[10:][at-1:])
	}
}

func TestReferencesWithTheDatabasesName(t *testing.T) {
	ctx := context.Background()
	db := openDB(t, Options{})
	s := newSession(t, db, SessionOptions{})
	exec(t, s, "CREATE TABLE parent (id integer PRIMARY KEY)")
	exec(t, s, `CREATE TABLE child (id integer REFERENCES "`+db.Name()+`"."main"."parent" (id))`)
	_, err := s.Exec(ctx, "INSERT INTO child VALUES (1)")
	require.Equal(t, sqlstate.ForeignKeyViolation, sqlstate.CodeOf(err), "%v", err)
	_, err = s.Exec(ctx, "CREATE TABLE other (id integer REFERENCES elsewhere.main.parent (id))")
	require.Error(t, err)
}
