package load

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/engine/project/compile"
	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/render"
)

// folder writes files, given as one text with a line "-- name --" before each.
func folder(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	name, body := "", ""
	flush := func() {
		if name == "" {
			return
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(body), 0o644))
	}
	for _, line := range strings.SplitAfter(text, "\n") {
		if rest, ok := strings.CutPrefix(line, "-- "); ok && strings.HasSuffix(strings.TrimSpace(rest), " --") {
			flush()
			name, body = strings.TrimSuffix(strings.TrimSpace(rest), " --"), ""
			continue
		}
		body += line
	}
	flush()
	if _, err := os.Stat(filepath.Join(dir, projectFile)); err != nil {
		require.NoError(t, os.WriteFile(filepath.Join(dir, projectFile), []byte("name: p\n"), 0o644))
	}
	return dir
}

func noEnv(string) (string, bool) { return "", false }

func open(t *testing.T, text string, opts ...func(*Options)) (*node.Project, *render.Env, error) {
	t.Helper()
	o := Options{Dir: folder(t, text), Getenv: noEnv}
	for _, f := range opts {
		f(&o)
	}
	return Load(t.Context(), o)
}

func must(t *testing.T, text string, opts ...func(*Options)) (*node.Project, *render.Env) {
	t.Helper()
	p, env, err := open(t, text, opts...)
	require.NoError(t, err)
	return p, env
}

// compiled is a model's SQL.
func compiled(t *testing.T, p *node.Project, env *render.Env, id string) string {
	t.Helper()
	require.Contains(t, p.Nodes, id)
	out, err := compile.Node(t.Context(), env, &render.Scope{Node: p.Nodes[id]})
	require.NoError(t, err)
	return strings.TrimSpace(out.SQL)
}

