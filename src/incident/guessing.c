/* Was a password guessed? Failed logons become campaigns: bursts, spraying, names that nobody has, slow guessing. A service
 * with an old password and a scanner look alike and are told apart. Thresholds: profiles/guessing.yml. */
#include "incident/guessing.h"

#include <ctype.h>
#include <stdlib.h>

typedef struct {
    const char *protocol, *source, *workstation;
    bool local, many;
    vec tallies;                                     /* of const joined_tally * */
} client;

static const profile_node *rule(const joined *j, const char *name)
{
    return profile_get(profile_root(j->facts, "guessing"), name);
}

static uint64_t rule_number(const joined *j, const char *name, const char *key)
{
    bool found;
    int64_t n = profile_number(rule(j, name), key, &found);
    return n < 0 ? 0 : (uint64_t)n;
}

static moment rule_span(const joined *j, const char *name, const char *key)
{
    bool found;
    return (moment)profile_duration(rule(j, name), key, &found) * MOMENT_SECOND;
}

/* ---- Clients ---- */

static bool is_try(const joined *j, const joined_tally *t)
{
    const char *protocol = tally_key(t, "protocol");
    return !profile_has(profile_root(j->facts, "guessing"), "not_a_try", tally_key(t, "reason"))
           && strcmp(protocol, "service") != 0 && strcmp(protocol, "batch") != 0;
}

typedef struct { vec all; map of; } client_list;     /* clients, and where each is in them */

static void client_key(buf *key, const char *protocol, const char *source, const char *workstation, bool local, bool many)
{
    buf_init(key, SIZE_MAX);
    buf_printf(key, "%s\x1f%s\x1f%d%d\x1f", protocol, source, local, many);
    for (const char *c = workstation; *c; c++)
        buf_char(key, (char)tolower((unsigned char)*c));
}

static client *client_known(client_list *list, const char *protocol, const char *source, const char *workstation, bool local, bool many)
{
    buf key;
    client_key(&key, protocol, source, workstation, local, many);
    const uint64_t *at = map_find(&list->of, buf_bytes(&key));
    buf_done(&key);
    return at ? vec_at(&list->all, *at) : NULL;
}

static client *client_of(client_list *list, const char *protocol, const char *source, const char *workstation, bool local, bool many)
{
    buf key;
    bool was_there;
    client_key(&key, protocol, source, workstation, local, many);
    uint64_t *at = map_put(&list->of, buf_bytes(&key), &was_there);
    buf_done(&key);
    if (was_there)
        return vec_at(&list->all, *at);
    *at = list->all.count;
    client *c = vec_push(&list->all);
    *c = (client){ protocol, source, workstation, local, many, { 0 } };
    vec_init(&c->tallies, sizeof(const joined_tally *));
    return c;
}

static uint64_t seen_of(const vec *tallies)
{
    uint64_t n = 0;
    for (size_t i = 0; i < tallies->count; i++)
        n += (*(joined_tally *const *)vec_at(tallies, i))->total;
    return n;
}

static void move(client *from, client *to)
{
    for (size_t i = 0; i < from->tallies.count; i++)
        *(const void **)vec_push(&to->tallies) = *(const void **)vec_at(&from->tallies, i);
    from->tallies.count = 0;
}

static bool tried_little(const joined *j, const client *c)
{
    return !c->source[0] && c->workstation[0] && c->tallies.count && seen_of(&c->tallies) <= (uint64_t)weight(j, "guessing.changing-tries");
}

/* Names that clients give change with every try of some tools: many names that tried little each are one client without one. */
static void forget_changing_names(const joined *j, client_list *list)
{
    uint64_t many = (uint64_t)weight(j, "guessing.changing-names");
    size_t total = list->all.count;
    map names;
    map_init(&names);
    for (size_t i = 0; i < total; i++) {
        const client *c = vec_at(&list->all, i);
        if (tried_little(j, c))
            ++*map_put(&names, span_str(c->protocol), &(bool){ false });
    }
    for (size_t i = 0; i < total; i++) {
        const client *c = vec_at(&list->all, i);
        if (tried_little(j, c) && *map_find(&names, span_str(c->protocol)) >= many) {
            client *to = client_of(list, c->protocol, "", "", false, false);
            move(vec_at(&list->all, i), to);
        }
    }
    map_done(&names);
}

