package load

import (
	"fmt"
	"maps"
	"slices"

	"github.com/eiderdb/eider/engine/project/graph"
	"github.com/eiderdb/eider/engine/project/node"
)

// resolve finds the node of every ref and source and refuses cycles.
func (r *reader) resolve() {
	r.p.Order = slices.Sorted(maps.Keys(r.p.Nodes))
	for _, id := range r.p.Order {
		r.resolveNode(r.p.Nodes[id])
	}
	for _, o := range append(slices.Clone(r.p.OnRunStart), r.p.OnRunEnd...) {
		r.resolveNode(o)
	}
	if len(r.problems) > 0 {
		return
	}
	g := graph.New(r.p)
	r.fail(g.Cycle())
}

func (r *reader) resolveNode(n *node.Node) {
	depend := func(t *node.Node) {
		if t.ID != n.ID && !slices.Contains(n.DependsOn.Nodes, t.ID) {
			n.DependsOn.Nodes = append(n.DependsOn.Nodes, t.ID)
		}
	}
	for _, s := range n.Sources {
		t, err := r.env.ResolveSource(s)
		if err != nil {
			r.missing(n, err)
			continue
		}
		depend(t)
	}
	for _, ref := range n.Refs {
		t, err := r.env.ResolveRef(n.Package, ref)
		if err != nil {
			if n.Kind == node.Test && r.disabledTest(n, ref) {
				return
			}
			r.missing(n, err)
			continue
		}
		if t.ID == n.ID {
			r.fail(&node.Error{Message: fmt.Sprintf("%s refers to itself", n.Name), Pos: ref.Pos, Node: n.ID, Hint: "{{ this }} is the model's own table"})
		}
		if t.Access == "private" && t.Group != n.Group && (n.Kind == node.Model || n.Kind == node.Snapshot) {
			r.fail(&node.Error{Message: fmt.Sprintf("%s refers to %s, which is private to the group %s", n.Name, t.Name, t.Group), Pos: ref.Pos, Node: n.ID,
				Hint: "access: protected, or put both into one group"})
		}
		depend(t)
	}
	if n.Kind == node.Test && n.TestInfo.Attached != "" {
		if t := r.p.Nodes[n.TestInfo.Attached]; t != nil {
			depend(t)
		}
	}
}

// disabledTest moves a test of a disabled node out of the way, as dbt.
func (r *reader) disabledTest(n *node.Node, ref node.Ref) bool {
	for _, d := range r.p.Disabled {
		if d.Name == ref.Name && (ref.Package == "" || ref.Package == d.Package) {
			r.p.Disabled[n.ID] = n
			delete(r.p.Nodes, n.ID)
			r.p.Order = slices.DeleteFunc(r.p.Order, func(id string) bool { return id == n.ID })
			return true
		}
	}
	return false
}

// missing adds in what a ref was not found.
func (r *reader) missing(n *node.Node, err error) {
	if e, ok := err.(*node.Error); ok {
		e.Node = n.ID
	}
	r.fail(err)
}
