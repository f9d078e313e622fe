/* Which processes matter? Those that a finding names, with their ancestors and descendants as far as the logs hold them: trees by
 * process GUID where Sysmon gives one, else by pid, where the latest creator before the child is the parent. */
#include "incident/internal.h"

#include <stdlib.h>

typedef struct {
    const act *a;
    const told *why;               /* the gravest finding of this very record; NULL: none */
    uint32_t parent;               /* index; UINT32_MAX: not known here */
    bool kept;
} start;

/* The gravest findings of starts, the first of those that are equally grave, by the records they cite and by what they started. */
static void note_best(const joined *j, map *found, const char *key, size_t at)
{
    bool was;
    uint64_t *best = map_put(found, span_str(key), &was);
    if (!was || finding_at(j, at)->f.severity > finding_at(j, *best)->f.severity)
        *best = at;
}

static char *by_record(const joined *j, uint32_t host, const char *file, uint64_t record, moment t)
{
    return arena_printf(j->mem, "r\x1f%u\x1f%s\x1f%llu\x1f%llu", host, file, (unsigned long long)record, (unsigned long long)t);
}

static char *by_command(const joined *j, uint32_t host, const act *a)
{
    return arena_printf(j->mem, "c\x1f%u\x1f%s\x1f%s", host, act_fact(a, "image"), act_fact(a, "command"));
}

static void index_findings(const joined *j, map *found)
{
    for (size_t i = 0; i < j->told.count; i++) {
        const told *t = finding_at(j, i);
        if (t->innocent || !t->of || strcmp(t->of->kind, "process.start") != 0)
            continue;
        for (size_t k = 0; k < t->evidence.count; k++) {
            const evidence_ref *r = vec_at(&t->evidence, k);
            note_best(j, found, by_record(j, t->f.host, r->file, r->record, r->time), i);
        }
        note_best(j, found, by_command(j, t->f.host, t->of), i);
    }
}

/* A folded finding cites few of its records: the same image and command line are the same finding. */
static const told *finding_of(const joined *j, const map *found, uint32_t host, const act *a)
{
    const uint64_t *of = map_find(found, span_str(by_record(j, host, a->log->file, a->record, a->time)));
    const uint64_t *alike = a->finding ? map_find(found, span_str(by_command(j, host, a))) : NULL;
    const told *t = of ? finding_at(j, *of) : NULL, *u = alike ? finding_at(j, *alike) : NULL;
    if (!t || !u)
        return t ? t : u;
    return u->f.severity > t->f.severity || (u->f.severity == t->f.severity && *alike < *of) ? u : t;
}

/* Pids come again; a start of the system ends them all. */
static bool booted_between(const joined *j, uint32_t host, moment from, moment to)
{
    size_t n;
    const act *const *boots = acts_of(j, host, "boot.start", &n);
    for (size_t i = 0; i < n; i++)
        if (boots[i]->time > from && boots[i]->time <= to)
            return true;
    return false;
}

static char *pid_key(const joined *j, const act *a, const char *pid, bool has_guid)
{
    return arena_printf(j->mem, "p%d\x1f%s\x1f%s", has_guid, pid, a->log->channel);
}

static char *guid_key(const joined *j, const char *guid)
{
    return arena_printf(j->mem, "g\x1f%s", guid);
}

/* The latest start under a key that lies before the one at hand, as a number from 1; 0: none. */
static size_t latest(const map *of, const char *key)
{
    const uint64_t *at = map_find(of, span_str(key));
    return at ? (size_t)*at : 0;
}

static void find_parents(const joined *j, uint32_t host, start *all, size_t count)
{
    map last;
    map_init(&last);
    for (size_t i = 0; i < count; i++) {
        const act *a = all[i].a;
        const char *guid = act_fact(a, "parent_guid"), *pid = act_fact(a, "parent_pid"), *own_guid = act_fact(a, "guid"), *own_pid = act_fact(a, "pid");
        size_t by_guid = guid[0] ? latest(&last, guid_key(j, guid)) : 0, by_pid = pid[0] ? latest(&last, pid_key(j, a, pid, false)) : 0;
        size_t with_guid = pid[0] && !guid[0] ? latest(&last, pid_key(j, a, pid, true)) : 0;
        if (with_guid > by_pid)
            by_pid = with_guid;
        if (by_pid > by_guid && booted_between(j, host, all[by_pid - 1].a->time, a->time))
            by_pid = 0;
        size_t parent = by_pid > by_guid ? by_pid : by_guid;
        all[i].parent = parent ? (uint32_t)(parent - 1) : UINT32_MAX;
        if (own_guid[0])
            *map_put(&last, span_str(guid_key(j, own_guid)), &(bool){ false }) = i + 1;
        if (own_pid[0])
            *map_put(&last, span_str(pid_key(j, a, own_pid, own_guid[0] != '\0')), &(bool){ false }) = i + 1;
    }
    map_done(&last);
}

