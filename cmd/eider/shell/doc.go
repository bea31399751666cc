// Package shell is `eider sql`: it reads statements and meta-commands from a
// person, a file or a pipe, runs them on a Backend and shows the results.
//
//	editor (a terminal) ─┐
//	script (-c, -f, pipe)┴─▶ feed: meta-command or statement ─▶ run ─▶ Backend ─▶ render
//
// A Backend is an open database (Embedded) or a connection to a server (Connect).
// Ctrl-C cancels the statement that runs and clears a half-typed one; it never ends
// the shell. Whatever goes wrong in a statement is shown with its place in the
// user's text.
package shell
