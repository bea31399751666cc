package manifest_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/engine/project/load"
	"github.com/eiderdb/eider/engine/project/manifest"
	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/render"
)

type object = map[string]any

func written(t *testing.T) object {
	t.Helper()
	p, env, err := load.Load(t.Context(), load.Options{Dir: "testdata/project"})
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, manifest.Write(&b, p, manifest.Info{InvocationID: env.Inv.ID, Generated: time.Unix(1, 0), DbtVersion: render.DbtVersion,
		RelationName: func(n *node.Node) string { return env.Relation(n).String() }}))
	var out object
	require.NoError(t, json.Unmarshal(b.Bytes(), &out))
	return out
}

// known are the keys in which the manifest differs from dbt's, and why.
var known = map[string]string{
	"checksum":          "dbt counts the end of a file's last line differently for snapshots, and hashes unit tests by its own classes",
	"raw_code":          "dbt repeats a test's configuration behind the call",
	"unrendered_config": "dbt spells out the defaults of sources",
	"unrendered_schema": "not kept",
	"attached_node":     "tests of sources have one here",
	"severity":          "dbt upper-cases its default only",
	"macros":            "dbt leaves get_where_subquery out for two of its own tests",
	"root_path":         "a path of this machine",
	"created_at":        "a time",
}

// TestAgainstDbt compares with what dbt-core 1.10.23 writes for the same project: the same ids and,
// but for known keys, the same values. Lists of ids and refs may differ in order.
func TestAgainstDbt(t *testing.T) {
	data, err := os.ReadFile("testdata/dbt.json")
	require.NoError(t, err)
	var want object
	require.NoError(t, json.Unmarshal(data, &want))
	got := written(t)
	for _, group := range []string{"nodes", "sources", "exposures", "unit_tests", "parent_map", "child_map"} {
		compare(t, group, want[group], got[group])
	}
}

func compare(t *testing.T, path string, want, got any) {
	t.Helper()
	if _, skip := known[filepath.Base(path)]; skip {
		return
	}
	w, isObject := want.(object)
	g, ok := got.(object)
	if isObject && ok {
		for k := range w {
			if _, skip := known[k]; !skip {
				require.Contains(t, g, k, path)
			}
			compare(t, path+"/"+k, w[k], g[k])
		}
		for k := range g {
			if _, skip := known[k]; !skip {
				require.Contains(t, w, k, path)
			}
		}
		return
	}
	if list, isList := want.([]any); isList {
		require.ElementsMatch(t, list, got, path)
		return
	}
	require.Equal(t, want, got, path)
}

func TestReadWhatWasWritten(t *testing.T) {
	p, _, err := load.Load(t.Context(), load.Options{Dir: "testdata/project"})
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, manifest.WriteFile(filepath.Join(dir, "manifest.json"), p, manifest.Info{}))
	past, err := manifest.Read(dir)
	require.NoError(t, err)
	for id, n := range p.Nodes {
		require.Contains(t, past.Nodes, id)
		if n.Kind != node.Source && n.Kind != node.Exposure {
			require.Equal(t, n.Checksum, past.Nodes[id].Checksum.Checksum, id)
		}
	}
	require.Nil(t, past.Results)

	_, err = manifest.Read(t.TempDir())
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "run_results.json"), []byte("{"), 0o644))
	_, err = manifest.Read(dir)
	require.ErrorContains(t, err, "run_results.json")
}
