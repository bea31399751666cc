package model

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

// exampleTwoVersions is the example's transformation with a second version of the same columns.
const exampleTwoVersions = exampleTransformation + "; CREATE OR REPLACE TRANSFORMATION tidy AS (*, impute(age, 'median') OVER () AS age, lower(trim(city)) AS city) FIT ON guests"

func alterTransformationKind() *stmt.Kind {
	return &stmt.Kind{
		Name: "ALTER TRANSFORMATION", Leads: [][]string{{"alter", "transformation"}}, Parse: stmt.Reader(parseAlterTransformation),
		Call: "eider.alter_transformation", FromCall: fromCallOf("transformation", func(t *twin) error {
			t.write("ALTER TRANSFORMATION ")
			return first(t.model(), t.name("drop_alias", " DROP ALIAS "), t.name("set_alias", " SET ALIAS "), t.number("version", " = ", ""))
		}, parseAlterTransformation),
		Doc: stmt.Doc{
			Summary: "Sets an alias of a transformation to a version, or drops one.",
			Syntax: `ALTER TRANSFORMATION name SET ALIAS alias = version
ALTER TRANSFORMATION name DROP ALIAS alias`,
			Notes: "The alias `default` is what the bare name means. An alias that views use takes no version that makes other columns (2BP01), and isn't dropped. It is for the owner.",
			Examples: []stmt.Example{
				{Setup: exampleTwoVersions, SQL: "ALTER TRANSFORMATION tidy SET ALIAS prod = 1"},
				{SQL: "SELECT current, latest, aliases::VARCHAR FROM eider.transformations", Want: "2\t2\t{default=2, prod=1}"},
				{SQL: "ALTER TRANSFORMATION tidy SET ALIAS prod = 9", Code: "42704"},
				{SQL: "ALTER TRANSFORMATION tidy DROP ALIAS prod"},
			},
		},
	}
}

// alterTransformation is ALTER TRANSFORMATION as it was written.
type alterTransformation struct {
	name    parse.QualifiedName
	alias   word
	drop    bool
	version int64
	at      parse.Span
}

func parseAlterTransformation(p *parse.Parser) (*alterTransformation, error) {
	if err := p.ExpectWords("alter", "transformation"); err != nil {
		return nil, err
	}
	a := &alterTransformation{}
	var err error
	if a.name, err = p.QualifiedName("a transformation's name"); err != nil {
		return nil, err
	}
	verb, err := oneOf(p, "set", "drop")
	if err != nil {
		return nil, err
	}
	if err := p.ExpectWord("alias"); err != nil {
		return nil, err
	}
	a.drop = verb == "drop"
	if a.alias, err = alias(p); err != nil || a.drop {
		return a, err
	}
	if !p.AcceptMark("=") && !p.AcceptWord("to") {
		return nil, p.Unexpected()
	}
	a.version, a.at, err = readVersion(p)
	return a, err
}

func (a *alterTransformation) Plan(ctx context.Context, ss stmt.Session) (*stmt.Plan, error) {
	s, err := session(ss)
	if err != nil {
		return nil, err
	}
	t, _, err := a.check(ctx, s)
	if err != nil {
		return nil, err
	}
	line := fmt.Sprintf("Point alias %s of transformation %s at version %d", a.alias.text, t.key, a.version)
	if a.drop {
		line = fmt.Sprintf("Drop alias %s of transformation %s", a.alias.text, t.key)
	}
	return &stmt.Plan{Explain: []string{line}, Exec: func(ctx context.Context, _ stmt.Session) (*stmt.Result, error) {
		t, v, err := a.check(ctx, s)
		if err != nil {
			return nil, err
		}
		if !a.drop {
			return nil, t.mean(ctx, s, v, a.alias.text, a.at)
		}
		_, err = s.Exec(ctx, `UPDATE eider.transformation_alias_store SET undone_at = now() WHERE transformation = $1 AND alias = $2 AND undone_at IS NULL`, t.key, a.alias.text)
		if err != nil {
			return nil, err
		}
		return nil, unwriteTransformation(ctx, s, predict.AliasName(t.key, a.alias.text))
	}}, nil
}

