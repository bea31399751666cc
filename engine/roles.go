package engine

import (
	"context"

	"github.com/eiderdb/eider/engine/settings"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt/role"
)

var _ role.Session = statementSession{}

// SessionUser implements role.Session.
func (v statementSession) SessionUser() string { return v.s.SessionUser() }

// SetRole implements role.Session.
func (v statementSession) SetRole(ctx context.Context, name string) error {
	return v.s.SetRole(ctx, name)
}

// SetSessionAuthorization implements role.Session.
func (v statementSession) SetSessionAuthorization(ctx context.Context, name string) error {
	return v.s.SetSessionAuthorization(ctx, name)
}

// RolesChanged implements role.Session.
func (v statementSession) RolesChanged() { v.s.who.RolesChanged() }

// CheckSetting implements role.Session: 42704 for a setting that isn't there, 22023 for a value
// that it doesn't take.
func (v statementSession) CheckSetting(name, value string) error {
	table := settings.Default()
	s, ok := table.Lookup(name)
	if !ok {
		err := sqlstate.Newf(sqlstate.UndefinedObject, "unrecognized configuration parameter %q", name)
		if close := parse.Closest(name, table.Names()); close != "" {
			return err.WithHint("Did you mean %s?", close)
		}
		return err
	}
	_, err := s.Canonical(value, s.Default)
	return err
}
