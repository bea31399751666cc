package forest

/*
#cgo CFLAGS: -O3
#cgo LDFLAGS: -lm
#cgo noescape forest_sigmoid_f32
#cgo nocallback forest_sigmoid_f32
#cgo noescape forest_exp_f32
#cgo nocallback forest_exp_f32
#cgo noescape forest_softmax_f32
#cgo nocallback forest_softmax_f32
#cgo noescape forest_sigmoid_f64
#cgo nocallback forest_sigmoid_f64
#cgo noescape forest_exp_f64
#cgo nocallback forest_exp_f64
#cgo noescape forest_log1pexp_f64
#cgo nocallback forest_log1pexp_f64
#cgo noescape forest_softmax_f64
#cgo nocallback forest_softmax_f64
#include "link.h"
*/
import "C"

import "math"

// linkKind names the function from margins to predictions.
type linkKind int

const (
	identity linkKind = iota
	sigmoid
	exponential
	softmax
	log1pExp     // LightGBM cross_entropy_lambda
	signedSquare // LightGBM reg_sqrt
)

// link is the function from margins to predictions, as the library computes it.
type link struct {
	kind   linkKind
	single bool
	// slope is LightGBM's sigmoid parameter.
	slope float64
	// divisor divides margins first: the number of iterations of a LightGBM random forest, whose margin
	// is the sum; 0 for others.
	divisor float64
	// classification tells that outputs are classes.
	classification bool
}

// classes is the number of classes that so many margins tell apart, 0 for regression.
func (l link) classes(outputs int) int {
	switch {
	case !l.classification:
		return 0
	case outputs == 1:
		return 2
	}
	return outputs
}

// xgbLink returns the link of an XGBoost objective.
func xgbLink(objective string, outputs int) (link, error) {
	switch objective {
	case "binary:logistic":
		return link{kind: sigmoid, single: true, classification: true}, nil
	case "binary:logitraw", "binary:hinge":
		if objective == "binary:hinge" {
			return link{}, unsupported("XGBoost model: the objective binary:hinge gives no probabilities")
		}
		return link{kind: identity, single: true, classification: true}, nil
	case "reg:logistic":
		return link{kind: sigmoid, single: true}, nil
	case "multi:softprob", "multi:softmax":
		if outputs < 2 {
			return link{}, malformed("XGBoost model: the objective %s has %d class", objective, outputs)
		}
		return link{kind: softmax, single: true, classification: true}, nil
	case "count:poisson", "reg:tweedie", "reg:gamma":
		return link{kind: exponential, single: true}, nil
	case "reg:squarederror", "reg:linear", "reg:absoluteerror", "reg:pseudohubererror",
		"reg:squaredlogerror", "reg:quantileerror", "reg:expectileerror", "rank:pairwise", "rank:ndcg", "rank:map":
		return link{kind: identity, single: true}, nil
	case "":
		return link{}, malformed("XGBoost model: it names no objective")
	}
	return link{}, unsupported("XGBoost model: predictions of the objective %q can't be computed", objective)
}

// xgbBaseMargin brings a base_score to the scale of margins.
func xgbBaseMargin(objective string, score float32) float32 {
	switch objective {
	case "binary:logistic", "reg:logistic":
		return float32(C.forest_logit_f32(C.float(score)))
	case "count:poisson", "reg:tweedie", "reg:gamma":
		return float32(C.forest_log_f32(C.float(score)))
	}
	return score
}

// apply turns n margins, in columns of the given stride, into predictions in place.
func (l link) apply(v []float64, n, outputs, stride int) {
	if n == 0 {
		return
	}
	if l.kind == softmax {
		for o := range outputs {
			l.divide(v[o*stride : o*stride+n])
		}
		at, rows, k, step := (*C.double)(&v[0]), C.int(n), C.int(outputs), C.int(stride)
		if l.single {
			C.forest_softmax_f32(at, rows, k, step)
		} else {
			C.forest_softmax_f64(at, rows, k, step)
		}
		return
	}
	for o := range outputs {
		l.applyOne(v[o*stride : o*stride+n])
	}
}

func (l link) divide(v []float64) {
	if l.divisor != 0 {
		for i := range v {
			v[i] /= l.divisor
		}
	}
}

// applyOne is apply for one output of a link that isn't softmax.
func (l link) applyOne(v []float64) {
	if len(v) == 0 {
		return
	}
	l.divide(v)
	at, rows := (*C.double)(&v[0]), C.int(len(v))
	switch l.kind {
	case sigmoid:
		if l.single {
			C.forest_sigmoid_f32(at, rows)
		} else {
			C.forest_sigmoid_f64(at, rows, C.double(l.slope))
		}
	case exponential:
		if l.single {
			C.forest_exp_f32(at, rows)
		} else {
			C.forest_exp_f64(at, rows)
		}
	case log1pExp:
		C.forest_log1pexp_f64(at, rows)
	case signedSquare:
		for i, x := range v {
			v[i] = math.Copysign(x*x, x)
		}
	}
}
