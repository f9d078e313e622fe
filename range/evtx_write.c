#include "range/evtx_values.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define CHUNK 65536u
#define HEADER 4096u
#define CHUNK_HEADER 512u
#define NAMES 64u
#define TEMPLATES 32u
#define RECORD_LIMIT 60000u
#define EVENT_NS "http://schemas.microsoft.com/win/2004/08/events/event"

/* A template is known by what it is made of; in each chunk it is written at its first use. */
typedef struct { uint8_t guid[16]; uint64_t chunk; uint32_t at; } template_state;
typedef struct { uint64_t first_id; moment first_time; } chunk_state;

struct evtx_writer {
    arena *mem;
    evtx_writer_opts opts;
    status why;
    int fd;
    buf *out;                    /* instead of a file */
    uint8_t *chunk;
    uint32_t at;                 /* the chunk's first free byte; 0: no chunk begun */
    uint32_t last_record;
    uint64_t serial;             /* chunks begun so far, the current one included: never reset, so templates' marks stay true */
    uint64_t written;            /* chunks of this file begun so far; beyond `room` the oldest are gone */
    uint64_t room;               /* chunks that the file may hold; 0: no limit */
    uint64_t next_id;
    map keys;
    vec templates, chunks;
    buf key;                     /* of the template at hand */
    values outer, inner;         /* of the record at hand: System's, and those of the data nested in it */
};

/* What differs between the two shapes of System. */
typedef struct { bool auditing, classic; unsigned data, activity2; } shape;

static void fail(evtx_writer *w, status s) { if (status_is_ok(w->why)) w->why = s; }

static void p8(evtx_writer *w, unsigned v) { assert(w->at < CHUNK); w->chunk[w->at++] = (uint8_t)v; }
static void p16(evtx_writer *w, unsigned v) { p8(w, v & 255); p8(w, v >> 8 & 255); }
static void set32(evtx_writer *w, uint32_t at, uint32_t v) { memcpy(w->chunk + at, &v, 4); }
static void p32(evtx_writer *w, uint32_t v) { assert(w->at + 4 <= CHUNK); set32(w, w->at, v); w->at += 4; }
static void p64(evtx_writer *w, uint64_t v) { p32(w, (uint32_t)v); p32(w, (uint32_t)(v >> 32)); }
static void put(evtx_writer *w, const void *bytes, size_t len)
{
    assert(len <= CHUNK - w->at);
    if (len)
        memcpy(w->chunk + w->at, bytes, len);
    w->at += (uint32_t)len;
}
static void text_here(evtx_writer *w, const char *text)
{
    for (const uint8_t *p = (const uint8_t *)text; *p;) {
        uint32_t c = units_next(&p);
        if (c >= 0x10000) {
            p16(w, 0xd800 + ((c - 0x10000) >> 10));
            c = 0xdc00 + ((c - 0x10000) & 0x3ff);
        }
        p16(w, c);
    }
}

static void slots_of_system(values *v, const evtx_out *e, const shape *s, uint64_t id)
{
    bool qualified = s->classic || e->source;
    values_number(v, EVTX_U8, e->level, 1);
    values_number(v, EVTX_U8, e->opcode, 1);
    values_number(v, EVTX_U16, e->task, 2);
    values_number(v, EVTX_U16, e->id, 2);
    if (qualified)
        values_number(v, EVTX_U16, e->qualifiers, 2);
    else
        values_none(v);
    values_number(v, EVTX_HEX64, e->keywords, 8);
    values_number(v, EVTX_TIME, e->time, 8);
    values_guid(v, e->activity);
    values_number(v, EVTX_U32, e->pid, 4);
    values_number(v, EVTX_U32, e->tid, 4);
    values_number(v, EVTX_U64, id, 8);
    values_number(v, EVTX_U8, e->version, 1);
    values_sid(v, e->user);
    values_none(v);                                                   /* RelatedActivityID of the 18 */
    if (s->auditing) {
        values_field(v, &(evtx_field){ .type = EVTX_STR, .text = e->provider }, false);
        values_guid(v, e->guid ? e->guid : EVTX_AUDITING_GUID);
        values_field(v, &(evtx_field){ .type = EVTX_STR, .text = e->channel }, false);
    } else {
        for (unsigned i = 14; i < 19; i++)
            values_none(v);
    }
}

