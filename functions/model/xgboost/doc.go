// Package xgboost trains gradient-boosted trees with the XGBoost library (Chen and
// Guestrin, 2016), opened at run time through its C interface; functions/model/forest
// predicts.
package xgboost
