package engine

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// pointFacts makes random facts and labels: late and early facts, ties, restatements, duplicates,
// NULL and infinite times, keys without facts and without labels, names that need quotes.
func pointFacts(t *testing.T, s *Session, seed, facts, labels int, typ, from string) {
	t.Helper()
	r := func(n int) string {
		return fmt.Sprintf("(hash(i * 1000 + %d + %d * 7919) %% 1000003)::BIGINT", n, seed)
	}
	exec(t, s, fmt.Sprintf(`CREATE OR REPLACE TABLE "Fäcts" AS
		SELECT * EXCLUDE (i) REPLACE (CASE WHEN %[3]s %% 37 = 0 THEN NULL WHEN %[3]s %% 41 = 0 THEN 'infinity' WHEN %[3]s %% 43 = 0 THEN '-infinity' ELSE ev END::%[1]s AS ev,
			CASE WHEN %[4]s %% 31 = 0 THEN NULL WHEN %[4]s %% 47 = 0 THEN 'infinity' ELSE av END::%[1]s AS av)
		FROM (SELECT i, CASE WHEN %[5]s %% 29 = 0 THEN NULL ELSE %[5]s %% 12 END AS "Schlüssel", ['ä', 'b', 'ç'][1 + %[6]s %% 3] AS k2,
			(%[2]s + to_seconds((%[7]s %% 400) * 3600)) AS ev,
			(%[2]s + to_seconds((%[7]s %% 400) * 3600 + CASE WHEN %[8]s %% 10 < 3 THEN (%[9]s %% 60) * 3600 WHEN %[8]s %% 10 = 3 THEN -(%[9]s %% 20) * 3600 ELSE 0 END)) AS av,
			CASE WHEN %[10]s %% 11 = 0 THEN NULL ELSE (%[10]s %% 9)::INTEGER END AS x, CASE WHEN %[11]s %% 13 = 0 THEN NULL ELSE (%[11]s %% 1000) / 7.0 END::DOUBLE AS y,
			'v' || (%[10]s %% 5) AS txt
			FROM range(%[12]d) t(i))`, typ, from, r(1), r(2), r(3), r(4), r(5), r(6), r(7), r(8), r(9), facts))
	exec(t, s, `INSERT INTO "Fäcts" SELECT * FROM "Fäcts" USING SAMPLE 5 PERCENT (bernoulli, 3)`)
	exec(t, s, fmt.Sprintf(`CREATE OR REPLACE TABLE labels AS SELECT i AS id, CASE WHEN %[3]s %% 23 = 0 THEN NULL ELSE %[3]s %% 15 END AS "Schlüssel", ['ä', 'b', 'd'][1 + %[4]s %% 3] AS k2,
		CASE WHEN %[5]s %% 19 = 0 THEN NULL WHEN %[5]s %% 53 = 0 THEN 'infinity' WHEN %[5]s %% 59 = 0 THEN '-infinity' ELSE %[2]s + to_seconds((%[6]s %% 460) * 3600) END::%[1]s AS ts
		FROM range(%[7]d) t(i)`, typ, from, r(21), r(22), r(23), r(24), labels))
}

// sane is the facts that can count; t and a are their times in microseconds.
const sane = `(SELECT *, epoch_us(ev) AS fe, epoch_us(av) AS fa FROM "Fäcts" WHERE isfinite(ev) AND isfinite(av))`

// us is a label's time.
const us = `(CASE WHEN ts = 'infinity' THEN 9223372036854775807 WHEN ts = '-infinity' THEN -9000000000000000000 ELSE epoch_us(ts) END)`

// newestReference is the slow obvious plan: sort all facts that a label may know and take the first.
func newestReference(ttl string) string {
	old := ""
	if ttl != "" {
		old = " AND f.fe >= l.t - " + ttl
	}
	return `WITH l AS (SELECT *, ` + us + ` AS t FROM labels),
		m AS (SELECT l.id, f.*, row_number() OVER (PARTITION BY l.id ORDER BY f.fe DESC, f.fa DESC, f.x DESC NULLS LAST, f.y DESC NULLS LAST, f.txt DESC NULLS LAST) AS n
			FROM l JOIN ` + sane + ` f ON f."Schlüssel" = l."Schlüssel" AND f.k2 = l.k2 AND f.fe <= l.t AND f.fa <= l.t)
		SELECT l.id, m.ev, m.av, m.x, m.y, m.txt FROM l LEFT JOIN (SELECT f.*, l.t FROM m f JOIN l USING (id) WHERE n = 1` + old + `) m ON m.id = l.id`
}

