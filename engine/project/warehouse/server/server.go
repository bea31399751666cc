// Package server is a warehouse.Warehouse on a running server, by the Postgres
// protocol. It knows nothing of the server but that: simple queries, results with
// their types, cancel requests.
package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/eiderdb/eider/engine/project/warehouse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// IsURL tells whether a target's address names a server.
func IsURL(address string) bool {
	return strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://")
}

const (
	connectTimeout = 10 * time.Second
	// cancelPatience is how long a cancelled statement may take to end before the connection is given up.
	cancelPatience = 30 * time.Second
	endTimeout     = 5 * time.Second
)

// Server is a server's database. It is safe for use by several goroutines.
type Server struct {
	config   *pgx.ConnConfig
	database string
}

// Open checks that the server can be reached. The URL's database is the one that is built in.
func Open(ctx context.Context, url string) (*Server, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	// A cancelled statement is cancelled on the server, too, and the connection goes on to ROLLBACK.
	config.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: cancelPatience}
	}
	s := &Server{config: config}
	c, err := s.Connect(ctx, "eider", nil)
	if err != nil {
		return nil, err
	}
	t, err := c.Query(ctx, "SELECT current_database()")
	if err = errors.Join(err, c.Close()); err != nil {
		return nil, err
	}
	s.database = fmt.Sprint(t.Rows[0][0])
	return s, nil
}

// Connect implements warehouse.Warehouse.
func (s *Server) Connect(ctx context.Context, name string, notice func(*sqlstate.Error)) (warehouse.Conn, error) {
	config := s.config.Copy()
	config.RuntimeParams["application_name"] = name
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		if notice != nil {
			notice(fromPG((*pgconn.PgError)(n), ""))
		}
	}
	c, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, connectError(err)
	}
	return &conn{c.PgConn(), c.TypeMap()}, nil
}

// Database implements warehouse.Warehouse.
func (s *Server) Database() string { return s.database }

// Describe implements warehouse.Warehouse.
func (s *Server) Describe() string {
	return fmt.Sprintf("server at %s:%d, database %s", s.config.Host, s.config.Port, s.database)
}

// Close implements warehouse.Warehouse; connections are closed by who opened them.
func (s *Server) Close() error { return nil }

type conn struct {
	pg    *pgconn.PgConn
	types *pgtype.Map
}

func (c *conn) Exec(ctx context.Context, sql string) (warehouse.Tag, error) {
	results := c.pg.Exec(ctx, sql)
	var tag warehouse.Tag
	for results.NextResult() {
		t, err := results.ResultReader().Close()
		if err != nil {
			break // Close returns it
		}
		tag = warehouse.Tag(t.String())
	}
	if err := results.Close(); err != nil {
		return "", translate(ctx, err, sql)
	}
	return tag, nil
}

func (c *conn) Query(ctx context.Context, sql string) (*warehouse.Table, error) {
	results := c.pg.Exec(ctx, sql)
	out := &warehouse.Table{}
	var failure error
	for results.NextResult() {
		r := results.ResultReader()
		fields := r.FieldDescriptions()
		out = &warehouse.Table{Columns: make([]string, len(fields))}
		for i, f := range fields {
			out.Columns[i] = f.Name
		}
		for r.NextRow() {
			row := make([]any, len(fields))
			for i, v := range r.Values() {
				cell, err := c.value(fields[i], v)
				failure = errors.Join(failure, err)
				row[i] = cell
			}
			out.Rows = append(out.Rows, row)
		}
		tag, err := r.Close()
		if err != nil {
			break // Close returns it
		}
		out.Tag = warehouse.Tag(tag.String())
	}
	if err := results.Close(); err != nil {
		return nil, translate(ctx, err, sql)
	}
	return out, failure
}

// value reads a cell in the text format; what pgx has no type for stays text.
func (c *conn) value(f pgconn.FieldDescription, v []byte) (any, error) {
	if v == nil {
		return nil, nil
	}
	switch f.DataTypeOID {
	case pgtype.BoolOID, pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.Float4OID, pgtype.Float8OID,
		pgtype.DateOID, pgtype.TimestampOID, pgtype.TimestamptzOID, pgtype.ByteaOID, pgtype.NumericOID:
	default:
		return string(v), nil
	}
	t, ok := c.types.TypeForOID(f.DataTypeOID)
	if !ok {
		return string(v), nil
	}
	x, err := t.Codec.DecodeValue(c.types, f.DataTypeOID, pgtype.TextFormatCode, v)
	if err != nil {
		return nil, fmt.Errorf("column %q: %w", f.Name, err)
	}
	switch n := x.(type) {
	case int16:
		return int64(n), nil
	case int32:
		return int64(n), nil
	case float32:
		return float64(n), nil
	case pgtype.Numeric:
		if n.Exp == 0 && !n.NaN && n.Int != nil && n.Int.IsInt64() {
			return n.Int.Int64(), nil
		}
		return string(v), nil
	case time.Time, bool, int64, float64, []byte:
		return n, nil
	default: // infinite dates and times
		return string(v), nil
	}
}

func (c *conn) Close() error {
	ctx, stop := context.WithTimeout(context.Background(), endTimeout)
	defer stop()
	return c.pg.Close(ctx)
}

// translate makes the package's error of what the driver returned.
func translate(ctx context.Context, err error, sql string) error {
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) {
		return fromPG(e, sql)
	}
	if cause := context.Cause(ctx); cause != nil {
		return sqlstate.From(ctx.Err()).Because(cause)
	}
	return sqlstate.Newf(sqlstate.ConnectionFailure, "the connection to the server is lost: %w", err)
}

// fromPG turns a message of the server into an error; the protocol counts characters, Position bytes.
func fromPG(e *pgconn.PgError, sql string) *sqlstate.Error {
	out := sqlstate.New(sqlstate.Code(e.Code), e.Message)
	out.Severity, out.Detail, out.Hint, out.Where = e.Severity, e.Detail, e.Hint, e.Where
	out.Schema, out.Table, out.Column, out.DataType, out.Constraint = e.SchemaName, e.TableName, e.ColumnName, e.DataTypeName, e.ConstraintName
	if e.Position > 0 {
		n, at := int32(0), len(sql)
		for i := range sql {
			if n++; n == e.Position {
				at = i
				break
			}
		}
		out = out.At(at)
	}
	return out
}

// connectError leaves out what was tried twice (with and without TLS) to the same end.
func connectError(err error) error {
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) {
		return fromPG(e, "")
	}
	var lines []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if line = strings.TrimSpace(line); !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return errors.New(strings.Join(lines, " "))
}
