"""psycopg 3: extended protocol, server-side parameters, binary formats, pipelines."""
import datetime as dt
import decimal
import uuid

import psycopg
import pytest
from psycopg.rows import dict_row

from conftest import DATABASE, HOST, PORT, USER


@pytest.fixture
def conn():
    with psycopg.connect(host=HOST, port=PORT, user=USER, dbname=DATABASE) as c:
        yield c
        c.rollback()


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize(
    "value, sqltype",
    [
        (True, "boolean"), (-5, "smallint"), (2**31 - 1, "integer"), (-(2**63), "bigint"), (0.1, "double precision"),
        (float("inf"), "double precision"), (decimal.Decimal("-12345678901234567890.50000"), "numeric(30,5)"),
        (decimal.Decimal("0.001"), "numeric(10,3)"), ("ünï'\\", "text"), ("", "text"), (b"\x00\x01\xff", "bytea"), (b"", "bytea"),
        (uuid.UUID(int=2**127 + 5), "uuid"), (dt.date(1, 1, 1), "date"), (dt.date(9999, 12, 31), "date"),
        (dt.time(0, 0, 0, 1), "time"), (dt.datetime(1970, 1, 1), "timestamp"), (dt.datetime(2300, 5, 6, 7, 8, 9, 123456), "timestamp"),
        (dt.datetime(2024, 7, 1, 12, tzinfo=dt.timezone.utc), "timestamptz"), (dt.timedelta(days=-3, seconds=7, microseconds=9), "interval"),
        ([1, None, -3], "integer[]"), (["a", 'b"c', None, ""], "text[]"), ([1.5, float("nan")], "double precision[]"), ([], "integer[]"),
    ],
    ids=lambda v: str(v)[:30],
)
def test_round_trip(conn, value, sqltype, binary):
    fmt = "%b" if binary else "%t"
    got = conn.cursor(binary=binary).execute(f"SELECT {fmt}::{sqltype}", (value,)).fetchone()[0]
    if isinstance(value, dt.datetime) and value.tzinfo:
        got = got.astimezone(dt.timezone.utc)
    assert repr(got) == repr(value)


def test_null_parameters(conn):
    assert conn.execute("SELECT %s::int, %s::text, %s::int", (None, None, 3)).fetchone() == (None, None, 3)


def test_prepared_and_schema(conn, name):
    conn.execute(f"CREATE TABLE {name} (i integer PRIMARY KEY, t text)")
    for i in range(20):
        conn.execute(f"INSERT INTO {name} VALUES (%s, %s)", (i, f"n{i}"), prepare=True)
    cur = conn.cursor(row_factory=dict_row)
    for i in range(10):
        assert cur.execute(f"SELECT * FROM {name} WHERE i = %s", (i,), prepare=True).fetchone() == {"i": i, "t": f"n{i}"}


def test_executemany_returning(conn, name):
    conn.execute(f"CREATE TABLE {name} (i integer, t text)")
    cur = conn.cursor()
    cur.executemany(f"INSERT INTO {name} VALUES (%s, %s) RETURNING i", [(i, "x") for i in range(50)], returning=True)
    got = []
    while True:
        got.append(cur.fetchone()[0])
        if not cur.nextset():
            break
    assert got == list(range(50))


def test_pipeline(conn, name):
    conn.execute(f"CREATE TABLE {name} (i integer PRIMARY KEY)")
    conn.commit()
    with conn.pipeline():
        cursors = [conn.execute(f"INSERT INTO {name} VALUES (%s) RETURNING i * 2", (i,)) for i in range(100)]
        assert [c.fetchone()[0] for c in cursors] == [2 * i for i in range(100)]
    with pytest.raises(psycopg.errors.UniqueViolation):
        with conn.pipeline():
            conn.execute(f"INSERT INTO {name} VALUES (1000)")
            conn.execute(f"INSERT INTO {name} VALUES (1)")
            conn.execute("SELECT 1")
    conn.rollback()
    conn.execute(f"DROP TABLE IF EXISTS {name}")
    conn.commit()


def test_server_cursor(conn):
    with conn.cursor(name="c") as cur:
        cur.execute("SELECT i, 'n' || i FROM generate_series(1, %s) AS g(i)", (5000,))
        assert cur.fetchone() == (1, "n1")
        assert len(cur.fetchmany(100)) == 100
        assert sum(1 for _ in cur) == 4899


