package model

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	learn "github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/artifact"
	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
	"github.com/eiderdb/eider/sql/types"
)

func exportKind(o *options) *stmt.Kind {
	read := func(p *parse.Parser) (*exportStatement, error) {
		e, err := parseExport(p)
		return &exportStatement{e, o}, err
	}
	return &stmt.Kind{
		Name: "EXPORT MODEL", Leads: [][]string{{"export", "model"}}, Parse: stmt.Reader(read),
		Call: "eider.export_model", FromCall: fromCall(func(t *twin) error {
			t.write("EXPORT MODEL ")
			err := first(t.model(), t.literal("file", " TO ", " "), t.clause("format", "(FORMAT ", "", func(p *parse.Parser) error { _, err := p.Label("a format"); return err }),
				t.number("verify", ", VERIFY ", " ROWS"), t.literal("tolerance", " TOLERANCE ", ""))
			t.write(")")
			return err
		}, read),
		Doc: stmt.Doc{
			Summary: "Writes a version of a model to a file.",
			Syntax:  "EXPORT MODEL name[@version | @alias] TO 'path' (FORMAT {bundle | sql | xgboost | xgboost_ubj | lightgbm} [, VERIFY n ROWS [TOLERANCE difference]])",
			Notes: "- **bundle** is one file with all that IMPORT MODEL needs to make a version elsewhere that predicts the same bits. The same version gives the same bytes.\n" +
				"- **sql** is a SELECT over a table named `input` that computes the prediction, the transform included, for models that can be written so (linear ones without calibration and groups). " +
				"It may call Eider's own scalar functions.\n" +
				"- **xgboost** (JSON), **xgboost_ubj** and **lightgbm** (text) are the boosters' own formats. TRANSFORM is no part of them: the columns of the booster are what it gives.\n\n" +
				"VERIFY reads the file again and compares its predictions (for boosters, margins) for n rows of the training query with the model's; a difference above TOLERANCE, which is 0 unless given, fails (22000) and removes the file. " +
				"A file that exists is replaced, at once and only when the new one is complete. Only superusers may write files; the file is written on the server, whatever becomes of the transaction.\n\n" +
				"Returns `model, version, format, path, bytes, verified_rows, max_difference`. The formats `onnx` and `mlflow` are reserved (0A000).",
			Examples: []stmt.Example{
				{Setup: exampleModel, SQL: "EXPORT MODEL rent TO '/tmp/rent.eider' (FORMAT onnx)", Code: "0A000"},
				{SQL: "EXPORT MODEL house TO '/tmp/house.eider' (FORMAT bundle)", Code: "42704"},
			},
		},
	}
}

// exportStatement is a parsed EXPORT MODEL.
type exportStatement struct {
	*export
	o *options
}

func (e *exportStatement) Plan(ctx context.Context, ss stmt.Session) (*stmt.Plan, error) {
	s, err := session(ss)
	if err != nil {
		return nil, err
	}
	m, v, err := e.check(ctx, s)
	if err != nil {
		return nil, err
	}
	lines := []string{fmt.Sprintf("Write %s as %s", refText(m.key, v.number), e.format.text)}
	if e.verify > 0 {
		lines = append(lines, fmt.Sprintf("  Verify: %d rows, tolerance %g", e.verify, e.tolerance))
	}
	return &stmt.Plan{
		ReadOnly: true, Explain: lines,
		Columns: result("model VARCHAR, version BIGINT, format VARCHAR, path VARCHAR, bytes BIGINT, verified_rows BIGINT, max_difference DOUBLE"),
		Exec: func(ctx context.Context, _ stmt.Session) (*stmt.Result, error) {
			m, v, err := e.check(ctx, s)
			if err != nil {
				return nil, err
			}
			data, err := v.bytes(ctx, s)
			if err != nil {
				return nil, err
			}
			file, err := e.file(v, data)
			if err != nil {
				return nil, positioned(err, e.format.span)
			}
			rows, difference := any(nil), any(nil)
			err = writeFile(e.path, file, func(written []byte) error {
				if e.verify == 0 {
					return nil
				}
				n, d, err := e.compare(ctx, s, v, data, written)
				rows, difference = int64(n), d
				return err
			})
			if err != nil {
				return nil, err
			}
			return &stmt.Result{Rows: [][]any{{m.key, v.number, e.format.text, e.path.text, int64(len(file)), rows, difference}}}, nil
		},
	}, nil
}

