package processtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// eider runs the program in a folder and returns its output and exit code.
func eider(t *testing.T, dir string, args ...string) (string, int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return string(out), exit.ExitCode()
	}
	require.NoError(t, err, string(out))
	return string(out), 0
}

// project copies a project of testdata.
func project(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join("../../../testdata/projects", name))))
	return dir
}

func rewrite(t *testing.T, path, from, to string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), from)
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(text), from, to, 1)), 0o644))
}

func rows(t *testing.T, file, query string) string {
	t.Helper()
	out, code := eider(t, filepath.Dir(file), "sql", filepath.Base(file), "-o", "csv", "-c", query)
	require.Zero(t, code, out)
	return out
}

var shopTables = []string{"raw_customers", "raw_orders", "stg_customers", "stg_orders", "customers", "daily", "training", "scored"}

// state is what a build of the shop leaves, but for what records when it was.
func state(t *testing.T, file string) string {
	t.Helper()
	var b strings.Builder
	for _, name := range shopTables {
		b.WriteString(name + "\n" + rows(t, file, "SELECT * FROM "+name+" ORDER BY ALL"))
	}
	b.WriteString(rows(t, file, "SELECT order_id, status, dbt_valid_to IS NULL FROM orders_history ORDER BY ALL"))
	b.WriteString(rows(t, file, "SELECT model, version, artifact FROM eider.model_versions ORDER BY ALL"))
	return b.String()
}

// TestProjectEmbeddedAndServed builds one project in a file and in a server: the tables and the model's bytes are the same, and a
// second run changes nothing but what it must, and says why the model stays.
func TestProjectEmbeddedAndServed(t *testing.T) {
	dir := project(t, "shop")
	out, code := eider(t, dir, "build")
	require.Zero(t, code, out)
	require.Contains(t, out, "ERROR=0 SKIP=0")
	first := state(t, filepath.Join(dir, "shop.db"))
	out, code = eider(t, dir, "build")
	require.Zero(t, code, out)
	require.Contains(t, out, "unchanged since version 1: SQL, parameters, data (200 rows, hash ")
	require.Equal(t, first, state(t, filepath.Join(dir, "shop.db")))

	served := filepath.Join(t.TempDir(), "served.db")
	srv := startServer(t, "--db", served)
	url := strings.Replace(srv.url(), "/postgres", "/served", 1)
	out, code = eider(t, project(t, "shop"), "build", "--db", url, "--threads", "4")
	require.Zero(t, code, out)
	out, code = eider(t, dir, "build", "--db", srv.url())
	require.Equal(t, 2, code)
	require.Contains(t, out, `the server's database is called "served"`)
	srv.kill(t)
	require.Equal(t, strings.ReplaceAll(first, `"shop"`, `"served"`), state(t, served))
}

// TestProjectFailures breaks a project in the ways that happen, and mends it with retry.
func TestProjectFailures(t *testing.T) {
	dir := project(t, "shop")
	orders := filepath.Join(dir, "models/staging/stg_orders.sql")
	out, code := eider(t, dir, "seed")
	require.Zero(t, code, out)

	rewrite(t, orders, "status,", "statue,")
	out, code = eider(t, dir, "build", "--exclude", "cents_become_dollars")
	require.Equal(t, 1, code)
	require.Contains(t, out, "Failure in model stg_orders (models/staging/stg_orders.sql)")
	require.Contains(t, out, "at models/staging/stg_orders.sql:9")
	require.Contains(t, out, "compiled SQL: target/compiled/shop/models/staging/stg_orders.sql")
	require.Contains(t, out, "SKIP because of stg_orders")
	require.Contains(t, out, "OK created view model main.stg_customers")

	rewrite(t, orders, "statue,", "status,")
	out, code = eider(t, dir, "retry")
	require.Zero(t, code, out)
	require.NotContains(t, out, "stg_customers ", "what went well isn't done again")
	require.Contains(t, out, "OK trained model main.returns")
	out, code = eider(t, dir, "retry")
	require.Zero(t, code, out)
	require.Contains(t, out, "Nothing failed in the last build")

	rewrite(t, filepath.Join(dir, "models/schema.yml"), "[placed, shipped, returned, completed]", "[placed, shipped]")
	out, code = eider(t, dir, "test", "--select", "stg_orders")
	require.Equal(t, 1, code)
	require.Contains(t, out, "Got 2 results, configured to fail if != 0")

	for name, c := range map[string]struct{ file, from, to, want string }{
		"cycle":       {"models/staging/stg_customers.sql", "{{ ref('raw_customers') }}", "{{ ref('customers') }}", "customers"},
		"missing ref": {"models/marts/paid.sql", "ref('stg_orders')", "ref('stg_ordres')", "models/marts/paid.sql:2"},
		"bad Jinja":   {"models/marts/customers.sql", "{% endfor %}", "{% endfro %}", "models/marts/customers.sql:12:5"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := project(t, "shop")
			rewrite(t, filepath.Join(dir, c.file), c.from, c.to)
			out, code := eider(t, dir, "build")
			require.Equal(t, 2, code, out)
			require.Contains(t, out, c.want)
		})
	}
}

