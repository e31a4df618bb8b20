#include "CVector.h"

#if defined(__x86_64__) && defined(__clang__)
#include "inflate.h"

// A stream of any length, in pieces of any length.
//
// What a piece of input ends amid of is carried over, and completed by the next one. Of a piece of output the first 32 KiB are
// decoded behind the last 32 KiB of the one before, and moved: matches reach as far back. From there on the output has all that
// they need.

enum { HISTORY = LONGEST_DISTANCE, AREA = 2 * HISTORY, CARRY = 1024 };

_Static_assert(CARRY > LONGEST_STEP + 8, "what was carried is decoded once it has met with that many bytes");

typedef struct {
    decoder decoder;
    /// Bytes in `carry`; the first `bit` bits of them are done with.
    size_t carried;
    unsigned bit;
    /// Bytes in `window`, the last of the output.
    size_t filled;
    uint8_t carry[CARRY];
    uint8_t window[HISTORY + AREA];
} inflater;

_Static_assert(sizeof(inflater) <= INFLATER_MEMORY, "the caller's memory holds it");

void inflater_begin(void *memory) {
    inflater *s = memory;
    s->decoder.state = BETWEEN_BLOCKS;
    s->decoder.is_last_block = 0;
    s->carried = 0;
    s->bit = 0;
    s->filled = 0;
}

/// Decodes from the input that was set into what is left of the output.
///
/// - start: of the whole piece of output.
static progress fill_output(inflater *s, uint8_t *start, uint8_t **output, uint8_t *end) {
    decoder *d = &s->decoder;
    for (;;) {
        size_t room = (size_t)(end - *output), done = (size_t)(*output - start);
        if (done >= HISTORY) {
            set_output(d, start, *output, end);
            progress went = run_on(d);
            *output = d->output;
            memcpy(s->window, *output - HISTORY, HISTORY);
            s->filled = HISTORY;
            return went;
        }
        if (s->filled == sizeof s->window) {
            memcpy(s->window, s->window + s->filled - HISTORY, HISTORY);
            s->filled = HISTORY;
        }
        uint8_t *from = s->window + s->filled;
        size_t most = sizeof s->window - s->filled;
        if (room < most) most = room;
        if (HISTORY - done < most) most = HISTORY - done;
        set_output(d, s->window, from, from + most);
        progress went = run_on(d);
        size_t count = (size_t)(d->output - from);
        memcpy(*output, from, count);
        *output += count;
        s->filled += count;
        if (went != NEEDS_OUTPUT || *output == end) return went;
    }
}

/// Bytes of `input` that are done with, one that is begun among them.
static size_t taken(const decoder *d, const uint8_t *input) {
    return (size_t)((d->place + 7) / 8 - (uint64_t)(uintptr_t)input);
}

static inflater_outcome outcome(const decoder *d) {
    switch (d->state) {
    case AT_END: return INFLATER_ENDED;
    case BAD_BLOCK: return INFLATER_BAD_BLOCK;
    case BAD_SYMBOL: return INFLATER_BAD_SYMBOL;
    case BAD_DISTANCE: return INFLATER_BAD_DISTANCE;
    default: return INFLATER_GOES_ON;
    }
}

inflater_step inflater_run(void *memory, const void *in, size_t input_count, void *out, size_t output_count) {
    inflater *s = memory;
    decoder *d = &s->decoder;
    const uint8_t *input = in;
    uint8_t *output = out, *target = output, *end = output + output_count;
    size_t read = 0;
    progress went = NEEDS_INPUT;
    if (s->carried > 0 || input_count == 0) {
        size_t old = s->carried, more = CARRY - old < input_count ? CARRY - old : input_count;
        memcpy(s->carry + old, input, more);
        set_input(d, s->carry, old + more, s->bit);
        went = fill_output(s, output, &target, end);
        size_t done = (size_t)(d->place / 8 - (uint64_t)(uintptr_t)s->carry);
        s->bit = d->place & 7;
        if (went == STOPPED) {
            size_t all = taken(d, s->carry);
            read = all > old ? all - old : 0;
            return (inflater_step){read, (size_t)(target - output), outcome(d), old > all ? old - all : 0};
        }
        if (done < old || (went == NEEDS_INPUT && more == input_count)) {
            // All of it is needed again, but for what is not taken yet.
            size_t kept = went == NEEDS_INPUT ? old + more - done : old - done;
            memmove(s->carry, s->carry + done, kept);
            s->carried = kept;
            return (inflater_step){went == NEEDS_INPUT ? more : 0, (size_t)(target - output), outcome(d), 0};
        }
        read = done - old;
        s->carried = 0;
    }
    if (went == NEEDS_INPUT) {
        set_input(d, input + read, input_count - read, s->bit);
        went = fill_output(s, output, &target, end);
        size_t done = (size_t)(d->place / 8 - (uint64_t)(uintptr_t)input);
        s->bit = d->place & 7;
        if (went == STOPPED) return (inflater_step){taken(d, input), (size_t)(target - output), outcome(d), 0};
        read = done;
    }
    // Of what is left, all that the next step needs more for, or a byte that is begun.
    s->carried = went == NEEDS_INPUT ? input_count - read : s->bit > 0;
    memcpy(s->carry, input + read, s->carried);
    return (inflater_step){read + s->carried, (size_t)(target - output), outcome(d), 0};
}

#else

void inflater_begin(void *memory) { __builtin_trap(); }

inflater_step inflater_run(void *memory, const void *input, size_t input_count, void *output, size_t output_count) {
    __builtin_trap();
}

#endif