// check returns the transformation and, to set an alias, the version.
func (a *alterTransformation) check(ctx context.Context, s Session) (*transformation, *transformationVersion, error) {
	t, err := findTransformation(ctx, s, a.name)
	if err != nil {
		return nil, nil, err
	}
	if err := ownsTransformation(ctx, s, t); err != nil {
		return nil, nil, err
	}
	if !a.drop {
		v, err := t.version(ctx, s, a.version)
		if err == nil && v == nil {
			err = t.noVersion(ctx, s, a.version, a.at)
		}
		return t, v, err
	}
	aliases, err := t.aliases(ctx, s)
	switch {
	case err != nil:
		return nil, nil, err
	case aliases[a.alias.text] == 0:
		return nil, nil, t.noAlias(a.alias.span, a.alias.text, aliases)
	case a.alias.text == predict.DefaultAlias:
		return nil, nil, parse.Errorf(a.alias.span, sqlstate.ObjectInUse, "the alias that the bare name means can't be dropped").
			WithHint("ALTER TRANSFORMATION %s SET ALIAS default = …; makes it mean another version.", quoteKey(t.key))
	}
	all, err := dependentsOn(ctx, s, transformationSchema, t.key)
	if err != nil {
		return nil, nil, err
	}
	if all = using(all, predict.AliasName(t.key, a.alias.text)); len(all) > 0 {
		return nil, nil, parse.Errorf(a.alias.span, sqlstate.DependentObjectsStillExist, "cannot drop alias %s of transformation %s because other objects depend on it", a.alias.text, t.key).
			WithDetail("%s", describeAll(all)).WithHint("Drop them first.")
	}
	return t, nil, nil
}

func rollbackTransformationKind() *stmt.Kind {
	return &stmt.Kind{
		Name: "ROLLBACK TRANSFORMATION", Leads: [][]string{{"rollback", "transformation"}}, Parse: stmt.Reader(parseRollbackTransformation),
		Call: "eider.rollback_transformation", FromCall: fromCallOf("transformation", func(t *twin) error {
			t.write("ROLLBACK TRANSFORMATION ")
			return first(t.model(), t.number("version", " TO ", ""))
		}, parseRollbackTransformation),
		Doc: stmt.Doc{
			Summary: "Lets the name or an alias of a transformation mean the version again that it meant before.",
			Syntax:  "ROLLBACK TRANSFORMATION name[@alias] [TO version]",
			Notes: "What an alias meant is a stack: ROLLBACK returns to the version before, a second one to the version before that; `TO version` goes further back at once. At the bottom it fails (55000). " +
				"It is for the owner.\n\nReturns `transformation, alias, version, previous`: the version that it means now, and the one that it meant.",
			Examples: []stmt.Example{
				{Setup: exampleTwoVersions, SQL: "ROLLBACK TRANSFORMATION tidy", Want: "tidy\tdefault\t1\t2"},
				{SQL: "ROLLBACK TRANSFORMATION tidy", Code: "55000"},
			},
		},
	}
}

// rollbackTransformation is ROLLBACK TRANSFORMATION as it was written.
type rollbackTransformation struct {
	ref parse.ModelRef
	to  int64
}

func parseRollbackTransformation(p *parse.Parser) (*rollbackTransformation, error) {
	if err := p.ExpectWords("rollback", "transformation"); err != nil {
		return nil, err
	}
	r := &rollbackTransformation{}
	var err error
	if r.ref, err = p.ModelRef(); err != nil {
		return nil, err
	}
	if r.ref.Version != 0 {
		return nil, parse.Errorf(r.ref.Span, sqlstate.SyntaxError, "ROLLBACK TRANSFORMATION takes a transformation or an alias, not a version").
			WithHint("ROLLBACK TRANSFORMATION %s TO %d;", r.ref.Name.Span.Text, r.ref.Version)
	}
	if p.AcceptWord("to") {
		r.to, _, err = readVersion(p)
	}
	return r, err
}

func (r *rollbackTransformation) alias() string {
	if r.ref.Alias == "" {
		return predict.DefaultAlias
	}
	return lex.Fold(r.ref.Alias)
}

func (r *rollbackTransformation) Plan(ctx context.Context, ss stmt.Session) (*stmt.Plan, error) {
	s, err := session(ss)
	if err != nil {
		return nil, err
	}
	t, now, back, err := r.check(ctx, s)
	if err != nil {
		return nil, err
	}
	return &stmt.Plan{
		Columns: result("transformation VARCHAR, alias VARCHAR, version BIGINT, previous BIGINT"),
		Explain: []string{fmt.Sprintf("Return %s from version %d to version %d", predict.AliasName(t.key, r.alias()), now.version, back.version)},
		Exec: func(ctx context.Context, _ stmt.Session) (*stmt.Result, error) {
			t, now, back, err := r.check(ctx, s)
			if err != nil {
				return nil, err
			}
			v, err := t.version(ctx, s, back.version)
			if err != nil {
				return nil, err
			}
			if v == nil {
				return nil, t.noVersion(ctx, s, back.version, r.ref.Span)
			}
			if err := t.point(ctx, s, v, r.alias(), r.ref.Span); err != nil {
				return nil, err
			}
			_, err = s.Exec(ctx, `UPDATE eider.transformation_alias_store SET undone_at = now() WHERE transformation = $1 AND alias = $2 AND number > $3 AND undone_at IS NULL`,
				t.key, r.alias(), back.number)
			return &stmt.Result{Rows: [][]any{{t.key, r.alias(), back.version, now.version}}}, err
		},
	}, nil
}