func TestErrors(t *testing.T) {
	for name, c := range map[string]struct {
		files, message, hint string
		at                   string
		excerpt              string
	}{
		"missing ref": {
			files:   "-- models/orders.sql --\nselect 1\n-- models/b.sql --\nselect *\nfrom {{ ref('ordrs') }}\n",
			message: "there is no model, seed or snapshot for ref('ordrs')", hint: "did you mean orders?", at: "models/b.sql:2:9", excerpt: "2 | from {{ ref('ordrs') }}\n       |         ^",
		},
		"missing source": {
			files:   "-- models/s.yml --\nsources: [{name: raw, tables: [{name: orders}]}]\n-- models/b.sql --\nfrom {{ source('raw', 'order') }}\n",
			message: "there is no source('raw', 'order')", hint: "did you mean orders?", at: "models/b.sql:1:9",
		},
		"a source's name as a ref": {
			files:   "-- models/s.yml --\nsources: [{name: raw, tables: [{name: orders}]}]\n-- models/b.sql --\nfrom {{ ref('orders') }}\n",
			message: "ref('orders')", hint: "source('raw', 'orders')", at: "models/b.sql:1:9",
		},
		"cycle": {
			files:   "-- models/a.sql --\nfrom {{ ref('c') }}\n-- models/b.sql --\nfrom {{ ref('a') }}\n-- models/c.sql --\nfrom {{ ref('b') }}\n",
			message: "in a circle:\n    a (models/a.sql) needs c\n    c (models/c.sql) needs b\n    b (models/b.sql) needs a", hint: "one of these refs has to go", at: "models/a.sql:1:9",
		},
		"a model that refers to itself": {
			files: "-- models/a.sql --\nfrom {{ ref('a') }}\n", message: "a refers to itself", hint: "{{ this }}", at: "models/a.sql:1:9",
		},
		"bad Jinja": {
			files: "-- models/a.sql --\nselect\n  {{ 1 + }}\n", message: "unexpected '}}', expected an expression", at: "models/a.sql:2:10", excerpt: "2 |   {{ 1 + }}",
		},
		"an open block": {
			files: "-- models/a.sql --\n{% if true %}\nselect 1\n", message: "endif is missing", at: "models/a.sql:1:1",
		},
		"unknown macro": {
			files:   "-- macros/m.sql --\n{% macro crowns(x) %}{{ x }}{% endmacro %}\n-- models/a.sql --\nselect {{ crown(1) }}\n",
			message: "'crown' is undefined", hint: "did you mean crowns?", at: "models/a.sql:1:11",
		},
		"a failure in a macro": {
			files:   "-- macros/m.sql --\n{% macro half(x) %}\n{{ x / 0 }}\n{% endmacro %}\n-- models/a.sql --\nselect {{ half(1) }}\n",
			message: "division by zero", at: "macros/m.sql:2:6", excerpt: "called by half at models/a.sql:1:11",
		},
		"unknown materialization": {
			files:   "-- models/a.sql --\nselect 1\n{{ config(materialized='tabel') }}\n",
			message: "the materialization tabel is unknown", hint: "did you mean table?", at: "models/a.sql:2:4",
		},
		"unknown materialization in the project file": {
			files:   "-- dbt_project.yml --\nname: p\nmodels:\n  p:\n    +materialized: vieww\n-- models/a.sql --\nselect 1\n",
			message: "the materialization vieww is unknown", hint: "did you mean view?", at: "dbt_project.yml:4:5", excerpt: "+materialized: vieww",
		},
		"unknown choice": {
			files:   "-- models/a.sql --\n{{ config(materialized='incremental', incremental_strategy='upsert') }} select 1\n",
			message: `incremental_strategy can't be "upsert"`, hint: "one of append, delete+insert, merge, microbatch", at: "models/a.sql:1:4",
		},
		"wrong type": {
			files:   "-- models/a.sql --\n{{ config(enabled='perhaps') }} select 1\n",
			message: "enabled can't be perhaps", hint: "true or false", at: "models/a.sql:1:4",
		},
		"two models of one name": {
			files: "-- models/x/a.sql --\nselect 1\n-- models/y/a.sql --\nselect 2\n", message: "two models are called a", hint: "models/x/a.sql", at: "models/y/a.sql:1:1",
		},
		"a seed and a model of one name": {
			files: "-- models/a.sql --\nselect 1\n-- seeds/a.csv --\nx\n1\n", message: "both called a", hint: "models/a.sql", at: "seeds/a.csv:1:1",
		},
		"two models for one table": {
			files: "-- models/a.sql --\nselect 1\n-- models/b.sql --\n{{ config(alias='A') }} select 1\n", message: "a and b both build main.A", hint: "another alias", at: "models/b.sql:1:1",
		},
		"two macros of one name": {
			files: "-- macros/a.sql --\n{% macro m() %}{% endmacro %}\n-- macros/b.sql --\n{% macro m() %}{% endmacro %}\n", message: "the macro m is defined twice", hint: "macros/a.sql:1:1", at: "macros/b.sql:1:1",
		},
		"broken YAML": {
			files: "-- models/s.yml --\nmodels:\n  - name: a\n   description: b\n", message: "the YAML can't be read", at: "models/s.yml:2:3", excerpt: "- name: a",
		},
		"a tab in YAML": {
			files: "-- models/s.yml --\nmodels:\n\t- name: a\n", message: "the YAML can't be read", hint: "spaces, not tabs", at: "models/s.yml:2:2",
		},
		"a list that is none": {
			files: "-- models/s.yml --\nmodels:\n  name: a\n", message: "models takes a list", at: "models/s.yml:2:3",
		},
		"unknown test": {
			files:   "-- models/a.sql --\nselect 1 as id\n-- models/s.yml --\nmodels:\n  - name: a\n    columns:\n      - name: id\n        data_tests: [uniqe]\n",
			message: "there is no test uniqe", hint: "did you mean unique?", at: "models/s.yml:5:22",
		},
		"an argument that a test lacks": {
			files:   "-- models/a.sql --\nselect 1 as id\n-- models/s.yml --\nmodels:\n  - name: a\n    columns:\n      - name: id\n        tests:\n          - accepted_values: {vals: [1]}\n",
			message: "the test accepted_values has no argument vals", hint: "values", at: "models/s.yml:6:13",
		},
		"a missing ref in a test": {
			files:   "-- models/a.sql --\nselect 1 as id\n-- models/s.yml --\nmodels:\n  - name: a\n    columns:\n      - name: id\n        tests:\n          - relationships: {to: ref('nope'), field: id}\n",
			message: "ref('nope')", at: "models/s.yml:6:13",
		},
		"a snapshot without strategy": {
			files:   "-- snapshots/s.sql --\n{% snapshot s %}{{ config(unique_key='id') }} select 1 as id{% endsnapshot %}\n",
			message: "the snapshot s has no strategy", hint: "strategy='timestamp'", at: "snapshots/s.sql:1:1",
		},
		"a materialization of its own": {
			files:   "-- macros/m.sql --\n{% materialization insert_only, default %}{% endmaterialization %}\n-- models/a.sql --\n{{ config(materialized='insert_only') }} select 1\n",
			message: "the materialization insert_only is unknown", hint: "aren't supported", at: "models/a.sql:1:4",
		},
		"Python": {
			files: "-- models/m.py --\ndef model(dbt, session): pass\n", message: "models in Python aren't supported", hint: "SQL", at: "models/m.py:1:1",
		},
		"no variable": {
			files: "-- models/a.sql --\nselect {{ var('day') }}\n", message: "the variable day isn't set", hint: "--vars", at: "models/a.sql:1:11",
		},
		"no environment variable": {
			files: "-- models/a.sql --\nselect {{ env_var('DAY') }}\n", message: "the environment variable DAY isn't set", hint: "export DAY", at: "models/a.sql:1:11",
		},
		"no name": {
			files: "-- dbt_project.yml --\nversion: '1'\n", message: "the project has no name", at: "dbt_project.yml:1:1",
		},
		"an unknown target": {
			files:   "-- dbt_project.yml --\nname: p\nprofile: p\n-- profiles.yml --\np:\n  target: prod\n  outputs:\n    dev: {type: duckdb, path: x.db}\n",
			message: "the profile p has no target prod", hint: "it has dev", at: "profiles.yml:2:3",
		},
		"an unknown profile": {
			files:   "-- dbt_project.yml --\nname: p\nprofile: shop\n-- profiles.yml --\nshpo: {outputs: {}}\n",
			message: "has no profile shop", hint: "did you mean shpo?", at: "profiles.yml:1:1",
		},
		"another database": {
			files:   "-- dbt_project.yml --\nname: p\nprofile: p\n-- profiles.yml --\np:\n  target: dev\n  outputs:\n    dev:\n      type: snowflake\n",
			message: `the type "snowflake"`, hint: "type: eider", at: "profiles.yml:5:13",
		},
		"a unit test of nothing": {
			files: "-- models/s.yml --\nunit_tests:\n  - name: u\n    model: nope\n    given: []\n    expect: {rows: []}\n", message: "ref('nope')", at: "models/s.yml:3:12",
		},
		"a local package that isn't there": {
			files: "-- packages.yml --\npackages:\n  - local: ../nope\n", message: "there is no package in ../nope", at: "packages.yml:2:12",
		},
		"a file that isn't UTF-8": {
			files: "-- models/a.sql --\nselect '\xff'\n", message: "the file is not UTF-8", at: "models/a.sql:1:1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := open(t, c.files)
			require.Error(t, err)
			list := node.Errors(err)
			require.Len(t, list, 1, err.Error())
			e := list[0]
			require.Contains(t, e.Message, c.message)
			require.Contains(t, e.Hint, c.hint)
			require.Equal(t, c.at, e.Pos.String(), err.Error())
			require.Contains(t, err.Error(), c.excerpt)
			require.Contains(t, err.Error(), "at "+c.at)
		})
	}
}

