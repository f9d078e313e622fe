/* The way in, and the host where it began. At each node without a parent among the others the hypotheses
 * stand side by side - a guessed password, a known credential, an exploit, an act of a user, nothing known - and the answer is
 * given only when one leads. */
#include "incident/story.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { HYPOTHESES = 24 };

typedef struct {
    const char *access, *means, *account;
    place source;
    moment time;
    double weight, probability;
    vec evidence;
    sentence why;
} guess_at;

typedef struct { guess_at of[HYPOTHESES]; size_t count; } hypotheses;

static guess_at *add(hypotheses *h, const char *access, double w, moment time)
{
    if (h->count == HYPOTHESES)
        return NULL;
    guess_at *g = &h->of[h->count++];
    *g = (guess_at){ .access = access, .means = "unknown", .source = { .host = HOST_NONE }, .weight = w, .time = time };
    vec_init(&g->evidence, sizeof(evidence_ref));
    return g;
}

static void cite(guess_at *g, evidence_ref r)
{
    if (g->evidence.count < 8)
        *(evidence_ref *)vec_push(&g->evidence) = r;
}

static void cite_all(guess_at *g, const vec *refs)
{
    for (size_t i = 0; i < refs->count; i++)
        cite(g, *(const evidence_ref *)vec_at(refs, i));
}

/* What the first runs of the node were started through, when they say so; else what the protocol means. */
static const char *means_of(const story *s, const node *n, place from, const char *protocol, const char *logon)
{
    const joined *j = s->j;
    const char *near = NULL;
    for (size_t i = n->ways_from; i < n->ways_end; i++)
        if (place_same(way_at(s, i)->from, from) && strcmp(way_at(s, i)->means, "unknown") != 0)
            return way_at(s, i)->means;
    for (size_t i = 0; i < n->told_count; i++) {
        const told *t = finding_at(j, n->told[i]);
        if (t->how_far < REACH_EXECUTION || t->f.time < n->access || t->f.time > n->onset + weight_span(j, "story.first-runs"))
            continue;
        const char *means = means_told(t);
        if (!means)
            continue;
        if (logon && t->logon && strcasecmp(logon, t->logon) == 0)
            return means;
        if (!near || strcmp(near, "smb-file") == 0)
            near = means;
    }
    static const char *const direct[] = { "rdp", "mssql", "winrm", "ssh", "wmi" };
    for (size_t i = 0; protocol && i < sizeof direct / sizeof *direct; i++)
        if (strcmp(protocol, direct[i]) == 0)
            return direct[i];
    return near ? near : "unknown";
}

/* Something of the first half hour ran in this logon's session, or right after it. */
static bool was_used(const story *s, const node *n, const char *logon, moment time)
{
    const joined *j = s->j;
    for (size_t i = 0; i < n->told_count; i++) {
        const told *t = finding_at(j, n->told[i]);
        if (t->how_far < REACH_EXECUTION || t->f.severity < SEVERITY_MEDIUM || t->f.time + 2 * MOMENT_SECOND < time)
            continue;
        if (logon && t->logon && strcasecmp(logon, t->logon) == 0)
            return true;
        if (t->f.time >= time && t->f.time - time <= weight_span(j, "entry.used-within"))
            return true;
    }
    return false;
}

/* Where the log of logons leaves the client's address empty (network level authentication), the session that the account then
 * opened names it. */
static const act *session_after(const joined *j, uint32_t host, const told *t)
{
    size_t count;
    const act *const *acts = acts_of(j, host, "rdp.session", &count);
    for (size_t i = 0; t->account && i < count; i++)
        if (act_fact(acts[i], "source")[0] && acts[i]->time + 2 * MOMENT_SECOND >= t->f.time && acts[i]->time < t->f.time + weight_span(j, "story.rdp-near")
            && strcmp(act_fact(acts[i], "what"), "logon") == 0 && account_same(act_fact(acts[i], "account"), t->account))
            return acts[i];
    return NULL;
}

