package gate

import (
	"context"
	"slices"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
)

// modelSchema is where the macros of models are, named model, model@version or model@alias, each
// perhaps with :form behind it. Calling one needs PREDICT on the model.
const modelSchema = "eider_models"

// modelObject is the object of a model's key: its name in lower case, with schema. before it
// unless that is main.
func modelObject(key string) object {
	schema, name, ok := strings.Cut(lex.Fold(key), ".")
	if !ok {
		schema, name = "", schema
	}
	return recorded(kindModel, schema, name)
}

// recorded is an object as it is found in the tables of grants and owners. A model in main has no schema.
func recorded(kind, schema, name string) object {
	o := object{kind, lex.Fold(schema), lex.Fold(name)}
	if kind == kindModel && o.schema == "main" {
		o.schema = ""
	}
	return o
}

// model decides on the call of a model's macro.
func (d *decider) model(m *macro, c *call, f *frame) error {
	if !lex.EqualFold(m.schema, modelSchema) || !lex.EqualFold(m.catalog, d.database) || !d.reaches(c, f) {
		return nil
	}
	key, _, _ := strings.Cut(m.name, ":")
	key, _, _ = strings.Cut(key, "@")
	if f.as.superuser || d.roles.held(f.as, modelObject(key))&Predict != 0 {
		return nil
	}
	return denied42501("model", key)
}

// reaches tells whether a call may mean a macro in the models' schema: it is qualified with it, or
// the search path leads there. Any other qualifier may be a value: x.f() is f(x).
func (d *decider) reaches(c *call, f *frame) bool {
	if lex.EqualFold(c.schema, modelSchema) || lex.EqualFold(c.catalog, modelSchema) {
		return true
	}
	leads := func(p place) bool {
		return lex.EqualFold(p.schema, modelSchema) || lex.EqualFold(p.catalog, modelSchema)
	}
	return slices.ContainsFunc(f.path, leads) || slices.ContainsFunc(d.path, leads)
}

// MayModel tells whether the current role has a privilege (PREDICT, TRAIN, DEPLOY) on a model, by
// its key. q sees the session's transaction.
func (s *Session) MayModel(ctx context.Context, q Querier, model, privilege string) (bool, error) {
	set, err := s.roleSet(ctx, q)
	if err != nil {
		return false, err
	}
	id, err := s.identify(set)
	if err != nil {
		return false, err
	}
	need := ParsePrivilege(privilege)
	return id.superuser || need != 0 && set.held(id, modelObject(model))&need != 0, nil
}

// RequireModel is 42501 unless MayModel.
func (s *Session) RequireModel(ctx context.Context, q Querier, model, privilege string) error {
	ok, err := s.MayModel(ctx, q, model, privilege)
	if err == nil && !ok {
		err = denied42501("model", model).WithHint("Its owner or a superuser can GRANT %s ON MODEL %s TO %s.", strings.ToUpper(privilege), model, lex.QuoteIdent(s.User()))
	}
	return err
}

// HasModel is MayModel for catalog views: the SQL function eider_has_model(current_connection_id(),
// model, privilege). An empty privilege means any: what a role may see.
func (g *Gate) HasModel(connection uint64, model, privilege string) bool {
	if g.opts.Session == nil {
		return false
	}
	s := g.opts.Session(connection)
	if s == nil {
		return false
	}
	k := s.known.Load()
	if k == nil {
		return false
	}
	held := Predict | Train | Deploy
	if !k.id.superuser {
		held &= k.roles.held(k.id, modelObject(model))
	}
	if privilege == "" {
		return held != 0
	}
	return held&ParsePrivilege(privilege) != 0
}

// OwnModel records the current role as the owner of a new model. A superuser's has none, as
// nothing has that a superuser creates.
func (s *Session) OwnModel(ctx context.Context, q Querier, model string) error {
	if err := s.DisownModel(ctx, q, model); err != nil || s.IsSuperuser() {
		return err
	}
	o := modelObject(model)
	_, err := q.QueryRows(ctx, "INSERT INTO eider.owner_store VALUES ($1, $2, $3, $4)", o.kind, o.schema, o.name, s.User())
	return err
}

// sameModel finds a model's rows; its schema may be written main or ”.
const sameModel = ` WHERE kind = 'model' AND CASE WHEN lower(schema_name) = 'main' THEN '' ELSE lower(schema_name) END = $1 AND lower(object) = $2`

// DisownModel forgets the owner and the grants of a model that is no more.
func (s *Session) DisownModel(ctx context.Context, q Querier, model string) error {
	o := modelObject(model)
	s.rolesDirty = true
	for _, table := range []string{"eider.owner_store", "eider.grant_store"} {
		if _, err := q.QueryRows(ctx, "DELETE FROM "+table+sameModel, o.schema, o.name); err != nil {
			return err
		}
	}
	return nil
}

// RenameModel moves a model's owner and grants to its new key.
func (s *Session) RenameModel(ctx context.Context, q Querier, from, to string) error {
	old, o := modelObject(from), modelObject(to)
	s.rolesDirty = true
	for _, table := range []string{"eider.owner_store", "eider.grant_store"} {
		if _, err := q.QueryRows(ctx, "UPDATE "+table+" SET schema_name = $3, object = $4"+sameModel, old.schema, old.name, o.schema, o.name); err != nil {
			return err
		}
	}
	return nil
}
