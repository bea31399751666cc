"""The flights pipeline as a careful person writes it in pandas and numpy: the yardstick of `make bench-flights`.

    twin.py --data DIR [--threads N] [--features FILE] [--leaky]

From the five Parquet files to predictions: clean the times, compute what was known two hours before each scheduled
departure, train a logistic regression and XGBoost on January to September, and score October to December. A mean or
count over a window is a difference of two prefix sums, found by two binary searches, so nothing here is slow for want
of a better algorithm. It prints one JSON object: seconds of each step (without imports), AUCs, peak memory.
"""

import argparse
import json
import resource
import time

import numpy as np
import pandas as pd

MINUTE = 60_000_000  # microseconds
EPOCH = 22_572_000  # minutes from 1970 to 2012-12-01
SPAN = 1 << 21  # minutes, more than the data cover: keys and minutes share one integer
MISSING_AIRPORTS = {"BQN": "America/Puerto_Rico", "PSE": "America/Puerto_Rico", "SJU": "America/Puerto_Rico", "STT": "America/Puerto_Rico"}
HOLIDAYS = ["2013-01-01", "2013-01-21", "2013-02-18", "2013-05-27", "2013-07-04", "2013-09-02", "2013-10-14", "2013-11-11", "2013-11-28", "2013-12-25", "2014-01-01"]


