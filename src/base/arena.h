/* An arena: memory that dies together. Named by what it lives as long as (a chunk, an artifact, a host, a case) and
 * always passed explicitly.
 *
 * Shapes    Allocations are zeroed and aligned to 16.
 * Owns      Everything it gave; arena_reset empties it for reuse (keeps the first block), arena_done gives all back.
 * Fails     With a `limit`, an allocation that would go beyond it returns NULL, and `spent` stays set until reset.
 *           Without one (0) it never returns NULL: when the machine itself has no memory left, the process ends.
 *           arena_fail_at (test builds use it) makes the n-th next allocation of a limited arena fail. */
#pragma once
#include "base/span.h"

typedef struct arena_block arena_block;
typedef struct {
    arena_block *blocks;      /* newest first */
    size_t used, limit;       /* bytes given; 0: no limit */
    size_t fail_at;           /* 0: never */
    bool spent;
} arena;

void  arena_init(arena *mem, size_t limit);
void *arena_alloc(arena *mem, size_t size);
void *arena_array(arena *mem, size_t count, size_t each);   /* NULL also when count * each overflows */
char *arena_text(arena *mem, span bytes);                   /* a NUL-terminated copy */
char *arena_str(arena *mem, const char *text);              /* NULL gives NULL */
span  arena_span(arena *mem, span bytes);
char *arena_printf(arena *mem, const char *format, ...) __attribute__((format(printf, 2, 3)));
void  arena_fail_at(arena *mem, size_t nth);
void  arena_reset(arena *mem);
void  arena_done(arena *mem);
