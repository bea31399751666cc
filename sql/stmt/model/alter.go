package model

import (
	"github.com/eiderdb/eider/sql/parse"
)

// alter is ALTER MODEL as it was written; one of its actions is set.
type alter struct {
	name     parse.QualifiedName
	ifExists bool
	rename   *parse.QualifiedName
	// setAlias and dropAlias are an alias; version is what SET ALIAS points it at.
	setAlias, dropAlias *word
	version             int64
	versionSpan         parse.Span
	options             parse.Options
}

func parseAlter(p *parse.Parser) (*alter, error) {
	if err := p.ExpectWords("alter", "model"); err != nil {
		return nil, err
	}
	a := &alter{ifExists: p.AcceptWords("if", "exists")}
	var err error
	if a.name, err = modelName(p); err != nil {
		return nil, err
	}
	switch {
	case p.AcceptWords("rename", "to"):
		var n parse.QualifiedName
		n, err = modelName(p)
		a.rename = &n
	case p.AcceptWords("set", "alias"):
		var w word
		if w, err = alias(p); err != nil {
			return nil, err
		}
		a.setAlias = &w
		if !p.AcceptMark("=") && !p.AcceptWord("to") {
			return nil, p.Unexpected()
		}
		a.version, a.versionSpan, err = version(p)
	case p.AcceptWords("drop", "alias"):
		var w word
		w, err = alias(p)
		a.dropAlias = &w
	case p.AcceptWord("set"):
		a.options, err = p.OptionList()
	default:
		err = p.Unexpected()
	}
	return a, err
}
