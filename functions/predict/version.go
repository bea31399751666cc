package predict

import (
	"strconv"
	"strings"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/lex"
)

// Schema is where the macros of models are.
const Schema = "eider_models"

// DefaultAlias is the alias that a model's bare name means.
const DefaultAlias = "default"

// Class is a class of a classification, in the scorer's order.
type Class struct {
	// Text is how predict_proba's keys name it.
	Text string
	// SQL is a literal of it.
	SQL string
}

// Version is what a model version's macros are made of.
type Version struct {
	// Key is the model's: its name in lower case, with schema. before it unless that is main.
	Key    string
	Number int
	Task   model.Task
	// Output is the SQL type that predict returns for a classification: the target's.
	Output  string
	Classes []Class
	// Outputs is the number of the model's margins: artifact.Scorer.Outputs.
	Outputs int
	// Signature are the columns that the model needs. Features are DOUBLE expressions over them,
	// one for each argument of the scorer. Where Program is set, a transform.Program's text, it makes the first
	// of them of Inputs, DOUBLE and VARCHAR expressions over the signature, and Features are the others.
	Signature []Field
	Features  []string
	Program   string
	Inputs    []string
	// Unseen are BOOLEAN expressions over the signature that are true where a column has a category
	// that training didn't see, by the column's name.
	Unseen []Unseen
	// Hash names the artifact.
	Hash string
}

// Unseen tells where a column's value was never seen in training.
type Unseen struct{ Column, SQL string }

// VersionName is the name of a version's macros: "churn@5".
func VersionName(key string, number int) string { return key + "@" + strconv.Itoa(number) }

// AliasName is the name of an alias's macros: "churn@prod", and "churn" for the default.
func AliasName(key, alias string) string {
	if alias == DefaultAlias || alias == "" {
		return key
	}
	return key + "@" + lex.Fold(alias)
}

// KeyOf is the key of the model that a macro in Schema belongs to.
func KeyOf(macro string) string {
	if i := strings.IndexAny(macro, "@:"); i >= 0 {
		macro = macro[:i]
	}
	return lex.Fold(macro)
}

// The forms of a prediction, as suffixes of the macros' names.
const (
	Label   = ""         // predict
	Proba   = ":proba"   // predict_proba; classification only
	Chance  = ":chance"  // predict_proba(…)['label'], with the label as first argument; classification only
	Raw     = ":raw"     // predict_raw
	Struct  = ":struct"  // predict_struct
	Ordinal = ":version" // the version's number, without arguments

	// Of classifications, for a row that is wanted in several forms: its probabilities as a list, and what predict and
	// predict_proba make of that list.
	Scores = ":scores"
	Chosen = ":chosen"
	Named  = ":named"
)

// ChanceOf is the parameter of Chance that names the class.
const ChanceOf = "eider:label"

// scoresOf is the parameter of Chosen and Named.
const scoresOf = "eider:scores"

// Forms are the forms that a task's models have.
func Forms(t model.Task) []string {
	if t == model.Classification {
		return []string{Label, Proba, Chance, Raw, Struct, Ordinal, Scores, Chosen, Named}
	}
	return []string{Label, Raw, Struct, Ordinal}
}
