/* When did a host stop without being told to? What the next start says of it (6008, 41, 1001) becomes one stop each, with
 * the best time that any of them gives. Orderly restarts are none. Why it stopped is weighed in causes.c. */
#include "incident/internal.h"

#include <stdlib.h>

static int by_log_record(const void *a, const void *b, void *of)
{
    const act *l = *(const act *const *)a, *r = *(const act *const *)b;
    const raw_log *x = raw_of_log(of, l->log), *y = raw_of_log(of, r->log);
    if (x->log != y->log)
        return x->log < y->log ? -1 : 1;
    if (l->record != r->record)
        return l->record < r->record ? -1 : 1;
    return (l->time > r->time) - (l->time < r->time);
}

/* Acts of the System log that tell of starts and stops, in order of record. */
static size_t boot_acts(const joined *j, uint32_t host, const act ***out)
{
    static const char *const kinds[] = { "boot.planned", "boot.start", "boot.stop", "crash.bugcheck", "crash.power", "crash.unexpected" };
    size_t total = 0, n;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        acts_of(j, host, kinds[k], &n);
        total += n;
    }
    *out = arena_array(j->mem, total, sizeof **out);
    total = 0;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        const act *const *acts = acts_of(j, host, kinds[k], &n);
        for (size_t i = 0; i < n; i++)
            if (strcmp(acts[i]->log->channel, "Security") != 0 && moment_known(acts[i]->time))
                (*out)[total++] = acts[i];
    }
    qsort_r(*out, total, sizeof **out, by_log_record, (void *)j);
    return total;
}

static bool is(const act *a, const char *kind)
{
    return strcmp(a->kind, kind) == 0;
}

/* What one start of the system wrote; the stop before it is judged from this. */
typedef struct { const act *first, *last, *bugcheck, *power, *unexpected, *stopped, *planned; } start_up;

static bool belongs(const joined *j, const start_up *s, const act *a)
{
    if (!s->first || raw_of_log(j, s->first->log)->log != raw_of_log(j, a->log)->log || a->time < s->first->time)
        return s->first && raw_of_log(j, s->first->log)->log == raw_of_log(j, a->log)->log
               && s->first->time - a->time < weight_span(j, "crash.start-spread");
    moment since = a->time - s->first->time;
    if (is(a, "crash.bugcheck"))
        return !s->bugcheck && since < weight_span(j, "crash.report-delay");
    if (is(a, "crash.power"))
        return !s->power && since < weight_span(j, "crash.start-spread");
    if (is(a, "crash.unexpected"))
        return !s->unexpected && since < weight_span(j, "crash.start-spread");
    return since < weight_span(j, "crash.start-spread");
}

static void write_code(const joined *j, stop *s)
{
    uint64_t code;
    const act *from[] = { s->bugcheck, s->power };
    for (size_t i = 0; i < 2 && !s->code; i++) {
        if (!from[i] || !fact_number(from[i]->facts, from[i]->fact_count, "code", &code) || code == 0)
            continue;
        s->code = arena_printf(j->mem, "0x%08x", (unsigned)(code & ~0x10000000ull));
        static const char *const names[] = { "p1", "p2", "p3", "p4" };
        for (size_t p = 0; p < 4; p++)
            if (act_fact(from[i], names[p])[0])
                s->parameters[p] = act_fact(from[i], names[p]);
    }
}

/* 6008 keeps the last sign of life; its binary says it in UTC, its text in local time of a zone that must be known. */
static bool stopped_time(const joined *j, uint32_t host, const act *a, moment *out)
{
    moment local;
    const joined_host *h = host_of(j, host);
    if (fact_moment(a->facts, a->fact_count, "stopped", out))
        return true;
    if (!fact_moment(a->facts, a->fact_count, "local", &local))
        return false;
    if (h->zone_known)
        *out = (moment)((int64_t)local - (int64_t)h->zone_minutes * (int64_t)MOMENT_MINUTE);
    else if (j->scene)
        return zone_to_utc(&j->scene->zone, local, out, &(moment){ 0 });
    return h->zone_known;
}

/* The last record of any channel that is surely before this start. */
static moment last_sign(const joined *j, uint32_t host, moment booted)
{
    const joined_host *h = host_of(j, host);
    moment last = MOMENT_UNKNOWN;
    for (size_t i = 0; i < h->log_count; i++) {
        const joined_log *log = vec_at(&j->logs, h->logs[i]);
        for (size_t k = 0; k < log->anchor_count; k++)
            if (log->anchors[k].time < booted && (!moment_known(last) || log->anchors[k].time > last))
                last = log->anchors[k].time;
    }
    for (size_t i = 0; i < h->act_count; i++)
        if (h->acts[i]->time < booted && (!moment_known(last) || h->acts[i]->time > last))
            last = h->acts[i]->time;
    return last;
}