static uint16_t name_hash(const char *name)
{
    uint32_t h = 0;
    for (const uint8_t *p = (const uint8_t *)name; *p;)
        h = h * 65599 + units_next(&p);
    return (uint16_t)h;
}

static bool name_is(const evtx_writer *w, uint32_t at, const char *name)
{
    const uint8_t *units = w->chunk + at + 8;
    size_t n = (size_t)(units[-2] | units[-1] << 8), i = 0;
    for (const uint8_t *p = (const uint8_t *)name; *p; i++) {
        uint32_t c = units_next(&p);
        if (i >= n || c != (uint32_t)(units[2 * i] | units[2 * i + 1] << 8))
            return false;
    }
    return i == n;
}

/* The name's offset, and the name itself behind it when the chunk does not have it yet. */
static void put_name(evtx_writer *w, const char *name)
{
    uint16_t hash = name_hash(name);
    uint32_t head = 128 + 4 * (hash % NAMES), at = get32(w->chunk + head);
    while (at && !name_is(w, at, name))
        at = get32(w->chunk + at);
    if (at) {
        p32(w, at);
        return;
    }
    at = w->at + 4;
    p32(w, at);
    p32(w, get32(w->chunk + head));
    p16(w, hash);
    p16(w, (unsigned)units_count(name));
    text_here(w, name);
    p16(w, 0);
    set32(w, head, at);
}

static uint32_t open_element(evtx_writer *w, const char *name, bool attributes, unsigned depends)
{
    p8(w, attributes ? 0x41 : 0x01);
    p16(w, depends);
    uint32_t size_at = w->at;
    p32(w, 0);
    put_name(w, name);
    return size_at;
}
static void end_size(evtx_writer *w, uint32_t size_at) { set32(w, size_at, w->at - size_at - 4); }
static void close_element(evtx_writer *w, uint32_t size_at) { p8(w, 0x04); end_size(w, size_at); }
static void close_empty(evtx_writer *w, uint32_t size_at) { p8(w, 0x03); end_size(w, size_at); }
static uint32_t open_attributes(evtx_writer *w) { p32(w, 0); return w->at - 4; }
static void attribute(evtx_writer *w, const char *name, bool last) { p8(w, last ? 0x06 : 0x46); put_name(w, name); }
static void constant(evtx_writer *w, const char *text) { p8(w, 0x05); p8(w, EVTX_STR); p16(w, (unsigned)units_count(text)); text_here(w, text); }
static void value_of(evtx_writer *w, bool optional, unsigned index, unsigned type) { p8(w, optional ? 0x0e : 0x0d); p16(w, index); p8(w, type); }
static void attribute_constant(evtx_writer *w, const char *name, const char *text, bool last) { attribute(w, name, last); constant(w, text); }
static void attribute_value(evtx_writer *w, const char *name, unsigned index, unsigned type, bool last) { attribute(w, name, last); value_of(w, true, index, type); }

static void simple(evtx_writer *w, const char *name, unsigned index, unsigned type)       /* left out when its value is NULL */
{
    uint32_t e = open_element(w, name, false, index);
    p8(w, 0x02);
    value_of(w, true, index, type);
    close_element(w, e);
}

static void element_constant(evtx_writer *w, const char *name, const char *text)
{
    uint32_t e = open_element(w, name, false, 0xffff);
    p8(w, 0x02);
    constant(w, text);
    close_element(w, e);
}

static void fragment(evtx_writer *w) { put(w, "\x0f\x01\x01\x00", 4); }

static void system_provider(evtx_writer *w, const evtx_out *e, const shape *s)
{
    uint32_t el = open_element(w, "Provider", true, 0xffff), list = open_attributes(w);
    if (s->auditing) {
        attribute_value(w, "Name", 14, EVTX_STR, false);
        attribute_value(w, "Guid", 15, EVTX_GUID, true);
    } else {
        attribute_constant(w, "Name", e->provider, !e->guid && !e->source);
        if (e->guid)
            attribute_constant(w, "Guid", e->guid, !e->source);
        if (e->source)
            attribute_constant(w, "EventSourceName", e->source, true);
    }
    end_size(w, list);
    close_empty(w, el);
}

