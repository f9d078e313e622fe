/* What a hunt amounts to. */
#include "cli/hunt_summary.h"

#include "base/json_write.h"
#include "base/utf16.h"
#include "base/vec.h"

/* ---- hits by rule, host, tactic ---- */

typedef struct { const char *name; uint64_t count; int level; uint32_t rule; } counted;

static int by_weight(const void *a, const void *b)
{
    const counted *l = a, *r = b;
    if (l->level != r->level)
        return l->level > r->level ? -1 : 1;
    if (l->count != r->count)
        return l->count > r->count ? -1 : 1;
    int name = strcmp(l->name, r->name);
    return name ? name : l->rule < r->rule ? -1 : l->rule > r->rule;
}

/* "attack.lateral-movement": a tactic; "attack.t1021.002", "attack.g0007", "attack.s0002": none. */
static const char *tactic_of(const char *tag)
{
    if (strncmp(tag, "attack.", 7) != 0)
        return NULL;
    tag += 7;
    return tag[0] && !(tag[1] >= '0' && tag[1] <= '9') ? tag : NULL;
}

static void tactics(const hunt_result *r, map *index)
{
    for (uint32_t i = 0; i < sigma_count(r->rules); i++) {
        const sigma_rule *rule = sigma_rule_at(r->rules, i);
        for (size_t k = 0; k < rule->tag_count && r->by_rule[i]; k++) {
            const char *tactic = tactic_of(rule->tags[k]);
            bool was;
            if (tactic)
                *map_put(index, span_of(tactic, strlen(tactic) + 1), &was) += r->by_rule[i];
        }
    }
}

static void put_row(const hunt_result *r, const char *kind, const counted *c, buf *out)
{
    const sigma_rule *rule = strcmp(kind, "rule") == 0 ? sigma_rule_at(r->rules, c->rule) : NULL;
    if (!r->json) {
        buf_printf(out, "%10llu  ", (unsigned long long)c->count);
        if (rule)
            buf_printf(out, "%-13s  ", sigma_level_word(rule->level));
        buf_printf(out, "%s\n", c->name);
        return;
    }
    json_writer w;
    json_begin(&w, out);
    json_object(&w);
    json_key(&w, "kind");
    json_text(&w, kind);
    if (rule) {
        json_key(&w, "rule_id");
        json_text(&w, rule->id);
    }
    json_key(&w, kind);
    json_text(&w, c->name);
    if (rule) {
        json_key(&w, "level");
        json_text(&w, sigma_level_word(rule->level));
    }
    json_key(&w, "hits");
    json_u64(&w, c->count);
    json_end_object(&w);
    buf_char(out, '\n');
}

static void put_rows(const hunt_result *r, const char *kind, const char *head, vec *rows, buf *out)
{
    vec_sort(rows, by_weight);
    if (!r->json && rows->count)
        buf_printf(out, "%s%s\n", strcmp(kind, "rule") ? "\n" : "", text_word(head, r->shown));
    for (size_t i = 0; i < rows->count; i++)
        put_row(r, kind, vec_at(rows, i), out);
    rows->count = 0;
}

/* Keys have their NUL. */
static void add_counts(const map *m, vec *rows)
{
    for (size_t i = 0; i < m->count; i++)
        *(counted *)vec_push(rows) = (counted){ (const char *)m->entries[i].key.at, m->entries[i].value, 0, 0 };
}

void summary_put(const hunt_result *r, buf *out)
{
    vec rows;
    map of_tactics;
    vec_init(&rows, sizeof(counted));
    map_init(&of_tactics);
    for (uint32_t i = 0; i < sigma_count(r->rules); i++)
        if (r->by_rule[i])
            *(counted *)vec_push(&rows) = (counted){ sigma_rule_at(r->rules, i)->title, r->by_rule[i], (int)sigma_rule_at(r->rules, i)->level, i };
    put_rows(r, "rule", "hunt.rules", &rows, out);
    add_counts(r->by_host, &rows);
    put_rows(r, "host", "hunt.hosts", &rows, out);
    if (r->other_hosts && !r->json)
        buf_printf(out, "%10llu  ...\n", (unsigned long long)r->other_hosts);
    tactics(r, &of_tactics);
    add_counts(&of_tactics, &rows);
    put_rows(r, "tactic", "hunt.tactics", &rows, out);
    map_done(&of_tactics);
    vec_done(&rows);
}

/* ---- ATT&CK Navigator ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A layer of the ATT&CK Navigator: how many hits each technique has. */
void summary_layer(const hunt_result *r, buf *out)
{
    map index;
    vec names;
    map_init(&index);
    vec_init(&names, sizeof(const char *));
    for (uint32_t i = 0; i < sigma_count(r->rules); i++) {
        const sigma_rule *rule = sigma_rule_at(r->rules, i);
        for (size_t k = 0; k < rule->tag_count && r->by_rule[i]; k++) {
            const char *tag = rule->tags[k];
            if (strncmp(tag, "attack.t", 8) != 0 || tag[8] < '0' || tag[8] > '9')
                continue;
            bool was;
            *map_put(&index, span_str(tag + 7), &was) += r->by_rule[i];
            if (!was)
                *(const char **)vec_push(&names) = tag + 7;
        }
    }
    vec_sort(&names, by_text);
    buf_str(out, "{\"name\":\"suyuan hunt\",\"versions\":{\"layer\":\"4.5\"},\"domain\":\"enterprise-attack\",\"techniques\":[");
    uint64_t most = 0;
    for (size_t i = 0; i < names.count; i++) {
        const char *name = *(const char **)vec_at(&names, i);
        uint64_t count = *map_find(&index, span_str(name));
        most = count > most ? count : most;
        buf_printf(out, "%s{\"techniqueID\":\"T", i ? "," : "");
        utf8_json(span_str(name + 1), out);
        buf_printf(out, "\",\"score\":%llu}", (unsigned long long)count);
    }
    buf_printf(out, "],\"gradient\":{\"colors\":[\"#fff7c0\",\"#e02020\"],\"minValue\":0,\"maxValue\":%llu}}\n", (unsigned long long)most);
    map_done(&index);
    vec_done(&names);
}

