package xgboost

import (
	"strings"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/boost"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// All returns the algorithms of this runtime.
func All() []*model.Algorithm { return []*model.Algorithm{Algorithm()} }

// Algorithm declares xgboost.
func Algorithm() *model.Algorithm {
	return &model.Algorithm{
		Name: "xgboost", Runtime: "xgboost",
		Summary: "Gradient-boosted decision trees, trained by the XGBoost library with histograms.",
		Notes: `Missing values need no treatment: each split learns which side they take. Features are compared as 32-bit
floating point numbers, so values beyond ±3.4e38 are refused.

The objective follows from the target unless ` + "`objective`" + ` says otherwise: ` + "`binary:logistic`" + ` for two classes,
` + "`multi:softprob`" + ` for more, ` + "`reg:squarederror`" + ` for numbers. Counts are learned with ` + "`poisson`" + `, amounts with many zeros
with ` + "`tweedie`" + `, a quantile with ` + "`quantile`" + ` and ` + "`quantile_alpha`" + `.

The same rows in the same order, parameters and seed give the same model, byte for byte, with any number of threads.
Training needs the library (` + "`eider lib install xgboost`" + `); predictions don't.`,
		Source:       "Chen, Guestrin: XGBoost: A Scalable Tree Boosting System, KDD 2016, doi:10.1145/2939672.2939785; the library's parameters: https://xgboost.readthedocs.io/en/stable/parameter.html",
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
		{Name: "rounds", Kind: model.Int, Default: int64(100), Min: 1, Max: maxRounds, Aliases: []string{"n_estimators", "num_boost_round", "num_round", "nrounds"}, Doc: "Boosting rounds; one tree a round, for more than two classes one a class."},
		{Name: "eta", Kind: model.Float, Default: 0.3, Min: 0, Max: 1, MinOpen: true, Aliases: []string{"learning_rate"}, Doc: "How much of each tree is taken; smaller values need more rounds."},
		{Name: "max_depth", Kind: model.Int, Default: int64(6), Min: 0, Max: 64, Doc: "Levels of a tree; 0 means no limit (bound max_leaves then)."},
		{Name: "max_leaves", Kind: model.Int, Default: int64(0), Min: 0, Max: 1 << 20, Doc: "Leaves of a tree; 0 means no limit."},
		{Name: "grow_policy", Kind: model.Choice, Default: "depthwise", Choices: []string{"depthwise", "lossguide"}, Doc: "Grow level by level, or where the loss falls most."},
		{Name: "min_child_weight", Kind: model.Float, Default: 1.0, Min: 0, Max: maxPenalty, Doc: "The least sum of second derivatives in a child."},
		{Name: "gamma", Kind: model.Float, Default: 0.0, Min: 0, Max: maxPenalty, Aliases: []string{"min_split_loss"}, Doc: "The least gain of a split."},
		{Name: "lambda", Kind: model.Float, Default: 1.0, Min: 0, Max: maxPenalty, Aliases: []string{"reg_lambda", "l2"}, Doc: "L2 penalty on leaf values."},
		{Name: "alpha", Kind: model.Float, Default: 0.0, Min: 0, Max: maxPenalty, Aliases: []string{"reg_alpha", "l1"}, Doc: "L1 penalty on leaf values."},
		{Name: "max_delta_step", Kind: model.Float, Default: 0.0, Min: 0, Max: maxPenalty, Doc: "The largest step of a leaf's value; 0 means the library's own: none, 0.7 for poisson."},
		{Name: "subsample", Kind: model.Float, Default: 1.0, Min: 0, Max: 1, MinOpen: true, Aliases: []string{"bagging_fraction"}, Doc: "The part of the rows that a round sees."},
		{Name: "colsample_bytree", Kind: model.Float, Default: 1.0, Min: 0, Max: 1, MinOpen: true, Aliases: []string{"feature_fraction"}, Doc: "The part of the features that a tree sees."},
		{Name: "colsample_bylevel", Kind: model.Float, Default: 1.0, Min: 0, Max: 1, MinOpen: true, Doc: "The part of a tree's features that a level sees."},
		{Name: "colsample_bynode", Kind: model.Float, Default: 1.0, Min: 0, Max: 1, MinOpen: true, Doc: "The part of a level's features that a split sees."},
		{Name: "max_bin", Kind: model.Int, Default: int64(256), Min: 2, Max: 65535, Doc: "Bins of a feature's histogram."},
		{Name: "tree_method", Kind: model.Choice, Default: "hist", Choices: []string{"hist", "auto"}, Doc: "Only histograms are offered; auto is the same."},
		{Name: "scale_pos_weight", Kind: model.Float, Default: 1.0, Min: 0, Max: maxPenalty, MinOpen: true, Doc: "The weight of rows of the second class, for two classes."},
		{Name: "monotone_constraints", Kind: model.Floats, Default: []float64{}, Min: -1, Max: 1, Doc: "For each feature in order: 1 where the prediction may only rise with it, -1 where it may only fall, 0 otherwise."},
		{Name: "objective", Kind: model.Choice, Default: "auto", Choices: objectiveNames(), Doc: "The loss; auto follows from the target."},
		{Name: "tweedie_variance_power", Kind: model.Float, Default: 1.5, Min: 1, Max: 2, MinOpen: true, MaxOpen: true, Doc: "For tweedie: near 1 as Poisson, near 2 as gamma."},
		{Name: "quantile_alpha", Kind: model.Float, Default: 0.5, Min: 0, Max: 1, MinOpen: true, MaxOpen: true, Aliases: []string{"quantile"}, Doc: "For quantile: which one."},
		{Name: "early_stopping_rounds", Kind: model.Int, Default: int64(0), Min: 0, Max: maxRounds, Aliases: []string{"early_stopping"}, Doc: "Stop when the metric hasn't improved for so many rounds on rows kept apart from the training rows, and keep the best round; 0 means never."},
		{Name: "eval_metric", Kind: model.Choice, Default: "auto", Choices: []string{"auto", "logloss", "error", "auc", "aucpr", "mlogloss", "merror", "rmse", "mae", "mape", "poisson-nloglik"}, Aliases: []string{"metric"}, Doc: "What early stopping looks at; auto is the objective's own."},
	}
}

// objective is a loss of the library with the names that users may give it.
type objective struct {
	name  string // the library's
	short string
	task  model.Task
}

func objectives() []objective {
	return []objective{
		{"binary:logistic", "binary", model.Classification},
		{"multi:softprob", "multiclass", model.Classification},
		{"reg:squarederror", "squarederror", model.Regression},
		{"reg:absoluteerror", "absoluteerror", model.Regression},
		{"count:poisson", "poisson", model.Regression},
		{"reg:gamma", "gamma", model.Regression},
		{"reg:tweedie", "tweedie", model.Regression},
		{"reg:quantileerror", "quantile", model.Regression},
	}
}

func objectiveNames() []string {
	names := []string{"auto"}
	for _, o := range objectives() {
		names = append(names, o.short, o.name)
	}
	return names
}

// lossOf returns the library's name of the loss that a job asks for.
func lossOf(task model.Task, classes int, given string) string {
	for _, o := range objectives() {
		if o.name == given || o.short == given {
			return o.name
		}
	}
	switch {
	case task == model.Regression:
		return "reg:squarederror"
	case classes == 2:
		return "binary:logistic"
	}
	return "multi:softprob"
}

func check(task model.Task, p model.Params) error {
	bad := func(format string, args ...any) *sqlstate.Error {
		return sqlstate.Newf(sqlstate.InvalidParameterValue, format, args...)
	}
	if given := p.Text("objective"); given != "auto" {
		var fit []string
		fits := false
		for _, o := range objectives() {
			if o.task == task {
				fit = append(fit, o.short)
				fits = fits || o.name == given || o.short == given
			}
		}
		if !fits {
			return bad("objective %s is not for %s", given, task).WithHint("It is one of %s.", strings.Join(fit, ", "))
		}
	}
	if p.Int("max_depth") == 0 && p.Int("max_leaves") == 0 {
		return bad("a tree without a limit would grow to one leaf a row").WithHint("Set max_depth or max_leaves.")
	}
	if task != model.Classification && p.Float("scale_pos_weight") != 1 {
		return bad("scale_pos_weight is for two classes")
	}
	return boost.CheckConstraints(p)
}
