#!/usr/bin/env python3
"""Writes the known answers of the statistics of two samples: samples.tsv, a sample a line, and statistics.tsv, a line
with the names of two samples, an expression over ref and cur, its source and the value.

Run with the versions of requirements.txt: python3 statistics.py. The files are what the tests read."""
import math
import os

import numpy as np
import scipy.spatial.distance
import scipy.stats

HERE = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(6)

NUMBERS = {
    "normal": rng.normal(0, 1, 400),
    "moved": rng.normal(0.4, 1.2, 300),
    "same": rng.normal(0, 1, 400),
    "skewed": np.exp(rng.normal(0, 1.5, 257)),
    "zeros": np.where(rng.random(500) < 0.6, 0.0, np.round(rng.exponential(10, 500), 2)),
    "fewer_zeros": np.where(rng.random(450) < 0.3, 0.0, np.round(rng.exponential(10, 450), 2)),
    "flags": (rng.random(200) < 0.3).astype(float),
    "flags_moved": (rng.random(300) < 0.5).astype(float),
    "whole": rng.integers(0, 7, 120).astype(float),
    "whole_moved": rng.integers(0, 9, 90).astype(float),
    "constant": np.full(50, 3.0),
    "lower": np.full(40, 2.0),
    "one": np.array([1.5]),
    "two": np.array([1.5, 2.5]),
    "negative": -np.exp(rng.normal(2, 1, 333)),
    "tiny": rng.normal(0, 1e-12, 61),
    "long": np.round(rng.normal(0, 1, 12000), 6),
    "longer": np.round(rng.normal(0.012, 1, 15000), 6),
}
LETTERS = {
    "plans": rng.choice(["free", "pro", "team", "größte"], 300, p=[0.5, 0.3, 0.15, 0.05]),
    "plans_moved": rng.choice(["free", "pro", "team", "new"], 350, p=[0.3, 0.4, 0.2, 0.1]),
    "only": np.array(["free"] * 20),
}


def atoms(ref, bins):
    """Values whose share of the reference is at least 1/bins."""
    values, n = np.unique(ref, return_counts=True)
    return values[n * bins >= len(ref)]


def bin_counts(ref, cur, bins):
    edges = list(np.quantile(ref, np.arange(1, bins) / bins))
    for a in atoms(ref, bins):
        edges += [np.nextafter(a, -np.inf), a]
    edges = np.unique(edges)
    count = lambda x: np.bincount(np.searchsorted(edges, x, side="left"), minlength=len(edges) + 1)
    return count(ref), count(cur)


def category_counts(ref, cur):
    names = np.unique(np.concatenate([ref, cur]))
    return np.array([np.sum(ref == n) for n in names]), np.array([np.sum(cur == n) for n in names])


def psi(r, c):
    p, q = np.maximum(r / r.sum(), 1e-4), np.maximum(c / c.sum(), 1e-4)
    return float(np.sum((p - q) * np.log(p / q)))


def js(r, c):
    d = scipy.spatial.distance.jensenshannon(r, c, base=2)
    return 0.0 if math.isnan(d) else float(d) ** 2


def chi2(r, c):
    table = np.array([r, c])
    if table.shape[1] < 2:
        return 0.0, 1.0, 0.0
    t = scipy.stats.chi2_contingency(table, correction=False)
    return t.statistic, t.pvalue, t.dof


LINES = []


def want(ref, cur, expression, source, value):
    LINES.append("\t".join([ref, cur, expression, source, repr(float(value))]))


PAIRS = [("normal", "moved"), ("normal", "same"), ("moved", "normal"), ("normal", "normal"), ("normal", "skewed"), ("skewed", "normal"),
         ("zeros", "fewer_zeros"), ("fewer_zeros", "zeros"), ("flags", "flags_moved"), ("whole", "whole_moved"), ("constant", "lower"),
         ("lower", "constant"), ("constant", "constant"), ("one", "two"), ("one", "one"), ("negative", "normal"), ("tiny", "one"), ("normal", "constant")]
for ref, cur in PAIRS:
    r, c = NUMBERS[ref], NUMBERS[cur]
    for bins in (10, 4):
        counts = bin_counts(r, c, bins)
        used = counts[0] + counts[1] > 0
        want(ref, cur, f"psi(ref, cur, bins := {bins})", "numpy.quantile, numpy.searchsorted", psi(*counts))
        want(ref, cur, f"js_divergence(ref, cur, bins := {bins})", "scipy.spatial.distance.jensenshannon", js(counts[0][used], counts[1][used]))
    want(ref, cur, "wasserstein(ref, cur)", "scipy.stats.wasserstein_distance", scipy.stats.wasserstein_distance(r, c))
    ks = scipy.stats.ks_2samp(r, c, method="exact")
    want(ref, cur, "ks_test(ref, cur).statistic", "scipy.stats.ks_2samp", ks.statistic)
    want(ref, cur, "ks_test(ref, cur).p_value", "scipy.stats.ks_2samp(method='exact')", ks.pvalue)
    for name, value in zip(("statistic", "p_value", "df"), chi2(*category_counts(r, c))):
        if len(np.unique(np.concatenate([r, c]))) < 50:
            want(ref, cur, f"chi2_test(ref, cur).{name}", "scipy.stats.chi2_contingency(correction=False)", value)

ks = scipy.stats.ks_2samp(NUMBERS["long"], NUMBERS["longer"], method="asymp")
want("long", "longer", "ks_test(ref, cur).statistic", "scipy.stats.ks_2samp", ks.statistic)
want("long", "longer", "ks_test(ref, cur).p_value", "scipy.stats.ks_2samp(method='asymp')", ks.pvalue)
want("long", "longer", "wasserstein(ref, cur)", "scipy.stats.wasserstein_distance", scipy.stats.wasserstein_distance(NUMBERS["long"], NUMBERS["longer"]))

for ref, cur in [("plans", "plans_moved"), ("plans_moved", "plans"), ("plans", "plans"), ("only", "plans"), ("only", "only")]:
    counts = category_counts(LETTERS[ref], LETTERS[cur])
    want(ref, cur, "psi(ref, cur)", "numpy", psi(*counts))
    want(ref, cur, "js_divergence(ref, cur)", "scipy.spatial.distance.jensenshannon", js(*counts))
    for name, value in zip(("statistic", "p_value", "df"), chi2(*counts)):
        want(ref, cur, f"chi2_test(ref, cur).{name}", "scipy.stats.chi2_contingency(correction=False)", value)

with open(os.path.join(HERE, "samples.tsv"), "w") as f:
    for name, x in NUMBERS.items():
        f.write(name + "\tDOUBLE\t" + " ".join(repr(float(v)) for v in x) + "\n")
    for name, x in LETTERS.items():
        f.write(name + "\tVARCHAR\t" + " ".join(x) + "\n")
with open(os.path.join(HERE, "statistics.tsv"), "w") as f:
    f.write("\n".join(LINES) + "\n")

# The distribution of Kolmogorov's statistic by itself, over all methods: n, x, P(D >= x).
with open(os.path.join(HERE, "kolmogorov.tsv"), "w") as f:
    for n in (1, 2, 5, 20, 100, 140, 141, 500, 5000, 50000, 2000000):
        for z in (0.3, 0.5, 0.7, 0.9, 1.1, 1.4, 1.6, 2.0, 2.5, 3.5, 5.0):
            x = z / math.sqrt(n)
            if x < 1.2:
                f.write(f"{n}\t{x!r}\t{float(scipy.stats.kstwo.sf(x, n))!r}\n")
