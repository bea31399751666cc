// Trampolines from DuckDB's threads into Go.
#include "native.h"

#include <stdlib.h>
#include <string.h>

typedef void *duckdb_scalar_function;
typedef void *duckdb_table_function;
typedef void (*destructor)(void *);
typedef void *(*copier)(void *);

duckdb_scalar_function duckdb_create_scalar_function(void);
void duckdb_destroy_scalar_function(duckdb_scalar_function *);
void duckdb_scalar_function_set_name(duckdb_scalar_function, const char *);
void duckdb_scalar_function_set_varargs(duckdb_scalar_function, duckdb_logical_type);
void duckdb_scalar_function_set_special_handling(duckdb_scalar_function);
void duckdb_scalar_function_set_volatile(duckdb_scalar_function);
void duckdb_scalar_function_add_parameter(duckdb_scalar_function, duckdb_logical_type);
void duckdb_scalar_function_set_return_type(duckdb_scalar_function, duckdb_logical_type);
void duckdb_scalar_function_set_extra_info(duckdb_scalar_function, void *, destructor);
void duckdb_scalar_function_set_bind(duckdb_scalar_function, void (*)(duckdb_bind_info));
void duckdb_scalar_function_set_function(duckdb_scalar_function,
                                         void (*)(duckdb_function_info, duckdb_data_chunk, duckdb_vector));
int duckdb_register_scalar_function(duckdb_connection, duckdb_scalar_function);
void *duckdb_scalar_function_bind_get_extra_info(duckdb_bind_info);
void duckdb_scalar_function_set_bind_data(duckdb_bind_info, void *, destructor);
void duckdb_scalar_function_set_bind_data_copy(duckdb_bind_info, copier);
void duckdb_scalar_function_bind_set_error(duckdb_bind_info, const char *);
void *duckdb_scalar_function_get_bind_data(duckdb_function_info);
void duckdb_scalar_function_set_error(duckdb_function_info, const char *);

duckdb_table_function duckdb_create_table_function(void);
void duckdb_destroy_table_function(duckdb_table_function *);
void duckdb_table_function_set_name(duckdb_table_function, const char *);
void duckdb_table_function_add_parameter(duckdb_table_function, duckdb_logical_type);
void duckdb_table_function_add_named_parameter(duckdb_table_function, const char *, duckdb_logical_type);
void duckdb_table_function_set_extra_info(duckdb_table_function, void *, destructor);
void duckdb_table_function_set_bind(duckdb_table_function, void (*)(duckdb_bind_info));
void duckdb_table_function_set_init(duckdb_table_function, void (*)(duckdb_init_info));
void duckdb_table_function_set_function(duckdb_table_function, void (*)(duckdb_function_info, duckdb_data_chunk));
void duckdb_table_function_supports_projection_pushdown(duckdb_table_function, bool);
int duckdb_register_table_function(duckdb_connection, duckdb_table_function);
void *duckdb_bind_get_extra_info(duckdb_bind_info);
void duckdb_bind_set_bind_data(duckdb_bind_info, void *, destructor);
void duckdb_bind_set_error(duckdb_bind_info, const char *);
void *duckdb_init_get_bind_data(duckdb_init_info);
void duckdb_init_set_init_data(duckdb_init_info, void *, destructor);
void duckdb_init_set_max_threads(duckdb_init_info, idx_t);
void duckdb_init_set_error(duckdb_init_info, const char *);
void *duckdb_function_get_init_data(duckdb_function_info);
void duckdb_function_set_error(duckdb_function_info, const char *);

// Go.
extern void eiderDeleteHandle(uintptr_t handle);
extern uintptr_t eiderCopyHandle(uintptr_t handle);
extern void eiderScalarBind(uintptr_t function, void *info);
extern void eiderScalarCall(uintptr_t bound, void *info, idx_t rows, eider_vector *in, void *out, void *data);
extern void eiderTableBind(uintptr_t function, void *info);
extern void eiderTableInit(uintptr_t bound, void *info);
extern void eiderTableFill(uintptr_t scan, void *info, void *chunk);

static void delete_handle(void *handle) {
	eiderDeleteHandle((uintptr_t)handle);
}

// with_text passes a text of Go's, which has no NUL at its end, to a setter.
static void with_text(void (*set)(void *, const char *), void *info, const char *message, size_t length) {
	char *text = malloc(length + 1);
	if (!text) {
		set(info, "out of memory");
		return;
	}
	memcpy(text, message, length);
	text[length] = 0;
	set(info, text);
	free(text);
}

// Scalar functions.

static void delete_bound(void *data) {
	eider_bound *b = data;
	eiderDeleteHandle(b->handle);
	free(b);
}

static void *copy_bound(void *data) {
	eider_bound *b = data;
	size_t size = sizeof(*b) + b->nodes * sizeof(eider_shape);
	eider_bound *c = malloc(size);
	memcpy(c, b, size);
	c->handle = eiderCopyHandle(b->handle);
	return c;
}

static void scalar_bind(duckdb_bind_info info) {
	eiderScalarBind((uintptr_t)duckdb_scalar_function_bind_get_extra_info(info), info);
}

