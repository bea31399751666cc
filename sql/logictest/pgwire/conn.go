// Package pgwire lets logictest files run over the PostgreSQL protocol, in its
// simple and its extended form, against any server that speaks it.
package pgwire

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/eiderdb/eider/sql/logictest"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Open returns an opener of connections to the URL. Extended sends each statement
// by Parse, Bind, Describe, Execute and Sync; otherwise as one simple Query.
func Open(url string, extended bool) func(context.Context, string) (logictest.Conn, error) {
	return func(ctx context.Context, name string) (logictest.Conn, error) {
		cfg, err := pgconn.ParseConfig(url)
		if err != nil {
			return nil, err
		}
		if name != "" {
			cfg.RuntimeParams["application_name"] = name
		}
		c, err := pgconn.ConnectConfig(ctx, cfg)
		if err != nil {
			return nil, err
		}
		return &conn{c: c, extended: extended}, nil
	}
}

type conn struct {
	c        *pgconn.PgConn
	extended bool
}

// Run implements logictest.Conn. Of several statements the last one's result counts.
func (c *conn) Run(ctx context.Context, sql string) (*logictest.Result, error) {
	var last *pgconn.Result
	if c.extended {
		last = c.c.ExecParams(ctx, strings.TrimRight(sql, "; \n"), nil, nil, nil, nil).Read()
	} else {
		results, err := c.c.Exec(ctx, sql).ReadAll()
		if err != nil {
			return nil, translate(err)
		}
		if len(results) == 0 {
			return &logictest.Result{}, nil
		}
		last = results[len(results)-1]
	}
	if last.Err != nil {
		return nil, translate(last.Err)
	}
	res := &logictest.Result{Tag: last.CommandTag.String()}
	for _, row := range last.Rows {
		out := make([]logictest.Value, len(row))
		for i, v := range row {
			out[i] = logictest.Value{Text: string(v), Null: v == nil}
		}
		res.Rows = append(res.Rows, out)
	}
	return res, nil
}

// Close implements logictest.Conn.
func (c *conn) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return c.c.Close(ctx)
}

// translate keeps the server's SQLSTATE, message, detail and hint.
func translate(err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err
	}
	return sqlstate.New(sqlstate.Code(e.Code), e.Message).WithDetail("%s", e.Detail).WithHint("%s", e.Hint)
}
