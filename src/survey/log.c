#include "survey/log.h"

#include "base/utf16.h"
#include "base/vec.h"
#include "event/json_events.h"

/* How often records say each name; what a real log says is a handful. */
enum { NAMES_KEPT = 256 };
typedef struct { map index; vec counts; size_t last; } names;
typedef struct { span name; uint64_t count; } name_count;

struct log_reader {
    arena self;
    log_setup setup;
    evtx_reader *chunks;
    event_view *view;
    sigma_matcher *matcher;              /* NULL: no rules */
};

/* One pass over one file. */
typedef struct {
    log_reader *reader;
    const evidence_item *item;
    arena mem;
    detect_pass *detectors;
    rule_pass *rules;                    /* NULL: none */
    problems *noted;
    evidence_file *e;
    names computers, channels;
} log_pass;

log_reader *log_reader_new(const log_setup *setup)
{
    arena self;
    arena_init(&self, 0);
    log_reader *r = arena_alloc(&self, sizeof *r);
    r->self = self;
    r->setup = *setup;
    r->chunks = evtx_reader_new(setup->templates);
    r->view = event_view_new(detect_run_fields(setup->run));
    r->matcher = setup->rules ? rule_matcher(setup->rules) : NULL;
    return r;
}

void log_reader_free(log_reader *r)
{
    if (!r)
        return;
    sigma_matcher_free(r->matcher);
    event_view_free(r->view);
    evtx_reader_free(r->chunks);
    arena self = r->self;
    arena_done(&self);
}

static void names_init(names *n)
{
    map_init(&n->index);
    vec_init(&n->counts, sizeof(name_count));
}

static void names_done(names *n)
{
    map_done(&n->index);
    vec_done(&n->counts);
}

static void names_add(names *n, span name)
{
    if (n->last < n->counts.count) {
        name_count *last = vec_at(&n->counts, n->last);
        if (span_eq(last->name, name)) {
            last->count++;
            return;
        }
    }
    uint64_t *at = map_find(&n->index, name);
    if (!at) {
        if (n->counts.count == NAMES_KEPT)
            return;
        at = map_put(&n->index, name, NULL);
        *at = n->counts.count;
        vec_push(&n->counts);
        for (size_t i = 0; i < n->counts.count; i++)          /* the entries may have moved, their keys have not */
            ((name_count *)vec_at(&n->counts, i))->name = n->index.entries[i].key;
    }
    n->last = (size_t)*at;
    ((name_count *)vec_at(&n->counts, n->last))->count++;
}

/* The one said most often, of those the one whose text sorts first; NULL when there is none. */
static char *names_most(const names *n, arena *mem)
{
    char *best = NULL;
    uint64_t most = 0;
    for (size_t i = 0; i < n->counts.count; i++) {
        const name_count *c = vec_at(&n->counts, i);
        char *text = c->count >= most ? utf16_text(mem, utf16_trim(c->name)) : NULL;
        if (text && *text && (c->count > most || strcmp(text, best) < 0)) {
            best = text;
            most = c->count;
        }
    }
    return best;
}

static void stretch(evidence_file *e, const event *ev)
{
    if (!e->records || ev->record_id < e->first_record)
        e->first_record = ev->record_id;
    if (!e->records || ev->record_id > e->last_record)
        e->last_record = ev->record_id;
    if (moment_known(ev->time) && (!moment_known(e->first) || ev->time < e->first))
        e->first = ev->time;
    if (moment_known(ev->time) && (!moment_known(e->last) || ev->time > e->last))
        e->last = ev->time;
    e->records++;
}

static bool in_window(const log_setup *s, moment t)
{
    return (!moment_known(s->since) || (moment_known(t) && t >= s->since)) && (!moment_known(s->until) || (moment_known(t) && t < s->until));
}

static void see_event(log_pass *p, const event *ev)
{
    if (!in_window(&p->reader->setup, ev->time))
        return;
    if (ev->recovered) {
        p->e->recovered++;
    } else {
        stretch(p->e, ev);
        names_add(&p->computers, ev->computer);
        names_add(&p->channels, ev->channel);
    }
    if (detect_pass_step(p->detectors, ev) && p->rules)
        rule_pass_step(p->rules, ev);
}

