// Package render turns query results into text for people and programs: aligned
// tables that know the width of Unicode text, CSV, JSON, Markdown and others.
//
// A Batch is a block of rows as text, built from a DuckDB chunk (AppendChunk) or
// cell by cell (a server's answer). A Writer consumes batches and keeps a bounded
// number of rows in memory whatever the result's size.
package render
