// Package rewrite edits a statement's text token by token and remembers where
// each byte came from, so that an error's position can be turned back into a
// position in the user's text.
//
//	rules ─▶ Compile ─▶ Set ─▶ Apply(src, statement) ─▶ text, OffsetMap
//
// A statement in which no rule's trigger stands passes byte-identical, at the cost
// of one look at each token and without an allocation. Rules see the original
// tokens only, never one another's text; two edits of the same bytes are an error
// of the rules (XX000), not of the user. The package knows no rule itself.
package rewrite
