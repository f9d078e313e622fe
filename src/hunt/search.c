/* A word, or an expression, in every value. */
#include "hunt/search.h"

#include "base/fold.h"
#include "base/map.h"
#include "base/regex.h"
#include "base/utf16.h"
#include "hunt/found.h"
#include "hunt/sorter.h"

enum { TEXT_BYTES = 64 << 20, REGEX_TEXT = 64 << 10, FOUND_MOST = 64 << 20, FOUND_MANY = 8 << 20, SORT_BYTES = 48 << 20,
       ONE_NAME = FOUND_BYTES - (64 << 10) };

typedef struct {
    arena self, mem;
    regex_room *room;
    buf found, text, folded;
    masked values;
    found_writer writer;
} worker;

typedef struct {
    const search_what *what;
    reading *reading;
    worker *workers;
    sorter sorted;
    arena mem;
    const regex *expression;
    span needle;                         /* folded unless case counts */
} search;

static span text_of(binxml_value v, buf *out)
{
    binxml_value item;
    binxml_items items = binxml_items_of(v);
    buf_clear(out);
    while (binxml_items_next(&items, &item)) {
        size_t from = out->len;
        if (from)
            buf_char(out, '\n');
        binxml_value_text(item, out);
        const uint8_t *nul = out->len > from ? memchr(out->at + from, 0, out->len - from) : NULL;
        out->len = nul ? (size_t)(nul - out->at) : out->len;
    }
    while (out->len && (out->at[out->len - 1] == ' ' || out->at[out->len - 1] == '\r' || out->at[out->len - 1] == '\n' || out->at[out->len - 1] == '\t'))
        out->len--;
    return buf_bytes(out);
}

static bool holds(const search *s, worker *w, span text)
{
    if (!text.len)
        return false;
    if (s->expression)
        return utf8_valid(text) && regex_matches(s->expression, w->room, text, REGEX_TEXT);
    if (s->what->cased)
        return memmem(text.at, text.len, s->needle.at, s->needle.len) != NULL;
    buf_clear(&w->folded);
    if (!buf_room(&w->folded, FOLD_ROOM(text.len)))
        return false;
    w->folded.len = fold_utf8(text, w->folded.at);
    return memmem(w->folded.at, w->folded.len, s->needle.at, s->needle.len) != NULL;
}

static bool same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (*a != *b && ((*a ^ *b) != 32 || (*a | 32) < 'a' || (*a | 32) > 'z'))
            return false;
    return *a == *b;
}

static bool is_asked(const search *s, const char *name)
{
    for (size_t i = 0; i < s->what->field_count; i++)
        if (same_name(s->what->fields[i], name))
            return true;
    return s->what->field_count == 0;
}

static bool in_system(const search *s, worker *w, const char *name, span units)
{
    return is_asked(s, name) && holds(s, w, text_of((binxml_value){ BINXML_WSTRING, units }, &w->text));
}

typedef struct { const char *name; buf text; bool matched; } gathered;

/* A value that repeats its name is not written anew each time: documents have thousands of one name. */
static void add_field(vec *fields, map *names, const char *name, span value, bool matched)
{
    bool was;
    uint64_t *at = map_put(names, span_str(name), &was);
    if (!was) {
        *at = fields->count;
        gathered *new = vec_push(fields);
        *new = (gathered){ .name = name };
        buf_init(&new->text, ONE_NAME);
    }
    gathered *f = vec_at(fields, (size_t)*at);
    f->matched |= matched;
    size_t left = ONE_NAME - f->text.len;
    if (f->text.len && left) {
        buf_char(&f->text, '\n');
        left--;
    }
    while (left < value.len && left && (value.at[left] & 0xc0) == 0x80)
        left--;
    buf_span(&f->text, span_part(value, 0, value.len < left ? value.len : left));
}

static void put_event(const search *s, worker *w, const event *ev, uint64_t file, bool data)
{
    vec fields;
    map names;
    event_values i = { 0 };
    const withheld_rule *hidden = withheld_of(s->what->mask.names, ev);
    vec_init(&fields, sizeof(gathered));
    map_init(&names);
    arena_reset(&w->mem);
    while (event_values_next(ev, &i)) {
        const char *label = event_values_label(ev, &i);
        span text = text_of(i.value, &w->text);
        if (text.len)
            add_field(&fields, &names, label, withheld_hides(hidden, label) ? span_str(s->what->mask.unknown) : masked_value(&w->values, text),
                      data && is_asked(s, label) && holds(s, w, text));
    }
    span host = span_str(utf16_text(&w->mem, ev->computer)), channel = span_str(utf16_text(&w->mem, ev->channel));
    host.len++;
    channel.len++;
    found_event about = {
        .time = ev->time, .record = ev->record_id, .offset = ev->offset, .file = file, .event_id = ev->event_id, .recovered = ev->recovered,
        .host = host, .channel = channel,
    };
    found_begin(&w->writer, &w->found, &about);
    found_fields_end(&w->writer);
    vec all;
    vec_init(&all, sizeof(sigma_field));
    /* As sorted: '+' or '-' for whether it matched, then the name; the value. */
    *(sigma_field *)vec_push(&all) = (sigma_field){ "", utf16_text(&w->mem, ev->provider) };
    for (size_t k = 0; k < fields.count; k++) {
        gathered *f = vec_at(&fields, k);
        *(sigma_field *)vec_push(&all) = (sigma_field){ arena_printf(&w->mem, "%c%s", f->matched ? '+' : '-', f->name), arena_text(&w->mem, buf_bytes(&f->text)) };
        buf_done(&f->text);
    }
    found_hit(&w->writer, 0, NULL, 0, all.at, all.count);
    found_end(&w->writer);
    vec_done(&all);
    vec_done(&fields);
    map_done(&names);
}

