/* Chunks and records found by their signatures, wherever they lie: in a raw image, in a file of any kind, in the places of
 * a log where no chunk begins any more. */
#include "format/evtx_reader.h"

#include <errno.h>

enum { WINDOW = 1 << 20, CARVED_MOST = 1 << 20, RECORD_LEAST = 28 };

typedef struct {
    arena *mem;
    evtx *out;
    size_t room, live, hint;         /* live: chunks that are known, live or by their place */
    uint8_t *window;                 /* WINDOW + EVTX_CHUNK bytes */
    uint64_t at;                     /* where it begins */
    size_t len;
} carving;

static bool add(carving *c, evtx_chunk_info info)
{
    evtx *out = c->out;
    if (out->chunk_count - c->live >= CARVED_MOST)
        return false;
    if (out->chunk_count == c->room) {
        size_t room = c->room ? 2 * c->room : 64;
        evtx_chunk_info *more = arena_array(c->mem, room, sizeof *more);
        if (!more)
            return false;
        if (out->chunk_count)
            memcpy(more, out->chunks, out->chunk_count * sizeof *more);
        out->chunks = more;
        c->room = room;
    }
    info.index = out->chunk_count;
    out->chunks[out->chunk_count++] = info;
    return true;
}

/* The end of the known chunk that covers this offset, or 0; else where the next one begins, for who asks. Chunks lie mostly
 * in order, so the search begins where the last one ended. */
static uint64_t covered(carving *c, uint64_t offset, uint64_t *next)
{
    uint64_t nearest = UINT64_MAX;
    for (size_t n = 0; n < c->live; n++) {
        size_t i = (c->hint + n) % c->live;
        uint64_t from = c->out->chunks[i].offset;
        if (offset >= from && offset - from < EVTX_CHUNK) {
            c->hint = i + 1;
            return from + EVTX_CHUNK;
        }
        if (from > offset && from < nearest)
            nearest = from;
    }
    *next = nearest;
    return 0;
}

/* Whether a whole record stands here: its size is repeated at its end. */
static uint32_t record_size(span bytes)
{
    if (bytes.len < RECORD_LEAST || memcmp(bytes.at, "**\0", 4) != 0)
        return 0;
    uint32_t size = le32(bytes.at + 4);
    return size >= RECORD_LEAST && size <= EVTX_CHUNK - EVTX_RECORDS && size <= bytes.len && le32(bytes.at + size - 4) == size
               ? size : 0;
}

/* Where the byte stands next, at `at` or behind; `last` is where it stood when it was looked for before. */
static size_t next_byte(const carving *c, char byte, size_t at, size_t end, size_t *last)
{
    if (*last < at || *last == SIZE_MAX) {
        const uint8_t *hit = memchr(c->window + at, byte, end - at);
        *last = hit ? (size_t)(hit - c->window) : end;
    }
    return *last;
}

/* Everything that shows its signature in the window's first `end` bytes; gives back where to go on. */
static size_t carve_window(carving *c, size_t end)
{
    size_t at = 0, e = SIZE_MAX, star = SIZE_MAX;
    while (at < end) {
        next_byte(c, 'E', at, end, &e);
        next_byte(c, '*', at, end, &star);
        at = e < star ? e : star;
        if (at >= end)
            break;
        span here = span_of(c->window + at, c->len - at);
        bool is_chunk = here.len >= EVTX_RECORDS && memcmp(here.at, "ElfChnk", 8) == 0;
        uint32_t size = is_chunk ? EVTX_CHUNK : record_size(here);
        if (size && add(c, (evtx_chunk_info){ .offset = c->at + at, .bare = is_chunk ? 0 : size }))
            at += size;
        else
            at++;
    }
    return at > end ? at : end;
}

/* Where a chunk should begin and none does, what is left of one may lie: its records then still find their names. */
static void add_places(carving *c)
{
    evtx *log = c->out;
    uint64_t next, first = log->has_header ? EVTX_HEADER : log->chunk_count ? log->chunks[0].offset % EVTX_CHUNK : UINT64_MAX;
    for (uint64_t at = first; at < log->source.size; at += EVTX_CHUNK) {
        if (covered(c, at, &next))
            continue;
        int64_t got = log->source.read(log->source.context, at, c->window, EVTX_CHUNK);
        bool used = false;
        for (int64_t i = 0; i < got && !used; i++)
            used = c->window[i] != 0;
        if (used && !add(c, (evtx_chunk_info){ .offset = at }))
            break;
    }
    c->live = log->chunk_count;
}

status evtx_carve(arena *mem, problems *noted, evtx *log)
{
    carving c = { .mem = mem, .out = log, .live = log->chunk_count, .room = log->chunk_count };
    arena window;
    status s = status_ok();
    arena_init(&window, 0);
    c.window = arena_alloc(&window, WINDOW + EVTX_CHUNK);
    add_places(&c);
    uint64_t at = 0;
    while (at < log->source.size) {
        uint64_t next = 0, skip = covered(&c, at, &next);
        if (skip) {
            at = skip;
            continue;
        }
        int64_t got = log->source.read(log->source.context, at, c.window, WINDOW + EVTX_CHUNK);
        if (got <= 0) {
            if (got < 0)
                s = status_fail(STATUS_IO, "%s", strerror(errno));
            break;
        }
        c.at = at;
        c.len = (size_t)got;
        size_t end = c.len < WINDOW ? c.len : WINDOW;
        at += carve_window(&c, next - at < end ? (size_t)(next - at) : end);
    }
    if (log->chunk_count - c.live >= CARVED_MOST)
        problems_note(noted, "carve.more", PROBLEM_NO_CHUNK, at, "no more than %d places are carved", CARVED_MOST);
    arena_done(&window);
    return s;
}
