package run_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/engine/project/node"
)

func TestModelsAreTrainedWhenSomethingChanged(t *testing.T) {
	p := newProject(t)
	p.exec("CREATE TABLE flats AS SELECT i AS id, 30 + i AS size, i % 4 AS rooms, 100 + 10 * i + 25 * (i % 4) AS rent FROM range(200) r(i)")
	n := p.add(node.Model, "rent", "SELECT size, rooms, rent FROM flats", node.Config{Materialized: "model",
		Values: map[string]any{"target": "rent", "algorithm": []any{"linear", map[string]any{"ridge": map[string]any{"alpha": 0.5}}}, "split": "RANDOM 0.25", "seed": int64(3), "deploy": "ALWAYS"}})
	p.model("scored", "table", `SELECT round(predict('"shop"."main"."rent"', t)) AS rent FROM (SELECT 100 AS size, 2 AS rooms) t`, "model.shop.rent")
	res := p.ok("build")
	require.Contains(t, res["rent"].Message, "TRAIN version 1 by linear, deployed")
	require.Contains(t, res["rent"].Details, "trained because it is new")
	require.Equal(t, "850\n", p.rows("SELECT * FROM scored"))
	first := p.rows("SELECT artifact FROM eider.model_versions")

	res = p.ok("build")
	require.True(t, res["rent"].Unchanged)
	require.Regexp(t, `^unchanged since version 1: SQL, parameters, data \(200 rows, hash \d+\) and Eider \(devel\)$`, res["rent"].Message)
	require.Contains(t, p.out.String(), "UNCHANGED")

	p.ok("build", full)
	require.Equal(t, first+first, p.rows("SELECT artifact FROM eider.model_versions"), "the same data and statement make the same bytes")

	because := func(want string) {
		t.Helper()
		require.Contains(t, strings.Join(p.ok("build")["rent"].Details, "\n"), want)
	}
	n.Raw = "SELECT size, rooms, rent FROM flats WHERE id > 10"
	because("SQL changed; data changed (200 rows, hash ")
	n.Config.Values["seed"] = int64(4)
	because("trained because of parameters changed")
	p.exec("UPDATE flats SET rent = rent + 1 WHERE id = 50")
	because("trained because of data changed (189 rows")
	p.exec("RETRAIN MODEL rent")
	because("version 6 came by RETRAIN, so its data isn't known")
	p.exec("UPDATE eider.model_version_store SET program = 'Eider 0.0.1', library = 'xgboost 1.0' WHERE version = 7")
	because("it was trained by Eider 0.0.1; it was trained by xgboost 1.0")
}

func TestWholeStatements(t *testing.T) {
	p := newProject(t)
	p.exec("CREATE TABLE flats AS SELECT i AS id, TIMESTAMP '2024-01-01' + INTERVAL (i) HOUR AS happened, 30 + i AS size, i % 4 AS rooms, 100 + 10 * i AS rent FROM range(200) r(i)")
	p.model("rent", "model", "-- the file is the statement\nTRAIN MODEL rent TARGET rent USING linear TRANSFORM (CAST(size AS DOUBLE) AS size) AS\nSELECT size, rent FROM flats;")
	p.model("tidy", "transformation", "CREATE TRANSFORMATION tidy AS (* EXCLUDE (id), scale_standard(size) OVER () AS size) FIT ON TABLE flats")
	p.model("facts", "feature_view", "CREATE FEATURE VIEW facts ENTITY (rooms) EVENT TIME happened AS SELECT rooms, happened, rent FROM flats")
	p.model("joined", "table", "SELECT count(f.rent) AS n FROM flats l POINT IN TIME JOIN {model.shop.facts} f AS OF l.happened ON l.rooms = f.rooms", "model.shop.facts")
	p.ok("build")
	require.Equal(t, "200\n", p.rows("SELECT * FROM joined"))
	require.Equal(t, "200\n", p.rows("SELECT count(*) FROM transform('tidy', flats)"))
	res := p.ok("build")
	require.True(t, res["rent"].Unchanged)
	require.True(t, res["tidy"].Unchanged)
	require.Equal(t, "1\n", p.rows("SELECT count(*) FROM eider.transformation_versions"))
	p.exec("INSERT INTO flats SELECT 1000, TIMESTAMP '2025-01-01', 5, 5, 5")
	res = p.ok("build")
	require.False(t, res["tidy"].Unchanged)

	p.model("other", "model", "TRAIN MODEL another TARGET rent USING linear AS SELECT size, rent FROM flats")
	require.Contains(t, p.run("run")["other"].Message, "the statement trained another model than")
	require.Equal(t, "0\n", p.rows("SELECT count(*) FROM eider.models WHERE model = 'another'"))
}

