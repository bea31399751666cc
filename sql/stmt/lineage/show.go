package lineage

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
	"github.com/eiderdb/eider/sql/types"
)

const exampleSetup = "CREATE TABLE orders (customer INTEGER, amount DOUBLE, day DATE);\n" +
	"CREATE VIEW recent AS SELECT customer, amount FROM orders WHERE day > DATE '2026-01-01';\n" +
	"CREATE TABLE totals AS SELECT customer, sum(amount) AS total FROM recent GROUP BY customer"

// All returns the family's statements.
func All() []*stmt.Kind {
	return []*stmt.Kind{{
		Name: "SHOW LINEAGE", Leads: [][]string{{"show", "lineage", "table"}, {"show", "lineage", "column"}, {"show", "lineage", "model"}},
		Parse: func(p *parse.Parser) (stmt.Statement, error) { return read(p) },
		Call:  "eider.show_lineage", FromCall: fromCall,
		Doc: stmt.Doc{
			Summary: "Shows where a table, a column or a version of a model comes from, or what is made of it.",
			Syntax: "SHOW LINEAGE { TABLE name | COLUMN table.column | MODEL name[@version | @alias] }\n" +
				"    [UPSTREAM | DOWNSTREAM] [DEPTH n]",
			Notes: "Returns `level, kind, object, column_name, dependency, via, nearer, note`, nearest first; UPSTREAM unless DOWNSTREAM is written, as far as it goes unless DEPTH bounds it.\n\n" +
				"`kind` is table, view, file, function or model. `dependency` is as OpenLineage names it: DIRECT IDENTITY, TRANSFORMATION or AGGREGATION where values come from there, " +
				"INDIRECT JOIN, GROUP_BY, FILTER, SORT, WINDOW or CONDITIONAL where it decides which values or rows there are; NULL for whole tables. `via` is the statement that made it so, " +
				"of a model with what the column is to it (feature, target, …). `nearer` is what lies one level before. `note` says what isn't known, and why.\n\n" +
				"Only what the role may read is shown; files to superusers. The twin takes `eider.show_lineage(name, kind => 'table', direction => 'upstream', depth => n)`.",
			Examples: []stmt.Example{
				{Setup: exampleSetup, SQL: "SHOW LINEAGE COLUMN totals.total", Want: "1\tview\tmain.recent\tamount\tDIRECT AGGREGATION\tCREATE TABLE AS\tmain.totals.total\tNULL\n" +
					"1\tview\tmain.recent\tcustomer\tINDIRECT GROUP_BY\tCREATE TABLE AS\tmain.totals\tNULL\n" +
					"2\ttable\tmain.orders\tamount\tDIRECT IDENTITY\tCREATE VIEW\tmain.recent.amount\tNULL\n" +
					"2\ttable\tmain.orders\tcustomer\tDIRECT IDENTITY\tCREATE VIEW\tmain.recent.customer\tNULL\n" +
					"2\ttable\tmain.orders\tday\tINDIRECT FILTER\tCREATE VIEW\tmain.recent\tNULL"},
				{SQL: "SHOW LINEAGE TABLE orders DOWNSTREAM DEPTH 1", Want: "1\tview\tmain.recent\tNULL\tNULL\tCREATE VIEW\tmain.orders\tNULL"},
			},
		},
	}}
}

// show is the statement as it was written.
type show struct {
	kind  string // table, column or model
	name  parse.QualifiedName
	model parse.ModelRef
	down  bool
	depth int // 0 is no bound
}

// read reads SHOW LINEAGE.
func read(p *parse.Parser) (*show, error) {
	if err := p.ExpectWords("show", "lineage"); err != nil {
		return nil, err
	}
	kind, err := p.ExpectOneOf("table", "column", "model")
	if err != nil {
		return nil, err
	}
	s := &show{kind: kind}
	if kind == "model" {
		s.model, err = p.ModelRef()
	} else {
		s.name, err = p.QualifiedName("a " + kind + " name")
	}
	if err != nil {
		return nil, err
	}
	if kind == "column" && len(s.name.Parts) < 2 {
		return nil, parse.Errorf(s.name.Span, sqlstate.SyntaxError, "a column is written with its table: table.column")
	}
	if w, ok := p.AcceptOneOf("upstream", "downstream"); ok {
		s.down = w == "downstream"
	}
	if p.AcceptWord("depth") {
		t := p.Next()
		n, err := strconv.Atoi(p.Text(t))
		if t.Kind != lex.Number || err != nil || n < 1 {
			return nil, sqlstate.New(sqlstate.SyntaxError, "DEPTH takes a whole number from 1").At(t.Start)
		}
		s.depth = n
	}
	return s, p.ExpectEof()
}

// fromCall writes the statement that the twin's arguments stand for.
func fromCall(args []parse.CallArg) (stmt.Statement, error) {
	var name, kind, tail string
	kind = "table"
	for i, a := range args {
		text := fmt.Sprint(a.Value)
		switch {
		case a.Name == "name" || a.Name == "" && i == 0:
			name = text
		case a.Name == "kind" && (lex.EqualFold(text, "table") || lex.EqualFold(text, "column") || lex.EqualFold(text, "model")):
			kind = text
		case a.Name == "direction" && (lex.EqualFold(text, "upstream") || lex.EqualFold(text, "downstream")):
			tail = " " + text + tail
		case a.Name == "depth":
			tail += " DEPTH " + text
		case a.Name == "kind", a.Name == "direction":
			return nil, parse.Errorf(a.Span, sqlstate.InvalidParameterValue, "%s can't be %q", a.Name, text)
		default:
			return nil, parse.Errorf(a.Span, sqlstate.SyntaxError, "eider.show_lineage takes name, kind, direction and depth")
		}
	}
	text := "SHOW LINEAGE " + kind + " " + name + tail
	stmts := lex.Split(text)
	if name == "" || len(stmts) != 1 || stmts[0].Terminated {
		return nil, sqlstate.New(sqlstate.SyntaxError, "eider.show_lineage needs a name")
	}
	s, err := read(parse.New(text, stmts[0]))
	if err != nil {
		e := *sqlstate.From(err)
		if len(args) > 0 {
			return nil, e.At(args[0].Span.Start)
		}
		return nil, &e
	}
	return s, nil
}

