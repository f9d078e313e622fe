/* Logs over threads: each takes the next file, and helps with the chunks of a large one that another has opened. */
#include "hunt/hunt.h"

#include "base/pool.h"
#include "base/utf16.h"
#include "event/json_events.h"
#include "hunt/sorter.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 8, FOUND_MOST = 64 << 20, FOUND_MANY = 8 << 20 };

typedef struct {
    evtx_reader *chunks;
    event_view *view;
    sigma_matcher *matcher;
    buf found;
    found_writer writer;
    arena mem;
    struct { buf units, text; } names[2];    /* host, channel of the last hit: mostly those of the next */
} worker;

/* A file, while it is read. */
typedef struct opened {
    evtx log;
    uint64_t file; const char *path;
    size_t next, batches;                /* of what is not taken yet */
    unsigned hands;                      /* that read chunks of it */
    struct opened *other;                /* of those that wait for hands */
} opened;

typedef struct { uint64_t number; const char *path; } file_name;

typedef struct {
    const hunt_options *o;
    evidence_walk *walk;
    worker *workers;
    pthread_mutex_t lock;                /* of all that follows */
    pthread_cond_t change;
    hunt_counts *counts;
    sorter sorted;
    arena mem;
    vec files;                           /* file_name */
    opened *open;
    size_t next_entry;
    unsigned busy;                       /* workers that may still open a large log */
} hunt;

static void note(hunt *h, const char *path, const char *words)
{
    if (h->o->note)
        h->o->note(h->o->note_context, path, words);
}

static bool in_window(const hunt_options *o, moment t)
{
    return (!moment_known(o->since) || (moment_known(t) && t >= o->since)) && (!moment_known(o->until) || (moment_known(t) && t < o->until));
}

static span name_text(worker *w, size_t which, span units)
{
    buf *known = &w->names[which].units, *text = &w->names[which].text;
    if (!text->len || !span_eq(buf_bytes(known), units)) {
        buf_clear(known);
        buf_clear(text);
        buf_span(known, units);
        utf16_utf8(units, text);
        const uint8_t *nul = text->len ? memchr(text->at, 0, text->len) : NULL;
        text->len = nul ? (size_t)(nul - text->at) : text->len;
        buf_char(text, '\0');
    }
    return buf_bytes(text);
}

static void put_fields(hunt *h, worker *w, const event *ev, const sigma_hit *hits, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < hits[i].field_count && !sigma_hidden(h->o->rules, hits[i].rule); k++) {
            uint32_t number = hits[i].fields[k];
            if (found_field(&w->writer, number) >= 0)
                continue;
            sigma_field_put(w->matcher, ev, number, h->o->values == HUNT_JSON, found_value(&w->writer, number));
            if (!found_value_end(&w->writer))
                return;
        }
}

static void put_found(hunt *h, worker *w, const event *ev, uint64_t file, const sigma_hit *hits, size_t count)
{
    found_event about = {
        .time = ev->time, .record = ev->record_id, .offset = ev->offset, .file = file, .event_id = ev->event_id, .recovered = ev->recovered,
        .host = name_text(w, 0, ev->computer), .channel = name_text(w, 1, ev->channel),
    };
    found_begin(&w->writer, &w->found, &about);
    if (h->o->values != HUNT_NO_VALUES)
        put_fields(h, w, ev, hits, count);
    found_fields_end(&w->writer);
    for (size_t i = 0; i < count; i++) {
        sigma_field *needed = NULL;
        size_t needed_count = 0;
        if (sigma_wanted(h->o->rules, hits[i].rule)) {
            arena_reset(&w->mem);
            needed_count = sigma_needed(w->matcher, ev, hits[i].rule, &w->mem, &needed);
        }
        found_hit(&w->writer, hits[i].rule, hits[i].fields, h->o->values == HUNT_NO_VALUES ? 0 : hits[i].field_count, needed, needed_count);
    }
    found_end(&w->writer);
}

