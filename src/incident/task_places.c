/* Do the places of a scheduled task agree? Its definition is a file below System32\Tasks; what the scheduler runs stands in the task
 * cache of SOFTWARE, with a hash of that file. A hive and a file are told apart by survey, so they meet here. A task that stands in
 * one of them only, or does another thing in the one than in the other, was half deleted, or written past the scheduler. */
#include "incident/internal.h"

#include <stdlib.h>

typedef enum { IN_CACHE, IN_FILE, IN_EVIDENCE } side;                  /* IN_EVIDENCE: the file is there, whatever could be read of it */
typedef struct { const char *place, *name; side in; const act *a; } seen;

static int by_name(const void *a, const void *b)
{
    const seen *l = a, *r = b;
    int order = strcmp(l->place, r->place);
    order = order ? order : strcmp(l->name, r->name);
    if (order == 0 && l->in != r->in)
        return l->in < r->in ? -1 : 1;
    if (order || !l->a)
        return order;
    order = strcmp(l->a->log->path, r->a->log->path);
    return order ? order : (l->a->record > r->a->record) - (l->a->record < r->a->record);
}

static void add(joined *j, vec *all, const artifact_file *at, const char *root, const char *unit, const char *name, side in, const act *a)
{
    seen *s = vec_push(all);
    char *low = arena_str(j->mem, name[0] == '\\' ? name + 1 : name);
    utf8_lower_ascii(low);
    *s = (seen){ arena_printf(j->mem, "%s\x1f%s", at ? at->e->unit : unit, at ? at->root : root), low, in, a };
}

/* Once for each place where this file lies on the host: the same bytes may have been collected twice. */
static void add_act(joined *j, vec *all, uint32_t host, const act *a, side in)
{
    size_t n;
    const artifact_file *at = artifacts_of(j, a->log->file, a->log->path, &n);
    for (size_t i = 0; i < n; i++)
        if (at[i].host == host)
            add(j, all, &at[i], NULL, NULL, act_fact(a, "entry"), in, a);
}

static const char below[] = "windows/system32/tasks/";

/* Names of the files that lie where definitions lie, read or not. */
static void add_files(joined *j, vec *all, uint32_t host)
{
    const evidence_file *const *e = j->evidence.at;
    for (size_t i = 0; i < j->evidence.count; i++) {
        if (!strcasestr(e[i]->path, below + 8) || host_of_place(j, e[i]->unit, e[i]->path) != host)
            continue;
        bool anchored;
        char *path = windows_path(j, e[i]->path), *at = path ? strstr(path, below + 8) : NULL;
        if (!at)
            continue;
        for (char *c = at; *c; c++)
            *c = *c == '/' ? '\\' : *c;
        add(j, all, NULL, root_of_path(j, e[i]->path, &anchored), e[i]->unit, at + sizeof below - 9, IN_EVIDENCE, NULL);
    }
}

static vec gather_tasks(joined *j, uint32_t host)
{
    vec all;
    size_t n, cached = 0;
    vec_init(&all, sizeof(seen));
    const act *const *acts = acts_of(j, host, "autostart", &n);
    for (size_t i = 0; i < n; i++) {
        const char *point = act_fact(acts[i], "point");
        bool cache = strcmp(point, "task") == 0, file = strcmp(point, "task-file") == 0;
        if (!(cache || file) || acts[i]->recovered || act_fact(acts[i], "deleted")[0] || act_is_older(j, host, acts[i]))
            continue;
        cached += cache;
        /* A copy that waits to be brought over from an older Windows is no definition in force. */
        if (cache || strcasestr(acts[i]->log->path, below))
            add_act(j, &all, host, acts[i], cache ? IN_CACHE : IN_FILE);
    }
    if (cached)
        add_files(j, &all, host);
    vec_sort(&all, by_name);
    return all;
}

/* ---- One task ---- */

typedef struct { const seen *of; size_t count, cached, read; bool lies; const char *hidden; } one_task;

