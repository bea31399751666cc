package engine

import (
	"slices"

	"github.com/eiderdb/eider/functions/model/transform"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// outsideTransform says of a fitted function that DuckDB doesn't know where it belongs.
func (q *query) outsideTransform(err error) error {
	e, ok := err.(*sqlstate.Error)
	if !ok || e.Code != sqlstate.UndefinedFunction || e.Position == 0 {
		return err
	}
	i := slices.IndexFunc(q.st.Tokens, func(t lex.Token) bool { return t.Start == e.Position-1 && t.IsIdent() })
	if i < 0 {
		return err
	}
	name := lex.Fold(lex.Unquote(q.text, q.st.Tokens[i]))
	if !transform.IsFitted(name) {
		return err
	}
	return sqlstate.Newf(sqlstate.UndefinedFunction, "%s learns from training rows: it stands in the TRANSFORM of TRAIN MODEL or in CREATE TRANSFORMATION only", name).At(e.Position - 1).
		WithHint("In a query, window functions such as standard_scale(x) OVER () compute over the rows at hand.").Because(err)
}
