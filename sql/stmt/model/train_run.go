package model

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"

	learn "github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/train"
	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

// training is a planned TRAIN or RETRAIN.
type training struct {
	stmt       *trainModel
	kind       string // train or retrain
	statement  string // what is recorded
	algorithms map[string]*learn.Algorithm
	key        string
	plan       *train.Plan

	// What Prepare left for Exec.
	run       *history
	result    *train.Result
	incumbent int64
}

// What differs from row to row comes first: a narrow terminal leaves out the columns in the middle.
const trainColumns = "metric VARCHAR, value DOUBLE, baseline DOUBLE, split VARCHAR, model VARCHAR, version BIGINT, algorithm VARCHAR, deployed BOOLEAN, " +
	"rows_train BIGINT, rows_test BIGINT, seconds DOUBLE, run_id VARCHAR"

// trainStatement is a parsed TRAIN MODEL.
type trainStatement struct {
	*trainModel
	algorithms map[string]*learn.Algorithm
}

func (t trainStatement) Plan(ctx context.Context, ss stmt.Session) (*stmt.Plan, error) {
	s, err := session(ss)
	if err != nil {
		return nil, err
	}
	key, err := keyOf(s, t.name)
	if err != nil {
		return nil, err
	}
	m, err := lookup(ctx, s, key)
	if err != nil {
		return nil, err
	}
	switch {
	case m != nil && t.ifNotExists:
		return t.skip(s, key), nil
	case m != nil:
		err = s.Require(ctx, key, "TRAIN")
	default:
		_, err = newKey(ctx, s, t.name)
	}
	if err != nil {
		return nil, positioned(err, t.name.Span)
	}
	r := &training{stmt: t.trainModel, kind: "train", statement: t.text.Text, algorithms: t.algorithms, key: key}
	return r.planned(ctx, s)
}

// positioned gives an error without a position that of a span.
func positioned(err error, at parse.Span) error {
	if e := sqlstate.From(err); e.Position == 0 && e.Code != sqlstate.InternalError {
		moved := *e
		return moved.At(at.Start)
	}
	return err
}

func (t trainStatement) skip(s Session, key string) *stmt.Plan {
	return &stmt.Plan{
		Columns: result(trainColumns), Explain: []string{"Do nothing: model " + key + " exists"},
		Exec: func(context.Context, stmt.Session) (*stmt.Result, error) {
			s.Notice("NOTICE", fmt.Sprintf("model %q already exists, skipping", key))
			return nil, nil
		},
	}
}

// planned checks the statement and returns its plan.
func (r *training) planned(ctx context.Context, s Session) (*stmt.Plan, error) {
	var err error
	if r.plan, err = train.Check(ctx, s, r.stmt.spec(r.key), r.algorithms); err != nil {
		return nil, err
	}
	return &stmt.Plan{
		Columns: result(trainColumns), Explain: append(r.plan.Explain(), "  Program: "+s.Program()),
		Prepare: func(ctx context.Context, _ stmt.Session) error { return r.prepare(ctx, s) },
		Exec: func(ctx context.Context, _ stmt.Session) (*stmt.Result, error) {
			res, err := r.exec(ctx, s)
			r.run.end(ctx, s, err)
			return res, err
		},
	}, nil
}

// prepare trains; it writes nothing but the record of a failure.
func (r *training) prepare(ctx context.Context, s Session) error {
	r.run, r.result, r.incumbent = begin(r.key, r.kind, r.statement), nil, 0
	err := r.learn(ctx, s)
	if err != nil {
		r.run.end(ctx, s, err)
	}
	return err
}

func (r *training) learn(ctx context.Context, s Session) error {
	o := train.Options{Algorithms: r.algorithms}
	rule := r.stmt.deploy.spec().Rule
	if rule == "" || rule == train.DeployIfBetter {
		v, err := r.deployedVersion(ctx, s)
		if err != nil {
			return err
		}
		if v != nil {
			r.incumbent = v.number
			if o.Incumbent, err = r.incumbentOf(ctx, s, v); err != nil {
				return err
			}
		}
	}
	var err error
	if r.result, err = train.Run(ctx, s, r.stmt.spec(r.key), o); err != nil {
		return err
	}
	return r.late(ctx, s)
}

// deployedVersion is what the bare name means, nil for nothing.
func (r *training) deployedVersion(ctx context.Context, s Session) (*version, error) {
	aliases, err := deployed(ctx, s, r.key)
	if err != nil || aliases[predict.DefaultAlias] == 0 {
		return nil, err
	}
	return (&model{key: r.key}).version(ctx, s, aliases[predict.DefaultAlias])
}