static void put_system(evtx_writer *w, const evtx_out *e, const shape *s)
{
    uint32_t root, system, el, list;
    fragment(w);
    root = open_element(w, "Event", true, s->data);
    list = open_attributes(w);
    attribute_constant(w, "xmlns", EVENT_NS, true);
    end_size(w, list);
    p8(w, 0x02);
    system = open_element(w, "System", false, 0xffff);
    p8(w, 0x02);
    system_provider(w, e, s);
    el = open_element(w, "EventID", true, 3);
    list = open_attributes(w);
    attribute_value(w, "Qualifiers", 4, EVTX_U16, true);
    end_size(w, list);
    p8(w, 0x02);
    value_of(w, true, 3, EVTX_U16);
    close_element(w, el);
    if (!s->classic)
        simple(w, "Version", 11, EVTX_U8);
    simple(w, "Level", 0, EVTX_U8);
    simple(w, "Task", 2, EVTX_U16);
    if (!s->classic)
        simple(w, "Opcode", 1, EVTX_U8);
    simple(w, "Keywords", 5, EVTX_HEX64);
    el = open_element(w, "TimeCreated", true, 0xffff);
    list = open_attributes(w);
    attribute_value(w, "SystemTime", 6, EVTX_TIME, true);
    end_size(w, list);
    close_empty(w, el);
    simple(w, "EventRecordID", 10, EVTX_U64);
    if (!s->classic) {
        el = open_element(w, "Correlation", true, 0xffff);
        list = open_attributes(w);
        attribute_value(w, "ActivityID", 7, EVTX_GUID, false);
        attribute_value(w, "RelatedActivityID", s->activity2, EVTX_GUID, true);
        end_size(w, list);
        close_empty(w, el);
    }
    if (!s->classic || e->pid || e->tid) {
        el = open_element(w, "Execution", true, 0xffff);
        list = open_attributes(w);
        attribute_value(w, "ProcessID", 8, EVTX_U32, false);
        attribute_value(w, "ThreadID", 9, EVTX_U32, true);
        end_size(w, list);
        close_empty(w, el);
    }
    if (s->auditing) {
        el = open_element(w, "Channel", false, 16);
        p8(w, 0x02);
        value_of(w, true, 16, EVTX_STR);
        close_element(w, el);
    } else {
        element_constant(w, "Channel", e->channel);
    }
    element_constant(w, "Computer", e->computer);
    el = open_element(w, "Security", true, 0xffff);
    list = open_attributes(w);
    attribute_value(w, "UserID", 12, EVTX_SID, true);
    end_size(w, list);
    close_empty(w, el);
    close_element(w, system);
    value_of(w, true, s->data, 0x21);
    close_element(w, root);
    p8(w, 0x00);
}

static bool is_binary_field(const evtx_field *f) { return f->type == EVTX_BIN && f->name && strcmp(f->name, "Binary") == 0; }

/* The type that a template declares; a field without a value is declared as text, and is NULL in its slot. */
static unsigned declared(const evtx_field *f) { return f->type == EVTX_NULL ? EVTX_STR : f->type; }

static void put_event_data(evtx_writer *w, const evtx_out *e)
{
    bool named = e->element && e->kind == EVTX_EVENT;
    uint32_t root = open_element(w, "EventData", named, 0xffff), list;
    if (named) {
        list = open_attributes(w);
        attribute_constant(w, "Name", e->element, true);
        end_size(w, list);
    }
    p8(w, 0x02);
    for (size_t i = 0; i < e->field_count; i++) {
        const evtx_field *f = &e->fields[i];
        bool bare = is_binary_field(f) || !f->name;
        uint32_t el = open_element(w, is_binary_field(f) ? "Binary" : "Data", !bare, 0xffff);
        if (!bare) {
            list = open_attributes(w);
            attribute_constant(w, "Name", f->name, true);
            end_size(w, list);
        }
        p8(w, 0x02);
        value_of(w, f->type == EVTX_NULL, (unsigned)i, declared(f));
        close_element(w, el);
    }
    close_element(w, root);
}

