package engine

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/engine/builtin"
)

// golden reads a file that testdata/features/golden.py wrote, a line's fields each.
func golden(t *testing.T, name string) [][]string {
	t.Helper()
	f, err := os.Open(filepath.Join("../testdata/features", name))
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	var lines [][]string
	for s := bufio.NewScanner(f); s.Scan(); {
		lines = append(lines, strings.Split(s.Text(), "\t"))
	}
	require.NotEmpty(t, lines)
	return lines
}

// near compares two spellings of a value, numbers to 1e-9 of their size.
func near(t *testing.T, want, got, what string) {
	t.Helper()
	w, err := strconv.ParseFloat(want, 64)
	if err != nil {
		require.Equal(t, strings.Replace(want, "T", " ", 1), got, what)
		return
	}
	g, err := strconv.ParseFloat(got, 64)
	require.NoError(t, err, "%s: want %s, got %s", what, want, got)
	if math.IsNaN(w) || math.IsInf(w, 0) {
		require.Equal(t, fmt.Sprint(w), fmt.Sprint(g), what)
		return
	}
	require.InDelta(t, w, g, 1e-9*math.Max(1, math.Abs(w)), what)
}

// The window functions give what pandas, scipy and scikit-learn give, with one thread and with many.
func TestWindowGolden(t *testing.T) {
	var values []string
	for _, r := range golden(t, "rows.tsv") {
		quote := func(s, as string) string {
			if s == "NULL" {
				return s
			}
			return "'" + s + "'::" + as
		}
		values = append(values, "("+r[0]+", '"+r[1]+"', TIMESTAMP '"+r[2]+"', "+quote(r[3], "double")+", "+quote(r[4], "varchar")+")")
	}
	for _, threads := range []int{1, 8} {
		s := newSession(t, openDB(t, Options{Threads: threads}), SessionOptions{})
		exec(t, s, "create table r (id int, k varchar, ts timestamp, x double, c varchar)")
		exec(t, s, "insert into r values "+strings.Join(values, ", "))
		for _, line := range golden(t, "window.tsv") {
			sql := "select id, (" + line[0] + ")::varchar from r order by id"
			got := strings.Split(rowsOf(t, s, sql), "\n")
			want := strings.Split(line[2], " ")
			require.Len(t, got, len(want), sql)
			for i := range want {
				id, value, _ := strings.Cut(got[i], "\t")
				near(t, want[i], value, fmt.Sprintf("%s, row %s, %d threads (%s)", line[0], id, threads, line[1]))
			}
		}
	}
}

// Distances are those of scikit-learn's haversine_distances, times the Earth's mean radius, and cosine_similarity.
func TestDistancesGolden(t *testing.T) {
	s := memory(t)
	for _, line := range golden(t, "distances.tsv") {
		near(t, line[2], rowsOf(t, s, "select ("+line[0]+")::varchar"), line[0]+" ("+line[1]+")")
	}
}

// Cleaning functions and features of single values give what Python, numpy, pandas and scikit-learn give, in every
// zone, whether they are computed of constants or of a table's rows, with one thread and with many.
func TestScalarGolden(t *testing.T) {
	lines := golden(t, "scalar.tsv")
	for _, threads := range []int{1, 8} {
		s := newSession(t, openDB(t, Options{Threads: threads}), SessionOptions{})
		zones := map[string][][]string{}
		for _, line := range lines {
			zones[line[0]] = append(zones[line[0]], line)
		}
		for zone, lines := range zones {
			exec(t, s, "set timezone = '"+zone+"'")
			for len(lines) > 0 {
				some := lines[:min(40, len(lines))]
				lines = lines[len(some):]
				var list []string
				for _, line := range some {
					list = append(list, "("+line[1]+")::varchar")
				}
				got := strings.Split(rowsOf(t, s, "select unnest(["+strings.Join(list, ", ")+"])"), "\n")
				require.Len(t, got, len(some))
				for i, line := range some {
					what := fmt.Sprintf("%s in %s, %d threads (%s)", line[1], zone, threads, line[2])
					if strings.HasPrefix(line[3], "[") || strings.HasPrefix(line[1], "normalize_text") {
						require.Equal(t, line[3], got[i], what)
					} else {
						near(t, line[3], got[i], what)
					}
				}
			}
		}
	}
}

// Every function of these families has a known answer from an independent source.
func TestGoldenCoversFamilies(t *testing.T) {
	var all strings.Builder
	for _, name := range []string{"scalar.tsv", "window.tsv", "distances.tsv"} {
		for _, line := range golden(t, name) {
			all.WriteString(strings.Join(line, " "))
		}
	}
	for _, d := range builtin.All().Functions {
		if d.Family != "clean" && d.Family != "feature" && d.Family != "window" || d.Name == "embed" || d.Rewritten {
			continue
		}
		require.Contains(t, all.String(), d.Name+"(", "no known answer for %s", d.Name)
	}
}

