#include "api.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int next_batch(void *iterator);
typedef void reset_batches(void *iterator);
typedef void log_line(const char *text);

// The library's functions; the order is that of symbolNames in library.go.
static struct {
	void (*version)(int *major, int *minor, int *patch);
	const char *(*last_error)(void);
	int (*on_log)(log_line *);
	int (*proxy_create)(void **out);
	int (*proxy_set_columns)(void *proxy, const char *columns);
	int (*set_info)(void *matrix, const char *field, const char *array);
	int (*quantile_create)(void *iterator, void *proxy, void *ref, reset_batches *, next_batch *, const char *config, void **out);
	int (*columns_create)(const char *columns, const char *config, void **out);
	int (*matrix_free)(void *matrix);
	int (*create)(void *const *matrices, uint64_t n, void **out);
	int (*free)(void *booster);
	int (*set_param)(void *booster, const char *name, const char *value);
	int (*update)(void *booster, int round, void *matrix);
	int (*eval)(void *booster, int round, void **matrices, const char **names, uint64_t n, const char **out);
	int (*slice)(void *booster, int begin, int end, int step, void **out);
	int (*save)(void *booster, const char *config, uint64_t *size, const char **out);
	int (*load)(void *booster, const void *blob, uint64_t size);
	int (*predict_columns)(void *booster, const char *columns, const char *config, void *proxy, const uint64_t **shape, uint64_t *dim, const float **out);
	int (*predict_dense)(void *booster, const char *values, const char *config, void *proxy, const uint64_t **shape, uint64_t *dim, const float **out);
	int (*predict_matrix)(void *booster, void *matrix, const char *config, const uint64_t **shape, uint64_t *dim, const float **out);
	int (*features)(void *booster, uint64_t *out);
} lib;

_Static_assert(sizeof lib == XGB_SYMBOLS * sizeof(void *), "XGB_SYMBOLS counts the functions");

void xgb_bind(void **symbols) { memcpy(&lib, symbols, sizeof lib); }

void xgb_version(int out[3]) { lib.version(&out[0], &out[1], &out[2]); }

static char *failed(void) {
	const char *text = lib.last_error();
	char *copy = strdup(text != NULL && text[0] != 0 ? text : "it failed without a message");
	return copy;
}

static char *no_memory(void) { return strdup("std::bad_alloc"); }

static void no_log(const char *text) { (void)text; }

char *xgb_quiet(void) { return lib.on_log(no_log) == 0 ? NULL : failed(); }

// The library takes arrays as JSON texts with their address.
#define ARRAY_TEXT 160

static int array_text(char *to, const double *p, uint64_t rows) {
	return snprintf(to, ARRAY_TEXT, "{\"data\":[%" PRIuPTR ",true],\"shape\":[%" PRIu64 "],\"typestr\":\"<f8\",\"version\":3}", (uintptr_t)p, rows);
}

// columns_text describes the rows from ≤ i < from+rows of all columns.
static void columns_text(char *to, const xgb_table *t, uint64_t from, uint64_t rows) {
	char *p = to;
	*p++ = '[';
	for (uint64_t k = 0; k < t->width; k++) {
		if (k > 0) *p++ = ',';
		p += array_text(p, t->cols[k] + from, rows);
	}
	*p++ = ']';
	*p = 0;
}

static char *columns_buffer(const xgb_table *t) { return malloc((size_t)t->width * (ARRAY_TEXT + 1) + 3); }

// What the library's callbacks get: the table and how far they are.
typedef struct {
	const xgb_table *table;
	const int *stop;
	void *proxy;
	char *text;
	uint64_t batch, at;
	char *failed; // the first error; what the library says afterwards only follows from it
} feed;

static void feed_reset(void *iterator) { ((feed *)iterator)->at = 0; }

// feed_next gives the next batch and returns 1, or 0 at the end. A stop looks like an early
// end: the library notices the missing rows and fails, which xgb_matrix's caller expects.
static int feed_next(void *iterator) {
	feed *f = iterator;
	const xgb_table *t = f->table;
	if (f->at >= t->rows || f->failed != NULL || __atomic_load_n(f->stop, __ATOMIC_RELAXED)) return 0;
	uint64_t n = t->rows - f->at < f->batch ? t->rows - f->at : f->batch;
	columns_text(f->text, t, f->at, n);
	char one[ARRAY_TEXT];
	int bad = lib.proxy_set_columns(f->proxy, f->text);
	if (!bad && t->y != NULL) {
		array_text(one, t->y + f->at, n);
		bad = lib.set_info(f->proxy, "label", one);
	}
	if (!bad && t->w != NULL) {
		array_text(one, t->w + f->at, n);
		bad = lib.set_info(f->proxy, "weight", one);
	}
	f->at += n;
	if (bad) f->failed = failed();
	return bad ? 0 : 1;
}

