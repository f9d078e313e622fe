/* Logs one after the other, their chunks over threads. */
#include "hunt/hunt.h"

#include "base/pool.h"
#include "hunt/sorter.h"

#include <pthread.h>

enum { BATCH = 8, BATCH_HITS = 64 << 20 };

typedef struct {
    evtx_reader *chunks;
    event_view *view;
    sigma_matcher *matcher;
    buf hits;
    arena mem;
} worker;

typedef struct {
    const hunt_options *o;
    hunt_counts *counts;
    sorter sorted;
    worker *workers;
    pthread_mutex_t lock;                /* of what follows, and of the sorter */
    const evtx *log;
    const char *file;
} hunt;

static void note(hunt *h, const char *words)
{
    if (h->o->note)
        h->o->note(h->o->note_context, h->file, words);
}

static bool in_window(const hunt_options *o, moment t)
{
    return (!moment_known(o->since) || (moment_known(t) && t >= o->since)) && (!moment_known(o->until) || (moment_known(t) && t < o->until));
}

static void put_hits(hunt *h, worker *w, const event *ev, const uint32_t *rules, size_t count)
{
    arena_reset(&w->mem);
    uint32_t *kept = arena_array(&w->mem, count, sizeof *kept);
    memcpy(kept, rules, count * sizeof *kept);
    hunt_hit hit = {
        .time = ev->time, .event_id = ev->event_id, .record = ev->record_id, .offset = ev->offset, .recovered = ev->recovered,
        .host = utf16_text(&w->mem, ev->computer), .channel = utf16_text(&w->mem, ev->channel), .provider = utf16_text(&w->mem, ev->provider), .file = h->file,
    };
    if (h->o->fields)
        sigma_look(w->matcher, ev);
    for (size_t i = 0; i < count; i++) {
        sigma_field *fields = NULL;
        hit.rule = kept[i];
        hit.field_count = h->o->fields ? sigma_explain(w->matcher, ev, kept[i], &w->mem, &fields) : 0;
        hit.fields = fields;
        hit_put(&w->hits, &hit);
    }
}

static void do_batch(void *context, size_t index, unsigned number)
{
    hunt *h = context;
    worker *w = &h->workers[number];
    arena mem;
    problems noted;
    evtx_record record;
    uint64_t events = 0;
    arena_init(&mem, 0);
    problems_init(&noted, &mem);
    size_t end = (index + 1) * BATCH < h->log->chunk_count ? (index + 1) * BATCH : h->log->chunk_count;
    for (size_t i = index * BATCH; i < end; i++) {
        if (!evtx_chunk_load(w->chunks, h->log, i, &noted))
            continue;
        while (evtx_next(w->chunks, &record)) {
            event ev;
            const uint32_t *rules;
            if (!event_of(w->view, &record, &ev)) {
                problems_note(&noted, "record.unreadable", record.chunk, record.offset, "record %llu", (unsigned long long)record.id);
                continue;
            }
            events++;
            if (!in_window(h->o, ev.time))
                continue;
            size_t count = sigma_match(w->matcher, &ev, &rules);
            if (count)
                put_hits(h, w, &ev, rules, count);
        }
    }
    pthread_mutex_lock(&h->lock);
    h->counts->events += events;
    for (size_t i = 0; i < noted.count; i++) {
        bool lost = strncmp(noted.items[i].kind, "record.", 7) == 0 || strcmp(noted.items[i].kind, "chunk.unreadable") == 0 || strcmp(noted.items[i].kind, "chunk.torn") == 0;
        h->counts->lost += lost;
        note(h, arena_printf(&mem, "%s at offset %llu: %s", noted.items[i].kind, (unsigned long long)noted.items[i].offset, noted.items[i].text));
    }
    if (w->hits.len)
        sorter_add(&h->sorted, buf_bytes(&w->hits));
    buf_clear(&w->hits);
    progress_add(h->o->progress, (uint64_t)(end - index * BATCH) * EVTX_CHUNK);
    pthread_mutex_unlock(&h->lock);
    arena_done(&mem);
}

static void read_log(hunt *h, const evidence_item *item)
{
    arena mem;
    problems noted;
    evtx log;
    arena_init(&mem, 0);
    problems_init(&noted, &mem);
    h->file = item->path;
    status s = evtx_open(&mem, item->source, &noted, &log);
    if (status_is_ok(s)) {
        h->counts->logs++;
        h->log = &log;
        pool_run(h->o->threads ? h->o->threads : 1, (log.chunk_count + BATCH - 1) / BATCH, do_batch, h);
    } else {
        h->counts->lost++;
        note(h, s.words);
    }
    arena_done(&mem);
}

status hunt_run(const hunt_options *o, void (*each)(void *context, const hunt_hit *h), void *context, hunt_counts *out)
{
    const evidence_options how = {
        .password = o->password, .kinds = EVIDENCE_KIND(EVIDENCE_EVTX) | EVIDENCE_KIND(EVIDENCE_EVTX_CHUNK), .progress = o->progress,
    };
    evidence_walk *walk;
    evidence_item item;
    status s = evidence_open(o->paths, o->path_count, &how, &walk);
    *out = (hunt_counts){ 0 };
    if (!status_is_ok(s))
        return s;
    arena mem;
    arena_init(&mem, 0);
    hunt h = { .o = o, .counts = out };
    unsigned threads = o->threads ? o->threads : 1;
    fields *names = fields_new(&mem);
    sigma_intern(o->rules, names);
    binxml_templates *templates = binxml_templates_new();
    h.workers = arena_array(&mem, threads, sizeof *h.workers);
    for (unsigned i = 0; i < threads; i++) {
        worker *w = &h.workers[i];
        w->chunks = evtx_reader_new(templates);
        w->view = event_view_new(names);
        w->matcher = sigma_matcher_new(o->rules);
        buf_init(&w->hits, BATCH_HITS);
        arena_init(&w->mem, 0);
    }
    sorter_init(&h.sorted, HUNT_BYTES);
    pthread_mutex_init(&h.lock, NULL);
    while (status_is_ok(h.sorted.failed) && evidence_next(walk, &item)) {
        bool is_log = item.type == EVIDENCE_EVTX || item.type == EVIDENCE_EVTX_CHUNK;
        if (!status_is_ok(item.state) && item.state.code != STATUS_UNSUPPORTED) {
            h.file = item.path;
            out->lost++;
            note(&h, item.state.words);
        } else if (is_log && item.source.read) {
            read_log(&h, &item);
        }
        evidence_release(&item);
    }
    s = sorter_give(&h.sorted, each, context, &out->hits, &out->again);
    sorter_done(&h.sorted);
    for (unsigned i = 0; i < threads; i++) {
        worker *w = &h.workers[i];
        evtx_reader_free(w->chunks);
        event_view_free(w->view);
        sigma_matcher_free(w->matcher);
        buf_done(&w->hits);
        arena_done(&w->mem);
    }
    pthread_mutex_destroy(&h.lock);
    binxml_templates_free(templates);
    evidence_close(walk);
    arena_done(&mem);
    return s;
}