func different(a, b string) string {
	return "SELECT count(*) FROM ((" + a + ") EXCEPT ALL (" + b + "))"
}

func TestPointInTimeNewest(t *testing.T) {
	for _, c := range []struct{ typ, from, zone string }{
		{"TIMESTAMP", "TIMESTAMP '2024-03-01'", "UTC"},
		{"TIMESTAMPTZ", "TIMESTAMPTZ '2024-10-20 00:00:00+00'", "America/New_York"}, // the clocks go back on 3 November
		{"TIMESTAMP", "TIMESTAMP '2024-03-05'", "Europe/Berlin"},
		{"DATE", "TIMESTAMP '2024-03-01'", "Asia/Kathmandu"},
	} {
		t.Run(c.typ+" "+c.zone, func(t *testing.T) {
			s := memory(t)
			exec(t, s, "SET TimeZone = '"+c.zone+"'")
			for _, size := range [][2]int{{3000, 700}, {0, 50}, {200, 0}, {500, 30000}, {30000, 20}} {
				pointFacts(t, s, size[0], size[0], size[1], c.typ, c.from)
				exec(t, s, `CREATE OR REPLACE FEATURE VIEW fv ENTITY ("Schlüssel", k2) EVENT TIME ev AVAILABLE TIME av AS SELECT * FROM "Fäcts"`)
				exec(t, s, `CREATE OR REPLACE FEATURE VIEW old ENTITY ("Schlüssel", k2) EVENT TIME ev AVAILABLE TIME av TTL 30 HOURS AS SELECT * FROM "Fäcts"`)
				exec(t, s, `CREATE OR REPLACE FEATURE VIEW once ENTITY ("Schlüssel", k2) EVENT TIME ev AS SELECT * EXCLUDE av FROM "Fäcts"`)
				require.Equal(t, "0", rowsOf(t, s, `SELECT count(*) FROM (
					(SELECT l.id, f.ev, f.x, f.y, f.txt FROM labels l POINT IN TIME JOIN once f AS OF l.ts) EXCEPT ALL
					(WITH l AS (SELECT *, `+us+` AS t FROM labels), c AS (SELECT *, epoch_us(ev) AS fe FROM "Fäcts" WHERE isfinite(ev))
					SELECT l.id, m.ev, m.x, m.y, m.txt FROM l LEFT JOIN (SELECT l.id, c.* FROM l JOIN c ON c."Schlüssel" = l."Schlüssel" AND c.k2 = l.k2 AND c.fe <= l.t
						QUALIFY row_number() OVER (PARTITION BY l.id ORDER BY c.fe DESC, c.x DESC NULLS LAST, c.y DESC NULLS LAST, c.txt DESC NULLS LAST) = 1) m ON m.id = l.id))`), "%v", size)
				for view, ttl := range map[string]string{"fv": "", "old": "108000000000"} {
					got := `SELECT l.id, f.ev, f.av, f.x, f.y, f.txt FROM labels l POINT IN TIME JOIN ` + view + ` AS f AS OF l.ts ON l."Schlüssel" = f."Schlüssel" AND f.k2 = l.k2`
					want := newestReference(ttl)
					require.Equal(t, "0", rowsOf(t, s, different(got, want)), "%s %v", view, size)
					require.Equal(t, "0", rowsOf(t, s, different(want, got)), "%s %v", view, size)
				}
			}
		})
	}
}

// windowForms are the aggregates with what they are in SQL over the facts f of a window.
var windowForms = [][2]string{
	{"count(*)", "count(f.fe)"}, {"count(x)", "count(f.x)"}, {"sum(y)", "sum(f.y)"}, {"avg(y)", "avg(f.y)"}, {"min(y)", "min(f.y)"}, {"max(txt)", "max(f.txt)"},
	{"stddev(x)", "stddev(f.x)"}, {"distinct(txt)", "count(DISTINCT f.txt)"}, {"distinct(x)", "count(DISTINCT f.x)"},
	{"last(x)", "arg_max(f.x, (f.fe, f.fa, f.x)) FILTER (f.x IS NOT NULL)"},
}

