package engine

// The contract that wire, the CLI and embedding programs build on; this file goes once the package is written
// (each type then lives in the file named by it).
//
//	type Options struct {                       // the zero value works: an in-memory database
//		Path             string
//		ReadOnly         bool
//		MemoryLimitBytes int64
//		TempDir          string
//		MaxTempBytes     int64
//		Threads          int
//		Logger           *slog.Logger
//		Events           EventListener
//		Builtins         *builtin.Set           // nil: builtin.All()
//		Setup            []string               // SQL run once after open on an internal connection (the wire server installs its catalog with it)
//	}
//	func Open(ctx context.Context, o Options) (*DB, error)
//	func (db *DB) Close() error                 // idempotent; drains: sessions → jobs → catalog → DuckDB
//	func (db *DB) NewSession(ctx, SessionOptions) (*Session, error)
//	func (db *DB) Sessions() []SessionInfo      // pg_stat_activity: pid, user, application, client address, state, query, times, transaction start
//	func (db *DB) CancelSession(pid int32) bool // pg_cancel_backend
//	func (db *DB) TerminateSession(pid int32) bool
//	func (db *DB) Name() string                 // current_database(): the file's stem, "memory"
//	func (db *DB) Notify/Listen …               // LISTEN/NOTIFY hub
//
//	type SessionOptions struct {
//		User            string                  // "" is the embedded superuser
//		ApplicationName string
//		ClientAddr      string
//		Settings        map[string]string       // startup parameters, checked by the settings table
//		Rewrites        []rewrite.Rule          // dialect rules: wire/pgcat's for Postgres clients
//		OnNotice        func(*sqlstate.Error)
//		OnParameter     func(name, value string)// a reported setting changed (ParameterStatus)
//		OnNotification  func(channel, payload string, pid int32)
//	}
//
//	func (s *Session) PID() int32
//	func (s *Session) Split(text string) []lex.Stmt
//	func (s *Session) Prepare(ctx, text string, st lex.Stmt, paramTypes []*types.Type) (*Stmt, error) // positions of errors are in text
//	func (s *Session) TxStatus() byte           // 'I' idle, 'T' in a block, 'E' failed block
//	func (s *Session) BeginImplicit() error     // a simple Query of several statements, an extended pipeline until Sync
//	func (s *Session) EndImplicit(ctx, failed bool) error
//	func (s *Session) Fail()                    // a protocol-level error inside a block moves it to 'E'
//	func (s *Session) Cancel()                  // interrupts what runs now, from any goroutine
//	func (s *Session) Setting(name string) (string, bool)
//	func (s *Session) Query(ctx, sql string, args ...any) (*Rows, error) // embedded convenience: Rows.Next/Scan
//	func (s *Session) Exec(ctx, sql string, args ...any) (Tag, error)
//	func (s *Session) QueryArrow(ctx, sql string, args ...any) (array.RecordReader, error)
//	func (s *Session) Close() error             // rolls back what is open
//
//	func (st *Stmt) Params() []*types.Type      // resolved types; Unknown where nobody knows
//	func (st *Stmt) Columns() []types.Column    // nil: returns no rows
//	func (st *Stmt) Run(ctx, args []any) (*Cursor, error)
//	func (st *Stmt) Copy() *CopyIn              // non-nil for COPY … FROM STDIN, see CopyPlan; COPY … TO STDOUT likewise: st.CopyOut()
//	func (st *Stmt) Close() error
//
//	func (c *Cursor) Columns() []types.Column
//	func (c *Cursor) Next(ctx) (*types.Chunk, error) // nil at the end; valid until the next call on this cursor.
//	// When another statement runs on the session while the cursor is open, the engine detaches it first:
//	// outside a transaction block it has a connection of its own, inside one the rest is drained to a bounded, spilling buffer.
//	func (c *Cursor) Tag() string               // "SELECT 5", "INSERT 0 3", "CREATE TABLE" … after the end
//	func (c *Cursor) Close() error
//
//	type CopyPlan struct {                      // both directions
//		Columns []types.Column                  // the target's or query's columns
//		Format  CopyFormat                      // Text, CSV, Binary + delimiter, null, quote, escape, header, force_quote, …
//	}
//	// COPY FROM: wire decodes bytes into chunks and feeds them: in := st.CopyIn(ctx); in.Chunk() *duck.OwnedChunk; in.Send(chunk); in.Finish() (rows, err); in.Abort(err)
//	// COPY TO: cur := st.CopyOut(ctx) *Cursor; wire encodes.
