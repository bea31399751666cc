"""SQLAlchemy 2: Core, ORM, and the inspector against psycopg2, psycopg 3 and asyncpg's dialect."""
import datetime as dt
import decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from conftest import URL

DRIVERS = ["psycopg2", "psycopg", "pg8000"]


@pytest.fixture(params=DRIVERS)
def engine(request):
    e = sa.create_engine(f"postgresql+{request.param}://{URL}")
    yield e
    e.dispose()


def test_core(engine, name):
    meta = sa.MetaData()
    t = sa.Table(
        name, meta, sa.Column("id", sa.Integer, primary_key=True, autoincrement=False), sa.Column("name", sa.String(40), nullable=False),
        sa.Column("amount", sa.Numeric(12, 2)), sa.Column("ts", sa.DateTime(timezone=True)), sa.Column("flag", sa.Boolean, server_default=sa.text("true")),
    )
    meta.create_all(engine)
    at = dt.datetime(2024, 3, 4, 5, 6, 7, tzinfo=dt.timezone.utc)
    with engine.begin() as c:
        c.execute(t.insert(), [{"id": i, "name": f"n{i}", "amount": decimal.Decimal(i) / 4, "ts": at} for i in range(100)])
        rows = c.execute(sa.select(t).where(t.c.id.in_([3, 5])).order_by(t.c.id)).all()
        assert [tuple(r) for r in rows] == [(3, "n3", decimal.Decimal("0.75"), at, True), (5, "n5", decimal.Decimal("1.25"), at, True)]
        n = c.execute(t.update().where(t.c.id < 10).values(name="x")).rowcount
        assert n == 10
        got = c.execute(t.delete().where(t.c.id == 1).returning(t.c.id, t.c.name)).all()
        assert [tuple(r) for r in got] == [(1, "x")]
    with engine.connect() as c:
        stream = c.execute(sa.select(t.c.id).order_by(t.c.id), execution_options={"stream_results": True, "max_row_buffer": 10})
        assert len(stream.fetchmany(5)) == 5
        stream.close()
        c.rollback()
        with pytest.raises(sa.exc.IntegrityError):
            c.execute(t.insert(), {"id": 2, "name": "dup"})
        c.rollback()
    meta.drop_all(engine)


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "client_author"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(sa.String(50))
    books: Mapped[list["Book"]] = relationship(back_populates="author")


class Book(Base):
    __tablename__ = "client_book"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    author_id: Mapped[int] = mapped_column(sa.ForeignKey("client_author.id"))
    title: Mapped[str]
    author: Mapped[Author] = relationship(back_populates="books")


def test_orm(engine):
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with Session(engine) as s:
        s.add(Author(id=1, name="Ada", books=[Book(id=1, title="Notes"), Book(id=2, title="Engines")]))
        s.commit()
        a = s.scalars(sa.select(Author).options(sa.orm.selectinload(Author.books))).one()
        assert sorted(b.title for b in a.books) == ["Engines", "Notes"]
        q = sa.select(Author.name, sa.func.count(Book.id)).join(Book).group_by(Author.name)
        assert [tuple(r) for r in s.execute(q)] == [("Ada", 2)]
        with s.begin_nested():
            s.add(Author(id=2, name="Grace"))
        s.commit()
        assert s.scalar(sa.select(sa.func.count()).select_from(Author)) == 2
    Base.metadata.drop_all(engine)


SCHEMA = """
CREATE SCHEMA insp;
CREATE TABLE insp.parent (id integer PRIMARY KEY, code varchar(10) NOT NULL UNIQUE, amount numeric(10,2) DEFAULT 0, note text);
CREATE TABLE insp.child (id bigint NOT NULL, parent_id integer NOT NULL REFERENCES insp.parent (id), ts timestamp, ok boolean DEFAULT true,
  price double precision CHECK (price >= 0), PRIMARY KEY (id, parent_id));
CREATE INDEX child_at ON insp.child (ts);
CREATE VIEW insp.both_of AS SELECT p.code, c.ts FROM insp.parent p JOIN insp.child c ON c.parent_id = p.id;
COMMENT ON TABLE insp.parent IS 'the parents';
COMMENT ON COLUMN insp.parent.code IS 'a short code';
"""


