package engine

import (
	"context"
	"strings"

	"github.com/eiderdb/eider/sql/classify"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	sourcestmt "github.com/eiderdb/eider/sql/stmt/source"
)

// sparesSources refuses what would take a source's tables away from it: 42809. Rows may be changed,
// and what a source doesn't write.
func (s *Session) sparesSources(ctx context.Context, q *query) error {
	verb, hint := "", ""
	switch q.class.Verb {
	case classify.Drop:
		verb, hint = "drop", "Use DROP SOURCE."
	case classify.Alter:
		verb, hint = "alter", "ALTER SOURCE … RENAME TO gives it another name, schema_drift 'evolve' adds columns."
	case classify.Create:
		verb, hint = "replace", "Use CREATE OR REPLACE SOURCE."
	default:
		return nil
	}
	if len(s.db.opts.Builtins.Sources) == 0 {
		return nil
	}
	p := parse.New(q.text, q.st)
	p.Next()
	if verb == "replace" && !p.AcceptWords("or", "replace") || !p.AcceptWord("table") {
		return nil
	}
	p.AcceptWords("if", "exists")
	for {
		n, err := p.QualifiedName("a table")
		if err != nil {
			return nil // DuckDB says what is wrong
		}
		if verb == "alter" && !p.Is("rename") && !p.Is("drop") && !p.Is("set") {
			return nil
		}
		if err := s.spareSource(ctx, n, verb, hint); err != nil {
			return err
		}
		if verb != "drop" || !p.AcceptMark(",") {
			return nil
		}
	}
}

func (s *Session) spareSource(ctx context.Context, n parse.QualifiedName, verb, hint string) error {
	if err := s.free(ctx); err != nil {
		return err
	}
	what := "it is a source"
	src, err := sourcestmt.Load(ctx, s.conn, s.db.name, s.db.opts.Builtins.Sources, n)
	if base, ok := strings.CutSuffix(n.Last(), sourcestmt.RejectsName("")); ok && src == nil && err == nil && base != "" {
		of := n
		of.Parts = append([]parse.Name{}, n.Parts...)
		of.Parts[len(of.Parts)-1].Text = base
		what = "it has what source " + base + " rejected"
		src, err = sourcestmt.Load(ctx, s.conn, s.db.name, s.db.opts.Builtins.Sources, of)
	}
	if err != nil {
		return nowhere(err)
	}
	if src != nil {
		return parse.Errorf(n.Span, sqlstate.WrongObjectType, "cannot %s %s: %s", verb, n.Span.Text, what).WithHint("%s", hint)
	}
	return nil
}
