#include "native.h"

#include <stdlib.h>
#include <string.h>

int duckdb_prepare(duckdb_connection, const char *, duckdb_prepared_statement *);
void duckdb_destroy_prepare(duckdb_prepared_statement *);
const char *duckdb_prepare_error(duckdb_prepared_statement);
idx_t duckdb_nparams(duckdb_prepared_statement);
const char *duckdb_parameter_name(duckdb_prepared_statement, idx_t);
duckdb_logical_type duckdb_param_logical_type(duckdb_prepared_statement, idx_t);
int duckdb_prepared_statement_type(duckdb_prepared_statement);
idx_t duckdb_prepared_statement_column_count(duckdb_prepared_statement);
const char *duckdb_prepared_statement_column_name(duckdb_prepared_statement, idx_t);
duckdb_logical_type duckdb_prepared_statement_column_logical_type(duckdb_prepared_statement, idx_t);

idx_t duckdb_extract_statements(duckdb_connection, const char *, duckdb_extracted_statements *);
int duckdb_prepare_extracted_statement(duckdb_connection, duckdb_extracted_statements, idx_t,
                                       duckdb_prepared_statement *);
const char *duckdb_extract_statements_error(duckdb_extracted_statements);
void duckdb_destroy_extracted(duckdb_extracted_statements *);

int duckdb_pending_prepared(duckdb_prepared_statement, duckdb_pending_result *);
int duckdb_pending_prepared_streaming(duckdb_prepared_statement, duckdb_pending_result *);
int duckdb_execute_pending(duckdb_pending_result, duckdb_result *);
const char *duckdb_pending_error(duckdb_pending_result);
void duckdb_destroy_pending(duckdb_pending_result *);

idx_t duckdb_column_count(duckdb_result *);
const char *duckdb_column_name(duckdb_result *, idx_t);
duckdb_logical_type duckdb_column_logical_type(duckdb_result *, idx_t);
idx_t duckdb_rows_changed(duckdb_result *);
int32_t duckdb_column_type(duckdb_result *, idx_t);
int64_t duckdb_value_int64(duckdb_result *, idx_t, idx_t);
const char *duckdb_result_error(duckdb_result *);
int duckdb_result_return_type(duckdb_result);
duckdb_data_chunk duckdb_fetch_chunk(duckdb_result);
void duckdb_destroy_result(duckdb_result *);
bool duckdb_result_is_streaming(duckdb_result);

int duckdb_get_type_id(duckdb_logical_type);
char *duckdb_logical_type_get_alias(duckdb_logical_type);
uint8_t duckdb_decimal_width(duckdb_logical_type);
uint8_t duckdb_decimal_scale(duckdb_logical_type);
char *duckdb_enum_dictionary_value(duckdb_logical_type, idx_t);
void duckdb_destroy_logical_type(duckdb_logical_type *);
void duckdb_free(void *);

idx_t duckdb_data_chunk_get_size(duckdb_data_chunk);
duckdb_vector duckdb_data_chunk_get_vector(duckdb_data_chunk, idx_t);
void duckdb_destroy_data_chunk(duckdb_data_chunk *);
void *duckdb_vector_get_data(duckdb_vector);
uint64_t *duckdb_vector_get_validity(duckdb_vector);
duckdb_vector duckdb_list_vector_get_child(duckdb_vector);
idx_t duckdb_list_vector_get_size(duckdb_vector);
duckdb_vector duckdb_struct_vector_get_child(duckdb_vector, idx_t);
duckdb_vector duckdb_array_vector_get_child(duckdb_vector);

static char *copy_error(const char *error) {
	return strdup(error ? error : "unknown error");
}

static int describe_prepared(int state, eider_prepared *out) {
	if (state != 0) {
		out->error = copy_error(out->stmt ? duckdb_prepare_error(out->stmt) : NULL);
		duckdb_destroy_prepare(&out->stmt);
		out->stmt = NULL;
		return EIDER_ERROR;
	}
	out->kind = (uint32_t)duckdb_prepared_statement_type(out->stmt);
	out->params = (uint32_t)duckdb_nparams(out->stmt);
	out->columns = (uint32_t)duckdb_prepared_statement_column_count(out->stmt);
	return EIDER_OK;
}

int eider_prepare(duckdb_connection conn, const char *sql, eider_prepared *out) {
	memset(out, 0, sizeof(*out));
	return describe_prepared(duckdb_prepare(conn, sql, &out->stmt), out);
}

