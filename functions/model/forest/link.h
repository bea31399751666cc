#ifndef EIDER_FOREST_LINK_H
#define EIDER_FOREST_LINK_H

/* Each works in place on n values; the _f32 ones hold float32 values in doubles. */
void forest_sigmoid_f32(double *v, int n);
void forest_exp_f32(double *v, int n);
float forest_logit_f32(float p);
float forest_log_f32(float p);
void forest_softmax_f32(double *v, int n, int k, int stride);

void forest_sigmoid_f64(double *v, int n, double slope);
void forest_exp_f64(double *v, int n);
void forest_log1pexp_f64(double *v, int n);
void forest_softmax_f64(double *v, int n, int k, int stride);

#endif
