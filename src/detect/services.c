/* Which services were installed or changed, and what do they look like? (System 7045, 7040, 7031, 7034; Security 4697.) And which
 * ran? Windows Server 2008 writes no installation, so the first change of state of a service (System 7036) may be all there is. */
#include "detect/commands.h"
#include "detect/detect.h"
#include "detect/family.h"
#include "detect/gravest.h"
#include "detect/looks.h"
#include "detect/seen.h"
#include "detect/subject.h"

#include <strings.h>

typedef struct {
    commands *commands;
    families *families;
    remote_tools *remote;
    looks *looks;
    const profile_node *protection;
    field name, path, type, start, account, file_name, start_type, service_type, service_account, subject_name, subject_domain, subject_sid, subject_logon, binary, param1, param2, param3, param4;
} services_run;

enum { RUNS_SEEN = 4096 };

typedef struct { pattern_room *room; seen runs; } services_state;

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
    run->binary = fields_intern(f, "Binary");
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
    seen_init(&p->runs, "service.run", RUNS_SEEN);
    return p;
}

static void finish(const void *run, void *state, detect_log *out)
{
    (void)run;
    (void)out;
    seen_done(&((services_state *)state)->runs);
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

static bool is_shell(const char *file)
{
    return strcmp(file, "cmd.exe") == 0 || strcmp(file, "powershell.exe") == 0 || strcmp(file, "%comspec%") == 0 || strcmp(file, "mshta.exe") == 0 || strcmp(file, "rundll32.exe") == 0 ||
           strcmp(file, "cmd") == 0 || strcmp(file, "powershell") == 0;
}

static void installed(const services_run *run, services_state *p, const event *ev, detect_log *out, const char *name, const char *path)
{
    arena *mem = detect_scratch(out);
    gravest j = { 0 };
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
        looks_word(&words, "family");
        gravest_try(&j, "service-install", SEVERITY_CRITICAL, h.weight, "T1543.003", "service-install.family");
    }
    if (tool) {
        looks_word(&words, tool->word);
        gravest_try(&j, "remote-execution", tool->admin ? SEVERITY_MEDIUM : SEVERITY_HIGH, 85, "T1569.002 T1021.002", "remote-execution.service");
    }
    bool name_random = looks_random(run->looks, name), file_random = looks_random(run->looks, file);
    bool root = strncasecmp(program, "%w\\", 3) == 0 && file == program + 3;
    if (name_random)
        looks_word(&words, "random-name");
    if (file_random)
        looks_word(&words, "random-file");
    if (file_random && root)
        gravest_try(&j, "remote-execution", SEVERITY_HIGH, name_random ? 90 : 78, "T1569.002 T1021.002 T1543.003", "remote-execution.service");
    else if (file_random && name_random)
        gravest_try(&j, "service-install", SEVERITY_HIGH, 70, "T1543.003", NULL);
    if (is_shell(file)) {
        looks_word(&words, strstr(file, "powershell") ? "powershell" : "shell");
        gravest_try(&j, "service-install", SEVERITY_HIGH, 85, "T1543.003 T1059", "service-install.shell");
    }
    const command_rule *hits[COMMAND_HITS];
    size_t count = commands_judge(run->commands, p->room, path, hits);
    char *decoded = commands_decoded(path, mem);
    for (size_t i = 0; i < count; i++)
        looks_word(&words, hits[i]->looks);
    const command_rule *worst = commands_worst(hits, count);
    if (worst && worst->severity >= SEVERITY_HIGH)
        gravest_try(&j, "service-install", SEVERITY_CRITICAL, worst->confidence, "T1543.003 T1059.001", "service-install.shell");
    if (looks_odd_folder(run->looks, program)) {
        looks_word(&words, "temp-path");
        gravest_try(&j, "service-install", SEVERITY_HIGH, 65, "T1543.003 T1036.005", "service-install.odd-folder");
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

/* 7036: the display name; from Windows 7 on a binary holds the key's name, a slash and the state in UTF-16. */
static void ran(const services_run *run, services_state *p, const event *ev, detect_log *out, const char *display)
{
    arena *mem = detect_scratch(out);
    binxml_value binary = event_get(ev, run->binary);
    char *name = binary.type == BINXML_BINARY ? utf16_text(mem, utf16_trim(binary.bytes)) : NULL, *slash = name ? strrchr(name, '/') : NULL;
    if (slash)
        *slash = 0;
    if (!name || !slash || !*name)
        name = arena_str(mem, display);
    if (!seen_first(&p->runs, out, name))
        return;
    family_hit h = families_service(run->families, name);
    /* A service that was given no other name to show, and one of random letters, was not made by a product. */
    bool random = strcmp(name, display) == 0 && looks_random(run->looks, name);
    detect_act_builder *a = detect_act(out, ev, "service.run");
    detect_fact(a, "name", name);
    detect_fact(a, "display", strcmp(name, display) == 0 ? NULL : display);
    detect_fact(a, "looks", h.family && random ? "family,random-name" : h.family ? "family" : random ? "random-name" : NULL);
    detect_fact(a, "family", h.family);
    if (h.family)
        detect_finding(a, "service-install", SEVERITY_CRITICAL, h.weight, "T1543.003", "service-install.ran");
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
    if (display && ev->event_id == 7036) {
        ran(run, state, ev, out, display);
    } else if (display) {
        detect_act_builder *a = detect_act(out, ev, "service.crash");
        detect_fact(a, "name", display);
    }
}

static const detect_want wants[] = {
    { "System", "Service Control Manager", 7045 }, { "Security", NULL, 4697 }, { "System", "Service Control Manager", 7040 },
    { "System", "Service Control Manager", 7031 }, { "System", "Service Control Manager", 7036 }, { "System", "Service Control Manager", 7034 },
};
const detector detect_services = { "services", wants, sizeof wants / sizeof *wants, setup, start, step, finish };
