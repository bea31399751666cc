package engine

import (
	"context"
	"sync"

	"github.com/eiderdb/eider/storage/duck"
)

// internal is a connection of the engine's own, for one use at a time. It is opened when it is
// first needed and closed with the database.
type internal struct {
	db *DB

	mu   sync.Mutex // guards conn, from a statement to the end of its result
	conn *duck.Conn
}

// open returns the connection; mu is held.
func (i *internal) open(ctx context.Context) (_ *duck.Conn, err error) {
	if i.conn == nil {
		i.conn, err = i.db.duck.Connect(ctx)
	}
	return i.conn, err
}

// QueryRows runs a query on what is committed.
func (i *internal) QueryRows(ctx context.Context, sql string, args ...any) ([][]any, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	conn, err := i.open(ctx)
	if err != nil {
		return nil, err
	}
	return conn.QueryRows(ctx, sql, args...)
}

// write runs f in a transaction of its own, again when it conflicts with another one.
func (i *internal) write(ctx context.Context, f func(ctx context.Context, exec execer) error) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	conn, err := i.open(ctx)
	if err != nil {
		return err
	}
	return retry(ctx, func() error {
		return conn.Transaction(ctx, func() error { return f(ctx, execer{conn}) })
	})
}

// execer runs DuckDB SQL past the gate.
type execer struct{ conn *duck.Conn }

// Exec returns the number of changed rows.
func (e execer) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	n, err := e.conn.Exec(ctx, sql, args...)
	return n, nowhere(err)
}
