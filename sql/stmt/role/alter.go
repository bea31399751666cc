package role

import (
	"context"
	"fmt"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

func alterRole() *stmt.Kind {
	return &stmt.Kind{
		Name:  "ALTER ROLE",
		Leads: [][]string{{"alter", "role"}, {"alter", "user"}, {"alter", "group"}},
		Parse: parseAlter,
		Doc: stmt.Doc{
			Summary: "Changes a role: its options, its name, the settings that its sessions start with.",
			Syntax: `ALTER {ROLE | USER} name [WITH] option …
ALTER {ROLE | USER} name RENAME TO new_name
ALTER {ROLE | USER} name SET setting {TO | =} value
ALTER {ROLE | USER} name RESET {setting | ALL}
ALTER GROUP name {ADD | DROP} USER member [, …]

option: as in CREATE ROLE; name may be CURRENT_USER or SESSION_USER`,
			Notes: "A role that is not a superuser may change its own password and its own settings. Settings take effect at the start of the role's next sessions.",
			Examples: []stmt.Example{
				{Setup: "CREATE ROLE bi LOGIN", SQL: "ALTER ROLE bi READ ONLY CONNECTION LIMIT 5"},
				{SQL: "ALTER ROLE bi SET statement_timeout = '30s'"},
				{SQL: "ALTER ROLE bi RENAME TO dashboards"},
				{SQL: "SELECT role, read_only, connection_limit, settings FROM eider.roles",
					Want: "dashboards\ttrue\t5\t[statement_timeout=30s]"},
				{SQL: "ALTER ROLE dashboards RESET ALL"},
				{SQL: "ALTER ROLE nobody NOLOGIN", Code: "42704"},
			},
		},
	}
}

type alter struct {
	role name
	*options
	newName string
	newSpan parse.Span
	// setting and value are SET's and RESET's; setting "all" resets every one.
	setting, value string
	set, reset     bool
	settingSpan    parse.Span
	// add and drop are ALTER GROUP's.
	add, drop []name
}

func parseAlter(p *parse.Parser) (stmt.Statement, error) {
	p.Next()
	group := p.Is("group")
	p.Next()
	a := &alter{options: &options{}}
	var err error
	if a.role, err = roleName(p); err != nil {
		return nil, err
	}
	switch {
	case p.AcceptWords("rename", "to"):
		t := p.Peek()
		a.newSpan = p.Between(t.Start, t.End)
		a.newName, err = newName(p)
	case p.AcceptWord("set"):
		a.set = true
		err = a.parseSet(p)
	case p.AcceptWord("reset"):
		a.reset = true
		err = a.parseSetting(p)
	case p.Is("in", "database"):
		err = sqlstate.New(sqlstate.FeatureNotSupported, "settings of a role in one database are not supported").At(p.Peek().Start).
			WithHint("An Eider file is one database: leave IN DATABASE out.")
	case group && (p.AcceptWords("add", "user")):
		a.add, err = roleNames(p)
	case group && (p.AcceptWords("drop", "user")):
		a.drop, err = roleNames(p)
	case p.Eof():
		err = p.Unexpected("an option")
	default:
		a.options, err = readOptions(p, false)
	}
	return a, err
}

func (a *alter) parseSetting(p *parse.Parser) error {
	n, err := p.QualifiedName("a setting")
	if err != nil {
		// ALL is a reserved word.
		if p.AcceptWord("all") && a.reset {
			a.setting = "all"
			return nil
		}
		return err
	}
	a.setting, a.settingSpan = lex.Fold(n.Span.Text), n.Span
	return nil
}

// parseSet reads name {TO|=} value [, …] and TIME ZONE value.
func (a *alter) parseSet(p *parse.Parser) error {
	if p.AcceptWords("time", "zone") {
		a.setting = "timezone"
	} else {
		if err := a.parseSetting(p); err != nil {
			return err
		}
		if !p.AcceptMark("=") {
			if err := p.ExpectWord("to"); err != nil {
				return err
			}
		}
	}
	if p.AcceptWord("default") {
		a.set, a.reset = false, true
		return nil
	}
	var values []string
	for {
		v, err := settingValue(p)
		if err != nil {
			return err
		}
		values = append(values, v)
		if !p.AcceptMark(",") {
			break
		}
	}
	a.value = strings.Join(values, ", ")
	return nil
}

// settingValue reads a literal or a word.
func settingValue(p *parse.Parser) (string, error) {
	if p.Peek().IsString() {
		s, _, err := p.Str("a value")
		return s, err
	}
	start, end := p.Peek().Start, 0
	p.AcceptMark("-")
	t := p.Peek()
	if t.Kind != lex.Number && !t.IsIdent() {
		return "", p.Unexpected("a value")
	}
	end = t.End
	p.Next()
	if t.Kind == lex.QuotedIdent {
		return lex.Unquote(p.Between(0, end).Text, t), nil
	}
	return p.Between(start, end).Text, nil
}

func (a *alter) Plan(ctx context.Context, s stmt.Session) (*stmt.Plan, error) {
	r, err := session(s)
	if err != nil {
		return nil, err
	}
	role, err := a.role.resolve(ctx, r, false)
	if err != nil {
		if !s.IsSuperuser() || a.role.word == "" || a.role.word == public {
			return nil, err
		}
	}
	own := role == s.User() && a.newName == "" && a.add == nil && a.drop == nil && a.onlyPassword()
	if !own {
		if err := superuserOnly(s, "alter role"); err != nil {
			return nil, err
		}
	}
	if a.set {
		if err := r.CheckSetting(a.setting, a.value); err != nil {
			return nil, sqlstate.From(err).At(a.settingSpan.Start)
		}
	}
	return plan("ALTER ROLE", []string{fmt.Sprintf("Alter role %q", role)}, func(ctx context.Context, s Session) error {
		if found, err := exists(ctx, s, role); err != nil || !found {
			if err == nil {
				err = parse.Errorf(a.role.span, sqlstate.UndefinedObject, "role %q does not exist", role)
			}
			return err
		}
		return a.exec(ctx, s, role)
	}), nil
}

func (a *alter) exec(ctx context.Context, s Session, role string) error {
	switch {
	case a.newName != "":
		return a.rename(ctx, s, role)
	case a.set:
		return run(ctx, s, []any{role, a.setting, a.value}, `INSERT INTO eider.role_setting_store VALUES ($1, $2, $3) ON CONFLICT DO UPDATE SET setting = excluded.setting`)
	case a.reset && a.setting == "all":
		return run(ctx, s, []any{role}, `DELETE FROM eider.role_setting_store WHERE role = $1`)
	case a.reset:
		return run(ctx, s, []any{role, a.setting}, `DELETE FROM eider.role_setting_store WHERE role = $1 AND name = $2`)
	case a.add != nil, a.drop != nil:
		return a.members(ctx, s, role)
	}
	if err := a.store(ctx, s, role); err != nil {
		return err
	}
	return guarded(ctx, s)
}

func (a *alter) members(ctx context.Context, s Session, role string) error {
	for _, list := range [][]name{a.add, a.drop} {
		members, err := resolveAll(ctx, s, list, false)
		if err != nil {
			return err
		}
		for _, m := range members {
			if a.add != nil {
				err = addMember(ctx, s, role, m, false)
			} else {
				err = run(ctx, s, []any{role, m}, `DELETE FROM eider.role_member_store WHERE role = $1 AND member = $2`)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *alter) rename(ctx context.Context, s Session, role string) error {
	if role == s.User() || role == s.SessionUser() {
		return parse.Errorf(a.role.span, sqlstate.FeatureNotSupported, "session user cannot be renamed")
	}
	if found, err := exists(ctx, s, a.newName); err != nil || found {
		if err == nil {
			err = parse.Errorf(a.newSpan, sqlstate.DuplicateObject, "role %q already exists", a.newName)
		}
		return err
	}
	return run(ctx, s, []any{role, a.newName},
		`UPDATE eider.role_store SET role = $2 WHERE role = $1`,
		`UPDATE eider.role_setting_store SET role = $2 WHERE role = $1`,
		`UPDATE eider.role_member_store SET role = $2 WHERE role = $1`,
		`UPDATE eider.role_member_store SET member = $2 WHERE member = $1`,
		`UPDATE eider.role_member_store SET grantor = $2 WHERE grantor = $1`,
		`UPDATE eider.grant_store SET grantee = $2 WHERE grantee = $1`,
		`UPDATE eider.grant_store SET grantor = $2 WHERE grantor = $1`,
		`UPDATE eider.grant_store SET default_for = $2 WHERE default_for = $1`,
		`UPDATE eider.owner_store SET owner = $2 WHERE owner = $1`)
}
