"""Runs real dbt over the wire: every step must succeed, and the tables must hold what they should.

Runs twice where that matters (incremental models, snapshots, tables that replace tables).
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import psycopg2

HERE = pathlib.Path(__file__).parent
STEPS = [
    ["debug"],
    ["seed"],
    ["run"],
    ["test"],
    ["snapshot"],
    ["build"],  # everything again, over what exists
    ["run", "--full-refresh"],
    ["docs", "generate"],
    ["show", "--inline", "select count(*) as n from {{ ref('customers') }}"],
    ["list"],
    ["run-operation", "grants"],
    ["retry"],
]
WANT = {
    "select name, orders, total from dbt_client.customers order by name": [("Ada", 1, 12.5), ("Grace, H.", 1, 7.25), ("Édith", 1, 100.0)],
    "select count(*) from dbt_client.orders_incremental": [(5,)],
    "select count(*), count(distinct order_id) from dbt_client.orders_merge": [(5, 5)],
    "select count(*) from dbt_client.orders_append": [(5,)],
    "select count(*) from dbt_client.customers_history": [(3,)],
}


def main():
    dbt = sys.argv[1]
    passed, failed = 0, []
    with tempfile.TemporaryDirectory() as tmp:
        project = pathlib.Path(tmp) / "project"
        shutil.copytree(HERE, project, ignore=shutil.ignore_patterns("target", "logs"))
        env = os.environ | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_PROFILES_DIR": str(project), "NO_COLOR": "1"}
        for step in STEPS:
            out = subprocess.run([dbt, "--no-use-colors", *step], cwd=project, env=env, capture_output=True, text=True)
            if step == ["retry"] and "failed" not in out.stdout.lower():
                out.returncode = 0  # nothing to retry is an error to dbt
            if out.returncode == 0:
                passed += 1
                print("ok  dbt", " ".join(step), flush=True)
            else:
                failed.append(step)
                print("FAILED  dbt", " ".join(step), "\n", out.stdout[-6000:], out.stderr[-2000:], flush=True)
        catalog = json.loads((project / "target/catalog.json").read_text()) if (project / "target/catalog.json").exists() else {"nodes": {}}
        columns = catalog["nodes"].get("model.client.customers", {}).get("columns", {})
        if list(columns) == ["customer_id", "name", "orders", "total"]:
            passed += 1
        else:
            failed.append("catalog.json")
            print("FAILED  catalog.json: columns of customers are", list(columns))
    with psycopg2.connect("") as conn, conn.cursor() as cur:
        for sql, want in WANT.items():
            try:
                cur.execute(sql)
                got = [tuple(float(v) if not isinstance(v, (int, str)) else v for v in row) for row in cur.fetchall()]
            except psycopg2.Error as e:
                conn.rollback()
                got = str(e)
            if got == want:
                passed += 1
            else:
                failed.append(sql)
                print("FAILED ", sql, "\n  got ", got, "\n  want", want)
        cur.execute("select obj_description('dbt_client.customers'::regclass)")
        if cur.fetchone() == ("Customers with their totals",):
            passed += 1
        else:
            failed.append("persist_docs")
            print("FAILED  persist_docs")
    print(f"{passed} passed, {len(failed)} failed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
