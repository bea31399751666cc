package parse

import (
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Option is one entry of an option list.
type Option struct {
	// Name is in lower case, parts joined by points: kafka.sasl.mechanism.
	Name string
	// Value is a literal (see Literal), or the spelling of a bare word (Bare), or true for a name alone.
	Value any
	Bare  bool
	// Span is the whole entry, ValueSpan the value.
	Span, ValueSpan Span
}

// Options are the entries of an option list, in the order written.
type Options []Option

// OptionList reads (k = v, …); =>, := and a blank separate as well, and a name
// alone is true. A name given twice is an error.
func (p *Parser) OptionList() (Options, error) {
	var out Options
	if err := p.ExpectMark("("); err != nil {
		return nil, err
	}
	for !p.AcceptMark(")") {
		if len(out) > 0 {
			if err := p.ExpectMark(","); err != nil {
				return nil, err
			}
		}
		o, err := p.option()
		if err != nil {
			return nil, err
		}
		if _, twice := out.Lookup(o.Name); twice {
			return nil, Errorf(o.Span, sqlstate.SyntaxError, "option %q is given twice", o.Name)
		}
		out = append(out, o)
	}
	return out, nil
}

func (p *Parser) option() (Option, error) {
	start := p.pos
	n, err := p.Label("an option name")
	if err != nil {
		return Option{}, err
	}
	o := Option{Name: n.Text}
	for p.AcceptMark(".") {
		if n, err = p.Label("an option name"); err != nil {
			return o, err
		}
		o.Name += "." + n.Text
	}
	o.Name = lex.Fold(o.Name)
	assigned := p.AcceptMark("=") || p.AcceptMark("=>") || p.AcceptMark(":=")
	if !assigned && (p.IsMark(",") || p.IsMark(")")) {
		o.Value, o.Span = true, p.span(start)
		return o, nil
	}
	if p.AtLiteral() || !p.Peek().IsIdent() {
		if o.Value, o.ValueSpan, err = p.Literal(); err != nil {
			return o, err
		}
	} else {
		word, err := p.Label("a value")
		if err != nil {
			return o, err
		}
		o.Value, o.Bare, o.ValueSpan = word.Text, true, word.Span
	}
	o.Span = p.span(start)
	return o, nil
}

// Lookup returns the option of that name (lower case).
func (o Options) Lookup(name string) (Option, bool) {
	for _, opt := range o {
		if opt.Name == name {
			return opt, true
		}
	}
	return Option{}, false
}

// Only fails with 42601 if an option is none of the allowed names.
func (o Options) Only(allowed ...string) error {
	for _, opt := range o {
		if contains(allowed, opt.Name) {
			continue
		}
		err := Errorf(opt.Span, sqlstate.SyntaxError, "unknown option %q", opt.Name)
		if close := Closest(opt.Name, allowed); close != "" {
			return err.WithHint("Did you mean %s?", close)
		}
		return err.WithHint("Options are %s.", strings.Join(allowed, ", "))
	}
	return nil
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// String returns a text option, or the default if it isn't given.
func (o Options) String(name, def string) (string, error) {
	opt, ok := o.Lookup(name)
	if !ok {
		return def, nil
	}
	if s, ok := opt.Value.(string); ok {
		return s, nil
	}
	return def, opt.wrong("a string")
}

// Int returns a whole-number option within [least, most], or the default.
func (o Options) Int(name string, def, least, most int64) (int64, error) {
	opt, ok := o.Lookup(name)
	if !ok {
		return def, nil
	}
	n, ok := opt.Value.(int64)
	if !ok {
		return def, opt.wrong("a whole number")
	}
	if n < least || n > most {
		return def, Errorf(opt.ValueSpan, sqlstate.InvalidParameterValue, "option %q must be between %d and %d, not %d", name, least, most, n)
	}
	return n, nil
}

// Float returns a numeric option, or the default.
func (o Options) Float(name string, def float64) (float64, error) {
	opt, ok := o.Lookup(name)
	if !ok {
		return def, nil
	}
	switch n := opt.Value.(type) {
	case int64:
		return float64(n), nil
	case float64:
		return n, nil
	}
	return def, opt.wrong("a number")
}

// Bool returns a yes-or-no option (TRUE, ON, YES, 1 and their contraries), or the default.
func (o Options) Bool(name string, def bool) (bool, error) {
	opt, ok := o.Lookup(name)
	if !ok {
		return def, nil
	}
	switch v := opt.Value.(type) {
	case bool:
		return v, nil
	case int64:
		if v == 0 || v == 1 {
			return v == 1, nil
		}
	case string:
		switch lex.Fold(v) {
		case "on", "yes", "true", "1":
			return true, nil
		case "off", "no", "false", "0":
			return false, nil
		}
	}
	return def, opt.wrong("a Boolean value")
}

func (o Option) wrong(want string) error {
	at := o.ValueSpan
	if at.End == 0 {
		at = o.Span
	}
	return Errorf(at, sqlstate.InvalidParameterValue, "option %q requires %s", o.Name, want)
}
