/* What speaks for an attack on a service, and for what an intruder brought with him: hostile acts near the stop, and how they lie
 * in time. */
#include "incident/weigh.h"

#include <strings.h>

static bool hostile(const told *t)
{
    return !t->innocent && t->weight > 0 && t->f.severity >= SEVERITY_HIGH;
}

bool address_hostile(const joined *j, const char *address)
{
    for (size_t i = 0; address[0] && i < j->told.count; i++) {
        const told *t = finding_at(j, i);
        if (hostile(t) && t->source && strcmp(t->source, address) == 0)
            return true;
    }
    return false;
}

const told *hostile_between(const joined *j, uint32_t host, moment from, moment to, reach least)
{
    const told *found = NULL;
    size_t count;
    const uint32_t *all = findings_of_host(j, host, &count);
    for (size_t i = 0; i < count; i++) {
        const told *t = finding_at(j, all[i]);
        if (hostile(t) && t->how_far >= least && t->f.time >= from && t->f.time <= to)
            found = t;
    }
    return found;
}

moment first_hostile(const joined *j)
{
    moment first = MOMENT_UNKNOWN;
    for (uint32_t i = 0; i < host_total(j); i++) {
        moment t = host_of(j, i)->first_hostile;
        if (moment_known(t) && (!moment_known(first) || t < first))
            first = t;
    }
    return first;
}

static const char *visitor(const joined *j, uint32_t host, moment from, moment to)
{
    static const char *const kinds[] = { "logon.failure", "logon.success", "connect.in" };
    for (size_t k = 0; k < 3; k++) {
        size_t n;
        joined_tally *const *tallies = tallies_of(j, host, kinds[k], &n);
        for (size_t i = 0; i < n; i++)
            for (size_t b = 0; b < tallies[i]->bucket_count; b++)
                if (tallies[i]->buckets[b].last >= from && tallies[i]->buckets[b].first <= to && address_hostile(j, tally_key(tallies[i], "source")))
                    return tally_key(tallies[i], "source");
    }
    return NULL;
}

/* Somebody without a name came over the network: how attacks on SMB begin, and what idle machines do. */
static const char *nobody(const joined *j, uint32_t host, moment from, moment to)
{
    size_t n;
    joined_tally *const *tallies = tallies_of(j, host, "logon.success", &n);
    for (size_t i = 0; i < n; i++) {
        const char *source = tally_key(tallies[i], "source");
        if (!source[0] || strcasecmp(tally_key(tallies[i], "account"), "ANONYMOUS LOGON") != 0)
            continue;
        for (size_t b = 0; b < tallies[i]->bucket_count; b++)
            if (tallies[i]->buckets[b].last >= from && tallies[i]->buckets[b].first <= to)
                return source;
    }
    return NULL;
}

static const act *service_attacked(const joined *j, uint32_t host, moment from, moment to)
{
    size_t n;
    const act *const *acts = acts_of(j, host, "exploit.attempt", &n);
    for (size_t i = n; i > 0; i--) {
        const char *what = act_fact(acts[i - 1], "what");
        if (acts[i - 1]->time >= from && acts[i - 1]->time <= to
            && (strncmp(what, "smb-", 4) == 0 || strncmp(what, "rdp-", 4) == 0) && strcmp(what, "smb-connections") != 0)
            return acts[i - 1];
    }
    return NULL;
}

static const char *check_state(const joined *j, uint32_t host, const char *check)
{
    for (size_t i = 0; i < j->out->exposure_count; i++)
        if (j->out->exposure[i].host == host && strcmp(j->out->exposure[i].check, check) == 0)
            return j->out->exposure[i].state;
    return "";
}

static sentence told_of(const joined *j, const char *id, const told *t)
{
    return say(j, id, "title", ARG_WORD, arena_printf(j->mem, "kind.%s", t->f.kind), "time", ARG_TIME, write_time(j, t->f.time), NULL);
}

