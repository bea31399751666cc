package train

import (
	"context"
	"slices"
	"strings"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/metric"
	"github.com/eiderdb/eider/functions/model/transform"
	"github.com/eiderdb/eider/functions/model/tune"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// Plan is a checked Spec: what can be said without data.
type Plan struct {
	Spec Spec
	// Columns are the query's.
	Columns []types.Column
	// Task is empty where the data decides: an integer target is a class if it has two values.
	Task model.Task
	// Target is nil for clustering.
	Target *types.Column

	with settings
	// by is what follows from each task that is possible.
	by map[model.Task]*variant
	// roles are the columns that aren't features, by their names in the query.
	time, group, splitColumn, foldTime, foldGroup, partition string
	ids                                                      []string
}

// variant is a plan for one task.
type variant struct {
	candidates []candidate
	// metric is nil where it depends on the number of classes.
	metric *metric.Decl
	split  Split
}

// candidate is an algorithm with what the statement says of it.
type candidate struct {
	alg    *model.Algorithm
	given  map[string]any
	params model.Params
	space  []tune.Dimension
	plan   *transform.Plan
	pos    int
}

// Check says everything about a statement that can be said without reading data. It
// costs the descriptions of the query and of the expressions in it. Errors point into the statement.
func Check(ctx context.Context, d Describer, spec *Spec, algorithms map[string]*model.Algorithm) (*Plan, error) {
	p := &Plan{Spec: *spec, by: map[model.Task]*variant{}}
	var err error
	if p.Columns, err = d.Describe(ctx, spec.Query); err != nil {
		return nil, shift(err, spec.QueryPos)
	}
	if p.with, err = newSettings(spec.Options); err != nil {
		return nil, err
	}
	tasks, err := p.tasks(algorithms)
	if err != nil {
		return nil, err
	}
	if len(tasks) == 1 {
		p.Task = tasks[0]
	}
	if err := p.checkRoles(); err != nil {
		return nil, err
	}
	if err := p.checkWeight(ctx, d); err != nil {
		return nil, err
	}
	var failed error
	for _, task := range tasks {
		v, err := p.variant(ctx, d, task, algorithms)
		if err != nil {
			failed = err
			continue
		}
		p.by[task] = v
	}
	switch len(p.by) {
	case 0:
		return nil, failed
	case 1:
		for task := range p.by {
			p.Task = task
		}
	}
	return p, nil
}

// shift moves an error's position from the query into the statement.
func shift(err error, pos int) error {
	e := sqlstate.From(err)
	if pos >= 0 {
		return e.Shift(pos)
	}
	e.Position = 0
	return e
}

// column finds a column of the query.
func (p *Plan) column(n *Name, what string) (*types.Column, error) {
	var found *types.Column
	names := make([]string, len(p.Columns))
	for i := range p.Columns {
		names[i] = p.Columns[i].Name
		if lex.EqualFold(p.Columns[i].Name, n.Text) {
			if found != nil {
				return nil, at(sqlstate.Newf(sqlstate.AmbiguousColumn, "the query has more than one column %q", n.Text), n.Pos)
			}
			found = &p.Columns[i]
		}
	}
	if found != nil {
		return found, nil
	}
	err := sqlstate.Newf(sqlstate.UndefinedColumn, "the query has no column %q for %s", n.Text, what)
	if near := parse.Closest(n.Text, names); near != "" {
		err.WithHint("Did you mean %s?", lex.QuoteIdent(near))
	} else if len(names) <= 20 {
		err.WithHint("Its columns are %s.", strings.Join(names, ", "))
	}
	return nil, at(err, n.Pos)
}

// tasks returns the tasks that the statement may mean.
func (p *Plan) tasks(algorithms map[string]*model.Algorithm) ([]model.Task, error) {
	s := &p.Spec
	could, err := p.candidateTasks(algorithms)
	if err != nil {
		return nil, err
	}
	if s.Target == nil {
		switch {
		case s.Task == model.Clustering, s.Task == "" && len(could) == 1 && could[0] == model.Clustering:
			return []model.Task{model.Clustering}, nil
		}
		return nil, at(sqlstate.New(sqlstate.SyntaxError, "TRAIN MODEL needs TARGET, the column to predict").
			WithHint("Write TARGET column, or TASK clustering to find groups without a target."), s.TaskPos, s.QueryPos)
	}
	if s.Task == model.Clustering {
		return nil, at(sqlstate.New(sqlstate.SyntaxError, "clustering has no TARGET"), s.Target.Pos, s.TaskPos)
	}
	if p.Target, err = p.column(s.Target, "TARGET"); err != nil {
		return nil, err
	}
	kind := p.Target.Type.ID
	if _, ok := classifiable[kind]; !ok {
		return nil, at(sqlstate.Newf(sqlstate.DatatypeMismatch, "target %s of type %s can't be learned", lex.QuoteIdent(p.Target.Name), p.Target.Type).
			WithHint("A target is a number, a text, an ENUM or a BOOLEAN: cast it in the query."), s.Target.Pos)
	}
	switch {
	case s.Task == model.Regression && !numeric(kind):
		return nil, at(sqlstate.Newf(sqlstate.DatatypeMismatch, "target %s of type %s is no number for a regression", lex.QuoteIdent(p.Target.Name), p.Target.Type), s.Target.Pos, s.TaskPos)
	case s.Task != "":
		return []model.Task{s.Task}, nil
	case !numeric(kind):
		return []model.Task{model.Classification}, nil
	case !integer(kind):
		return []model.Task{model.Regression}, nil
	}
	// What only one of the two can have says which it is.
	if s.ClassWeights != nil || s.Calibrate != nil || s.Positive != nil || s.Split != nil && s.Split.Kind == Stratified {
		return []model.Task{model.Classification}, nil
	}
	could = slices.DeleteFunc(could, func(t model.Task) bool { return t == model.Clustering })
	if len(could) == 1 {
		return could, nil
	}
	return []model.Task{model.Classification, model.Regression}, nil
}

// classifiable are the types of targets.
var classifiable = map[types.ID]struct{}{
	types.Boolean: {}, types.TinyInt: {}, types.SmallInt: {}, types.Integer: {}, types.BigInt: {}, types.HugeInt: {},
	types.UTinyInt: {}, types.USmallInt: {}, types.UInteger: {}, types.UBigInt: {}, types.UHugeInt: {},
	types.Float: {}, types.Double: {}, types.Decimal: {}, types.Varchar: {}, types.Enum: {}, types.UUID: {}, types.Date: {},
}

func integer(id types.ID) bool { return id >= types.TinyInt && id <= types.UHugeInt }

func numeric(id types.ID) bool {
	return integer(id) || id == types.Float || id == types.Double || id == types.Decimal
}

// candidateTasks are the tasks that every algorithm of USING is for, all without USING.
func (p *Plan) candidateTasks(algorithms map[string]*model.Algorithm) ([]model.Task, error) {
	could := []model.Task{model.Classification, model.Regression, model.Clustering}
	for _, c := range p.Spec.Candidates {
		alg, err := lookup(c, algorithms)
		if err != nil {
			return nil, err
		}
		could = slices.DeleteFunc(could, func(t model.Task) bool { return !slices.Contains(alg.Tasks, t) })
	}
	return could, nil
}

func lookup(c Candidate, algorithms map[string]*model.Algorithm) (*model.Algorithm, error) {
	if alg := algorithms[strings.ToLower(c.Algorithm)]; alg != nil {
		return alg, nil
	}
	names := make([]string, 0, len(algorithms))
	for name := range algorithms {
		names = append(names, name)
	}
	slices.Sort(names)
	err := sqlstate.Newf(sqlstate.UndefinedObject, "algorithm %q does not exist", c.Algorithm)
	if near := parse.Closest(c.Algorithm, names); near != "" {
		err.WithHint("Did you mean %s?", near)
	} else {
		err.WithHint("Algorithms are %s.", strings.Join(names, ", "))
	}
	return nil, at(err, c.Pos)
}

// checkRoles resolves the columns that clauses name.
func (p *Plan) checkRoles() error {
	s := &p.Spec
	role := func(n *Name, what string, into *string) error {
		if n == nil {
			return nil
		}
		c, err := p.column(n, what)
		if err != nil {
			return err
		}
		if p.Target != nil && c.Name == p.Target.Name {
			return at(sqlstate.Newf(sqlstate.InvalidParameterValue, "the target %s can't be the column of %s too", lex.QuoteIdent(c.Name), what), n.Pos)
		}
		*into = c.Name
		return nil
	}
	for i := range s.ID {
		var name string
		if err := role(&s.ID[i], "ID", &name); err != nil {
			return err
		}
		if slices.Contains(p.ids, name) {
			return at(sqlstate.Newf(sqlstate.DuplicateColumn, "column %s is twice in ID", lex.QuoteIdent(name)), s.ID[i].Pos)
		}
		p.ids = append(p.ids, name)
	}
	if err := role(s.PartitionBy, "PARTITION BY", &p.partition); err != nil {
		return err
	}
	if s.Split != nil {
		into := map[string]*string{ByTime: &p.time, ByGroup: &p.group, ByColumn: &p.splitColumn}[s.Split.Kind]
		if into != nil {
			if err := role(s.Split.Column, "SPLIT", into); err != nil {
				return err
			}
		}
	}
	if f := s.CrossValidate; f != nil {
		into := map[string]*string{ByTime: &p.foldTime, ByGroup: &p.foldGroup}[f.Kind]
		if into != nil {
			if err := role(f.Column, "CROSS VALIDATE", into); err != nil {
				return err
			}
		}
	}
	for _, name := range []string{p.time, p.foldTime} {
		if name != "" && !temporal(p.typeOf(name)) {
			return at(sqlstate.Newf(sqlstate.DatatypeMismatch, "column %s of type %s is no date or timestamp to split by", lex.QuoteIdent(name), p.typeOf(name)), s.rolePos(name))
		}
	}
	return nil
}

// rolePos is where a clause names the column.
func (s *Spec) rolePos(name string) int {
	if s.Split != nil && s.Split.Column != nil && lex.EqualFold(s.Split.Column.Text, name) {
		return s.Split.Column.Pos
	}
	if s.CrossValidate != nil && s.CrossValidate.Column != nil {
		return s.CrossValidate.Column.Pos
	}
	return -1
}

func (p *Plan) typeOf(name string) *types.Type {
	for _, c := range p.Columns {
		if c.Name == name {
			return c.Type
		}
	}
	return types.Of(types.Unknown)
}

func temporal(t *types.Type) bool {
	switch t.ID {
	case types.Date, types.Timestamp, types.TimestampS, types.TimestampMS, types.TimestampNS, types.TimestampTZ:
		return true
	}
	return false
}

// checkWeight looks at the type of WEIGHT BY.
func (p *Plan) checkWeight(ctx context.Context, d Describer) error {
	w := p.Spec.Weight
	if w == nil {
		return nil
	}
	cols, err := d.Describe(ctx, "SELECT ("+w.SQL+"\n) FROM (\n"+p.Spec.Query+"\n) AS t")
	if err != nil {
		e := sqlstate.From(err)
		return at(&sqlstate.Error{Severity: e.Severity, Code: e.Code, Message: e.Message, Detail: e.Detail, Hint: e.Hint}, w.Pos)
	}
	if len(cols) != 1 || !numeric(cols[0].Type.ID) && cols[0].Type.ID != types.Boolean {
		return at(sqlstate.New(sqlstate.DatatypeMismatch, "WEIGHT BY must be a number"), w.Pos)
	}
	return nil
}

// excluded are the columns that defaults and * leave out beside the target.
func (p *Plan) excluded() []string {
	out := slices.Clone(p.ids)
	for _, name := range []string{p.time, p.group, p.splitColumn, p.foldTime, p.foldGroup, p.partition} {
		if name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	if w := p.Spec.Weight; w != nil {
		text := strings.TrimSpace(w.SQL)
		text = strings.Trim(strings.TrimPrefix(text, "t."), `"`)
		for _, c := range p.Columns {
			if lex.EqualFold(c.Name, text) && !slices.Contains(out, c.Name) {
				out = append(out, c.Name)
			}
		}
	}
	return out
}

// types of expressions over the query, for transform.
func (p *Plan) describe(ctx context.Context, d Describer) func(exprs []string) ([]*types.Type, error) {
	return func(exprs []string) ([]*types.Type, error) {
		if len(exprs) == 0 {
			return nil, nil
		}
		cols, err := d.Describe(ctx, "SELECT ("+strings.Join(exprs, "\n), (")+"\n) FROM (\n"+p.Spec.Query+"\n) AS t")
		if err != nil {
			e := *sqlstate.From(err)
			e.Position = 0 // it is one of a query that the user didn't write
			return nil, &e
		}
		out := make([]*types.Type, len(cols))
		for i, c := range cols {
			out[i] = c.Type
		}
		return out, nil
	}
}
