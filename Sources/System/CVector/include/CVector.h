/// Kernels in vector instructions that Swift has no words for (byte shuffles, pairwise multiply-add, movemask), for
/// x86-64 with AVX2, BMI2 and POPCNT. Each has a twin in Swift that does the same anywhere and that the tests compare it with.
///
/// All take bytes with 64 readable ones on either side.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Whether this processor runs the kernels below; they must not be called where it does not.
int vector_kernels_run(void);

/// Whether it has the parts of AVX-512 with which some of them are faster (Intel from Ice Lake on, AMD from Zen 4 on).
int vector_has_512(void);

/// Whether it has instructions for SHA-256, which `vector_sha256_two` needs and nothing else.
int vector_has_sha(void);

/// What a status byte holds for a row that a kernel leaves to its twin.
#define VECTOR_UNDECIDED 0xFF

/// Offsets after delimiters and LFs.
///
/// - bytes: `byte_count` of them.
/// - edges: room for `byte_count + 64`; receives, ascending, the offset of the byte behind each delimiter or LF.
/// - found, line_feeds: how many edges were written, and how many of them stand behind an LF.
/// Returns up to where it looked: a multiple of 64 at most 63 below `byte_count`, or less where a quote, CR or zero byte
/// lies within the next 64.
size_t vector_find_edges(const uint8_t *bytes, size_t byte_count, uint8_t delimiter, uint8_t quote,
                         uint32_t *edges, size_t *found, size_t *line_feeds);

/// The same for processors without AVX-512.
size_t vector_find_edges_256(const uint8_t *bytes, size_t byte_count, uint8_t delimiter, uint8_t quote,
                             uint32_t *edges, size_t *found, size_t *line_feeds);

/// One column's fields: field `r` is `bytes[edges[r * stride] ..< edges[r * stride + 1] - 1]`.
///
/// Rows that are not plain numbers (too long, empty, malformed, inexact in one division) get `VECTOR_UNDECIDED`, the
/// others' status is left alone. Each returns how many are undecided.
size_t vector_parse_int64(const uint8_t *bytes, const uint32_t *edges, size_t stride, size_t count,
                          int64_t *values, uint8_t *status);
size_t vector_parse_float64(const uint8_t *bytes, const uint32_t *edges, size_t stride, size_t count,
                            double *values, uint8_t *status);
size_t vector_parse_bool(const uint8_t *bytes, const uint32_t *edges, size_t stride, size_t count,
                         uint8_t *values, uint8_t *status);

/// The same for processors without AVX-512.
size_t vector_parse_int64_256(const uint8_t *bytes, const uint32_t *edges, size_t stride, size_t count,
                              int64_t *values, uint8_t *status);
size_t vector_parse_float64_256(const uint8_t *bytes, const uint32_t *edges, size_t stride, size_t count,
                                double *values, uint8_t *status);
size_t vector_parse_bool_256(const uint8_t *bytes, const uint32_t *edges, size_t stride, size_t count,
                             uint8_t *values, uint8_t *status);

/// Packs groups of 32 integers, each below 2^width, into `4 * width` bytes a group, least significant bit first.
///
/// - width: 1...32.
void vector_pack(const uint32_t *values, size_t group_count, unsigned width, uint8_t *target);

/// One whole block of DELTA_BINARY_PACKED (parquet-format `Encodings.md`): 128 deltas in miniblocks of 32.
///
/// - values: 129 of them, the one before the block first.
/// - target: room for 10 + 4 + 4 * 128 bytes.
/// - widest: raised to the widest miniblock's bits.
/// Returns the bytes written; 0, and `target` as it was, where a delta takes more than 32 bits above the smallest.
size_t vector_pack_delta_block(const int64_t *values, uint8_t *target, unsigned *widest);

/// Puts the first bytes of all values first, then the second bytes of all, and so on.
///
/// - values: `count` of them, `width` bytes each: 4 or 8.
/// - target: room for as many bytes.
void vector_split_streams(const uint8_t *values, size_t count, size_t width, uint8_t *target);

/// Lowers `smallest` and raises `largest` to what is in `values`.
void vector_int64_extremes(const int64_t *values, size_t count, int64_t *smallest, int64_t *largest);

/// The same, NaNs left out; of zeros that differ in sign either may come out. Returns how many NaNs there are.
size_t vector_float64_extremes(const double *values, size_t count, double *smallest, double *largest);

/// One raw deflate stream (RFC 1951) that is in memory, and the memory for all that it holds.
typedef struct {
    const uint8_t *input;
    size_t input_count;
    uint8_t *output;
    size_t output_count;
    /// Whether the stream is sound, takes all of the input and fills all of the output. If not, what the output holds means
    /// nothing, and another decoder may know better: this one refuses whatever is not written by the book.
    int32_t is_whole;
} inflate_stream;

/// Bytes that `inflate_streams` works in.
#define INFLATE_MEMORY (24 << 10)

/// Inflates short streams, two at a time: 0.58 of the time ISA-L takes for one after the other (klines as CSV, Zen 4).
///
/// - memory: `INFLATE_MEMORY` bytes, aligned to 8, of any content.
void inflate_streams(inflate_stream *streams, size_t count, void *memory);

/// Bytes that an inflater works in.
#define INFLATER_MEMORY (112 << 10)

typedef enum {
    INFLATER_GOES_ON,
    INFLATER_ENDED,
    INFLATER_BAD_BLOCK,
    INFLATER_BAD_SYMBOL,
    INFLATER_BAD_DISTANCE
} inflater_outcome;

/// What one call of an inflater did.
typedef struct {
    size_t read_count;
    size_t written_count;
    inflater_outcome outcome;
    /// At the end: bytes read by calls before this one that lie behind the stream.
    size_t surplus_count;
} inflater_step;

/// Makes an inflater for one stream of any length: 0.77 of the time ISA-L takes (trades as CSV, Zen 4).
///
/// - memory: `INFLATER_MEMORY` bytes, aligned to 8, of any content.
void inflater_begin(void *memory);

/// Decodes until the input is used up, the output is full, the stream is over or damaged; what zlib refuses is damage. All input is
/// read unless the output is full or the stream over. After the last two it does nothing.
inflater_step inflater_run(void *memory, const void *input, size_t input_count, void *output, size_t output_count);

/// Takes two SHA-256 states on by as many whole blocks of 64 bytes each: 0.56 of the time that libcrypto takes for one after the
/// other (Zen 4). The bytes need no readable ones around them.
void vector_sha256_two(uint32_t first_state[8], const uint8_t *first, uint32_t second_state[8], const uint8_t *second,
                       size_t blocks);
