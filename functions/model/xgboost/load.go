package xgboost

import (
	"bytes"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/forest"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// predictor is a trained model: the evaluator of its trees and the bytes it was made of.
type predictor struct {
	*forest.Forest
	blob []byte
}

var (
	_ model.Predictor   = (*predictor)(nil)
	_ model.Importancer = (*predictor)(nil)
	_ model.Exporter    = (*predictor)(nil)
)

// load makes a predictor; it needs no library.
func load(blob []byte) (model.Predictor, error) {
	f, err := forest.FromXGBoost(blob)
	if err != nil {
		return nil, err
	}
	return &predictor{f, blob}, nil
}

// Formats implements model.Exporter.
func (p *predictor) Formats() []string { return []string{"xgboost_json", "xgboost_ubj"} }

// Export writes the model as the library would, with the features' names in it.
func (p *predictor) Export(format string, names []string) ([]byte, error) {
	if len(names) != p.Features() {
		return nil, sqlstate.Newf(sqlstate.InternalError, "%d names for %d features", len(names), p.Features())
	}
	doc, err := read(p.blob)
	if err != nil {
		return nil, err
	}
	if doc, err = named(doc, names); err != nil {
		return nil, err
	}
	switch format {
	case "xgboost_json":
		return appendJSON(nil, doc), nil
	case "xgboost_ubj":
		return appendUBJ(nil, doc), nil
	}
	return nil, sqlstate.Newf(sqlstate.InvalidParameterValue, "an xgboost model can't be written as %s", format).
		WithHint("It can be written as xgboost_json or xgboost_ubj.")
}

// read reads a saved model in either format.
func read(data []byte) (object, error) {
	text := bytes.TrimLeft(data, " \t\r\n")
	if len(text) > 0 && text[0] == '{' {
		if rest := bytes.TrimLeft(text[1:], " \t\r\n"); len(rest) > 0 && (rest[0] == '"' || rest[0] == '}') {
			return readJSON(text)
		}
	}
	return readUBJ(text)
}

// Info is what a foreign model says of itself.
type Info struct {
	// Objective is the library's name of the loss: "binary:logistic".
	Objective string
	// Features counts the columns; Names has them where the file does, else it is nil.
	Features int
	Names    []string
	// Classes is 0 for regression.
	Classes int
	// Rounds counts the boosting rounds, Trees the trees.
	Rounds, Trees int
	// BestIteration is where early stopping saw the best score, -1 where it says nothing. All
	// trees count in predictions, as in the library's own.
	BestIteration int
}

// Task is what the model is for.
func (i Info) Task() model.Task {
	if i.Classes > 0 {
		return model.Classification
	}
	return model.Regression
}

// Import checks a model that XGBoost 1.6 or later saved as JSON or UBJSON, and returns it as
// this runtime keeps models: without names and attributes, as UBJSON. Malformed bytes are 22023, a
// model whose predictions can't be computed is 0A000.
func Import(data []byte) (blob []byte, info Info, err error) {
	f, err := forest.FromXGBoost(data)
	if err != nil {
		return nil, Info{}, err
	}
	doc, err := read(data)
	if err != nil {
		return nil, Info{}, err
	}
	said := f.Info()
	info = Info{Objective: said.Objective, Features: said.Features, Classes: said.Classes, Rounds: said.Rounds, Trees: said.Trees, BestIteration: said.BestIteration}
	learner, _ := doc.get("learner").(object)
	names, _ := learner.get("feature_names").(list)
	for _, name := range names {
		text, ok := name.(string)
		if !ok {
			return nil, Info{}, malformed("a feature's name isn't a text")
		}
		info.Names = append(info.Names, text)
	}
	if len(info.Names) > 0 && len(info.Names) != info.Features {
		return nil, Info{}, malformed("it has %d names for %d features", len(info.Names), info.Features)
	}
	doc = doc.with("learner", learner.with("attributes", object{}))
	if doc, err = named(doc, nil); err != nil {
		return nil, Info{}, err
	}
	blob = appendUBJ(nil, doc)
	_, err = forest.FromXGBoost(blob)
	return blob, info, err
}
