package engine

import (
	"context"
	"time"

	"github.com/eiderdb/eider/engine/gate"
	"github.com/eiderdb/eider/functions/rolling"
)

// User is the session's current role: who opened it, or what SET ROLE chose.
func (s *Session) User() string { return s.who.User() }

// SessionUser is who opened the session, or what SET SESSION AUTHORIZATION chose.
func (s *Session) SessionUser() string { return s.who.SessionUser() }

// IsSuperuser tells whether the current role may do everything.
func (s *Session) IsSuperuser() bool { return s.who.IsSuperuser() }

// Database is what current_database() gives.
func (s *Session) Database() string { return s.db.name }

// SetRole is SET ROLE; "" and "none" are RESET ROLE.
func (s *Session) SetRole(ctx context.Context, role string) error {
	if err := s.free(ctx); err != nil {
		return err
	}
	s.plans++
	return s.who.SetRole(ctx, s.conn, role)
}

// SetSessionAuthorization is SET SESSION AUTHORIZATION; "" resets.
func (s *Session) SetSessionAuthorization(ctx context.Context, role string) error {
	if err := s.free(ctx); err != nil {
		return err
	}
	s.plans++
	if err := s.who.SetSessionAuthorization(ctx, s.conn, role); err != nil {
		return err
	}
	s.mu.Lock()
	s.info.User = s.who.SessionUser()
	s.mu.Unlock()
	return nil
}

// Gate answers questions about roles: who may log in, with which password.
func (db *DB) Gate() *gate.Gate { return db.gate }

// sessionOf returns the session that a DuckDB connection belongs to, nil for none.
func (db *DB) sessionOf(connection uint64) *Session {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.byConn[int64(connection)]
}

// openGate makes the gate; committed is a connection for nobody else.
func (db *DB) newGate(committed gate.Querier) *gate.Gate {
	var functions []gate.Function
	for _, d := range db.opts.Builtins.Functions {
		if d.Rewritten || d.Expand != nil {
			continue // what is written in its place is looked at; the name may be a user's own
		}
		f := gate.Function{Name: d.Name, Macro: d.Macro, Table: d.Table}
		for _, p := range d.Params {
			f.Params = append(f.Params, p.Name)
		}
		functions = append(functions, f)
	}
	own := []string{setConfigFunction, settingFunction, notifyFunction, rolling.InstantName} // each acts on its caller's session or its arguments only
	for _, d := range db.rolling.Functions() {
		own = append(own, d.Name)
	}
	for _, name := range own {
		functions = append(functions, gate.Function{Name: name})
	}
	return gate.New(gate.Options{
		Database: db.name, Committed: committed, SystemSchemas: db.opts.SystemSchemas, Functions: functions,
		Session: func(connection uint64) *gate.Session {
			if s := db.sessionOf(connection); s != nil {
				return s.who
			}
			return nil
		},
	})
}

func timeOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}