func TestPointInTimeWindows(t *testing.T) {
	for _, c := range []struct{ typ, from, zone string }{
		{"TIMESTAMP", "TIMESTAMP '2024-03-01'", "UTC"},
		{"TIMESTAMPTZ", "TIMESTAMPTZ '2024-10-20 00:00:00+00'", "America/New_York"},
		{"DATE", "TIMESTAMP '2024-03-01'", "Asia/Kathmandu"},
	} {
		t.Run(c.typ, func(t *testing.T) {
			s := memory(t)
			exec(t, s, "SET TimeZone = '"+c.zone+"'")
			for i, size := range [][2]int{{900, 250}, {0, 50}, {200, 0}, {100, 5000}, {9000, 10}} {
				pointFacts(t, s, size[0], size[0], size[1], c.typ, c.from)
				windowsAgree(t, s, int64(i%2)*20, fmt.Sprint(size))
			}
			pointFacts(t, s, 500, 500, 300, c.typ, c.from)
			windowsAgree(t, s, 20, "with a TTL")
		})
	}
}

func windowsAgree(t *testing.T, s *Session, ttl int64, what string) {
	t.Helper()
	var windows, got, want []string
	for i, f := range windowForms {
		for k, length := range []int{7, 48} {
			for m, by := range []string{"", " BY AVAILABLE TIME"} {
				name := fmt.Sprintf("w%d_%d_%d", i, k, m)
				filter, cond := "", ""
				if i%3 == 1 {
					filter, cond = " FILTER (WHERE x > 2)", " AND f.x > 2"
				}
				windows = append(windows, fmt.Sprintf("%s OVER LAST %d HOURS%s%s AS %s", f[0], length, by, filter, name))
				got = append(got, fmt.Sprintf("CASE WHEN w.%s::VARCHAR ~ '^[-0-9.e]+$' THEN round(w.%s::VARCHAR::DOUBLE, 8)::VARCHAR ELSE w.%s::VARCHAR END AS %s", name, name, name, name))
				base := "f.fe"
				if by != "" {
					base = "f.fa"
				}
				cond += fmt.Sprintf(" AND %s <= l.t AND f.fa <= l.t AND %s >= l.t - %d", base, base, int64(length)*3600e6)
				if ttl > 0 {
					cond += fmt.Sprintf(" AND f.fe >= l.t - %d", ttl*3600e6)
				}
				value := fmt.Sprintf(`(SELECT %s FROM %s f WHERE f."Schlüssel" = l."Schlüssel" AND f.k2 = l.k2%s)`, f[1], "sane", cond)
				want = append(want, fmt.Sprintf("CASE WHEN %s::VARCHAR ~ '^[-0-9.e]+$' THEN round(%s::VARCHAR::DOUBLE, 8)::VARCHAR ELSE %s::VARCHAR END AS %s", name, name, name, name))
				windows = append([]string{}, windows...)
				want[len(want)-1] += "\x00" + value + " AS " + name
			}
		}
	}
	limit := ""
	if ttl > 0 {
		limit = fmt.Sprintf(" TTL %d HOURS", ttl)
	}
	exec(t, s, `CREATE OR REPLACE FEATURE VIEW w ENTITY ("Schlüssel", k2) EVENT TIME ev AVAILABLE TIME av`+limit+` WINDOWS (`+strings.Join(windows, ", ")+`) AS SELECT * FROM "Fäcts"`)
	var outer, inner []string
	for _, p := range want {
		a, b, _ := strings.Cut(p, "\x00")
		outer, inner = append(outer, a), append(inner, b)
	}
	fast := `SELECT l.id, ` + strings.Join(got, ", ") + ` FROM labels l POINT IN TIME JOIN w AS OF l.ts`
	slow := `WITH l AS (SELECT *, CASE WHEN ts = '-infinity' OR ts IS NULL THEN NULL WHEN ts = 'infinity' THEN 9223372036854775807 ELSE epoch_us(ts) END AS t FROM labels), sane AS MATERIALIZED ` + sane[:len(sane)-1] + `)
		SELECT id, ` + strings.Join(outer, ", ") + ` FROM (SELECT l.id, ` + strings.Join(inner, ", ") + ` FROM l)`
	exec(t, s, "CREATE OR REPLACE TABLE fast AS "+fast)
	exec(t, s, "CREATE OR REPLACE TABLE slow AS "+slow)
	require.Equal(t, "0", rowsOf(t, s, "SELECT count(*) FROM (FROM fast EXCEPT ALL FROM slow)"), "%s ttl %d", what, ttl)
	require.Equal(t, "0", rowsOf(t, s, "SELECT count(*) FROM (FROM slow EXCEPT ALL FROM fast)"), "%s ttl %d", what, ttl)
	require.Equal(t, rowsOf(t, s, "SELECT count(*) FROM labels"), rowsOf(t, s, "SELECT count(*) FROM fast"))
}

