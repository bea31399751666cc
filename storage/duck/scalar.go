package duck

// #include <stdlib.h>
// #include "native.h"
import "C"

import (
	"context"
	"runtime/cgo"
	"slices"
	"sync"
	"unsafe"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// Scalar declares a vector callback.
type Scalar struct {
	Name string
	// Params are the positional parameters; types.Any takes every type.
	Params []*types.Type
	// Variadic, where set, is the type of further arguments.
	Variadic *types.Type
	Returns  *types.Type
	// Volatile keeps DuckDB from folding calls with constant arguments.
	Volatile bool
	// Bind, where set, looks at the arguments once for each call in a statement,
	// while it is planned. Its state reaches Func. A state with a method Close()
	// gets that call when no plan needs it any more.
	Bind func(args []Arg) (state any, err error)
	// BindConnection, in place of Bind, gets DuckDB's number of the connection that plans
	// the call, which is what current_connection_id() gives there: unlike an argument it
	// can't be made up.
	BindConnection func(connection uint64) (state any, err error)
	// bindOn is both.
	bindOn func(connection uint64, args []Arg) (state any, err error)
	// Func fills out with in.Len rows. DuckDB calls it from several threads at once.
	// It gets NULLs as they are and sets its own; in is flat, is not to be kept, and
	// a statement on the same connection deadlocks. Errors keep their SQLSTATE,
	// panics become XX000.
	Func func(state any, in *types.Chunk, out *Writer) error
}

// Arg is an argument as known at bind time.
type Arg struct {
	Type *types.Type
	// Constant arguments have a Value (see the function Value).
	Constant bool
	Value    any
}

// DeclScalar is the Scalar of a Decl; engine registers it.
func DeclScalar(d *fn.Decl) Scalar {
	s := Scalar{Name: d.Name, Variadic: d.Variadic, Returns: d.Returns, Volatile: d.Volatile}
	for _, p := range d.Params {
		s.Params = append(s.Params, p.Type)
	}
	bind := d.BindOn
	switch {
	case bind != nil:
	case d.Bind != nil:
		bind = func(_ uint64, args []fn.Arg) (fn.Bound, error) { return d.Bind(args) }
	default:
		call := d.Scalar
		s.Func = func(_ any, in *types.Chunk, out *Writer) error { return call(in, out) }
		return s
	}
	s.bindOn = func(connection uint64, args []Arg) (any, error) {
		known := make([]fn.Arg, len(args))
		for i, a := range args {
			known[i] = fn.Arg(a)
		}
		b, err := bind(connection, known)
		if err == nil && b.Call == nil {
			err = sqlstate.Newf(sqlstate.InternalError, "function %s was bound to nothing", d.Name)
		}
		return &declared{b}, err
	}
	s.Func = func(state any, in *types.Chunk, out *Writer) error { return state.(*declared).Call(in, out) }
	return s
}

// declared is the state of a call of a Decl that binds.
type declared struct{ fn.Bound }

// Close ends the call.
func (d *declared) Close() {
	if d.Bound.Close != nil {
		d.Bound.Close()
	}
}

// RegisterScalar makes f callable by every connection of the database. A second
// function of the name becomes an overload; with the same parameters it replaces
// the first.
func (c *Conn) RegisterScalar(ctx context.Context, f Scalar) error {
	if f.Name == "" || f.Func == nil || f.Returns == nil {
		return sqlstate.New(sqlstate.InternalError, "a scalar function needs a name, a result type and a body")
	}
	all := append([]*types.Type{f.Returns}, f.Params...)
	if f.Variadic != nil {
		all = append(all, f.Variadic)
	}
	lts, destroy, err := logicalTypes(all)
	if err != nil {
		return err
	}
	defer destroy()
	var varargs C.duckdb_logical_type
	if f.Variadic != nil {
		varargs = lts[len(lts)-1]
	}
	name := C.CString(f.Name)
	defer C.free(unsafe.Pointer(name))

	var o operation
	if err := c.begin(ctx, &o); err != nil {
		return err
	}
	defer c.end(&o)
	// From here on DuckDB owns the handle: it drops it even if it refuses the function.
	handle := cgo.NewHandle(&f)
	if C.eider_register_scalar(c.handle(), name, firstType(lts[1:]), C.idx_t(len(f.Params)), varargs, lts[0],
		C.bool(f.Volatile), C.uintptr_t(handle)) != 0 {
		return sqlstate.Newf(sqlstate.DuplicateFunction, "function %q can't be registered: the name is taken by another kind of function, or a type is not allowed", f.Name)
	}
	return nil
}

// boundScalar is one call of a function in a plan.
type boundScalar struct {
	f     *Scalar
	state any
	args  []types.Column
	nodes int
	calls sync.Pool // of *scalarCall

	mu   sync.Mutex // guards refs
	refs int
}

// scalarCall is the reusable view of one vector of arguments and its result.
type scalarCall struct {
	chunk types.Chunk
	out   *Writer
}

// retain counts a handle; release closes the state with the last one.
func (b *boundScalar) retain() {
	b.mu.Lock()
	b.refs++
	b.mu.Unlock()
}

func (b *boundScalar) release() {
	b.mu.Lock()
	b.refs--
	last := b.refs == 0
	b.mu.Unlock()
	if !last {
		return
	}
	if c, ok := b.state.(interface{ Close() }); ok {
		_ = protect("closing the state of function "+b.f.Name, func() error { c.Close(); return nil })
	}
}

//export eiderScalarBind
func eiderScalarBind(function C.uintptr_t, info unsafe.Pointer) {
	f := cgo.Handle(function).Value().(*Scalar)
	err := protect("function "+f.Name, func() error { return f.bind(info) })
	if err != nil {
		tell(err, func(text *C.char, n C.size_t) { C.eider_scalar_bind_error(C.duckdb_bind_info(info), text, n) })
	}
}

func (f *Scalar) bind(info unsafe.Pointer) error {
	bi := mapping.BindInfo{Ptr: info}
	b := &boundScalar{f: f}
	args := make([]Arg, mapping.ScalarFunctionBindGetArgumentCount(bi))
	for i := range args {
		a, err := f.argument(bi, i)
		if err != nil {
			return err
		}
		args[i] = a
		b.args = append(b.args, types.Column{Type: a.Type})
	}
	var err error
	switch {
	case f.bindOn != nil:
		b.state, err = f.bindOn(connectionOf(bi), args)
	case f.Bind != nil:
		b.state, err = f.Bind(args)
	case f.BindConnection != nil:
		b.state, err = f.BindConnection(connectionOf(bi))
	}
	if err != nil {
		return err
	}
	s := newShape(b.args)
	b.nodes = len(s.nodes)
	b.calls.New = func() any {
		return &scalarCall{chunk: types.Chunk{Columns: newVectors(b.args)}, out: newWriter(f.Returns)}
	}
	b.retain()
	C.eider_scalar_bound(C.duckdb_bind_info(info), C.uintptr_t(cgo.NewHandle(b)), C.uint32_t(len(b.args)), s.first(), C.uint32_t(b.nodes))
	return nil
}

// connectionOf returns the number of the connection that plans.
func connectionOf(bi mapping.BindInfo) uint64 {
	var ctx mapping.ClientContext
	mapping.ScalarFunctionGetClientContext(bi, &ctx)
	defer mapping.DestroyClientContext(&ctx)
	return uint64(mapping.ClientContextGetConnectionId(ctx))
}

// argument describes argument i and folds it if it is constant and someone asks.
func (f *Scalar) argument(bi mapping.BindInfo, i int) (a Arg, err error) {
	looks := f.Bind != nil || f.bindOn != nil
	if t := f.declaredType(i); !looks && t != nil {
		return Arg{Type: t}, nil
	}
	// To be looked at, an argument is copied, which DuckDB can't do with a subquery: it fails the bind by itself.
	e := mapping.ScalarFunctionBindGetArgument(bi, mapping.IdxT(i))
	if e.Ptr == nil {
		return a, sqlstate.New(sqlstate.FeatureNotSupported, "a subquery can't be an argument of this function").
			WithHint("Put the subquery into FROM or a common table expression and name its column here.")
	}
	defer mapping.DestroyExpression(&e)
	a.Type = readType(mapping.ExpressionReturnType(e))
	if !looks || !mapping.ExpressionIsFoldable(e) {
		return a, nil
	}
	var ctx mapping.ClientContext
	mapping.ScalarFunctionGetClientContext(bi, &ctx)
	defer mapping.DestroyClientContext(&ctx)
	var v mapping.Value
	ed := mapping.ExpressionFold(ctx, e, &v)
	defer mapping.DestroyErrorData(&ed)
	if ed.Ptr != nil && mapping.ErrorDataHasError(ed) {
		return a, newError(mapping.ErrorDataMessage(ed))
	}
	defer mapping.DestroyValue(&v)
	a.Constant = true
	a.Value, _ = goValue(v)
	return a, nil
}

// declaredType is what argument i becomes by its declaration, nil where every type is taken as it is.
func (f *Scalar) declaredType(i int) *types.Type {
	t := f.Variadic
	if i < len(f.Params) {
		t = f.Params[i]
	}
	if t == nil || anyWithin(t) {
		return nil
	}
	return t
}

func anyWithin(t *types.Type) bool {
	if t.ID == types.Any || t.Child != nil && anyWithin(t.Child) {
		return true
	}
	return slices.ContainsFunc(t.Fields, func(f types.Field) bool { return f.Type != nil && anyWithin(f.Type) })
}

//export eiderScalarCall
func eiderScalarCall(bound C.uintptr_t, info unsafe.Pointer, rows C.idx_t, in *C.eider_vector, out, data unsafe.Pointer) {
	b := cgo.Handle(bound).Value().(*boundScalar)
	if err := b.call(int(rows), in, C.duckdb_vector(out), data); err != nil {
		tell(err, func(text *C.char, n C.size_t) { C.eider_scalar_error(C.duckdb_function_info(info), text, n) })
	}
}

// call runs the function on one vector. A panic becomes an error without a closure,
// so that a call allocates nothing.
func (b *boundScalar) call(rows int, in *C.eider_vector, out C.duckdb_vector, data unsafe.Pointer) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = sqlstate.Newf(sqlstate.InternalError, "function %s panicked: %v", b.f.Name, p).WithDetail("at %s", panicPlace())
		}
	}()
	c := b.calls.Get().(*scalarCall)
	c.chunk.Len = rows
	fill(c.chunk.Columns, unsafe.Slice(in, b.nodes))
	c.out.attach(out, data, rows)
	if err = b.f.Func(b.state, &c.chunk, c.out); err == nil {
		err = c.out.flush()
	}
	b.calls.Put(c)
	return err
}
