#!/usr/bin/env python3
"""Write dbt.json: what dbt-core 1.10 says of the project beside this file, without times.

    dbt.py /path/to/venv/bin/dbt
"""
import json
import pathlib
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent
with tempfile.TemporaryDirectory() as target:
    subprocess.run([sys.argv[1], "--quiet", "parse", "--no-partial-parse", "--project-dir", here / "project", "--profiles-dir", here / "project",
                    "--target-path", target, "--log-path", target], check=True)
    manifest = json.load(open(f"{target}/manifest.json"))
out = {k: manifest[k] for k in ["nodes", "sources", "exposures", "unit_tests", "parent_map", "child_map"]}
for group in ["nodes", "sources", "exposures", "unit_tests"]:
    for node in out[group].values():
        del node["created_at"]
        node.pop("root_path", None)
(here / "dbt.json").write_text(json.dumps(out, indent=1, sort_keys=True) + "\n")
