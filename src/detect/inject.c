/* Whose code was started in another process? (Sysmon 8: a thread begun from outside.) Debuggers, antivirus and the system do it all day;
 * a shell, or a program from a folder where none is at home, does not. */
#include "detect/detect.h"
#include "detect/family.h"
#include "detect/looks.h"
#include "detect/seen.h"

#include <strings.h>

enum { SEEN = 4096 };

typedef struct {
    looks *looks;
    remote_tools *remote;
    const profile_node *credentials;
    field source, target, module, function, user;
} inject_run;
typedef struct { seen pairs; } inject_state;

static status setup(const detect_setup *s, void **out)
{
    inject_run *run = arena_alloc(s->mem, sizeof *run);
    fields *f = s->names;
    run->source = fields_intern(f, "SourceImage");
    run->target = fields_intern(f, "TargetImage");
    run->module = fields_intern(f, "StartModule");
    run->function = fields_intern(f, "StartFunction");
    run->user = fields_intern(f, "SourceUser");
    *out = run;
    status st = profile_need(s->facts, "credentials", &run->credentials);
    if (status_is_ok(st))
        st = remote_tools_new(s->facts, s->mem, &run->remote);
    return status_is_ok(st) ? looks_new(s->facts, s->mem, &run->looks) : st;
}

static void *start(const void *run, arena *mem)
{
    (void)run;
    inject_state *p = arena_alloc(mem, sizeof *p);
    seen_init(&p->pairs, "process.inject", SEEN);
    return p;
}

static void finish(const void *run, void *state, detect_log *out)
{
    (void)run;
    (void)out;
    seen_done(&((inject_state *)state)->pairs);
}

static void step(const void *context, void *state, const event *ev, detect_log *out)
{
    const inject_run *run = context;
    inject_state *p = state;
    arena *mem = detect_scratch(out);
    char *source = value_text(event_get(ev, run->source), mem), *target = value_text(event_get(ev, run->target), mem);
    if (!source || !target || strcasecmp(source, target) == 0)
        return;
    char *path = looks_path(source, mem);
    const char *file = looks_file(path), *into = looks_file(looks_path(target, mem));
    bool secrets = strcasecmp(into, "lsass.exe") == 0 && !profile_has(run->credentials, "lsass_lawful", file);
    bool shell = remote_tools_shell(run->remote, file), odd = looks_odd_folder(run->looks, path);
    if ((!secrets && !shell && !odd) || !seen_first(&p->pairs, out, arena_printf(mem, "%s\n%s", source, target)))
        return;
    detect_act_builder *a = detect_act(out, ev, "process.inject");
    detect_fact(a, "image", source);
    detect_fact(a, "target", target);
    detect_fact_value(a, "module", event_get(ev, run->module));
    detect_fact_value(a, "function", event_get(ev, run->function));
    detect_fact_value(a, "account", event_get(ev, run->user));
    detect_fact(a, "looks", odd ? "temp-path" : shell ? "shell" : NULL);
    if (secrets)
        detect_finding(a, "credential-theft", SEVERITY_HIGH, 70, "T1003.001 T1055", "credential-theft.inject");
    else
        detect_finding(a, "process-chain", SEVERITY_HIGH, shell ? 70 : 60, "T1055", "process-chain.inject");
}

static const detect_want wants[] = { { "Microsoft-Windows-Sysmon/Operational", NULL, 8 } };
const detector detect_inject = { "inject", wants, sizeof wants / sizeof *wants, setup, start, step, finish };