/* Within the lock. */
static void hand_in(hunt *h, worker *w)
{
    if (w->found.len)
        sorter_add(&h->sorted, buf_bytes(&w->found));
    buf_clear(&w->found);
}

static void look_at(hunt *h, worker *w, const event *ev, uint64_t file)
{
    const sigma_hit *hits;
    size_t count = in_window(h->o, ev->time) ? sigma_hits(w->matcher, ev, &hits) : 0;
    if (!count)
        return;
    put_found(h, w, ev, file, hits, count);
    if (w->found.len > FOUND_MANY) {
        pthread_mutex_lock(&h->lock);
        hand_in(h, w);
        pthread_mutex_unlock(&h->lock);
    }
}

static void hand_in_problems(hunt *h, arena *mem, const problems *noted, const char *path)
{
    for (size_t i = 0; i < noted->count; i++) {
        const problem *p = &noted->items[i];
        bool lost = strncmp(p->kind, "record.", 7) == 0 || strcmp(p->kind, "chunk.unreadable") == 0 || strcmp(p->kind, "chunk.torn") == 0;
        h->counts->lost += lost;
        note(h, path, arena_printf(mem, "%s at offset %llu: %s", p->kind, (unsigned long long)p->offset, p->text));
    }
}

static void read_batch(hunt *h, worker *w, const opened *s, size_t index)
{
    arena mem;
    problems noted;
    evtx_record record;
    uint64_t events = 0;
    arena_init(&mem, 0);
    problems_init(&noted, &mem);
    size_t end = (index + 1) * BATCH < s->log.chunk_count ? (index + 1) * BATCH : s->log.chunk_count;
    for (size_t i = index * BATCH; i < end; i++) {
        if (!evtx_chunk_load(w->chunks, &s->log, i, &noted))
            continue;
        while (evtx_next(w->chunks, &record)) {
            event ev;
            if (!event_of(w->view, &record, &ev)) {
                problems_note(&noted, "record.unreadable", record.chunk, record.offset, "record %llu", (unsigned long long)record.id);
                continue;
            }
            events++;
            look_at(h, w, &ev, s->file);
        }
    }
    pthread_mutex_lock(&h->lock);
    h->counts->events += events;
    hand_in_problems(h, &mem, &noted, s->path);
    hand_in(h, w);
    pthread_mutex_unlock(&h->lock);
    progress_add(h->o->progress, (uint64_t)(end - index * BATCH) * EVTX_CHUNK);
    arena_done(&mem);
}

/* Within the lock, which is given up meanwhile. */
static void read_batches(hunt *h, worker *w, opened *s)
{
    s->hands++;
    while (s->next < s->batches) {
        size_t index = s->next++;
        pthread_mutex_unlock(&h->lock);
        read_batch(h, w, s, index);
        pthread_mutex_lock(&h->lock);
    }
    if (--s->hands == 0)
        pthread_cond_broadcast(&h->change);
}

static void read_log(hunt *h, worker *w, const evidence_item *item, uint64_t file, const char *path)
{
    arena mem;
    problems noted;
    opened s = { .file = file, .path = path };
    arena_init(&mem, 0);
    problems_init(&noted, &mem);
    status done = evtx_open(&mem, item->source, &noted, &s.log);
    s.batches = status_is_ok(done) ? (s.log.chunk_count + BATCH - 1) / BATCH : 0;
    pthread_mutex_lock(&h->lock);
    h->counts->logs += status_is_ok(done);
    h->counts->lost += !status_is_ok(done);
    if (!status_is_ok(done))
        note(h, path, done.words);
    if (s.batches > 1) {
        s.other = h->open;
        h->open = &s;
        pthread_cond_broadcast(&h->change);
    }
    read_batches(h, w, &s);
    for (opened **at = &h->open; *at; at = &(*at)->other)
        if (*at == &s) {
            *at = s.other;
            break;
        }
    while (s.hands)
        pthread_cond_wait(&h->change, &h->lock);
    pthread_mutex_unlock(&h->lock);
    arena_done(&mem);
}

