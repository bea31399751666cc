package model

import (
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// deploy is DEPLOY MODEL as it was written.
type deploy struct {
	model parse.ModelRef
	// alias is empty for the one that a bare name means.
	alias word
}

func parseDeploy(p *parse.Parser) (*deploy, error) {
	if err := p.ExpectWords("deploy", "model"); err != nil {
		return nil, err
	}
	d := &deploy{}
	var err error
	if d.model, err = p.ModelRef(); err != nil {
		return nil, err
	}
	if d.model.Version == 0 && d.model.Alias == "" {
		return nil, p.Unexpected("@").WithHint("Say which version: DEPLOY MODEL %s@1.", d.model.Span.Text)
	}
	if p.AcceptWord("to") {
		if d.alias, err = alias(p); err != nil {
			return nil, err
		}
	}
	at := here(p)
	switch {
	case p.AcceptWord("canary"):
		if _, _, err := p.Float("a percentage"); err != nil {
			return nil, err
		}
		p.AcceptMark("%")
		return nil, later(at, "DEPLOY MODEL … CANARY").WithHint("Deploy the version to an alias of its own and choose between the two in the query.")
	case p.AcceptWord("shadow"):
		return nil, later(at, "DEPLOY MODEL … SHADOW").WithHint("Deploy the version to an alias of its own and predict with both.")
	}
	return d, nil
}

// alias reads the name of an alias. DEFAULT is the one that a bare model name means.
func alias(p *parse.Parser) (word, error) {
	n, err := p.Label("an alias")
	if err != nil {
		return word{}, err
	}
	w := word{lex.Fold(n.Text), n.Span}
	switch {
	case len(w.text) > maxNameBytes:
		return w, parse.Errorf(n.Span, sqlstate.InvalidName, "alias name is longer than %d bytes", maxNameBytes)
	case !isAlias(w.text):
		return w, parse.Errorf(n.Span, sqlstate.InvalidName, "invalid alias name: %q", n.Text).
			WithHint("An alias consists of letters, digits and underscores and starts with a letter: prod, shadow_2.")
	}
	return w, nil
}

// maxNameBytes bounds names of models and aliases, as PostgreSQL bounds names.
const maxNameBytes = 63

// isAlias reports whether an alias can be told from a version and from what follows it in a macro's name.
func isAlias(s string) bool {
	for i, c := range s {
		letter := c >= 'a' && c <= 'z' || c == '_' || c >= 0x80
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// rollback is ROLLBACK MODEL as it was written.
type rollback struct {
	model parse.ModelRef
	alias word
	// to is the version to go back to, 0 for the one before.
	to     int64
	toSpan parse.Span
}

func parseRollback(p *parse.Parser) (*rollback, error) {
	if err := p.ExpectWords("rollback", "model"); err != nil {
		return nil, err
	}
	r := &rollback{}
	var err error
	if r.model, err = p.ModelRef(); err != nil {
		return nil, err
	}
	if r.model.Version != 0 {
		return nil, parse.Errorf(r.model.Span, sqlstate.SyntaxError, "ROLLBACK MODEL takes a model or an alias, not a version").
			WithHint("ROLLBACK MODEL %s TO %d;", r.model.Name.Span.Text, r.model.Version)
	}
	if r.model.Alias != "" {
		r.alias = word{lex.Fold(r.model.Alias), r.model.Span}
	}
	if r.alias.text == "" && p.AcceptWord("alias") {
		if r.alias, err = alias(p); err != nil {
			return nil, err
		}
	}
	if p.AcceptWord("to") {
		if r.to, r.toSpan, err = version(p); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// version reads a version's number, perhaps with VERSION or @ before it.
func version(p *parse.Parser) (int64, parse.Span, error) {
	p.AcceptWord("version")
	p.AcceptMark("@")
	return count(p, "version", 1, 1<<31-1)
}
