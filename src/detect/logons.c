/* Who logged on, who tried to, and from where? (Security 4624 4625 4648 4672 4740 4768 4771 4776, and 528 to 540 of 2003.)
 *
 * Shapes    A network logon waits until it is clear whether it opens a share (5140, 5145): that makes it one of SMB. */
#include "detect/attempts.h"
#include "detect/looks.h"
#include "detect/subject.h"

#include <strings.h>

enum { NETWORK_HELD = 64 };

typedef struct {
    attempt_facts *facts;
    const profile_node *root;
    moment share_after;
    field name, domain, sid, logon, type, package, logon_process, workstation, address, port, process, status, sub_status, elevated;
    field subject, subject_domain, subject_sid, subject_logon, server, client, target_sid;
} logons_run;

typedef struct {
    attempts *tries;
    held_attempt network[NETWORK_HELD]; uint64_t network_logon[NETWORK_HELD]; attempt_past past[NETWORK_HELD];
    size_t next;
} logons_state;

static status setup(const detect_setup *s, void **out)
{
    logons_run *run = arena_alloc(s->mem, sizeof *run);
    fields *f = s->names;
    run->name = fields_intern(f, "TargetUserName");
    run->domain = fields_intern(f, "TargetDomainName");
    run->sid = fields_intern(f, "TargetUserSid");
    run->target_sid = fields_intern(f, "TargetSid");
    run->logon = fields_intern(f, "TargetLogonId");
    run->type = fields_intern(f, "LogonType");
    run->package = fields_intern(f, "AuthenticationPackageName");
    run->logon_process = fields_intern(f, "LogonProcessName");
    run->workstation = fields_intern(f, "WorkstationName");
    run->client = fields_intern(f, "Workstation");
    run->address = fields_intern(f, "IpAddress");
    run->port = fields_intern(f, "IpPort");
    run->process = fields_intern(f, "ProcessName");
    run->status = fields_intern(f, "Status");
    run->sub_status = fields_intern(f, "SubStatus");
    run->elevated = fields_intern(f, "ElevatedToken");
    run->subject = fields_intern(f, "SubjectUserName");
    run->subject_domain = fields_intern(f, "SubjectDomainName");
    run->subject_sid = fields_intern(f, "SubjectUserSid");
    run->subject_logon = fields_intern(f, "SubjectLogonId");
    run->server = fields_intern(f, "TargetServerName");
    run->root = profile_root(s->facts, "logons");
    bool found;
    run->share_after = (moment)profile_duration(run->root, "share_after", &found) * MOMENT_SECOND;
    *out = run;
    return attempt_facts_new(s->facts, s->mem, &run->facts);
}

static void *start(const void *data, arena *mem)
{
    const logons_run *run = data;
    logons_state *p = arena_alloc(mem, sizeof *p);
    p->tries = attempts_new(run->facts, mem);
    return p;
}

/* A text that says something. */
static char *told(binxml_value v, arena *mem)
{
    char *text = value_text(v, mem);
    return text && *text && strcmp(text, "-") != 0 ? text : NULL;
}

static const char *code_of(binxml_value v, arena *mem)
{
    uint64_t n;
    return value_u64(v, &n) && n ? arena_printf(mem, "0x%llx", (unsigned long long)n) : NULL;
}

/* What carried a logon: its type, then who asked for it. */
static const char *protocol_of(uint64_t type, const char *process, const char *source)
{
    const char *file = process ? strrchr(process, '\\') : NULL;
    file = file ? file + 1 : process ? process : "";
    if (strcasecmp(file, "sqlservr.exe") == 0)
        return "mssql";
    if (strcasecmp(file, "sshd.exe") == 0)
        return "ssh";
    switch (type) {
    case 3: case 8: return "network";
    case 4: return "batch";
    case 5: return "service";
    case 10: case 12: return "rdp";
    case 7: return source ? "rdp" : "local";       /* unlocked from afar: a session taken up again */
    default: return "local";
    }
}

