package classify

import (
	"strings"

	"github.com/eiderdb/eider/sql/lex"
)

// modifiers stand between CREATE, ALTER or DROP and the kind of object.
var modifiers = []string{"global", "local", "temp", "temporary", "unlogged", "persistent", "recursive", "unique", "trusted", "constraint"}

// twoWords are the kinds of object that take two words to name.
var twoWords = [][2]string{
	{"materialized", "view"}, {"foreign", "table"}, {"event", "trigger"}, {"access", "method"}, {"default", "privileges"},
	{"operator", "class"}, {"operator", "family"}, {"user", "mapping"}, {"owned", "by"}, {"large", "object"},
}

// objects are the kinds of object of PostgreSQL and DuckDB that one word names.
// MODEL, SOURCE and their like are not among them: those statements are ours.
var objects = map[string]bool{
	"table": true, "view": true, "index": true, "schema": true, "sequence": true, "type": true, "macro": true, "function": true,
	"procedure": true, "routine": true, "aggregate": true, "trigger": true, "role": true, "user": true, "group": true, "extension": true,
	"database": true, "secret": true, "domain": true, "collation": true, "conversion": true, "cast": true, "language": true, "operator": true,
	"policy": true, "publication": true, "subscription": true, "rule": true, "server": true, "statistics": true, "tablespace": true,
	"transform": true, "system": true, "owned": true,
}

// define reads CREATE [OR REPLACE] | ALTER | DROP, the kind of object, and for a
// table whether a query fills it.
func (r *reader) define() Class {
	c := Class{Group: Define}
	switch {
	case r.any("create"):
		c.Verb = Create
		r.accept("or", "replace")
	case r.any("alter"):
		c.Verb = Alter
	default:
		r.pos++
		c.Verb = Drop
	}
	for r.any(modifiers...) {
	}
	for _, w := range twoWords {
		if r.accept(w[0], w[1]) {
			c.Object = strings.ToUpper(w[0] + " " + w[1])
		}
	}
	if c.Object == "" {
		t, ok := r.next()
		word := ""
		if ok && t.Kind == lex.Ident {
			word = lex.Fold(t.Text(r.src))
		}
		if !objects[word] {
			return Class{}
		}
		c.Object = strings.ToUpper(word)
	}
	if c.Object == "USER" || c.Object == "GROUP" {
		c.Object = "ROLE"
	}
	if c.Verb == Create && (c.Object == "TABLE" || c.Object == "MATERIALIZED VIEW") && r.filled() {
		c.Verb = CreateAs
	}
	return c
}

func (r *reader) next() (lex.Token, bool) {
	if r.eof(0) {
		return lex.Token{}, false
	}
	t := r.toks[r.pos]
	r.pos++
	return t, true
}

// filled reports whether AS stands outside parentheses and no WITH NO DATA closes
// the statement: PostgreSQL's tag is then SELECT n.
func (r *reader) filled() bool {
	for !r.eof(0) {
		switch {
		case r.is(0, "as"):
			n := len(r.toks)
			return n < 3 || !(r.toks[n-1].Word(r.src, "data") && r.toks[n-2].Word(r.src, "no") && r.toks[n-3].Word(r.src, "with"))
		case r.skipParens():
		default:
			r.pos++
		}
	}
	return false
}
