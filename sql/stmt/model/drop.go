package model

import (
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// drop is DROP MODEL as it was written.
type drop struct {
	models   []parse.ModelRef
	ifExists bool
	cascade  bool
}

func parseDrop(p *parse.Parser) (*drop, error) {
	if err := p.ExpectWords("drop", "model"); err != nil {
		return nil, err
	}
	d := &drop{ifExists: p.AcceptWords("if", "exists")}
	for {
		m, err := p.ModelRef()
		if err != nil {
			return nil, err
		}
		if m.Alias != "" {
			return nil, parse.Errorf(m.Span, sqlstate.SyntaxError, "DROP MODEL takes a model or a version, not an alias").
				WithHint("ALTER MODEL %s DROP ALIAS %s;", m.Name.Span.Text, m.Alias)
		}
		d.models = append(d.models, m)
		if !p.AcceptMark(",") {
			break
		}
	}
	if !p.AcceptWord("restrict") {
		d.cascade = p.AcceptWord("cascade")
	}
	return d, nil
}