static void see(log_pass *p, const evtx_record *record)
{
    event ev;
    if (!event_of(p->reader->view, record, &ev)) {
        binxml_fault fault = event_fault(p->reader->view);
        problems_note(p->noted, "record.unreadable", record->chunk, record->offset, "record %llu: %s", (unsigned long long)record->id,
                      fault.field ? fault.field : "not to be understood");
        return;
    }
    see_event(p, &ev);
}

static void copy_problems(problems *to, const problems *from)
{
    for (size_t i = 0; i < from->count; i++)
        problems_note(to, from->items[i].kind, from->items[i].chunk, from->items[i].offset, "%s", from->items[i].text);
    to->dropped += from->dropped;
}

static void tell_progress(const log_pass *p, uint64_t *told, uint64_t done)
{
    if (done > p->item->size)
        done = p->item->size;
    if (p->item->member || done <= *told)
        return;
    progress_add(p->reader->setup.progress, done - *told);
    *told = done;
}

/* Live records first, all of them; then what lies in slack and in dead chunks, because detectors see a log in its order.
 * `slack` remembers which chunks have remains of records, readable or not: only those are looked at again. */
static bool read_live(log_pass *p, const evtx *log, bool *slack)
{
    evtx_reader *r = p->reader->chunks;
    evtx_record record;
    uint64_t told = 0;
    bool any = false;
    arena mem;
    arena_init(&mem, 0);
    for (size_t i = 0; i < log->chunk_count; i++) {
        problems noted;
        arena_reset(&mem);
        problems_init(&noted, &mem);
        bool loaded = evtx_chunk_load(r, log, i, &noted);
        while (loaded && evtx_next(r, &record))
            see(p, &record);
        copy_problems(p->noted, &noted);
        uint64_t before = noted.count + noted.dropped;
        slack[i] = loaded && (evtx_next_recovered(r, &record) || noted.count + noted.dropped > before);
        any |= slack[i];
        tell_progress(p, &told, (uint64_t)(i + 1) * EVTX_CHUNK);
    }
    tell_progress(p, &told, UINT64_MAX);
    arena_done(&mem);
    return any;
}

/* Remains are many in a log that wraps, and most of them can never be read: they are one problem together. */
typedef struct { uint64_t count; problem first; } unread;

static void count_unread(unread *u, arena *mem, const problems *noted, size_t from)
{
    if (noted->count > from && u->count == 0) {
        u->first = noted->items[from];
        u->first.text = arena_str(mem, u->first.text);
    }
    u->count += noted->count - from + noted->dropped;
}

/* A template that was written over is borrowed from this log's own records, never from another log: so what is recovered of a
 * file does not depend on what else is read. */
static void read_slack(log_pass *p, const evtx *log, const bool *slack)
{
    binxml_templates *own = binxml_templates_new();
    evtx_reader *r = evtx_reader_new(own);
    evtx_meet_templates(r, log);
    binxml_templates_lend(own);
    event_view *shared = p->reader->view;
    p->reader->view = event_view_new(detect_run_fields(p->reader->setup.run));     /* serials of templates are another store's */

    unread remains = { 0 };
    buf whole;
    arena mem;
    arena_init(&mem, 0);
    buf_init(&whole, 4 << 20);
    for (size_t i = 0; i < log->chunk_count; i++) {
        evtx_record record;
        problems noted;
        if (!slack[i])
            continue;
        arena_reset(&mem);
        problems_init(&noted, &mem);
        bool loaded = evtx_chunk_load(r, log, i, &noted);
        while (loaded && evtx_next(r, &record))
            ;
        size_t before = noted.count;
        noted.dropped = 0;
        while (loaded && evtx_next_recovered(r, &record)) {
            /* What cannot be read to its end is not believed at all. */
            binxml_fault why;
            buf_clear(&whole);
            if (binxml_json(&record.xml, &whole, &why))
                see(p, &record);
            else
                problems_note(&noted, "recovered.document", record.chunk, record.offset, "record %llu: %s", (unsigned long long)record.id,
                              why.field ? why.field : "not to be understood");
        }
        count_unread(&remains, &p->mem, &noted, before);
    }
    if (remains.count == 1)
        problems_note(p->noted, remains.first.kind, remains.first.chunk, remains.first.offset, "%s", remains.first.text);
    else if (remains.count)
        problems_note(p->noted, remains.first.kind, remains.first.chunk, remains.first.offset, "%.300s; likewise in %llu more places", remains.first.text,
                      (unsigned long long)remains.count - 1);
    buf_done(&whole);
    arena_done(&mem);
    event_view_free(p->reader->view);
    p->reader->view = shared;
    evtx_reader_free(r);
    binxml_templates_free(own);
}