static void guessed(const story *s, const node *n, hypotheses *h)
{
    const joined *j = s->j;
    for (size_t i = 0; i < n->told_count; i++) {
        const told *t = finding_at(j, n->told[i]);
        if (strcmp(t->f.kind, "logon-after-guessing") != 0 || t->f.time > n->onset + weight_span(j, "story.logged-late"))
            continue;
        double w = weight(j, "entry.guessed") * t->f.confidence / 100;
        if (was_used(s, n, t->logon, t->f.time))
            w += weight(j, "entry.used");
        guess_at *g = add(h, "guessed-password", w, t->f.time);
        if (!g)
            return;
        const act *desk = t->source ? NULL : session_after(j, n->host, t);
        const char *source = desk ? act_fact(desk, "source") : t->source;
        g->account = t->account;
        g->source = place_of(j, source, desk ? NULL : t->workstation, t->f.time);
        g->means = desk ? "rdp" : means_of(s, n, g->source, t->means, t->logon);
        cite_all(g, &t->evidence);
        if (desk)
            cite(g, ref_of_act(j, desk));
        bool own = t->workstation && host_named(j, t->workstation, t->f.time) == n->host;       /* a client that says the host's own name */
        g->why = say(j, "entry.guessed", "account", ARG_TEXT, t->account, "source", ARG_TEXT, source, "workstation", ARG_TEXT, own ? NULL : t->workstation, "means", ARG_WORD, g->means, "time", ARG_TIME, write_time(j, t->f.time), NULL);
    }
}

/* The same logon as one that followed guessing is not told again as a credential that was known. */
static bool is_guessed(const hypotheses *h, const way *w)
{
    for (size_t i = 0; i < h->count; i++)
        if (strcmp(h->of[i].access, "guessed-password") == 0 && place_same(h->of[i].source, w->from))
            return true;
    return false;
}

static void known(const story *s, uint32_t at, hypotheses *h)
{
    const joined *j = s->j;
    const node *n = node_at(s, at);
    for (size_t i = n->ways_from; i < n->ways_end; i++) {
        const way *w = way_at(s, i);
        if (!(w->marks & (WAY_LOGON | WAY_GUESSED)) || is_guessed(h, w))
            continue;
        double sum = w->marks & WAY_GUESSED ? weight(j, "entry.tried-then-ran") : w->marks & WAY_NEW ? weight(j, "entry.known-new") : weight(j, "entry.known-usual");
        if (w->marks & (WAY_EXECUTED | WAY_NEAR) || (w->marks & WAY_NEW && was_used(s, n, w->logon, w->time)))
            sum += weight(j, "entry.used");
        if (w->marks & WAY_FAILED)
            sum += weight(j, "entry.failed-before");
        /* Whether failures came before can only be said where the log of failures was kept. */
        moment hour = w->time > MOMENT_HOUR ? w->time - MOMENT_HOUR : 0;
        bool told = logons_told(j, n->host, hour, w->time) && log_looks(j, n->host, "Security", hour, w->time) == LOOK_SEEN;
        const char *access = !told && !(w->marks & (WAY_FAILED | WAY_GUESSED)) ? "unknown" : w->marks & (WAY_FAILED | WAY_GUESSED) ? "guessed-password" : "known-credential";
        guess_at *g = add(h, access, sum, w->time);
        if (!g)
            return;
        g->account = w->account;
        g->source = w->from;
        g->means = w->means;
        cite_all(g, &w->evidence);
        g->why = say(j, strcmp(access, "unknown") == 0 ? "entry.logon" : strcmp(access, "guessed-password") == 0 ? "entry.guessed" : "entry.known", "account", ARG_TEXT, w->account, "source", ARG_TEXT, place_name(j, w->from), "means", ARG_WORD, w->means, "time", ARG_TIME, write_time(j, w->time), NULL);
    }
}

static bool has_exploit(const hypotheses *h)
{
    for (size_t i = 0; i < h->count; i++)
        if (strcmp(h->of[i].access, "exploit") == 0)
            return true;
    return false;
}

static const told *first_run(const story *s, const node *n)
{
    for (size_t i = 0; i < n->told_count; i++) {
        const told *t = finding_at(s->j, n->told[i]);
        if (t->how_far >= REACH_EXECUTION && t->f.severity >= SEVERITY_MEDIUM && t->f.time >= n->onset)
            return t;
    }
    return NULL;
}

