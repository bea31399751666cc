package parse

import (
	"errors"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Field is a member of a struct or map literal, in the order written.
type Field struct {
	Name  string
	Value any
}

// maxNesting bounds lists and structs within one another.
const maxNesting = 64

// Literal reads a constant: NULL, TRUE, FALSE, a number, a string in any form of
// quotes (perhaps after DATE, TIME, TIMESTAMP or TIMESTAMPTZ), an INTERVAL, a list
// [a, b] or ARRAY[a, b], a struct {'a': 1} or MAP {'a': 1}.
//
// The value is nil, bool, int64, float64, string, types.IntervalValue, []any or
// []Field. A whole number beyond int64 is 22003: nothing is rounded silently.
func (p *Parser) Literal() (any, Span, error) {
	start := p.pos
	v, err := p.literal()
	if err != nil {
		return nil, Span{}, err
	}
	return v, p.span(start), nil
}

// AtLiteral reports whether a literal starts here.
func (p *Parser) AtLiteral() bool {
	t := p.Peek()
	switch {
	case t.IsString(), t.Kind == lex.Number, t.Is(p.src, "["), t.Is(p.src, "{"):
		return true
	case t.Is(p.src, "-"), t.Is(p.src, "+"):
		return p.PeekN(1).Kind == lex.Number
	case t.Kind != lex.Ident:
		return false
	}
	next := p.PeekN(1)
	switch lex.Fold(p.Text(t)) {
	case "null", "true", "false":
		return true
	case "array":
		return next.Is(p.src, "[")
	case "map":
		return next.Is(p.src, "{")
	case "date", "time", "timestamp", "timestamptz":
		return next.IsString()
	case "interval":
		return next.IsString() || next.Kind == lex.Number
	}
	return false
}

func (p *Parser) literal() (any, error) {
	t := p.Peek()
	switch {
	case !p.AtLiteral():
		return nil, p.Unexpected("a constant")
	case t.IsString():
		return p.str()
	case t.Kind == lex.Number:
		p.pos++
		return p.number(t, "")
	case t.Is(p.src, "-"), t.Is(p.src, "+"):
		p.pos += 2
		return p.number(p.toks[p.pos-1], p.Text(t))
	case t.Is(p.src, "["):
		return p.list()
	case t.Is(p.src, "{"):
		return p.fields()
	}
	switch word := p.PeekWord(); word {
	case "array":
		p.pos++
		return p.list()
	case "map":
		p.pos++
		return p.fields()
	case "interval":
		v, _, err := p.Interval()
		return v, err
	case "null", "true", "false":
		p.pos++
		if word == "null" {
			return nil, nil
		}
		return word == "true", nil
	}
	p.pos++ // DATE and its like: the string is what counts
	return p.str()
}

// str reads a string token.
func (p *Parser) str() (any, error) {
	t := p.Peek()
	v, ok := lex.Value(p.src, t)
	switch {
	case t.Open:
		return nil, p.unterminated(t)
	case !ok:
		return nil, sqlstate.New(sqlstate.InvalidEscapeSequence, "invalid escape sequence in string").At(t.Start)
	}
	p.pos++
	return v, nil
}

// AcceptLike reads LIKE 'pattern', if it is there: the end of a SHOW that lists things.
func (p *Parser) AcceptLike() (*string, error) {
	if !p.AcceptWord("like") {
		return nil, nil
	}
	pattern, _, err := p.Str("a pattern in quotes")
	if err != nil {
		return nil, err
	}
	return &pattern, nil
}

// Str reads a string constant.
func (p *Parser) Str(what string) (string, Span, error) {
	if !p.Peek().IsString() {
		return "", Span{}, p.Unexpected(what)
	}
	start := p.pos
	v, err := p.str()
	if err != nil {
		return "", Span{}, err
	}
	return v.(string), p.span(start), nil
}

// Int reads a whole number, perhaps signed.
func (p *Parser) Int(what string) (int64, Span, error) {
	v, at, err := p.numeric(what)
	if err != nil {
		return 0, at, err
	}
	n, ok := v.(int64)
	if !ok {
		return 0, at, Errorf(at, sqlstate.SyntaxError, "%s must be a whole number", what)
	}
	return n, at, nil
}

// Float reads a number, perhaps signed.
func (p *Parser) Float(what string) (float64, Span, error) {
	v, at, err := p.numeric(what)
	if err != nil {
		return 0, at, err
	}
	if n, ok := v.(int64); ok {
		return float64(n), at, nil
	}
	return v.(float64), at, nil
}

func (p *Parser) numeric(what string) (any, Span, error) {
	t := p.Peek()
	if t.Kind != lex.Number && !((t.Is(p.src, "-") || t.Is(p.src, "+")) && p.PeekN(1).Kind == lex.Number) {
		return nil, Span{}, p.Unexpected(what)
	}
	return p.Literal()
}

// number returns the value of a number token with a sign.
func (p *Parser) number(t lex.Token, sign string) (any, error) {
	text := strings.ReplaceAll(p.Text(t), "_", "")
	based := len(text) > 1 && text[0] == '0' && strings.IndexByte("xXoObB", text[1]) >= 0
	if based || !strings.ContainsAny(text, ".eE") {
		digits := text
		if !based {
			// A leading zero is no octal prefix.
			if digits = strings.TrimLeft(text, "0"); digits == "" {
				digits = "0"
			}
		}
		n, err := strconv.ParseInt(sign+digits, 0, 64)
		if err != nil {
			return nil, p.outOfRange(t, "bigint")
		}
		return n, nil
	}
	f, err := strconv.ParseFloat(sign+text, 64)
	if errors.Is(err, strconv.ErrRange) {
		return nil, p.outOfRange(t, "double precision")
	}
	if err != nil {
		return nil, sqlstate.Newf(sqlstate.SyntaxError, `invalid number "%s"`, p.Text(t)).At(t.Start)
	}
	return f, nil
}

func (p *Parser) outOfRange(t lex.Token, typ string) error {
	return sqlstate.Newf(sqlstate.NumericValueOutOfRange, `"%s" is out of range for type %s`, p.Text(t), typ).At(t.Start)
}

// nest counts how deep lists and structs stand in one another.
func (p *Parser) nest() error {
	if p.depth++; p.depth > maxNesting {
		return sqlstate.Newf(sqlstate.StatementTooComplex, "constants are nested more than %d deep", maxNesting).At(p.Peek().Start)
	}
	return nil
}

func (p *Parser) list() (any, error) {
	if err := p.nest(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	if err := p.ExpectMark("["); err != nil {
		return nil, err
	}
	out := []any{}
	for !p.AcceptMark("]") {
		if len(out) > 0 {
			if err := p.ExpectMark(","); err != nil {
				return nil, err
			}
		}
		v, err := p.literal()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (p *Parser) fields() (any, error) {
	if err := p.nest(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	if err := p.ExpectMark("{"); err != nil {
		return nil, err
	}
	out := []Field{}
	for !p.AcceptMark("}") {
		if len(out) > 0 {
			if err := p.ExpectMark(","); err != nil {
				return nil, err
			}
		}
		f, err := p.field()
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// field reads key: value; the key is a string, a number or a name.
func (p *Parser) field() (f Field, err error) {
	switch t := p.Peek(); {
	case t.IsString():
		f.Name, _, err = p.Str("a key")
	case t.Kind == lex.Number:
		f.Name = p.Text(t)
		p.pos++
	default:
		var n Name
		n, err = p.Label("a key")
		f.Name = n.Text
	}
	if err != nil {
		return f, err
	}
	if err := p.ExpectMark(":"); err != nil {
		return f, err
	}
	f.Value, err = p.literal()
	return f, err
}
