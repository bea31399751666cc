package render

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/engine/project/node"
)

// answers is an Adapter with one table, orders(id, kind), of two rows.
type answers struct {
	ran []string
}

func (a *answers) GetRelation(_ context.Context, database, schema, identifier string) (*Relation, error) {
	if identifier != "orders" {
		return nil, nil
	}
	return NewRelation(database, schema, identifier, "table"), nil
}

func (a *answers) ListRelations(_ context.Context, database, schema string) ([]*Relation, error) {
	return []*Relation{NewRelation(database, schema, "orders", "table")}, nil
}

func (a *answers) GetColumns(context.Context, *Relation) ([]Column, error) {
	return []Column{{"id", "INTEGER"}, {"kind", "VARCHAR"}}, nil
}

func (a *answers) RunQuery(_ context.Context, sql string) (*Table, error) {
	a.ran = append(a.ran, strings.TrimSpace(sql))
	if strings.Contains(sql, "broken") {
		return nil, errors.New("no such table")
	}
	return &Table{Columns: []string{"id", "kind"}, Rows: [][]any{{int64(1), "tool"}, {int64(2), "plant"}}}, nil
}

func (a *answers) CreateSchema(context.Context, string, string) error {
	a.ran = append(a.ran, "create schema")
	return nil
}
func (a *answers) DropSchema(context.Context, string, string) error { return nil }
func (a *answers) DropRelation(_ context.Context, r *Relation) error {
	a.ran = append(a.ran, "drop "+r.String())
	return nil
}
func (a *answers) RenameRelation(context.Context, *Relation, *Relation) error { return nil }
func (a *answers) TruncateRelation(context.Context, *Relation) error          { return nil }

// project has one incremental model, orders, and a variable.
func project(t *testing.T) (*Env, *node.Node) {
	t.Helper()
	n := &node.Node{ID: "model.p.orders", Kind: node.Model, Name: "orders", Alias: "orders", Package: "p", File: "models/orders.sql", Database: "d", Schema: "main"}
	n.Config = node.Config{Enabled: true, Materialized: "incremental", Values: map[string]any{"materialized": "incremental", "meta": map[string]any{"owner": "ann"}, "custom": int64(3)}}
	p := &node.Project{Name: "p", Nodes: map[string]*node.Node{n.ID: n}, Order: []string{n.ID}, Packages: []*node.Package{{Name: "p", Vars: map[string]any{"days": int64(7)}}},
		Target: node.Target{Name: "dev", Type: "duckdb", Database: "d", Schema: "main", Threads: 2, Values: map[string]any{"password": "secret", "extra": "x"}}}
	e, err := New(p, Invocation{Started: time.Date(2026, 5, 1, 12, 30, 0, 0, time.UTC), Command: "run"})
	require.NoError(t, err)
	e.Getenv = func(name string) (string, bool) { return "value", name == "SET" }
	return e, n
}

