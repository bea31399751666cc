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
	same, err := j.sameSource(ctx, sql)
	if err != nil {
		return Result{}, err
	}
	if !same || j.FullRefresh {
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

// sameSource tells whether the source is there as the statement would make it. The database writes both as statements:
// the one that would be is made under another name and rolled back. Columns that the statement doesn't declare are
// those of the files at hand, and columns that may evolve are no difference either.
func (j *Job) sameSource(ctx context.Context, sql string) (bool, error) {
	there, err := j.Conn.Query(ctx, `SELECT 1 FROM eider.sources WHERE lower("schema") = lower(`+warehouse.Text(j.Relation.Schema)+") AND lower(name) = lower("+warehouse.Text(j.Relation.Name)+")")
	if err != nil || len(there.Rows) == 0 {
		return false, err
	}
	other := j.Relation.With(j.Relation.Name + "__eider_check")
	trial, declares, err := renamed(sql, other.String())
	if err != nil {
		return false, err
	}
	var now, then string
	show := func(r warehouse.Relation, into *string) error {
		t, err := j.Conn.Query(ctx, "SHOW CREATE SOURCE "+r.String())
		if err != nil {
			return err
		}
		text := fmt.Sprint(t.Rows[0][len(t.Rows[0])-1])
		head, rest, ok := strings.Cut(text, "(")
		if columns, tail, cut := strings.Cut(rest, "\n) FROM "); ok && cut && head != "" {
			if *into = tail; declares {
				*into = columns + tail
			}
			return nil
		}
		*into = text
		return nil
	}
	undo := errors.New("undo")
	err = warehouse.InTransaction(ctx, j.Conn, func() error {
		if _, err := j.Conn.Exec(ctx, trial); err != nil {
			return &StatementError{SQL: sql, Text: j.SQL, Err: err}
		}
		if err := show(other, &then); err != nil {
			return err
		}
		if err := show(j.Relation, &now); err != nil {
			return err
		}
		return undo
	})
	if !errors.Is(err, undo) {
		return false, err
	}
	return now == then, nil
}

// renamed gives CREATE OR REPLACE SOURCE another name. declares tells whether it has a list of columns that stay as they are.
func renamed(sql, name string) (text string, declares bool, err error) {
	s := lex.Split(sql)[0]
	at := 4 // behind CREATE OR REPLACE SOURCE
	if !leads(sql, s, "create", "or", "replace", "source") || len(s.Tokens) <= at {
		return "", false, errors.New("the file of a source is CREATE SOURCE …")
	}
	end := at
	for end+2 < len(s.Tokens) && s.Tokens[end+1].Is(sql, ".") {
		end += 2
	}
	declares = end+1 < len(s.Tokens) && s.Tokens[end+1].Is(sql, "(")
	for _, t := range s.Tokens[end:] {
		if t.IsString() && strings.EqualFold(lex.Unquote(sql, t), "evolve") || t.Word(sql, "evolve") {
			declares = false
		}
	}
	return sql[:s.Tokens[at].Start] + name + sql[s.Tokens[end].End:], declares, nil
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
