package render

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func batch(rows ...[]any) *Batch {
	b := NewBatch(len(rows[0]))
	for _, r := range rows {
		for _, v := range r {
			if v == nil {
				b.AppendCell(nil)
			} else {
				b.AppendCell([]byte(fmt.Sprint(v)))
			}
		}
	}
	return b
}

func render(t *testing.T, o Options, cols []Column, batches ...*Batch) string {
	t.Helper()
	var out strings.Builder
	w, err := NewWriter(&out, o)
	require.NoError(t, err)
	require.NoError(t, w.Begin(cols))
	for _, b := range batches {
		require.NoError(t, w.Write(b))
	}
	require.NoError(t, w.End())
	return out.String()
}

var sampleColumns = []Column{{Name: "id", Type: "INTEGER", Kind: Number}, {Name: "name", Type: "VARCHAR"}}

func sample() *Batch {
	return batch([]any{1, "Zoë"}, []any{20, "日本"}, []any{nil, "a,\"b\"\n|c\x1b[31m"})
}

func TestFormats(t *testing.T) {
	for format, want := range map[string]string{
		"table": `
┌─────────┬─────────────────────┐
│   id    │        name         │
│ integer │       varchar       │
├─────────┼─────────────────────┤
│       1 │ Zoë                 │
│      20 │ 日本                │
│    NULL │ a,"b"\n|c\x1b[31m   │
└─────────┴─────────────────────┘
(3 rows)
`,
		"psql": `
  id  |        name
------+---------------------
    1 | Zoë
   20 | 日本
 NULL | a,"b"\n|c\x1b[31m
(3 rows)
`,
		"markdown": `
| id   | name                |
| ---: | ------------------- |
|    1 | Zoë                 |
|   20 | 日本                |
| NULL | a,"b"\n\|c\x1b[31m  |
`,
		"line": `
-[ RECORD 1 ]--------------------
id   | 1
name | Zoë
-[ RECORD 2 ]--------------------
id   | 20
name | 日本
-[ RECORD 3 ]--------------------
id   | NULL
name | a,"b"
     | |c\x1b[31m
(3 rows)
`,
		"list": "\nid|name\n1|Zoë\n20|日本\nNULL|a,\"b\"\n|c\x1b[31m\n",
		"csv":  "\nid,name\n1,Zoë\n20,日本\n,\"a,\"\"b\"\"\n|c\x1b[31m\"\n",
		"tsv":  "\nid\tname\n1\tZoë\n20\t日本\n\\N\ta,\"b\"\\n|c\x1b[31m\n",
	} {
		t.Run(format, func(t *testing.T) {
			got := render(t, Options{Format: format, Null: "NULL"}, sampleColumns, sample())
			if format == "table" || format == "psql" || format == "markdown" || format == "line" {
				require.Equal(t, squeeze(want[1:]), squeeze(got))
				return
			}
			require.Equal(t, want[1:], got)
		})
	}
}

// squeeze makes runs of blanks and dashes one, so that the expectation may be read; alignment has its own test.
func squeeze(s string) string {
	var b strings.Builder
	var last rune
	for _, r := range s {
		if r == last && strings.ContainsRune(" ─-", r) {
			continue
		}
		b.WriteRune(r)
		last = r
	}
	return b.String()
}

func TestJSON(t *testing.T) {
	cols := []Column{{Name: "a"}, {Name: "a"}, {Name: `q"`}}
	b := batch([]any{1, `"x"`, nil}, []any{`[1,2]`, "true", `{"k":1}`})
	require.Equal(t, "[{\"a\":1,\"a_1\":\"x\",\"q\\\"\":null},\n {\"a\":[1,2],\"a_1\":true,\"q\\\"\":{\"k\":1}}]\n",
		render(t, Options{Format: "json"}, cols, b))
	require.Equal(t, "{\"a\":1,\"a_1\":\"x\",\"q\\\"\":null}\n{\"a\":[1,2],\"a_1\":true,\"q\\\"\":{\"k\":1}}\n",
		render(t, Options{Format: "jsonl"}, cols, b))
	require.Equal(t, "[]\n", render(t, Options{Format: "json"}, cols))
	require.Empty(t, render(t, Options{Format: "jsonl"}, cols))
	require.Equal(t, `"a\u0001\n\"\\`+"�"+`"`, string(AppendJSONString(nil, []byte("a\x01\n\"\\\xff"))))
}

