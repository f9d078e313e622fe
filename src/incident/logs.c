/* What do we have of each log? Copies are recognised by records that are the same in both, each block is taken once, from the
 * file that holds most of it, and what is missing is measured. */
#include "incident/internal.h"

#include <stdlib.h>

/* All of one file that belongs to one channel of one host; several names of the host may stand in it. */
typedef struct {
    uint32_t host;
    const char *channel, *file;
    raw_log **raw; size_t raw_count;
    block_anchor *anchors; size_t anchor_count;
    uint64_t first_record, records;
    moment first, last;
} piece;

typedef struct { uint64_t block; const piece *from; uint64_t records, first_record, last_record; moment first, last; } held_block;
typedef struct { joined_log *log; held_block *blocks; size_t count; } chosen_blocks;

static int numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int by_record(const void *a, const void *b)
{
    const block_anchor *l = a, *r = b;
    int order = numbers(l->record, r->record);
    return order ? order : numbers(l->time, r->time);
}

static size_t unique_anchors(block_anchor *a, size_t count)
{
    size_t kept = 0;
    qsort(a, count, sizeof *a, by_record);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || a[i].record != a[kept - 1].record)
            a[kept++] = a[i];
    return kept;
}

static int by_host_channel_file(const void *a, const void *b)
{
    const raw_log *l = *(const raw_log *const *)a, *r = *(const raw_log *const *)b;
    int order = numbers(l->host, r->host);
    if (order == 0)
        order = strcmp(l->channel, r->channel);
    if (order == 0)
        order = strcmp(l->file, r->file);
    return order ? order : strcmp(l->computer, r->computer);
}

static int by_first_record(const void *a, const void *b)
{
    const piece *l = a, *r = b;
    int order = numbers(l->host, r->host);
    if (order == 0)
        order = strcmp(l->channel, r->channel);
    if (order == 0)
        order = numbers(l->first_record, r->first_record);
    if (order == 0)
        order = numbers(l->first, r->first);
    return order ? order : strcmp(l->file, r->file);
}

static void fill_piece(arena *mem, piece *p)
{
    size_t count = 0;
    p->first = p->last = MOMENT_UNKNOWN;
    for (size_t i = 0; i < p->raw_count; i++)
        for (size_t b = 0; b < p->raw[i]->block_count; b++)
            count += p->raw[i]->blocks[b]->anchor_count;
    p->anchors = arena_array(mem, count, sizeof *p->anchors);
    for (size_t i = 0; i < p->raw_count; i++) {
        const raw_log *r = p->raw[i];
        for (size_t b = 0; b < r->block_count; b++)
            for (size_t k = 0; k < r->blocks[b]->anchor_count; k++)
                if (moment_known(r->blocks[b]->anchors[k].time))
                    p->anchors[p->anchor_count++] = r->blocks[b]->anchors[k];
        if (r->records && (p->records == 0 || r->first_record < p->first_record))
            p->first_record = r->first_record;
        p->records += r->records;
        if (moment_known(r->first) && (!moment_known(p->first) || r->first < p->first))
            p->first = r->first;
        if (moment_known(r->last) && (!moment_known(p->last) || r->last > p->last))
            p->last = r->last;
    }
    p->anchor_count = unique_anchors(p->anchors, p->anchor_count);
}

static void make_pieces(joined *j, vec *pieces)
{
    raw_log **order = arena_array(j->mem, j->raw.count, sizeof *order);
    size_t count = 0;
    for (size_t i = 0; i < j->raw.count; i++) {
        raw_log *r = vec_at(&j->raw, i);
        if (r->host != HOST_NONE)
            order[count++] = r;
    }
    qsort(order, count, sizeof *order, by_host_channel_file);
    for (size_t i = 0; i < count;) {
        piece *p = vec_push(pieces);
        *p = (piece){ .host = order[i]->host, .channel = order[i]->channel, .file = order[i]->file, .raw = order + i };
        while (i < count && order[i]->host == p->host && strcmp(order[i]->channel, p->channel) == 0
               && strcmp(order[i]->file, p->file) == 0) {
            p->raw_count++;
            i++;
        }
        fill_piece(j->mem, p);
    }
    vec_sort(pieces, by_first_record);
}

/* ---- Are two pieces of one log? ---- */

