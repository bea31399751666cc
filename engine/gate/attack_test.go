package gate_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// no is the refusal of the gate.
const no = sqlstate.InsufficientPrivilege

// attack is a way from an ordinary role to what isn't its own.
type attack struct {
	group, setup, sql string
	codes             []string
}

// attacks reads testdata/attacks/attacks.txt, which says what its lines mean.
func attacks(t *testing.T, path string) []attack {
	t.Helper()
	b, err := os.ReadFile("../../testdata/attacks/attacks.txt")
	require.NoError(t, err)
	fill := strings.NewReplacer("DB", path, "DIR", filepath.Dir(path), `\r`, "\r").Replace
	var list []attack
	next := attack{}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSuffix(line, "\n")
		head, sql, tab := strings.Cut(line, "\t")
		switch {
		case strings.HasPrefix(line, "## "):
			next.group = line[3:]
		case line == "", strings.HasPrefix(line, "#"):
		case head == "setup":
			next.setup = fill(sql)
		default:
			require.True(t, tab, "no tab in %q", line)
			next.codes, next.sql = strings.Fields(head), fill(sql)
			list = append(list, next)
			next.setup = ""
		}
	}
	return list
}

// digest is the state that no attack may change: the files in the directory and every row that
// a superuser sees. Files are compared after a checkpoint.
func digest(w *world) []string {
	var state []string
	for _, q := range []string{
		"SELECT database_name, schema_name, table_name, sql FROM duckdb_tables() WHERE NOT temporary ORDER BY ALL",
		"SELECT database_name, schema_name, view_name, sql FROM duckdb_views() WHERE NOT internal AND NOT temporary ORDER BY ALL",
		"SELECT schema_name, function_name, macro_definition FROM duckdb_functions() WHERE NOT internal AND database_name = 'shop' ORDER BY ALL",
		"SELECT name, value FROM duckdb_settings() WHERE scope = 'GLOBAL' ORDER BY ALL", "SELECT database_name, path FROM duckdb_databases() ORDER BY ALL",
		"FROM duckdb_secrets() ORDER BY ALL", "SELECT count(*) FROM duckdb_logs()", "SELECT sequence_name, last_value FROM duckdb_sequences()",
		"FROM secret ORDER BY ALL", "FROM orders ORDER BY ALL", "FROM changes ORDER BY ALL", "FROM drops ORDER BY ALL", "FROM vault.gold",
		"FROM eider.role_store ORDER BY ALL", "FROM eider.grant_store ORDER BY ALL", "FROM eider.owner_store ORDER BY ALL", "FROM eider.role_member_store ORDER BY ALL",
	} {
		for _, line := range w.root.must(q) {
			state = append(state, q+": "+line)
		}
	}
	entries, err := os.ReadDir(filepath.Dir(w.path))
	require.NoError(w.t, err)
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(filepath.Dir(w.path), e.Name()))
		require.NoError(w.t, err)
		state = append(state, fmt.Sprintf("%s %x", e.Name(), sha256.Sum256(data)))
	}
	return state
}

// TestAttacks tries every attack as a role that may hardly do anything.
func TestAttacks(t *testing.T) {
	w := newWorld(t, shop(t))
	w.root.must("CHECKPOINT")
	before, list := digest(w), attacks(t, w.path)
	require.Greater(t, len(list), 300, "the list of attacks was cut")
	for _, a := range list {
		mallory := w.as("mallory")
		if a.setup != "" {
			mallory.must(a.setup)
		}
		lines, err := mallory.run(a.sql)
		if assert.Error(t, err, "%s: %s: gave %v", a.group, a.sql, lines) {
			assert.Contains(t, a.codes, string(sqlstate.CodeOf(err)), "%s: %s: %v", a.group, a.sql, err)
		}
		require.NoError(t, mallory.Close())
	}
	after := digest(w)
	assert.Equal(t, len(before), len(after))
	for i := range min(len(before), len(after)) {
		require.Equal(t, before[i], after[i])
	}
	t.Logf("%d attacks refused", len(list))
}
