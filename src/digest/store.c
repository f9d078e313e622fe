#include "digest/store.h"

#include "base/hash.h"
#include "base/utf16.h"

#include <stddef.h>

const char *const store_kinds[LINE_KINDS] = { "evidence", "claim", "block", "act", "tally", "cut" };

static const size_t line_sizes[LINE_KINDS] = { sizeof(evidence_file), sizeof(identity_claim), sizeof(log_block), sizeof(act), sizeof(tally), sizeof(digest_cut) };

/* Texts that a digest holds are UTF-8 and at most NOTE_VALUE bytes, so that a digest in memory is the same as one that was
 * written and read again. */
static const char *keep_cut(digest *d, const char *text, size_t most)
{
    span bytes = span_str(text);
    buf clean;
    buf_init(&clean, NOTE_VALUE + 16);
    if (bytes.len > most || !utf8_valid(bytes)) {
        static const char more[] = "\xe2\x80\xa6";
        size_t end = 0;                              /* up to which "…" still fits */
        for (size_t at = 0; at < bytes.len && clean.len <= most;) {
            uint32_t c = utf8_take(bytes, &at);
            uint8_t units[4];
            buf_put(&clean, units, utf8_put(units, c == UTF8_INVALID ? 0xFFFD : c));
            if (clean.len <= most - (sizeof more - 1))
                end = clean.len;
        }
        if (clean.len > most) {
            clean.len = end;
            buf_str(&clean, more);
        }
        bytes = span_str(buf_text(&clean));
    }
    /* The NUL is part of the key, so that the map's copy serves as the text. */
    bool there;
    uint64_t *value = map_put(&d->texts, span_of(bytes.len ? (const char *)bytes.at : "", bytes.len + 1), &there);
    if (!there)
        d->text_bytes += bytes.len + 1;
    const map_entry *entry = (const map_entry *)((const char *)value - offsetof(map_entry, value));
    buf_done(&clean);
    return (const char *)entry->key.at;
}

static const char *keep_text(digest *d, const char *text)
{
    return keep_cut(d, text, NOTE_VALUE);
}

static const char *keep_or_null(digest *d, const char *text)
{
    return text && *text ? keep_text(d, text) : NULL;
}

static void *keep_array(digest *d, const void *from, size_t count, size_t each)
{
    if (count == 0)
        return NULL;
    void *out = arena_array(&d->mem, count, each);
    if (from)
        memcpy(out, from, count * each);
    return out;
}

digest *digest_new(const digest_head *head)
{
    arena self;
    arena_init(&self, 0);
    digest *d = arena_alloc(&self, sizeof *d);
    d->self = self;
    arena_init(&d->mem, 0);
    map_init(&d->texts);
    map_init(&d->logs);
    map_init(&d->keys);
    for (int kind = 0; kind < LINE_KINDS; kind++)
        vec_init(&d->lines[kind], line_sizes[kind]);
    d->head = (digest_head){
        .unit = keep_text(d, head->unit), .tool = keep_text(d, head->tool), .profiles = keep_text(d, head->profiles),
        .rules = keep_text(d, head->rules), .options = keep_text(d, head->options), .sources = keep_text(d, head->sources),
    };
    d->nowhere = digest_log(d, &(log_ref){ 0 });
    return d;
}

void digest_free(digest *d)
{
    if (!d)
        return;
    for (int kind = 0; kind < LINE_KINDS; kind++)
        vec_done(&d->lines[kind]);
    map_done(&d->texts);
    map_done(&d->logs);
    map_done(&d->keys);
    arena_done(&d->mem);
    arena self = d->self;
    arena_done(&self);
}

const digest_head *digest_heading(const digest *d)
{
    return &d->head;
}

