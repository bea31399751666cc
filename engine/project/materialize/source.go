package materialize

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/eiderdb/eider/engine/project/warehouse"
	"github.com/eiderdb/eider/sql/lex"
)

// source makes a source, unless it is there with the same statement, and pulls what is new. With --full-refresh it is
// made anew and reads everything again. It is no transaction: a refresh commits its batches, with their offsets.
func source(ctx context.Context, j *Job) (Result, error) {
	sql, err := j.sourceStatement()
	if err != nil {
		return Result{}, err
	}
	have, err := j.Conn.Query(ctx, "SELECT statement FROM eider.sources WHERE lower(source) = lower("+warehouse.Text(j.key())+")")
	if err != nil {
		return Result{}, err
	}
	if len(have.Rows) == 0 || j.FullRefresh || strings.TrimSpace(fmt.Sprint(have.Rows[0][0])) != strings.TrimSpace(sql) {
		if _, err := j.exec(ctx, sql); err != nil {
			return Result{}, err
		}
	}
	t, err := j.query(ctx, "REFRESH SOURCE "+j.Relation.String())
	if err != nil {
		return Result{}, err
	}
	return refreshed(t), nil
}

// sourceStatement reads the file: CREATE SOURCE, or connector, options, format, on_error and with in the
// configuration, and the columns of the schema file.
func (j *Job) sourceStatement() (string, error) {
	c := &clauses{values: j.Node.Config.Values}
	switch statements := lex.Split(j.SQL); {
	case len(statements) > 1:
		_, err := j.one()
		return "", err
	case len(statements) == 1:
		text, err := j.one()
		if err != nil {
			return "", err
		}
		s := lex.Split(text)[0]
		if !leads(text, s, "create") {
			return "", errors.New("the file of a source is CREATE SOURCE …, or nothing but its configuration")
		}
		c.refuse("connector", "options", "format", "on_error", "watermark")
		return replacing(text, s)[s.Start:], c.err
	}
	connector, _ := c.values["connector"].(string)
	if connector == "" {
		return "", errors.New("a source needs a connector in its configuration (files, …), or a file that is CREATE SOURCE …")
	}
	defs, _, err := j.definitions()
	if err != nil {
		return "", err
	}
	c.text("watermark", "WATERMARK FOR ")
	defs = append(defs, c.parts...)
	c.parts = nil
	sql := "CREATE OR REPLACE SOURCE " + j.Relation.String()
	if len(defs) > 0 {
		sql += " (\n  " + strings.Join(defs, ",\n  ") + "\n)"
	}
	options, ok := dict(c.values["options"], true, " ")
	if !ok {
		c.fail("options", "expected a dict such as {path: 'data/*.csv'}, got %v", c.values["options"])
	}
	c.parts = append(c.parts, "FROM "+strings.ToUpper(connector)+" ("+options+")")
	c.text("format", "FORMAT ")
	c.text("on_error", "ON ERROR ")
	c.pairs("with", "WITH ", true)
	return sql + "\n" + strings.Join(c.parts, "\n"), c.err
}

// refreshed reads REFRESH's row.
func refreshed(t *warehouse.Table) Result {
	res := Result{Message: "REFRESH", Rows: -1}
	if len(t.Rows) == 0 {
		return res
	}
	var parts []string
	for i, name := range t.Columns {
		v := t.Rows[0][i]
		switch n, isInt := v.(int64); {
		case isInt && strings.EqualFold(name, "rows"):
			res.Rows = n
		case isInt && n != 0:
			parts = append(parts, fmt.Sprintf("%s %d", name, n))
		}
	}
	if len(parts) > 0 {
		res.Details = []string{strings.Join(parts, ", ")}
	}
	return res
}