def minutes(ts):
    """Minutes since 2012-12-01 in UTC of a column of instants."""
    return (ts.astype("int64") // MINUTE - EPOCH).to_numpy()


def clock(hhmm):
    """HHMM to minutes since midnight; 2400 is the next midnight."""
    return hhmm // 100 * 60 + hhmm % 100


def read(folder):
    return {t: pd.read_parquet(f"{folder}/{t}.parquet") for t in ("flights", "weather", "planes", "airports")}


def clean(raw):
    """One row a flight, with its instants in minutes: scheduled departure, actual departure, landing."""
    f = raw["flights"].drop_duplicates(["carrier", "flight", "origin", "time_hour", "sched_dep_time"]).reset_index(drop=True)
    f["sched"] = minutes(f.time_hour) + f.minute
    f["left"] = f.sched + f.dep_delay
    # The arrival's clock is the destination's: the first instant at or after the end of the flight that shows it.
    zone = raw["airports"].set_index("faa").tzone.to_dict() | MISSING_AIRPORTS
    zones = f.dest.map(zone)
    earliest = f.left + f.air_time
    local = pd.Series(np.nan, index=f.index)
    for z in zones.unique():
        rows = (zones == z) & earliest.notna()
        utc = pd.Series(((earliest[rows].astype("int64") + EPOCH) * MINUTE).astype("datetime64[us]")).dt.tz_localize("UTC")
        local[rows] = minutes(utc.dt.tz_convert(z).dt.tz_localize(None))
    f["landed"] = earliest + (clock(f.arr_time) - local) % 1440
    return f


class Facts:
    """Facts of keys, sorted by key and the minute from which they were known."""

    def __init__(self, key, known, **values):
        keep = ~np.isnan(known.to_numpy(dtype=float))
        at = key[keep] * SPAN + known.to_numpy()[keep].astype(np.int64)
        first = next(iter(values.values()), None)  # of facts known in the same minute the greatest is the newest
        order = np.argsort(at, kind="stable") if first is None else np.lexsort((first.to_numpy()[keep], at))
        self.at = at[order]
        self.values = {n: v.to_numpy()[keep][order] for n, v in values.items()}
        self.sums = {n: np.concatenate(([0], np.cumsum(v, dtype=np.float64))) for n, v in self.values.items()}

    def window(self, key, t, length):
        """Positions of the facts known in [t - length, t]."""
        to = np.searchsorted(self.at, key * SPAN + t, "right")
        return np.searchsorted(self.at, key * SPAN + np.maximum(t - length, 0), "left"), to

    def count(self, key, t, length):
        a, b = self.window(key, t, length)
        return (b - a).astype(np.float32)

    def mean(self, name, key, t, length):
        a, b = self.window(key, t, length)
        n = b - a
        with np.errstate(invalid="ignore", divide="ignore"):
            return ((self.sums[name][b] - self.sums[name][a]) / n).astype(np.float32)

    def total(self, name, key, t, length):
        a, b = self.window(key, t, length)
        return self.sums[name][b] - self.sums[name][a]

    def last(self, name, key, t, length):
        """The newest fact known in [t - length, t]; NaN where there is none."""
        a, b = self.window(key, t, length)
        return np.where(b > a, self.values[name][np.maximum(b - 1, 0)], np.nan)


def codes(*columns):
    """Whole numbers for the combinations of the columns, missing values a number of their own."""
    out = np.zeros(len(columns[0]), dtype=np.int64)
    for c in columns:
        k = pd.factorize(c, use_na_sentinel=False)[0]
        out = out * (k.max() + 1) + k
    return out


def features(f, raw, leaky):
    """What was known at t, two hours before the scheduled departure, for every flight."""
    h, d = 60, 1440
    t = (f.sched - 120).to_numpy()
    flown = f.arr_delay.notna()
    # Leaky: every delay counts from the minute in which the flight was to leave, as a join by event time has it.
    known, gone = (f.sched.where(f.left.notna()), f.sched.where(f.left.notna())) if leaky else (f.landed, f.left)
    known = known.where(flown)
    delay, dep = f.arr_delay.clip(-60, 240), f.dep_delay.clip(-60, 240)
    late = (f.arr_delay > 30).astype(float)
    planes = raw["planes"].set_index("tailnum")
    local = f.time_hour.dt.tz_convert("America/New_York")
    days = local.dt.tz_localize(None).dt.normalize().to_numpy().astype("datetime64[D]")[:, None]
    x = {
        "distance": f.distance,
        "minute_of_day": clock(f.sched_dep_time),
        "weekday": local.dt.day_of_week + 1,
        "days_from_holiday": np.abs((days - np.array(HOLIDAYS, dtype="datetime64[D]")).astype(int)).min(axis=1),
        "plane_age": 2013 - f.tailnum.map(planes.year),
        "plane_seats": f.tailnum.map(planes.seats),
    }
    hour = codes(f.origin, f.time_hour)
    x["origin_scheduled"] = np.bincount(hour)[hour]  # the timetable is known

    origin, carrier, desk = codes(f.origin), codes(f.carrier), codes(f.origin, f.carrier)
    due, cancelled = Facts(origin, f.sched), Facts(origin, f.sched.where(f.dep_time.isna()))
    left = Facts(origin, f.left)
    x["origin_cancelled_6h"] = cancelled.count(origin, t, 6 * h)
    x["origin_waiting_1h"] = due.count(origin, t, h) - left.count(origin, t, h)
    x["origin_waiting_3h"] = due.count(origin, t, 3 * h) - left.count(origin, t, 3 * h)
    left = Facts(origin, gone, delay=dep, late=(f.dep_delay > 15).astype(float))
    x["origin_dep_1h"], x["origin_dep_3h"] = left.mean("delay", origin, t, h), left.mean("delay", origin, t, 3 * h)
    x["origin_dep_late_3h"] = left.mean("late", origin, t, 3 * h)
    left = Facts(desk, gone, delay=dep)
    x["desk_dep_3h"], x["desk_dep_6h"] = left.mean("delay", desk, t, 3 * h), left.mean("delay", desk, t, 6 * h)

    at = Facts(origin, known, delay=delay, late=late)
    x["origin_arr_3h"], x["origin_late_6h"] = at.mean("delay", origin, t, 3 * h), at.mean("late", origin, t, 6 * h)
    at = Facts(carrier, known, delay=delay, late=late)
    x["carrier_arr_6h"], x["carrier_arr_1d"] = at.mean("delay", carrier, t, 6 * h), at.mean("delay", carrier, t, d)
    x["carrier_late_30d"] = at.mean("late", carrier, t, 30 * d)
    key = codes(f.dest)
    at = Facts(key, known, delay=delay, late=late)
    x["dest_arr_3h"], x["dest_arr_12h"] = at.mean("delay", key, t, 3 * h), at.mean("delay", key, t, 12 * h)
    x["dest_late_30d"] = at.mean("late", key, t, 30 * d)
    key = codes(f.origin, f.dest)
    at = Facts(key, known, delay=delay, late=late)
    x["route_arr_1d"], x["route_late_7d"] = at.mean("delay", key, t, d), at.mean("late", key, t, 7 * d)
    key = codes(f.carrier, f.flight, f.origin)
    x["flight_late_30d"] = Facts(key, known, late=late).mean("late", key, t, 30 * d)
    key, named = codes(f.tailnum), f.tailnum.notna()
    at = Facts(key, known.where(named), delay=delay, late=late, landed=f.landed)
    x["tail_late_30d"], x["tail_last"] = at.mean("late", key, t, 30 * d), at.last("delay", key, t, 30 * d)
    x["tail_idle"] = (t - at.last("landed", key, t, 30 * d)) / h
    return pd.DataFrame(x | weather(f, raw["weather"], origin, t))


def weather(f, w, origin, t):
    """The newest observation by t, no older than six hours, and how the hours before were."""
    names = ["temp", "dewp", "humid", "visib", "precip", "wind_speed", "pressure_change", "precip_6h"]
    key = w.origin.map(dict(zip(f.origin, origin))).to_numpy()
    at = pd.Series(minutes(w.time_hour))
    seen = Facts(key, at, pressure=w.pressure, precip=w.precip)
    w = w.assign(wind_speed=w.wind_speed.where(w.wind_speed < 254), pressure_change=w.pressure - seen.last("pressure", key, at.to_numpy() - 180, 60),
                 precip_6h=seen.total("precip", key, at.to_numpy(), 360))
    seen = Facts(key, at, **{n: w[n] for n in names})
    return {n: seen.last(n, origin, t, 360) for n in names}


def encode(x, f, train, y):
    """Carrier, origin and destination by the target's mean in training, drawn to the mean of all."""
    mean = y[train].mean()
    for c in ("carrier", "origin", "dest"):
        g = pd.Series(y[train]).groupby(f[c][train].to_numpy()).agg(["sum", "count"])
        x[c] = f[c].map((g["sum"] + 20 * mean) / (g["count"] + 20)).fillna(mean).astype(np.float32)
    return x


def auc(y, p):
    """Area under the ROC curve by ranks; ties count half."""
    r = pd.Series(p).rank().to_numpy()
    n1 = y.sum()
    return float((r[y > 0].sum() - n1 * (n1 + 1) / 2) / (n1 * (len(y) - n1)))


def boosted(x, y, train, test, a):
    import xgboost as xgb

    p = {"objective": "binary:logistic", "tree_method": "hist", "max_depth": a.depth, "eta": a.eta, "nthread": a.threads, "max_bin": 256}
    model = xgb.train(p, xgb.QuantileDMatrix(x[train], label=y[train], nthread=a.threads), num_boost_round=a.rounds)
    return model, model.inplace_predict(x[test])


def logistic(x, y, train, test):
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression(max_iter=1000))
    return model.fit(x[train], y[train]).predict_proba(x[test])[:, 1]


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--data", required=True)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--rounds", type=int, default=100)
    p.add_argument("--depth", type=int, default=5)
    p.add_argument("--eta", type=float, default=0.1)
    p.add_argument("--features", help="write the features to this Parquet file")
    p.add_argument("--leaky", action="store_true", help="also a model on event-time features, scored on those and on honest ones")
    a = p.parse_args()
    import sklearn.linear_model  # noqa: F401 imports are not counted
    import xgboost  # noqa: F401

    clocks, began = {}, time.perf_counter()

    def lap(name):
        nonlocal began
        now = time.perf_counter()
        clocks[name], began = now - began, now

    raw = read(a.data)
    lap("read")
    f = clean(raw)
    lap("clean")
    wide = features(f, raw, False)
    lap("features")
    if a.features:
        wide.assign(carrier=f.carrier, flight=f.flight, origin=f.origin, dest=f.dest, scheduled=f.sched).to_parquet(a.features)
        lap("write")
    flown = f.arr_delay.notna().to_numpy()
    y = (f.arr_delay > 30).to_numpy().astype(np.float32)
    sched, end = f.sched.to_numpy(), f.sched[flown].max() - 92 * 1440
    test, train = flown & (sched > end), flown & (sched <= f.sched[flown & (sched > end)].min() - 7 * 1440)
    x = encode(wide, f, train, y).to_numpy(dtype=np.float32)
    model, scores = boosted(x, y, train, test, a)
    lap("xgboost")
    out = {"auc_xgboost": auc(y[test], scores)}
    began = time.perf_counter()
    scores = logistic(x, y, train, test)
    lap("logistic")
    out["auc_logistic"] = auc(y[test], scores)
    out["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if a.leaky:
        tempting = encode(features(f, raw, True), f, train, y).to_numpy(dtype=np.float32)
        naive, scores = boosted(tempting, y, train, test, a)
        out["auc_leaky_paper"] = auc(y[test], scores)
        out["auc_leaky_served"] = auc(y[test], naive.inplace_predict(x[test]))
    gain = model.get_score(importance_type="total_gain")
    names = list(wide.columns)
    out |= {"seconds": clocks, "features": x.shape[1], "rows_train": int(train.sum()), "rows_test": int(test.sum()), "positives": float(y[train | test].mean()),
            "top": sorted(((names[int(k[1:])], round(v)) for k, v in gain.items()), key=lambda kv: -kv[1])[:12]}
    print(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
