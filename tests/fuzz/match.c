/* Sigma rules and events over any bytes: rules, a line "%%", events as an export has them. What a matcher says of an event does not
 * depend on those before it. */
#include "event/json_events.h"
#include "sigma/sigma.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { EVENTS = 64 };

static void require(bool kept)
{
    if (!kept)
        abort();
}

static void check_hits(sigma_matcher *m, const sigma_rules *rules, const event *ev)
{
    const sigma_hit *hits, *others;
    size_t count = sigma_hits(m, ev, &hits);
    sigma_matcher *anew = sigma_matcher_new(rules);
    require(sigma_hits(anew, ev, &others) == count);
    for (size_t i = 0; i < count; i++) {
        require(hits[i].rule < sigma_count(rules) && (i == 0 || hits[i].rule > hits[i - 1].rule));
        require(hits[i].rule == others[i].rule && hits[i].field_count == others[i].field_count);
        for (uint32_t k = 0; k < hits[i].field_count; k++) {
            buf text;
            buf_init(&text, 1 << 20);
            require(*sigma_field_name(rules, hits[i].fields[k]) != '\0');
            sigma_field_put(anew, ev, hits[i].fields[k], &text);
            require(utf8_valid(buf_bytes(&text)));
            buf_done(&text);
        }
    }
    sigma_matcher_free(anew);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static arena facts_mem;
    static profile *facts;
    if (!facts && !status_is_ok(profile_open(NULL, &facts_mem, &facts)))
        abort();
    const uint8_t *cut = size ? memmem(data, size, "\n%%\n", 4) : NULL;
    if (!cut)
        return 0;
    span rest = span_of(cut + 4, (size_t)(data + size - cut) - 4);
    arena mem;
    sigma_rules *rules;
    problems noted;
    event ev;
    sigma_options o = { .text = span_of(data, (size_t)(cut - data)) };
    arena_init(&mem, 0);
    problems_init(&noted, &mem);
    require(status_is_ok(sigma_load(facts, &o, &mem, &rules)));
    fields *names = fields_new(&mem);
    sigma_intern(rules, names);
    event_view *view = event_view_new(names);
    sigma_matcher *m = sigma_matcher_new(rules);
    json_events *all = json_events_open(evtx_source_bytes(&rest), &noted);
    for (size_t i = 0; i < EVENTS && json_events_next(all, view, &ev); i++)
        check_hits(m, rules, &ev);
    json_events_close(all);
    sigma_matcher_free(m);
    event_view_free(view);
    sigma_free(rules);
    arena_done(&mem);
    return 0;
}
