/* What did this host do to others? The outgoing half of remote steps: explicit credentials used for another host (4648, whose service
 * name tells the means), the Remote Desktop client (1024, 1102), remote task registration and forced authentication as Sysmon 3 and 7 show them, and, at the target,
 * what the Run dialog was made to start over Remote Desktop. */
#include "detect/detect.h"
#include "detect/family.h"
#include "detect/looks.h"
#include "detect/seen.h"
#include "detect/subject.h"

#include <stdio.h>
#include <strings.h>

enum { SEEN = 4096, LOADED = 64, PEERS = 64 };

typedef struct {
    remote_tools *remote;
    const profile_node *network;
    field account, domain, subject, subject_domain, server, info, process, image, image_loaded, guid, initiated, source_ip, source_port, dest_ip, dest_port, target_object, details, share, share_path, value;
} calls_run;

typedef struct {
    seen calls;
    struct { uint64_t process; } loaded[LOADED];             /* processes that loaded the task scheduler's client */
    size_t newest_loaded;
    struct { uint64_t address; moment time; } smb_in[PEERS]; /* who reached 445 lately */
    size_t newest_smb;
    struct { char source[64]; moment time; } rdp_in;         /* the newest connection to 3389 */
} calls_state;

static status setup(const detect_setup *s, void **out)
{
    calls_run *run = arena_alloc(s->mem, sizeof *run);
    fields *f = s->names;
    run->account = fields_intern(f, "TargetUserName");
    run->domain = fields_intern(f, "TargetDomainName");
    run->subject = fields_intern(f, "SubjectUserName");
    run->subject_domain = fields_intern(f, "SubjectDomainName");
    run->server = fields_intern(f, "TargetServerName");
    run->info = fields_intern(f, "TargetInfo");
    run->process = fields_intern(f, "ProcessName");
    run->image = fields_intern(f, "Image");
    run->image_loaded = fields_intern(f, "ImageLoaded");
    run->guid = fields_intern(f, "ProcessGuid");
    run->initiated = fields_intern(f, "Initiated");
    run->source_ip = fields_intern(f, "SourceIp");
    run->source_port = fields_intern(f, "SourcePort");
    run->dest_ip = fields_intern(f, "DestinationIp");
    run->dest_port = fields_intern(f, "DestinationPort");
    run->target_object = fields_intern(f, "TargetObject");
    run->details = fields_intern(f, "Details");
    run->share = fields_intern(f, "ShareName");
    run->share_path = fields_intern(f, "ShareLocalPath");
    run->value = fields_intern(f, "Value");
    *out = run;
    status st = profile_need(s->facts, "network", &run->network);
    return status_is_ok(st) ? remote_tools_new(s->facts, s->mem, &run->remote) : st;
}

static void *start(const void *run, arena *mem)
{
    (void)run;
    calls_state *p = arena_alloc(mem, sizeof *p);
    seen_init(&p->calls, "remote.call", SEEN);
    return p;
}

static void finish(const void *run, void *state, detect_log *out)
{
    (void)run;
    (void)out;
    seen_done(&((calls_state *)state)->calls);
}

static void explicit_logon(const calls_run *run, calls_state *p, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    char *server = value_text(event_get(ev, run->server), mem), *info = value_text(event_get(ev, run->info), mem), *own = utf16_text(mem, ev->computer);
    if (!server || !*server || strcasecmp(server, "localhost") == 0 || strcmp(server, "-") == 0)
        return;
    size_t label = strcspn(server, "."), own_label = own ? strcspn(own, ".") : 0;
    if (label == own_label && strncasecmp(server, own, label) == 0)
        return;
    char *process = value_text(event_get(ev, run->process), mem);
    const char *file = process ? looks_file(looks_path(process, mem)) : "";
    const remote_call *c = remote_tools_call(run->remote, info ? info : "", file);
    if (!c)
        return;
    char *account = detect_account(ev, run->domain, run->account, mem);
    if (!seen_first(&p->calls, out, arena_printf(mem, "%s\n%s\n%s\n%s", c->means, server, account ? account : "", file)))
        return;
    detect_act_builder *a = detect_act(out, ev, "remote.call");
    detect_fact(a, "means", c->means);
    detect_fact(a, "target", server);
    detect_fact(a, "account", account);
    detect_fact(a, "by", detect_account(ev, run->subject_domain, run->subject, mem));
    detect_fact(a, "process", process);
    detect_fact(a, "technique", c->technique);
    detect_finding(a, "remote-execution", SEVERITY_LOW, 35, c->technique, "remote-execution.call");
}

