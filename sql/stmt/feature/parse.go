package feature

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/eiderdb/eider/functions/rolling"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// create is CREATE FEATURE VIEW as it was written.
type create struct {
	orReplace, ifNotExists bool
	name                   parse.QualifiedName
	entity                 []parse.Name
	event, available       parse.Name
	ttl                    int64
	windows                []window
	query                  parse.Span
	// statement is all of it.
	statement string
}

// window is an aggregate as it was written.
type window struct {
	Window
	name             parse.Name
	argument, filter parse.Span
}

func parseCreate(p *parse.Parser) (*create, error) {
	c := &create{}
	start := p.Peek().Start
	if err := p.ExpectWord("create"); err != nil {
		return nil, err
	}
	c.orReplace = p.AcceptWords("or", "replace")
	if err := p.ExpectWords("feature", "view"); err != nil {
		return nil, err
	}
	c.ifNotExists = p.AcceptWords("if", "not", "exists")
	if c.ifNotExists && c.orReplace {
		return nil, sqlstate.New(sqlstate.SyntaxError, "OR REPLACE and IF NOT EXISTS exclude one another").At(start)
	}
	var err error
	if c.name, err = p.QualifiedName("a name for the feature view"); err != nil {
		return nil, err
	}
	for !p.AcceptWord("as") {
		if err := c.clause(p); err != nil {
			return nil, err
		}
	}
	switch {
	case len(c.entity) == 0:
		return nil, parse.Errorf(c.name.Span, sqlstate.SyntaxError, "a feature view needs an entity").
			WithHint("Say what its facts are about: ENTITY (customer_id).")
	case c.event.Text == "" && c.available.Text != "":
		return nil, parse.Errorf(c.available.Span, sqlstate.SyntaxError, "AVAILABLE TIME without EVENT TIME").
			WithHint("Say when a fact happened: EVENT TIME column. Where only one time is known, that is the one.")
	case c.event.Text == "":
		return nil, parse.Errorf(c.name.Span, sqlstate.SyntaxError, "a feature view needs a time").WithHint("Say when a fact happened: EVENT TIME column.")
	}
	for _, w := range c.windows {
		if w.Available && c.available.Text == "" {
			return nil, parse.Errorf(w.name.Span, sqlstate.InvalidParameterValue, "BY AVAILABLE TIME in a feature view without AVAILABLE TIME").
				WithHint("Add AVAILABLE TIME column, or leave it out: facts are known when they happen.")
		}
	}
	c.query, err = p.SelectToEnd()
	c.statement = p.Between(start, c.query.End).Text
	return c, err
}

// clause reads one of the clauses before AS, each of which may stand once.
func (c *create) clause(p *parse.Parser) (err error) {
	at := p.Peek()
	once := func(given bool, what string) error {
		if given {
			return sqlstate.Newf(sqlstate.SyntaxError, "%s is given twice", what).At(at.Start)
		}
		return nil
	}
	switch {
	case p.AcceptWord("entity"):
		if err := once(c.entity != nil, "ENTITY"); err != nil {
			return err
		}
		return c.readEntity(p)
	case p.AcceptWords("event", "time"):
		if err := once(c.event.Text != "", "EVENT TIME"); err != nil {
			return err
		}
		c.event, err = p.Name("a column of the query")
	case p.AcceptWords("available", "time"):
		if err := once(c.available.Text != "", "AVAILABLE TIME"); err != nil {
			return err
		}
		c.available, err = p.Name("a column of the query")
	case p.AcceptWord("ttl"):
		if err := once(c.ttl != 0, "TTL"); err != nil {
			return err
		}
		c.ttl, _, err = length(p, "TTL")
	case p.AcceptWord("windows"):
		if err := once(c.windows != nil, "WINDOWS"); err != nil {
			return err
		}
		return p.Parens(func() error {
			w, err := readWindow(p)
			c.windows = append(c.windows, w)
			return err
		})
	default:
		return p.Unexpected("ENTITY", "EVENT TIME", "AVAILABLE TIME", "TTL", "WINDOWS", "AS")
	}
	return err
}

