// Package lineage is SHOW LINEAGE: it reads the recorded dependencies that the user may see
// (the view eider.lineage) and follows them from a table, a column or a version of a model
// towards where it comes from, or to what is made of it.
//
// The package refuses to record anything: package sql/lineage finds dependencies, the engine
// and TRAIN store them.
package lineage
