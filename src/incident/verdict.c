/* Is a host in the attacker's hands? Findings vote by log-odds, one vote a cause, and the verdict needs one
 * hard reason beside the sum: something that ran or stays, told surely enough to stand alone. Nothing is said of a host whose logs could not
 * tell, nor of one where the story tells of acts that an administrator may do as well as an intruder. */
#include "incident/internal.h"

bool told_hard(const joined *j, const told *t)
{
    return !t->innocent && t->weight > 0 && t->f.severity >= SEVERITY_HIGH && t->f.confidence >= weight(j, "host.hard-from")
           && !profile_has(profile_root(j->facts, "reasoning"), "never_alone", t->f.kind);
}

static size_t votes_of(const joined *j, const uint32_t *all, size_t told_count, vote *out, reach *furthest, bool *hard, bool *acted, moment *first)
{
    size_t count = 0;
    *furthest = REACH_NONE;
    *hard = *acted = false;
    *first = MOMENT_UNKNOWN;
    for (size_t i = 0; i < told_count; i++) {
        const told *t = finding_at(j, all[i]);
        if (t->weight == 0)
            continue;
        out[count++] = (vote){ t->cause, t->weight };
        if (t->innocent)
            continue;
        if (t->weight > 0 && t->how_far > *furthest && t->f.severity >= SEVERITY_HIGH)
            *furthest = t->how_far;
        *hard = *hard || (told_hard(j, t) && t->how_far >= REACH_EXECUTION);
        *acted = *acted || (told_worth(t) && t->weight > 0 && t->how_far >= REACH_ACCESS);
        if (t->weight > 0 && moment_known(t->f.time) && t->f.time < *first)
            *first = t->f.time;
    }
    return count;
}

void verdict_hosts(joined *j)
{
    for (uint32_t i = 0; i < host_total(j); i++) {
        joined_host *h = host_of(j, i);
        size_t told_count;
        const uint32_t *all = findings_of_host(j, i, &told_count);
        vote *votes = arena_array(j->mem, told_count, sizeof *votes);
        reach furthest;
        bool hard, acted;
        size_t count = votes_of(j, all, told_count, votes, &furthest, &hard, &acted, &h->first_hostile);
        h->weight = weight(j, "host.prior") + votes_sum(j, votes, count);
        if (!h->collected)
            h->infected = h->named_hostile ? INFECTED_SUSPECTED : INFECTED_UNKNOWN;
        else if (h->weight >= weight(j, "host.infected-from") && hard)
            h->infected = INFECTED_YES;
        else if (h->weight >= weight(j, "host.suspected-from") && furthest >= REACH_ACCESS)
            h->infected = INFECTED_SUSPECTED;
        else if (acted || log_looks(j, i, "Security", 0, MOMENT_UNKNOWN) == LOOK_BLIND)     /* without it most of an attack leaves no record */
            h->infected = INFECTED_UNKNOWN;
        else
            h->infected = INFECTED_NO;
    }
}
