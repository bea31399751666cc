package feature

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/eiderdb/eider/functions/rolling"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
	"github.com/eiderdb/eider/sql/types"
)

// exampleFacts are what the examples are about.
const exampleFacts = `CREATE TABLE balances (customer INTEGER, happened TIMESTAMP, loaded_at TIMESTAMP, balance INTEGER);
	INSERT INTO balances VALUES (1, '2024-01-01', '2024-01-01', 100), (1, '2024-01-05', '2024-01-09', 70), (1, '2024-01-07', '2024-01-07', 90), (2, '2024-01-02', '2024-01-02', 5);
	CREATE TABLE labels (customer INTEGER, ts TIMESTAMP, churned BOOLEAN);
	INSERT INTO labels VALUES (1, '2024-01-06', false), (1, '2024-01-10', true), (3, '2024-01-10', false)`

func createKind() *stmt.Kind {
	return &stmt.Kind{
		Name: "CREATE FEATURE VIEW", Leads: [][]string{{"create", "feature", "view"}, {"create", "or", "replace", "feature", "view"}}, Parse: stmt.Reader(parseCreate),
		Call: "eider.create_feature_view", FromCall: createFromCall,
		Doc: stmt.Doc{
			Summary: "Makes a feature view: facts about entities, with the times that say who could know them when.",
			Syntax: "CREATE [OR REPLACE] FEATURE VIEW [IF NOT EXISTS] name ENTITY (column [, …]) EVENT TIME column [AVAILABLE TIME column] [TTL interval]\n" +
				"  [WINDOWS ( aggregate(expression | *) OVER LAST interval [BY AVAILABLE TIME] [FILTER ([WHERE] condition)] AS feature [, …] )]\n  AS query",
			Notes: "A fact happened at EVENT TIME and became known at AVAILABLE TIME; without the latter it is known when it happens. `POINT IN TIME JOIN` gives each label what was known at its time, " +
				"never what was written down later: see [features](features.md#feature-views).\n\n" +
				"Without WINDOWS the join gives the columns of the newest fact, but for the entity's: of those with both times at or before the label's, the one with the greatest event time; then with the greatest " +
				"available time; then with the greatest values of the other columns, in their order, NULL being smallest. With WINDOWS it gives the aggregates: sum, count, avg, min, max, stddev, last and distinct, which leave NULLs out.\n\n" +
				"TTL is how old the event of a fact may be to count. Times are DATE, TIMESTAMP or TIMESTAMPTZ, both of one kind; where one is NULL or infinite, the fact counts nowhere. " +
				"Lengths of time are fixed, a day has 24 hours and a month is refused (22023), so that a feature is the same in every time zone.\n\n" +
				"The feature view is also a view of its name with its query's columns: SELECT reads the facts, `GRANT SELECT ON` it lets other roles join it, with the rights of its owner. " +
				"OR REPLACE keeps grants; it is refused (2BP01) while views join the feature view and anything but its query changes.",
			Examples: []stmt.Example{
				{Setup: exampleFacts, SQL: "CREATE FEATURE VIEW balance ENTITY (customer) EVENT TIME happened AVAILABLE TIME loaded_at TTL 30 DAYS AS SELECT * FROM balances"},
				{SQL: "SELECT l.customer, l.churned, b.balance FROM labels l POINT IN TIME JOIN balance b AS OF l.ts ORDER BY ALL",
					Want: "1\tfalse\t100\n1\ttrue\t90\n3\tfalse\tNULL"},
				{SQL: "CREATE FEATURE VIEW balance_week ENTITY (customer) EVENT TIME happened AVAILABLE TIME loaded_at\n" +
					"  WINDOWS (count(*) OVER LAST 7 DAYS AS changes, min(balance) OVER LAST 7 DAYS AS lowest, count(*) OVER LAST 1 DAY BY AVAILABLE TIME AS learned)\n  AS SELECT * FROM balances"},
				{SQL: "SELECT l.customer, w.* FROM labels l POINT IN TIME JOIN balance_week w AS OF l.ts ON l.customer = w.customer ORDER BY ALL",
					Want: "1\t1\t100\t0\n1\t2\t70\t1\n3\t0\tNULL\t0"},
				{SQL: "CREATE FEATURE VIEW x ENTITY (customer) EVENT TIME balance AS SELECT * FROM balances", Code: "42804"},
			},
		},
	}
}

