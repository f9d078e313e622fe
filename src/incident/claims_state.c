/* What was told of a host's state - its antivirus, patches, ports and accounts - against what its hives say, and what was concluded
 * from them (exposure.c). Where logs tell already, claims.c has decided. */
#include "incident/claims.h"

#include <stdio.h>

static bool is_current(const joined *j, uint32_t host, const act *a)
{
    return act_is_state(a) && !a->recovered && !act_is_older(j, host, a);
}

static const exposure *exposure_of(const joined *j, uint32_t host, const char *check)
{
    for (size_t i = 0; i < j->out->exposure_count; i++)
        if (j->out->exposure[i].host == host && strcmp(j->out->exposure[i].check, check) == 0)
            return &j->out->exposure[i];
    return NULL;
}

static void cite_exposure(joined *j, checking *c, const exposure *e)
{
    for (size_t i = 0; i < e->evidence_count && i < 4; i++)
        claim_cites(j, c, e->evidence[i]);
}

/* ---- Antivirus ---- */

static bool starred(const char *pattern, const char *text)
{
    size_t n = strlen(pattern);
    return n && pattern[n - 1] == '*' ? strncasecmp(pattern, text, n - 1) == 0 : strcasecmp(pattern, text) == 0;
}

/* The product that was told, by any of its names; NULL: none that is known. */
static const profile_node *product_told(const joined *j, const char *told)
{
    for (const profile_node *p = profile_list(profile_root(j->facts, "protection"), "products"); p; p = p->next)
        for (const profile_node *n = profile_list(p, "names"); n; n = n->next)
            if (strcasestr(told, n->text))
                return p;
    return NULL;
}

static const char *product_of(const joined *j, const char *service)
{
    for (const profile_node *p = profile_list(profile_root(j->facts, "protection"), "products"); p; p = p->next)
        for (const profile_node *n = profile_list(p, "services"); n; n = n->next)
            if (starred(n->text, service))
                return profile_list(p, "names")->text;
    return service;
}

static bool has_service(const profile_node *product, const char *service)
{
    for (const profile_node *n = profile_list(product, "services"); n; n = n->next)
        if (starred(n->text, service))
            return true;
    return false;
}

bool claim_antivirus_state(joined *j, checking *c)
{
    const profile_node *product = product_told(j, c->told->value);
    const act *on = NULL, *off = NULL, *other = NULL;
    bool seen = false;
    size_t n;
    const act *const *acts = acts_of(j, c->host, "setting", &n);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(act_fact(acts[i], "name"), "antivirus.service") != 0 || !is_current(j, c->host, acts[i]))
            continue;
        seen = true;
        const char *service = act_fact(acts[i], "of"), *start = act_fact(acts[i], "value");
        bool starts = start[0] >= '0' && start[0] <= '2' && !start[1], own = product ? has_service(product, service) : strcasestr(service, c->told->value) != NULL;
        if (!service[0])
            continue;
        *(own ? (starts ? &on : &off) : &other) = acts[i];
    }
    const act *found = on ? on : off ? off : other;
    const char *name = found ? act_fact(found, "of") : NULL, *called = name ? product_of(j, name) : NULL;
    const char *id = on ? "claim.antivirus-service" : off ? "claim.antivirus-off" : other ? "claim.antivirus-instead" : "claim.antivirus-none";
    if (!seen || (!found && !product))
        return false;
    if (found)
        claim_cites(j, c, ref_of_act(j, found));
    claim_decides(c, on ? "confirmed" : off || !product ? "undecided" : "contradicted", called,
                  say(j, id, "service", ARG_TEXT, name, "found", ARG_TEXT, called, "told", ARG_TEXT, c->told->value, NULL));
    return true;
}

/* ---- Patches ---- */

static bool by_exposure(joined *j, checking *c, const exposure *e, const char *good, const char *bad, const char *open)
{
    static const char *const verdicts[] = { "confirmed", "contradicted", "undecided" };
    if (!e)
        return false;
    size_t at = strcmp(e->state, "passed") == 0 ? 0 : strcmp(e->state, "failed") == 0 ? 1 : 2;
    cite_exposure(j, c, e);
    claim_decides(c, verdicts[at], e->found,
                  say(j, at == 0 ? good : at == 1 ? bad : open, "found", ARG_TEXT, e->found, "note", ARG_WORD, e->note.id, "told", ARG_TEXT, c->told->value, NULL));
    return true;
}

