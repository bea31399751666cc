package gate

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Session is the gate's side of an engine session: who it is, and what was decided
// before. It is for one goroutine at a time, as the engine's session is.
type Session struct {
	gate *Gate
	id   int32

	// login is who opened the session, authorized who SET SESSION AUTHORIZATION made it, role
	// what SET ROLE chose ("" is none). trusted tells that login needs no row to be a superuser.
	login, authorized, role string
	trusted                 bool

	// rolesDirty, catalogDirty and macrosDirty tell that the open transaction changed them; began
	// are the epochs at its first check, if it had one.
	rolesDirty, catalogDirty, macrosDirty bool
	began                                 *epochs
	// defined and definedMacros tell that the session may have temporary objects of its own: it ran
	// a definition.
	defined, definedMacros bool
	// merged is the committed catalog of mergedAt with the session's temporary objects; nil until
	// it is needed, and after a statement that may have changed them.
	merged   *catalogView
	mergedAt epochs
	// path is the search path, nil until it is read from the connection.
	path []place

	// known is for the functions of catalog views, which run on DuckDB's threads.
	known atomic.Pointer[known]
}

type epochs struct{ catalog, macros, roles uint64 }

// known is who the session is, with what is known of roles.
type known struct {
	id    *identity
	roles *roleSet
}

