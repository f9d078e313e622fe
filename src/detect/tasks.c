/* Which scheduled tasks were registered, changed, deleted and run, and what do they start? (Security 4698-4702;
 * TaskScheduler/Operational 106, 129, 140, 141, 200, 201.) */
#include "detect/commands.h"
#include "detect/detect.h"
#include "detect/family.h"
#include "detect/gravest.h"
#include "detect/looks.h"
#include "detect/seen.h"
#include "detect/subject.h"

#include <ctype.h>
#include <strings.h>

enum { RECENT = 64, RUNS_SEEN = 16384 };

typedef struct {
    commands *commands;
    families *families;
    remote_tools *remote;
    looks *looks;
    field name, content, content_new, subject_name, subject_domain, subject_sid, subject_logon, user_context, user_name, action, result, engine_pid, path, pid;
} tasks_run;

/* Tasks registered lately: one that is deleted within a minute was made to run a command once (atexec and its kin). */
typedef struct { pattern_room *room; struct { uint64_t name; moment time; } recent[RECENT]; size_t newest; seen runs; } tasks_state;

static status setup(const detect_setup *s, void **out)
{
    tasks_run *run = arena_alloc(s->mem, sizeof *run);
    fields *f = s->names;
    run->name = fields_intern(f, "TaskName");
    run->content = fields_intern(f, "TaskContent");
    run->content_new = fields_intern(f, "TaskContentNew");
    run->subject_name = fields_intern(f, "SubjectUserName");
    run->subject_domain = fields_intern(f, "SubjectDomainName");
    run->subject_sid = fields_intern(f, "SubjectUserSid");
    run->subject_logon = fields_intern(f, "SubjectLogonId");
    run->user_context = fields_intern(f, "UserContext");
    run->user_name = fields_intern(f, "UserName");
    run->action = fields_intern(f, "ActionName");
    run->result = fields_intern(f, "ResultCode");
    run->engine_pid = fields_intern(f, "EnginePID");
    run->path = fields_intern(f, "Path");
    run->pid = fields_intern(f, "ProcessID");
    *out = run;
    status st = commands_new(s->facts, s->mem, &run->commands);
    if (status_is_ok(st))
        st = families_new(s->facts, s->mem, &run->families);
    if (status_is_ok(st))
        st = remote_tools_new(s->facts, s->mem, &run->remote);
    if (status_is_ok(st))
        st = looks_new(s->facts, s->mem, &run->looks);
    return st;
}

static void *start(const void *run, arena *mem)
{
    (void)run;
    tasks_state *p = arena_alloc(mem, sizeof *p);
    p->room = pattern_room_new(mem);
    seen_init(&p->runs, "task.run", RUNS_SEEN);
    return p;
}

static void finish(const void *run, void *state, detect_log *out)
{
    (void)run;
    (void)out;
    seen_done(&((tasks_state *)state)->runs);
}

/* The text of the first element of that name, entities resolved; NULL when there is none. Task XML is small and made by the
 * scheduler, so no more of XML is needed: element names do not repeat with other meanings above Actions. */
static char *element(const char *xml, const char *name, arena *mem)
{
    size_t len = strlen(name);
    for (const char *at = xml; (at = strchr(at, '<')); at++) {
        if (strncmp(at + 1, name, len) != 0 || (at[len + 1] != '>' && !isspace((unsigned char)at[len + 1])))
            continue;
        const char *from = strchr(at, '>');
        const char *to = from && from[-1] != '/' ? strchr(from, '<') : NULL;
        if (!to)
            return NULL;
        char *text = arena_text(mem, span_of(from + 1, (size_t)(to - from - 1))), *out = text;
        static const struct { const char *entity; char c; } entities[] = { { "&lt;", '<' }, { "&gt;", '>' }, { "&amp;", '&' }, { "&quot;", '"' }, { "&apos;", '\'' } };
        for (char *in = text; *in;) {
            size_t i = 0;
            while (i < 5 && strncmp(in, entities[i].entity, strlen(entities[i].entity)) != 0)
                i++;
            *out++ = i < 5 ? entities[i].c : *in;
            in += i < 5 ? strlen(entities[i].entity) : 1;
        }
        *out = 0;
        while (out > text && isspace((unsigned char)out[-1]))
            *--out = 0;
        while (isspace((unsigned char)*text))
            text++;
        return text;
    }
    return NULL;
}

typedef struct { const char *name, *command, *arguments, *runs_as, *interval, *author, *hidden; } task;

