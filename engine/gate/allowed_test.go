package gate_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// TestAllowed is what an ordinary role must be able to do with SELECT and INSERT on a table.
func TestAllowed(t *testing.T) {
	ann := newWorld(t, shop(t)).as("ann")
	for _, c := range []struct {
		sql  string
		want []string
	}{
		{"SELECT count(*) FROM orders", []string{"3"}},
		{"FROM orders SELECT sum(total)", []string{"60"}},
		{"SELECT * FROM (TABLE orders) LIMIT 0", nil},
		{"SELECT o.id, c.city FROM orders o JOIN customers c ON c.name = o.customer WHERE city = 'Oslo'", []string{"2|Oslo"}},
		{"SELECT id FROM orders o WHERE EXISTS (SELECT 1 FROM customers c WHERE c.name = o.customer) ORDER BY id DESC LIMIT 1", []string{"3"}},
		{"WITH big AS (SELECT * FROM orders WHERE total > 15), n AS (SELECT count(*) AS n FROM big) SELECT n FROM n", []string{"2"}},
		{"WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 5) SELECT sum(i) FROM r", []string{"15"}},
		{"SELECT id, sum(total) OVER (PARTITION BY customer ORDER BY placed) FROM orders QUALIFY row_number() OVER (ORDER BY id) = 1", []string{"1|10"}},
		{"SELECT customer, sum(total) FROM orders GROUP BY ROLLUP (customer) HAVING sum(total) > 50", []string{"<nil>|60"}},
		{"SELECT id FROM orders UNION SELECT length(city) FROM customers EXCEPT SELECT 4 ORDER BY 1", []string{"1", "2", "3"}},
		{"SELECT x.id FROM orders o, LATERAL (SELECT o.id) x(id) ORDER BY 1 LIMIT 1", []string{"1"}},
		{"SELECT count(*) FROM orders a ASOF JOIN orders b ON a.placed >= b.placed", []string{"3"}},
		{"SELECT count(*) FROM orders POSITIONAL JOIN customers", []string{"3"}},
		{"PIVOT (SELECT customer, total FROM orders) ON customer IN ('x', 'y') USING sum(total)", []string{"40|20"}},
		{"SELECT COLUMNS('i.*') FROM orders ORDER BY 1 LIMIT 1", []string{"1"}},
		{"SELECT list_transform([1, 2], x -> x + 1)", []string{"[2 3]"}},
		{"SELECT unnest([1, 2])", []string{"1", "2"}},
		{"SELECT * FROM range(2)", []string{"0", "1"}},
		{"SELECT string_agg(customer, ',' ORDER BY id) FILTER (WHERE total > 5) FROM orders", []string{"x,y,x"}},
		{"SELECT word FROM words", []string{"swordfish"}}, // the owner's rights
		{"SELECT count(*) FROM filtered", []string{"0"}},
		{"SELECT max(h) FROM halves", []string{"15"}},
		{"SELECT half(4)", []string{"2"}},
		{"SELECT sum(amount) FROM mart.sales", []string{"3"}},
		{"SELECT sum(amount) FROM shop.mart.sales", []string{"3"}},
		{"FROM any_table('orders') SELECT count(*)", []string{"3"}},
		{"FROM query_table('customers') SELECT count(*)", []string{"2"}},
		{"FROM query('SELECT 1 AS one')", []string{"1"}},
		{"SUMMARIZE SELECT id FROM orders", nil},
		{"DESCRIBE orders", nil},
		{"DESCRIBE SELECT 1", nil},
		{"SHOW TABLES", []string{"customers", "filtered", "halves", "orders", "words"}},
		{"EXPLAIN SELECT * FROM orders", nil},
		{"EXPLAIN ANALYZE SELECT * FROM orders", nil},
		{"INSERT INTO orders VALUES (4, 40, 'z', NULL), (5, -1.5e0, NULL, DEFAULT)", nil},
		{"INSERT INTO orders (id, total) SELECT id + 100, total FROM orders WHERE id = 1", nil},
		{"INSERT INTO orders BY NAME SELECT 7 AS id", nil},
		{"WITH n AS (SELECT 8 AS id) INSERT INTO orders (id) SELECT id FROM n RETURNING id", []string{"8"}},
		{"CREATE TEMP TABLE mine (a INTEGER, b VARCHAR DEFAULT upper('x'), CHECK (a > 0))", nil},
		{"INSERT INTO mine (a) VALUES (1)", nil},
		{"UPDATE mine SET b = lower(b) WHERE a = 1 RETURNING b", []string{"x"}},
		{"MERGE INTO mine USING (SELECT 1 AS a, 'm' AS b) s ON mine.a = s.a WHEN MATCHED THEN UPDATE SET b = s.b WHEN NOT MATCHED THEN INSERT VALUES (s.a, s.b)", nil},
		{"SELECT b FROM mine", []string{"m"}},
		{"DELETE FROM mine USING orders o WHERE o.id = mine.a", nil},
		{"TRUNCATE mine", nil},
		{"CREATE TEMP VIEW v AS SELECT id FROM orders WHERE id = 1; SELECT * FROM v", []string{"1"}},
		{"CREATE TEMP TABLE copy AS SELECT * FROM orders; SELECT count(*) > 3 FROM copy", []string{"true"}},
		{"ALTER TABLE copy ADD COLUMN extra INTEGER DEFAULT 1; ALTER TABLE copy RENAME TO copy2; DROP TABLE copy2", nil},
		{"CREATE TEMP MACRO twice(x) AS x * 2; SELECT twice(4)", []string{"8"}},
		{"BEGIN; INSERT INTO orders (id) VALUES (9); ROLLBACK; SELECT count(*) FROM orders WHERE id = 9", []string{"0"}},
		{"SELECT name, role FROM (SELECT role AS name, role FROM eider.roles) WHERE role = 'ann'", []string{"ann|ann"}},
		{"SELECT count(*) FROM eider.grants WHERE object_name = 'orders' AND grantee = 'ann'", []string{"2"}},
		{"SELECT count(*) FROM eider.grants WHERE grantee = 'reader'", []string{"0"}},
		{"SELECT current_setting('threads') IS NOT NULL", []string{"true"}},
		{"SELECT 1; -- done", []string{"1"}},
		{"SET ROLE analysts; SELECT count(*) FROM customers; RESET ROLE", nil},
	} {
		lines, err := ann.run(c.sql)
		assert.NoError(t, err, c.sql)
		if c.want != nil {
			assert.Equal(t, c.want, lines, c.sql)
		}
	}
}

