#include "range/evtx_values.h"

uint32_t units_next(const uint8_t **at)
{
    const uint8_t *p = *at;
    unsigned n = p[0] < 0x80 ? 0 : p[0] >= 0xf0 ? 3 : p[0] >= 0xe0 ? 2 : p[0] >= 0xc2 ? 1 : 0;
    uint32_t c = n == 0 ? p[0] : p[0] & (0x3fu >> n);
    for (unsigned i = 1; i <= n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            *at = p + 1;
            return p[0];
        }
        c = c << 6 | (p[i] & 0x3f);
    }
    *at = p + n + 1;
    return c;
}

void units_put(buf *out, const char *text)
{
    if (!text || !*text || !buf_room(out, 2 * strlen(text)))
        return;
    uint8_t *to = out->at + out->len;
    for (const uint8_t *p = (const uint8_t *)text; *p;) {
        uint32_t c = *p < 0x80 ? *p++ : units_next(&p);
        if (c >= 0x10000) {
            put16le(to, 0xd800 + ((c - 0x10000) >> 10));
            to += 2;
            c = 0xdc00 + ((c - 0x10000) & 0x3ff);
        }
        put16le(to, c);
        to += 2;
    }
    out->len = (size_t)(to - out->at);
}

size_t units_count(const char *text)         /* in UTF-16 units */
{
    size_t n = 0;
    for (const uint8_t *p = (const uint8_t *)text; *p;)
        n += units_next(&p) >= 0x10000 ? 2 : 1;
    return n;
}

static unsigned hex_digit(char c) { return c <= '9' ? (unsigned)(c - '0') : ((unsigned)c | 32) - 'a' + 10; }

static bool guid_bytes(const char *text, uint8_t out[16])
{
    static const uint8_t order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
    unsigned n = 0;
    for (const char *p = text; *p && n < 32; p++) {
        if (!((*p >= '0' && *p <= '9') || ((*p | 32) >= 'a' && (*p | 32) <= 'f')))
            continue;
        uint8_t *to = &out[order[n / 2]];
        *to = (uint8_t)(n % 2 ? *to << 4 | hex_digit(*p) : hex_digit(*p));
        n++;
    }
    return n == 32;
}

static size_t sid_bytes(const char *text, uint8_t out[68])     /* 0: not a SID */
{
    uint64_t part[17];
    size_t n = 0;
    if (strncmp(text, "S-1-", 4) != 0)
        return 0;
    for (const char *p = text + 4; n < 16; p++) {
        uint64_t v = 0;
        for (; *p >= '0' && *p <= '9'; p++)
            v = v * 10 + (uint64_t)(*p - '0');
        part[n++] = v;
        if (*p != '-')
            break;
    }
    out[0] = 1;
    out[1] = (uint8_t)(n - 1);
    for (unsigned i = 0; i < 6; i++)
        out[2 + i] = (uint8_t)(part[0] >> (40 - 8 * i));
    for (size_t i = 1; i < n; i++)
        put32le(out + 4 + 4 * i, (uint32_t)part[i]);
    return 4 + 4 * n;
}

void values_init(values *v) { buf_init(&v->slots, 1 << 20); buf_init(&v->bytes, 1 << 20); }
void values_clear(values *v) { buf_clear(&v->slots); buf_clear(&v->bytes); }
void values_done(values *v) { buf_done(&v->slots); buf_done(&v->bytes); }
bool values_fit(const values *v, size_t limit) { return !v->slots.overflow && !v->bytes.overflow && v->slots.len + v->bytes.len < limit; }

