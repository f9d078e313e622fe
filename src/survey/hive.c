#include "survey/hive.h"

#include "base/utf16.h"
#include "base/vec.h"

#include <string.h>
#include <strings.h>

/* Of all hives that are in memory at one time, but for one that is larger by itself. */
#define HIVES_TOGETHER (768ull << 20)

void hive_room_init(hive_room *r)
{
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->changed, NULL);
    r->used = 0;
}

void hive_room_done(hive_room *r)
{
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->changed);
}

/* A worker holds the room of one hive at a time, so whoever waits will have it. */
static void room_take(hive_room *r, uint64_t bytes)
{
    pthread_mutex_lock(&r->lock);
    while (r->used && r->used + bytes > HIVES_TOGETHER)
        pthread_cond_wait(&r->changed, &r->lock);
    r->used += bytes;
    pthread_mutex_unlock(&r->lock);
}

static void room_give(hive_room *r, uint64_t bytes)
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

static status read_open(const detect_run *run, const regf *hive, uint64_t bytes, problems *noted, evidence_file *e, digest *out)
{
    extent x = extent_of(hive, bytes);
    e->records = x.keys;
    e->first = x.first;
    e->last = x.last;
    e->channel = arena_printf(noted->mem, "registry/%s", regf_kind_word(regf_which(hive)));
    detect_artifact *a = detect_artifact_new(run, e->id, e->path, e->channel);
    const detect_sink sink = { .context = out, .act = add_act, .claim = add_claim, .cut = add_cut };
    detect_artifact_hive(a, hive);
    detect_artifact_end(a, &sink);
    return status_ok();
}

status hive_read(const detect_run *run, hive_room *room, const hive_group *g, problems *noted, evidence_file *e, digest *out)
{
    if (g->hive.size > HIVE_MOST)
        return status_fail(STATUS_LIMIT, "a hive of more than %u MiB; not read", HIVE_MOST >> 20);
    uint64_t need = g->hive.size;
    for (size_t i = 0; i < g->log_count; i++)
        need += g->logs[i].size <= HIVE_MOST ? g->logs[i].size + g->hive.size / (i + 1) : 0;     /* replay works on a copy */
    room_take(room, need);

    arena mem;
    buf bytes, logs[HIVE_LOGS];
    span log_spans[HIVE_LOGS];
    size_t log_count = 0;
    arena_init(&mem, 0);
    buf_init(&bytes, (size_t)g->hive.size + 1);
    for (size_t i = 0; i < HIVE_LOGS; i++)
        buf_init(&logs[i], HIVE_MOST);
    status s = status_ok();
    regf *hive = NULL;
    if (!read_whole(&g->hive, &bytes))
        s = status_fail(STATUS_IO, "its bytes cannot be read");
    for (size_t i = 0; status_is_ok(s) && i < g->log_count; i++)
        if (g->logs[i].size <= HIVE_MOST && read_whole(&g->logs[i], &logs[i]))
            log_spans[log_count++] = buf_bytes(&logs[i]);
    if (status_is_ok(s))
        s = regf_open(&mem, buf_bytes(&bytes), log_spans, log_count, noted, &hive);
    if (status_is_ok(s) && regf_about(hive).bins_size == 0)
        s = status_fail(STATUS_DAMAGED, "a hive without anything in it");
    if (status_is_ok(s))
        s = read_open(run, hive, g->hive.size, noted, e, out);
    for (size_t i = 0; i < HIVE_LOGS; i++)
        buf_done(&logs[i]);
    buf_done(&bytes);
    arena_done(&mem);
    room_give(room, need);
    return s;
}

/* ---- What belongs together ---- */

char *hive_of_log(arena *mem, const char *path)
{
    static const char *const endings[] = { ".log", ".log1", ".log2" };
    size_t len = strlen(path);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t end = strlen(endings[i]);
        if (len <= end || strcasecmp(path + len - end, endings[i]) != 0)
            continue;
        char *out = arena_text(mem, span_of(path, len - end));
        utf8_lower_ascii(out);
        return out;
    }
    return NULL;
}

bool hive_is_log(const evidence_item *item)
{
    uint8_t first[512];
    int64_t n = item->source.read ? item->source.read(item->source.context, 0, first, sizeof first) : 0;
    return n > 0 && regf_log_is(span_of(first, (size_t)n));
}

typedef struct { hive_group group; bool given; } waiting;

struct hive_pairs {
    arena mem;
    map of;                              /* lower path of a hive to its place in `all` */
    vec all;                             /* waiting */
    size_t next, held;                   /* groups before `next` were given */
};

hive_pairs *hive_pairs_new(void)
{
    arena mem;
    arena_init(&mem, 0);
    hive_pairs *p = arena_alloc(&mem, sizeof *p);
    p->mem = mem;
    map_init(&p->of);
    vec_init(&p->all, sizeof(waiting));
    return p;
}

void hive_group_release(hive_group *g)
{
    if (g->has_hive)
        evidence_release(&g->hive);
    for (size_t i = 0; i < g->log_count; i++)
        evidence_release(&g->logs[i]);
}

void hive_pairs_free(hive_pairs *p)
{
    for (size_t i = 0; i < p->all.count; i++) {
        waiting *w = vec_at(&p->all, i);
        if (!w->given)
            hive_group_release(&w->group);
    }
    map_done(&p->of);
    vec_done(&p->all);
    arena mem = p->mem;
    arena_done(&mem);
}

static waiting *place_of(hive_pairs *p, const char *key)
{
    bool was;
    uint64_t *at = map_put(&p->of, span_str(key), &was);
    const waiting *before = was ? vec_at(&p->all, *at) : NULL;
    if (!before || before->given) {
        bool late = before && (before->group.has_hive || before->group.late);
        *at = p->all.count;
        waiting *made = vec_push(&p->all);
        made->group.late = late;
    }
    return vec_at(&p->all, *at);
}

static void give(hive_pairs *p, waiting *w, hive_group *out)
{
    *out = w->group;
    w->given = true;
    p->held -= w->group.has_hive + w->group.log_count;
}

/* The two logs that Windows 8.1 and later keep; an older one's single log is waited for to the end. */
static bool is_complete(const hive_group *g)
{
    size_t numbered = 0;
    for (size_t i = 0; i < g->log_count; i++)
        numbered += g->logs[i].path[strlen(g->logs[i].path) - 1] != 'g' && g->logs[i].path[strlen(g->logs[i].path) - 1] != 'G';
    return g->has_hive && numbered >= 2;
}

bool hive_pairs_put(hive_pairs *p, evidence_item *item, hive_group *ready)
{
    char *key = hive_of_log(&p->mem, item->path);
    bool log = key && hive_is_log(item);
    if (!log) {
        key = arena_str(&p->mem, item->path);
        utf8_lower_ascii(key);
    }
    waiting *w = place_of(p, key);
    if (log ? w->group.log_count == HIVE_LOGS : w->group.has_hive) {        /* the same name again: what is there is read as it is */
        give(p, w, ready);
        w = place_of(p, key);
    } else {
        *ready = (hive_group){ .has_hive = false };
    }
    bool gave = ready->has_hive || ready->log_count;
    if (log)
        w->group.logs[w->group.log_count++] = *item;
    else
        w->group.hive = *item;
    w->group.has_hive |= !log;
    p->held++;
    if (gave)
        return true;
    if (is_complete(&w->group)) {
        give(p, w, ready);
        return true;
    }
    return p->held > HIVES_HELD && hive_pairs_next(p, ready);
}

bool hive_pairs_next(hive_pairs *p, hive_group *out)
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
