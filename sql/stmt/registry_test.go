package stmt

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// named is a statement that only remembers what it was made from.
type named struct{ kind, name string }

func (named) Plan(context.Context, Session) (*Plan, error) { return &Plan{}, nil }

func kind(name string, leads ...[]string) *Kind {
	return &Kind{
		Name: name, Leads: leads, Doc: Doc{Summary: "Does " + name + ".", Syntax: name + " x", Examples: []Example{{SQL: name + " x"}}},
		Parse: func(p *parse.Parser) (Statement, error) {
			for range leads[0] {
				p.Next()
			}
			if p.Eof() {
				return named{kind: name}, nil
			}
			n, err := p.Name("a name")
			return named{name, n.Text}, err
		},
	}
}

func registry(t *testing.T) *Registry {
	t.Helper()
	train := kind("TRAIN MODEL", []string{"train", "model"})
	train.Call = "eider.train"
	train.FromCall = func(args []parse.CallArg) (Statement, error) {
		if len(args) != 1 {
			return nil, sqlstate.New(sqlstate.InvalidParameterValue, "one argument, please")
		}
		return named{"TRAIN MODEL", args[0].Value.(string)}, nil
	}
	models := kind("SHOW MODELS", []string{"show", "models"})
	models.Recognise = func(p *parse.Parser) bool {
		p.Next()
		p.Next()
		return p.Eof() || p.Is("like")
	}
	r, err := NewRegistry([]*Kind{train, models, kind("DROP MODEL", []string{"drop", "model"}, []string{"drop", "models"}), kind("DROP MODEL CACHE", []string{"drop", "model", "cache"})})
	require.NoError(t, err)
	return r
}

func TestMatch(t *testing.T) {
	r := registry(t)
	for src, want := range map[string]string{
		"train model m": "TRAIN MODEL", "/* x */ TRAIN -- y\n MODEL m": "TRAIN MODEL", "show models": "SHOW MODELS", "show models like 'x'": "SHOW MODELS",
		"show models.x": "", "show model": "", "drop model m": "DROP MODEL", "drop models m": "DROP MODEL", "drop model cache": "DROP MODEL CACHE", "drop table model": "",
		"train": "", "\"train\" model m": "", "select 1": "", "call eider.train('m')": "TRAIN MODEL", "CALL EIDER.\"train\"()": "TRAIN MODEL", "call train('m')": "", "call pragma_version()": "", "call": "",
	} {
		k := r.Match(src, lex.Split(src)[0])
		got := ""
		if k != nil {
			got = k.Name
		}
		require.Equal(t, want, got, src)
	}
}

func TestParse(t *testing.T) {
	r := registry(t)
	for src, want := range map[string]Statement{
		"train model m": named{"TRAIN MODEL", "m"}, "call eider.train('m')": named{"TRAIN MODEL", "m"}, "select 1": nil, "call f()": nil,
	} {
		k, s, err := r.Parse(src, lex.Split(src)[0])
		require.NoError(t, err, src)
		require.Equal(t, want, s)
		require.Equal(t, want == nil, k == nil)
	}
	for src, want := range map[string]*sqlstate.Error{
		"train model 5":           sqlstate.New(sqlstate.SyntaxError, "").At(12),
		"train model m x":         sqlstate.New(sqlstate.SyntaxError, "").At(14),
		"call eider.train(":       sqlstate.New(sqlstate.SyntaxError, "").At(17),
		"call eider.train()":      sqlstate.New(sqlstate.InvalidParameterValue, ""),
		"call eider.trian('m')":   sqlstate.New(sqlstate.UndefinedFunction, "").At(5).WithHint("Did you mean eider.train?"),
		"call eider.nonsense('')": sqlstate.New(sqlstate.UndefinedFunction, "").At(5),
	} {
		_, _, err := r.Parse(src, lex.Split(src)[0])
		got := sqlstate.From(err)
		require.NotNil(t, got, src)
		require.Equal(t, want.Code, got.Code, src)
		require.Equal(t, want.Position, got.Position, src)
		require.True(t, want.Hint == "" || want.Hint == got.Hint, got.Hint)
	}
}

func TestNewRegistryRefuses(t *testing.T) {
	twice := kind("A", []string{"a"})
	calls := kind("C", []string{"c"})
	calls.Call, calls.FromCall = "other.c", func([]parse.CallArg) (Statement, error) { return named{}, nil }
	same := kind("D", []string{"d"})
	same.Call, same.FromCall = calls.Call, calls.FromCall
	for _, c := range []struct {
		kinds []*Kind
		want  string
	}{
		{[]*Kind{twice, kind("B", []string{"a"})}, `A and B both start with "a"`},
		{[]*Kind{{Name: "x"}}, "name in capitals"}, {[]*Kind{{Name: "X"}}, "no leading words"}, {[]*Kind{{Name: "X", Leads: [][]string{{"Y"}}}}, "not in lower case"},
		{[]*Kind{{Name: "X", Leads: [][]string{{"x"}}}}, "no Parse"}, {[]*Kind{{Name: "X", Leads: [][]string{{"x"}}}}, "lacks a summary"},
		{[]*Kind{calls}, "outside of schema eider"}, {[]*Kind{calls, same}, "same CALL twin"}, {[]*Kind{{Name: "X", Call: "eider.x"}}, "one of Call and FromCall"},
	} {
		_, err := NewRegistry(c.kinds)
		require.ErrorContains(t, err, c.want)
	}
}

func TestMarkdown(t *testing.T) {
	r := registry(t)
	r.kinds[0].Doc = Doc{Summary: "Trains.", Syntax: "TRAIN MODEL name\n  AS select", Notes: "Careful.", Examples: []Example{{SQL: "train model m", Want: "a\tb"}, {SQL: "train x", Code: "42601"}}}
	var b strings.Builder
	require.NoError(t, r.Markdown(&b))
	for _, want := range []string{
		"- [TRAIN MODEL](#train-model): Trains.\n", "## TRAIN MODEL\n\nTrains.\n\n```\nTRAIN MODEL name\n  AS select\n```\n", "`CALL eider.train(…)`", "\nCareful.\n",
		"```sql\ntrain model m;\n```\n\n```\na\tb\n```\n", "fails with SQLSTATE `42601`.", "## DROP MODEL CACHE\n",
	} {
		require.Contains(t, b.String(), want)
	}
	require.Equal(t, "````\na ``` b\n````\n", fence("", "a ``` b"))
}

func FuzzRegistry(f *testing.F) {
	for _, s := range []string{"train model m", "call eider.train('m')", "show models like", "drop model \"", "call eider."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		r := registry(t)
		for _, st := range lex.Split(src) {
			k := r.Match(src, st)
			again, s, err := r.Parse(src, st)
			require.Equal(t, k, again)
			require.True(t, k != nil || s == nil)
			if err != nil {
				require.NotEqual(t, sqlstate.InternalError, sqlstate.CodeOf(err))
			}
		}
	})
}
