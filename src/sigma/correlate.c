/* Correlations: hits of other rules, in order of time, within a sliding window and by group.
 *
 * Source    Sigma specification 2.1.0, sigma-correlation-rules-specification. Where it is silent: docs/sigma.md. */
#include "sigma/engine.h"

#include <math.h>
#include <stdlib.h>

enum { GROUPS = 200000, WINDOW = 1 << 20, VALUES = 1 << 22 };

/* value: where its count stands, of those of its group; UINT64_MAX when it has none. */
typedef struct { moment time; uint32_t rule; double number; uint64_t value; } seen;

/* One group of one correlation: what lies in its window, oldest first; and how many values are told apart in it. */
typedef struct { seen *items; size_t from, count, room, distinct; moment *began; const char **values; } group;

struct sigma_correlator {
    const sigma_rules *rules;
    map index; vec groups;               /* group, by correlation and what they have in common */
    map value_index; vec value_counts;   /* uint32_t, by group and value: how often in the window */
    arena mem;
    buf key;                             /* of one look-up */
    uint64_t dropped;
    void (*each)(void *context, const sigma_correlated *hit);
    void *context;
};

sigma_correlator *sigma_correlator_new(const sigma_rules *r, void (*each)(void *context, const sigma_correlated *hit), void *context)
{
    arena mem;
    arena_init(&mem, 0);
    sigma_correlator *c = arena_alloc(&mem, sizeof *c);
    *c = (sigma_correlator){ .rules = r, .each = each, .context = context };
    map_init(&c->index);
    vec_init(&c->groups, sizeof(group));
    map_init(&c->value_index);
    vec_init(&c->value_counts, sizeof(uint32_t));
    buf_init(&c->key, 1 << 20);
    c->mem = mem;
    return c;
}

uint64_t sigma_correlator_free(sigma_correlator *c)
{
    uint64_t dropped = c->dropped;
    map_done(&c->index);
    vec_done(&c->groups);
    map_done(&c->value_index);
    vec_done(&c->value_counts);
    buf_done(&c->key);
    arena mem = c->mem;
    arena_done(&mem);
    return dropped;
}

static const char *value_named(const sigma_field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i].name, name) == 0)
            return fields[i].value;
    return NULL;
}

/* As the rule calls a field that the correlation calls `name`. */
static const char *alias_of(const correlation *k, const char *name, uint32_t rule)
{
    for (size_t i = 0; i < k->alias_count; i++)
        if (strcmp(k->aliases[i].name, name) == 0 && k->aliases[i].rule == rule)
            return k->aliases[i].field;
    return name;
}

static group *group_of(sigma_correlator *c, uint32_t number, const correlation *k, uint32_t rule, const sigma_field *fields, size_t count)
{
    bool was, whole = true;
    buf_clear(&c->key);
    buf_put(&c->key, &number, sizeof number);
    const char *values[CORRELATION_FIELDS];
    for (size_t i = 0; i < k->by_count && whole; i++) {
        const char *value = value_named(fields, count, alias_of(k, k->by[i], rule));
        whole = value && *value;
        if (whole) {
            buf_put(&c->key, value, strlen(value) + 1);
            values[i] = value;
        }
    }
    if (!whole)                                          /* an event without the field belongs to no group */
        return NULL;
    uint64_t *at = map_find(&c->index, buf_bytes(&c->key));
    if (!at && c->groups.count >= GROUPS) {
        c->dropped++;
        return NULL;
    }
    at = map_put(&c->index, buf_bytes(&c->key), &was);
    if (!was) {
        *at = c->groups.count;
        group *g = vec_push(&c->groups);
        *g = (group){ .values = arena_array(&c->mem, k->by_count + 1, sizeof *g->values), .began = arena_array(&c->mem, k->rule_count, sizeof *g->began) };
        for (size_t i = 0; i < k->rule_count; i++)
            g->began[i] = MOMENT_UNKNOWN;
        for (size_t i = 0; i < k->by_count; i++)
            g->values[i] = arena_str(&c->mem, values[i]);
    }
    return vec_at(&c->groups, (size_t)*at);
}

static uint64_t value_place(sigma_correlator *c, uint64_t group_number, const char *value)
{
    buf_clear(&c->key);
    buf_put(&c->key, &group_number, sizeof group_number);
    buf_str(&c->key, value);
    uint64_t *at = map_find(&c->value_index, buf_bytes(&c->key));
    if (!at && c->value_counts.count < VALUES) {
        at = map_put(&c->value_index, buf_bytes(&c->key), NULL);
        *at = c->value_counts.count;
        *(uint32_t *)vec_push(&c->value_counts) = 0;
    }
    c->dropped += !at;
    return at ? *at : UINT64_MAX;
}

