/* Writes Windows XML event logs (.evtx) as Windows itself does: for evidence that is made, and for tests.
 *
 * Format    J. Metz, "Windows XML Event Log (EVTX) format"; [MS-EVEN6] 2.2.12-2.2.17 for binary XML.
 * Shapes    Texts are UTF-8. A record has a System template (18 slots for security auditing, whose provider and channel
 *           are values; 20 for the rest, where they are constants) with its event data nested as binary XML under a
 *           template of its own. A chunk holds each template and name once. Security auditing ends its strings with a
 *           NUL and nests without a fragment header: so does this.
 * Owns      Everything of a writer lives in the arena given; texts in an evtx_out are copied by evtx_put.
 * Fails     The first failure is kept and told by evtx_writer_close; evtx_put says false from then on. A record that no
 *           chunk can hold (over 60 KB) is such a failure.
 *
 * A log in four lines:
 *     evtx_writer *w = evtx_writer_open(&mem, "Security.evtx", NULL);
 *     evtx_put(w, &(evtx_out){ .provider = EVTX_AUDITING, .channel = "Security", .computer = "DB1", .id = 4625, .time = t,
 *              .fields = EVTX_FIELDS(evtx_str("TargetUserName", "sa"), evtx_u32("LogonType", 3)) });
 *     status s = evtx_writer_close(w); */
#pragma once
#include "base/base.h"

typedef enum {     /* value types, with the numbers that binary XML gives them */
    EVTX_NULL = 0x00, EVTX_STR = 0x01, EVTX_ASTR = 0x02, EVTX_I8 = 0x03, EVTX_U8 = 0x04, EVTX_I16 = 0x05, EVTX_U16 = 0x06,
    EVTX_I32 = 0x07, EVTX_U32 = 0x08, EVTX_I64 = 0x09, EVTX_U64 = 0x0a, EVTX_F32 = 0x0b, EVTX_F64 = 0x0c, EVTX_BOOL = 0x0d,
    EVTX_BIN = 0x0e, EVTX_GUID = 0x0f, EVTX_SIZE = 0x10, EVTX_TIME = 0x11, EVTX_SYSTIME = 0x12, EVTX_SID = 0x13,
    EVTX_HEX32 = 0x14, EVTX_HEX64 = 0x15, EVTX_STRS = 0x81,
} evtx_type;

/* One value. Texts, SIDs ("S-1-5-18") and GUIDs ("{...}") stand in `text`, numbers and moments in `number`; `bytes` are
 * taken as they are when `text` is NULL (binary, raw UTF-16LE, arrays). EVTX_STRS takes `text` with '\n' between items. */
typedef struct { const char *name; uint8_t type; uint64_t number; const char *text; span bytes; } evtx_field;

static inline evtx_field evtx_str(const char *name, const char *text) { return (evtx_field){ .name = name, .type = text ? EVTX_STR : EVTX_NULL, .text = text }; }
static inline evtx_field evtx_u16(const char *name, uint64_t n) { return (evtx_field){ .name = name, .type = EVTX_U16, .number = n }; }
static inline evtx_field evtx_u32(const char *name, uint64_t n) { return (evtx_field){ .name = name, .type = EVTX_U32, .number = n }; }
static inline evtx_field evtx_u64(const char *name, uint64_t n) { return (evtx_field){ .name = name, .type = EVTX_U64, .number = n }; }
static inline evtx_field evtx_bool(const char *name, bool b) { return (evtx_field){ .name = name, .type = EVTX_BOOL, .number = b }; }
static inline evtx_field evtx_hex32(const char *name, uint64_t n) { return (evtx_field){ .name = name, .type = EVTX_HEX32, .number = n }; }
static inline evtx_field evtx_hex64(const char *name, uint64_t n) { return (evtx_field){ .name = name, .type = EVTX_HEX64, .number = n }; }
static inline evtx_field evtx_size(const char *name, uint64_t n) { return (evtx_field){ .name = name, .type = EVTX_SIZE, .number = n }; }   /* process ids: declared as size, written as HexInt64 */
static inline evtx_field evtx_sid(const char *name, const char *sid) { return (evtx_field){ .name = name, .type = EVTX_SID, .text = sid }; }
static inline evtx_field evtx_guid(const char *name, const char *guid) { return (evtx_field){ .name = name, .type = EVTX_GUID, .text = guid }; }
static inline evtx_field evtx_time(const char *name, moment t) { return (evtx_field){ .name = name, .type = EVTX_TIME, .number = t }; }
static inline evtx_field evtx_bin(const char *name, span bytes) { return (evtx_field){ .name = name, .type = EVTX_BIN, .bytes = bytes }; }

