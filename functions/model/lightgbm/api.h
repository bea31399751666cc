// The part of LightGBM's C interface that Eider calls, declared by ourselves: the shared
// library is opened at run time, so none of its headers is needed to build.
//
// The library keeps its last error a thread. Every function here therefore makes the call
// and reads the error within one C function: the goroutine may be on another thread at
// its next one.
#ifndef EIDER_LIGHTGBM_API_H
#define EIDER_LIGHTGBM_API_H

#include <stdint.h>

// The number of functions in lgb_bind's argument.
#define LGB_SYMBOLS 18

void lgb_bind(void **symbols);

// Each returns NULL, or a text that the caller frees.

// lgb_quiet silences the library's messages on this thread.
char *lgb_quiet(void);

// lgb_dataset makes a data set of columns of rows doubles, which the library reads in place.
// ref, where not NULL, is the set whose bins are used. y and w may be NULL.
char *lgb_dataset(const double **cols, int64_t rows, int64_t width, const float *y, const float *w, const char *config, void *ref, void **out);
void lgb_dataset_free(void *d);

char *lgb_create(void *dataset, const char *config, void **out);
char *lgb_load(const char *text, void **out);
void lgb_free(void *b);
char *lgb_add_stop(void *b, void *dataset);

// lgb_update adds a round; *finished is 1 where no tree could be grown.
char *lgb_update(void *b, int *finished);

// lgb_eval evaluates the set of lgb_add_stop; the last metric is *value.
char *lgb_eval(void *b, double *value);

// lgb_save writes the first rounds of the model (0: all) as text; the caller frees *out.
char *lgb_save(void *b, int rounds, char **out, int64_t *size);

char *lgb_shape(void *b, int *features, int *classes, int *rounds);

// lgb_predict fills out with size values; kind is 0 for predictions, 1 for margins, 3 for
// contributions. x is row-major; of float (is_float) or double.
char *lgb_predict(void *b, const void *x, int is_float, int rows, int width, int kind, int threads, double *out, int64_t size);

#endif
