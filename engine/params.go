package engine

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/rewrite"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// resolve finds out what the parameters are. Those whose type neither the client nor
// DuckDB knows make DuckDB know no columns either: the statement is then prepared again with
// casts around them.
func (p *plain) resolve(ctx context.Context, made *prepared, text string) (*prepared, error) {
	made, text, err := p.number(ctx, made, text)
	if err != nil {
		return nil, err
	}
	if made, err = p.resolveTypes(ctx, made, text); err != nil {
		return nil, err
	}
	return made, p.assume(ctx, made, text)
}

// assume describes a statement whose columns DuckDB leaves open although every
// parameter has a type (json_object does so for any parameter), by those that it has
// with a NULL of its type for each parameter. Nothing is executed.
func (p *plain) assume(ctx context.Context, made *prepared, text string) error {
	st := lex.Split(text)
	if cols := made.columns(); cols == nil || len(cols) > 0 || len(st) != 1 {
		return nil
	}
	var casts []string
	nulls := rewrite.Rule{Name: "parameters as NULL", Apply: func(e *rewrite.Editor) error {
		for i, t := range e.Toks {
			n, err := strconv.Atoi(strings.TrimPrefix(e.Text(i), "$"))
			if t.Kind != lex.Param || err != nil {
				continue
			}
			for client, slot := range made.slots {
				if slot == n {
					null := "CAST(NULL AS " + p.params[client].String() + ")"
					e.ReplaceTok(i, null)
					casts = append(casts, null, "$"+strconv.Itoa(client+1))
				}
			}
		}
		return nil
	}}
	sql, _, err := rewrite.Apply(text, st[0], []rewrite.Rule{nulls}, nil)
	if err != nil {
		return err
	}
	stmt, err := p.s.conn.Prepare(ctx, sql)
	if err != nil {
		return nil // the columns depend on the values: the cursor will know them
	}
	as := &prepared{stmt: stmt, casts: casts}
	if cols := as.columns(); len(cols) > 0 {
		made.assumed = cols
	}
	return stmt.Close()
}

// resolveTypes finds the types of the parameters.
func (p *plain) resolveTypes(ctx context.Context, made *prepared, text string) (*prepared, error) {
	slots := made.slots
	var unknown []int // of the client's numbers, from 0
	p.params = p.declared(len(slots))
	for i, slot := range slots {
		if slot == 0 {
			continue
		}
		if t := made.stmt.ParamType(slot); !isKnown(t) {
			unknown = append(unknown, i)
		} else if i >= len(p.q.declared) || !isKnown(p.q.declared[i]) {
			p.params[i] = t
		}
	}
	if len(unknown) == 0 {
		return made, nil
	}
	cast, err := p.cast(ctx, made, text, unknown)
	if err != nil {
		_ = made.stmt.Close()
		return nil, err
	}
	if cast == nil {
		return made, nil
	}
	_ = made.stmt.Close()
	return cast, nil
}

// declared are the client's types of n parameters, or of more if it declares more: text
// where it says nothing.
func (p *plain) declared(n int) []*types.Type {
	n = max(n, len(p.q.declared))
	if n == 0 {
		return nil
	}
	ts := make([]*types.Type, n)
	for i := range ts {
		ts[i] = types.Of(types.Varchar)
		if i < len(p.q.declared) && isKnown(p.q.declared[i]) {
			ts[i] = p.q.declared[i]
		} else if t := p.features[i+1]; t != nil {
			ts[i] = t
		}
	}
	return ts
}

func isKnown(t *types.Type) bool {
	return t != nil && t.ID != types.Unknown && t.ID != types.SQLNull && t.ID != types.Any && !isBareNumeric(t)
}

// isBareNumeric tells of a client's numeric without precision: what DuckDB infers is
// better, and where it infers nothing, anyNumeric.
func isBareNumeric(t *types.Type) bool { return t != nil && t.ID == types.Decimal && t.Width == 0 }

// anyNumeric stands for a numeric of which nobody knows more: 28 digits before the
// point, as many as the clients' own decimals commonly have, and ten behind.
var anyNumeric = &types.Type{ID: types.Decimal, Width: 38, Scale: 10}