static bool ran_as_system(const story *s, const node *n)
{
    const told *t = first_run(s, n);
    const char *sid = t ? told_fact(t, "by_sid") : NULL;
    return t && ((t->logon && strcasecmp(t->logon, "0x3e7") == 0) || (sid && strcmp(sid, "S-1-5-18") == 0) || !t->account || account_is_system(t->account, sid));
}

/* What ran first ran in the session of somebody who sat at the host: by the logon's id, or by the account within a day. */
static bool at_the_console(const story *s, const node *n, hypotheses *h)
{
    const joined *j = s->j;
    static const char *const screens[] = { "2", "7", "11" };
    const told *t = first_run(s, n);
    size_t count;
    const act *const *acts = acts_of(j, n->host, "logon.session", &count);
    for (size_t i = count; t && t->account && i-- > 0;) {
        const act *a = acts[i];
        bool screen = false, session = t->logon && strcasecmp(act_fact(a, "logon"), t->logon) == 0;
        for (size_t k = 0; k < 3; k++)
            screen = screen || strcmp(act_fact(a, "type"), screens[k]) == 0;
        if (!screen || act_fact(a, "source")[0] || a->time > n->onset || n->onset - a->time > MOMENT_DAY || !(session || account_same(act_fact(a, "account"), t->account)))
            continue;
        guess_at *g = add(h, "user-action", weight(j, "entry.console"), n->onset);
        if (!g)
            return false;
        g->account = t->account;
        cite(g, ref_of_act(j, a));
        cite_all(g, &t->evidence);
        g->why = say(j, "entry.console", "account", ARG_TEXT, t->account, "time", ARG_TIME, write_time(j, n->onset), NULL);
        return true;
    }
    return false;
}

/* A finding that itself says how: an attack on a service, a system process that starts a shell, a document that does. */
static void exploited(const story *s, const node *n, hypotheses *h)
{
    const joined *j = s->j;
    bool logged_on = false;
    for (size_t i = n->ways_from; i < n->ways_end; i++)
        logged_on = logged_on || (way_at(s, i)->marks & WAY_LOGON && way_at(s, i)->marks & (WAY_EXECUTED | WAY_NEAR));
    for (size_t i = 0; i < n->told_count; i++) {
        const told *t = finding_at(j, n->told[i]);
        if (t->f.time > n->onset + weight_span(j, "story.first-runs"))
            continue;
        bool chain = strcmp(t->f.kind, "process-chain") == 0, shell, office = false;
        shell = chain && system_shell(t);
        for (size_t k = 0; chain && k < t->facts.count; k++) {
            const fact *f = vec_at(&t->facts, k);
            office = office || (strcmp(f->name, "looks") == 0 && strstr(f->value, "office-shell"));
        }
        bool web = t->means && strcmp(t->means, "web") == 0;
        if (strcmp(t->f.kind, "exploit-attempt") != 0 && !shell && !office && !web)
            continue;
        double w = weight(j, office ? "entry.user" : shell || web ? "entry.exploit-shell" : "entry.exploit-trace");
        if (!logged_on && !office)
            w += weight(j, "entry.no-logon");
        guess_at *g = add(h, office ? "user-action" : "exploit", w, t->f.time);
        if (!g)
            return;
        g->source = place_of(j, t->source, t->workstation, t->f.time);
        for (size_t k = n->ways_from; !office && g->source.host == HOST_NONE && !g->source.address && k < n->ways_end; k++)
            if (way_at(s, k)->marks & (WAY_CONNECTED | WAY_EXPLOIT | WAY_NULL_SESSION))
                g->source = way_at(s, k)->from;
        g->means = web ? "web" : office ? "mail" : "smb-exploit";
        cite_all(g, &t->evidence);
        g->why = say(j, office ? "entry.user" : "entry.exploit", "source", ARG_TEXT, place_name(j, g->source), "time", ARG_TIME, write_time(j, t->f.time), "means", ARG_WORD, g->means, NULL);
        if (shell || web)
            return;
    }
    /* A session as nobody right before what ran, and no logon that explains it. */
    for (size_t i = n->ways_from; !logged_on && h->count < HYPOTHESES && i < n->ways_end; i++) {
        const way *w = way_at(s, i);
        if (!(w->marks & WAY_NULL_SESSION) || has_exploit(h))
            continue;
        guess_at *g = add(h, "exploit", weight(j, "entry.null-session") + weight(j, "entry.no-logon"), w->time);
        g->source = w->from;
        g->means = "smb-exploit";
        cite_all(g, &w->evidence);
        g->why = say(j, "entry.exploit", "source", ARG_TEXT, place_name(j, w->from), "time", ARG_TIME, write_time(j, w->time), "means", ARG_WORD, g->means, NULL);
    }
    if (!logged_on && h->count == 0 && at_the_console(s, n, h))
        return;
    /* Something ran as the system's, and the log that would tell of a logon was kept and tells of none. */
    if (!logged_on && h->count == 0 && ran_as_system(s, n) && log_looks(j, n->host, "Security", n->onset > MOMENT_HOUR ? n->onset - MOMENT_HOUR : 0, n->onset) == LOOK_SEEN) {
        guess_at *g = add(h, "exploit", weight(j, "entry.exploit-silent"), n->onset);
        if (g) {
            g->means = "smb-exploit";
            g->why = say(j, "entry.silent", "time", ARG_TIME, write_time(j, n->onset), NULL);
        }
    }
}

