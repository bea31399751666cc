package engine

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// transformWord is what a transformation is used with: FROM transform('name', rows).
const transformWord = "transform"

// transformationSchema is where the macros of transformations are.
const transformationSchema = "eider_transformations"

// transformationKind is how errors call what a transformation's modelVersion is.
const transformationKind = "transformation"

// newColumns are what a transformation's version makes of rows.
type newColumns struct {
	outputs  []string
	star     bool
	excluded []string
	// cast are the columns that plain items cast to what they were when they were checked.
	cast []string
}

// transformed rewrites transform('name', rows), which stands in FROM. A macro makes a struct of the new columns; with a
// star they take their places among the rows' own:
//
//	(SELECT "eider:made".* FROM (SELECT eider_transformations."tidy"("age" := eider_row."age") AS "eider:made" FROM rows AS eider_row))
//
//	(SELECT "eider:made".* FROM (SELECT struct_update("eider:row", "age" := "eider:new"."age") AS "eider:made"
//	   FROM (SELECT eider_row AS "eider:row", eider_transformations."tidy"(…) AS "eider:new" FROM rows AS eider_row)))
func (w *predictWriter) transformed(i int) (int, error) {
	end := w.Close(i + 1)
	if end < 0 || w.Is(i-1, ".") || i+2 >= end {
		return i, nil // DuckDB's to complain of
	}
	clause := w.clause(i)
	from := clause == "from" || clause == "join" || clause == "on" && w.Is(i-1, ",")
	if t := w.Toks[i+2]; t.Kind != lex.String && t.Kind != lex.DollarString || !w.Is(i+3, ",") {
		if from {
			w.env.untransformed = append(w.env.untransformed, w.Toks[i].Start)
		}
		return i, nil
	}
	text, _ := lex.Value(w.Src, w.Toks[i+2])
	ref, err := parse.ParseModelRef(text)
	var v *modelVersion
	if err == nil {
		v, err = w.env.transformationOf(w.env.ctx, ref)
	}
	if err != nil {
		if w.env.hasFunction(transformWord) {
			return i, nil // somebody's own
		}
		return i, sqlstate.From(err).At(w.Toks[i+2].Start)
	}
	if !from {
		return i, sqlstate.New(sqlstate.SyntaxError, "transform stands in FROM").At(w.Toks[i].Start).WithHint("SELECT * FROM transform('%s', rows).", v.ref)
	}
	rows, err := w.rowsOf(i+4, end)
	if err != nil {
		return i, err
	}
	p := prediction{at: w.Toks[i].Start, relation: w.Toks[rows].Start, model: v, rows: rowsAlias}
	w.env.calls = append(w.env.calls, p)
	before, after := w.applied(v)
	if w.env.looking {
		call := firstCall(w.env.calls, len(w.env.calls)-1)
		after = " AS " + rowsAlias + " WHERE " + lookFunction + "(" + strconv.Itoa(call) + ", " + rowsAlias + ") IS NULL" + strings.TrimPrefix(after, " AS "+rowsAlias)
	}
	w.Replace(p.at, p.relation, before)
	w.Replace(w.Toks[end].Start, w.Toks[end].End, after)
	return rows, nil // a query may have more of them
}

// rowsOf checks what stands between tokens i and end, and returns where the relation begins.
func (w *predictWriter) rowsOf(i, end int) (int, error) {
	if w.Word(i, "table") {
		i++
	}
	last := i
	switch {
	case i >= end:
	case w.Is(i, "("):
		last = w.Close(i) + 1
	case w.Toks[i].IsString():
		last = i + 1
	case w.Toks[i].IsIdent():
		for last = i + 1; w.Is(last, ".") && last+1 < end; {
			last += 2
		}
		if w.Is(last, "(") {
			last = w.Close(last) + 1
		}
	}
	if i >= end || last != end {
		at := w.Toks[min(i, end)].Start
		return i, sqlstate.New(sqlstate.SyntaxError, "the rows of transform must be a table, a CTE or a query in parentheses").At(at).
			WithHint("SELECT * FROM transform('name', customers), or transform('name', (SELECT … FROM customers)).")
	}
	return i, nil
}

