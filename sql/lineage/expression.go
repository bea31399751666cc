package lineage

import (
	"strings"

	"github.com/eiderdb/eider/sql/lex"
)

// expression follows an expression. rows is what decides the rows of the query that it is in:
// unnest in it makes more of them.
func (a *analyser) expression(e node, in *scope, rows *set) *value {
	a.depth++
	defer func() { a.depth-- }()
	if a.depth > maxDepth {
		return unknownValue("the statement is nested too deeply")
	}
	switch class := e.text("class"); class {
	case "":
		if e == nil {
			return &value{}
		}
		return unknownValue("an expression without a class")
	case "CONSTANT", "PARAMETER", "DEFAULT", "TYPE":
		return &value{}
	case "COLUMN_REF":
		return in.resolve(e.texts("column_names"))
	case "POSITIONAL_REFERENCE":
		return positional(e, in)
	case "STAR":
		return a.stars(e, in, rows)
	case "CASE":
		return a.choice(e, in, rows)
	case "FUNCTION":
		return a.function(e, in, rows)
	case "WINDOW":
		return a.window(e, in, rows)
	case "SUBQUERY":
		return a.subquery(e, in, rows)
	case "OPERATOR":
		switch e.text("type") {
		case "GROUPING_FUNCTION":
			return &value{aggregate: true} // depends on how rows are grouped, not on values
		case "ARRAY_EXTRACT", "STRUCT_EXTRACT":
			args := e.nodes("children")
			if len(args) == 2 {
				if name, ok := args[1].constant(); ok {
					if f := a.expression(args[0], in, rows); f.fields != nil {
						return f.field([]string{name})
					}
				}
			}
		}
	case "BETWEEN", "CAST", "COLLATE", "COMPARISON", "CONJUNCTION", "LAMBDA":
	default:
		return unknownValue("an expression of class " + class + " isn't known")
	}
	out := &value{}
	each(e, func(child node) { out.derive(a.expression(child, in, rows)) })
	return out
}

// derive adds what something computed from v depends on.
func (v *value) derive(from *value) {
	v.as(from.set, derived)
	v.aggregate = v.aggregate || from.aggregate
}

// each calls f with the expressions directly within one.
func each(e node, f func(node)) {
	for _, key := range []string{"child", "left", "right", "input", "lower", "upper", "lhs", "expr", "when_expr", "then_expr", "else_expr", "filter", "filter_expr"} {
		if child := e.node(key); child != nil && child.text("class") != "" {
			f(child)
		}
	}
	for _, key := range []string{"children", "case_checks", "partitions"} {
		for _, child := range e.nodes(key) {
			if child.text("class") != "" {
				f(child)
			} else {
				each(child, f)
			}
		}
	}
	for _, orders := range [][]node{e.nodes("orders"), e.nodes("arg_orders"), e.node("order_bys").nodes("orders")} {
		for _, o := range orders {
			f(o.node("expression"))
		}
	}
}

// positional is #n: a column of FROM's.
func positional(e node, in *scope) *value {
	f, _ := e["index"].(float64)
	var columns []*column
	for _, r := range in.relations {
		columns = append(columns, r.columns...)
	}
	if c := at(columns, int(f)); c != nil {
		return c.value
	}
	return unknownValue("a column given by position, of a source whose columns aren't known")
}

// stars is a star within an expression: a column of its own turn, or all of them together.
func (a *analyser) stars(e node, in *scope, rows *set) *value {
	if v := in.bound(); v != nil && e.yes("columns") {
		return v
	}
	out := &value{}
	for _, c := range a.star(e, in, rows) {
		v := c.value
		if c.open != nil {
			v = c.open.all()
		}
		out.derive(v)
	}
	return out
}

// choice follows CASE: what is compared is a condition, what is chosen gives the value.
func (a *analyser) choice(e node, in *scope, rows *set) *value {
	out := &value{}
	for _, c := range e.nodes("case_checks") {
		when := a.expression(c.node("when_expr"), in, rows)
		out.as(when.set, only(Conditional))
		out.aggregate = out.aggregate || when.aggregate
		out.derive(a.expression(c.node("then_expr"), in, rows))
	}
	out.derive(a.expression(e.node("else_expr"), in, rows))
	return out
}

// lambdas are the functions whose argument x -> … is a function; elsewhere it is an operator.
var lambdas = words(`apply array_apply array_filter array_reduce array_transform filter list_apply list_filter list_reduce list_transform reduce`)

// aggregates are DuckDB 1.5's aggregate functions.
var aggregates = words(`any_value approx_count_distinct approx_quantile approx_top_k arbitrary arg_max arg_max_null arg_max_nulls_last arg_min
	arg_min_null arg_min_nulls_last argmax argmin array_agg avg bit_and bit_or bit_xor bitstring_agg bool_and bool_or corr count count_if
	count_star countif covar_pop covar_samp entropy favg first fsum group_concat histogram histogram_exact json_group_array json_group_object
	json_group_structure kahan_sum kurtosis kurtosis_pop last list listagg mad max max_by mean median min min_by mode product quantile
	quantile_cont quantile_disc regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy reservoir_quantile
	sem skewness stddev stddev_pop stddev_samp string_agg sum sum_no_overflow sumkahan var_pop var_samp variance weighted_avg wavg geomean
	geometric_mean`)

func words(list string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(list) {
		m[w] = true
	}
	return m
}