static int by_weight(const void *a, const void *b)
{
    const guess_at *l = a, *r = b;
    if (l->weight != r->weight)
        return l->weight > r->weight ? -1 : 1;
    if (l->time != r->time)
        return l->time < r->time ? -1 : 1;
    int order = strcmp(l->account ? l->account : "", r->account ? r->account : "");
    return order ? order : strcmp(l->access, r->access);
}

/* Hypotheses that differ only in the session are one: the strongest speaks for it. */
static void fold(hypotheses *h)
{
    size_t kept = 0;
    for (size_t i = 0; i < h->count; i++) {
        size_t k = 0;
        while (k < kept && !(strcmp(h->of[k].access, h->of[i].access) == 0 && place_same(h->of[k].source, h->of[i].source) &&
                             (!h->of[k].account || !h->of[i].account || account_same(h->of[k].account, h->of[i].account))))
            k++;
        if (k < kept)
            vec_done(&h->of[i].evidence);
        else
            h->of[kept++] = h->of[i];
    }
    h->count = kept;
}

static void put(const joined *j, const guess_at *g, uint32_t host, uint32_t episode, entry_way *out)
{
    *out = (entry_way){ .host = host, .time = g->time, .access = g->access, .means = g->means, .account = g->account, .source = g->source,
                        .confidence = (unsigned)(g->probability * 100 + 0.5), .why = g->why, .episode = episode, .evidence_count = g->evidence.count };
    out->evidence = arena_array(j->mem, g->evidence.count, sizeof *out->evidence);
    if (g->evidence.count)
        memcpy(out->evidence, g->evidence.at, g->evidence.count * sizeof *out->evidence);
}

static bool names_place(place p) { return p.host != HOST_NONE || p.address; }

/* The entry of one node; false when no hypothesis leads. */
static bool entry_of(story *s, uint32_t at, entry_way *out, sentence *unknown)
{
    const joined *j = s->j;
    const node *n = node_at(s, at);
    hypotheses h = { 0 };
    guessed(s, n, &h);
    known(s, at, &h);
    exploited(s, n, &h);
    qsort(h.of, h.count, sizeof *h.of, by_weight);
    fold(&h);
    bool blind = log_looks(j, n->host, "Security", n->onset > MOMENT_HOUR ? n->onset - MOMENT_HOUR : 0, n->onset) == LOOK_BLIND;
    /* A log of another channel that tells of the logon sees, whatever became of the Security log. */
    blind = blind && (h.count == 0 || h.of[0].evidence.count == 0 || h.of[0].weight < weight(j, "entry.seen-from"));
    double nothing = weight(j, blind ? "entry.unknown-blind" : "entry.unknown"), all = exp(nothing);
    for (size_t i = 0; i < h.count; i++)
        all += exp(h.of[i].weight);
    /* A source inside the network was itself reached from somewhere: this is the way into the host, hardly into the network. */
    for (size_t i = 0; i < h.count; i++)
        h.of[i].probability = fmin(exp(h.of[i].weight) / all, weight(j, h.of[i].source.outside || !names_place(h.of[i].source) ? "entry.surest" : "entry.surest-inside") / 100);
    bool leads = h.count > 0 && h.of[0].probability >= weight(j, "entry.told-from") / 100;
    if (leads) {
        put(j, &h.of[0], n->host, n->episode, out);
        out->alternatives = arena_array(j->mem, h.count, sizeof *out->alternatives);
        for (size_t i = 1; i < h.count; i++)
            if (h.of[i].probability >= 0.03)
                put(j, &h.of[i], n->host, n->episode, &out->alternatives[out->alternative_count++]);
    } else {
        *unknown = say(j, blind && moment_known(log_begins(j, n->host, "Security")) && log_begins(j, n->host, "Security") < n->onset ? "entry.gap" : blind ? "entry.blind" : h.count ? "entry.several" : "entry.none", "host", ARG_HOST, host_name(j, n->host), "time", ARG_TIME, write_time(j, n->onset), "begins", ARG_TIME,
                       write_time(j, log_begins(j, n->host, "Security")), "access", ARG_WORD, h.count ? h.of[0].access : NULL, "account", ARG_TEXT, h.count ? h.of[0].account : NULL, "source", ARG_TEXT, h.count ? place_name(j, h.of[0].source) : NULL,
                       "confidence", ARG_PERCENT, h.count ? write_u64(j, (uint64_t)(h.of[0].probability * 100 + 0.5)) : NULL, NULL);
    }
    for (size_t i = 0; i < h.count; i++)
        vec_done(&h.of[i].evidence);
    return leads;
}

