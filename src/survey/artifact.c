#include "survey/artifact.h"

#include "base/utf16.h"
#include "base/vec.h"
#include "format/crashdump.h"

#include <string.h>
#include <strings.h>

/* Of all that is in memory at one time, but for one that is larger by itself. */
#define ARTIFACTS_TOGETHER (768ull << 20)

void artifact_room_init(artifact_room *r)
{
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->changed, NULL);
    r->used = 0;
}

void artifact_room_done(artifact_room *r)
{
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->changed);
}

/* A worker holds the room of one artifact at a time, so whoever waits will have it. */
static void room_take(artifact_room *r, uint64_t bytes)
{
    pthread_mutex_lock(&r->lock);
    while (r->used && r->used + bytes > ARTIFACTS_TOGETHER)
        pthread_cond_wait(&r->changed, &r->lock);
    r->used += bytes;
    pthread_mutex_unlock(&r->lock);
}

static void room_give(artifact_room *r, uint64_t bytes)
{
    pthread_mutex_lock(&r->lock);
    r->used -= bytes;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static bool read_whole(const evidence_item *item, buf *into)
{
    if (!item->source.read || !status_is_ok(item->state) || !buf_room(into, (size_t)item->size + 1))
        return false;
    while (into->len < item->size) {
        int64_t n = item->source.read(item->source.context, into->len, into->at + into->len, (size_t)(item->size - into->len));
        if (n < 0)
            return false;
        if (n == 0)
            break;
        into->len += (size_t)n;
    }
    return true;
}

/* How many keys there are, and when the newest was written: which of two copies of a hive is the later one. */
typedef struct { uint64_t left, keys; moment first, last; } extent;

static void stretch(extent *x, const regf_key *key)
{
    x->keys++;
    if (!moment_known(key->written))
        return;
    if (!moment_known(x->first) || key->written < x->first)
        x->first = key->written;
    if (!moment_known(x->last) || key->written > x->last)
        x->last = key->written;
}

/* A key takes at least 80 bytes of its hive: one that has more keys than fit goes round in a circle. */
static extent extent_of(const regf *hive, uint64_t bytes)
{
    extent x = { .left = bytes / 80 + 1, .first = MOMENT_UNKNOWN, .last = MOMENT_UNKNOWN };
    vec open;
    vec_init(&open, sizeof(regf_keys));
    regf_key root = regf_root(hive), key;
    stretch(&x, &root);
    *(regf_keys *)vec_push(&open) = regf_keys_of(hive, &root);
    while (open.count && x.left) {
        if (!regf_keys_next(vec_at(&open, open.count - 1), &key)) {
            open.count--;
            continue;
        }
        x.left--;
        stretch(&x, &key);
        if (open.count < REGF_DEPTH)
            *(regf_keys *)vec_push(&open) = regf_keys_of(hive, &key);
    }
    vec_done(&open);
    return x;
}

static void add_act(void *context, const act *a) { digest_add_act(context, a); }
static void add_claim(void *context, const identity_claim *c) { digest_add_claim(context, c); }
static void add_cut(void *context, const log_ref *log, const char *kind, uint64_t dropped) { digest_add_cut(context, log, kind, dropped); }

static status read_hive(const detect_run *run, span bytes, const span *logs, size_t log_count, problems *noted, evidence_file *e, const detect_sink *sink)
{
    arena mem;
    regf *hive = NULL;
    arena_init(&mem, 0);
    status s = regf_open(&mem, bytes, logs, log_count, noted, &hive);
    if (status_is_ok(s) && regf_about(hive).bins_size == 0)
        s = status_fail(STATUS_DAMAGED, "a hive without anything in it");
    if (status_is_ok(s)) {
        extent x = extent_of(hive, bytes.len);
        e->records = x.keys;
        e->first = x.first;
        e->last = x.last;
        e->channel = arena_printf(noted->mem, "registry/%s", regf_kind_word(regf_which(hive)));
        detect_artifact *a = detect_artifact_new(run, e->id, e->path, e->channel);
        detect_artifact_hive(a, hive);
        detect_artifact_end(a, sink);
    }
    arena_done(&mem);
    return s;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool kind_of(evidence_type type, const char *path, artifact_kind *out)
{
    switch (type) {
    case EVIDENCE_TASK_XML: *out = ARTIFACT_TASK; return true;
    case EVIDENCE_JOB: *out = ARTIFACT_JOB; return true;
    case EVIDENCE_BITS: *out = ARTIFACT_BITS; return true;
    case EVIDENCE_LINK: *out = ARTIFACT_LINK; return true;
    case EVIDENCE_PROGRAM: *out = ARTIFACT_PROGRAM; return true;
    case EVIDENCE_WMI: *out = ARTIFACT_WMI; return true;
    case EVIDENCE_ESE: *out = ARTIFACT_BITS; return strcasecmp(last_part(path), "qmgr.db") == 0;
    case EVIDENCE_TEXT: case EVIDENCE_OTHER: *out = ARTIFACT_FILE; return true;
    default: return false;
    }
}

static bool is_dump(evidence_type type)
{
    return type == EVIDENCE_CRASH_DUMP || type == EVIDENCE_MINIDUMP;
}

bool artifact_has_beside(evidence_type type)
{
    return type == EVIDENCE_REGISTRY || type == EVIDENCE_WMI;
}

bool artifact_wanted(const detect_run *run, evidence_type type, const char *path)
{
    artifact_kind kind;
    return type == EVIDENCE_REGISTRY || is_dump(type) || (kind_of(type, path, &kind) && detect_artifact_wants(run, kind, path));
}

static wmi_files repository(const artifact_group *g, span objects, const span *beside)
{
    wmi_files files = { .objects = objects };
    size_t maps = 0;
    for (size_t i = 0; i < g->beside_count; i++) {
        const char *name = last_part(g->beside[i].path);
        if (strcasecmp(name, "INDEX.BTR") == 0)
            files.index = beside[i];
        else if (strcasecmp(name, "INDEX.MAP") == 0)
            files.index_map = beside[i];
        else if (maps < 3)
            files.maps[maps++] = beside[i];
    }
    return files;
}

static status read_other(const detect_run *run, const artifact_group *g, span bytes, const span *beside, problems *noted, evidence_file *e, const detect_sink *sink)
{
    artifact_kind kind;
    if (!kind_of(g->main.type, g->main.path, &kind))
        return status_fail(STATUS_UNSUPPORTED, "nothing asks for it");
    wmi_files files = repository(g, bytes, beside);
    e->channel = detect_artifact_word(kind);
    detect_artifact *a = detect_artifact_new(run, e->id, e->path, e->channel);
    status s = detect_artifact_file(a, kind, bytes, kind == ARTIFACT_WMI ? &files : NULL, noted);
    detect_artifact_end(a, sink);
    return s;
}

/* Never held: what it is asked for is read from its place. */
static status read_dump(const detect_run *run, const evidence_item *item, problems *noted, evidence_file *e, const detect_sink *sink)
{
    bool program = item->type == EVIDENCE_MINIDUMP;
    const char *type = program ? "program" : crashdump_type_word(crashdump_type_of(item->source));
    e->channel = arena_printf(noted->mem, "crash-dump/%s", type ? type : "unknown");
    detect_artifact *a = detect_artifact_new(run, e->id, e->path, "crash-dump");
    status s = detect_artifact_dump(a, item->source, program, noted);
    detect_artifact_end(a, sink);
    return s;
}

status artifact_read(const detect_run *run, artifact_room *room, const artifact_group *g, problems *noted, evidence_file *e, digest *out)
{
    const detect_sink sink = { .context = out, .act = add_act, .claim = add_claim, .cut = add_cut };
    if (is_dump(g->main.type))
        return read_dump(run, &g->main, noted, e, &sink);
    uint64_t most = artifact_has_beside(g->main.type) ? ARTIFACT_MOST : SMALL_MOST, need = g->main.size;
    if (g->main.size > most)
        return status_fail(STATUS_LIMIT, "more than %llu MiB; not read", (unsigned long long)most >> 20);
    for (size_t i = 0; i < g->beside_count; i++)
        need += g->beside[i].size <= ARTIFACT_MOST ? g->beside[i].size + g->main.size / (i + 1) : 0;     /* replay works on a copy */
    room_take(room, need);

    buf bytes, beside[BESIDE_MOST];
    span spans[BESIDE_MOST];
    status s = status_ok();
    buf_init(&bytes, (size_t)g->main.size + 1);
    if (!read_whole(&g->main, &bytes))
        s = status_fail(STATUS_IO, "its bytes cannot be read");
    for (size_t i = 0; i < g->beside_count; i++) {
        buf_init(&beside[i], ARTIFACT_MOST);
        if (status_is_ok(s) && g->beside[i].size <= ARTIFACT_MOST)
            read_whole(&g->beside[i], &beside[i]);
        spans[i] = buf_bytes(&beside[i]);
    }
    if (status_is_ok(s))
        s = g->main.type == EVIDENCE_REGISTRY ? read_hive(run, buf_bytes(&bytes), spans, g->beside_count, noted, e, &sink)
                                              : read_other(run, g, buf_bytes(&bytes), spans, noted, e, &sink);
    for (size_t i = 0; i < g->beside_count; i++)
        buf_done(&beside[i]);
    buf_done(&bytes);
    room_give(room, need);
    return s;
}

/* ---- What belongs together ---- */

char *artifact_main_of(arena *mem, const char *path)
{
    static const char *const endings[] = { ".log", ".log1", ".log2" };
    static const char *const parts[] = { "INDEX.BTR", "MAPPING1.MAP", "MAPPING2.MAP", "MAPPING3.MAP", "OBJECTS.MAP", "INDEX.MAP" };
    size_t len = strlen(path), folder = (size_t)(last_part(path) - path);
    char *out = NULL;
    for (size_t i = 0; i < sizeof endings / sizeof *endings && !out; i++) {
        size_t end = strlen(endings[i]);
        if (len > end && strcasecmp(path + len - end, endings[i]) == 0)
            out = arena_text(mem, span_of(path, len - end));
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts && !out; i++)
        if (strcasecmp(path + folder, parts[i]) == 0)
            out = arena_printf(mem, "%.*sOBJECTS.DATA", (int)folder, path);
    if (out)
        utf8_lower_ascii(out);
    return out;
}

bool artifact_is_beside(const evidence_item *item)
{
    if (item->type == EVIDENCE_WMI)
        return strcasecmp(last_part(item->path), "OBJECTS.DATA") != 0;
    uint8_t first[512];
    int64_t n = item->source.read ? item->source.read(item->source.context, 0, first, sizeof first) : 0;
    return n > 0 && regf_log_is(span_of(first, (size_t)n));
}

const char *artifact_stray(evidence_type type)
{
    return type == EVIDENCE_WMI ? "a part of a repository without its objects" : "a transaction log without its hive";
}

typedef struct { artifact_group group; bool given; } waiting;

struct artifact_pairs {
    arena mem;
    map of;                              /* lower path of a main file to its place in `all` */
    vec all;                             /* waiting */
    size_t next, held;                   /* groups before `next` were given */
};

artifact_pairs *artifact_pairs_new(void)
{
    arena mem;
    arena_init(&mem, 0);
    artifact_pairs *p = arena_alloc(&mem, sizeof *p);
    p->mem = mem;
    map_init(&p->of);
    vec_init(&p->all, sizeof(waiting));
    return p;
}

void artifact_group_release(artifact_group *g)
{
    if (g->has_main)
        evidence_release(&g->main);
    for (size_t i = 0; i < g->beside_count; i++)
        evidence_release(&g->beside[i]);
}

void artifact_pairs_free(artifact_pairs *p)
{
    for (size_t i = 0; i < p->all.count; i++) {
        waiting *w = vec_at(&p->all, i);
        if (!w->given)
            artifact_group_release(&w->group);
    }
    map_done(&p->of);
    vec_done(&p->all);
    arena mem = p->mem;
    arena_done(&mem);
}

static waiting *place_of(artifact_pairs *p, const char *key)
{
    bool was;
    uint64_t *at = map_put(&p->of, span_str(key), &was);
    const waiting *before = was ? vec_at(&p->all, *at) : NULL;
    if (!before || before->given) {
        bool late = before && (before->group.has_main || before->group.late);
        *at = p->all.count;
        waiting *made = vec_push(&p->all);
        made->group.late = late;
    }
    return vec_at(&p->all, *at);
}

static void give(artifact_pairs *p, waiting *w, artifact_group *out)
{
    *out = w->group;
    w->given = true;
    p->held -= w->group.has_main + w->group.beside_count;
}

/* The two logs that Windows 8.1 and later keep, an older one's single log is waited for to the end; an index with its three maps. */
static bool is_complete(const artifact_group *g)
{
    size_t numbered = 0;
    if (g->has_main && g->main.type == EVIDENCE_WMI)
        return g->beside_count >= 4;
    for (size_t i = 0; i < g->beside_count; i++)
        numbered += g->beside[i].path[strlen(g->beside[i].path) - 1] != 'g' && g->beside[i].path[strlen(g->beside[i].path) - 1] != 'G';
    return g->has_main && numbered >= 2;
}

bool artifact_pairs_put(artifact_pairs *p, evidence_item *item, artifact_group *ready)
{
    char *key = artifact_main_of(&p->mem, item->path);
    bool log = key && artifact_is_beside(item);
    if (!log) {
        key = arena_str(&p->mem, item->path);
        utf8_lower_ascii(key);
    }
    waiting *w = place_of(p, key);
    if (log ? w->group.beside_count == BESIDE_MOST : w->group.has_main) {        /* the same name again: what is there is read as it is */
        give(p, w, ready);
        w = place_of(p, key);
    } else {
        *ready = (artifact_group){ .has_main = false };
    }
    bool gave = ready->has_main || ready->beside_count;
    if (log)
        w->group.beside[w->group.beside_count++] = *item;
    else
        w->group.main = *item;
    w->group.has_main |= !log;
    p->held++;
    if (gave)
        return true;
    if (is_complete(&w->group)) {
        give(p, w, ready);
        return true;
    }
    return p->held > ITEMS_HELD && artifact_pairs_next(p, ready);
}

bool artifact_pairs_next(artifact_pairs *p, artifact_group *out)
{
    for (; p->next < p->all.count; p->next++) {
        waiting *w = vec_at(&p->all, p->next);
        if (w->given)
            continue;
        give(p, w, out);
        return true;
    }
    return false;
}
