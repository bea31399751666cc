package render

import (
	"fmt"
	"strings"

	"github.com/eiderdb/eider/engine/project/jinja"
)

// TypeName is what messages call it.
func (t *Table) TypeName() string { return "table" }

// Truth is whether the table has rows.
func (t *Table) Truth() bool { return t != nil && len(t.Rows) > 0 }

// Attr is what templates read of a query's answer: columns, rows, column_names, print_table.
func (t *Table) Attr(name string) (jinja.Value, bool) {
	switch name {
	case "columns":
		cols := &tableColumns{t: t}
		return cols, true
	case "rows":
		rows := &jinja.List{}
		for i := range t.Rows {
			rows.Items = append(rows.Items, &tableRow{t, i})
		}
		return rows, true
	case "column_names":
		return jinja.FromGo(t.Columns), true
	case "column_types":
		return jinja.FromGo(t.Types), true
	case "print_table":
		return jinja.Func(func(c *jinja.Call) (jinja.Value, error) {
			h, _ := c.State.Lookup("print")
			if f, ok := h.(jinja.Func); ok {
				return f(&jinja.Call{State: c.State, Args: []jinja.Value{t.String()}})
			}
			return "", nil
		}), true
	}
	return nil, false
}

// Iterate walks the rows.
func (t *Table) Iterate() []jinja.Value {
	v, _ := t.Attr("rows")
	return v.(*jinja.List).Items
}

// String is the table as text, at most 50 rows.
func (t *Table) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |\n", strings.Join(t.Columns, " | "))
	for i, row := range t.Rows {
		if i == 50 {
			fmt.Fprintf(&b, "… %d more rows\n", len(t.Rows)-i)
			break
		}
		parts := make([]string, len(row))
		for j, v := range row {
			parts[j] = jinja.Str(jinja.FromGo(v))
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(parts, " | "))
	}
	return b.String()
}

func (t *Table) column(name string) int {
	for i, c := range t.Columns {
		if c == name {
			return i
		}
	}
	for i, c := range t.Columns {
		if strings.EqualFold(c, name) {
			return i
		}
	}
	return -1
}

type tableColumns struct{ t *Table }

func (c *tableColumns) TypeName() string { return "columns" }

func (c *tableColumns) Iterate() []jinja.Value {
	out := make([]jinja.Value, len(c.t.Columns))
	for i := range out {
		out[i] = &tableColumn{c.t, i}
	}
	return out
}

func (c *tableColumns) Attr(name string) (jinja.Value, bool) {
	switch name {
	case "keys":
		return jinja.Func(func(*jinja.Call) (jinja.Value, error) { return jinja.FromGo(c.t.Columns), nil }), true
	case "values":
		return jinja.Func(func(*jinja.Call) (jinja.Value, error) { return &jinja.List{Items: c.Iterate()}, nil }), true
	}
	return c.Index(name)
}

func (c *tableColumns) Index(key jinja.Value) (jinja.Value, bool) {
	switch k := key.(type) {
	case string:
		if i := c.t.column(k); i >= 0 {
			return &tableColumn{c.t, i}, true
		}
	case int64:
		if k < 0 {
			k += int64(len(c.t.Columns))
		}
		if k >= 0 && int(k) < len(c.t.Columns) {
			return &tableColumn{c.t, int(k)}, true
		}
	}
	return nil, false
}

type tableColumn struct {
	t *Table
	i int
}

func (c *tableColumn) TypeName() string { return "column" }

func (c *tableColumn) Iterate() []jinja.Value {
	out := make([]jinja.Value, len(c.t.Rows))
	for i, row := range c.t.Rows {
		out[i] = jinja.FromGo(row[c.i])
	}
	return out
}

func (c *tableColumn) Index(key jinja.Value) (jinja.Value, bool) {
	if i, ok := key.(int64); ok && i >= 0 && int(i) < len(c.t.Rows) {
		return jinja.FromGo(c.t.Rows[i][c.i]), true
	}
	return nil, false
}

func (c *tableColumn) Attr(name string) (jinja.Value, bool) {
	switch name {
	case "name":
		return c.t.Columns[c.i], true
	case "data_type":
		if c.i < len(c.t.Types) {
			return c.t.Types[c.i], true
		}
		return nil, true
	case "values", "values_distinct", "values_without_nulls", "values_sorted":
		return jinja.Func(func(*jinja.Call) (jinja.Value, error) {
			vals := c.Iterate()
			if name == "values_without_nulls" {
				kept := vals[:0]
				for _, v := range vals {
					if v != nil {
						kept = append(kept, v)
					}
				}
				vals = kept
			}
			if name == "values_distinct" {
				return jinja.NewSet(vals), nil
			}
			return jinja.Tuple(vals), nil
		}), true
	}
	return nil, false
}

