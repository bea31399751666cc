package classify

import (
	"strings"

	"github.com/eiderdb/eider/sql/lex"
)

// PivotIn adds IN (NULL) to what a PIVOT statement is ON, where no IN stands: DuckDB then takes
// for a SELECT what would otherwise look for the values first, in a statement of its own. Nothing
// is left out of the text, so nothing that it reads is. False if there is no PIVOT in it.
func PivotIn(sql string) (string, bool) {
	var b strings.Builder
	var stack []pivotState
	state, from, found := pivotState{}, 0, false
	insert := func(at int) {
		if state.on && !state.in {
			b.WriteString(sql[from:at])
			b.WriteString(" IN (NULL)")
			from = at
			found = true
		}
		state.in = false
	}
	last := 0
	for _, t := range lex.Lex(sql) {
		if t.IsBlank() {
			continue
		}
		switch {
		case t.Is(sql, "("), t.Is(sql, "["), t.Is(sql, "{"):
			stack = append(stack, state)
			state = pivotState{}
		case t.Is(sql, ")"), t.Is(sql, "]"), t.Is(sql, "}"):
			insert(last)
			if n := len(stack); n > 0 {
				state, stack = stack[n-1], stack[:n-1]
			}
		case t.Word(sql, "pivot"), t.Word(sql, "pivot_wider"):
			state = pivotState{pivot: true}
		case state.pivot && t.Word(sql, "on"):
			insert(last)
			state.on = true
		case state.on && t.Is(sql, ","):
			insert(last)
		case state.on && t.Word(sql, "in"):
			state.in = true
		case state.on && (t.Is(sql, ";") || endsPivot[lex.Fold(t.Text(sql))] && t.Kind == lex.Ident):
			insert(last)
			state = pivotState{}
		}
		last = t.End
	}
	insert(last)
	b.WriteString(sql[from:])
	return b.String(), found
}

// pivotState is where a PIVOT statement stands: past its word, past ON, past IN.
type pivotState struct{ pivot, on, in bool }

var endsPivot = map[string]bool{"using": true, "group": true, "order": true, "limit": true, "offset": true, "union": true, "except": true, "intersect": true}
