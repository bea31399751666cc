package parse

import (
	"slices"

	"github.com/eiderdb/eider/sql/lex"
)

// queryStarts are the words that a query may start with.
var queryStarts = []string{"select", "with", "from", "values", "table", "pivot", "unpivot", "describe", "summarize", "show"}

// ExprUntil reads an expression: everything up to a comma, a closing bracket or one
// of the stops (lower-case words or marks) outside brackets and CASE, or to the end.
// It fails if there is nothing, and doesn't look whether the expression makes sense.
func (p *Parser) ExprUntil(stops ...string) (Span, error) {
	start, cases := p.pos, 0
	for !p.Eof() {
		t := p.Peek()
		if t.Open {
			return Span{}, p.unterminated(t)
		}
		if t.Kind == lex.Punct {
			switch p.src[t.Start] {
			case '(', '[', '{':
				if err := p.skipBrackets(); err != nil {
					return Span{}, err
				}
				continue
			case ')', ']', '}':
				return p.exprEnd(start, stops)
			case ',':
				if cases == 0 {
					return p.exprEnd(start, stops)
				}
			}
		}
		if t.Kind == lex.Ident && !p.qualified() {
			switch {
			case t.Word(p.src, "case"):
				cases++
			case cases > 0 && t.Word(p.src, "end"):
				cases--
			case cases == 0 && slices.ContainsFunc(stops, func(s string) bool { return t.Word(p.src, s) }):
				return p.exprEnd(start, stops)
			}
		} else if cases == 0 && slices.ContainsFunc(stops, func(s string) bool { return t.Is(p.src, s) }) {
			return p.exprEnd(start, stops)
		}
		p.pos++
	}
	return p.exprEnd(start, stops)
}

func (p *Parser) exprEnd(start int, stops []string) (Span, error) {
	if p.pos == start {
		return Span{}, p.Unexpected("an expression")
	}
	for _, s := range stops {
		p.try(s)
	}
	return p.span(start), nil
}

// qualified reports whether the next token follows a point, so that it is a name
// whatever it spells.
func (p *Parser) qualified() bool {
	return p.pos > 0 && p.toks[p.pos-1].Is(p.src, ".")
}

// skipBrackets moves past a balanced bracket that opens here.
func (p *Parser) skipBrackets() error {
	var open []byte
	for !p.Eof() {
		t := p.Peek()
		if t.Open {
			return p.unterminated(t)
		}
		if t.Kind == lex.Punct {
			switch c := p.src[t.Start]; c {
			case '(', '[', '{':
				open = append(open, c)
			case ')', ']', '}':
				if !matches(open[len(open)-1], c) {
					return p.Unexpected()
				}
				open = open[:len(open)-1]
			}
		}
		p.pos++
		if len(open) == 0 {
			return nil
		}
	}
	return p.Unexpected(")")
}

func matches(open, closing byte) bool {
	return open == '(' && closing == ')' || open == '[' && closing == ']' || open == '{' && closing == '}'
}

// AtQuery reports whether a query starts here, perhaps in parentheses.
func (p *Parser) AtQuery() bool {
	n := 0
	for p.PeekN(n).Is(p.src, "(") {
		n++
	}
	t := p.PeekN(n)
	return t.Kind == lex.Ident && slices.Contains(queryStarts, lex.Fold(p.Text(t)))
}

// SelectToEnd reads a query that is the rest of the statement.
func (p *Parser) SelectToEnd() (Span, error) {
	if !p.AtQuery() {
		return Span{}, p.Unexpected("a query")
	}
	return p.Rest("a query")
}

// Rest reads the rest of the statement, whatever it is, with balanced brackets.
// what describes it in the error when nothing is left.
func (p *Parser) Rest(what string) (Span, error) {
	start := p.pos
	for !p.Eof() {
		t := p.Peek()
		if t.Open {
			return Span{}, p.unterminated(t)
		}
		if t.Kind == lex.Punct {
			switch p.src[t.Start] {
			case '(', '[', '{':
				if err := p.skipBrackets(); err != nil {
					return Span{}, err
				}
				continue
			case ')', ']', '}':
				return Span{}, p.Unexpected()
			}
		}
		p.pos++
	}
	if p.pos == start {
		return Span{}, p.Unexpected(what)
	}
	return p.span(start), nil
}

// Query reads a query in parentheses and returns it with them.
func (p *Parser) Query() (Span, error) {
	start := p.pos
	if !p.IsMark("(") || !p.AtQuery() {
		return Span{}, p.Unexpected("a query in parentheses")
	}
	if err := p.skipBrackets(); err != nil {
		return Span{}, err
	}
	return p.span(start), nil
}

// Relation is what rows come from: a table or a query.
type Relation struct {
	// Table has no Parts if it is a query.
	Table QualifiedName
	// Query includes its parentheses.
	Query Span
	Span  Span
}

// IsQuery reports whether the relation is a query.
func (r Relation) IsQuery() bool { return len(r.Table.Parts) == 0 }

// SQL returns the relation as it stands in FROM.
func (r Relation) SQL() string {
	if r.IsQuery() {
		return r.Query.Text
	}
	return r.Table.SQL()
}

// Relation reads TABLE name, a name, or a query in parentheses.
func (p *Parser) Relation() (Relation, error) {
	start := p.pos
	var r Relation
	var err error
	switch {
	case p.IsMark("("):
		r.Query, err = p.Query()
	case p.AcceptWord("table"):
		r.Table, err = p.QualifiedName("a table name")
	default:
		p.try("a query in parentheses")
		r.Table, err = p.QualifiedName("a table name")
	}
	r.Span = p.span(start)
	return r, err
}
