/* What a host's sheet says beside its logs: the hives that were there, and the accounts that the newest SAM has. */
#include "incident/internal.h"

#include <stdlib.h>
#include <strings.h>

/* A transaction was pending in this hive: what it changes stands elsewhere. */
static bool has_transaction(const joined *j, uint32_t at, const evidence_file *e)
{
    size_t n;
    const act *const *acts = acts_of(j, at, "hive.state", &n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(acts[i]->log->file, e->id) == 0 && act_fact(acts[i], "transaction")[0])
            return true;
    return false;
}

/* One row a hive that tells the host's state, with how many keys it has and when the newest was written. */
size_t hives_covered(const joined *j, uint32_t at, coverage *out)
{
    const artifact_file *files = j->artifacts.at;
    size_t count = 0;
    for (size_t i = 0; i < j->artifacts.count; i++) {
        const evidence_file *e = files[i].e;
        if (files[i].host != at || !e->channel || strncmp(e->channel, "registry/", 9) != 0)
            continue;
        if (out)
            out[count] = (coverage){ e->channel, MOMENT_UNKNOWN, e->last, e->records, 0, say(j, "coverage.hive", "path", ARG_TEXT, e->path, "transaction", ARG_TEXT, has_transaction(j, at, e) ? "yes" : NULL, NULL) };
        count++;
    }
    return count;
}

static moment time_of(const act *a, const char *name)
{
    moment t;
    return fact_moment(a->facts, a->fact_count, name, &t) ? t : MOMENT_UNKNOWN;
}

/* Whether the list of members, commas between, has this SID. */
static bool has_member(const char *members, const char *sid)
{
    size_t n = strlen(sid);
    for (const char *at = members; n && (at = strstr(at, sid)) != NULL; at += n)
        if ((at == members || at[-1] == ',' || at[-1] == ' ') && (at[n] == '\0' || at[n] == ','))
            return true;
    return false;
}

/* A SAM that does not tell the machine SID leaves it to what else is known of the host. */
static bool administers(const joined *j, uint32_t host, const act *account)
{
    size_t n;
    const joined_host *h = host_of(j, host);
    const act *const *groups = acts_of(j, host, "group", &n);
    bool is = false;
    for (size_t i = 0; i < n && !is; i++) {
        const char *members = act_fact(groups[i], "members");
        if (strcmp(act_fact(groups[i], "rid"), "544") != 0 || groups[i]->recovered || act_is_older(j, host, groups[i]))
            continue;
        is = has_member(members, act_fact(account, "sid"));
        for (size_t k = 0; k < h->sid_count && !is; k++)
            is = has_member(members, arena_printf(j->mem, "%s-%s", h->sids[k], act_fact(account, "rid")));
    }
    return is;
}

static int by_rid(const void *a, const void *b)
{
    const host_account *l = a, *r = b;
    unsigned long x = strtoul(l->rid, NULL, 10), y = strtoul(r->rid, NULL, 10);
    if (x != y)
        return x < y ? -1 : 1;
    return strcmp(l->name, r->name);
}

void accounts_of_host(const joined *j, uint32_t at, host *to)
{
    size_t n;
    const act *const *acts = acts_of(j, at, "account", &n);
    to->accounts = arena_array(j->mem, n, sizeof *to->accounts);
    for (size_t i = 0; i < n; i++) {
        const act *a = acts[i];
        if (!act_is_state(a) || a->recovered || act_is_older(j, at, a))
            continue;
        to->accounts[to->account_count++] = (host_account){
            .name = act_fact(a, "account"), .rid = act_fact(a, "rid"), .sid = act_fact(a, "sid"), .full_name = act_fact(a, "full_name"),
            .comment = act_fact(a, "comment"), .flags = act_fact(a, "flags"), .groups = act_fact(a, "groups"), .looks = act_fact(a, "looks"),
            .logons = act_fact(a, "logons"), .enabled = strcmp(act_fact(a, "enabled"), "no") != 0, .administrator = administers(j, at, a),
            .created = time_of(a, "created"), .last_logon = time_of(a, "last_logon"), .password_set = time_of(a, "password_set"),
        };
    }
    qsort(to->accounts, to->account_count, sizeof *to->accounts, by_rid);
}