/* ---- why nothing was found ---- */

typedef enum { RULE_MATCHED, RULE_QUIET, RULE_NO_FIELD, RULE_NO_LOG, RULE_STATES } rule_state;
static const char *const states[RULE_STATES] = { "matched", "no_match", "no_field", "no_log" };

static rule_state state_of(const hunt_result *r, uint32_t i)
{
    return r->by_rule[i] ? RULE_MATCHED : r->chances[i] == SIGMA_COULD ? RULE_QUIET : r->chances[i] == SIGMA_NO_FIELD ? RULE_NO_FIELD : RULE_NO_LOG;
}

/* What the rule misses, in words that many rules share. */
static void put_missing(const hunt_result *r, uint32_t i, rule_state state, buf *out)
{
    const sigma_rule *p = sigma_rule_at(r->rules, i);
    if (state == RULE_NO_FIELD)
        buf_printf(out, "%s (%s)", sigma_field_name(r->rules, r->missing[i]), *p->category ? p->category : *p->service ? p->service : p->product);
    else if (state == RULE_NO_LOG) {
        buf_printf(out, "%s%s%s: ", *p->category ? p->category : *p->product ? p->product : "-", *p->service ? " " : "", p->service);
        if (!sigma_logs(r->rules, i, out))
            buf_str(out, text_word("hunt.no-source", r->shown));
    }
}

static void put_rule(const hunt_result *r, uint32_t i, buf *out)
{
    const sigma_rule *p = sigma_rule_at(r->rules, i);
    rule_state state = state_of(r, i);
    buf missing;
    json_writer w;
    buf_init(&missing, 1 << 20);
    put_missing(r, i, state, &missing);
    json_begin(&w, out);
    json_object(&w);
    json_key(&w, "rule_id");
    json_text(&w, p->id);
    json_key(&w, "rule");
    json_text(&w, p->title);
    json_key(&w, "path");
    json_text(&w, p->path);
    json_key(&w, "state");
    json_text(&w, states[state]);
    json_key(&w, "missing");
    json_text(&w, missing.len ? buf_text(&missing) : NULL);
    json_key(&w, "hits");
    json_u64(&w, r->by_rule[i]);
    json_end_object(&w);
    buf_char(out, '\n');
    buf_done(&missing);
}

static void put_refused(const hunt_result *r, buf *out)
{
    const sigma_refusal *refused;
    size_t count = sigma_refused(r->rules, &refused);
    if (!r->json && count)
        buf_printf(out, "\n%10zu  %s\n", count, text_word("hunt.refused", r->shown));
    for (size_t i = 0; i < count; i++) {
        if (!r->json) {
            buf_printf(out, "            %s:%u: %s\n", refused[i].path, refused[i].line, refused[i].reason);
            continue;
        }
        json_writer w;
        json_begin(&w, out);
        json_object(&w);
        json_key(&w, "rule");
        json_text(&w, refused[i].title);
        json_key(&w, "path");
        json_text(&w, refused[i].path);
        json_key(&w, "line");
        json_u64(&w, refused[i].line);
        json_key(&w, "state");
        json_text(&w, "refused");
        json_key(&w, "missing");
        json_text(&w, refused[i].reason);
        json_end_object(&w);
        buf_char(out, '\n');
    }
}

/* Rules of one state by what they miss, the most first. */
static void put_groups(const hunt_result *r, rule_state state, buf *out)
{
    map groups;
    vec rows;
    buf missing;
    map_init(&groups);
    vec_init(&rows, sizeof(counted));
    buf_init(&missing, 1 << 20);
    for (uint32_t i = 0; i < sigma_count(r->rules); i++) {
        if (state_of(r, i) != state)
            continue;
        buf_clear(&missing);
        put_missing(r, i, state, &missing);
        buf_char(&missing, '\0');
        bool was;
        ++*map_put(&groups, buf_bytes(&missing), &was);
    }
    add_counts(&groups, &rows);
    vec_sort(&rows, by_weight);
    for (size_t i = 0; i < rows.count; i++) {
        const counted *c = vec_at(&rows, i);
        buf_printf(out, "            %6llu  %s\n", (unsigned long long)c->count, c->name);
    }
    buf_done(&missing);
    vec_done(&rows);
    map_done(&groups);
}

void summary_explain(const hunt_result *r, buf *out)
{
    static const char *const heads[RULE_STATES] = { "hunt.matched", "hunt.quiet", "hunt.no-field", "hunt.no-log" };
    size_t counts[RULE_STATES] = { 0 };
    for (uint32_t i = 0; i < sigma_count(r->rules); i++) {
        counts[state_of(r, i)]++;
        if (r->json)
            put_rule(r, i, out);
    }
    for (int s = 0; s < RULE_STATES && !r->json; s++) {
        buf_printf(out, "%s%10zu  %s\n", s == RULE_NO_FIELD || s == RULE_NO_LOG ? "\n" : "", counts[s], text_word(heads[s], r->shown));
        if (s == RULE_NO_FIELD || s == RULE_NO_LOG)
            put_groups(r, (rule_state)s, out);
    }
    put_refused(r, out);
}
