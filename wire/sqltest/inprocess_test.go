package sqltest

import (
	"context"
	"time"

	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/logictest"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/wire/pg/encode"
)

// session runs statements through engine.Session and writes values in the wire's
// text forms, so that one expectation serves every way to run.
type session struct{ s *engine.Session }

func openInProcess(db *engine.DB, o engine.SessionOptions) func(context.Context, string) (logictest.Conn, error) {
	return func(ctx context.Context, _ string) (logictest.Conn, error) {
		s, err := db.NewSession(ctx, o)
		if err != nil {
			return nil, err
		}
		return session{s}, nil
	}
}

// Run implements logictest.Conn; several statements run one after the other, the last one's result counts.
func (s session) Run(ctx context.Context, sql string) (*logictest.Result, error) {
	res := &logictest.Result{}
	for _, st := range s.s.Split(sql) {
		var err error
		if res, err = s.one(ctx, sql, st); err != nil {
			return nil, err
		}
	}
	return res, nil
}

func (s session) one(ctx context.Context, text string, st lex.Stmt) (*logictest.Result, error) {
	stmt, err := s.s.Prepare(ctx, text, st, nil)
	if err != nil {
		return nil, err
	}
	defer stmt.Close()
	cur, err := stmt.Run(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer cur.Close()
	res := &logictest.Result{}
	name, _ := s.s.Setting("TimeZone")
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, err
	}
	enc, err := encode.New(cur.Columns(), nil, encode.Settings{TimeZone: zone}, nil)
	if err != nil {
		return nil, err
	}
	for {
		chunk, err := cur.Next(ctx)
		if err != nil {
			return nil, err
		}
		if chunk == nil {
			break
		}
		if err := appendRows(res, enc, chunk); err != nil {
			return nil, err
		}
	}
	res.Tag = cur.Tag()
	return res, cur.Close()
}

func appendRows(res *logictest.Result, enc *encode.Encoder, chunk *types.Chunk) error {
	if err := enc.Use(chunk); err != nil {
		return err
	}
	for row := range chunk.Len {
		out := make([]logictest.Value, len(chunk.Columns))
		for i := range chunk.Columns {
			b, null := enc.Cell(nil, i, row)
			out[i] = logictest.Value{Text: string(b), Null: null}
		}
		res.Rows = append(res.Rows, out)
	}
	return nil
}

// Close implements logictest.Conn.
func (s session) Close() error { return s.s.Close() }
