package source

import (
	"context"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

func (f *family) refreshKind() *stmt.Kind {
	return &stmt.Kind{
		Name: "REFRESH SOURCE", Leads: [][]string{{"refresh", "source"}}, Parse: stmt.Reader(f.parseRefresh),
		Call: "eider.refresh_source", FromCall: f.refreshFromCall,
		Doc: stmt.Doc{
			Summary: "Reads what is new in a source, up to its present end.",
			Syntax:  "REFRESH SOURCE name",
			Notes: "Returns one row `source, batches, rows, rejects, files, seconds, state`; state is complete, or empty where nothing was new. Each batch's rows, rejects and positions are stored in one transaction: " +
				"outside of a transaction block each in its own, so that a refresh that is cut short goes on where it was; in a block all in the block's, so that ROLLBACK undoes it.\n\n" +
				"It is for the owner and for roles with INSERT on the source; it reads with the rights of its owner. A source that another session refreshes is 55P03.",
			Examples: []stmt.Example{
				{Setup: exampleFiles + "; CREATE SOURCE parcels (id INTEGER, weight DOUBLE, sent DATE) FROM FILES (path '/tmp/eider_parcels_*.csv')", SQL: "REFRESH SOURCE parcels"},
				{SQL: "SELECT name, state, rows, rejects, files, lag FROM eider.sources", Want: "parcels\tidle\t3\t1\t2\t0"},
				{SQL: "REFRESH SOURCE parcel", Code: "42704"},
			},
		},
	}
}

// refresh is REFRESH SOURCE as it was written.
type refresh struct {
	f    *family
	name parse.QualifiedName
}

func (f *family) parseRefresh(p *parse.Parser) (*refresh, error) {
	if err := p.ExpectWords("refresh", "source"); err != nil {
		return nil, err
	}
	n, err := p.QualifiedName("a source")
	return &refresh{f, n}, err
}

func (r *refresh) Plan(ctx context.Context, ss stmt.Session) (*stmt.Plan, error) {
	s, err := session(ss)
	if err != nil {
		return nil, err
	}
	src, err := r.find(ctx, s)
	if err != nil {
		return nil, err
	}
	lines := []string{"Refresh source " + src.Key() + " from " + src.Driver.Name}
	if src.Driver.Locations != nil {
		for _, at := range src.Driver.Locations(src.Spec.Config(src.Driver)) {
			lines = append(lines, "Reads: "+at)
		}
	}
	return &stmt.Plan{
		Columns: result("source", "VARCHAR", "batches", "BIGINT", "rows", "BIGINT", "rejects", "BIGINT", "files", "BIGINT", "seconds", "DOUBLE", "state", "VARCHAR"),
		Explain: lines,
		Exec: func(ctx context.Context, _ stmt.Session) (*stmt.Result, error) {
			src, err := r.find(ctx, s)
			if err != nil {
				return nil, err
			}
			o, err := s.RefreshSource(ctx, src)
			if err != nil {
				return nil, err
			}
			var files any
			if src.Driver.Unit == "files" {
				files = o.Units
			}
			return &stmt.Result{Rows: [][]any{{src.Name, o.Batches, o.Rows, o.Rejects, files, o.Duration.Seconds(), o.State}}}, nil
		},
	}, nil
}

// find finds the source and checks that the role may fill it, and that its owner may read.
func (r *refresh) find(ctx context.Context, s Session) (*Stored, error) {
	src, err := r.f.find(ctx, s, r.name)
	if err != nil {
		return nil, err
	}
	rows, err := s.Query(ctx, `SELECT eider_has_privilege(current_connection_id(), $1, $2, 'INSERT')`, src.Schema, src.Name)
	if err != nil {
		return nil, err
	}
	if may, _ := rows[0][0].(bool); !may {
		return nil, parse.Errorf(r.name.Span, sqlstate.InsufficientPrivilege, "permission denied for source %s", src.Key()).
			WithHint("Its owner or a superuser can GRANT INSERT ON %s TO %s.", src.Table(), lex.QuoteIdent(s.User()))
	}
	if src.Driver.ServerFiles && src.Owner != "" {
		rows, err := s.Query(ctx, `SELECT 1 FROM eider.role_store WHERE role = $1 AND superuser`, src.Owner)
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			return nil, parse.Errorf(r.name.Span, sqlstate.InsufficientPrivilege, "permission denied to read files for source %s: its owner %s isn't a superuser", src.Key(), lex.QuoteIdent(src.Owner))
		}
	}
	if src.Driver.Push {
		return nil, parse.Errorf(r.name.Span, sqlstate.FeatureNotSupported, "source %s receives its rows", src.Key()).WithHint("START SOURCE opens it.")
	}
	return src, checkExpressions(ctx, s, src, r.name.Span)
}

