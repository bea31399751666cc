package train

import (
	"context"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/metric"
	"github.com/eiderdb/eider/functions/model/transform"
	"github.com/eiderdb/eider/sql/types"
)

// Describer finds the columns of a SELECT.
type Describer interface {
	// Describe returns the columns of a SELECT of the user's without running it.
	Describe(ctx context.Context, sql string) ([]types.Column, error)
}

// Session is what training needs of the session that runs it; stmt.Session with Stream is one.
type Session interface {
	Describer
	// Stream runs a SELECT of the user's and gives its chunks, each valid during the call; an error of
	// each ends it and is returned.
	Stream(ctx context.Context, sql string, each func(*types.Chunk) error) error
	// Notice sends a message to the client.
	Notice(severity, message string)
	// Progress reports the fraction that is done, in [0, 1], and what is being done.
	Progress(fraction float64, phase string)
}

// Options are what the place of training decides, not the statement.
type Options struct {
	// Algorithms by name.
	Algorithms map[string]*model.Algorithm
	// Threads is for the algorithms, at least 1; 0 means the number of CPUs.
	Threads int
	// MaxBytes bounds the snapshot's memory; 0 means no bound. Beyond it is 53200.
	MaxBytes int64
	// Incumbent is the deployed version, for IF BETTER; nil where there is none.
	Incumbent *Incumbent
}

// Incumbent is the version that is deployed now.
type Incumbent struct {
	// Name is for messages: "churn@4".
	Name string
	// SQL are its predictions as expressions over the query's rows, whose alias is t: the value
	// for regression, the probability of Positive for two classes, each class's probability
	// in the order of Classes for more. Where the columns that it needs are missing, it is empty.
	SQL []string
	// Classes are its classes in its scorer's order, nil for regression.
	Classes []string
	// Identity are the columns whose hash Hashes holds.
	Identity []string
	// Hashes are the rows that it was trained on, sorted.
	Hashes []uint64
}

// Result is a trained model and the record of its training.
type Result struct {
	// Artifact is what artifact.Open reads; Hash names it.
	Artifact []byte
	Hash     string
	Task     model.Task
	// Algorithm and Params are the winner's; Library is the version of its native library, or "".
	Algorithm string
	Params    model.Params
	Library   string
	// Target is the target's name, "" for clustering; TargetType its type.
	Target     string
	TargetType *types.Type
	// Signature are the columns that predicting needs, Transform the fitted TRANSFORM.
	Signature []transform.Field
	Transform *transform.Fitted
	// Classes are the classes in the scorer's order; with two the second is the positive one.
	Classes []Class
	// Threshold is the probability from which the positive class is predicted.
	Threshold float64
	// PartitionBy is the column of groups, "" for none; its value is in Groups as text, and the score's
	// last argument is its index there, -1 for any other.
	PartitionBy string
	Groups      []string

	// Optimize is the metric that chose, Metrics all that were measured.
	Optimize string
	Metrics  []Metric
	Trials   []Trial
	Decision Decision
	Warnings []Warning
	// Curves are those of the test split, or of the training rows where nothing was held out.
	Curves []metric.Curve
	// Importance of the features, by method: "gain", "coefficient", "permutation".
	Importance []Importance

	// RowsTrain, RowsTest and RowsGap count the rows of the parts, Dropped those without a target.
	RowsTrain, RowsTest, RowsGap, Dropped int64
	Seed                                  int64
	// Fingerprint identifies the snapshot, whatever its order.
	Fingerprint string
	// Identity are the columns whose hash names a row; Hashes are the rows that training saw, sorted.
	Identity []string
	Hashes   []uint64
	// Notes are facts for the record: rounds, convergence, calibration, bootstrap.
	Notes map[string]any
	// Phases are the seconds spent, in order.
	Phases []Phase
}

// Class is a value of the target.
type Class struct {
	// Text is the value cast to VARCHAR, SQL a literal of the target's type.
	Text, SQL string
	// Rows counts the training rows.
	Rows int64
}

// Metric is a measured metric.
type Metric struct {
	// Split is test, train (where nothing was held out), cv, or unrefitted (the twin's test, WITH (refit = true)).
	Split  string `json:"split"`
	Metric string `json:"metric"`
	// Value and Baseline are nil where the metric has no value; Low and High bound its 95 % interval, nil where there is none.
	Value    *float64 `json:"value"`
	Low      *float64 `json:"low,omitempty"`
	High     *float64 `json:"high,omitempty"`
	Baseline *float64 `json:"baseline,omitempty"`
	// Slice names a part of the rows: a group, or "".
	Slice string `json:"slice,omitempty"`
	// N is the number of rows.
	N int64 `json:"n"`
}

// Trial is a try of a candidate.
type Trial struct {
	Number    int          `json:"number"`
	Algorithm string       `json:"algorithm"`
	Params    model.Params `json:"params"`
	// Value of the metric over the folds, nil where the trial failed with Error.
	Value   *float64  `json:"value"`
	Folds   []float64 `json:"folds,omitempty"`
	Rounds  int       `json:"rounds,omitempty"`
	Error   string    `json:"error,omitempty"`
	Seconds float64   `json:"seconds"`
	Winner  bool      `json:"winner,omitempty"`
}

// Decision says whether the new version is to be deployed, and why.
type Decision struct {
	Deploy bool
	Reason string
	// Compared is the number of rows that neither version saw, 0 where there was no comparison.
	Compared int64
	// Old and New are the metric on them, Low and High bound the improvement's 95 % interval.
	Old, New, Low, High float64
}

// Warning is something that may be wrong with the data: a code for tests, a sentence for people.
type Warning struct {
	Code    string `json:"code"`
	Column  string `json:"column,omitempty"`
	Message string `json:"message"`
}

// Importance is how much a feature matters, by a method that says its unit.
type Importance struct {
	Method  string
	Feature string
	Value   float64
}

// Phase is a step of training with the seconds it took.
type Phase struct {
	Name    string
	Seconds float64
}
