package pgcat

import "github.com/eiderdb/eider/sql/lex"

// finishItems gives select items the names that PostgreSQL gives them, and shows
// vectors and functions' OIDs as PostgreSQL's output does, in statements that ask
// the catalog; a plain query keeps DuckDB's names.
func (w *walk) finishItems() {
	if !w.catalog {
		return
	}
	for _, it := range w.items {
		if w.Is(it.to-1, "*") {
			continue
		}
		if w.hasAlias(it) {
			w.showAliased(it)
			continue
		}
		end := w.Toks[it.to-1].End
		if w.column(it) {
			if before, after := w.display(w.Name(it.to - 1)); it.outer && before != "" {
				w.Insert(w.Toks[it.from].Start, before)
				w.Insert(end, after+" AS "+lex.QuoteIdent(w.Name(it.to-1)))
			}
			continue
		}
		name, _ := w.figure(it.from, it.to)
		if name == "" && it.outer {
			name = "?column?"
		}
		if name != "" {
			w.Insert(end, " AS "+lex.QuoteIdent(name))
		}
	}
}

// showAliased shows a bare column that has an alias.
func (w *walk) showAliased(it item) {
	bare := item{from: it.from, to: it.to - 1}
	if w.Word(it.to-2, "as") {
		bare.to--
	}
	if !it.outer || bare.to <= bare.from || !w.column(bare) {
		return
	}
	if before, after := w.display(w.Name(bare.to - 1)); before != "" {
		w.Insert(w.Toks[it.from].Start, before)
		w.Insert(w.Toks[bare.to-1].End, after)
	}
}

// column reports whether the item is a bare column.
func (w *walk) column(it item) bool {
	for i := it.from; i < it.to; i += 2 {
		if w.Name(i) == "" || i+1 < it.to && !w.Is(i+1, ".") {
			return false
		}
	}
	return (it.to-it.from)%2 == 1 && !(it.to-it.from == 1 && (nullaryWords[w.Name(it.from)] || constants[w.Name(it.from)]) && w.Toks[it.from].Kind == lex.Ident)
}

var constants = map[string]bool{"null": true, "true": true, "false": true, "current_date": true, "current_timestamp": true, "current_time": true, "localtime": true, "localtimestamp": true, "current_catalog": true}

// beforeOperand are words that an operand follows, so that the word behind them is no alias.
var beforeOperand = map[string]bool{"and": true, "or": true, "not": true, "is": true, "in": true, "like": true, "ilike": true, "between": true, "case": true, "when": true,
	"then": true, "else": true, "from": true, "distinct": true, "any": true, "all": true, "similar": true, "to": true, "collate": true, "at": true, "time": true, "zone": true, "isnull": true}

// hasAlias reports whether the item ends with a name of its own.
func (w *walk) hasAlias(it item) bool {
	depth := 0
	for i := it.from; i < it.to; i++ {
		switch {
		case w.Is(i, "("), w.Is(i, "["), w.Is(i, "{"):
			depth++
		case w.Is(i, ")"), w.Is(i, "]"), w.Is(i, "}"):
			depth--
		case depth == 0 && w.Word(i, "as"):
			return true
		}
	}
	last, prev := it.to-1, it.to-2
	if prev < it.from || w.Name(last) == "" || w.Is(prev, ".") || w.Toks[prev].Kind == lex.Op {
		return false
	}
	if w.Toks[last].Kind == lex.Ident && (w.Word(last, "end") || constants[w.Name(last)] || w.Word(last, "precision") || w.Word(last, "varying") || w.Word(last, "zone") || w.Word(last, "unknown")) {
		return false
	}
	return !(w.Toks[prev].Kind == lex.Ident && beforeOperand[w.Name(prev)])
}

