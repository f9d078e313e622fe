/* Was evidence removed, or its making stopped? Logs cleared (1102, 104, 517), the log service stopped (1100), full or dropped
 * records (1101, 1104), auditing narrowed (4719), password and lockout rules changed (4739).
 *
 * Shapes    1100 stands at every shutdown; without a start of the system (4608) before the next logon it was stopped alone. */
#include "detect/detect.h"
#include "detect/subject.h"

#include <strings.h>

typedef struct {
    const profile_node *root;
    moment settles;
    field subject, subject_domain, subject_sid, channel, backup, guid, changes, policy[10];
} removed_run;

typedef struct { event stopped; bool waits; } removed_state;

/* 4739's values, and what notes call them. */
static const struct { const char *field, *fact; } policies[] = {
    { "MinPasswordAge", "min_age" }, { "MaxPasswordAge", "max_age" }, { "ForceLogoff", "force_logoff" }, { "LockoutThreshold", "lockout_threshold" },
    { "LockoutObservationWindow", "lockout_window" }, { "LockoutDuration", "lockout_duration" }, { "PasswordProperties", "properties" },
    { "MinPasswordLength", "min_length" }, { "PasswordHistoryLength", "history" }, { "MachineAccountQuota", "machine_quota" },
};
enum { POLICIES = sizeof policies / sizeof *policies };

static status setup(const detect_setup *s, void **out)
{
    removed_run *run = arena_alloc(s->mem, sizeof *run);
    fields *f = s->names;
    run->root = profile_root(s->facts, "audit");
    bool found;
    run->settles = (moment)profile_duration(run->root, "stop_settles", &found) * MOMENT_SECOND;
    run->subject = fields_intern(f, "SubjectUserName");
    run->subject_domain = fields_intern(f, "SubjectDomainName");
    run->subject_sid = fields_intern(f, "SubjectUserSid");
    run->channel = fields_intern(f, "Channel");
    run->backup = fields_intern(f, "BackupPath");
    run->guid = fields_intern(f, "SubcategoryGuid");
    run->changes = fields_intern(f, "AuditPolicyChanges");
    for (size_t i = 0; i < POLICIES; i++)
        run->policy[i] = fields_intern(f, policies[i].field);
    *out = run;
    return status_ok();
}

static void *start(const void *run, arena *mem)
{
    (void)run;
    return arena_alloc(mem, sizeof(removed_state));
}

static void cleared(const removed_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    bool old = ev->event_id == 517;
    char *channel = ev->event_id == 104 ? value_text(event_get(ev, run->channel), mem) : utf16_text(mem, utf16_trim(ev->channel));
    char *account = old ? value_text(event_data(ev, 3), mem) : detect_account(ev, run->subject_domain, run->subject, mem);
    detect_act_builder *a = detect_act(out, ev, "log.clear");
    detect_fact(a, "channel", channel);
    detect_fact(a, "account", account);
    detect_fact_value(a, "sid", event_get(ev, run->subject_sid));
    detect_fact_value(a, "backup", event_get(ev, run->backup));
    bool heavy = channel && profile_has(run->root, "heavy_channels", channel);
    detect_finding(a, "log-cleared", heavy ? SEVERITY_HIGH : SEVERITY_LOW, heavy ? 90 : 60, "T1070.001", NULL);
}

static void stopped_alone(removed_state *p, detect_log *out)
{
    detect_act_builder *a = detect_act(out, &p->stopped, "log.stop");
    detect_fact(a, "what", "service-stopped");
    detect_finding(a, "defence-off", SEVERITY_HIGH, 65, "T1562.002", "defence-off.log-service");
    p->waits = false;
}

static void lost(const event *ev, detect_log *out)
{
    detect_fact(detect_act(out, ev, "log.stop"), "what", ev->event_id == 1104 ? "full" : "dropped");
}

static const profile_node *subcategory(const removed_run *run, const char *guid)
{
    const char *digits = guid ? strchr(guid, '-') : NULL;
    if (!digits || digits - guid < 2)
        return NULL;
    for (const profile_node *s = profile_list(run->root, "subcategories"); s; s = s->next)
        if (strncasecmp(digits - 2, profile_text(s, "code"), 2) == 0)
            return s;
    return NULL;
}

static void audit_changed(const removed_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    char *changes = value_text(event_get(ev, run->changes), mem), *guid = value_text(event_get(ev, run->guid), mem);
    bool removed = false;
    for (const profile_node *r = profile_list(run->root, "removed"); changes && r; r = r->next)
        removed = removed || strstr(changes, r->text);
    if (!removed)
        return;
    const profile_node *s = subcategory(run, guid);
    char *sid = value_text(event_get(ev, run->subject_sid), mem);
    detect_act_builder *a = detect_act(out, ev, "audit.change");
    detect_fact(a, "subcategory", s ? profile_text(s, "name") : guid);
    detect_fact(a, "change", strstr(changes, "%%8448") && strstr(changes, "%%8450") ? "success,failure" : strstr(changes, "%%8448") ? "success" : "failure");
    detect_fact(a, "account", detect_account(ev, run->subject_domain, run->subject, mem));
    detect_fact(a, "sid", sid);
    bool system = sid && strcmp(sid, "S-1-5-18") == 0, matters = s && profile_true(s, "matters");       /* group policy works as the system */
    if (matters)
        detect_finding(a, "defence-off", system ? SEVERITY_LOW : SEVERITY_HIGH, system ? 30 : 75, "T1562.002", "defence-off.audit");
}

static void policy_changed(const removed_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    detect_act_builder *a = NULL;
    for (size_t i = 0; i < POLICIES; i++) {
        char *value = value_text(event_get(ev, run->policy[i]), mem);
        if (!value || !*value || strcmp(value, "-") == 0)
            continue;
        if (!a)
            a = detect_act(out, ev, "policy.change");
        detect_fact(a, policies[i].fact, value);
    }
    if (a)
        detect_fact(a, "account", detect_account(ev, run->subject_domain, run->subject, mem));
}

static void step(const void *data, void *state, const event *ev, detect_log *out)
{
    const removed_run *run = data;
    removed_state *p = state;
    switch (ev->event_id) {
    case 104: case 1102: case 517: cleared(run, ev, out); break;
    case 4719: audit_changed(run, ev, out); break;
    case 4739: policy_changed(run, ev, out); break;
    case 1101: case 1104: lost(ev, out); break;
    case 1100:
        p->stopped = *ev;
        p->waits = true;
        detect_act(out, ev, "boot.stop");
        break;
    case 4608: p->waits = false; break;
    default:                                   /* 4624: somebody logs on and the system has not started anew */
        if (p->waits && !ev->recovered && moment_known(ev->time) && ev->time >= p->stopped.time + run->settles)
            stopped_alone(p, out);
    }
}

static const detect_want wants[] = {
    { "Security", "Microsoft-Windows-Eventlog", 1102 }, { "System", "Microsoft-Windows-Eventlog", 104 }, { "Security", "Security", 517 },
    { "Security", "Microsoft-Windows-Eventlog", 1100 }, { "Security", "Microsoft-Windows-Eventlog", 1101 }, { "Security", "Microsoft-Windows-Eventlog", 1104 },
    { "Security", NULL, 4608 }, { "Security", NULL, 4624 }, { "Security", NULL, 4719 }, { "Security", NULL, 4739 },
};
const detector detect_evidence_removed = { "evidence-removed", wants, sizeof wants / sizeof *wants, setup, start, step, NULL };
