package run_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/run"
)

func TestViewsAndTables(t *testing.T) {
	p := newProject(t)
	p.seed("raw", "id,price,at,ok,name\n1,1.5,2024-01-01,true,a\n2,,2024-01-02,false,null\n", nil)
	p.model("stage", "view", "SELECT id, price, name FROM {seed.shop.raw}; -- the end", "seed.shop.raw")
	p.model("mart", "table", "WITH x AS (SELECT * FROM {model.shop.stage}) SELECT count(*) AS n, sum(price) AS s FROM x", "model.shop.stage")
	res := p.ok("build")
	require.Equal(t, "2|1.5\n", p.rows("SELECT * FROM mart"))
	require.Equal(t, int64(1), res["mart"].Rows)
	require.Equal(t, "id|INTEGER\nprice|DOUBLE\nat|DATE\nok|BOOLEAN\nname|VARCHAR\n", p.rows("SELECT column_name, column_type FROM (DESCRIBE raw)"))
	require.Equal(t, "<nil>\n", p.rows("SELECT name FROM raw WHERE id = 2"))

	// A view of someone else's survives when its table is built anew, and so do grants; a model may change its kind.
	p.exec("CREATE VIEW reader AS SELECT n FROM mart; CREATE ROLE boss LOGIN SUPERUSER PASSWORD 'correct horse'; CREATE ROLE ann; GRANT SELECT ON mart TO ann")
	p.ok("build")
	require.Equal(t, "2\n", p.rows("SELECT n FROM reader"))
	require.Equal(t, "ann\n", p.rows("SELECT grantee FROM eider.grants WHERE object_name = 'mart'"))
	p.p.Nodes["model.shop.stage"].Config.Materialized = "table"
	p.p.Nodes["model.shop.mart"].Config.Materialized = "view"
	p.ok("build")
	require.Equal(t, "mart|VIEW\nstage|BASE TABLE\n", p.rows("SELECT table_name, table_type FROM information_schema.tables WHERE table_name IN ('mart', 'stage') ORDER BY 1"))
}

func TestTwoStatementsAreAMistake(t *testing.T) {
	p := newProject(t)
	p.model("two", "table", "SELECT 1 AS x;\nDROP TABLE y")
	res := p.run("run")
	require.Equal(t, run.Failed, res["two"].Status)
	require.Contains(t, res["two"].Message, "the file holds 2 statements")
	require.Contains(t, res["two"].Message, "at models/two.sql:2")
}

func TestIncremental(t *testing.T) {
	for _, c := range []struct {
		name   string
		config node.Config
		want   string
	}{
		{"append", node.Config{}, "1|a\n1|c\n2|b\n3|d\n"},
		{"delete and insert", node.Config{UniqueKey: []string{"id"}}, "1|c\n2|b\n3|d\n"},
		{"two keys", node.Config{UniqueKey: []string{"id", "x"}, IncrementalStrategy: "delete+insert"}, "1|a\n1|c\n2|b\n3|d\n"},
		{"merge", node.Config{UniqueKey: []string{"id"}, IncrementalStrategy: "merge"}, "1|c\n2|b\n3|d\n"},
		{"merge some columns", node.Config{UniqueKey: []string{"id"}, IncrementalStrategy: "merge", MergeExcludeColumns: []string{"x"}}, "1|a\n2|b\n3|d\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newProject(t)
			p.exec("CREATE TABLE events AS SELECT 1 AS id, 'a' AS x, 1 AS v UNION ALL SELECT 2, 'b', 1")
			c.config.Materialized = "incremental"
			p.add(node.Model, "inc", "SELECT id, x FROM events --incremental\nWHERE v > 1", c.config)
			p.ok("run")
			p.exec("INSERT INTO events VALUES (1, 'c', 2), (3, 'd', 2)")
			p.ok("run")
			require.Equal(t, c.want, p.rows("SELECT * FROM inc ORDER BY ALL"))
			p.ok("run", full)
			require.Equal(t, "1|a\n1|c\n2|b\n3|d\n", p.rows("SELECT * FROM inc ORDER BY ALL"))
		})
	}
}

