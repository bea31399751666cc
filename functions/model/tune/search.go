package tune

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// Options of a search.
type Options struct {
	// Strategy is grid, random or tpe, without regard to case; empty means grid where every
	// dimension is a CHOICE and Trials is 0, tpe otherwise.
	Strategy string
	// Trials bounds the proposals; 0 means 30, or the whole grid.
	Trials int
	Seed   int64
}

const (
	defaultTrials = 30
	// maxGrid bounds the combinations of a grid.
	maxGrid = 100_000
	// gridSteps is how many values of a RANGE a grid takes.
	gridSteps = 5
)

// Search proposes parameters one after the other. It is used by one goroutine.
type Search struct {
	space  []Dimension
	left   int
	random *rand.PCG
	// grid are the values of each dimension, next the number of the combination to propose; nil for other strategies.
	grid [][]any
	next int
	// parzen is set for tpe.
	parzen bool
	told   []told
	last   []float64
}

// told is a proposal, in the dimensions' own units, and what it was worth.
type told struct {
	at   []float64
	loss float64
}

// New starts a search. Errors are 22023.
func New(space []Dimension, o Options) (*Search, error) {
	if len(space) == 0 {
		return nil, sqlstate.New(sqlstate.InvalidParameterValue, "there is nothing to tune")
	}
	choices := true
	for _, d := range space {
		if err := d.check(); err != nil {
			return nil, err
		}
		choices = choices && d.Choices != nil
	}
	strategy := strings.ToLower(o.Strategy)
	if strategy == "" {
		strategy = "tpe"
		if choices && o.Trials == 0 {
			strategy = "grid"
		}
	}
	s := &Search{space: space, left: o.Trials, random: rand.NewPCG(uint64(o.Seed), 0x74756e65)}
	switch strategy {
	case "grid":
		return s, s.makeGrid(o.Trials)
	case "random":
	case "tpe":
		s.parzen = true
	default:
		return nil, sqlstate.Newf(sqlstate.InvalidParameterValue, "there is no strategy %s", o.Strategy).WithHint("It is GRID, RANDOM or TPE.")
	}
	if s.left == 0 {
		s.left = defaultTrials
	}
	return s, nil
}

func (d *Dimension) check() error {
	switch {
	case len(d.Choices) > 0:
		return nil
	case math.IsNaN(d.Low) || math.IsNaN(d.High) || math.IsInf(d.Low, 0) || math.IsInf(d.High, 0) || !(d.Low < d.High):
		return sqlstate.Newf(sqlstate.InvalidParameterValue, "the range of %s is empty", d.Name)
	case d.Log && d.Low <= 0:
		return sqlstate.Newf(sqlstate.InvalidParameterValue, "the logarithmic range of %s must start above 0", d.Name)
	case d.Whole && (d.Low != math.Trunc(d.Low) || d.High != math.Trunc(d.High)):
		return sqlstate.Newf(sqlstate.InvalidParameterValue, "the range of %s must end at whole numbers", d.Name)
	}
	return nil
}

// makeGrid lists the values of each dimension: all choices, all whole numbers of a short range, else
// five values from end to end, evenly or evenly in logarithms.
func (s *Search) makeGrid(trials int) error {
	size := 1
	for i := range s.space {
		d := &s.space[i]
		values := d.Choices
		if values == nil {
			values = d.steps()
		}
		s.grid = append(s.grid, values)
		if size *= len(values); size > maxGrid {
			return sqlstate.Newf(sqlstate.ProgramLimitExceeded, "the grid has more than %d combinations", maxGrid).WithHint("Use STRATEGY RANDOM or TPE, or fewer values.")
		}
	}
	s.left = size
	if trials > 0 {
		s.left = min(trials, size)
	}
	return nil
}

func (d *Dimension) steps() []any {
	if d.Whole && d.High-d.Low < gridSteps {
		var out []any
		for v := d.Low; v <= d.High; v++ {
			out = append(out, int64(v))
		}
		return out
	}
	var out []any
	for i := range gridSteps {
		v := d.value(d.from() + (d.to()-d.from())*float64(i)/(gridSteps-1))
		if len(out) == 0 || out[len(out)-1] != v {
			out = append(out, v)
		}
	}
	return out
}

// from and to are the ends of the axis on which a range is walked.
func (d *Dimension) from() float64 { return d.axis(d.Low) }
func (d *Dimension) to() float64   { return d.axis(d.High) }

func (d *Dimension) axis(v float64) float64 {
	if d.Log {
		return math.Log(v)
	}
	return v
}

// value is the parameter at a place of the axis.
func (d *Dimension) value(x float64) any {
	if d.Log {
		x = math.Exp(x)
	}
	x = min(max(x, d.Low), d.High)
	if d.Whole {
		return int64(math.Round(x))
	}
	return x
}

// Total is the number of proposals that are left.
func (s *Search) Total() int { return s.left }

// Next proposes values by name; false where the search is over. Each proposal is followed by Tell.
func (s *Search) Next() (map[string]any, bool) {
	if s.left <= 0 {
		return nil, false
	}
	s.left--
	out := make(map[string]any, len(s.space))
	if s.grid != nil {
		// The last dimension changes fastest.
		rest := s.next
		s.next++
		for i := len(s.space) - 1; i >= 0; i-- {
			n := len(s.grid[i])
			out[s.space[i].Name] = s.grid[i][rest%n]
			rest /= n
		}
		return out, true
	}
	s.last = s.propose()
	for i := range s.space {
		d := &s.space[i]
		if d.Choices != nil {
			out[d.Name] = d.Choices[int(s.last[i])]
		} else {
			out[d.Name] = d.value(s.last[i])
		}
	}
	return out, true
}

// Tell says what the last proposal was worth, less is better; ok is false where it failed.
func (s *Search) Tell(loss float64, ok bool) {
	if !ok || math.IsNaN(loss) {
		loss = math.Inf(1)
	}
	if s.parzen {
		s.told = append(s.told, told{s.last, loss})
	}
}

// uniform is a number in [0, 1) of 53 bits.
func (s *Search) uniform() float64 { return float64(s.random.Uint64()>>11) * 0x1p-53 }

// normal is a standard normal number, by Box and Muller 1958.
func (s *Search) normal() float64 {
	return math.Sqrt(-2*math.Log(1-s.uniform())) * math.Cos(2*math.Pi*s.uniform())
}

// anywhere draws a place of a dimension evenly; of whole numbers each is as likely.
func (s *Search) anywhere(d *Dimension) float64 {
	switch {
	case d.Choices != nil:
		return math.Floor(s.uniform() * float64(len(d.Choices)))
	case d.Whole && !d.Log:
		return d.Low + math.Floor(s.uniform()*(d.High-d.Low+1))
	}
	return d.from() + s.uniform()*(d.to()-d.from())
}

// String describes a dimension as it is written.
func (d Dimension) String() string {
	if d.Choices != nil {
		text := make([]string, len(d.Choices))
		for i, c := range d.Choices {
			text[i] = fmt.Sprint(c)
		}
		return d.Name + " => CHOICE(" + strings.Join(text, ", ") + ")"
	}
	log := ""
	if d.Log {
		log = ", LOG"
	}
	return fmt.Sprintf("%s => RANGE(%v, %v%s)", d.Name, d.Low, d.High, log)
}
