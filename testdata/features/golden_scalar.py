#!/usr/bin/env python3
"""Writes scalar.tsv: known answers of the cleaning functions and of the features of single values. A line is a time zone,
an expression, where its answer comes from, and the answer as text.

Run after `pip install -r requirements.txt`: python3 golden_scalar.py."""
import json
import os
import unicodedata
from datetime import datetime

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer

LINES = []


def line(sql, source, value, zone="UTC"):
    assert "\t" not in sql and "\n" not in sql
    if value is None:
        value = "NULL"
    elif isinstance(value, (bool, np.bool_)):
        value = "true" if value else "false"
    elif isinstance(value, pd.Timestamp):
        value = str(value.tz_convert(None) if value.tz else value)
    elif isinstance(value, list):
        value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    elif not isinstance(value, str):
        value = repr(float(value))
    LINES.append("\t".join([zone, sql, source, value]))


def quoted(s):
    return "'" + s.replace("'", "''") + "'"


def cleaning():
    for x, lo, hi in [(5, 0, 3), (-5, 0, 3), (2, 0, 3), (0.1, 0.1, 0.1), (float("inf"), -1, 1), (float("-inf"), -1, 1), (1e308, -1e300, 1e300)]:
        line("clip_to('%r'::double, %r, %r)" % (float(x), lo, hi), "numpy.clip", np.clip(x, lo, hi))
    for s in ["  Hello   World ", "ＦＵＬＬ ｗｉｄｔｈ", "ﬁne ﬂow", "Å ngström", "ÀÉÎ õü", "x²+½", "Ⅳ iv", "ΑΒΓ", "ПРИВЕТ мир", "ｶﾞｷﾞ", "a\u00a0b\u2003c", "STRASSE ß", "①②③", "한글", ""]:
        line("normalize_text(%s)" % quoted(s), "Python unicodedata NFKC, lower, split", " ".join(unicodedata.normalize("NFKC", s).lower().split()))
    # What CLDR's formats of a language write must come back: grouping sign, decimal sign.
    for name, group, point in [("en", ",", "."), ("de", ".", ","), ("fr", "\u202f", ","), ("de-CH", "’", "."), ("sv", "\u00a0", ","), ("es", ".", ",")]:
        for v in [0.5, 12.25, 1234.5, 1234567.75, 98765432.1, 999999.99]:
            text = "{:,.2f}".format(v).replace(",", "\0").replace(".", point).replace("\0", group)
            for text, w in [(text, v), ("-" + text, -v), (text + " €", v), ("(" + text + ")", -v), ("$" + text, v)]:
                line("parse_number(%s)" % quoted(text), "CLDR's format of " + name, w)
    formats = ["%Y-%m-%d %H:%M:%S", "%d.%m.%Y", "%m/%d/%y", "%Y%m%dT%H%M%S"]
    for s in ["2024-02-29 23:59:59", "29.02.2024", "29.02.2023", "12/31/99", "20260329T023000", "tomorrow", "31.04.2026", ""]:
        got = None
        for f in formats:
            try:
                got = pd.Timestamp(datetime.strptime(s, f))
                break
            except ValueError:
                pass
        line("try_timestamp(%s, [%s])" % (quoted(s), ", ".join(quoted(f) for f in formats)), "Python datetime.strptime", got)


TIMES = ["2024-02-29 23:59:59.999999", "2023-02-28 00:00:00", "2024-12-31 12:30:00", "1969-12-31 23:00:01", "2000-01-01 00:00:00", "2026-10-31 06:15:30.5"]
ZONED = [("Europe/Berlin", "2026-03-29 00:30:00"), ("Europe/Berlin", "2026-03-29 01:30:00"), ("Europe/Berlin", "2026-10-25 00:30:00"), ("Europe/Berlin", "2026-10-25 01:30:00"),
         ("America/New_York", "2026-03-08 07:30:00"), ("Asia/Kathmandu", "2026-01-01 18:30:00"), ("Pacific/Auckland", "2026-04-04 20:00:00"), ("Asia/Kolkata", "2024-02-29 19:00:00")]


