// Package lineage tells where the columns of a query come from. It reads DuckDB's JSON
// syntax tree (json_serialize_sql), binds the names in it with the help of a Catalog, and
// follows each column through aliases, common table expressions, joins, subqueries, set
// operations, stars, windows, PIVOT and the rest down to the tables, views, files and models
// that the query names. Views are not looked into: each has a lineage of its own.
//
//	text ─▶ Read ─▶ Statement{Operation, Target, Parts} ─▶ DuckDB's tree of each part ─▶ Analyse ─▶ Result
//
// A column depends on another in one of the ways that OpenLineage's column lineage facet
// names: DIRECT ones give its values (IDENTITY, TRANSFORMATION, AGGREGATION), INDIRECT ones
// decide which values there are (JOIN, GROUP_BY, FILTER, SORT, WINDOW, CONDITIONAL). What
// decides which rows there are belongs to every column and is kept once, in Result.Rows.
//
// What can't be told is said to be unknown, with the reason; no dependency is left out in
// silence. The package refuses to run or plan anything, and to know where a result is kept:
// it never sees DuckDB, a session or a catalog table.
package lineage
