package engine

import (
	"context"
	"time"

	"github.com/eiderdb/eider/sql/sqlstate"
)

type txState uint8

const (
	txNone     txState = iota // every statement for itself
	txImplicit                // until EndImplicit, which the client doesn't see
	txExplicit                // a block
)

// tx is a session's transaction. DuckDB's own begins with the first statement that
// needs it, so that SET TRANSACTION can still shape it and an empty block costs nothing.
type tx struct {
	state    txState
	began    bool // DuckDB is in a transaction
	fresh    bool // which began for the statement that runs now
	failed   bool // nothing but ROLLBACK (or ROLLBACK TO) helps
	readOnly bool
	// isolation and deferrable are what the client asked for; DuckDB gives snapshots.
	isolation  string
	deferrable bool
	started    time.Time
	// writes counts the statements that may have written, for ROLLBACK TO.
	writes int
	// defined tells that something but rows changed: plans and gate have to know.
	defined bool
	// fate is what the transaction's cursors ask about it; nil while there is no transaction.
	fate *fate
	// savepoints are the open savepoints, innermost last.
	savepoints []savepoint
	// models are the artifacts that the transaction made, by hash.
	models ownedModels
	// planned is the count of committed definitions when DuckDB's transaction began: what it sees.
	planned uint64
	// onCommit and onRollback follow the transaction's end.
	onCommit, onRollback []func()
}

// savepoint is a point to which ROLLBACK TO can go as long as nothing was written since.
type savepoint struct {
	name   string
	writes int
	// settings, cursors and notes are how many there were of each.
	settings, cursors, notes int
}

// fate is what has become of a transaction.
type fate uint8

const (
	fateOpen fate = iota
	fateCommitted
	fateRolledBack
)

// readable tells whether a cursor may be read, by what became of its transaction.
func (c *Cursor) readable() error {
	if _, gone := c.src.(lost); gone || c.fate == nil {
		return nil // lost says why itself
	}
	switch *c.fate {
	case fateRolledBack:
		return sqlstate.New(sqlstate.InvalidCursorState, "the cursor was closed because its transaction was rolled back")
	case fateCommitted:
		if !c.hold {
			return sqlstate.New(sqlstate.InvalidCursorState, "the cursor was closed because its transaction was committed")
		}
	default:
		if c.s.tx.failed {
			return errFailedBlock()
		}
	}
	return nil
}

func errFailedBlock() *sqlstate.Error {
	return sqlstate.New(sqlstate.InFailedSQLTransaction, "current transaction is aborted, commands ignored until end of transaction block")
}

// TxStatus is 'I' outside a transaction block, 'T' in one, 'E' in one that failed.
func (s *Session) TxStatus() byte {
	switch {
	case s.tx.state != txExplicit:
		return 'I'
	case s.tx.failed:
		return 'E'
	}
	return 'T'
}

// BeginImplicit makes the statements until EndImplicit one transaction, as a simple
// query of several statements and an extended pipeline until Sync are. In a block it
// does nothing; an explicit BEGIN among the statements takes the transaction over.
func (s *Session) BeginImplicit() error {
	if err := s.usable(); err != nil {
		return err
	}
	if s.tx.state == txNone {
		s.tx = tx{state: txImplicit, fate: new(fate), readOnly: s.readOnlyDefault, started: time.Now()}
	}
	return nil
}

// EndImplicit commits, or rolls back when failed. In a block it does nothing.
func (s *Session) EndImplicit(ctx context.Context, failed bool) error {
	if s.tx.state != txImplicit {
		return nil
	}
	return s.lost(s.finish(ctx, !failed && !s.tx.failed))
}

// Fail moves a transaction to 'E' after an error, also one outside the engine (of the protocol).
func (s *Session) Fail() {
	if s.tx.state == txNone || s.tx.failed {
		return
	}
	s.tx.failed = true
	defer s.show(false, "")
	// With savepoints DuckDB's transaction may be needed again.
	if s.tx.began && len(s.tx.savepoints) == 0 {
		s.rollbackDuck()
	}
}

