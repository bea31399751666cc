package fn

import (
	"errors"
	"fmt"
	"strings"
)

// Signature is the parameter list as documentation shows it: "s VARCHAR[, lo DOUBLE = 0]".
func (d *Decl) Signature() string {
	var b strings.Builder
	for i, p := range d.Params {
		sep := ""
		if i > 0 {
			sep = ", "
		}
		if p.Default != "" {
			fmt.Fprintf(&b, "[%s%s %s = %s]", sep, p.Name, p.Type, p.Default)
			continue
		}
		fmt.Fprintf(&b, "%s%s %s", sep, p.Name, p.Type)
	}
	if d.Variadic != nil {
		if len(d.Params) > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "… %s", d.Variadic)
	}
	return b.String()
}

// Validate returns everything that is wrong with a declaration, joined.
func (d *Decl) Validate() error {
	var problems []error
	bad := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("function %q "+format, append([]any{d.Name}, args...)...))
	}
	if !isName(d.Name) {
		bad("needs a name of lower case letters, digits and underscores")
	}
	if d.Family == "" || d.Summary == "" {
		bad("lacks a family or a summary")
	}
	if len(d.Examples) == 0 {
		bad("has no example")
	}
	if bodies := d.bodies(); bodies != 1 {
		bad("needs a macro, a scalar callback, a bound one, a window, an expansion or a rule: one of them, not %d", bodies)
	}
	if d.Returns == nil && !d.Table {
		bad("has no result type")
	}
	if d.Variadic != nil && (d.Macro != "" || d.Window != nil) {
		bad("is a macro or window, which can't take any number of arguments")
	}
	if d.Expand != nil && (!d.Table || d.Expand.Query == nil || d.Variadic != nil) {
		bad("is an expansion, which must be a table function with a query and without variadic arguments")
	}
	optional := false
	for _, p := range d.Params {
		if !isName(p.Name) || p.Type == nil || p.Doc == "" {
			bad("has a parameter without name, type or description")
		}
		if p.Default == "" && optional {
			bad("has required parameter %q behind an optional one", p.Name)
		}
		optional = optional || p.Default != ""
		if optional && d.Macro == "" && d.Window == nil && d.Expand == nil {
			bad("is a callback, which can't have defaults")
		}
	}
	for _, e := range d.Examples {
		if e.SQL == "" || e.Want == "" && e.Code == "" || e.Want != "" && e.Code != "" {
			bad("has an example without query, or without exactly one of result and error")
		}
	}
	return errors.Join(problems...)
}

// bodies is the number of ways in which the function is implemented.
func (d *Decl) bodies() int {
	n := 0
	for _, has := range []bool{d.Macro != "", d.Scalar != nil, d.Bind != nil, d.BindOn != nil, d.Window != nil, d.Expand != nil, d.Rewritten} {
		if has {
			n++
		}
	}
	return n
}

func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c != '_' && (c < 'a' || c > 'z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}
