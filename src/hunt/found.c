/* What an event gave, written and read. */
#include "hunt/found.h"

#include "base/cursor.h"

enum { TIME = 4, FILE_AT = 12, OFFSET = 20, RECORD = 28, EVENT_ID = 36, RECOVERED = 40, FIELDS = 41, HITS = 45, TEXTS = 49, FIELD_HEAD = 8, MOST_FIELDS = 4096 };

static void put_u(buf *out, uint64_t n, size_t bytes)
{
    uint8_t le[8];
    for (size_t i = 0; i < bytes; i++)
        le[i] = (uint8_t)(n >> (8 * i));
    buf_put(out, le, bytes);
}

static void set_u32(buf *out, size_t at, uint32_t n)
{
    memcpy(out->at + at, &n, sizeof n);
}

void found_begin(found_writer *w, buf *out, const found_event *ev)
{
    uint8_t head[TEXTS] = { 0 };
    memcpy(head + TIME, &ev->time, 8);
    memcpy(head + FILE_AT, &ev->file, 8);
    memcpy(head + OFFSET, &ev->offset, 8);
    memcpy(head + RECORD, &ev->record, 8);
    memcpy(head + EVENT_ID, &ev->event_id, 4);
    head[RECOVERED] = (uint8_t)(ev->recovered | ev->withheld << 1);
    w->out = out;
    w->from = out->len;
    w->hits = 0;
    w->numbers.count = 0;
    buf_put(out, head, sizeof head);
    buf_span(out, ev->host);
    buf_span(out, ev->channel);
}

int found_field(found_writer *w, uint32_t number)
{
    const uint32_t *numbers = w->numbers.at;
    for (size_t i = 0; i < w->numbers.count; i++)
        if (numbers[i] == number)
            return (int)i;
    return -1;
}

buf *found_value(found_writer *w, uint32_t number)
{
    put_u(w->out, number, 4);
    w->hits_at = w->out->len;
    put_u(w->out, 0, 4);
    *(uint32_t *)vec_push(&w->numbers) = number;
    return w->out;
}

bool found_value_end(found_writer *w)
{
    buf *out = w->out;
    size_t begin = w->hits_at + 4;
    if (out->overflow || out->len - w->from > FOUND_BYTES / 2 || w->numbers.count > MOST_FIELDS) {
        out->len = w->hits_at - 4;
        out->overflow = false;
        w->numbers.count--;
        return false;
    }
    set_u32(out, w->hits_at, (uint32_t)(out->len - begin));
    return true;
}

void found_fields_end(found_writer *w)
{
    if (!w->out->overflow)
        set_u32(w->out, w->from + FIELDS, (uint32_t)w->numbers.count);
}

void found_hit(found_writer *w, uint32_t rule, const uint32_t *fields, size_t count, const sigma_field *needed, size_t needed_count)
{
    buf *out = w->out;
    put_u(out, rule, 4);
    size_t count_at = out->len, n = 0;
    put_u(out, 0, 4);
    for (size_t i = 0; i < count; i++) {
        int place = found_field(w, fields[i]);
        if (place < 0)
            continue;
        put_u(out, (uint64_t)place, 2);
        n++;
    }
    size_t needed_at = out->len, kept = 0;
    put_u(out, 0, 2);
    for (; kept < needed_count && out->len - w->from + strlen(needed[kept].name) + strlen(needed[kept].value) < FOUND_BYTES - 4096; kept++) {
        buf_put(out, needed[kept].name, strlen(needed[kept].name) + 1);
        buf_put(out, needed[kept].value, strlen(needed[kept].value) + 1);
    }
    if (out->overflow)
        return;
    set_u32(out, count_at, (uint32_t)n);
    out->at[needed_at] = (uint8_t)kept;
    out->at[needed_at + 1] = (uint8_t)(kept >> 8);
    w->hits++;
}

void found_end(found_writer *w)
{
    if (w->out->overflow) {
        w->out->len = w->from;
        return;
    }
    set_u32(w->out, w->from + HITS, w->hits);
    set_u32(w->out, w->from, (uint32_t)(w->out->len - w->from));
}

static span text_at(span found, size_t *at)
{
    const char *text = (const char *)found.at + *at;
    size_t len = strlen(text) + 1;
    *at += len;
    return span_of(text, len);
}

void found_read(found_reader *r, span found)
{
    size_t at = TEXTS;
    r->all = found;
    r->event = (found_event){
        .time = found_time(found), .file = le64(found.at + FILE_AT), .offset = le64(found.at + OFFSET), .record = le64(found.at + RECORD),
        .event_id = le32(found.at + EVENT_ID), .recovered = found.at[RECOVERED] & 1, .withheld = found.at[RECOVERED] & 2,
    };
    r->event.host = text_at(found, &at);
    r->event.channel = text_at(found, &at);
    r->fields.count = 0;
    for (uint32_t left = le32(found.at + FIELDS); left; left--) {
        uint32_t len = le32(found.at + at + 4);
        *(found_shown *)vec_push(&r->fields) = (found_shown){ le32(found.at + at), span_of(found.at + at + FIELD_HEAD, len) };
        at += FIELD_HEAD + len;
    }
    r->left = le32(found.at + HITS);
    r->at = at;
}

bool found_next(found_reader *r, found_rule *out, vec *needed)
{
    if (r->left == 0)
        return false;
    r->left--;
    const uint8_t *at = r->all.at + r->at;
    *out = (found_rule){ le32(at), le32(at + 4), at + 8 };
    r->at += 8 + 2 * (size_t)out->field_count + 2;
    needed->count = 0;
    for (unsigned left = le16(out->fields + 2 * (size_t)out->field_count); left; left--) {
        sigma_field *f = vec_push(needed);
        f->name = (const char *)text_at(r->all, &r->at).at;
        f->value = (const char *)text_at(r->all, &r->at).at;
    }
    return true;
}

moment found_time(span found) { return le64(found.at + TIME); }

static int by_u64(uint64_t a, uint64_t b) { return a < b ? -1 : a > b; }

int found_order(span a, span b, bool *same)
{
    size_t ai = TEXTS, bi = TEXTS;
    *same = false;
    int by = by_u64(found_time(a), found_time(b));
    for (int i = 0; i < 2 && !by; i++)                       /* host, channel */
        by = strcmp((const char *)text_at(a, &ai).at, (const char *)text_at(b, &bi).at);
    by = by ? by : by_u64(le64(a.at + RECORD), le64(b.at + RECORD));
    by = by ? by : by_u64(le32(a.at + EVENT_ID), le32(b.at + EVENT_ID));
    if (by)
        return by;
    *same = true;
    by = by_u64(le64(a.at + FILE_AT), le64(b.at + FILE_AT));
    return by ? by : by_u64(le64(a.at + OFFSET), le64(b.at + OFFSET));
}