char *xgb_matrix(const xgb_table *t, uint64_t batch, int max_bin, int threads, void *ref, const int *stop, void **out) {
	feed f = {.table = t, .stop = stop, .batch = batch, .text = columns_buffer(t)};
	if (f.text == NULL) return no_memory();
	char *err = NULL;
	char config[96];
	snprintf(config, sizeof config, "{\"missing\":NaN,\"nthread\":%d,\"max_bin\":%d}", threads, max_bin);
	if (lib.proxy_create(&f.proxy) != 0) {
		err = failed();
	} else {
		if (lib.quantile_create(&f, f.proxy, ref, feed_reset, feed_next, config, out) != 0) err = failed();
		lib.matrix_free(f.proxy);
	}
	free(f.text);
	if (f.failed != NULL) {
		free(err);
		err = f.failed;
	}
	return err;
}

void xgb_matrix_free(void *m) { lib.matrix_free(m); }

char *xgb_create(void **matrices, uint64_t n, void **out) { return lib.create(matrices, n, out) == 0 ? NULL : failed(); }

char *xgb_load(const void *blob, uint64_t size, void **out) {
	void *b;
	if (lib.create(NULL, 0, &b) != 0) return failed();
	if (lib.load(b, blob, size) != 0) {
		char *err = failed();
		lib.free(b);
		return err;
	}
	*out = b;
	return NULL;
}

void xgb_free(void *b) { lib.free(b); }

char *xgb_set(void *b, const char *name, const char *value) { return lib.set_param(b, name, value) == 0 ? NULL : failed(); }

char *xgb_update(void *b, int round, void *matrix) { return lib.update(b, round, matrix) == 0 ? NULL : failed(); }

char *xgb_eval(void *b, int round, void *matrix, double *value) {
	const char *name = "stop", *line;
	if (lib.eval(b, round, &matrix, &name, 1, &line) != 0) return failed();
	const char *colon = strrchr(line, ':');
	if (colon == NULL) return strdup("it evaluated no metric");
	*value = strtod(colon + 1, NULL);
	return NULL;
}

char *xgb_slice(void *b, int rounds, void **out) { return lib.slice(b, 0, rounds, 1, out) == 0 ? NULL : failed(); }

char *xgb_save(void *b, const char *config, void **out, uint64_t *size) {
	const char *data;
	if (lib.save(b, config, size, &data) != 0) return failed();
	*out = malloc(*size + 1);
	if (*out == NULL) return no_memory();
	memcpy(*out, data, *size);
	return NULL;
}

char *xgb_features(void *b, uint64_t *out) { return lib.features(b, out) == 0 ? NULL : failed(); }

static uint64_t count(const uint64_t *shape, uint64_t dim) {
	uint64_t n = 1;
	for (uint64_t i = 0; i < dim; i++) n *= shape[i];
	return n;
}

static char *copied(const float *from, const uint64_t *shape, uint64_t dim, float **out, uint64_t *size) {
	*size = count(shape, dim);
	*out = malloc(*size * sizeof(float) + 1);
	if (*out == NULL) return no_memory();
	memcpy(*out, from, *size * sizeof(float));
	return NULL;
}

static void predict_config(char to[192], int type, int in_place) {
	snprintf(to, 192, "{\"type\":%d,\"training\":false,\"iteration_begin\":0,\"iteration_end\":0,\"strict_shape\":true%s}", type,
		in_place ? ",\"missing\":NaN,\"cache_id\":0" : "");
}

char *xgb_predict_columns(void *b, const xgb_table *t, int margin, float **out, uint64_t *size) {
	char *text = columns_buffer(t);
	if (text == NULL) return no_memory();
	columns_text(text, t, 0, t->rows);
	char config[192];
	predict_config(config, margin, 1);
	const uint64_t *shape;
	uint64_t dim;
	const float *result;
	int bad = lib.predict_columns(b, text, config, NULL, &shape, &dim, &result);
	free(text);
	return bad ? failed() : copied(result, shape, dim, out, size);
}

char *xgb_predict_dense(void *b, const float *x, uint64_t rows, uint64_t width, int margin, float *out, uint64_t size) {
	char text[ARRAY_TEXT], config[192];
	snprintf(text, sizeof text, "{\"data\":[%" PRIuPTR ",true],\"shape\":[%" PRIu64 ",%" PRIu64 "],\"typestr\":\"<f4\",\"version\":3}", (uintptr_t)x, rows, width);
	predict_config(config, margin, 1);
	const uint64_t *shape;
	uint64_t dim;
	const float *result;
	if (lib.predict_dense(b, text, config, NULL, &shape, &dim, &result) != 0) return failed();
	if (count(shape, dim) != size) return strdup("the result has another shape than expected");
	memcpy(out, result, size * sizeof(float));
	return NULL;
}

char *xgb_contributions(void *b, const xgb_table *t, float **out, uint64_t *size) {
	char *text = columns_buffer(t);
	if (text == NULL) return no_memory();
	columns_text(text, t, 0, t->rows);
	void *matrix;
	int bad = lib.columns_create(text, "{\"missing\":NaN}", &matrix);
	free(text);
	if (bad) return failed();
	char config[192];
	predict_config(config, 2, 0);
	const uint64_t *shape;
	uint64_t dim;
	const float *result;
	char *err;
	if (lib.predict_matrix(b, matrix, config, &shape, &dim, &result) != 0)
		err = failed();
	else
		err = copied(result, shape, dim, out, size);
	lib.matrix_free(matrix);
	return err;
}
