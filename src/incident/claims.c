/* Does the evidence bear out what the responder was told? A claim is contradicted only when what was told, give or take its
 * precision, and what the evidence says are disjoint; a difference of exactly the zone's offset is named as such. */
#include "incident/claims.h"

#include <stdlib.h>

void claim_cites(joined *j, checking *c, evidence_ref ref)
{
    claim *out = c->out;
    evidence_ref *more = arena_array(j->mem, out->evidence_count + 1, sizeof *more);
    if (out->evidence_count)
        memcpy(more, out->evidence, out->evidence_count * sizeof *more);
    more[out->evidence_count++] = ref;
    out->evidence = more;
}

static void cite(joined *j, checking *c, const act *a) { claim_cites(j, c, ref_of_act(j, a)); }

static void cite_bucket(joined *j, checking *c, const joined_tally *t, const joined_bucket *b)
{
    claim_cites(j, c, (evidence_ref){ .file = b->log->file, .channel = t->channel, .record = b->record, .time = b->first });
}

void claim_decides(checking *c, const char *verdict, const char *found, sentence why)
{
    c->out->verdict = verdict;
    c->out->found = found;
    c->out->why = why;
}

static moment apart(const scene_claim *c, moment t)
{
    return t < c->from ? c->from - t : t > c->until ? t - c->until : 0;
}

/* The told time lies off the found one by exactly the zone's offset: it was read in the wrong zone. */
static bool by_zone(const joined *j, const scene_claim *c, moment t, moment slack)
{
    int64_t offset = (int64_t)zone_minutes(&j->scene->zone, t) * (int64_t)MOMENT_MINUTE;
    if (offset == 0)
        return false;
    for (int sign = -1; sign <= 1; sign += 2) {
        moment shifted = (moment)((int64_t)t + sign * offset);
        if (apart(c, shifted) <= slack)
            return true;
    }
    return false;
}

static bool covered(const joined *j, const checking *c, const char *channel)
{
    moment margin = MOMENT_HOUR;
    moment from = c->told->from > margin ? c->told->from - margin : 0;
    return log_looks(j, c->host, channel, from, c->told->until + margin) == LOOK_SEEN;
}

/* A moment that was told against the moment nearest to it that the evidence has; `alive`: a sign of life, after which it happened. */
static void against(joined *j, checking *c, moment t, moment slack, bool alive, const act *a, const char *channel, const char *confirmed, const char *contradicted)
{
    const char *found = write_time(j, t), *sign = alive ? "yes" : NULL;
    if (a)
        cite(j, c, a);
    if (apart(c->told, t) <= slack)
        claim_decides(c, "confirmed", found, say(j, confirmed, "time", ARG_TIME, found, "alive", ARG_TEXT, sign, NULL));
    else if (by_zone(j, c->told, t, slack))
        claim_decides(c, "contradicted", found, say(j, "claim.zone", "time", ARG_TIME, found, "zone", ARG_TEXT, j->scene->zone.name, NULL));
    else if (covered(j, c, channel))
        claim_decides(c, "contradicted", found, say(j, contradicted, "time", ARG_TIME, found, "alive", ARG_TEXT, sign, NULL));
    else
        claim_decides(c, "undecided", found, say(j, "claim.not-covered", "channel", ARG_TEXT, channel, "time", ARG_TIME, found, NULL));
}

static void blue_screen(joined *j, checking *c)
{
    const stop *best = NULL;
    for (size_t i = 0; i < j->stops.count; i++) {
        const stop *s = vec_at(&j->stops, i);
        if (s->host != c->host)
            continue;
        bool nearer = !best || apart(c->told, s->time) < apart(c->told, best->time) || (s->code && !best->code && apart(c->told, s->time) == apart(c->told, best->time));
        if (nearer)
            best = s;
    }
    if (!best) {
        bool sure = covered(j, c, "System");
        claim_decides(c, sure ? "contradicted" : "undecided", NULL, say(j, sure ? "claim.no-crash" : "claim.no-log", "channel", ARG_TEXT, "System", NULL));
        return;
    }
    moment slack = strcmp(best->basis, "binary") == 0 || strcmp(best->basis, "text") == 0 ? weight_span(j, "claims.heartbeat") : best->slack;
    against(j, c, best->time, slack, stop_is_sign_of_life(best), best->unexpected ? best->unexpected : best->bugcheck ? best->bugcheck : best->power, "System",
            best->code ? "claim.crash" : "claim.stop", best->code ? "claim.crash-other" : "claim.stop-other");
}

