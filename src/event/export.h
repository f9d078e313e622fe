/* Logs written out: every record as JSON, XML or CSV, over several threads, in the order of the log.
 *
 * Shapes    JSONL: one object a line, in the shape of evtx_dump 0.15; a recovered record begins with "recovered":true.
 *           JSON: an array of the same. XML: as Windows saves it, one Event a line within Events. CSV: one row a record,
 *           the event's data in it as JSON; UTF-8 with a byte order mark, a cell that a spreadsheet would take for a formula
 *           begins with an apostrophe, and control characters in it are U+FFFD.
 * Owns      The caller opens logs, and gives a `write` that is called by one thread at a time, with bytes in order. Memory is
 *           bounded by threads, not by the log.
 * Hostile   A record that becomes more than 16 MiB is noted and left out.
 * Fails     A write that says false ends the work; export_log says false too. Damage goes to `note`, in order. */
#pragma once
#include "format/evtx.h"

typedef enum { EXPORT_JSONL, EXPORT_JSON, EXPORT_XML, EXPORT_CSV } export_format;

typedef struct {
    export_format format;
    unsigned threads;
    bool recover;                                   /* records of slack and of chunks that are not live, too */
    binxml_templates *templates;
    bool (*write)(void *context, span bytes);
    void (*note)(void *context, const char *log, const problem *p);
    void *context;
    /* filled here */
    uint64_t records, recovered, lost;              /* lost: noted and left out */
    bool began, any, failed;
} exporter;

bool export_log(exporter *e, const evtx *log, const char *name);
bool export_end(exporter *e);                       /* what stands behind the last record; also where there was none */