/* An export in JSON: its events come out of one stream. */
static void read_json(hunt *h, worker *w, const evidence_item *item, uint64_t file, const char *path)
{
    arena mem;
    problems noted;
    event ev;
    uint64_t events = 0;
    arena_init(&mem, 0);
    problems_init(&noted, &mem);
    json_events *all = json_events_open(item->source, &noted);
    while (json_events_next(all, w->view, &ev)) {
        events++;
        look_at(h, w, &ev, file);
    }
    json_events_close(all);
    pthread_mutex_lock(&h->lock);
    hand_in(h, w);
    h->counts->events += events;
    h->counts->logs += events > 0;
    for (size_t i = 0; i < noted.count && events; i++) {             /* what holds no events at all is some other JSON */
        h->counts->lost++;
        note(h, path, arena_printf(&mem, "%s at offset %llu: %s", noted.items[i].kind, (unsigned long long)noted.items[i].offset, noted.items[i].text));
    }
    pthread_mutex_unlock(&h->lock);
    arena_done(&mem);
}

static void read_item(hunt *h, worker *w, const evidence_item *item, uint64_t file)
{
    bool is_log = item->type == EVIDENCE_EVTX || item->type == EVIDENCE_EVTX_CHUNK;
    bool unreadable = !status_is_ok(item->state) && item->state.code != STATUS_UNSUPPORTED;
    if (!unreadable && !(item->source.read && (is_log || item->type == EVIDENCE_JSONL)))
        return;
    pthread_mutex_lock(&h->lock);
    const char *path = *item->unit ? arena_printf(&h->mem, "%s/%s", item->unit, item->path) : arena_str(&h->mem, item->path);
    *(file_name *)vec_push(&h->files) = (file_name){ file, path };
    if (unreadable) {
        h->counts->lost++;
        note(h, path, item->state.words);
    }
    pthread_mutex_unlock(&h->lock);
    if (!unreadable && is_log)
        read_log(h, w, item, file, path);
    else if (!unreadable)
        read_json(h, w, item, file, path);
}

/* Files are numbered by their entry, and by their place in it. */
static void read_entry(hunt *h, worker *w, size_t entry)
{
    evidence_stream *all = evidence_stream_open(h->walk, entry);
    evidence_item item;
    for (uint64_t file = (uint64_t)entry << 32; evidence_stream_next(all, &item); file++) {
        read_item(h, w, &item, file);
        evidence_release(&item);
    }
    evidence_stream_close(all);
}

static void work(void *context, size_t index, unsigned number)
{
    hunt *h = context;
    worker *w = &h->workers[number];
    (void)index;
    pthread_mutex_lock(&h->lock);
    for (;;) {
        opened *s = h->open;
        while (s && s->next == s->batches)
            s = s->other;
        if (s) {
            read_batches(h, w, s);
        } else if (h->next_entry < evidence_count(h->walk) && status_is_ok(h->sorted.failed)) {
            size_t entry = h->next_entry++;
            h->busy++;
            pthread_mutex_unlock(&h->lock);
            read_entry(h, w, entry);
            pthread_mutex_lock(&h->lock);
            h->busy--;
            pthread_cond_broadcast(&h->change);
        } else if (h->busy) {
            pthread_cond_wait(&h->change, &h->lock);
        } else {
            break;
        }
    }
    pthread_mutex_unlock(&h->lock);
}

/* ---- hits in order ---- */

/* Given to correlations, and on. */
typedef struct {
    hunt *of;
    sigma_correlator *correlator;
    void (*each)(void *, const hunt_hit *);
    void *context;
    found_reader reader;
    vec shown, needed, told;             /* hunt_field, sigma_field; rules that were told of this record */
    buf text;
    bool again;                          /* the hit told last was of this event */
    uint64_t file; const char *path;
    uint64_t given, known;
} outlet;

