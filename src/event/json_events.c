#include "event/json_events.h"

#include "base/json_read.h"
#include "base/utf16.h"
#include "event/flat.h"

#include <stdio.h>
#include <stdlib.h>

enum { READ = 256 << 10, TREE_BYTES = 64 << 20, LOOK = 4000 };

struct json_events {
    arena self;
    evtx_source source;
    problems *noted;
    buf bytes; size_t pos;               /* what is read of the file */
    uint64_t base;                       /* where `bytes` begins */
    bool ended;
    arena tree;                          /* of the object at hand */
    const json *inner;                   /* hits of an answer of Elasticsearch, still to be given */
    flat_event flat;
    uint64_t number, strange, object_at;
    bool has_shift; moment shift; bool earlier;          /* to be added, or taken off */
};

json_events *json_events_open(evtx_source source, problems *noted)
{
    arena self;
    arena_init(&self, 0);
    json_events *j = arena_alloc(&self, sizeof *j);
    *j = (json_events){ .source = source, .noted = noted };
    buf_init(&j->bytes, JSON_EVENT_BYTES + 2 * READ);
    arena_init(&j->tree, TREE_BYTES);
    j->self = self;
    return j;
}

void json_events_close(json_events *j)
{
    buf_done(&j->bytes);
    arena_done(&j->tree);
    arena self = j->self;
    arena_done(&self);
}

uint64_t json_events_strange(const json_events *j) { return j->strange; }

binxml_value flat_get(const flat_event *f, field name)
{
    if (name < f->field_count && f->stamp[name] == f->epoch)
        return f->values[f->place[name]];
    return (binxml_value){ BINXML_NULL, { NULL, 0 } };
}

/* ---- objects out of bytes ---- */

static bool more(json_events *j)
{
    if (j->ended)
        return false;
    if (j->pos > READ) {
        memmove(j->bytes.at, j->bytes.at + j->pos, j->bytes.len - j->pos);
        j->base += j->pos;
        j->bytes.len -= j->pos;
        j->pos = 0;
    }
    if (!buf_room(&j->bytes, READ))
        return false;
    int64_t got = j->source.read(j->source.context, j->base + j->bytes.len, j->bytes.at + j->bytes.len, READ);
    if (got <= 0)
        j->ended = true;
    else
        j->bytes.len += (size_t)got;
    return got > 0;
}

/* The next object between braces; false at the end. */
static bool next_object(json_events *j, span *out)
{
    for (;;) {
        while (j->pos < j->bytes.len && j->bytes.at[j->pos] != '{')
            j->pos++;
        if (j->pos < j->bytes.len)
            break;
        if (!more(j))
            return false;
    }
    size_t depth = 0, at = j->pos;
    bool in_text = false;
    for (;; at++) {
        if (at == j->bytes.len) {
            size_t before = j->pos;
            if (!more(j)) {
                bool large = !j->ended;
                problems_note(j->noted, large ? "json.size" : "json.torn", PROBLEM_NO_CHUNK, j->base + j->pos, large ? "an object is larger than is read" : "an object breaks off");
                j->pos = large ? j->bytes.len : j->pos;
                if (!large)
                    return false;
                j->base += j->bytes.len;                     /* what is left of it is passed over: no object that parses */
                j->bytes.len = j->pos = 0;
                return next_object(j, out);
            }
            at -= before - j->pos;
        }
        uint8_t c = j->bytes.at[at];
        if (in_text) {
            if (c == '\\') {
                at++;
                if (at >= j->bytes.len) {
                    size_t before = j->pos;
                    if (!more(j)) {
                        j->pos = j->bytes.len;
                        return false;
                    }
                    at -= before - j->pos;
                }
            } else if (c == '"') {
                in_text = false;
            }
        } else if (c == '"') {
            in_text = true;
        } else if (c == '{') {
            depth++;
        } else if (c == '}' && --depth == 0) {
            *out = span_of(j->bytes.at + j->pos, at + 1 - j->pos);
            j->object_at = j->base + j->pos;
            j->pos = at + 1;
            return true;
        }
    }
}

