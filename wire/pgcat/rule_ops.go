package pgcat

import (
	"strings"

	"github.com/eiderdb/eider/sql/lex"
)

func (w *walk) operator(i int) int {
	switch w.Text(i) {
	case "::":
		return w.cast(i)
	case "~", "!~", "||":
		w.ops = append(w.ops, i)
	case "~*":
		w.ReplaceTok(i, "~")
		w.pattern(i, "ipattern")
	case "!~*":
		w.ReplaceTok(i, "!~")
		w.pattern(i, "ipattern")
	}
	return i + 1
}

// finishOperators handles what means PostgreSQL's only in a statement that asks the catalog.
func (w *walk) finishOperators() {
	for _, i := range w.ops {
		start := w.operandStart(i - 1)
		array := start >= 0 && w.Word(start, "array")
		switch w.Text(i) {
		case "~", "!~":
			w.pattern(i, "pattern")
		case "||": // NULL || ARRAY(…) is the array
			if start >= 0 && w.Word(i+1, "array") && (w.Is(i+2, "(") || w.Is(i+2, "[")) {
				w.Insert(w.Toks[start].Start, "coalesce(")
				w.Insert(w.Toks[i-1].End, ", [])")
			}
		case "::": // ARRAY(…)::text is spelled {a,b}
			if array {
				w.Insert(w.Toks[start].Start, w.macro("arrayout")+"(")
				w.Insert(w.Toks[i-1].End, ")")
			}
		}
	}
	for i := 1; i < len(w.Toks); i++ {
		if w.Is(i, "[") && shown[w.Name(i-1)] == vector {
			if end := w.Close(i); end > i+1 { // int2vector and oidvector count from 0
				w.Insert(w.Toks[i].End, "1 + (")
				w.Insert(w.Toks[end].Start, ")")
			}
		}
	}
}

// namedOperator handles OPERATOR(pg_catalog.op), which DuckDB doesn't read.
func (w *walk) namedOperator(i int) int {
	end := w.Close(i + 1)
	if end < 0 || w.Toks[end-1].Kind != lex.Op {
		return i + 1
	}
	op := w.Text(end - 1)
	shown := op
	switch op {
	case "~", "!~":
		w.pattern(end, "pattern")
	case "~*", "!~*":
		shown = strings.TrimSuffix(op, "*")
		w.pattern(end, "ipattern")
	}
	w.Replace(w.Toks[i].Start, w.Toks[end].End, shown)
	return end + 1
}

// pattern wraps the operand behind token op: DuckDB's ~ asks for a full match.
func (w *walk) pattern(op int, macro string) {
	if w.Word(op+1, "any") || w.Word(op+1, "all") {
		return
	}
	end := w.operandEnd(op + 1)
	if end < 0 {
		return
	}
	w.Insert(w.Toks[op+1].Start, w.macro(macro)+"(")
	w.Insert(w.Toks[end].End, ")")
}

// operandEnd returns the index of the last token of the primary expression that
// starts at token i, with its casts; -1 if there is none.
func (w *walk) operandEnd(i int) int {
	if i >= len(w.Toks) {
		return -1
	}
	end := i
	switch t := w.Toks[i]; {
	case w.Is(i, "("):
		end = w.Close(i)
	case t.IsIdent():
		for w.Is(end+1, ".") && w.Name(end+2) != "" {
			end += 2
		}
		if w.Is(end+1, "(") || w.Is(end+1, "[") {
			end = w.Close(end + 1)
		}
	}
	for end >= 0 && w.Is(end+1, "::") {
		_, end = w.typeName(end + 2)
	}
	return end
}

// operandStart returns the index of the first token of the primary expression that
// ends at token i, earlier casts included; -1 if it can't be told.
func (w *walk) operandStart(i int) int {
	start := i
	for start >= 0 && (w.Is(start, ")") || w.Is(start, "]")) {
		open := w.open(start)
		if open < 0 {
			return -1
		}
		square := w.Is(start, "]")
		start = open
		switch {
		case square && (w.Name(open-1) != "" || w.Is(open-1, ")") || w.Is(open-1, "]")):
			start = open - 1 // a subscript, or ARRAY[…]
			continue
		case !square && w.Name(open-1) != "" && !reservedBefore[w.Name(open-1)]:
			start = open - 1 // a call
		}
		break
	}
	for start > 1 && w.Is(start-1, ".") {
		start -= 2
		if w.Is(start, ")") {
			return w.operandStart(start)
		}
	}
	if start > 1 && w.Is(start-1, "::") {
		return w.operandStart(start - 2)
	}
	return start
}

// reservedBefore are words before a parenthesis that don't call anything.
var reservedBefore = map[string]bool{"select": true, "and": true, "or": true, "not": true, "in": true, "when": true, "then": true, "else": true,
	"case": true, "where": true, "on": true, "by": true, "having": true, "as": true, "like": true, "ilike": true, "between": true, "from": true, "distinct": true, "values": true, "using": true, "limit": true}

// open returns the index of the bracket that token i closes.
func (w *walk) open(i int) int {
	depth := 0
	for ; i >= 0; i-- {
		if w.Toks[i].Kind != lex.Punct {
			continue
		}
		switch w.Text(i) {
		case ")", "]", "}":
			depth++
		case "(", "[", "{":
			depth--
			if depth == 0 {
				return i
			}
		}
	}
	return -1
}

// collation drops COLLATE of PostgreSQL's standard collations: DuckDB's order is "C" by default.
func (w *walk) collation(i int) int {
	last := i + 1
	for w.Is(last+1, ".") && w.Name(last+2) != "" {
		last += 2
	}
	switch name := w.Name(last); {
	case name == "default", name == "c", name == "posix", name == "ucs_basic", w.Name(i+1) == "pg_catalog":
		w.Delete(w.Toks[i].Start, w.Toks[last].End)
		if w.Name(i+1) == "pg_catalog" {
			w.catalog = true
		}
	}
	return last + 1
}
