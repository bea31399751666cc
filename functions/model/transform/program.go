package transform

import (
	"encoding/json"
	"math"
	mathbits "math/bits"
	"strconv"

	"github.com/eiderdb/eider/functions/model/frame"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// Program computes features of vectors of inputs: what SQL would do by a call for each step, in one. It doesn't change and
// may be run at the same time.
type Program struct {
	inputs   []bool // whether each is a category
	steps    []step
	features []int
	// words are the known texts of the categories that steps read, by the category they come from in the end.
	words map[int]*words
	// tables are steps' results by a text's number in words; the last but one is for unknown texts, the last for NULL.
	tables map[int][]float64
}

// words are texts with numbers.
type words struct {
	number map[string]int32
	texts  []string
}

// program is a Program as JSON.
type program struct {
	Inputs   []bool `json:"inputs"`
	Steps    []step `json:"steps"`
	Features []int  `json:"features"`
}

// Program writes the steps as a text for ParseProgram, and the inputs that it takes as SQL: DOUBLE and VARCHAR. arg writes a
// column of the signature. ok is false where every feature is an input as it is.
func (t *Fitted) Program(arg func(column string) string) (text string, inputs []string, ok bool) {
	w := writer{t.inputs, t.steps, arg}
	p := program{Inputs: []bool{}, Steps: []step{}, Features: []int{}}
	moved := map[int]int{} // columns by their place in t
	var move func(from int) int
	move = func(from int) int {
		if at, done := moved[from]; done {
			return at
		}
		at := 0
		if from < 0 {
			at = ^len(inputs)
			inputs = append(inputs, w.column(from))
			p.Inputs = append(p.Inputs, t.inputs[^from].Kind == frame.Category)
		} else {
			s := t.steps[from]
			s.From, s.Partial = move(s.From), false
			at = len(p.Steps)
			p.Steps = append(p.Steps, s)
		}
		moved[from] = at
		return at
	}
	for _, f := range t.features {
		p.Features = append(p.Features, move(f.From))
	}
	if len(p.Steps) == 0 {
		return "", nil, false
	}
	data, err := json.Marshal(p)
	return string(data), inputs, err == nil
}

// ParseProgram reads what Fitted.Program wrote: XX001 for anything else.
func ParseProgram(text string) (*Program, error) {
	var stored program
	if err := json.Unmarshal([]byte(text), &stored); err != nil {
		return nil, sqlstate.Newf(sqlstate.DataCorrupted, "a model's transform can't be read: %w", err)
	}
	checked := Fitted{steps: stored.Steps}
	for _, category := range stored.Inputs {
		in := input{}
		if in.Kind = frame.Number; category {
			in.Kind = frame.Category
		}
		checked.inputs = append(checked.inputs, in)
	}
	for _, from := range stored.Features {
		checked.features = append(checked.features, feature{From: from})
	}
	if err := checked.verify(); err != nil {
		return nil, sqlstate.Newf(sqlstate.DataCorrupted, "a model's transform can't be read: %w", err)
	}
	p := &Program{inputs: stored.Inputs, steps: stored.Steps, features: stored.Features, words: map[int]*words{}, tables: map[int][]float64{}}
	p.number()
	return p, nil
}

// number numbers the texts that steps know and computes what each step makes of them.
func (p *Program) number() {
	for i := range p.steps {
		s := &p.steps[i]
		if !s.takesCategory() || s.Op == opHash {
			continue
		}
		root := p.root(s.From)
		w := p.words[root]
		if w == nil {
			w = &words{number: map[string]int32{}}
			p.words[root] = w
		}
		for _, k := range s.Keys {
			if _, known := w.number[k]; !known {
				w.number[k] = int32(len(w.texts))
				w.texts = append(w.texts, k)
			}
		}
	}
	for i := range p.steps {
		s := &p.steps[i]
		if !s.takesCategory() || s.Op == opHash || s.Op == opFill {
			continue
		}
		keys := s.index()
		table := make([]float64, 0, len(p.words[p.root(s.From)].texts)+2)
		for _, text := range p.words[p.root(s.From)].texts {
			table = append(table, s.category(text, false, keys))
		}
		p.tables[i] = append(table, s.unknown(), s.category("", true, keys))
	}
}

// unknown is what the step makes of a text that isn't among its keys.
func (s *step) unknown() float64 {
	switch s.Op {
	case opOther:
		return 1
	case opLookup:
		return constant(s.A, s.NoA)
	}
	return 0
}

// root is the category that fills stand upon: an input or a step that writes digits.
func (p *Program) root(from int) int {
	for from >= 0 && p.steps[from].Op == opFill {
		from = p.steps[from].From
	}
	return from
}

// filled is the text that stands for NULL in a category: that of the first fill upon its root.
func (p *Program) filled(from int) (text string, ok bool) {
	for ; from >= 0 && p.steps[from].Op == opFill; from = p.steps[from].From {
		text, ok = p.steps[from].Keys[0], true
	}
	return text, ok
}

// Features is the number of features.
func (p *Program) Features() int { return len(p.features) }

// Inputs is the number of inputs.
func (p *Program) Inputs() int { return len(p.inputs) }

// Type is the type of an input's vector: DOUBLE or VARCHAR.
func (p *Program) Type(input int) *types.Type {
	if p.inputs[input] {
		return typeVarchar
	}
	return typeDouble
}

// Memory is what running a program needs beside its arguments. It is for one run at a time and is kept for the next one.
type Memory struct {
	p       *Program
	n       int
	in      []types.Vector
	inputs  [][]float64 // numbers, NaN for NULL: the vector's memory where nothing is NULL
	nulls   [][]float64 // memory of inputs with NULLs
	results [][]float64 // memory of features
	codes   map[int][]int32
	known   map[int]bool // codes that were computed in this run
	numbers []float64
	digits  [20]byte
}

// NewMemory returns memory for runs of the program.
func (p *Program) NewMemory() *Memory {
	m := &Memory{p: p, inputs: make([][]float64, len(p.inputs)), nulls: make([][]float64, len(p.inputs)), results: make([][]float64, len(p.features)),
		codes: map[int][]int32{}, known: map[int]bool{}}
	return m
}

// Run computes the features of n rows into x, NaN where missing: the same bits as Apply. x is
// the memory of in or m afterwards.
func (p *Program) Run(m *Memory, in []types.Vector, n int, x [][]float64) {
	m.n, m.in = n, in
	clear(m.known)
	for k, category := range p.inputs {
		if !category {
			m.inputs[k], m.nulls[k] = NumbersOf(&in[k], n, m.nulls[k])
		}
	}
	for i, from := range p.features {
		if from >= 0 && len(m.results[i]) < n {
			m.results[i] = make([]float64, max(n, types.VectorSize))
		}
		x[i] = m.number(from, m.results[i])
	}
	m.in = nil
	clear(m.inputs)
}

// NumbersOf are the values of a DOUBLE vector, NaN where NULL: its own memory where nothing is NULL, else that of
// memory, which is returned, grown if need be.
func NumbersOf(v *types.Vector, n int, memory []float64) (values, grown []float64) {
	values = types.Slice[float64](v)
	if v.Validity == nil {
		return values, memory
	}
	copied := false
	for i := 0; i < n; i += 64 {
		null := ^v.Validity[i>>6]
		if left := n - i; left < 64 {
			null &= 1<<uint(left) - 1
		}
		if null == 0 {
			continue
		}
		if !copied {
			if copied = true; cap(memory) < n {
				memory = make([]float64, max(n, types.VectorSize))
			}
			copy(memory[:n], values)
			values = memory[:n]
		}
		for ; null != 0; null &= null - 1 {
			values[i+mathbits.TrailingZeros64(null)] = math.NaN()
		}
	}
	return values, memory
}

// number is the column from, in dst or in an input's memory.
func (m *Memory) number(from int, dst []float64) []float64 {
	if from < 0 {
		return m.inputs[^from][:m.n]
	}
	s := &m.p.steps[from]
	dst = dst[:m.n]
	if s.takesCategory() {
		if s.Op == opHash {
			m.hash(s, dst)
			return dst
		}
		table := m.p.tables[from]
		missing := int32(len(table) - 1)
		if text, ok := m.p.filled(s.From); ok {
			missing = m.p.words[m.p.root(s.From)].number[text]
		}
		encode(dst, m.category(m.p.root(s.From)), table, missing)
		return dst
	}
	if s.Op == opScale && s.From >= 0 && m.p.steps[s.From].Op == opImpute { // what most columns need, in one pass
		impute := &m.p.steps[s.From]
		imputeScale(dst, m.number(impute.From, dst), impute.A, s.A, s.B)
		return dst
	}
	s.apply(dst, m.number(s.From, dst))
	return dst
}

// encode looks codes up.
func encode(dst []float64, code []int32, table []float64, missing int32) {
	for i, c := range code[:len(dst)] {
		if c < 0 {
			c = missing
		}
		dst[i] = table[c]
	}
}

// category is the numbers of a root's texts: -1 for NULL, one more than the last for unknown ones.
func (m *Memory) category(root int) []int32 {
	code := m.codes[root]
	if m.known[root] {
		return code[:m.n]
	}
	if len(code) < m.n {
		code = make([]int32, max(m.n, types.VectorSize))
		m.codes[root] = code
	}
	m.known[root] = true
	code = code[:m.n]
	w := m.p.words[root]
	unknown := int32(len(w.texts))
	m.texts(root, func(i int, text []byte, missing bool) {
		if missing {
			code[i] = -1
		} else if k, ok := w.number[string(text)]; ok {
			code[i] = k
		} else {
			code[i] = unknown
		}
	})
	return code
}

// hash makes buckets of a category's texts.
func (m *Memory) hash(s *step, dst []float64) {
	instead := math.NaN()
	if text, ok := m.p.filled(s.From); ok {
		instead = hashBucket(text, s.A)
	}
	m.texts(m.p.root(s.From), func(i int, text []byte, missing bool) {
		if dst[i] = instead; !missing {
			dst[i] = hashBucket(text, s.A)
		}
	})
}

// texts gives each row's text of a root, which is not to be kept.
func (m *Memory) texts(root int, each func(i int, text []byte, missing bool)) {
	if root < 0 {
		col := &m.in[^root]
		values := types.Slice[types.String](col)
		for i := range m.n {
			if !col.Valid(i) {
				each(i, nil, true)
			} else {
				each(i, values[i].Bytes(), false)
			}
		}
		return
	}
	if len(m.numbers) < m.n {
		m.numbers = make([]float64, max(m.n, types.VectorSize))
	}
	for i, x := range m.number(m.p.steps[root].From, m.numbers) {
		if x != x {
			each(i, nil, true)
		} else {
			each(i, strconv.AppendInt(m.digits[:0], int64(x), 10), false)
		}
	}
}
