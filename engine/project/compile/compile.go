// Package compile owns the step from a node's text to the SQL that runs: Jinja rendered in
// run mode, and the CTEs of ephemeral parents put in front.
//
// It doesn't run anything; what the text asks of a database goes to the scope's Adapter.
package compile

import (
	"context"
	"strings"

	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/render"
	"github.com/eiderdb/eider/sql/lex"
)

// Result is a compiled node.
type Result struct {
	SQL  string
	CTEs []node.CTE // of ephemeral parents, parents of parents first
}

// Node compiles a node: scope.Node. The node isn't changed, so that nodes may be compiled
// concurrently; the caller keeps the result.
func Node(ctx context.Context, env *render.Env, scope *render.Scope) (Result, error) {
	n := scope.Node
	return Text(ctx, env, scope, n.Raw, n.Pos)
}

// Text compiles a text in a scope, as Node does: a hook, or what eider show --inline is given.
// Its refs to ephemeral models must be among scope.Node's dependencies.
func Text(ctx context.Context, env *render.Env, scope *render.Scope, text string, pos node.Position) (Result, error) {
	s := *scope
	s.Execute = true
	sql, err := env.Render(ctx, &s, text, pos)
	if err != nil {
		return Result{}, err
	}
	if s.Node == nil {
		return Result{SQL: sql}, nil
	}
	ctes, err := ephemeral(ctx, env, &s, s.Node, map[string]bool{})
	if err != nil {
		return Result{}, err
	}
	if s.Node.Kind == node.Model && s.Node.Config.Materialized == "ephemeral" || len(ctes) == 0 {
		return Result{SQL: sql, CTEs: ctes}, nil
	}
	return Result{SQL: Inject(sql, ctes), CTEs: ctes}, nil
}

// ephemeral compiles the ephemeral parents of a node, each once, those they need before them.
func ephemeral(ctx context.Context, env *render.Env, s *render.Scope, n *node.Node, seen map[string]bool) ([]node.CTE, error) {
	var out []node.CTE
	for _, id := range n.DependsOn.Nodes {
		parent := env.Project.Nodes[id]
		if parent == nil || parent.Kind != node.Model || parent.Config.Materialized != "ephemeral" || seen[id] {
			continue
		}
		seen[id] = true
		if s.Ref != nil {
			if given, err := s.Ref(parent); err == nil && given != nil {
				continue // a unit test gives its rows
			}
		}
		before, err := ephemeral(ctx, env, s, parent, seen)
		if err != nil {
			return nil, err
		}
		scope := *s
		scope.Node, scope.This, scope.Package = parent, nil, ""
		sql, err := env.Render(ctx, &scope, parent.Raw, parent.Pos)
		if err != nil {
			return nil, err
		}
		out = append(out, before...)
		out = append(out, node.CTE{ID: id, SQL: render.CTEName(parent) + " as (\n" + strings.TrimRight(strings.TrimSpace(sql), ";") + "\n)"})
	}
	return out, nil
}

// Inject puts CTEs in front of a statement: after its WITH if it begins with one, otherwise
// with a WITH of their own. Comments in front stay there; a trailing semicolon doesn't matter.
func Inject(sql string, ctes []node.CTE) string {
	if len(ctes) == 0 {
		return sql
	}
	parts := make([]string, len(ctes))
	for i, c := range ctes {
		parts[i] = c.SQL
	}
	all := strings.Join(parts, ",\n")
	at, recursive, found := with(sql)
	if !found {
		return sql[:at] + "with " + all + "\n" + sql[at:]
	}
	head := "with "
	if recursive > at {
		head = "with recursive "
		return sql[:at] + head + all + ",\n" + strings.TrimLeft(sql[recursive:], " \t\r\n")
	}
	return sql[:at] + head + all + ",\n" + strings.TrimLeft(sql[at+len("with"):], " \t\r\n")
}

// with finds the WITH that a query begins with, behind comments and white space: where it
// begins, and where a following RECURSIVE ends. found is false if the query begins otherwise.
// The query of TRAIN MODEL … AS and CREATE … AS is behind the AS.
func with(sql string) (at, recursive int, found bool) {
	at = skip(sql, query(sql))
	if !word(sql, at, "with") {
		return at, 0, false
	}
	if next := skip(sql, at+len("with")); word(sql, next, "recursive") {
		return at, next + len("recursive"), true
	}
	return at, 0, true
}

// query is where the query of a statement may begin.
func query(sql string) int {
	statements := lex.Split(sql)
	if len(statements) == 0 {
		return 0
	}
	tokens := statements[0].Tokens
	if first := tokens[0]; !first.Word(sql, "train") && !first.Word(sql, "create") {
		return 0
	}
	depth := 0
	for _, t := range tokens {
		switch {
		case t.Is(sql, "("):
			depth++
		case t.Is(sql, ")"):
			depth--
		case depth == 0 && t.Word(sql, "as"):
			return t.End
		}
	}
	return 0
}

// skip passes white space and comments; block comments nest, as in DuckDB and PostgreSQL.
func skip(sql string, i int) int {
	for i < len(sql) {
		rest := sql[i:]
		switch {
		case strings.ContainsRune(" \t\r\n\f", rune(sql[i])):
			i++
		case strings.HasPrefix(rest, "--"):
			end := strings.IndexByte(rest, '\n')
			if end < 0 {
				return len(sql)
			}
			i += end + 1
		case strings.HasPrefix(rest, "/*"):
			depth, j := 1, i+2
			for ; j < len(sql) && depth > 0; j++ {
				switch {
				case strings.HasPrefix(sql[j:], "/*"):
					depth++
					j++
				case strings.HasPrefix(sql[j:], "*/"):
					depth--
					j++
				}
			}
			i = j
		default:
			return i
		}
	}
	return i
}

func word(sql string, at int, w string) bool {
	if at+len(w) > len(sql) || !strings.EqualFold(sql[at:at+len(w)], w) {
		return false
	}
	if at+len(w) == len(sql) {
		return true
	}
	c := sql[at+len(w)]
	return c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9')
}
