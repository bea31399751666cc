"""Golden values of the metrics, from scikit-learn 1.9.1 and numpy.

    pip install scikit-learn==1.9.1
    python testdata/models/metric_golden.py > testdata/models/metric_golden.json

The inputs are data sets that ship inside scikit-learn, scored by simple models, rounded so that
scores tie and the file stays small.
"""
import json
import numpy as np
from sklearn import datasets, metrics as m
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.model_selection import cross_val_predict
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(7)


def ece(confidence, right, w):
    """15 bins of equal width."""
    at = np.clip((confidence * 15).astype(int), 0, 14)
    return float(sum(abs(np.sum(w[at == b] * (confidence[at == b] - right[at == b]))) for b in range(15)) / np.sum(w))


def two(y, p, w):
    ww = np.ones(len(y)) if w is None else w
    said = (p >= 0.5).astype(int)
    s = dict(sample_weight=w)
    return {
        "auc": m.roc_auc_score(y, p, **s), "pr_auc": m.average_precision_score(y, p, **s),
        "log_loss": m.log_loss(y, p, **s), "accuracy": m.accuracy_score(y, said, **s),
        "balanced_accuracy": m.balanced_accuracy_score(y, said, **s), "f1": m.f1_score(y, said, zero_division=0, **s),
        "precision": m.precision_score(y, said, zero_division=0, **s), "recall": m.recall_score(y, said, zero_division=0, **s),
        "mcc": m.matthews_corrcoef(y, said, **s), "brier": m.brier_score_loss(y, p, **s), "ece": ece(p, y, ww),
    }


def many(y, p, w):
    ww = np.ones(len(y)) if w is None else w
    said = p.argmax(axis=1)
    k = p.shape[1]
    s = dict(sample_weight=w)
    a = dict(average="macro", zero_division=0, **s)
    return {
        "auc": float(np.mean([m.roc_auc_score(y == c, p[:, c], **s) for c in range(k)])),
        "pr_auc": float(np.mean([m.average_precision_score(y == c, p[:, c], **s) for c in range(k)])),
        "log_loss": m.log_loss(y, p, **s), "accuracy": m.accuracy_score(y, said, **s),
        "balanced_accuracy": m.balanced_accuracy_score(y, said, **s), "f1": m.f1_score(y, said, **a),
        "precision": m.precision_score(y, said, **a), "recall": m.recall_score(y, said, **a),
        "mcc": m.matthews_corrcoef(y, said, **s), "brier": m.brier_score_loss(y, p, **s),
        "ece": ece(p.max(axis=1), (said == y).astype(float), ww),
    }


def values(y, p, w):
    s = dict(sample_weight=w)
    out = {
        "rmse": m.root_mean_squared_error(y, p, **s), "mae": m.mean_absolute_error(y, p, **s), "r2": m.r2_score(y, p, **s),
        "pinball": m.mean_pinball_loss(y, p, **s),
    }
    if (y != 0).all():
        out["mape"] = m.mean_absolute_percentage_error(y, p, **s)
    if (p > 0).all() and (y >= 0).all():
        out["poisson_deviance"] = m.mean_poisson_deviance(y, p, **s)
    return out


def case(name, task, classes, y, p, w, want, x=None):
    r = lambda a: None if a is None else [float(v) for v in a]
    cols = [r(c) for c in p.T] if p.ndim == 2 else [r(p)]
    return {"name": name, "task": task, "classes": classes, "y": r(y), "p": cols, "w": r(w), "x": None if x is None else [r(c) for c in x.T],
            "want": {k: float(v) for k, v in want.items()}}


cases = []
x, y = datasets.load_breast_cancer(return_X_y=True)
keep = rng.permutation(len(y))[:160]
p = cross_val_predict(LogisticRegression(C=0.01), StandardScaler().fit_transform(x)[:, :3], y, method="predict_proba")[keep, 1].round(2)
y = y[keep]
w = rng.integers(1, 6, len(y)) / 2
cases += [case("cancer", "classification", 2, y, p, None, two(y, p, None)), case("cancer weighted", "classification", 2, y, p, w, two(y, p, w))]
p = np.where(rng.random(60) < 0.1, 1.0, rng.integers(0, 5, 60) / 4)  # many ties, certain and wrong
y = (rng.random(60) < 0.2 + 0.5 * p).astype(int)
cases += [case("ties", "classification", 2, y, p, None, two(y, p, None))]

x, y = datasets.load_wine(return_X_y=True)
p = cross_val_predict(LogisticRegression(C=0.02), StandardScaler().fit_transform(x)[:, :2], y, method="predict_proba")
p = (p * 64).round() / 64
p[:, 2] = 1 - p[:, 0] - p[:, 1]
w = rng.integers(1, 4, len(y)).astype(float)
cases += [case("wine", "classification", 3, y, p, None, many(y, p, None)), case("wine weighted", "classification", 3, y, p, w, many(y, p, w))]

x, y = datasets.load_diabetes(return_X_y=True)
p = cross_val_predict(Ridge(), x, y)[:150].round(1)
w = rng.integers(1, 4, 150).astype(float)
cases += [case("diabetes", "regression", 0, y[:150], p, None, values(y[:150], p, None)), case("diabetes weighted", "regression", 0, y[:150], p, w, values(y[:150], p, w))]
count = rng.poisson(np.exp(x[:100, 2] * 5))
p = PoissonRegressor().fit(x[:100], count).predict(x[:100]).round(3)
cases += [case("counts", "regression", 0, count.astype(float), p, None, values(count.astype(float), p, None))]

x, _ = datasets.load_iris(return_X_y=True)
k = KMeans(3, n_init=1, random_state=0).fit(x)
cases += [case("iris", "clustering", 0, [], k.labels_.astype(float), None, {"silhouette": m.silhouette_score(x, k.labels_), "inertia": k.inertia_}, x)]
print(json.dumps(cases, separators=(",", ":")))
