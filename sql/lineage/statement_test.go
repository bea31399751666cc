package lineage

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/classify"
	"github.com/eiderdb/eider/sql/lex"
)

func TestRead(t *testing.T) {
	part := func(sql string, columns ...string) Part { return Part{SQL: sql, Columns: columns} }
	named := func(sql string) Part { return Part{SQL: sql, ByName: true} }
	cells := func(sql string, columns ...string) Part { return Part{SQL: sql, Columns: columns, Cells: true} }
	for _, c := range []struct {
		sql  string
		want *Statement
	}{
		{"CREATE TABLE x AS SELECT a FROM t", &Statement{Operation: CreateTable, Target: Name{Name: "x"}, Parts: []Part{named("SELECT a FROM t")}}},
		{`create or replace table d.s."X y" as (with q as (from t) select * from q);`, &Statement{Operation: CreateTable, Replace: true, Target: Name{"d", "s", "X y"}, Parts: []Part{named("(with q as (from t) select * from q)")}}},
		{"CREATE TEMP TABLE IF NOT EXISTS x(p, q) AS SELECT a, b FROM t WITH DATA", &Statement{Operation: CreateTable, Temporary: true, IfNotExists: true, Target: Name{Name: "x"}, Columns: []string{"p", "q"}, Parts: []Part{part("SELECT a, b FROM t")}}},
		{"CREATE VIEW s.v AS SELECT CASE WHEN a THEN b END AS c FROM t", &Statement{Operation: CreateView, Target: Name{"", "s", "v"}, Parts: []Part{named("SELECT CASE WHEN a THEN b END AS c FROM t")}}},
		{"CREATE TABLE x (a INT, b INT)", nil},
		{"CREATE TABLE x AS SELECT 1 WITH NO DATA", nil},
		{"CREATE INDEX i ON t (a)", nil},
		{"INSERT INTO t VALUES (1, 2)", nil},
		{"INSERT INTO t DEFAULT VALUES", nil},
		{"INSERT INTO t VALUES ((SELECT max(x) FROM u), 2)", &Statement{Operation: Insert, Target: Name{Name: "t"}, Parts: []Part{{SQL: "VALUES ((SELECT max(x) FROM u), 2)"}}}},
		{"INSERT INTO t (b, a) SELECT u.x, u.y FROM u JOIN e ON u.a = e.id RETURNING a", &Statement{Operation: Insert, Target: Name{Name: "t"}, Columns: []string{"b", "a"}, Parts: []Part{{SQL: "SELECT u.x, u.y FROM u JOIN e ON u.a = e.id"}}}},
		{"WITH q AS (SELECT 1 AS a) INSERT OR REPLACE INTO t BY NAME SELECT * FROM q", &Statement{Operation: Insert, Target: Name{Name: "t"}, Parts: []Part{named("WITH q AS (SELECT 1 AS a) SELECT * FROM q")}}},
		{"INSERT INTO t AS o (a, b) FROM u SELECT a, x ON CONFLICT (a) DO UPDATE SET b = excluded.b + o.b WHERE o.b > 1",
			&Statement{Operation: Insert, Target: Name{Name: "t"}, Columns: []string{"a", "b"}, Parts: []Part{{SQL: "FROM u SELECT a, x"},
				cells(`SELECT (excluded.b + o.b`+"\n"+`) AS "b" FROM "t" AS "o", (FROM u SELECT a, x) AS excluded("a", "b") WHERE o.b > 1`, "b")}}},
		{"UPDATE t SET a = a + 1", &Statement{Operation: Update, Target: Name{Name: "t"}, Parts: []Part{cells("SELECT (a + 1\n) AS \"a\" FROM \"t\"", "a")}}},
		{"UPDATE s.t AS o SET a = u.x, (b, c) = (SELECT 1, 2), d = DEFAULT, e = o.a IS DISTINCT FROM u.y FROM u WHERE u.a = o.a RETURNING *",
			&Statement{Operation: Update, Target: Name{"", "s", "t"}, Parts: []Part{cells("SELECT (u.x\n) AS \"a\", ((SELECT 1, 2)\n) AS \"b\", ((SELECT 1, 2)\n) AS \"c\", (NULL\n) AS \"d\", (o.a IS DISTINCT FROM u.y\n) AS \"e\" FROM \"s\".\"t\" AS \"o\", u WHERE u.a = o.a", "a", "b", "c", "d", "e")}}},
		{"DELETE FROM t USING u WHERE t.a = u.a", &Statement{Operation: Delete, Target: Name{Name: "t"}, Parts: []Part{{SQL: `SELECT 1 FROM "t", u WHERE t.a = u.a`, Rows: true}}}},
		{"MERGE INTO t AS o USING (SELECT a, x FROM u) AS n ON o.a = n.a WHEN MATCHED AND n.x > 1 THEN UPDATE SET b = n.x WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (a, b) VALUES (n.a, n.x + 1)",
			&Statement{Operation: MergeInto, Target: Name{Name: "t"}, Parts: []Part{
				cells("SELECT (n.x\n) AS \"b\" FROM \"t\" AS \"o\" JOIN (SELECT a, x FROM u) AS n ON o.a = n.a WHERE n.x > 1", "b"),
				{SQL: "SELECT 1 FROM \"t\" AS \"o\" JOIN (SELECT a, x FROM u) AS n ON o.a = n.a", Rows: true},
				part("SELECT n.a, n.x + 1 FROM \"t\" AS \"o\" RIGHT JOIN (SELECT a, x FROM u) AS n ON o.a = n.a", "a", "b")}}},
		{"MERGE INTO t USING u USING (a) WHEN MATCHED THEN UPDATE WHEN NOT MATCHED THEN INSERT BY NAME", &Statement{Operation: MergeInto, Target: Name{Name: "t"}, Parts: []Part{
			{SQL: "SELECT src.* FROM (SELECT * FROM u) AS src", ByName: true, Cells: true}, named("SELECT src.* FROM (SELECT * FROM u) AS src")}}},
		{"COPY t (a, b) FROM 'x.csv' (HEADER)", &Statement{Operation: CopyFrom, Target: Name{Name: "t"}, Columns: []string{"a", "b"}, File: "x.csv"}},
		{"COPY (SELECT a FROM t WHERE b > 1) TO 'x.parquet' (FORMAT parquet)", &Statement{Operation: CopyTo, File: "x.parquet", Parts: []Part{named("SELECT a FROM t WHERE b > 1")}}},
		{"COPY s.t TO 'x.csv'", &Statement{Operation: CopyTo, File: "x.csv", Parts: []Part{named(`SELECT * FROM "s"."t"`)}}},
		{"SELECT a FROM t", nil},
		{"DROP TABLE t", nil},
	} {
		stmts := lex.Split(c.sql)
		require.Len(t, stmts, 1)
		require.Equal(t, c.want, Read(c.sql, stmts[0]), c.sql)
	}
}

// A text that nobody meant is read without harm.
func FuzzRead(f *testing.F) {
	for _, s := range []string{"CREATE TABLE x AS SELECT a FROM t", "INSERT INTO t SELECT 1 ON CONFLICT DO UPDATE SET", "MERGE INTO t USING u ON x WHEN MATCHED THEN INSERT VALUES", "UPDATE t SET (", "COPY (t) TO 'x'", "WITH x INSERT INTO"} {
		f.Add(s)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		for _, st := range lex.Split(text) {
			Read(text, st)
		}
		classify.PivotIn(text)
	})
}