// incumbentOf is what a comparison needs of the deployed version. Without PREDICT on the model, or
// where the query lacks its columns, there is no SQL, and the comparison declines.
func (r *training) incumbentOf(ctx context.Context, s Session, v *version) (*train.Incumbent, error) {
	in := &train.Incumbent{Name: refText(v.model, v.number), Classes: v.classes, Identity: v.identity, Hashes: hashes(v.trainRows)}
	if err := s.Require(ctx, r.key, "PREDICT"); err != nil {
		if sqlstate.Is(err, sqlstate.InsufficientPrivilege) {
			return in, nil
		}
		return nil, err
	}
	for _, f := range v.signature {
		if !r.has(f) {
			return in, nil
		}
	}
	switch {
	case v.task == learn.Regression:
		in.SQL = []string{v.call(predict.Label)}
	case len(v.classes) == 2:
		in.SQL = []string{v.probability(v.classes[1])}
	default:
		for _, c := range v.classes {
			in.SQL = append(in.SQL, v.probability(c))
		}
	}
	return in, nil
}

// has reports whether the query has a column for a field.
func (r *training) has(f predict.Field) bool {
	for _, c := range r.plan.Columns {
		if lex.EqualFold(c.Name, f.Name) {
			return f.Takes(c.Type)
		}
	}
	return false
}

// probability is the probability of a class for the rows of relation t.
func (v *version) probability(class string) string {
	return v.call(predict.Proba) + "[" + lex.QuoteLiteral(class) + "]"
}

