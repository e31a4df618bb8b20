#include "CVector.h"

#include <string.h>

#if defined(__x86_64__) && defined(__clang__)
#include <immintrin.h>

// Decoding one deflate stream waits: each symbol's place is known only once the one before is looked up, some 25 cycles in which
// a processor could run five times as many instructions. Short streams come by the dozen, so up to three are decoded in turn, a
// symbol of each; and since which kind of symbol comes next is a coin toss in tables of numbers, a literal and a match take the
// same instructions, without a branch between them.
//
// The hot loop takes the common symbols: codes within the tables' first level, distances from 9 up, both ends of either buffer far
// away. `careful_symbol` takes any, with every check.

enum { LANES = 3, LITERAL_BITS = 10, DISTANCE_BITS = 9, LITERAL_ROOM = 512, DISTANCE_ROOM = 128 };

// Entry of the literal/length table: bits 0...7 the literal, or the bits of a length's code; 8...15 its extra bits; 18...26 the base of
// the length, 1 for a literal; 27...31 code and extra bits together.
#define RARE (1u << 16)
#define LITERAL (1u << 17)
// A rare entry: LINK with the subtable's bits in 27...31 and its start in 0...15; END with its code's bits in 0...7; else no symbol.
#define LINK (1u << 17)
#define END (1u << 18)
// Entry of the distance table: bits 0...7 the code's bits, 8...15 extra bits, 17...31 the base. A rare one (bit 16): LINK with the
// subtable's bits in 8...15 and its start in 18...31, or NEAR with base, bits and extra bits in place and bit 17 clear, or no symbol.
#define NEAR (1u << 7)
#define SEVENTEEN (16u << 17)

enum { IN_BLOCK = 1, AT_END = 2, REFUSED = -1 };

typedef struct {
    uint32_t literals[(1 << LITERAL_BITS) + LITERAL_ROOM];
    uint32_t distances[(1 << DISTANCE_BITS) + DISTANCE_ROOM];
    // Places in the input in bits: address * 8 + bit.
    uint64_t place, end, fast_end;
    uint8_t *output, *output_start, *output_end, *output_fast_end;
    int state;
    int is_last_block;
    inflate_stream *stream;
} lane;

_Static_assert(sizeof(lane) * LANES <= INFLATE_MEMORY, "the caller's memory holds all lanes");

