#pragma once

// A decoder of deflate streams (RFC 1951): where it stands, steps with every check, and the loop for one stream that has neither
// of its ends near.

#include "CVector.h"
#include "huffman.h"

#include <immintrin.h>
#include <string.h>

enum { LONGEST_DISTANCE = 32768 };

/// How far from the ends the hot loops stay, in bytes.
enum { INPUT_MARGIN = 16, OUTPUT_MARGIN = 320 };

typedef enum { BETWEEN_BLOCKS, IN_STORED, IN_BLOCK, IN_MATCH, AT_END, BAD_BLOCK, BAD_SYMBOL, BAD_DISTANCE } decoder_state;

/// What a step came to. Where there is too little input or room, nothing is lost: the step can be taken again.
typedef enum { WENT_ON, NEEDS_INPUT, NEEDS_OUTPUT, STOPPED } progress;

typedef struct {
    uint32_t literals[(1 << LITERAL_BITS) + LITERAL_ROOM];
    uint32_t distances[(1 << DISTANCE_BITS) + DISTANCE_ROOM];
    /// Places in the input in bits: address * 8 + bit.
    uint64_t place, end, fast_end;
    /// What came before, as far as matches may reach, is at `output_start...output`.
    uint8_t *output, *output_start, *output_end, *output_fast_end;
    decoder_state state;
    int is_last_block;
    /// Bytes left of a stored block or of a match, and how far back that is.
    size_t left, distance;
} decoder;

static inline void set_input(decoder *s, const uint8_t *input, size_t count, unsigned bit) {
    s->place = (uint64_t)(uintptr_t)input * 8 + bit;
    s->end = (uint64_t)(uintptr_t)(input + count) * 8;
    s->fast_end = count > INPUT_MARGIN ? s->end - 8 * INPUT_MARGIN : 0;
}

static inline void set_output(decoder *s, uint8_t *start, uint8_t *output, uint8_t *end) {
    s->output_start = start;
    s->output = output;
    s->output_end = end;
    s->output_fast_end = end - output > OUTPUT_MARGIN ? end - OUTPUT_MARGIN : output;
}

static inline int can_run(const decoder *s) {
    return s->state == IN_BLOCK && s->place < s->fast_end && s->output < s->output_fast_end;
}

/// Whether no distance reaches beyond the output.
static inline int is_far(const decoder *s) { return s->output - s->output_start >= LONGEST_DISTANCE; }

