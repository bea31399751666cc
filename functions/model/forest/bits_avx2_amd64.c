#include "bits_amd64.h"

#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx2")))
#define INLINE static inline __attribute__((always_inline)) TARGET

/* Four doubles' places among the cuts after one step of the search. */
INLINE __m256i narrow(const double *cuts, __m256d x, __m256i at, long step) {
    __m256d cut = _mm256_i64gather_pd(cuts + step - 1, at, 8);
    __m256i ge = _mm256_castpd_si256(_mm256_cmp_pd(x, cut, _CMP_GE_OQ));
    return _mm256_add_epi64(at, _mm256_and_si256(ge, _mm256_set1_epi64x(step)));
}

/* Bytes of four vectors of four 64-bit values below 256, rows in order 0 4 8 12, 2 6 10 14, 1 5 9 13, 3 7 11 15. */
INLINE __m128i interleave(const __m256i v[4]) {
    __m256i t = _mm256_or_si256(_mm256_or_si256(v[0], _mm256_slli_epi64(v[1], 8)),
                                _mm256_or_si256(_mm256_slli_epi64(v[2], 16), _mm256_slli_epi64(v[3], 24)));
    return _mm_or_si128(_mm256_castsi256_si128(t), _mm_slli_epi64(_mm256_extracti128_si256(t, 1), 32));
}

/* Codes of 16 values, in the order of interleave; *missing gets 255 for missing values. */
INLINE __m128i codes16(const struct forest_quantiser *q, const double *cuts, const int32_t *starts, const double *x,
                       int missing_zero, __m128i *missing) {
    const __m256d low = _mm256_set1_pd(q->low), high = _mm256_set1_pd(q->high), scale = _mm256_set1_pd(q->scale);
    __m256d v[4];
    __m256i at[4], gone[4];
    for (int k = 0; k < 4; k++) {
        v[k] = _mm256_loadu_pd(x + 4 * k);
        __m256d none = _mm256_cmp_pd(v[k], v[k], _CMP_UNORD_Q);
        if (missing_zero) {
            __m256d size = _mm256_andnot_pd(_mm256_set1_pd(-0.0), v[k]);
            none = _mm256_or_pd(none, _mm256_cmp_pd(size, _mm256_set1_pd(q->zero), _CMP_LE_OQ));
        }
        gone[k] = _mm256_and_si256(_mm256_castpd_si256(none), _mm256_set1_epi64x(255));
        __m256d within = _mm256_min_pd(_mm256_max_pd(v[k], low), high); /* NaN becomes low */
        __m128i part = _mm256_cvttpd_epi32(_mm256_mul_pd(_mm256_sub_pd(within, low), scale));
        at[k] = _mm256_cvtepi32_epi64(_mm_i32gather_epi32(starts, part, 4));
    }
    for (long step = 1l << (q->steps - 1); step > 0; step /= 2) {
        for (int k = 0; k < 4; k++) at[k] = narrow(cuts, v[k], at[k], step);
    }
    *missing = interleave(gone);
    return _mm_andnot_si128(*missing, interleave(at));
}

/*
 * A block's rows stand in its codes so that unpacking bytes to sums, which works within halves of a
 * vector, gives sums in order: of 16 rows, floats want 0-3 and 8-11 in the first half of the
 * block, the others in the second; doubles want every other pair.
 */
INLINE void store16(uint8_t *lane, int row, __m128i codes, __m128i order) {
    uint8_t *to = lane + (row & ~255) + (row & 255) / 2;
    __m128i sorted = _mm_shuffle_epi8(_mm_xor_si128(codes, _mm_set1_epi8(-128)), order);
    _mm_storel_epi64((__m128i *)to, sorted);
    _mm_storel_epi64((__m128i *)(to + 128), _mm_unpackhi_epi64(sorted, sorted));
}

INLINE void write_codes(const struct forest_quantiser *q, const double *cuts, const int32_t *starts, const double *x, int n,
                        int missing_zero, __m128i order, uint8_t *low, uint8_t *high) {
    double rest[16];
    for (int r = 0; r < n; r += 16) {
        const double *from = x + r;
        if (n - r < 16) {
            memset(rest, 0, sizeof rest);
            memcpy(rest, from, (size_t)(n - r) * sizeof *rest);
            from = rest;
        }
        __m128i missing, codes = codes16(q, cuts, starts, from, missing_zero, &missing);
        if (low) store16(low, r, codes, order);
        if (high) store16(high, r, _mm_or_si128(codes, missing), order);
    }
}

