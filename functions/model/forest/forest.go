package forest

import (
	"slices"
	"sync"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Forest scores an ensemble of trees. Its methods may be called from several goroutines.
type Forest struct {
	ens    *ensemble
	kernel string
	// steps are all trees in order, as the kernel takes them; small are the same for a few rows.
	steps, small []scorer
	pool         *sync.Pool
	explain      *explainer
}

// explainer is compiled when it is first asked for.
type explainer struct {
	plan func() *shapPlan
	pool sync.Pool // of *shapScratch
}

func newExplainer(ens *ensemble) *explainer {
	return &explainer{
		plan: sync.OnceValue(func() *shapPlan { return newShapPlan(ens) }),
		pool: sync.Pool{New: func() any { return new(shapScratch) }},
	}
}

var (
	_ model.Predictor   = (*Forest)(nil)
	_ model.Explainer   = (*Forest)(nil)
	_ model.Importancer = (*Forest)(nil)
)

// Info describes a model.
type Info struct {
	// Library is "xgboost" or "lightgbm".
	Library string
	// Objective is the library's name for it.
	Objective string
	// Classes is 0 for regression.
	Classes  int
	Trees    int
	MaxDepth int
	Features int
	Rounds   int
	// BaseScore is what each output's margin starts from.
	BaseScore []float64
	// BestIteration is the round that early stopping found best, from 0, or -1 where the model doesn't say.
	BestIteration int
}

// scorer adds the leaves of some trees to the sums of n rows.
type scorer interface {
	score(s *scratch, x [][]float64, from, n int)
}

// scratch is what one call needs; it goes back to the pool.
type scratch struct {
	// stride is the number of rows that are scored at a time; output o's sums begin at o*stride.
	stride int
	// One of these has the sums.
	single []float32
	double []float64
	// wide has margins as float64 where a link needs them side by side.
	wide  []float64
	codes []uint16
	bytes []uint64
}

// grow returns the buffer with room for n values; what it holds is undefined.
func grow[T any](buffer *[]T, n int) []T {
	if cap(*buffer) < n {
		*buffer = make([]T, n)
	}
	return (*buffer)[:n]
}

// Rows that are scored at a time: a DuckDB vector, fewer where many outputs would need
// more than sumsAtOnce sums.
const (
	rowsAtOnce  = 2048
	sumsAtOnce  = 1 << 17
	rowsAtLeast = 512 // what divides rowsAtOnce: a block of the widest kernel
)

func newForest(ens *ensemble) (*Forest, error) {
	ens.info.Trees, ens.info.Features, ens.info.Rounds = len(ens.trees), ens.features, len(ens.perRound)
	for k := range ens.trees {
		ens.info.MaxDepth = max(ens.info.MaxDepth, ens.trees[k].depth)
	}
	ens.info.BaseScore = slices.Clone(ens.base)
	f := &Forest{ens: ens, explain: newExplainer(ens)}
	return f.WithKernel(Best())
}

// Features implements model.Predictor.
func (f *Forest) Features() int { return f.ens.features }

// Outputs implements model.Predictor: one for two classes.
func (f *Forest) Outputs() int { return f.ens.outputs }

// Info describes the model.
func (f *Forest) Info() Info {
	info := f.ens.info
	info.BaseScore = slices.Clone(info.BaseScore)
	return info
}

// Kernel names the kernel that scores: "avx512", "avx2" or "portable".
func (f *Forest) Kernel() string { return f.kernel }

// Best is the kernel that is used on this processor unless another is asked for.
func Best() string { return kernels()[0] }

// WithKernel returns the same model with another kernel: 22023 where this processor
// doesn't have it.
func (f *Forest) WithKernel(name string) (*Forest, error) {
	if !slices.Contains(kernels(), name) {
		return nil, sqlstate.Newf(sqlstate.InvalidParameterValue, "the kernel %q doesn't run here", name).
			WithHint("Those that do are %v.", kernels())
	}
	out := &Forest{ens: f.ens, kernel: name, small: f.small, explain: f.explain}
	var walks []*walkStep
	var shared *quantisation
	if out.small == nil {
		walks = walkSteps(f.ens.columns, f.ens.trees, f.ens.single)
		for _, s := range walks {
			if s.quant.lanes > maxLanes {
				return nil, unsupported("a tree looks at its features in %d ways; %d can be scored", s.quant.lanes, maxLanes)
			}
			out.small = append(out.small, s)
		}
		if len(walks) == 1 {
			shared = walks[0].quant
		}
	}
	if out.steps = out.small; name != Portable {
		out.steps = bitSteps(f.ens, name, shared)
	}
	for _, s := range walks {
		s.quant.refs = nil
	}
	single, outputs := f.ens.single, f.ens.outputs
	stride := min(rowsAtOnce, max(rowsAtLeast, sumsAtOnce/outputs/rowsAtLeast*rowsAtLeast))
	out.pool = &sync.Pool{New: func() any {
		s := &scratch{stride: stride}
		if single {
			s.single = make([]float32, stride*outputs)
		} else {
			s.double = make([]float64, stride*outputs)
		}
		return s
	}}
	return out, nil
}

// Rounds returns the model of the first n boosting rounds.
func (f *Forest) Rounds(n int) (*Forest, error) {
	if n < 0 || n > len(f.ens.perRound) {
		return nil, sqlstate.Newf(sqlstate.InvalidParameterValue, "the model has %d rounds, not %d", len(f.ens.perRound), n)
	}
	ens := *f.ens
	ens.perRound = ens.perRound[:n]
	trees := 0
	for _, k := range ens.perRound {
		trees += k
	}
	ens.trees = ens.trees[:trees]
	if ens.link.divisor != 0 {
		ens.link.divisor = float64(max(n, 1))
	}
	ens.info.MaxDepth = 0
	return newForest(&ens)
}

// Predict implements model.Predictor.
func (f *Forest) Predict(x [][]float64, n int, out [][]float64) error {
	return f.score(x, n, out, f.ens.link)
}

// Margin implements model.Predictor.
func (f *Forest) Margin(x [][]float64, n int, out [][]float64) error {
	return f.score(x, n, out, link{})
}

// check says what is wrong with the arguments of a prediction.
func (f *Forest) check(x [][]float64, n, out int) error {
	if len(x) != f.ens.features || out != f.ens.outputs || n < 0 {
		return sqlstate.Newf(sqlstate.InternalError, "forest: %d features, %d outputs, %d rows for a model of %d features and %d outputs",
			len(x), out, n, f.ens.features, f.ens.outputs)
	}
	for _, c := range x {
		if len(c) < n {
			return sqlstate.Newf(sqlstate.InternalError, "forest: a column of %d values for %d rows", len(c), n)
		}
	}
	return nil
}

func (f *Forest) score(x [][]float64, n int, out [][]float64, l link) error {
	if err := f.check(x, n, len(out)); err != nil {
		return err
	}
	for _, c := range out {
		if len(c) < n {
			return sqlstate.Newf(sqlstate.InternalError, "forest: an output of %d values for %d rows", len(c), n)
		}
	}
	s := f.pool.Get().(*scratch)
	defer f.pool.Put(s)
	for from := 0; from < n; from += s.stride {
		f.block(s, x, from, min(s.stride, n-from), out, l)
	}
	return nil
}

// block scores rows [from, from+n).
func (f *Forest) block(s *scratch, x [][]float64, from, n int, out [][]float64, l link) {
	for o, base := range f.ens.base {
		at := o * s.stride
		if f.ens.single {
			fill(s.single[at:at+n], float32(base))
		} else {
			fill(s.double[at:at+n], base)
		}
	}
	steps := f.steps
	if n < fewRows {
		steps = f.small
	}
	for _, step := range steps {
		step.score(s, x, from, n)
	}
	if l.kind == softmax {
		wide := grow(&s.wide, s.stride*len(out))
		for o := range out {
			f.widen(wide[o*s.stride:o*s.stride+n], s, o)
		}
		l.apply(wide, n, len(out), s.stride)
		for o := range out {
			copy(out[o][from:from+n], wide[o*s.stride:o*s.stride+n])
		}
		return
	}
	for o := range out {
		to := out[o][from : from+n]
		f.widen(to, s, o)
		l.applyOne(to)
	}
}

func fill[T any](to []T, v T) {
	for i := range to {
		to[i] = v
	}
}

// widen writes output o's margins.
func (f *Forest) widen(to []float64, s *scratch, o int) {
	at := o * s.stride
	if f.ens.single {
		for i, v := range s.single[at : at+len(to)] {
			to[i] = float64(v)
		}
		return
	}
	copy(to, s.double[at:at+len(to)])
}