static void put_source(attempt *t, binxml_value address, arena *mem)
{
    char *text = value_text(address, mem);
    t->source = detect_address(text, &t->source_local);
    char *scope = t->source ? strchr(t->source, '%') : NULL;
    if (scope)
        *scope = 0;
}

/* The system's own accounts and machine accounts. A user of this host may bear a name that ends in "$" too, to be left out of
 * lists: it stands under the host's own name and is not the host itself. */
static bool by_itself(const logons_run *run, const event *ev, const char *account, const char *sid, arena *mem)
{
    const char *slash = account ? strchr(account, '\\') : NULL;
    if (slash) {
        char *own = utf16_text(mem, utf16_trim(ev->computer));
        size_t label = strcspn(own, "."), name = strlen(slash + 1);
        if ((size_t)(slash - account) == label && strncasecmp(account, own, label) == 0 && name && slash[name] == '$' &&
            !(name == label + 1 && strncasecmp(slash + 1, own, label) == 0))
            return false;
    }
    return attempt_of_system(run->facts, account, sid);
}

static attempt read_logon(const logons_run *run, const event *ev, arena *mem, uint64_t *type)
{
    attempt t = { .account = detect_account(ev, run->domain, run->name, mem), .workstation = told(event_get(ev, run->workstation), mem),
                  .package = told(event_get(ev, run->package), mem), .process = told(event_get(ev, run->process), mem) };
    *type = 0;
    if (value_u64(event_get(ev, run->type), type))
        t.type = arena_printf(mem, "%llu", (unsigned long long)*type);
    put_source(&t, event_get(ev, run->address), mem);
    char *own = utf16_text(mem, utf16_trim(ev->computer));
    t.own_client = t.workstation && strlen(t.workstation) == strcspn(own, ".") && strncasecmp(t.workstation, own, strcspn(own, ".")) == 0;
    if (t.own_client && !t.source && *type != 3)
        t.workstation = NULL;            /* written by this host, not by a client */
    char *port = told(event_get(ev, run->port), mem);
    t.port = port && strcmp(port, "0") != 0 ? port : NULL;
    t.protocol = protocol_of(*type, t.process, t.source);
    return t;
}

static void failed(const logons_run *run, logons_state *p, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    uint64_t type;
    attempt t = read_logon(run, ev, mem, &type);
    const char *sub = code_of(event_get(ev, run->sub_status), mem);
    t.reason = sub ? sub : code_of(event_get(ev, run->status), mem);
    t.sid = t.package = NULL;
    /* Over the network a refusal is of type 3, or has an address: this one came by the hypervisor's own way. */
    t.source_local = t.source_local || (type == 10 && !t.source && t.own_client);
    attempts_failed(p->tries, ev, &t, out);
}

static void kerberos_failed(const logons_run *run, logons_state *p, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    attempt t = { .protocol = "kerberos", .account = detect_account(ev, run->domain, run->name, mem), .reason = code_of(event_get(ev, run->status), mem) };
    if (!t.reason || attempt_of_system(run->facts, t.account, NULL))
        return;
    put_source(&t, event_get(ev, run->address), mem);
    attempts_failed(p->tries, ev, &t, out);
}

static void validation_failed(const logons_run *run, logons_state *p, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    attempt t = { .protocol = "network", .via = "4776", .account = told(event_get(ev, run->name), mem), .reason = code_of(event_get(ev, run->status), mem),
                  .workstation = told(event_get(ev, run->client), mem) };
    if (t.reason && !attempt_of_system(run->facts, t.account, NULL))
        attempts_failed(p->tries, ev, &t, out);
}

/* Network logons that wait for their first share. */
static void release(logons_state *p, size_t i, detect_log *out)
{
    held_attempt *h = &p->network[i];
    if (h->used)
        attempts_note(p->tries, &h->ev, &h->is, &p->past[i], out);
    attempt_drop(h);
}

