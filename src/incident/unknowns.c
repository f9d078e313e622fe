/* What can the evidence not tell, and which evidence would? Said per host, with the reason; what was never recorded is no proof that
 * nothing happened. */
#include "incident/internal.h"

#include <stdlib.h>

typedef struct { unknown u; unsigned rank; const char *key; } item;

static void add(joined *j, vec *all, uint32_t host, unsigned rank, const char *what, const char *key, sentence text, sentence decides)
{
    (void)j;
    *(item *)vec_push(all) = (item){ { .host = host, .what = what, .text = text, .decides = decides }, rank, key };
}

/* The earliest hostile act of all; what a log cannot tell of the time before matters only against it. */
static moment earliest(const joined *j)
{
    moment first = MOMENT_UNKNOWN;
    for (uint32_t i = 0; i < host_total(j); i++)
        if (host_of(j, i)->infected != INFECTED_NO && host_of(j, i)->first_hostile < first)
            first = host_of(j, i)->first_hostile;
    return first;
}

static const joined_log *first_of(const joined *j, uint32_t host, const char *channel)
{
    const joined_log *first = NULL;
    const joined_host *h = host_of(j, host);
    for (size_t i = 0; i < h->log_count; i++) {
        const joined_log *log = vec_at(&j->logs, h->logs[i]);
        if (strcmp(log->channel, channel) == 0 && moment_known(log->from) && (!first || log->from < first->from))
            first = log;
    }
    return first;
}

static void begins_late(joined *j, vec *all, uint32_t host, moment onset)
{
    static const char *const channels[] = { "Security", "System" };
    for (size_t i = 0; i < 2; i++) {
        const joined_log *log = first_of(j, host, channels[i]);
        if (!log || !moment_known(onset) || log->from + weight_span(j, "unknowns.before-onset") <= onset)
            continue;
        if (log->cleared || (i == 0 && log->records < (uint64_t)weight(j, "unknowns.few-records")))
            continue;                                    /* told as cleared, or as not audited */
        add(j, all, host, 2, "log-rolled", channels[i],
            say(j, log->rolled ? "unknown.rolled" : "unknown.begins", "host", ARG_HOST, host_name(j, host), "channel", ARG_TEXT, channels[i], "from", ARG_TIME,
                write_time(j, log->from), NULL),
            say(j, strcmp(channels[i], "Security") == 0 ? "decides.security" : "decides.system", "host", ARG_HOST, host_name(j, host), NULL));
    }
}

static void cleared(joined *j, vec *all, uint32_t host)
{
    size_t n;
    const act *const *acts = acts_of(j, host, "log.clear", &n);
    for (size_t i = 0; i < n; i++) {
        const char *channel = act_fact(acts[i], "channel")[0] ? act_fact(acts[i], "channel") : acts[i]->log->channel;
        bool again = false;
        for (size_t k = 0; k < i && !again; k++)
            again = strcasecmp(act_fact(acts[k], "channel")[0] ? act_fact(acts[k], "channel") : acts[k]->log->channel, channel) == 0;
        if (!again)
            add(j, all, host, 1, "log-cleared", channel,
                say(j, "unknown.cleared", "host", ARG_HOST, host_name(j, host), "channel", ARG_TEXT, channel, "time", ARG_TIME, write_time(j, acts[i]->time),
                    "account", ARG_TEXT, act_fact(acts[i], "account"), NULL),
                say(j, "decides.cleared", "host", ARG_HOST, host_name(j, host), NULL));
    }
}

/* How long the host's other logs speak: a Security log that has no logon in all that time was not told to write them. */
static moment others_span(const joined *j, uint32_t host)
{
    moment longest = 0;
    const joined_host *h = host_of(j, host);
    for (size_t i = 0; i < h->log_count; i++) {
        const joined_log *log = vec_at(&j->logs, h->logs[i]);
        if (moment_known(log->from) && strcmp(log->channel, "Security") != 0 && log->to - log->from > longest)
            longest = log->to - log->from;
    }
    return longest;
}

