package metric

import (
	"slices"
	"strings"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Decl declares a metric.
type Decl struct {
	// Name is how OPTIMIZE and METRICS name it: "auc". Lower case.
	Name  string
	Tasks []model.Task
	// GreaterIsBetter tells the direction.
	GreaterIsBetter bool
	// Formula says what is computed, with its conventions for weights, ties and several classes.
	Formula string
	// Source is where the definition comes from.
	Source string
	// prepare does what doesn't depend on the weights, so that a bootstrap does it once.
	prepare func(s *Sample) weighing
}

// weighing returns a metric's value for weights of the sample's rows (nil for all 1), false
// where it has none. It isn't to be used by several goroutines.
type weighing func(w []float64) (float64, bool)

// Sample is what a metric looks at: rows with their truth and what a model said of them.
// Its slices are read only.
type Sample struct {
	Task model.Task
	// Classes is the number of classes, 0 unless the task is classification.
	Classes int
	// Y is the truth: a value, or the class's index; nil for clustering.
	Y []float64
	// Weight is nil where every row counts 1.
	Weight []float64
	// Value is the prediction of a regression, the probability of class 1 for two
	// classes, the cluster's number for clustering; nil for more than two classes.
	Value []float64
	// Proba has one column a class, for more than two classes only.
	Proba [][]float64
	// Threshold is the probability from which class 1 of two is predicted; 0 means 0.5.
	Threshold float64
	// Quantile is what pinball looks at; 0 means 0.5.
	Quantile float64
	// X are the features, for silhouette and inertia only.
	X model.Matrix
	// Seed chooses the rows that silhouette samples.
	Seed int64

	// ranked are the rows in the order of a class's probability, made when first needed, so a
	// Sample isn't to be used by several goroutines.
	ranked map[int]*ranks
	// cells are the rows' cells in the confusion matrix, made likewise.
	cells []int32
}

// Rows returns the number of rows.
func (s *Sample) Rows() int {
	switch {
	case s.Y != nil:
		return len(s.Y)
	case s.Value != nil:
		return len(s.Value)
	}
	return s.X.Rows
}

// Lookup returns the metric of a name, without regard to case, for a task. An unknown one is
// 42704 with the closest name as hint, one of another task 22023. An empty task means any.
func Lookup(name string, task model.Task) (*Decl, error) {
	all := All()
	var names []string
	for i := range all {
		d := &all[i]
		if strings.EqualFold(d.Name, name) {
			if task != "" && !slices.Contains(d.Tasks, task) {
				return nil, sqlstate.Newf(sqlstate.InvalidParameterValue, "metric %s is not one for %s", d.Name, task).
					WithHint("Metrics for %s are %s.", task, strings.Join(Names(task), ", "))
			}
			return d, nil
		}
		if task == "" || slices.Contains(d.Tasks, task) {
			names = append(names, d.Name)
		}
	}
	err := sqlstate.Newf(sqlstate.UndefinedObject, "metric %q does not exist", name)
	if near := parse.Closest(name, names); near != "" {
		return nil, err.WithHint("Did you mean %s?", near)
	}
	return nil, err.WithHint("Metrics are %s.", strings.Join(names, ", "))
}

// Names returns the names of the metrics of a task in the order of All.
func Names(task model.Task) []string {
	var out []string
	for _, d := range For(task) {
		out = append(out, d.Name)
	}
	return out
}

// For returns the metrics of a task, the default one first.
func For(task model.Task) []Decl {
	var out []Decl
	for _, d := range All() {
		if slices.Contains(d.Tasks, task) {
			out = append(out, d)
		}
	}
	return out
}

// Default is the metric that OPTIMIZE means where it isn't said: auc for two classes,
// log_loss for more, rmse, silhouette.
func Default(task model.Task, classes int) *Decl {
	name := "rmse"
	switch {
	case task == model.Clustering:
		name = "silhouette"
	case task == model.Classification && classes > 2:
		name = "log_loss"
	case task == model.Classification:
		name = "auc"
	}
	d, _ := Lookup(name, task)
	return d
}

// Value computes the metric, false where the sample has none: no rows, one class, a zero to divide by.
func (d *Decl) Value(s *Sample) (float64, bool) {
	if s.Rows() == 0 {
		return 0, false
	}
	return d.prepare(s)(s.Weight)
}

// Better reports whether a is better than b.
func (d *Decl) Better(a, b float64) bool {
	if d.GreaterIsBetter {
		return a > b
	}
	return a < b
}
