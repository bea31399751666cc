package metric

import "math"

func identity(v float64) float64 { return v }

func squaredError(y, p float64) float64 { return (y - p) * (y - p) }

func absoluteError(y, p float64) float64 { return math.Abs(y - p) }

// perRow is the mean of a loss, then a function of it.
func perRow(loss func(y, p float64) float64, then func(float64) float64) func(*Sample) weighing {
	return func(s *Sample) weighing {
		values := make([]float64, len(s.Y))
		for i, y := range s.Y {
			values[i] = loss(y, s.Value[i])
		}
		mean := meanOf(values)
		return func(w []float64) (float64, bool) {
			v, ok := mean(w)
			return then(v), ok
		}
	}
}

func r2(s *Sample) weighing {
	return func(w []float64) (float64, bool) {
		sum, total := 0.0, 0.0
		for i, y := range s.Y {
			sum += weightOf(w, i) * y
			total += weightOf(w, i)
		}
		mean, missed, spread := sum/total, 0.0, 0.0
		for i, y := range s.Y {
			wi := weightOf(w, i)
			missed += wi * (y - s.Value[i]) * (y - s.Value[i])
			spread += wi * (y - mean) * (y - mean)
		}
		if !(spread > 0) || math.IsNaN(missed) {
			return 0, false
		}
		return 1 - missed/spread, true
	}
}

// noValue is the weighing of a sample for which a metric isn't defined.
func noValue([]float64) (float64, bool) { return 0, false }

func mape(s *Sample) weighing {
	for _, y := range s.Y {
		if y == 0 {
			return noValue
		}
	}
	return perRow(func(y, p float64) float64 { return math.Abs(y-p) / math.Abs(y) }, identity)(s)
}

func pinball(s *Sample) weighing {
	q := s.Quantile
	if q == 0 {
		q = 0.5
	}
	return perRow(func(y, p float64) float64 {
		if d := y - p; d >= 0 {
			return q * d
		}
		return (q - 1) * (y - p)
	}, identity)(s)
}

func poissonDeviance(s *Sample) weighing {
	for i, y := range s.Y {
		if y < 0 || !(s.Value[i] > 0) {
			return noValue
		}
	}
	return perRow(func(y, p float64) float64 {
		if y == 0 {
			return 2 * p
		}
		return 2 * (y*math.Log(y/p) - y + p)
	}, identity)(s)
}
