package render

import (
	"time"

	"github.com/eiderdb/eider/engine/project/node"
)

// Scope is one rendering of one node's text. The zero value of every field is sensible.
type Scope struct {
	// Node is whose context it is; nil for text that belongs to none (operations, show --inline).
	Node *node.Node
	// Package is whose macros are found first; "" is the node's, then the project's.
	Package string
	// Execute is `execute`: false while parsing.
	Execute bool
	// Adapter answers adapter.…, run_query and statement blocks; nil refuses them.
	Adapter Adapter
	// This is `this`; nil is the node's own relation.
	This *Relation
	// FullRefresh is --full-refresh; a node's own full_refresh configuration goes before it.
	FullRefresh bool
	// Ref replaces what a ref or source prints, for unit tests (a fixture's CTE) and
	// --defer; nil, or a nil answer, means the node's own relation.
	Ref func(target *node.Node) (*Relation, error)
	// Vars, Macros and EnvVars replace what var(), a macro's call and env_var() return (unit tests).
	Vars    map[string]any
	Macros  map[string]any
	EnvVars map[string]string
	// Results are `results` in on-run-end, one of Go's values or a jinja.Object each:
	// node, status, execution_time, failures, message, …
	Results []any
	// Schemas and DatabaseSchemas are `schemas` in on-run-end.
	Schemas []string
	// SQL is `sql`, the compiled text, in hooks and materialisations.
	SQL string
	// Log takes log() and print(); nil drops them.
	Log Log
	// Extra are more names, Go values that jinja.FromGo takes.
	Extra map[string]any
}

// Invocation is what every rendering of a run shares.
type Invocation struct {
	ID          string // invocation_id
	Started     time.Time
	Command     string         // which: run, build, test, …
	Flags       map[string]any // FULL_REFRESH, STORE_FAILURES, WHICH, …
	FullRefresh bool
}

// Found is what a parse-time rendering saw.
type Found struct {
	Refs          []node.Ref
	Sources       []node.SourceRef
	Config        map[string]any // of config(…), later calls over earlier ones
	ConfigPos     map[string]node.Position
	Macros        []string // ids, in order of the first call, those called by macros too
	Introspective bool     // asks the database: adapter.…, run_query, statement
}
