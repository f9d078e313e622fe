/* The stages of a join in their order, and the case that they leave. */
#include "incident/internal.h"

#include <stdlib.h>

static void begin(joined *j, arena *mem, digest *const *digests, size_t count, const scene *heard, const profile *facts)
{
    *j = (joined){ .mem = mem, .facts = facts, .scene = heard, .digests = digests, .digest_count = count };
    vec_init(&j->evidence, sizeof(const evidence_file *));
    vec_init(&j->cuts, sizeof(digest_cut));
    vec_init(&j->claims, sizeof(const identity_claim *));
    vec_init(&j->acts, sizeof(const act *));
    vec_init(&j->counted, sizeof(const tally *));
    vec_init(&j->raw, sizeof(raw_log));
    vec_init(&j->artifacts, sizeof(artifact_file));
    vec_init(&j->logs, sizeof(joined_log));
    vec_init(&j->hosts, sizeof(joined_host));
    vec_init(&j->tallies, sizeof(joined_tally));
    vec_init(&j->stops, sizeof(stop));
    vec_init(&j->sessions, 1);                           /* made by direct.c */
    vec_init(&j->told, sizeof(told));
    vec_init(&j->matches, sizeof(told));
    map_init(&j->raw_of);
    map_init(&j->host_of);
    map_init(&j->host_of_root);
    map_init(&j->weights);
    map_init(&j->task_marks);
    vec_init(&j->marked, sizeof(task_mark));
    vec_init(&j->classes, 1);                            /* made by class_files.c */
    j->out = arena_alloc(mem, sizeof *j->out);
}

static void end(joined *j)
{
    vec *const vecs[] = { &j->evidence, &j->cuts, &j->claims, &j->acts, &j->counted, &j->raw, &j->artifacts, &j->logs, &j->tallies, &j->stops, &j->sessions, &j->marked, &j->classes };
    findings_done(j);
    for (size_t i = 0; i < j->hosts.count; i++)
        vec_done(&host_of(j, (uint32_t)i)->notes);
    vec_done(&j->hosts);
    for (size_t i = 0; i < sizeof vecs / sizeof *vecs; i++)
        vec_done(vecs[i]);
    map_done(&j->raw_of);
    map_done(&j->host_of);
    map_done(&j->host_of_root);
    map_done(&j->weights);
    map_done(&j->task_marks);
}

static void *array_of(const joined *j, const vec *v)
{
    void *out = arena_array(j->mem, v->count, v->each);
    if (v->count)
        memcpy(out, v->at, v->count * v->each);
    return out;
}

static void put_evidence(joined *j)
{
    suyuan_case *c = j->out;
    c->evidence_count = j->evidence.count;
    c->evidence = arena_array(j->mem, c->evidence_count, sizeof *c->evidence);
    c->evidence_host = arena_array(j->mem, c->evidence_count, sizeof *c->evidence_host);
    for (size_t i = 0; i < c->evidence_count; i++) {
        c->evidence[i] = **(const evidence_file *const *)vec_at(&j->evidence, i);
        const char *computer = c->evidence[i].computer;
        c->evidence_host[i] = computer && computer[0] ? host_of_name_in(j, c->evidence[i].id, computer) : HOST_NONE;
        size_t n;
        const artifact_file *a = artifacts_of(j, c->evidence[i].id, c->evidence[i].path, &n);
        for (size_t k = 0; k < n; k++)
            if (strcmp(a[k].e->unit, c->evidence[i].unit) == 0)
                c->evidence_host[i] = a[k].host;
    }
}

static void put_coverage(joined *j, uint32_t at, host *to)
{
    const joined_host *from = host_of(j, at);
    to->covered = arena_array(j->mem, from->log_count + hives_covered(j, at, NULL), sizeof *to->covered);
    for (size_t i = 0; i < from->log_count; i++) {
        const joined_log *log = vec_at(&j->logs, from->logs[i]);
        coverage *c = &to->covered[to->covered_count++];
        *c = (coverage){ log->channel, log->from, log->to, log->records, log->partial ? 0 : log->missing, { 0 } };
        const char *id = log->partial ? "coverage.partial" : log->cleared ? "coverage.cleared" : log->rolled ? "coverage.rolled" : NULL;
        if (id)
            c->note = say(j, id, "from", ARG_TIME, write_time(j, log->from), "first", ARG_NUMBER, write_u64(j, log->first_record), "missing",
                          ARG_NUMBER, log->missing ? write_u64(j, log->missing) : NULL, NULL);
    }
    to->covered_count += hives_covered(j, at, to->covered + to->covered_count);
}