static const uint16_t length_bases[29] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                          31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
static const uint8_t length_extras[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
static const uint16_t distance_bases[30] = {1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
                                            193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
static const uint8_t distance_extras[30] = {0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
                                            6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};

typedef enum { LITERAL_TABLE, DISTANCE_TABLE, LENGTH_TABLE } table_kind;

static inline uint32_t entry(table_kind kind, unsigned symbol, unsigned bits) {
    switch (kind) {
    case LITERAL_TABLE:
        if (symbol < 256) return LITERAL | 1u << 18 | bits << 27 | symbol;
        if (symbol == 256) return RARE | END | bits;
        if (symbol > 285) return RARE;
        symbol -= 257;
        return (uint32_t)length_bases[symbol] << 18 | (uint32_t)length_extras[symbol] << 8 | bits
             | (bits + length_extras[symbol]) << 27;
    case DISTANCE_TABLE:
        if (symbol > 29) return RARE;
        return (uint32_t)distance_bases[symbol] << (symbol < 6 ? 18 : 17) | (uint32_t)distance_extras[symbol] << 8 | bits
             | (symbol < 6 ? RARE | NEAR : 0);
    default: return symbol << 8 | bits;
    }
}

static inline uint32_t link_entry(table_kind kind, uint32_t start, uint32_t bits) {
    return kind == LITERAL_TABLE ? RARE | LINK | start | bits << 27 : RARE | LINK | start << 18 | bits << 8;
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
        for (uint32_t i = 0; i < 1u << table_bits; i++) table[i] = RARE;
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

/// At least 57 bits from the lane's place on, zeros past the end.
static inline uint64_t peek(const lane *s) {
    const uint8_t *bytes = (const uint8_t *)(s->place >> 3), *end = (const uint8_t *)(s->end >> 3);
    uint64_t word = 0;
    if (end - bytes >= 8) {
        memcpy(&word, bytes, 8);
    } else {
        for (ptrdiff_t i = 0; i < end - bytes; i++) word |= (uint64_t)bytes[i] << (8 * i);
    }
    return word >> (s->place & 7);
}

static inline uint32_t low_bits(uint64_t word, unsigned count) { return (uint32_t)(word & ((1u << count) - 1)); }

/// Passes over bits; false where there are not as many.
static inline int skip(lane *s, uint64_t count) {
    if (s->end - s->place < count) return 0;
    s->place += count;
    return 1;
}

static int copy_stored_block(lane *s) {
    s->place = (s->place + 7) & ~UINT64_C(7);
    uint64_t header = peek(s);
    if (!skip(s, 32)) return 0;
    uint32_t count = header & 0xFFFF;
    if (count != ((header >> 16 & 0xFFFF) ^ 0xFFFF)) return 0;
    const uint8_t *bytes = (const uint8_t *)(s->place >> 3);
    if (s->output_end - s->output < (ptrdiff_t)count || !skip(s, 8 * (uint64_t)count)) return 0;
    memcpy(s->output, bytes, count);
    s->output += count;
    return 1;
}

/// Reads the code lengths of a dynamic block (RFC 1951, 3.2.7); returns whether they are sound.
static int read_lengths(lane *s, uint8_t *lengths, unsigned *literal_count, unsigned *distance_count) {
    static const uint8_t order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    uint64_t word = peek(s);
    if (!skip(s, 14)) return 0;
    *literal_count = low_bits(word, 5) + 257;
    *distance_count = low_bits(word >> 5, 5) + 1;
    unsigned code_count = low_bits(word >> 10, 4) + 4;
    if (*literal_count > 286 || *distance_count > 30) return 0;
    uint8_t code_lengths[19] = {0};
    for (unsigned i = 0; i < code_count; i++) {
        code_lengths[order[i]] = (uint8_t)low_bits(peek(s), 3);
        if (!skip(s, 3)) return 0;
    }
    uint32_t table[128];
    if (!fill_table(LENGTH_TABLE, table, 7, 0, code_lengths, 19)) return 0;
    unsigned count = *literal_count + *distance_count, i = 0;
    while (i < count) {
        word = peek(s);
        uint32_t code = table[low_bits(word, 7)];
        unsigned bits = code & 0xFF, symbol = code >> 8;
        word >>= bits;
        if (symbol < 16) {
            lengths[i++] = (uint8_t)symbol;
        } else {
            unsigned extra = symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
            unsigned repeats = (symbol == 18 ? 11 : 3) + low_bits(word, extra);
            if ((symbol == 16 && i == 0) || repeats > count - i) return 0;
            memset(lengths + i, symbol == 16 ? lengths[i - 1] : 0, repeats);
            i += repeats;
            bits += extra;
        }
        if (!skip(s, bits)) return 0;
    }
    // Without an end the block has none.
    return lengths[256] > 0;
}

/// Goes on to the next block of symbols, past stored ones; returns the lane's new state.
static __attribute__((noinline)) int next_block(lane *s) {
    while (!s->is_last_block) {
        uint64_t word = peek(s);
        if (!skip(s, 3)) return s->state = REFUSED;
        s->is_last_block = word & 1;
        unsigned type = low_bits(word >> 1, 2), literal_count = 288, distance_count = 32;
        uint8_t lengths[320];
        if (type == 0) {
            if (!copy_stored_block(s)) return s->state = REFUSED;
            continue;
        } else if (type == 1) {
            memset(lengths, 8, 144);
            memset(lengths + 144, 9, 112);
            memset(lengths + 256, 7, 24);
            memset(lengths + 280, 8, 8);
            memset(lengths + 288, 5, 32);
        } else if (type == 3 || !read_lengths(s, lengths, &literal_count, &distance_count)) {
            return s->state = REFUSED;
        }
        if (!fill_table(LITERAL_TABLE, s->literals, LITERAL_BITS, LITERAL_ROOM, lengths, literal_count)
            || !fill_table(DISTANCE_TABLE, s->distances, DISTANCE_BITS, DISTANCE_ROOM, lengths + literal_count, distance_count)) {
            return s->state = REFUSED;
        }
        return s->state = IN_BLOCK;
    }
    return s->state = AT_END;
}

/// Decodes any one symbol; returns the lane's new state. Refuses what leaves either buffer, as zlib does.
static __attribute__((noinline)) int careful_symbol(lane *s) {
    uint64_t word = peek(s);
    uint32_t e = s->literals[low_bits(word, LITERAL_BITS)];
    if ((e & RARE) && (e & LINK)) e = s->literals[(e & 0xFFFF) + low_bits(word >> LITERAL_BITS, e >> 27)];
    if (e & RARE) {
        if (!(e & END) || !skip(s, e & 0xFF)) return s->state = REFUSED;
        return next_block(s);
    }
    if (e & LITERAL) {
        if (s->output == s->output_end || !skip(s, e >> 27)) return s->state = REFUSED;
        *s->output++ = (uint8_t)e;
        return IN_BLOCK;
    }
    size_t length = (e >> 18 & 511) + low_bits(word >> (e & 0xFF), e >> 8 & 0xFF);
    word >>= e >> 27;
    uint32_t d = s->distances[low_bits(word, DISTANCE_BITS)];
    if ((d & RARE) && (d & LINK)) d = s->distances[(d >> 18) + low_bits(word >> DISTANCE_BITS, d >> 8 & 0xFF)];
    if ((d & RARE) && !(d & NEAR)) return s->state = REFUSED;
    unsigned bits = d & (NEAR - 1), extra = d >> 8 & 0xFF;
    size_t distance = (d & RARE ? d >> 18 : d >> 17) + low_bits(word >> bits, extra);
    if (distance > (size_t)(s->output - s->output_start) || length > (size_t)(s->output_end - s->output)
        || !skip(s, (e >> 27) + bits + extra)) {
        return s->state = REFUSED;
    }
    const uint8_t *source = s->output - distance;
    for (size_t i = 0; i < length; i++) s->output[i] = source[i];
    s->output += length;
    return IN_BLOCK;
}

// One common symbol of one lane, at `place##X` and `output##X`, or a jump to `careful##X`. Bounds, where `place < fast_end` and
// `output < output_fast_end`: it reads 8 bytes of input, of which at most 37 bits are taken; it writes at most 258 + 31 bytes. Copies go
// by 8 bytes, each read after the one before is written: right for distances from 8 up.
#define STEP(X)                                                                                                                    \
    {                                                                                                                              \
        const lane *s = &lanes[X];                                                                                                 \
        uint64_t word;                                                                                                             \
        memcpy(&word, (const uint8_t *)(place##X >> 3), 8);                                                                        \
        word >>= place##X & 7;                                                                                                     \
        uint64_t e = s->literals[_bzhi_u64(word, LITERAL_BITS)];                                                                   \
        if (__builtin_expect((e & RARE) != 0, 0)) goto careful##X;                                                                 \
        uint64_t bits = e >> 27;                                                                                                   \
        uint64_t after = word >> bits;                                                                                             \
        uint64_t d = s->distances[_bzhi_u64(after, DISTANCE_BITS)];                                                                \
        /* A literal is copied like a match of no bits 16 bytes back, its first byte replaced. */                                  \
        d = __builtin_unpredictable((e & LITERAL) != 0) ? SEVENTEEN : d;                                                           \
        if (__builtin_expect((d & RARE) != 0, 0)) goto careful##X;                                                                 \
        uint8_t *target = output##X;                                                                                               \
        const uint8_t *source = target - ((d >> 17) + __builtin_ia32_bextr_u64(after, d));                                         \
        if (__builtin_expect(source < s->output_start, 0)) goto careful##X;                                                        \
        uint64_t length = __builtin_ia32_bextr_u64(e, 18 | 9 << 8) + __builtin_ia32_bextr_u64(word, e);                            \
        place##X += bits + (uint8_t)d;                                                                                             \
        place##X += (uint8_t)(d >> 8);                                                                                             \
        uint64_t eight;                                                                                                            \
        memcpy(&eight, source, 8);                                                                                                 \
        eight = __builtin_unpredictable((e & LITERAL) != 0) ? e : eight;                                                           \
        memcpy(target, &eight, 8);                                                                                                 \
        memcpy(&eight, source + 8, 8);                                                                                             \
        memcpy(target + 8, &eight, 8);                                                                                             \
        output##X += length;                                                                                                       \
        if (__builtin_expect(length > 16, 0)) {                                                                                    \
            do {                                                                                                                   \
                target += 16;                                                                                                      \
                source += 16;                                                                                                      \
                memcpy(&eight, source, 8);                                                                                         \
                memcpy(target, &eight, 8);                                                                                         \
                memcpy(&eight, source + 8, 8);                                                                                     \
                memcpy(target + 8, &eight, 8);                                                                                     \
            } while (target + 16 < output##X);                                                                                     \
        }                                                                                                                          \
    }

#define TAKE(X)                                                                                                                    \
    uint64_t place##X = lanes[X].place;                                                                                            \
    uint8_t *output##X = lanes[X].output;
#define PUT(X)                                                                                                                     \
    lanes[X].place = place##X;                                                                                                     \
    lanes[X].output = output##X;
#define LEAVE_NEAR_AN_END(X)                                                                                                       \
    if (__builtin_expect((place##X >= lanes[X].fast_end) | (output##X >= lanes[X].output_fast_end), 0)) goto leave;
#define CAREFUL(X)                                                                                                                 \
    careful##X : {                                                                                                                 \
        PUT(X)                                                                                                                     \
        int state = careful_symbol(&lanes[X]);                                                                                     \
        place##X = lanes[X].place;                                                                                                 \
        output##X = lanes[X].output;                                                                                               \
        if (state != IN_BLOCK) goto leave;                                                                                         \
    }                                                                                                                              \
    goto done##X;

// Each goes on until one of its lanes is near an end of its buffers, or its stream is over.
#define HOT __attribute__((target("bmi,bmi2"), noinline)) static void

HOT run_three(lane *lanes) {
    TAKE(0) TAKE(1) TAKE(2)
    for (;;) {
        LEAVE_NEAR_AN_END(0) LEAVE_NEAR_AN_END(1) LEAVE_NEAR_AN_END(2)
        STEP(0) done0: STEP(1) done1: STEP(2) done2:;
    }
    CAREFUL(0) CAREFUL(1) CAREFUL(2)
leave:
    PUT(0) PUT(1) PUT(2)
}

HOT run_two(lane *lanes) {
    TAKE(0) TAKE(1)
    for (;;) {
        LEAVE_NEAR_AN_END(0) LEAVE_NEAR_AN_END(1)
        STEP(0) done0: STEP(1) done1:;
    }
    CAREFUL(0) CAREFUL(1)
leave:
    PUT(0) PUT(1)
}

HOT run_one(lane *lanes) {
    TAKE(0)
    for (;;) {
        LEAVE_NEAR_AN_END(0)
        STEP(0) done0:;
    }
    CAREFUL(0)
leave:
    PUT(0)
}

/// How far from the ends the hot loop stays, in bytes.
enum { INPUT_MARGIN = 16, OUTPUT_MARGIN = 320 };

static int can_run(const lane *s) { return s->state == IN_BLOCK && s->place < s->fast_end && s->output < s->output_fast_end; }

/// Begins a stream; returns whether the hot loop can go on with it: a literal looks like a match 16 bytes back.
static int begin(lane *s, inflate_stream *stream) {
    s->stream = stream;
    s->place = (uint64_t)(uintptr_t)stream->input * 8;
    s->end = s->place + 8 * (uint64_t)stream->input_count;
    s->fast_end = stream->input_count > INPUT_MARGIN ? s->end - 8 * INPUT_MARGIN : s->place;
    s->output = s->output_start = stream->output;
    s->output_end = s->output + stream->output_count;
    s->output_fast_end = stream->output_count > OUTPUT_MARGIN ? s->output_end - OUTPUT_MARGIN : s->output;
    s->is_last_block = 0;
    next_block(s);
    while (s->state == IN_BLOCK && s->output - s->output_start < 16) careful_symbol(s);
    return can_run(s);
}

static void finish(lane *s) {
    while (s->state == IN_BLOCK) careful_symbol(s);
    s->stream->is_whole = s->state == AT_END && s->output == s->output_end && (s->place + 7) / 8 * 8 == s->end;
}

void inflate_streams(inflate_stream *streams, size_t count, void *memory) {
    lane *lanes = memory;
    size_t used = 0, next = 0;
    for (;;) {
        while (used < LANES && next < count) {
            if (begin(&lanes[used], &streams[next++])) used++;
            else finish(&lanes[used]);
        }
        if (used == 0) return;
        if (used == 3) run_three(lanes);
        else if (used == 2) run_two(lanes);
        else run_one(lanes);
        for (size_t i = 0; i < used;) {
            if (can_run(&lanes[i])) {
                i++;
                continue;
            }
            finish(&lanes[i]);
            if (i < --used) lanes[i] = lanes[used];
        }
    }
}

#else

void inflate_streams(inflate_stream *streams, size_t count, void *memory) {
    (void)memory;
    for (size_t i = 0; i < count; i++) streams[i].is_whole = 0;
}

#endif
