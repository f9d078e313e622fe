/* What starts by itself? What the logs saw being made and what the host's own hives, tasks and subscriptions say, each entry once:
 * who made it and when, whether it is there still, whether its file is in the evidence, and what is held against it. */
#include "incident/internal.h"

#include <stdlib.h>

static const struct { const char *act, *where, *name, *command, *file; } points[] = {
    { "service.install", ENTRY_SERVICES, "name", "path", "path" },
    { "task.create", ENTRY_TASKS, "name", "command", "command" },
    { "task.update", ENTRY_TASKS, "name", "command", "command" },
    { "registry.autostart", NULL, "value", "data", "data" },
    { "startup.file", NULL, "file", "file", "file" },
    { "wmi.subscribe", ENTRY_WMI, "name", "command", NULL },
};

static const char *const verdicts[] = { "known", "unknown", "suspicious", "hostile" };
enum { KNOWN, UNKNOWN, SUSPICIOUS, HOSTILE };

typedef struct { persistence p; unsigned verdict, sources; bool disabled; const char *key; const told *why; const act *of; unsigned of_verdict; moment last_told; sentence said; vec evidence; } entry;

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

/* ---- From where it is told ---- */

enum { FROM_LOG = 1, FROM_STATE = 2, FROM_FREE_CELL = 4, FROM_OLDER = 8 };

static entry *entry_at(joined *j, vec *all, map *of, uint32_t host, const act *a, bool *made)
{
    char *key = arena_printf(j->mem, "%u\x1f%s", host, entry_key(j, host, a));
    bool was;
    uint64_t *at = map_put(of, span_str(key), &was);
    if (!was) {
        *at = all->count;
        entry *e = vec_push(all);
        *e = (entry){ .key = key, .p = { .host = host, .time = MOMENT_UNKNOWN, .written = MOMENT_UNKNOWN, .created = MOMENT_UNKNOWN } };
        vec_init(&e->evidence, sizeof(evidence_ref));
    }
    *made = !was;
    return vec_at(all, *at);
}

static void set(const char **to, const char *value)
{
    if (!*to && value[0])
        *to = value;
}

static void weigh(entry *e, unsigned verdict, const told *t, bool first)
{
    if (first || verdict > e->verdict) {
        e->verdict = verdict;
        e->why = t;
    }
}

static void cite(joined *j, entry *e, const act *a)
{
    if (e->evidence.count < 8)
        *(evidence_ref *)vec_push(&e->evidence) = ref_of_act(j, a);
}

/* Who made it, from where: what the record says, else the session that its finding was traced to, else the one with that id. */
static void take_maker(joined *j, entry *e, uint32_t host, const act *a, const told *t)
{
    set(&e->p.by, act_fact(a, "by"));
    set(&e->p.logon, act_fact(a, "logon"));
    set(&e->p.from, act_fact(a, "source"));
    if (t && t->of == a) {
        set(&e->p.by, t->account ? t->account : "");
        set(&e->p.logon, t->logon ? t->logon : "");
        set(&e->p.from, t->source ? t->source : "");
    }
    const act *session = !e->p.from && e->p.logon && moment_known(a->time) ? session_of(j, host, e->p.logon, a->time + MOMENT_SECOND) : NULL;
    if (session && (a->time <= session->time || a->time - session->time < MOMENT_DAY))
        set(&e->p.from, act_fact(session, "source"));
}

static void take_log(joined *j, vec *all, map *of, const map *found, uint32_t host, const act *a, size_t point)
{
    bool made;
    entry *e = entry_at(j, all, of, host, a, &made);
    const char *where = points[point].where, *name = act_fact(a, points[point].name);
    if (!where)
        where = strcmp(a->kind, "startup.file") == 0 ? "" : act_fact(a, "key");
    const told *t = finding_of(j, found, a);
    weigh(e, verdict_of(t, a), t, made);
    set(&e->p.location, where);
    set(&e->p.name, name);
    set(&e->p.command, command_of(j, a, points[point].command));
    set(&e->p.file, points[point].file ? act_fact(a, points[point].file) : "");
    if (!moment_known(e->p.created) || a->time < e->p.created)
        e->p.created = a->time;
    if (!moment_known(e->last_told) || a->time > e->last_told)
        e->last_told = a->time;
    e->sources |= FROM_LOG;
    take_maker(j, e, host, a, t);
    cite(j, e, a);
}

