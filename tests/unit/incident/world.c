#include "world.h"

#include <stdio.h>
#include <stdlib.h>

world *world_new(void)
{
    world *w = calloc(1, sizeof *w);
    arena_init(&w->mem, 0);
    vec_init(&w->logs, sizeof(world_log *));
    vec_init(&w->files, sizeof(world_file));
    vec_init(&w->claims, sizeof(world_claim));
    vec_init(&w->digests, sizeof(digest *));
    status s = profile_open(NULL, &w->mem, &w->facts);
    assert_string_equal(s.words, "");
    return w;
}

void world_free(world *w)
{
    for (size_t i = 0; i < w->logs.count; i++) {
        world_log *log = *(world_log **)vec_at(&w->logs, i);
        vec_done(&log->records);
        free(log);
    }
    vec_done(&w->logs);
    vec_done(&w->files);
    vec_done(&w->claims);
    for (size_t i = 0; i < w->digests.count; i++)
        digest_free(*(digest **)vec_at(&w->digests, i));
    vec_done(&w->digests);
    arena_done(&w->mem);
    free(w);
}

world_log *world_add_log(world *w, const char *channel, uint64_t first_id)
{
    world_log *log = calloc(1, sizeof *log);
    log->channel = channel;
    log->first_id = first_id;
    log->seed = w->logs.count;
    vec_init(&log->records, sizeof(world_record));
    *(world_log **)vec_push(&w->logs) = log;
    return log;
}

world_log *world_add_hive(world *w, const char *kind)
{
    return world_add_log(w, arena_printf(&w->mem, "registry/%s", kind), 1);
}

static bool is_artifact(const world_file *f)
{
    static const char *const kinds[] = { "program", "crash-dump", "task" };
    bool is = strncmp(f->of->channel, "registry/", 9) == 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        is |= strcmp(f->of->channel, kinds[i]) == 0;
    return is;
}

void world_fill(world_log *log, const char *computer, moment from, moment to, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        world_record *r = vec_push(&log->records);
        *r = (world_record){ .time = from + (to - from) / count * i, .computer = computer };
    }
}

static void take_facts(world_record *r, va_list list)
{
    for (const char *name; (name = va_arg(list, const char *)) != NULL;) {
        size_t at = r->fact_count++;
        const char *value = va_arg(list, const char *);
        while (at > 0 && strcmp(r->facts[at - 1].name, name) > 0) {
            r->facts[at] = r->facts[at - 1];
            at--;
        }
        r->facts[at] = (fact){ name, value };
    }
}

world_record *world_act(world_log *log, const char *computer, moment t, const char *kind, ...)
{
    world_record *r = vec_push(&log->records);
    *r = (world_record){ .time = t, .computer = computer, .kind = kind };
    va_list list;
    va_start(list, kind);
    take_facts(r, list);
    va_end(list);
    return r;
}

void world_finding(world_record *r, const char *finding, severity s, unsigned confidence)
{
    r->finding = finding;
    r->severity = s;
    r->confidence = confidence;
}

void world_count(world_log *log, const char *computer, moment from, moment step, size_t count, const char *kind, ...)
{
    for (size_t i = 0; i < count; i++) {
        world_record *r = vec_push(&log->records);
        *r = (world_record){ .time = from + step * i, .computer = computer, .kind = kind, .counted = true };
        va_list list;
        va_start(list, kind);
        take_facts(r, list);
        va_end(list);
    }
}

void world_add_file(world *w, const char *unit, const char *name, const world_log *of, uint64_t from, uint64_t to)
{
    *(world_file *)vec_push(&w->files) = (world_file){ .name = name, .unit = unit, .of = of, .from = from, .to = to, .skip_from = UINT64_MAX, .every = 1 };
}

void world_skip(world *w, size_t file, uint64_t from, uint64_t to)
{
    world_file *f = vec_at(&w->files, file);
    f->skip_from = from;
    f->skip_to = to;
}

