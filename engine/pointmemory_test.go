package engine

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/types"
)

// Facts may take a part of memory_limit; beyond it a join fails and says what to do, and they are gone
// when a statement is over, however it ends.
func TestPointInTimeMemory(t *testing.T) {
	s := memory(t)
	exec(t, s, `CREATE TABLE facts AS SELECT i % 1000 AS k, TIMESTAMP '2024-01-01' + to_seconds(i) AS t, i AS x, 'a text that takes some room, of fact ' || i AS s FROM range(600000) r(i);
		CREATE TABLE labels AS SELECT i % 1000 AS k, TIMESTAMP '2024-01-04' AS ts FROM range(5000) r(i);
		CREATE FEATURE VIEW f ENTITY (k) EVENT TIME t AS SELECT * FROM facts;
		CREATE FEATURE VIEW w ENTITY (k) EVENT TIME t WINDOWS (sum(x) OVER LAST 2 DAYS AS total, max(s) OVER LAST 1 DAY AS largest) AS SELECT * FROM facts;
		CREATE FEATURE VIEW small ENTITY (k) EVENT TIME t WINDOWS (sum(x) OVER LAST 2 DAYS AS total) AS SELECT * FROM facts WHERE x % 100 = 0`)
	const newest, windows, small = "SELECT count(f.s) FROM labels l POINT IN TIME JOIN f AS OF l.ts", "SELECT count(w.largest) FROM labels l POINT IN TIME JOIN w AS OF l.ts",
		"SELECT count(*) FROM labels l POINT IN TIME JOIN small w AS OF l.ts WHERE w.total IS NOT NULL"
	want := rowsOf(t, s, small)
	exec(t, s, "SET memory_limit = '48MB'")
	for _, sql := range []string{newest, windows} {
		e := failing(t, s, sql)
		require.Equal(t, "53200", string(e.Code), e.Message)
		require.Contains(t, e.Hint, "memory_limit")
		require.Zero(t, s.db.rolling.Used())
	}
	require.Equal(t, want, rowsOf(t, s, small))
	require.Zero(t, s.db.rolling.Used())
	exec(t, s, "SET memory_limit = '2GB'")
	require.Equal(t, "5000", rowsOf(t, s, newest))
	require.Equal(t, "5000", rowsOf(t, s, windows))
	require.Zero(t, s.db.rolling.Used())

	// A prepared statement keeps its plan, not its facts.
	exec(t, s, "PREPARE p AS "+newest)
	for range 3 {
		require.Equal(t, "5000", rowsOf(t, s, "EXECUTE p"))
		require.Zero(t, s.db.rolling.Used())
	}
	require.Equal(t, "22P02", string(failing(t, s, "SELECT ('a' || count(w.total))::INTEGER FROM labels l POINT IN TIME JOIN w AS OF l.ts").Code), "an error of the statement itself")
	require.Zero(t, s.db.rolling.Used())
}

// Rows that are still being fetched keep their facts while other statements run, on this session and others.
func TestPointInTimeWhileFetching(t *testing.T) {
	db := openDB(t, Options{})
	s, other := newSession(t, db, SessionOptions{}), newSession(t, db, SessionOptions{})
	exec(t, s, `CREATE TABLE facts AS SELECT i % 100 AS k, TIMESTAMP '2024-01-01' + to_seconds(i) AS t, i AS x FROM range(10000) r(i);
		CREATE TABLE labels AS SELECT i % 100 AS k, TIMESTAMP '2024-01-04' AS ts FROM range(200000) r(i);
		CREATE FEATURE VIEW f ENTITY (k) EVENT TIME t AS SELECT * FROM facts;
		CREATE FEATURE VIEW w ENTITY (k) EVENT TIME t WINDOWS (count(*) OVER LAST 7 DAYS AS n) AS SELECT * FROM facts`)
	const sql = "SELECT f.x, w.n FROM labels l POINT IN TIME JOIN f AS OF l.ts POINT IN TIME JOIN w AS OF l.ts"
	ctx := context.Background()
	exec(t, s, "BEGIN")
	rows, err := s.Query(ctx, sql)
	require.NoError(t, err)
	n := 0
	for rows.Next() {
		if n++; n == 5000 {
			require.Equal(t, "200000", rowsOf(t, other, "SELECT count(x) FROM ("+sql+")"))
			require.Equal(t, "200000", rowsOf(t, s, "SELECT count(x) FROM ("+sql+")"))
		}
		chunk := rows.chunk
		require.EqualValues(t, 100, types.Slice[int64](&chunk.Columns[1])[rows.row])
	}
	require.NoError(t, rows.Err())
	require.Equal(t, 200000, n)
	exec(t, s, "COMMIT")
	rows, err = s.Query(ctx, sql)
	require.NoError(t, err)
	require.True(t, rows.Next())
	require.NoError(t, rows.Close())
	require.Zero(t, db.rolling.Used())
}

