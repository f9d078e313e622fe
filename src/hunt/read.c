/* Logs over threads: each takes the next file, and helps with the chunks of a large one that another has opened. */
#include "hunt/read.h"

#include "base/pool.h"
#include "event/json_events.h"

#include <pthread.h>
#include <stdlib.h>

enum { BATCH = 8 };

typedef struct { evtx_reader *chunks; event_view *view; } worker;

/* A file, while it is read. */
typedef struct opened {
    evtx log;
    uint64_t file; const char *path;
    size_t next, batches;                /* of what is not taken yet */
    unsigned hands;                      /* that read chunks of it */
    struct opened *other;                /* of those that wait for hands */
} opened;

typedef struct { uint64_t number; const char *path; } file_name;

struct reading {
    const read_options *o;
    evidence_walk *walk;
    worker *workers;
    pthread_mutex_t lock;                /* of all that follows */
    pthread_cond_t change;
    read_counts *counts;
    arena mem;
    vec files;                           /* file_name */
    opened *open;
    size_t next_entry;
    unsigned busy;                       /* workers that may still open a large log */
    bool ended;
};

static void note(reading *h, const char *path, const char *words)
{
    if (h->o->note)
        h->o->note(h->o->note_context, path, words);
}

static bool in_window(const read_options *o, moment t)
{
    return (!moment_known(o->since) || (moment_known(t) && t >= o->since)) && (!moment_known(o->until) || (moment_known(t) && t < o->until));
}

static void hand_in_problems(reading *h, arena *mem, const problems *noted, const char *path)
{
    for (size_t i = 0; i < noted->count; i++) {
        const problem *p = &noted->items[i];
        bool lost = strncmp(p->kind, "record.", 7) == 0 || strcmp(p->kind, "chunk.unreadable") == 0 || strcmp(p->kind, "chunk.torn") == 0;
        h->counts->lost += lost;
        note(h, path, arena_printf(mem, "%s at offset %llu: %s", p->kind, (unsigned long long)p->offset, p->text));
    }
}

static void look_at(reading *h, unsigned number, const event *ev, uint64_t file)
{
    if (in_window(h->o, ev->time))
        h->o->each(h->o->context, number, ev, file);
}

/* Within the lock. */
static void hand_in(reading *h, unsigned number)
{
    if (!h->o->hand_in(h->o->context, number))
        h->ended = true;
}

static void read_batch(reading *h, unsigned number, const opened *s, size_t index)
{
    worker *w = &h->workers[number];
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
            look_at(h, number, &ev, s->file);
        }
    }
    pthread_mutex_lock(&h->lock);
    h->counts->events += events;
    hand_in_problems(h, &mem, &noted, s->path);
    hand_in(h, number);
    pthread_mutex_unlock(&h->lock);
    progress_add(h->o->progress, (uint64_t)(end - index * BATCH) * EVTX_CHUNK);
    arena_done(&mem);
}

/* Within the lock, which is given up meanwhile. */
static void read_batches(reading *h, unsigned number, opened *s)
{
    s->hands++;
    while (s->next < s->batches) {
        size_t index = s->next++;
        pthread_mutex_unlock(&h->lock);
        read_batch(h, number, s, index);
        pthread_mutex_lock(&h->lock);
    }
    if (--s->hands == 0)
        pthread_cond_broadcast(&h->change);
}

static void read_log(reading *h, unsigned number, const evidence_item *item, uint64_t file, const char *path)
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
    read_batches(h, number, &s);
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
static void read_json(reading *h, unsigned number, const evidence_item *item, uint64_t file, const char *path)
{
    arena mem;
    problems noted;
    event ev;
    uint64_t events = 0;
    arena_init(&mem, 0);
    problems_init(&noted, &mem);
    json_events *all = json_events_open(item->source, &noted);
    while (json_events_next(all, h->workers[number].view, &ev)) {
        events++;
        look_at(h, number, &ev, file);
    }
    json_events_close(all);
    pthread_mutex_lock(&h->lock);
    hand_in(h, number);
    h->counts->events += events;
    h->counts->logs += events > 0;
    for (size_t i = 0; i < noted.count && events; i++) {             /* what holds no events at all is some other JSON */
        h->counts->lost++;
        note(h, path, arena_printf(&mem, "%s at offset %llu: %s", noted.items[i].kind, (unsigned long long)noted.items[i].offset, noted.items[i].text));
    }
    pthread_mutex_unlock(&h->lock);
    arena_done(&mem);
}