func (c *create) readEntity(p *parse.Parser) error {
	one := func() error {
		n, err := p.Name("a column of the query")
		if err != nil {
			return err
		}
		if slices.ContainsFunc(c.entity, func(o parse.Name) bool { return lex.EqualFold(o.Text, n.Text) }) {
			return parse.Errorf(n.Span, sqlstate.DuplicateColumn, "column %q is given twice", n.Text)
		}
		c.entity = append(c.entity, n)
		return nil
	}
	if p.IsMark("(") {
		return p.Parens(one)
	}
	return one()
}

// length reads an interval of a fixed length.
func length(p *parse.Parser, what string) (micros int64, written string, err error) {
	v, span, err := p.Interval()
	if err != nil {
		return 0, "", err
	}
	if v.Months != 0 {
		return 0, "", parse.Errorf(span, sqlstate.InvalidParameterValue, "%s needs a fixed length, and months differ", what).WithHint("Write 30 days, or 365 days.")
	}
	const day = int64(86400e6)
	if n := int64(v.Days); n > math.MaxInt64/day/2 || v.Micros > math.MaxInt64/2 {
		return 0, "", parse.Errorf(span, sqlstate.InvalidParameterValue, "%s is too long", what)
	}
	if micros = int64(v.Days)*day + v.Micros; micros <= 0 {
		return 0, "", parse.Errorf(span, sqlstate.InvalidParameterValue, "%s must be longer than nothing, not %s", what, span.Text)
	}
	return micros, span.Text, nil
}

// readWindow reads agg(x) OVER LAST interval [BY AVAILABLE TIME] [FILTER ([WHERE] …)] AS name.
func readWindow(p *parse.Parser) (w window, err error) {
	name, err := p.Label("an aggregate")
	if err != nil {
		return w, err
	}
	w.Aggregate = lex.Fold(name.Text)
	if w.Aggregate == "stddev_samp" {
		w.Aggregate = rolling.Stddev
	}
	if known := rolling.Aggregates(); !slices.Contains(known, w.Aggregate) {
		e := parse.Errorf(name.Span, sqlstate.UndefinedFunction, "there is no aggregate %s for WINDOWS", name.Text)
		if near := parse.Closest(w.Aggregate, known); near != "" {
			return w, e.WithHint("Did you mean %s?", near)
		}
		return w, e.WithHint("There are %s.", strings.Join(known, ", "))
	}
	if err := p.ExpectMark("("); err != nil {
		return w, err
	}
	switch {
	case w.Aggregate == rolling.Count && (p.AcceptMark("*") || p.IsMark(")")):
	default:
		if w.argument, err = p.ExprUntil(); err != nil {
			return w, err
		}
	}
	if err := p.ExpectMark(")"); err != nil {
		return w, err
	}
	filter := func() error {
		if !p.AcceptWord("filter") {
			return nil
		}
		if err := p.ExpectMark("("); err != nil {
			return err
		}
		p.AcceptWord("where")
		if w.filter, err = p.ExprUntil(); err != nil {
			return err
		}
		return p.ExpectMark(")")
	}
	if err := filter(); err != nil {
		return w, err
	}
	if err := p.ExpectWords("over", "last"); err != nil {
		return w, err
	}
	if w.Micros, w.Interval, err = length(p, "a window"); err != nil {
		return w, err
	}
	w.Available = p.AcceptWords("by", "available", "time")
	if w.filter.Text == "" {
		if err := filter(); err != nil {
			return w, err
		}
	}
	if err := p.ExpectWord("as"); err != nil {
		return w, err
	}
	w.name, err = p.Name("a name for the feature")
	w.Name, w.Argument, w.Filter = w.name.Text, w.argument.Text, w.filter.Text
	return w, err
}

// duration writes a length of time.
func duration(micros int64) string {
	v := types.IntervalValue{Days: int32(micros / 86400e6), Micros: micros % 86400e6}
	var parts []string
	if v.Days != 0 {
		parts = append(parts, fmt.Sprintf("%d days", v.Days))
	}
	if v.Micros != 0 || v.Days == 0 {
		s := v.Micros / 1e6
		t := fmt.Sprintf("%02d:%02d:%02d", s/3600, s/60%60, s%60)
		if f := v.Micros % 1e6; f != 0 {
			t += fmt.Sprintf(".%06d", f)
		}
		parts = append(parts, t)
	}
	return strings.Join(parts, " ")
}
