/* The run: units one after the other, their files over threads, and each unit's digest handed out in order.
 *
 * A worker takes the next job: to hash a file, or to read it. A unit's files are read only when all of them are hashed,
 * because the digest's name comes first. Members of an archive come one by one out of the worker that unpacks it; it reads them
 * itself unless somebody has nothing to do. A hive waits there for its transaction logs, and the like, at most to the archive's end. */
#include "survey/survey.h"

#include "base/hash.h"
#include "base/pool.h"
#include "base/utf16.h"
#include "base/vec.h"
#include "survey/artifact.h"
#include "survey/log.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    const char *name;
    size_t first, count;                 /* entries */
    size_t to_hash, to_read;             /* entries, and members that were handed over, that are not done */
    bool ready, kept, done;               /* kept: its digest was there */
    pthread_mutex_t lock;                /* of the digest */
    digest *digest;
} unit;

typedef struct { size_t unit, entry; uint64_t size; bool hash; } job;
typedef struct { size_t unit; evidence_item item; bool is_group; artifact_group group; } handed;

/* A main file that lies as a file, and what lies beside it: entries. */
typedef struct { size_t main, beside[BESIDE_MOST], beside_count; } artifact_files;

typedef struct {
    const survey_options *o;
    const survey_sink *sink;
    survey_counts *counts;
    evidence_walk *walk;
    detect_run *detectors;
    digest_head head;
    log_setup setup;
    vec units, jobs;
    vec mains;                           /* artifact_files */
    map main_of;                         /* unit and lower path of a main file to its place in `mains`, where there are files named as lying beside it */
    artifact_room room;
    pthread_mutex_t lock;                /* of what follows, and of the units' numbers */
    pthread_cond_t changed;
    size_t next_job, next_out;
    handed *waiting;                     /* members to be read by whoever is idle */
    size_t waiting_count, waiting_room;
    unsigned idle, busy;                 /* workers without a job; with one */
    status failed;                       /* of a callback: the rest is not read */
    pthread_mutex_t out_lock, note_lock;
    log_reader **readers;                /* by worker */
} survey;

static void note_problems(survey *s, const char *path, const problem *items, size_t count)
{
    if (!s->o->note || !count)
        return;
    pthread_mutex_lock(&s->note_lock);
    for (size_t i = 0; i < count; i++)
        s->o->note(s->o->note_context, path, &items[i]);
    pthread_mutex_unlock(&s->note_lock);
}

static const char *failure_kind(status_code code)
{
    return code == STATUS_IO || code == STATUS_NOT_FOUND ? "file.io" : code == STATUS_BAD_INPUT ? "file.encrypted" : "file.unreadable";
}

static bool is_log(evidence_type type)
{
    return type == EVIDENCE_EVTX || type == EVIDENCE_EVTX_CHUNK || type == EVIDENCE_JSONL;
}

static const char *why_not_read(evidence_type type)
{
    switch (type) {
    case EVIDENCE_EVTX: case EVIDENCE_EVTX_CHUNK: case EVIDENCE_JSONL: case EVIDENCE_ARCHIVE: case EVIDENCE_REGISTRY: return NULL;
    case EVIDENCE_EMPTY: return "empty";
    case EVIDENCE_TEXT: case EVIDENCE_OTHER: return "not known as evidence";
    case EVIDENCE_PROGRAM: case EVIDENCE_LINK: return "hashed; nothing else of it is asked for";
    default: return "recognised; not read by this version";
    }
}

/* Reads one item into a digest of its own, which then goes into the unit's: so a unit is held only as long as that takes.
 * group: of an artifact, itself and what it is read with; NULL: it is none, or lies beside one (why says what is wrong with that, "": nothing). */