static bool overlap(const joined_tally *a, const joined_tally *b, moment slack)
{
    return a->first <= b->last + slack && b->first <= a->last + slack;
}

/* With network level authentication the Security log has a network logon where the remote desktop's own log has the address:
 * one client whose network tries lie in the time of its own RDP tries is an RDP client. */
static void network_to_rdp(const joined *j, client_list *list)
{
    vec *clients = &list->all;
    moment slack = weight_span(j, "guessing.same-time");
    for (size_t i = 0; i < clients->count; i++) {
        client *rdp = vec_at(clients, i);
        if (strcmp(rdp->protocol, "rdp") != 0 || !rdp->source[0])
            continue;
        for (int local = 0; local < 2; local++) {
            client *net = client_known(list, "network", rdp->source, "", local, false);
            if (!net || !net->tallies.count || !rdp->tallies.count)
                continue;
            const joined_tally *a = *(joined_tally *const *)vec_at(&net->tallies, 0), *b = *(joined_tally *const *)vec_at(&rdp->tallies, 0);
            if (!overlap(a, b, slack))
                continue;
            if (seen_of(&net->tallies) >= seen_of(&rdp->tallies))
                rdp->tallies.count = 0;                  /* the same tries: those with accounts are kept */
            else
                net->tallies.count = 0;
            move(net, rdp);
        }
    }
}

static void clients_of(const joined *j, uint32_t host, client_list *list)
{
    size_t n;
    joined_tally *const *tallies = tallies_of(j, host, "logon.failure", &n);
    for (size_t i = 0; i < n; i++) {
        const joined_tally *t = tallies[i];
        if (!is_try(j, t))
            continue;
        const char *source = tally_key(t, "source"), *protocol = tally_key(t, "protocol");
        bool local = strcmp(tally_key(t, "source_local"), "yes") == 0;
        bool many = strcmp(tally_key(t, "others"), "sources") == 0;
        client *c = client_of(list, protocol[0] ? protocol : "network", source, source[0] || local || many ? "" : tally_key(t, "workstation"), local, many);
        *(const joined_tally **)vec_push(&c->tallies) = t;
    }
    forget_changing_names(j, list);
    network_to_rdp(j, list);
}

/* ---- Campaigns ---- */

static int by_start(const void *a, const void *b)
{
    const tries *l = a, *r = b;
    if (l->first != r->first)
        return l->first < r->first ? -1 : 1;
    if (l->last != r->last)
        return l->last < r->last ? -1 : 1;
    int order = strcmp(l->log->file, r->log->file);
    return order ? order : (l->record > r->record) - (l->record < r->record);
}

static size_t tries_of(const joined *j, const client *c, tries **out)
{
    size_t total = 0;
    for (size_t i = 0; i < c->tallies.count; i++)
        total += (*(joined_tally *const *)vec_at(&c->tallies, i))->bucket_count;
    *out = arena_array(j->mem, total, sizeof **out);
    total = 0;
    for (size_t i = 0; i < c->tallies.count; i++) {
        const joined_tally *t = *(joined_tally *const *)vec_at(&c->tallies, i);
        for (size_t b = 0; b < t->bucket_count; b++) {
            const joined_bucket *k = &t->buckets[b];
            (*out)[total++] = (tries){ k->start, k->width, k->first, k->last, k->count, t, k->record, k->log };
        }
    }
    qsort(*out, total, sizeof **out, by_start);
    return total;
}

