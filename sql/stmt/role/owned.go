package role

import (
	"context"
	"fmt"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/stmt"
)

func reassignOwned() *stmt.Kind {
	return &stmt.Kind{
		Name:  "REASSIGN OWNED",
		Leads: [][]string{{"reassign", "owned"}},
		Parse: func(p *parse.Parser) (stmt.Statement, error) {
			p.Next()
			p.Next()
			o := &owned{}
			err := p.ExpectWord("by")
			if err == nil {
				o.by, err = roleNames(p)
			}
			if err == nil {
				err = p.ExpectWord("to")
			}
			if err == nil {
				var to name
				to, err = roleName(p)
				o.to = &to
			}
			return o, err
		},
		Doc: stmt.Doc{
			Summary: "Gives all that roles own to another role.",
			Syntax:  "REASSIGN OWNED BY role [, …] TO role",
			Notes:   "What belongs to a superuser has no owner of its own: every superuser may do with it what an owner may.",
			Examples: []stmt.Example{
				{Setup: "CREATE ROLE old; CREATE ROLE new; GRANT CREATE ON SCHEMA main TO old; SET ROLE old; CREATE TABLE t (a INTEGER); RESET ROLE",
					SQL: "REASSIGN OWNED BY old TO new"},
				{Setup: "SET ROLE new", SQL: "DROP TABLE t"},
			},
		},
	}
}

func dropOwned() *stmt.Kind {
	return &stmt.Kind{
		Name:  "DROP OWNED",
		Leads: [][]string{{"drop", "owned"}},
		Parse: func(p *parse.Parser) (stmt.Statement, error) {
			p.Next()
			p.Next()
			o := &owned{}
			err := p.ExpectWord("by")
			if err == nil {
				o.by, err = roleNames(p)
			}
			o.cascade = p.AcceptWord("cascade")
			if !o.cascade {
				p.AcceptWord("restrict")
			}
			return o, err
		},
		Doc: stmt.Doc{
			Summary: "Drops what roles own and revokes what they were granted.",
			Syntax:  "DROP OWNED BY role [, …] [CASCADE | RESTRICT]",
			Examples: []stmt.Example{
				{Setup: "CREATE ROLE old; CREATE TABLE t (a INTEGER); GRANT SELECT ON t TO old", SQL: "DROP OWNED BY old"},
				{SQL: "DROP ROLE old"},
			},
		},
	}
}

// owned is REASSIGN OWNED, and DROP OWNED where to is nil.
type owned struct {
	by      []name
	to      *name
	cascade bool
}

func (o *owned) Plan(ctx context.Context, s stmt.Session) (*stmt.Plan, error) {
	tag := "DROP OWNED"
	if o.to != nil {
		tag = "REASSIGN OWNED"
	}
	if err := superuserOnly(s, tag); err != nil {
		return nil, err
	}
	r, err := session(s)
	if err != nil {
		return nil, err
	}
	by, err := resolveAll(ctx, r, o.by, false)
	if err != nil {
		return nil, err
	}
	to := ""
	if o.to != nil {
		if to, err = o.to.resolve(ctx, r, false); err != nil {
			return nil, err
		}
	}
	return plan(tag, nil, func(ctx context.Context, s Session) error {
		for _, role := range by {
			var err error
			if o.to != nil {
				err = reassign(ctx, s, role, to)
			} else {
				err = o.dropAll(ctx, s, role)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}), nil
}

func reassign(ctx context.Context, s Session, from, to string) error {
	super, err := some(ctx, s, `SELECT 1 FROM eider.role_store WHERE role = $1 AND superuser`, to)
	if err != nil {
		return err
	}
	if known, err := exists(ctx, s, to); err != nil {
		return err
	} else if super || !known { // the embedded superuser has no row
		return run(ctx, s, []any{from}, `DELETE FROM eider.owner_store WHERE owner = $1`)
	}
	return run(ctx, s, []any{from, to}, `UPDATE eider.owner_store SET owner = $2 WHERE owner = $1`)
}

func (o *owned) dropAll(ctx context.Context, s Session, role string) error {
	// Indexes and views first, schemas last.
	rows, err := s.Query(ctx, `SELECT o.kind, o.schema_name, o.object,
			EXISTS (FROM duckdb_views() v WHERE v.database_name = $2 AND lower(v.schema_name) = lower(o.schema_name) AND lower(v.view_name) = lower(o.object))
		FROM eider.owner_store o WHERE o.owner = $1
		ORDER BY list_position(['index', 'table', 'macro', 'sequence', 'type', 'schema'], o.kind), 4 DESC`, role, s.Database())
	if err != nil {
		return err
	}
	tail := ""
	if o.cascade {
		tail = " CASCADE"
	}
	for _, r := range rows {
		kind, _ := r[0].(string)
		schema, _ := r[1].(string)
		object, _ := r[2].(string)
		name := lex.QuoteIdent(s.Database()) + "." + lex.QuoteIdent(schema)
		if kind != "schema" {
			name += "." + lex.QuoteIdent(object)
		}
		if view, _ := r[3].(bool); view {
			kind = "view"
		}
		if _, err := s.Exec(ctx, fmt.Sprintf("DROP %s IF EXISTS %s%s", kind, name, tail)); err != nil {
			return err
		}
	}
	return run(ctx, s, []any{role},
		`DELETE FROM eider.owner_store WHERE owner = $1`,
		`DELETE FROM eider.grant_store WHERE grantee = $1 OR default_for = $1`)
}