func TestSchemaChanges(t *testing.T) {
	for _, c := range []struct{ policy, want, problem string }{
		{"ignore", "", `Referenced column "gone" not found`},
		{"fail", "", "new more BIGINT, gone gone INTEGER, x INTEGER is now BIGINT"},
		{"append_new_columns", "1|2|3|<nil>\n4|5|<nil>|6\n", ""},
		{"sync_all_columns", "1|2|<nil>\n4|5|6\n", ""},
	} {
		t.Run(c.policy, func(t *testing.T) {
			p := newProject(t)
			n := p.add(node.Model, "inc", "SELECT 1 AS id, 2 AS x, 3 AS gone", node.Config{Materialized: "incremental", OnSchemaChange: c.policy})
			p.ok("run")
			n.Raw = "SELECT 4 AS id, 5::BIGINT AS x, 6::BIGINT AS more"
			res := p.run("run")
			if c.problem != "" {
				require.Equal(t, run.Failed, res["inc"].Status)
				if c.policy == "fail" {
					require.Contains(t, res["inc"].Message, c.problem)
				}
				require.Equal(t, "1|2|3\n", p.rows("SELECT * FROM inc"))
				return
			}
			require.Equal(t, run.Success, res["inc"].Status, res["inc"].Message)
			require.Equal(t, c.want, p.rows("SELECT * FROM inc ORDER BY id"))
		})
	}
}

func TestRefusedIncrementals(t *testing.T) {
	for strategy, want := range map[string]string{
		"insert_overwrite": "use 'delete+insert'", "microbatch": "isn't supported", "upsert": `"upsert" isn't known`, "merge": "needs a unique_key",
	} {
		p := newProject(t)
		p.add(node.Model, "inc", "SELECT 1 AS id", node.Config{Materialized: "incremental", IncrementalStrategy: strategy})
		res := p.run("run")
		require.Equal(t, run.Failed, res["inc"].Status)
		require.Contains(t, res["inc"].Message, want)
	}
}

func TestSnapshotByTime(t *testing.T) {
	p := newProject(t)
	p.exec("CREATE TABLE orders AS SELECT 1 AS id, 'new' AS state, TIMESTAMP '2024-01-01' AS happened UNION ALL SELECT 2, 'new', TIMESTAMP '2024-01-01'")
	n := p.add(node.Snapshot, "history", "SELECT * FROM orders", node.Config{Materialized: "snapshot", UniqueKey: []string{"id"}, Strategy: "timestamp", UpdatedAt: "happened"})
	p.ok("snapshot")
	p.ok("snapshot")
	const all = "SELECT id, state, dbt_valid_from, dbt_valid_to FROM history ORDER BY ALL"
	require.Equal(t, "1|new|2024-01-01 00:00:00|<nil>\n2|new|2024-01-01 00:00:00|<nil>\n", p.rows(all))
	p.exec("UPDATE orders SET state = 'paid', happened = TIMESTAMP '2024-02-01' WHERE id = 1; INSERT INTO orders VALUES (3, 'new', TIMESTAMP '2024-02-02'); DELETE FROM orders WHERE id = 2")
	res := p.ok("snapshot")
	require.Equal(t, int64(2), res["history"].Rows)
	require.Equal(t, "1|new|2024-01-01 00:00:00|2024-02-01 00:00:00\n1|paid|2024-02-01 00:00:00|<nil>\n2|new|2024-01-01 00:00:00|<nil>\n3|new|2024-02-02 00:00:00|<nil>\n", p.rows(all))
	require.Equal(t, "4\n", p.rows("SELECT count(DISTINCT dbt_scd_id) FROM history"))

	n.Config.HardDeletes = "invalidate"
	p.ok("snapshot")
	require.Equal(t, "1|true\n", p.rows("SELECT count(*), bool_and(dbt_valid_to > TIMESTAMP '2024-06-01') FROM history WHERE id = 2"))
	p.exec("ALTER TABLE orders ADD COLUMN note VARCHAR; UPDATE orders SET note = 'x', happened = TIMESTAMP '2024-03-01' WHERE id = 3")
	p.ok("snapshot")
	require.Equal(t, "<nil>\nx\n", p.rows("SELECT note FROM history WHERE id = 3 ORDER BY dbt_valid_from"))

	p.exec("INSERT INTO orders SELECT * FROM orders")
	require.Contains(t, p.run("snapshot")["history"].Message, "isn't unique: 2 of its values have several rows")
}

