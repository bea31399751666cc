package model

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// operators are unreserved words after which an expression goes on.
var operators = []string{"is", "like", "ilike", "similar", "glob", "between", "escape", "isnull", "notnull"}

// operands are reserved words that end an operand.
var operands = []string{"null", "true", "false", "end"}

// clauseExpr reads an expression up to one of the stops: unreserved words which are columns
// too. A stop ends the expression only where an operand is complete: in
// "WEIGHT BY a * seed SEED 4" the first seed is a column.
func clauseExpr(p *parse.Parser, stops ...string) (parse.Span, error) {
	start, end, depth, cases := p.Peek().Start, -1, 0, 0
	complete, qualified := false, false
	for !p.Eof() {
		t := p.Peek()
		word := p.PeekWord()
		switch {
		case t.Open:
			return parse.Span{}, p.Unexpected()
		case p.IsMark("("), p.IsMark("["), p.IsMark("{"):
			depth++
			complete = false
		case p.IsMark(")"), p.IsMark("]"), p.IsMark("}"):
			if depth == 0 {
				return exprEnd(p, start, end)
			}
			depth--
			complete = true
		case depth > 0:
		case word == "case" && !qualified:
			cases++
			complete = false
		case word == "end" && cases > 0 && !qualified:
			cases--
			complete = true
		case cases > 0:
		case p.IsMark(","):
			return exprEnd(p, start, end)
		case (complete || parse.Reserved(word)) && !qualified && slices.Contains(stops, word):
			return exprEnd(p, start, end)
		default:
			complete = operand(t, word, qualified)
		}
		qualified = p.IsMark(".")
		end = t.End
		p.Next()
	}
	if depth > 0 {
		return parse.Span{}, p.Unexpected(")")
	}
	return exprEnd(p, start, end)
}

// operand reports whether a token may be the last of an operand.
func operand(t lex.Token, word string, qualified bool) bool {
	switch {
	case t.Kind == lex.Op, t.Kind == lex.Punct:
		return false
	case word == "" || qualified:
		return true
	case slices.Contains(operators, word):
		return false
	}
	return !parse.Reserved(word) || slices.Contains(operands, word)
}

func exprEnd(p *parse.Parser, start, end int) (parse.Span, error) {
	if end < 0 {
		return parse.Span{}, p.Unexpected("an expression")
	}
	return p.Between(start, end), nil
}

// names reads (name, …), each once.
func names(p *parse.Parser, what string) ([]parse.Name, error) {
	var out []parse.Name
	err := p.Parens(func() error {
		n, err := p.Name(what)
		if err != nil {
			return err
		}
		for _, o := range out {
			if lex.EqualFold(o.Text, n.Text) {
				return parse.Errorf(n.Span, sqlstate.DuplicateColumn, "%q is named twice", n.Text)
			}
		}
		out = append(out, n)
		return nil
	})
	return out, err
}

// fraction reads a share of the rows: 0.2 or 20 %.
func fraction(p *parse.Parser) (float64, parse.Span, error) {
	f, at, err := p.Float("a share of the rows such as 0.2")
	if err != nil {
		return 0, at, err
	}
	if p.AcceptMark("%") {
		f /= 100
	}
	return f, at, checkFraction(f, at)
}

func checkFraction(f float64, at parse.Span) error {
	if f > 0 && f < 1 {
		return nil
	}
	return parse.Errorf(at, sqlstate.InvalidParameterValue, "the share of the holdout must be between 0 and 1, not %s", at.Text).
		WithHint("0.2 keeps a fifth of the rows for the test; SPLIT NONE keeps none.")
}

// length reads an interval that must be positive, or not negative where zero makes sense.
func length(p *parse.Parser, what string, zero bool) (types.IntervalValue, parse.Span, error) {
	iv, at, err := p.Interval()
	if err != nil {
		return iv, at, err
	}
	if s := parse.IntervalSeconds(iv); s < 0 || s == 0 && !zero {
		return iv, at, parse.Errorf(at, sqlstate.InvalidParameterValue, "%s must be a positive interval, not %s", what, at.Text)
	}
	return iv, at, nil
}

// count reads a whole number within bounds.
func count(p *parse.Parser, what string, least, most int64) (int64, parse.Span, error) {
	n, at, err := p.Int("a " + what)
	if err != nil {
		return 0, at, err
	}
	if n < least || n > most {
		return 0, at, parse.Errorf(at, sqlstate.InvalidParameterValue, "the %s must be between %d and %d, not %d", what, least, most, n)
	}
	return n, at, nil
}

// literalText is a constant as DuckDB casts it to VARCHAR, for comparison with a class.
func literalText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), true
	}
	return "", false
}

// class reads a class of the target: a constant, with its text.
func class(p *parse.Parser) (constantWord, error) {
	if !p.AtLiteral() {
		return constantWord{}, p.Unexpected("a class such as 'yes', 1 or TRUE")
	}
	v, at, err := p.Literal()
	if err != nil {
		return constantWord{}, err
	}
	text, ok := literalText(v)
	if !ok {
		return constantWord{}, parse.Errorf(at, sqlstate.InvalidParameterValue, "%s is no class", at.Text).WithHint("A class is a text, a number or TRUE or FALSE.")
	}
	return constantWord{v, text, at}, nil
}

// constantWord is a constant: its value as parse.Literal gives it, and as text.
type constantWord struct {
	value any
	text  string
	span  parse.Span
}

// later is the error for what the grammar has room for but Eider doesn't do yet.
func later(at parse.Span, what string) *sqlstate.Error {
	return parse.Errorf(at, sqlstate.FeatureNotSupported, "%s is not supported yet", what)
}

// here is the span of the next token.
func here(p *parse.Parser) parse.Span {
	t := p.Peek()
	return p.Between(t.Start, t.End)
}

// unknown is the error for a word that is none of a list, with the closest or all as hint.
func unknown(at parse.Span, code sqlstate.Code, what, word string, known []string) *sqlstate.Error {
	err := parse.Errorf(at, code, "unknown %s %q", what, word)
	if near := parse.Closest(word, known); near != "" {
		return err.WithHint("Did you mean %s?", near)
	}
	known = slices.Clone(known)
	slices.Sort(known)
	return err.WithHint("Known are %s.", strings.Join(known, ", "))
}

// oneOf reads one of a few words; what is expected otherwise, the closest first.
func oneOf(p *parse.Parser, words ...string) (string, error) {
	w, ok := p.AcceptOneOf(words...)
	if !ok {
		return "", p.Unexpected()
	}
	return w, nil
}

// plural writes a number with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
