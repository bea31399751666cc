package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// file writes a file and returns its path.
func file(t testing.TB, path, content string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	return path
}

// refresh refreshes a source and returns batches, rows, rejects, files and state.
func refresh(t testing.TB, s *Session, name string) string {
	t.Helper()
	cells := strings.Split(rowsOf(t, s, "REFRESH SOURCE "+name), "\t")
	require.Len(t, cells, 7)
	return strings.Join(append(cells[1:5], cells[6]), " ")
}

func TestSourceFlights(t *testing.T) {
	dir := t.TempDir()
	s := memory(t)
	exec(t, s, "COPY (SELECT * FROM '../testdata/flights/flights.parquet') TO '"+dir+"/flights_a.csv' (FORMAT csv, HEADER)")
	exec(t, s, `CREATE SOURCE flights (year SMALLINT NOT NULL, month SMALLINT CHECK (month BETWEEN 1 AND 12), day SMALLINT, dep_time SMALLINT, dep_delay SMALLINT, carrier VARCHAR, time_hour TIMESTAMPTZ)
		FROM FILES (path '`+dir+`/flights*.csv') FORMAT CSV`)
	require.Equal(t, "1 336776 0 1 complete", refresh(t, s, "flights"))
	require.Equal(t, "0 0 0 0 empty", refresh(t, s, "flights"))
	file(t, dir+"/flights_c.csv", "year,month,day,dep_time,dep_delay,carrier,time_hour\n2013,13,1,5,6,UA,2013-01-01 05:00:00+00\n,1,x,5,6,UA,2013-01-01 05:00:00+00\n,1,1,5,6,UA,2013-01-01 05:00:00+00\n1,2\n2014,2,,,,,\n")
	require.Equal(t, "1 1 4 1 complete", refresh(t, s, "flights"))
	require.Equal(t, `,1,x,5,6,UA,2013-01-01 05:00:00+00	column "day": could not convert string "x" to 'SMALLINT'	3
1,2	too few values	5
{"year":2013,"month":13,"day":1,"dep_time":5,"dep_delay":6,"carrier":"UA","time_hour":"2013-01-01 05:00:00+00"}	column "month": 13 fails CHECK (month BETWEEN 1 AND 12)	NULL
{"year":null,"month":1,"day":1,"dep_time":5,"dep_delay":6,"carrier":"UA","time_hour":"2013-01-01 05:00:00+00"}	column "year": NULL, which NOT NULL forbids	NULL`,
		rowsOf(t, s, `SELECT payload, reason, "offset"->>'line' FROM flights__rejects ORDER BY payload`))
	require.Equal(t, "0", rowsOf(t, s, `SELECT count(*) FROM ((SELECT year::SMALLINT, day::SMALLINT, carrier, time_hour FROM '../testdata/flights/flights.parquet') EXCEPT ALL (SELECT year, day, carrier, time_hour FROM flights))`))
	require.Equal(t, "time_hour\tfile\ttime_hour", rowsOf(t, s, "SELECT column_name, source_kind, source_column FROM eider.lineage WHERE object = 'main.flights' AND column_name = 'time_hour'"))
	require.Equal(t, "12", rowsOf(t, s, "SELECT count(*) FROM eider.source_drift WHERE change = 'new'"))
}

