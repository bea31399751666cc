package train

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/transform"
	"github.com/eiderdb/eider/functions/model/tune"
	"github.com/eiderdb/eider/sql/types"
)

// Spec is what TRAIN MODEL says, as data: RETRAIN keeps it as JSON. Every Pos is a byte
// offset in the statement, -1 where it is unknown; errors point there.
type Spec struct {
	// Model is the model's name, for messages.
	Model string `json:"model"`
	// Task is empty where it follows from the target.
	Task    model.Task `json:"task,omitempty"`
	TaskPos int        `json:"task_pos"`
	// Target is nil for clustering.
	Target *Name `json:"target,omitempty"`
	// Candidates compete on the metric; none means the task's default algorithm.
	Candidates []Candidate `json:"candidates,omitempty"`
	// Transform are the items of TRANSFORM; none means defaults by type.
	Transform []transform.ItemSpec `json:"transform,omitempty"`
	// ID are columns that identify a row and are no features.
	ID []Name `json:"id,omitempty"`
	// Weight is an expression over the query's columns.
	Weight       *Expr         `json:"weight,omitempty"`
	ClassWeights *ClassWeights `json:"class_weights,omitempty"`
	// Split is nil for the default: 20 %, stratified for classes; none for clustering.
	Split *Split `json:"split,omitempty"`
	Seed  int64  `json:"seed"`
	// CrossValidate is nil where there are no folds.
	CrossValidate *Folds `json:"cross_validate,omitempty"`
	Tune          *Tune  `json:"tune,omitempty"`
	// Optimize names the metric; nil for the task's default.
	Optimize *Name `json:"optimize,omitempty"`
	// Calibrate is nil, or names PLATT or ISOTONIC.
	Calibrate *Name `json:"calibrate,omitempty"`
	// Positive is the class whose probability is predicted; nil for the default.
	Positive    *Literal `json:"positive,omitempty"`
	PartitionBy *Name    `json:"partition_by,omitempty"`
	// Deploy is empty for the default, IF BETTER.
	Deploy Deploy `json:"deploy"`
	// Options are those of WITH, as WithOptions declares them.
	Options []Option `json:"options,omitempty"`
	// Query is the SELECT, at QueryPos in the statement.
	Query    string `json:"query"`
	QueryPos int    `json:"query_pos"`
}

// Name is a word of the statement.
type Name struct {
	Text string `json:"text"`
	Pos  int    `json:"pos"`
}

// Expr is an expression of the statement, as it was written.
type Expr struct {
	SQL string `json:"sql"`
	Pos int    `json:"pos"`
}

// Candidate is an algorithm of USING.
type Candidate struct {
	Algorithm string      `json:"algorithm"`
	Params    []Parameter `json:"params,omitempty"`
	Pos       int         `json:"pos"`
}

// Parameter is a value that USING gives: bool, int64, float64, string or []any of them.
type Parameter struct {
	Name  string  `json:"name"`
	Value Literal `json:"value"`
	Pos   int     `json:"pos"`
}

// Option is an option of WITH; WithOptions lists those there are.
type Option struct {
	Name  string  `json:"name"`
	Value Literal `json:"value"`
	Pos   int     `json:"pos"`
}

// Literal is a constant: nil, bool, int64, float64, string or []any of them.
type Literal struct {
	Value any
	Pos   int
}

// ClassWeights is CLASS WEIGHTS BALANCED, or the weights by class.
type ClassWeights struct {
	Balanced bool          `json:"balanced,omitempty"`
	Weights  []ClassWeight `json:"weights,omitempty"`
	Pos      int           `json:"pos"`
}

// ClassWeight weighs the rows of a class.
type ClassWeight struct {
	Class  Literal `json:"class"`
	Weight float64 `json:"weight"`
}

// The kinds of splits and folds.
const (
	Random     = "random"
	Stratified = "stratified"
	ByTime     = "time"
	ByGroup    = "group"
	ByColumn   = "column"
	NoSplit    = "none"
)

// Split is SPLIT.
type Split struct {
	Kind string `json:"kind"`
	// Fraction of the rows, or of the groups, that are held out, in (0, 1); 0 where Holdout says it.
	Fraction float64 `json:"fraction,omitempty"`
	// Column is that of BY TIME, BY GROUP, BY COLUMN.
	Column *Name `json:"column,omitempty"`
	// Holdout is the length of time at the end that is held out; Gap lies before it and belongs to no part.
	Holdout *types.IntervalValue `json:"holdout,omitempty"`
	Gap     *types.IntervalValue `json:"gap,omitempty"`
	Pos     int                  `json:"pos"`
}

// Folds is CROSS VALIDATE. Kind is empty for the split's own kind.
type Folds struct {
	K      int                  `json:"k"`
	Kind   string               `json:"kind,omitempty"`
	Column *Name                `json:"column,omitempty"`
	Gap    *types.IntervalValue `json:"gap,omitempty"`
	Pos    int                  `json:"pos"`
}

// Tune is TUNE.
type Tune struct {
	Params []tune.Dimension `json:"params"`
	// Strategy is GRID, RANDOM or TPE without regard to case; empty means TPE, or GRID where every
	// parameter is a CHOICE and TRIALS isn't given.
	Strategy    string `json:"strategy,omitempty"`
	StrategyPos int    `json:"strategy_pos"`
	// Trials is 0 for the default: 30, or the whole grid.
	Trials int `json:"trials,omitempty"`
	// TimeLimit is 0 for none.
	TimeLimit time.Duration `json:"time_limit,omitempty"`
	Pos       int           `json:"pos"`
}

// The rules of DEPLOY.
const (
	DeployIfBetter = "if_better"
	DeployNever    = "never"
	DeployAlways   = "always"
)

// Deploy is DEPLOY.
type Deploy struct {
	Rule string `json:"rule,omitempty"`
	// By is the least improvement of the metric.
	By  float64 `json:"by,omitempty"`
	Pos int     `json:"pos"`
}

// Text is the constant as SQL's cast to VARCHAR writes it.
func (l Literal) Text() string {
	switch v := l.Value.(type) {
	case nil:
		return "NULL"
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return fmt.Sprint(l.Value)
}

type literalJSON struct {
	Value any `json:"value"`
	Pos   int `json:"pos"`
}

// MarshalJSON writes a float64 with a point or an exponent, so that it comes back as one.
func (l Literal) MarshalJSON() ([]byte, error) {
	return json.Marshal(literalJSON{typed(l.Value), l.Pos})
}

func typed(v any) any {
	switch v := v.(type) {
	case float64:
		text := strconv.FormatFloat(v, 'g', -1, 64)
		if !bytes.ContainsAny([]byte(text), ".eEnN") {
			text += ".0"
		}
		return json.RawMessage(text)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = typed(v[i])
		}
		return out
	}
	return v
}

// UnmarshalJSON keeps whole numbers exact.
func (l *Literal) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var raw literalJSON
	if err := dec.Decode(&raw); err != nil {
		return err
	}
	v, err := untyped(raw.Value)
	l.Value, l.Pos = v, raw.Pos
	return err
}

func untyped(v any) (any, error) {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, nil
		}
		return v.Float64()
	case []any:
		for i := range v {
			e, err := untyped(v[i])
			if err != nil {
				return nil, err
			}
			v[i] = e
		}
	}
	return v, nil
}