TARGET void forest_codes_avx2(const struct forest_quantiser *q, const double *cuts, const int32_t *starts, const double *x,
                              int n, int is_double, uint8_t *low, uint8_t *high) {
    /* where interleave puts rows 0-3, 8-11, 4-7, 12-15, and rows 0 1 4 5 8 9 12 13, 2 3 6 7 10 11 14 15 */
    const __m128i floats = _mm_setr_epi8(0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15);
    const __m128i doubles = _mm_setr_epi8(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
    const __m128i order = is_double ? doubles : floats;
    if (q->missing_zero) {
        write_codes(q, cuts, starts, x, n, 1, order, low, high);
    } else {
        write_codes(q, cuts, starts, x, n, 0, order, low, high);
    }
}

/* For each slot the mask of the block's rows whose code is at least the slot's. */
INLINE void make_masks(const struct forest_bits *bits, const int32_t *lane_slots, const uint8_t *thresholds,
                       const uint8_t *codes, uint8_t *masks) {
    memset(masks, 0, 32);
    for (int lane = 0; lane < bits->lanes; lane++) {
        const __m256i *from = (const __m256i *)(codes + (size_t)lane * bits->stride);
        __m256i row[8];
        for (int g = 0; g < 8; g++) row[g] = _mm256_load_si256(from + g);
        for (int slot = lane_slots[lane]; slot < lane_slots[lane + 1]; slot++) {
            /* thresholds are one less than the least code, and biased */
            __m256i below = _mm256_set1_epi8((char)thresholds[slot]);
            uint32_t *to = (uint32_t *)(masks + (size_t)slot * 32);
            for (int g = 0; g < 8; g++) to[g] = (uint32_t)_mm256_movemask_epi8(_mm256_cmpgt_epi8(row[g], below));
        }
    }
}

#define MASK(slot) _mm256_load_si256((const __m256i *)(masks + (size_t)(slot) * 32))

/* b where s, else a */
INLINE __m256i mux(__m256i s, __m256i a, __m256i b) {
    return _mm256_xor_si256(a, _mm256_and_si256(s, _mm256_xor_si256(a, b)));
}

/*
 * The decisions on the way down a complete tree, for all rows at once: way[0] is the root's, and
 * PICKn chooses the decision of the node that a row has come to n levels below node i.
 */
#define PICK0(i, k) MASK(slots[i])
#define PICK1(i, k) mux(way[k], PICK0(2 * (i), k + 1), PICK0(2 * (i) + 1, k + 1))
#define PICK2(i, k) mux(way[k], PICK1(2 * (i), k + 1), PICK1(2 * (i) + 1, k + 1))
#define PICK3(i, k) mux(way[k], PICK2(2 * (i), k + 1), PICK2(2 * (i) + 1, k + 1))
#define PICK4(i, k) mux(way[k], PICK3(2 * (i), k + 1), PICK3(2 * (i) + 1, k + 1))
#define PICK5(i, k) mux(way[k], PICK4(2 * (i), k + 1), PICK4(2 * (i) + 1, k + 1))

/* planes[0] is the lowest bit of the leaf's number: the last decision. slots[1] is the root's. */
INLINE void heap_planes(int depth, const uint8_t *masks, const uint16_t *slots, __m256i *planes) {
    __m256i way[6];
    way[0] = PICK0(1, 0);
    if (depth > 1) way[1] = PICK1(1, 0);
    if (depth > 2) way[2] = PICK2(1, 0);
    if (depth > 3) way[3] = PICK3(1, 0);
    if (depth > 4) way[4] = PICK4(1, 0);
    if (depth > 5) way[5] = PICK5(1, 0);
    for (int k = 0; k < depth; k++) planes[k] = way[depth - 1 - k];
}

/*
 * The same for a tree of any shape: reach has the rows that come to each leaf, then to each split, in
 * an order where parents come first. A bit of the leaf's number is then the union of the leaves that
 * have it; joining neighbours after each bit halves what is left.
 */
INLINE void reach_planes(const struct forest_tree *tree, const uint8_t *masks, const uint16_t *slots, const uint16_t *kids,
                         __m256i *reach, __m256i *planes) {
    int leaves = tree->leaves;
    reach[leaves] = _mm256_set1_epi8(-1);
    for (int i = 0; i < leaves - 1; i++) {
        __m256i here = reach[leaves + i], right = MASK(slots[i]);
        reach[kids[2 * i]] = _mm256_andnot_si256(right, here);
        reach[kids[2 * i + 1]] = _mm256_and_si256(right, here);
    }
    for (int k = 0, left = leaves; k < tree->planes; k++) {
        __m256i plane = _mm256_setzero_si256();
        int i = 0;
        for (; i + 1 < left; i += 2) {
            plane = _mm256_or_si256(plane, reach[i + 1]);
            reach[i / 2] = _mm256_or_si256(reach[i], reach[i + 1]);
        }
        if (i < left) reach[i / 2] = reach[i];
        left = (left + 1) / 2;
        planes[k] = plane;
    }
}

/* Transposes the 8x8 bits of each 64-bit value. */
INLINE __m256i transpose(__m256i x) {
    __m256i t = _mm256_and_si256(_mm256_xor_si256(x, _mm256_srli_epi64(x, 7)), _mm256_set1_epi64x(0x00aa00aa00aa00aa));
    x = _mm256_xor_si256(x, _mm256_xor_si256(t, _mm256_slli_epi64(t, 7)));
    t = _mm256_and_si256(_mm256_xor_si256(x, _mm256_srli_epi64(x, 14)), _mm256_set1_epi64x(0x0000cccc0000cccc));
    x = _mm256_xor_si256(x, _mm256_xor_si256(t, _mm256_slli_epi64(t, 14)));
    t = _mm256_and_si256(_mm256_xor_si256(x, _mm256_srli_epi64(x, 28)), _mm256_set1_epi64x(0x00000000f0f0f0f0));
    return _mm256_xor_si256(x, _mm256_xor_si256(t, _mm256_slli_epi64(t, 28)));
}

/* Turns 8 planes of a bit a row into a byte a row: number[j] has rows 16j.. and 128+16j.. of the codes' order. */
INLINE void numbers(const __m256i p[8], __m256i number[8]) {
    __m256i a[8], b[8];
    for (int k = 0; k < 4; k++) {
        a[2 * k] = _mm256_unpacklo_epi8(p[2 * k], p[2 * k + 1]);
        a[2 * k + 1] = _mm256_unpackhi_epi8(p[2 * k], p[2 * k + 1]);
    }
    for (int k = 0; k < 2; k++) { /* planes 4k to 4k+3; b[4k+i] has bytes 4i to 4i+3 */
        b[4 * k + 0] = _mm256_unpacklo_epi16(a[4 * k], a[4 * k + 2]);
        b[4 * k + 1] = _mm256_unpackhi_epi16(a[4 * k], a[4 * k + 2]);
        b[4 * k + 2] = _mm256_unpacklo_epi16(a[4 * k + 1], a[4 * k + 3]);
        b[4 * k + 3] = _mm256_unpackhi_epi16(a[4 * k + 1], a[4 * k + 3]);
    }
    for (int i = 0; i < 4; i++) {
        number[2 * i] = transpose(_mm256_unpacklo_epi32(b[i], b[4 + i]));
        number[2 * i + 1] = transpose(_mm256_unpackhi_epi32(b[i], b[4 + i]));
    }
}

/* One byte of each row's leaf, from tables of 16 leaves each. */
INLINE __m256i leaf_byte(const uint8_t *table, int tables, __m256i number, __m256i bit4, __m256i bit5) {
    __m256i v[4];
    for (int k = 0; k < tables; k++) {
        __m256i t = _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)(table + 16 * k)));
        v[k] = _mm256_shuffle_epi8(t, number);
    }
    if (tables == 1) return v[0];
    v[0] = _mm256_blendv_epi8(v[0], v[1], bit4);
    if (tables == 2) return v[0];
    return _mm256_blendv_epi8(v[0], _mm256_blendv_epi8(v[2], v[3], bit4), bit5);
}