void world_thin(world *w, size_t file, uint64_t every)
{
    ((world_file *)vec_at(&w->files, file))->every = every;
}

static bool holds(const world_file *f, uint64_t id)
{
    return id >= f->from && id <= f->to && !(id >= f->skip_from && id <= f->skip_to) && id % f->every == 0;
}

void world_claims(world *w, const char *file, const char *computer, const char *key, const char *value, const char *strength, moment from, moment to)
{
    *(world_claim *)vec_push(&w->claims) = (world_claim){ file, computer, key, value, strength, from, to };
}

/* The id of a file is the hash of what is in it, as in life. */
static void file_id(const world_file *f, char sha[65])
{
    uint8_t hash[32];
    sha256 *h = sha256_begin();
    for (size_t i = 0; i < f->of->records.count; i++) {
        const world_record *r = vec_at(&f->of->records, i);
        uint64_t id = f->of->first_id + i;
        if (!holds(f, id))
            continue;
        sha256_add(h, span_of(&id, sizeof id));
        sha256_add(h, span_of(&r->time, sizeof r->time));
        sha256_add(h, span_str(r->computer));
    }
    sha256_add(h, span_str(f->of->channel));
    if (is_artifact(f))                                  /* what it claims is in no record */
        sha256_add(h, span_of(&f->of->seed, sizeof f->of->seed));
    sha256_end(h, hash);
    hex_of(span_of(hash, 32), sha);
}

typedef struct { const char *computer; uint64_t block, records, first, last; moment from, to; vec anchors; } made_block;

static void add_block(digest *d, const log_ref *log, made_block *b)
{
    log_block out = { .log = log, .block = b->block, .records = (uint32_t)b->records, .first_record = b->first, .last_record = b->last,
                      .first = b->from, .last = b->to, .anchors = b->anchors.at, .anchor_count = b->anchors.count };
    if (b->records)
        digest_add_block(d, &out);
    vec_done(&b->anchors);
}

static bool same_key(const world_record *a, const world_record *b)
{
    if (strcmp(a->kind, b->kind) != 0 || a->fact_count != b->fact_count || strcmp(a->computer, b->computer) != 0)
        return false;
    for (size_t i = 0; i < a->fact_count; i++)
        if (strcmp(a->facts[i].name, b->facts[i].name) != 0 || strcmp(a->facts[i].value, b->facts[i].value) != 0)
            return false;
    return true;
}

/* Tallies of one block: all records of the block that are counted, by key, in minutes. */
static void add_tallies(digest *d, const char *id, const world_file *f, size_t from, size_t to, uint64_t block)
{
    bool *done = calloc(to - from + 1, sizeof *done);
    for (size_t i = from; i < to; i++) {
        const world_record *r = vec_at(&f->of->records, i);
        if (!r->counted || done[i - from] || !holds(f, f->of->first_id + i))
            continue;
        vec buckets;
        vec_init(&buckets, sizeof(tally_bucket));
        for (size_t k = i; k < to; k++) {
            const world_record *o = vec_at(&f->of->records, k);
            if (!o->counted || !same_key(r, o) || !holds(f, f->of->first_id + k))
                continue;
            done[k - from] = true;
            moment start = o->time / MOMENT_MINUTE * MOMENT_MINUTE;
            tally_bucket *b = buckets.count ? vec_at(&buckets, buckets.count - 1) : NULL;
            if (!b || b->start != start) {
                b = vec_push(&buckets);
                *b = (tally_bucket){ .start = start, .record = f->of->first_id + k, .first = o->time, .last = o->time };
            }
            b->count++;
            b->last = o->time;
        }
        log_ref ref = { id, f->name, r->computer, f->of->channel };
        digest_add_tally(d, &(tally){ .log = digest_log(d, &ref), .kind = r->kind, .block = block, .key = (fact *)r->facts, .key_count = r->fact_count,
                                      .width = MOMENT_MINUTE, .buckets = buckets.at, .bucket_count = buckets.count });
        vec_done(&buckets);
    }
    free(done);
}

