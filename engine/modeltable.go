package engine

import (
	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// rowsAlias is the name of the rows of PREDICT(MODEL …) in what is written for it.
const rowsAlias = "eider_row"

// table rewrites PREDICT(MODEL m, TABLE t) and PREDICT(MODEL m, (SELECT …)).
func (w *predictWriter) table(start, i, end int) (int, error) {
	p := parse.New(w.Src, lex.Stmt{Start: w.Toks[i+3].Start, End: w.Toks[end-1].End, Tokens: w.Toks[i+3 : end]})
	ref, err := p.ModelRef()
	at := w.Toks[start].Start
	if c := w.clause(start); c != "from" && c != "join" && !(c == "on" && w.Is(start-1, ",")) {
		if err != nil || !p.AcceptMark(",") || !p.Is("table") && !p.IsMark("(") {
			return i, nil // columns of a table that has the name
		}
		return i, sqlstate.New(sqlstate.SyntaxError, "PREDICT(MODEL …) stands in FROM").At(at).
			WithHint("In an expression write predict('%s', t), where t is a relation's alias.", ref.Span.Text)
	}
	if err != nil {
		return i, err
	}
	v, err := w.env.modelOf(w.env.ctx, ref)
	if err != nil {
		return i, sqlstate.From(err).At(ref.Span.Start)
	}
	if err := p.ExpectMark(","); err != nil {
		return i, err
	}
	rows := i + 3 + int(p.Mark()) // the first token of what names the rows
	switch {
	case p.AcceptWord("table"):
		if _, err := p.QualifiedName("a table"); err != nil {
			return i, err
		}
		if err := p.ExpectEof(); err != nil {
			return i, err
		}
		rows++
	case !w.Is(rows, "(") || w.Close(rows) != end-1:
		return i, p.Unexpected("( SELECT … )")
	}
	if err := w.allowed(start, v, predict.Label); err != nil {
		return i, err
	}
	w.env.calls = append(w.env.calls, prediction{at: at, relation: w.Toks[rows].Start, model: v, rows: rowsAlias, wide: true})
	n := len(w.env.calls) - 1
	if v.task == model.Classification && !w.env.looking {
		w.scored(at, rows, end, v)
		return rows, nil
	}
	whole := func(function, args string) string { return function + args }
	proba := "CAST(NULL AS MAP(VARCHAR, DOUBLE))"
	if v.task == model.Classification {
		proba = whole(w.expression(v, predict.Proba, rowsAlias, n))
	}
	w.Replace(at, w.Toks[rows].Start, "(SELECT "+rowsAlias+".*, "+whole(w.expression(v, predict.Label, rowsAlias, n))+" AS prediction, "+proba+" AS proba, "+
		w.macro(v, predict.Ordinal)+"() AS version FROM ")
	w.Replace(w.Toks[end].Start, w.Toks[end].End, " AS "+rowsAlias+")")
	return rows, nil // a query may have predictions of its own
}

// scoresName is the column with the probabilities of which prediction and proba are made.
const scoresName = "eider:scores"

// scored writes PREDICT(MODEL …) of a classification so that its rows are scored once:
//
//	(SELECT r.* EXCLUDE (scores), chosen(r.scores) AS prediction, … FROM (SELECT r.*, scores(…) AS scores FROM t AS r) AS r)
func (w *predictWriter) scored(at, rows, end int, v *modelVersion) {
	alias, name := rowsAlias, lex.QuoteIdent(scoresName)
	of := func(form string) string { return w.macro(v, form) + "(" + alias + "." + name + ")" }
	function, args := w.expression(v, predict.Scores, alias, 0)
	w.Replace(at, w.Toks[rows].Start, "(SELECT "+alias+".* EXCLUDE ("+name+"), "+of(predict.Chosen)+" AS prediction, "+of(predict.Named)+" AS proba, "+
		w.macro(v, predict.Ordinal)+"() AS version FROM (SELECT "+alias+".*, "+function+args+" AS "+name+" FROM ")
	w.Replace(w.Toks[end].Start, w.Toks[end].End, " AS "+alias+") AS "+alias+")")
}
