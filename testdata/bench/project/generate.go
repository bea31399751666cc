package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// generate writes a project of n models: a third of them staging over sources, the rest marts
// over staging and earlier marts, in folders of 25, each folder described by a YAML file.
func generate(dir string, n int) error {
	files := map[string]string{
		"dbt_project.yml": "name: big\nversion: '1.0'\nprofile: big\nmodels:\n  big:\n    staging: {+materialized: view, +tags: [staging]}\n    marts: {+materialized: table}\n",
		"profiles.yml":    "big: {target: dev, outputs: {dev: {type: postgres, host: localhost, user: u, password: p, port: 5432, dbname: d, schema: main, threads: 2}}}\n",
		"macros/money.sql": "{% macro cents(column, digits=2) -%}\nround({{ column }} / 100.0, {{ digits }})\n{%- endmacro %}\n" +
			"{% macro columns_of(names) -%}\n{% for name in names %}{{ name }}{% if not loop.last %}, {% endif %}{% endfor %}\n{%- endmacro %}\n",
		"macros/tests.sql": "{% test not_negative(model, column_name) %}\nselect * from {{ model }} where {{ column_name }} < 0\n{% endtest %}\n",
	}
	staging := n / 3
	var sources strings.Builder
	sources.WriteString("version: 2\nsources:\n  - name: raw\n    tables:\n")
	for i := range staging {
		fmt.Fprintf(&sources, "      - name: t%03d\n", i)
	}
	files["models/staging/sources.yml"] = sources.String()
	described := map[string]*strings.Builder{}
	describe := func(folder, name string) {
		b := described[folder]
		if b == nil {
			b = &strings.Builder{}
			b.WriteString("version: 2\nmodels:\n")
			described[folder] = b
		}
		fmt.Fprintf(b, "  - name: %s\n    description: The table %s.\n    columns:\n      - name: id\n        description: The key.\n        data_tests: [unique, not_null]\n"+
			"      - name: amount\n        data_tests: [not_negative]\n", name, name)
	}
	for i := range staging {
		name, folder := fmt.Sprintf("stg_%03d", i), fmt.Sprintf("models/staging/s%02d", i/25)
		files[folder+"/"+name+".sql"] = fmt.Sprintf("with source as (\n    select * from {{ source('raw', 't%03d') }}\n)\n\nselect\n    id,\n    {{ columns_of(['name', 'town', 'kind']) }},\n"+
			"    {{ cents('cents') }} as amount\nfrom source\n{%% if var('only_recent', false) %%}where day > current_date - 7{%% endif %%}\n", i)
		describe(folder, name)
	}
	for i := staging; i < n; i++ {
		name, folder := fmt.Sprintf("mart_%03d", i), fmt.Sprintf("models/marts/m%02d", i/25)
		parents := []string{fmt.Sprintf("stg_%03d", i%staging), fmt.Sprintf("stg_%03d", (i*7)%staging)}
		if i > staging+10 {
			parents = append(parents, fmt.Sprintf("mart_%03d", i-10))
		}
		var b strings.Builder
		if i%5 == 0 {
			b.WriteString("{{ config(materialized='incremental', unique_key='id') }}\n\n")
		}
		b.WriteString("{% set kinds = ['tool', 'plant', 'supply'] %}\n\nselect\n    a.id,\n    {% for kind in kinds -%}\n    sum(a.amount) filter (where a.kind = '{{ kind }}') as {{ kind }}_amount,\n    {% endfor -%}\n    sum(a.amount) as amount\n")
		fmt.Fprintf(&b, "from {{ ref('%s') }} as a\n", parents[0])
		for j, p := range parents[1:] {
			fmt.Fprintf(&b, "left join {{ ref('%s') }} as p%d using (id)\n", p, j)
		}
		if i%5 == 0 {
			b.WriteString("{% if is_incremental() %}\nwhere a.id > (select max(id) from {{ this }})\n{% endif %}\n")
		}
		b.WriteString("group by 1\n")
		files[folder+"/"+name+".sql"] = b.String()
		describe(folder, name)
	}
	for folder, b := range described {
		files[folder+"/schema.yml"] = b.String()
	}
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
