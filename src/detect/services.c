/* Which services were installed or changed, and what do they look like? (System 7045, 7040, 7031, 7034; Security 4697.) */
#include "detect/commands.h"
#include "detect/detect.h"
#include "detect/family.h"
#include "detect/looks.h"
#include "detect/subject.h"

#include <strings.h>

typedef struct {
    commands *commands;
    families *families;
    remote_tools *remote;
    looks *looks;
    const profile_node *protection;
    field name, path, type, start, account, file_name, start_type, service_type, service_account, subject_name, subject_domain, subject_sid, subject_logon, param1, param2, param3, param4;
} services_run;

typedef struct { pattern_room *room; } services_state;

static status setup(const detect_setup *s, void **out)
{
    services_run *run = arena_alloc(s->mem, sizeof *run);
    fields *f = s->names;
    run->name = fields_intern(f, "ServiceName");
    run->path = fields_intern(f, "ImagePath");
    run->type = fields_intern(f, "ServiceType");
    run->start = fields_intern(f, "StartType");
    run->account = fields_intern(f, "AccountName");
    run->file_name = fields_intern(f, "ServiceFileName");
    run->start_type = fields_intern(f, "ServiceStartType");
    run->service_account = fields_intern(f, "ServiceAccount");
    run->subject_name = fields_intern(f, "SubjectUserName");
    run->subject_domain = fields_intern(f, "SubjectDomainName");
    run->subject_sid = fields_intern(f, "SubjectUserSid");
    run->subject_logon = fields_intern(f, "SubjectLogonId");
    run->param1 = fields_intern(f, "param1");
    run->param2 = fields_intern(f, "param2");
    run->param3 = fields_intern(f, "param3");
    run->param4 = fields_intern(f, "param4");
    *out = run;
    status st = profile_need(s->facts, "protection", &run->protection);
    if (status_is_ok(st))
        st = commands_new(s->facts, s->mem, &run->commands);
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
    services_state *p = arena_alloc(mem, sizeof *p);
    p->room = pattern_room_new(mem);
    return p;
}

/* The program of an image path: what stands in quotes, or up to ".exe", or the first word. */
static char *program_of(const char *path, arena *mem)
{
    while (*path == ' ')
        path++;
    if (*path == '"') {
        const char *end = strchr(path + 1, '"');
        return arena_text(mem, end ? span_of(path + 1, (size_t)(end - path - 1)) : span_str(path + 1));
    }
    const char *exe = strcasestr(path, ".exe");
    size_t len = exe ? (size_t)(exe - path) + 4 : strcspn(path, " ");
    return arena_text(mem, span_of(path, len));
}

typedef struct { const char *finding, *techniques, *text; severity severity; unsigned confidence; } judged;

static void graver(judged *j, const char *finding, severity s, unsigned confidence, const char *techniques, const char *text)
{
    if (j->finding && (j->severity > s || (j->severity == s && j->confidence >= confidence)))
        return;
    *j = (judged){ finding, techniques, text, s, confidence };
}

static void put(buf *list, const char *word)
{
    if (list->len)
        buf_char(list, ',');
    buf_str(list, word);
}

static bool is_shell(const char *file)
{
    return strcmp(file, "cmd.exe") == 0 || strcmp(file, "powershell.exe") == 0 || strcmp(file, "%comspec%") == 0 || strcmp(file, "mshta.exe") == 0 || strcmp(file, "rundll32.exe") == 0 ||
           strcmp(file, "cmd") == 0 || strcmp(file, "powershell") == 0;
}

