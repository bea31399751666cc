// Package linear is the runtime of linear models: linear, ridge, lasso, elastic_net, logistic and
// poisson. It owns their training, their bytes, their scoring and their text as SQL. It refuses
// missing and infinite features: the default transform imputes and standardises before.
//
// The parameters have scikit-learn's names and meanings, and the minimised objectives are
// scikit-learn's, so that the coefficients agree. With xᵢ a row, yᵢ its target, wᵢ its weight (1 where
// there is none), W = Σ wᵢ, β the coefficients, b the intercept (0 with fit_intercept false; it is never
// penalised) and ηᵢ = b + xᵢ·β:
//
//	linear       Σ wᵢ(yᵢ - ηᵢ)²; of several minima the one with the smallest ‖β‖₂
//	ridge        Σ wᵢ(yᵢ - ηᵢ)² + alpha·‖β‖₂²
//	lasso        1/(2W)·Σ wᵢ(yᵢ - ηᵢ)² + alpha·‖β‖₁
//	elastic_net  1/(2W)·Σ wᵢ(yᵢ - ηᵢ)² + alpha·l1_ratio·‖β‖₁ + alpha·(1-l1_ratio)/2·‖β‖₂²
//	logistic     C·Σ wᵢ·(log(1 + e^ηᵢ) - yᵢηᵢ) + penalty
//	             C·Σ wᵢ·(log Σₖ e^ηᵢₖ - ηᵢ,yᵢ) + penalty, for three classes and more
//	             penalty: l2 ½‖β‖₂², l1 ‖β‖₁, elasticnet l1_ratio·‖β‖₁ + (1-l1_ratio)/2·‖β‖₂², none 0
//	poisson      1/W·Σ wᵢ(e^ηᵢ - yᵢηᵢ) + alpha/2·‖β‖₂²
//
// How it goes:
//
//	checkInput ─▶ survey (ranges, means, deviations) ─▶ standardised view z = (x - mean)/deviation
//	squares: moments of z ─▶ Cholesky; QR of the rows where that would lose digits; coordinate descent for L1
//	others:  Newton with reused Hessians, L-BFGS where there are too many parameters for a Hessian
//	θ of z ─▶ β of x ─▶ blob
//
// A feature that is NaN when predicting makes the row's outputs NaN.
//
// Standardising changes the arithmetic only: penalties are brought to z's units, so that the
// minimum is that of the formulas above. Every sum over rows is a model.SumBlocks.
package linear
