#include "CVector.h"

#if defined(__x86_64__) && defined(__clang__)
#include "inflate.h"

// Decoding one deflate stream waits: each symbol's place is known only once the one before is looked up, some 15 cycles in which
// a processor could run six times as many instructions. Short streams come by the dozen, so two are decoded in turn, a step of
// each. More than two would not leave enough registers: three, with the bits of each read anew in every step, took 1.1 times as long.
//
// The hot loop takes the common symbols: codes within the tables' first level, distances from 9 up, both ends of either buffer far
// away. `advance` takes any, with every check.

enum { LANES = 2 };

_Static_assert(sizeof(decoder) * LANES <= INFLATE_MEMORY, "the caller's memory holds all lanes");

/// How many common steps, of the limit, a lane can take before it is near an end of its buffers: 0 there, else at least one.
static inline uint64_t safe_steps(const decoder *s, uint64_t place, const uint8_t *output, uint64_t limit) {
    if (place >= s->fast_end || output >= s->output_fast_end) return 0;
    uint64_t of_input = (s->fast_end - place) / 37 + 1, of_output = (uint64_t)(s->output_fast_end - output) / 259 + 1;
    if (of_input < limit) limit = of_input;
    return of_output < limit ? of_output : limit;
}

#define LIMIT(X) steps = safe_steps(&lanes[X], PLACE(input##X, count##X), output##X, steps);
#define IS_FAR(X) (output##X - lanes[X].output_start >= LONGEST_DISTANCE)

/// Goes on until one of the lanes is near an end of its buffers, or its block is over; while not both are far, until they are.
HOT_IN_LINE run_two(decoder *lanes, const int is_far) {
    for (;;) {
        TAKE(0) TAKE(1)
        decoder *careful;
        for (;;) {
            uint64_t steps = UINT64_MAX;
            LIMIT(0) LIMIT(1)
            if (steps == 0 || (!is_far && IS_FAR(0) && IS_FAR(1))) {
                PUT(0) PUT(1)
                return;
            }
            do {
                STEP(0, 2) STEP(1, 2)
            } while (--steps > 0);
        }
    careful0:
        careful = &lanes[0];
        goto take_care;
    careful1:
        careful = &lanes[1];
    take_care:
        PUT(0) PUT(1)
        if (advance(careful) != WENT_ON || !can_run(&lanes[0]) || !can_run(&lanes[1])) return;
    }
}

HOT run_two_near(decoder *lanes) { run_two(lanes, 0); }

HOT run_two_far(decoder *lanes) { run_two(lanes, 1); }

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
        if (used == LANES) (is_far(&lanes[0]) && is_far(&lanes[1]) ? run_two_far : run_two_near)(lanes);
        else if (used > 0 && next == count) run_on(&lanes[0]);
    }
}

#else

void inflate_streams(inflate_stream *streams, size_t count, void *memory) {
    (void)memory;
    for (size_t i = 0; i < count; i++) streams[i].is_whole = 0;
}

#endif