// guesses are tried in order for parameters of which nobody knows the type: text, as
// PostgreSQL has it, then what an operator or function may want instead.
var guesses = []types.ID{types.Varchar, types.BigInt, types.Double, types.Timestamp, types.Date, types.Interval, types.Boolean}

// cast prepares text with CASTs around the unknown parameters. It is nil if no guess
// fits: the columns then depend on the values.
func (p *plain) cast(ctx context.Context, made *prepared, text string, unknown []int) (*prepared, error) {
	s := p.s
	st := lex.Split(text)
	if len(st) != 1 {
		return nil, nil
	}
	var first error
	for _, guess := range guesses {
		want, guessed := map[string]*types.Type{}, false
		for _, i := range unknown {
			t := types.Of(guess)
			switch {
			case i < len(p.q.declared) && isKnown(p.q.declared[i]):
				t = p.q.declared[i]
			case p.features[i+1] != nil:
				t = p.features[i+1]
			case i < len(p.q.declared) && isBareNumeric(p.q.declared[i]):
				t = anyNumeric
			default:
				guessed = true
			}
			want[strconv.Itoa(made.slots[i])] = t
		}
		var casts []string
		sql, inner, err := rewrite.Apply(text, st[0], []rewrite.Rule{castRule(want, &casts)}, nil)
		if err != nil {
			return nil, err
		}
		stmt, err := s.conn.Prepare(ctx, sql)
		offset := func(at int) int { return made.offset(inner.Source(at)) }
		if err == nil {
			for _, i := range unknown {
				p.params[i] = want[strconv.Itoa(made.slots[i])]
			}
			return &prepared{stmt: stmt, conn: s.conn, refs: 1, slots: made.slots, casts: append(casts, made.casts...), global: s.db.planned.Load(), local: s.plans, offset: offset}, nil
		}
		if first == nil {
			first = mapError(err, offset)
		}
		if ctx.Err() != nil || !guessed || !aboutTypes(err) {
			return nil, first
		}
	}
	return nil, nil
}

// aboutTypes tells whether other parameter types may help.
func aboutTypes(err error) bool {
	switch sqlstate.CodeOf(err) {
	case sqlstate.UndefinedFunction, sqlstate.AmbiguousFunction, sqlstate.DatatypeMismatch, sqlstate.CannotCoerce, sqlstate.FeatureNotSupported,
		sqlstate.InvalidTextRepresentation, sqlstate.InvalidParameterValue, sqlstate.InvalidDatetimeFormat, sqlstate.WrongObjectType:
		return true
	}
	return false
}

// castRule puts CAST($n AS type) for each parameter in want; CAST, because after :: a
// subscript would read as part of the type. What DuckDB's column names then show goes to casts.
func castRule(want map[string]*types.Type, casts *[]string) rewrite.Rule {
	return rewrite.Rule{Name: "parameter types", Apply: func(e *rewrite.Editor) error {
		questions := 0
		for i, t := range e.Toks {
			number := ""
			switch t.Kind {
			case lex.Param:
				number = e.Text(i)[1:]
			case lex.Question:
				questions++
				number = strconv.Itoa(questions)
			default:
				continue
			}
			if w := want[number]; w != nil {
				e.Insert(t.Start, "CAST(")
				e.Insert(t.End, " AS "+w.String()+")")
				shown := "$" + number
				if long := "CAST(" + shown + " AS " + w.String() + ")"; !slices.Contains(*casts, long) {
					*casts = append(*casts, long, shown)
				}
			}
		}
		return nil
	}}
}

