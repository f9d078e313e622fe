/* What ran? Process starts (Security 4688, Sysmon 1) that matter, with the ancestors that explain them and what came of them.
 * Everything else is only remembered, in a ring of the newest starts, so that parents can be found.
 *
 * Hostile   A log may give one id to every process, or texts of any length: the ring holds NODES starts and TEXT_BYTES of
 *           text, and a look for a parent sees the newest CHAIN starts whose ids fall together. */
#include "detect/effects.h"
#include "detect/looks.h"
#include "detect/process.h"

#include <stdio.h>
#include <strings.h>

enum { NODES = 8192, BUCKETS = 1024, NONE = -1, UP = 6, DOWN = 6, TEXTS = 13, CHAIN = 64, TEXT_BYTES = 8 << 20 };

/* What is remembered of a start, as texts one after another in one buffer. */
typedef enum { T_IMAGE, T_COMMAND, T_PARENT, T_PARENT_COMMAND, T_ACCOUNT, T_SESSION, T_LOGON, T_GUID, T_PARENT_GUID, T_INTEGRITY, T_HASHES, T_ORIGINAL, T_SID } text_id;

typedef struct { int next, previous; } link;             /* previous NONE: the bucket's first */

typedef struct {
    uint64_t record, offset;
    moment time;
    bool recovered;
    bool noted;
    uint8_t below;                       /* generations under a suspect, 1 for itself, 0 when none */
    uint32_t boot;
    uint64_t pid, parent_pid;
    link same_pid, same_guid;            /* others in the same bucket, newest first */
    buf text;
    uint32_t at[TEXTS];
} node;

typedef struct {
    vec nodes;                           /* node; a ring once it has grown to NODES */
    int oldest, live;                    /* which are remembered: `live` of them from `oldest` on */
    size_t text_bytes;
    int by_pid[BUCKETS], by_guid[BUCKETS];
    uint32_t boot;
    process_room *room;
} process_state;

typedef struct {
    process_judge *judge;
    struct {
        field pid, guid, parent_pid, parent_guid, image, parent, command, parent_command, user, session, logon, integrity, hashes, original;
    } sysmon;
    struct { field subject_sid, subject_name, subject_domain, subject_logon, pid, image, parent_pid, command, target_sid, target_name, target_domain, target_logon, parent, label; } security;
} process_run;

static status setup(const detect_setup *s, void **out)
{
    process_run *run = arena_alloc(s->mem, sizeof *run);
    fields *f = s->names;
    run->sysmon.pid = fields_intern(f, "ProcessId");
    run->sysmon.guid = fields_intern(f, "ProcessGuid");
    run->sysmon.parent_pid = fields_intern(f, "ParentProcessId");
    run->sysmon.parent_guid = fields_intern(f, "ParentProcessGuid");
    run->sysmon.image = fields_intern(f, "Image");
    run->sysmon.parent = fields_intern(f, "ParentImage");
    run->sysmon.command = fields_intern(f, "CommandLine");
    run->sysmon.parent_command = fields_intern(f, "ParentCommandLine");
    run->sysmon.user = fields_intern(f, "User");
    run->sysmon.session = fields_intern(f, "TerminalSessionId");
    run->sysmon.logon = fields_intern(f, "LogonId");
    run->sysmon.integrity = fields_intern(f, "IntegrityLevel");
    run->sysmon.hashes = fields_intern(f, "Hashes");
    run->sysmon.original = fields_intern(f, "OriginalFileName");
    run->security.subject_sid = fields_intern(f, "SubjectUserSid");
    run->security.subject_name = fields_intern(f, "SubjectUserName");
    run->security.subject_domain = fields_intern(f, "SubjectDomainName");
    run->security.subject_logon = fields_intern(f, "SubjectLogonId");
    run->security.pid = fields_intern(f, "NewProcessId");
    run->security.image = fields_intern(f, "NewProcessName");
    run->security.parent_pid = fields_intern(f, "ProcessId");
    run->security.command = fields_intern(f, "CommandLine");
    run->security.target_sid = fields_intern(f, "TargetUserSid");
    run->security.target_name = fields_intern(f, "TargetUserName");
    run->security.target_domain = fields_intern(f, "TargetDomainName");
    run->security.target_logon = fields_intern(f, "TargetLogonId");
    run->security.parent = fields_intern(f, "ParentProcessName");
    run->security.label = fields_intern(f, "MandatoryLabel");
    *out = run;
    return process_judge_new(s->facts, s->mem, &run->judge);
}