static unsigned verdict_word(const char *word)
{
    for (unsigned i = 0; i < sizeof verdicts / sizeof *verdicts; i++)
        if (strcmp(verdicts[i], word) == 0)
            return i;
    return UNKNOWN;
}

/* Where a person finds it: services and tasks by their place, everything else by its key. */
static const char *where_of(const char *key, const act *a)
{
    static const char *const wheres[] = { ENTRY_SERVICES, ENTRY_TASKS, ENTRY_WMI };
    const char *rest = strchr(key, '\x1f') + 1;
    for (size_t i = 0; i < sizeof wheres / sizeof *wheres; i++)
        if (strncasecmp(rest, wheres[i], strlen(wheres[i])) == 0 && rest[strlen(wheres[i])] == '\x1f')
            return wheres[i];
    return act_fact(a, "key");
}

/* What the host itself tells. What is there now says more than what was: current copies are taken before older ones. */
static void take_state(joined *j, vec *all, map *of, const map *found, uint32_t host, const act *a)
{
    bool made, older = act_is_older(j, host, a), gone = a->recovered || act_fact(a, "deleted")[0];
    if (older && gone)
        return;                                      /* remains in a copy of what was */
    entry *e = entry_at(j, all, of, host, a, &made);
    if ((older || gone) && (e->sources & FROM_STATE))
        return;                                      /* it is still there: what it was before is set aside */
    const told *t = finding_of(j, found, a);
    const task_mark *mark = task_mark_of(j, host, a);
    unsigned verdict = t && t->innocent ? KNOWN : verdict_word(act_fact(a, "verdict"));
    const act *class = class_of_entry(j, host, a), *shadowed = class_shadowed(j, host, a);
    unsigned of_class = class ? verdict_word(act_fact(class, "verdict")) : KNOWN;
    verdict = of_class > verdict && !(t && t->innocent) ? of_class : verdict;
    bool by_places = mark && mark->grave && verdict < SUSPICIOUS && !(t && t->innocent);
    verdict = by_places ? SUSPICIOUS : verdict;
    weigh(e, verdict, t, made);
    const char *target = act_fact(a, "target"), *command = act_fact(a, "command"), *arguments = act_fact(a, "arguments");
    set(&e->p.location, where_of(e->key, a));
    set(&e->p.name, act_fact(a, "entry"));
    if (e->sources == FROM_LOG && target[0])         /* the log names the host process, the registry what it loads */
        e->p.file = NULL;
    set(&e->p.command, arguments[0] && !strstr(command, arguments) ? arena_printf(j->mem, "%s %s", command, arguments) : command);
    /* A file of a start-up folder is itself what is to go; what it starts is another matter. */
    bool own = strcmp(act_fact(a, "point"), "startup-folder") == 0 && strcasecmp(act_fact(a, "file"), act_fact(a, "key")) == 0;
    set(&e->p.file, target[0] && !own ? target : act_fact(class ? class : a, "file"));
    if (own)
        set(&e->p.target, target);
    set(&e->p.point, act_fact(a, "point"));
    if (!e->of || verdict > e->of_verdict) {         /* several tell of it: the gravest says why */
        const char *reason = by_places ? "task-places" : act_fact(class ? class : a, "reason");
        if (shadowed && verdict == UNKNOWN)
            reason = "class-shadows";
        e->of = a;
        e->of_verdict = verdict;
        e->p.reason = reason[0] ? reason : e->p.reason;
        e->said = (sentence){ 0 };
        if (by_places)
            e->said = say(j, "autostart.why.task-places", "hidden", ARG_TEXT, mark->hidden, NULL);
        else if (shadowed && verdict == UNKNOWN)
            e->said = say(j, "autostart.why.class-shadows", "file", ARG_TEXT, act_fact(shadowed, "file"), NULL);
    }
    set(&e->p.value, act_fact(a, "value"));
    set(&e->p.user, act_fact(a, "user"));
    set(&e->p.runs_as, act_fact(a, "runs_as"));
    set(&e->p.start, act_fact(a, "start"));
    set(&e->p.hidden, act_fact(a, "hidden"));
    set(&e->p.hidden, mark ? mark->hidden : "");
    e->disabled |= !older && !gone && act_fact(a, "disabled")[0];
    if (moment_known(a->time) && (!moment_known(e->p.written) || a->time > e->p.written))
        e->p.written = a->time;
    e->sources |= gone ? FROM_FREE_CELL : older ? FROM_OLDER : FROM_STATE;
    cite(j, e, a);
    if (class)
        cite(j, e, class);
}

