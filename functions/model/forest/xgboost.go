package forest

import (
	"bytes"
	"math"
	"strconv"
	"strings"
)

// FromXGBoost reads a model that XGBoost 1.6 or later saved, as JSON or as UBJSON.
// Malformed bytes are 22023; a booster or an objective that isn't scored here is 0A000.
//
// All trees of the model count, as in Booster.predict: Info.BestIteration says where
// early stopping saw the best score, and Rounds keeps that many.
func FromXGBoost(blob []byte) (*Forest, error) {
	ens, err := readXGBoost(blob)
	if err != nil {
		return nil, err
	}
	return newForest(ens)
}

// xgbModel is what a saved XGBoost model says, before it is checked as a whole.
type xgbModel struct {
	booster    string
	attributes map[string]string
	objective  map[string]string
	baseScore  string
	boostFrom  string
	features   float64
	classes    float64
	targets    float64
	trees      [][]node
	columns    columnIndex
	treeInfo   []float64
	rounds     []float64
	weightDrop []float64
	// seen tells that a list of trees was there.
	seen    bool
	version []float64
}

// xgbTree has a tree's arrays, one value a node.
type xgbTree struct {
	left, right, feature, cut, defaultLeft, gain, cover, kind []float64
	categories, catNodes, catSegments, catSizes               []float64
	vector                                                    float64
}

func readXGBoost(blob []byte) (*ensemble, error) {
	text := bytes.TrimLeft(blob, " \t\r\n")
	if len(text) == 0 {
		return nil, malformed("XGBoost model: there are no bytes")
	}
	if text[0] != '{' {
		return nil, malformed("XGBoost model: neither JSON nor UBJSON").
			WithHint("Save the model as .json or .ubj; the older binary format isn't read.")
	}
	// A UBJSON object goes on with a length, a type or a count; a JSON one with a quote or a blank.
	var s source = &ubjSource{in: text}
	if rest := bytes.TrimLeft(text[1:], " \t\r\n"); len(rest) > 0 && (rest[0] == '"' || rest[0] == '}') {
		s = &jsonSource{in: text}
	}
	m := xgbModel{attributes: map[string]string{}, objective: map[string]string{}}
	s.object(func(key string) {
		switch key {
		case "learner":
			m.learner(s)
		case "version":
			m.version = s.numbers(m.version[:0], false)
		default:
			s.skip()
		}
	})
	if err := s.err(); err != nil {
		return nil, err
	}
	return m.ensemble()
}

// strings reads an object of texts and numbers, and of objects of such, into one map.
func (m *xgbModel) strings(s source, to map[string]string) {
	s.object(func(key string) { to[key] = s.text() })
}

func (m *xgbModel) learner(s source) {
	s.object(func(key string) {
		switch key {
		case "attributes":
			m.strings(s, m.attributes)
		case "gradient_booster":
			m.gradientBooster(s)
		case "learner_model_param":
			m.learnerParam(s)
		case "objective":
			s.object(func(key string) {
				if key == "name" {
					m.objective[key] = s.text()
				} else {
					s.skip()
				}
			})
		default:
			s.skip()
		}
	})
}

func (m *xgbModel) learnerParam(s source) {
	param := map[string]string{}
	m.strings(s, param)
	whole := func(key string) float64 {
		v, err := strconv.ParseFloat(param[key], 64)
		if param[key] != "" && (err != nil || v != math.Trunc(v) || v < 0) {
			s.fail("%s is %q", key, param[key])
		}
		return v
	}
	m.baseScore, m.boostFrom = param["base_score"], param["boost_from_average"]
	m.features, m.classes, m.targets = whole("num_feature"), whole("num_class"), whole("num_target")
}

func (m *xgbModel) gradientBooster(s source) {
	s.object(func(key string) {
		switch key {
		case "name":
			if name := s.text(); m.booster != "dart" { // dart holds a gbtree
				m.booster = name
			}
		case "model":
			m.gbtree(s)
		case "gbtree":
			m.booster = "dart"
			m.gradientBooster(s)
		case "weight_drop":
			m.weightDrop = s.numbers(m.weightDrop[:0], true)
		default:
			s.skip()
		}
	})
}