const log_ref *digest_log(digest *d, const log_ref *log)
{
    const char *parts[4] = { keep_text(d, log->file), keep_text(d, log->path), keep_text(d, log->computer), keep_text(d, log->channel) };
    bool there;
    uint64_t *value = map_put(&d->logs, span_of(parts, sizeof parts), &there);       /* texts are interned: pointers tell them apart */
    if (!there) {
        stored_log *made = arena_alloc(&d->mem, sizeof *made);
        made->ref = (log_ref){ .file = parts[0], .path = parts[1], .computer = parts[2], .channel = parts[3] };
        *value = (uint64_t)(uintptr_t)made;
    }
    return &((const stored_log *)(uintptr_t)*value)->ref;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const fact *)a)->name, ((const fact *)b)->name);
}

/* Facts sorted by name, each name once (the first given stays), NOTE_FACTS of them at most. */
static void sort_facts(digest *d, const fact *facts, size_t count, vec *out)
{
    vec_init(out, sizeof(fact));
    for (size_t i = 0; i < count; i++)
        *(fact *)vec_push(out) = (fact){ keep_cut(d, facts[i].name, NAME_BYTES), keep_text(d, facts[i].value) };
    vec_sort(out, compare_names);
    size_t kept = 0;
    for (size_t i = 0; i < out->count && kept < NOTE_FACTS; i++) {
        const fact *f = vec_at(out, i);
        if (kept == 0 || f->name != ((const fact *)vec_at(out, kept - 1))->name)
            memmove(vec_at(out, kept++), f, sizeof *f);
    }
    out->count = kept;
}

static fact *keep_facts(digest *d, const fact *facts, size_t count, size_t *out_count)
{
    vec sorted;
    sort_facts(d, facts, count, &sorted);
    fact *out = keep_array(d, sorted.at, sorted.count, sizeof(fact));
    *out_count = sorted.count;
    vec_done(&sorted);
    return out;
}

/* The keys of tallies come again in every block: each is kept once. */
static fact *keep_key(digest *d, const fact *facts, size_t count, size_t *out_count)
{
    vec sorted;
    sort_facts(d, facts, count, &sorted);
    *out_count = sorted.count;
    bool there;
    uint64_t *value = map_put(&d->keys, span_of(sorted.at, sorted.count * sizeof(fact)), &there);
    if (!there)
        *value = (uint64_t)(uintptr_t)keep_array(d, sorted.at, sorted.count, sizeof(fact));
    vec_done(&sorted);
    return (fact *)(uintptr_t)*value;
}

static void *push(digest *d, line_kind kind)
{
    d->sorted = false;
    return vec_push(&d->lines[kind]);
}

void digest_add_evidence(digest *d, const evidence_file *e)
{
    evidence_file made = *e;
    made.first = moment_possible(e->first);
    made.last = moment_possible(e->last);
    made.sha256 = keep_text(d, e->sha256);
    char id[17] = { 0 };
    if (strlen(made.sha256) == 64)
        memcpy(id, made.sha256, 16);
    made.id = keep_text(d, id);
    made.path = keep_text(d, e->path);
    made.unit = keep_text(d, e->unit);
    made.kind = keep_cut(d, e->kind, NAME_BYTES);
    made.why = keep_or_null(d, e->why);
    made.computer = keep_or_null(d, e->computer);
    made.channel = keep_or_null(d, e->channel);
    if (made.problem_count > DIGEST_PROBLEMS) {
        made.problems_dropped += made.problem_count - DIGEST_PROBLEMS;
        made.problem_count = DIGEST_PROBLEMS;
    }
    problem *problems = keep_array(d, e->problems, made.problem_count, sizeof *problems);
    for (size_t i = 0; i < made.problem_count; i++) {
        problems[i].kind = keep_cut(d, problems[i].kind, NAME_BYTES);
        problems[i].text = keep_cut(d, problems[i].text, PROBLEM_BYTES);
    }
    made.problems = problems;
    *(evidence_file *)push(d, LINE_EVIDENCE) = made;
}