static void put_classic_data(evtx_writer *w)
{
    uint32_t root = open_element(w, "EventData", false, 0xffff);
    p8(w, 0x02);
    simple(w, "Data", 0, EVTX_STRS);
    simple(w, "Binary", 2, EVTX_BIN);
    close_element(w, root);
}

static void put_user_data(evtx_writer *w, const evtx_out *e)
{
    uint32_t root = open_element(w, "UserData", false, 0xffff), el, list;
    p8(w, 0x02);
    el = open_element(w, e->element ? e->element : "EventXML", e->xmlns != NULL, 0xffff);
    if (e->xmlns) {
        list = open_attributes(w);
        attribute_constant(w, "xmlns", e->xmlns, true);
        end_size(w, list);
    }
    p8(w, 0x02);
    for (size_t i = 0; i < e->field_count; i++) {
        uint32_t field = open_element(w, e->fields[i].name, false, 0xffff);
        p8(w, 0x02);
        value_of(w, e->fields[i].type == EVTX_NULL, (unsigned)i, declared(&e->fields[i]));
        close_element(w, field);
    }
    close_element(w, el);
    close_element(w, root);
}

static void put_data(evtx_writer *w, const evtx_out *e)
{
    fragment(w);
    if (e->kind == EVTX_CLASSIC)
        put_classic_data(w);
    else if (e->kind == EVTX_USERDATA)
        put_user_data(w, e);
    else
        put_event_data(w, e);
    p8(w, 0x00);
}

static void key_text(evtx_writer *w, const char *text) { buf_str(&w->key, text ? text : "\x01"); buf_char(&w->key, 0); }

static void key_of_system(evtx_writer *w, const evtx_out *e, const shape *s)
{
    buf_clear(&w->key);
    buf_char(&w->key, s->auditing ? 'A' : s->classic ? (e->pid || e->tid ? 'c' : 'C') : 'S');
    key_text(w, e->computer);
    if (!s->auditing) {
        key_text(w, e->provider);
        key_text(w, e->guid);
        key_text(w, e->source);
        key_text(w, e->channel);
    }
}

static void key_of_data(evtx_writer *w, const evtx_out *e)
{
    buf_clear(&w->key);
    buf_char(&w->key, (char)('0' + e->kind));
    if (e->kind == EVTX_CLASSIC)
        return;
    key_text(w, e->element);
    key_text(w, e->xmlns);
    for (size_t i = 0; i < e->field_count; i++) {
        buf_char(&w->key, (char)declared(&e->fields[i]));
        buf_char(&w->key, e->fields[i].type == EVTX_NULL ? 'n' : 'v');
        key_text(w, e->fields[i].name);
    }
}

static size_t template_of_key(evtx_writer *w)
{
    bool was;
    uint64_t *index = map_put(&w->keys, buf_bytes(&w->key), &was);
    if (!was) {
        template_state *t = vec_push(&w->templates);
        uint8_t digest[32];
        sha256_of(buf_bytes(&w->key), digest);
        memcpy(t->guid, digest, 16);
        *index = w->templates.count - 1;
    }
    return (size_t)*index;
}

static template_state *template_at(evtx_writer *w, size_t i) { return vec_at(&w->templates, i); }
static bool template_here(evtx_writer *w, size_t i) { return template_at(w, i)->chunk == w->serial; }

/* More than a template's definition can take in the chunk. */
static size_t bound_system(const evtx_out *e)
{
    return 1700 + 2 * (strlen(e->computer) + strlen(e->provider) + strlen(e->channel) + (e->guid ? strlen(e->guid) : 0) + (e->source ? strlen(e->source) : 0));
}
static size_t bound_data(const evtx_out *e)
{
    size_t n = 300 + (e->element ? 2 * strlen(e->element) : 0) + (e->xmlns ? 2 * strlen(e->xmlns) : 0);
    for (size_t i = 0; i < e->field_count; i++)
        n += 80 + (e->fields[i].name ? 2 * strlen(e->fields[i].name) : 0);
    return n;
}

