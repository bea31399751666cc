package materialize

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/warehouse"
)

// contract compares what a query gives with the columns that the node promises, before anything is built.
func (j *Job) contract(ctx context.Context, text string) error {
	if !j.Node.Config.Contract.Enforced {
		return nil
	}
	if len(j.Node.Columns) == 0 {
		return fmt.Errorf("the contract of %s is enforced, but no columns are declared", j.Node.Name)
	}
	have, err := warehouse.QueryColumns(ctx, j.Conn, text)
	if err != nil {
		return j.failed(text, err)
	}
	want := make([]warehouse.Column, 0, len(j.Node.Columns))
	for _, c := range j.Node.Columns {
		if c.DataType == "" {
			return fmt.Errorf("the contract of %s is enforced, but column %s has no data_type", j.Node.Name, c.Name)
		}
		t, err := canonical(ctx, j.Conn, c.DataType)
		if err != nil {
			return fmt.Errorf("column %s: data_type %s: %w", c.Name, c.DataType, err)
		}
		want = append(want, warehouse.Column{Name: c.Name, Type: t})
	}
	broken := breaches(want, have)
	if len(broken) == 0 {
		return nil
	}
	return &ContractError{Node: j.Node.Name, Breaches: broken}
}

// canonical is the type's name as DESCRIBE gives it: int and integer are INTEGER.
func canonical(ctx context.Context, c warehouse.Conn, dataType string) (string, error) {
	cols, err := warehouse.QueryColumns(ctx, c, "SELECT CAST(NULL AS "+dataType+") AS x")
	if err != nil {
		return "", err
	}
	return cols[0].Type, nil
}

// Breach is a column that isn't what the contract says. Want or Have is empty where there is no such column.
type Breach struct{ Column, Want, Have, Problem string }

// ContractError lists the breaches.
type ContractError struct {
	Node     string
	Breaches []Breach
}

func (e *ContractError) Error() string {
	rows := [][]string{{"column", "query gives", "contract says", "mismatch"}}
	for _, b := range e.Breaches {
		rows = append(rows, []string{b.Column, b.Have, b.Want, b.Problem})
	}
	return "the contract of " + e.Node + " is broken: the query and the declared columns differ\n" + Grid(rows, "  ")
}

func breaches(want, have []warehouse.Column) []Breach {
	var out []Breach
	find := func(list []warehouse.Column, name string) int {
		return slices.IndexFunc(list, func(c warehouse.Column) bool { return strings.EqualFold(c.Name, name) })
	}
	for _, w := range want {
		i := find(have, w.Name)
		switch {
		case i < 0:
			out = append(out, Breach{w.Name, w.Type, "", "missing in the query"})
		case !strings.EqualFold(have[i].Type, w.Type):
			out = append(out, Breach{w.Name, w.Type, have[i].Type, "type"})
		}
	}
	for _, h := range have {
		if find(want, h.Name) < 0 {
			out = append(out, Breach{h.Name, "", h.Type, "missing in the contract"})
		}
	}
	return out
}

// definitions are the column and table constraints of CREATE TABLE, and the columns' quoted names.
func (j *Job) definitions() (defs, names []string, err error) {
	for _, c := range j.Node.Columns {
		name := warehouse.Quote(c.Name)
		names = append(names, name)
		def := name + " " + c.DataType
		for _, k := range c.Constraints {
			sql, err := constraint(k, nil)
			if err != nil {
				return nil, nil, fmt.Errorf("column %s: %w", c.Name, err)
			}
			def += " " + sql
		}
		defs = append(defs, def)
	}
	for _, k := range j.Node.Constraints {
		cols := make([]string, len(k.Columns))
		for i, c := range k.Columns {
			cols[i] = warehouse.Quote(c)
		}
		sql, err := constraint(k, cols)
		if err != nil {
			return nil, nil, err
		}
		if k.Name != "" {
			sql = "CONSTRAINT " + warehouse.Quote(k.Name) + " " + sql
		}
		defs = append(defs, sql)
	}
	return defs, names, nil
}

// constraint is a constraint's SQL; columns are those of one of the whole table.
func constraint(k node.Constraint, columns []string) (string, error) {
	on := ""
	if len(columns) > 0 {
		on = " (" + strings.Join(columns, ", ") + ")"
	}
	switch k.Type {
	case "not_null":
		if on != "" {
			return "", fmt.Errorf("the constraint not_null belongs to a column")
		}
		return "NOT NULL", nil
	case "unique":
		return "UNIQUE" + on, nil
	case "primary_key":
		return "PRIMARY KEY" + on, nil
	case "check":
		return "CHECK (" + k.Expression + ")", nil
	case "foreign_key":
		to := k.Expression
		if to == "" {
			to = k.To + " (" + strings.Join(k.ToColumns, ", ") + ")"
		}
		if on != "" {
			return "FOREIGN KEY" + on + " REFERENCES " + to, nil
		}
		return "REFERENCES " + to, nil
	case "custom":
		return k.Expression, nil
	}
	return "", fmt.Errorf("the constraint %q isn't known", k.Type)
}