void digest_add_act(digest *d, const act *a)
{
    act made = *a;
    made.log = digest_log(d, a->log);
    made.time = moment_possible(a->time);
    made.kind = keep_cut(d, a->kind, NAME_BYTES);
    made.facts = keep_facts(d, a->facts, a->fact_count, &made.fact_count);
    made.finding = keep_or_null(d, a->finding);
    made.severity = made.finding ? a->severity : SEVERITY_INFO;
    made.confidence = made.finding ? (a->confidence < 100 ? a->confidence : 100) : 0;
    made.techniques = keep_text(d, made.finding ? a->techniques : NULL);
    made.text = made.finding ? keep_or_null(d, a->text) : NULL;
    *(act *)push(d, LINE_ACT) = made;
}

void digest_add_tally(digest *d, const tally *t)
{
    tally made = *t;
    made.log = digest_log(d, t->log);
    made.kind = keep_cut(d, t->kind, NAME_BYTES);
    made.key = keep_key(d, t->key, t->key_count, &made.key_count);
    if (made.bucket_count > TALLY_BUCKETS) {
        digest_add_cut(d, t->log, t->kind, made.bucket_count - TALLY_BUCKETS);
        made.bucket_count = TALLY_BUCKETS;
    }
    made.width = t->width < TALLY_WIDTH ? t->width : TALLY_WIDTH;
    made.buckets = keep_array(d, t->buckets, made.bucket_count, sizeof *made.buckets);
    for (size_t i = 0; i < made.bucket_count; i++) {
        tally_bucket *b = &made.buckets[i];
        b->start = moment_possible(b->start);
        b->first = moment_possible(b->first);
        b->last = moment_possible(b->last);
    }
    *(tally *)push(d, LINE_TALLY) = made;
}

void digest_add_block(digest *d, const log_block *b)
{
    log_block made = *b;
    made.log = digest_log(d, b->log);
    if (made.anchor_count > BLOCK_ANCHORS)
        made.anchor_count = BLOCK_ANCHORS;
    made.first = moment_possible(b->first);
    made.last = moment_possible(b->last);
    made.anchors = keep_array(d, b->anchors, made.anchor_count, sizeof *made.anchors);
    for (size_t i = 0; i < made.anchor_count; i++)
        made.anchors[i].time = moment_possible(made.anchors[i].time);
    *(log_block *)push(d, LINE_BLOCK) = made;
}

void digest_add_claim(digest *d, const identity_claim *c)
{
    identity_claim made = *c;
    const char **texts[] = { &made.file, &made.computer, &made.key, &made.value, &made.channel, &made.source, &made.strength };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = keep_text(d, *texts[i]);
    made.from = moment_possible(c->from);
    made.to = moment_possible(c->to);
    *(identity_claim *)push(d, LINE_CLAIM) = made;
}

/* Which lines DIGEST_BYTES cut off is told by cuts of the log nowhere, "digest.act" and so on; they are kept as numbers
 * until the digest is sorted. */
int store_over(const digest *d, const digest_cut *c)
{
    if (c->log != d->nowhere || strncmp(c->kind, "digest.", 7) != 0)
        return -1;
    for (int kind = 0; kind < LINE_KINDS; kind++)
        if (strcmp(c->kind + 7, store_kinds[kind]) == 0)
            return kind;
    return -1;
}

void digest_add_cut(digest *d, const log_ref *log, const char *kind, uint64_t dropped)
{
    digest_cut made = { log ? digest_log(d, log) : d->nowhere, keep_cut(d, kind, NAME_BYTES), dropped };
    int over = store_over(d, &made);
    d->sorted = false;
    if (over >= 0)
        d->over[over] += dropped;
    else
        *(digest_cut *)push(d, LINE_CUT) = made;
}

