package engine

import (
	"context"
	"slices"
	"strings"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// lookFunction takes a number and the rows of a prediction. It is planned, never called: the session
// learns what the rows are.
const lookFunction = "eider_look"

// lookScalar declares it.
func (db *DB) lookScalar() *fn.Decl {
	return &fn.Decl{
		Name: lookFunction, Family: "predict", Summary: "Tells the session that plans it what a prediction's rows are.",
		Params:  []fn.Param{{Name: "call", Type: types.Of(types.Integer)}, {Name: "rows", Type: types.Of(types.Any)}},
		Returns: types.Of(types.Varchar),
		BindOn: func(connection uint64, args []fn.Arg) (fn.Bound, error) {
			n, _ := args[0].Value.(int64)
			if s := db.sessionOf(connection); s != nil && s.looked != nil {
				s.looked[int(n)] = append(s.looked[int(n)], args[1].Type)
			}
			return fn.Bound{Call: func(*types.Chunk, fn.Writer) error {
				return sqlstate.Newf(sqlstate.FeatureNotSupported, "%s can't be executed", lookFunction)
			}}, nil
		},
	}
}

// look plans the statement with its rows in place of its predictions, and checks them: what a model
// needs must be there, and the name must mean a relation. What can't be planned so is left to DuckDB.
func (s *Session) look(ctx context.Context, q *query, calls []prediction) error {
	env := &ruleEnv{Session: s, ctx: ctx, predictions: predictions{looking: true}}
	text, _, err := s.rewritten(q, env)
	if err != nil {
		return err
	}
	s.looked = map[int][]*types.Type{}
	defer func() { s.looked = nil }()
	if stmt, err := s.conn.Prepare(ctx, text); err == nil {
		_ = stmt.Close()
	} else if ctx.Err() != nil {
		return err
	}
	for i := range calls {
		c := &calls[i]
		if c.rows == "" {
			continue
		}
		for _, t := range s.looked[firstCall(calls, i)] {
			if err := c.check(t); err != nil {
				return err
			}
		}
	}
	return nil
}

// firstCall is the first of the calls that is about the same rows and model as call i.
func firstCall(calls []prediction, i int) int {
	return slices.IndexFunc(calls, func(c prediction) bool { return c.rows == calls[i].rows && c.model.macro == calls[i].model.macro })
}

// check compares a model with the rows that it is given.
func (c *prediction) check(t *types.Type) error {
	if t.ID == types.Unknown || t.ID == types.SQLNull || t.ID == types.Any {
		return nil // a macro's parameter
	}
	if t.ID != types.Struct {
		return sqlstate.Newf(sqlstate.AmbiguousColumn, "%s is a column, not only a relation", c.rows).At(c.relation).
			WithHint("Give the relation an alias that no column has.")
	}
	names := make([]string, len(t.Fields))
	byName := make(map[string]*types.Type, len(t.Fields))
	for i, f := range t.Fields {
		names[i] = f.Name
		byName[lex.Fold(f.Name)] = f.Type
	}
	for _, f := range c.model.signature {
		have := byName[lex.Fold(f.Name)]
		if have == nil {
			return missingFeature(c.model, f.Name, names).At(c.relation)
		}
		if c.model.made != nil && (!f.Takes(have) || slices.Contains(c.model.made.cast, f.Name) && loses(f, have)) {
			return sqlstate.Newf(sqlstate.DatatypeMismatch, "column %q of transformation %s is %s, not %s", f.Name, c.model.ref, f.Type, have).At(c.relation).
				WithHint("Cast it: CAST(%s AS %s).", lex.QuoteIdent(f.Name), predict.CastType(f.Type))
		}
		if !f.Takes(have) {
			return f.Mismatch(c.model.ref, have).At(c.relation)
		}
	}
	if !c.wide {
		return nil
	}
	for _, added := range []string{"prediction", "proba", "version"} {
		if byName[added] != nil {
			return sqlstate.Newf(sqlstate.DuplicateColumn, "the rows have a column %q, which PREDICT adds", added).At(c.relation).
				WithHint("Leave it out: PREDICT(MODEL %s, (SELECT * EXCLUDE (%s) FROM …)).", c.model.ref, added)
		}
	}
	return nil
}

// loses tells whether plain items of a transformation, which cast a column to what it was when they were
// checked, would round it.
func loses(f predict.Field, have *types.Type) bool {
	whole := !strings.Contains(f.Type, "(") && (strings.HasSuffix(f.Type, "INT") || strings.HasSuffix(f.Type, "INTEGER"))
	return whole && (have.ID == types.Float || have.ID == types.Double || have.ID == types.Decimal)
}

// moved turns the offsets of calls into those of another text.
func (w *predictions) moved(to func(int) int) {
	for i := range w.calls {
		c := &w.calls[i]
		c.at, c.relation = to(c.at), to(c.relation)
	}
	for i := range w.unnamed {
		w.unnamed[i] = to(w.unnamed[i])
	}
	for i := range w.untransformed {
		w.untransformed[i] = to(w.untransformed[i])
	}
}

// explained words DuckDB's complaint about text that the client didn't write.
func (w *predictions) explained(err error) error {
	e, ok := err.(*sqlstate.Error)
	if !ok {
		return err
	}
	if e.Code == sqlstate.UndefinedFunction && len(w.unnamed) > 0 && strings.Contains(lex.Fold(e.Message), "predict") {
		return sqlstate.New(sqlstate.UndefinedFunction, "the model of a prediction must be a string constant").At(w.unnamed[0]).Because(err).
			WithHint("Write its name: predict('churn', t), predict('churn@3', t), or the alias predict('churn@prod', t).")
	}
	if e.Code == sqlstate.UndefinedFunction && len(w.untransformed) > 0 && strings.Contains(lex.Fold(e.Message), transformWord) {
		return sqlstate.New(sqlstate.UndefinedFunction, "the transformation must be a string constant").At(w.untransformed[0]).Because(err).
			WithHint("Write its name and the rows: transform('tidy', customers), transform('tidy@3', customers).")
	}
	if e.Position > 0 {
		return err
	}
	for _, c := range w.calls { // a macro refuses what it is given
		if e.Code == sqlstate.DatatypeMismatch && strings.Contains(e.Message, "model "+predict.VersionName(c.model.key, c.model.version)+" ") {
			moved := *e
			return moved.At(c.at).Because(err)
		}
	}
	return err
}

// hasFunction tells whether somebody made a function of that name.
func (s *Session) hasFunction(name string) bool {
	rows, err := s.conn.QueryRows(context.Background(), "SELECT 1 FROM duckdb_functions() WHERE NOT internal AND lower(function_name) = $1 LIMIT 1", name)
	return err == nil && len(rows) > 0
}

// sameModels tells whether two plans of one statement found the same models.
func sameModels(a, b []prediction) bool {
	return slices.EqualFunc(a, b, func(x, y prediction) bool {
		return x.model.macro == y.model.macro && x.model.version == y.model.version && slices.Equal(x.model.signature, y.model.signature)
	})
}
