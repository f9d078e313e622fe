/* Hits as they are written. */
#include "cli/hunt_print.h"

#include "base/utf16.h"
#include "cli/hunting.h"

#include <string.h>

enum { TEXT_BYTES = 4 << 20 };

void hunt_printer_init(hunt_printer *p, const sigma_rules *rules, hunt_format format)
{
    *p = (hunt_printer){ .rules = rules, .format = format };
    arena_init(&p->mem, 0);
    p->rule_texts = arena_array(&p->mem, sigma_count(rules) + 1, sizeof *p->rule_texts);
    buf *all[] = { &p->head, &p->tail, &p->host_raw, &p->host, &p->channel_raw, &p->channel, &p->file_raw, &p->file };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        buf_init(all[i], 2 * TEXT_BYTES);
}

void hunt_printer_done(hunt_printer *p)
{
    buf *all[] = { &p->head, &p->tail, &p->host_raw, &p->host, &p->channel_raw, &p->channel, &p->file_raw, &p->file };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        buf_done(all[i]);
    arena_done(&p->mem);
}

/* ---- JSON ---- */

static void put_json_text(buf *out, const char *text)
{
    buf_char(out, '"');
    utf8_json(span_str(text), out);
    buf_char(out, '"');
}

/* The same as the last time, mostly. */
static span escaped(buf *raw, buf *json, const char *text)
{
    size_t len = strlen(text);
    if (!json->len || len != raw->len || memcmp(raw->at, text, len) != 0) {
        buf_clear(raw);
        buf_clear(json);
        buf_put(raw, text, len);
        put_json_text(json, text);
    }
    return buf_bytes(json);
}

static void put_tags(buf *out, const sigma_rule *r)
{
    buf_char(out, '[');
    for (size_t i = 0; i < r->tag_count; i++) {
        if (i)
            buf_char(out, ',');
        put_json_text(out, r->tags[i]);
    }
    buf_char(out, ']');
}

/* What stands between the event and the fields. */
static span rule_text(hunt_printer *p, uint32_t rule)
{
    if (p->rule_texts[rule].len)
        return p->rule_texts[rule];
    const sigma_rule *r = sigma_rule_at(p->rules, rule);
    buf out;
    buf_init(&out, 4 * TEXT_BYTES);
    if (p->format == OUT_TIMESKETCH) {
        buf_str(&out, "\"timestamp_desc\":\"Sigma: ");
        utf8_json(span_str(sigma_level_word(r->level)), &out);
        buf_str(&out, "\",");
    }
    buf_str(&out, "\"rule_id\":");
    put_json_text(&out, r->id);
    buf_str(&out, ",\"rule\":");
    put_json_text(&out, r->title);
    buf_printf(&out, ",\"level\":\"%s\",\"%s\":", sigma_level_word(r->level), p->format == OUT_TIMESKETCH ? "tag" : "tags");
    put_tags(&out, r);
    buf_str(&out, ",\"fields\":{");
    p->rule_texts[rule] = arena_span(&p->mem, buf_bytes(&out));
    buf_done(&out);
    return p->rule_texts[rule];
}

static span field_name(hunt_printer *p, const hunt_field *f)
{
    buf out;
    if (f->number < p->name_count && p->names[f->number].len)
        return p->names[f->number];
    if (f->number != HUNT_NO_FIELD && f->number >= p->name_count) {
        size_t room = 2 * (size_t)f->number + 64;
        span *names = arena_array(&p->mem, room, sizeof *names);
        if (p->name_count)
            memcpy(names, p->names, p->name_count * sizeof *names);
        p->names = names;
        p->name_count = room;
    }
    buf_init(&out, TEXT_BYTES);
    put_json_text(&out, f->name);
    buf_str(&out, ":\"");
    span made = arena_span(&p->mem, buf_bytes(&out));
    buf_done(&out);
    if (f->number != HUNT_NO_FIELD)
        p->names[f->number] = made;
    return made;
}