func TestSnapshotByCheck(t *testing.T) {
	p := newProject(t)
	p.exec("CREATE TABLE orders AS SELECT 1 AS id, 'new' AS state, 1 AS noise")
	p.add(node.Snapshot, "history", "SELECT * FROM orders", node.Config{Materialized: "snapshot", UniqueKey: []string{"id"}, Strategy: "check", CheckCols: []string{"state"},
		HardDeletes: "new_record", ValidToCurrent: "TIMESTAMP '9999-12-31'", SnapshotNames: map[string]string{"dbt_valid_to": "until"}})
	p.ok("snapshot")
	p.exec("UPDATE orders SET noise = 2")
	p.ok("snapshot")
	require.Equal(t, "1|new|1|9999-12-31 00:00:00|False\n", p.rows("SELECT id, state, noise, until, dbt_is_deleted FROM history"))
	p.exec("UPDATE orders SET state = NULL")
	p.ok("snapshot")
	require.Equal(t, "2|1\n", p.rows("SELECT count(*), count(*) FILTER (WHERE until = TIMESTAMP '9999-12-31' AND state IS NULL) FROM history"))
	p.exec("DELETE FROM orders")
	p.ok("snapshot")
	p.ok("snapshot")
	require.Equal(t, "3|1\n", p.rows("SELECT count(*), count(*) FILTER (WHERE until = TIMESTAMP '9999-12-31' AND dbt_is_deleted = 'True') FROM history"))
	p.exec("INSERT INTO orders VALUES (1, 'back', 3)")
	p.ok("snapshot")
	require.Equal(t, "back|False\n", p.rows("SELECT state, dbt_is_deleted FROM history WHERE until = TIMESTAMP '9999-12-31'"))
}

func TestSeedMistakes(t *testing.T) {
	p := newProject(t)
	p.seed("s", "id,x\n1,a\n2,b\n", nil)
	p.ok("seed")
	p.exec("CREATE VIEW reader AS SELECT * FROM s")
	p.ok("seed")
	require.Equal(t, "1|a\n2|b\n", p.rows("SELECT * FROM reader ORDER BY id"))

	p.file("seeds/s.csv", "id,x,more\n1,a,3\n")
	res := p.run("seed")
	require.Equal(t, run.Failed, res["s"].Status)
	require.Contains(t, res["s"].Message, "new more INTEGER")
	require.Contains(t, res["s"].Message, "eider seed --full-refresh --select s")
	require.Equal(t, "2\n", p.rows("SELECT count(*) FROM s"))
	p.ok("seed", full)
	require.Equal(t, "1|a|3\n", p.rows("SELECT * FROM s"))

	for text, want := range map[string]string{
		"":                "the file is empty",
		"a,a\n1,2\n":      "there are two columns a",
		"a,b\n1\n":        "line 2 has 1 fields, the first line 2",
		"a,\n1,2\n":       "column 2 has no name",
		"a\n\xff\n":       "isn't UTF-8",
		"a,b\n1,\"x\ny\n": "",
	} {
		p.file("seeds/s.csv", text)
		res := p.run("seed", full)
		require.Equal(t, run.Failed, res["s"].Status, text)
		require.Contains(t, res["s"].Message, want)
		require.Equal(t, "1|a|3\n", p.rows("SELECT * FROM s"))
	}
	p.p.Nodes["seed.shop.s"].Config.ColumnTypes = map[string]string{"a": "INTEGER"}
	p.file("seeds/s.csv", "a,b\n1,2\n\nx,3\n")
	require.Contains(t, p.run("seed", full)["s"].Message, `seeds/s.csv:4: column a: "x" is no INTEGER`)
	p.p.Nodes["seed.shop.s"].Config.ColumnTypes = map[string]string{"c": "INTEGER"}
	require.Contains(t, p.run("seed", full)["s"].Message, "column_types names c, which the file doesn't have; it has a, b")
}

