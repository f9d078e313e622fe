/* Inside of hunt: what one event gave, as bytes that can be sorted and put into files.
 *
 * Shapes    u32 length of all, time, file, offset, record, number of the event, whether it is recovered, and names an account that is withheld; host and channel with a NUL;
 *           fields that some of its rules show, each once; its hits by rule, with the fields by their place, and what correlations
 *           want to know.
 * Hostile   FOUND_BYTES at most: fields for which there is no room are left out. */
#pragma once
#include "hunt/hunt.h"

#include "base/vec.h"

#define FOUND_BYTES (1u << 20)

/* file: of whatever numbers order files. */
typedef struct { moment time; uint64_t record, offset, file; uint32_t event_id; bool recovered, withheld; span host, channel; } found_event;     /* texts with their NUL */

typedef struct { buf *out; size_t from, hits_at; vec numbers; uint32_t hits; bool full; } found_writer;
void found_begin(found_writer *w, buf *out, const found_event *ev);
int  found_field(found_writer *w, uint32_t number);          /* its place; -1: it must be put first */
buf *found_value(found_writer *w, uint32_t number);          /* where its value is put */
bool found_value_end(found_writer *w);                       /* false: there was no room for it */
void found_fields_end(found_writer *w);
void found_hit(found_writer *w, uint32_t rule, const uint32_t *fields, size_t count, const sigma_field *needed, size_t needed_count);
void found_end(found_writer *w);

/* Reading them again: the event, and its hits one after the other. */
typedef struct { uint32_t number; span value; } found_shown;
typedef struct { found_event event; vec fields; size_t at; uint32_t left; span all; } found_reader;     /* fields: of found_shown */
void found_read(found_reader *r, span found);
typedef struct { uint32_t rule; uint32_t field_count; const uint8_t *fields; } found_rule;              /* u16 each: places */
bool found_next(found_reader *r, found_rule *out, vec *needed);              /* needed: of sigma_field */

moment found_time(span found);
int    found_order(span a, span b, bool *same);              /* same: of one record, in two copies of a log */
