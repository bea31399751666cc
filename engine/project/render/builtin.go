package render

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/eiderdb/eider/engine/project/jinja"
	"github.com/eiderdb/eider/engine/project/node"
)

// DbtVersion is the version of dbt whose behaviour is followed: {{ dbt_version }}.
const DbtVersion = "1.10.23"

// builtinNames are those of rendering.builtin, for suggestions.
var builtinNames = []string{"ref", "source", "config", "var", "env_var", "this", "model", "target", "adapter", "run_query", "statement",
	"load_result", "store_result", "log", "print", "exceptions", "return", "is_incremental", "should_full_refresh", "graph", "api", "modules",
	"tojson", "fromjson", "toyaml", "fromyaml", "set", "zip", "local_md5", "builtins", "flags", "run_started_at", "invocation_id"}

// builtin answers dbt's names.
func (r *rendering) builtin(name string) (jinja.Value, bool) {
	if v, ok := r.variable(name); ok {
		return v, true
	}
	f := r.function(name)
	return f, f != nil
}

// variable answers those that aren't called.
func (r *rendering) variable(name string) (jinja.Value, bool) {
	p := r.e.Project
	switch name {
	case "config":
		if r.cfg == nil {
			r.cfg = &configObject{r}
		}
		return r.cfg, true
	case "this":
		return r.this(), true
	case "model":
		return r.modelDict(), true
	case "target":
		return r.targetDict(), true
	case "execute":
		return r.s.Execute && !r.parsing(), true
	case "adapter":
		return &adapterObject{r}, true
	case "api":
		return &apiObject{r}, true
	case "graph":
		return r.graphDict(), true
	case "var":
		return &varObject{r}, true
	case "exceptions":
		return &exceptionsObject{r}, true
	case "modules":
		return modules(), true
	case "builtins":
		return &builtinsObject{r}, true
	case "flags":
		return r.flags(), true
	case "invocation_args_dict":
		return jinja.FromGo(r.e.Inv.Flags), true
	case "dbt_metadata_envs":
		return &jinja.Dict{}, true
	case "invocation_id":
		return r.e.Inv.ID, true
	case "run_started_at":
		return datetime{r.e.Inv.Started.UTC()}, true
	case "dbt_version":
		return DbtVersion, true
	case "project_name":
		return p.Name, true
	case "database":
		if r.s.Node != nil {
			return orNil(r.s.Node.Database), true
		}
		return orNil(p.Target.Database), true
	case "schema":
		if r.s.Node != nil && r.s.Node.Schema != "" {
			return r.s.Node.Schema, true
		}
		return p.Target.Schema, true
	case "schemas":
		return jinja.FromGo(r.s.Schemas), true
	case "database_schemas":
		l := &jinja.List{}
		for _, s := range r.s.Schemas {
			l.Items = append(l.Items, jinja.Tuple{orNil(p.Target.Database), s})
		}
		return l, true
	case "results":
		if r.s.Results == nil {
			return nil, true
		}
		return jinja.FromGo(r.s.Results), true
	case "selected_resources":
		if v, ok := r.e.Inv.Flags["selected_resources"]; ok {
			return jinja.FromGo(v), true
		}
		return &jinja.List{}, true
	case "sql", "compiled_code":
		return r.s.SQL, r.s.SQL != ""
	case "thread_id":
		return "Thread-1", true
	case "connection_name":
		if r.s.Node != nil {
			return r.s.Node.ID, true
		}
		return "master", true
	case "pre_hooks", "post_hooks":
		return r.hooks(name), true
	case "_dbt_generic_test_kwargs":
		return r.testArgs(), true
	case "context":
		return &contextObject{r}, true
	}
	return nil, false
}

func (r *rendering) hooks(name string) jinja.Value {
	l := &jinja.List{}
	if r.s.Node == nil {
		return l
	}
	hooks := r.s.Node.Config.PreHooks
	if name == "post_hooks" {
		hooks = r.s.Node.Config.PostHooks
	}
	for _, h := range hooks {
		l.Items = append(l.Items, jinja.NewDict("sql", h.SQL, "transaction", h.Transaction))
	}
	return l
}

func (r *rendering) flags() jinja.Value {
	d, _ := jinja.FromGo(r.e.Inv.Flags).(*jinja.Dict)
	if d == nil {
		d = &jinja.Dict{}
	}
	d = d.Copy()
	for k, v := range map[string]jinja.Value{"FULL_REFRESH": r.e.Inv.FullRefresh || r.s.FullRefresh, "WHICH": r.e.Inv.Command, "STORE_FAILURES": false, "EMPTY": false} {
		if _, has := d.Get(k); !has {
			d.Set(k, v)
		}
	}
	return d
}