// What a refresh stored belongs to the transaction: in a block it goes with it.
func TestSourceTransaction(t *testing.T) {
	dir := t.TempDir()
	db := openDB(t, Options{Path: filepath.Join(t.TempDir(), "s.db")})
	s, other := newSession(t, db, SessionOptions{}), newSession(t, db, SessionOptions{})
	file(t, dir+"/a.csv", "x,y\n1,a\n2,b\nq,c\n")
	exec(t, s, "CREATE SOURCE n (x INTEGER, y VARCHAR) FROM FILES (path '"+dir+"/*.csv')")
	exec(t, s, "BEGIN")
	require.Equal(t, "1 2 1 1 complete", refresh(t, s, "n"))
	require.Equal(t, "2\t1", rowsOf(t, s, "SELECT (SELECT count(*) FROM n), (SELECT count(*) FROM n__rejects)"))
	require.Equal(t, sqlstate.LockNotAvailable, failing(t, other, "REFRESH SOURCE n").Code)
	require.Equal(t, "refreshing", rowsOf(t, other, "SELECT state FROM eider.sources"))
	exec(t, s, "ROLLBACK")
	require.Equal(t, "0\t0\t0\t1", rowsOf(t, s, "SELECT (SELECT count(*) FROM n), (SELECT count(*) FROM n__rejects), (SELECT count(*) FROM eider.source_positions), lag FROM eider.sources"))

	// A transaction that began before another refreshed must not read the same again.
	exec(t, other, "BEGIN; SELECT count(*) FROM n")
	require.Equal(t, "1 2 1 1 complete", refresh(t, s, "n"))
	require.Equal(t, sqlstate.SerializationFailure, failing(t, other, "REFRESH SOURCE n").Code)
	exec(t, other, "ROLLBACK")
	require.Equal(t, "0 0 0 0 empty", refresh(t, other, "n"))

	// CREATE and REFRESH in one block leave nothing.
	exec(t, s, "BEGIN; CREATE SOURCE m FROM FILES (path '"+dir+"/*.csv'); REFRESH SOURCE m; ROLLBACK")
	require.Equal(t, sqlstate.UndefinedTable, failing(t, s, "SELECT * FROM m").Code)
	require.Equal(t, "n", rowsOf(t, s, "SELECT name FROM eider.sources"))

	// Each batch of a statement that stands alone is a transaction of its own.
	for i := range 3 {
		file(t, fmt.Sprintf("%s/b%d.csv", dir, i), fmt.Sprintf("x,y\n%d,b\n", i))
	}
	exec(t, s, "ALTER SOURCE n SET (batch_bytes 1)")
	file(t, dir+"/b9.csv", "x,y\nwrong,b\n")
	exec(t, s, "DROP SOURCE n; CREATE SOURCE n (x INTEGER, y VARCHAR) FROM FILES (path '"+dir+"/b*.csv') ON ERROR STOP WITH (batch_bytes = 1)")
	e := failing(t, s, "REFRESH SOURCE n")
	require.Equal(t, sqlstate.BadCopyFileFormat, e.Code)
	require.Equal(t, "3\t3\tfailed", rowsOf(t, s, "SELECT (SELECT count(*) FROM n), rows, state FROM eider.sources"))
	require.Equal(t, e.Message, rowsOf(t, s, "SELECT last_error FROM eider.sources"))
	file(t, dir+"/b9.csv", "x,y\n9,b\n")
	require.Equal(t, "1 1 0 1 complete", refresh(t, s, "n"))
	require.Equal(t, "idle\tNULL\t4", rowsOf(t, s, "SELECT state, last_error, rows FROM eider.sources"))
}

