package model

import (
	"context"
	"fmt"

	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

func deployKind() *stmt.Kind {
	return &stmt.Kind{
		Name: "DEPLOY MODEL", Leads: [][]string{{"deploy", "model"}}, Parse: stmt.Reader(parseDeploy),
		Call: "eider.deploy", FromCall: fromCall(func(t *twin) error {
			t.write("DEPLOY MODEL ")
			return first(t.model(), t.name("alias", " TO "))
		}, parseDeploy),
		Doc: stmt.Doc{
			Summary: "Makes a model's name, or an alias of it, mean a version.",
			Syntax:  "DEPLOY MODEL name@{version | alias} [TO alias]",
			Notes: "Without TO, the bare name is meant (the alias `default`): `predict('churn', t)` and views that call it use the version from the commit on. " +
				"`DEPLOY MODEL churn@staging TO prod` takes over what another alias means.\n\n" +
				"Views name the columns that a model needs. Where a view calls the alias and the new version needs other columns, or predicts another type, " +
				"the statement fails (2BP01) and names the views. It needs the privilege DEPLOY.\n\n" +
				"Returns `model, alias, version, previous`; `previous` is NULL for a new alias. `CANARY n` and `SHADOW` are reserved (0A000).",
			Examples: []stmt.Example{
				{Setup: exampleModel + "; " + exampleAgain, SQL: "DEPLOY MODEL rent@2 TO prod", Want: "rent\tprod\t2\tNULL"},
				{SQL: "DEPLOY MODEL rent@1 TO prod", Want: "rent\tprod\t1\t2"},
				{SQL: "DEPLOY MODEL rent@9", Code: "42704"},
			},
		},
	}
}

// deploy is DEPLOY MODEL as it was written.
type deploy struct {
	model parse.ModelRef
	// alias is empty for the one that a bare name means.
	alias word
}

func parseDeploy(p *parse.Parser) (*deploy, error) {
	if err := p.ExpectWords("deploy", "model"); err != nil {
		return nil, err
	}
	d := &deploy{}
	var err error
	if d.model, err = p.ModelRef(); err != nil {
		return nil, err
	}
	if d.model.Version == 0 && d.model.Alias == "" {
		return nil, p.Unexpected("@").WithHint("Say which version: DEPLOY MODEL %s@1.", d.model.Span.Text)
	}
	if p.AcceptWord("to") {
		if d.alias, err = alias(p); err != nil {
			return nil, err
		}
	}
	at := here(p)
	switch {
	case p.AcceptWord("canary"):
		if _, _, err := p.Float("a percentage"); err != nil {
			return nil, err
		}
		p.AcceptMark("%")
		return nil, later(at, "DEPLOY MODEL … CANARY").WithHint("Deploy the version to an alias of its own and choose between the two in the query.")
	case p.AcceptWord("shadow"):
		return nil, later(at, "DEPLOY MODEL … SHADOW").WithHint("Deploy the version to an alias of its own and predict with both.")
	}
	return d, nil
}

const deployColumns = "model VARCHAR, alias VARCHAR, version BIGINT, previous BIGINT"

func (d *deploy) Plan(ctx context.Context, ss stmt.Session) (*stmt.Plan, error) {
	s, err := session(ss)
	if err != nil {
		return nil, err
	}
	name := d.alias.text
	if name == "" {
		name = predict.DefaultAlias
	}
	m, v, err := d.check(ctx, s)
	if err != nil {
		return nil, err
	}
	return &stmt.Plan{
		Columns: result(deployColumns),
		Explain: []string{fmt.Sprintf("Deploy %s as %s", refText(m.key, v.number), predict.AliasName(m.key, name))},
		Exec: func(ctx context.Context, _ stmt.Session) (*stmt.Result, error) {
			m, v, err := d.check(ctx, s)
			if err != nil {
				return nil, err
			}
			aliases, err := deployed(ctx, s, m.key)
			if err != nil {
				return nil, err
			}
			changed, err := m.deployAs(ctx, s, v, name, "DEPLOY MODEL", d.model.Span)
			if err != nil {
				return nil, err
			}
			if !changed {
				s.Notice("NOTICE", fmt.Sprintf("%s means version %d already", predict.AliasName(m.key, name), v.number))
			}
			return &stmt.Result{Rows: [][]any{{m.key, name, v.number, numberOrNull(aliases[name])}}}, nil
		},
	}, nil
}

func (d *deploy) check(ctx context.Context, s Session) (*model, *version, error) {
	m, v, err := resolve(ctx, s, d.model)
	if err != nil {
		return nil, nil, err
	}
	return m, v, s.Require(ctx, m.key, "DEPLOY")
}

func numberOrNull(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

// alias reads the name of an alias. DEFAULT is the one that a bare model name means.
func alias(p *parse.Parser) (word, error) {
	n, err := p.Label("an alias")
	if err != nil {
		return word{}, err
	}
	w := word{lex.Fold(n.Text), n.Span}
	switch {
	case len(w.text) > maxNameBytes:
		return w, parse.Errorf(n.Span, sqlstate.InvalidName, "alias name is longer than %d bytes", maxNameBytes)
	case !isAlias(w.text):
		return w, parse.Errorf(n.Span, sqlstate.InvalidName, "invalid alias name: %q", n.Text).
			WithHint("An alias consists of letters, digits and underscores and starts with a letter: prod, shadow_2.")
	}
	return w, nil
}

// maxNameBytes bounds names of models and aliases, as PostgreSQL bounds names.
const maxNameBytes = 63

// isAlias reports whether an alias can be told from a version and from what follows it in a macro's name.
func isAlias(s string) bool {
	for i, c := range s {
		letter := c >= 'a' && c <= 'z' || c == '_' || c >= 0x80
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// readVersion reads a version's number, perhaps with VERSION or @ before it.
func readVersion(p *parse.Parser) (int64, parse.Span, error) {
	p.AcceptWord("version")
	p.AcceptMark("@")
	return count(p, "version", 1, 1<<31-1)
}
