/// What the kernels for numbers share.
#pragma once
#include "CVector.h"

/// One field alone, from `bytes[edges[0]]` to before `bytes[edges[1] - 1]`; returns 1 where it is no plain number.
size_t parse_one_int64(const uint8_t *bytes, const uint32_t *edges, int64_t *value);
size_t parse_one_float64(const uint8_t *bytes, const uint32_t *edges, double *value);