static void release_late(const logons_run *run, logons_state *p, moment now, detect_log *out)
{
    for (size_t i = 0; i < NETWORK_HELD; i++) {
        held_attempt *h = &p->network[(p->next + i) % NETWORK_HELD];
        if (h->used && (now > h->ev.time + run->share_after || h->ev.time > now + run->share_after))
            release(p, (p->next + i) % NETWORK_HELD, out);
    }
}

static void share_opened(const logons_run *run, logons_state *p, const event *ev, detect_log *out)
{
    uint64_t logon;
    release_late(run, p, ev->time, out);
    if (!value_u64(event_get(ev, run->subject_logon), &logon) || !logon)
        return;
    for (size_t i = 0; i < NETWORK_HELD; i++)
        if (p->network[i].used && p->network_logon[i] == logon) {
            p->network[i].is.protocol = "smb";
            release(p, i, out);
        }
}

static void succeeded(const logons_run *run, logons_state *p, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    uint64_t type, logon = 0;
    if (!value_u64(event_get(ev, run->type), &type) || type == 0 || type == 4 || type == 5)
        return;
    release_late(run, p, ev->time, out);
    attempt t = read_logon(run, ev, mem, &type);
    t.sid = value_text(event_get(ev, run->sid), mem);
    if (t.sid && strcmp(t.sid, "S-1-5-7") == 0) {
        detect_count(out, ev, "logon.success", "protocol", t.protocol, "account", "ANONYMOUS LOGON", "sid", t.sid, "source", t.source, "workstation", t.workstation,
                     "type", t.type, "package", t.package, "source_local", t.source_local ? "yes" : NULL, NULL);
        return;
    }
    if (!t.account || by_itself(run, ev, t.account, t.sid, mem))
        return;
    if (value_u64(event_get(ev, run->logon), &logon))
        t.logon = arena_printf(mem, "0x%llx", (unsigned long long)logon);
    binxml_value token = event_get(ev, run->elevated);
    t.elevated = value_is(token, "%%1842") ? "yes" : value_is(token, "%%1843") ? "no" : NULL;
    t.process = NULL;
    if (type != 3 || strcmp(t.protocol, "network") != 0) {
        attempts_succeeded(p->tries, ev, &t, out);
        return;
    }
    release(p, p->next, out);
    attempt_keep(&p->network[p->next], ev, &t);
    p->network_logon[p->next] = logon;
    p->past[p->next] = attempts_judge(p->tries, ev, &t, out);
    p->next = (p->next + 1) % NETWORK_HELD;
}

static void special(const logons_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    char *account = detect_account(ev, run->subject_domain, run->subject, mem), *sid = value_text(event_get(ev, run->subject_sid), mem);
    if (account && !by_itself(run, ev, account, sid, mem))
        detect_count(out, ev, "logon.special", "account", account, NULL);
}

/* Credentials given for another host. */
static void given(const logons_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    char *target = told(event_get(ev, run->server), mem);
    if (!target || strcasecmp(target, "localhost") == 0)
        return;
    char *own = utf16_text(mem, utf16_trim(ev->computer));
    size_t label = strcspn(target, "."), own_label = strcspn(own, ".");
    if (label == own_label && strncasecmp(target, own, label) == 0)
        return;
    detect_count(out, ev, "explicit.logon", "account", detect_account(ev, run->domain, run->name, mem), "target", target,
                 "process", told(event_get(ev, run->process), mem), NULL);
}

static void locked(const logons_run *run, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    detect_count(out, ev, "account.lock", "account", told(event_get(ev, run->name), mem), "sid", told(event_get(ev, run->target_sid), mem),
                 "workstation", told(event_get(ev, run->domain), mem), NULL);      /* 4740 puts the caller's name there */
}

static const char *old_text(const event *ev, size_t at, arena *mem)
{
    return told(event_data(ev, at), mem);
}