func TestEveryMistakeAtOnce(t *testing.T) {
	_, _, err := open(t, "-- models/a.sql --\n{{ 1 + }}\n-- models/b.sql --\n{{ nope() }}\n-- models/c.sql --\n{% endif %}\n")
	require.Len(t, node.Errors(err), 3)
	require.Equal(t, []string{"models/a.sql", "models/b.sql", "models/c.sql"}, []string{node.Errors(err)[0].Pos.File, node.Errors(err)[1].Pos.File, node.Errors(err)[2].Pos.File})
}

func TestNoProject(t *testing.T) {
	_, _, err := Load(t.Context(), Options{Dir: t.TempDir()})
	require.ErrorContains(t, err, "there is no dbt_project.yml")
	require.ErrorContains(t, err, "eider init")
}

func TestConfigurationHierarchy(t *testing.T) {
	p, _ := must(t, `-- dbt_project.yml --
name: p
models:
  +tags: all
  p:
    +materialized: table
    +meta: {owner: a, team: x}
    staging:
      +materialized: view
      +tags: [stg]
      raw:
        +enabled: "{{ var('with_raw', false) }}"
-- models/m.sql --
select 1
-- models/staging/s.sql --
{{ config(tags='own', meta={'owner': 'b'}) }} select 1
-- models/staging/t.sql --
{{ config(materialized='incremental', unique_key=['a', 'b']) }} select 1
-- models/staging/raw/r.sql --
select 1
-- models/staging/s.yml --
models:
  - name: s
    description: "hello {{ doc('more') }}"
    config: {materialized: ephemeral, pre_hook: ["select '{{ this }}'", {sql: "vacuum", transaction: false}]}
-- models/docs.md --
{% docs more %}of *it*{% enddocs %}
`)
	m, s, u := p.Nodes["model.p.m"], p.Nodes["model.p.s"], p.Nodes["model.p.t"]
	require.Equal(t, "table", m.Config.Materialized)
	require.Equal(t, []string{"all"}, m.Tags)
	require.Equal(t, "ephemeral", s.Config.Materialized)
	require.Equal(t, []string{"all", "own", "stg"}, s.Tags)
	require.Equal(t, map[string]any{"owner": "b", "team": "x"}, s.Meta)
	require.Equal(t, "hello of *it*", s.Description)
	require.Equal(t, []node.Hook{{SQL: "select '{{ this }}'", Transaction: true}, {SQL: "vacuum"}}, s.Config.PreHooks)
	require.Equal(t, []string{"a", "b"}, u.Config.UniqueKey)
	require.Equal(t, "incremental", u.Config.Materialized)
	require.Contains(t, p.Disabled, "model.p.r")
	require.NotContains(t, p.Nodes, "model.p.r")
}

