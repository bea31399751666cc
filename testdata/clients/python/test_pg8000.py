"""pg8000: pure Python, extended protocol, text formats."""
import datetime as dt
import decimal
import io
import uuid

import pg8000.dbapi
import pg8000.native
import pytest

from conftest import DATABASE, HOST, PORT, USER


@pytest.fixture
def conn():
    c = pg8000.native.Connection(USER, host=HOST, port=PORT, database=DATABASE)
    yield c
    c.close()


def test_types(conn, name):
    conn.run(
        f"CREATE TABLE {name} (b boolean, i integer, l bigint, d double precision, n numeric(10,2), t text, y bytea, u uuid,"
        " da date, ti time, ts timestamp, tz timestamptz, a integer[])"
    )
    row = [True, 1, 2**40, -0.25, decimal.Decimal("3.14"), "tëxt", b"\x01\x00", uuid.uuid4(), dt.date(2020, 1, 2), dt.time(3, 4, 5),
           dt.datetime(2020, 1, 2, 3, 4, 5, 6), dt.datetime(2020, 1, 2, tzinfo=dt.timezone.utc), [1, None, 2]]
    params = {f"p{i}": v for i, v in enumerate(row)}
    conn.run(f"INSERT INTO {name} VALUES ({', '.join(':' + p for p in params)})", **params)
    assert conn.run(f"SELECT * FROM {name}") == [row]
    assert [c["name"] for c in conn.columns] == ["b", "i", "l", "d", "n", "t", "y", "u", "da", "ti", "ts", "tz", "a"]
    conn.run(f"DROP TABLE {name}")


def test_prepared(conn):
    ps = conn.prepare("SELECT CAST(:v AS integer) + 1")
    assert [ps.run(v=i)[0][0] for i in range(10)] == list(range(1, 11))
    ps.close()


def test_transaction_and_error(conn, name):
    conn.run("START TRANSACTION")
    conn.run(f"CREATE TABLE {name} (i integer)")
    with pytest.raises(pg8000.native.DatabaseError) as e:
        conn.run("SELECT * FROM missing_pg8000")
    assert e.value.args[0]["C"] == "42P01"
    with pytest.raises(pg8000.native.DatabaseError) as e:
        conn.run("SELECT 1")
    assert e.value.args[0]["C"] == "25P02"
    conn.run("ROLLBACK")
    with pytest.raises(pg8000.native.DatabaseError):
        conn.run(f"SELECT * FROM {name}")


def test_copy(conn, name):
    conn.run(f"CREATE TABLE {name} (i integer, t text)")
    conn.run(f"COPY {name} FROM STDIN WITH (FORMAT csv)", stream=["1,a\n", "2,b\n"])
    out = io.BytesIO()
    conn.run(f"COPY {name} TO STDOUT WITH (FORMAT csv)", stream=out)
    assert out.getvalue() == b"1,a\n2,b\n"
    conn.run(f"DROP TABLE {name}")


def test_dbapi(name):
    with pg8000.dbapi.connect(user=USER, host=HOST, port=PORT, database=DATABASE) as c:
        cur = c.cursor()
        cur.execute(f"CREATE TABLE {name} (i integer, t text)")
        cur.executemany(f"INSERT INTO {name} VALUES (%s, %s)", [(1, "a"), (2, None)])
        cur.execute(f"SELECT i, t FROM {name} ORDER BY i")
        assert cur.fetchall() == ([1, "a"], [2, None])
        assert cur.rowcount == 2
        c.rollback()
        cur.execute("SELECT 1 WHERE false")
        assert cur.fetchall() == ()
        c.rollback()


def test_notices_and_parameters(conn):
    assert str(conn.parameter_statuses["server_version"]).strip("b'").startswith("15")
    conn.run("SET application_name = 'pg8000 test'")
    assert conn.run("SHOW application_name") == [["pg8000 test"]]
