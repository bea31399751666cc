package point

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/functions/rolling"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/rewrite"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt/feature"
)

// plan is how the operator of functions/rolling computes a join.
type plan struct {
	spec rolling.Spec
	// relation has one row, whose column handle is a list with the number of the facts. Being a list it
	// keeps DuckDB from looking for labels that are the same, and from a join for them: what is asked for
	// each label is computed beside its other columns.
	relation, handle string
	// values are the columns of facts that the operator keeps, as SQL.
	values []string
	// features are the join's columns, as SQL over row.
	features []string
}

// row, with the number of a look behind it, is what that gave: the facts' number and results.
const row = "__eider_r"

// planOf returns how the operator computes a join with a feature view, the n-th of its SELECT: nil
// where facts have columns that it can't keep.
func planOf(v *feature.View, n int) (*plan, error) {
	p := &plan{relation: "__eider_f" + strconv.Itoa(n), handle: "__eider_h" + strconv.Itoa(n)}
	p.spec = rolling.Spec{View: v.Key(), Keys: len(v.Entity), Known: v.AvailableTime != "", TTL: v.TTL}
	if len(v.Windows) == 0 {
		if !p.newest(v) {
			return nil, nil
		}
		return p, nil
	}
	return p, p.windows(v)
}

// newest plans a join that gives the newest fact; false where it can't.
func (p *plan) newest(v *feature.View) bool {
	p.spec.Windows = []rolling.Window{{Aggregate: rolling.Newest}}
	for _, c := range v.Columns {
		if v.IsEntity(c.Name) {
			continue
		}
		column := len(p.values)
		switch {
		case c.Name == v.EventTime && c.Type == timeType(v):
			column = rolling.EventColumn
		case c.Name == v.AvailableTime && c.Type == timeType(v):
			column = rolling.AvailableColumn
		}
		value, ok := rolling.ValueSQL(c.Type, row+"0['n']", strconv.Itoa(column), result(0))
		if !ok {
			return false
		}
		if column >= 0 {
			p.values = append(p.values, lex.QuoteIdent(c.Name))
			if c.Name != v.EventTime && c.Name != v.AvailableTime {
				p.spec.Ties = append(p.spec.Ties, column)
			}
		}
		p.features = append(p.features, value+" AS "+lex.QuoteIdent(c.Name))
	}
	return true
}

// timeType is the type of times that need no cast.
func timeType(v *feature.View) string {
	if v.Kind == rolling.Zoned {
		return "TIMESTAMP WITH TIME ZONE"
	}
	return "TIMESTAMP"
}

// result is window n of a label.
func result(n int) string {
	return fmt.Sprintf("%s%d['v%d']", row, n/rolling.MaxWidth, n%rolling.MaxWidth)
}

// windows plans a join that gives aggregates.
func (p *plan) windows(v *feature.View) error {
	column := map[string]int{}
	summed := map[[2]string]bool{}
	for _, win := range v.Windows {
		summed[[2]string{win.Argument, win.Filter}] = summed[[2]string{win.Argument, win.Filter}] || rolling.Summing(win.Aggregate)
	}
	for i, win := range v.Windows {
		x := "TRUE"
		if win.Argument != "" {
			x = "(" + win.Argument + "\n)"
		}
		// What is summed is also what is counted: one column less to keep.
		if rolling.Summing(win.Aggregate) || win.Aggregate == rolling.Count && win.Argument != "" && summed[[2]string{win.Argument, win.Filter}] {
			x = "CAST(" + x + " AS DOUBLE)"
		}
		if win.Filter != "" {
			x = "CASE WHEN (" + win.Filter + "\n) THEN " + x + " END"
		}
		n, ok := column[x]
		if !ok {
			n = len(p.values)
			column[x] = n
			p.values = append(p.values, x)
		}
		p.spec.Windows = append(p.spec.Windows, rolling.Window{Aggregate: win.Aggregate, Column: n, Available: win.Available, Micros: win.Micros})
		value := result(i)
		switch {
		case rolling.Counting(win.Aggregate):
			value = "CAST(" + value + " AS BIGINT)"
		case rolling.Placing(win.Aggregate):
			if value, ok = rolling.ValueSQL(win.Type, row+"0['n']", strconv.Itoa(n), value); !ok {
				return sqlstate.Newf(sqlstate.FeatureNotSupported, "window %s of feature view %s has a value of type %s", win.Name, v.Key(), win.Type).
					WithHint("CREATE OR REPLACE FEATURE VIEW, with a cast.")
			}
		}
		p.features = append(p.features, value+" AS "+lex.QuoteIdent(win.Name))
	}
	return nil
}

// located puts an error at a join.
func (w *writer) located(err error, j *join) error {
	return sqlstate.From(err).At(w.Toks[j.first].Start)
}

// chain are the joins whose facts are gathered where j stands: j and those that follow without
// anything between, none if j follows another. DuckDB sees the looks of all of them as one.
func chain(j *join, joins []*join) []*join {
	var out []*join
	for n, o := range joins {
		switch {
		case o == j && n > 0 && joins[n-1].last+1 == j.first:
			return nil
		case o == j, len(out) > 0 && joins[n-1].last+1 == o.first:
			out = append(out, o)
		case len(out) > 0:
			return out
		}
	}
	return out
}

