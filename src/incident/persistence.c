/* What starts by itself? Services, tasks, registry entries, start-up files and subscriptions that the logs saw being made, each
 * once, with what is held against it. */
#include "incident/internal.h"

#include <stdlib.h>

static const struct { const char *act, *where, *name, *command, *file; } points[] = {
    { "service.install", "HKLM\\SYSTEM\\CurrentControlSet\\Services", "name", "path", "path" },
    { "task.create", "C:\\Windows\\System32\\Tasks", "name", "command", "command" },
    { "task.update", "C:\\Windows\\System32\\Tasks", "name", "command", "command" },
    { "registry.autostart", NULL, "value", "data", "data" },
    { "startup.file", NULL, "file", "file", "file" },
    { "wmi.subscribe", "root\\subscription", "name", "command", NULL },
};

static const char *const verdicts[] = { "known", "unknown", "suspicious", "hostile" };
enum { KNOWN, UNKNOWN, SUSPICIOUS, HOSTILE };

typedef struct { persistence p; unsigned verdict; const char *key; const told *why; vec evidence; } entry;

/* The findings that acts became, or were folded into: by act, and by kind and record of what they cite. The first one counts. */
static char *cited(const joined *j, const char *kind, const char *file, uint64_t record)
{
    return arena_printf(j->mem, "%s\x1f%s\x1f%llu", kind, file, (unsigned long long)record);
}

static void index_findings(const joined *j, map *found)
{
    bool was;
    for (size_t i = 0; i < j->told.count; i++) {
        const told *t = finding_at(j, i);
        if (!t->of)
            continue;
        uint64_t *at = map_put(found, span_of(&t->of, sizeof t->of), &was);
        *at = was ? *at : i;
        for (size_t k = 0; k < t->evidence.count; k++) {
            const evidence_ref *r = vec_at(&t->evidence, k);
            at = map_put(found, span_str(cited(j, t->of->kind, r->file, r->record)), &was);
            *at = was ? *at : i;
        }
    }
}

static const told *finding_of(const joined *j, const map *found, const act *a)
{
    const uint64_t *of = map_find(found, span_of(&a, sizeof a));
    const uint64_t *by = a->finding ? map_find(found, span_str(cited(j, a->kind, a->log->file, a->record))) : NULL;
    if (!of && !by)
        return NULL;
    return finding_at(j, !by || (of && *of < *by) ? *of : *by);
}

static unsigned verdict_of(const told *t, const act *a)
{
    if (t && t->innocent)
        return KNOWN;
    if (t && t->f.severity >= SEVERITY_HIGH)
        return HOSTILE;
    if (t && strcmp(t->f.kind, "remote-execution") == 0)         /* a tool's service carries one command and does not start again */
        return UNKNOWN;
    if (t && t->f.severity == SEVERITY_MEDIUM)
        return SUSPICIOUS;
    return act_looks(a, "known") ? KNOWN : UNKNOWN;
}

/* A task's arguments belong to its command. */
static const char *command_of(const joined *j, const act *a, const char *fact)
{
    const char *command = act_fact(a, fact), *arguments = act_fact(a, "arguments");
    return arguments[0] ? arena_printf(j->mem, "%s %s", command, arguments) : command;
}

static void take(joined *j, vec *all, map *of, const map *found, uint32_t host, const act *a, size_t point)
{
    const char *where = points[point].where, *name = act_fact(a, points[point].name);
    if (!where)
        where = strcmp(a->kind, "startup.file") == 0 ? "" : act_fact(a, "key");
    char *key = arena_printf(j->mem, "%u\x1f%s\x1f%s", host, where, name[0] == '\\' ? name + 1 : name);
    bool was;
    utf8_lower_ascii(key);
    uint64_t *at = map_put(of, span_str(key), &was);
    if (!was) {
        *at = all->count;
        entry *made = vec_push(all);
        *made = (entry){ .key = key, .p = { .host = host, .location = where[0] ? where : NULL, .name = name[0] ? name : NULL, .time = a->time } };
        vec_init(&made->evidence, sizeof(evidence_ref));
    }
    entry *e = vec_at(all, *at);
    const told *t = finding_of(j, found, a);
    unsigned verdict = verdict_of(t, a);
    if (!was || verdict > e->verdict) {
        e->verdict = verdict;
        e->why = t;
    }
    const char *command = command_of(j, a, points[point].command), *file = points[point].file ? act_fact(a, points[point].file) : "";
    if (command[0] && !e->p.command)
        e->p.command = command;
    if (file[0] && !e->p.file)
        e->p.file = file;
    if (a->time < e->p.time)
        e->p.time = a->time;
    if (e->evidence.count < 8)
        *(evidence_ref *)vec_push(&e->evidence) = ref_of_act(j, a);
}

static int by_host_time(const void *a, const void *b)
{
    const entry *l = a, *r = b;
    if (l->p.host != r->p.host)
        return l->p.host < r->p.host ? -1 : 1;
    if (l->verdict != r->verdict)
        return l->verdict > r->verdict ? -1 : 1;
    if (l->p.time != r->p.time)
        return l->p.time < r->p.time ? -1 : 1;
    return strcmp(l->key, r->key);
}

void persistence_tell(joined *j)
{
    vec all;
    map of, found;
    vec_init(&all, sizeof(entry));
    map_init(&of);
    map_init(&found);
    index_findings(j, &found);
    for (uint32_t i = 0; i < host_total(j); i++)
        for (size_t k = 0; k < sizeof points / sizeof *points; k++) {
            size_t n;
            const act *const *acts = acts_of(j, i, points[k].act, &n);
            for (size_t m = 0; m < n; m++)
                take(j, &all, &of, &found, i, acts[m], k);
        }
    vec_sort(&all, by_host_time);
    suyuan_case *c = j->out;
    c->persistence = arena_array(j->mem, all.count, sizeof *c->persistence);
    for (size_t i = 0; i < all.count; i++) {
        entry *e = vec_at(&all, i);
        e->p.verdict = verdicts[e->verdict];
        if (e->why)
            e->p.why = e->why->f.text;
        e->p.evidence = arena_array(j->mem, e->evidence.count, sizeof *e->p.evidence);
        if (e->evidence.count)
            memcpy(e->p.evidence, e->evidence.at, e->evidence.count * sizeof *e->p.evidence);
        e->p.evidence_count = e->evidence.count;
        c->persistence[c->persistence_count++] = e->p;
        vec_done(&e->evidence);
    }
    map_done(&found);
    map_done(&of);
    vec_done(&all);
}
