/* Inside of hunt: hits as bytes, sorted within bounded memory.
 *
 * Owns      A sorter its memory and files; sorter_done gives them back. sorter_add may be called from any thread, one at a time. */
#pragma once
#include "hunt/hunt.h"

#include "base/vec.h"

typedef struct { buf bytes; vec at; vec runs; size_t limit; status failed; } sorter;

void   sorter_init(sorter *s, size_t limit);
void   hit_put(buf *out, const hunt_hit *h);             /* one hit, as sorter_add takes any number of them */
void   sorter_add(sorter *s, span hits);
status sorter_give(sorter *s, void (*each)(void *context, const hunt_hit *h), void *context, uint64_t *given, uint64_t *again);
void   sorter_done(sorter *s);
