package model

import (
	"github.com/eiderdb/eider/sql/parse"
)

// show is SHOW MODELS as it was written.
type show struct {
	// like is the pattern, if there is one.
	like *string
}

// atShowModels tells SHOW MODELS from SHOW of a table whose name begins like that.
func atShowModels(p *parse.Parser) bool {
	p.Next()
	p.Next()
	return p.Eof() || p.Is("like")
}

func parseShow(p *parse.Parser) (*show, error) {
	if err := p.ExpectWords("show", "models"); err != nil {
		return nil, err
	}
	s := &show{}
	if p.AcceptWord("like") {
		like, _, err := p.Str("a pattern in quotes")
		if err != nil {
			return nil, err
		}
		s.like = &like
	}
	return s, nil
}

// describe is DESCRIBE MODEL, SHOW CREATE MODEL or SHOW LINEAGE MODEL as it was written.
type describe struct{ model parse.ModelRef }

// atModelName tells DESCRIBE MODEL name from DESCRIBE of a table named model: a name must follow.
func atModelName(skip int) func(*parse.Parser) bool {
	return func(p *parse.Parser) bool {
		for range skip {
			p.Next()
		}
		return p.Peek().IsIdent()
	}
}

func parseDescribe(words ...string) func(p *parse.Parser) (*describe, error) {
	return func(p *parse.Parser) (*describe, error) {
		if len(words) == 2 && p.Is("desc") {
			p.Next()
		} else if err := p.ExpectWord(words[0]); err != nil {
			return nil, err
		}
		if err := p.ExpectWords(words[1:]...); err != nil {
			return nil, err
		}
		m, err := p.ModelRef()
		return &describe{m}, err
	}
}
