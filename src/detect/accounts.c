/* Which accounts were made, changed, given a new password, a new name or more power? (Security 4720 to 4738, 4741, 4756,
 * 4765, 4781, 4794.)
 *
 * Shapes    Groups are judged by SID, since their names are in the system's language. */
#include "detect/detect.h"
#include "detect/family.h"
#include "detect/subject.h"

#include <strings.h>

typedef struct {
    const profile_node *root;
    families *families;
    field name, domain, sid, subject, subject_domain, subject_sid, logon, member, member_sid, old_name, new_name, old_flags, new_flags, password_set, source_name, source_sid, workstation, status;
} accounts_run;

static status setup(const detect_setup *s, void **out)
{
    accounts_run *run = arena_alloc(s->mem, sizeof *run);
    fields *f = s->names;
    run->root = profile_root(s->facts, "accounts");
    run->name = fields_intern(f, "TargetUserName");
    run->domain = fields_intern(f, "TargetDomainName");
    run->sid = fields_intern(f, "TargetSid");
    run->subject = fields_intern(f, "SubjectUserName");
    run->subject_domain = fields_intern(f, "SubjectDomainName");
    run->subject_sid = fields_intern(f, "SubjectUserSid");
    run->logon = fields_intern(f, "SubjectLogonId");
    run->member = fields_intern(f, "MemberName");
    run->member_sid = fields_intern(f, "MemberSid");
    run->old_name = fields_intern(f, "OldTargetUserName");
    run->new_name = fields_intern(f, "NewTargetUserName");
    run->old_flags = fields_intern(f, "OldUacValue");
    run->new_flags = fields_intern(f, "NewUacValue");
    run->password_set = fields_intern(f, "PasswordLastSet");
    run->source_name = fields_intern(f, "SourceUserName");
    run->source_sid = fields_intern(f, "SourceSid");
    run->workstation = fields_intern(f, "Workstation");
    run->status = fields_intern(f, "Status");
    *out = run;
    return families_new(s->facts, s->mem, &run->families);
}

static char *told(const event *ev, field f, arena *mem)
{
    char *text = value_text(event_get(ev, f), mem);
    return text && *text && strcmp(text, "-") != 0 ? text : NULL;
}

static const char *rid_of(const char *sid)
{
    const char *dash = sid && strncmp(sid, "S-1-5-21-", 9) == 0 ? strrchr(sid, '-') : NULL;
    return dash ? dash + 1 : "";
}

static void put_by(const accounts_run *run, detect_act_builder *a, const event *ev, arena *mem)
{
    detect_fact(a, "by", detect_account(ev, run->subject_domain, run->subject, mem));
    detect_fact(a, "by_sid", told(ev, run->subject_sid, mem));
    uint64_t logon;
    if (value_u64(event_get(ev, run->logon), &logon))
        detect_fact(a, "logon", arena_printf(mem, "0x%llx", (unsigned long long)logon));
}

static bool by_system(const accounts_run *run, const event *ev, arena *mem)
{
    char *sid = told(ev, run->subject_sid, mem);
    return sid && profile_has(run->root, "by_system", sid);
}

/* "disabled,no-password-needed" -> "+enabled,...": which flags came and went. */
static char *flags_changed(const accounts_run *run, const event *ev, arena *mem)
{
    uint64_t old, now;
    if (!value_u64(event_get(ev, run->old_flags), &old) || !value_u64(event_get(ev, run->new_flags), &now))
        return NULL;
    buf words;
    buf_init(&words, 512);
    for (const profile_node *f = profile_list(run->root, "flags"); f; f = f->next) {
        bool found;
        uint64_t bit = (uint64_t)profile_number(f, "bit", &found);
        if ((old ^ now) & bit)
            buf_printf(&words, "%s%c%s", words.len ? "," : "", now & bit ? '+' : '-', profile_text(f, "name"));
    }
    char *text = words.len ? arena_text(mem, buf_bytes(&words)) : NULL;
    buf_done(&words);
    return text;
}

