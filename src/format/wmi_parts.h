/* Inside of the WMI reader: pages and the index, class definitions, and objects as their classes lay them out.
 *
 * Format    OBJECTS.DATA: pages of 8192 bytes. A page begins with a table of entries {id, offset, size, checksum}, ended by zeros; an
 *           object that is longer than its page goes on in the pages that follow in the map. A class definition says which
 *           properties its objects have beyond those of its super class, and where their values lie. Both are the encodings of
 *           [MS-WMIO] behind a header of the repository's own. */
#pragma once
#include "format/wmi.h"

#define WMI_NOWHERE UINT32_MAX
#define WMI_HASH 64u                 /* letters of a name's hash: SHA-256; MD5 of XP has 32 */

/* ---- pages (wmi_pages.c) ---- */

typedef struct { uint32_t *pages; uint32_t count; uint32_t *logical; uint32_t physical_count; } wmi_map;     /* WMI_NOWHERE: not mapped */

typedef struct {
    arena *mem;
    problems *noted;
    span objects;
    wmi_map map; bool mapped;
    unsigned version;
    bool indexed;
    map live;                        /* {page, id} of each object the index leads to, 8 bytes -> number of its namespace */
    map spaces;                      /* hash as text -> number */
    const char **space_names;        /* by number; "" while not known */
    uint64_t spare;                  /* bytes that may still be put together from pages */
} wmi_pages;

typedef struct { uint32_t id, size; uint64_t at; uint32_t page; } wmi_entry;      /* page: physical */

void     wmi_pages_open(wmi_pages *p, arena *mem, const wmi_files *files, problems *noted);
void     wmi_pages_done(wmi_pages *p);
uint32_t wmi_page_count(const wmi_pages *p);
/* Entries of a physical page, up to `room`. */
size_t   wmi_page_entries(const wmi_pages *p, uint32_t page, wmi_entry *out, size_t room);
/* The number of the namespace of a live object; false when the index does not lead to it. */
bool     wmi_is_live(const wmi_pages *p, const wmi_entry *e, uint32_t *space);
span     wmi_entry_bytes(wmi_pages *p, const wmi_entry *e);      /* put together when it goes over pages; as far as it goes */
/* The hash of a name, as the repository's version has it; false when it cannot be made. */
bool     wmi_hash(const char *name, unsigned version, char out[WMI_HASH + 1]);

/* ---- classes (wmi_class.c) ---- */

enum { WMI_STRING = 8, WMI_BOOLEAN = 11, WMI_DATETIME = 101, WMI_REFERENCE = 102, WMI_ARRAY = 0x2000 };

typedef struct { const char *name; uint32_t type, offset; uint16_t index; } wmi_field;
typedef struct { wmi_field *fields; size_t count; uint32_t table, values; } wmi_layout;         /* table: bytes of state bits; values: bytes of values */

typedef struct wmi_class wmi_class;
struct wmi_class {
    const char *name, *super;
    span fields, heap;               /* references to its own properties, and what they lead to */
    moment written;
    bool live;
    uint32_t space;                  /* number of its namespace when it is live */
    wmi_class *super_class;          /* NULL: none, or not found */
    wmi_class *next;                 /* another definition of the same name: of another namespace, or an older one */
    wmi_layout layout; bool laid_out, can;
};
typedef struct { arena *mem; map by_name; wmi_class **all; size_t count, room; map hashes; } wmi_classes;       /* all: one of each name; hashes: of both kinds -> number */

void             wmi_classes_init(wmi_classes *c, arena *mem);
void             wmi_classes_done(wmi_classes *c);
bool             wmi_class_read(wmi_classes *c, span bytes, bool live, uint32_t space);      /* adds it; false when it is no class definition */
bool             wmi_class_begins(span head, uint32_t size);                     /* whether an entry of `size` that begins so can be one */
void             wmi_classes_link(wmi_classes *c);                               /* when all are read */
wmi_class       *wmi_class_by_hash(const wmi_classes *c, span units);            /* the first of its name; NULL: no class that is asked for */
bool             wmi_class_is(const wmi_class *c, const char *ancestor);
const wmi_layout *wmi_class_layout(wmi_classes *c, wmi_class *of);               /* NULL when an ancestor is not known */

/* ---- objects (wmi_object.c) ---- */

typedef struct { const char *name; const char *text; span bytes; } wmi_value;    /* bytes: of arrays of bytes */
typedef struct {
    wmi_class *of;
    moment written;
    wmi_value *values; size_t count; /* those that are set */
    span block;                      /* what it was read from, without its times */
    bool torn;
} wmi_object;

bool        wmi_heap_put(span heap, uint32_t at, buf *out);                      /* a string of a heap; false when it does not end in it */
/* Where in `bytes` an object of a known class begins and which: its header is the class name's hash. */
wmi_class  *wmi_object_header(const wmi_classes *c, span bytes, size_t *header);
/* By whichever definition of its class fits it. */
bool        wmi_object_read(wmi_classes *c, span bytes, arena *mem, wmi_object *out);     /* `bytes` begin with its header */
const char *wmi_object_text(const wmi_object *o, const char *name);              /* "" when not set */
span        wmi_object_bytes(const wmi_object *o, const char *name);