// Where a join stands, and what it is of, doesn't matter to what it gives.
func TestPointInTimeShapes(t *testing.T) {
	s := memory(t)
	exec(t, s, `CREATE TYPE mood AS ENUM ('sad', 'glad');
		CREATE TABLE facts AS SELECT (i % 3)::INTEGER AS k, TIMESTAMP '2024-01-01' + INTERVAL 1 DAY * i AS t, i::INTEGER AS x, (i / 4)::DECIMAL(9, 2) AS d, [i, i + 1] AS l,
			CASE WHEN i % 2 = 0 THEN 'sad' ELSE 'glad' END::mood AS m, i::VARCHAR || ' is a text of more than twelve bytes' AS s, i * 1000000000000000000000::HUGEINT AS h,
			{'a': i} AS st, to_json(i) AS j, (i % 2 = 0) AS b, uuid_extract_version('00000000-0000-4000-8000-000000000000'::UUID)::UTINYINT AS u FROM range(30) r(i);
		CREATE TABLE labels AS SELECT i AS id, (i % 4)::BIGINT AS k, TIMESTAMP '2024-01-10' + INTERVAL 1 DAY * i AS ts FROM range(12) r(i);
		CREATE FEATURE VIEW f ENTITY (k) EVENT TIME t AS SELECT * EXCLUDE (l, st, j, m) FROM facts;
		CREATE FEATURE VIEW lists ENTITY (k) EVENT TIME t AS SELECT * FROM facts;
		CREATE FEATURE VIEW w ENTITY (k) EVENT TIME t WINDOWS (last(d) OVER LAST 9 DAYS AS d, last(m) OVER LAST 9 DAYS AS m, max(s) OVER LAST 9 DAYS AS s, min(h) OVER LAST 9 DAYS AS h, last(b) OVER LAST 9 DAYS AS b,
			last(j) OVER LAST 9 DAYS AS j, last(t) OVER LAST 9 DAYS AS t, count(*) OVER LAST 9 DAYS AS n, last(NULL) OVER LAST 9 DAYS AS nothing) AS SELECT * FROM facts`)
	// The operator and DuckDB's ASOF JOIN agree.
	const columns = "l.id, f.t, f.x, f.d, f.s, f.h, f.b, f.u"
	got := "SELECT " + columns + " FROM labels l POINT IN TIME JOIN f AS OF l.ts"
	want := "SELECT " + columns + " FROM labels l ASOF LEFT JOIN facts f ON l.k = f.k AND l.ts >= f.t"
	viaLists := "SELECT " + columns + " FROM labels l POINT IN TIME JOIN lists f AS OF l.ts"
	for _, g := range []string{got, viaLists} {
		require.Equal(t, "0", rowsOf(t, s, different(g, want)))
		require.Equal(t, "0", rowsOf(t, s, different(want, g)))
	}
	require.Equal(t, "DECIMAL(9,2)\tENUM('sad', 'glad')\tVARCHAR\tHUGEINT\tBOOLEAN\tJSON\tTIMESTAMP\tBIGINT", rowsOf(t, s,
		"SELECT typeof(d), typeof(m), typeof(s), typeof(h), typeof(b), typeof(j), typeof(t), typeof(n) FROM labels l POINT IN TIME JOIN w AS OF l.ts LIMIT 1"))
	require.Equal(t, "2.25\tglad\t9 is a text of more than twelve bytes\t0\tfalse\t9\t2024-01-10 00:00:00 +0000 UTC\t4\tNULL", rowsOf(t, s, "SELECT w.* FROM labels l POINT IN TIME JOIN w AS OF l.ts WHERE id = 0"))

	// Around it: other joins, subqueries, CTEs, views, stars, labels that differ each time, parameters.
	for sql, want := range map[string]string{
		"SELECT * FROM labels l POINT IN TIME JOIN w AS OF l.ts WHERE id = 3":                                                                                                            "3\t3\t2024-01-13 00:00:00 +0000 UTC\tNULL\tNULL\tNULL\tNULL\tNULL\tNULL\tNULL\t0\tNULL",
		"FROM labels l POINT IN TIME JOIN w AS OF l.ts WHERE id = 3 LIMIT 1":                                                                                                             "3\t3\t2024-01-13 00:00:00 +0000 UTC\tNULL\tNULL\tNULL\tNULL\tNULL\tNULL\tNULL\t0\tNULL",
		"SELECT l.*, f.x, w.n FROM labels l POINT IN TIME JOIN f AS OF l.ts POINT IN TIME JOIN w AS OF f.t WHERE id = 1":                                                                 "1\t1\t2024-01-11 00:00:00 +0000 UTC\t10\t4",
		"SELECT w.n, o.y FROM labels l POINT IN TIME JOIN w AS OF l.ts JOIN (SELECT 1 AS id, 7 AS y) o USING (id)":                                                                       "4\t7",
		"SELECT w.n, v.n, o.y FROM labels l POINT IN TIME JOIN w AS OF l.ts JOIN (SELECT 1 AS id, 7 AS y) o USING (id) POINT IN TIME JOIN w v AS OF l.ts - INTERVAL 5 DAYS ON l.k = v.k": "4\t2\t7",
		"SELECT count(*), count(o.y), sum(w.n) FROM labels l POINT IN TIME JOIN w AS OF l.ts LEFT JOIN (SELECT 1 AS id, 7 AS y) o USING (id)":                                            "12\t1\t27",
		"SELECT count(*), sum(w.n) FROM labels l POINT IN TIME JOIN w AS OF l.ts RIGHT JOIN (SELECT unnest([1, 77]) AS id) o USING (id)":                                                 "2\t4",
		"SELECT count(*), count(w.n) FROM (SELECT *, random() AS r FROM labels) l POINT IN TIME JOIN w AS OF l.ts WHERE r BETWEEN 0 AND 1":                                               "12\t12",
		"SELECT id, (SELECT sum(w.n) FROM (SELECT o.k AS k, o.ts AS ts) l POINT IN TIME JOIN w AS OF l.ts) AS n FROM labels o WHERE id < 3 ORDER BY id":                                  "0\t4\n1\t4\n2\t4",
		"WITH l AS (FROM labels WHERE id = 2), j AS (SELECT w.* FROM l POINT IN TIME JOIN w AS OF l.ts) SELECT j.n, k.n FROM j, j k":                                                     "4\t4",
		"SELECT n FROM labels POINT IN TIME JOIN w AS OF ts WHERE id = 2 UNION ALL SELECT x FROM labels POINT IN TIME JOIN f AS OF ts WHERE id = 2":                                      "4\n11",
		"SELECT w.n FROM labels l POINT IN TIME JOIN w AS OF (SELECT max(ts) FROM labels WHERE id < 2) ON w.k = (SELECT min(k) + l.k FROM labels) WHERE id = 1":                          "4",
		"SELECT sum(n) FROM labels l POINT IN TIME JOIN w AS OF 'infinity'::TIMESTAMP":                                                                                                   "0",
		"SELECT count(*), sum(n) FROM labels l POINT IN TIME JOIN w AS OF NULL":                                                                                                          "12\t0",
		"SELECT sum(n) FROM (SELECT id, ts, k + 0.0 AS k FROM labels) l POINT IN TIME JOIN w AS OF l.ts":                                                                                 "27",
		"SELECT sum(n) FROM (SELECT id, ts, k::DOUBLE AS k FROM labels) l POINT IN TIME JOIN w AS OF l.ts":                                                                               "27",
		"SELECT count(*) FROM labels l POINT IN TIME JOIN w AS OF l.ts, labels m POINT IN TIME JOIN f AS OF m.ts ON m.k = f.k":                                                           "144",
		"SELECT string_agg(w.n ORDER BY id) FROM labels l POINT IN TIME JOIN w AS OF l.ts":                                                                                               "4,4,4,0,4,4,3,0,3,3,2,0",
	} {
		if strings.Contains(want, "27") {
			want = rowsOf(t, s, strings.NewReplacer("count(*), count(o.y), sum(w.n)", "count(*), 1, sum(w.n)", " LEFT JOIN (SELECT 1 AS id, 7 AS y) o USING (id)", "", "k + 0.0 AS k", "k", "k::DOUBLE AS k", "k").Replace(sql))
		}
		if strings.Contains(sql, "string_agg") {
			want = rowsOf(t, s, "SELECT string_agg(n ORDER BY id) FROM (SELECT id, (SELECT count(*) FROM facts f WHERE f.k = l.k AND f.t BETWEEN l.ts - INTERVAL 9 DAYS AND l.ts) AS n FROM labels l)")
		}
		require.Equal(t, want, rowsOf(t, s, sql), sql)
	}
	require.Equal(t, "4", rowsOf(t, s, "SELECT w.n FROM (SELECT ?::INTEGER AS k) l POINT IN TIME JOIN w AS OF ?::TIMESTAMP", 1, "2024-01-11"))
	exec(t, s, "CREATE VIEW v AS SELECT * FROM labels l POINT IN TIME JOIN w AS OF l.ts POINT IN TIME JOIN f AS OF l.ts; CREATE TABLE made AS FROM v")
	require.Equal(t, rowsOf(t, s, "SELECT count(*), sum(n), sum(x) FROM labels l POINT IN TIME JOIN w AS OF l.ts POINT IN TIME JOIN f AS OF l.ts"), rowsOf(t, s, "SELECT count(*), sum(n), sum(x) FROM made"))
	exec(t, s, "ALTER TABLE labels ADD COLUMN n BIGINT; UPDATE labels SET n = j.n FROM (SELECT id, w.n FROM labels l POINT IN TIME JOIN w AS OF l.ts) j WHERE j.id = labels.id")
	require.Equal(t, rowsOf(t, s, "SELECT sum(n) FROM made"), rowsOf(t, s, "SELECT sum(n) FROM labels"))
	require.Equal(t, "42804", string(failing(t, s, "SELECT w.n FROM (SELECT 'a' AS k, ts FROM labels) l POINT IN TIME JOIN w AS OF l.ts").Code))

	// More windows than one look has, and keys that go by their text.
	var windows []string
	for i := range 150 {
		windows = append(windows, fmt.Sprintf("count(*) OVER LAST %d DAYS AS n%d", i+1, i))
	}
	exec(t, s, "CREATE FEATURE VIEW many ENTITY (l) EVENT TIME t WINDOWS ("+strings.Join(windows, ", ")+") AS SELECT [k] AS l, t FROM facts")
	require.Equal(t, "1\t2\t8\t10\t10", rowsOf(t, s, "SELECT n0, n2, n20, n63, n149 FROM (SELECT [0::BIGINT] AS l, TIMESTAMP '2024-01-28' AS ts) l POINT IN TIME JOIN many AS OF l.ts"))
	require.Zero(t, s.db.rolling.Used())
}

