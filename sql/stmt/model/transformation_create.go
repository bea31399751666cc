package model

import (
	"context"
	"fmt"
	"strings"

	"github.com/eiderdb/eider/functions/model/frame"
	"github.com/eiderdb/eider/functions/model/transform"
	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
	"github.com/eiderdb/eider/sql/types"
)

// What the examples of transformations set up.
const (
	exampleGuests         = "CREATE TABLE guests AS SELECT * FROM (VALUES (1, 20, 'Oslo'), (2, NULL, 'rome '), (3, 40, 'Oslo')) t(id, age, city)"
	exampleTransformation = exampleGuests + "; CREATE TRANSFORMATION tidy AS (*, impute(age, 'mean') OVER () AS age, lower(trim(city)) AS city) FIT ON guests"
)

func createTransformationKind() *stmt.Kind {
	return &stmt.Kind{
		Name: "CREATE TRANSFORMATION", Leads: [][]string{{"create", "transformation"}, {"create", "or", "replace", "transformation"}}, Parse: stmt.Reader(parseCreateTransformation),
		Call: "eider.create_transformation", FromCall: fromCallOf("transformation", writeCreateTransformation, parseCreateTransformation),
		Doc: stmt.Doc{
			Summary: "Fits a list of columns on rows once, to be computed of any rows later: the same cleaning for two models, for training and for serving.",
			Syntax: `CREATE [OR REPLACE] TRANSFORMATION [IF NOT EXISTS] name AS (item [, …]) FIT ON {TABLE table | table | (select) | select}

item: expression [AS name] | * [EXCLUDE (column, …)] | f(input, …) OVER () [AS name]`,
			Notes: "The items are those of TRANSFORM in TRAIN MODEL, with the same fitted functions, which compute the same bits here and there. But plain expressions stay what they are, with their types, " +
				"as do texts that a fitted function makes; and `*` keeps the columns of the rows that the transformation is used on, whichever they are, except that an item takes the place of a column of its name. " +
				"Functions that look at a target, such as target_encode, are refused (0A000).\n\n" +
				"`FROM transform('name', rows)` computes it, where rows is a table, a view, a CTE or a query in parentheses; 'name@2' is a version and 'name@prod' an alias. It can stand in any query, so also in those of " +
				"TRAIN MODEL and of views, which follow the transformation when it gets another version that makes the same columns. Columns are found by name: one that is missing is 42703, one of another kind of type 42804.\n\n" +
				"OR REPLACE makes a new version, which the bare name means from then on; versions stay. It is refused (2BP01) where views use the name and the new version makes other columns. " +
				"An all-NULL input of a fitted function is left out with a warning. No rows to fit on is 22023, an infinite number 22003.",
			Examples: []stmt.Example{
				{Setup: exampleGuests, SQL: "CREATE TRANSFORMATION tidy AS (*, impute(age, 'mean') OVER () AS age, lower(trim(city)) AS city) FIT ON guests"},
				{SQL: "SELECT * FROM transform('tidy', guests) ORDER BY id", Want: "1\t20\toslo\n2\t30\trome\n3\t40\toslo"},
				{SQL: "SELECT age, city FROM transform('tidy@1', (SELECT NULL::INTEGER AS age, ' Bonn' AS city))", Want: "30\tbonn"},
				{SQL: "CREATE OR REPLACE TRANSFORMATION tidy AS (*, impute(age, 'median') OVER () AS age, lower(trim(city)) AS city) FIT ON (SELECT * FROM guests WHERE id < 3)"},
				{SQL: "SELECT age FROM transform('tidy', guests) WHERE id = 2", Want: "20"},
				{SQL: "SELECT * FROM transform('tidy', (SELECT 1 AS age))", Code: "42703"},
			},
		},
	}
}

func writeCreateTransformation(t *twin) error {
	t.write("CREATE ")
	if err := t.flag("or_replace", "OR REPLACE "); err != nil {
		return err
	}
	t.write("TRANSFORMATION ")
	err := first(t.flag("if_not_exists", "IF NOT EXISTS "), t.model(),
		t.clause("items", " AS (", ")", func(p *parse.Parser) error { _, err := p.Rest("an item"); return err }))
	if err != nil {
		return err
	}
	if _, ok := t.arg("query"); !ok {
		return t.missing("query")
	}
	return t.clause("query", " FIT ON (", ")", func(p *parse.Parser) error { _, err := p.SelectToEnd(); return err })
}

