#include "event/export.h"

#include "base/pool.h"
#include "base/utf16.h"
#include "event/event.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { BATCH = 1, WAIT_FROM = 4 << 20, BATCH_LIMIT = 256 << 20 };

/* A stretch of chunks: its text, until its turn to be written. A worker takes the one again that it filled last, if it is out by
 * then: its memory lies in that processor's cache, and in no other's. */
typedef struct batch batch;
struct batch { buf text; problems noted; arena mem; unsigned worker; uint64_t records, recovered, lost, lost_bare; batch *next; };

typedef struct {
    exporter *e;
    const evtx *log;
    const char *name;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    batch **done;                /* a ring, by turn; NULL: not there yet */
    batch **free;                /* by worker: those that it filled, and that are out */
    unsigned workers;
    size_t ring, written;        /* batches that are out */
    bool writing;
    atomic_bool failed;          /* a write was refused: nothing more is worth the work */
    uint64_t lost_bare;          /* carved records that lay alone and cannot be read */
    evtx_reader **readers;       /* by worker */
    event_view **views;
    fields *names;
} job;

/* ---- one record ---- */

/* Control characters become U+FFFD, as in XML. */
static void put_csv(buf *row, span text)
{
    bool is_formula = text.len && memchr("=+-@\t\r\n", text.at[0], 7);
    buf_char(row, '"');
    if (is_formula)
        buf_char(row, '\'');
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        if (c == '"')
            buf_char(row, '"');
        if ((c < ' ' && !memchr("\t\r\n", c, 3)) || c == 0x7f)
            buf_str(row, "\xef\xbf\xbd");
        else
            buf_char(row, (char)c);
    }
    buf_char(row, '"');
}

static void put_csv_wide(buf *row, span units, buf *scratch)
{
    buf_clear(scratch);
    utf16_utf8(units, scratch);
    put_csv(row, buf_bytes(scratch));
}

/* The document that says what happened; an array where a record holds several; where it holds none, the whole record. */
static bool data_json(const binxml *x, buf *out, arena *mem, binxml_fault *why)
{
    binxml_value *slots = arena_array(mem, x->slot_count, sizeof *slots);
    size_t count = 0, before = out->len;
    buf_char(out, '[');
    bool sound = slots && binxml_slots(x, slots);
    for (uint32_t i = 0; sound && i < x->slot_count; i++) {
        binxml nested;
        if (slots[i].type != BINXML_BINXML || slots[i].bytes.len == 0)
            continue;
        if (count++)
            buf_char(out, ',');
        if (!binxml_nested(x, slots[i], &nested)) {
            *why = (binxml_fault){ "document", (size_t)(slots[i].bytes.at - x->chunk.at) };
            return false;
        }
        if (!binxml_json(&nested, out, why))
            return false;
    }
    if (count > 1) {
        buf_char(out, ']');
        return true;
    }
    if (count == 0) {
        out->len = before;
        return binxml_json(x, out, why);
    }
    memmove(out->at + before, out->at + before + 1, out->len - before - 1);
    out->len--;
    return true;
}

static bool csv_row(event_view *v, const evtx_record *r, buf *row, const char *name, binxml_fault *why)
{
    event ev;
    buf scratch;
    arena mem;
    char time[MOMENT_TEXT];
    if (!event_of(v, r, &ev)) {
        *why = event_fault(v);
        return false;
    }
    buf_init(&scratch, 64 << 20);
    arena_init(&mem, 4 << 20);
    put_csv(row, span_str(moment_iso(ev.time, time)));
    buf_printf(row, ",%llu,%u,%u,", (unsigned long long)ev.record_id, ev.event_id, ev.level);
    put_csv_wide(row, ev.provider, &scratch);
    buf_char(row, ',');
    put_csv_wide(row, ev.channel, &scratch);
    buf_char(row, ',');
    put_csv_wide(row, ev.computer, &scratch);
    buf_char(row, ',');
    put_csv(row, span_str(ev.user_sid.len ? sid_text(ev.user_sid, &mem) : ""));
    buf_char(row, ',');
    buf_clear(&scratch);
    bool ok = data_json(&r->xml, &scratch, &mem, why);
    put_csv(row, buf_bytes(&scratch));
    buf_char(row, ',');
    put_csv(row, span_str(name));
    buf_printf(row, ",%llu,%s\r\n", (unsigned long long)r->offset, r->recovered ? "yes" : "");
    buf_done(&scratch);
    arena_done(&mem);
    return ok;
}

