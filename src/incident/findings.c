/* Settling findings: what one cause made twice becomes one, repetitions are counted, ids are given, all is put in order. */
#include "incident/internal.h"

#include <stdlib.h>

static int numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static int by_act(const void *a, const void *b)
{
    const told *l = a, *r = b;
    int order = numbers(l->f.host, r->f.host);
    if (order == 0)
        order = strcmp(l->f.kind, r->f.kind);
    if (order == 0)
        order = strcmp(or_empty(l->subject), or_empty(r->subject));
    if (order == 0)
        order = numbers(l->f.time, r->f.time);
    if (order == 0)
        order = numbers(r->facts.count, l->facts.count);
    const evidence_ref *x = l->evidence.count ? vec_at(&l->evidence, 0) : NULL, *y = r->evidence.count ? vec_at(&r->evidence, 0) : NULL;
    if (order == 0 && x && y) {
        order = strcmp(or_empty(x->channel), or_empty(y->channel));
        if (order == 0)
            order = numbers(x->record, y->record);
        if (order == 0)
            order = strcmp(x->file, y->file);
    }
    return order;
}

static int by_time(const void *a, const void *b)
{
    const told *l = a, *r = b;
    int order = numbers(l->f.time, r->f.time);
    return order ? order : by_act(a, b);
}

static bool fact_known(const told *t, const char *name)
{
    for (size_t i = 0; i < t->facts.count; i++)
        if (strcmp(((const fact *)vec_at(&t->facts, i))->name, name) == 0)
            return true;
    return false;
}

enum { EVIDENCE_MOST = 20 };     /* of one finding; the count tells how often it happened */

static void absorb(joined *j, told *into, told *from, bool same_act)
{
    if (!same_act)
        into->f.count += from->f.count;
    else if (from->f.count > into->f.count)
        into->f.count = from->f.count;
    moment last = moment_known(from->f.end) ? from->f.end : from->f.time;
    if (moment_known(last) && last > into->f.time && (!moment_known(into->f.end) || last > into->f.end) && !same_act)
        into->f.end = last;
    if (from->f.severity > into->f.severity) {
        into->f.severity = from->f.severity;
        into->f.title = from->f.title;
        into->f.text = from->f.text;
    }
    into->f.confidence = from->f.confidence > into->f.confidence ? from->f.confidence : into->f.confidence;
    into->weight = from->weight > into->weight ? from->weight : into->weight;
    into->how_far = from->how_far > into->how_far ? from->how_far : into->how_far;
    if (!from->innocent && into->innocent) {
        into->innocent = false;
        into->weight = from->weight;
    }
    const char **mine[] = { &into->source, &into->workstation, &into->account, &into->logon, &into->access, &into->means, &into->cause };
    const char *others[] = { from->source, from->workstation, from->account, from->logon, from->access, from->means, from->cause };
    for (size_t i = 0; i < sizeof mine / sizeof *mine; i++)
        if (!*mine[i])
            *mine[i] = others[i];
    for (size_t i = 0; i < from->facts.count; i++) {
        const fact *f = vec_at(&from->facts, i);
        if (!fact_known(into, f->name))
            finding_fact(j, into, f->name, f->value);
    }
    for (size_t i = 0; i < from->entities.count; i++) {
        const entity *e = vec_at(&from->entities, i);
        finding_entity(j, into, e->type, e->value);
    }
    for (size_t i = 0; i < from->techniques.count; i++)
        finding_technique(j, into, *(const char *const *)vec_at(&from->techniques, i));
    for (size_t i = 0; i < from->evidence.count && into->evidence.count < EVIDENCE_MOST; i++)
        finding_ref(into, *(const evidence_ref *)vec_at(&from->evidence, i));
}

static void drop(told *t)
{
    vec_done(&t->entities);
    vec_done(&t->evidence);
    vec_done(&t->facts);
    vec_done(&t->techniques);
}

/* The same subject again: within seconds and from another channel it is the same act told twice, else a repetition. */
static void fold(joined *j)
{
    moment same = weight_span(j, "fold.same-act"), repeat = weight_span(j, "fold.repeat");
    size_t kept = 0;
    vec_sort(&j->told, by_act);
    for (size_t i = 0; i < j->told.count; i++) {
        told *at = vec_at(&j->told, i), *was = kept ? vec_at(&j->told, kept - 1) : NULL;
        bool alike = was && was->f.host == at->f.host && strcmp(was->f.kind, at->f.kind) == 0
                     && strcmp(or_empty(was->subject), or_empty(at->subject)) == 0 && moment_known(was->f.time) && moment_known(at->f.time);
        moment last = alike && moment_known(was->f.end) ? was->f.end : alike ? was->f.time : 0;
        if (!alike || (at->f.time > last && at->f.time - last > repeat)) {
            if (kept != i)
                *(told *)vec_at(&j->told, kept) = *at;
            kept++;
            continue;
        }
        const evidence_ref *x = was->evidence.count ? vec_at(&was->evidence, was->evidence.count - 1) : NULL;
        const evidence_ref *y = at->evidence.count ? vec_at(&at->evidence, 0) : NULL;
        bool one = at->f.time - last <= same && x && y && strcmp(or_empty(x->channel), or_empty(y->channel)) != 0;
        absorb(j, was, at, one || at->f.time == was->f.time);
        drop(at);
    }
    j->told.count = kept;
}

