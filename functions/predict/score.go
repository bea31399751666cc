package predict

import (
	"slices"
	"strings"
	"sync"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/transform"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// Finder returns the model of a hash as a connection may see it.
type Finder func(connection uint64, hash string) (*Handle, error)

// Names of the callbacks. They are called by macros in eider_models only.
const (
	scoreFunction    = "eider_score"
	classFunction    = "eider_class"
	probaFunction    = "eider_proba"
	probaMapFunction = "eider_proba_map"
	chanceFunction   = "eider_chance"
	marginFunction   = "eider_margin"
	rawFunction      = "eider_raw"
	absentFunction   = "eider_absent"
)

// Callbacks declares the functions that the macros call. They are not for users: whoever
// may call them can use every model.
func Callbacks(find Finder) []*fn.Decl {
	varchar, double := types.Of(types.Varchar), types.Of(types.Double)
	doubles := &types.Type{ID: types.List, Child: double}
	labels := &types.Type{ID: types.List, Child: varchar}
	probabilities := &types.Type{ID: types.Map, Fields: []types.Field{{Name: "key", Type: varchar}, {Name: "value", Type: double}}}
	// The artifact's hash; behind a blank, where features are to be made of the arguments, the program that does.
	hash := []fn.Param{{Name: "model", Type: varchar}}
	score := func(name, summary string, params []fn.Param, returns *types.Type, check func(*call) error, run runner) *fn.Decl {
		return &fn.Decl{Name: name, Family: "predict", Summary: summary, Params: params, Variadic: types.Of(types.Any), Returns: returns,
			BindOn: func(connection uint64, args []fn.Arg) (fn.Bound, error) {
				return bind(find, connection, name, args, len(params), check, run)
			}}
	}
	return []*fn.Decl{
		score(scoreFunction, "The value of a regression, or the probability of the second of two classes.", hash, double, nil, runScore),
		score(classFunction, "The index of the class, or the number of the cluster.", hash, types.Of(types.Integer), (*call).discrete, runClass),
		score(probaFunction, "The probability of each class.", hash, doubles, (*call).classes, runProba),
		score(probaMapFunction, "The probability of each class by its label.", append(hash, fn.Param{Name: "labels", Type: labels}), probabilities, (*call).labelled, runProbaMap),
		score(chanceFunction, "The probability of the class of a label; NULL for a label that the model doesn't have.",
			append(hash, fn.Param{Name: "labels", Type: labels}, fn.Param{Name: "label", Type: varchar}), double, (*call).labelled, runChance),
		score(marginFunction, "The scores before the link function.", hash, doubles, nil, runMargin),
		score(rawFunction, "The score before the link function, of models that have one.", hash, double, (*call).single, runRaw),
		chosen(find, doubles), named(doubles, probabilities),
		absent(),
	}
}

// call is a score function in a planned statement.
type call struct {
	name   string
	handle *Handle
	// program makes features of the arguments; nil where they are the features.
	program *transform.Program
	// skip is the number of arguments before those that are scored; extra stand behind the program's inputs.
	skip, extra int
	outputs     int // columns of Margin
	// labels are the classes' texts, for eider_proba_map.
	labels []string
	// class is the one of eider_chance: -1 for a label that the model doesn't have, or open.
	class   int
	task    model.Task
	scratch sync.Pool // of *scratch
}

type runner func(c *call, s *scratch, n int, out fn.Writer) error

// bind finds the model and checks the arguments.
func bind(find Finder, connection uint64, name string, args []fn.Arg, skip int, check func(*call) error, run runner) (fn.Bound, error) {
	text, ok := args[0].Value.(string)
	if !ok || !args[0].Constant {
		return fn.Bound{}, sqlstate.Newf(sqlstate.InvalidParameterValue, "the first argument of %s must be a constant hash", name)
	}
	hash, steps, fused := strings.Cut(text, " ")
	h, err := find(connection, hash)
	if err != nil {
		return fn.Bound{}, err
	}
	a := h.Scorer.Artifact()
	c := &call{name: name, handle: h, skip: skip, outputs: h.Scorer.Outputs(), task: a.Task}
	if skip > 1 {
		if c.labels, ok = texts(args[1]); !ok {
			err = sqlstate.Newf(sqlstate.InvalidParameterValue, "the labels of %s must be a constant list of texts", name)
		}
	}
	if skip > 2 {
		// DuckDB binds a macro's body when the macro is made, with a parameter in the label's place.
		label, _ := args[2].Value.(string)
		if c.class = slices.Index(c.labels, label); !args[2].Constant {
			c.class = open
		}
	}
	if err == nil && fused {
		c.program, err = h.program(steps)
	}
	if err == nil && check != nil {
		err = check(c)
	}
	if err == nil {
		err = c.arguments(args[skip:])
	}
	if err != nil {
		h.Release()
		return fn.Bound{}, err
	}
	c.scratch.New = func() any { return c.newScratch(max(c.outputs, a.Classes)) }
	return fn.Bound{
		Call: func(in *types.Chunk, out fn.Writer) error {
			if in.Len == 0 {
				return nil
			}
			s := c.scratch.Get().(*scratch)
			s.read(c, in)
			err := run(c, s, in.Len, out)
			c.scratch.Put(s)
			return err
		},
		Close: h.Release,
	}, nil
}

// texts are the elements of a constant list.
func texts(a fn.Arg) ([]string, bool) {
	list, ok := a.Value.([]any)
	if !ok || !a.Constant {
		return nil, false
	}
	out := make([]string, len(list))
	for i, v := range list {
		if out[i], ok = v.(string); !ok {
			return nil, false
		}
	}
	return out, true
}

func (c *call) wrong(what string) error {
	return sqlstate.Newf(sqlstate.WrongObjectType, "a model for %s has no %s", c.task, what)
}

func (c *call) discrete() error {
	if c.task == model.Regression {
		return c.wrong("classes")
	}
	return nil
}

func (c *call) classes() error {
	if c.task != model.Classification {
		return c.wrong("probabilities")
	}
	return nil
}

func (c *call) labelled() error {
	if err := c.classes(); err != nil {
		return err
	}
	if n := c.handle.Scorer.Artifact().Classes; n != len(c.labels) {
		return sqlstate.Newf(sqlstate.InvalidParameterValue, "%s got %d labels for %d classes", c.name, len(c.labels), n)
	}
	return nil
}

func (c *call) single() error {
	if c.outputs != 1 {
		return sqlstate.Newf(sqlstate.WrongObjectType, "the model has %d scores, not one", c.outputs)
	}
	return nil
}

// arguments checks what is scored.
func (c *call) arguments(args []fn.Arg) error {
	features, inputs := c.handle.Scorer.Arguments(), 0
	if c.program != nil {
		inputs = c.program.Inputs()
		features -= c.program.Features()
	}
	if c.extra = features; c.extra < 0 || len(args) != inputs+c.extra {
		return sqlstate.Newf(sqlstate.UndefinedFunction, "%s needs %d features of this model, not %d", c.name, inputs+max(c.extra, 0), len(args))
	}
	for i, a := range args {
		want := types.Of(types.Double)
		if i < inputs {
			want = c.program.Type(i)
		}
		if a.Type.ID != want.ID {
			return sqlstate.Newf(sqlstate.DatatypeMismatch, "argument %d of %s must be %s, not %s", c.skip+i+1, c.name, want, a.Type)
		}
	}
	return nil
}

// scratch is what scoring one vector needs beside DuckDB's memory.
type scratch struct {
	// x are the features: DuckDB's own memory where they are arguments and nothing is NULL, else the memory of null or program.
	x, null [][]float64
	program *transform.Memory
	// out are columns of results that DuckDB wants in another layout; flat is their memory.
	out  [][]float64
	flat []float64
}

func (c *call) newScratch(columns int) *scratch {
	s := &scratch{x: make([][]float64, c.handle.Scorer.Arguments()), null: make([][]float64, c.extra), out: make([][]float64, columns)}
	if c.program != nil {
		s.program = c.program.NewMemory()
	}
	return s
}

// read makes x of the arguments, NULL as NaN.
func (s *scratch) read(c *call, in *types.Chunk) {
	args := in.Columns[c.skip:]
	x := s.x
	if c.program != nil {
		k := c.program.Features()
		c.program.Run(s.program, args[:c.program.Inputs()], in.Len, x[:k])
		args, x = args[c.program.Inputs():], x[k:]
	}
	for k := range x {
		x[k], s.null[k] = transform.NumbersOf(&args[k], in.Len, s.null[k])
	}
}

// columns returns k columns of n values to write.
func (s *scratch) columns(k, n int) [][]float64 {
	if len(s.flat) < k*n {
		s.flat = make([]float64, k*max(n, types.VectorSize))
	}
	for i := range k {
		s.out[i] = s.flat[i*n : (i+1)*n : (i+1)*n]
	}
	return s.out[:k]
}

func runScore(c *call, s *scratch, n int, out fn.Writer) error {
	return c.handle.Scorer.Value(s.x, n, types.Slice[float64](out.Vector()))
}

func runClass(c *call, s *scratch, n int, out fn.Writer) error {
	return c.handle.Scorer.Class(s.x, n, types.Slice[int32](out.Vector()))
}

func runRaw(c *call, s *scratch, n int, out fn.Writer) error {
	s.out[0] = types.Slice[float64](out.Vector())
	err := c.handle.Scorer.Margin(s.x, n, s.out[:1])
	s.out[0] = nil
	return err
}

func runMargin(c *call, s *scratch, n int, out fn.Writer) error {
	cols := s.columns(c.outputs, n)
	if err := c.handle.Scorer.Margin(s.x, n, cols); err != nil {
		return err
	}
	elements, err := lists(out, len(cols), n)
	if err != nil {
		return err
	}
	interleave(types.Slice[float64](elements.Vector()), cols)
	return nil
}

func runProba(c *call, s *scratch, n int, out fn.Writer) error {
	cols := s.columns(c.handle.Scorer.Artifact().Classes, n)
	if err := c.handle.Scorer.Proba(s.x, n, cols); err != nil {
		return err
	}
	elements, err := lists(out, len(cols), n)
	if err != nil {
		return err
	}
	interleave(types.Slice[float64](elements.Vector()), cols)
	return nil
}

// open is the class of an eider_chance whose label isn't constant.
const open = -2

// runChance fills one column of the probabilities, the class's, in DuckDB's own memory.
func runChance(c *call, s *scratch, n int, out fn.Writer) error {
	if c.class == open {
		return sqlstate.Newf(sqlstate.InvalidParameterValue, "the label of %s must be a constant text", c.name)
	}
	if c.class < 0 {
		for i := range n {
			out.SetNull(i)
		}
		return nil
	}
	cols := s.columns(len(c.labels), n)
	cols[c.class] = types.Slice[float64](out.Vector())
	err := c.handle.Scorer.Proba(s.x, n, cols)
	cols[c.class] = nil
	return err
}

func runProbaMap(c *call, s *scratch, n int, out fn.Writer) error {
	cols := s.columns(len(c.labels), n)
	if err := c.handle.Scorer.Proba(s.x, n, cols); err != nil {
		return err
	}
	elements, err := lists(out, len(cols), n)
	if err != nil {
		return err
	}
	keys := elements.Part(0)
	for at := 0; at < n*len(cols); at += len(cols) {
		for k, label := range c.labels {
			keys.SetString(at+k, label)
		}
	}
	interleave(types.Slice[float64](elements.Part(1).Vector()), cols)
	return nil
}

// lists makes every row a list of k elements.
func lists(out fn.Writer, k, n int) (fn.Writer, error) {
	elements, err := out.Elements(k * n)
	if err != nil {
		return nil, err
	}
	for i := range n {
		out.SetList(i, i*k, k)
	}
	return elements, nil
}

// interleave writes columns row by row.
func interleave(to []float64, cols [][]float64) {
	for k, col := range cols {
		for i, v := range col {
			to[i*len(cols)+k] = v
		}
	}
}
