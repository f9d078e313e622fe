/* Event logs made token by token, so that tests can say anything that a log can say, right and wrong.
 *
 *     made m;
 *     made_log(&m);                              one chunk, no records
 *     made_record(&m, 1);
 *     size_t t = made_template(&m, 7);           an instance, its definition with it; 7 becomes its GUID
 *     made_open(&m, "Event", 0); made_slot(&m, 0); made_close(&m);
 *     made_values(&m, t, 1, (made_value[]){ made_text("x") });
 *     made_record_end(&m);
 *     span file = made_file(&m);                 checksums and all; the same bytes until the next change */
#pragma once
#include "format/evtx.h"

typedef binxml_value made_value;

typedef struct {
    uint8_t room[65536];                          /* bytes of values; they outlive made_log, since values are made before it */
    size_t room_used;
    uint8_t file[EVTX_HEADER + 2 * EVTX_CHUNK];   /* the second chunk stays empty but for tests that use it */
    uint8_t *chunk;
    uint32_t at;                                  /* in the chunk */
    uint32_t record, last_record, body;           /* where the record begins; the template's body */
    uint64_t first_id, last_id;
    bool has_id, in_template, keep_checksums;
    struct { char name[64]; uint32_t at; } names[256];
    size_t name_count;
    size_t len;                                   /* of the file */
    char text[65536];                             /* what made_json and made_xml wrote last */
} made;

void made_log(made *m);
void made_record(made *m, uint64_t id);
void made_record_end(made *m);
span made_file(made *m);

/* Tokens. `depends` of an element is a slot, or -1; only a template's elements have one. */
size_t made_template(made *m, uint32_t id);        /* gives what made_again takes */
size_t made_again(made *m, size_t of, uint32_t id);/* an instance of a template that the chunk has already */
void made_body_end(made *m, size_t of);            /* made_values does it, where there are values */
void made_values(made *m, size_t of, size_t count, const made_value *values);
void made_open(made *m, const char *name, int depends);
void made_open_with(made *m, const char *name, int depends);      /* attributes follow */
void made_attribute(made *m, const char *name);
void made_start_end(made *m);                      /* > */
void made_empty_end(made *m);                      /* /> */
void made_close(made *m);                          /* </...> */
void made_constant(made *m, const char *ascii);    /* a text value */
void made_slot(made *m, uint16_t slot);
void made_optional(made *m, uint16_t slot);
void made_fragment(made *m);                       /* 0f 01 01 00 */
void made_byte(made *m, uint8_t byte);
void made_u16(made *m, uint16_t n);
void made_u32(made *m, uint32_t n);
void made_name(made *m, const char *name);

/* Values; their bytes live in m. */
made_value made_text(made *m, const char *ascii);
made_value made_number(made *m, uint8_t type, unsigned bytes, uint64_t n);
made_value made_bytes(uint8_t type, const void *bytes, size_t len);
#define MADE_NULL ((made_value){ BINXML_NULL, { 0 } })

/* The n-th record's text, by its template's program and by way of a tree: the test fails when they differ. NULL where it
 * cannot be read. Other records' problems are in `noted`, when it is given. */
const char *made_json(made *m, size_t nth);
const char *made_xml(made *m, size_t nth);

/* Reads all of it: live records' identifiers to ids (at most 64), recovered ones behind them when `recover`. Gives how many;
 * kinds of problems to `kinds`, a blank between them. */
size_t made_read(made *m, bool recover, uint64_t ids[64], char kinds[1024]);
