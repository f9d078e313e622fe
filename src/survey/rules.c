#include "survey/rules.h"

#include "base/map.h"
#include "base/utf16.h"
#include "base/vec.h"
#include "detect/subject.h"

#include <stdio.h>

/* Examples are hits that differ, of the first ones tried. Of a rule in a log so many records are remembered, to be held against what
 * detectors note; and so many lines are counted by block, beyond which all stand in the first. */
enum { EXAMPLES = 4, TRIED = 48, REFS_EACH = 4096, REFS_ALL = 1 << 17, NOTED_EACH = 16, STATES = 4096, COUNTS_ALL = 1 << 18, LINES_ALL = 16384,
       MATCHED = 1000, TEXT = 600, BUCKETS = 64, EXAMPLE_BYTES = 4 << 20 };

/* Facts that tie a hit to others, by the names that events have for them. An account has its domain in another field. */
static const struct { const char *fact, *name; } simple_facts[] = {
    { "image", "Image" }, { "image", "NewProcessName" }, { "image", "SourceImage" }, { "image", "Application" }, { "image", "ProcessName" },
    { "command", "CommandLine" }, { "account", "User" }, { "account", "AccountName" }, { "source", "IpAddress" }, { "source", "ClientAddress" }, { "source", "IPString" },
    { "dest", "DestinationIp" }, { "dest", "DestAddress" }, { "service", "ServiceName" }, { "task", "TaskName" }, { "file", "TargetFilename" },
    { "file", "RelativeTargetName" }, { "path", "ImagePath" }, { "path", "ServiceFileName" }, { "key", "TargetObject" }, { "domain", "QueryName" },
    { "domain", "DestinationHostname" }, { "target", "TargetImage" }, { "parent", "ParentImage" }, { "parent", "ParentProcessName" },
};
static const struct { const char *domain, *name; } accounts[] = { { "TargetDomainName", "TargetUserName" }, { "SubjectDomainName", "SubjectUserName" } };
enum { SIMPLE = sizeof simple_facts / sizeof *simple_facts, ACCOUNTS = sizeof accounts / sizeof *accounts };

typedef struct { const char *kind, *key, *tags; bool told; } rule_note;      /* kind: "rule.match." and the key */

struct rule_setup {
    const sigma_rules *rules;
    const detect_run *run;
    withheld *names;
    rule_note *notes;                    /* one a rule */
    field simple[SIMPLE], domain[ACCOUNTS], name[ACCOUNTS];
    bool correlates;
};

typedef struct { uint64_t record, offset; moment time; bool recovered; } hit_ref;
typedef struct { uint64_t block; moment day; uint32_t count, noted; uint64_t record; moment first, last; } hit_count;
typedef struct { hit_ref at; fact *facts; size_t count; } example;

typedef struct {
    uint32_t rule, log;
    uint64_t total;
    unsigned tried;
    example examples[EXAMPLES]; size_t example_count;
    vec refs;                            /* hit_ref */
    vec counts;                          /* hit_count */
} rule_state;

typedef struct { span computer, channel; log_ref ref; map of_rule; } rule_log;

struct rule_pass {
    const rule_setup *setup;
    sigma_matcher *matcher;
    sigma_correlator *correlator;
    arena mem, scratch;
    const char *file, *path;
    vec logs, states;                    /* rule_log, rule_state */
    map log_index;                       /* computer and channel to log */
    size_t last_log, refs, counted, bytes;      /* bytes: of examples */
    uint64_t cut;
    map noted;                           /* records that findings of detectors cite */
    buf key;
    const event *at;                     /* of the step */
};

/* ---- the run's ---- */