static void time_of_stop(const joined *j, stop *s)
{
    moment told;
    s->time = s->booted;
    s->basis = "after";
    s->slack = weight_span(j, "crash.slack-after");
    if (s->unexpected && stopped_time(j, s->host, s->unexpected, &told) && told <= s->booted) {
        s->time = told;
        s->basis = strcmp(act_fact(s->unexpected, "basis"), "binary") == 0 ? "binary" : "text";
        s->slack = weight_span(j, "crash.slack-heartbeat");
    }
    /* A record that was written after the heartbeat shows that the system still ran. */
    told = last_sign(j, s->host, s->booted - weight_span(j, "crash.start-spread"));
    if (moment_known(told) && s->booted - told < weight_span(j, "crash.longest-down") && (strcmp(s->basis, "after") == 0 || told > s->time)) {
        s->time = told;
        s->basis = "last-record";
        s->slack = s->booted - told;
    }
}

static void end_start_up(joined *j, uint32_t host, start_up *s)
{
    if (s->first && (s->bugcheck || s->power || s->unexpected)) {
        stop *made = vec_push(&j->stops);
        *made = (stop){ .host = host, .booted = s->first->time, .bugcheck = s->bugcheck, .power = s->power, .unexpected = s->unexpected,
                        .boot = s->first };
        /* An orderly shutdown that began shortly before, and never came to its end. */
        if (s->planned && s->planned->time <= s->first->time && s->first->time - s->planned->time < weight_span(j, "crash.planned-before"))
            made->planned = s->planned;
        write_code(j, made);
        time_of_stop(j, made);
        /* 41 without a code after an orderly stop, or while one was under way, is no crash: the machine was switched off late. */
        if (!made->code && !s->unexpected && (s->stopped || made->planned))
            j->stops.count--;
    }
    *s = (start_up){ 0 };
}

static void find_stops(joined *j, uint32_t host)
{
    const act **acts;
    size_t n = boot_acts(j, host, &acts);
    start_up at = { 0 };
    const act *stopped = NULL, *planned = NULL;
    for (size_t i = 0; i < n; i++) {
        const act *a = acts[i];
        if (is(a, "boot.planned")) {
            if (strcmp(act_fact(a, "after"), "yes") != 0) {      /* 1076 is a person's word after the fact */
                end_start_up(j, host, &at);
                planned = a;
            }
            continue;
        }
        if (is(a, "boot.stop")) {
            end_start_up(j, host, &at);
            stopped = a;
            continue;
        }
        if (!belongs(j, &at, a)) {
            end_start_up(j, host, &at);
            at = (start_up){ .first = a, .stopped = stopped, .planned = planned };
            stopped = planned = NULL;
        }
        if (a->time < at.first->time)
            at.first = a;
        at.bugcheck = is(a, "crash.bugcheck") ? a : at.bugcheck;
        at.power = is(a, "crash.power") ? a : at.power;
        at.unexpected = is(a, "crash.unexpected") ? a : at.unexpected;
        at.last = a;
    }
    end_start_up(j, host, &at);
}

/* ---- Dumps ---- */

/* A live dump's system went on: no stop belongs to it. */
static bool is_live(const joined *j, const act *d)
{
    return strcmp(act_fact(d, "live"), "yes") == 0 || profile_true(bugcheck_node(j, act_fact(d, "code")), "live");
}

static uint64_t code_of(const char *text)
{
    return text && text[0] ? strtoull(text, NULL, 16) & UINT32_MAX & ~0x10000000ull : 0;
}

/* How well a dump explains a stop: the code and the time have to agree with what the logs say of it. 0: not at all. */
static unsigned dump_fits(const joined *j, const stop *s, const act *d)
{
    uint64_t a = code_of(s->code), b = code_of(act_fact(d, "code"));
    moment near = weight_span(j, "crash.dump-near"), slack = strcmp(s->basis, "after") == 0 ? weight_span(j, "crash.longest-down") : s->slack + near;
    moment from = s->time > slack ? s->time - slack : 0;
    if (strcmp(s->basis, "dump") == 0)
        return d->time == s->dump->time && a == b ? 3 : 0;
    if (d->time < from || d->time > s->booted + near || (a && b && a != b))
        return 0;
    return a ? 2 : 1;
}

static void take_dump(const joined *j, stop *s, const act *d)
{
    static const char *const names[] = { "p1", "p2", "p3", "p4" };
    if (s->dump && (act_fact(s->dump, "module")[0] || !act_fact(d, "module")[0]))
        return;
    s->dump = d;
    s->time = d->time;
    s->basis = "dump";
    s->slack = 0;
    uint64_t code = code_of(act_fact(d, "code"));
    if (!s->code && code)
        s->code = arena_printf(j->mem, "0x%08x", (unsigned)code);
    for (size_t p = 0; p < 4; p++)
        if (!s->parameters[p] && act_fact(d, names[p])[0])
            s->parameters[p] = act_fact(d, names[p]);
}