/// At least 57 bits from the place on, zeros past the end.
static inline uint64_t peek(const decoder *s) {
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
static inline int skip(decoder *s, uint64_t count) {
    if (s->end - s->place < count) return 0;
    s->place += count;
    return 1;
}

static inline progress stop(decoder *s, decoder_state state) {
    s->state = state;
    return STOPPED;
}

/// Reads the code lengths of a dynamic block (RFC 1951, 3.2.7). What is there in full is judged, and nothing else.
static progress read_lengths(decoder *s, uint8_t *lengths, unsigned *literal_count, unsigned *distance_count) {
    static const uint8_t order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    uint64_t word = peek(s);
    if (!skip(s, 14)) return NEEDS_INPUT;
    *literal_count = low_bits(word, 5) + 257;
    *distance_count = low_bits(word >> 5, 5) + 1;
    unsigned code_count = low_bits(word >> 10, 4) + 4;
    if (*literal_count > 286 || *distance_count > 30) return stop(s, BAD_BLOCK);
    uint8_t code_lengths[19] = {0};
    for (unsigned i = 0; i < code_count; i++) {
        code_lengths[order[i]] = (uint8_t)low_bits(peek(s), 3);
        if (!skip(s, 3)) return NEEDS_INPUT;
    }
    uint32_t table[128];
    if (!fill_table(LENGTH_TABLE, table, 7, 0, code_lengths, 19)) return stop(s, BAD_BLOCK);
    unsigned count = *literal_count + *distance_count, i = 0;
    while (i < count) {
        word = peek(s);
        uint32_t code = table[low_bits(word, 7)];
        unsigned bits = code & 0xFF, symbol = code >> 8;
        word >>= bits;
        unsigned extra = symbol < 16 ? 0 : symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
        if (!skip(s, bits + extra)) return NEEDS_INPUT;
        if (symbol < 16) {
            lengths[i++] = (uint8_t)symbol;
        } else {
            unsigned repeats = (symbol == 18 ? 11 : 3) + low_bits(word, extra);
            if ((symbol == 16 && i == 0) || repeats > count - i) return stop(s, BAD_BLOCK);
            memset(lengths + i, symbol == 16 ? lengths[i - 1] : 0, repeats);
            i += repeats;
        }
    }
    // Without an end the block has none.
    return lengths[256] > 0 ? WENT_ON : stop(s, BAD_BLOCK);
}

/// Reads a block's header, from behind the bit that says whether it is the last one.
static progress read_block(decoder *s, unsigned type) {
    unsigned literal_count = 288, distance_count = 32;
    uint8_t lengths[320];
    if (type == 0) {
        s->place = (s->place + 7) & ~UINT64_C(7);
        uint64_t header = peek(s);
        if (!skip(s, 32)) return NEEDS_INPUT;
        s->left = header & 0xFFFF;
        if (s->left != ((header >> 16 & 0xFFFF) ^ 0xFFFF)) return stop(s, BAD_BLOCK);
        s->state = IN_STORED;
        return WENT_ON;
    } else if (type == 1) {
        memset(lengths, 8, 144);
        memset(lengths + 144, 9, 112);
        memset(lengths + 256, 7, 24);
        memset(lengths + 280, 8, 8);
        memset(lengths + 288, 5, 32);
    } else if (type == 2) {
        progress read = read_lengths(s, lengths, &literal_count, &distance_count);
        if (read != WENT_ON) return read;
    } else {
        return stop(s, BAD_BLOCK);
    }
    if (!fill_table(LITERAL_TABLE, s->literals, LITERAL_BITS, LITERAL_ROOM, lengths, literal_count)
        || !fill_table(DISTANCE_TABLE, s->distances, DISTANCE_BITS, DISTANCE_ROOM, lengths + literal_count, distance_count)) {
        return stop(s, BAD_BLOCK);
    }
    lead_matches(s->literals);
    s->state = IN_BLOCK;
    return WENT_ON;
}

/// The most bytes of input that a step may want to see at once: a header with 316 code lengths of 14 bits.
enum { LONGEST_STEP = 600 };

static progress begin_block(decoder *s) {
    uint64_t start = s->place, word = peek(s);
    if (!skip(s, 3)) return NEEDS_INPUT;
    progress read = read_block(s, low_bits(word >> 1, 2));
    if (read == NEEDS_INPUT) s->place = start;
    else s->is_last_block = word & 1;
    return read;
}

static progress end_block(decoder *s) {
    s->state = s->is_last_block ? AT_END : BETWEEN_BLOCKS;
    return WENT_ON;
}

static progress copy_stored(decoder *s) {
    const uint8_t *bytes = (const uint8_t *)(s->place >> 3);
    size_t given = (size_t)((s->end - s->place) >> 3), room = (size_t)(s->output_end - s->output), count = s->left;
    if (count == 0) return end_block(s);
    if (given < count) count = given;
    if (room < count) count = room;
    if (count == 0) return room == 0 ? NEEDS_OUTPUT : NEEDS_INPUT;
    memcpy(s->output, bytes, count);
    s->output += count;
    s->place += 8 * count;
    s->left -= count;
    return WENT_ON;
}

static progress copy_match(decoder *s) {
    size_t room = (size_t)(s->output_end - s->output), count = s->left < room ? s->left : room;
    if (count == 0) return NEEDS_OUTPUT;
    s->left -= count;
    const uint8_t *source = s->output - s->distance;
    if (s->distance == 1) {
        memset(s->output, *source, count);
        s->output += count;
    } else {
        // What is copied prolongs the source.
        while (count > 0) {
            size_t there = (size_t)(s->output - source), part = count < there ? count : there;
            memcpy(s->output, source, part);
            s->output += part;
            count -= part;
        }
    }
    if (s->left == 0) s->state = IN_BLOCK;
    return WENT_ON;
}

static inline uint32_t linked(const uint32_t *table, uint64_t word, unsigned table_bits) {
    uint32_t e = table[low_bits(word, table_bits)];
    return (e & RARE) && (e & LINK) ? table[(e >> 16 & 0x7FFF) + low_bits(word >> table_bits, e & 0xFF)] : e;
}

/// Decodes what any one entry of the literal/length table stands for. Refuses what zlib refuses.
static progress decode_entry(decoder *s) {
    uint64_t word = peek(s), given = s->end - s->place;
    uint32_t e = linked(s->literals, word, LITERAL_BITS);
    unsigned bits = e & 0xFF;
    if ((e & RARE) && !(e & LONGEST)) {
        // No word has more bits than 15.
        if (!(e & END)) return given < 15 ? NEEDS_INPUT : stop(s, BAD_SYMBOL);
        return skip(s, bits) ? end_block(s) : NEEDS_INPUT;
    }
    if (given < bits) return NEEDS_INPUT;
    size_t has_literal = !(e & RARE) && (e & LEADING), room = (size_t)(s->output_end - s->output);
    if (has_literal && room == 0) return NEEDS_OUTPUT;
    if (has_literal && (e & ALONE)) {
        s->place += bits;
        *s->output++ = (uint8_t)(e >> 16);
        return WENT_ON;
    }
    size_t length = e & RARE ? 258 : (e >> 24) - has_literal + (low_bits(word, bits) >> (e >> 8 & 31));
    word >>= bits;
    uint32_t d = linked(s->distances, word, DISTANCE_BITS);
    if (d >> 16 == 0) return given - bits < 15 ? NEEDS_INPUT : stop(s, BAD_SYMBOL);
    bits += d & 0xFF;
    if (given < bits) return NEEDS_INPUT;
    size_t distance = (d >> 16) + (low_bits(word, d & 0xFF) >> (d >> 8 & 31));
    if (distance > (size_t)(s->output - s->output_start) + has_literal) return stop(s, BAD_DISTANCE);
    s->place += bits;
    if (has_literal) *s->output++ = (uint8_t)(e >> 16);
    s->left = length;
    s->distance = distance;
    s->state = IN_MATCH;
    copy_match(s);
    return WENT_ON;
}

/// Takes one step, with every check.
static __attribute__((noinline)) progress advance(decoder *s) {
    switch (s->state) {
    case BETWEEN_BLOCKS: return begin_block(s);
    case IN_STORED: return copy_stored(s);
    case IN_BLOCK: return decode_entry(s);
    case IN_MATCH: return copy_match(s);
    default: return STOPPED;
    }
}

/// The compiler would take two instructions to shift what it needs again.
static inline __attribute__((target("bmi2"), always_inline)) uint64_t rotated_by_8(uint64_t value) {
    __asm__("rorx $8, %1, %0" : "=r"(value) : "r"(value));
    return value;
}

/// The compiler would take three instructions to add bit 15, LEADING.
static inline __attribute__((always_inline)) uint8_t *after_literal(uint8_t *output, uint64_t entry) {
    __asm__("bt $15, %k1\n\tadc $0, %0" : "+r"(output) : "r"(entry) : "cc");
    return output;
}

// Copies go by 8 bytes, each read after the one before is written: right for distances from 8 up.
static inline __attribute__((always_inline)) void copy_eights(uint8_t *target, const uint8_t *source, const int count) {
#pragma clang loop unroll(full)
    for (int i = 0; i < count; i++) {
        uint64_t eight;
        memcpy(&eight, source + 8 * i, 8);
        memcpy(target + 8 * i, &eight, 8);
    }
}

#define HOT __attribute__((target("bmi,bmi2"), noinline)) static void
#define HOT_IN_LINE __attribute__((target("bmi,bmi2"), always_inline)) static inline void

// Of the bits, `count` were taken from before `input`; those above are the same as are put there. At least 56 then.
#define TOP_UP(bits, count, input)                                                                                                 \
    {                                                                                                                              \
        uint64_t next;                                                                                                             \
        memcpy(&next, input, 8);                                                                                                   \
        bits |= next << (count & 63);                                                                                              \
        input += (count ^ 63) >> 3;                                                                                                \
        count |= 56;                                                                                                               \
    }

#define PLACE(input, count) ((uint64_t)(uintptr_t)(input) * 8 - (count))

static inline __attribute__((always_inline)) void take_bits(const decoder *s, const uint8_t **input, uint64_t *bits,
                                                            uint64_t *count) {
    const uint8_t *from = (const uint8_t *)(s->place >> 3);
    memcpy(bits, from, 8);
    *bits >>= s->place & 7;
    *count = 56 - (s->place & 7);
    *input = from + 7;
    TOP_UP(*bits, *count, *input)
}

// One common step of `lanes[X]`, or a jump to `careful##X`: a literal and the match after it, or either alone, by the same instructions.
//
// The next entry is looked up before the bits are topped up, which only adds to their other end: so that is done while the table
// answers. Matches up to `COPIES` times 8 bytes are copied without a branch.
//
// Bounds, where the place is before `fast_end` and the output before `output_fast_end`: it reads 8 bytes of input, of which at most
// 37 bits are taken; it writes at most 259 + 31 bytes. The first of them may be a literal; where there is none, it is written over.
// After a literal alone, bytes are copied to where they are. Where no distance reaches beyond the output (`is_far`), no source does.
#define STEP(X, COPIES)                                                                                                            \
    {                                                                                                                              \
        const decoder *s = &lanes[X];                                                                                              \
        uint64_t after = bits##X >> (e##X & 63);                                                                                   \
        uint64_t d = s->distances[low_bits(after, DISTANCE_BITS)];                                                                 \
        d = __builtin_unpredictable((e##X & ALONE) != 0) ? 0 : d;                                                                  \
        /* Of two rare entries the second is gone, and of common ones bits 8...12 carry at most into bit 13. */                    \
        uint64_t sum = e##X + d;                                                                                                   \
        if (__builtin_expect((sum & RARE) != 0, 0)) goto careful##X;                                                               \
        uint8_t *target = after_literal(output##X, e##X);                                                                          \
        const uint8_t *source = target - ((d >> 16) + (_bzhi_u64(after, d) >> (rotated_by_8(d) & 63)));                            \
        if (!is_far && __builtin_expect(source < s->output_start, 0)) goto careful##X;                                             \
        *output##X = (uint8_t)(e##X >> 16);                                                                                        \
        uint64_t length = (e##X >> 24) + (_bzhi_u64(bits##X, e##X) >> (rotated_by_8(e##X) & 63));                                  \
        bits##X = after >> (d & 63);                                                                                               \
        count##X = (uint8_t)(count##X - sum);                                                                                      \
        e##X = s->literals[low_bits(bits##X, LITERAL_BITS)];                                                                       \
        TOP_UP(bits##X, count##X, input##X)                                                                                        \
        copy_eights(target, source, COPIES);                                                                                       \
        output##X += length;                                                                                                       \
        if (__builtin_expect(length > 8 * COPIES, 0)) {                                                                            \
            do {                                                                                                                   \
                target += 8 * COPIES;                                                                                              \
                source += 8 * COPIES;                                                                                              \
                copy_eights(target, source, COPIES);                                                                               \
            } while (target + 8 * COPIES < output##X);                                                                             \
        }                                                                                                                          \
    }

#define TAKE(X)                                                                                                                    \
    const uint8_t *input##X;                                                                                                       \
    uint64_t bits##X, count##X, e##X;                                                                                              \
    uint8_t *output##X = lanes[X].output;                                                                                          \
    take_bits(&lanes[X], &input##X, &bits##X, &count##X);                                                                          \
    e##X = lanes[X].literals[low_bits(bits##X, LITERAL_BITS)];
#define PUT(X)                                                                                                                     \
    lanes[X].place = PLACE(input##X, count##X);                                                                                    \
    lanes[X].output = output##X;

/// Decodes one stream where `can_run` says so, until it is near an end of its buffers or its block is over; while not far, until
/// it is. Most matches of numbers have up to 24 bytes.
HOT_IN_LINE run(decoder *lanes, const int is_far) {
    while (can_run(lanes)) {
        const uint8_t *input_end = (const uint8_t *)(lanes->fast_end >> 3), *far = lanes->output_start + LONGEST_DISTANCE;
        const uint8_t *output_end = lanes->output_fast_end;
        if (!is_far && lanes->output >= far) return;
        if (!is_far && output_end > far) output_end = far;
        TAKE(0)
        do {
            STEP(0, 3)
        } while (input0 < input_end && output0 < output_end);
    careful0:
        PUT(0)
        if (advance(lanes) != WENT_ON) return;
    }
}

HOT run_near(decoder *s) { run(s, 0); }

HOT run_far(decoder *s) { run(s, 1); }

/// Decodes until there is too little input or room, or the stream is over or damaged; returns which.
static inline progress run_on(decoder *s) {
    for (;;) {
        if (can_run(s)) (is_far(s) ? run_far : run_near)(s);
        progress went = advance(s);
        if (went != WENT_ON) return went;
    }
}
