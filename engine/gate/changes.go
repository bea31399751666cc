package gate

import (
	"context"
	"fmt"

	"github.com/eiderdb/eider/sql/lex"
)

// change is what a statement does to the records of owners and grants.
type change struct {
	op      operation
	object  object // with the names as written
	newName string
	// owner is who shall own what was created; empty forgets an owner.
	owner  string
	grants []defaultGrant
}

// changesOf returns what must be recorded once the statement has succeeded.
func (s *Session) changesOf(p *parsed, set *roleSet, id *identity, catalog catalogView) []change {
	n := names{s.gate.opts.Database, catalog, s.path}
	d := &decider{names: n, gate: s.gate, roles: set, caller: id}
	var out []change
	for i := range p.targets {
		t := &p.targets[i]
		if t.op == opUse || t.op == opAlter {
			continue
		}
		var where place
		switch {
		case t.kind == kindSchema:
			where = place{n.database, t.ref.schema}
		case t.op == opCreate && t.kind == kindIndex:
			found := n.find(t.on, n.path)
			if len(found) == 0 || t.ref.name == "" {
				continue
			}
			where = place{found[0].catalog, found[0].schema}
		case t.op == opCreate:
			where = n.schemaOf(t)
		default:
			found, ok := d.locate(t)
			if !ok {
				continue
			}
			where = found
		}
		if !lex.EqualFold(where.catalog, n.database) {
			continue
		}
		if c, ok := d.change(t, where); ok {
			out = append(out, c)
		}
	}
	return out
}

// change returns what to record for one target; false if nothing.
func (d *decider) change(t *target, where place) (change, bool) {
	c := change{op: t.op, object: object{t.kind, where.schema, t.ref.name}, newName: t.newName}
	folded := object{t.kind, lex.Fold(where.schema), lex.Fold(t.ref.name)}
	if t.op != opCreate {
		return c, d.roles.touched(folded)
	}
	at := *t
	at.ref = reference{where.catalog, where.schema, t.ref.name}
	exists := false
	if t.kind == kindSchema {
		exists = d.catalog.schemas[[2]string{lex.Fold(d.database), folded.schema}]
	} else {
		_, exists = d.locate(&at)
	}
	if exists && t.ifNotExists {
		return c, false
	}
	if d.caller.superuser {
		_, owned := d.roles.owners[folded]
		c.grants = d.defaults(t.kind, folded.schema)
		return c, owned || len(c.grants) > 0
	}
	c.owner, c.grants = d.caller.name, d.defaults(t.kind, folded.schema)
	return c, true
}

// defaults are the grants that a new object of the caller gets.
func (d *decider) defaults(kind, schema string) []defaultGrant {
	var out []defaultGrant
	for _, key := range []defaultKey{{d.caller.name, schema}, {d.caller.name, ""}} {
		for _, g := range d.roles.defaults[key] {
			if g.kind == kind {
				out = append(out, g)
			}
		}
	}
	return out
}

// superuser returns a superuser's verdict: what it creates, drops and renames is recorded, nothing is refused.
func (s *Session) superuser(ctx context.Context, q Querier, v *Verdict, set *roleSet) (*Verdict, error) {
	v.fresh = !s.rolesDirty
	word := firstWord(v.Text)
	if setsPath[word] {
		s.PathChanged()
	}
	if changesRows[word] {
		return v, nil
	}
	s.changed()
	st, err := analyse(v.Text)
	if err != nil || len(st.targets) == 0 {
		s.CatalogChanged()
		return v, nil // not a definition that records need to know of
	}
	s.note(st.verb)
	v.fresh = false
	if len(set.owners)+len(set.grants)+len(set.defaults) <= initialGrants {
		return v, nil // nobody was ever granted anything
	}
	if err := s.readPath(ctx, q); err != nil {
		return nil, err
	}
	catalog, err := s.uncommitted(ctx, q)
	if err != nil {
		return nil, err
	}
	v.changes = s.changesOf(&parsed{statement: st}, set, v.as, catalog)
	v.Changes = len(v.changes) > 0
	return v, nil
}

// initialGrants is the number of objects that a new database has grants on.
const initialGrants = 2

// changesRows are the first words of statements that surely leave the catalog alone.
var changesRows = set("select", "with", "from", "values", "table", "insert", "update", "delete", "merge", "truncate", "copy",
	"describe", "desc", "summarize", "show", "begin", "commit", "rollback", "start", "end", "abort", "set", "reset")

// setsPath are those of statements that may change the search path.
var setsPath = set("set", "reset", "use", "pragma", "call", "detach", "attach", "")

// firstWord is the first word of a statement, folded; blanks, comments and parentheses before it don't count.
func firstWord(sql string) string {
	for len(sql) > 0 {
		toks := lex.Lex(sql[:min(len(sql), 256)])
		if len(toks) == 0 {
			break
		}
		for _, t := range toks {
			switch {
			case t.Kind == lex.Ident && (t.End < 256 || t.End == len(sql)):
				return lex.Fold(t.Text(sql))
			case t.Kind == lex.Ident, !t.IsBlank() && !t.Is(sql, "("):
				return ""
			}
		}
		sql = sql[toks[len(toks)-1].End:]
	}
	return ""
}

// Applied records who owns what a statement created, and forgets what it dropped or renamed.
// The engine calls it in the statement's transaction after it succeeded; superusers included.
func (s *Session) Applied(ctx context.Context, q Querier, v *Verdict) error {
	if len(v.changes) == 0 {
		return nil
	}
	s.rolesDirty = true
	for _, c := range v.changes {
		if err := c.apply(ctx, q, s.User()); err != nil {
			return fmt.Errorf("record the owner of %s %q: %w", c.object.kind, c.object.name, err)
		}
	}
	return nil
}

const (
	sameObject = ` WHERE lower(schema_name) = lower($1) AND lower(object) = lower($2) AND kind = $3`
	sameSchema = ` WHERE lower(schema_name) = lower($1)`
)

func (c *change) apply(ctx context.Context, q Querier, grantor string) error {
	run := func(sql string, args ...any) error {
		_, err := q.QueryRows(ctx, sql, args...)
		return err
	}
	o := c.object
	if o.kind == kindSchema {
		o.name = ""
	}
	switch c.op {
	case opDrop:
		for _, table := range []string{"eider.owner_store", "eider.grant_store"} {
			var err error
			if o.kind == kindSchema {
				err = run("DELETE FROM "+table+sameSchema, o.schema)
			} else {
				err = run("DELETE FROM "+table+sameObject, o.schema, o.name, o.kind)
			}
			if err != nil {
				return err
			}
		}
	case opRename:
		for _, table := range []string{"eider.owner_store", "eider.grant_store"} {
			if err := run("UPDATE "+table+" SET object = $4"+sameObject, o.schema, o.name, o.kind, c.newName); err != nil {
				return err
			}
		}
	case opCreate:
		if err := run("DELETE FROM eider.owner_store"+sameObject, o.schema, o.name, o.kind); err != nil {
			return err
		}
		if c.owner != "" {
			if err := run("INSERT INTO eider.owner_store VALUES ($1, $2, $3, $4)", o.kind, o.schema, o.name, c.owner); err != nil {
				return err
			}
		}
		for _, g := range c.grants {
			if err := run("INSERT OR IGNORE INTO eider.grant_store VALUES ($1, $2, $3, $4, $5, '', $6, $7)",
				g.grantee, o.kind, o.schema, o.name, g.privilege, grantor, g.grantable); err != nil {
				return err
			}
		}
	}
	return nil
}
