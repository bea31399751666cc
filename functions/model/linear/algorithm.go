package linear

import (
	"context"
	"math"

	"github.com/eiderdb/eider/functions/model"
)

// All returns the runtime's algorithms.
func All() []*model.Algorithm {
	return []*model.Algorithm{
		declare(&model.Algorithm{
			Name: "linear", Tasks: []model.Task{model.Regression},
			Summary: "Least squares.",
			Notes: "Minimises Σ wᵢ(yᵢ - b - xᵢ·β)². Where features depend on one another it is the solution with the smallest ‖β‖₂, as with scikit-learn's LinearRegression; " +
				"features are standardised before their rank is judged, so that a feature's unit doesn't matter.",
			Source: "Legendre (1805); Golub & Van Loan, Matrix Computations, 5.5.",
			Params: []model.Param{fitIntercept},
		}, func(p model.Params) settings { return settings{intercept: p.Bool("fit_intercept")} }, fitSquares), declare(&model.Algorithm{
			Name: "ridge", Tasks: []model.Task{model.Regression}, WantsScaled: true,
			Summary: "Least squares with an L2 penalty.",
			Notes:   "Minimises Σ wᵢ(yᵢ - b - xᵢ·β)² + alpha·‖β‖₂², as scikit-learn's Ridge. The intercept isn't penalised.",
			Source:  "Hoerl & Kennard, Technometrics 12 (1970).",
			Params:  []model.Param{alpha("Strength of the penalty."), fitIntercept},
		}, func(p model.Params) settings {
			return settings{intercept: p.Bool("fit_intercept"), l2: p.Float("alpha")}
		}, fitSquares), declare(&model.Algorithm{
			Name: "lasso", Tasks: []model.Task{model.Regression}, WantsScaled: true,
			Summary: "Least squares with an L1 penalty, which leaves features out.",
			Notes:   "Minimises 1/(2W)·Σ wᵢ(yᵢ - b - xᵢ·β)² + alpha·‖β‖₁ with W = Σ wᵢ, as scikit-learn's Lasso.",
			Source:  "Tibshirani, JRSS B 58 (1996); coordinate descent: Friedman, Hastie & Tibshirani, JSS 33 (2010).",
			Params:  []model.Param{alpha("Strength of the penalty."), fitIntercept, sweeps, gapTol},
		}, func(p model.Params) settings {
			return settings{intercept: p.Bool("fit_intercept"), l1: p.Float("alpha"), perMean: true, tol: p.Float("tol"), maxIter: p.Int("max_iter")}
		}, fitSquares), declare(&model.Algorithm{
			Name: "elastic_net", Tasks: []model.Task{model.Regression}, WantsScaled: true,
			Summary: "Least squares with an L1 and an L2 penalty.",
			Notes:   "Minimises 1/(2W)·Σ wᵢ(yᵢ - b - xᵢ·β)² + alpha·l1_ratio·‖β‖₁ + alpha·(1-l1_ratio)/2·‖β‖₂² with W = Σ wᵢ, as scikit-learn's ElasticNet.",
			Source:  "Zou & Hastie, JRSS B 67 (2005); coordinate descent: Friedman, Hastie & Tibshirani, JSS 33 (2010).",
			Params:  []model.Param{alpha("Strength of both penalties."), l1Ratio, fitIntercept, sweeps, gapTol},
		}, func(p model.Params) settings {
			s := settings{intercept: p.Bool("fit_intercept"), perMean: true, tol: p.Float("tol"), maxIter: p.Int("max_iter")}
			s.mix(p.Float("alpha"), p.Float("l1_ratio"))
			return s
		}, fitSquares), declare(&model.Algorithm{
			Name: "logistic", Tasks: []model.Task{model.Classification}, WantsScaled: true,
			Summary: "Logistic regression for two classes, softmax regression for more.",
			Notes: "Minimises C·Σ wᵢ·(log(1 + e^ηᵢ) - yᵢηᵢ) + penalty with ηᵢ = b + xᵢ·β; for three classes and more C·Σ wᵢ·(log Σₖ e^ηᵢₖ - ηᵢ,yᵢ) + penalty, one β and b a class, as scikit-learn's LogisticRegression. " +
				"The penalty is ½‖β‖₂² (l2), ‖β‖₁ (l1), l1_ratio·‖β‖₁ + (1-l1_ratio)/2·‖β‖₂² (elasticnet) or 0 (none). The intercept isn't penalised. Without a penalty and with features that separate the classes there is no minimum: " +
				"training stops and the run's notes say that it didn't converge. A class without rows has probability 0.",
			Source: "Cox, JRSS B 20 (1958); Newton with reused Hessians: Shamanskii (1967); L-BFGS: Nocedal, Math. Comp. 35 (1980).",
			Params: []model.Param{
				{Name: "C", Kind: model.Float, Default: 1.0, Min: 0, MinOpen: true, Max: math.Inf(1), Aliases: []string{"cost", "inverse_regularization"}, Doc: "Weight of the data against the penalty; large is weak regularisation."},
				{Name: "penalty", Kind: model.Choice, Default: "l2", Choices: []string{"l2", "l1", "elasticnet", "none"}, Aliases: []string{"regularization"}, Doc: "Which penalty."},
				l1Ratio, fitIntercept, maxIter, gradientTol,
			},
		}, logisticSettings, fitLogistic), declare(&model.Algorithm{
			Name: "poisson", Tasks: []model.Task{model.Regression}, WantsScaled: true,
			Summary: "Poisson regression of counts or rates, with a log link.",
			Notes:   "Minimises 1/W·Σ wᵢ(e^ηᵢ - yᵢηᵢ) + alpha/2·‖β‖₂² with ηᵢ = b + xᵢ·β, as scikit-learn's PoissonRegressor. Targets are at least 0. Predictions are e^η.",
			Source:  "Nelder & Wedderburn, JRSS A 135 (1972).",
			Params:  []model.Param{alpha("Strength of the L2 penalty; 0 for none."), fitIntercept, maxIter, gradientTol},
		}, func(p model.Params) settings {
			return settings{intercept: p.Bool("fit_intercept"), l2: p.Float("alpha"), perMean: true, tol: p.Float("tol"), maxIter: p.Int("max_iter")}
		}, fitPoisson),
	}
}