// A feature view is read with its owner's rights, by those who may read it, and shown to them only.
func TestFeatureViewRights(t *testing.T) {
	db := openDB(t, Options{})
	root := newSession(t, db, SessionOptions{})
	exec(t, root, `CREATE ROLE owner LOGIN; CREATE ROLE reader LOGIN; CREATE ROLE stranger LOGIN; CREATE SCHEMA lab; GRANT ALL ON SCHEMA lab TO owner; GRANT USAGE ON SCHEMA lab TO reader, stranger;
		CREATE TABLE secret (k INTEGER, t TIMESTAMP, x INTEGER); INSERT INTO secret VALUES (1, '2024-01-01', 7); GRANT SELECT ON secret TO owner;
		CREATE TABLE labels AS SELECT 1 AS k, TIMESTAMP '2024-01-02' AS ts; GRANT SELECT ON labels TO owner, reader, stranger`)
	owner := newSession(t, db, SessionOptions{User: "owner"})
	exec(t, owner, `CREATE FEATURE VIEW lab.f ENTITY (k) EVENT TIME t AS SELECT * FROM secret`)
	exec(t, owner, `CREATE FEATURE VIEW lab.w ENTITY (k) EVENT TIME t WINDOWS (sum(x) OVER LAST 7 DAYS AS s) AS SELECT * FROM secret`)
	exec(t, owner, `GRANT SELECT ON lab.f TO reader; GRANT SELECT ON lab.w TO reader`)
	const join, windowed = `SELECT x FROM labels POINT IN TIME JOIN lab.f AS OF ts`, `SELECT s FROM labels POINT IN TIME JOIN lab.w AS OF ts`
	reader, stranger := newSession(t, db, SessionOptions{User: "reader"}), newSession(t, db, SessionOptions{User: "stranger"})
	for _, s := range []*Session{root, owner, reader} {
		require.Equal(t, "7", rowsOf(t, s, join))
		require.Equal(t, "7", rowsOf(t, s, windowed))
		require.Equal(t, "2", rowsOf(t, s, "SELECT count(*) FROM eider.feature_views"))
		require.Equal(t, "k", strings.Split(rowsOf(t, s, "DESCRIBE FEATURE VIEW lab.f"), "\t")[0])
	}
	for _, sql := range []string{join, windowed, "SELECT * FROM lab.f", "DESCRIBE FEATURE VIEW lab.f", "CREATE FEATURE VIEW g ENTITY (k) EVENT TIME t AS SELECT * FROM secret"} {
		require.Equal(t, "42501", string(failing(t, stranger, sql).Code), sql)
	}
	require.Equal(t, "0", rowsOf(t, stranger, "SELECT count(*) FROM eider.feature_views"))
	require.Empty(t, rowsOf(t, stranger, "SHOW FEATURE VIEWS"))
	for _, sql := range []string{"DROP FEATURE VIEW lab.f", "CREATE OR REPLACE FEATURE VIEW lab.f ENTITY (k) EVENT TIME t AS SELECT 1 AS k, now()::TIMESTAMP AS t, 2 AS x", "SELECT * FROM eider.feature_view_store"} {
		require.Equal(t, "42501", string(failing(t, reader, sql).Code), sql)
	}
	exec(t, owner, "DROP FEATURE VIEW lab.f")
	require.Equal(t, "42704", string(failing(t, owner, join).Code))
}

