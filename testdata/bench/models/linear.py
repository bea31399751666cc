#!/usr/bin/env python3
"""Logistic regression and k-means, 1M rows x 20 features: Eider's runtimes against scikit-learn.

    pip install scikit-learn==1.9.1
    testdata/bench/models/linear.py [rounds]

Both sides compute the same rows from the same integers (functions/model/{linear,cluster}/bench_test.go), both
get them ready in memory, and take turns for some rounds; the best time of each counts. Loss is the mean
log loss, or the mean squared distance to the nearest centre.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import time

import numpy as np
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression

ROOT = pathlib.Path(__file__).resolve().parents[3]
ROWS, FEATURES = 1_000_000, 20


def hashed(n):
    """Brings whole numbers to [-0.5, 0.5): splitmix64."""
    n = np.asarray(n, dtype=np.uint64)
    with np.errstate(over="ignore"):
        z = (n + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(float) / 2**53 - 0.5


def uniform():
    x = hashed(np.arange(ROWS * FEATURES)).reshape(FEATURES, ROWS).T * np.sqrt(12)
    return np.ascontiguousarray(x)


def classes(x):
    eta = x @ (hashed((1 << 40) + np.arange(FEATURES)) * 2)
    return (hashed((1 << 41) + np.arange(ROWS)) + 0.5 < 1 / (1 + np.exp(-eta))).astype(float)


def blobs():
    x = np.empty((ROWS, FEATURES))
    i = np.arange(ROWS)
    for j in range(FEATURES):
        noise = sum(hashed((j * ROWS + i) * 4 + part) for part in range(4)) * np.sqrt(3)
        x[:, j] = noise + 12 * hashed((1 << 40) + j * 8 + i % 8)
    return x


def logistic(x, y, **params):
    start = time.perf_counter()
    m = LogisticRegression(**params).fit(x, y)
    seconds = time.perf_counter() - start
    eta = m.decision_function(x)
    return seconds, np.mean(np.logaddexp(0, eta) - y * eta)


def kmeans(x):
    start = time.perf_counter()
    m = KMeans(8, n_init=1, random_state=0).fit(x)
    return time.perf_counter() - start, m.inertia_ / ROWS


def go(package, bench):
    """Seconds and loss of one run of a Go benchmark."""
    out = subprocess.run(
        ["go", "test", f"./functions/model/{package}", "-run", "^$", "-bench", f"^BenchmarkTrain$/^{bench}$", "-benchtime", "1x"],
        cwd=ROOT, env={**os.environ, "GOFLAGS": os.environ.get("GOFLAGS", "") + " -buildvcs=false"}, check=True, capture_output=True, text=True,
    ).stdout
    return float(re.search(r"([\d.]+) ns/op", out)[1]) / 1e9, float(re.search(r"loss=([\d.e+-]+)", out)[1])


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    flat, round_ones = uniform(), blobs()
    y = classes(flat)
    sides = {
        "logistic": (lambda: go("linear", "logistic"), lambda: logistic(flat, y)),
        "logistic, scikit-learn to tol 1e-8": (lambda: go("linear", "logistic"), lambda: logistic(flat, y, tol=1e-8)),
        "kmeans, 8 blobs": (lambda: go("cluster", "blobs"), lambda: kmeans(round_ones)),
        "kmeans, no clusters": (lambda: go("cluster", "uniform"), lambda: kmeans(flat)),
    }
    results = []
    for name, (ours, theirs) in sides.items():
        best = [(np.inf, np.nan)] * 2
        for _ in range(rounds):
            for side, run in enumerate((ours, theirs)):
                best[side] = min(best[side], run())
        (eider, eider_loss), (other, other_loss) = best
        results.append({"bench": name, "eider_s": eider, "sklearn_s": other, "speedup": other / eider, "eider_loss": eider_loss, "sklearn_loss": float(other_loss)})
    print("| 1M x 20 | Eider s | scikit-learn s | faster | loss | scikit-learn's loss |\n| --- | --- | --- | --- | --- | --- |")
    for r in results:
        print(f"| {r['bench']} | {r['eider_s']:.2f} | {r['sklearn_s']:.2f} | {r['speedup']:.1f}x | {r['eider_loss']:.8g} | {r['sklearn_loss']:.8g} |")
    print(json.dumps(results), file=sys.stderr)


if __name__ == "__main__":
    main()