// figure returns the name that PostgreSQL gives an expression without an alias, the
// tokens [from, to), or "" for none; weak tells that CASE would not take it for its own.
func (w *walk) figure(from, to int) (name string, weak bool) {
	if from >= to {
		return "", true
	}
	i, t := from, w.Toks[from]
	switch {
	case t.IsString(), t.Kind == lex.Number, t.Kind == lex.Param:
		i, weak = from+1, true
	case w.Is(from, "("):
		i = w.Close(from) + 1
		if w.Word(from+1, "select") {
			name = w.firstName(from)
		} else if name, weak = w.figure(from+1, i-1); i < to && w.Is(i, ".") {
			name = lex.Unquote(w.Src, w.Toks[i+1])
			i += 2
		}
	case t.Kind == lex.Ident && w.Word(from, "case") && w.Word(to-1, "end"):
		return w.caseName(from, to), true
	case t.Kind == lex.Ident && (w.Word(from, "array") || w.Word(from, "exists")) && (w.Is(from+1, "(") || w.Is(from+1, "[")):
		name, i = w.Name(from), w.Close(from+1)+1
	case t.Kind == lex.Ident && (w.Word(from, "not") || w.Word(from, "interval") || w.Word(from, "null") || w.Word(from, "true") || w.Word(from, "false")):
		i, weak = from+1, true
	case t.IsIdent():
		name, i = w.nameOf(from, to)
	default:
		return "", true
	}
	for i > 0 && i < to && w.Is(i, "[") {
		i = w.Close(i) + 1
	}
	for i > 0 && i < to && w.Is(i, "::") {
		typ, last := w.typeName(i + 1)
		if weak {
			name = typ // the outermost cast's
		}
		i = last + 1
	}
	if i != to {
		return "", true
	}
	return name, weak
}

// nameOf reads a column or a call at token from and returns its name and the token behind it.
func (w *walk) nameOf(from, to int) (string, int) {
	last := from
	for last+2 < to && w.Is(last+1, ".") && w.Name(last+2) != "" {
		last += 2
	}
	name := lex.Unquote(w.Src, w.Toks[last])
	if !w.Is(last+1, "(") || last+1 >= to {
		return name, last + 1
	}
	end := w.Close(last+1) + 1
	switch w.Name(last) {
	case "cast", "try_cast":
		if as := w.castAs(last); as > 0 {
			inner, weak := w.figure(last+2, as)
			if inner == "" && weak {
				inner, _ = w.typeName(as + 1)
			}
			return inner, end
		}
	case "trim":
		name = "btrim"
		if w.Word(last+2, "trailing") {
			name = "rtrim"
		} else if w.Word(last+2, "leading") {
			name = "ltrim"
		}
	}
	return name, end
}

// caseName is the name of a CASE: that of its ELSE, else "case".
func (w *walk) caseName(from, to int) string {
	depth := 0
	for i := from; i < to; i++ {
		switch {
		case w.Is(i, "("), w.Is(i, "["), w.bareWord(i) && w.Word(i, "case"):
			depth++
		case w.Is(i, ")"), w.Is(i, "]"), w.bareWord(i) && w.Word(i, "end"):
			depth--
		case depth == 1 && w.bareWord(i) && w.Word(i, "else"):
			if name, weak := w.figure(i+1, to-1); name != "" && !weak {
				return name
			}
			return "case"
		}
	}
	return "case"
}

// firstName is the name of a subquery's first item; open is its parenthesis.
func (w *walk) firstName(open int) string {
	for _, it := range w.items {
		if it.from < open+2 || it.from > w.Close(open) {
			continue
		}
		if w.column(it) || w.hasAlias(it) {
			return lex.Unquote(w.Src, w.Toks[it.to-1])
		}
		name, _ := w.figure(it.from, it.to)
		return name
	}
	return ""
}

// display returns what to put around a column whose text isn't that of the value stored here.
func (w *walk) display(column string) (before, after string) {
	switch shown[column] {
	case vector:
		return "array_to_string(", ", ' ')"
	case function:
		return w.macro("regprocout") + "(", ")"
	}
	return "", ""
}

// kind of catalog column.
type kind uint8

const (
	vector   kind = iota + 1 // int2vector, oidvector: shown without braces
	function                 // regproc: shown by name
)

var shown = map[string]kind{
	"indkey": vector, "indclass": vector, "indcollation": vector, "indoption": vector, "proargtypes": vector, "tgattr": vector,
	"typinput": function, "typoutput": function, "typreceive": function, "typsend": function, "typmodin": function, "typmodout": function,
	"typanalyze": function, "typsubscript": function, "amhandler": function, "oprcode": function, "oprrest": function, "oprjoin": function,
	"aggfnoid": function, "aggtransfn": function, "aggfinalfn": function, "prosupport": function, "conproc": function, "amproc": function,
	"prsstart": function, "prstoken": function, "prsend": function, "prsheadline": function, "prslextype": function,
	"tmplinit": function, "tmpllexize": function, "rngcanonical": function, "rngsubdiff": function,
}
