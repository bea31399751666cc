#!/usr/bin/env python3
"""Scoring an XGBoost model of 100 trees of depth 6 over rows of 20 features, three ways.

    pip install duckdb==1.5.5 xgboost-cpu==3.2.0 pyarrow numpy
    make build && testdata/bench/models/predict.py [rows, 10000000] [rounds, 3]

    library   XGBoost's in-place prediction of a ready float32 matrix, and what our kernels make of the same
              rows (functions/model/xgboost, BenchmarkForest): one thread each, in one process
    python    a DuckDB table -> arrow -> xgboost -> a table, by threads = cores
    eider     CREATE TABLE … AS SELECT predict('m', t) …, in the same file format, by threads = cores

The last two run in processes of their own, in turns; the best time of each counts, and its peak memory (ru_maxrss). Each
trains its model from the first 200,000 rows with the same parameters. Seconds include writing the table.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
FEATURES, TRAINED = 20, 200_000

# hash() gives both sides the same rows; the target depends on nine features, and is noisy.
COLUMNS = ", ".join(f"(hash(i * {FEATURES} + {k}) >> 11)::DOUBLE / 9007199254740992.0 AS x{k}" for k in range(FEATURES))
SCORE = "x0 * 3 + x1 * x2 * 4 + sin(6 * x3) + x4 * x5 - x6 * x6 + x7 + x8"
NOISE = "((hash(i + 1000000007) >> 11)::DOUBLE / 9007199254740992.0 - 0.5) * 3"
TABLE = f"CREATE TABLE t AS SELECT *, ({SCORE} + {NOISE} > 3.3)::INTEGER AS y FROM (SELECT i, {COLUMNS} FROM range({{rows}}) r(i))"
NAMES = [f"x{k}" for k in range(FEATURES)]
FILTER = f"WHERE i < {TRAINED}"


def python_side(path, rows):
    """Trains, then scores the table in batches, as a careful user would; prints the seconds of scoring."""
    import duckdb
    import pyarrow as pa
    import xgboost as xgb

    db = duckdb.connect(path)
    train = db.sql(f"SELECT {', '.join(NAMES)}, y FROM t {FILTER}").fetchnumpy()
    import numpy as np

    x = np.column_stack([train[n] for n in NAMES]).astype("f4")
    booster = xgb.train(
        {"objective": "binary:logistic", "max_depth": 6, "eta": 0.1, "tree_method": "hist", "seed": 0},
        xgb.DMatrix(x, label=train["y"]), 100,
    )
    del train, x
    start = time.perf_counter()
    table = db.sql(f"SELECT i, {', '.join(NAMES)} FROM t").to_arrow_table()
    matrix = np.column_stack([table[n].to_numpy() for n in NAMES]).astype("f4")
    scored = pa.table({"i": table["i"], "p": booster.inplace_predict(matrix)})
    db.register("scored_rows", scored)
    db.sql("CREATE OR REPLACE TABLE scored AS SELECT * FROM scored_rows")
    seconds = time.perf_counter() - start
    mean, count = db.sql("SELECT avg(p), count(*) FROM scored").fetchone()
    assert count == rows, count
    print(f"seconds={seconds} mean={mean}")


def child(args, env=None):
    """Runs a process; returns its output and peak memory in MB."""
    p = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **(env or {})})
    out = p.stdout.read()
    _, status, usage = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    if p.returncode:
        sys.exit(f"{args[0]} failed:\n{out}")
    return out, usage.ru_maxrss / 1024


def eider(path, script):
    """Runs statements in one `eider sql` with timing on; returns the last one's seconds and peak memory."""
    out, memory = child([str(ROOT / "bin/eider"), "sql", path, "-c", script])
    return out, memory


def eider_side(path, rows):
    options = "max_depth => 6, eta => 0.1, num_boost_round => 100"
    eider(path, f"TRAIN MODEL m TASK classification TARGET y USING xgboost ({options}) SPLIT NONE SEED 0 DEPLOY ALWAYS AS SELECT {', '.join(NAMES)}, y FROM t {FILTER}")
    script = "DROP TABLE IF EXISTS scored; CREATE TABLE scored AS SELECT i, predict('m', t) AS p FROM t"
    start = time.perf_counter()
    _, peak = eider(path, script)
    best = time.perf_counter() - start
    out, _ = eider(path, "SELECT count(*) AS n FROM scored")
    assert str(rows) in out, out
    return best, peak


def library():
    out, _ = child(
        ["go", "test", "./functions/model/xgboost", "-run", "^$", "-bench", "^BenchmarkForest$", "-benchtime", "1s"],
        {"GOFLAGS": os.environ.get("GOFLAGS", "") + " -buildvcs=false"},
    )
    print("\none thread, ready rows | M rows/s | x library\n--- | ---: | ---:")
    for name, rate, times in re.findall(r"BenchmarkForest/(\S+?)(?:-\d+)?\s.*?([\d.]+) rows/s\s+([\d.]+) ×library", out):
        print(f"{name} | {float(rate) / 1e6:.2f} | {float(times):.2f}")


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    os.chdir(ROOT)
    library()
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = f"{folder}/ours.db", f"{folder}/theirs.db"
        eider(ours, TABLE.format(rows=rows))
        child([sys.executable, "-c", f"import duckdb; duckdb.connect({theirs!r}).sql({TABLE.format(rows=rows)!r})"])
        best = {"eider": (float("inf"), 0.0), "python": (float("inf"), 0.0)}
        for _ in range(rounds):
            best["eider"] = min(best["eider"], eider_side(ours, rows))
            out, peak = child([sys.executable, __file__, "--python", theirs, str(rows)])
            best["python"] = min(best["python"], (float(re.search(r"seconds=([\d.]+)", out)[1]), peak))
    print(f"\ntable to table, {rows:,} rows | s | M rows/s | peak MB\n--- | ---: | ---: | ---:")
    for name, (seconds, peak) in best.items():
        print(f"{name} | {seconds:.2f} | {rows / seconds / 1e6:.2f} | {peak:.0f}")
    e, p = best["eider"], best["python"]
    print(f"\nrate {p[0] / e[0]:.1f} x python, memory {e[1] / p[1]:.2f} x")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--python"]:
        python_side(sys.argv[2], int(sys.argv[3]))
    else:
        main()