static void read_item(reading *h, unsigned number, const evidence_item *item, uint64_t file)
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
        read_log(h, number, item, file, path);
    else if (!unreadable)
        read_json(h, number, item, file, path);
}

/* Files are numbered by their entry, and by their place in it. */
static void read_entry(reading *h, unsigned number, size_t entry)
{
    evidence_stream *all = evidence_stream_open(h->walk, entry);
    evidence_item item;
    for (uint64_t file = (uint64_t)entry << 32; evidence_stream_next(all, &item); file++) {
        read_item(h, number, &item, file);
        evidence_release(&item);
    }
    evidence_stream_close(all);
}

static void work(void *context, size_t index, unsigned number)
{
    reading *h = context;
    (void)index;
    pthread_mutex_lock(&h->lock);
    for (;;) {
        opened *s = h->open;
        while (s && s->next == s->batches)
            s = s->other;
        if (s) {
            read_batches(h, number, s);
        } else if (h->next_entry < evidence_count(h->walk) && !h->ended) {
            size_t entry = h->next_entry++;
            h->busy++;
            pthread_mutex_unlock(&h->lock);
            read_entry(h, number, entry);
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

static int by_number(const void *a, const void *b)
{
    const file_name *l = a, *r = b;
    return l->number < r->number ? -1 : l->number > r->number;
}

const char *reading_path(const reading *h, uint64_t file)
{
    const vec *files = &h->files;
    const file_name *found = files->count ? bsearch(&(file_name){ .number = file }, files->at, files->count, sizeof *found, by_number) : NULL;
    return found ? found->path : "";
}

void reading_lock(reading *h) { pthread_mutex_lock(&h->lock); }
void reading_unlock(reading *h) { pthread_mutex_unlock(&h->lock); }

status reading_open(const read_options *o, reading **out)
{
    const evidence_options how = {
        .password = o->password, .kinds = EVIDENCE_KIND(EVIDENCE_EVTX) | EVIDENCE_KIND(EVIDENCE_EVTX_CHUNK) | EVIDENCE_KIND(EVIDENCE_JSONL),
        .progress = o->progress, .without_hash = true,
    };
    evidence_walk *walk;
    status s = evidence_open(o->paths, o->path_count, &how, &walk);
    if (!status_is_ok(s))
        return s;
    arena mem;
    arena_init(&mem, 0);
    reading *h = arena_alloc(&mem, sizeof *h);
    h->o = o;
    h->walk = walk;
    h->mem = mem;
    vec_init(&h->files, sizeof(file_name));
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->change, NULL);
    *out = h;
    return status_ok();
}

void reading_run(reading *h, read_counts *counts)
{
    unsigned threads = h->o->threads ? h->o->threads : 1;
    binxml_templates *templates = binxml_templates_new();
    h->counts = counts;
    *counts = (read_counts){ 0 };
    h->workers = arena_array(&h->mem, threads, sizeof *h->workers);
    for (unsigned i = 0; i < threads; i++)
        h->workers[i] = (worker){ evtx_reader_new(templates), event_view_new(h->o->names) };
    pool_run(threads, threads, work, h);
    for (unsigned i = 0; i < threads; i++) {
        evtx_reader_free(h->workers[i].chunks);
        event_view_free(h->workers[i].view);
    }
    binxml_templates_free(templates);
    vec_sort(&h->files, by_number);
}

void reading_close(reading *h)
{
    evidence_close(h->walk);
    pthread_cond_destroy(&h->change);
    pthread_mutex_destroy(&h->lock);
    vec_done(&h->files);
    arena mem = h->mem;
    arena_done(&mem);
}