// createTransformation is CREATE TRANSFORMATION as it was written.
type createTransformation struct {
	text                 parse.Span
	replace, ifNotExists bool
	name                 parse.QualifiedName
	items                []transform.ItemSpec
	// query is what it is fitted on, from the offset at on in the user's text.
	on parse.Relation
}

func parseCreateTransformation(p *parse.Parser) (*createTransformation, error) {
	start := p.Peek().Start
	if err := p.ExpectWord("create"); err != nil {
		return nil, err
	}
	c := &createTransformation{replace: p.AcceptWords("or", "replace")}
	if err := p.ExpectWord("transformation"); err != nil {
		return nil, err
	}
	c.ifNotExists = p.AcceptWords("if", "not", "exists")
	var err error
	if c.name, err = p.QualifiedName("a transformation's name"); err != nil {
		return nil, err
	}
	if p.IsMark("@") {
		return nil, p.Unexpected().WithHint("Versions are numbered by CREATE OR REPLACE: name the transformation only.")
	}
	if c.replace && c.ifNotExists {
		return nil, parse.Errorf(c.name.Span, sqlstate.SyntaxError, "OR REPLACE and IF NOT EXISTS exclude one another")
	}
	if err := p.ExpectWord("as"); err != nil {
		return nil, err
	}
	if c.items, err = transform.ParseItems(p); err != nil {
		return nil, err
	}
	if !p.AcceptWords("fit", "on") {
		return nil, p.Unexpected("FIT ON").WithHint("Name the rows that the columns are checked against and fitted on: … FIT ON customers.")
	}
	if p.AtQuery() && !p.IsMark("(") {
		at, err := p.SelectToEnd()
		if err != nil {
			return nil, err
		}
		c.on = parse.Relation{Query: parse.Span{Text: "(" + at.Text + "\n)", Start: at.Start, End: at.End}, Span: at}
	} else if c.on, err = p.Relation(); err != nil {
		return nil, err
	}
	c.text = p.Between(start, c.on.Span.End)
	return c, nil
}

// creation is a planned CREATE TRANSFORMATION.
type creation struct {
	*createTransformation
	key      string
	relation *transform.Relation
	// version is what Prepare left for Exec.
	version *transformationVersion
}

func (c *createTransformation) Plan(ctx context.Context, ss stmt.Session) (*stmt.Plan, error) {
	s, err := session(ss)
	if err != nil {
		return nil, err
	}
	// First, because it also brings what is known of the role's rights up to date.
	columns, missing := c.describe(ctx, s)
	t, key, err := c.check(ctx, s)
	if err != nil {
		return nil, err
	}
	if t != nil && c.ifNotExists {
		return &stmt.Plan{Explain: []string{"Do nothing: transformation " + key + " exists"}, Exec: func(context.Context, stmt.Session) (*stmt.Result, error) {
			s.Notice("NOTICE", fmt.Sprintf("transformation %q already exists, skipping", key))
			return nil, nil
		}}, nil
	}
	if missing != nil {
		return nil, missing
	}
	r := &creation{createTransformation: c, key: key}
	if r.relation, err = transform.NewRelation(c.items, columns, c.typesOf(ctx, s)); err != nil {
		return nil, err
	}
	return &stmt.Plan{Explain: r.explain(t),
		Prepare: func(ctx context.Context, _ stmt.Session) error { return r.fit(ctx, s) },
		Exec:    func(ctx context.Context, _ stmt.Session) (*stmt.Result, error) { return nil, r.exec(ctx, s) },
	}, nil
}

// check finds out whether there is one of the name, and whether the user may make it or a version of it.
func (c *createTransformation) check(ctx context.Context, s Session) (*transformation, string, error) {
	key, err := keyOf(s, c.name)
	if err != nil {
		return nil, "", err
	}
	t, err := lookupTransformation(ctx, s, key)
	if err != nil {
		return nil, "", err
	}
	switch {
	case t == nil:
		_, err = newKeyOf(ctx, s, c.name, "transformation")
	case c.ifNotExists:
	case !c.replace:
		err = parse.Errorf(c.name.Span, sqlstate.DuplicateObject, "transformation %q already exists", key).
			WithHint("CREATE OR REPLACE TRANSFORMATION makes a new version of it.")
	default:
		err = ownsTransformation(ctx, s, t)
	}
	return t, key, positioned0(err, c.name.Span)
}

// positioned0 is positioned, nil for nil.
func positioned0(err error, at parse.Span) error {
	if err == nil {
		return nil
	}
	return positioned(err, at)
}

