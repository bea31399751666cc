// Package foresttest makes random ensembles of trees, as bytes that XGBoost and LightGBM read,
// and rows that meet their cuts. It scores them in the plainest way, so that tests of
// package forest have an answer even where no library is installed.
package foresttest

import (
	"math"
	"math/rand/v2"
)

// Shape is what a random model is like. Zero values mean the least.
type Shape struct {
	Features, Outputs, Trees int
	// Leaves is the greatest number of leaves of a tree, Depth its greatest depth; 0 is 64.
	Leaves, Depth int
	// Complete makes every tree complete to Depth.
	Complete bool
	// Cuts is the number of different cuts of a feature; 0 means that every split has its own.
	Cuts int
	// Categories is the number of categories of feature 0; 0 makes it a number.
	Categories int
	// Extreme adds cuts that are huge, denormal or zero.
	Extreme bool
	// Double makes a LightGBM model: float64 cuts and leaves, v ≤ cut is left.
	Double bool
	// Objective is the library's; "reg:squarederror" or "regression" where empty.
	Objective string
	// Base is XGBoost's base_score.
	Base float32
}

// Node is a split, or a leaf where Left is 0.
type Node struct {
	Left, Right, Feature int
	Cut                  float64
	MissingLeft          bool
	// Missing is LightGBM's missing type: 0 none, 1 zero, 2 NaN.
	Missing int
	// Set has the categories that go right (XGBoost) or left (LightGBM).
	Set         []int
	Value       float64
	Cover, Gain float64
}

// Model is an ensemble; tree k belongs to output k % Outputs.
type Model struct {
	Shape
	Nodes [][]Node
	cuts  [][]float64
}

// New makes a model.
func New(rng *rand.Rand, s Shape) *Model {
	s.Features, s.Outputs, s.Leaves = max(s.Features, 1), max(s.Outputs, 1), max(s.Leaves, 1)
	if s.Depth == 0 {
		s.Depth = 64
	}
	if s.Complete {
		s.Leaves = 1 << s.Depth
	}
	m := &Model{Shape: s, cuts: make([][]float64, s.Features)}
	for f := range m.cuts {
		for range s.Cuts {
			m.cuts[f] = append(m.cuts[f], m.cut(rng))
		}
	}
	for range s.Trees * s.Outputs {
		m.Nodes = append(m.Nodes, m.tree(rng))
	}
	return m
}

var extremes = []float64{0, math.Copysign(0, -1), 1e-45, -1e-45, 1.5e-39, 1e-35, -1e-35, 3e38, -3e38, math.MaxFloat32, 1, 16777216}

func (m *Model) round(v float64) float64 {
	if m.Double {
		return v
	}
	return float64(float32(v))
}

func (m *Model) cut(rng *rand.Rand) float64 {
	if m.Extreme && rng.IntN(3) == 0 {
		return m.round(extremes[rng.IntN(len(extremes))])
	}
	return m.round(rng.NormFloat64())
}

// missingType is a feature's in a LightGBM model.
func (m *Model) missingType(feature int) int { return feature % 3 }

// tree grows a tree by splitting random leaves.
func (m *Model) tree(rng *rand.Rand) []Node {
	nodes := []Node{{Cover: 1000}}
	depth := []int{0}
	open := []int{0}
	leaves := m.Leaves
	if !m.Complete {
		leaves = 1 + rng.IntN(m.Leaves)
	}
	for left := leaves - 1; left > 0 && len(open) > 0; left-- {
		k := rng.IntN(len(open))
		if m.Complete {
			k = 0
		}
		at := open[k]
		open = append(open[:k], open[k+1:]...)
		m.split(rng, &nodes[at])
		nodes[at].Left, nodes[at].Right = len(nodes), len(nodes)+1
		part := 0.05 + 0.9*rng.Float64()
		for _, cover := range []float64{part, 1 - part} {
			if depth[at]+1 < m.Depth {
				open = append(open, len(nodes))
			}
			nodes = append(nodes, Node{Cover: nodes[at].Cover * cover})
			depth = append(depth, depth[at]+1)
		}
	}
	for i := range nodes {
		if nodes[i].Left == 0 {
			nodes[i].Value = m.round(rng.NormFloat64() * math.Pow(10, float64(rng.IntN(4)-2)))
		}
	}
	return nodes
}