static void restarted(joined *j, checking *c)
{
    static const char *const kinds[] = { "boot.start", "boot.planned", "boot.stop" };
    const act *best = NULL;
    for (size_t k = 0; k < 3; k++) {
        size_t n;
        const act *const *acts = acts_of(j, c->host, kinds[k], &n);
        for (size_t i = 0; i < n; i++)
            if (!best || apart(c->told, acts[i]->time) < apart(c->told, best->time))
                best = acts[i];
    }
    if (best)
        against(j, c, best->time, weight_span(j, "claims.restart"), false, best, "System", "claim.restart", "claim.restart-other");
    else
        claim_decides(c, covered(j, c, "System") ? "contradicted" : "undecided", NULL,
               say(j, covered(j, c, "System") ? "claim.no-restart" : "claim.no-log", "channel", ARG_TEXT, "System", NULL));
}

static void first_seen(joined *j, checking *c)
{
    moment first = host_of(j, c->host)->first_hostile;
    if (!moment_known(first)) {
        claim_decides(c, "undecided", NULL, say(j, "claim.no-trace", NULL));
        return;
    }
    const char *found = write_time(j, first);
    if (apart(c->told, first) == 0)
        claim_decides(c, "confirmed", found, say(j, "claim.first", "time", ARG_TIME, found, NULL));
    else if (by_zone(j, c->told, first, MOMENT_MINUTE))
        claim_decides(c, "contradicted", found, say(j, "claim.zone", "time", ARG_TIME, found, "zone", ARG_TEXT, j->scene->zone.name, NULL));
    else if (first < c->told->from)
        claim_decides(c, "contradicted", found, say(j, "claim.first-earlier", "time", ARG_TIME, found, NULL));
    else
        claim_decides(c, "undecided", found, say(j, "claim.first-later", "time", ARG_TIME, found, NULL));
}

static void nobody(joined *j, checking *c)
{
    static const char *const kinds[] = { "logon.guessed", "logon.session", "rdp.session" };
    for (size_t k = 0; k < 3; k++) {
        size_t n;
        const act *const *acts = acts_of(j, c->host, kinds[k], &n);
        for (size_t i = 0; i < n; i++)
            if (apart(c->told, acts[i]->time) == 0 && !account_is_system(act_fact(acts[i], "account"), act_fact(acts[i], "sid")) && act_fact(acts[i], "account")[0]) {
                cite(j, c, acts[i]);
                claim_decides(c, "contradicted", act_fact(acts[i], "account"),
                       say(j, "claim.somebody", "account", ARG_TEXT, act_fact(acts[i], "account"), "source", ARG_TEXT, act_fact(acts[i], "source"), "time", ARG_TIME,
                           write_time(j, acts[i]->time), NULL));
                return;
            }
    }
    size_t n;
    joined_tally *const *tallies = tallies_of(j, c->host, "logon.success", &n);
    for (size_t i = 0; i < n; i++)
        for (size_t b = 0; b < tallies[i]->bucket_count; b++)
            if (tallies[i]->buckets[b].first <= c->told->until && tallies[i]->buckets[b].last >= c->told->from) {
                cite_bucket(j, c, tallies[i], &tallies[i]->buckets[b]);
                claim_decides(c, "contradicted", tally_key(tallies[i], "account"),
                       say(j, "claim.somebody", "account", ARG_TEXT, tally_key(tallies[i], "account"), "source", ARG_TEXT, tally_key(tallies[i], "source"), "time",
                           ARG_TIME, write_time(j, tallies[i]->buckets[b].first), NULL));
                return;
            }
    bool seen = covered(j, c, "Security") && n > 0;
    claim_decides(c, seen ? "confirmed" : "undecided", NULL, say(j, seen ? "claim.nobody" : "claim.no-log", "channel", ARG_TEXT, "Security", NULL));
}

static void slow(joined *j, checking *c)
{
    size_t count;
    const uint32_t *all = findings_of_host(j, c->host, &count);
    for (size_t i = 0; i < count; i++) {
        const told *t = finding_at(j, all[i]);
        if (strcmp(t->f.kind, "miner") != 0 || t->innocent)
            continue;
        bool before = t->f.time <= c->told->until;
        if (t->of)
            cite(j, c, t->of);
        claim_decides(c, before ? "confirmed" : "undecided", write_time(j, t->f.time), say(j, before ? "claim.slow" : "claim.slow-later", "time", ARG_TIME,
                                                                                 write_time(j, t->f.time), NULL));
        return;
    }
    claim_decides(c, "undecided", NULL, say(j, "claim.no-measure", NULL));
}

