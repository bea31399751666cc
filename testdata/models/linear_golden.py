#!/usr/bin/env python3
"""Writes golden/linear_data.json and golden/linear.json: what scikit-learn learns from data sets it ships.

    pip install scikit-learn==1.9.1
    testdata/models/linear_golden.py

functions/model/linear and functions/model/cluster compare themselves with these files. Solvers run to
tolerances far below the tests', so that the files hold the minimum and not a solver's way to it.
"""
import json
import pathlib
import warnings

import numpy as np
import sklearn
from sklearn import cluster, datasets, linear_model, metrics

PIN = "1.9.1"
HERE = pathlib.Path(__file__).parent / "golden"


def weights(n):
    """Some rows count more, some less, every 13th not at all."""
    i = np.arange(n)
    w = 0.5 + (i * 7 % 11) / 4
    w[i % 13 == 12] = 0
    return w


def scaled(x):
    s = x.std(axis=0)
    return (x - x.mean(axis=0)) / np.where(s > 0, s, 1)


def load():
    sets = {}
    for name, bunch in {
        "diabetes": datasets.load_diabetes(scaled=False),
        "breast_cancer": datasets.load_breast_cancer(),
        "wine": datasets.load_wine(),
        "iris": datasets.load_iris(),
    }.items():
        sets[name] = (bunch.data, bunch.target)
    linnerud = datasets.load_linnerud()
    sets["linnerud"] = (linnerud.data, linnerud.target[:, 0])
    digits = datasets.load_digits()
    sets["digits"] = (digits.data[:300], digits.target[:300])
    return sets


REGRESSION = [
    ("linear", "diabetes", {}, linear_model.LinearRegression(tol=1e-14)),
    ("linear", "linnerud", {}, linear_model.LinearRegression(tol=1e-14)),
    ("linear", "diabetes", {"fit_intercept": False}, linear_model.LinearRegression(fit_intercept=False, tol=1e-14)),
    ("linear", "linnerud+copies", {}, linear_model.LinearRegression(tol=1e-10)),
    ("linear", "wide", {}, linear_model.LinearRegression(tol=1e-10)),
    ("ridge", "diabetes", {"alpha": 10.0}, linear_model.Ridge(alpha=10, solver="svd")),
    ("ridge", "diabetes", {"alpha": 0.1, "fit_intercept": False}, linear_model.Ridge(alpha=0.1, fit_intercept=False, solver="svd")),
    ("ridge", "linnerud+copies", {"alpha": 1.0}, linear_model.Ridge(alpha=1, solver="svd")),
    ("lasso", "diabetes", {"alpha": 1.0}, linear_model.Lasso(alpha=1, tol=1e-14, max_iter=10**6)),
    ("lasso", "diabetes", {"alpha": 0.01, "scale": True}, linear_model.Lasso(alpha=0.01, tol=1e-14, max_iter=10**6)),
    ("lasso", "diabetes", {"alpha": 0.5, "fit_intercept": False}, linear_model.Lasso(alpha=0.5, fit_intercept=False, tol=1e-14, max_iter=10**6)),
    ("elastic_net", "diabetes", {"alpha": 0.5, "l1_ratio": 0.3}, linear_model.ElasticNet(alpha=0.5, l1_ratio=0.3, tol=1e-14, max_iter=10**6)),
    ("elastic_net", "linnerud+copies", {"alpha": 1.0, "l1_ratio": 0.7}, linear_model.ElasticNet(alpha=1, l1_ratio=0.7, tol=1e-14, max_iter=10**6)),
    ("poisson", "linnerud", {"alpha": 1.0, "scale": True}, linear_model.PoissonRegressor(alpha=1, solver="newton-cholesky", tol=1e-12, max_iter=1000)),
    ("poisson", "diabetes", {"alpha": 0.01, "scale": True}, linear_model.PoissonRegressor(alpha=0.01, solver="newton-cholesky", tol=1e-12, max_iter=1000)),
    ("poisson", "diabetes", {"alpha": 0.0}, linear_model.PoissonRegressor(alpha=0, solver="newton-cholesky", tol=1e-12, max_iter=1000)),
]


def logistic(tol=1e-12, **p):
    return linear_model.LogisticRegression(tol=tol, max_iter=10**5, **p)


NEWTON = {"solver": "newton-cholesky"}
CLASSIFICATION = [
    ("breast_cancer", {"C": 1.0, "scale": True}, logistic(C=1, **NEWTON)),
    ("breast_cancer", {"C": 0.01}, logistic(C=0.01, **NEWTON)),
    ("breast_cancer", {"C": 100.0, "fit_intercept": False, "scale": True}, logistic(C=100, fit_intercept=False, **NEWTON)),
    ("breast_cancer", {"penalty": "l1", "C": 0.5, "scale": True}, logistic(C=0.5, l1_ratio=1, solver="saga", tol=1e-7)),
    ("breast_cancer", {"penalty": "elasticnet", "l1_ratio": 0.4, "C": 0.2, "scale": True}, logistic(C=0.2, l1_ratio=0.4, solver="saga", tol=1e-7)),
    ("diabetes>140", {"penalty": "none", "scale": True}, logistic(C=np.inf, **NEWTON)),
    ("iris", {"C": 1.0}, logistic(C=1, **NEWTON)),
    ("iris", {"C": 10.0, "fit_intercept": False}, logistic(C=10, fit_intercept=False, **NEWTON)),
    ("wine", {"C": 1.0, "scale": True}, logistic(C=1, **NEWTON)),
    ("diabetes/3", {"penalty": "none", "scale": True}, logistic(C=np.inf, **NEWTON)),
    ("digits", {"C": 0.1, "scale": True}, logistic(C=0.1, **NEWTON)),
]


