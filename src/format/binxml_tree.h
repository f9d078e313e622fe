/* Inside of format's binary XML: what its own files share. Nobody outside src/format includes this.
 *
 * Shapes    A tree of nodes is either a template (with slots), a document without template (with instances), or what
 *           resolving made of them (neither slots nor instances). Names are UTF-8; constants are as they lie in the chunk.
 * Owns      Nodes live in the arena they were read or resolved in. The tree of a shared template is a copy that outlives
 *           the chunk it was read from.
 * Hostile   Reading is bounded by the bytes read, resolving by a count of nodes, writing by a limit of bytes. */
#pragma once
#include "format/binxml.h"

#define BX_ELEMENTS 512u             /* open elements, and levels of a resolved tree */
#define BX_NESTING 64u               /* documents in documents */
#define BX_NODES (1u << 18)          /* nodes that resolving one record may make */
#define BX_OUTPUT (16u << 20)        /* bytes that one record may become */
#define BX_NO_SLOT 0xffffu

typedef enum { BX_ELEMENT, BX_VALUE, BX_CDATA, BX_ENTITY, BX_CHAR, BX_PI, BX_SLOT, BX_INSTANCE } bx_kind;

typedef struct { const char *at; uint32_t len; } bx_name;

typedef struct bx_node bx_node;
typedef struct bx_attribute bx_attribute;

struct bx_attribute { bx_name name; bx_node *value; bx_attribute *next; };

/* One node. What is not named for a kind is zero there. */
struct bx_node {
    uint8_t kind;
    bool optional;               /* slot */
    bool closed_empty;           /* element: the source has <x/> */
    uint16_t slot;               /* slot: its number; element: the slot it depends on, or BX_NO_SLOT */
    uint16_t code;               /* char */
    bx_name name;                /* element, entity, pi */
    binxml_value value;          /* value; cdata (text); pi (its data) */
    bx_attribute *attributes;    /* element */
    bx_node *first;              /* element */
    const binxml *instance;      /* instance */
    bx_node *next;
};

typedef struct bx_program bx_program;

struct binxml_template {
    uint64_t serial;             /* 0: lives no longer than its record or chunk */
    uint8_t guid[16];
    bx_node *root;
    uint32_t slots;              /* one more than the highest slot used */
    uint32_t root_name;          /* interned; 0: not */
    binxml_place *places;
    size_t place_count;
    const bx_program *json;      /* NULL: only the walker can write it */
};

/* Reading one document or template. Nodes go to `mem`. */
typedef struct {
    struct evtx_reader *reader;
    span chunk;
    arena *mem;
    unsigned depth;              /* documents around this one */
    vec *names;                  /* uint32_t: where in the chunk offsets of names lie; NULL: nobody asks */
    bool has_instance;
    binxml_fault fault;
} bx_parser;

/* Reads tokens of chunk[from, to). In a template slots are allowed and elements carry a dependency; in a document
 * instances are. Nodes in order at *out; false when damaged, and p->fault says where. */
bool bx_parse(bx_parser *p, size_t from, size_t to, bool is_template, bx_node **out);
/* An instance whose token (0x0c) stands at `at`; its bytes end at `limit` at the latest. */
bool bx_instance(struct evtx_reader *r, span chunk, size_t at, size_t limit, unsigned depth, binxml *out, binxml_fault *why);
/* The document in chunk[from, to): its one instance when it is of that shape (usual), else a template made for it in `mem`. */
bool bx_document(struct evtx_reader *r, arena *mem, span chunk, size_t from, size_t to, unsigned depth, binxml *out,
                 binxml_fault *why);
/* Whether the bytes begin as one instance, as nearly all do; *token is where its token stands in them. */
bool bx_is_instance(span bytes, size_t *token);
/* Where the last slot's bytes end; NULL when they do not fit. */
const uint8_t *bx_values_end(const binxml *x);

/* Provided by the reader. A template whose definition stands at `offset`, NULL when it cannot be read; a name. */
const binxml_template *bx_template_at(struct evtx_reader *r, uint32_t offset, uint32_t id, unsigned depth, binxml_fault *why);
bool                   bx_name_at(struct evtx_reader *r, uint32_t offset, bx_name *out, size_t *bytes);
bool                   bx_is_recovering(const struct evtx_reader *r);
arena                 *bx_record_memory(struct evtx_reader *r);       /* emptied with every record */

/* Fills what a template says of itself: slots, places. */
bool bx_describe(binxml_template *t, arena *mem);
/* Compares and copies trees: the bytes of two equal templates are equal, wherever they stood. */
bool     bx_canonical(const binxml_template *t, buf *out);
bx_node *bx_copy(const bx_node *node, arena *mem);

/* Resolving: x with its slots' values in it. Nodes of `mem`; NULL when it costs too much or is damaged. */
bx_node *bx_resolve(const binxml *x, arena *mem, binxml_fault *why);

/* Writers of a resolved tree, and of the constant parts of a template. False when the limit is reached. */
bool bx_json_root(const bx_node *root, buf *out);
bool bx_json_element(const bx_node *element, bool container, buf *out);             /* its value, without its name */
bool bx_json_data(const bx_node *element, buf *out);                                /* as a Data of EventData */
void bx_json_key(bx_name name, uint32_t suffix, buf *out);                          /* "name":   */
void bx_json_data_key(const bx_node *name, uint32_t suffix, buf *out);
bool bx_json_attribute(const bx_attribute *a, buf *out);                            /* "name":value */
bool bx_xml_root(const bx_node *root, buf *out);
bool bx_is_container(bx_name name);                                                 /* EventData, UserData */
bool bx_is_data(bx_name name);
bool bx_has_text(const bx_node *nodes);                                             /* anything but elements that shows */
const bx_node *bx_data_name(const bx_node *element);                                /* value of its Name, NULL without */

static inline bool bx_name_is(bx_name a, const char *text) { return span_is(span_of(a.at, a.len), text); }
static inline bool bx_name_eq(bx_name a, bx_name b) { return span_eq(span_of(a.at, a.len), span_of(b.at, b.len)); }

/* The text of a day, "2020-05-11T": most records are of the same one as the record before. */
typedef struct { uint64_t day; uint8_t text[16]; } bx_day;

/* Values. Writers of text put at `to`, where BX_ROOM(len) bytes are free, and give back the end. */
#define BX_ROOM(len) (6u * (size_t)(len) + 64u)
bool     bx_empty(binxml_value v);                     /* shows nothing: NULL, no bytes, text of no unit */
bool     bx_bare(binxml_value v);                      /* stands in JSON without quotes */
uint8_t *bx_text(uint8_t *to, binxml_value v);         /* plain UTF-8 */
uint8_t *bx_text_json(uint8_t *to, binxml_value v);    /* escaped, without quotes */
uint8_t *bx_text_xml(uint8_t *to, binxml_value v, bool in_attribute);
size_t   bx_items_count(binxml_value v);
