package run

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/eiderdb/eider/engine/project/materialize"
	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/warehouse"
	"github.com/eiderdb/eider/sql/lex"
)

// stores tells whether a test keeps the rows that it found.
func (r *Runner) stores(n *node.Node) bool {
	if s := n.Config.StoreFailures; s != nil {
		return *s
	}
	return r.o.StoreFailures || n.Config.StoreFailuresAs != "" && n.Config.StoreFailuresAs != "ephemeral"
}

// test runs a test: a query that gives the rows that shouldn't be.
func (w *worker) test(ctx context.Context, res *Result, rel warehouse.Relation) error {
	n := res.Node
	statements := lex.Split(res.Compiled)
	if len(statements) != 1 {
		return fmt.Errorf("a test is one query, this one holds %d statements", len(statements))
	}
	text := strings.TrimRight(res.Compiled[:statements[0].End], " \t\r\n;")
	res.CompileEnded = time.Now()
	res.Started = res.CompileEnded
	from := "(\n" + text + "\n" + limit(n) + ") AS dbt_internal_test"
	if w.r.stores(n) {
		kind := "TABLE"
		if strings.EqualFold(n.Config.StoreFailuresAs, "view") {
			kind = "VIEW"
		}
		sql := "CREATE OR REPLACE " + kind + " " + rel.String() + " AS\n" + text + "\n" + limit(n)
		err := warehouse.InTransaction(ctx, w.conn, func() error {
			have, err := warehouse.KindOf(ctx, w.conn, rel)
			if err == nil && have != warehouse.Nothing && !strings.EqualFold(string(have), kind) {
				_, err = w.conn.Exec(ctx, "DROP "+strings.ToUpper(string(have))+" "+rel.String())
			}
			if err != nil {
				return err
			}
			_, err = w.conn.Exec(ctx, sql)
			return err
		})
		if err != nil {
			return &materialize.StatementError{SQL: sql, Text: text, Err: err}
		}
		from = rel.String()
	}
	sql := countSQL(n, from)
	if err := w.r.write("run", n, sql); err != nil {
		return err
	}
	t, err := w.conn.Query(ctx, sql)
	if err != nil {
		return &materialize.StatementError{SQL: sql, Text: text, Err: err}
	}
	return w.r.judge(res, t, rel)
}

func limit(n *node.Node) string {
	if n.Config.Limit <= 0 {
		return ""
	}
	return fmt.Sprintf("LIMIT %d\n", n.Config.Limit)
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// countSQL counts the failures and says whether they are too many.
func countSQL(n *node.Node, from string) string {
	count := or(n.Config.FailCalc, "count(*)")
	return "SELECT " + count + " AS failures,\n  " + count + " " + or(n.Config.WarnIf, "!= 0") + " AS should_warn,\n  " + count + " " + or(n.Config.ErrorIf, "!= 0") + " AS should_error\nFROM " + from
}

// judge reads the answer of countSQL.
func (r *Runner) judge(res *Result, t *warehouse.Table, rel warehouse.Relation) error {
	if len(t.Rows) != 1 || len(t.Rows[0]) != 3 {
		return fmt.Errorf("the test's fail_calc gives %d rows, one is expected", len(t.Rows))
	}
	row := t.Rows[0]
	var failures int64
	if row[0] != nil { // sum() of nothing
		if _, err := fmt.Sscan(fmt.Sprint(row[0]), &failures); err != nil {
			return fmt.Errorf("the test's fail_calc gives %v, a whole number is expected", row[0])
		}
	}
	res.Failures = &failures
	shouldWarn, shouldError := row[1] == true, row[2] == true
	c := res.Node.Config
	rows := "results"
	if failures == 1 {
		rows = "result"
	}
	switch {
	case shouldError && !strings.EqualFold(c.Severity, "warn"):
		res.Status, res.Message = Fail, fmt.Sprintf("Got %d %s, configured to fail if %s", failures, rows, or(c.ErrorIf, "!= 0"))
	case shouldWarn || shouldError:
		res.Status, res.Message = Warn, fmt.Sprintf("Got %d %s, configured to warn if %s", failures, rows, or(c.WarnIf, "!= 0"))
	default:
		res.Status = Pass
		return nil
	}
	res.Details = append(res.Details, "compiled SQL: "+r.short(r.path("compiled", res.Node)))
	if r.stores(res.Node) {
		res.Details = append(res.Details, "the rows: SELECT * FROM "+rel.String())
	}
	return nil
}
