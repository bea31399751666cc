// Package metric owns what a model is judged by: the metrics, their intervals, the
// curves. A metric looks at a Sample, rows that a model scored, and never at a model.
//
//	Sample ─▶ Decl.Value              one number
//	Sample ─▶ Intervals               95 % bootstrap intervals, seeded
//	Sample ─▶ Curves                  ROC, precision and recall, calibration, confusion, thresholds, gains
//	two Samples ─▶ Difference         a paired interval of the difference
//
// It refuses nothing that a model can answer: a metric that has no value on a sample
// (AUC with one class) says so instead of returning a number.
package metric