/* The oldest leaves the window. */
static void drop_first(sigma_correlator *c, group *g)
{
    uint64_t value = g->items[g->from].value;
    if (value != UINT64_MAX)
        g->distinct -= --*(uint32_t *)vec_at(&c->value_counts, (size_t)value) == 0;
    g->from++;
    g->count--;
}

static void add_seen(sigma_correlator *c, group *g, seen s, moment span_)
{
    while (g->count && g->items[g->from].time + span_ < s.time)
        drop_first(c, g);
    if (g->count >= WINDOW) {                            /* the oldest goes: the count is exact up to there */
        drop_first(c, g);
        c->dropped++;
    }
    if (g->from + g->count == g->room) {
        size_t room = g->count * 2 + 16;
        seen *items = arena_array(&c->mem, room, sizeof *items);
        if (g->count)
            memcpy(items, g->items + g->from, g->count * sizeof *items);
        g->items = items;
        g->room = room;
        g->from = 0;
    }
    g->items[g->from + g->count++] = s;
    if (s.value != UINT64_MAX)
        g->distinct += (*(uint32_t *)vec_at(&c->value_counts, (size_t)s.value))++ == 0;
}

static int by_number(const void *a, const void *b)
{
    double l = *(const double *)a, r = *(const double *)b;
    return l < r ? -1 : l > r;
}

/* What the condition is asked of: a number over the window. */
static double measure(const correlation *k, const group *g)
{
    double sum = 0;
    size_t n = g->count;
    const seen *items = g->items + g->from;
    if (k->kind == CORRELATE_COUNT)
        return (double)n;
    if (k->kind == CORRELATE_VALUES)
        return (double)g->distinct;
    vec all;
    vec_init(&all, sizeof(double));
    for (size_t i = 0; i < n; i++)
        if (!isnan(items[i].number)) {
            *(double *)vec_push(&all) = items[i].number;
            sum += items[i].number;
        }
    double is = all.count == 0 ? NAN : k->kind == CORRELATE_SUM ? sum : k->kind == CORRELATE_AVERAGE ? sum / (double)all.count : 0;
    if (k->kind == CORRELATE_PERCENTILE && all.count) {  /* the nearest rank */
        vec_sort(&all, by_number);
        double rank = ceil(k->percentile / 100 * (double)all.count);
        is = *(double *)vec_at(&all, rank < 1 ? 0 : (size_t)rank - 1);
    }
    vec_done(&all);
    return is;
}

static bool fits(const correlation *k, double is)
{
    if (isnan(is))
        return false;
    for (size_t i = 0; i < k->bound_count; i++) {
        double than = k->bounds[i].than;
        switch (k->bounds[i].op) {
        case BOUND_LT: if (!(is < than)) return false; break;
        case BOUND_LTE: if (!(is <= than)) return false; break;
        case BOUND_GT: if (!(is > than)) return false; break;
        case BOUND_GTE: if (!(is >= than)) return false; break;
        case BOUND_EQ: if (is != than) return false; break;
        case BOUND_NEQ: if (is == than) return false; break;
        }
    }
    return true;
}

/* All of the rules within the window; in their order, where that is asked: `began` is, for each rule, the latest time at which a
 * chain began that has come to it. */
static bool together(const correlation *k, group *g, const seen *now)
{
    if (k->kind == CORRELATE_ORDERED) {
        for (size_t i = k->rule_count; i-- > 0;) {
            if (k->rules[i] != now->rule)
                continue;
            moment began = i == 0 ? now->time : g->began[i - 1];
            if (moment_known(began) && began + k->timespan >= now->time)
                g->began[i] = began;
        }
        moment whole = g->began[k->rule_count - 1];
        return now->rule == k->rules[k->rule_count - 1] && moment_known(whole) && whole + k->timespan >= now->time;
    }
    for (size_t i = 0; i < k->rule_count; i++) {
        bool there = false;
        for (size_t n = 0; n < g->count && !there; n++)
            there = g->items[g->from + n].rule == k->rules[i];
        if (!there)
            return false;
    }
    return true;
}

static void see(sigma_correlator *c, uint32_t rule, moment time, const sigma_field *fields, size_t count, const void *event, unsigned depth);

