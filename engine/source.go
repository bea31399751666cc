package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	sourcestmt "github.com/eiderdb/eider/sql/stmt/source"
	"github.com/eiderdb/eider/storage/duck"
	connector "github.com/eiderdb/eider/storage/source"
)

var _ sourcestmt.Session = statementSession{}

// sourceBook knows which sources are being refreshed, and keeps those up to date that were started.
type sourceBook struct {
	mu sync.Mutex // guards what follows
	// busy has the session that refreshes a source, by the source's id.
	busy map[string]int32
	// followers keep started sources up to date, by id.
	followers map[string]*follower
	closed    bool
}

// take books a source for a session until its transaction ends: 55P03 if another has it.
func (b *sourceBook) take(s *Session, src *sourcestmt.Stored) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if pid, ok := b.busy[src.ID]; ok {
		if pid == s.pid {
			return nil
		}
		return sqlstate.Newf(sqlstate.LockNotAvailable, "source %s is being refreshed by another session", src.Key()).
			WithDetail("The session's pid is %d.", pid).WithHint("Try again when it is done. STOP SOURCE ends what START SOURCE began.")
	}
	if b.busy == nil {
		b.busy = map[string]int32{}
	}
	b.busy[src.ID] = s.pid
	free := func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.busy, src.ID)
	}
	s.tx.onCommit, s.tx.onRollback = append(s.tx.onCommit, free), append(s.tx.onRollback, free)
	return nil
}

// active tells whether a source is being refreshed.
func (b *sourceBook) active(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.busy[id]
	return ok
}

// probe is a driver's connection, apart from the session's transaction.
type probe struct{ conn *duck.Conn }

// QueryRows implements connector.Querier.
func (p probe) QueryRows(ctx context.Context, sql string, args ...any) ([][]any, error) {
	rows, err := p.conn.QueryRows(ctx, sql, args...)
	return rows, nowhere(err)
}

// openProbe makes a connection for a driver.
func (db *DB) openProbe(ctx context.Context) (probe, error) {
	conn, err := db.duck.Connect(ctx)
	return probe{conn}, err
}

// InferSource implements sourcestmt.Session.
func (v statementSession) InferSource(ctx context.Context, spec *sourcestmt.Spec) (_ *connector.Schema, err error) {
	p, err := v.s.db.openProbe(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.conn.Close()) }()
	for _, d := range v.s.db.opts.Builtins.Sources {
		if d.Name != spec.Driver {
			continue
		}
		c := spec.Config(d)
		c.FormatOptions, c.DB, c.Schema = spec.FormatOptions, p, nil
		return d.Infer(ctx, c)
	}
	return nil, sqlstate.Newf(sqlstate.FeatureNotSupported, "there is no connector %s", spec.Driver)
}

// RefreshSource implements sourcestmt.Session.
func (v statementSession) RefreshSource(ctx context.Context, src *sourcestmt.Stored) (*sourcestmt.Outcome, error) {
	s := v.s
	if s.db.opts.ReadOnly {
		return nil, errReadOnly("REFRESH SOURCE")
	}
	if err := s.db.sources.take(s, src); err != nil {
		return nil, err
	}
	// A statement that isn't part of a larger transaction may commit batch by batch.
	run := &sourceRun{s: s, src: src, alone: s.tx.state == txImplicit && s.tx.writes == 0, started: time.Now()}
	err := run.do(ctx)
	if err != nil {
		err = nowhere(err)
		run.failed(ctx, err)
		return nil, err
	}
	o := &sourcestmt.Outcome{Batches: run.batches, Rows: run.rows, Rejects: run.rejects, Units: run.units, Duration: time.Since(run.started), State: "complete"}
	if o.Batches == 0 {
		o.State = "empty"
	}
	return o, nil
}

// RecordSource implements sourcestmt.Session.
func (v statementSession) RecordSource(ctx context.Context, src *sourcestmt.Stored) error {
	s := v.s
	if !s.recordsLineage() || src.Driver.Locations == nil {
		return nil
	}
	object, id := src.Key(), "source "+src.ID
	for _, table := range []string{"lineage_store", "lineage_statement_store"} {
		if _, err := s.conn.Exec(ctx, "DELETE FROM "+lex.QuoteIdent(s.db.name)+".eider."+table+" WHERE statement = $1", id); err != nil {
			return err
		}
	}
	var rows [][]any
	for _, at := range src.Driver.Locations(src.Spec.Config(src.Driver)) {
		kind := "file"
		if !src.Driver.ServerFiles {
			kind = "unknown"
		}
		rows = append(rows, []any{"table", object, nil, kind, at, nil, "row", "READS", nil, id})
		for _, c := range src.Spec.Columns {
			rows = append(rows, []any{"table", object, c.Name, kind, at, c.Name, "value", "IDENTITY", nil, id})
		}
		for _, i := range src.Spec.Include {
			rows = append(rows, []any{"table", object, i.As, kind, at, nil, "value", "TRANSFORMATION", nil, id})
		}
	}
	if err := appendRows(ctx, s.conn, s.db.name, "lineage_store", edgeColumns, rows); err != nil {
		return err
	}
	return appendRows(ctx, s.conn, s.db.name, "lineage_statement_store", statementColumns, [][]any{{id, "table", object, "REFRESH SOURCE", int64(0), time.Now(), orNull(s.User())}})
}
