/* A budget: what one artifact may cost, in proportion to its size. Spent by whoever works on it; when it is gone the work
 * ends there, and that is a problem of the artifact, not an error. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef struct { uint64_t steps; uint64_t bytes; unsigned depth; } budget;

static inline bool budget_steps(budget *b, uint64_t n) { bool can = b->steps >= n; b->steps = can ? b->steps - n : 0; return can; }
static inline bool budget_bytes(budget *b, uint64_t n) { bool can = b->bytes >= n; b->bytes = can ? b->bytes - n : 0; return can; }
static inline bool budget_enter(budget *b) { if (b->depth == 0) return false; b->depth--; return true; }
static inline void budget_leave(budget *b) { b->depth++; }