static int by_number(const void *a, const void *b)
{
    const file_name *l = a, *r = b;
    return l->number < r->number ? -1 : l->number > r->number;
}

static const char *path_of(outlet *to, uint64_t file)
{
    if (to->path && to->file == file)
        return to->path;
    const vec *files = &to->of->files;
    const file_name *found = bsearch(&(file_name){ .number = file }, files->at, files->count, sizeof *found, by_number);
    to->file = file;
    return to->path = found ? found->path : "";
}

static span shown_text(outlet *to, const char *text)
{
    size_t from = to->text.len;
    if (to->of->o->values == HUNT_JSON)
        utf8_json(span_str(text), &to->text);
    else
        buf_str(&to->text, text);
    return (span){ NULL, to->text.len - from };              /* its place is known when all are put */
}

static void give_correlated(void *context, const sigma_correlated *c)
{
    outlet *to = context;
    hunt_hit hit = *(const hunt_hit *)c->event;
    hunt_field fields[32];
    char count[24], first[MOMENT_TEXT];
    size_t n = 0, at = 0;
    if (sigma_hidden(to->of->o->rules, c->rule))
        return;
    snprintf(count, sizeof count, "%llu", (unsigned long long)c->count);
    moment_iso(c->first, first);
    buf_clear(&to->text);
    for (; n < c->field_count && n < 28; n++)
        fields[n] = (hunt_field){ HUNT_NO_FIELD, c->fields[n].name, shown_text(to, c->fields[n].value) };
    fields[n++] = (hunt_field){ HUNT_NO_FIELD, "count", shown_text(to, count) };
    fields[n++] = (hunt_field){ HUNT_NO_FIELD, "first", shown_text(to, first) };
    for (size_t i = 0; i < n; i++) {
        fields[i].value.at = to->text.at + at;
        at += fields[i].value.len;
    }
    hit.rule = c->rule;
    hit.again = false;
    hit.fields = fields;
    hit.field_count = to->of->o->values == HUNT_NO_VALUES ? 0 : n;
    to->given++;
    to->again = false;
    to->each(to->context, &hit);
}

static bool was_told(outlet *to, uint32_t rule)
{
    for (size_t i = 0; i < to->told.count; i++)
        if (*(uint32_t *)vec_at(&to->told, i) == rule)
            return true;
    *(uint32_t *)vec_push(&to->told) = rule;
    return false;
}

static void give_found(void *context, span found, bool again)
{
    outlet *to = context;
    const sigma_rules *rules = to->of->o->rules;
    found_reader *r = &to->reader;
    found_rule one;
    found_read(r, found);
    if (!again)
        to->told.count = 0;
    to->again = false;
    hunt_hit hit = {
        .time = r->event.time, .event_id = r->event.event_id, .record = r->event.record, .offset = r->event.offset, .recovered = r->event.recovered,
        .host = (const char *)r->event.host.at, .channel = (const char *)r->event.channel.at, .file = path_of(to, r->event.file),
    };
    while (found_next(r, &one, &to->needed)) {
        if (was_told(to, one.rule)) {
            to->known++;
            continue;
        }
        to->shown.count = 0;
        for (uint32_t i = 0; i < one.field_count; i++) {
            const found_shown *f = vec_at(&r->fields, le16(one.fields + 2 * (size_t)i));
            *(hunt_field *)vec_push(&to->shown) = (hunt_field){ f->number, sigma_field_name(rules, f->number), f->value };
        }
        hit.rule = one.rule;
        hit.again = to->again;
        hit.fields = to->shown.at;
        hit.field_count = to->shown.count;
        if (!sigma_hidden(rules, one.rule)) {
            to->given++;
            to->again = true;
            to->each(to->context, &hit);
        }
        if (sigma_wanted(rules, one.rule))
            sigma_correlate(to->correlator, one.rule, hit.time, to->needed.at, to->needed.count, &hit);
    }
}

