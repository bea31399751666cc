package engine

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/eiderdb/eider/sql/classify"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/storage/duck"
)

// named is a prepared statement with a name. PREPARE's and the protocol's share one
// namespace, as in PostgreSQL: either can use and drop the other's.
type named struct {
	stmt *Stmt
	// text is the statement as sent, fromSQL tells PREPARE from the protocol.
	text    string
	fromSQL bool
	at      time.Time
}

// PreparedInfo describes a named prepared statement as pg_prepared_statements shows it.
type PreparedInfo struct {
	Name, Statement string
	Params          []*types.Type
	Columns         []types.Column
	FromSQL         bool
	At              time.Time
}

// AddPrepared gives a statement a name (a Parse message's); 42P05 if it is taken. The
// session closes it when the name is dropped by DEALLOCATE, DISCARD or DropPrepared.
func (s *Session) AddPrepared(name string, st *Stmt) error {
	return s.addPrepared(name, &named{stmt: st, text: st.q.st.Text(st.q.text)})
}

func (s *Session) addPrepared(name string, n *named) error {
	if s.named[name] != nil {
		return sqlstate.Newf(sqlstate.DuplicatePreparedStatement, "prepared statement %q already exists", name)
	}
	if s.named == nil {
		s.named = map[string]*named{}
	}
	n.at = time.Now()
	s.named[name] = n
	return nil
}

// Prepared returns the statement of a name, nil if there is none.
func (s *Session) Prepared(name string) *Stmt {
	if n := s.named[name]; n != nil {
		return n.stmt
	}
	return nil
}

// DropPrepared closes the statement of a name and forgets it; false if there is none.
func (s *Session) DropPrepared(name string) bool {
	n := s.named[name]
	if n == nil {
		return false
	}
	delete(s.named, name)
	_ = n.stmt.Close() // frees memory
	return true
}

// PreparedStatements lists the named statements by name.
func (s *Session) PreparedStatements() []PreparedInfo {
	out := make([]PreparedInfo, 0, len(s.named))
	for name, n := range s.named {
		out = append(out, PreparedInfo{Name: name, Statement: n.text, Params: n.stmt.params, Columns: n.stmt.columns, FromSQL: n.fromSQL, At: n.at})
	}
	slices.SortFunc(out, func(a, b PreparedInfo) int { return compareStrings(a.Name, b.Name) })
	return out
}

