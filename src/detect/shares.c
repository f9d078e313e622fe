/* What came over file sharing? Pipes of remote management, programs written to administrative shares (Security 5140, 5145;
 * Sysmon 17, 18). */
#include "detect/detect.h"
#include "detect/family.h"
#include "detect/looks.h"
#include "detect/seen.h"
#include "detect/subject.h"

#include <strings.h>

typedef struct {
    families *families;
    remote_tools *remote;
    looks *looks;
    field share, target, mask, address, port, name, domain, sid, logon, pipe, image;
} shares_run;

enum { SEEN = 16384 };
typedef struct { pattern_room *room; seen pipes, files; } shares_state;

static status setup(const detect_setup *s, void **out)
{
    shares_run *run = arena_alloc(s->mem, sizeof *run);
    fields *f = s->names;
    run->share = fields_intern(f, "ShareName");
    run->target = fields_intern(f, "RelativeTargetName");
    run->mask = fields_intern(f, "AccessMask");
    run->address = fields_intern(f, "IpAddress");
    run->port = fields_intern(f, "IpPort");
    run->name = fields_intern(f, "SubjectUserName");
    run->domain = fields_intern(f, "SubjectDomainName");
    run->sid = fields_intern(f, "SubjectUserSid");
    run->logon = fields_intern(f, "SubjectLogonId");
    run->pipe = fields_intern(f, "PipeName");
    run->image = fields_intern(f, "Image");
    *out = run;
    status st = families_new(s->facts, s->mem, &run->families);
    if (status_is_ok(st))
        st = remote_tools_new(s->facts, s->mem, &run->remote);
    return status_is_ok(st) ? looks_new(s->facts, s->mem, &run->looks) : st;
}

static void *start(const void *run, arena *mem)
{
    (void)run;
    shares_state *p = arena_alloc(mem, sizeof *p);
    p->room = pattern_room_new(mem);
    seen_init(&p->pipes, "remote.exec", SEEN);
    seen_init(&p->files, "share.write", SEEN);
    return p;
}

static void finish(const void *run, void *state, detect_log *out)
{
    (void)run;
    (void)out;
    shares_state *p = state;
    seen_done(&p->pipes);
    seen_done(&p->files);
}

static void who(const shares_run *run, const event *ev, detect_act_builder *a, const char *account, const char *source)
{
    detect_fact(a, "account", account);
    detect_fact(a, "source", source);
    detect_fact_value(a, "logon", event_get(ev, run->logon));
    detect_fact_value(a, "port", event_get(ev, run->port));
}

/* ADMIN$ and the drives' own shares; "\\*\C$" or "\\host\C$". */
static bool administrative(const char *share)
{
    size_t n = strlen(share);
    return n > 1 && share[n - 1] == '$' && (strcasecmp(share, "ADMIN$") == 0 || n == 2);
}

static bool program(const char *file)
{
    static const char *const endings[] = { ".exe", ".dll", ".sys", ".scr", ".ps1", ".bat", ".cmd", ".vbs", ".vbe", ".js", ".jse", ".hta", ".msi", ".com", ".pif", ".lnk", ".xll", ".tmp" };
    size_t n = strlen(file);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (n > strlen(endings[i]) && strcasecmp(file + n - strlen(endings[i]), endings[i]) == 0)
            return true;
    return false;
}

static void pipe_used(const shares_run *run, shares_state *p, const event *ev, detect_log *out, const char *pipe, const char *account, const char *source)
{
    arena *mem = detect_scratch(out);
    const remote_pipe *r = remote_tools_pipe(run->remote, p->room, pipe);
    if (!r || !seen_first(&p->pipes, out, arena_printf(mem, "%s\n%s\n%s", r->tool, account ? account : "", source ? source : "")))
        return;
    static const char *const managers[] = { "service manager", "task scheduler", "remote registry", "print spooler", "encrypting file system", "protected storage" };
    bool manager = false;
    for (size_t i = 0; i < sizeof managers / sizeof *managers; i++)
        manager = manager || strcmp(r->tool, managers[i]) == 0;
    detect_act_builder *a = detect_act(out, ev, "remote.exec");
    detect_fact(a, "means", r->means);
    detect_fact(a, "tool", r->tool);
    detect_fact(a, "pipe", pipe);
    detect_fact(a, "technique", r->technique);
    who(run, ev, a, account, source);
    /* "<service>-<host>-<pid>-stdin": PsExec names the host it was called from. */
    const char *dash = strchr(pipe, '-'), *last = strrchr(pipe, '-');
    if (dash && last && last != dash) {
        const char *pid = last;
        while (pid > dash + 1 && pid[-1] != '-')
            pid--;
        if (pid > dash + 2)
            detect_fact(a, "client", arena_text(mem, span_of(dash + 1, (size_t)(pid - dash - 2))));
    }
    detect_finding(a, "remote-execution", manager ? SEVERITY_LOW : SEVERITY_HIGH, manager ? 35 : 80,
                   r->technique ? r->technique : strcmp(r->means, "smb-task") == 0 ? "T1053.005 T1021.002" : "T1569.002 T1021.002", manager ? "remote-execution.pipe" : "remote-execution.tool-pipe");
}