/* "\MicroSoft\...", or a name of the scheduler's own folders in another case: made to look like a system's task. */
static bool look_alike(const char *name)
{
    return strncasecmp(name, "\\microsoft\\", 11) == 0 && strncmp(name, "\\Microsoft\\", 11) != 0 && strncmp(name, "\\microsoft\\", 11) != 0 && strncmp(name, "\\MICROSOFT\\", 11) != 0;
}

static gravest judge(const tasks_run *run, tasks_state *p, const task *t, buf *words, arena *mem, const char **family, char **decoded)
{
    gravest j = { 0 };
    const char *last = strrchr(t->name, '\\');
    last = last ? last + 1 : t->name;
    char *whole = arena_printf(mem, "%s%s%s", t->command ? t->command : "", t->arguments ? " " : "", t->arguments ? t->arguments : "");
    char *program = looks_path(t->command ? t->command : "", mem);
    *decoded = commands_decoded(whole, mem);
    family_hit h = families_task(run->families, t->name);
    if (!h.family && t->command)
        h = families_file(run->families, program);
    if (!h.family)
        h = families_task_action(run->families, whole);
    if (!h.family)
        h = families_text(run->families, whole);
    if (!h.family && *decoded)
        h = families_text(run->families, *decoded);
    if (h.family) {
        looks_word(words, "family");
        *family = h.family;
        gravest_try(&j, "task-create", SEVERITY_CRITICAL, h.weight, "T1053.005", "task-create.family");
    }
    if (look_alike(t->name)) {
        looks_word(words, "look-alike-folder");
        gravest_try(&j, "task-create", SEVERITY_HIGH, 75, "T1053.005", NULL);
    }
    const command_rule *hits[COMMAND_HITS];
    size_t count = *whole ? commands_judge(run->commands, p->room, whole, hits) : 0;
    for (size_t i = 0; i < count; i++)
        looks_word(words, hits[i]->looks);
    const command_rule *worst = commands_worst(hits, count);
    if (worst && worst->severity >= SEVERITY_MEDIUM)
        gravest_try(&j, "task-create", worst->severity, worst->confidence, "T1053.005", "task-create.command");
    if (t->command && looks_odd_folder(run->looks, program)) {
        looks_word(words, "temp-path");
        gravest_try(&j, "task-create", SEVERITY_HIGH, 65, "T1053.005", "task-create.odd-folder");
    }
    if (looks_random(run->looks, last)) {
        looks_word(words, "random-name");
        if (count || remote_tools_shell(run->remote, looks_file(program)))
            gravest_try(&j, "task-create", SEVERITY_HIGH, 75, "T1053.005", "task-create.command");
    }
    return j;
}

static void note(const tasks_run *run, tasks_state *p, const event *ev, detect_log *out, const char *kind, const task *t, bool may_find)
{
    arena *mem = detect_scratch(out);
    const char *family = NULL;
    char *decoded = NULL;
    buf words;
    buf_init(&words, NOTE_VALUE);
    gravest j = judge(run, p, t, &words, mem, &family, &decoded);
    detect_act_builder *a = detect_act(out, ev, kind);
    detect_fact(a, "name", t->name);
    detect_fact(a, "command", t->command);
    detect_fact(a, "arguments", t->arguments);
    detect_fact(a, "runs_as", t->runs_as);
    detect_fact(a, "interval", t->interval);
    detect_fact(a, "author", t->author);
    detect_fact(a, "hidden", t->hidden);
    detect_fact(a, "decoded", decoded);
    detect_fact(a, "looks", buf_text(&words));
    detect_fact(a, "family", family);
    if (ev->event_id >= 4698 && ev->event_id <= 4702) {
        detect_fact(a, "by", detect_account(ev, run->subject_domain, run->subject_name, mem));
        detect_fact_value(a, "by_sid", event_get(ev, run->subject_sid));
        detect_fact_value(a, "logon", event_get(ev, run->subject_logon));
    } else if (ev->event_id == 106) {
        detect_fact_value(a, "by", event_get(ev, run->user_context));
    } else if (ev->event_id == 140 || ev->event_id == 141) {
        detect_fact_value(a, "by", event_get(ev, run->user_name));
    }
    if (j.finding && may_find)
        detect_finding(a, j.finding, j.severity, j.confidence, j.techniques, j.text);
    buf_done(&words);
}

static void created(tasks_state *p, const char *name, moment time)
{
    p->newest = (p->newest + 1) % RECENT;
    p->recent[p->newest].name = hash64(span_str(name));
    p->recent[p->newest].time = time;
}

