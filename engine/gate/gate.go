package gate

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eiderdb/eider/sql/lex"
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
	// may call the macros. "eider" and "eider_models" always are; the macros of the latter
	// need PREDICT on their model.
	SystemSchemas []string
	// Functions are Eider's own functions that everybody may call. No macro of the catalog's is
	// looked at in their place: the temporary macros that they are made of come and go.
	Functions []Function
	// Session returns the gate's side of the session that a DuckDB connection belongs to, nil if
	// there is none; HasPrivilege and HasRole ask it.
	Session func(connection uint64) *Session
}

// Function is one of Eider's own. What a macro reads by query_table(parameter) and query(parameter)
// is checked with the caller's rights; whatever else is in it is trusted.
type Function struct {
	Name   string
	Params []string
	// Macro is the body, empty for a callback.
	Macro string
	// Table tells that Macro is a query.
	Table bool
}

// Gate guards one database. It is safe for use by several goroutines.
type Gate struct {
	opts      Options
	schemas   map[string]bool   // system schemas, folded
	functions map[string]*macro // Eider's own, folded; without a body for a callback

	// catalogEpoch, macroEpoch and roleEpoch grow when what is committed changed; catalogEpoch
	// with macroEpoch too.
	catalogEpoch, macroEpoch, roleEpoch atomic.Uint64

	// views are the views of the system schemas, folded, for catalog views on DuckDB's threads.
	views atomic.Pointer[map[[2]string]bool]

	committed *exclusive // opts.Committed
	trees     trees

	mu       sync.Mutex // guards what follows
	roles    *roleSet
	rolesAt  uint64 // the epoch of roles
	catalog  catalogView
	catAt    uint64 // the epoch of catalog's relations
	macrosAt uint64 // the epoch of catalog's macros
	syntaxes syntaxCache
}

// exclusive lets one look-up at a time use a connection: a second statement would end the result
// that the first is reading.
type exclusive struct {
	mu sync.Mutex // guards the use of q, from a statement's preparation to the end of its result
	q  Querier
}

func (e *exclusive) QueryRows(ctx context.Context, sql string, args ...any) ([][]any, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.q.QueryRows(ctx, sql, args...)
}

// New returns the gate of an open database. It reads nothing until it is asked, so that its
// functions can be registered before the schema exists that their views need.
func New(o Options) *Gate {
	committed := &exclusive{q: o.Committed}
	g := &Gate{opts: o, schemas: map[string]bool{"eider": true, modelSchema: true, transformationSchema: true}, functions: map[string]*macro{}, committed: committed, trees: trees{shared: committed}}
	for _, s := range o.SystemSchemas {
		g.schemas[lex.Fold(s)] = true
	}
	for _, f := range o.Functions {
		m := &macro{own: true, name: lex.Fold(f.Name), body: f.Macro, table: f.Table}
		for _, p := range f.Params {
			m.params = append(m.params, lex.Fold(p))
		}
		g.functions[m.name] = m
	}
	g.catalogEpoch.Store(1)
	g.macroEpoch.Store(1)
	g.roleEpoch.Store(1)
	return g
}

// Servers keep their catalogs in two attached databases in memory. commonDatabase has everybody's
// view of things, for superusers; ownDatabase has the same names with what the asking role may see.
// What is in the first only is the same for all.
const (
	commonDatabase = "eider_sys"
	ownDatabase    = "eider_now"
	roleDatabase   = "eider_role" // likewise, of what is committed
)

func (g *Gate) system(schema string) bool { return g.schemas[lex.Fold(schema)] }

// catalogs tells whether a database is one of catalogs.
func (g *Gate) catalogs(database string) bool {
	return (lex.EqualFold(database, commonDatabase) || lex.EqualFold(database, ownDatabase) || lex.EqualFold(database, roleDatabase)) && !lex.EqualFold(g.opts.Database, database)
}

// CatalogChanged voids decisions that rest on the catalog. Sessions do it by
// TransactionEnded; who changes tables by other means calls it.
func (g *Gate) CatalogChanged() {
	g.macroEpoch.Add(1)
	g.catalogEpoch.Add(1)
}

// RolesChanged voids what is known of roles and grants, likewise.
func (g *Gate) RolesChanged() { g.roleEpoch.Add(1) }

