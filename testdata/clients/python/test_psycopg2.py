"""psycopg2 2.9: libpq, simple protocol, client-side parameters."""
import datetime as dt
import decimal
import io
import threading
import time
import uuid

import psycopg2
import psycopg2.errors
import psycopg2.extensions
import psycopg2.extras
import pytest

from conftest import DATABASE, HOST, PORT, USER


@pytest.fixture
def conn():
    c = psycopg2.connect(host=HOST, port=PORT, user=USER, dbname=DATABASE)
    yield c
    c.close()


def test_connection_info(conn):
    assert conn.server_version // 10000 == 15
    assert conn.encoding == "UTF8"
    assert conn.get_parameter_status("standard_conforming_strings") == "on"
    assert conn.get_parameter_status("DateStyle").startswith("ISO")
    assert conn.get_parameter_status("integer_datetimes") == "on"
    assert conn.info.backend_pid > 0


def test_types_round_trip(conn, name):
    cur = conn.cursor()
    cur.execute(
        f"CREATE TABLE {name} (b boolean, s smallint, i integer, l bigint, f real, d double precision,"
        " n numeric(12,3), t text, v varchar(20), y bytea, u uuid, da date, ti time, ts timestamp,"
        " tz timestamptz, iv interval, a integer[], ta text[])"
    )
    row = (
        True, -7, 2**31 - 1, -(2**63), 1.5, 0.1, decimal.Decimal("123456.789"), "it's \\ ünï", "x", b"\x00\xff'\\",
        str(uuid.UUID(int=7)), dt.date(1999, 12, 31), dt.time(23, 59, 59, 999999), dt.datetime(2024, 2, 29, 1, 2, 3, 4),
        dt.datetime(2024, 7, 1, 12, 0, tzinfo=dt.timezone.utc), dt.timedelta(days=3, seconds=5), [1, None, 3], ["a,b", 'q"', ""],
    )
    marks = ",".join(["%s"] * (len(row) - 2)) + ",%s::integer[],%s::text[]"
    cur.execute(f"INSERT INTO {name} VALUES ({marks})", row)
    assert cur.rowcount == 1
    cur.execute(f"SELECT * FROM {name}")
    got = list(cur.fetchone())
    got[9] = bytes(got[9])
    assert tuple(got) == row
    cur.execute(f"INSERT INTO {name} (i) VALUES (1)")
    cur.execute(f"SELECT * FROM {name} WHERE i = 1")
    assert cur.fetchone() == (None, None, 1) + (None,) * 15
    conn.rollback()


def test_description(conn):
    cur = conn.cursor()
    cur.execute("SELECT 1::integer AS a, 'x'::text AS b, 1.25::numeric(10,2) AS c, now() AS d, NULL::date AS e")
    d = {c.name: c for c in cur.description}
    assert [c.name for c in cur.description] == list("abcde")
    assert d["a"].type_code == 23 and d["b"].type_code in (25, 1043)
    assert (d["c"].precision, d["c"].scale) == (10, 2)
    assert d["d"].type_code == 1184 and d["e"].type_code == 1082


def test_transaction(conn, name):
    cur = conn.cursor()
    cur.execute(f"CREATE TABLE {name} (i integer PRIMARY KEY)")
    conn.commit()
    try:
        cur.execute(f"INSERT INTO {name} VALUES (1)")
        with pytest.raises(psycopg2.errors.UniqueViolation):
            cur.execute(f"INSERT INTO {name} VALUES (1)")
        assert conn.info.transaction_status == psycopg2.extensions.TRANSACTION_STATUS_INERROR
        with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
            cur.execute("SELECT 1")
        conn.rollback()
        cur.execute(f"SELECT count(*) FROM {name}")
        assert cur.fetchone() == (0,)
        conn.rollback()
        with conn:
            with conn.cursor() as c2:
                c2.execute(f"INSERT INTO {name} VALUES (2)")
        cur.execute(f"SELECT i FROM {name}")
        assert cur.fetchall() == [(2,)]
    finally:
        conn.rollback()
        cur.execute(f"DROP TABLE {name}")
        conn.commit()


@pytest.mark.parametrize(
    "sql, error",
    [
        ("SELECT * FROM no_such_table", psycopg2.errors.UndefinedTable),
        ("SELECT nope FROM (SELECT 1 AS a) t", psycopg2.errors.UndefinedColumn),
        ("SELEC 1", psycopg2.errors.SyntaxError),
        ("SELECT no_such_function(1)", psycopg2.errors.UndefinedFunction),
        ("SELECT 'x'::integer", psycopg2.errors.InvalidTextRepresentation),
        ("SELECT '2024-13-45'::date", psycopg2.DataError),
    ],
)
def test_errors(conn, sql, error):
    cur = conn.cursor()
    with pytest.raises(error) as e:
        cur.execute(sql)
    assert e.value.pgcode and e.value.diag.message_primary
    conn.rollback()
    cur.execute("SELECT 1")
    assert cur.fetchone() == (1,)


def test_error_position(conn):
    with pytest.raises(psycopg2.errors.UndefinedColumn) as e:
        conn.cursor().execute("SELECT 'ü', nope FROM (SELECT 1 AS a) t")
    assert e.value.diag.statement_position == "13"


def test_named_cursor(conn):
    cur = conn.cursor("stream")
    cur.itersize = 1000
    cur.execute("SELECT i FROM generate_series(1, 12345) AS g(i)")
    assert sum(r[0] for r in cur) == 12345 * 12346 // 2
    cur.close()
    conn.rollback()


