// Package node owns what a SQL project is once it has been read: the project, its
// nodes (models, seeds, snapshots, tests, sources, exposures, …) and macros, their
// configuration, and the errors that point into its files.
//
// It holds data only. Reading files is engine/project/load, Jinja is
// engine/project/jinja and engine/project/render, order is engine/project/graph,
// choosing is engine/project/selection. Nothing here knows a database.
//
// A Project is written by load and compile and read by everyone else; after loading,
// only Compiled and ExtraCTEs of a node change, under the owner's own order.
package node
