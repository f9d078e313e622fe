/* What do the digests bring? All lines of all of them, each once, in an order that content alone decides. */
#include "incident/internal.h"

#include <stdlib.h>

static int texts(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

static int numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_facts(const fact *a, size_t a_count, const fact *b, size_t b_count)
{
    for (size_t i = 0; i < a_count && i < b_count; i++) {
        int order = texts(a[i].name, b[i].name);
        if (order == 0)
            order = texts(a[i].value, b[i].value);
        if (order)
            return order;
    }
    return numbers(a_count, b_count);
}

/* The path does not count: the same bytes under two paths are one log. But of an artifact it does: whose profile a hive is,
 * and which host's, says the place where it lies. */
static int compare_logs(const log_ref *a, const log_ref *b)
{
    int order = texts(a->file, b->file);
    if (order == 0)
        order = texts(a->computer, b->computer);
    if (order == 0)
        order = texts(a->channel, b->channel);
    return order || !log_is_artifact(a) ? order : texts(a->path, b->path);
}

/* In a total order, here and below: digests may tell unequal things of the same file, and which is believed must not depend on
 * the order they came in. */
static int compare_evidence(const void *a, const void *b)
{
    return evidence_file_compare(*(const evidence_file *const *)a, *(const evidence_file *const *)b);
}

/* Acts that are one act: the same record in two copies of a log. Of artifacts each tells its own. */
static int compare_act_keys(const act *l, const act *r)
{
    int order = texts(l->log->computer, r->log->computer);
    if (order == 0)
        order = texts(l->log->channel, r->log->channel);
    bool artifact = order == 0 && log_is_artifact(l->log);
    if (artifact)
        order = compare_logs(l->log, r->log);
    if (order == 0)
        order = numbers(l->record, r->record);
    if (order == 0)
        order = numbers(l->time, r->time);
    if (order == 0)
        order = texts(l->kind, r->kind);
    return order || !artifact ? order : compare_facts(l->facts, l->fact_count, r->facts, r->fact_count);
}

/* Of one act the telling comes first that says most: a fuller copy lets a detector know more of what went before. */
static int compare_acts(const void *a, const void *b)
{
    const act *l = *(const act *const *)a, *r = *(const act *const *)b;
    int order = compare_act_keys(l, r);
    if (order == 0)
        order = numbers(r->fact_count, l->fact_count);
    if (order == 0)
        order = numbers(l->recovered, r->recovered);
    if (order == 0)
        order = compare_facts(r->facts, r->fact_count, l->facts, l->fact_count);
    if (order == 0)
        order = texts(r->finding, l->finding);
    return order ? order : act_compare(l, r);
}

static uint64_t tally_total(const tally *t)
{
    uint64_t total = 0;
    for (size_t i = 0; i < t->bucket_count; i++)
        total += t->buckets[i].count;
    return total;
}

static int compare_tally_keys(const tally *l, const tally *r)
{
    int order = compare_logs(l->log, r->log);
    if (order == 0)
        order = texts(l->kind, r->kind);
    if (order == 0)
        order = numbers(l->block, r->block);
    return order ? order : compare_facts(l->key, l->key_count, r->key, r->key_count);
}

static int compare_tallies(const void *a, const void *b)
{
    const tally *l = *(const tally *const *)a, *r = *(const tally *const *)b;
    int order = compare_tally_keys(l, r);
    if (order == 0)
        order = numbers(tally_total(r), tally_total(l));
    return order ? order : tally_compare(l, r);
}

static int compare_claims(const void *a, const void *b)
{
    const identity_claim *l = *(const identity_claim *const *)a, *r = *(const identity_claim *const *)b;
    const char *of_l[] = { l->file, l->computer, l->key, l->value, l->source, l->strength, l->channel };
    const char *of_r[] = { r->file, r->computer, r->key, r->value, r->source, r->strength, r->channel };
    for (size_t i = 0; i < sizeof of_l / sizeof *of_l; i++)
        if (texts(of_l[i], of_r[i]))
            return texts(of_l[i], of_r[i]);
    int order = numbers(l->from, r->from);
    if (order == 0)
        order = numbers(l->to, r->to);
    return order ? order : numbers(l->record, r->record);
}

static int compare_cuts(const void *a, const void *b)
{
    const digest_cut *l = a, *r = b;
    int order = compare_logs(l->log, r->log);
    if (order == 0)
        order = texts(l->kind, r->kind);
    return order ? order : numbers(r->dropped, l->dropped);
}

static int compare_raw(const void *a, const void *b)
{
    const raw_log *l = a, *r = b;
    log_ref left = { l->file, l->path, l->computer, l->channel }, right = { r->file, r->path, r->computer, r->channel };
    int order = compare_logs(&left, &right);
    return order ? order : texts(l->path, r->path);
}

static int compare_blocks(const void *a, const void *b)
{
    const log_block *l = *(const log_block *const *)a, *r = *(const log_block *const *)b;
    int order = compare_logs(l->log, r->log);
    if (order == 0)
        order = numbers(l->block, r->block);
    if (order == 0)
        order = numbers(r->records, l->records);
    return order ? order : block_compare(l, r);
}

/* Keeps the first of each run of equals in a sorted vec of pointers. */
static void keep_first(vec *v, bool (*same)(const void *a, const void *b))
{
    const void **items = v->at;
    size_t kept = 0;
    for (size_t i = 0; i < v->count; i++)
        if (kept == 0 || !same(items[kept - 1], items[i]))
            items[kept++] = items[i];
    v->count = kept;
}

static bool same_evidence(const void *a_, const void *b_)
{
    const evidence_file *a = a_, *b = b_;
    return texts(a->path, b->path) == 0 && texts(a->sha256, b->sha256) == 0 && texts(a->unit, b->unit) == 0;
}
static bool same_act(const void *a, const void *b) { return compare_act_keys(a, b) == 0; }
static bool same_tally(const void *a, const void *b) { return compare_tally_keys(a, b) == 0; }
static bool same_claim(const void *a, const void *b) { return compare_claims(&a, &b) == 0; }
static bool same_block(const void *a, const void *b)
{
    const log_block *l = a, *r = b;
    return compare_logs(l->log, r->log) == 0 && l->block == r->block;
}

static void log_key(const log_ref *log, buf *key)
{
    buf_clear(key);
    buf_printf(key, "%s\x1f%s\x1f%s", log->file, log->computer ? log->computer : "", log->channel ? log->channel : "");
    if (log_is_artifact(log))
        buf_printf(key, "\x1f%s", log->path);
}

raw_log *raw_of_log(const joined *j, const log_ref *log)
{
    buf key;
    buf_init(&key, SIZE_MAX);
    log_key(log, &key);
    const uint64_t *at = map_find(&j->raw_of, buf_bytes(&key));
    buf_done(&key);
    return at ? vec_at(&j->raw, *at) : NULL;
}

static void raw_add(joined *j, const log_ref *log, buf *key)
{
    bool was_there;
    log_key(log, key);
    uint64_t *at = map_put(&j->raw_of, buf_bytes(key), &was_there);
    if (was_there) {
        raw_log *known = vec_at(&j->raw, *at);
        if (texts(log->path, known->path) < 0)
            known->path = log->path;
        return;
    }
    *at = j->raw.count;
    raw_log *r = vec_push(&j->raw);
    *r = (raw_log){ .file = log->file, .path = log->path, .computer = log->computer ? log->computer : "",
                    .channel = log->channel ? log->channel : "", .first = MOMENT_UNKNOWN, .last = MOMENT_UNKNOWN,
                    .host = HOST_NONE, .log = UINT32_MAX };
}

static void push(vec *v, const void *item)
{
    *(const void **)vec_push(v) = item;
}

static void take_lines(joined *j, const digest *d, vec *blocks, buf *key)
{
    size_t n;
    const evidence_file *e = digest_evidence(d, &n);
    for (size_t i = 0; i < n; i++)
        push(&j->evidence, &e[i]);
    const act *a = digest_acts(d, &n);
    for (size_t i = 0; i < n; i++) {
        push(&j->acts, &a[i]);
        raw_add(j, a[i].log, key);
    }
    const tally *t = digest_tallies(d, &n);
    for (size_t i = 0; i < n; i++) {
        push(&j->counted, &t[i]);
        raw_add(j, t[i].log, key);
    }
    const log_block *b = digest_blocks(d, &n);
    for (size_t i = 0; i < n; i++) {
        push(blocks, &b[i]);
        raw_add(j, b[i].log, key);
    }
    const identity_claim *c = digest_claims(d, &n);
    for (size_t i = 0; i < n; i++)
        push(&j->claims, &c[i]);
    const digest_cut *cut = digest_cuts(d, &n);
    for (size_t i = 0; i < n; i++) {
        *(digest_cut *)vec_push(&j->cuts) = cut[i];
        raw_add(j, cut[i].log, key);
    }
}

/* The vec of raw logs is in its final order: each learns its blocks, and what they say of it as a whole. */
static void give_blocks(joined *j, const vec *blocks)
{
    const log_block *const *all = blocks->at;
    const log_block **kept = arena_array(j->mem, blocks->count, sizeof *kept);
    if (blocks->count)
        memcpy(kept, all, blocks->count * sizeof *kept);
    for (size_t i = 0; i < blocks->count;) {
        size_t end = i + 1;
        while (end < blocks->count && compare_logs(kept[i]->log, kept[end]->log) == 0)
            end++;
        raw_log *r = raw_of_log(j, kept[i]->log);
        r->blocks = kept + i;
        r->block_count = end - i;
        for (; i < end; i++) {
            const log_block *b = kept[i];
            if (b->records == 0)
                continue;
            if (r->records == 0 || b->first_record < r->first_record)
                r->first_record = b->first_record;
            if (r->records == 0 || b->last_record > r->last_record)
                r->last_record = b->last_record;
            if (moment_known(b->first) && (!moment_known(r->first) || b->first < r->first))
                r->first = b->first;
            if (moment_known(b->last) && (!moment_known(r->last) || b->last > r->last))
                r->last = b->last;
            r->records += b->records;
        }
    }
}

/* A log of which no block tells (an export without record ids, a foreign digest) still has the times of its acts. */
static void times_from_acts(joined *j)
{
    const act *const *acts = j->acts.at;
    for (size_t i = 0; i < j->acts.count; i++) {
        raw_log *r = raw_of_log(j, acts[i]->log);
        if (r->records || !moment_known(acts[i]->time))
            continue;
        if (!moment_known(r->first) || acts[i]->time < r->first)
            r->first = acts[i]->time;
        if (!moment_known(r->last) || acts[i]->time > r->last)
            r->last = acts[i]->time;
    }
}

static void drop_equal_cuts(vec *cuts)
{
    size_t kept = 0;
    for (size_t i = 0; i < cuts->count; i++) {
        digest_cut *at = vec_at(cuts, i), *last = kept ? vec_at(cuts, kept - 1) : NULL;
        if (last && compare_logs(last->log, at->log) == 0 && texts(last->kind, at->kind) == 0)
            continue;
        *(digest_cut *)vec_at(cuts, kept++) = *at;
    }
    cuts->count = kept;
}

/* Digests made by unequal programs, rules or profiles tell unequal things under equal names. */
static status agree(digest *const *digests, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const digest_head *a = digest_heading(digests[0]), *b = digest_heading(digests[i]);
        const char *what = texts(a->tool, b->tool) ? "program versions" : texts(a->profiles, b->profiles) ? "profiles"
                           : texts(a->rules, b->rules) ? "rules" : texts(a->options, b->options) ? "options" : NULL;
        if (what)
            return status_fail(STATUS_BAD_INPUT, "the digests of '%s' and '%s' were made with different %s: survey the evidence again",
                               a->unit ? a->unit : "", b->unit ? b->unit : "", what);
    }
    return status_ok();
}

