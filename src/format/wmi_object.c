#include "format/wmi_parts.h"

#include <strings.h>

enum { ELEMENTS = 4096, NAME_MOST = 1024 };

static bool is_hash(span units)
{
    for (size_t i = 0; i + 1 < units.len; i += 2) {
        uint8_t c = units.at[i];
        if (units.at[i + 1] != 0 || !((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F')))
            return false;
    }
    return true;
}

wmi_class *wmi_object_header(const wmi_classes *c, span bytes, size_t *header)
{
    static const size_t letters[] = { WMI_HASH, WMI_HASH / 2 };
    for (size_t i = 0; i < 2; i++) {
        span units = span_part(bytes, 0, 2 * letters[i]);
        wmi_class *of = units.len == 2 * letters[i] && is_hash(units) ? wmi_class_by_hash(c, units) : NULL;
        if (of) {
            *header = units.len;
            return of;
        }
    }
    return NULL;
}

/* A byte says how the letters are written that follow up to a NUL: Latin-1 or UTF-16. Of a torn heap the end may be missing. */
bool wmi_heap_put(span heap, uint32_t at, buf *out)
{
    span s = span_part(heap, at, SIZE_MAX), letters = span_part(s, 1, SIZE_MAX);
    if (s.len < 2 || s.at[0] > 1)
        return false;
    size_t end = 0, step = s.at[0] == 1 ? 2 : 1;
    while (end + step <= letters.len && (letters.at[end] || (step == 2 && letters.at[end + 1])))
        end += step;
    if (step == 2)
        utf16_utf8(span_part(letters, 0, end), out);
    for (size_t i = 0; step == 1 && i < end; i++) {
        uint8_t letter[4];
        buf_put(out, letter, utf8_put(letter, letters.at[i]));
    }
    return end + step <= letters.len;
}

static bool is_text(uint32_t type) { return type == WMI_STRING || type == WMI_DATETIME || type == WMI_REFERENCE; }

/* One value at the cursor, as a person would write it. Objects in objects are left out. */
static bool put_value(cursor *c, uint32_t type, span heap, buf *out)
{
    switch (type) {
    case WMI_STRING: case WMI_DATETIME: case WMI_REFERENCE:
        wmi_heap_put(heap, cur_u32(c, "value"), out);
        return true;
    case WMI_BOOLEAN:
        buf_str(out, cur_u16(c, "value") ? "true" : "false");
        return true;
    case 16: buf_printf(out, "%d", (int8_t)cur_u8(c, "value")); return true;
    case 17: buf_u64(out, cur_u8(c, "value")); return true;
    case 2: buf_printf(out, "%d", (int16_t)cur_u16(c, "value")); return true;
    case 18: case 103: buf_u64(out, cur_u16(c, "value")); return true;
    case 3: buf_printf(out, "%d", (int32_t)cur_u32(c, "value")); return true;
    case 19: buf_u64(out, cur_u32(c, "value")); return true;
    case 20: buf_printf(out, "%lld", (long long)cur_u64(c, "value")); return true;
    case 21: buf_u64(out, cur_u64(c, "value")); return true;
    default: return false;
    }
}

static bool put_array(span heap, uint32_t at, uint32_t type, buf *out, span *bytes)
{
    cursor c = cur_open(heap);
    cur_seek(&c, at, "array");
    uint32_t told = cur_u32(&c, "array.count");
    if (type == 17) {
        *bytes = span_part(heap, c.at, told);
        return cur_ok(&c);
    }
    size_t count = cur_count(&c, told, type == 16 ? 1 : 2, "array.count");
    for (size_t i = 0; i < count && i < ELEMENTS && cur_ok(&c); i++) {
        if (i)
            buf_char(out, is_text(type) ? '\n' : ',');
        if (!put_value(&c, type, heap, out))
            return false;
    }
    return true;
}

static void read_values(const wmi_layout *l, span table, span values, span heap, arena *mem, wmi_object *out)
{
    out->values = arena_array(mem, l->count ? l->count : 1, sizeof *out->values);
    buf text;
    buf_init(&text, 3 * heap.len + 4096);
    size_t spare = 4 * heap.len + 4096;                      /* texts stand in the heap once */
    for (size_t i = 0; out->values && i < l->count; i++) {
        const wmi_field *f = &l->fields[i];
        uint8_t state = f->index / 4u < table.len ? (uint8_t)(table.at[f->index / 4] >> 2 * (f->index % 4) & 3) : 3;
        if (state != 0)                                      /* not set, or the class's own default */
            continue;
        wmi_value v = { .name = f->name };
        cursor c = cur_open(values);
        cur_seek(&c, f->offset, "value");
        buf_clear(&text);
        bool known = f->type & WMI_ARRAY ? put_array(heap, cur_u32(&c, "value"), f->type & 0xFFF, &text, &v.bytes)
                                         : put_value(&c, f->type & 0xFFF, heap, &text);
        if (text.len > spare)
            break;
        spare -= text.len;
        v.text = known && cur_ok(&c) ? arena_text(mem, buf_bytes(&text)) : NULL;
        if (v.text)
            out->values[out->count++] = v;
    }
    buf_done(&text);
}

/* [MS-WMIO] 2.2.53: what is not known of a property's qualifiers only tells where the heap begins. */
static void skip_qualifiers(cursor *c)
{
    uint32_t size = cur_u32(c, "object.qualifiers");
    cur_skip(c, size < 4 ? 0 : size - 4, "object.qualifiers");
    if (cur_u8(c, "object.property qualifiers") != 2)
        return;
    size_t sets = cur_count(c, cur_u32(c, "object.property qualifiers"), 4, "object.property qualifiers");
    for (size_t i = 0; i < sets && cur_ok(c); i++) {
        uint32_t len = cur_u32(c, "object.property qualifiers");
        cur_skip(c, len < 4 ? 0 : len - 4, "object.property qualifiers");
    }
}

/* Whether the block is one of a class laid out so: its parts must fill it to the end, and it names its class once more. */
static bool fits(const wmi_layout *l, const wmi_object *o, span *table, span *values, span *heap)
{
    cursor k = cur_open(o->block);
    cur_skip(&k, 1, "object.flags");
    uint32_t name = cur_u32(&k, "object.class name");
    *table = cur_bytes(&k, l->table, "object.table");
    *values = cur_bytes(&k, l->values, "object.values");
    skip_qualifiers(&k);
    uint32_t len = cur_u32(&k, "object.heap");
    if (!cur_ok(&k) || !(len & 0x80000000))
        return false;
    len &= 0x7FFFFFFF;
    if (o->torn ? len < cur_left(&k) : len != cur_left(&k))
        return false;
    *heap = cur_bytes(&k, cur_left(&k), "object.heap");
    buf said;
    buf_init(&said, 4096);
    wmi_heap_put(span_part(*heap, 0, (size_t)name + NAME_MOST), name, &said);
    bool same = strcasecmp(buf_text(&said), o->of->name) == 0;
    buf_done(&said);
    return same;
}

bool wmi_object_read(wmi_classes *c, span bytes, arena *mem, wmi_object *out)
{
    size_t header;
    *out = (wmi_object){ .of = wmi_object_header(c, bytes, &header) };
    if (!out->of)
        return false;
    cursor k = cur_open(bytes);
    cur_skip(&k, header, "object.class");
    out->written = moment_from_filetime(cur_u64(&k, "object.written"));
    cur_skip(&k, 8, "object.class written");
    uint32_t size = cur_u32(&k, "object.size");
    if (!cur_ok(&k) || size < 9)
        return false;
    out->torn = size - 4 > cur_left(&k);
    out->block = cur_bytes(&k, out->torn ? cur_left(&k) : size - 4, "object");
    for (; out->of; out->of = out->of->next) {
        const wmi_layout *l = wmi_class_layout(c, out->of);
        span table, values, heap;
        if (l && fits(l, out, &table, &values, &heap)) {
            read_values(l, table, values, heap, mem, out);
            return out->values != NULL;
        }
    }
    return false;
}

const char *wmi_object_text(const wmi_object *o, const char *name)
{
    for (size_t i = 0; i < o->count; i++)
        if (strcasecmp(o->values[i].name, name) == 0)
            return o->values[i].text;
    return "";
}

span wmi_object_bytes(const wmi_object *o, const char *name)
{
    for (size_t i = 0; i < o->count; i++)
        if (strcasecmp(o->values[i].name, name) == 0)
            return o->values[i].bytes;
    return (span){ 0 };
}
