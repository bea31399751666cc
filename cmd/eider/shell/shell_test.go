package shell

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/eiderdb/eider/cmd/eider/render"
	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/sql/sqlstate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// desk is a shell on a database in memory, its output and errors in buffers.
type desk struct {
	*Shell
	out, err bytes.Buffer
}

func open(t *testing.T, o Options) *desk {
	t.Helper()
	d := &desk{}
	o.Out, o.Err = &d.out, &d.err
	if o.Width == nil {
		o.Width = func() int { return 80 }
	}
	if o.Render.Format == "" {
		o.Render = render.Options{Format: "psql", Null: "NULL"}
	}
	b, err := Open(t.Context(), engine.Options{Logger: slog.New(slog.DiscardHandler)}, func(e *sqlstate.Error) { d.Notice(e) })
	require.NoError(t, err)
	d.Shell = New(b, o)
	t.Cleanup(func() {
		require.NoError(t, d.Close())
		require.NoError(t, b.Close())
	})
	return d
}

// run feeds a script and returns what was printed; the script's error comes back.
func (d *desk) run(t *testing.T, text string) (out, errs string, err error) {
	t.Helper()
	d.out.Reset()
	d.err.Reset()
	err = d.Script(t.Context(), "", strings.NewReader(text))
	return d.out.String(), d.err.String(), err
}

// ok is run for what must go well.
func (d *desk) ok(t *testing.T, text string) string {
	t.Helper()
	out, errs, err := d.run(t, text)
	require.NoError(t, err, errs)
	return out
}

func TestScript(t *testing.T) {
	d := open(t, Options{})
	require.Equal(t, ` a |  b
---+------
 1 | NULL
(1 row)
`, d.ok(t, "SELECT 1 AS a,\n  NULL AS b;\n"))
	require.Equal(t, "CREATE TABLE\nINSERT 0 2\n x\n---\n 1\n 2\n(2 rows)\n", d.ok(t, "CREATE TABLE t (x int); INSERT INTO t\nVALUES (1), (2); SELECT * FROM t"))
	require.Equal(t, " ?column?\n----------\n;\n", strings.ReplaceAll(d.ok(t, "SELECT ';' AS \"?column?\"\n-- no; statement\n;\n\\t\n"), " ;\n(1 row)\n", ";\n"), "semicolons in strings and comments")
	require.Equal(t, " 1\n", d.ok(t, "\ufeffSELECT 1 /* ; */ ; -- byte order mark, comments\n/* only ; a comment */\n"))
	require.Equal(t, " two\\r\\nlines\n", d.ok(t, "SELECT 'two\r\nlines';\r\n"), "bytes in strings stay; lines may end as Windows ends them")
	require.Empty(t, d.ok(t, ""))
	require.Empty(t, d.ok(t, "-- nothing\n;;\n"))
}

func TestErrorsPointIntoTheScript(t *testing.T) {
	d := open(t, Options{})
	_, errs, err := d.run(t, "SELECT 1;\n\nSELECT 1,\n\t'日本', nope;\nSELECT 2;\n")
	require.True(t, Shown(err))
	require.Equal(t, "ERROR:  column \"nope\" does not exist (42703)\nLINE 4:  '日本', nope;\n                 ^\n", strings.SplitAfter(errs, "^\n")[0])
	require.NotContains(t, d.out.String(), "2", "the script ended at the error")

	keep := open(t, Options{KeepGoing: true})
	out, errs, err := keep.run(t, "SELEC 1; SELECT 2;\nSELECT 3;\n\\nonsense\nSELECT 4;")
	require.True(t, Shown(err))
	require.Contains(t, out, " 2\n")
	require.Contains(t, out, " 3\n")
	require.Contains(t, out, " 4\n")
	require.Contains(t, errs, `there is no command \nonsense`)
}

func TestErrorNamesTheFile(t *testing.T) {
	d := open(t, Options{})
	dir := t.TempDir()
	inner := filepath.Join(dir, "inner.sql")
	require.NoError(t, os.WriteFile(inner, []byte("SELECT 1;\nSELECT\nnope;\n"), 0o600))
	outer := filepath.Join(dir, "outer.sql")
	require.NoError(t, os.WriteFile(outer, []byte("\\i inner.sql\n"), 0o600))
	_, errs, err := d.run(t, "\\i "+outer+"\n")
	require.True(t, Shown(err))
	require.True(t, strings.HasPrefix(errs, inner+":3: ERROR:  column \"nope\""), errs)

	require.NoError(t, os.WriteFile(inner, []byte("\\i outer.sql\n"), 0o600))
	_, errs, err = d.run(t, "\\i "+outer+"\n")
	require.True(t, Shown(err))
	require.Contains(t, errs, "more than 16 deep")
}

