/* Inside of hunt: what events gave (hunt/found.h), sorted within bounded memory.
 *
 * Owns      A sorter its memory and files; sorter_done gives them back. sorter_add may be called from any thread, one at a time. */
#pragma once
#include "hunt/found.h"

typedef struct { buf bytes; vec at; vec runs; size_t limit; status failed; } sorter;

void   sorter_init(sorter *s, size_t limit);
void   sorter_add(sorter *s, span found);                    /* any number of them, one after the other */
/* In order; the bytes live until `each` returns. again: of the same record as the one before. */
status sorter_give(sorter *s, void (*each)(void *context, span found, bool again), void *context);
void   sorter_done(sorter *s);
