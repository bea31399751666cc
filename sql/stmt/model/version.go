package model

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	learn "github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/transform"
	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

// version is a row of eider.model_version_store: all that predicting needs, and the record of
// how it was made. "" is NULL where the column may be.
type version struct {
	model     string
	number    int64
	runID     string
	algorithm string
	task      learn.Task
	artifact  string
	target    string
	output    string
	// classes and classSQL are nil where there are none.
	classes, classSQL []string
	positive          string
	signature         []predict.Field
	transform         string
	features          []string
	featureSQL        []string
	unseen            []predict.Unseen
	// groups is nil without PARTITION BY.
	groups          []string
	spec, statement string
	query           string
	seed            int64
	fingerprint     string
	// rowsTrain and rowsTest are nil where nobody knows, of an imported model.
	rowsTrain, rowsTest *int64
	identity            []string
	trainRows           []byte
	program, library    string
	warnings            []string
	createdBy           string
}

// columns of eider.model_version_store in the order of load and store.
const versionColumns = `model, version, run_id, algorithm, task, artifact, target, output_type, classes, class_sql, positive, signature, transform,
	features, feature_sql, unseen, groups, spec, statement, query, seed, fingerprint, rows_train, rows_test, identity, train_rows, program, library,
	warnings, created_by`

// version returns a version of the model, nil if there is none of that number.
func (m *model) version(ctx context.Context, s stmt.Session, number int64) (*version, error) {
	rows, err := s.Query(ctx, `SELECT `+versionColumns+` FROM eider.model_version_store WHERE model = $1 AND version = $2::BIGINT`, m.key, number)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return readRow(rows[0])
}

func readRow(r []any) (*version, error) {
	v := &version{
		model: text(r[0]), number: whole(r[1]), runID: text(r[2]), algorithm: text(r[3]), task: learn.Task(text(r[4])), artifact: text(r[5]),
		target: text(r[6]), output: text(r[7]), classes: strs(r[8]), classSQL: strs(r[9]), positive: text(r[10]), transform: text(r[12]),
		features: strs(r[13]), featureSQL: strs(r[14]), groups: strs(r[16]), spec: text(r[17]), statement: text(r[18]), query: text(r[19]),
		seed: whole(r[20]), fingerprint: text(r[21]), rowsTrain: maybe(r[22]), rowsTest: maybe(r[23]), identity: strs(r[24]),
		program: text(r[26]), library: text(r[27]), warnings: strs(r[28]), createdBy: text(r[29]),
	}
	v.trainRows, _ = r[25].([]byte)
	var err error
	if v.signature, err = predict.ParseSignature(text(r[11])); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(text(r[15])), &v.unseen); err != nil {
		return nil, sqlstate.Newf(sqlstate.DataCorrupted, "version %d of model %s can't be read: %w", v.number, v.model, err)
	}
	return v, nil
}

func maybe(v any) *int64 {
	if n, ok := v.(int64); ok {
		return &n
	}
	return nil
}

func orNull(n *int64) any {
	if n == nil {
		return nil
	}
	return *n
}

// store inserts the version.
func (v *version) store(ctx context.Context, s stmt.Session) error {
	signature, err := json.Marshal(v.signature)
	if err != nil {
		return fmt.Errorf("write the signature of %s: %w", refText(v.model, v.number), err)
	}
	if v.unseen == nil {
		v.unseen = []predict.Unseen{}
	}
	unseen, err := json.Marshal(v.unseen)
	if err != nil {
		return fmt.Errorf("write %s: %w", refText(v.model, v.number), err)
	}
	var rows any
	if v.trainRows != nil {
		rows = v.trainRows
	}
	_, err = s.Exec(ctx, `INSERT INTO eider.model_version_store (`+versionColumns+`, created_at) VALUES
		($1, $2, $3, $4, $5, $6, $7, $8, $9::VARCHAR[], $10::VARCHAR[], $11, $12, $13, $14::VARCHAR[], $15::VARCHAR[], $16, $17::VARCHAR[], $18, $19, $20, $21, $22,
		$23::BIGINT, $24::BIGINT, $25::VARCHAR[], $26::BLOB, $27, $28, $29::VARCHAR[], $30, now())`,
		v.model, v.number, v.runID, v.algorithm, string(v.task), v.artifact, nullable(v.target), v.output, anys(v.classes), anys(v.classSQL), nullable(v.positive),
		string(signature), v.transform, textList(v.features), textList(v.featureSQL), string(unseen), anys(v.groups), v.spec, v.statement, nullable(v.query), v.seed,
		nullable(v.fingerprint), orNull(v.rowsTrain), orNull(v.rowsTest), anys(v.identity), rows, v.program, nullable(v.library), textList(v.warnings), v.createdBy)
	return err
}

// textList is a list for a parameter, never NULL.
func textList(l []string) any {
	if l == nil {
		l = []string{}
	}
	return anys(l)
}

// macros is what predict.Macros needs. Where the transform is known, the score calls compute it themselves; of featureSQL
// only what PARTITION BY adds is left.
func (v *version) macros() predict.Version {
	p := predict.Version{
		Key: v.model, Number: int(v.number), Task: v.task, Output: v.output, Outputs: v.outputs(), Signature: v.signature,
		Features: v.featureSQL, Unseen: v.unseen, Hash: v.artifact,
	}
	if fitted, err := transform.Load([]byte(v.transform)); err == nil && slices.Equal(fitted.Names(), v.features) { // else it was imported
		if text, inputs, ok := fitted.Program(lex.QuoteIdent); ok {
			p.Program, p.Inputs, p.Features = text, inputs, v.featureSQL[len(v.features):]
		}
	}
	for i, c := range v.classes {
		literal := lex.QuoteLiteral(c)
		if i < len(v.classSQL) {
			literal = v.classSQL[i]
		}
		p.Classes = append(p.Classes, predict.Class{Text: c, SQL: literal})
	}
	return p
}

// outputs is the number of the model's margins.
func (v *version) outputs() int {
	if len(v.classes) > 2 {
		return len(v.classes)
	}
	return 1
}

// write makes the macros of a version, under the given names.
func (v *version) write(ctx context.Context, s stmt.Session, names ...string) error {
	for _, m := range predict.Macros(v.macros(), names...) {
		if _, err := s.Exec(ctx, m.SQL); err != nil {
			return err
		}
	}
	return nil
}

// unwrite drops the macros under a name.
func unwrite(ctx context.Context, s stmt.Session, name string) error {
	for _, sql := range predict.DropMacros(name) {
		if _, err := s.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// call is the version's prediction in a form, for the rows of a relation whose alias is t.
func (v *version) call(form string) string {
	b := predict.Qualified(predict.VersionName(v.model, int(v.number))+form) + "("
	for i, f := range v.signature {
		if i > 0 {
			b += ", "
		}
		b += "t." + lex.QuoteIdent(f.Name)
	}
	return b + ")"
}