var columns = func() []types.Column {
	out := []types.Column{{Name: "level", Type: types.Of(types.BigInt)}}
	for _, n := range strings.Fields("kind object column_name dependency via nearer note") {
		out = append(out, types.Column{Name: n, Type: types.Of(types.Varchar)})
	}
	return out
}()

// Plan finds what is meant.
func (w *show) Plan(ctx context.Context, s stmt.Session) (*stmt.Plan, error) {
	at, err := w.start(ctx, s)
	if err != nil {
		return nil, err
	}
	direction := "comes from"
	if w.down {
		direction = "is used for"
	}
	return &stmt.Plan{
		ReadOnly: true, Tag: "SHOW", Columns: columns, Explain: []string{"Show what " + at.String() + " " + direction},
		Exec: func(ctx context.Context, s stmt.Session) (*stmt.Result, error) {
			at, err := w.start(ctx, s)
			if err != nil {
				return nil, err
			}
			g, err := load(ctx, s)
			if err != nil {
				return nil, err
			}
			return &stmt.Result{Rows: g.walk(at, w.down, w.depth, w.kind == "table")}, nil
		},
	}, nil
}

// start resolves the name.
func (w *show) start(ctx context.Context, s stmt.Session) (node, error) {
	if w.kind == "model" {
		return w.startModel(ctx, s)
	}
	parts := w.name.Parts
	column := ""
	if w.kind == "column" {
		column = parts[len(parts)-1].Text
		parts = parts[:len(parts)-1]
	}
	schema, name := "", parts[len(parts)-1].Text
	if len(parts) > 1 {
		schema = parts[len(parts)-2].Text
	}
	if lex.EqualFold(schema, "public") {
		schema = "main"
	}
	if len(parts) > 2 && !lex.EqualFold(parts[0].Text, s.Database()) || len(parts) > 3 {
		return node{}, parse.Errorf(w.name.Span, sqlstate.FeatureNotSupported, "lineage is kept of the session's own database only")
	}
	rows, err := s.Query(ctx, `SELECT kind, schema_name, name, eider_has_privilege(current_connection_id(), schema_name, name, 'SELECT'),
			(SELECT any_value(column_name) FROM duckdb_columns() c WHERE c.database_name = r.database_name AND c.schema_name = r.schema_name AND c.table_name = r.name AND lower(column_name) = lower($3))
		FROM (SELECT 'table' AS kind, database_name, schema_name, table_name AS name FROM duckdb_tables()
			UNION ALL SELECT 'view', database_name, schema_name, view_name FROM duckdb_views()) r
		WHERE database_name = current_database() AND lower(name) = lower($2) AND ($1 = '' OR lower(schema_name) = lower($1))
		ORDER BY list_position(current_schemas(true), schema_name) NULLS LAST LIMIT 1`, schema, name, column)
	if err != nil {
		return node{}, err
	}
	if len(rows) == 0 {
		return node{}, parse.Errorf(w.name.Span, sqlstate.UndefinedTable, "relation %q does not exist", name)
	}
	cell := func(i int) string { text, _ := rows[0][i].(string); return text }
	if may, _ := rows[0][3].(bool); !may {
		return node{}, sqlstate.Newf(sqlstate.InsufficientPrivilege, "permission denied for %s %s", cell(0), cell(2))
	}
	if column != "" && rows[0][4] == nil {
		return node{}, parse.Errorf(w.name.Span, sqlstate.UndefinedColumn, "column %q of relation %q does not exist", column, cell(2))
	}
	return node{kind: cell(0), object: cell(1) + "." + cell(2), column: cell(4)}, nil
}

// startModel resolves a version: the deployed one, or the newest, unless one is named.
func (w *show) startModel(ctx context.Context, s stmt.Session) (node, error) {
	ref := w.model
	key := lex.Fold(ref.Name.Last())
	if q := lex.Fold(ref.Name.Qualifier()); q != "" && q != "main" && q != "public" {
		key = q + "." + key
	}
	rows, err := s.Query(ctx, `SELECT CASE WHEN $2 <> '' THEN aliases[$2] ELSE coalesce(deployed, latest) END::VARCHAR FROM eider.models WHERE model = $1`, key, lex.Fold(ref.Alias))
	if err != nil {
		return node{}, err
	}
	if len(rows) == 0 {
		return node{}, parse.Errorf(ref.Span, sqlstate.UndefinedObject, "model %q does not exist", key)
	}
	version, _ := rows[0][0].(string)
	if ref.Version > 0 {
		version = strconv.FormatInt(ref.Version, 10)
	}
	found, err := s.Query(ctx, `SELECT 1 FROM eider.model_versions WHERE model = $1 AND version::VARCHAR = $2`, key, version)
	if err != nil {
		return node{}, err
	}
	if len(found) == 0 {
		return node{}, parse.Errorf(ref.Span, sqlstate.UndefinedObject, "model %s has no version %s", key, strings.TrimPrefix(ref.Span.Text, ref.Name.Span.Text+"@"))
	}
	return node{kind: "model", object: key + "@" + version}, nil
}
