package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/storage/duck"
)

// link is a session's connection to DuckDB and what would have to be done again on another one.
type link struct {
	conn *duck.Conn
	// connID is what current_connection_id() gives on conn.
	connID int64
	// replay are the statements that bring a fresh connection into this one's state, by subject.
	replay map[string]string
	// pinned tells that conn has state which replay can't restore: temporary tables,
	// variables, options set past the settings table.
	pinned bool
	// temporaries tells that the session may have temporary objects.
	temporaries bool
	// macros tells that Eider's macros exist on conn.
	macros bool
	// plans grows when statements planned on this session may have become stale.
	plans uint64
}

// greet makes a fresh connection the session's.
func (s *Session) greet(ctx context.Context) error {
	rows, err := s.conn.QueryRows(ctx, "SELECT current_connection_id()::BIGINT")
	if err != nil {
		return err
	}
	id, ok := rows[0][0].(int64)
	if !ok {
		return fmt.Errorf("current_connection_id gave a %T", rows[0][0])
	}
	s.db.mu.Lock()
	s.db.byConn[id] = s
	s.db.mu.Unlock()
	s.connID = id
	return s.track(ctx)
}

// remember runs a statement that changes the connection's state and notes it under
// subject, so that a later connection of this session gets the same state. An empty
// statement forgets the subject.
func (s *Session) remember(ctx context.Context, subject, sql string) error {
	if sql == "" {
		delete(s.replay, subject)
		return nil
	}
	if err := s.free(ctx); err != nil {
		return err
	}
	if _, err := s.conn.Exec(ctx, sql); err != nil {
		return err
	}
	if s.replay == nil {
		s.replay = map[string]string{}
	}
	s.replay[subject] = sql
	s.who.PathChanged()
	s.plans++
	return nil
}

// free makes conn ready for another statement: a cursor that streams on it is detached first.
func (s *Session) free(ctx context.Context) error {
	c := s.attached
	if c == nil {
		return nil
	}
	s.attached = nil
	if s.tx.state == txNone && !s.pinned {
		if err := s.relink(ctx); err == nil {
			return nil // c keeps the old connection
		}
	}
	return c.drain(ctx)
}

// notCopying refuses what would run beside COPY FROM STDIN.
func (s *Session) notCopying() error {
	if s.copying == nil {
		return nil
	}
	return sqlstate.New(sqlstate.ObjectInUse, "COPY FROM STDIN is in progress in this session")
}

// relink gives the session a fresh connection and leaves the present one to its cursor.
func (s *Session) relink(ctx context.Context) error {
	old := s.link
	conn, err := s.db.duck.Connect(ctx)
	if err != nil {
		return err
	}
	s.conn, s.connID, s.macros = conn, 0, false
	s.who.PathChanged()
	err = s.greet(ctx)
	for _, sql := range s.replay {
		if err == nil {
			_, err = conn.Exec(ctx, sql)
		}
	}
	if err != nil {
		s.db.forget(s.connID)
		s.link = old
		err = errors.Join(err, conn.Close())
		return sqlstate.Newf(sqlstate.CodeOf(err), "open another connection: %w", err)
	}
	return nil
}

// createMacros makes Eider's macros known on the connection. They are temporary, so
// that they resolve from every schema and leave nothing in the user's file, and made
// when first needed because that takes milliseconds.
func (s *Session) createMacros(ctx context.Context) error {
	if _, err := s.conn.Exec(ctx, s.db.macros.ddl); err != nil {
		return fmt.Errorf("create Eider's macros: %w", err)
	}
	s.macros = true
	if s.tx.began {
		s.tx.onRollback = append(s.tx.onRollback, func() { s.macros = false })
	}
	return nil
}

// forget takes a connection off the books.
func (db *DB) forget(connID int64) {
	db.mu.Lock()
	defer db.mu.Unlock()
	delete(db.byConn, connID)
}
