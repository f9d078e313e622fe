#include "survey/log.h"

#include "base/utf16.h"
#include "base/vec.h"

/* How often records say each name; what a real log says is a handful. */
enum { NAMES_KEPT = 256 };
typedef struct { map index; vec counts; size_t last; } names;
typedef struct { span name; uint64_t count; } name_count;

struct log_reader {
    arena self;
    log_setup setup;
    evtx_reader *chunks;
    event_view *view;
};

/* One pass over one file. */
typedef struct {
    log_reader *reader;
    const evidence_item *item;
    arena mem;
    detect_pass *detectors;
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
    return r;
}

void log_reader_free(log_reader *r)
{
    if (!r)
        return;
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

static void see(log_pass *p, const evtx_record *record)
{
    event ev;
    if (!event_of(p->reader->view, record, &ev)) {
        binxml_fault fault = event_fault(p->reader->view);
        problems_note(p->noted, "record.unreadable", record->chunk, record->offset, "record %llu: %s", (unsigned long long)record->id,
                      fault.field ? fault.field : "not to be understood");
        return;
    }
    if (!in_window(&p->reader->setup, ev.time))
        return;
    if (ev.recovered) {
        p->e->recovered++;
    } else {
        stretch(p->e, &ev);
        names_add(&p->computers, ev.computer);
        names_add(&p->channels, ev.channel);
    }
    detect_pass_step(p->detectors, &ev);
}

/* What the second look at a chunk finds and the first did not: the problems of recovering. */
typedef struct { const char *kind; uint64_t chunk, offset; } problem_key;

static bool is_new(map *known, const problem *p)
{
    problem_key key;
    memset(&key, 0, sizeof key);
    key = (problem_key){ p->kind, p->chunk, p->offset };
    bool was_there;
    map_put(known, span_of(&key, sizeof key), &was_there);
    return !was_there;
}

/* Live records first, all of them; then what lies in slack and in dead chunks, because detectors see a log in its order.
 * `slack` remembers which chunks have any, so that only those are read again. */
static void read_live(log_pass *p, const evtx *log, bool *slack)
{
    evtx_reader *r = p->reader->chunks;
    evtx_record record;
    uint64_t told = 0;
    for (size_t i = 0; i < log->chunk_count; i++) {
        bool loaded = evtx_chunk_load(r, log, i, p->noted);
        while (loaded && evtx_next(r, &record))
            see(p, &record);
        slack[i] = loaded && evtx_next_recovered(r, &record);
        if (!p->item->member) {
            uint64_t done = (uint64_t)(i + 1) * EVTX_CHUNK < p->item->size ? (uint64_t)(i + 1) * EVTX_CHUNK : p->item->size;
            if (done > told)
                progress_add(p->reader->setup.progress, done - told);
            told = done > told ? done : told;
        }
    }
    if (!p->item->member && p->item->size > told)
        progress_add(p->reader->setup.progress, p->item->size - told);
}

static void read_slack(log_pass *p, const evtx *log, const bool *slack)
{
    evtx_reader *r = p->reader->chunks;
    evtx_record record;
    map known;
    map_init(&known);
    for (size_t i = 0; i < p->noted->count; i++)
        is_new(&known, &p->noted->items[i]);
    arena mem;
    arena_init(&mem, 0);
    for (size_t i = 0; i < log->chunk_count; i++) {
        problems again;
        if (!slack[i])
            continue;
        arena_reset(&mem);
        problems_init(&again, &mem);
        bool more = evtx_chunk_load(r, log, i, &again);
        while (more && evtx_next(r, &record))
            ;
        while (more && evtx_next_recovered(r, &record))
            see(p, &record);
        for (size_t j = 0; j < again.count && p->noted->count < PROBLEMS_KEPT; j++) {
            const problem *q = &again.items[j];
            if (is_new(&known, q))
                problems_note(p->noted, q->kind, q->chunk, q->offset, "%s", q->text);
        }
    }
    arena_done(&mem);
    map_done(&known);
}

static void add_act(void *context, const act *a) { digest_add_act(context, a); }
static void add_tally(void *context, const tally *t) { digest_add_tally(context, t); }
static void add_block(void *context, const log_block *b) { digest_add_block(context, b); }
static void add_claim(void *context, const identity_claim *c) { digest_add_claim(context, c); }
static void add_cut(void *context, const log_ref *log, const char *kind, uint64_t dropped) { digest_add_cut(context, log, kind, dropped); }

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
    bool *slack = arena_array(&p.mem, log.chunk_count + 1, sizeof *slack);
    read_live(&p, &log, slack);
    read_slack(&p, &log, slack);
    const detect_sink sink = { .context = out, .act = add_act, .tally = add_tally, .block = add_block, .claim = add_claim, .cut = add_cut };
    detect_pass_end(p.detectors, &sink);
    e->computer = names_most(&p.computers, noted->mem);
    e->channel = names_most(&p.channels, noted->mem);
    names_done(&p.computers);
    names_done(&p.channels);
    arena_done(&p.mem);
    return s;
}