static bool grave(const start *s)
{
    return s->why && s->why->f.severity >= SEVERITY_MEDIUM;
}

/* A process that starts again and again, in the same way, is shown a few times: how often it is kept so far. */
static uint64_t *alike(const joined *j, map *of, const act *a)
{
    const char *key = arena_printf(j->mem, "%s\x1f%s\x1f%s", act_fact(a, "image"), act_fact(a, "command"), act_fact(a, "parent"));
    return map_put(of, span_str(key), &(bool){ false });
}

static void keep(const joined *j, start *all, size_t count)
{
    uint64_t most = (uint64_t)weight(j, "processes.alike");
    map grave_ones, shown;
    map_init(&grave_ones);
    map_init(&shown);
    for (size_t i = 0; i < count; i++) {
        uint64_t *before = grave(&all[i]) ? alike(j, &grave_ones, all[i].a) : NULL;
        all[i].kept = before && *before < most;
        if (before)
            *before += all[i].kept;
    }
    for (size_t i = 0; i < count; i++) {                                   /* descendants: parents stand before children */
        bool child = all[i].parent != UINT32_MAX && all[all[i].parent].kept;
        uint64_t *before = all[i].kept || child ? alike(j, &shown, all[i].a) : NULL;
        all[i].kept = all[i].kept || (child && *before < most);
        if (before)
            *before += all[i].kept;
    }
    map_done(&grave_ones);
    map_done(&shown);
    for (size_t i = count; i > 0; i--)                                     /* ancestors */
        if (all[i - 1].kept && all[i - 1].parent != UINT32_MAX)
            all[all[i - 1].parent].kept = true;
}

static const char *id_of(const joined *j, const act *a)
{
    const char *guid = act_fact(a, "guid");
    return guid[0] ? guid : arena_printf(j->mem, "%s@%s", act_fact(a, "pid"), write_time(j, a->time));
}

static const char *or_null(const char *text)
{
    return text[0] ? text : NULL;
}

static void put(joined *j, uint32_t host, const start *all, size_t at)
{
    const start *s = &all[at];
    process *p = &j->out->processes[j->out->process_count++];
    *p = (process){ .host = host, .id = id_of(j, s->a), .parent = s->parent != UINT32_MAX && all[s->parent].kept ? id_of(j, all[s->parent].a) : NULL,
                    .start = s->a->time, .image = or_null(act_fact(s->a, "image")), .command = or_null(act_fact(s->a, "command")),
                    .account = or_null(act_fact(s->a, "account")), .session = or_null(act_fact(s->a, "session")) };
    p->verdict = !s->why ? "unknown" : s->why->f.severity >= SEVERITY_HIGH ? "hostile" : s->why->f.severity == SEVERITY_MEDIUM ? "suspicious" : "unknown";
    if (s->why)
        p->why = s->why->f.title;
    p->evidence = arena_array(j->mem, 1, sizeof *p->evidence);
    p->evidence[p->evidence_count++] = ref_of_act(j, s->a);
}

void processes_tell(joined *j)
{
    size_t total = 0;
    map found;
    map_init(&found);
    index_findings(j, &found);
    for (uint32_t i = 0; i < host_total(j); i++) {
        size_t n;
        acts_of(j, i, "process.start", &n);
        total += n;
    }
    j->out->processes = arena_array(j->mem, total, sizeof *j->out->processes);
    for (uint32_t i = 0; i < host_total(j); i++) {
        size_t n, shown = 0;
        const act *const *acts = acts_of(j, i, "process.start", &n);
        start *all = arena_array(j->mem, n, sizeof *all);
        for (size_t k = 0; k < n; k++)
            all[k] = (start){ .a = acts[k], .why = finding_of(j, &found, i, acts[k]), .parent = UINT32_MAX };
        find_parents(j, i, all, n);
        keep(j, all, n);
        for (size_t k = 0; k < n && shown < (size_t)weight(j, "processes.shown"); k++)
            if (all[k].kept) {
                put(j, i, all, k);
                shown++;
            }
    }
    map_done(&found);
}