static void installed(const services_run *run, services_state *p, const event *ev, detect_log *out, const char *name, const char *path)
{
    arena *mem = detect_scratch(out);
    judged j = { 0 };
    buf words;
    buf_init(&words, NOTE_VALUE);
    char *program = looks_path(program_of(path, mem), mem);
    const char *file = looks_file(program);
    const remote_service *tool = remote_tools_service(run->remote, p->room, name, path);
    family_hit h = families_service(run->families, name);
    if (!h.family)
        h = families_file(run->families, program);
    if (!h.family)
        h = families_text(run->families, path);
    if (h.family) {
        put(&words, "family");
        graver(&j, "service-install", SEVERITY_CRITICAL, h.weight, "T1543.003", "service-install.family");
    }
    if (tool) {
        put(&words, tool->word);
        graver(&j, "remote-execution", tool->admin ? SEVERITY_MEDIUM : SEVERITY_HIGH, 85, "T1569.002 T1021.002", "remote-execution.service");
    }
    bool name_random = looks_random(run->looks, name), file_random = looks_random(run->looks, file);
    bool root = strncasecmp(program, "%w\\", 3) == 0 && file == program + 3;
    if (name_random)
        put(&words, "random-name");
    if (file_random)
        put(&words, "random-file");
    if (file_random && root)
        graver(&j, "remote-execution", SEVERITY_HIGH, name_random ? 90 : 78, "T1569.002 T1021.002 T1543.003", "remote-execution.service");
    else if (file_random && name_random)
        graver(&j, "service-install", SEVERITY_HIGH, 70, "T1543.003", NULL);
    if (is_shell(file)) {
        put(&words, strstr(file, "powershell") ? "powershell" : "shell");
        graver(&j, "service-install", SEVERITY_HIGH, 85, "T1543.003 T1059", "service-install.shell");
    }
    const command_rule *hits[COMMAND_HITS];
    size_t count = commands_judge(run->commands, p->room, path, hits);
    char *decoded = commands_decoded(path, mem);
    for (size_t i = 0; i < count; i++)
        put(&words, hits[i]->looks);
    const command_rule *worst = commands_worst(hits, count);
    if (worst && worst->severity >= SEVERITY_HIGH)
        graver(&j, "service-install", SEVERITY_CRITICAL, worst->confidence, "T1543.003 T1059.001", "service-install.shell");
    if (looks_odd_folder(run->looks, program)) {
        put(&words, "temp-path");
        graver(&j, "service-install", SEVERITY_HIGH, 65, "T1543.003 T1036.005", "service-install.odd-folder");
    }
    detect_act_builder *a = detect_act(out, ev, "service.install");
    detect_fact(a, "name", name);
    detect_fact(a, "path", path);
    detect_fact(a, "file", program);
    detect_fact(a, "looks", buf_text(&words));
    detect_fact(a, "family", h.family);
    detect_fact(a, "tool", tool ? tool->tool : NULL);
    detect_fact(a, "decoded", decoded);
    if (ev->event_id == 7045) {
        detect_fact_value(a, "start", event_get(ev, run->start));
        detect_fact_value(a, "type", event_get(ev, run->type));
        detect_fact_value(a, "runs_as", event_get(ev, run->account));
        if (ev->user_sid.len)
            detect_fact(a, "by_sid", sid_text(ev->user_sid, mem));
    } else {
        detect_fact_value(a, "start", event_get(ev, run->start_type));
        detect_fact_value(a, "type", event_get(ev, run->type));
        detect_fact_value(a, "runs_as", event_get(ev, run->service_account));
        detect_fact(a, "by", detect_account(ev, run->subject_domain, run->subject_name, mem));
        detect_fact_value(a, "by_sid", event_get(ev, run->subject_sid));
        detect_fact_value(a, "logon", event_get(ev, run->subject_logon));
    }
    if (j.finding)
        detect_finding(a, j.finding, j.severity, j.confidence, j.techniques, j.text);
    buf_done(&words);
}

static void step(const void *context, void *state, const event *ev, detect_log *out)
{
    const services_run *run = context;
    arena *mem = detect_scratch(out);
    if (ev->event_id == 7045 || ev->event_id == 4697) {
        char *name = value_text(event_get(ev, run->name), mem);
        char *path = value_text(event_get(ev, ev->event_id == 7045 ? run->path : run->file_name), mem);
        if (name || path)
            installed(run, state, ev, out, name ? name : "", path ? path : "");
        return;
    }
    /* 7040: display name, old and new start type (both in the system's language), key name. */
    char *display = value_text(event_get(ev, run->param1), mem), *key = value_text(event_get(ev, run->param4), mem);
    if (ev->event_id == 7040) {
        if (!key || !profile_has(run->protection, "services", key))
            return;
        detect_act_builder *a = detect_act(out, ev, "service.change");
        detect_fact(a, "name", key);
        detect_fact_value(a, "old", event_get(ev, run->param2));
        detect_fact_value(a, "new", event_get(ev, run->param3));
        return;
    }
    if (display) {
        detect_act_builder *a = detect_act(out, ev, "service.crash");
        detect_fact(a, "name", display);
    }
}

static const detect_want wants[] = {
    { "System", "Service Control Manager", 7045 }, { "Security", NULL, 4697 }, { "System", "Service Control Manager", 7040 },
    { "System", "Service Control Manager", 7031 }, { "System", "Service Control Manager", 7034 },
};
const detector detect_services = { "services", wants, sizeof wants / sizeof *wants, setup, start, step, NULL };
