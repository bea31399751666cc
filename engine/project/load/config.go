package load

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/suggest"
)

// merged is a node's configuration while it is put together.
type merged struct {
	values map[string]any
	raw    map[string]any
	pos    map[string]setting
}

func newMerged() *merged {
	return &merged{values: map[string]any{}, raw: map[string]any{}, pos: map[string]setting{}}
}

// canonical is the spelling of a key under which it is kept.
func canonical(key string) string {
	switch key {
	case "pre_hook":
		return "pre-hook"
	case "post_hook":
		return "post-hook"
	}
	return key
}

// add puts a level over what is there: tags and hooks add up, mappings are updated, the rest replaces.
func (m *merged) add(level map[string]setting) {
	for _, key := range slices.Sorted(maps.Keys(level)) {
		s := level[key]
		name := canonical(key)
		m.pos[name] = s
		if s.raw != nil {
			m.raw[name] = s.raw
		}
		old := m.values[name]
		switch name {
		case "tags", "packages":
			list := listOf(old)
			for _, v := range listOf(s.v) {
				if !slices.Contains(list, v) {
					list = append(list, v)
				}
			}
			m.values[name] = list
		case "pre-hook", "post-hook":
			m.values[name] = slices.Concat(listOf(old), listOf(s.v))
		case "meta", "column_types", "persist_docs", "quoting", "docs", "contract", "snapshot_meta_column_names":
			m.values[name] = update(old, s.v)
		case "grants":
			m.values[name] = addGrants(old, s.v)
		default:
			m.values[name] = s.v
		}
	}
}

func listOf(v any) []any {
	switch x := v.(type) {
	case nil:
		return nil
	case []any:
		return x
	}
	return []any{v}
}

func update(old, with any) any {
	a, _ := old.(map[string]any)
	b, ok := with.(map[string]any)
	if !ok {
		return with
	}
	out := maps.Clone(a)
	if out == nil {
		out = map[string]any{}
	}
	maps.Copy(out, b)
	return out
}

// addGrants replaces a privilege's grantees, or adds to them where its name has a +.
func addGrants(old, with any) any {
	out, _ := update(nil, old).(map[string]any)
	if out == nil {
		out = map[string]any{}
	}
	for k, v := range mapOf(with) {
		name, plus := strings.CutPrefix(k, "+")
		if plus {
			out[name] = slices.Concat(listOf(out[name]), listOf(v))
		} else {
			out[name] = listOf(v)
		}
	}
	return out
}

