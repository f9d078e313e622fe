/* How may each node have been reached? Every record at the node that names a place near its onset is looked at: sessions and what
 * ran in them, connections, failures before. Each piece of evidence has its weight; a place that no record
 * names is never a candidate. */
#include "incident/story.h"

#include <stdio.h>
#include <stdlib.h>

bool place_same(place a, place b)
{
    if (a.host != HOST_NONE || b.host != HOST_NONE)
        return a.host == b.host;
    if (a.address && b.address)
        return strcmp(a.address, b.address) == 0;
    return !a.address && !b.address && a.outside == b.outside;
}

const char *place_name(const joined *j, place p)
{
    return p.host != HOST_NONE ? host_name(j, p.host) : p.address;
}

void way_cite(way *w, evidence_ref r)
{
    for (size_t i = 0; i < w->evidence.count; i++) {
        const evidence_ref *have = vec_at(&w->evidence, i);
        if (have->record == r.record && have->time == r.time && have->file && r.file && strcmp(have->file, r.file) == 0)
            return;
    }
    if (w->evidence.count < 8)
        *(evidence_ref *)vec_push(&w->evidence) = r;
}

/* What is asked of a node again and again: its ways by place, the runs of the first half hour by logon id and by time, and since when
 * each pair of account and source logs on to its host. */
struct looked_up {
    map places, by_logon, usual;
    const uint32_t *runs; size_t run_count;              /* findings, in order of time */
};

enum { RUNS_LOOKED_AT = 256 };                           /* near one moment: more at once are a flood, and tell no more */

static const char *pair_key(const joined *j, const char *account, const char *source)
{
    char *key = arena_printf(j->mem, "%s\x1f%s", account_name(account), source);
    utf8_lower_ascii(key);
    return key;
}

static const char *logon_key(const joined *j, const char *logon)
{
    char *key = arena_str(j->mem, logon);
    utf8_lower_ascii(key);
    return key;
}

/* The way from a place to a node, made when it is new. NULL for no place, and for the node's own host. */
static way *way_from(story *s, uint32_t to, place from)
{
    const node *n = node_at(s, to);
    if ((from.host == HOST_NONE && !from.address) || from.host == n->host)
        return NULL;
    bool was;
    uint64_t *at = map_put(&s->at->places, span_str(from.host != HOST_NONE ? arena_printf(s->j->mem, "%u", from.host) : from.address), &was);
    if (was)
        return way_at(s, *at);
    *at = s->ways.count;
    way *w = vec_push(&s->ways);
    *w = (way){ .to = to, .from = from, .from_node = UINT32_MAX, .time = MOMENT_UNKNOWN };
    vec_init(&w->evidence, sizeof(evidence_ref));
    return w;
}

/* The step's time is that of its strongest mark; of equals the latest before the onset. */
static void mark(way *w, unsigned what, moment time, evidence_ref ref)
{
    static const unsigned strength[] = { WAY_EXECUTED, WAY_NEAR, WAY_GUESSED, WAY_NULL_SESSION, WAY_WROTE, WAY_LOGON, WAY_CONNECTED, WAY_FAILED };
    const size_t count = sizeof strength / sizeof *strength;
    size_t have = 0, now = 0;
    while (have < count && !(w->marks & strength[have]))
        have++;
    while (now < count && !(what & strength[now]))
        now++;
    if (now < have || (now == have && (!moment_known(w->time) || time > w->time)))
        w->time = time;
    w->marks |= what;
    way_cite(w, ref);
}

static moment absolute(moment a, moment b) { return a > b ? a - b : b - a; }

/* Executions of the first half hour after the onset: what the logons before them explain. */
static bool is_first_run(const story *s, const node *n, const told *t)
{
    return t->how_far >= REACH_EXECUTION && t->f.severity >= SEVERITY_MEDIUM && t->f.time >= n->onset && t->f.time - n->onset <= weight_span(s->j, "story.first-runs");
}

