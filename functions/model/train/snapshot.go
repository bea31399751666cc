package train

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/frame"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// columns are the names of the frame's columns that aren't features' inputs.
type columns struct {
	target, weight, time, group, split, foldTime, foldGroup, partition string
	// instants are the other dates and timestamps of the query, by their names there.
	instants map[string]string
	// incumbent are the deployed version's predictions, set aside.
	incumbent []string
}

// loading is what is read for a plan.
type loading struct {
	inputs []frame.Input
	aside  int
	// identity is what a row's hash is of; named tells that ID says so, and not that it is all.
	identity []string
	named    bool
	cols     columns
}

// loading lists the inputs: those of every candidate's transform, then the columns that clauses name, then the
// deployed version's predictions.
func (p *Plan) loading(incumbent *Incumbent) *loading {
	l := &loading{cols: columns{instants: map[string]string{}}}
	for _, task := range p.possible() {
		for _, c := range p.by[task].candidates {
			for _, in := range c.plan.Inputs {
				l.add(in.Name, in.SQL, in.Kind)
			}
		}
	}
	if p.Target != nil {
		kind := frame.Category
		if p.Task != model.Classification {
			kind = frame.Number
		}
		l.cols.target = l.role(p.Target.Name, kind)
	}
	if w := p.Spec.Weight; w != nil {
		l.cols.weight = l.add("WEIGHT BY", w.SQL, frame.Number)
	}
	l.cols.time, l.cols.foldTime = l.role(p.time, frame.Instant), l.role(p.foldTime, frame.Instant)
	l.cols.group, l.cols.foldGroup = l.role(p.group, frame.Category), l.role(p.foldGroup, frame.Category)
	l.cols.partition = l.role(p.partition, frame.Category)
	kind := frame.Category
	if numeric(p.typeOf(p.splitColumn).ID) {
		kind = frame.Number
	}
	l.cols.split = l.role(p.splitColumn, kind)
	for _, name := range p.ids {
		l.identify(name, p.typeOf(name))
	}
	if p.time != "" {
		for _, c := range p.Columns {
			if temporal(c.Type) && c.Name != p.time && !slices.Contains(p.excluded(), c.Name) {
				l.cols.instants[c.Name] = l.role(c.Name, frame.Instant)
			}
		}
	}
	if l.named = l.identity != nil; !l.named { // a row is what it holds
		for _, in := range l.inputs {
			l.identity = append(l.identity, in.Name)
		}
	}
	if incumbent != nil {
		for i, sql := range incumbent.SQL {
			l.cols.incumbent = append(l.cols.incumbent, l.add("deployed version's prediction "+strconv.Itoa(i), sql, frame.Number))
		}
		l.aside = len(incumbent.SQL)
	}
	return l
}

// identify adds a column of ID. What has as many values as rows is better no dictionary: a whole number of 64 bits, which
// a double can't hold, is read in two halves.
func (l *loading) identify(name string, t *types.Type) {
	sql := quoted(name)
	switch {
	case t.ID == types.BigInt || t.ID == types.UBigInt:
		l.identity = append(l.identity, l.add(name+" / 2^32", sql+" // 4294967296", frame.Number), l.add(name+" mod 2^32", sql+" % 4294967296", frame.Number))
	case integer(t.ID) && t.ID != types.HugeInt && t.ID != types.UHugeInt, t.ID == types.Float, t.ID == types.Double:
		l.identity = append(l.identity, l.add(name, sql, frame.Number))
	case temporal(t) && t.ID != types.TimestampNS:
		l.identity = append(l.identity, l.add(name, sql, frame.Instant))
	default:
		l.identity = append(l.identity, l.add(name, sql, frame.Category))
	}
}

// role adds a column of the query under its own name; "" for none.
func (l *loading) role(column string, kind frame.Kind) string {
	if column == "" {
		return ""
	}
	return l.add(column, quoted(column), kind)
}

// add adds an input unless it is there. Should the name be taken by something else it gets a mark.
func (l *loading) add(name, sql string, kind frame.Kind) string {
	for {
		i := slices.IndexFunc(l.inputs, func(in frame.Input) bool { return in.Name == name })
		switch {
		case i < 0:
			l.inputs = append(l.inputs, frame.Input{Name: name, SQL: sql, Kind: kind})
			return name
		case l.inputs[i].SQL == sql && l.inputs[i].Kind == kind:
			return name
		}
		name += "'"
	}
}

