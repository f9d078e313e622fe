/* Evidence: finds and opens files in folders and archives, recognises them by content, hashes them. Read only.
 *
 * Format    Archives through libarchive (zip, 7z, rar, tar, cab, gz, xz, bz2, zstd, lz4, nested up to EVIDENCE_NESTED deep);
 *           names in UTF-8 or GB18030; encrypted zip with a password.
 * Shapes    An entry is one file as it lies outside of archives. It belongs to a unit: a folder that looks like one host's
 *           collection, a folder that holds evidence itself, or an archive. An item is one file to be read: an entry, or a
 *           member of an archive at any depth, with its logical path inside the unit ('/' between parts, UTF-8; what a
 *           Velociraptor collection writes as C%3A is C:). An archive comes behind its members.
 *           Members are read into memory when they are small, else into an unlinked temporary file ($TMPDIR).
 * Owns      A walk is only read once it is open: streams of it may run in any threads. An item lives until evidence_release,
 *           also when its stream is closed before; all must be gone before evidence_close.
 * Hostile   Archive expansion is limited (ratio and total), also the number of members. Names never leave the unit ("..",
 *           drive letters, control characters are neutralised and reported), links are not followed, special files are named
 *           and not opened.
 * Fails     What cannot be opened is an item with a state. STATUS_UNSUPPORTED: named and not read on purpose (a link, a
 *           device); STATUS_BAD_INPUT: a password is missing or wrong; anything else: it should have been read. */
#pragma once
#include "format/evtx.h"
#include "model/evidence.h"

#define EVIDENCE_NESTED 4

typedef enum { EVIDENCE_EVTX, EVIDENCE_EVTX_CHUNK, EVIDENCE_EVT, EVIDENCE_REGISTRY, EVIDENCE_TASK_XML, EVIDENCE_JOB, EVIDENCE_CRASH_DUMP,
               EVIDENCE_MINIDUMP, EVIDENCE_DISK_IMAGE, EVIDENCE_PREFETCH, EVIDENCE_MFT, EVIDENCE_JSONL, EVIDENCE_PCAP, EVIDENCE_ESE,
               EVIDENCE_LINK, EVIDENCE_PROGRAM, EVIDENCE_WMI, EVIDENCE_BITS, EVIDENCE_ARCHIVE, EVIDENCE_TEXT, EVIDENCE_EMPTY, EVIDENCE_OTHER } evidence_type;
#define EVIDENCE_KIND(type) (1u << (type))

typedef struct {
    const char *unit;            /* name of the unit it belongs to */
    const char *unit_path;       /* where the unit lies, for sorting; never written to a digest */
    const char *path;            /* logical path in the unit */
    uint64_t size;
} evidence_entry;

typedef struct {
    const char *unit, *unit_path, *path;
    bool member;                 /* of an archive */
    evidence_type type;
    uint64_t size;
    evtx_source source;          /* its bytes; no `read` when its kind was not asked for, or state is not ok */
    char sha256[65];             /* "" when it could not be read to its end, or was not asked for */
    status state;                /* not ok: could not be opened or read; words say why */
    status remark;               /* not ok: it is read, and yet something is wrong */
    const char *remark_kind;     /* "file.name": had to be neutralised; "file.torn": it breaks off */
    void *held;                  /* what keeps the source open */
} evidence_item;

typedef struct {
    const char *password;        /* for encrypted archives; NULL: none */
    uint64_t max_expanded;       /* bytes that all archives of the walk may expand to; 0: 1 TiB */
    uint32_t kinds;              /* of what the bytes are asked for, EVIDENCE_KINDs; 0: of everything */
    bool (*also)(const void *context, evidence_type type, const char *path);      /* and of these; may be NULL; asked from any thread */
    const void *also_context;
    bool without_hash;           /* nobody asks for the sha256 of items */
    progress *progress;   /* told what is to be done, and what of it archives have done; other files are the caller's */
} evidence_options;

typedef struct evidence_walk evidence_walk;
typedef struct evidence_stream evidence_stream;

status evidence_open(const char *const *paths, size_t count, const evidence_options *o, evidence_walk **out);
void   evidence_close(evidence_walk *w);
size_t evidence_count(const evidence_walk *w);                               /* entries, in order of unit path, then path */
const evidence_entry *evidence_entry_at(const evidence_walk *w, size_t index);
uint64_t evidence_total(const evidence_walk *w);                             /* bytes of all entries */

evidence_stream *evidence_stream_open(evidence_walk *w, size_t entry);       /* the items of one entry */
bool   evidence_stream_next(evidence_stream *s, evidence_item *out);
void   evidence_stream_close(evidence_stream *s);
bool   evidence_next(evidence_walk *w, evidence_item *out);                  /* all items of all entries, for one thread */
void   evidence_release(evidence_item *item);

/* SHA-256 of an entry without anything else; "" and false when it cannot be read. */
bool   evidence_hash(evidence_walk *w, size_t entry, char out[65]);

#define EVIDENCE_FIRST 8192u                                                 /* bytes that recognising wants to see */
evidence_type evidence_recognise(span first_bytes, uint64_t size);
const char   *evidence_type_word(evidence_type t);                           /* "evtx", "registry", ... as case.md has it */
