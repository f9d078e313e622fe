/* What can be reached, by the host's own rules and as a scan saw it; what protects it; and what the registry does not hold. */
#include "audit/inside.h"

#include <stdlib.h>
#include <strings.h>

/* ---- Ports ---- */

static bool port_in(const char *ports, const char *number)
{
    unsigned long wanted = strtoul(number, NULL, 10);
    for (const char *at = ports; *at;) {
        char *end;
        unsigned long from = strtoul(at, &end, 10), to = from;
        if (end == at)
            break;
        if (*end == '-')
            to = strtoul(end + 1, &end, 10);
        if (wanted >= from && wanted <= to)
            return true;
        at = *end ? end + 1 : end;
    }
    return false;
}

/* As a scan saw it: 1 open, 0 not, -1 nobody looked. */
static int scanned(const audit *a, asking *q, const char *number)
{
    int state = -1;
    for (size_t i = 0; i < a->other_count; i++) {
        const act *x = audit_act(a, a->others[i]);
        if (strcmp(x->kind, "port.open") != 0 || strcmp(audit_fact(x, "port"), number) != 0 || strcmp(audit_fact(x, "protocol"), "tcp") != 0)
            continue;
        bool open = strcmp(audit_fact(x, "state"), "open") == 0;
        if (open)
            audit_rests_on(q, a->others[i]);
        state = open || state == 1;
    }
    return state;
}

static const char *open_rule(const audit *a, asking *q, const char *number)
{
    for (size_t i = 0; i < a->other_count; i++) {
        const act *x = audit_act(a, a->others[i]);
        if (strcmp(x->kind, "firewall.rule") == 0 && strcmp(audit_fact(x, "action"), "allow") == 0 && strcmp(audit_fact(x, "direction"), "in") == 0
            && strcmp(audit_fact(x, "active"), "yes") == 0 && strcmp(audit_fact(x, "remote"), "any") == 0 && port_in(audit_fact(x, "port"), number)) {
            audit_rests_on(q, a->others[i]);
            return audit_fact(x, "rule");
        }
    }
    return NULL;
}

/* 1 on in all profiles, 0 off in one, -1 not known. */
static int firewall(const audit *a, asking *q)
{
    static const char *const profiles[] = { "domain", "private", "public" };
    bool old = a->version_parts && audit_version_order(a, "6.0") < 0;
    answer service = audit_one(a, "firewall.start", NULL, NULL);
    if (!old && service.value && strcmp(service.value, "4") == 0) {
        audit_one(a, "firewall.start", NULL, q);
        return 0;
    }
    int on = 1;
    for (size_t i = 0; i < (old ? 2 : 3); i++) {
        const char *names[] = { arena_printf(a->mem, "firewall.policy.%s", profiles[i]), arena_printf(a->mem, "firewall.%s", profiles[i]) };
        profile_node chain[2] = { { .kind = PROFILE_WORD, .text = names[0], .next = &chain[1] }, { .kind = PROFILE_WORD, .text = names[1] } };
        answer r = audit_chain(a, chain, q);
        if (!r.value || r.unseen_before)
            on = on ? -1 : 0;
        else if (strcmp(r.value, "0") == 0)
            on = 0;
    }
    return on;
}

static const char *port_of(const audit *a, asking *q)
{
    answer r = audit_one(a, profile_text(q->check, "port"), NULL, NULL);
    return r.value && *r.value && strspn(r.value, "0123456789") == strlen(r.value) ? r.value : profile_text(q->check, "number");
}

static void exposed(const audit *a, asking *q)
{
    const char *port = port_of(a, q);
    if (scanned(a, q, port) == 1) {
        audit_answer(q, AUDIT_FAILED, arena_printf(a->mem, "%s/tcp", port), "check.note.scanned");
        return;
    }
    if (audit_decided_by(a, q, "met_by"))
        return;
    const profile_node *off = profile_list(q->check, "met_by");
    if (off) {
        answer r = audit_chain(a, profile_list(off, "settings"), q);
        if (!r.value || r.unseen_before) {
            audit_answer(q, AUDIT_UNDECIDED, r.value ? port : "", r.note);
            return;
        }
    }
    int on = firewall(a, q);
    const char *rule = open_rule(a, q, port);
    if (on == 0)
        audit_answer(q, AUDIT_FAILED, arena_printf(a->mem, "%s/tcp", port), "check.note.firewall-off");
    else if (rule)
        audit_answer(q, AUDIT_FAILED, arena_printf(a->mem, "%s/tcp: %s", port, rule), "check.note.network-unknown");
    else if (on < 0)
        audit_answer(q, AUDIT_UNDECIDED, arena_printf(a->mem, "%s/tcp", port), "check.note.policy-unseen");
    else
        audit_answer(q, AUDIT_PASSED, arena_printf(a->mem, "%s/tcp", port), "");
}

/* Only what a scan saw: without one it is not asked. */
static bool by_scan(const audit *a, asking *q)
{
    const char *port = profile_text(q->check, "number");
    int state = scanned(a, q, port);
    if (state < 0)
        return false;
    audit_answer(q, state ? AUDIT_FAILED : AUDIT_PASSED, arena_printf(a->mem, "%s/tcp", port), "check.note.scanned");
    return true;
}