static bool put_json(const evtx_record *r, buf *text, binxml_fault *why)
{
    static const char mark[] = "\"recovered\":true,";
    enum { MARK = sizeof mark - 1 };
    size_t before = text->len;
    if (!binxml_json(&r->xml, text, why))
        return false;
    if (r->recovered && buf_room(text, MARK)) {
        memmove(text->at + before + 1 + MARK, text->at + before + 1, text->len - before - 1);
        memcpy(text->at + before + 1, mark, MARK);
        text->len += MARK;
    }
    return true;
}

static bool put_record(const job *j, event_view *v, const evtx_record *r, buf *text, binxml_fault *why)
{
    size_t before = text->len;
    bool ok = false;
    switch (j->e->format) {
    case EXPORT_JSONL:
        ok = put_json(r, text, why);
        buf_char(text, '\n');
        break;
    case EXPORT_JSON:
        buf_str(text, ",\n");
        ok = put_json(r, text, why);
        break;
    case EXPORT_XML:
        if (r->recovered)
            buf_str(text, "<!-- recovered -->");
        ok = binxml_xml(&r->xml, text, why);
        buf_char(text, '\n');
        break;
    case EXPORT_CSV:
        ok = csv_row(v, r, text, j->name, why);
        break;
    }
    if (!ok || text->overflow) {
        text->len = before;
        text->overflow = false;
    }
    return ok;
}

/* ---- order ---- */

static const char *opening(export_format f)
{
    switch (f) {
    case EXPORT_JSON: return "[";
    case EXPORT_XML: return "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\n<Events>\n";
    case EXPORT_CSV: return "\xEF\xBB\xBFTimeCreated,RecordId,EventId,Level,Provider,Channel,Computer,UserId,Data,File,Offset,"
                            "Recovered\r\n";
    default: return "";
    }
}

static bool put_out(exporter *e, span bytes)
{
    if (!e->began && !e->failed) {
        span open = span_str(opening(e->format));
        e->began = true;
        e->failed = open.len && !e->write(e->context, open);
    }
    if (bytes.len && !e->any && e->format == EXPORT_JSON)
        bytes = span_part(bytes, 1, SIZE_MAX);              /* no comma before the first */
    e->any |= bytes.len > 0;
    if (bytes.len && !e->failed)
        e->failed = !e->write(e->context, bytes);
    return !e->failed;
}

static void hand_over(job *j, batch *b)
{
    exporter *e = j->e;
    if (!put_out(e, buf_bytes(&b->text)))
        j->failed = true;
    for (size_t i = 0; i < b->noted.count; i++)
        e->note(e->context, j->name, &b->noted.items[i]);
    if (b->noted.dropped) {
        problem more = { "problems.more", PROBLEM_NO_CHUNK, 0, "further ones are not listed" };
        e->note(e->context, j->name, &more);
    }
    buf_clear(&b->text);
    arena_reset(&b->mem);
    problems_init(&b->noted, &b->mem);
}

/* Waits until `index` is the next to be written. */
static void await_turn(job *j, size_t index)
{
    pthread_mutex_lock(&j->lock);
    while (j->written != index || j->writing)
        pthread_cond_wait(&j->moved, &j->lock);
    pthread_mutex_unlock(&j->lock);
}

static void give_back(job *j, batch *b)
{
    b->next = j->free[b->worker];
    j->free[b->worker] = b;
}

/* One of this worker's own, else one of another's: there are as many as can wait. */
static batch *take_batch(job *j, unsigned worker)
{
    for (unsigned i = 0; i < j->workers; i++) {
        batch **from = &j->free[(worker + i) % j->workers], *b = *from;
        if (!b)
            continue;
        *from = b->next;
        b->worker = worker;
        return b;
    }
    assert(!"more batches are out than there is room for");
    return NULL;
}

/* Writes what is ready, unless somebody is at it, who then does. */
static void write_ready(job *j)
{
    while (!j->writing && j->done[j->written % j->ring]) {
        batch *b = j->done[j->written % j->ring];
        j->writing = true;
        pthread_mutex_unlock(&j->lock);
        hand_over(j, b);
        pthread_mutex_lock(&j->lock);
        j->e->records += b->records;
        j->e->recovered += b->recovered;
        j->e->lost += b->lost;
        j->lost_bare += b->lost_bare;
        b->records = b->recovered = b->lost = b->lost_bare = 0;
        give_back(j, b);
        j->done[j->written % j->ring] = NULL;
        j->writing = false;
        j->written++;
        pthread_cond_broadcast(&j->moved);
    }
}

