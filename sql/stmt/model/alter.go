package model

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

func alterKind() *stmt.Kind {
	return &stmt.Kind{
		Name: "ALTER MODEL", Leads: [][]string{{"alter", "model"}}, Parse: stmt.Reader(parseAlter),
		Call: "eider.alter_model", FromCall: fromCall(writeAlter, parseAlter),
		Doc: stmt.Doc{
			Summary: "Renames a model, sets or drops an alias, or keeps options with it.",
			Syntax: `ALTER MODEL [IF EXISTS] name RENAME TO new_name
ALTER MODEL [IF EXISTS] name SET ALIAS alias = version
ALTER MODEL [IF EXISTS] name DROP ALIAS alias
ALTER MODEL [IF EXISTS] name SET (option = value [, …])

option: comment, owner_email, tags; NULL removes it`,
			Notes: "A model that views or macros predict with can't be renamed (2BP01, which names them). SET ALIAS is DEPLOY MODEL … TO; both need the privilege DEPLOY, as does DROP ALIAS; " +
				"the rest is for the owner. Versions, metrics, runs and grants follow the new name; the statements that made the versions are kept as they were written, and RETRAIN MODEL " +
				"trains under the new name.",
			Examples: []stmt.Example{
				{Setup: exampleModel, SQL: "ALTER MODEL rent SET ALIAS prod = 1"},
				{SQL: "ALTER MODEL rent SET (comment = 'monthly rent, without heating')"},
				{SQL: "ALTER MODEL rent RENAME TO monthly_rent"},
				{SQL: "SELECT model, aliases::VARCHAR, options FROM eider.models", Want: "monthly_rent\t{default=1, prod=1}\t{\"comment\":\"monthly rent, without heating\"}"},
				{SQL: "ALTER MODEL monthly_rent DROP ALIAS default", Code: "55006"},
				{SQL: "ALTER MODEL rent DROP ALIAS prod", Code: "42704"},
			},
		},
	}
}

func writeAlter(t *twin) error {
	t.write("ALTER MODEL ")
	if err := first(t.flag("if_exists", "IF EXISTS "), t.model()); err != nil {
		return err
	}
	if err := first(t.name("rename_to", " RENAME TO "), t.name("drop_alias", " DROP ALIAS "), t.options("options", " SET")); err != nil {
		return err
	}
	if err := t.name("set_alias", " SET ALIAS "); err != nil {
		return err
	}
	return t.number("version", " = ", "")
}

// alter is ALTER MODEL as it was written; one of its actions is set.
type alter struct {
	name     parse.QualifiedName
	ifExists bool
	rename   *parse.QualifiedName
	// setAlias and dropAlias are an alias; version is what SET ALIAS points it at.
	setAlias, dropAlias *word
	version             int64
	versionSpan         parse.Span
	options             parse.Options
}

func parseAlter(p *parse.Parser) (*alter, error) {
	if err := p.ExpectWords("alter", "model"); err != nil {
		return nil, err
	}
	a := &alter{ifExists: p.AcceptWords("if", "exists")}
	var err error
	if a.name, err = modelName(p); err != nil {
		return nil, err
	}
	switch {
	case p.AcceptWords("rename", "to"):
		var n parse.QualifiedName
		n, err = modelName(p)
		a.rename = &n
	case p.AcceptWords("set", "alias"):
		var w word
		if w, err = alias(p); err != nil {
			return nil, err
		}
		a.setAlias = &w
		if !p.AcceptMark("=") && !p.AcceptWord("to") {
			return nil, p.Unexpected()
		}
		a.version, a.versionSpan, err = readVersion(p)
	case p.AcceptWords("drop", "alias"):
		var w word
		w, err = alias(p)
		a.dropAlias = &w
	case p.AcceptWord("set"):
		a.options, err = p.OptionList()
	default:
		err = p.Unexpected()
	}
	return a, err
}

// modelOptions are what ALTER MODEL … SET keeps.
var modelOptions = []string{"comment", "owner_email", "tags"}

