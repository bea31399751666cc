package run_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/engine/project/artifact"
	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/run"
)

func statuses(res map[string]*run.Result) map[string]string {
	out := map[string]string{}
	for name, r := range res {
		out[name] = r.Status
	}
	return out
}

func TestFailureSkipsItsChildrenOnly(t *testing.T) {
	p := newProject(t)
	p.model("a", "view", "SELECT 1 AS x")
	broken := p.model("b", "table", "SELECT x,\n  y\nFROM {model.shop.a}", "model.shop.a")
	p.model("c", "table", "SELECT * FROM {model.shop.b}", "model.shop.b")
	p.model("d", "table", "SELECT * FROM {model.shop.c}", "model.shop.c")
	p.model("e", "table", "SELECT * FROM {model.shop.a}", "model.shop.a")
	res := p.run("run")
	require.Equal(t, map[string]string{"a": "success", "b": "error", "c": "skipped", "d": "skipped", "e": "success"}, statuses(res))
	require.Equal(t, "column \"y\" does not exist (42703)\nat models/b.sql:2\nLINE 2:   y\n          ^\nHINT: Candidate bindings: \"x\"\ncompiled SQL: target/compiled/shop/models/b.sql", res["b"].Message)
	require.Contains(t, p.out.String(), "SKIP because of b")
	require.Contains(t, p.out.String(), "Done. PASS=2 WARN=0 ERROR=1 SKIP=2 TOTAL=5")
	require.FileExists(t, filepath.Join(p.p.TargetPath, "compiled/shop/models/b.sql"))
	require.FileExists(t, filepath.Join(p.p.TargetPath, "run/shop/models/b.sql"))

	again, err := run.Retry(p.p)
	require.NoError(t, err)
	require.Equal(t, &run.Again{Command: "run", IDs: []string{"model.shop.b", "model.shop.c", "model.shop.d"}, Args: map[string]any{"which": "run"}}, again)
	broken.Raw = "SELECT x FROM {model.shop.a}"
	res = p.ok("run", func(o *run.Options) { o.Chosen = again.IDs })
	require.Len(t, res, 3)
	again, err = run.Retry(p.p)
	require.NoError(t, err)
	require.Empty(t, again.IDs)
}

func TestFailFast(t *testing.T) {
	p := newProject(t)
	p.model("a", "table", "SELECT nothing")
	p.model("b", "table", "SELECT 1 AS x")
	res := p.run("run", failFast)
	require.Equal(t, map[string]string{"a": "error", "b": "skipped"}, statuses(res))
	require.Equal(t, "because the run was stopped", res["b"].Message)
}

func (p *project) test(name, sql string, c node.Config, parents ...string) *node.Node {
	c.Materialized = "test"
	n := p.add(node.Test, name, sql, c, parents...)
	n.TestInfo = &node.TestInfo{Name: name}
	return n
}

func TestDataTests(t *testing.T) {
	p := newProject(t)
	p.exec("CREATE TABLE t AS SELECT * FROM range(5) r(i)")
	p.test("passes", "SELECT * FROM t WHERE i > 10", node.Config{})
	p.test("fails", "SELECT * FROM t WHERE i > 1", node.Config{})
	p.test("warns", "SELECT * FROM t WHERE i > 1;", node.Config{Severity: "warn"})
	p.test("bounded", "SELECT * FROM t WHERE i > 1", node.Config{ErrorIf: "> 3", WarnIf: "> 2"})
	p.test("tolerated", "SELECT * FROM t WHERE i > 1", node.Config{ErrorIf: "> 3", WarnIf: "> 3"})
	p.test("limited", "SELECT * FROM t WHERE i > 0", node.Config{Limit: 2})
	p.test("summed", "SELECT i AS n FROM t WHERE i > 2", node.Config{FailCalc: "sum(n)"})
	p.test("sum of nothing", "SELECT i AS n FROM t WHERE i > 9", node.Config{FailCalc: "sum(n)"})
	p.test("broken", "SELECT * FROM nowhere", node.Config{})
	stored := p.test("stored", "SELECT * FROM t WHERE i > 2", node.Config{StoreFailuresAs: "view"})
	stored.Schema = "audit"
	res := p.run("test")
	require.Equal(t, map[string]string{"passes": "pass", "fails": "fail", "warns": "warn", "bounded": "warn", "tolerated": "pass", "limited": "fail", "summed": "fail",
		"sum of nothing": "pass", "broken": "error", "stored": "fail"}, statuses(res))
	require.Equal(t, int64(3), *res["fails"].Failures)
	require.Equal(t, int64(2), *res["limited"].Failures)
	require.Equal(t, int64(7), *res["summed"].Failures)
	require.Equal(t, "Got 3 results, configured to fail if != 0", res["fails"].Message)
	require.Equal(t, "3\n4\n", p.rows("SELECT * FROM audit.stored ORDER BY 1"))
	require.Equal(t, "stored|VIEW\n", p.rows("SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'audit'"))
	p.run("test", storing)
	require.Equal(t, "3\n", p.rows("SELECT count(*) FROM fails"))
}