static void read_item(survey *s, unit *u, log_reader *reader, const evidence_item *item, const artifact_group *group, const char *why)
{
    arena mem;
    problems noted;
    arena_init(&mem, 0);
    problems_init(&noted, &mem);
    digest *part = digest_new(&s->head);
    char id[17] = { 0 };
    memcpy(id, item->sha256, 16);
    evidence_file e = {
        .id = id, .path = item->path, .unit = u->name, .sha256 = item->sha256, .bytes = item->size, .kind = evidence_type_word(item->type),
        .first = MOMENT_UNKNOWN, .last = MOMENT_UNKNOWN,
    };
    status state = item->state;
    if (!status_is_ok(item->remark))
        problems_note(&noted, item->remark_kind, PROBLEM_NO_CHUNK, 0, "%s", item->remark.words);
    if (status_is_ok(state) && is_log(item->type))
        state = item->type == EVIDENCE_JSONL ? log_read_json(reader, item, &noted, &e, part) : log_read(reader, item, &noted, &e, part);
    else if (status_is_ok(state) && group)
        state = artifact_read(s->setup.run, &s->room, group, &noted, &e, part);
    e.why = why ? (*why ? why : NULL) : group ? NULL : why_not_read(item->type);
    e.read = !e.why && status_is_ok(state);
    if (!status_is_ok(state))
        e.why = state.words;
    if (!status_is_ok(state) && state.code != STATUS_UNSUPPORTED) {
        problems others = noted;                 /* why it is not read comes first: it must not be the one that is cut off */
        problems_init(&noted, &mem);
        problems_note(&noted, failure_kind(state.code), PROBLEM_NO_CHUNK, 0, "%s", state.words);
        for (size_t i = 0; i < others.count; i++)
            problems_note(&noted, others.items[i].kind, others.items[i].chunk, others.items[i].offset, "%s", others.items[i].text);
        noted.dropped += others.dropped;
    }
    e.problems = noted.items;
    e.problem_count = noted.count;
    e.problems_dropped = noted.dropped;
    digest_add_evidence(part, &e);
    note_problems(s, *u->name ? arena_printf(&mem, "%s/%s", u->name, item->path) : item->path, noted.items, noted.count);

    pthread_mutex_lock(&u->lock);
    digest_merge(u->digest, part);
    pthread_mutex_unlock(&u->lock);
    digest_free(part);
    arena_done(&mem);
}

/* Hands out the digests that are next in order. */
static void give_out(survey *s)
{
    pthread_mutex_lock(&s->out_lock);
    for (;;) {
        pthread_mutex_lock(&s->lock);
        unit *u = s->next_out < s->units.count ? vec_at(&s->units, s->next_out) : NULL;
        bool is_next = u && u->done;
        bool wanted = status_is_ok(s->failed);
        if (is_next)
            s->next_out++;
        pthread_mutex_unlock(&s->lock);
        if (!is_next)
            break;
        s->counts->units++;
        if (wanted) {
            digest_sort(u->digest);
            survey_count(u->digest, s->counts);
            s->counts->kept += u->kept;
            status given = s->sink->each(s->sink->context, u->digest, u->kept);
            pthread_mutex_lock(&s->lock);
            if (!status_is_ok(given))
                s->failed = given;
            pthread_mutex_unlock(&s->lock);
        } else {
            digest_free(u->digest);
        }
        u->digest = NULL;
    }
    pthread_mutex_unlock(&s->out_lock);
}

static void finish_part(survey *s, unit *u)
{
    pthread_mutex_lock(&s->lock);
    bool done = --u->to_read == 0;
    u->done |= done;
    pthread_mutex_unlock(&s->lock);
    if (done)
        give_out(s);
}

