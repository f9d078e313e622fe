/* Who opened the firewall or forwards ports? (Windows Firewall 2004-2006, 2033 and their 2097/2071 kin of newer systems; Security
 * 4946-4948, 4950. A port proxy writes no event of its own: registry.c and process.c see it.) */
#include "detect/detect.h"
#include "detect/family.h"
#include "detect/looks.h"
#include "detect/subject.h"

#include <stdlib.h>
#include <strings.h>

typedef struct { families *families; looks *looks; field rule, port, remote_port, direction, action, application, modifier, user, rule_name, setting, value; } firewall_run;

static status setup(const detect_setup *s, void **out)
{
    firewall_run *run = arena_alloc(s->mem, sizeof *run);
    fields *f = s->names;
    run->rule = fields_intern(f, "RuleName");
    run->port = fields_intern(f, "LocalPorts");
    run->direction = fields_intern(f, "Direction");
    run->action = fields_intern(f, "Action");
    run->application = fields_intern(f, "ApplicationPath");
    run->modifier = fields_intern(f, "ModifyingApplication");
    run->user = fields_intern(f, "ModifyingUser");
    run->setting = fields_intern(f, "SettingType");
    run->value = fields_intern(f, "SettingValueString");
    *out = run;
    status st = families_new(s->facts, s->mem, &run->families);
    return status_is_ok(st) ? looks_new(s->facts, s->mem, &run->looks) : st;
}

static void step(const void *context, void *state, const event *ev, detect_log *out)
{
    (void)state;
    const firewall_run *run = context;
    arena *mem = detect_scratch(out);
    char *rule = value_text(event_get(ev, run->rule), mem), *ports = value_text(event_get(ev, run->port), mem);
    char *application = value_text(event_get(ev, run->application), mem), *modifier = value_text(event_get(ev, run->modifier), mem);
    if (!rule && !application)
        return;
    family_hit h = families_firewall_rule(run->families, rule);
    for (const char *at = ports; !h.family && at && *at;) {
        char *end;
        unsigned long port = strtoul(at, &end, 10);
        if (end == at)
            break;
        h = families_port(run->families, port);
        at = *end ? end + 1 : end;
    }
    char *path = application ? looks_path(application, mem) : NULL;
    if (!h.family && path)
        h = families_file(run->families, path);
    const char *by = modifier ? looks_file(looks_path(modifier, mem)) : "";
    bool by_hand = strcmp(by, "netsh.exe") == 0 || strcmp(by, "powershell.exe") == 0 || strcmp(by, "cmd.exe") == 0 || strcmp(by, "wmiprvse.exe") == 0;
    bool odd = path && looks_odd_folder(run->looks, path);
    /* Rules that the system and installers make are of no interest; they are hundreds. */
    if (!h.family && !by_hand && !odd)
        return;
    detect_act_builder *a = detect_act(out, ev, "firewall.change");
    detect_fact(a, "rule", rule);
    detect_fact_value(a, "action", event_get(ev, run->action));
    detect_fact(a, "port", ports);
    detect_fact_value(a, "direction", event_get(ev, run->direction));
    detect_fact(a, "application", application);
    detect_fact(a, "by", modifier);
    detect_fact_value(a, "by_sid", event_get(ev, run->user));
    detect_fact(a, "looks", h.family ? "family" : odd ? "temp-path" : "by-hand");
    detect_fact(a, "family", h.family);
    detect_finding(a, "firewall-change", h.family ? SEVERITY_HIGH : odd ? SEVERITY_MEDIUM : SEVERITY_LOW, h.family ? h.weight : odd ? 60 : 40, "T1562.004", NULL);
}

#define CHANNEL "Microsoft-Windows-Windows Firewall With Advanced Security/Firewall"
static const detect_want wants[] = {
    { CHANNEL, NULL, 2004 }, { CHANNEL, NULL, 2005 }, { CHANNEL, NULL, 2071 }, { CHANNEL, NULL, 2097 },
    { "Security", NULL, 4946 }, { "Security", NULL, 4947 },
};
const detector detect_firewall = { "firewall", wants, sizeof wants / sizeof *wants, setup, NULL, step, NULL };
