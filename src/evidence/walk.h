/* What the files of this room share.
 *
 * Shapes    A held thing is the bytes of one item: a file descriptor, memory, or neither, and the texts of the item. It is
 *           counted: the item that was handed out and the stream that reads an archive from it may both have it. */
#pragma once
#include "evidence/evidence.h"

#include "base/hash.h"
#include "base/vec.h"

#include <stdatomic.h>

typedef struct {
    evidence_entry pub;
    const char *folder, *name;   /* where it is opened: folder/name */
    const char *wrong;           /* with its name; NULL: nothing */
    status_code why;             /* not ok: it is named only */
    const char *words;
    bool alone;                  /* an archive that is a unit of its own: its members' paths begin at its root */
    char sha256[65];
} walk_entry;

struct evidence_walk {
    arena mem;
    evidence_options options;
    vec entries;                 /* walk_entry */
    uint64_t total;
    _Atomic uint64_t expanded;   /* bytes out of all archives */
    _Atomic uint64_t in_memory;  /* bytes of members that are held in memory */
    size_t next_entry;           /* of evidence_next */
    evidence_stream *next_stream;
};

typedef struct held {
    arena self;
    evidence_walk *walk;
    _Atomic unsigned users;
    int fd;
    buf bytes;
    uint64_t counted;            /* of in_memory */
    uint64_t size;
} held;

held       *held_new(evidence_walk *w);
held       *held_share(held *h);
void        held_drop(held *h);
status      held_put(held *h, span bytes);       /* appends; moves to a temporary file when memory is short */
int64_t     held_read(held *h, uint64_t offset, void *out, size_t len);      /* -1: errno says why */
evtx_source held_source(held *h);
status      held_hash(held *h, char out[65]);

/* An archive that is being read: the bytes of `from`, which it shares. */
typedef struct archive_level archive_level;
typedef struct {
    const char *raw_name; size_t raw_len;        /* NULL: it has none */
    bool regular, directory, link, encrypted;
    bool size_known; uint64_t size;
} archive_member;
typedef enum { ARCHIVE_MEMBER, ARCHIVE_END, ARCHIVE_BROKEN } archive_step;

archive_level *archive_level_open(held *from, const char *password, progress *progress, status *why);
archive_step   archive_level_next(archive_level *a, archive_member *out, status *why);
int64_t        archive_level_read(archive_level *a, void *out, size_t len, status *why);     /* 0 at the end, -1: why */
bool           archive_level_is_raw(const archive_level *a);                 /* one compressed file, no archive of files */
void           archive_level_close(archive_level *a);
void           archive_thread_enter(void);       /* names in archives are UTF-8 in this thread, until the next call */
void           archive_thread_leave(void);

int walk_open_file(const walk_entry *e, uint64_t *size, status *why);        /* -1: why */