/* How many of a bucket's tries fall into a window at least as its counts are evenly spread; a bucket within it counts whole. */
static double share(const tries *t, moment from, moment to)
{
    if (t->first >= from && t->last <= to)
        return t->count;
    if (t->last < from || t->first > to || t->last <= t->first)
        return t->first >= from && t->first <= to ? t->count : 0;
    moment low = t->first > from ? t->first : from, high = t->last < to ? t->last : to;
    return (double)t->count * (double)(high - low) / (double)(t->last - t->first);
}

/* All tries of a campaign by time alone: buckets of many accounts that begin together become one. */
static size_t by_time_alone(arena *mem, const campaign *c, tries **out)
{
    size_t n = 0;
    *out = arena_array(mem, c->try_count, sizeof **out);
    for (size_t i = 0; i < c->try_count; i++) {
        const tries *t = &c->tries[i];
        tries *last = n ? &(*out)[n - 1] : NULL;
        if (last && last->start == t->start && last->width == t->width) {
            last->count += t->count;
            last->last = t->last > last->last ? t->last : last->last;
        } else {
            (*out)[n++] = *t;
        }
    }
    return n;
}

static double most_within(const tries *t, size_t count, moment window)
{
    double most = 0;
    for (size_t i = 0; i < count; i++) {
        moment from = t[i].first, to = from + window;
        double sum = 0;
        for (size_t k = i; k < count && t[k].first <= to; k++)
            sum += share(&t[k], from, to);
        most = sum > most ? sum : most;
    }
    return most;
}

/* Distinct accounts tried within a window, at best; with a reason, only tries that failed for it. */
static size_t accounts_within(const campaign *c, moment window, const char *reason)
{
    size_t most = 0, now = 0;
    map seen;
    map_init(&seen);
    for (size_t i = 0, end = 0; i < c->try_count; i++) {
        for (; end < c->try_count && c->tries[end].first <= c->tries[i].first + window; end++)
            if (!reason || strcmp(tally_key(c->tries[end].of, "reason"), reason) == 0)
                now += (*map_put(&seen, span_str(tally_key(c->tries[end].of, "account")), &(bool){ false }))++ == 0;
        most = now > most ? now : most;
        if (!reason || strcmp(tally_key(c->tries[i].of, "reason"), reason) == 0)
            now -= --*map_find(&seen, span_str(tally_key(c->tries[i].of, "account"))) == 0;
    }
    map_done(&seen);
    return most;
}

typedef struct { const char *value; uint64_t count; } counted;

static int by_count(const void *a, const void *b)
{
    const counted *l = a, *r = b;
    if (l->count != r->count)
        return l->count > r->count ? -1 : 1;
    return strcmp(l->value, r->value);
}

/* What most tries have under a key; how many values there are. "*" is the folded rest of a cap, not a value. */
static const char *most_of(const campaign *c, const char *key, uint64_t *distinct)
{
    map of;
    vec all;
    map_init(&of);
    vec_init(&all, sizeof(counted));
    for (size_t i = 0; i < c->try_count; i++) {
        const char *value = tally_key(c->tries[i].of, key);
        if (!value[0] || strcmp(value, "*") == 0)
            continue;
        bool was;
        uint64_t *at = map_put(&of, span_str(value), &was);
        if (!was) {
            *at = all.count;
            *(counted *)vec_push(&all) = (counted){ value, 0 };
        }
        ((counted *)vec_at(&all, *at))->count += c->tries[i].count;
    }
    vec_sort(&all, by_count);
    const char *most = all.count ? ((counted *)vec_at(&all, 0))->value : "";
    *distinct = all.count;
    map_done(&of);
    vec_done(&all);
    return most;
}

static int by_moment(const void *a, const void *b)
{
    moment l = *(const moment *)a, r = *(const moment *)b;
    return (l > r) - (l < r);
}