/* Each dump goes to the stop that it explains; one that no log tells of is a stop itself. */
static void find_dumps(joined *j, uint32_t host)
{
    size_t n;
    const act *const *dumps = acts_of(j, host, "crash.dump", &n);
    for (size_t i = 0; i < n; i++) {
        stop *best = NULL;
        unsigned most = 0;
        if (!moment_known(dumps[i]->time) || dumps[i]->time == 0 || is_live(j, dumps[i]) || !code_of(act_fact(dumps[i], "code")))
            continue;
        for (size_t k = 0; k < j->stops.count; k++) {
            stop *s = vec_at(&j->stops, k);
            unsigned fits = s->host == host ? dump_fits(j, s, dumps[i]) : 0;
            if (fits > most || (fits && fits == most && s->booted < best->booted)) {
                best = s;
                most = fits;
            }
        }
        if (!best) {
            best = vec_push(&j->stops);
            *best = (stop){ .host = host, .time = dumps[i]->time, .booted = dumps[i]->time, .basis = "after" };
        }
        take_dump(j, best, dumps[i]);
    }
}

static const profile_node *bugcheck_facts(const joined *j, const char *code)
{
    int64_t wanted = strtoll(code, NULL, 16);
    bool found;
    for (const profile_node *n = profile_list(profile_root(j->facts, "bugchecks"), "bugchecks"); n; n = n->next)
        if (profile_number(n, "code", &found) == wanted && found)
            return n;
    return NULL;
}

const char *bugcheck_name(const joined *j, const char *code)
{
    return code ? profile_text(bugcheck_facts(j, code), "name") : NULL;
}

const profile_node *bugcheck_node(const joined *j, const char *code)
{
    return code ? bugcheck_facts(j, code) : NULL;
}

/* 6008 keeps the last sign of life, and a last record is one: the stop itself came after it. */
bool stop_is_sign_of_life(const stop *s) { return strcmp(s->basis, "after") != 0 && strcmp(s->basis, "dump") != 0; }

/* How sure one may be that it was a blue screen, or only a stop. */
static void tell_stop(joined *j, const stop *s)
{
    const char *name = bugcheck_name(j, s->code);
    told *t = finding_new(j, s->host, s->code ? "crash" : "unclean-shutdown", s->time, s->code ? s->code : "");
    t->f.severity = s->code ? SEVERITY_HIGH : SEVERITY_MEDIUM;
    t->f.confidence = (unsigned)weight(j, s->dump ? "crash.sure-dump" : s->bugcheck ? "crash.sure-report" : s->code ? "crash.sure-code" : s->unexpected ? "crash.sure-stop"
                                                                                                              : "crash.sure-power");
    t->f.end = s->boot ? s->booted : MOMENT_UNKNOWN;
    finding_fact(j, t, "code", s->code);
    finding_fact(j, t, "name", name);
    finding_fact(j, t, "p1", s->parameters[0]);
    finding_fact(j, t, "p2", s->parameters[1]);
    finding_fact(j, t, "p3", s->parameters[2]);
    finding_fact(j, t, "p4", s->parameters[3]);
    finding_fact(j, t, "basis", s->basis);
    finding_fact(j, t, "stopped", write_time(j, s->time));
    finding_fact(j, t, "booted", s->boot ? write_time(j, s->booted) : NULL);
    if (s->bugcheck)
        finding_fact(j, t, "dump", act_fact(s->bugcheck, "dump"));
    if (s->dump)
        finding_fact(j, t, "module", act_fact(s->dump, "module"));
    const act *from[] = { s->unexpected, s->power, s->bugcheck, s->dump, s->boot, s->planned };
    for (size_t i = 0; i < sizeof from / sizeof *from; i++)
        if (from[i])
            finding_act(j, t, from[i]);
    t->f.text = say(j, s->code ? "crash.told" : "unclean.told", "time", ARG_TIME, write_time(j, s->time), "booted", ARG_TIME,
                    s->boot ? write_time(j, s->booted) : NULL, "code", ARG_TEXT, s->code, "name", ARG_TEXT, name, "basis", ARG_WORD,
                    arena_printf(j->mem, "basis.%s", s->basis), NULL);
}

static int by_host_time(const void *a, const void *b)
{
    const stop *l = a, *r = b;
    if (l->host != r->host)
        return l->host < r->host ? -1 : 1;
    if (l->time != r->time)
        return l->time < r->time ? -1 : 1;
    return (l->booted > r->booted) - (l->booted < r->booted);
}

void crashes_find(joined *j)
{
    for (uint32_t i = 0; i < host_total(j); i++)
        find_stops(j, i);
    for (uint32_t i = 0; i < host_total(j); i++)
        find_dumps(j, i);
    vec_sort(&j->stops, by_host_time);
    for (size_t i = 0; i < j->stops.count; i++)
        tell_stop(j, vec_at(&j->stops, i));
}
