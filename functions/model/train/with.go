package train

import (
	"strings"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// WithOptions declares the options of WITH.
func WithOptions() []model.Param {
	return []model.Param{
		{Name: "refit", Kind: model.Bool, Default: false,
			Doc: "Fit the winner once more on all rows after the holdout was measured. The metrics are those of the model before, as split unrefitted; the version that is kept is measured by nothing."},
		{Name: "threshold", Kind: model.Float, Default: 0.5, Min: 0, Max: 1, MinOpen: true, MaxOpen: true,
			Doc: "Probability from which the positive class of two is predicted. It is never tuned on the holdout."},
		{Name: "early_stopping_fraction", Kind: model.Float, Default: 0.1, Min: 0, Max: 0.5, MinOpen: true,
			Doc: "Share of the training rows on which algorithms with early stopping look. They are taken in the way of the split, and are not trained on."},
		{Name: "inner_fraction", Kind: model.Float, Default: 0.2, Min: 0, Max: 0.5, MinOpen: true,
			Doc: "Share of the training rows on which candidates and trials are compared where there is no CROSS VALIDATE."},
		{Name: "calibration_folds", Kind: model.Int, Default: int64(5), Min: 2, Max: 50,
			Doc: "Folds of the training rows whose predictions CALIBRATE is fitted on, where there is no CROSS VALIDATE."},
		{Name: "min_group_rows", Kind: model.Int, Default: int64(50), Min: 2, Max: 1e9,
			Doc: "Training rows from which a group of PARTITION BY gets an estimator of its own; smaller ones are predicted by the one for all."},
		{Name: "bootstrap", Kind: model.Int, Default: int64(500), Min: 0, Max: 100_000,
			Doc: "Replicates of the bootstrap that makes the metrics' 95 % intervals; 0 for no intervals. Below 20 there are none either."},
		{Name: "explain_rows", Kind: model.Int, Default: int64(0), Min: 0, Max: 1e6,
			Doc: "Rows of the holdout on which permutation importance is measured: how much the metric loses when a feature's values are shuffled. 0 for none."},
		{Name: "max_classes", Kind: model.Int, Default: int64(1000), Min: 2, Max: 10_000,
			Doc: "Distinct values of the target from which it is no class any more: 22023."},
	}
}

// settings are the options of WITH as values.
type settings struct {
	refit                              bool
	threshold, stopFraction, inner     float64
	calibrationFolds, minGroupRows     int
	bootstrap, explainRows, maxClasses int
}

func newSettings(given []Option) (settings, error) {
	declared := WithOptions()
	values, names := model.Params{}, make([]string, len(declared))
	for i, p := range declared {
		values[p.Name], names[i] = p.Default, p.Name
	}
	for _, o := range given {
		var p *model.Param
		for i := range declared {
			if strings.EqualFold(declared[i].Name, o.Name) {
				p = &declared[i]
			}
		}
		if p == nil {
			err := sqlstate.Newf(sqlstate.UndefinedParameter, "TRAIN MODEL has no option %q", o.Name)
			if near := parse.Closest(o.Name, names); near != "" {
				err.WithHint("Did you mean %s?", near)
			} else {
				err.WithHint("Its options are %s.", strings.Join(names, ", "))
			}
			return settings{}, at(err, o.Pos)
		}
		v, err := p.Convert(o.Value.Value)
		if err != nil {
			return settings{}, at(err, o.Value.Pos, o.Pos)
		}
		values[p.Name] = v
	}
	return settings{
		refit: values.Bool("refit"), threshold: values.Float("threshold"), stopFraction: values.Float("early_stopping_fraction"),
		inner: values.Float("inner_fraction"), calibrationFolds: values.Int("calibration_folds"), minGroupRows: values.Int("min_group_rows"),
		bootstrap: values.Int("bootstrap"), explainRows: values.Int("explain_rows"), maxClasses: values.Int("max_classes"),
	}, nil
}

// at gives an error the first known of some positions, unless it has one.
func at(err error, positions ...int) error {
	e := sqlstate.From(err)
	for _, pos := range positions {
		if e != nil && e.Position == 0 && pos >= 0 {
			return e.At(pos)
		}
	}
	return e
}
