/* Windows XML event logs (.evtx): file, chunks, records. Binary XML itself is format/binxml.h.
 *
 * Format    J. Metz, "Windows XML Event Log (EVTX) format"; [MS-EVEN6] 2.2.12-2.2.17 for binary XML.
 * Shapes    File header 4096 bytes ("ElfFile\0"), then chunks of 65536 bytes ("ElfChnk\0"). A record is
 *           "**\0\0", size, record id, written time (FILETIME), binary XML, size again. Offsets are from the file's start.
 * Owns      A reader owns one chunk's bytes at a time and everything compiled for the run; a record and all spans in it
 *           live until the next record is read. Chunks are read with pread (never mapped): memory does not grow with
 *           the file, and a file that shrinks meanwhile is an error, not a signal.
 * Hostile   Every offset and size; checksums may lie; work is bounded in proportion to the chunk. One bad record never
 *           costs its neighbours, one bad chunk never the next.
 * Fails     evtx_open when the file cannot be read, or holds neither file header nor chunk. Damage after that is noted in
 *           the problems given: kinds are listed in docs/formats/evtx.md. */
#pragma once
#include "base/base.h"
#include "base/source.h"
#include "format/binxml.h"

#define EVTX_CHUNK 65536u
#define EVTX_HEADER 4096u

typedef source evtx_source;

typedef struct {
    uint64_t index;                 /* where in the file: (offset - 4096) / 65536; of a carved chunk: in order of finding */
    uint64_t offset;
    uint64_t first_id, last_id;     /* as the chunk's header says */
    bool live;                      /* false: carved; its records are all recovered ones */
    uint32_t bare;                  /* not 0: no chunk, but one record of so many bytes, carved where there was no chunk */
} evtx_chunk_info;

typedef struct {
    evtx_source source;
    bool has_header, dirty, full;   /* flags of the file header */
    uint64_t next_record_id;        /* as the header says */
    evtx_chunk_info *chunks;        /* beginning with the oldest records: a wrapped log reads oldest first */
    size_t chunk_count;
} evtx;

typedef struct evtx_reader evtx_reader;      /* one thread's: buffers, chunk state, compiled templates */

typedef struct {
    uint64_t id;                    /* of the record's header */
    moment written;                 /* of the record's header */
    uint64_t offset;                /* in the file */
    uint64_t chunk;                 /* its index */
    bool recovered;                 /* carved: it stood in no live chunk's chain */
    binxml xml;                     /* its document */
} evtx_record;

status       evtx_open(arena *mem, evtx_source source, problems *out_problems, evtx *out);
bool         evtx_is(span first_bytes);                            /* by signature, of a file or of a chunk alone */
/* Adds to an opened log, or to one that only has its source, every chunk and record outside its live chunks that shows its
 * signature. They come behind the live chunks, and are read with evtx_next_recovered. */
status       evtx_carve(arena *mem, problems *noted, evtx *log);
evtx_source  evtx_source_fd(int fd, uint64_t size, arena *mem);
evtx_source  evtx_source_bytes(span *bytes);                       /* *bytes must outlive it */

evtx_reader *evtx_reader_new(binxml_templates *shared);            /* shared over threads; may be NULL */
void         evtx_reader_free(evtx_reader *r);
/* Reads and verifies a chunk; false when nothing of it can be read (noted). */
bool         evtx_chunk_load(evtx_reader *r, const evtx *file, size_t chunk, problems *noted);
/* The next record of the loaded chunk; false at its end. A damaged record is noted and skipped. */
bool         evtx_next(evtx_reader *r, evtx_record *out);
/* After evtx_next has said false: records in what the chunk's chain passed over - its slack, gaps around damage, and all of
 * a chunk that is not live. Marked recovered. A template or name that was written over since is not trusted; one lent by
 * the store (binxml_templates_lend) is taken instead where there is one, else the record is noted and left out. */
bool         evtx_next_recovered(evtx_reader *r, evtx_record *out);
/* How many records of the loaded chunk evtx_next_recovered could not read so far. */
uint32_t     evtx_lost(const evtx_reader *r);
/* Meets every template of the file's live records, so that the store can lend them. */
void         evtx_meet_templates(evtx_reader *r, const evtx *file);
