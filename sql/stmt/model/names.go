package model

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

// mainSchema is the schema that a model's key doesn't name.
const mainSchema = "main"

// splitKey returns the schema, "" for main, and the name of a model, both in lower case. Another
// database than the session's is 0A000.
func splitKey(s stmt.Session, n parse.QualifiedName) (schema, name string, err error) {
	parts := make([]string, len(n.Parts))
	for i, p := range n.Parts {
		parts[i] = lex.Fold(p.Text)
	}
	name = parts[len(parts)-1]
	if len(parts) == 3 && parts[0] != lex.Fold(s.Database()) {
		return "", "", parse.Errorf(n.Span, sqlstate.FeatureNotSupported, "a model of another database can't be named: %s", n.Span.Text).
			WithHint("A model lives in the database of the session, %s.", s.Database())
	}
	if len(parts) > 1 {
		schema = parts[len(parts)-2]
	}
	if schema == mainSchema || schema == "public" {
		schema = ""
	}
	return schema, name, nil
}

// keyOf returns a model's key.
func keyOf(s stmt.Session, n parse.QualifiedName) (string, error) {
	schema, name, err := splitKey(s, n)
	if err != nil || schema == "" {
		return name, err
	}
	return schema + "." + name, nil
}

// newKey is keyOf for a model to be made: its name must be one that can be told from versions and
// schemas (42602), its schema must exist (3F000) and the user must be allowed to create in it (42501).
func newKey(ctx context.Context, s Session, n parse.QualifiedName) (string, error) {
	return newKeyOf(ctx, s, n, "model")
}

// newKeyOf is newKey for something else than a model.
func newKeyOf(ctx context.Context, s Session, n parse.QualifiedName, what string) (string, error) {
	schema, name, err := splitKey(s, n)
	if err != nil {
		return "", err
	}
	if strings.ContainsAny(name+schema, "@:.\"\x00") {
		return "", parse.Errorf(n.Span, sqlstate.InvalidName, "invalid %s name: %s", what, n.Span.Text).
			WithHint("A %s's name has none of the characters @ : . and no quotes.", what)
	}
	if len(name) > maxNameBytes {
		return "", parse.Errorf(n.Span, sqlstate.InvalidName, "%s name is longer than %d bytes", what, maxNameBytes)
	}
	place := schema
	if place == "" {
		place = mainSchema
	}
	rows, err := s.Query(ctx, `SELECT schema_name, eider_has_privilege(current_connection_id(), schema_name, '', 'CREATE') FROM duckdb_schemas()
		WHERE database_name = $1 AND lower(schema_name) = $2`, s.Database(), place)
	if err != nil {
		return "", err
	}
	if len(rows) == 0 {
		return "", parse.Errorf(n.Span, sqlstate.InvalidSchemaName, "schema %q does not exist", place)
	}
	if may, _ := rows[0][1].(bool); !may && !s.IsSuperuser() {
		return "", parse.Errorf(n.Span, sqlstate.InsufficientPrivilege, "permission denied for schema %s", place)
	}
	if schema == "" {
		return name, nil
	}
	return schema + "." + name, nil
}

// quoteKey writes a key as a statement names the model.
func quoteKey(key string) string {
	parts := strings.Split(key, ".")
	for i, p := range parts {
		parts[i] = ident(p)
	}
	return strings.Join(parts, ".")
}

// ident writes a name, in quotes only where it needs them.
func ident(name string) string {
	if !plain(name) || parse.Reserved(name) {
		return lex.QuoteIdent(name)
	}
	return name
}