func compareStrings(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (s *Session) dropAllPrepared() {
	for name := range s.named {
		s.DropPrepared(name)
	}
}

func errNoPrepared(name string) *sqlstate.Error {
	return sqlstate.Newf(sqlstate.InvalidSQLStatementName, "prepared statement %q does not exist", name)
}

// planPrepared plans PREPARE, EXECUTE and DEALLOCATE.
func (s *Session) planPrepared(ctx context.Context, q *query) (operation, error) {
	w := q.words()
	w.skip()
	switch q.class.Verb {
	case classify.Prepare:
		return s.planPrepare(q, w)
	case classify.Execute:
		return s.planExecute(ctx, q, w)
	}
	w.accept("prepare")
	if w.accept("all") && w.end() {
		return action{tag: "DEALLOCATE ALL", do: func(context.Context) (string, error) { s.dropAllPrepared(); return "", nil }}, nil
	}
	name, ok := w.name()
	if !ok || !w.end() {
		return nil, w.unexpected()
	}
	return action{tag: "DEALLOCATE", do: func(context.Context) (string, error) {
		if !s.DropPrepared(name) {
			return "", errNoPrepared(name)
		}
		return "", nil
	}}, nil
}

// planPrepare reads PREPARE name [(type, …)] AS statement.
func (s *Session) planPrepare(q *query, w *words) (operation, error) {
	name, ok := w.name()
	if !ok {
		return nil, w.unexpected()
	}
	inner, ok := classify.Inner(q.st, q.class)
	open := w.pos
	if w.parens(); ok && w.is(0, "as") {
		switch classify.Classify(q.text, inner).Group {
		case classify.Query, classify.Modify, classify.Unknown, classify.Explain:
		default:
			w.skip()
			return nil, w.unexpected()
		}
	} else {
		w.accept("as")
		return nil, w.unexpected()
	}
	declared := typeSpans(q.text, q.st.Tokens[open:w.pos])
	return action{tag: "PREPARE", do: func(ctx context.Context) (string, error) {
		if s.named[name] != nil {
			return "", sqlstate.Newf(sqlstate.DuplicatePreparedStatement, "prepared statement %q already exists", name)
		}
		params := make([]*types.Type, len(declared))
		for i, d := range declared {
			t, err := s.typeNamed(ctx, q, d)
			if err != nil {
				return "", err
			}
			params[i] = t
		}
		st, err := s.compile(ctx, q.text, inner, params)
		if err != nil {
			return "", err
		}
		return "", s.addPrepared(name, &named{stmt: st, text: q.st.Text(q.text), fromSQL: true})
	}}, nil
}

// compile is Prepare for a statement within another one.
func (s *Session) compile(ctx context.Context, text string, st lex.Stmt, params []*types.Type) (*Stmt, error) {
	q := query{text: text, st: st, class: classify.Classify(text, st), declared: params}
	op, err := s.plan(ctx, &q)
	if err != nil {
		return nil, err
	}
	stmt := &Stmt{s: s, q: q, op: op}
	stmt.params, stmt.columns = op.describe()
	return stmt, nil
}

// typeSpans cuts (a, b(1, 2), …) at its outer commas.
func typeSpans(src string, toks []lex.Token) []lex.Stmt {
	if len(toks) < 3 {
		return nil
	}
	toks = toks[1 : len(toks)-1]
	var out []lex.Stmt
	from, depth := 0, 0
	cut := func(to int) {
		if to > from {
			out = append(out, lex.Stmt{Start: toks[from].Start, End: toks[to-1].End, Tokens: toks[from:to]})
		}
		from = to + 1
	}
	for i, t := range toks {
		switch {
		case t.Is(src, "("), t.Is(src, "["), t.Is(src, "{"):
			depth++
		case t.Is(src, ")"), t.Is(src, "]"), t.Is(src, "}"):
			depth--
		case depth == 0 && t.Is(src, ","):
			cut(i)
		}
	}
	cut(len(toks))
	return out
}

// typeNamed finds a type by its name in the text: what a NULL cast to it is. PostgreSQL's
// "unknown" leaves the type open.
func (s *Session) typeNamed(ctx context.Context, q *query, at lex.Stmt) (*types.Type, error) {
	if len(at.Tokens) == 1 && at.Tokens[0].Word(q.text, "unknown") {
		return types.Of(types.Unknown), nil
	}
	text := "SELECT NULL::" + at.Text(q.text)
	stmts := lex.Split(text)
	if len(stmts) == 1 {
		st, err := s.compile(ctx, text, stmts[0], nil)
		if err == nil {
			defer st.op.close()
			if len(st.columns) == 1 && len(st.params) == 0 {
				return st.columns[0].Type, nil
			}
		} else if !sqlstate.Is(err, sqlstate.SyntaxError) && ctx.Err() != nil {
			return nil, err
		}
	}
	return nil, sqlstate.Newf(sqlstate.UndefinedObject, "type %q does not exist", at.Text(q.text)).At(at.Start)
}

// execute is EXECUTE name [(argument, …)].
type execute struct {
	s    *Session
	q    query
	name string
	args []lex.Stmt
}

// planExecute reads EXECUTE name [(expression, …)].
func (s *Session) planExecute(_ context.Context, q *query, w *words) (operation, error) {
	name, ok := w.name()
	if !ok {
		return nil, w.unexpected()
	}
	open := w.pos
	if !w.end() && !w.parens() || !w.end() {
		return nil, w.unexpected()
	}
	if s.named[name] == nil {
		return nil, errNoPrepared(name)
	}
	return &execute{s: s, q: *q, name: name, args: typeSpans(q.text, q.st.Tokens[open:w.pos])}, nil
}

func (e *execute) describe() ([]*types.Type, []types.Column) {
	if st := e.s.Prepared(e.name); st != nil {
		return nil, st.columns
	}
	return nil, nil
}

func (e *execute) close() {}

func (e *execute) run(ctx context.Context, _ []any) (*output, error) {
	s := e.s
	st := s.Prepared(e.name)
	if st == nil {
		return nil, errNoPrepared(e.name)
	}
	if len(e.args) != len(st.params) {
		return nil, sqlstate.Newf(sqlstate.SyntaxError, "wrong number of parameters for prepared statement %q", e.name).
			WithDetail("Expected %d parameters but got %d.", len(st.params), len(e.args))
	}
	values := make([]any, len(e.args))
	for i, a := range e.args {
		v, ok, err := literal(e.q.text, a)
		if err == nil && !ok {
			v, err = s.evaluate(ctx, e.q.text, a, st.params[i])
		}
		if err != nil {
			return nil, err
		}
		values[i] = v
	}
	if err := s.ready(ctx, &st.q); err != nil {
		return nil, err
	}
	return st.op.run(ctx, values)
}

// literal returns the value of an argument that is a plain constant.
func literal(src string, a lex.Stmt) (v any, ok bool, err error) {
	toks := a.Tokens
	sign := ""
	if len(toks) == 2 && toks[0].Is(src, "-") {
		sign, toks = "-", toks[1:]
	}
	if len(toks) != 1 {
		return nil, false, nil
	}
	switch t := toks[0]; {
	case t.IsString() && sign == "":
		s, ok := lex.Value(src, t)
		return s, ok, nil
	case t.Word(src, "null") && sign == "":
		return nil, true, nil
	case t.Word(src, "true") && sign == "", t.Word(src, "false") && sign == "":
		return t.Word(src, "true"), true, nil
	case t.Kind == lex.Number:
		n, err := strconv.ParseInt(sign+t.Text(src), 10, 64)
		return n, err == nil, nil
	}
	return nil, false, nil
}

// evaluate computes an argument as an expression of the parameter's type.
func (s *Session) evaluate(ctx context.Context, src string, a lex.Stmt, t *types.Type) (any, error) {
	const before = "SELECT CAST(("
	expr := src[a.Start:a.End]
	if isKnown(t) {
		expr += ") AS " + t.String() + ")"
	} else {
		expr += ") AS VARCHAR)"
	}
	text := before + expr
	stmts := lex.Split(text)
	if len(stmts) != 1 {
		return nil, sqlstate.Newf(sqlstate.SyntaxError, "syntax error in argument").At(a.Start)
	}
	st, err := s.compile(ctx, text, stmts[0], nil)
	if err == nil {
		defer st.op.close()
		if len(st.params) > 0 {
			return nil, sqlstate.New(sqlstate.UndefinedParameter, "arguments of EXECUTE can't have parameters").At(a.Start)
		}
		var out *output
		if out, err = st.op.run(ctx, nil); err == nil {
			defer out.rows.close()
			return first(ctx, out)
		}
	}
	return nil, mapError(err, func(at int) int { return min(max(at-len(before), 0), a.End-a.Start-1) + a.Start })
}

// first returns the only value of a result of one row at most.
func first(ctx context.Context, out *output) (any, error) {
	chunk, err := out.rows.next(ctx)
	if err != nil || chunk == nil || chunk.Len == 0 {
		return nil, err
	}
	return duck.Value(&chunk.Columns[0], 0), nil
}
