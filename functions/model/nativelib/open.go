package nativelib

/*
#cgo linux LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

// The library's OpenMP threads must sleep between its calls: DuckDB and Go have threads of
// their own to run. OpenMP reads this once, when it is loaded; what the user set stays.
static void *eider_open(const char *path, char **reason) {
	setenv("OMP_WAIT_POLICY", "passive", 0);
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL) { // the reason is kept a thread, so it is read in the same call
		const char *text = dlerror();
		*reason = strdup(text != NULL ? text : "it can't be opened");
	}
	return handle;
}
*/
import "C"

import (
	"strings"
	"sync"
	"unsafe"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// Loader opens one library once in a process, when it is first asked. The zero value
// with Library set is ready. A failure is not kept: the library may be installed meanwhile.
type Loader struct {
	Library func() *Library
	// Symbols are the functions that the library must have.
	Symbols []string
	// Ready is called once, with the symbols' addresses in their order, before anyone may
	// use them; an error means that the library can't be used.
	Ready func(symbols []unsafe.Pointer) error

	mu     sync.Mutex // guards opened
	opened bool
}

// Open makes the library ready: 58P01 where it isn't installed, 55000 where it is of
// another version or can't be opened.
func (ld *Loader) Open() error {
	ld.mu.Lock()
	defer ld.mu.Unlock()
	if ld.opened {
		return nil
	}
	store, err := Default()
	if err != nil {
		return err
	}
	l := ld.Library()
	path, err := store.Path(l)
	if err != nil {
		return err
	}
	handle, err := open(l, path)
	if err != nil {
		return err
	}
	symbols, err := resolve(l, handle, ld.Symbols)
	if err == nil {
		err = ld.Ready(symbols)
	}
	if err != nil {
		return err // the handle stays: libraries with threads can't be unloaded safely
	}
	ld.opened = true
	return nil
}

func open(l *Library, path string) (unsafe.Pointer, error) {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	var text *C.char
	handle := C.eider_open(name, &text)
	if handle != nil {
		return handle, nil
	}
	reason := C.GoString(text)
	C.free(unsafe.Pointer(text))
	if strings.Contains(reason, "libgomp") || strings.Contains(reason, "libomp") {
		return nil, sqlstate.Newf(sqlstate.UndefinedFile, "the library %s needs OpenMP: %s", l.Name, reason).
			WithHint("Install it: apt install libgomp1, dnf install libgomp, or brew install libomp.")
	}
	return nil, l.broken("%s", reason)
}

func resolve(l *Library, handle unsafe.Pointer, names []string) ([]unsafe.Pointer, error) {
	out := make([]unsafe.Pointer, len(names))
	for i, name := range names {
		c := C.CString(name)
		out[i] = C.dlsym(handle, c)
		C.free(unsafe.Pointer(c))
		if out[i] == nil {
			return nil, l.broken("it lacks the function %s", name)
		}
	}
	return out, nil
}

// WrongVersion is the error for a library that says another version of itself than is pinned.
func (l *Library) WrongVersion(got string) error {
	return l.broken("it is version %s, Eider needs %s", got, l.Version)
}