func TestNames(t *testing.T) {
	p, env := must(t, `-- models/a.sql --
{{ config(schema='x', alias='al', database='other') }} select 1
-- models/b.sql --
from {{ ref('a') }}
`)
	require.Equal(t, `from "other"."main_x"."al"`, compiled(t, p, env, "model.p.b"))

	p, env = must(t, `-- macros/names.sql --
{% macro generate_schema_name(custom_schema_name, node) %}{{ custom_schema_name or 'base' }}{% endmacro %}
{% macro default__generate_alias_name(custom_alias_name, node) %}{{ node.name | upper }}{% endmacro %}
-- models/a.sql --
{{ config(schema='x') }} select 1
-- models/b.sql --
from {{ ref('a') }} -- {{ this }}
`)
	require.Equal(t, `from "p"."x"."A" -- "p"."base"."B"`, compiled(t, p, env, "model.p.b"))
}

func TestTargets(t *testing.T) {
	profile := `-- dbt_project.yml --
name: p
profile: p
-- profiles.yml --
p:
  target: dev
  outputs:
    dev: {type: eider, path: my.db, schema: work, threads: 3}
    srv: {type: postgres, host: h, user: u, password: "{{ env_var('PW', 'p@ss') }}", port: 6543, dbname: d, schema: s}
`
	p, _ := must(t, profile)
	require.Equal(t, "my.db", filepath.Base(p.Target.Path))
	require.Equal(t, "my", p.Target.Database)
	require.Equal(t, "work", p.Target.Schema)
	require.Equal(t, 3, p.Target.Threads)
	p, _ = must(t, profile, func(o *Options) { o.Target = "srv" })
	require.Equal(t, "postgres://u:p%40ss@h:6543/d", p.Target.URL)
	require.Empty(t, p.Target.Path)
	p, _ = must(t, profile, func(o *Options) { o.DB = "postgres://me@other:1/x" })
	require.Equal(t, "postgres://me@other:1/x", p.Target.URL)
	require.Equal(t, "work", p.Target.Schema)
	p, _ = must(t, profile, func(o *Options) { o.DB = "z.db" })
	require.Equal(t, "z", p.Target.Database)
	p, _ = must(t, "")
	require.Equal(t, filepath.Join(p.Dir, "p.db"), p.Target.Path)
	require.Equal(t, "duckdb", p.Target.Type)
}

