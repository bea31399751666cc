package materialize

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/engine/project/warehouse"
	"github.com/eiderdb/eider/sql/lex"
)

// clauses writes the configuration of Eider's own materialisations as SQL. It remembers the first mistake.
type clauses struct {
	values map[string]any
	parts  []string
	err    error
}

func (c *clauses) fail(key, format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("config %s: %s", key, fmt.Sprintf(format, args...))
	}
}

// text writes a value that stands in SQL as it is written: lead, then the text.
func (c *clauses) text(key, lead string) {
	v, ok := c.values[key]
	if !ok || v == nil {
		return
	}
	s, ok := scalar(v)
	if !ok || strings.TrimSpace(s) == "" {
		c.fail(key, "expected a text, a number or true and false, got %v", v)
		return
	}
	c.parts = append(c.parts, lead+s)
}

// list writes names or items, one or several: lead(a, b).
func (c *clauses) list(key, lead string, quote bool) {
	v, ok := c.values[key]
	if !ok || v == nil {
		return
	}
	items := texts(v)
	if len(items) == 0 {
		c.fail(key, "expected a text or a list of texts, got %v", v)
		return
	}
	if quote {
		for i := range items {
			items[i] = column(items[i])
		}
	}
	c.parts = append(c.parts, lead+"("+strings.Join(items, ", ")+")")
}

// pairs writes a dict as lead(k => v, …); a text is what stands between the parentheses already.
func (c *clauses) pairs(key, lead string, literal bool) {
	v, ok := c.values[key]
	if !ok || v == nil {
		return
	}
	if s, ok := v.(string); ok {
		c.parts = append(c.parts, lead+"("+s+")")
		return
	}
	inner, ok := dict(v, literal, " => ")
	if !ok {
		c.fail(key, "expected a dict or a text, got %v", v)
		return
	}
	c.parts = append(c.parts, lead+"("+inner+")")
}

// dict writes the pairs of a map in the order of their keys. literal quotes texts; otherwise they are SQL.
func dict(v any, literal bool, arrow string) (string, bool) {
	m, ok := v.(map[string]any)
	if !ok || len(m) == 0 {
		return "", false
	}
	out := make([]string, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		s, ok := value(m[k], literal)
		if !ok {
			return "", false
		}
		out = append(out, k+arrow+s)
	}
	return strings.Join(out, ", "), true
}

func value(v any, literal bool) (string, bool) {
	if s, ok := v.(string); ok && literal {
		return warehouse.Text(s), true
	}
	if l, ok := v.([]any); ok {
		items := make([]string, len(l))
		for i, x := range l {
			s, ok := value(x, literal)
			if !ok {
				return "", false
			}
			items[i] = s
		}
		return "[" + strings.Join(items, ", ") + "]", true
	}
	return scalar(v)
}

func scalar(v any) (string, bool) {
	switch x := v.(type) {
	case string:
		return x, true
	case bool:
		return strconv.FormatBool(x), true
	case int64:
		return strconv.FormatInt(x, 10), true
	case int:
		return strconv.Itoa(x), true
	case float64:
		return strconv.FormatFloat(x, 'g', -1, 64), true
	}
	return "", false
}

// texts reads one text or a list of texts.
func texts(v any) []string {
	if s, ok := scalar(v); ok {
		return []string{s}
	}
	l, ok := v.([]any)
	if !ok {
		return nil
	}
	out := make([]string, 0, len(l))
	for _, x := range l {
		s, ok := scalar(x)
		if !ok {
			return nil
		}
		out = append(out, s)
	}
	return out
}

// algorithms writes USING: a name, a list of names, a dict of name → parameters, or a list that mixes them.
func (c *clauses) algorithms(key string) {
	v, ok := c.values[key]
	if !ok || v == nil {
		return
	}
	entries, ok := v.([]any)
	if !ok {
		entries = []any{v}
	}
	var out []string
	for _, e := range entries {
		switch x := e.(type) {
		case string:
			out = append(out, x)
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(x)) {
				inner, ok := dict(x[name], true, " => ")
				if !ok {
					c.fail(key, "expected a dict of parameters of %s, got %v", name, x[name])
				}
				out = append(out, name+" ("+inner+")")
			}
		default:
			c.fail(key, "expected a name or a dict of parameters, got %v", e)
		}
	}
	if len(out) > 0 {
		c.parts = append(c.parts, "USING "+strings.Join(out, ", "))
	}
}

// refuse names clauses in the configuration of a file that is a whole statement.
func (c *clauses) refuse(keys ...string) {
	for _, k := range keys {
		if v, ok := c.values[k]; ok && v != nil {
			c.fail(k, "the file is a whole statement, so the clause belongs there")
		}
	}
}

// leads reports whether a statement begins with the words, given in lower case.
func leads(text string, s lex.Stmt, words ...string) bool {
	if len(s.Tokens) < len(words) {
		return false
	}
	for i, w := range words {
		if !s.Tokens[i].Word(text, w) {
			return false
		}
	}
	return true
}

// topLevel is the index of the first of the words in a row that stand outside of all parentheses; -1 if they don't.
func topLevel(text string, tokens []lex.Token, words ...string) int {
	depth := 0
	for i, t := range tokens {
		switch {
		case t.Kind == lex.Punct && slices.Contains([]string{"(", "[", "{"}, t.Text(text)):
			depth++
		case t.Kind == lex.Punct && slices.Contains([]string{")", "]", "}"}, t.Text(text)):
			depth--
		case depth == 0 && leads(text, lex.Stmt{Tokens: tokens[i:]}, words...):
			return i
		}
	}
	return -1
}