func TestNamesOfARun(t *testing.T) {
	e, n := project(t)
	for text, want := range map[string]string{
		"{{ this }} {{ this.identifier }} {{ this.include(database=false) }}":                                                                        `"d"."main"."orders" orders "main"."orders"`,
		"{{ execute }} {{ target.name }} {{ target.type }} {{ target.extra }} {{ target.password }}|":                                                "True dev duckdb x |",
		"{{ var('days') }} {{ var('nope', 'x') }} {{ var.has_var('nope') }}":                                                                         "7 x False",
		"{{ env_var('SET') }} {{ env_var('NOT', 'default') }}":                                                                                       "value default",
		"{{ config.get('custom') }} {{ config.get('nope', 1) }} {{ config.meta_get('owner') }} {{ config(tags='x') }}|":                              "3 1 ann |",
		"{{ model.name }} {{ model.unique_id }} {{ graph.nodes.values() | map(attribute='name') | join }}":                                           "orders model.p.orders orders",
		"{{ run_started_at.strftime('%Y-%m-%d') }} {{ (run_started_at - modules.datetime.timedelta(days=1)).date() }}":                               "2026-05-01 2026-04-30",
		"{{ adapter.get_relation('d', 'main', 'orders').is_table }} {{ adapter.get_relation('d', 'main', 'x') is none }}":                            "True True",
		"{{ adapter.get_columns_in_relation(this) | map(attribute='quoted') | join(', ') }}":                                                         `"id", "kind"`,
		"{% set t = run_query('select 1') %}{{ t.columns[1].values() | join('/') }} {{ t.rows[0]['id'] }} {% for r in t %}{{ r.kind }} {% endfor %}": "tool/plant 1 tool plant ",
		"{% call statement('s', fetch_result=true) %}select 2{% endcall %}{{ load_result('s').data | length }}":                                      "2",
		"{{ is_incremental() }} {{ flags.WHICH }} {{ flags.FULL_REFRESH }}":                                                                          "True run False",
		"{{ tojson({'a': [1, none]}) }} {{ fromjson('{\"a\": 2}').a }} {{ fromyaml('a: [1, 2]').a | length }} {{ local_md5('x') }}":                  `{"a": [1, null]} 2 2 9dd4e461268c8034f5c8564e155c67a6`,
		"{{ zip([1, 2], ['a', 'b']) | list }} {{ set([1, 1, 2]) | length }} {{ modules.re.sub('o', '0', 'foo') }}":                                   "[(1, 'a'), (2, 'b')] 2 f00",
		"{{ dbt.type_string() }} {{ dbt.dateadd('day', 1, 'd') }} {{ api.Relation.create(schema='s', identifier='i') }}":                             `varchar date_add(d, to_days(1)) "s"."i"`,
		"{{ dates_in_range('20260130', '20260201') | join(' ') }}":                                                                                   "20260130 20260131 20260201",
		"{{ builtins.var('days') }} {{ context['project_name'] }} {{ context.get('nope', 'd') }} {{ '1' | as_number + 1 }}":                          "7 p d 2",
	} {
		got, err := e.Render(t.Context(), &Scope{Node: n, Execute: true, Adapter: &answers{}}, text, node.Position{File: n.File, Line: 1})
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
}

func TestIsIncremental(t *testing.T) {
	e, n := project(t)
	for _, c := range []struct {
		scope Scope
		want  string
	}{
		{Scope{Execute: true, Adapter: &answers{}}, "True"},
		{Scope{Execute: true, Adapter: &answers{}, FullRefresh: true}, "False"},
		{Scope{Execute: true}, "False"},
		{Scope{Execute: true, Adapter: &answers{}, This: NewRelation("d", "main", "new", "")}, "False"},
		{Scope{Execute: true, Macros: map[string]any{"is_incremental": true}}, "True"},
	} {
		c.scope.Node = n
		got, err := e.Render(t.Context(), &c.scope, "{{ is_incremental() }}", node.Position{})
		require.NoError(t, err)
		require.Equal(t, c.want, got)
	}
}

func TestFailures(t *testing.T) {
	e, n := project(t)
	for text, want := range map[string]string{
		"{{ run_query('select 1') }}":                        "needs a database",
		"{{ adapter.get_relation('a', 'b', 'c') }}":          "needs a database",
		"{{ adapter.get_relaton('a') }}":                     "adapter has no method get_relaton",
		"{{ env_var('DBT_ENV_SECRET_X') }}":                  "may not appear in SQL",
		"{{ exceptions.raise_compiler_error('stop here') }}": "stop here",
		"{{ adapter.dispatch('nope', 'lib')() }}":            "the package lib is not installed",
		"{{ config.require('nope') }}":                       "the configuration nope is required",
		"{{ ref(1) }}":                                       "ref takes one or two strings",
	} {
		_, err := e.Render(t.Context(), &Scope{Node: n, Execute: true}, text, node.Position{File: n.File, Line: 5})
		require.ErrorContains(t, err, want)
		p := &node.Error{}
		require.ErrorAs(t, err, &p)
		require.Equal(t, n.ID, p.Node)
		require.Equal(t, 5, p.Pos.Line)
	}
	_, err := e.Render(t.Context(), &Scope{Node: n, Execute: true, Adapter: &answers{}}, "{{ run_query('select broken') }}", node.Position{File: n.File, Line: 1})
	require.ErrorContains(t, err, "no such table")
}

func TestParsingAsksNothing(t *testing.T) {
	e, n := project(t)
	found, err := e.Parse(t.Context(), n, `{{ config(materialized='table', meta={'a': 1}) }}
{% set t = run_query('select 1') %}{% if execute %}{{ 1 / 0 }}{% endif %}{{ t.columns[0].values() }}
from {{ ref('a') }}, {{ ref('pkg', 'b', v=2) }}, {{ source('s', 't') }} {{ dbt.type_int() }}`, node.Position{File: n.File, Line: 1})
	require.NoError(t, err)
	require.True(t, found.Introspective)
	require.Equal(t, map[string]any{"materialized": "table", "meta": map[string]any{"a": int64(1)}}, found.Config)
	require.Equal(t, []node.Ref{{Name: "a", Pos: node.Position{File: n.File, Line: 3, Column: 9}}, {Package: "pkg", Name: "b", Version: "2", Pos: node.Position{File: n.File, Line: 3, Column: 25}}}, found.Refs)
	require.Equal(t, "s", found.Sources[0].Source)
	require.Contains(t, found.Macros, "macro.dbt.type_int")
}

func TestCallMacro(t *testing.T) {
	e, n := project(t)
	a := &answers{}
	_, err := e.CallMacro(t.Context(), &Scope{Node: n, Execute: true, Adapter: a}, "drop_relation_if_exists", []any{NewRelation("d", "main", "x", "table")}, nil)
	require.NoError(t, err)
	require.Equal(t, []string{`drop "d"."main"."x"`}, a.ran)
	_, err = e.CallMacro(t.Context(), &Scope{Node: n}, "drop_relation_if_exist", nil, nil)
	require.ErrorContains(t, err, "did you mean drop_relation_if_exists?")
}