static bool runs_forward(const block_anchor *a, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (a[i].time < a[i - 1].time)
            return false;
    return true;
}

typedef enum { FIT_NOT, FIT_MAYBE, FIT_PROVED } fit;

/* A record of one id and two times: two logs. One id, one time: one log. Else times must rise with ids over both, unless
 * they do not even within one of them (a clock was set). */
static fit fits(const joined *j, const block_anchor *log, size_t log_count, const piece *p)
{
    fit found = FIT_MAYBE;
    bool forward = runs_forward(log, log_count) && runs_forward(p->anchors, p->anchor_count);
    moment slack = weight_span(j, "copies.clock-slack");
    for (size_t i = 0, k = 0; i < p->anchor_count; i++) {
        const block_anchor *a = &p->anchors[i];
        while (k < log_count && log[k].record < a->record)
            k++;
        if (k < log_count && log[k].record == a->record) {
            moment apart = log[k].time > a->time ? log[k].time - a->time : a->time - log[k].time;
            if (apart >= MOMENT_SECOND)
                return FIT_NOT;
            found = FIT_PROVED;
            continue;
        }
        if (!forward)
            continue;
        if ((k > 0 && log[k - 1].time > a->time + slack) || (k < log_count && a->time > log[k].time + slack))
            return FIT_NOT;
    }
    return found;
}

static void log_take(joined *j, joined_log *log, const piece *p, uint32_t index)
{
    block_anchor *all = arena_array(j->mem, log->anchor_count + p->anchor_count, sizeof *all);
    if (log->anchor_count)
        memcpy(all, log->anchors, log->anchor_count * sizeof *all);
    if (p->anchor_count)
        memcpy(all + log->anchor_count, p->anchors, p->anchor_count * sizeof *all);
    log->anchor_count = unique_anchors(all, log->anchor_count + p->anchor_count);
    log->anchors = all;
    const char **files = arena_array(j->mem, log->file_count + 1, sizeof *files);
    for (size_t i = 0; i < log->file_count; i++)
        files[i] = log->files[i];
    files[log->file_count++] = p->file;
    log->files = files;
    for (size_t i = 0; i < p->raw_count; i++)
        p->raw[i]->log = index;
    if (moment_known(p->first) && (!moment_known(log->from) || p->first < log->from))
        log->from = p->first;
    if (moment_known(p->last) && (!moment_known(log->to) || p->last > log->to))
        log->to = p->last;
}

/* Each piece joins the first log of its channel that proves to be the same, else the first that may be. */
static void make_logs(joined *j, const vec *pieces)
{
    for (size_t i = 0; i < pieces->count; i++) {
        const piece *p = vec_at(pieces, i);
        size_t best = SIZE_MAX;
        fit how = FIT_NOT;
        for (size_t k = j->logs.count; k > 0; k--) {
            const joined_log *log = vec_at(&j->logs, k - 1);
            if (log->host != p->host || strcmp(log->channel, p->channel) != 0)
                break;
            fit f = fits(j, log->anchors, log->anchor_count, p);
            if (f != FIT_NOT && f >= how) {
                best = k - 1;
                how = f;
            }
        }
        if (best == SIZE_MAX) {
            best = j->logs.count;
            *(joined_log *)vec_push(&j->logs) = (joined_log){ .host = p->host, .channel = p->channel, .from = MOMENT_UNKNOWN, .to = MOMENT_UNKNOWN };
        }
        log_take(j, vec_at(&j->logs, best), p, (uint32_t)best);
    }
}

/* ---- Each block once ---- */

static int by_block_then_most(const void *a, const void *b)
{
    const held_block *l = a, *r = b;
    int order = numbers(l->block, r->block);
    if (order == 0)
        order = numbers(r->records, l->records);
    return order ? order : strcmp(l->from->file, r->from->file);
}