func (e *exportStatement) check(ctx context.Context, s Session) (*model, *version, error) {
	m, v, err := resolve(ctx, s, e.model)
	if err != nil {
		return nil, nil, err
	}
	return m, v, filesAllowed(s, e.path.span, "to")
}

// file is what is written.
func (e *exportStatement) file(v *version, data []byte) ([]byte, error) {
	if e.format.text == formatBundle {
		return writeBundle(v, data)
	}
	scorer, err := artifact.Open(data, e.o.algorithms)
	if err != nil {
		return nil, err
	}
	if e.format.text == formatSQL {
		text, err := v.sqlText(scorer)
		return []byte(text), err
	}
	native := map[string]string{formatXGBoost: "xgboost_json", formatXGBoostUBJ: "xgboost_ubj", formatLightGBM: "lightgbm_text"}[e.format.text]
	out, err := scorer.Export(native)
	if err != nil && !sqlstate.Is(err, sqlstate.FeatureNotSupported) {
		err = sqlstate.Newf(sqlstate.FeatureNotSupported, "a model of %s can't be written as %s", v.algorithm, e.format.text).
			WithHint("A bundle holds every model.").Because(err)
	}
	return out, err
}

// sqlText is a SELECT over a table named input.
func (v *version) sqlText(scorer *artifact.Scorer) (string, error) {
	names := make([]string, len(v.features))
	for k := range names {
		names[k] = fmt.Sprintf("f.f%d", k)
	}
	outputs, err := scorer.SQL(names)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "-- Model %s, %s. Rows whose features are all NULL have no prediction.\nSELECT f.* EXCLUDE (", refText(v.model, v.number), v.algorithm)
	for k := range names {
		fmt.Fprintf(&b, "%sf%d", comma(k), k)
	}
	b.WriteString("), " + v.sqlPrediction(outputs, scorer.Artifact().Threshold) + " AS prediction\nFROM (SELECT input.*")
	for k, sql := range v.featureSQL {
		fmt.Fprintf(&b, ",\n    CAST(%s AS DOUBLE) AS f%d", sql, k)
	}
	b.WriteString("\n  FROM input) AS f\n")
	return b.String(), nil
}

func comma(k int) string {
	if k == 0 {
		return ""
	}
	return ", "
}

// sqlPrediction turns the scorer's outputs into what predict gives.
func (v *version) sqlPrediction(outputs []string, threshold float64) string {
	var absent []string
	for _, f := range v.signature {
		absent = append(absent, "f."+lex.QuoteIdent(f.Name)+" IS NULL")
	}
	prediction := "(" + outputs[0] + ")"
	class := func(i int) string { return "CAST(" + v.classSQL[i] + " AS " + v.output + ")" }
	switch {
	case v.task == learn.Clustering:
		prediction = "CAST(" + outputs[0] + " AS BIGINT)"
	case len(v.classes) == 2:
		prediction = fmt.Sprintf("CASE WHEN %s >= %s THEN %s ELSE %s END", prediction, floatText(threshold), class(1), class(0))
	case len(v.classes) > 2:
		labels := make([]string, len(v.classes))
		for i := range labels {
			labels[i] = class(i)
		}
		prediction = fmt.Sprintf("[%s][list_position([%s], greatest(%s))]", strings.Join(labels, ", "), strings.Join(outputs, ", "), strings.Join(outputs, ", "))
	}
	if len(absent) == 0 {
		return prediction
	}
	return "CASE WHEN " + strings.Join(absent, " AND ") + " THEN NULL ELSE " + prediction + " END"
}

func floatText(f float64) string {
	s, _ := sqlLiteral(f)
	return s
}

// writeFile writes beside the path, lets verify look at what was written, and puts the file in its place.
func writeFile(path word, data []byte, verify func([]byte) error) (err error) {
	dir, base := filepath.Split(path.text)
	if dir == "" {
		dir = "."
	}
	f, err := os.CreateTemp(dir, "."+base+".*")
	if err != nil {
		return fileError(err, path.span, path.text)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fileError(err, path.span, path.text)
	}
	written, err := os.ReadFile(f.Name())
	if err != nil {
		return fileError(err, path.span, path.text)
	}
	if err = verify(written); err != nil {
		return err
	}
	if err = os.Chmod(f.Name(), 0o644); err == nil {
		err = os.Rename(f.Name(), path.text)
	}
	if err != nil {
		return fileError(err, path.span, path.text)
	}
	return nil
}

func isFull(err error) bool { return errors.Is(err, syscall.ENOSPC) }

