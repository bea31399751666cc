package predict

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/lex"
)

// Macro is a macro in Schema.
type Macro struct {
	Name string
	// SQL is the statement that makes it, in place of one of that name.
	SQL string
}

// probaType is what predict_proba returns.
const probaType = "MAP(VARCHAR, DOUBLE)"

// Macros returns the macros of a version under the given names (VersionName, AliasName); the
// version's own name if none is given. Bodies are complete: none calls another macro.
func Macros(v Version, names ...string) []Macro {
	if len(names) == 0 {
		names = []string{VersionName(v.Key, v.Number)}
	}
	params := make([]string, len(v.Signature))
	for i, f := range v.Signature {
		params[i] = lex.QuoteIdent(f.Name)
	}
	w := writer{v: v, params: strings.Join(params, ", ")}
	var out []Macro
	for _, form := range Forms(v.Task) {
		body, args := w.body(form), w.params
		switch {
		case form == Ordinal:
			args = ""
		case form == Chosen, form == Named:
			args = lex.QuoteIdent(scoresOf)
		case form == Chance && args == "":
			args = lex.QuoteIdent(ChanceOf)
		case form == Chance:
			args = lex.QuoteIdent(ChanceOf) + ", " + args
		}
		for _, name := range names {
			out = append(out, Macro{Name: name + form, SQL: "CREATE OR REPLACE MACRO " + Qualified(name+form) + "(" + args + ") AS (" + body + ")"})
		}
	}
	return out
}

// DropMacros returns the statements that remove the macros under a name, of whatever task.
func DropMacros(name string) []string {
	var out []string
	for _, form := range Forms(model.Classification) {
		out = append(out, "DROP MACRO IF EXISTS "+Qualified(name+form))
	}
	return out
}

// Qualified is a macro's name with its schema, quoted.
func Qualified(name string) string { return Schema + "." + lex.QuoteIdent(name) }

// writer writes the bodies of a version's macros.
type writer struct {
	v      Version
	params string
}

func (w *writer) body(form string) string {
	switch form {
	case Label:
		when, otherwise := w.label(w.call(classFunction))
		return "CASE WHEN " + w.absent() + " THEN NULL" + when + " ELSE " + otherwise + " END"
	case Scores:
		return w.guard(w.call(probaFunction))
	case Chosen:
		scores := lex.QuoteIdent(scoresOf)
		when, otherwise := w.label(chosenFunction + "(" + lex.QuoteLiteral(w.v.Hash) + ", " + scores + ")")
		return "CASE WHEN " + scores + " IS NULL THEN NULL" + when + " ELSE " + otherwise + " END"
	case Named:
		return namedFunction + "(" + w.labels() + ", " + lex.QuoteIdent(scoresOf) + ")"
	case Proba:
		return w.guard(w.proba())
	case Chance:
		return w.guard(w.call(chanceFunction, w.labels(), lex.QuoteIdent(ChanceOf)))
	case Raw:
		return w.guard(w.raw())
	case Struct:
		return w.guard(w.structure())
	}
	return strconv.Itoa(w.v.Number)
}

// guard is NULL where every column is.
func (w *writer) guard(expr string) string {
	return "CASE WHEN " + w.absent() + " THEN NULL ELSE " + expr + " END"
}

func (w *writer) absent() string {
	signature, _ := json.Marshal(w.v.Signature) // strings only: it can't fail
	args := []string{lex.QuoteLiteral(VersionName(w.v.Key, w.v.Number)), lex.QuoteLiteral(string(signature))}
	if w.params != "" {
		args = append(args, w.params)
	}
	return absentFunction + "(" + strings.Join(args, ", ") + ")"
}

// call calls a callback with the features, or what they are made of.
func (w *writer) call(function string, more ...string) string {
	model := w.v.Hash
	if w.v.Program != "" {
		model += " " + w.v.Program
	}
	args := slices.Concat([]string{lex.QuoteLiteral(model)}, more, w.v.Inputs, w.v.Features)
	return function + "(" + strings.Join(args, ", ") + ")"
}

// label gives the prediction: a branch of a CASE that may be empty, and what stands after ELSE. index is the class's.
func (w *writer) label(index string) (when, otherwise string) {
	switch {
	case w.v.Task == model.Regression:
		return "", w.call(scoreFunction)
	case w.v.Task == model.Clustering:
		return "", "CAST(" + index + " AS BIGINT)"
	case len(w.v.Classes) == 2:
		return " WHEN " + index + " = 1 THEN " + w.class(1), w.class(0)
	}
	literals := make([]string, len(w.v.Classes))
	for i := range literals {
		literals[i] = w.class(i)
	}
	return "", "([" + strings.Join(literals, ", ") + "])[" + index + " + 1]"
}

func (w *writer) class(i int) string { return "CAST(" + w.v.Classes[i].SQL + " AS " + w.v.Output + ")" }

func (w *writer) proba() string { return w.call(probaMapFunction, w.labels()) }

// labels is the list of the classes' texts.
func (w *writer) labels() string {
	labels := make([]string, len(w.v.Classes))
	for i, c := range w.v.Classes {
		labels[i] = lex.QuoteLiteral(c.Text)
	}
	return "[" + strings.Join(labels, ", ") + "]"
}

func (w *writer) raw() string {
	if w.v.Outputs > 1 {
		return w.call(marginFunction)
	}
	return w.call(rawFunction)
}

func (w *writer) structure() string {
	probabilities := "CAST(NULL AS " + probaType + ")"
	if w.v.Task == model.Classification {
		probabilities = w.proba()
	}
	unseen := "CAST([] AS VARCHAR[])"
	if len(w.v.Unseen) > 0 {
		items := make([]string, len(w.v.Unseen))
		for i, u := range w.v.Unseen {
			items[i] = "CASE WHEN " + u.SQL + " THEN " + lex.QuoteLiteral(u.Column) + " END"
		}
		unseen = "list_filter([" + strings.Join(items, ", ") + "], lambda eider_column: eider_column IS NOT NULL)"
	}
	when, label := w.label(w.call(classFunction))
	if when != "" {
		label = "CASE" + when + " ELSE " + label + " END"
	}
	return "{'label': " + label + ", 'probabilities': " + probabilities + ", 'version': " + strconv.Itoa(w.v.Number) + ", 'unseen': " + unseen + "}"
}
