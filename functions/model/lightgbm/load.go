package lightgbm

import (
	"strings"

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
	f, err := forest.FromLightGBM(blob)
	if err != nil {
		return nil, err
	}
	return &predictor{f, blob}, nil
}

// Formats implements model.Exporter.
func (p *predictor) Formats() []string { return []string{"lightgbm_text"} }

// Export writes the model as the library would, with the features' names in it. Blanks and
// the characters that the format can't hold become underscores.
func (p *predictor) Export(format string, names []string) ([]byte, error) {
	if format != "lightgbm_text" {
		return nil, sqlstate.Newf(sqlstate.InvalidParameterValue, "a lightgbm model can't be written as %s", format).
			WithHint("It can be written as lightgbm_text.")
	}
	if len(names) != p.Features() {
		return nil, sqlstate.Newf(sqlstate.InternalError, "%d names for %d features", len(names), p.Features())
	}
	text, err := rename(string(p.blob), writable(names))
	return []byte(text), err
}

// Info is what a foreign model says of itself.
type Info struct {
	// Objective is the library's name of the loss: "binary".
	Objective string
	// Features counts the columns; Names has them where the file does, else it is nil.
	Features int
	Names    []string
	// Classes is 0 for regression.
	Classes int
	// Rounds counts the boosting rounds, Trees the trees.
	Rounds, Trees int
}

// Task is what the model is for.
func (i Info) Task() model.Task {
	if i.Classes > 0 {
		return model.Classification
	}
	return model.Regression
}

// Import checks a model that LightGBM saved as text, and returns it as this runtime keeps
// models: without names and without what depends on the machine that trained it. Malformed text is
// 22023, a model whose predictions can't be computed is 0A000.
func Import(data []byte) (blob []byte, info Info, err error) {
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	f, err := forest.FromLightGBM([]byte(text))
	if err != nil {
		return nil, Info{}, err
	}
	said := f.Info()
	info = Info{Objective: said.Objective, Features: said.Features, Classes: said.Classes, Rounds: said.Rounds, Trees: said.Trees}
	var kept strings.Builder
	for line := range strings.Lines(text) {
		bare := strings.TrimSuffix(line, "\n")
		if list, ok := strings.CutPrefix(bare, namesLine); ok && info.Names == nil {
			info.Names = strings.Split(list, " ")
		}
		if list, ok := strings.CutPrefix(bare, pandasLine); ok {
			if list != "null" && list != "[]" {
				return nil, Info{}, sqlstate.New(sqlstate.FeatureNotSupported, "LightGBM model: it was trained on categories of pandas, whose codes only that data frame knows").
					WithHint("Train it on numeric codes that a query can compute.")
			}
			continue
		}
		kept.WriteString(line)
	}
	renamed, err := rename(strings.TrimRight(kept.String(), "\n")+"\n", plain(info.Features))
	if err != nil {
		return nil, Info{}, err
	}
	if strings.Join(info.Names, " ") == strings.Join(plain(info.Features), " ") {
		info.Names = nil // the library's stand-ins
	}
	blob = canonical(renamed)
	_, err = forest.FromLightGBM(blob)
	return blob, info, err
}