func TestBuildTestsBeforeChildren(t *testing.T) {
	p := newProject(t)
	p.model("a", "table", "SELECT 1 AS x")
	p.model("b", "table", "SELECT x FROM {model.shop.a}", "model.shop.a")
	p.model("c", "table", "SELECT 1 AS x")
	p.test("a is two", "SELECT * FROM {model.shop.a} WHERE x <> 2", node.Config{}, "model.shop.a")
	p.test("a like b", "SELECT * FROM {model.shop.a} JOIN {model.shop.b} USING (x) WHERE x <> 1", node.Config{}, "model.shop.a", "model.shop.b")
	require.Equal(t, map[string]string{"a": "success", "a is two": "fail", "b": "skipped", "c": "success", "a like b": "skipped"}, statuses(p.run("build")))
	p.p.Nodes["model.shop.a"].Raw = "SELECT 2 AS x"
	require.Equal(t, map[string]string{"a": "success", "a is two": "pass", "b": "success", "c": "success", "a like b": "fail"}, statuses(p.run("build")))
}

func (p *project) unit(name, model string, expect node.Fixture, given ...node.Fixture) *node.Node {
	n := p.add(node.UnitTest, name, "", node.Config{}, model)
	n.UnitTestInfo = &node.UnitTestInfo{Model: strings.TrimPrefix(model, "model.shop."), ModelID: model, Given: given, Expect: expect}
	return n
}

func row(pairs ...any) node.Row {
	var r node.Row
	for i := 0; i < len(pairs); i += 2 {
		r.Columns, r.Values = append(r.Columns, pairs[i].(string)), append(r.Values, pairs[i+1])
	}
	return r
}

func TestUnitTests(t *testing.T) {
	p := newProject(t)
	p.model("orders", "table", "SELECT 1 AS id, DATE '2024-01-01' AS day, 1.50::DECIMAL(9,2) AS price, ['x'] AS tags")
	p.model("daily", "view", "WITH o AS (SELECT * FROM {model.shop.orders}) SELECT day, sum(price) AS total, count(*) AS n FROM o GROUP BY day", "model.shop.orders")
	given := node.Fixture{Input: "ref('orders')", InputID: "model.shop.orders", Rows: []node.Row{row("day", "2024-05-01", "price", 1.25), row("price", "2", "day", "2024-05-01"), row("day", nil, "tags", []any{"a", "it's"})}}
	p.unit("sums", "model.shop.daily", node.Fixture{Rows: []node.Row{row("day", "2024-05-01", "total", "3.25"), row("day", nil, "total", nil)}}, given)
	p.unit("wrong", "model.shop.daily", node.Fixture{Rows: []node.Row{row("day", "2024-05-01", "n", int64(3)), row("day", nil, "n", int64(1))}}, given)
	p.unit("nothing", "model.shop.daily", node.Fixture{}, node.Fixture{Input: "ref('orders')", InputID: "model.shop.orders"})
	p.unit("by query", "model.shop.daily", node.Fixture{Format: "sql", SQL: "SELECT 1 AS n"}, node.Fixture{InputID: "model.shop.orders", Format: "sql", SQL: "SELECT 1 AS price, NULL::DATE AS day"})
	p.unit("typo", "model.shop.daily", node.Fixture{}, node.Fixture{Input: "ref('orders')", InputID: "model.shop.orders", Rows: []node.Row{row("prize", int64(1))}})
	p.unit("ungiven", "model.shop.daily", node.Fixture{})
	p.run("run", func(o *run.Options) { o.Chosen = []string{"model.shop.orders"} })
	res := p.run("test")
	require.Equal(t, map[string]string{"sums": "pass", "wrong": "fail", "nothing": "pass", "by query": "pass", "typo": "error", "ungiven": "error"}, statuses(res))
	require.Equal(t, "model daily gives other rows than expected\n  | day                 | n\n--+---------------------+--\n- | 2024-05-01 00:00:00 | 3\n+ | 2024-05-01 00:00:00 | 2\n- expected but missing, + not expected", res["wrong"].Message)
	require.Contains(t, res["typo"].Message, `name column "prize", which it doesn't have; it has id, day, price, tags`)
	require.Contains(t, res["ungiven"].Message, "gives no rows for model.shop.orders")
}

