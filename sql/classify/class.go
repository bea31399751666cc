package classify

import "strings"

// Group says which part of the engine takes a statement.
type Group uint8

// The groups.
const (
	Unknown     Group = iota // not SQL that DuckDB or PostgreSQL has: perhaps a statement of Eider's
	Transaction              // BEGIN, COMMIT, SAVEPOINT, SET TRANSACTION, …
	Session                  // SET, RESET, SHOW of a setting, DISCARD
	Cursor                   // DECLARE, FETCH, MOVE, CLOSE
	Prepared                 // PREPARE, EXECUTE, DEALLOCATE
	Notify                   // LISTEN, UNLISTEN, NOTIFY
	Copy                     // COPY
	Explain                  // EXPLAIN
	Query                    // returns rows and writes nothing: SELECT, VALUES, TABLE, FROM …, DESCRIBE, SHOW TABLES, SUMMARIZE, PIVOT
	Modify                   // INSERT, UPDATE, DELETE, MERGE, TRUNCATE
	Define                   // CREATE, ALTER, DROP, COMMENT
	Rights                   // GRANT, REVOKE, REASSIGN
	Utility                  // VACUUM, ANALYZE, CHECKPOINT, ATTACH, PRAGMA, CALL, LOAD, …
)

var groupNames = [...]string{"Unknown", "Transaction", "Session", "Cursor", "Prepared", "Notify", "Copy", "Explain", "Query", "Modify", "Define", "Rights", "Utility"}

// String returns the constant's name.
func (g Group) String() string { return groupNames[g] }

// Verb is what a statement does, within its group.
type Verb uint8

// The verbs.
const (
	None Verb = iota
	// Transaction
	Begin            // BEGIN
	StartTx          // START TRANSACTION
	Commit           // COMMIT, END
	Rollback         // ROLLBACK, ABORT
	Savepoint        // SAVEPOINT s
	Release          // RELEASE [SAVEPOINT] s
	RollbackTo       // ROLLBACK TO [SAVEPOINT] s
	PrepareTx        // PREPARE TRANSACTION 'id'
	CommitPrepared   // COMMIT PREPARED 'id'
	RollbackPrepared // ROLLBACK PREPARED 'id'
	SetTx            // SET [LOCAL] TRANSACTION …
	// Session
	Set               // SET [SESSION|LOCAL|GLOBAL] name = …, SET TIME ZONE …, SET NAMES …, SET SCHEMA …
	SetCharacteristic // SET SESSION CHARACTERISTICS AS TRANSACTION …
	SetRole           // SET ROLE, RESET ROLE
	SetAuthorization  // SET SESSION AUTHORIZATION, RESET SESSION AUTHORIZATION
	SetConstraints    // SET CONSTRAINTS
	Reset             // RESET name, RESET ALL
	Show              // SHOW name: a setting, or a table of DuckDB's
	Discard           // DISCARD ALL|PLANS|SEQUENCES|TEMP
	// Cursor
	Declare
	Fetch
	Move
	Close
	// Prepared
	Prepare
	Execute
	Deallocate
	// Notify
	Listen
	Unlisten
	NotifyChannel
	// Copy
	CopyFromStdin
	CopyToStdout
	CopyFromFile // a file or a program
	CopyToFile   // likewise
	CopyDatabase // COPY FROM DATABASE a TO b
	// Explain
	ExplainPlan
	ExplainAnalyze // runs the statement
	// Query
	Select   // also a parenthesised one and one after WITH
	Values   // VALUES (…)
	Table    // TABLE t
	From     // FROM t [SELECT …]
	Pivot    // PIVOT, UNPIVOT as statements
	Describe // DESCRIBE, DESC, SUMMARIZE, SHOW TABLES and its like
	// Modify
	Insert
	Update
	Delete
	Merge
	Truncate
	// Define
	Create
	CreateAs // CREATE TABLE … AS, CREATE MATERIALIZED VIEW … AS
	Alter
	Drop
	Comment
	// Rights
	Grant
	Revoke
	// Utility
	Vacuum
	Analyze
	Checkpoint
	Attach
	Detach
	Use
	Pragma
	Call
	Do
	Load
	Install
	Lock
	SetVariable // SET VARIABLE v = …, RESET VARIABLE v
	ExportDB    // EXPORT DATABASE, IMPORT DATABASE
	OtherUtility
)

