package forest

import (
	"math"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// Bounds on what a model may ask for, whatever its bytes say.
const (
	maxFeatures = 1 << 20
	maxOutputs  = 1 << 14
	maxNodes    = 1 << 28
)

// ensemble is a model as read: checked trees and how their sum becomes a prediction.
type ensemble struct {
	features, outputs int
	// columns are the distinct ways in which trees look at features.
	columns []column
	trees   []tree
	// base has the score that each output starts from.
	base []float64
	// single tells that sums are taken in float32 (XGBoost), not float64 (LightGBM).
	single bool
	link   link
	info   Info
	// perRound is the number of trees of each boosting round.
	perRound []int
}

// column is one way of looking at a feature. Every split asks of its column's value v
// "is v at least the cut": then right, else left; what is missing follows the node.
type column struct {
	feature int
	// zeroMissing takes values within zeroThreshold of 0 for missing (LightGBM).
	zeroMissing bool
	// set, where not nil, makes the column 1 for rows that go right and 0 for others, by
	// membership of the category in the set.
	set *categorySet
}

// zeroThreshold is LightGBM's kZeroThreshold, a float constant.
const zeroThreshold = float64(float32(1e-35))

// categorySet decides a categorical split.
type categorySet struct {
	bits []uint32
	// rightIn tells that members go right (XGBoost); otherwise they go left (LightGBM).
	rightIn bool
	// single takes the category from the value rounded to float32.
	single bool
}

// goesRight decides for a value that is not NaN.
func (s *categorySet) goesRight(v float64) bool {
	if s.single {
		v = float64(float32(v))
		if !(v >= 0) { // XGBoost calls every negative category invalid, also -0.5.
			return !s.rightIn
		}
	}
	// LightGBM truncates toward zero, so -0.5 is category 0.
	if !(v > -1 && v < float64(len(s.bits))*32) {
		return !s.rightIn
	}
	k := uint32(v)
	return (s.bits[k/32]>>(k%32)&1 == 1) == s.rightIn
}

// node is a split, or a leaf where left is 0: the root is nobody's child.
type node struct {
	left, right  int32
	column       int32
	missingRight bool
	// cut sends values v ≥ cut to the right; it is compared with the float64 that came in.
	cut float64
	// value is the leaf's.
	value float64
	// cover is the weight of the training rows that came here; gain is the split's.
	cover, gain float64
}

// tree is one tree, its nodes in preorder: each node's left child follows it.
type tree struct {
	nodes  []node
	output int
	leaves int
	depth  int
}

func malformed(format string, args ...any) *sqlstate.Error {
	return sqlstate.Newf(sqlstate.InvalidParameterValue, format, args...)
}

func unsupported(format string, args ...any) *sqlstate.Error {
	return sqlstate.Newf(sqlstate.FeatureNotSupported, format, args...)
}

// newTree puts nodes into preorder and checks that they are a tree: children in range,
// nothing reached twice. Nodes that can't be reached from the first are dropped: XGBoost
// leaves pruned ones behind. name is for errors.
func newTree(nodes []node, output int, name string, index int) (tree, error) {
	if len(nodes) == 0 {
		return tree{}, malformed("%s model: tree %d has no nodes", name, index)
	}
	type visit struct {
		from, parent int32
		right        bool
		depth        int
	}
	out := tree{output: output, nodes: make([]node, 0, len(nodes))}
	seen := make([]bool, len(nodes))
	stack := []visit{{from: 0, parent: -1}}
	for len(stack) > 0 {
		v := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if v.from < 0 || int(v.from) >= len(nodes) {
			return tree{}, malformed("%s model: tree %d names node %d, but has %d nodes", name, index, v.from, len(nodes))
		}
		if seen[v.from] {
			return tree{}, malformed("%s model: tree %d reaches node %d twice", name, index, v.from)
		}
		seen[v.from] = true
		at := int32(len(out.nodes))
		n := nodes[v.from]
		out.nodes = append(out.nodes, n)
		if v.parent >= 0 {
			if v.right {
				out.nodes[v.parent].right = at
			} else {
				out.nodes[v.parent].left = at
			}
		}
		out.depth = max(out.depth, v.depth)
		if n.left == 0 && n.right == 0 {
			out.leaves++
			if math.IsNaN(n.value) {
				return tree{}, malformed("%s model: tree %d has a leaf that is not a number", name, index)
			}
			continue
		}
		if math.IsNaN(n.cut) {
			return tree{}, malformed("%s model: tree %d splits at a value that is not a number", name, index)
		}
		stack = append(stack, visit{n.right, at, true, v.depth + 1}, visit{n.left, at, false, v.depth + 1})
	}
	return out, nil
}

// singleCut returns the smallest float64 that rounds to a float32 of at least c, so that
// comparing it with a float64 gives what XGBoost gets by rounding the value first.
func singleCut(c float32) float64 {
	if math.IsNaN(float64(c)) || math.IsInf(float64(c), -1) {
		return float64(c)
	}
	const beyond = 1 << 127 * 2.0 // what follows the greatest finite float32
	at, before := float64(c), float64(math.Nextafter32(c, float32(math.Inf(-1))))
	if math.IsInf(at, 1) {
		at, before = beyond, math.MaxFloat32
	}
	if math.IsInf(before, -1) {
		before = -beyond
	}
	middle := before + (at-before)/2 // exact: one bit more than a float32 has
	if math.Float32bits(c)&1 == 0 {  // a tie goes to the even neighbour
		return middle
	}
	return math.Nextafter(middle, math.Inf(1))
}

// columnIndex finds or adds columns while a model is read.
type columnIndex struct {
	columns []column
	plain   map[[2]int]int32
	// words counts the 32-bit words of category sets.
	words int
}

func (x *columnIndex) of(feature int, zeroMissing bool) int32 {
	key := [2]int{feature, 0}
	if zeroMissing {
		key[1] = 1
	}
	if at, ok := x.plain[key]; ok {
		return at
	}
	if x.plain == nil {
		x.plain = map[[2]int]int32{}
	}
	x.plain[key] = int32(len(x.columns))
	x.columns = append(x.columns, column{feature: feature, zeroMissing: zeroMissing})
	return int32(len(x.columns) - 1)
}

func (x *columnIndex) categorical(feature int, set *categorySet) int32 {
	x.columns = append(x.columns, column{feature: feature, set: set})
	return int32(len(x.columns) - 1)
}
