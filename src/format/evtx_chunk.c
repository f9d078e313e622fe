/* A chunk: verified, and its records one after the other; what lies between and behind them, carved. */
#include "format/evtx_reader.h"

#include "format/binxml_program.h"

#include "base/hash.h"

#include <errno.h>

enum { RECORD_HEADER = 24, RECORD_LEAST = 28, CHUNK_HEADER = 512 };

static const uint8_t record_signature[4] = { '*', '*', 0, 0 };

evtx_reader *evtx_reader_new(binxml_templates *shared)
{
    arena mem;                                  /* holds the reader itself and what is as long-lived as it */
    arena_init(&mem, 0);
    evtx_reader *r = arena_alloc(&mem, sizeof *r);
    r->own_store = shared ? NULL : binxml_templates_new();
    r->store = shared ? shared : r->own_store;
    r->bytes = arena_alloc(&mem, EVTX_CHUNK + EVTX_PAD);
    r->template_slots = arena_array(&mem, EVTX_CHUNK, sizeof *r->template_slots);
    r->name_slots = arena_array(&mem, EVTX_CHUNK, sizeof *r->name_slots);
    r->own_mem = mem;
    r->run = bx_best_run();
    r->day.day = UINT64_MAX;
    vec_init(&r->templates, sizeof(evtx_met));
    vec_init(&r->names, sizeof(evtx_name));
    vec_init(&r->gaps, sizeof(evtx_gap));
    arena_init(&r->chunk_mem, 16 << 20);
    arena_init(&r->record_mem, 48 << 20);
    reader_begin_variants(r);
    return r;
}

void evtx_reader_free(evtx_reader *r)
{
    if (!r)
        return;
    binxml_templates_free(r->own_store);
    vec_done(&r->templates);
    vec_done(&r->names);
    vec_done(&r->gaps);
    arena_done(&r->chunk_mem);
    arena_done(&r->record_mem);
    arena_done(&r->variant_mem);
    arena mem = r->own_mem;
    arena_done(&mem);
}

#define NOTE(r, kind, at, ...) \
    problems_note((r)->noted, kind, (r)->chunk_index, (r)->chunk_offset + (at), __VA_ARGS__)

static void check_header(evtx_reader *r)
{
    enum { NO_CHECKSUM = 4 };
    cursor c = cur_open(r->chunk);
    cur_skip(&c, 24, "chunk");
    r->first_id = cur_u64(&c, "chunk.first_id");
    r->last_id = cur_u64(&c, "chunk.last_id");
    cur_skip(&c, 8, "chunk");
    uint32_t free_space = cur_u32(&c, "chunk.free_space"), records = cur_u32(&c, "chunk.records_checksum");
    cur_seek(&c, 120, "chunk.flags");
    uint32_t flags = cur_u32(&c, "chunk.flags"), told = cur_u32(&c, "chunk.checksum");
    r->id_range_is_sound = r->first_id <= r->last_id && r->last_id - r->first_id < EVTX_CHUNK / RECORD_LEAST;
    r->live_end = free_space;
    bool is_empty = r->first_id > r->last_id;               /* as Windows leaves one it has not filled yet */

    if (!(flags & NO_CHECKSUM)) {
        uint32_t found = crc32_add(crc32_of(span_part(r->chunk, 0, 120)), span_part(r->chunk, 128, CHUNK_HEADER - 128));
        if (found != told) {
            NOTE(r, "chunk.checksum", 124, "of the header: stored %08x, computed %08x", told, found);
            r->id_range_is_sound = false;
        }
    }
    if (free_space < EVTX_RECORDS || free_space > EVTX_CHUNK) {
        NOTE(r, "chunk.free-space", 48, "free space is said to begin at %u", free_space);
        r->live_end = EVTX_CHUNK;
    } else if (!(flags & NO_CHECKSUM) && r->len == EVTX_CHUNK && !is_empty) {
        uint32_t found = crc32_of(span_part(r->chunk, EVTX_RECORDS, free_space - EVTX_RECORDS));
        if (found != records)
            NOTE(r, "chunk.checksum", 52, "of the records: stored %08x, computed %08x", records, found);
    }
    if (is_empty)
        r->live_end = EVTX_RECORDS;
}

/* A record that lies alone is given a chunk of its own. Where in its own it lay shows where it brings its template with it:
 * the offset that names the template is that of the definition which follows. Then what it brings can be read there. */