func TestContracts(t *testing.T) {
	p := newProject(t)
	n := p.model("orders", "table", "SELECT 1 AS id, 'x' AS name")
	n.Config.Contract.Enforced = true
	n.Columns = []*node.Column{{Name: "id", DataType: "int", Constraints: []node.Constraint{{Type: "not_null"}, {Type: "primary_key"}}}, {Name: "name", DataType: "text"}}
	p.ok("run")
	require.Equal(t, "1|x\n", p.rows("SELECT * FROM orders"))
	n.Raw = "SELECT NULL::INTEGER AS id, 'x' AS name"
	require.Contains(t, p.run("run")["orders"].Message, "violates not-null constraint")
	require.Equal(t, "1|x\n", p.rows("SELECT * FROM orders"))
	n.Raw = "SELECT 1::BIGINT AS id, 2 AS other"
	message := p.run("run")["orders"].Message
	require.Contains(t, message, "id     | BIGINT      | INTEGER       | type")
	require.Contains(t, message, "name   |             | VARCHAR       | missing in the query")
	require.Contains(t, message, "other  | INTEGER     |               | missing in the contract")
	require.Equal(t, "1|x\n", p.rows("SELECT * FROM orders"))
}

func TestHooksGrantsAndComments(t *testing.T) {
	p := newProject(t)
	p.exec("CREATE ROLE boss LOGIN SUPERUSER PASSWORD 'correct horse'; CREATE ROLE ann; CREATE TABLE log (x VARCHAR)")
	n := p.model("t", "table", "SELECT count(*) AS before FROM log")
	n.Description = "What was there before."
	n.Columns = []*node.Column{{Name: "before", Description: "Lines."}, {Name: "absent", Description: "Nothing."}}
	n.Config.PreHooks = []node.Hook{{SQL: "INSERT INTO log VALUES ('outside')"}, {SQL: "INSERT INTO log VALUES ('inside')", Transaction: true}}
	n.Config.PostHooks = []node.Hook{{SQL: "INSERT INTO log SELECT 'after ' || before FROM t", Transaction: true}}
	n.Config.Grants = map[string][]string{"select": {"ann"}}
	n.Config.PersistDocs = node.PersistDocs{Relation: true, Columns: true}
	p.ok("run")
	require.Equal(t, "outside\ninside\nafter 2\n", p.rows("SELECT * FROM log"))
	require.Equal(t, "What was there before.\n", p.rows("SELECT comment FROM duckdb_tables() WHERE table_name = 't'"))
	require.Equal(t, "Lines.\n", p.rows("SELECT comment FROM duckdb_columns() WHERE table_name = 't'"))
	require.Equal(t, "SELECT\n", p.rows("SELECT privilege FROM eider.grants WHERE grantee = 'ann'"))

	// A failing hook undoes the node, but not what was outside of its transaction.
	n.Config.PostHooks = []node.Hook{{SQL: "INSERT INTO nowhere VALUES (1)", Transaction: true}}
	res := p.run("run")
	require.Equal(t, run.Failed, res["t"].Status)
	require.Contains(t, res["t"].Message, "hook: ")
	require.Equal(t, "2\n", p.rows("SELECT before FROM t"))
	require.Equal(t, "4\n", p.rows("SELECT count(*) FROM log"))
}
