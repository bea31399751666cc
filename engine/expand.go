package engine

import (
	"slices"
	"strings"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/rewrite"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// expansionRule writes the query of each call of a table function that has an Expansion:
//
//	FROM profile('t')   FROM (WITH … SELECT … FROM "t")
//
// It names the caller's relations, so the gate decides on them as on any other query's, and views keep
// the query. Constants only: what a table is called must be known to plan.
func expansionRule(decls []*fn.Decl) rewrite.Rule {
	family := map[string]*fn.Decl{}
	var words []string
	for _, d := range decls {
		if d.Expand != nil {
			family[d.Name] = d
			words = append(words, d.Name)
		}
	}
	if len(words) == 0 {
		words = []string{" "} // no word is one: without triggers the rule would always run
	}
	return rewrite.Rule{Name: "table functions", Triggers: words, Apply: func(e *rewrite.Editor) error {
		w := &expansion{predictWriter: &predictWriter{Editor: e, env: e.Env.(*ruleEnv)}}
		for i := 0; i < len(e.Toks); i++ {
			d := family[e.Name(i)]
			if d == nil || !e.Is(i+1, "(") || e.Is(i-1, ".") || !w.stands(i) {
				continue
			}
			end := e.Close(i + 1)
			if end < 0 || w.env.hasFunction(d.Name) {
				continue // DuckDB's to complain of, or somebody's own function
			}
			query, err := w.query(d, i, end)
			if err != nil {
				return err
			}
			e.Replace(e.Toks[i].Start, e.Toks[end].End, "("+query+")")
			i = end
		}
		return nil
	}}
}

// expansion writes the queries of one statement.
type expansion struct{ *predictWriter }

// stands tells whether a relation stands at token i.
func (w *expansion) stands(i int) bool {
	first := w.Is(i-1, ",") || w.Is(i-1, "(") || w.Word(i-1, "from") || w.Word(i-1, "join") || w.Word(i-1, "lateral")
	c := w.clause(i)
	return first && (c == "from" || c == "join" || c == "on" && w.Is(i-1, ","))
}

// query is what the call from token i to end becomes.
func (w *expansion) query(d *fn.Decl, i, end int) (string, error) {
	p := parse.New(w.Src, lex.Stmt{Start: w.Toks[i+1].Start, End: w.Toks[end].End, Tokens: w.Toks[i+1 : end+1]})
	args, err := p.Arguments()
	if err != nil {
		e := sqlstate.From(err)
		if e.Hint == "" {
			e = e.WithHint("The arguments of %s are constants: %s(%s).", d.Name, d.Name, d.Signature())
		}
		return "", e
	}
	call := &fn.Call{Args: map[string]any{}}
	at := map[string]int{}
	call.At = func(param string) int {
		if where, ok := at[param]; ok {
			return where
		}
		return w.Toks[i].Start
	}
	if err := bindArguments(d, args, call, at); err != nil {
		return "", placed(err, w.Toks[i].Start)
	}
	for _, param := range d.Expand.Relations {
		r, err := w.relationOf(call.Args[param].(string))
		if err != nil {
			return "", placed(err, at[param])
		}
		call.Relations = append(call.Relations, r)
	}
	made, err := d.Expand.Query(call)
	if err != nil {
		return "", placed(err, w.Toks[i].Start)
	}
	// The other rules haven't seen this text: names like public.t are theirs to read.
	stmts := lex.Split(made)
	if len(stmts) != 1 {
		return "", sqlstate.Newf(sqlstate.SyntaxError, "the arguments of %s don't make one query", d.Name).At(w.Toks[i].Start)
	}
	text, _, err := w.env.rewritten(&query{text: made, st: stmts[0]}, &ruleEnv{Session: w.env.Session, ctx: w.env.ctx})
	if err != nil {
		return "", placed(sqlstate.From(err).At(w.Toks[i].Start), w.Toks[i].Start)
	}
	return text, nil
}

// placed gives an error a position if it has none.
func placed(err error, at int) error {
	e := sqlstate.From(err)
	if e.Position > 0 {
		return e
	}
	return e.At(at)
}

// bindArguments gives each argument to its parameter.
func bindArguments(d *fn.Decl, args []parse.CallArg, call *fn.Call, at map[string]int) error {
	names := make([]string, len(d.Params))
	for k, p := range d.Params {
		names[k] = p.Name
	}
	for k, a := range args {
		n := k
		if a.Name != "" {
			n = slices.Index(names, a.Name)
		}
		if n < 0 || n >= len(names) {
			err := sqlstate.Newf(sqlstate.UndefinedFunction, "%s takes no more than %d arguments", d.Name, len(names))
			if a.Name != "" {
				err = sqlstate.Newf(sqlstate.UndefinedFunction, "%s has no parameter %q", d.Name, a.Name)
			}
			return err.At(a.Span.Start).WithHint("Its parameters are %s.", d.Signature())
		}
		name := names[n]
		if _, twice := at[name]; twice {
			return sqlstate.Newf(sqlstate.SyntaxError, "argument name %q used more than once", name).At(a.Span.Start)
		}
		at[name] = a.Span.Start
		v, err := argumentValue(&d.Params[n], a.Value)
		if err != nil {
			return sqlstate.From(err).At(a.Span.Start)
		}
		if v != nil {
			call.Args[name] = v
		}
	}
	for _, p := range d.Params {
		if call.Args[p.Name] == nil && p.Default == "" {
			if _, given := at[p.Name]; given {
				return sqlstate.Newf(sqlstate.NullValueNotAllowed, "%s of %s must not be NULL", p.Name, d.Name).At(at[p.Name])
			}
			return sqlstate.Newf(sqlstate.UndefinedFunction, "%s needs an argument for %s", d.Name, p.Name).WithHint("Its parameters are %s.", d.Signature())
		}
	}
	return nil
}

// argumentValue is a literal as a parameter's type has it; nil for NULL.
func argumentValue(p *fn.Param, v any) (any, error) {
	mismatch := sqlstate.Newf(sqlstate.DatatypeMismatch, "argument %s must be of type %s", p.Name, p.Type)
	if v == nil {
		return nil, nil
	}
	switch p.Type.ID {
	case types.List:
		items, ok := v.([]any)
		if s, one := v.(string); one {
			items, ok = []any{s}, true
		}
		out := []string{}
		for _, item := range items {
			s, isText := item.(string)
			ok = ok && isText
			out = append(out, s)
		}
		if !ok {
			return nil, mismatch
		}
		return out, nil
	case types.Double:
		switch x := v.(type) {
		case int64:
			return float64(x), nil
		case float64:
			return x, nil
		}
	case types.Integer, types.BigInt:
		if x, ok := v.(int64); ok {
			return x, nil
		}
	case types.Boolean:
		if x, ok := v.(bool); ok {
			return x, nil
		}
	case types.Varchar:
		if x, ok := v.(string); ok {
			return x, nil
		}
	}
	return nil, mismatch
}

// relationOf finds a table or view by a name that is written as in a query, or by a name that no
// query could write without quotes.
func (w *expansion) relationOf(text string) (fn.Relation, error) {
	var r fn.Relation
	if strings.TrimSpace(text) == "" || strings.ContainsRune(text, 0) {
		return r, sqlstate.New(sqlstate.InvalidName, "a table's name is empty")
	}
	parts := []string{text}
	if stmts := lex.Split(text); len(stmts) == 1 {
		p := parse.New(text, stmts[0])
		if q, err := p.QualifiedName("a table's name"); err == nil && p.Eof() {
			parts = parts[:0]
			for _, n := range q.Parts {
				parts = append(parts, n.Text)
			}
		}
	}
	for i, part := range parts {
		if i > 0 {
			r.SQL += "."
		}
		r.SQL += lex.QuoteIdent(part)
	}
	describe := statementSession{w.env.Session}
	columns, err := describe.Describe(w.env.ctx, "SELECT * FROM "+r.SQL)
	if err != nil {
		e := nowhere(err)
		if own, ok := e.(*sqlstate.Error); ok && own.Code == sqlstate.UndefinedTable && own.Hint == "" {
			return r, own.WithHint("Give the name of a table or view as a string, with its schema if that isn't in the search path: 'sales.orders'.")
		}
		return r, e
	}
	r.Columns = columns
	named := func(c types.Column) bool { return lex.EqualFold(c.Name, "rowid") }
	if !slices.ContainsFunc(columns, named) {
		_, err := describe.Describe(w.env.ctx, "SELECT rowid FROM "+r.SQL)
		r.RowID = err == nil
	}
	return r, nil
}
