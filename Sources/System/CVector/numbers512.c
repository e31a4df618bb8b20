#include "numbers.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bitalg,bmi,bmi2,popcnt")))

/// The eight bytes at either place, wherever that is.
AVX512 static inline __m128i eights_at(const void *first, const void *second) {
    return _mm_unpacklo_epi64(_mm_loadu_si64(first), _mm_loadu_si64(second));
}

/// Where four fields lie.
typedef struct {
    /// Their lengths, in elements of 32 bits.
    __m128i lengths;
    /// For each field sixteen bits, of which as many are set from the top as the field has bytes.
    __m128i bytes;
    /// Whether all have one to sixteen bytes. If not, `bytes` means nothing.
    int are_short;
} four_fields;

AVX512 static inline four_fields fields_of(const uint32_t *edges, size_t stride) {
    // Two edges of each field are next to each other.
    __m128i low = eights_at(edges, edges + stride);
    __m128i high = eights_at(edges + 2 * stride, edges + 3 * stride);
    __m128i starts =
        _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(low), _mm_castsi128_ps(high), _MM_SHUFFLE(2, 0, 2, 0)));
    __m128i ends =
        _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(low), _mm_castsi128_ps(high), _MM_SHUFFLE(3, 1, 3, 1)));
    // Behind the field's end by one, so the lengths are too large by one.
    __m128i beyond = _mm_sub_epi32(ends, starts);
    four_fields fields;
    fields.lengths = _mm_sub_epi32(beyond, _mm_set1_epi32(1));
    fields.are_short = _mm_cmplt_epu32_mask(_mm_sub_epi32(beyond, _mm_set1_epi32(2)), _mm_set1_epi32(16)) == 15;
    fields.bytes = _mm_cvtepi32_epi16(_mm_srlv_epi32(_mm_set1_epi32((int)0xFFFF0000), fields.lengths));
    return fields;
}

AVX512 static inline __mmask64 mask_of(__m128i bits) { return (__mmask64)_mm_cvtsi128_si64(bits); }

/// The sixteen bytes that end where each field does.
AVX512 static inline __m512i texts_of(const uint8_t *bytes, const uint32_t *edges, size_t stride) {
    const uint8_t *before = bytes - 17;
    __m512i texts = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)(before + edges[1])));
    texts = _mm512_inserti64x2(texts, _mm_loadu_si128((const __m128i *)(before + edges[stride + 1])), 1);
    texts = _mm512_inserti64x2(texts, _mm_loadu_si128((const __m128i *)(before + edges[2 * stride + 1])), 2);
    return _mm512_inserti64x2(texts, _mm_loadu_si128((const __m128i *)(before + edges[3 * stride + 1])), 3);
}

/// The numbers that the bytes under `mask` spell, as 32-bit integers of the first and the last eight digits of each field, in
/// elements 0, 1, 4, 5, 8, 9, 12 and 13. `are_digits` is 0 if any of the bytes is no digit.
AVX512 static inline __m512i eights_of(__m512i texts, __mmask64 mask, int *are_digits) {
    __m512i digits = _mm512_maskz_sub_epi8(mask, texts, _mm512_set1_epi8('0'));
    *are_digits = _mm512_cmpgt_epu8_mask(digits, _mm512_set1_epi8(9)) == 0;
    __m512i pairs = _mm512_maddubs_epi16(digits, _mm512_set1_epi16(10 | 1 << 8));
    __m512i fours = _mm512_madd_epi16(pairs, _mm512_set1_epi32(100 | 1 << 16));
    return _mm512_madd_epi16(_mm512_packus_epi32(fours, fours), _mm512_set1_epi32(10000 | 1 << 16));
}

