// Package sqltest runs the files of testdata/sql in process and over the wire, in
// the simple and the extended protocol; the answers must be the same. Those in
// testdata/sql/pg are run against PostgreSQL 15 too, which wrote their answers.
//
//	go test ./wire/sqltest -rewrite     replaces the expectations; read the diff
package sqltest
