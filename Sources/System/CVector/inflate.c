#include "CVector.h"

#if defined(__x86_64__) && defined(__clang__)
#include "inflate.h"

// Decoding one deflate stream waits: each symbol's place is known only once the one before is looked up, some 15 cycles in which
// a processor could run six times as many instructions. Short streams come by the dozen, so three are decoded in turn, a step of
// each; and since which kind of symbol comes next is a coin toss in tables of numbers, each step takes the same instructions,
// without a branch: a literal and the match after it, or either without the other.
//
// The hot loop takes the common symbols: codes within the tables' first level, distances from 9 up, both ends of either buffer far
// away. `advance` takes any, with every check.

enum { LANES = 3 };

_Static_assert(sizeof(decoder) * LANES <= INFLATE_MEMORY, "the caller's memory holds all lanes");

// As a step of `run` in inflate.h, at `place##X` and `output##X`, or a jump to `careful##X`; with the same bounds, where
// `place < fast_end`. There are not enough registers for the bits of three streams: they are read anew.
#define STEP(X)                                                                                                                    \
    {                                                                                                                              \
        const decoder *s = &lanes[X];                                                                                              \
        uint64_t word;                                                                                                             \
        memcpy(&word, (const uint8_t *)(place##X >> 3), 8);                                                                        \
        word >>= place##X & 7;                                                                                                     \
        uint64_t e = s->literals[low_bits(word, LITERAL_BITS)];                                                                    \
        uint64_t after = word >> (e & 63);                                                                                         \
        uint64_t d = s->distances[low_bits(after, DISTANCE_BITS)];                                                                 \
        d = __builtin_unpredictable((e & ALONE) != 0) ? 0 : d;                                                                     \
        uint64_t sum = e + d;                                                                                                      \
        if (__builtin_expect((sum & RARE) != 0, 0)) goto careful##X;                                                               \
        uint8_t *target = after_literal(output##X, e);                                                                             \
        const uint8_t *source = target - ((d >> 16) + (_bzhi_u64(after, d) >> (rotated_by_8(d) & 63)));                            \
        if (!is_far && __builtin_expect(source < s->output_start, 0)) goto careful##X;                                             \
        *output##X = (uint8_t)(e >> 16);                                                                                           \
        uint64_t length = (e >> 24) + (_bzhi_u64(word, e) >> (rotated_by_8(e) & 63));                                              \
        place##X += (uint8_t)sum;                                                                                                  \
        copy_eights(target, source, 2);                                                                                            \
        output##X += length;                                                                                                       \
        if (__builtin_expect(length > 16, 0)) {                                                                                    \
            do {                                                                                                                   \
                target += 16;                                                                                                      \
                source += 16;                                                                                                      \
                copy_eights(target, source, 2);                                                                                    \
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
        progress went = advance(&lanes[X]);                                                                                        \
        place##X = lanes[X].place;                                                                                                 \
        output##X = lanes[X].output;                                                                                               \
        if (went != WENT_ON || lanes[X].state != IN_BLOCK) goto leave;                                                             \
        steps = 1;                                                                                                                 \
    }                                                                                                                              \
    goto done##X;

/// How many common steps, of the limit, a lane can take before it is near an end of its buffers: 0 there, else at least one.
static inline uint64_t safe_steps(const decoder *s, uint64_t place, const uint8_t *output, uint64_t limit) {
    if (place >= s->fast_end || output >= s->output_fast_end) return 0;
    uint64_t of_input = (s->fast_end - place) / 37 + 1, of_output = (uint64_t)(s->output_fast_end - output) / 259 + 1;
    if (of_input < limit) limit = of_input;
    return of_output < limit ? of_output : limit;
}

#define IS_FAR(X) (output##X - lanes[X].output_start >= LONGEST_DISTANCE)

/// Goes on until one of the lanes is near an end of its buffers, or its block is over; while not all are far, until they are.
HOT_IN_LINE run_three(decoder *lanes, const int is_far) {
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

HOT run_three_near(decoder *lanes) { run_three(lanes, 0); }

HOT run_three_far(decoder *lanes) { run_three(lanes, 1); }

static void begin(decoder *s, const inflate_stream *stream) {
    set_input(s, stream->input, stream->input_count, 0);
    set_output(s, stream->output, stream->output, stream->output + stream->output_count);
    s->state = BETWEEN_BLOCKS;
    s->is_last_block = 0;
}

/// Takes steps until the hot loop can go on; returns 0 where it never can again.
static int is_ready(decoder *s) {
    while (!can_run(s)) {
        if (advance(s) != WENT_ON) return 0;
    }
    return 1;
}

static void finish(const decoder *s, inflate_stream *stream) {
    stream->is_whole = s->state == AT_END && s->output == s->output_end && (s->place + 7) / 8 * 8 == s->end;
}

void inflate_streams(inflate_stream *streams, size_t count, void *memory) {
    decoder *lanes = memory;
    inflate_stream *owners[LANES];
    size_t used = 0, next = 0;
    for (;;) {
        while (used < LANES && next < count) {
            begin(&lanes[used], &streams[next]);
            owners[used++] = &streams[next++];
        }
        if (used == 0) return;
        for (size_t i = 0; i < used;) {
            if (is_ready(&lanes[i])) {
                i++;
                continue;
            }
            finish(&lanes[i], owners[i]);
            if (i < --used) {
                lanes[i] = lanes[used];
                owners[i] = owners[used];
            }
        }
        if (used < LANES && next < count) continue;
        if (used < LANES) {
            // Two in turn take as long as one after the other.
            if (used > 0) run_on(&lanes[0]);
        } else if (is_far(&lanes[0]) && is_far(&lanes[1]) && is_far(&lanes[2])) {
            run_three_far(lanes);
        } else {
            run_three_near(lanes);
        }
    }
}

#else

void inflate_streams(inflate_stream *streams, size_t count, void *memory) {
    (void)memory;
    for (size_t i = 0; i < count; i++) streams[i].is_whole = 0;
}

#endif
