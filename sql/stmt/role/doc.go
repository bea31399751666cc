// Package role owns the statements about roles and privileges: CREATE, ALTER and
// DROP ROLE, GRANT and REVOKE, ALTER DEFAULT PRIVILEGES, REASSIGN and DROP OWNED,
// SET ROLE and SET SESSION AUTHORIZATION.
//
// They write the tables of the schema eider that the gate (engine/gate) reads; they
// decide nothing about other statements. Passwords become SCRAM-SHA-256 verifiers
// here, before anything is stored, and Redact takes them out of texts that others
// may see.
package role

import (
	"context"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

// All returns the family's statements.
func All() []*stmt.Kind {
	return []*stmt.Kind{createRole(), alterRole(), dropRole(), grant(), revoke(), alterDefaults(), reassignOwned(), dropOwned(),
		setRole(), setAuthorization()}
}

// Session is what these statements need of a session beyond stmt.Session.
type Session interface {
	stmt.Session
	// SessionUser is the role that logged in, or that SET SESSION AUTHORIZATION chose.
	SessionUser() string
	// SetRole and SetSessionAuthorization change who the session is; "" resets.
	SetRole(ctx context.Context, role string) error
	SetSessionAuthorization(ctx context.Context, role string) error
	// RolesChanged says that roles or grants were changed in the open transaction.
	RolesChanged()
	// CheckSetting fails as SET would if a setting or its value makes no sense.
	CheckSetting(name, value string) error
}

// session returns the session with what the family needs.
func session(s stmt.Session) (Session, error) {
	r, ok := s.(Session)
	if !ok {
		return nil, sqlstate.New(sqlstate.FeatureNotSupported, "this session has no roles")
	}
	return r, nil
}

// plan returns a plan without rows that runs f and says that roles changed.
func plan(tag string, explain []string, f func(ctx context.Context, s Session) error) *stmt.Plan {
	return &stmt.Plan{Tag: tag, Explain: explain, Exec: func(ctx context.Context, s stmt.Session) (*stmt.Result, error) {
		r, err := session(s)
		if err != nil {
			return nil, err
		}
		r.RolesChanged()
		if err := f(ctx, r); err != nil {
			return nil, err
		}
		return &stmt.Result{}, nil
	}}
}