void claim_patch(joined *j, checking *c)
{
    const char *at = strcasestr(c->told->value, "KB");
    if (strcasestr(c->told->value, "MS17-010") || !at) {
        bool asked = strcasestr(c->told->value, "MS17-010") && by_exposure(j, c, exposure_of(j, c->host, "ms17-010"), "claim.patch-there", "claim.patch-missing", "claim.patch-open");
        if (!asked)
            claim_decides(c, "undecided", NULL, say(j, "claim.no-measure", NULL));
        return;
    }
    char package[16];
    snprintf(package, sizeof package, "KB%.*s", (int)strspn(at + 2, "0123456789"), at + 2);
    const act *listed = NULL;
    size_t n, count = 0;
    const act *const *acts = acts_of(j, c->host, "patch", &n);
    for (size_t i = 0; i < n; i++)
        if (is_current(j, c->host, acts[i])) {
            count++;
            listed = strcasecmp(act_fact(acts[i], "package"), package) == 0 ? acts[i] : listed;
        }
    const char *state = listed ? act_fact(listed, "state") : "";
    bool there = strcmp(state, "installed") == 0 || strcmp(state, "permanent") == 0 || strcmp(state, "superseded") == 0;
    if (listed)
        claim_cites(j, c, ref_of_act(j, listed));
    claim_decides(c, there ? "confirmed" : listed ? "contradicted" : "undecided", listed ? act_fact(listed, "package") : NULL,
                  say(j, there ? "claim.patch-listed" : listed ? "claim.patch-not-yet" : count ? "claim.patch-not-listed" : "claim.no-measure", "found", ARG_TEXT, package, "state", ARG_TEXT,
                      state, NULL));
}

/* ---- Ports ---- */

static bool scanned(joined *j, checking *c)
{
    const joined_host *h = host_of(j, c->host);
    for (size_t i = 0; i < j->outside->scanned_count; i++) {
        const act *a = &j->outside->scanned[i];
        uint64_t port;
        if (!fact_number(a->facts, a->fact_count, "port", &port) || port != c->told->port || strcmp(act_fact(a, "state"), "open") != 0)
            continue;
        for (size_t k = 0; k < h->address_count; k++)
            if (strcmp(act_fact(a, "address"), h->addresses[k].address) == 0) {
                claim_decides(c, "confirmed", h->addresses[k].address, say(j, "claim.port-scanned", "found", ARG_TEXT, h->addresses[k].address, NULL));
                return true;
            }
    }
    return false;
}

bool claim_port_state(joined *j, checking *c)
{
    static const struct { const char *check; unsigned usual; } checks[] = { { "rdp-exposed", 3389 }, { "smb-exposed", 445 }, { "mssql-exposed", 1433 } };
    if (scanned(j, c))
        return true;
    char port[16];
    snprintf(port, sizeof port, "%u/", c->told->port);
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        const exposure *e = exposure_of(j, c->host, checks[i].check);
        bool named = e && e->found && strncmp(e->found, port, strlen(port)) == 0, open = e && strcmp(e->state, "failed") == 0, closed = e && strcmp(e->state, "passed") == 0;
        if (!(named && (open || closed)) && !(closed && checks[i].usual == c->told->port && !(e->found && strchr(e->found, '/'))))
            continue;
        cite_exposure(j, c, e);
        claim_decides(c, open ? "confirmed" : "contradicted", e->found, say(j, open ? "claim.port-open" : "claim.port-closed", "found", ARG_TEXT, e->found, NULL));
        return true;
    }
    return false;
}

/* ---- Accounts ---- */

bool claim_account_state(joined *j, checking *c)
{
    const char *name = account_name(c->told->value);
    bool of_domain = name != c->told->value && host_named(j, arena_text(j->mem, span_of(c->told->value, (size_t)(name - c->told->value - 1))), MOMENT_UNKNOWN) != c->host
                     && c->told->value[0] != '.';
    size_t n, listed = 0;
    const act *const *acts = acts_of(j, c->host, "account", &n);
    for (size_t i = 0; i < n && !of_domain; i++) {
        if (!is_current(j, c->host, acts[i]))
            continue;
        listed++;
        if (strcasecmp(act_fact(acts[i], "account"), name) != 0)
            continue;
        claim_cites(j, c, ref_of_act(j, acts[i]));
        bool disabled = strstr(act_fact(acts[i], "flags"), "disabled") != NULL;
        claim_decides(c, "confirmed", act_fact(acts[i], "account"),
                      say(j, "claim.account-there", "account", ARG_TEXT, act_fact(acts[i], "account"), "disabled", ARG_TEXT, disabled ? "yes" : NULL, NULL));
        return true;
    }
    if (!listed)
        return false;
    claim_decides(c, "contradicted", NULL, say(j, "claim.account-none", "account", ARG_TEXT, name, "count", ARG_NUMBER, write_u64(j, listed), NULL));
    return true;
}