func TestSourceFormats(t *testing.T) {
	s := memory(t)
	for _, c := range []struct {
		name     string
		files    map[string]string
		create   string
		counts   string
		query    string
		want     string
		rejected string
	}{
		{"json lines", map[string]string{"a.json": "{\"a\": 1, \"b\": \"x\", \"c\": {\"d\": [1, 2]}}\n{bad\n\n{\"b\": \"ü\", \"a\": null}\n[1]\n{\"a\": \"z\"}\n"},
			"(a INTEGER, b VARCHAR, c STRUCT(d INTEGER[]))", "1 2 3 1 complete", "SELECT a, b, c.d[2] FROM t ORDER BY a", "1\tx\t2\nNULL\tü\tNULL",
			"[1]\tnot a JSON object\n{\"a\": \"z\"}\tcolumn \"a\": could not convert 'z' to 'INTEGER'\n{bad\tmalformed JSON"},
		{"json array", map[string]string{"a.json": " [{\"a\": 1}, {\"a\": 2}, {\"a\": true}]", "b.json": "[{\"a\": 3}", "c.json": "{\"a\": 4}"},
			"(a INTEGER CHECK (a < 4))", "2 2 3 2 complete", "SELECT a FROM t ORDER BY a", "1\n2", "FILE\tBROKEN\n{\"a\": 4}\tcolumn \"a\": 4 fails CHECK (a < 4)\n{\"a\": true}\tcolumn \"a\": could not convert 'true' to 'INTEGER'"},
		{"csv dialect", map[string]string{"a.csv": "\xef\xbb\xbf# note\nb;A\n'x;y';1,5\nNA;-\n"},
			"(a DOUBLE, b VARCHAR) CSV (delimiter ';', quote '''', nullstr ['NA', '-'], comment '#', decimal_separator ',')", "1 2 0 1 complete", "SELECT a, b FROM t ORDER BY a", "1.5\tx;y\nNULL\tNULL", ""},
		{"no header", map[string]string{"a.csv": "1,x\n2,y,z\n"}, "(a INTEGER, b VARCHAR) CSV (header false)", "1 1 1 1 complete", "SELECT * FROM t", "1\tx", "2,y,z\ttoo many values"},
		{"missing columns", map[string]string{"a.csv": "a\n1\n", "b.csv": "b,a\nx,2\n"}, "(a INTEGER, b VARCHAR DEFAULT 'none')", "2 2 0 2 complete", "SELECT * FROM t ORDER BY a", "1\tnone\n2\tx", ""},
		{"not null missing", map[string]string{"a.csv": "a\n1\n"}, "(a INTEGER, b VARCHAR NOT NULL)", "1 0 1 1 complete", "SELECT count(*) FROM t", "0", "{\"a\":1}\tcolumn \"b\" is missing and can't be NULL"},
		{"empty files", map[string]string{"a.csv": "", "b.csv": "a\n", "c.csv": "a\n1"}, "(a INTEGER)", "1 1 0 3 complete", "SELECT * FROM t", "1", ""},
		{"header twice", map[string]string{"a.csv": "a,A\n1,2\n"}, "(a INTEGER)", "1 0 1 0 complete", "SELECT count(*) FROM t", "0", "FILE\tBROKEN"},
		{"no parquet", map[string]string{"a.parquet": "PAR1 nothing"}, "(a INTEGER)", "1 0 1 0 complete", "SELECT count(*) FROM t", "0", "FILE\tBROKEN"},
		{"check that fails to compute", map[string]string{"a.csv": "a,b\n1,x\n2,7\n"}, "(a INTEGER, b VARCHAR CHECK (CAST(b AS INTEGER) > 0))", "1 1 1 1 complete", "SELECT a FROM t", "2", "{\"a\":1,\"b\":\"x\"}\tcolumn \"b\": 'x' fails CHECK (CAST(b AS INTEGER) > 0)"},
		{"names", map[string]string{"naïve ☃ [1]*.csv": "\"a \"\"b\"\"\",select\n1,2\n"}, `("a ""b""" INTEGER, "select" INTEGER)`, "1 1 0 1 complete", `SELECT "a ""b""", "select" FROM t`, "1\t2", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			extension := ""
			for name, content := range c.files {
				file(t, filepath.Join(dir, name), content)
				extension = filepath.Ext(name)
			}
			columns, format, _ := strings.Cut(c.create, " CSV ")
			if format != "" {
				format = " FORMAT CSV " + format
			}
			exec(t, s, "CREATE OR REPLACE SOURCE t "+columns+" FROM FILES (path '"+dir+"/*"+extension+"')"+format)
			require.Equal(t, c.counts, refresh(t, s, "t"))
			require.Equal(t, c.want, rowsOf(t, s, c.query))
			require.Equal(t, c.rejected, rowsOf(t, s, "SELECT if(payload LIKE '"+dir+"%', 'FILE', payload), if(reason LIKE 'the file can''t be read: %', 'BROKEN', reason) FROM t__rejects ORDER BY ALL"))
			require.Equal(t, "0 0 0 0 empty", refresh(t, s, "t"))
		})
	}
}

