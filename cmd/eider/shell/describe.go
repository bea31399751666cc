package shell

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/eiderdb/eider/cmd/eider/render"
	"github.com/eiderdb/eider/sql/lex"
)

// describeCommands are the commands that look into the catalog.
func describeCommands() []command {
	list := func(query func(Catalog) string, schema, name, more string) func(*Shell, context.Context, call) error {
		return func(s *Shell, ctx context.Context, c call) error {
			text := query(s.backend.Catalog())
			if text == "" {
				return fmt.Errorf("%s is not offered here", c.name)
			}
			cond := match(schema, name, c.arg(0))
			if more != "" {
				cond += " AND " + more
			}
			return s.catalogTable(ctx, text, cond)
		}
	}
	relations := func(c Catalog) string { return c.Relations }
	return []command{
		{names: []string{`\d`, ".describe", ".schema"}, args: "[NAME]", doc: "tables and views, or one of them with its columns", run: (*Shell).describe},
		{names: []string{`\dt`, ".tables"}, args: "[PATTERN]", doc: "tables (patterns: * and ?, schema.name)", run: list(relations, "schema_name", "name", "kind = 'table'")},
		{names: []string{`\dv`, ".views"}, args: "[PATTERN]", doc: "views", run: list(relations, "schema_name", "name", "kind = 'view'")},
		{names: []string{`\ds`, ".sequences"}, args: "[PATTERN]", doc: "sequences", run: list(relations, "schema_name", "name", "kind = 'sequence'")},
		{names: []string{`\di`, ".indexes"}, args: "[PATTERN]", doc: "indexes", run: list(func(c Catalog) string { return c.Indexes }, "schema_name", "index_name", "")},
		{names: []string{`\dn`, ".schemas"}, args: "[PATTERN]", doc: "schemas", run: list(func(c Catalog) string { return c.Schemas }, "", "schema_name", "")},
		{names: []string{`\df`, ".functions"}, args: "[PATTERN]", doc: "functions: your own, or those that match", run: (*Shell).functions},
		{names: []string{`\du`, `\dg`, ".roles"}, doc: "roles", run: list(func(c Catalog) string { return c.Roles }, "", "", "")},
		{names: []string{`\l`, ".databases"}, args: "[PATTERN]", doc: "databases", run: list(func(c Catalog) string { return c.Databases }, "", "database_name", "")},
	}
}

// machinery are schemas of Eider's own, which lists leave out unless asked for.
const machinery = `('eider', 'eider_models', 'eider_transformations', 'information_schema', 'pg_catalog')`

// match is the condition for psql's patterns: * and ? are wild, a dot separates schema
// and name, "…" is taken as it stands, and letters' case doesn't matter otherwise.
func match(schemaCol, nameCol, pattern string) string {
	if nameCol == "" {
		return "true"
	}
	if pattern == "" {
		if schemaCol == "" {
			return nameCol + " NOT IN " + machinery
		}
		return schemaCol + " NOT IN " + machinery
	}
	schema, name := splitPattern(pattern)
	cond := like(nameCol, name)
	if schemaCol == "" {
		return cond
	}
	if schema == "" {
		return cond + " AND " + schemaCol + " NOT IN " + machinery
	}
	return cond + " AND " + like(schemaCol, schema)
}

// splitPattern cuts at the last dot that is not in quotes.
func splitPattern(pattern string) (schema, name string) {
	quoted, dot := false, -1
	for i := range len(pattern) {
		switch pattern[i] {
		case '"':
			quoted = !quoted
		case '.':
			if !quoted {
				dot = i
			}
		}
	}
	if dot < 0 {
		return "", pattern
	}
	return pattern[:dot], pattern[dot+1:]
}

func like(col, pattern string) string {
	if strings.HasPrefix(pattern, `"`) {
		return col + " = " + lex.QuoteLiteral(strings.ReplaceAll(strings.Trim(pattern, `"`), `""`, `"`))
	}
	p := strings.NewReplacer(`!`, `!!`, `%`, `!%`, `_`, `!_`, `*`, `%`, `?`, `_`).Replace(strings.ToLower(pattern))
	return "lower(" + col + ") LIKE " + lex.QuoteLiteral(p) + " ESCAPE '!'"
}

// catalogTable shows a query of the catalog as a table.
func (s *Shell) catalogTable(ctx context.Context, text, condition string) error {
	if strings.Contains(text, "%[1]s") {
		text = fmt.Sprintf(text, condition)
	}
	st := lex.Split(text)[0]
	saved := s.render
	s.render.MaxRows, s.render.NoTypes = 0, true
	defer func() { s.render = saved }()
	return s.run(ctx, text, st, how{})
}

// rows runs a query of the shell's own and returns its cells; NULL is "".
func (s *Shell) rows(ctx context.Context, text string) ([][]string, error) {
	result, err := s.backend.Run(ctx, text, lex.Split(text)[0], render.Plain)
	if err != nil {
		return nil, err
	}
	var out [][]string
	for {
		batch, err := result.Next(ctx)
		if err != nil {
			return nil, errors.Join(err, result.Close())
		}
		if batch == nil {
			return out, result.Close()
		}
		for i := range batch.Len() {
			row := make([]string, len(result.Columns()))
			for j := range row {
				cell, _ := batch.Cell(i, j)
				row[j] = string(cell)
			}
			out = append(out, row)
		}
	}
}

func (s *Shell) functions(ctx context.Context, c call) error {
	cond := match("", "function_name", c.arg(0))
	if c.arg(0) == "" {
		cond = "NOT internal AND schema_name NOT IN " + machinery
	}
	return s.catalogTable(ctx, s.backend.Catalog().Functions, cond)
}

// describe shows the list of relations, or one with columns, indexes and constraints.
func (s *Shell) describe(ctx context.Context, c call) error {
	cat := s.backend.Catalog()
	if c.arg(0) == "" {
		return s.catalogTable(ctx, cat.Relations, match("schema_name", "name", ""))
	}
	found, err := s.rows(ctx, fmt.Sprintf(cat.Relations, match("schema_name", "name", c.arg(0))))
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return fmt.Errorf("there is no table or view %s; \\d lists what there is", c.arg(0))
	}
	for i, r := range found {
		if i > 0 {
			fmt.Fprintln(s.out)
		}
		if err := s.describeOne(ctx, cat, r[0], r[1], r[2]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Shell) describeOne(ctx context.Context, cat Catalog, schema, name, kind string) error {
	schemaLit, nameLit := lex.QuoteLiteral(schema), lex.QuoteLiteral(name)
	fmt.Fprintf(s.out, "%s \"%s.%s\"\n", strings.ToUpper(kind[:1])+kind[1:], schema, name)
	if kind == "sequence" {
		return nil
	}
	saved := s.render
	s.render.NoFooter = true
	err := s.catalogTable(ctx, fmt.Sprintf(cat.Columns, schemaLit, nameLit), "")
	s.render = saved
	if err != nil {
		return err
	}
	for _, part := range [][2]string{{"Constraints", cat.Constraints}, {"Indexes", cat.TableIndexes}, {"View definition", cat.ViewText}} {
		if part[1] == "" || part[0] == "View definition" && kind != "view" {
			continue
		}
		rows, err := s.rows(ctx, fmt.Sprintf(part[1], schemaLit, nameLit))
		if err != nil {
			return err
		}
		if len(rows) > 0 {
			fmt.Fprintf(s.out, "%s:\n", part[0])
		}
		for _, r := range rows {
			fmt.Fprintf(s.out, "    %s\n", strings.TrimSpace(r[0]))
		}
	}
	return nil
}
