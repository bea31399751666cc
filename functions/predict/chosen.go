package predict

import (
	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// What PREDICT(MODEL …) makes of a row's probabilities, which are computed once.
const (
	chosenFunction = "eider_chosen"
	namedFunction  = "eider_named"
)

// chosen declares eider_chosen(hash, probabilities): the class that eider_class says of the row that has them.
func chosen(find Finder, probabilities *types.Type) *fn.Decl {
	return &fn.Decl{
		Name: chosenFunction, Family: "predict", Summary: "The index of the class that the model chooses by its probabilities.",
		Params:  []fn.Param{{Name: "model", Type: types.Of(types.Varchar)}, {Name: "probabilities", Type: probabilities}},
		Returns: types.Of(types.Integer),
		BindOn: func(connection uint64, args []fn.Arg) (fn.Bound, error) {
			hash, ok := args[0].Value.(string)
			if !ok || !args[0].Constant {
				return fn.Bound{}, sqlstate.Newf(sqlstate.InvalidParameterValue, "the first argument of %s must be a constant hash", chosenFunction)
			}
			h, err := find(connection, hash)
			if err != nil {
				return fn.Bound{}, err
			}
			classes := h.Scorer.Artifact().Classes
			if classes == 0 {
				h.Release()
				return fn.Bound{}, sqlstate.New(sqlstate.WrongObjectType, "the model has no classes")
			}
			return fn.Bound{Close: h.Release, Call: func(in *types.Chunk, out fn.Writer) error {
				index := types.Slice[int32](out.Vector())
				return eachList(&in.Columns[1], in.Len, classes, out.SetNull, func(i int, p []float64) { index[i] = h.Scorer.Choose(p) })
			}}, nil
		},
	}
}

// named declares eider_named(labels, probabilities): what eider_proba_map says of the row that has them.
func named(probabilities, returns *types.Type) *fn.Decl {
	return &fn.Decl{
		Name: namedFunction, Family: "predict", Summary: "Probabilities by their classes' labels.",
		Params:  []fn.Param{{Name: "labels", Type: &types.Type{ID: types.List, Child: types.Of(types.Varchar)}}, {Name: "probabilities", Type: probabilities}},
		Returns: returns,
		Bind: func(args []fn.Arg) (fn.Bound, error) {
			labels, ok := texts(args[0])
			if !ok {
				return fn.Bound{}, sqlstate.Newf(sqlstate.InvalidParameterValue, "the labels of %s must be a constant list of texts", namedFunction)
			}
			return fn.Bound{Call: func(in *types.Chunk, out fn.Writer) error { return name(labels, in, out) }}, nil
		},
	}
}

// name makes maps of lists.
func name(labels []string, in *types.Chunk, out fn.Writer) error {
	elements, err := out.Elements(in.Len * len(labels))
	if err != nil {
		return err
	}
	keys, values := elements.Part(0), types.Slice[float64](elements.Part(1).Vector())
	at := 0
	err = eachList(&in.Columns[1], in.Len, len(labels), out.SetNull, func(i int, p []float64) {
		out.SetList(i, at, len(labels))
		for k, label := range labels {
			keys.SetString(at+k, label)
		}
		at += copy(values[at:], p)
	})
	if err == nil { // rows without probabilities took no elements
		_, err = out.Elements(at)
	}
	return err
}

// eachList calls each for every list of n DOUBLEs, null for every NULL.
func eachList(v *types.Vector, rows, n int, null func(i int), each func(i int, p []float64)) error {
	entries := types.Slice[types.ListEntry](v)
	var values []float64
	if len(v.Children) == 1 {
		values = types.Slice[float64](&v.Children[0])
	}
	for i := range rows {
		if !v.Valid(i) {
			null(i)
			continue
		}
		e := entries[i]
		if e.Length != uint64(n) {
			return sqlstate.Newf(sqlstate.InvalidParameterValue, "%d probabilities for %d classes", e.Length, n)
		}
		each(i, values[e.Offset:e.Offset+e.Length])
	}
	return nil
}