static void *start(const void *run, arena *mem)
{
    (void)run;
    process_state *p = arena_alloc(mem, sizeof *p);
    vec_init(&p->nodes, sizeof(node));
    p->room = process_room_new(mem);
    for (size_t i = 0; i < BUCKETS; i++)
        p->by_pid[i] = p->by_guid[i] = NONE;
    return p;
}

static node *node_at(const process_state *p, int index) { return vec_at(&p->nodes, (size_t)index); }
static const char *text_of(const node *n, text_id id) { return n->text.at ? (const char *)n->text.at + n->at[id] : ""; }
static int *pid_bucket(process_state *p, uint64_t pid) { return &p->by_pid[pid / 4 % BUCKETS]; }         /* ids are multiples of four */
static int *guid_bucket(process_state *p, const char *guid) { return &p->by_guid[hash64(span_str(guid)) % BUCKETS]; }

static link *pid_link(node *n) { return &n->same_pid; }
static link *guid_link(node *n) { return &n->same_guid; }

static void put_first(process_state *p, int *bucket, int index, link *(*of)(node *))
{
    *of(node_at(p, index)) = (link){ *bucket, NONE };
    if (*bucket != NONE)
        of(node_at(p, *bucket))->previous = index;
    *bucket = index;
}

static void take_out(process_state *p, int *bucket, int index, link *(*of)(node *))
{
    link at = *of(node_at(p, index));
    if (at.previous == NONE)
        *bucket = at.next;
    else
        of(node_at(p, at.previous))->next = at.next;
    if (at.next != NONE)
        of(node_at(p, at.next))->previous = at.previous;
}

static void forget_oldest(process_state *p)
{
    node *n = node_at(p, p->oldest);
    const char *guid = text_of(n, T_GUID);
    take_out(p, pid_bucket(p, n->pid), p->oldest, pid_link);
    if (*guid)
        take_out(p, guid_bucket(p, guid), p->oldest, guid_link);
    p->text_bytes -= n->text.room;
    buf_done(&n->text);
    p->oldest = (p->oldest + 1) % NODES;
    p->live--;
}

static node *remember(process_state *p, const process_start *s)
{
    if (p->live == NODES)
        forget_oldest(p);
    int index = (p->oldest + p->live) % NODES;
    if ((size_t)index == p->nodes.count)
        vec_push(&p->nodes);
    node *n = node_at(p, index);
    *n = (node){ .record = s->record, .offset = s->offset, .time = s->time, .recovered = s->recovered, .boot = p->boot, .pid = s->pid, .parent_pid = s->parent_pid };
    const char *const texts[TEXTS] = { s->image, s->command, s->parent, s->parent_command, s->account, s->session, s->logon, s->guid, s->parent_guid, s->integrity, s->hashes, s->original, s->sid };
    size_t need = 0, len[TEXTS];
    for (size_t i = 0; i < TEXTS; i++) {
        len[i] = texts[i] ? strnlen(texts[i], NOTE_VALUE) : 0;
        n->at[i] = (uint32_t)need;
        need += len[i] + 1;
    }
    buf_init(&n->text, need);
    buf_room(&n->text, need);
    for (size_t i = 0; i < TEXTS; i++) {
        buf_span(&n->text, span_of(texts[i], len[i]));
        buf_char(&n->text, 0);
    }
    p->live++;
    p->text_bytes += n->text.room;
    put_first(p, pid_bucket(p, n->pid), index, pid_link);
    if (s->guid && *s->guid)
        put_first(p, guid_bucket(p, text_of(n, T_GUID)), index, guid_link);
    while (p->text_bytes > TEXT_BYTES && p->live > 1)
        forget_oldest(p);
    return n;
}

