package duck

// The contract that the engine builds on; this file goes once the package is written
// (each type then lives in the file named by it).
//
//	type Config struct {
//		Path             string            // file; "" or ":memory:" is in memory
//		ReadOnly         bool
//		MemoryLimitBytes int64             // 0: DuckDB's default, 80 % of RAM
//		TempDir          string            // spill files; "" is Path + ".tmp"
//		MaxTempBytes     int64
//		Threads          int               // 0: number of CPUs
//		Settings         map[string]string // any other DuckDB option at open
//	}
//	func Open(ctx context.Context, cfg Config) (*DB, error) // a locked file is 55006 with the path, a foreign file 58P01/XX001
//	func (db *DB) Connect(ctx context.Context) (*Conn, error)
//	func (db *DB) Close() error
//	func Version() string                                    // "1.5.5"
//
//	func (c *Conn) Exec(ctx, sql string, args ...any) (int64, error)   // one or several statements without args; changed rows of the last
//	func (c *Conn) Query(ctx, sql string, args ...any) (*Result, error) // prepare + bind + stream
//	func (c *Conn) QueryRows(ctx, sql string, args ...any) ([][]any, error) // all rows as Go values, for small system queries
//	func (c *Conn) Prepare(ctx, sql string) (*Stmt, error)             // exactly one statement
//	func (c *Conn) Interrupt()                                         // from any goroutine, direct (no polling)
//	func (c *Conn) Progress() Progress                                 // {Fraction float64 (-1 unknown), Rows, TotalRows uint64}
//	func (c *Conn) RegisterScalar(f Scalar) error                      // database-wide; vector callback, panics become errors
//	func (c *Conn) RegisterTable(f Table) error
//	func (c *Conn) Appender(ctx, catalog, schema, table string, columns ...string) (*Appender, error)
//	func (c *Conn) ArrowQuery(ctx, sql string, args ...any) (array.RecordReader, error)
//	func (c *Conn) Close() error
//
//	func (s *Stmt) Kind() StatementKind                // Select, Insert, Update, Delete, Create, Drop, Copy, Transaction, Explain, Set, Call, …
//	func (s *Stmt) NumParams() int
//	func (s *Stmt) ParamName(i int) string             // 1-based
//	func (s *Stmt) ParamType(i int) *types.Type        // Unknown where unresolved
//	func (s *Stmt) Columns() []types.Column            // described from the plan, never executed; nil type Unknown where a parameter is unresolved
//	func (s *Stmt) Bind(i int, v any) error            // nil, bool, all ints, floats, string, []byte, time.Time, *big.Int, types.IntervalValue, types.Date…; typed by ParamType
//	func (s *Stmt) Stream(ctx) (*Result, error)        // pending-streaming: first chunk as soon as it exists
//	func (s *Stmt) Execute(ctx) (*Result, error)       // materialised by DuckDB
//	func (s *Stmt) Close() error
//
//	func (r *Result) Columns() []types.Column
//	func (r *Result) Next(ctx) (*types.Chunk, error)   // nil at the end; valid until the next Next or Close
//	func (r *Result) Changes() int64
//	func (r *Result) ReturnsRows() bool                // false for DDL, INSERT without RETURNING, …
//	func (r *Result) Close() error
//
//	func NewChunk(cols []*types.Type) *OwnedChunk      // built by Go: SetValue(col, row, any) and raw vectors; for our statements' results and the appender
//	func Value(v *types.Vector, row int) any           // boxes one value; never on a hot path
//
//	type Scalar struct {
//		Name     string
//		Params   []*types.Type // types.Any allowed
//		Variadic *types.Type
//		Returns  *types.Type
//		Volatile bool
//		Bind     func(args []Arg) (state any, returns *types.Type, err error) // optional; Arg{Type, Foldable, Value}
//		Func     func(state any, in *types.Chunk, out fn.Writer-like *Writer) error
//	}
//	type Table struct {
//		Name    string
//		Params  []*types.Type
//		Named   map[string]*types.Type
//		Bind    func(args []any, named map[string]any) (TableSource, error)
//	}
//	type TableSource interface {
//		Columns() []types.Column
//		Cardinality() (rows uint64, exact bool)
//		MaxThreads() int
//		Fill(out *TableWriter) (rows int, err error) // called from several threads when MaxThreads > 1; projected columns only
//	}
