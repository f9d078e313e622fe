/* A map from bytes to a 64-bit value (often an index into a vec). Keys are copied. Iteration is in order of insertion,
 * so what is built from it does not depend on hashes; the hash is keyed (SipHash), so evidence cannot choose collisions. */
#pragma once
#include "base/span.h"

typedef struct map_entry { span key; uint64_t value; } map_entry;
typedef struct { map_entry *entries; size_t count, room; uint32_t *slots; size_t slot_count; } map;

void      map_init(map *m);
uint64_t *map_find(const map *m, span key);                 /* NULL when not there */
uint64_t *map_put(map *m, span key, bool *was_there);       /* finds, or adds with value 0; valid until the next put */
void      map_done(map *m);
