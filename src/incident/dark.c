/* Which hosts matter and were not collected? Addresses inside that attacked, and hosts that the responder was told of. They stand
 * in the case with what others say of them, and nothing else. */
#include "incident/internal.h"

#include <stdlib.h>

typedef struct { const char *address, *name; moment from, to; bool attacked; } dark;

static void attackers(const joined *j, vec *all)
{
    map seen;
    map_init(&seen);
    for (size_t i = 0; i < j->told.count; i++) {
        const told *t = finding_at(j, i);
        uint32_t at[4];
        bool was;
        if (t->innocent || t->f.severity < SEVERITY_HIGH || !t->source || !address_inside(j, t->source) || hosts_at(j, t->source, t->f.time, at))
            continue;
        uint64_t *where = map_put(&seen, span_str(t->source), &was);
        if (!was) {
            *where = all->count;
            *(dark *)vec_push(all) = (dark){ t->source, address_speaks(j, t->source), t->f.time, t->f.time, true };
        }
        dark *d = vec_at(all, *where);
        d->to = t->f.time > d->to ? t->f.time : d->to;
    }
    map_done(&seen);
}

static int by_name(const void *a, const void *b)
{
    const joined_host *l = a, *r = b;
    int order = strcasecmp(l->names[0].name, r->names[0].name);
    return order ? order : strcmp(l->id, r->id);
}

static joined_host made(joined *j, const char *name, const char *const *addresses, size_t count, address_grade grade, moment from, moment to)
{
    joined_host h = { .first = MOMENT_UNKNOWN, .last = MOMENT_UNKNOWN, .first_hostile = MOMENT_UNKNOWN };
    vec_init(&h.notes, sizeof(sentence));
    h.id = write_hash(j, "dark", name, count ? addresses[0] : "", NULL);
    h.names = arena_array(j->mem, 1, sizeof *h.names);
    h.names[h.name_count++] = (name_span){ name, from, to, 0 };
    h.addresses = arena_array(j->mem, count, sizeof *h.addresses);
    for (size_t i = 0; i < count; i++)
        h.addresses[h.address_count++] = (address_span){ addresses[i], from, to, grade };
    return h;
}

static bool told_here(const joined *j, const scene_host *s)
{
    uint32_t at[4];
    if (host_named(j, s->name, MOMENT_UNKNOWN) != HOST_NONE)
        return true;
    for (size_t i = 0; i < s->address_count; i++)
        if (hosts_at(j, s->addresses[i], MOMENT_UNKNOWN, at))
            return true;
    return false;
}

static bool has_address(const scene_host *s, const char *address)
{
    for (size_t i = 0; i < s->address_count; i++)
        if (strcmp(s->addresses[i], address) == 0)
            return true;
    return false;
}

void dark_hosts(joined *j)
{
    vec all, hosts;
    vec_init(&all, sizeof(dark));
    vec_init(&hosts, sizeof(joined_host));
    attackers(j, &all);
    for (size_t i = 0; j->scene && i < j->scene->host_count; i++) {
        const scene_host *s = &j->scene->hosts[i];
        if (told_here(j, s))
            continue;
        joined_host *h = vec_push(&hosts);
        *h = made(j, s->name, s->addresses, s->address_count, ADDRESS_TOLD, MOMENT_UNKNOWN, MOMENT_UNKNOWN);
        h->role = s->role;
        *(sentence *)vec_push(&h->notes) = say(j, "host.told-only", NULL);
        for (size_t k = 0; k < all.count; k++)
            if (has_address(s, ((dark *)vec_at(&all, k))->address)) {
                h->named_hostile = true;
                ((dark *)vec_at(&all, k))->attacked = false;
            }
    }
    for (size_t i = 0; i < all.count; i++) {
        const dark *d = vec_at(&all, i);
        if (!d->attacked)
            continue;
        joined_host *h = vec_push(&hosts);
        *h = made(j, d->name ? d->name : d->address, &d->address, 1, ADDRESS_SESSION, d->from, d->to);
        h->named_hostile = true;
        *(sentence *)vec_push(&h->notes) = say(j, "host.not-collected", "address", ARG_TEXT, d->address, NULL);
    }
    vec_sort(&hosts, by_name);
    for (size_t i = 0; i < hosts.count; i++)
        *(joined_host *)vec_push(&j->hosts) = *(joined_host *)vec_at(&hosts, i);
    vec_done(&hosts);
    vec_done(&all);
}