func (a *alter) Plan(ctx context.Context, ss stmt.Session) (*stmt.Plan, error) {
	s, err := session(ss)
	if err != nil {
		return nil, err
	}
	if err := a.options.Only(modelOptions...); err != nil {
		return nil, err
	}
	m, err := a.check(ctx, s)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return &stmt.Plan{Explain: []string{"Do nothing: the model doesn't exist"}, Exec: func(context.Context, stmt.Session) (*stmt.Result, error) {
			s.Notice("NOTICE", fmt.Sprintf("model %s does not exist, skipping", a.name.Span.Text))
			return nil, nil
		}}, nil
	}
	return &stmt.Plan{Explain: []string{"Alter model " + m.key}, Exec: func(ctx context.Context, _ stmt.Session) (*stmt.Result, error) {
		m, err := a.check(ctx, s)
		if err != nil || m == nil {
			return nil, err
		}
		switch {
		case a.rename != nil:
			err = a.renameTo(ctx, s, m)
		case a.setAlias != nil:
			err = a.setTo(ctx, s, m)
		case a.dropAlias != nil:
			err = a.unset(ctx, s, m)
		default:
			err = a.keep(ctx, s, m)
		}
		return nil, err
	}}, nil
}

// check finds the model and asks for the rights; nil with IF EXISTS where there is none.
func (a *alter) check(ctx context.Context, s Session) (*model, error) {
	m, err := find(ctx, s, a.name)
	if a.ifExists && sqlstate.Is(err, sqlstate.UndefinedObject) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if a.setAlias != nil || a.dropAlias != nil {
		return m, s.Require(ctx, m.key, "DEPLOY")
	}
	return m, owns(ctx, s, m)
}

// stores are the tables whose rows belong to a model.
var stores = []string{"model_version_store", "deployment_store", "metric_store", "param_store", "curve_store"}

func (a *alter) renameTo(ctx context.Context, s Session, m *model) error {
	key, err := newKey(ctx, s, *a.rename)
	if err != nil {
		return err
	}
	if other, err := lookup(ctx, s, key); err != nil || other != nil {
		if err == nil {
			err = parse.Errorf(a.rename.Span, sqlstate.DuplicateObject, "model %q already exists", key)
		}
		return err
	}
	all, err := dependents(ctx, s, m.key)
	if err != nil {
		return err
	}
	if len(all) > 0 {
		return parse.Errorf(a.name.Span, sqlstate.DependentObjectsStillExist, "cannot rename model %s because other objects depend on it", m.key).
			WithDetail("%s", describeAll(all)).WithHint("Drop them, rename the model, and create them again with its new name.")
	}
	if err := m.withoutMacros(ctx, s); err != nil {
		return err
	}
	for _, t := range stores {
		if _, err := s.Exec(ctx, "UPDATE eider."+t+" SET model = $2 WHERE model = $1", m.key, key); err != nil {
			return err
		}
	}
	err = run(ctx, s, []any{m.key, key}, `UPDATE eider.run_store SET model = $2 WHERE model = $1`,
		`UPDATE eider.lineage_store SET object = $2 WHERE kind = 'model' AND object = $1`,
		`UPDATE eider.lineage_store SET source = $2 WHERE source_kind = 'model' AND source = $1`)
	if err != nil {
		return err
	}
	if _, err := s.Exec(ctx, `UPDATE eider.model_store SET model = $2, name = $3 WHERE model = $1`, m.key, key, a.rename.Span.Text); err != nil {
		return err
	}
	if err := s.RenameModel(ctx, m.key, key); err != nil {
		return err
	}
	m.key = key
	return m.withMacros(ctx, s)
}