func TestSourceParquet(t *testing.T) {
	dir := t.TempDir()
	s := memory(t)
	exec(t, s, "COPY (SELECT i AS id, (i * 40000)::BIGINT AS big, 'n' || i AS name FROM range(3) t(i)) TO '"+dir+"/a.parquet'")
	exec(t, s, "COPY (SELECT 'x' AS id, 1.5 AS big) TO '"+dir+"/b.parquet'")
	exec(t, s, "CREATE SOURCE p (id INTEGER, big SMALLINT) FROM FILES (path ['"+dir+"/a.parquet', '"+dir+"/b.parquet']) INCLUDE (offset AS row, partition AS file, timestamp AS modified)")
	require.Equal(t, "2 1 3 2 complete", refresh(t, s, "p"))
	require.Equal(t, "0\t0\t0\ta.parquet\ttrue", rowsOf(t, s, "SELECT id, big, row, parse_filename(file), modified > now() - INTERVAL 1 HOUR FROM p"))
	require.Equal(t, "column \"big\": could not convert 40000 to 'SMALLINT'\t1\ncolumn \"big\": could not convert 80000 to 'SMALLINT'\t2\ncolumn \"id\": could not convert 'x' to 'INTEGER'\t0",
		rowsOf(t, s, `SELECT reason, "offset"->>'offset' FROM p__rejects ORDER BY reason`))
	require.Equal(t, "id\tretyped\tINTEGER\tVARCHAR\nname\tnew\tNULL\tVARCHAR", rowsOf(t, s, "SELECT column_name, change, declared, found FROM eider.source_drift ORDER BY 1"))
}

func TestSourceDrift(t *testing.T) {
	dir := t.TempDir()
	s := memory(t)
	file(t, dir+"/a.csv", "a,b\n1,x\n")
	exec(t, s, "CREATE SOURCE d FROM FILES (path '"+dir+"/*.csv') WITH (schema_drift = 'stop')")
	require.Equal(t, "1 1 0 1 complete", refresh(t, s, "d"))
	file(t, dir+"/b.csv", "b,a,more\ny,2,3\n")
	e := failing(t, s, "REFRESH SOURCE d")
	require.Equal(t, sqlstate.DatatypeMismatch, e.Code)
	require.Contains(t, e.Message, `"more"`)
	exec(t, s, "ALTER SOURCE d SET (schema_drift 'evolve')")
	require.Equal(t, "1 1 0 1 complete", refresh(t, s, "d"))
	require.Equal(t, "1\tx\tNULL\n2\ty\t3", rowsOf(t, s, "SELECT a, b, more FROM d ORDER BY a"))
	file(t, dir+"/c.csv", "b,a,more\ny,4,5\n")
	require.Equal(t, "1 1 0 1 complete", refresh(t, s, "d"))
	require.Contains(t, rowsOf(t, s, "SHOW CREATE SOURCE d"), "more BIGINT")
	// A field of JSON that is new is in the table with the rows that brought it.
	file(t, dir+"/a.json", "{\"a\": 1, \"n\": {\"k\": [1]}}\n")
	exec(t, s, "CREATE SOURCE j (a INTEGER) FROM FILES (path '"+dir+"/*.json') WITH (schema_drift = 'evolve')")
	require.Equal(t, "1 1 0 1 complete", refresh(t, s, "j"))
	require.Equal(t, "1\t1", rowsOf(t, s, "SELECT a, (n).k[1] FROM j"))
	// A file that changed after it was read.
	for _, c := range []struct{ rule, want, rows string }{{"ignore", "0 0 0 0 empty", "1"}, {"append", "1 2 0 1 complete", "3"}, {"stop", "55000", "3"}} {
		if c.rule == "ignore" {
			file(t, dir+"/x/f.csv", "a\n1\n")
			exec(t, s, "CREATE SOURCE f FROM FILES (path '"+dir+"/x') FORMAT CSV")
			require.Equal(t, "1 1 0 1 complete", refresh(t, s, "f"))
		}
		exec(t, s, "ALTER SOURCE f SET (changed '"+c.rule+"')")
		file(t, dir+"/x/f.csv", "a\n1\n"+strings.Repeat("2\n", 1+len(c.rule)/6))
		if c.rule == "append" {
			file(t, dir+"/x/f.csv", "a\n1\n2\n")
		}
		if c.rule == "stop" {
			file(t, dir+"/x/f.csv", "a\n1\n2\n3\n")
			require.Equal(t, c.want, string(failing(t, s, "REFRESH SOURCE f").Code))
		} else {
			require.Equal(t, c.want, refresh(t, s, "f"), c.rule)
		}
		require.Equal(t, c.rows, rowsOf(t, s, "SELECT count(*) FROM f"), c.rule)
	}
	require.Equal(t, "changed", rowsOf(t, s, "SELECT DISTINCT change FROM eider.source_drift WHERE name = 'f'"))
}

