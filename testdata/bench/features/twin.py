"""What features cost in Python: numpy with prefix sums for rolling windows as of label times,
pandas and polars for window functions. Prints JSON: {name: {wall, cpu, sum}} in seconds.

twin.py PART THREADS REPEATS FILE
"""

import json
import resource
import sys
import time

import duckdb
import numpy as np
import pandas as pd


def processor():
    r = resource.getrusage(resource.RUSAGE_SELF)
    return r.ru_utime + r.ru_stime


def best(repeats, f):
    wall = cpu = float("inf")
    for _ in range(repeats):
        w, c = time.perf_counter(), processor()
        result = f()
        wall, cpu = min(wall, time.perf_counter() - w), min(cpu, processor() - c)
    return {"wall": wall, "cpu": cpu, "sum": float(result)}


MINUTE = 60_000_000
DAY = 1440
# name, keys, time, value, window in minutes: the same as rolls in rolling.go
ROLLS = [
    ("queue", ["origin"], "dep_ts", "dep_delay", 180),
    ("arrivals", ["origin"], "arr_ts", "late", 360),
    ("airline", ["carrier"], "arr_ts", "arr_delay", DAY),
    ("airline_here", ["origin", "carrier"], "arr_ts", "arr_delay", 360),
    ("route", ["origin", "dest"], "arr_ts", "arr_delay", 7 * DAY),
    ("there", ["dest"], "arr_ts", "arr_delay", 720),
]


def rolling(con):
    """Reads the table as arrays, sorts facts by one integer of key and time, and takes differences of prefix sums."""
    t = con.execute(f"""SELECT id, origin, dest, carrier, epoch_us(ts) // {MINUTE} AS ts, epoch_us(dep_ts) // {MINUTE} AS dep_ts,
        epoch_us(arr_ts) // {MINUTE} AS arr_ts, dep_delay, arr_delay, late FROM f""").fetchnumpy()
    codes = {c: pd.factorize(t[c])[0].astype(np.int64) for c in ("origin", "dest", "carrier")}
    start = t["ts"].min() - 8 * DAY
    base = t["ts"] - start
    out = {"id": t["id"]}
    total = 0.0
    for name, keys, when, value, window in ROLLS:
        key = codes[keys[0]]
        for k in keys[1:]:
            key = key * 256 + codes[k]
        happened, x = t[when], t[value]
        known = ~(np.ma.getmaskarray(happened) | np.ma.getmaskarray(x))
        moment = (key[known] << 24) + (np.ma.getdata(happened)[known].astype(np.int64) - start)
        order = np.argsort(moment, kind="stable")
        moment = moment[order]
        sums = np.concatenate(([0.0], np.cumsum(np.ma.getdata(x)[known][order])))
        asked = (key << 24) + base
        hi = np.searchsorted(moment, asked, side="right")
        lo = np.searchsorted(moment, np.maximum(asked - window, key << 24), side="left")
        n = hi - lo
        with np.errstate(invalid="ignore"):
            mean = np.where(n > 0, (sums[hi] - sums[lo]) / n, np.nan)
        out[name + "_mean"], out[name + "_n"] = mean, n
        total += np.nansum(mean) + n.sum()
    frame = pd.DataFrame(out)
    con.execute("CREATE OR REPLACE TABLE made AS FROM frame")
    return total


def part_rolling(threads, repeats, path):
    con = duckdb.connect(config={"threads": threads})
    con.execute(f"CREATE TABLE f AS FROM '{path}'")
    return {"numpy": best(repeats, lambda: rolling(con))}


def part_windows(threads, repeats, path):
    import polars as pl

    con = duckdb.connect(config={"threads": threads})
    out = {}
    p = pl.read_parquet(path)
    by_time = {"partition_by": "k", "order_by": "ts"}
    polars = {
        "zscore": lambda: p.select(((pl.col("x") - pl.col("x").mean().over("k")) / pl.col("x").std().over("k")).sum()).item(),
        "impute_locf": lambda: p.select(pl.col("y").forward_fill().over(**by_time).sum()).item(),
        "lag_diff": lambda: p.select(pl.col("x").diff().over(**by_time).sum()).item(),
        "days_since_last": lambda: p.select((pl.col("ts").diff().over(**by_time).dt.total_microseconds() / 86400e6).sum()).item(),
        "rolling_mean": lambda: p.sort("k", "ts").rolling("ts", period="1d", closed="left", group_by="k").agg(pl.col("x").mean()).select(pl.col("x").sum()).item(),
    }
    for name, f in polars.items():
        out["polars " + name] = best(repeats, f)
    del p
    d = con.execute(f"FROM '{path}'").df()

    def z():
        g = d.groupby("k")["x"]
        return ((d["x"] - g.transform("mean")) / g.transform("std")).sum()

    pandas = {
        "zscore": z,
        "impute_locf": lambda: d.sort_values(["k", "ts"]).groupby("k")["y"].ffill().sum(),
        "lag_diff": lambda: d.sort_values(["k", "ts"]).groupby("k")["x"].diff().sum(),
        "days_since_last": lambda: (d.sort_values(["k", "ts"]).groupby("k")["ts"].diff().dt.total_seconds() / 86400).sum(),
        "rolling_mean": lambda: d.sort_values(["k", "ts"]).set_index("ts").groupby("k")["x"].rolling("1D", closed="left").mean().sum(),
    }
    for name, f in pandas.items():
        out["pandas " + name] = best(repeats, f)
    return out


if __name__ == "__main__":
    part, threads, repeats, path = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    print(json.dumps({"rolling": part_rolling, "windows": part_windows}[part](threads, repeats, path)))
