/* Searching: events in whose values a word stands, or that an expression matches.
 *
 * Shapes    Hits are ordered by time, then host, channel, record; the same record met again is told once. Values with one name are one,
 *           with line ends between. Case does not count unless it is asked for.
 * Owns      What a hit points to lives until `each` returns.
 * Hostile   Memory is bounded as for hunting; of a value 64 KiB are looked at by expressions.
 * Fails     When evidence cannot be opened at all, the expression is wrong, or a temporary file cannot be written. */
#pragma once
#include "hunt/masked.h"
#include "hunt/read.h"

typedef struct { const char *name, *value; bool matched; } search_field;
typedef struct {
    moment time;
    uint32_t event_id;
    uint64_t record;
    bool recovered;
    const char *host, *channel, *provider, *file;
    const search_field *fields; size_t field_count;
} search_hit;

typedef struct {
    const char *word;
    bool regex, cased;
    const char *const *fields; size_t field_count;       /* where it is looked for: names of values, Channel, Provider, Computer; none: everywhere */
    const uint32_t *ids; size_t id_count;                /* of events; none: all */
    hunt_mask mask;
} search_what;

/* again: hits of records met before. */
typedef struct { read_counts read; uint64_t hits, again; } search_counts;

/* each, hand_in, context and names of `o` are not used. */
status search_run(const search_what *what, const read_options *o, void (*each)(void *context, const search_hit *h), void *context, search_counts *out);
