package lightgbm

/*
#include <stdlib.h>
#include "api.h"
*/
import "C"

import (
	"context"
	"sync"
	"unsafe"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// Oracle predicts with the library itself. Eider predicts with functions/model/forest;
// tests and benchmarks compare that with this. Its methods may be called at the same time.
type Oracle struct {
	mu                sync.RWMutex // guards booster against Close
	booster           unsafe.Pointer
	features, classes int
	threads           int
}

// NewOracle loads a model in the library's text format; its predictions use one thread.
func NewOracle(blob []byte) (*Oracle, error) {
	if err := library.Open(); err != nil {
		return nil, err
	}
	o := &Oracle{threads: 1}
	text := C.CString(string(blob))
	defer C.free(unsafe.Pointer(text))
	if err := failure(C.lgb_load(text, &o.booster)); err != nil {
		return nil, err
	}
	var features, classes, rounds C.int
	if err := failure(C.lgb_shape(o.booster, &features, &classes, &rounds)); err != nil {
		o.Close()
		return nil, err
	}
	o.features, o.classes = int(features), int(classes)
	return o, nil
}

// Close frees the model. It may be called more than once.
func (o *Oracle) Close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.booster != nil {
		C.lgb_free(o.booster)
		o.booster = nil
	}
}

// SetThreads bounds the threads of one prediction.
func (o *Oracle) SetThreads(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.threads = n
}

// Features is the number of columns that the model wants.
func (o *Oracle) Features() int { return o.features }

// Outputs is the number of values a row: the number of classes for more than two, else 1.
func (o *Oracle) Outputs() int { return o.classes }

// Predict returns the library's predictions of the first n rows, row after row, with one
// value for each output.
func (o *Oracle) Predict(x [][]float64, n int) ([]float64, error) {
	return o.columns(x, n, 0, o.classes)
}

// Margin is Predict before the link function.
func (o *Oracle) Margin(x [][]float64, n int) ([]float64, error) {
	return o.columns(x, n, 1, o.classes)
}

// Contributions returns the library's SHAP values of the first n rows: row after row,
// in it output after output, in it one value for each feature and the base value.
func (o *Oracle) Contributions(x [][]float64, n int) ([]float64, error) {
	return o.columns(x, n, 3, o.classes*(o.features+1))
}

func (o *Oracle) columns(x [][]float64, n, kind, width int) ([]float64, error) {
	if len(x) != o.features {
		return nil, sqlstate.Newf(sqlstate.InternalError, "the model has %d features, not %d", o.features, len(x))
	}
	rows := make([]float64, n*len(x))
	for f, col := range x {
		for i, v := range col[:n] {
			rows[i*len(x)+f] = v
		}
	}
	out := make([]float64, n*width)
	return out, o.predict(unsafe.Pointer(unsafe.SliceData(rows)), 0, n, kind, out)
}

// PredictDense fills out with the predictions (or margins) of a row-major matrix of
// len(x)/Features() rows: the library's fastest way, the one to measure against.
func (o *Oracle) PredictDense(x []float32, margin bool, out []float64) error {
	if o.features == 0 || len(x) == 0 || len(x)%o.features != 0 || len(out) == 0 {
		return sqlstate.New(sqlstate.InternalError, "the matrix has another width than the model")
	}
	kind := 0
	if margin {
		kind = 1
	}
	return o.predict(unsafe.Pointer(&x[0]), 1, len(x)/o.features, kind, out)
}

func (o *Oracle) predict(x unsafe.Pointer, isFloat C.int, n, kind int, out []float64) error {
	o.mu.RLock()
	defer o.mu.RUnlock()
	if o.booster == nil {
		return sqlstate.New(sqlstate.InternalError, "the oracle is closed")
	}
	if n == 0 {
		return nil
	}
	if err := calls.enter(context.Background(), o.threads); err != nil {
		return err
	}
	defer calls.leave()
	return failure(C.lgb_predict(o.booster, x, isFloat, C.int(n), C.int(o.features), C.int(kind), C.int(o.threads), (*C.double)(&out[0]), C.int64_t(len(out))))
}
