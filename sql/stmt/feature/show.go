package feature

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
		Name: "SHOW FEATURE VIEWS", Leads: [][]string{{"show", "feature", "views"}}, Parse: stmt.Reader(parseShow),
		Call: "eider.show_feature_views", FromCall: showFromCall,
		Doc: stmt.Doc{
			Summary: "Lists the feature views that the role may see.",
			Syntax:  "SHOW FEATURE VIEWS [LIKE 'pattern']",
			Notes: "The pattern is LIKE's, without regard to case. Returns `schema, name, entity, event_time, available_time, ttl, features, windowed, owner, created_at`; " +
				"the view `eider.feature_views` has more.",
			Examples: []stmt.Example{
				{Setup: exampleFacts + "; CREATE FEATURE VIEW balance ENTITY (customer) EVENT TIME happened TTL 30 DAYS AS SELECT customer, happened, balance FROM balances", SQL: "SHOW FEATURE VIEWS LIKE 'bal%'"},
				{SQL: "SELECT name, event_time, features::VARCHAR AS features, windowed FROM eider.feature_views", Want: "balance\thappened\t[happened, balance]\tfalse"},
			},
		},
	}
}

// show is SHOW FEATURE VIEWS as it was written.
type show struct{ like *string }

func parseShow(p *parse.Parser) (*show, error) {
	if err := p.ExpectWords("show", "feature", "views"); err != nil {
		return nil, err
	}
	like, err := p.AcceptLike()
	return &show{like: like}, err
}

func (w *show) Plan(context.Context, stmt.Session) (*stmt.Plan, error) {
	return &stmt.Plan{
		ReadOnly: true, Tag: "SHOW", Explain: []string{"List the feature views"},
		Columns: result("schema, name, entity VARCHAR[], event_time, available_time, ttl INTERVAL, features VARCHAR[], windowed BOOLEAN, owner, created_at TIMESTAMPTZ"),
		Exec: func(context.Context, stmt.Session) (*stmt.Result, error) {
			query := `SELECT "schema", name, entity, event_time, available_time, ttl, features, windowed, owner, created_at FROM eider.feature_views`
			if w.like != nil {
				query += " WHERE name ILIKE " + lex.QuoteLiteral(*w.like)
			}
			return &stmt.Result{Query: query + " ORDER BY 1, 2"}, nil
		},
	}, nil
}

func describeKind() *stmt.Kind {
	return &stmt.Kind{
		Name: "DESCRIBE FEATURE VIEW", Leads: [][]string{{"describe", "feature", "view"}, {"desc", "feature", "view"}}, Recognise: atDescribe, Parse: stmt.Reader(parseDescribe),
		Call: "eider.describe_feature_view", FromCall: describeFromCall,
		Doc: stmt.Doc{
			Summary: "Shows what a feature view is made of.",
			Syntax:  "DESCRIBE FEATURE VIEW name",
			Notes: "One row for each column: `role` is entity, event time, available time, feature or, in a feature view with WINDOWS, fact for a column that only its windows see. " +
				"`definition` is a window's text. The last rows tell its TTL and its query. For everybody who may read it.",
			Examples: []stmt.Example{
				{Setup: exampleFacts + "; CREATE FEATURE VIEW week ENTITY (customer) EVENT TIME happened WINDOWS (avg(balance) OVER LAST 7 DAYS AS mean) AS SELECT customer, happened, balance FROM balances",
					SQL: "DESCRIBE FEATURE VIEW week",
					Want: "customer\tINTEGER\tentity\tNULL\nhappened\tTIMESTAMP\tevent time\tNULL\nbalance\tINTEGER\tfact\tNULL\nmean\tDOUBLE\tfeature\tavg(balance) OVER LAST 7 DAYS\n" +
						"NULL\tNULL\tquery\tSELECT customer, happened, balance FROM balances"},
				{SQL: "DESCRIBE FEATURE VIEW weak", Code: "42704"},
			},
		},
	}
}