def variant(sets, name, scale):
    """A data set, or one made of it; the tests make the same."""
    base = name.split("+")[0].split(">")[0].split("/")[0]
    x, y = sets["linnerud" if base == "wide" else base]
    if name == "linnerud+copies":  # a column twice, one ten times as large, and a constant
        x = np.column_stack([x, x[:, 0], 10 * x[:, 1], np.full(len(x), 7.0)])
    if name == "wide":  # fewer rows than features
        x, y = sets["diabetes"][0][:6], sets["diabetes"][1][:6]
    if name == "diabetes>140":
        y = (y > 140).astype(float)
    if name == "diabetes/3":
        y = (y > 100).astype(float) + (y > 180)
    return (scaled(x) if scale else x), y


def on_support(m, x, y, w, l1, l2):
    """saga's signs, and the minimum for them by Newton's method: saga itself stops some 1e-5 short."""
    keep = m.coef_[0] != 0
    z = np.column_stack([x[:, keep], np.ones(len(y))])
    theta = np.append(m.coef_[0][keep], m.intercept_)
    w = np.ones(len(y)) if w is None else w
    p1 = np.append(l1 * np.sign(m.coef_[0][keep]), 0)
    p2 = np.append(np.full(keep.sum(), l2), 0)
    for _ in range(20):
        p = 1 / (1 + np.exp(-z @ theta))
        grad = z.T @ (w * (p - y)) + p1 + p2 * theta
        theta = theta - np.linalg.solve((z.T * (w * p * (1 - p))) @ z + np.diag(p2), grad)
    assert abs(grad).max() < 1e-9 and (np.sign(theta[:-1]) == np.sign(m.coef_[0][keep])).all()
    m.coef_[0][keep], m.intercept_[0] = theta[:-1], theta[-1]


def fit(kind, sets, name, params, estimator, weighted):
    scale = params.get("scale", False)
    x, y = variant(sets, name, scale)
    w = weights(len(y)) if weighted else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", UserWarning)
        m = estimator.fit(x, y, sample_weight=w)
    if getattr(m, "solver", "") == "saga":
        on_support(m, x, y, w, m.l1_ratio / m.C, (1 - m.l1_ratio) / m.C)
    case = {
        "algorithm": kind, "data": name, "weighted": weighted, "scale": scale,
        "params": {k: v for k, v in params.items() if k != "scale"},
        "coef": np.atleast_2d(m.coef_).tolist(), "intercept": np.atleast_1d(m.intercept_).tolist(),
    }
    if kind == "logistic":
        case["metrics"] = {"log_loss": metrics.log_loss(y, m.predict_proba(x), sample_weight=w), "accuracy": metrics.accuracy_score(y, m.predict(x), sample_weight=w)}
    else:
        case["metrics"] = {"r2": metrics.r2_score(y, m.predict(x), sample_weight=w), "mae": metrics.mean_absolute_error(y, m.predict(x), sample_weight=w)}
    return case


def clusters(sets):
    out = []
    for name, k in [("iris", 3), ("wine", 3), ("digits", 10)]:
        x = scaled(sets[name][0]) if name == "wine" else sets[name][0]
        for weighted in (False, True):
            w = weights(len(x)) if weighted else None
            start = x[np.arange(k) * (len(x) // k)]
            m = cluster.KMeans(k, init=start, n_init=1, tol=0, max_iter=1000, algorithm="lloyd").fit(x, sample_weight=w)
            best = cluster.KMeans(k, n_init=10, tol=1e-4, max_iter=300, random_state=0).fit(x, sample_weight=w)
            out.append({
                "data": name, "k": k, "weighted": weighted, "scale": name == "wine", "start": start.tolist(),
                "centres": m.cluster_centers_.tolist(), "labels": m.labels_.tolist(), "inertia": m.inertia_, "best_of_10": best.inertia_,
            })
    return out


def main():
    assert sklearn.__version__ == PIN, f"these files are made with scikit-learn {PIN}, not {sklearn.__version__}"
    sets = load()
    HERE.mkdir(exist_ok=True)
    data = {name: {"x": x.T.tolist(), "y": y.astype(float).tolist()} for name, (x, y) in sets.items()}
    cases = []
    for weighted in (False, True):
        for kind, name, params, estimator in REGRESSION:
            cases.append(fit(kind, sets, name, params, estimator, weighted))
        for name, params, estimator in CLASSIFICATION:
            cases.append(fit("logistic", sets, name, params, estimator, weighted))
    write("linear_data.json", data)
    write("linear.json", {"sklearn": PIN, "models": cases, "clusters": clusters(sets)})


def write(name, value):
    text = json.dumps(value, separators=(",", ":")).replace(".0,", ",").replace(".0]", "]")
    (HERE / name).write_text(text + "\n")


if __name__ == "__main__":
    main()
