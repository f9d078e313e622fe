/* Terms on the scales, and what they come to. */
#include "incident/weigh.h"

#include <math.h>
#include <stdlib.h>

const char *const cause_words[CAUSES] = { "attack",   "malware",  "driver",         "antivirus",    "hardware",        "power",
                                          "update",   "operator", "resource",       "killed-process", "virtual-host",  "cluster" };

cause cause_of_word(const char *word)
{
    int c = 0;
    while (c < CAUSES && strcmp(cause_words[c], word) != 0)
        c++;
    return (cause)c;
}

void scales_begin(const joined *j, scales *s, const char *prior)
{
    s->unknown = weight(j, "cause.unknown");
    for (int c = 0; c < CAUSES; c++) {
        s->prior[c] = s->sum[c] = weight(j, arena_printf(j->mem, "%s-%s", prior, cause_words[c]));
        vec_init(&s->terms[c], sizeof(scale_term));
    }
}

void scales_done(scales *s)
{
    for (int c = 0; c < CAUSES; c++)
        vec_done(&s->terms[c]);
}

static const char *kind_of(const joined *j, const char *name)
{
    for (const profile_node *n = profile_list(profile_root(j->facts, "causes"), "weights"); n; n = n->next)
        if (strcmp(profile_text(n, "name"), name) == 0)
            return profile_text(n, "evidence") ? profile_text(n, "evidence") : name;
    return name;
}

static bool strong(const scale_term *t, double least)
{
    return t->t.points >= least;
}

void term_points(const joined *j, scales *s, cause c, const char *name, sentence why, double points, uint32_t hosts)
{
    double cap = weight(j, "votes.group-cap"), before = 0;
    const char *kind = kind_of(j, name);
    for (size_t i = 0; i < s->terms[c].count; i++) {
        const scale_term *t = vec_at(&s->terms[c], i);
        if (strcmp(t->kind, kind) == 0)
            before += t->t.points;
    }
    double after = before + points;
    points = (after > cap ? cap : after < -cap ? -cap : after) - before;
    if (points == 0)
        return;
    s->sum[c] += points;
    *(scale_term *)vec_push(&s->terms[c]) = (scale_term){ .t = { .why = why, .points = points, .hosts = hosts }, .name = name, .kind = kind };
}

void term(const joined *j, scales *s, cause c, const char *name, sentence why)
{
    term_points(j, s, c, name, why, weight(j, name), 0);
}

static int by_score(const void *a, const void *b)
{
    const hypothesis *l = a, *r = b;
    if (l->points != r->points)
        return l->points > r->points ? -1 : 1;
    return strcmp(l->cause, r->cause);
}

static int by_points(const void *a, const void *b)
{
    const cause_term *l = a, *r = b;
    double x = l->points < 0 ? -l->points : l->points, y = r->points < 0 ? -r->points : r->points;
    if (x != y)
        return x > y ? -1 : 1;
    return strcmp(l->why.id ? l->why.id : "", r->why.id ? r->why.id : "");
}

static cause_term *side(const joined *j, const vec *terms, bool speaks_for, size_t *count)
{
    cause_term *out = arena_array(j->mem, terms->count, sizeof *out);
    *count = 0;
    for (size_t i = 0; i < terms->count; i++) {
        const scale_term *t = vec_at(terms, i);
        if ((t->t.points > 0) == speaks_for)
            out[(*count)++] = t->t;
    }
    qsort(out, *count, sizeof *out, by_points);
    return out;
}

/* Something other than the code speaks for it, or the code is one that nothing else makes. */
static bool stands(const joined *j, const vec *terms)
{
    for (size_t i = 0; i < terms->count; i++) {
        const scale_term *t = vec_at(terms, i);
        if (t->t.points > 0 && (strcmp(t->kind, "code") != 0 || t->t.points >= weight(j, "cause.code-alone")))
            return true;
    }
    return false;
}

/* Two causes that share no kind of evidence, each with a strong piece of its own. */
static bool disjoint(const joined *j, const vec *a, const vec *b)
{
    double least = weight(j, "cause.strong");
    bool one = false, other = false;
    for (size_t i = 0; i < a->count; i++) {
        const scale_term *x = vec_at(a, i);
        one |= strong(x, least);
        for (size_t k = 0; k < b->count; k++) {
            const scale_term *y = vec_at(b, k);
            other |= strong(y, least);
            if (x->t.points > 0 && y->t.points > 0 && strcmp(x->kind, y->kind) == 0)
                return false;
        }
    }
    return one && other;
}

verdict_kind scales_end(const joined *j, scales *s, hypothesis **out, size_t *count)
{
    double unknown = s->unknown, total = exp(unknown), cap = weight(j, "votes.cap"), least = weight(j, "cause.least-share");
    hypothesis all[CAUSES];
    for (int c = 0; c < CAUSES; c++) {
        if (s->sum[c] > cap || s->sum[c] < -cap) {
            double cut = (s->sum[c] > cap ? cap : -cap) - s->sum[c];
            *(scale_term *)vec_push(&s->terms[c]) = (scale_term){ .t = { .why = say(j, "cause.cap", NULL), .points = cut }, .name = "cap", .kind = "cap" };
            s->sum[c] += cut;
        }
        total += exp(s->sum[c]);
    }
    for (int c = 0; c < CAUSES; c++) {
        all[c] = (hypothesis){ .cause = cause_words[c], .score = (int)(100 * exp(s->sum[c]) / total + 0.5), .prior = s->prior[c], .points = s->sum[c] };
        all[c].for_ = side(j, &s->terms[c], true, &all[c].for_count);
        all[c].against = side(j, &s->terms[c], false, &all[c].against_count);
    }
    qsort(all, CAUSES, sizeof *all, by_score);
    double second = all[1].points > unknown ? all[1].points : unknown;
    bool lead = all[0].points - second >= weight(j, "cause.decided-lead");
    verdict_kind verdict = lead && stands(j, &s->terms[cause_of_word(all[0].cause)]) ? VERDICT_ONE : VERDICT_UNDECIDED;
    double enough = weight(j, "cause.second-from");
    if (all[1].points > enough && all[2].points <= enough
        && disjoint(j, &s->terms[cause_of_word(all[0].cause)], &s->terms[cause_of_word(all[1].cause)]))
        verdict = VERDICT_TWO;
    *out = arena_array(j->mem, CAUSES, sizeof **out);
    *count = 0;
    for (int c = 0; c < CAUSES; c++)
        if (100 * exp(all[c].points) / total >= least || c < 2)
            (*out)[(*count)++] = all[c];
    return verdict;
}