/* The newest start that can be the parent: by GUID, else by process id in the same boot, not after the child. */
static node *parent_of(process_state *p, const char *guid, uint64_t pid, uint32_t boot, moment before)
{
    int left = guid && *guid ? CHAIN : 0;
    for (int i = left ? *guid_bucket(p, guid) : NONE; i != NONE && left; i = node_at(p, i)->same_guid.next, left--)
        if (strcmp(text_of(node_at(p, i), T_GUID), guid) == 0)
            return node_at(p, i);
    left = pid ? CHAIN : 0;
    for (int i = *pid_bucket(p, pid); i != NONE && left; i = node_at(p, i)->same_pid.next, left--) {
        node *n = node_at(p, i);
        if (n->pid == pid && n->boot == boot && n->time <= before)
            return n;
    }
    return NULL;
}

static detect_act_builder *note(detect_log *out, node *n, const char *role, const char *looks)
{
    event at = { .record_id = n->record, .offset = n->offset, .time = n->time, .recovered = n->recovered };
    detect_act_builder *a = detect_act(out, &at, "process.start");
    detect_fact_u64(a, "pid", n->pid);
    if (n->parent_pid)
        detect_fact_u64(a, "parent_pid", n->parent_pid);
    static const struct { const char *name; text_id id; } facts[] = {
        { "image", T_IMAGE }, { "command", T_COMMAND }, { "parent", T_PARENT }, { "parent_command", T_PARENT_COMMAND }, { "account", T_ACCOUNT }, { "session", T_SESSION },
        { "logon", T_LOGON }, { "guid", T_GUID }, { "parent_guid", T_PARENT_GUID }, { "integrity", T_INTEGRITY }, { "hashes", T_HASHES }, { "original", T_ORIGINAL },
    };
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        detect_fact(a, facts[i].name, text_of(n, facts[i].id));
    detect_fact(a, "role", role);
    detect_fact(a, "looks", looks);
    n->noted = true;
    return a;
}

static void note_ancestors(process_state *p, detect_log *out, node *of)
{
    node *n = of;
    for (int up = 0; up < UP; up++) {
        n = parent_of(p, text_of(n, T_PARENT_GUID), n->parent_pid, n->boot, n->time);
        if (!n || n == of || n->noted)
            return;
        note(out, n, "ancestor", NULL);
    }
}

static char *account_text(const event *ev, field domain, field name, arena *mem)
{
    char *d = value_text(event_get(ev, domain), mem), *n = value_text(event_get(ev, name), mem);
    if (!n || !*n || strcmp(n, "-") == 0)
        return NULL;
    return d && *d && strcmp(d, "-") != 0 && strcmp(d, ".") != 0 ? arena_printf(mem, "%s\\%s", d, n) : n;
}

static void read_sysmon(const process_run *run, const event *ev, arena *mem, process_start *s)
{
    value_u64(event_get(ev, run->sysmon.pid), &s->pid);
    value_u64(event_get(ev, run->sysmon.parent_pid), &s->parent_pid);
    s->guid = value_text(event_get(ev, run->sysmon.guid), mem);
    s->parent_guid = value_text(event_get(ev, run->sysmon.parent_guid), mem);
    s->image = value_text(event_get(ev, run->sysmon.image), mem);
    s->parent = value_text(event_get(ev, run->sysmon.parent), mem);
    s->command = value_text(event_get(ev, run->sysmon.command), mem);
    s->parent_command = value_text(event_get(ev, run->sysmon.parent_command), mem);
    s->account = value_text(event_get(ev, run->sysmon.user), mem);
    s->session = value_text(event_get(ev, run->sysmon.session), mem);
    s->logon = value_text(event_get(ev, run->sysmon.logon), mem);
    s->integrity = value_text(event_get(ev, run->sysmon.integrity), mem);
    s->hashes = value_text(event_get(ev, run->sysmon.hashes), mem);
    s->original = value_text(event_get(ev, run->sysmon.original), mem);
}