/* ---- values ---- */

static span wide(arena *mem, span text)
{
    uint8_t *out = arena_alloc(mem, 2 * text.len + 4);
    size_t n = 0;
    for (size_t at = 0; out && at < text.len;) {
        uint32_t c = utf8_take(text, &at);
        if (c == UTF8_INVALID)
            c = 0xfffd;
        uint16_t units[2] = { (uint16_t)c, 0 };
        size_t count = 1;
        if (c > 0xffff) {
            units[0] = (uint16_t)(0xd800 + ((c - 0x10000) >> 10));
            units[1] = (uint16_t)(0xdc00 + ((c - 0x10000) & 0x3ff));
            count = 2;
        }
        for (size_t i = 0; i < count; i++) {
            out[n++] = (uint8_t)units[i];
            out[n++] = (uint8_t)(units[i] >> 8);
        }
    }
    return span_of(out, out ? n : 0);
}

static binxml_value value_of(arena *mem, const json *v)
{
    static const uint8_t none;
    switch (v->kind) {
    case JSON_STRING:
    case JSON_NUMBER: return (binxml_value){ BINXML_WSTRING, wide(mem, v->text) };
    case JSON_BOOL: return (binxml_value){ BINXML_WSTRING, wide(mem, span_str(v->truth ? "true" : "false")) };
    default: return (binxml_value){ BINXML_NULL, { &none, 0 } };
    }
}

static void add_value(json_events *j, event_view *v, arena *mem, span name, binxml_value value)
{
    flat_event *f = &j->flat;
    if (f->count == f->room) {
        size_t room = f->room ? 2 * f->room : 64;
        field *names = arena_array(&j->self, room, sizeof *names);
        binxml_value *values = arena_array(&j->self, room, sizeof *values);
        const char **labels = arena_array(&j->self, room, sizeof *labels);
        if (f->count) {
            memcpy(labels, f->labels, f->count * sizeof *labels);
            memcpy(names, f->names, f->count * sizeof *names);
            memcpy(values, f->values, f->count * sizeof *values);
        }
        f->names = names;
        f->values = values;
        f->labels = labels;
        f->room = room;
    }
    const char *text = arena_text(mem, name);
    field id = text ? fields_find_spaced(event_view_fields(v), text, mem) : FIELD_NONE;
    bool is_first = id < f->field_count && f->stamp[id] != f->epoch;
    if (is_first) {
        f->stamp[id] = f->epoch;
        f->place[id] = (uint32_t)f->count;
    }
    f->names[f->count] = is_first ? id : FIELD_NONE;
    f->labels[f->count] = !text ? "" : *text == '\x01' ? "Data" : text;
    f->values[f->count++] = value;
}

/* An element of EventData or UserData, as evtx_dump writes it: its text, its attributes, those in it. */
static void add_member(json_events *j, event_view *v, arena *mem, const json *m, unsigned depth)
{
    if (m->kind == JSON_OBJECT && depth < 16) {
        for (const json *c = m->first; c; c = c->next) {
            if (span_is(c->name, "#text"))
                add_value(j, v, mem, m->name, value_of(mem, c->kind == JSON_ARRAY && c->first ? c->first : c));
            else if (!span_is(c->name, "#attributes"))
                add_member(j, v, mem, c, depth + 1);
        }
    } else if (m->kind == JSON_ARRAY) {
        for (const json *c = m->first; c; c = c->next)
            if (c->kind != JSON_ARRAY && c->kind != JSON_OBJECT)
                add_value(j, v, mem, m->name, value_of(mem, c));
    } else {
        add_value(j, v, mem, m->name, value_of(mem, m));
    }
}

/* Data without names: a text, or a list of them. */
static void add_data(json_events *j, event_view *v, arena *mem, const json *data)
{
    const json *list = data->kind == JSON_OBJECT ? json_get(data, "#text") : data;
    size_t count = !list ? 0 : list->kind == JSON_ARRAY ? list->count : 1;
    j->flat.data = arena_array(mem, count + 1, sizeof *j->flat.data);
    const json *item = list && list->kind == JSON_ARRAY ? list->first : list;
    for (size_t i = 0; i < count && item && j->flat.data; i++, item = list->kind == JSON_ARRAY ? item->next : NULL) {
        const json *text = item->kind == JSON_OBJECT ? json_get(item, "#text") : item;
        binxml_value value = value_of(mem, text ? text : item);
        j->flat.data[j->flat.data_count++] = value;
        add_value(j, v, mem, span_str("\x01"), value);
    }
}

