/* Rules asked of every event; what they say, in order. */
#include "hunt/hunt.h"

#include "base/utf16.h"
#include "hunt/read.h"
#include "hunt/sorter.h"

#include <stdio.h>

/* A field of found that no rule has: what the event says. */
#define MESSAGE (UINT32_MAX - 1)

enum { FOUND_MOST = 64 << 20, FOUND_MANY = 8 << 20 };

typedef struct {
    sigma_matcher *matcher;
    buf found;
    found_writer writer;
    arena mem;
    masked values; buf plain;
    struct { buf units, text; } names[2];    /* host, channel of the last hit: mostly those of the next */
} worker;

typedef struct {
    const hunt_options *o;
    reading *reading;
    worker *workers;
    hunt_counts *counts;
    sorter sorted;
    arena mem;
} hunt;

static span name_text(worker *w, size_t which, span units)
{
    buf *known = &w->names[which].units, *text = &w->names[which].text;
    if (!text->len || !span_eq(buf_bytes(known), units)) {
        buf_clear(known);
        buf_clear(text);
        buf_span(known, units);
        utf16_utf8(units, text);
        const uint8_t *nul = text->len ? memchr(text->at, 0, text->len) : NULL;
        text->len = nul ? (size_t)(nul - text->at) : text->len;
        buf_char(text, '\0');
    }
    return buf_bytes(text);
}

static void put_plain(span value, buf *out) { buf_span(out, value); }

static void put_fields(hunt *h, worker *w, const event *ev, const withheld_rule *hidden, const sigma_hit *hits, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < hits[i].field_count && !sigma_hidden(h->o->rules, hits[i].rule); k++) {
            uint32_t number = hits[i].fields[k];
            if (found_field(&w->writer, number) >= 0)
                continue;
            buf_clear(&w->plain);
            sigma_field_put(w->matcher, ev, number, &w->plain);
            bool hides = withheld_hides(hidden, sigma_field_name(h->o->rules, number));
            span value = hides ? span_str(h->o->mask.unknown) : masked_value(&w->values, buf_bytes(&w->plain));
            (h->o->values == HUNT_JSON ? utf8_json : put_plain)(value, found_value(&w->writer, number));
            if (!found_value_end(&w->writer))
                return;
        }
}

static void put_message(hunt *h, worker *w, const event *ev)
{
    buf_clear(&w->plain);
    if (!h->o->messages || !messages_put(h->o->messages, ev, &w->values, &w->plain))
        return;
    (h->o->values == HUNT_JSON ? utf8_json : put_plain)(buf_bytes(&w->plain), found_value(&w->writer, MESSAGE));
    found_value_end(&w->writer);
}

static void put_found(hunt *h, worker *w, const event *ev, uint64_t file, const sigma_hit *hits, size_t count)
{
    const withheld_rule *hidden = withheld_of(h->o->mask.names, ev);
    found_event about = {
        .time = ev->time, .record = ev->record_id, .offset = ev->offset, .file = file, .event_id = ev->event_id, .recovered = ev->recovered, .withheld = hidden != NULL,
        .host = name_text(w, 0, ev->computer), .channel = name_text(w, 1, ev->channel),
    };
    found_begin(&w->writer, &w->found, &about);
    if (h->o->values != HUNT_NO_VALUES) {
        put_message(h, w, ev);
        put_fields(h, w, ev, hidden, hits, count);
    }
    found_fields_end(&w->writer);
    for (size_t i = 0; i < count; i++) {
        sigma_field *needed = NULL;
        size_t needed_count = 0;
        if (sigma_wanted(h->o->rules, hits[i].rule)) {
            arena_reset(&w->mem);
            needed_count = sigma_needed(w->matcher, ev, hits[i].rule, &w->mem, &needed);
        }
        found_hit(&w->writer, hits[i].rule, hits[i].fields, h->o->values == HUNT_NO_VALUES ? 0 : hits[i].field_count, needed, needed_count);
    }
    found_end(&w->writer);
}

static bool hand_in(void *context, unsigned number)
{
    hunt *h = context;
    worker *w = &h->workers[number];
    if (w->found.len)
        sorter_add(&h->sorted, buf_bytes(&w->found));
    buf_clear(&w->found);
    return status_is_ok(h->sorted.failed);
}

