package gate_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFunctionsAreClassified fails when DuckDB has a function that nobody classified, or
// lost one that somebody did.
func TestFunctionsAreClassified(t *testing.T) {
	w := newWorld(t, "SELECT 1")
	have := map[string]bool{}
	for _, line := range w.root.must(`SELECT DISTINCT CASE function_type WHEN 'table' THEN 'table' WHEN 'table_macro' THEN 'table' WHEN 'pragma' THEN 'pragma' ELSE 'scalar' END
		|| ' ' || function_name FROM duckdb_functions() WHERE internal AND function_name NOT LIKE 'eider_%' ORDER BY 1`) {
		have[line] = true
	}
	require.Greater(t, len(have), 900)
	own := map[string]bool{}
	for _, line := range w.root.must("SELECT name FROM eider.functions") {
		own[line] = true
	}
	b, err := os.ReadFile("functions.txt")
	require.NoError(t, err)
	listed := map[string]bool{}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) != 3 || f[0] == "#" {
			continue
		}
		require.Contains(t, []string{"allow", "argument", "deny"}, f[0], line)
		name := f[1] + " " + f[2]
		require.False(t, listed[name], "%s stands twice", name)
		listed[name] = true
		if f[1] != "syntax" && !have[name] {
			t.Errorf("functions.txt classifies %s, which DuckDB doesn't have", name)
		}
	}
	for name := range have {
		if _, f, _ := strings.Cut(name, " "); !listed[name] && !own[f] {
			t.Errorf("nobody classified %s in functions.txt", name)
		}
	}
}
