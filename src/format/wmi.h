/* A WMI repository: what waits for which event and does what. Event filters, consumers, the bindings between them, namespaces.
 *
 * Format    OBJECTS.DATA, INDEX.BTR and MAPPING1-3.MAP (OBJECTS.MAP and INDEX.MAP of XP) in pages of 8192 bytes. J. Metz, "WMI
 *           repository file format"; W. Ballenthin and others, "WMI forensics" (flare-wmi).
 * Shapes    Where maps and index are given, what the index leads to is live; what else OBJECTS.DATA still holds is recovered. With
 *           OBJECTS.DATA alone nothing can be told live from deleted: all is marked `loose`. Only the index says in which namespace
 *           ("root\subscription") a record lies: "" where it does not.
 * Owns      Spans and texts live in `mem`; the files' bytes must outlive what was read.
 * Hostile   Every page, offset, size and name; no page is followed twice; work is bounded in proportion to the files. At most
 *           WMI_RECORDS records of a kind. A recovered record that is the same as a live one, or as another, is left out.
 * Fails     STATUS_DAMAGED when OBJECTS.DATA holds no page. Maps or an index that do not fit are noted ("wmi.map", "wmi.index"), and
 *           the objects are carved; "wmi.object": a live record whose bytes do not hold what it says; "wmi.many": more records than are kept. */
#pragma once
#include "base/base.h"

#define WMI_PAGE 8192u
#define WMI_RECORDS 65536u

typedef struct {
    span objects, index;             /* index may be empty */
    span maps[3];                    /* MAPPING1-3.MAP, any that there are; of XP: OBJECTS.MAP, and INDEX.MAP in index_map */
    span index_map;
} wmi_files;

typedef enum { WMI_LIVE, WMI_LOOSE, WMI_RECOVERED } wmi_standing;        /* LOOSE: there was no index to ask */
typedef enum { WMI_COMMAND, WMI_SCRIPT, WMI_LOG_FILE, WMI_EVENT_LOG, WMI_EMAIL, WMI_OTHER } wmi_consumer_kind;

typedef struct { const char *name, *value; } wmi_property;
typedef struct {
    wmi_standing standing;
    uint64_t offset;                 /* of the record in OBJECTS.DATA */
    const char *space;               /* namespace */
    moment not_before;               /* it was written then or later: WMI counts its writes on from when it started */
    const char *creator;             /* SID of who made it, as text; "" when not given */
    bool torn;                       /* its end is gone: what texts there are may be cut */
} wmi_record;

typedef struct { wmi_record record; const char *name, *query, *language, *event_space; } wmi_filter;
typedef struct {
    wmi_record record;
    wmi_consumer_kind kind;
    const char *class_name, *name;
    const char *command, *program, *folder;          /* CommandLineTemplate, ExecutablePath, WorkingDirectory */
    const char *engine, *script, *script_file;       /* ScriptingEngine, ScriptText, ScriptFileName */
    const char *file, *text;                         /* Filename and Text of a log file; source of an event log; address and message of an e-mail */
    wmi_property *properties; size_t property_count; /* all texts that it has, also of classes that are not known here */
} wmi_consumer;
typedef struct {
    wmi_record record;
    const char *consumer_class, *consumer, *filter;  /* names as the paths give them */
    const char *consumer_path, *filter_path;
} wmi_binding;
typedef struct { wmi_record record; const char *name; } wmi_space;
typedef struct { wmi_record record; const char *name, *class_id, *host; } wmi_provider;          /* __Win32Provider: whose DLL WMI loads */

typedef struct {
    unsigned version;                /* 5: XP and 2003; 6: Vista and later; 0: not told */
    bool indexed;                    /* an index was there, and could be followed */
    wmi_filter *filters;       size_t filter_count;
    wmi_consumer *consumers;   size_t consumer_count;
    wmi_binding *bindings;     size_t binding_count;
    wmi_space *spaces;         size_t space_count;
    wmi_provider *providers;   size_t provider_count;
} wmi;

bool   wmi_objects_is(span first_bytes, uint64_t size);                  /* OBJECTS.DATA, by the records of its first page */
bool   wmi_map_is(span first_bytes);                                     /* MAPPINGn.MAP and its kin */
bool   wmi_index_is(span first_bytes, uint64_t size);                    /* INDEX.BTR */
status wmi_read(arena *mem, const wmi_files *files, problems *noted, wmi *out);
const char *wmi_consumer_word(wmi_consumer_kind k);                      /* "command", "script", "log-file", "event-log", "email", "other" */
