package lightgbm

import (
	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/sqlstate"
)

func load(blob []byte) (model.Predictor, error) {
	return nil, sqlstate.New(sqlstate.FeatureNotSupported, "no evaluator yet")
}