// Every value looks as DuckDB's own cast to VARCHAR has it.
func TestValuesLikeCasts(t *testing.T) {
	d := open(t, Options{Render: render.Options{Format: "list", NoHeader: true, Null: "<null>"}})
	for _, expr := range []string{
		"true", "1::TINYINT", "(-32768)::SMALLINT", "2147483647", "(-9223372036854775808)::BIGINT", "(-170141183460469231731687303715884105728)::HUGEINT",
		"340282366920938463463374607431768211455::UHUGEINT", "18446744073709551615::UBIGINT", "255::UTINYINT", "4294967295::UINTEGER", "65535::USMALLINT",
		"1e15::DOUBLE", "1e16::DOUBLE", "123456789012345678::DOUBLE", "0.0001::DOUBLE", "0.00001::DOUBLE", "1e6::FLOAT", "1e16::FLOAT", "0.1::FLOAT",
		"'nan'::DOUBLE", "'-inf'::DOUBLE", "(-0.0)::DOUBLE", "1.5e300::DOUBLE", "5e-324::DOUBLE",
		"1.50::DECIMAL(10,2)", "(-0.05)::DECIMAL(4,2)", "0::DECIMAL(18,9)", "123::DECIMAL(38,0)", "(-12345678901234567890.123456789)::DECIMAL(38,9)", "(-7)::DECIMAL(9,0)",
		"'日本'", "''", `'\xAA\x00ab''"\x5c'::BLOB`, "''::BLOB", "'0101'::BIT", "'110010101'::BIT", "'00000000-0000-0000-0000-00000000000f'::UUID", "'ffffffff-0000-4000-8000-000000000001'::UUID",
		"INTERVAL '14 months 3 days 04:05:06.789'", "INTERVAL '-1 day'", "INTERVAL '0 s'", "INTERVAL '-1 month -04:05:06'", "INTERVAL '1 year'", "INTERVAL '300 hours'", "INTERVAL '-0.5 seconds'",
		"DATE '0044-03-15 (BC)'", "DATE 'infinity'", "DATE '-infinity'", "DATE '2024-02-29'", "DATE '12345-01-01'", "DATE '1600-01-01'", "DATE '0001-01-01'",
		"TIMESTAMP '2024-01-01 00:00:00.5'", "TIMESTAMP '1969-12-31 23:59:59.999999'", "'infinity'::TIMESTAMP", "'-infinity'::TIMESTAMP", "TIMESTAMP '1500-06-01 12:00:00.000001'",
		"TIMESTAMPTZ '2024-01-01 00:00:00+05:30'", "TIMESTAMPTZ '2024-07-01 12:00:00.25+00'", "TIME '12:00:00.123'", "TIME '24:00:00'", "TIMETZ '12:00:00.5+05:30'", "TIMETZ '12:00:00-03'", "TIMETZ '00:00:00+15:59:59'",
		"TIMESTAMP_NS '2024-01-01 00:00:00.123456789'", "TIMESTAMP_S '2024-01-01 00:00:01'", "TIMESTAMP_MS '1960-01-01 00:00:01.5'", "TIMESTAMP_NS '1960-01-01 00:00:00.1'",
		"['a b', 'it''s', 'x,y', '', NULL, 'null', '[z', ' lead', 'a\\b', '\"q\"', 'a=b', '(p)', 'a:b', '{', '}']",
		"{'a': 1, 'b c': 'x y', 'd': NULL}", "MAP {'k': 1, 'x y': 2}", "MAP {1: 'a, b'}", "row(1, 'a')", "[{'a': [1, 2]}]", "union_value(a := 1)", "[1, 2]::INT[2]",
		"'{\"a\":1}'::JSON", "12345678901234567890123456789::BIGNUM", "(-12345678901234567890123456789)::BIGNUM", "0::BIGNUM", "[]", "MAP {}", "[INTERVAL '1 day']",
		"'b'::ENUM('a', 'b')", "[['x'], NULL, []]", "['x', 'y']::VARCHAR[2]", "[NULL]::INT[]", "{'it''s': 'q'}",
	} {
		got := d.ok(t, "SELECT "+expr+";")
		want := d.ok(t, "SELECT ("+expr+")::VARCHAR;")
		require.Equal(t, want, got, expr)
	}
	require.Equal(t, "<null>\n", d.ok(t, "SELECT NULL"))
	d.ok(t, "SET TimeZone = 'America/New_York';")
	for _, expr := range []string{"TIMESTAMPTZ '2024-01-01 00:00:00+00'", "TIMESTAMPTZ '2024-07-01 00:00:00.125+00'", "TIMESTAMPTZ '1880-01-01 00:00:00+00'"} {
		require.Equal(t, d.ok(t, "SELECT ("+expr+")::VARCHAR;"), d.ok(t, "SELECT "+expr+";"), expr)
	}
}

