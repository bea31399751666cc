#include "bits_amd64.h"

#include <immintrin.h>
#include <string.h>

/* The same as bits_avx2_amd64.c, 512 rows at a time; compares give masks, so rows stand in their order. */

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,prefer-vector-width=512")))
#define INLINE static inline __attribute__((always_inline)) TARGET

/* Codes of 8 values, a 64-bit number each; *missing has the missing ones. */
INLINE __m512i codes8(const struct forest_quantiser *q, const double *cuts, const int32_t *starts, const double *x, int missing_zero,
                      __mmask8 *missing) {
    const __m512d low = _mm512_set1_pd(q->low), high = _mm512_set1_pd(q->high), scale = _mm512_set1_pd(q->scale);
    __m512d v = _mm512_loadu_pd(x);
    __mmask8 none = _mm512_cmp_pd_mask(v, v, _CMP_UNORD_Q);
    if (missing_zero) none |= _mm512_cmp_pd_mask(_mm512_abs_pd(v), _mm512_set1_pd(q->zero), _CMP_LE_OQ);
    __m512d within = _mm512_min_pd(_mm512_max_pd(v, low), high); /* NaN becomes low */
    __m256i part = _mm512_cvttpd_epi32(_mm512_mul_pd(_mm512_sub_pd(within, low), scale));
    __m512i at = _mm512_cvtepi32_epi64(_mm256_i32gather_epi32(starts, part, 4));
    for (long step = 1l << (q->steps - 1); step > 0; step /= 2) {
        __m512d cut = _mm512_i64gather_pd(at, cuts + step - 1, 8);
        at = _mm512_mask_add_epi64(at, _mm512_cmp_pd_mask(v, cut, _CMP_GE_OQ), at, _mm512_set1_epi64(step));
    }
    *missing = none;
    return _mm512_maskz_mov_epi64((__mmask8)~none, at);
}

INLINE void write_codes(const struct forest_quantiser *q, const double *cuts, const int32_t *starts, const double *x, int n,
                        int missing_zero, uint8_t *low, uint8_t *high) {
    double rest[16];
    for (int r = 0; r < n; r += 16) {
        const double *from = x + r;
        if (n - r < 16) {
            memset(rest, 0, sizeof rest);
            memcpy(rest, from, (size_t)(n - r) * sizeof *rest);
            from = rest;
        }
        __mmask8 gone[2];
        __m512i code[2];
        for (int k = 0; k < 2; k++) code[k] = codes8(q, cuts, starts, from + 8 * k, missing_zero, &gone[k]);
        for (int k = 0; k < 2; k++) {
            if (low) _mm_storel_epi64((__m128i *)(low + r + 8 * k), _mm512_cvtepi64_epi8(code[k]));
            if (high) {
                __m512i all = _mm512_mask_mov_epi64(code[k], gone[k], _mm512_set1_epi64(255));
                _mm_storel_epi64((__m128i *)(high + r + 8 * k), _mm512_cvtepi64_epi8(all));
            }
        }
    }
}

TARGET void forest_codes_avx512(const struct forest_quantiser *q, const double *cuts, const int32_t *starts, const double *x,
                                int n, uint8_t *low, uint8_t *high) {
    if (q->missing_zero) {
        write_codes(q, cuts, starts, x, n, 1, low, high);
    } else {
        write_codes(q, cuts, starts, x, n, 0, low, high);
    }
}

/* For each slot the mask of the block's rows whose code is at least the slot's. */
INLINE void make_masks(const struct forest_bits *bits, const int32_t *lane_slots, const uint8_t *thresholds,
                       const uint8_t *codes, uint8_t *masks) {
    memset(masks, 0, 64);
    for (int lane = 0; lane < bits->lanes; lane++) {
        const uint8_t *from = codes + (size_t)lane * bits->stride;
        __m512i row[8];
        for (int g = 0; g < 8; g++) row[g] = _mm512_loadu_si512(from + 64 * g);
        for (int slot = lane_slots[lane]; slot < lane_slots[lane + 1]; slot++) {
            __m512i least = _mm512_set1_epi8((char)thresholds[slot]);
            uint64_t *to = (uint64_t *)(masks + (size_t)slot * 64);
            for (int g = 0; g < 8; g++) to[g] = _cvtmask64_u64(_mm512_cmpge_epu8_mask(row[g], least));
        }
    }
}

#define MASK(slot) _mm512_load_si512(masks + (size_t)(slot) * 64)

/* b where s, else a: the truth table of s ? b : a */
#define MUX(s, a, b) _mm512_ternarylogic_epi64(s, b, a, 0xca)