static void step_share(const shares_run *run, shares_state *p, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    char *share = value_text(event_get(ev, run->share), mem), *target = value_text(event_get(ev, run->target), mem);
    if (!share)
        return;
    const char *base = strrchr(share, '\\');
    base = base ? base + 1 : share;
    bool local = false;
    const char *source = detect_address(value_text(event_get(ev, run->address), mem), &local);
    const char *account = detect_account(ev, run->domain, run->name, mem);
    size_t len = account ? strlen(account) : 0;
    if (strcasecmp(base, "IPC$") == 0) {
        if (target && len && account[len - 1] != '$')
            pipe_used(run, p, ev, out, target, account, source);
        return;
    }
    if (!administrative(base))
        return;
    detect_count(out, ev, "share.access", "account", account, "source", source, "share", base, NULL);
    uint64_t mask = 0;
    value_u64(event_get(ev, run->mask), &mask);
    /* 0x2 write data, 0x4 append, 0x10000 delete: a delete alone tells of a program that was there. */
    if (ev->event_id != 5145 || !target || !(mask & 0x6) || !program(target))
        return;
    if (local || !seen_first(&p->files, out, arena_printf(mem, "%s\n%s\n%s\n%s", base, target, account ? account : "", source ? source : "")))
        return;
    char *path = looks_path(arena_printf(mem, "%s%s", strcasecmp(base, "ADMIN$") == 0 ? "%SystemRoot%\\" : arena_printf(mem, "%c:\\", base[0]), target), mem);
    family_hit h = families_file(run->families, path);
    bool random = looks_random(run->looks, looks_file(path));
    const remote_service *tool = remote_tools_service(run->remote, p->room, NULL, path);
    detect_act_builder *a = detect_act(out, ev, "share.write");
    detect_fact(a, "share", base);
    detect_fact(a, "file", target);
    detect_fact(a, "family", h.family);
    detect_fact(a, "tool", tool ? tool->tool : NULL);
    detect_fact(a, "looks", h.family ? "family" : random ? "random-file" : NULL);
    who(run, ev, a, account, source);
    if (h.family)
        detect_finding(a, "remote-execution", SEVERITY_CRITICAL, h.weight, "T1021.002 T1570", "remote-execution.file");
    else if (random || (tool && !tool->admin))
        detect_finding(a, "remote-execution", SEVERITY_HIGH, 75, "T1021.002 T1570", "remote-execution.file");
    else
        detect_finding(a, "remote-execution", SEVERITY_MEDIUM, 50, "T1021.002 T1570", "remote-execution.file");
}

static void step(const void *context, void *state, const event *ev, detect_log *out)
{
    const shares_run *run = context;
    shares_state *p = state;
    if (ev->event_id == 5140 || ev->event_id == 5145) {
        step_share(run, p, ev, out);
        return;
    }
    char *pipe = value_text(event_get(ev, run->pipe), detect_scratch(out));
    char *image = value_text(event_get(ev, run->image), detect_scratch(out));
    /* A pipe that the System process opens is opened by a client on the network. */
    if (pipe && (ev->event_id == 17 || (image && strcasecmp(image, "System") == 0)))
        pipe_used(run, p, ev, out, pipe, NULL, NULL);
}

#define SYSMON "Microsoft-Windows-Sysmon/Operational"
static const detect_want wants[] = { { "Security", NULL, 5140 }, { "Security", NULL, 5145 }, { SYSMON, NULL, 17 }, { SYSMON, NULL, 18 } };
const detector detect_shares = { "shares", wants, sizeof wants / sizeof *wants, setup, start, step, finish };
