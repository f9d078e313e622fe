/* Did the guesser get in? A success of the same client after its failures, or, where the log leaves the client empty, the
 * first success of an account that had just failed, from where it never came before. */
#include "incident/guessing.h"

#include <stdlib.h>

typedef struct {
    const act *session;                     /* NULL: a tally tells */
    const joined_tally *tally;
    moment time;
    const char *account, *sid, *source, *workstation, *type, *protocol, *logon;
} success;

static int by_time(const void *a, const void *b)
{
    const success *l = a, *r = b;
    if (l->time != r->time)
        return l->time < r->time ? -1 : 1;
    if ((l->session == NULL) != (r->session == NULL))
        return l->session ? -1 : 1;
    int order = strcmp(l->account, r->account);
    return order ? order : strcmp(l->source, r->source);
}

static void take_act(vec *out, const act *a)
{
    *(success *)vec_push(out) = (success){ a, NULL, a->time, act_fact(a, "account"), act_fact(a, "sid"), act_fact(a, "source"),
                                           act_fact(a, "workstation"), act_fact(a, "type"), act_fact(a, "protocol"), act_fact(a, "logon") };
}

/* Successes in order of time: sessions with their exact time, and the first of each bucket of the tallies. */
static size_t successes(const joined *j, uint32_t host, success **out)
{
    static const char *const kinds[] = { "logon.guessed", "logon.session" };
    vec all;
    size_t n;
    vec_init(&all, sizeof(success));
    for (size_t k = 0; k < 2; k++) {
        const act *const *acts = acts_of(j, host, kinds[k], &n);
        for (size_t i = 0; i < n; i++)
            take_act(&all, acts[i]);
    }
    joined_tally *const *tallies = tallies_of(j, host, "logon.success", &n);
    for (size_t i = 0; i < n; i++) {
        const joined_tally *t = tallies[i];
        for (size_t b = 0; b < t->bucket_count; b++)
            *(success *)vec_push(&all) = (success){ NULL, t, t->buckets[b].first, tally_key(t, "account"), tally_key(t, "sid"), tally_key(t, "source"),
                                                    tally_key(t, "workstation"), tally_key(t, "type"), tally_key(t, "protocol"), "" };
    }
    vec_sort(&all, by_time);
    *out = arena_array(j->mem, all.count, sizeof **out);
    if (all.count)
        memcpy(*out, all.at, all.count * sizeof **out);
    n = all.count;
    vec_done(&all);
    return n;
}

static bool remote(const success *s)
{
    return strcmp(s->type, "2") != 0 && strcmp(s->type, "7") != 0 && strcmp(s->type, "11") != 0 && strcmp(s->type, "9") != 0;
}

static bool same_client(const campaign *c, const success *s)
{
    const char *source = campaign_source(c);
    if (source)
        return strcmp(source, s->source) == 0;
    return !s->source[0] && c->workstation[0] && strcasecmp(c->workstation, s->workstation) == 0;
}

/* The pair of this account and this client succeeded on an earlier day, before the first failure. */
static bool was_usual(const success *all, size_t count, const success *s, const campaign *c)
{
    for (size_t i = 0; i < count && all[i].time < c->from; i++)
        if (account_same(all[i].account, s->account) && strcmp(all[i].source, s->source) == 0
            && (s->source[0] || strcasecmp(all[i].workstation, s->workstation) == 0) && c->from - all[i].time > MOMENT_HOUR)
            return true;
    return false;
}

static uint64_t rule_number(const joined *j, const char *key)
{
    bool found;
    int64_t n = profile_number(profile_get(profile_root(j->facts, "guessing"), "success"), key, &found);
    return n < 0 ? 0 : (uint64_t)n;
}

static moment rule_span(const joined *j, const char *key)
{
    bool found;
    return (moment)profile_duration(profile_get(profile_root(j->facts, "guessing"), "success"), key, &found) * MOMENT_SECOND;
}

/* How well a success fits a campaign: 0 not at all. */
static unsigned fits(const joined *j, const campaign *c, const success *s, const success *all, size_t count)
{
    moment window = c->sort == GUESS_SLOW ? rule_span(j, "window_slow") : rule_span(j, "window");
    if (c->stale || !remote(s) || account_is_system(s->account, s->sid) || strcasecmp(account_name(s->account), "ANONYMOUS LOGON") == 0)
        return 0;
    if (s->time < c->from || s->time > c->to + window || campaign_before(c, s->time) < rule_number(j, "tries"))
        return 0;
    bool tried = campaign_tried(c, s->account, s->time), usual = was_usual(all, count, s, c);
    if (same_client(c, s))
        return tried ? usual ? (unsigned)weight(j, "guessed.sure-usual") : (unsigned)weight(j, "guessed.sure-same") : usual
                     ? 0 : (unsigned)weight(j, "guessed.sure-other-account");
    /* Who got in stops trying that account; who goes on did not. */
    if (campaign_source(c) || !tried || usual || campaign_after(c, s->account, s->time) > (uint64_t)weight(j, "guessed.tries-after"))
        return 0;
    return (unsigned)weight(j, s->source[0] ? "guessed.sure-account" : "guessed.sure-account-only");
}

static const act *session_near(const success *all, size_t count, const success *s)
{
    for (size_t i = 0; i < count; i++) {
        moment apart = all[i].time > s->time ? all[i].time - s->time : s->time - all[i].time;
        if (all[i].session && apart < 2 * MOMENT_SECOND && account_same(all[i].account, s->account) && strcmp(all[i].source, s->source) == 0)
            return all[i].session;
    }
    return NULL;
}