/* ---- The first host ---------------------------------------------------------------------------------------------------------- */

typedef struct { place where; double p; uint32_t node; } candidate;

static int by_p(const void *a, const void *b)
{
    const candidate *l = a, *r = b;
    return l->p != r->p ? (l->p > r->p ? -1 : 1) : (l->node > r->node) - (l->node < r->node);
}

/* The earliest root is the first: of nodes in order of onset, P(it is a root and none before it is). A root that a host without
 * evidence of its own reached hands its share to that host. */
static size_t candidates_of(const story *s, uint32_t episode, candidate *out)
{
    size_t count = 0;
    double left = 1;
    map dark;                                        /* places without evidence: their number */
    map_init(&dark);
    for (size_t m = s->member_from[episode]; m < s->member_from[episode + 1]; m++) {
        const uint32_t i = s->members[m];
        const node *n = node_at(s, i);
        if (!n->hostile)
            continue;
        double share = left * n->root, inside = 0;
        for (size_t k = n->ways_from; k < n->ways_end; k++) {
            const way *w = way_at(s, k);
            if (w->from_node != UINT32_MAX || w->from.outside || w->probability < 0.01)
                continue;
            double part = left * w->probability;
            bool was;
            uint64_t *c = map_put(&dark, span_str(w->from.host != HOST_NONE ? arena_printf(s->j->mem, "%u", w->from.host) : w->from.address ? w->from.address : ""), &was);
            if (!was) {
                *c = count;
                out[count++] = (candidate){ w->from, 0, UINT32_MAX };
            }
            out[*c].p += part;
            inside += part;
        }
        out[count++] = (candidate){ { .host = n->host }, share > inside ? share - inside : 0, i };
        left *= 1 - n->root;
    }
    map_done(&dark);
    qsort(out, count, sizeof *out, by_p);
    return count;
}

/* Another host of the episode that none of the told ones reached may have a beginning of its own; so may one whose record of the
 * step is older than what its source had done by then. */
static bool begins_elsewhere(const story *s, uint32_t episode, uint32_t host)
{
    for (size_t m = s->member_from[episode]; m < s->member_from[episode + 1]; m++) {
        const node *n = node_at(s, s->members[m]);
        if (n->hostile && n->host != host && n->root >= weight(s->j, "entry.root-from") / 100)
            return true;
        for (size_t i = n->ways_from; i < n->ways_end; i++)
            if (way_at(s, i)->marks & WAY_BACKWARDS && way_at(s, i)->probability >= weight(s->j, "edge.told-from") / 100)
                return true;
    }
    return false;
}

