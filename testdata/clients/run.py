#!/usr/bin/env python3
"""Runs real PostgreSQL clients end to end against Eider (or against PostgreSQL 15, the arbiter).

    run.py [--target eider|postgres] [--binary bin/eider] [--cache DIR] [SUITE …]

Each suite gets a server of its own on a free loopback port and a fresh database
file. What a suite needs is installed into the cache (virtual environments, npm,
Maven and Cargo folders); servers are stopped by pid. The last line is
"N passed, N failed", where N counts suites; each suite prints its own numbers.
"""
import argparse
import contextlib
import difflib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PG_BIN = pathlib.Path("/usr/lib/postgresql/15/bin")
FAST = ["psql", "psycopg2", "psycopg3", "asyncpg", "pg8000", "sqlalchemy", "pgjdbc", "node", "pgx", "dbt"]
SLOW = ["rust", "frames"]
ASKED = ["dbt-adapter"]  # runs only when it is named


class Failed(Exception):
    pass


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def run(argv, env=None, cwd=None, quiet=False, timeout=900):
    p = subprocess.run(argv, env=env, cwd=cwd, text=True, timeout=timeout,
                       stdout=subprocess.PIPE if quiet else None, stderr=subprocess.STDOUT if quiet else None)
    if p.returncode:
        raise Failed(f"{' '.join(map(str, argv))} ended with {p.returncode}\n{(p.stdout or '')[-4000:]}")
    return p.stdout


