package logictest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/stretchr/testify/require"
)

// fakeConn answers from a map: the runner is what is tested here.
type fakeConn map[string]*Result

func (f fakeConn) Run(_ context.Context, sql string) (*Result, error) {
	if r, ok := f[sql]; ok {
		return r, nil
	}
	return nil, sqlstate.Newf(sqlstate.SyntaxError, "no answer to %q", sql)
}
func (fakeConn) Close() error { return nil }

func rows(lines ...string) *Result {
	res := &Result{Tag: "SELECT"}
	for _, l := range lines {
		var row []Value
		for _, f := range strings.Split(l, "|") {
			row = append(row, Value{Text: f, Null: f == "\\N"})
		}
		res.Rows = append(res.Rows, row)
	}
	return res
}

var answers = fakeConn{
	"a": rows("1|x", "2|\\N"), "b": rows("2|", "1|y"), "v": rows("3|1", "2|0"), "c": {Tag: "CREATE TABLE"},
	"n 0": rows("0"), "n 1": rows("1"),
}

func run(t *testing.T, text string, rewrite bool) (int, []error, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f.test")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	n, errs := Run(context.Background(), path, Options{Mode: "inprocess", Rewrite: rewrite,
		Open: func(context.Context, string) (Conn, error) { return answers, nil }})
	out, err := os.ReadFile(path)
	require.NoError(t, err)
	return n, errs, string(out)
}

func TestRunPasses(t *testing.T) {
	for name, text := range map[string]string{
		"rows":         "query IT\na\n----\n1\tx\n2\tNULL\n",
		"values":       "query IT\na\n----\n1\nx\n2\nNULL\n",
		"rowsort":      "query IT rowsort\nb\n----\n1\ty\n2\t(empty)\n",
		"valuesort":    "query II valuesort\nv\n----\n0\n1\n2\n3\n",
		"hash":         "query II valuesort\nv\n----\n4 values hashing to 7b583a790d173ebf03f5b1a3e72f4bf7\n",
		"error":        "statement error 42601\nnope\n----\nno answer\n",
		"query error":  "query error\nnope\n",
		"tag":          "statement ok\nc\n\ntag CREATE TABLE\n",
		"loop":         "loop i 0 2\nquery I\nn ${i}\n----\n${i}\n\nendloop\n",
		"foreach":      "foreach q a b\nstatement ok\n${q}\n\nendloop\n",
		"halt":         "statement ok\nc\n\nhalt\n\nstatement ok\nnope\n",
		"skipif":       "skipif inprocess\nstatement ok\nnope\n\nonlyif simple\nstatement ok\nnope\n\nstatement ok\nc\n",
		"label":        "query IT nosort same\na\n\nquery IT nosort same\na\n",
		"crlf, naming": "# comment\r\nconnection two\r\nstatement ok\r\nc\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			n, errs, _ := run(t, text, false)
			require.Empty(t, errs)
			require.NotZero(t, n)
		})
	}
}

func TestRunFails(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"wrong row":       {"query IT\na\n----\n1\tx\n", "result differs"},
		"wrong width":     {"query I\na\n", "2 columns"},
		"wrong hash":      {"query IT\na\n----\n4 values hashing to 00\n", "hashing to"},
		"no error":        {"statement error\nc\n", "no error"},
		"wrong code":      {"statement error 42P01\nnope\n", "SQLSTATE 42601"},
		"wrong text":      {"statement error\nnope\n----\nother\n", "does not contain"},
		"error":           {"statement ok\nnope\n", "unexpected error"},
		"tag":             {"statement ok\nc\n\ntag DROP TABLE\n", "command tag"},
		"label":           {"query IT nosort l\na\n\nquery IT nosort l\nb\n", "differs from an earlier"},
		"directive":       {"frobnicate\n", "unknown directive"},
		"endloop":         {"endloop\n", "without loop"},
		"loop":            {"loop i 0 3\n", "without endloop"},
		"no sql":          {"statement ok\n\n", "no SQL"},
		"statement maybe": {"statement maybe\nc\n", "ok|error"},
		"bad code":        {"statement error 4\nc\n", "SQLSTATE"},
	} {
		t.Run(name, func(t *testing.T) {
			_, errs, _ := run(t, c.text, false)
			require.NotEmpty(t, errs)
			require.ErrorContains(t, errs[0], c.want)
		})
	}
}

func TestRewrite(t *testing.T) {
	_, errs, out := run(t, "query IT\na\n----\nold\n\nquery IT rowsort\nb\n\nstatement error 42601\nnope\n----\nold\n", true)
	require.Empty(t, errs)
	require.Equal(t, "query IT\na\n----\n1\tx\n2\tNULL\n\nquery IT rowsort\nb\n----\n1\ty\n2\t(empty)\n\nstatement error 42601\nnope\n----\nno answer to \"nope\"\n", out)
}
