// Package graph owns the order of a project's nodes: who depends on whom, what comes first,
// and whether there is a circle. It knows nothing of files or of a database.
package graph

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eiderdb/eider/engine/project/node"
)

// Graph is the dependencies of a project. It doesn't change and may be shared.
type Graph struct {
	p        *node.Project
	parents  map[string][]string
	children map[string][]string
}

// New makes the graph of a project's nodes. Ids that are no nodes are left out.
func New(p *node.Project) *Graph {
	g := &Graph{p: p, parents: make(map[string][]string, len(p.Nodes)), children: make(map[string][]string, len(p.Nodes))}
	for _, id := range p.Order {
		for _, parent := range p.Nodes[id].DependsOn.Nodes {
			if p.Nodes[parent] != nil {
				g.parents[id] = append(g.parents[id], parent)
				g.children[parent] = append(g.children[parent], id)
			}
		}
	}
	return g
}

// Parents are the ids that id depends on directly, in the order in which it names them.
func (g *Graph) Parents(id string) []string { return g.parents[id] }

// Children are the ids that depend on id directly, sorted.
func (g *Graph) Children(id string) []string { return g.children[id] }

// Ancestors are the ids that id depends on, up to depth steps away (negative: all), without id.
func (g *Graph) Ancestors(id string, depth int) map[string]bool { return reach(g.parents, id, depth) }

// Descendants are the ids that depend on id, up to depth steps away (negative: all), without id.
func (g *Graph) Descendants(id string, depth int) map[string]bool {
	return reach(g.children, id, depth)
}

func reach(edges map[string][]string, from string, depth int) map[string]bool {
	seen := map[string]bool{}
	level := []string{from}
	for step := 0; len(level) > 0 && (depth < 0 || step < depth); step++ {
		var next []string
		for _, id := range level {
			for _, to := range edges[id] {
				if !seen[to] && to != from {
					seen[to] = true
					next = append(next, to)
				}
			}
		}
		level = next
	}
	return seen
}

// Sorted returns the ids so that each comes after those it depends on; among equals, by id.
// Ids that lie on a circle are left out.
func (g *Graph) Sorted() []string {
	waiting := make(map[string]int, len(g.p.Order))
	var ready, out []string
	for _, id := range g.p.Order {
		waiting[id] = len(g.parents[id])
		if waiting[id] == 0 {
			ready = append(ready, id)
		}
	}
	for len(ready) > 0 {
		var next []string
		for _, id := range ready {
			out = append(out, id)
			for _, child := range g.children[id] {
				if waiting[child]--; waiting[child] == 0 {
					next = append(next, child)
				}
			}
		}
		slices.Sort(next)
		ready = next
	}
	return out
}

// Cycle returns an error that shows a circle with the files on it, nil if there is none.
func (g *Graph) Cycle() error {
	const (
		unseen = iota
		open
		done
	)
	state := map[string]int{}
	var path []string
	var visit func(id string) []string
	visit = func(id string) []string {
		state[id] = open
		path = append(path, id)
		for _, parent := range g.parents[id] {
			switch state[parent] {
			case open:
				return append(slices.Clone(path[slices.Index(path, parent):]), parent)
			case unseen:
				if c := visit(parent); c != nil {
					return c
				}
			}
		}
		path = path[:len(path)-1]
		state[id] = done
		return nil
	}
	for _, id := range g.p.Order {
		if state[id] != unseen {
			continue
		}
		if c := visit(id); c != nil {
			return g.cycleError(c)
		}
	}
	return nil
}

func (g *Graph) cycleError(ids []string) error {
	var b strings.Builder
	b.WriteString("the models depend on one another in a circle:")
	for i := range len(ids) - 1 {
		a, to := g.p.Nodes[ids[i]], g.p.Nodes[ids[i+1]]
		fmt.Fprintf(&b, "\n    %s (%s) needs %s", a.Name, a.Pos.File, to.Name)
	}
	first := g.p.Nodes[ids[0]]
	e := &node.Error{Message: b.String(), Pos: first.Pos, Node: first.ID, Source: first.Raw, Hint: "one of these refs has to go; {{ this }} reads a model's own table"}
	next := g.p.Nodes[ids[1]]
	for _, r := range first.Refs {
		if r.Name == next.Name {
			e.Pos = r.Pos
		}
	}
	return e
}
