// Package embedded is a warehouse.Warehouse on a database file that this process
// opens with the engine: a session for each connection. It is the only package of
// projects that links DuckDB.
package embedded

import (
	"context"
	"errors"

	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/engine/project/warehouse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Database is an open file. It is safe for use by several goroutines.
type Database struct {
	db *engine.DB
}

// Open opens or creates the file of o.Path. Errors are those of engine.Open.
func Open(ctx context.Context, o engine.Options) (*Database, error) {
	db, err := engine.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	return &Database{db}, nil
}

// Connect implements warehouse.Warehouse.
func (d *Database) Connect(ctx context.Context, name string, notice func(*sqlstate.Error)) (warehouse.Conn, error) {
	s, err := d.db.NewSession(ctx, engine.SessionOptions{ApplicationName: name, OnNotice: notice})
	if err != nil {
		return nil, err
	}
	return &conn{s}, nil
}

// Database implements warehouse.Warehouse.
func (d *Database) Database() string { return d.db.Name() }

// Describe implements warehouse.Warehouse.
func (d *Database) Describe() string { return d.db.Path() }

// Close implements warehouse.Warehouse: sessions end, the file is checkpointed.
func (d *Database) Close() error { return d.db.Close() }

type conn struct{ session *engine.Session }

func (c *conn) Exec(ctx context.Context, sql string) (warehouse.Tag, error) {
	tag, err := c.session.Exec(ctx, sql)
	return warehouse.Tag(tag), err
}

func (c *conn) Query(ctx context.Context, sql string) (_ *warehouse.Table, err error) {
	rows, err := c.session.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out := &warehouse.Table{}
	for _, col := range rows.Columns() {
		out.Columns = append(out.Columns, col.Name)
	}
	for rows.Next() {
		out.Rows = append(out.Rows, rows.Values())
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	out.Tag = warehouse.Tag(rows.Tag())
	return out, nil
}

func (c *conn) Close() error { return c.session.Close() }
