#!/usr/bin/env python3
"""Writes the known answers of the feature functions: rows.tsv, the input of the window family, window.tsv, an
expression a line with what pandas, scipy, numpy and scikit-learn give for each row, and distances.tsv.

Run after `pip install -r requirements.txt`: python3 golden.py. The files are what the tests read."""
import os

import numpy as np
import pandas as pd
import scipy.stats
from sklearn.impute import SimpleImputer
from sklearn.metrics.pairwise import cosine_similarity, haversine_distances
from sklearn.preprocessing import MinMaxScaler, StandardScaler

HERE = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(5)


def rows():
    """Groups: a long one, one of ties and gaps, a constant, one row, only NULL, one with NaN and infinity."""
    out = []

    def add(k, ts, x, c):
        out.append((len(out) + 1, k, ts, x, c))

    t = pd.Timestamp("2026-03-28 20:00:00")  # over a change to summer time, which timestamps don't know
    for i in range(40):
        t += pd.Timedelta(seconds=int(rng.integers(600, 90000)))
        add("long", t, None if rng.random() < 0.2 else round(float(rng.normal(50, 10)), 3), str(rng.choice(["x", "y", "z"])))
    out[7] = out[7][:3] + (400.0,) + out[7][4:]
    t = pd.Timestamp("2024-02-28 12:00:00")
    for i in range(12):
        t += pd.Timedelta(days=int(i % 3))
        add("ties", t, float(rng.integers(0, 5)), None if i % 4 == 0 else "w" if i % 2 else "v")
    for i in range(4):
        add("constant", t + pd.Timedelta(hours=i), 0.1, "only")
    add("single", t, 3.5, None)
    for i in range(3):
        add("none", t + pd.Timedelta(hours=i), None, None)
    for i, x in enumerate([1.0, float("nan"), 2.5, float("inf"), 7.0, None]):
        add("odd", t + pd.Timedelta(hours=i * i), x, "q")
    return pd.DataFrame(out, columns=["id", "k", "ts", "x", "c"], dtype=object)


FRAME = rows()
LINES = []


def want(sql, source, values):
    """values: by id; None is NULL."""
    LINES.append("\t".join([sql, source, " ".join(spell(v) for v in values)]))


def spell(v):
    if v is None or v is pd.NaT:
        return "NULL"
    if isinstance(v, (bool, np.bool_)):
        return "true" if v else "false"
    if isinstance(v, str):
        return v
    if isinstance(v, pd.Timestamp):
        return v.isoformat()
    return repr(float(v))


def by_group(f):
    """f takes a group (a frame in the order of ids) and returns a list."""
    got = {}
    for _, g in FRAME.groupby("k", sort=False):
        got.update(zip(g["id"], f(g)))
    return [got[i] for i in FRAME["id"]]


def finite(g):
    return np.array([v for v in g["x"] if v is not None and np.isfinite(v)], dtype=float)


def each(g, f):
    return [None if v is None else f(v) for v in g["x"]]


def zscore(g):
    base = finite(g)
    if len(base) < 2 or base.std() == 0:
        return [None] * len(g)
    z = dict(zip(base, scipy.stats.zscore(base, ddof=1)))
    return each(g, lambda v: z[v] if v in z else v)  # NaN and infinities stay what they are


def scaled(scaler):
    def f(g):
        base = finite(g)
        if len(base) == 0:
            return [None] * len(g)
        s = scaler().fit(base.reshape(-1, 1))
        return each(g, lambda v: float(s.transform([[v]])[0][0]) if np.isfinite(v) else v)
    return f


def outlier(g):
    base = finite(g)
    if len(base) == 0:
        return [None] * len(g)
    q1, q3 = np.quantile(base, 0.25), np.quantile(base, 0.75)
    return each(g, lambda v: bool(not np.isfinite(v) or v < q1 - 1.5 * (q3 - q1) or v > q3 + 1.5 * (q3 - q1)))


def imputed(strategy, column):
    def f(g):
        values = [v for v in g[column] if v is not None and not (column == "x" and not np.isfinite(v))]
        if not values:
            return list(g[column])
        fill = SimpleImputer(strategy=strategy, missing_values=None if column == "c" else np.nan).fit(
            np.array(values, dtype=object if column == "c" else float).reshape(-1, 1)).statistics_[0]
        return [fill if v is None else v for v in g[column]]
    return f


