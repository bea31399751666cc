package point

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/functions/rolling"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/rewrite"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt/feature"
)

// Columns of the joins' own.
const (
	atColumn  = "__eider_at"
	keyColumn = "__eider_k"
)

func key(k int) string { return keyColumn + strconv.Itoa(k+1) }

// hiddenColumns are those that a join needs for itself and that the query's stars leave out.
func (j *join) hiddenColumns() []string {
	if j.plan != nil {
		return []string{j.plan.handle}
	}
	return append([]string{atColumn}, j.keyColumns()...)
}

func (j *join) keyColumns() []string {
	names := make([]string, len(j.view.Entity))
	for k := range names {
		names[k] = key(k)
	}
	return names
}

// lower writes what a join becomes.
func (w *writer) lower(j *join, joins []*join) error {
	left := w.left(j, joins)
	if len(left) == 0 {
		return w.at(j.first, sqlstate.SyntaxError, "POINT IN TIME JOIN needs labels on its left")
	}
	if err := w.compared(j, left); err != nil {
		return err
	}
	var parts []rewrite.Part
	for _, o := range chain(j, joins) {
		parts = append(parts, w.gathering(o)...)
	}
	if j.plan == nil {
		parts = append(parts, w.newest(j)...)
	} else {
		if err := w.ordered(j); err != nil {
			return err
		}
		parts = append(parts, w.looking(j)...)
	}
	w.Compose(w.Toks[j.first].Start, w.Toks[j.last].End, parts...)
	return nil
}

// facts names the view that has the facts.
func (w *writer) facts(v *feature.View) string {
	name := lex.QuoteIdent(v.Schema) + "." + lex.QuoteIdent(v.Name)
	if w.stored() {
		return name // stays true when the file is renamed or attached
	}
	return lex.QuoteIdent(w.pass.FactsDatabase()) + "." + name
}

// stored tells whether the statement defines a view or a macro in the database itself.
func (w *writer) stored() bool {
	if !w.Word(0, "create") {
		return false
	}
	for i := 1; i < len(w.Toks); i++ {
		switch {
		case w.Word(i, "temp"), w.Word(i, "temporary"), w.Is(i, "("), w.Word(i, "as"):
			return false
		case w.Word(i, "view"), w.Word(i, "macro"), w.Word(i, "function"):
			return true
		}
	}
	return false
}

// instant is the label's time.
func (w *writer) instant(j *join) []rewrite.Part {
	return []rewrite.Part{text(rolling.InstantName + "(("), w.copied(j.time), text("), " + lex.QuoteLiteral(j.view.Kind) + ", " + lex.QuoteLiteral(j.view.Key()) + ")")}
}

// micros is a fact's time in microseconds, NULL where it is infinite.
func micros(v *feature.View, column string) string {
	return "epoch_us(CAST(" + lex.QuoteIdent(column) + " AS " + strings.ToUpper(v.Kind) + "))"
}

// times are when a fact happened and was available.
func times(v *feature.View) (event, available string) {
	event = micros(v, v.EventTime)
	available = event
	if v.AvailableTime != "" {
		available = micros(v, v.AvailableTime)
	}
	return event, available
}

// newest lowers a join that gives the newest fact, where facts have columns that the operator can't
// keep: an ASOF join with the frontier.
func (w *writer) newest(j *join) []rewrite.Part {
	parts := []rewrite.Part{text("ASOF LEFT JOIN (" + frontier(j.view, w.facts(j.view)) + ") AS " + j.quoted + " ON ")}
	when := w.instant(j)
	if !w.asks(j.on) { // DuckDB wants a column of the left side in an inequality, AS OF $1 has none
		when[len(when)-1].Text = strings.TrimSuffix(when[len(when)-1].Text, ")") + ", "
		when = append(append(when, j.keys[0]...), text(")"))
	}
	parts = append(parts, when...)
	parts = append(parts, text(" >= "+j.quoted+"."+atColumn))
	for k, expr := range j.keys {
		parts = append(append(append(parts, text(" AND ")), expr...), text(" = "+j.quoted+"."+key(k)))
	}
	return parts
}