// load reads the snapshot.
func (r *run) load(ctx context.Context) error {
	l := r.plan.loading(r.incumbent)
	r.cols, r.identity = l.cols, l.identity
	identity := l.identity
	if !l.named {
		identity = nil
	}
	rows := int64(0)
	f, err := frame.Load(ctx, r.session, r.spec.Query, l.inputs, frame.Options{
		Seed: r.spec.Seed, Identity: identity, Aside: l.aside, MaxBytes: r.o.MaxBytes,
		Progress: func(n int64) {
			rows = n
			r.progress.within(float64(n) / float64(n+1_000_000)) // how many there will be isn't known
		},
	})
	if err != nil {
		return r.loadError(err, l)
	}
	r.frame, r.loaded, r.snapshotBytes = f, rows, 8*rows*int64(len(f.Cols)+2)
	if f.Rows == 0 {
		return at(sqlstate.New(sqlstate.InvalidParameterValue, "the training query returns no rows"), r.spec.QueryPos)
	}
	return nil
}

// loadError moves a position from the SELECT around the user's query into the statement, and drops one that isn't in the query.
func (r *run) loadError(err error, l *loading) error {
	e := *sqlstate.From(err)
	if e.Position > 0 {
		whole := frame.Select(r.spec.Query, l.inputs)
		before := len(whole) - len(r.spec.Query) - len("\n) AS t")
		e.Position -= before
		if e.Position < 1 || e.Position > len(r.spec.Query) || r.spec.QueryPos < 0 {
			e.Position = 0
		} else {
			e.Position += r.spec.QueryPos
		}
	}
	return &e
}

// refuseInfinite names the first input that has infinite values among the rows.
func (r *run) refuseInfinite(rows []int32, inputs []frame.Input) error {
	for _, in := range inputs {
		c := r.frame.Col(in.Name)
		if c == nil || c.Kind != frame.Number {
			continue
		}
		n := 0
		for _, i := range rows {
			if math.IsInf(c.Num[i], 0) {
				n++
			}
		}
		if n > 0 {
			return at(sqlstate.Newf(sqlstate.InvalidParameterValue, "%s is infinite in %s", inputName(in), rowsText(n)).
				WithHint("Leave them out of the query (WHERE isfinite(…)) or make them NULL."), r.spec.QueryPos)
		}
	}
	return nil
}

// inputName is a column, or the expression, for a message.
func inputName(in frame.Input) string {
	if name := columnOf(in); name != "" {
		return "column " + lex.QuoteIdent(name)
	}
	return "expression " + in.SQL
}

// columnOf is the column that an input is, "" where it is an expression.
func columnOf(in frame.Input) string {
	name, ok := strings.CutPrefix(in.SQL, `t."`)
	if !ok || !strings.HasSuffix(name, `"`) {
		return ""
	}
	name = name[:len(name)-1]
	if strings.Contains(strings.ReplaceAll(name, `""`, ""), `"`) {
		return ""
	}
	return strings.ReplaceAll(name, `""`, `"`)
}

// weights returns the weights of all rows, nil without WEIGHT BY. Those of the rows given are checked.
func (r *run) weights(rows []int32) error {
	if r.cols.weight == "" {
		return nil
	}
	c, pos, sum := r.frame.Col(r.cols.weight), r.spec.Weight.Pos, 0.0
	for _, i := range rows {
		w := c.Num[i]
		switch {
		case math.IsNaN(w):
			return at(sqlstate.New(sqlstate.NullValueNotAllowed, "WEIGHT BY is NULL in some rows").WithHint("Give them a weight: coalesce(…, 1)."), pos)
		case w < 0 || math.IsInf(w, 0):
			return at(sqlstate.Newf(sqlstate.InvalidParameterValue, "WEIGHT BY must not be negative or infinite: %v", w), pos)
		}
		sum += w
	}
	if sum == 0 || math.IsInf(sum, 0) {
		return at(sqlstate.New(sqlstate.InvalidParameterValue, "WEIGHT BY gives no row a weight, or too much"), pos)
	}
	return nil
}

// sqlLiteral writes a class as a literal of the target's type.
func sqlLiteral(text string, t *types.Type) string {
	switch {
	case t.ID == types.Boolean:
		return strings.ToUpper(text)
	case integer(t.ID):
		return "CAST(" + text + " AS " + t.String() + ")"
	case t.ID == types.Varchar && t.Alias == "":
		return lex.QuoteLiteral(text)
	}
	return "CAST(" + lex.QuoteLiteral(text) + " AS " + t.String() + ")"
}