func (m *xgbModel) gbtree(s source) {
	s.object(func(key string) {
		switch key {
		case "trees":
			m.seen = true
			var t xgbTree // its arrays serve one tree after the other
			s.array(func() {
				t.read(s)
				if s.err() == nil {
					m.addTree(s, &t)
				}
			})
		case "tree_info":
			m.treeInfo = s.numbers(m.treeInfo[:0], false)
		case "iteration_indptr":
			m.rounds = s.numbers(m.rounds[:0], false)
		default:
			s.skip()
		}
	})
}

func (m *xgbModel) addTree(s source, t *xgbTree) {
	nodes, err := t.build(&m.columns, len(m.trees))
	if err != nil {
		s.stop(err)
	}
	m.trees = append(m.trees, nodes)
}

func (t *xgbTree) read(s source) {
	t.vector = 1
	for _, a := range []*[]float64{&t.left, &t.right, &t.feature, &t.cut, &t.defaultLeft, &t.gain, &t.cover, &t.kind, &t.categories, &t.catNodes, &t.catSegments, &t.catSizes} {
		*a = (*a)[:0]
	}
	s.object(func(key string) {
		switch key {
		case "left_children":
			t.left = s.numbers(t.left[:0], false)
		case "right_children":
			t.right = s.numbers(t.right[:0], false)
		case "split_indices":
			t.feature = s.numbers(t.feature[:0], false)
		case "split_conditions":
			t.cut = s.numbers(t.cut[:0], true)
		case "default_left":
			t.defaultLeft = s.numbers(t.defaultLeft[:0], false)
		case "loss_changes":
			t.gain = s.numbers(t.gain[:0], true)
		case "sum_hessian":
			t.cover = s.numbers(t.cover[:0], true)
		case "split_type":
			t.kind = s.numbers(t.kind[:0], false)
		case "categories":
			t.categories = s.numbers(t.categories[:0], false)
		case "categories_nodes":
			t.catNodes = s.numbers(t.catNodes[:0], false)
		case "categories_segments":
			t.catSegments = s.numbers(t.catSegments[:0], false)
		case "categories_sizes":
			t.catSizes = s.numbers(t.catSizes[:0], false)
		case "tree_param":
			param := map[string]string{}
			s.object(func(key string) { param[key] = s.text() })
			if v, err := strconv.ParseFloat(param["size_leaf_vector"], 64); err == nil {
				t.vector = v
			}
		default:
			s.skip()
		}
	})
}