// TestPrepared re-checks what was prepared before a grant was revoked.
func TestPrepared(t *testing.T) {
	w := newWorld(t, shop(t))
	ann, ctx := w.as("ann"), context.Background()
	text := "SELECT count(*) FROM orders WHERE id > $1"
	st, err := ann.Prepare(ctx, text, ann.Split(text)[0], nil)
	require.NoError(t, err)
	run := func() error {
		c, err := st.Run(ctx, []any{int64(0)})
		if err != nil {
			return err
		}
		return c.Close()
	}
	require.NoError(t, run())
	w.root.must("REVOKE SELECT ON orders FROM ann")
	require.True(t, sqlstate.Is(run(), sqlstate.InsufficientPrivilege))
	w.root.must("GRANT SELECT ON orders TO ann")
	require.NoError(t, run())
	// Another table of that name is another table, and the grants went with the first.
	w.root.must("DROP VIEW halves; DROP VIEW totals; DROP TABLE orders; CREATE TABLE orders (id INTEGER)")
	require.True(t, sqlstate.Is(run(), sqlstate.InsufficientPrivilege))
	require.NoError(t, st.Close())
}

// TestViewReplaced looks again into a view that was made anew.
func TestViewReplaced(t *testing.T) {
	w := newWorld(t, shop(t))
	w.root.must("GRANT CREATE ON SCHEMA main TO analysts; GRANT SELECT ON secret TO builder")
	builder := w.as("builder")
	builder.must("CREATE VIEW mine AS SELECT id FROM orders; GRANT SELECT ON mine TO ann")
	ann := w.as("ann")
	ann.must("SELECT * FROM mine")
	builder.must("CREATE OR REPLACE VIEW mine AS SELECT id, word FROM secret")
	ann.must("SELECT * FROM mine") // the owner may, so the view may
	w.root.must("REVOKE SELECT ON secret FROM builder")
	ann.refused("SELECT * FROM mine", sqlstate.InsufficientPrivilege)
	builder.refused("SELECT * FROM mine", sqlstate.InsufficientPrivilege)
}

