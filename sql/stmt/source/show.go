package source

import (
	"context"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

func showKind() *stmt.Kind {
	return &stmt.Kind{
		Name: "SHOW SOURCES", Leads: [][]string{{"show", "sources"}}, Recognise: atShow, Parse: stmt.Reader(parseShow),
		Call: "eider.show_sources", FromCall: showFromCall,
		Doc: stmt.Doc{
			Summary: "Lists the sources that the role may see.",
			Syntax:  "SHOW SOURCES [LIKE 'pattern']",
			Notes: "The pattern is LIKE's, without regard to case. Returns `schema, name, driver, state, rows, rejects, lag, last_refresh, last_error`; the view `eider.sources` has more. " +
				"Where there is a table named sources, SHOW SOURCES alone shows its columns, as SHOW of a table does: write `SHOW SOURCES LIKE '%'`.",
			Examples: []stmt.Example{
				{Setup: exampleFiles + "; CREATE SOURCE parcels FROM FILES (path '/tmp/eider_parcels_*.csv')", SQL: "SHOW SOURCES LIKE 'par%'",
					Want: "main\tparcels\tFILES\tidle\t0\t0\t2\tNULL\tNULL"},
			},
		},
	}
}

// atShow tells SHOW SOURCES from SHOW of something longer.
func atShow(p *parse.Parser) bool {
	p.Next()
	p.Next()
	return p.Eof() || p.Is("like")
}

// show is SHOW SOURCES as it was written.
type show struct{ like *string }

func parseShow(p *parse.Parser) (*show, error) {
	if err := p.ExpectWords("show", "sources"); err != nil {
		return nil, err
	}
	like, err := p.AcceptLike()
	return &show{like: like}, err
}

func (w *show) Plan(ctx context.Context, s stmt.Session) (*stmt.Plan, error) {
	const theirs = "DESCRIBE sources"
	if w.like == nil {
		columns, err := s.Describe(ctx, theirs)
		if err == nil {
			return &stmt.Plan{Tag: "DESCRIBE", Columns: columns, ReadOnly: true, Explain: []string{"Describe the table sources"},
				Exec: func(context.Context, stmt.Session) (*stmt.Result, error) { return &stmt.Result{Query: theirs}, nil }}, nil
		}
		if !sqlstate.Is(err, sqlstate.UndefinedTable) {
			return nil, sqlstate.From(err)
		}
	}
	return &stmt.Plan{
		ReadOnly: true, Tag: "SHOW", Explain: []string{"List the sources"},
		Columns: result("schema", "VARCHAR", "name", "VARCHAR", "driver", "VARCHAR", "state", "VARCHAR", "rows", "BIGINT", "rejects", "BIGINT", "lag", "BIGINT", "last_refresh", "TIMESTAMPTZ", "last_error", "VARCHAR"),
		Exec: func(context.Context, stmt.Session) (*stmt.Result, error) {
			query := `SELECT "schema", name, driver, state, rows, rejects, lag, last_refresh, last_error FROM eider.sources`
			if w.like != nil {
				query += " WHERE name ILIKE " + lex.QuoteLiteral(*w.like)
			}
			return &stmt.Result{Query: query + " ORDER BY 1, 2"}, nil
		},
	}, nil
}

func (f *family) describeKind() *stmt.Kind {
	return &stmt.Kind{
		Name: "DESCRIBE SOURCE", Leads: [][]string{{"describe", "source"}, {"desc", "source"}}, Recognise: atDescribe,
		Parse: stmt.Reader(func(p *parse.Parser) (*describe, error) { return f.parseDescribe(p) }),
		Call:  "eider.describe_source", FromCall: f.describeFromCall,
		Doc: stmt.Doc{
			Summary: "Shows what a source is made of.",
			Syntax:  "DESCRIBE SOURCE name",
			Notes: "One row for each column, whose `role` is column or the metadata that it has, with its constraints in `definition`; then one for each option and clause, and one for the watermark, " +
				"which is the greatest value of its expression so far. For everybody who may read the source; the options for its owner.",
			Examples: []stmt.Example{
				{Setup: exampleFiles + "; CREATE SOURCE parcels (id INTEGER NOT NULL, weight DOUBLE CHECK (weight > 0)) FROM FILES (path '/tmp/eider_parcels_*.csv') INCLUDE (partition AS file)", SQL: "DESCRIBE SOURCE parcels",
					Want: "id\tINTEGER\tcolumn\tNOT NULL\nweight\tDOUBLE\tcolumn\tCHECK (weight > 0)\nfile\tVARCHAR\tpartition\tNULL\nNULL\tNULL\tfrom\tFILES (path '/tmp/eider_parcels_*.csv')\n" +
						"NULL\tNULL\tformat\tCSV\nNULL\tNULL\tenvelope\tAPPEND\nNULL\tNULL\ton error\tQUARANTINE"},
				{SQL: "DESCRIBE SOURCE parcel", Code: "42704"},
			},
		},
	}
}

// atDescribe tells DESCRIBE SOURCE name from DESCRIBE of a table named source.
func atDescribe(p *parse.Parser) bool {
	p.Next()
	p.Next()
	return p.Peek().IsIdent()
}

// describe is DESCRIBE SOURCE as it was written.
type describe struct {
	f    *family
	name parse.QualifiedName
}

func (f *family) parseDescribe(p *parse.Parser) (*describe, error) {
	if _, err := p.ExpectOneOf("describe", "desc"); err != nil {
		return nil, err
	}
	if err := p.ExpectWord("source"); err != nil {
		return nil, err
	}
	n, err := p.QualifiedName("a source")
	return &describe{f, n}, err
}

func (d *describe) find(ctx context.Context, s Session) (*Stored, error) {
	src, err := d.f.find(ctx, s, d.name)
	if err == nil {
		err = visible(ctx, s, src, d.name.Span)
	}
	return src, err
}

func (d *describe) Plan(ctx context.Context, ss stmt.Session) (*stmt.Plan, error) {
	s, err := session(ss)
	if err != nil {
		return nil, err
	}
	src, err := d.find(ctx, s)
	if err != nil {
		return nil, err
	}
	return &stmt.Plan{
		ReadOnly: true, Tag: "DESCRIBE", Explain: []string{"Describe source " + src.Key()},
		Columns: result("column", "VARCHAR", "type", "VARCHAR", "role", "VARCHAR", "definition", "VARCHAR"),
		Exec: func(ctx context.Context, _ stmt.Session) (*stmt.Result, error) {
			src, err := d.find(ctx, s)
			if err != nil {
				return nil, err
			}
			rows, err := src.describe(ctx, s, owned(ctx, s, src, d.name.Span) == nil)
			return &stmt.Result{Rows: rows}, err
		},
	}, nil
}

func (s *Stored) describe(ctx context.Context, ss Session, owner bool) ([][]any, error) {
	var rows [][]any
	spec := s.Spec
	for _, c := range spec.Columns {
		var parts []string
		if c.NotNull {
			parts = append(parts, "NOT NULL")
		}
		for _, check := range c.Checks {
			parts = append(parts, "CHECK ("+check+")")
		}
		if c.Default != "" {
			parts = append(parts, "DEFAULT "+c.Default)
		}
		var definition any
		if len(parts) > 0 {
			definition = strings.Join(parts, " ")
		}
		rows = append(rows, []any{c.Name, c.Type, "column", definition})
	}
	for _, i := range spec.Include {
		rows = append(rows, []any{i.As, i.Type, i.Name, nil})
	}
	add := func(role, definition string) { rows = append(rows, []any{nil, nil, role, definition}) }
	if owner {
		add("from", spec.Driver+" ("+writeOptions(s.Driver.Options, spec.Options, " ")+")")
	} else {
		add("from", spec.Driver)
	}
	if f := s.Driver.FormatOf(spec.Format); f != nil {
		text := f.Name
		if len(spec.FormatOptions) > 0 {
			text += " (" + writeOptions(f.Options, spec.FormatOptions, " ") + ")"
		}
		add("format", text)
	}
	envelope := string(spec.Envelope)
	if len(spec.Key) > 0 {
		envelope += " KEY (" + strings.Join(spec.Key, ", ") + ")"
	}
	add("envelope", envelope)
	add("on error", spec.OnError)
	if len(spec.With) > 0 {
		add("with", writeOptions(WithOptions(), spec.With, " = "))
	}
	if spec.Watermark == "" {
		return rows, nil
	}
	found, err := ss.Query(ctx, "SELECT CAST(max("+spec.Watermark+") AS VARCHAR) FROM "+s.Table())
	if err != nil {
		return nil, err
	}
	definition := "WATERMARK FOR " + ident(spec.WatermarkColumn) + " AS " + spec.Watermark
	if at := text(found[0][0]); at != "" {
		definition += ": " + at
	}
	add("watermark", definition)
	return rows, nil
}

func (f *family) showCreateKind() *stmt.Kind {
	return &stmt.Kind{
		Name: "SHOW CREATE SOURCE", Leads: [][]string{{"show", "create", "source"}}, Parse: stmt.Reader(f.parseShowCreate),
		Call: "eider.show_create_source", FromCall: f.showCreateFromCall,
		Doc: stmt.Doc{
			Summary: "Writes the statement that makes a source as it is now.",
			Syntax:  "SHOW CREATE SOURCE name",
			Notes:   "Columns and format options that were inferred are in it, secrets aren't. For the owner.",
			Examples: []stmt.Example{
				{Setup: exampleFiles + "; CREATE SOURCE parcels (id INTEGER NOT NULL) FROM FILES (path '/tmp/eider_parcels_*.csv') ON ERROR STOP", SQL: "SHOW CREATE SOURCE parcels",
					Want: "parcels\tCREATE SOURCE main.parcels (\n  id INTEGER NOT NULL\n) FROM FILES (path '/tmp/eider_parcels_*.csv')\nFORMAT CSV\nON ERROR STOP"},
			},
		},
	}
}

// showCreate is SHOW CREATE SOURCE as it was written.
type showCreate struct {
	f    *family
	name parse.QualifiedName
}

func (f *family) parseShowCreate(p *parse.Parser) (*showCreate, error) {
	if err := p.ExpectWords("show", "create", "source"); err != nil {
		return nil, err
	}
	n, err := p.QualifiedName("a source")
	return &showCreate{f, n}, err
}

func (w *showCreate) Plan(ctx context.Context, ss stmt.Session) (*stmt.Plan, error) {
	s, err := session(ss)
	if err != nil {
		return nil, err
	}
	find := func(ctx context.Context) (*Stored, error) {
		src, err := w.f.find(ctx, s, w.name)
		if err == nil {
			err = owned(ctx, s, src, w.name.Span)
		}
		return src, err
	}
	src, err := find(ctx)
	if err != nil {
		return nil, err
	}
	return &stmt.Plan{
		ReadOnly: true, Tag: "SHOW", Explain: []string{"Write the statement that makes source " + src.Key()}, Columns: result("source", "VARCHAR", "statement", "VARCHAR"),
		Exec: func(ctx context.Context, _ stmt.Session) (*stmt.Result, error) {
			src, err := find(ctx)
			if err != nil {
				return nil, err
			}
			return &stmt.Result{Rows: [][]any{{src.Name, src.Statement()}}}, nil
		},
	}, nil
}
