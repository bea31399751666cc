package lineage

import "slices"

// set is what a value depends on: edges, and the reasons why there may be more. Sets are not
// changed once they are shared.
type set struct {
	edges   map[Edge]struct{}
	unknown map[string]struct{}
}

func (s *set) add(e Edge) bool {
	if _, ok := s.edges[e]; ok {
		return false
	}
	if s.edges == nil {
		s.edges = map[Edge]struct{}{}
	}
	s.edges[e] = struct{}{}
	return true
}

func (s *set) doubt(reason string) bool {
	if _, ok := s.unknown[reason]; ok {
		return false
	}
	if s.unknown == nil {
		s.unknown = map[string]struct{}{}
	}
	s.unknown[reason] = struct{}{}
	return true
}

// merge adds all of another set, and tells whether that was more.
func (s *set) merge(o set) bool {
	grown := false
	for e := range o.edges {
		grown = s.add(e) || grown
	}
	for u := range o.unknown {
		grown = s.doubt(u) || grown
	}
	return grown
}

// as adds all of another set, each edge as change makes it.
func (s *set) as(o set, change func(How) How) {
	for e := range o.edges {
		s.add(Edge{e.Source, change(e.How)})
	}
	for u := range o.unknown {
		s.doubt(u)
	}
}

// only turns every edge into one kind: what a condition reads counts as that condition.
func only(to How) func(How) How { return func(How) How { return to } }

// derived is what an edge becomes when something is computed from the value.
func derived(h How) How {
	if h == Identity {
		return Transformation
	}
	return h
}

// aggregated is what an edge becomes when the value goes into an aggregate.
func aggregated(h How) How {
	if h.Type() == "DIRECT" {
		return Aggregation
	}
	return h
}

func (s *set) sortedEdges() []Edge {
	out := make([]Edge, 0, len(s.edges))
	for e := range s.edges {
		out = append(out, e)
	}
	slices.SortFunc(out, compareEdges)
	return out
}

func (s *set) reasons() []string {
	out := make([]string, 0, len(s.unknown))
	for u := range s.unknown {
		out = append(out, u)
	}
	slices.Sort(out)
	return out
}

// value is what an expression gives.
type value struct {
	set
	// fields are those of a struct that the query builds, by folded name; nil for anything else.
	fields map[string]*value
	// aggregate tells that the expression has an aggregate in it.
	aggregate bool
}

// through makes a value of another one that something is computed from.
func through(v *value, change func(How) How) *value {
	out := &value{aggregate: v.aggregate}
	out.as(v.set, change)
	return out
}

func unknownValue(reason string) *value {
	v := &value{}
	v.doubt(reason)
	return v
}

// column is a column of a relation or of a result, or a place where an unknown number of
// them stands.
type column struct {
	name string
	*value
	// open is nil for a column.
	open *open
}

// open stands for columns whose number isn't known, only what one of a given name would be.
type open struct {
	// lookup returns nil where there is no such column.
	lookup func(name string) *value
	// all is what they depend on together.
	all func() *value
	// sure tells that lookup knows which names there are; otherwise it answers to every name.
	sure bool
}