static void begin_event(hunt_printer *p, const hunt_hit *h)
{
    char time[MOMENT_TEXT];
    buf *head = &p->head, *tail = &p->tail;
    buf_clear(head);
    buf_clear(tail);
    buf_str(head, p->format == OUT_TIMESKETCH ? "{\"datetime\":\"" : "{\"time\":\"");
    buf_str(head, moment_iso(h->time, time));
    buf_str(head, "\",\"host\":");
    buf_span(head, escaped(&p->host_raw, &p->host, h->host));
    buf_str(head, ",\"channel\":");
    buf_span(head, escaped(&p->channel_raw, &p->channel, h->channel));
    buf_str(head, ",\"event_id\":");
    buf_u64(head, h->event_id);
    buf_str(head, ",\"record_id\":");
    buf_u64(head, h->record);
    buf_char(head, ',');
    buf_char(tail, '}');
    if (p->format == OUT_JSONL && h->message.len) {
        buf_str(tail, ",\"message\":\"");
        buf_span(tail, h->message);
        buf_char(tail, '"');
    } else if (p->format == OUT_JSONL) {
        buf_str(tail, ",\"message\":null");
    }
    buf_str(tail, ",\"file\":");
    buf_span(tail, escaped(&p->file_raw, &p->file, h->file));
    buf_str(tail, h->recovered ? ",\"recovered\":true}\n" : "}\n");
}

/* Values are escaped already. */
static void put_json(hunt_printer *p, const hunt_hit *h, buf *out)
{
    if (!h->again)
        begin_event(p, h);
    buf_span(out, buf_bytes(&p->head));
    if (p->format == OUT_TIMESKETCH) {
        buf_str(out, "\"message\":\"");
        utf8_json(span_str(sigma_rule_at(p->rules, h->rule)->title), out);
        buf_str(out, " (");
        utf8_json(span_str(h->host), out);
        buf_printf(out, ", %u)\",", h->event_id);
    }
    buf_span(out, rule_text(p, h->rule));
    for (size_t i = 0; i < h->field_count; i++) {
        if (i)
            buf_char(out, ',');
        buf_span(out, field_name(p, &h->fields[i]));
        buf_span(out, h->fields[i].value);
        buf_char(out, '"');
    }
    buf_span(out, buf_bytes(&p->tail));
}

/* ---- tables ---- */

static void put_csv(const hunt_printer *p, const hunt_hit *h, buf *out)
{
    char time[MOMENT_TEXT];
    const sigma_rule *r = sigma_rule_at(p->rules, h->rule);
    buf fields, tags;
    buf_init(&fields, TEXT_BYTES);
    buf_init(&tags, TEXT_BYTES);
    for (size_t i = 0; i < h->field_count; i++) {
        buf_printf(&fields, "%s%s=", i ? "; " : "", h->fields[i].name);
        buf_span(&fields, h->fields[i].value);
    }
    for (size_t i = 0; i < r->tag_count; i++)
        buf_printf(&tags, "%s%s", i ? " " : "", r->tags[i]);
    hunting_cell(out, span_str(moment_iso(h->time, time)));
    const span cells[] = { span_str(h->host), span_str(sigma_level_word(r->level)), span_str(r->title), span_str(r->id), buf_bytes(&tags), span_str(h->channel) };
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        buf_char(out, ',');
        hunting_cell(out, cells[i]);
    }
    buf_printf(out, ",%u,%llu,", h->event_id, (unsigned long long)h->record);
    hunting_cell(out, buf_bytes(&fields));
    buf_char(out, ',');
    hunting_cell(out, h->message);
    buf_char(out, ',');
    hunting_cell(out, span_str(h->file));
    buf_str(out, "\r\n");
    buf_done(&fields);
    buf_done(&tags);
}

static void put_table(const hunt_printer *p, const hunt_hit *h, buf *out)
{
    char time[MOMENT_TEXT];
    const sigma_rule *r = sigma_rule_at(p->rules, h->rule);
    moment_iso(h->time, time);
    buf_printf(out, "%.19s%s  %-13s  %-16s  %s\n", *time ? time : "-                  ", *time ? "Z" : " ", sigma_level_word(r->level), h->host, r->title);
    buf_printf(out, "    %s %u, record %llu, %s\n", h->channel, h->event_id, (unsigned long long)h->record, h->file);
    if (h->message.len) {
        buf_str(out, "    ");
        hunting_brief(out, h->message);
        buf_char(out, '\n');
    }
    for (size_t i = 0; i < h->field_count; i++) {
        buf_printf(out, "    %s: ", h->fields[i].name);
        hunting_brief(out, h->fields[i].value);
        buf_char(out, '\n');
    }
}

void hunt_print_head(const hunt_printer *p, buf *out)
{
    if (p->format == OUT_CSV)
        buf_str(out, "\xEF\xBB\xBFTime,Host,Level,Rule,RuleId,Tags,Channel,EventID,RecordId,Fields,Message,File\r\n");
}

void hunt_print(hunt_printer *p, const hunt_hit *h, buf *out)
{
    if (p->format == OUT_TABLE)
        put_table(p, h, out);
    else if (p->format == OUT_CSV)
        put_csv(p, h, out);
    else
        put_json(p, h, out);
}