// TestCopy fills and reads a table through the client: INSERT is enough for the one, SELECT for the other.
func TestCopy(t *testing.T) {
	w := newWorld(t, shop(t))
	ctx := context.Background()
	mallory, ann := w.as("mallory"), w.as("ann")
	text := "COPY drops FROM STDIN"
	st, err := mallory.Prepare(ctx, text, mallory.Split(text)[0], nil)
	require.NoError(t, err)
	in, err := st.CopyIn(ctx, nil)
	require.NoError(t, err)
	chunk := in.Chunk()
	chunk.Column(0).AppendBytes([]byte("hello"))
	require.NoError(t, in.Send(ctx, chunk))
	n, err := in.Finish(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	require.Equal(t, []string{"hello"}, w.root.must("FROM drops"))

	st, err = mallory.Prepare(ctx, text, mallory.Split(text)[0], nil)
	require.NoError(t, err)
	w.root.must("REVOKE INSERT ON drops FROM mallory")
	_, err = st.CopyIn(ctx, nil)
	require.True(t, sqlstate.Is(err, no), "%v", err)

	text = "COPY (SELECT id FROM orders ORDER BY id) TO STDOUT"
	st, err = ann.Prepare(ctx, text, ann.Split(text)[0], nil)
	require.NoError(t, err)
	out, err := st.CopyOut(ctx)
	require.NoError(t, err)
	c, err := out.Next(ctx)
	require.NoError(t, err)
	require.Equal(t, 3, c.Len)
	require.NoError(t, out.Close())
}

// TestPivot looks up the values of a PIVOT without IN as the role may.
func TestPivot(t *testing.T) {
	w := newWorld(t, shop(t))
	want := w.root.must("PIVOT (SELECT customer, total FROM orders) ON customer USING sum(total)")
	ann := w.as("ann")
	for _, sql := range []string{
		"PIVOT (SELECT customer, total FROM orders) ON customer USING sum(total)",
		"PIVOT_WIDER (SELECT customer, total FROM orders) ON customer USING sum(total) ORDER BY ALL LIMIT 1",
	} {
		require.Equal(t, want, ann.must(sql), sql)
	}
	ann.must("PIVOT orders ON customer, year(placed) USING sum(total), count(*) GROUP BY id")
	ann.refused("PIVOT orders ON (SELECT word FROM secret) USING sum(total)", no, sqlstate.SyntaxError)
	ann.refused("PIVOT secret ON word", no)
	ann.refused("PIVOT orders ON customer USING max((SELECT word FROM secret))", no)
}

// TestTransformations is what a tool like dbt does, as a role that owns its schema.
func TestTransformations(t *testing.T) {
	w := newWorld(t, shop(t))
	w.root.must("GRANT CREATE ON DATABASE shop TO builder")
	builder := w.as("builder")
	for _, sql := range []string{
		`CREATE SCHEMA IF NOT EXISTS "shop"."dbt"`,
		`/* {"app": "dbt"} */ create table "shop"."dbt"."daily__tmp" as ( select customer, sum(total) as total from "shop"."main"."orders" group by 1 )`,
		`-- a comment
		 create or replace view "shop"."dbt"."v" as select * from "shop"."dbt"."daily__tmp"`,
		`drop view if exists "shop"."dbt"."v" cascade`,
		`BEGIN`,
		`alter table "shop"."dbt"."daily__tmp" rename to "daily"`,
		`COMMIT`,
		`comment on table "shop"."dbt"."daily" is $dbt$what's sold$dbt$`,
		`comment on column "shop"."dbt"."daily"."total" is 'sum'`,
		`create unique index if not exists daily_i on dbt.daily using art (customer)`,
		`create temporary table "daily__delta" as (select * from dbt.daily where total > 15)`,
		`delete from "shop"."dbt"."daily" as DBT_INTERNAL_DEST where (customer) in (select distinct customer from "daily__delta" as DBT_INTERNAL_SOURCE)`,
		`insert into "shop"."dbt"."daily" ("customer", "total") ( select "customer", "total" from "daily__delta" )`,
		`update dbt.daily d set total = s.total from daily__delta s where s.customer = d.customer and d.total is distinct from s.total`,
		`merge into dbt.daily as d using daily__delta as s on d.customer = s.customer when matched then update set total = s.total when not matched then insert (customer, total) values (s.customer, s.total)`,
		`insert into dbt.daily values ('q', 1) on conflict (customer) do update set total = excluded.total + daily.total where daily.total < 100 returning total`,
		`grant select on "shop"."dbt"."daily" to "analysts"`, `revoke select on dbt.daily from analysts`,
		`create table dbt.events (id integer primary key, at_time timestamp default now(), kind varchar not null check (kind in ('a', 'b')), amount decimal(10, 2) default 0.0, day date generated always as (cast(at_time as date)))`,
		`insert into dbt.events (id, kind) values (1, 'a'), (2, 'b')`,
		`alter table dbt.events add column note varchar default 'x'; alter table dbt.events drop column note; alter table dbt.events alter column amount set data type double`,
		`create sequence dbt.ids start 10`, `select nextval('dbt.ids')`, `create type dbt.mood as enum ('sad', 'ok')`, `create table dbt.moods (m dbt.mood)`,
		`create macro dbt.plus(a, b := 1) as a + b`, `select dbt.plus(2)`, `create macro dbt.big(n) as table select * from dbt.daily where total > n`, `from dbt.big(1)`,
		`truncate table dbt.events`, `drop table dbt.moods; drop type dbt.mood; drop sequence dbt.ids; drop macro dbt.plus; drop macro table dbt.big`,
		`drop index dbt.daily_i`, `drop schema if exists "shop"."dbt" cascade`,
	} {
		builder.must(sql)
	}
	require.Empty(t, w.root.must("FROM eider.owner_store"))
	require.Empty(t, w.root.must("FROM eider.grant_store WHERE schema_name = 'dbt'"))
}