static void put_instance(evtx_writer *w, size_t index, const evtx_out *e, const shape *s)
{
    template_state *t = template_at(w, index);
    bool here = template_here(w, index);
    p8(w, 0x0c);
    p8(w, 0x01);
    put(w, t->guid, 4);
    p32(w, here ? t->at : w->at + 4);
    if (here)
        return;
    uint32_t hash = 0;
    for (unsigned i = 0; i < 16; i += 2)
        hash = hash * 65599 + (uint32_t)(t->guid[i] | t->guid[i + 1] << 8);
    uint32_t head = 384 + 4 * (hash % TEMPLATES), at = w->at;
    p32(w, get32(w->chunk + head));
    put(w, t->guid, 16);
    p32(w, 0);
    if (s)
        put_system(w, e, s);
    else
        put_data(w, e);
    set32(w, at + 20, w->at - at - 24);
    set32(w, head, at);
    t->at = at;
    t->chunk = w->serial;
}

static void put_values(evtx_writer *w, const values *v)
{
    p32(w, (uint32_t)(v->slots.len / 4));
    put(w, v->slots.at, v->slots.len);
    put(w, v->bytes.at, v->bytes.len);
}

static void out_at(evtx_writer *w, uint64_t offset, const void *bytes, size_t len)
{
    if (w->out) {
        if (offset + len > w->out->len) {
            if (!buf_room(w->out, (size_t)(offset + len - w->out->len))) {
                fail(w, status_fail(STATUS_LIMIT, "the log does not fit into %zu bytes", w->out->limit));
                return;
            }
            memset(w->out->at + w->out->len, 0, (size_t)(offset + len) - w->out->len);
            w->out->len = (size_t)(offset + len);
        }
        memcpy(w->out->at + offset, bytes, len);
    } else if (w->fd >= 0) {
        for (size_t done = 0; done < len;) {
            ssize_t n = pwrite(w->fd, (const uint8_t *)bytes + done, len - done, (off_t)(offset + done));
            if (n <= 0) {
                fail(w, status_fail(STATUS_IO, "writing the log: %s", strerror(errno)));
                return;
            }
            done += (size_t)n;
        }
    }
}

static uint64_t held(const evtx_writer *w) { return w->room && w->written > w->room ? w->room : w->written; }
static chunk_state *state_of(const evtx_writer *w, uint64_t n) { return vec_at(&w->chunks, (size_t)(w->room ? n % w->room : n)); }

static void seal_chunk(evtx_writer *w)
{
    uint8_t *c = w->chunk;
    uint64_t first = state_of(w, w->written - 1)->first_id;
    memcpy(c, "ElfChnk", 8);
    put64le(c + 8, first);
    put64le(c + 16, w->next_id - 1);
    put64le(c + 24, first);
    put64le(c + 32, w->next_id - 1);
    put32le(c + 40, 128);
    put32le(c + 44, w->last_record);
    put32le(c + 48, w->at);
    put32le(c + 52, crc32_of(span_of(c + CHUNK_HEADER, w->at - CHUNK_HEADER)));
    put32le(c + 120, 1);
    put32le(c + 124, crc32_add(crc32_of(span_of(c, 120)), span_of(c + 128, 384)));
}

static void header_bytes(const evtx_writer *w, uint8_t h[HEADER])
{
    uint64_t n = w->written, chunks = held(w);
    memset(h, 0, HEADER);
    memcpy(h, "ElfFile", 8);
    put64le(h + 8, n > chunks ? n % w->room : 0);
    put64le(h + 16, n ? (w->room ? (n - 1) % w->room : n - 1) : 0);
    put64le(h + 24, w->next_id);
    put32le(h + 32, 128);
    put16le(h + 36, 1);
    put16le(h + 38, 3);
    put16le(h + 40, HEADER);
    put16le(h + 42, (unsigned)chunks);
    put32le(h + 120, w->opts.dirty ? 1 : 0);
    put32le(h + 124, crc32_of(span_of(h, 120)));
}

static void write_chunk(evtx_writer *w)
{
    if (!w->at)
        return;
    seal_chunk(w);
    uint64_t n = w->written - 1;
    out_at(w, HEADER + (w->room ? n % w->room : n) * CHUNK, w->chunk, CHUNK);
}

