// Package source is the contract between the engine and the connectors that bring rows from
// elsewhere: files, logs of messages, databases, HTTP APIs. One Driver declares one connector;
// each lives in a folder of its own below this one and is listed once in engine/builtin.
//
//	Driver.Open(Config) ─▶ Source.Next ─▶ Batch ─▶ one DuckDB transaction {rows, rejects, positions} ─▶ Ack
//
// A source reads partitions: the shards of a stream, the partitions of a topic, files, or one
// named "" where there is nothing to divide. Each has a position, JSON that only the driver
// understands. The engine stores the positions in the transaction that stores the rows, and opens
// the source with what was stored last. So a row is there exactly once, whatever dies when.
//
// A Batch holds rows in one of three forms: a query that DuckDB runs (files, other databases),
// chunks of columns, or payloads that the engine decodes by the source's FORMAT (messages).
//
// The package refuses to know about tables, transactions and statements, which are the engine's, and
// about any connector. It imports contracts only.
package source
