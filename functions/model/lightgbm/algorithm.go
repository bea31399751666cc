package lightgbm

import (
	"strings"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/boost"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// All returns the algorithms of this runtime.
func All() []*model.Algorithm { return []*model.Algorithm{Algorithm()} }

// Algorithm declares lightgbm.
func Algorithm() *model.Algorithm {
	return &model.Algorithm{
		Name: "lightgbm", Runtime: "lightgbm",
		Summary: "Gradient-boosted decision trees that grow by leaves, trained by the LightGBM library.",
		Notes: `Missing values need no treatment: each split learns which side they take. Trees grow where the loss falls most, so
` + "`num_leaves`" + ` bounds them rather than ` + "`max_depth`" + `. With few rows lower ` + "`min_data_in_leaf`" + `: its default of 20 lets no tree
of fewer than 40 rows split.

The objective follows from the target unless ` + "`objective`" + ` says otherwise: ` + "`binary`" + ` for two classes, ` + "`multiclass`" + ` for
more, ` + "`regression`" + ` for numbers. Counts are learned with ` + "`poisson`" + `, amounts with many zeros with ` + "`tweedie`" + `, a quantile with
` + "`quantile`" + ` and ` + "`alpha`" + `.

The same rows in the same order, parameters and seed give the same model, byte for byte, with any number of threads: the
library runs with ` + "`deterministic`" + ` and ` + "`force_col_wise`" + `. Training needs the library (` + "`eider lib install lightgbm`" + `);
predictions don't.`,
		Source:       "Ke, Meng, Finley, Wang, Chen, Ma, Ye, Liu: LightGBM: A Highly Efficient Gradient Boosting Decision Tree, NIPS 2017; the library's parameters: https://lightgbm.readthedocs.io/en/stable/Parameters.html",
		Tasks:        []model.Task{model.Classification, model.Regression},
		Params:       params(),
		TakesMissing: true,
		StopsEarly:   true,
		Check:        check,
		Train:        train,
		Load:         load,
		Library:      Version,
	}
}

// The largest numbers that make sense, so that a slip of the keyboard is told.
const (
	maxRounds  = 100_000
	maxPenalty = 1e9
)

func params() []model.Param {
	return []model.Param{
		{Name: "num_iterations", Kind: model.Int, Default: int64(100), Min: 1, Max: maxRounds, Aliases: []string{"rounds", "n_estimators", "num_boost_round", "num_round", "num_trees", "n_iter"}, Doc: "Boosting rounds; one tree a round, for more than two classes one a class."},
		{Name: "learning_rate", Kind: model.Float, Default: 0.1, Min: 0, Max: 1, MinOpen: true, Aliases: []string{"eta", "shrinkage_rate"}, Doc: "How much of each tree is taken; smaller values need more rounds."},
		{Name: "num_leaves", Kind: model.Int, Default: int64(31), Min: 2, Max: 131072, Aliases: []string{"max_leaves", "max_leaf"}, Doc: "Leaves of a tree."},
		{Name: "max_depth", Kind: model.Int, Default: int64(-1), Min: -1, Max: 64, Doc: "Levels of a tree; -1 and 0 mean no limit."},
		{Name: "min_data_in_leaf", Kind: model.Int, Default: int64(20), Min: 0, Max: 1 << 30, Aliases: []string{"min_child_samples", "min_samples_leaf"}, Doc: "The least number of rows in a leaf."},
		{Name: "min_sum_hessian_in_leaf", Kind: model.Float, Default: 1e-3, Min: 0, Max: maxPenalty, Aliases: []string{"min_child_weight"}, Doc: "The least sum of second derivatives in a leaf."},
		{Name: "min_gain_to_split", Kind: model.Float, Default: 0.0, Min: 0, Max: maxPenalty, Aliases: []string{"min_split_gain"}, Doc: "The least gain of a split."},
		{Name: "lambda_l1", Kind: model.Float, Default: 0.0, Min: 0, Max: maxPenalty, Aliases: []string{"reg_alpha", "l1"}, Doc: "L1 penalty on leaf values."},
		{Name: "lambda_l2", Kind: model.Float, Default: 0.0, Min: 0, Max: maxPenalty, Aliases: []string{"reg_lambda", "l2", "lambda"}, Doc: "L2 penalty on leaf values."},
		{Name: "bagging_fraction", Kind: model.Float, Default: 1.0, Min: 0, Max: 1, MinOpen: true, Aliases: []string{"subsample", "sub_row"}, Doc: "The part of the rows that a round sees, where bagging_freq isn't 0."},
		{Name: "bagging_freq", Kind: model.Int, Default: int64(0), Min: 0, Max: maxRounds, Aliases: []string{"subsample_freq"}, Doc: "Draw the rows anew every so many rounds; 0 means that all rows are seen."},
		{Name: "feature_fraction", Kind: model.Float, Default: 1.0, Min: 0, Max: 1, MinOpen: true, Aliases: []string{"colsample_bytree", "sub_feature"}, Doc: "The part of the features that a tree sees."},
		{Name: "feature_fraction_bynode", Kind: model.Float, Default: 1.0, Min: 0, Max: 1, MinOpen: true, Aliases: []string{"colsample_bynode"}, Doc: "The part of a tree's features that a split sees."},
		{Name: "extra_trees", Kind: model.Bool, Default: false, Doc: "Look at one random cut of each feature only."},
		{Name: "path_smooth", Kind: model.Float, Default: 0.0, Min: 0, Max: maxPenalty, Doc: "Pull small leaves towards their parents."},
		{Name: "max_bin", Kind: model.Int, Default: int64(255), Min: 2, Max: 65535, Doc: "Bins of a feature's histogram."},
		{Name: "min_data_in_bin", Kind: model.Int, Default: int64(3), Min: 1, Max: 1 << 30, Doc: "The least number of rows in a bin."},
		{Name: "scale_pos_weight", Kind: model.Float, Default: 1.0, Min: 0, Max: maxPenalty, MinOpen: true, Doc: "The weight of rows of the second class, for two classes."},
		{Name: "monotone_constraints", Kind: model.Floats, Default: []float64{}, Min: -1, Max: 1, Doc: "For each feature in order: 1 where the prediction may only rise with it, -1 where it may only fall, 0 otherwise."},
		{Name: "objective", Kind: model.Choice, Default: "auto", Choices: append([]string{"auto"}, objectiveNames()...), Doc: "The loss; auto follows from the target."},
		{Name: "alpha", Kind: model.Float, Default: 0.9, Min: 0, Max: 1, MinOpen: true, MaxOpen: true, Aliases: []string{"quantile_alpha", "quantile"}, Doc: "For quantile: which one."},
		{Name: "tweedie_variance_power", Kind: model.Float, Default: 1.5, Min: 1, Max: 2, MaxOpen: true, Doc: "For tweedie: near 1 as Poisson, near 2 as gamma."},
		{Name: "early_stopping_rounds", Kind: model.Int, Default: int64(0), Min: 0, Max: maxRounds, Aliases: []string{"early_stopping_round", "early_stopping", "n_iter_no_change"}, Doc: "Stop when the metric hasn't improved for so many rounds on rows kept apart from the training rows, and keep the best round; 0 means never."},
		{Name: "metric", Kind: model.Choice, Default: "auto", Choices: []string{"auto", "binary_logloss", "binary_error", "auc", "average_precision", "multi_logloss", "multi_error", "l1", "l2", "rmse", "mape", "poisson", "quantile", "tweedie", "gamma"}, Aliases: []string{"eval_metric"}, Doc: "What early stopping looks at; auto is the objective's own."},
	}
}

// objective is a loss of the library.
type objective struct {
	name string
	task model.Task
	// metric is the one that goes with it.
	metric string
}

func objectives() []objective {
	return []objective{
		{"binary", model.Classification, "binary_logloss"},
		{"multiclass", model.Classification, "multi_logloss"},
		{"regression", model.Regression, "l2"},
		{"regression_l1", model.Regression, "l1"},
		{"poisson", model.Regression, "poisson"},
		{"gamma", model.Regression, "gamma"},
		{"tweedie", model.Regression, "tweedie"},
		{"quantile", model.Regression, "quantile"},
	}
}

func objectiveNames() []string {
	var names []string
	for _, o := range objectives() {
		names = append(names, o.name)
	}
	return names
}

// lossOf returns the loss that a job asks for.
func lossOf(task model.Task, classes int, given string) objective {
	want := given
	if want == "auto" {
		switch {
		case task == model.Regression:
			want = "regression"
		case classes == 2:
			want = "binary"
		default:
			want = "multiclass"
		}
	}
	for _, o := range objectives() {
		if o.name == want {
			return o
		}
	}
	return objective{}
}

func check(task model.Task, p model.Params) error {
	bad := func(format string, args ...any) *sqlstate.Error {
		return sqlstate.Newf(sqlstate.InvalidParameterValue, format, args...)
	}
	if given := p.Text("objective"); given != "auto" && lossOf(task, 0, given).task != task {
		var fit []string
		for _, o := range objectives() {
			if o.task == task {
				fit = append(fit, o.name)
			}
		}
		return bad("objective %s is not for %s", given, task).WithHint("It is one of %s.", strings.Join(fit, ", "))
	}
	if p.Float("bagging_fraction") < 1 && p.Int("bagging_freq") == 0 {
		return bad("bagging_fraction has no effect while bagging_freq is 0").WithHint("Set bagging_freq = 1 to draw the rows anew in each round.")
	}
	if task != model.Classification && p.Float("scale_pos_weight") != 1 {
		return bad("scale_pos_weight is for two classes")
	}
	return boost.CheckConstraints(p)
}
