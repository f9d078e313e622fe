/* What happened here, in one sentence. */
#include "incident/internal.h"

static const char *family(const joined *j)
{
    for (size_t i = 0; i < j->told.count; i++) {
        const told *t = finding_at(j, i);
        if (t->innocent || t->f.severity < SEVERITY_HIGH)
            continue;
        for (size_t k = 0; k < t->f.fact_count; k++)
            if (strcmp(t->f.facts[k].name, "family") == 0)
                return t->f.facts[k].value;
    }
    return NULL;
}

/* What the story tells beside stops, and on how many hosts. */
static size_t story_acts(const joined *j, size_t *hosts)
{
    const suyuan_case *c = j->out;
    bool *seen = arena_array(j->mem, host_total(j) + 1, sizeof *seen);
    size_t acts = 0;
    *hosts = 0;
    for (size_t i = 0; i < c->story_count; i++) {
        const story_step *s = &c->story[i];
        if (!s->finding_count || s->host >= host_total(j))
            continue;
        acts++;
        *hosts += !seen[s->host];
        seen[s->host] = true;
    }
    return acts;
}

static const char *place_text(const joined *j, place p)
{
    return p.host != HOST_NONE ? host_name(j, p.host) : p.address;
}

void headline_tell(joined *j)
{
    suyuan_case *c = j->out;
    size_t infected = 0, suspected = 0, collected = 0;
    for (uint32_t i = 0; i < host_total(j); i++) {
        const joined_host *h = host_of(j, i);
        collected += h->collected;
        infected += h->collected && h->infected == INFECTED_YES;
        suspected += h->collected && h->infected == INFECTED_SUSPECTED;
    }
    const char *hosts = write_u64(j, collected), *hit = write_u64(j, infected), *blue = NULL, *unclean = NULL;
    size_t coded = 0, odd, acts = story_acts(j, &odd);
    for (size_t i = 0; i < c->crash_count; i++)
        coded += c->crashes[i].code != NULL;
    if (coded)
        blue = write_u64(j, coded);
    if (c->crash_count > coded)
        unclean = write_u64(j, c->crash_count - coded);
    if (collected == 0) {
        c->headline = say(j, "headline.nothing", NULL);
    } else if (infected == 0) {
        c->headline = say(j, suspected ? "headline.suspected" : acts ? "headline.unclear" : "headline.clean", "hosts", ARG_NUMBER, hosts, "suspected", ARG_NUMBER, write_u64(j, suspected),
                          "acts", ARG_NUMBER, write_u64(j, acts), "odd", ARG_NUMBER, write_u64(j, odd), "blue", ARG_NUMBER, blue, "unclean", ARG_NUMBER, unclean, NULL);
    } else {
        /* Of the story that began there: a way in elsewhere is another sentence. */
        const entry_way *e = c->entry && (!c->first || c->first->host == c->entry->host) ? c->entry : NULL;
        const char *first = c->first ? host_name(j, c->first->host) : e ? host_name(j, e->host) : NULL;
        bool account = e && e->account && e->account[0];
        c->headline = say(j, "headline.attack", "hosts", ARG_NUMBER, hosts, "infected", ARG_NUMBER, hit, "family", ARG_WORD, family(j), "first", ARG_HOST, first,
                          "time", ARG_TIME, e ? write_time(j, e->time) : NULL, "access", ARG_WORD, e && strcmp(e->access, "unknown") ? e->access : NULL, "means",
                          ARG_WORD, e && e->means && strcmp(e->means, "unknown") ? e->means : NULL, "account", ARG_TEXT, account ? e->account : NULL, "source",
                          ARG_TEXT, e ? place_text(j, e->source) : NULL, "blue", ARG_NUMBER, blue, "unclean", ARG_NUMBER, unclean, "episodes", ARG_NUMBER, j->scattered ? write_u64(j, j->scattered) : NULL, NULL);
    }
}