static void add_claims(const world *w, digest *d, const char *id, const world_file *f)
{
    for (size_t i = 0; i < w->claims.count; i++) {
        const world_claim *c = vec_at(&w->claims, i);
        if (strcmp(c->file, f->name) == 0)
            digest_add_claim(d, &(identity_claim){ .file = id, .computer = c->computer, .key = c->key, .value = c->value, .from = c->from, .to = c->to,
                                                   .channel = f->of->channel, .source = "test", .strength = c->strength });
    }
}

static void add_hive(digest *d, const char *id, const world_file *f, evidence_file *e)
{
    e->kind = strcmp(f->of->channel, "program") == 0 ? "other" : strcmp(f->of->channel, "task") == 0 ? "task" : "registry";
    e->read = strcmp(e->kind, "other") != 0;
    for (size_t i = 0; i < f->of->records.count; i++) {
        const world_record *r = vec_at(&f->of->records, i);
        log_ref ref = { id, f->name, "", f->of->channel };
        e->records++;
        e->last = !moment_known(e->last) || r->time > e->last ? r->time : e->last;
        digest_add_act(d, &(act){ .log = digest_log(d, &ref), .kind = r->kind, .record = f->of->first_id + i, .time = r->time, .facts = (fact *)r->facts,
                                  .fact_count = r->fact_count, .finding = r->finding, .severity = r->severity, .confidence = r->confidence,
                                  .techniques = "" });
    }
    digest_add_evidence(d, e);
}

static void add_file(const world *w, digest *d, const world_file *f)
{
    char sha[65], id[17];
    file_id(f, sha);
    memcpy(id, sha, 16);
    id[16] = '\0';
    evidence_file e = { .id = id, .path = f->name, .unit = f->unit, .sha256 = sha, .bytes = 4096, .kind = "evtx", .read = true, .channel = f->of->channel,
                        .first = MOMENT_UNKNOWN, .last = MOMENT_UNKNOWN };
    if (is_artifact(f)) {
        add_hive(d, id, f, &e);
        add_claims(w, d, id, f);
        return;
    }
    made_block now[4] = { 0 };                       /* one a computer name */
    size_t names = 0, block_from = SIZE_MAX;
    uint64_t block = UINT64_MAX;
    size_t last_in = 0;
    for (size_t i = 0; i < f->of->records.count; i++) {
        const world_record *r = vec_at(&f->of->records, i);
        uint64_t record = f->of->first_id + i;
        if (!holds(f, record))
            continue;
        if (record / BLOCK_RECORDS != block) {
            for (size_t n = 0; n < names; n++)
                add_block(d, digest_log(d, &(log_ref){ id, f->name, now[n].computer, f->of->channel }), &now[n]);
            if (block_from != SIZE_MAX)
                add_tallies(d, id, f, block_from, last_in + 1, block);
            names = 0;
            block = record / BLOCK_RECORDS;
            block_from = i;
        }
        last_in = i;
        size_t n = 0;
        while (n < names && strcmp(now[n].computer, r->computer) != 0)
            n++;
        assert_true(n < 4);
        made_block *b = &now[n];
        if (n == names) {
            *b = (made_block){ .computer = r->computer, .block = block, .first = record, .from = r->time };
            vec_init(&b->anchors, sizeof(block_anchor));
            names++;
        }
        if (b->records == 0 || record % 128 == 0)
            *(block_anchor *)vec_push(&b->anchors) = (block_anchor){ record, r->time };
        b->records++;
        b->last = record;
        b->from = r->time < b->from ? r->time : b->from;
        b->to = r->time > b->to ? r->time : b->to;
        e.records++;
        e.first_record = e.first_record ? e.first_record : record;
        e.last_record = record;
        e.first = !moment_known(e.first) || r->time < e.first ? r->time : e.first;
        e.last = !moment_known(e.last) || r->time > e.last ? r->time : e.last;
        e.computer = r->computer;
        if (r->kind && !r->counted) {
            log_ref ref = { id, f->name, r->computer, f->of->channel };
            digest_add_act(d, &(act){ .log = digest_log(d, &ref), .kind = r->kind, .record = record, .offset = record * 100, .time = r->time,
                                      .facts = (fact *)r->facts, .fact_count = r->fact_count, .finding = r->finding, .severity = r->severity,
                                      .confidence = r->confidence, .techniques = "" });
        }
    }
    for (size_t n = 0; n < names; n++)
        add_block(d, digest_log(d, &(log_ref){ id, f->name, now[n].computer, f->of->channel }), &now[n]);
    if (block_from != SIZE_MAX)
        add_tallies(d, id, f, block_from, last_in + 1, block);
    digest_add_evidence(d, &e);
    add_claims(w, d, id, f);
}

