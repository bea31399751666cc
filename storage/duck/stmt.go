package duck

// #include <stdlib.h>
// #include "native.h"
import "C"

import (
	"context"
	"errors"
	"strings"
	"unsafe"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// Stmt is a prepared statement. It belongs to its Conn and lives until Close.
type Stmt struct {
	conn    *Conn
	stmt    C.duckdb_prepared_statement // nil when closed
	sql     string
	kind    StatementKind
	nparams int
	ncols   int

	described bool
	columns   []types.Column // nil: returns no rows
	names     []string       // of parameters
	params    []*types.Type
	bound     []bool
}

// errSeveral tells Exec that the text holds more than one statement.
var errSeveral = errors.New("several statements")

const severalText = "Cannot prepare multiple statements at once"

func severalError() error {
	return sqlstate.New(sqlstate.SyntaxError, "cannot insert multiple commands into a prepared statement")
}

// Prepare parses, binds and plans exactly one statement; nothing is executed.
// Several statements, or none, are 42601.
//
// One exception: a PIVOT without an IN list has columns that depend on the data,
// so DuckDB cuts it into CREATE TYPE statements that read the data and a SELECT;
// Prepare runs the former in order to describe the latter.
//
// Costs 20–40 µs for `select 1`, nearly all of it parsing and planning in DuckDB.
// A statement with parameters that reads a table is planned again by every
// execution.
func (c *Conn) Prepare(ctx context.Context, sql string) (*Stmt, error) {
	s, err := c.prepareOne(ctx, sql)
	if err == errSeveral {
		return nil, severalError()
	}
	return s, err
}

func (c *Conn) prepare(ctx context.Context, sql string) (*Stmt, error) {
	var o operation
	if err := c.begin(ctx, &o); err != nil {
		return nil, err
	}
	defer c.end(&o)
	text, err := c.terminated(sql)
	if err != nil {
		return nil, err
	}
	rc := C.eider_prepare(c.handle(), text, &c.prep)
	return c.prepared(ctx, &o, sql, rc)
}

// prepared builds the Stmt for what C left in c.prep.
func (c *Conn) prepared(ctx context.Context, o *operation, sql string, rc C.int) (*Stmt, error) {
	p := &c.prep
	if rc != C.EIDER_OK {
		message := takeString(&p.error)
		if strings.Contains(message, severalText) {
			return nil, errSeveral
		}
		return nil, c.failure(ctx, o, message)
	}
	if o.isCancelled() {
		C.eider_destroy_prepared(p.stmt)
		return nil, cancelled(ctx)
	}
	s := &Stmt{conn: c, stmt: p.stmt, sql: sql, kind: StatementKind(p.kind), nparams: int(p.params), ncols: int(p.columns)}
	c.stmts[s] = struct{}{}
	return s, nil
}

// prepareOne is prepare that knows PIVOT.
func (c *Conn) prepareOne(ctx context.Context, sql string) (*Stmt, error) {
	s, err := c.prepare(ctx, sql)
	if err != errSeveral {
		return s, err
	}
	// A text without an inner semicolon is one statement to its author.
	if strings.IndexByte(strings.TrimRight(sql, "; \t\r\n"), ';') >= 0 {
		return nil, errSeveral
	}
	list, n, err := c.extract(ctx, sql)
	if err != nil {
		return nil, err
	}
	defer C.eider_destroy_extracted(list)
	// What DuckDB makes of it: the types of the columns and the statement, and around them, for one
	// that isn't a SELECT, a transaction, for which the session's own stands.
	last := n - 1
	for i := 0; i <= last; i++ {
		s, err := c.prepareExtracted(ctx, list, i)
		if err != nil || i == last {
			return s, err
		}
		if i == 0 && (s.kind == Transaction || s.kind == Set) {
			last--
		} else {
			_, err = s.exec(ctx)
		}
		s.Close()
		if err != nil {
			return nil, err
		}
	}
	return nil, errSeveral
}

// extract parses sql into its statements; the caller destroys the list.
func (c *Conn) extract(ctx context.Context, sql string) (C.duckdb_extracted_statements, int, error) {
	var o operation
	if err := c.begin(ctx, &o); err != nil {
		return nil, 0, err
	}
	defer c.end(&o)
	text, err := c.terminated(sql)
	if err != nil {
		return nil, 0, err
	}
	var list C.duckdb_extracted_statements
	var message *C.char
	n := int(C.eider_extract(c.handle(), text, &list, &message))
	if message != nil {
		C.eider_destroy_extracted(list)
		return nil, 0, c.failure(ctx, &o, takeString(&message))
	}
	return list, n, nil
}

func (c *Conn) prepareExtracted(ctx context.Context, list C.duckdb_extracted_statements, i int) (*Stmt, error) {
	var o operation
	if err := c.begin(ctx, &o); err != nil {
		return nil, err
	}
	defer c.end(&o)
	rc := C.eider_prepare_extracted(c.handle(), list, C.idx_t(i), &c.prep)
	return c.prepared(ctx, &o, "", rc)
}

// failure is the error for a message of DuckDB's; a cancelled operation is 57014.
func (c *Conn) failure(ctx context.Context, o *operation, message string) error {
	e := newError(message)
	if e.Code == sqlstate.QueryCanceled || o.isCancelled() {
		return cancelled(ctx)
	}
	return e
}

// cancelled is the error of an interrupted statement, whoever interrupted it.
func cancelled(ctx context.Context) error {
	if ctx.Err() != nil {
		return cancelError(ctx)
	}
	return sqlstate.New(sqlstate.QueryCanceled, "canceling statement due to user request")
}

// takeString copies and frees a malloc'ed string.
func takeString(s **C.char) string {
	t := C.GoString(*s)
	C.free(unsafe.Pointer(*s))
	*s = nil
	return t
}

// Kind is what the statement does.
func (s *Stmt) Kind() StatementKind { return s.kind }

// NumParams is the number of parameters.
func (s *Stmt) NumParams() int { return s.nparams }

// ParamName is the name of parameter i (1-based): "1" for $1 and ?, "x" for $x.
func (s *Stmt) ParamName(i int) string {
	s.describe()
	if i < 1 || i > len(s.names) {
		return ""
	}
	return s.names[i-1]
}

// ParamType is the type that DuckDB found for parameter i (1-based), Unknown where
// the statement leaves it open or i is out of range.
func (s *Stmt) ParamType(i int) *types.Type {
	s.describe()
	if i < 1 || i > len(s.params) {
		return plain[types.Unknown]
	}
	return s.params[i-1]
}

// Columns are the result's columns from the plan; nothing is executed. They are
// nil for a statement that returns no rows. Where a parameter is unresolved DuckDB
// knows nothing but that rows come, and gives one column of type Unknown; the
// Result has the true ones.
func (s *Stmt) Columns() []types.Column {
	s.describe()
	return s.columns
}

// describe asks DuckDB once for columns and parameters.
func (s *Stmt) describe() {
	if s.described {
		return
	}
	s.conn.busy.Lock()
	defer s.conn.busy.Unlock()
	if s.described || s.stmt == nil {
		return
	}
	s.described = true
	cols := s.conn.scratch(s.ncols)
	if s.ncols > 0 {
		C.eider_describe_columns(s.stmt, C.idx_t(s.ncols), &cols[0])
		if columns := takeColumns(cols); s.returnsRows(columns) {
			s.columns = columns
		}
	}
	if s.nparams > 0 {
		cols = s.conn.scratch(s.nparams)
		C.eider_describe_params(s.stmt, C.idx_t(s.nparams), &cols[0])
		for _, p := range takeColumns(cols) {
			s.names, s.params = append(s.names, p.Name), append(s.params, p.Type)
		}
	}
}

// scratch is room for n described columns.
func (c *Conn) scratch(n int) []C.eider_column {
	if cap(c.cols) < n {
		c.cols = make([]C.eider_column, n)
	}
	return c.cols[:n]
}

// takeColumns translates and releases what C described.
func takeColumns(cols []C.eider_column) []types.Column {
	columns := make([]types.Column, len(cols))
	for i := range cols {
		columns[i] = types.Column{Name: C.GoString(cols[i].name), Type: columnType(&cols[i])}
	}
	if len(cols) > 0 {
		C.eider_release_columns(&cols[0], C.idx_t(len(cols)))
	}
	return columns
}

// returnsRows tells a statement's own columns from the ones that DuckDB invents
// for statements without rows: Count BIGINT for changes, Success BOOLEAN for DDL.
func (s *Stmt) returnsRows(cols []types.Column) bool {
	switch s.kind {
	case Select, Explain, Call, Relation, LogicalPlan, Multi:
		return true
	case Insert, Update, Delete, Merge:
		return !onlyColumn(cols, "Count", types.BigInt) || hasReturning(s.sql)
	case Copy, Execute:
		return !onlyColumn(cols, "Count", types.BigInt) && !onlyColumn(cols, "Success", types.Boolean)
	case Pragma, UpdateExtension, Analyze, Vacuum:
		return !onlyColumn(cols, "Success", types.Boolean)
	}
	return false
}

func onlyColumn(cols []types.Column, name string, id types.ID) bool {
	return len(cols) == 1 && cols[0].Name == name && cols[0].Type.ID == id
}

// Stream executes the statement and returns as soon as the first rows exist. The
// rest is computed while Next is called, with about a megabyte buffered. The
// Result dies when another statement runs on the same Conn (its Next is then
// 24000), or when a Stmt is prepared there. Statements that write run to the end
// first, RETURNING or not.
//
// ctx interrupts the execution until the Result is closed.
func (s *Stmt) Stream(ctx context.Context) (*Result, error) { return s.run(ctx, true) }

// Execute runs the statement to the end; DuckDB materialises the result, which
// counts against the memory limit and may spill.
func (s *Stmt) Execute(ctx context.Context) (*Result, error) { return s.run(ctx, false) }

// newResult is the result of a statement that is still to run.
func newResult(ctx context.Context, c *Conn) *Result {
	r := &Result{conn: c, ctx: ctx, c: new(C.eider_run)}
	r.op.cancelled = (*int32)(unsafe.Pointer(&r.c.cancelled))
	return r
}

func (s *Stmt) run(ctx context.Context, streaming bool) (*Result, error) {
	r := newResult(ctx, s.conn)
	if err := s.conn.begin(ctx, &r.op); err != nil {
		return nil, err
	}
	if err := s.start(ctx, &r.op, r.c, streaming); err != nil {
		s.conn.end(&r.op)
		return nil, err
	}
	s.conn.open[r] = struct{}{}
	r.open(s)
	if r.isStreaming() {
		s.conn.stream = r
		s.conn.busy.Unlock()
		return r, nil
	}
	s.conn.end(&r.op)
	return r, nil
}

// start runs the statement until its result is open; the connection is busy.
func (s *Stmt) start(ctx context.Context, o *operation, run *C.eider_run, streaming bool) error {
	if s.stmt == nil {
		return sqlstate.New(sqlstate.InvalidSQLStatementName, "the prepared statement is closed")
	}
	if err := s.checkBound(); err != nil {
		return err
	}
	if C.eider_execute(s.conn.handle(), s.stmt, C.bool(streaming), run) == C.EIDER_OK {
		return nil
	}
	return s.conn.failure(ctx, o, takeString(&run.error))
}

// exec runs the statement to the end, drops its rows and returns the changes.
func (s *Stmt) exec(ctx context.Context) (int64, error) {
	r, err := s.Stream(ctx)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	if r.ReturnsRows() {
		for {
			chunk, err := r.Next(ctx)
			if err != nil {
				return 0, err
			}
			if chunk == nil {
				break
			}
		}
	}
	return r.Changes(), nil
}

// Close frees the statement; its open Result can be read on. It is idempotent.
func (s *Stmt) Close() error {
	s.conn.busy.Lock()
	defer s.conn.busy.Unlock()
	s.destroy()
	return nil
}

func (s *Stmt) destroy() {
	if s.stmt != nil {
		C.eider_destroy_prepared(s.stmt)
		s.stmt = nil
		delete(s.conn.stmts, s)
	}
}

// hasReturning reports whether the reserved word RETURNING stands outside quotes
// and comments. It is asked only when the columns alone leave it open.
func hasReturning(sql string) bool {
	const word = "returning"
	for i := 0; i < len(sql); {
		switch ch := sql[i]; {
		case ch == '\'' || ch == '"':
			end := strings.IndexByte(sql[i+1:], ch)
			if end < 0 {
				return false
			}
			i += end + 2
		case strings.HasPrefix(sql[i:], "--"):
			end := strings.IndexByte(sql[i:], '\n')
			if end < 0 {
				return false
			}
			i += end
		case strings.HasPrefix(sql[i:], "/*"):
			end := strings.Index(sql[i+2:], "*/")
			if end < 0 {
				return false
			}
			i += end + 4
		case isWord(ch):
			start := i
			for i < len(sql) && isWord(sql[i]) {
				i++
			}
			if strings.EqualFold(sql[start:i], word) {
				return true
			}
		default:
			i++
		}
	}
	return false
}

func isWord(ch byte) bool {
	return ch == '_' || ch >= 0x80 || ch >= '0' && ch <= '9' || ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z' || ch == '$'
}