static void add_part(json_events *j, event_view *v, arena *mem, const json *part)
{
    for (const json *m = part ? part->first : NULL; m; m = m->next) {
        if (span_is(m->name, "#attributes"))
            continue;
        bool is_list = span_is(m->name, "Data") || (m->name.len > 5 && memcmp(m->name.at, "param", 5) == 0 && j->flat.data_count == 0 && part->kind == JSON_ARRAY);
        if (is_list)
            add_data(j, v, mem, m);
        else
            add_member(j, v, mem, m, 0);
    }
}

static const json *text_or_attribute(const json *v)
{
    const json *text = v && v->kind == JSON_OBJECT ? json_get(v, "#text") : NULL;
    return text ? text : v;
}

static uint64_t number_of(const json *v, uint64_t otherwise)
{
    v = text_or_attribute(v);
    if (!v || (v->kind != JSON_NUMBER && v->kind != JSON_STRING) || !v->text.len)
        return otherwise;
    char *end;
    const char *text = (const char *)v->text.at;
    uint64_t n = strtoull(text, &end, text[0] == '0' && text[1] == 'x' ? 16 : 10);
    return *end ? otherwise : n;
}

static span text_of(const json *v)
{
    v = text_or_attribute(v);
    return v && (v->kind == JSON_STRING || v->kind == JSON_NUMBER) ? v->text : (span){ 0 };
}

static const json *any_of(const json *o, const char *const *names)
{
    for (; *names; names++) {
        const json *v = json_get(o, *names);
        if (v && v->kind != JSON_NULL)
            return v;
    }
    return NULL;
}

static moment time_of(const json *v)
{
    moment t;
    return v && v->kind == JSON_STRING && moment_parse(v->text, &t) ? t : MOMENT_UNKNOWN;
}

/* ---- shapes of exports ---- */

static void from_dump(json_events *j, event_view *v, arena *mem, const json *e, event *out)
{
    const json *sys = json_get(e, "System"), *provider = json_get(json_get(sys, "Provider"), "#attributes"), *created = json_get(json_get(sys, "TimeCreated"), "#attributes");
    const json *run = json_get(json_get(sys, "Execution"), "#attributes");
    out->provider = wide(mem, text_of(json_get(provider, "Name")));
    out->event_source = wide(mem, text_of(json_get(provider, "EventSourceName")));
    out->channel = wide(mem, text_of(json_get(sys, "Channel")));
    out->computer = wide(mem, text_of(json_get(sys, "Computer")));
    out->event_id = (uint32_t)number_of(json_get(sys, "EventID"), 0);
    out->version = (uint8_t)number_of(json_get(sys, "Version"), 0);
    out->level = (uint8_t)number_of(json_get(sys, "Level"), 0);
    out->opcode = (uint8_t)number_of(json_get(sys, "Opcode"), 0);
    out->task = (uint16_t)number_of(json_get(sys, "Task"), 0);
    out->keywords = number_of(json_get(sys, "Keywords"), 0);
    out->record_id = number_of(json_get(sys, "EventRecordID"), j->number);
    out->process_id = (uint32_t)number_of(json_get(run, "ProcessID"), 0);
    out->thread_id = (uint32_t)number_of(json_get(run, "ThreadID"), 0);
    out->time = time_of(json_get(created, "SystemTime"));
    for (const json *m = e->first; m; m = m->next)
        if (span_is(m->name, "EventData"))
            add_part(j, v, mem, m);
        else if (!span_is(m->name, "System") && !span_is(m->name, "#attributes") && !span_is(m->name, "RenderingInfo"))
            add_member(j, v, mem, m, 0);
}