func (c *create) Plan(ctx context.Context, ss stmt.Session) (*stmt.Plan, error) {
	s, err := session(ss)
	if err != nil {
		return nil, err
	}
	v, err := c.resolve(ctx, s)
	if err != nil {
		return nil, err
	}
	lines := []string{"Create feature view " + v.Key(), "Entity: " + strings.Join(v.Entity, ", "), "Features: " + strings.Join(v.Features(), ", ")}
	return &stmt.Plan{Explain: lines, Exec: func(ctx context.Context, _ stmt.Session) (*stmt.Result, error) { return nil, c.exec(ctx, s, v) }}, nil
}

// resolve checks the names and types against the query.
func (c *create) resolve(ctx context.Context, s Session) (*View, error) {
	columns, err := s.Describe(ctx, c.query.Text)
	if err != nil {
		return nil, shifted(err, 0, c.query.Start, len(c.query.Text))
	}
	v := &View{Name: c.name.Last(), TTL: c.ttl, Columns: []Column{}, Windows: []Window{}}
	if v.Schema, err = c.schema(ctx, s); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, col := range columns {
		if seen[lex.Fold(col.Name)] {
			return nil, parse.Errorf(c.query, sqlstate.DuplicateColumn, "the query has two columns %q", col.Name).WithHint("Give each a name of its own.")
		}
		if strings.HasPrefix(lex.Fold(col.Name), hidden) {
			return nil, parse.Errorf(c.query, sqlstate.ReservedName, "column names that begin with %s are Eider's own", hidden)
		}
		seen[lex.Fold(col.Name)] = true
		v.Columns = append(v.Columns, Column{col.Name, col.Type.String()})
	}
	find := func(n parse.Name) (types.Column, error) { return column(n, columns) }
	for _, k := range c.entity {
		col, err := find(k)
		if err != nil {
			return nil, err
		}
		v.Entity = append(v.Entity, col.Name)
	}
	if err := c.times(v, find); err != nil {
		return nil, err
	}
	return v, c.resolveWindows(ctx, s, v)
}

// hidden begins the names of the columns that the join adds for itself.
const hidden = "__eider"

// column finds a column of the query: 42703 with the closest name as hint.
func column(n parse.Name, columns []types.Column) (types.Column, error) {
	names := make([]string, len(columns))
	for i, col := range columns {
		if lex.EqualFold(col.Name, n.Text) {
			return col, nil
		}
		names[i] = col.Name
	}
	e := parse.Errorf(n.Span, sqlstate.UndefinedColumn, "the query has no column %q", n.Text)
	if near := parse.Closest(n.Text, names); near != "" {
		return types.Column{}, e.WithHint("Did you mean %s?", ident(near))
	}
	return types.Column{}, e.WithHint("It has %s.", strings.Join(names, ", "))
}