// rolling_distinct is lowered in two ways, by whether its interval is written as one.
func TestRollingDistinctForms(t *testing.T) {
	s := memory(t)
	exec(t, s, `create table r as select (hash(i) % 5)::int as k, timestamp '2026-01-30' + interval 6 hour * (hash(i, 1) % 300)::int as ts,
		case when hash(i, 2) % 9 = 0 then null else (hash(i, 3) % 12)::int end as x from range(3000) t(i)`)
	exec(t, s, "insert into r values (1, 'infinity', 1), (1, 'infinity', 2), (1, '-infinity', 3), (1, null, 4), (null, '2026-02-01', 5)")
	for _, span := range []string{"5 hour", "1 day", "1 month", "0 second", "1 microsecond"} {
		for _, current := range []string{"", ", include_current => true"} {
			for _, column := range []string{"ts", "ts::date", "ts::timestamptz", "ts::timestamp_s"} {
				call := func(interval string) string {
					return "rolling_distinct(x, " + column + ", " + interval + current + ") filter (where x <> 7) over (partition by k)"
				}
				wrong := rowsOf(t, s, "select count(*) from (select "+call("interval '"+span+"'")+" as a, "+call("to_microseconds(0) + interval '"+span+"'")+" as b from r) where a is distinct from b")
				require.Equal(t, "0", wrong, "%s, %s%s", span, column, current)
			}
		}
	}
}

// An empty table gives no rows, not an error, whatever the function.
func TestWindowEmpty(t *testing.T) {
	s := memory(t)
	exec(t, s, "create table r (id int, k varchar, ts timestamp, x double, c varchar)")
	for _, line := range golden(t, "window.tsv") {
		require.Empty(t, rowsOf(t, s, "select "+line[0]+" from r"), line[0])
	}
}

// The peers of a row never count, whether a time stands in one row or in many.
func TestRollingAgainstSelfJoin(t *testing.T) {
	s := memory(t)
	exec(t, s, `create table r as select (hash(i) % 7)::int as k, timestamptz '2026-03-28 22:00:00+01' + interval 1 hour * (hash(i, 1) % 60)::int as ts,
		case when hash(i, 2) % 9 = 0 then null else (hash(i, 3) % 100)::int end as x from range(600) t(i)`)
	for _, zone := range []string{"UTC", "Europe/Berlin", "Asia/Kathmandu"} {
		exec(t, s, "set timezone = '"+zone+"'")
		for _, span := range []string{"interval 5 hour", "interval 1 day", "interval 0 second"} {
			wrong := rowsOf(t, s, `with f as (select rowid as r, k, ts, rolling_sum(x, ts, `+span+`) over (partition by k) as s, rolling_count(x, ts, `+span+`) over (partition by k) as n from r),
				slow as (select a.rowid as r, sum(b.x) as s, count(b.x) as n from r a left join r b on a.k = b.k and b.ts >= a.ts - `+span+` and b.ts < a.ts group by a.rowid)
				select count(*) from f join slow using (r) where f.s is distinct from slow.s or f.n <> slow.n`)
			require.Equal(t, "0", wrong, "%s in %s", span, zone)
		}
	}
}

// Long groups, NULLs between and weights far below what a double holds: the recurrence is the arbiter.
func TestEwmaAgainstRecurrence(t *testing.T) {
	s := memory(t)
	exec(t, s, "create table r as select (i % 3)::int as k, i as ts, case when hash(i) % 3 = 0 or i between 5000 and 6000 then null else (hash(i, 1) % 1000) / 7 end as x from range(9000) t(i)")
	for _, alpha := range []float64{0.01, 0.3, 0.97, 1} {
		var num, den [3]float64
		rows := strings.Split(rowsOf(t, s, fmt.Sprintf("select k, coalesce(x, -1), coalesce(ewma(x, %v) over (partition by k order by ts), -1) from r order by ts", alpha)), "\n")
		require.Len(t, rows, 9000)
		for i, row := range rows {
			var k int
			var x, got float64
			_, err := fmt.Sscan(row, &k, &x, &got)
			require.NoError(t, err)
			if x >= 0 {
				num[k], den[k] = num[k]*(1-alpha)+x, den[k]*(1-alpha)+1
			}
			if den[k] > 0 {
				require.InEpsilon(t, num[k]/den[k]+1, got+1, 1e-11, "row %d, alpha %v", i, alpha)
			} else {
				require.Equal(t, -1.0, got)
			}
		}
	}
}

// A statement without the words isn't touched.
func TestWindowUntouched(t *testing.T) {
	db := openDB(t, Options{})
	src := `SELECT sum(x) OVER (PARTITION BY k), "zscores" FROM t`
	st := lexOne(src)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if out, m, err := db.windows.Apply(src, st, nil); err != nil || !m.Identity() || len(out) != len(src) {
			panic("touched")
		}
	}))
}
