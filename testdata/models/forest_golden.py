#!/usr/bin/env python3
"""Writes functions/model/forest/testdata: small models with what their library says of them.

    pip install xgboost-cpu==3.2.0 lightgbm==4.6.0 numpy
    testdata/models/forest_golden.py

Each case NAME is a model (NAME.ubj, NAME.json or NAME.txt) and NAME.bin, little-endian:
int32 rows, features, outputs; then as float64: features (by column), margins, predictions
(by output), and contributions (by output, feature with the base value last, row).
"""
import os
import sys

import lightgbm as lgb
import numpy as np
import xgboost as xgb

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "..", "..", "functions", "model", "forest", "testdata")
ROWS, FEATURES = 48, 6


def data(rng, rows, categories=False):
    x = rng.normal(size=(rows, FEATURES))
    x[:, 1] = np.round(x[:, 1], 1)  # values that meet the cuts
    x[:, 2] = np.where(rng.random(rows) < 0.5, 0.0, x[:, 2])
    if categories:
        x[:, 5] = rng.integers(0, 40, rows)
    x[rng.random(x.shape) < 0.08] = np.nan
    return x


def target(rng, x, kind):
    s = np.nan_to_num(x)
    s = s[:, 0] + s[:, 1] * s[:, 2] + np.sin(3 * s[:, 3]) + (s[:, 5] % 3) + rng.normal(scale=0.5, size=len(x))
    if kind == "binary":
        return (s > 0.5).astype(int)
    if kind == "classes":
        return np.digitize(s, [-0.5, 0.5, 1.5])
    if kind == "strict":
        return np.exp(s / 2)
    if kind == "positive":
        return np.floor(np.exp(s / 2))
    return s


def probes(rng, categories=False):
    """Rows to score: ordinary ones, and some with extreme values."""
    x = data(rng, ROWS, categories)
    odd = [0.0, -0.0, np.inf, -np.inf, 1e300, -1e300, 5e-324, 1e-36, -1e-36, 1e-45, 3.4028235e38, 3.5e38, np.nan, 16777216.0, -0.5, 41.0]
    x[: len(odd)] = np.array(odd)[:, None]
    x[len(odd) : len(odd) + 8] = rng.choice(odd, size=(8, FEATURES))
    return x


def write(name, x, margin, predict, contributions):
    rows, features = x.shape
    with open(os.path.join(OUT, name + ".bin"), "wb") as f:
        outputs = margin.shape[0]
        np.array([rows, features, outputs], "<i4").tofile(f)
        for a in (x.T, margin, predict, contributions):
            np.ascontiguousarray(a, dtype="<f8").tofile(f)
    print(name, os.path.getsize(os.path.join(OUT, name + ".bin")))


def xgboost_case(name, params, kind, ext="ubj", rounds=6, categories=False, seed=0):
    rng = np.random.default_rng(seed)
    x = data(rng, 600, categories)
    y = target(rng, x, kind)
    types = ["q"] * FEATURES
    if categories:
        types[5] = "c"
    train = xgb.DMatrix(x, label=y, feature_types=types, enable_categorical=categories)
    booster = xgb.train({"nthread": 1, "max_depth": 3, "seed": seed, **params}, train, rounds)
    x = probes(rng, categories)
    booster.save_model(os.path.join(OUT, f"{name}.{ext}"))
    booster = xgb.Booster(model_file=os.path.join(OUT, f"{name}.{ext}"))
    booster.set_param({"nthread": 1})
    margin = booster.inplace_predict(x, predict_type="margin", missing=np.nan)
    objective = params["objective"]
    if objective == "multi:softmax":
        booster.set_param({"objective": "multi:softprob"})
    predict = booster.inplace_predict(x, missing=np.nan)
    m = np.where(np.isinf(x), np.sign(x) * 3.4e38, x)  # a DMatrix takes no infinite values
    m = np.clip(m, -3.4e38, 3.4e38)
    contributions = booster.predict(xgb.DMatrix(m, feature_types=types, enable_categorical=categories), pred_contribs=True, strict_shape=True)
    write(name, x, margin.reshape(ROWS, -1).T, predict.reshape(ROWS, -1).T, contributions.transpose(1, 2, 0))


def lightgbm_case(name, params, kind, rounds=6, categories=False, seed=0):
    rng = np.random.default_rng(seed)
    x = data(rng, 600, categories)
    y = target(rng, x, kind)
    if params["objective"] == "cross_entropy" or params["objective"] == "cross_entropy_lambda":
        y = 1 / (1 + np.exp(-y))
    params = {"num_threads": 1, "num_leaves": 7, "verbose": -1, "seed": seed, "deterministic": True, **params}
    booster = lgb.train(params, lgb.Dataset(x, label=y, categorical_feature=[5] if categories else []), rounds)
    x = probes(rng, categories)
    booster.save_model(os.path.join(OUT, name + ".txt"))
    booster = lgb.Booster(model_file=os.path.join(OUT, name + ".txt"))
    margin = booster.predict(x, raw_score=True, num_threads=1)
    predict = booster.predict(x, num_threads=1)
    contributions = booster.predict(x, pred_contrib=True, num_threads=1)
    contributions = contributions.reshape(ROWS, -1, FEATURES + 1).transpose(1, 2, 0)
    write(name, x, margin.reshape(ROWS, -1).T, predict.reshape(ROWS, -1).T, contributions)