static evidence_ref first_ref(const told *t)
{
    return t->evidence.count ? *(const evidence_ref *)vec_at(&t->evidence, 0) : (evidence_ref){ .time = t->f.time };
}

static bool before_onset(const story *s, const node *n, moment t, moment window)
{
    return t <= n->onset + weight_span(s->j, "story.logged-late") && (n->onset <= t || n->onset - t <= window);
}

static const char *means_of(const char *protocol)
{
    static const char *const direct[] = { "rdp", "mssql", "winrm", "ssh", "wmi" };
    for (size_t i = 0; i < sizeof direct / sizeof *direct; i++)
        if (strcmp(protocol, direct[i]) == 0)
            return direct[i];
    return NULL;
}

/* With network level authentication the password is checked by a network logon; the session's own logs tell that it was Remote Desktop. */
static bool is_rdp(const joined *j, uint32_t host, place from, moment time)
{
    static const char *const kinds[] = { "rdp.session", "rdp.connect" };
    size_t count;
    moment near = weight_span(j, "story.rdp-near");
    for (size_t k = 0; k < 2; k++) {
        const act *const *acts = acts_of(j, host, kinds[k], &count);
        for (size_t i = 0; i < count; i++)
            if (moment_known(acts[i]->time) && absolute(acts[i]->time, time) <= near && place_same(place_of(j, act_fact(acts[i], "source"), NULL, acts[i]->time), from))
                return true;
    }
    joined_tally *const *all = tallies_of(j, host, "logon.success", &count);
    for (size_t i = 0; i < count; i++)
        for (size_t b = 0; strcmp(tally_key(all[i], "protocol"), "rdp") == 0 && b < all[i]->bucket_count; b++)
            if (absolute(all[i]->buckets[b].first, time) <= near && place_same(place_of(j, tally_key(all[i], "source"), NULL, time), from))
                return true;
    return false;
}

