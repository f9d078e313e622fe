#include "made.h"

#include "base/hash.h"
#include "cmocka_all.h"

#include <stdio.h>

static void put(made *m, const void *bytes, size_t len)
{
    assert_true(m->at + len <= EVTX_CHUNK);
    memcpy(m->chunk + m->at, bytes, len);
    m->at += (uint32_t)len;
}

void made_byte(made *m, uint8_t byte) { put(m, &byte, 1); }
void made_u16(made *m, uint16_t n) { put(m, &n, 2); }
void made_u32(made *m, uint32_t n) { put(m, &n, 4); }
static void put_u64(made *m, uint64_t n) { put(m, &n, 8); }

static void set_u32(uint8_t *at, uint32_t n) { memcpy(at, &n, 4); }
static void set_u64(uint8_t *at, uint64_t n) { memcpy(at, &n, 8); }

void made_log(made *m)
{
    memset(m->file, 0, sizeof *m - offsetof(made, file));
    if (m->room_used > sizeof m->room / 2)
        m->room_used = 0;
    m->chunk = m->file + EVTX_HEADER;
    m->at = 512;
    m->len = EVTX_HEADER + EVTX_CHUNK;
    memcpy(m->file, "ElfFile", 8);
    set_u64(m->file + 24, 1);
    set_u32(m->file + 32, 128);
    set_u32(m->file + 36, 3u << 16 | 1);
    set_u32(m->file + 40, 1u << 16 | EVTX_HEADER);
    memcpy(m->chunk, "ElfChnk", 8);
    set_u32(m->chunk + 40, 128);
}

void made_record(made *m, uint64_t id)
{
    m->record = m->at;
    put(m, "**\0", 4);
    made_u32(m, 0);
    put_u64(m, id);
    put_u64(m, 131000000000000000ull + id * 10000000);
    if (!m->has_id)
        m->first_id = id;
    m->has_id = true;
    m->last_id = id;
    made_fragment(m);
}

void made_record_end(made *m)
{
    uint32_t size = m->at + 4 - m->record;
    set_u32(m->chunk + m->record + 4, size);
    made_u32(m, size);
    m->last_record = m->record;
}

span made_file(made *m)
{
    if (!m->keep_checksums) {
        for (unsigned i = 0; i < 2; i++) {
            set_u64(m->chunk + 8 + 16 * i, m->first_id);
            set_u64(m->chunk + 16 + 16 * i, m->last_id);
        }
        set_u32(m->chunk + 44, m->last_record);
        set_u32(m->chunk + 48, m->at);
        set_u32(m->chunk + 52, crc32_of(span_of(m->chunk + 512, m->at - 512)));
        set_u32(m->chunk + 124, crc32_add(crc32_of(span_of(m->chunk, 120)), span_of(m->chunk + 128, 384)));
        set_u32(m->file + 124, crc32_of(span_of(m->file, 120)));
        m->keep_checksums = true;                 /* what a test changes from here on is damage */
    }
    return span_of(m->file, m->len);
}

void made_fragment(made *m) { put(m, "\x0f\x01\x01", 4); }

static void guid_of(uint32_t id, uint8_t out[16])
{
    memset(out, (int)(id & 0xff), 16);
    set_u32(out, id);
}

size_t made_template(made *m, uint32_t id)
{
    uint8_t guid[16];
    guid_of(id, guid);
    put(m, "\x0c\x01", 2);
    made_u32(m, id);
    made_u32(m, m->at + 4);
    size_t of = m->at;
    made_u32(m, 0);
    put(m, guid, 16);
    made_u32(m, 0);
    m->in_template = true;
    made_fragment(m);
    return of;
}

size_t made_again(made *m, size_t of, uint32_t id)
{
    put(m, "\x0c\x01", 2);
    made_u32(m, id);
    made_u32(m, (uint32_t)of);
    return 0;
}

void made_body_end(made *m, size_t of)
{
    if (!m->in_template)
        return;
    made_byte(m, 0);
    set_u32(m->chunk + of + 20, (uint32_t)(m->at - of - 24));
    m->in_template = false;
}

void made_values(made *m, size_t of, size_t count, const made_value *values)
{
    made_body_end(m, of);
    made_u32(m, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        made_u16(m, (uint16_t)values[i].bytes.len);
        made_byte(m, values[i].type);
        made_byte(m, 0);
    }
    for (size_t i = 0; i < count; i++)
        if (values[i].bytes.len)
            put(m, values[i].bytes.at, values[i].bytes.len);
    made_byte(m, 0);
}

void made_name(made *m, const char *name)
{
    for (size_t i = 0; i < m->name_count; i++)
        if (strcmp(m->names[i].name, name) == 0) {
            made_u32(m, m->names[i].at);
            return;
        }
    made_u32(m, m->at + 4);
    snprintf(m->names[m->name_count].name, sizeof m->names[0].name, "%s", name);
    m->names[m->name_count++].at = m->at;
    uint32_t hash = 0;
    for (const char *c = name; *c; c++)
        hash = hash * 65599 + (unsigned char)*c;
    made_u32(m, 0);
    made_u16(m, (uint16_t)hash);
    made_u16(m, (uint16_t)strlen(name));
    for (const char *c = name; *c; c++)
        made_u16(m, (unsigned char)*c);
    made_u16(m, 0);
}

