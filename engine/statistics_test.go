package engine

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The statistics of two samples give what scipy and numpy give, with one thread and with many.
func TestStatisticsGolden(t *testing.T) {
	var rows []string
	for _, r := range golden(t, "samples.tsv") {
		column := map[string]string{"DOUBLE": "x", "VARCHAR": "s"}[r[1]]
		rows = append(rows, fmt.Sprintf("INSERT INTO samples SELECT '%s', '%s', unnest(string_split('%s', ' '))", r[0], column, r[2]))
	}
	for _, threads := range []int{1, 8} {
		s := newSession(t, openDB(t, Options{Threads: threads}), SessionOptions{})
		exec(t, s, "CREATE TABLE samples (name varchar, kind varchar, v varchar);"+strings.Join(rows, ";")+
			`; CREATE TABLE lists AS SELECT name, list(v ORDER BY hash(v)) FILTER (kind = 's') AS s, list(v::double ORDER BY hash(v)) FILTER (kind = 'x') AS x FROM samples GROUP BY name`)
		for _, l := range golden(t, "statistics.tsv") {
			for column := range map[string]bool{"s": true, "x": true} {
				if got := rowsOf(t, s, "SELECT count(r."+column+") FROM lists r WHERE name = '"+l[0]+"'"); got == "0" {
					continue
				}
				got := rowsOf(t, s, "SELECT "+l[2]+" FROM (SELECT "+column+" AS ref FROM lists WHERE name = '"+l[0]+"'), (SELECT "+column+" AS cur FROM lists WHERE name = '"+l[1]+"')")
				near(t, l[4], got, strings.Join(l, " "))
			}
		}
	}
}

// Every type of number and time is a sample; what has no meaning as one is refused.
func TestStatisticsTypes(t *testing.T) {
	s := memory(t)
	for _, typ := range []string{"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT",
		"FLOAT", "DOUBLE", "DECIMAL(4,1)", "DECIMAL(9,2)", "DECIMAL(18,3)", "DECIMAL(38,4)"} {
		require.Equal(t, "1", rowsOf(t, s, "SELECT wasserstein([1, 3, 3]::"+typ+"[], [2, NULL, 4, 4]::"+typ+"[])"), typ)
	}
	require.Equal(t, "2", rowsOf(t, s, "SELECT wasserstein([DATE '2026-01-01'], [DATE '2026-01-03'])"))
	for _, typ := range []string{"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMPTZ"} {
		require.Equal(t, "60", rowsOf(t, s, "SELECT wasserstein(['2026-01-01 00:01:00'::"+typ+"], ['2026-01-01 00:02:00'::"+typ+"])"), typ)
	}
	for _, typ := range []string{"BLOB", "VARCHAR", "ENUM('a', 'b')"} {
		require.Equal(t, "1", rowsOf(t, s, "SELECT js_divergence(['a'::"+typ+"], ['b'::"+typ+"])"), typ)
		require.Equal(t, "42804", string(failing(t, s, "SELECT ks_test(['a'::"+typ+"], ['b'::"+typ+"])").Code), typ)
	}
	require.Equal(t, "0", rowsOf(t, s, "SELECT js_divergence(['a'::ENUM('a', 'b')], ['a'::ENUM('b', 'a')])"), "labels are compared, not their numbers")
	require.Equal(t, "0\t1", rowsOf(t, s, `SELECT psi(['9f2c1c2e-0000-4000-8000-000000000001'::UUID], ['9f2c1c2e-0000-4000-8000-000000000001'::UUID]), js_divergence([true], [false])`))
	for _, typ := range []string{"INTEGER[]", "STRUCT(a INTEGER)", "INTERVAL", "TIME"} {
		require.Equal(t, "42804", string(failing(t, s, "SELECT psi([NULL::"+typ+"], [NULL::"+typ+"])").Code), typ)
	}
	require.Equal(t, "NULL\tNULL\tNULL\tNULL", rowsOf(t, s, "SELECT psi(NULL, [1]), ks_test([1], []), wasserstein([NULL], [1]), chi2_test(['nan'::double], [1])"))
	require.Equal(t, "+Inf\t0", rowsOf(t, s, "SELECT wasserstein([1, 'inf'::double], [1, 2]), wasserstein(['-inf'::double], ['-inf'::double])"))
	require.Equal(t, "22023", string(failing(t, s, "SELECT psi([1], [1], bins := 1001)").Code))
	require.Equal(t, "22023", string(failing(t, s, "SELECT eider_ks_test([2, 1], [1])").Code))
	require.Equal(t, "54000", string(failing(t, s, "SELECT psi(list(i::varchar), ['a']) FROM range(1000001) t(i)").Code))
}

// A group's samples are compared within the group.
func TestStatisticsGrouped(t *testing.T) {
	s := memory(t)
	exec(t, s, "CREATE TABLE obs AS SELECT i % 3 AS k, i // 300 = 0 AS old, i % 7 + CASE WHEN i // 300 = 1 AND i % 3 = 2 THEN 100 ELSE 0 END AS x FROM range(600) t(i)")
	require.Equal(t, "0\tfalse\n1\tfalse\n2\ttrue", rowsOf(t, s,
		"SELECT k, ks_test(list(x) FILTER (old), list(x) FILTER (NOT old)).p_value < 0.05 FROM obs GROUP BY k ORDER BY k"))
}