static void describe(const sigma_rule *r, arena *mem, rule_note *out)
{
    uint8_t hash[32];
    char hex[65];
    const char *id = *r->id ? r->id : arena_printf(mem, "%s\x1f%s\x1f%u", r->path, r->title, r->line);
    sha256 *sum = sha256_begin();
    sha256_add(sum, span_str(id));
    sha256_end(sum, hash);
    hex_of(span_of(hash, sizeof hash), hex);
    buf tags;
    buf_init(&tags, 1024);
    for (size_t i = 0; i < r->tag_count; i++)
        buf_printf(&tags, "%s%s", i ? " " : "", r->tags[i]);
    out->key = arena_printf(mem, "%.16s", hex);
    out->kind = arena_printf(mem, "rule.match.%s", out->key);
    out->tags = arena_str(mem, buf_text(&tags));
    buf_done(&tags);
}

rule_setup *rule_setup_new(sigma_rules *rules, detect_run *run, withheld *names_withheld, arena *mem)
{
    rule_setup *s = arena_alloc(mem, sizeof *s);
    fields *names = detect_run_names(run);
    sigma_intern(rules, names);
    s->names = names_withheld;
    withheld_intern(s->names, names);
    s->rules = rules;
    s->run = run;
    s->notes = arena_array(mem, sigma_count(rules) + 1, sizeof *s->notes);
    for (uint32_t i = 0; i < sigma_count(rules); i++) {
        describe(sigma_rule_at(rules, i), mem, &s->notes[i]);
        s->notes[i].told = !sigma_hidden(rules, i);
        s->correlates |= sigma_wanted(rules, i);
    }
    for (size_t i = 0; i < SIMPLE; i++)
        s->simple[i] = fields_intern(names, simple_facts[i].name);
    for (size_t i = 0; i < ACCOUNTS; i++) {
        s->domain[i] = fields_intern(names, accounts[i].domain);
        s->name[i] = fields_intern(names, accounts[i].name);
    }
    return s;
}

sigma_matcher *rule_matcher(const rule_setup *s)
{
    return sigma_matcher_new(s->rules);
}

/* ---- one file's ---- */

static void give_correlated(void *context, const sigma_correlated *c);

rule_pass *rule_pass_new(const rule_setup *s, sigma_matcher *m, const char *file_id, const char *path)
{
    arena mem;
    arena_init(&mem, 0);
    rule_pass *p = arena_alloc(&mem, sizeof *p);
    *p = (rule_pass){ .setup = s, .matcher = m };
    p->mem = mem;
    arena_init(&p->scratch, 0);
    p->file = arena_str(&p->mem, file_id);
    p->path = arena_str(&p->mem, path);
    vec_init(&p->logs, sizeof(rule_log));
    vec_init(&p->states, sizeof(rule_state));
    map_init(&p->noted);
    map_init(&p->log_index);
    buf_init(&p->key, 1 << 20);
    if (s->correlates)
        p->correlator = sigma_correlator_new(s->rules, give_correlated, p);
    return p;
}

static size_t log_of(rule_pass *p, const event *ev)
{
    const rule_log *last = p->logs.count ? vec_at(&p->logs, p->last_log) : NULL;
    if (last && span_eq(last->computer, ev->computer) && span_eq(last->channel, ev->channel))
        return p->last_log;
    uint64_t computer = ev->computer.len;
    buf_clear(&p->key);
    buf_put(&p->key, &computer, sizeof computer);
    buf_span(&p->key, ev->computer);
    buf_span(&p->key, ev->channel);
    uint64_t *known = map_find(&p->log_index, buf_bytes(&p->key));
    size_t at = known ? (size_t)*known : p->logs.count;
    if (!known) {
        if (at == STATES)
            return SIZE_MAX;
        *map_put(&p->log_index, buf_bytes(&p->key), NULL) = at;
        rule_log *l = vec_push(&p->logs);
        *l = (rule_log){ .computer = arena_span(&p->mem, ev->computer), .channel = arena_span(&p->mem, ev->channel) };
        l->ref = (log_ref){ p->file, p->path, utf16_text(&p->mem, utf16_trim(ev->computer)), utf16_text(&p->mem, utf16_trim(ev->channel)) };
        map_init(&l->of_rule);
    }
    return p->last_log = at;
}