// atDescribe tells DESCRIBE FEATURE VIEW name from DESCRIBE of a query or a table.
func atDescribe(p *parse.Parser) bool {
	for range 3 {
		p.Next()
	}
	return !p.Eof()
}

// describe is DESCRIBE FEATURE VIEW as it was written.
type describe struct{ name parse.QualifiedName }

func parseDescribe(p *parse.Parser) (*describe, error) {
	if _, err := p.ExpectOneOf("describe", "desc"); err != nil {
		return nil, err
	}
	if err := p.ExpectWords("feature", "view"); err != nil {
		return nil, err
	}
	n, err := p.QualifiedName("a feature view")
	return &describe{n}, err
}

func (d *describe) Plan(ctx context.Context, ss stmt.Session) (*stmt.Plan, error) {
	s, err := session(ss)
	if err != nil {
		return nil, err
	}
	v, err := d.visible(ctx, s)
	if err != nil {
		return nil, err
	}
	return &stmt.Plan{
		ReadOnly: true, Tag: "DESCRIBE", Explain: []string{"Describe feature view " + v.Key()}, Columns: result("column, type, role, definition"),
		Exec: func(ctx context.Context, _ stmt.Session) (*stmt.Result, error) {
			v, err := d.visible(ctx, s)
			if err != nil {
				return nil, err
			}
			rows, err := s.Query(ctx, `SELECT query FROM eider.feature_view_store WHERE schema_name = $1 AND name = $2`, v.Schema, v.Name)
			if err != nil {
				return nil, err
			}
			return &stmt.Result{Rows: v.describe(text(rows[0][0]))}, nil
		},
	}, nil
}

// visible finds the feature view, if the role may see it.
func (d *describe) visible(ctx context.Context, s Session) (*View, error) {
	v, err := Find(ctx, querier{s}, s.Database(), d.name)
	if err != nil {
		return nil, err
	}
	rows, err := s.Query(ctx, `SELECT 1 FROM eider.feature_views WHERE "schema" = $1 AND name = $2`, v.Schema, v.Name)
	if err == nil && len(rows) == 0 {
		err = parse.Errorf(d.name.Span, sqlstate.InsufficientPrivilege, "permission denied for feature view %s", v.Key())
	}
	return v, err
}

func (v *View) describe(query string) [][]any {
	var rows [][]any
	for _, c := range v.Columns {
		role := "feature"
		switch {
		case v.IsEntity(c.Name):
			role = "entity"
		case c.Name == v.EventTime:
			role = "event time"
		case c.Name == v.AvailableTime:
			role = "available time"
		case len(v.Windows) > 0:
			role = "fact"
		}
		rows = append(rows, []any{c.Name, c.Type, role, nil})
	}
	for _, w := range v.Windows {
		rows = append(rows, []any{w.Name, v.typeOf(w), "feature", w.text()})
	}
	if v.TTL > 0 {
		rows = append(rows, []any{nil, nil, "ttl", duration(v.TTL)})
	}
	return append(rows, []any{nil, nil, "query", query})
}

// typeOf is an aggregate's type as far as it doesn't depend on its argument's.
func (v *View) typeOf(w Window) any {
	switch w.Aggregate {
	case "count", "distinct":
		return "BIGINT"
	case "sum", "avg", "stddev":
		return "DOUBLE"
	}
	for _, c := range v.Columns {
		if lex.EqualFold(c.Name, strings.Trim(w.Argument, `"`)) {
			return c.Type
		}
	}
	return nil
}

func (w Window) text() string {
	arg := w.Argument
	if arg == "" {
		arg = "*"
	}
	s := w.Aggregate + "(" + arg + ") OVER LAST " + w.Interval
	if w.Available {
		s += " BY AVAILABLE TIME"
	}
	if w.Filter != "" {
		s += " FILTER (WHERE " + w.Filter + ")"
	}
	return s
}