/* Adds the leaves of 32 rows, whose bytes v holds from the lowest, to their sums. */
INLINE void add_floats(const __m256i v[4], float *sums) {
    __m256i lo[2] = {_mm256_unpacklo_epi8(v[0], v[1]), _mm256_unpackhi_epi8(v[0], v[1])};
    __m256i hi[2] = {_mm256_unpacklo_epi8(v[2], v[3]), _mm256_unpackhi_epi8(v[2], v[3])};
    for (int k = 0; k < 2; k++) {
        __m256 a = _mm256_castsi256_ps(_mm256_unpacklo_epi16(lo[k], hi[k]));
        __m256 b = _mm256_castsi256_ps(_mm256_unpackhi_epi16(lo[k], hi[k]));
        _mm256_storeu_ps(sums + 16 * k, _mm256_add_ps(_mm256_loadu_ps(sums + 16 * k), a));
        _mm256_storeu_ps(sums + 16 * k + 8, _mm256_add_ps(_mm256_loadu_ps(sums + 16 * k + 8), b));
    }
}

INLINE void add_doubles(const __m256i v[8], double *sums) {
    __m256i w[4][2], q[2][4];
    for (int k = 0; k < 4; k++) {
        w[k][0] = _mm256_unpacklo_epi8(v[2 * k], v[2 * k + 1]);
        w[k][1] = _mm256_unpackhi_epi8(v[2 * k], v[2 * k + 1]);
    }
    for (int k = 0; k < 2; k++) {
        for (int h = 0; h < 2; h++) {
            q[k][2 * h] = _mm256_unpacklo_epi16(w[2 * k][h], w[2 * k + 1][h]);
            q[k][2 * h + 1] = _mm256_unpackhi_epi16(w[2 * k][h], w[2 * k + 1][h]);
        }
    }
    for (int i = 0; i < 4; i++) {
        __m256d a = _mm256_castsi256_pd(_mm256_unpacklo_epi32(q[0][i], q[1][i]));
        __m256d b = _mm256_castsi256_pd(_mm256_unpackhi_epi32(q[0][i], q[1][i]));
        _mm256_storeu_pd(sums + 8 * i, _mm256_add_pd(_mm256_loadu_pd(sums + 8 * i), a));
        _mm256_storeu_pd(sums + 8 * i + 4, _mm256_add_pd(_mm256_loadu_pd(sums + 8 * i + 4), b));
    }
}