static void put_hosts(joined *j)
{
    suyuan_case *c = j->out;
    c->host_count = j->hosts.count;
    c->hosts = arena_array(j->mem, c->host_count, sizeof *c->hosts);
    for (uint32_t i = 0; i < c->host_count; i++) {
        const joined_host *from = host_of(j, i);
        host *to = &c->hosts[i];
        *to = (host){ .id = from->id, .os = from->os, .role = from->role, .domain = from->domain, .first_seen = from->first_hostile,
                      .time_zone = from->time_zone, .infected = from->infected, .collected = from->collected,
                      .notes = array_of(j, &from->notes), .note_count = from->notes.count,
                      .clock_low = from->clock_low, .clock_high = from->clock_high };
        to->names = arena_array(j->mem, from->name_count, sizeof *to->names);
        for (size_t k = 0; k < from->name_count; k++)
            to->names[to->name_count++] = from->names[k].name;
        to->addresses = arena_array(j->mem, from->address_count, sizeof *to->addresses);
        for (size_t k = 0; k < from->address_count; k++)
            to->addresses[to->address_count++] = from->addresses[k].address;
        for (size_t k = 0; k < j->stops.count; k++)
            to->crash_count += ((const stop *)vec_at(&j->stops, k))->host == i;
        put_coverage(j, i, to);
        accounts_of_host(j, i, to);
    }
}

static void put_findings(joined *j)
{
    suyuan_case *c = j->out;
    c->finding_count = j->told.count + j->matches.count;
    c->findings = arena_array(j->mem, c->finding_count, sizeof *c->findings);
    for (size_t i = 0; i < j->told.count; i++)
        c->findings[i] = finding_at(j, i)->f;
    for (size_t i = 0; i < j->matches.count; i++)
        c->findings[j->told.count + i] = ((const told *)vec_at(&j->matches, i))->f;
}

status incident_join(arena *mem, digest *const *digests, size_t count, const scene *heard, const profile *facts, suyuan_case **out)
{
    return incident_join_with(mem, digests, count, heard, facts, &(incident_outside){ 0 }, out);
}

status incident_join_with(arena *mem, digest *const *digests, size_t count, const scene *heard, const profile *facts, const incident_outside *outside, suyuan_case **out)
{
    joined j;
    begin(&j, mem, digests, count, heard, facts);
    j.outside = outside;
    weights_read(&j);
    status s = gather(&j);
    if (status_is_ok(s)) {
        identity(&j);
        logs_put_together(&j);
        notes_sort(&j);
        addresses(&j);

        crashes_find(&j);
        guessing_find(&j);
        direct_find(&j);
        host_state_find(&j);
        tasks_find(&j);
        classes_index(&j);
        exposure_find(&j);
        exploits_find(&j);
        logons_find(&j);
        defence_find(&j);
        innocent_mark(&j);
        causes_group(&j);
        settle_findings(&j);
        dark_hosts(&j);
        verdict_hosts(&j);
        crashes_weigh(&j);

        suyuan_case *c = j.out;
        c->tool_version = count ? digest_heading(digests[0])->tool : NULL;
        c->rules_hash = count ? digest_heading(digests[0])->rules : NULL;
        c->profiles_hash = count ? digest_heading(digests[0])->profiles : NULL;
        c->scene = heard;
        c->zone = heard ? heard->zone.name : "UTC";
        c->zone_minutes = heard ? heard->zone.minutes : 0;
        persistence_tell(&j);
        processes_tell(&j);
        story_tell(&j);
        plan_make(&j);
        claims_check(&j);
        rules_tell(&j);
        unknowns_tell(&j);
        headline_tell(&j);
        put_evidence(&j);
        put_hosts(&j);
        put_findings(&j);
        *out = c;
    }
    end(&j);
    return s;
}