// check returns what the alias means and what it is to mean again.
func (r *rollbackTransformation) check(ctx context.Context, s Session) (t *transformation, now, back deployment, err error) {
	if t, err = findTransformation(ctx, s, r.ref.Name); err != nil {
		return nil, now, back, err
	}
	if err = ownsTransformation(ctx, s, t); err != nil {
		return nil, now, back, err
	}
	rows, err := s.Query(ctx, `SELECT number::BIGINT, version::BIGINT FROM eider.transformation_alias_store WHERE transformation = $1 AND alias = $2 AND undone_at IS NULL
		ORDER BY number DESC`, t.key, r.alias())
	if err != nil {
		return nil, now, back, err
	}
	if len(rows) == 0 {
		aliases, err := t.aliases(ctx, s)
		if err == nil {
			err = t.noAlias(r.ref.Span, r.alias(), aliases)
		}
		return nil, now, back, err
	}
	now = deployment{whole(rows[0][0]), whole(rows[0][1])}
	for _, row := range rows[1:] {
		back = deployment{whole(row[0]), whole(row[1])}
		if r.to != 0 && back.version == r.to || r.to == 0 && back.version != now.version {
			return t, now, back, nil
		}
	}
	return nil, now, back, parse.Errorf(r.ref.Span, sqlstate.ObjectNotInPrerequisiteState, "%s has meant no such version before version %d", predict.AliasName(t.key, r.alias()), now.version).
		WithHint("ALTER TRANSFORMATION %s SET ALIAS %s = …; chooses any version.", quoteKey(t.key), r.alias())
}

func dropTransformationKind() *stmt.Kind {
	return &stmt.Kind{
		Name: "DROP TRANSFORMATION", Leads: [][]string{{"drop", "transformation"}}, Parse: stmt.Reader(parseDropTransformation),
		Call: "eider.drop_transformation", FromCall: fromCallOf("transformation", func(t *twin) error {
			t.write("DROP TRANSFORMATION ")
			return first(t.flag("if_exists", "IF EXISTS "), t.model(), t.flag("cascade", " CASCADE"))
		}, parseDropTransformation),
		Doc: stmt.Doc{
			Summary: "Drops transformations, or versions of them.",
			Syntax:  "DROP TRANSFORMATION [IF EXISTS] name[@version] [, …] [CASCADE | RESTRICT]",
			Notes: "Views and macros that use it are a reason to refuse (2BP01, which names them); CASCADE drops them too, and what reads those. Models that were trained through it stay and predict, but can't be trained again by RETRAIN MODEL. " +
				"A version that an alias means can't be dropped (55006). It is for the owner.",
			Examples: []stmt.Example{
				{Setup: exampleTwoVersions + "; CREATE VIEW tidied AS SELECT * FROM transform('tidy', guests)", SQL: "DROP TRANSFORMATION tidy", Code: "2BP01"},
				{SQL: "DROP TRANSFORMATION tidy@2", Code: "55006"},
				{SQL: "DROP TRANSFORMATION tidy@1"},
				{SQL: "DROP TRANSFORMATION tidy CASCADE"},
				{SQL: "DROP TRANSFORMATION IF EXISTS tidy"},
				{SQL: "DROP TRANSFORMATION tidy", Code: "42704"},
			},
		},
	}
}

// dropTransformation is DROP TRANSFORMATION as it was written.
type dropTransformation struct{ *drop }

func parseDropTransformation(p *parse.Parser) (*dropTransformation, error) {
	d, err := parseDropOf(p, "transformation")
	return &dropTransformation{d}, err
}