/* A machine tries at even intervals: the gaps between its tries hardly differ. */
static bool is_even(const joined *j, const campaign *c)
{
    size_t n = c->try_count;
    if (n < (size_t)weight(j, "innocent.even-tries"))
        return false;
    moment *gaps = arena_array(j->mem, n - 1, sizeof *gaps);
    for (size_t i = 1; i < n; i++)
        gaps[i - 1] = c->tries[i].first - c->tries[i - 1].first;
    qsort(gaps, n - 1, sizeof *gaps, by_moment);
    moment median = gaps[(n - 1) / 2];
    for (size_t i = 0; i < n - 1; i++)
        gaps[i] = gaps[i] > median ? gaps[i] - median : median - gaps[i];
    qsort(gaps, n - 1, sizeof *gaps, by_moment);
    return median > 0 && (double)gaps[(n - 1) / 2] < weight(j, "innocent.even-spread") * (double)median;
}

static guess_sort judge(const joined *j, const campaign *c, const tries *timed, size_t count)
{
    double per_account = c->accounts ? (double)c->total / (double)c->accounts : (double)c->total;
    if (accounts_within(c, rule_span(j, "spray", "window"), NULL) >= rule_number(j, "spray", "accounts")
        && per_account <= (double)rule_number(j, "spray", "tries_per_account"))
        return GUESS_SPRAY;
    if (most_within(timed, count, rule_span(j, "burst", "window")) >= (double)rule_number(j, "burst", "tries"))
        return GUESS_BURST;
    if (accounts_within(c, rule_span(j, "unknown_names", "window"), "0xc0000064") >= rule_number(j, "unknown_names", "accounts"))
        return GUESS_NAMES;
    if (most_within(timed, count, rule_span(j, "slow", "window")) >= (double)rule_number(j, "slow", "tries"))
        return GUESS_SLOW;
    return GUESS_NONE;
}

/* "No such account", as NTLM, Kerberos and SQL Server say it. */
static bool is_nobody(const char *reason)
{
    return strcmp(reason, "0xc0000064") == 0 || strcmp(reason, "0x6") == 0 || strcmp(reason, "user") == 0;
}

static void measure(const joined *j, campaign *c)
{
    uint64_t reasons;
    for (size_t i = 0; i < c->try_count; i++) {
        c->total += c->tries[i].count;
        c->nobodys += is_nobody(tally_key(c->tries[i].of, "reason")) ? c->tries[i].count : 0;
        if (c->tries[i].last > c->to)
            c->to = c->tries[i].last;
    }
    c->from = c->tries[0].first;
    c->account = most_of(c, "account", &c->accounts);
    c->reason = most_of(c, "reason", &reasons);
    tries *timed;
    size_t count = by_time_alone(j->mem, c, &timed);
    c->peak = most_within(timed, count, MOMENT_MINUTE - 1);
    c->sort = judge(j, c, timed, count);
    c->stale = c->accounts == 1 && c->peak < (double)rule_number(j, "burst", "tries") && is_even(j, c);
}

/* A client's tries, cut where it paused long. */
static void cut_campaigns(const joined *j, uint32_t host, const client *c, vec *out)
{
    tries *all;
    size_t n = tries_of(j, c, &all);
    moment pause = weight_span(j, "guessing.pause"), last = 0;
    for (size_t from = 0, i = 0; i < n; i++) {
        last = i == from || all[i].last > last ? all[i].last : last;
        if (i + 1 < n && all[i + 1].first <= last + pause)
            continue;
        campaign *made = vec_push(out);
        *made = (campaign){ .host = host, .protocol = c->protocol, .source = c->source, .workstation = c->workstation, .local = c->local, .many = c->many,
                            .tries = all + from, .try_count = i + 1 - from };
        measure(j, made);
        if (made->sort == GUESS_NONE && !made->stale)
            out->count--;
        from = i + 1;
    }
}

/* ---- Sources that the log leaves empty ---- */

typedef struct { const char *source; moment first, last; } contact;

static int by_source(const void *a, const void *b)
{
    const contact *l = a, *r = b;
    int order = strcmp(l->source, r->source);
    return order ? order : (l->first > r->first) - (l->first < r->first);
}

