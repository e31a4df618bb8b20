#include "CVector.h"

#if defined(__x86_64__)
#include <immintrin.h>

/// Interleaves the bytes of registers `i` and `i + width / 2`. Done four times, that turns 16 values of `width` bytes into `width`
/// runs of 16 bytes: each time, the bits of (register, byte) as an address move up by one.
static inline __attribute__((always_inline)) void split16(const uint8_t *values, const size_t width, size_t count,
                                                          uint8_t *target) {
    __m128i a[8], b[8];
    for (size_t i = 0; i < width; i++) a[i] = _mm_loadu_si128((const __m128i *)(values + 16 * i));
#pragma clang loop unroll(full)
    for (int step = 0; step < 4; step++) {
        for (size_t i = 0; i < width / 2; i++) {
            b[2 * i] = _mm_unpacklo_epi8(a[i], a[i + width / 2]);
            b[2 * i + 1] = _mm_unpackhi_epi8(a[i], a[i + width / 2]);
        }
        for (size_t i = 0; i < width; i++) a[i] = b[i];
    }
    for (size_t i = 0; i < width; i++) _mm_storeu_si128((__m128i *)(target + count * i), a[i]);
}

void vector_split_streams(const uint8_t *values, size_t count, size_t width, uint8_t *target) {
    size_t row = 0;
    if (width == 8) {
        for (; row + 16 <= count; row += 16) split16(values + 8 * row, 8, count, target + row);
    } else if (width == 4) {
        for (; row + 16 <= count; row += 16) split16(values + 4 * row, 4, count, target + row);
    }
    for (; row < count; row++) {
        for (size_t stream = 0; stream < width; stream++) target[stream * count + row] = values[width * row + stream];
    }
}

__attribute__((target("avx2"))) void vector_int64_extremes(const int64_t *values, size_t count, int64_t *smallest,
                                                           int64_t *largest) {
    int64_t least = *smallest, most = *largest;
    for (size_t i = 0; i < count; i++) {
        least = values[i] < least ? values[i] : least;
        most = values[i] > most ? values[i] : most;
    }
    *smallest = least;
    *largest = most;
}

__attribute__((target("avx2"))) size_t vector_float64_extremes(const double *values, size_t count, double *smallest,
                                                               double *largest) {
    // Minimum and maximum give their second operand where either is NaN: what there was.
    __m256d least[4], most[4];
    __m256i nans = _mm256_setzero_si256();
    for (int k = 0; k < 4; k++) {
        least[k] = _mm256_set1_pd(*smallest);
        most[k] = _mm256_set1_pd(*largest);
    }
    size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        for (int k = 0; k < 4; k++) {
            __m256d four = _mm256_loadu_pd(values + i + 4 * k);
            least[k] = _mm256_min_pd(four, least[k]);
            most[k] = _mm256_max_pd(four, most[k]);
            nans = _mm256_sub_epi64(nans, _mm256_castpd_si256(_mm256_cmp_pd(four, four, _CMP_UNORD_Q)));
        }
    }
    double low[16], high[16];
    uint64_t counts[4];
    for (int k = 0; k < 4; k++) {
        _mm256_storeu_pd(low + 4 * k, least[k]);
        _mm256_storeu_pd(high + 4 * k, most[k]);
    }
    _mm256_storeu_si256((__m256i *)counts, nans);
    for (int k = 0; k < 16; k++) {
        *smallest = low[k] < *smallest ? low[k] : *smallest;
        *largest = high[k] > *largest ? high[k] : *largest;
    }
    size_t nan_count = counts[0] + counts[1] + counts[2] + counts[3];
    for (; i < count; i++) {
        *smallest = values[i] < *smallest ? values[i] : *smallest;
        *largest = values[i] > *largest ? values[i] : *largest;
        nan_count += values[i] != values[i];
    }
    return nan_count;
}

#else

void vector_split_streams(const uint8_t *values, size_t count, size_t width, uint8_t *target) { __builtin_trap(); }

void vector_int64_extremes(const int64_t *values, size_t count, int64_t *smallest, int64_t *largest) { __builtin_trap(); }

size_t vector_float64_extremes(const double *values, size_t count, double *smallest, double *largest) { __builtin_trap(); }

#endif
