package lightgbm

import (
	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/forest"
)

// predictor is a trained model: the evaluator of its trees and the bytes it was made of.
type predictor struct {
	*forest.Forest
	blob []byte
}

// load makes a predictor; it needs no library.
func load(blob []byte) (model.Predictor, error) {
	f, err := forest.FromLightGBM(blob)
	if err != nil {
		return nil, err
	}
	return &predictor{f, blob}, nil
}
