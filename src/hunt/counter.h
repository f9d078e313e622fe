/* Inside of hunt: counts under keys, of a bounded number of keys.
 *
 * Shapes    When there are more than COUNTER_ROWS keys, those are kept whose hash is smallest, and what the others counted is told as one
 *           number: what is kept depends on the keys alone, neither on order nor on threads. */
#pragma once
#include "base/base.h"
#include "base/map.h"
#include "base/vec.h"

#define COUNTER_ROWS 131072u

typedef struct { uint64_t hash, count; moment first, last; span key; } counter_row;
typedef struct { map index; vec rows; uint64_t most; uint64_t others; } counter;

void counter_init(counter *t);
void counter_add(counter *t, span key, moment time);
void counter_take(counter *t, const counter *other);
void counter_settle(counter *t, int (*order)(const void *, const void *));   /* rows in order; keys lie in the index */
void counter_done(counter *t);