def wait_ready(env, process, log):
    """Waits until psql can run a statement; a server that dies first is an error with its last words."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Failed(f"the server ended with {process.returncode}:\n{log.read_text()[-4000:]}")
        probe = subprocess.run(["psql", "-X", "-q", "-c", "SELECT 1"], env=env, capture_output=True, text=True)
        if probe.returncode == 0:
            return
        time.sleep(0.1)
    raise Failed(f"the server isn't ready after 60 s: {probe.stderr}\n{log.read_text()[-4000:]}")


@contextlib.contextmanager
def eider(args, database="shop"):
    with tempfile.TemporaryDirectory(prefix="eider-clients-") as d:
        port, log = free_port(), pathlib.Path(d) / "log"
        env = os.environ | {"PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": "postgres", "PGDATABASE": database}
        with open(log, "w") as out:
            p = subprocess.Popen([args.binary, "serve", "--db", f"{d}/{database}.db", "--pg-listen", f"127.0.0.1:{port}", "--http-listen", "127.0.0.1:0"],
                                 stdout=out, stderr=subprocess.STDOUT)
        try:
            wait_ready(env, p, log)
            yield env
            if p.poll() is not None:
                raise Failed(f"the server died during the suite:\n{log.read_text()[-6000:]}")
            if "panic" in log.read_text():
                raise Failed(f"a panic in the server's log:\n{log.read_text()[-6000:]}")
        finally:
            p.send_signal(signal.SIGTERM)
            try:
                p.wait(30)
            except subprocess.TimeoutExpired:
                p.kill()
                raise Failed("the server did not stop within 30 s of SIGTERM")


@contextlib.contextmanager
def postgres(args, database="shop"):
    with tempfile.TemporaryDirectory(prefix="eider-clients-pg-") as d:
        port, log = free_port(), pathlib.Path(d) / "log"
        as_postgres = []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(d, "postgres")
            as_postgres = ["runuser", "-u", "postgres", "--"]
        env = os.environ | {"PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": "postgres", "PGDATABASE": database}
        run([*as_postgres, PG_BIN / "initdb", "-D", f"{d}/data", "-A", "trust", "-U", "postgres", "--encoding=UTF8", "--no-sync", "--locale=C.UTF-8"], quiet=True, cwd=d)
        with open(log, "w") as out:
            p = subprocess.Popen([*as_postgres, PG_BIN / "postgres", "-D", f"{d}/data", "-p", str(port), "-k", d, "-c", "fsync=off"], cwd=d, stdout=out, stderr=subprocess.STDOUT)
        try:
            wait_ready(env | {"PGDATABASE": "postgres"}, p, log)
            run(["createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", database], quiet=True)
            yield env
        finally:
            pid = int((pathlib.Path(d) / "data/postmaster.pid").read_text().split()[0])
            os.kill(pid, signal.SIGINT)
            p.wait(30)


def venv(cache, name, *requirements):
    """A virtual environment that is made anew when its requirements change."""
    d = cache / name
    want = "".join(pathlib.Path(r).read_text() for r in requirements)
    stamp = d / "requirements.stamp"
    if not stamp.exists() or stamp.read_text() != want:
        shutil.rmtree(d, ignore_errors=True)
        run([sys.executable, "-m", "venv", d], quiet=True)
        args = [a for r in requirements for a in ("-r", r)]
        run([d / "bin/pip", "install", "-q", "--disable-pip-version-check", *args], quiet=True)
        stamp.write_text(want)
    return d / "bin"


def pytest_suite(files, extra=()):
    def suite(args, serve):
        bin_dir = venv(args.cache, "python" + "-slow" * bool(extra), HERE / "python/requirements.txt", *(HERE / "python" / e for e in extra))
        with serve(args) as env:
            if files == ["test_frames.py"] and shutil.which("odbcinst"):
                env = env | {"EIDER_ODBC_DRIVER": "{PostgreSQL Unicode}"}
            run([bin_dir / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short", *files], env=env | {"PYTHONDONTWRITEBYTECODE": "1"}, cwd=HERE / "python")

    return suite


def psql_suite(args, serve):
    """The same scripts against both servers: psql must print the same."""
    outputs = []
    for server in (serve, postgres):
        with server(args) as env:
            outputs.append({f.name: subprocess.run(["psql", "-X", "-q", "-f", f.name], env=env, cwd=HERE / "psql", text=True, timeout=120,
                                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout for f in sorted((HERE / "psql").glob("*.sql"))})
    differ = 0
    for name, want in outputs[1].items():
        diff = list(difflib.unified_diff(want.splitlines(), outputs[0][name].splitlines(), "PostgreSQL 15", args.target, lineterm="", n=1))
        print(f"{'FAILED' if diff else 'ok'}  psql -f {name}: {len(want.splitlines())} lines")
        if diff:
            differ += 1
            print("\n".join(diff))
    if differ:
        raise Failed(f"{differ} of {len(outputs[1])} psql scripts differ")


def node_suite(args, serve):
    d = args.cache / "node"
    d.mkdir(parents=True, exist_ok=True)
    for f in ("package.json", "client.test.js"):
        shutil.copy(HERE / "node" / f, d)
    run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"], cwd=d, quiet=True)
    with serve(args) as env:
        run(["node", "--test", "--test-reporter=spec", "client.test.js"], env=env, cwd=d)


def java_suite(args, serve):
    with serve(args) as env:
        run(["mvn", "-q", "-B", f"-Deider.target={args.cache / 'java'}", "test"], env=env, cwd=HERE / "java")
    print("pgjdbc: all tests passed")


def go_suite(args, serve):
    with serve(args) as env:
        run(["go", "test", "-count=1", "./..."], env=env, cwd=HERE / "pgx")


def dbt_suite(args, serve):
    bin_dir = venv(args.cache, "dbt", HERE / "dbt/requirements.txt")
    with serve(args) as env:
        run([bin_dir / "python", HERE / "dbt/journey.py", bin_dir / "dbt"], env=env)
        run([bin_dir / "python", HERE / "dbt/shop.py", bin_dir / "dbt", args.binary.resolve()], env=env)


def dbt_adapter_suite(args, serve):
    bin_dir = venv(args.cache, "dbt-adapter", HERE / "dbt_adapter/requirements.txt")
    with serve(args, "dbt") as env, serve(args, "dbtMixedCase") as mixed:
        env = env | {"MIXED_CASE_PORT": mixed["PGPORT"], "PYTHONDONTWRITEBYTECODE": "1"}
        run([bin_dir / "python", HERE / "dbt_adapter/suite.py", *(["--record"] if args.record else [])], env=env, timeout=2400)


def rust_suite(args, serve):
    d = args.cache / "rust"
    shutil.copytree(HERE / "rust", d, dirs_exist_ok=True)
    with serve(args) as env:
        run(["cargo", "test", "-q", "--test", "client"], env=env | {"CARGO_TARGET_DIR": str(d / "target")}, cwd=d)


SUITES = {
    "psql": psql_suite,
    "psycopg2": pytest_suite(["test_psycopg2.py"]),
    "psycopg3": pytest_suite(["test_psycopg3.py"]),
    "asyncpg": pytest_suite(["test_asyncpg.py"]),
    "pg8000": pytest_suite(["test_pg8000.py"]),
    "sqlalchemy": pytest_suite(["test_sqlalchemy.py"]),
    "pgjdbc": java_suite,
    "node": node_suite,
    "pgx": go_suite,
    "dbt": dbt_suite,
    "dbt-adapter": dbt_adapter_suite,
    "rust": rust_suite,
    "frames": pytest_suite(["test_frames.py"], ["requirements-slow.txt"]),
}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("suites", nargs="*", metavar="SUITE", help=f"default: {' '.join(FAST)}; also {' '.join(SLOW + ASKED)}")
    p.add_argument("--target", choices=["eider", "postgres"], default="eider")
    p.add_argument("--binary", type=pathlib.Path, default=ROOT / "bin/eider")
    p.add_argument("--cache", type=pathlib.Path, default=ROOT / ".cache/clients")
    p.add_argument("--record", action="store_true", help="dbt-adapter: write its outcome to docs/dbt.md")
    args = p.parse_args()
    args.cache = args.cache.resolve()
    args.cache.mkdir(parents=True, exist_ok=True)
    unknown = [s for s in args.suites if s not in SUITES and s not in ("fast", "slow", "all")]
    if unknown:
        p.error(f"no suite {', '.join(unknown)}; there are {', '.join(SUITES)}, fast, slow, all")
    groups = {"fast": FAST, "slow": SLOW, "all": FAST + SLOW}
    wanted = [s for name in (args.suites or ["fast"]) for s in groups.get(name, [name])]
    failed = []
    for name in wanted:
        start = time.monotonic()
        print(f"== {name} against {args.target}", flush=True)
        try:
            SUITES[name](args, eider if args.target == "eider" else postgres)
            print(f"== {name}: passed in {time.monotonic() - start:.0f} s", flush=True)
        except (Failed, subprocess.TimeoutExpired, OSError) as e:
            failed.append(name)
            print(f"== {name}: FAILED after {time.monotonic() - start:.0f} s\n{e}", flush=True)
    if failed:
        print("failed suites:", ", ".join(failed))
    print(f"{len(wanted) - len(failed)} passed, {len(failed)} failed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
