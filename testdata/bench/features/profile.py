#!/usr/bin/env python3
"""What ydata-profiling takes for its minimal description of a Parquet file: profile.py FILE THREADS.

Reading the file isn't counted. Prints JSON: wall and processor seconds, and the number of columns.
"""
import json
import os
import resource
import sys
import time
import warnings

warnings.filterwarnings("ignore")
os.environ["YDATA_PROFILING_NO_ANALYTICS"] = "True"

import pandas as pd
from ydata_profiling import ProfileReport


def processor():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


table = pd.read_parquet(sys.argv[1])
wall, cpu = time.perf_counter(), processor()
report = ProfileReport(table, minimal=True, progress_bar=False, pool_size=int(sys.argv[2]))
described = report.get_description()
print(json.dumps({"wall": time.perf_counter() - wall, "cpu": processor() - cpu, "sum": len(described.variables)}))