/* The words of a product that name its release: numbers, and R2. A name may tell a client and a server of one build
 * ("Windows 7 SP1 / Server 2008 R2 SP1"): each side stands for itself. */
typedef struct { const char *word[8]; size_t length[8], count; bool second; } release;

static release release_of(const char *name, size_t length)
{
    release r = { .count = 0 };
    for (size_t i = 0; i < length && r.count < 8;) {
        size_t n = strcspn(name + i, " ,()/");
        n = n < length - i ? n : length - i;
        const char *word = name + i;
        if (n == 2 && strncasecmp(word, "R2", 2) == 0)
            r.second = true;
        else if (n > 0 && word[0] >= '0' && word[0] <= '9') {
            r.word[r.count] = word;
            r.length[r.count++] = n;
        }
        i += n + (i + n < length);
    }
    return r;
}

typedef enum { OS_OTHER, OS_NEAR, OS_SAME } os_fit;

/* Every told number stands there, and R2 on both sides or on none: 2008 and 2008 R2 are two systems. */
static os_fit fits(const release *told, const char *found, size_t length)
{
    release r = release_of(found, length);
    for (size_t i = 0; i < told->count; i++) {
        bool there = false;
        for (size_t k = 0; k < r.count; k++)
            there = there || (r.length[k] == told->length[i] && strncasecmp(r.word[k], told->word[i], r.length[k]) == 0);
        if (!there)
            return OS_OTHER;
    }
    return told->count == 0 ? OS_OTHER : r.second == told->second ? OS_SAME : OS_NEAR;
}

static os_fit same_system(const char *told, const char *found)
{
    release r = release_of(told, strlen(told));
    os_fit best = OS_OTHER;
    for (const char *side = found; side;) {
        const char *slash = strchr(side, '/');
        os_fit fit = fits(&r, side, slash ? (size_t)(slash - side) : strlen(side));
        best = fit > best ? fit : best;
        side = slash ? slash + 1 : NULL;
    }
    return best;
}

static void system_told(joined *j, checking *c)
{
    const char *os = host_of(j, c->host)->os;
    if (!os) {
        claim_decides(c, "undecided", NULL, say(j, "claim.no-measure", NULL));
        return;
    }
    os_fit fit = same_system(c->told->value, os);
    claim_decides(c, fit == OS_SAME ? "confirmed" : "contradicted", os, say(j, fit == OS_SAME ? "claim.os" : fit == OS_NEAR ? "claim.os-near" : "claim.os-other", "found", ARG_TEXT, os, "told", ARG_TEXT, c->told->value, NULL));
}

static void antivirus(joined *j, checking *c)
{
    static const char *const kinds[] = { "av.detect", "defence.off" };
    const char *other = NULL;
    for (size_t k = 0; k < 2; k++) {
        size_t n;
        const act *const *acts = acts_of(j, c->host, kinds[k], &n);
        for (size_t i = 0; i < n; i++) {
            const char *product = act_fact(acts[i], "product");
            if (product[0] && (strcasestr(product, c->told->value) || strcasestr(c->told->value, product))) {
                cite(j, c, acts[i]);
                claim_decides(c, "confirmed", product, say(j, "claim.antivirus", "found", ARG_TEXT, product, NULL));
                return;
            }
            other = product[0] && !other ? product : other;
        }
    }
    if (claim_antivirus_state(j, c))
        return;
    claim_decides(c, "undecided", other, say(j, other ? "claim.antivirus-other" : "claim.no-measure", "found", ARG_TEXT, other, NULL));
}

static void account(joined *j, checking *c)
{
    static const char *const kinds[] = { "account.create", "account.enable", "account.reset", "logon.session", "logon.guessed", "group.add" };
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        size_t n;
        const act *const *acts = acts_of(j, c->host, kinds[k], &n);
        for (size_t i = 0; i < n; i++) {
            const char *name = act_fact(acts[i], strcmp(kinds[k], "group.add") == 0 ? "member" : "account");
            if (strcasecmp(account_name(name), account_name(c->told->value)) != 0)
                continue;
            cite(j, c, acts[i]);
            claim_decides(c, "confirmed", name, say(j, "claim.account", "account", ARG_TEXT, name, "time", ARG_TIME, write_time(j, acts[i]->time), NULL));
            return;
        }
    }
    if (!claim_account_state(j, c))
        claim_decides(c, "undecided", NULL, say(j, "claim.no-measure", NULL));
}

