#!/usr/bin/env python3
"""Writes golden/boosters.json: what XGBoost and LightGBM learn in Python.

    pip install xgboost-cpu==3.2.0 lightgbm==4.6.0 scikit-learn==1.9.1
    testdata/models/boosters_golden.py

functions/model/boosters_test.go trains the same jobs through the libraries' C interfaces and compares
predictions and metrics with this file. Data sets are those of linear_data.json. A job's rows: every
fourth is held out; of the others every fifth is kept for early stopping where the job stops early.
Parameters have Eider's names.
"""
import json
import pathlib

import lightgbm as lgb
import numpy as np
import sklearn
import xgboost as xgb
from sklearn import datasets, metrics

PINS = {"xgboost": "3.2.0", "lightgbm": "4.6.0", "scikit-learn": "1.9.1"}
HERE = pathlib.Path(__file__).parent / "golden"
SEED = 7

XGB = [
    dict(data="breast_cancer", params=dict(rounds=40)),
    dict(data="breast_cancer", missing=True, params=dict(rounds=40, max_depth=3, eta=0.1)),
    dict(data="breast_cancer", weighted=True, params=dict(rounds=30, scale_pos_weight=2.5, min_child_weight=3.0, gamma=0.1, alpha=0.2)),
    dict(data="breast_cancer", params=dict(rounds=500, eta=0.1, early_stopping_rounds=10)),
    dict(data="breast_cancer", params=dict(rounds=300, eta=0.05, early_stopping_rounds=15, eval_metric="auc")),
    dict(data="breast_cancer", params=dict(rounds=30, subsample=0.6, colsample_bytree=0.5, colsample_bylevel=0.8, colsample_bynode=0.7)),
    dict(data="wine", params=dict(rounds=30)),
    dict(data="wine", missing=True, weighted=True, params=dict(rounds=200, early_stopping_rounds=5, max_depth=2)),
    dict(data="digits", params=dict(rounds=15, max_depth=4, subsample=0.7, max_bin=16)),
    dict(data="diabetes", params=dict(rounds=50, eta=0.1)),
    dict(data="diabetes", missing=True, weighted=True, params=dict(rounds=40, objective="squarederror", grow_policy="lossguide", max_leaves=12, max_depth=0)),
    dict(data="diabetes", params=dict(rounds=60, eta=0.1, objective="poisson")),
    dict(data="diabetes", params=dict(rounds=60, eta=0.1, objective="poisson", max_delta_step=0.3)),
    dict(data="diabetes", params=dict(rounds=60, eta=0.1, objective="tweedie", tweedie_variance_power=1.3)),
    dict(data="diabetes", params=dict(rounds=60, eta=0.1, objective="gamma")),
    dict(data="diabetes", params=dict(rounds=60, eta=0.1, objective="quantile", quantile_alpha=0.9)),
    dict(data="diabetes", weighted=True, params=dict(rounds=60, eta=0.1, objective="absoluteerror")),
    dict(data="diabetes", params=dict(rounds=40, monotone_constraints=[0, 0, 1, 1, 0, 0, -1, 0, 0, 0])),
    dict(data="diabetes", params=dict(rounds=400, eta=0.05, early_stopping_rounds=20, objective="poisson")),
]

LGB = [
    dict(data="breast_cancer", params=dict(num_iterations=40)),
    dict(data="breast_cancer", missing=True, params=dict(num_iterations=40, max_depth=3, min_data_in_leaf=5)),
    dict(data="breast_cancer", weighted=True, params=dict(num_iterations=30, scale_pos_weight=2.5, lambda_l1=0.2, lambda_l2=1.0, min_gain_to_split=0.01)),
    dict(data="breast_cancer", params=dict(num_iterations=500, early_stopping_rounds=10)),
    dict(data="breast_cancer", params=dict(num_iterations=300, learning_rate=0.05, early_stopping_rounds=15, metric="auc")),
    dict(data="breast_cancer", params=dict(num_iterations=30, bagging_fraction=0.6, bagging_freq=2, feature_fraction=0.5, feature_fraction_bynode=0.7)),
    dict(data="wine", params=dict(num_iterations=30)),
    dict(data="wine", missing=True, weighted=True, params=dict(num_iterations=200, early_stopping_rounds=5, num_leaves=4)),
    dict(data="digits", params=dict(num_iterations=15, num_leaves=8, bagging_fraction=0.7, bagging_freq=1, max_bin=15)),
    dict(data="diabetes", params=dict(num_iterations=50)),
    dict(data="diabetes", missing=True, weighted=True, params=dict(num_iterations=40, num_leaves=12, path_smooth=1.0, extra_trees=True)),
    dict(data="diabetes", params=dict(num_iterations=60, objective="poisson")),
    dict(data="diabetes", params=dict(num_iterations=60, objective="tweedie", tweedie_variance_power=1.3)),
    dict(data="diabetes", params=dict(num_iterations=60, objective="gamma")),
    dict(data="diabetes", params=dict(num_iterations=60, objective="quantile", alpha=0.9)),
    dict(data="diabetes", weighted=True, params=dict(num_iterations=60, objective="regression_l1")),
    dict(data="diabetes", params=dict(num_iterations=40, monotone_constraints=[0, 0, 1, 1, 0, 0, -1, 0, 0, 0])),
    dict(data="diabetes", params=dict(num_iterations=400, learning_rate=0.05, early_stopping_rounds=20, objective="poisson")),
]