static void begin_chunk(evtx_writer *w, uint64_t id, moment time)
{
    write_chunk(w);
    memset(w->chunk, 0, CHUNK);
    w->at = CHUNK_HEADER;
    w->serial++;
    uint64_t n = w->written++;
    chunk_state *c = w->room && n >= w->room ? state_of(w, n) : vec_push(&w->chunks);
    *c = (chunk_state){ id, time };
}

static evtx_writer *open_common(arena *mem, const evtx_writer_opts *opts)
{
    evtx_writer *w = arena_alloc(mem, sizeof *w);
    w->mem = mem;
    w->fd = -1;
    if (opts)
        w->opts = *opts;
    w->why = status_ok();
    w->chunk = arena_alloc(mem, CHUNK);
    w->next_id = w->opts.first_record ? w->opts.first_record : 1;
    if (w->opts.max_bytes) {
        w->room = w->opts.max_bytes > HEADER + CHUNK ? (w->opts.max_bytes - HEADER) / CHUNK : 1;
        if (w->room > 65535)
            w->room = 65535;
    }
    map_init(&w->keys);
    vec_init(&w->templates, sizeof(template_state));
    vec_init(&w->chunks, sizeof(chunk_state));
    buf_init(&w->key, 1 << 20);
    values_init(&w->outer);
    values_init(&w->inner);
    return w;
}

evtx_writer *evtx_writer_open(arena *mem, const char *path, const evtx_writer_opts *opts)
{
    evtx_writer *w = open_common(mem, opts);
    w->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (w->fd < 0)
        fail(w, status_fail(STATUS_IO, "%s: %s", path, strerror(errno)));
    return w;
}

evtx_writer *evtx_writer_buf(arena *mem, buf *out, const evtx_writer_opts *opts)
{
    evtx_writer *w = open_common(mem, opts);
    w->out = out;
    buf_clear(out);
    return w;
}

static void values_of_data(values *v, const evtx_out *e, const shape *s)
{
    values_clear(v);
    if (e->kind != EVTX_CLASSIC) {
        for (size_t i = 0; i < e->field_count; i++)
            values_field(v, &e->fields[i], s->auditing);
        return;
    }
    for (size_t i = 0; i < e->field_count; i++) {
        units_put(&v->bytes, e->fields[i].text ? e->fields[i].text : "");
        buf_put(&v->bytes, "\0", 2);
    }
    values_slot(v, 0, e->field_count ? EVTX_STRS : EVTX_NULL);
    values_none(v);
    size_t from = v->bytes.len;
    buf_span(&v->bytes, e->binary);
    values_slot(v, from, e->binary.len ? EVTX_BIN : EVTX_NULL);
}

static void put_record(evtx_writer *w, const evtx_out *e, const shape *s, uint64_t id)
{
    key_of_system(w, e, s);
    size_t system = template_of_key(w);
    key_of_data(w, e);
    size_t data = template_of_key(w);
    values_of_data(&w->inner, e, s);
    values_clear(&w->outer);
    slots_of_system(&w->outer, e, s, id);
    values_slot(&w->outer, w->outer.bytes.len, 0x21);               /* the size of what is nested is known once it is written */

    size_t need = 160 + w->outer.slots.len + w->outer.bytes.len + w->inner.slots.len + w->inner.bytes.len;
    size_t whole = need + bound_system(e) + bound_data(e);
    if (w->key.overflow || !values_fit(&w->outer, RECORD_LIMIT) || !values_fit(&w->inner, RECORD_LIMIT) || whole > RECORD_LIMIT) {
        fail(w, status_fail(STATUS_LIMIT, "event %u of %s does not fit into a chunk", (unsigned)e->id, e->provider));
        return;
    }
    if (w->at) {
        need += template_here(w, system) ? 0 : bound_system(e);
        need += template_here(w, data) ? 0 : bound_data(e);
    }
    if (!w->at || need > CHUNK - w->at)
        begin_chunk(w, id, e->time);

    uint32_t record = w->at;
    put(w, "**\0", 4);
    p32(w, 0);
    p64(w, id);
    p64(w, e->time);
    fragment(w);
    put_instance(w, system, e, s);
    uint32_t nested_size = w->at + 4 + 4 * s->data;
    put_values(w, &w->outer);
    uint32_t nested = w->at;
    if (!s->auditing)
        fragment(w);
    put_instance(w, data, e, NULL);
    put_values(w, &w->inner);
    p8(w, 0x00);
    put16le(w->chunk + nested_size, w->at - nested);
    p8(w, 0x00);
    while ((w->at - record + 4) % 8)
        p8(w, 0);
    uint32_t size = w->at - record + 4;
    p32(w, size);
    set32(w, record + 4, size);
    w->last_record = record;
    w->next_id = id + 1;
}

