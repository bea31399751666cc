package source

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
	"github.com/eiderdb/eider/storage/source"
)

func (f *family) createKind() *stmt.Kind {
	return &stmt.Kind{
		Name: "CREATE SOURCE", Leads: [][]string{{"create", "source"}, {"create", "or", "replace", "source"}}, Parse: stmt.Reader(f.parseCreate),
		Call: "eider.create_source", FromCall: f.createFromCall,
		Doc: stmt.Doc{
			Summary: "Makes a source: a table that REFRESH SOURCE fills from elsewhere, each thing once.",
			Syntax: "CREATE [OR REPLACE] SOURCE [IF NOT EXISTS] name [( column type [NOT NULL] [CHECK (condition)] [DEFAULT expression] [, …] [, WATERMARK FOR column AS expression] )]\n" +
				"  FROM FILES ( path 'glob' [, option value …] )\n  [FORMAT {CSV | JSON | PARQUET} [( option value [, …] )]]\n" +
				"  [INCLUDE ( {offset | partition | timestamp} [AS column] [, …] )]\n  [ENVELOPE {APPEND | UPSERT KEY ( column [, …] )}]\n" +
				"  [ON ERROR {QUARANTINE | SKIP | STOP}]\n  [WITH ( option = value [, …] )]",
			Notes: f.notes(),
			Examples: []stmt.Example{
				{Setup: exampleFiles, SQL: "CREATE SOURCE parcels (id INTEGER NOT NULL, weight DOUBLE CHECK (weight > 0), sent DATE)\n  FROM FILES (path '/tmp/eider_parcels_*.csv') FORMAT CSV"},
				{SQL: "REFRESH SOURCE parcels"},
				{SQL: "SELECT id, weight, sent::VARCHAR AS sent FROM parcels ORDER BY id", Want: "1\t2.5\t2024-05-01\n3\t0.4\t2024-05-03"},
				{SQL: "SELECT payload, reason FROM parcels__rejects ORDER BY payload", Want: "2,heavy,2024-05-02\tcolumn \"weight\": could not convert string \"heavy\" to 'DOUBLE'\n" +
					"{\"id\":4,\"weight\":-1.0,\"sent\":\"2024-05-04\"}\tcolumn \"weight\": -1.0 fails CHECK (weight > 0)"},
				{SQL: "CREATE SOURCE parcels FROM FILES (path '/tmp/eider_parcels_*.csv')", Code: "42P07"},
				{SQL: "CREATE SOURCE more FROM FILES (path '/tmp/eider_parcels_*.csv', pth 'x')", Code: "42601"},
			},
		},
	}
}

// exampleFiles writes the files that the examples read.
const exampleFiles = `COPY (SELECT * FROM (VALUES (1, '2.5', '2024-05-01'), (2, 'heavy', '2024-05-02')) t(id, weight, sent)) TO '/tmp/eider_parcels_1.csv' (FORMAT csv, HEADER);
	COPY (SELECT * FROM (VALUES (3, '0.4', '2024-05-03'), (4, '-1', '2024-05-04')) t(id, weight, sent)) TO '/tmp/eider_parcels_2.csv' (FORMAT csv, HEADER)`

// notes are the declaration's, with the drivers' options.
func (f *family) notes() string {
	var b strings.Builder
	b.WriteString("A source is a table of its name, with a second one beside it, `name__rejects`, for what couldn't be stored. Columns are found by name. A row is rejected where a value doesn't convert, " +
		"a NOT NULL or CHECK fails, or a line is malformed; `payload` has it, `reason` says why, \"offset\" where it was, `at` when. ON ERROR SKIP drops such rows, STOP fails with the first of them and stores nothing.\n\n" +
		"Without a list of columns they are inferred from what is there, and stored: they don't change with the next file. " +
		"Rows, rejects and how far the source was read are stored in one transaction. Only superusers make sources of the server's files. See [sources](sources.md).\n")
	for _, d := range f.drivers {
		fmt.Fprintf(&b, "\n`FROM %s (…)`: %s\n\n", d.Name, d.Doc)
		optionTable(&b, d.Options)
		for _, format := range d.Formats {
			if len(format.Options) > 0 {
				fmt.Fprintf(&b, "\n`FORMAT %s (…)`: %s\n\n", format.Name, format.Doc)
				optionTable(&b, format.Options)
			}
		}
		if len(d.Metadata) > 0 {
			fmt.Fprintf(&b, "\n`INCLUDE (…)` of %s: ", d.Name)
			for i, m := range d.Metadata {
				if i > 0 {
					b.WriteString("; ")
				}
				fmt.Fprintf(&b, "`%s` (%s) %s", m.Name, m.Type, strings.ToLower(m.Doc[:1])+strings.TrimSuffix(m.Doc[1:], "."))
				if len(m.Formats) > 0 {
					b.WriteString(", of " + strings.Join(m.Formats, " and ") + " only")
				}
			}
			b.WriteString(".\n")
		}
	}
	b.WriteString("\n`WITH (…)`:\n\n")
	optionTable(&b, WithOptions())
	return b.String()
}

