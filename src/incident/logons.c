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

/* Sources of grave findings made so far. */
static bool attacked_from(const joined *j, const char *source, moment t)
{
    for (size_t i = 0; source[0] && i < j->told.count; i++) {
        const told *f = vec_at(&j->told, i);
        if (!f->innocent && f->f.severity >= SEVERITY_HIGH && f->source && strcmp(f->source, source) == 0 && f->f.time <= t)
            return true;
    }
    return false;
}

static bool told_already(const joined *j, uint32_t host, const act *a)
{
    for (size_t i = 0; i < j->told.count; i++) {
        const told *f = vec_at(&j->told, i);
        if (f->f.host != host || strcmp(f->f.kind, "logon-after-guessing") != 0)
            continue;
        if (account_same(f->account, act_fact(a, "account")) && f->source && strcmp(f->source, act_fact(a, "source")) == 0)
            return true;
    }
    return false;
}

/* Days on which this pair logged on before. */
static unsigned days_before(const act *const *acts, size_t count, const act *a)
{
    unsigned days = 0;
    uint64_t last = UINT64_MAX;
    for (size_t i = 0; i < count && acts[i]->time < a->time; i++) {
        if (!account_same(act_fact(acts[i], "account"), act_fact(a, "account")) || strcmp(act_fact(acts[i], "source"), act_fact(a, "source")) != 0)
            continue;
        uint64_t day = acts[i]->time / MOMENT_DAY;
        if (day != last && day != a->time / MOMENT_DAY)
            days++;
        last = day;
    }
    return days;
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

void logons_find(joined *j)
{
    for (uint32_t i = 0; i < host_total(j); i++) {
        size_t n;
        const act *const *acts = acts_of(j, i, "logon.session", &n);
        moment learned = moment_known(host_of(j, i)->first) ? host_of(j, i)->first + weight_span(j, "logons.learn") : MOMENT_UNKNOWN;
        for (size_t k = 0; k < n; k++) {
            const act *a = acts[k];
            const char *source = act_fact(a, "source");
            bool local = strcmp(act_fact(a, "source_local"), "yes") == 0;
            if (machine_or_nobody(a) || told_already(j, i, a))
                continue;
            if (strcmp(act_fact(a, "type"), "9") == 0)
                tell(j, i, a, "new-credentials", SEVERITY_LOW, "logons.sure-new-credentials", "T1550.002");
            else if (local && strcmp(act_fact(a, "type"), "10") == 0)
                tell(j, i, a, "tunnel", SEVERITY_HIGH, "logons.sure-tunnel", "T1572 T1021.001");
            else if (!is_remote(a) || !source[0])
                continue;
            else if (attacked_from(j, source, a->time))
                tell(j, i, a, "attacker", SEVERITY_HIGH, "logons.sure-attacker", "T1078");
            else if (!address_inside(j, source) && a->time >= learned && days_before(acts, n, a) == 0)
                tell(j, i, a, "outside", SEVERITY_MEDIUM, "logons.sure-outside", "T1078 T1133");
        }
    }
}
