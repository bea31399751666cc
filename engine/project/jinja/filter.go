package jinja

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/engine/project/suggest"
)

// filter applies one | filter(args).
func (s *State) filter(v Value, f *filterCall) (Value, error) {
	fn, ok := filterNamed(f.name)
	if !ok {
		if m, found := s.Lookup(f.name); found { // dbt's own, as_number and so on
			if call, isFunc := m.(Func); isFunc {
				c := &Call{State: s, offset: f.at(), Args: []Value{v}}
				if err := s.arguments(&f.args, c); err != nil {
					return nil, err
				}
				return call(c)
			}
		}
		return nil, s.wrap(Fail(closest(f.name, filters), "there is no filter %s", f.name), f.at())
	}
	c := &Call{State: s, offset: f.at()}
	if err := s.arguments(&f.args, c); err != nil {
		return nil, err
	}
	out, err := fn(v, c)
	if err != nil {
		return nil, s.wrap(prefixed(f.name, err), f.at())
	}
	return out, nil
}

func prefixed(name string, err error) error {
	switch err.(type) {
	case *Error, *hinted:
		return err
	}
	return fmt.Errorf("filter %s: %w", name, err)
}

// closest is the name most like a wrong one, as a hint.
func closest[V any](name string, among map[string]V) string {
	best, bestN := "", len(name)/3+1
	for k := range among {
		if d := suggest.Distance(name, k); d < bestN || d == bestN && best != "" && k < best {
			best, bestN = k, d
		}
	}
	if best == "" {
		return ""
	}
	return "did you mean " + best + "?"
}

type filterFunc func(v Value, c *Call) (Value, error)

func onText(f func(string) string) filterFunc {
	return func(v Value, _ *Call) (Value, error) { return f(Str(v)), nil }
}

// filters are Jinja's, but for map, which applies the others; a read-only table.
var filters = filterTable()

func filterNamed(name string) (filterFunc, bool) {
	if name == "map" {
		return onItems(filterMap), true
	}
	f, ok := filters[name]
	return f, ok
}

func filterTable() map[string]filterFunc {
	t := map[string]filterFunc{
		"upper":      onText(strings.ToUpper),
		"lower":      onText(strings.ToLower),
		"title":      onText(title),
		"capitalize": onText(capitalize),
		"string":     onText(func(s string) string { return s }),
		"safe":       func(v Value, _ *Call) (Value, error) { return v, nil },
		"escape":     onText(escape),
		"urlencode":  onText(url.QueryEscape),
		"trim": func(v Value, c *Call) (Value, error) {
			return strip(Str(v), c, true, true)
		},
		"wordcount": func(v Value, _ *Call) (Value, error) { return int64(len(strings.Fields(Str(v)))), nil },
		"length":    filterLength,
		"default":   filterDefault,
		"join":      filterJoin,
		"replace": func(v Value, c *Call) (Value, error) {
			if len(c.Args) < 2 {
				return nil, fmt.Errorf("it takes what to replace and by what")
			}
			return strings.Replace(Str(v), Str(c.Args[0]), Str(c.Args[1]), c.int(2, "count", -1)), nil
		},
		"abs": func(v Value, _ *Call) (Value, error) {
			switch n := v.(type) {
			case int64:
				return max(n, -n), nil
			case float64:
				return math.Abs(n), nil
			}
			return nil, fmt.Errorf("%s isn't a number", TypeName(v))
		},
		"int":    filterInt,
		"float":  filterFloat,
		"round":  filterRound,
		"tojson": filterJSON,
		"pprint": func(v Value, _ *Call) (Value, error) { return Repr(v), nil },
		"format": func(v Value, c *Call) (Value, error) {
			if c.Kwargs.Len() > 0 {
				return percent(Str(v), c.Kwargs)
			}
			return percent(Str(v), Tuple(c.Args))
		},
		"indent":   filterIndent,
		"truncate": filterTruncate,
		"center":   func(v Value, c *Call) (Value, error) { return pad(Str(v), c, 1, 1), nil },
		"attr": func(v Value, c *Call) (Value, error) {
			name, err := c.text(0, "attr")
			if err != nil {
				return nil, err
			}
			return c.State.attr(v, name)
		},
		"items": func(v Value, c *Call) (Value, error) {
			d, ok := v.(*Dict)
			if !ok {
				return &List{}, nil
			}
			return dictMethod(d, "items")(c)
		},
		"dictsort":   filterDictsort,
		"list":       onItems(func(items []Value, _ *Call) (Value, error) { return &List{Items: slices.Clone(items)}, nil }),
		"first":      onItems(func(items []Value, _ *Call) (Value, error) { return edge(items, 0), nil }),
		"last":       onItems(func(items []Value, _ *Call) (Value, error) { return edge(items, len(items)-1), nil }),
		"sum":        onItems(filterSum),
		"min":        onItems(func(items []Value, c *Call) (Value, error) { return extreme(items, c, false) }),
		"max":        onItems(func(items []Value, c *Call) (Value, error) { return extreme(items, c, true) }),
		"unique":     onItems(filterUnique),
		"sort":       onItems(filterSort),
		"reverse":    filterReverse,
		"select":     onItems(func(items []Value, c *Call) (Value, error) { return choose(items, c, false, true) }),
		"reject":     onItems(func(items []Value, c *Call) (Value, error) { return choose(items, c, false, false) }),
		"selectattr": onItems(func(items []Value, c *Call) (Value, error) { return choose(items, c, true, true) }),
		"rejectattr": onItems(func(items []Value, c *Call) (Value, error) { return choose(items, c, true, false) }),
		"groupby":    onItems(filterGroupby),
		"batch":      onItems(filterBatch),
		"slice":      onItems(filterSlice),
	}
	for alias, name := range map[string]string{"count": "length", "d": "default", "e": "escape"} {
		t[alias] = t[name]
	}
	return t
}

