"""Runs real dbt over the wire: every step must end as it should, and the tables must hold what they should.

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
CHANGED = "update dbt_client.raw_orders set status = 'paid', ordered_at = '2024-03-01' where id = 5; delete from dbt_client.raw_orders where id = 1"
# dbt's arguments; a step of SQL has none, and {"fails": …} is what the output of a failure must hold.
STEPS = [
    ["debug"],
    ["seed"],
    ["run"],
    ["test"],
    ["snapshot"],
    ["source", "freshness"],
    ["build"],  # everything again, over what exists
    "state",
    CHANGED,
    ["snapshot"],
    ["seed", "--full-refresh"],
    ["run", "--select", "orders_growing", "--vars", "{wide: true}"],
    ["run", "--full-refresh"],
    ["docs", "generate"],
    ["show", "--inline", "select count(*) as n from {{ ref('customers') }}"],
    ["compile", "--select", "customers"],
    ["list"],
    ["run-operation", "grants"],
    ["run", "--select", "fragile+", "--vars", "{broken: true}", {"fails": 'column "no_such_column" does not exist'}],
    ["retry", "--vars", "{broken: false}"],
    ["ls", "--select", "state:modified", "--state", "state", "--resource-type", "model", "--output", "name"],
    ["run", "--select", "state:modified+", "--state", "state", "--defer"],
    ["clone", "--state", "state", "--target", "other", "--exclude", "sourced"],  # its hook's table isn't there
    ["test", "--select", "test_type:unit"],
]
WANT = {
    "select name, orders, total from dbt_client.customers order by name": [("Ada", 1, 12.5), ("Grace, H.", 1, 7.25), ("Édith", 1, 100.0)],
    "select count(*) from dbt_client.orders_incremental": [(5,)],
    "select count(*), count(distinct order_id) from dbt_client.orders_merge": [(5, 5)],
    "select count(*) from dbt_client.orders_append": [(5,)],
    "select count(*) from dbt_client.customers_history": [(3,)],
    # one row changed, one deleted, then neither: the second snapshot ran between
    "select count(*), count(*) filter (where dbt_valid_to is null) from dbt_client.orders_history": [(6, 4)],
    "select n from dbt_client_extra.after_it": [(5,)],
    "select count(*) from dbt_client.hook_log where step = 'sourced'": [(1,)],
    "select name from dbt_cloned.customers order by 1 limit 1": [("Ada",)],
    "select count(*) from pg_indexes where schemaname = 'dbt_client' and tablename = 'sourced'": [(1,)],
    "select grantee, privilege_type from information_schema.role_table_grants where table_name = 'sourced' and table_schema = 'dbt_client' and grantee <> current_user":
        [("dbt_journey_reader", "SELECT")],
    "select obj_description('dbt_client.customers'::regclass)": [("Customers with their totals",)],
}


def query(sql):
    """Rows with what isn't a number, text or boolean as a float; an error's text if it fails."""
    with psycopg2.connect("") as conn, conn.cursor() as cur:
        try:
            cur.execute(sql)
            return [tuple(v if isinstance(v, (int, str)) else float(v) for v in row) for row in cur.fetchall()] if cur.description else []
        except psycopg2.Error as e:
            conn.rollback()
            return str(e)


class Journey:
    def __init__(self, dbt, project):
        self.dbt, self.project, self.passed, self.failed = dbt, project, 0, 0
        self.env = os.environ | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_PROFILES_DIR": str(project), "NO_COLOR": "1"}

    def check(self, name, ok, why=""):
        self.passed, self.failed = self.passed + bool(ok), self.failed + (not ok)
        print("ok " if ok else "FAILED ", name, "" if ok else why, flush=True)

    def step(self, args):
        fails = args[-1]["fails"] if isinstance(args[-1], dict) else None
        args = [a for a in args if isinstance(a, str)]
        out = subprocess.run([self.dbt, "--no-use-colors", *args], cwd=self.project, env=self.env, capture_output=True, text=True)
        ok = out.returncode == 0 if fails is None else out.returncode == 1 and fails in out.stdout
        self.check("dbt " + " ".join(args), ok, "\n" + out.stdout[-6000:] + out.stderr[-2000:])
        return out.stdout

    def artifacts(self):
        catalog = json.loads((self.project / "target/catalog.json").read_text())
        columns = catalog["nodes"].get("model.client.customers", {}).get("columns", {})
        self.check("catalog.json: columns of customers", list(columns) == ["customer_id", "name", "orders", "total"], list(columns))
        self.check("catalog.json: the source", "source.client.raw.raw_orders" in catalog["sources"], list(catalog["sources"]))

    def keep_state(self):
        """Keeps the manifest, then changes one model."""
        (self.project / "state").mkdir()
        shutil.copy(self.project / "target/manifest.json", self.project / "state")
        model = self.project / "models/sourced.sql"
        model.write_text(model.read_text() + "where id > 0\n")

    def run(self):
        self.check("create role", query("create role dbt_journey_reader") == [])
        for step in STEPS:
            if step == "state":
                self.keep_state()
            elif isinstance(step, str):
                self.check(step, query(step) == [])
            else:
                out = self.step(step)
                if step[0] == "ls":
                    self.check("only the changed model is modified", out.split()[-1:] == ["sourced"] and "customers" not in out, out)
                if step[0] == "docs":
                    self.artifacts()
        for sql, want in WANT.items():
            got = query(sql)
            self.check(sql, got == want, f"\n  got  {got}\n  want {want}")
        print(f"{self.passed} of {self.passed + self.failed} journeys pass")
        return bool(self.failed)


def main():
    with tempfile.TemporaryDirectory() as tmp:
        project = pathlib.Path(tmp) / "project"
        shutil.copytree(HERE, project, ignore=shutil.ignore_patterns("target", "logs"))
        return Journey(sys.argv[1], project).run()


if __name__ == "__main__":
    sys.exit(main())