digest *world_digest(const world *w, const char *unit, const size_t *files, size_t count)
{
    digest_head head = { .unit = unit, .tool = "0.1.0", .profiles = "p", .rules = "r", .options = "o" };
    digest *d = digest_new(&head);
    for (size_t i = 0; i < count; i++)
        add_file(w, d, vec_at(&w->files, files[i]));
    digest_sort(d);
    return d;
}

suyuan_case *world_join(world *w, digest *const *digests, size_t count)
{
    suyuan_case *c = NULL;
    status s = incident_join(&w->mem, digests, count, w->scene, w->facts, &c);
    assert_string_equal(s.words, "");
    return c;
}

suyuan_case *world_case(world *w)
{
    size_t *files = arena_array(&w->mem, w->files.count, sizeof *files);
    for (size_t i = 0; i < w->files.count; i++)
        files[i] = i;
    digest *d = world_digest(w, "unit", files, w->files.count);
    *(digest **)vec_push(&w->digests) = d;
    return world_join(w, &d, 1);
}

const char *world_json(world *w, const suyuan_case *c)
{
    buf out;
    buf_init(&out, 64u << 20);
    status s = store_json(c, at("2026-01-01T00:00:00Z"), &out);
    assert_string_equal(s.words, "");
    const char *text = arena_text(&w->mem, buf_bytes(&out));
    buf_done(&out);
    return text;
}

void world_scene(world *w, const char *yaml)
{
    status s = scene_parse(&w->mem, "scene.yml", span_str(yaml), &w->scene);
    assert_string_equal(s.words, "");
}

moment at(const char *iso)
{
    moment t;
    assert_true(moment_parse(span_str(iso), &t));
    return t;
}

const finding *find_nth(const suyuan_case *c, const char *kind, const char *host, size_t nth)
{
    for (size_t i = 0; i < c->finding_count; i++) {
        const finding *f = &c->findings[i];
        if (strcmp(f->kind, kind) == 0 && (!host || (f->host != HOST_NONE && strcmp(c->hosts[f->host].names[0], host) == 0)) && nth-- == 0)
            return f;
    }
    return NULL;
}

const finding *find_one(const suyuan_case *c, const char *kind, const char *host)
{
    const finding *f = find_nth(c, kind, host, 0);
    assert_non_null(f);
    assert_null(find_nth(c, kind, host, 1));
    return f;
}

size_t count_findings(const suyuan_case *c, const char *kind)
{
    size_t n = 0;
    for (size_t i = 0; i < c->finding_count; i++)
        n += strcmp(c->findings[i].kind, kind) == 0;
    return n;
}

const char *fact_of(const finding *f, const char *name)
{
    return note_fact(f->facts, f->fact_count, name);
}

const char *arg_of(const sentence *s, const char *name)
{
    for (size_t i = 0; i < s->arg_count; i++)
        if (strcmp(s->args[i].name, name) == 0)
            return s->args[i].value;
    return "";
}

const host *host_called(const suyuan_case *c, const char *name)
{
    const host *found = NULL;
    for (size_t i = 0; i < c->host_count; i++)
        if (strcmp(c->hosts[i].names[0], name) == 0) {
            assert_null(found);
            found = &c->hosts[i];
        }
    assert_non_null(found);
    return found;
}