static rule_state *state_of(rule_pass *p, uint32_t rule, const event *ev)
{
    size_t log = log_of(p, ev);
    bool was;
    if (log == SIZE_MAX)
        return NULL;
    rule_log *l = vec_at(&p->logs, log);
    uint64_t *at = map_find(&l->of_rule, span_of(&rule, sizeof rule));
    if (at)
        return vec_at(&p->states, (size_t)*at);
    if (p->states.count == STATES)
        return NULL;
    *map_put(&l->of_rule, span_of(&rule, sizeof rule), &was) = p->states.count;
    rule_state *s = vec_push(&p->states);
    *s = (rule_state){ .rule = rule, .log = (uint32_t)log };
    vec_init(&s->refs, sizeof(hit_ref));
    vec_init(&s->counts, sizeof(hit_count));
    return s;
}

static void count_hit(rule_pass *p, rule_state *s, const event *ev)
{
    uint64_t block = ev->record_id / BLOCK_RECORDS;
    moment day = moment_known(ev->time) ? ev->time - ev->time % MOMENT_DAY : MOMENT_UNKNOWN;
    hit_count *at = NULL;
    for (size_t i = s->counts.count; i-- > 0 && s->counts.count - i <= 4 && !at;) {
        hit_count *c = vec_at(&s->counts, i);
        at = c->block == block && c->day == day ? c : NULL;
    }
    if (!at && p->counted < COUNTS_ALL) {
        at = vec_push(&s->counts);
        *at = (hit_count){ block, day, 0, 0, ev->record_id, ev->time, ev->time };
        p->counted++;
    }
    if (!at)
        at = s->counts.count ? vec_at(&s->counts, s->counts.count - 1) : NULL;
    if (!at) {
        p->cut++;
        return;
    }
    at->count += at->count < UINT32_MAX;
    if (moment_known(ev->time)) {
        at->first = ev->time < at->first ? ev->time : at->first;
        at->last = !moment_known(at->last) || ev->time > at->last ? ev->time : at->last;
    }
}

/* ---- examples ---- */

typedef struct { fact at[NOTE_FACTS]; size_t count; } fact_list;

static void add_fact(fact_list *l, const char *name, const char *value)
{
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->at[i].name, name) == 0)
            return;
    if (value && *value && strcmp(value, "-") != 0 && l->count < NOTE_FACTS)
        l->at[l->count++] = (fact){ name, value };
}

static const char *shortened(arena *mem, const char *text, size_t most)
{
    size_t len = strlen(text);
    if (len <= most)
        return text;
    while (most > 0 && ((unsigned char)text[most] & 0xc0) == 0x80)
        most--;
    return arena_printf(mem, "%.*s…", (int)most, text);
}

static const char *masked(rule_pass *p, const char *text)
{
    return text ? shortened(&p->scratch, detect_run_masked(p->setup->run, text, &p->scratch), TEXT) : NULL;
}

static void subject_facts(rule_pass *p, const event *ev, fact_list *out)
{
    const rule_setup *s = p->setup;
    bool hidden = withheld_of(s->names, ev) != NULL;
    for (size_t i = 0; i < ACCOUNTS && !hidden; i++)
        add_fact(out, "account", detect_account(ev, s->domain[i], s->name[i], &p->scratch));
    for (size_t i = 0; i < SIMPLE; i++) {
        if (strcmp(simple_facts[i].fact, "account") == 0 && hidden)
            continue;
        binxml_value v = event_get(ev, s->simple[i]);
        const char *text = value_absent(v) ? NULL : value_text(v, &p->scratch);
        if (text && strcmp(simple_facts[i].fact, "source") == 0) {
            bool local = false;
            text = detect_address(text, &local);
        }
        add_fact(out, simple_facts[i].fact, masked(p, text));
    }
}