/* The client tells the name that was typed (1024) and the address it came to (1102). */
static void desktop_client(const calls_run *run, calls_state *p, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    bool local = false;
    const char *target = detect_address(value_text(event_get(ev, run->value), mem), &local);
    if (!target || !seen_first(&p->calls, out, arena_printf(mem, "rdp\n%s", target)))
        return;
    detect_act_builder *a = detect_act(out, ev, "remote.call");
    detect_fact(a, "means", "rdp");
    detect_fact(a, "target", target);
    detect_fact(a, "technique", "T1021.001");
    if (ev->user_sid.len)
        detect_fact(a, "sid", sid_text(ev->user_sid, mem));
}

static void connection(const calls_run *run, calls_state *p, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    bool local = false;
    char *source = value_text(event_get(ev, run->source_ip), mem), *dest = value_text(event_get(ev, run->dest_ip), mem), *image = value_text(event_get(ev, run->image), mem);
    uint64_t source_port = 0, dest_port = 0;
    value_u64(event_get(ev, run->source_port), &source_port);
    value_u64(event_get(ev, run->dest_port), &dest_port);
    if (!source || !dest || !image)
        return;
    if (!value_is(event_get(ev, run->initiated), "true")) {
        uint64_t truth = 0;
        if (!value_u64(event_get(ev, run->initiated), &truth) || !truth) {
            bool own_first = source_port == 445 || source_port == 3389;
            const char *peer = detect_address(own_first ? dest : source, &local);
            uint64_t port = own_first ? source_port : dest_port;
            if (peer && port == 3389) {
                snprintf(p->rdp_in.source, sizeof p->rdp_in.source, "%s", peer);
                p->rdp_in.time = ev->time;
            } else if (peer && port == 445) {
                p->newest_smb = (p->newest_smb + 1) % PEERS;
                p->smb_in[p->newest_smb].address = hash64(span_str(peer));
                p->smb_in[p->newest_smb].time = ev->time;
            }
            return;
        }
    }
    const char *peer = detect_address(dest, &local);
    if (!peer)
        return;
    char *guid = value_text(event_get(ev, run->guid), mem);
    uint64_t process = guid ? hash64(span_str(guid)) : 0;
    if (dest_port == 135)
        for (size_t i = 0; i < LOADED && process; i++)
            if (p->loaded[i].process == process && seen_first(&p->calls, out, arena_printf(mem, "task\n%s\n%s", guid, peer))) {
                detect_act_builder *a = detect_act(out, ev, "remote.call");
                detect_fact(a, "means", "smb-task");
                detect_fact(a, "target", peer);
                detect_fact(a, "process", image);
                detect_fact(a, "technique", "T1053.005");
                detect_finding(a, "remote-execution", SEVERITY_MEDIUM, 60, "T1053.005", "remote-execution.call");
            }
    if (dest_port != 445 || strcasecmp(image, "System") != 0 || !moment_known(ev->time))
        return;
    /* We were reached on 445 and answered by connecting back: what tools that force authentication make a host do. */
    for (size_t i = 0; i < PEERS; i++)
        if (p->smb_in[i].address == hash64(span_str(peer)) && ev->time >= p->smb_in[i].time && ev->time - p->smb_in[i].time <= 5 * MOMENT_SECOND &&
            seen_first(&p->calls, out, arena_printf(mem, "back\n%s", peer))) {
            detect_act_builder *a = detect_act(out, ev, "remote.call");
            detect_fact(a, "means", "unknown");
            detect_fact(a, "target", peer);
            detect_fact(a, "process", image);
            detect_fact(a, "technique", "T1187");
            detect_finding(a, "credential-theft", SEVERITY_LOW, 40, "T1187", "credential-theft.forced");
            return;
        }
}