static void hold(vec *held, const piece *p)
{
    size_t first = held->count;
    for (size_t i = 0; i < p->raw_count; i++)
        for (size_t b = 0; b < p->raw[i]->block_count; b++) {
            const log_block *of = p->raw[i]->blocks[b];
            held_block *h = NULL;
            for (size_t k = held->count; i > 0 && k > first && !h; k--)       /* told twice only where the host's name changed */
                if (((held_block *)vec_at(held, k - 1))->block == of->block)
                    h = vec_at(held, k - 1);
            if (of->records == 0)
                continue;
            if (!h) {
                h = vec_push(held);
                *h = (held_block){ of->block, p, 0, of->first_record, of->last_record, of->first, of->last };
            }
            h->records += of->records;
            h->first_record = of->first_record < h->first_record ? of->first_record : h->first_record;
            h->last_record = of->last_record > h->last_record ? of->last_record : h->last_record;
            if (moment_known(of->first) && (!moment_known(h->first) || of->first < h->first))
                h->first = of->first;
            if (moment_known(of->last) && (!moment_known(h->last) || of->last > h->last))
                h->last = of->last;
        }
}

/* `next` chains the pieces of a log from `first` on; SIZE_MAX ends it. */
static void choose_blocks(joined *j, const vec *pieces, size_t first, const size_t *next, uint32_t index, chosen_blocks *out)
{
    vec held;
    vec_init(&held, sizeof(held_block));
    for (size_t i = first; i != SIZE_MAX; i = next[i])
        hold(&held, vec_at(pieces, i));
    vec_sort(&held, by_block_then_most);
    out->log = vec_at(&j->logs, index);
    out->blocks = arena_array(j->mem, held.count, sizeof *out->blocks);
    for (size_t i = 0; i < held.count; i++) {
        const held_block *h = vec_at(&held, i);
        if (out->count == 0 || out->blocks[out->count - 1].block != h->block)
            out->blocks[out->count++] = *h;
    }
    vec_done(&held);
}

/* ---- What is missing ---- */

static void add_gap(vec *gaps, gap_kind kind, moment from, moment to, uint64_t after, uint64_t before, uint64_t missing)
{
    *(log_gap *)vec_push(gaps) = (log_gap){ kind, from, to, after, before, missing };
}

static void missing_ids(const joined *j, joined_log *log, const held_block *blocks, size_t count, vec *gaps)
{
    uint64_t in_runs = 0, runs = 0;
    for (size_t i = 0; i < count; i++) {
        const held_block *b = &blocks[i], *was = i ? &blocks[i - 1] : NULL;
        uint64_t span = b->last_record - b->first_record + 1, hole = span > b->records ? span - b->records : 0;
        if (was && b->first_record > was->last_record + 1) {
            uint64_t between = b->first_record - was->last_record - 1;
            add_gap(gaps, GAP_MISSING, was->last, b->first, was->last_record, b->first_record, between);
            log->missing += between;
            in_runs += was->block + 1 == b->block ? between : 0;
        }
        runs += !was || was->block + 1 != b->block;
        if (hole)
            add_gap(gaps, GAP_MISSING, b->first, b->last, b->first_record, b->last_record, hole);
        log->missing += hole;
        in_runs += hole;
        log->records += b->records;
    }
    double share = weight(j, "coverage.partial-share");
    log->partial = log->records && ((double)in_runs > share * (double)(log->records + in_runs)
                                    || (runs > 3 && log->records / runs < BLOCK_RECORDS));
    if (log->partial)
        gaps->count = 0;
}

/* Clearings by host, in the order of the acts: notes are not sorted yet. */
typedef struct { uint32_t host; size_t at; const act *a; } cleared_at;

static int by_host_at(const void *a, const void *b)
{
    const cleared_at *l = a, *r = b;
    if (l->host != r->host)
        return l->host < r->host ? -1 : 1;
    return (l->at > r->at) - (l->at < r->at);
}

static void clearings_find(const joined *j, vec *out)
{
    const act *const *acts = j->acts.at;
    vec_init(out, sizeof(cleared_at));
    for (size_t i = 0; i < j->acts.count; i++)
        if (strcmp(acts[i]->kind, "log.clear") == 0 && act_host(j, acts[i]) != HOST_NONE)
            *(cleared_at *)vec_push(out) = (cleared_at){ act_host(j, acts[i]), i, acts[i] };
    vec_sort(out, by_host_at);
}