static void put_matched(rule_pass *p, const event *ev, const char *name, const char *value, buf *out)
{
    buf_printf(out, "%s%s=%s", out->len ? ", " : "", name, withheld_hides(withheld_of(p->setup->names, ev), name) ? "***" : masked(p, value));
}

static const char *matched_text(rule_pass *p, buf *out)
{
    const char *text = shortened(&p->scratch, arena_str(&p->scratch, buf_text(out)), MATCHED);
    buf_done(out);
    return text;
}

/* Fields of the condition that held. */
static const char *why_text(rule_pass *p, const event *ev, const sigma_hit *hit)
{
    buf out, value;
    buf_init(&out, 64 << 10);
    for (uint32_t i = 0; i < hit->field_count; i++) {
        buf_init(&value, 1 << 20);
        sigma_field_put(p->matcher, ev, hit->fields[i], &value);
        put_matched(p, ev, sigma_field_name(p->setup->rules, hit->fields[i]), arena_str(&p->scratch, buf_text(&value)), &out);
        buf_done(&value);
    }
    return matched_text(p, &out);
}

/* Fields by which a correlation groups. */
static const char *group_text(rule_pass *p, const sigma_correlated *c)
{
    buf out;
    buf_init(&out, 64 << 10);
    for (size_t i = 0; i < c->field_count; i++)
        put_matched(p, p->at, c->fields[i].name, c->fields[i].value, &out);
    return matched_text(p, &out);
}

static void rule_facts(const rule_setup *s, uint32_t rule, fact_list *out)
{
    const sigma_rule *r = sigma_rule_at(s->rules, rule);
    add_fact(out, "rule", *r->id ? r->id : s->notes[rule].key);
    add_fact(out, "title", r->title);
    add_fact(out, "title_zh", r->title_zh);
    add_fact(out, "level", sigma_level_word(r->level));
    add_fact(out, "tags", s->notes[rule].tags);
}

static bool same_facts(const example *e, const fact_list *l)
{
    bool same = e->count == l->count;
    for (size_t i = 0; same && i < l->count; i++)
        same = strcmp(e->facts[i].name, l->at[i].name) == 0 && strcmp(e->facts[i].value, l->at[i].value) == 0;
    return same;
}

static hit_ref ref_of(const event *ev)
{
    return (hit_ref){ ev->record_id, ev->offset, ev->time, ev->recovered };
}

static void keep_example(rule_pass *p, rule_state *s, const event *ev, const fact_list *l)
{
    for (size_t i = 0; i < s->example_count; i++)
        if (same_facts(&s->examples[i], l))
            return;
    for (size_t i = 0; i < l->count; i++)
        p->bytes += strlen(l->at[i].name) + strlen(l->at[i].value);
    if (p->bytes > EXAMPLE_BYTES && s->example_count)    /* the first is needed: it says which rule it is */
        return;
    example *e = &s->examples[s->example_count++];
    *e = (example){ .at = ref_of(ev), .facts = arena_array(&p->mem, l->count + 1, sizeof *e->facts), .count = l->count };
    for (size_t i = 0; i < l->count; i++)
        e->facts[i] = (fact){ arena_str(&p->mem, l->at[i].name), arena_str(&p->mem, l->at[i].value) };
}

/* One of the two is given: why the rule matched, or what made a correlation true. */
static void add_hit(rule_pass *p, const event *ev, const sigma_hit *hit, const sigma_correlated *correlated)
{
    uint32_t rule = hit ? hit->rule : correlated->rule;
    rule_state *s = state_of(p, rule, ev);
    if (!s) {
        p->cut++;
        return;
    }
    s->total++;
    count_hit(p, s, ev);
    if (s->refs.count < REFS_EACH && p->refs < REFS_ALL) {
        *(hit_ref *)vec_push(&s->refs) = ref_of(ev);
        p->refs++;
    }
    if (s->example_count == EXAMPLES || s->tried >= TRIED)
        return;
    s->tried++;
    fact_list l = { .count = 0 };
    if (correlated) {
        char first[MOMENT_TEXT];
        add_fact(&l, "matched", group_text(p, correlated));
        add_fact(&l, "events", arena_printf(&p->scratch, "%llu", (unsigned long long)correlated->count));
        add_fact(&l, "from", moment_known(correlated->first) ? arena_str(&p->scratch, moment_iso(correlated->first, first)) : NULL);
    } else {
        add_fact(&l, "matched", why_text(p, ev, hit));
    }
    subject_facts(p, ev, &l);
    rule_facts(p->setup, rule, &l);
    keep_example(p, s, ev, &l);
}