static void open_port(joined *j, checking *c)
{
    static const struct { unsigned port; const char *protocol; } known[] = { { 3389, "rdp" }, { 1433, "mssql" }, { 445, "smb" }, { 5985, "winrm" }, { 22, "ssh" } };
    static const char *const kinds[] = { "logon.failure", "logon.success", "connect.in" };
    char port[8] = { 0 };
    for (unsigned n = c->told->port, i = 0, d = 10000; d; d /= 10)
        if (n / d || i)
            port[i++] = (char)('0' + n / d % 10);
    for (size_t k = 0; k < 3; k++) {
        size_t n;
        joined_tally *const *tallies = tallies_of(j, c->host, kinds[k], &n);
        for (size_t i = 0; i < n; i++) {
            bool hit = strcmp(tally_key(tallies[i], "port"), port) == 0;
            for (size_t p = 0; p < sizeof known / sizeof *known; p++)
                hit |= known[p].port == c->told->port && strcmp(tally_key(tallies[i], "protocol"), known[p].protocol) == 0;
            if (!hit || !tally_key(tallies[i], "source")[0] || !tallies[i]->bucket_count)
                continue;
            cite_bucket(j, c, tallies[i], &tallies[i]->buckets[0]);
            claim_decides(c, "confirmed", tally_key(tallies[i], "source"),
                   say(j, "claim.port", "source", ARG_TEXT, tally_key(tallies[i], "source"), "time", ARG_TIME, write_time(j, tallies[i]->first), NULL));
            return;
        }
    }
    if (!claim_port_state(j, c))
        claim_decides(c, "undecided", NULL, say(j, "claim.no-measure", NULL));
}

static uint32_t host_told(const joined *j, const scene_claim *c)
{
    uint32_t at[4], found = host_named(j, c->host, MOMENT_UNKNOWN);
    if (found != HOST_NONE)
        return found;
    if (hosts_at(j, c->host, MOMENT_UNKNOWN, at) == 1)
        return at[0];
    if (c->index == SCENE_NO_HOST)
        return HOST_NONE;
    const scene_host *s = &j->scene->hosts[c->index];
    found = host_named(j, s->name, MOMENT_UNKNOWN);
    for (size_t i = 0; found == HOST_NONE && i < s->address_count; i++)
        if (hosts_at(j, s->addresses[i], MOMENT_UNKNOWN, at) == 1)
            found = at[0];
    return found;
}

void claims_check(joined *j)
{
    static void (*const checks[])(joined *, checking *) = {
        [SCENE_BLUE_SCREEN] = blue_screen, [SCENE_RESTART] = restarted, [SCENE_SLOW] = slow, [SCENE_FIRST_SEEN] = first_seen,
        [SCENE_NOBODY_LOGGED_ON] = nobody, [SCENE_OS] = system_told, [SCENE_ANTIVIRUS] = antivirus, [SCENE_OPEN_PORT] = open_port,
        [SCENE_ACCOUNT] = account, [SCENE_PATCH] = claim_patch,
    };
    suyuan_case *out = j->out;
    if (!j->scene)
        return;
    out->claims = arena_array(j->mem, j->scene->claim_count, sizeof *out->claims);
    for (size_t i = 0; i < j->scene->claim_count; i++) {
        const scene_claim *told = &j->scene->claims[i];
        claim *to = &out->claims[out->claim_count++];
        checking c = { told, host_told(j, told), to };
        *to = (claim){ .host = c.host, .what = scene_word(told->what), .told = told->value, .precision = told->precision_told, .verdict = "undecided" };
        if (c.host == HOST_NONE)
            to->why = say(j, "claim.no-host", "name", ARG_TEXT, told->host, NULL);
        else if (!host_of(j, c.host)->collected)
            to->why = say(j, "claim.not-collected", "name", ARG_TEXT, told->host, NULL);
        else if ((size_t)told->what < sizeof checks / sizeof *checks && checks[told->what])
            checks[told->what](j, &c);
        else
            to->why = say(j, "claim.no-measure", NULL);
    }
}