/* When all files of a unit are hashed its digest has a name, and may be there already. */
static void make_ready(survey *s, unit *u)
{
    sha256 *sum = sha256_begin();
    for (size_t i = u->first; i < u->first + u->count; i++) {
        const char *path = evidence_entry_at(s->walk, i)->path;
        char hash[65];
        evidence_hash(s->walk, i, hash);
        sha256_add(sum, span_of(path, strlen(path) + 1));
        sha256_add(sum, span_of(hash, strlen(hash) + 1));
    }
    uint8_t hash[32];
    char sources[65], name[65];
    sha256_end(sum, hash);
    hex_of(span_of(hash, sizeof hash), sources);
    digest_head head = s->head;
    head.unit = u->name;
    head.sources = sources;
    digest *d = digest_new(&head);
    digest_name(d, name);

    pthread_mutex_lock(&s->out_lock);
    digest *there = s->sink->have ? s->sink->have(s->sink->context, name) : NULL;
    pthread_mutex_unlock(&s->out_lock);
    if (there)
        digest_free(d);
    pthread_mutex_lock(&s->lock);
    u->digest = there ? there : d;
    u->kept = there != NULL;
    u->ready = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

static void do_hash(survey *s, const job *j)
{
    unit *u = vec_at(&s->units, j->unit);
    char hash[65];
    evidence_hash(s->walk, j->entry, hash);
    progress_add(s->o->progress, j->size);
    pthread_mutex_lock(&s->lock);
    bool last = --u->to_hash == 0;
    pthread_mutex_unlock(&s->lock);
    if (last)
        make_ready(s, u);
}

static void read_group(survey *s, unit *u, log_reader *reader, artifact_group *g)
{
    if (g->has_main)
        read_item(s, u, reader, &g->main, g, NULL);
    for (size_t i = 0; i < g->beside_count; i++)
        read_item(s, u, reader, &g->beside[i], NULL, g->has_main || g->late ? "" : artifact_stray(g->beside[i].type));
    artifact_group_release(g);
}

/* True when somebody else reads these members of an archive. */
static bool hand_over(survey *s, handed h)
{
    pthread_mutex_lock(&s->lock);
    bool can = s->idle > s->waiting_count && s->waiting_count < s->waiting_room;
    if (can) {
        ((unit *)vec_at(&s->units, h.unit))->to_read++;
        s->waiting[s->waiting_count++] = h;
        pthread_cond_broadcast(&s->changed);
    }
    pthread_mutex_unlock(&s->lock);
    return can;
}

static void read_or_hand_over(survey *s, size_t at, log_reader *reader, artifact_group *g)
{
    if (!hand_over(s, (handed){ .unit = at, .is_group = true, .group = *g }))
        read_group(s, vec_at(&s->units, at), reader, g);
}

/* The key of a main file in `main_of`. */
static char *main_key(arena *mem, size_t at, const char *path)
{
    char *key = arena_printf(mem, "%zu/%s", at, path);
    utf8_lower_ascii(key);
    return key;
}

static const artifact_files *files_of(const survey *s, const char *key)
{
    const uint64_t *at = map_find(&s->main_of, span_str(key));
    return at ? vec_at(&s->mains, *at) : NULL;
}

static bool is_of_type(survey *s, size_t entry, evidence_type type)
{
    evidence_item item;
    bool is = false;
    evidence_stream *items = evidence_stream_open(s->walk, entry);
    while (evidence_stream_next(items, &item)) {
        is |= !item.member && item.type == type;
        evidence_release(&item);
    }
    evidence_stream_close(items);
    return is;
}

/* An artifact, or what lies beside one, that lies as a file. The latter is read with the former, and named by its own job. */
static void read_file_with(survey *s, size_t at, log_reader *reader, evidence_item *item)
{
    arena mem;
    arena_init(&mem, 0);
    unit *u = vec_at(&s->units, at);
    const char *of_log = artifact_main_of(&mem, item->path);
    if (of_log && artifact_is_beside(item)) {
        const artifact_files *f = files_of(s, main_key(&mem, at, of_log));
        read_item(s, u, reader, item, NULL, f && f->main != SIZE_MAX && is_of_type(s, f->main, item->type) ? "" : artifact_stray(item->type));
    } else {
        artifact_group g = { .main = *item, .has_main = true };
        const artifact_files *f = files_of(s, main_key(&mem, at, item->path));
        for (size_t i = 0; f && i < f->beside_count; i++) {
            evidence_stream *items = evidence_stream_open(s->walk, f->beside[i]);
            evidence_item log;
            while (evidence_stream_next(items, &log))
                if (log.type == item->type && !log.member && g.beside_count < BESIDE_MOST && artifact_is_beside(&log))
                    g.beside[g.beside_count++] = log;
                else
                    evidence_release(&log);
            evidence_stream_close(items);
        }
        read_item(s, u, reader, item, &g, NULL);
        for (size_t i = 0; i < g.beside_count; i++)
            evidence_release(&g.beside[i]);
    }
    arena_done(&mem);
}

static void do_read(survey *s, const job *j, log_reader *reader)
{
    unit *u = vec_at(&s->units, j->unit);
    pthread_mutex_lock(&s->lock);
    while (!u->ready)
        pthread_cond_wait(&s->changed, &s->lock);
    bool skip = u->kept || !status_is_ok(s->failed);
    pthread_mutex_unlock(&s->lock);

    if (skip) {
        progress_add(s->o->progress, j->size);
    } else {
        evidence_stream *items = evidence_stream_open(s->walk, j->entry);
        evidence_item item;
        artifact_pairs *pairs = artifact_pairs_new();
        artifact_group group;
        while (evidence_stream_next(items, &item)) {
            bool reads_progress = item.member || item.type == EVIDENCE_ARCHIVE || is_log(item.type);
            if (!reads_progress || !status_is_ok(item.state))
                progress_add(s->o->progress, item.member || item.type == EVIDENCE_ARCHIVE ? 0 : item.size);
            if (item.member && is_log(item.type) && hand_over(s, (handed){ .unit = j->unit, .item = item }))
                continue;
            bool artifact = status_is_ok(item.state) && item.source.read && artifact_wanted(s->setup.run, item.type, item.path);
            if (artifact && item.member && artifact_has_beside(item.type)) {
                if (artifact_pairs_put(pairs, &item, &group))
                    read_or_hand_over(s, j->unit, reader, &group);
                continue;
            }
            if (artifact)
                read_file_with(s, j->unit, reader, &item);
            else
                read_item(s, u, reader, &item, NULL, NULL);
            evidence_release(&item);
        }
        evidence_stream_close(items);
        while (artifact_pairs_next(pairs, &group))
            read_or_hand_over(s, j->unit, reader, &group);
        artifact_pairs_free(pairs);
    }
    finish_part(s, u);
}

static void work(void *context, size_t index, unsigned worker)
{
    survey *s = context;
    (void)index;
    log_reader *reader = s->readers[worker];
    pthread_mutex_lock(&s->lock);
    for (;;) {
        if (s->waiting_count) {
            handed h = s->waiting[--s->waiting_count];
            s->busy++;
            pthread_mutex_unlock(&s->lock);
            unit *u = vec_at(&s->units, h.unit);
            if (h.is_group) {
                read_group(s, u, reader, &h.group);
            } else {
                read_item(s, u, reader, &h.item, NULL, NULL);
                evidence_release(&h.item);
            }
            finish_part(s, u);
        } else if (s->next_job < s->jobs.count) {
            const job *j = vec_at(&s->jobs, s->next_job++);
            s->busy++;
            pthread_mutex_unlock(&s->lock);
            if (j->hash)
                do_hash(s, j);
            else
                do_read(s, j, reader);
        } else if (s->busy) {
            s->idle++;
            pthread_cond_wait(&s->changed, &s->lock);
            s->idle--;
            continue;
        } else {
            break;
        }
        pthread_mutex_lock(&s->lock);
        s->busy--;
        pthread_cond_broadcast(&s->changed);
    }
    pthread_mutex_unlock(&s->lock);
}

static int larger_first(const void *a_, const void *b_)
{
    const job *a = a_, *b = b_;
    return (a->size < b->size) - (a->size > b->size);
}

static void add_jobs(survey *s, size_t at)
{
    const unit *u = vec_at(&s->units, at);
    vec jobs;
    vec_init(&jobs, sizeof(job));
    for (size_t i = u->first; i < u->first + u->count; i++)
        *(job *)vec_push(&jobs) = (job){ .unit = at, .entry = i, .size = evidence_entry_at(s->walk, i)->size };
    vec_sort(&jobs, larger_first);
    for (int hash = 1; hash >= 0; hash--)
        for (size_t i = 0; i < jobs.count; i++) {
            job *made = vec_push(&s->jobs);
            *made = *(const job *)vec_at(&jobs, i);
            made->hash = hash;
        }
    vec_done(&jobs);
}

/* Which files are named as what lies beside which. */
static void find_beside(survey *s)
{
    arena mem;
    arena_init(&mem, 0);
    for (size_t at = 0; at < s->units.count; at++) {
        const unit *u = vec_at(&s->units, at);
        for (size_t i = u->first; i < u->first + u->count; i++) {
            const char *of = artifact_main_of(&mem, evidence_entry_at(s->walk, i)->path);
            if (!of)
                continue;
            bool was;
            uint64_t *place = map_put(&s->main_of, span_str(main_key(&mem, at, of)), &was);
            if (!was) {
                *place = s->mains.count;
                ((artifact_files *)vec_push(&s->mains))->main = SIZE_MAX;
            }
            artifact_files *f = vec_at(&s->mains, *place);
            if (f->beside_count < BESIDE_MOST)
                f->beside[f->beside_count++] = i;
        }
        for (size_t i = u->first; s->mains.count && i < u->first + u->count; i++) {
            const uint64_t *place = map_find(&s->main_of, span_str(main_key(&mem, at, evidence_entry_at(s->walk, i)->path)));
            if (place)
                ((artifact_files *)vec_at(&s->mains, *place))->main = i;
        }
        arena_reset(&mem);
    }
    arena_done(&mem);
}

static void plan(survey *s)
{
    vec_init(&s->units, sizeof(unit));
    vec_init(&s->jobs, sizeof(job));
    vec_init(&s->mains, sizeof(artifact_files));
    map_init(&s->main_of);
    const char *at = NULL;
    for (size_t i = 0; i < evidence_count(s->walk); i++) {
        const evidence_entry *e = evidence_entry_at(s->walk, i);
        if (!at || strcmp(at, e->unit_path) != 0) {
            unit *made = vec_push(&s->units);
            *made = (unit){ .name = e->unit, .first = i };
            at = e->unit_path;
        }
        unit *u = vec_at(&s->units, s->units.count - 1);
        u->count++;
        u->to_hash++;
        u->to_read++;
    }
    for (size_t i = 0; i < s->units.count; i++) {
        pthread_mutex_init(&((unit *)vec_at(&s->units, i))->lock, NULL);
        add_jobs(s, i);
    }
    find_beside(s);
}

/* What the lines depend on besides evidence, tool and profiles. That there was a password, not which. */
static const char *option_words(const survey_options *o, arena *mem)
{
    char since[MOMENT_TEXT], until[MOMENT_TEXT];
    return arena_printf(mem, "since=%s until=%s password=%s", moment_iso(o->since, since), moment_iso(o->until, until), o->password ? "yes" : "no");
}

static status run(survey *s, unsigned threads, arena *mem)
{
    s->setup.run = s->detectors;
    s->setup.templates = binxml_templates_new();
    s->setup.since = s->o->since;
    s->setup.until = s->o->until;
    s->setup.progress = s->o->progress;
    s->readers = arena_array(mem, threads, sizeof *s->readers);
    for (unsigned i = 0; i < threads; i++)
        s->readers[i] = log_reader_new(&s->setup);
    s->waiting_room = threads;
    s->waiting = arena_array(mem, threads, sizeof *s->waiting);
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->out_lock, NULL);
    pthread_mutex_init(&s->note_lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    artifact_room_init(&s->room);
    plan(s);
    progress_expect(s->o->progress, evidence_total(s->walk));         /* evidence_open expects the bytes once; they are hashed, too */

    pool_run(threads, threads, work, s);

    for (unsigned i = 0; i < threads; i++)
        log_reader_free(s->readers[i]);
    for (size_t i = 0; i < s->units.count; i++)
        pthread_mutex_destroy(&((unit *)vec_at(&s->units, i))->lock);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->out_lock);
    pthread_mutex_destroy(&s->note_lock);
    pthread_cond_destroy(&s->changed);
    binxml_templates_free(s->setup.templates);
    vec_done(&s->units);
    vec_done(&s->jobs);
    vec_done(&s->mains);
    map_done(&s->main_of);
    artifact_room_done(&s->room);
    return s->failed;
}