func (m *Model) split(rng *rand.Rand, n *Node) {
	n.Feature, n.MissingLeft, n.Gain = rng.IntN(m.Features), rng.IntN(2) == 0, m.round(rng.Float64()*10)
	n.Missing = m.missingType(n.Feature)
	if n.Feature == 0 && m.Categories > 0 {
		for c := range m.Categories {
			if rng.IntN(3) == 0 {
				n.Set = append(n.Set, c)
			}
		}
		if n.Set == nil {
			n.Set = []int{rng.IntN(m.Categories)}
		}
		return
	}
	if pool := m.cuts[n.Feature]; len(pool) > 0 {
		n.Cut = pool[rng.IntN(len(pool))]
		return
	}
	n.Cut = m.cut(rng)
	m.cuts[n.Feature] = append(m.cuts[n.Feature], n.Cut)
	if len(m.cuts[n.Feature]) > 4096 { // enough to choose rows from
		m.cuts[n.Feature] = m.cuts[n.Feature][:0]
	}
}

// Rows makes n rows by column: values between, at and next to cuts, missing ones, extreme ones.
func (m *Model) Rows(rng *rand.Rand, n int) [][]float64 {
	out := make([][]float64, m.Features)
	for f := range out {
		out[f] = make([]float64, n)
		for i := range out[f] {
			out[f][i] = m.value(rng, f)
		}
	}
	return out
}

func (m *Model) value(rng *rand.Rand, f int) float64 {
	kind := rng.IntN(10)
	if f == 0 && m.Categories > 0 && kind < 8 {
		return float64(rng.IntN(m.Categories + 1))
	}
	pool := m.cuts[f]
	switch {
	case kind == 0:
		return math.NaN()
	case kind == 1 && m.Extreme:
		return []float64{math.Inf(1), math.Inf(-1), 1e300, -1e300, 5e-324, 1e-36, -1e-36, 1e-45, 3.5e38, 0, math.Copysign(0, -1), -0.5}[rng.IntN(12)]
	case kind < 6 && len(pool) > 0:
		v := pool[rng.IntN(len(pool))]
		switch rng.IntN(6) {
		case 0:
			return math.Nextafter(v, math.Inf(1))
		case 1:
			return math.Nextafter(v, math.Inf(-1))
		case 2:
			return float64(math.Nextafter32(float32(v), float32(math.Inf(1))))
		case 3: // the middle between float32 neighbours, which rounds to the even one
			return (v + float64(math.Nextafter32(float32(v), float32(math.Inf(-1))))) / 2
		}
		return v
	}
	return rng.NormFloat64()
}

// zero is LightGBM's kZeroThreshold.
const zero = float64(float32(1e-35))

// right decides a split as the libraries' sources do.
func (m *Model) right(n *Node, v float64) bool {
	if m.Double {
		return m.rightDouble(n, v)
	}
	w := float32(v)
	if w != w {
		return !n.MissingLeft
	}
	if n.Set != nil {
		return w >= 0 && w < 1<<24 && in(n.Set, int(w))
	}
	return !(w < float32(n.Cut))
}

func (m *Model) rightDouble(n *Node, v float64) bool {
	if math.Abs(v) <= zero {
		v = 0
	}
	if n.Set != nil {
		return !(v == v && v > -1 && v < math.MaxInt32 && in(n.Set, int(v)))
	}
	if v != v && n.Missing != 2 {
		v = 0
	}
	if n.Missing == 1 && v == 0 || n.Missing == 2 && v != v {
		return !n.MissingLeft
	}
	return !(v <= n.Cut)
}

func in(set []int, c int) bool {
	for _, s := range set {
		if s == c {
			return true
		}
	}
	return false
}

// Margins scores rows one by one: out has a column an output.
func (m *Model) Margins(x [][]float64, n int) [][]float64 {
	out := make([][]float64, m.Outputs)
	for o := range out {
		out[o] = make([]float64, n)
		for i := range n {
			single, double := m.Base, 0.0
			for k := o; k < len(m.Nodes); k += m.Outputs {
				nodes := m.Nodes[k]
				at := &nodes[0]
				for at.Left != 0 {
					if m.right(at, x[at.Feature][i]) {
						at = &nodes[at.Right]
					} else {
						at = &nodes[at.Left]
					}
				}
				single += float32(at.Value)
				double += at.Value
			}
			out[o][i] = float64(single)
			if m.Double {
				out[o][i] = double
			}
		}
	}
	return out
}