AVX512 static size_t parse_int64_512(const uint8_t *bytes, const uint32_t *edges, size_t stride, size_t count,
                                     int64_t *values, uint8_t *status) {
    size_t undecided = 0;
    size_t row = 0;
    for (; row + 4 <= count; row += 4, edges += 4 * stride) {
        four_fields fields = fields_of(edges, stride);
        int are_digits;
        __m512i eights = eights_of(texts_of(bytes, edges, stride), mask_of(fields.bytes), &are_digits);
        // first * 10^8 + second, in elements 0, 2, 4 and 6 of 64 bits.
        __m512i both = _mm512_add_epi64(_mm512_mul_epu32(eights, _mm512_set1_epi64(100000000)),
                                        _mm512_srli_epi64(eights, 32));
        __m512i ordered = _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 0, 2, 4, 6), both);
        _mm256_storeu_si256((__m256i *)(values + row), _mm512_castsi512_si256(ordered));
        if (__builtin_expect(!(fields.are_short & are_digits), 0)) {
            for (size_t i = 0; i < 4; i++) {
                if (parse_one_int64(bytes, edges + i * stride, values + row + i)) {
                    status[row + i] = VECTOR_UNDECIDED;
                    undecided++;
                }
            }
        }
    }
    return undecided + vector_parse_int64_256(bytes, edges, stride, count - row, values + row, status + row);
}

AVX512 static size_t parse_float64_512(const uint8_t *bytes, const uint32_t *edges, size_t stride, size_t count,
                                       double *values, uint8_t *status) {
    const __m512d small_powers = _mm512_setr_pd(1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7);
    const __m512d large_powers = _mm512_setr_pd(1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15);
    size_t undecided = 0;
    size_t row = 0;
    for (; row + 4 <= count; row += 4, edges += 4 * stride) {
        // Fields without a sign; signed ones are rarer and go alone.
        four_fields fields = fields_of(edges, stride);
        __m512i texts = texts_of(bytes, edges, stride);
        __m128i points = _mm_cvtsi64_si128(
            (long long)_mm512_mask_cmpeq_epi8_mask(mask_of(fields.bytes), texts, _mm512_set1_epi8('.')));
        __mmask8 have_point = _mm_test_epi16_mask(points, points);
        // Up to the first point, it included; nothing where there is none.
        __m128i upto_point = _mm_maskz_mov_epi16(
            have_point, _mm_xor_si128(points, _mm_sub_epi16(points, _mm_set1_epi16(1))));
        // What stands before the point moves one byte up, over it; a second point stays and is no digit.
        __m512i digits =
            _mm512_mask_blend_epi8(mask_of(upto_point), texts, _mm512_bslli_epi128(texts, 1));
        __m128i digit_bytes = _mm_mask_slli_epi16(fields.bytes, have_point, fields.bytes, 1);
        int are_digits;
        __m512i eights = eights_of(digits, mask_of(digit_bytes), &are_digits);
        // Sixteen bytes follow no point: the table's first place again.
        __m128i after = _mm_popcnt_epi16(_mm_xor_si128(upto_point, _mm_set1_epi16(-1)));
        __m512d powers =
            _mm512_permutex2var_pd(small_powers, _mm512_cvtepu16_epi64(after), large_powers);
        // Both are below 10^8, so their doubles are exact, and so are product and sum up to 2^53. Then both operands of the
        // division are exact, and it rounds once (Clinger 1990).
        __m512i ordered = _mm512_permutexvar_epi32(
            _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 0, 4, 8, 12, 1, 5, 9, 13), eights);
        __m512d wide = _mm512_cvtepi32_pd(_mm512_castsi512_si256(ordered));
        __m256d magnitudes = _mm256_add_pd(_mm256_mul_pd(_mm512_castpd512_pd256(wide), _mm256_set1_pd(1e8)),
                                           _mm512_extractf64x4_pd(wide, 1));
        _mm256_storeu_pd(values + row, _mm256_div_pd(magnitudes, _mm512_castpd512_pd256(powers)));
        int are_exact = _mm256_cmp_pd_mask(magnitudes, _mm256_set1_pd(0x1p53), _CMP_LT_OQ) == 15;
        int have_digits = (_mm_test_epi16_mask(digit_bytes, digit_bytes) & 15) == 15;
        if (__builtin_expect(!(fields.are_short & are_digits & are_exact & have_digits), 0)) {
            for (size_t i = 0; i < 4; i++) {
                if (parse_one_float64(bytes, edges + i * stride, values + row + i)) {
                    status[row + i] = VECTOR_UNDECIDED;
                    undecided++;
                }
            }
        }
    }
    return undecided + vector_parse_float64_256(bytes, edges, stride, count - row, values + row, status + row);
}

