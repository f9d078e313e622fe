/* Which address is which host, and when? Claims of an address, best first: what the host's own records say, what its sessions
 * elsewhere show, what a client called itself there, what the responder was told. */
#include "incident/internal.h"

#include <ctype.h>
#include <stdlib.h>

static bool same_label(const char *a, const char *b)
{
    size_t n = strcspn(a, "."), m = strcspn(b, ".");
    return n == m && n > 0 && strncasecmp(a, b, n) == 0;
}

uint32_t host_named(const joined *j, const char *name, moment t)
{
    uint32_t exact = HOST_NONE, by_label = HOST_NONE, at_time = HOST_NONE;
    unsigned exacts = 0, labels = 0, times = 0;
    if (!name || !name[0])
        return HOST_NONE;
    for (uint32_t i = 0; i < host_total(j); i++) {
        const joined_host *h = host_of(j, i);
        bool is_exact = false, is_label = false, is_time = false;
        for (size_t k = 0; k < h->name_count; k++) {
            const name_span *n = &h->names[k];
            bool full = strchr(n->name, '.') && strchr(name, '.');
            if (strcasecmp(n->name, name) == 0)
                is_exact = true;
            else if (full || !same_label(n->name, name))
                continue;
            is_label = true;
            is_time |= moment_known(t) && moment_known(n->from) && n->from <= t && t <= n->to;
        }
        if (is_exact && ++exacts)
            exact = i;
        if (is_label && ++labels)
            by_label = i;
        if (is_time && ++times)
            at_time = i;
    }
    return exacts == 1 ? exact : labels == 1 ? by_label : times == 1 ? at_time : HOST_NONE;
}

/* "10.0.0.1" to its four bytes. */
static bool ipv4(const char *text, uint8_t out[4])
{
    for (int i = 0; i < 4; i++) {
        unsigned n = 0, digits = 0;
        for (; isdigit((unsigned char)*text) && digits < 4; digits++)
            n = n * 10 + (unsigned)(*text++ - '0');
        if (digits == 0 || n > 255 || *text != (i < 3 ? '.' : '\0'))
            return false;
        out[i] = (uint8_t)n;
        text += i < 3;
    }
    return true;
}

static bool private_address(const char *address)
{
    uint8_t b[4];
    if (ipv4(address, b))
        return b[0] == 10 || b[0] == 127 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168)
               || (b[0] == 169 && b[1] == 254) || (b[0] == 100 && (b[1] & 0xc0) == 64);
    return strncasecmp(address, "fe8", 3) == 0 || strncasecmp(address, "fc", 2) == 0 || strncasecmp(address, "fd", 2) == 0
           || strcmp(address, "::1") == 0;
}

bool address_inside(const joined *j, const char *address)
{
    uint8_t a[4], b[4];
    if (private_address(address))
        return true;
    for (uint32_t i = 0; i < host_total(j); i++)
        for (size_t k = 0; k < host_of(j, i)->address_count; k++) {
            const char *own = host_of(j, i)->addresses[k].address;
            if (strcmp(own, address) == 0 || (ipv4(address, a) && ipv4(own, b) && memcmp(a, b, 3) == 0))
                return true;
        }
    return false;
}

/* ---- Claims ---- */

typedef struct { uint32_t host; address_span span; uint64_t seen; } said;

static int by_host_address(const void *a, const void *b)
{
    const said *l = a, *r = b;
    if (l->host != r->host)
        return l->host < r->host ? -1 : 1;
    if (l->span.grade != r->span.grade)
        return l->span.grade > r->span.grade ? -1 : 1;
    int order = strcmp(l->span.address, r->span.address);
    if (order)
        return order;
    return (l->span.from > r->span.from) - (l->span.from < r->span.from);
}