def linear(g):
    at = [t.value for t in g["ts"]]
    known = {}
    for t, v in zip(at, g["x"]):
        if v is not None and t not in known:
            known[t] = v
    xs = sorted(known)
    out = []
    for t, v in zip(at, g["x"]):
        if v is not None:
            out.append(v)
        elif not xs or t < xs[0] or t > xs[-1]:
            out.append(None)
        else:
            out.append(float(np.interp(t - xs[0], [u - xs[0] for u in xs], [known[u] for u in xs])))
    return out


def rolling(f, days, current=False, empty=None):
    """The obvious way: for each row look at all others."""
    def g(frame):
        out = []
        for t in frame["ts"]:
            low = t - pd.Timedelta(days=days)
            vs = [v for u, v in zip(frame["ts"], frame["x"]) if v is not None and low <= u and (u < t or current and u == t)]
            out.append(f(vs) if vs else empty)
        return out
    return g


def pandas_rolling(f):
    def g(frame):
        s = pd.Series([np.nan if v is None else v for v in frame["x"]], index=pd.DatetimeIndex(frame["ts"]), dtype=float)
        return [None if np.isnan(v) else v for v in getattr(s.rolling("7D", closed="left"), f)()]
    return g


def ewm(alpha):
    def f(g):
        s = pd.Series([np.nan if v is None else v for v in g["x"]], dtype=float)
        return [None if np.isnan(v) else v for v in s.ewm(alpha=alpha, adjust=True, ignore_na=True).mean()]
    return f


def hampel(k, n):
    def f(g):
        xs, out = list(g["x"]), []
        for i, v in enumerate(xs):
            near = [u for u in xs[max(0, i - k):i + k + 1] if u is not None]
            if v is None:
                out.append(None)
                continue
            med = np.median(near)
            out.append(float(med) if abs(v - med) > n * 1.4826 * scipy.stats.median_abs_deviation(near) else v)
        return out
    return f


def sessions(hours):
    def f(g):
        out, last, start = [], None, None
        for t in g["ts"]:
            if last is None or t - last > pd.Timedelta(hours=hours):
                start = t
            last = t
            out.append(start)
        return out
    return f


def since(g):
    times = sorted(set(g["ts"]))
    return [None if t == times[0] else (t - times[times.index(t) - 1]).total_seconds() / 86400 for t in g["ts"]]


def diff(n):
    def f(g):
        xs = list(g["x"])
        return [None if i < n or v is None or xs[i - n] is None else v - xs[i - n] for i, v in enumerate(xs)]
    return f


def rate(g):
    xs, ts = list(g["x"]), list(g["ts"])
    out = [None]
    for i in range(1, len(xs)):
        seconds = (ts[i] - ts[i - 1]).total_seconds()
        out.append(None if xs[i] is None or xs[i - 1] is None or seconds == 0 else (xs[i] - xs[i - 1]) / seconds)
    return out


def only(expression, groups):
    """The expression where its comparison is defined, NULL elsewhere."""
    return "CASE WHEN k IN (%s) THEN %s END" % (", ".join("'%s'" % g for g in groups), expression)


def masked(values, groups):
    return [v if k in groups else None for v, k in zip(values, FRAME["k"])]