void values_slot(values *v, size_t from, unsigned type)
{
    uint8_t d[4] = { 0 };
    if (v->bytes.len - from > 65535)
        v->bytes.overflow = true;
    put16le(d, (unsigned)(v->bytes.len - from));
    d[2] = (uint8_t)type;
    buf_put(&v->slots, d, 4);
}
void values_none(values *v) { values_slot(v, v->bytes.len, EVTX_NULL); }
void values_number(values *v, unsigned type, uint64_t n, size_t size)
{
    size_t from = v->bytes.len;
    buf_put(&v->bytes, &n, size);
    values_slot(v, from, type);
}
void values_sid(values *v, const char *text)
{
    uint8_t sid[68] = { 0 };
    size_t from = v->bytes.len, n = text ? sid_bytes(text, sid) : 0;
    buf_put(&v->bytes, sid, n);
    values_slot(v, from, n ? EVTX_SID : EVTX_NULL);
}
void values_guid(values *v, const char *text)
{
    uint8_t guid[16] = { 0 };
    size_t from = v->bytes.len;
    bool is = text && guid_bytes(text, guid);
    buf_put(&v->bytes, guid, is ? 16 : 0);
    values_slot(v, from, is ? EVTX_GUID : EVTX_NULL);
}

static void slot_systime(values *v, moment t)
{
    moment_parts p = moment_to_parts(t);
    unsigned part[8] = { (unsigned)p.year, (unsigned)p.month, 0, (unsigned)p.day, (unsigned)p.hour, (unsigned)p.minute, (unsigned)p.second, p.ticks / 10000 };
    uint8_t out[16];
    size_t from = v->bytes.len;
    part[2] = (unsigned)((t / MOMENT_DAY + 1) % 7);          /* 1601-01-01 was a Monday */
    for (unsigned i = 0; i < 8; i++)
        put16le(out + 2 * i, part[i]);
    buf_put(&v->bytes, out, 16);
    values_slot(v, from, EVTX_SYSTIME);
}

static void slot_strings(values *v, const char *lines)    /* each item ends with a NUL */
{
    size_t from = v->bytes.len;
    units_put(&v->bytes, lines);
    for (size_t i = from; i < v->bytes.len; i += 2)
        if (v->bytes.at[i] == '\n' && v->bytes.at[i + 1] == 0)
            v->bytes.at[i] = 0;
    buf_put(&v->bytes, "\0", 2);
    values_slot(v, from, EVTX_STRS);
}

static size_t number_size(unsigned type)
{
    switch (type) {
    case EVTX_I8: case EVTX_U8: return 1;
    case EVTX_I16: case EVTX_U16: return 2;
    case EVTX_I32: case EVTX_U32: case EVTX_F32: case EVTX_BOOL: case EVTX_HEX32: return 4;
    default: return 8;
    }
}

void values_field(values *v, const evtx_field *f, bool nul)
{
    size_t from = v->bytes.len;
    switch (f->type) {
    case EVTX_NULL:
        values_none(v);
        return;
    case EVTX_SID: case EVTX_GUID:
        if (f->text) {
            (f->type == EVTX_SID ? values_sid : values_guid)(v, f->text);
            return;
        }
        break;
    case EVTX_SYSTIME:
        if (!f->bytes.len) {
            slot_systime(v, f->number);
            return;
        }
        break;
    case EVTX_STRS:
        if (f->text) {
            slot_strings(v, f->text);
            return;
        }
        break;
    case EVTX_STR:
        if (f->text) {
            units_put(&v->bytes, f->text);
            if (nul)
                buf_put(&v->bytes, "\0", 2);
            values_slot(v, from, EVTX_STR);
            return;
        }
        break;
    case EVTX_ASTR:
        if (f->text) {
            buf_put(&v->bytes, f->text, strlen(f->text));
            values_slot(v, from, EVTX_ASTR);
            return;
        }
        break;
    case EVTX_BIN:
        break;
    default:
        if (!f->bytes.len) {
            values_number(v, f->type == EVTX_SIZE ? EVTX_HEX64 : f->type, f->number, number_size(f->type));
            return;
        }
    }
    buf_span(&v->bytes, f->bytes);
    values_slot(v, from, f->type);
}
