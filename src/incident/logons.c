/* Which logons break the pattern? A pair of account and address that the log has not seen before, from outside or from where an
 * attack came; a remote desktop that comes out of the host itself, as through a tunnel; new credentials put on top of a session. */
#include "incident/internal.h"

#include <stdlib.h>

static bool is_remote(const act *a)
{
    const char *type = act_fact(a, "type");
    return strcmp(type, "3") == 0 || strcmp(type, "10") == 0 || strcmp(type, "8") == 0 || strcmp(type, "12") == 0;
}

static bool machine_or_nobody(const act *a)
{
    const char *account = act_fact(a, "account");
    return !account[0] || account_is_system(account, act_fact(a, "sid")) || strcasecmp(account_name(account), "ANONYMOUS LOGON") == 0;
}

/* What is asked of each logon, looked up instead of searched for: sources of grave findings with the earliest; pairs of account and
 * source that guessing told already; and each pair of a host with its first logon. An account is its bare name here. */
typedef struct { map attackers, guessed, pairs; } memory;

static const char *pair_key(const joined *j, uint32_t host, const char *account, const char *source)
{
    char *key = arena_printf(j->mem, "%u\x1f%s\x1f%s", host, account_name(account), source);
    utf8_lower_ascii(key);
    return key;
}

static void remember(joined *j, memory *m, const told *t)
{
    bool was;
    if (t->innocent || !t->source)
        return;
    if (t->f.severity >= SEVERITY_HIGH && moment_known(t->f.time)) {
        uint64_t *first = map_put(&m->attackers, span_str(t->source), &was);
        *first = was && *first < t->f.time ? *first : t->f.time;
    }
    if (strcmp(t->f.kind, "logon-after-guessing") == 0 && t->account)
        map_put(&m->guessed, span_str(pair_key(j, t->f.host, t->account, t->source)), &was);
}

static bool attacked_from(const memory *m, const char *source, moment t)
{
    const uint64_t *first = source[0] ? map_find(&m->attackers, span_str(source)) : NULL;
    return first && *first <= t;
}

/* The pair logged on here on an earlier day. */
static bool came_before(const joined *j, const memory *m, uint32_t host, const act *a)
{
    const uint64_t *first = map_find(&m->pairs, span_str(pair_key(j, host, act_fact(a, "account"), act_fact(a, "source"))));
    return first && *first / MOMENT_DAY < a->time / MOMENT_DAY;
}

static void tell(joined *j, uint32_t host, const act *a, const char *sort, severity s, const char *sure, const char *techniques)
{
    const char *source = act_fact(a, "source"), *account = act_fact(a, "account"), *protocol = act_fact(a, "protocol");
    char *subject = arena_printf(j->mem, "%s %s %s", sort, account, source);
    utf8_lower_ascii(subject);
    told *t = finding_new(j, host, "suspicious-logon", a->time, subject);
    t->of = a;
    t->f.severity = s;
    t->f.confidence = (unsigned)weight(j, sure);
    t->how_far = REACH_ACCESS;
    t->weight = weight(j, "host.strange-logon") * t->f.confidence / 100;
    t->source = source[0] ? source : NULL;
    t->workstation = act_fact(a, "workstation")[0] ? act_fact(a, "workstation") : NULL;
    t->account = account;
    t->logon = act_fact(a, "logon")[0] ? act_fact(a, "logon") : NULL;
    t->access = strcmp(sort, "new-credentials") == 0 ? "pass-the-hash" : "known-credential";
    finding_technique(j, t, techniques);
    for (size_t i = 0; i < a->fact_count; i++)
        finding_fact(j, t, a->facts[i].name, a->facts[i].value);
    finding_fact(j, t, "sort", sort);
    finding_entity(j, t, "account", account);
    finding_entity(j, t, "address", source);
    finding_entity(j, t, "protocol", protocol);
    finding_act(j, t, a);
    t->f.text = say(j, arena_printf(j->mem, "logon.%s", sort), "account", ARG_TEXT, account, "source", ARG_TEXT, source, "protocol", ARG_WORD, protocol,
                    "workstation", ARG_TEXT, act_fact(a, "workstation"), "time", ARG_TIME, write_time(j, a->time), NULL);
}

static void find_of_host(joined *j, memory *m, uint32_t i)
{
    size_t n;
    const act *const *acts = acts_of(j, i, "logon.session", &n);
    moment learned = moment_known(host_of(j, i)->first) ? host_of(j, i)->first + weight_span(j, "logons.learn") : MOMENT_UNKNOWN;
    for (size_t k = 0; k < n; k++) {
        bool was;
        uint64_t *first = map_put(&m->pairs, span_str(pair_key(j, i, act_fact(acts[k], "account"), act_fact(acts[k], "source"))), &was);
        *first = was ? *first : acts[k]->time;       /* in order of time */
    }
    for (size_t k = 0; k < n; k++) {
        const act *a = acts[k];
        const char *source = act_fact(a, "source");
        bool local = strcmp(act_fact(a, "source_local"), "yes") == 0;
        size_t had = j->told.count;
        if (machine_or_nobody(a) || map_find(&m->guessed, span_str(pair_key(j, i, act_fact(a, "account"), source))))
            continue;
        if (strcmp(act_fact(a, "type"), "9") == 0)
            tell(j, i, a, "new-credentials", SEVERITY_LOW, "logons.sure-new-credentials", "T1550.002");
        else if (local && strcmp(act_fact(a, "type"), "10") == 0)
            tell(j, i, a, "tunnel", SEVERITY_HIGH, "logons.sure-tunnel", "T1572 T1021.001");
        else if (!is_remote(a) || !source[0])
            continue;
        else if (attacked_from(m, source, a->time))
            tell(j, i, a, "attacker", SEVERITY_HIGH, "logons.sure-attacker", "T1078");
        else if (!address_inside(j, source) && a->time >= learned && !came_before(j, m, i, a))
            tell(j, i, a, "outside", SEVERITY_MEDIUM, "logons.sure-outside", "T1078 T1133");
        if (j->told.count > had)
            remember(j, m, vec_at(&j->told, had));
    }
}

void logons_find(joined *j)
{
    memory m;
    map_init(&m.attackers);
    map_init(&m.guessed);
    map_init(&m.pairs);
    for (size_t i = 0; i < j->told.count; i++)
        remember(j, &m, vec_at(&j->told, i));
    for (uint32_t i = 0; i < host_total(j); i++)
        find_of_host(j, &m, i);
    map_done(&m.attackers);
    map_done(&m.guessed);
    map_done(&m.pairs);
}
