package engine

import (
	"context"

	"github.com/eiderdb/eider/sql/classify"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// modes are the transaction modes of BEGIN, START TRANSACTION and SET TRANSACTION.
type modes struct {
	isolation            string
	readOnly, deferrable *bool
}

func (m modes) apply(t *tx) {
	if m.isolation != "" {
		t.isolation = m.isolation
	}
	if m.readOnly != nil {
		t.readOnly = *m.readOnly
	}
	if m.deferrable != nil {
		t.deferrable = *m.deferrable
	}
}

// modes reads transaction modes, with or without commas, up to the end.
func (w *words) modes() (modes, error) {
	var m modes
	yes, no := true, false
	for !w.end() {
		switch {
		case w.accept("isolation", "level"):
			switch {
			case w.accept("serializable"):
				m.isolation = "serializable"
			case w.accept("repeatable", "read"):
				m.isolation = "repeatable read"
			case w.accept("read", "committed"):
				m.isolation = "read committed"
			case w.accept("read", "uncommitted"):
				m.isolation = "read uncommitted"
			default:
				return m, w.unexpected()
			}
		case w.accept("read", "only"):
			m.readOnly = &yes
		case w.accept("read", "write"):
			m.readOnly = &no
		case w.accept("deferrable"):
			m.deferrable = &yes
		case w.accept("not", "deferrable"):
			m.deferrable = &no
		default:
			return m, w.unexpected()
		}
		if w.mark(",") && w.end() {
			return m, w.unexpected()
		}
	}
	return m, nil
}

// planTransaction plans BEGIN, COMMIT, ROLLBACK and their relatives.
func (s *Session) planTransaction(ctx context.Context, q *query) (operation, error) {
	w := q.words()
	switch q.class.Verb {
	case classify.Begin, classify.StartTx:
		w.skip() // BEGIN or START
		w.any("work", "transaction")
		m, err := w.modes()
		if err != nil {
			return nil, err
		}
		return action{tag: q.class.Tag(), do: func(context.Context) (string, error) { return "", s.execBegin(m) }}, nil
	case classify.Commit, classify.Rollback:
		chain, err := w.endOfBlock()
		if err != nil {
			return nil, err
		}
		commit := q.class.Verb == classify.Commit
		return action{tag: q.class.Tag(), do: func(ctx context.Context) (string, error) { return s.execEnd(ctx, commit, chain) }}, nil
	case classify.SetTx:
		for !w.accept("transaction") {
			w.skip()
		}
		if w.is(0, "snapshot") {
			return nil, sqlstate.New(sqlstate.FeatureNotSupported, "importing a snapshot is not supported").At(w.offset())
		}
		if w.end() {
			return nil, w.unexpected()
		}
		m, err := w.modes()
		if err != nil {
			return nil, err
		}
		return action{tag: "SET", do: func(context.Context) (string, error) { return "", s.setTransaction(m) }}, nil
	case classify.Savepoint, classify.Release, classify.RollbackTo:
		return s.planSavepoint(ctx, q)
	}
	return nil, sqlstate.New(sqlstate.ObjectNotInPrerequisiteState, "prepared transactions are disabled").
		WithDetail("DuckDB has no two-phase commit.")
}

// endOfBlock reads what follows COMMIT and ROLLBACK: [WORK|TRANSACTION] [AND [NO] CHAIN].
func (w *words) endOfBlock() (chain bool, err error) {
	w.skip()
	w.any("work", "transaction")
	switch {
	case w.accept("and", "chain"):
		chain = true
	case w.accept("and", "no", "chain"):
	}
	if !w.end() {
		return false, w.unexpected()
	}
	return chain, nil
}

func (s *Session) execBegin(m modes) error {
	if s.tx.state == txExplicit {
		s.Notice("WARNING", sqlstate.ActiveSQLTransaction, "there is already a transaction in progress")
		return s.setTransaction(m)
	}
	if s.tx.began && m.readOnly != nil && *m.readOnly != s.tx.readOnly && s.tx.writes > 0 {
		return errTooLate("read-write mode")
	}
	s.begin(m)
	return nil
}

// execEnd runs COMMIT or ROLLBACK and returns the tag, which tells the truth about
// the COMMIT of a failed block.
func (s *Session) execEnd(ctx context.Context, commit, chain bool) (string, error) {
	if s.tx.state != txExplicit {
		if chain {
			name := "COMMIT"
			if !commit {
				name = "ROLLBACK"
			}
			return "", sqlstate.Newf(sqlstate.NoActiveSQLTransaction, "%s AND CHAIN can only be used in transaction blocks", name)
		}
		s.Notice("WARNING", sqlstate.NoActiveSQLTransaction, "there is no transaction in progress")
		if s.tx.state == txNone {
			return "", nil
		}
		// What came before it in the same message ends here; what follows is another transaction.
		err := s.finish(ctx, commit && !s.tx.failed)
		return "", err
	}
	old := s.tx
	tag := "COMMIT"
	if !commit || s.tx.failed {
		commit, tag = false, "ROLLBACK"
	}
	if err := s.finish(ctx, commit); err != nil {
		return "", err
	}
	if chain {
		s.begin(modes{isolation: old.isolation, readOnly: &old.readOnly, deferrable: &old.deferrable})
	}
	return tag, nil
}

// setTransaction is SET TRANSACTION: outside of a transaction it warns and does nothing.
func (s *Session) setTransaction(m modes) error {
	if s.tx.state == txNone {
		s.Notice("WARNING", sqlstate.NoActiveSQLTransaction, "SET TRANSACTION can only be used in transaction blocks")
		return nil
	}
	if s.tx.began {
		if m.isolation != "" && m.isolation != s.tx.isolation {
			return sqlstate.New(sqlstate.ActiveSQLTransaction, "SET TRANSACTION ISOLATION LEVEL must be called before any query")
		}
		if m.readOnly != nil && !*m.readOnly && s.tx.readOnly {
			return errTooLate("read-write mode")
		}
	}
	m.apply(&s.tx)
	return nil
}

func errTooLate(what string) error {
	return sqlstate.Newf(sqlstate.ActiveSQLTransaction, "transaction %s must be set before any query", what)
}
