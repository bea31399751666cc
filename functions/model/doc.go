// Package model is the contract between training, prediction and the runtimes that
// can learn: an Algorithm is declared once, as a value; its folder below this one
// trains and loads it; engine/builtin lists it.
//
//	SELECT ─▶ frame ─▶ transform (fitted) ─▶ Matrix ─▶ Algorithm.Train ─▶ blob
//	blob ─▶ artifact (classes, calibration, groups) ─▶ Algorithm.Load ─▶ Predictor
//
// The packages below it:
//
//	frame      the snapshot of a training query as columns, its order, splits and folds
//	transform  fitted items: fit, apply in Go, the same as SQL text
//	metric     metrics, intervals, curves
//	tune       search spaces and strategies
//	artifact   the bytes of a trained model: estimators, classes, calibration
//	train      the pipeline that puts these together
//	forest     an evaluator for ensembles of decision trees
//	nativelib  installs and finds the shared libraries that runtimes load
//	linear, cluster, xgboost, lightgbm: the runtimes
//
// Missing values are NaN everywhere below here; NULL becomes NaN once, in frame and in
// the score callbacks.
package model