static void copy_lines(digest *into, const digest *from)
{
    const vec *v = from->lines;
    for (size_t i = 0; i < v[LINE_EVIDENCE].count; i++)
        digest_add_evidence(into, vec_at(&v[LINE_EVIDENCE], i));
    for (size_t i = 0; i < v[LINE_CLAIM].count; i++)
        digest_add_claim(into, vec_at(&v[LINE_CLAIM], i));
    for (size_t i = 0; i < v[LINE_BLOCK].count; i++)
        digest_add_block(into, vec_at(&v[LINE_BLOCK], i));
    for (size_t i = 0; i < v[LINE_ACT].count; i++)
        digest_add_act(into, vec_at(&v[LINE_ACT], i));
    for (size_t i = 0; i < v[LINE_TALLY].count; i++)
        digest_add_tally(into, vec_at(&v[LINE_TALLY], i));
    for (size_t i = 0; i < v[LINE_CUT].count; i++) {
        const digest_cut *c = vec_at(&v[LINE_CUT], i);
        if (store_over(from, c) < 0)
            digest_add_cut(into, c->log, c->kind, c->dropped);
    }
    for (int kind = 0; kind < LINE_KINDS; kind++)
        into->over[kind] += from->over[kind];
    into->sorted = false;
}

/* Leaves only what fits, in memory too: what lies behind DIGEST_BYTES of a part lies behind it in the whole as well. */
static void settle(digest *d)
{
    enum { LEAST = 128 << 20 };
    size_t used = d->mem.used + d->text_bytes;
    if (used < LEAST || used / 2 < d->settled)
        return;
    digest_sort(d);
    digest *made = digest_new(&d->head);
    copy_lines(made, d);
    digest old = *d, now = *made;
    now.self = d->self;              /* each stays where it is; what is in them changes place */
    old.self = made->self;
    *d = now;
    *made = old;
    d->settled = d->mem.used + d->text_bytes;
    digest_free(made);
}

void digest_merge(digest *into, const digest *from)
{
    copy_lines(into, from);
    settle(into);
}

static int compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_text(const char *a, const char *b)
{
    return a == b ? 0 : strcmp(a ? a : "", b ? b : "");
}

static int cut_compare(const void *a_, const void *b_)
{
    const digest_cut *a = a_, *b = b_;
    int order = log_compare(a->log, b->log);
    if (!order)
        order = compare_text(a->kind, b->kind);
    return order ? order : compare_u64(a->dropped, b->dropped);
}

static int (*const compares[LINE_KINDS])(const void *, const void *) = {
    evidence_file_compare, claim_compare, block_compare, act_compare, tally_compare, cut_compare,
};

int store_compare(line_kind kind, const void *a, const void *b)
{
    return compares[kind](a, b);
}

const log_ref *store_line_log(line_kind kind, const void *line)
{
    switch (kind) {
    case LINE_BLOCK: return ((const log_block *)line)->log;
    case LINE_ACT: return ((const act *)line)->log;
    case LINE_TALLY: return ((const tally *)line)->log;
    case LINE_CUT: return ((const digest_cut *)line)->log;
    default: return NULL;
    }
}

static void sort_and_drop_equal(vec *v, line_kind kind)
{
    vec_sort(v, compares[kind]);
    size_t kept = v->count ? 1 : 0;
    for (size_t i = 1; i < v->count; i++)
        if (compares[kind](vec_at(v, kept - 1), vec_at(v, i)) != 0)
            memmove(vec_at(v, kept++), vec_at(v, i), v->each);
    v->count = kept;
}

static void forget_names(digest *d)
{
    for (size_t i = 0; i < d->logs.count; i++)
        ((stored_log *)(uintptr_t)d->logs.entries[i].value)->named = false;
}

