package role

import (
	"context"
	"fmt"
	"strings"

	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

func superuserOnly(s stmt.Session, what string) error {
	if s.IsSuperuser() {
		return nil
	}
	return sqlstate.New(sqlstate.InsufficientPrivilege, "permission denied to "+what).WithHint("Only superusers may do that.")
}

func createRole() *stmt.Kind {
	return &stmt.Kind{
		Name:  "CREATE ROLE",
		Leads: [][]string{{"create", "role"}, {"create", "user"}, {"create", "group"}},
		Parse: parseCreate,
		Doc: stmt.Doc{
			Summary: "Creates a role: somebody who can log in, or a group of privileges.",
			Syntax: `CREATE {ROLE | USER | GROUP} [IF NOT EXISTS] name [[WITH] option …]

option: LOGIN | NOLOGIN | SUPERUSER | NOSUPERUSER | READ ONLY | READ WRITE
      | PASSWORD {'password' | NULL} | VALID UNTIL 'timestamp' | CONNECTION LIMIT n
      | IN ROLE name [, …] | ROLE name [, …] | ADMIN name [, …]`,
			Notes: "`CREATE USER` is `CREATE ROLE … LOGIN`. A `READ ONLY` role is refused every write (25006), whatever it was granted.\n\n" +
				"A password is stored as a SCRAM-SHA-256 verifier in PostgreSQL's format; a verifier is accepted instead of a password. " +
				"While no role has a password, clients on loopback are trusted and are superusers. The first role with a password must be a superuser " +
				"with LOGIN, and the last such one can't be dropped or demoted while others have passwords.\n\n" +
				"`CREATEDB`, `CREATEROLE`, `NOINHERIT`, `REPLICATION` and `BYPASSRLS` are not supported; their opposites are accepted.",
			Examples: []stmt.Example{
				{SQL: "CREATE ROLE analysts"},
				{SQL: "CREATE ROLE admin SUPERUSER LOGIN PASSWORD 'correct horse battery'"},
				{SQL: "CREATE USER ann PASSWORD 'swordfish' IN ROLE analysts CONNECTION LIMIT 10"},
				{SQL: "SELECT role, can_login, superuser, has_password, member_of FROM eider.roles ORDER BY role",
					Want: "admin\ttrue\ttrue\ttrue\t[]\nanalysts\tfalse\tfalse\tfalse\t[]\nann\ttrue\tfalse\ttrue\t[analysts]"},
				{SQL: "CREATE ROLE ann", Code: "42710"},
			},
		},
	}
}

type create struct {
	name        string
	span        parse.Span
	user        bool
	ifNotExists bool
	*options
}

func parseCreate(p *parse.Parser) (stmt.Statement, error) {
	p.Next()
	c := &create{user: p.Is("user")}
	p.Next()
	c.ifNotExists = p.AcceptWords("if", "not", "exists")
	at := p.Peek()
	var err error
	if c.name, err = newName(p); err != nil {
		return nil, err
	}
	c.span = p.Between(at.Start, at.End)
	c.options, err = readOptions(p, true)
	return c, err
}

func (c *create) Plan(ctx context.Context, s stmt.Session) (*stmt.Plan, error) {
	if err := superuserOnly(s, "create role"); err != nil {
		return nil, err
	}
	return plan("CREATE ROLE", []string{fmt.Sprintf("Create role %q", c.name)}, c.exec), nil
}

func (c *create) exec(ctx context.Context, s Session) error {
	found, err := exists(ctx, s, c.name)
	if err != nil {
		return err
	}
	if found {
		if c.ifNotExists {
			s.Notice("NOTICE", fmt.Sprintf("role %q already exists, skipping", c.name))
			return nil
		}
		return parse.Errorf(c.span, sqlstate.DuplicateObject, "role %q already exists", c.name)
	}
	if c.login == nil {
		c.login = &c.user
	}
	err = run(ctx, s, []any{c.name}, `INSERT INTO eider.role_store (role, can_login, superuser, read_only, connection_limit, created_at)
		VALUES ($1, false, false, false, -1, now())`)
	if err != nil {
		return err
	}
	if err := c.store(ctx, s, c.name); err != nil {
		return err
	}
	if err := c.join(ctx, s); err != nil {
		return err
	}
	return guarded(ctx, s)
}

// store writes the options of an existing role.
func (o *options) store(ctx context.Context, s Session, role string) error {
	sets, args, err := o.assignments(ctx, s)
	if err != nil || len(sets) == 0 {
		return err
	}
	return run(ctx, s, append([]any{role}, args...), "UPDATE eider.role_store SET "+strings.Join(sets, ", ")+" WHERE role = $1")
}

// join makes the new role a member of others, and others its members.
func (c *create) join(ctx context.Context, s Session) error {
	into, err := resolveAll(ctx, s, c.inRoles, false)
	if err != nil {
		return err
	}
	for _, r := range into {
		if err := addMember(ctx, s, r, c.name, false); err != nil {
			return err
		}
	}
	for _, list := range []struct {
		names []name
		admin bool
	}{{c.members, false}, {c.admins, true}} {
		members, err := resolveAll(ctx, s, list.names, false)
		if err != nil {
			return err
		}
		for _, m := range members {
			if err := addMember(ctx, s, c.name, m, list.admin); err != nil {
				return err
			}
		}
	}
	return nil
}