// Every line of a table is equally wide and keeps to the terminal, whatever the text.
func TestTableKeepsToWidth(t *testing.T) {
	var cols []Column
	var row []any
	for i := range 30 {
		cols = append(cols, Column{Name: fmt.Sprintf("column_%d", i), Type: "VARCHAR"})
		row = append(row, strings.Repeat("日本e\u0301👩‍👩‍👧", i+1))
	}
	for _, n := range []int{1, 2, 3, 8, 30} {
		for _, width := range []int{40, 80, 81, 132, 200} {
			got := render(t, Options{Width: width}, cols[:n], batch(row[:n]))
			table := strings.Split(strings.TrimSpace(got), "\n")
			first := Width(table[0])
			for _, line := range table[:len(table)-1] {
				require.Equal(t, first, Width(line), "%d columns, width %d:\n%s", n, width, got)
			}
			require.LessOrEqual(t, first, width, "%d columns:\n%s", n, got)
		}
	}
	got := render(t, Options{Width: 80}, cols, batch(row))
	require.Contains(t, got, "30 columns, ")
	require.Contains(t, got, "column_0 ")
	require.Contains(t, got, "column_29 ")
}

func TestMaxRows(t *testing.T) {
	cols := []Column{{Name: "n", Type: "BIGINT", Kind: Number}}
	for _, c := range []struct {
		rows, max int
		want      []string
		footer    string
	}{
		{3, 4, []string{"0", "1", "2"}, "(3 rows)"},
		{4, 4, []string{"0", "1", "2", "3"}, "(4 rows)"},
		{5, 4, []string{"0", "1", "·", "·", "·", "3", "4"}, "(5 rows, 4 shown)"},
		{6, 4, []string{"0", "1", "·", "·", "·", "4", "5"}, "(6 rows, 4 shown)"},
		{1000, 5, []string{"0", "1", "2", "·", "·", "·", "998", "999"}, "(1,000 rows, 5 shown)"},
		{1001, 1, []string{"0", "·", "·", "·"}, "(1,001 rows, 1 shown)"},
	} {
		var batches []*Batch
		for i := range c.rows {
			batches = append(batches, batch([]any{i}))
		}
		got := strings.Split(strings.TrimSpace(render(t, Options{Format: "psql", MaxRows: c.max}, cols, batches...)), "\n")
		var values []string
		for _, l := range got[2 : len(got)-1] {
			values = append(values, strings.TrimSpace(l))
		}
		require.Equal(t, c.want, values)
		require.Equal(t, c.footer, got[len(got)-1])
	}
}

// A long result doesn't stay in memory: widths are settled early and rows go on.
func TestUnlimitedTableStreams(t *testing.T) {
	b := batch([]any{7})
	for range 11 {
		for range 1000 {
			b.AppendCell([]byte("7"))
		}
	}
	got := render(t, Options{Format: "psql"}, []Column{{Name: "n", Kind: Number}}, b)
	require.Equal(t, 11_001, strings.Count(got, " 7\n"))
	require.Contains(t, got, "(11001 rows)")
}

func TestUnknownFormat(t *testing.T) {
	_, err := NewWriter(nil, Options{Format: "yaml"})
	require.ErrorContains(t, err, `unknown output format "yaml"`)
	require.ErrorContains(t, err, "jsonl")
}

func TestThousands(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 336776: "336,776", 1234567890: "1,234,567,890", -1000: "-1,000", -100: "-100"} {
		require.Equal(t, want, Thousands(n))
	}
}

func FuzzCut(f *testing.F) {
	f.Add("日本e\u0301👩‍👩‍👧 abc", 5)
	f.Fuzz(func(t *testing.T, text string, width int) {
		if width < 1 || width > 1000 {
			return
		}
		s := printable(text)
		require.LessOrEqual(t, Width(cut(s, width)), width)
		for _, r := range s {
			require.False(t, r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0, "%q", s)
		}
	})
}
