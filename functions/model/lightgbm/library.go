package lightgbm

/*
#include <stdlib.h>
#include "api.h"
*/
import "C"

import (
	"strings"
	"unsafe"

	"github.com/eiderdb/eider/functions/model/nativelib"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// symbolNames are in the order of struct lib in api.c.
func symbolNames() []string {
	return []string{
		"LGBM_GetLastError", "LGBM_RegisterLogCallback", "LGBM_DatasetCreateFromArrow", "LGBM_DatasetSetField", "LGBM_DatasetFree",
		"LGBM_BoosterCreate", "LGBM_BoosterLoadModelFromString", "LGBM_BoosterFree", "LGBM_BoosterAddValidData", "LGBM_BoosterUpdateOneIter",
		"LGBM_BoosterGetEvalCounts", "LGBM_BoosterGetEval", "LGBM_BoosterSaveModelToString", "LGBM_BoosterGetNumFeature",
		"LGBM_BoosterGetNumClasses", "LGBM_BoosterGetCurrentIteration", "LGBM_BoosterCalcNumPredict", "LGBM_BoosterPredictForMat",
	}
}

// library is the process's one handle on the shared library: dlopen itself knows only one.
// The library can't tell its own version; the store's record of what was installed does.
var library = nativelib.Loader{Library: nativelib.LightGBM, Symbols: symbolNames(), Ready: func(symbols []unsafe.Pointer) error {
	C.lgb_bind(&symbols[0])
	return nil
}}

// Version returns the library's version, opening it if need be.
func Version() (string, error) {
	if err := library.Open(); err != nil {
		return "", err
	}
	return nativelib.LightGBM().Version, nil
}

// failure makes an error of what a function of api.c returned and frees the text.
func failure(text *C.char) error {
	if text == nil {
		return nil
	}
	defer C.free(unsafe.Pointer(text))
	return translate(C.GoString(text))
}

// translate gives a message of the library its code.
func translate(text string) *sqlstate.Error {
	message := strings.Join(strings.Fields(text), " ")
	lower := strings.ToLower(message)
	switch {
	case strings.Contains(lower, "bad_alloc") || strings.Contains(lower, "bad_array_new_length") || strings.Contains(lower, "vector::_m_") || strings.Contains(lower, "out of memory"):
		return sqlstate.Newf(sqlstate.OutOfMemory, "lightgbm ran out of memory").WithDetail("%s", message)
	case strings.Contains(lower, "check failed") || strings.Contains(lower, "parameter") || strings.Contains(lower, "should be") || strings.Contains(lower, "must be") || strings.Contains(lower, "label"):
		return sqlstate.Newf(sqlstate.InvalidParameterValue, "lightgbm: %s", message)
	}
	return sqlstate.Newf(sqlstate.InternalError, "lightgbm: %s", message)
}
