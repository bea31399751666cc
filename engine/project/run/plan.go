package run

import (
	"slices"

	"github.com/eiderdb/eider/engine/project/node"
)

// Plan says which nodes run and which of them wait for which.
type Plan struct {
	// IDs are the nodes in an order in which each comes after all that it waits for. It is the same in every run.
	IDs   []string
	waits map[string][]string // what each waits for, among IDs
	next  map[string][]string // the reverse
}

// NewPlan orders the chosen nodes. An edge leads through nodes that weren't chosen. With blocking (the
// command build) a node also waits for the tests of what it reads, and a model for its unit tests.
func NewPlan(p *node.Project, chosen []string, blocking bool) *Plan {
	plan := &Plan{waits: map[string][]string{}, next: map[string][]string{}}
	in := map[string]bool{}
	for _, id := range chosen {
		in[id] = true
	}
	up := &ancestry{p: p, all: map[string]map[string]bool{}}
	edge := func(from, to string) {
		if from != to && !slices.Contains(plan.waits[to], from) {
			plan.waits[to] = append(plan.waits[to], from)
			plan.next[from] = append(plan.next[from], to)
		}
	}
	for _, id := range chosen {
		for _, parent := range nearest(p, id, in) {
			if p.Nodes[id].Kind == node.UnitTest && p.Nodes[id].UnitTestInfo.ModelID == parent {
				continue
			}
			edge(parent, id)
		}
	}
	if blocking {
		for _, id := range chosen {
			plan.block(p, id, in, up, edge)
		}
	} else {
		for _, id := range chosen { // without build a unit test runs in any order, but it needs what its model reads
			if u := p.Nodes[id].UnitTestInfo; u != nil {
				for _, parent := range nearest(p, u.ModelID, in) {
					edge(parent, id)
				}
			}
		}
	}
	plan.IDs = plan.order(p, chosen)
	return plan
}

// block lets tests go before what reads the nodes that they test.
func (plan *Plan) block(p *node.Project, id string, in map[string]bool, up *ancestry, edge func(from, to string)) {
	n := p.Nodes[id]
	if n.UnitTestInfo != nil {
		for _, parent := range nearest(p, n.UnitTestInfo.ModelID, in) {
			edge(parent, id)
		}
		if in[n.UnitTestInfo.ModelID] {
			edge(id, n.UnitTestInfo.ModelID)
		}
		return
	}
	if n.Kind != node.Test {
		return
	}
	for _, other := range p.Order {
		o := p.Nodes[other]
		if !in[other] || o.Kind == node.Test || o.Kind == node.UnitTest || slices.Contains(n.DependsOn.Nodes, other) {
			continue
		}
		above := up.of(other)
		// A test of two nodes blocks only what comes after both: otherwise there would be cycles.
		if len(n.DependsOn.Nodes) > 0 && !slices.ContainsFunc(n.DependsOn.Nodes, func(parent string) bool { return !above[parent] }) {
			edge(id, other)
		}
	}
}

// ancestry remembers all ancestors of nodes.
type ancestry struct {
	p   *node.Project
	all map[string]map[string]bool
}

func (a *ancestry) of(id string) map[string]bool {
	if set, ok := a.all[id]; ok {
		return set
	}
	set := map[string]bool{}
	a.all[id] = set
	if n := a.p.Nodes[id]; n != nil {
		for _, parent := range n.DependsOn.Nodes {
			set[parent] = true
			for above := range a.of(parent) {
				set[above] = true
			}
		}
	}
	return set
}

// nearest are the chosen nodes above id that are reached through nodes that weren't chosen.
func nearest(p *node.Project, id string, in map[string]bool) []string {
	var out []string
	seen := map[string]bool{}
	var walk func(id string)
	walk = func(id string) {
		n := p.Nodes[id]
		if n == nil {
			return
		}
		for _, parent := range n.DependsOn.Nodes {
			if seen[parent] {
				continue
			}
			seen[parent] = true
			if in[parent] {
				out = append(out, parent)
			} else {
				walk(parent)
			}
		}
	}
	walk(id)
	return out
}

// order is topological; among those that could go at the same time sources and seeds come first, then by id.
func (plan *Plan) order(p *node.Project, chosen []string) []string {
	waiting := map[string]int{}
	var ready, out []string
	for _, id := range chosen {
		if waiting[id] = len(plan.waits[id]); waiting[id] == 0 {
			ready = append(ready, id)
		}
	}
	for len(ready) > 0 {
		slices.Sort(ready)
		level := ready
		ready = nil
		for _, id := range level {
			out = append(out, id)
			for _, next := range plan.next[id] {
				if waiting[next]--; waiting[next] == 0 {
					ready = append(ready, next)
				}
			}
		}
	}
	return out
}

// below are all nodes of the plan that wait for id, directly or not.
func (plan *Plan) below(id string) []string {
	var out []string
	seen := map[string]bool{}
	var walk func(string)
	walk = func(id string) {
		for _, next := range plan.next[id] {
			if !seen[next] {
				seen[next] = true
				out = append(out, next)
				walk(next)
			}
		}
	}
	walk(id)
	return out
}
