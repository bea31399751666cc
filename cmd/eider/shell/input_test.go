package shell

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

func TestCompleteInput(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, "  \n": true, "SELECT 1": false, "SELECT 1;": true, "SELECT ';": false, "SELECT ';';": true, "SELECT $$;": false,
		"SELECT (1;": false, "SELECT 1; SELECT 2": false, "SELECT 1; SELECT 2;": true, "/* ; ": false, "-- x": true, `\d`: true, ".tables": true,
		`SELECT 1 \g`: true, `SELECT 1 \gx`: true, `SELECT 1 \foo`: false, ".5": false, "SELECT 1;  -- done": true,
	} {
		require.Equal(t, want, Complete(text), "%q", text)
	}
}

func TestWords(t *testing.T) {
	for text, want := range map[string][]string{
		"": nil, "a b": {"a", "b"}, " 'a b'  c ": {"a b", "c"}, "'it''s'": {"it's"}, `"My Table" x`: {`"My Table"`, "x"}, "''": {""}, "a'b'c": {"abc"},
	} {
		got, err := words(text)
		require.NoError(t, err)
		require.Equal(t, want, got, "%q", text)
	}
	_, err := words("'a")
	require.Error(t, err)
}

func TestExplainPlacesTheCaret(t *testing.T) {
	for _, c := range []struct {
		text   string
		offset int
		want   string
	}{
		{"SELECT x", 7, "LINE 1: SELECT x\n               ^"},
		{"SELECT\n\tx", 8, "LINE 2:  x\n         ^"},
		{"日本 x", 7, "LINE 1: 日本 x\n             ^"},
		{"SELECT 1 +", 10, "LINE 1: SELECT 1 +\n                  ^"},
	} {
		got := Explain(sqlstate.New(sqlstate.SyntaxError, "m").At(c.offset), c.text, 0, 80)
		require.Equal(t, "ERROR:  m (42601)\n"+c.want, got)
	}
	long := strings.Repeat("a ", 500) + "HERE" + strings.Repeat(" b", 500)
	got := strings.Split(Explain(sqlstate.New(sqlstate.SyntaxError, "m").At(1000), long, 0, 80), "\n")
	require.LessOrEqual(t, len(got[1]), 80)
	require.Equal(t, "HERE", got[1][len(got[2])-1:][:4])
	e := sqlstate.New(sqlstate.SyntaxError, "m").WithDetail("d").WithHint("h").WithWhere("w")
	require.Equal(t, "ERROR:  m (42601)\nDETAIL:  d\nHINT:  h\nCONTEXT:  w", Explain(e, "", 0, 0))
	require.NotPanics(t, func() { Explain(sqlstate.New(sqlstate.SyntaxError, "m").At(99), "x", 0, 80) })
}

func FuzzExplain(f *testing.F) {
	f.Add("SELECT\n日本\tx", 9, 40)
	f.Fuzz(func(_ *testing.T, text string, offset, width int) {
		Explain(sqlstate.New(sqlstate.SyntaxError, "m").At(offset%(len(text)+2)), text, 0, width%200)
	})
}

func TestHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "history")
	h, err := OpenHistory(path)
	require.NoError(t, err)
	for _, text := range []string{"SELECT 1;", "SELECT 1;", "SELECT\n'日本';", " SELECT 'private';", "CREATE ROLE r PASSWORD 's3cret';", "CREATE SECRET s (TYPE s3);", "SELECT 'password';", "  ", "SELECT 2;"} {
		_, err := h.Write(text)
		require.NoError(t, err)
	}
	again, err := OpenHistory(path)
	require.NoError(t, err)
	require.Equal(t, []string{"SELECT 1;", "SELECT\n'日本';", "SELECT 'password';", "SELECT 2;"}, again.Dump())
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	_, err = again.GetLine(4)
	require.Error(t, err)
	line, err := again.GetLine(1)
	require.NoError(t, err)
	require.Equal(t, "SELECT\n'日本';", line)

	for i := range historyLimit {
		_, err := again.Write("SELECT " + strconv.Itoa(i))
		require.NoError(t, err)
	}
	cut, err := OpenHistory(path)
	require.NoError(t, err)
	require.Equal(t, historyLimit, cut.Len())
	cut, err = OpenHistory(path)
	require.NoError(t, err)
	require.Equal(t, historyLimit, cut.Len())

	require.NoError(t, os.WriteFile(path, []byte("not json\n\"SELECT 3\"\n"), 0o600))
	damaged, err := OpenHistory(path)
	require.NoError(t, err)
	require.Equal(t, []string{"SELECT 3"}, damaged.Dump())
	inMemory, err := OpenHistory(t.TempDir())
	require.Error(t, err)
	_, err = inMemory.Write("SELECT 4")
	require.NoError(t, err)
}

func TestCompletion(t *testing.T) {
	d := open(t, Options{})
	d.ok(t, `CREATE TABLE orders (id INTEGER, price DOUBLE, "unit price" DOUBLE); CREATE TABLE people (id INTEGER, name VARCHAR);
CREATE SCHEMA attic; CREATE TABLE attic.olives (pit INTEGER);`)
	for text, want := range map[string][]string{
		"SELECT * FROM ord":                       {"orders"},
		"SELECT * FROM ":                          {"orders", "people", "attic.olives"},
		"SELECT * FROM orders JOIN peo":           {"people"},
		"SELECT * FROM orders, peo":               {"people"},
		"UPDATE orders SET pri":                   {"price", "primary"},
		"SELECT o.pr":                             nil,
		"SELECT orders.pr":                        {"price"},
		"SELECT count(*) FROM orders o WHERE o.p": {"price"},
		"SELECT * FROM attic.ol":                  {"olives"},
		"SELECT x FROM orders WHERE uni":          {`"unit price"`, "union", "unique"},
		"SELECT approx_cou":                       {"approx_count_distinct("},
		"SELECT 1; SEL":                           {"SELECT"},
		"sel":                                     {"select"},
		"SELECT 'sel":                             nil,
		`\dt peo`:                                 {"people"},
		`\ti`:                                     {`\timing`},
		`.mode js`:                                {"json", "jsonl"},
		`\pset format ma`:                         {"markdown"},
		`\x `:                                     {"on", "off"},
	} {
		_, found := d.Complete(t.Context(), text)
		var got []string
		for _, c := range found {
			got = append(got, c.Text)
		}
		for _, w := range want {
			require.Contains(t, got, w, text)
		}
		if want == nil {
			require.Empty(t, got, text)
		}
	}
	// What a statement creates is known to the next completion.
	d.ok(t, "CREATE TABLE fresh_table (a int);")
	_, found := d.Complete(t.Context(), "SELECT * FROM fresh")
	require.Equal(t, []Candidate{{"fresh_table", "table"}}, found)
	// In a failed transaction nothing can be asked; what is known without is still offered.
	_, _, err := d.run(t, "BEGIN; SELECT nope;")
	require.Error(t, err)
	d.catalog = nil
	_, found = d.Complete(t.Context(), "sel")
	require.NotEmpty(t, found)
}

func TestHighlightKeepsTheText(t *testing.T) {
	for _, text := range []string{"SELECT 'a', 1 -- c", "select /* x */ \"q\" from t;", "", `\d t`, "SELECT 'open"} {
		plain := highlight([]rune(text))
		for _, code := range []string{"\x1b[32m", "\x1b[36m", "\x1b[2m", "\x1b[34m", "\x1b[0m"} {
			plain = strings.ReplaceAll(plain, code, "")
		}
		require.Equal(t, text, plain)
	}
	require.Contains(t, highlight([]rune("SELECT 1")), "\x1b[34mSELECT")
}
