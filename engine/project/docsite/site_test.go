package docsite

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/engine/project/artifact"
	"github.com/eiderdb/eider/engine/project/node"
)

// example is a project of about fifty nodes, from sources to a trained model and what reads it.
func example() (*node.Project, Facts) {
	p := &node.Project{Name: "flights", Target: node.Target{Name: "dev"}, Nodes: map[string]*node.Node{}, Docs: map[string]*node.Doc{}}
	f := Facts{Generated: time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC), Relations: map[string]string{}, Compiled: map[string]string{}, Models: map[string]Trained{},
		Catalog: &artifact.Catalog{Nodes: map[string]artifact.CatalogTable{}}, Results: &artifact.RunResults{}}
	add := func(kind node.Kind, folder, name, materialized string, parents ...string) *node.Node {
		n := &node.Node{ID: string(kind) + ".flights." + name, Kind: kind, Name: name, Package: "flights", File: folder + "/" + name + ".sql", Config: node.Config{Materialized: materialized},
			Description: "What is known of **" + name + "**, with `code` and </script> in it.", Raw: "{{ config(materialized='" + materialized + "') }}\n-- why\nSELECT a.id, count(*) AS n, 'it''s' AS x\nFROM {{ ref('other') }} a\nWHERE a.id > 10", DependsOn: node.DependsOn{Nodes: parents}}
		p.Nodes[n.ID] = n
		f.Relations[n.ID] = `"flights"."main"."` + name + `"`
		f.Compiled[n.ID] = strings.ReplaceAll(n.Raw, "{{ ref('other') }}", `"flights"."main"."other"`)
		f.Results.Results = append(f.Results.Results, artifact.RunResult{ID: n.ID, Status: "success", Seconds: 0.12})
		return n
	}
	var stages, features []string
	for _, s := range []string{"flights", "weather", "planes", "airports", "airlines"} {
		n := add(node.Source, "models", "raw_"+s, "")
		n.SourceInfo = &node.SourceInfo{Source: "nycflights13"}
		stages = append(stages, add(node.Model, "models/staging", "stg_"+s, "view", n.ID).ID)
	}
	clean := add(node.Model, "models/clean", "flights_clean", "table", stages[0], stages[2], stages[3])
	add(node.Seed, "seeds", "holidays", "seed")
	tidy := add(node.Model, "models/clean", "tidy", "transformation", clean.ID)
	for _, g := range []string{"carrier", "route", "origin", "dest", "tail", "number"} {
		for _, w := range []string{"arrivals", "departures", "due"} {
			features = append(features, add(node.Model, "models/features", g+"_"+w, "feature_view", clean.ID).ID)
		}
	}
	features = append(features, add(node.Model, "models/features", "weather_now", "feature_view", stages[1]).ID, "seed.flights.holidays", stages[4])
	known := add(node.Model, "models/features", "known", "table", append(features, tidy.ID)...)
	late := add(node.Model, "models/model", "late", "model", known.ID)
	half := 0.5
	f.Models[late.ID] = Trained{Version: 3, Algorithm: "xgboost", Rows: 200000, Metrics: []Metric{{"auc", 0.7812, &half}, {"pr_auc", 0.41, nil}, {"brier", 0.12, nil}},
		Features: []Importance{{"origin_arr_1h", 0.31}, {"carrier_late_30d", 0.2}, {"hour", 0.11}, {"a_feature_with_quite_a_long_name_of_its_own", 0.02}}}
	scores := add(node.Model, "models/serve", "scores", "table", late.ID, known.ID)
	add(node.Snapshot, "snapshots", "scores_history", "snapshot", scores.ID)
	for _, m := range []string{"by_month", "by_carrier", "drift", "evaluation"} {
		add(node.Model, "models/marts", m, "incremental", scores.ID, clean.ID)
	}
	board := add(node.Exposure, "models", "board", "", "model.flights.by_month", "model.flights.by_carrier")
	board.ExposureInfo = &node.ExposureInfo{Type: "dashboard", URL: "https://example.com/board", Owner: map[string]any{"name": "Ada"}}
	for i, name := range []string{"not_null", "unique", "accepted_values"} {
		n := add(node.Test, "models", fmt.Sprintf("%s_flights_clean_id", name), "test", clean.ID)
		n.TestInfo = &node.TestInfo{Generic: true, Name: name, Column: "id", Attached: clean.ID}
		f.Results.Results[len(f.Results.Results)-1].Status = []string{"pass", "fail", "warn"}[i]
	}
	clean.Columns = []*node.Column{{Name: "id", Description: "Which flight."}, {Name: "gone", DataType: "INTEGER", Description: "Declared only."}}
	f.Catalog.Nodes[clean.ID] = artifact.CatalogTable{Columns: map[string]artifact.CatalogColumn{"x": {Name: "x", Type: "VARCHAR", Index: 2}, "id": {Name: "id", Type: "BIGINT", Index: 1}}}
	for id := range p.Nodes {
		p.Order = append(p.Order, id)
	}
	slices.Sort(p.Order)
	return p, f
}

func TestPageStandsAlone(t *testing.T) {
	p, f := example()
	html, err := Page(p, f)
	require.NoError(t, err)
	text := string(html)
	require.NotRegexp(t, regexp.MustCompile(`(?i)<(link|img|iframe)|\bsrc=|@import|url\(|fetch\(|XMLHttpRequest`), text, "the page asks for nothing")
	require.Equal(t, 2, strings.Count(text, "</script>"), "no text of the project ends a script")
	require.NotContains(t, text, "/*data*/")
	again, err := Page(p, f)
	require.NoError(t, err)
	require.Equal(t, html, again)
	require.Equal(t, []column{{Name: "id", Type: "BIGINT", Description: "Which flight."}, {Name: "x", Type: "VARCHAR"}, {Name: "gone", Type: "INTEGER", Description: "Declared only."}},
		columns(p.Nodes["model.flights.flights_clean"], f))
}

// TestPageInABrowser lets Chromium draw the page and looks at what came of it.
func TestPageInABrowser(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	if testing.Short() || err != nil {
		t.Skip("it needs the browser chromium and some seconds")
	}
	p, f := example()
	html, err := Page(p, f)
	require.NoError(t, err)
	dir := t.TempDir()
	file := filepath.Join(dir, "index.html")
	require.NoError(t, os.WriteFile(file, html, 0o644))
	dom := func(at string) string {
		out, err := exec.CommandContext(t.Context(), chromium, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+filepath.Join(dir, "profile"),
			"--virtual-time-budget=3000", "--dump-dom", "file://"+file+at).Output()
		require.NoError(t, err)
		return string(out)
	}
	home := dom("")
	shown := strings.Count(home, `class="node"`) + strings.Count(home, `class="node `)
	require.Equal(t, len(p.Nodes)-3, shown, "all nodes but tests are in the graph")
	require.Contains(t, home, "<b>3</b>tests, 1 failing")
	model := dom("#/model.flights.late")
	require.Contains(t, model, "Version 3, xgboost")
	require.Contains(t, model, "carrier_late_30d")
	clean := dom("#/model.flights.flights_clean")
	require.Contains(t, clean, `<span class="t fail"`)
	require.Contains(t, clean, "</code></pre>")
}
