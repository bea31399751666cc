package engine

import (
	"context"
	"errors"
	"math/big"
	"time"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// Tag is a command tag: "SELECT 5", "INSERT 0 3", "CREATE TABLE".
type Tag string

// RowsAffected is the number at the tag's end, 0 where it has none.
func (t Tag) RowsAffected() int64 {
	n := int64(0)
	for i := 0; i < len(t); i++ {
		switch c := t[i]; {
		case c == ' ':
			n = 0
		case c >= '0' && c <= '9':
			n = 10*n + int64(c-'0')
		default:
			n = 0
		}
	}
	return n
}

// Exec runs one or several statements (several only without arguments) to their end and
// returns the last one's command tag. Several are one transaction unless they say otherwise.
// Rows are dropped. An empty text is no error and has an empty tag.
func (s *Session) Exec(ctx context.Context, sql string, args ...any) (tag Tag, err error) {
	if err := s.usable(); err != nil {
		return "", err
	}
	stmts := s.Split(sql)
	if len(stmts) > 1 {
		if len(args) > 0 {
			return "", sqlstate.New(sqlstate.SyntaxError, "several statements can't take arguments")
		}
		if s.tx.state == txNone {
			if err := s.BeginImplicit(); err != nil {
				return "", err
			}
			defer func() {
				if e := s.EndImplicit(ctx, err != nil); err == nil && e != nil {
					tag, err = "", e
				}
			}()
		}
	}
	for _, st := range stmts {
		rows, err := s.query(ctx, sql, st, args)
		if err != nil {
			return "", err
		}
		if tag, err = rows.finish(ctx); err != nil {
			return "", err
		}
		// A COMMIT among them ended the transaction; the rest is the next one.
		if len(stmts) > 1 && s.tx.state == txNone {
			if err := s.BeginImplicit(); err != nil {
				return "", err
			}
		}
	}
	return tag, nil
}

// Query runs one statement and returns its rows. Arguments stand for $1, $2 …: nil,
// bool, integers, floats, string, []byte, time.Time, *big.Int, slices as []any, and the
// values of package types.
func (s *Session) Query(ctx context.Context, sql string, args ...any) (*Rows, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	stmts := s.Split(sql)
	if len(stmts) != 1 {
		return nil, sqlstate.Newf(sqlstate.SyntaxError, "Query takes one statement, the text has %d", len(stmts)).
			WithHint("Exec runs several.")
	}
	return s.query(ctx, sql, stmts[0], args)
}

// Rows is an open result for Go programs: call Next until it is false, then look at Err.
type Rows struct {
	stmt   *Stmt // closed with the rows, nil for none
	cursor *Cursor
	ctx    context.Context
	chunk  *types.Chunk
	row    int
	err    error
	closed bool
}

// Columns describes the rows; nil means that the statement returns none.
func (r *Rows) Columns() []types.Column { return r.cursor.Columns() }

// Next goes to the next row. It is false at the end and after an error.
func (r *Rows) Next() bool {
	if r.err != nil || r.closed {
		return false
	}
	if r.row++; r.chunk != nil && r.row < r.chunk.Len {
		return true
	}
	if r.chunk, r.err = r.cursor.Next(r.ctx); r.err != nil || r.chunk == nil {
		_ = r.Close()
		return false
	}
	r.row = 0
	return true
}

// Chunk returns all rows of the present chunk as columns and moves behind them, for
// programs that work on whole vectors: nil at the end. It is valid until the next call.
func (r *Rows) Chunk() *types.Chunk {
	if r.err != nil || r.closed {
		return nil
	}
	if r.chunk, r.err = r.cursor.Next(r.ctx); r.err != nil || r.chunk == nil {
		_ = r.Close()
		return nil
	}
	r.row = r.chunk.Len
	return r.chunk
}

// Err is the error that ended the rows early.
func (r *Rows) Err() error { return r.err }

// Tag is the command tag, complete after the last row.
func (r *Rows) Tag() Tag { return Tag(r.cursor.Tag()) }

// Close ends the statement. It is idempotent and not needed after Next was false.
func (r *Rows) Close() error {
	if r.closed {
		return nil
	}
	r.closed, r.chunk = true, nil
	err := r.cursor.Close()
	if r.stmt != nil {
		err = errors.Join(err, r.stmt.Close())
	}
	return err
}

// finish reads to the end and drops the rows.
func (r *Rows) finish(ctx context.Context) (Tag, error) {
	defer r.Close()
	for {
		chunk, err := r.cursor.Next(ctx)
		if err != nil {
			return "", err
		}
		if chunk == nil {
			return r.Tag(), nil
		}
	}
}

// query prepares and runs a statement of text.
func (s *Session) query(ctx context.Context, text string, st lex.Stmt, args []any) (*Rows, error) {
	declared := make([]*types.Type, len(args))
	for i, a := range args {
		declared[i] = typeOfArgument(a)
	}
	stmt, err := s.Prepare(ctx, text, st, declared)
	if err != nil {
		return nil, err
	}
	if p, ok := stmt.op.(*plain); ok && len(args) > len(p.prepared.slots) {
		n := len(p.prepared.slots)
		_ = stmt.Close()
		return nil, sqlstate.Newf(sqlstate.ProtocolViolation, "the statement has %d parameters, %d values were given", n, len(args))
	}
	rows, err := stmt.Query(ctx, args...)
	if err != nil {
		_ = stmt.Close() // err came first
		return nil, err
	}
	rows.stmt = stmt
	return rows, nil
}

// Query is Run for Go programs.
func (st *Stmt) Query(ctx context.Context, args ...any) (*Rows, error) {
	cursor, err := st.Run(ctx, args)
	if err != nil {
		return nil, err
	}
	return &Rows{cursor: cursor, ctx: ctx, row: -1}, nil
}

// typeOfArgument is what an argument of a type without context is taken for, nil if
// its Go type doesn't tell.
func typeOfArgument(v any) *types.Type {
	id := types.Unknown
	switch v.(type) {
	case bool:
		id = types.Boolean
	case int8, int16, int32, uint8, uint16:
		id = types.Integer
	case int, int64, uint32:
		id = types.BigInt
	case uint, uint64, *big.Int:
		id = types.HugeInt
	case float32, float64:
		id = types.Double
	case []byte:
		id = types.Blob
	case time.Time, types.TimestampTZValue:
		id = types.TimestampTZ
	case types.TimestampValue:
		id = types.Timestamp
	case types.DateValue:
		id = types.Date
	case types.IntervalValue, time.Duration:
		id = types.Interval
	case types.UUIDValue:
		id = types.UUID
	default:
		return nil
	}
	return types.Of(id)
}