static void add(vec *all, uint32_t host, const char *address, moment from, moment to, address_grade grade, uint64_t seen)
{
    if (host == HOST_NONE || !address[0] || strcmp(address, "127.0.0.1") == 0 || strcmp(address, "::1") == 0)
        return;
    *(said *)vec_push(all) = (said){ host, { address, from, to, grade }, seen };
}

enum { CLAIM_HOSTS = 64 };

/* What a hive says held when it was written last; a log's claims hold when they were seen. */
static moment claim_kept(const joined *j, const identity_claim *k)
{
    size_t n;
    const artifact_file *a = artifacts_of(j, k->file, NULL, &n);
    return a ? a->e->last : MOMENT_UNKNOWN;
}

static void own_claims(const joined *j, vec *all)
{
    const identity_claim *const *claims = j->claims.at;
    for (size_t i = 0; i < j->claims.count; i++) {
        const identity_claim *k = claims[i];
        if (strcmp(k->key, "address") != 0)
            continue;
        address_grade grade = strcmp(k->strength, "decisive") == 0 ? ADDRESS_OWN : strcmp(k->strength, "strong") == 0 ? ADDRESS_STRONG
                                                                                                                   : ADDRESS_NTLM;
        uint32_t hosts[CLAIM_HOSTS];
        size_t n = claim_hosts(j, k, hosts, CLAIM_HOSTS);
        moment to = k->to, kept = claim_kept(j, k);
        if (moment_known(kept) && moment_known(k->from) && k->from == k->to && kept > to)
            to = kept;
        for (size_t m = 0; m < n; m++)
            add(all, hosts[m], k->value, k->from, to, grade, 1);
    }
}

/* In these logons the workstation is the host itself, whatever the address: the user sits at its screen, near or far. */
static bool at_the_screen(const char *type)
{
    return strcmp(type, "10") == 0 || strcmp(type, "2") == 0 || strcmp(type, "7") == 0 || strcmp(type, "11") == 0 || strcmp(type, "12") == 0;
}

/* What clients called themselves, by address. An address under which many names speak is a hub or a liar: it names nobody. */
typedef struct { const char *address, *name; moment from, to; uint64_t successes; bool own; } spoken;

static void take_spoken(vec *all, map *of, const char *address, const char *name, moment from, moment to, uint64_t successes, bool own)
{
    if (!address[0] || !name[0] || strcmp(name, "-") == 0)
        return;
    buf key;
    buf_init(&key, SIZE_MAX);
    buf_printf(&key, "%s\x1f", address);
    for (const char *c = name; *c; c++)
        buf_char(&key, (char)tolower((unsigned char)*c));
    bool was_there;
    uint64_t *at = map_put(of, buf_bytes(&key), &was_there);
    buf_done(&key);
    if (!was_there) {
        *at = all->count;
        *(spoken *)vec_push(all) = (spoken){ address, name, from, to, 0, false };
    }
    spoken *s = vec_at(all, *at);
    if (moment_known(from) && (!moment_known(s->from) || from < s->from))
        s->from = from;
    if (moment_known(to) && (!moment_known(s->to) || to > s->to))
        s->to = to;
    s->successes += successes;
    s->own |= own;
}

static int by_address_name(const void *a, const void *b)
{
    const spoken *l = a, *r = b;
    int order = strcmp(l->address, r->address);
    return order ? order : strcasecmp(l->name, r->name);
}

