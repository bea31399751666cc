// Package load reads a SQL project: a folder as dbt lays it out, with or without a profile.
//
// The flow of Load: dbt_project.yml and the profile → packages (local ones and those already
// present) → macros → SQL, seed and YAML files, in parallel → each file rendered once in parse
// mode → configuration merged, names made → tests → refs and sources resolved → cycles refused.
// All mistakes that can be found together are returned together, each a *node.Error with file,
// line and column.
//
// It reads files and the environment only. It never connects, and never downloads packages.
package load