def main():
    os.makedirs(OUT, exist_ok=True)
    x = xgboost_case
    x("xgb_binary", {"objective": "binary:logistic"}, "binary", seed=1)
    x("xgb_binary_json", {"objective": "binary:logistic", "base_score": 0.2, "max_depth": 5}, "binary", ext="json", seed=2)
    x("xgb_logitraw", {"objective": "binary:logitraw", "base_score": 0.3}, "binary", seed=3)
    x("xgb_softprob", {"objective": "multi:softprob", "num_class": 4}, "classes", seed=4)
    x("xgb_softmax", {"objective": "multi:softmax", "num_class": 4, "num_parallel_tree": 2, "subsample": 0.5}, "classes", rounds=3, seed=5)
    x("xgb_squared", {"objective": "reg:squarederror"}, "real", seed=6)
    x("xgb_poisson", {"objective": "count:poisson"}, "positive", seed=7)
    x("xgb_tweedie", {"objective": "reg:tweedie", "tweedie_variance_power": 1.3}, "positive", seed=8)
    x("xgb_gamma", {"objective": "reg:gamma", "base_score": 1.7}, "strict", seed=9)
    x("xgb_quantile", {"objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.5, 0.9]}, "real", rounds=3, seed=10)
    x("xgb_absolute", {"objective": "reg:absoluteerror"}, "real", seed=11)
    x("xgb_reg_logistic", {"objective": "reg:logistic"}, "binary", seed=12)
    x("xgb_dart", {"objective": "binary:logistic", "booster": "dart", "rate_drop": 0.5}, "binary", rounds=8, seed=13)
    x("xgb_lossguide", {"objective": "reg:squarederror", "grow_policy": "lossguide", "max_leaves": 40, "max_depth": 0}, "real", seed=14)
    x("xgb_stump", {"objective": "reg:squarederror", "max_depth": 1, "gamma": 30}, "real", rounds=20, seed=15)
    x("xgb_categories", {"objective": "binary:logistic", "max_cat_to_onehot": 4, "max_depth": 4}, "binary", categories=True, seed=16)
    x("xgb_onehot", {"objective": "binary:logistic", "max_cat_to_onehot": 100, "max_depth": 4}, "binary", categories=True, ext="json", seed=17)
    x("xgb_exact", {"objective": "reg:squarederror", "tree_method": "exact", "max_depth": 9}, "real", rounds=2, seed=18)
    x = lightgbm_case
    x("lgb_binary", {"objective": "binary"}, "binary", seed=1)
    x("lgb_sigmoid", {"objective": "binary", "sigmoid": 1.7}, "binary", seed=2)
    x("lgb_zero_missing", {"objective": "regression", "zero_as_missing": True}, "real", seed=3)
    x("lgb_no_missing", {"objective": "regression", "use_missing": False}, "real", seed=4)
    x("lgb_multiclass", {"objective": "multiclass", "num_class": 4}, "classes", rounds=3, seed=5)
    x("lgb_ova", {"objective": "multiclassova", "num_class": 4, "sigmoid": 0.8}, "classes", rounds=3, seed=6)
    x("lgb_rf", {"objective": "binary", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6}, "binary", seed=7)
    x("lgb_poisson", {"objective": "poisson"}, "positive", seed=8)
    x("lgb_sqrt", {"objective": "regression", "reg_sqrt": True}, "real", seed=9)
    x("lgb_cross_entropy", {"objective": "cross_entropy"}, "real", seed=10)
    x("lgb_cross_entropy_lambda", {"objective": "cross_entropy_lambda"}, "real", seed=11)
    x("lgb_quantile", {"objective": "quantile", "alpha": 0.8}, "real", seed=12)
    x("lgb_categories", {"objective": "binary", "max_cat_to_onehot": 2, "min_data_per_group": 5, "cat_smooth": 1}, "binary", categories=True, seed=13)
    x("lgb_dart", {"objective": "binary", "boosting": "dart", "drop_rate": 0.5}, "binary", seed=14)
    x("lgb_deep", {"objective": "regression", "num_leaves": 120, "min_data_in_leaf": 2}, "real", rounds=2, seed=15)
    x("lgb_constant", {"objective": "regression", "min_data_in_leaf": 5000}, "real", seed=16)


if __name__ == "__main__":
    sys.exit(main())
