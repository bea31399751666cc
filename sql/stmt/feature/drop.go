package feature

import (
	"context"
	"fmt"
	"strings"

	"github.com/eiderdb/eider/functions/rolling"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

func dropKind() *stmt.Kind {
	return &stmt.Kind{
		Name: "DROP FEATURE VIEW", Leads: [][]string{{"drop", "feature", "view"}}, Parse: stmt.Reader(parseDrop),
		Call: "eider.drop_feature_view", FromCall: dropFromCall,
		Doc: stmt.Doc{
			Summary: "Drops feature views.",
			Syntax:  "DROP FEATURE VIEW [IF EXISTS] name [, …] [CASCADE | RESTRICT]",
			Notes: "Views and macros that join it POINT IN TIME are a reason to refuse (2BP01, which names them); CASCADE drops them too. The tables that it reads stay. It is for the owner. " +
				"DROP VIEW and ALTER VIEW refuse a feature view (42809).",
			Examples: []stmt.Example{
				{Setup: exampleFacts + "; CREATE FEATURE VIEW balance ENTITY (customer) EVENT TIME happened AS SELECT * FROM balances;" +
					"CREATE VIEW train AS SELECT * FROM labels POINT IN TIME JOIN balance AS OF ts", SQL: "DROP FEATURE VIEW balance", Code: "2BP01"},
				{SQL: "DROP FEATURE VIEW balance CASCADE"},
				{SQL: "SELECT * FROM train", Code: "42P01"},
				{SQL: "DROP FEATURE VIEW IF EXISTS balance"},
			},
		},
	}
}

// drop is DROP FEATURE VIEW as it was written.
type drop struct {
	names             []parse.QualifiedName
	ifExists, cascade bool
}

func parseDrop(p *parse.Parser) (*drop, error) {
	if err := p.ExpectWords("drop", "feature", "view"); err != nil {
		return nil, err
	}
	d := &drop{ifExists: p.AcceptWords("if", "exists")}
	for {
		n, err := p.QualifiedName("a feature view")
		if err != nil {
			return nil, err
		}
		d.names = append(d.names, n)
		if !p.AcceptMark(",") {
			break
		}
	}
	if !p.AcceptWord("restrict") {
		d.cascade = p.AcceptWord("cascade")
	}
	return d, nil
}

func (d *drop) find(ctx context.Context, s Session, n parse.QualifiedName) (*View, error) {
	v, err := Find(ctx, querier{s}, s.Database(), n)
	if d.ifExists && sqlstate.Is(err, sqlstate.UndefinedObject) {
		return nil, nil
	}
	return v, err
}

func (d *drop) Plan(ctx context.Context, ss stmt.Session) (*stmt.Plan, error) {
	s, err := session(ss)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, n := range d.names {
		v, err := d.find(ctx, s, n)
		switch {
		case err != nil:
			return nil, err
		case v == nil:
			lines = append(lines, "Skip "+n.Span.Text+", which does not exist")
			continue
		}
		lines = append(lines, "Drop feature view "+v.Key())
		all, err := dependents(ctx, s, v)
		if err != nil {
			return nil, err
		}
		if d.cascade && len(all) > 0 {
			lines = append(lines, "Drop what depends on it: "+strings.ReplaceAll(describeAll(all), "\n", ", "))
		}
	}
	return &stmt.Plan{Explain: lines, Exec: func(ctx context.Context, _ stmt.Session) (*stmt.Result, error) {
		for _, n := range d.names {
			v, err := d.find(ctx, s, n)
			if err != nil {
				return nil, err
			}
			if v == nil {
				s.Notice("NOTICE", fmt.Sprintf("feature view %s does not exist, skipping", n.Span.Text))
				continue
			}
			if err := d.exec(ctx, s, v, n); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}}, nil
}

func (d *drop) exec(ctx context.Context, s Session, v *View, n parse.QualifiedName) error {
	all, err := dependents(ctx, s, v)
	if err != nil {
		return err
	}
	if len(all) > 0 && !d.cascade {
		return parse.Errorf(n.Span, sqlstate.DependentObjectsStillExist, "cannot drop feature view %s because other objects depend on it", n.Span.Text).
			WithDetail("%s", describeAll(all)).WithHint("Use DROP … CASCADE to drop the dependent objects too.")
	}
	here := func(err error) error {
		if err == nil {
			return nil
		}
		moved := *sqlstate.From(err)
		return moved.At(n.Span.Start)
	}
	for _, o := range all {
		if err := s.Define(ctx, o.dropSQL()); err != nil {
			return here(err)
		}
	}
	if err := s.Define(ctx, "DROP VIEW "+lex.QuoteIdent(v.Schema)+"."+lex.QuoteIdent(v.Name)); err != nil {
		return here(err)
	}
	_, err = s.Exec(ctx, `DELETE FROM eider.feature_view_store WHERE schema_name = $1 AND name = $2`, v.Schema, v.Name)
	return err
}

// dependent is a view or macro that joins a feature view.
type dependent struct{ kind, schema, name string }

func (d dependent) dropSQL() string {
	return map[string]string{"view": "DROP VIEW ", "macro": "DROP MACRO ", "table macro": "DROP MACRO TABLE "}[d.kind] +
		lex.QuoteIdent(d.schema) + "." + lex.QuoteIdent(d.name)
}

// dependents finds what joins a feature view: the text that the join became names it.
func dependents(ctx context.Context, s stmt.Session, v *View) ([]dependent, error) {
	rows, err := s.Query(ctx, `SELECT 'view', schema_name, view_name, sql FROM duckdb_views()
			WHERE database_name = $1 AND NOT internal AND contains(sql, $2)
		UNION ALL SELECT CASE function_type WHEN 'macro' THEN 'macro' ELSE 'table macro' END, schema_name, function_name, macro_definition FROM duckdb_functions()
			WHERE database_name = $1 AND NOT internal AND function_type IN ('macro', 'table_macro') AND contains(macro_definition, $2)
		ORDER BY ALL`, s.Database(), rolling.InstantName)
	if err != nil {
		return nil, err
	}
	var out []dependent
	for _, r := range rows {
		if joins(text(r[3]), v.Key()) {
			out = append(out, dependent{text(r[0]), text(r[1]), text(r[2])})
		}
	}
	return out, nil
}

// joins tells whether a definition has the mark of a feature view among its constants.
func joins(sql, key string) bool {
	for _, t := range lex.Lex(sql) {
		if t.IsString() {
			if s, ok := lex.Value(sql, t); ok && s == key {
				return true
			}
		}
	}
	return false
}

// maxNamed bounds the dependents that an error names.
const maxNamed = 20

func describeAll(all []dependent) string {
	var names []string
	for i, d := range all {
		if i == maxNamed {
			names = append(names, fmt.Sprintf("and %d more", len(all)-i))
			break
		}
		names = append(names, d.kind+" "+d.schema+"."+d.name)
	}
	return strings.Join(names, "\n")
}
