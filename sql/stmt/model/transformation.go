package model

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/eiderdb/eider/functions/model/transform"
	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

// transformationSchema is where the macros of transformations are, named as those of models.
const transformationSchema = "eider_transformations"

// transformation is a row of eider.transformation_store.
type transformation struct {
	key, name string
	next      int64
}

// transformationVersion is a row of eider.transformation_version_store.
type transformationVersion struct {
	key         string
	number      int64
	signature   []predict.Field
	outputs     []transformationOutput
	star        bool
	excluded    []string
	fitted      string
	statement   string
	query       string
	fingerprint string
	// rows is nil where nothing was fitted.
	rows      *int64
	warnings  []string
	createdBy string
}

// transformationOutput is a column that a transformation makes.
type transformationOutput struct {
	Name string `json:"name"`
	Type string `json:"type"`
	// SQL is its expression over the macro's parameters, From the item as people read it.
	SQL    string `json:"sql"`
	From   string `json:"from"`
	Fitted bool   `json:"fitted"`
	// Columns are those that a plain item sees, cast to what they were.
	Columns []string `json:"columns,omitempty"`
}

// findTransformation returns a transformation, which must exist: 42704 with the closest name as hint.
func findTransformation(ctx context.Context, s stmt.Session, n parse.QualifiedName) (*transformation, error) {
	key, err := keyOf(s, n)
	if err != nil {
		return nil, err
	}
	t, err := lookupTransformation(ctx, s, key)
	if err != nil || t != nil {
		return t, err
	}
	e := parse.Errorf(n.Span, sqlstate.UndefinedObject, "transformation %q does not exist", key)
	rows, err := s.Query(ctx, `SELECT transformation FROM eider.transformations ORDER BY transformation`)
	if err != nil {
		return nil, err
	}
	if near := parse.Closest(key, texts(rows)); near != "" {
		return nil, e.WithHint("Did you mean %s?", quoteKey(near))
	}
	return nil, e.WithHint("SHOW TRANSFORMATIONS lists them.")
}

func lookupTransformation(ctx context.Context, s stmt.Session, key string) (*transformation, error) {
	rows, err := s.Query(ctx, `SELECT transformation, name, next::BIGINT FROM eider.transformation_store WHERE transformation = $1`, key)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &transformation{text(rows[0][0]), text(rows[0][1]), whole(rows[0][2])}, nil
}

// ownsTransformation is 42501 unless the user owns it or is a superuser.
func ownsTransformation(ctx context.Context, s Session, t *transformation) error {
	if s.IsSuperuser() {
		return nil
	}
	rows, err := s.Query(ctx, `SELECT 1 FROM eider.transformations WHERE transformation = $1 AND eider_has_role(current_connection_id(), coalesce(owner, ''))`, t.key)
	if err == nil && len(rows) == 0 {
		err = sqlstate.Newf(sqlstate.InsufficientPrivilege, "must be owner of transformation %s", t.key)
	}
	return err
}

// aliases returns each alias with its version.
func (t *transformation) aliases(ctx context.Context, s stmt.Session) (map[string]int64, error) {
	rows, err := s.Query(ctx, `SELECT alias, arg_max(version, number)::BIGINT FROM eider.transformation_alias_store
		WHERE transformation = $1 AND undone_at IS NULL GROUP BY alias`, t.key)
	out := map[string]int64{}
	for _, r := range rows {
		out[text(r[0])] = whole(r[1])
	}
	return out, err
}

const transformationColumns = `transformation, version, signature, outputs, star, excluded, fitted, statement, query, fingerprint, fitted_rows, warnings, created_by`

