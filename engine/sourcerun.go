package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/eiderdb/eider/sql/sqlstate"
	sourcestmt "github.com/eiderdb/eider/sql/stmt/source"
	"github.com/eiderdb/eider/sql/types"
	connector "github.com/eiderdb/eider/storage/source"
)

// sourceRun is one refresh of a source: batch after batch, each stored with its rejects and
// positions in one transaction.
type sourceRun struct {
	s   *Session
	src *sourcestmt.Stored
	// alone tells that no other statement shares the transaction, so that each batch has its own.
	alone   bool
	started time.Time
	config  *connector.Config
	// seen are the differences that are recorded already.
	seen map[connector.Drift]bool
	// dirty tells that the transaction has a batch that isn't committed.
	dirty bool
	sourceCounts
	// committed is what is committed of them.
	committed sourceCounts
	warnings  []string
}

type sourceCounts struct{ batches, rows, rejects, units int64 }

// do reads the source up to its present end.
func (r *sourceRun) do(ctx context.Context) (err error) {
	s := r.s
	p, err := s.db.openProbe(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.conn.Close()) }()
	if err := r.lock(ctx); err != nil {
		return err
	}
	r.config = r.src.Spec.Config(r.src.Driver)
	r.config.DB = p
	if r.config.Positions, err = r.positions(ctx); err != nil {
		return err
	}
	if err := r.loadDrift(ctx); err != nil {
		return err
	}
	if err := r.macros(ctx); err != nil {
		return err
	}
	open, err := r.src.Driver.Open(ctx, r.config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, open.Close()) }()
	for {
		b, ack, err := open.Next(ctx)
		if err == io.EOF {
			return r.finish(ctx)
		}
		if err != nil {
			return err
		}
		if err := r.batch(ctx, b); err != nil {
			return err
		}
		r.acknowledge(ctx, ack)
		statementSession{s}.Progress(-1, fmt.Sprintf("%d rows, %d %s", r.rows, r.units, r.src.Driver.Unit))
	}
}

// lock writes the source's row, so that another transaction that refreshes it conflicts.
func (r *sourceRun) lock(ctx context.Context) error {
	_, err := r.s.conn.Exec(ctx, `UPDATE eider.source_store SET refreshes = refreshes + 1 WHERE id = $1`, r.src.ID)
	if sqlstate.Is(err, sqlstate.SerializationFailure) {
		return sqlstate.Newf(sqlstate.SerializationFailure, "source %s was refreshed by another transaction since this one began", r.src.Key()).WithHint("Run the transaction again.")
	}
	return err
}

// batch stores one batch; when it is a transaction of its own, the one before is committed.
func (r *sourceRun) batch(ctx context.Context, b *connector.Batch) error {
	if r.dirty && r.alone {
		if err := r.commit(ctx); err != nil {
			return err
		}
	}
	r.dirty = true
	if err := r.drift(ctx, b); err != nil {
		return err
	}
	if b.Query != "" || b.Chunks != nil || b.Payloads != nil {
		if err := r.load(ctx, b); err != nil {
			return err
		}
	}
	if err := r.storeRejects(ctx, b.Rejects); err != nil {
		return err
	}
	if b.Verify != nil {
		if err := b.Verify(); err != nil {
			return err
		}
	}
	if err := r.storePositions(ctx, b.Positions); err != nil {
		return err
	}
	for _, w := range b.Warnings {
		statementSession{r.s}.Notice("WARNING", w)
		r.warnings = append(r.warnings, w)
	}
	r.units += b.Units
	if len(b.Positions) > 0 {
		r.batches++
	}
	return nil
}

// commit commits the batches so far and begins the next one's transaction.
func (r *sourceRun) commit(ctx context.Context) error {
	s := r.s
	if err := s.conn.Commit(ctx); err != nil {
		return err
	}
	s.db.written.Add(1)
	r.committed = r.sourceCounts
	s.tx.planned = s.db.planned.Load()
	if err := s.conn.Begin(ctx, false); err != nil {
		return err
	}
	r.dirty = false
	return r.lock(ctx)
}

// acknowledge tells the driver that a batch is stored, once it is committed.
func (r *sourceRun) acknowledge(ctx context.Context, ack connector.Ack) {
	if ack == nil {
		return
	}
	s, key := r.s, r.src.Key()
	s.tx.onCommit = append(s.tx.onCommit, func() {
		if err := ack(context.WithoutCancel(ctx)); err != nil {
			s.db.log.Warn("source not acknowledged", "source", key, "error", err)
		}
	})
}

