package window

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eiderdb/eider/functions/fn"
)

// function is a declaration with its templates read.
type function struct {
	decl            *fn.Decl
	template, first []segment
}

// segment is a stretch of a template: text, or what stands in braces.
type segment struct {
	verb string // "" for text
	// text is the text, or the parameter's name; inner is a frame or the text of {unless}.
	text  string
	inner []segment
	// other is what stands in place of inner where the condition of {unless} or {span} doesn't hold.
	other []segment
}

func compile(d *fn.Decl) (*function, error) {
	f := &function{decl: d}
	var err error
	if f.template, err = f.parse(d.Window.Template); err == nil {
		f.first, err = f.parse(d.Window.First)
	}
	if err != nil {
		return nil, fmt.Errorf("window function %q: %w", d.Name, err)
	}
	return f, nil
}

// parse reads a template.
func (f *function) parse(s string) ([]segment, error) {
	var out []segment
	for s != "" {
		at := strings.IndexByte(s, '{')
		if at < 0 {
			return append(out, segment{text: s}), nil
		}
		if at > 0 {
			out = append(out, segment{text: s[:at]})
		}
		s = s[at+1:]
		end := closing(s)
		if end < 0 {
			return nil, fmt.Errorf("a brace stays open before %q", s)
		}
		seg, err := f.placeholder(s[:end])
		if err != nil {
			return nil, err
		}
		out, s = append(out, seg), s[end+1:]
	}
	return out, nil
}

// closing returns where the brace closes that s follows, -1 if nowhere.
func closing(s string) int {
	depth := 1
	for i := range len(s) {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

func (f *function) placeholder(s string) (segment, error) {
	verb, rest, _ := strings.Cut(s, " ")
	switch verb {
	case "over":
		inner, err := f.parse(rest)
		return segment{verb: verb, inner: inner}, err
	case "filter", "keys", "first":
		return segment{verb: verb}, nil
	case "finite":
		_, err := f.param(rest)
		return segment{verb: verb, text: rest}, err
	case "unless", "span":
		return f.choice(verb, alternatives(rest))
	}
	_, err := f.param(s)
	return segment{verb: "arg", text: s}, err
}

// choice reads {verb parameter|TEXT|OTHER}, in which OTHER may be left out.
func (f *function) choice(verb string, parts []string) (segment, error) {
	seg := segment{verb: verb, text: parts[0]}
	_, err := f.param(seg.text)
	if err == nil && len(parts) > 1 {
		seg.inner, err = f.parse(parts[1])
	}
	if err == nil && len(parts) > 2 {
		seg.other, err = f.parse(parts[2])
	}
	return seg, err
}

// alternatives parts a placeholder at the bars that stand in no brace.
func alternatives(s string) []string {
	var out []string
	depth, from := 0, 0
	for i := range len(s) {
		switch s[i] {
		case '{':
			depth++
		case '}':
			depth--
		case '|':
			if depth == 0 {
				out, from = append(out, s[from:i]), i+1
			}
		}
	}
	return append(out, s[from:])
}

// param returns the position of a parameter.
func (f *function) param(name string) (int, error) {
	i := slices.IndexFunc(f.decl.Params, func(p fn.Param) bool { return p.Name == name })
	if i < 0 {
		return 0, fmt.Errorf("there is no parameter %q", name)
	}
	return i, nil
}

// signature is how a call of the function looks.
func (f *function) signature() string {
	return f.decl.Name + "(" + f.decl.Signature() + ") OVER (…)"
}
