// Writing DuckDB's vectors, several values a call.
#include "native.h"

#include <string.h>

uint64_t *duckdb_vector_get_validity(duckdb_vector);
void duckdb_vector_ensure_validity_writable(duckdb_vector);
void duckdb_unsafe_vector_assign_string_element_len(duckdb_vector, idx_t, const char *, idx_t);
duckdb_vector duckdb_list_vector_get_child(duckdb_vector);
int duckdb_list_vector_reserve(duckdb_vector, idx_t);
int duckdb_list_vector_set_size(duckdb_vector, idx_t);
duckdb_vector duckdb_struct_vector_get_child(duckdb_vector, idx_t);
duckdb_vector duckdb_array_vector_get_child(duckdb_vector);
duckdb_vector duckdb_data_chunk_get_vector(duckdb_data_chunk, idx_t);

uint64_t *eider_vector_validity(duckdb_vector v) {
	duckdb_vector_ensure_validity_writable(v);
	return duckdb_vector_get_validity(v);
}

void eider_assign_strings(duckdb_vector v, const char *bytes, const eider_string *strings, idx_t n) {
	for (idx_t i = 0; i < n; i++) {
		duckdb_unsafe_vector_assign_string_element_len(v, strings[i].row, bytes + strings[i].offset, strings[i].length);
	}
}

// The layout of DuckDB's strings: up to 12 bytes inline, else a prefix and a pointer.
typedef struct {
	uint32_t length;
	char prefix[4];
	const char *pointer;
} string_t;

void eider_copy_strings(duckdb_vector v, const void *strings, const uint64_t *validity, idx_t n) {
	const string_t *from = strings;
	string_t *to = duckdb_vector_get_data(v);
	for (idx_t i = 0; i < n; i++) {
		if (validity && !(validity[i >> 6] >> (i & 63) & 1)) {
			continue;
		}
		if (from[i].length <= 12) {
			to[i] = from[i];
		} else {
			duckdb_unsafe_vector_assign_string_element_len(v, i, from[i].pointer, from[i].length);
		}
	}
}

duckdb_vector eider_list_resize(duckdb_vector v, idx_t size) {
	if (duckdb_list_vector_reserve(v, size) != 0 || duckdb_list_vector_set_size(v, size) != 0) {
		return NULL;
	}
	return duckdb_list_vector_get_child(v);
}

void eider_slots(duckdb_data_chunk chunk, idx_t n, eider_slot *out) {
	for (idx_t i = 0; i < n; i++) {
		out[i].vector = duckdb_data_chunk_get_vector(chunk, i);
		out[i].data = duckdb_vector_get_data(out[i].vector);
	}
}

void eider_child(duckdb_vector v, uint32_t kind, idx_t i, eider_slot *out) {
	switch (kind) {
	case EIDER_LIST:
		out->vector = duckdb_list_vector_get_child(v);
		break;
	case EIDER_ARRAY:
		out->vector = duckdb_array_vector_get_child(v);
		break;
	default:
		out->vector = duckdb_struct_vector_get_child(v, i);
	}
	out->data = duckdb_vector_get_data(out->vector);
}
