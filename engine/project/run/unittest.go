package run

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eiderdb/eider/engine/project/materialize"
	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/render"
	"github.com/eiderdb/eider/engine/project/warehouse"
	"github.com/eiderdb/eider/sql/lex"
)

// unitTest runs a model's query on given rows instead of its inputs, and compares what it gives.
// Nothing of it touches a table: the inputs are CTEs.
func (w *worker) unitTest(ctx context.Context, res *Result) error {
	u := res.Node.UnitTestInfo
	model := w.r.o.Project.Nodes[u.ModelID]
	if model == nil {
		return fmt.Errorf("the unit test is of model %s, which doesn't exist or is disabled", u.Model)
	}
	fixtures, names, err := w.fixtures(ctx, u, model)
	if err != nil {
		return err
	}
	scope := w.scope(model)
	scope.Vars, scope.Macros, scope.EnvVars = u.Overrides.Vars, u.Overrides.Macros, u.Overrides.EnvVars
	scope.Ref = func(target *node.Node) (*render.Relation, error) {
		if name, ok := names[target.ID]; ok {
			return &render.Relation{Identifier: name, Type: "cte", Ephemeral: true, Limit: -1}, nil
		}
		return nil, fmt.Errorf("the unit test gives no rows for %s, which model %s reads: add it to given, with rows: [] if they don't matter", target.Name, model.Name)
	}
	if name, ok := names["this"]; ok {
		scope.This = &render.Relation{Identifier: name, Type: "cte", Ephemeral: true, Limit: -1}
	}
	sql, err := w.r.o.Compiler.Compile(ctx, model, scope)
	if err != nil {
		return err
	}
	statements := lex.Split(sql)
	if len(statements) != 1 {
		return fmt.Errorf("model %s holds %d statements, a unit test needs one query", model.Name, len(statements))
	}
	query := strings.TrimRight(sql[:statements[0].End], " \t\r\n;")
	actual := query
	if len(fixtures) > 0 {
		actual = "WITH " + strings.Join(fixtures, ",\n") + "\nSELECT * FROM (\n" + query + "\n) AS unit"
	}
	res.Compiled = actual
	if err := w.r.write("compiled", res.Node, actual); err != nil {
		return err
	}
	res.CompileEnded = time.Now()
	res.Started = res.CompileEnded
	cols, err := warehouse.QueryColumns(ctx, w.conn, actual)
	if err != nil {
		return &materialize.StatementError{SQL: actual, Text: actual, Err: err}
	}
	return w.compare(ctx, res, actual, cols)
}

// fixtures are the CTEs of the given rows, and what each input is called.
func (w *worker) fixtures(ctx context.Context, u *node.UnitTestInfo, model *node.Node) (ctes []string, names map[string]string, err error) {
	names = map[string]string{}
	taken := map[string]bool{}
	for i, f := range u.Given {
		id := f.InputID
		var input *node.Node
		if id == "" {
			id, input = "this", model
		} else if input = w.r.o.Project.Nodes[id]; input == nil {
			return nil, nil, fmt.Errorf("%s: the input %s isn't known", f.Pos, f.Input)
		}
		name := "__dbt__cte__" + input.Name
		if taken[name] { // two packages may have models of one name
			name += fmt.Sprintf("_%d", i)
		}
		taken[name] = true
		names[id] = warehouse.Quote(name)
		cols, err := w.inputColumns(ctx, input)
		if err != nil {
			return nil, nil, err
		}
		sql, err := fixtureSQL(f, cols)
		if err != nil {
			return nil, nil, err
		}
		ctes = append(ctes, names[id]+" AS (\n"+sql+"\n)")
	}
	return ctes, names, nil
}

// inputColumns are the columns that an input has in the database; where it isn't there yet, those that its
// file declares with types.
func (w *worker) inputColumns(ctx context.Context, n *node.Node) ([]warehouse.Column, error) {
	rel := w.r.relation(n)
	kind, err := warehouse.KindOf(ctx, w.conn, rel)
	if err != nil {
		return nil, err
	}
	if kind != warehouse.Nothing {
		return warehouse.Columns(ctx, w.conn, rel)
	}
	var out []warehouse.Column
	for _, c := range n.Columns {
		if c.DataType != "" {
			out = append(out, warehouse.Column{Name: c.Name, Type: c.DataType})
		}
	}
	return out, nil
}

// fixtureSQL is a query that gives a fixture's rows, cast to the input's types; columns that no row names are NULL.
func fixtureSQL(f node.Fixture, cols []warehouse.Column) (string, error) {
	if f.SQL != "" || f.Format == "sql" {
		return f.SQL, nil
	}
	known := slices.Clone(cols)
	index := func(name string) int {
		return slices.IndexFunc(known, func(c warehouse.Column) bool { return strings.EqualFold(c.Name, name) })
	}
	for _, row := range f.Rows {
		for _, name := range row.Columns {
			if index(name) >= 0 {
				continue
			}
			if len(cols) > 0 {
				return "", fmt.Errorf("%s: the rows of %s name column %q, which it doesn't have; it has %s", f.Pos, or(f.Input, "expect"), name, strings.Join(columnNames(cols), ", "))
			}
			known = append(known, warehouse.Column{Name: name})
		}
	}
	if len(known) == 0 {
		return "", fmt.Errorf("%s: nobody knows the columns of %s: build it first, declare its columns with data_type, or give a row", f.Pos, f.Input)
	}
	rows := make([]string, 0, len(f.Rows)+1)
	for _, row := range f.Rows {
		rows = append(rows, "SELECT "+fixtureRow(row, known))
	}
	if len(rows) == 0 {
		rows = append(rows, "SELECT "+fixtureRow(node.Row{}, known)+" WHERE false")
	}
	return strings.Join(rows, "\nUNION ALL "), nil
}