// rollbackDuck ends DuckDB's transaction. Nothing can be done about an error, and
// DuckDB has none for a transaction that is open.
func (s *Session) rollbackDuck() {
	if c := s.attached; c != nil {
		c.lose(sqlstate.New(sqlstate.InvalidCursorState, "the cursor was closed because its transaction was rolled back"))
	}
	if err := s.conn.Rollback(); err != nil && s.usable() == nil {
		s.db.log.Error("rollback failed", "pid", s.pid, "error", err)
	}
	s.tx.began = false
}

// join begins DuckDB's transaction if the statement belongs into one that has none yet.
func (s *Session) join(ctx context.Context) error {
	if s.tx.state == txNone || s.tx.began {
		return nil
	}
	planned := s.db.planned.Load() // before DuckDB takes its snapshot
	if err := s.conn.Begin(ctx, s.tx.readOnly); err != nil {
		return err
	}
	s.tx.began, s.tx.planned = true, planned
	return nil
}

// begin starts a block with the modes in s.tx's fields given by m.
func (s *Session) begin(m modes) {
	if s.tx.state == txImplicit { // what ran before BEGIN belongs to the block
		s.tx.state = txExplicit
		m.apply(&s.tx)
		return
	}
	s.tx = tx{state: txExplicit, fate: new(fate), readOnly: s.readOnlyDefault, started: time.Now()}
	m.apply(&s.tx)
}

// finish ends the transaction and makes it known. After an error of COMMIT nothing of
// the transaction is left.
func (s *Session) finish(ctx context.Context, commit bool) error {
	var err error
	if s.tx.began {
		if commit {
			if err = s.settle(ctx); err == nil {
				err = s.conn.Commit(ctx)
			}
			if err != nil {
				commit = false
				_ = s.conn.Rollback() // the first error is the one to report
			}
		} else {
			s.rollbackDuck()
		}
	}
	s.endTx(commit)
	return err
}

// settle deals with a cursor that is open at COMMIT: one WITH HOLD is read to its
// end, any other ends with its transaction.
func (s *Session) settle(ctx context.Context) error {
	c := s.attached
	if c == nil {
		return nil
	}
	if c.hold {
		s.attached = nil
		return c.drain(ctx)
	}
	c.lose(sqlstate.New(sqlstate.InvalidCursorState, "the cursor was closed because its transaction was committed"))
	return nil
}

// endTx forgets the transaction and runs what was to follow it.
func (s *Session) endTx(committed bool) {
	t := s.tx
	if t.state == txNone {
		return
	}
	s.tx = tx{}
	*t.fate = fateRolledBack
	if committed {
		*t.fate = fateCommitted
	}
	if t.defined {
		s.db.planned.Add(1)
	}
	if t.writes > 0 {
		s.db.written.Add(1)
	}
	t.models.settle(committed)
	s.ended(committed)
	if t.began || t.state == txExplicit {
		s.tellEnded(committed, time.Since(t.started))
	}
	hooks := t.onRollback
	if committed {
		hooks = t.onCommit
	}
	for _, f := range hooks {
		f()
	}
}

// ended settles what a transaction, perhaps of one statement, leaves behind.
func (s *Session) ended(committed bool) {
	s.who.TransactionEnded(committed)
	s.values.End(committed)
	s.endCursors(committed)
	s.noteSettings()
	s.settleNotes(committed)
}

// tellEnded tells listeners of the end of a transaction in which something ran.
func (s *Session) tellEnded(committed bool, d time.Duration) {
	if f := s.db.opts.Events.TransactionFinished; f != nil {
		f(TransactionInfo{PID: s.pid, Committed: committed, Duration: d})
	}
}

// within runs f in the session's transaction. Outside of any it makes one, which ends
// with f: that is how statements that take several steps stay one.
func (s *Session) within(ctx context.Context, f func() error) error {
	if err := s.free(ctx); err != nil {
		return err
	}
	own := s.tx.state == txNone
	if own {
		if err := s.BeginImplicit(); err != nil {
			return err
		}
	}
	err := s.join(ctx)
	if err == nil {
		err = f()
	}
	if !own {
		return err
	}
	if err != nil {
		if s.tx.began {
			s.rollbackDuck()
		}
		s.endTx(false)
		return err
	}
	return s.finish(ctx, true)
}