def times():
    for s in TIMES:
        t, sql = pd.Timestamp(s), "TIMESTAMP '%s'" % s
        for size, floor in [("15 MINUTE", t.floor("15min")), ("1 HOUR", t.floor("h")), ("1 DAY", t.normalize()), ("1 WEEK", t.to_period("W").start_time),
                            ("1 MONTH", t.to_period("M").start_time), ("1 QUARTER", t.to_period("Q").start_time), ("1 YEAR", t.to_period("Y").start_time)]:
            line("tumble(%s, INTERVAL %s)" % (sql, size), "pandas floor and to_period", floor)
        for size, slide in [(60, 30), (60, 60), (90, 60), (10, 60), (1440, 360)]:
            start, out = t.floor("%dmin" % slide), []
            while start + pd.Timedelta(minutes=size) > t:
                out.append(str(start))
                start -= pd.Timedelta(minutes=slide)
            line("to_json(hop(%s, INTERVAL %d MINUTE, INTERVAL %d MINUTE)::VARCHAR[])" % (sql, size, slide), "a loop over pandas.Timestamp.floor", out)
        event = pd.Timestamp("2024-02-29 00:00:00")
        line("time_since(%s, TIMESTAMP '%s')" % (sql, event), "pandas total_seconds", (t - event).total_seconds())
        circle(sql, t, "UTC")
    for zone, s in ZONED:
        t = pd.Timestamp(s, tz="UTC").tz_convert(zone)
        sql = "TIMESTAMPTZ '%s+00'" % s
        text = "timezone('UTC', tumble(%s, INTERVAL %s))"
        line(text % (sql, "1 DAY"), "pandas normalize", t.normalize().tz_convert("UTC"), zone)
        line(text % (sql, "1 MONTH"), "pandas replace", t.normalize().replace(day=1).tz_convert("UTC"), zone)
        if zone.startswith("Asia/"):  # without summer time: pandas finds hours that occur twice ambiguous
            line(text % (sql, "1 HOUR"), "pandas floor", t.floor("h").tz_convert("UTC"), zone)
            line(text % (sql, "15 MINUTE"), "pandas floor", t.floor("15min").tz_convert("UTC"), zone)
        line(text % (sql, "1 WEEK"), "pandas normalize", (t - pd.DateOffset(days=t.day_of_week)).normalize().tz_convert("UTC"), zone)
        line("to_json(list_transform(hop(%s, INTERVAL 3 DAY, INTERVAL 1 DAY), lambda s: timezone('UTC', s)::VARCHAR))" % sql, "pandas DateOffset",
             [str((t.normalize() - pd.DateOffset(days=n)).tz_convert(None)) for n in range(3)], zone)
        circle(sql, t, zone)
        line("time_since(%s, TIMESTAMPTZ '2026-03-28 12:00:00+00')" % sql, "pandas total_seconds", (t - pd.Timestamp("2026-03-28 12:00", tz="UTC")).total_seconds(), zone)


def circle(sql, t, zone):
    parts = {"second": t.second / 60, "minute": t.minute / 60, "hour": t.hour / 24, "weekday": t.day_of_week / 7, "day": (t.day - 1) / t.days_in_month,
             "month": (t.month - 1) / 12, "yearday": (t.day_of_year - 1) / (366 if t.is_leap_year else 365)}
    for part, phase in parts.items():
        line("cyclical(%s, '%s').sin" % (sql, part), "numpy.sin", np.sin(2 * np.pi * phase), zone)
        line("cyclical(%s, '%s').cos" % (sql, part), "numpy.cos", np.cos(2 * np.pi * phase), zone)


def texts():
    import re
    for s in ["The quick brown fox", "don't stop-me now", "Straße № 5, Ärger!", "привет, мир 2026", "a_b c-d e.f", "日本語 テスト", "", "...", "x" * 40]:
        line("to_json(tokenize(%s))" % quoted(s), "Python re", re.findall(r"\w+(?:['’]\w+)*", s.lower()))
        words = s.lower().split()
        for n in (1, 2, 3):
            grams = CountVectorizer(ngram_range=(n, n), tokenizer=str.split, token_pattern=None, lowercase=False).build_analyzer()(" ".join(words))
            line("to_json(ngrams(%s::VARCHAR[], %d))" % ("[" + ", ".join(quoted(w) for w in words) + "]", n), "sklearn CountVectorizer", grams)


if __name__ == "__main__":
    cleaning()
    times()
    texts()
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "scalar.tsv"), "w", encoding="utf-8") as f:
        f.write("\n".join(LINES) + "\n")