// checkExpressions plans the source's expressions as the role that refreshes it: a macro in them may
// be another by now than when its owner wrote them, and must not do what the role may not.
func checkExpressions(ctx context.Context, s Session, src *Stored, at parse.Span) error {
	query := "SELECT true"
	nulls := "SELECT 1 AS " + hidden
	for _, c := range src.Spec.Columns {
		nulls += ", CAST(NULL AS " + c.Type + ") AS " + lex.QuoteIdent(c.Name)
		for _, check := range c.Checks {
			query += ", (" + check + ")"
		}
		if c.Default != "" {
			query += ", (" + c.Default + ")"
		}
	}
	if query == "SELECT true" {
		return nil
	}
	_, err := s.Describe(ctx, query+" FROM ("+nulls+") AS "+lex.QuoteIdent(src.Name))
	return here(err, at.Start)
}

func (f *family) startKind() *stmt.Kind {
	return &stmt.Kind{
		Name: "START SOURCE", Leads: [][]string{{"start", "source"}}, Parse: stmt.Reader(func(p *parse.Parser) (*follow, error) { return f.parseFollow(p, true) }),
		Call: "eider.start_source", FromCall: f.startFromCall,
		Doc: stmt.Doc{
			Summary: "Keeps a source up to date until STOP SOURCE.",
			Syntax:  "START SOURCE name",
			Notes: "A session of the engine's own refreshes it every `batch_interval`, with the rights of its owner, now and whenever the database is opened. An error is shown in `eider.sources`, and reading is tried again after a pause that grows to a minute. " +
				"It starts when the transaction commits. For the owner.",
			Examples: []stmt.Example{
				{Setup: exampleFiles + "; CREATE SOURCE parcels FROM FILES (path '/tmp/eider_parcels_*.csv')", SQL: "START SOURCE parcels"},
				{SQL: "STOP SOURCE parcels"},
			},
		},
	}
}

func (f *family) stopKind() *stmt.Kind {
	return &stmt.Kind{
		Name: "STOP SOURCE", Leads: [][]string{{"stop", "source"}}, Parse: stmt.Reader(func(p *parse.Parser) (*follow, error) { return f.parseFollow(p, false) }),
		Call: "eider.stop_source", FromCall: f.stopFromCall,
		Doc: stmt.Doc{
			Summary: "Ends what START SOURCE began.",
			Syntax:  "STOP SOURCE name",
			Notes:   "A batch that is being read is given up; nothing of it is stored. For the owner.",
			Examples: []stmt.Example{
				{Setup: exampleFiles + "; CREATE SOURCE parcels FROM FILES (path '/tmp/eider_parcels_*.csv')", SQL: "STOP SOURCE parcels"},
				{SQL: "STOP SOURCE parcel", Code: "42704"},
			},
		},
	}
}

// follow is START or STOP SOURCE as it was written.
type follow struct {
	f     *family
	start bool
	name  parse.QualifiedName
}

func (f *family) parseFollow(p *parse.Parser, start bool) (*follow, error) {
	word := "stop"
	if start {
		word = "start"
	}
	if err := p.ExpectWords(word, "source"); err != nil {
		return nil, err
	}
	n, err := p.QualifiedName("a source")
	return &follow{f, start, n}, err
}

func (w *follow) Plan(ctx context.Context, ss stmt.Session) (*stmt.Plan, error) {
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
	line := "Stop source " + src.Key()
	if w.start {
		line = "Start source " + src.Key()
	}
	return &stmt.Plan{Explain: []string{line}, Exec: func(ctx context.Context, _ stmt.Session) (*stmt.Result, error) {
		src, err := find(ctx)
		if err != nil {
			return nil, err
		}
		if src.Started == w.start {
			return nil, nil
		}
		if _, err := s.Exec(ctx, `UPDATE eider.source_store SET started = $1 WHERE id = $2`, w.start, src.ID); err != nil {
			return nil, err
		}
		return nil, s.FollowSource(ctx, src, w.start)
	}}, nil
}