// compare predicts rows of the training query with the model and with the file; it returns how many rows
// there were and the greatest difference.
func (e *exportStatement) compare(ctx context.Context, s Session, v *version, data, written []byte) (int, float64, error) {
	if v.query == "" {
		return 0, 0, parse.Errorf(e.model.Span, sqlstate.ObjectNotInPrerequisiteState, "%s has no training query to verify with", refText(v.model, v.number)).WithHint("Leave VERIFY out.")
	}
	var n int
	var difference float64
	var err error
	if e.format.text == formatSQL {
		n, difference, err = e.compareSQL(ctx, s, v, string(written))
	} else {
		n, difference, err = e.compareScores(ctx, s, v, data, written)
	}
	if err != nil {
		return 0, 0, positioned(nowhere(err), e.model.Span)
	}
	if difference > e.tolerance || math.IsNaN(difference) {
		return 0, 0, parse.Errorf(e.path.span, sqlstate.DataException, "the file predicts otherwise than the model: by %g in %d rows", difference, n).
			WithHint("Write TOLERANCE %g to accept that.", difference)
	}
	return n, difference, nil
}

// compareScores compares margins in Go.
func (e *exportStatement) compareScores(ctx context.Context, s Session, v *version, data, written []byte) (int, float64, error) {
	f, err := v.rowsAsSeen(ctx, s, "("+v.query+")", e.verify, false, nil)
	if err != nil {
		return 0, 0, err
	}
	own, err := artifact.Open(data, e.o.algorithms)
	if err != nil {
		return 0, 0, err
	}
	other, err := e.reopen(own, written)
	if err != nil {
		return 0, 0, err
	}
	var margins [2][][]float64
	for i, scorer := range []*artifact.Scorer{own, other} {
		for range scorer.Outputs() {
			margins[i] = append(margins[i], make([]float64, f.rows))
		}
		if err := scorer.Margin(f.columns, f.rows, margins[i]); err != nil {
			return 0, 0, err
		}
	}
	worst := 0.0
	for k := range margins[0] {
		for i, m := range margins[0][k] {
			worst = max(worst, distance(m, margins[1][k][i]))
		}
	}
	return f.rows, worst, nil
}

// distance is 0 for equal numbers, of which NaN is one.
func distance(a, b float64) float64 {
	if a == b || math.IsNaN(a) && math.IsNaN(b) {
		return 0
	}
	return math.Abs(a - b)
}

// reopen makes a scorer of what was written.
func (e *exportStatement) reopen(own *artifact.Scorer, written []byte) (*artifact.Scorer, error) {
	if e.format.text == formatBundle {
		_, data, err := readBundle(written)
		if err != nil {
			return nil, err
		}
		return artifact.Open(data, e.o.algorithms)
	}
	read := e.o.importers[e.format.text]
	if read == nil {
		return nil, sqlstate.Newf(sqlstate.FeatureNotSupported, "format %s can't be read again", e.format.text).WithHint("Leave VERIFY out.")
	}
	f, err := read(written)
	if err != nil {
		return nil, err
	}
	a := *own.Artifact()
	a.Blobs = [][]byte{f.Blob}
	return artifact.New(&a, e.o.algorithms[a.Algorithm])
}

// compareSQL compares the text's predictions with the macro's: numbers by their difference, classes as 0 or 1.
func (e *exportStatement) compareSQL(ctx context.Context, s Session, v *version, text string) (int, float64, error) {
	differ := "CASE WHEN r.prediction IS NOT DISTINCT FROM r.eider_own THEN 0e0 ELSE 1e0 END"
	if v.task == learn.Regression {
		differ = "CASE WHEN r.prediction IS NOT DISTINCT FROM r.eider_own THEN 0e0 ELSE coalesce(abs(r.prediction - r.eider_own), 'NaN'::DOUBLE) END"
	}
	sql := fmt.Sprintf("WITH input AS (SELECT t.*, %s AS eider_own FROM (SELECT * FROM (%s) LIMIT %d) AS t) SELECT count(*), max(%s) FROM (%s) AS r",
		v.call(predict.Label), v.query, e.verify, differ, text)
	n, worst := 0, 0.0
	err := s.Stream(ctx, sql, func(c *types.Chunk) error {
		n = int(types.Slice[int64](&c.Columns[0])[0])
		if c.Columns[1].Valid(0) {
			worst = types.Slice[float64](&c.Columns[1])[0]
		}
		return nil
	})
	return n, worst, err
}
