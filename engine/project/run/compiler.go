package run

import (
	"context"

	"github.com/eiderdb/eider/engine/project/compile"
	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/render"
)

// Jinja is the Compiler of projects that were read from files.
type Jinja struct{ Env *render.Env }

var _ Compiler = Jinja{}

// Compile implements Compiler.
func (j Jinja) Compile(ctx context.Context, n *node.Node, scope render.Scope) (string, error) {
	scope.Node = n
	res, err := compile.Node(ctx, j.Env, &scope)
	return res.SQL, err
}

// Text implements Compiler. Refs to ephemeral models work in a text without a node only: hooks are no queries.
func (j Jinja) Text(ctx context.Context, text string, scope render.Scope) (string, error) {
	scope.Execute = true
	if scope.Node != nil {
		return j.Env.Render(ctx, &scope, text, node.Position{File: scope.Node.File})
	}
	n := &node.Node{Kind: node.Analysis, Name: "inline", Package: j.Env.Project.Name, File: "the command line", Raw: text}
	n.Pos = node.Position{File: n.File, Line: 1}
	found, err := j.Env.Parse(ctx, n, text, n.Pos)
	if err != nil {
		return "", err
	}
	for _, ref := range found.Refs {
		parent, err := j.Env.ResolveRef(n.Package, ref)
		if err != nil {
			return "", err
		}
		n.DependsOn.Nodes = append(n.DependsOn.Nodes, parent.ID)
	}
	scope.Node = n
	res, err := compile.Node(ctx, j.Env, &scope)
	return res.SQL, err
}
