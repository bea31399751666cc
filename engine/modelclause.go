package engine

import (
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
)

// clauseWords begin the clauses of a SELECT and of statements that return rows.
var clauseWords = map[string]bool{
	"select": true, "returning": true, "from": true, "join": true, "where": true, "group": true, "having": true, "order": true, "limit": true,
	"offset": true, "qualify": true, "window": true, "on": true, "values": true, "set": true, "union": true, "except": true, "intersect": true,
	"when": true, "fetch": true,
}

// clause is the word that begins the clause in which token i stands, looking no further than the
// brackets around it; "" if there is none.
func (w *predictWriter) clause(i int) string {
	c, _ := w.clauseAt(i)
	return c
}

// clauseAt is clause with the token at which the item of a list begins that i stands in.
func (w *predictWriter) clauseAt(i int) (string, int) {
	item := -1
	for k := i - 1; k >= 0; k-- {
		switch {
		case w.Is(k, ")"), w.Is(k, "]"), w.Is(k, "}"):
			if k = w.open(k); k < 0 {
				return "", -1
			}
		case w.Is(k, "("), w.Is(k, "["), w.Is(k, "{"):
			return "", -1
		case w.Is(k, ","):
			if item < 0 {
				item = k + 1
			}
		case w.Toks[k].Kind == lex.Ident:
			word := lex.Fold(w.Text(k))
			if word == "from" && w.Word(k-1, "distinct") || word == "on" && w.Word(k-1, "distinct") || word == "when" && !w.Word(0, "merge") {
				continue // IS DISTINCT FROM; DISTINCT ON; CASE WHEN
			}
			if !clauseWords[word] {
				continue
			}
			if item < 0 {
				item = k + 1
			}
			return word, item
		}
	}
	return "", -1
}

// open is the token of the bracket that token k closes, -1 if there is none.
func (w *predictWriter) open(k int) int {
	depth := 0
	for ; k >= 0; k-- {
		switch {
		case w.Is(k, ")"), w.Is(k, "]"), w.Is(k, "}"):
			depth++
		case w.Is(k, "("), w.Is(k, "["), w.Is(k, "{"):
			if depth--; depth == 0 {
				return k
			}
		}
	}
	return -1
}

// name gives the items of SELECTs' lists in which the call from token i to end stands the names that
// their text would have given them, where they have none: predict for a call that is all of one.
func (w *predictWriter) name(i, end int) {
	for from, to := i, end; from >= 0 && to >= 0; {
		if first, last, ok := w.selected(from, to); ok && !w.named[last] && !w.Is(first+1, ":") && !w.labelled(first, last) {
			name := w.Name(i)
			if first != i || last != end {
				name = w.Src[w.Toks[first].Start:w.Toks[last].End]
			}
			if w.named == nil {
				w.named = map[int]bool{}
			}
			w.named[last] = true
			w.Insert(w.Toks[last].End, " AS "+lex.QuoteIdent(name))
		}
		from = w.around(from)
		to = w.Close(from)
	}
}

// selected is the item of a SELECT's list that the tokens from i to end stand in, with nothing but
// other tokens beside them.
func (w *predictWriter) selected(i, end int) (first, last int, ok bool) {
	clause, first := w.clauseAt(i)
	if clause != "select" && clause != "returning" {
		return 0, 0, false
	}
	for w.Word(first, "distinct") || w.Word(first, "all") {
		if first++; w.Word(first-1, "distinct") && w.Word(first, "on") && w.Is(first+1, "(") {
			first = w.Close(first+1) + 1
		}
	}
	last = end
	for last+1 < len(w.Toks) && !w.ends(last+1) {
		if last++; w.Is(last, "(") || w.Is(last, "[") || w.Is(last, "{") {
			if last = w.Close(last); last < 0 {
				return 0, 0, false
			}
		}
	}
	return first, last, true
}

// around is the token of the bracket that token i stands in, -1 if in none.
func (w *predictWriter) around(i int) int {
	for k := i - 1; k >= 0; k-- {
		switch {
		case w.Is(k, ")"), w.Is(k, "]"), w.Is(k, "}"):
			if k = w.open(k); k < 0 {
				return -1
			}
		case w.Is(k, "("), w.Is(k, "["), w.Is(k, "{"):
			return k
		}
	}
	return -1
}

// ends tells whether token k is behind an item of a list.
func (w *predictWriter) ends(k int) bool {
	if w.Is(k, ",") || w.Is(k, ")") || w.Is(k, "]") || w.Is(k, "}") || w.Is(k, ";") {
		return true
	}
	if w.Toks[k].Kind != lex.Ident || w.Word(k, "from") && w.Word(k-1, "distinct") {
		return false
	}
	word := lex.Fold(w.Text(k))
	return clauseWords[word] && word != "when" && word != "on" || word == "into" || word == "using"
}

// labelled tells whether the item from first to last has a name of its own, or might: a word at
// its end can be one unless it is reserved or an operator stands before it.
func (w *predictWriter) labelled(first, last int) bool {
	if last == first || !w.Toks[last].IsIdent() {
		return false
	}
	if w.Toks[last].Kind == lex.Ident && parse.Reserved(w.Text(last)) && !w.Word(last-1, "as") {
		return false // CASE … END, IS NULL
	}
	before := w.Toks[last-1]
	return before.Kind != lex.Op && !strings.ContainsAny(before.Text(w.Src), ".:")
}
