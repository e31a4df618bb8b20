#include "CVector.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))

AVX2 static inline uint64_t bits_of(__m256i low, __m256i high) {
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

/// With AVX-512 VBMI2 the positions of a whole 64 bytes are gathered in one instruction.
__attribute__((target("avx512f,avx512bw,avx512vbmi2,bmi,bmi2,popcnt"))) static size_t find_edges_512(
    const uint8_t *bytes, size_t byte_count, uint8_t delimiter, uint8_t quote, uint32_t *edges, size_t *found,
    size_t *line_feeds) {
    const __m512i delimiters = _mm512_set1_epi8((char)delimiter);
    const __m512i quotes = _mm512_set1_epi8((char)quote);
    const __m512i feeds = _mm512_set1_epi8('\n');
    const __m512i returns = _mm512_set1_epi8('\r');
    uint8_t places[64];
    for (int i = 0; i < 64; i++) places[i] = (uint8_t)i;
    const __m512i all_places = _mm512_loadu_si512(places);
    uint32_t *target = edges;
    size_t feed_count = 0;
    size_t offset = 0;
    for (; offset + 64 <= byte_count; offset += 64) {
        __m512i text = _mm512_loadu_si512(bytes + offset);
        uint64_t special = _mm512_cmpeq_epi8_mask(text, quotes) | _mm512_cmpeq_epi8_mask(text, returns)
            | _mm512_testn_epi8_mask(text, text);
        if (special) break;
        uint64_t feed_bits = _mm512_cmpeq_epi8_mask(text, feeds);
        uint64_t hits = _mm512_cmpeq_epi8_mask(text, delimiters) | feed_bits;
        feed_count += (size_t)__builtin_popcountll(feed_bits);
        size_t hit_count = (size_t)__builtin_popcountll(hits);
        __m512i hit_places = _mm512_maskz_compress_epi8(hits, all_places);
        const __m512i behind = _mm512_set1_epi32((int)offset + 1);
        // Sixteen at a time; what is too much is overwritten by the next round and ends before byte_count + 64.
        uint32_t *slot = target;
        target += hit_count;
        for (;;) {
            _mm512_storeu_si512(
                slot, _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(hit_places)), behind));
            slot += 16;
            if (__builtin_expect(slot >= target, 1)) break;
            hit_places = _mm512_shuffle_i64x2(hit_places, hit_places, _MM_SHUFFLE(3, 3, 2, 1));
        }
    }
    *found = (size_t)(target - edges);
    *line_feeds = feed_count;
    return offset;
}

AVX2 size_t vector_find_edges_256(const uint8_t *bytes, size_t byte_count, uint8_t delimiter, uint8_t quote,
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

size_t vector_find_edges(const uint8_t *bytes, size_t byte_count, uint8_t delimiter, uint8_t quote,
                         uint32_t *edges, size_t *found, size_t *line_feeds) {
    return vector_has_512() ? find_edges_512(bytes, byte_count, delimiter, quote, edges, found, line_feeds)
                     : vector_find_edges_256(bytes, byte_count, delimiter, quote, edges, found, line_feeds);
}

#else

size_t vector_find_edges(const uint8_t *bytes, size_t byte_count, uint8_t delimiter, uint8_t quote,
                         uint32_t *edges, size_t *found, size_t *line_feeds) {
    __builtin_trap();
}

size_t vector_find_edges_256(const uint8_t *bytes, size_t byte_count, uint8_t delimiter, uint8_t quote,
                             uint32_t *edges, size_t *found, size_t *line_feeds) {
    __builtin_trap();
}

#endif
