package model

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// ParamKind is a parameter's type.
type ParamKind int

// The kinds of parameters and the Go types of their values.
const (
	Float  ParamKind = iota // float64
	Int                     // int64
	Bool                    // bool
	Choice                  // string, one of Choices
	Floats                  // []float64
)

// Param declares a parameter of an algorithm.
type Param struct {
	Name    string
	Kind    ParamKind
	Default any // of the kind's Go type
	// Min and Max bound Float and Int, both included; MinOpen and MaxOpen exclude them. They are
	// ignored where both are 0.
	Min, Max         float64
	MinOpen, MaxOpen bool
	Choices          []string
	// Aliases are other names by which users of the original library know it.
	Aliases []string
	Doc     string
}

// Params are values by the declared name, of the kinds' Go types, complete: what isn't
// given has its default.
type Params map[string]any

// Float returns a Float parameter. It panics where the declaration says otherwise.
func (p Params) Float(name string) float64 { return p[name].(float64) }

// Int returns an Int parameter.
func (p Params) Int(name string) int { return int(p[name].(int64)) }

// Bool returns a Bool parameter.
func (p Params) Bool(name string) bool { return p[name].(bool) }

// Text returns a Choice parameter.
func (p Params) Text(name string) string { return p[name].(string) }

// Lookup returns the parameter of a name or alias, without regard to case.
func (a *Algorithm) Lookup(name string) *Param {
	for i := range a.Params {
		p := &a.Params[i]
		if strings.EqualFold(p.Name, name) || slices.ContainsFunc(p.Aliases, func(s string) bool { return strings.EqualFold(s, name) }) {
			return p
		}
	}
	return nil
}

// Unknown is the error for a parameter that the algorithm doesn't have, with the closest name as hint.
func (a *Algorithm) Unknown(name string) *sqlstate.Error {
	names := make([]string, len(a.Params))
	for i, p := range a.Params {
		names[i] = p.Name
	}
	err := sqlstate.Newf(sqlstate.UndefinedParameter, "algorithm %s has no parameter %q", a.Name, name)
	if near := parse.Closest(strings.ToLower(name), names); near != "" {
		return err.WithHint("Did you mean %s?", near)
	}
	slices.Sort(names)
	return err.WithHint("Its parameters are %s.", strings.Join(names, ", "))
}

// Resolve checks the values that a user gave, by declared name, and adds the defaults.
func (a *Algorithm) Resolve(task Task, given map[string]any) (Params, error) {
	out := Params{}
	for _, p := range a.Params {
		out[p.Name] = p.Default
	}
	names := make([]string, 0, len(given))
	for name := range given {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		p := a.Lookup(name)
		if p == nil {
			return nil, a.Unknown(name)
		}
		v, err := p.Convert(given[name])
		if err != nil {
			return nil, err
		}
		out[p.Name] = v
	}
	if a.Check != nil {
		if err := a.Check(task, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Convert brings a literal (bool, int64, float64, string, []any of numbers) to the parameter's Go type
// and checks its bounds: 22023 where it doesn't fit.
func (p *Param) Convert(v any) (any, error) {
	bad := func(want string) error {
		return sqlstate.Newf(sqlstate.InvalidParameterValue, "parameter %s must be %s, not %v", p.Name, want, v)
	}
	switch p.Kind {
	case Bool:
		if b, ok := v.(bool); ok {
			return b, nil
		}
		return nil, bad("true or false")
	case Choice:
		s, ok := v.(string)
		for _, c := range p.Choices {
			if ok && strings.EqualFold(c, s) {
				return c, nil
			}
		}
		err := sqlstate.Newf(sqlstate.InvalidParameterValue, "parameter %s can't be %v", p.Name, v)
		return nil, err.WithHint("It is one of %s.", strings.Join(p.Choices, ", "))
	case Floats:
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		out := make([]float64, len(list))
		for i, e := range list {
			f, ok := number(e)
			if !ok || !p.within(f) {
				return nil, bad(p.bounds("a list of numbers"))
			}
			out[i] = f
		}
		return out, nil
	case Int:
		f, ok := number(v)
		if !ok || f != math.Trunc(f) || math.Abs(f) > 1<<53 || !p.within(f) {
			return nil, bad(p.bounds("a whole number"))
		}
		return int64(f), nil
	}
	f, ok := number(v)
	if !ok || !p.within(f) {
		return nil, bad(p.bounds("a number"))
	}
	return f, nil
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, !math.IsNaN(v)
	case int64:
		return float64(v), true
	case int:
		return float64(v), true
	}
	return 0, false
}

func (p *Param) bounded() bool { return p.Min != 0 || p.Max != 0 }

func (p *Param) within(f float64) bool {
	if !p.bounded() {
		return !math.IsInf(f, 0)
	}
	return (f > p.Min || f == p.Min && !p.MinOpen) && (f < p.Max || f == p.Max && !p.MaxOpen)
}

func (p *Param) bounds(what string) string {
	if !p.bounded() {
		return what
	}
	open, end := "[", "]"
	if p.MinOpen {
		open = "("
	}
	if p.MaxOpen {
		end = ")"
	}
	return fmt.Sprintf("%s in %s%g, %g%s", what, open, p.Min, p.Max, end)
}