status gather(joined *j)
{
    status s = agree(j->digests, j->digest_count);
    if (!status_is_ok(s))
        return s;
    buf key;
    buf_init(&key, SIZE_MAX);
    vec blocks;
    vec_init(&blocks, sizeof(const log_block *));
    for (size_t i = 0; i < j->digest_count; i++)
        take_lines(j, j->digests[i], &blocks, &key);

    vec_sort(&j->evidence, compare_evidence);
    keep_first(&j->evidence, same_evidence);
    vec_sort(&j->acts, compare_acts);
    keep_first(&j->acts, same_act);
    vec_sort(&j->counted, compare_tallies);
    keep_first(&j->counted, same_tally);
    vec_sort(&j->claims, compare_claims);
    keep_first(&j->claims, same_claim);
    vec_sort(&j->cuts, compare_cuts);
    drop_equal_cuts(&j->cuts);
    vec_sort(&blocks, compare_blocks);
    keep_first(&blocks, same_block);

    vec_sort(&j->raw, compare_raw);
    for (size_t i = 0; i < j->raw.count; i++) {
        const raw_log *r = vec_at(&j->raw, i);
        log_ref log = { r->file, r->path, r->computer, r->channel };
        log_key(&log, &key);
        *map_put(&j->raw_of, buf_bytes(&key), &(bool){ false }) = i;
    }
    artifacts_gather(j);
    give_blocks(j, &blocks);
    times_from_acts(j);
    vec_done(&blocks);
    buf_done(&key);
    return status_ok();
}
