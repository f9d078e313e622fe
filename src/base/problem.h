/* Problems: damage found in evidence. Noted, and the work goes on.
 *
 * Shapes    `kind` is a stable dotted word ("chunk.checksum", "record.size"); `offset` is in bytes from the beginning of
 *           the artifact; `chunk` counts from 0, or is PROBLEM_NO_CHUNK.
 * Owns      Texts live in the arena given to problems_init. `kind` must be a literal.
 * Hostile   At most PROBLEMS_KEPT are kept; the rest is counted in `dropped`. */
#pragma once
#include "base/arena.h"

#define PROBLEMS_KEPT 1000
#define PROBLEM_NO_CHUNK UINT64_MAX

typedef struct { const char *kind; uint64_t chunk, offset; const char *text; } problem;
typedef struct { arena *mem; problem *items; size_t count, room; uint64_t dropped; } problems;

void problems_init(problems *of, arena *mem);
void problems_note(problems *of, const char *kind, uint64_t chunk, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
bool problems_has(const problems *of, const char *kind);