static bool load_bare(evtx_reader *r, const evtx_chunk_info *info)
{
    enum { NAMED = 6, DEFINED = 10 };                       /* behind the instance's token: the offset; a definition */
    memset(r->bytes, 0, EVTX_CHUNK + EVTX_PAD);
    uint8_t *record = r->bytes + EVTX_RECORDS;
    if (r->file->source.read(r->file->source.context, info->offset, record, info->bare) != (int64_t)info->bare) {
        NOTE(r, "chunk.unreadable", 0, "a carved record cannot be read again");
        return false;
    }
    r->len = EVTX_CHUNK;
    uint32_t at = EVTX_RECORDS, told = 0;
    size_t token;
    span document = span_of(record + RECORD_HEADER, info->bare - RECORD_LEAST);
    if (bx_is_instance(document, &token) && document.len > token + DEFINED + 24) {
        const uint8_t *instance = document.at + token;
        uint32_t there = (uint32_t)(RECORD_HEADER + token) + DEFINED;
        told = le32(instance + NAMED);
        bool is_defined = le32(instance + 2) == le32(instance + DEFINED + 4);
        if (is_defined && told >= EVTX_RECORDS + there && told - there <= EVTX_CHUNK - info->bare)
            at = told - there;
    }
    memmove(r->bytes + at, record, info->bare);
    if (at > EVTX_RECORDS)
        memset(record, 0, at - EVTX_RECORDS < info->bare ? at - EVTX_RECORDS : info->bare);
    r->chunk_offset = info->offset - at;
    r->ends = at;
    return true;
}

bool evtx_chunk_load(evtx_reader *r, const evtx *file, size_t chunk, problems *noted)
{
    const evtx_chunk_info *info = &file->chunks[chunk];
    reader_forget_chunk(r);
    r->file = file;
    r->noted = noted;
    r->chunk_offset = info->offset;
    r->chunk_index = info->index;
    r->chunk = span_of(r->bytes, EVTX_CHUNK);
    r->at = r->ends = EVTX_RECORDS;
    r->live_end = EVTX_RECORDS;
    r->has_id = r->told_free_space = r->recovering = r->told_lost = false;
    r->is_bare = info->bare > 0;
    r->gaps.count = r->gap = 0;
    r->carve_at = r->lost = 0;

    if (info->bare)
        return load_bare(r, info);
    int64_t got = file->source.read(file->source.context, info->offset, r->bytes, EVTX_CHUNK);
    if (got < CHUNK_HEADER) {
        r->at = r->live_end = EVTX_CHUNK;
        if (got < 0)
            NOTE(r, "chunk.unreadable", 0, "%s", strerror(errno));
        else
            NOTE(r, "chunk.torn", 0, "%lld bytes of a chunk", (long long)got);
        return false;
    }
    r->len = (size_t)got;
    memset(r->bytes + got, 0, EVTX_CHUNK + EVTX_PAD - (size_t)got);
    if (r->len < EVTX_CHUNK)
        NOTE(r, "chunk.torn", got, "%lld bytes of a chunk; the file ends here", (long long)got);
    if (info->live)
        check_header(r);
    if (r->live_end > r->len)
        r->live_end = (uint32_t)r->len;
    return true;
}

/* A record's header at `at`; false when none stands there that could be one. `sure` asks for the size behind it as well. */
static bool record_at(const evtx_reader *r, uint32_t at, uint32_t end, bool sure, uint32_t *size, uint64_t *id)
{
    if (at > end || end - at < RECORD_LEAST)
        return false;
    const uint8_t *head = r->bytes + at;
    *size = le32(head + 4);
    if (memcmp(head, record_signature, 4) != 0 || *size < RECORD_LEAST || *size > end - at)
        return false;
    if (sure && le32(head + *size - 4) != *size)
        return false;
    *id = le64(head + 8);
    return true;
}

static bool find_record(const evtx_reader *r, uint32_t *at, uint32_t end, uint32_t *size, uint64_t *id)
{
    while (*at < end && end - *at >= RECORD_LEAST) {
        const uint8_t *hit = memmem(r->bytes + *at, end - *at, record_signature, sizeof record_signature);
        if (!hit)
            break;
        *at = (uint32_t)(hit - r->bytes);
        if (record_at(r, *at, end, true, size, id))
            return true;
        ++*at;
    }
    *at = end;
    return false;
}

static void add_gap(evtx_reader *r, uint32_t from, uint32_t to)
{
    if (from < to)
        *(evtx_gap *)vec_push(&r->gaps) = (evtx_gap){ from, to };
}

static void add_lost(evtx_reader *r, uint32_t at, binxml_fault why)
{
    if (r->lost++)
        return;
    r->first_lost = at;
    r->first_lost_for = why.field;
}

static bool take_record(evtx_reader *r, uint32_t at, uint32_t size, bool recovered, evtx_record *out)
{
    const uint8_t *head = r->bytes + at;
    out->id = le64(head + 8);
    out->written = le64(head + 16);
    out->offset = r->chunk_offset + at;
    out->chunk = r->chunk_index;
    out->recovered = recovered;
    binxml_fault why;
    if (bx_document(r, &r->record_mem, r->chunk, at + RECORD_HEADER, at + size - 4, 0, &out->xml, &why))
        return true;
    if (recovered)
        add_lost(r, at, why);
    else
        NOTE(r, "record.document", why.offset, "record %llu at offset %llu: %s", (unsigned long long)out->id,
             (unsigned long long)out->offset, why.field);
    return false;
}

/* Told once a chunk, since slack is full of records whose templates are gone. Who carves bare records asks evtx_lost. */
static void tell_lost(evtx_reader *r)
{
    if (r->lost && !r->is_bare && !r->told_lost)
        NOTE(r, "recovered.document", r->first_lost, "%u carved records cannot be read, the first for want of %s", r->lost,
             r->first_lost_for);
    r->told_lost = true;
}

