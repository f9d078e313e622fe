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

static bool same_record(const told *t, const act *a)
{
    for (size_t i = 0; i < t->evidence.count; i++) {
        const evidence_ref *r = vec_at(&t->evidence, i);
        if (r->record == a->record && r->time == a->time && strcmp(r->file, a->log->file) == 0)
            return true;
    }
    return false;
}

/* A folded finding cites few of its records: the same image and command line are the same finding. */
static const told *finding_of(const joined *j, uint32_t host, const act *a)
{
    const told *best = NULL;
    for (size_t i = 0; i < j->told.count; i++) {
        const told *t = finding_at(j, i);
        if (t->f.host != host || t->innocent || !t->of || strcmp(t->of->kind, "process.start") != 0)
            continue;
        bool same = same_record(t, a) || (a->finding && strcmp(act_fact(t->of, "image"), act_fact(a, "image")) == 0
                                          && strcmp(act_fact(t->of, "command"), act_fact(a, "command")) == 0);
        if (same && (!best || t->f.severity > best->f.severity))
            best = t;
    }
    return best;
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

static void find_parents(const joined *j, uint32_t host, start *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *guid = act_fact(all[i].a, "parent_guid"), *pid = act_fact(all[i].a, "parent_pid");
        all[i].parent = UINT32_MAX;
        for (size_t k = i; k > 0 && all[i].parent == UINT32_MAX; k--) {
            const act *p = all[k - 1].a;
            bool by_guid = guid[0] && strcmp(act_fact(p, "guid"), guid) == 0;
            bool by_pid = (!guid[0] || !act_fact(p, "guid")[0]) && pid[0] && strcmp(act_fact(p, "pid"), pid) == 0
                          && strcmp(p->log->channel, all[i].a->log->channel) == 0 && !booted_between(j, host, p->time, all[i].a->time);
            if (by_guid || by_pid)
                all[i].parent = (uint32_t)(k - 1);
        }
    }
}

static bool grave(const start *s)
{
    return s->why && s->why->f.severity >= SEVERITY_MEDIUM;
}

/* A process that starts again and again, in the same way, is shown a few times. */
static bool often(const joined *j, const start *all, size_t at)
{
    size_t before = 0, most = (size_t)weight(j, "processes.alike");
    const act *a = all[at].a;
    for (size_t i = 0; i < at && before < most; i++)
        before += all[i].kept && strcmp(act_fact(all[i].a, "image"), act_fact(a, "image")) == 0
                  && strcmp(act_fact(all[i].a, "command"), act_fact(a, "command")) == 0 && strcmp(act_fact(all[i].a, "parent"), act_fact(a, "parent")) == 0;
    return before >= most;
}

static void keep(const joined *j, start *all, size_t count)
{
    for (size_t i = 0; i < count; i++)
        all[i].kept = grave(&all[i]) && !often(j, all, i);
    for (size_t i = 0; i < count; i++)                                     /* descendants: parents stand before children */
        if (!all[i].kept && all[i].parent != UINT32_MAX && all[all[i].parent].kept && !often(j, all, i))
            all[i].kept = true;
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
            all[k] = (start){ .a = acts[k], .why = finding_of(j, i, acts[k]), .parent = UINT32_MAX };
        find_parents(j, i, all, n);
        keep(j, all, n);
        for (size_t k = 0; k < n && shown < (size_t)weight(j, "processes.shown"); k++)
            if (all[k].kept) {
                put(j, i, all, k);
                shown++;
            }
    }
}