// What the join becomes is worth nothing outside it.
func TestFactsAreTheStatementsOwn(t *testing.T) {
	s := memory(t)
	for _, sql := range []string{
		"SELECT eider_facts_add(1::UBIGINT, 1, 2::BIGINT)", "SELECT eider_facts_look_1([1::UBIGINT], 0, 5, 1)", "SELECT eider_facts_look_1([], 0, 5, 1)",
		"SELECT eider_facts_value_bigint(1::UBIGINT, 0, 1)", "SELECT eider_facts_begin('{}', '1 GiB')", "SELECT eider_facts_begin('no', '1 GiB')", "SELECT eider_facts_begin(NULL, NULL)",
	} {
		require.Equal(t, "22023", string(failing(t, s, sql).Code), sql)
	}
	const begin = ` FROM (SELECT eider_facts_begin('{"view":"v","keys":1,"windows":[{"f":"last","x":0,"w":5}]}', '1 GiB') AS n)`
	const one = "eider_facts_add(n, 1, 2::BIGINT, 3)"
	for _, sql := range []string{
		"SELECT eider_facts_add(n)", "SELECT eider_facts_add(n, 1, 2)", "SELECT eider_facts_add(n, 1, 2::BIGINT)", "SELECT eider_facts_value_bigint(" + one + ", 0, 7)",
		"SELECT eider_facts_value_varchar(" + one + ", 0, 1)", "SELECT eider_facts_value_integer(" + one + ", 9, 1)",
		"SELECT eider_facts_look_1([" + one + "], 9, 1, 1)", "SELECT eider_facts_look_1([" + one + "], 0, 1)",
	} {
		e := failing(t, s, sql+begin)
		require.Equal(t, "22023", string(e.Code), "%s: %s", sql, e)
	}
	require.Equal(t, "3", rowsOf(t, s, "SELECT eider_facts_value_integer("+one+", 0, 1)"+begin))
	require.Zero(t, s.db.rolling.Used())
}
