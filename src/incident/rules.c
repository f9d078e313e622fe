/* What did Sigma rules match? Where a finding cites the same record, or tells of the same technique on the same thing, the rule's name
 * stands with that finding; else it is told once a rule and host, with how often, and on how many hosts: the gravest and rarest first,
 * behind all else. Nothing is concluded from it: a rule says what its author thought of, detectors say what happened here. */
#include "incident/internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define KIND "rule.match."
enum { EXAMPLES_MOST = 8, NAMES_MOST = 8 };

/* The acts of one rule on one host, and how often it matched there. */
typedef struct {
    uint32_t host;
    const char *key;
    const act *const *acts; size_t count;
    uint64_t total, noted;
    moment first, last;
    uint64_t hosts;                      /* that have it */
    double rank;
} match;

/* ---- gathering ---- */

static size_t first_match(const joined_host *h)
{
    size_t low = 0, high = h->act_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (strcmp(h->acts[mid]->kind, KIND) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static span host_key(buf *key, uint32_t host, const char *text)
{
    buf_clear(key);
    buf_put(key, &host, sizeof host);
    buf_str(key, text);
    return buf_bytes(key);
}

static void add_tally(match *m, const joined_tally *t)
{
    if (strcmp(t->kind, "rule.noted") == 0) {
        m->noted += t->total;
        return;
    }
    m->total += t->total;
    if (moment_known(t->first) && (!moment_known(m->first) || t->first < m->first))
        m->first = t->first;
    if (moment_known(t->last) && (!moment_known(m->last) || t->last > m->last))
        m->last = t->last;
}

/* What the acts say which rule it is, the tallies how often. */
static void gather_matches(const joined *j, vec *out, map *hosts, buf *key)
{
    map index;
    map_init(&index);
    for (uint32_t host = 0; host < host_total(j); host++) {
        const joined_host *h = host_of(j, host);
        for (size_t i = first_match(h), end; i < h->act_count && strncmp(h->acts[i]->kind, KIND, strlen(KIND)) == 0; i = end) {
            for (end = i + 1; end < h->act_count && strcmp(h->acts[end]->kind, h->acts[i]->kind) == 0;)
                end++;
            const char *rule = h->acts[i]->kind + strlen(KIND);
            *map_put(&index, host_key(key, host, rule), NULL) = out->count;
            *(match *)vec_push(out) = (match){ .host = host, .key = rule, .acts = h->acts + i, .count = end - i, .first = h->acts[i]->time, .last = MOMENT_UNKNOWN };
            ++*map_put(hosts, span_str(rule), NULL);
        }
    }
    for (size_t i = 0; i < j->tallies.count && out->count; i++) {
        const joined_tally *t = vec_at(&j->tallies, i);
        uint64_t *at = strncmp(t->kind, "rule.", 5) == 0 ? map_find(&index, host_key(key, t->host, tally_key(t, "rule"))) : NULL;
        if (at)
            add_tally(vec_at(out, (size_t)*at), t);
    }
    for (size_t i = 0; i < out->count; i++) {
        match *m = vec_at(out, i);
        if (m->total < m->count)                         /* tallies may have been cut off, acts not */
            m->total = m->count;
    }
    map_done(&index);
}

/* ---- where a detector says it already ---- */

static span record_key(buf *key, uint32_t host, const char *channel, uint64_t record)
{
    buf_clear(key);
    buf_put(key, &host, sizeof host);
    buf_put(key, &record, sizeof record);
    buf_str(key, channel ? channel : "");
    return buf_bytes(key);
}

static void index_records(const joined *j, map *records, buf *key)
{
    for (size_t i = 0; i < j->told.count; i++) {
        const finding *f = &finding_at(j, i)->f;
        bool was;
        for (size_t e = 0; e < f->evidence_count; e++) {
            if (!f->evidence[e].record)
                continue;
            uint64_t *at = map_put(records, record_key(key, f->host, f->evidence[e].channel, f->evidence[e].record), &was);
            if (!was || finding_at(j, (size_t)*at)->f.severity < f->severity)        /* of several the gravest */
                *at = i;
        }
    }
}

/* Names of rules, by the finding that they stand with. */
typedef struct { uint64_t finding; const char *title, *title_zh; } named;

static int by_finding(const void *a, const void *b)
{
    const named *l = a, *r = b;
    if (l->finding != r->finding)
        return l->finding < r->finding ? -1 : 1;
    return strcmp(l->title, r->title);
}

/* Facts by which a thing has a name, as findings have it among their entities. */
static const struct { const char *fact, *type; } subjects[] = {
    { "source", "address" }, { "dest", "address" }, { "service", "service" }, { "task", "task" }, { "key", "registry" }, { "domain", "domain" }, { "command", "process" },
    { "account", "account" },
};
enum { SUBJECTS = sizeof subjects / sizeof *subjects, SUBJECTS_ALL = 1 << 20, TECHNIQUES_EACH = 8 };

/* Findings by host, technique (without its kind) and thing; numbers of findings, which are in order of time. */
typedef struct { uint64_t group; uint32_t finding; } concern;
typedef struct { map groups; vec all; } concerns;

static span concern_key(buf *key, uint32_t host, const char *technique, const char *type, const char *value)
{
    buf_clear(key);
    buf_put(key, &host, sizeof host);
    buf_printf(key, "%.4s%s\x1f", technique, type);
    size_t from = key->len;
    buf_str(key, value);
    for (size_t i = from; i < key->len; i++)
        key->at[i] = key->at[i] >= 'A' && key->at[i] <= 'Z' ? key->at[i] + 32 : key->at[i];
    return buf_bytes(key);
}

static int by_group(const void *a, const void *b)
{
    const concern *l = a, *r = b;
    if (l->group != r->group)
        return l->group < r->group ? -1 : 1;
    return (l->finding > r->finding) - (l->finding < r->finding);
}

static bool is_subject(const entity *e)
{
    for (size_t i = 0; i < SUBJECTS; i++)
        if (strcmp(subjects[i].type, e->type) == 0)
            return strcmp(e->type, "account") != 0 || !account_is_system(e->value, "");
    return false;
}

static void index_concerns(const joined *j, concerns *c, buf *key)
{
    for (uint32_t i = 0; i < j->told.count; i++) {
        const finding *f = &finding_at(j, i)->f;
        for (size_t e = 0; e < f->entity_count; e++)
            for (size_t k = 0; k < f->technique_count && k < TECHNIQUES_EACH && is_subject(&f->entities[e]) && c->all.count < SUBJECTS_ALL; k++) {
                bool was;
                uint64_t *at = map_put(&c->groups, concern_key(key, f->host, f->techniques[k] + 1, f->entities[e].type, f->entities[e].value), &was);
                if (!was)
                    *at = c->groups.count;
                *(concern *)vec_push(&c->all) = (concern){ *at, i };
            }
    }
    vec_sort(&c->all, by_group);
}

/* The last finding of the group that began by then; SIZE_MAX: none. */
static size_t last_by(const joined *j, const concerns *c, uint64_t group, moment by)
{
    size_t low = 0, high = c->all.count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const concern *at = vec_at(&c->all, mid);
        if (at->group < group || (at->group == group && finding_at(j, at->finding)->f.time <= by))
            low = mid + 1;
        else
            high = mid;
    }
    const concern *at = low ? vec_at(&c->all, low - 1) : NULL;
    return at && at->group == group ? at->finding : SIZE_MAX;
}

/* A finding that began by then and tells of the same technique, used on or by the same thing; SIZE_MAX: none. Of several the last.
 * Tags are "attack.t1053.005", techniques "T1053.005": one may be a kind of the other. */
static size_t told_alike(const joined *j, const concerns *c, uint32_t host, const act *a, buf *key)
{
    size_t best = SIZE_MAX, tried = 0;
    moment by = moment_known(a->time) ? a->time + weight_span(j, "fold.same-act") : 0;
    for (const char *tag = act_fact(a, "tags"); (tag = strstr(tag, "attack.t")) != NULL && tried < TECHNIQUES_EACH; ) {
        tag += strlen("attack.t");
        if (*tag < '0' || *tag > '9')
            continue;
        tried++;
        for (size_t i = 0; i < SUBJECTS; i++) {
            const char *value = act_fact(a, subjects[i].fact);
            uint64_t *group = value[0] ? map_find(&c->groups, concern_key(key, host, tag, subjects[i].type, value)) : NULL;
            size_t with = group ? last_by(j, c, *group, by) : SIZE_MAX;
            if (with != SIZE_MAX && (best == SIZE_MAX || with > best))
                best = with;
        }
    }
    return best;
}

/* How many of its acts stand with findings. */
static size_t fold_match(const joined *j, const match *m, const map *records, const concerns *alike, buf *key, vec *names)
{
    size_t folded = 0;
    for (size_t i = 0; i < m->count; i++) {
        const act *a = m->acts[i];
        uint64_t *at = a->record ? map_find(records, record_key(key, m->host, a->log->channel, a->record)) : NULL;
        size_t with = at ? (size_t)*at : told_alike(j, alike, m->host, a, key);
        if (with != SIZE_MAX && act_fact(a, "title")[0])
            *(named *)vec_push(names) = (named){ with, act_fact(a, "title"), act_fact(a, act_fact(a, "title_zh")[0] ? "title_zh" : "title") };
        folded += with != SIZE_MAX;
    }
    return folded;
}

static void add_fact(joined *j, finding *f, const char *name, const char *value)
{
    fact *all = arena_array(j->mem, f->fact_count + 1, sizeof *all);
    size_t at = 0, n = 0;
    while (at < f->fact_count && strcmp(f->facts[at].name, name) < 0)
        all[n++] = f->facts[at++];
    all[n++] = (fact){ name, value };
    while (at < f->fact_count)
        all[n++] = f->facts[at++];
    f->facts = all;
    f->fact_count = n;
}

static void add_list(joined *j, finding *f, const char *name, const char *const *each, size_t count, size_t more)
{
    const char *list = write_list(j, each, count, NAMES_MOST);
    add_fact(j, f, name, more ? arena_printf(j->mem, "%s\n+%zu", list, more) : list);
}

static void name_rules(joined *j, vec *names)
{
    vec_sort(names, by_finding);
    for (size_t from = 0, end; from < names->count; from = end) {
        const named *all = names->at;
        const char *each[NAMES_MOST], *each_zh[NAMES_MOST];
        size_t count = 0, more = 0;
        for (end = from; end < names->count && all[end].finding == all[from].finding; end++) {
            if (end > from && strcmp(all[end].title, all[end - 1].title) == 0)
                continue;
            if (count == NAMES_MOST) {
                more++;
                continue;
            }
            each[count] = all[end].title;
            each_zh[count++] = all[end].title_zh;
        }
        finding *f = &((told *)vec_at(&j->told, (size_t)all[from].finding))->f;
        add_list(j, f, "rules", each, count, more);
        add_list(j, f, "rules_zh", each_zh, count, more);
    }
}

/* ---- what is told of its own ---- */

static severity level_of(const act *a)
{
    severity s;
    const char *level = act_fact(a, "level");
    return strcmp(level, "informational") == 0 ? SEVERITY_INFO : severity_from(level, &s) ? s : SEVERITY_MEDIUM;
}

static size_t hosts_collected(const joined *j)
{
    size_t n = 0;
    for (uint32_t i = 0; i < host_total(j); i++)
        n += host_of(j, i)->collected;
    return n ? n : 1;
}

static bool is_common(const joined *j, const match *m, size_t hosts)
{
    return (double)hosts >= weight(j, "rules.common-hosts") && (double)m->hosts > weight(j, "rules.common-share") * (double)hosts;
}

static void rank_match(const joined *j, match *m, size_t hosts)
{
    double rare = hosts > 1 ? 1 - (double)(m->hosts - 1) / (double)(hosts - 1) : 0.5;
    m->rank = level_of(m->acts[0]) + weight(j, "rules.rare-weight") * rare - weight(j, "rules.count-weight") * log10((double)(m->total ? m->total : 1));
}

static int by_rank(const void *a, const void *b)
{
    const match *l = a, *r = b;
    if (l->rank != r->rank)
        return l->rank > r->rank ? -1 : 1;
    int order = strcmp(l->key, r->key);
    return order ? order : (l->host > r->host) - (l->host < r->host);
}

static void add_techniques(joined *j, told *t, const char *tags)
{
    for (const char *at = tags; (at = strstr(at, "attack.t")) != NULL;) {
        size_t digits = 0, sub = 0;
        at += strlen("attack.t");
        while (at[digits] >= '0' && at[digits] <= '9')
            digits++;
        if (digits == 4 && at[4] == '.')
            while (at[5 + sub] >= '0' && at[5 + sub] <= '9')
                sub++;
        if (digits == 4)
            finding_technique(j, t, sub == 3 ? arena_printf(j->mem, "T%.8s", at) : arena_printf(j->mem, "T%.4s", at));
    }
}

static void add_entities(joined *j, told *t, const act *a)
{
    static const struct { const char *fact, *type; } kinds[] = {
        { "account", "account" }, { "source", "address" }, { "dest", "address" }, { "image", "file" }, { "path", "file" }, { "file", "file" },
        { "command", "process" }, { "service", "service" }, { "task", "task" }, { "key", "registry" }, { "domain", "domain" },
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        finding_entity(j, t, kinds[i].type, act_fact(a, kinds[i].fact));
}

static void tell_match(joined *j, const match *m, size_t hosts, size_t folded)
{
    const act *a = m->acts[0];
    for (size_t i = 0; i < m->count && !act_fact(a, "matched")[0]; i++)          /* one that says more than the rule's name */
        a = m->acts[i];
    bool common = is_common(j, m, hosts), often = (double)m->total > weight(j, "rules.common-count");
    int level = (int)level_of(a) - common - often;
    uint64_t elsewhere = m->noted > folded ? m->noted : folded;
    char sure[40];
    snprintf(sure, sizeof sure, "rules.sure-%s", severity_word(level_of(a)));
    told *t = finding_in(&j->matches, m->host, "rule-match", m->first, m->key);
    t->f.end = moment_known(m->last) && m->last != m->first ? m->last : MOMENT_UNKNOWN;
    t->f.count = m->total;
    t->f.severity = level < 0 ? SEVERITY_INFO : (severity)level;
    t->f.confidence = (unsigned)weight(j, sure) / (common || often ? 2 : 1);
    t->f.source = arena_printf(j->mem, "sigma %s", act_fact(a, "rule"));
    for (size_t i = 0; i < a->fact_count; i++)
        finding_fact(j, t, a->facts[i].name, a->facts[i].value);
    finding_fact(j, t, "hosts", write_u64(j, m->hosts));
    finding_fact(j, t, "hosts_all", write_u64(j, hosts));
    if (folded)
        finding_fact(j, t, "told_elsewhere", write_u64(j, elsewhere));
    for (size_t i = 0; i < m->count && t->evidence.count < EXAMPLES_MOST; i++)
        if (act_fact(m->acts[i], "matched")[0]) {
            add_entities(j, t, m->acts[i]);
            finding_act(j, t, m->acts[i]);
        }
    for (size_t i = 0; i < m->count && t->evidence.count < EXAMPLES_MOST; i++)
        finding_act(j, t, m->acts[i]);
    add_techniques(j, t, act_fact(a, "tags"));
    t->f.title = say(j, "rule-match.title", "title", ARG_TEXT, act_fact(a, "title"), "title_zh", ARG_TEXT, act_fact(a, "title_zh"), NULL);
    t->f.text = say(j, "rule-match.text", "title", ARG_TEXT, act_fact(a, "title"), "level", ARG_WORD, arena_printf(j->mem, "rule-level.%s", act_fact(a, "level")),
                    "count", ARG_NUMBER, write_u64(j, m->total), "from", ARG_TIME, write_time(j, m->first), "to", ARG_TIME, write_time(j, t->f.end), "hosts", ARG_NUMBER,
                    hosts > 1 ? write_u64(j, m->hosts) : NULL, "all", ARG_NUMBER, write_u64(j, hosts), "elsewhere", ARG_NUMBER, folded ? write_u64(j, elsewhere) : NULL,
                    "matched", ARG_TEXT, act_fact(a, "matched"), NULL);
    finding_finish(j, t);
}

void rules_tell(joined *j)
{
    vec all, names;
    map hosts_with, records;
    concerns alike;
    buf key;
    vec_init(&all, sizeof(match));
    vec_init(&names, sizeof(named));
    map_init(&hosts_with);
    map_init(&records);
    map_init(&alike.groups);
    vec_init(&alike.all, sizeof(concern));
    buf_init(&key, 1 << 20);
    gather_matches(j, &all, &hosts_with, &key);
    if (all.count) {
        index_records(j, &records, &key);
        index_concerns(j, &alike, &key);
    }
    size_t hosts = hosts_collected(j), most = (size_t)weight(j, "rules.most");
    for (size_t i = 0; i < all.count; i++) {
        match *m = vec_at(&all, i);
        m->hosts = *map_find(&hosts_with, span_str(m->key));
        rank_match(j, m, hosts);
    }
    vec_sort(&all, by_rank);
    size_t *told_of = arena_array(j->mem, host_total(j) + 1, sizeof *told_of);
    j->rules_more = arena_array(j->mem, host_total(j) + 1, sizeof *j->rules_more);
    for (size_t i = 0; i < all.count; i++) {
        const match *m = vec_at(&all, i);
        size_t folded = fold_match(j, m, &records, &alike, &key, &names);
        if (folded && (folded == m->count || m->noted >= m->total))
            continue;                                    /* all of it stands elsewhere */
        if (told_of[m->host]++ < most)
            tell_match(j, m, hosts, folded);
        else
            j->rules_more[m->host]++;
    }
    name_rules(j, &names);
    vec_done(&all);
    vec_done(&names);
    map_done(&hosts_with);
    map_done(&records);
    map_done(&alike.groups);
    vec_done(&alike.all);
    buf_done(&key);
}
