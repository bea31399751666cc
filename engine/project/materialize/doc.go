// Package materialize owns what a node becomes in a database: the statements that
// make a view, a table, the next rows of an incremental table, a snapshot's history,
// a seed's rows, and Eider's own objects (model, source, feature view, transformation).
//
// A Job is one node with its compiled SQL and a connection; Build runs it and says what
// came of it. Everything a node does is one transaction: hooks, statements, grants and
// comments. So a failure, a cancel or the death of the process leaves what was there
// before. (Sources are the exception: a refresh commits its batches one by one.)
//
// It refuses to know Jinja, files (but for a seed's bytes) and the graph, and it imports
// no engine: connections are package warehouse's.
package materialize