static void run_dialog(const calls_run *run, calls_state *p, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    if (!*p->rdp_in.source)
        return;
    char *key = value_text(event_get(ev, run->target_object), mem), *data = value_text(event_get(ev, run->details), mem);
    char *at = key ? strcasestr(key, "\\explorer\\runmru\\") : NULL;
    if (!at || !data || strlen(at) != strlen("\\explorer\\runmru\\") + 1)
        return;
    if (!moment_known(ev->time) || ev->time < p->rdp_in.time || ev->time - p->rdp_in.time > 2 * MOMENT_MINUTE)
        return;
    size_t len = strlen(data);      /* "command\1" */
    if (len > 2 && strcmp(data + len - 2, "\\1") == 0)
        data[len - 2] = 0;
    detect_act_builder *a = detect_act(out, ev, "remote.exec");
    detect_fact(a, "means", "rdp");
    detect_fact(a, "tool", "Run dialog");
    detect_fact(a, "source", p->rdp_in.source);
    detect_fact(a, "command", data);
    detect_fact(a, "technique", "T1021.001");
    detect_finding(a, "remote-execution", SEVERITY_MEDIUM, 55, "T1021.001", "remote-execution.rdp");
}

static void share_added(const calls_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    char *share = value_text(event_get(ev, run->share), mem), *path = value_text(event_get(ev, run->share_path), mem);
    if (!share || !path)
        return;
    char *folder = looks_path(path, mem);
    size_t n = strlen(folder);
    bool drive = n >= 2 && n <= 3 && folder[1] == ':', windows = strncasecmp(folder, "%w", 2) == 0;
    detect_act_builder *a = detect_act(out, ev, "share.add");
    detect_fact(a, "share", share);
    detect_fact(a, "file", path);
    detect_fact(a, "account", detect_account(ev, run->subject_domain, run->subject, mem));
    if (drive || windows)
        detect_finding(a, "weak-setting", SEVERITY_MEDIUM, 65, "T1021.002", "weak-setting.share");
}

static void step(const void *context, void *state, const event *ev, detect_log *out)
{
    const calls_run *run = context;
    calls_state *p = state;
    switch (ev->event_id) {
    case 4648:
        explicit_logon(run, p, ev, out);
        return;
    case 1024: case 1102:
        desktop_client(run, p, ev, out);
        return;
    case 5142:
        share_added(run, ev, out);
        return;
    case 3:
        connection(run, p, ev, out);
        return;
    case 13:
        run_dialog(run, p, ev, out);
        return;
    case 7: {
        if (!value_has(event_get(ev, run->image_loaded), "\\taskschd.dll"))
            return;
        arena *mem = detect_scratch(out);
        char *image = value_text(event_get(ev, run->image), mem), *guid = value_text(event_get(ev, run->guid), mem);
        if (guid && image && remote_tools_shell(run->remote, looks_file(looks_path(image, mem)))) {
            p->newest_loaded = (p->newest_loaded + 1) % LOADED;
            p->loaded[p->newest_loaded].process = hash64(span_str(guid));
        }
    }
    }
}

#define SYSMON "Microsoft-Windows-Sysmon/Operational"
static const detect_want wants[] = { { "Security", NULL, 4648 }, { "Security", NULL, 5142 }, { SYSMON, NULL, 3 }, { SYSMON, NULL, 7 }, { SYSMON, NULL, 13 },
                                     { "Microsoft-Windows-TerminalServices-RDPClient/Operational", NULL, 1024 },
                                     { "Microsoft-Windows-TerminalServices-RDPClient/Operational", NULL, 1102 } };
const detector detect_calls = { "calls", wants, sizeof wants / sizeof *wants, setup, start, step, finish };