static void give_correlated(void *context, const sigma_correlated *c)
{
    rule_pass *p = context;
    if (p->setup->notes[c->rule].told)
        add_hit(p, p->at, NULL, c);
}

void rule_pass_step(rule_pass *p, const event *ev)
{
    const sigma_hit *hits;
    size_t count = sigma_hits(p->matcher, ev, &hits);
    if (!count)
        return;
    p->at = ev;
    for (size_t i = 0; i < count; i++)
        if (p->setup->notes[hits[i].rule].told)
            add_hit(p, ev, &hits[i], NULL);
    /* The order of recovered records among the others is not known. */
    for (size_t i = 0; i < count && p->correlator && !ev->recovered; i++)
        if (sigma_wanted(p->setup->rules, hits[i].rule)) {
            sigma_field *needed;
            size_t n = sigma_needed(p->matcher, ev, hits[i].rule, &p->scratch, &needed);
            sigma_correlate(p->correlator, hits[i].rule, ev->time, needed, n, ev);
        }
    arena_reset(&p->scratch);
}

/* ---- the end ---- */

static span record_key(rule_pass *p, const log_ref *log, uint64_t record, moment time)
{
    buf_clear(&p->key);
    buf_put(&p->key, &record, sizeof record);
    buf_put(&p->key, &time, sizeof time);
    buf_put(&p->key, log->computer, strlen(log->computer) + 1);
    buf_str(&p->key, log->channel);
    return buf_bytes(&p->key);
}

void rule_pass_noted(rule_pass *p, const act *a)
{
    if (a->finding && a->finding[0] && p->states.count)
        map_put(&p->noted, record_key(p, a->log, a->record, a->time), NULL);
}

static bool is_noted(rule_pass *p, const log_ref *log, const hit_ref *r)
{
    return p->noted.count && map_find(&p->noted, record_key(p, log, r->record, r->time)) != NULL;
}

static void give_act(rule_pass *p, digest *out, const rule_state *s, const log_ref *log, const hit_ref *at, const fact *facts, size_t count)
{
    act a = { .log = log, .kind = p->setup->notes[s->rule].kind, .record = at->record, .offset = at->offset, .time = at->time, .recovered = at->recovered,
              .facts = arena_array(&p->scratch, count + 1, sizeof *a.facts), .fact_count = count, .techniques = "" };
    memcpy(a.facts, facts, count * sizeof *facts);
    digest_add_act(out, &a);
}

static void mark_noted(rule_state *s, const hit_ref *r)
{
    uint64_t block = r->record / BLOCK_RECORDS;
    for (size_t i = 0; i < s->counts.count; i++) {
        hit_count *c = vec_at(&s->counts, i);
        if (c->block == block && (!moment_known(r->time) || c->day == r->time - r->time % MOMENT_DAY)) {
            c->noted++;
            return;
        }
    }
}

/* Examples, and hits that detectors cite: those need say no more than which rule it was. */
static void give_acts(rule_pass *p, digest *out, rule_state *s, const log_ref *log)
{
    size_t noted = 0;
    fact_list l = { .count = 0 };
    rule_facts(p->setup, s->rule, &l);
    for (size_t i = 0; i < s->example_count; i++)
        give_act(p, out, s, log, &s->examples[i].at, s->examples[i].facts, s->examples[i].count);
    for (size_t i = 0; i < s->refs.count; i++) {
        const hit_ref *r = vec_at(&s->refs, i);
        bool shown = false;
        if (!is_noted(p, log, r))
            continue;
        mark_noted(s, r);
        for (size_t e = 0; e < s->example_count && !shown; e++)
            shown = s->examples[e].at.record == r->record && s->examples[e].at.time == r->time;
        if (!shown && noted++ < NOTED_EACH)
            give_act(p, out, s, log, r, l.at, l.count);
    }
}