func TestPackages(t *testing.T) {
	p, env := must(t, `-- packages.yml --
packages:
  - local: lib
-- lib/dbt_project.yml --
name: lib
vars: {depth: 1}
models: {lib: {+schema: lib}}
-- lib/macros/m.sql --
{% macro twice(x) %}{{ adapter.dispatch('twice', 'lib')(x) }}{% endmacro %}
{% macro default__twice(x) %}({{ x }} + {{ x }}){% endmacro %}
{% macro duckdb__twice(x) %}(2 * {{ x }}){% endmacro %}
-- lib/models/base.sql --
select {{ var('depth') }} as depth
-- dbt_packages/other/dbt_project.yml --
name: other
-- dbt_packages/other/macros/t.sql --
{% test fine(model) %}select 1 from {{ model }} where false{% endtest %}
-- models/a.sql --
select {{ lib.twice(3) }}, {{ dbt.type_string() }}, {{ dbt.date_trunc('day', 'd') }} from {{ ref('lib', 'base') }}
-- models/s.yml --
models: [{name: a, tests: [other.fine]}]
`, func(o *Options) { o.Vars = map[string]any{"depth": 5} })
	require.Equal(t, `select (2 * 3), varchar, date_trunc('day', d) from "p"."main_lib"."base"`, compiled(t, p, env, "model.p.a"))
	require.Equal(t, "select 5 as depth", compiled(t, p, env, "model.lib.base"))
	require.Contains(t, p.Nodes["model.p.a"].DependsOn.Macros, "macro.lib.twice")
	require.Contains(t, strings.Join(p.Order, " "), "test.p.other_fine_a_.")
}

func TestEphemeral(t *testing.T) {
	p, env := must(t, `-- models/e.sql --
{{ config(materialized='ephemeral') }} select 1 as x
-- models/f.sql --
{{ config(materialized='ephemeral') }} select * from {{ ref('e') }}
-- models/plain.sql --
select * from {{ ref('f') }}
-- models/with.sql --
-- with a comment
with recursive t as (select 1) select * from {{ ref('f') }}, {{ ref('e') }}, t
`)
	require.Equal(t, "with __dbt__cte__e as (\nselect 1 as x\n),\n__dbt__cte__f as (\nselect * from __dbt__cte__e\n)\nselect * from __dbt__cte__f", compiled(t, p, env, "model.p.plain"))
	require.Equal(t, "-- with a comment\nwith recursive __dbt__cte__e as (\nselect 1 as x\n),\n__dbt__cte__f as (\nselect * from __dbt__cte__e\n),\nt as (select 1) select * from __dbt__cte__f, __dbt__cte__e, t",
		compiled(t, p, env, "model.p.with"))
}

