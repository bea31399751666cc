package model

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/eiderdb/eider/functions/model/train"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/lineage"
	"github.com/eiderdb/eider/sql/stmt"
)

// LeakAvailable is the code of the warning about features that can't have waited for their facts.
const LeakAvailable = "feature_ignores_available_time"

// A feature view with AVAILABLE TIME says of its facts that they aren't known when they happen. Whatever is
// made of those facts and respects that depends on the available time: which facts are taken follows from it.
// A feature that lineage leads to the facts and not to their available time therefore doesn't respect it, by
// whatever join it was made. The opposite isn't claimed: what depends on the time may still do so wrongly.

// origin is a column of a table or view, both names folded.
type origin struct{ name, column string }

// declared is what one feature view with AVAILABLE TIME says.
type declared struct {
	view      string
	available string // as people write it: flights.landed_at
	facts     map[origin]bool
	times     map[origin]bool
}

// graph reads the recorded lineage of tables and views, each once.
type graph struct {
	ctx   context.Context
	s     stmt.Session
	edges map[string][]edge
}

type edge struct {
	column string // "" of what decides which rows there are
	from   origin
	direct bool
}

// of are the edges of an object, by its name in lineage.
func (g *graph) of(object string) ([]edge, error) {
	key := lex.Fold(object)
	if found, ok := g.edges[key]; ok {
		return found, nil
	}
	rows, err := g.s.Query(g.ctx, `SELECT coalesce(col, ''), source, source_col, dependency IN ('IDENTITY', 'TRANSFORMATION', 'AGGREGATION')
		FROM eider.lineage_store WHERE kind IN ('table', 'view') AND lower(object) = $1 AND source_col IS NOT NULL AND dependency IS NOT NULL`, key)
	if err != nil {
		return nil, err
	}
	list := make([]edge, 0, len(rows))
	for _, row := range rows {
		direct, _ := row[3].(bool)
		list = append(list, edge{column: lex.Fold(text(row[0])), from: at(text(row[1]), text(row[2])), direct: direct})
	}
	g.edges[key] = list
	return list, nil
}

func at(object, column string) origin {
	return origin{lex.Fold(object), lex.Fold(column)}
}

// values adds the columns whose values o is made of, near and far, o itself among them.
func (g *graph) values(o origin, into map[origin]bool) error {
	if into[o] {
		return nil
	}
	into[o] = true
	edges, err := g.of(o.name)
	if err != nil {
		return err
	}
	for _, e := range edges {
		if e.direct && e.column == o.column {
			if err := g.values(e.from, into); err != nil {
				return err
			}
		}
	}
	return nil
}

// decides adds what decides, in one way or another, about the values that made holds: beside those themselves what
// stands in conditions and windows of the column, and what joins and filters ask of a relation that it is made of.
func (g *graph) decides(made map[origin]bool) (map[origin]bool, error) {
	out := map[origin]bool{}
	for o := range made {
		edges, err := g.of(o.name)
		if err != nil {
			return nil, err
		}
		relations := map[string]bool{}
		for _, e := range edges {
			if e.direct && e.column == o.column {
				relations[e.from.name] = true
			}
		}
		for _, e := range edges {
			if e.column == o.column || e.column == "" && relations[e.from.name] {
				if err := g.values(e.from, out); err != nil {
					return nil, err
				}
			}
		}
	}
	return out, nil
}

// declarations are the feature views with AVAILABLE TIME that the user may see.
func (g *graph) declarations() ([]declared, error) {
	rows, err := g.s.Query(g.ctx, `SELECT f.schema_name || '.' || f.name, f.available_time, f.event_time, f.entity, f.columns, f.windows
		FROM eider.feature_views v JOIN eider.feature_view_store f ON f.schema_name = v."schema" AND f.name = v.name
		WHERE f.available_time IS NOT NULL ORDER BY 1`)
	if err != nil {
		return nil, err
	}
	var out []declared
	for _, row := range rows {
		d := declared{view: text(row[0]), facts: map[origin]bool{}, times: map[origin]bool{}}
		edges, err := g.of(d.view)
		if err != nil {
			return nil, err
		}
		// near are a column and the columns next to it, in the table that the feature view reads.
		near := func(name string, into map[origin]bool) (next string) {
			into[at(d.view, name)] = true
			for _, e := range edges {
				if e.direct && e.column == lex.Fold(name) {
					into[e.from] = true
					next = e.from.name + "." + e.from.column
				}
			}
			return next
		}
		if d.available = near(text(row[1]), d.times); d.available == "" {
			d.available = d.view + "." + text(row[1])
		}
		known := append(strs(row[3]), text(row[1]), text(row[2]))
		facts, err := factColumns(text(row[4]), text(row[5]))
		if err != nil {
			return nil, fmt.Errorf("read feature view %s: %w", d.view, err)
		}
		for _, name := range facts {
			if !slices.ContainsFunc(known, func(k string) bool { return lex.EqualFold(k, name) }) {
				near(name, d.facts)
			}
		}
		out = append(out, d)
	}
	return out, nil
}

