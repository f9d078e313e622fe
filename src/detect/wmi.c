/* Which WMI subscriptions were made, and who called from afar? (WMI-Activity 5858, 5860, 5861; Sysmon 19-21; WinRM 91, and the account
 * that 169 named just before. WinRM writes down no address: it stands in the logon of that account and time.) */
#include "detect/commands.h"
#include "detect/detect.h"
#include "detect/family.h"
#include "detect/seen.h"

#include <stdio.h>
#include <strings.h>

typedef struct {
    commands *commands;
    families *families;
    const profile_node *known;
    field ess, consumer, cause, client, user, query, operation, name, destination, filter, sysmon_consumer, username, mechanism, resource;
} wmi_run;
enum { SEEN = 1024 };
typedef struct { pattern_room *room; seen clients; struct { char account[256], mechanism[64]; moment time; } winrm; } wmi_state;

static status setup(const detect_setup *s, void **out)
{
    wmi_run *run = arena_alloc(s->mem, sizeof *run);
    fields *f = s->names;
    run->ess = fields_intern(f, "ESS");
    run->consumer = fields_intern(f, "CONSUMER");
    run->cause = fields_intern(f, "PossibleCause");
    run->client = fields_intern(f, "ClientMachine");
    run->user = fields_intern(f, "User");
    run->query = fields_intern(f, "Query");
    run->operation = fields_intern(f, "Operation");
    run->name = fields_intern(f, "Name");
    run->destination = fields_intern(f, "Destination");
    run->filter = fields_intern(f, "Filter");
    run->sysmon_consumer = fields_intern(f, "Consumer");
    run->username = fields_intern(f, "username");
    run->mechanism = fields_intern(f, "authenticationMechanism");
    run->resource = fields_intern(f, "resourceUri");
    *out = run;
    status st = profile_need(s->facts, "wmi", &run->known);
    if (status_is_ok(st))
        st = commands_new(s->facts, s->mem, &run->commands);
    return status_is_ok(st) ? families_new(s->facts, s->mem, &run->families) : st;
}

static void *start(const void *run, arena *mem)
{
    (void)run;
    wmi_state *p = arena_alloc(mem, sizeof *p);
    p->room = pattern_room_new(mem);
    seen_init(&p->clients, "remote.exec", SEEN);
    p->winrm.time = MOMENT_UNKNOWN;
    return p;
}

static void finish(const void *run, void *state, detect_log *out)
{
    (void)run;
    (void)out;
    seen_done(&((wmi_state *)state)->clients);
}

static bool is_known(const wmi_run *run, const char *text)
{
    for (const profile_node *k = profile_list(run->known, "subscriptions"); text && k; k = k->next)
        if (strcasestr(text, k->text))
            return true;
    return false;
}

static void subscribed(const wmi_run *run, wmi_state *p, const event *ev, detect_log *out, const char *part, const char *name, const char *query, const char *command, const char *account)
{
    arena *mem = detect_scratch(out);
    char *whole = arena_printf(mem, "%s %s %s", name ? name : "", query ? query : "", command ? command : "");
    bool known = is_known(run, whole);
    const command_rule *hits[COMMAND_HITS];
    size_t count = command ? commands_judge(run->commands, p->room, command, hits) : 0;
    const command_rule *worst = commands_worst(hits, count);
    family_hit h = families_text(run->families, whole);
    detect_act_builder *a = detect_act(out, ev, "wmi.subscribe");
    detect_fact(a, "part", part);
    detect_fact(a, "name", name);
    detect_fact(a, "query", query);
    detect_fact(a, "command", command);
    detect_fact(a, "account", account);
    detect_fact(a, "known", known ? "yes" : NULL);
    detect_fact(a, "family", h.family);
    if (!known || h.family)
        detect_finding(a, "wmi-persistence", h.family || worst ? SEVERITY_CRITICAL : SEVERITY_HIGH, h.family ? h.weight : worst ? 88 : 70, "T1546.003", NULL);
}

