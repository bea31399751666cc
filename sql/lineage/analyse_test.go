package lineage

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// known is a query with its lineage as somebody wrote it down.
type known struct {
	line      int
	sql, want string
}

// readKnown reads queries.txt: a query, ----, the expected lineage, a blank line.
func readKnown(t *testing.T) []known {
	text, err := os.ReadFile("testdata/queries.txt")
	require.NoError(t, err)
	var out []known
	var now *known
	wanted := false
	for i, line := range strings.Split(string(text), "\n") {
		switch {
		case strings.HasPrefix(line, "#"):
		case line == "":
			now, wanted = nil, false
		case line == "----":
			wanted = true
		case wanted:
			now.want += line + "\n"
		case now == nil:
			out = append(out, known{line: i + 1, sql: line})
			now = &out[len(out)-1]
		default:
			now.sql += "\n" + line
		}
	}
	return out
}

// stored is what DuckDB says of a query: package engine's tests check that it still does.
type stored struct {
	Tree  json.RawMessage `json:"tree"`
	Names []string        `json:"names"`
}

func readTrees(t *testing.T) map[string]stored {
	text, err := os.ReadFile("testdata/trees.json")
	require.NoError(t, err)
	out := map[string]stored{}
	require.NoError(t, json.Unmarshal(text, &out))
	return out
}

// testCatalog is the catalog of setup.sql.
type testCatalog struct{ trees map[string]stored }

func (testCatalog) Table(_, _, name string) (*Table, error) {
	columns, ok := map[string]string{"t": "a b c s l", "u": "a x y", "e": "id boss name pay", "w": "a total"}[name]
	if !ok {
		return nil, nil
	}
	kind := KindTable
	if name == "w" {
		kind = KindView
	}
	return &Table{Kind: kind, Name: name, Columns: strings.Fields(columns)}, nil
}

func (c testCatalog) Macro(_, _, name string) ([]*Macro, error) {
	body, ok := map[string]string{"plus1": "SELECT v + 1", "avgpay": "SELECT avg(v)", "share": "SELECT v / (SELECT sum(b) FROM t)", "biggest": "SELECT max(a) AS m FROM t"}[name]
	if !ok {
		return nil, nil
	}
	tree, err := ParseTree(string(c.trees[body].Tree))
	if err != nil {
		return nil, err
	}
	m := &Macro{Params: []string{"v"}, Tree: tree}
	if name == "biggest" {
		m.Params, m.Table = nil, true
	}
	return []*Macro{m}, nil
}

func (testCatalog) Model(schema, function string) (string, bool) {
	return function, schema == "eider_models"
}

// write gives a result in the notation of queries.txt.
func write(r *Result) string {
	var b strings.Builder
	source := func(s Source) string {
		name := s.Object
		if s.Column != "" {
			name += "." + s.Column
		}
		if s.Kind != KindTable {
			name = s.Kind + " " + name
		}
		return name
	}
	line := func(name string, edges []Edge, unknown []string) {
		var items []string
		for _, e := range edges {
			items = append(items, source(e.Source)+" "+string(e.How))
		}
		for _, u := range unknown {
			items = append(items, "? "+u)
		}
		b.WriteString(strings.TrimSpace(name+": "+strings.Join(items, ", ")) + "\n")
	}
	for _, c := range r.Columns {
		line(c.Name, c.Edges, c.Unknown)
	}
	if len(r.Rows)+len(r.RowsUnknown) > 0 {
		line("rows", r.Rows, r.RowsUnknown)
	}
	var reads []string
	for _, s := range r.Reads {
		reads = append(reads, source(s))
	}
	b.WriteString("reads: " + strings.Join(reads, ", ") + "\n")
	return b.String()
}

func TestKnownAnswers(t *testing.T) {
	trees := readTrees(t)
	list := readKnown(t)
	require.Greater(t, len(list), 60)
	for _, k := range list {
		st, ok := trees[k.sql]
		require.True(t, ok, "line %d: no tree of %s; run engine's TestLineageTrees with -rewrite", k.line, k.sql)
		tree, err := ParseTree(string(st.Tree))
		require.NoError(t, err, k.sql)
		q, err := Analyse(tree, 0, testCatalog{trees})
		require.NoError(t, err, k.sql)
		require.Equal(t, k.want, write(q.Result(st.Names, nil)), "line %d: %s", k.line, k.sql)
	}
}
