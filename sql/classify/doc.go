// Package classify says what a statement is from its leading tokens, before
// anything parses it: which part of the engine takes it, what its command tag is,
// whether it can write. It looks past parentheses, WITH clauses and EXPLAIN.
//
// It decides by structure and never by whole texts. It doesn't judge whether a
// statement is correct: `begin nonsense` is a Begin, whose handler complains. What
// it doesn't know (an unknown verb, one of Eider's own statements) is Unknown.
package classify
