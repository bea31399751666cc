package transform

import (
	"math"
	"strconv"
	"sync"
	"unsafe"

	"github.com/eiderdb/eider/functions/model/frame"
	"github.com/eiderdb/eider/sql/types"
)

// Evaluator computes the features of single rows without the database. Its method may be called at the same time.
type Evaluator struct {
	inputs   []cellInput
	steps    []compiled
	features []int
	scratch  sync.Pool // of *registers
}

// cellInput says how an input is read from a row.
type cellInput struct {
	used  bool
	cell  int // index in the signature
	kind  frame.Kind
	class class
	part  part
	whole bool // a category of whole numbers
}

// compiled is a step with its keys numbered.
type compiled struct {
	*step
	keys  map[string]int32
	texty bool // makes a category
}

// registers hold what inputs and steps make of one row; a category is a text, missing where its number is NaN.
type registers struct {
	inputNum, stepNum   []float64
	inputText, stepText []string
	// digits are where texts of numbers are written, for inputs and then for steps.
	digits [][20]byte
}

// Evaluator compiles the fit. ok is false where an input is an expression, or a value that only the database can write as text:
// then a row has to be asked of the database.
func (t *Fitted) Evaluator() (e *Evaluator, ok bool) {
	e = &Evaluator{inputs: make([]cellInput, len(t.inputs))}
	for _, k := range t.used() {
		if e.inputs[k], ok = t.cellInput(&t.inputs[k]); !ok {
			return nil, false
		}
	}
	for i := range t.steps {
		s := &t.steps[i]
		e.steps = append(e.steps, compiled{s, s.index(), s.kind() == frame.Category})
	}
	for _, f := range t.features {
		e.features = append(e.features, f.From)
	}
	inputs, steps := len(e.inputs), len(e.steps)
	e.scratch.New = func() any {
		return &registers{make([]float64, inputs), make([]float64, steps), make([]string, inputs), make([]string, steps), make([][20]byte, inputs+steps)}
	}
	return e, true
}

func (t *Fitted) cellInput(in *input) (cellInput, bool) {
	c := cellInput{used: true, kind: in.Kind, part: in.Part}
	if in.Column == "" || in.Type == nil {
		return c, false
	}
	for c.cell = 0; c.cell < len(t.fields) && t.fields[c.cell].Name != in.Column; c.cell++ {
	}
	c.class = classOf(in.Type)
	switch in.Type.ID {
	case types.TimestampNS, types.TimeNS, types.TimeTZ, types.Interval, types.BigNum, types.SQLNull:
		return c, false // what DuckDB makes of them isn't known here
	case types.UUID:
		return c, false // many spellings are one value
	}
	if in.Kind == frame.Category {
		switch c.class {
		case isText:
		case isNumber:
			c.whole = in.Type.ID != types.Float && in.Type.ID != types.Double && in.Type.ID != types.Decimal
			return c, c.whole
		case isBool:
		default:
			return c, false
		}
	}
	return c, true
}

// Row fills out, one value a feature, from a row in the order of the signature: the same bits as Apply, NaN where missing.
// It allocates nothing.
func (e *Evaluator) Row(row []Cell, out []float64) {
	r := e.scratch.Get().(*registers)
	for k := range e.inputs {
		if in := &e.inputs[k]; in.used {
			in.read(&row[in.cell], r, k)
		}
	}
	for i := range e.steps {
		s := &e.steps[i]
		var x float64
		var text string
		if s.From < 0 {
			x, text = r.inputNum[^s.From], r.inputText[^s.From]
		} else {
			x, text = r.stepNum[s.From], r.stepText[s.From]
		}
		switch {
		case s.Op == opFill:
			if x != x {
				text = s.Keys[0]
			}
			r.stepNum[i], r.stepText[i] = 0, text
		case s.Op == opText:
			r.stepNum[i] = x
			if r.stepText[i] = ""; x == x {
				r.stepText[i] = r.write(int64(x), len(e.inputs)+i)
			}
		case s.takesCategory():
			r.stepNum[i] = s.category(text, x != x, s.keys)
		default:
			r.stepNum[i] = s.number(x)
		}
	}
	for i, from := range e.features {
		if from < 0 {
			out[i] = r.inputNum[^from]
		} else {
			out[i] = r.stepNum[from]
		}
	}
	clear(r.inputText) // keep nothing of the row
	clear(r.stepText)
	e.scratch.Put(r)
}

// read puts an input of a row into its register.
func (in *cellInput) read(c *Cell, r *registers, k int) {
	if c.Null {
		r.inputNum[k], r.inputText[k] = math.NaN(), ""
		return
	}
	if in.kind == frame.Category {
		r.inputNum[k] = 0
		switch {
		case in.class == isText:
			r.inputText[k] = c.Text
		case in.class == isBool:
			r.inputText[k] = strconv.FormatBool(c.Num != 0)
		default:
			r.inputText[k] = r.write(c.Int, k)
		}
		return
	}
	switch {
	case in.part == second:
		r.inputNum[k] = float64(c.Int) / 1e6
	case in.part != whole:
		r.inputNum[k] = datePart(c.Int, in.part, in.class)
	default:
		r.inputNum[k] = c.Num
	}
}

// write is a whole number as text in register k's own memory, which the next row overwrites.
func (r *registers) write(n int64, k int) string {
	text := strconv.AppendInt(r.digits[k][:0], n, 10)
	return unsafe.String(&text[0], len(text))
}

const dayMicros = 86_400_000_000

// datePart is what newInput's SQL computes of an instant: missing where it is infinite.
func datePart(at int64, p part, c class) float64 {
	if at == math.MaxInt64 || at == -math.MaxInt64 {
		return math.NaN()
	}
	day, micros := at/dayMicros, at%dayMicros
	if micros < 0 {
		day, micros = day-1, micros+dayMicros
	}
	switch p {
	case days:
		if c == isDate {
			return float64(day)
		}
		return float64(at) / 86400e6
	case hour:
		return float64(micros / 3_600_000_000)
	case dow:
		return float64(((day+4)%7 + 7) % 7)
	}
	return float64(monthOf(day))
}

// monthOf is the month of a day since 1970-01-01 in the proleptic Gregorian calendar. Years begin in March here, so
// that the leap day is the last; a month's first day is then (153·m + 2) / 5 (Richards 1998).
func monthOf(day int64) int64 {
	day += 719468 // since 0000-03-01
	era := day / 146097
	if day < 0 {
		era = (day - 146096) / 146097
	}
	day -= era * 146097
	year := (day - day/1460 + day/36524 - day/146096) / 365
	day -= 365*year + year/4 - year/100
	m := (5*day + 2) / 153
	if m < 10 {
		return m + 3
	}
	return m - 9
}