static one_task task_at(const seen *all, size_t count, size_t i)
{
    one_task t = { .of = all + i };
    while (i + t.count < count && strcmp(all[i].place, all[i + t.count].place) == 0 && strcmp(all[i].name, all[i + t.count].name) == 0) {
        side in = all[i + t.count++].in;
        t.cached += in == IN_CACHE;
        t.read += in == IN_FILE;
        t.lies |= in != IN_CACHE;
    }
    return t;
}

static bool same_text(const char *a, const char *b)
{
    static const char blanks[] = " \t\r\n";
    for (;;) {
        a += strspn(a, blanks);
        b += strspn(b, blanks);
        size_t n = strcspn(a, blanks), m = strcspn(b, blanks);
        if (n != m || strncasecmp(a, b, n) != 0)
            return false;
        if (!n)
            return true;
        a += n;
        b += m;
    }
}

static const char *definition(const one_task *t, side in)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->of[i].in == in)
            return act_fact(t->of[i].a, "definition");
    return "";
}

/* What the scheduler runs, and what its definition says, action by action. What could not be read says nothing. */
static bool other_actions(const one_task *t)
{
    if (t->cached != t->read || t->cached == 0)
        return t->cached && t->read;
    for (size_t i = 0; i < t->cached; i++) {
        const char *runs = act_fact(t->of[i].a, "command"), *says = act_fact(t->of[t->cached + i].a, "command");
        if (runs[0] && says[0] && !same_text(runs, says))
            return true;
    }
    return false;
}

/* The cache does not say what it runs: it is told as half a task already. */
static bool half_told(const one_task *t)
{
    for (size_t i = 0; i < t->cached; i++)
        if (strcmp(act_fact(t->of[i].a, "hidden"), "no-definition") == 0)
            return true;
    return false;
}

/* ---- One collection of a host ---- */

static bool acts_dropped(const joined *j, const char *file)
{
    const digest_cut *cuts = j->cuts.at;
    for (size_t i = 0; i < j->cuts.count; i++)
        if (strcmp(cuts[i].kind, "autostart") == 0 && cuts[i].log && strcmp(cuts[i].log->file, file) == 0)
            return true;
    return false;
}

/* Which of the tasks of one place do not agree. A folder that holds few of the cached tasks was collected in part, and where most
 * hashes differ the files were not taken as they lay: then what is missing, or differs, says nothing. */
static void compare_place(const joined *j, one_task *tasks, size_t count)
{
    size_t cached = 0, both = 0, files = 0, hashed = 0, differ = 0;
    const char *hive = NULL;
    for (size_t i = 0; i < count; i++) {
        one_task *t = &tasks[i];
        hive = t->cached ? t->of[0].a->log->file : hive;
        bool whole = t->cached && !half_told(t);
        cached += whole;
        files += t->lies;
        both += whole && t->lies;
        const char *kept = definition(t, IN_CACHE), *is = definition(t, IN_FILE);
        hashed += kept[0] && is[0];
        differ += kept[0] && is[0] && strcmp(kept, is) != 0;
    }
    double least = weight(j, "tasks.folder-kept");
    bool folder = both && (double)both >= least * (double)cached, cache = both && (double)both >= least * (double)files && !acts_dropped(j, hive);
    bool hashes = (double)differ <= weight(j, "tasks.hashes-differ") * (double)hashed || differ == 1;
    for (size_t i = 0; i < count; i++) {
        one_task *t = &tasks[i];
        const char *kept = definition(t, IN_CACHE), *is = definition(t, IN_FILE);
        if (t->cached && !t->lies)
            t->hidden = folder && !half_told(t) ? "no-file" : NULL;
        else if (!t->cached)
            t->hidden = cache && t->read ? "not-registered" : NULL;
        else if (!half_told(t) && other_actions(t))
            t->hidden = "other-actions";
        else if (hashes && kept[0] && is[0] && strcmp(kept, is) != 0)
            t->hidden = "other-definition";
    }
}

/* ---- What follows ---- */

static bool is_known(const one_task *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->of[i].a && strcmp(act_fact(t->of[i].a, "verdict"), "known") != 0)
            return false;
    return true;
}

