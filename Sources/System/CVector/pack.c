#include "CVector.h"

#if defined(__x86_64__)
#include <string.h>

#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt")))

/// Packs 32 values of `width` bits; with a constant width the loop becomes straight shifts and stores.
static inline __attribute__((always_inline)) void pack32(const uint32_t *values, const unsigned width, uint8_t *target) {
    uint64_t gathered = 0;
    unsigned bits = 0;
#pragma clang loop unroll(full)
    for (unsigned i = 0; i < 32; i++) {
        uint64_t value = values[i];
        gathered |= value << bits;
        bits += width;
        if (bits >= 64) {
            memcpy(target, &gathered, 8);
            target += 8;
            bits -= 64;
            gathered = bits > 0 ? value >> (width - bits) : 0;
        }
    }
    if (bits > 0) memcpy(target, &gathered, 4);
}

#define PACK(width) \
    case width: \
        for (size_t group = 0; group < group_count; group++) pack32(values + 32 * group, width, target + 4 * width * group); \
        return;

void vector_pack(const uint32_t *values, size_t group_count, unsigned width, uint8_t *target) {
    switch (width) {
        PACK(1) PACK(2) PACK(3) PACK(4) PACK(5) PACK(6) PACK(7) PACK(8) PACK(9) PACK(10) PACK(11)
        PACK(12) PACK(13) PACK(14) PACK(15) PACK(16) PACK(17) PACK(18) PACK(19) PACK(20) PACK(21) PACK(22)
        PACK(23) PACK(24) PACK(25) PACK(26) PACK(27) PACK(28) PACK(29) PACK(30) PACK(31) PACK(32)
    }
}

AVX2 size_t vector_pack_delta_block(const int64_t *values, uint8_t *target, unsigned *widest) {
    int64_t smallest = INT64_MAX;
    for (int i = 0; i < 128; i++) {
        int64_t delta = (int64_t)((uint64_t)values[i + 1] - (uint64_t)values[i]);
        smallest = delta < smallest ? delta : smallest;
    }
    uint32_t deltas[128];
    uint64_t masks[4];
    for (int miniblock = 0; miniblock < 4; miniblock++) {
        uint64_t all = 0;
        const int64_t *from = values + 32 * miniblock;
        for (int i = 0; i < 32; i++) {
            uint64_t delta = (uint64_t)from[i + 1] - (uint64_t)from[i] - (uint64_t)smallest;
            all |= delta;
            deltas[32 * miniblock + i] = (uint32_t)delta;
        }
        masks[miniblock] = all;
    }
    if ((masks[0] | masks[1] | masks[2] | masks[3]) >> 32) return 0;

    uint8_t *start = target;
    uint64_t rest = ((uint64_t)smallest << 1) ^ (uint64_t)(smallest >> 63);
    while (rest > 0x7F) {
        *target++ = (uint8_t)rest | 0x80;
        rest >>= 7;
    }
    *target++ = (uint8_t)rest;
    uint8_t *widths = target;
    target += 4;
    for (int miniblock = 0; miniblock < 4; miniblock++) {
        unsigned width = masks[miniblock] ? 64 - (unsigned)__builtin_clzll(masks[miniblock]) : 0;
        widths[miniblock] = (uint8_t)width;
        *widest = width > *widest ? width : *widest;
        vector_pack(deltas + 32 * miniblock, width > 0, width, target);
        target += 4 * width;
    }
    return (size_t)(target - start);
}

#else

void vector_pack(const uint32_t *values, size_t group_count, unsigned width, uint8_t *target) { __builtin_trap(); }

size_t vector_pack_delta_block(const int64_t *values, uint8_t *target, unsigned *widest) { __builtin_trap(); }

#endif