// frontier is the query of the facts that are ever the newest ones known, with the time from which
// each is. Among facts that are known from the same moment on, one is kept.
func frontier(v *feature.View, from string) string {
	event, available := times(v)
	var entity, others, ties, given []string
	for k, name := range v.Entity {
		entity = append(entity, lex.QuoteIdent(name)+" AS "+key(k))
		given = append(given, lex.QuoteIdent(name)+" IS NOT NULL")
	}
	for _, c := range v.Columns {
		if v.IsEntity(c.Name) {
			continue
		}
		q := lex.QuoteIdent(c.Name)
		others = append(others, q)
		if c.Name != v.EventTime && c.Name != v.AvailableTime {
			ties = append(ties, q+" ASC NULLS FIRST")
		}
	}
	keys := (&join{view: v}).keyColumns()
	by := append([]string{atColumn + " ASC", "__eider_e ASC", "__eider_a ASC"}, ties...)
	rows := fmt.Sprintf("SELECT *, greatest(__eider_e, __eider_a) AS %s FROM (SELECT %s, %s, %s AS __eider_e, %s AS __eider_a FROM %s WHERE %s)"+
		" WHERE __eider_e IS NOT NULL AND __eider_a IS NOT NULL",
		atColumn, strings.Join(entity, ", "), strings.Join(others, ", "), event, available, from, strings.Join(given, " AND "))
	out := append(append([]string{}, keys...), others...)
	newest := "max(__eider_e) OVER (__eider_w ROWS UNBOUNDED PRECEDING)"
	if v.AvailableTime == "" {
		newest = "__eider_e" // known when it happens, each fact is the newest at its time
	}
	kept := fmt.Sprintf("SELECT %s, %s, __eider_e FROM (SELECT *, %s AS __eider_m, lead(%s) OVER __eider_w AS __eider_n"+
		" FROM (%s) WINDOW __eider_w AS (PARTITION BY %s ORDER BY %s)) WHERE __eider_e = __eider_m AND %s IS DISTINCT FROM __eider_n",
		strings.Join(out, ", "), atColumn, newest, atColumn, rows, strings.Join(keys, ", "), strings.Join(by, ", "), atColumn)
	if v.TTL == 0 {
		return fmt.Sprintf("SELECT %s, %s FROM (%s)", strings.Join(out, ", "), atColumn, kept)
	}
	return limited(v, keys, others, kept)
}

// limited ends the turn of a fact that grows too old by a row without features.
func limited(v *feature.View, keys, others []string, kept string) string {
	const never = math.MaxInt64
	ttl := v.TTL
	last := fmt.Sprintf("CASE WHEN __eider_e > %d THEN %d ELSE __eider_e + %d END", never-ttl, int64(never), ttl)
	var features []string
	for _, q := range others {
		features = append(features, "CASE WHEN __eider_s.live THEN "+q+" END AS "+q)
	}
	dead := "{'at': __eider_l + 1, 'live': FALSE}"
	live := "{'at': " + atColumn + ", 'live': TRUE}"
	return fmt.Sprintf("SELECT %s, %s, __eider_s.at AS %s FROM (SELECT *, unnest(CASE WHEN __eider_l < %s THEN [] WHEN __eider_l = %d OR __eider_n <= __eider_l + 1 THEN [%s] ELSE [%s, %s] END) AS __eider_s"+
		" FROM (SELECT *, %s AS __eider_l, lead(%s) OVER (PARTITION BY %s ORDER BY %s) AS __eider_n FROM (%s)))",
		strings.Join(keys, ", "), strings.Join(features, ", "), atColumn, atColumn, int64(never), live, live, dead, last, atColumn, strings.Join(keys, ", "), atColumn, kept)
}

// asks tells whether a parameter ? stands among tokens, which can't be written twice.
func (w *writer) asks(s span) bool {
	for i := s.lo; i < s.hi; i++ {
		if w.Toks[i].Kind == lex.Question {
			return true
		}
	}
	return false
}
