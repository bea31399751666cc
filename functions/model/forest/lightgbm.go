package forest

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"unsafe"
)

// FromLightGBM reads a model in LightGBM's text format (version v3 or v4). Malformed text
// is 22023; linear trees and objectives that aren't scored here are 0A000.
func FromLightGBM(text []byte) (*Forest, error) {
	ens, err := readLightGBM(text)
	if err != nil {
		return nil, err
	}
	return newForest(ens)
}

// lgbModel is the head of a model and its trees.
type lgbModel struct {
	head  map[string]string
	trees []tree
	index columnIndex
	// features and outputs are from the head.
	features, outputs int
}

// lgbTree has the lines of one tree.
type lgbTree map[string][]byte

func readLightGBM(text []byte) (*ensemble, error) {
	if !bytes.HasPrefix(text, []byte("tree\n")) && !bytes.HasPrefix(text, []byte("tree\r\n")) {
		return nil, malformed("LightGBM model: the text doesn't begin with \"tree\"")
	}
	m := lgbModel{head: map[string]string{}}
	rest, err := m.readHead(text)
	if err != nil {
		return nil, err
	}
	if err := m.readTrees(rest); err != nil {
		return nil, err
	}
	return m.ensemble()
}

// line cuts the first line off.
func line(text []byte) (first, rest []byte) {
	first, rest, _ = bytes.Cut(text, []byte{'\n'})
	return bytes.TrimSuffix(first, []byte{'\r'}), rest
}

// readHead reads up to the first tree.
func (m *lgbModel) readHead(text []byte) (rest []byte, err error) {
	for len(text) > 0 {
		l, after := line(text)
		if bytes.HasPrefix(l, []byte("Tree=")) || bytes.HasPrefix(l, []byte("end of trees")) {
			break
		}
		key, value, _ := strings.Cut(string(l), "=")
		if _, twice := m.head[key]; !twice && key != "" {
			m.head[key] = value
		}
		text = after
	}
	whole := func(key string, low, high int) (int, error) {
		v, err := strconv.Atoi(strings.TrimSpace(m.head[key]))
		if err != nil || v < low || v > high {
			return 0, malformed("LightGBM model: %s is %.40q", key, m.head[key])
		}
		return v, nil
	}
	last, err := whole("max_feature_idx", 0, maxFeatures-1)
	if err != nil {
		return nil, err
	}
	m.features = last + 1
	m.outputs, err = whole("num_tree_per_iteration", 1, maxOutputs)
	return text, err
}

func (m *lgbModel) readTrees(text []byte) error {
	for len(text) > 0 {
		l, rest := line(text)
		switch {
		case len(l) == 0:
			text = rest
		case bytes.HasPrefix(l, []byte("end of trees")):
			return nil
		case bytes.HasPrefix(l, []byte("Tree=")):
			var err error
			if text, err = m.readTree(rest); err != nil {
				return err
			}
		default:
			return malformed("LightGBM model: %.40q stands where a tree should begin", l)
		}
	}
	return malformed("LightGBM model: the text ends before \"end of trees\"")
}

// readTree reads the lines of one tree up to an empty one.
func (m *lgbModel) readTree(text []byte) (rest []byte, err error) {
	t := lgbTree{}
	for len(text) > 0 {
		var l []byte
		if l, rest = line(text); len(l) == 0 || bytes.HasPrefix(l, []byte("Tree=")) || bytes.HasPrefix(l, []byte("end of trees")) {
			break
		}
		text = rest
		key, value, _ := bytes.Cut(l, []byte{'='})
		t[string(key)] = value
	}
	k := len(m.trees)
	nodes, err := t.build(m, k)
	if err != nil {
		return nil, err
	}
	built, err := newTree(nodes, k%m.outputs, "LightGBM", k)
	if err != nil {
		return nil, err
	}
	m.trees = append(m.trees, built)
	return text, nil
}

// numbers reads a line of n numbers, which must be there; missing lines are nil where optional is set.
func (t lgbTree) numbers(key string, n, index int, optional bool) ([]float64, error) {
	text, there := t[key]
	if !there && optional {
		return nil, nil
	}
	if n > len(text) { // at least a digit each
		return nil, malformed("LightGBM model: %s of tree %d has fewer than %d numbers", key, index, n)
	}
	out := make([]float64, 0, n)
	for {
		text = bytes.TrimLeft(text, " ")
		if len(text) == 0 {
			break
		}
		end := bytes.IndexByte(text, ' ')
		if end < 0 {
			end = len(text)
		}
		v, err := strconv.ParseFloat(unsafe.String(&text[0], end), 64)
		if err != nil && !math.IsInf(v, 0) {
			return nil, malformed("LightGBM model: %s of tree %d holds %.20q", key, index, text[:end])
		}
		if len(out) == n {
			return nil, malformed("LightGBM model: %s of tree %d has more than %d numbers", key, index, n)
		}
		out, text = append(out, v), text[end:]
	}
	if len(out) != n {
		return nil, malformed("LightGBM model: %s of tree %d has %d numbers, not %d", key, index, len(out), n)
	}
	return out, nil
}

