// Package dialect holds the few rewrites that keep PostgreSQL's literals meaning
// what PostgreSQL's clients mean by them, where DuckDB reads the same text
// differently. Everything else passes untouched: DuckDB's SQL is the language.
//
//	'\x00ff'::bytea, bytea '\x00ff'   hex and escape forms become DuckDB's \x00\xff
//	'on'::boolean, 'off'::boolean     and the other spellings that boolin takes
//	'05/31/2024'::date                month/day/year becomes 2024-05-31
//	timestamp '2024-05-01 12:00+02'   the offset is left out, as PostgreSQL ignores it
//	'{1,NULL}'::integer[]             a list
//
// A rule acts on a literal beside its type's name only. A literal that reaches a
// column without a cast is read by DuckDB; drivers send such values as parameters.
package dialect
