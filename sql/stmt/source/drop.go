package source

import (
	"context"

	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

func (f *family) dropKind() *stmt.Kind {
	return &stmt.Kind{
		Name: "DROP SOURCE", Leads: [][]string{{"drop", "source"}}, Parse: stmt.Reader(f.parseDrop),
		Call: "eider.drop_source", FromCall: f.dropFromCall,
		Doc: stmt.Doc{
			Summary: "Drops sources, with their tables and what was rejected.",
			Syntax:  "DROP SOURCE [IF EXISTS] name [, …] [CASCADE | RESTRICT]",
			Notes:   "What it read stays where it was. Views over a source are no reason to refuse, as they are none for DROP TABLE. It is for the owner. DROP TABLE refuses a source (42809).",
			Examples: []stmt.Example{
				{Setup: exampleFiles + "; CREATE SOURCE parcels FROM FILES (path '/tmp/eider_parcels_*.csv')", SQL: "DROP TABLE parcels", Code: "42809"},
				{SQL: "DROP SOURCE parcels"},
				{SQL: "DROP SOURCE IF EXISTS parcels"},
				{SQL: "DROP SOURCE parcels", Code: "42704"},
			},
		},
	}
}

// drop is DROP SOURCE as it was written.
type drop struct {
	f                 *family
	names             []parse.QualifiedName
	ifExists, cascade bool
}

func (f *family) parseDrop(p *parse.Parser) (*drop, error) {
	if err := p.ExpectWords("drop", "source"); err != nil {
		return nil, err
	}
	d := &drop{f: f, ifExists: p.AcceptWords("if", "exists")}
	for {
		n, err := p.QualifiedName("a source")
		if err != nil {
			return nil, err
		}
		d.names = append(d.names, n)
		if !p.AcceptMark(",") {
			break
		}
	}
	if !p.AcceptWord("restrict") {
		d.cascade = p.AcceptWord("cascade")
	}
	return d, nil
}

func (d *drop) find(ctx context.Context, s Session, n parse.QualifiedName) (*Stored, error) {
	src, err := d.f.find(ctx, s, n)
	if d.ifExists && sqlstate.Is(err, sqlstate.UndefinedObject) {
		return nil, nil
	}
	if err == nil {
		err = owned(ctx, s, src, n.Span)
	}
	return src, err
}

func (d *drop) Plan(ctx context.Context, ss stmt.Session) (*stmt.Plan, error) {
	s, err := session(ss)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, n := range d.names {
		src, err := d.find(ctx, s, n)
		switch {
		case err != nil:
			return nil, err
		case src == nil:
			lines = append(lines, "Skip "+n.Span.Text+", which does not exist")
		default:
			lines = append(lines, "Drop source "+src.Key()+" and "+src.Schema+"."+RejectsName(src.Name))
		}
	}
	return &stmt.Plan{Explain: lines, Exec: func(ctx context.Context, _ stmt.Session) (*stmt.Result, error) {
		for _, n := range d.names {
			src, err := d.find(ctx, s, n)
			if err != nil {
				return nil, err
			}
			if src == nil {
				s.Notice("NOTICE", "source "+n.Span.Text+" does not exist, skipping")
				continue
			}
			if err := remove(ctx, s, src, n.Span, d.cascade); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}}, nil
}

// remove drops a source's tables and what is stored of it.
func remove(ctx context.Context, s Session, src *Stored, at parse.Span, cascade bool) error {
	behavior := ""
	if cascade {
		behavior = " CASCADE"
	}
	if err := s.FollowSource(ctx, src, false); err != nil {
		return here(err, at.Start)
	}
	for _, sql := range []string{"DROP TABLE " + src.Table() + behavior, "DROP TABLE IF EXISTS " + src.Rejects() + behavior} {
		if err := s.Define(ctx, sql); err != nil {
			return here(err, at.Start)
		}
	}
	return forget(ctx, s, "id = $1", src.ID)
}