static void look_at(void *context, unsigned number, const event *ev, uint64_t file)
{
    hunt *h = context;
    worker *w = &h->workers[number];
    const sigma_hit *hits;
    size_t count = sigma_hits(w->matcher, ev, &hits);
    if (!count)
        return;
    put_found(h, w, ev, file, hits, count);
    if (w->found.len > FOUND_MANY) {
        reading_lock(h->reading);
        hand_in(h, number);
        reading_unlock(h->reading);
    }
}

/* ---- hits in order ---- */

/* Given to correlations, and on. */
typedef struct {
    hunt *of;
    sigma_correlator *correlator;
    void (*each)(void *, const hunt_hit *);
    void *context;
    found_reader reader;
    vec shown, needed, told;             /* hunt_field, sigma_field; rules that were told of this record */
    buf text;
    bool again;                          /* the hit told last was of this event */
    uint64_t file; const char *path;
    uint64_t given, known;
} outlet;

static const char *path_of(outlet *to, uint64_t file)
{
    if (!to->path || to->file != file)
        to->path = reading_path(to->of->reading, file);
    to->file = file;
    return to->path;
}

static span shown_text(outlet *to, const char *text)
{
    size_t from = to->text.len;
    if (to->of->o->values == HUNT_JSON)
        utf8_json(span_str(text), &to->text);
    else
        buf_str(&to->text, text);
    return (span){ NULL, to->text.len - from };              /* its place is known when all are put */
}

static void give_correlated(void *context, const sigma_correlated *c)
{
    outlet *to = context;
    hunt_hit hit = *(const hunt_hit *)c->event;
    hunt_field fields[32];
    char count[24], first[MOMENT_TEXT];
    size_t n = 0, at = 0;
    const hunt_mask *mask = &to->of->o->mask;
    const withheld_rule *hidden = to->reader.event.withheld ? withheld_of_id(mask->names, hit.event_id) : NULL;
    if (sigma_hidden(to->of->o->rules, c->rule))
        return;
    snprintf(count, sizeof count, "%llu", (unsigned long long)c->count);
    moment_iso(c->first, first);
    buf_clear(&to->text);
    for (; n < c->field_count && n < 28; n++)
        fields[n] = (hunt_field){ HUNT_NO_FIELD, c->fields[n].name, shown_text(to, withheld_hides(hidden, c->fields[n].name) ? mask->unknown : c->fields[n].value) };
    fields[n++] = (hunt_field){ HUNT_NO_FIELD, "count", shown_text(to, count) };
    fields[n++] = (hunt_field){ HUNT_NO_FIELD, "first", shown_text(to, first) };
    for (size_t i = 0; i < n; i++) {
        fields[i].value.at = to->text.at + at;
        at += fields[i].value.len;
    }
    hit.rule = c->rule;
    hit.again = false;
    hit.fields = fields;
    hit.field_count = to->of->o->values == HUNT_NO_VALUES ? 0 : n;
    to->given++;
    to->again = false;
    to->each(to->context, &hit);
}

static bool was_told(outlet *to, uint32_t rule)
{
    for (size_t i = 0; i < to->told.count; i++)
        if (*(uint32_t *)vec_at(&to->told, i) == rule)
            return true;
    *(uint32_t *)vec_push(&to->told) = rule;
    return false;
}

static void give_found(void *context, span found, bool again)
{
    outlet *to = context;
    const sigma_rules *rules = to->of->o->rules;
    found_reader *r = &to->reader;
    found_rule one;
    found_read(r, found);
    if (!again)
        to->told.count = 0;
    to->again = false;
    hunt_hit hit = {
        .time = r->event.time, .event_id = r->event.event_id, .record = r->event.record, .offset = r->event.offset, .recovered = r->event.recovered,
        .host = (const char *)r->event.host.at, .channel = (const char *)r->event.channel.at, .file = path_of(to, r->event.file),
    };
    for (size_t i = 0; i < r->fields.count; i++) {
        const found_shown *f = vec_at(&r->fields, i);
        if (f->number == MESSAGE)
            hit.message = f->value;
    }
    while (found_next(r, &one, &to->needed)) {
        if (was_told(to, one.rule)) {
            to->known++;
            continue;
        }
        to->shown.count = 0;
        for (uint32_t i = 0; i < one.field_count; i++) {
            const found_shown *f = vec_at(&r->fields, le16(one.fields + 2 * (size_t)i));
            *(hunt_field *)vec_push(&to->shown) = (hunt_field){ f->number, sigma_field_name(rules, f->number), f->value };
        }
        hit.rule = one.rule;
        hit.again = to->again;
        hit.fields = to->shown.at;
        hit.field_count = to->shown.count;
        if (!sigma_hidden(rules, one.rule)) {
            to->given++;
            to->again = true;
            to->each(to->context, &hit);
        }
        if (sigma_wanted(rules, one.rule))
            sigma_correlate(to->correlator, one.rule, hit.time, to->needed.at, to->needed.count, &hit);
    }
}

