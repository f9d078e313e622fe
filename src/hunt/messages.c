/* What common events say. */
#include "hunt/messages.h"

#include "base/utf16.h"

#include <stdlib.h>
#include <strings.h>

enum { VALUE_BYTES = 4096 };

typedef struct { span text; const char *name; field id; } part;          /* name: NULL, a text */
typedef struct { uint32_t event_id; const char *provider, *name; part *parts; size_t count; } line;

struct messages { line *lines; size_t count; };      /* in order of number */

static void read_parts(arena *mem, const char *say, line *l)
{
    size_t most = 1;
    for (const char *c = say; *c; c++)
        most += 2u * (*c == '{');
    l->parts = arena_array(mem, most + 1, sizeof *l->parts);
    while (*say) {
        const char *open = strchr(say, '{'), *close = open ? strchr(open, '}') : NULL;
        if (!close)
            open = say + strlen(say);
        if (open > say)
            l->parts[l->count++] = (part){ span_of(say, (size_t)(open - say)), NULL, FIELD_NONE };
        if (!close)
            return;
        l->parts[l->count++] = (part){ { NULL, 0 }, arena_text(mem, span_of(open + 1, (size_t)(close - open) - 1)), FIELD_NONE };
        say = close + 1;
    }
}

static int by_id(const void *a, const void *b)
{
    const line *l = a, *r = b;
    return l->event_id != r->event_id ? (l->event_id < r->event_id ? -1 : 1) : strcmp(l->provider, r->provider);
}

status messages_new(const profile *facts, arena *mem, bool chinese, messages **out)
{
    const profile_node *events = profile_get(profile_root(facts, "events"), "events");
    messages *m = arena_alloc(mem, sizeof *m);
    if (!events)
        return status_fail(STATUS_BAD_INPUT, "profiles/events.yml is missing");
    m->lines = arena_array(mem, events->count + 1, sizeof *m->lines);
    for (const profile_node *e = events->first; e; e = e->next) {
        bool found;
        line *l = &m->lines[m->count++];
        *l = (line){ .event_id = (uint32_t)profile_number(e, "id", &found), .provider = profile_text(e, "provider"), .name = profile_text(e, chinese ? "zh" : "en") };
        read_parts(mem, profile_text(e, chinese ? "say_zh" : "say_en"), l);
    }
    qsort(m->lines, m->count, sizeof *m->lines, by_id);
    *out = m;
    return status_ok();
}

void messages_intern(messages *m, fields *names)
{
    for (size_t i = 0; i < m->count; i++)
        for (size_t k = 0; k < m->lines[i].count; k++)
            if (m->lines[i].parts[k].name)
                m->lines[i].parts[k].id = fields_intern(names, m->lines[i].parts[k].name);
}

static const line *first_of(const messages *m, uint32_t event_id)
{
    size_t low = 0, high = m->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (m->lines[middle].event_id < event_id)
            low = middle + 1;
        else
            high = middle;
    }
    return &m->lines[low];
}

/* Each value is masked by itself: most of them were met before. */
static void put_value(const event *ev, const part *p, const withheld_rule *hidden, masked *values, buf *out)
{
    if (withheld_hides(hidden, p->name)) {
        buf_str(out, values->with.unknown);
        return;
    }
    uint8_t room[VALUE_BYTES + 64];
    buf text = { .at = room, .room = VALUE_BYTES, .limit = VALUE_BYTES };
    binxml_value v = event_get(ev, p->id);
    if (v.type == BINXML_WSTRING && v.bytes.len > VALUE_BYTES / 4)
        v.bytes.len = VALUE_BYTES / 4;
    if (!value_absent(v))
        binxml_value_text(v, &text);
    size_t len = strnlen((const char *)room, text.len);
    while (len && (room[len - 1] == ' ' || room[len - 1] == '\n' || room[len - 1] == '\r' || room[len - 1] == '\t'))
        len--;
    if (len)
        buf_span(out, masked_value(values, span_of(room, len)));
    else
        buf_char(out, '?');
}

bool messages_put(const messages *m, const event *ev, masked *values, buf *out)
{
    const line *l = first_of(m, ev->event_id), *end = m->lines + m->count;
    while (l < end && l->event_id == ev->event_id && !utf16_is(ev->provider, l->provider))
        l++;
    if (l == end || l->event_id != ev->event_id)
        return false;
    const withheld_rule *hidden = withheld_of(values->with.names, ev);
    for (size_t i = 0; i < l->count; i++)
        if (l->parts[i].name)
            put_value(ev, &l->parts[i], hidden, values, out);
        else
            buf_span(out, l->parts[i].text);
    return true;
}

const char *messages_name(const messages *m, const char *provider, uint32_t event_id)
{
    const line *end = m->lines + m->count;
    for (const line *l = first_of(m, event_id); l < end && l->event_id == event_id; l++)
        if (strcasecmp(l->provider, provider) == 0)
            return l->name;
    return NULL;
}