// withoutMacros drops every macro of the model, withMacros makes them.
func (m *model) withoutMacros(ctx context.Context, s stmt.Session) error {
	rows, err := s.Query(ctx, `SELECT function_name FROM duckdb_functions() WHERE database_name = $1 AND schema_name = 'eider_models'`, s.Database())
	if err != nil {
		return err
	}
	for _, name := range texts(rows) {
		if predict.KeyOf(name) != m.key {
			continue
		}
		if _, err := s.Exec(ctx, "DROP MACRO IF EXISTS "+predict.Qualified(name)); err != nil {
			return err
		}
	}
	return nil
}

func (m *model) withMacros(ctx context.Context, s stmt.Session) error {
	rows, err := s.Query(ctx, `SELECT `+versionColumns+` FROM eider.model_version_store WHERE model = $1 ORDER BY version`, m.key)
	if err != nil {
		return err
	}
	aliases, err := deployed(ctx, s, m.key)
	if err != nil {
		return err
	}
	for _, r := range rows {
		v, err := readRow(r)
		if err != nil {
			return err
		}
		names := []string{predict.VersionName(m.key, int(v.number))}
		for _, a := range slices.Sorted(maps.Keys(aliases)) {
			if aliases[a] == v.number {
				names = append(names, predict.AliasName(m.key, a))
			}
		}
		if err := v.write(ctx, s, names...); err != nil {
			return err
		}
	}
	return nil
}

func (a *alter) setTo(ctx context.Context, s Session, m *model) error {
	v, err := m.version(ctx, s, a.version)
	if err != nil {
		return err
	}
	if v == nil {
		return m.noVersion(ctx, s, a.version, a.versionSpan)
	}
	_, err = m.deployAs(ctx, s, v, a.setAlias.text, "ALTER MODEL", a.versionSpan)
	return err
}

func (a *alter) unset(ctx context.Context, s Session, m *model) error {
	name := a.dropAlias.text
	aliases, err := deployed(ctx, s, m.key)
	if err != nil {
		return err
	}
	if aliases[name] == 0 {
		return noAlias(parse.ModelRef{Span: a.dropAlias.span}, m, name, aliases)
	}
	if name == predict.DefaultAlias {
		return parse.Errorf(a.dropAlias.span, sqlstate.ObjectInUse, "the alias that the bare name means can't be dropped").
			WithHint("DEPLOY MODEL %s@…; makes it mean another version, DROP MODEL %[1]s; drops the model.", quoteKey(m.key))
	}
	all, err := dependents(ctx, s, m.key)
	if err != nil {
		return err
	}
	if all = using(all, predict.AliasName(m.key, name)); len(all) > 0 {
		return parse.Errorf(a.dropAlias.span, sqlstate.DependentObjectsStillExist, "cannot drop alias %s of model %s because other objects depend on it", name, m.key).
			WithDetail("%s", describeAll(all)).WithHint("Drop them first.")
	}
	if _, err := s.Exec(ctx, `UPDATE eider.deployment_store SET undone_at = now() WHERE model = $1 AND alias = $2 AND undone_at IS NULL`, m.key, name); err != nil {
		return err
	}
	return unwrite(ctx, s, predict.AliasName(m.key, name))
}

// keep merges options into those that are kept.
func (a *alter) keep(ctx context.Context, s Session, m *model) error {
	kept := map[string]any{}
	if err := json.Unmarshal([]byte(m.options), &kept); err != nil {
		return sqlstate.Newf(sqlstate.DataCorrupted, "the options of model %s can't be read: %w", m.key, err)
	}
	for _, o := range a.options {
		text, ok := literalText(o.Value)
		switch {
		case o.Value == nil:
			delete(kept, o.Name)
		case !ok:
			return parse.Errorf(o.ValueSpan, sqlstate.InvalidParameterValue, "option %q requires a text", o.Name)
		default:
			kept[o.Name] = text
		}
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(kept); err != nil {
		return fmt.Errorf("write the options of model %s: %w", m.key, err)
	}
	_, err := s.Exec(ctx, `UPDATE eider.model_store SET options = $2 WHERE model = $1`, m.key, strings.TrimSpace(b.String()))
	return err
}