// Class is the result of Classify.
type Class struct {
	Group Group
	Verb  Verb
	// Object is what a Define statement is about, in capitals: TABLE, MATERIALIZED VIEW.
	Object string
	// Word is the word that decided, as written.
	Word string
	// Body is the index in the statement's tokens at which the statement proper
	// starts: past opening parentheses and WITH for a query or a modification, past
	// the options for EXPLAIN, past PREPARE name (…) AS and DECLARE … FOR.
	Body int
	// With tells that a WITH clause stands before the body.
	With bool
}

var tags = map[Verb]string{
	Begin: "BEGIN", StartTx: "START TRANSACTION", Commit: "COMMIT", Rollback: "ROLLBACK", RollbackTo: "ROLLBACK", Savepoint: "SAVEPOINT",
	Release: "RELEASE", PrepareTx: "PREPARE TRANSACTION", CommitPrepared: "COMMIT PREPARED", RollbackPrepared: "ROLLBACK PREPARED", SetTx: "SET",
	Set: "SET", SetCharacteristic: "SET", SetRole: "SET", SetAuthorization: "SET", SetConstraints: "SET CONSTRAINTS", SetVariable: "SET",
	Reset: "RESET", Show: "SHOW", Discard: "DISCARD", Declare: "DECLARE CURSOR", Fetch: "FETCH", Move: "MOVE", Close: "CLOSE CURSOR",
	Prepare: "PREPARE", Execute: "EXECUTE", Deallocate: "DEALLOCATE", Listen: "LISTEN", Unlisten: "UNLISTEN", NotifyChannel: "NOTIFY",
	CopyFromStdin: "COPY", CopyToStdout: "COPY", CopyFromFile: "COPY", CopyToFile: "COPY", CopyDatabase: "COPY",
	ExplainPlan: "EXPLAIN", ExplainAnalyze: "EXPLAIN", Select: "SELECT", Values: "SELECT", Table: "SELECT", From: "SELECT", Pivot: "SELECT",
	Describe: "SHOW", Insert: "INSERT 0", Update: "UPDATE", Delete: "DELETE", Merge: "MERGE", Truncate: "TRUNCATE TABLE", CreateAs: "SELECT",
	Create: "CREATE", Alter: "ALTER", Drop: "DROP", Comment: "COMMENT", Grant: "GRANT", Revoke: "REVOKE", Vacuum: "VACUUM", Analyze: "ANALYZE",
	Checkpoint: "CHECKPOINT", Attach: "ATTACH", Detach: "DETACH", Use: "USE", Pragma: "PRAGMA", Call: "CALL", Do: "DO", Load: "LOAD",
	Install: "INSTALL", Lock: "LOCK TABLE", ExportDB: "EXPORT DATABASE",
}

// Tag is the command tag without a count. TagCounts tells whether one follows.
func (c Class) Tag() string {
	switch c.Verb {
	case Create, Alter, Drop:
		if c.Object != "" {
			return tags[c.Verb] + " " + c.Object
		}
	case None, OtherUtility:
		return strings.ToUpper(c.Word)
	}
	return tags[c.Verb]
}

// TagCounts reports whether PostgreSQL's command tag ends in a number of rows.
func (c Class) TagCounts() bool {
	switch c.Verb {
	case Fetch, Move, CopyFromStdin, CopyToStdout, CopyFromFile, CopyToFile, Select, Values, Table, From, Pivot,
		Insert, Update, Delete, Merge, CreateAs:
		return true
	}
	return false
}

// ReadOnly reports whether the statement surely writes nothing to the database and
// no file, so that a read-only transaction may run it. EXPLAIN ANALYZE, EXECUTE,
// CALL and a query over functions with side effects need a look at what is inside:
// the first three are not read-only here, the last one is.
func (c Class) ReadOnly() bool {
	switch c.Group {
	case Transaction, Session, Cursor, Notify, Query:
		return true
	case Explain:
		return c.Verb == ExplainPlan
	case Copy:
		return c.Verb == CopyToStdout
	case Prepared:
		return c.Verb != Execute
	}
	return c.Verb == SetVariable || c.Verb == Use
}
