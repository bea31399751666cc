// Arrow in both directions, over the C data interface.
#include "native.h"

#include <stdlib.h>
#include <string.h>

typedef void *duckdb_error_data;

bool duckdb_error_data_has_error(duckdb_error_data);
const char *duckdb_error_data_message(duckdb_error_data);
void duckdb_destroy_error_data(duckdb_error_data *);
duckdb_arrow_options duckdb_result_get_arrow_options(duckdb_result *);
void duckdb_destroy_arrow_options(duckdb_arrow_options *);
duckdb_error_data duckdb_to_arrow_schema(duckdb_arrow_options, duckdb_logical_type *, const char **, idx_t, void *);
duckdb_error_data duckdb_data_chunk_to_arrow(duckdb_arrow_options, duckdb_data_chunk, void *);
duckdb_error_data duckdb_schema_from_arrow(duckdb_connection, void *, duckdb_arrow_converted_schema *);
duckdb_error_data duckdb_data_chunk_from_arrow(duckdb_connection, void *, duckdb_arrow_converted_schema,
                                               duckdb_data_chunk *);
void duckdb_destroy_arrow_converted_schema(duckdb_arrow_converted_schema *);
const char *duckdb_column_name(duckdb_result *, idx_t);
duckdb_logical_type duckdb_column_logical_type(duckdb_result *, idx_t);
void duckdb_destroy_logical_type(duckdb_logical_type *);
duckdb_data_chunk duckdb_fetch_chunk(duckdb_result);
const char *duckdb_result_error(duckdb_result *);
idx_t duckdb_data_chunk_get_size(duckdb_data_chunk);
duckdb_vector duckdb_data_chunk_get_vector(duckdb_data_chunk, idx_t);
void duckdb_destroy_data_chunk(duckdb_data_chunk *);
duckdb_logical_type duckdb_vector_get_column_type(duckdb_vector);
void duckdb_vector_reference_vector(duckdb_vector, duckdb_vector);

// failed copies and frees an error.
static bool failed(duckdb_error_data data, char **error) {
	bool yes = data && duckdb_error_data_has_error(data);
	if (yes) {
		*error = strdup(duckdb_error_data_message(data));
	}
	duckdb_destroy_error_data(&data);
	return yes;
}

int eider_arrow_schema(eider_run *run, void *schema, duckdb_arrow_options *options) {
	idx_t n = run->columns;
	duckdb_logical_type *types = calloc(n + 1, sizeof(*types));
	const char **names = calloc(n + 1, sizeof(*names));
	for (idx_t i = 0; i < n; i++) {
		types[i] = duckdb_column_logical_type(&run->result, i);
		names[i] = duckdb_column_name(&run->result, i);
	}
	*options = duckdb_result_get_arrow_options(&run->result);
	bool bad = failed(duckdb_to_arrow_schema(*options, types, names, n, schema), &run->error);
	for (idx_t i = 0; i < n; i++) {
		duckdb_destroy_logical_type(&types[i]);
	}
	free(types);
	free(names);
	return bad ? EIDER_ERROR : EIDER_OK;
}

int64_t eider_arrow_fetch(eider_run *run, duckdb_arrow_options options, void *array) {
	for (;;) {
		duckdb_data_chunk chunk = duckdb_fetch_chunk(run->result);
		if (!chunk) {
			const char *error = duckdb_result_error(&run->result);
			if (error && *error) {
				run->error = strdup(error);
				return -1;
			}
			return 0;
		}
		int64_t rows = (int64_t)duckdb_data_chunk_get_size(chunk);
		bool bad = rows > 0 && failed(duckdb_data_chunk_to_arrow(options, chunk, array), &run->error);
		duckdb_destroy_data_chunk(&chunk);
		if (bad) {
			return -1;
		}
		if (rows > 0) {
			return rows;
		}
	}
}

void eider_destroy_arrow_options(duckdb_arrow_options options) {
	duckdb_destroy_arrow_options(&options);
}

duckdb_arrow_converted_schema eider_arrow_import(duckdb_connection conn, void *schema, char **error) {
	duckdb_arrow_converted_schema out = NULL;
	if (failed(duckdb_schema_from_arrow(conn, schema, &out), error)) {
		return NULL;
	}
	return out;
}

void eider_destroy_arrow_import(duckdb_arrow_converted_schema schema) {
	duckdb_destroy_arrow_converted_schema(&schema);
}

duckdb_data_chunk eider_arrow_chunk(duckdb_connection conn, duckdb_arrow_converted_schema schema, void *array, char **error) {
	duckdb_data_chunk chunk = NULL;
	if (failed(duckdb_data_chunk_from_arrow(conn, array, schema, &chunk), error)) {
		return NULL;
	}
	return chunk;
}

duckdb_logical_type eider_arrow_type(duckdb_data_chunk chunk, idx_t column) {
	return duckdb_vector_get_column_type(duckdb_data_chunk_get_vector(chunk, column));
}

void eider_reference(duckdb_vector to, duckdb_data_chunk chunk, idx_t column) {
	duckdb_vector_reference_vector(to, duckdb_data_chunk_get_vector(chunk, column));
}

void eider_destroy_chunk(duckdb_data_chunk chunk) {
	duckdb_destroy_data_chunk(&chunk);
}