// ensemble checks a model and builds its trees.
func (m *xgbModel) ensemble() (*ensemble, error) {
	switch m.booster {
	case "gbtree", "dart", "":
	default:
		return nil, unsupported("XGBoost model: the booster %q has no trees to score", m.booster)
	}
	if !m.seen {
		return nil, malformed("XGBoost model: it holds no list of trees")
	}
	outputs := max(m.classes, m.targets, 1)
	if m.features < 1 || m.features > maxFeatures {
		return nil, malformed("XGBoost model: it says it has %g features", m.features)
	}
	if outputs > maxOutputs {
		return nil, unsupported("XGBoost model: it has %g outputs; %d can be scored", outputs, maxOutputs)
	}
	if len(m.treeInfo) != len(m.trees) {
		return nil, malformed("XGBoost model: %d trees, but tree_info has %d entries", len(m.trees), len(m.treeInfo))
	}
	if m.booster == "dart" && len(m.weightDrop) != len(m.trees) {
		return nil, malformed("XGBoost model: %d trees, but weight_drop has %d entries", len(m.trees), len(m.weightDrop))
	}
	ens := &ensemble{features: int(m.features), outputs: int(outputs), single: true}
	var err error
	if ens.link, err = xgbLink(m.objective["name"], ens.outputs); err != nil {
		return nil, err
	}
	if ens.base, err = m.base(ens.outputs); err != nil {
		return nil, err
	}
	for _, c := range m.columns.columns {
		if c.feature >= ens.features {
			return nil, malformed("XGBoost model: a tree splits on feature %d of %d", c.feature, ens.features)
		}
	}
	ens.columns = m.columns.columns
	ens.trees = make([]tree, 0, len(m.trees))
	for k := range m.trees {
		output := m.treeInfo[k]
		if !(output >= 0 && output < outputs) || output != math.Trunc(output) {
			return nil, malformed("XGBoost model: tree %d belongs to output %g of %g", k, output, outputs)
		}
		if m.booster == "dart" {
			drop(m.trees[k], float32(ens.base[int(output)]), float32(m.weightDrop[k]))
		}
		t, err := newTree(m.trees[k], int(output), "XGBoost", k)
		if err != nil {
			return nil, err
		}
		ens.trees = append(ens.trees, t)
		m.trees[k] = nil
	}
	if ens.perRound, err = m.perRound(ens.outputs); err != nil {
		return nil, err
	}
	ens.info = m.info(ens)
	return ens, nil
}

// drop weighs the leaves of a DART tree as XGBoost's in-place prediction does: it scores each tree
// from the base score, takes that off again, and so rounds twice. (Its prediction of a
// DMatrix doesn't, and differs in the last bit.)
func drop(nodes []node, base, weight float32) {
	for i := range nodes {
		if n := &nodes[i]; n.left == 0 {
			alone := float32(base+float32(n.value)) - base
			n.value = float64(alone * weight)
		}
	}
}

func (m *xgbModel) info(ens *ensemble) Info {
	best := -1
	if v, err := strconv.Atoi(m.attributes["best_iteration"]); err == nil && v >= 0 {
		best = v
	}
	return Info{Library: "xgboost", Objective: m.objective["name"], Classes: ens.link.classes(ens.outputs), BestIteration: best}
}

// perRound returns how many trees each boosting round has.
func (m *xgbModel) perRound(outputs int) ([]int, error) {
	n := len(m.trees)
	if len(m.rounds) == 0 { // before 2.0 it wasn't written
		if n%outputs != 0 {
			return []int{n}, nil
		}
		out := make([]int, n/outputs)
		for i := range out {
			out[i] = outputs
		}
		return out, nil
	}
	out := make([]int, 0, len(m.rounds))
	for i := 1; i < len(m.rounds); i++ {
		d := m.rounds[i] - m.rounds[i-1]
		if !(d >= 0 && d <= float64(n)) || d != math.Trunc(d) {
			return nil, malformed("XGBoost model: iteration_indptr doesn't count up")
		}
		out = append(out, int(d))
	}
	if m.rounds[0] != 0 || m.rounds[len(m.rounds)-1] != float64(n) {
		return nil, malformed("XGBoost model: iteration_indptr doesn't cover the %d trees", n)
	}
	return out, nil
}

// base returns the score that each output starts from: base_score brought to the margin's scale.
func (m *xgbModel) base(outputs int) ([]float64, error) {
	text := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(m.baseScore), "["), "]")
	parts := strings.Split(text, ",")
	if text == "" {
		parts = []string{"0.5"}
	}
	if len(parts) != 1 && len(parts) != outputs {
		return nil, malformed("XGBoost model: base_score has %d values for %d outputs", len(parts), outputs)
	}
	out := make([]float64, outputs)
	for i := range out {
		p := strings.TrimSpace(parts[min(i, len(parts)-1)])
		v, err := strconv.ParseFloat(p, 32)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, malformed("XGBoost model: base_score is %.40q", m.baseScore)
		}
		margin := xgbBaseMargin(m.objective["name"], float32(v))
		if math.IsNaN(float64(margin)) || math.IsInf(float64(margin), 0) {
			return nil, malformed("XGBoost model: base_score %g doesn't fit the objective %s", v, m.objective["name"])
		}
		out[i] = float64(margin)
	}
	return out, nil
}