// function answers those that are called.
func (r *rendering) function(name string) jinja.Value {
	var f func(*jinja.Call) (jinja.Value, error)
	switch name {
	case "ref":
		f = r.ref
	case "source":
		f = r.source
	case "env_var":
		f = r.envVar
	case "return":
		f = func(c *jinja.Call) (jinja.Value, error) {
			v, _ := c.Arg(0, "data")
			return nil, jinja.Return(v)
		}
	case "log":
		f = r.log
	case "print":
		f = func(c *jinja.Call) (jinja.Value, error) {
			v, _ := c.Arg(0, "msg")
			r.say(jinja.Str(v), true)
			return "", nil
		}
	case "run_query":
		f = r.runQuery
	case "statement":
		f = r.statement
	case "load_result", "store_result", "store_raw_result":
		f = func(c *jinja.Call) (jinja.Value, error) { return r.result(name, c) }
	case "is_incremental":
		f = func(*jinja.Call) (jinja.Value, error) { return r.isIncremental() }
	case "should_full_refresh":
		f = func(*jinja.Call) (jinja.Value, error) { return r.fullRefresh(), nil }
	case "should_store_failures":
		f = func(*jinja.Call) (jinja.Value, error) {
			n := r.s.Node
			return n != nil && n.Config.StoreFailures != nil && *n.Config.StoreFailures, nil
		}
	case "tojson", "fromjson", "toyaml", "fromyaml":
		f = func(c *jinja.Call) (jinja.Value, error) { return convert(name, c) }
	case "set", "set_strict":
		f = func(c *jinja.Call) (jinja.Value, error) {
			v, _ := c.Arg(0, "value")
			items, err := jinja.Iterate(v)
			if err != nil {
				d, has := c.Arg(1, "default")
				if has && name == "set" {
					return d, nil
				}
				return nil, err
			}
			return jinja.NewSet(items), nil
		}
	case "zip", "zip_strict":
		f = zip
	case "local_md5":
		f = func(c *jinja.Call) (jinja.Value, error) {
			v, _ := c.Arg(0, "value")
			sum := md5.Sum([]byte(jinja.Str(v)))
			return hex.EncodeToString(sum[:]), nil
		}
	case "as_bool", "as_native", "as_number", "as_text":
		f = func(c *jinja.Call) (jinja.Value, error) { return native(name, c) }
	case "diff_of_two_dicts":
		f = diffOfTwoDicts
	case "try_or_compiler_error":
		f = func(c *jinja.Call) (jinja.Value, error) {
			if len(c.Args) < 2 {
				return nil, fmt.Errorf("try_or_compiler_error takes a message and a function")
			}
			fn, ok := c.Args[1].(jinja.Func)
			if !ok {
				return nil, fmt.Errorf("%s can't be called", jinja.TypeName(c.Args[1]))
			}
			v, err := fn(&jinja.Call{State: c.State, Args: c.Args[2:], Kwargs: c.Kwargs})
			if err != nil {
				return nil, fmt.Errorf("%s", jinja.Str(c.Args[0]))
			}
			return v, nil
		}
	default:
		return nil
	}
	return jinja.Func(f)
}

func (r *rendering) say(message string, info bool) {
	if r.s.Log != nil && !r.parsing() {
		r.s.Log(message, info)
	}
}

func (r *rendering) log(c *jinja.Call) (jinja.Value, error) {
	v, _ := c.Arg(0, "msg")
	info, _ := c.Arg(1, "info")
	r.say(jinja.Str(v), jinja.Truth(info))
	return "", nil
}

func (r *rendering) fullRefresh() bool {
	if n := r.s.Node; n != nil && n.Config.FullRefresh != nil {
		return *n.Config.FullRefresh
	}
	return r.s.FullRefresh || r.e.Inv.FullRefresh
}

// isIncremental is true when the model is incremental, its table is there and no full
// refresh is asked for.
func (r *rendering) isIncremental() (jinja.Value, error) {
	n := r.s.Node
	if r.parsing() || !r.s.Execute || n == nil || n.Config.Materialized != "incremental" || r.fullRefresh() {
		return false, nil
	}
	if r.s.Adapter == nil {
		return false, nil // compiling without a database: as for the first run
	}
	this, _ := r.this().(*Relation)
	rel, err := r.s.Adapter.GetRelation(r.ctx, this.Database, this.Schema, this.Identifier)
	if err != nil || rel == nil {
		return false, err
	}
	return rel.Type == "" || rel.Type == "table", nil
}

// testArgs are the arguments of a generic test's macro. Text in them is Jinja; where names a
// part of the table, the model is that part.
func (r *rendering) testArgs() jinja.Value {
	d := &jinja.Dict{}
	n := r.s.Node
	if n == nil || n.TestInfo == nil {
		return d
	}
	for _, k := range slices.Sorted(maps.Keys(n.TestInfo.Args)) {
		d.Set(k, r.testArg(n, n.TestInfo.Args[k]))
	}
	return d
}

