package engine

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What tells of a table is the same with one thread and with many, below the size that is sampled and above.
func TestHealthThreads(t *testing.T) {
	queries := []string{
		"SELECT column_name, nulls, distinct_values, min, max, median, shape, top_values, warnings, q05, q95, histogram FROM profile('small')",
		"SELECT column_name, mean, sd FROM profile('small')",
		"SELECT column_name, nulls, distinct_values, min, max, round(mean, 6), round(sd, 6), median, shape, top_values, warnings, q05, q95, histogram FROM profile('large')",
		"FROM drift('small', 'large')",
		"FROM drift('large', 'small', test => 'psi')",
		"SELECT column_name, change FROM profile_diff('small', 'large')",
		"SELECT sum(v), count(*), sum(outlier_score) FROM outliers('large', 'v', method => 'mad')",
		"SELECT count(*), sum(gap), max(day) FROM dedup('large', key => ['k', 'word'], order_by => 'day DESC')",
		"SELECT violations, unknown, example FROM expect('large', ['v > 0.001', 'word < ''w9''', 'gap > 3'])",
		"SELECT sum(cluster_id), count(*) FILTER (is_duplicate) FROM dedup_fuzzy('texts', columns => ['name'])",
	}
	const columns = "hash(i + 7) / 18446744073709551615 AS v, i % 97 AS k, 'w' || hash(i) % 1000 AS word, DATE '2020-01-01' + (hash(i) % 2000)::INTEGER AS day, CASE WHEN i % 4 > 0 THEN i // 5 END AS gap"
	var want []string
	for _, threads := range []int{1, 8} {
		s := newSession(t, openDB(t, Options{Threads: threads}), SessionOptions{})
		exec(t, s, "CREATE TABLE small AS SELECT "+columns+" FROM range(5000) t(i); CREATE TABLE large AS SELECT "+columns+" FROM range(1100000) t(i);"+
			"CREATE TABLE texts AS SELECT ['Anna','Bert','Carla','Dieter'][(1 + hash(i) % 4)::INTEGER] || ' ' || ['Schmidt','Schmitt','Maier','Lopez-Garcia'][(1 + hash(i + 1) % 4)::INTEGER] || hash(i + 2) % 300 AS name FROM range(3000) t(i)")
		for i, q := range queries {
			got := rowsOf(t, s, q)
			if threads == 1 {
				want = append(want, got)
				continue
			}
			require.Equal(t, want[i], got, q)
		}
	}
	// The sample is near the truth: v is uniform, a quarter of gap is missing.
	lines := strings.Split(want[2], "\n")
	require.Contains(t, lines[1], "v\t0\t", "no NULL")
	require.Contains(t, lines[5], "gap\t275000\t")
	require.Contains(t, lines[5], "25 % NULL")
}

// Pairs that differ in a letter are found among many rows, whose pairs nobody could compare.
func TestDedupFuzzyFinds(t *testing.T) {
	s := memory(t)
	exec(t, s, `CREATE TABLE people AS SELECT i AS id, substr(md5(i::VARCHAR), 1, 8) || ' ' || substr(md5((i + 1000000)::VARCHAR), 1, 9) AS name FROM range(20000) t(i);
		INSERT INTO people SELECT id + 100000, CASE id % 3 WHEN 0 THEN left(name, 5) || 'q' || substr(name, 7) WHEN 1 THEN upper(name) || '.' ELSE left(name, 14) || 'zz' || substr(name, 16) END FROM people WHERE id < 600`)
	require.Equal(t, "600", rowsOf(t, s, `SELECT count(*) FILTER (is_duplicate AND cluster_id = id - 100000 + 1)
		FROM dedup_fuzzy('people', columns => ['name'], threshold => 0.88)`))
}