// committedRoles returns the roles as committed.
func (g *Gate) committedRoles(ctx context.Context) (*roleSet, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if epoch := g.roleEpoch.Load(); g.roles == nil || g.rolesAt != epoch {
		set, err := loadRoles(ctx, g.committed)
		if err != nil {
			return nil, err
		}
		g.roles, g.rolesAt = set, epoch
	}
	return g.roles, nil
}

// committedCatalog returns the catalog as committed, without anyone's temporary objects.
func (g *Gate) committedCatalog(ctx context.Context) (catalogView, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if epoch := g.macroEpoch.Load(); g.macrosAt != epoch {
		m, err := loadMacros(ctx, g.committed)
		if err != nil {
			return catalogView{}, err
		}
		g.catalog.macros, g.macrosAt = m, epoch
	}
	if epoch := g.catalogEpoch.Load(); g.catAt != epoch {
		c, err := loadRelations(ctx, g.committed)
		if err != nil {
			return catalogView{}, err
		}
		g.catalog.relationView, g.catAt = c, epoch
		views := map[[2]string]bool{}
		for name, rs := range c.relations {
			for _, r := range rs {
				if r.kind == "view" && g.system(r.schema) && lex.EqualFold(r.catalog, g.opts.Database) {
					views[[2]string{lex.Fold(r.schema), name}] = true
				}
			}
		}
		g.views.Store(&views)
	}
	return g.catalog, nil
}

// parse returns the analysis of a text.
func (g *Gate) parse(ctx context.Context, q Querier, text string) (*parsed, error) {
	if p := g.syntaxes.get(text); p != nil {
		return p, nil
	}
	p, err := parseText(ctx, func(ctx context.Context, sql string) (string, error) {
		return g.trees.of(ctx, q, sql)
	}, text)
	if err != nil {
		return nil, err
	}
	g.syntaxes.put(text, p)
	return p, nil
}

// HasPasswords reports whether any role has a password. While none has, clients on
// loopback are trusted.
func (g *Gate) HasPasswords(ctx context.Context) (bool, error) {
	set, err := g.committedRoles(ctx)
	if err != nil {
		return false, err
	}
	return set.hasPasswords(), nil
}

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
	set, err := g.committedRoles(ctx)
	if err != nil {
		return Login{}, false, err
	}
	r := set.roles[role]
	if r == nil {
		return Login{}, false, nil
	}
	l := Login{Verifier: r.verifier, CanLogin: r.canLogin, Superuser: r.superuser, ConnectionLimit: r.connectionLimit, Settings: r.settings}
	if id, ok := set.identity(role); ok && !id.superuser && set.held(id, object{kindDatabase, "", ""})&Connect == 0 {
		l.CanLogin = false
	}
	if !r.validUntil.IsZero() && !time.Now().Before(r.validUntil) {
		l.Verifier = ""
	}
	return l, true, nil
}

// HasPrivilege tells whether the session of a DuckDB connection may use a relation or a schema
// in a way: the SQL function eider_has_privilege(current_connection_id(), schema, relation,
// privilege), which catalog views filter their rows by. An empty relation means the schema, an
// empty privilege any of those on it: what a role may see. A superuser may all; without
// a session the answer is no.
func (g *Gate) HasPrivilege(connection uint64, schema, relation, privilege string) bool {
	if g.opts.Session == nil {
		return false
	}
	s := g.opts.Session(connection)
	if s == nil {
		return false
	}
	return s.hasPrivilege(schema, relation, privilege)
}

// HasRole tells whether the session of a DuckDB connection is a superuser's or has the role's
// rights: the SQL function eider_has_role(current_connection_id(), role).
func (g *Gate) HasRole(connection uint64, role string) bool {
	if g.opts.Session == nil {
		return false
	}
	s := g.opts.Session(connection)
	if s == nil {
		return false
	}
	k := s.known.Load()
	return k != nil && (k.id.superuser || k.id.roles[role])
}

// DuckDBSettings are the options with which DuckDB is opened under the gate: no query
// fetches code, and no code of third parties is loaded into the process.
func DuckDBSettings() map[string]string {
	return map[string]string{"autoinstall_known_extensions": "false", "allow_community_extensions": "false"}
}
