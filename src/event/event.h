/* The event view: any record as fields by interned name, without a copy.
 *
 * Shapes    A field is named by what XML calls it: System's own are in the struct; the rest by the Name attribute of
 *           <Data Name="...">, or by element name inside UserData (any depth; the innermost), or by
 *           attribute name as "Element@attribute" there; a name with blanks ("Threat Name") also without them. Names are interned while detectors are set up; an unknown name
 *           costs nothing later. Unnamed <Data> are a list: event_data.
 * Owns      The view points into its reader's chunk and lives until the next record is read from it.
 * Hostile   Values are evidence: any bytes, any type under any name. */
#pragma once
#include "base/base.h"
#include "format/evtx.h"

typedef uint16_t field;                     /* index in `fields`; FIELD_NONE matches nothing */
#define FIELD_NONE UINT16_MAX

typedef struct fields fields;               /* the run's interned names; read-only once events are read */
fields *fields_new(arena *mem);
field   fields_intern(fields *f, const char *name);     /* names are compared exactly */
const char *fields_name(const fields *f, field id);

typedef enum { EVENT_SYSTEM_ID = 1 } event_flag;

typedef struct event {
    /* System; spans are UTF-16LE text, empty when absent */
    span provider, event_source, channel, computer;
    uint32_t event_id;                      /* without qualifiers */
    uint8_t version, level, opcode;
    uint16_t task;
    uint64_t keywords;
    moment time;                            /* TimeCreated; the record header's when absent */
    uint64_t record_id;                     /* EventRecordID; the record header's when absent */
    uint32_t process_id, thread_id;
    span user_sid;                          /* binary SID, empty when absent */
    span provider_guid, activity_id;        /* 16 bytes, or empty */
    /* where it stands */
    uint64_t offset, chunk;
    bool recovered;
    struct event_view *view;                /* the rest */
} event;

/* One thread's maker of views: remembers the shape of each template it has met. */
typedef struct event_view event_view;
event_view *event_view_new(const fields *names);
void        event_view_free(event_view *v);
bool        event_of(event_view *v, const evtx_record *record, event *out);    /* false: the record cannot be read; *why in view */
binxml_fault event_fault(const event_view *v);

binxml_value event_get(const event *ev, field name);        /* absent: type NULL and no bytes; NULL in evidence: type NULL, at != NULL */
void         event_get_all(const event *ev, const field *names, size_t count, binxml_value *out);      /* the same for many at once */
size_t       event_data_count(const event *ev);             /* unnamed <Data> of EventData */
binxml_value event_data(const event *ev, size_t index);
/* Every value outside of System that is there, in the order of the document, with its field; begin with { 0 }. */
typedef struct { size_t layer, at; field name; binxml_value value; } event_values;      /* name: FIELD_NONE, or the first place of a field */
bool         event_values_next(const event *ev, event_values *i);
const char  *event_values_label(const event *ev, const event_values *i);     /* what the document calls the value at hand */

/* Values as a detector wants them. */
static inline bool value_absent(binxml_value v) { return v.type == BINXML_NULL; }
bool     value_u64(binxml_value v, uint64_t *out);          /* any integer, boolean, hex; or text that is a decimal or 0x number */
bool     value_moment(binxml_value v, moment *out);
span     value_utf16(binxml_value v);                       /* the text's units, trimmed of blanks and NULs at the end; empty when no text */
char    *value_text(binxml_value v, arena *mem);            /* UTF-8 of any type, as XML shows it, trimmed at the end; NULL when absent */
bool     value_is(binxml_value v, const char *ascii);       /* text, ASCII letters in any case */
bool     value_has(binxml_value v, const char *ascii);
char    *sid_text(span sid, arena *mem);                    /* "S-1-5-18" */
