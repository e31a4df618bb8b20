#pragma once

#include <stdint.h>
#include <string.h>

// Tables of two levels for the Huffman codes of deflate (RFC 1951, 3.2): what a word of a code means, and how many bits it takes.

enum { LITERAL_BITS = 10, DISTANCE_BITS = 9, LITERAL_ROOM = 512, DISTANCE_ROOM = 128 };

// Entry of the literal/length table: bits 0...7 the bits of a code and its extra bits together, 8...12 those of the code alone,
// 16...23 the literal, 24...31 the bytes it stands for, extra bits aside. After `lead_matches` the code of a literal and that of the
// length after it are one code, where both fit within the first level.
// Entry of the distance table: bits 0...12 alike, 16...31 the base.
#define ALONE (1u << 13)    // No distance follows: a literal by itself, or a rare entry of the literal/length table.
#define RARE (1u << 14)     // Not for the hot loop: see below.
#define LEADING (1u << 15)  // A literal comes first.
// A rare entry is a LINK to a subtable, which starts at the entry in bits 16...30 and is looked up by as many bits as 0...7 say; or the
// END of a block; or LONGEST, the length whose base needs nine bits; or a distance below 9; or, with 0 in 16...31, no symbol.
#define LINK (1u << 31)
#define END (1u << 16)
#define LONGEST (1u << 17)

static const uint16_t length_bases[29] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                          31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
static const uint8_t length_extras[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
static const uint16_t distance_bases[30] = {1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
                                            193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
static const uint8_t distance_extras[30] = {0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
                                            6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};

typedef enum { LITERAL_TABLE, DISTANCE_TABLE, LENGTH_TABLE } table_kind;

static inline uint32_t entry(table_kind kind, unsigned symbol, unsigned bits) {
    unsigned extra;
    switch (kind) {
    case LITERAL_TABLE:
        if (symbol < 256) return bits | ALONE | LEADING | symbol << 16 | 1u << 24;
        if (symbol == 256) return bits | ALONE | RARE | END;
        if (symbol == 285) return bits | ALONE | RARE | LONGEST;
        if (symbol > 285) return ALONE | RARE;
        extra = length_extras[symbol - 257];
        return (bits + extra) | bits << 8 | (uint32_t)length_bases[symbol - 257] << 24;
    case DISTANCE_TABLE:
        if (symbol > 29) return RARE;
        extra = distance_extras[symbol];
        return (bits + extra) | bits << 8 | (symbol < 6 ? RARE : 0) | (uint32_t)distance_bases[symbol] << 16;
    default: return symbol << 8 | bits;
    }
}

static inline uint32_t no_entry(table_kind kind) { return kind == LITERAL_TABLE ? ALONE | RARE : RARE; }

static inline uint32_t link_entry(table_kind kind, uint32_t start, uint32_t bits) {
    return no_entry(kind) | LINK | bits | start << 16;
}

/// Fills a table of two levels for a canonical code whose words are read least significant bit first (RFC 1951, 3.2.2).
///
/// Returns whether the code is one: complete, or (of the two tables of a block) of at most one word of one bit.
static inline __attribute__((always_inline)) int fill_table(table_kind kind, uint32_t *table, unsigned table_bits, uint32_t room,
                                                            const uint8_t *lengths, unsigned symbol_count) {
    unsigned counts[16] = {0}, offsets[17];
    for (unsigned i = 0; i < symbol_count; i++) counts[lengths[i]]++;
    counts[0] = 0;
    offsets[1] = 0;
    int left = 1;
    unsigned longest = 0;
    for (unsigned bits = 1; bits < 16; bits++) {
        left = 2 * left - (int)counts[bits];
        if (left < 0) return 0;
        offsets[bits + 1] = offsets[bits] + counts[bits];
        if (counts[bits] > 0) longest = bits;
    }
    if (left > 0 && (kind == LENGTH_TABLE || longest > 1)) return 0;
    uint16_t sorted[288];
    for (unsigned i = 0; i < symbol_count; i++) {
        if (lengths[i] > 0) sorted[offsets[lengths[i]]++] = (uint16_t)i;
    }
    if (left > 0) {
        for (uint32_t i = 0; i < 1u << table_bits; i++) table[i] = no_entry(kind);
        if (longest == 1) {
            for (uint32_t i = 0; i < 1u << table_bits; i += 2) table[i] = entry(kind, sorted[0], 1);
        }
        return 1;
    }
    // Code words in their order, kept bit-reversed; the table for one more bit is the one so far, twice.
    uint32_t word = 0;
    unsigned bits = 1, next = 0;
    while (counts[bits] == 0) bits++;
    unsigned rest = counts[bits];
    while (bits <= table_bits) {
        for (; rest > 0; rest--) {
            table[word] = entry(kind, sorted[next++], bits);
            if (word == (1u << bits) - 1) {
                for (; bits < table_bits; bits++) memcpy(table + (1u << bits), table, sizeof(uint32_t) << bits);
                return 1;
            }
            uint32_t top = 1u << (31 - __builtin_clz(word ^ ((1u << bits) - 1)));
            word = (word & (top - 1)) | top;
        }
        do {
            bits++;
            if (bits <= table_bits) memcpy(table + (1u << (bits - 1)), table, sizeof(uint32_t) << (bits - 1));
        } while (counts[bits] == 0);
        rest = counts[bits];
    }
    uint32_t prefix = UINT32_MAX, start = 0, free_place = 1u << table_bits;
    for (;;) {
        if ((word & ((1u << table_bits) - 1)) != prefix) {
            prefix = word & ((1u << table_bits) - 1);
            start = free_place;
            // As many bits as the words with this prefix need: they fill their subtable.
            unsigned sub_bits = bits - table_bits, used = rest;
            while (used < 1u << sub_bits) used = 2 * used + counts[table_bits + ++sub_bits];
            free_place += 1u << sub_bits;
            if (free_place > (1u << table_bits) + room) return 0;
            table[prefix] = link_entry(kind, start, sub_bits);
        }
        uint32_t value = entry(kind, sorted[next++], bits);
        for (uint32_t i = word >> table_bits; start + i < free_place; i += 1u << (bits - table_bits)) table[start + i] = value;
        if (word == (1u << bits) - 1) return 1;
        uint32_t top = 1u << (31 - __builtin_clz(word ^ ((1u << bits) - 1)));
        word = (word & (top - 1)) | top;
        for (rest--; rest == 0; rest = counts[bits]) bits++;
    }
}

/// Makes one entry of each literal and the length after it, where the words of both fit.
static inline void lead_matches(uint32_t *literals) {
    // What follows is looked up among smaller indices, so before it is changed itself.
    for (uint32_t i = (1u << LITERAL_BITS) - 1; i > 0; i--) {
        uint32_t literal = literals[i], bits = literal & 31, match = literals[i >> bits];
        int fits = (literal & LEADING) && !(match & (ALONE | LEADING)) && bits + (match >> 8 & 31) <= LITERAL_BITS;
        uint32_t both = match + (bits | bits << 8 | 1u << 24) + (literal & (LEADING | 255u << 16));
        literals[i] = __builtin_unpredictable(fits) ? both : literal;
    }
}
