// Package logictest runs test files in the sqllogictest format
// (https://www.sqlite.org/sqllogictest) with the extensions that DuckDB made
// common: loops, named connections, expected errors.
//
// It owns the format only: where statements go is the caller's Conn. The same
// file thus runs in process and over the wire, and must give the same answers.
//
//	statement ok | error [SQLSTATE]      one statement; after ---- a part of the error's text
//	query TYPES [nosort|rowsort|valuesort] [LABEL]
//	                                     a query; after ---- its rows, tab-separated, or one value a line,
//	                                     or "N values hashing to MD5"
//	query error [SQLSTATE]               like statement error
//	connection NAME                      before a record: runs it on that connection
//	loop VAR FROM TO … endloop           ${VAR} counts from FROM up to TO-1
//	foreach VAR a b c … endloop
//	skipif MODE, onlyif MODE             before a record: the runner's mode names
//	hash-threshold N                     results of more than N values are compared by hash (0 = never)
//	tag TEXT                             the command tag the last statement must have had
//	halt                                 the rest of the file is ignored
//
// NULL is written NULL, an empty string (empty). Control characters in values
// are escaped as in Go strings. With Options.Rewrite the expectations are
// replaced by what came, for a person to read in the diff.
package logictest
