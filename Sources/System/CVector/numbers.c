#include "numbers.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))

/// Sixteen zeros, then 0xFF: read at offset n of 0...31, the last n bytes are set, or all.
static const uint8_t last_bytes[48] = {
    [16] = 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF,        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
};

AVX2 static inline __m128i last(size_t count) { return _mm_loadu_si128((const __m128i *)(last_bytes + count)); }

/// Two fields side by side, one in each half.
AVX2 static inline __m256i pair(__m128i first, __m128i second) {
    return _mm256_inserti128_si256(_mm256_castsi128_si256(first), second, 1);
}

AVX2 static inline __m128i text_before(const uint8_t *end) { return _mm_loadu_si128((const __m128i *)(end - 16)); }

/// The numbers that the bytes under `mask` at the end of each half spell, as 32-bit integers of the first and the last eight
/// digits in elements 0, 1 and 4, 5. `are_digits` is 0 if any of the bytes is no digit.
AVX2 static inline __m256i eights_of(__m256i text, __m256i mask, int *are_digits) {
    __m256i digits = _mm256_and_si256(_mm256_sub_epi8(text, _mm256_set1_epi8('0')), mask);
    __m256i nines = _mm256_set1_epi8(9);
    *are_digits = _mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(digits, nines), nines)) == -1;
    __m256i pairs = _mm256_maddubs_epi16(digits, _mm256_set1_epi16(10 | 1 << 8));
    __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi32(100 | 1 << 16));
    return _mm256_madd_epi16(_mm256_packus_epi32(fours, fours), _mm256_set1_epi32(10000 | 1 << 16));
}

/// One field alone, where its neighbour is no plain number; returns 1 where it is none itself.
AVX2 size_t parse_one_int64(const uint8_t *bytes, const uint32_t *edges, int64_t *value) {
    const uint8_t *end = bytes + edges[1] - 1;
    size_t length = edges[1] - 1 - edges[0];
    if (length - 1 > 15) return 1;
    int are_digits;
    __m256i eights = eights_of(pair(text_before(end), _mm_setzero_si128()), pair(last(length), _mm_setzero_si128()),
                               &are_digits);
    uint64_t both = (uint64_t)_mm_cvtsi128_si64(_mm256_castsi256_si128(eights));
    *value = (int64_t)((both & 0xFFFFFFFF) * 100000000 + (both >> 32));
    return !are_digits;
}

AVX2 size_t vector_parse_int64_256(const uint8_t *bytes, const uint32_t *edges, size_t stride, size_t count,
                               int64_t *values, uint8_t *status) {
    size_t undecided = 0;
    size_t row = 0;
    for (; row + 2 <= count; row += 2, edges += 2 * stride) {
        const uint32_t *others = edges + stride;
        // Fields of one to sixteen digits; a sign sends a field to the twin.
        size_t length = edges[1] - 1 - edges[0];
        size_t other_length = others[1] - 1 - others[0];
        int are_short = (length - 1 <= 15) & (other_length - 1 <= 15);
        int are_digits;
        __m256i eights = eights_of(pair(text_before(bytes + edges[1] - 1), text_before(bytes + others[1] - 1)),
                                   pair(last(length & 31), last(other_length & 31)), &are_digits);
        // first * 10^8 + second, in elements 0 and 2 of 64 bits.
        __m256i both = _mm256_add_epi64(_mm256_mul_epu32(eights, _mm256_set1_epi64x(100000000)),
                                        _mm256_srli_epi64(eights, 32));
        _mm_storeu_si128((__m128i *)(values + row),
                         _mm256_castsi256_si128(_mm256_permute4x64_epi64(both, _MM_SHUFFLE(3, 3, 2, 0))));
        if (__builtin_expect(!(are_short & are_digits), 0)) {
            for (size_t i = 0; i < 2; i++) {
                if (parse_one_int64(bytes, edges + i * stride, values + row + i)) {
                    status[row + i] = VECTOR_UNDECIDED;
                    undecided++;
                }
            }
        }
    }
    if (row < count && parse_one_int64(bytes, edges, values + row)) {
        status[row] = VECTOR_UNDECIDED;
        undecided++;
    }
    return undecided;
}

/// Where the last of sixteen bytes under `points` is: how many bytes follow it. Sixteen where there is none.
AVX2 static inline size_t bytes_after_point(uint32_t points) { return (size_t)__builtin_clz(points << 16 | 1 << 15); }

static const double powers_of_ten[17] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7, 1e8,
                                         1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e0};

/// One field alone, with or without a sign; returns 1 where it is no plain number.
AVX2 size_t parse_one_float64(const uint8_t *bytes, const uint32_t *edges, double *value) {
    const uint8_t *end = bytes + edges[1] - 1;
    size_t length = edges[1] - 1 - edges[0];
    int is_negative = bytes[edges[0]] == '-';
    size_t body = length - (size_t)is_negative;
    if (body - 1 > 16) return 1;
    __m128i text = text_before(end);
    __m128i points = _mm_and_si128(_mm_cmpeq_epi8(text, _mm_set1_epi8('.')), last(body < 16 ? body : 16));
    size_t after = bytes_after_point((uint32_t)_mm_movemask_epi8(points));
    size_t digit_count = body - (after < 16);
    if (digit_count - 1 > 15) return 1;
    __m128i digits = _mm_blendv_epi8(text_before(end - 1), text, last(after));
    int are_digits;
    __m256i eights = eights_of(pair(digits, _mm_setzero_si128()), pair(last(digit_count), _mm_setzero_si128()),
                               &are_digits);
    uint64_t both = (uint64_t)_mm_cvtsi128_si64(_mm256_castsi256_si128(eights));
    uint64_t magnitude = (both & 0xFFFFFFFF) * 100000000 + (both >> 32);
    if (!are_digits || magnitude > (uint64_t)1 << 53) return 1;
    double result = (double)(int64_t)magnitude / powers_of_ten[after];
    *value = is_negative ? -result : result;
    return 0;
}

