package transform

import (
	"context"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/frame"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

var errPending = sqlstate.New(sqlstate.FeatureNotSupported, "transforms are being built")

type (
	planned struct{}
	source  struct{}
	builder struct{}
	vector  struct{}
	output  struct{}
)

func fitStandard(*builder, vector, args) ([]output, error)       { return nil, errPending }
func fitMinMax(*builder, vector, args) ([]output, error)         { return nil, errPending }
func fitRobust(*builder, vector, args) ([]output, error)         { return nil, errPending }
func fitImpute(*builder, vector, args) ([]output, error)         { return nil, errPending }
func fitWinsorize(*builder, vector, args) ([]output, error)      { return nil, errPending }
func fitClipIQR(*builder, vector, args) ([]output, error)        { return nil, errPending }
func fitLog1p(*builder, vector, args) ([]output, error)          { return nil, errPending }
func fitYeoJohnson(*builder, vector, args) ([]output, error)     { return nil, errPending }
func fitBucketize(*builder, vector, args) ([]output, error)      { return nil, errPending }
func fitQuantileBucket(*builder, vector, args) ([]output, error) { return nil, errPending }
func fitOneHot(*builder, vector, args) ([]output, error)         { return nil, errPending }
func fitOrdinal(*builder, vector, args) ([]output, error)        { return nil, errPending }
func fitTarget(*builder, vector, args) ([]output, error)         { return nil, errPending }
func fitHash(*builder, vector, args) ([]output, error)           { return nil, errPending }

func newPlan([]ItemSpec, []types.Column, PlanOptions) (*Plan, error) { return nil, errPending }
func (p *Plan) fit(context.Context, *frame.Frame, []int32, []float64, int, int64) (*Fitted, error) {
	return nil, errPending
}

// Features are what the plan will make, as far as it is known before fitting.
func (p *Plan) Features() []PlannedFeature { return nil }

func (t *Fitted) apply(context.Context, *frame.Frame, []int32) (model.Matrix, error) {
	return model.Matrix{}, errPending
}
func (t *Fitted) outOfFold(context.Context, *frame.Frame, []int32, []float64, int, int64, int) (model.Matrix, error) {
	return model.Matrix{}, errPending
}
func (t *Fitted) signature() []Field                         { return nil }
func (t *Fitted) sql(func(string) string) []string           { return nil }
func (t *Fitted) unseen(func(column string) string) []Unseen { return nil }

// MarshalJSON writes the fitted steps; Load reads them.
func (t *Fitted) MarshalJSON() ([]byte, error) { return nil, errPending }

// Load reads what MarshalJSON wrote.
func Load(data []byte) (*Fitted, error) { return nil, errPending }

// Cell is a value of a row for an Evaluator: Num, Text or Micros (since 1970 UTC) by the type of the signature's field.
type Cell struct {
	Null   bool
	Num    float64
	Text   string
	Micros int64
}

// Evaluator computes the features of single rows without the database.
type Evaluator struct{}

// Evaluator compiles the fit; false where an input is an expression that only the database can compute.
func (t *Fitted) Evaluator() (*Evaluator, bool) { return nil, false }

// CellOf converts a Go value to a cell of a field.
func CellOf(v any, t *types.Type) (Cell, error) { return Cell{}, errPending }

// Row fills out, one value a feature, from a row in the order of the signature: the same bits as Apply. It allocates nothing.
func (e *Evaluator) Row(row []Cell, out []float64) {}

// Functions are the scalar functions that fitted SQL calls.
func Functions() []*fn.Decl { return nil }

// ParseItems reads TRANSFORM's list: ( item [, …] ). A fitted function is followed by OVER ().
func ParseItems(p *parse.Parser) ([]ItemSpec, error) { return nil, errPending }
