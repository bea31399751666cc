package lineage

import (
	_ "embed"
	"sync"

	"github.com/eiderdb/eider/sql/lex"
)

// builtinNames are the functions, operators and macros that DuckDB 1.5.5 comes with, one a line:
// package engine's tests compare it with DuckDB's own list.
//
//go:embed builtin.txt
var builtinNames string

var builtins = sync.OnceValue(func() map[string]bool { return words(lex.Fold(builtinNames)) })

// Builtin reports whether DuckDB itself has a function of the name, so that it is no macro of
// the user's unless somebody hid it behind one.
func Builtin(name string) bool { return builtins()[lex.Fold(name)] }