static const act *clearing(const vec *cleared, const joined_log *log)
{
    const cleared_at *all = cleared->at;
    size_t low = 0, high = cleared->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (all[mid].host < log->host)
            low = mid + 1;
        else
            high = mid;
    }
    for (size_t i = low; i < cleared->count && all[i].host == log->host; i++) {
        const act *a = all[i].a;
        bool own = strcmp(a->log->channel, log->channel) == 0;
        if (own && a->record == log->first_record)
            return a;
        if (!own && strcasecmp(act_fact(a, "channel"), log->channel) == 0 && moment_known(log->from) && a->time <= log->from + MOMENT_MINUTE
            && a->time + MOMENT_DAY >= log->from)
            return a;
    }
    return NULL;
}

/* While this channel wrote almost nothing, others of the host went on: between two anchors its ids run on, but far fewer
 * than its own rate would have made. */
static void silences(const joined *j, const joined_log *log, vec *gaps)
{
    moment least = weight_span(j, "coverage.silence");
    double few = weight(j, "coverage.silence-share"), expected_least = weight(j, "coverage.silence-expected");
    uint64_t others_least = (uint64_t)weight(j, "coverage.silence-others");
    if (log->partial || log->anchor_count < 3 || log->to <= log->from)
        return;
    double rate = (double)log->records / (double)(log->to - log->from);
    for (size_t i = 1; i < log->anchor_count; i++) {
        const block_anchor *a = &log->anchors[i - 1], *b = &log->anchors[i];
        if (b->time <= a->time || b->time - a->time < least)
            continue;
        double expected = rate * (double)(b->time - a->time), seen = (double)(b->record - a->record);
        if (expected < expected_least || seen > few * expected || b->record - a->record > 128)
            continue;
        uint64_t others = 0;
        for (size_t k = 0; k < j->logs.count; k++) {
            const joined_log *other = vec_at(&j->logs, k);
            for (size_t m = 0; other->host == log->host && other != log && m < other->anchor_count; m++)
                others += other->anchors[m].time > a->time && other->anchors[m].time < b->time;
        }
        if (others >= others_least)
            add_gap(gaps, GAP_SILENT, a->time, b->time, a->record, b->record, 0);
    }
}

static int by_gap(const void *a, const void *b)
{
    const log_gap *l = a, *r = b;
    int order = numbers(l->after, r->after);
    return order ? order : numbers(l->kind, r->kind);
}

static void measure(joined *j, const vec *cleared, const chosen_blocks *of)
{
    joined_log *log = of->log;
    vec gaps;
    vec_init(&gaps, sizeof(log_gap));
    if (of->count) {
        log->first_record = of->blocks[0].first_record;
        log->last_record = of->blocks[of->count - 1].last_record;
        missing_ids(j, log, of->blocks, of->count, &gaps);
        log->cleared = clearing(cleared, log) != NULL;
        log->rolled = log->first_record > 1 && !log->cleared;
        silences(j, log, &gaps);
    }
    vec_sort(&gaps, by_gap);
    log->gap_count = gaps.count;
    log->gaps = arena_array(j->mem, gaps.count, sizeof *log->gaps);
    if (gaps.count)
        memcpy(log->gaps, gaps.at, gaps.count * sizeof *log->gaps);
    vec_done(&gaps);
}

/* ---- Tallies of the chosen blocks ---- */

typedef struct { uint32_t host; const char *channel; const tally *of; } counted;

static int compare_keys(const fact *a, size_t a_count, const fact *b, size_t b_count)
{
    for (size_t i = 0; i < a_count && i < b_count; i++) {
        int order = strcmp(a[i].name, b[i].name);
        if (order == 0)
            order = strcmp(a[i].value, b[i].value);
        if (order)
            return order;
    }
    return numbers(a_count, b_count);
}

static int by_host_kind_key(const void *a, const void *b)
{
    const counted *l = a, *r = b;
    int order = numbers(l->host, r->host);
    if (order == 0)
        order = strcmp(l->of->kind, r->of->kind);
    if (order == 0)
        order = strcmp(l->channel, r->channel);
    return order ? order : compare_keys(l->of->key, l->of->key_count, r->of->key, r->of->key_count);
}

static int by_start(const void *a, const void *b)
{
    const joined_bucket *l = a, *r = b;
    int order = numbers(l->start, r->start);
    if (order == 0)
        order = numbers(l->width, r->width);
    if (order == 0)
        order = numbers(l->first, r->first);
    if (order == 0)
        order = numbers(l->record, r->record);
    return order ? order : strcmp(l->log->file, r->log->file);
}

