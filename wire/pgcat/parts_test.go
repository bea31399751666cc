package pgcat

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/rewrite"
)

// Each text of Refresh reads those before it only, and parts counts as Refresh does.
func TestPartsAscend(t *testing.T) {
	w := definitions()
	parts, texts := w.parts(), Refresh()
	own := map[string]int{}
	for _, d := range w.list {
		if !snapshots[d.name] {
			continue
		}
		list := parts[d.name]
		require.NotEmpty(t, list, d.name)
		n := list[len(list)-1]
		require.Contains(t, strings.ReplaceAll(texts[n], `"`, ""), "CREATE OR REPLACE TABLE "+database+"."+d.name+" AS", "%s reads a text that comes later", d.name)
		own[d.name] = n
	}
	require.Len(t, own, len(texts))
}

func TestStatementsAskForTheirPartsOnly(t *testing.T) {
	set := rewrite.Compile(Rules())
	texts := Refresh()
	asks := func(sql string, readSet int) (names []string) {
		env := &session{set: readSet}
		rewritten(t, set, sql, env)
		for _, p := range env.parts {
			name, _, _ := strings.Cut(strings.TrimPrefix(texts[p], "CREATE OR REPLACE TABLE "+database+"."), " ")
			names = append(names, name)
		}
		return names
	}
	require.Equal(t, []string{"pg.pg_namespace"}, asks("SELECT DISTINCT nspname FROM pg_namespace", 0))
	require.Empty(t, asks("SELECT tgname FROM pg_trigger", 0), "always empty")
	require.Contains(t, asks("SELECT relname FROM pg_class", 0), "live.table_or_view")
	require.NotContains(t, asks("SELECT relname FROM pg_class", 0), "pg.pg_proc")
	require.Contains(t, asks("SELECT $1::regclass", 0), "live.relation_name", "by the macro that reads it")
	require.Contains(t, asks("SELECT nspname FROM pg_namespace", 2), "live.index", "by which roles' rows are chosen")
}
