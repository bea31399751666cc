package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"time"

	"github.com/eiderdb/eider/engine/project/materialize"
	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/render"
	"github.com/eiderdb/eider/engine/project/warehouse"
	"github.com/eiderdb/eider/sql/lex"
)

// Show runs a node's query, or inline text where n is nil, and writes at most limit rows (all if negative):
// as a table, or as JSON. Nothing is built.
func Show(ctx context.Context, o Options, n *node.Node, inline string, limit int, asJSON bool, out io.Writer) error {
	conn, err := o.Warehouse.Connect(ctx, "eider show", nil)
	if err != nil {
		return err
	}
	defer conn.Close()
	scope := render.Scope{Node: n, Execute: true, Adapter: NewAdapter(conn), FullRefresh: o.FullRefresh, Log: o.Printer.Log}
	name := "inline"
	var sql string
	switch {
	case n == nil:
		sql, err = o.Compiler.Text(ctx, inline, scope)
	case n.Kind == node.Seed:
		name, sql = n.Name, "SELECT * FROM "+RelationOf(n, o.Project, o.Warehouse.Database()).String()
	default:
		name = n.Name
		sql, err = o.Compiler.Compile(ctx, n, scope)
	}
	if err != nil {
		return err
	}
	statements := lex.Split(sql)
	if len(statements) != 1 {
		return fmt.Errorf("%s holds %d statements, one query can be shown", name, len(statements))
	}
	text := sql[statements[0].Start:statements[0].End]
	if word := statements[0].Tokens[0]; limit >= 0 && (word.Word(sql, "select") || word.Word(sql, "with") || word.Word(sql, "from") || word.Is(sql, "(")) {
		text = "SELECT * FROM (\n" + text + "\n) AS shown LIMIT " + fmt.Sprint(limit)
	}
	t, err := conn.Query(ctx, text)
	if err != nil {
		return &materialize.StatementError{SQL: text, Err: err}
	}
	if asJSON {
		return showJSON(name, t, out)
	}
	o.Printer.Info("Previewing %s:", name)
	rows := [][]string{t.Columns}
	for _, r := range t.Rows {
		cells := make([]string, len(r))
		for i, v := range r {
			cells[i] = cell(v)
		}
		rows = append(rows, cells)
	}
	_, err = fmt.Fprintln(out, materialize.Grid(rows, ""))
	return err
}

func showJSON(name string, t *warehouse.Table, out io.Writer) error {
	rows := make([]json.RawMessage, 0, len(t.Rows))
	for _, r := range t.Rows {
		var b strings.Builder
		b.WriteByte('{')
		for i, v := range r {
			if i > 0 {
				b.WriteByte(',')
			}
			key, err := json.Marshal(t.Columns[i])
			if err != nil {
				return err
			}
			val, err := json.Marshal(jsonValue(v))
			if err != nil {
				return err
			}
			b.Write(key)
			b.WriteByte(':')
			b.Write(val)
		}
		b.WriteByte('}')
		rows = append(rows, json.RawMessage(b.String()))
	}
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(map[string]any{"node": name, "show": rows})
}

func jsonValue(v any) any {
	switch x := v.(type) {
	case nil, bool, int64, float64, string, []any, map[string]any, *big.Int:
		return x
	case time.Time:
		return x.Format("2006-01-02T15:04:05.999999")
	}
	return fmt.Sprint(v)
}

// Operation calls a macro with arguments, as `run-operation` does. What it runs commits by itself.
func Operation(ctx context.Context, o Options, env *render.Env, macro string, args map[string]any) error {
	conn, err := o.Warehouse.Connect(ctx, "eider run-operation", nil)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = env.CallMacro(ctx, &render.Scope{Execute: true, Adapter: NewAdapter(conn), FullRefresh: o.FullRefresh, Log: o.Printer.Log}, macro, nil, args)
	if err == nil && ctx.Err() != nil {
		return errors.New("interrupted")
	}
	return err
}