func (t lgbTree) whole(key string, index int) (int, error) {
	v, err := strconv.Atoi(string(bytes.TrimSpace(t[key])))
	if err != nil || v < 0 || v > maxNodes {
		return 0, malformed("LightGBM model: %s of tree %d is %.20q", key, index, t[key])
	}
	return v, nil
}

// lgbArrays are a tree's columns: one value a split, or a leaf for those that say so.
type lgbArrays struct {
	feature, gain, cut, decision, left, right, count []float64
	leafValue, leafCount                             []float64
	boundaries, categories                           []float64
}

func (t lgbTree) arrays(leaves, index int) (lgbArrays, error) {
	var a lgbArrays
	sets, err := t.whole("num_cat", index)
	if err != nil {
		return a, err
	}
	read := func(to *[]float64, key string, n int, optional bool) {
		if err == nil {
			*to, err = t.numbers(key, n, index, optional)
		}
	}
	read(&a.leafValue, "leaf_value", leaves, false)
	read(&a.leafCount, "leaf_count", leaves, true)
	if leaves == 1 {
		return a, err
	}
	splits := leaves - 1
	read(&a.feature, "split_feature", splits, false)
	read(&a.gain, "split_gain", splits, true)
	read(&a.cut, "threshold", splits, false)
	read(&a.decision, "decision_type", splits, false)
	read(&a.left, "left_child", splits, false)
	read(&a.right, "right_child", splits, false)
	read(&a.count, "internal_count", splits, true)
	if sets > 0 {
		read(&a.boundaries, "cat_boundaries", sets+1, false)
		if err == nil {
			words := a.boundaries[sets]
			if !(words >= 0 && words <= float64(len(t["cat_threshold"]))) {
				return a, malformed("LightGBM model: the categories of tree %d are out of bounds", index)
			}
			read(&a.categories, "cat_threshold", int(words), false)
		}
	}
	return a, err
}

// build makes nodes of a tree's lines: the splits, then the leaves.
func (t lgbTree) build(m *lgbModel, index int) ([]node, error) {
	leaves, err := t.whole("num_leaves", index)
	if err != nil {
		return nil, err
	}
	if leaves < 1 {
		return nil, malformed("LightGBM model: tree %d has no leaves", index)
	}
	if string(bytes.TrimSpace(t["is_linear"])) == "1" {
		return nil, unsupported("LightGBM model: tree %d has linear models in its leaves", index)
	}
	a, err := t.arrays(leaves, index)
	if err != nil {
		return nil, err
	}
	splits := leaves - 1
	nodes := make([]node, splits+leaves)
	for i := range leaves {
		nodes[splits+i].value = a.leafValue[i]
		if a.leafCount != nil {
			nodes[splits+i].cover = a.leafCount[i]
		}
	}
	// A child ~k is leaf k; 0 would be the root again, which is a cycle.
	child := func(v float64) (int32, bool) {
		switch {
		case v != math.Trunc(v):
		case v > 0 && v < float64(splits):
			return int32(v), true
		case v < 0 && -v <= float64(leaves):
			return int32(splits) + int32(-v) - 1, true
		}
		return 0, false
	}
	for i := range splits {
		at := &nodes[i]
		var left, right bool
		at.left, left = child(a.left[i])
		at.right, right = child(a.right[i])
		if !left || !right {
			return nil, malformed("LightGBM model: node %d of tree %d has children %g and %g of %d leaves", i, index, a.left[i], a.right[i], leaves)
		}
		if a.gain != nil {
			at.gain = a.gain[i]
		}
		if a.count != nil {
			at.cover = a.count[i]
		}
		if err := a.split(m, at, i, index); err != nil {
			return nil, err
		}
	}
	return nodes, nil
}

// Bits of decision_type.
const (
	lgbCategorical = 1
	lgbDefaultLeft = 2
	lgbMissingZero = 1 // in bits 2 and 3
	lgbMissingNaN  = 2
)

