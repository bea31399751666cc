// The part of XGBoost's C interface that Eider calls, declared by ourselves: the shared
// library is opened at run time, so none of its headers is needed to build.
//
// The library keeps its last error and its result buffers a thread. Every function here
// therefore makes the call, reads the error and copies the result within one C function:
// the goroutine may be on another thread at its next one.
#ifndef EIDER_XGBOOST_API_H
#define EIDER_XGBOOST_API_H

#include <stdint.h>

// The functions' names in the order of xgb_bind's argument.
#define XGB_SYMBOLS 21

void xgb_bind(void **symbols);
void xgb_version(int out[3]);

// Each returns NULL, or a text that the caller frees.

// xgb_quiet silences the library's messages on this thread.
char *xgb_quiet(void);

// A table of columns of doubles; y and w may be NULL.
typedef struct {
	const double **cols;
	uint64_t rows, width;
	const double *y, *w;
} xgb_table;

// xgb_matrix makes a QuantileDMatrix. The library reads the columns in place, batch rows
// at a time, in several passes; it ends between batches once *stop isn't 0. ref, where not
// NULL, is the matrix whose cuts are used.
char *xgb_matrix(const xgb_table *t, uint64_t batch, int max_bin, int threads, void *ref, const int *stop, void **out);
void xgb_matrix_free(void *m);

char *xgb_create(void **matrices, uint64_t n, void **out);
char *xgb_load(const void *blob, uint64_t size, void **out);
void xgb_free(void *b);
char *xgb_set(void *b, const char *name, const char *value);
char *xgb_update(void *b, int round, void *matrix);

// xgb_eval evaluates one matrix, the last metric of the line is *value.
char *xgb_eval(void *b, int round, void *matrix, double *value);

// xgb_slice makes a booster of the first rounds of another.
char *xgb_slice(void *b, int rounds, void **out);

// xgb_save writes the model; the caller frees *out.
char *xgb_save(void *b, const char *config, void **out, uint64_t *size);

char *xgb_features(void *b, uint64_t *out);

// Predictions; the caller frees *out, *size counts floats.
char *xgb_predict_columns(void *b, const xgb_table *t, int margin, float **out, uint64_t *size);
char *xgb_predict_dense(void *b, const float *x, uint64_t rows, uint64_t width, int margin, float *out, uint64_t size);
char *xgb_contributions(void *b, const xgb_table *t, float **out, uint64_t *size);

#endif
