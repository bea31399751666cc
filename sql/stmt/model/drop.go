package model

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

func dropKind() *stmt.Kind {
	return &stmt.Kind{
		Name: "DROP MODEL", Leads: [][]string{{"drop", "model"}}, Parse: stmt.Reader(parseDrop),
		Call: "eider.drop_model", FromCall: fromCall(func(t *twin) error {
			t.write("DROP MODEL ")
			return first(t.flag("if_exists", "IF EXISTS "), t.model(), t.flag("cascade", " CASCADE"))
		}, parseDrop),
		Doc: stmt.Doc{
			Summary: "Drops models, or versions of them.",
			Syntax:  "DROP MODEL [IF EXISTS] name[@version] [, …] [CASCADE | RESTRICT]",
			Notes: "Views and macros that predict with the model are a reason to refuse (2BP01, which names them); CASCADE drops them too, " +
				"and the views and macros that read those. A version that an alias means can't be dropped (55006). " +
				"The history of runs stays, and a version's number is never given again. It is for the owner.",
			Examples: []stmt.Example{
				{Setup: exampleModel + "; " + exampleAgain, SQL: "DROP MODEL rent@1", Code: "55006"},
				{SQL: "DROP MODEL rent@2"},
				{SQL: "DROP MODEL rent"},
				{SQL: "DROP MODEL rent", Code: "42704"},
				{SQL: "DROP MODEL IF EXISTS rent"},
			},
		},
	}
}

// drop is DROP MODEL as it was written.
type drop struct {
	models   []parse.ModelRef
	ifExists bool
	cascade  bool
}

func parseDrop(p *parse.Parser) (*drop, error) { return parseDropOf(p, "model") }

// parseDropOf reads DROP of models or of transformations.
func parseDropOf(p *parse.Parser, what string) (*drop, error) {
	if err := p.ExpectWords("drop", what); err != nil {
		return nil, err
	}
	d := &drop{ifExists: p.AcceptWords("if", "exists")}
	for {
		m, err := p.ModelRef()
		if err != nil {
			return nil, err
		}
		if m.Alias != "" {
			return nil, parse.Errorf(m.Span, sqlstate.SyntaxError, "DROP %s takes a %s or a version, not an alias", strings.ToUpper(what), what).
				WithHint("ALTER %s %s DROP ALIAS %s;", strings.ToUpper(what), m.Name.Span.Text, m.Alias)
		}
		d.models = append(d.models, m)
		if !p.AcceptMark(",") {
			break
		}
	}
	if !p.AcceptWord("restrict") {
		d.cascade = p.AcceptWord("cascade")
	}
	return d, nil
}

