#include "CVector.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))

AVX2 static inline uint64_t bits_of(__m256i low, __m256i high) {
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

AVX2 size_t vector_find_edges(const uint8_t *bytes, size_t byte_count, uint8_t delimiter, uint8_t quote,
                              uint32_t *edges, size_t *found, size_t *line_feeds) {
    const __m256i delimiters = _mm256_set1_epi8((char)delimiter);
    const __m256i quotes = _mm256_set1_epi8((char)quote);
    const __m256i feeds = _mm256_set1_epi8('\n');
    const __m256i returns = _mm256_set1_epi8('\r');
    const __m256i zeros = _mm256_setzero_si256();
    uint32_t *target = edges;
    size_t feed_count = 0;
    size_t offset = 0;
    for (; offset + 64 <= byte_count; offset += 64) {
        __m256i low = _mm256_loadu_si256((const __m256i *)(bytes + offset));
        __m256i high = _mm256_loadu_si256((const __m256i *)(bytes + offset + 32));
        __m256i low_feeds = _mm256_cmpeq_epi8(low, feeds);
        __m256i high_feeds = _mm256_cmpeq_epi8(high, feeds);
        __m256i special = _mm256_or_si256(
            _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(low, quotes), _mm256_cmpeq_epi8(high, quotes)),
                            _mm256_or_si256(_mm256_cmpeq_epi8(low, returns), _mm256_cmpeq_epi8(high, returns))),
            _mm256_cmpeq_epi8(_mm256_min_epu8(low, high), zeros));
        if (!_mm256_testz_si256(special, special)) break;
        uint64_t hits = bits_of(_mm256_or_si256(_mm256_cmpeq_epi8(low, delimiters), low_feeds),
                                _mm256_or_si256(_mm256_cmpeq_epi8(high, delimiters), high_feeds));
        feed_count += (size_t)__builtin_popcountll(bits_of(low_feeds, high_feeds));
        size_t hit_count = (size_t)__builtin_popcountll(hits);
        uint32_t behind = (uint32_t)offset + 1;
        // Eight at a time without asking whether there are as many: what is too much is overwritten by the next round.
        // At most 64 a round for 64 bytes, so the last surplus ends before byte_count + 64.
        uint32_t *slot = target;
        target += hit_count;
        do {
            for (int i = 0; i < 8; i++) {
                slot[i] = behind + (uint32_t)_tzcnt_u64(hits);
                hits = _blsr_u64(hits);
            }
            slot += 8;
        } while (slot < target);
    }
    *found = (size_t)(target - edges);
    *line_feeds = feed_count;
    return offset;
}

#else

size_t vector_find_edges(const uint8_t *bytes, size_t byte_count, uint8_t delimiter, uint8_t quote,
                         uint32_t *edges, size_t *found, size_t *line_feeds) {
    __builtin_trap();
}

#endif
