package source

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
	"github.com/eiderdb/eider/storage/source"
)

func (f *family) alterKind() *stmt.Kind {
	return &stmt.Kind{
		Name: "ALTER SOURCE", Leads: [][]string{{"alter", "source"}}, Parse: stmt.Reader(f.parseAlter),
		Call: "eider.alter_source", FromCall: f.alterFromCall,
		Doc: stmt.Doc{
			Summary: "Changes a source's options, or its name.",
			Syntax:  "ALTER SOURCE name { SET ( option value [, …] ) | RENAME TO name }",
			Notes: "SET takes the options of FROM, FORMAT and WITH together. What was read stays read: after a new `path` the files that are listed and weren't read are new. " +
				"The table of what was rejected is renamed too. For the owner; options of a source of files for superusers.",
			Examples: []stmt.Example{
				{Setup: exampleFiles + "; CREATE SOURCE parcels FROM FILES (path '/tmp/eider_parcels_1.csv')", SQL: "ALTER SOURCE parcels SET (path '/tmp/eider_parcels_*.csv', schema_drift 'stop')"},
				{SQL: "ALTER SOURCE parcels RENAME TO packets"},
				{SQL: "SELECT name, options->>'path' AS path FROM eider.sources", Want: "packets\t[\"/tmp/eider_parcels_*.csv\"]"},
				{SQL: "ALTER SOURCE packets SET (speed 'high')", Code: "42601"},
			},
		},
	}
}

// alter is ALTER SOURCE as it was written.
type alter struct {
	f      *family
	name   parse.QualifiedName
	set    parse.Options
	rename parse.Name
}

func (f *family) parseAlter(p *parse.Parser) (*alter, error) {
	if err := p.ExpectWords("alter", "source"); err != nil {
		return nil, err
	}
	a := &alter{f: f}
	var err error
	if a.name, err = p.QualifiedName("a source"); err != nil {
		return nil, err
	}
	if p.AcceptWords("rename", "to") {
		a.rename, err = p.Name("a name for the source")
		return a, err
	}
	if err := p.ExpectWord("set"); err != nil {
		return nil, err
	}
	a.set, err = p.OptionList()
	return a, err
}

func (a *alter) Plan(ctx context.Context, ss stmt.Session) (*stmt.Plan, error) {
	s, err := session(ss)
	if err != nil {
		return nil, err
	}
	src, err := a.find(ctx, s)
	if err != nil {
		return nil, err
	}
	line := "Change the options of source " + src.Key()
	if a.rename.Text != "" {
		line = "Rename source " + src.Key() + " to " + a.rename.Text
	} else if err := a.apply(s, src); err != nil {
		return nil, err
	}
	return &stmt.Plan{Explain: []string{line}, Exec: func(ctx context.Context, _ stmt.Session) (*stmt.Result, error) {
		src, err := a.find(ctx, s)
		if err != nil {
			return nil, err
		}
		if a.rename.Text != "" {
			return nil, a.renameTo(ctx, s, src)
		}
		if err := a.apply(s, src); err != nil {
			return nil, err
		}
		return nil, update(ctx, s, src)
	}}, nil
}

func (a *alter) find(ctx context.Context, s Session) (*Stored, error) {
	src, err := a.f.find(ctx, s, a.name)
	if err == nil {
		err = owned(ctx, s, src, a.name.Span)
	}
	return src, err
}

// apply changes the spec.
func (a *alter) apply(s Session, src *Stored) error {
	if err := readsFiles(s, src.Driver, a.name.Span); err != nil {
		return err
	}
	var format []source.Option
	if f := src.Driver.FormatOf(src.Spec.Format); f != nil {
		format = f.Options
	}
	plain, secret, err := values(a.set, slices.Concat(src.Driver.Options, format, WithOptions()), false, a.name.Span, "SET")
	if err != nil {
		return err
	}
	spec := src.Spec
	for _, opt := range a.set {
		if o := source.Find(src.Driver.Options, opt.Name); o != nil && o.Fixed {
			return parse.Errorf(opt.Span, sqlstate.FeatureNotSupported, "option %q of a source can't be changed", opt.Name).WithHint("Make another source.")
		}
		into := &spec.With
		switch {
		case source.Find(src.Driver.Options, opt.Name) != nil:
			into = &spec.Options
			if v, ok := secret[opt.Name]; ok {
				plain[opt.Name], into = v, &spec.Secrets
			}
		case source.Find(format, opt.Name) != nil:
			into = &spec.FormatOptions
		}
		if *into == nil {
			*into = source.Values{}
		}
		(*into)[opt.Name] = plain[opt.Name]
	}
	if src.Driver.Check != nil {
		if err := src.Driver.Check(spec.Config(src.Driver)); err != nil {
			return here(err, a.set[0].Span.Start)
		}
	}
	return nil
}

// update stores a spec that was changed.
func update(ctx context.Context, s Session, src *Stored) error {
	spec, err := json.Marshal(src.Spec)
	if err != nil {
		return err
	}
	secrets, err := json.Marshal(src.Spec.Secrets)
	if err != nil {
		return err
	}
	if _, err := s.Exec(ctx, `UPDATE eider.source_store SET spec = $1, secrets = $2, statement = $3 WHERE id = $4`, string(spec), string(secrets), src.Statement(), src.ID); err != nil {
		return err
	}
	return s.RecordSource(ctx, src)
}

func (a *alter) renameTo(ctx context.Context, s Session, src *Stored) error {
	for _, names := range [][2]string{{src.Table(), a.rename.Text}, {src.Rejects(), RejectsName(a.rename.Text)}} {
		if err := s.Define(ctx, "ALTER TABLE "+names[0]+" RENAME TO "+lex.QuoteIdent(names[1])); err != nil {
			return here(err, a.rename.Span.Start)
		}
	}
	src.Name = a.rename.Text
	_, err := s.Exec(ctx, `UPDATE eider.source_store SET name = $1, statement = $2 WHERE id = $3`, src.Name, src.Statement(), src.ID)
	return err
}