static void spoken_names(const joined *j, vec *all)
{
    static const char *const kinds[] = { "logon.success", "logon.failure" };
    vec names;
    map of;
    vec_init(&names, sizeof(spoken));
    map_init(&of);
    for (uint32_t i = 0; i < host_total(j); i++) {
        const char *own = host_of(j, i)->names[0].name;
        size_t n;
        for (size_t k = 0; k < 2; k++) {
            joined_tally *const *tallies = tallies_of(j, i, kinds[k], &n);
            for (size_t m = 0; m < n; m++) {
                const joined_tally *t = tallies[m];
                const char *workstation = tally_key(t, "workstation");
                if (at_the_screen(tally_key(t, "type")))
                    continue;
                take_spoken(&names, &of, tally_key(t, "source"), workstation, t->first, t->last, k == 0 ? t->total : 0,
                            k == 0 && same_label(workstation, own));
            }
        }
        const act *const *acts = acts_of(j, i, "logon.session", &n);
        for (size_t m = 0; m < n; m++)
            if (!at_the_screen(act_fact(acts[m], "type")))
                take_spoken(&names, &of, act_fact(acts[m], "source"), act_fact(acts[m], "workstation"), acts[m]->time, acts[m]->time, 1,
                            same_label(act_fact(acts[m], "workstation"), own));
    }
    vec_sort(&names, by_address_name);
    uint64_t most = (uint64_t)weight(j, "identity.names-of-address");
    for (size_t from = 0, end; from < names.count; from = end) {
        const spoken *first = vec_at(&names, from);
        for (end = from + 1; end < names.count; end++)
            if (strcmp(((const spoken *)vec_at(&names, end))->address, first->address) != 0)
                break;
        for (size_t i = from; i < end && end - from <= most; i++) {
            const spoken *s = vec_at(&names, i);
            if (private_address(s->address))
                add(all, host_named(j, s->name, s->from), s->address, s->from, s->to, s->own ? ADDRESS_STRONG : ADDRESS_NTLM, s->successes);
        }
    }
    map_done(&of);
    vec_done(&names);
}

const char *address_speaks(const joined *j, const char *address)
{
    static const char *const kinds[] = { "logon.success", "logon.failure" };
    const char *found = NULL;
    for (uint32_t i = 0; i < host_total(j); i++)
        for (size_t k = 0; k < 2; k++) {
            size_t n;
            joined_tally *const *tallies = tallies_of(j, i, kinds[k], &n);
            for (size_t m = 0; m < n; m++) {
                const char *name = tally_key(tallies[m], "workstation");
                if (!name[0] || strcmp(tally_key(tallies[m], "source"), address) != 0 || at_the_screen(tally_key(tallies[m], "type")))
                    continue;
                if (found && strcasecmp(found, name) != 0)
                    return NULL;
                found = name;
            }
        }
    return found && host_named(j, found, MOMENT_UNKNOWN) == HOST_NONE ? found : NULL;
}

static void told_addresses(const joined *j, vec *all)
{
    for (size_t i = 0; j->scene && i < j->scene->host_count; i++) {
        const scene_host *s = &j->scene->hosts[i];
        uint32_t host = host_named(j, s->name, MOMENT_UNKNOWN);
        for (size_t k = 0; k < s->address_count; k++)
            add(all, host, s->addresses[k], MOMENT_UNKNOWN, MOMENT_UNKNOWN, ADDRESS_TOLD, 1);
    }
}

static void give_hosts(joined *j, const vec *all)
{
    for (size_t from = 0; from < all->count;) {
        const said *first = vec_at(all, from);
        joined_host *h = host_of(j, first->host);
        size_t end = from;
        while (end < all->count && ((const said *)vec_at(all, end))->host == first->host)
            end++;
        h->addresses = arena_array(j->mem, end - from, sizeof *h->addresses);
        for (; from < end; from++) {
            const said *s = vec_at(all, from);
            address_span *known = NULL;
            for (size_t k = 0; k < h->address_count && !known; k++)
                if (strcmp(h->addresses[k].address, s->span.address) == 0)
                    known = &h->addresses[k];
            if (!known) {
                h->addresses[h->address_count++] = s->span;
            } else if (known->grade == s->span.grade) {            /* a weaker claim does not stretch a better one */
                if (moment_known(s->span.from) && (!moment_known(known->from) || s->span.from < known->from))
                    known->from = s->span.from;
                if (moment_known(s->span.to) && (!moment_known(known->to) || s->span.to > known->to))
                    known->to = s->span.to;
            }
        }
    }
}