def test_scroll_cursor(conn):
    cur = conn.cursor("scroll", scrollable=True)
    cur.execute("SELECT i FROM generate_series(1, 10) AS g(i)")
    assert cur.fetchmany(3) == [(1,), (2,), (3,)]
    cur.scroll(-2)
    assert cur.fetchone() == (2,)
    cur.close()
    conn.rollback()


def test_hold_cursor(conn):
    cur = conn.cursor("held", withhold=True)
    cur.execute("SELECT i FROM generate_series(1, 5) AS g(i)")
    conn.commit()
    assert [r[0] for r in cur.fetchall()] == [1, 2, 3, 4, 5]
    cur.close()


def test_copy(conn, name):
    cur = conn.cursor()
    cur.execute(f"CREATE TABLE {name} (i integer, t text)")
    cur.copy_from(io.StringIO("1\ta\\tb\n2\t\\N\n3\t\n"), name)
    assert cur.rowcount == 3
    cur.copy_expert(f"COPY {name} FROM STDIN WITH (FORMAT csv, HEADER)", io.StringIO('i,t\n4,"x, ""y""\nz"\n5,\n'))
    cur.execute(f"SELECT * FROM {name} ORDER BY i")
    assert cur.fetchall() == [(1, "a\tb"), (2, None), (3, ""), (4, 'x, "y"\nz'), (5, None)]
    out = io.StringIO()
    cur.copy_expert(f"COPY (SELECT * FROM {name} ORDER BY i) TO STDOUT", out)
    assert out.getvalue() == '1\ta\\tb\n2\t\\N\n3\t\n4\tx, "y"\\nz\n5\t\\N\n'
    out = io.StringIO()
    cur.copy_expert(f"COPY (SELECT * FROM {name} ORDER BY i) TO STDOUT (FORMAT csv, HEADER true)", out)
    assert out.getvalue() == 'i,t\n1,a\tb\n2,\n3,""\n4,"x, ""y""\nz"\n5,\n'
    conn.rollback()


def test_copy_failure_leaves_nothing(conn, name):
    cur = conn.cursor()
    cur.execute(f"CREATE TABLE {name} (i integer, t text)")
    conn.commit()
    with pytest.raises(psycopg2.DataError) as e:
        cur.copy_from(io.StringIO("1\ta\nx\tb\n"), name)
    assert e.value.pgcode == "22P02"
    conn.rollback()
    cur.execute(f"SELECT count(*) FROM {name}")
    assert cur.fetchone() == (0,)
    cur.execute(f"DROP TABLE {name}")
    conn.commit()


def test_execute_values_and_dict(conn, name):
    cur = conn.cursor(cursor_factory=psycopg2.extras.RealDictCursor)
    cur.execute(f"CREATE TABLE {name} (i integer, t text)")
    psycopg2.extras.execute_values(cur, f"INSERT INTO {name} VALUES %s", [(i, f"n{i}") for i in range(1000)])
    psycopg2.extras.execute_batch(cur, f"INSERT INTO {name} VALUES (%s, %s)", [(i, None) for i in range(1000, 1100)])
    cur.execute(f"SELECT count(*) AS n, count(t) AS t FROM {name}")
    assert dict(cur.fetchone()) == {"n": 1100, "t": 1000}
    conn.rollback()


def test_json_uuid_adapters(conn):
    psycopg2.extras.register_uuid()
    cur = conn.cursor()
    u = uuid.uuid4()
    cur.execute("SELECT %s::uuid, %s::json", (u, psycopg2.extras.Json({"a": [1, None]})))
    assert cur.fetchone() == (u, {"a": [1, None]})


def test_cancel(conn):
    cur = conn.cursor()
    threading.Timer(0.2, conn.cancel).start()
    start = time.monotonic()
    with pytest.raises(psycopg2.errors.QueryCanceled):
        cur.execute("SELECT count(*) FROM generate_series(1, 3000000) a(i), generate_series(1, 3000000) b(j) WHERE i + j = 7")
    assert time.monotonic() - start < 5
    conn.rollback()
    cur.execute("SELECT 42")
    assert cur.fetchone() == (42,)


def test_autocommit_and_isolation(conn):
    conn.set_session(isolation_level="REPEATABLE READ", autocommit=False)
    cur = conn.cursor()
    cur.execute("SELECT 1")
    conn.commit()
    conn.set_session(readonly=True)
    with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
        cur.execute("CREATE TABLE never (i integer)")
    conn.rollback()


def test_notify(conn):
    conn.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_AUTOCOMMIT)
    cur = conn.cursor()
    cur.execute("LISTEN alerts")
    cur.execute("NOTIFY alerts, 'drift'")
    conn.poll()
    note = conn.notifies.pop()
    assert (note.channel, note.payload) == ("alerts", "drift")


def test_multi_statement(conn, name):
    cur = conn.cursor()
    cur.execute(f"CREATE TABLE {name} (i integer); INSERT INTO {name} VALUES (1), (2); SELECT sum(i) FROM {name}")
    assert cur.fetchone() == (3,)
    conn.rollback()


def test_unicode_and_large_values(conn):
    cur = conn.cursor()
    big = "ß漢😀" * 300_000
    cur.execute("SELECT %s, length(%s)", (big, big))
    got, n = cur.fetchone()
    assert got == big and n == 900_000
