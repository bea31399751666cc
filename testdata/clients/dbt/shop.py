"""Builds the example project shop by `eider build` and by dbt over the wire, and compares each table: both must be equal.

    shop.py DBT EIDER
"""
import csv
import io
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import psycopg2

HERE = pathlib.Path(__file__).parent
SHOP = HERE.parent.parent.parent / "engine/project/example/shop"
RELATIONS = ["raw.raw_customers", "raw.raw_lines", "raw.raw_orders", "raw.raw_products", "stg_customers", "stg_orders", "stg_products", "orders", "customers", "sales_by_day"]


def query(relation):
    """A relation's rows as text, in order, under their types."""
    return f"SELECT coalesce(COLUMNS(*)::text, 'NULL') FROM {relation} UNION ALL SELECT typeof(COLUMNS(*)) FROM (FROM {relation} LIMIT 1) ORDER BY ALL"


def of_dbt(relation):
    with psycopg2.connect("") as conn, conn.cursor() as cur:
        cur.execute(query(("public_" if "." in relation else "public.") + relation))
        return [list(row) for row in cur.fetchall()]


def of_eider(eider, database, relation):
    out = subprocess.run([eider, "sql", database, "--output", "csv", "-c", query(("main_" if "." in relation else "main.") + relation)], check=True, capture_output=True, text=True)
    return list(csv.reader(io.StringIO(out.stdout)))[1:]


def main():
    dbt, eider = sys.argv[1:]
    passed = 0
    with tempfile.TemporaryDirectory() as tmp:
        projects = {}
        for who in ("dbt", "eider"):
            projects[who] = shutil.copytree(SHOP, pathlib.Path(tmp) / who)
        subprocess.run([dbt, "--no-use-colors", "build", "--profile", "client", "--target", "shop", "--profiles-dir", HERE.resolve()], cwd=projects["dbt"], check=True,
                       env=os.environ | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"})
        subprocess.run([eider, "build", "--no-color", "--project-dir", projects["eider"]], check=True)
        (database,) = projects["eider"].glob("*.db")
        for relation in RELATIONS:
            got, want = of_dbt(relation), of_eider(eider, database, relation)
            equal = got == want and len(got) > 1
            passed += equal
            print("ok " if equal else "FAILED ", f"{relation}: {len(got) - 1} rows", "" if equal else f"\n  dbt          {got[:5]}\n  eider build  {want[:5]}")
    print(f"{passed} of {len(RELATIONS)} tables of shop are equal")
    return passed != len(RELATIONS)


if __name__ == "__main__":
    sys.exit(main())