@pytest.mark.parametrize("fmt", ["text", "csv", "binary"])
def test_copy(conn, name, fmt):
    conn.execute(f"CREATE TABLE {name} (i integer, d double precision, t text, ts timestamp)")
    cur = conn.cursor()
    rows = [(i, i / 8, None if i % 7 == 0 else f"row\t{i}\n", dt.datetime(2024, 1, 1) + dt.timedelta(hours=i)) for i in range(5000)]
    if fmt == "csv":
        with cur.copy(f"COPY {name} FROM STDIN (FORMAT csv)") as copy:
            for i, d, t, ts in rows:
                copy.write(f"{i},{d},{'' if t is None else chr(34) + t + chr(34)},{ts}\n")
    else:
        with cur.copy(f"COPY {name} FROM STDIN (FORMAT {fmt})") as copy:
            if fmt == "binary":
                copy.set_types(["int4", "float8", "text", "timestamp"])
            for r in rows:
                copy.write_row(r)
    assert cur.execute(f"SELECT * FROM {name} ORDER BY i").fetchall() == rows
    if fmt != "csv":
        with cur.copy(f"COPY (SELECT * FROM {name} ORDER BY i) TO STDOUT (FORMAT {fmt})") as copy:
            copy.set_types(["int4", "float8", "text", "timestamp"])
            assert list(copy.rows()) == rows


def test_copy_cancelled_by_client(conn, name):
    conn.execute(f"CREATE TABLE {name} (i integer)")
    conn.commit()
    with pytest.raises(psycopg.errors.QueryCanceled):
        with conn.cursor().copy(f"COPY {name} FROM STDIN") as copy:
            copy.write(b"1\n2\n")
            raise psycopg.errors.QueryCanceled("the client changed its mind")
    conn.rollback()
    assert conn.execute(f"SELECT count(*) FROM {name}").fetchone() == (0,)
    conn.execute(f"DROP TABLE {name}")
    conn.commit()


def test_nested_transactions(conn, name):
    conn.execute(f"CREATE TABLE {name} (i integer)")
    with conn.transaction():
        conn.execute(f"INSERT INTO {name} VALUES (1)")
        with conn.transaction():  # SAVEPOINT … RELEASE
            conn.execute(f"INSERT INTO {name} VALUES (2)")
    assert conn.execute(f"SELECT count(*) FROM {name}").fetchone() == (2,)


def test_notices_and_diagnostics(conn):
    with pytest.raises(psycopg.errors.UndefinedTable) as e:
        conn.execute("SELECT * FROM missing_table_xyz")
    assert e.value.diag.sqlstate == "42P01" and e.value.diag.severity == "ERROR"
    assert e.value.diag.statement_position == "15"
    conn.rollback()


def test_type_info(conn):
    info = psycopg.types.TypeInfo.fetch(conn, "int4")
    assert info.oid == 23 and info.array_oid == 1007
    assert psycopg.types.TypeInfo.fetch(conn, "no_such_type") is None


def test_enum(conn):
    conn.execute("CREATE TYPE mood_p3 AS ENUM ('sad', 'ok', 'happy')")
    info = psycopg.types.enum.EnumInfo.fetch(conn, "mood_p3")
    assert list(info.labels) == ["sad", "ok", "happy"]
    assert conn.execute("SELECT 'ok'::mood_p3").fetchone() == ("ok",)


def test_notifies(conn):
    conn.autocommit = True
    conn.execute("LISTEN chan")
    with psycopg.connect(host=HOST, port=PORT, user=USER, dbname=DATABASE, autocommit=True) as other:
        other.execute("SELECT pg_notify('chan', 'hello')")
        note = next(conn.notifies(timeout=10, stop_after=1))
        assert note.payload == "hello" and note.pid == other.info.backend_pid


def test_timeout(conn):
    conn.execute("SET statement_timeout = '200ms'")
    with pytest.raises(psycopg.errors.QueryCanceled):
        conn.execute("SELECT count(*) FROM generate_series(1, 3000000) a(i), generate_series(1, 3000000) b(j) WHERE i + j = 7")
