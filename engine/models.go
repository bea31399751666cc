package engine

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// modelVersion is what a prediction needs to know of a version that a reference names.
type modelVersion struct {
	// kind is how errors call it: model where it is empty, transformation.
	kind      string
	key, name string
	// ref is how errors name it: churn, churn@5, churn@prod.
	ref string
	// macro is the name of its macros without a form.
	macro     string
	version   int
	task      model.Task
	output    string
	classes   int
	signature []predict.Field
	// made is what a transformation makes; nil for a model.
	made *newColumns
	// error is why there is none.
	error *sqlstate.Error
}

func (v *modelVersion) what() string {
	if v.kind == "" {
		return "model"
	}
	return v.kind
}

// modelCache are the versions that predictions have asked for, as committed.
type modelCache struct {
	mu    sync.Mutex // guards what follows
	at    uint64     // the count of committed definitions when they were read
	found map[string]*modelVersion
}

// maxModels bounds the cache; then it starts anew.
const maxModels = 1024

func (c *modelCache) get(at uint64, ref string) *modelVersion {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at != at {
		return nil
	}
	return c.found[ref]
}

func (c *modelCache) put(at uint64, ref string, v *modelVersion) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at != at || len(c.found) >= maxModels || c.found == nil {
		if c.at > at {
			return
		}
		c.at, c.found = at, map[string]*modelVersion{}
	}
	c.found[ref] = v
}

// forget drops what was read, in case it is older than its count says.
func (c *modelCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.found = nil
}

// modelKey is a model's key: its name in lower case, with schema. before it unless that is main.
func (db *DB) modelKey(n parse.QualifiedName) (string, error) {
	name := lex.Fold(n.Last())
	schema := ""
	switch parts := n.Parts; len(parts) {
	case 3:
		if !lex.EqualFold(parts[0].Text, db.name) {
			return "", sqlstate.Newf(sqlstate.FeatureNotSupported, "model %s is in another database than %s", n.Span.Text, db.name)
		}
		schema = lex.Fold(parts[1].Text)
	case 2:
		schema = lex.Fold(parts[0].Text)
	}
	if schema == "" || schema == "main" || schema == "public" {
		return name, nil
	}
	return schema + "." + name, nil
}

// modelOf finds the version that a reference means, as the session's transaction sees it, and
// checks that the user may predict with it. An unknown one is 42704.
func (s *Session) modelOf(ctx context.Context, ref parse.ModelRef) (*modelVersion, error) {
	key, err := s.db.modelKey(ref.Name)
	if err != nil {
		return nil, err
	}
	v, err := s.modelVersion(ctx, key, ref)
	if err != nil {
		return nil, err
	}
	if v.name == "" { // before the privilege, which nobody has on what isn't there
		return nil, s.noSuchModel(ctx, key)
	}
	if err := s.who.RequireModel(ctx, s.conn, key, "PREDICT"); err != nil {
		return nil, err
	}
	if v.error != nil {
		return nil, v.error
	}
	return v, nil
}

// modelVersion looks a version up. Whoever began before a change was committed, or changes
// definitions itself, asks its own transaction.
func (s *Session) modelVersion(ctx context.Context, key string, ref parse.ModelRef) (*modelVersion, error) {
	return s.cachedVersion(ctx, "", key, ref, loadModel)
}

// cachedVersion is modelVersion for what load reads.
func (s *Session) cachedVersion(ctx context.Context, kind, key string, ref parse.ModelRef, load func(context.Context, querier, string, parse.ModelRef) (*modelVersion, error)) (*modelVersion, error) {
	db, at := s.db, s.db.planned.Load()
	if s.tx.began && (s.tx.defined || s.tx.planned != at) {
		return load(ctx, s.conn, key, ref)
	}
	spelled := predict.AliasName(key, ref.Alias)
	if ref.Version > 0 {
		spelled = predict.VersionName(key, int(ref.Version))
	}
	if kind != "" {
		spelled = kind + ":" + spelled // no key has a colon
	}
	if v := db.models.get(at, spelled); v != nil {
		return v, nil
	}
	v, err := load(ctx, &db.committed, key, ref)
	if err == nil {
		db.models.put(at, spelled, v)
	}
	return v, err
}

// querier runs a query and returns its rows.
type querier interface {
	QueryRows(ctx context.Context, sql string, args ...any) ([][]any, error)
}

const modelSQL = `SELECT m.name, m.task, v.version::BIGINT, v.output_type, len(v.classes)::BIGINT, v.signature,
		(SELECT list(o.version::VARCHAR ORDER BY o.version) FROM eider.model_version_store o WHERE o.model = $1),
		(SELECT list(DISTINCT d.alias ORDER BY d.alias) FROM eider.deployment_store d WHERE d.model = $1 AND d.undone_at IS NULL)
	FROM eider.model_store m LEFT JOIN eider.model_version_store v ON v.model = m.model AND v.version = `

const (
	byVersion = `$2::INTEGER`
	byAlias   = `(SELECT d.version FROM eider.deployment_store d WHERE d.model = $1 AND d.alias = $2 AND d.undone_at IS NULL ORDER BY d.number DESC LIMIT 1)`
)