// times finds the columns of times, which must be of one kind.
func (c *create) times(v *View, find func(parse.Name) (types.Column, error)) error {
	for _, n := range []struct {
		name parse.Name
		what string
		to   *string
	}{{c.event, "EVENT TIME", &v.EventTime}, {c.available, "AVAILABLE TIME", &v.AvailableTime}} {
		if n.name.Text == "" {
			continue
		}
		col, err := find(n.name)
		if err != nil {
			return err
		}
		kind := rolling.KindOf(col.Type)
		switch {
		case kind == "":
			return parse.Errorf(n.name.Span, sqlstate.DatatypeMismatch, "%s must be a DATE, TIMESTAMP or TIMESTAMPTZ, %s is a %s", n.what, col.Name, col.Type).
				WithHint("Cast it in the query: CAST(%s AS TIMESTAMP) AS %s.", ident(col.Name), ident(col.Name))
		case v.Kind != "" && v.Kind != kind:
			return parse.Errorf(n.name.Span, sqlstate.DatatypeMismatch, "EVENT TIME and AVAILABLE TIME must both have a time zone, or neither").
				WithHint("Say in the query which zone one is in: %s AT TIME ZONE 'UTC' AS %s.", ident(col.Name), ident(col.Name))
		}
		v.Kind, *n.to = kind, col.Name
	}
	for _, k := range v.Entity {
		if k == v.EventTime || k == v.AvailableTime {
			return parse.Errorf(c.event.Span, sqlstate.InvalidParameterValue, "%s is a time, it can't be part of the entity too", k)
		}
	}
	return nil
}

// resolveWindows checks the expressions of WINDOWS by planning them over the query.
func (c *create) resolveWindows(ctx context.Context, s Session, v *View) error {
	names := map[string]bool{}
	for i := range c.windows {
		w := &c.windows[i]
		if names[lex.Fold(w.Name)] || v.IsEntity(w.Name) {
			return parse.Errorf(w.name.Span, sqlstate.DuplicateColumn, "there are two columns %q", w.Name)
		}
		names[lex.Fold(w.Name)] = true
		if strings.HasPrefix(lex.Fold(w.Name), hidden) {
			return parse.Errorf(w.name.Span, sqlstate.ReservedName, "column names that begin with %s are Eider's own", hidden)
		}
		if w.filter.Text != "" {
			if _, err := c.typeOf(ctx, s, w.filter, "CAST((", ") AS BOOLEAN)"); err != nil {
				return err
			}
		}
		if w.argument.Text != "" {
			t, err := c.typeOf(ctx, s, w.argument, "(", ")")
			if err == nil && rolling.Summing(w.Aggregate) {
				if !isNumeric(t) && t.ID != types.Boolean && t.ID != types.SQLNull {
					err = parse.Errorf(w.argument, sqlstate.DatatypeMismatch, "%s needs a number, not %s", w.Aggregate, t)
				}
			} else if err == nil && !rolling.Takes(w.Aggregate, t) {
				err = parse.Errorf(w.argument, sqlstate.DatatypeMismatch, "%s can't be computed of %s", w.Aggregate, t).WithHint("Cast it, for example to VARCHAR.")
			}
			if err != nil {
				return err
			}
			if rolling.Placing(w.Aggregate) {
				w.Type = valueType(t)
			}
		}
		v.Windows = append(v.Windows, w.Window)
	}
	return nil
}

// valueType is a type's name without a user's own, which may change; JSON is DuckDB's.
func valueType(t *types.Type) string {
	if t.Alias == "" || t.Alias == "JSON" {
		return t.String()
	}
	plain := *t
	plain.Alias = ""
	return plain.String()
}

// typeOf plans an expression over the query's rows. The star keeps aggregates out.
func (c *create) typeOf(ctx context.Context, s Session, e parse.Span, before, after string) (*types.Type, error) {
	head := "SELECT " + before
	columns, err := s.Describe(ctx, head+e.Text+after+" AS x, * FROM ("+c.query.Text+"\n) AS facts")
	if err != nil {
		return nil, shifted(err, len(head), e.Start, len(e.Text))
	}
	return columns[0].Type, nil
}