uint32_t evtx_lost(const evtx_reader *r)
{
    return r->lost;
}

/* The records' chain broke at r->at. The next live one is a record whose size stands behind it too, and whose identifier
 * continues the chain: what else lies there may be from when the chunk was used before. */
static bool resume_chain(evtx_reader *r)
{
    uint32_t from = r->at, at = r->at + 1, size = 0;
    uint64_t id = 0;
    while (find_record(r, &at, r->live_end, &size, &id)) {
        bool continues = r->id_range_is_sound ? id >= r->first_id && id <= r->last_id && (!r->has_id || id >= r->next_id)
                                              : !r->has_id || (id >= r->next_id && id - r->next_id < EVTX_CHUNK);
        if (continues)
            break;
        at++;
    }
    bool found = at < r->live_end;
    bool is_blank = true;
    for (uint32_t i = from; i < from + 8u && i < EVTX_CHUNK; i++)
        is_blank &= r->bytes[i] == 0;
    if (found || !is_blank)
        NOTE(r, "record.header", from, "no record begins here; %s", found ? "the next was found by its signature"
                                                                         : "none follows in this chunk");
    else if (!r->told_free_space)
        NOTE(r, "chunk.free-space", 48, "records end at %u, before the free space begins", from);
    add_gap(r, from, found ? at : r->live_end);
    r->at = found ? at : r->live_end;
    return found;
}

/* Free space is said to begin here. In a log that was not closed the header may be behind: a record that stands exactly
 * here and has the next identifier is a live one. (What an older use of the chunk left has a smaller one.) */
static bool goes_on(evtx_reader *r)
{
    uint32_t size;
    uint64_t id;
    if (r->at >= r->len || !r->has_id || !record_at(r, r->at, (uint32_t)r->len, true, &size, &id) || id != r->next_id)
        return false;
    if (!r->told_free_space)
        NOTE(r, "chunk.free-space", 48, "record %llu stands where free space is said to begin", (unsigned long long)id);
    r->told_free_space = true;
    r->live_end = (uint32_t)r->len;
    return true;
}

bool evtx_next(evtx_reader *r, evtx_record *out)
{
    for (;;) {
        uint32_t at = r->at, size;
        uint64_t id;
        if (at >= r->live_end) {
            if (goes_on(r))
                continue;
            break;
        }
        if (!record_at(r, at, r->live_end, false, &size, &id)) {
            if (!record_at(r, at, (uint32_t)r->len, true, &size, &id)) {
                resume_chain(r);
                continue;
            }
            if (!r->told_free_space)            /* a whole record that the free space is said to begin within */
                NOTE(r, "chunk.free-space", 48, "free space is said to begin within record %llu", (unsigned long long)id);
            r->told_free_space = true;
        } else if (r->told_free_space && r->has_id && id != r->next_id) {
            r->live_end = at;                   /* behind the told end only the chain itself is trusted */
            break;
        }
        if (le32(r->bytes + at + size - 4) != size)
            NOTE(r, "record.size", at + size - 4, "record %llu: %u before it, %u behind it", (unsigned long long)id, size,
                 le32(r->bytes + at + size - 4));
        r->at = at + size;
        r->ends = r->at;
        r->has_id = true;
        r->next_id = id + 1;
        arena_reset(&r->record_mem);
        if (take_record(r, at, size, false, out))
            return true;
    }
    return false;
}

bool evtx_next_recovered(evtx_reader *r, evtx_record *out)
{
    if (!r->recovering) {
        r->recovering = true;
        add_gap(r, r->ends, EVTX_CHUNK);
        r->carve_at = r->gaps.count ? ((evtx_gap *)vec_at(&r->gaps, 0))->from : EVTX_CHUNK;
    }
    while (r->gap < r->gaps.count) {
        evtx_gap gap = *(evtx_gap *)vec_at(&r->gaps, r->gap);
        uint32_t size;
        uint64_t id;
        if (r->carve_at < gap.from)
            r->carve_at = gap.from;
        if (!find_record(r, &r->carve_at, gap.to, &size, &id)) {
            r->gap++;
            continue;
        }
        uint32_t at = r->carve_at;
        arena_reset(&r->record_mem);
        if (take_record(r, at, size, true, out)) {
            r->carve_at = at + size;
            return true;
        }
        r->carve_at = at + 1;                   /* real ones may lie within what this one claimed */
    }
    tell_lost(r);
    return false;
}

void evtx_meet_templates(evtx_reader *r, const evtx *file)
{
    arena mem;
    problems nobody;
    arena_init(&mem, 1 << 20);
    problems_init(&nobody, &mem);
    evtx_record record;
    for (size_t i = 0; i < file->chunk_count; i++) {
        if (!evtx_chunk_load(r, file, i, &nobody))
            continue;
        while (evtx_next(r, &record))
            reader_meet_nested(&record.xml);
    }
    arena_done(&mem);
}