static const char *old_account(const event *ev, arena *mem)
{
    const char *name = old_text(ev, 0, mem), *domain = old_text(ev, 1, mem);
    return name && domain ? arena_printf(mem, "%s\\%s", domain, name) : name;
}

/* Records of 2003, exported with unnamed values. */
static void old_failed(const logons_run *run, logons_state *p, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    attempt t = { .account = old_account(ev, mem), .type = old_text(ev, 2, mem), .workstation = old_text(ev, 5, mem) };
    uint64_t type = 0;
    bool found;
    value_u64(event_data(ev, 2), &type);
    put_source(&t, event_data(ev, 11), mem);
    t.protocol = protocol_of(type, NULL, t.source);
    for (const profile_node *r = profile_list(run->root, "old_reasons"); r; r = r->next)
        if (profile_number(r, "id", &found) == ev->event_id)
            t.reason = profile_text(r, "code");
    if (t.account)
        attempts_failed(p->tries, ev, &t, out);
}

static void old_succeeded(const logons_run *run, logons_state *p, const event *ev, detect_log *out)
{
    arena *mem = detect_scratch(out);
    attempt t = { .account = old_account(ev, mem), .type = old_text(ev, 3, mem), .package = old_text(ev, 5, mem), .workstation = old_text(ev, 6, mem) };
    uint64_t type = 0;
    value_u64(event_data(ev, 3), &type);
    put_source(&t, event_data(ev, 13), mem);
    t.protocol = protocol_of(type, NULL, t.source);
    if (!t.account || type == 4 || type == 5 || attempt_of_system(run->facts, t.account, NULL) || strcasestr(t.account, "ANONYMOUS LOGON"))
        return;
    attempts_succeeded(p->tries, ev, &t, out);
}

static void step(const void *data, void *state, const event *ev, detect_log *out)
{
    const logons_run *run = data;
    logons_state *p = state;
    switch (ev->event_id) {
    case 4624: succeeded(run, p, ev, out); break;
    case 4625: failed(run, p, ev, out); break;
    case 4768: case 4771: kerberos_failed(run, p, ev, out); break;
    case 4776: validation_failed(run, p, ev, out); break;
    case 4672: special(run, ev, out); break;
    case 4648: given(run, ev, out); break;
    case 4740: locked(run, ev, out); break;
    case 5140: case 5145: share_opened(run, p, ev, out); break;
    case 528: case 540: old_succeeded(run, p, ev, out); break;
    default: old_failed(run, p, ev, out);
    }
}

static void finish(const void *data, void *state, detect_log *out)
{
    logons_state *p = state;
    (void)data;
    for (size_t i = 0; i < NETWORK_HELD; i++)
        release(p, (p->next + i) % NETWORK_HELD, out);
    for (size_t i = 0; i < NETWORK_HELD; i++)
        attempt_done(&p->network[i]);
    attempts_end(p->tries, out);
}

static const detect_want wants[] = {
    { "Security", NULL, 4624 }, { "Security", NULL, 4625 }, { "Security", NULL, 4648 }, { "Security", NULL, 4672 }, { "Security", NULL, 4740 },
    { "Security", NULL, 4768 }, { "Security", NULL, 4771 }, { "Security", NULL, 4776 }, { "Security", NULL, 5140 }, { "Security", NULL, 5145 },
    { "Security", "Security", 528 }, { "Security", "Security", 529 }, { "Security", "Security", 530 }, { "Security", "Security", 531 },
    { "Security", "Security", 532 }, { "Security", "Security", 533 }, { "Security", "Security", 534 }, { "Security", "Security", 535 },
    { "Security", "Security", 536 }, { "Security", "Security", 537 }, { "Security", "Security", 539 }, { "Security", "Security", 540 },
};
const detector detect_logons = { "logons", wants, sizeof wants / sizeof *wants, setup, start, step, finish };
