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

// transformationSchema is where the macros of transformations are, named alike. Calling one needs USAGE.
const transformationSchema = "eider_transformations"

// modelObject is the object of a model's key.
func modelObject(key string) object { return keyed(kindModel, key) }

// keyed is the object of a model's or transformation's key: its name in lower case, with schema. before
// it unless that is main.
func keyed(kind, key string) object {
	schema, name, ok := strings.Cut(lex.Fold(key), ".")
	if !ok {
		schema, name = "", schema
	}
	return recorded(kind, schema, name)
}

// recorded is an object as it is found in the tables of grants and owners. A model or transformation in main has no schema.
func recorded(kind, schema, name string) object {
	o := object{kind, lex.Fold(schema), lex.Fold(name)}
	if (kind == kindModel || kind == kindTransformation) && o.schema == "main" {
		o.schema = ""
	}
	return o
}

// model decides on the call of a model's or a transformation's macro.
func (d *decider) model(m *macro, c *call, f *frame) error {
	kind, schema, need := kindModel, modelSchema, Predict
	if lex.EqualFold(m.schema, transformationSchema) {
		kind, schema, need = kindTransformation, transformationSchema, Usage
	}
	if !lex.EqualFold(m.schema, schema) || !lex.EqualFold(m.catalog, d.database) || !d.reaches(c, f, schema) {
		return nil
	}
	key, _, _ := strings.Cut(m.name, ":")
	key, _, _ = strings.Cut(key, "@")
	if f.as.superuser || d.roles.held(f.as, keyed(kind, key))&need != 0 {
		return nil
	}
	return denied42501(kind, key)
}

// reaches tells whether a call may mean a macro in one of those schemas: it is qualified with it, or
// the search path leads there. Any other qualifier may be a value: x.f() is f(x).
func (d *decider) reaches(c *call, f *frame, schema string) bool {
	if lex.EqualFold(c.schema, schema) || lex.EqualFold(c.catalog, schema) {
		return true
	}
	leads := func(p place) bool {
		return lex.EqualFold(p.schema, schema) || lex.EqualFold(p.catalog, schema)
	}
	return slices.ContainsFunc(f.path, leads) || slices.ContainsFunc(d.path, leads)
}

// MayModel tells whether the current role has a privilege (PREDICT, TRAIN, DEPLOY) on a model, by
// its key. q sees the session's transaction.
func (s *Session) MayModel(ctx context.Context, q Querier, model, privilege string) (bool, error) {
	return s.may(ctx, q, modelObject(model), privilege)
}

func (s *Session) may(ctx context.Context, q Querier, o object, privilege string) (bool, error) {
	set, err := s.roleSet(ctx, q)
	if err != nil {
		return false, err
	}
	id, err := s.identify(set)
	if err != nil {
		return false, err
	}
	need := ParsePrivilege(privilege)
	return id.superuser || need != 0 && set.held(id, o)&need != 0, nil
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
	return s.own(ctx, q, modelObject(model))
}

func (s *Session) own(ctx context.Context, q Querier, o object) error {
	if err := s.disown(ctx, q, o); err != nil || s.IsSuperuser() {
		return err
	}
	_, err := q.QueryRows(ctx, "INSERT INTO eider.owner_store VALUES ($1, $2, $3, $4)", o.kind, o.schema, o.name, s.User())
	return err
}

// sameRecord finds a model's or transformation's rows; its schema may be written main or ”.
const sameRecord = ` WHERE kind = $3 AND CASE WHEN lower(schema_name) = 'main' THEN '' ELSE lower(schema_name) END = $1 AND lower(object) = $2`

// DisownModel forgets the owner and the grants of a model that is no more.
func (s *Session) DisownModel(ctx context.Context, q Querier, model string) error {
	return s.disown(ctx, q, modelObject(model))
}

func (s *Session) disown(ctx context.Context, q Querier, o object) error {
	s.rolesDirty = true
	for _, table := range []string{"eider.owner_store", "eider.grant_store"} {
		if _, err := q.QueryRows(ctx, "DELETE FROM "+table+sameRecord, o.schema, o.name, o.kind); err != nil {
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
		if _, err := q.QueryRows(ctx, "UPDATE "+table+" SET schema_name = $4, object = $5"+sameRecord, old.schema, old.name, old.kind, o.schema, o.name); err != nil {
			return err
		}
	}
	return nil
}

// RequireTransformation is 42501 unless the current role has USAGE on a transformation, by its key.
func (s *Session) RequireTransformation(ctx context.Context, q Querier, key string) error {
	ok, err := s.may(ctx, q, keyed(kindTransformation, key), "USAGE")
	if err == nil && !ok {
		err = denied42501(kindTransformation, key).WithHint("Its owner or a superuser can GRANT USAGE ON TRANSFORMATION %s TO %s.", key, lex.QuoteIdent(s.User()))
	}
	return err
}

// OwnTransformation and DisownTransformation are OwnModel and DisownModel for a transformation.
func (s *Session) OwnTransformation(ctx context.Context, q Querier, key string) error {
	return s.own(ctx, q, keyed(kindTransformation, key))
}

// DisownTransformation forgets the owner and the grants of a transformation that is no more.
func (s *Session) DisownTransformation(ctx context.Context, q Querier, key string) error {
	return s.disown(ctx, q, keyed(kindTransformation, key))
}