static status give_all(hunt *h, void (*each)(void *, const hunt_hit *), void *context)
{
    outlet to = { .of = h, .each = each, .context = context };
    vec_init(&to.reader.fields, sizeof(found_shown));
    vec_init(&to.shown, sizeof(hunt_field));
    vec_init(&to.needed, sizeof(sigma_field));
    vec_init(&to.told, sizeof(uint32_t));
    buf_init(&to.text, 64 << 20);
    to.correlator = sigma_correlator_new(h->o->rules, give_correlated, &to);
    status s = sorter_give(&h->sorted, give_found, &to);
    h->counts->hits = to.given;
    h->counts->again = to.known;
    h->counts->cut = sigma_correlator_free(to.correlator);
    vec_done(&to.reader.fields);
    vec_done(&to.shown);
    vec_done(&to.needed);
    vec_done(&to.told);
    buf_done(&to.text);
    return s;
}

static void begin_workers(hunt *h, unsigned threads)
{
    h->workers = arena_array(&h->mem, threads, sizeof *h->workers);
    for (unsigned i = 0; i < threads; i++) {
        worker *w = &h->workers[i];
        w->matcher = sigma_matcher_new(h->o->rules);
        buf_init(&w->found, FOUND_MOST);
        vec_init(&w->writer.numbers, sizeof(uint32_t));
        for (size_t n = 0; n < 2; n++) {
            buf_init(&w->names[n].units, 1 << 20);
            buf_init(&w->names[n].text, 4 << 20);
        }
        arena_init(&w->mem, 0);
        masked_init(&w->values, h->o->mask);
        buf_init(&w->plain, 64 << 20);
    }
}

static void end_workers(hunt *h, unsigned threads)
{
    for (unsigned i = 0; i < threads; i++) {
        worker *w = &h->workers[i];
        if (h->o->chances)
            sigma_chances(w->matcher, h->o->chances, h->o->missing);
        sigma_matcher_free(w->matcher);
        buf_done(&w->found);
        vec_done(&w->writer.numbers);
        for (size_t n = 0; n < 2; n++) {
            buf_done(&w->names[n].units);
            buf_done(&w->names[n].text);
        }
        arena_done(&w->mem);
        masked_done(&w->values);
        buf_done(&w->plain);
    }
}

status hunt_run(const hunt_options *o, void (*each)(void *context, const hunt_hit *h), void *context, hunt_counts *out)
{
    hunt h = { .o = o, .counts = out };
    unsigned threads = o->threads ? o->threads : 1;
    *out = (hunt_counts){ 0 };
    arena_init(&h.mem, 0);
    fields *names = fields_new(&h.mem);
    read_options how = {
        .paths = o->paths, .path_count = o->path_count, .password = o->password, .since = o->since, .until = o->until, .threads = threads, .names = names,
        .progress = o->progress, .each = look_at, .hand_in = hand_in, .context = &h, .note = o->note, .note_context = o->note_context,
    };
    status s = reading_open(&how, &h.reading);
    if (!status_is_ok(s)) {
        arena_done(&h.mem);
        return s;
    }
    sigma_intern(o->rules, names);
    if (o->mask.names)
        withheld_intern(o->mask.names, names);
    if (o->messages)
        messages_intern(o->messages, names);
    begin_workers(&h, threads);
    sorter_init(&h.sorted, HUNT_BYTES);
    read_counts counts;
    reading_run(h.reading, &counts);
    end_workers(&h, threads);
    if (o->chances)
        sigma_chances_end(o->rules, o->chances);
    out->events = counts.events;
    out->logs = counts.logs;
    out->lost = counts.lost;
    s = give_all(&h, each, context);
    sorter_done(&h.sorted);
    reading_close(h.reading);
    arena_done(&h.mem);
    return s;
}
