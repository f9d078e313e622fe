/* What let it happen? The settings, accounts and patches that a host's hives tell, held against the baseline of the incident's own
 * advice. What the evidence does not give is undecided; a host without hives is not asked at all. */
#include "incident/internal.h"

#include "audit/audit.h"

static const char *const states[] = { [AUDIT_FAILED] = "failed", [AUDIT_PASSED] = "passed", [AUDIT_UNDECIDED] = "undecided" };

/* The state as it was last: nothing of older copies, nothing from free cells. */
static size_t current_acts(const joined *j, uint32_t host, const act **out)
{
    static const char *const kinds[] = { "setting", "account", "group", "profile", "patch", "file.version", "firewall.rule", "autostart", "port.open" };
    size_t count = 0;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        size_t n;
        const act *const *acts = acts_of(j, host, kinds[k], &n);
        for (size_t i = 0; i < n; i++)
            if (act_is_state(acts[i]) && !acts[i]->recovered && !act_is_older(j, host, acts[i]))
                out[count++] = acts[i];
    }
    /* SQL Server keeps its options in its own database; its log tells each change. */
    size_t n;
    const act *const *acts = acts_of(j, host, "remote.exec", &n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(act_fact(acts[i], "means"), "mssql") == 0 && act_fact(acts[i], "new")[0])
            out[count++] = acts[i];
    return count;
}

static moment last_told(const joined *j, uint32_t host)
{
    const joined_host *h = host_of(j, host);
    moment last = h->last;
    const artifact_file *files = j->artifacts.at;
    for (size_t i = 0; i < j->artifacts.count; i++)
        if (files[i].host == host && moment_known(files[i].e->last) && (!moment_known(last) || files[i].e->last > last))
            last = files[i].e->last;
    return last;
}

/* What scans saw at the host's addresses; behind the others, as nobody's evidence. */
static size_t scanned_acts(const joined *j, uint32_t host, const act **out)
{
    const joined_host *h = host_of(j, host);
    size_t count = 0;
    for (size_t i = 0; i < j->outside->scanned_count; i++)
        for (size_t k = 0; k < h->address_count; k++)
            if (strcmp(act_fact(&j->outside->scanned[i], "address"), h->addresses[k].address) == 0)
                out[count++] = &j->outside->scanned[i];
    return count;
}

static const char *baseline_of(const joined *j, const joined_host *h)
{
    const char *wanted = j->outside->baseline;
    if (wanted && strcmp(wanted, "auto") == 0)
        return audit_baseline_for(j->facts, h->build ? h->build : "");
    return wanted ? wanted : "seed";
}

static sentence words(const joined *j, const char *id)
{
    return id && *id ? say(j, id, NULL) : (sentence){ 0 };
}

enum { REFERENCES = 8 };

static exposure told_as(joined *j, uint32_t host, const char *baseline, const audit_result *r, const audit_host *asked, size_t own)
{
    exposure e = {
        .host = host, .check = r->check, .found = *r->found ? r->found : NULL, .wanted = r->wanted, .severity = r->severity, .state = states[r->state],
        .title = words(j, r->title), .why = words(j, r->why), .note = words(j, r->note), .fix = words(j, r->fix),
        .command = *r->command ? r->command : NULL, .baseline = baseline, .source = r->source,
    };
    e.evidence = arena_array(j->mem, REFERENCES, sizeof *e.evidence);
    for (size_t i = 0; i < r->source_count && e.evidence_count < REFERENCES; i++)
        if (r->sources[i] < own)
            e.evidence[e.evidence_count++] = ref_of_act(j, asked->acts[r->sources[i]]);
    return e;
}

/* A door that stood open, and a hole that was known, are findings of their own; a setting that is weak stands in its chapter. */
static void find(joined *j, const exposure *e, const audit_result *r)
{
    if (r->state != AUDIT_FAILED || strcmp(r->finding, "weak-setting") == 0 || e->severity < SEVERITY_HIGH)
        return;
    told *t = finding_new(j, e->host, r->finding, MOMENT_UNKNOWN, r->check);       /* a state has no time: its key may be years old */
    t->f.severity = e->severity;
    t->f.confidence = 90;
    t->f.source = "audit";
    const char *check = arena_printf(j->mem, "check.%s", e->check);
    t->f.title = say(j, "exposure.title", "check", ARG_WORD, check, NULL);
    t->f.text = say(j, "exposure.text", "check", ARG_WORD, check, "found", ARG_TEXT, e->found, "wanted", ARG_TEXT, e->wanted, NULL);
    finding_fact(j, t, "check", e->check);
    finding_fact(j, t, "found", e->found);
    finding_fact(j, t, "wanted", e->wanted);
    for (size_t i = 0; i < e->evidence_count; i++)
        finding_ref(t, e->evidence[i]);
}

void exposure_find(joined *j)
{
    vec all;
    vec_init(&all, sizeof(exposure));
    for (uint32_t i = 0; i < host_total(j); i++) {
        const joined_host *h = host_of(j, i);
        const char *baseline = baseline_of(j, h);
        const act **acts = arena_array(j->mem, h->act_count + j->outside->scanned_count * (h->address_count + 1), sizeof *acts);
        audit_host asked = { .os_build = h->build ? h->build : "", .role = h->role ? h->role : "", .acts = acts, .as_of = last_told(j, i) };
        size_t own = current_acts(j, i, acts);
        asked.act_count = own + scanned_acts(j, i, acts + own);
        audit_result *results;
        audit_score score;
        size_t n = asked.act_count ? audit_run(j->facts, baseline, &asked, j->mem, &results, &score) : 0;
        for (size_t k = 0; k < n; k++) {
            exposure *e = vec_push(&all);
            *e = told_as(j, i, baseline, &results[k], &asked, own);
            find(j, e, &results[k]);
        }
    }
    j->out->exposure_count = all.count;
    j->out->exposure = arena_array(j->mem, all.count, sizeof *j->out->exposure);
    if (all.count)
        memcpy(j->out->exposure, all.at, all.count * sizeof *j->out->exposure);
    vec_done(&all);
}