/* Longer than the line will be, and quick to tell. */
static size_t upper_bound(line_kind kind, const void *line)
{
    enum { FIXED = 640, ESCAPED = 6 };
    size_t texts = 0, rest = 0;
    switch (kind) {
    case LINE_EVIDENCE: {
        const evidence_file *e = line;
        texts = strlen(e->path) + strlen(e->unit) + (e->why ? strlen(e->why) : 0) + (e->computer ? strlen(e->computer) : 0) +
                (e->channel ? strlen(e->channel) : 0) + strlen(e->kind) + strlen(e->sha256);
        for (size_t i = 0; i < e->problem_count; i++)
            texts += strlen(e->problems[i].kind) + strlen(e->problems[i].text) + 100;
        break;
    }
    case LINE_CLAIM: {
        const identity_claim *c = line;
        texts = strlen(c->file) + strlen(c->computer) + strlen(c->key) + strlen(c->value) + strlen(c->channel) + strlen(c->source) + strlen(c->strength);
        break;
    }
    case LINE_BLOCK:
        rest = ((const log_block *)line)->anchor_count * 60;
        break;
    case LINE_ACT: {
        const act *a = line;
        texts = strlen(a->kind) + strlen(a->techniques) + (a->text ? strlen(a->text) : 0) + (a->finding ? strlen(a->finding) : 0);
        for (size_t i = 0; i < a->fact_count; i++)
            texts += strlen(a->facts[i].name) + strlen(a->facts[i].value) + 2;
        break;
    }
    case LINE_TALLY: {
        const tally *t = line;
        texts = strlen(t->kind);
        for (size_t i = 0; i < t->key_count; i++)
            texts += strlen(t->key[i].name) + strlen(t->key[i].value) + 2;
        rest = t->bucket_count * 120;
        break;
    }
    case LINE_CUT:
        texts = strlen(((const digest_cut *)line)->kind);
        break;
    default:
        break;
    }
    return FIXED + texts * ESCAPED + rest;
}

static size_t log_bound(const log_ref *log)
{
    return 128 + 6 * (strlen(log->file) + strlen(log->path) + strlen(log->computer) + strlen(log->channel));
}

/* What the digest's text costs at most; exact enough when it is far below the cap. */
static size_t rough_size(const digest *d)
{
    size_t sum = 1 << 16;
    for (int kind = 0; kind < LINE_KINDS; kind++)
        for (size_t i = 0; i < d->lines[kind].count; i++)
            sum += upper_bound(kind, vec_at(&d->lines[kind], i));
    for (size_t i = 0; i < d->logs.count; i++)
        sum += log_bound(&((const stored_log *)(uintptr_t)d->logs.entries[i].value)->ref);
    return sum;
}

typedef struct { digest *d; buf line; size_t left; bool full; } fit;

/* Takes the line's length, and of its log's line when it is the first to name it, from what is left. Once a line did not
 * fit none behind it does: so a part of a digest never keeps a line that the whole would not. */
static bool fits(fit *f, line_kind kind, const void *line)
{
    enum { LONGEST_ID = 20 };
    buf_clear(&f->line);
    line_put(kind, line, &f->line);
    size_t cost = f->line.len + LONGEST_ID;
    stored_log *log = (stored_log *)store_line_log(kind, line);
    if (log && !log->named)
        cost += log_bound(&log->ref);
    if (f->full || cost > f->left) {
        f->full = true;
        return false;
    }
    if (log)
        log->named = true;
    f->left -= cost;
    return true;
}

static bool any(const void *line)
{
    (void)line;
    return true;
}

static bool proves(const void *line)
{
    return ((const act *)line)->finding != NULL;
}

static bool proves_not(const void *line)
{
    return !proves(line);
}

/* What matters most to a reader of the case comes first. */
static void cap(digest *d)
{
    static const struct { line_kind kind; bool (*which)(const void *line); } order[] = {
        { LINE_CUT, any }, { LINE_EVIDENCE, any }, { LINE_CLAIM, any }, { LINE_ACT, proves }, { LINE_BLOCK, any }, { LINE_ACT, proves_not }, { LINE_TALLY, any },
    };
    fit f = { .d = d, .left = DIGEST_BYTES - (1 << 16) };      /* the head, and the cuts that tell of this */
    buf_init(&f.line, LINE_BYTES);
    forget_names(d);
    for (size_t o = 0; o < sizeof order / sizeof *order; o++) {
        vec *v = &d->lines[order[o].kind];
        size_t kept = 0;
        for (size_t i = 0; i < v->count; i++) {
            void *line = vec_at(v, i);
            if (order[o].which(line) && !fits(&f, order[o].kind, line))
                d->over[order[o].kind]++;
            else if (kept++ != i)
                memcpy(vec_at(v, kept - 1), line, v->each);
        }
        v->count = kept;
    }
    buf_done(&f.line);
}

