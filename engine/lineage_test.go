package engine

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/lineage"
)

var rewriteTrees = flag.Bool("rewrite", false, "write the syntax trees that sql/lineage's tests read")

const lineageData = "../sql/lineage/testdata/"

// lineageQueries are those of sql/lineage's known answers.
func lineageQueries(t *testing.T) []string {
	text, err := os.ReadFile(lineageData + "queries.txt")
	require.NoError(t, err)
	var out []string
	for _, block := range strings.Split(string(text), "\n\n") {
		var query []string
		for _, l := range strings.Split(block, "\n") {
			if l == "----" {
				out = append(out, strings.Join(query, "\n"))
				break
			}
			if l != "" && !strings.HasPrefix(l, "#") {
				query = append(query, l)
			}
		}
	}
	return out
}

func lineageSetup(t *testing.T) *Session {
	s := memory(t)
	setup, err := os.ReadFile(lineageData + "setup.sql")
	require.NoError(t, err)
	_, err = s.conn.Exec(context.Background(), string(setup)) // the schema of a model's macros is Eider's own
	require.NoError(t, err)
	return s
}

// The trees that sql/lineage is tested with are those that this DuckDB gives, and the columns
// those that the queries have.
func TestLineageTrees(t *testing.T) {
	type stored struct {
		Tree  json.RawMessage `json:"tree"`
		Names []string        `json:"names"`
	}
	s := lineageSetup(t)
	ctx := context.Background()
	got := map[string]stored{}
	bodies := []string{"SELECT v + 1", "SELECT avg(v)", "SELECT v / (SELECT sum(b) FROM t)", "SELECT max(a) AS m FROM t"}
	for _, sql := range append(lineageQueries(t), bodies...) {
		rows, err := s.conn.QueryRows(ctx, "SELECT json_serialize_sql($1::VARCHAR, skip_empty := true, skip_null := true, skip_default := true)", sql)
		require.NoError(t, err)
		one := stored{Tree: json.RawMessage(rows[0][0].(string))}
		stmt, err := s.conn.Prepare(ctx, strings.ReplaceAll(sql, "testdata/", lineageData))
		if err == nil {
			for _, c := range stmt.Columns() {
				one.Names = append(one.Names, c.Name)
			}
			require.NoError(t, stmt.Close())
		}
		got[sql] = one
	}
	text, err := json.MarshalIndent(got, "", " ")
	require.NoError(t, err)
	path := lineageData + "trees.json"
	if *rewriteTrees {
		require.NoError(t, os.WriteFile(path, append(text, '\n'), 0o644))
	}
	have, err := os.ReadFile(path)
	require.NoError(t, err)
	require.JSONEq(t, string(have), string(text), "run with -rewrite and look at the difference")
}

// Every function that DuckDB has is on the list of those that are no macro of the user's.
func TestLineageKnowsBuiltins(t *testing.T) {
	s := memory(t)
	names := strings.Split(rowsOf(t, s, "SELECT DISTINCT function_name FROM duckdb_functions() WHERE internal AND NOT starts_with(function_name, 'eider_') ORDER BY 1"), "\n")
	if *rewriteTrees {
		require.NoError(t, os.WriteFile("../sql/lineage/builtin.txt", []byte(strings.Join(names, "\n")+"\n"), 0o644))
		return
	}
	own := map[string]bool{}
	for _, d := range s.db.opts.Builtins.Functions {
		own[d.Name] = true
	}
	for _, name := range names {
		require.True(t, own[name] || lineage.Builtin(name), name)
	}
}

// A file's name is none of a table's, also in a transaction, which a search for the file elsewhere would end.
func TestLineageOfFilesInATransaction(t *testing.T) {
	s := memory(t)
	file := t.TempDir() + "/some.parquet"
	exec(t, s, "COPY (SELECT 1 AS a) TO '"+file+"'")
	exec(t, s, `CREATE TABLE "odd.parquet" AS SELECT 2 AS a`)
	for _, query := range []string{"SELECT * FROM '" + file + "'", "FROM read_parquet('" + file + "')", `FROM "odd.parquet"`} {
		exec(t, s, "BEGIN")
		exec(t, s, "CREATE OR REPLACE TABLE copied AS "+query)
		exec(t, s, "COMMIT")
		require.NotEqual(t, "0", rowsOf(t, s, "SELECT count(*) FROM eider.lineage WHERE object = 'main.copied'"), query)
	}
	require.Equal(t, "main.odd.parquet\ta", rowsOf(t, s, "SELECT source, source_column FROM eider.lineage WHERE object = 'main.copied' AND column_name = 'a'"))
}
