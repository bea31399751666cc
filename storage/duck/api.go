package duck

// What the engine builds on and is still to come; this file goes once the package is written
// (each type then lives in the file named by it).
//
//	func (c *Conn) ArrowQuery(ctx, sql string, args ...any) (array.RecordReader, error)
