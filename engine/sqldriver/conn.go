package sqldriver

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"math/big"
	"reflect"
	"time"

	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// connection is one session.
type connection struct {
	session *engine.Session
	release func() error // closes the database of a connection that Driver.Open made
}

var (
	_ driver.ConnBeginTx        = (*connection)(nil)
	_ driver.ConnPrepareContext = (*connection)(nil)
	_ driver.ExecerContext      = (*connection)(nil)
	_ driver.QueryerContext     = (*connection)(nil)
	_ driver.NamedValueChecker  = (*connection)(nil)
	_ driver.SessionResetter    = (*connection)(nil)
	_ driver.Validator          = (*connection)(nil)
	_ driver.Pinger             = (*connection)(nil)
)

// Session is the session of a connection, for sql.Conn.Raw: its argument is an interface
// with this method.
func (c *connection) Session() *engine.Session { return c.session }

func (c *connection) Close() error {
	err := c.session.Close()
	if c.release != nil {
		err = errors.Join(err, c.release())
	}
	return err
}

func (c *connection) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

func (c *connection) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	stmts := c.session.Split(query)
	if len(stmts) != 1 {
		return nil, sqlstate.Newf(sqlstate.SyntaxError, "a prepared statement is one statement, the text has %d", len(stmts))
	}
	st, err := c.session.Prepare(ctx, query, stmts[0], nil)
	if err != nil {
		return nil, err
	}
	return &stmt{st}, nil
}

func (c *connection) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// BeginTx begins a block. Every transaction is a snapshot, so that weaker levels are
// granted more than they ask for and LevelLinearizable is refused.
func (c *connection) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	text := "BEGIN"
	if o.ReadOnly {
		text = "BEGIN READ ONLY"
	}
	if sql.IsolationLevel(o.Isolation) == sql.LevelLinearizable {
		return nil, sqlstate.New(sqlstate.FeatureNotSupported, "isolation level linearizable is not supported")
	}
	_, err := c.session.Exec(ctx, text)
	return c, err
}

func (c *connection) Commit() error {
	tag, err := c.session.Exec(context.Background(), "COMMIT")
	if err == nil && tag == "ROLLBACK" {
		err = sqlstate.New(sqlstate.TransactionRollback, "the transaction had failed and was rolled back")
	}
	return err
}

func (c *connection) Rollback() error {
	_, err := c.session.Exec(context.Background(), "ROLLBACK")
	return err
}

func (c *connection) Ping(ctx context.Context) error {
	_, err := c.session.Exec(ctx, "SELECT 1")
	return err
}

// ResetSession makes a connection of the pool fresh.
func (c *connection) ResetSession(ctx context.Context) error {
	if !c.IsValid() {
		return driver.ErrBadConn
	}
	if c.session.TxStatus() != 'I' {
		return c.Rollback()
	}
	return nil
}

func (c *connection) IsValid() bool {
	select {
	case <-c.session.Done():
		return false
	default:
		return true
	}
}

// CheckNamedValue takes every type that the engine can bind.
func (c *connection) CheckNamedValue(v *driver.NamedValue) error {
	switch v.Value.(type) {
	case *big.Int, []any, map[string]any, types.IntervalValue, types.DateValue, types.TimeValue, types.TimeTZValue, types.TimestampValue,
		types.TimestampTZValue, types.UUIDValue, types.BitValue, types.DecimalValue, uint64, time.Duration:
		return nil
	}
	if v.Name != "" {
		return sqlstate.Newf(sqlstate.FeatureNotSupported, "named argument %q: arguments go by position, $1, $2 …", v.Name)
	}
	converted, err := driver.DefaultParameterConverter.ConvertValue(v.Value)
	if err == nil {
		v.Value = converted
	}
	return err
}

func (c *connection) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	tag, err := c.session.Exec(ctx, query, plain(args)...)
	return result{tag}, err
}

func (c *connection) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	r, err := c.session.Query(ctx, query, plain(args)...)
	if err != nil {
		return nil, err
	}
	return &rows{r: r, columns: r.Columns()}, nil
}

func plain(args []driver.NamedValue) []any {
	out := make([]any, len(args))
	for i, a := range args {
		out[i] = a.Value
	}
	return out
}

type result struct{ tag engine.Tag }

func (r result) RowsAffected() (int64, error) { return r.tag.RowsAffected(), nil }

func (r result) LastInsertId() (int64, error) {
	return 0, sqlstate.New(sqlstate.FeatureNotSupported, "there is no last insert id").WithHint("Use INSERT … RETURNING.")
}

type stmt struct{ st *engine.Stmt }

var (
	_ driver.StmtExecContext  = (*stmt)(nil)
	_ driver.StmtQueryContext = (*stmt)(nil)
)

func (s *stmt) Close() error  { return s.st.Close() }
func (s *stmt) NumInput() int { return len(s.st.Params()) }

func (s *stmt) Exec([]driver.Value) (driver.Result, error) { return nil, driver.ErrSkip }
func (s *stmt) Query([]driver.Value) (driver.Rows, error)  { return nil, driver.ErrSkip }

func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	r, err := s.st.Query(ctx, plain(args)...)
	if err != nil {
		return nil, err
	}
	for r.Next() {
	}
	return result{r.Tag()}, errors.Join(r.Err(), r.Close())
}

func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	r, err := s.st.Query(ctx, plain(args)...)
	if err != nil {
		return nil, err
	}
	return &rows{r: r, columns: r.Columns()}, nil
}

type rows struct {
	r       *engine.Rows
	columns []types.Column
}

var (
	_ driver.RowsColumnTypeDatabaseTypeName = (*rows)(nil)
	_ driver.RowsColumnTypeScanType         = (*rows)(nil)
	_ driver.RowsColumnTypePrecisionScale   = (*rows)(nil)
)

func (r *rows) Columns() []string {
	names := make([]string, len(r.columns))
	for i, c := range r.columns {
		names[i] = c.Name
	}
	return names
}

func (r *rows) Close() error { return r.r.Close() }

func (r *rows) Next(dest []driver.Value) error {
	if !r.r.Next() {
		if err := r.r.Err(); err != nil {
			return err
		}
		return io.EOF
	}
	for i, v := range r.r.Values() {
		if n, ok := v.(*big.Int); ok {
			// database/sql converts text to what the caller wants.
			v = n.String()
			if n.IsInt64() {
				v = n.Int64()
			}
		}
		dest[i] = v
	}
	return nil
}

func (r *rows) ColumnTypeDatabaseTypeName(i int) string { return r.columns[i].Type.String() }

func (r *rows) ColumnTypePrecisionScale(i int) (precision, scale int64, ok bool) {
	t := r.columns[i].Type
	return int64(t.Width), int64(t.Scale), t.ID == types.Decimal
}

func (r *rows) ColumnTypeScanType(i int) reflect.Type {
	switch r.columns[i].Type.ID {
	case types.Boolean:
		return reflect.TypeFor[bool]()
	case types.TinyInt, types.SmallInt, types.Integer, types.BigInt, types.UTinyInt, types.USmallInt, types.UInteger:
		return reflect.TypeFor[int64]()
	case types.Float, types.Double:
		return reflect.TypeFor[float64]()
	case types.Varchar, types.Enum, types.UUID, types.Decimal:
		return reflect.TypeFor[string]()
	case types.Blob:
		return reflect.TypeFor[[]byte]()
	case types.Date, types.Timestamp, types.TimestampS, types.TimestampMS, types.TimestampNS, types.TimestampTZ:
		return reflect.TypeFor[time.Time]()
	}
	return reflect.TypeFor[any]()
}