func optionTable(b *strings.Builder, options []source.Option) {
	b.WriteString("| option | type | default | |\n| --- | --- | --- | --- |\n")
	for _, o := range options {
		def := ""
		switch {
		case o.Required:
			def = "required"
		case o.Kind == source.Interval && o.Default != nil:
			def = duration(o.Default.(int64))
		case o.Default != nil:
			def = "`" + fmt.Sprint(o.Default) + "`"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", o.Name, o.Kind, def, strings.ReplaceAll(o.Doc, "|", "\\|"))
	}
}

// duration writes a length of time.
func duration(micros int64) string {
	if micros%1e6 != 0 {
		return fmt.Sprintf("%g seconds", float64(micros)/1e6)
	}
	return fmt.Sprintf("%d seconds", micros/1e6)
}

func (c *create) Plan(ctx context.Context, ss stmt.Session) (*stmt.Plan, error) {
	s, err := session(ss)
	if err != nil {
		return nil, err
	}
	if err := readsFiles(s, c.driver, c.from); err != nil {
		return nil, err
	}
	spec, err := c.resolve(ctx, s)
	if err != nil {
		return nil, err
	}
	schema, err := c.schema(ctx, s)
	if err != nil {
		return nil, err
	}
	src := &Stored{Schema: schema, Name: c.name.Last(), Spec: spec, Driver: c.driver}
	lines := []string{"Create source " + src.Key() + " from " + c.driver.Name + ", with " + src.Schema + "." + RejectsName(src.Name) + " for what is rejected"}
	for _, at := range c.locations(spec) {
		lines = append(lines, "Reads: "+at)
	}
	if len(spec.Columns) == 0 {
		lines = append(lines, "Columns: inferred when it runs")
	} else {
		var names []string
		for _, col := range spec.Columns {
			names = append(names, col.Name+" "+col.Type)
		}
		lines = append(lines, "Columns: "+strings.Join(names, ", "))
	}
	return &stmt.Plan{Explain: lines, Exec: func(ctx context.Context, _ stmt.Session) (*stmt.Result, error) { return nil, c.exec(ctx, s, src) }}, nil
}

func (c *create) locations(spec *Spec) []string {
	if c.driver.Locations == nil {
		return nil
	}
	return c.driver.Locations(spec.Config(c.driver))
}

// resolve checks options, names and expressions.
func (c *create) resolve(ctx context.Context, s Session) (*Spec, error) {
	spec := &Spec{Driver: c.driver.Name, OnError: c.onError, Envelope: c.envelope, Columns: []Column{}}
	if spec.OnError == "" {
		spec.OnError = Quarantine
	}
	if spec.Envelope == "" {
		spec.Envelope = source.Append
	}
	var err error
	if spec.Options, spec.Secrets, err = values(c.options, c.driver.Options, true, c.from, c.driver.Name); err != nil {
		return nil, err
	}
	if err := c.resolveFormat(spec); err != nil {
		return nil, err
	}
	if spec.With, _, err = values(c.with, WithOptions(), false, c.from, "WITH"); err != nil {
		return nil, err
	}
	if spec.Envelope != source.Append && !slices.Contains(c.driver.Envelopes, spec.Envelope) {
		return nil, parse.Errorf(c.name.Span, sqlstate.FeatureNotSupported, "a source of %s can't have ENVELOPE %s", c.driver.Name, spec.Envelope).
			WithHint("It can have APPEND or UPSERT KEY (…).")
	}
	config := spec.Config(c.driver)
	if c.driver.Check != nil {
		if err := c.driver.Check(config); err != nil {
			return nil, here(err, c.from.Start)
		}
	}
	if spec.Format == "" && config.Format != "" {
		spec.Format = config.Format
	}
	if err := c.resolveInclude(spec); err != nil {
		return nil, err
	}
	if len(c.columns) == 0 {
		if c.watermark.column.Text != "" {
			return nil, parse.Errorf(c.watermark.column.Span, sqlstate.SyntaxError, "WATERMARK needs a list of columns before it")
		}
		return spec, nil
	}
	if err := c.resolveColumns(ctx, s, spec); err != nil {
		return nil, err
	}
	return spec, c.checkNames(spec)
}

func (c *create) resolveFormat(spec *Spec) error {
	d := c.driver
	if c.format.Text == "" {
		if len(d.Formats) == 0 {
			return nil
		}
		probe := &source.Config{Options: source.Defaults(d.Options, spec.Options), FormatOptions: source.Values{}}
		if d.Check != nil { // it finds the format
			if err := d.Check(probe); err != nil {
				return here(err, c.from.Start)
			}
		}
		spec.Format, spec.FormatOptions = probe.Format, source.Values{}
		return nil
	}
	f := d.FormatOf(c.format.Text)
	if f == nil {
		var known []string
		for _, f := range d.Formats {
			known = append(known, f.Name)
		}
		return parse.Errorf(c.format.Span, sqlstate.FeatureNotSupported, "a source of %s can't have format %s", d.Name, strings.ToUpper(c.format.Text)).WithHint("It can have %s.", strings.Join(known, ", "))
	}
	var err error
	spec.Format = f.Name
	spec.FormatOptions, _, err = values(c.formatOptions, f.Options, true, c.format.Span, "FORMAT "+f.Name)
	return err
}

func (c *create) resolveInclude(spec *Spec) error {
	for _, i := range c.include {
		m := c.driver.MetadataOf(i.what.Text)
		if m == nil {
			var known []string
			for _, m := range c.driver.Metadata {
				known = append(known, m.Name)
			}
			return parse.Errorf(i.what.Span, sqlstate.FeatureNotSupported, "a source of %s can't include %s", c.driver.Name, i.what.Text).WithHint("It can include %s.", strings.Join(known, ", "))
		}
		if len(m.Formats) > 0 && !slices.Contains(m.Formats, spec.Format) {
			return parse.Errorf(i.what.Span, sqlstate.FeatureNotSupported, "the %s of a row of %s isn't known", m.Name, spec.Format).WithHint("It is known of %s.", strings.Join(m.Formats, ", "))
		}
		spec.Include = append(spec.Include, Include{m.Name, i.as.Text, m.Type})
	}
	return nil
}

// resolveColumns finds the types, and checks that the expressions make sense over them.
func (c *create) resolveColumns(ctx context.Context, s Session, spec *Spec) error {
	var nulls []string
	for _, col := range c.columns {
		head := "SELECT CAST(NULL AS "
		described, err := s.Describe(ctx, head+col.typ.Text+")")
		if err != nil {
			return shifted(err, len(head), col.typ)
		}
		out := Column{Name: col.name.Text, Type: described[0].Type.String(), NotNull: col.notNull, Default: col.def.Text}
		for _, check := range col.checks {
			out.Checks = append(out.Checks, check.Text)
		}
		spec.Columns = append(spec.Columns, out)
		nulls = append(nulls, "CAST(NULL AS "+out.Type+") AS "+lex.QuoteIdent(out.Name))
	}
	over := ") FROM (SELECT " + strings.Join(nulls, ", ") + ") AS " + lex.QuoteIdent(c.name.Last())
	for _, col := range c.columns {
		for _, check := range col.checks {
			head := "SELECT TRY(CAST(("
			if _, err := s.Describe(ctx, head+check.Text+") AS BOOLEAN)"+over); err != nil {
				return shifted(err, len(head), check)
			}
		}
		if col.def.Text != "" {
			head := "SELECT CAST(("
			if _, err := s.Describe(ctx, head+col.def.Text+") AS "+col.typ.Text+")"); err != nil {
				return shifted(err, len(head), col.def)
			}
		}
	}
	if w := c.watermark; w.column.Text != "" {
		if !slices.ContainsFunc(spec.Columns, func(col Column) bool { return lex.EqualFold(col.Name, w.column.Text) }) {
			return noColumn(w.column, spec)
		}
		head := "SELECT (("
		if _, err := s.Describe(ctx, head+w.expr.Text+")"+over); err != nil {
			return shifted(err, len(head), w.expr)
		}
		spec.WatermarkColumn, spec.Watermark = w.column.Text, w.expr.Text
	}
	return nil
}

func noColumn(n parse.Name, spec *Spec) error {
	var names []string
	for _, col := range spec.Columns {
		names = append(names, col.Name)
	}
	e := parse.Errorf(n.Span, sqlstate.UndefinedColumn, "the source has no column %q", n.Text)
	if near := parse.Closest(n.Text, names); near != "" {
		return e.WithHint("Did you mean %s?", ident(near))
	}
	return e
}

// checkNames finds the key's columns and refuses names that clash. It needs the columns.
func (c *create) checkNames(spec *Spec) error {
	seen := map[string]bool{}
	for _, col := range spec.Columns {
		seen[lex.Fold(col.Name)] = true
	}
	for i, inc := range spec.Include {
		if seen[lex.Fold(inc.As)] {
			return parse.Errorf(c.include[i].as.Span, sqlstate.DuplicateColumn, "there are two columns %q", inc.As).WithHint("Give it another name: INCLUDE (%s AS …).", inc.Name)
		}
		seen[lex.Fold(inc.As)] = true
	}
	spec.Key = nil
	for _, k := range c.key {
		i := slices.IndexFunc(spec.Columns, func(col Column) bool { return lex.EqualFold(col.Name, k.Text) })
		if i < 0 {
			return noColumn(k, spec)
		}
		spec.Key = append(spec.Key, spec.Columns[i].Name)
	}
	return nil
}

// schema is where the source is to be.
func (c *create) schema(ctx context.Context, s Session) (string, error) {
	parts := c.name.Parts
	if len(parts) == 3 && !lex.EqualFold(parts[0].Text, s.Database()) {
		return "", parse.Errorf(c.name.Span, sqlstate.FeatureNotSupported, "a source can't be made in another database").WithHint("It lives in the database of the session, %s.", s.Database())
	}
	schema := ""
	if len(parts) > 1 {
		schema = parts[len(parts)-2].Text
	}
	if lex.EqualFold(schema, "public") {
		schema = "main"
	}
	rows, err := s.Query(ctx, `SELECT schema_name FROM duckdb_schemas() WHERE database_name = $1 AND lower(schema_name) = lower(coalesce(nullif($2, ''), current_schema()))`, s.Database(), schema)
	if err != nil {
		return "", err
	}
	if len(rows) == 0 {
		return "", parse.Errorf(c.name.Span, sqlstate.InvalidSchemaName, "schema %q does not exist", schema)
	}
	return text(rows[0][0]), nil
}

func (c *create) exec(ctx context.Context, s Session, src *Stored) error {
	old, err := Load(ctx, querier{s}, s.Database(), c.f.drivers, parse.QualifiedName{Parts: []parse.Name{{Text: src.Schema}, {Text: src.Name}}, Span: c.name.Span})
	if err != nil {
		return err
	}
	switch {
	case old != nil && c.ifNotExists:
		s.Notice("NOTICE", "source "+src.Key()+" already exists, skipping")
		return nil
	case old != nil && !c.orReplace:
		return parse.Errorf(c.name.Span, sqlstate.DuplicateTable, "source %s already exists", src.Key()).WithHint("CREATE OR REPLACE SOURCE makes it anew, with nothing read. ALTER SOURCE … SET changes its options.")
	case old != nil:
		if err := owned(ctx, s, old, c.name.Span); err != nil {
			return err
		}
		if err := remove(ctx, s, old, c.name.Span, false); err != nil {
			return err
		}
	}
	if err := c.infer(ctx, s, src); err != nil {
		return err
	}
	for _, sql := range []string{tableSQL(src), "CREATE TABLE " + src.Rejects() + ` (payload VARCHAR, reason VARCHAR NOT NULL, "offset" JSON, "at" TIMESTAMP WITH TIME ZONE NOT NULL)`} {
		if err := s.Define(ctx, sql); err != nil {
			return here(err, c.name.Span.Start)
		}
	}
	return c.store(ctx, s, src)
}

// infer finds the columns where none were declared.
func (c *create) infer(ctx context.Context, s Session, src *Stored) error {
	spec := src.Spec
	if len(spec.Columns) > 0 {
		return nil
	}
	if c.driver.Infer == nil {
		return parse.Errorf(c.name.Span, sqlstate.InvalidTableDefinition, "a source of %s needs a list of columns", c.driver.Name)
	}
	found, err := s.InferSource(ctx, spec)
	if err != nil {
		return here(err, c.from.Start)
	}
	if found == nil || len(found.Columns) == 0 {
		return parse.Errorf(c.from, sqlstate.UndefinedFile, "nothing is there yet to infer the columns from").WithHint("Declare them: CREATE SOURCE %s (column type, …) FROM %s …", ident(src.Name), c.driver.Name)
	}
	for _, col := range found.Columns {
		if strings.HasPrefix(lex.Fold(col.Name), hidden) {
			return parse.Errorf(c.name.Span, sqlstate.ReservedName, "column names that begin with %s are Eider's own", hidden)
		}
		spec.Columns = append(spec.Columns, Column{Name: col.Name, Type: col.Type})
	}
	for n, v := range found.FormatOptions {
		spec.FormatOptions[n] = v
	}
	return c.checkNames(spec)
}

// tableSQL is the statement that makes the source's table.
func tableSQL(src *Stored) string {
	var items []string
	for _, col := range src.Spec.Columns {
		item := lex.QuoteIdent(col.Name) + " " + col.Type
		if col.NotNull {
			item += " NOT NULL"
		}
		for _, check := range col.Checks {
			item += " CHECK (" + check + ")"
		}
		if col.Default != "" {
			item += " DEFAULT (" + col.Default + ")"
		}
		items = append(items, item)
	}
	for _, i := range src.Spec.Include {
		items = append(items, lex.QuoteIdent(i.As)+" "+i.Type)
	}
	return "CREATE TABLE " + src.Table() + " (" + strings.Join(items, ", ") + ")"
}

func (c *create) store(ctx context.Context, s Session, src *Stored) error {
	spec, err := json.Marshal(src.Spec)
	if err != nil {
		return err
	}
	secrets, err := json.Marshal(src.Spec.Secrets)
	if err != nil {
		return err
	}
	// A table of the name that went with its schema may have left something behind.
	if err := forget(ctx, s, `lower(schema_name) = lower($1) AND lower(name) = lower($2)`, src.Schema, src.Name); err != nil {
		return err
	}
	rows, err := s.Query(ctx, `INSERT INTO eider.source_store (id, schema_name, name, driver, format, spec, secrets, statement, started, refreshes, created_at, created_by)
		VALUES (CAST(uuid() AS VARCHAR), $1, $2, $3, $4, $5, $6, $7, false, 0, now(), $8) RETURNING id`,
		src.Schema, src.Name, src.Spec.Driver, src.Spec.Format, string(spec), string(secrets), src.Statement(), s.User())
	if err != nil {
		return err
	}
	src.ID = text(rows[0][0])
	return s.RecordSource(ctx, src)
}

// forget removes what is stored of sources.
func forget(ctx context.Context, s stmt.Session, where string, args ...any) error {
	for _, table := range []string{"source_position_store", "source_run_store", "source_drift_store"} {
		if _, err := s.Exec(ctx, "DELETE FROM eider."+table+" WHERE id IN (SELECT id FROM eider.source_store WHERE "+where+")", args...); err != nil {
			return err
		}
	}
	_, err := s.Exec(ctx, "DELETE FROM eider.source_store WHERE "+where, args...)
	return err
}

// shifted moves the position of an error in a text that holds a piece of the user's after before bytes.
func shifted(err error, before int, piece parse.Span) error {
	e := *sqlstate.From(err)
	if e.Position == 0 {
		return e.At(piece.Start)
	}
	return e.At(piece.Start + min(max(e.Position-1-before, 0), len(piece.Text)))
}