static void not_audited(joined *j, vec *all, uint32_t host)
{
    const joined_log *log = first_of(j, host, "Security");
    /* So few records never made a log roll over. */
    bool kept = log && !log->cleared && (log->to - log->from >= weight_span(j, "unknowns.audit-span") || log->records < (uint64_t)weight(j, "unknowns.few-records"));
    if (!log || log->partial || !kept || others_span(j, host) < weight_span(j, "unknowns.audit-span"))
        return;
    if (!logons_told(j, host, log->from, log->to))
        add(j, all, host, 1, "not-audited", "logon", say(j, "unknown.not-audited", "host", ARG_HOST, host_name(j, host), NULL),
            say(j, "decides.not-audited", "host", ARG_HOST, host_name(j, host), NULL));
}

static void missing_channels(joined *j, vec *all, uint32_t host)
{
    static const char *const channels[] = { "Security", "System" };
    const joined_host *h = host_of(j, host);
    for (size_t i = 0; i < 2; i++)
        if (h->collected && (i == 0 || h->infected != INFECTED_NO) && h->log_count && !first_of(j, host, channels[i]))
            add(j, all, host, 3, "no-log", channels[i], say(j, i == 0 ? "unknown.no-security" : "unknown.no-log", "host", ARG_HOST, host_name(j, host), "channel", ARG_TEXT, channels[i], NULL),
                say(j, "decides.no-log", "host", ARG_HOST, host_name(j, host), "channel", ARG_TEXT, channels[i], NULL));
}

static void empty_sources(joined *j, vec *all, uint32_t host)
{
    size_t count;
    const uint32_t *of = findings_of_host(j, host, &count);
    for (size_t i = 0; i < count; i++) {
        const told *t = finding_at(j, of[i]);
        bool guess = strcmp(t->f.kind, "password-guessing") == 0 || strcmp(t->f.kind, "password-spraying") == 0;
        bool many = note_fact(t->f.facts, t->f.fact_count, "sources")[0] != '\0';
        if (!guess || t->innocent || t->source || many || t->f.severity < SEVERITY_MEDIUM)
            continue;
        add(j, all, host, 2, "source-empty", t->f.id,
            say(j, "unknown.source-empty", "host", ARG_HOST, host_name(j, host), "tries", ARG_NUMBER, write_u64(j, t->f.count), "from", ARG_TIME,
                write_time(j, t->f.time), "workstation", ARG_TEXT, t->workstation, NULL),
            say(j, "decides.source-empty", "host", ARG_HOST, host_name(j, host), NULL));
        return;                                          /* once a host */
    }
}

static void dark(joined *j, vec *all, uint32_t host)
{
    const joined_host *h = host_of(j, host);
    if (h->collected)
        return;
    const char *address = h->address_count ? h->addresses[0].address : NULL;
    add(j, all, host, h->named_hostile ? 0 : 4, "not-collected", h->id,
        say(j, h->named_hostile ? "unknown.dark" : "unknown.told-only", "host", ARG_HOST, host_name(j, host), "address", ARG_TEXT,
            address && strcmp(address, host_name(j, host)) != 0 ? address : NULL, NULL),
        say(j, "decides.dark", "host", ARG_HOST, host_name(j, host), NULL));
}

static void no_trace(joined *j, vec *all, uint32_t host)
{
    const joined_host *h = host_of(j, host);
    size_t starts;
    acts_of(j, host, "process.start", &starts);
    if (h->collected && h->infected == INFECTED_NO && h->log_count && starts == 0)
        add(j, all, host, 5, "no-trace", h->id, say(j, "unknown.no-trace", "host", ARG_HOST, host_name(j, host), NULL),
            say(j, "decides.no-trace", "host", ARG_HOST, host_name(j, host), NULL));
}