func mapOf(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// materializations a model may have.
var materializations = []string{"view", "table", "incremental", "ephemeral", "model", "source", "feature_view", "transformation", "monitor", "delta"}

// choices are the values that a configuration may have.
var choices = map[string][]string{
	"on_schema_change":     {"ignore", "fail", "append_new_columns", "sync_all_columns"},
	"incremental_strategy": {"append", "delete+insert", "merge", "microbatch"},
	"severity":             {"error", "warn"},
	"strategy":             {"timestamp", "check"},
	"hard_deletes":         {"ignore", "invalidate", "new_record"},
	"batch_size":           {"hour", "day", "month", "year"},
	"access":               {"private", "protected", "public"},
	"store_failures_as":    {"table", "view", "ephemeral"},
}

// reading turns merged values into a node.Config and collects what is wrong with them.
type reading struct {
	n        *node.Node
	m        *merged
	problems []error
}

// configOf makes a node's configuration; n gives kind and place.
func configOf(n *node.Node, m *merged) (node.Config, []error) {
	rd := &reading{n: n, m: m}
	c := node.Config{Values: m.values, Unrendered: m.raw}
	rd.common(&c)
	switch n.Kind {
	case node.Test:
		rd.test(&c)
	case node.Snapshot:
		rd.snapshot(&c)
	case node.Seed:
		c.Delimiter = rd.text("delimiter")
		if c.Delimiter == "" {
			c.Delimiter = ","
		}
		c.QuoteColumns = rd.flag("quote_columns")
		c.ColumnTypes = strMap(m.values["column_types"])
	}
	for _, key := range slices.Sorted(maps.Keys(choices)) {
		rd.choose(key, choices[key])
	}
	return c, rd.problems
}

func (rd *reading) fail(key, hint, format string, args ...any) {
	s := rd.m.pos[key]
	e := &node.Error{Message: fmt.Sprintf(format, args...), Hint: hint, Pos: s.pos, Source: s.src, Node: rd.n.ID}
	if e.Pos.File == "" {
		e.Pos = rd.n.Pos
	}
	rd.problems = append(rd.problems, e)
}

func (rd *reading) common(c *node.Config) {
	v := rd.m.values
	c.Enabled = true
	if b := rd.flag("enabled"); b != nil {
		c.Enabled = *b
	}
	v["enabled"] = c.Enabled
	def := map[node.Kind]string{node.Model: "view", node.Seed: "seed", node.Snapshot: "snapshot", node.Test: "test", node.Analysis: "view"}[rd.n.Kind]
	if c.Materialized = rd.text("materialized"); c.Materialized == "" {
		c.Materialized = def
	}
	if rd.n.Kind == node.Model && !slices.Contains(materializations, c.Materialized) {
		hint := suggest.DidYouMean(c.Materialized, materializations)
		if hint == "" {
			hint = "one of " + strings.Join(materializations, ", ") + "; materializations of a project's own ({% materialization %}) aren't supported"
		}
		rd.fail("materialized", hint, "the materialization %s is unknown", c.Materialized)
	}
	if rd.n.Kind != node.Model {
		c.Materialized = def
	}
	if c.Materialized != "" {
		v["materialized"] = c.Materialized
	}
	c.Database, c.Schema, c.Alias = rd.text("database"), rd.text("schema"), rd.text("alias")
	c.Tags = rd.texts("tags")
	sort.Strings(c.Tags)
	c.Meta = mapOf(v["meta"])
	c.Group, c.Access = rd.text("group"), rd.text("access")
	c.PreHooks, c.PostHooks = rd.hooks("pre-hook"), rd.hooks("post-hook")
	c.Quoting = quotingOf(v["quoting"])
	c.FullRefresh = rd.flag("full_refresh")
	for k, g := range mapOf(v["grants"]) {
		if c.Grants == nil {
			c.Grants = map[string][]string{}
		}
		for _, who := range listOf(g) {
			c.Grants[k] = append(c.Grants[k], fmt.Sprint(who))
		}
	}
	pd := mapOf(v["persist_docs"])
	c.PersistDocs.Relation, _ = pd["relation"].(bool)
	c.PersistDocs.Columns, _ = pd["columns"].(bool)
	c.Docs.Show = true
	if show, ok := mapOf(v["docs"])["show"].(bool); ok {
		c.Docs.Show = show
	}
	c.Docs.Color, _ = mapOf(v["docs"])["node_color"].(string)
	c.Contract.AliasTypes = true
	c.Contract.Enforced, _ = mapOf(v["contract"])["enforced"].(bool)
	if b, ok := mapOf(v["contract"])["alias_types"].(bool); ok {
		c.Contract.AliasTypes = b
	}
	c.EventTime = rd.text("event_time")
	c.UniqueKey = rd.texts("unique_key")
	if c.OnSchemaChange = rd.text("on_schema_change"); c.OnSchemaChange == "" {
		c.OnSchemaChange = "ignore"
	}
	c.IncrementalStrategy = rd.text("incremental_strategy")
	c.IncrementalPredicates = rd.texts("incremental_predicates")
	if len(c.IncrementalPredicates) == 0 {
		c.IncrementalPredicates = rd.texts("predicates")
	}
	c.MergeUpdateColumns, c.MergeExcludeColumns = rd.texts("merge_update_columns"), rd.texts("merge_exclude_columns")
	c.BatchSize, c.Begin = rd.text("batch_size"), rd.text("begin")
	c.Lookback = rd.count("lookback", 1)
	c.ConcurrentBatches = rd.flag("concurrent_batches")
}

func (rd *reading) test(c *node.Config) {
	if c.Severity = strings.ToLower(rd.text("severity")); c.Severity == "" {
		c.Severity = "error"
	}
	if s, ok := rd.m.values["severity"].(string); ok {
		rd.m.values["severity"] = strings.ToLower(s)
	}
	c.StoreFailures = rd.flag("store_failures")
	c.StoreFailuresAs = rd.text("store_failures_as")
	c.Where = rd.text("where")
	c.Limit = rd.count("limit", 0)
	for key, to := range map[string]*string{"fail_calc": &c.FailCalc, "warn_if": &c.WarnIf, "error_if": &c.ErrorIf} {
		if *to = rd.text(key); *to == "" {
			*to = map[string]string{"fail_calc": "count(*)", "warn_if": "!= 0", "error_if": "!= 0"}[key]
		}
	}
}

func (rd *reading) snapshot(c *node.Config) {
	c.Strategy, c.UpdatedAt = rd.text("strategy"), rd.text("updated_at")
	c.CheckCols = rd.texts("check_cols")
	c.TargetSchema, c.TargetDatabase = rd.text("target_schema"), rd.text("target_database")
	c.ValidToCurrent = rd.text("dbt_valid_to_current")
	c.SnapshotNames = strMap(rd.m.values["snapshot_meta_column_names"])
	if c.HardDeletes = rd.text("hard_deletes"); c.HardDeletes == "" {
		c.HardDeletes = "ignore"
		if b := rd.flag("invalidate_hard_deletes"); b != nil && *b {
			c.HardDeletes = "invalidate"
		}
	}
	switch {
	case !c.Enabled:
	case c.Strategy == "":
		rd.fail("strategy", "config(strategy='timestamp', updated_at='…') or config(strategy='check', check_cols='all')", "the snapshot %s has no strategy", rd.n.Name)
	case c.Strategy == "timestamp" && c.UpdatedAt == "":
		rd.fail("strategy", "config(updated_at='column')", "the snapshot %s by timestamp has no updated_at", rd.n.Name)
	case c.Strategy == "check" && len(c.CheckCols) == 0:
		rd.fail("strategy", "config(check_cols='all') or a list of columns", "the snapshot %s by check has no check_cols", rd.n.Name)
	}
	if c.Enabled && len(c.UniqueKey) == 0 {
		rd.fail("unique_key", "config(unique_key='id')", "the snapshot %s has no unique_key", rd.n.Name)
	}
}

func (rd *reading) choose(key string, among []string) {
	v, ok := rd.m.values[key].(string)
	if !ok || v == "" || slices.Contains(among, v) {
		return
	}
	hint := suggest.DidYouMean(v, among)
	if hint == "" {
		hint = "one of " + strings.Join(among, ", ")
	}
	rd.fail(key, hint, "%s can't be %q", key, v)
}

func (rd *reading) text(key string) string {
	switch v := rd.m.values[key].(type) {
	case nil:
		return ""
	case string:
		return v
	case int64, float64, bool:
		return fmt.Sprint(v)
	}
	rd.fail(key, "", "%s takes one text", key)
	return ""
}

func (rd *reading) texts(key string) []string {
	var out []string
	for _, v := range listOf(rd.m.values[key]) {
		switch x := v.(type) {
		case string:
			out = append(out, x)
		case nil:
		case int64, float64, bool:
			out = append(out, fmt.Sprint(x))
		default:
			rd.fail(key, "", "%s takes texts", key)
		}
	}
	return out
}

func (rd *reading) flag(key string) *bool {
	switch v := rd.m.values[key].(type) {
	case nil:
		return nil
	case bool:
		return &v
	case string:
		if b, err := strconv.ParseBool(strings.ToLower(v)); err == nil {
			return &b
		}
	}
	rd.fail(key, "true or false", "%s can't be %v", key, rd.m.values[key])
	return nil
}

func (rd *reading) count(key string, def int) int {
	switch v := rd.m.values[key].(type) {
	case nil:
		return def
	case int64:
		if v >= 0 {
			return int(v)
		}
	case string:
		if n, err := strconv.Atoi(v); err == nil && n >= 0 {
			return n
		}
	}
	rd.fail(key, "a whole number", "%s can't be %v", key, rd.m.values[key])
	return def
}

// hooks are texts or {sql: …, transaction: false}.
func (rd *reading) hooks(key string) []node.Hook {
	var out []node.Hook
	for _, v := range listOf(rd.m.values[key]) {
		switch x := v.(type) {
		case string:
			out = append(out, hookOf(x))
		case map[string]any:
			h := node.Hook{Transaction: true}
			h.SQL, _ = x["sql"].(string)
			if b, ok := x["transaction"].(bool); ok {
				h.Transaction = b
			}
			out = append(out, h)
		default:
			rd.fail(key, "a text, or {sql: …, transaction: false}", "%s takes SQL", key)
		}
	}
	return out
}

// hookOf reads a hook's text: dbt's macros before_begin and after_commit give it as JSON.
func hookOf(s string) node.Hook {
	return node.Hook{SQL: s, Transaction: true}
}
