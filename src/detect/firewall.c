/* Who opened the firewall, closed it to rivals or switched it off? (Windows Firewall 2002-2006, 2008, 2033 and their kin of newer
 * systems, 2052-2099; Security 4946-4948, 4950. A port proxy writes no event of its own: registry.c and process.c see it.) */
#include "detect/detect.h"
#include "detect/family.h"
#include "detect/looks.h"
#include "detect/subject.h"

#include <stdlib.h>
#include <strings.h>

typedef struct {
    families *families;
    looks *looks;
    const profile_node *network;
    field rule, port, direction, action, application, modifier, user, setting, value, value_text, profiles, changed;
} firewall_run;

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
    run->value = fields_intern(f, "SettingValue");
    run->value_text = fields_intern(f, "SettingValueString");
    run->profiles = fields_intern(f, "Profiles");
    run->changed = fields_intern(f, "ProfileChanged");
    *out = run;
    status st = profile_need(s->facts, "network", &run->network);
    if (status_is_ok(st))
        st = families_new(s->facts, s->mem, &run->families);
    return status_is_ok(st) ? looks_new(s->facts, s->mem, &run->looks) : st;
}

static bool by_hand(const char *modifier, arena *mem)
{
    static const char *const tools[] = { "netsh.exe", "powershell.exe", "pwsh.exe", "cmd.exe", "wmiprvse.exe" };
    const char *file = modifier ? looks_file(looks_path(modifier, mem)) : "";
    for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
        if (strcmp(file, tools[i]) == 0)
            return true;
    return false;
}

/* The firewall's own numbers; what it does not use stays a number. */
static void named(detect_act_builder *a, const char *name, binxml_value v, uint64_t one, const char *first, uint64_t two, const char *second)
{
    uint64_t n = 0;
    if (value_u64(v, &n) && (n == one || n == two))
        detect_fact(a, name, n == one ? first : second);
    else
        detect_fact_value(a, name, v);
}

static family_hit known_port(const firewall_run *run, const char *ports)
{
    family_hit h = { 0 };
    for (const char *at = ports; !h.family && at && *at;) {
        char *end;
        unsigned long long port = strtoull(at, &end, 10);
        if (end == at)
            break;
        h = families_port(run->families, port);
        at = *end ? end + 1 : end;
    }
    return h;
}

static void rule_changed(const firewall_run *run, const event *ev, detect_log *out, const char *what)
{
    arena *mem = detect_scratch(out);
    char *rule = value_text(event_get(ev, run->rule), mem), *ports = value_text(event_get(ev, run->port), mem);
    char *application = value_text(event_get(ev, run->application), mem), *modifier = value_text(event_get(ev, run->modifier), mem);
    family_hit h = families_firewall_rule(run->families, rule);
    if (!h.family)
        h = known_port(run, ports);
    char *path = application ? looks_path(application, mem) : NULL;
    if (!h.family && path)
        h = families_file(run->families, path);
    bool odd = path && looks_odd_folder(run->looks, path);
    /* Rules that the system and installers make are of no interest; they are hundreds. */
    if (!h.family && !by_hand(modifier, mem) && !odd)
        return;
    detect_act_builder *a = detect_act(out, ev, "firewall.change");
    detect_fact(a, "rule", rule ? rule : "-");
    detect_fact(a, "change", what);
    named(a, "action", event_get(ev, run->action), 2, "block", 3, "allow");
    named(a, "direction", event_get(ev, run->direction), 1, "in", 2, "out");
    detect_fact(a, "port", ports);
    detect_fact(a, "application", application);
    detect_fact(a, "by", modifier);
    detect_fact_value(a, "by_sid", event_get(ev, run->user));
    detect_fact(a, "looks", h.family ? "family" : odd ? "temp-path" : "by-hand");
    detect_fact(a, "family", h.family);
    detect_finding(a, "firewall-change", h.family ? SEVERITY_HIGH : odd ? SEVERITY_MEDIUM : SEVERITY_LOW, h.family ? h.weight : odd ? 60 : 40, "T1562.004", NULL);
}

/* The firewall itself switched off, or all its rules thrown away. */
static void setting_changed(const firewall_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    char *value = value_text(event_get(ev, run->value), mem), *setting = value_text(event_get(ev, run->setting), mem);
    char *profile = value_text(event_get(ev, ev->event_id == 4950 ? run->changed : run->profiles), mem), *modifier = value_text(event_get(ev, run->modifier), mem);
    bool off;
    if (ev->event_id == 4950) {      /* both in the system's language */
        off = value && setting && profile_has(run->network, "firewall_setting", setting) && profile_has(run->network, "firewall_off", value);
    } else {
        uint64_t type = 0;
        off = value && *value && value[strspn(value, "0")] == 0 && value_u64(event_get(ev, run->setting), &type) && type == 1;
    }
    if (!off)
        return;
    detect_act_builder *a = detect_act(out, ev, "firewall.change");
    detect_fact(a, "rule", "-");
    detect_fact(a, "change", "off");
    detect_fact(a, "profile", profile);
    detect_fact(a, "by", modifier);
    detect_fact_value(a, "by_sid", event_get(ev, run->user));
    detect_finding(a, "firewall-change", SEVERITY_HIGH, by_hand(modifier, mem) ? 80 : 60, "T1562.004", "firewall-change.off");
}

static void all_deleted(const firewall_run *run, const event *ev, detect_log *out)
{
    detect_act_builder *a = detect_act(out, ev, "firewall.change");
    detect_fact(a, "rule", "*");
    detect_fact(a, "change", "deleted");
    detect_fact_value(a, "by", event_get(ev, run->modifier));
    detect_fact_value(a, "by_sid", event_get(ev, run->user));
    detect_finding(a, "firewall-change", SEVERITY_MEDIUM, 50, "T1562.004", "firewall-change.all");
}

static void step(const void *context, void *state, const event *ev, detect_log *out)
{
    (void)state;
    const firewall_run *run = context;
    switch (ev->event_id) {
    case 2004: case 2071: case 2097: case 4946:
        rule_changed(run, ev, out, "added");
        return;
    case 2005: case 2073: case 2099: case 4947:
        rule_changed(run, ev, out, "changed");
        return;
    case 2006: case 2052: case 4948:
        rule_changed(run, ev, out, "deleted");
        return;
    case 2033: case 2059:
        all_deleted(run, ev, out);
        return;
    default:
        setting_changed(run, ev, out);
    }
}

#define CHANNEL "Microsoft-Windows-Windows Firewall With Advanced Security/Firewall"
static const detect_want wants[] = {
    { CHANNEL, NULL, 2004 }, { CHANNEL, NULL, 2071 }, { CHANNEL, NULL, 2097 }, { CHANNEL, NULL, 2005 }, { CHANNEL, NULL, 2073 }, { CHANNEL, NULL, 2099 },
    { CHANNEL, NULL, 2006 }, { CHANNEL, NULL, 2052 }, { CHANNEL, NULL, 2033 }, { CHANNEL, NULL, 2059 }, { CHANNEL, NULL, 2003 }, { CHANNEL, NULL, 2082 },
    { "Security", NULL, 4946 }, { "Security", NULL, 4947 }, { "Security", NULL, 4948 }, { "Security", NULL, 4950 },
};
const detector detect_firewall = { "firewall", wants, sizeof wants / sizeof *wants, setup, NULL, step, NULL };