/* Which hive would still have it; NULL: none, or another artifact. */
static const char *hive_for(const entry *e)
{
    const char *rest = strchr(e->key, '\x1f') + 1;
    if (strncmp(rest, "hklm\\system\\", 12) == 0)
        return "registry/SYSTEM";
    if (strncmp(rest, "hklm\\software\\", 14) == 0 || strncasecmp(rest, ENTRY_TASKS, strlen(ENTRY_TASKS)) == 0)
        return "registry/SOFTWARE";
    return NULL;
}

static void settle_state(const joined *j, entry *e)
{
    persistence *p = &e->p;
    bool state = e->sources & FROM_STATE, log = e->sources & FROM_LOG;
    p->origin = state ? (log ? "both" : "artifact") : e->sources & FROM_FREE_CELL ? "free-cell" : e->sources & FROM_OLDER ? "older-copy" : "log";
    const char *hive = hive_for(e);
    moment kept = hive ? hive_kept(j, p->host, hive) : MOMENT_UNKNOWN;
    bool gone = !state && (e->sources != FROM_LOG || (moment_known(kept) && moment_known(e->last_told) && e->last_told < kept));
    p->state = state ? (e->disabled ? "disabled" : "present") : gone ? "deleted" : "unknown";
    p->time = moment_known(p->created) ? p->created : p->written;
}

/* ---- Start-up files that start what is hostile ---- */

/* The text names the path, and no longer one: what follows is no letter of a path. */
static bool names_file(const char *text, const char *path)
{
    size_t n = strlen(path);
    for (const char *at = text; (at = strcasestr(at, path)) != NULL; at += n)
        if (!at[n] || strchr(" \t\"';&|<>)", at[n]))
            return true;
    return false;
}

/* A file of a start-up folder that starts the file of another hostile entry of its host is as hostile as that one. */
static void raise_starters(vec *all)
{
    for (size_t i = 0; i < all->count; i++) {
        entry *e = vec_at(all, i);
        if (!e->p.point || strcmp(e->p.point, "startup-folder") != 0 || e->verdict < UNKNOWN || e->verdict == HOSTILE || !(e->sources & FROM_STATE))
            continue;
        const char *target = act_fact(e->of, "target");
        for (size_t k = 0; k < all->count && e->verdict != HOSTILE; k++) {
            const entry *o = vec_at(all, k);
            const char *file = o->p.host == e->p.host && o->verdict == HOSTILE && o->p.file ? o->p.file : "";
            if (!file[0] || file[1] != ':' || !(strcasecmp(file, target) == 0 || names_file(e->p.command ? e->p.command : "", file)))
                continue;
            e->verdict = HOSTILE;
            e->why = NULL;
            e->p.reason = "starts-hostile";
            e->p.target = file;
        }
    }
}

/* ---- Whether the file is in the evidence ---- */

/* A full path as windows_path has it; NULL: it is none. */
static char *plain_file(const joined *j, const char *file)
{
    /* A hive that does not say where Windows lies: all that lie in the evidence lie on the drive that is called c there. */
    if (strncasecmp(file, "%SystemRoot%\\", 13) == 0)
        file = arena_printf(j->mem, "c:\\windows\\%s", file + 13);
    if (!(file[0] && file[1] == ':' && (file[2] == '\\' || file[2] == '/')))
        return NULL;
    char *out = arena_str(j->mem, file);
    for (char *c = out; *c; c++)
        *c = *c == '\\' ? '/' : *c;
    utf8_lower_ascii(out);
    return out;
}