// version returns a version, nil if there is none of that number.
func (t *transformation) version(ctx context.Context, s stmt.Session, number int64) (*transformationVersion, error) {
	rows, err := s.Query(ctx, `SELECT `+transformationColumns+` FROM eider.transformation_version_store WHERE transformation = $1 AND version = $2::BIGINT`, t.key, number)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	r := rows[0]
	v := &transformationVersion{key: text(r[0]), number: whole(r[1]), excluded: strs(r[5]), fitted: text(r[6]), statement: text(r[7]), query: text(r[8]),
		fingerprint: text(r[9]), rows: maybe(r[10]), warnings: strs(r[11]), createdBy: text(r[12])}
	v.star, _ = r[4].(bool)
	if v.signature, err = predict.ParseSignature(text(r[2])); err == nil {
		err = json.Unmarshal([]byte(text(r[3])), &v.outputs)
	}
	if err != nil {
		return nil, sqlstate.Newf(sqlstate.DataCorrupted, "version %d of transformation %s can't be read: %w", v.number, v.key, err)
	}
	return v, nil
}

// resolveTransformation returns the version that a reference means.
func resolveTransformation(ctx context.Context, s stmt.Session, ref parse.ModelRef) (*transformation, *transformationVersion, error) {
	t, err := findTransformation(ctx, s, ref.Name)
	if err != nil {
		return nil, nil, err
	}
	number := ref.Version
	if number == 0 {
		aliases, err := t.aliases(ctx, s)
		if err != nil {
			return nil, nil, err
		}
		alias := predict.DefaultAlias
		if ref.Alias != "" {
			alias = lex.Fold(ref.Alias)
		}
		if number = aliases[alias]; number == 0 {
			return nil, nil, t.noAlias(ref.Span, alias, aliases)
		}
	}
	v, err := t.version(ctx, s, number)
	if err == nil && v == nil {
		err = t.noVersion(ctx, s, number, ref.Span)
	}
	return t, v, err
}

func (t *transformation) noAlias(at parse.Span, alias string, aliases map[string]int64) error {
	return unknownAlias(at, "transformation "+t.key, alias, aliases, "It has none.")
}

func (t *transformation) noVersion(ctx context.Context, s stmt.Session, number int64, at parse.Span) error {
	return unknownVersion(ctx, s, at, "transformation "+t.key, number,
		`SELECT version::VARCHAR FROM eider.transformation_version_store WHERE transformation = $1 ORDER BY version DESC LIMIT 10`, t.key)
}

// store inserts the version.
func (v *transformationVersion) store(ctx context.Context, s Session) error {
	signature, err := json.Marshal(v.signature)
	if err != nil {
		return fmt.Errorf("write the signature of %s: %w", v.key, err)
	}
	outputs, err := json.Marshal(v.outputs)
	if err != nil {
		return fmt.Errorf("write the columns of %s: %w", v.key, err)
	}
	_, err = s.Exec(ctx, `INSERT INTO eider.transformation_version_store (`+transformationColumns+`, program, created_at) VALUES
		($1, $2, $3, $4, $5, $6::VARCHAR[], $7, $8, $9, $10, $11::BIGINT, $12::VARCHAR[], $13, $14, now())`,
		v.key, v.number, string(signature), string(outputs), v.star, textList(v.excluded), v.fitted, v.statement, v.query, nullable(v.fingerprint),
		orNull(v.rows), textList(v.warnings), v.createdBy, s.Program())
	return err
}

// write makes the version's macro under a name.
func (v *transformationVersion) write(ctx context.Context, s stmt.Session, name string) error {
	params := make([]string, len(v.signature))
	for i, f := range v.signature {
		params[i] = lex.QuoteIdent(f.Name)
	}
	fields := make([]string, len(v.outputs))
	for i, o := range v.outputs {
		fields[i] = lex.QuoteIdent(o.Name) + " := " + o.SQL
	}
	body := "NULL" // only a star: nobody calls it
	if len(fields) > 0 {
		body = "struct_pack(" + strings.Join(fields, ", ") + ")"
	}
	_, err := s.Exec(ctx, "CREATE OR REPLACE MACRO "+transformationMacro(name)+"("+strings.Join(params, ", ")+") AS ("+body+")")
	return err
}

func transformationMacro(name string) string {
	return transformationSchema + "." + lex.QuoteIdent(name)
}