var (
	fitIntercept = model.Param{Name: "fit_intercept", Kind: model.Bool, Default: true, Aliases: []string{"intercept"}, Doc: "Whether the model has an intercept."}
	l1Ratio      = model.Param{Name: "l1_ratio", Kind: model.Float, Default: 0.5, Max: 1, Aliases: []string{"mixture"}, Doc: "Share of the L1 penalty in elastic nets, from 0 to 1."}
	sweeps       = model.Param{Name: "max_iter", Kind: model.Int, Default: int64(1000), Min: 1, Max: 1e9, Aliases: []string{"iterations"}, Doc: "Most sweeps over the coefficients."}
	gapTol       = model.Param{Name: "tol", Kind: model.Float, Default: 1e-4, Max: 1, Aliases: []string{"tolerance"}, Doc: "Where no exact solution is found, the duality gap that is enough, as a share of the target's variance."}
	maxIter      = model.Param{Name: "max_iter", Kind: model.Int, Default: int64(1000), Min: 1, Max: 1e9, Aliases: []string{"iterations"}, Doc: "Most steps of the solver."}
	gradientTol  = model.Param{Name: "tol", Kind: model.Float, Default: 1e-8, Max: 1, Aliases: []string{"tolerance"}, Doc: "Training ends when no entry of the mean loss's gradient, by standardised features, is larger."}
)

func alpha(doc string) model.Param {
	return model.Param{Name: "alpha", Kind: model.Float, Default: 1.0, Max: math.MaxFloat64, Aliases: []string{"lambda", "reg_lambda"}, Doc: doc}
}

// settings are an algorithm's parameters as penalties.
type settings struct {
	intercept bool
	l1, l2    float64
	// perMean tells that l1 and l2 stand beside the mean loss; otherwise beside its sum.
	perMean bool
	tol     float64
	maxIter int
}

// declare completes the algorithms with what they share.
func declare(a *model.Algorithm, read func(p model.Params) settings, fit fitter) *model.Algorithm {
	a.Runtime = "linear"
	a.Load = Load
	a.Train = func(ctx context.Context, job *model.Job) (*model.Fitted, error) {
		return train(ctx, a.Name, job, read(job.Params), fit)
	}
	return a
}

func logisticSettings(p model.Params) settings {
	s := settings{intercept: p.Bool("fit_intercept"), tol: p.Float("tol"), maxIter: p.Int("max_iter")}
	strength := 1 / p.Float("C")
	switch p.Text("penalty") {
	case "l2":
		s.l2 = strength
	case "l1":
		s.l1 = strength
	case "elasticnet":
		s.mix(strength, p.Float("l1_ratio"))
	}
	return s
}

// mix divides a penalty between L1 and L2.
func (s *settings) mix(strength, ratio float64) {
	s.l1, s.l2 = strength*ratio, strength*(1-ratio)
}