idx_t eider_extract(duckdb_connection conn, const char *sql, duckdb_extracted_statements *out, char **error) {
	*error = NULL;
	idx_t n = duckdb_extract_statements(conn, sql, out);
	if (n == 0) {
		const char *e = duckdb_extract_statements_error(*out);
		if (e) {
			*error = copy_error(e);
		}
	}
	return n;
}

int eider_prepare_extracted(duckdb_connection conn, duckdb_extracted_statements list, idx_t i, eider_prepared *out) {
	memset(out, 0, sizeof(*out));
	return describe_prepared(duckdb_prepare_extracted_statement(conn, list, i, &out->stmt), out);
}

void eider_destroy_extracted(duckdb_extracted_statements list) {
	duckdb_destroy_extracted(&list);
}

void eider_destroy_prepared(duckdb_prepared_statement stmt) {
	duckdb_destroy_prepare(&stmt);
}

// The ids of DUCKDB_TYPE that have parts or modifiers.
enum { TYPE_DECIMAL = 19, TYPE_ENUM = 23, TYPE_LIST = 24, TYPE_STRUCT = 25, TYPE_MAP = 26, TYPE_UNION = 28, TYPE_ARRAY = 33 };

void eider_describe_type(duckdb_logical_type type, eider_column *out) {
	out->type = NULL;
	out->alias = NULL;
	out->width = out->scale = 0;
	out->id = type ? duckdb_get_type_id(type) : 0;
	if (!type) {
		return;
	}
	out->alias = duckdb_logical_type_get_alias(type);
	switch (out->id) {
	case TYPE_ENUM:
	case TYPE_LIST:
	case TYPE_STRUCT:
	case TYPE_MAP:
	case TYPE_UNION:
	case TYPE_ARRAY:
		out->type = type;
		return;
	case TYPE_DECIMAL:
		out->width = duckdb_decimal_width(type);
		out->scale = duckdb_decimal_scale(type);
	}
	duckdb_destroy_logical_type(&type);
}

void eider_describe_columns(duckdb_prepared_statement stmt, idx_t n, eider_column *out) {
	for (idx_t i = 0; i < n; i++) {
		out[i].name = duckdb_prepared_statement_column_name(stmt, i);
		out[i].owned = 1;
		eider_describe_type(duckdb_prepared_statement_column_logical_type(stmt, i), &out[i]);
	}
}

void eider_describe_params(duckdb_prepared_statement stmt, idx_t n, eider_column *out) {
	for (idx_t i = 0; i < n; i++) {
		out[i].name = duckdb_parameter_name(stmt, i + 1);
		out[i].owned = 1;
		eider_describe_type(duckdb_param_logical_type(stmt, i + 1), &out[i]);
	}
}

void eider_describe_result(duckdb_result *result, idx_t n, eider_column *out) {
	for (idx_t i = 0; i < n; i++) {
		out[i].name = duckdb_column_name(result, i);
		out[i].owned = 0;
		eider_describe_type(duckdb_column_logical_type(result, i), &out[i]);
	}
}

void eider_release_columns(eider_column *cols, idx_t n) {
	for (idx_t i = 0; i < n; i++) {
		if (cols[i].owned) {
			duckdb_free((void *)cols[i].name);
		}
		if (cols[i].alias) {
			duckdb_free(cols[i].alias);
		}
		if (cols[i].type) {
			duckdb_destroy_logical_type(&cols[i].type);
		}
		memset(&cols[i], 0, sizeof(cols[i]));
	}
}

char *eider_enum_labels(duckdb_logical_type type, uint32_t n, uint64_t *ends) {
	size_t used = 0, room = (size_t)n * 16 + 64;
	char *text = malloc(room);
	for (uint32_t i = 0; i < n; i++) {
		char *label = duckdb_enum_dictionary_value(type, i);
		size_t length = strlen(label);
		if (used + length > room) {
			room = 2 * (used + length);
			text = realloc(text, room);
		}
		memcpy(text + used, label, length);
		duckdb_free(label);
		ends[i] = used += length;
	}
	return text;
}

enum { RESULT_CHANGED_ROWS = 1, RESULT_NOTHING = 2, TYPE_BIGINT = 5 };

