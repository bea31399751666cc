// Package tune owns search spaces and the strategies that walk them: grid, random and
// the tree-structured Parzen estimator. A Search proposes parameters and is told what
// they were worth; it knows no model and no data, and the same seed and the same
// values give the same proposals.
package tune
