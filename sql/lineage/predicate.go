package lineage

import (
	"regexp"
	"slices"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
)

// predicate reads what COLUMNS(c -> …) asks of a name. False where that needs more than this knows.
func predicate(expr node) (func(name string) bool, bool) {
	args := expr.nodes("children")
	if expr.text("function_name") != "list_filter" || len(args) != 2 || args[0].text("class") != "STAR" || args[1].text("class") != "LAMBDA" {
		return nil, false
	}
	param := args[1].node("lhs").texts("column_names")
	if len(param) != 1 {
		return nil, false
	}
	body := args[1].node("expr")
	if _, ok := truth(body, param[0], ""); !ok {
		return nil, false
	}
	return func(name string) bool {
		yes, _ := truth(body, param[0], name)
		return yes
	}, true
}

// truth evaluates a condition on a name, false where it can't.
func truth(e node, param, name string) (yes, ok bool) {
	args := e.nodes("children")
	switch e.text("class") {
	case "CONJUNCTION":
		and := e.text("type") == "CONJUNCTION_AND"
		yes = and
		for _, c := range args {
			one, ok := truth(c, param, name)
			if !ok {
				return false, false
			}
			if and {
				yes = yes && one
			} else {
				yes = yes || one
			}
		}
		return yes, true
	case "OPERATOR":
		switch e.text("type") {
		case "OPERATOR_NOT":
			if len(args) == 1 {
				one, ok := truth(args[0], param, name)
				return !one, ok
			}
		case "COMPARE_IN", "COMPARE_NOT_IN":
			var texts []string
			for _, c := range args {
				s, ok := word(c, param, name)
				if !ok {
					return false, false
				}
				texts = append(texts, s)
			}
			if len(texts) > 1 {
				return slices.Contains(texts[1:], texts[0]) == (e.text("type") == "COMPARE_IN"), true
			}
		}
	case "COMPARISON":
		l, okL := word(e.node("left"), param, name)
		r, okR := word(e.node("right"), param, name)
		if !okL || !okR {
			return false, false
		}
		switch e.text("type") {
		case "COMPARE_EQUAL":
			return l == r, true
		case "COMPARE_NOTEQUAL":
			return l != r, true
		}
	case "FUNCTION":
		if len(args) == 2 {
			s, okS := word(args[0], param, name)
			pattern, okP := args[1].constant()
			if fits, known := matcher(lex.Fold(e.text("function_name")), pattern); okS && okP && known {
				return fits(s), true
			}
		}
	}
	return false, false
}

// word evaluates a text.
func word(e node, param, name string) (string, bool) {
	if s, ok := e.constant(); ok {
		return s, true
	}
	if names := e.texts("column_names"); len(names) == 1 && lex.EqualFold(names[0], param) {
		return name, true
	}
	if args := e.nodes("children"); e.text("class") == "FUNCTION" && len(args) == 1 {
		s, ok := word(args[0], param, name)
		switch lex.Fold(e.text("function_name")) {
		case "lower", "lcase":
			return strings.ToLower(s), ok
		case "upper", "ucase":
			return strings.ToUpper(s), ok
		}
	}
	return "", false
}

// matcher is a function or operator that tests a text against a pattern.
func matcher(function, pattern string) (func(string) bool, bool) {
	switch function {
	case "~~", "!~~", "~~*", "!~~*":
		re := like(pattern, strings.HasSuffix(function, "*"))
		no := function[0] == '!'
		return func(s string) bool { return re.MatchString(s) != no }, true
	case "starts_with", "prefix", "^@":
		return func(s string) bool { return strings.HasPrefix(s, pattern) }, true
	case "ends_with", "suffix":
		return func(s string) bool { return strings.HasSuffix(s, pattern) }, true
	case "contains":
		return func(s string) bool { return strings.Contains(s, pattern) }, true
	case "regexp_matches":
		re, err := regexp.Compile(pattern)
		return func(s string) bool { return re.MatchString(s) }, err == nil
	case "regexp_full_match":
		re, err := regexp.Compile("^(?:" + pattern + ")$")
		return func(s string) bool { return re.MatchString(s) }, err == nil
	}
	return nil, false
}

// like is a LIKE pattern as a regular expression.
func like(pattern string, anyCase bool) *regexp.Regexp {
	var b strings.Builder
	b.WriteString("(?s)")
	if anyCase {
		b.WriteString("(?i)")
	}
	b.WriteString("^")
	for _, r := range pattern {
		switch r {
		case '%':
			b.WriteString(".*")
		case '_':
			b.WriteString(".")
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	b.WriteString("$")
	return regexp.MustCompile(b.String()) // a quoted text always compiles
}
