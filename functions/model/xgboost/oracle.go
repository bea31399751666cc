package xgboost

/*
#include <stdlib.h>
#include "api.h"
*/
import "C"

import (
	"runtime"
	"strconv"
	"sync"
	"unsafe"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// Oracle predicts with the library itself. Eider predicts with functions/model/forest;
// tests and benchmarks compare that with this. Its methods may be called at the same time.
type Oracle struct {
	mu       sync.RWMutex // guards booster against Close
	booster  unsafe.Pointer
	features int
}

// NewOracle loads a model in the library's UBJSON or JSON format; its predictions use one thread.
func NewOracle(blob []byte) (*Oracle, error) {
	if err := library.Open(); err != nil {
		return nil, err
	}
	if len(blob) == 0 {
		return nil, sqlstate.New(sqlstate.DataCorrupted, "the model is empty")
	}
	o := &Oracle{}
	if err := failure(C.xgb_load(unsafe.Pointer(&blob[0]), C.uint64_t(len(blob)), &o.booster)); err != nil {
		return nil, err
	}
	var n C.uint64_t
	err := failure(C.xgb_features(o.booster, &n))
	if err == nil {
		err = o.SetThreads(1)
	}
	if err != nil {
		o.Close()
		return nil, err
	}
	o.features = int(n)
	return o, nil
}

// Close frees the model. It may be called more than once.
func (o *Oracle) Close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.booster != nil {
		C.xgb_free(o.booster)
		o.booster = nil
	}
}

// SetThreads bounds the threads of one prediction.
func (o *Oracle) SetThreads(n int) error { return setParam(o.booster, "nthread", strconv.Itoa(n)) }

// Features is the number of columns that the model wants.
func (o *Oracle) Features() int { return o.features }

// Predict returns the library's predictions of the first n rows, row after row, with one
// value for each output.
func (o *Oracle) Predict(x [][]float64, n int) ([]float32, error) { return o.predict(x, n, 0) }

// Margin is Predict before the link function.
func (o *Oracle) Margin(x [][]float64, n int) ([]float32, error) { return o.predict(x, n, 1) }

func (o *Oracle) predict(x [][]float64, n int, margin C.int) ([]float32, error) {
	return o.ask(x, n, func(t *C.xgb_table, out **C.float, size *C.uint64_t) *C.char {
		return C.xgb_predict_columns(o.booster, t, margin, out, size)
	})
}

// Contributions returns the library's SHAP values of the first n rows: row after row,
// in it output after output, in it one value for each feature and the base value.
func (o *Oracle) Contributions(x [][]float64, n int) ([]float32, error) {
	return o.ask(x, n, func(t *C.xgb_table, out **C.float, size *C.uint64_t) *C.char {
		return C.xgb_contributions(o.booster, t, out, size)
	})
}

// PredictDense fills out with the predictions (or margins) of a row-major matrix of
// len(x)/Features() rows: the library's fastest way, the one to measure against.
func (o *Oracle) PredictDense(x []float32, margin bool, out []float32) error {
	o.mu.RLock()
	defer o.mu.RUnlock()
	if o.booster == nil || o.features == 0 || len(x) == 0 || len(x)%o.features != 0 || len(out) == 0 {
		return sqlstate.New(sqlstate.InternalError, "the oracle is closed or the matrix has another width")
	}
	kind := C.int(0)
	if margin {
		kind = 1
	}
	rows := len(x) / o.features
	return failure(C.xgb_predict_dense(o.booster, (*C.float)(&x[0]), C.uint64_t(rows), C.uint64_t(o.features), kind, (*C.float)(&out[0]), C.uint64_t(len(out))))
}

func (o *Oracle) ask(x [][]float64, n int, call func(*C.xgb_table, **C.float, *C.uint64_t) *C.char) ([]float32, error) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	if o.booster == nil || len(x) != o.features {
		return nil, sqlstate.Newf(sqlstate.InternalError, "the oracle is closed or wants another number of columns than %d", len(x))
	}
	if n == 0 {
		return nil, nil
	}
	t := newTable(x, n, nil, nil)
	defer t.release()
	var out *C.float
	var size C.uint64_t
	if err := failure(call(t.c, &out, &size)); err != nil {
		return nil, err
	}
	defer C.free(unsafe.Pointer(out))
	values := make([]float32, int(size))
	copy(values, unsafe.Slice((*float32)(unsafe.Pointer(out)), int(size)))
	runtime.KeepAlive(x)
	return values, nil
}

func setParam(booster unsafe.Pointer, name, value string) error {
	n, v := C.CString(name), C.CString(value)
	defer C.free(unsafe.Pointer(n))
	defer C.free(unsafe.Pointer(v))
	return failure(C.xgb_set(booster, n, v))
}
