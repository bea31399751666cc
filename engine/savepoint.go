package engine

import (
	"context"

	"github.com/eiderdb/eider/sql/classify"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// planSavepoint plans SAVEPOINT, RELEASE and ROLLBACK TO. DuckDB has no savepoints: a
// transaction can go back to one as long as nothing was written since.
func (s *Session) planSavepoint(_ context.Context, q *query) (operation, error) {
	w := q.words()
	w.skip()
	if q.class.Verb == classify.RollbackTo {
		w.any("work", "transaction")
		w.skip() // TO
	}
	if q.class.Verb != classify.Savepoint {
		w.accept("savepoint")
	}
	name, ok := w.name()
	if !ok || !w.end() {
		return nil, w.unexpected()
	}
	do := s.savepoint
	switch q.class.Verb {
	case classify.Release:
		do = s.release
	case classify.RollbackTo:
		do = s.rollbackTo
	}
	return action{tag: q.class.Tag(), do: func(ctx context.Context) (string, error) {
		if s.tx.state != txExplicit {
			word := map[classify.Verb]string{classify.Savepoint: "SAVEPOINT", classify.Release: "RELEASE SAVEPOINT", classify.RollbackTo: "ROLLBACK TO SAVEPOINT"}[q.class.Verb]
			return "", sqlstate.Newf(sqlstate.NoActiveSQLTransaction, "%s can only be used in transaction blocks", word)
		}
		return "", do(ctx, name)
	}}, nil
}

func (s *Session) savepoint(_ context.Context, name string) error {
	s.tx.savepoints = append(s.tx.savepoints, savepoint{name: name, writes: s.tx.writes, settings: s.values.Mark(), cursors: s.declared, notes: s.notes.len()})
	return nil
}

// find returns the index of the innermost savepoint of that name.
func (t *tx) find(name string) (int, error) {
	for i := len(t.savepoints) - 1; i >= 0; i-- {
		if t.savepoints[i].name == name {
			return i, nil
		}
	}
	return 0, sqlstate.Newf(sqlstate.InvalidSavepointSpecification, "savepoint %q does not exist", name)
}

func (s *Session) release(_ context.Context, name string) error {
	i, err := s.tx.find(name)
	if err == nil {
		s.tx.savepoints = s.tx.savepoints[:i]
	}
	return err
}

// rollbackTo goes back to a savepoint. Where DuckDB has given its transaction up, or
// rows were written since, that can't be had.
func (s *Session) rollbackTo(ctx context.Context, name string) error {
	i, err := s.tx.find(name)
	if err != nil {
		return err
	}
	p := s.tx.savepoints[i]
	if s.tx.writes != p.writes {
		return sqlstate.Newf(sqlstate.FeatureNotSupported, "cannot roll back to savepoint %q: the transaction has written since", name).
			WithDetail("DuckDB has no savepoints; ROLLBACK TO works as long as nothing was written after the savepoint.").
			WithHint("Roll back the whole transaction.")
	}
	if s.tx.failed && s.tx.began {
		if err := s.revive(ctx, name); err != nil {
			return err
		}
	}
	s.tx.failed = false
	s.tx.savepoints = s.tx.savepoints[:i+1]
	s.closeCursorsSince(p.cursors)
	s.values.RollbackTo(p.settings)
	s.dropNotesSince(p.notes)
	s.noteSettings()
	return nil
}

// revive makes sure that DuckDB's transaction can be used again after an error. One
// that is dead and has written nothing is begun anew.
func (s *Session) revive(ctx context.Context, name string) error {
	if err := s.free(ctx); err != nil {
		return err
	}
	if _, err := s.conn.QueryRows(ctx, "SELECT 1"); err == nil {
		return nil
	}
	if s.tx.writes > 0 {
		return sqlstate.Newf(sqlstate.FeatureNotSupported, "cannot roll back to savepoint %q: DuckDB has given up the transaction after the error", name).
			WithHint("Roll back the whole transaction.")
	}
	s.rollbackDuck()
	return nil // the next statement begins it
}
