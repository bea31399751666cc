#include "link.h"

#include <math.h>

/*
 * The libraries' last step from margins to predictions, with the C library's exp and expf
 * as they call them: Go's math.Exp rounds differently now and then.
 */

void forest_sigmoid_f32(double *v, int n) {
    for (int i = 0; i < n; i++) {
        float x = -(float)v[i];
        x = x < 88.7f ? x : 88.7f;
        v[i] = 1.0f / (expf(x) + 1.0f);
    }
}

void forest_exp_f32(double *v, int n) {
    for (int i = 0; i < n; i++) v[i] = expf((float)v[i]);
}

float forest_logit_f32(float p) { return -logf(1.0f / p - 1.0f); }
float forest_log_f32(float p) { return logf(p); }

/* k classes in columns of the given stride. */
void forest_softmax_f32(double *v, int n, int k, int stride) {
    for (int i = 0; i < n; i++) {
        double *row = v + i;
        float top = (float)row[0];
        for (int c = 1; c < k; c++) top = fmaxf((float)row[(long)c * stride], top);
        double sum = 0;
        for (int c = 0; c < k; c++) {
            float e = expf((float)row[(long)c * stride] - top);
            row[(long)c * stride] = e;
            sum += e;
        }
        for (int c = 0; c < k; c++) row[(long)c * stride] = (float)row[(long)c * stride] / (float)sum;
    }
}

void forest_sigmoid_f64(double *v, int n, double slope) {
    for (int i = 0; i < n; i++) v[i] = 1.0 / (1.0 + exp(-slope * v[i]));
}

void forest_exp_f64(double *v, int n) {
    for (int i = 0; i < n; i++) v[i] = exp(v[i]);
}

void forest_log1pexp_f64(double *v, int n) {
    for (int i = 0; i < n; i++) v[i] = log1p(exp(v[i]));
}

void forest_softmax_f64(double *v, int n, int k, int stride) {
    for (int i = 0; i < n; i++) {
        double *row = v + i, top = row[0], sum = 0;
        for (int c = 1; c < k; c++) top = fmax(row[(long)c * stride], top);
        for (int c = 0; c < k; c++) {
            double e = exp(row[(long)c * stride] - top);
            row[(long)c * stride] = e;
            sum += e;
        }
        for (int c = 0; c < k; c++) row[(long)c * stride] /= sum;
    }
}
