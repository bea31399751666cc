package forest

import (
	"slices"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// Path-dependent TreeSHAP (Lundberg, Erion, Lee 2018, "Consistent individualized feature
// attribution for tree ensembles", algorithm 2), turned inside out: each path from a root to a
// leaf is a game of its own among the features on it. Which of them let a row pass is a
// bit pattern; what each feature then adds depends on nothing else, so it is computed once a
// pattern and looked up for the other rows of a block.

const (
	// shapRows is the number of rows that share a path's patterns.
	shapRows = 2048
	// maxPathFeatures is the number of bits of a pattern.
	maxPathFeatures = 64
	// shapSlots is the number of patterns of a path that are remembered, a power of two.
	shapSlots = 256
)

// shapPlan is an ensemble compiled for explanations.
type shapPlan struct {
	quant    *quantisation
	paths    []shapPath
	elements []shapElement
	bounds   []shapBound
	// expected is each output's base score plus what its trees give on average.
	expected []float64
	err      error
}

// shapPath is a way from a root to a leaf.
type shapPath struct {
	value    float64
	elements [2]int32 // from, to
	output   int32
}

// shapElement is a feature on a path.
type shapElement struct {
	feature int32
	bounds  [2]int32 // from, to
	// zero is the part of training rows that pass the feature's splits.
	zero float64
}

// shapBound lets the codes low ≤ code < high of a lane pass.
type shapBound struct {
	lane      int32
	low, high uint16
}

// shapScratch is what one call needs.
type shapScratch struct {
	codes []uint16
	// pattern has a row's bits; slot is where its row of terms is.
	pattern []uint64
	slot    []int32
	// keys are the patterns remembered of a path, valid where stamps say so.
	keys   [shapSlots]uint64
	stamps [shapSlots]uint32
	stamp  uint32
	terms  []float64
	weight [maxPathFeatures + 1]float64
}

// Method implements model.Explainer.
func (f *Forest) Method() string { return "TreeSHAP (path-dependent)" }

// newShapPlan walks every path of every tree once.
func newShapPlan(ens *ensemble) *shapPlan {
	p := &shapPlan{quant: newQuantisation(ens.columns, ens.trees, walkCuts), expected: slices.Clone(ens.base)}
	if p.quant.lanes > maxLanes {
		p.err = unsupported("a model that looks at its features in %d ways can't be explained; %d can", p.quant.lanes, maxLanes)
		return p
	}
	refs := p.quant.refs
	p.quant.refs = nil
	for k := range ens.trees {
		t := &ens.trees[k]
		if t.leaves > 1 && !(t.nodes[0].cover > 0) {
			p.err = unsupported("the model doesn't say how many rows came to each node, so it can't be explained")
			return p
		}
		p.tree(ens, t, refs)
		refs = refs[len(t.nodes):]
		if p.err != nil {
			return p
		}
	}
	return p
}

// pathStep is a split on the way to a node.
type pathStep struct {
	feature int32
	ask     ref
	right   bool
	zero    float64
}

// tree adds a tree's paths; refs begins with its nodes'.
func (p *shapPlan) tree(ens *ensemble, t *tree, refs []ref) {
	type visit struct {
		at    int32
		depth int
		step  pathStep
	}
	var way []pathStep
	stack := []visit{{}}
	for len(stack) > 0 && p.err == nil {
		v := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if v.depth > 0 {
			way = append(way[:v.depth-1], v.step)
		}
		n := &t.nodes[v.at]
		if n.left == 0 {
			p.path(way[:v.depth], n.value, t.output)
			continue
		}
		feature := int32(ens.columns[n.column].feature)
		for _, child := range []int32{n.right, n.left} {
			zero := 0.0
			if n.cover > 0 {
				zero = t.nodes[child].cover / n.cover
			}
			stack = append(stack, visit{child, v.depth + 1, pathStep{feature, refs[v.at], child == n.right, zero}})
		}
	}
}

// path adds one path; splits on the same feature become one element.
func (p *shapPlan) path(way []pathStep, value float64, output int) {
	from, reach := int32(len(p.elements)), 1.0
	var features []int32
	for _, s := range way {
		reach *= s.zero
		if !slices.Contains(features, s.feature) {
			features = append(features, s.feature)
		}
	}
	p.expected[output] += value * reach
	if len(features) == 0 || value == 0 {
		return
	}
	if len(features) > maxPathFeatures {
		p.err = unsupported("a path with %d features can't be explained; %d can", len(features), maxPathFeatures)
		return
	}
	for _, f := range features {
		e := shapElement{feature: f, zero: 1, bounds: [2]int32{int32(len(p.bounds)), 0}}
		for _, s := range way {
			if s.feature == f {
				e.zero *= s.zero
				p.bound(int(e.bounds[0]), s.ask, s.right)
			}
		}
		e.bounds[1] = int32(len(p.bounds))
		p.elements = append(p.elements, e)
	}
	p.paths = append(p.paths, shapPath{value, [2]int32{from, int32(len(p.elements))}, int32(output)})
}

// bound narrows the bound of a lane among those from the given one on.
func (p *shapPlan) bound(from int, ask ref, right bool) {
	at := slices.IndexFunc(p.bounds[from:], func(b shapBound) bool { return b.lane == ask.lane })
	if at < 0 {
		at = len(p.bounds) - from
		p.bounds = append(p.bounds, shapBound{ask.lane, 0, leafCode})
	}
	b := &p.bounds[from+at]
	if right {
		b.low = max(b.low, ask.code)
	} else {
		b.high = min(b.high, ask.code)
	}
}

// Contributions implements model.Explainer. It takes the weights of training rows that the
// model carries; 0A000 where it carries none.
func (f *Forest) Contributions(x [][]float64, n int, out [][][]float64) error {
	if err := f.check(x, n, len(out)); err != nil {
		return err
	}
	for _, o := range out {
		if len(o) != f.ens.features+1 || slices.ContainsFunc(o, func(c []float64) bool { return len(c) < n }) {
			return sqlstate.Newf(sqlstate.InternalError, "forest: contributions need %d columns of %d values an output", f.ens.features+1, n)
		}
	}
	p := f.explain.plan()
	if p.err != nil {
		return p.err
	}
	for o := range out {
		for k := range f.ens.features {
			clear(out[o][k][:n])
		}
		fill(out[o][f.ens.features][:n], p.expected[o])
	}
	s := f.explain.pool.Get().(*shapScratch)
	defer f.explain.pool.Put(s)
	for from := 0; from < n; from += shapRows {
		p.block(s, x, from, min(shapRows, n-from), out)
	}
	return nil
}

// block explains rows [from, from+n).
func (p *shapPlan) block(s *shapScratch, x [][]float64, from, n int, out [][][]float64) {
	codes := grow(&s.codes, p.quant.lanes*shapRows)
	p.quant.fill(x, from, n, codes, shapRows)
	s.pattern, s.slot = grow(&s.pattern, shapRows), grow(&s.slot, shapRows)
	for i := range p.paths {
		path := &p.paths[i]
		elements := p.elements[path.elements[0]:path.elements[1]]
		p.patterns(s, elements, codes, n)
		p.lookUp(s, elements, path.value, n)
		width := len(elements)
		for k := range elements {
			to := out[path.output][elements[k].feature][from : from+n]
			terms := s.terms[k:]
			for r, slot := range s.slot[:n] {
				to[r] += terms[int(slot)*width]
			}
		}
	}
}

// patterns tells for each row which elements let it pass.
func (p *shapPlan) patterns(s *shapScratch, elements []shapElement, codes []uint16, n int) {
	pattern := s.pattern[:n]
	fill(pattern, ^uint64(0)>>(64-len(elements)))
	for k := range elements {
		for _, b := range p.bounds[elements[k].bounds[0]:elements[k].bounds[1]] {
			lane := codes[int(b.lane)*shapRows:][:n]
			width := uint32(max(b.high, b.low) - b.low) // 0 where no row passes
			for r, c := range lane {
				outside := uint64(int64(uint64(width)-1-uint64(uint32(c-b.low)&0xffff)) >> 63 & 1)
				pattern[r] &^= outside << k
			}
		}
	}
}

// lookUp finds or computes the terms of each row's pattern.
func (p *shapPlan) lookUp(s *shapScratch, elements []shapElement, value float64, n int) {
	width := len(elements)
	terms := grow(&s.terms, (shapSlots+shapRows)*width)
	if s.stamp++; s.stamp == 0 { // it came round
		clear(s.stamps[:])
		s.stamp = 1
	}
	spill := shapSlots // where patterns go whose slot another one has
	for r, pattern := range s.pattern[:n] {
		slot := int(pattern % shapSlots)
		if width > 8 { // more patterns than slots: spread them
			slot = int(pattern * 0x9e3779b97f4a7c15 >> 56)
		}
		switch {
		case s.stamps[slot] != s.stamp:
			s.stamps[slot], s.keys[slot] = s.stamp, pattern
			s.compute(elements, value, pattern, terms[slot*width:(slot+1)*width])
		case s.keys[slot] != pattern:
			slot = spill
			spill++
			s.compute(elements, value, pattern, terms[slot*width:(slot+1)*width])
		}
		s.slot[r] = int32(slot)
	}
}

// compute fills to with what each element adds for a pattern. weight[i] is the summed weight of
// the subsets of i elements: algorithm 2's EXTEND for every element, then UNWIND of each in turn.
func (s *shapScratch) compute(elements []shapElement, value float64, pattern uint64, to []float64) {
	w := s.weight[:len(elements)+1]
	clear(w)
	w[0] = 1
	for k := range elements {
		one := float64(pattern >> k & 1)
		inverse := 1 / float64(k+2)
		for i := k; i >= 0; i-- {
			w[i+1] += one * w[i] * float64(i+1) * inverse
			w[i] = elements[k].zero * w[i] * float64(k+1-i) * inverse
		}
	}
	count := len(elements)
	for k := range elements {
		zero, sum := elements[k].zero, 0.0
		if pattern>>k&1 == 1 {
			next := w[count]
			for i := count - 1; i >= 0; i-- {
				term := next * float64(count+1) / float64(i+1)
				sum += term
				next = w[i] - term*zero*float64(count-i)/float64(count+1)
			}
			to[k] = sum * (1 - zero) * value
			continue
		}
		if zero != 0 {
			for i := count - 1; i >= 0; i-- {
				sum += w[i] * float64(count+1) / (zero * float64(count-i))
			}
		}
		to[k] = -sum * zero * value
	}
}