static void open_element(made *m, const char *name, int depends, bool attributes)
{
    made_byte(m, attributes ? 0x41 : 0x01);
    if (m->in_template)
        made_u16(m, depends < 0 ? 0xffff : (uint16_t)depends);
    made_u32(m, 0);
    made_name(m, name);
    if (attributes)
        made_u32(m, 0);
}

void made_open(made *m, const char *name, int depends)
{
    open_element(m, name, depends, false);
    made_start_end(m);
}

void made_open_with(made *m, const char *name, int depends) { open_element(m, name, depends, true); }

void made_attribute(made *m, const char *name)
{
    made_byte(m, 0x06);
    made_name(m, name);
}

void made_start_end(made *m) { made_byte(m, 0x02); }
void made_empty_end(made *m) { made_byte(m, 0x03); }
void made_close(made *m) { made_byte(m, 0x04); }

void made_constant(made *m, const char *ascii)
{
    made_byte(m, 0x05);
    made_byte(m, BINXML_WSTRING);
    made_u16(m, (uint16_t)strlen(ascii));
    for (const char *c = ascii; *c; c++)
        made_u16(m, (unsigned char)*c);
}

static void slot(made *m, uint8_t token, uint16_t n)
{
    made_byte(m, token);
    made_u16(m, n);
    made_byte(m, BINXML_WSTRING);
}

void made_slot(made *m, uint16_t n) { slot(m, 0x0d, n); }
void made_optional(made *m, uint16_t n) { slot(m, 0x0e, n); }

static span keep(made *m, const void *bytes, size_t len)
{
    assert_true(m->room_used + len <= sizeof m->room);
    uint8_t *at = m->room + m->room_used;
    memcpy(at, bytes, len);
    m->room_used += len;
    return span_of(at, len);
}

made_value made_text(made *m, const char *ascii)
{
    size_t len = strlen(ascii), from = m->room_used;
    for (size_t i = 0; i < len; i++)
        keep(m, (uint8_t[]){ (uint8_t)ascii[i], 0 }, 2);
    return (made_value){ BINXML_WSTRING, span_of(m->room + from, 2 * len) };
}

made_value made_number(made *m, uint8_t type, unsigned bytes, uint64_t n)
{
    return (made_value){ type, keep(m, &n, bytes) };
}

made_value made_bytes(uint8_t type, const void *bytes, size_t len)
{
    return (made_value){ type, span_of(bytes, len) };
}

/* ---- reading ---- */

typedef struct { arena mem; problems noted; span bytes; evtx log; evtx_reader *reader; } reading;

static void begin(reading *r, made *m)
{
    arena_init(&r->mem, 0);
    problems_init(&r->noted, &r->mem);
    r->bytes = made_file(m);
    status s = evtx_open(&r->mem, evtx_source_bytes(&r->bytes), &r->noted, &r->log);
    assert_int_equal(s.code, STATUS_OK);
    r->reader = evtx_reader_new(NULL);
}

static void end(reading *r)
{
    evtx_reader_free(r->reader);
    arena_done(&r->mem);
}

static bool nth_record(reading *r, size_t nth, evtx_record *out)
{
    for (size_t i = 0; i < r->log.chunk_count; i++) {
        if (!evtx_chunk_load(r->reader, &r->log, i, &r->noted))
            continue;
        while (evtx_next(r->reader, out))
            if (nth-- == 0)
                return true;
    }
    return false;
}

static const char *text_of(made *m, size_t nth, bool (*write)(const binxml *, buf *, binxml_fault *),
                           bool (*also)(const binxml *, buf *, binxml_fault *))
{
    reading r;
    evtx_record record;
    binxml_fault why;
    buf text, same;
    begin(&r, m);
    buf_init(&text, 32 << 20);
    buf_init(&same, 32 << 20);
    bool ok = nth_record(&r, nth, &record) && write(&record.xml, &text, &why);
    if (ok) {
        assert_true(also(&record.xml, &same, &why));
        assert_string_equal(buf_text(&text), buf_text(&same));
        snprintf(m->text, sizeof m->text, "%s", buf_text(&text));
    }
    buf_done(&text);
    buf_done(&same);
    end(&r);
    return ok ? m->text : NULL;
}

const char *made_json(made *m, size_t nth) { return text_of(m, nth, binxml_json, binxml_json_walked); }
const char *made_xml(made *m, size_t nth) { return text_of(m, nth, binxml_xml, binxml_xml); }

size_t made_read(made *m, bool recover, uint64_t ids[64], char kinds[1024])
{
    reading r;
    evtx_record record;
    size_t count = 0, used = 0;
    begin(&r, m);
    if (recover) {
        evtx_meet_templates(r.reader, &r.log);
        assert_int_equal(evtx_carve(&r.mem, &r.noted, &r.log).code, STATUS_OK);
    }
    for (size_t i = 0; i < r.log.chunk_count; i++) {
        if (!evtx_chunk_load(r.reader, &r.log, i, &r.noted))
            continue;
        while (evtx_next(r.reader, &record) && count < 64) {
            assert_false(record.recovered);
            ids[count++] = record.id;
        }
        while (recover && evtx_next_recovered(r.reader, &record) && count < 64) {
            assert_true(record.recovered);
            ids[count++] = record.id;
        }
    }
    kinds[0] = '\0';
    for (size_t i = 0; i < r.noted.count && used < 900; i++)
        used += (size_t)snprintf(kinds + used, 1024 - used, "%s%s", i ? " " : "", r.noted.items[i].kind);
    end(&r);
    return count;
}