void attack_speaks(const joined *j, scales *s, const stop *at)
{
    moment until = at->time + at->slack, day = before(at->time, weight_span(j, "cause.before")), close = before(at->time, weight_span(j, "cause.close-before"));
    const told *ran = hostile_between(j, at->host, day, until, REACH_EXECUTION), *in = hostile_between(j, at->host, day, until, REACH_ATTEMPT);
    const told *after = hostile_between(j, at->host, at->booted, at->booted + weight_span(j, "cause.close-before"), REACH_EXECUTION);
    const act *service = service_attacked(j, at->host, before(at->time, weight_span(j, "cause.hour")), until);
    const char *source = visitor(j, at->host, close, until), *null = nobody(j, at->host, before(at->time, weight_span(j, "cause.minutes")), until);
    if (ran)
        term(j, s, CAUSE_ATTACK, "cause.attack-ran", told_of(j, "cause.attack.ran", ran));
    else if (in)
        term(j, s, CAUSE_ATTACK, "cause.attack-tried", told_of(j, "cause.attack.tried", in));
    const told *exploit = ran && strcmp(ran->f.kind, "exploit-attempt") == 0 ? ran : in && strcmp(in->f.kind, "exploit-attempt") == 0 ? in : NULL;
    if (service)
        term(j, s, CAUSE_ATTACK, "cause.attack-exploit", say(j, "cause.attack.exploit", "time", ARG_TIME, write_time(j, service->time), "source", ARG_TEXT,
                                                            act_fact(service, "source"), NULL));
    else if (exploit)
        term(j, s, CAUSE_ATTACK, "cause.attack-exploit", say(j, "cause.attack.exploit", "time", ARG_TIME, write_time(j, exploit->f.time), NULL));
    if (source)
        term(j, s, CAUSE_ATTACK, "cause.attack-visitor", say(j, "cause.attack.visitor", "source", ARG_TEXT, source, NULL));
    if (null)
        term(j, s, CAUSE_ATTACK, "cause.attack-nobody", say(j, "cause.attack.nobody", "source", ARG_TEXT, null, NULL));
    if (after)
        term(j, s, CAUSE_ATTACK, "cause.attack-after", told_of(j, "cause.attack.after", after));
    const char *hole = check_state(j, at->host, "ms17-010");
    bool touched = ran || in || source || service;
    if (touched && strcmp(hole, "failed") == 0)
        term(j, s, CAUSE_ATTACK, "cause.attack-open", say(j, "cause.attack.open", NULL));
    else if (strcmp(hole, "passed") == 0)
        term(j, s, CAUSE_ATTACK, "cause.attack-closed", say(j, "cause.attack.closed", NULL));
    if (touched)
        return;
    moment first = first_hostile(j);
    if (moment_known(first) && first > until && first - until > MOMENT_DAY)
        term(j, s, CAUSE_ATTACK, "cause.attack-later", say(j, "cause.attack.later", "time", ARG_TIME, write_time(j, first), NULL));
    else if (log_looks(j, at->host, "Security", day, at->time) != LOOK_BLIND)
        term(j, s, CAUSE_ATTACK, "cause.attack-none", say(j, "cause.attack.none", NULL));
}

void malware_speaks(const joined *j, scales *s, const stop *at)
{
    moment until = at->time + at->slack, week = before(at->time, weight_span(j, "cause.week"));
    size_t n, count;
    const act *const *installs = acts_of(j, at->host, "service.install", &n);
    for (size_t i = n; i > 0; i--) {
        const act *a = installs[i - 1];
        bool looks = driver_looks_hostile(j, a);
        if (a->time < week || a->time > until || !file_is_driver(act_fact(a, "path")) || (!looks && !module_is(j, act_fact(a, "path"), "abused")))
            continue;
        term(j, s, CAUSE_MALWARE, looks ? "cause.malware-driver" : "cause.malware-driver-name", say(j, "cause.malware.driver", "name", ARG_TEXT, act_fact(a, "name"), "file", ARG_TEXT, act_fact(a, "path"),
                                                            "time", ARG_TIME, write_time(j, a->time), NULL));
        if (looks && at->time < a->time + weight_span(j, "cause.soon"))
            term(j, s, CAUSE_MALWARE, "cause.malware-driver-soon", say(j, "cause.malware.soon", NULL));
        break;
    }
    const act *const *keys = acts_of(j, at->host, "autostart", &n);
    for (size_t i = 0; i < n; i++) {
        const act *a = keys[i];
        const char *verdict = act_fact(a, "verdict");
        if (strstr(act_fact(a, "type"), "driver") && a->time <= until && (strcmp(verdict, "hostile") == 0 || strcmp(verdict, "suspicious") == 0)) {
            term(j, s, CAUSE_MALWARE, "cause.malware-key", say(j, "cause.malware.key", "name", ARG_TEXT, act_fact(a, "entry"), "file", ARG_TEXT, act_fact(a, "file"),
                                                             "time", ARG_TIME, write_time(j, a->time), NULL));
            break;
        }
    }
    const uint32_t *all = findings_of_host(j, at->host, &count);
    const told *miner = NULL, *ran = hostile_between(j, at->host, 0, until, REACH_EXECUTION);
    for (size_t i = 0; i < count && !miner; i++) {
        const told *t = finding_at(j, all[i]);
        miner = strcmp(t->f.kind, "miner") == 0 && t->f.time <= at->time && !t->innocent ? t : NULL;
    }
    if (miner)
        term(j, s, CAUSE_MALWARE, "cause.malware-miner", say(j, "cause.malware.miner", "time", ARG_TIME, write_time(j, miner->f.time), NULL));
    else if (ran)
        term(j, s, CAUSE_MALWARE, "cause.malware-ran", told_of(j, "cause.malware.ran", ran));
    else if (s->terms[CAUSE_MALWARE].count == 0 && log_looks(j, at->host, "System", week, at->time) == LOOK_SEEN)
        term(j, s, CAUSE_MALWARE, "cause.malware-none", say(j, "cause.malware.none", NULL));
    if (shut_down_by_heat(j, at) && s->terms[CAUSE_MALWARE].count && s->sum[CAUSE_MALWARE] > s->prior[CAUSE_MALWARE])
        term(j, s, CAUSE_MALWARE, "cause.malware-heat", say(j, "cause.malware.heat", NULL));
    const act *low = last_act(j, at->host, "resource.low", NULL, NULL, before(at->time, weight_span(j, "cause.hour")), until);
    if (low && (miner || ran))
        term(j, s, CAUSE_MALWARE, "cause.malware-exhausts", say(j, "cause.resource.low", "what", ARG_WORD, arena_printf(j->mem, "resource.%s", act_fact(low, "state")),
                                                              "process", ARG_TEXT, act_fact(low, "process"), "time", ARG_TIME, write_time(j, low->time), NULL));
}