static void find_files(joined *j, vec *all)
{
    map wanted;                                      /* host and file to the first entry; entries of one file are chained */
    map_init(&wanted);
    size_t *next = arena_array(j->mem, all->count, sizeof *next);
    for (size_t i = 0; i < all->count; i++) {
        entry *e = vec_at(all, i);
        char *file = e->p.file ? plain_file(j, e->p.file) : NULL;
        bool was;
        if (!file)
            continue;
        uint64_t *at = map_put(&wanted, span_str(arena_printf(j->mem, "%u/%s", e->p.host, file)), &was);
        next[i] = was ? (size_t)*at : SIZE_MAX;
        *at = i;
    }
    const evidence_file *const *files = j->evidence.at;
    for (size_t i = 0; wanted.count && i < j->evidence.count; i++) {
        uint32_t host = host_of_place(j, files[i]->unit, files[i]->path);
        if (host == HOST_NONE)
            continue;
        const char *path = windows_path(j, files[i]->path);
        const uint64_t *first = path ? map_find(&wanted, span_str(arena_printf(j->mem, "%u/%s", host, path))) : NULL;
        for (size_t k = first ? (size_t)*first : SIZE_MAX; k != SIZE_MAX; k = next[k]) {
            entry *e = vec_at(all, k);
            e->p.in_evidence = true;
            if (files[i]->sha256[0])
                e->p.sha256 = files[i]->sha256;
        }
    }
    map_done(&wanted);
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

/* Where no record tells that a service was installed (Windows Server 2008 writes none) and no hive names it, its first change of
 * state may show it: of a known family, with a name of random letters, or never before the first hostile act and soon after it. A
 * few, the earliest. */
static void take_runs(joined *j, vec *all, map *of, const map *found, uint32_t host)
{
    const joined_host *h = host_of(j, host);
    size_t n, told_of = 0;
    const act *const *acts = acts_of(j, host, "service.run", &n);
    moment onset = h->infected == INFECTED_YES || h->infected == INFECTED_SUSPECTED ? h->first_hostile : MOMENT_UNKNOWN;
    moment before = weight_span(j, "unknowns.before-onset"), day = moment_known(onset) && onset > before ? onset - before : 0;
    bool kept = moment_known(onset) && log_looks(j, host, "System", day, onset) != LOOK_BLIND;
    map seen;
    map_init(&seen);
    for (size_t i = 0; i < n; i++) {
        const act *a = acts[i];
        bool was, made;
        const char *key = entry_key(j, host, a);
        map_put(&seen, span_str(key), &was);
        bool family = act_looks(a, "family"), random = act_looks(a, "random-name");
        bool fresh = kept && moment_known(a->time) && a->time >= onset && a->time - onset <= weight_span(j, "persistence.fresh");
        if (was || map_find(of, span_str(arena_printf(j->mem, "%u\x1f%s", host, key))) || !(family || random || fresh)
            || (!family && told_of++ >= (size_t)weight(j, "persistence.runs-told")))
            continue;
        entry *e = entry_at(j, all, of, host, a, &made);
        const told *t = finding_of(j, found, a);
        weigh(e, family ? verdict_of(t, a) : UNKNOWN, t, made);
        set(&e->p.location, ENTRY_SERVICES);
        set(&e->p.name, act_fact(a, "name"));
        e->p.created = e->last_told = a->time;
        e->sources |= FROM_LOG;
        e->said = say(j, random ? "persistence.ran-random" : "persistence.ran-fresh", "name", ARG_TEXT, act_fact(a, "name"), "time", ARG_TIME, write_time(j, a->time), "onset", ARG_TIME, write_time(j, onset), NULL);
        cite(j, e, a);
    }
    map_done(&seen);
}

static void take_host(joined *j, vec *all, map *of, const map *found, uint32_t host)
{
    size_t n;
    for (size_t k = 0; k < sizeof points / sizeof *points; k++) {
        const act *const *acts = acts_of(j, host, points[k].act, &n);
        for (size_t m = 0; m < n; m++)
            if (!act_is_state(acts[m]))
                take_log(j, all, of, found, host, acts[m], k);
    }
    const act *const *acts = acts_of(j, host, "autostart", &n);
    for (int remains = 0; remains < 2; remains++)    /* what is there, then what was */
        for (size_t m = 0; m < n; m++)
            if ((act_is_older(j, host, acts[m]) || acts[m]->recovered || act_fact(acts[m], "deleted")[0]) == remains)
                take_state(j, all, of, found, host, acts[m]);
    take_runs(j, all, of, found, host);
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
        take_host(j, &all, &of, &found, i);
    for (size_t i = 0; i < all.count; i++)
        settle_state(j, vec_at(&all, i));
    raise_starters(&all);
    find_files(j, &all);
    vec_sort(&all, by_host_time);
    suyuan_case *c = j->out;
    c->persistence = arena_array(j->mem, all.count, sizeof *c->persistence);
    for (size_t i = 0; i < all.count; i++) {
        entry *e = vec_at(&all, i);
        e->p.verdict = verdicts[e->verdict];
        if (e->why)
            e->p.why = e->why->f.text;
        else if (e->said.id)
            e->p.why = e->said;
        else if (e->of && e->p.reason && e->verdict != KNOWN)
            e->p.why = say_facts(j, arena_printf(j->mem, "autostart.why.%s", e->p.reason), e->of->facts, e->of->fact_count);
        else
            e->p.why = e->said;
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