/* Who else spoke with the host's remote desktop: failures, connections and sessions that have an address. */
static void contacts_of(const joined *j, uint32_t host, vec *out)
{
    static const char *const counted_kinds[] = { "logon.failure", "rdp.accept" }, *const acts_kinds[] = { "rdp.connect" };
    for (size_t k = 0; k < 2; k++) {
        size_t n;
        joined_tally *const *tallies = tallies_of(j, host, counted_kinds[k], &n);
        for (size_t i = 0; i < n; i++) {
            const joined_tally *t = tallies[i];
            bool rdp = k == 1 || strcmp(tally_key(t, "protocol"), "rdp") == 0;
            for (size_t b = 0; rdp && tally_key(t, "source")[0] && b < t->bucket_count; b++)
                *(contact *)vec_push(out) = (contact){ tally_key(t, "source"), t->buckets[b].first, t->buckets[b].last };
        }
    }
    size_t n;
    const act *const *acts = acts_of(j, host, acts_kinds[0], &n);
    for (size_t i = 0; i < n; i++)
        if (act_fact(acts[i], "source")[0])
            *(contact *)vec_push(out) = (contact){ act_fact(acts[i], "source"), acts[i]->time, acts[i]->time };
    vec_sort(out, by_source);
}

/* The share of a campaign's tries that lie at a contact of this address. */
static double explained(const campaign *c, const contact *all, size_t count, moment slack)
{
    uint64_t hit = 0;
    for (size_t i = 0; i < c->try_count; i++)
        for (size_t k = 0; k < count; k++)
            if (c->tries[i].first <= all[k].last + slack && all[k].first <= c->tries[i].last + slack) {
                hit += c->tries[i].count;
                break;
            }
    return (double)hit / (double)c->total;
}

/* Another log of the host may name who connected at those times: the one address that explains most of the tries. */
static void learn_source(const joined *j, campaign *c)
{
    if (c->source[0] || c->local || (strcmp(c->protocol, "network") != 0 && strcmp(c->protocol, "rdp") != 0))
        return;
    vec all;
    vec_init(&all, sizeof(contact));
    contacts_of(j, c->host, &all);
    double best = 0, second = 0;
    const char *found = NULL;
    for (size_t from = 0, end; from < all.count; from = end) {
        const contact *run = vec_at(&all, from);
        for (end = from + 1; end < all.count && strcmp(((const contact *)vec_at(&all, end))->source, run->source) == 0;)
            end++;
        double share = explained(c, run, end - from, weight_span(j, "guessing.same-time"));
        if (share > best) {
            second = best;
            best = share;
            found = run->source;
        } else if (share > second) {
            second = share;
        }
    }
    vec_done(&all);
    if (best < weight(j, "guessing.learned-share") || second > best / 2)
        return;
    c->learned = found;
    c->protocol = "rdp";
}

const char *campaign_source(const campaign *c)
{
    return c->source[0] ? c->source : c->learned;
}

bool campaign_tried(const campaign *c, const char *account, moment before)
{
    for (size_t i = 0; i < c->try_count && c->tries[i].first <= before; i++)
        if (account_same(tally_key(c->tries[i].of, "account"), account))
            return true;
    return false;
}

uint64_t campaign_after(const campaign *c, const char *account, moment t)
{
    uint64_t n = 0;
    for (size_t i = 0; i < c->try_count; i++)
        if (c->tries[i].first > t && account_same(tally_key(c->tries[i].of, "account"), account))
            n += c->tries[i].count;
    return n;
}

uint64_t campaign_before(const campaign *c, moment t)
{
    uint64_t n = 0;
    for (size_t i = 0; i < c->try_count && c->tries[i].first <= t; i++)
        n += c->tries[i].last <= t ? c->tries[i].count : (uint64_t)share(&c->tries[i], 0, t);
    return n;
}

/* ---- Scanners ---- */