static bool is_also_wanted(const void *context, evidence_type type, const char *path)
{
    return artifact_wanted(context, type, path);
}

status survey_run(const survey_options *o, const survey_sink *sink, survey_counts *out)
{
    survey_counts unused = { 0 };
    survey s = { .o = o, .sink = sink, .counts = out ? out : &unused };
    evidence_options how = {
        .password = o->password, .progress = o->progress,
        .kinds = EVIDENCE_KIND(EVIDENCE_EVTX) | EVIDENCE_KIND(EVIDENCE_EVTX_CHUNK) | EVIDENCE_KIND(EVIDENCE_JSONL) | EVIDENCE_KIND(EVIDENCE_REGISTRY),
        .also = is_also_wanted,
    };
    *s.counts = (survey_counts){ 0 };
    arena mem;
    arena_init(&mem, 0);
    status done = detect_run_new(s.o->facts, &mem, &s.detectors);
    how.also_context = s.detectors;
    withheld *names_withheld = NULL;
    if (status_is_ok(done) && o->rules)
        done = withheld_new(s.o->facts, &mem, &names_withheld);
    if (status_is_ok(done) && o->rules)
        s.setup.rules = rule_setup_new(o->rules, s.detectors, names_withheld, &mem);
    if (status_is_ok(done))
        done = evidence_open(o->paths, o->path_count, &how, &s.walk);
    if (!status_is_ok(done)) {
        arena_done(&mem);
        return done;
    }
    s.head = (digest_head){ .unit = "", .tool = SUYUAN_VERSION, .profiles = profile_hash(o->facts), .rules = o->rules ? sigma_hash(o->rules) : "", .options = option_words(o, &mem), .sources = "" };
    done = run(&s, o->threads ? o->threads : 1, &mem);
    arena_done(&mem);
    evidence_close(s.walk);
    return done;
}