// NewSession starts the gate's side of a session. user "" is the embedded superuser
// "eider". A role that doesn't exist is a superuser while HasPasswords is false, otherwise 28000;
// LOGIN is the server's to check.
func (g *Gate) NewSession(ctx context.Context, id int32, user string) (*Session, error) {
	s := &Session{gate: g, id: id, login: user, authorized: user}
	if user == "" {
		s.login, s.authorized, s.trusted = embedded, embedded, true
	}
	set, err := g.committedRoles(ctx)
	if err != nil {
		return nil, err
	}
	if !s.trusted && set.roles[user] == nil {
		if set.hasPasswords() {
			return nil, sqlstate.Newf(sqlstate.InvalidAuthorizationSpecification, "role %q does not exist", user)
		}
		s.trusted = true
	}
	me, err := s.identify(set)
	if err == nil && !me.superuser {
		_, err = g.committedCatalog(ctx) // what hasPrivilege knows of system schemas
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Close forgets the session.
func (s *Session) Close() { s.known.Store(nil) }

// User is the current role.
func (s *Session) User() string {
	if s.role != "" {
		return s.role
	}
	return s.authorized
}

// SessionUser is the role that logged in, or that SET SESSION AUTHORIZATION chose.
func (s *Session) SessionUser() string { return s.authorized }

// IsSuperuser tells whether the current role passes the gate unseen.
func (s *Session) IsSuperuser() bool {
	k := s.known.Load()
	return k != nil && k.id.superuser
}

// ReadOnly tells whether the current role is refused every write.
func (s *Session) ReadOnly() bool {
	k := s.known.Load()
	return k == nil || k.id.readOnly && !k.id.superuser
}

// identify returns the current role's identity in set and publishes it.
func (s *Session) identify(set *roleSet) (*identity, error) {
	id, ok := set.identity(s.User())
	if s.trusted && s.User() == s.login && (!ok || s.login == embedded) {
		id, ok = superIdentity(s.login), true
	}
	if !ok {
		s.known.Store(nil)
		return nil, sqlstate.Newf(sqlstate.InvalidAuthorizationSpecification, "role %q does not exist", s.User())
	}
	s.known.Store(&known{id, set})
	return id, nil
}

// Refresh makes known what the current role may do now, for a statement that asks HasPrivilege,
// HasRole or IsSuperuser without a Check before it.
func (s *Session) Refresh(ctx context.Context, q Querier) error {
	set, err := s.roleSet(ctx, q)
	if err != nil {
		return err
	}
	_, err = s.identify(set)
	return err
}

// roleSet returns the roles as the session must see them now.
func (s *Session) roleSet(ctx context.Context, q Querier) (*roleSet, error) {
	if s.rolesDirty {
		return loadRoles(ctx, q)
	}
	return s.gate.committedRoles(ctx)
}

// SetRole is SET ROLE; "" and "none" are RESET ROLE. 42501 if the session's user is not
// a member of it, 22023 if there is no such role. q sees the session's transaction.
func (s *Session) SetRole(ctx context.Context, q Querier, role string) error {
	set, err := s.roleSet(ctx, q)
	if err != nil {
		return err
	}
	if role == "" || lex.EqualFold(role, "none") {
		s.role = ""
		_, err = s.identify(set)
		return err
	}
	if _, ok := set.roles[role]; !ok && !(s.trusted && role == s.login) {
		return sqlstate.Newf(sqlstate.InvalidParameterValue, "role %q does not exist", role)
	}
	me, ok := set.identity(s.authorized)
	if s.trusted && s.authorized == s.login {
		me, ok = superIdentity(s.login), true
	}
	if !ok || !me.superuser && !me.roles[role] {
		return sqlstate.Newf(sqlstate.InsufficientPrivilege, "permission denied to set role %q", role)
	}
	s.role = role
	if role == s.authorized {
		s.role = ""
	}
	_, err = s.identify(set)
	return err
}

// SetSessionAuthorization is for sessions that a superuser opened; "" resets.
func (s *Session) SetSessionAuthorization(ctx context.Context, q Querier, role string) error {
	set, err := s.roleSet(ctx, q)
	if err != nil {
		return err
	}
	if role == "" || lex.EqualFold(role, "default") {
		role = s.login
	}
	if role != s.login {
		if r := set.roles[s.login]; !s.trusted && (r == nil || !r.superuser) {
			return sqlstate.New(sqlstate.InsufficientPrivilege, "permission denied to set session authorization")
		}
		if set.roles[role] == nil {
			return sqlstate.Newf(sqlstate.InvalidParameterValue, "role %q does not exist", role)
		}
	}
	s.authorized, s.role = role, ""
	_, err = s.identify(set)
	return err
}

// RolesChanged says that a statement of roles ran in the open transaction. Until
// TransactionEnded, roles and grants are read through the session's own connection.
func (s *Session) RolesChanged() { s.rolesDirty = true }

// CatalogChanged says that a statement changed tables, views or macros in the open
// transaction by other means than a checked statement.
func (s *Session) CatalogChanged() {
	s.changed()
	s.macrosDirty, s.definedMacros = true, true
}

// changed is CatalogChanged for a statement that has nothing to do with macros.
func (s *Session) changed() { s.catalogDirty, s.defined, s.merged = true, true, nil }

// PathChanged says that the connection's search path may be another than before: a setting
// was changed, or the connection.
func (s *Session) PathChanged() { s.path = nil }

// TransactionEnded is called by the engine after COMMIT, ROLLBACK and every implicit
// transaction; on commit it makes the session's changes known to the whole database.
func (s *Session) TransactionEnded(committed bool) {
	if s.catalogDirty {
		s.merged = nil
		if committed && s.macrosDirty {
			s.gate.macroEpoch.Add(1)
		}
		if committed {
			s.gate.catalogEpoch.Add(1)
		}
	}
	if s.rolesDirty && committed {
		s.gate.RolesChanged()
	}
	s.rolesDirty, s.catalogDirty, s.macrosDirty, s.began = false, false, false, nil
}

// Verdict is a permission to run one statement.
type Verdict struct {
	// Text is what to prepare: the checked text, or for an ordinary role's SHOW TABLES and
	// the like a query that shows what it may see.
	Text string
	// Verb is what the statement does: "select", "insert", "create table", …; empty for a superuser's.
	Verb string
	// Changes tells the engine that Applied has something to do: the statement then
	// needs a transaction around itself and Applied.
	Changes bool

	checked string // the text that was checked
	kinds   []string
	as      *identity
	at      epochs
	fresh   bool // decided on committed roles and catalog alone, so that at tells whether it still holds
	changes []change
}

// Own is the permission for a statement that the engine itself made, to describe something.
// It doesn't survive a Recheck by an ordinary role.
func Own(text string) *Verdict {
	return &Verdict{Text: text, checked: text, as: superIdentity(embedded)}
}

// now returns the epochs.
func (g *Gate) now() epochs {
	return epochs{g.catalogEpoch.Load(), g.macroEpoch.Load(), g.roleEpoch.Load()}
}

// Check decides on one statement, given as DuckDB will get it, after every rewrite.
// q runs look-ups in the session's transaction. A refusal is 42501 (25006 for a READ ONLY
// role that writes, 42P01 for a relation that isn't there).
func (s *Session) Check(ctx context.Context, q Querier, text string) (*Verdict, error) {
	at := s.gate.now()
	set, err := s.roleSet(ctx, q)
	if err != nil {
		return nil, err
	}
	id, err := s.identify(set)
	if err != nil {
		return nil, err
	}
	v := &Verdict{Text: text, checked: text, as: id, at: at}
	if id.superuser {
		return s.superuser(ctx, q, v, set)
	}
	p, err := s.gate.parse(ctx, q, text)
	if err != nil {
		return nil, err
	}
	if p.reads.show != "" {
		v.Text, err = s.show(p.reads.show)
		v.Verb, v.kinds = "select", p.kinds
		return v, err
	}
	if err := s.readPath(ctx, q); err != nil {
		return nil, err
	}
	if s.began == nil {
		s.began = &at
	}
	own := s.catalogDirty || s.rolesDirty
	moved := *s.began != at
	if own || moved {
		// What the transaction sees may differ from what is committed.
		catalog, err := s.uncommitted(ctx, q)
		if err != nil {
			return nil, err
		}
		if err := s.decide(ctx, q, p, set, id, catalog); err != nil {
			return nil, err
		}
		v.changes = s.changesOf(p, set, id, catalog)
	}
	if !own {
		catalog, err := s.visible(ctx, q)
		if err != nil {
			return nil, err
		}
		if err := s.decide(ctx, q, p, set, id, catalog); err != nil {
			return nil, err
		}
		v.fresh = !moved
		v.changes = s.changesOf(p, set, id, catalog)
	}
	v.Verb, v.kinds, v.Changes = p.verb, p.kinds, len(v.changes) > 0
	s.note(v.Verb)
	return v, nil
}

// note remembers that a statement may change what names mean.
func (s *Session) note(verb string) {
	first, object, _ := strings.Cut(verb, " ")
	if !slices.Contains([]string{"create", "drop", "alter", "explain", "comment"}, first) {
		return
	}
	s.changed()
	if object == "macro" || object == "function" {
		s.CatalogChanged()
	}
}

func (s *Session) decide(ctx context.Context, q Querier, p *parsed, set *roleSet, id *identity, catalog catalogView) error {
	d := &decider{names: names{s.gate.opts.Database, catalog, s.path}, ctx: ctx, gate: s.gate, q: q, roles: set, caller: id, seen: map[expansion]bool{}}
	return d.statement(p)
}

// readPath reads the connection's search path, if it may have changed.
func (s *Session) readPath(ctx context.Context, q Querier) error {
	if s.path != nil {
		return nil
	}
	rows, err := q.QueryRows(ctx, `SELECT current_setting('search_path')`)
	if err != nil {
		return err
	}
	if len(rows) != 1 || len(rows[0]) != 1 {
		return errors.New("gate: no search path")
	}
	s.path = append([]place{}, parsePath(text(rows[0][0]), s.gate.opts.Database)...)
	return nil
}

// uncommitted returns the catalog as the session's transaction sees it.
func (s *Session) uncommitted(ctx context.Context, q Querier) (catalogView, error) {
	relations, err := loadRelations(ctx, q)
	if err != nil {
		return catalogView{}, err
	}
	if s.macrosDirty || s.definedMacros || s.began != nil && s.began.macros != s.gate.macroEpoch.Load() {
		macros, err := loadMacros(ctx, q)
		return catalogView{relations, macros}, err
	}
	base, err := s.gate.committedCatalog(ctx)
	return catalogView{relations, base.macros}, err
}

// visible returns the committed catalog with the session's temporary objects.
func (s *Session) visible(ctx context.Context, q Querier) (catalogView, error) {
	at := s.gate.now()
	if s.merged != nil && s.mergedAt == at {
		return *s.merged, nil
	}
	merged, err := s.gate.committedCatalog(ctx)
	if err != nil || !s.defined {
		return merged, err
	}
	own, err := loadRelations(ctx, q)
	if err != nil {
		return merged, err
	}
	merged.relations = mergeTemporary(merged.relations, own.relations, func(r *relation) string { return r.catalog })
	if s.definedMacros {
		macros, err := loadMacros(ctx, q)
		if err != nil {
			return merged, err
		}
		merged.macros = mergeTemporary(merged.macros, macros, func(m *macro) string { return m.catalog })
	}
	s.merged, s.mergedAt = &merged, at
	return merged, nil
}

// mergeTemporary takes what is temporary from own, and everything else from base.
func mergeTemporary[T any](base, own map[string][]T, catalog func(T) string) map[string][]T {
	out := map[string][]T{}
	for _, part := range []struct {
		from map[string][]T
		temp bool
	}{{own, true}, {base, false}} {
		for name, list := range part.from {
			for _, e := range list {
				if lex.EqualFold(catalog(e), "temp") == part.temp {
					out[name] = append(out[name], e)
				}
			}
		}
	}
	return out
}

// Recheck decides again before an execution: at once when neither the role nor any
// grant, table or view has changed since.
func (s *Session) Recheck(ctx context.Context, q Querier, v *Verdict) error {
	k := s.known.Load()
	if v.fresh && v.at == s.gate.now() && !s.rolesDirty && !s.catalogDirty && k != nil && k.id.name == v.as.name {
		return nil
	}
	if v.as.superuser && s.IsSuperuser() && !s.rolesDirty && v.at.roles == s.gate.roleEpoch.Load() {
		return nil
	}
	again, err := s.Check(ctx, q, v.checked)
	if err != nil {
		return err
	}
	if again.Text != v.Text {
		return sqlstate.New(sqlstate.ObjectNotInPrerequisiteState, "the statement must be prepared again: its role has changed")
	}
	*v = *again
	return nil
}

// Prepared compares the verdict with what DuckDB found when it prepared the text:
// kind is DuckDB's name of the statement type. A difference is 42501.
func (v *Verdict) Prepared(kind string) error {
	if v.as.superuser || slices.ContainsFunc(v.kinds, func(k string) bool { return strings.EqualFold(k, kind) }) {
		return nil
	}
	return errUnread("a statement that reads in two ways (" + strings.ToUpper(v.Verb) + " and " + strings.ToUpper(kind) + ")")
}

// show returns a query for SHOW TABLES and its like that shows what the session may see.
func (s *Session) show(what string) (string, error) {
	const mine = "eider_has_privilege(current_connection_id(), schema_name, table_name, '')"
	const relations = `(SELECT database_name, schema_name, table_name FROM duckdb_tables() UNION ALL
		SELECT database_name, schema_name, view_name FROM duckdb_views() WHERE NOT internal)`
	where := " WHERE (database_name = 'temp' OR database_name = current_database() AND " + mine + ")"
	switch what {
	case "tables":
		return "SELECT table_name AS name FROM " + relations + where +
			" AND in_search_path(database_name, schema_name) ORDER BY table_name", nil
	case "__show_tables_expanded":
		return `SELECT r.database_name AS "database", r.schema_name AS "schema", r.table_name AS name, list(c.column_name ORDER BY c.column_index) AS column_names,
			list(c.data_type ORDER BY c.column_index) AS column_types, r.database_name = 'temp' AS temporary FROM ` + relations + ` r JOIN duckdb_columns() c
			USING (database_name, schema_name, table_name)` + strings.ReplaceAll(where, "database_name", "r.database_name") + " GROUP BY ALL ORDER BY ALL", nil
	case "databases":
		return "SELECT current_database() AS database_name", nil
	case "schemas":
		return `SELECT database_name, schema_name FROM duckdb_schemas() WHERE database_name = current_database()
			AND eider_has_privilege(current_connection_id(), schema_name, '', '') ORDER BY schema_name`, nil
	case "variables":
		return "SELECT name, value, type FROM duckdb_variables()", nil
	}
	return "", denied42501("statement", "SHOW "+what)
}

// hasPrivilege answers catalog views.
func (s *Session) hasPrivilege(schema, relation, privilege string) bool {
	k := s.known.Load()
	if k == nil {
		return false
	}
	if k.id.superuser {
		return true
	}
	o := object{kindSchema, lex.Fold(schema), ""}
	if relation != "" {
		o = object{kindTable, o.schema, lex.Fold(relation)}
	}
	var held Privilege
	if s.gate.system(schema) {
		views := s.gate.views.Load()
		switch {
		case relation == "":
			held = Usage
		case views != nil && (*views)[[2]string{o.schema, o.name}]:
			held = Select
		}
	} else {
		held = k.roles.held(k.id, o)
		if relation != "" {
			held |= k.roles.held(k.id, object{kindSequence, o.schema, o.name}) &^ Select
		}
	}
	if privilege == "" {
		return held != 0
	}
	var need Privilege
	for p := range strings.SplitSeq(privilege, ",") {
		p, _ = strings.CutSuffix(lex.Fold(strings.TrimSpace(p)), " with grant option")
		need |= ParsePrivilege(p)
	}
	return held&need != 0
}