static first_host *first_of(const story *s, uint32_t episode, sentence *unknown)
{
    joined *j = s->j;
    size_t most = 1;
    for (size_t m = s->member_from[episode]; m < s->member_from[episode + 1]; m++)
        most += 1 + node_at(s, s->members[m])->ways_end - node_at(s, s->members[m])->ways_from;
    candidate *all = arena_array(j->mem, most, sizeof *all);
    size_t count = candidates_of(s, episode, all);
    if (!count)
        return NULL;
    double lead = all[0].p - (count > 1 ? all[1].p : 0);
    const node *n = all[0].node == UINT32_MAX ? NULL : node_at(s, all[0].node);
    moment day = n && n->onset > MOMENT_DAY ? n->onset - MOMENT_DAY : 0;
    bool blind = n && log_looks(j, n->host, "Security", day, n->onset) == LOOK_BLIND && log_looks(j, n->host, "System", day, n->onset) == LOOK_BLIND;
    if (all[0].where.host == HOST_NONE || all[0].p < weight(j, "first.told-from") / 100 || lead < weight(j, "first.lead") / 100 || blind) {
        *unknown = say(j, all[0].where.host == HOST_NONE ? "first.dark" : blind ? "first.blind" : "first.several", "host", all[0].where.host == HOST_NONE ? ARG_TEXT : ARG_HOST,
                       all[0].where.host == HOST_NONE ? all[0].where.address : host_name(j, all[0].where.host), "other",
                       count > 1 && all[1].where.host == HOST_NONE ? ARG_TEXT : ARG_HOST, count > 1 ? place_name(j, all[1].where) : NULL, NULL);
        return NULL;
    }
    first_host *f = arena_alloc(j->mem, sizeof *f);
    /* Where no record says that it was reached from outside, a host inside that nobody collected may have been before it. */
    bool outside = n && n->outside >= n->root * weight(j, "first.outside-share") / 100;
    double surest = !n ? weight(j, "first.surest-dark") : !outside ? weight(j, "first.surest-unseen")
                    : begins_elsewhere(s, episode, n->host) ? weight(j, "first.surest-several") : weight(j, "first.surest");
    f->host = all[0].where.host;
    f->time = n ? n->access : MOMENT_UNKNOWN;
    f->episode = episode;
    f->confidence = (unsigned)(fmin(all[0].p * 100, surest) + 0.5);
    f->alternatives = arena_array(j->mem, count, sizeof *f->alternatives);
    for (size_t i = 1; i < count; i++)
        if (all[i].p >= 0.05) {
            f->alternatives[f->alternative_count].where = all[i].where;
            f->alternatives[f->alternative_count++].confidence = (unsigned)(all[i].p * 100 + 0.5);
        }
    return f;
}

/* Something in it stands by itself: of signs alone neither a way in nor a beginning is told. */
static bool is_solid(const story *s, uint32_t episode)
{
    for (size_t m = s->member_from[episode]; m < s->member_from[episode + 1]; m++) {
        const node *n = node_at(s, s->members[m]);
        for (size_t k = 0; n->hostile && k < n->told_count; k++) {
            const told *t = finding_at(s->j, n->told[k]);
            if (t->how_far >= REACH_ACCESS && told_hard(s->j, t))
                return true;
        }
    }
    return false;
}

/* The episode that matters most: most hosts, then gravest, then heaviest, then first. */
static uint32_t main_episode(const story *s)
{
    uint32_t best = 0;
    double most = -1;
    for (uint32_t e = 1; e <= s->episodes; e++) {
        double sum = 0;
        for (size_t m = s->member_from[e]; m < s->member_from[e + 1]; m++) {
            const node *n = node_at(s, s->members[m]);
            if (n->hostile)
                sum += 10 + n->weight + n->gravest;
        }
        if (sum > most && sum > 0) {
            most = sum;
            best = e;
        }
    }
    return best;
}

/* A further entry: a record names the outside as the likeliest place that this node was reached from. */
static bool came_from_outside(const story *s, uint32_t at)
{
    for (size_t i = node_at(s, at)->ways_from; i < node_at(s, at)->ways_end; i++)
        if (way_at(s, i)->from.outside && way_at(s, i)->probability >= weight(s->j, "entry.root-from") / 100)
            return true;
    /* What was at work on another host before rather came from there. */
    return node_at(s, at)->outside >= weight(s->j, "entry.further-from") / 100 && !node_at(s, at)->explained;
}

