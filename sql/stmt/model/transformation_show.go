package model

import (
	"context"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

func showTransformationsKind() *stmt.Kind {
	return &stmt.Kind{
		Name: "SHOW TRANSFORMATIONS", Leads: [][]string{{"show", "transformations"}}, Recognise: atShowModels, Parse: stmt.Reader(parseShowTransformations),
		Call: "eider.show_transformations", FromCall: fromCallOf("transformation", func(t *twin) error {
			t.write("SHOW TRANSFORMATIONS")
			return t.literal("like", " LIKE ", "")
		}, parseShowTransformations),
		Doc: stmt.Doc{
			Summary: "Lists the transformations that the role owns or was granted USAGE on.",
			Syntax:  "SHOW TRANSFORMATIONS [LIKE 'pattern']",
			Notes: "The pattern is LIKE's, without regard to case. Returns `transformation, current, latest, versions, owner, fitted_at`; the views `eider.transformations` and `eider.transformation_versions` have more.\n\n" +
				"Where a table or view named `transformations` is found, SHOW TRANSFORMATIONS without LIKE describes that, as DuckDB does.",
			Examples: []stmt.Example{
				{Setup: exampleTransformation, SQL: "SHOW TRANSFORMATIONS LIKE 'no%'"},
				{SQL: "SELECT transformation, current, latest, versions FROM eider.transformations", Want: "tidy\t1\t1\t1"},
			},
		},
	}
}

// showTransformations is SHOW TRANSFORMATIONS as it was written.
type showTransformations struct{ like *string }

func parseShowTransformations(p *parse.Parser) (*showTransformations, error) {
	if err := p.ExpectWords("show", "transformations"); err != nil {
		return nil, err
	}
	like, err := p.AcceptLike()
	return &showTransformations{like: like}, err
}

func (w *showTransformations) Plan(ctx context.Context, s stmt.Session) (*stmt.Plan, error) {
	const theirs = "DESCRIBE transformations"
	if w.like == nil {
		columns, err := s.Describe(ctx, theirs)
		if err == nil {
			return &stmt.Plan{Tag: "DESCRIBE", Columns: columns, ReadOnly: true, Explain: []string{"Describe the table transformations"},
				Exec: func(context.Context, stmt.Session) (*stmt.Result, error) { return &stmt.Result{Query: theirs}, nil }}, nil
		}
		if !sqlstate.Is(err, sqlstate.UndefinedTable) {
			return nil, sqlstate.From(err)
		}
	}
	query := `SELECT transformation, current::BIGINT AS current, latest::BIGINT AS latest, versions, owner, fitted_at FROM eider.transformations`
	if w.like != nil {
		query += " WHERE transformation ILIKE " + lex.QuoteLiteral(*w.like)
	}
	return &stmt.Plan{
		ReadOnly: true, Tag: "SHOW", Explain: []string{"List the transformations"},
		Columns: result("transformation VARCHAR, current BIGINT, latest BIGINT, versions BIGINT, owner VARCHAR, fitted_at TIMESTAMPTZ"),
		Exec: func(context.Context, stmt.Session) (*stmt.Result, error) {
			return &stmt.Result{Query: query + " ORDER BY transformation"}, nil
		},
	}, nil
}

func describeTransformationKind() *stmt.Kind {
	read := func(p *parse.Parser) (*describeTransformation, error) {
		d, err := parseDescribe("describe", "transformation")(p)
		return &describeTransformation{d}, err
	}
	return &stmt.Kind{
		Name: "DESCRIBE TRANSFORMATION", Leads: [][]string{{"describe", "transformation"}, {"desc", "transformation"}}, Recognise: atModelName(2), Parse: stmt.Reader(read),
		Call: "eider.describe_transformation", FromCall: fromCallOf("transformation", writeDescribe("DESCRIBE TRANSFORMATION "), read),
		Doc: stmt.Doc{
			Summary: "Says what a transformation needs, what columns it makes of what, and what it was fitted on.",
			Syntax:  "{DESCRIBE | DESC} TRANSFORMATION name[@version | @alias]",
			Notes: "Returns `section, name, value`. Sections are transformation (its facts), input (the columns that it needs, with their types), column (those that it makes, with their types and items) and warning. " +
				"`DESCRIBE transformation` describes a table of that name.",
			Examples: []stmt.Example{
				{Setup: exampleTransformation, SQL: "DESCRIBE TRANSFORMATION tidy"},
				{SQL: "DESCRIBE TRANSFORMATION tidi", Code: "42704"},
			},
		},
	}
}

func showCreateTransformationKind() *stmt.Kind {
	read := func(p *parse.Parser) (*showCreateTransformation, error) {
		d, err := parseDescribe("show", "create", "transformation")(p)
		return &showCreateTransformation{d}, err
	}
	return &stmt.Kind{
		Name: "SHOW CREATE TRANSFORMATION", Leads: [][]string{{"show", "create", "transformation"}}, Parse: stmt.Reader(read),
		Call: "eider.show_create_transformation", FromCall: fromCallOf("transformation", writeDescribe("SHOW CREATE TRANSFORMATION "), read),
		Doc: stmt.Doc{
			Summary: "Shows the statement that made a version of a transformation.",
			Syntax:  "SHOW CREATE TRANSFORMATION name[@version | @alias]",
			Notes:   "Returns `transformation, version, statement`, the user's own text.",
			Examples: []stmt.Example{{Setup: exampleTransformation, SQL: "SHOW CREATE TRANSFORMATION tidy",
				Want: "tidy\t1\tCREATE TRANSFORMATION tidy AS (*, impute(age, 'mean') OVER () AS age, lower(trim(city)) AS city) FIT ON guests"}},
		},
	}
}

type (
	describeTransformation   struct{ *describe }
	showCreateTransformation struct{ *describe }
)

// transformation returns the version that is meant, if the user may see it.
func (d *describe) transformation(ctx context.Context, s stmt.Session) (*transformation, *transformationVersion, error) {
	t, v, err := resolveTransformation(ctx, s, d.model)
	if err != nil {
		return nil, nil, err
	}
	rows, err := s.Query(ctx, `SELECT 1 FROM eider.transformations WHERE transformation = $1`, t.key)
	if err == nil && len(rows) == 0 {
		err = sqlstate.Newf(sqlstate.InsufficientPrivilege, "permission denied for transformation %s", t.key)
	}
	return t, v, err
}

func (d *describeTransformation) Plan(ctx context.Context, s stmt.Session) (*stmt.Plan, error) {
	t, v, err := d.transformation(ctx, s)
	if err != nil {
		return nil, err
	}
	return &stmt.Plan{
		ReadOnly: true, Tag: "DESCRIBE", Explain: []string{"Describe " + refText(t.key, v.number)}, Columns: result("section VARCHAR, name VARCHAR, value VARCHAR"),
		Exec: func(ctx context.Context, s stmt.Session) (*stmt.Result, error) {
			t, v, err := d.transformation(ctx, s)
			if err != nil {
				return nil, err
			}
			return &stmt.Result{Rows: v.facts(t)}, nil
		},
	}, nil
}

func (v *transformationVersion) facts(t *transformation) [][]any {
	var rows [][]any
	add := func(section, name, value string) {
		if value != "" {
			rows = append(rows, []any{section, name, value})
		}
	}
	add("transformation", "name", t.name)
	add("transformation", "version", strconv.FormatInt(v.number, 10))
	add("transformation", "fitted_rows", count0(v.rows))
	add("transformation", "fingerprint", v.fingerprint)
	if v.star {
		kept := "all that the rows have"
		if len(v.excluded) > 0 {
			kept += " but " + strings.Join(v.excluded, ", ")
		}
		add("transformation", "other columns", kept)
	}
	for _, f := range v.signature {
		add("input", f.Name, f.Type)
	}
	for _, o := range v.outputs {
		add("column", o.Name, o.Type+" "+o.From)
	}
	for _, w := range v.warnings {
		rows = append(rows, []any{"warning", nil, w})
	}
	return rows
}

func (d *showCreateTransformation) Plan(ctx context.Context, s stmt.Session) (*stmt.Plan, error) {
	t, v, err := d.transformation(ctx, s)
	if err != nil {
		return nil, err
	}
	return &stmt.Plan{
		ReadOnly: true, Tag: "SHOW", Explain: []string{"Show the statement that made " + refText(t.key, v.number)}, Columns: result("transformation VARCHAR, version BIGINT, statement VARCHAR"),
		Exec: func(ctx context.Context, s stmt.Session) (*stmt.Result, error) {
			t, v, err := d.transformation(ctx, s)
			if err != nil {
				return nil, err
			}
			return &stmt.Result{Rows: [][]any{{t.key, v.number, v.statement}}}, nil
		},
	}, nil
}
