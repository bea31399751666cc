package materialize

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/eiderdb/eider/engine/project/warehouse"
	"github.com/eiderdb/eider/sql/lex"
)

// trainKeys are the clauses of TRAIN MODEL as configuration.
var trainKeys = []string{"task", "target", "algorithm", "transform", "id", "weight", "class_weights", "split", "seed", "cross_validate",
	"tune", "tune_options", "optimize", "calibrate", "positive", "partition_by", "deploy", "track", "with"}

// training is a TRAIN MODEL in its parts: TRAIN MODEL <head>AS <query>.
type training struct{ head, query string }

// statement writes it; mark is a comment that stays with the stored statement.
func (t training) statement(mark string) string {
	return "TRAIN MODEL " + mark + t.head + "AS\n" + t.query
}

// model trains, unless the version that is there was made by the same statement, of the same data, by the same programs.
func model(ctx context.Context, j *Job) (Result, error) {
	t, err := j.training()
	if err != nil {
		return Result{}, err
	}
	last, err := j.lastVersion(ctx)
	if err != nil {
		return Result{}, err
	}
	programs, err := j.programs(ctx, t)
	if err != nil {
		return Result{}, err
	}
	data, err := j.fingerprint(ctx, t.query)
	if err != nil {
		return Result{}, err
	}
	why := []string{"--full-refresh"}
	if !j.FullRefresh {
		if why = changes(last, t, programs, data); len(why) == 0 {
			return Result{Rows: -1, Skipped: true, Message: fmt.Sprintf("unchanged since version %d: SQL, parameters, data (%s) and %s", last.version, data, last.programs())}, nil
		}
	}
	rows, err := j.query(ctx, t.statement(dataMark(data)))
	if err != nil {
		return Result{}, err
	}
	res := trained(rows)
	if last == nil {
		res.Details = append(res.Details, "trained because it is new")
	} else {
		res.Details = append(res.Details, "trained because of "+strings.Join(why, "; "))
	}
	now, err := j.lastVersion(ctx)
	if err == nil && (now == nil || last != nil && now.version == last.version) {
		err = fmt.Errorf("the statement trained another model than %s: name it {{ this }}", j.Relation)
	}
	return res, err
}

// training reads the file: a TRAIN MODEL statement, or a query with the clauses in the configuration.
func (j *Job) training() (training, error) {
	text, err := j.one()
	if err != nil {
		return training{}, err
	}
	s := lex.Split(text)[0]
	c := &clauses{values: j.Node.Config.Values}
	if leads(text, s, "train", "model") {
		c.refuse(trainKeys...)
		as := topLevel(text, s.Tokens, "as")
		if as < 0 {
			return training{}, errors.New("TRAIN MODEL without AS and a query")
		}
		return training{head: text[s.Tokens[2].Start:s.Tokens[as].Start], query: strings.TrimLeft(text[s.Tokens[as].End:], " \t\r\n")}, c.err
	}
	c.text("task", "TASK ")
	if target, ok := c.values["target"].(string); ok {
		c.parts = append(c.parts, "TARGET "+column(target))
	} else if c.values["target"] != nil {
		c.fail("target", "expected the name of a column, got %v", c.values["target"])
	}
	c.algorithms("algorithm")
	c.list("transform", "TRANSFORM ", false)
	c.list("id", "ID ", true)
	c.text("weight", "WEIGHT BY ")
	if w, ok := c.values["class_weights"].(string); ok {
		c.parts = append(c.parts, "CLASS WEIGHTS "+strings.ToUpper(w))
	} else {
		c.pairs("class_weights", "CLASS WEIGHTS ", true)
	}
	c.text("split", "SPLIT ")
	c.text("seed", "SEED ")
	c.text("cross_validate", "CROSS VALIDATE ")
	c.pairs("tune", "TUNE ", false)
	c.text("tune_options", "")
	c.text("optimize", "OPTIMIZE ")
	c.text("calibrate", "CALIBRATE ")
	if p, ok := c.values["positive"].(string); ok {
		c.parts = append(c.parts, "POSITIVE "+warehouse.Text(p))
	} else {
		c.text("positive", "POSITIVE ")
	}
	if p, ok := c.values["partition_by"].(string); ok {
		c.parts = append(c.parts, "PARTITION BY "+column(p))
	}
	c.text("deploy", "DEPLOY ")
	c.text("track", "TRACK ")
	c.pairs("with", "WITH ", true)
	return training{head: j.Relation.String() + "\n  " + strings.Join(c.parts, "\n  ") + "\n", query: text}, c.err
}

// version is what is known of a model's last version.
type version struct {
	version          int64
	statement        string
	program, library string
	kind             string // train, retrain, import
}

func (v *version) programs() string {
	if v.library == "" {
		return v.program
	}
	return v.program + ", " + v.library
}

// key is how the catalog names what belongs to the relation: without the schema main.
func (j *Job) key() string {
	if strings.EqualFold(j.Relation.Schema, "main") {
		return j.Relation.Name
	}
	return j.Relation.Schema + "." + j.Relation.Name
}