/* A scanner tries a little, and never gets in. It comes again on a schedule, or speaks many protocols, or asks several hosts, or
 * one host again and again, for names that nobody has. It is no host of ours that may have been taken over: an infected server that scans is an infected
 * server. */
static void mark_scanners(const joined *j, vec *all)
{
    map first_of;
    map_init(&first_of);
    for (size_t i = 0; i < all->count; i++) {
        campaign *c = vec_at(all, i);
        uint32_t at[4];
        bool was;
        if (!c->source[0])
            continue;
        map_put(&first_of, span_str(c->source), &was);
        if (was || hosts_at(j, c->source, c->from, at))
            continue;
        map protocols, days, hosts;
        uint64_t most = 0, total = 0, nobodys = 0;
        bool won = false;
        map_init(&hosts);
        map_init(&protocols);
        map_init(&days);
        for (size_t k = i; k < all->count; k++) {
            const campaign *o = vec_at(all, k);
            uint64_t day = o->from / MOMENT_DAY;
            if (strcmp(o->source, c->source) != 0)
                continue;
            map_put(&protocols, span_str(o->protocol), &(bool){ false });
            map_put(&days, span_of(&day, sizeof day), &(bool){ false });
            map_put(&hosts, span_of(&o->host, sizeof o->host), &(bool){ false });
            most = o->total > most ? o->total : most;
            total += o->total;
            nobodys += o->nobodys;
            won |= o->success_time != 0;
        }
        bool asks = (double)nobodys >= weight(j, "innocent.scanner-nobodys") * (double)total
                    && (days.count >= 2 || (hosts.count >= 2 && protocols.count >= 2));
        bool scanner = !won && most <= (uint64_t)weight(j, "innocent.scanner-tries")
                       && (asks || days.count >= (size_t)weight(j, "innocent.scanner-visits")
                           || protocols.count >= (size_t)weight(j, "innocent.scanner-protocols"));
        map_done(&hosts);
        for (size_t k = i; k < all->count && scanner; k++) {
            campaign *o = vec_at(all, k);
            o->scanner |= strcmp(o->source, c->source) == 0;
        }
        map_done(&protocols);
        map_done(&days);
    }
    map_done(&first_of);
}

static void campaigns_find(joined *j, uint32_t host, vec *found)
{
    client_list clients;
    vec_init(&clients.all, sizeof(client));
    map_init(&clients.of);
    clients_of(j, host, &clients);
    size_t first = found->count;
    for (size_t i = 0; i < clients.all.count; i++) {
        client *c = vec_at(&clients.all, i);
        if (c->tallies.count)
            cut_campaigns(j, host, c, found);
        vec_done(&c->tallies);
    }
    for (size_t i = first; i < found->count; i++)
        learn_source(j, vec_at(found, i));
    map_done(&clients.of);
    vec_done(&clients.all);
}

/* ---- Findings ---- */

/* One of the names that failed is possibly a password that was typed into the wrong field; its detector masked it. */
static bool has_password(const campaign *c)
{
    for (size_t i = 0; i < c->try_count; i++)
        if (strcmp(tally_key(c->tries[i].of, "maybe_password"), "yes") == 0)
            return true;
    return false;
}

static void entities_of(joined *j, told *t, const campaign *c)
{
    finding_entity(j, t, "protocol", c->protocol);
    finding_entity(j, t, "address", campaign_source(c));
    bool few = c->accounts <= (uint64_t)weight(j, "guessing.accounts-shown");
    if (!few)
        finding_entity(j, t, "account", c->account);
    for (size_t i = 0; few && i < c->try_count; i++)
        if (strcmp(tally_key(c->tries[i].of, "account"), "*") != 0 && strcmp(tally_key(c->tries[i].of, "maybe_password"), "yes") != 0)
            finding_entity(j, t, "account", tally_key(c->tries[i].of, "account"));
}

