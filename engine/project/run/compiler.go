package run

import (
	"context"
	"slices"
	"strings"

	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/render"
	"github.com/eiderdb/eider/sql/lex"
)

// Jinja is the Compiler of projects that were read from files.
type Jinja struct {
	Project *node.Project
	Env     *render.Env
}

var _ Compiler = (*Jinja)(nil)

// Compile implements Compiler.
func (j *Jinja) Compile(ctx context.Context, n *node.Node, scope render.Scope) (string, error) {
	scope.Node = n
	scope.Execute = true
	sql, err := j.render(ctx, n, scope)
	if err != nil {
		return "", err
	}
	inlined, err := j.inlined(ctx, n, scope, map[string]bool{})
	if err != nil {
		return "", err
	}
	return withCTEs(sql, inlined), nil
}

// Text implements Compiler.
func (j *Jinja) Text(ctx context.Context, text string, scope render.Scope) (string, error) {
	scope.Execute = true
	pos := node.Position{File: "the command line", Line: 1}
	if scope.Node != nil {
		pos = node.Position{File: scope.Node.File}
	}
	return j.Env.Render(ctx, &scope, text, pos)
}

func (j *Jinja) render(ctx context.Context, n *node.Node, scope render.Scope) (string, error) {
	pos := n.Pos
	if pos.File == "" {
		pos = node.Position{File: n.File, Line: 1}
	}
	return j.Env.Render(ctx, &scope, n.Raw, pos)
}

// inlined are the CTEs of the ephemeral models above a node, each after those that it reads.
func (j *Jinja) inlined(ctx context.Context, n *node.Node, scope render.Scope, seen map[string]bool) ([]node.CTE, error) {
	var out []node.CTE
	for _, id := range n.DependsOn.Nodes {
		parent := j.Project.Nodes[id]
		if parent == nil || seen[id] || parent.Kind != node.Model || parent.Config.Materialized != "ephemeral" {
			continue
		}
		seen[id] = true
		if scope.Ref != nil && scope.Node == n {
			if rel, err := scope.Ref(parent); err != nil || rel != nil {
				continue // a unit test gives its rows
			}
		}
		own := scope
		own.Node, own.This, own.Ref = parent, nil, nil
		above, err := j.inlined(ctx, parent, own, seen)
		if err != nil {
			return nil, err
		}
		sql, err := j.render(ctx, parent, own)
		if err != nil {
			return nil, err
		}
		if statements := lex.Split(sql); len(statements) == 1 {
			sql = sql[:statements[0].End]
		}
		out = append(append(out, above...), node.CTE{ID: id, SQL: render.CTEName(parent) + " AS (\n" + sql + "\n)"})
	}
	return out, nil
}

// withCTEs puts CTEs before a query, or before the query of a statement that ends in AS query.
func withCTEs(sql string, ctes []node.CTE) string {
	statements := lex.Split(sql)
	if len(ctes) == 0 || len(statements) == 0 {
		return sql
	}
	list := make([]string, len(ctes))
	for i, c := range ctes {
		list[i] = c.SQL
	}
	text := strings.Join(list, ",\n")
	tokens := statements[0].Tokens
	if first := tokens[0]; first.Word(sql, "train") || first.Word(sql, "create") {
		if i := topLevelAs(sql, tokens); i >= 0 && i+1 < len(tokens) {
			tokens = tokens[i+1:]
		}
	}
	if !tokens[0].Word(sql, "with") {
		return sql[:tokens[0].Start] + "WITH " + text + "\n" + sql[tokens[0].Start:]
	}
	at := tokens[0].End
	if len(tokens) > 1 && tokens[1].Word(sql, "recursive") {
		at = tokens[1].End
	}
	return sql[:at] + " " + text + "," + sql[at:]
}

// topLevelAs is the index of the first AS outside of parentheses, -1 if there is none.
func topLevelAs(sql string, tokens []lex.Token) int {
	depth := 0
	return slices.IndexFunc(tokens, func(t lex.Token) bool {
		switch {
		case t.Is(sql, "("):
			depth++
		case t.Is(sql, ")"):
			depth--
		}
		return depth == 0 && t.Word(sql, "as")
	})
}