#define PICK0(i, k) MASK(slots[i])
#define PICK1(i, k) MUX(way[k], PICK0(2 * (i), k + 1), PICK0(2 * (i) + 1, k + 1))
#define PICK2(i, k) MUX(way[k], PICK1(2 * (i), k + 1), PICK1(2 * (i) + 1, k + 1))
#define PICK3(i, k) MUX(way[k], PICK2(2 * (i), k + 1), PICK2(2 * (i) + 1, k + 1))
#define PICK4(i, k) MUX(way[k], PICK3(2 * (i), k + 1), PICK3(2 * (i) + 1, k + 1))
#define PICK5(i, k) MUX(way[k], PICK4(2 * (i), k + 1), PICK4(2 * (i) + 1, k + 1))

INLINE void heap_planes(int depth, const uint8_t *masks, const uint16_t *slots, __m512i *planes) {
    __m512i way[6];
    way[0] = PICK0(1, 0);
    if (depth > 1) way[1] = PICK1(1, 0);
    if (depth > 2) way[2] = PICK2(1, 0);
    if (depth > 3) way[3] = PICK3(1, 0);
    if (depth > 4) way[4] = PICK4(1, 0);
    if (depth > 5) way[5] = PICK5(1, 0);
    for (int k = 0; k < depth; k++) planes[k] = way[depth - 1 - k];
}

INLINE void reach_planes(const struct forest_tree *tree, const uint8_t *masks, const uint16_t *slots, const uint16_t *kids,
                         __m512i *reach, __m512i *planes) {
    int leaves = tree->leaves;
    reach[leaves] = _mm512_set1_epi8(-1);
    for (int i = 0; i < leaves - 1; i++) {
        __m512i here = reach[leaves + i], right = MASK(slots[i]);
        reach[kids[2 * i]] = _mm512_andnot_si512(right, here);
        reach[kids[2 * i + 1]] = _mm512_and_si512(right, here);
    }
    for (int k = 0, left = leaves; k < tree->planes; k++) {
        __m512i plane = _mm512_setzero_si512();
        int i = 0;
        for (; i + 1 < left; i += 2) {
            plane = _mm512_or_si512(plane, reach[i + 1]);
            reach[i / 2] = _mm512_or_si512(reach[i], reach[i + 1]);
        }
        if (i < left) reach[i / 2] = reach[i];
        left = (left + 1) / 2;
        planes[k] = plane;
    }
}

/* Turns planes of a bit a row into a byte a row. */
INLINE void numbers(int planes, const __m512i *plane, uint8_t *number) {
    uint64_t word[8][8] __attribute__((aligned(64)));
    for (int k = 0; k < planes; k++) _mm512_store_si512(word[k], plane[k]);
    for (int g = 0; g < 8; g++) {
        __m512i v = _mm512_setzero_si512();
        for (int k = 0; k < planes; k++) {
            v = _mm512_mask_add_epi8(v, _cvtu64_mask64(word[k][g]), v, _mm512_set1_epi8((char)(1 << k)));
        }
        _mm512_store_si512(number + 64 * g, v);
    }
}

/* Leaves of 16 rows from tables of 16. */
INLINE __m512 pick_floats(int tables, const float *table, __m512i at) {
    if (tables == 1) return _mm512_permutexvar_ps(at, _mm512_load_ps(table));
    __m512 low = _mm512_permutex2var_ps(_mm512_load_ps(table), at, _mm512_load_ps(table + 16));
    if (tables == 2) return low;
    __m512 high = _mm512_permutex2var_ps(_mm512_load_ps(table + 32), at, _mm512_load_ps(table + 48));
    return _mm512_mask_mov_ps(low, _mm512_test_epi32_mask(at, _mm512_set1_epi32(32)), high);
}

/* Leaves of 8 rows from tables of 16. */
INLINE __m512d pick_doubles(int tables, const double *table, __m512i at) {
    __m512d v[4];
    for (int k = 0; k < tables; k++) {
        v[k] = _mm512_permutex2var_pd(_mm512_load_pd(table + 16 * k), at, _mm512_load_pd(table + 16 * k + 8));
    }
    if (tables == 1) return v[0];
    __mmask8 bit4 = _mm512_test_epi64_mask(at, _mm512_set1_epi64(16));
    v[0] = _mm512_mask_mov_pd(v[0], bit4, v[1]);
    if (tables == 2) return v[0];
    v[2] = _mm512_mask_mov_pd(v[2], bit4, v[3]);
    return _mm512_mask_mov_pd(v[0], _mm512_test_epi64_mask(at, _mm512_set1_epi64(32)), v[2]);
}

