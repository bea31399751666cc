// Package builtin is the one explicit list of what an Eider has: statements and
// functions (and, as they come, runtimes and connectors). Adding one of them
// touches its own folder and one line here. Nothing registers itself.
package builtin

import (
	"errors"
	"fmt"
	"slices"

	"github.com/eiderdb/eider/functions/clean"
	"github.com/eiderdb/eider/functions/feature"
	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/functions/health"
	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/cluster"
	"github.com/eiderdb/eider/functions/model/lightgbm"
	"github.com/eiderdb/eider/functions/model/linear"
	"github.com/eiderdb/eider/functions/model/transform"
	"github.com/eiderdb/eider/functions/model/xgboost"
	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/functions/stat"
	"github.com/eiderdb/eider/functions/window"
	"github.com/eiderdb/eider/sql/stmt"
	featurestmt "github.com/eiderdb/eider/sql/stmt/feature"
	"github.com/eiderdb/eider/sql/stmt/lineage"
	modelstmt "github.com/eiderdb/eider/sql/stmt/model"
	"github.com/eiderdb/eider/sql/stmt/role"
	sourcestmt "github.com/eiderdb/eider/sql/stmt/source"
	"github.com/eiderdb/eider/storage/source"
	"github.com/eiderdb/eider/storage/source/files"
)

// Set is what one database offers beyond DuckDB. The zero value offers nothing.
type Set struct {
	Statements []*stmt.Kind
	Functions  []*fn.Decl
	// Sources are the connectors that sources read through.
	Sources []*source.Driver
	// Algorithms are what models can be trained with.
	Algorithms []*model.Algorithm
}

// All returns a fresh Set of everything that is built in. Callers may append to it.
func All() *Set {
	sources := []*source.Driver{files.Driver()}
	algorithms := slices.Concat(linear.All(), cluster.All(), xgboost.All(), lightgbm.All())
	return &Set{
		Statements: slices.Concat(role.All(), lineage.All(), modelstmt.All(algorithms, importers()), featurestmt.All(), sourcestmt.All(sources)),
		Functions:  slices.Concat(clean.All(), predict.All(), window.All(), feature.All(), stat.All(), health.All(), transform.Functions()),
		Sources:    sources,
		Algorithms: algorithms,
	}
}

// importers read models that other programs wrote, by the format's name.
func importers() map[string]modelstmt.Importer {
	xgb := func(data []byte) (*modelstmt.Foreign, error) {
		blob, i, err := xgboost.Import(data)
		return &modelstmt.Foreign{Algorithm: "xgboost", Blob: blob, Task: i.Task(), Features: i.Features, Names: i.Names, Classes: i.Classes, Objective: i.Objective}, err
	}
	lgb := func(data []byte) (*modelstmt.Foreign, error) {
		blob, i, err := lightgbm.Import(data)
		return &modelstmt.Foreign{Algorithm: "lightgbm", Blob: blob, Task: i.Task(), Features: i.Features, Names: i.Names, Classes: i.Classes, Objective: i.Objective}, err
	}
	return map[string]modelstmt.Importer{"xgboost": xgb, "xgboost_ubj": xgb, "lightgbm": lgb}
}

// Validate returns every problem of the functions' declarations and of the statements', joined.
func (s *Set) Validate() error {
	var problems []error
	seen := map[string]bool{}
	for _, d := range s.Functions {
		problems = append(problems, d.Validate())
		if seen[d.Name] {
			problems = append(problems, fmt.Errorf("function %q is declared twice", d.Name))
		}
		seen[d.Name] = true
	}
	for _, d := range s.Sources {
		problems = append(problems, d.Validate())
	}
	known := map[string]bool{}
	for _, a := range s.Algorithms {
		if known[a.Name] {
			problems = append(problems, fmt.Errorf("algorithm %q is declared twice", a.Name))
		}
		known[a.Name] = true
	}
	_, err := stmt.NewRegistry(s.Statements)
	return errors.Join(append(problems, err)...)
}