func onItems(f func([]Value, *Call) (Value, error)) filterFunc {
	return func(v Value, c *Call) (Value, error) {
		items, err := Iterate(v)
		if err != nil {
			return nil, err
		}
		return f(items, c)
	}
}

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;").Replace(s)
}

func edge(items []Value, i int) Value {
	if i < 0 || i >= len(items) {
		return Undefined{}
	}
	return items[i]
}

func filterLength(v Value, _ *Call) (Value, error) {
	n := Length(v)
	if n < 0 {
		return nil, fmt.Errorf("a value of type %s has no length", TypeName(v))
	}
	return int64(n), nil
}

func filterDefault(v Value, c *Call) (Value, error) {
	def, ok := c.Arg(0, "default_value")
	if !ok {
		def = ""
	}
	falsy, _ := c.Arg(1, "boolean")
	if _, undefined := v.(Undefined); undefined || Truth(falsy) && !Truth(v) {
		return def, nil
	}
	return v, nil
}

// path reads a.b.0 of a value, as the attribute arguments of filters are written.
func path(s *State, v Value, attr Value) (Value, error) {
	if i, ok := attr.(int64); ok {
		return s.index(v, i)
	}
	var err error
	for _, part := range strings.Split(Str(attr), ".") {
		if n, bad := strconv.ParseInt(part, 10, 64); bad == nil {
			v, err = s.index(v, n)
		} else if d, ok := v.(*Dict); ok {
			v, err = s.index(d, part) // a key goes before a method
		} else {
			v, err = s.attr(v, part)
		}
		if err != nil {
			return nil, err
		}
	}
	return v, nil
}

func filterJoin(v Value, c *Call) (Value, error) {
	items, err := Iterate(v)
	if err != nil {
		return nil, err
	}
	sep := ""
	if d, ok := c.Arg(0, "d"); ok {
		sep = Str(d)
	}
	attr, byAttr := c.Arg(1, "attribute")
	parts := make([]string, len(items))
	for i, item := range items {
		if byAttr {
			if item, err = path(c.State, item, attr); err != nil {
				return nil, err
			}
		}
		parts[i] = Str(item)
	}
	return strings.Join(parts, sep), nil
}