/* The first of the node's first runs that is not before t. */
static size_t run_from(const story *s, moment t)
{
    size_t low = 0, high = s->at->run_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (finding_at(s->j, s->at->runs[mid])->f.time < t)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Failures from there. SQL Server writes no success by default: when it then starts a shell, the password it was tried with fits. */
static void tried(const story *s, way *w, const node *n, const told *t, moment end)
{
    const joined *j = s->j;
    mark(w, WAY_FAILED, end < n->onset ? end : t->f.time, first_ref(t));
    const char *protocol = told_fact(t, "protocol");
    for (size_t i = run_from(s, t->f.time), looked = 0; protocol && i < s->at->run_count && looked < RUNS_LOOKED_AT; i++, looked++) {
        const told *ran = finding_at(j, s->at->runs[i]);
        if (!means_told(ran) || strcmp(means_told(ran), protocol) != 0 || ran->f.time < t->f.time)
            continue;
        if (end < ran->f.time && ran->f.time - end > weight_span(j, "story.tried-then-ran"))
            continue;
        mark(w, WAY_GUESSED, ran->f.time, first_ref(ran));
        w->access = "guessed-password";
        w->means = means_told(ran);
        w->account = t->account ? t->account : w->account;
        return;
    }
}

/* Findings that name their source themselves. */
static void by_findings(story *s, uint32_t at)
{
    const joined *j = s->j;
    const node *n = node_at(s, at);
    for (size_t i = 0; i < n->told_count; i++) {
        const told *t = finding_at(j, n->told[i]);
        place p = place_of(j, t->source, t->workstation, t->f.time);
        if (t->how_far >= REACH_EXECUTION && is_first_run(s, n, t)) {
            way *w = way_from(s, at, p);
            if (w) {
                bool wrote = strcmp(t->f.kind, "remote-execution") == 0 && t->means && strcmp(t->means, "smb-file") == 0;
                mark(w, wrote ? WAY_WROTE : WAY_EXECUTED, t->f.time, first_ref(t));
                if (means_told(t) && (!w->means || strcmp(w->means, "smb-file") == 0))
                    w->means = means_told(t);
                w->account = w->account ? w->account : t->account;
                w->logon = w->logon ? w->logon : t->logon;
            }
        } else if (t->how_far == REACH_ACCESS && before_onset(s, n, t->f.time, weight_span(j, "story.access-before"))) {
            way *w = way_from(s, at, p);
            if (w) {
                mark(w, WAY_LOGON | WAY_NEW | (strcmp(t->f.kind, "logon-after-guessing") == 0 ? WAY_FAILED : 0), t->f.time, first_ref(t));
                w->access = t->access ? t->access : w->access;
                w->means = w->means ? w->means : is_rdp(j, n->host, p, t->f.time) ? "rdp" : means_of(t->means ? t->means : "");
                w->account = t->account ? t->account : w->account;
                w->logon = w->logon ? w->logon : t->logon;
            }
        } else if (t->how_far == REACH_ATTEMPT) {
            moment end = moment_known(t->f.end) && t->f.end > t->f.time ? t->f.end : t->f.time;
            bool near = t->f.time <= n->onset && (end >= n->onset || n->onset - end <= weight_span(j, "story.failures-before"));
            way *w = near ? way_from(s, at, p) : NULL;
            if (w && strcmp(t->f.kind, "exploit-attempt") == 0)
                mark(w, WAY_EXPLOIT | WAY_FAILED, t->f.time, first_ref(t));
            else if (w)
                tried(s, w, n, t, end);
        }
    }
}

/* What a process of the system's own account did is not what a user's logon nearby asked for: services, tasks and tools that would
 * have carried it leave acts of their own. */
static bool could_be_of(const told *t, const char *account)
{
    if (!account || !t->of || strcmp(t->of->kind, "process.start") != 0 || means_told(t))
        return true;
    const char *ran_as = act_fact(t->of, "account");
    return !ran_as[0] || account_same(ran_as, account) || !account_is_system(ran_as, act_fact(t->of, "sid"));
}

/* The execution that a logon at `time`, with logon id `logon`, explains: in its session, or right after it. */
static unsigned explains(const story *s, moment time, const char *account, const char *logon, const told **which)
{
    const joined *j = s->j;
    const uint64_t *session = logon[0] ? map_find(&s->at->by_logon, span_str(logon_key(j, logon))) : NULL;
    if (session && absolute(finding_at(j, *session)->f.time, time) < MOMENT_DAY) {
        *which = finding_at(j, *session);
        return WAY_EXECUTED;
    }
    const told *near = NULL;
    size_t first = run_from(s, time > 2 * MOMENT_SECOND ? time - 2 * MOMENT_SECOND : 0);
    for (size_t i = first; i < s->at->run_count && i < first + RUNS_LOOKED_AT; i++) {
        const told *t = finding_at(j, s->at->runs[i]);
        if (t->f.time > time && t->f.time - time > weight_span(j, "story.session-near"))
            break;
        /* Of equals the one that tells how it was started. */
        if (could_be_of(t, account) && (!near || (!means_told(near) && means_told(t))))
            near = t;
    }
    *which = near ? near : *which;
    return near ? WAY_NEAR : 0;
}

static bool remote_type(const char *type)
{
    return strcmp(type, "3") == 0 || strcmp(type, "8") == 0 || strcmp(type, "10") == 0 || strcmp(type, "12") == 0 || type[0] == 0;
}

static bool nobody(const char *account)
{
    const char *name = account_name(account);
    size_t n = strlen(name);
    return n == 0 || strcasecmp(name, "ANONYMOUS LOGON") == 0 || name[n - 1] == '$';
}

static void logon(story *s, uint32_t at, place from, moment time, const char *account, const char *id, const char *protocol, bool usual, evidence_ref ref)
{
    const joined *j = s->j;
    const node *n = node_at(s, at);
    const told *which = NULL;
    unsigned how = explains(s, time, account, id, &which);
    if (!how && !before_onset(s, n, time, weight_span(j, "story.logon-before")))
        return;
    way *w = way_from(s, at, from);
    if (!w)
        return;
    mark(w, WAY_LOGON | how | (usual ? 0 : WAY_NEW), time, ref);
    if (how) {
        w->account = account[0] ? account : w->account;
        w->logon = id[0] ? id : w->logon;
        if (means_told(which))
            w->means = means_told(which);
        way_cite(w, first_ref(which));
    }
    if (!w->account && account[0])
        w->account = account;
    if (!w->means)
        w->means = is_rdp(j, n->host, from, time) ? "rdp" : means_of(protocol);
}

/* The pair of account and source was seen on this host a day and more before the story began. */
static bool was_usual(const story *s, const node *n, const char *account, const char *source)
{
    const uint64_t *first = map_find(&s->at->usual, span_str(pair_key(s->j, account, source)));
    return first && *first + MOMENT_DAY < n->access;
}

/* An attack on SMBv1 opens a session as nobody, and the service that it takes over starts what it brought. Such
 * sessions are ordinary otherwise, so one counts only right before something ran, or a system process started a shell. */
static void null_session(story *s, uint32_t at, place from, moment time, evidence_ref ref)
{
    const joined *j = s->j;
    moment near = weight_span(j, "story.null-session-near");
    if (!moment_known(time))
        return;
    size_t first = run_from(s, time > 2 * MOMENT_SECOND ? time - 2 * MOMENT_SECOND : 0);
    if (first < s->at->run_count) {
        const told *t = finding_at(j, s->at->runs[first]);
        if (t->f.time > time && t->f.time - time > near)
            return;
        way *w = way_from(s, at, from);
        if (!w)
            return;
        mark(w, WAY_NULL_SESSION, time, ref);
        if (system_shell(t)) {
            w->marks |= WAY_EXPLOIT;
            way_cite(w, first_ref(t));
        }
    }
}

static void by_logons(story *s, uint32_t at)
{
    const joined *j = s->j;
    const uint32_t host = node_at(s, at)->host;
    static const char *const kinds[] = { "logon.session", "logon.guessed", "rdp.session" };
    size_t count;
    for (size_t k = 0; k < 3; k++) {
        const act *const *acts = acts_of(j, host, kinds[k], &count);
        for (size_t i = 0; i < count; i++) {
            const act *a = acts[i];
            const char *account = act_fact(a, "account"), *source = act_fact(a, "source");
            if (k < 2 ? !remote_type(act_fact(a, "type")) : strcmp(act_fact(a, "what"), "logon") != 0 && strcmp(act_fact(a, "what"), "reconnect") != 0)
                continue;
            if (strcasecmp(account_name(account), "ANONYMOUS LOGON") == 0)
                null_session(s, at, place_of(j, source, act_fact(a, "workstation"), a->time), a->time, ref_of_act(j, a));
            if (nobody(account) || !moment_known(a->time))
                continue;
            logon(s, at, place_of(j, source, act_fact(a, "workstation"), a->time), a->time, account, act_fact(a, "logon"), k == 2 ? "rdp" : act_fact(a, "protocol"),
                  was_usual(s, node_at(s, at), account, source), ref_of_act(j, a));
        }
    }
    joined_tally *const *all = tallies_of(j, host, "logon.success", &count);
    for (size_t i = 0; i < count; i++) {
        const joined_tally *t = all[i];
        const char *account = tally_key(t, "account"), *source = tally_key(t, "source");
        bool anonymous = strcasecmp(account_name(account), "ANONYMOUS LOGON") == 0;
        if (!remote_type(tally_key(t, "type")) || (nobody(account) && !anonymous) || !source[0])
            continue;
        for (size_t b = 0; b < t->bucket_count; b++) {
            const joined_bucket *c = &t->buckets[b];
            evidence_ref ref = { .file = c->log->file, .channel = t->channel, .record = c->record, .time = c->first };
            if (anonymous) {
                null_session(s, at, place_of(j, source, tally_key(t, "workstation"), c->first), c->first, ref);
                null_session(s, at, place_of(j, source, tally_key(t, "workstation"), c->last), c->last, ref);
                continue;
            }
            logon(s, at, place_of(j, source, tally_key(t, "workstation"), c->first), c->first, account, "", tally_key(t, "protocol"), was_usual(s, node_at(s, at), account, source), ref);
            if (c->count > 1 && c->last != c->first)
                logon(s, at, place_of(j, source, tally_key(t, "workstation"), c->last), c->last, account, "", tally_key(t, "protocol"), was_usual(s, node_at(s, at), account, source), ref);
        }
    }
}

/* Acts with a source right before what ran: pipes and shares opened, connections accepted. */
static void by_contacts(story *s, uint32_t at)
{
    const joined *j = s->j;
    const node *n = node_at(s, at);
    static const struct { const char *kind; unsigned mark; } tallies[] = { { "connect.in", WAY_CONNECTED }, { "share.access", WAY_CONNECTED } };
    size_t count;
    for (size_t k = 0; k < 2; k++) {
        joined_tally *const *all = tallies_of(j, n->host, tallies[k].kind, &count);
        for (size_t i = 0; i < count; i++)
            for (size_t b = 0; b < all[i]->bucket_count; b++) {
                const joined_bucket *c = &all[i]->buckets[b];
                const told *which = NULL;
                if (!explains(s, c->first, NULL, "", &which) && !explains(s, c->last, NULL, "", &which))
                    continue;
                way *w = way_from(s, at, place_of(j, tally_key(all[i], "source"), NULL, c->first));
                if (!w)
                    continue;
                mark(w, tallies[k].mark, c->first, (evidence_ref){ .file = c->log->file, .channel = all[i]->channel, .record = c->record, .time = c->first });
                if (!w->means && means_told(which))
                    w->means = means_told(which);
                if (!w->means && strcmp(tally_key(all[i], "port"), "3389") == 0)
                    w->means = "rdp";
                way_cite(w, first_ref(which));
            }
    }
}

/* A service that ran for the first time within seconds of the logon carried what was asked for: where installations are not
 * written (Windows Server 2008), that is all the log tells of PsExec and its kin. */
static void by_service(const story *s, way *w)
{
    const joined *j = s->j;
    const node *n = node_at(s, w->to);
    size_t count, low = 0, high;
    const act *const *acts = acts_of(j, n->host, "service.run", &count);
    if (w->means || !(w->marks & WAY_LOGON) || !(w->marks & (WAY_NEAR | WAY_EXECUTED)) || !moment_known(w->time))
        return;
    for (high = count; low < high;) {
        size_t mid = low + (high - low) / 2;
        if (acts[mid]->time + weight_span(j, "story.service-ran") < w->time)
            low = mid + 1;
        else
            high = mid;
    }
    for (size_t i = low; i < count && moment_known(acts[i]->time) && acts[i]->time <= w->time + weight_span(j, "story.service-ran"); i++)
        if (!act_looks(acts[i], "family") && act_looks(acts[i], "random-name")) {
            w->means = "smb-service";
            way_cite(w, ref_of_act(j, acts[i]));
            return;
        }
}

/* The outgoing half at the place itself. */
static void by_outgoing(story *s, way *w)
{
    const joined *j = s->j;
    const node *n = node_at(s, w->to);
    size_t count;
    if (w->from.host == HOST_NONE || !host_of(j, w->from.host)->collected)
        return;
    moment slack = weight_span(j, "clock.default");
    const act *const *calls = acts_of(j, w->from.host, "remote.call", &count);
    for (size_t i = 0; i < count; i++) {
        const char *target = act_fact(calls[i], "target");
        uint32_t at[4];
        bool it_is = host_named(j, target, calls[i]->time) == n->host || (hosts_at(j, target, calls[i]->time, at) == 1 && at[0] == n->host);
        if (it_is && absolute(calls[i]->time, w->time) <= slack + MOMENT_MINUTE) {
            w->marks |= WAY_OUTGOING;
            way_cite(w, ref_of_act(j, calls[i]));
        }
    }
    joined_tally *const *out = tallies_of(j, w->from.host, "connect.out", &count);
    for (size_t i = 0; i < count && !(w->marks & WAY_OUTGOING); i++) {
        uint32_t at[4];
        if (hosts_at(j, tally_key(out[i], "dest"), w->time, at) != 1 || at[0] != n->host)
            continue;
        for (size_t b = 0; b < out[i]->bucket_count; b++)
            if (absolute(out[i]->buckets[b].first, w->time) <= slack + out[i]->buckets[b].width) {
                w->marks |= WAY_OUTGOING;
                way_cite(w, (evidence_ref){ .file = out[i]->buckets[b].log->file, .channel = out[i]->channel, .record = out[i]->buckets[b].record, .time = out[i]->buckets[b].first });
            }
    }
}

/* The node of the place's host whose story was under way: the last that had begun; else the nearest. */
static uint32_t node_of_place(const story *s, const way *w)
{
    uint32_t best = UINT32_MAX;
    bool begun = false;
    moment time = clock_true(s->j, node_at(s, w->to)->host, w->time), slack = 2 * weight_span(s->j, "clock.default");
    for (uint32_t i = 0; i < s->nodes.count && w->from.host != HOST_NONE; i++) {
        const node *n = node_at(s, i);
        if (n->host != w->from.host || !n->hostile)
            continue;
        moment from = clock_true(s->j, n->host, n->from), to = clock_true(s->j, n->host, n->to), access = clock_true(s->j, n->host, n->access);
        if (time + weight_span(s->j, "story.pause") < from || time > to + weight_span(s->j, "story.pause"))
            continue;
        bool now = access <= time + slack;
        if (best == UINT32_MAX || (now && !begun) || (now == begun && absolute(n->order, time) < absolute(node_at(s, best)->order, time))) {
            best = i;
            begun = now;
        }
    }
    return best;
}

static bool is_hub(const joined *j, uint32_t host, const char *address)
{
    size_t count, accounts = 0;
    joined_tally *const *all = tallies_of(j, host, "logon.success", &count);
    for (size_t i = 0; i < count; i++)
        accounts += address && strcmp(tally_key(all[i], "source"), address) == 0;
    return accounts >= (size_t)weight(j, "edge.hub-accounts");
}

/* Log-odds that this way is the one; false when time forbids it. */
static bool weigh(story *s, way *w)
{
    const joined *j = s->j;
    const node *n = node_at(s, w->to);
    double sum = 0;
    /* Who failed, and nothing more, did not get in. */
    if (!(w->marks & ~(unsigned)(WAY_FAILED | WAY_NEW | WAY_OUTGOING)))
        return false;
    /* Who logs on here every day explains nothing by doing so again. */
    if (w->marks & WAY_LOGON && !(w->marks & (WAY_NEW | WAY_EXECUTED | WAY_GUESSED | WAY_WROTE | WAY_FAILED | WAY_OUTGOING)))
        return false;
    if (w->marks & WAY_EXECUTED)
        sum += weight(j, "edge.executed");
    else if (w->marks & WAY_NEAR)
        sum += weight(j, w->marks & WAY_LOGON && !(w->marks & WAY_NEW) ? "edge.near-usual" : "edge.near");
    else if (w->marks & WAY_GUESSED)
        sum += weight(j, "edge.guessed");
    else if (w->marks & WAY_NULL_SESSION)
        sum += weight(j, "edge.null-session");
    else if (w->marks & WAY_WROTE)
        sum += weight(j, "edge.wrote");
    else if (w->marks & WAY_LOGON)
        sum += weight(j, w->marks & WAY_NEW ? "edge.logon-new" : "edge.logon-usual");
    else if (w->marks & WAY_CONNECTED)
        sum += weight(j, "edge.connected");
    if (w->marks & WAY_FAILED)
        sum += weight(j, "edge.failures");
    if (w->marks & WAY_EXPLOIT)
        sum += weight(j, "edge.exploit");
    if (w->marks & WAY_OUTGOING)
        sum += weight(j, "edge.outgoing");
    if (w->from.host == HOST_NONE && is_hub(j, n->host, w->from.address))
        sum += weight(j, "edge.hub");
    if (w->from.outside && w->marks & WAY_LOGON)
        sum += weight(j, "edge.outside-logon");
    w->from_node = node_of_place(s, w);
    if (w->from_node != UINT32_MAX) {
        const node *u = node_at(s, w->from_node);
        moment slack = 2 * weight_span(j, "clock.default");
        moment was = clock_true(j, u->host, u->access), is = clock_true(j, n->host, w->time);
        if (was + slack < is) {
            sum += weight(j, "edge.earlier");
        } else if (is + slack < was) {
            /* The record names the place all the same: then a clock is wrong, or the place was taken before its logs tell. */
            if (!(w->marks & (WAY_EXECUTED | WAY_NEAR | WAY_NULL_SESSION)))
                return false;
            w->marks |= WAY_BACKWARDS;
            sum += weight(j, "edge.backwards");
        }
    } else if (w->from.host != HOST_NONE && host_of(j, w->from.host)->collected) {
        sum += weight(j, "edge.from-clean");
    }
    w->weight = sum;
    return sum > 0;
}

/* Of two ways the logon's own: access is a password that was guessed, or one that was known. */
static void name_access(way *w)
{
    if (w->access)
        return;
    bool logged_on = w->marks & WAY_LOGON && w->marks & (WAY_EXECUTED | WAY_NEAR);
    if (w->marks & WAY_EXPLOIT || (w->marks & WAY_NULL_SESSION && !logged_on)) {
        w->access = "exploit";
        w->means = "smb-exploit";
        w->account = NULL;
    }
    else if (w->marks & WAY_LOGON || w->account)
        w->access = "known-credential";
    else
        w->access = "unknown";
}

static void look_up(const story *s, const node *n, struct looked_up *at)
{
    const joined *j = s->j;
    bool was;
    map_init(&at->places);
    map_init(&at->by_logon);
    map_init(&at->usual);
    uint32_t *runs = arena_array(j->mem, n->told_count, sizeof *runs);
    at->runs = runs;
    at->run_count = 0;
    for (size_t i = 0; i < n->told_count; i++) {
        const told *t = finding_at(j, n->told[i]);
        if (!is_first_run(s, n, t))
            continue;
        runs[at->run_count++] = n->told[i];
        if (!t->logon)
            continue;
        uint64_t *of = map_put(&at->by_logon, span_str(logon_key(j, t->logon)), &was);
        if (!was || (!means_told(finding_at(j, *of)) && means_told(t)))
            *of = n->told[i];
    }
    size_t count;
    joined_tally *const *all = tallies_of(j, n->host, "logon.success", &count);
    for (size_t i = 0; i < count; i++) {
        uint64_t *first = map_put(&at->usual, span_str(pair_key(j, tally_key(all[i], "account"), tally_key(all[i], "source"))), &was);
        *first = was && *first < all[i]->first ? *first : all[i]->first;
    }
}

void ways_find(story *s)
{
    vec_init(&s->ways, sizeof(way));
    for (uint32_t at = 0; at < s->nodes.count; at++) {
        if (!node_at(s, at)->hostile)
            continue;
        size_t from = s->ways.count, kept = from;
        struct looked_up found;
        look_up(s, node_at(s, at), &found);
        s->at = &found;
        by_findings(s, at);
        by_logons(s, at);
        by_contacts(s, at);
        for (size_t i = from; i < s->ways.count; i++) {
            way *w = way_at(s, i);
            by_service(s, w);
            by_outgoing(s, w);
            name_access(w);
            if (!w->means)
                w->means = "unknown";
            if (weigh(s, w)) {
                way keep = *w;
                *way_at(s, kept++) = keep;
            } else {
                vec_done(&w->evidence);
            }
        }
        s->ways.count = kept;
        s->at = NULL;
        map_done(&found.places);
        map_done(&found.by_logon);
        map_done(&found.usual);
        node_at(s, at)->ways_from = from;
        node_at(s, at)->ways_end = kept;
    }
}
