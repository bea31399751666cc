#include "bits_amd64.h"
void forest_codes_avx512(const struct forest_quantiser *q, const double *cuts, const int32_t *starts, const double *x,
                         int n, uint8_t *low, uint8_t *high){}
void forest_score_avx512(const struct forest_bits *bits, const struct forest_tree *trees, const uint16_t *slots,
                         const uint16_t *kids, const uint8_t *tables, const int32_t *lane_slots, const uint8_t *thresholds,
                         const uint8_t *codes, uint8_t *scratch, void *sums, int blocks){}