func TestHooksOfTheRun(t *testing.T) {
	p := newProject(t)
	p.exec("CREATE TABLE log (x VARCHAR)")
	p.model("a", "table", "SELECT * FROM log")
	p.p.OnRunStart = []*node.Node{{ID: "operation.shop.start-0", Kind: node.Operation, Name: "start-0", Raw: "INSERT INTO log VALUES ('start')"}}
	p.p.OnRunEnd = []*node.Node{{ID: "operation.shop.end-0", Kind: node.Operation, Name: "end-0", Raw: "INSERT INTO log VALUES ('end')"}}
	p.ok("run")
	require.Equal(t, "start\nend\n", p.rows("SELECT * FROM log"))
	require.Equal(t, "start\n", p.rows("SELECT * FROM a"))
	p.p.OnRunStart[0].Raw = "INSERT INTO nowhere VALUES (1)"
	res := p.run("run")
	require.Equal(t, map[string]string{"start-0": "error", "a": "skipped", "end-0": "success"}, statuses(res))
}

// watch is an output that tells when a text was written.
type watch struct {
	text string
	seen chan struct{}
}

func (w *watch) Write(b []byte) (int, error) {
	if strings.Contains(string(b), w.text) {
		close(w.seen)
	}
	return len(b), nil
}

func TestInterrupt(t *testing.T) {
	p := newProject(t)
	p.model("slow", "table", "SELECT 1 AS x")
	p.ok("run")
	p.p.Nodes["model.shop.slow"].Raw = "SELECT count(*) AS x FROM range(3000000) a, range(3000000) b"
	p.model("z", "table", "SELECT 1 AS x", "model.shop.slow")
	ctx, cancel := context.WithCancel(t.Context())
	o := p.options("run")
	begun := &watch{text: "START table model main.slow", seen: make(chan struct{})}
	o.Printer.Out = begun
	done := make(chan *run.Results, 1)
	go func() {
		res, err := run.Run(ctx, o)
		if err != nil {
			t.Error(err)
		}
		done <- res
	}()
	<-begun.seen
	cancel()
	res := <-done
	require.True(t, res.Failed)
	require.Equal(t, "1\n", p.rows("SELECT x FROM slow"))
	again, err := run.Retry(p.p)
	require.NoError(t, err)
	require.Equal(t, []string{"model.shop.slow", "model.shop.z"}, again.IDs)
}

func TestFreshness(t *testing.T) {
	p := newProject(t)
	p.exec("CREATE TABLE young AS SELECT now() AS happened; CREATE TABLE old AS SELECT TIMESTAMP '2020-01-01' AS happened; CREATE TABLE none (happened TIMESTAMP)")
	for _, name := range []string{"young", "old", "middling", "none", "absent"} {
		n := p.add(node.Source, name, "", node.Config{})
		n.SourceInfo = &node.SourceInfo{Source: "raw", Identifier: name, LoadedAt: "happened", Freshness: &node.Freshness{Warn: &node.Age{Count: 1, Period: "hour"}, Error: &node.Age{Count: 1, Period: "day"}}}
		if name == "middling" {
			n.SourceInfo.Identifier, n.SourceInfo.Freshness.Error = "old", nil
		}
	}
	failed, err := run.Freshness(t.Context(), p.options("freshness"))
	require.NoError(t, err)
	require.True(t, failed)
	data, err := os.ReadFile(filepath.Join(p.p.TargetPath, "sources.json"))
	require.NoError(t, err)
	var doc struct {
		Results []struct{ Unique_id, Status, Error string }
	}
	require.NoError(t, json.Unmarshal(data, &doc))
	got := map[string]string{}
	for _, r := range doc.Results {
		got[strings.TrimPrefix(r.Unique_id, "source.shop.")] = r.Status
	}
	require.Equal(t, map[string]string{"young": "pass", "old": "error", "middling": "warn", "none": "runtime error", "absent": "runtime error"}, got)
	require.Contains(t, p.out.String(), "has no row with a time in happened")
}

func TestRunResultsAndCatalog(t *testing.T) {
	p := newProject(t)
	p.model("a", "table", "SELECT 1 AS x, 'a' AS y")
	p.model("v", "view", "SELECT * FROM {model.shop.a}", "model.shop.a")
	p.ok("run")
	doc, err := artifact.ReadRunResults(p.p.TargetPath)
	require.NoError(t, err)
	require.Equal(t, "https://schemas.getdbt.com/dbt/run-results/v6.json", doc.Metadata.Schema)
	require.Len(t, doc.Results, 2)
	require.Equal(t, "SELECT 1", *doc.Results[0].Message)
	require.Equal(t, float64(1), doc.Results[0].Response["rows_affected"])
	require.Equal(t, `"shop"."main"."a"`, *doc.Results[0].Relation)
	require.Len(t, doc.Results[0].Timing, 2)
	catalog, err := run.Catalog(t.Context(), p.options("docs"))
	require.NoError(t, err)
	require.Equal(t, "BASE TABLE", catalog.Nodes["model.shop.a"].Metadata.Type)
	require.Equal(t, artifact.CatalogColumn{Type: "VARCHAR", Index: 2, Name: "y"}, catalog.Nodes["model.shop.a"].Columns["y"])
	require.Equal(t, "VIEW", catalog.Nodes["model.shop.v"].Metadata.Type)
}