def window():
    over = " OVER (PARTITION BY k)"
    ordered = " OVER (PARTITION BY k ORDER BY ts, id)"
    want("zscore(x)" + over, "scipy.stats.zscore", by_group(zscore))
    want("standard_scale(x)" + over, "sklearn StandardScaler", by_group(scaled(StandardScaler)))
    want("minmax_scale(x)" + over, "sklearn MinMaxScaler", by_group(scaled(MinMaxScaler)))
    plain = ["long", "ties", "constant", "single", "none"]
    want("is_outlier_iqr(x)" + over, "numpy.quantile", by_group(outlier))
    want("impute_mean(x)" + over, "sklearn SimpleImputer", by_group(imputed("mean", "x")))
    want(only("impute_median(x)" + over, plain), "sklearn SimpleImputer", masked(by_group(imputed("median", "x")), plain))
    want("impute_mode(c)" + over, "sklearn SimpleImputer", by_group(imputed("most_frequent", "c")))
    want("impute_locf(x)" + ordered, "pandas ffill", by_group(lambda g: locf(g["x"])))
    finite_groups = ["long", "constant", "single", "none"]
    want(only("impute_linear(x, ts)" + over, finite_groups), "numpy.interp", masked(by_group(linear), finite_groups))
    want("lag_diff(x)" + ordered, "pandas diff", by_group(diff(1)))
    want("lag_diff(x, 3)" + ordered, "pandas diff", by_group(diff(3)))
    distinct = ["long", "constant", "single", "none", "odd"]
    want(only("rate_of_change(x, ts)" + over, distinct), "pandas diff", masked(by_group(rate), distinct))
    want("days_since_last(ts)" + over, "pandas diff of distinct times", by_group(since))
    want("session_window(ts, INTERVAL 20 HOUR)" + over, "a loop", by_group(sessions(20)))
    for alpha in (0.5, 0.1, 0.9, 0.99, 1):
        g = ["long", "ties", "constant", "single", "none"]
        want(only("ewma(x, %s)" % alpha + ordered, g), "pandas ewm", masked(by_group(ewm(alpha)), g))
    g = ["long", "ties", "constant", "single", "none"]
    want(only("hampel(x, 3, 2)" + ordered, g), "scipy median_abs_deviation", masked(by_group(hampel(3, 2)), g))
    span = "ts, INTERVAL 7 DAY)"
    for name, f in {"mean": np.mean, "sum": np.sum, "min": np.min, "max": np.max}.items():
        want(only("rolling_%s(x, %s" % (name, span) + over, g), "numpy, row by row", masked(by_group(rolling(f, 7)), g))
        if name in ("mean", "sum", "min", "max"):
            want(only("rolling_%s(x, %s" % (name, span) + over, ["long"]), "pandas rolling", masked(by_group(pandas_rolling(name)), ["long"]))
    want(only("rolling_std(x, %s" % span + over, g), "numpy, row by row", masked(by_group(rolling(lambda v: np.std(v, ddof=1) if len(v) > 1 else None, 7)), g))
    want("rolling_count(x, " + span + over, "row by row", by_group(rolling(len, 7, empty=0)))
    want(only("rolling_distinct(x, " + span + over, g), "row by row", masked(by_group(rolling(lambda v: len(set(v)), 7, empty=0)), g))
    want(only("rolling_mean(x, ts, INTERVAL 7 DAY, include_current => true)" + over, g), "numpy, row by row",
         masked(by_group(rolling(np.mean, 7, current=True)), g))


def locf(xs):
    out, last = [], None
    for v in xs:
        last = v if v is not None else last
        out.append(last)
    return out


def spelled(values):
    return "[" + ", ".join(repr(float(v)) for v in values) + "]"


def distances():
    """Lines of an expression, where its answer comes from, and the answer."""
    out = []

    def line(sql, source, value):
        out.append("\t".join([sql, source, spell(value)]))

    for p in [(52.52, 13.405, 48.8566, 2.3522), (0, 0, 0, 180), (-33.9, 151.2, 51.5, -0.1), (89.9, 10, 89.9, -170), (1, 2, 1, 2)]:
        line("haversine(%s, %s, %s, %s)" % p, "sklearn haversine_distances", haversine_distances([np.radians(p[:2]), np.radians(p[2:])])[0][1] * 6371.0088)
    for a, b in [((1.0, 2.0, 3.0), (-1.0, 0.5, 2.0)), ((1e-3, 5.0), (7.0, -1e-3))]:
        line("cosine_similarity(%s, %s)" % (spelled(a), spelled(b)), "sklearn cosine_similarity", cosine_similarity([a], [b])[0][0])
    return out


def write(name, lines):
    with open(os.path.join(HERE, name), "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    window()
    write("rows.tsv", ["\t".join([str(r.id), r.k, r.ts.isoformat(), spell(r.x), spell(r.c)]) for r in FRAME.itertuples()])
    write("window.tsv", LINES)
    write("distances.tsv", distances())