func TestSourceUpsert(t *testing.T) {
	dir := t.TempDir()
	s := memory(t)
	exec(t, s, "CREATE SOURCE u (k INTEGER, v VARCHAR) FROM FILES (path '"+dir+"/*.csv') ENVELOPE UPSERT KEY (k)")
	file(t, dir+"/1.csv", "k,v\n1,a\n2,b\n1,c\n,d\n")
	require.Equal(t, "1 2 1 1 complete", refresh(t, s, "u"))
	require.Equal(t, "1\tc\n2\tb", rowsOf(t, s, "SELECT * FROM u ORDER BY k"))
	require.Equal(t, `column "k": NULL in the key`, rowsOf(t, s, "SELECT reason FROM u__rejects"))
	file(t, dir+"/2.csv", "k,v\n2,z\n3,y\n")
	file(t, dir+"/3.csv", "k,v\n3,x\n")
	require.Equal(t, "1 2 0 2 complete", refresh(t, s, "u"))
	require.Equal(t, "1\tc\n2\tz\n3\tx", rowsOf(t, s, "SELECT * FROM u ORDER BY k"))
	require.Equal(t, sqlstate.FeatureNotSupported, failing(t, s, "CREATE SOURCE e (k INTEGER) FROM FILES (path 'x.csv') ENVELOPE DEBEZIUM").Code)
}

// Cancelling gives the batch up; a transaction that is cancelled stores nothing.
func TestSourceCancel(t *testing.T) {
	dir := t.TempDir()
	s := memory(t)
	exec(t, s, "COPY (SELECT i, hash(i)::VARCHAR AS h FROM range(3000000) t(i)) TO '"+dir+"/a.csv' (HEADER)")
	exec(t, s, "CREATE SOURCE big (i BIGINT, h VARCHAR) FROM FILES (path '"+dir+"/*.csv')")
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	_, err := s.Exec(ctx, "REFRESH SOURCE big")
	require.Equal(t, sqlstate.QueryCanceled, sqlstate.CodeOf(err))
	require.Equal(t, "0", rowsOf(t, s, "SELECT count(*) FROM big"))
	require.Equal(t, "1 3000000 0 1 complete", refresh(t, s, "big"))
}

// A started source takes up what comes, also after the database was opened again.
func TestSourceFollow(t *testing.T) {
	dir, path := t.TempDir(), filepath.Join(t.TempDir(), "f.db")
	file(t, dir+"/a.csv", "x\n1\n")
	db, err := Open(context.Background(), Options{Path: path})
	require.NoError(t, err)
	s, err := db.NewSession(context.Background(), SessionOptions{})
	require.NoError(t, err)
	exec(t, s, "CREATE SOURCE f (x INTEGER) FROM FILES (path '"+dir+"/*.csv') WITH (batch_interval = '100 milliseconds')")
	exec(t, s, "BEGIN; START SOURCE f; ROLLBACK")
	exec(t, s, "START SOURCE f")
	count := func(s *Session, n string) func() bool {
		return func() bool { return rowsOf(t, s, "SELECT count(*) FROM f") == n }
	}
	require.Eventually(t, count(s, "1"), 10*time.Second, 10*time.Millisecond)
	file(t, dir+"/b.tmp", "x\n2\n")
	require.NoError(t, os.Rename(dir+"/b.tmp", dir+"/b.csv"))
	require.Eventually(t, count(s, "2"), 10*time.Second, 10*time.Millisecond)
	require.NoError(t, s.Close())
	require.NoError(t, db.Close())

	file(t, dir+"/c.csv", "x\n3\n")
	db = openDB(t, Options{Path: path})
	s = newSession(t, db, SessionOptions{})
	require.Eventually(t, count(s, "3"), 10*time.Second, 10*time.Millisecond)
	require.Equal(t, "true", rowsOf(t, s, "SELECT state IN ('started', 'refreshing') FROM eider.sources"))
	exec(t, s, "STOP SOURCE f")
	require.Equal(t, "idle", rowsOf(t, s, "SELECT state FROM eider.sources"))
	exec(t, s, "START SOURCE f; DROP SOURCE f")
	require.Empty(t, db.sources.followers)
}

