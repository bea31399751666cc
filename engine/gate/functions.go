package gate

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed functions.txt
var functionsText string

// access says who may call a function.
type access uint8

const (
	unlisted   access = iota // not a function that anybody classified
	denied                   // superusers only
	byArgument               // decided by what it is called with
	allowed                  // everybody
)

type functionKey struct {
	name  string
	table bool
}

// classified returns functions.txt. PRAGMA functions are left out: PRAGMA is refused as a whole.
var classified = sync.OnceValue(func() map[functionKey]access {
	words := map[string]access{"allow": allowed, "argument": byArgument, "deny": denied}
	m := map[functionKey]access{}
	for line := range strings.Lines(functionsText) {
		f := strings.Fields(line)
		if len(f) != 3 || f[0] == "#" || f[1] == "pragma" {
			continue
		}
		m[functionKey{f[2], f[1] == "table"}] = words[f[0]]
	}
	return m
})

// builtin tells whether DuckDB has a function of that name, in whatever place.
func builtin(name string) bool {
	m := classified()
	return m[functionKey{name, false}] != unlisted || m[functionKey{name, true}] != unlisted
}

// plainFunction tells whether a call in an expression is decided by the name alone.
func plainFunction(name string) bool { return classified()[functionKey{name, false}] == allowed }

// readableSettings are what current_setting may be asked by everybody; others show paths
// and secrets.
var readableSettings = set("timezone", "calendar", "search_path", "schema", "threads", "worker_threads", "memory_limit", "max_memory",
	"default_order", "default_null_order", "null_order", "integer_division", "ieee_floating_point_ops", "default_collation",
	"preserve_insertion_order", "access_mode", "server_version", "server_encoding", "client_encoding", "application_name",
	"old_implicit_casting", "scalar_subquery_error_on_multiple_rows", "max_expression_depth")