bool evtx_put(evtx_writer *w, const evtx_out *e)
{
    shape s = { .auditing = e->kind == EVTX_EVENT && strcmp(e->provider, EVTX_AUDITING) == 0, .classic = e->kind == EVTX_CLASSIC };
    s.data = s.auditing ? 17 : 19;
    s.activity2 = s.auditing ? 13 : 18;
    if (status_is_ok(w->why))
        put_record(w, e, &s, e->record_id ? e->record_id : w->next_id);
    return status_is_ok(w->why);
}

bool evtx_put_named(evtx_writer *w, const char *provider, const char *channel, uint32_t id, const char *computer, moment time, ...)
{
    evtx_field fields[64];
    size_t n = 0;
    const char *name;
    va_list list;
    va_start(list, time);
    while ((name = va_arg(list, const char *)) != NULL && n < 64)
        fields[n++] = evtx_str(name, va_arg(list, const char *));
    va_end(list);
    return evtx_put(w, &(evtx_out){ .provider = provider, .channel = channel, .computer = computer, .id = id, .time = time, .level = 4,
                                    .fields = fields, .field_count = n });
}

void evtx_writer_clear(evtx_writer *w)
{
    w->at = 0;
    w->written = 0;
    w->chunks.count = 0;
    if (w->out)
        w->out->len = 0;
    else if (w->fd >= 0 && ftruncate(w->fd, 0) != 0)
        fail(w, status_fail(STATUS_IO, "clearing the log: %s", strerror(errno)));
}

uint64_t evtx_writer_next(const evtx_writer *w) { return w->next_id; }
uint64_t evtx_writer_first(const evtx_writer *w)
{
    return w->written ? state_of(w, w->written - held(w))->first_id : w->next_id;
}
moment evtx_writer_first_time(const evtx_writer *w)
{
    return w->written ? state_of(w, w->written - held(w))->first_time : MOMENT_UNKNOWN;
}
uint64_t evtx_writer_bytes(const evtx_writer *w) { return HEADER + held(w) * CHUNK; }

static void write_all(evtx_writer *w)
{
    uint8_t header[HEADER];
    write_chunk(w);
    header_bytes(w, header);
    out_at(w, 0, header, HEADER);
}

bool evtx_writer_copy(evtx_writer *w, const char *path)
{
    if (w->fd < 0 || !status_is_ok(w->why))
        return false;
    write_all(w);
    uint8_t *piece = arena_alloc(w->mem, CHUNK);
    int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    uint64_t left = evtx_writer_bytes(w), at = 0;
    bool good = to >= 0;
    while (good && left) {
        size_t n = left < CHUNK ? (size_t)left : CHUNK;
        good = pread(w->fd, piece, n, (off_t)at) == (ssize_t)n && write(to, piece, n) == (ssize_t)n;
        at += n;
        left -= n;
    }
    if (!good)
        fail(w, status_fail(STATUS_IO, "%s: %s", path, strerror(errno)));
    if (to >= 0)
        close(to);
    return good;
}

status evtx_writer_close(evtx_writer *w)
{
    write_all(w);
    if (w->fd >= 0 && close(w->fd) != 0)
        fail(w, status_fail(STATUS_IO, "closing the log: %s", strerror(errno)));
    w->fd = -1;
    map_done(&w->keys);
    vec_done(&w->templates);
    vec_done(&w->chunks);
    buf_done(&w->key);
    values_done(&w->outer);
    values_done(&w->inner);
    return w->why;
}
