package pgcat

import "github.com/eiderdb/eider/sql/lex"

// chain handles a name of one or several parts that starts at token i and returns
// the index behind it.
func (w *walk) chain(i int) int {
	last := i
	for w.Is(last+1, ".") && w.Name(last+2) != "" {
		last += 2
	}
	parts := (last-i)/2 + 1
	f := w.top()
	relation := f.relation
	f.relation = false
	call := w.Is(last+1, "(")
	if w.aliasPlace(i) && parts == 1 {
		return last + 1
	}
	switch {
	case call:
		if relation && setFunctions[w.Name(last)] {
			w.sets = append(w.sets, w.Close(last+1))
		}
		w.function(i, last, parts)
	case relation:
		w.relationName(i, last, parts)
	case parts == 1:
		w.word(i)
	default:
		if parts == 2 && w.Name(last) == "tableoid" {
			w.systems = append(w.systems, i)
		}
		w.columnName(i, last, parts)
	}
	return last + 1
}

// setFunctions return one column: PostgreSQL names it by the call's alias, DuckDB doesn't.
var setFunctions = map[string]bool{"generate_series": true, "unnest": true, "generate_subscripts": true}

func (w *walk) finishSets() {
	for _, end := range w.sets {
		i := end + 1
		if w.Word(i, "as") {
			i++
		}
		if end > 0 && w.Name(i) != "" && !notAlias[w.Name(i)] && !w.Is(i+1, "(") {
			w.Insert(w.Toks[i].End, "("+w.Text(i)+")")
		}
	}
}

// notAlias are words that may follow an item of FROM without being its name.
var notAlias = map[string]bool{"with": true, "where": true, "join": true, "left": true, "right": true, "full": true, "inner": true, "cross": true, "natural": true,
	"on": true, "using": true, "group": true, "order": true, "having": true, "limit": true, "offset": true, "union": true, "except": true, "intersect": true,
	"window": true, "fetch": true, "for": true, "lateral": true, "asof": true, "positional": true, "anti": true, "semi": true, "tablesample": true, "qualify": true}

// classAlias notes by which name the catalog at token last goes in the query.
func (w *walk) classAlias(last int) {
	oid, ok := w.names.classOIDs[w.Name(last)]
	if !ok {
		return
	}
	i := last + 1
	if w.Word(i, "as") {
		i++
	}
	alias := w.Name(last)
	if w.Name(i) != "" && !notAlias[w.Name(i)] {
		alias = w.Name(i)
	}
	w.classes[alias] = oid
}

// finishSystemColumns puts a catalog's OID for its tableoid, which views don't have.
func (w *walk) finishSystemColumns() {
	for _, i := range w.systems {
		if oid, ok := w.classes[w.Name(i)]; ok {
			w.Replace(w.Toks[i].Start, w.Toks[i+2].End, oid+"::BIGINT")
		}
	}
}

// schemaPart returns the index of the chain's schema, -1 without one: the part before
// the last, which at most a database's name may precede.
func schemaPart(last, parts int) int {
	if parts == 2 || parts == 3 {
		return last - 2
	}
	return -1
}

// replaceHead puts text for the parts before the last.
func (w *walk) replaceHead(i, last int, text string) {
	w.Replace(w.Toks[i].Start, w.Toks[last].Start, text)
}

func (w *walk) relationName(i, last, parts int) {
	name := w.Name(last)
	if parts == 1 {
		if w.names.relations[name] && !w.ctes[name] {
			w.catalog = true
			w.classAlias(last)
			w.Insert(w.Toks[i].Start, w.schema("pg", name)+".")
		}
		return
	}
	s := schemaPart(last, parts)
	switch w.Name(s) {
	case "pg_catalog":
		w.catalog = true
		w.classAlias(last)
		w.replaceHead(i, last, w.schema("pg", name)+".")
	case "information_schema":
		w.catalog = true
		w.replaceHead(i, last, w.schema("info", name)+".")
	case "public":
		w.ReplaceTok(s, "main")
	}
}

