/* Weights and thresholds, by name, from profiles/reasoning.yml and causes.yml; and the sum that lets one cause speak once. */
#include "incident/internal.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

static void put(joined *j, const char *name, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    *map_put(&j->weights, span_str(name), &(bool){ false }) = bits;
}

void weights_read(joined *j)
{
    static const char *const files[] = { "reasoning", "causes" };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const profile_node *root = profile_root(j->facts, files[i]);
        bool found;
        for (const profile_node *n = profile_list(root, "weights"); n; n = n->next)
            put(j, profile_text(n, "name"), profile_real(n, "value", &found));
        for (const profile_node *n = profile_list(root, "spans"); n; n = n->next)
            put(j, profile_text(n, "name"), (double)profile_duration(n, "value", &found));
    }
}

double weight(const joined *j, const char *name)
{
    const uint64_t *bits = map_find(&j->weights, span_str(name));
    double value = 0;
    assert(bits && "no such weight in profiles/reasoning.yml or causes.yml");
    if (bits)
        memcpy(&value, bits, sizeof value);
    return value;
}

moment weight_span(const joined *j, const char *name)
{
    return (moment)weight(j, name) * MOMENT_SECOND;
}

double odds_to_percent(double log_odds)
{
    return 100.0 / (1.0 + exp(-log_odds));
}

static double size(double weight)
{
    return weight < 0 ? -weight : weight;
}

static int by_cause_then_weight(const void *a, const void *b)
{
    const vote *l = a, *r = b;
    int order = strcmp(l->cause, r->cause);
    if (order)
        return order;
    if (size(l->weight) != size(r->weight))
        return size(l->weight) > size(r->weight) ? -1 : 1;
    return (l->weight < r->weight) - (l->weight > r->weight);
}

static double capped(double sum, double cap)
{
    return sum > cap ? cap : sum < -cap ? -cap : sum;
}

double votes_sum(const joined *j, vote *votes, size_t count)
{
    double group_cap = weight(j, "votes.group-cap"), cap = weight(j, "votes.cap"), sum = 0;
    qsort(votes, count, sizeof *votes, by_cause_then_weight);
    for (size_t i = 0; i < count;) {
        double group = 0, share = 1;
        const char *cause = votes[i].cause;
        for (; i < count && strcmp(votes[i].cause, cause) == 0; i++, share /= 2)
            group += votes[i].weight * share;
        sum += capped(group, group_cap);
    }
    return capped(sum, cap);
}
