package pg

import (
	"context"

	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/types"
)

// The server's view of the engine. The interfaces exist so that the protocol's state
// machine can be fuzzed without running what the fuzzer writes.

type database interface {
	Name() string
	NewSession(ctx context.Context, o engine.SessionOptions) (session, error)
}

type session interface {
	PID() int32
	Split(text string) []lex.Stmt
	Prepare(ctx context.Context, text string, st lex.Stmt, params []*types.Type) (statement, error)
	AddPrepared(name string, st statement) error
	Prepared(name string) statement // nil if there is none
	DropPrepared(name string) bool
	TxStatus() byte
	BeginImplicit() error
	EndImplicit(ctx context.Context, failed bool) error
	Fail()
	Cancel()
	Done() <-chan struct{}
	Err() error // why Done is closed
	Setting(name string) (string, bool)
	Cursors() []engine.CursorInfo
	SettingsVersion() uint64
	Close() error
}

type statement interface {
	Params() []*types.Type
	Columns() []types.Column
	KeepsPlan() bool
	Run(ctx context.Context, args []any) (cursor, error)
	Copy() *engine.CopyPlan
	CopyIn(ctx context.Context, input []*types.Type) (copyIn, error)
	CopyOut(ctx context.Context) (cursor, error)
	Close() error
}

type cursor interface {
	Columns() []types.Column
	Next(ctx context.Context) (*types.Chunk, error)
	Tag() string
	TagOf(n int64) string
	Suspend()
	Close() error
}

type copyIn interface {
	Done() <-chan struct{}
	Chunk() *types.Builder
	Send(ctx context.Context, b *types.Builder) error
	Finish(ctx context.Context) (int64, error)
	Abort(cause error) error
}

type engineDatabase struct{ *engine.DB }

func (d engineDatabase) NewSession(ctx context.Context, o engine.SessionOptions) (session, error) {
	s, err := d.DB.NewSession(ctx, o)
	if err != nil {
		return nil, err
	}
	return engineSession{s}, nil
}

type engineSession struct{ *engine.Session }

func (s engineSession) Prepare(ctx context.Context, text string, st lex.Stmt, params []*types.Type) (statement, error) {
	p, err := s.Session.Prepare(ctx, text, st, params)
	if err != nil {
		return nil, err
	}
	return engineStatement{p}, nil
}

func (s engineSession) AddPrepared(name string, st statement) error {
	return s.Session.AddPrepared(name, st.(engineStatement).Stmt)
}

func (s engineSession) Prepared(name string) statement {
	if p := s.Session.Prepared(name); p != nil {
		return engineStatement{p}
	}
	return nil
}

type engineStatement struct{ *engine.Stmt }

func (st engineStatement) Run(ctx context.Context, args []any) (cursor, error) {
	c, err := st.Stmt.Run(ctx, args)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (st engineStatement) CopyIn(ctx context.Context, input []*types.Type) (copyIn, error) {
	in, err := st.Stmt.CopyIn(ctx, input)
	if err != nil {
		return nil, err
	}
	return in, nil
}

func (st engineStatement) CopyOut(ctx context.Context) (cursor, error) {
	c, err := st.Stmt.CopyOut(ctx)
	if err != nil {
		return nil, err
	}
	return c, nil
}