static void add_buckets(arena *mem, joined_tally *out, const counted *items, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += items[i].of->bucket_count;
    joined_bucket *all = arena_array(mem, total, sizeof *all);
    total = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t b = 0; b < items[i].of->bucket_count; b++) {
            const tally_bucket *t = &items[i].of->buckets[b];
            out->total += t->count;
            if (!moment_known(t->start) || !moment_known(t->first) || !moment_known(t->last) || t->last < t->first)
                continue;                            /* counted, but nobody knows when */
            all[total++] = (joined_bucket){ t->start, items[i].of->width, t->count, t->record, t->first, t->last, items[i].of->log };
        }
    qsort(all, total, sizeof *all, by_start);
    out->first = out->last = MOMENT_UNKNOWN;
    for (size_t i = 0; i < total; i++) {
        joined_bucket *last = out->bucket_count ? &all[out->bucket_count - 1] : NULL;
        if (last && last->start == all[i].start && last->width == all[i].width) {
            last->count += all[i].count;
            if (moment_known(all[i].last) && (!moment_known(last->last) || all[i].last > last->last))
                last->last = all[i].last;
        } else {
            all[out->bucket_count++] = all[i];
        }
        if (moment_known(all[i].first) && (!moment_known(out->first) || all[i].first < out->first))
            out->first = all[i].first;
        if (moment_known(all[i].last) && (!moment_known(out->last) || all[i].last > out->last))
            out->last = all[i].last;
    }
    out->buckets = all;
}

/* A tally of a log of which no block tells is counted: nothing says that another holds the same. */
static bool is_chosen(const chosen_blocks *of, const tally *t)
{
    size_t low = 0, high = of->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (of->blocks[middle].block < t->block)
            low = middle + 1;
        else
            high = middle;
    }
    return low == of->count || of->blocks[low].block != t->block || strcmp(of->blocks[low].from->file, t->log->file) == 0;
}

static void sum_tallies(joined *j, const chosen_blocks *chosen)
{
    vec kept;
    vec_init(&kept, sizeof(counted));
    const tally *const *all = j->counted.at;
    for (size_t i = 0; i < j->counted.count; i++) {
        const raw_log *r = raw_of_log(j, all[i]->log);
        if (r->host != HOST_NONE && is_chosen(&chosen[r->log], all[i]))
            *(counted *)vec_push(&kept) = (counted){ r->host, r->channel, all[i] };
    }
    vec_sort(&kept, by_host_kind_key);
    for (size_t i = 0; i < kept.count;) {
        const counted *first = vec_at(&kept, i);
        size_t end = i + 1;
        while (end < kept.count && by_host_kind_key(first, vec_at(&kept, end)) == 0)
            end++;
        joined_tally *t = vec_push(&j->tallies);
        *t = (joined_tally){ .host = first->host, .kind = first->of->kind, .channel = first->channel,
                             .key = first->of->key, .key_count = first->of->key_count };
        add_buckets(j->mem, t, first, end - i);
        i = end;
    }
    vec_done(&kept);
}

void logs_put_together(joined *j)
{
    vec pieces;
    vec_init(&pieces, sizeof(piece));
    make_pieces(j, &pieces);
    make_logs(j, &pieces);
    chosen_blocks *chosen = arena_array(j->mem, j->logs.count, sizeof *chosen);
    size_t *first = arena_array(j->mem, j->logs.count, sizeof *first), *next = arena_array(j->mem, pieces.count, sizeof *next);
    for (size_t i = 0; i < j->logs.count; i++)
        first[i] = SIZE_MAX;
    for (size_t i = pieces.count; i-- > 0;) {
        uint32_t log = ((const piece *)vec_at(&pieces, i))->raw[0]->log;
        next[i] = first[log];
        first[log] = i;
    }
    for (uint32_t i = 0; i < j->logs.count; i++)
        choose_blocks(j, &pieces, first[i], next, i, &chosen[i]);
    vec cleared;
    clearings_find(j, &cleared);
    for (uint32_t i = 0; i < j->logs.count; i++)
        measure(j, &cleared, &chosen[i]);
    vec_done(&cleared);
    sum_tallies(j, chosen);
    vec_done(&pieces);
}