static int by_fact_name(const void *a, const void *b)
{
    return strcmp(((const fact *)a)->name, ((const fact *)b)->name);
}

static int by_entity(const void *a, const void *b)
{
    int order = strcmp(((const entity *)a)->type, ((const entity *)b)->type);
    return order ? order : strcmp(((const entity *)a)->value, ((const entity *)b)->value);
}

static int by_ref(const void *a, const void *b)
{
    const evidence_ref *l = a, *r = b;
    int order = numbers(l->time, r->time);
    if (order == 0)
        order = strcmp(or_empty(l->channel), or_empty(r->channel));
    if (order == 0)
        order = numbers(l->record, r->record);
    return order ? order : strcmp(l->file, r->file);
}

static void *copied(const joined *j, const vec *v)
{
    void *out = arena_array(j->mem, v->count, v->each);
    if (v->count)
        memcpy(out, v->at, v->count * v->each);
    return out;
}

void finding_finish(joined *j, told *t)
{
    if (t->entities_dropped)
        finding_fact(j, t, "names_more", "yes");
    vec_sort(&t->facts, by_fact_name);
    vec_sort(&t->entities, by_entity);
    vec_sort(&t->evidence, by_ref);
    finding *f = &t->f;
    f->severity = severity_as_sure(j, f->severity, f->confidence);
    f->facts = copied(j, &t->facts);
    f->fact_count = t->facts.count;
    f->entities = copied(j, &t->entities);
    f->entity_count = t->entities.count;
    f->evidence = copied(j, &t->evidence);
    f->evidence_count = t->evidence.count;
    f->techniques = copied(j, &t->techniques);
    f->technique_count = t->techniques.count;
    f->id = write_hash(j, "finding", f->kind, f->host == HOST_NONE ? "" : host_of(j, f->host)->id, or_empty(write_time(j, f->time)),
                       or_empty(t->subject), NULL);
    if (!f->title.id)
        f->title = say_facts(j, arena_printf(j->mem, "title.%s", f->kind), f->facts, f->fact_count);
    if (!t->cause)
        t->cause = f->id;
}

/* By host, each host's in order of time: no question about one host need look at the findings of all. */
static void index_by_host(joined *j)
{
    j->told_hosts = host_total(j);
    j->told_from = arena_array(j->mem, j->told_hosts + 1, sizeof *j->told_from);
    j->told_by_host = arena_array(j->mem, j->told.count, sizeof *j->told_by_host);
    for (size_t i = 0; i < j->told.count; i++) {
        uint32_t host = finding_at(j, i)->f.host;
        if (host < j->told_hosts)
            j->told_from[host + 1]++;
    }
    for (size_t h = 0; h < j->told_hosts; h++)
        j->told_from[h + 1] += j->told_from[h];
    size_t *next = arena_array(j->mem, j->told_hosts + 1, sizeof *next);
    memcpy(next, j->told_from, (j->told_hosts + 1) * sizeof *next);
    for (uint32_t i = 0; i < j->told.count; i++) {
        uint32_t host = finding_at(j, i)->f.host;
        if (host < j->told_hosts)
            j->told_by_host[next[host]++] = i;
    }
}

const uint32_t *findings_of_host(const joined *j, uint32_t host, size_t *count)
{
    *count = host < j->told_hosts ? j->told_from[host + 1] - j->told_from[host] : 0;
    return *count ? j->told_by_host + j->told_from[host] : NULL;
}

void settle_findings(joined *j)
{
    fold(j);
    vec_sort(&j->told, by_time);
    for (size_t i = 0; i < j->told.count; i++)
        finding_finish(j, vec_at(&j->told, i));
    index_by_host(j);
}

void findings_done(joined *j)
{
    for (size_t i = 0; i < j->told.count; i++)
        drop(vec_at(&j->told, i));
    for (size_t i = 0; i < j->matches.count; i++)
        drop(vec_at(&j->matches, i));
    vec_done(&j->matches);
    vec_done(&j->told);
}
