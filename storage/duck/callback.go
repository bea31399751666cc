package duck

// #include <stdlib.h>
// #include "native.h"
import "C"

import (
	"fmt"
	"runtime"
	"runtime/cgo"
	"strings"
	"unsafe"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// closer is state behind a handle that wants to know when DuckDB drops it.
type closer interface{ release() }

//export eiderDeleteHandle
func eiderDeleteHandle(handle C.uintptr_t) {
	h := cgo.Handle(handle)
	if c, ok := h.Value().(closer); ok {
		c.release()
	}
	h.Delete()
}

//export eiderCopyHandle
func eiderCopyHandle(handle C.uintptr_t) C.uintptr_t {
	v := cgo.Handle(handle).Value()
	if r, ok := v.(interface{ retain() }); ok {
		r.retain()
	}
	return C.uintptr_t(cgo.NewHandle(v))
}

// protect runs f for DuckDB, which can't see a Go panic pass through it: a panic
// becomes XX000 with the place where it happened.
func protect(what string, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = sqlstate.Newf(sqlstate.InternalError, "%s panicked: %v", what, p).WithDetail("at %s", panicPlace())
		}
	}()
	return f()
}

// panicPlace finds the frame that panicked on the stack of a deferred call.
func panicPlace() string {
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	past := false
	for {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			past = true
		case past && !strings.HasPrefix(f.Function, "runtime."):
			file := f.File[strings.LastIndexByte(f.File, '/')+1:]
			return fmt.Sprintf("%s:%d", file, f.Line)
		}
		if !more {
			return "an unknown place"
		}
	}
}

// tell passes err to one of C's error setters, encoded so that newError restores it.
func tell(err error, set func(text *C.char, n C.size_t)) {
	text := []byte(encodeOwn(err))
	set((*C.char)(unsafe.Pointer(&text[0])), C.size_t(len(text)))
}

// logicalTypes builds DuckDB's types for ts in an array for C.
func logicalTypes(ts []*types.Type) (lts []C.duckdb_logical_type, destroy func(), err error) {
	lts = make([]C.duckdb_logical_type, 0, len(ts)+1) // never empty: C takes its address
	destroy = func() {
		for i := range lts {
			mapping.DestroyLogicalType(&mapping.LogicalType{Ptr: unsafe.Pointer(lts[i])})
		}
	}
	for _, t := range ts {
		lt, err := logicalType(t)
		if err != nil {
			destroy()
			return nil, nil, err
		}
		lts = append(lts, C.duckdb_logical_type(lt.Ptr))
	}
	return lts, destroy, nil
}

// firstType is the address of C's array.
func firstType(lts []C.duckdb_logical_type) *C.duckdb_logical_type {
	return &lts[:1][0]
}

// goValue boxes one of DuckDB's values (see Value) and its type. It goes through a
// vector, which knows every type.
func goValue(v mapping.Value) (any, *types.Type) {
	t := valueType(v)
	if t.ID == types.SQLNull {
		return nil, t
	}
	lt := mapping.GetValueType(v)
	vec := mapping.CreateVector(lt, 1)
	defer mapping.DestroyVector(&vec)
	mapping.VectorReferenceValue(vec, v)
	cols := []types.Column{{Type: t}}
	s, views := newShape(cols), newVectors(cols)
	C.eider_gather_vector(C.duckdb_vector(vec.Ptr), 1, s.first(), s.out())
	fill(views, s.vectors)
	return Value(&views[0], 0), t
}
