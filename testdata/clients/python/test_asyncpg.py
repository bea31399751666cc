"""asyncpg: extended protocol only, everything binary, prepares every statement, introspects types."""
import asyncio
import datetime as dt
import decimal
import uuid

import asyncpg
import pytest

from conftest import DATABASE, HOST, PORT, USER


def run(test):
    """Runs an async test with a connection of its own."""

    def wrapped(name):
        async def main():
            conn = await asyncpg.connect(host=HOST, port=PORT, user=USER, database=DATABASE)
            try:
                await asyncio.wait_for(test(conn, name), 60)
            finally:
                await conn.close()

        asyncio.run(main())

    wrapped.__name__ = test.__name__
    return wrapped


@run
async def test_types(conn, name):
    await conn.execute(
        f"CREATE TABLE {name} (b boolean, s smallint, i integer, l bigint, f real, d double precision, n numeric(18,4), t text,"
        " y bytea, u uuid, da date, ti time, ts timestamp, tz timestamptz, iv interval, a bigint[], ta text[])"
    )
    row = (
        False, 1, -2, 3, 0.5, 1e300, decimal.Decimal("12345.6789"), "né", b"\x00\x01", uuid.uuid4(), dt.date(2024, 2, 29), dt.time(1, 2, 3, 4),
        dt.datetime(1900, 1, 1), dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc), dt.timedelta(days=1, microseconds=5), [1, None, 2], ["x", None, "y"],
    )
    marks = ",".join(f"${i + 1}" for i in range(len(row)))
    assert await conn.execute(f"INSERT INTO {name} VALUES ({marks})", *row) == "INSERT 0 1"
    assert tuple(await conn.fetchrow(f"SELECT * FROM {name}")) == row
    await conn.execute(f"INSERT INTO {name} (i) VALUES ($1)", None)
    assert set((await conn.fetch(f"SELECT * FROM {name} WHERE i IS NULL"))[0]) == {None}
    await conn.execute(f"DROP TABLE {name}")


@run
async def test_statement_metadata(conn, name):
    st = await conn.prepare("SELECT $1::int AS a, $2::text AS b, 1.5::numeric(5,2) AS c")
    assert [p.name for p in st.get_parameters()] == ["int4", "text"]
    assert [a.name for a in st.get_attributes()] == ["a", "b", "c"]
    assert [a.type.name for a in st.get_attributes()][:1] == ["int4"]
    assert tuple(await st.fetchrow(7, "q")) == (7, "q", decimal.Decimal("1.50"))


@run
async def test_cursor(conn, name):
    async with conn.transaction():
        total = 0
        async for rec in conn.cursor("SELECT i FROM generate_series(1, 1000) AS g(i)", prefetch=64):
            total += rec["i"]
        assert total == 500500
        cur = await conn.cursor("SELECT i FROM generate_series(1, 100) AS g(i)")
        assert [r["i"] for r in await cur.fetch(3)] == [1, 2, 3]
        assert await cur.forward(5) == 5
        assert (await cur.fetchrow())["i"] == 9


@run
async def test_transactions(conn, name):
    await conn.execute(f"CREATE TABLE {name} (i integer PRIMARY KEY)")
    with pytest.raises(asyncpg.UniqueViolationError):
        async with conn.transaction():
            await conn.execute(f"INSERT INTO {name} VALUES (1)")
            await conn.execute(f"INSERT INTO {name} VALUES (1)")
    assert await conn.fetchval(f"SELECT count(*) FROM {name}") == 0
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        assert await conn.fetchval("SELECT 1") == 1
    await conn.execute(f"DROP TABLE {name}")


@run
async def test_copy(conn, name):
    await conn.execute(f"CREATE TABLE {name} (i integer, t text, ts timestamptz)")
    now = dt.datetime(2024, 5, 6, 7, 8, 9, 10, tzinfo=dt.timezone.utc)
    rows = [(i, None if i % 3 == 0 else f"t{i}", now) for i in range(3000)]
    assert await conn.copy_records_to_table(name, records=rows) == "COPY 3000"
    got = [tuple(r) for r in await conn.fetch(f"SELECT * FROM {name} ORDER BY i")]
    assert got == rows
    out = bytearray()

    async def sink(data):
        out.extend(data)

    await conn.copy_from_query(f"SELECT i FROM {name} ORDER BY i LIMIT 3", output=sink, format="csv")
    assert bytes(out) == b"0\n1\n2\n"
    await conn.execute(f"DROP TABLE {name}")


@run
async def test_executemany(conn, name):
    await conn.execute(f"CREATE TABLE {name} (i integer, t text)")
    await conn.executemany(f"INSERT INTO {name} VALUES ($1, $2)", [(i, str(i)) for i in range(500)])
    assert await conn.fetchval(f"SELECT sum(i) FROM {name}") == 124750
    await conn.execute(f"DROP TABLE {name}")


@run
async def test_errors(conn, name):
    with pytest.raises(asyncpg.UndefinedTableError):
        await conn.fetch("SELECT * FROM missing_asyncpg")
    with pytest.raises(asyncpg.PostgresSyntaxError):
        await conn.fetch("SELEC 1")
    with pytest.raises(asyncpg.DataError):
        await conn.fetchval("SELECT $1::int", "not a number")
    assert await conn.fetchval("SELECT 1") == 1


@run
async def test_listen(conn, name):
    got = asyncio.Queue()
    await conn.add_listener("news", lambda c, pid, channel, payload: got.put_nowait((channel, payload)))
    await conn.execute("SELECT pg_notify('news', 'extra')")
    assert await asyncio.wait_for(got.get(), 10) == ("news", "extra")
    await conn.remove_listener("news", lambda *a: None)


@run
async def test_timeout_cancels(conn, name):
    with pytest.raises(asyncio.TimeoutError):
        await conn.fetchval("SELECT count(*) FROM generate_series(1, 3000000) a(i), generate_series(1, 3000000) b(j) WHERE i + j = 7", timeout=0.3)
    assert await conn.fetchval("SELECT 2") == 2


def test_pool():
    async def main():
        async with asyncpg.create_pool(host=HOST, port=PORT, user=USER, database=DATABASE, min_size=2, max_size=5) as pool:
            got = await asyncio.gather(*(pool.fetchval("SELECT $1::int * 2", i) for i in range(40)))
            assert got == [2 * i for i in range(40)]

    asyncio.run(main())


@run
async def test_introspection(conn, name):
    await conn.execute(f"CREATE TYPE mood_{name} AS ENUM ('a', 'b')")
    assert await conn.fetchval(f"SELECT 'b'::mood_{name}") == "b"
    await conn.execute(f"DROP TYPE mood_{name}")
    assert conn.get_server_version().major == 15
    assert conn.get_settings().server_encoding == "UTF8"
