/* The engine: which detector sees which record, and one file's pass. Most records are wanted by nobody; they cost a look
 * at one table and the bookkeeping of their block. */
#include "detect/artifact.h"
#include "detect/log.h"

enum { IDS = 1 << 16, LOGS_KEPT = 2048, DETECTORS_MOST = 128 };

typedef struct { uint32_t want; uint16_t detector; uint16_t next; } dispatch;    /* next: in `entries`, 0 ends */

struct detect_run {
    const profile *facts;
    fields *names;
    mask *passwords;
    size_t detector_count;
    void **runs;                         /* one a detector */
    void **artifacts;                    /* one an artifact question */
    const detect_want **wants; size_t want_count;
    vec entries;                         /* dispatch; the first is unused. In the run's arena once it is set up */
    uint16_t by_id[IDS];                 /* first entry of an id, 0: nobody */
    uint16_t any;                        /* first entry of those who want all */
};

struct detect_pass {
    const detect_run *run;
    arena mem, scratch;
    const char *file, *path;
    map index;                           /* computer and channel to log */
    vec logs;                            /* detect_log * */
    detect_log *last;
    span last_computer, last_channel;    /* its UTF-16 names, copied */
    uint64_t too_many;
};

static status add_entry(detect_run *run, uint16_t *head, uint32_t want, uint16_t detector)
{
    if (run->entries.count > UINT16_MAX)
        return status_fail(STATUS_LIMIT, "too many wants of detectors");
    dispatch *made = vec_push(&run->entries);
    *made = (dispatch){ want, detector, 0 };
    uint16_t at = (uint16_t)(run->entries.count - 1);
    while (*head)                        /* behind the others: detectors see a record in the table's order */
        head = &((dispatch *)vec_at(&run->entries, *head))->next;
    *head = at;
    return status_ok();
}

static status add_detector(detect_run *run, arena *mem, uint16_t at)
{
    const detector *d = detectors[at];
    if (d->setup) {
        detect_setup s = { run->names, run->facts, mem };
        status done = d->setup(&s, &run->runs[at]);
        if (!status_is_ok(done))
            return done;
    }
    for (size_t i = 0; i < d->want_count; i++) {
        const detect_want *w = &d->wants[i];
        uint32_t want = (uint32_t)run->want_count++;
        run->wants[want] = w;
        if (w->event_id != DETECT_ANY && w->event_id >= IDS)
            return status_fail(STATUS_BAD_INPUT, "detector %s wants an event id that no event has", d->name);
        status done = add_entry(run, w->event_id == DETECT_ANY ? &run->any : &run->by_id[w->event_id], want, at);
        if (!status_is_ok(done))
            return done;
    }
    return status_ok();
}

status detect_run_new(const profile *facts, arena *mem, detect_run **out)
{
    detect_run *run = arena_alloc(mem, sizeof *run);
    run->facts = facts;
    run->names = fields_new(mem);
    vec_init(&run->entries, sizeof(dispatch));
    vec_push(&run->entries);
    size_t wants = 0;
    for (; detectors[run->detector_count]; run->detector_count++)
        wants += detectors[run->detector_count]->want_count;
    if (run->detector_count > DETECTORS_MOST)
        return status_fail(STATUS_LIMIT, "more than %d detectors", DETECTORS_MOST);
    run->runs = arena_array(mem, run->detector_count + 1, sizeof *run->runs);
    run->wants = arena_array(mem, wants + 1, sizeof *run->wants);

    size_t questions = 0;
    while (artifact_questions[questions])
        questions++;
    run->artifacts = arena_array(mem, questions + 1, sizeof *run->artifacts);

    status done = mask_new(facts, mem, &run->passwords);
    for (size_t i = 0; status_is_ok(done) && i < questions; i++) {
        detect_setup s = { run->names, facts, mem };
        if (artifact_questions[i]->setup)
            done = artifact_questions[i]->setup(&s, &run->artifacts[i]);
    }
    for (size_t i = 0; status_is_ok(done) && i < run->detector_count; i++)
        done = add_detector(run, mem, (uint16_t)i);
    void *entries = arena_array(mem, run->entries.count, sizeof(dispatch));      /* from here on it dies with the run */
    memcpy(entries, run->entries.at, run->entries.count * sizeof(dispatch));
    size_t count = run->entries.count;
    vec_done(&run->entries);
    run->entries = (vec){ .at = entries, .count = count, .room = count, .each = sizeof(dispatch) };
    *out = run;
    return done;
}