static void more_rules(joined *j, vec *all, uint32_t host)
{
    if (j->rules_more[host])
        add(j, all, host, 6, "rules-more", "rules", say(j, "unknown.rules-more", "host", ARG_HOST, host_name(j, host), "count", ARG_NUMBER, write_u64(j, j->rules_more[host]), NULL),
            say(j, "decides.rules-more", NULL));
}

static bool proven(const joined *j, const stop *s)
{
    for (size_t i = 0; i < j->out->crash_count; i++) {
        const crash *c = &j->out->crashes[i];
        if (c->host == s->host && c->time == s->time)
            return strcmp(c->state, "proven") == 0;
    }
    return false;
}

static void crash_dumps(joined *j, vec *all, uint32_t host)
{
    for (size_t i = 0; i < j->stops.count; i++) {
        const stop *s = vec_at(&j->stops, i);
        if (s->host != host || !s->code || proven(j, s))
            continue;
        add(j, all, host, 3, "crash-cause", "crash", say(j, "unknown.crash-cause", "host", ARG_HOST, host_name(j, host), NULL),
            say(j, "decides.crash-cause", "host", ARG_HOST, host_name(j, host), "dump", ARG_TEXT, s->bugcheck ? act_fact(s->bugcheck, "dump") : NULL, NULL));
        return;
    }
}

/* What a bound cut off, and what could not be read, of all hosts together. */
static void of_the_run(joined *j, vec *all)
{
    uint64_t dropped = 0, unread = 0, broken = 0;
    for (size_t i = 0; i < j->cuts.count; i++)
        dropped += ((const digest_cut *)vec_at(&j->cuts, i))->dropped;
    if (dropped)
        add(j, all, HOST_NONE, 6, "cut", "cut", say(j, "unknown.cut", "count", ARG_NUMBER, write_u64(j, dropped), NULL), say(j, "decides.cut", NULL));
    for (size_t i = 0; i < j->evidence.count; i++) {
        const evidence_file *e = *(const evidence_file *const *)vec_at(&j->evidence, i);
        broken += evidence_file_lost(e);
        unread += evidence_file_passed(e);
    }
    if (unread)
        add(j, all, HOST_NONE, 6, "not-read", "kinds", say(j, "unknown.not-read", "count", ARG_NUMBER, write_u64(j, unread), NULL), (sentence){ 0 });
    if (broken)
        add(j, all, HOST_NONE, 5, "unreadable", "files", say(j, "unknown.unreadable", "count", ARG_NUMBER, write_u64(j, broken), NULL),
            say(j, "decides.unreadable", NULL));
}

static int by_rank(const void *a, const void *b)
{
    const item *l = a, *r = b;
    if (l->rank != r->rank)
        return l->rank < r->rank ? -1 : 1;
    if (l->u.host != r->u.host)
        return l->u.host < r->u.host ? -1 : 1;
    int order = strcmp(l->u.what, r->u.what);
    return order ? order : strcmp(l->key, r->key);
}

void unknowns_tell(joined *j)
{
    vec all;
    vec_init(&all, sizeof(item));
    moment onset = earliest(j);
    for (uint32_t i = 0; i < host_total(j); i++) {
        dark(j, &all, i);
        begins_late(j, &all, i, onset);
        cleared(j, &all, i);
        not_audited(j, &all, i);
        missing_channels(j, &all, i);
        empty_sources(j, &all, i);
        crash_dumps(j, &all, i);
        no_trace(j, &all, i);
        more_rules(j, &all, i);
    }
    of_the_run(j, &all);
    vec_sort(&all, by_rank);
    suyuan_case *c = j->out;
    unknown *more = arena_array(j->mem, c->unknown_count + all.count, sizeof *more);
    if (c->unknown_count)
        memcpy(more, c->unknowns, c->unknown_count * sizeof *more);
    for (size_t i = 0; i < all.count; i++)
        more[c->unknown_count++] = ((item *)vec_at(&all, i))->u;
    c->unknowns = more;
    vec_done(&all);
}
