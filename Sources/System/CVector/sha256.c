#include "CVector.h"

// SHA-256 of two messages at a time. One alone waits: each of the 32 `sha256rnds2` of a block takes four cycles and needs the one
// before, while the processor could begin another every two. Only whole blocks are done here; lengths and padding are libcrypto's.
//
// The order of instructions is Intel's, "Intel SHA Extensions" (Gulley et al., 2013), section 5.

int vector_has_sha(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    return __builtin_cpu_supports("sha") && __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("avx");
#else
    return 0;
#endif
}

#if defined(__x86_64__)
#include <immintrin.h>

_Alignas(16) static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

#define TARGET __attribute__((target("sha,sse4.1,avx"), always_inline)) static inline

// A state as the instructions have it: words A B E F and C D G H, the first of each in the highest place.
struct state {
    __m128i abef, cdgh;
};

TARGET struct state load(const uint32_t words[8]) {
    __m128i dcba = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)words), 0xB1);
    __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(words + 4)), 0x1B);
    return (struct state){_mm_alignr_epi8(dcba, efgh, 8), _mm_blend_epi16(efgh, dcba, 0xF0)};
}

TARGET void store(struct state state, uint32_t words[8]) {
    __m128i feba = _mm_shuffle_epi32(state.abef, 0x1B);
    __m128i dchg = _mm_shuffle_epi32(state.cdgh, 0xB1);
    _mm_storeu_si128((__m128i *)words, _mm_blend_epi16(feba, dchg, 0xF0));
    _mm_storeu_si128((__m128i *)(words + 4), _mm_alignr_epi8(dchg, feba, 8));
}

// Rounds 4 * step to 4 * step + 3 of one message; `words` are the last sixteen of its schedule.
TARGET void four_rounds(struct state *state, __m128i words[4], int step) {
    __m128i *now = &words[step & 3], *next = &words[(step + 1) & 3], *last = &words[(step + 3) & 3];
    __m128i added = _mm_add_epi32(*now, _mm_load_si128((const __m128i *)constants + step));
    state->cdgh = _mm_sha256rnds2_epu32(state->cdgh, state->abef, added);
    if (step >= 3 && step < 15)
        *next = _mm_sha256msg2_epu32(_mm_add_epi32(*next, _mm_alignr_epi8(*now, *last, 4)), *now);
    state->abef = _mm_sha256rnds2_epu32(state->abef, state->cdgh, _mm_shuffle_epi32(added, 0x0E));
    if (step >= 1 && step < 13) *last = _mm_sha256msg1_epu32(*last, *now);
}

TARGET void load_block(__m128i words[4], const uint8_t *block) {
    const __m128i reversed = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    for (int i = 0; i < 4; i++)
        words[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)block + i), reversed);
}

__attribute__((target("sha,sse4.1,avx")))
void vector_sha256_two(uint32_t first_state[8], const uint8_t *first, uint32_t second_state[8], const uint8_t *second,
                       size_t blocks) {
    struct state a = load(first_state), b = load(second_state);
    for (; blocks > 0; blocks--, first += 64, second += 64) {
        struct state a_before = a, b_before = b;
        __m128i a_words[4], b_words[4];
        load_block(a_words, first);
        load_block(b_words, second);
#pragma clang loop unroll(full)
        for (int step = 0; step < 16; step++) {
            four_rounds(&a, a_words, step);
            four_rounds(&b, b_words, step);
        }
        a.abef = _mm_add_epi32(a.abef, a_before.abef);
        a.cdgh = _mm_add_epi32(a.cdgh, a_before.cdgh);
        b.abef = _mm_add_epi32(b.abef, b_before.abef);
        b.cdgh = _mm_add_epi32(b.cdgh, b_before.cdgh);
    }
    store(a, first_state);
    store(b, second_state);
}

#else

void vector_sha256_two(uint32_t first_state[8], const uint8_t *first, uint32_t second_state[8], const uint8_t *second,
                       size_t blocks) {
    __builtin_trap();
}

#endif