@pytest.fixture
def inspected(engine):
    with engine.begin() as c:
        c.exec_driver_sql("DROP SCHEMA IF EXISTS insp CASCADE")
        for statement in SCHEMA.split(";\n"):
            if statement.strip():
                c.exec_driver_sql(statement)
    yield sa.inspect(engine)
    with engine.begin() as c:
        c.exec_driver_sql("DROP SCHEMA IF EXISTS insp CASCADE")


def test_inspector(inspected):
    i = inspected
    assert "insp" in i.get_schema_names() and i.default_schema_name == "public"
    assert sorted(i.get_table_names(schema="insp")) == ["child", "parent"]
    assert i.get_view_names(schema="insp") == ["both_of"]
    assert i.get_materialized_view_names(schema="insp") == []
    assert i.has_table("parent", schema="insp") and not i.has_table("nope", schema="insp") and i.has_schema("insp")
    cols = {c["name"]: c for c in i.get_columns("parent", schema="insp")}
    assert list(cols) == ["id", "code", "amount", "note"]
    assert [str(c["type"]) for c in cols.values()] in (
        ["INTEGER", "VARCHAR(10)", "NUMERIC(10, 2)", "TEXT"],
        ["INTEGER", "VARCHAR", "NUMERIC(10, 2)", "VARCHAR"],  # a server without length limits says so
        ["INTEGER", "TEXT", "NUMERIC(10, 2)", "TEXT"],
    )
    assert [c["nullable"] for c in cols.values()] == [False, False, True, True]
    assert cols["code"]["comment"] == "a short code" and cols["amount"]["default"] is not None
    assert i.get_table_comment("parent", schema="insp") == {"text": "the parents"}
    assert i.get_pk_constraint("child", schema="insp")["constrained_columns"] == ["id", "parent_id"]
    assert i.get_pk_constraint("parent", schema="insp")["constrained_columns"] == ["id"]
    fk = i.get_foreign_keys("child", schema="insp")
    assert [(f["constrained_columns"], f["referred_schema"], f["referred_table"], f["referred_columns"]) for f in fk] == [(["parent_id"], "insp", "parent", ["id"])]
    assert [u["column_names"] for u in i.get_unique_constraints("parent", schema="insp")] == [["code"]]
    checks = i.get_check_constraints("child", schema="insp")
    assert len(checks) == 1 and "price" in checks[0]["sqltext"]
    idx = {x["name"]: x for x in i.get_indexes("child", schema="insp")}
    assert idx["child_at"]["column_names"] == ["ts"] and not idx["child_at"]["unique"]
    assert "both_of" in i.get_view_names(schema="insp") and "parent" in i.get_view_definition("both_of", schema="insp")
    assert i.get_sequence_names(schema="insp") == []
    assert i.get_enums(schema="insp") == []
    assert i.get_domains(schema="insp") == []


def test_reflection(inspected, engine):
    meta = sa.MetaData()
    meta.reflect(engine, schema="insp", views=True)
    assert sorted(meta.tables) == ["insp.both_of", "insp.child", "insp.parent"]
    child = meta.tables["insp.child"]
    assert [c.name for c in child.primary_key.columns] == ["id", "parent_id"]
    assert [fk.target_fullname for fk in child.foreign_keys] == ["insp.parent.id"]
    with engine.begin() as c:
        parent = meta.tables["insp.parent"]
        c.execute(parent.insert(), {"id": 1, "code": "a"})
        assert c.execute(sa.select(parent.c.code, parent.c.amount)).all() == [("a", decimal.Decimal("0.00"))]


def test_multi_reflection(inspected):
    cols = inspected.get_multi_columns(schema="insp", kind=sa.engine.reflection.ObjectKind.ANY)
    assert sorted(k[1] for k in cols) == ["both_of", "child", "parent"]
    assert sorted(k[1] for k in inspected.get_multi_pk_constraint(schema="insp")) == ["child", "parent"]
    inspected.get_multi_foreign_keys(schema="insp")
    inspected.get_multi_indexes(schema="insp")
    inspected.get_multi_unique_constraints(schema="insp")
    inspected.get_multi_check_constraints(schema="insp")
    inspected.get_multi_table_comment(schema="insp")