/* Until version 2 the record has the creator's account and the parent's id only; the new token is named when it differs. */
static void read_security(const process_run *run, const event *ev, arena *mem, process_start *s)
{
    value_u64(event_get(ev, run->security.pid), &s->pid);
    value_u64(event_get(ev, run->security.parent_pid), &s->parent_pid);
    s->image = value_text(event_get(ev, run->security.image), mem);
    s->command = value_text(event_get(ev, run->security.command), mem);
    s->parent = value_text(event_get(ev, run->security.parent), mem);
    s->integrity = value_text(event_get(ev, run->security.label), mem);
    char *target = account_text(ev, run->security.target_domain, run->security.target_name, mem);
    s->account = target ? target : account_text(ev, run->security.subject_domain, run->security.subject_name, mem);
    s->logon = value_text(event_get(ev, target ? run->security.target_logon : run->security.subject_logon), mem);
    s->sid = value_text(event_get(ev, target ? run->security.target_sid : run->security.subject_sid), mem);
}

static void step(const void *context, void *state, const event *ev, detect_log *out)
{
    const process_run *run = context;
    process_state *p = state;
    arena *mem = detect_scratch(out);
    if (ev->event_id == 4608) {
        p->boot++;
        return;
    }
    process_start s = { .record = ev->record_id, .offset = ev->offset, .time = ev->time, .recovered = ev->recovered };
    if (ev->event_id == 1)
        read_sysmon(run, ev, mem, &s);
    else
        read_security(run, ev, mem, &s);
    if (!s.image || !*s.image)
        return;
    node *parent = parent_of(p, s.parent_guid, s.parent_pid, p->boot, s.time);
    if (parent && (!s.parent || !*s.parent))
        s.parent = arena_str(mem, text_of(parent, T_IMAGE));
    if (parent && (!s.parent_command || !*s.parent_command))
        s.parent_command = arena_str(mem, text_of(parent, T_COMMAND));
    process_verdict v;
    process_judge_start(run->judge, p->room, &s, mem, &v);
    unsigned below = parent && parent->below ? parent->below + 1u : 0;
    node *n = remember(p, &s);
    n->below = (uint8_t)(v.suspect ? 1 : below <= DOWN ? below : 0);
    if (v.suspect) {
        detect_act_builder *a = note(out, n, "suspect", v.looks);
        detect_fact(a, "family", v.family);
        detect_fact(a, "role_in_family", v.family_role);
        detect_fact(a, "decoded", v.decoded);
        detect_fact(a, "why", v.reasons);
        if (v.finding)
            detect_finding(a, v.finding, v.severity, v.confidence, v.techniques, v.text);
        note_ancestors(p, out, n);
    } else if (n->below) {
        note(out, n, "descendant", v.looks);
    }
    /* net.exe hands its work to net1.exe, and cmd.exe /c to what it starts: the one that does it is noted. */
    bool does_it = strcmp(v.file, "net1.exe") != 0 && strcmp(v.file, "cmd.exe") != 0;
    for (size_t i = 0; i < v.hit_count && does_it; i++)
        effects_note(out, ev, v.hits[i], s.command, s.account);
    if (v.means) {
        detect_act_builder *a = detect_act(out, ev, "remote.exec");
        detect_fact(a, "means", v.means);
        detect_fact(a, "tool", v.tool);
        detect_fact(a, "account", s.account);
        detect_fact(a, "logon", s.logon);
        detect_fact(a, "command", s.command && *s.command ? s.command : s.image);
        detect_fact(a, "file", s.image);
        detect_fact(a, "technique", v.means_technique);
        detect_fact(a, "client", v.client);
        detect_finding(a, "remote-execution", v.means_severity, v.means_confidence, v.means_technique, v.means_text);
    }
}

static void finish(const void *run, void *state, detect_log *out)
{
    (void)run;
    (void)out;
    process_state *p = state;
    while (p->live)
        forget_oldest(p);
    vec_done(&p->nodes);
    process_room_done(p->room);
}

static const detect_want wants[] = {
    { "Security", NULL, 4688 },
    { "Security", NULL, 4608 },
    { "Microsoft-Windows-Sysmon/Operational", NULL, 1 },
};
const detector detect_process = { "process", wants, sizeof wants / sizeof *wants, setup, start, step, finish };
