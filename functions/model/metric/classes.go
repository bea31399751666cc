package metric

import (
	"math"
)

// smallest is the probability that log_loss takes at least: scikit-learn's choice, the double's epsilon.
const smallest = 0x1p-52

// weightOf is row i's weight.
func weightOf(w []float64, i int) float64 {
	if w == nil {
		return 1
	}
	return w[i]
}

// meanOf returns the weighted mean of per-row values.
func meanOf(values []float64) weighing {
	return func(w []float64) (float64, bool) {
		sum, total := 0.0, 0.0
		if w == nil {
			for _, v := range values {
				sum += v
			}
			total = float64(len(values))
		} else {
			for i, v := range values {
				if w[i] != 0 { // 0 × ∞ is no number
					sum += w[i] * v
					total += w[i]
				}
			}
		}
		if total == 0 || math.IsNaN(sum) {
			return 0, false
		}
		return sum / total, true
	}
}

// truth is the probability that row i's true class got.
func (s *Sample) truth(i int) float64 {
	k := int(s.Y[i])
	switch {
	case s.Classes > 2:
		return s.Proba[k][i]
	case k == 1:
		return s.Value[i]
	}
	return 1 - s.Value[i]
}

func logLoss(s *Sample) weighing {
	loss := make([]float64, len(s.Y))
	for i := range loss {
		loss[i] = -math.Log(min(max(s.truth(i), smallest), 1-smallest))
	}
	return meanOf(loss)
}

func brier(s *Sample) weighing {
	loss := make([]float64, len(s.Y))
	for i, y := range s.Y {
		if s.Classes <= 2 {
			d := s.Value[i] - y
			loss[i] = d * d
			continue
		}
		for k, p := range s.Proba {
			d := p[i]
			if k == int(y) {
				d--
			}
			loss[i] += d * d
		}
	}
	return meanOf(loss)
}

// bins is the number of bins of calibration.
const bins = 15

// bin is the bin of a probability.
func bin(p float64) int { return max(0, min(bins-1, int(p*bins))) }

func calibrationError(s *Sample) weighing {
	n := len(s.Y)
	at, said, true1 := make([]uint8, n), make([]float64, n), make([]float64, n)
	for i, y := range s.Y {
		if s.Classes <= 2 {
			said[i], true1[i] = s.Value[i], y
		} else {
			k := s.predicted(i)
			said[i] = s.Proba[k][i]
			if k == int(y) {
				true1[i] = 1
			}
		}
		at[i] = uint8(bin(said[i]))
	}
	return func(w []float64) (float64, bool) {
		var difference [bins]float64
		total := 0.0
		for i, b := range at {
			wi := weightOf(w, i)
			difference[b] += wi * (said[i] - true1[i])
			total += wi
		}
		if total == 0 {
			return 0, false
		}
		sum := 0.0
		for _, d := range difference {
			sum += math.Abs(d)
		}
		return sum / total, !math.IsNaN(sum)
	}
}

// predicted is the class that row i is predicted to have.
func (s *Sample) predicted(i int) int {
	if s.Classes <= 2 {
		t := s.Threshold
		if t == 0 {
			t = 0.5
		}
		if s.Value[i] >= t {
			return 1
		}
		return 0
	}
	best := 0
	for k := 1; k < len(s.Proba); k++ {
		if s.Proba[k][i] > s.Proba[best][i] {
			best = k
		}
	}
	return best
}

// Confusion is the weight of the rows by true class (first index) and predicted class.
type Confusion [][]float64

// ConfusionOf counts.
func ConfusionOf(s *Sample) Confusion {
	c, cell := emptyConfusion(s)
	c.fill(cell, s.Weight)
	return c
}

func emptyConfusion(s *Sample) (Confusion, []int32) {
	k := max(s.Classes, 2)
	c := make(Confusion, k)
	flat := make([]float64, k*k)
	for i := range c {
		c[i] = flat[i*k : (i+1)*k]
	}
	if s.cells == nil {
		s.cells = make([]int32, len(s.Y))
		for i, y := range s.Y {
			s.cells[i] = int32(int(y)*k + s.predicted(i))
		}
	}
	return c, s.cells
}

func (c Confusion) fill(cell []int32, w []float64) {
	k := int32(len(c))
	for _, row := range c {
		clear(row)
	}
	for i, at := range cell {
		c[at/k][at%k] += weightOf(w, i)
	}
}

func fromConfusion(value func(c Confusion) (float64, bool)) func(*Sample) weighing {
	return func(s *Sample) weighing {
		c, cell := emptyConfusion(s)
		return func(w []float64) (float64, bool) {
			c.fill(cell, w)
			return value(c)
		}
	}
}

// totals returns the weights of the true and of the predicted classes, and of those that are both.
func (c Confusion) totals() (truth, said []float64, right, all float64) {
	truth, said = make([]float64, len(c)), make([]float64, len(c))
	for t, row := range c {
		for p, w := range row {
			truth[t] += w
			said[p] += w
			all += w
		}
		right += row[t]
	}
	return truth, said, right, all
}

func accuracy(c Confusion) (float64, bool) {
	_, _, right, all := c.totals()
	return right / all, all > 0
}

func balancedAccuracy(c Confusion) (float64, bool) {
	truth, _, _, _ := c.totals()
	sum, n := 0.0, 0
	for k, t := range truth {
		if t > 0 {
			sum += c[k][k] / t
			n++
		}
	}
	return sum / float64(n), n > 0
}

// perClass averages a value of hits, predicted and true weight: that of class 1 for two
// classes, else the plain mean over the classes that occur or are predicted.
func (c Confusion) perClass(value func(hits, said, truth float64) float64) (float64, bool) {
	truth, said, _, all := c.totals()
	if all == 0 {
		return 0, false
	}
	if len(c) == 2 {
		return value(c[1][1], said[1], truth[1]), true
	}
	sum, n := 0.0, 0
	for k := range c {
		if truth[k] > 0 || said[k] > 0 {
			sum += value(c[k][k], said[k], truth[k])
			n++
		}
	}
	return sum / float64(n), true
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func f1(c Confusion) (float64, bool) {
	return c.perClass(func(hits, said, truth float64) float64 { return ratio(2*hits, said+truth) })
}

func precision(c Confusion) (float64, bool) {
	return c.perClass(func(hits, said, _ float64) float64 { return ratio(hits, said) })
}

func recall(c Confusion) (float64, bool) {
	return c.perClass(func(hits, _, truth float64) float64 { return ratio(hits, truth) })
}

func mcc(c Confusion) (float64, bool) {
	truth, said, right, all := c.totals()
	both, tt, ss := 0.0, 0.0, 0.0
	for k := range truth {
		both += truth[k] * said[k]
		tt += truth[k] * truth[k]
		ss += said[k] * said[k]
	}
	return ratio(right*all-both, math.Sqrt(all*all-ss)*math.Sqrt(all*all-tt)), all > 0
}
