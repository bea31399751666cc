package role

import (
	"context"

	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

func alterDefaults() *stmt.Kind {
	return &stmt.Kind{
		Name:  "ALTER DEFAULT PRIVILEGES",
		Leads: [][]string{{"alter", "default", "privileges"}},
		Parse: parseDefaults,
		Doc: stmt.Doc{
			Summary: "Says which privileges come with what a role creates from now on.",
			Syntax: `ALTER DEFAULT PRIVILEGES [FOR {ROLE | USER} role [, …]] [IN SCHEMA schema [, …]]
  {GRANT privileges ON {TABLES | SEQUENCES} TO role [, …] [WITH GRANT OPTION]
  | REVOKE privileges ON {TABLES | SEQUENCES} FROM role [, …]}`,
			Notes: "Without FOR ROLE it is about what you create yourself. Objects that exist already don't change. " +
				"For every table of a schema, whoever creates it, `GRANT SELECT ON SCHEMA s TO r` is simpler.",
			Examples: []stmt.Example{
				{Setup: "CREATE ROLE bi; CREATE SCHEMA mart", SQL: "ALTER DEFAULT PRIVILEGES IN SCHEMA mart GRANT SELECT ON TABLES TO bi"},
				{Setup: "CREATE TABLE mart.sales (amount DOUBLE)", SQL: "SELECT grantee, object_name, privilege FROM eider.grants WHERE object_name = 'sales'",
					Want: "bi\tsales\tSELECT"},
			},
		},
	}
}

type defaults struct {
	grant   *grantStatement
	kind    kind
	creator []name
	schemas []parse.QualifiedName
}

func parseDefaults(p *parse.Parser) (stmt.Statement, error) {
	for range 3 {
		p.Next()
	}
	d := &defaults{grant: &grantStatement{}}
	var err error
	for {
		switch {
		case p.AcceptWords("for", "role"), p.AcceptWords("for", "user"):
			if d.creator, err = roleNames(p); err != nil {
				return nil, err
			}
			continue
		case p.AcceptWords("in", "schema"):
			for {
				n, err := p.QualifiedName("a schema")
				if err != nil {
					return nil, err
				}
				d.schemas = append(d.schemas, n)
				if !p.AcceptMark(",") {
					break
				}
			}
			continue
		}
		break
	}
	w, err := p.ExpectOneOf("grant", "revoke")
	if err != nil {
		return nil, err
	}
	g := d.grant
	g.revoke = w == "revoke"
	if g.revoke {
		g.option = p.AcceptWords("grant", "option", "for")
	}
	if g.privileges, err = readPrivileges(p); err != nil {
		return nil, err
	}
	if err := p.ExpectWord("on"); err != nil {
		return nil, err
	}
	switch {
	case p.AcceptWord("tables"):
		d.kind = tables
	case p.AcceptWord("sequences"):
		d.kind = sequences
	default:
		return nil, p.Unexpected()
	}
	if err := p.ExpectWord(map[bool]string{false: "to", true: "from"}[g.revoke]); err != nil {
		return nil, err
	}
	if g.to, err = roleNames(p); err != nil {
		return nil, err
	}
	if !g.revoke {
		g.option = p.AcceptWords("with", "grant", "option")
	} else {
		p.AcceptOneOf("cascade", "restrict")
	}
	return d, nil
}

func (d *defaults) Plan(ctx context.Context, s stmt.Session) (*stmt.Plan, error) {
	r, err := session(s)
	if err != nil {
		return nil, err
	}
	privileges, err := d.kind.expand(d.grant.privileges)
	if err != nil {
		return nil, err
	}
	to, err := resolveAll(ctx, r, d.grant.to, true)
	if err != nil {
		return nil, err
	}
	creators := []string{s.User()}
	if d.creator != nil {
		if creators, err = resolveAll(ctx, r, d.creator, false); err != nil {
			return nil, err
		}
	}
	for _, c := range creators {
		if c != s.User() && !s.IsSuperuser() {
			return nil, sqlstate.New(sqlstate.InsufficientPrivilege, "permission denied to change default privileges")
		}
	}
	in := []string{""}
	if d.schemas != nil {
		in = nil
		for _, n := range d.schemas {
			schema, err := findSchema(ctx, r, n)
			if err != nil {
				return nil, err
			}
			in = append(in, schema)
		}
	}
	return plan("ALTER DEFAULT PRIVILEGES", nil, func(ctx context.Context, s Session) error {
		for _, creator := range creators {
			for _, schema := range in {
				for _, p := range privileges {
					for _, role := range to {
						if err := d.apply(ctx, s, []any{role, d.kind.name, schema, "", p}, creator); err != nil {
							return err
						}
					}
				}
			}
		}
		return nil
	}), nil
}

func (d *defaults) apply(ctx context.Context, s Session, args []any, creator string) error {
	switch {
	case !d.grant.revoke:
		return store(ctx, s, args, creator, d.grant.option)
	case d.grant.option:
		return run(ctx, s, append(args, creator), `UPDATE eider.grant_store SET grantable = false`+sameGrant+` AND default_for = $6`)
	}
	return run(ctx, s, append(args, creator), `DELETE FROM eider.grant_store`+sameGrant+` AND default_for = $6`)
}
