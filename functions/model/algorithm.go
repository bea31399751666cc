package model

import "context"

// Task is what a model is for.
type Task string

// The tasks that algorithms can be declared for.
const (
	Classification Task = "classification"
	Regression     Task = "regression"
	Clustering     Task = "clustering"
)

// Algorithm declares a way to learn. It is a value without state: everything that a
// trained model needs is in the blob.
type Algorithm struct {
	// Name is how USING names it: "xgboost", "logistic". Lower case.
	Name string
	// Runtime is the folder that owns it.
	Runtime string
	// Summary is one sentence; Notes are Markdown; Source names the method's origin.
	Summary, Notes, Source string
	Tasks                  []Task
	Params                 []Param
	// TakesMissing tells that Train and Predict accept NaN features; otherwise the default
	// transform imputes.
	TakesMissing bool
	// WantsScaled tells that the default transform standardises numeric features.
	WantsScaled bool
	// StopsEarly tells that Job.Stop is used.
	StopsEarly bool
	// Check, where set, looks at the parameters together, beyond what each declares.
	Check func(task Task, p Params) error
	// Train learns. It returns ctx's error soon after ctx ends, and the same bytes for the
	// same job whatever Threads is.
	Train func(ctx context.Context, job *Job) (*Fitted, error)
	// Load makes a predictor from Fitted.Blob. It needs no native library.
	Load func(blob []byte) (Predictor, error)
	// Library returns the version of the native library, loading it if need be; nil where
	// none is used. A missing one is 58P01 with the command that installs it.
	Library func() (version string, err error)
}

// Job is what Train gets.
type Job struct {
	Task  Task
	Train Input
	// Stop are the rows on which early stopping looks: a part of the training rows that is
	// not in Train. nil means no early stopping.
	Stop   *Input
	Params Params
	Seed   int64
	// Threads bounds the algorithm's own parallelism, at least 1.
	Threads int
	// Progress, where set, is told the fraction that is done, in [0, 1].
	Progress func(fraction float64)
}

// Input is a matrix of features with its target.
type Input struct {
	X Matrix
	// Names are X's columns.
	Names []string
	// Y is the target: a value for regression, the class's index from 0 to Classes-1 for
	// classification, nil for clustering.
	Y []float64
	// Weight is nil where every row counts 1.
	Weight []float64
	// Classes is 0 for regression and clustering.
	Classes int
}

// Fitted is what Train returns.
type Fitted struct {
	// Blob is the estimator in the runtime's own canonical bytes.
	Blob []byte
	// Rounds is the number of boosting rounds or iterations that were kept, 0 where it says nothing.
	Rounds int
	// Notes are facts for the run's record: "converged", "loss", ….
	Notes map[string]any
}

// Predictor scores. Its methods are called at the same time from several goroutines;
// they keep nothing of their arguments and allocate nothing per row.
//
// x has Features() columns with at least n values each, NaN for missing. out has
// Outputs() columns with at least n values each.
type Predictor interface {
	Features() int
	// Outputs is 1 for regression, binary classification and clustering, the number of
	// classes otherwise.
	Outputs() int
	// Predict fills out with values for regression, the probability of class 1 for two
	// classes, each class's probability for more, the cluster's number for clustering.
	Predict(x [][]float64, n int, out [][]float64) error
	// Margin fills out with the scores before the link function; for clustering with the
	// squared distance to the nearest centre.
	Margin(x [][]float64, n int, out [][]float64) error
}

// Importancer is a Predictor that knows how much each feature matters.
type Importancer interface {
	// Importance returns one number a feature, not negative, in the unit that method says.
	Importance() (values []float64, method string)
}

// Explainer is a Predictor that can split a margin into what each feature adds.
type Explainer interface {
	// Contributions fills out[o][f][i]: what feature f adds to output o's margin in row i;
	// f = Features() is the base value. Their sum is the margin up to rounding.
	Contributions(x [][]float64, n int, out [][][]float64) error
	// Method names the method: "TreeSHAP (path-dependent)", "linear terms".
	Method() string
}

// Exporter is a Predictor that can be written in a format other programs read.
type Exporter interface {
	// Formats are the names of the formats: "xgboost_json", "xgboost_ubj", "lightgbm_text".
	Formats() []string
	Export(format string, names []string) ([]byte, error)
}

// SQLWriter is a Predictor that can be written as SQL expressions over its features.
type SQLWriter interface {
	// SQL returns one expression an output, the same as Predict up to rounding; features are
	// SQL expressions, one a feature.
	SQL(features []string) ([]string, error)
}
