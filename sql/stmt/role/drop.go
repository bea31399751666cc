package role

import (
	"context"
	"fmt"
	"strings"

	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

func dropRole() *stmt.Kind {
	return &stmt.Kind{
		Name:  "DROP ROLE",
		Leads: [][]string{{"drop", "role"}, {"drop", "user"}, {"drop", "group"}},
		Parse: parseDrop,
		Doc: stmt.Doc{
			Summary: "Drops roles that own nothing and were granted nothing.",
			Syntax:  "DROP {ROLE | USER | GROUP} [IF EXISTS] name [, …]",
			Notes:   "A role that owns or was granted something is 2BP01: `REASSIGN OWNED BY r TO s; DROP OWNED BY r;` first. Memberships go with the role.",
			Examples: []stmt.Example{
				{Setup: "CREATE ROLE old; CREATE TABLE t (a INTEGER); GRANT SELECT ON t TO old", SQL: "DROP ROLE old", Code: "2BP01"},
				{Setup: "REVOKE SELECT ON t FROM old", SQL: "DROP ROLE old"},
				{SQL: "DROP ROLE IF EXISTS old"},
			},
		},
	}
}

type drop struct {
	names    []name
	ifExists bool
}

func parseDrop(p *parse.Parser) (stmt.Statement, error) {
	p.Next()
	p.Next()
	d := &drop{ifExists: p.AcceptWords("if", "exists")}
	var err error
	d.names, err = roleNames(p)
	return d, err
}

func (d *drop) Plan(ctx context.Context, s stmt.Session) (*stmt.Plan, error) {
	if err := superuserOnly(s, "drop role"); err != nil {
		return nil, err
	}
	return plan("DROP ROLE", []string{"Drop " + quoteAll(d.names)}, d.exec), nil
}

func (d *drop) exec(ctx context.Context, s Session) error {
	for _, n := range d.names {
		if n.word != "" {
			return parse.Errorf(n.span, sqlstate.InvalidParameterValue, "cannot use special role specifier in DROP ROLE")
		}
		found, err := exists(ctx, s, n.text)
		if err != nil {
			return err
		}
		if !found {
			if !d.ifExists {
				return parse.Errorf(n.span, sqlstate.UndefinedObject, "role %q does not exist", n.text)
			}
			s.Notice("NOTICE", fmt.Sprintf("role %q does not exist, skipping", n.text))
			continue
		}
		if n.text == s.User() || n.text == s.SessionUser() {
			return parse.Errorf(n.span, sqlstate.ObjectInUse, "current user cannot be dropped")
		}
		if err := independent(ctx, s, n); err != nil {
			return err
		}
		err = run(ctx, s, []any{n.text},
			`DELETE FROM eider.role_store WHERE role = $1`,
			`DELETE FROM eider.role_setting_store WHERE role = $1`,
			`DELETE FROM eider.role_member_store WHERE role = $1 OR member = $1`)
		if err != nil {
			return err
		}
	}
	return guarded(ctx, s)
}

// independent fails if something depends on a role.
func independent(ctx context.Context, s Session, n name) error {
	depends, err := column(ctx, s, `
		SELECT 'owner of ' || kind || ' ' || concat_ws('.', nullif(schema_name, ''), nullif(object, '')) FROM eider.owner_store WHERE owner = $1
		UNION ALL
		SELECT DISTINCT CASE WHEN default_for = '' THEN 'privileges for ' ELSE 'default privileges on ' END || kind || ' ' ||
			concat_ws('.', nullif(schema_name, ''), nullif(object, ''))
		FROM eider.grant_store WHERE grantee = $1 OR default_for = $1 ORDER BY 1`, n.text)
	if err != nil || len(depends) == 0 {
		return err
	}
	const shown = 20
	if len(depends) > shown {
		depends = append(depends[:shown], fmt.Sprintf("and %d more", len(depends)-shown))
	}
	return parse.Errorf(n.span, sqlstate.DependentObjectsStillExist, "role %q cannot be dropped because some objects depend on it", n.text).
		WithDetail("%s", strings.Join(depends, "\n")).WithHint("REASSIGN OWNED BY %s TO …; DROP OWNED BY %[1]s;", n.span.Text)
}
