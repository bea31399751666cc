// Package lightgbm trains gradient-boosted trees with the LightGBM library (Ke et al.,
// 2017), opened at run time through its C interface; functions/model/forest predicts.
package lightgbm