void digest_sort(digest *d)
{
    if (d->sorted)
        return;
    vec *cuts = &d->lines[LINE_CUT];
    size_t kept = 0;
    for (size_t i = 0; i < cuts->count; i++)
        if (store_over(d, vec_at(cuts, i)) < 0)
            memmove(vec_at(cuts, kept++), vec_at(cuts, i), cuts->each);
    cuts->count = kept;

    for (int kind = 0; kind < LINE_KINDS; kind++)
        sort_and_drop_equal(&d->lines[kind], kind);
    if (rough_size(d) > DIGEST_BYTES)
        cap(d);

    for (int kind = 0; kind < LINE_KINDS; kind++)
        if (d->over[kind]) {
            const char *name = arena_printf(&d->mem, "digest.%s", store_kinds[kind]);
            *(digest_cut *)vec_push(cuts) = (digest_cut){ d->nowhere, keep_text(d, name), d->over[kind] };
        }
    sort_and_drop_equal(cuts, LINE_CUT);
    d->sorted = true;
}

static int compare_stored(const void *a, const void *b)
{
    return log_compare(*(const log_ref *const *)a, *(const log_ref *const *)b);
}

void store_number(digest *d, vec *out)
{
    vec_init(out, sizeof(stored_log *));
    forget_names(d);
    for (int kind = 0; kind < LINE_KINDS; kind++)
        for (size_t i = 0; i < d->lines[kind].count; i++) {
            stored_log *log = (stored_log *)store_line_log(kind, vec_at(&d->lines[kind], i));
            if (log && !log->named) {
                log->named = true;
                *(stored_log **)vec_push(out) = log;
            }
        }
    vec_sort(out, compare_stored);
    for (size_t i = 0; i < out->count; i++)
        (*(stored_log **)vec_at(out, i))->id = i;
}

const evidence_file *digest_evidence(const digest *d, size_t *count)
{
    *count = d->lines[LINE_EVIDENCE].count;
    return d->lines[LINE_EVIDENCE].at;
}

const act *digest_acts(const digest *d, size_t *count)
{
    *count = d->lines[LINE_ACT].count;
    return d->lines[LINE_ACT].at;
}

const tally *digest_tallies(const digest *d, size_t *count)
{
    *count = d->lines[LINE_TALLY].count;
    return d->lines[LINE_TALLY].at;
}

const log_block *digest_blocks(const digest *d, size_t *count)
{
    *count = d->lines[LINE_BLOCK].count;
    return d->lines[LINE_BLOCK].at;
}

const identity_claim *digest_claims(const digest *d, size_t *count)
{
    *count = d->lines[LINE_CLAIM].count;
    return d->lines[LINE_CLAIM].at;
}

const digest_cut *digest_cuts(const digest *d, size_t *count)
{
    *count = d->lines[LINE_CUT].count;
    return d->lines[LINE_CUT].at;
}

/* A name must stand before the survey is done, so it comes from the files as they lay; a digest that does not say which they
 * were is named after all the evidence that it lists. */
void digest_name(const digest *d, char out[65])
{
    const digest_head *h = &d->head;
    const char *parts[] = { SCHEMA, h->unit, h->tool, h->profiles, h->rules, h->options, h->sources };
    sha256 *sum = sha256_begin();
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        sha256_add(sum, span_of(parts[i], strlen(parts[i]) + 1));
    if (!*h->sources)
        for (size_t i = 0; i < d->lines[LINE_EVIDENCE].count; i++) {
            const evidence_file *e = vec_at(&d->lines[LINE_EVIDENCE], i);
            sha256_add(sum, span_of(e->path, strlen(e->path) + 1));
            sha256_add(sum, span_of(e->sha256, strlen(e->sha256) + 1));
        }
    uint8_t hash[32];
    sha256_end(sum, hash);
    hex_of(span_of(hash, sizeof hash), out);
}