static detect_act_builder *about_account(const accounts_run *run, const event *ev, detect_log *out, const char *kind, family_hit *family)
{
    arena *mem = detect_scratch(out);
    char *name = told(ev, run->name, mem);
    *family = families_account(run->families, name ? name : "");
    detect_act_builder *a = detect_act(out, ev, kind);
    detect_fact(a, "account", detect_account(ev, run->domain, run->name, mem));
    detect_fact(a, "sid", told(ev, run->sid, mem));
    detect_fact(a, "family", family->family);
    put_by(run, a, ev, mem);
    return a;
}

static void created(const accounts_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    family_hit family;
    detect_act_builder *a = about_account(run, ev, out, "account.create", &family);
    char *name = told(ev, run->name, mem);
    bool hidden = ev->event_id == 4720 && name && *name && name[strlen(name) - 1] == '$';      /* lists of net.exe leave such names out */
    detect_fact(a, "looks", family.family ? "family" : hidden ? "hidden-name" : NULL);
    if (family.family)
        detect_finding(a, "account-create", SEVERITY_CRITICAL, family.weight, "T1136.001", "account-create.family");
    else if (hidden)
        detect_finding(a, "account-create", SEVERITY_HIGH, 85, "T1136.001 T1564.002", "account-create.hidden");
    else if (ev->event_id == 4720 && !by_system(run, ev, mem))
        detect_finding(a, "account-create", SEVERITY_MEDIUM, 60, "T1136.001", NULL);
}

static void switched(const accounts_run *run, const event *ev, detect_log *out, const char *kind)
{
    arena *mem = detect_scratch(out);
    family_hit family;
    detect_act_builder *a = about_account(run, ev, out, kind, &family);
    const char *rid = rid_of(told(ev, run->sid, mem));
    if (ev->event_id == 4722 && profile_has(run->root, "built_in_rids", rid))
        detect_finding(a, "account-change", SEVERITY_HIGH, 70, "T1078.001 T1098", "account-change.enable");
}

static void reset(const accounts_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    family_hit family;
    detect_act_builder *a = about_account(run, ev, out, "account.reset", &family);
    const char *rid = rid_of(told(ev, run->sid, mem));
    /* The system itself, or nobody, gives Administrator a new password: no person did. */
    char *by = told(ev, run->subject_sid, mem);
    bool nobody = by && (strcmp(by, "S-1-5-7") == 0 || strcmp(by, "S-1-5-18") == 0);
    if (nobody && profile_has(run->root, "built_in_rids", rid))
        detect_finding(a, "account-change", SEVERITY_HIGH, 70, "T1098 T1531", "account-change.reset");
    else if (!nobody)
        detect_finding(a, "account-change", SEVERITY_LOW, 40, "T1098", "account-change.reset");
}

static void changed(const accounts_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    family_hit family;
    detect_act_builder *a = about_account(run, ev, out, "account.change", &family);
    char *flags = flags_changed(run, ev, mem);
    detect_fact(a, "changed", flags);
    if (flags && (strstr(flags, "+no-preauthentication") || strstr(flags, "+reversible-password")))
        detect_finding(a, "account-change", SEVERITY_HIGH, 70, "T1098", "account-change.flags");
}

static void renamed(const accounts_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    detect_act_builder *a = detect_act(out, ev, "account.rename");
    char *old = told(ev, run->old_name, mem);
    detect_fact(a, "account", detect_account(ev, run->domain, run->new_name, mem));
    detect_fact(a, "old", old);
    detect_fact(a, "sid", told(ev, run->sid, mem));
    put_by(run, a, ev, mem);
    char *now = told(ev, run->new_name, mem);
    bool was_machine = old && *old && old[strlen(old) - 1] == '$', is_machine = now && *now && now[strlen(now) - 1] == '$';
    if (was_machine && now && !is_machine)      /* a computer account takes the name of a domain controller (CVE-2021-42278) */
        detect_finding(a, "account-change", SEVERITY_CRITICAL, 85, "T1068 T1036", "account-change.machine-name");
    else if (!by_system(run, ev, mem) && !is_machine)
        detect_finding(a, "account-change", SEVERITY_LOW, 40, "T1098", "account-change.rename");
}