// number fills made.slots: DuckDB's index for each of the client's parameters, $3 being the third
// one whatever stands before it. DuckDB can't bind parameters whose numbers have gaps: those are
// numbered anew. Named parameters are numbered by their first occurrence.
func (p *plain) number(ctx context.Context, made *prepared, text string) (*prepared, string, error) {
	n := made.stmt.NumParams()
	gaps := false
	for i := 1; i <= n; i++ {
		switch number, err := strconv.Atoi(made.stmt.ParamName(i)); {
		case made.stmt.ParamName(i) == "":
			gaps = true
		case err == nil && number != i:
			gaps = true
		}
	}
	if !gaps {
		for i := 1; i <= n; i++ {
			made.slots = append(made.slots, i)
		}
		return made, text, nil
	}
	_ = made.stmt.Close()
	st := lex.Split(text)
	if len(st) != 1 {
		return nil, "", sqlstate.New(sqlstate.UndefinedParameter, "parameters of one statement must be numbered from $1 without gaps")
	}
	var used []int
	for _, t := range st[0].Tokens {
		if t.Kind != lex.Param {
			continue
		}
		number, err := strconv.Atoi(t.Text(text)[1:])
		if err != nil || number < 1 || number > 65535 {
			return nil, "", sqlstate.Newf(sqlstate.UndefinedParameter, "there is no parameter %s", t.Text(text)).At(made.offset(t.Start))
		}
		if !slices.Contains(used, number) {
			used = append(used, number)
		}
	}
	slices.Sort(used)
	fresh := &prepared{conn: made.conn, refs: 1, global: made.global, local: made.local, slots: make([]int, used[len(used)-1])}
	for i, number := range used {
		fresh.slots[number-1] = i + 1
		fresh.casts = append(fresh.casts, "$"+strconv.Itoa(i+1), "$"+strconv.Itoa(number))
	}
	sql, inner, err := rewrite.Apply(text, st[0], []rewrite.Rule{{Name: "parameter numbers", Apply: func(e *rewrite.Editor) error {
		for i, t := range e.Toks {
			if t.Kind == lex.Param {
				number, _ := strconv.Atoi(e.Text(i)[1:])
				e.ReplaceTok(i, "$"+strconv.Itoa(fresh.slots[number-1]))
			}
		}
		return nil
	}}}, nil)
	if err != nil {
		return nil, "", err
	}
	fresh.offset = func(at int) int { return made.offset(inner.Source(at)) }
	if fresh.stmt, err = p.s.conn.Prepare(ctx, sql); err != nil {
		return nil, "", mapError(err, fresh.offset)
	}
	return fresh, sql, nil
}

// columns describes the result, nil for no rows, empty where it depends on parameters.
func (p *prepared) columns() []types.Column {
	if p.assumed != nil {
		return p.assumed
	}
	columns := p.stmt.Columns()
	for _, c := range columns {
		if !isKnown(c.Type) && c.Type.ID != types.SQLNull {
			return []types.Column{}
		}
	}
	return p.named(columns)
}

// named takes the casts that were put around parameters out of the columns' names.
func (p *prepared) named(columns []types.Column) []types.Column {
	if len(p.casts) == 0 || len(columns) == 0 {
		return columns
	}
	plain := strings.NewReplacer(p.casts...)
	out := slices.Clone(columns)
	for i := range out {
		out[i].Name = plain.Replace(out[i].Name)
	}
	return out
}

// nullColumn stands for a column that DuckDB took for an INTEGER because a NULL
// parameter made it nothing but NULL.
type nullColumn struct {
	b *types.ColumnBuilder
}

// settle prepares for giving columns that have lost their type the one they were
// described with; false if something else has changed.
func (d *duckRows) settle(described, got []types.Column) bool {
	if len(described) != len(got) {
		return false
	}
	for i := range described {
		if described[i].Type.Equal(got[i].Type) {
			continue
		}
		if id := got[i].Type.ID; id != types.Integer && id != types.SQLNull {
			return false
		}
		if d.untyped == nil {
			d.untyped = map[int]*nullColumn{}
		}
		d.untyped[i] = &nullColumn{types.NewColumnBuilder(described[i].Type)}
	}
	return true
}

// typed replaces the columns that have lost their type.
func (d *duckRows) typed(chunk *types.Chunk) (*types.Chunk, error) {
	out := &types.Chunk{Len: chunk.Len, Columns: slices.Clone(chunk.Columns)}
	for i, n := range d.untyped {
		for row := range chunk.Len {
			if chunk.Columns[i].Valid(row) {
				return nil, errPlanChanged()
			}
		}
		for n.b.Len() < chunk.Len {
			n.b.AppendNull()
		}
		out.Columns[i] = n.b.Vector()
		out.Columns[i].Len = chunk.Len
	}
	return out, nil
}
