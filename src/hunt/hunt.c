/* Logs one after the other, their chunks over threads. */
#include "hunt/hunt.h"

#include "base/pool.h"
#include "event/json_events.h"
#include "hunt/sorter.h"

#include <pthread.h>
#include <stdio.h>

enum { BATCH = 8, BATCH_HITS = 64 << 20 };

typedef struct {
    evtx_reader *chunks;
    event_view *view;
    sigma_matcher *matcher;
    buf hits;
    arena mem;
    struct { buf units, text; } names[3];    /* host, channel, provider of the last hit: mostly those of the next */
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

/* What correlations ask for goes with the hit, and is taken off before it is told. */
enum { NEEDED = '\x01' };

static void add_needed(worker *w, const event *ev, hunt_hit *hit)
{
    sigma_field *needed;
    size_t count = sigma_needed(w->matcher, ev, hit->rule, &w->mem, &needed);
    sigma_field *all = arena_array(&w->mem, hit->field_count + count + 1, sizeof *all);
    if (hit->field_count)
        memcpy(all, hit->fields, hit->field_count * sizeof *all);
    for (size_t i = 0; i < count; i++)
        all[hit->field_count + i] = (sigma_field){ arena_printf(&w->mem, "%c%s", NEEDED, needed[i].name), needed[i].value };
    hit->fields = all;
    hit->field_count += count;
}

static const char *name_text(worker *w, size_t which, span units)
{
    buf *known = &w->names[which].units, *text = &w->names[which].text;
    if (!text->len || !span_eq(buf_bytes(known), units)) {
        buf_clear(known);
        buf_clear(text);
        buf_span(known, units);
        utf16_utf8(units, text);
        buf_char(text, '\0');
    }
    return (const char *)text->at;
}

static void put_hits(hunt *h, worker *w, const event *ev, const uint32_t *rules, size_t count)
{
    arena_reset(&w->mem);
    uint32_t *kept = arena_array(&w->mem, count, sizeof *kept);
    memcpy(kept, rules, count * sizeof *kept);
    hunt_hit hit = {
        .time = ev->time, .event_id = ev->event_id, .record = ev->record_id, .offset = ev->offset, .recovered = ev->recovered,
        .host = name_text(w, 0, ev->computer), .channel = name_text(w, 1, ev->channel), .provider = name_text(w, 2, ev->provider), .file = h->file,
    };
    if (h->o->fields)
        sigma_look(w->matcher, ev);
    for (size_t i = 0; i < count; i++) {
        sigma_field *fields = NULL;
        hit.rule = kept[i];
        hit.field_count = h->o->fields && !sigma_hidden(h->o->rules, kept[i]) ? sigma_explain(w->matcher, ev, kept[i], &w->mem, &fields) : 0;
        hit.fields = fields;
        if (sigma_wanted(h->o->rules, kept[i]))
            add_needed(w, ev, &hit);
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

/* Hits as they come out of sorting: given to correlations, and on. */
typedef struct { const hunt_options *o; sigma_correlator *correlator; void (*each)(void *, const hunt_hit *); void *context; uint64_t given; } outlet;

static void give_correlated(void *context, const sigma_correlated *c)
{
    outlet *to = context;
    const hunt_hit *last = c->event;
    hunt_hit hit = *last;
    sigma_field fields[32];
    char count[24], first[MOMENT_TEXT];
    size_t n = 0;
    for (; n < c->field_count && n < 28; n++)
        fields[n] = c->fields[n];
    snprintf(count, sizeof count, "%llu", (unsigned long long)c->count);
    moment_iso(c->first, first);
    fields[n++] = (sigma_field){ "count", count };
    fields[n++] = (sigma_field){ "first", first };
    hit.rule = c->rule;
    hit.fields = to->o->fields ? fields : NULL;
    hit.field_count = to->o->fields ? n : 0;
    if (sigma_hidden(to->o->rules, c->rule))
        return;
    to->given++;
    to->each(to->context, &hit);
}

static void give_hit(void *context, const hunt_hit *h)
{
    outlet *to = context;
    hunt_hit shown = *h;
    sigma_field needed[64];
    size_t count = 0;
    while (shown.field_count && shown.fields[shown.field_count - 1].name[0] == NEEDED) {
        const sigma_field *f = &shown.fields[--shown.field_count];
        if (count < sizeof needed / sizeof *needed)
            needed[count++] = (sigma_field){ f->name + 1, f->value };
    }
    if (!sigma_hidden(to->o->rules, h->rule)) {
        to->given++;
        to->each(to->context, &shown);
    }
    if (sigma_wanted(to->o->rules, h->rule))
        sigma_correlate(to->correlator, h->rule, h->time, needed, count, &shown);
}

/* An export in JSON: one thread, for its events come out of one stream. */
static void read_json(hunt *h, const evidence_item *item)
{
    worker *w = &h->workers[0];
    arena mem;
    problems noted;
    event ev;
    uint64_t events = 0;
    arena_init(&mem, 0);
    problems_init(&noted, &mem);
    json_events *all = json_events_open(item->source, &noted);
    while (status_is_ok(h->sorted.failed) && json_events_next(all, w->view, &ev)) {
        const uint32_t *rules;
        events++;
        size_t count = in_window(h->o, ev.time) ? sigma_match(w->matcher, &ev, &rules) : 0;
        if (count)
            put_hits(h, w, &ev, rules, count);
        if (w->hits.len > 1 << 20) {
            sorter_add(&h->sorted, buf_bytes(&w->hits));
            buf_clear(&w->hits);
        }
    }
    json_events_close(all);
    if (w->hits.len)
        sorter_add(&h->sorted, buf_bytes(&w->hits));
    buf_clear(&w->hits);
    h->counts->events += events;
    h->counts->logs += events > 0;
    for (size_t i = 0; i < noted.count && events; i++) {             /* what holds no events at all is some other JSON */
        h->counts->lost++;
        note(h, arena_printf(&mem, "%s at offset %llu: %s", noted.items[i].kind, (unsigned long long)noted.items[i].offset, noted.items[i].text));
    }
    arena_done(&mem);
}

status hunt_run(const hunt_options *o, void (*each)(void *context, const hunt_hit *h), void *context, hunt_counts *out)
{
    const evidence_options how = {
        .password = o->password, .kinds = EVIDENCE_KIND(EVIDENCE_EVTX) | EVIDENCE_KIND(EVIDENCE_EVTX_CHUNK) | EVIDENCE_KIND(EVIDENCE_JSONL), .progress = o->progress,
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
        for (size_t n = 0; n < 3; n++) {
            buf_init(&w->names[n].units, 1 << 20);
            buf_init(&w->names[n].text, 4 << 20);
        }
        arena_init(&w->mem, 0);
    }
    sorter_init(&h.sorted, HUNT_BYTES);
    pthread_mutex_init(&h.lock, NULL);
    while (status_is_ok(h.sorted.failed) && evidence_next(walk, &item)) {
        bool is_log = item.type == EVIDENCE_EVTX || item.type == EVIDENCE_EVTX_CHUNK;
        if (*item.unit)
            item.path = arena_printf(&mem, "%s/%s", item.unit, item.path);
        if (!status_is_ok(item.state) && item.state.code != STATUS_UNSUPPORTED) {
            h.file = item.path;
            out->lost++;
            note(&h, item.state.words);
        } else if (is_log && item.source.read) {
            read_log(&h, &item);
        } else if (item.type == EVIDENCE_JSONL && item.source.read) {
            h.file = item.path;
            read_json(&h, &item);
        }
        evidence_release(&item);
    }
    outlet to = { .o = o, .each = each, .context = context };
    to.correlator = sigma_correlator_new(o->rules, give_correlated, &to);
    s = sorter_give(&h.sorted, give_hit, &to, &out->hits, &out->again);
    out->hits = to.given;
    out->cut = sigma_correlator_free(to.correlator);
    sorter_done(&h.sorted);
    for (unsigned i = 0; i < threads; i++) {
        worker *w = &h.workers[i];
        evtx_reader_free(w->chunks);
        event_view_free(w->view);
        sigma_matcher_free(w->matcher);
        buf_done(&w->hits);
        for (size_t n = 0; n < 3; n++) {
            buf_done(&w->names[n].units);
            buf_done(&w->names[n].text);
        }
        arena_done(&w->mem);
    }
    pthread_mutex_destroy(&h.lock);
    binxml_templates_free(templates);
    evidence_close(walk);
    arena_done(&mem);
    return s;
}
