"""Runs dbt's own test suite for adapters and compares each test's outcome with what failures.txt expects.

A test that fails and isn't listed there, and one that is listed and passes, both fail the run. With --record,
the outcome is also written to docs/dbt.md, between its markers; without, that section must be up to date.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET

HERE = pathlib.Path(__file__).resolve().parent
DOCS = HERE.parent.parent.parent / "docs/dbt.md"
BEGIN, END = "<!-- outcome of the adapter suite, written by testdata/clients/run.py --record dbt-adapter -->", "<!-- end of the outcome -->"


def expected():
    """The tests that can't pass, with the reason: lines of `Class::test: reason`."""
    reasons = {}
    for line in (HERE / "failures.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            test, reason = re.fullmatch(r"(\w+::\S+): (.+)", line).groups()
            reasons[test] = reason
    return reasons


def run(tests, junit):
    env = os.environ | {"PGHOST": "localhost", "PGUSER": "root", "PGPASSWORD": "none", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    env |= {f"DBT_TEST_USER_{n}": f"dbt_test_user_{n}" for n in (1, 2, 3)}
    roles = "CREATE ROLE root SUPERUSER LOGIN; " + "; ".join(f"CREATE ROLE dbt_test_user_{n}" for n in (1, 2, 3))
    subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", roles], env=os.environ, check=True)
    subprocess.run(["psql", "-X", "-q", "-c", "CREATE ROLE root SUPERUSER LOGIN"], env=os.environ | {"PGDATABASE": "dbtMixedCase", "PGPORT": os.environ["MIXED_CASE_PORT"]}, check=True)
    with tempfile.TemporaryDirectory(prefix="dbt-adapter-") as root:  # dbt's logs go there
        out = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore", "--tb=short", "--show-capture=no", "-n", "2", "--dist", "loadscope",
                              "--rootdir", root, "--basetemp", f"{root}/tmp", "--junitxml", junit, *tests], cwd=HERE, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if out.returncode not in (0, 1):
        sys.exit(f"pytest ended with {out.returncode}\n{out.stdout[-6000:]}")
    return out.stdout


def outcomes(junit):
    """The state of each test, and its message if it isn't `passed`."""
    got = {}
    for case in ET.parse(junit).getroot().iter("testcase"):
        test = f"{case.get('classname').rpartition('.')[2]}::{case.get('name')}"
        bad = [child for child in case if child.tag in ("failure", "error", "skipped")]
        if bad or test not in got:
            got[test] = (bad[0].tag, bad[0].text or bad[0].get("message")) if bad else ("passed", "")
    return got


def table(got, reasons):
    passed = sum(state == "passed" for state, _ in got.values())
    lines = [BEGIN, f"{passed} of {len(got)} tests pass.", ""]
    if reasons:
        lines += ["| test | why it fails |", "| --- | --- |", *(f"| `{test}` | {reason} |" for test, reason in sorted(reasons.items()))]
    return "\n".join([*lines, END])


def main():
    reasons, start = expected(), time.monotonic()
    tests = [a for a in sys.argv[1:] if a != "--record"]
    with tempfile.TemporaryDirectory(prefix="dbt-outcome-") as tmp:
        output = run(tests, f"{tmp}/junit.xml")
        got = outcomes(f"{tmp}/junit.xml")
    passed = [t for t, (state, _) in got.items() if state == "passed"]
    unexpected = [t for t, (state, _) in got.items() if state != "passed" and t not in reasons]
    repaired = [t for t in passed if t in reasons]
    for t in unexpected:
        print(f"FAILED  {t} ({got[t][0]})\n{got[t][1][-3000:]}")
    for t in repaired:
        print(f"PASSED  {t}, which failures.txt says can't: {reasons[t]}")
    for t in sorted(reasons):
        if t in got and t not in repaired:
            print(f"fails as expected  {t}: {reasons[t]}")
    missing = [] if tests else sorted(set(reasons) - set(got))
    for t in missing:
        print(f"NOT RUN  {t}, which failures.txt names")
    bad = bool(unexpected or repaired or missing)
    if not tests and not bad:
        bad = stale(got, reasons, "--record" in sys.argv)
    print(f"dbt-tests-adapter: {len(passed)} of {len(got)} pass, {len(unexpected)} unexpected failures, {len(repaired)} unexpected passes, {time.monotonic() - start:.0f} s")
    if bad and not unexpected and not repaired:
        print(output[-2000:])
    return bad


def stale(got, reasons, record):
    """Compares the section of docs/dbt.md with the outcome, or writes it."""
    text = DOCS.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    fresh = before + table(got, reasons) + after
    if record:
        DOCS.write_text(fresh)
    elif fresh != text:
        print("docs/dbt.md tells another outcome; run testdata/clients/run.py --record dbt-adapter")
        return True
    return False


if __name__ == "__main__":
    sys.exit(main())