static int by_block(const void *a, const void *b)
{
    const hit_count *l = a, *r = b;
    if (l->block != r->block)
        return l->block < r->block ? -1 : 1;
    return (l->day > r->day) - (l->day < r->day);
}

static void put_tally(rule_pass *p, digest *out, const rule_state *s, const log_ref *log, const char *kind, const hit_count *all, size_t count, bool noted)
{
    fact key = { "rule", p->setup->notes[s->rule].key };
    tally_bucket *buckets = arena_array(&p->scratch, count + 1, sizeof *buckets);
    tally t = { .log = log, .kind = kind, .block = all->block, .key = &key, .key_count = 1, .width = MOMENT_DAY, .buckets = buckets };
    for (size_t i = 0; i < count; i++) {
        uint32_t n = noted ? all[i].noted : all[i].count;
        tally_bucket *last = t.bucket_count ? &buckets[t.bucket_count - 1] : NULL;
        if (n && last && (last->start == all[i].day || t.bucket_count == BUCKETS)) {
            last->count += n;
            last->first = all[i].first < last->first ? all[i].first : last->first;
            last->last = all[i].last > last->last ? all[i].last : last->last;
        } else if (n) {
            buckets[t.bucket_count++] = (tally_bucket){ all[i].day, n, all[i].record, all[i].first, all[i].last };
        }
    }
    if (t.bucket_count)
        digest_add_tally(out, &t);
}

static void give_tallies(rule_pass *p, digest *out, rule_state *s, const log_ref *log, size_t lines_most)
{
    size_t lines = 0;
    vec_sort(&s->counts, by_block);
    const hit_count *all = s->counts.at;
    for (size_t i = 0; i < s->counts.count; i++)
        lines += i == 0 || all[i].block != all[i - 1].block;
    bool whole = lines > lines_most;
    for (size_t from = 0, end; from < s->counts.count; from = end) {
        for (end = from + 1; end < s->counts.count && (whole || all[end].block == all[from].block);)
            end++;
        put_tally(p, out, s, log, "rule.match", all + from, end - from, false);
        put_tally(p, out, s, log, "rule.noted", all + from, end - from, true);
    }
}

void rule_pass_end(rule_pass *p, digest *out)
{
    size_t lines_most = LINES_ALL / (p->states.count ? p->states.count : 1);
    if (lines_most < 16)
        lines_most = 16;
    for (size_t i = 0; i < p->states.count; i++) {
        rule_state *s = vec_at(&p->states, i);
        const log_ref *log = digest_log(out, &((const rule_log *)vec_at(&p->logs, s->log))->ref);
        give_acts(p, out, s, log);
        give_tallies(p, out, s, log, lines_most);
        vec_done(&s->refs);
        vec_done(&s->counts);
        arena_reset(&p->scratch);
    }
    if (p->correlator)
        p->cut += sigma_correlator_free(p->correlator);
    if (p->cut) {
        log_ref nowhere = { p->file, p->path, "", "" };
        digest_add_cut(out, digest_log(out, &nowhere), "rule.match", p->cut);
    }
    for (size_t i = 0; i < p->logs.count; i++)
        map_done(&((rule_log *)vec_at(&p->logs, i))->of_rule);
    vec_done(&p->logs);
    vec_done(&p->states);
    map_done(&p->noted);
    map_done(&p->log_index);
    buf_done(&p->key);
    arena_done(&p->scratch);
    arena mem = p->mem;
    arena_done(&mem);
}
