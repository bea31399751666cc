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

// dependent is a view or a macro of a user's that predicts with a model.
type dependent struct {
	kind         string // view, macro or table macro
	schema, name string
	// macros are the names in eider_models that it calls, in lower case.
	macros []string
}

func (d dependent) String() string { return d.kind + " " + d.qualified() }

func (d dependent) qualified() string { return lex.QuoteIdent(d.schema) + "." + lex.QuoteIdent(d.name) }

// dependents finds the views and macros of the session's database that call macros of a model,
// by their text: DuckDB keeps no record of it.
func dependents(ctx context.Context, s stmt.Session, key string) ([]dependent, error) {
	return dependentsOn(ctx, s, predict.Schema, key)
}

// dependentsOn is dependents for the macros of a schema.
func dependentsOn(ctx context.Context, s stmt.Session, schema, key string) ([]dependent, error) {
	rows, err := s.Query(ctx, `SELECT 'view', schema_name, view_name, sql FROM duckdb_views()
			WHERE database_name = $1 AND NOT internal AND contains(lower(sql), $2)
		UNION ALL SELECT CASE function_type WHEN 'macro' THEN 'macro' ELSE 'table macro' END, schema_name, function_name, macro_definition FROM duckdb_functions()
			WHERE database_name = $1 AND NOT internal AND function_type IN ('macro', 'table_macro') AND schema_name <> $2
			AND contains(lower(macro_definition), $2)
		ORDER BY ALL`, s.Database(), schema)
	if err != nil {
		return nil, err
	}
	var out []dependent
	for _, r := range rows {
		d := dependent{kind: text(r[0]), schema: text(r[1]), name: text(r[2])}
		for _, m := range calledMacros(text(r[3]), schema) {
			if predict.KeyOf(m) == key {
				d.macros = append(d.macros, m)
			}
		}
		if d.macros != nil {
			out = append(out, d)
		}
	}
	return out, nil
}

// calledMacros returns the names behind a schema in a text, in lower case.
func calledMacros(sql, in string) []string {
	var out []string
	toks := lex.Lex(sql)
	toks = slices.DeleteFunc(toks, lex.Token.IsBlank)
	for i := 0; i+2 < len(toks); i++ {
		schema, ok := lex.Value(sql, toks[i])
		if !ok || !toks[i].IsIdent() || !lex.EqualFold(schema, in) || !toks[i+1].Is(sql, ".") || !toks[i+2].IsIdent() {
			continue
		}
		if name, ok := lex.Value(sql, toks[i+2]); ok {
			out = append(out, lex.Fold(name))
		}
	}
	return out
}

// using keeps those that call the macros of a name: an alias's or a version's.
func using(all []dependent, name string) []dependent {
	var out []dependent
	for _, d := range all {
		for _, m := range d.macros {
			base, _, _ := strings.Cut(m, ":")
			if base == name {
				out = append(out, d)
				break
			}
		}
	}
	return out
}

// maxNamed bounds the dependents that an error names.
const maxNamed = 20

func describeAll(all []dependent) string {
	names := make([]string, 0, len(all))
	for i, d := range all {
		if i == maxNamed {
			names = append(names, fmt.Sprintf("and %d more", len(all)-i))
			break
		}
		names = append(names, d.String())
	}
	return strings.Join(names, "\n")
}

// incompatible says why text that calls the macros of one version can't call those of another,
// "" if it can.
func incompatible(old, new *version) string {
	if !slices.Equal(needed(old), needed(new)) { // arguments go by name
		return fmt.Sprintf("it needs the columns (%s), not (%s)", signatureNames(new), signatureNames(old))
	}
	switch {
	case old.task != new.task:
		return fmt.Sprintf("it does %s, not %s", new.task, old.task)
	case old.output != new.output:
		return fmt.Sprintf("it predicts %s, not %s", new.output, old.output)
	case old.outputs() != new.outputs():
		return "it has another number of classes"
	}
	return ""
}

// needed are the columns of a version's signature, in order.
func needed(v *version) []string {
	var out []string
	for _, f := range v.signature {
		out = append(out, lex.Fold(f.Name))
	}
	slices.Sort(out)
	return out
}

func signatureNames(v *version) string {
	names := make([]string, len(v.signature))
	for i, f := range v.signature {
		names[i] = f.Name
	}
	return strings.Join(names, ", ")
}

// deployAs makes an alias mean the version. It is 2BP01 where views call the alias and can't call
// this version; an alias that means it already stays as it is.
func (m *model) deployAs(ctx context.Context, s stmt.Session, v *version, alias, reason string, at parse.Span) (changed bool, err error) {
	aliases, err := deployed(ctx, s, m.key)
	if err != nil {
		return false, err
	}
	if aliases[alias] == v.number {
		return false, nil
	}
	_, err = s.Exec(ctx, `INSERT INTO eider.deployment_store (model, alias, number, version, reason, deployed_at, deployed_by)
		SELECT $1, $2, coalesce(max(number), 0) + 1, $3, $4, now(), $5 FROM eider.deployment_store WHERE model = $1 AND alias = $2`,
		m.key, alias, v.number, reason, s.User())
	if err != nil {
		return false, err
	}
	return true, m.point(ctx, s, v, alias, aliases[alias], at)
}

// mayReplace fails where something that calls the alias couldn't call the version.
func (m *model) mayReplace(ctx context.Context, s stmt.Session, old, v *version, alias string, at parse.Span) error {
	why := incompatible(old, v)
	if why == "" {
		return nil
	}
	all, err := dependents(ctx, s, m.key)
	if err != nil {
		return err
	}
	if all = using(all, predict.AliasName(m.key, alias)); len(all) == 0 {
		return nil
	}
	return parse.Errorf(at, sqlstate.DependentObjectsStillExist, "%s can't take the place of %s: %s", refText(m.key, v.number), refText(m.key, old.number), why).
		WithDetail("%s", describeAll(all)).WithHint("Drop what depends on it, deploy, and create it again; or deploy to another alias.")
}

// point makes the macros of an alias, which meant version now (0 for none), those of another
// version; those of forms that it hasn't go.
func (m *model) point(ctx context.Context, s stmt.Session, v *version, alias string, now int64, at parse.Span) error {
	name := predict.AliasName(m.key, alias)
	old, err := m.version(ctx, s, now)
	if err != nil {
		return err
	}
	if old != nil {
		if err := m.mayReplace(ctx, s, old, v, alias, at); err != nil {
			return err
		}
		if old.task != v.task {
			if err := unwrite(ctx, s, name); err != nil {
				return err
			}
		}
	}
	return v.write(ctx, s, name)
}
