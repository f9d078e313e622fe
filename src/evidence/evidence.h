/* Evidence: finds and opens files in folders and archives, recognises them by content, hashes them. Read only.
 *
 * Format    Archives through libarchive (zip, 7z, rar, tar, gz, xz, bz2, zstd, nested up to 4 deep); names in UTF-8 or
 *           GBK; encrypted zip with a password.
 * Shapes    An item is one file, with its logical path inside its unit. Members of archives are read into memory when they
 *           are small, else into an unlinked temporary file.
 * Owns      An item and its source live until evidence_next is called again, or evidence_keep'ed (below) until released.
 * Hostile   Archive expansion is limited (ratio and total), names never leave the folder (".." and drive letters are
 *           neutralised and reported), links are not followed, special files are named and not opened.
 * Fails     What cannot be opened is an item with a status. */
#pragma once
#include "format/evtx.h"
#include "model/evidence.h"

typedef enum { EVIDENCE_EVTX, EVIDENCE_EVTX_CHUNK, EVIDENCE_EVT, EVIDENCE_REGISTRY, EVIDENCE_TASK_XML, EVIDENCE_JOB, EVIDENCE_CRASH_DUMP,
               EVIDENCE_MINIDUMP, EVIDENCE_DISK_IMAGE, EVIDENCE_PREFETCH, EVIDENCE_MFT, EVIDENCE_JSONL, EVIDENCE_PCAP, EVIDENCE_ESE,
               EVIDENCE_ARCHIVE, EVIDENCE_TEXT, EVIDENCE_EMPTY, EVIDENCE_OTHER } evidence_type;

typedef struct {
    const char *unit;            /* name of the unit it belongs to */
    const char *unit_path;       /* where the unit lies, for sorting; never written to a digest */
    const char *path;            /* logical path in the unit, '/' between parts, UTF-8 */
    evidence_type type;
    evtx_source source;          /* its bytes */
    char sha256[65];
    status state;                /* not ok: could not be opened or read; words say why */
    void *held;                  /* what keeps the source open: released by evidence_release */
} evidence_item;

typedef struct evidence_walk evidence_walk;
typedef struct { const char *password; uint64_t max_expanded; struct progress *progress; } evidence_options;

status evidence_open(const char *const *paths, size_t count, const evidence_options *o, evidence_walk **out);
bool   evidence_next(evidence_walk *w, evidence_item *out);      /* in order of unit path, then path; takes items one at a time */
void   evidence_release(evidence_item *item);
void   evidence_close(evidence_walk *w);
evidence_type evidence_recognise(span first_bytes, uint64_t size, const char *path);
const char   *evidence_type_word(evidence_type t);               /* "evtx", "registry", ... as case.md has it */
uint64_t      evidence_total(const evidence_walk *w);            /* bytes found at the start, for progress */