func (d *drop) Plan(ctx context.Context, ss stmt.Session) (*stmt.Plan, error) {
	s, err := session(ss)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, ref := range d.models {
		m, err := d.check(ctx, s, ref)
		switch {
		case err != nil:
			return nil, err
		case m == nil:
			lines = append(lines, "Skip "+ref.Span.Text+", which does not exist")
			continue
		}
		lines = append(lines, "Drop model "+ref.Span.Text)
		all, err := d.dependents(ctx, s, m, ref)
		if err != nil {
			return nil, err
		}
		if d.cascade && len(all) > 0 {
			lines = append(lines, "Drop what depends on it: "+strings.ReplaceAll(describeAll(all), "\n", ", "))
		}
	}
	return &stmt.Plan{Explain: lines, Exec: func(ctx context.Context, _ stmt.Session) (*stmt.Result, error) {
		for _, ref := range d.models {
			m, err := d.check(ctx, s, ref)
			if err != nil {
				return nil, err
			}
			if m == nil {
				s.Notice("NOTICE", fmt.Sprintf("model %s does not exist, skipping", ref.Span.Text))
				continue
			}
			if err := d.exec(ctx, s, m, ref); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}}, nil
}

// check finds the model and asks for the rights; nil with IF EXISTS where there is none, or no such version.
func (d *drop) check(ctx context.Context, s Session, ref parse.ModelRef) (*model, error) {
	m, err := find(ctx, s, ref.Name)
	if err == nil && ref.Version != 0 {
		var v *version
		if v, err = m.version(ctx, s, ref.Version); err == nil && v == nil {
			err = m.noVersion(ctx, s, ref.Version, ref.Span)
		}
	}
	if d.ifExists && sqlstate.Is(err, sqlstate.UndefinedObject) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return m, owns(ctx, s, m)
}

// ofVersion keeps the dependents of a version; those of the model for 0.
func ofVersion(all []dependent, m *model, number int64) []dependent {
	if number == 0 {
		return all
	}
	return using(all, predict.VersionName(m.key, int(number)))
}

// dependents are what CASCADE drops, and what else is a reason to refuse.
func (d *drop) dependents(ctx context.Context, s Session, m *model, ref parse.ModelRef) ([]dependent, error) {
	all, err := dependents(ctx, s, m.key)
	if err != nil {
		return nil, err
	}
	return indirect(ctx, s, ofVersion(all, m, ref.Version))
}

func (d *drop) exec(ctx context.Context, s Session, m *model, ref parse.ModelRef) error {
	if err := inForce(ctx, s, m, ref); err != nil {
		return err
	}
	all, err := d.dependents(ctx, s, m, ref)
	if err != nil {
		return err
	}
	if len(all) > 0 && !d.cascade {
		return parse.Errorf(ref.Span, sqlstate.DependentObjectsStillExist, "cannot drop model %s because other objects depend on it", ref.Span.Text).
			WithDetail("%s", describeAll(all)).WithHint("Use DROP … CASCADE to drop the dependent objects too.")
	}
	for _, o := range all {
		if err := o.drop(ctx, s); err != nil {
			return err
		}
	}
	if ref.Version != 0 {
		return m.dropVersion(ctx, s, ref.Version)
	}
	return m.drop(ctx, s)
}

// inForce is 55006 for a version that an alias means.
func inForce(ctx context.Context, s Session, m *model, ref parse.ModelRef) error {
	if ref.Version == 0 {
		return nil
	}
	aliases, err := deployed(ctx, s, m.key)
	if err != nil {
		return err
	}
	var names []string
	for a, v := range aliases {
		if v == ref.Version {
			names = append(names, predict.AliasName(m.key, a))
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return parse.Errorf(ref.Span, sqlstate.ObjectInUse, "version %d of model %s is deployed as %s", ref.Version, m.key, strings.Join(names, ", ")).
		WithHint("ROLLBACK MODEL %s; or DEPLOY another version first, or ALTER MODEL … DROP ALIAS.", quoteKey(m.key))
}

// drop drops a view or macro with the rights that were granted on it.
func (d dependent) drop(ctx context.Context, s Session) error {
	sql := map[string]string{"view": "DROP VIEW IF EXISTS ", "macro": "DROP MACRO IF EXISTS ", "table macro": "DROP MACRO TABLE IF EXISTS "}[d.kind]
	if _, err := s.Exec(ctx, sql+d.qualified()); err != nil {
		return err
	}
	if d.kind != "view" {
		return nil
	}
	return run(ctx, s, []any{d.schema, d.name},
		`DELETE FROM eider.owner_store WHERE kind = 'table' AND lower(schema_name) = lower($1) AND lower(object) = lower($2)`,
		`DELETE FROM eider.grant_store WHERE kind = 'table' AND lower(schema_name) = lower($1) AND lower(object) = lower($2) AND default_for = ''`)
}

func (m *model) dropVersion(ctx context.Context, s Session, number int64) error {
	if err := unwrite(ctx, s, predict.VersionName(m.key, int(number))); err != nil {
		return err
	}
	err := run(ctx, s, []any{m.key, number},
		`DELETE FROM eider.model_version_store WHERE model = $1 AND version = $2`,
		`DELETE FROM eider.metric_store WHERE model = $1 AND version = $2`,
		`DELETE FROM eider.param_store WHERE model = $1 AND version = $2`,
		`DELETE FROM eider.curve_store WHERE model = $1 AND version = $2`,
		`DELETE FROM eider.lineage_store WHERE kind = 'model' AND object = $1 AND version = $2`,
		`UPDATE eider.deployment_store SET undone_at = now() WHERE model = $1 AND version = $2 AND undone_at IS NULL`)
	if err != nil {
		return err
	}
	return forgetArtifacts(ctx, s)
}

func (m *model) drop(ctx context.Context, s Session) error {
	if err := m.withoutMacros(ctx, s); err != nil {
		return err
	}
	for _, t := range append(slices.Clone(stores), "model_store") {
		if _, err := s.Exec(ctx, "DELETE FROM eider."+t+" WHERE model = $1", m.key); err != nil {
			return err
		}
	}
	if _, err := s.Exec(ctx, `DELETE FROM eider.lineage_store WHERE kind = 'model' AND object = $1`, m.key); err != nil {
		return err
	}
	if err := forgetArtifacts(ctx, s); err != nil {
		return err
	}
	return s.DisownModel(ctx, m.key)
}

// forgetArtifacts deletes the bytes that no version has any more.
func forgetArtifacts(ctx context.Context, s Session) error {
	_, err := s.Exec(ctx, `DELETE FROM eider.artifact_store WHERE hash NOT IN (SELECT artifact FROM eider.model_version_store)`)
	return err
}