// fill takes what was fitted.
func (v *transformationVersion) fill(t *transform.FittedRelation) error {
	v.star, v.excluded, v.warnings = t.Star, t.Exclude, t.Warnings()
	casts := map[string]string{}
	for _, f := range t.Signature() {
		field := predict.Field{Name: f.Name, Type: f.Type.String()}
		v.signature = append(v.signature, field)
		casts[f.Name] = "(CAST(" + lex.QuoteIdent(f.Name) + " AS " + predict.CastType(field.Type) + "))"
	}
	// What is fitted is written as a model has it. Plain items see their columns as of the fit, so that the columns
	// that they make keep their types.
	plain := t.Outputs(func(column string) string { return casts[column] })
	for i, o := range t.Outputs(lex.QuoteIdent) {
		if !o.Fitted {
			o.SQL = plain[i].SQL
		}
		v.outputs = append(v.outputs, transformationOutput{o.Name, o.Type.String(), o.SQL, o.From, o.Fitted, o.Columns})
	}
	if v.outputs == nil {
		v.outputs = []transformationOutput{}
	}
	if v.signature == nil {
		v.signature = []predict.Field{}
	}
	fitted, err := t.MarshalJSON()
	v.fitted = string(fitted)
	return err
}

// differs says why text that was written for one version can't use another, "" if it can: it names columns.
func (v *transformationVersion) differs(old *transformationVersion) string {
	names := func(fields []predict.Field) string {
		out := make([]string, len(fields))
		for i, f := range fields {
			out[i] = lex.Fold(f.Name)
		}
		slices.Sort(out)
		return strings.Join(out, ", ")
	}
	made := func(v *transformationVersion) string {
		out := make([]string, len(v.outputs))
		for i, o := range v.outputs {
			out[i] = o.Name + " " + o.Type
		}
		return strings.Join(out, ", ")
	}
	switch {
	case names(v.signature) != names(old.signature):
		return fmt.Sprintf("it needs the columns (%s), not (%s)", names(v.signature), names(old.signature))
	case made(v) != made(old):
		return fmt.Sprintf("it makes the columns (%s), not (%s)", made(v), made(old))
	case v.star != old.star || !slices.Equal(v.excluded, old.excluded):
		return "it keeps other columns"
	}
	return ""
}

// point makes an alias mean the version: 2BP01 where views use the alias and can't use this version.
func (t *transformation) point(ctx context.Context, s stmt.Session, v *transformationVersion, alias string, at parse.Span) error {
	aliases, err := t.aliases(ctx, s)
	if err != nil {
		return err
	}
	name := predict.AliasName(t.key, alias)
	old, err := t.version(ctx, s, aliases[alias])
	if err != nil {
		return err
	}
	if old != nil {
		if why := v.differs(old); why != "" {
			all, err := dependentsOn(ctx, s, transformationSchema, t.key)
			if err != nil {
				return err
			}
			if all = using(all, name); len(all) > 0 {
				return parse.Errorf(at, sqlstate.DependentObjectsStillExist, "%s can't take the place of %s: %s", refText(t.key, v.number), refText(t.key, old.number), why).
					WithDetail("%s", describeAll(all)).WithHint("Drop what depends on it first, or give it a name of its own.")
			}
		}
	}
	return v.write(ctx, s, name)
}

// mean records that an alias means the version from now on, and makes its macro.
func (t *transformation) mean(ctx context.Context, s stmt.Session, v *transformationVersion, alias string, at parse.Span) error {
	if err := t.point(ctx, s, v, alias, at); err != nil {
		return err
	}
	_, err := s.Exec(ctx, `INSERT INTO eider.transformation_alias_store (transformation, alias, number, version, set_at, set_by)
		SELECT $1, $2, coalesce(max(number), 0) + 1, $3, now(), $4 FROM eider.transformation_alias_store WHERE transformation = $1 AND alias = $2`,
		t.key, alias, v.number, s.User())
	return err
}

// unwriteTransformation drops the macro of a name.
func unwriteTransformation(ctx context.Context, s stmt.Session, name string) error {
	_, err := s.Exec(ctx, "DROP MACRO IF EXISTS "+transformationMacro(name))
	return err
}
