// Package train owns the pipeline that makes a model of a query: what is checked, in
// which order things are fitted, and who may see which rows.
//
//	Spec ─▶ Check ─▶ Plan          names, types, parameters; no data
//	Plan ─▶ Run:
//	  snapshot ─▶ refusals ─▶ split ─▶ sealed holdout
//	  candidates × trials on folds of the training part ─▶ winner
//	  fit on the training part (early stopping on an inner part of it) ─▶ calibration
//	  holdout opened once ─▶ metrics, curves, importance, comparison with the deployed version
//	  ─▶ Result: bytes, signature, metrics, record
//
// It writes no catalog and runs no SQL but SELECTs over the user's query. What it
// returns for a seed and a set of rows doesn't depend on threads, on the rows' order in
// their table, or on the time; only a TIME LIMIT does, and says what it tried.
package train