/// The first eight bytes of four fields.
AVX512 static inline __m256i words_of(const uint8_t *bytes, const uint32_t *edges, size_t stride) {
    __m128i low = eights_at(bytes + edges[0], bytes + edges[stride]);
    __m128i high = eights_at(bytes + edges[2 * stride], bytes + edges[3 * stride]);
    return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

AVX512 static inline unsigned equal(__m256i words, long long spelling) {
    return _mm256_cmpeq_epi64_mask(words, _mm256_set1_epi64x(spelling));
}

AVX512 static size_t parse_bool_512(const uint8_t *bytes, const uint32_t *edges, size_t stride, size_t count,
                                    uint8_t *values, uint8_t *status) {
    size_t undecided = 0;
    size_t row = 0;
    for (; row + 4 <= count; row += 4, edges += 4 * stride) {
        four_fields fields = fields_of(edges, stride);
        // Zeros behind the field's end; of one with eight bytes or more nothing goes, and it has no spelling's length.
        __m256i bit_counts = _mm256_slli_epi64(_mm256_cvtepu32_epi64(fields.lengths), 3);
        __m256i words = _mm256_andnot_si256(_mm256_sllv_epi64(_mm256_set1_epi64x(-1), bit_counts),
                                            words_of(bytes, edges, stride));
        // Spellings as little-endian words.
        unsigned are_yes = equal(words, 0x65757274) | equal(words, 0x65757254) | equal(words, 0x45555254) | equal(words, 0x31);
        unsigned are_no = equal(words, 0x65736C6166) | equal(words, 0x65736C6146) | equal(words, 0x45534C4146)
            | equal(words, 0x30);
        unsigned are_short = _mm_cmplt_epu32_mask(fields.lengths, _mm_set1_epi32(6));
        uint32_t truths = _pdep_u32(are_yes, 0x01010101);
        __builtin_memcpy(values + row, &truths, 4);
        unsigned unknown = ~((are_yes | are_no) & are_short) & 15;
        if (__builtin_expect(unknown, 0)) {
            for (size_t i = 0; i < 4; i++) {
                if (unknown >> i & 1) status[row + i] = VECTOR_UNDECIDED;
            }
            undecided += (size_t)__builtin_popcount(unknown);
        }
    }
    return undecided + vector_parse_bool_256(bytes, edges, stride, count - row, values + row, status + row);
}

size_t vector_parse_int64(const uint8_t *bytes, const uint32_t *edges, size_t stride, size_t count,
                          int64_t *values, uint8_t *status) {
    return vector_has_512() ? parse_int64_512(bytes, edges, stride, count, values, status)
                            : vector_parse_int64_256(bytes, edges, stride, count, values, status);
}

size_t vector_parse_float64(const uint8_t *bytes, const uint32_t *edges, size_t stride, size_t count,
                            double *values, uint8_t *status) {
    return vector_has_512() ? parse_float64_512(bytes, edges, stride, count, values, status)
                            : vector_parse_float64_256(bytes, edges, stride, count, values, status);
}

size_t vector_parse_bool(const uint8_t *bytes, const uint32_t *edges, size_t stride, size_t count,
                         uint8_t *values, uint8_t *status) {
    return vector_has_512() ? parse_bool_512(bytes, edges, stride, count, values, status)
                            : vector_parse_bool_256(bytes, edges, stride, count, values, status);
}

#else

size_t vector_parse_int64(const uint8_t *bytes, const uint32_t *edges, size_t stride, size_t count,
                          int64_t *values, uint8_t *status) {
    __builtin_trap();
}

size_t vector_parse_float64(const uint8_t *bytes, const uint32_t *edges, size_t stride, size_t count,
                            double *values, uint8_t *status) {
    __builtin_trap();
}

size_t vector_parse_bool(const uint8_t *bytes, const uint32_t *edges, size_t stride, size_t count,
                         uint8_t *values, uint8_t *status) {
    __builtin_trap();
}

#endif
