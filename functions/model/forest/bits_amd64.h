#ifndef EIDER_FOREST_BITS_H
#define EIDER_FOREST_BITS_H

#include <stdint.h>

/*
 * Bit-sliced scoring of trees; DESIGN.md explains it. What is said here of "a block" is
 * FOREST_AVX2_ROWS or FOREST_AVX512_ROWS rows. All arrays are the caller's, and every index in
 * them was made by newBitStep within bounds.
 */
#define FOREST_AVX2_ROWS 256
#define FOREST_AVX512_ROWS 512

/* The greatest number of leaves of a tree that is scored here, and of bits of its leaves' numbers. */
#define FOREST_MAX_LEAVES 4096
#define FOREST_MAX_PLANES 12

/* How a tree chooses its leaf. */
enum forest_form {
    FOREST_HEAP,  /* a complete tree of depth planes, at most 6: multiplexers */
    FOREST_REACH, /* any shape: the rows that reach each node */
};

/* One tree. */
struct forest_tree {
    int32_t form;
    int32_t planes; /* bits of a leaf's number */
    int32_t leaves;
    int32_t output;
    int32_t nodes;  /* its first in slots and, times two, in kids */
    int32_t table;  /* its first byte in tables */
};

/* Trees that share their masks. */
struct forest_bits {
    int32_t trees, lanes;
    int32_t stride;    /* rows from one lane's codes to the next one's, and from one output's sums */
    int32_t is_double; /* the sums' type */
    int32_t reach;     /* masks that the largest tree of FOREST_REACH wants: twice its leaves */
};

/*
 * How to find a value's code, the number of ascending cuts that are at most the value: starts has
 * for equal parts of the way from the first cut, low, to the last, high, the number of cuts in the
 * parts before; from there 2^steps - 1 cuts are searched. NaN pads the cuts. Values
 * within zero of 0 are missing where missing_zero is set.
 */
struct forest_quantiser {
    double low, high, scale, zero;
    int32_t steps, missing_zero;
};

/*
 * Writes the codes of n values; low gets 0 for missing values, high 255; either may be NULL. Codes for AVX2
 * are biased by 128, and stand in the order that the sums want (is_double).
 */
void forest_codes_avx2(const struct forest_quantiser *q, const double *cuts, const int32_t *starts, const double *x,
                       int n, int is_double, uint8_t *low, uint8_t *high);
void forest_codes_avx512(const struct forest_quantiser *q, const double *cuts, const int32_t *starts, const double *x,
                         int n, uint8_t *low, uint8_t *high);

/*
 * Adds the leaves of all trees to the sums of so many blocks of rows, in order. thresholds has a
 * slot's least code, lane after lane, lane l's from lane_slots[l] on; slot 0 is the mask of no rows.
 * scratch has room for bits->reach masks and one a slot; it, codes and tables are aligned to 64 bytes.
 */
void forest_score_avx2(const struct forest_bits *bits, const struct forest_tree *trees, const uint16_t *slots,
                       const uint16_t *kids, const uint8_t *tables, const int32_t *lane_slots, const uint8_t *thresholds,
                       const uint8_t *codes, uint8_t *scratch, void *sums, int blocks);
void forest_score_avx512(const struct forest_bits *bits, const struct forest_tree *trees, const uint16_t *slots,
                         const uint16_t *kids, const uint8_t *tables, const int32_t *lane_slots, const uint8_t *thresholds,
                         const uint8_t *codes, uint8_t *scratch, void *sums, int blocks);

/* 512, 256 or 0: the widest vectors that this processor and its operating system run. */
int forest_vector_bits(void);

#endif