static void hostile_rules(const audit *a, asking *q)
{
    size_t count = 0;
    const char *first = NULL;
    for (size_t i = 0; i < a->other_count; i++) {
        const act *x = audit_act(a, a->others[i]);
        if (strcmp(x->kind, "firewall.rule") != 0 || !*audit_fact(x, "looks") || strcmp(audit_fact(x, "active"), "no") == 0)
            continue;
        audit_rests_on(q, a->others[i]);
        count++;
        first = first ? first : audit_fact(x, "rule");
        if (q->name_count < AUDIT_NAMES)
            q->names[q->name_count++] = audit_fact(x, "rule");
    }
    answer seen = audit_one(a, "firewall.start", NULL, NULL);
    if (count)
        audit_answer(q, AUDIT_FAILED, count > 1 ? arena_printf(a->mem, "%s (+%zu)", first, count - 1) : first, "");
    else if (!seen.seen)
        audit_answer(q, AUDIT_UNDECIDED, "", "check.note.unseen");
    else
        audit_answer(q, AUDIT_PASSED, "", "");
}

/* ---- Protection ---- */

typedef struct { bool seen, windows_own; const char *on, *off; } protection;

static protection products(const audit *a, asking *q)
{
    protection p = { 0 };
    bool old = a->version_parts == 0 || audit_version_order(a, "10.0") < 0;
    for (size_t i = 0; i < a->setting_count; i++) {
        const act *x = audit_act(a, a->settings[i]);
        if (strcmp(audit_fact(x, "name"), "antivirus.service") != 0)
            continue;
        p.seen = true;
        const char *service = audit_fact(x, "of"), *start = audit_fact(x, "value");
        bool own = profile_has(a->checks, "antispyware_only", service);
        if (!*service || (own && (old || strcasecmp(service, "WinDefend") != 0)))
            continue;
        audit_rests_on(q, a->settings[i]);
        bool on = strcmp(start, "0") == 0 || strcmp(start, "1") == 0 || strcmp(start, "2") == 0;
        if (on && (!p.on || p.windows_own)) {
            p.on = service;
            p.windows_own = own;
        } else if (!on) {
            p.off = service;
        }
    }
    return p;
}

static void antivirus(const audit *a, asking *q)
{
    protection p = products(a, q);
    answer off = audit_one(a, "defender.off", NULL, NULL);
    bool switched_off = p.on && p.windows_own && off.value && strcmp(off.value, "1") == 0;
    if (switched_off)
        audit_one(a, "defender.off", NULL, q);
    if (!p.seen)
        audit_answer(q, AUDIT_UNDECIDED, "", "check.note.unseen");
    else if (switched_off)
        audit_answer(q, AUDIT_FAILED, p.on, "check.note.undone");
    else if (p.on)
        audit_answer(q, AUDIT_PASSED, p.on, "");
    else
        audit_answer(q, AUDIT_FAILED, p.off ? p.off : "", "");
}

static void signatures(const audit *a, asking *q)
{
    protection p = products(a, q);
    if (p.on && !p.windows_own) {
        audit_answer(q, AUDIT_UNDECIDED, p.on, "check.note.other-product");
        return;
    }
    if (p.seen && !p.on) {
        audit_answer(q, AUDIT_FAILED, "", "");
        return;
    }
    answer r = audit_one(a, "defender.signatures", NULL, q);
    moment made = MOMENT_UNKNOWN;
    int64_t days;
    if (!r.value || !moment_parse(span_str(r.value), &made) || !audit_number(q->r->wanted, &days))
        audit_answer(q, AUDIT_UNDECIDED, "", "check.note.unseen");
    else if (!moment_known(a->as_of))
        audit_answer(q, AUDIT_UNDECIDED, r.value, "check.note.no-time");
    else
        audit_answer(q, a->as_of < made || (a->as_of - made) / MOMENT_DAY <= (uint64_t)days ? AUDIT_PASSED : AUDIT_FAILED, arena_text(a->mem, span_part(span_str(r.value), 0, 10)), "");
}

/* As its log told it last. */
static void sql_option(const audit *a, asking *q)
{
    const char *option = profile_text(q->check, "option");
    const act *last = NULL;
    size_t place = 0;
    for (size_t i = 0; i < a->other_count; i++) {
        const act *x = audit_act(a, a->others[i]);
        if (strcmp(x->kind, "remote.exec") == 0 && strcasecmp(audit_fact(x, "tool"), option) == 0 && *audit_fact(x, "new") && (!last || x->time >= last->time)) {
            last = x;
            place = a->others[i];
        }
    }
    if (!last) {
        audit_answer(q, AUDIT_UNDECIDED, "", "check.note.nowhere");
        return;
    }
    audit_rests_on(q, place);
    audit_answer(q, strcmp(audit_fact(last, "new"), "0") == 0 ? AUDIT_PASSED : AUDIT_FAILED, audit_fact(last, "new"), "check.note.by-log");
}

bool audit_network(const audit *a, asking *q, const char *shape)
{
    if (strcmp(shape, "exposed") == 0)
        exposed(a, q);
    else if (strcmp(shape, "rules") == 0)
        hostile_rules(a, q);
    else if (strcmp(shape, "antivirus") == 0)
        antivirus(a, q);
    else if (strcmp(shape, "signatures") == 0)
        signatures(a, q);
    else if (strcmp(shape, "sql-option") == 0)
        sql_option(a, q);
    else
        return strcmp(shape, "scan") == 0 && by_scan(a, q);
    return true;
}
