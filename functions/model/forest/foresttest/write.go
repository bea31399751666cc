package foresttest

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// XGBoost writes the model as XGBoost 3's JSON.
func (m *Model) XGBoost() []byte {
	trees, info, rounds := []any{}, []int{}, []int{0}
	for k, nodes := range m.Nodes {
		trees, info = append(trees, xgbTree(nodes, k, m.Features)), append(info, k%m.Outputs)
		if k%m.Outputs == m.Outputs-1 {
			rounds = append(rounds, k+1)
		}
	}
	objective := m.Objective
	if objective == "" {
		objective = "reg:squarederror"
	}
	classes, targets := "0", strconv.Itoa(m.Outputs)
	if strings.HasPrefix(objective, "multi:") {
		classes, targets = targets, "1"
	}
	about := map[string]any{"name": objective}
	if classes != "0" {
		about["softmax_multiclass_param"] = map[string]any{"num_class": classes}
	} else if objective == "count:poisson" {
		about["poisson_regression_param"] = map[string]any{"max_delta_step": "0.7"}
	} else if objective == "reg:squarederror" || strings.HasPrefix(objective, "binary:") {
		about["reg_loss_param"] = map[string]any{"scale_pos_weight": "1"}
	}
	blob, err := json.Marshal(map[string]any{
		"version": []int{3, 2, 0},
		"learner": map[string]any{
			"attributes": map[string]any{}, "feature_names": []string{}, "feature_types": []string{},
			"gradient_booster": map[string]any{"name": "gbtree", "model": map[string]any{
				"cats":               map[string]any{"enc": []int{}, "feature_segments": []int{}, "sorted_idx": []int{}},
				"gbtree_model_param": map[string]any{"num_parallel_tree": "1", "num_trees": strconv.Itoa(len(trees))},
				"iteration_indptr":   rounds, "tree_info": info, "trees": trees,
			}},
			"learner_model_param": map[string]any{
				"base_score": "[" + number(float64(m.Base)) + "]", "boost_from_average": "1",
				"num_class": classes, "num_feature": strconv.Itoa(m.Features), "num_target": targets,
			},
			"objective": about,
		},
	})
	if err != nil {
		panic(err)
	}
	return blob
}

// number writes a float32 as XGBoost does.
func number(v float64) string { return strconv.FormatFloat(v, 'E', -1, 32) }

func xgbTree(nodes []Node, id, features int) map[string]any {
	n := len(nodes)
	left, right, parent, feature := make([]int, n), make([]int, n), make([]int, n), make([]int, n)
	kind, missing := make([]int, n), make([]int, n)
	cut, cover, gain, weight := make([]json.Number, n), make([]json.Number, n), make([]json.Number, n), make([]json.Number, n)
	categories, catNodes, catFrom, catSize := []int{}, []int{}, []int{}, []int{}
	parent[0] = math.MaxInt32
	for i, at := range nodes {
		cover[i], gain[i], weight[i] = json.Number(number(at.Cover)), json.Number(number(at.Gain)), "0E0"
		if at.Left == 0 {
			left[i], right[i], cut[i] = -1, -1, json.Number(number(at.Value))
			continue
		}
		left[i], right[i], feature[i], cut[i] = at.Left, at.Right, at.Feature, json.Number(number(at.Cut))
		parent[at.Left], parent[at.Right] = i, i
		if at.MissingLeft {
			missing[i] = 1
		}
		if at.Set != nil {
			kind[i] = 1
			catNodes, catFrom, catSize = append(catNodes, i), append(catFrom, len(categories)), append(catSize, len(at.Set))
			categories = append(categories, at.Set...)
		}
	}
	return map[string]any{
		"id": id, "left_children": left, "right_children": right, "parents": parent, "split_indices": feature,
		"split_conditions": cut, "split_type": kind, "default_left": missing, "sum_hessian": cover,
		"loss_changes": gain, "base_weights": weight, "categories": categories, "categories_nodes": catNodes,
		"categories_segments": catFrom, "categories_sizes": catSize,
		"tree_param": map[string]any{
			"num_deleted": "0", "num_feature": strconv.Itoa(features), "num_nodes": strconv.Itoa(n), "size_leaf_vector": "1",
		},
	}
}

