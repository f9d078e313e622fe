/* Binary XML: a record's document as a tree of constants (its template) and an array of typed values (its slots).
 *
 * Format    [MS-EVEN6] 2.2.12-2.2.17; J. Metz, "Windows XML Event Log (EVTX) format", section 4.
 * Shapes    A slot is (type, bytes) exactly as it lies in the chunk: numbers little-endian, text UTF-16LE.
 *           A template is compiled once for the run (shared by content over chunks and threads) to (a) programs that
 *           write JSON and XML from literals and slots and (b) a list of places: which slot, or which constant, stands
 *           at which path. A slot of type BINXML_BINXML holds a nested document with its own template.
 * Owns      Spans point into the chunk; templates into the run's shared store or the reader's arena.
 * Hostile   Sizes, offsets, counts, chains that loop, depth (64 nested documents, 512 open elements), total output. */
#pragma once
#include "base/base.h"

typedef enum {
    BINXML_NULL = 0x00, BINXML_WSTRING = 0x01, BINXML_ASTRING = 0x02, BINXML_I8 = 0x03, BINXML_U8 = 0x04, BINXML_I16 = 0x05,
    BINXML_U16 = 0x06, BINXML_I32 = 0x07, BINXML_U32 = 0x08, BINXML_I64 = 0x09, BINXML_U64 = 0x0a, BINXML_F32 = 0x0b,
    BINXML_F64 = 0x0c, BINXML_BOOL = 0x0d, BINXML_BINARY = 0x0e, BINXML_GUID = 0x0f, BINXML_SIZE = 0x10,
    BINXML_FILETIME = 0x11, BINXML_SYSTEMTIME = 0x12, BINXML_SID = 0x13, BINXML_HEX32 = 0x14, BINXML_HEX64 = 0x15,
    BINXML_EVTHANDLE = 0x20, BINXML_BINXML = 0x21, BINXML_EVTXML = 0x23, BINXML_ARRAY = 0x80,   /* or'ed to the others */
} binxml_type;

typedef struct { uint8_t type; span bytes; } binxml_value;      /* absent: type BINXML_NULL and at == NULL */

typedef struct binxml_templates binxml_templates;               /* the run's store of compiled templates */
typedef struct binxml_template binxml_template;
typedef struct binxml binxml;

/* One place of a template where a value stands. The path is element names from the root; attribute is NULL for content.
 * `name` is the constant Name attribute of the innermost element, if it has one (EventData's <Data Name="...">). */
typedef struct {
    const char *const *path; size_t depth;    /* "Event", "System", "Provider"; deeper than BINXML_PATH is not listed */
    const char *attribute;                    /* "Name" */
    const char *name;                         /* "TargetUserName" */
    int slot;                                 /* -1: the constant below */
    int depends_on;                           /* the element stands there only when this slot is not NULL; -1: always */
    binxml_value constant;
} binxml_place;
#define BINXML_PATH 16

struct binxml {
    const binxml_template *template_;         /* never NULL; of a document without template: one made for it, without slots */
    span fragment;                            /* the bytes from its token on; they lie in `chunk` */
    span chunk;                               /* the 64 KiB that names and definitions are offsets into */
    const uint8_t *descriptors;               /* slot_count times (u16 size, u8 type, u8 0) */
    const uint8_t *values;                    /* the slots' bytes one after another */
    uint32_t slot_count;
    struct evtx_reader *reader;               /* who compiles what is nested */
};

binxml_templates   *binxml_templates_new(void);
void                binxml_templates_free(binxml_templates *t);
/* From now on records that have lost their template may borrow one that is in the store now (never one met later, so
 * that what is recovered does not depend on the order of work). */
void                binxml_templates_lend(binxml_templates *t);

/* Places in document order; nested documents are not entered (ask for the slot's own binxml). */
const binxml_place *binxml_places(const binxml_template *t, size_t *count);
uint64_t            binxml_template_serial(const binxml_template *t);      /* small, unique in the run: index your own tables by it; 0: lives
                                                                              no longer than its record */
/* All slots' values at once (one pass over the descriptors); false when sizes do not fit. `out` has slot_count of room. */
bool                binxml_slots(const binxml *x, binxml_value *out);
bool                binxml_nested(const binxml *x, binxml_value slot, binxml *out);   /* slot of type BINXML_BINXML */

/* An array's items, in order. A value that is no array is its own only item. */
typedef struct { binxml_value all; size_t at; uint8_t type; bool done; } binxml_items;
binxml_items        binxml_items_of(binxml_value v);
bool                binxml_items_next(binxml_items *items, binxml_value *out);

/* The whole document as one JSON object in the shape of evtx_dump 0.15, or as XML as Windows renders it. On false nothing
 * was put, and *why says what is wrong. */
typedef struct { const char *field; size_t offset; } binxml_fault;
bool                binxml_json(const binxml *x, buf *out, binxml_fault *why);
bool                binxml_xml(const binxml *x, buf *out, binxml_fault *why);
bool                binxml_json_walked(const binxml *x, buf *out, binxml_fault *why);   /* the same, always by way of a tree: slow */
/* A value as text, as it stands in XML content (not escaped). */
void                binxml_value_text(binxml_value v, buf *out);