// build makes nodes of a tree's arrays.
func (t *xgbTree) build(columns *columnIndex, index int) ([]node, error) {
	if t.vector > 1 {
		return nil, unsupported("XGBoost model: tree %d has a vector in each leaf (multi_strategy = multi_output_tree)", index)
	}
	n := len(t.left)
	for _, a := range [][]float64{t.right, t.feature, t.cut, t.defaultLeft} {
		if len(a) != n {
			return nil, malformed("XGBoost model: the arrays of tree %d differ in length", index)
		}
	}
	if n > maxNodes {
		return nil, malformed("XGBoost model: tree %d has %d nodes", index, n)
	}
	sets, err := t.sets(columns, index)
	if err != nil {
		return nil, err
	}
	nodes := make([]node, n)
	for i := range nodes {
		at := &nodes[i]
		if i < len(t.cover) {
			at.cover = t.cover[i]
		}
		left, right := t.left[i], t.right[i]
		if left == -1 {
			at.value = t.cut[i]
			continue
		}
		// 0 would be the root again, which is a cycle.
		if !(left > 0 && left < float64(n) && right > 0 && right < float64(n)) {
			return nil, malformed("XGBoost model: node %d of tree %d has children %g and %g of %d nodes", i, index, left, right, n)
		}
		f := t.feature[i]
		if !(f >= 0 && f < maxFeatures) {
			return nil, malformed("XGBoost model: tree %d splits on feature %g", index, f)
		}
		at.left, at.right, at.missingRight = int32(left), int32(right), t.defaultLeft[i] == 0
		if i < len(t.gain) {
			at.gain = t.gain[i]
		}
		if i < len(t.kind) && t.kind[i] == 1 {
			set := sets[i]
			if set == nil {
				return nil, malformed("XGBoost model: node %d of tree %d splits on categories, but has none", i, index)
			}
			at.column, at.cut = columns.categorical(int(f), set), 1
			continue
		}
		at.column, at.cut = columns.of(int(f), false), singleCut(float32(t.cut[i]))
	}
	return nodes, nil
}

// maxCategory is the first category that XGBoost can't tell from its neighbours as a float32.
const maxCategory = 1<<24 - 1

// maxCategoryWords bounds a model's sets of categories: a few bytes can name a category that makes a large set.
const maxCategoryWords = 1 << 24

// sets returns the categories of the nodes that split on them; members go right.
func (t *xgbTree) sets(columns *columnIndex, index int) (map[int]*categorySet, error) {
	if len(t.catNodes) != len(t.catSegments) || len(t.catNodes) != len(t.catSizes) {
		return nil, malformed("XGBoost model: the categories of tree %d differ in length", index)
	}
	sets := map[int]*categorySet{}
	for k, at := range t.catNodes {
		from, size := t.catSegments[k], t.catSizes[k]
		if !(from >= 0 && size >= 0 && from+size <= float64(len(t.categories))) {
			return nil, malformed("XGBoost model: the categories of tree %d are out of bounds", index)
		}
		set := &categorySet{rightIn: true, single: true}
		for _, c := range t.categories[int(from):int(from+size)] {
			if !(c >= 0 && c < maxCategory) {
				return nil, malformed("XGBoost model: tree %d has the category %g", index, c)
			}
			word := int(c) / 32
			if word >= len(set.bits) {
				if columns.words += word + 1 - len(set.bits); columns.words > maxCategoryWords {
					return nil, unsupported("XGBoost model: its sets of categories take more than %d MB", maxCategoryWords>>18)
				}
				set.bits = append(set.bits, make([]uint32, word+1-len(set.bits))...)
			}
			set.bits[word] |= 1 << (int(c) % 32)
		}
		sets[int(at)] = set
	}
	return sets, nil
}