static void feed(sigma_correlator *c, uint32_t number, uint32_t rule, moment time, const sigma_field *fields, size_t count, const void *event, unsigned depth)
{
    const correlation *k = vec_at(&c->rules->correlations, number);
    group *g = group_of(c, number, k, rule, fields, count);
    if (!g)
        return;
    const char *value = k->field ? value_named(fields, count, alias_of(k, k->field, rule)) : NULL;
    char *end = NULL;
    double n = value && *value ? strtod(value, &end) : NAN;
    seen now = { time, rule, value && *value && end && *end == '\0' ? n : NAN, UINT64_MAX };
    if (k->field && !(value && *value))
        return;
    if (k->kind == CORRELATE_VALUES)
        now.value = value_place(c, (uint64_t)(g - (group *)c->groups.at), value);
    add_seen(c, g, now, k->timespan);
    bool ordered = k->kind == CORRELATE_TEMPORAL || k->kind == CORRELATE_ORDERED;
    double is = ordered ? 0 : measure(k, g);
    if (!(ordered ? together(k, g, &now) : fits(k, is)))
        return;
    sigma_field out[CORRELATION_FIELDS + 1];
    size_t told = 0;
    for (; told < k->by_count; told++)
        out[told] = (sigma_field){ k->by[told], g->values[told] };
    sigma_correlated hit = { .rule = k->rule, .first = g->items[g->from].time, .last = time, .count = g->count, .fields = out, .field_count = told, .event = event };
    if (k->kind == CORRELATE_ORDERED)
        hit.first = g->began[k->rule_count - 1];
    c->each(c->context, &hit);
    while (g->count)
        drop_first(c, g);                                /* the same events tell it once */
    for (size_t i = 0; i < k->rule_count; i++)
        g->began[i] = MOMENT_UNKNOWN;
    see(c, k->rule, time, out, told, event, depth + 1);
}

static void see(sigma_correlator *c, uint32_t rule, moment time, const sigma_field *fields, size_t count, const void *event, unsigned depth)
{
    if (!moment_known(time) || depth > 8)
        return;
    for (uint32_t i = 0; i < c->rules->correlations.count; i++) {
        const correlation *k = vec_at(&c->rules->correlations, i);
        for (size_t n = 0; n < k->rule_count; n++)
            if (k->rules[n] == rule) {
                feed(c, i, rule, time, fields, count, event, depth);
                break;
            }
    }
}

void sigma_correlate(sigma_correlator *c, uint32_t rule, moment time, const sigma_field *fields, size_t count, const void *event)
{
    see(c, rule, time, fields, count, event, 0);
}

/* ---- reading them ---- */

static bool read_bounds(builder *b, const profile_node *condition, correlation *k)
{
    static const char *const words[] = { [BOUND_LT] = "lt", [BOUND_LTE] = "lte", [BOUND_GT] = "gt", [BOUND_GTE] = "gte", [BOUND_EQ] = "eq", [BOUND_NEQ] = "neq" };
    for (const profile_node *n = condition ? condition->first : NULL; n; n = n->next) {
        if (strcmp(n->key, "field") == 0) {
            k->field = n->kind == PROFILE_WORD ? n->text : n->first ? n->first->text : NULL;
            continue;
        }
        if (strcmp(n->key, "percentile") == 0 && n->text) {
            k->percentile = strtod(n->text, NULL);
            continue;
        }
        size_t op = 0;
        while (op < sizeof words / sizeof *words && strcmp(n->key, words[op]) != 0)
            op++;
        char *end = NULL;
        double than = n->text ? strtod(n->text, &end) : 0;
        if (op == sizeof words / sizeof *words || !n->text || end == n->text || *end || k->bound_count == sizeof k->bounds / sizeof *k->bounds) {
            build_fail(b, n->line, "correlation: '%s' is no bound", n->key);
            return false;
        }
        k->bounds[k->bound_count].op = (uint8_t)op;
        k->bounds[k->bound_count++].than = than;
    }
    return true;
}

static bool read_span(const char *text, moment *out)
{
    char *end;
    unsigned long n = text ? strtoul(text, &end, 10) : 0;
    if (!text || end == text || n == 0 || n > 100000000 || end[0] == '\0' || end[1] != '\0')
        return false;
    moment unit = *end == 's' ? MOMENT_SECOND : *end == 'm' ? MOMENT_MINUTE : *end == 'h' ? MOMENT_HOUR : *end == 'd' ? MOMENT_DAY : *end == 'w' ? 7 * MOMENT_DAY
                  : *end == 'M' ? 30 * MOMENT_DAY : *end == 'y' ? 365 * MOMENT_DAY : 0;
    *out = n * unit;
    return unit != 0 && *out < MOMENT_LAST / 2;
}

static bool find_rule(sigma_rules *r, const char *named, uint32_t *out)
{
    for (uint32_t i = 0; i < r->rules.count; i++) {
        const sigma_rule *p = sigma_rule_at(r, i);
        if ((*p->name && strcmp(p->name, named) == 0) || (*p->id && strcmp(p->id, named) == 0)) {
            *out = i;
            return true;
        }
    }
    return false;
}