// factColumns are the columns that a feature view gives on: those that its windows aggregate, all if it has none.
func factColumns(columns, windows string) ([]string, error) {
	var all []struct {
		Name string `json:"name"`
	}
	var aggregates []struct {
		Argument string `json:"argument"`
	}
	if err := json.Unmarshal([]byte(columns), &all); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(windows), &aggregates); err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, a := range aggregates {
		for _, s := range lex.Split(a.Argument) {
			for _, t := range s.Tokens {
				if t.IsIdent() {
					names[lex.Fold(lex.Unquote(a.Argument, t))] = true
				}
			}
		}
	}
	var out []string
	for _, c := range all {
		if len(aggregates) == 0 || names[lex.Fold(c.Name)] {
			out = append(out, c.Name)
		}
	}
	return out, nil
}

// late warns of features that are made of facts and can't have waited until those were known.
func (r *training) late(ctx context.Context, s Session) error {
	g := &graph{ctx: ctx, s: s, edges: map[string][]edge{}}
	views, err := g.declarations()
	if err != nil || len(views) == 0 {
		return err
	}
	query, err := s.Lineage(ctx, r.stmt.query.Text)
	if err != nil || len(query.Columns) != len(r.plan.Columns) || len(query.RowsUnknown) > 0 {
		return err
	}
	type finding struct {
		view            string
		features, facts []string
	}
	found := map[string]*finding{}
	var order []string
	for _, f := range r.result.Signature {
		i := indexOf(r.plan, f.Name)
		if i < 0 || len(query.Columns[i].Unknown) > 0 {
			continue
		}
		d, facts, err := g.hasty(query.Columns[i].Edges, query.Rows, views)
		if err != nil {
			return err
		}
		if d == nil {
			continue
		}
		if found[d.available] == nil {
			found[d.available] = &finding{view: d.view}
			order = append(order, d.available)
		}
		one := found[d.available]
		one.features = append(one.features, lex.QuoteIdent(f.Name))
		for _, name := range facts {
			if !slices.Contains(one.facts, name) {
				one.facts = append(one.facts, name)
			}
		}
	}
	for _, available := range order {
		one := found[available]
		slices.Sort(one.facts)
		message := fmt.Sprintf("%s made of %s without regard to %s, when feature view %s says that becomes known: the model may learn from what nobody knew yet; POINT IN TIME JOIN %s looks at no more than was known",
			few(one.features, "feature"), strings.Join(one.facts, ", "), available, one.view, one.view)
		r.result.Warnings = append(r.result.Warnings, train.Warning{Code: LeakAvailable, Column: strings.Trim(one.features[0], `"`), Message: message})
		s.Notice("WARNING", message)
	}
	return nil
}

// hasty is the first feature view whose facts a column is made of without regard to when they were known, and which
// facts these are; nil if there is none. own and rows are what the training query says of the column and of its rows.
func (g *graph) hasty(own, rows []lineage.Edge, views []declared) (*declared, []string, error) {
	made := map[origin]bool{}
	for _, e := range own {
		if e.How.Type() == "DIRECT" {
			if err := g.values(at(e.Source.Object, e.Source.Column), made); err != nil {
				return nil, nil, err
			}
		}
	}
	decides, err := g.decides(made)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range slices.Concat(own, rows) {
		if err := g.values(at(e.Source.Object, e.Source.Column), decides); err != nil {
			return nil, nil, err
		}
	}
	var first *declared
	var facts []string
	for i := range views {
		v, touched := &views[i], []string(nil)
		for o := range v.facts {
			if made[o] && !v.times[o] {
				touched = append(touched, o.name+"."+o.column)
			}
		}
		if len(touched) == 0 {
			continue
		}
		for o := range v.times {
			if decides[o] {
				return nil, nil, nil // it waits for the facts of one feature view at least
			}
		}
		if first == nil {
			first, facts = v, touched
		}
	}
	return first, facts, nil
}

// few names up to three things and counts the others, with the verb: "feature a is", "features a, b, c and 2 more are".
func few(names []string, what string) string {
	const most = 3
	switch {
	case len(names) == 1:
		return what + " " + names[0] + " is"
	case len(names) <= most:
		return what + "s " + strings.Join(names, ", ") + " are"
	}
	return fmt.Sprintf("%ss %s and %d more are", what, strings.Join(names[:most], ", "), len(names)-most)
}
