package duck

// What the engine builds on and is still to come; this file goes once the package is written
// (each type then lives in the file named by it).
//
//	func (c *Conn) Progress() Progress                                 // {Fraction float64 (-1 unknown), Rows, TotalRows uint64}
//	func (c *Conn) RegisterScalar(f Scalar) error                      // database-wide; vector callback, panics become errors
//	func (c *Conn) RegisterTable(f Table) error
//	func (c *Conn) Appender(ctx, catalog, schema, table string, columns ...string) (*Appender, error)
//	func (c *Conn) ArrowQuery(ctx, sql string, args ...any) (array.RecordReader, error)
//	func NewChunk(cols []*types.Type) *OwnedChunk      // built by Go: SetValue(col, row, any) and raw vectors; for our statements' results and the appender
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
