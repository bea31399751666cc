#!/usr/bin/env python3
"""Write cases.json: the templates of cases.txt, one a paragraph behind a line of dashes, and
what Jinja2 (3.1, in an environment set up as dbt sets its own up) makes of them."""
import json
import pathlib

import jinja2.sandbox

here = pathlib.Path(__file__).parent
env = jinja2.sandbox.SandboxedEnvironment(extensions=["jinja2.ext.do"])
out = []
for src in (here / "cases.txt").read_text().split("----\n"):
    src = src.rstrip("\n")
    if not src:
        continue
    want = env.from_string(src).render(xs=[3, 1, 2], d={"b": 1, "a": "x"},
                                       people=[{"name": "Ann", "age": 31}, {"name": "bob", "age": 9}])
    out.append({"src": src, "want": want})
(here / "cases.json").write_text(json.dumps(out, indent=1, ensure_ascii=False) + "\n")
