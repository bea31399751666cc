package transform

import (
	"math"

	"github.com/eiderdb/eider/functions/model/frame"
)

// op is what a step does. The comments say what it makes of x; a missing x stays missing unless they say otherwise.
type op string

const (
	opScale      op = "scale"       // (x - A) / B
	opImpute     op = "impute"      // A where x is missing
	opMissing    op = "missing"     // 1 where x is missing, 0 elsewhere
	opClip       op = "clip"        // A below A, B above B
	opLog1p      op = "log1p"       // ln(1 + x); missing where x ≤ -1
	opYeoJohnson op = "yeo_johnson" // Yeo and Johnson's ψ(λ = A, x)
	opBucket     op = "bucket"      // the number of Edges ≤ x
	opEquals     op = "equals"      // of a category: 1 where it is Keys[0], 0 elsewhere and where missing
	opOther      op = "other"       // of a category: 1 where it is none of Keys, 0 elsewhere and where missing
	opLookup     op = "lookup"      // of a category: the value of its key; A where it has none; B where missing
	opHash       op = "hash"        // of a category: its text's hash modulo A
	opFill       op = "fill"        // of a category: Keys[0] where it is missing
	opText       op = "text"        // of a whole number: its digits, a category
)

// step makes one column of another. From is an earlier step, or ^i for input i.
type step struct {
	Op   op  `json:"op"`
	From int `json:"from"`
	// A and B are constants; NoA and NoB say that there is none, so that the result is missing.
	A      float64   `json:"a,omitempty"`
	B      float64   `json:"b,omitempty"`
	NoA    bool      `json:"no_a,omitempty"`
	NoB    bool      `json:"no_b,omitempty"`
	Edges  []float64 `json:"edges,omitempty"`
	Keys   []string  `json:"keys,omitempty"`
	Values []float64 `json:"values,omitempty"`
	// Partial tells that training had values of which the steps on this input know nothing.
	Partial bool `json:"partial,omitempty"`
}

// feature is a column of the result: step From, or input ^From.
type feature struct {
	Name string `json:"name"`
	From int    `json:"from"`
}

// kind is what the step makes.
func (s *step) kind() frame.Kind {
	if s.Op == opFill || s.Op == opText {
		return frame.Category
	}
	return frame.Number
}

// takesCategory reports whether the step reads a category.
func (s *step) takesCategory() bool {
	switch s.Op {
	case opEquals, opOther, opLookup, opHash, opFill:
		return true
	}
	return false
}

// number applies a step from number to number. It is the one definition of what Apply, the Evaluator
// and the SQL functions compute. The conversions keep a compiler from fusing operations.
func (s *step) number(x float64) float64 {
	switch s.Op {
	case opScale:
		return float64(x-s.A) / s.B
	case opImpute:
		if x != x {
			return s.A
		}
	case opMissing:
		if x != x {
			return 1
		}
		return 0
	case opClip:
		return clip(x, s.A, s.B)
	case opLog1p:
		return log1p(x)
	case opYeoJohnson:
		return yeoJohnson(x, s.A)
	case opBucket:
		return bucket(x, s.Edges)
	}
	return x
}

func clip(x, lo, hi float64) float64 {
	switch {
	case x < lo:
		return lo
	case x > hi:
		return hi
	}
	return x
}

// log1p is ln(1 + x), missing where that isn't a finite number or +∞.
func log1p(x float64) float64 {
	if x <= -1 {
		return math.NaN()
	}
	return math.Log1p(x)
}

// yeoJohnson is ψ(λ, x) of Yeo and Johnson 2000, equation 2.1, written with expm1 and log1p, which are exact
// near λ = 0 and λ = 2.
func yeoJohnson(x, lambda float64) float64 {
	if x >= 0 {
		if lambda == 0 {
			return math.Log1p(x)
		}
		return math.Expm1(float64(lambda*math.Log1p(x))) / lambda
	}
	if lambda == 2 {
		return -math.Log1p(-x)
	}
	return -math.Expm1(float64((2-lambda)*math.Log1p(-x))) / (2 - lambda)
}

// bucket is the number of edges that are at most x; edges ascend.
func bucket(x float64, edges []float64) float64 {
	if x != x {
		return x
	}
	lo, hi := 0, len(edges)
	for lo < hi {
		if m := int(uint(lo+hi) >> 1); edges[m] <= x {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return float64(lo)
}

// category applies a step from a category, of which text is the text unless it is missing, to a number.
func (s *step) category(text string, missing bool, keys map[string]int32) float64 {
	switch s.Op {
	case opEquals:
		if !missing && text == s.Keys[0] {
			return 1
		}
		return 0
	case opOther:
		if _, known := keys[text]; !missing && !known {
			return 1
		}
		return 0
	case opLookup:
		if missing {
			return constant(s.B, s.NoB)
		}
		if k, known := keys[text]; known {
			return s.Values[k]
		}
		return constant(s.A, s.NoA)
	case opHash:
		if !missing {
			return hashBucket(text, s.A)
		}
	}
	return math.NaN()
}

func constant(v float64, none bool) float64 {
	if none {
		return math.NaN()
	}
	return v
}

func hashBucket[T string | []byte](text T, n float64) float64 {
	return float64(frame.HashText(text) % uint64(n))
}

// index numbers the keys of a step.
func (s *step) index() map[string]int32 {
	if s.Op != opLookup && s.Op != opOther {
		return nil
	}
	m := make(map[string]int32, len(s.Keys))
	for i, k := range s.Keys {
		m[k] = int32(i)
	}
	return m
}