func filterInt(v Value, c *Call) (Value, error) {
	switch n := v.(type) {
	case int64:
		return n, nil
	case bool:
		return toInt(n), nil
	case float64:
		return int64(n), nil
	case string:
		s := strings.TrimSpace(n)
		base := c.int(1, "base", 10)
		if i, err := strconv.ParseInt(s, base, 64); err == nil {
			return i, nil
		}
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			return int64(f), nil
		}
	}
	if d, ok := c.Arg(0, "default"); ok {
		return d, nil
	}
	return int64(0), nil
}

func filterFloat(v Value, c *Call) (Value, error) {
	if f, _, ok := number(v); ok {
		return f, nil
	}
	if s, ok := v.(string); ok {
		if f, err := strconv.ParseFloat(strings.TrimSpace(s), 64); err == nil {
			return f, nil
		}
	}
	if d, ok := c.Arg(0, "default"); ok {
		return d, nil
	}
	return 0.0, nil
}

func filterRound(v Value, c *Call) (Value, error) {
	f, _, ok := number(v)
	if !ok {
		return nil, fmt.Errorf("%s isn't a number", TypeName(v))
	}
	scale := math.Pow(10, float64(c.int(0, "precision", 0)))
	how, _ := c.Arg(1, "method")
	switch how {
	case "ceil":
		return math.Ceil(f*scale) / scale, nil
	case "floor":
		return math.Floor(f*scale) / scale, nil
	}
	return math.RoundToEven(f*scale) / scale, nil
}

func filterJSON(v Value, c *Call) (Value, error) {
	indent, has := c.Arg(0, "indent")
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if n, ok := indent.(int64); has && ok {
		enc.SetIndent("", strings.Repeat(" ", int(min(n, 20))))
	}
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

func filterIndent(v Value, c *Call) (Value, error) {
	width := strings.Repeat(" ", c.int(0, "width", 4))
	if w, ok := c.Arg(0, "width"); ok {
		if s, isText := w.(string); isText {
			width = s
		}
	}
	first, _ := c.Arg(1, "first")
	blank, _ := c.Arg(2, "blank")
	lines := strings.Split(Str(v), "\n")
	for i, line := range lines {
		if (i > 0 || Truth(first)) && (line != "" || Truth(blank)) {
			lines[i] = width + line
		}
	}
	return strings.Join(lines, "\n"), nil
}

func filterTruncate(v Value, c *Call) (Value, error) {
	r, n := []rune(Str(v)), c.int(0, "length", 255)
	end := "..."
	if e, ok := c.Arg(2, "end"); ok {
		end = Str(e)
	}
	if len(r) <= n+c.int(3, "leeway", 5) {
		return string(r), nil
	}
	cut := string(r[:max(0, n-len([]rune(end)))])
	if kill, _ := c.Arg(1, "killwords"); !Truth(kill) {
		if i := strings.LastIndexByte(cut, ' '); i > 0 {
			cut = cut[:i]
		}
	}
	return cut + end, nil
}

func filterReverse(v Value, _ *Call) (Value, error) {
	if s, ok := v.(string); ok {
		r := []rune(s)
		slices.Reverse(r)
		return string(r), nil
	}
	items, err := Iterate(v)
	if err != nil {
		return nil, err
	}
	items = slices.Clone(items)
	slices.Reverse(items)
	return &List{Items: items}, nil
}

func filterDictsort(v Value, c *Call) (Value, error) {
	d, ok := v.(*Dict)
	if !ok {
		return nil, fmt.Errorf("%s isn't a dict", TypeName(v))
	}
	items := make([]Value, 0, d.Len())
	for k, val := range d.All() {
		items = append(items, Tuple{k, val})
	}
	i := 0
	if by, _ := c.Arg(1, "by"); by == "value" {
		i = 1
	}
	rev, _ := c.Arg(2, "reverse")
	cs, _ := c.Arg(0, "case_sensitive")
	err := sortValues(items, Truth(rev), func(v Value) Value { return fold(v.(Tuple)[i], Truth(cs)) })
	return &List{Items: items}, err
}

// fold ignores case unless told otherwise.
func fold(v Value, caseSensitive bool) Value {
	if s, ok := v.(string); ok && !caseSensitive {
		return strings.ToLower(s)
	}
	return v
}