const fields *detect_run_fields(const detect_run *run)
{
    return run->names;
}

fields *detect_run_names(detect_run *run)
{
    return run->names;
}

const char *detect_run_masked(const detect_run *run, const char *text, arena *mem)
{
    return mask_passwords(run->passwords, text, mem);
}

const mask *run_passwords(const detect_run *run)
{
    return run->passwords;
}

void *const *run_artifacts(const detect_run *run)
{
    return run->artifacts;
}

detect_pass *detect_pass_new(const detect_run *run, const char *file_id, const char *path)
{
    arena mem;
    arena_init(&mem, 0);
    detect_pass *p = arena_alloc(&mem, sizeof *p);
    p->mem = mem;
    p->run = run;
    p->file = arena_str(&p->mem, file_id);
    p->path = arena_str(&p->mem, path);
    arena_init(&p->scratch, 0);
    map_init(&p->index);
    vec_init(&p->logs, sizeof(detect_log *));
    return p;
}

/* "Security", "MSSQL*": the whole name, or its beginning. */
static bool name_fits(const char *wanted, span name)
{
    size_t len = strlen(wanted);
    if (len == 0 || wanted[len - 1] != '*')
        return utf16_is(name, wanted);
    for (size_t i = 0; i + 1 < len; i++) {
        if (2 * i + 1 >= name.len || name.at[2 * i + 1])
            return false;
        uint8_t c = name.at[2 * i], w = (uint8_t)wanted[i];
        if (c != w && ((c | 32) != (w | 32) || (c | 32) < 'a' || (c | 32) > 'z'))
            return false;
    }
    return true;
}

static detect_log *log_new(detect_pass *p, span computer, span channel)
{
    const detect_run *run = p->run;
    detect_log *log = arena_alloc(&p->mem, sizeof *log);
    log_init(log, &p->mem, &p->scratch, run->passwords);
    log->ref = (log_ref){ p->file, p->path, utf16_text(&p->mem, utf16_trim(computer)), utf16_text(&p->mem, utf16_trim(channel)) };
    log->states = arena_array(&p->mem, run->detector_count + 1, sizeof *log->states);
    log->started = arena_array(&p->mem, run->detector_count + 1, sizeof *log->started);
    log->wanted = arena_array(&p->mem, run->want_count + 1, sizeof *log->wanted);
    for (size_t i = 0; i < run->want_count; i++)
        log->wanted[i] = !run->wants[i]->channel || name_fits(run->wants[i]->channel, utf16_trim(channel));
    return log;
}

