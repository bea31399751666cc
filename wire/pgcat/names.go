package pgcat

import "strings"

// names is what the rules look words up in; it is derived from the embedded files.
type names struct {
	relations map[string]bool // of pg_catalog
	functions map[string]bool // macros in eider_sys.pg
	made      map[string]bool // relations that the SQL files define: pg.pg_class
	macros    map[string]bool // all macros with their schema
	parts     map[string][]int
	classOIDs map[string]string
	typeOIDs  map[string]string
}

// qualifiedOnly are functions that mean PostgreSQL's only when pg_catalog stands
// before them: the bare name is DuckDB's own, with other rules.
var qualifiedOnly = map[string]bool{"format": true}

// words that act as functions without parentheses.
var nullaryWords = map[string]bool{"current_user": true, "session_user": true, "user": true, "current_role": true, "current_schema": true}

func newNames() *names {
	n := &names{
		relations: map[string]bool{}, functions: map[string]bool{},
		classOIDs: map[string]string{}, typeOIDs: map[string]string{},
	}
	for _, r := range catalogRelations() {
		if r.schema == pgSchema {
			n.relations[r.name] = true
			n.classOIDs[r.name] = r.oid
		}
	}
	w := definitions()
	n.made, n.macros, n.parts = w.relations, w.macros, w.parts()
	for full := range w.macros {
		if name, ok := strings.CutPrefix(full, "pg."); ok {
			n.functions[name] = true
		}
	}
	for line := range strings.Lines(readRows("type_names")) {
		oid, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		n.typeOIDs[name] = oid
	}
	for line := range strings.Lines(readRows("pg_type")) {
		if f := strings.SplitN(line, "\t", 4); f[2] == oidPgCatalog {
			n.typeOIDs[f[1]] = f[0]
		}
	}
	for alias, name := range map[string]string{"int": "int4", "decimal": "numeric", "float": "float8", "char": "bpchar"} {
		n.typeOIDs[alias] = n.typeOIDs[name]
	}
	return n
}

// triggers are the words on which the rule must look at a statement.
func (n *names) triggers() []string {
	words := []string{"pg_catalog", "information_schema", "public"}
	for w := range n.relations {
		words = append(words, w)
	}
	for w := range n.functions {
		if !qualifiedOnly[w] {
			words = append(words, w)
		}
	}
	for w := range castTypes {
		words = append(words, w)
	}
	for w := range renamed {
		words = append(words, w)
	}
	for w := range nullaryWords {
		words = append(words, w)
	}
	return words
}
