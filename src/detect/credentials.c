/* Did somebody reach for the secrets that Windows keeps? (Sysmon 10; Security 4656, 4663 on lsass, 4662 replication rights; ESENT 325: a
 * copy of the directory's database made elsewhere.) That it happened is noted, never what was read. */
#include "detect/detect.h"
#include "detect/looks.h"
#include "detect/seen.h"
#include "detect/subject.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { SEEN = 4096 };

typedef struct {
    const profile_node *root;
    field source, target, access, trace, user, object, mask, process, properties, subject_name, subject_domain, subject_logon;
} credentials_run;
typedef struct { seen accesses; } credentials_state;

static status setup(const detect_setup *s, void **out)
{
    credentials_run *run = arena_alloc(s->mem, sizeof *run);
    fields *f = s->names;
    run->source = fields_intern(f, "SourceImage");
    run->target = fields_intern(f, "TargetImage");
    run->access = fields_intern(f, "GrantedAccess");
    run->trace = fields_intern(f, "CallTrace");
    run->user = fields_intern(f, "SourceUser");
    run->object = fields_intern(f, "ObjectName");
    run->mask = fields_intern(f, "AccessMask");
    run->process = fields_intern(f, "ProcessName");
    run->properties = fields_intern(f, "Properties");
    run->subject_name = fields_intern(f, "SubjectUserName");
    run->subject_domain = fields_intern(f, "SubjectDomainName");
    run->subject_logon = fields_intern(f, "SubjectLogonId");
    *out = run;
    return profile_need(s->facts, "credentials", &run->root);
}

static void *start(const void *run, arena *mem)
{
    (void)run;
    credentials_state *p = arena_alloc(mem, sizeof *p);
    seen_init(&p->accesses, "credential.access", SEEN);
    return p;
}

static void finish(const void *run, void *state, detect_log *out)
{
    (void)run;
    (void)out;
    seen_done(&((credentials_state *)state)->accesses);
}

static bool mask_counts(const credentials_run *run, uint64_t access)
{
    for (const profile_node *m = profile_list(run->root, "lsass_masks"); m; m = m->next)
        if (strtoull(m->text, NULL, 16) == access)
            return true;
    return false;
}

/* 4663 tells a right as it is used: whoever reads memory of lsass has more in mind than whoever opened it to look at its times. */
static bool read_memory(const credentials_run *run, uint64_t access, const char *image, arena *mem)
{
    const char *file = image ? looks_file(looks_path(image, mem)) : "";
    return (access & 0x10) && (!profile_has(run->root, "lsass_lawful", file) || profile_has(run->root, "lsass_dumpers", file));
}

static void lsass(const credentials_run *run, credentials_state *p, const event *ev, detect_log *out, const char *image, uint64_t access, const char *account, bool strange_code, bool read)
{
    arena *mem = detect_scratch(out);
    const char *file = image ? looks_file(looks_path(image, mem)) : "";
    bool lawful = *file && profile_has(run->root, "lsass_lawful", file);
    if ((!read && (!mask_counts(run, access) || (lawful && !strange_code))) || !seen_first(&p->accesses, out, arena_printf(mem, "lsass\n%s\n%" PRIx64, image ? image : "", access)))
        return;
    char mask[24];
    snprintf(mask, sizeof mask, "0x%" PRIx64, access);
    detect_act_builder *a = detect_act(out, ev, "credential.access");
    detect_fact(a, "what", "lsass");
    detect_fact(a, "image", image);
    detect_fact(a, "access", mask);
    detect_fact(a, "account", account);
    detect_fact(a, "looks", strange_code ? "unknown-code" : NULL);
    detect_finding(a, "credential-theft", SEVERITY_HIGH, strange_code ? 85 : 60, "T1003.001", "credential-theft.lsass");
}

/* The database engine made a file of the directory's name where the directory does not keep it. */
static void database_made(credentials_state *p, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    for (size_t i = 0; i < event_data_count(ev); i++) {
        char *file = value_text(event_data(ev, i), mem);
        if (!file || !strcasestr(file, "ntds.dit") || strncasecmp(looks_path(file, mem), "%w\\ntds\\", 8) == 0 || !seen_first(&p->accesses, out, arena_printf(mem, "ntds\n%s", file)))
            continue;
        detect_act_builder *a = detect_act(out, ev, "credential.access");
        detect_fact(a, "what", "ntds");
        detect_fact(a, "file", file);
        detect_finding(a, "credential-theft", SEVERITY_HIGH, 75, "T1003.003", "credential-theft.ntds");
        return;
    }
}

static void step(const void *context, void *state, const event *ev, detect_log *out)
{
    const credentials_run *run = context;
    credentials_state *p = state;
    arena *mem = detect_scratch(out);
    uint64_t access = 0;
    if (ev->event_id == 10) {
        binxml_value of = event_get(ev, run->target);
        char *target = value_has(of, "lsass") ? value_text(of, mem) : NULL;
        if (!target || strcasecmp(looks_file(looks_path(target, mem)), "lsass.exe") != 0)
            return;
        value_u64(event_get(ev, run->access), &access);
        const char *strange = profile_text(run->root, "unknown_code");
        lsass(run, p, ev, out, value_text(event_get(ev, run->source), mem), access, value_text(event_get(ev, run->user), mem), strange && value_has(event_get(ev, run->trace), strange), false);
        return;
    }
    if (ev->event_id == 325) {
        database_made(p, ev, out);
        return;
    }
    const char *account = detect_account(ev, run->subject_domain, run->subject_name, mem);
    if (ev->event_id == 4656 || ev->event_id == 4663) {
        if (!value_has(event_get(ev, run->object), "\\lsass.exe"))
            return;
        value_u64(event_get(ev, run->mask), &access);
        char *image = value_text(event_get(ev, run->process), mem);
        lsass(run, p, ev, out, image, access, account, false, ev->event_id == 4663 && read_memory(run, access, image, mem));
        return;
    }
    /* 4662: replication asked for by an account that is no machine's. */
    size_t len = account ? strlen(account) : 0;
    bool asked = false;
    for (const profile_node *r = profile_list(run->root, "replication_rights"); r; r = r->next)
        asked = asked || value_has(event_get(ev, run->properties), r->text);
    if (!asked || !len || account[len - 1] == '$' || !seen_first(&p->accesses, out, arena_printf(mem, "dcsync\n%s", account)))
        return;
    detect_act_builder *a = detect_act(out, ev, "credential.access");
    detect_fact(a, "what", "dcsync");
    detect_fact(a, "account", account);
    detect_fact_value(a, "logon", event_get(ev, run->subject_logon));
    detect_finding(a, "credential-theft", SEVERITY_CRITICAL, 80, "T1003.006", "credential-theft.dcsync");
}

static const detect_want wants[] = {
    { "Microsoft-Windows-Sysmon/Operational", NULL, 10 }, { "Security", NULL, 4656 }, { "Security", NULL, 4663 }, { "Security", NULL, 4662 },
    { "Application", "ESENT", 325 }, { "Application", "NTDS*", 325 },
};
const detector detect_credentials = { "credentials", wants, sizeof wants / sizeof *wants, setup, start, step, finish };
