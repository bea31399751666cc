package xgboost

import (
	"slices"
	"strings"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// A saved model is a document: JSON, or the same as UBJSON. Its values are string, int64,
// float32, bool, nil, object, list, and array for lists of numbers of one type.
type (
	object []member
	member struct {
		key   string
		value any
	}
	list []any
	// array is what UBJSON writes with its type: 'd' for floats; 'i', 'U', 'I', 'l', 'L' for
	// whole numbers of 1 (signed, unsigned), 2, 4 and 8 bytes.
	array struct {
		kind   byte
		floats []float32
		ints   []int64
	}
)

// maxNesting is far beyond what a model has and far below what a stack holds.
const maxNesting = 64

func malformed(format string, args ...any) error {
	return sqlstate.Newf(sqlstate.InvalidParameterValue, "XGBoost model: "+format, args...)
}

// get returns the value of a key, nil where there is none.
func (o object) get(key string) any {
	for _, m := range o {
		if m.key == key {
			return m.value
		}
	}
	return nil
}

// with returns the object with a key set, its keys in order as the library keeps them.
func (o object) with(key string, value any) object {
	out := slices.Clone(o)
	i, found := slices.BinarySearchFunc(out, key, func(m member, key string) int { return strings.Compare(m.key, key) })
	if found {
		out[i].value = value
		return out
	}
	return slices.Insert(out, i, member{key, value})
}

// named returns the document with the features' names in it; no names take them out. The
// features' types stay where some of them are categories.
func named(doc object, names []string) (object, error) {
	learner, ok := doc.get("learner").(object)
	if !ok {
		return nil, malformed("there is no learner in it")
	}
	words, types := list{}, list{}
	for _, name := range names {
		words, types = append(words, name), append(types, "float")
	}
	learner = learner.with("feature_names", words)
	if known, _ := learner.get("feature_types").(list); !slices.Contains(known, any("c")) {
		learner = learner.with("feature_types", types)
	}
	return doc.with("learner", learner), nil
}

// typed are the arrays that the library writes with a type in UBJSON and expects so.
func typed(key string) byte {
	switch key {
	case "base_weights", "loss_changes", "split_conditions", "sum_hessian":
		return 'd'
	case "default_left", "split_type":
		return 'U'
	case "left_children", "right_children", "parents", "split_indices", "categories", "categories_nodes", "feature_segments", "sorted_idx":
		return 'l'
	case "categories_segments", "categories_sizes":
		return 'L'
	}
	return 0
}