func (d *dropTransformation) Plan(ctx context.Context, ss stmt.Session) (*stmt.Plan, error) {
	s, err := session(ss)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, ref := range d.models {
		t, all, err := d.check(ctx, s, ref)
		switch {
		case err != nil:
			return nil, err
		case t == nil:
			lines = append(lines, "Skip "+ref.Span.Text+", which does not exist")
			continue
		}
		lines = append(lines, "Drop transformation "+ref.Span.Text)
		if d.cascade && len(all) > 0 {
			lines = append(lines, "Drop what depends on it: "+strings.ReplaceAll(describeAll(all), "\n", ", "))
		}
	}
	return &stmt.Plan{Explain: lines, Exec: func(ctx context.Context, _ stmt.Session) (*stmt.Result, error) {
		for _, ref := range d.models {
			t, all, err := d.check(ctx, s, ref)
			if err != nil {
				return nil, err
			}
			if t == nil {
				s.Notice("NOTICE", fmt.Sprintf("transformation %s does not exist, skipping", ref.Span.Text))
				continue
			}
			if err := d.exec(ctx, s, t, ref, all); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}}, nil
}

// check finds the transformation, asks for the rights and returns what depends on it; nil with IF EXISTS where there is none.
func (d *dropTransformation) check(ctx context.Context, s Session, ref parse.ModelRef) (*transformation, []dependent, error) {
	t, err := findTransformation(ctx, s, ref.Name)
	if err == nil && ref.Version != 0 {
		var v *transformationVersion
		if v, err = t.version(ctx, s, ref.Version); err == nil && v == nil {
			err = t.noVersion(ctx, s, ref.Version, ref.Span)
		}
	}
	if d.ifExists && sqlstate.Is(err, sqlstate.UndefinedObject) {
		return nil, nil, nil
	}
	if err == nil {
		err = ownsTransformation(ctx, s, t)
	}
	if err != nil {
		return nil, nil, err
	}
	if err := t.inForce(ctx, s, ref); err != nil {
		return nil, nil, err
	}
	all, err := dependentsOn(ctx, s, transformationSchema, t.key)
	if ref.Version != 0 {
		all = using(all, predict.VersionName(t.key, int(ref.Version)))
	}
	if err == nil {
		all, err = indirect(ctx, s, all)
	}
	if err == nil && len(all) > 0 && !d.cascade {
		err = parse.Errorf(ref.Span, sqlstate.DependentObjectsStillExist, "cannot drop transformation %s because other objects depend on it", ref.Span.Text).
			WithDetail("%s", describeAll(all)).WithHint("Use DROP … CASCADE to drop the dependent objects too.")
	}
	return t, all, err
}

// inForce is 55006 for a version that an alias means.
func (t *transformation) inForce(ctx context.Context, s Session, ref parse.ModelRef) error {
	if ref.Version == 0 {
		return nil
	}
	aliases, err := t.aliases(ctx, s)
	if err != nil {
		return err
	}
	var names []string
	for a, v := range aliases {
		if v == ref.Version {
			names = append(names, predict.AliasName(t.key, a))
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return parse.Errorf(ref.Span, sqlstate.ObjectInUse, "version %d of transformation %s is what %s means", ref.Version, t.key, strings.Join(names, ", ")).
		WithHint("ALTER TRANSFORMATION %s SET ALIAS … first.", quoteKey(t.key))
}

func (d *dropTransformation) exec(ctx context.Context, s Session, t *transformation, ref parse.ModelRef, all []dependent) error {
	for _, o := range all {
		if err := o.drop(ctx, s); err != nil {
			return err
		}
	}
	if ref.Version != 0 {
		if err := unwriteTransformation(ctx, s, predict.VersionName(t.key, int(ref.Version))); err != nil {
			return err
		}
		return run(ctx, s, []any{t.key, ref.Version}, `DELETE FROM eider.transformation_version_store WHERE transformation = $1 AND version = $2`,
			`UPDATE eider.transformation_alias_store SET undone_at = now() WHERE transformation = $1 AND version = $2 AND undone_at IS NULL`)
	}
	rows, err := s.Query(ctx, `SELECT function_name FROM duckdb_functions() WHERE database_name = $1 AND schema_name = $2`, s.Database(), transformationSchema)
	if err != nil {
		return err
	}
	for _, name := range texts(rows) {
		if predict.KeyOf(name) != t.key {
			continue
		}
		if err := unwriteTransformation(ctx, s, name); err != nil {
			return err
		}
	}
	err = run(ctx, s, []any{t.key}, `DELETE FROM eider.transformation_version_store WHERE transformation = $1`,
		`DELETE FROM eider.transformation_alias_store WHERE transformation = $1`, `DELETE FROM eider.transformation_store WHERE transformation = $1`)
	if err != nil {
		return err
	}
	return s.DisownTransformation(ctx, t.key)
}
