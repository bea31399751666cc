package gate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/storage/duck"
)

// generator writes random statements over the tables t0 … t9 (x, y).
type generator struct{ *rand.Rand }

func (g generator) pick(list ...string) string { return list[g.IntN(len(list))] }

func (g generator) table() string {
	n := g.IntN(10)
	return g.pick(fmt.Sprintf("t%d", n), fmt.Sprintf("T%d", n), fmt.Sprintf("main.t%d", n), fmt.Sprintf(`"t%d"`, n), fmt.Sprintf(`memory.main."T%d"`, n))
}

// gap is what may stand between two tokens.
func (g generator) gap() string {
	return g.pick(" ", " ", " ", "\n", "\t", " /* FROM t1 */ ", " -- , (SELECT x FROM t2)\n", "  ")
}

func (g generator) expr(depth int) string {
	if depth <= 0 {
		return g.pick("1", "x", "y", "NULL", "(-2)", "'a''b'::INTEGER", "3.5", "$$7$$::INTEGER")
	}
	e := func() string { return g.expr(depth - 1) }
	switch g.IntN(9) {
	case 0:
		return "(SELECT max(x) FROM" + g.gap() + g.table() + ")"
	case 1:
		return "CASE WHEN EXISTS (FROM " + g.table() + ") THEN " + e() + g.gap() + "ELSE " + e() + " END"
	case 2:
		return "coalesce(" + e() + "," + g.gap() + e() + ")"
	case 3:
		return "(" + e() + g.gap() + "+ " + e() + ")"
	case 4:
		return "(CASE WHEN 1 IN (SELECT y FROM " + g.table() + ") THEN 1 ELSE 2 END)"
	case 5:
		return "(CASE WHEN " + e() + " IS DISTINCT FROM " + e() + " THEN 1 END)"
	case 6:
		return "list_sum([" + e() + ", " + e() + "])::INTEGER"
	case 7:
		return "(SELECT count(*) FROM (" + g.query(depth-1) + ") q)"
	}
	return e()
}

func (g generator) query(depth int) string {
	from := g.table()
	switch g.IntN(5) {
	case 0:
		return "SELECT " + g.expr(depth-1) + " AS x, 1 AS y FROM " + from + " a"
	case 1:
		return "SELECT a.x, b.y FROM " + from + " a JOIN " + g.table() + " b ON a.x" + g.gap() + "= b.x"
	case 2:
		return "SELECT x, y FROM " + from + " WHERE x > " + g.expr(depth-1)
	case 3:
		return "WITH t3 AS (SELECT x, y FROM " + from + ") SELECT x, y FROM t3"
	}
	return "SELECT x, y FROM " + from + " UNION ALL SELECT x, y FROM " + g.table()
}

func (g generator) with() string {
	switch g.IntN(4) {
	case 0:
		return "WITH t5 AS (" + g.query(2) + ")" + g.gap()
	case 1:
		return "WITH c AS (" + g.query(1) + "), t6 AS MATERIALIZED (SELECT * FROM c)" + g.gap()
	}
	return ""
}

func (g generator) statement() string {
	target, w := g.table(), g.with()
	where := func(not string) string {
		return g.pick("", not+g.gap()+"WHERE "+g.expr(2)+" > 0")
	}
	switch g.IntN(6) {
	case 0:
		return w + "INSERT INTO " + target + g.gap() + g.pick("", "(x, y) ") + g.query(3)
	case 1:
		return w + "INSERT INTO " + target + " (x) VALUES (" + g.expr(3) + "), (" + g.gap() + "DEFAULT)"
	case 2:
		return w + "UPDATE " + target + " AS u SET x = " + g.expr(3) + "," + g.gap() + "y = " + g.expr(2) + where("")
	case 3:
		return w + "UPDATE " + target + " u SET y = s.y FROM " + g.table() + " s" + where("")
	case 4:
		return w + "DELETE FROM " + target + " d" + g.pick("", g.gap()+"USING "+g.table()+" s") + where("")
	}
	return w + "MERGE INTO " + target + " m USING (" + g.query(2) + ") s ON m.x = s.x WHEN MATCHED AND s.y > " + g.expr(1) +
		" THEN UPDATE SET y = s.y" + g.gap() + "WHEN NOT MATCHED THEN INSERT (x, y) VALUES (s.x, " + g.expr(0) + ")"
}

// TestEveryTableIsFound compares what the gate finds in statements that DuckDB gives no tree of with
// the tables that stand in DuckDB's plan of them.
func TestEveryTableIsFound(t *testing.T) {
	ctx := context.Background()
	db, err := duck.Open(ctx, duck.Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	c, err := db.Connect(ctx)
	require.NoError(t, err)
	for i := range 10 {
		_, err := c.Exec(ctx, fmt.Sprintf("CREATE TABLE t%d (x INTEGER DEFAULT 0, y INTEGER); INSERT INTO t%d VALUES (%d, 1)", i, i, i))
		require.NoError(t, err)
	}
	scanned := regexp.MustCompile(`"Table": "memory\.main\.(t\d)"`)
	gate := New(Options{Database: "memory", Committed: c})
	g := generator{rand.New(rand.NewPCG(1, 2))}
	planned, found := 0, 0
	for range 1500 {
		sql := g.statement()
		rows, err := c.QueryRows(ctx, "EXPLAIN (FORMAT json) "+sql)
		if err != nil {
			continue // not a statement that means anything
		}
		planned++
		p, err := gate.parse(ctx, c, sql)
		require.NoError(t, err, sql)
		known := map[string]bool{}
		for _, ref := range p.reads.relations {
			known[strings.ToLower(ref.name)] = true
		}
		for _, target := range p.targets {
			if target.need&Select != 0 || strings.HasPrefix(p.verb, "update") || p.verb == "delete" {
				known[strings.ToLower(target.ref.name)] = true // UPDATE and DELETE scan their own table
			}
		}
		for _, m := range scanned.FindAllStringSubmatch(rows[0][1].(string), -1) {
			found++
			require.True(t, known[m[1]], "%s: DuckDB reads %s, the gate knows of %v", sql, m[1], known)
		}
	}
	t.Logf("%d statements planned, %d scans compared", planned, found)
	require.Greater(t, planned, 700)
	require.Greater(t, found, 1500)
}