// Most calls have few arguments: their pointers are gathered on the stack.
enum { STACK_NODES = 64 };

static void scalar_call(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_vector out) {
	eider_bound *b = duckdb_scalar_function_get_bind_data(info);
	eider_vector on_stack[STACK_NODES], *in = on_stack;
	if (b->nodes > STACK_NODES) {
		in = malloc(b->nodes * sizeof(*in));
		if (!in) {
			duckdb_scalar_function_set_error(info, "out of memory");
			return;
		}
	}
	idx_t rows = eider_gather(chunk, b->shape, b->columns, in);
	eiderScalarCall(b->handle, info, rows, in, out, duckdb_vector_get_data(out));
	if (in != on_stack) {
		free(in);
	}
}

int eider_register_scalar(duckdb_connection conn, const char *name, duckdb_logical_type *params, idx_t nparams,
                          duckdb_logical_type varargs, duckdb_logical_type returns, bool is_volatile, uintptr_t handle) {
	duckdb_scalar_function f = duckdb_create_scalar_function();
	duckdb_scalar_function_set_name(f, name);
	for (idx_t i = 0; i < nparams; i++) {
		duckdb_scalar_function_add_parameter(f, params[i]);
	}
	if (varargs) {
		duckdb_scalar_function_set_varargs(f, varargs);
	}
	duckdb_scalar_function_set_return_type(f, returns);
	duckdb_scalar_function_set_special_handling(f);
	if (is_volatile) {
		duckdb_scalar_function_set_volatile(f);
	}
	duckdb_scalar_function_set_extra_info(f, (void *)handle, delete_handle);
	duckdb_scalar_function_set_bind(f, scalar_bind);
	duckdb_scalar_function_set_function(f, scalar_call);
	int state = duckdb_register_scalar_function(conn, f);
	duckdb_destroy_scalar_function(&f);
	return state;
}

void eider_scalar_bound(duckdb_bind_info info, uintptr_t handle, uint32_t columns, const eider_shape *shape,
                        uint32_t nodes) {
	eider_bound *b = malloc(sizeof(*b) + nodes * sizeof(eider_shape));
	b->handle = handle;
	b->columns = columns;
	b->nodes = nodes;
	memcpy(b->shape, shape, nodes * sizeof(eider_shape));
	duckdb_scalar_function_set_bind_data(info, b, delete_bound);
	duckdb_scalar_function_set_bind_data_copy(info, copy_bound);
}

void eider_scalar_bind_error(duckdb_bind_info info, const char *message, size_t length) {
	with_text(duckdb_scalar_function_bind_set_error, info, message, length);
}

void eider_scalar_error(duckdb_function_info info, const char *message, size_t length) {
	with_text(duckdb_scalar_function_set_error, info, message, length);
}

// Table functions.

static void table_bind(duckdb_bind_info info) {
	eiderTableBind((uintptr_t)duckdb_bind_get_extra_info(info), info);
}

static void table_init(duckdb_init_info info) {
	eiderTableInit((uintptr_t)duckdb_init_get_bind_data(info), info);
}

static void table_fill(duckdb_function_info info, duckdb_data_chunk chunk) {
	eiderTableFill((uintptr_t)duckdb_function_get_init_data(info), info, chunk);
}

int eider_register_table(duckdb_connection conn, const char *name, duckdb_logical_type *params, idx_t nparams,
                         char **names, duckdb_logical_type *named, idx_t nnamed, uintptr_t handle) {
	duckdb_table_function f = duckdb_create_table_function();
	duckdb_table_function_set_name(f, name);
	for (idx_t i = 0; i < nparams; i++) {
		duckdb_table_function_add_parameter(f, params[i]);
	}
	for (idx_t i = 0; i < nnamed; i++) {
		duckdb_table_function_add_named_parameter(f, names[i], named[i]);
	}
	duckdb_table_function_set_extra_info(f, (void *)handle, delete_handle);
	duckdb_table_function_set_bind(f, table_bind);
	duckdb_table_function_set_init(f, table_init);
	duckdb_table_function_set_function(f, table_fill);
	duckdb_table_function_supports_projection_pushdown(f, true);
	int state = duckdb_register_table_function(conn, f);
	duckdb_destroy_table_function(&f);
	return state;
}

void eider_table_bound(duckdb_bind_info info, uintptr_t handle) {
	duckdb_bind_set_bind_data(info, (void *)handle, delete_handle);
}

void eider_table_bind_error(duckdb_bind_info info, const char *message, size_t length) {
	with_text(duckdb_bind_set_error, info, message, length);
}

void eider_table_started(duckdb_init_info info, uintptr_t handle, idx_t threads) {
	duckdb_init_set_init_data(info, (void *)handle, delete_handle);
	duckdb_init_set_max_threads(info, threads);
}

void eider_table_init_error(duckdb_init_info info, const char *message, size_t length) {
	with_text(duckdb_init_set_error, info, message, length);
}

void eider_table_error(duckdb_function_info info, const char *message, size_t length) {
	with_text(duckdb_function_set_error, info, message, length);
}
