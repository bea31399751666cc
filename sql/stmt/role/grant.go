package role

import (
	"context"
	"fmt"
	"strings"

	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

const grantSyntax = `%[1]s {privilege [, …] | ALL [PRIVILEGES]} ON [TABLE] name [, …] %[2]s
%[1]s {privilege [, …] | ALL [PRIVILEGES]} ON ALL {TABLES | SEQUENCES} IN SCHEMA name [, …] %[2]s
%[1]s {privilege [, …] | ALL [PRIVILEGES]} ON {SCHEMA | DATABASE | SEQUENCE | MODEL} name [, …] %[2]s
%[3]s`

func grant() *stmt.Kind {
	return &stmt.Kind{
		Name:  "GRANT",
		Leads: [][]string{{"grant"}},
		Parse: func(p *parse.Parser) (stmt.Statement, error) { return parseGrant(p, false) },
		Doc: stmt.Doc{
			Summary: "Gives privileges on objects, or membership in a role.",
			Syntax: fmt.Sprintf(grantSyntax, "GRANT", "TO role [, …] [WITH GRANT OPTION]", "GRANT role [, …] TO role [, …] [WITH ADMIN OPTION]") + `

privilege on a table or view: SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES
          on a sequence:      USAGE, SELECT, UPDATE
          on a schema:        USAGE, CREATE, and those on tables: they hold for all its tables, those to come included
          on the database:    CONNECT, CREATE, TEMPORARY
          on a model:         PREDICT, TRAIN, DEPLOY`,
			Notes: "`PUBLIC` is every role. Who is not a superuser may grant on what it owns, and what it was granted WITH GRANT OPTION. " +
				"A member of a role has its privileges and may SET ROLE to it. Using a table takes USAGE on its schema too; everybody has it on `main`.\n\n" +
				"A view reads with its owner's privileges: grant SELECT on a view to show a part of a table.",
			Examples: []stmt.Example{
				{Setup: "CREATE ROLE analysts; CREATE USER ann; CREATE TABLE orders (id INTEGER, total DOUBLE)", SQL: "GRANT SELECT, INSERT ON orders TO analysts"},
				{SQL: "GRANT analysts TO ann"},
				{Setup: "CREATE SCHEMA mart", SQL: "GRANT USAGE, SELECT ON SCHEMA mart TO PUBLIC"},
				{SQL: "SELECT grantee, object_type, schema_name, object_name, privilege FROM eider.grants WHERE grantor IS NOT NULL ORDER BY ALL",
					Want: "analysts\ttable\tmain\torders\tINSERT\nanalysts\ttable\tmain\torders\tSELECT\npublic\tschema\tmart\tNULL\tSELECT\npublic\tschema\tmart\tNULL\tUSAGE"},
				{Setup: "TRAIN MODEL rent TARGET price USING linear AS SELECT i AS size, i * 9.0 AS price FROM range(100) t(i)", SQL: "GRANT PREDICT ON MODEL rent TO ann"},
				{SQL: "GRANT PREDICT ON MODEL rend TO ann", Code: "42704"},
				{SQL: "GRANT SELECT ON nowhere TO ann", Code: "42P01"},
				{SQL: "GRANT USAGE ON TABLE orders TO ann", Code: "0LP01"},
			},
		},
	}
}

func revoke() *stmt.Kind {
	return &stmt.Kind{
		Name:  "REVOKE",
		Leads: [][]string{{"revoke"}},
		Parse: func(p *parse.Parser) (stmt.Statement, error) { return parseGrant(p, true) },
		Doc: stmt.Doc{
			Summary: "Takes privileges or a membership away.",
			Syntax: fmt.Sprintf(grantSyntax, "REVOKE [GRANT OPTION FOR]", "FROM role [, …] [CASCADE | RESTRICT]",
				"REVOKE [ADMIN OPTION FOR] role [, …] FROM role [, …] [CASCADE | RESTRICT]"),
			Notes: "Open sessions are refused from their next statement on, prepared statements included. What the role had granted on stays.",
			Examples: []stmt.Example{
				{Setup: "CREATE ROLE bi; CREATE TABLE t (a INTEGER); GRANT ALL ON t TO bi", SQL: "REVOKE INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES ON t FROM bi"},
				{SQL: "SELECT grantee, privilege FROM eider.grants WHERE object_name = 't'", Want: "bi\tSELECT"},
				{SQL: "REVOKE TEMPORARY ON DATABASE memory FROM PUBLIC"},
			},
		},
	}
}

// grantStatement is GRANT and REVOKE.
type grantStatement struct {
	revoke bool
	// option is WITH GRANT OPTION, WITH ADMIN OPTION, or their FOR forms of REVOKE.
	option     bool
	privileges []parse.Name // nil: all
	on         *objects     // nil: roles
	roles      []name
	to         []name
}

func parseGrant(p *parse.Parser, revoke bool) (stmt.Statement, error) {
	p.Next()
	g := &grantStatement{revoke: revoke}
	if revoke && (p.AcceptWords("grant", "option", "for") || p.AcceptWords("admin", "option", "for")) {
		g.option = true
	}
	start := p.Mark()
	var err error
	if g.privileges, err = readPrivileges(p); err != nil {
		return nil, err
	}
	if p.AcceptWord("on") {
		if g.on, err = readObjects(p); err != nil {
			return nil, err
		}
	} else {
		p.Reset(start)
		if g.roles, err = roleNames(p); err != nil {
			return nil, err
		}
	}
	if err := p.ExpectWord(map[bool]string{false: "to", true: "from"}[revoke]); err != nil {
		return nil, err
	}
	if g.to, err = roleNames(p); err != nil {
		return nil, err
	}
	if !revoke && (p.AcceptWords("with", "grant", "option") || p.AcceptWords("with", "admin", "option")) {
		g.option = true
	}
	if p.AcceptWords("granted", "by") {
		if _, err := roleName(p); err != nil {
			return nil, err
		}
	}
	if revoke {
		p.AcceptOneOf("cascade", "restrict")
	}
	return g, nil
}

func (g *grantStatement) tag() string {
	switch {
	case g.roles != nil && g.revoke:
		return "REVOKE ROLE"
	case g.roles != nil:
		return "GRANT ROLE"
	case g.revoke:
		return "REVOKE"
	}
	return "GRANT"
}

func (g *grantStatement) Plan(ctx context.Context, s stmt.Session) (*stmt.Plan, error) {
	r, err := session(s)
	if err != nil {
		return nil, err
	}
	to, err := resolveAll(ctx, r, g.to, g.roles == nil)
	if err != nil {
		return nil, err
	}
	if g.roles != nil {
		return g.planRoles(ctx, r, to)
	}
	privileges, err := g.on.expand(g.privileges)
	if err != nil {
		return nil, err
	}
	found, err := g.on.find(ctx, r)
	if err != nil {
		return nil, err
	}
	for _, o := range found {
		for _, p := range privileges {
			if err := g.mayGrant(ctx, r, o, p); err != nil {
				return nil, err
			}
		}
	}
	explain := []string{fmt.Sprintf("%s %s on %d %s(s): %s", g.tag(), strings.Join(privileges, ", "), len(found), g.on.kind.name, strings.Join(to, ", "))}
	return plan(g.tag(), explain, func(ctx context.Context, s Session) error { return g.exec(ctx, s, found, privileges, to) }), nil
}

// mayGrant fails unless the session is a superuser, the object's owner or holds the privilege with grant option.
func (g *grantStatement) mayGrant(ctx context.Context, s Session, o object, privilege string) error {
	if s.IsSuperuser() {
		return nil
	}
	ok, err := some(ctx, s, `WITH RECURSIVE me(r) AS (SELECT $1::VARCHAR UNION SELECT m.role FROM eider.role_member_store m JOIN me ON m.member = me.r)
		SELECT 1 FROM eider.owner_store WHERE kind = $2 AND lower(schema_name) = lower($3) AND lower(object) = lower($4) AND owner IN (SELECT r FROM me)
		UNION ALL
		SELECT 1 FROM eider.grant_store WHERE kind = $2 AND lower(schema_name) = lower($3) AND lower(object) = lower($4) AND privilege = $5 AND grantable
			AND default_for = '' AND grantee IN (SELECT r FROM me)`, s.User(), g.on.kind.name, o.schema, o.name, privilege)
	if err == nil && !ok {
		n := o.name
		if n == "" {
			n = o.schema
		}
		if g.on.kind.name == "database" {
			n = s.Database()
		}
		err = sqlstate.Newf(sqlstate.InsufficientPrivilege, "permission denied for %s %s", g.on.kind.name, n)
	}
	return err
}

func (g *grantStatement) exec(ctx context.Context, s Session, found []object, privileges, to []string) error {
	for _, o := range found {
		for _, p := range privileges {
			for _, role := range to {
				args := []any{role, g.on.kind.name, o.schema, o.name, p}
				var err error
				switch {
				case !g.revoke:
					err = store(ctx, s, args, "", g.option)
				case g.option:
					err = run(ctx, s, args, `UPDATE eider.grant_store SET grantable = false`+sameGrant+` AND default_for = ''`)
				default:
					err = run(ctx, s, args, `DELETE FROM eider.grant_store`+sameGrant+` AND default_for = ''`)
				}
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}

const sameGrant = ` WHERE grantee = $1 AND kind = $2 AND lower(schema_name) = lower($3) AND lower(object) = lower($4) AND privilege = $5`

// store records one privilege: args are grantee, kind, schema, object, privilege.
func store(ctx context.Context, s Session, args []any, defaultFor string, grantable bool) error {
	return run(ctx, s, append(args[:5:5], defaultFor, s.User(), grantable), `INSERT INTO eider.grant_store VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT DO UPDATE SET grantable = grant_store.grantable OR excluded.grantable`)
}

func (g *grantStatement) planRoles(ctx context.Context, s Session, to []string) (*stmt.Plan, error) {
	roles, err := resolveAll(ctx, s, g.roles, false)
	if err != nil {
		return nil, err
	}
	for _, r := range roles {
		if err := mayAdmin(ctx, s, r); err != nil {
			return nil, err
		}
	}
	explain := []string{fmt.Sprintf("%s %s: %s", g.tag(), strings.Join(roles, ", "), strings.Join(to, ", "))}
	return plan(g.tag(), explain, func(ctx context.Context, s Session) error {
		for _, r := range roles {
			for _, member := range to {
				var err error
				switch {
				case !g.revoke:
					err = addMember(ctx, s, r, member, g.option)
				case g.option:
					err = run(ctx, s, []any{r, member}, `UPDATE eider.role_member_store SET admin = false WHERE role = $1 AND member = $2`)
				default:
					err = run(ctx, s, []any{r, member}, `DELETE FROM eider.role_member_store WHERE role = $1 AND member = $2`)
				}
				if err != nil {
					return err
				}
			}
		}
		return nil
	}), nil
}