// positions reads how far the source was read.
func (r *sourceRun) positions(ctx context.Context) (connector.Positions, error) {
	return readPositions(ctx, r.s.conn, r.src.ID)
}

func readPositions(ctx context.Context, q connector.Querier, id string) (connector.Positions, error) {
	rows, err := q.QueryRows(ctx, `SELECT partition, position FROM eider.source_position_store WHERE id = $1`, id)
	if err != nil {
		return nil, err
	}
	out := make(connector.Positions, len(rows))
	for _, row := range rows {
		partition, _ := row[0].(string)
		position, _ := row[1].(string)
		out[partition] = connector.Position(position)
	}
	return out, nil
}

var positionColumns = []types.Column{{Name: "id", Type: types.Of(types.Varchar)}, {Name: "partition", Type: types.Of(types.Varchar)},
	{Name: "position", Type: types.Of(types.Varchar)}, {Name: "read_at", Type: types.Of(types.TimestampTZ)}}

// storePositions replaces the positions of the partitions that moved.
func (r *sourceRun) storePositions(ctx context.Context, moved connector.Positions) error {
	if len(moved) == 0 {
		return nil
	}
	conn, now := r.s.conn, time.Now()
	var old []any
	rows := make([][]any, 0, len(moved))
	for partition, position := range moved {
		if _, ok := r.config.Positions[partition]; ok {
			old = append(old, partition)
		}
		if string(position) == "null" || len(position) == 0 {
			delete(r.config.Positions, partition)
			continue
		}
		if !json.Valid(position) {
			return fmt.Errorf("the position of partition %q is no JSON: %s", partition, position)
		}
		rows = append(rows, []any{r.src.ID, partition, string(position), now})
		r.config.Positions[partition] = position
	}
	if len(old) > 0 {
		if _, err := conn.Exec(ctx, `DELETE FROM eider.source_position_store WHERE id = $1 AND partition IN (SELECT unnest($2::VARCHAR[]))`, r.src.ID, old); err != nil {
			return err
		}
	}
	return appendRows(ctx, conn, r.s.db.name, "source_position_store", positionColumns, rows)
}

var runColumns = []types.Column{{Name: "id", Type: types.Of(types.Varchar)}, {Name: "started_at", Type: types.Of(types.TimestampTZ)}, {Name: "finished_at", Type: types.Of(types.TimestampTZ)},
	{Name: "batches", Type: types.Of(types.BigInt)}, {Name: "rows", Type: types.Of(types.BigInt)}, {Name: "rejects", Type: types.Of(types.BigInt)},
	{Name: "units", Type: types.Of(types.BigInt)}, {Name: "error", Type: types.Of(types.Varchar)}, {Name: "role", Type: types.Of(types.Varchar)}}

func (r *sourceRun) row(problem string) []any {
	return []any{r.src.ID, r.started, time.Now(), r.batches, r.rows, r.rejects, r.units, orNull(problem), r.s.User()}
}

// finish notes the refresh. One that a follower runs and that found nothing leaves no trace, unless
// the one before had failed.
func (r *sourceRun) finish(ctx context.Context) error {
	problem := ""
	if n := len(r.warnings); n > 0 {
		problem = r.warnings[0]
		if n > 1 {
			problem = fmt.Sprintf("%s (and %d more)", problem, n-1)
		}
	}
	if r.s.follows && r.batches == 0 {
		rows, err := r.s.conn.QueryRows(ctx, `SELECT coalesce(arg_max(coalesce(error, ''), finished_at), '') FROM eider.source_run_store WHERE id = $1`, r.src.ID)
		if err != nil {
			return err
		}
		if last, _ := rows[0][0].(string); last == problem {
			return nil
		}
	}
	return appendRows(ctx, r.s.conn, r.s.db.name, "source_run_store", runColumns, [][]any{r.row(problem)})
}

// failed notes a failure apart from the transaction, which is rolled back. What was committed
// before it is noted too.
func (r *sourceRun) failed(ctx context.Context, cause error) {
	db := r.s.db
	e := sqlstate.From(cause)
	if !r.alone {
		r.committed = sourceCounts{}
	}
	r.sourceCounts = r.committed
	row := r.row(e.Message)
	err := db.apart.write(context.WithoutCancel(ctx), func(ctx context.Context, exec execer) error {
		return appendRows(ctx, exec.conn, db.name, "source_run_store", runColumns, [][]any{row})
	})
	if err != nil {
		db.log.Warn("failure of a source not recorded", "source", r.src.Key(), "error", err)
	}
}
