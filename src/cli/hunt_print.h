/* Hits as they are written: JSON lines, Timesketch's, CSV, a table.
 *
 * Owns      A printer its texts: what a rule says of itself is rendered once, what an event says once for all of its hits.
 * Hostile   Cells of CSV are kept from being formulas. What goes to a terminal is escaped by the caller. */
#pragma once
#include "hunt/hunt.h"

typedef enum { OUT_TABLE, OUT_JSONL, OUT_CSV, OUT_TIMESKETCH, OUT_NAVIGATOR } hunt_format;

typedef struct {
    const sigma_rules *rules;
    hunt_format format;
    arena mem;
    span *rule_texts, *names;            /* by rule; by field, as far as names go */
    size_t name_count;
    buf head, tail;                      /* of the event of the last hit */
    buf host_raw, host, channel_raw, channel, file_raw, file;
} hunt_printer;

void hunt_printer_init(hunt_printer *p, const sigma_rules *rules, hunt_format format);
void hunt_printer_done(hunt_printer *p);
void hunt_print_head(const hunt_printer *p, buf *out);       /* what stands before the first hit */
void hunt_print(hunt_printer *p, const hunt_hit *h, buf *out);