// hashes reads sorted 64-bit numbers, little-endian.
func hashes(b []byte) []uint64 {
	out := make([]uint64, len(b)/8)
	for i := range out {
		out[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return out
}

func hashBytes(list []uint64) []byte {
	b := make([]byte, 0, 8*len(list))
	for _, h := range list {
		b = binary.LittleEndian.AppendUint64(b, h)
	}
	return b
}

// exec stores what was trained. The first write is the model's own row, so that two who store a
// version of it at the same time conflict at once.
func (r *training) exec(ctx context.Context, s Session) (*stmt.Result, error) {
	v, err := r.version(s)
	if err != nil {
		return nil, err
	}
	m, err := allocate(ctx, s, r.stmt.name, v)
	if err != nil {
		return nil, err
	}
	r.run.version, r.run.phases = v.number, r.result.Phases
	if err := keepArtifact(ctx, s, r.result.Hash, r.result.Artifact); err != nil {
		return nil, err
	}
	if err := v.store(ctx, s); err != nil {
		return nil, err
	}
	if err := r.record(ctx, s, v); err != nil {
		return nil, err
	}
	if err := v.write(ctx, s); err != nil {
		return nil, err
	}
	deploy, err := r.deploy(ctx, s, m, v)
	if err != nil {
		return nil, err
	}
	return &stmt.Result{Rows: r.rows(v, deploy)}, nil
}

// allocate gives the version its number; a model that isn't there yet is made, and owned by the user.
func allocate(ctx context.Context, s Session, name parse.QualifiedName, v *version) (*model, error) {
	m, err := lookup(ctx, s, v.model)
	if err != nil {
		return nil, err
	}
	if m != nil {
		if m.task != string(v.task) {
			if _, err := s.Exec(ctx, `UPDATE eider.model_store SET task = $2 WHERE model = $1`, m.key, string(v.task)); err != nil {
				return nil, err
			}
		}
		v.number = m.next
		_, err := s.Exec(ctx, `UPDATE eider.model_store SET next = next + 1 WHERE model = $1`, m.key)
		return m, err
	}
	m = &model{key: v.model, name: name.Span.Text, task: string(v.task), next: 2, options: "{}"}
	v.number = 1
	_, err = s.Exec(ctx, `INSERT INTO eider.model_store (model, name, task, created_at, next, options) VALUES ($1, $2, $3, now(), 2, '{}')`, m.key, m.name, m.task)
	if sqlstate.Is(err, sqlstate.UniqueViolation) {
		// Somebody made it after this transaction's snapshot.
		err = sqlstate.Newf(sqlstate.SerializationFailure, "model %s was created by another session", m.key).Because(err)
	}
	if err != nil {
		return nil, err
	}
	return m, s.OwnModel(ctx, m.key)
}

// keepArtifact stores the bytes of a model and makes them known to the transaction. An artifact
// that is there already is written again: whoever drops its last other version then conflicts.
func keepArtifact(ctx context.Context, s Session, hash string, data []byte) error {
	_, err := s.Exec(ctx, `INSERT INTO eider.artifact_store (hash, data) VALUES ($1, $2::BLOB) ON CONFLICT DO UPDATE SET data = excluded.data`, hash, data)
	if err != nil {
		return err
	}
	s.Artifact(hash, data)
	return nil
}

// deploy follows DEPLOY's rule, with a NOTICE that says what came of it.
func (r *training) deploy(ctx context.Context, s Session, m *model, v *version) (bool, error) {
	d := r.result.Decision
	aliases, err := deployed(ctx, s, r.key)
	if err != nil {
		return false, err
	}
	rule := r.stmt.deploy.spec().Rule
	if now := aliases[predict.DefaultAlias]; d.Deploy && rule != train.DeployAlways && now != r.incumbent {
		d.Deploy, d.Reason = false, fmt.Sprintf("version %d was deployed while this one was trained", now)
	}
	if !d.Deploy {
		if rule != train.DeployNever {
			s.Notice("NOTICE", fmt.Sprintf("version %d of model %s is not deployed: %s", v.number, m.key, d.Reason))
		}
		return false, nil
	}
	if r.incumbent != 0 || rule == train.DeployAlways && aliases[predict.DefaultAlias] != 0 {
		if err := s.Require(ctx, m.key, "DEPLOY"); err != nil {
			if !sqlstate.Is(err, sqlstate.InsufficientPrivilege) {
				return false, err
			}
			s.Notice("WARNING", fmt.Sprintf("version %d of model %s is not deployed: the role has no DEPLOY on it", v.number, m.key))
			return false, nil
		}
	}
	if _, err := m.deployAs(ctx, s, v, predict.DefaultAlias, d.Reason, r.stmt.name.Span); err != nil {
		if rule == train.DeployAlways || !sqlstate.Is(err, sqlstate.DependentObjectsStillExist) {
			return false, err
		}
		e := sqlstate.From(err)
		s.Notice("WARNING", fmt.Sprintf("version %d of model %s is not deployed: %s (%s)", v.number, m.key, e.Message, strings.ReplaceAll(e.Detail, "\n", ", ")))
		return false, nil
	}
	return true, nil
}

// rows is what the statement returns: one row a metric of all rows. A baseline of six digits and milliseconds leave room
// for the metric's value.
func (r *training) rows(v *version, deployed bool) [][]any {
	seconds := math.Round(r.run.seconds()*1000) / 1000
	var out [][]any
	add := func(split, metric any, value, baseline *float64) {
		out = append(out, []any{metric, float(value), float(sixDigits(baseline)), split, v.model, v.number, v.algorithm, deployed, r.result.RowsTrain, r.result.RowsTest, seconds, r.run.id})
	}
	for _, m := range r.result.Metrics {
		if m.Slice == "" {
			add(m.Split, m.Metric, m.Value, m.Baseline)
		}
	}
	if out == nil {
		add(nil, nil, nil, nil)
	}
	return out
}

// sixDigits rounds to six significant digits.
func sixDigits(f *float64) *float64 {
	if f == nil {
		return nil
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(*f, 'e', 5, 64), 64)
	if err != nil {
		return f
	}
	return &rounded
}

func float(f *float64) any {
	if f == nil {
		return nil
	}
	return *f
}

// version is the row to store, without its number.
func (r *training) version(s Session) (*version, error) {
	res := r.result
	fitted, err := res.Transform.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("write the transform of %s: %w", r.key, err)
	}
	spec, err := specText(r.stmt.spec(r.key))
	if err != nil {
		return nil, err
	}
	v := &version{
		model: r.key, runID: r.run.id, algorithm: res.Algorithm, task: res.Task, artifact: res.Hash, target: res.Target, output: outputType(res),
		transform: string(fitted), features: res.Transform.Names(), featureSQL: res.Transform.SQL(lex.QuoteIdent), spec: spec,
		statement: r.stmt.text.Text, query: r.stmt.query.Text, seed: res.Seed, fingerprint: res.Fingerprint,
		rowsTrain: &res.RowsTrain, rowsTest: &res.RowsTest, identity: res.Identity, trainRows: hashBytes(res.Hashes),
		program: s.Program(), library: library(res), createdBy: s.User(),
	}
	for _, f := range res.Signature {
		v.signature = append(v.signature, predict.Field{Name: f.Name, Type: f.Type.String()})
	}
	for _, u := range res.Transform.Unseen(lex.QuoteIdent) {
		v.unseen = append(v.unseen, predict.Unseen{Column: u.Column, SQL: u.SQL})
	}
	for _, c := range res.Classes {
		v.classes, v.classSQL = append(v.classes, c.Text), append(v.classSQL, c.SQL)
	}
	if len(res.Classes) == 2 {
		v.positive = res.Classes[1].Text
	}
	for _, w := range res.Warnings {
		v.warnings = append(v.warnings, w.Message)
	}
	if res.PartitionBy != "" && len(res.Groups) > 0 {
		v.partition(res.PartitionBy, res.Groups, r.plan)
	}
	return v, nil
}

// partition adds the group's number as the scorer's last argument.
func (v *version) partition(name string, groups []string, plan *train.Plan) {
	v.groups = groups
	var b strings.Builder
	b.WriteString("CASE CAST(" + lex.QuoteIdent(name) + " AS VARCHAR)")
	for i, g := range groups {
		b.WriteString(" WHEN " + lex.QuoteLiteral(g) + " THEN " + strconv.Itoa(i) + "e0")
	}
	b.WriteString(" ELSE -1e0 END")
	v.featureSQL = append(v.featureSQL, b.String())
	for _, f := range v.signature {
		if lex.EqualFold(f.Name, name) {
			return
		}
	}
	for _, c := range plan.Columns {
		if lex.EqualFold(c.Name, name) {
			v.signature = append(v.signature, predict.Field{Name: c.Name, Type: c.Type.String()})
		}
	}
}

// outputType is the SQL type that predict returns.
func outputType(res *train.Result) string {
	switch res.Task {
	case learn.Regression:
		return "DOUBLE"
	case learn.Clustering:
		return "BIGINT"
	}
	return res.TargetType.String()
}

func library(res *train.Result) string {
	if res.Library == "" {
		return ""
	}
	return res.Algorithm + " " + res.Library
}