func (j *Job) lastVersion(ctx context.Context) (*version, error) {
	t, err := j.Conn.Query(ctx, "SELECT v.version, v.statement, v.program, coalesce(v.library, ''), coalesce(r.kind, '') FROM eider.model_versions v LEFT JOIN eider.runs r ON r.run_id = v.run_id\n"+
		"WHERE lower(v.model) = lower("+warehouse.Text(j.key())+") ORDER BY v.version DESC LIMIT 1")
	if err != nil || len(t.Rows) == 0 {
		return nil, err
	}
	row := t.Rows[0]
	v := &version{statement: fmt.Sprint(row[1]), program: fmt.Sprint(row[2]), library: fmt.Sprint(row[3]), kind: fmt.Sprint(row[4])}
	_, err = fmt.Sscan(fmt.Sprint(row[0]), &v.version)
	return v, err
}

// programs are what would train it now, as EXPLAIN says: "Eider 1.2", "xgboost 3.2.0".
func (j *Job) programs(ctx context.Context, t training) ([]string, error) {
	sql := "EXPLAIN " + t.statement("")
	table, err := j.Conn.Query(ctx, sql)
	if err != nil {
		return nil, j.failed(sql, err)
	}
	var out []string
	for _, row := range table.Rows {
		line := strings.TrimSpace(fmt.Sprint(row[0]))
		for _, lead := range []string{"Program: ", "Library: "} {
			if rest, ok := strings.CutPrefix(line, lead); ok {
				out = append(out, rest)
			}
		}
	}
	return out, nil
}

// fingerprint is the number of rows of a query and the sum of their hashes, which doesn't depend on their order.
// It reads the data once, which is little beside a training, and in the same transaction, so that it is of the rows
// that are trained on.
func (j *Job) fingerprint(ctx context.Context, query string) (string, error) {
	sql := "SELECT count(*), coalesce(sum(hash(eider_rows)), 0) FROM (\n" + query + "\n) AS eider_rows"
	t, err := j.Conn.Query(ctx, sql)
	if err != nil {
		return "", j.failed(sql, err)
	}
	return fmt.Sprintf("%v rows, hash %v", t.Rows[0][0], t.Rows[0][1]), nil
}

// The mark is a comment within the stored statement: so it is stored, and rolled back, with the version itself.
const markStart, markEnd = "/* eider project: ", " */ "

func dataMark(data string) string { return markStart + "data " + data + markEnd }

// unmark takes the mark out of a statement.
func unmark(statement string) (rest, data string) {
	a := strings.Index(statement, markStart)
	if a < 0 {
		return statement, ""
	}
	b := strings.Index(statement[a:], markEnd)
	if b < 0 {
		return statement, ""
	}
	return statement[:a] + statement[a+b+len(markEnd):], strings.TrimPrefix(statement[a+len(markStart):a+b], "data ")
}

// changes says why a model has to be trained again; nothing if it needn't.
func changes(last *version, now training, programs []string, data string) []string {
	if last == nil {
		return []string{"no version yet"}
	}
	var why []string
	statement, before := unmark(last.statement)
	if statement != strings.TrimSpace(now.statement("")) {
		changed := "parameters"
		if !strings.HasSuffix(strings.TrimSpace(statement), strings.TrimSpace(now.query)) {
			changed = "SQL"
			if !strings.HasPrefix(statement, "TRAIN MODEL "+now.head) {
				changed = "SQL and parameters"
			}
		}
		why = append(why, changed+" changed")
	}
	switch {
	case last.kind != "train":
		why = append(why, fmt.Sprintf("version %d came by %s, so its data isn't known", last.version, strings.ToUpper(last.kind)))
	case before == "":
		why = append(why, fmt.Sprintf("version %d was trained elsewhere, so its data isn't known", last.version))
	case before != data:
		why = append(why, "data changed ("+before+" before, "+data+" now)")
	}
	if !slices.Contains(programs, last.program) {
		why = append(why, "it was trained by "+last.program)
	}
	if last.library != "" && !slices.Contains(programs, last.library) {
		why = append(why, "it was trained by "+last.library)
	}
	return why
}

// trained reads TRAIN's rows: the metric that counts comes first.
func trained(t *warehouse.Table) Result {
	cell := func(row []any, name string) string {
		if i := slices.Index(t.Columns, name); i >= 0 && row[i] != nil {
			return fmt.Sprint(row[i])
		}
		return ""
	}
	if len(t.Rows) == 0 {
		return Result{Message: "TRAIN", Rows: -1}
	}
	row := t.Rows[0]
	res := Result{Rows: -1, Message: fmt.Sprintf("TRAIN version %s by %s", cell(row, "version"), cell(row, "algorithm"))}
	if cell(row, "deployed") == "true" {
		res.Message += ", deployed"
	} else {
		res.Message += ", not deployed"
	}
	var n int64
	if _, err := fmt.Sscan(cell(row, "rows_train"), &n); err == nil {
		res.Rows = n
	}
	var metrics []string
	for i, row := range t.Rows {
		if i == 3 {
			break
		}
		m := cell(row, "metric") + " " + short(cell(row, "value"))
		if b := cell(row, "baseline"); b != "" {
			m += " (baseline " + short(b) + ")"
		}
		metrics = append(metrics, m)
	}
	res.Details = []string{strings.Join(metrics, ", ")}
	return res
}

// short keeps four digits of a number.
func short(number string) string {
	var x float64
	if _, err := fmt.Sscan(number, &x); err != nil {
		return number
	}
	return fmt.Sprintf("%.4g", x)
}