func columnNames(cols []warehouse.Column) []string {
	out := make([]string, len(cols))
	for i, c := range cols {
		out[i] = c.Name
	}
	return out
}

func fixtureRow(row node.Row, cols []warehouse.Column) string {
	out := make([]string, len(cols))
	for i, c := range cols {
		lit := "NULL"
		if at := slices.IndexFunc(row.Columns, func(name string) bool { return strings.EqualFold(name, c.Name) }); at >= 0 {
			lit = literal(row.Values[at])
		}
		if c.Type != "" {
			lit = "CAST(" + lit + " AS " + c.Type + ")"
		}
		out[i] = lit + " AS " + warehouse.Quote(c.Name)
	}
	return strings.Join(out, ", ")
}

// literal writes a fixture's value as SQL.
func literal(v any) string {
	switch x := v.(type) {
	case nil:
		return "NULL"
	case string:
		return warehouse.Text(x)
	case []any:
		items := make([]string, len(x))
		for i, item := range x {
			items[i] = literal(item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	case map[string]any:
		items := make([]string, 0, len(x))
		for k, item := range x {
			items = append(items, warehouse.Text(k)+": "+literal(item))
		}
		slices.Sort(items)
		return "{" + strings.Join(items, ", ") + "}"
	case time.Time:
		return warehouse.Text(x.Format("2006-01-02 15:04:05.999999"))
	}
	return fmt.Sprint(v)
}

// mostDifferences is how many rows of a difference are shown.
const mostDifferences = 20

// compare asks for the rows that are too many and too few, each as often as it is, in the columns that expect names.
func (w *worker) compare(ctx context.Context, res *Result, actual string, cols []warehouse.Column) error {
	expect := res.Node.UnitTestInfo.Expect
	compared, expected, err := expectation(ctx, w.conn, expect, cols)
	if err != nil {
		return err
	}
	list := make([]string, len(compared))
	for i, c := range compared {
		list[i] = warehouse.Quote(c.Name)
	}
	names := strings.Join(list, ", ")
	sql := "WITH eider_actual AS (\nSELECT " + names + " FROM (\n" + actual + "\n) AS a\n), eider_expected AS (\nSELECT " + names + " FROM (\n" + expected + "\n) AS e\n)\n" +
		"SELECT 'missing' AS eider_side, * FROM (SELECT * FROM eider_expected EXCEPT ALL SELECT * FROM eider_actual)\nUNION ALL\n" +
		"SELECT 'unexpected', * FROM (SELECT * FROM eider_actual EXCEPT ALL SELECT * FROM eider_expected)\nORDER BY ALL"
	if err := w.r.write("run", res.Node, sql); err != nil {
		return err
	}
	t, err := w.conn.Query(ctx, sql)
	if err != nil {
		return &materialize.StatementError{SQL: sql, Text: actual, Err: err}
	}
	n := int64(len(t.Rows))
	if n == 0 {
		res.Status = Pass
		zero := int64(0)
		res.Failures = &zero
		return nil
	}
	res.Failures, res.Status = &n, Fail
	res.Message = fmt.Sprintf("model %s gives other rows than expected\n%s", res.Node.UnitTestInfo.Model, difference(t))
	res.Details = append(res.Details, "compiled SQL: "+w.r.short(w.r.path("compiled", res.Node)))
	return nil
}

// expectation is the query of the expected rows and the columns to compare: those that the rows name.
func expectation(ctx context.Context, conn warehouse.Conn, f node.Fixture, actual []warehouse.Column) (compared []warehouse.Column, sql string, err error) {
	if f.SQL != "" || f.Format == "sql" {
		cols, err := warehouse.QueryColumns(ctx, conn, f.SQL)
		if err != nil {
			return nil, "", &materialize.StatementError{SQL: f.SQL, Err: err}
		}
		return cols, f.SQL, nil
	}
	if len(f.Rows) == 0 {
		sql, err = fixtureSQL(f, actual)
		return actual, sql, err
	}
	if _, err := fixtureSQL(f, actual); err != nil {
		return nil, "", err
	}
	for _, c := range actual {
		if slices.ContainsFunc(f.Rows, func(r node.Row) bool {
			return slices.ContainsFunc(r.Columns, func(name string) bool { return strings.EqualFold(name, c.Name) })
		}) {
			compared = append(compared, c)
		}
	}
	sql, err = fixtureSQL(f, compared)
	return compared, sql, err
}

// difference shows rows with - for those that are missing and + for those that nobody expected.
func difference(t *warehouse.Table) string {
	rows := [][]string{append([]string{" "}, t.Columns[1:]...)}
	for i, row := range t.Rows {
		if i == mostDifferences {
			break
		}
		mark := "-"
		if row[0] == "unexpected" {
			mark = "+"
		}
		cells := []string{mark}
		for _, v := range row[1:] {
			cells = append(cells, cell(v))
		}
		rows = append(rows, cells)
	}
	text := materialize.Grid(rows, "") + "\n- expected but missing, + not expected"
	if len(t.Rows) > mostDifferences {
		text += fmt.Sprintf("; %d more rows differ", len(t.Rows)-mostDifferences)
	}
	return text
}

// cell shows a value in one line.
func cell(v any) string {
	switch x := v.(type) {
	case nil:
		return "NULL"
	case time.Time:
		return x.Format("2006-01-02 15:04:05.999999")
	case []byte:
		return fmt.Sprintf(`\x%x`, x)
	}
	return strings.ReplaceAll(fmt.Sprint(v), "\n", `\n`)
}
