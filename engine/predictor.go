package engine

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/transform"
	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/storage/duck"
)

// Predictor predicts single rows without SQL, bit by bit what predict gives. It follows its model:
// when another version is deployed under its name, the next row is that version's. It has the
// rights of the program that embeds the database. It is safe for use by several goroutines.
type Predictor struct {
	db   *DB
	name string
	ref  parse.ModelRef
	key  string

	current atomic.Pointer[compiledModel]
	refresh sync.Mutex // guards the change of current, and closed
	closed  bool

	asking sync.Mutex // guards what follows: rows that only SQL can compute are asked one at a time
	s      *Session
	st     *Stmt
	asked  []string // the columns of st's parameters, in order
}

// Prediction is what a model says of a row.
type Prediction struct {
	// Value is what predict returns: the class as a value of the target's type, a float64, an
	// int64 for a cluster; nil where every column of the row is NULL.
	Value any
	// Probabilities has one entry a class, in the order of Predictor.Classes; nil for other tasks.
	Probabilities []float64
	// Version is the version that made it.
	Version int
}

// Predictor returns a predictor for churn, churn@3 or churn@prod. An unknown model is 42704.
// Close it when it isn't needed any more.
func (db *DB) Predictor(ctx context.Context, name string) (*Predictor, error) {
	ref, err := parse.ParseModelRef(name)
	if err != nil {
		return nil, err
	}
	key, err := db.modelKey(ref.Name)
	if err != nil {
		return nil, err
	}
	p := &Predictor{db: db, name: name, ref: ref, key: key}
	if _, err := p.model(ctx); err != nil {
		return nil, err
	}
	return p, nil
}

// Close frees what the predictor holds. It is idempotent.
func (p *Predictor) Close() error {
	p.refresh.Lock()
	p.closed = true
	if c := p.current.Swap(nil); c != nil {
		c.handle.Release()
	}
	p.refresh.Unlock()
	p.asking.Lock()
	defer p.asking.Unlock()
	return p.hangUp()
}

// Columns are the columns that the model needs, in the order of a Row's cells.
func (p *Predictor) Columns(ctx context.Context) ([]types.Column, error) {
	c, err := p.model(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]types.Column, len(c.fields))
	for i, f := range c.fields {
		out[i] = types.Column{Name: f.Name, Type: f.Type}
	}
	return out, nil
}

// Classes are the classes as predict_proba names them, in the order of Probabilities.
func (p *Predictor) Classes(ctx context.Context) ([]string, error) {
	c, err := p.model(ctx)
	if err != nil {
		return nil, err
	}
	return slices.Clone(c.classes), nil
}

// Predict predicts a row given by the names of its columns; what the model doesn't need is ignored,
// nil is NULL. A column that is missing is 42703, a value of a wrong type 42804. Values are bool,
// integers, floats, string, time.Time, and those of package types.
func (p *Predictor) Predict(ctx context.Context, row map[string]any) (Prediction, error) {
	c, err := p.model(ctx)
	if err != nil {
		return Prediction{}, err
	}
	r := c.rows.Get().(*Row)
	defer c.rows.Put(r)
	for i := range c.fields {
		v, ok := valueOf(row, c.fields[i].Name)
		if !ok {
			return Prediction{}, missingFeature(c.version, c.fields[i].Name, keysOf(row))
		}
		if err := r.Set(i, v); err != nil {
			if sqlstate.Is(err, sqlstate.FeatureNotSupported) {
				return p.ask(ctx, row)
			}
			return Prediction{}, err
		}
	}
	if c.evaluator == nil {
		return p.ask(ctx, row)
	}
	return c.predict(r)
}

// valueOf finds a column, by its very name or without regard to case.
func valueOf(row map[string]any, name string) (any, bool) {
	if v, ok := row[name]; ok {
		return v, true
	}
	for k, v := range row {
		if lex.EqualFold(k, name) {
			return v, true
		}
	}
	return nil, false
}