static span mark_key(const uint32_t *host, const act *const *a, uint8_t room[sizeof(uint32_t) + sizeof(void *)])
{
    memcpy(room, host, sizeof *host);
    memcpy(room + sizeof *host, a, sizeof *a);
    return span_of(room, sizeof *host + sizeof *a);
}

/* A task of Windows' own, left over in one place, is told and no more; one that was changed is not excused by its name. */
static bool is_grave(const one_task *t)
{
    return strncmp(t->hidden, "other-", 6) == 0 || !is_known(t);
}

static void mark(joined *j, uint32_t host, const one_task *t)
{
    uint8_t room[sizeof(uint32_t) + sizeof(void *)];
    for (size_t i = 0; i < t->count; i++) {
        if (!t->of[i].a)
            continue;
        bool was;
        *map_put(&j->task_marks, mark_key(&host, &t->of[i].a, room), &was) = j->marked.count;
        *(task_mark *)vec_push(&j->marked) = (task_mark){ t->hidden, is_grave(t) };
    }
}

const task_mark *task_mark_of(const joined *j, uint32_t host, const act *a)
{
    uint8_t room[sizeof(uint32_t) + sizeof(void *)];
    const uint64_t *at = map_find(&j->task_marks, mark_key(&host, &a, room));
    return at ? vec_at(&j->marked, (size_t)*at) : NULL;
}

/* What one of its acts proved alone already says this, too. */
static bool said_already(joined *j, uint32_t host, const one_task *t)
{
    for (size_t i = j->told.count; i-- > 0;) {
        told *f = vec_at(&j->told, i);
        for (size_t k = 0; k < t->count; k++)
            if (f->of && f->of == t->of[k].a && f->f.host == host) {
                finding_fact(j, f, "places", t->hidden);
                f->f.text = say_more(j, f->f.text, "places", ARG_TEXT, t->hidden);
                return true;
            }
    }
    return false;
}

static void find(joined *j, uint32_t host, const one_task *t)
{
    const act *a = t->of[0].a;
    if (said_already(j, host, t))
        return;
    told *f = finding_from_act(j, host, a, "task-create");
    unsigned confidence = (unsigned)weight(j, "tasks.confidence");
    f->f.severity = SEVERITY_MEDIUM;
    f->f.confidence = confidence;
    f->weight = weight(j, "host.by-severity-medium") * confidence / 100;
    finding_technique(j, f, "T1053.005");
    finding_fact(j, f, "places", t->hidden);
    for (size_t i = 1; i < t->count; i++)
        if (t->of[i].a)
            finding_act(j, f, t->of[i].a);
    const char *says = t->cached && t->read ? act_fact(t->of[t->cached].a, "command") : NULL;
    f->f.title = say(j, "task-create.places.title", NULL);
    f->f.text = say(j, "task-create.places.text", "name", ARG_TEXT, act_fact(a, "entry"), "command", ARG_TEXT, act_fact(a, "command"), "says", ARG_TEXT,
                    strcmp(t->hidden, "other-actions") == 0 ? says : NULL, "hidden", ARG_TEXT, t->hidden, NULL);
}

void tasks_find(joined *j)
{
    for (uint32_t host = 0; host < host_total(j); host++) {
        vec all = gather_tasks(j, host);
        one_task *tasks = arena_array(j->mem, all.count, sizeof *tasks);
        size_t count = 0, from = 0;
        for (size_t i = 0; i < all.count; i += tasks[count++].count)
            tasks[count] = task_at(all.at, all.count, i);
        for (size_t i = 1; i <= count; i++)
            if (i == count || strcmp(tasks[i].of->place, tasks[from].of->place) != 0) {
                compare_place(j, tasks + from, i - from);
                from = i;
            }
        for (size_t i = 0; i < count; i++)
            if (tasks[i].hidden) {
                mark(j, host, &tasks[i]);
                if (is_grave(&tasks[i]))
                    find(j, host, &tasks[i]);
            }
        vec_done(&all);
    }
}