// describe returns the columns that FIT ON's rows have.
func (c *createTransformation) describe(ctx context.Context, s Session) ([]types.Column, error) {
	if c.on.IsQuery() && !strings.HasPrefix(c.on.Span.Text, "(") { // a query without parentheses
		columns, err := s.Describe(ctx, c.on.Span.Text)
		if err != nil {
			return nil, sqlstate.From(err).Shift(c.on.Span.Start)
		}
		return columns, nil
	}
	return describeRelation(ctx, s, c.on)
}

func (c *createTransformation) query() string { return "SELECT * FROM " + c.on.SQL() + " AS t" }

// typesOf asks the session for the types of expressions over the rows.
func (c *createTransformation) typesOf(ctx context.Context, s Session) func(exprs []string) ([]*types.Type, error) {
	return func(exprs []string) ([]*types.Type, error) {
		columns, err := s.Describe(ctx, "SELECT ("+strings.Join(exprs, "\n), (")+"\n) FROM (\n"+c.query()+"\n) AS t")
		if err != nil {
			return nil, err
		}
		out := make([]*types.Type, len(columns))
		for i, col := range columns {
			out[i] = col.Type
		}
		return out, nil
	}
}

func (r *creation) explain(t *transformation) []string {
	lines := []string{fmt.Sprintf("Create transformation %s, version 1", r.key)}
	if t != nil {
		lines[0] = fmt.Sprintf("Create version %d of transformation %s", t.next, r.key)
	}
	if len(r.relation.Inputs) > 0 {
		lines = append(lines, "Fit on "+r.on.Span.Text)
	}
	if r.relation.Star {
		lines = append(lines, "Keep the other columns of the rows")
	}
	for _, f := range r.relation.Columns() {
		lines = append(lines, "Column "+lex.QuoteIdent(f.Name)+": "+f.Expr)
	}
	return lines
}

// fit reads the rows and fits; it writes nothing.
func (r *creation) fit(ctx context.Context, s Session) error {
	v := &transformationVersion{key: r.key, statement: r.text.Text, query: r.query(), createdBy: s.User()}
	var f *frame.Frame
	if len(r.relation.Inputs) > 0 {
		var err error
		if f, err = frame.Load(ctx, s, r.query(), r.relation.Inputs, frame.Options{Progress: func(int64) { s.Progress(-1, "read") }}); err != nil {
			return positioned(unplaced(err), r.on.Span)
		}
		n := int64(f.Rows)
		v.rows = &n
	}
	fitted, err := r.relation.Fit(ctx, f)
	if err != nil {
		return positioned(err, r.on.Span)
	}
	v.fingerprint = fitted.Fingerprint(f)
	r.version = v
	return v.fill(fitted)
}

// unplaced takes the position off an error in text that we wrote.
func unplaced(err error) error {
	e := *sqlstate.From(err)
	e.Position = 0
	return &e
}

// exec stores the version. The first write is the transformation's own row, so that two who make a version of it at the
// same time conflict at once.
func (r *creation) exec(ctx context.Context, s Session) error {
	t, _, err := r.check(ctx, s)
	if err != nil {
		return err
	}
	if t != nil && r.ifNotExists { // made since it was planned
		s.Notice("NOTICE", fmt.Sprintf("transformation %q already exists, skipping", r.key))
		return nil
	}
	v := *r.version
	if t == nil {
		t = &transformation{key: r.key, name: r.name.Span.Text, next: 1}
		_, err = s.Exec(ctx, `INSERT INTO eider.transformation_store (transformation, name, created_at, next) VALUES ($1, $2, now(), 2)`, t.key, t.name)
		if sqlstate.Is(err, sqlstate.UniqueViolation) {
			err = sqlstate.Newf(sqlstate.SerializationFailure, "transformation %s was created by another session", t.key).Because(err)
		}
		if err == nil {
			err = s.OwnTransformation(ctx, t.key)
		}
	} else {
		_, err = s.Exec(ctx, `UPDATE eider.transformation_store SET next = next + 1 WHERE transformation = $1`, t.key)
	}
	if err != nil {
		return err
	}
	v.number = t.next
	if err := v.store(ctx, s); err != nil {
		return err
	}
	if err := v.write(ctx, s, predict.VersionName(t.key, int(v.number))); err != nil {
		return err
	}
	for _, w := range v.warnings {
		s.Notice("WARNING", w)
	}
	return t.mean(ctx, s, &v, predict.DefaultAlias, r.name.Span)
}
