"""What a user would otherwise run: the Python side of `make bench-models`.

    twin.py PART --db FILE [--rows N …]

Each part reads the same DuckDB file that Eider reads, does the same work and prints one JSON object:
seconds (without imports and without opening the file), what it reached, and the process's peak memory.
"""

import argparse
import json
import resource
import time


def peak_mb():
    """Peak resident memory of this process, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def features(n):
    return [f"f{i}" for i in range(n)]


def connect(path, threads):
    import duckdb

    con = duckdb.connect(path, read_only=True)
    con.execute(f"SET threads = {threads}")
    return con


def train(a):
    """duckdb → arrow → QuantileDMatrix → xgb.train"""
    import numpy as np
    import xgboost as xgb

    con = connect(a.db, a.threads)
    began = time.perf_counter()
    table = con.execute("SELECT * FROM learn").to_arrow_table()
    names = features(a.features)
    y = table["y"].to_numpy()
    x = np.column_stack([table[n].to_numpy() for n in names]) if a.dense else table.select(names)
    matrix = xgb.QuantileDMatrix(x, label=y, nthread=a.threads)
    model = xgb.train(
        {"objective": "binary:logistic", "tree_method": "hist", "max_depth": a.depth, "eta": 0.3, "nthread": a.threads},
        matrix,
        num_boost_round=a.rounds,
    )
    seconds = time.perf_counter() - began
    p = model.predict(matrix)
    loss = float(-np.mean(np.where(y > 0, np.log(np.clip(p, 1e-15, 1)), np.log(np.clip(1 - p, 1e-15, 1)))))
    return {"seconds": seconds, "log_loss": loss}


def booster(a):
    import xgboost as xgb

    model = xgb.Booster(model_file=a.model)
    model.set_param({"nthread": a.threads})
    return model


def inplace(a):
    """XGBoost's own in-place prediction from a ready float32 matrix."""
    import numpy as np

    con = connect(a.db, a.threads)
    columns = con.execute("SELECT * EXCLUDE (y) FROM score").fetchnumpy()
    x = np.column_stack([columns[n].astype(np.float32) for n in features(a.features)])
    del columns
    con.close()
    model = booster(a)
    model.inplace_predict(x[:1000])
    best = None
    for _ in range(a.repeat):
        began = time.perf_counter()
        p = model.inplace_predict(x)
        seconds = time.perf_counter() - began
        best = seconds if best is None else min(best, seconds)
    return {"seconds": best, "sum": float(p.sum(dtype=np.float64))}


def roundtrip(a):
    """duckdb → arrow → xgboost → a DuckDB table"""
    import duckdb
    import numpy as np
    import pyarrow as pa
    import xgboost as xgb

    model = booster(a)
    con = duckdb.connect(a.db)
    con.execute(f"SET threads = {a.threads}")
    began = time.perf_counter()
    table = con.execute("SELECT * EXCLUDE (y) FROM score").to_arrow_table()
    p = model.predict(xgb.DMatrix(table, nthread=a.threads))
    result = pa.table({"p": p})
    con.register("result", result)
    con.execute("CREATE OR REPLACE TABLE scored_by_python AS SELECT p FROM result")
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "sum": float(np.sum(p, dtype=np.float64))}


def matrix(a):
    import numpy as np

    con = connect(a.db, a.threads)
    columns = con.execute("SELECT * FROM learn").fetchnumpy()
    x = np.column_stack([columns[n] for n in features(a.features)])
    return x, columns["y"]


def logistic(a):
    """duckdb → numpy → StandardScaler → LogisticRegression"""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss
    from sklearn.preprocessing import StandardScaler

    began = time.perf_counter()
    x, y = matrix(a)
    x = StandardScaler().fit_transform(x)
    model = LogisticRegression(C=1.0, tol=a.tol, max_iter=1000).fit(x, y)
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "log_loss": float(log_loss(y, model.predict_proba(x)[:, 1])), "iterations": int(np.max(model.n_iter_))}


def kmeans(a):
    """duckdb → numpy → StandardScaler → KMeans"""
    from sklearn.cluster import KMeans
    from sklearn.preprocessing import StandardScaler

    began = time.perf_counter()
    x, _ = matrix(a)
    x = StandardScaler().fit_transform(x)
    model = KMeans(n_clusters=a.clusters, n_init=1, random_state=0).fit(x)
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "inertia": float(model.inertia_), "iterations": int(model.n_iter_)}


def main():
    parts = {f.__name__: f for f in (train, inplace, roundtrip, logistic, kmeans)}
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("part", choices=parts)
    p.add_argument("--db", required=True)
    p.add_argument("--model")
    p.add_argument("--features", type=int, default=20)
    p.add_argument("--rounds", type=int, default=100)
    p.add_argument("--depth", type=int, default=6)
    p.add_argument("--clusters", type=int, default=8)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--repeat", type=int, default=1)
    p.add_argument("--tol", type=float, default=1e-4)
    p.add_argument("--dense", action="store_true", help="a numpy matrix instead of the Arrow table")
    a = p.parse_args()
    out = parts[a.part](a)
    out["peak_mb"] = peak_mb()
    print(json.dumps(out))


if __name__ == "__main__":
    main()