/* The log of this computer and channel; NULL when the file names more of them than any real one does. */
static detect_log *log_for(detect_pass *p, const event *ev)
{
    if (p->last && span_eq(p->last_channel, ev->channel) && span_eq(p->last_computer, ev->computer))
        return p->last;
    uint64_t len = ev->computer.len;
    uint8_t *key = arena_alloc(&p->scratch, sizeof len + ev->computer.len + ev->channel.len + 1);
    memcpy(key, &len, sizeof len);
    if (ev->computer.len)
        memcpy(key + sizeof len, ev->computer.at, ev->computer.len);
    if (ev->channel.len)
        memcpy(key + sizeof len + ev->computer.len, ev->channel.at, ev->channel.len);
    span name = span_of(key, sizeof len + ev->computer.len + ev->channel.len);
    uint64_t *at = map_find(&p->index, name);
    if (!at) {
        if (p->logs.count == LOGS_KEPT) {
            p->too_many++;
            return NULL;
        }
        at = map_put(&p->index, name, NULL);
        *at = p->logs.count;
        *(detect_log **)vec_push(&p->logs) = log_new(p, ev->computer, ev->channel);
    }
    const map_entry *entry = &p->index.entries[*at];          /* logs and entries are added together */
    p->last = *(detect_log **)vec_at(&p->logs, (size_t)*at);
    p->last_computer = span_of(entry->key.at + sizeof len, ev->computer.len);
    p->last_channel = span_of(entry->key.at + sizeof len + ev->computer.len, ev->channel.len);
    return p->last;
}

static void start(const detect_run *run, detect_log *log, uint16_t detector)
{
    log->started[detector] = true;
    if (detectors[detector]->start)
        log->states[detector] = detectors[detector]->start(run->runs[detector], log->mem);
}

static void offer(const detect_run *run, detect_log *log, const event *ev, uint16_t first, uint64_t given[DETECTORS_MOST / 64])
{
    for (uint16_t i = first; i; i = ((const dispatch *)vec_at(&run->entries, i))->next) {
        const dispatch *d = vec_at(&run->entries, i);
        uint64_t bit = 1ull << (d->detector % 64);
        if (!log->wanted[d->want] || (given[d->detector / 64] & bit))
            continue;
        const detect_want *w = run->wants[d->want];
        if (w->provider && !name_fits(w->provider, ev->provider) && !name_fits(w->provider, ev->event_source))
            continue;
        given[d->detector / 64] |= bit;
        if (!log->started[d->detector])
            start(run, log, d->detector);
        detectors[d->detector]->step(run->runs[d->detector], log->states[d->detector], ev, log);
        acts_commit(log);
    }
}

bool detect_pass_step(detect_pass *p, const event *ev)
{
    const detect_run *run = p->run;
    detect_log *log = log_for(p, ev);
    if (!log || !log_record(log, ev))
        return false;
    uint16_t first = ev->event_id < IDS ? run->by_id[ev->event_id] : 0;
    if (first || run->any) {
        uint64_t given[DETECTORS_MOST / 64] = { 0 };
        offer(run, log, ev, first, given);
        offer(run, log, ev, run->any, given);
    }
    if (p->scratch.used)
        arena_reset(&p->scratch);
    return true;
}

static void log_end(detect_pass *p, detect_log *log, const detect_sink *sink)
{
    const detect_run *run = p->run;
    for (size_t i = 0; i < run->detector_count; i++) {
        if (log->started[i] && detectors[i]->finish)
            detectors[i]->finish(run->runs[i], log->states[i], log);
        acts_commit(log);
        arena_reset(&p->scratch);
    }
    blocks_give(log, sink);
    claims_give(log, sink);
    tally_give(log, sink);
    acts_give(log, sink);
    for (size_t i = 0; sink->cut && i < log->cuts.count; i++) {
        const log_cut *c = vec_at(&log->cuts, i);
        sink->cut(sink->context, &log->ref, c->kind, c->dropped);
    }
}

void detect_pass_end(detect_pass *p, const detect_sink *sink)
{
    for (size_t i = 0; i < p->logs.count; i++)
        log_end(p, *(detect_log **)vec_at(&p->logs, i), sink);
    if (p->too_many && sink->cut) {
        log_ref nowhere = { p->file, p->path, "", "" };
        sink->cut(sink->context, &nowhere, "log", p->too_many);
    }
    for (size_t i = 0; i < p->logs.count; i++)
        log_done(*(detect_log **)vec_at(&p->logs, i));
    vec_done(&p->logs);
    map_done(&p->index);
    arena_done(&p->scratch);
    arena mem = p->mem;
    arena_done(&mem);
}
