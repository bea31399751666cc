package gate

import (
	"os"
	"strings"
	"testing"

	"github.com/eiderdb/eider/sql/classify"
)

// FuzzAnalyse: no text makes the reader panic, and what it accepts keeps its bytes: the pieces of a
// statement are made of its own text.
func FuzzAnalyse(f *testing.F) {
	b, err := os.ReadFile("../../testdata/attacks/attacks.txt")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if _, sql, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			f.Add(sql)
		}
	}
	for _, sql := range []string{"", "(", "WITH", "WITH a AS (SELECT 1) INSERT", "INSERT INTO t VALUES (DEFAULT", "UPDATE t SET", "MERGE INTO t USING s ON a WHEN",
		"CREATE TABLE t (a INTEGER REFERENCES", "CREATE MACRO m(", "COMMENT ON COLUMN a.b.c.d IS", "COPY (", "DROP MACRO TABLE", "PIVOT t ON", "EXPLAIN (ANALYZE"} {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		st, err := analyse(sql)
		if err == nil && st.verb == "" {
			t.Fatalf("%q has no verb", sql)
		}
		classify.PivotIn(sql)
		parsePath(sql, "shop")
		firstWord(sql)
		if _, err := parseTrees(sql, 1); err == nil {
			return
		}
	})
}
