/* A hive's keys as text.
 *
 * Shapes    JSONL: one object a key. table: for a person; everything in it is escaped for a terminal. reg: UTF-16LE with byte
 *           order mark and CRLF, as regedit 5.00 writes and reads it, below HKEY_LOCAL_MACHINE\suyuan so that an import changes
 *           nothing that works; last write times and what cannot stand in such a file are comments.
 * Secrets   Of what regf_withheld names: name, type and size, in every format.
 * Fails     A write that says false ends the work. */
#pragma once
#include "format/regf.h"

typedef enum { REGISTRY_TABLE, REGISTRY_JSONL, REGISTRY_REG } registry_format;

typedef struct {
    registry_format format;
    const regf *hive;
    const char *name;                /* of the hive, when there are several; else NULL */
    bool (*write)(void *context, span bytes);
    void *context;
    /* its own */
    buf out, path;                   /* path: UTF-8, for JSONL escaped */
    arena data;
    const char *kind;
    bool failed, any_value, left_out;
} registry_printer;

void registry_begin(registry_printer *p);                        /* once, before the first hive */
void registry_tree(registry_printer *p, const regf_key *from);   /* it and all below it */
void registry_lost(registry_printer *p, const regf_lost *lost);
bool registry_end(registry_printer *p);                          /* false when something could not be written */