func keysOf(row map[string]any) []string {
	out := make([]string, 0, len(row))
	for k := range row {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// model returns the version in force, compiled.
func (p *Predictor) model(ctx context.Context) (*compiledModel, error) {
	if c := p.current.Load(); c != nil && c.at.Load() == p.db.planned.Load() {
		return c, nil
	}
	p.refresh.Lock()
	defer p.refresh.Unlock()
	if p.closed {
		return nil, sqlstate.New(sqlstate.ObjectNotInPrerequisiteState, "the predictor is closed")
	}
	at, old := p.db.planned.Load(), p.current.Load()
	if old != nil && old.at.Load() == at {
		return old, nil
	}
	v, err := p.version(ctx)
	if err != nil {
		return nil, err
	}
	stored, err := p.db.storedModel(ctx, v)
	if err != nil {
		return nil, err
	}
	if old != nil && old.version.version == v.version && old.stored.artifact == stored.artifact && old.stored.transform == stored.transform {
		old.at.Store(at)
		return old, nil
	}
	c, err := p.db.compile(ctx, v, stored)
	if err != nil {
		return nil, err
	}
	c.at.Store(at)
	p.current.Store(c)
	if old != nil {
		old.handle.Release()
	}
	return c, nil
}

// version looks the model up as it is committed.
func (p *Predictor) version(ctx context.Context) (*modelVersion, error) {
	v, err := loadModel(ctx, &p.db.committed, p.key, p.ref)
	switch {
	case err != nil:
		return nil, err
	case v.name == "":
		return nil, sqlstate.Newf(sqlstate.UndefinedObject, "model %q does not exist", p.key)
	case v.error != nil:
		return nil, v.error
	}
	return v, nil
}

// storedModel is what a version's predictions are compiled from.
type storedModel struct {
	transform, artifact string
	features            int
	classes             []string
	values              []any
}

func (db *DB) storedModel(ctx context.Context, v *modelVersion) (*storedModel, error) {
	rows, err := db.committed.QueryRows(ctx, `SELECT transform, artifact, len(feature_sql)::BIGINT, classes FROM eider.model_version_store WHERE model = $1 AND version = $2`, v.key, v.version)
	if err != nil {
		return nil, nowhere(err)
	}
	if len(rows) == 0 { // dropped in this very moment
		return nil, sqlstate.Newf(sqlstate.UndefinedObject, "model %s has no version %d", v.name, v.version)
	}
	m := &storedModel{}
	m.transform, _ = rows[0][0].(string)
	m.artifact, _ = rows[0][1].(string)
	n, _ := rows[0][2].(int64)
	m.features = int(n)
	classes, _ := rows[0][3].([]any)
	for _, c := range classes {
		text, _ := c.(string)
		m.classes = append(m.classes, text)
		value, err := db.committed.QueryRows(ctx, "SELECT CAST($1 AS "+v.output+")", text)
		if err != nil {
			return nil, nowhere(err)
		}
		m.values = append(m.values, value[0][0])
	}
	return m, nil
}

// compiledModel is a version made ready for single rows. It doesn't change but for at.
type compiledModel struct {
	// at is the count of committed definitions for which the version is known to be in force.
	at      atomic.Uint64
	version *modelVersion
	stored  *storedModel
	handle  *predict.Handle
	fields  []transform.Field
	classes []string
	// evaluator is nil where only SQL can compute the features.
	evaluator *transform.Evaluator
	rows      sync.Pool // of *Row
	scratch   sync.Pool // of *rowScratch
}

// rowScratch is what scoring a row needs.
type rowScratch struct {
	features []float64
	x        [][]float64 // each feature alone, in the memory of features
	value    [1]float64
	class    [1]int32
	proba    [][]float64
}

func (db *DB) compile(ctx context.Context, v *modelVersion, m *storedModel) (*compiledModel, error) {
	fitted, err := transform.Load([]byte(m.transform))
	if err != nil {
		return nil, err
	}
	h, err := db.predictors.Acquire(ctx, m.artifact)
	if err != nil {
		return nil, err
	}
	c := &compiledModel{version: v, stored: m, handle: h, fields: fitted.Signature(), classes: m.classes}
	features := h.Scorer.Arguments()
	if e, ok := fitted.Evaluator(); ok && len(fitted.Names()) == features && m.features == features {
		c.evaluator = e
	}
	c.rows.New = func() any { return c.newRow() }
	c.scratch.New = func() any {
		s := &rowScratch{features: make([]float64, features), x: make([][]float64, features), proba: make([][]float64, len(m.classes))}
		for k := range s.x {
			s.x[k] = s.features[k : k+1]
		}
		for k := range s.proba {
			s.proba[k] = make([]float64, 1)
		}
		return s
	}
	return c, nil
}

// predict scores a row that is set.
func (c *compiledModel) predict(r *Row) (Prediction, error) {
	out := Prediction{Version: c.version.version}
	if !slices.ContainsFunc(r.cells, func(cell transform.Cell) bool { return !cell.Null }) {
		return out, nil
	}
	s := c.scratch.Get().(*rowScratch)
	defer c.scratch.Put(s)
	c.evaluator.Row(r.cells, s.features)
	scorer := c.handle.Scorer
	switch c.version.task {
	case model.Regression:
		err := scorer.Value(s.x, 1, s.value[:])
		out.Value = s.value[0]
		return out, err
	case model.Clustering:
		err := scorer.Class(s.x, 1, s.class[:])
		out.Value = int64(s.class[0])
		return out, err
	}
	if err := errors.Join(scorer.Class(s.x, 1, s.class[:]), scorer.Proba(s.x, 1, s.proba)); err != nil {
		return out, err
	}
	out.Value = c.stored.values[s.class[0]]
	out.Probabilities = make([]float64, len(s.proba))
	for k := range s.proba {
		out.Probabilities[k] = s.proba[k][0]
	}
	return out, nil
}

// Row is a row that is filled cell by cell and predicted again and again. It is for one goroutine.
type Row struct {
	c     *compiledModel
	p     *Predictor
	cells []transform.Cell
	given []any  // as set, for what only SQL converts
	slow  []bool // cells that only SQL converts
}

func (c *compiledModel) newRow() *Row {
	return &Row{c: c, cells: make([]transform.Cell, len(c.fields)), given: make([]any, len(c.fields)), slow: make([]bool, len(c.fields))}
}

// NewRow returns an empty row: every cell is NULL.
func (p *Predictor) NewRow(ctx context.Context) (*Row, error) {
	c, err := p.model(ctx)
	if err != nil {
		return nil, err
	}
	r := c.newRow()
	r.p = p
	for i := range r.cells {
		r.cells[i].Null = true
	}
	return r, nil
}

// Set sets cell i of Columns to a value as Predict takes it: 42804 for one of a wrong type.
func (r *Row) Set(i int, v any) error {
	f := r.c.fields[i]
	cell, err := transform.CellOf(v, f.Type)
	if err != nil && (r.p == nil || !sqlstate.Is(err, sqlstate.FeatureNotSupported)) {
		e := *sqlstate.From(err)
		return sqlstate.Newf(e.Code, "column %q of model %s: %s", f.Name, r.c.version.ref, e.Message)
	}
	r.cells[i], r.given[i], r.slow[i] = cell, v, err != nil
	return nil
}

// SetFloat sets cell i, a DOUBLE, without an allocation.
func (r *Row) SetFloat(i int, x float64) error {
	if r.c.fields[i].Type.ID != types.Double {
		return r.Set(i, x)
	}
	r.cells[i], r.given[i], r.slow[i] = transform.Cell{Num: x, Int: int64(x)}, nil, false
	return nil
}

// SetText sets cell i, a VARCHAR, without an allocation.
func (r *Row) SetText(i int, s string) error {
	if r.c.fields[i].Type.ID != types.Varchar {
		return r.Set(i, s)
	}
	r.cells[i], r.given[i], r.slow[i] = transform.Cell{Text: s}, nil, false
	return nil
}

// Predict predicts the row as it is set. When a version with other columns was deployed meanwhile it
// is 0A000: make a new row then.
func (r *Row) Predict(ctx context.Context) (Prediction, error) {
	c, err := r.p.model(ctx)
	if err != nil {
		return Prediction{}, err
	}
	if c != r.c {
		if !slices.EqualFunc(c.fields, r.c.fields, func(a, b transform.Field) bool { return a.Name == b.Name && a.Type.Equal(b.Type) }) {
			return Prediction{}, sqlstate.Newf(sqlstate.FeatureNotSupported, "model %s has other columns now", c.version.ref).
				WithHint("Make a new row.")
		}
		r.c = c
	}
	if c.evaluator != nil && !slices.Contains(r.slow, true) {
		return c.predict(r)
	}
	row := make(map[string]any, len(r.given))
	for i, f := range c.fields {
		row[f.Name] = r.value(i)
	}
	return r.p.ask(ctx, row)
}

// value is cell i as it was set.
func (r *Row) value(i int) any {
	switch cell := r.cells[i]; {
	case cell.Null || r.given[i] != nil:
		return r.given[i]
	case r.c.fields[i].Type.ID == types.Varchar:
		return cell.Text
	default:
		return cell.Num
	}
}

// ask has SQL predict a row.
func (p *Predictor) ask(ctx context.Context, row map[string]any) (_ Prediction, err error) {
	p.asking.Lock()
	defer p.asking.Unlock()
	for tries := 0; ; tries++ {
		if err = p.dial(ctx); err != nil {
			return Prediction{}, err
		}
		args := make([]any, len(p.asked))
		missing := false
		for i, name := range p.asked {
			v, ok := valueOf(row, name)
			missing = missing || !ok
			args[i] = v
		}
		var out Prediction
		if !missing {
			if out, err = p.asks(ctx, args); err == nil {
				return out, nil
			}
		}
		// Another version may have other columns: ask anew, once.
		if e := p.hangUp(); e != nil && err == nil {
			err = e
		}
		if tries > 0 || ctx.Err() != nil {
			return Prediction{}, err
		}
	}
}

// dial opens a session with the statement that asks; asking is held.
func (p *Predictor) dial(ctx context.Context) (err error) {
	if p.st != nil {
		return nil
	}
	c, err := p.model(ctx)
	if err != nil {
		return err
	}
	if p.s, err = p.db.NewSession(ctx, SessionOptions{ApplicationName: "predictor " + p.name}); err != nil {
		return err
	}
	p.asked = p.asked[:0]
	sql := "SELECT predict_struct(" + lex.QuoteLiteral(p.name) + ", {"
	for i, f := range c.fields {
		if i > 0 {
			sql += ", "
		}
		sql += lex.QuoteLiteral(f.Name) + ": ?"
		p.asked = append(p.asked, f.Name)
	}
	sql += "})"
	if p.st, err = p.s.Prepare(ctx, sql, lex.Split(sql)[0], nil); err != nil {
		return errors.Join(err, p.hangUp())
	}
	return nil
}

// hangUp closes the session; asking is held.
func (p *Predictor) hangUp() (err error) {
	if p.st != nil {
		err = p.st.Close()
	}
	if p.s != nil {
		err = errors.Join(err, p.s.Close())
	}
	p.st, p.s = nil, nil
	return err
}

// asks runs the statement.
func (p *Predictor) asks(ctx context.Context, args []any) (out Prediction, err error) {
	c, err := p.st.Run(ctx, args)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	chunk, err := c.Next(ctx)
	if err != nil {
		return out, err
	}
	m, err := p.model(ctx)
	if err != nil {
		return out, err
	}
	out.Version = m.version.version
	answer, ok := duck.Value(&chunk.Columns[0], 0).(map[string]any)
	if !ok {
		return out, nil // every column is NULL
	}
	out.Value = answer["label"]
	if version, ok := answer["version"].(int64); ok {
		out.Version = int(version)
	}
	if probabilities, ok := answer["probabilities"].(map[string]any); ok {
		for _, class := range m.classes {
			x, _ := probabilities[class].(float64)
			out.Probabilities = append(out.Probabilities, x)
		}
	}
	return out, nil
}