static bool hand_in(void *context, unsigned number)
{
    search *s = context;
    worker *w = &s->workers[number];
    if (w->found.len)
        sorter_add(&s->sorted, buf_bytes(&w->found));
    buf_clear(&w->found);
    return status_is_ok(s->sorted.failed);
}

static void look_at(void *context, unsigned number, const event *ev, uint64_t file)
{
    search *s = context;
    worker *w = &s->workers[number];
    bool wanted = s->what->id_count == 0, found = false, data = false;
    event_values i = { 0 };
    for (size_t k = 0; k < s->what->id_count; k++)
        wanted |= s->what->ids[k] == ev->event_id;
    if (!wanted)
        return;
    while (!data && event_values_next(ev, &i))
        data = (s->what->field_count == 0 || is_asked(s, event_values_label(ev, &i))) && holds(s, w, text_of(i.value, &w->text));
    found = data || in_system(s, w, "Channel", ev->channel) || in_system(s, w, "Provider", ev->provider) || in_system(s, w, "Computer", ev->computer);
    if (!found)
        return;
    put_event(s, w, ev, file, data);
    if (w->found.len > FOUND_MANY) {
        reading_lock(s->reading);
        hand_in(s, number);
        reading_unlock(s->reading);
    }
}

typedef struct { search *of; found_reader reader; vec needed, fields; search_counts *counts; void (*each)(void *, const search_hit *); void *context; } outlet;

static void give(void *context, span found, bool again)
{
    outlet *to = context;
    found_rule one;
    if (again) {
        to->counts->again++;
        return;
    }
    found_read(&to->reader, found);
    const found_event *ev = &to->reader.event;
    if (!found_next(&to->reader, &one, &to->needed) || !to->needed.count)
        return;
    to->fields.count = 0;
    for (size_t i = 1; i < to->needed.count; i++) {
        const sigma_field *f = vec_at(&to->needed, i);
        *(search_field *)vec_push(&to->fields) = (search_field){ f->name + 1, f->value, f->name[0] == '+' };
    }
    search_hit hit = {
        .time = ev->time, .event_id = ev->event_id, .record = ev->record, .recovered = ev->recovered, .host = (const char *)ev->host.at,
        .channel = (const char *)ev->channel.at, .provider = ((const sigma_field *)to->needed.at)->value, .file = reading_path(to->of->reading, ev->file),
        .fields = to->fields.at, .field_count = to->fields.count,
    };
    to->counts->hits++;
    to->each(to->context, &hit);
}

static status begin(search *s, const search_what *what)
{
    if (what->regex)
        return regex_new(&s->mem, what->word, REGEX_DOTALL | (what->cased ? 0 : REGEX_CASELESS), &s->expression);
    size_t len = strlen(what->word);
    uint8_t *folded = arena_alloc(&s->mem, FOLD_ROOM(len));
    s->needle = what->cased ? span_str(what->word) : span_of(folded, fold_utf8(span_str(what->word), folded));
    return status_ok();
}

static void begin_worker(worker *w, hunt_mask mask)
{
    arena_init(&w->self, 0);
    arena_init(&w->mem, 0);
    w->room = regex_room_new(&w->self);
    buf_init(&w->found, FOUND_MOST);
    buf_init(&w->text, TEXT_BYTES);
    buf_init(&w->folded, 4u * TEXT_BYTES);
    masked_init(&w->values, mask);
    vec_init(&w->writer.numbers, sizeof(uint32_t));
}

static void end_worker(worker *w)
{
    buf_done(&w->found);
    buf_done(&w->text);
    buf_done(&w->folded);
    masked_done(&w->values);
    vec_done(&w->writer.numbers);
    arena_done(&w->mem);
    arena_done(&w->self);
}

status search_run(const search_what *what, const read_options *o, void (*each)(void *context, const search_hit *h), void *context, search_counts *out)
{
    search s = { .what = what };
    outlet to = { .of = &s, .counts = out, .each = each, .context = context };
    read_options how = *o;
    unsigned threads = o->threads ? o->threads : 1;
    *out = (search_counts){ 0 };
    arena_init(&s.mem, 0);
    fields *names = fields_new(&s.mem);
    if (what->mask.names)
        withheld_intern(what->mask.names, names);
    how.names = names;
    how.each = look_at;
    how.hand_in = hand_in;
    how.context = &s;
    status done = begin(&s, what);
    if (status_is_ok(done))
        done = reading_open(&how, &s.reading);
    if (!status_is_ok(done)) {
        arena_done(&s.mem);
        return done;
    }
    s.workers = arena_array(&s.mem, threads, sizeof *s.workers);
    for (unsigned i = 0; i < threads; i++)
        begin_worker(&s.workers[i], what->mask);
    sorter_init(&s.sorted, SORT_BYTES);
    reading_run(s.reading, &out->read);
    for (unsigned i = 0; i < threads; i++)
        end_worker(&s.workers[i]);
    vec_init(&to.reader.fields, sizeof(found_shown));
    vec_init(&to.needed, sizeof(sigma_field));
    vec_init(&to.fields, sizeof(search_field));
    done = sorter_give(&s.sorted, give, &to);
    vec_done(&to.reader.fields);
    vec_done(&to.needed);
    vec_done(&to.fields);
    sorter_done(&s.sorted);
    reading_close(s.reading);
    arena_done(&s.mem);
    return done;
}