// function follows a call.
func (a *analyser) function(e node, in *scope, rows *set) *value {
	name := lex.Fold(e.text("function_name"))
	args := e.nodes("children")
	if model, ok := a.catalog.Model(e.text("schema"), e.text("function_name")); ok {
		return a.prediction(model, args, in, rows)
	}
	if e.text("schema") == "" || e.text("schema") != "main" || !aggregates[name] {
		if v := a.scalarMacro(e, in, rows); v != nil {
			return v
		}
	}
	switch name {
	case "struct_pack", "row":
		return a.structure(args, in, rows)
	case "struct_extract", "array_extract":
		if len(args) == 2 {
			if field, ok := args[1].constant(); ok {
				if v := a.expression(args[0], in, rows); v.fields != nil {
					return v.field([]string{field})
				}
			}
		}
	case "getvariable":
		return unknownValue("getvariable() gives what the session has set")
	case "unnest":
		v := &value{}
		for _, arg := range args {
			v.derive(a.expression(arg, in, rows))
		}
		rows.as(v.set, only(Filter))
		return v
	}
	out := &value{}
	for _, arg := range args {
		if arg.text("class") == "LAMBDA" && lambdas[name] {
			body := a.lambda(arg, in, rows)
			if strings.Contains(name, "filter") {
				out.as(body.set, only(Conditional))
			} else {
				out.derive(body)
			}
			continue
		}
		out.derive(a.expression(arg, in, rows))
	}
	if aggregates[name] {
		out = through(out, aggregated)
		out.aggregate = true
	}
	out.as(a.expression(e.node("filter"), in, rows).set, only(Filter))
	for _, o := range e.node("order_bys").nodes("orders") {
		out.as(a.expression(o.node("expression"), in, rows).set, only(Sort))
	}
	return out
}

// lambda follows x -> …: its parameters are elements of the other arguments, which count anyway.
func (a *analyser) lambda(e node, in *scope, rows *set) *value {
	params := map[string]*value{}
	walk(e.node("lhs"), func(n node) {
		if names := n.texts("column_names"); len(names) == 1 {
			params[lex.Fold(names[0])] = &value{}
		}
	})
	return a.expression(e.node("expr"), &scope{up: in, ctes: in.ctes, params: params}, rows)
}

// structure follows {'a': x, …}, whose fields keep their own lineage.
func (a *analyser) structure(args []node, in *scope, rows *set) *value {
	out := &value{fields: map[string]*value{}}
	for _, arg := range args {
		v := a.expression(arg, in, rows)
		out.derive(v)
		name := arg.text("alias")
		if name == "" {
			name = nameOf(arg)
		}
		if name == "" || arg.text("type") == "OPERATOR_UNPACK" {
			out.fields = nil
		}
		if out.fields != nil {
			out.fields[lex.Fold(name)] = v
		}
	}
	return out
}

// prediction follows a call of a model: it depends on the model and on what it is given.
func (a *analyser) prediction(model string, args []node, in *scope, rows *set) *value {
	s := Source{Kind: KindModel, Object: model}
	a.read(s)
	out := &value{}
	out.add(Edge{s, Transformation})
	for _, arg := range args {
		out.derive(a.expression(arg, in, rows))
	}
	return out
}

// scalarMacro follows a macro of the user's; nil if the call is of none.
func (a *analyser) scalarMacro(e node, in *scope, rows *set) *value {
	m, params := a.macro(e, false, in, rows)
	if m == nil {
		return nil
	}
	if params == nil {
		return unknownValue("macros call one another too deeply")
	}
	items := m.Tree.queries[0].nodes("select_list")
	if len(items) != 1 {
		return unknownValue("the macro " + e.text("function_name") + " has a body that isn't an expression")
	}
	a.macros++
	defer func() { a.macros-- }()
	v := a.expression(items[0], &scope{params: params}, rows)
	return v
}

// window follows a function with OVER.
func (a *analyser) window(e node, in *scope, rows *set) *value {
	args := &value{}
	for _, c := range e.nodes("children") {
		args.derive(a.expression(c, in, rows))
	}
	args.derive(a.expression(e.node("default_expr"), in, rows))
	out := args
	if e.text("type") == "WINDOW_AGGREGATE" {
		out = through(args, aggregated)
	}
	add := func(x node, how How) {
		v := a.expression(x, in, rows)
		out.as(v.set, only(how))
		out.aggregate = out.aggregate || v.aggregate
	}
	for _, p := range e.nodes("partitions") {
		add(p, Window)
	}
	for _, o := range e.nodes("orders") {
		add(o.node("expression"), Window)
	}
	for _, o := range e.nodes("arg_orders") {
		add(o.node("expression"), Sort)
	}
	for _, key := range []string{"start_expr", "end_expr", "offset_expr"} {
		add(e.node(key), Window)
	}
	add(e.node("filter_expr"), Filter)
	return out
}

// subquery follows a query in an expression.
func (a *analyser) subquery(e node, in *scope, rows *set) *value {
	sub := a.query(e.node("subquery").node("node"), in.within())
	out := &value{}
	kind := e.text("subquery_type")
	if kind != "EXISTS" && kind != "NOT_EXISTS" {
		for _, c := range sub.columns {
			v := c.value
			if c.open != nil {
				v = c.open.all()
			}
			if kind == "ANY" {
				out.as(v.set, derived)
			} else {
				out.merge(v.set)
			}
		}
	}
	out.merge(sub.rows)
	if child := e.node("child"); child != nil {
		out.derive(a.expression(child, in, rows))
	}
	return out
}