static void do_record(job *j, unsigned worker, size_t index, batch *b, const evtx_record *r)
{
    binxml_fault why = { "record", 0 };
    if (put_record(j, j->views[worker], r, &b->text, &why)) {
        if (r->recovered)
            b->recovered++;
        else
            b->records++;
    } else {
        b->lost += !r->recovered;
        problems_note(&b->noted, r->recovered ? "recovered.document" : "record.document", r->chunk, r->offset,
                      "record %llu: %s", (unsigned long long)r->id, why.field);
    }
    if (b->text.len > WAIT_FROM) {                          /* unusual: it does not wait with the others */
        await_turn(j, index);
        hand_over(j, b);
    }
}

static void do_batch(void *context, size_t index, unsigned worker)
{
    job *j = context;
    evtx_reader *reader = j->readers[worker];
    evtx_record record;
    pthread_mutex_lock(&j->lock);
    while (index >= j->written + j->ring)
        pthread_cond_wait(&j->moved, &j->lock);
    batch *b = take_batch(j, worker);
    pthread_mutex_unlock(&j->lock);

    size_t first = index * BATCH, end = first + BATCH < j->log->chunk_count ? first + BATCH : j->log->chunk_count;
    for (size_t i = first; i < end && !j->failed; i++) {
        if (!evtx_chunk_load(reader, j->log, i, &b->noted))
            continue;
        while (evtx_next(reader, &record))
            do_record(j, worker, index, b, &record);
        while (j->e->recover && evtx_next_recovered(reader, &record))
            do_record(j, worker, index, b, &record);
        b->lost_bare += j->log->chunks[i].bare ? evtx_lost(reader) : 0;
    }
    pthread_mutex_lock(&j->lock);
    j->done[index % j->ring] = b;
    write_ready(j);
    pthread_mutex_unlock(&j->lock);
}

bool export_log(exporter *e, const evtx *log, const char *name)
{
    arena mem;
    size_t count = (log->chunk_count + BATCH - 1) / BATCH;
    unsigned threads = e->threads ? e->threads : 1;
    arena_init(&mem, 0);
    job j = { .e = e, .log = log, .name = name, .ring = 2u * threads + 2 };
    j.workers = threads;
    j.done = arena_array(&mem, j.ring, sizeof *j.done);
    j.free = arena_array(&mem, threads, sizeof *j.free);
    batch *batches = arena_array(&mem, j.ring, sizeof *batches);
    j.readers = arena_array(&mem, threads, sizeof *j.readers);
    j.views = arena_array(&mem, threads, sizeof *j.views);
    j.names = fields_new(&mem);
    pthread_mutex_init(&j.lock, NULL);
    pthread_cond_init(&j.moved, NULL);
    for (size_t i = 0; i < j.ring; i++) {
        batch *b = &batches[i];
        b->worker = (unsigned)(i % threads);
        give_back(&j, b);
        buf_init(&b->text, BATCH_LIMIT);
        arena_init(&b->mem, 1 << 20);
        problems_init(&b->noted, &b->mem);
    }
    for (unsigned i = 0; i < threads && i < count; i++) {
        j.readers[i] = evtx_reader_new(e->templates);
        j.views[i] = event_view_new(j.names);
    }
    put_out(e, (span){ 0 });
    pool_run(threads, count, do_batch, &j);
    if (j.lost_bare) {
        char words[96];
        snprintf(words, sizeof words, "%llu carved records that lie alone cannot be read", (unsigned long long)j.lost_bare);
        problem lost = { "recovered.document", PROBLEM_NO_CHUNK, 0, words };
        e->note(e->context, name, &lost);
    }

    for (unsigned i = 0; i < threads && i < count; i++) {
        evtx_reader_free(j.readers[i]);
        event_view_free(j.views[i]);
    }
    for (size_t i = 0; i < j.ring; i++) {
        buf_done(&batches[i].text);
        arena_done(&batches[i].mem);
    }
    pthread_mutex_destroy(&j.lock);
    pthread_cond_destroy(&j.moved);
    arena_done(&mem);
    return !e->failed;
}

bool export_end(exporter *e)
{
    put_out(e, (span){ 0 });
    span close = span_str(e->format == EXPORT_JSON ? (e->any ? "\n]\n" : "]\n") : e->format == EXPORT_XML ? "</Events>\n" : "");
    if (close.len && !e->failed)
        e->failed = !e->write(e->context, close);
    return !e->failed;
}