/* ---- what digests say ---- */

static void count_kind(survey_counts *counts, const char *kind)
{
    size_t at = 0;
    while (at < counts->named_count && strcmp(counts->named[at].kind, kind) < 0)
        at++;
    if (at == counts->named_count || strcmp(counts->named[at].kind, kind) != 0) {
        if (counts->named_count == SURVEY_KINDS || strlen(kind) >= sizeof counts->named[0].kind)
            return;
        memmove(&counts->named[at + 1], &counts->named[at], (counts->named_count - at) * sizeof counts->named[0]);
        memset(&counts->named[at], 0, sizeof counts->named[0]);
        memcpy(counts->named[at].kind, kind, strlen(kind));
        counts->named_count++;
    }
    counts->named[at].files++;
}

static bool is_artifact(const char *kind)
{
    static const char *const kinds[] = { "registry", "task", "job", "wmi", "bits", "link", "program", "text", "other", "ese", "crash-dump", "minidump" };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i], kind) == 0)
            return true;
    return false;
}

void survey_count(const digest *d, survey_counts *counts)
{
    size_t count;
    const evidence_file *e = digest_evidence(d, &count);
    for (size_t i = 0; i < count; i++, e++) {
        counts->files++;
        bool is_records = strcmp(e->kind, "evtx") == 0 || strcmp(e->kind, "jsonl") == 0;      /* a hive's keys are none */
        counts->logs += e->read && is_records;
        counts->records += is_records ? e->records + e->recovered : 0;
        counts->recovered += is_records ? e->recovered : 0;
        counts->artifacts += e->read && is_artifact(e->kind) && e->channel;
        counts->unreadable += evidence_file_lost(e);
        counts->damaged += evidence_file_damaged(e);
        if (evidence_file_passed(e)) {
            counts->not_read++;
            count_kind(counts, e->kind);
        }
    }
}