static void evidence_of(joined *j, told *t, const campaign *c)
{
    const tries *first = &c->tries[0], *last = &c->tries[c->try_count - 1];
    (void)j;
    finding_ref(t, (evidence_ref){ .file = first->log->file, .channel = first->of->channel, .record = first->record, .time = first->first });
    finding_ref(t, (evidence_ref){ .file = last->log->file, .channel = last->of->channel, .record = last->record, .time = last->first });
}

static void tell_campaign(joined *j, const campaign *c)
{
    bool spray = c->sort == GUESS_SPRAY, innocent = c->stale || c->scanner;
    bool flood = c->peak >= (double)rule_number(j, "flood", "tries");
    /* From inside, tries of accounts that exist are a peer that was taken over; names that nobody has are rather a scan. */
    bool inside = c->source[0] && address_inside(j, c->source) && (double)c->nobodys < weight(j, "innocent.scanner-nobodys") * (double)c->total;
    told *t = finding_new(j, c->host, spray ? "password-spraying" : "password-guessing", c->from,
                          arena_printf(j->mem, "%s %s %s", c->protocol, c->source, c->workstation));
    t->f.end = c->to;
    t->f.count = c->total;
    bool few = c->total < (uint64_t)weight(j, "guessing.few") && !spray;
    t->f.severity = innocent ? SEVERITY_LOW : !few && (flood || inside || c->success_time) ? SEVERITY_HIGH : SEVERITY_MEDIUM;
    t->f.confidence = (unsigned)weight(j, c->stale ? "guessing.sure-stale" : c->scanner ? "guessing.sure-scanner" : flood ? "guessing.sure-flood"
                                                     : c->total < (uint64_t)weight(j, "guessing.few") ? "guessing.sure-few" : "guessing.sure-burst");
    t->innocent = innocent;
    t->how_far = REACH_ATTEMPT;
    t->weight = innocent ? 0 : weight(j, "host.guessed-at");
    t->source = campaign_source(c);
    t->workstation = c->workstation[0] ? c->workstation : NULL;
    t->account = c->account;
    t->access = "guessed-password";
    finding_technique(j, t, spray ? "T1110.003" : "T1110.001");
    finding_fact(j, t, "tries", write_u64(j, c->total));
    finding_fact(j, t, "accounts", c->accounts ? write_u64(j, c->accounts) : NULL);
    finding_fact(j, t, "account", c->account);
    finding_fact(j, t, "rate_per_minute", write_u64(j, (uint64_t)(c->peak + 0.5)));
    finding_fact(j, t, "reason", c->reason);
    finding_fact(j, t, "protocol", c->protocol);
    finding_fact(j, t, "source", c->source);
    finding_fact(j, t, "source_learned", c->learned);
    finding_fact(j, t, "workstation", c->workstation);
    finding_fact(j, t, "source_local", c->local ? "yes" : NULL);
    finding_fact(j, t, "sources", c->many ? "many" : NULL);
    finding_fact(j, t, "sort", c->stale ? "stale-password" : c->scanner ? "scanner" : c->sort == GUESS_SLOW ? "slow" : c->sort == GUESS_NAMES ? "names"
                                                          : spray ? "spraying" : "burst");
    entities_of(j, t, c);
    evidence_of(j, t, c);
    sentence s = say(j, c->stale ? "guessing.stale" : c->scanner ? "guessing.scanner" : spray ? "guessing.spray" : c->sort == GUESS_SLOW ? "guessing.slow"
                                                                                                                  : "guessing.burst",
                     "tries", ARG_NUMBER, write_u64(j, c->total), "protocol", ARG_WORD, c->protocol, "source", ARG_TEXT, campaign_source(c),
                     "workstation", ARG_TEXT, c->workstation, "account", ARG_TEXT, c->account, "accounts", ARG_NUMBER, c->accounts ? write_u64(j, c->accounts) : NULL,
                     "from", ARG_TIME, write_time(j, c->from), "to", ARG_TIME, write_time(j, c->to), "rate", ARG_NUMBER,
                     write_u64(j, (uint64_t)(c->peak + 0.5)), NULL);
    if (c->learned)
        s = say_more(j, s, "learned", ARG_TEXT, c->learned);
    if (has_password(c)) {
        finding_fact(j, t, "maybe_password", "yes");
        s = say_more(j, s, "password", ARG_TEXT, "yes");
    }
    if (c->many)
        s = say_more(j, s, "many", ARG_TEXT, "yes");
    t->f.text = c->reason[0] ? say_more(j, s, "reason", ARG_WORD, arena_printf(j->mem, "reason.%s", c->reason)) : s;
}