def load():
    sets = json.loads((HERE / "linear_data.json").read_text())
    return {k: (np.array(v["x"], dtype=float).T, np.array(v["y"], dtype=float)) for k, v in sets.items()}


def prepare(case, sets):
    x, y = sets[case["data"]]
    x = x.copy()
    n, k = x.shape
    if case.get("missing"):
        i, j = np.indices((n, k))
        x[(i * 31 + j * 17) % 10 == 0] = np.nan
    w = 0.5 + (np.arange(n) * 7 % 11) / 4 if case.get("weighted") else None
    held = np.arange(n) % 4 == 0
    order = np.cumsum(~held) - 1  # number among those not held out
    stop = ~held & (order % 5 == 0) if "early_stopping_rounds" in case["params"] else np.zeros(n, bool)
    classes = 0 if case["data"] == "diabetes" else len(set(y))
    return x, y, w, ~held & ~stop, stop, held, classes


XGB_OBJECTIVES = dict(squarederror="reg:squarederror", poisson="count:poisson", tweedie="reg:tweedie", gamma="reg:gamma", quantile="reg:quantileerror", absoluteerror="reg:absoluteerror")


def train_xgb(case, x, y, w, train, stop, classes):
    p = dict(case["params"])
    rounds, patience = p.pop("rounds"), p.pop("early_stopping_rounds", 0)
    p["objective"] = XGB_OBJECTIVES[p.get("objective", "squarederror")] if classes == 0 else "binary:logistic" if classes == 2 else "multi:softprob"
    if classes > 2:
        p["num_class"] = classes
    if "monotone_constraints" in p:
        p["monotone_constraints"] = "(" + ",".join(map(str, p["monotone_constraints"])) + ")"
    p |= dict(tree_method="hist", nthread=1, seed=SEED)
    part = lambda rows: dict(data=x[rows], label=y[rows], weight=None if w is None else w[rows], nthread=1, max_bin=p.get("max_bin", 256))
    d = xgb.QuantileDMatrix(**part(train))
    evals = [(xgb.QuantileDMatrix(**part(stop), ref=d), "stop")] if patience else []
    callbacks = [xgb.callback.EarlyStopping(rounds=patience, save_best=True)] if patience else []
    m = xgb.train(p, d, num_boost_round=rounds, evals=evals, callbacks=callbacks, verbose_eval=False)
    return m.predict(xgb.DMatrix(x)), m.num_boosted_rounds()


def train_lgb(case, x, y, w, train, stop, classes):
    p = dict(case["params"])
    rounds, patience = p.pop("num_iterations"), p.pop("early_stopping_rounds", 0)
    p.setdefault("objective", "regression" if classes == 0 else "binary" if classes == 2 else "multiclass")
    if classes > 2:
        p["num_class"] = classes
    p |= dict(num_threads=1, seed=SEED, deterministic=True, force_col_wise=True, verbosity=-1)
    part = lambda rows: dict(data=x[rows], label=y[rows], weight=None if w is None else w[rows])
    d = lgb.Dataset(**part(train), params=p)
    evals = [lgb.Dataset(**part(stop), reference=d, params=p)] if patience else None
    callbacks = [lgb.early_stopping(patience, verbose=False)] if patience else []
    m = lgb.train(p, d, rounds, valid_sets=evals, callbacks=callbacks)
    best = m.best_iteration if patience else m.current_iteration()
    return m.predict(x, num_iteration=best), best


def score(y, p, classes):
    if classes == 0:
        return "rmse", float(np.sqrt(metrics.mean_squared_error(y, p)))
    p = p.astype(float)
    own = p[np.arange(len(y)), y.astype(int)] / p.sum(axis=1) if classes > 2 else np.where(y == 1, p, 1 - p)
    return "log_loss", float(-np.log(own).mean())


def main():
    for name, module in (("xgboost", xgb), ("lightgbm", lgb), ("scikit-learn", sklearn)):
        assert module.__version__ == PINS[name], f"{name} {module.__version__} instead of {PINS[name]}"
    sets, out = load(), []
    for algorithm, cases, fit in (("xgboost", XGB, train_xgb), ("lightgbm", LGB, train_lgb)):
        for case in cases:
            x, y, w, train, stop, held, classes = prepare(case, sets)
            p, rounds = fit(case, x, y, w, train, stop, classes)
            metric, value = score(y[held], p[held], classes)
            # All numbers are written so that they read back bit-equal: repr of the float that the library gave.
            held_out = [float(str(v)) if p.dtype == np.float32 else float(v) for v in np.atleast_1d(p[held]).ravel()]
            out.append(dict(algorithm=algorithm, seed=SEED, classes=classes, rounds=rounds, metric=metric, value=value, predictions=held_out, **case))
            print(algorithm, case["data"], case["params"], rounds, metric, value)
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in out)
    (HERE / "boosters.json").write_text("[\n" + lines + "\n]\n")


main()
