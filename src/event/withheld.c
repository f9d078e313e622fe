/* Which events name an account that there may not be. */
#include "event/withheld.h"

#include "base/utf16.h"

#include <stdlib.h>
#include <strings.h>

enum { CODES = 4 };

struct withheld_rule {
    uint32_t id;
    const char *channel;
    const profile_node *fields, *unknown;
    const char *code_names[CODES];       /* the first that is not zero counts */
    field codes[CODES];
    size_t code_count;
};

struct withheld { withheld_rule *rules; size_t count; };

status withheld_new(const profile *facts, arena *mem, withheld **out)
{
    const profile_node *all = profile_get(profile_root(facts, "masking"), "names");
    withheld *w = arena_alloc(mem, sizeof *w);
    if (!all)
        return status_fail(STATUS_BAD_INPUT, "profiles/masking.yml has no names");
    size_t most = 1;
    for (const profile_node *n = all->first; n; n = n->next)
        most += profile_get(n, "ids")->count;
    w->rules = arena_array(mem, most, sizeof *w->rules);
    for (const profile_node *n = all->first; n; n = n->next) {
        withheld_rule r = { .channel = profile_text(n, "channel"), .fields = profile_list(n, "fields"), .unknown = profile_list(n, "unknown") };
        for (const profile_node *c = profile_list(n, "codes"); c && r.code_count < CODES; c = c->next) {
            r.codes[r.code_count] = FIELD_NONE;
            r.code_names[r.code_count++] = c->text;
        }
        for (const profile_node *id = profile_list(n, "ids"); id; id = id->next) {
            r.id = (uint32_t)strtoul(id->text, NULL, 10);
            w->rules[w->count++] = r;
        }
    }
    *out = w;
    return status_ok();
}

void withheld_intern(withheld *w, fields *names)
{
    for (size_t i = 0; i < w->count; i++)
        for (size_t k = 0; k < w->rules[i].code_count; k++)
            w->rules[i].codes[k] = fields_intern(names, w->rules[i].code_names[k]);
}

static bool is_unknown(const withheld_rule *r, const event *ev)
{
    bool told = false;
    uint64_t code = 0;
    for (size_t i = 0; i < r->code_count && code == 0; i++)
        told |= value_u64(event_get(ev, r->codes[i]), &code);
    for (const profile_node *u = r->unknown; told && u; u = u->next)
        if ((uint32_t)strtoul(u->text, NULL, 0) == (uint32_t)code)
            return true;
    return !told;
}

const withheld_rule *withheld_of(const withheld *w, const event *ev)
{
    for (size_t i = 0; w && i < w->count; i++) {
        const withheld_rule *r = &w->rules[i];
        if (r->id == ev->event_id && (!ev->channel.len || utf16_is(ev->channel, r->channel)) && is_unknown(r, ev))
            return r;
    }
    return NULL;
}

const withheld_rule *withheld_of_id(const withheld *w, uint32_t event_id)
{
    for (size_t i = 0; w && i < w->count; i++)
        if (w->rules[i].id == event_id)
            return &w->rules[i];
    return NULL;
}

bool withheld_hides(const withheld_rule *r, const char *name)
{
    const char *last = name ? strrchr(name, '.') : NULL;
    for (const profile_node *f = r && name ? r->fields : NULL; f; f = f->next)
        if (strcasecmp(f->text, name) == 0 || (last && strcasecmp(f->text, last + 1) == 0))
            return true;
    return false;
}