func TestObjectsByConfiguration(t *testing.T) {
	p := newProject(t)
	p.exec("CREATE TABLE facts AS SELECT i % 3 AS who, TIMESTAMP '2024-01-01' + INTERVAL (i) HOUR AS happened, i AS v FROM range(60) r(i)")
	p.exec("CREATE VIEW recent AS SELECT 1 AS x")
	p.add(node.Model, "recent", "SELECT * FROM facts", node.Config{Materialized: "feature_view", Values: map[string]any{"entity": "who", "event_time": "happened", "ttl": "INTERVAL 30 DAYS",
		"windows": []any{"sum(v) OVER LAST 2 DAYS AS total", "count(*) OVER LAST 1 DAY AS n"}}})
	p.add(node.Model, "tidy", "SELECT * FROM facts", node.Config{Materialized: "transformation", Values: map[string]any{"items": []any{"*", "scale_minmax(v) OVER () AS v"}}})
	p.model("joined", "table", "SELECT l.happened, r.total, r.n FROM facts l POINT IN TIME JOIN {model.shop.recent} r AS OF l.happened ON l.who = r.who", "model.shop.recent")
	p.ok("build")
	p.ok("build")
	require.Equal(t, "2024-01-01 03:00:00|3.0|2\n", p.rows("SELECT happened, total::VARCHAR, n FROM joined WHERE happened = TIMESTAMP '2024-01-01 03:00:00'"))
	require.Equal(t, "1.0\n", p.rows("SELECT max(v)::VARCHAR FROM transform('tidy', facts)"))

	for name, c := range map[string]struct {
		materialized, sql, want string
		values                  map[string]any
	}{
		"no items":      {"transformation", "SELECT 1 AS x", "a transformation needs items", nil},
		"two places":    {"model", "TRAIN MODEL m TARGET v AS SELECT v FROM facts", "config target: the file is a whole statement", map[string]any{"target": "v"}},
		"wrong kind":    {"model", "SELECT v FROM facts", "config target: expected the name of a column", map[string]any{"target": int64(1)}},
		"no such thing": {"materialised", "SELECT 1 AS x", "materialized = 'materialised' isn't known", nil},
		"source":        {"source", "", "a source needs a connector", nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProject(t)
			p.exec("CREATE TABLE facts AS SELECT 1 AS v")
			p.add(node.Model, "m", c.sql, node.Config{Materialized: c.materialized, Values: c.values})
			require.Contains(t, p.run("run")["m"].Message, c.want)
		})
	}
}

func TestSources(t *testing.T) {
	p := newProject(t)
	p.file("in/a.csv", "id,weight\n1,2.5\n2,heavy\n")
	n := p.model("parcels", "source", "CREATE SOURCE parcels (id INTEGER NOT NULL, weight DOUBLE CHECK (weight > 0))\n  FROM FILES (path '"+p.p.Dir+"/in/*.csv')")
	p.model("heavy", "table", "SELECT count(*) AS n FROM {model.shop.parcels}", "model.shop.parcels")
	res := p.ok("build")
	require.Equal(t, int64(1), res["parcels"].Rows)
	require.Contains(t, res["parcels"].Details[0], "rejects 1")
	require.Equal(t, "1\n", p.rows("SELECT n FROM heavy"))

	// Another build reads what is new; another lay-out of the same statement is no change.
	p.file("in/b.csv", "id,weight\n3,1\n")
	n.Raw = strings.ReplaceAll(n.Raw, "\n", " -- parcels\n")
	res = p.ok("build")
	require.Equal(t, int64(1), res["parcels"].Rows)
	require.Equal(t, "2\n", p.rows("SELECT n FROM heavy"))
	require.Equal(t, int64(0), p.ok("build")["parcels"].Rows)
	require.Equal(t, "parcels\n", p.rows("SELECT name FROM eider.sources"))

	// Another statement, or --full-refresh, reads everything again.
	n.Raw = strings.ReplaceAll(n.Raw, "weight > 0", "weight > 2")
	require.Equal(t, int64(1), p.ok("build")["parcels"].Rows)
	require.Equal(t, int64(1), p.ok("build", full)["parcels"].Rows)

	byConfig := p.add(node.Model, "letters", "", node.Config{Materialized: "source", Values: map[string]any{"connector": "files", "options": map[string]any{"path": p.p.Dir + "/in/*.csv"}, "format": "CSV"}})
	byConfig.Columns = []*node.Column{{Name: "id", DataType: "INTEGER", Constraints: []node.Constraint{{Type: "not_null"}}}, {Name: "weight", DataType: "VARCHAR"}}
	require.Equal(t, int64(3), p.ok("build")["letters"].Rows)
	require.Equal(t, int64(0), p.ok("build")["letters"].Rows)
	n.Raw = "CREATE SOURCE parcels (id INTEGER) FROM FILES (pth 'x')"
	require.Contains(t, p.run("run")["parcels"].Message, "pth")
}
