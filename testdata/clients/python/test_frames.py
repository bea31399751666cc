"""pandas, polars, ADBC, connectorx, ODBC: data frames and Arrow over the same port."""
import datetime as dt
import os

import pandas as pd
import polars as pl
import pytest
import sqlalchemy as sa

from conftest import DATABASE, HOST, PORT, URL, USER

QUERY = (
    "SELECT i::bigint AS i, i / 8.0::double precision AS d, 'n' || i AS t, mod(i, 2) = 0 AS b,"
    " timestamp '2024-01-01' + i * interval '1 hour' AS ts FROM generate_series(1, 1000) AS g(i)"
)


def check(i, d, t, b, ts):
    assert list(i) == list(range(1, 1001))
    assert list(d)[7] == 1.0 and list(t)[41] == "n42" and list(b)[:2] == [False, True]
    assert pd.Timestamp(list(ts)[0]) == pd.Timestamp(dt.datetime(2024, 1, 1, 1))


def test_pandas(name):
    e = sa.create_engine(f"postgresql+psycopg2://{URL}")
    frame = pd.read_sql(QUERY, e)
    check(frame.i, frame.d, frame.t, frame.b, frame.ts)
    frame.to_sql(name, e, index=False)
    back = pd.read_sql(sa.text(f"SELECT * FROM {name} ORDER BY i"), e)
    pd.testing.assert_frame_equal(back, frame)
    frame.iloc[:10].to_sql(name, e, index=False, if_exists="append", method="multi")
    assert pd.read_sql(f"SELECT count(*) AS n FROM {name}", e).n[0] == 1010
    assert sum(len(c) for c in pd.read_sql(QUERY, e, chunksize=300)) == 1000
    with e.begin() as c:
        c.exec_driver_sql(f"DROP TABLE {name}")
    e.dispose()


def test_polars_sqlalchemy():
    e = sa.create_engine(f"postgresql+psycopg2://{URL}")
    f = pl.read_database(QUERY, e)
    check(f["i"], f["d"], f["t"], f["b"], f["ts"])
    e.dispose()


def test_polars_connectorx():
    f = pl.read_database_uri(QUERY, f"postgresql://{URL}", engine="connectorx")
    check(f["i"], f["d"], f["t"], f["b"], f["ts"])


def test_polars_adbc():
    f = pl.read_database_uri(QUERY, f"postgresql://{URL}", engine="adbc")
    check(f["i"], f["d"], f["t"], f["b"], f["ts"])


def test_adbc(name):
    import adbc_driver_postgresql.dbapi as adbc
    import pyarrow as pa

    with adbc.connect(f"postgresql://{URL}") as c, c.cursor() as cur:
        cur.execute(QUERY)
        t = cur.fetch_arrow_table()
        assert t.num_rows == 1000 and t.column("i")[0].as_py() == 1
        data = pa.table({"i": pa.array([1, 2, None], pa.int64()), "t": ["a", None, "c"], "d": [0.5, 1.5, None]})
        assert cur.adbc_ingest(name, data, mode="create") == 3
        c.commit()
        cur.execute(f"SELECT * FROM {name} ORDER BY i")
        assert cur.fetch_arrow_table().num_rows == 3
        c.commit()
        catalogs = c.adbc_get_objects(depth="db_schemas").read_all().to_pylist()
        names = [x["db_schema_name"] for cat in catalogs for x in cat["catalog_db_schemas"] or []]
        assert "public" in names
        cur.execute(f"DROP TABLE {name}")
        c.commit()


@pytest.mark.skipif(not os.environ.get("EIDER_ODBC_DRIVER"), reason="EIDER_ODBC_DRIVER is not set: psqlodbc isn't installed")
def test_odbc(name):
    import pyodbc

    c = pyodbc.connect(
        f"DRIVER={os.environ['EIDER_ODBC_DRIVER']};SERVER={HOST};PORT={PORT};UID={USER};DATABASE={DATABASE}", autocommit=False
    )
    cur = c.cursor()
    cur.execute(f"CREATE TABLE {name} (i integer PRIMARY KEY, t varchar(20), d double precision, ts timestamp)")
    cur.executemany(f"INSERT INTO {name} VALUES (?, ?, ?, ?)", [(i, f"n{i}", i / 2, dt.datetime(2024, 1, 1)) for i in range(20)])
    rows = cur.execute(f"SELECT * FROM {name} WHERE i < ? ORDER BY i", 3).fetchall()
    assert [tuple(r) for r in rows] == [(i, f"n{i}", i / 2, dt.datetime(2024, 1, 1)) for i in range(3)]
    assert [r.table_name for r in cur.tables(table=name)] == [name]
    assert [r.column_name for r in cur.columns(table=name)] == ["i", "t", "d", "ts"]
    assert [r.column_name for r in cur.primaryKeys(table=name)] == ["i"]
    with pytest.raises(pyodbc.Error) as e:
        cur.execute("SELECT * FROM missing_odbc")
    assert e.value.args[0] in ("42P01", "42S02")
    c.rollback()
    c.close()