// applied is what stands before and after the rows that a transformation is used on.
func (w *predictWriter) applied(v *modelVersion) (before, after string) {
	args := make([]string, len(v.signature))
	for i, f := range v.signature {
		name := lex.QuoteIdent(f.Name)
		args[i] = name + " := " + rowsAlias + "." + name
	}
	macro := transformationSchema + "." + lex.QuoteIdent(v.macro)
	if !w.stores() {
		macro = lex.QuoteIdent(w.env.db.name) + "." + macro
	}
	macro += "(" + strings.Join(args, ", ") + ")"
	const head = `(SELECT "eider:made".* FROM (SELECT `
	if !v.made.star {
		return head + macro + ` AS "eider:made" FROM `, " AS " + rowsAlias + "))"
	}
	row, from := `"eider:row"`, `SELECT `+rowsAlias+` AS "eider:row" FROM `
	if len(v.made.outputs) > 0 {
		fields := make([]string, len(v.made.outputs))
		for i, o := range v.made.outputs {
			name := lex.QuoteIdent(o)
			fields[i] = name + ` := "eider:new".` + name
		}
		row = `struct_update("eider:row", ` + strings.Join(fields, ", ") + ")"
		from = `SELECT ` + rowsAlias + ` AS "eider:row", ` + macro + ` AS "eider:new" FROM `
	}
	before, after = head+row+` AS "eider:made" FROM (`+from, " AS "+rowsAlias+")))"
	var drop []string
	for _, c := range v.made.excluded {
		if !slices.ContainsFunc(v.made.outputs, func(o string) bool { return lex.EqualFold(o, c) }) {
			drop = append(drop, lex.QuoteLiteral(lex.Fold(c)))
		}
	}
	if len(drop) > 0 {
		before = `(SELECT COLUMNS(lambda "eider:c": lower("eider:c") NOT IN (` + strings.Join(drop, ", ") + `)) FROM ` + before
		after += ` AS "eider:all")`
	}
	return before, after
}

// transformationOf finds the version that a reference means, as the session's transaction sees it, and checks that the
// user may use it. An unknown one is 42704.
func (s *Session) transformationOf(ctx context.Context, ref parse.ModelRef) (*modelVersion, error) {
	key, err := s.db.modelKey(ref.Name)
	if err != nil {
		return nil, err
	}
	v, err := s.cachedVersion(ctx, transformationKind, key, ref, loadTransformation)
	if err != nil {
		return nil, err
	}
	if v.name == "" {
		return nil, s.noSuchTransformation(ctx, key)
	}
	if err := s.who.RequireTransformation(ctx, s.conn, key); err != nil {
		return nil, err
	}
	if v.error != nil {
		return nil, v.error
	}
	return v, nil
}

func (s *Session) noSuchTransformation(ctx context.Context, key string) error {
	unknown := sqlstate.Newf(sqlstate.UndefinedObject, "transformation %q does not exist", key)
	rows, err := s.conn.QueryRows(ctx, "SELECT transformation FROM eider.transformations ORDER BY transformation LIMIT 10000")
	if err == nil {
		var visible []string
		for _, r := range rows {
			name, _ := r[0].(string)
			visible = append(visible, name)
		}
		if near := parse.Closest(key, visible); near != "" {
			return unknown.WithHint("Did you mean %s?", near)
		}
	}
	return unknown.WithHint("SHOW TRANSFORMATIONS lists them; CREATE TRANSFORMATION makes one.")
}

const transformationSQL = `SELECT t.name, v.version::BIGINT, v.signature, v.outputs, v.star, v.excluded,
		(SELECT list(o.version::VARCHAR ORDER BY o.version) FROM eider.transformation_version_store o WHERE o.transformation = $1),
		(SELECT list(DISTINCT a.alias ORDER BY a.alias) FROM eider.transformation_alias_store a WHERE a.transformation = $1 AND a.undone_at IS NULL)
	FROM eider.transformation_store t LEFT JOIN eider.transformation_version_store v ON v.transformation = t.transformation AND v.version = `

const byTransformationAlias = `(SELECT a.version FROM eider.transformation_alias_store a WHERE a.transformation = $1 AND a.alias = $2 AND a.undone_at IS NULL ORDER BY a.number DESC LIMIT 1)`

// loadTransformation reads a version from the catalog; what is missing is told by its error.
func loadTransformation(ctx context.Context, q querier, key string, ref parse.ModelRef) (*modelVersion, error) {
	v := &modelVersion{kind: transformationKind, key: key}
	row, alias, err := v.lookUp(ctx, q, ref, transformationSQL, byTransformationAlias, " WHERE t.transformation = $1")
	switch {
	case err != nil:
		return nil, err
	case row == nil:
		return v, nil
	}
	version, ok := row[1].(int64)
	if !ok {
		v.error = v.missing(ref, alias, row[6], row[7])
		return v, nil
	}
	v.version = int(version)
	return v, v.readMade(row)
}

// readMade reads what the version needs and makes.
func (v *modelVersion) readMade(row []any) error {
	text, _ := row[2].(string)
	var err error
	if v.signature, err = predict.ParseSignature(text); err != nil {
		return err
	}
	var outputs []struct {
		Name    string
		Columns []string
	}
	text, _ = row[3].(string)
	if err := json.Unmarshal([]byte(text), &outputs); err != nil {
		return sqlstate.Newf(sqlstate.DataCorrupted, "the columns of transformation %s can't be read: %w", v.ref, err)
	}
	v.made = &newColumns{}
	for _, o := range outputs {
		v.made.outputs = append(v.made.outputs, o.Name)
		v.made.cast = append(v.made.cast, o.Columns...)
	}
	v.made.star, _ = row[4].(bool)
	list, _ := row[5].([]any)
	for _, c := range list {
		name, _ := c.(string)
		v.made.excluded = append(v.made.excluded, name)
	}
	return nil
}
