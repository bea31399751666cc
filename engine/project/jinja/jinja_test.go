package jinja

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

type names map[string]Value

func (n names) Lookup(name string) (Value, bool) { v, ok := n[name]; return v, ok }

func render(t *testing.T, src string) (string, error) {
	t.Helper()
	tmpl, err := Parse("models/x.sql", src, 0)
	if err != nil {
		return "", err
	}
	return tmpl.Render(names{
		"xs":     FromGo([]any{int64(3), int64(1), int64(2)}),
		"d":      NewDict("b", int64(1), "a", "x"),
		"people": FromGo([]map[string]any{{"name": "Ann", "age": 31}, {"name": "bob", "age": 9}}),
		"return": Func(func(c *Call) (Value, error) { return nil, Return(c.Args[0]) }),
	}, nil)
}

// The expected texts are those of Jinja2 3.1 with the do extension; testdata/answers.py checks them.
func TestRender(t *testing.T) {
	for _, c := range cases() {
		t.Run(c.Src, func(t *testing.T) {
			got, err := render(t, c.Src)
			require.NoError(t, err)
			require.Equal(t, c.Want, got)
		})
	}
}

func TestErrors(t *testing.T) {
	for src, want := range map[string]string{
		"select {{ 1 +":    "1:8: a tag is not closed",
		"a\n  {{ x( }}":    "2:9: unexpected '}'",
		"{% if 1 %}x":      "1:1: the file ends inside of this block: elif or else or endif is missing",
		"{% endif %}":      "unknown statement 'endif'",
		"{{ nope(1) }}":    "1:4: 'nope' is undefined",
		"{{ 'a' + 1 }}":    "str + int isn't possible",
		"{{ xs|srot }}":    "there is no filter srot",
		"{{ 'a'.uper() }}": "str has no method uper",
		"{% macro f(a) %}{% endmacro %}{{ f(1,2) }}":      "f takes 1 arguments, 2 were given",
		"{% macro f(a) %}{% endmacro %}{{ f(b=2) }}":      "f has no argument b",
		"{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}": "macros call one another more than",
		"{{ 1 / 0 }}": "division by zero",
		"{{ " + strings.Repeat("(", 500) + "1" + strings.Repeat(")", 500) + " }}": "nested too deeply",
		"{% include 'x' %}":                   "isn't supported",
		"{{ 'abc }}":                          "a string is not closed",
		"{# abc":                              "a comment is not closed",
		"{{ [1}} }}":                          "unexpected '}'",
		"{{ xs|map('nope')|list }}":           "there is no filter nope",
		"{{ 'x' * 99999999999 }}":             "too long",
		"{{ range(99999999999)|length }}":     "more than",
		"{% set ns = {} %}{% set ns.a = 1 %}": "ns is not a namespace",
		"{{ {[1]: 2} }}":                      "can't be the key of a dict",
		"{% for a, b in xs %}{% endfor %}":    "can't be walked",
		"{{ xs is frobnicated }}":             "there is no test frobnicated",
	} {
		t.Run(src[:min(len(src), 40)], func(t *testing.T) {
			_, err := render(t, src)
			require.ErrorContains(t, err, want)
			e := &Error{}
			require.ErrorAs(t, err, &e)
			require.Equal(t, "models/x.sql", e.File)
			require.Positive(t, e.Line)
			require.Positive(t, e.Column)
		})
	}
}

func TestErrorNamesTheMacrosInBetween(t *testing.T) {
	_, err := render(t, "{% macro inner(x) %}\n{{ x.y.z() + 1 / 0 }}{% endmacro %}\n{% macro outer() %}{{ inner(1) }}{% endmacro %}\n{{ outer() }}")
	e := &Error{}
	require.ErrorAs(t, err, &e)
	require.Equal(t, 2, e.Line)
	require.Len(t, e.Stack, 2)
	require.Equal(t, "inner", e.Stack[0].Macro)
	require.Equal(t, 4, e.Stack[1].Line)
}

func TestBlocks(t *testing.T) {
	tmpl, err := Parse("s.sql", "{% snapshot a %}\nselect {{ 1 }}\n{%- endsnapshot %}\n{% docs b %}# {{ not jinja {% endif %} }}{% enddocs %}\n"+
		"{% test even(model, column_name) %}x{% endtest %}{% materialization m, adapter='duckdb' %}{% endmaterialization %}", 0)
	require.NoError(t, err)
	require.Len(t, tmpl.Blocks, 3)
	require.Equal(t, "\nselect {{ 1 }}\n", tmpl.Blocks[0].Text)
	require.Equal(t, "# {{ not jinja {% endif %} }}", tmpl.Blocks[1].Text)
	require.Equal(t, "materialization_m_duckdb", tmpl.Blocks[2].Macro.Name)
	require.Len(t, tmpl.Macros, 1)
	require.Equal(t, "test_even", tmpl.Macros[0].Name)
	require.Equal(t, []string{"model", "column_name"}, tmpl.Macros[0].Args)
}

func FuzzParse(f *testing.F) {
	for _, c := range cases() {
		f.Add(c.Src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		tmpl, err := Parse("f.sql", src, 0)
		if err != nil {
			e := &Error{}
			require.ErrorAs(t, err, &e)
			return
		}
		require.NotNil(t, tmpl)
	})
}