// LightGBM writes the model as LightGBM 4's text.
func (m *Model) LightGBM() []byte {
	objective := m.Objective
	if objective == "" {
		objective = "regression"
	}
	classes := 1
	if strings.HasPrefix(objective, "multiclass") {
		classes = m.Outputs
	}
	names, infos := make([]string, m.Features), make([]string, m.Features)
	for f := range names {
		names[f], infos[f] = "Column_"+strconv.Itoa(f), "[-1e300:1e300]"
	}
	var trees []string
	var sizes []string
	for k, nodes := range m.Nodes {
		trees = append(trees, fmt.Sprintf("Tree=%d\n%s\n\n", k, lgbTree(nodes)))
		sizes = append(sizes, strconv.Itoa(len(trees[k])))
	}
	return fmt.Appendf(nil, "tree\nversion=v4\nnum_class=%d\nnum_tree_per_iteration=%d\nlabel_index=0\nmax_feature_idx=%d\nobjective=%s\nfeature_names=%s\nfeature_infos=%s\ntree_sizes=%s\n\n%send of trees\n\nfeature_importances:\n\nparameters:\nend of parameters\n\npandas_categorical:null\n",
		classes, m.Outputs, m.Features-1, objective, strings.Join(names, " "), strings.Join(infos, " "), strings.Join(sizes, " "), strings.Join(trees, ""))
}

// lgbTree writes a tree's lines: splits and leaves are numbered apart there.
func lgbTree(nodes []Node) string {
	place := make([]int, len(nodes))
	splits, leaves := 0, 0
	for i, n := range nodes {
		if n.Left == 0 {
			place[i] = ^leaves
			leaves++
		} else {
			place[i] = splits
			splits++
		}
	}
	line := map[string][]string{}
	add := func(key string, v any) { line[key] = append(line[key], fmt.Sprint(v)) }
	boundaries, words := []string{"0"}, []string{}
	for _, n := range nodes {
		if n.Left == 0 {
			add("leaf_value", n.Value)
			add("leaf_weight", n.Cover)
			add("leaf_count", int(n.Cover*1000)+1)
			continue
		}
		add("split_feature", n.Feature)
		add("split_gain", n.Gain)
		decision, cut := n.Missing<<2, any(n.Cut)
		if n.MissingLeft {
			decision |= 2
		}
		if n.Set != nil {
			decision, cut = 1, len(boundaries)-1
			set := make([]uint32, n.Set[len(n.Set)-1]/32+1)
			for _, c := range n.Set {
				set[c/32] |= 1 << (c % 32)
			}
			for _, w := range set {
				words = append(words, strconv.FormatUint(uint64(w), 10))
			}
			boundaries = append(boundaries, strconv.Itoa(len(words)))
		}
		add("threshold", cut)
		add("decision_type", decision)
		add("left_child", place[n.Left])
		add("right_child", place[n.Right])
		add("internal_value", 0)
		add("internal_weight", n.Cover)
		add("internal_count", int(n.Cover*1000)+1)
	}
	text := fmt.Sprintf("num_leaves=%d\nnum_cat=%d\n", leaves, len(boundaries)-1)
	for _, key := range []string{"split_feature", "split_gain", "threshold", "decision_type", "left_child", "right_child",
		"leaf_value", "leaf_weight", "leaf_count", "internal_value", "internal_weight", "internal_count"} {
		text += key + "=" + strings.Join(line[key], " ") + "\n"
	}
	if len(boundaries) > 1 {
		text += "cat_boundaries=" + strings.Join(boundaries, " ") + "\ncat_threshold=" + strings.Join(words, " ") + "\n"
	}
	return text + "is_linear=0\nshrinkage=1\n"
}
