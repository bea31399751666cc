package pgcat

import (
	"strings"

	"github.com/eiderdb/eider/sql/lex"
)

// castTypes are PostgreSQL's types that DuckDB has no name for: those with a macro
// pair <name>in and <name>out (true), and those that are another type's synonyms.
var castTypes = map[string]struct {
	object bool
	duck   string
}{
	"regclass": {object: true}, "regtype": {object: true}, "regproc": {object: true}, "regprocedure": {object: true}, "regnamespace": {object: true},
	"regoper": {object: true}, "regoperator": {object: true}, "regrole": {object: true}, "regdictionary": {object: true}, "regconfig": {object: true}, "regcollation": {object: true},
	"name": {duck: "VARCHAR"}, "cstring": {duck: "VARCHAR"}, "xid": {duck: "VARCHAR"}, "xid8": {duck: "BIGINT"}, "cid": {duck: "VARCHAR"}, "tid": {duck: "VARCHAR"},
	"pg_lsn": {duck: "VARCHAR"}, "aclitem": {duck: "VARCHAR"}, "pg_node_tree": {duck: "VARCHAR"}, "refcursor": {duck: "VARCHAR"}, "jsonb": {duck: "JSON"},
	"int2vector": {duck: "SMALLINT[]"}, "oidvector": {duck: "BIGINT[]"}, "inet": {duck: "VARCHAR"}, "unknown": {duck: "VARCHAR"},
	"sql_identifier": {duck: "VARCHAR"}, "character_data": {duck: "VARCHAR"}, "cardinal_number": {duck: "INTEGER"}, "yes_or_no": {duck: "VARCHAR"},
}

// typeName reads the type at token i: its name in lower case without a schema of the
// catalog ("" when it isn't a plain name) and the index of its last token.
func (w *walk) typeName(i int) (name string, last int) {
	if w.Name(i) == "" {
		return "", i
	}
	last = i
	for w.Is(last+1, ".") && w.Name(last+2) != "" {
		last += 2
	}
	name = w.Name(last)
	switch w.Name(i) + " " + w.Name(last+1) {
	case "double precision", "character varying", "bit varying", "national character":
		last++
	}
	if w.Is(last+1, "(") {
		last = w.Close(last + 1)
	}
	for _, words := range [][]string{{"with", "time", "zone"}, {"without", "time", "zone"}} {
		if w.Word(last+1, words[0]) && w.Word(last+2, words[1]) && w.Word(last+3, words[2]) {
			last += 3
		}
	}
	for last >= 0 && w.Is(last+1, "[") && (w.Is(last+2, "]") || w.Is(last+3, "]")) {
		last = w.Close(last + 1)
	}
	return name, last
}

// isArray reports whether the type that ends at token last is an array's.
func (w *walk) isArray(last int) bool { return w.Is(last, "]") }

// cast is a :: whose type is an object's: what it becomes depends on what is around it.
type cast struct {
	op, last int // the tokens :: and the type's last
	operand  int // first token of what is cast
	typ      string
	name     bool // it is shown or used as text
}

// cast handles expression::type at token i.
func (w *walk) cast(i int) int {
	name, last := w.typeName(i + 1)
	if name == "" || last < 0 {
		return i + 1
	}
	catalog := w.Name(i+1) == "pg_catalog" || w.Name(i+1) == "information_schema"
	if catalog {
		w.catalog = true
	}
	special, known := castTypes[name]
	if name == "text" && !w.isArray(last) {
		w.ops = append(w.ops, i)
	}
	switch {
	case known && special.object && !w.isArray(last):
		w.catalog = true
		start := w.operandStart(i - 1)
		if start < 0 {
			return last + 1
		}
		w.casts = append(w.casts, cast{op: i, last: last, operand: start, typ: name, name: w.wantsText(start, last)})
		return last + 1
	case known && special.object:
		w.replaceType(i+1, last, "BIGINT")
	case known:
		w.replaceType(i+1, last, special.duck)
	case w.Name(i+1) == "public":
		w.ReplaceTok(i+1, "main")
	case catalog:
		w.Delete(w.Toks[i+1].Start, w.Toks[i+3].Start)
	}
	return last + 1
}

// replaceType puts another name for the type whose tokens are [from, last], keeping [].
func (w *walk) replaceType(from, last int, duck string) {
	end := last
	for end > from && (w.Is(end, "]") || w.Is(end, "[")) {
		end--
	}
	w.Replace(w.Toks[from].Start, w.Toks[end].End, duck)
}

// wantsText reports whether a cast to an object type is used as text right away.
func (w *walk) wantsText(start, last int) bool {
	if w.Is(last+1, "||") || w.Is(start-1, "||") {
		return true
	}
	if w.Is(last+1, "::") {
		switch name, _ := w.typeName(last + 2); name {
		case "text", "varchar", "name", "cstring", "bpchar":
			return true
		}
	}
	return false
}