static bool short_lived(const tasks_state *p, const char *name, moment time)
{
    uint64_t h = hash64(span_str(name));
    if (strncmp(name, "\\Microsoft\\", 11) == 0)       /* the update orchestrator makes and deletes its own all day */
        return false;
    for (size_t i = 0; i < RECENT; i++)
        if (p->recent[i].name == h && moment_known(time) && p->recent[i].time <= time && time - p->recent[i].time <= MOMENT_MINUTE)
            return true;
    return false;
}

static void step_security(const tasks_run *run, tasks_state *p, const event *ev, detect_log *out, task *t)
{
    arena *mem = detect_scratch(out);
    char *xml = value_text(event_get(ev, ev->event_id == 4702 ? run->content_new : run->content), mem);
    if (xml) {
        t->command = element(xml, "Command", mem);
        t->arguments = element(xml, "Arguments", mem);
        t->runs_as = element(xml, "UserId", mem);
        t->interval = element(xml, "Interval", mem);
        t->author = element(xml, "Author", mem);
        t->hidden = element(xml, "Hidden", mem);
    }
    switch (ev->event_id) {
    case 4698:
        created(p, t->name, ev->time);
        note(run, p, ev, out, "task.create", t, true);
        return;
    case 4702:
        note(run, p, ev, out, "task.update", t, true);
        return;
    default: {
        bool gone = ev->event_id == 4699 && short_lived(p, t->name, ev->time);
        detect_act_builder *a = detect_act(out, ev, ev->event_id == 4699 ? "task.delete" : "task.update");
        detect_fact(a, "name", t->name);
        detect_fact(a, "by", detect_account(ev, run->subject_domain, run->subject_name, mem));
        detect_fact_value(a, "logon", event_get(ev, run->subject_logon));
        if (ev->event_id != 4699)
            detect_fact(a, "state", ev->event_id == 4700 ? "enabled" : "disabled");
        if (gone) {
            detect_fact(a, "looks", "short-lived");
            detect_finding(a, "remote-execution", SEVERITY_HIGH, 75, "T1053.005 T1021.002", "remote-execution.short-task");
        }
    }
    }
}

static void step(const void *context, void *state, const event *ev, detect_log *out)
{
    const tasks_run *run = context;
    tasks_state *p = state;
    arena *mem = detect_scratch(out);
    task t = { .name = value_text(event_get(ev, run->name), mem) };
    if (!t.name || !*t.name)
        return;
    if (ev->event_id >= 4698) {
        step_security(run, p, ev, out, &t);
        return;
    }
    bool own = strncmp(t.name, "\\Microsoft\\", 11) == 0;
    switch (ev->event_id) {
    case 106:
        created(p, t.name, ev->time);
        note(run, p, ev, out, "task.create", &t, true);
        return;
    case 140:
        if (!own)
            note(run, p, ev, out, "task.update", &t, false);
        return;
    case 141: {
        detect_act_builder *a = detect_act(out, ev, "task.delete");
        detect_fact(a, "name", t.name);
        detect_fact_value(a, "by", event_get(ev, run->user_name));
        if (short_lived(p, t.name, ev->time)) {
            detect_fact(a, "looks", "short-lived");
            detect_finding(a, "remote-execution", SEVERITY_HIGH, 75, "T1053.005 T1021.002", "remote-execution.short-task");
        }
        return;
    }
    default: {
        /* Runs: the first of each (task, action); how often it ran is of no interest here. */
        t.command = value_text(event_get(ev, ev->event_id == 129 ? run->path : run->action), mem);
        if (own && !families_task(run->families, t.name).family)
            return;
        if (seen_first(&p->runs, out, arena_printf(mem, "%s\n%s", t.name, t.command ? t.command : "")))
            note(run, p, ev, out, "task.run", &t, true);
    }
    }
}

#define CHANNEL "Microsoft-Windows-TaskScheduler/Operational"
static const detect_want wants[] = {
    { "Security", NULL, 4698 }, { "Security", NULL, 4699 }, { "Security", NULL, 4700 }, { "Security", NULL, 4701 }, { "Security", NULL, 4702 },
    { CHANNEL, NULL, 106 }, { CHANNEL, NULL, 129 }, { CHANNEL, NULL, 140 }, { CHANNEL, NULL, 141 }, { CHANNEL, NULL, 200 }, { CHANNEL, NULL, 201 },
};
const detector detect_tasks = { "tasks", wants, sizeof wants / sizeof *wants, setup, start, step, finish };
