package load

import (
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/eiderdb/eider/engine/project/node"
)

// setting is a value with its place.
type setting struct {
	v   any
	raw any // before Jinja
	pos node.Position
	src string // the file's text, for an excerpt
}

// tree is the configuration of a folder in dbt_project.yml, with its sub-folders.
type tree struct {
	config map[string]setting
	sub    map[string]*tree
	pos    node.Position
	used   bool
}

// dictKeys are configurations whose values are mappings: without a +, other mappings are folders.
var dictKeys = []string{"meta", "persist_docs", "column_types", "docs", "quoting", "grants", "contract", "pre-hook", "post-hook",
	"pre_hook", "post_hook", "freshness", "snapshot_meta_column_names"}

// readTree reads the value of models:, seeds: and so on.
func (r *reader) readTree(f *yamlFile, n *yaml.Node) *tree {
	t := &tree{config: map[string]setting{}, sub: map[string]*tree{}, pos: f.pos(n)}
	for _, kv := range pairs(n) {
		key, plus := strings.CutPrefix(kv[0].Value, "+")
		if !plus && kv[1].Kind == yaml.MappingNode && !slices.Contains(dictKeys, key) {
			t.sub[key] = r.readTree(f, kv[1])
			t.sub[key].pos = f.pos(kv[0])
			continue
		}
		t.config[key] = r.setting(f, kv[0], kv[1], key)
	}
	return t
}

func (r *reader) setting(f *yamlFile, at, n *yaml.Node, key string) setting {
	s := setting{raw: value(n), pos: f.pos(at), src: f.text}
	s.v = value(n)
	if !isHook(key) {
		s.v = r.eval(f, n, s.v)
	}
	return s
}

func isHook(key string) bool {
	return key == "pre-hook" || key == "post-hook" || key == "pre_hook" || key == "post_hook"
}

// walk calls f for the configuration of each level that an fqn goes through, outermost first.
func (t *tree) walk(fqn []string, f func(map[string]setting)) {
	if t == nil {
		return
	}
	t.used = true
	f(t.config)
	for _, part := range fqn {
		if t = t.sub[part]; t == nil {
			return
		}
		t.used = true
		f(t.config)
	}
}

// unused lists the paths that no node goes through.
func (t *tree) unused(at string, f func(path string, pos node.Position)) {
	for _, k := range slices.Sorted(maps.Keys(t.sub)) {
		if s := t.sub[k]; s.used {
			s.unused(at+"."+k, f)
		} else {
			f(at+"."+k, s.pos)
		}
	}
}
