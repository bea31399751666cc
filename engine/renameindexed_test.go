package engine

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// A refused rename must not take the indexes along, whatever savepoints there are.
func TestRefusedRenameKeepsIndexes(t *testing.T) {
	ctx := context.Background()
	db := openDB(t, Options{})
	owner := newSession(t, db, SessionOptions{})
	for _, sql := range []string{"CREATE TABLE kept (i integer)", "CREATE INDEX kept_i ON kept (i)", "CREATE ROLE r LOGIN", "GRANT SELECT ON kept TO r"} {
		exec(t, owner, sql)
	}
	other := newSession(t, db, SessionOptions{User: "r"})
	exec(t, other, "BEGIN")
	exec(t, other, "SAVEPOINT a")
	_, err := other.Exec(ctx, "ALTER TABLE kept RENAME TO taken")
	require.Equal(t, sqlstate.InsufficientPrivilege, sqlstate.CodeOf(err), "%v", err)
	exec(t, other, "ROLLBACK TO a")
	exec(t, other, "COMMIT")
	require.Equal(t, "kept_i", rowsOf(t, owner, "SELECT index_name FROM duckdb_indexes()"))
}

func TestIndexOnAnotherTable(t *testing.T) {
	require.Equal(t, `CREATE INDEX "i_2" ON "main"."new" (a, b)`, onTable(`CREATE INDEX i ON old (a, b)`, "i_2", "main", "new"))
	require.Equal(t, `CREATE UNIQUE INDEX "i" ON "s"."t" ("on")`, onTable(`CREATE UNIQUE INDEX i ON s.old("on")`, "i", "s", "t"))
}
