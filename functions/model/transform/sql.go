package transform

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/functions/model/frame"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/types"
)

// writer writes steps as SQL. Between steps what is missing is NULL or NaN. nullif and CASE would tell them apart too, but
// they more than double the time that a statement with hundreds of features is planned in.
type writer struct {
	inputs []input
	steps  []step
	arg    func(column string) string
}

func (t *Fitted) sql(arg func(string) string) []string {
	w := writer{t.inputs, t.steps, arg}
	out := make([]string, len(t.features))
	for i, ft := range t.features {
		out[i] = w.column(ft.From)
	}
	return out
}

// input is an input's own expression. A part of a date is taken of the column's own type.
func (w *writer) input(k int) string {
	in := &w.inputs[k]
	return in.write(func(column string) string {
		text := w.arg(column)
		if in.Part != whole && in.Column != "" {
			return "CAST(" + text + " AS " + in.Type.String() + ")"
		}
		return text
	})
}

// bracketed puts an expression of the user's into parentheses, which a comment at its end must not
// swallow; a name needs none.
func bracketed(text string) string {
	toks := lex.Split(text)
	switch {
	case len(toks) == 1 && len(toks[0].Tokens) == 1 && toks[0].Tokens[0].IsIdent() && !strings.Contains(text, "--"):
		return text
	case strings.Contains(text, "--"):
		return "(" + text + "\n)"
	}
	return "(" + text + ")"
}

// column writes the column From, a number or a category.
func (w *writer) column(from int) string {
	if from < 0 {
		in := &w.inputs[^from]
		text := w.input(^from)
		if in.Kind == frame.Number {
			return "CAST(" + bracketed(text) + " AS DOUBLE)"
		}
		if in.Column != "" && in.Type.Alias == "" && !slices.Contains([]types.ID{types.Varchar, types.Enum}, in.Type.ID) {
			text = "CAST(" + text + " AS " + in.Type.String() + ")" // 3, not 3.0, whatever is scored
		}
		return "(CAST(" + bracketed(text) + ` AS VARCHAR) COLLATE "binary")` // a column's own collation must not matter
	}
	s := &w.steps[from]
	x := w.column(s.From)
	switch s.Op {
	case opScale:
		return fmt.Sprintf("((%s - %s) / %s)", x, double(s.A), double(s.B))
	case opImpute:
		return fmt.Sprintf("eider_impute(%s, %s)", x, double(s.A))
	case opMissing:
		return fmt.Sprintf("eider_missing(%s)", x)
	case opClip:
		return fmt.Sprintf("eider_clip(%s, %s, %s)", x, double(s.A), double(s.B))
	case opLog1p:
		return fmt.Sprintf("eider_log1p(%s)", x)
	case opYeoJohnson:
		return fmt.Sprintf("eider_yeo_johnson(%s, %s)", x, double(s.A))
	case opBucket:
		edges := make([]string, len(s.Edges))
		for i, e := range s.Edges {
			edges[i] = double(e)
		}
		return fmt.Sprintf("eider_bucket(%s, [%s])", x, strings.Join(edges, ", "))
	case opEquals:
		return fmt.Sprintf("CASE WHEN %s = %s THEN 1e0 ELSE 0e0 END", x, literal(s.Keys[0]))
	case opOther:
		return fmt.Sprintf("coalesce(eider_lookup(%s, %s, %s, 1e0), 0e0)", x, list(s.Keys), zeros(len(s.Keys)))
	case opLookup:
		return s.lookupSQL(x)
	case opHash:
		return fmt.Sprintf("eider_hash_bucket(%s, %s)", x, double(s.A))
	case opFill:
		return fmt.Sprintf(`(coalesce(%s, %s) COLLATE "binary")`, x, literal(s.Keys[0]))
	case opText:
		return fmt.Sprintf("CAST(CAST(%s AS BIGINT) AS VARCHAR)", x)
	}
	panic("transform: no SQL for step " + string(s.Op))
}

// lookupSQL calls eider_lookup, which gives NULL for NULL.
func (s *step) lookupSQL(x string) string {
	other := "NULL::DOUBLE"
	if !s.NoA {
		other = double(s.A)
	}
	values, _ := json.Marshal(s.Values) // finite numbers
	call := fmt.Sprintf("eider_lookup(%s, %s, %s, %s)", x, list(s.Keys), literal(string(values)), other)
	switch {
	case s.NoB:
		return call
	case s.NoA:
		return fmt.Sprintf("CASE WHEN %s IS NULL THEN %s ELSE %s END", x, double(s.B), call)
	}
	return fmt.Sprintf("coalesce(%s, %s)", call, double(s.B))
}

// double is a DOUBLE constant: 17 digits are read back as the same bits.
func double(v float64) string {
	text := strconv.FormatFloat(v, 'e', 16, 64)
	if text[0] == '-' {
		return "(" + text + ")"
	}
	return text
}

// literal is a text constant; a NUL byte can't stand in SQL.
func literal(s string) string {
	if !strings.Contains(s, "\x00") {
		return lex.QuoteLiteral(s)
	}
	parts := strings.Split(s, "\x00")
	for i, p := range parts {
		parts[i] = lex.QuoteLiteral(p)
	}
	return "(" + strings.Join(parts, " || chr(0) || ") + ")"
}

// list is a JSON array of texts: one constant is planned far quicker than thousands.
func list(keys []string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if keys == nil {
		keys = []string{}
	}
	_ = e.Encode(keys) // texts
	return lex.QuoteLiteral(strings.TrimSuffix(b.String(), "\n"))
}

func zeros(n int) string {
	return "'[" + strings.TrimSuffix(strings.Repeat("0,", n), ",") + "]'"
}

func (t *Fitted) unseen(arg func(string) string) []Unseen {
	w := writer{t.inputs, t.steps, arg}
	known := map[int][]string{}
	partial := map[int]bool{}
	for _, s := range t.steps {
		if s.From >= 0 {
			continue
		}
		k := ^s.From
		switch s.Op {
		case opEquals:
			partial[k] = partial[k] || s.Partial
			known[k] = append(known[k], s.Keys...)
		case opLookup:
			partial[k] = partial[k] || s.Partial
			known[k] = s.Keys
		}
	}
	var out []Unseen
	for k, in := range t.inputs {
		complete := slices.ContainsFunc(t.steps, func(s step) bool { return s.From == ^k && s.Op == opLookup && !s.Partial }) || !partial[k]
		if len(known[k]) == 0 || !complete || in.Column == "" {
			continue
		}
		keys := slices.Compact(slices.Sorted(slices.Values(known[k])))
		out = append(out, Unseen{in.Column, fmt.Sprintf("coalesce(eider_lookup(%s, %s, %s, 1e0), 0e0) = 1e0", w.column(^k), list(keys), zeros(len(keys)))})
	}
	return out
}
