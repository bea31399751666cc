package materialize

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/eiderdb/eider/engine/project/warehouse"
	"github.com/eiderdb/eider/sql/lex"
)

// insert puts text between two bytes of s.
func insert(s string, at int, text string) string { return s[:at] + text + s[at:] }

// replacing makes CREATE … of a statement CREATE OR REPLACE ….
func replacing(text string, s lex.Stmt) string {
	if leads(text, s, "create", "or", "replace") {
		return text
	}
	return insert(text, s.Tokens[0].End, " OR REPLACE")
}

// featureView makes a feature view of a CREATE FEATURE VIEW statement, or of a query with entity, event_time,
// available_time, ttl and windows in the configuration.
func featureView(ctx context.Context, j *Job) (Result, error) {
	text, err := j.one()
	if err != nil {
		return Result{}, err
	}
	c := &clauses{values: j.Node.Config.Values}
	s := lex.Split(text)[0]
	var sql string
	if leads(text, s, "create") {
		c.refuse("entity", "available_time", "ttl", "windows")
		sql = replacing(text, s)
	} else {
		c.list("entity", "ENTITY ", true)
		c.name("event_time", "EVENT TIME ")
		c.name("available_time", "AVAILABLE TIME ")
		c.text("ttl", "TTL ")
		c.list("windows", "WINDOWS ", false)
		sql = "CREATE OR REPLACE FEATURE VIEW " + j.Relation.String() + "\n  " + strings.Join(c.parts, "\n  ") + "\nAS\n" + text
	}
	if c.err != nil {
		return Result{}, c.err
	}
	if err := j.dropOrdinary(ctx); err != nil {
		return Result{}, err
	}
	tag, err := j.exec(ctx, sql)
	return Result{Message: string(tag), Rows: -1}, err
}

// name writes a column's name.
func (c *clauses) name(key, lead string) {
	if s, ok := c.values[key].(string); ok {
		c.parts = append(c.parts, lead+column(s))
	} else if c.values[key] != nil {
		c.fail(key, "expected the name of a column, got %v", c.values[key])
	}
}

// dropOrdinary drops a table or plain view that stands where a feature view is to be.
func (j *Job) dropOrdinary(ctx context.Context) error {
	kind, err := warehouse.KindOf(ctx, j.Conn, j.Relation)
	if err != nil || kind == warehouse.Nothing {
		return err
	}
	if kind == warehouse.View {
		t, err := j.Conn.Query(ctx, "SELECT 1 FROM eider.feature_views WHERE lower(schema) = lower("+warehouse.Text(j.Relation.Schema)+") AND lower(name) = lower("+warehouse.Text(j.Relation.Name)+")")
		if err != nil || len(t.Rows) > 0 {
			return err
		}
	}
	_, err = j.exec(ctx, "DROP "+strings.ToUpper(string(kind))+" "+j.Relation.String())
	return err
}

// transformation fits columns on rows: the file is CREATE TRANSFORMATION … FIT ON …, or the query that it is fitted
// on, with the columns in items. The version that is there stays where statement and rows are the same.
func transformation(ctx context.Context, j *Job) (Result, error) {
	text, err := j.one()
	if err != nil {
		return Result{}, err
	}
	c := &clauses{values: j.Node.Config.Values}
	s := lex.Split(text)[0]
	head, rows := "", text
	if leads(text, s, "create") {
		c.refuse("items")
		text = replacing(text, s)
		s = lex.Split(text)[0]
		fit := topLevel(text, s.Tokens, "fit", "on")
		if fit < 0 || !leads(text, s, "create", "or", "replace", "transformation") {
			return Result{}, errors.New("the file is neither a query nor CREATE TRANSFORMATION … FIT ON …")
		}
		head, rows = text[s.Tokens[3].End:s.Tokens[fit].Start], fitRows(text, s.Tokens[fit+2:])
	} else {
		c.list("items", j.Relation.String()+" AS ", false)
		if len(c.parts) == 0 && c.err == nil {
			return Result{}, errors.New("a transformation needs items: a list of columns such as '*' and 'impute(age) OVER () AS age'")
		}
		head = " " + strings.Join(c.parts, "") + " "
	}
	if c.err != nil {
		return Result{}, c.err
	}
	data, err := j.fingerprint(ctx, rows)
	if err != nil {
		return Result{}, err
	}
	statement := func(mark string) string {
		return "CREATE OR REPLACE TRANSFORMATION " + mark + strings.TrimLeft(head, " ") + "FIT ON (\n" + rows + "\n)"
	}
	last, err := j.Conn.Query(ctx, "SELECT version, statement FROM eider.transformation_versions WHERE lower(transformation) = lower("+warehouse.Text(j.key())+") ORDER BY version DESC LIMIT 1")
	if err != nil {
		return Result{}, err
	}
	if len(last.Rows) > 0 && !j.FullRefresh {
		if before, of := unmark(fmt.Sprint(last.Rows[0][1])); before == statement("") && of == data {
			return Result{Rows: -1, Skipped: true, Message: fmt.Sprintf("unchanged since version %v: statement and data (%s)", last.Rows[0][0], data)}, nil
		}
	}
	tag, err := j.exec(ctx, statement(dataMark(data)))
	return Result{Message: string(tag), Rows: -1}, err
}

// fitRows is the query of FIT ON {TABLE t | t | (query) | query}.
func fitRows(text string, tokens []lex.Token) string {
	if len(tokens) == 0 {
		return ""
	}
	from := tokens[0]
	rest := text[from.Start:tokens[len(tokens)-1].End]
	switch {
	case from.Word(text, "table") && len(tokens) > 1:
		return "SELECT * FROM " + text[tokens[1].Start:tokens[len(tokens)-1].End]
	case from.Is(text, "("):
		return "SELECT * FROM " + rest
	case from.Word(text, "select"), from.Word(text, "with"), from.Word(text, "from"), from.Word(text, "values"):
		return rest
	}
	return "SELECT * FROM " + rest
}
