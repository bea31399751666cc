package transform

import (
	"context"

	"github.com/eiderdb/eider/functions/model/frame"
	"github.com/eiderdb/eider/sql/types"
)

// Field is a column of the user's query that features need.
type Field struct {
	Name string
	Type *types.Type
}

// PlanOptions are what a plan must know of the statement and of the algorithm.
type PlanOptions struct {
	// Target is the column to predict, empty for clustering. An item that uses it is an error.
	Target string
	// Exclude are columns that * and the defaults leave out besides the target: id, weight, time, group.
	Exclude []string
	// TakesMissing and WantsScaled are the algorithm's (model.Algorithm).
	TakesMissing, WantsScaled bool
	// KeepConstant keeps a feature that is the same in every row; Texts keeps one that is a text. Both are no features to
	// learn from, but columns of a relation.
	KeepConstant, Texts bool
	// Rows is how errors call the query; empty means the training query.
	Rows string
	// Describe returns the types of SQL expressions over the relation t, which is the query. It may be nil
	// where items are columns only.
	Describe func(exprs []string) ([]*types.Type, error)
}

func (o *PlanOptions) rows() string {
	if o.Rows == "" {
		return "the training query"
	}
	return o.Rows
}

// Plan says how features are made, before any data is seen.
type Plan struct {
	// Inputs are what the frame must hold. Their names are made of what they compute, so
	// that inputs of several plans are the same where the names are.
	Inputs []frame.Input

	inputs  []input
	columns []types.Column
	items   []planned
	o       PlanOptions
}

// PlannedFeature is a feature, or a family of features, as it is known before fitting.
type PlannedFeature struct {
	// Name is the feature's, or what the names of the family begin with.
	Name string
	// Expr is how it is made: scale_standard(impute("age")).
	Expr string
}

// NewPlan plans the features of a query with the given columns: those of items, or the defaults by type where
// items is empty. Errors carry the item's position: 42703 for an unknown column, 42804 for a type that has no
// encoding, 42883 for an unknown function, 22023 for a bad argument, 42803 and 42P20 for an aggregate or a window.
func NewPlan(items []ItemSpec, columns []types.Column, o PlanOptions) (*Plan, error) {
	return newPlan(items, columns, o)
}

// Fit fits the plan on rows of a frame that holds its Inputs. rows ascend; y has a value for each of the frame's
// rows (the class's index, or a number), nil for clustering, and is read at rows only. classes is 0 for regression and clustering.
// Errors: 22023 where no feature is left, 22003 where a feature is infinite.
func (p *Plan) Fit(ctx context.Context, f *frame.Frame, rows []int32, y []float64, classes int, seed int64) (*Fitted, error) {
	return p.fit(ctx, f, rows, y, classes, seed)
}