typedef struct { digest *out; rule_pass *rules; } note_sink;

static void add_act(void *context, const act *a)
{
    const note_sink *to = context;
    digest_add_act(to->out, a);
    if (to->rules)
        rule_pass_noted(to->rules, a);
}

static void add_tally(void *context, const tally *t) { digest_add_tally(((const note_sink *)context)->out, t); }
static void add_block(void *context, const log_block *b) { digest_add_block(((const note_sink *)context)->out, b); }
static void add_claim(void *context, const identity_claim *c) { digest_add_claim(((const note_sink *)context)->out, c); }
static void add_cut(void *context, const log_ref *log, const char *kind, uint64_t dropped) { digest_add_cut(((const note_sink *)context)->out, log, kind, dropped); }

static void end_pass(log_pass *p, digest *out)
{
    note_sink to = { out, p->rules };
    const detect_sink sink = { .context = &to, .act = add_act, .tally = add_tally, .block = add_block, .claim = add_claim, .cut = add_cut };
    detect_pass_end(p->detectors, &sink);
    if (p->rules)
        rule_pass_end(p->rules, out);
    p->e->computer = names_most(&p->computers, p->noted->mem);
    p->e->channel = names_most(&p->channels, p->noted->mem);
    names_done(&p->computers);
    names_done(&p->channels);
    arena_done(&p->mem);
}

status log_read(log_reader *r, const evidence_item *item, problems *noted, evidence_file *e, digest *out)
{
    log_pass p = { .reader = r, .item = item, .noted = noted, .e = e };
    evtx log;
    arena_init(&p.mem, 0);
    status s = evtx_open(&p.mem, item->source, noted, &log);
    if (status_is_ok(s))
        s = evtx_carve(&p.mem, noted, &log);
    if (!status_is_ok(s)) {
        arena_done(&p.mem);
        return s;
    }
    names_init(&p.computers);
    names_init(&p.channels);
    p.detectors = detect_pass_new(r->setup.run, e->id, e->path);
    p.rules = r->matcher ? rule_pass_new(r->setup.rules, r->matcher, e->id, e->path) : NULL;
    bool *slack = arena_array(&p.mem, log.chunk_count + 1, sizeof *slack);
    if (read_live(&p, &log, slack))
        read_slack(&p, &log, slack);
    end_pass(&p, out);
    return s;
}

status log_read_json(log_reader *r, const evidence_item *item, problems *noted, evidence_file *e, digest *out)
{
    log_pass p = { .reader = r, .item = item, .noted = noted, .e = e };
    event ev;
    uint64_t events = 0;
    size_t before = noted->count;
    arena_init(&p.mem, 0);
    names_init(&p.computers);
    names_init(&p.channels);
    p.detectors = detect_pass_new(r->setup.run, e->id, e->path);
    p.rules = r->matcher ? rule_pass_new(r->setup.rules, r->matcher, e->id, e->path) : NULL;
    json_events *all = json_events_open(item->source, noted);
    while (json_events_next(all, r->view, &ev)) {
        see_event(&p, &ev);
        events++;
    }
    uint64_t strange = json_events_strange(all);
    json_events_close(all);
    if (!item->member)
        progress_add(r->setup.progress, item->size);
    end_pass(&p, out);
    if (events == 0) {                                   /* some other JSON: what is wrong with it is nobody's loss */
        noted->count = before;
        return status_fail(STATUS_UNSUPPORTED, "no export of an event log");
    }
    if (strange)
        problems_note(noted, "json.object", PROBLEM_NO_CHUNK, 0, "%llu objects among the events are none", (unsigned long long)strange);
    return status_ok();
}