// schema is where the feature view is to be.
func (c *create) schema(ctx context.Context, s Session) (string, error) {
	parts := c.name.Parts
	if len(parts) == 3 && !lex.EqualFold(parts[0].Text, s.Database()) {
		return "", parse.Errorf(c.name.Span, sqlstate.FeatureNotSupported, "a feature view can't be made in another database").
			WithHint("It lives in the database of the session, %s.", s.Database())
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

func (c *create) exec(ctx context.Context, s Session, v *View) error {
	old, err := Load(ctx, querier{s}, s.Database(), parse.QualifiedName{Parts: []parse.Name{{Text: v.Schema}, {Text: v.Name}}, Span: c.name.Span})
	if err != nil {
		return err
	}
	if old != nil && c.ifNotExists {
		s.Notice("NOTICE", "feature view "+v.Key()+" already exists, skipping")
		return nil
	}
	if old != nil && !c.orReplace {
		return parse.Errorf(c.name.Span, sqlstate.DuplicateTable, "feature view %s already exists", v.Key()).WithHint("CREATE OR REPLACE FEATURE VIEW changes it.")
	}
	head := "CREATE VIEW "
	if old != nil {
		head = "CREATE OR REPLACE VIEW "
		if err := c.replaceable(ctx, s, old, v); err != nil {
			return err
		}
		v.Name = old.Name
	}
	head += lex.QuoteIdent(v.Schema) + "." + lex.QuoteIdent(v.Name) + " AS "
	if err := s.Define(ctx, head+c.query.Text); err != nil {
		e := sqlstate.From(err)
		if e.Position > 0 && e.Position <= len(head) || e.Position == 0 {
			moved := *e
			return moved.At(c.name.Span.Start)
		}
		return shifted(err, len(head), c.query.Start, len(c.query.Text))
	}
	return c.store(ctx, s, v)
}

// replaceable is 2BP01 if views join the feature view that would not fit what it becomes.
func (c *create) replaceable(ctx context.Context, s Session, old, v *View) error {
	same := slices.Equal(old.Entity, v.Entity) && old.EventTime == v.EventTime && old.AvailableTime == v.AvailableTime && old.TTL == v.TTL && old.Kind == v.Kind &&
		slices.Equal(old.Columns, v.Columns) && slices.Equal(old.Windows, v.Windows)
	if same {
		return nil
	}
	all, err := dependents(ctx, s, old)
	if err != nil || len(all) == 0 {
		return err
	}
	return parse.Errorf(c.name.Span, sqlstate.DependentObjectsStillExist, "cannot change feature view %s because other objects depend on it", v.Key()).
		WithDetail("%s", describeAll(all)).WithHint("Only its query can change, with the same columns. Drop those objects first, or give the feature view another name.")
}

func (c *create) store(ctx context.Context, s Session, v *View) error {
	columns, err := json.Marshal(v.Columns)
	if err != nil {
		return err
	}
	windows, err := json.Marshal(v.Windows)
	if err != nil {
		return err
	}
	if _, err := s.Exec(ctx, `DELETE FROM eider.feature_view_store WHERE lower(schema_name) = lower($1) AND lower(name) = lower($2)`, v.Schema, v.Name); err != nil {
		return err
	}
	var ttl any
	if v.TTL > 0 {
		ttl = v.TTL
	}
	_, err = s.Exec(ctx, `INSERT INTO eider.feature_view_store (schema_name, name, entity, event_time, available_time, ttl, kind, columns, windows, features, statement, query, created_at, created_by)
		VALUES ($1, $2, $3::VARCHAR[], $4, $5, $6, $7, $8, $9, $10::VARCHAR[], $11, $12, now(), $13)`,
		v.Schema, v.Name, anys(v.Entity), v.EventTime, nullable(v.AvailableTime), ttl, v.Kind, string(columns), string(windows), anys(v.Features()), c.statement, c.query.Text, s.User())
	return err
}

func isNumeric(t *types.Type) bool {
	switch t.ID {
	case types.TinyInt, types.SmallInt, types.Integer, types.BigInt, types.HugeInt, types.UTinyInt, types.USmallInt, types.UInteger, types.UBigInt, types.UHugeInt,
		types.Float, types.Double, types.Decimal:
		return true
	}
	return false
}
