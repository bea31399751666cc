// Package pg serves the PostgreSQL frontend/backend protocol, versions 3.0 and 3.2,
// in front of an engine.DB.
//
// It owns bytes on sockets: listening, TLS, startup, authentication, the simple and
// the extended query protocol, COPY, cancellation, notifications and draining. It
// knows nothing of SQL: statements are split, prepared and run by the engine's
// Session, values are encoded by wire/pg/encode, COPY formats by wire/pg/copyfmt.
//
//	accept ─▶ startup (TLS, protocol version, SCRAM) ─▶ conn.run
//	conn.run: one goroutine a connection reads a message, asks the session, appends
//	the answer to one buffer, and writes it out at Sync, Flush, ReadyForQuery or
//	when the buffer is full; rows go from the cursor's chunks into that buffer.
//
// A client's lengths are checked before memory is allocated for them, and a body's
// buffer grows as its bytes arrive. A client that stops reading stops its own query
// and is dropped after Config.WriteTimeout. A panic ends one connection, not the
// server.
//
// It refuses replication, GSSAPI encryption, the FunctionCall message and password
// methods other than SCRAM-SHA-256.
package pg