int eider_execute(duckdb_connection conn, duckdb_prepared_statement stmt, bool streaming, eider_run *run) {
	duckdb_pending_result pending = NULL;
	int state = streaming ? duckdb_pending_prepared_streaming(stmt, &pending) : duckdb_pending_prepared(stmt, &pending);
	if (state != 0) {
		run->error = copy_error(pending ? duckdb_pending_error(pending) : NULL);
		duckdb_destroy_pending(&pending);
		return EIDER_ERROR;
	}
	if (__atomic_load_n(&run->cancelled, __ATOMIC_SEQ_CST)) {
		/* The tasks run already, in DuckDB's threads, and would go on to their end:
		   they have to be told again, and execute has to gather them. */
		duckdb_interrupt(conn);
	}
	state = duckdb_execute_pending(pending, &run->result);
	duckdb_destroy_pending(&pending);
	if (state != 0) {
		run->error = copy_error(duckdb_result_error(&run->result));
		duckdb_destroy_result(&run->result);
		run->result.internal_data = NULL;
		return EIDER_ERROR;
	}
	run->return_type = duckdb_result_return_type(run->result);
	run->columns = (uint32_t)duckdb_column_count(&run->result);
	run->changed = 0;
	if (run->return_type == RESULT_CHANGED_ROWS) {
		run->changed = (int64_t)duckdb_rows_changed(&run->result);
	} else if (run->return_type == RESULT_NOTHING && run->columns == 1 && duckdb_column_type(&run->result, 0) == TYPE_BIGINT) {
		/* CREATE TABLE … AS counts its rows, but DuckDB calls that no change. */
		run->changed = duckdb_value_int64(&run->result, 0, 0);
	}
	return EIDER_OK;
}

bool eider_is_streaming(const eider_run *run) {
	return duckdb_result_is_streaming(run->result);
}

void eider_destroy_run(eider_run *run) {
	if (run->chunk) {
		duckdb_destroy_data_chunk(&run->chunk);
		run->chunk = NULL;
	}
	if (run->result.internal_data) {
		duckdb_destroy_result(&run->result);
		run->result.internal_data = NULL;
	}
	free(run->error);
	run->error = NULL;
}

// gather writes v and its descendants in preorder and returns how many that were;
// *shape moves behind the type it read.
static uint32_t gather(duckdb_vector v, idx_t len, const eider_shape **shape, eider_vector *out) {
	eider_shape s = *(*shape)++;
	out->len = len;
	out->validity = duckdb_vector_get_validity(v);
	uint32_t n = 1;
	switch (s.kind) {
	case EIDER_LIST:
		out->data = duckdb_vector_get_data(v);
		return n + gather(duckdb_list_vector_get_child(v), duckdb_list_vector_get_size(v), shape, out + n);
	case EIDER_ARRAY:
		out->data = NULL;
		return n + gather(duckdb_array_vector_get_child(v), len * s.n, shape, out + n);
	case EIDER_STRUCT:
		out->data = NULL;
		for (uint32_t i = 0; i < s.n; i++) {
			n += gather(duckdb_struct_vector_get_child(v, i), len, shape, out + n);
		}
		return n;
	}
	out->data = duckdb_vector_get_data(v);
	return n;
}

idx_t eider_gather(duckdb_data_chunk chunk, const eider_shape *shape, uint32_t columns, eider_vector *out) {
	idx_t rows = duckdb_data_chunk_get_size(chunk);
	for (uint32_t i = 0; i < columns; i++) {
		out += gather(duckdb_data_chunk_get_vector(chunk, i), rows, &shape, out);
	}
	return rows;
}

void eider_gather_vector(duckdb_vector v, idx_t len, const eider_shape *shape, eider_vector *out) {
	gather(v, len, &shape, out);
}

int64_t eider_fetch(eider_run *run, const eider_shape *shape, uint32_t columns, eider_vector *out) {
	for (;;) {
		if (run->chunk) {
			duckdb_destroy_data_chunk(&run->chunk);
		}
		run->chunk = duckdb_fetch_chunk(run->result);
		if (!run->chunk) {
			const char *error = duckdb_result_error(&run->result);
			if (error && *error) {
				run->error = copy_error(error);
						return -1;
			}
			return 0;
		}
		idx_t rows = eider_gather(run->chunk, shape, columns, out);
		if (rows) {
			return (int64_t)rows;
		}
		// Some plans yield empty chunks before their end: ask again.
		// (A stream at its end gives NULL.)
	}
}