/* Adds leaves of a tree of at most 64, looked up by byte shuffles. */
INLINE void add_shuffled(int is_double, int tables, const uint8_t *table, const __m256i number[8], void *sums) {
    for (int j = 0; j < 8; j++) {
        __m256i bit4 = _mm256_slli_epi16(number[j], 3), bit5 = _mm256_slli_epi16(number[j], 2), v[8];
        for (int k = 0; k < (is_double ? 8 : 4); k++) v[k] = leaf_byte(table + 16 * tables * k, tables, number[j], bit4, bit5);
        if (is_double) {
            add_doubles(v, (double *)sums + 32 * j);
        } else {
            add_floats(v, (float *)sums + 32 * j);
        }
    }
}

/* Adds leaves of a larger tree, gathered by their number, whose low and high bytes are given. */
INLINE void add_gathered(int is_double, const uint8_t *table, const __m256i low[8], const __m256i high[8], void *sums) {
    const __m256i none = _mm256_setzero_si256();
    for (int j = 0; j < 8; j++) {
        __m256i half[2] = {_mm256_unpacklo_epi8(low[j], high[j]), _mm256_unpackhi_epi8(low[j], high[j])};
        for (int k = 0; k < 4; k++) {
            __m256i at = k & 1 ? _mm256_unpackhi_epi16(half[k / 2], none) : _mm256_unpacklo_epi16(half[k / 2], none);
            if (!is_double) {
                float *to = (float *)sums + 32 * j + 8 * k;
                __m256 leaf = _mm256_i32gather_ps((const float *)table, at, 4);
                _mm256_storeu_ps(to, _mm256_add_ps(_mm256_loadu_ps(to), leaf));
                continue;
            }
            for (int h = 0; h < 2; h++) {
                double *to = (double *)sums + 32 * j + 8 * k + 4 * h;
                __m256i wide = h ? _mm256_unpackhi_epi32(at, none) : _mm256_unpacklo_epi32(at, none);
                __m256d leaf = _mm256_i64gather_pd((const double *)table, wide, 8);
                _mm256_storeu_pd(to, _mm256_add_pd(_mm256_loadu_pd(to), leaf));
            }
        }
    }
}

