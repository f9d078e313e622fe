/* Inside of format: a template compiled to what writing its records as JSON takes.
 *
 * Shapes    A program writes one member, `"Event":{...},`: literals, and values put straight from the record's bytes. Every
 *           member brings its comma behind it, so that one may be left out without those beside it knowing; who closes an
 *           object takes the last comma back, and an object in which nothing stands becomes null. What all records of a
 *           template share is decided when it is compiled; what depends on a record's values and is rare (an array where an
 *           element would repeat, a document of several roots, a name that may collide) makes the record irregular: the
 *           walker writes it, and is what the program is held to. */
#pragma once
#include "format/binxml_tree.h"

typedef enum {
    OP_TEXT,            /* text */
    OP_VALUE,           /* text, the slot's value, a comma */
    OP_IF,              /* the next `count` operations only when the slot is not NULL */
    OP_ELEMENT,         /* text; an element with attributes: parts, and the slot as its content when it has one */
    OP_LIST,            /* text; Data without names: parts */
    OP_DOCUMENT,        /* the document in the slot as a member; parts are names it must not have */
    OP_CLOSE,
    OP_END,
} op_kind;

enum {
    VALUE_DEPENDS = 1,  /* nothing at all when the slot is NULL */
    VALUE_DATA = 2,     /* empty is "", and an array is one */
    VALUE_CONTAINER = 4,/* EventData or UserData: a document in it must not be a Data */
    ELEMENT_OBJECT = 8, /* has an attribute that is always there */
};

typedef struct { uint32_t text, len; uint16_t slot, depends_on; uint32_t name; } part;
typedef struct { uint8_t kind, flags; uint16_t slot; uint32_t text, len, parts, count; } op;

struct bx_program {
    const op *ops;
    const part *parts;
    const uint8_t *text;        /* readable a vector beyond its end */
    size_t room;                /* bytes that its texts and quotes come to at most */
    uint32_t slots;
};

/* NULL when only the walker can write it. Interns names, so the caller holds the store. */
const bx_program *bx_compile(binxml_templates *store, const binxml_template *t, arena *mem);
uint32_t          bx_intern(binxml_templates *store, bx_name name);
/* Puts the record as one object. False: it is irregular, and nothing was put. The two are one source, compiled for the
 * processors that every x86-64 is, and for those that have AVX2; bx_run is whichever serves here. */
bool              bx_run(const binxml *x, buf *out);
bool              bx_run_sse2(const binxml *x, buf *out);
bool              bx_run_avx2(const binxml *x, buf *out);
bool            (*bx_best_run(void))(const binxml *x, buf *out);