func TestJSONOutput(t *testing.T) {
	d := open(t, Options{Render: render.Options{Format: "jsonl"}})
	for expr, want := range map[string]string{
		"1.5::DOUBLE": "1.5", "'nan'::DOUBLE": "null", "'q\"'": `"q\""`, "true": "true", "NULL": "null", "[1, NULL]": "[1,null]",
		"{'a': 'x', 'b': [true]}": `{"a":"x","b":[true]}`, "MAP {'k': 1.0::DOUBLE}": `{"k":1.0}`, `'{"z": [1]}'::JSON`: `{"z": [1]}`,
		"row(1, 'a')": `{"1":1,"2":"a"}`, "union_value(s := 'x')": `"x"`, "DATE '2024-01-01'": `"2024-01-01"`, "1e20::DOUBLE": "1e+20", "12.50::DECIMAL(9,2)": "12.50",
	} {
		require.Equal(t, `{"v":`+want+"}\n", d.ok(t, "SELECT "+expr+" AS v"), expr)
	}
}

func TestMetaCommands(t *testing.T) {
	d := open(t, Options{})
	d.ok(t, `CREATE TABLE orders (id INTEGER PRIMARY KEY, "unit price" DECIMAL(9,2) DEFAULT 0, note VARCHAR NOT NULL);
CREATE INDEX by_note ON orders (note);
CREATE VIEW big AS SELECT id FROM orders WHERE "unit price" > 100;
CREATE SCHEMA attic; CREATE TABLE attic.old (x int); CREATE MACRO plus(a, b) AS a + b; CREATE SEQUENCE s;`)
	for command, want := range map[string][]string{
		`\d`:                 {"orders", "big", "view", "attic"},
		`\dt`:                {"orders", "old"},
		`\dt o*`:             {"orders", "old"},
		`\dt attic.*`:        {"old"},
		`.tables ORDERS`:     {"orders"},
		`\dv`:                {"big"},
		`\ds`:                {" s "},
		`\di`:                {"by_note", "CREATE INDEX"},
		`\dn`:                {"attic", "main"},
		`\d orders`:          {`Table "main.orders"`, "unit price", "DECIMAL(9,2)", "not null", "PRIMARY KEY", "by_note"},
		`\d+ big`:            {`View "main.big"`, "View definition:", "unit price"},
		`\df`:                {"plus", "a, b"},
		`\df low*`:           {"lower"},
		`\l`:                 {"memory"},
		`\conninfo`:          {"in memory"},
		`\?`:                 {`\dt, .tables`, "jsonl"},
		`\echo a 'b  c'`:     {"a b  c"},
		`\pset`:              {"format   psql"},
		`.mode`:              {"psql"},
		`\h`:                 {"DuckDB's SQL"},
		"SELECT 7 AS n \\gx": {"n | 7"},
		"SELECT 8 AS n\\g":   {" 8\n"},
	} {
		out := d.ok(t, command)
		for _, w := range want {
			require.Contains(t, out, w, command)
		}
	}
	require.NotContains(t, d.ok(t, `\dt`), "migrations", "Eider's own tables are not in the way")
	require.NotContains(t, d.ok(t, `\dt o_d`), "old", "an underscore is itself")
	for command, want := range map[string]string{
		`\d nothing`:          "there is no table or view nothing",
		`\nonsense`:           `\?`,
		`\pset format yaml`:   "unknown output format",
		`\pset border 2`:      "has no meaning here",
		`\pset maxrows many`:  "number of rows",
		`\x perhaps`:          "neither on nor off",
		`\i`:                  "needs the name",
		`\i /nowhere.sql`:     "no such file",
		`\echo 'open`:         "a quote is not closed",
		`\h NONSENSE`:         "everything else is DuckDB",
		`\e`:                  "needs a terminal",
		`\cd /nowhere/at/all`: "no such file",
	} {
		_, errs, err := d.run(t, command)
		require.True(t, Shown(err), command)
		require.Contains(t, errs, want, command)
	}
}