typedef enum {
    EVTX_EVENT,        /* <EventData><Data Name="...">: each field an element; a field of type EVTX_BIN named "Binary" is <Binary> */
    EVTX_CLASSIC,      /* <EventData><Data> repeated, without names, and <Binary>: EventLog, MSSQLSERVER, PowerShell 400 ... */
    EVTX_USERDATA,     /* <UserData><element xmlns="..."><field>...: 1102, 104, 1149, LocalSessionManager */
} evtx_kind;

typedef struct {
    evtx_kind kind;
    const char *provider, *guid, *source;     /* guid "{...}" and source (EventSourceName) may be NULL */
    const char *channel, *computer;
    uint32_t id, qualifiers;                  /* qualifiers are written for classic events and where there is a source */
    uint8_t version, level, opcode;
    uint16_t task;
    uint64_t keywords;
    moment time;
    uint64_t record_id;                       /* 0: the next */
    uint32_t pid, tid;                        /* left out when both are 0 and the event is classic */
    const char *user;                         /* SID of Security@UserID, or NULL */
    const char *activity;                     /* GUID of Correlation@ActivityID, or NULL */
    const char *element, *xmlns;              /* user data's element; for events: the Name attribute of EventData, or NULL */
    const evtx_field *fields; size_t field_count;
    span binary;                              /* classic events */
} evtx_out;

#define EVTX_AUDITING "Microsoft-Windows-Security-Auditing"
#define EVTX_AUDITING_GUID "{54849625-5478-4994-A5BA-3E3B0328C30D}"
/* The two members of an evtx_out at once: .fields = EVTX_FIELDS(...). */
#define EVTX_FIELDS(...) (evtx_field[]){ __VA_ARGS__ }, .field_count = sizeof (evtx_field[]){ __VA_ARGS__ } / sizeof(evtx_field)

typedef struct {
    uint64_t max_bytes;        /* the file never grows beyond it: the oldest chunk is overwritten; 0: no limit */
    uint64_t first_record;     /* id of the first record; 0 means 1 */
    bool dirty;                /* marked as not closed, as a log copied from a running machine is */
} evtx_writer_opts;

typedef struct evtx_writer evtx_writer;

/* NULL options: none. A file that cannot be made is told by close; open itself never fails. */
evtx_writer *evtx_writer_open(arena *mem, const char *path, const evtx_writer_opts *opts);
evtx_writer *evtx_writer_buf(arena *mem, buf *out, const evtx_writer_opts *opts);    /* `out` is complete after close */
bool         evtx_put(evtx_writer *w, const evtx_out *event);
/* Names and texts in turn, up to NULL: evtx_put_named(w, provider, "Security", 4625, "DB1", t, "IpAddress", "10.0.0.1", NULL) */
bool         evtx_put_named(evtx_writer *w, const char *provider, const char *channel, uint32_t id, const char *computer, moment time, ...)
    __attribute__((sentinel));
void         evtx_writer_clear(evtx_writer *w);             /* as "clear log" does: empty again, record ids go on */
bool         evtx_writer_copy(evtx_writer *w, const char *path);   /* the log as it stands now, closed, into another file */
uint64_t     evtx_writer_next(const evtx_writer *w);        /* the id that the next record gets */
uint64_t     evtx_writer_first(const evtx_writer *w);       /* the oldest record still in the log; equal to next: none */
moment       evtx_writer_first_time(const evtx_writer *w);  /* its time; MOMENT_UNKNOWN: none */
uint64_t     evtx_writer_bytes(const evtx_writer *w);       /* of the file, if it were closed now */
status       evtx_writer_close(evtx_writer *w);