void addresses(joined *j)
{
    vec all;
    vec_init(&all, sizeof(said));
    own_claims(j, &all);
    spoken_names(j, &all);
    told_addresses(j, &all);
    vec_sort(&all, by_host_address);
    give_hosts(j, &all);
    vec_done(&all);
}

/* ---- Asking ---- */

/* How far `t` lies from the time in which the claim was seen to hold; 0 inside, or when either is not known. */
static moment distance(const address_span *s, moment t)
{
    if (!moment_known(t) || !moment_known(s->from))
        return 0;
    if (t < s->from)
        return s->from - t;
    return moment_known(s->to) && t > s->to ? t - s->to : 0;
}

/* What the responder was told counts as much as what clients say of themselves: either alone may name a host, and neither
 * beats the other. */
static unsigned rank(address_grade g)
{
    return g == ADDRESS_TOLD ? ADDRESS_NTLM : g;
}

size_t hosts_at(const joined *j, const char *address, moment t, uint32_t out[4])
{
    size_t count = 0;
    unsigned best = 0;
    moment near = 0, holds = weight_span(j, "identity.address-holds");      /* later, or earlier, it may be anybody's */
    for (uint32_t i = 0; address && address[0] && i < host_total(j); i++)
        for (size_t k = 0; k < host_of(j, i)->address_count; k++) {
            const address_span *s = &host_of(j, i)->addresses[k];
            if (strcmp(s->address, address) != 0)
                continue;
            moment d = distance(s, t);
            if (d > holds)
                continue;
            if (count && (rank(s->grade) < best || (rank(s->grade) == best && d > near)))
                continue;
            if (!count || rank(s->grade) > best || d < near)
                count = 0;
            best = rank(s->grade);
            near = d;
            if (count < 4)
                out[count++] = i;
        }
    return count;
}

place place_of(const joined *j, const char *address, const char *workstation, moment t)
{
    uint32_t at[4];
    place p = { .host = HOST_NONE };
    if (address && address[0]) {
        p.address = address;
        if (hosts_at(j, address, t, at) == 1)
            p.host = at[0];
        else
            p.outside = !address_inside(j, address);
    } else if (workstation && workstation[0]) {
        p.host = host_named(j, workstation, t);
    }
    return p;
}

/* ---- Accounts ---- */

const char *account_name(const char *account)
{
    const char *slash = strrchr(account, '\\');
    return slash ? slash + 1 : account;
}

/* CORP and corp.example are one domain: its first label counts. */
static size_t domain_length(const char *account)
{
    return strchr(account, '\\') ? strcspn(account, "\\.") : 0;
}

bool account_same(const char *a, const char *b)
{
    const char *x = account_name(a), *y = account_name(b);
    size_t xd = domain_length(a), yd = domain_length(b);
    size_t xn = strcspn(x, "@"), yn = strcspn(y, "@");           /* user@corp.example is corp\user */
    if (xn == 0 || xn != yn || strncasecmp(x, y, xn) != 0)
        return false;
    return xd == 0 || yd == 0 || (xd == yd && strncasecmp(a, b, xd) == 0);
}

bool account_is_system(const char *account, const char *sid)
{
    static const char *const sids[] = { "S-1-5-18", "S-1-5-19", "S-1-5-20", "S-1-5-7" };
    static const char *const heads[] = { "S-1-5-80-", "S-1-5-82-", "S-1-5-83-", "S-1-5-90-", "S-1-5-96-" };
    for (size_t i = 0; sid && i < sizeof sids / sizeof *sids; i++)
        if (strcmp(sid, sids[i]) == 0)
            return true;
    for (size_t i = 0; sid && i < sizeof heads / sizeof *heads; i++)
        if (strncmp(sid, heads[i], strlen(heads[i])) == 0)
            return true;
    size_t n = strlen(account);
    return n > 0 && account[n - 1] == '$';
}