static void from_beat(json_events *j, event_view *v, arena *mem, const json *o, event *out)
{
    const json *w = json_get(o, "winlog"), *process = json_get(w, "process");
    out->provider = wide(mem, text_of(json_get(w, "provider_name")));
    out->channel = wide(mem, text_of(json_get(w, "channel")));
    out->computer = wide(mem, text_of(json_get(w, "computer_name")));
    out->event_id = (uint32_t)number_of(json_get(w, "event_id"), 0);
    out->version = (uint8_t)number_of(json_get(w, "version"), 0);
    out->record_id = number_of(json_get(w, "record_id"), j->number);
    out->process_id = (uint32_t)number_of(json_get(process, "pid"), 0);
    out->thread_id = (uint32_t)number_of(json_get(json_get(process, "thread"), "id"), 0);
    out->time = time_of(json_get(o, "@timestamp"));
    add_part(j, v, mem, json_get(w, "event_data"));
    add_part(j, v, mem, json_get(w, "user_data"));
}

static bool is_system_name(span name)
{
    static const char *const names[] = { "EventID", "Channel", "Hostname", "Computer", "SourceName", "ProviderName", "RecordNumber", "EventRecordID", "EventTime", "TimeCreated", "@timestamp",
                                         "@version", "EventReceivedTime", "SourceModuleName", "SourceModuleType", "Severity", "SeverityValue", "host", "port", "tags", "EventTypeOrignal",
                                         "ProviderGuid", "OpcodeValue", "ExecutionProcessID" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (span_is(name, names[i]))
            return true;
    return false;
}

static void from_flat(json_events *j, event_view *v, arena *mem, const json *o, event *out)
{
    static const char *const providers[] = { "SourceName", "ProviderName", "Provider_Name", "Provider", "source_name", "provider_name", NULL };
    static const char *const computers[] = { "Hostname", "Computer", "ComputerName", "computer_name", "MachineName", NULL };
    static const char *const records[] = { "RecordNumber", "EventRecordID", "RecordId", "RecordID", "record_number", NULL };
    static const char *const times[] = { "EventTime", "TimeCreated", "SystemTime", "@timestamp", "timestamp", NULL };
    static const char *const ids[] = { "EventID", "event_id", "EventId", "Id", NULL };
    out->provider = wide(mem, text_of(any_of(o, providers)));
    out->channel = wide(mem, text_of(json_get(o, "Channel") ? json_get(o, "Channel") : json_get(o, "log_name")));
    out->computer = wide(mem, text_of(any_of(o, computers)));
    out->event_id = (uint32_t)number_of(any_of(o, ids), 0);
    out->version = (uint8_t)number_of(json_get(o, "Version"), 0);
    out->task = (uint16_t)number_of(json_get(o, "Task"), 0);
    out->keywords = number_of(json_get(o, "Keywords"), 0);
    out->record_id = number_of(any_of(o, records), j->number);
    out->process_id = (uint32_t)number_of(json_get(o, "ExecutionProcessID"), 0);
    out->thread_id = (uint32_t)number_of(json_get(o, "ThreadID"), 0);
    out->time = time_of(any_of(o, times));
    for (const json *m = o->first; m; m = m->next) {
        if (is_system_name(m->name))
            continue;
        if (span_is(m->name, "event_data") || span_is(m->name, "EventData"))
            add_part(j, v, mem, m);
        else
            add_member(j, v, mem, m, 0);
    }
}

static const json *event_object(const json *o)
{
    const json *e = json_get(o, "Event");
    return e && json_get(e, "System") ? e : json_get(o, "System") && json_get(json_get(o, "System"), "EventID") ? o : NULL;
}

static bool is_flat(const json *o)
{
    return (json_get(o, "EventID") || json_get(o, "event_id") || json_get(o, "EventId")) && (json_get(o, "Channel") || json_get(o, "SourceName") || json_get(o, "log_name") || json_get(o, "Provider_Name"));
}

/* Sysmon says when it was in UTC. How much later that is than the export says, in quarters of an hour, tells in which zone the export
 * was written. */
static void learn_shift(json_events *j, moment told, span utc)
{
    moment is;
    if (j->has_shift || !moment_known(told) || !moment_parse(utc, &is))
        return;
    j->earlier = is < told;
    moment apart = j->earlier ? told - is : is - told, quarter = 15 * MOMENT_MINUTE;
    if (apart > MOMENT_DAY)
        return;                                          /* a record that came late, not a zone */
    j->shift = (apart + quarter / 2) / quarter * quarter;
    j->has_shift = true;
}

static bool show(json_events *j, event_view *v, const json *o, event *out)
{
    flat_event *f = &j->flat;
    size_t known = fields_count(event_view_fields(v));
    if (f->field_count < known) {
        f->place = arena_array(&j->self, known, sizeof *f->place);
        f->stamp = arena_array(&j->self, known, sizeof *f->stamp);
        f->field_count = known;
        f->epoch = 0;
    }
    const json *e = event_object(o), *source = json_get(o, "_source");
    if (source)
        return show(j, v, source, out);
    bool beat = !e && json_get(json_get(o, "winlog"), "event_id") != NULL;
    if (!e && !beat && !is_flat(o))
        return false;
    f->epoch++;
    f->count = f->data_count = 0;
    arena *mem = event_view_flat(v, f);
    j->number++;
    *out = (event){ .view = v, .offset = j->object_at, .chunk = 0, .time = MOMENT_UNKNOWN };
    if (e)
        from_dump(j, v, mem, e, out);
    else if (beat)
        from_beat(j, v, mem, o, out);
    else
        from_flat(j, v, mem, o, out);
    if (!e && !beat) {
        learn_shift(j, out->time, text_of(json_get(o, "UtcTime")));
        if (j->has_shift && moment_known(out->time))
            out->time = j->earlier ? (out->time > j->shift ? out->time - j->shift : out->time) : out->time + j->shift;
    }
    return true;
}

/* Looks ahead for the first event that tells in which zone the export was written, so that those before it are right, too. */
static void look_ahead(json_events *j)
{
    json_events probe = { .source = j->source };
    arena mem;
    problems nobody;
    span bytes;
    arena_init(&mem, 1 << 20);
    problems_init(&nobody, &mem);
    probe.noted = &nobody;
    buf_init(&probe.bytes, JSON_EVENT_BYTES + 2 * READ);
    arena_init(&probe.tree, TREE_BYTES);
    for (int i = 0; i < LOOK && !probe.has_shift && next_object(&probe, &bytes); i++) {
        json *o;
        static const char *const times[] = { "EventTime", "TimeCreated", "SystemTime", "@timestamp", NULL };
        arena_reset(&probe.tree);
        if (memmem(bytes.at, bytes.len, "\"UtcTime\"", 9) && status_is_ok(json_parse(&probe.tree, bytes, &o)) && is_flat(o))
            learn_shift(&probe, time_of(any_of(o, times)), text_of(json_get(o, "UtcTime")));
    }
    j->has_shift = true;                                 /* once and for all: no event's time depends on where it stands */
    j->shift = probe.shift;
    j->earlier = probe.earlier;
    buf_done(&probe.bytes);
    arena_done(&probe.tree);
    arena_done(&mem);
}

bool json_events_next(json_events *j, event_view *v, event *out)
{
    span bytes;
    if (!j->has_shift)
        look_ahead(j);
    for (;;) {
        if (j->inner) {
            const json *hit = j->inner;
            j->inner = hit->next;
            if (show(j, v, hit, out))
                return true;
            j->strange++;
            continue;
        }
        if (!next_object(j, &bytes))
            return false;
        json *o;
        arena_reset(&j->tree);
        status s = json_parse(&j->tree, bytes, &o);
        if (!status_is_ok(s)) {
            problems_note(j->noted, "json.object", PROBLEM_NO_CHUNK, j->object_at, "%s", s.words);
            continue;
        }
        const json *hits = json_get(json_get(o, "hits"), "hits");
        if (hits && hits->kind == JSON_ARRAY)
            j->inner = hits->first;
        else if (show(j, v, o, out))
            return true;
        else
            j->strange++;
    }
}
