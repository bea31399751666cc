#include "api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The Arrow C data interface: how columns are handed over without a copy.
// https://arrow.apache.org/docs/format/CDataInterface.html
typedef struct arrow_schema {
	const char *format, *name, *metadata;
	int64_t flags, n_children;
	struct arrow_schema **children, *dictionary;
	void (*release)(struct arrow_schema *);
	void *private_data;
} arrow_schema;

typedef struct arrow_array {
	int64_t length, null_count, offset, n_buffers, n_children;
	const void **buffers;
	struct arrow_array **children, *dictionary;
	void (*release)(struct arrow_array *);
	void *private_data;
} arrow_array;

typedef void log_line(const char *text);

// The library's functions; the order is that of symbolNames in library.go.
static struct {
	const char *(*last_error)(void);
	int (*on_log)(log_line *);
	int (*dataset_create)(int64_t n, const arrow_array *chunks, const arrow_schema *schema, const char *config, void *ref, void **out);
	int (*dataset_set)(void *dataset, const char *field, const void *data, int n, int type);
	int (*dataset_free)(void *dataset);
	int (*create)(void *dataset, const char *config, void **out);
	int (*load)(const char *text, int *rounds, void **out);
	int (*free)(void *booster);
	int (*add_valid)(void *booster, void *dataset);
	int (*update)(void *booster, int *finished);
	int (*eval_count)(void *booster, int *out);
	int (*eval)(void *booster, int which, int *n, double *out);
	int (*save)(void *booster, int start, int rounds, int importance, int64_t room, int64_t *size, char *out);
	int (*features)(void *booster, int *out);
	int (*classes)(void *booster, int *out);
	int (*rounds)(void *booster, int *out);
	int (*predict_size)(void *booster, int rows, int kind, int start, int rounds, int64_t *out);
	int (*predict)(void *booster, const void *x, int type, int rows, int width, int row_major, int kind, int start, int rounds, const char *config, int64_t *n, double *out);
} lib;

_Static_assert(sizeof lib == LGB_SYMBOLS * sizeof(void *), "LGB_SYMBOLS counts the functions");

enum { FLOAT = 0, DOUBLE = 1 };

void lgb_bind(void **symbols) { memcpy(&lib, symbols, sizeof lib); }

static char *failed(void) {
	const char *text = lib.last_error();
	return strdup(text != NULL && text[0] != 0 ? text : "it failed without a message");
}

static char *no_memory(void) { return strdup("std::bad_alloc"); }

static void no_log(const char *text) { (void)text; }

char *lgb_quiet(void) { return lib.on_log(no_log) == 0 ? NULL : failed(); }

static void released_array(arrow_array *a) { a->release = NULL; }
static void released_schema(arrow_schema *s) { s->release = NULL; }

// struct_of describes columns as one Arrow array of structures; everything lies in one
// block of memory, which the caller frees.
static void *struct_of(const double **cols, int64_t rows, int64_t width, arrow_array *whole, arrow_schema *type) {
	size_t n = (size_t)width;
	char *block = calloc(n + 1, sizeof(arrow_array) + sizeof(arrow_schema) + 2 * sizeof(void *) + 2 * sizeof(void *));
	if (block == NULL) return NULL;
	arrow_array *arrays = (arrow_array *)block;
	arrow_schema *schemas = (arrow_schema *)(arrays + n);
	arrow_array **array_list = (arrow_array **)(schemas + n);
	arrow_schema **schema_list = (arrow_schema **)(array_list + n);
	const void **buffers = (const void **)(schema_list + n); // a validity bitmap (none) and the values, a column
	for (size_t k = 0; k < n; k++) {
		buffers[2 * k] = NULL;
		buffers[2 * k + 1] = cols[k];
		arrays[k] = (arrow_array){.length = rows, .n_buffers = 2, .buffers = buffers + 2 * k, .release = released_array};
		schemas[k] = (arrow_schema){.format = "g", .name = "", .release = released_schema};
		array_list[k] = &arrays[k];
		schema_list[k] = &schemas[k];
	}
	*whole = (arrow_array){.length = rows, .n_buffers = 1, .buffers = buffers + 2 * n, .n_children = width, .children = array_list, .release = released_array};
	*type = (arrow_schema){.format = "+s", .name = "", .n_children = width, .children = schema_list, .release = released_schema};
	return block;
}

char *lgb_dataset(const double **cols, int64_t rows, int64_t width, const float *y, const float *w, const char *config, void *ref, void **out) {
	arrow_array whole;
	arrow_schema type;
	void *block = struct_of(cols, rows, width, &whole, &type);
	if (block == NULL) return no_memory();
	void *d = NULL;
	char *err = NULL;
	if (lib.dataset_create(1, &whole, &type, config, ref, &d) != 0) {
		err = failed();
	} else if ((y != NULL && lib.dataset_set(d, "label", y, (int)rows, FLOAT) != 0) || (w != NULL && lib.dataset_set(d, "weight", w, (int)rows, FLOAT) != 0)) {
		err = failed();
		lib.dataset_free(d);
	}
	free(block);
	*out = d;
	return err;
}

void lgb_dataset_free(void *d) { lib.dataset_free(d); }

char *lgb_create(void *dataset, const char *config, void **out) { return lib.create(dataset, config, out) == 0 ? NULL : failed(); }

char *lgb_load(const char *text, void **out) {
	int rounds;
	lib.on_log(no_log);
	return lib.load(text, &rounds, out) == 0 ? NULL : failed();
}

void lgb_free(void *b) { lib.free(b); }

char *lgb_add_stop(void *b, void *dataset) { return lib.add_valid(b, dataset) == 0 ? NULL : failed(); }

char *lgb_update(void *b, int *finished) { return lib.update(b, finished) == 0 ? NULL : failed(); }

char *lgb_eval(void *b, double *value) {
	int n = 0;
	double values[16];
	if (lib.eval_count(b, &n) != 0) return failed();
	if (n < 1 || n > 16) return strdup("it has another number of metrics than expected");
	if (lib.eval(b, 1, &n, values) != 0) return failed();
	*value = values[n - 1];
	return NULL;
}

char *lgb_save(void *b, int rounds, char **out, int64_t *size) {
	if (lib.save(b, 0, rounds, 1, 0, size, NULL) != 0) return failed();
	*out = malloc((size_t)*size + 1);
	if (*out == NULL) return no_memory();
	if (lib.save(b, 0, rounds, 1, *size, size, *out) != 0) {
		free(*out);
		return failed();
	}
	return NULL;
}

char *lgb_shape(void *b, int *features, int *classes, int *rounds) {
	return lib.features(b, features) == 0 && lib.classes(b, classes) == 0 && lib.rounds(b, rounds) == 0 ? NULL : failed();
}

char *lgb_predict(void *b, const void *x, int is_float, int rows, int width, int kind, int threads, double *out, int64_t size) {
	char config[48];
	snprintf(config, sizeof config, "num_threads=%d", threads);
	int64_t n = 0;
	lib.on_log(no_log);
	if (lib.predict_size(b, rows, kind, 0, 0, &n) != 0) return failed();
	if (n != size) return strdup("the result has another size than expected");
	return lib.predict(b, x, is_float ? FLOAT : DOUBLE, rows, width, 1, kind, 0, 0, config, &n, out) == 0 ? NULL : failed();
}