/* A foreign SID in an account's history gives it the other's power. */
static void history(const accounts_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    family_hit family;
    detect_act_builder *a = about_account(run, ev, out, "account.change", &family);
    detect_fact(a, "changed", "+sid-history");
    detect_fact(a, "history", told(ev, run->source_name, mem));
    detect_fact(a, "history_sid", told(ev, run->source_sid, mem));
    detect_finding(a, "account-change", SEVERITY_HIGH, 75, "T1134.005", "account-change.history");
}

/* The restore mode's administrator: an account that no list shows. */
static void restore_mode(const accounts_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    uint64_t status_code;
    if (value_u64(event_get(ev, run->status), &status_code) && status_code)
        return;
    detect_act_builder *a = detect_act(out, ev, "account.reset");
    detect_fact(a, "account", "DSRM");
    detect_fact(a, "workstation", told(ev, run->workstation, mem));
    put_by(run, a, ev, mem);
    detect_finding(a, "account-change", SEVERITY_HIGH, 65, "T1098", "account-change.dsrm");
}

static void joined(const accounts_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    char *group = told(ev, run->sid, mem);
    const char *rid = rid_of(group);
    bool privileged = group && (profile_has(run->root, "privileged_sids", group) || (*rid && profile_has(run->root, "privileged_rids", rid)));
    bool remote = group && profile_has(run->root, "remote_sids", group);
    detect_act_builder *a = detect_act(out, ev, "group.add");
    detect_fact(a, "member", told(ev, run->member, mem));
    detect_fact(a, "member_sid", told(ev, run->member_sid, mem));
    detect_fact(a, "group", detect_account(ev, run->domain, run->name, mem));
    detect_fact(a, "group_sid", group);
    detect_fact(a, "privileged", privileged ? "yes" : NULL);
    detect_fact(a, "remote", remote ? "yes" : NULL);
    put_by(run, a, ev, mem);
    const char *member_rid = rid_of(told(ev, run->member_sid, mem));
    if (ev->event_id == 4732 && *member_rid && profile_has(run->root, "join_rids", member_rid))
        return;                          /* a host joins its domain */
    if (privileged)
        detect_finding(a, "admin-group-add", by_system(run, ev, mem) ? SEVERITY_MEDIUM : SEVERITY_HIGH, 70, "T1098.007", NULL);
    else if (remote)
        detect_finding(a, "admin-group-add", SEVERITY_MEDIUM, 60, "T1098.007 T1021.001", "admin-group-add.remote");
}

static void step(const void *data, void *state, const event *ev, detect_log *out)
{
    const accounts_run *run = data;
    (void)state;
    switch (ev->event_id) {
    case 4720: case 4741: created(run, ev, out); break;
    case 4722: switched(run, ev, out, "account.enable"); break;
    case 4725: switched(run, ev, out, "account.disable"); break;
    case 4726: switched(run, ev, out, "account.delete"); break;
    case 4724: reset(run, ev, out); break;
    case 4738: changed(run, ev, out); break;
    case 4781: renamed(run, ev, out); break;
    case 4765: history(run, ev, out); break;
    case 4794: restore_mode(run, ev, out); break;
    default: joined(run, ev, out);
    }
}

#define SECURITY(id) { "Security", NULL, id }
static const detect_want wants[] = {
    SECURITY(4720), SECURITY(4722), SECURITY(4724), SECURITY(4725), SECURITY(4726), SECURITY(4728), SECURITY(4732), SECURITY(4738), SECURITY(4741),
    SECURITY(4756), SECURITY(4765), SECURITY(4781), SECURITY(4794),
};
const detector detect_accounts = { "accounts", wants, sizeof wants / sizeof *wants, setup, NULL, step, NULL };