// TestKillDuringBuild kills a build while it replaces a table: what was there is whole, and the next build goes on.
func TestKillDuringBuild(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	write("dbt_project.yml", "name: big\nversion: '1.0'\nconfig-version: 2\nprofile: big\n")
	write("models/big.sql", "{{ config(materialized='table') }}\nselect i, {{ var('run') }} as run from range({{ var('rows') }}) t(i)")
	write("models/grown.sql", "{{ config(materialized='incremental') }}\n-- depends on {{ ref('big') }}\nselect i, {{ var('run') }} as run from range({{ var('rows') }}) t(i)")
	db := filepath.Join(dir, "big.db")
	out, code := eider(t, dir, "run", "--vars", "{run: 1, rows: 1000}")
	require.Zero(t, code, out)

	for _, at := range []string{"START table model main.big", "START incremental model main.grown"} {
		log := &logBuffer{}
		cmd := exec.Command(binary, "run", "--vars", "{run: 2, rows: 20000000}")
		cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
		require.NoError(t, cmd.Start())
		require.Eventually(t, func() bool { return strings.Contains(log.String(), at) }, 60*time.Second, time.Millisecond, log)
		<-time.After(20 * time.Millisecond) // into the statement
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait() // it was killed
		require.NotContains(t, log.String(), "Done.")
		require.Contains(t, []string{"1,1000\n", "2,20000000\n"}, strings.TrimPrefix(rows(t, db, "SELECT run, count(*) AS n FROM big GROUP BY run"), "run,n\n"))
		require.Equal(t, "run,n\n1,1000\n", rows(t, db, "SELECT run, count(*) AS n FROM grown GROUP BY run"))
		require.Equal(t, "table_name\nbig\ngrown\n", rows(t, db, "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' ORDER BY 1"))
	}
	out, code = eider(t, dir, "run", "--vars", "{run: 3, rows: 2000}")
	require.Zero(t, code, out)
	require.Equal(t, "run,n\n1,1000\n3,2000\n", rows(t, db, "SELECT run, count(*) AS n FROM grown GROUP BY run ORDER BY run"))
}

// TestArtifactsBelongToDbt reads the artifacts of a build with the parser that dbt's users have.
func TestArtifactsBelongToDbt(t *testing.T) {
	if testing.Short() {
		t.Skip("installs dbt-artifacts-parser: not in -short")
	}
	venv := filepath.Join(t.TempDir(), "venv")
	python := filepath.Join(venv, "bin/python")
	if out, err := exec.Command("python3", "-m", "venv", venv).CombinedOutput(); err != nil {
		t.Skipf("no Python to parse with: %s", out)
	}
	if out, err := exec.Command(python, "-m", "pip", "install", "-q", "dbt-artifacts-parser==0.13.0").CombinedOutput(); err != nil {
		t.Skipf("dbt-artifacts-parser can't be installed: %s", out)
	}
	dir := project(t, "shop")
	rewrite(t, filepath.Join(dir, "models/schema.yml"), "[placed, shipped, returned, completed]", "[placed, shipped]")
	_, code := eider(t, dir, "build") // a test fails
	require.Equal(t, 1, code)
	_, code = eider(t, dir, "source", "freshness")
	require.Zero(t, code)
	out, code := eider(t, dir, "docs", "generate")
	require.Zero(t, code, out)
	script := `
import json, sys
from dbt_artifacts_parser import parser
t = sys.argv[1] + "/target/"
load = lambda name: json.load(open(t + name))
r = parser.parse_run_results_v6(load("run_results.json")); c = parser.parse_catalog_v1(load("catalog.json")); s = parser.parse_sources_v3(load("sources.json")); m = parser.parse_manifest_v12(load("manifest.json"))
print(json.dumps({"results": len(r.results), "statuses": sorted({x.status.value for x in r.results}), "catalog": sorted(c.nodes), "sources": s.results[0].status.value, "missing": [x.unique_id for x in r.results if x.unique_id not in m.nodes and x.unique_id not in m.unit_tests]}))
`
	cmd := exec.Command(python, "-c", script, dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	answer, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	var got struct {
		Results           int
		Statuses, Catalog []string
		Sources           string
		Missing           []string
	}
	require.NoError(t, json.Unmarshal(answer, &got), string(answer))
	require.Equal(t, 23, got.Results)
	require.Equal(t, []string{"fail", "pass", "skipped", "success"}, got.Statuses)
	require.Contains(t, got.Catalog, "model.shop.stg_orders")
	require.Equal(t, "warn", got.Sources)
	require.Empty(t, got.Missing, fmt.Sprint("run_results.json names what manifest.json doesn't have: ", got.Missing))
}