// finishCasts writes the calls once it is known which casts are whole select items.
func (w *walk) finishCasts() {
	for _, c := range w.casts {
		if w.outerItem(c.operand, c.last) {
			c.name = true
		}
		w.writeCast(c)
	}
}

// outerItem reports whether the tokens [from, last] are a select item that is shown, an alias aside.
func (w *walk) outerItem(from, last int) bool {
	for _, it := range w.items {
		if (it.outer || it.array) && it.from == from {
			return last+1 == it.to || w.Word(last+1, "as") || last+2 == it.to && w.Name(last+1) != ""
		}
	}
	return false
}

func (w *walk) writeCast(c cast) {
	in := w.macro(c.typ+"in") + "("
	out := w.macro(c.typ+"out") + "("
	literal := c.operand == c.op-1 && w.Toks[c.operand].IsString()
	if literal && w.Toks[c.operand].Kind == lex.String {
		if oid, ok := w.knownObject(c.typ, lex.Unquote(w.Src, w.Toks[c.operand])); ok {
			if c.name {
				w.Replace(w.Toks[c.operand].Start, w.Toks[c.last].End, out+oid+")")
			} else {
				w.Replace(w.Toks[c.operand].Start, w.Toks[c.last].End, oid+"::BIGINT")
			}
			return
		}
	}
	prefix, suffix := in, ")"
	if c.name {
		prefix, suffix = out, ")"
		if literal || w.Toks[c.operand].Kind == lex.Param {
			prefix, suffix = out+in, "))"
		}
	}
	w.Insert(w.Toks[c.operand].Start, prefix)
	w.Replace(w.Toks[c.op].Start, w.Toks[c.last].End, suffix)
}

// knownObject finds the OID of a literal that needs no look-up: digits, PostgreSQL's
// own relations and types.
func (w *walk) knownObject(typ, s string) (string, bool) {
	if s != "" && strings.Trim(s, "0123456789") == "" {
		return s, true
	}
	bare := strings.TrimPrefix(s, "pg_catalog.")
	switch typ {
	case "regclass":
		oid, ok := w.names.classOIDs[bare]
		return oid, ok
	case "regtype":
		oid, ok := w.names.typeOIDs[bare]
		return oid, ok
	}
	return "", false
}

// castAs returns the index of the AS in CAST(x AS type), whose CAST is token i; -1 without one.
func (w *walk) castAs(i int) int {
	end := w.Close(i + 1)
	as, depth := -1, 0
	for j := i + 2; j < end; j++ {
		switch {
		case w.Is(j, "("), w.Is(j, "["):
			depth++
		case w.Is(j, ")"), w.Is(j, "]"):
			depth--
		case depth == 0 && w.Word(j, "as"):
			as = j
		}
	}
	return as
}

// callCast handles CAST(x AS type) with a type that DuckDB has no name for.
func (w *walk) callCast(i int) {
	as := w.castAs(i)
	if as < 0 {
		return
	}
	name, last := w.typeName(as + 1)
	special, known := castTypes[name]
	switch {
	case !known || last < 0:
	case special.object && !w.isArray(last):
		w.catalog = true
		w.castCalls = append(w.castCalls, castCall{i, w.Close(i + 1), name})
		w.Delete(w.Toks[as].Start, w.Toks[last].End)
	case special.object:
		w.replaceType(as+1, last, "BIGINT")
	case w.Name(as+1) != "pg_catalog": // a qualified type's schema goes when its name is visited
		w.replaceType(as+1, last, special.duck)
	}
}

// castCall is a CAST to an object's type: token i to its closing parenthesis.
type castCall struct {
	i, end int
	typ    string
}

// finishCastCalls writes the calls: the name where it is shown or cast to text, else the OID.
func (w *walk) finishCastCalls() {
	for _, c := range w.castCalls {
		text := w.wantsText(c.i, c.end) || w.outerItem(c.i, c.end)
		if w.Is(c.i-1, "(") && w.Word(c.i-2, "cast") && w.Word(c.end+1, "as") {
			switch name, _ := w.typeName(c.end + 2); name {
			case "text", "varchar", "name":
				text = true
			}
		}
		call := w.macro(c.typ+"in") + "("
		if text {
			call = w.macro(c.typ+"out") + "("
			if w.Toks[c.i+2].IsString() || w.Toks[c.i+2].Kind == lex.Param {
				call += w.macro(c.typ+"in") + "("
				w.Insert(w.Toks[c.end].Start, ")")
			}
		}
		w.Replace(w.Toks[c.i].Start, w.Toks[c.i+1].End, call)
	}
}