static void tell(joined *j, campaign *c, const success *s, const success *all, size_t count, unsigned sure)
{
    uint64_t before = campaign_before(c, s->time);
    const act *session = s->session ? s->session : session_near(all, count, s);
    const char *logon = session ? act_fact(session, "logon") : "", *source = s->source[0] ? s->source : campaign_source(c);
    if (before < (uint64_t)weight(j, "guessing.few") && sure > (unsigned)weight(j, "guessed.sure-few"))
        sure = (unsigned)weight(j, "guessed.sure-few");
    told *t = finding_new(j, c->host, "logon-after-guessing", s->time, arena_printf(j->mem, "%s %s", account_name(s->account), source ? source : ""));
    t->f.severity = sure >= (unsigned)weight(j, "guessed.critical-from") ? SEVERITY_CRITICAL : before < (uint64_t)weight(j, "guessing.few") ? SEVERITY_MEDIUM : SEVERITY_HIGH;
    t->f.confidence = sure;
    t->how_far = REACH_ACCESS;
    t->weight = weight(j, "host.guessed-in") * sure / 100;
    t->source = source;
    t->workstation = s->workstation[0] ? s->workstation : c->workstation[0] ? c->workstation : NULL;
    t->account = s->account;
    t->logon = logon[0] ? logon : NULL;
    t->access = "guessed-password";
    static const char *const carriers[] = { "rdp", "mssql", "winrm", "ssh", "wmi" };     /* a network logon alone does not say what it was for */
    for (size_t i = 0; i < sizeof carriers / sizeof *carriers; i++)
        if (strcmp(carriers[i], c->protocol) == 0)
            t->means = carriers[i];
    finding_technique(j, t, "T1110.001 T1078");
    finding_fact(j, t, "failures_before", write_u64(j, before));
    finding_fact(j, t, "account", s->account);
    finding_fact(j, t, "sid", s->sid);
    finding_fact(j, t, "source", s->source);
    finding_fact(j, t, "workstation", s->workstation);
    finding_fact(j, t, "protocol", c->protocol);
    finding_fact(j, t, "type", s->type);
    finding_fact(j, t, "logon", logon);
    finding_fact(j, t, "last_failure", write_time(j, c->to < s->time ? c->to : s->time));
    finding_entity(j, t, "account", s->account);
    finding_entity(j, t, "address", source);
    finding_entity(j, t, "protocol", c->protocol);
    if (session)
        finding_act(j, t, session);
    else
        finding_tally(j, t, s->tally, s->time, s->time);
    finding_ref(t, (evidence_ref){ .file = c->tries[0].log->file, .channel = c->tries[0].of->channel, .record = c->tries[0].record, .time = c->tries[0].first });
    t->f.text = say(j, same_client(c, s) ? "guessed.same-client" : "guessed.same-account", "account", ARG_TEXT, s->account, "source", ARG_TEXT, source,
                    "workstation", ARG_TEXT, s->workstation, "failures", ARG_NUMBER, write_u64(j, before), "protocol", ARG_WORD, c->protocol,
                    "time", ARG_TIME, write_time(j, s->time), NULL);
}

enum { FOLLOWED_MOST = 65536 };     /* successes held against campaigns of clients that the log does not name, of one host */

static int by_source_time(const void *a, const void *b)
{
    const success *l = *(const success *const *)a, *r = *(const success *const *)b;
    int order = strcmp(l->source, r->source);
    return order ? order : l < r ? -1 : l > r;           /* `won` is in order of time */
}

static size_t first_of_source(const success *const *by_source, size_t n, const char *source)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (strcmp(by_source[mid]->source, source) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Each account that a campaign won is told once, at its first success: of a campaign whose client is known only that client's
 * successes can fit. */
void campaigns_follow(joined *j, campaign *all, size_t count)
{
    success *won;
    if (count == 0)
        return;
    size_t n = successes(j, all[0].host, &won), followed = 0;
    const success **by_source = arena_array(j->mem, n, sizeof *by_source);
    for (size_t k = 0; k < n; k++)
        by_source[k] = &won[k];
    if (n)
        qsort(by_source, n, sizeof *by_source, by_source_time);
    for (size_t i = 0; i < count; i++) {
        campaign *c = &all[i];
        const char *source = campaign_source(c);
        map told_of;
        map_init(&told_of);
        for (size_t k = source ? first_of_source(by_source, n, source) : 0; k < n; k++) {
            const success *s = source ? by_source[k] : &won[k];
            if (source && strcmp(s->source, source) != 0)
                break;
            if (!source && s->time >= c->from && ++followed > FOLLOWED_MOST)
                break;
            unsigned sure = fits(j, c, s, won, n);
            if (sure == 0)
                continue;
            char *low = arena_str(j->mem, account_name(s->account));
            bool was;
            utf8_lower_ascii(low);
            map_put(&told_of, span_str(low), &was);
            if (was)
                continue;
            tell(j, c, s, won, n, sure);
            if (!c->success_time) {
                c->success_time = s->time;
                c->success = s->session;
                c->success_tally = s->tally;
            }
        }
        map_done(&told_of);
    }
    if (followed > FOLLOWED_MOST)
        *(digest_cut *)vec_push(&j->cuts) = (digest_cut){ .kind = "join.guessing", .dropped = followed - FOLLOWED_MOST };
}