func (w *walk) function(i, last, parts int) {
	name := w.Name(last)
	if enginesOwn[name] {
		return
	}
	if to := renamed[name]; to != "" && !w.declares(i) && (parts == 1 || w.Name(last-2) == "pg_catalog") {
		w.Replace(w.Toks[i].Start, w.Toks[last].End, to)
		return
	}
	if parts == 1 {
		if w.names.functions[name] && !qualifiedOnly[name] && !w.declares(i) {
			w.catalog = true
			w.call(i, last)
		}
		return
	}
	s := schemaPart(last, parts)
	switch w.Name(s) {
	case "pg_catalog":
		w.catalog = true
		if w.names.functions[name] {
			w.call(i, last)
		} else {
			w.replaceHead(i, last, "")
		}
	case "information_schema":
		w.catalog = true
		w.replaceHead(i, last, w.schema("info", name)+".")
	case "public":
		w.ReplaceTok(s, "main")
	}
}

// renamed are functions that DuckDB has under another name.
var renamed = map[string]string{
	"json_build_object": "json_object", "jsonb_build_object": "json_object", "json_build_array": "json_array", "jsonb_build_array": "json_array",
	"json_agg": "json_group_array", "jsonb_agg": "json_group_array", "json_object_agg": "json_group_object", "jsonb_object_agg": "json_group_object",
}

// enginesOwn are functions that the engine's own rule edits, pg_catalog before them included.
var enginesOwn = map[string]bool{"set_config": true, "pg_notify": true}

// listFunctions are macros that return a list where PostgreSQL returns a set.
var listFunctions = map[string]bool{"pg_partition_ancestors": true}

// call puts the macro in place of the name in tokens [i, last].
func (w *walk) call(i, last int) {
	text := w.macro(w.Name(last))
	if end := w.Close(last + 1); end > 0 && listFunctions[w.Name(last)] {
		text = "unnest(" + text
		w.Insert(w.Toks[end].End, ")")
	}
	w.Replace(w.Toks[i].Start, w.Toks[last].End, text)
}

// declares reports whether the name before a parenthesis is being defined or is a
// relation with a column list, not called.
func (w *walk) declares(i int) bool {
	switch w.Name(i - 1) {
	case "table", "exists", "into", "macro", "function", "view", "references", "with", "recursive", "index", "on", "as", "type", "schema", "update":
		return w.Toks[i-1].Kind == lex.Ident
	}
	return w.ctes[w.Name(i)]
}

// columnName handles a qualified name outside of FROM: a column with its table's
// schema, a type in a definition, or a relation in a statement other than a query.
func (w *walk) columnName(i, last, parts int) {
	switch w.Name(i) {
	case "pg_catalog", "information_schema":
		// pg_catalog.pg_class.relname: the relation goes by its own name in the rewritten FROM.
		w.catalog = true
		w.Replace(w.Toks[i].Start, w.Toks[i+2].Start, "")
		return
	case "public":
		if !w.names.aliased(w, "public") {
			w.ReplaceTok(i, "main")
		}
		return
	}
	if parts >= 3 && w.Name(i+2) == "public" {
		w.ReplaceTok(i+2, "main")
	}
}

// aliased reports whether the statement gives something the name: FROM t AS name, FROM t name.
func (n *names) aliased(w *walk, name string) bool {
	for i := 1; i < len(w.Toks); i++ {
		if w.Name(i) == name && !w.Is(i+1, ".") && !w.Is(i-1, ".") {
			prev := w.Toks[i-1]
			if w.Word(i-1, "as") || w.Is(i-1, ")") || prev.IsIdent() && !w.Word(i-1, "schema") && !w.Word(i-1, "exists") {
				return true
			}
		}
	}
	return false
}

// word handles a name of one part that is neither a relation nor called.
func (w *walk) word(i int) {
	name := w.Name(i)
	if w.Toks[i].Kind != lex.Ident || !nullaryWords[name] || w.Word(i-1, "as") || w.Is(i+1, ":=") || w.Is(i+1, "=>") {
		return
	}
	// USER is a word of ALTER USER, FOR USER …: it is a value only in a query.
	if name == "user" && w.top().clause != selectList {
		return
	}
	fn := name
	if fn == "user" || fn == "current_role" {
		fn = "current_user"
	}
	w.catalog = true
	w.ReplaceTok(i, w.macro(fn)+"()")
}

// schemaName handles SCHEMA [IF [NOT] EXISTS] public.
func (w *walk) schemaName(i int) int {
	j := i + 1
	for w.Word(j, "if") || w.Word(j, "not") || w.Word(j, "exists") {
		j++
	}
	if w.Name(j) == "public" && !w.Is(j+1, ".") {
		w.ReplaceTok(j, "main")
		return j + 1
	}
	return i + 1
}
