package source

import (
	"fmt"
	"sort"
	"strings"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// Kind is the type of an option's value.
type Kind uint8

// The kinds of options, with the Go type of their values.
const (
	Text     Kind = iota // string
	TextList             // []string; one text is a list of one
	Integer              // int64
	Boolean              // bool
	Interval             // int64, microseconds
)

func (k Kind) String() string {
	return [...]string{"text", "list of texts", "whole number", "boolean", "interval"}[k]
}

// Option declares an option.
type Option struct {
	// Name is lower case.
	Name, Doc string
	Kind      Kind
	// Default is the value where none is given; nil means that there is none.
	Default any
	// Choices, where set, are the texts that are allowed.
	Choices []string
	// Min and Max bound an Integer or Interval where they differ.
	Min, Max int64
	// Required options must be given. A Secret is never shown.
	Required, Secret bool
	// Fixed options can't be changed by ALTER SOURCE: positions would mean something else.
	Fixed bool
}

// Values are options by name.
type Values map[string]any

// Text returns a text option, "" if it isn't set.
func (v Values) Text(name string) string { s, _ := v[name].(string); return s }

// Texts returns a list option.
func (v Values) Texts(name string) []string { l, _ := v[name].([]string); return l }

// Bool returns a boolean option.
func (v Values) Bool(name string) bool { b, _ := v[name].(bool); return b }

// Int returns a numeric option, intervals in microseconds.
func (v Values) Int(name string) int64 { n, _ := v[name].(int64); return n }

// Has tells whether an option is set.
func (v Values) Has(name string) bool { _, ok := v[name]; return ok }

// Names returns the options' names, sorted.
func (v Values) Names() []string {
	out := make([]string, 0, len(v))
	for n := range v {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

// Find returns the declaration of a name, nil if there is none.
func Find(options []Option, name string) *Option {
	for i := range options {
		if options[i].Name == name {
			return &options[i]
		}
	}
	return nil
}

// Value turns a parsed constant into an option's value: 22023 for one of the wrong kind or bounds.
func (o *Option) Value(in any) (any, error) {
	wrong := func(format string, args ...any) error {
		return sqlstate.Newf(sqlstate.InvalidParameterValue, "option %q "+format, append([]any{o.Name}, args...)...)
	}
	switch o.Kind {
	case Text:
		s, ok := in.(string)
		if !ok {
			return nil, wrong("requires a string")
		}
		if len(o.Choices) == 0 {
			return s, nil
		}
		for _, c := range o.Choices {
			if equalFold(c, s) {
				return c, nil
			}
		}
		return nil, sqlstate.Newf(sqlstate.InvalidParameterValue, "option %q can't be %q", o.Name, s).WithHint("It is one of %s.", strings.Join(o.Choices, ", "))
	case TextList:
		switch l := in.(type) {
		case string:
			return []string{l}, nil
		case []string:
			return l, nil
		case []any:
			out := make([]string, len(l))
			for i, e := range l {
				s, ok := e.(string)
				if !ok {
					return nil, wrong("requires strings")
				}
				out[i] = s
			}
			return out, nil
		}
		return nil, wrong("requires a string or a list of strings")
	case Boolean:
		switch b := in.(type) {
		case bool:
			return b, nil
		case string:
			switch strings.ToLower(b) {
			case "true", "on", "yes":
				return true, nil
			case "false", "off", "no":
				return false, nil
			}
		}
		return nil, wrong("requires true or false")
	}
	n, ok := in.(int64)
	if !ok {
		return nil, wrong("requires a %s", o.Kind)
	}
	if o.Min != o.Max && (n < o.Min || n > o.Max) {
		return nil, wrong("must be between %d and %d, not %d", o.Min, o.Max, n)
	}
	return n, nil
}

// Defaults adds the defaults of what isn't set.
func Defaults(options []Option, v Values) Values {
	out := Values{}
	for _, o := range options {
		if o.Default != nil {
			out[o.Name] = o.Default
		}
	}
	for n, x := range v {
		out[n] = x
	}
	return out
}

// Validate returns what is wrong with a declaration.
func (d *Driver) Validate() error {
	if d.Name == "" || d.Name != strings.ToUpper(d.Name) || d.Doc == "" || d.Open == nil && !d.Push {
		return fmt.Errorf("source driver %q needs a name in capitals, a sentence about it and Open", d.Name)
	}
	lists := [][]Option{d.Options}
	for _, f := range d.Formats {
		lists = append(lists, f.Options)
	}
	for _, list := range lists {
		for i, o := range list {
			if o.Name == "" || o.Name != strings.ToLower(o.Name) || o.Doc == "" || Find(list, o.Name) != &list[i] {
				return fmt.Errorf("source driver %s: option %q lacks a name, a doc, or is there twice", d.Name, o.Name)
			}
			if o.Default != nil {
				if _, err := o.Value(o.Default); err != nil {
					return fmt.Errorf("source driver %s: the default of option %q: %w", d.Name, o.Name, err)
				}
			}
		}
	}
	return nil
}

func equalFold(a, b string) bool { return strings.EqualFold(a, b) }