/* A shell of WinRM: who had logged on to it within the last seconds asked for it. */
static void shell_made(const wmi_run *run, wmi_state *p, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    bool recent = moment_known(ev->time) && moment_known(p->winrm.time) && ev->time >= p->winrm.time && ev->time - p->winrm.time <= 10 * MOMENT_SECOND;
    detect_act_builder *a = detect_act(out, ev, "remote.exec");
    detect_fact(a, "means", "winrm");
    detect_fact(a, "tool", "WinRM");
    detect_fact(a, "technique", "T1021.006");
    detect_fact(a, "account", recent ? p->winrm.account : NULL);
    detect_fact(a, "package", recent ? p->winrm.mechanism : NULL);
    detect_fact_value(a, "detail", event_get(ev, run->resource));
    if (ev->user_sid.len)
        detect_fact(a, "sid", sid_text(ev->user_sid, mem));
}

static void step(const void *context, void *state, const event *ev, detect_log *out)
{
    const wmi_run *run = context;
    wmi_state *p = state;
    arena *mem = detect_scratch(out);
    switch (ev->event_id) {
    case 5861:
        subscribed(run, p, ev, out, "binding", value_text(event_get(ev, run->ess), mem), value_text(event_get(ev, run->cause), mem), value_text(event_get(ev, run->consumer), mem), NULL);
        return;
    case 19:
        subscribed(run, p, ev, out, "filter", value_text(event_get(ev, run->name), mem), value_text(event_get(ev, run->query), mem), NULL, value_text(event_get(ev, run->user), mem));
        return;
    case 20:
        subscribed(run, p, ev, out, "consumer", value_text(event_get(ev, run->name), mem), NULL, value_text(event_get(ev, run->destination), mem), value_text(event_get(ev, run->user), mem));
        return;
    case 21:
        subscribed(run, p, ev, out, "binding", value_text(event_get(ev, run->sysmon_consumer), mem), value_text(event_get(ev, run->filter), mem), NULL, value_text(event_get(ev, run->user), mem));
        return;
    case 169: {
        char *account = value_text(event_get(ev, run->username), mem), *mechanism = value_text(event_get(ev, run->mechanism), mem);
        snprintf(p->winrm.account, sizeof p->winrm.account, "%s", account ? account : "");
        snprintf(p->winrm.mechanism, sizeof p->winrm.mechanism, "%s", mechanism ? mechanism : "");
        p->winrm.time = ev->time;
        return;
    }
    case 91:
        shell_made(run, p, ev, out);
        return;
    default: {
        /* 5858, 5860: a client on another machine names itself. */
        char *client = value_text(event_get(ev, run->client), mem), *own = utf16_text(mem, ev->computer);
        size_t label = own ? strcspn(own, ".") : 0;
        if (!client || !*client || (label == strcspn(client, ".") && strncasecmp(client, own, label) == 0))
            return;
        char *user = value_text(event_get(ev, run->user), mem);
        if (!seen_first(&p->clients, out, arena_printf(mem, "%s\n%s", client, user ? user : "")))
            return;
        detect_act_builder *a = detect_act(out, ev, "remote.exec");
        detect_fact(a, "means", "wmi");
        detect_fact(a, "tool", "WMI");
        detect_fact(a, "client", client);
        detect_fact(a, "account", user);
        detect_fact_value(a, "command", event_get(ev, ev->event_id == 5858 ? run->operation : run->query));
        detect_fact(a, "technique", "T1047");
    }
    }
}

#define SYSMON "Microsoft-Windows-Sysmon/Operational"
#define ACTIVITY "Microsoft-Windows-WMI-Activity/Operational"
static const detect_want wants[] = {
    { ACTIVITY, NULL, 5858 }, { ACTIVITY, NULL, 5860 }, { ACTIVITY, NULL, 5861 }, { SYSMON, NULL, 19 }, { SYSMON, NULL, 20 }, { SYSMON, NULL, 21 },
    { "Microsoft-Windows-WinRM/Operational", NULL, 91 }, { "Microsoft-Windows-WinRM/Operational", NULL, 169 },
};
const detector detect_wmi = { "wmi", wants, sizeof wants / sizeof *wants, setup, start, step, finish };
