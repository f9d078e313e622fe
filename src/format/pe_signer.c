#include "format/pe_signer.h"

enum { SEQUENCE = 0x30, SET = 0x31, INTEGER = 0x02, OBJECT_ID = 0x06, TAGGED_0 = 0xA0, BMP = 0x1E, CERTIFICATES = 4096 };

typedef struct { uint8_t tag; span body, all; } element;

/* The next element of DER; false at the end, or when it does not fit. */
static bool next(cursor *c, element *out)
{
    size_t begin = c->at;
    if (cur_left(c) == 0)
        return false;
    out->tag = cur_u8(c, "der.tag");
    size_t len = cur_u8(c, "der.length");
    if (len > 0x80) {
        size_t bytes = len - 0x80;
        len = 0;
        if (bytes > 4)
            cur_fail(c, "der.length");
        for (size_t i = 0; i < bytes && cur_ok(c); i++)
            len = len << 8 | cur_u8(c, "der.length");
    } else if (len == 0x80) {
        cur_fail(c, "der.length");                           /* no end told: that is not DER */
    }
    out->body = cur_bytes(c, len, "der.body");
    out->all = span_part(c->all, begin, c->at - begin);
    return cur_ok(c);
}

static bool next_of(cursor *c, uint8_t tag, element *out) { return next(c, out) && out->tag == tag; }

static const char *text_of(arena *mem, const element *e)
{
    buf out;
    buf_init(&out, 4096);
    if (e->tag == BMP) {
        for (size_t i = 0; i + 1 < e->body.len; i += 2) {
            uint8_t turned[2] = { e->body.at[i + 1], e->body.at[i] };
            utf16_utf8(span_of(turned, 2), &out);
        }
    } else if (utf8_valid(e->body)) {
        buf_span(&out, e->body);
    } else {
        for (size_t i = 0; i < e->body.len; i++) {           /* T61 as everybody writes it: Latin-1 */
            uint8_t letter[4];
            buf_put(&out, letter, utf8_put(letter, e->body.at[i]));
        }
    }
    const char *text = arena_text(mem, buf_bytes(&out));
    buf_done(&out);
    return text ? text : "";
}

static const char *common_name(arena *mem, span name)
{
    const char *found = "";
    cursor sets = cur_open(name);
    element set, pair, id, value;
    while (next(&sets, &set)) {
        cursor pairs = cur_open(set.body);
        while (next(&pairs, &pair)) {
            cursor p = cur_open(pair.body);
            if (next_of(&p, OBJECT_ID, &id) && next(&p, &value) && span_eq(id.body, span_of("\x55\x04\x03", 3)))
                found = text_of(mem, &value);
        }
    }
    return found;
}

/* Whether a certificate has this issuer and number; its subject then. */
static bool is_named(span certificate, span issuer, span serial, span *subject)
{
    cursor c = cur_open(certificate);
    element inner, e, from, number;
    if (!next_of(&c, SEQUENCE, &inner))
        return false;
    c = cur_open(inner.body);
    if (!next(&c, &number) || (number.tag == TAGGED_0 && !next(&c, &number)))
        return false;
    if (!next_of(&c, SEQUENCE, &e) || !next_of(&c, SEQUENCE, &from) || !next_of(&c, SEQUENCE, &e) || !next_of(&c, SEQUENCE, &e))
        return false;
    *subject = e.body;
    return number.tag == INTEGER && span_eq(number.body, serial) && span_eq(from.all, issuer);
}

const char *pe_signer(arena *mem, span pkcs7)
{
    element e, certificates = { 0 }, signer, issuer, serial, one;
    cursor c = cur_open(pkcs7);
    if (!next_of(&c, SEQUENCE, &e))
        return "";
    c = cur_open(e.body);
    if (!next_of(&c, OBJECT_ID, &e) || !next_of(&c, TAGGED_0, &e))
        return "";
    c = cur_open(e.body);
    if (!next_of(&c, SEQUENCE, &e))
        return "";
    c = cur_open(e.body);
    if (!next_of(&c, INTEGER, &e) || !next_of(&c, SET, &e) || !next_of(&c, SEQUENCE, &e))
        return "";
    while (next(&c, &e) && e.tag != SET)
        if (e.tag == TAGGED_0)
            certificates = e;
    c = cur_open(e.body);
    if (e.tag != SET || !next_of(&c, SEQUENCE, &signer))
        return "";
    c = cur_open(signer.body);
    if (!next_of(&c, INTEGER, &e) || !next_of(&c, SEQUENCE, &e))
        return "";
    c = cur_open(e.body);
    if (!next_of(&c, SEQUENCE, &issuer) || !next_of(&c, INTEGER, &serial))
        return "";
    cursor list = cur_open(certificates.body);
    for (unsigned i = 0; i < CERTIFICATES && next_of(&list, SEQUENCE, &one); i++) {
        span subject;
        if (is_named(one.body, issuer.all, serial.body, &subject))
            return common_name(mem, subject);
    }
    return "";
}