/* Scores one tree of a depth or number of planes that is known when this is compiled. */
INLINE void score_small(int is_double, int heap, int planes, const struct forest_tree *tree, const uint8_t *masks,
                        const uint16_t *slots, const uint16_t *kids, const uint8_t *table, __m256i *reach, void *sums) {
    __m256i plane[8], number[8];
    for (int k = 0; k < 8; k++) plane[k] = _mm256_setzero_si256();
    if (heap) {
        heap_planes(planes, masks, slots, plane);
    } else {
        reach_planes(tree, masks, slots, kids, reach, plane);
    }
    numbers(plane, number);
    add_shuffled(is_double, planes <= 4 ? 1 : 1 << (planes - 4), table, number, sums);
}

INLINE void score_large(int is_double, const struct forest_tree *tree, const uint8_t *masks, const uint16_t *slots,
                        const uint16_t *kids, const uint8_t *table, __m256i *reach, void *sums) {
    __m256i plane[16], low[8], high[8];
    for (int k = 0; k < 16; k++) plane[k] = _mm256_setzero_si256();
    reach_planes(tree, masks, slots, kids, reach, plane);
    numbers(plane, low);
    numbers(plane + 8, high);
    add_gathered(is_double, table, low, high, sums);
}

INLINE void score_block(int is_double, const struct forest_bits *bits, const struct forest_tree *trees, const uint16_t *slots,
                        const uint16_t *kids, const uint8_t *tables, const uint8_t *masks, __m256i *reach, uint8_t *sums) {
    for (int k = 0; k < bits->trees; k++) {
        const struct forest_tree *tree = trees + k;
        const uint16_t *at = slots + tree->nodes, *kid = kids + 2 * (size_t)tree->nodes;
        const uint8_t *table = tables + tree->table;
        uint8_t *to = sums + (size_t)tree->output * (size_t)bits->stride * (is_double ? 8 : 4);
#define SMALL(heap, planes) score_small(is_double, heap, planes, tree, masks, at, kid, table, reach, to)
        if (tree->form == FOREST_HEAP) {
            switch (tree->planes) {
            case 1: SMALL(1, 1); break;
            case 2: SMALL(1, 2); break;
            case 3: SMALL(1, 3); break;
            case 4: SMALL(1, 4); break;
            case 5: SMALL(1, 5); break;
            default: SMALL(1, 6); break;
            }
            continue;
        }
        switch (tree->planes) {
        case 0: case 1: case 2: case 3: case 4: SMALL(0, 4); break;
        case 5: SMALL(0, 5); break;
        case 6: SMALL(0, 6); break;
        default: score_large(is_double, tree, masks, at, kid, table, reach, to);
        }
#undef SMALL
    }
}

TARGET void forest_score_avx2(const struct forest_bits *bits, const struct forest_tree *trees, const uint16_t *slots,
                              const uint16_t *kids, const uint8_t *tables, const int32_t *lane_slots,
                              const uint8_t *thresholds, const uint8_t *codes, uint8_t *scratch, void *sums, int blocks) {
    uint8_t *masks = scratch + (size_t)bits->reach * 32;
    for (int b = 0; b < blocks; b++) {
        make_masks(bits, lane_slots, thresholds, codes + (size_t)b * FOREST_AVX2_ROWS, masks);
        if (bits->is_double) {
            uint8_t *to = (uint8_t *)sums + (size_t)b * FOREST_AVX2_ROWS * 8;
            score_block(1, bits, trees, slots, kids, tables, masks, (__m256i *)scratch, to);
        } else {
            uint8_t *to = (uint8_t *)sums + (size_t)b * FOREST_AVX2_ROWS * 4;
            score_block(0, bits, trees, slots, kids, tables, masks, (__m256i *)scratch, to);
        }
    }
}

int forest_vector_bits(void) {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
        return 512;
    }
    return __builtin_cpu_supports("avx2") ? 256 : 0;
}
