/* Inside of format: one thread's reader of chunks, as evtx.c and the binary XML beneath it share it. */
#pragma once
#include "format/binxml_tree.h"
#include "format/evtx.h"

#define EVTX_RECORDS 512u            /* where a chunk's records begin */
#define EVTX_PAD 64u                 /* readable behind a chunk, so that text can be read in whole vectors */

typedef struct { uint32_t offset; const binxml_template *template_; binxml_fault fault; bool open; } evtx_met;
typedef struct { uint32_t offset; bx_name text; size_t bytes; bool bad; } evtx_name;
typedef struct { uint32_t from, to; } evtx_gap;

typedef struct evtx_variant evtx_variant;

struct evtx_reader {
    binxml_templates *store, *own_store;
    uint8_t *bytes;                  /* EVTX_CHUNK + EVTX_PAD */
    size_t len;                      /* of them in evidence: less for a torn chunk */
    span chunk;                      /* EVTX_CHUNK bytes, the missing ones zero */

    /* where reading stands */
    const evtx *file;
    uint64_t chunk_offset, chunk_index;
    problems *noted;
    uint32_t at, live_end, ends;     /* next record; where records end as told; where the last one was found to end */
    uint64_t first_id, last_id, next_id;
    bool has_id, id_range_is_sound, told_free_space, recovering, told_lost, is_bare;
    vec gaps;                        /* evtx_gap: what the walk passed over */
    size_t gap;
    uint32_t carve_at;
    uint32_t lost, first_lost;               /* carved records that cannot be read */
    const char *first_lost_for;

    /* what was met in this chunk, by its offset there */
    uint16_t *template_slots, *name_slots;   /* EVTX_CHUNK each: index in the vec plus one */
    vec templates, names;                    /* evtx_met, evtx_name */
    arena chunk_mem, record_mem;

    bool (*run)(const binxml *, buf *);      /* programs, as this processor runs them best */
    bx_day day;

    /* what was met in this run, by content */
    evtx_variant **variants;
    size_t variant_count;
    arena variant_mem, own_mem;
};

void reader_begin_variants(struct evtx_reader *r);
void reader_forget_chunk(struct evtx_reader *r);
void reader_meet_nested(const binxml *x);
