// Our own prototypes of the functions of DuckDB's C API that the hot paths use,
// and the helpers over them that make one cgo call out of many. The symbols come
// from the static library that the driver's modules bring to the final link.
#ifndef EIDER_DUCK_NATIVE_H
#define EIDER_DUCK_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Every object of DuckDB is an opaque pointer to its user.
typedef void *duckdb_connection;
typedef void *duckdb_prepared_statement;
typedef void *duckdb_extracted_statements;
typedef void *duckdb_pending_result;
typedef void *duckdb_logical_type;
typedef void *duckdb_data_chunk;
typedef void *duckdb_vector;
typedef uint64_t idx_t;

// Passed by value, so its layout is part of the ABI; only internal_data is in use.
typedef struct {
	idx_t deprecated_counts[3];
	void *deprecated_pointers[2];
	void *internal_data;
} duckdb_result;

typedef struct {
	double percentage;
	uint64_t rows_processed;
	uint64_t total_rows_to_process;
} duckdb_query_progress_type;

// Statements.

typedef struct {
	duckdb_prepared_statement stmt;
	char *error; // malloc'ed
	uint32_t kind, params, columns;
} eider_prepared;

// eider_prepare prepares the only statement of sql.
int eider_prepare(duckdb_connection conn, const char *sql, eider_prepared *out);
// eider_extract parses sql into its statements; 0 with *error set on failure.
idx_t eider_extract(duckdb_connection conn, const char *sql, duckdb_extracted_statements *out, char **error);
int eider_prepare_extracted(duckdb_connection conn, duckdb_extracted_statements list, idx_t i, eider_prepared *out);
void eider_destroy_extracted(duckdb_extracted_statements list);
void eider_destroy_prepared(duckdb_prepared_statement stmt);

// A column or parameter as described. type is kept for types with parts only
// (LIST, STRUCT, …); name and alias are malloc'ed by DuckDB where owned.
typedef struct {
	const char *name;
	char *alias;
	duckdb_logical_type type;
	int32_t id;
	uint8_t width, scale, owned;
} eider_column;

void eider_describe_columns(duckdb_prepared_statement stmt, idx_t n, eider_column *out);
void eider_describe_params(duckdb_prepared_statement stmt, idx_t n, eider_column *out);
void eider_describe_result(duckdb_result *result, idx_t n, eider_column *out);
// eider_describe_type takes type over; eider_release_columns destroys what is kept.
void eider_describe_type(duckdb_logical_type type, eider_column *out);
void eider_release_columns(eider_column *cols, idx_t n);
// eider_enum_labels gives the n labels of an ENUM one behind the other, malloc'ed, and where each ends.
char *eider_enum_labels(duckdb_logical_type type, uint32_t n, uint64_t *ends);

// Results.

typedef struct {
	duckdb_result result;
	duckdb_data_chunk chunk; // the one that the last fetch gave
	char *error;             // malloc'ed
	int32_t return_type;
	uint32_t columns;
	int32_t cancelled; // set by Go, atomically, before it interrupts
	int64_t changed;
} eider_run;

enum { EIDER_OK = 0, EIDER_ERROR = 1 };

// eider_execute runs stmt until its first chunk exists (streaming) or to the end.
// The flag is looked at after planning, where DuckDB forgets earlier interrupts.
int eider_execute(duckdb_connection conn, duckdb_prepared_statement stmt, bool streaming, eider_run *run);
void eider_destroy_run(eider_run *run);
// eider_is_streaming tells whether chunks are still computed by the connection.
bool eider_is_streaming(const eider_run *run);

typedef struct {
	void *data;
	uint64_t *validity;
	idx_t len;
} eider_vector;

// A type in preorder: what a vector is, then its children.
enum { EIDER_LEAF = 0, EIDER_LIST = 1, EIDER_STRUCT = 2, EIDER_ARRAY = 3 };
typedef struct {
	uint32_t kind, n; // n: members of a STRUCT, elements of an ARRAY
} eider_shape;

// eider_fetch drops the last chunk, fetches the next and gathers the pointers of
// all its vectors. It returns the rows, 0 at the end, -1 for run->error.
int64_t eider_fetch(eider_run *run, const eider_shape *shape, uint32_t columns, eider_vector *out);
// eider_gather does the gathering for any chunk.
idx_t eider_gather(duckdb_data_chunk chunk, const eider_shape *shape, uint32_t columns, eider_vector *out);
// eider_gather_vector does it for one vector of len rows.
void eider_gather_vector(duckdb_vector v, idx_t len, const eider_shape *shape, eider_vector *out);