func TestGenericTestsCompile(t *testing.T) {
	p, env := must(t, `-- models/a.sql --
select 1 as id
-- models/s.yml --
models:
  - name: a
    columns:
      - name: id
        tests:
          - unique: {config: {where: "id > 1", severity: warn}}
          - relationships: {to: ref('a'), field: id}
          - accepted_values: {name: short, values: ["it's", 2]}
`)
	var ids []string
	for _, id := range p.Order {
		if p.Nodes[id].Kind == node.Test {
			ids = append(ids, id)
		}
	}
	require.Len(t, ids, 3)
	require.Contains(t, compiled(t, p, env, ids[2]), `from (select * from "p"."main"."a" where id > 1) dbt_subquery`)
	require.Equal(t, "warn", p.Nodes[ids[2]].Config.Severity)
	require.Contains(t, compiled(t, p, env, ids[0]), `from "p"."main"."a"`)
	require.Equal(t, "short", p.Nodes[ids[1]].Name)
	require.Contains(t, compiled(t, p, env, ids[1]), `'it''s','2'`)
}

func TestVersionsAndGroups(t *testing.T) {
	p, env := must(t, `-- models/a_v1.sql --
select 1
-- models/a_v2.sql --
select 2
-- models/b.sql --
from {{ ref('a') }}, {{ ref('a', v=1) }}
-- models/s.yml --
groups: [{name: g, owner: {name: x}}]
models:
  - name: a
    latest_version: 2
    versions: [{v: 1}, {v: 2}]
`)
	require.Equal(t, `from "p"."main"."a_v2", "p"."main"."a_v1"`, compiled(t, p, env, "model.p.b"))
	require.Equal(t, "2", p.Nodes["model.p.a.v2"].Version)
	require.Contains(t, p.Groups, "group.p.g")

	_, _, err := open(t, "-- models/a.sql --\n{{ config(access='private', group='g') }} select 1\n-- models/b.sql --\nfrom {{ ref('a') }}\n")
	require.ErrorContains(t, err, "private to the group g")
}

func TestARefBehindAConditionIsRefusedWhenItRuns(t *testing.T) {
	p, env := must(t, "-- models/a.sql --\nselect 1\n-- models/b.sql --\n{% if execute %}from {{ ref('a') }}{% endif %}\n")
	_, err := compile.Node(t.Context(), env, &render.Scope{Node: p.Nodes["model.p.b"]})
	require.ErrorContains(t, err, "was not seen while parsing")
	require.ErrorContains(t, err, "-- depends_on: {{ ref('a') }}")
}

func TestWarnings(t *testing.T) {
	p, _ := must(t, "-- dbt_project.yml --\nname: p\nmodles: {}\nmodels:\n  p:\n    stagging: {+tags: x}\n-- models/order.sql --\nselect 1\n-- models/s.yml --\nmodels: [{name: ordr}]\n")
	var all []string
	for _, w := range p.Warnings {
		all = append(all, w.Error())
	}
	text := strings.Join(all, "\n")
	require.Contains(t, text, "has no key modles")
	require.Contains(t, text, "did you mean models?")
	require.Contains(t, text, "the configuration of models.p.stagging applies to nothing")
	require.Contains(t, text, "there is no model ordr to describe")
}

func TestUnitTestFixtures(t *testing.T) {
	p, _ := must(t, `-- models/a.sql --
select 1 as id
-- models/b.sql --
from {{ ref('a') }}
-- tests/fixtures/rows.csv --
id,name
1,x
2,
-- models/s.yml --
unit_tests:
  - name: u
    model: b
    given:
      - {input: ref('a'), format: csv, fixture: rows}
    overrides: {vars: {v: 1}, macros: {is_incremental: true}}
    expect: {format: sql, rows: select 1}
`)
	u := p.Nodes["unit_test.p.b.u"].UnitTestInfo
	require.Equal(t, "model.p.a", u.Given[0].InputID)
	require.Equal(t, []any{"2", nil}, u.Given[0].Rows[1].Values)
	require.Equal(t, "select 1", u.Expect.SQL)
	require.Equal(t, map[string]any{"is_incremental": true}, u.Overrides.Macros)
}