type tableRow struct {
	t *Table
	i int
}

func (r *tableRow) TypeName() string { return "row" }

func (r *tableRow) Iterate() []jinja.Value {
	out := make([]jinja.Value, len(r.t.Columns))
	for i := range out {
		out[i] = jinja.FromGo(r.t.Rows[r.i][i])
	}
	return out
}

func (r *tableRow) String() string { return jinja.Str(jinja.Tuple(r.Iterate())) }

func (r *tableRow) Index(key jinja.Value) (jinja.Value, bool) {
	switch k := key.(type) {
	case string:
		if i := r.t.column(k); i >= 0 {
			return jinja.FromGo(r.t.Rows[r.i][i]), true
		}
	case int64:
		if k < 0 {
			k += int64(len(r.t.Columns))
		}
		if k >= 0 && int(k) < len(r.t.Columns) {
			return jinja.FromGo(r.t.Rows[r.i][k]), true
		}
	}
	return nil, false
}

func (r *tableRow) Attr(name string) (jinja.Value, bool) {
	switch name {
	case "values":
		return jinja.Func(func(*jinja.Call) (jinja.Value, error) { return jinja.Tuple(r.Iterate()), nil }), true
	case "keys":
		return jinja.Func(func(*jinja.Call) (jinja.Value, error) { return jinja.FromGo(r.t.Columns), nil }), true
	case "get":
		return jinja.Func(func(c *jinja.Call) (jinja.Value, error) {
			if len(c.Args) == 0 {
				return nil, fmt.Errorf("get takes the name of a column")
			}
			if v, ok := r.Index(c.Args[0]); ok {
				return v, nil
			}
			d, _ := c.Arg(1, "default")
			return d, nil
		}), true
	case "dict":
		return jinja.Func(func(*jinja.Call) (jinja.Value, error) {
			d := &jinja.Dict{}
			for i, v := range r.Iterate() {
				d.Set(r.t.Columns[i], v)
			}
			return d, nil
		}), true
	}
	return r.Index(name)
}

// TypeName is what messages call it.
func (c Column) TypeName() string { return "column" }

// String is the column's name, quoted, as dbt prints it.
func (c Column) String() string { return "<Column " + c.Name + " (" + c.Type + ")>" }

// Attr is what templates read of a relation's column.
func (c Column) Attr(name string) (jinja.Value, bool) {
	upper := strings.ToUpper(c.Type)
	base, args, _ := strings.Cut(upper, "(")
	text := base == "VARCHAR" || base == "TEXT" || base == "CHAR" || base == "STRING" || base == "CHARACTER VARYING"
	integer := strings.HasSuffix(base, "INT") || strings.HasSuffix(base, "INTEGER")
	floating := base == "DOUBLE" || base == "FLOAT" || base == "REAL" || base == "DOUBLE PRECISION"
	numeric := base == "DECIMAL" || base == "NUMERIC"
	is := func(b bool) (jinja.Value, bool) {
		return jinja.Func(func(*jinja.Call) (jinja.Value, error) { return b, nil }), true
	}
	switch name {
	case "name", "column":
		return c.Name, true
	case "quoted":
		return Quote(c.Name), true
	case "dtype":
		return strings.TrimSpace(base), true
	case "data_type":
		return c.Type, true
	case "is_string":
		return is(text)
	case "is_number":
		return is(integer || floating || numeric)
	case "is_integer":
		return is(integer)
	case "is_float":
		return is(floating)
	case "is_numeric":
		return is(numeric)
	case "numeric_precision", "numeric_scale", "char_size":
		p, s, _ := strings.Cut(strings.TrimSuffix(args, ")"), ",")
		if name == "numeric_scale" {
			p = s
		}
		var n int64
		if _, err := fmt.Sscan(p, &n); err != nil {
			return nil, true
		}
		return n, true
	case "string_size":
		return jinja.Func(func(*jinja.Call) (jinja.Value, error) { return int64(256), nil }), true
	case "can_expand_to":
		return is(false)
	}
	return nil, false
}
