package artifact

import (
	"math"
	"slices"
)

// Methods of calibration.
const (
	Platt    = "platt"
	Isotonic = "isotonic"
)

// Calibration maps an estimator's scores to probabilities: one map for two classes, else
// one a class, whose results are divided by their sum (Zadrozny and Elkan 2002).
type Calibration struct {
	Method string
	// Sigmoids are for Platt, over margins.
	Sigmoids []Sigmoid
	// Steps are for Isotonic, over the estimator's probabilities.
	Steps []Steps
}

// Sigmoid is 1 / (1 + exp(A·margin + B)), Platt 1999.
type Sigmoid struct{ A, B float64 }

// Steps is the line through (X[i], Y[i]), level beyond its ends; X ascends strictly, Y never descends.
type Steps struct{ X, Y []float64 }

// At returns the probability for a margin.
func (s Sigmoid) At(margin float64) float64 {
	t := s.A*margin + s.B
	if t >= 0 {
		e := math.Exp(-t)
		return e / (1 + e)
	}
	return 1 / (1 + math.Exp(t))
}

// At returns the probability for a probability.
func (s Steps) At(p float64) float64 {
	if math.IsNaN(p) {
		return p
	}
	i, found := slices.BinarySearch(s.X, p)
	switch {
	case found:
		return s.Y[i]
	case i == 0:
		return s.Y[0]
	case i == len(s.X):
		return s.Y[i-1]
	}
	x0, x1, y0, y1 := s.X[i-1], s.X[i], s.Y[i-1], s.Y[i]
	return y0 + (y1-y0)*((p-x0)/(x1-x0))
}

// maps is the number of maps: one a class for more than two.
func (c *Calibration) maps() int {
	if c.Method == Platt {
		return len(c.Sigmoids)
	}
	return len(c.Steps)
}

// normalise divides the rows' probabilities by their sum; where it is 0 all classes are as likely.
func normalise(out [][]float64, n int) {
	for i := range n {
		sum := 0.0
		for _, col := range out {
			sum += col[i]
		}
		for _, col := range out {
			if sum > 0 {
				col[i] /= sum
			} else {
				col[i] = 1 / float64(len(out))
			}
		}
	}
}

func (c *Calibration) encode(w *writer) {
	if c == nil {
		w.text("")
		return
	}
	w.text(c.Method)
	w.count(c.maps())
	for _, s := range c.Sigmoids {
		w.float(s.A)
		w.float(s.B)
	}
	for _, s := range c.Steps {
		w.floats(s.X)
		w.floats(s.Y)
	}
}

func decodeCalibration(r *reader) *Calibration {
	c := &Calibration{Method: r.text()}
	if c.Method == "" {
		return nil
	}
	if c.Method != Platt && c.Method != Isotonic {
		r.fail()
		return nil
	}
	n := r.count(maxClasses)
	for i := 0; i < n && !r.bad; i++ {
		if c.Method == Platt {
			c.Sigmoids = append(c.Sigmoids, Sigmoid{r.float(), r.float()})
		} else {
			c.Steps = append(c.Steps, Steps{r.floats(), r.floats()})
		}
	}
	return c
}

func (c *Calibration) validate(a *Artifact) error {
	if c == nil {
		return nil
	}
	if a.Classes == 0 || c.maps() != a.Outputs() || len(c.Sigmoids) > 0 && len(c.Steps) > 0 {
		return corrupt("calibration and classes don't fit")
	}
	for _, s := range c.Sigmoids {
		if math.IsNaN(s.A+s.B) || math.IsInf(s.A, 0) || math.IsInf(s.B, 0) {
			return corrupt("a calibration that is no number")
		}
	}
	for _, s := range c.Steps {
		if len(s.X) == 0 || len(s.X) != len(s.Y) {
			return corrupt("a calibration without points")
		}
		for i := range s.X {
			ordered := i == 0 || s.X[i] > s.X[i-1] && s.Y[i] >= s.Y[i-1]
			if !(s.Y[i] >= 0 && s.Y[i] <= 1) || math.IsNaN(s.X[i]) || math.IsInf(s.X[i], 0) || !ordered {
				return corrupt("a calibration whose points aren't in order")
			}
		}
	}
	return nil
}
