#!/usr/bin/env python3
"""Writes the known answers of profile: shapes.tsv, for each numeric sample of samples.tsv what numpy, pandas and scipy
say of it.

Run with the versions of requirements.txt, after statistics.py: python3 profile.py. The file is what the tests read."""
import os

import numpy as np
import pandas as pd
import scipy.stats

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "samples.tsv")) as f, open(os.path.join(HERE, "shapes.tsv"), "w") as out:
    for line in f:
        name, kind, values = line.rstrip("\n").split("\t")
        if kind != "DOUBLE":
            continue
        x = np.array([float(v) for v in values.split(" ")])
        s = pd.Series(x)
        constant = s.nunique() == 1
        answers = {
            "n": len(x), "distinct_values": s.nunique(), "zeros": int((x == 0).sum()), "infinite": 0, "mean": s.mean(), "sd": s.std(),
            "skew": None if constant else scipy.stats.skew(x),
            "q05": np.quantile(x, 0.05), "q25": np.quantile(x, 0.25), "median": np.median(x), "q75": np.quantile(x, 0.75), "q95": np.quantile(x, 0.95),
        }
        for key, v in answers.items():
            out.write(f"{name}\t{key}\t{'NULL' if v is None or pd.isna(v) else repr(float(v))}\n")
        if not constant:
            out.write(f"{name}\thistogram\t{' '.join(str(n) for n in np.histogram(x, bins=10)[0])}\n")
        top = s.value_counts().reset_index()
        top = top.sort_values(["count", top.columns[0]], ascending=[False, True]).head(5)
        if top["count"].min() > 1:
            out.write(f"{name}\tcounts\t{' '.join(str(n) for n in top['count'])}\n")
