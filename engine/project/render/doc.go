// Package render owns what dbt adds to Jinja: ref, source, config, var, env_var, this,
// adapter, run_query, the built-in macros, and which macro a name means. It renders one
// node at a time, in one of two modes:
//
//   - Parse: execute is false, nothing is asked of a database. It finds the refs, sources,
//     configuration and macros of a node (Found).
//   - Run: the host supplies an Adapter and the node's relation; the text that comes back
//     is SQL.
//
// It refuses to know a database: everything it needs of one is the interface Adapter.
// An Env is made once for a project and safe for concurrent use; a Scope is one rendering.
//
//	env, err := render.New(project, render.Invocation{…})            // reads the macros
//	rel := env.Relation(n)                                           // the node's relation
//	found, err := env.Parse(n)                                       // parse mode
//	sql, err := env.Render(ctx, &render.Scope{…}, text, position)    // run mode
//	v, err := env.CallMacro(ctx, &render.Scope{…}, "name", args, kwargs)
//
// Reading a folder is load.Load(ctx, load.Options{…}), which returns the project and its Env;
// compiling a node with the CTEs of its ephemeral parents is compile.Node(ctx, env, scope).
package render
