package transform

import (
	"context"
	"slices"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/frame"
)

// Fitted is a fitted plan. It is not changed by its methods, which may be called at the same time.
type Fitted struct {
	inputs   []input
	steps    []step
	features []feature
	warnings []string
	fields   []Field
	// sources tell from which item of plan a feature came; both are lost in JSON.
	plan    *Plan
	sources []source
}

// Names are the features' names, in order.
func (t *Fitted) Names() []string {
	names := make([]string, len(t.features))
	for i, f := range t.features {
		names[i] = f.Name
	}
	return names
}

// Warnings tell what the fit left out and what looks wrong, a sentence each.
func (t *Fitted) Warnings() []string { return t.warnings }

// Apply computes the features of rows. Columns that the frame holds already as they are share its memory where rows are a
// range; a Matrix is void after frame.Arrange. A frame without one of the inputs is an error.
func (t *Fitted) Apply(ctx context.Context, f *frame.Frame, rows []int32) (model.Matrix, error) {
	return t.apply(ctx, f, rows)
}

// OutOfFold computes the features of the training rows themselves: whatever was fitted on the target is
// fitted anew on the other folds, for each of folds parts of the rows, which the rows' hashes and the seed make. The
// rest is what Apply gives. Arguments are those of Fit. It fails after Load, which brings no plan back.
func (t *Fitted) OutOfFold(ctx context.Context, f *frame.Frame, rows []int32, y []float64, classes int, seed int64, folds int) (model.Matrix, error) {
	return t.outOfFold(ctx, f, rows, y, classes, seed, folds)
}

// Learned reports whether a feature was fitted on the target, so that OutOfFold may give other values than Apply.
func (t *Fitted) Learned() bool {
	return slices.ContainsFunc(t.sources, func(s source) bool { return s.learned && s.count > 0 })
}

// Signature are the columns of the user's query that the features need, in the query's order.
func (t *Fitted) Signature() []Field { return t.fields }

// SQL writes each feature as an expression of type DOUBLE, NULL or NaN where it is missing, the same bits as Apply.
// arg writes a column of the signature.
func (t *Fitted) SQL(arg func(column string) string) []string { return t.sql(arg) }

// Unseen is an expression that tells whether a column has a value that training didn't see.
type Unseen struct{ Column, SQL string }

// Unseen writes one BOOLEAN expression, never NULL, for each column that is encoded by its values.
func (t *Fitted) Unseen(arg func(column string) string) []Unseen { return t.unseen(arg) }
