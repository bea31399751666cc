package gate

import (
	"context"
	"errors"
)

// Querier runs DuckDB SQL past the gate and returns all rows as Go values.
// A *duck.Conn is one.
type Querier interface {
	QueryRows(ctx context.Context, sql string, args ...any) ([][]any, error)
}

// Options configures a Gate.
type Options struct {
	// Database is the catalog that grants speak of; tables elsewhere are for superusers.
	Database string
	// Committed runs look-ups that see committed rows only: an internal connection of
	// which the gate is the only user.
	Committed Querier
	// SystemSchemas are schemas of Database in which the engine and the server keep views
	// that filter their own rows; ordinary roles may read the views, never the tables, and
	// may call the macros. "eider" is always one of them.
	SystemSchemas []string
	// Functions are Eider's own functions that everybody may call, lower case.
	Functions []string
}

// Gate guards one database. It is safe for use by several goroutines.
type Gate struct{ opts Options }

// New returns the gate of an open, migrated database.
func New(ctx context.Context, o Options) (*Gate, error) { return nil, errUnbuilt }

// CatalogChanged voids decisions that rest on the catalog. The engine calls it after the
// commit of a transaction in which anything but SELECT, INSERT, UPDATE, DELETE, MERGE or COPY ran.
func (g *Gate) CatalogChanged() {}

// RolesChanged voids what is known of roles and grants. The engine calls it after the commit
// of a transaction in which a statement of roles ran.
func (g *Gate) RolesChanged() {}

// HasPasswords reports whether any role can log in by password. While none can, clients
// on loopback are trusted.
func (g *Gate) HasPasswords(ctx context.Context) (bool, error) { return false, errUnbuilt }

// Login is what authentication needs to know of a role.
type Login struct {
	// Verifier is the stored password in PostgreSQL's format
	// (SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey); empty means that the role can't log
	// in by password: it has none or its VALID UNTIL has passed.
	Verifier  string
	CanLogin  bool
	Superuser bool
	// ConnectionLimit bounds the role's sessions; negative is no limit.
	ConnectionLimit int
	// Settings are what ALTER ROLE … SET stored: name → value, applied at the session's start.
	Settings map[string]string
}

// Login returns what is known of a role; false if there is no such role.
func (g *Gate) Login(ctx context.Context, role string) (Login, bool, error) {
	return Login{}, false, errUnbuilt
}

// HasPrivilege reports whether a session's current role has a privilege on a relation: the
// body of the SQL function eider_has_privilege(session, schema, relation, privilege), which
// catalog views call with getvariable('eider_session').
func (g *Gate) HasPrivilege(session int32, schema, relation, privilege string) bool { return false }

var errUnbuilt = errors.New("gate: not built yet")