// plain reports whether a name needs no quotes.
func plain(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c != '_' && (c < 'a' || c > 'z') && c < 0x80 && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// model is a row of eider.model_store.
type model struct {
	key, name, task string
	next            int64
	options         string
}

// find returns a model, which must exist: 42704 with the closest name as hint.
func find(ctx context.Context, s stmt.Session, n parse.QualifiedName) (*model, error) {
	key, err := keyOf(s, n)
	if err != nil {
		return nil, err
	}
	m, err := lookup(ctx, s, key)
	if err != nil || m != nil {
		return m, err
	}
	e := parse.Errorf(n.Span, sqlstate.UndefinedObject, "model %q does not exist", key)
	rows, err := s.Query(ctx, `SELECT model FROM eider.models ORDER BY model`)
	if err != nil {
		return nil, err
	}
	known := texts(rows)
	if near := parse.Closest(key, known); near != "" {
		return nil, e.WithHint("Did you mean %s?", quoteKey(near))
	}
	return nil, e.WithHint("SHOW MODELS lists the models.")
}

// lookup returns the model of a key, nil if there is none.
func lookup(ctx context.Context, s stmt.Session, key string) (*model, error) {
	rows, err := s.Query(ctx, `SELECT model, name, task, next::BIGINT, options FROM eider.model_store WHERE model = $1`, key)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	r := rows[0]
	return &model{key: text(r[0]), name: text(r[1]), task: text(r[2]), next: whole(r[3]), options: text(r[4])}, nil
}

// seen fails with 42501 unless the user may see the model: owns it or was granted something on it.
func seen(ctx context.Context, s stmt.Session, m *model) error {
	rows, err := s.Query(ctx, `SELECT 1 FROM eider.models WHERE model = $1`, m.key)
	if err == nil && len(rows) == 0 {
		err = sqlstate.Newf(sqlstate.InsufficientPrivilege, "permission denied for model %s", m.key)
	}
	return err
}

// deployed returns each alias of a model with its version.
func deployed(ctx context.Context, s stmt.Session, key string) (map[string]int64, error) {
	rows, err := s.Query(ctx, `SELECT alias, arg_max(version, number)::BIGINT FROM eider.deployment_store
		WHERE model = $1 AND undone_at IS NULL GROUP BY alias`, key)
	if err != nil {
		return nil, err
	}
	out := map[string]int64{}
	for _, r := range rows {
		out[text(r[0])] = whole(r[1])
	}
	return out, nil
}

// resolve returns the version that a reference means. A bare name means the default alias: 55000
// while nothing is deployed.
func resolve(ctx context.Context, s stmt.Session, ref parse.ModelRef) (*model, *version, error) {
	m, err := find(ctx, s, ref.Name)
	if err != nil {
		return nil, nil, err
	}
	number := ref.Version
	if number == 0 {
		aliases, err := deployed(ctx, s, m.key)
		if err != nil {
			return nil, nil, err
		}
		alias := predict.DefaultAlias
		if ref.Alias != "" {
			alias = lex.Fold(ref.Alias)
		}
		if number = aliases[alias]; number == 0 {
			return nil, nil, noAlias(ref, m, alias, aliases)
		}
	}
	v, err := m.version(ctx, s, number)
	if err != nil {
		return nil, nil, err
	}
	if v == nil {
		return nil, nil, m.noVersion(ctx, s, number, ref.Span)
	}
	return m, v, nil
}

func noAlias(ref parse.ModelRef, m *model, alias string, aliases map[string]int64) error {
	if alias == predict.DefaultAlias {
		return parse.Errorf(ref.Span, sqlstate.ObjectNotInPrerequisiteState, "no version of model %s is deployed", m.key).
			WithHint("DEPLOY MODEL %s@%d; or name a version.", quoteKey(m.key), max(m.next-1, 1))
	}
	return unknownAlias(ref.Span, "model "+m.key, alias, aliases, fmt.Sprintf("It has none; DEPLOY MODEL … TO %s makes one.", alias))
}

// unknownAlias is the error for an alias that what has not; none is the hint where it has no alias at all.
func unknownAlias(at parse.Span, what, alias string, aliases map[string]int64, none string) error {
	known := slices.Sorted(maps.Keys(aliases))
	e := parse.Errorf(at, sqlstate.UndefinedObject, "%s has no alias %q", what, alias)
	if near := parse.Closest(alias, known); near != "" {
		return e.WithHint("Did you mean %s?", near)
	}
	if len(known) == 0 {
		return e.WithHint("%s", none)
	}
	return e.WithHint("Its aliases are %s.", strings.Join(known, ", "))
}

func (m *model) noVersion(ctx context.Context, s stmt.Session, number int64, at parse.Span) error {
	return unknownVersion(ctx, s, at, "model "+m.key, number,
		`SELECT version::VARCHAR FROM eider.model_version_store WHERE model = $1 ORDER BY version DESC LIMIT 10`, m.key)
}

// unknownVersion is the error for a version that what has not; query lists those that key has.
func unknownVersion(ctx context.Context, s stmt.Session, at parse.Span, what string, number int64, query, key string) error {
	rows, err := s.Query(ctx, query, key)
	if err != nil {
		return err
	}
	e := parse.Errorf(at, sqlstate.UndefinedObject, "%s has no version %d", what, number)
	if len(rows) == 0 {
		return e.WithHint("It has no version.")
	}
	return e.WithHint("Its versions are %s.", strings.Join(texts(rows), ", "))
}

// texts is the first column of rows.
func texts(rows [][]any) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = text(r[0])
	}
	return out
}

// text, whole and list are a value of a row; NULL is their zero value.
func text(v any) string {
	s, _ := v.(string)
	return s
}

func whole(v any) int64 {
	n, _ := v.(int64)
	return n
}

func strs(v any) []string {
	l, ok := v.([]any)
	if !ok {
		return nil
	}
	out := make([]string, len(l))
	for i, e := range l {
		out[i] = text(e)
	}
	return out
}

// anys is a list for a parameter; nil stays NULL.
func anys(l []string) any {
	if l == nil {
		return nil
	}
	out := make([]any, len(l))
	for i, s := range l {
		out[i] = s
	}
	return out
}

// nullable is NULL for an empty text.
func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// ref writes a version as a statement names it.
func refText(key string, number int64) string { return fmt.Sprintf("%s@%d", quoteKey(key), number) }