// What an ordinary role may do with sources.
func TestSourceRights(t *testing.T) {
	dir := t.TempDir()
	db := openDB(t, Options{})
	s := newSession(t, db, SessionOptions{})
	file(t, dir+"/a.csv", "x\n1\n")
	exec(t, s, "CREATE ROLE ana LOGIN; GRANT ALL ON SCHEMA main TO ana")
	exec(t, s, "CREATE SOURCE f (x INTEGER CHECK (x > 0)) FROM FILES (path '"+dir+"/*.csv')")
	ana := newSession(t, db, SessionOptions{User: "ana"})
	for _, sql := range []string{
		"CREATE SOURCE p FROM FILES (path '/etc/passwd') FORMAT CSV (header false)",
		"CREATE OR REPLACE SOURCE f (x VARCHAR) FROM FILES (path '/etc/passwd') FORMAT CSV",
		"CALL eider.create_source('p', connector => 'FILES', options => 'path ''/etc/passwd''', format => 'CSV')",
		"EXPLAIN CREATE SOURCE p (x VARCHAR) FROM FILES (path '/etc/passwd') FORMAT CSV",
		"REFRESH SOURCE f", "DESCRIBE SOURCE f", "SHOW CREATE SOURCE f", "START SOURCE f", "STOP SOURCE f", "DROP SOURCE f", "ALTER SOURCE f RENAME TO g",
		"ALTER SOURCE f SET (path '/etc/passwd')", "SELECT * FROM f", "SELECT * FROM f__rejects", "SELECT * FROM eider.source_store", "SELECT * FROM eider.source_position_store",
		"SELECT eider_source_lag('x')", "SELECT eider_source_failed()", "SELECT eider_source_active('x')",
	} {
		e := failing(t, ana, sql)
		require.Equal(t, sqlstate.InsufficientPrivilege, e.Code, "%s: %s", sql, e.Message)
	}
	require.Empty(t, rowsOf(t, ana, "SELECT name FROM eider.sources"))
	exec(t, s, "GRANT INSERT, SELECT ON f TO ana")
	require.Equal(t, "1 1 0 1 complete", refresh(t, ana, "f"))
	require.Equal(t, "f\t1", rowsOf(t, ana, "SELECT name, rows FROM eider.sources"))
	require.Equal(t, "FILES", rowsOf(t, ana, "SELECT definition FROM (SELECT 1) , LATERAL (SELECT driver AS definition FROM eider.sources)"))
	for _, sql := range []string{"ALTER SOURCE f SET (path '/etc/passwd')", "DROP SOURCE f", "START SOURCE f"} {
		require.Equal(t, sqlstate.InsufficientPrivilege, failing(t, ana, sql).Code, sql)
	}
	require.Equal(t, sqlstate.WrongObjectType, failing(t, s, "DROP TABLE f").Code)
	require.Equal(t, sqlstate.WrongObjectType, failing(t, s, "DROP TABLE f__rejects").Code)
	require.Equal(t, sqlstate.WrongObjectType, failing(t, s, "ALTER TABLE f RENAME TO g").Code)
	require.Equal(t, sqlstate.WrongObjectType, failing(t, s, "CREATE OR REPLACE TABLE f (x INTEGER)").Code)
	exec(t, s, "DROP SOURCE f")
	require.Equal(t, "0", rowsOf(t, s, "SELECT count(*) FROM eider.source_store"))
}