INLINE void add_floats(float *sums, __m512 leaf) { _mm512_storeu_ps(sums, _mm512_add_ps(_mm512_loadu_ps(sums), leaf)); }

INLINE void add_doubles(double *sums, __m512d leaf) { _mm512_storeu_pd(sums, _mm512_add_pd(_mm512_loadu_pd(sums), leaf)); }

/* Scores one tree of at most 64 leaves, of a depth or number of planes that is known when this is compiled. */
INLINE void score_small(int is_double, int heap, int planes, const struct forest_tree *tree, const uint8_t *masks,
                        const uint16_t *slots, const uint16_t *kids, const uint8_t *table, __m512i *reach, void *sums) {
    __m512i plane[8];
    uint8_t number[512] __attribute__((aligned(64)));
    const int tables = planes <= 4 ? 1 : 1 << (planes - 4);
    for (int k = 0; k < 8; k++) plane[k] = _mm512_setzero_si512();
    if (heap) {
        heap_planes(planes, masks, slots, plane);
    } else {
        reach_planes(tree, masks, slots, kids, reach, plane);
    }
    numbers(planes, plane, number);
    if (!is_double) {
        for (int r = 0; r < 512; r += 16) {
            __m512i at = _mm512_cvtepu8_epi32(_mm_load_si128((const __m128i *)(number + r)));
            add_floats((float *)sums + r, pick_floats(tables, (const float *)table, at));
        }
        return;
    }
    for (int r = 0; r < 512; r += 8) {
        __m512i at = _mm512_cvtepu8_epi64(_mm_loadl_epi64((const __m128i *)(number + r)));
        add_doubles((double *)sums + r, pick_doubles(tables, (const double *)table, at));
    }
}

/* Scores a larger tree: leaves are gathered. */
INLINE void score_large(int is_double, const struct forest_tree *tree, const uint8_t *masks, const uint16_t *slots,
                        const uint16_t *kids, const uint8_t *table, __m512i *reach, void *sums) {
    __m512i plane[16];
    uint8_t low[512] __attribute__((aligned(64))), high[512] __attribute__((aligned(64)));
    for (int k = 0; k < 16; k++) plane[k] = _mm512_setzero_si512();
    reach_planes(tree, masks, slots, kids, reach, plane);
    numbers(8, plane, low);
    numbers(FOREST_MAX_PLANES - 8, plane + 8, high);
    for (int r = 0; r < 512; r += 16) {
        __m512i at = _mm512_cvtepu8_epi32(_mm_load_si128((const __m128i *)(low + r)));
        at = _mm512_or_si512(at, _mm512_slli_epi32(_mm512_cvtepu8_epi32(_mm_load_si128((const __m128i *)(high + r))), 8));
        if (!is_double) {
            add_floats((float *)sums + r, _mm512_i32gather_ps(at, table, 4));
            continue;
        }
        add_doubles((double *)sums + r, _mm512_i32gather_pd(_mm512_castsi512_si256(at), table, 8));
        add_doubles((double *)sums + r + 8, _mm512_i32gather_pd(_mm512_extracti64x4_epi64(at, 1), table, 8));
    }
}

INLINE void score_block(int is_double, const struct forest_bits *bits, const struct forest_tree *trees, const uint16_t *slots,
                        const uint16_t *kids, const uint8_t *tables, const uint8_t *masks, __m512i *reach, uint8_t *sums) {
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

TARGET void forest_score_avx512(const struct forest_bits *bits, const struct forest_tree *trees, const uint16_t *slots,
                                const uint16_t *kids, const uint8_t *tables, const int32_t *lane_slots,
                                const uint8_t *thresholds, const uint8_t *codes, uint8_t *scratch, void *sums, int blocks) {
    uint8_t *masks = scratch + (size_t)bits->reach * 64;
    for (int b = 0; b < blocks; b++) {
        make_masks(bits, lane_slots, thresholds, codes + (size_t)b * FOREST_AVX512_ROWS, masks);
        if (bits->is_double) {
            uint8_t *to = (uint8_t *)sums + (size_t)b * FOREST_AVX512_ROWS * 8;
            score_block(1, bits, trees, slots, kids, tables, masks, (__m512i *)scratch, to);
        } else {
            uint8_t *to = (uint8_t *)sums + (size_t)b * FOREST_AVX512_ROWS * 4;
            score_block(0, bits, trees, slots, kids, tables, masks, (__m512i *)scratch, to);
        }
    }
}