func TestDisplaySettings(t *testing.T) {
	d := open(t, Options{})
	require.Equal(t, "x\n7\n", d.ok(t, "\\pset format csv\nSELECT 7 AS x;"))
	require.Equal(t, "7\n", d.ok(t, ".headers off\nSELECT 7 AS x;"))
	require.Equal(t, "7\n\\N\n", d.ok(t, ".mode tabs\nSELECT 7 AS x UNION ALL SELECT NULL ORDER BY 1 NULLS LAST;"))
	require.Equal(t, "-\n", d.ok(t, ".mode list\n.nullvalue -\nSELECT NULL;"))
	out := d.ok(t, ".headers on\n\\pset format aligned\n\\x on\nSELECT 7 AS x;")
	require.Contains(t, out, "-[ RECORD 1 ]")
	out, errs, err := d.run(t, "\\x off\n\\timing on\nSELECT 7 AS x;")
	require.NoError(t, err)
	require.Contains(t, errs, "Time: ")
	require.Contains(t, out, " 7\n")
}

func TestOutputToFile(t *testing.T) {
	d := open(t, Options{})
	path := filepath.Join(t.TempDir(), "out.csv")
	require.Equal(t, "2\n", d.ok(t, "\\pset format csv\n.headers off\n\\o "+path+"\nSELECT 1;\n\\o\nSELECT 2;"))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "1\n", string(data))
	require.Empty(t, d.ok(t, "SELECT 3 \\g "+path))
	data, err = os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "3\n", string(data))
	_, errs, err := d.run(t, "\\o /nowhere/at/all")
	require.True(t, Shown(err))
	require.Contains(t, errs, "no such file")
}

func TestTransactionsAndPrompt(t *testing.T) {
	d := open(t, Options{})
	require.Equal(t, "memory> ", d.prompt())
	d.ok(t, "BEGIN;")
	require.Equal(t, "memory*> ", d.prompt())
	_, _, err := d.run(t, "SELECT nope;")
	require.True(t, Shown(err))
	require.Equal(t, "memory!> ", d.prompt())
	_, errs, err := d.run(t, "SELECT 1;")
	require.True(t, Shown(err))
	require.Contains(t, errs, "25P02")
	d.ok(t, "ROLLBACK;")
	require.Equal(t, "memory> ", d.prompt())
}

func TestQuitEndsAScript(t *testing.T) {
	d := open(t, Options{})
	out, _, err := d.run(t, "SELECT 1;\n\\q\nSELECT 2;")
	require.ErrorIs(t, err, ErrQuit)
	require.NotContains(t, out, "2\n")
}

// Ctrl-C cancels the statement; the session goes on.
func TestInterrupt(t *testing.T) {
	interrupts := make(chan os.Signal) // unbuffered: a send is taken by the statement that runs
	d := open(t, Options{Interrupts: interrupts})
	done := make(chan error, 1)
	go func() {
		done <- d.Script(context.Background(), "", strings.NewReader("SELECT count(*) FROM range(10000000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 3;"))
	}()
	for {
		select {
		case interrupts <- os.Interrupt: // once may come before the statement has begun; the second ends its context
			continue
		case err := <-done:
			require.True(t, Shown(err))
		}
		break
	}
	require.Contains(t, d.err.String(), "57014")
	require.Contains(t, d.ok(t, "SELECT 42;"), "42")
}

func TestParametersHaveNoValue(t *testing.T) {
	d := open(t, Options{})
	_, errs, err := d.run(t, "SELECT $1::int;")
	require.True(t, Shown(err))
	require.Contains(t, errs, "42P02")
	require.Contains(t, errs, "HINT")
}

// A long result on a terminal shows its two ends and how much there is.
func TestTerminalRowLimit(t *testing.T) {
	d := open(t, Options{Terminal: true, Render: render.Options{Format: "table", MaxRows: 4}})
	out := d.ok(t, "SELECT range AS n FROM range(1000000);")
	require.Contains(t, out, "(1,000,000 rows, 4 shown)")
	require.Contains(t, out, "999999 │")
	require.Less(t, strings.Count(out, "\n"), 16)
}
