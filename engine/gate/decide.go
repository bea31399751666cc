package gate

import (
	"context"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// maxExpansion bounds views within views within macros.
const maxExpansion = 100

// decider decides on one statement.
type decider struct {
	names
	ctx   context.Context
	gate  *Gate
	q     Querier
	roles *roleSet
	// caller is the session's role.
	caller *identity
	// seen are the views and macros that were looked into, by the role whose rights counted.
	seen map[expansion]bool
}

type expansion struct {
	what any // *relation or *macro
	as   string
}

// frame is the view or macro that a name stands in; nil is the statement itself.
type frame struct {
	as    *identity // whose rights count
	view  *relation // the view that gives another role's rights, if any
	path  []place
	depth int
	// args are the constant strings that a macro's parameters stand for, by folded name.
	args map[string]*string
	// trusted frames are Eider's own; only names that come from the caller are looked at.
	trusted bool
}

func denied42501(kind, name string) *sqlstate.Error {
	return sqlstate.Newf(sqlstate.InsufficientPrivilege, "permission denied for %s %s", kind, name)
}

func notOwner(kind, name string) *sqlstate.Error {
	return sqlstate.Newf(sqlstate.InsufficientPrivilege, "must be owner of %s %s", kind, name)
}

// statement decides on the whole.
func (d *decider) statement(p *parsed) error {
	if p.writes && d.caller.readOnly {
		return sqlstate.Newf(sqlstate.ReadOnlySQLTransaction, "cannot execute %s in a read-only transaction", strings.ToUpper(p.verb)).
			WithDetail("The role %q is READ ONLY.", d.caller.name)
	}
	for i := range p.targets {
		if err := d.target(p, &p.targets[i]); err != nil {
			return err
		}
	}
	return d.reading(&p.reads, &frame{as: d.caller, path: d.path})
}

// reading decides on everything that a query reads and calls.
func (d *decider) reading(r *reading, f *frame) error {
	if f.depth > maxExpansion {
		return sqlstate.New(sqlstate.StatementTooComplex, "views and macros are nested too deeply")
	}
	for i := range r.calls {
		if err := d.call(&r.calls[i], f); err != nil {
			return err
		}
	}
	if f.trusted {
		return nil
	}
	for _, ref := range r.relations {
		if _, err := d.relation(ref, f, Select); err != nil {
			return err
		}
	}
	return nil
}

// relation decides on the use of one relation and returns it.
func (d *decider) relation(ref reference, f *frame, need Privilege) (*relation, error) {
	found := d.find(ref, f.path)
	switch len(found) {
	case 0:
		return nil, undefined(ref)
	case 1:
	default:
		return nil, sqlstate.Newf(sqlstate.InsufficientPrivilege, "permission denied: the name %q is ambiguous", spell(ref)).
			WithHint("Qualify it with database and schema.")
	}
	r := found[0]
	if f.view != nil {
		if err := d.shadow(ref, r, f); err != nil {
			return nil, err
		}
	}
	if err := d.allowed(r, f.as, need); err != nil {
		return nil, err
	}
	if r.kind == "view" && need == Select {
		return r, d.view(r, f)
	}
	return r, nil
}

func spell(ref reference) string {
	s := ref.name
	if ref.schema != "" {
		s = ref.schema + "." + s
	}
	if ref.catalog != "" {
		s = ref.catalog + "." + s
	}
	return s
}

// undefined is the error for a name that no relation has. DuckDB would take it for a file's name.
func undefined(ref reference) error {
	if strings.ContainsAny(spell(ref), `./\:*?[`) && ref.schema == "" {
		return denied42501("file", ref.name)
	}
	return sqlstate.Newf(sqlstate.UndefinedTable, "relation %q does not exist", spell(ref))
}

// shadow refuses a view that runs with another's rights when one of its names means something
// that its owner didn't choose: DuckDB looks at temporary objects and the caller's search path too.
func (d *decider) shadow(ref reference, r *relation, f *frame) error {
	if ref.schema != "" && !lex.EqualFold(r.catalog, "temp") {
		return nil
	}
	home := lex.EqualFold(r.catalog, f.view.catalog) && lex.EqualFold(r.schema, f.view.schema)
	base := lex.EqualFold(r.catalog, d.database) && lex.EqualFold(r.schema, "main")
	if home || base || lex.EqualFold(r.catalog, "system") {
		return nil
	}
	return d.shadowed(f.view, ref.name)
}

func (d *decider) shadowed(view *relation, name string) error {
	return denied42501("view", view.name).WithDetail("Its query names %q, which is something else in this session than the view's owner means.", name).
		WithHint("Drop or rename the session's own %q, or qualify the name in the view.", name)
}

// allowed decides on a relation without looking into it.
func (d *decider) allowed(r *relation, as *identity, need Privilege) error {
	if as.superuser || lex.EqualFold(r.catalog, "temp") {
		return nil
	}
	if !lex.EqualFold(r.catalog, d.database) {
		if d.gate.catalogs(r.catalog) && need == Select && !d.common(r.catalog, r.schema, r.name) {
			return nil
		}
		if lex.EqualFold(r.catalog, "system") {
			return denied42501(r.kind, r.schema+"."+r.name)
		}
		return denied42501("database", r.catalog)
	}
	if d.gate.system(r.schema) {
		if r.kind == "view" && need == Select {
			return nil
		}
		return denied42501(r.kind, r.name)
	}
	if err := d.usage(r.schema, as); err != nil {
		return err
	}
	kind := kindTable
	if r.kind == "sequence" {
		kind = kindSequence
	}
	if held := d.roles.held(as, object{kind, lex.Fold(r.schema), lex.Fold(r.name)}); held&need != need {
		return denied42501(r.kind, r.name)
	}
	return nil
}

// usage decides on the use of a schema: USAGE, or a privilege on all of its tables.
func (d *decider) usage(schema string, as *identity) error {
	if as.superuser || d.roles.held(as, object{kindSchema, lex.Fold(schema), ""})&^Create != 0 {
		return nil
	}
	return denied42501("schema", schema)
}

// common tells whether a name in the catalogs stands for what only superusers may see in full: there
// is a relation or macro of that name that shows what others may see, or none was made yet.
func (d *decider) common(catalog, schema, name string) bool {
	if !lex.EqualFold(catalog, commonDatabase) {
		return false
	}
	if !d.catalog.databases[ownDatabase] && !d.catalog.databases[roleDatabase] {
		return true
	}
	for _, r := range d.catalog.relations[lex.Fold(name)] {
		if (lex.EqualFold(r.catalog, ownDatabase) || lex.EqualFold(r.catalog, roleDatabase)) && lex.EqualFold(r.schema, schema) {
			return true
		}
	}
	for _, m := range d.catalog.macros[lex.Fold(name)] {
		if (lex.EqualFold(m.catalog, ownDatabase) || lex.EqualFold(m.catalog, roleDatabase)) && lex.EqualFold(m.schema, schema) {
			return true
		}
	}
	return false
}

// view looks into a view with its owner's rights.
func (d *decider) view(r *relation, f *frame) error {
	if lex.EqualFold(r.catalog, "system") || d.gate.catalogs(r.catalog) {
		return nil
	}
	inner := &frame{as: f.as, view: f.view, depth: f.depth + 1}
	inner.path = append([]place{{r.catalog, r.schema}}, d.path...)
	if !lex.EqualFold(r.catalog, "temp") {
		inner.as = d.owner(object{kindTable, lex.Fold(r.schema), lex.Fold(r.name)})
		if inner.as.name != d.caller.name {
			inner.view = r
		}
	}
	key := expansion{r, inner.as.name}
	if d.seen[key] {
		return nil
	}
	d.seen[key] = true
	p, err := d.gate.parse(d.ctx, d.q, r.definition)
	if err != nil {
		if inner.as.superuser && !d.temporaries() {
			return nil // nothing of the caller's can stand in for what it names
		}
		return denied42501("view", r.name).WithDetail("Its query can't be analysed: %s.", sqlstate.From(err).Message).Because(err)
	}
	return d.reading(&p.reads, inner)
}

// temporaries tells whether the session has temporary relations or macros of its own.
func (d *decider) temporaries() bool {
	for _, rs := range d.catalog.relations {
		for _, r := range rs {
			if lex.EqualFold(r.catalog, "temp") {
				return true
			}
		}
	}
	for name, ms := range d.catalog.macros {
		for _, m := range ms {
			if lex.EqualFold(m.catalog, "temp") && d.gate.functions[name] == nil {
				return true
			}
		}
	}
	return false
}

// owner is the identity of an object's owner; what nobody is recorded for belongs to a superuser.
func (d *decider) owner(o object) *identity {
	name, ok := d.roles.owners[o]
	if !ok {
		return superIdentity(embedded)
	}
	if id, ok := d.roles.identity(name); ok {
		return id
	}
	return &identity{name: name, roles: map[string]bool{public: true}} // dropped by hand: no rights
}

// call decides on a function's use.
func (d *decider) call(c *call, f *frame) error {
	macros, err := d.macros(c, f)
	if err != nil {
		return err
	}
	if c.table && (c.name == "query" || c.name == "query_table") {
		return d.dynamic(c, f)
	}
	for _, m := range macros {
		if err := d.model(m, c, f); err != nil {
			return err
		}
		if err := d.expand(m, c, f); err != nil {
			return err
		}
	}
	if f.as.superuser || f.trusted {
		return nil
	}
	if d.gate.catalogs(c.catalog) && len(macros) > 0 {
		if d.common(c.catalog, c.schema, c.name) {
			return denied42501("function", c.name)
		}
		return nil
	}
	for _, qualifier := range []string{c.catalog, c.schema} {
		if d.elsewhere(qualifier) {
			return denied42501("function", c.name)
		}
	}
	switch classified()[functionKey{c.name, c.table}] {
	case allowed:
		return nil
	case byArgument:
		return d.argument(c, f)
	case denied:
		return denied42501("function", c.name)
	}
	switch {
	case len(macros) > 0, c.syntax, d.gate.functions[c.name] != nil:
		return nil
	case aboutSession[c.name] && c.self:
		return nil
	}
	return d.unknown(c)
}

// elsewhere tells whether a function's qualifier names a database that is not the guarded one.
func (d *decider) elsewhere(qualifier string) bool {
	q := lex.Fold(qualifier)
	return d.catalog.databases[q] && q != "system" && q != "temp" && q != lex.Fold(d.database) && !d.gate.catalogs(q)
}

// aboutSession are functions of the engine's that everybody may call about the own connection:
// the first argument must be current_connection_id().
var aboutSession = set("eider_has_privilege", "eider_has_role", "eider_has_model", "eider_jobs", "eider_cancel_backend", "eider_terminate_backend", "eider_sessions", "eider_settings")

// unknown is the refusal of a function that is on no list; if there is none of that name, it says so.
func (d *decider) unknown(c *call) error {
	rows, err := d.q.QueryRows(d.ctx, `SELECT 1 FROM duckdb_functions() WHERE lower(function_name) = $1 LIMIT 1`, c.name)
	if err == nil && len(rows) == 0 {
		return sqlstate.Newf(sqlstate.UndefinedFunction, "function %s does not exist", c.name)
	}
	return denied42501("function", c.name)
}

// macros returns the macros that a call may mean, whatever their place: a search path that
// is looked at less closely than DuckDB does only finds more to check. A qualifier says nothing,
// because x.f() is f(x) too.
func (d *decider) macros(c *call, f *frame) ([]*macro, error) {
	var found []*macro
	if lex.EqualFold(c.catalog, "system") {
		return nil, nil // DuckDB's own
	}
	own := d.gate.functions[c.name]
	if own != nil && own.body != "" {
		found = append(found, own)
	}
	for _, m := range d.catalog.macros[c.name] {
		temporary := lex.EqualFold(m.catalog, "temp")
		if temporary && own != nil || !temporary && !lex.EqualFold(m.catalog, d.database) && !d.gate.catalogs(m.catalog) {
			continue // Eider's, or reached only by its database's name, which is refused
		}
		if f.view != nil {
			home := lex.EqualFold(m.catalog, f.view.catalog) && lex.EqualFold(m.schema, f.view.schema)
			base := !temporary && (lex.EqualFold(m.schema, "main") || d.gate.system(m.schema) || d.gate.catalogs(m.catalog) || c.schema != "")
			if !home && !base {
				return nil, d.shadowed(f.view, m.name)
			}
		}
		found = append(found, m)
	}
	return found, nil
}

// expand looks into a macro with the rights of whoever calls it.
func (d *decider) expand(m *macro, c *call, f *frame) error {
	own := m.own || lex.EqualFold(m.catalog, d.database) && d.gate.system(m.schema) || d.gate.catalogs(m.catalog)
	inner := &frame{as: f.as, view: f.view, path: f.path, depth: f.depth + 1, args: d.passed(m, c, f), trusted: own || f.trusted}
	if f.depth > maxExpansion {
		return sqlstate.New(sqlstate.StatementTooComplex, "macros are nested too deeply")
	}
	if !own {
		key := expansion{m, f.as.name}
		if d.seen[key] && len(inner.args) == 0 {
			return nil
		}
		d.seen[key] = true
		if lex.EqualFold(m.catalog, d.database) {
			if err := d.usage(m.schema, f.as); err != nil {
				return err
			}
		}
	}
	if inner.trusted && !strings.Contains(lex.Fold(m.body), "query") {
		return nil // nothing in it reads what a parameter names
	}
	sql := m.body
	if !m.table {
		sql = "SELECT (" + m.body + "\n)"
	}
	p, err := d.gate.parse(d.ctx, d.q, sql)
	if err != nil {
		return denied42501("function", m.name).WithDetail("Its body can't be analysed: %s.", sqlstate.From(err).Message).Because(err)
	}
	return d.reading(&p.reads, inner)
}

// passed are the constant strings that a macro's parameters stand for in a call.
func (d *decider) passed(m *macro, c *call, f *frame) map[string]*string {
	out := map[string]*string{}
	at := 0
	if c.schema != "" && m.schema != "" && !lex.EqualFold(c.schema, m.schema) && !lex.EqualFold(c.schema, m.catalog) || m.own && c.schema != "" {
		at = 1 // x.f(): x is the first argument
	}
	for i := range c.args {
		name := ""
		if i < len(c.named) {
			name = c.named[i]
		}
		if name == "" {
			if at < len(m.params) {
				name = m.params[at]
			}
			at++
		}
		if v := d.constant(c, i, f); v != nil && name != "" {
			out[name] = v
		}
	}
	return out
}

// constant returns argument i if it is a constant string, directly or through a macro's parameter.
func (d *decider) constant(c *call, i int, f *frame) *string {
	if i >= len(c.args) {
		return nil
	}
	if c.args[i] != nil || i >= len(c.param) || c.param[i] == "" {
		return c.args[i]
	}
	return f.args[lex.Fold(c.param[i])]
}

// dynamic decides on query('…') and query_table('t'), which read what a string says.
func (d *decider) dynamic(c *call, f *frame) error {
	// In a macro, Eider's own too, the string comes from whoever calls it, and f.as is that role.
	as := &frame{as: f.as, view: f.view, path: f.path, depth: f.depth + 1}
	if as.as.superuser && f.view == nil {
		return nil
	}
	s := d.constant(c, 0, f)
	if s == nil {
		return denied42501("function", c.name).WithDetail("What it reads must be a constant string.")
	}
	if c.name == "query" {
		p, err := d.gate.parse(d.ctx, d.q, *s)
		if err != nil {
			return err
		}
		if p.verb != "select" || p.reads.show != "" {
			return denied42501("function", c.name)
		}
		return d.reading(&p.reads, as)
	}
	if stmts := lex.Split(*s); len(stmts) > 0 {
		q, err := parse.New(*s, stmts[0]).QualifiedName("a table's name")
		if err != nil {
			return denied42501("function", c.name).Because(err)
		}
		ref, err := toReference(q)
		if err != nil || q.Span.Text != strings.TrimSpace(*s) {
			return denied42501("function", c.name)
		}
		_, err = d.relation(ref, as, Select)
		return err
	}
	return denied42501("function", c.name)
}

// argument decides on functions that are harmless with some arguments.
func (d *decider) argument(c *call, f *frame) error {
	s := d.constant(c, 0, f)
	switch c.name {
	case "getvariable":
		return nil // the session's own
	case "current_setting":
		if s != nil && readableSettings[lex.Fold(*s)] {
			return nil
		}
		return denied42501("function", c.name).WithHint("SHOW and pg_settings tell the settings that a session may know.")
	case "nextval", "currval":
		if s == nil {
			return denied42501("function", c.name).WithDetail("The sequence must be a constant string.")
		}
		if c.name == "nextval" && d.caller.readOnly {
			return sqlstate.New(sqlstate.ReadOnlySQLTransaction, "cannot execute nextval() in a read-only transaction")
		}
		if stmts := lex.Split(*s); len(stmts) > 0 {
			q, err := parse.New(*s, stmts[0]).QualifiedName("a sequence's name")
			if err != nil {
				return err
			}
			ref, err := toReference(q)
			if err != nil {
				return err
			}
			_, err = d.relation(ref, &frame{as: f.as, path: f.path}, Usage)
			return err
		}
	}
	return denied42501("function", c.name)
}