static size_t hosts_taken(const story *s, uint32_t episode)
{
    size_t count = 0;
    bool *seen = arena_array(s->j->mem, host_total(s->j), sizeof *seen);
    for (size_t i = 0; i < s->nodes.count; i++) {
        const node *n = node_at(s, i);
        if (n->hostile && !seen[n->host] && (!episode || n->episode == episode) && host_of(s->j, n->host)->infected == INFECTED_YES)
            seen[n->host] = ++count;
    }
    return count;
}

/* Each hostile episode has its own first host, and is called by it where it is told. */
static void firsts_tell(const story *s, uint32_t told_of, sentence *unknown, size_t *others)
{
    joined *j = s->j;
    moment before = MOMENT_UNKNOWN;
    uint32_t where = HOST_NONE;
    *others = 0;
    for (uint32_t e = 1; e <= s->episodes; e++) {
        episode *out = &j->out->episodes[e - 1];
        sentence why = { 0 };
        if (!out->hostile || !is_solid(s, e))
            continue;
        out->first = first_of(s, e, &why);
        if (out->first)
            out->first->why = say(j, moment_known(out->first->time) ? "first.earliest" : "first.not-collected", "host", ARG_HOST, host_name(j, out->first->host), "time", ARG_TIME, write_time(j, out->first->time), NULL);
        if (e == told_of) {
            *unknown = why;
            continue;
        }
        ++*others;
        for (size_t m = s->member_from[e]; m < s->member_from[e + 1]; m++) {
            const node *n = node_at(s, s->members[m]);
            if (n->hostile && n->access < before) {
                before = n->access;
                where = n->host;
            }
        }
    }
    first_host *f = told_of ? j->out->episodes[told_of - 1].first : NULL;
    if (f && *others) {
        f->why = say_more(j, f->why, "others", ARG_NUMBER, write_u64(j, *others));
        if (moment_known(before) && moment_known(f->time) && before < f->time)
            f->why = say_more(j, say_more(j, f->why, "before", ARG_TIME, write_time(j, before)), "where", ARG_HOST, host_name(j, where));
    }
}

void entries_tell(story *s)
{
    joined *j = s->j;
    suyuan_case *c = j->out;
    uint32_t told_of = main_episode(s);
    sentence first_unknown = { 0 };
    size_t others;
    c->entries = arena_array(j->mem, s->nodes.count, sizeof *c->entries);
    if (told_of && !is_solid(s, told_of)) {
        c->entry_unknown = say(j, "entry.signs", NULL);
        c->first_unknown = say(j, "first.signs", NULL);
        return;
    }
    firsts_tell(s, told_of, &first_unknown, &others);
    /* Where unrelated episodes share the hosts among them, none of them is the beginning of the rest. */
    bool scattered = others && (double)hosts_taken(s, told_of) < weight(j, "story.main-share") / 100 * (double)hosts_taken(s, 0);
    if (scattered) {
        const char *count = write_u64(j, others + 1);
        j->scattered = others + 1;
        c->entry_unknown = say(j, "entry.unrelated", "count", ARG_NUMBER, count, NULL);
        c->first_unknown = say(j, "first.unrelated", "count", ARG_NUMBER, count, NULL);
    } else if (told_of) {
        c->first = c->episodes[told_of - 1].first;
        c->first_unknown = first_unknown;
    }
    bool main_done = scattered;
    for (uint32_t i = 0; i < s->nodes.count; i++) {
        const node *n = node_at(s, i);
        bool is_first = n->episode == told_of && !main_done && (c->first ? c->first->host == n->host : n->root >= weight(j, "entry.root-from") / 100);
        first_host *own = scattered ? c->episodes[n->episode - 1].first : NULL;
        if (!n->hostile || (!is_first && !came_from_outside(s, i) && !(own && own->host == n->host && own->time == n->access)))
            continue;
        entry_way e;
        sentence unknown = { 0 };
        bool known_entry = entry_of(s, i, &e, &unknown);
        if (is_first) {
            main_done = true;
            if (known_entry) {
                c->entry = arena_alloc(j->mem, sizeof *c->entry);
                *c->entry = e;
            } else {
                c->entry_unknown = unknown;
            }
        } else if (known_entry) {
            c->entries[c->entries_count++] = e;
        }
    }
    if (told_of && !main_done)
        c->entry_unknown = say(j, "entry.not-here", NULL);
}