// What a prepared statement joins is found again when it runs, and errors point at what was typed.
func TestPointInTimePrepared(t *testing.T) {
	s := memory(t)
	exec(t, s, `CREATE TABLE facts AS SELECT 1 AS k, TIMESTAMP '2024-01-01' + INTERVAL 1 DAY * i AS t, i::INTEGER AS x FROM range(10) r(i);
		CREATE FEATURE VIEW f ENTITY (k) EVENT TIME t AS SELECT * FROM facts;
		CREATE FEATURE VIEW w ENTITY (k) EVENT TIME t WINDOWS (count(*) OVER LAST 2 DAYS AS n) AS SELECT * FROM facts`)
	exec(t, s, `PREPARE p (INTEGER, TIMESTAMP) AS SELECT f.x, w.n FROM (SELECT $1 AS k) l POINT IN TIME JOIN f AS OF $2 POINT IN TIME JOIN w AS OF $2`)
	require.Equal(t, "4\t3", rowsOf(t, s, "EXECUTE p (1, '2024-01-05')"))
	require.Equal(t, "NULL\t0", rowsOf(t, s, "EXECUTE p (2, '2024-01-05')"))
	require.Equal(t, "4\t3", rowsOf(t, s, `SELECT f.x, w.n FROM (SELECT $1::INTEGER AS k, $2::TIMESTAMP AS ts) l POINT IN TIME JOIN f AS OF ts POINT IN TIME JOIN w AS OF ts`, 1, "2024-01-05"))
	exec(t, s, `TRAIN MODEL m TARGET y USING linear AS SELECT l.y, f.x, w.n FROM (SELECT k, t AS ts, x * 2.0 AS y FROM facts) l POINT IN TIME JOIN f AS OF l.ts POINT IN TIME JOIN w AS OF l.ts`)
	require.Equal(t, "10", rowsOf(t, s, `SELECT count(p) FROM (SELECT predict('m', j) AS p FROM (SELECT f.x, w.n FROM facts l POINT IN TIME JOIN f AS OF l.t POINT IN TIME JOIN w AS OF l.t) j)`))
	for _, c := range []struct{ code, before, at string }{
		{"42704", "SELECT 1 FROM facts l POINT IN TIME JOIN ", "ff AS OF l.t"},
		{"42703", "SELECT f.x, ", "nope FROM facts l POINT IN TIME JOIN f AS OF l.t"},
		{"42703", "SELECT f.x FROM facts l POINT IN TIME JOIN f AS OF l.", "nope"},
		{"42703", "SELECT w.n FROM facts l POINT IN TIME JOIN w AS OF ", "nope"},
		{"42703", "SELECT 1 FROM facts l POINT IN TIME JOIN f AS OF l.t ON l.k = f.", "nope"},
		{"42601", "SELECT 1 FROM facts l POINT IN TIME JOIN f ", "WHERE true"},
	} {
		e := failing(t, s, c.before+c.at)
		require.Equal(t, c.code, string(e.Code), c.before+c.at)
		if c.code != "42703" || !strings.HasPrefix(c.at, "nope") {
			require.Equal(t, len(c.before)+1, e.Position, c.before+c.at)
		}
	}
	require.NotEmpty(t, failing(t, s, "SELECT 1 FROM facts l POINT IN TIME JOIN ff AS OF l.t").Hint)
}

// A statement that joins over many facts of one key ends when it is cancelled.
func TestRollingIsCancelled(t *testing.T) {
	s := memory(t)
	exec(t, s, `CREATE TABLE facts AS SELECT 1 AS k, TIMESTAMP '2024-01-01' + to_seconds(i) AS t, i AS x FROM range(400000) r(i);
		CREATE FEATURE VIEW w ENTITY (k) EVENT TIME t WINDOWS (distinct(x) OVER LAST 90 DAYS AS n) AS SELECT * FROM facts`)
	exec(t, s, "SET statement_timeout = 50")
	require.Equal(t, "57014", string(failing(t, s, "SELECT sum(w.n) FROM facts l POINT IN TIME JOIN w AS OF l.t").Code))
	exec(t, s, "SET statement_timeout = 0")
	require.Equal(t, "1", rowsOf(t, s, "SELECT 1"))
}