func (r *rendering) testArg(n *node.Node, v any) jinja.Value {
	switch x := v.(type) {
	case string:
		if bareCall.MatchString(x) && !strings.Contains(x, "{{") {
			x = "{{ " + x + " }}" // to: ref('orders')
		}
		if !strings.Contains(x, "{{") {
			return x
		}
		// The value of the expression where it is one, otherwise its text, as dbt.
		got, err := jinja.Eval(r, nil, n.File, x)
		if err != nil {
			if r.failed == nil {
				r.failed = err
			}
			return nil
		}
		return got
	case []any:
		l := &jinja.List{}
		for _, item := range x {
			l.Items = append(l.Items, r.testArg(n, item))
		}
		return l
	case map[string]any:
		d := &jinja.Dict{}
		for _, k := range slices.Sorted(maps.Keys(x)) {
			d.Set(k, r.testArg(n, x[k]))
		}
		return d
	}
	return jinja.FromGo(v)
}

// bareCall is an argument that is a call without braces.
var bareCall = regexp.MustCompile(`^\s*(ref|source|var|env_var)\s*\(.*\)\s*$`)

func convert(name string, c *jinja.Call) (jinja.Value, error) {
	v, _ := c.Arg(0, "value")
	def, hasDef := c.Arg(1, "default")
	switch name {
	case "tojson":
		out, err := json.Marshal(v)
		if err != nil && hasDef {
			return def, nil
		}
		return pythonJSON(string(out)), err
	case "toyaml":
		out, err := yaml.Marshal(jinja.ToGo(v))
		if err != nil && hasDef {
			return def, nil
		}
		return string(out), err
	}
	var into any
	var err error
	if name == "fromjson" {
		dec := json.NewDecoder(strings.NewReader(jinja.Str(v)))
		dec.UseNumber()
		err = dec.Decode(&into)
		into = numbers(into)
	} else {
		err = yaml.Unmarshal([]byte(jinja.Str(v)), &into)
	}
	if err != nil {
		if hasDef {
			return def, nil
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return jinja.FromGo(into), nil
}

// numbers turns JSON's numbers into int64 where they are whole.
func numbers(v any) any {
	switch x := v.(type) {
	case json.Number:
		if i, err := x.Int64(); err == nil {
			return i
		}
		f, _ := x.Float64()
		return f
	case []any:
		for i := range x {
			x[i] = numbers(x[i])
		}
	case map[string]any:
		for k := range x {
			x[k] = numbers(x[k])
		}
	}
	return v
}

// pythonJSON puts a space behind : and , as Python's json.dumps does.
func pythonJSON(s string) string {
	var b strings.Builder
	inString, escaped := false, false
	for i := 0; i < len(s); i++ {
		b.WriteByte(s[i])
		switch {
		case escaped:
			escaped = false
		case s[i] == '\\':
			escaped = true
		case s[i] == '"':
			inString = !inString
		case !inString && (s[i] == ',' || s[i] == ':'):
			b.WriteByte(' ')
		}
	}
	return b.String()
}

func zip(c *jinja.Call) (jinja.Value, error) {
	var lists [][]jinja.Value
	n := -1
	for _, a := range c.Args {
		items, err := jinja.Iterate(a)
		if err != nil {
			return nil, err
		}
		lists = append(lists, items)
		if n < 0 || len(items) < n {
			n = len(items)
		}
	}
	out := &jinja.List{}
	for i := range max(n, 0) {
		row := jinja.Tuple{}
		for _, l := range lists {
			row = append(row, l[i])
		}
		out.Items = append(out.Items, row)
	}
	return out, nil
}

// native are the filters with which YAML's values keep their type.
func native(name string, c *jinja.Call) (jinja.Value, error) {
	v, _ := c.Arg(0, "value")
	text, isText := v.(string)
	switch {
	case name == "as_text":
		return jinja.Str(v), nil
	case !isText:
		return v, nil
	}
	var out any
	if err := yaml.Unmarshal([]byte(text), &out); err != nil {
		return text, nil
	}
	got := jinja.FromGo(out)
	switch got.(type) {
	case bool:
		if name == "as_bool" || name == "as_native" {
			return got, nil
		}
	case int64, float64:
		if name == "as_number" || name == "as_native" {
			return got, nil
		}
	}
	if name != "as_native" {
		return nil, fmt.Errorf("%s: %q can't be converted", name, text)
	}
	return text, nil
}

func diffOfTwoDicts(c *jinja.Call) (jinja.Value, error) {
	if len(c.Args) != 2 {
		return nil, fmt.Errorf("diff_of_two_dicts takes two dicts")
	}
	a, okA := c.Args[0].(*jinja.Dict)
	b, okB := c.Args[1].(*jinja.Dict)
	if !okA || !okB {
		return nil, fmt.Errorf("diff_of_two_dicts takes two dicts")
	}
	out := &jinja.Dict{}
	for k, v := range a.All() {
		items, err := jinja.Iterate(v)
		if err != nil {
			return nil, err
		}
		other, _ := b.Get(k)
		rest, _ := jinja.Iterate(other)
		diff := &jinja.List{}
		for _, item := range items {
			has := false
			for _, o := range rest {
				has = has || jinja.Equal(item, o)
			}
			if !has {
				diff.Items = append(diff.Items, item)
			}
		}
		if len(diff.Items) > 0 {
			out.Set(k, diff)
		}
	}
	return out, nil
}
