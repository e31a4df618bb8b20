#include "CVector.h"

#include <string.h>

#if defined(__x86_64__) && defined(__clang__)
#include "huffman.h"
#include <immintrin.h>

// Decoding one deflate stream waits: each symbol's place is known only once the one before is looked up, some 25 cycles in which
// a processor could run five times as many instructions. Short streams come by the dozen, so up to three are decoded in turn, a
// step of each; and since which kind of symbol comes next is a coin toss in tables of numbers, each step takes the same
// instructions, without a branch: a literal and the match after it, or either without the other.
//
// The hot loop takes the common symbols: codes within the tables' first level, distances from 9 up, both ends of either buffer far
// away. `careful_step` takes any, with every check.

enum { LANES = 3, LONGEST_DISTANCE = 32768 };

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
        lead_matches(s->literals);
        return s->state = IN_BLOCK;
    }
    return s->state = AT_END;
}

static inline uint32_t linked(const uint32_t *table, uint64_t word, unsigned table_bits) {
    uint32_t e = table[low_bits(word, table_bits)];
    return (e & RARE) && (e & LINK) ? table[(e >> 16 & 0x7FFF) + low_bits(word >> table_bits, e & 0xFF)] : e;
}

/// Decodes what any one entry of the literal/length table stands for; returns the lane's new state. Refuses what leaves either
/// buffer, as zlib does.
static __attribute__((noinline)) int careful_step(lane *s) {
    uint64_t word = peek(s);
    uint32_t e = linked(s->literals, word, LITERAL_BITS);
    unsigned bits = e & 0xFF;
    if ((e & RARE) && !(e & LONGEST)) {
        if (!(e & END) || !skip(s, bits)) return s->state = REFUSED;
        return next_block(s);
    }
    size_t length = 258;
    if (!(e & RARE)) {
        length = e >> 24;
        if (e & LEADING) {
            if (s->output == s->output_end) return s->state = REFUSED;
            *s->output++ = (uint8_t)(e >> 16);
            length--;
        }
        if (e & ALONE) return skip(s, bits) ? IN_BLOCK : (s->state = REFUSED);
        length += low_bits(word, bits) >> (e >> 8 & 31);
    }
    word >>= bits;
    uint32_t d = linked(s->distances, word, DISTANCE_BITS);
    size_t distance = (d >> 16) + (low_bits(word, d & 0xFF) >> (d >> 8 & 31));
    if (d >> 16 == 0 || distance > (size_t)(s->output - s->output_start) || length > (size_t)(s->output_end - s->output)
        || !skip(s, bits + (d & 0xFF))) {
        return s->state = REFUSED;
    }
    const uint8_t *source = s->output - distance;
    for (size_t i = 0; i < length; i++) s->output[i] = source[i];
    s->output += length;
    return IN_BLOCK;
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

// One common step of one lane, at `place##X` and `output##X`, or a jump to `careful##X`. Bounds, where `place < fast_end` and
// `output < output_fast_end`: it reads 8 bytes of input, of which at most 37 bits are taken; it writes at most 259 + 31 bytes. The
// first of them may be a literal; where there is none, it is written over. Copies go by 8 bytes, each read after the one before is
// written: right for distances from 8 up. After a literal alone, bytes are copied to where they are. Where the longest distance
// stays within the output (`is_far`), the source does, too.
#define STEP(X)                                                                                                                    \
    {                                                                                                                              \
        const lane *s = &lanes[X];                                                                                                 \
        uint64_t word;                                                                                                             \
        memcpy(&word, (const uint8_t *)(place##X >> 3), 8);                                                                        \
        word >>= place##X & 7;                                                                                                     \
        uint64_t e = s->literals[low_bits(word, LITERAL_BITS)];                                                                    \
        uint64_t after = word >> (e & 63);                                                                                         \
        uint64_t d = s->distances[low_bits(after, DISTANCE_BITS)];                                                                 \
        d = __builtin_unpredictable((e & ALONE) != 0) ? 0 : d;                                                                     \
        /* Of two rare entries the second is gone, and of common ones bits 8...12 carry at most into bit 13. */                    \
        uint64_t sum = e + d;                                                                                                      \
        if (__builtin_expect((sum & RARE) != 0, 0)) goto careful##X;                                                               \
        uint8_t *target = after_literal(output##X, e);                                                                             \
        const uint8_t *source = target - ((d >> 16) + (_bzhi_u64(after, d) >> (rotated_by_8(d) & 63)));                            \
        if (!is_far && __builtin_expect(source < s->output_start, 0)) goto careful##X;                                             \
        *output##X = (uint8_t)(e >> 16);                                                                                           \
        uint64_t length = (e >> 24) + (_bzhi_u64(word, e) >> (rotated_by_8(e) & 63));                                              \
        place##X += (uint8_t)sum;                                                                                                  \
        uint64_t eight;                                                                                                            \
        memcpy(&eight, source, 8);                                                                                                 \
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
#define LIMIT(X) steps = safe_steps(&lanes[X], place##X, output##X, steps);
#define CAREFUL(X)                                                                                                                 \
    careful##X : {                                                                                                                 \
        PUT(X)                                                                                                                     \
        int state = careful_step(&lanes[X]);                                                                                     \
        place##X = lanes[X].place;                                                                                                 \
        output##X = lanes[X].output;                                                                                               \
        if (state != IN_BLOCK) goto leave;                                                                                         \
        steps = 1;                                                                                                                 \
    }                                                                                                                              \
    goto done##X;

/// How many common steps, of the limit, a lane can take before it is near an end of its buffers: 0 there, else at least one.
static inline uint64_t safe_steps(const lane *s, uint64_t place, const uint8_t *output, uint64_t limit) {
    if (place >= s->fast_end || output >= s->output_fast_end) return 0;
    uint64_t of_input = (s->fast_end - place) / 37 + 1, of_output = (uint64_t)(s->output_fast_end - output) / 259 + 1;
    if (of_input < limit) limit = of_input;
    return of_output < limit ? of_output : limit;
}

// Each goes on until one of its lanes is near an end of its buffers, or its stream is over.
#define HOT __attribute__((target("bmi,bmi2"), noinline)) static void
#define HOT_IN_LINE __attribute__((target("bmi,bmi2"), always_inline)) static inline void

#define IS_FAR(X) (output##X - lanes[X].output_start >= LONGEST_DISTANCE)

/// While not all lanes are far, it goes on until they are.
HOT_IN_LINE run_three(lane *lanes, const int is_far) {
    TAKE(0) TAKE(1) TAKE(2)
    for (;;) {
        uint64_t steps = UINT64_MAX;
        LIMIT(0) LIMIT(1) LIMIT(2)
        if (steps == 0 || (!is_far && IS_FAR(0) && IS_FAR(1) && IS_FAR(2))) break;
        do {
            STEP(0) done0: STEP(1) done1: STEP(2) done2:;
        } while (--steps > 0);
        continue;
        CAREFUL(0) CAREFUL(1) CAREFUL(2)
    }
leave:
    PUT(0) PUT(1) PUT(2)
}

HOT run_three_near(lane *lanes) { run_three(lanes, 0); }

HOT run_three_far(lane *lanes) { run_three(lanes, 1); }

HOT run_two(lane *lanes) {
    const int is_far = 0;
    TAKE(0) TAKE(1)
    for (;;) {
        uint64_t steps = UINT64_MAX;
        LIMIT(0) LIMIT(1)
        if (steps == 0) break;
        do {
            STEP(0) done0: STEP(1) done1:;
        } while (--steps > 0);
        continue;
        CAREFUL(0) CAREFUL(1)
    }
leave:
    PUT(0) PUT(1)
}

HOT run_one(lane *lanes) {
    const int is_far = 0;
    TAKE(0)
    for (;;) {
        uint64_t steps = UINT64_MAX;
        LIMIT(0)
        if (steps == 0) break;
        do {
            STEP(0) done0:;
        } while (--steps > 0);
        continue;
        CAREFUL(0)
    }
leave:
    PUT(0)
}

/// How far from the ends the hot loop stays, in bytes.
enum { INPUT_MARGIN = 16, OUTPUT_MARGIN = 320 };

static int is_far(const lane *s) { return s->output - s->output_start >= LONGEST_DISTANCE; }

static int can_run(const lane *s) { return s->state == IN_BLOCK && s->place < s->fast_end && s->output < s->output_fast_end; }

/// Begins a stream; returns whether the hot loop can go on with it.
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
    return can_run(s);
}

static void finish(lane *s) {
    while (s->state == IN_BLOCK) careful_step(s);
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
        if (used == 3 && is_far(&lanes[0]) && is_far(&lanes[1]) && is_far(&lanes[2])) run_three_far(lanes);
        else if (used == 3) run_three_near(lanes);
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