AVX2 size_t vector_parse_float64_256(const uint8_t *bytes, const uint32_t *edges, size_t stride, size_t count,
                                 double *values, uint8_t *status) {
    size_t undecided = 0;
    size_t row = 0;
    for (; row + 2 <= count; row += 2, edges += 2 * stride) {
        const uint32_t *others = edges + stride;
        const uint8_t *end = bytes + edges[1] - 1;
        const uint8_t *other_end = bytes + others[1] - 1;
        // Fields of up to sixteen bytes without a sign; what is longer or signed is rarer and goes alone.
        size_t length = edges[1] - 1 - edges[0];
        size_t other_length = others[1] - 1 - others[0];
        int are_short = (length - 1 <= 15) & (other_length - 1 <= 15);
        __m256i text = pair(text_before(end), text_before(other_end));
        __m256i mask = pair(last(length & 31), last(other_length & 31));
        __m256i points = _mm256_and_si256(_mm256_cmpeq_epi8(text, _mm256_set1_epi8('.')), mask);
        uint32_t point_bits = (uint32_t)_mm256_movemask_epi8(points);
        size_t after = bytes_after_point(point_bits & 0xFFFF);
        size_t other_after = bytes_after_point(point_bits >> 16);
        // What stands before the last point moves one byte up, over it; an earlier point stays and is no digit.
        __m256i before = pair(text_before(end - 1), text_before(other_end - 1));
        __m256i digits = _mm256_blendv_epi8(before, text, pair(last(after), last(other_after)));
        size_t digit_count = (length & 31) - (after < 16);
        size_t other_digit_count = (other_length & 31) - (other_after < 16);
        int are_digits;
        __m256i eights =
            eights_of(digits, pair(last(digit_count & 31), last(other_digit_count & 31)), &are_digits);
        // Both are below 10^8, so their doubles are exact, and so are product and sum up to 2^53. Then both operands of the
        // division are exact, and it rounds once (Clinger 1990).
        __m256i first = _mm256_permutevar8x32_epi32(eights, _mm256_setr_epi32(0, 4, 1, 5, 0, 0, 0, 0));
        __m256d wide = _mm256_cvtepi32_pd(_mm256_castsi256_si128(first));
        __m128d magnitude = _mm_add_pd(_mm_mul_pd(_mm256_castpd256_pd128(wide), _mm_set1_pd(1e8)),
                                       _mm256_extractf128_pd(wide, 1));
        __m128d power = _mm_loadh_pd(_mm_load_sd(powers_of_ten + after), powers_of_ten + other_after);
        _mm_storeu_pd(values + row, _mm_div_pd(magnitude, power));
        int are_exact = _mm_movemask_pd(_mm_cmplt_pd(magnitude, _mm_set1_pd(0x1p53))) == 3;
        int have_digits = (digit_count != 0) & (other_digit_count != 0);
        if (__builtin_expect(!(are_short & are_digits & are_exact & have_digits), 0)) {
            for (size_t i = 0; i < 2; i++) {
                if (parse_one_float64(bytes, edges + i * stride, values + row + i)) {
                    status[row + i] = VECTOR_UNDECIDED;
                    undecided++;
                }
            }
        }
    }
    if (row < count && parse_one_float64(bytes, edges, values + row)) {
        status[row] = VECTOR_UNDECIDED;
        undecided++;
    }
    return undecided;
}

AVX2 size_t vector_parse_bool_256(const uint8_t *bytes, const uint32_t *edges, size_t stride, size_t count,
                              uint8_t *values, uint8_t *status) {
    // Spellings as little-endian words, zeros behind.
    const __m256i yes = _mm256_setr_epi64x(0x65757274, 0x65757254, 0x45555254, 0x31);
    const __m256i no = _mm256_setr_epi64x(0x65736C6166, 0x65736C6146, 0x45534C4146, 0x30);
    size_t undecided = 0;
    for (size_t row = 0; row < count; row++, edges += stride) {
        size_t length = edges[1] - 1 - edges[0];
        uint64_t word;
        __builtin_memcpy(&word, bytes + edges[0], 8);
        __m256i words = _mm256_set1_epi64x((long long)_bzhi_u64(word, length < 8 ? 8 * (uint32_t)length : 64));
        int is_yes = !_mm256_testz_si256(_mm256_cmpeq_epi64(words, yes), _mm256_set1_epi8(-1));
        int is_no = !_mm256_testz_si256(_mm256_cmpeq_epi64(words, no), _mm256_set1_epi8(-1));
        values[row] = (uint8_t)is_yes;
        if (__builtin_expect(!(is_yes | is_no) | (length > 5), 0)) {
            status[row] = VECTOR_UNDECIDED;
            undecided++;
        }
    }
    return undecided;
}

#else

size_t vector_parse_int64_256(const uint8_t *bytes, const uint32_t *edges, size_t stride, size_t count,
                          int64_t *values, uint8_t *status) {
    __builtin_trap();
}

size_t vector_parse_float64_256(const uint8_t *bytes, const uint32_t *edges, size_t stride, size_t count,
                            double *values, uint8_t *status) {
    __builtin_trap();
}

size_t vector_parse_bool_256(const uint8_t *bytes, const uint32_t *edges, size_t stride, size_t count,
                         uint8_t *values, uint8_t *status) {
    __builtin_trap();
}

#endif
