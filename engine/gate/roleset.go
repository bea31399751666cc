package gate

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// public is the role that everybody is a member of.
const public = "public"

// embedded is the name of the superuser of sessions that nobody logged in to.
const embedded = "eider"

// role is a row of eider.role_store.
type role struct {
	name                          string
	canLogin, superuser, readOnly bool
	connectionLimit               int
	validUntil                    time.Time // zero: for ever
	verifier                      string
	settings                      map[string]string
	memberOf                      []string
}

// roleSet is all that is known of roles and grants at one moment. It is not changed
// once it is loaded.
type roleSet struct {
	roles  map[string]*role
	grants map[object]map[string]Privilege // object → grantee → privileges
	owners map[object]string
	// defaults are the grants that come with new objects: by creator and schema ("" is any).
	defaults map[defaultKey][]defaultGrant
}

type defaultKey struct{ creator, schema string }

type defaultGrant struct {
	grantee   string
	kind      string
	privilege string
	grantable bool
}

const (
	rolesSQL = `SELECT role, can_login, superuser, read_only, connection_limit::BIGINT,
		CASE WHEN isfinite(valid_until) THEN epoch_us(valid_until) WHEN valid_until < now() THEN 0 END, coalesce(verifier, '')
		FROM eider.role_store`
	membersSQL  = `SELECT role, member FROM eider.role_member_store ORDER BY role`
	settingsSQL = `SELECT role, name, setting FROM eider.role_setting_store`
	grantsSQL   = `SELECT kind, schema_name, object, grantee, privilege, default_for, grantable FROM eider.grant_store`
	ownersSQL   = `SELECT kind, schema_name, object, owner FROM eider.owner_store`
)

// loadRoles reads the tables of roles.
func loadRoles(ctx context.Context, q Querier) (*roleSet, error) {
	set := &roleSet{roles: map[string]*role{}, grants: map[object]map[string]Privilege{}, owners: map[object]string{},
		defaults: map[defaultKey][]defaultGrant{}}
	steps := []struct {
		sql  string
		take func(row []any) error
	}{
		{rolesSQL, set.takeRole},
		{membersSQL, func(row []any) error {
			if r := set.roles[text(row[1])]; r != nil {
				r.memberOf = append(r.memberOf, text(row[0]))
			}
			return nil
		}},
		{settingsSQL, func(row []any) error {
			if r := set.roles[text(row[0])]; r != nil {
				r.settings[text(row[1])] = text(row[2])
			}
			return nil
		}},
		{grantsSQL, set.takeGrant},
		{ownersSQL, func(row []any) error {
			set.owners[recorded(text(row[0]), text(row[1]), text(row[2]))] = text(row[3])
			return nil
		}},
	}
	for _, s := range steps {
		rows, err := q.QueryRows(ctx, s.sql)
		if sqlstate.Is(err, sqlstate.UndefinedTable) {
			return set, nil // a file opened read-only that has no such tables yet: no roles either
		}
		if err != nil {
			return nil, fmt.Errorf("read roles and grants: %w", err)
		}
		for _, row := range rows {
			if err := s.take(row); err != nil {
				return nil, fmt.Errorf("read roles and grants: %w", err)
			}
		}
	}
	return set, nil
}

func (set *roleSet) takeRole(row []any) error {
	limit, ok := row[4].(int64)
	if !ok {
		return fmt.Errorf("connection_limit is a %T", row[4])
	}
	r := &role{name: text(row[0]), canLogin: yes(row[1]), superuser: yes(row[2]), readOnly: yes(row[3]),
		connectionLimit: int(limit), verifier: text(row[6]), settings: map[string]string{}}
	if us, ok := row[5].(int64); ok {
		r.validUntil = time.UnixMicro(us)
	}
	set.roles[r.name] = r
	return nil
}

func (set *roleSet) takeGrant(row []any) error {
	kind, schema, grantee, privilege, creator := text(row[0]), lex.Fold(text(row[1])), text(row[3]), text(row[4]), text(row[5])
	if creator != "" {
		key := defaultKey{creator, schema}
		set.defaults[key] = append(set.defaults[key], defaultGrant{grantee, kind, privilege, yes(row[6])})
		return nil
	}
	o := recorded(kind, schema, text(row[2]))
	if set.grants[o] == nil {
		set.grants[o] = map[string]Privilege{}
	}
	set.grants[o][grantee] |= ParsePrivilege(privilege)
	return nil
}

func text(v any) string { s, _ := v.(string); return s }

func yes(v any) bool { b, _ := v.(bool); return b }

// identity is a role with all that it inherits.
type identity struct {
	name      string
	superuser bool
	readOnly  bool
	// roles are the role itself, those that it is a member of, and public.
	roles map[string]bool
}

// identity returns the named role's; false if there is no such role.
func (set *roleSet) identity(name string) (*identity, bool) {
	r := set.roles[name]
	if r == nil {
		return nil, false
	}
	id := &identity{name: name, superuser: r.superuser, readOnly: r.readOnly, roles: map[string]bool{public: true}}
	queue := []string{name}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		if id.roles[n] || set.roles[n] == nil {
			continue
		}
		id.roles[n] = true
		queue = append(queue, set.roles[n].memberOf...)
	}
	return id, true
}

// superIdentity is a superuser without a row, as the embedded one is.
func superIdentity(name string) *identity {
	return &identity{name: name, superuser: true, roles: map[string]bool{name: true, public: true}}
}

// owns tells whether the identity has the owner's rights on an object. What has no owner
// belongs to the superusers.
func (set *roleSet) owns(id *identity, o object) bool {
	if id.superuser {
		return true
	}
	owner, ok := set.owners[o]
	return ok && id.roles[owner]
}

// held returns what the identity may do with an object.
func (set *roleSet) held(id *identity, o object) Privilege {
	if set.owns(id, o) {
		return ^Privilege(0)
	}
	var p Privilege
	add := func(o object) {
		for grantee, granted := range set.grants[o] {
			if id.roles[grantee] {
				p |= granted
			}
		}
	}
	add(o)
	if o.kind == kindTable {
		// GRANT SELECT ON SCHEMA s is about every table of s, those to come included.
		add(object{kindSchema, o.schema, ""})
		p &^= Usage | Create
	}
	return p
}

// touched tells whether anything is recorded of an object, or of what lies in a schema.
func (set *roleSet) touched(o object) bool {
	if _, ok := set.owners[o]; ok || len(set.grants[o]) > 0 {
		return true
	}
	if o.kind != kindSchema {
		return false
	}
	for k := range maps.Keys(set.owners) {
		if k.schema == o.schema {
			return true
		}
	}
	for k := range maps.Keys(set.grants) {
		if k.schema == o.schema {
			return true
		}
	}
	return false
}

// hasPasswords tells whether any role has a password, be it expired or without LOGIN:
// whoever set one doesn't want everybody to be trusted.
func (set *roleSet) hasPasswords() bool {
	for _, r := range set.roles {
		if r.verifier != "" {
			return true
		}
	}
	return false
}
