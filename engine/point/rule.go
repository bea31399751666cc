package point

import (
	"context"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/rewrite"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt/feature"
)

// Env is what the rule needs of a session.
type Env interface {
	// FeatureView finds a feature view; one that doesn't exist is 42704 at the name.
	FeatureView(n parse.QualifiedName) (*feature.View, error)
	// FactsDatabase is the database in which feature views are.
	FactsDatabase() string
}

// Note is what explains DuckDB's complaints about text that the client didn't write.
type Note struct {
	// At is where the join stands.
	At int
	// Column is the label's column that a join without ON compares.
	View, Relation, Column string
}

// Lowered is a statement without POINT IN TIME JOIN.
type Lowered struct {
	Text string
	// Source turns offsets of Text into those of the client's text.
	Source func(int) int
	Notes  []Note
}

// maxDepth bounds how many SELECTs with joins of ours one statement has.
const maxDepth = 64

// Rules is compiled once and used by all.
type Rules struct{ set *rewrite.Set }

// New returns the rules.
func New() *Rules {
	return &Rules{rewrite.Compile([]rewrite.Rule{{Name: "point in time join", Triggers: []string{"point"}, Apply: func(e *rewrite.Editor) error {
		return apply(e, e.Env.(*pass))
	}}})}
}

// pass is one reading of the text.
type pass struct {
	Env
	notes []Note
}

// Lower rewrites a statement; nil where there is nothing to do. Errors have positions in src.
func (r *Rules) Lower(_ context.Context, src string, st lex.Stmt, env Env) (*Lowered, error) {
	if !r.set.Triggered(src, st) {
		return nil, nil
	}
	l := &Lowered{Text: src, Source: func(at int) int { return at }}
	for depth := 0; ; depth++ {
		p := &pass{Env: env}
		text, m, err := r.set.Apply(l.Text, st, p)
		if err != nil {
			return nil, moved(err, l.Source)
		}
		if m.Identity() {
			break
		}
		if depth == maxDepth {
			return nil, sqlstate.Newf(sqlstate.ProgramLimitExceeded, "POINT IN TIME JOIN in more than %d queries of one statement", maxDepth)
		}
		before := l.Source
		for _, n := range p.notes {
			n.At = before(n.At)
			l.Notes = append(l.Notes, n)
		}
		l.Text, l.Source = text, func(at int) int { return before(m.Source(at)) }
		stmts := lex.Split(text)
		if len(stmts) != 1 {
			return nil, sqlstate.New(sqlstate.InternalError, "POINT IN TIME JOIN became more than one statement")
		}
		st = stmts[0]
	}
	if len(l.Text) == len(src) && l.Text == src {
		return nil, nil
	}
	return l, nil
}

func moved(err error, to func(int) int) error {
	e, ok := err.(*sqlstate.Error)
	if !ok || e.Position == 0 {
		return err
	}
	m := *e
	return m.At(to(e.Position - 1))
}

// Explain words DuckDB's complaint that a label lacks a column of the entity, which a join
// without ON compares; other errors stay as they are.
func (l *Lowered) Explain(err error) error {
	if l == nil || err == nil {
		return err
	}
	e := sqlstate.From(err)
	if e.Code != sqlstate.UndefinedColumn && !strings.Contains(e.Message, "does not have a column named") {
		return err
	}
	for _, n := range l.Notes {
		if e.Position == n.At+1 && n.Column != "" {
			return sqlstate.Newf(sqlstate.UndefinedColumn, "%s has no column %s, which feature view %s is about", n.Relation, n.Column, n.View).At(n.At).
				WithHint("Say which column it is: ON %s.… = f.%s, f being the feature view's alias.", n.Relation, n.Column).Because(err)
		}
	}
	return err
}