// lookUp reads the row of the version that a reference means by sql, with byAlias where it names none and
// where at its end, and what v is called by it; nil where there is no row. The alias is the one looked for.
func (v *modelVersion) lookUp(ctx context.Context, q querier, ref parse.ModelRef, sql, byAlias, where string) (row []any, alias string, err error) {
	v.ref = ref.Name.Last()
	arg := any(ref.Version)
	alias = lex.Fold(ref.Alias)
	if ref.Version > 0 {
		v.ref, v.macro = v.ref+"@"+strconv.FormatInt(ref.Version, 10), predict.VersionName(v.key, int(ref.Version))
		sql += byVersion
	} else {
		v.macro = predict.AliasName(v.key, alias)
		if alias == "" {
			alias = predict.DefaultAlias
		} else {
			v.ref += "@" + ref.Alias
		}
		sql, arg = sql+byAlias, alias
	}
	rows, err := q.QueryRows(ctx, sql+where, v.key, arg)
	switch {
	case sqlstate.Is(err, sqlstate.UndefinedTable): // a file opened read-only that has none of the kind yet
		return nil, alias, nil
	case err != nil:
		return nil, alias, nowhere(err)
	case len(rows) == 0:
		return nil, alias, nil
	}
	v.name, _ = rows[0][0].(string)
	return rows[0], alias, nil
}

// loadModel reads a version from the catalog; what is missing is told by its error.
func loadModel(ctx context.Context, q querier, key string, ref parse.ModelRef) (*modelVersion, error) {
	v := &modelVersion{key: key}
	row, alias, err := v.lookUp(ctx, q, ref, modelSQL, byAlias, " WHERE m.model = $1")
	switch {
	case err != nil:
		return nil, err
	case row == nil:
		return v, nil
	}
	task, _ := row[1].(string)
	v.task = model.Task(task)
	version, ok := row[2].(int64)
	if !ok {
		v.error = v.missing(ref, alias, row[6], row[7])
		return v, nil
	}
	v.version = int(version)
	v.output, _ = row[3].(string)
	classes, _ := row[4].(int64)
	v.classes = int(classes)
	text, _ := row[5].(string)
	v.signature, err = predict.ParseSignature(text)
	return v, err
}

// missing is the error for a version or an alias that a model doesn't have.
func (v *modelVersion) missing(ref parse.ModelRef, alias string, versions, aliases any) *sqlstate.Error {
	have := func(list any) []string {
		var out []string
		items, _ := list.([]any)
		for _, i := range items {
			if text, ok := i.(string); ok {
				out = append(out, text)
			}
		}
		return out
	}
	if ref.Version > 0 {
		err := sqlstate.Newf(sqlstate.UndefinedObject, "%s %s has no version %d", v.what(), v.name, ref.Version)
		return err.WithHint("It has %s.", listed("version", have(versions)))
	}
	if ref.Alias == "" {
		err := sqlstate.Newf(sqlstate.UndefinedObject, "no version of model %s is deployed", v.name)
		if all := have(versions); len(all) > 0 {
			return err.WithHint("Deploy one with DEPLOY MODEL %s@%s, or name it: %s@%s.", v.name, all[len(all)-1], v.name, all[len(all)-1])
		}
		return err
	}
	err := sqlstate.Newf(sqlstate.UndefinedObject, "%s %s has no alias %q", v.what(), v.name, ref.Alias)
	if close := parse.Closest(alias, have(aliases)); close != "" {
		return err.WithHint("Did you mean %s@%s?", v.name, close)
	}
	return err.WithHint("It has %s.", listed("alias", have(aliases)))
}

// listed names a few things: "versions 1, 2, 3".
func listed(what string, items []string) string {
	const most = 10
	switch {
	case len(items) == 0:
		return "no " + what
	case len(items) == 1:
		return "the " + what + " " + items[0]
	}
	if what == "alias" {
		what = "aliase"
	}
	more := ""
	if len(items) > most {
		items, more = items[:most], ", …"
	}
	return "the " + what + "s " + strings.Join(items, ", ") + more
}

// noSuchModel is the error for a model that isn't there, with a close name that the user may know.
func (s *Session) noSuchModel(ctx context.Context, key string) error {
	unknown := sqlstate.Newf(sqlstate.UndefinedObject, "model %q does not exist", key)
	rows, err := s.conn.QueryRows(ctx, "SELECT model FROM eider.model_store ORDER BY model LIMIT 10000")
	if err != nil {
		return unknown.WithHint("SHOW MODELS lists them.")
	}
	var visible []string
	for _, r := range rows {
		name, _ := r[0].(string)
		if s.mayKnow(ctx, name) {
			visible = append(visible, name)
		}
	}
	if close := parse.Closest(key, visible); close != "" {
		return unknown.WithHint("Did you mean %s?", close)
	}
	if len(visible) == 0 {
		return unknown.WithHint("There is none yet: TRAIN MODEL makes one.")
	}
	return unknown.WithHint("SHOW MODELS lists them.")
}

// mayKnow tells whether the user has any privilege on a model.
func (s *Session) mayKnow(ctx context.Context, key string) bool {
	return slices.ContainsFunc([]string{"PREDICT", "TRAIN", "DEPLOY"}, func(p string) bool {
		ok, err := s.who.MayModel(ctx, s.conn, key, p)
		return err == nil && ok
	})
}
