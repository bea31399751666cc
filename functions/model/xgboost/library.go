package xgboost

/*
#include <stdlib.h>
#include "api.h"
*/
import "C"

import (
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"unsafe"

	"github.com/eiderdb/eider/functions/model/nativelib"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// symbolNames are in the order of struct lib in api.c.
func symbolNames() []string {
	return []string{
		"XGBoostVersion", "XGBGetLastError", "XGBRegisterLogCallback", "XGProxyDMatrixCreate", "XGProxyDMatrixSetDataColumnar",
		"XGDMatrixSetInfoFromInterface", "XGQuantileDMatrixCreateFromCallback", "XGDMatrixCreateFromColumnar", "XGDMatrixFree",
		"XGBoosterCreate", "XGBoosterFree", "XGBoosterSetParam", "XGBoosterUpdateOneIter", "XGBoosterEvalOneIter", "XGBoosterSlice",
		"XGBoosterSaveModelToBuffer", "XGBoosterLoadModelFromBuffer", "XGBoosterPredictFromColumnar", "XGBoosterPredictFromDense",
		"XGBoosterPredictFromDMatrix", "XGBoosterGetNumFeature",
	}
}

// library is the process's one handle on the shared library: dlopen itself knows only one.
var library = nativelib.Loader{Library: nativelib.XGBoost, Symbols: symbolNames(), Ready: bind}

func bind(symbols []unsafe.Pointer) error {
	C.xgb_bind(&symbols[0])
	if got, want := version(), nativelib.XGBoost().Version; got != want {
		return nativelib.XGBoost().WrongVersion(got)
	}
	return nil
}

func version() string {
	var v [3]C.int
	C.xgb_version(&v[0])
	return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2])
}

// Version returns the library's version, opening it if need be.
func Version() (string, error) {
	if err := library.Open(); err != nil {
		return "", err
	}
	return version(), nil
}

// failure makes an error of what a function of api.c returned and frees the text.
func failure(text *C.char) error {
	if text == nil {
		return nil
	}
	defer C.free(unsafe.Pointer(text))
	return translate(C.GoString(text))
}

// sourceLine is how the library begins its messages: "[12:00:00] /src/learner.cc:123: ".
var sourceLine = regexp.MustCompile(`^\[[0-9:]+\] \S+:\d+: `)

// translate gives a message of the library its code, without the source line before and
// the stack trace behind it.
func translate(text string) *sqlstate.Error {
	message, _, _ := strings.Cut(text, "Stack trace:")
	message = sourceLine.ReplaceAllString(strings.TrimSpace(message), "")
	message = strings.Join(strings.Fields(message), " ")
	lower := strings.ToLower(message)
	switch {
	case strings.Contains(lower, "bad_alloc") || strings.Contains(lower, "bad_malloc") || strings.Contains(lower, "failed to allocate") || strings.Contains(lower, "out of memory") || strings.Contains(lower, "bad_array_new_length"):
		return sqlstate.Newf(sqlstate.OutOfMemory, "xgboost ran out of memory").WithDetail("%s", message)
	case strings.Contains(lower, "parameter") || strings.Contains(lower, "invalid input") || strings.Contains(lower, "constraint") || strings.Contains(lower, "label"):
		return sqlstate.Newf(sqlstate.InvalidParameterValue, "xgboost: %s", message)
	}
	return sqlstate.Newf(sqlstate.InternalError, "xgboost: %s", message)
}

// table is a C view, in C memory, on Go columns, which stay pinned until release.
type table struct {
	c      *C.xgb_table
	pinner runtime.Pinner
}

// newTable makes a view on the first n values of the columns; y and w may be nil.
func newTable(cols [][]float64, n int, y, w []float64) *table {
	t := &table{c: (*C.xgb_table)(C.calloc(1, C.sizeof_xgb_table))}
	t.c.cols = (**C.double)(C.calloc(C.size_t(len(cols)+1), C.size_t(unsafe.Sizeof(uintptr(0)))))
	t.c.rows, t.c.width = C.uint64_t(n), C.uint64_t(len(cols))
	list := unsafe.Slice(t.c.cols, len(cols)+1)
	for k, col := range cols {
		list[k] = t.pin(col[:n])
	}
	if y != nil {
		t.c.y = t.pin(y[:n])
	}
	if w != nil {
		t.c.w = t.pin(w[:n])
	}
	return t
}

func (t *table) pin(col []float64) *C.double {
	p := unsafe.SliceData(col)
	if len(col) > 0 {
		t.pinner.Pin(p)
	}
	return (*C.double)(unsafe.Pointer(p))
}

func (t *table) release() {
	t.pinner.Unpin()
	C.free(unsafe.Pointer(t.c.cols))
	C.free(unsafe.Pointer(t.c))
	t.c = nil
}