bool correlation_build(builder *b, const profile_node *root, uint32_t rule)
{
    static const char *const kinds[] = { [CORRELATE_COUNT] = "event_count", [CORRELATE_VALUES] = "value_count", [CORRELATE_SUM] = "value_sum", [CORRELATE_AVERAGE] = "value_avg",
                                         [CORRELATE_PERCENTILE] = "value_percentile", [CORRELATE_TEMPORAL] = "temporal", [CORRELATE_ORDERED] = "temporal_ordered" };
    sigma_rules *r = b->all;
    const profile_node *body = profile_get(root, "correlation"), *rules = profile_get(body, "rules"), *by = profile_get(body, "group-by"), *aliases = profile_get(body, "aliases");
    const char *type = profile_text(body, "type");
    correlation k = { .rule = rule };
    size_t kind = 0;
    while (kind < sizeof kinds / sizeof *kinds && (!type || strcmp(type, kinds[kind]) != 0))
        kind++;
    if (kind == sizeof kinds / sizeof *kinds) {
        build_fail(b, root->line, "correlation: unknown type '%s'", type ? type : "");
        return false;
    }
    k.kind = (correlation_kind)kind;
    const char *span_ = profile_text(body, "timespan");
    if (!read_span(span_ ? span_ : profile_text(body, "timeframe"), &k.timespan)) {
        build_fail(b, body->line, "correlation: it has no timespan such as 5m");
        return false;
    }
    size_t count = !rules ? 0 : rules->kind == PROFILE_WORD ? 1 : rules->count;
    k.rules = arena_array(r->mem, count + 1, sizeof *k.rules);
    const profile_node *one = rules && rules->kind == PROFILE_WORD ? rules : rules ? rules->first : NULL;
    for (size_t i = 0; i < count; i++, one = one->next) {
        if (!one->text || !find_rule(r, one->text, &k.rules[k.rule_count]) || k.rules[k.rule_count] == rule) {
            build_fail(b, one->line, "correlation: there is no rule '%s'", one->text ? one->text : "");
            return false;
        }
        k.rule_count++;
    }
    if (!k.rule_count) {
        build_fail(b, body->line, "correlation: it names no rules");
        return false;
    }
    size_t by_count = !by ? 0 : by->kind == PROFILE_WORD ? 1 : by->count;
    const profile_node *f = by && by->kind == PROFILE_WORD ? by : by ? by->first : NULL;
    if (by_count > CORRELATION_FIELDS) {
        build_fail(b, by->line, "correlation: too many fields to group by");
        return false;
    }
    for (; k.by_count < by_count; f = f->next)
        k.by[k.by_count++] = f->text ? f->text : "";
    size_t room = 0;
    for (const profile_node *a = aliases ? aliases->first : NULL; a; a = a->next)
        room += a->count;
    k.aliases = arena_array(r->mem, room + 1, sizeof *k.aliases);
    for (const profile_node *a = aliases ? aliases->first : NULL; a; a = a->next)
        for (const profile_node *n = a->first; n; n = n->next) {
            if (!n->text || !find_rule(r, n->key, &k.aliases[k.alias_count].rule)) {
                build_fail(b, n->line, "correlation: there is no rule '%s'", n->key ? n->key : "");
                return false;
            }
            k.aliases[k.alias_count].name = a->key;
            k.aliases[k.alias_count++].field = n->text;
        }
    if (!read_bounds(b, profile_get(body, "condition"), &k))
        return false;
    bool ordered = k.kind == CORRELATE_TEMPORAL || k.kind == CORRELATE_ORDERED;
    if (!ordered && !k.bound_count)
        build_fail(b, body->line, "correlation: it has no condition");
    if (k.kind != CORRELATE_COUNT && !ordered && !k.field)
        build_fail(b, body->line, "correlation: the condition names no field");
    if (k.kind == CORRELATE_PERCENTILE && !(k.percentile > 0 && k.percentile <= 100))
        k.percentile = 50;
    if (b->wrong)
        return false;
    bool generate = profile_true(body, "generate") || profile_true(root, "generate");
    for (size_t i = 0; i < k.rule_count; i++) {
        named_rule *n = vec_at(&r->rules, k.rules[i]);
        n->wanted = true;
        n->hidden |= !generate;
        for (size_t f_ = 0; f_ < k.by_count; f_++)
            want_field(r, k.rules[i], alias_of(&k, k.by[f_], k.rules[i]));
        if (k.field)
            want_field(r, k.rules[i], alias_of(&k, k.field, k.rules[i]));
    }
    *(correlation *)vec_push(&r->correlations) = k;
    return true;
}