// Writing vectors.

typedef struct {
	idx_t row;
	uint64_t offset, length; // in the bytes that come along
} eider_string;

// eider_vector_validity makes v's mask writable and returns it.
uint64_t *eider_vector_validity(duckdb_vector v);
// eider_assign_strings copies n strings into rows of v, unchecked.
void eider_assign_strings(duckdb_vector v, const char *bytes, const eider_string *strings, idx_t n);
// eider_copy_strings copies n of DuckDB's 16-byte strings; rows that are not valid are left out.
void eider_copy_strings(duckdb_vector v, const void *strings, const uint64_t *validity, idx_t n);
// eider_list_resize makes room for size elements and sets the size; it returns the child.
duckdb_vector eider_list_resize(duckdb_vector v, idx_t size);
// A vector to write to and its data.
typedef struct {
	duckdb_vector vector;
	void *data;
} eider_slot;

// eider_slots gives the first n vectors of a chunk.
void eider_slots(duckdb_data_chunk chunk, idx_t n, eider_slot *out);
// eider_child gives child i of a STRUCT, UNION or (i = 0) ARRAY or LIST, and its data.
void eider_child(duckdb_vector v, uint32_t kind, idx_t i, eider_slot *out);
void *duckdb_vector_get_data(duckdb_vector v);
void duckdb_data_chunk_set_size(duckdb_data_chunk chunk, idx_t size);

// Arrow. Schemas and arrays are those of the C data interface.

typedef void *duckdb_arrow_options;
typedef void *duckdb_arrow_converted_schema;

// eider_arrow_schema writes the result's schema into schema and the options for its chunks.
int eider_arrow_schema(eider_run *run, void *schema, duckdb_arrow_options *options);
// eider_arrow_fetch is eider_fetch into an Arrow array.
int64_t eider_arrow_fetch(eider_run *run, duckdb_arrow_options options, void *array);
void eider_destroy_arrow_options(duckdb_arrow_options options);
// eider_arrow_import reads a schema; NULL with *error set on failure.
duckdb_arrow_converted_schema eider_arrow_import(duckdb_connection conn, void *schema, char **error);
void eider_destroy_arrow_import(duckdb_arrow_converted_schema schema);
// eider_arrow_chunk makes a chunk of an array, which it takes over.
duckdb_data_chunk eider_arrow_chunk(duckdb_connection conn, duckdb_arrow_converted_schema schema, void *array, char **error);
duckdb_logical_type eider_arrow_type(duckdb_data_chunk chunk, idx_t column);
// eider_reference makes to share column's data.
void eider_reference(duckdb_vector to, duckdb_data_chunk chunk, idx_t column);
void eider_destroy_chunk(duckdb_data_chunk chunk);

// Callbacks. A handle is a runtime/cgo.Handle; DuckDB frees it by eiderDeleteHandle.

typedef void *duckdb_function_info;
typedef void *duckdb_bind_info;
typedef void *duckdb_init_info;

// What a bound call of a scalar function needs: its Go side and the shape of its arguments.
typedef struct {
	uintptr_t handle;
	uint32_t columns, nodes;
	eider_shape shape[];
} eider_bound;

int eider_register_scalar(duckdb_connection conn, const char *name, duckdb_logical_type *params, idx_t nparams,
                          duckdb_logical_type varargs, duckdb_logical_type returns, bool is_volatile, uintptr_t handle);
void eider_scalar_bound(duckdb_bind_info info, uintptr_t handle, uint32_t columns, const eider_shape *shape, uint32_t nodes);
void eider_scalar_bind_error(duckdb_bind_info info, const char *message, size_t length);
void eider_scalar_error(duckdb_function_info info, const char *message, size_t length);

int eider_register_table(duckdb_connection conn, const char *name, duckdb_logical_type *params, idx_t nparams,
                         char **names, duckdb_logical_type *named, idx_t nnamed, uintptr_t handle);
void eider_table_bound(duckdb_bind_info info, uintptr_t handle);
void eider_table_bind_error(duckdb_bind_info info, const char *message, size_t length);
void eider_table_started(duckdb_init_info info, uintptr_t handle, idx_t threads);
void eider_table_init_error(duckdb_init_info info, const char *message, size_t length);
void eider_table_error(duckdb_function_info info, const char *message, size_t length);

void duckdb_interrupt(duckdb_connection connection);
duckdb_query_progress_type duckdb_query_progress(duckdb_connection connection);

#endif
