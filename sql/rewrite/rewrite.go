// Package rewrite edits a statement's text token by token and remembers where
// each byte came from, so that an error's position can be turned back into a
// position in the user's text. A statement in which no rule's trigger word stands
// is passed through byte-identical.
package rewrite

import "github.com/eiderdb/eider/sql/lex"

// Rule is one kind of edit.
type Rule struct {
	// Name appears in traces.
	Name string
	// Triggers are lower-case words; the rule runs only when one of them stands as
	// a token (any kind of identifier). Ops are operator spellings that trigger likewise.
	Triggers, Ops []string
	// Apply records edits. It sees the original tokens.
	Apply func(e *Editor) error
}

// Editor collects edits of one statement. Edits may not overlap.
type Editor struct {
	Src  string
	Toks []lex.Token
	// Env is what the session offers to rules (names, settings); rules assert the interface they need.
	Env any

	edits []edit
}

type edit struct {
	start, end int
	text       string
}

// Replace records that src[start:end] becomes text.
func (e *Editor) Replace(start, end int, text string) {
	e.edits = append(e.edits, edit{start, end, text})
}