/* A server that the world can reach is tried from thousands of addresses. Those that got nothing are told together. */
static bool crowd(const joined *j, const campaign *all, size_t count)
{
    size_t outside = 0;
    for (size_t i = 0; i < count; i++)
        outside += all[i].source[0] && !all[i].success_time && !all[i].stale && !address_inside(j, all[i].source);
    return outside > (size_t)weight(j, "guessing.crowd");
}

static void tell_crowd(joined *j, const campaign *all, size_t count)
{
    told *t = NULL;
    uint64_t tries = 0, sources = 0;
    moment from = MOMENT_UNKNOWN, to = 0;
    for (size_t i = 0; i < count; i++) {
        const campaign *c = &all[i];
        if (!c->source[0] || c->success_time || c->stale || address_inside(j, c->source))
            continue;
        if (!t) {
            t = finding_new(j, c->host, "password-guessing", c->from, "crowd");
            t->f.severity = SEVERITY_MEDIUM;
            t->f.confidence = (unsigned)weight(j, "guessing.sure-flood");
            t->how_far = REACH_ATTEMPT;
            t->weight = weight(j, "host.guessed-at");
            t->access = "guessed-password";
            finding_technique(j, t, "T1110.001");
        }
        tries += c->total;
        sources++;
        from = c->from < from ? c->from : from;
        to = c->to > to ? c->to : to;
        finding_entity(j, t, "protocol", c->protocol);
        if (t->entities.count < (size_t)weight(j, "guessing.accounts-shown"))
            finding_entity(j, t, "address", c->source);
        if (t->evidence.count < 8)
            evidence_of(j, t, c);
    }
    if (!t)
        return;
    t->f.time = from;
    t->f.end = to;
    t->f.count = tries;
    finding_fact(j, t, "tries", write_u64(j, tries));
    finding_fact(j, t, "sources", write_u64(j, sources));
    finding_fact(j, t, "sort", "crowd");
    t->f.text = say(j, "guessing.crowd", "tries", ARG_NUMBER, write_u64(j, tries), "sources", ARG_NUMBER, write_u64(j, sources), "from", ARG_TIME,
                    write_time(j, from), "to", ARG_TIME, write_time(j, to), NULL);
}

static void tell_host(joined *j, const campaign *all, size_t count)
{
    bool many = crowd(j, all, count);
    for (size_t k = 0; k < count; k++)
        if (!many || !all[k].source[0] || all[k].success_time || all[k].stale || address_inside(j, all[k].source))
            tell_campaign(j, &all[k]);
    if (many)
        tell_crowd(j, all, count);
}

void guessing_find(joined *j)
{
    vec all;
    size_t *from = arena_array(j->mem, host_total(j) + 1, sizeof *from);
    vec_init(&all, sizeof(campaign));
    for (uint32_t i = 0; i < host_total(j); i++) {
        campaigns_find(j, i, &all);
        from[i + 1] = all.count;
        if (from[i + 1] > from[i])
            campaigns_follow(j, vec_at(&all, from[i]), from[i + 1] - from[i]);
    }
    mark_scanners(j, &all);
    for (uint32_t i = 0; i < host_total(j); i++)
        if (from[i + 1] > from[i])
            tell_host(j, vec_at(&all, from[i]), from[i + 1] - from[i]);
    vec_done(&all);
}