static status give_all(hunt *h, void (*each)(void *, const hunt_hit *), void *context)
{
    outlet to = { .of = h, .each = each, .context = context };
    vec_sort(&h->files, by_number);
    vec_init(&to.reader.fields, sizeof(found_shown));
    vec_init(&to.shown, sizeof(hunt_field));
    vec_init(&to.needed, sizeof(sigma_field));
    vec_init(&to.told, sizeof(uint32_t));
    buf_init(&to.text, 64 << 20);
    to.correlator = sigma_correlator_new(h->o->rules, give_correlated, &to);
    status s = sorter_give(&h->sorted, give_found, &to);
    h->counts->hits = to.given;
    h->counts->again = to.known;
    h->counts->cut = sigma_correlator_free(to.correlator);
    vec_done(&to.reader.fields);
    vec_done(&to.shown);
    vec_done(&to.needed);
    vec_done(&to.told);
    buf_done(&to.text);
    return s;
}

static void begin_workers(hunt *h, unsigned threads, const fields *names, binxml_templates *templates)
{
    h->workers = arena_array(&h->mem, threads, sizeof *h->workers);
    for (unsigned i = 0; i < threads; i++) {
        worker *w = &h->workers[i];
        w->chunks = evtx_reader_new(templates);
        w->view = event_view_new(names);
        w->matcher = sigma_matcher_new(h->o->rules);
        buf_init(&w->found, FOUND_MOST);
        vec_init(&w->writer.numbers, sizeof(uint32_t));
        for (size_t n = 0; n < 2; n++) {
            buf_init(&w->names[n].units, 1 << 20);
            buf_init(&w->names[n].text, 4 << 20);
        }
        arena_init(&w->mem, 0);
    }
}

static void end_workers(hunt *h, unsigned threads)
{
    for (unsigned i = 0; i < threads; i++) {
        worker *w = &h->workers[i];
        evtx_reader_free(w->chunks);
        event_view_free(w->view);
        sigma_matcher_free(w->matcher);
        buf_done(&w->found);
        vec_done(&w->writer.numbers);
        for (size_t n = 0; n < 2; n++) {
            buf_done(&w->names[n].units);
            buf_done(&w->names[n].text);
        }
        arena_done(&w->mem);
    }
}

status hunt_run(const hunt_options *o, void (*each)(void *context, const hunt_hit *h), void *context, hunt_counts *out)
{
    const evidence_options how = {
        .password = o->password, .kinds = EVIDENCE_KIND(EVIDENCE_EVTX) | EVIDENCE_KIND(EVIDENCE_EVTX_CHUNK) | EVIDENCE_KIND(EVIDENCE_JSONL),
        .progress = o->progress, .without_hash = true,
    };
    hunt h = { .o = o, .counts = out };
    *out = (hunt_counts){ 0 };
    status s = evidence_open(o->paths, o->path_count, &how, &h.walk);
    if (!status_is_ok(s))
        return s;
    arena_init(&h.mem, 0);
    vec_init(&h.files, sizeof(file_name));
    unsigned threads = o->threads ? o->threads : 1;
    fields *names = fields_new(&h.mem);
    sigma_intern(o->rules, names);
    binxml_templates *templates = binxml_templates_new();
    begin_workers(&h, threads, names, templates);
    sorter_init(&h.sorted, HUNT_BYTES);
    pthread_mutex_init(&h.lock, NULL);
    pthread_cond_init(&h.change, NULL);
    pool_run(threads, threads, work, &h);
    end_workers(&h, threads);
    s = give_all(&h, each, context);
    sorter_done(&h.sorted);
    pthread_cond_destroy(&h.change);
    pthread_mutex_destroy(&h.lock);
    binxml_templates_free(templates);
    vec_done(&h.files);
    evidence_close(h.walk);
    arena_done(&h.mem);
    return s;
}