// split sets how node i decides.
func (a *lgbArrays) split(m *lgbModel, at *node, i, index int) error {
	f, d := a.feature[i], a.decision[i]
	if !(f >= 0 && f < float64(m.features)) || f != math.Trunc(f) {
		return malformed("LightGBM model: tree %d splits on feature %g of %d", index, f, m.features)
	}
	if d != math.Trunc(d) || d < -128 || d > 127 {
		return malformed("LightGBM model: node %d of tree %d has decision_type %g", i, index, d)
	}
	decision := int(d) & 0xff
	if decision&lgbCategorical != 0 {
		k := a.cut[i]
		if !(k >= 0 && k+1 < float64(len(a.boundaries))) || k != math.Trunc(k) {
			return malformed("LightGBM model: node %d of tree %d names category set %g", i, index, k)
		}
		from, to := a.boundaries[int(k)], a.boundaries[int(k)+1]
		if !(from >= 0 && from <= to && to <= float64(len(a.categories))) {
			return malformed("LightGBM model: the categories of tree %d are out of bounds", index)
		}
		set := &categorySet{}
		for _, w := range a.categories[int(from):int(to)] {
			if !(w >= 0 && w <= math.MaxUint32) {
				return malformed("LightGBM model: the categories of tree %d hold %g", index, w)
			}
			set.bits = append(set.bits, uint32(w))
		}
		at.column, at.cut, at.missingRight = m.index.categorical(int(f), set), 1, true
		return nil
	}
	// v ≤ t is left, so right begins at the next value.
	t := a.cut[i]
	at.cut = math.Nextafter(t, math.Inf(1))
	if math.IsInf(t, 1) {
		return malformed("LightGBM model: tree %d splits at infinity", index)
	}
	missing := decision >> 2 & 3
	at.column = m.index.of(int(f), missing == lgbMissingZero)
	at.missingRight = decision&lgbDefaultLeft == 0
	switch { // the library takes values within zeroThreshold for 0
	case at.cut > 0 && at.cut <= zeroThreshold:
		at.cut = math.Nextafter(zeroThreshold, 1)
	case at.cut <= 0 && at.cut >= -zeroThreshold:
		at.cut = -zeroThreshold
	}
	if missing != lgbMissingZero && missing != lgbMissingNaN {
		at.missingRight = 0 >= at.cut // NaN counts as 0
	}
	return nil
}

func (m *lgbModel) ensemble() (*ensemble, error) {
	if len(m.trees)%m.outputs != 0 {
		return nil, malformed("LightGBM model: %d trees are no multiple of %d", len(m.trees), m.outputs)
	}
	objective := strings.Fields(m.head["objective"])
	l, err := lgbLink(objective, m.outputs)
	if err != nil {
		return nil, err
	}
	ens := &ensemble{
		features: m.features, outputs: m.outputs, columns: m.index.columns, trees: m.trees,
		base: make([]float64, m.outputs), link: l,
	}
	ens.perRound = make([]int, len(m.trees)/m.outputs)
	for i := range ens.perRound {
		ens.perRound[i] = m.outputs
	}
	name := ""
	if len(objective) > 0 {
		name = objective[0]
	}
	if _, rf := m.head["average_output"]; rf && len(ens.perRound) > 0 {
		ens.link.divisor = float64(len(ens.perRound))
	}
	ens.info = Info{Library: "lightgbm", Objective: name, Classes: l.classes(m.outputs), BestIteration: -1}
	return ens, nil
}

// lgbLink returns the link of an objective line: a name and options like "sigmoid:1".
func lgbLink(objective []string, outputs int) (link, error) {
	if len(objective) == 0 {
		return link{}, malformed("LightGBM model: it names no objective")
	}
	slope, sqrt := 1.0, false
	for _, option := range objective[1:] {
		key, value, _ := strings.Cut(option, ":")
		switch key {
		case "sigmoid":
			v, err := strconv.ParseFloat(value, 64)
			if err != nil || !(v > 0) || math.IsInf(v, 0) {
				return link{}, malformed("LightGBM model: sigmoid is %.20q", value)
			}
			slope = v
		case "sqrt":
			sqrt = true
		}
	}
	switch name := objective[0]; name {
	case "binary":
		return link{kind: sigmoid, slope: slope, classification: true}, nil
	case "multiclass":
		return link{kind: softmax, classification: true}, nil
	case "multiclassova":
		return link{kind: sigmoid, slope: slope, classification: true}, nil
	case "cross_entropy":
		return link{kind: sigmoid, slope: 1}, nil
	case "cross_entropy_lambda":
		return link{kind: log1pExp}, nil
	case "poisson", "gamma", "tweedie":
		return link{kind: exponential}, nil
	case "regression", "regression_l1", "huber", "fair", "quantile", "mape":
		if sqrt {
			return link{kind: signedSquare}, nil
		}
		return link{}, nil
	case "lambdarank", "rank_xendcg", "custom", "none":
		return link{}, nil
	default:
		return link{}, unsupported("LightGBM model: predictions of the objective %q can't be computed", name)
	}
}
