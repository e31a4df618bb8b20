#include "CVector.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))

/// Sixteen zeros, then sixteen 0xFF: read at offset n, the last n bytes are set.
static const uint8_t last_bytes[33] = {
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
};

static const double powers_of_ten[17] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7, 1e8,
                                         1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16};

AVX2 static inline __m128i last(size_t count) { return _mm_loadu_si128((const __m128i *)(last_bytes + count)); }

/// The number that the last `digit_count` of sixteen bytes spell (0...16, below 10^16); not all digits: all bits set.
AVX2 static inline uint64_t digits16(__m128i text, size_t digit_count) {
    __m128i digits = _mm_and_si128(_mm_sub_epi8(text, _mm_set1_epi8('0')), last(digit_count));
    __m128i nines = _mm_set1_epi8(9);
    int are_digits = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(digits, nines), nines)) == 0xFFFF;
    // Pairs, fours, eights.
    __m128i pairs = _mm_maddubs_epi16(digits, _mm_set1_epi16(10 | 1 << 8));
    __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi32(100 | 1 << 16));
    __m128i eights = _mm_madd_epi16(_mm_packus_epi32(fours, fours), _mm_set1_epi32(10000 | 1 << 16));
    uint64_t both = (uint64_t)_mm_cvtsi128_si64(eights);
    uint64_t value = (both & 0xFFFFFFFF) * 100000000 + (both >> 32);
    return are_digits ? value : ~(uint64_t)0;
}

AVX2 size_t vector_parse_int64(const uint8_t *bytes, const uint32_t *edges, size_t stride, size_t count,
                               int64_t *values, uint8_t *status) {
    size_t undecided = 0;
    for (size_t row = 0; row < count; row++, edges += stride) {
        const uint8_t *end = bytes + edges[1] - 1;
        size_t length = edges[1] - 1 - edges[0];
        // Fields of one to sixteen digits; a sign sends a field to the twin.
        uint64_t value = digits16(_mm_loadu_si128((const __m128i *)(end - 16)), length <= 16 ? length : 16);
        values[row] = (int64_t)value;
        if (__builtin_expect(length - 1 > 15 || value == ~(uint64_t)0, 0)) {
            status[row] = VECTOR_UNDECIDED;
            undecided++;
        }
    }
    return undecided;
}

AVX2 size_t vector_parse_float64(const uint8_t *bytes, const uint32_t *edges, size_t stride, size_t count,
                                 double *values, uint8_t *status) {
    size_t undecided = 0;
    const __m128i points = _mm_set1_epi8('.');
    for (size_t row = 0; row < count; row++, edges += stride) {
        const uint8_t *end = bytes + edges[1] - 1;
        size_t length = edges[1] - 1 - edges[0];
        size_t sign = bytes[edges[0]] == '-';
        size_t body = length - sign;
        size_t seen = body <= 16 ? body : 16;
        __m128i text = _mm_loadu_si128((const __m128i *)(end - 16));
        __m128i before = _mm_loadu_si128((const __m128i *)(end - 17));
        uint32_t point = (uint32_t)_mm_movemask_epi8(_mm_and_si128(_mm_cmpeq_epi8(text, points), last(seen)));
        // What stands before the last point moves one byte up, over it; an earlier point stays and is no digit.
        size_t has_point = point != 0;
        size_t fraction = 31 & (uint32_t)(__builtin_clz(point << 16 | 1) + (has_point ? 0 : -31));
        __m128i digits = _mm_blendv_epi8(before, text, last(has_point ? fraction : 16));
        size_t digit_count = body - has_point;
        uint64_t magnitude = digits16(digits, digit_count <= 16 ? digit_count : 16);
        double value = (double)(int64_t)magnitude / powers_of_ten[fraction];
        uint64_t signed_bits;
        __builtin_memcpy(&signed_bits, &value, 8);
        signed_bits |= (uint64_t)sign << 63;
        __builtin_memcpy(values + row, &signed_bits, 8);
        // Up to 2^53 both operands are exact, so the one division rounds once (Clinger 1990).
        if (__builtin_expect(digit_count - 1 > 15 || magnitude > (uint64_t)1 << 53, 0)) {
            status[row] = VECTOR_UNDECIDED;
            undecided++;
        }
    }
    return undecided;
}

AVX2 size_t vector_parse_bool(const uint8_t *bytes, const uint32_t *edges, size_t stride, size_t count,
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