// ordered refuses parameters ? whose order would change.
func (w *writer) ordered(j *join) error {
	if w.asks(j.on) && len(j.keys) > 1 || (w.asks(j.on) || w.asks(j.time)) && len(j.plan.spec.Windows) > rolling.MaxWidth {
		return w.at(j.first, sqlstate.FeatureNotSupported, "a parameter ? can't stand in this POINT IN TIME JOIN").WithHint("Number the parameters: $1.")
	}
	return nil
}

// asText tells whether a key goes by its text, because the operator doesn't compare its type.
func asText(v *feature.View, name string) bool {
	for _, c := range v.Columns {
		if lex.EqualFold(c.Name, name) {
			return !rolling.IsKeyName(c.Type)
		}
	}
	return false
}

func textKey(sql string) string { return "CAST(" + sql + " AS VARCHAR)" }

// gathering is the relation with the number of a join's facts.
func (w *writer) gathering(j *join) []rewrite.Part {
	p, v := j.plan, j.view
	if p == nil {
		return nil
	}
	event, available := times(v)
	names := append(j.keyColumns(), "__eider_t")
	var columns, given []string
	for k, name := range v.Entity {
		q := lex.QuoteIdent(name)
		given = append(given, q+" IS NOT NULL")
		if asText(v, name) {
			q = textKey(q)
		}
		columns = append(columns, q+" AS "+key(k))
	}
	columns = append(columns, event+" AS __eider_t")
	known := "__eider_t IS NOT NULL"
	if v.AvailableTime != "" {
		columns, names = append(columns, available+" AS __eider_a"), append(names, "__eider_a")
		known += " AND __eider_a IS NOT NULL"
	}
	for i, x := range p.values {
		name := "__eider_x" + strconv.Itoa(i)
		columns, names = append(columns, x+" AS "+name), append(names, name)
	}
	return []rewrite.Part{text(fmt.Sprintf("CROSS JOIN (WITH __eider_b AS MATERIALIZED (SELECT %s(%s, system.main.current_setting('memory_limit')) AS __eider_n)"+
		" SELECT [coalesce(max(%s(__eider_n, %s)), (SELECT __eider_n FROM __eider_b))] AS %s FROM (SELECT %s FROM %s WHERE %s), __eider_b WHERE %s) AS %s ",
		rolling.BeginName, lex.QuoteLiteral(p.spec.Text()), rolling.AddName, strings.Join(names, ", "), p.handle,
		strings.Join(columns, ", "), w.facts(v), strings.Join(given, " AND "), known, p.relation))}
}

// looking are the features of each label.
func (w *writer) looking(j *join) []rewrite.Part {
	p := j.plan
	when, keys := w.instant(j), j.keys
	var from []rewrite.Part
	if w.queries(j.time) || w.queries(j.on) { // a callback's argument can't be a subquery (DuckDB 1.5.5)
		when, keys, from = w.first(j)
	}
	parts := []rewrite.Part{text("CROSS JOIN LATERAL (SELECT " + strings.Join(p.features, ", ") + " FROM (SELECT ")}
	for first := 0; first < len(p.spec.Windows); first += rolling.MaxWidth {
		n := min(len(p.spec.Windows)-first, rolling.MaxWidth)
		if first > 0 {
			parts = append(parts, text(", "))
		}
		parts = append(parts, text(fmt.Sprintf("unnest(%s(%s.%s, %d, ", rolling.LookName(n), p.relation, p.handle, first)))
		parts = append(parts, when...)
		for k, expr := range keys {
			if asText(j.view, j.view.Entity[k]) {
				expr = append(append([]rewrite.Part{text("CAST(")}, expr...), text(" AS VARCHAR)"))
			}
			parts = append(append(parts, text(", ")), expr...)
		}
		parts = append(parts, text(fmt.Sprintf(")) AS %s%d", row, first/rolling.MaxWidth)))
	}
	parts = append(parts, from...)
	return append(parts, text(")) AS "+j.quoted))
}

// first computes a label's time and keys in a FROM of their own.
func (w *writer) first(j *join) (when []rewrite.Part, keys [][]rewrite.Part, from []rewrite.Part) {
	from = []rewrite.Part{text(" FROM (SELECT ("), w.copied(j.time), text(") AS __eider_t")}
	for k, expr := range j.keys {
		from = append(append(append(from, text(", ")), expr...), text(" AS "+key(k)))
		keys = append(keys, []rewrite.Part{text(key(k))})
	}
	when = []rewrite.Part{text(fmt.Sprintf("%s(__eider_t, %s, %s)", rolling.InstantName, lex.QuoteLiteral(j.view.Kind), lex.QuoteLiteral(j.view.Key())))}
	return when, keys, append(from, text(")"))
}

// queries tells whether a query stands among tokens.
func (w *writer) queries(s span) bool {
	for i := s.lo; i < s.hi; i++ {
		if w.Is(i, "(") && slices.Contains(queries, w.word(i+1)) {
			return true
		}
	}
	return false
}
