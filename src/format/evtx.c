/* The file: its header, and where its chunks are. */
#include "format/evtx.h"

#include "base/hash.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int64_t read_fd(void *context, uint64_t offset, void *out, size_t len)
{
    int fd = *(int *)context;
    size_t done = 0;
    while (done < len) {
        ssize_t n = pread(fd, (uint8_t *)out + done, len - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (int64_t)done;
}

evtx_source evtx_source_fd(int fd, uint64_t size, arena *mem)
{
    int *context = arena_alloc(mem, sizeof *context);
    if (context)
        *context = fd;
    return (evtx_source){ context, read_fd, context ? size : 0 };
}

static int64_t read_bytes(void *context, uint64_t offset, void *out, size_t len)
{
    const span *bytes = context;
    span part = offset < bytes->len ? span_part(*bytes, (size_t)offset, len) : (span){ 0 };
    if (part.len)
        memcpy(out, part.at, part.len);
    return (int64_t)part.len;
}

evtx_source evtx_source_bytes(span *bytes)
{
    return (evtx_source){ bytes, read_bytes, bytes->len };
}

static const uint8_t file_signature[8] = "ElfFile", chunk_signature[8] = "ElfChnk";

static bool begins_with(span bytes, const uint8_t signature[8])
{
    return bytes.len >= 8 && memcmp(bytes.at, signature, 8) == 0;
}

bool evtx_is(span first_bytes)
{
    return begins_with(first_bytes, file_signature) || begins_with(first_bytes, chunk_signature);
}

static void read_header(span bytes, problems *noted, evtx *out)
{
    enum { DIRTY = 1, FULL = 2, NO_CHECKSUM = 4 };
    cursor c = cur_open(bytes);
    cur_skip(&c, 24, "header");                             /* signature, oldest and current chunk: hints that a log not
                                                              closed cleanly has wrong; the chunks say it themselves */
    out->next_record_id = cur_u64(&c, "header.next_id");
    cur_skip(&c, 4, "header.size");
    uint16_t minor = cur_u16(&c, "header.minor"), major = cur_u16(&c, "header.major");
    cur_skip(&c, 80, "header");
    uint32_t flags = cur_u32(&c, "header.flags");
    uint32_t checksum = cur_u32(&c, "header.checksum");
    if (!cur_ok(&c)) {
        problems_note(noted, "header.torn", PROBLEM_NO_CHUNK, 0, "the file ends in its header");
        return;
    }
    out->dirty = flags & DIRTY;
    out->full = flags & FULL;
    if (major != 3)
        problems_note(noted, "header.version", PROBLEM_NO_CHUNK, 36, "version %u.%u, read as 3.1", major, minor);
    if (!(flags & NO_CHECKSUM) && checksum != crc32_of(span_part(bytes, 0, 120)))
        problems_note(noted, "header.checksum", PROBLEM_NO_CHUNK, 124, "stored %08x, computed %08x", checksum,
                      crc32_of(span_part(bytes, 0, 120)));
    if (out->dirty)
        problems_note(noted, "header.dirty", PROBLEM_NO_CHUNK, 120, "the log was not closed; its header may be behind");
}

/* What stands at a chunk's place: its identifiers when it is one. Places that were never used are all zero. */
static void look_at_chunk(const evtx *file, evtx_chunk_info *info, problems *noted, size_t *count)
{
    uint8_t head[40];
    int64_t got = file->source.read(file->source.context, info->offset, head, sizeof head);
    if (got < 0) {
        problems_note(noted, "chunk.unreadable", info->index, info->offset, "%s", strerror(errno));
        return;
    }
    span bytes = span_of(head, (size_t)got);
    if (!begins_with(bytes, chunk_signature)) {
        bool used = false;
        for (size_t i = 0; i < bytes.len; i++)
            used |= head[i] != 0;
        if (used)
            problems_note(noted, "chunk.signature", info->index, info->offset, "no chunk begins here");
        return;
    }
    cursor c = cur_open(bytes);
    cur_skip(&c, 24, "chunk");
    info->first_id = cur_u64(&c, "chunk.first_id");
    info->last_id = cur_u64(&c, "chunk.last_id");
    info->live = true;
    if (cur_ok(&c))
        ++*count;
    else
        problems_note(noted, "chunk.torn", info->index, info->offset, "the file ends in a chunk's header");
}

/* A full log writes each new chunk over its oldest, so the oldest can stand anywhere; from there it goes on in order. */
static void begin_with_oldest(arena *mem, evtx *file)
{
    size_t oldest = 0, n = file->chunk_count;
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < n; i++) {
        const evtx_chunk_info *c = &file->chunks[i];
        if (c->first_id <= c->last_id && c->first_id < least) {
            least = c->first_id;
            oldest = i;
        }
    }
    evtx_chunk_info *turned = oldest ? arena_array(mem, n, sizeof *turned) : NULL;
    if (!turned)
        return;
    memcpy(turned, file->chunks + oldest, (n - oldest) * sizeof *turned);
    memcpy(turned + n - oldest, file->chunks, oldest * sizeof *turned);
    file->chunks = turned;
}

status evtx_open(arena *mem, evtx_source source, problems *noted, evtx *out)
{
    *out = (evtx){ .source = source };
    uint8_t head[128];
    int64_t got = source.read(source.context, 0, head, sizeof head);
    if (got < 0)
        return status_fail(STATUS_IO, "%s", strerror(errno));
    span bytes = span_of(head, (size_t)got);
    uint64_t first = 0;
    if (begins_with(bytes, file_signature)) {
        out->has_header = true;
        first = EVTX_HEADER;
        read_header(bytes, noted, out);
    } else {
        uint8_t signature[8];
        if (!begins_with(bytes, chunk_signature)) {         /* the header may be damaged: does a chunk stand behind it? */
            first = EVTX_HEADER;
            got = source.read(source.context, first, signature, sizeof signature);
            if (got != sizeof signature || !begins_with(span_of(signature, sizeof signature), chunk_signature))
                return status_fail(STATUS_DAMAGED, "no event log: neither a file header nor a chunk");
        }
        problems_note(noted, "header.missing", PROBLEM_NO_CHUNK, 0, "chunks begin at offset %llu", (unsigned long long)first);
    }

    uint64_t places = source.size > first ? (source.size - first + EVTX_CHUNK - 1) / EVTX_CHUNK : 0;
    if (places > SIZE_MAX / sizeof *out->chunks / 2)
        return status_fail(STATUS_LIMIT, "the file is too large");
    out->chunks = arena_array(mem, (size_t)places, sizeof *out->chunks);
    if (!out->chunks)
        return status_fail(STATUS_LIMIT, "the file has too many chunks");
    for (uint64_t i = 0; i < places; i++) {
        evtx_chunk_info *info = &out->chunks[out->chunk_count];
        *info = (evtx_chunk_info){ .index = i, .offset = first + i * EVTX_CHUNK };
        look_at_chunk(out, info, noted, &out->chunk_count);
    }
    begin_with_oldest(mem, out);
    return status_ok();
}
