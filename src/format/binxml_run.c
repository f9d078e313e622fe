/* Programs run over a record's bytes. Compiled twice: as bx_run_sse2 and, for processors that have it, as bx_run_avx2. */
#include "format/binxml_fast.h"
#include "format/binxml_program.h"
#include "format/evtx_reader.h"

enum { SLOTS = 1024 };               /* a record with more is the walker's */

typedef struct {
    const binxml *x;
    buf *out;
    size_t room;                     /* what this document may still come to */
    unsigned depth;
    uint32_t at[SLOTS + 1];          /* where each slot's bytes begin, from x->values */
} frame;

static uint8_t *run(frame *f, const bx_program *p);

static inline uint8_t type_of(const frame *f, uint16_t slot) { return f->x->descriptors[4 * (size_t)slot + 2]; }
static inline const uint8_t *bytes_of(const frame *f, uint16_t slot) { return f->x->values + f->at[slot]; }
static inline size_t length_of(const frame *f, uint16_t slot) { return f->at[slot + 1] - f->at[slot]; }

static inline binxml_value slot_of(const frame *f, uint16_t slot)
{
    return (binxml_value){ type_of(f, slot), { bytes_of(f, slot), length_of(f, slot) } };
}

static inline bool is_null(const frame *f, uint16_t slot)
{
    uint8_t type = type_of(f, slot);
    return type == BINXML_NULL || (type == BINXML_BINXML && length_of(f, slot) == 0);
}

/* Whether the element that depends on a slot is left out. A slot that the record does not have leaves nothing out. */
static inline bool is_left_out(const frame *f, uint16_t slot)
{
    return slot != BX_NO_SLOT && slot < f->x->slot_count && is_null(f, slot);
}

static inline uint8_t *put_bytes(uint8_t *to, const char *from, size_t len)
{
    memcpy(to, from, len);
    return to + len;
}

/* A value's parts go in registers: one that is put together in memory and taken apart again costs more than writing it. */

static inline bool is_empty(uint8_t type, const uint8_t *at, size_t len)
{
    if (type == BINXML_NULL || len == 0)
        return true;
    if (type == BINXML_WSTRING)
        return len < 2 || le16(at) == 0;
    return type == BINXML_ASTRING && bx_empty((binxml_value){ type, { at, len } });
}

static __attribute__((noinline)) uint8_t *put_other(uint8_t *to, uint8_t type, const uint8_t *at, size_t len)
{
    binxml_value v = { type, { at, len } };
    if (bx_bare(v))
        return bx_text_json(to, v);
    *to++ = '"';
    to = bx_text_json(to, v);
    *to++ = '"';
    return to;
}

/* A value that is not empty. The types that records are made of are written here; all others, and those whose size is not
 * their type's, as the walker does. */
static uint8_t *put_value(bx_day *day, uint8_t *to, uint8_t type, const uint8_t *at, size_t len)
{
    switch (type) {
    case BINXML_WSTRING:
        *to = '"';
        to = fast_wide(to + 1, at, len / 2);
        break;
    case BINXML_U8:
        return len == 1 ? fast_small(to, at[0]) : put_other(to, type, at, len);
    case BINXML_U16:
        return len == 2 ? fast_decimal(to, le16(at)) : put_other(to, type, at, len);
    case BINXML_U32:
        return len == 4 ? fast_decimal(to, le32(at)) : put_other(to, type, at, len);
    case BINXML_U64:
        return len == 8 ? fast_decimal(to, le64(at)) : put_other(to, type, at, len);
    case BINXML_I32:
        return len == 4 ? fast_signed(to, (int32_t)le32(at)) : put_other(to, type, at, len);
    case BINXML_HEX32:
    case BINXML_HEX64:
        if (len != (type == BINXML_HEX32 ? 4 : 8))
            return put_other(to, type, at, len);
        *to = '"';
        to = fast_hex(to + 1, len == 4 ? le32(at) : le64(at));
        break;
    case BINXML_GUID:
        if (len != 16)
            return put_other(to, type, at, len);
        *to = '"';
        to = fast_guid(to + 1, at);
        break;
    case BINXML_FILETIME:
        if (len != 8)
            return put_other(to, type, at, len);
        *to = '"';
        to = fast_filetime(to + 1, le64(at), day);
        break;
    case BINXML_SID:
        if (len < 8 || len != 8 + 4u * at[1])
            return put_other(to, type, at, len);
        *to = '"';
        to = fast_sid(to + 1, at);
        break;
    default:
        return put_other(to, type, at, len);
    }
    *to = '"';
    return to + 1;
}

/* Adds up the slots' sizes; false when they are too many, too few, or go beyond the document. A document in a slot must end
 * where its values do, since what stood behind them would be a second root. */
static bool measure(frame *f, const bx_program *p, bool is_nested)
{
    const binxml *x = f->x;
    if (x->slot_count > SLOTS || x->slot_count < p->slots)
        return false;
    uint32_t at = 0;
    for (uint32_t i = 0; i < x->slot_count; i++) {
        f->at[i] = at;
        at += le16(x->descriptors + 4 * (size_t)i);
    }
    f->at[x->slot_count] = at;
    size_t left = (size_t)(x->fragment.at + x->fragment.len - x->values);
    if (at > left || (is_nested && at < left && x->values[at] != 0))
        return false;
    f->room = p->room + BX_ROOM(at) + 64u * (size_t)x->slot_count;
    return buf_room(f->out, f->room) && f->out->len < f->out->limit;
}

/* The document in a slot, as a member: its root's name, its value, a comma. NULL: irregular. */
static uint8_t *put_document(frame *f, uint8_t *to, binxml_value v, const part *names, size_t count, bool container)
{
    const binxml *x = f->x;
    size_t token, from = (size_t)(v.bytes.at - x->chunk.at);
    binxml nested;
    binxml_fault why;
    if (f->depth >= BX_NESTING || !bx_is_instance(v.bytes, &token) ||
        !bx_instance(x->reader, x->chunk, from + token, from + v.bytes.len, f->depth + 1, &nested, &why))
        return NULL;
    const binxml_template *t = nested.template_;
    if (!t->json || (container && bx_is_data(t->root->name)))
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (names[i].name == t->root_name)
            return NULL;
    frame room, *inner = &room;
    inner->x = &nested;
    inner->out = f->out;
    inner->depth = f->depth + 1;
    f->out->len = (size_t)(to - f->out->at);
    if (!measure(inner, t->json, true) || !(to = run(inner, t->json)))
        return NULL;
    f->out->len = (size_t)(to - f->out->at);
    return buf_room(f->out, f->room) ? f->out->at + f->out->len : NULL;
}

static inline bool is_several(uint8_t type, const uint8_t *at, size_t len)
{
    return (type & BINXML_ARRAY) && bx_items_count((binxml_value){ type, { at, len } }) > 1;
}

/* An empty item of an array of texts is a Data without anything in it. */
static uint8_t *put_data(frame *f, uint8_t *to, binxml_value v)
{
    if (is_empty(v.type, v.bytes.at, v.bytes.len))
        return put_bytes(to, "\"\"", 2);
    return put_value(&f->x->reader->day, to, v.type, v.bytes.at, v.bytes.len);
}

static uint8_t *put_items(frame *f, uint8_t *to, binxml_value v)
{
    binxml_items items = binxml_items_of(v);
    binxml_value item;
    for (bool more = false; binxml_items_next(&items, &item); more = true) {
        if (more)
            *to++ = ',';
        to = put_data(f, to, item);
    }
    return to;
}

static uint8_t *run_nested_value(frame *f, const op *o, uint8_t *to)
{
    *to++ = '{';
    to = put_document(f, to, slot_of(f, o->slot), NULL, 0, o->flags & VALUE_CONTAINER);
    if (to)
        to[-1] = '}';
    return to;
}

static uint8_t *run_array(frame *f, const op *o, uint8_t *to)
{
    if (!(o->flags & VALUE_DATA))
        return NULL;
    *to++ = '[';
    to = put_items(f, to, slot_of(f, o->slot));
    *to++ = ']';
    return to;
}

static inline uint8_t *run_value(frame *f, const op *o, const uint8_t *text, uint8_t *to)
{
    uint8_t type = type_of(f, o->slot);
    const uint8_t *at = bytes_of(f, o->slot);
    size_t len = length_of(f, o->slot);
    if ((o->flags & VALUE_DEPENDS) && is_null(f, o->slot))
        return to;
    to = fast_copy(to, text + o->text, o->len);
    if (is_empty(type, at, len))
        to = o->flags & VALUE_DATA ? put_bytes(to, "\"\"", 2) : put_bytes(to, "null", 4);
    else if (type == BINXML_BINXML)
        to = run_nested_value(f, o, to);
    else if (is_several(type, at, len))
        to = run_array(f, o, to);
    else
        to = put_value(&f->x->reader->day, to, type, at, len);
    if (to)
        *to++ = ',';
    return to;
}

static uint8_t *run_element(frame *f, const op *o, const bx_program *p, uint8_t *to)
{
    to = fast_copy(to, p->text + o->text, o->len);
    bool is_object = false;
    for (const part *a = p->parts + o->parts, *end = a + o->count; a < end; a++) {
        uint8_t type = BINXML_NULL;
        const uint8_t *at = NULL;
        size_t len = 0;
        if (a->slot != BX_NO_SLOT) {
            type = type_of(f, a->slot);
            at = bytes_of(f, a->slot);
            len = length_of(f, a->slot);
            if (is_empty(type, at, len))
                continue;
            if (type == BINXML_BINXML || is_several(type, at, len))
                return NULL;
        }
        if (is_object)
            *to++ = ',';
        else
            to = put_bytes(to, "{\"#attributes\":{", 16);
        is_object = true;
        to = fast_copy(to, p->text + a->text, a->len);
        if (a->slot != BX_NO_SLOT)
            to = put_value(&f->x->reader->day, to, type, at, len);
    }
    if (is_object)
        *to++ = '}';

    bool has_content = o->slot != BX_NO_SLOT;
    uint8_t type = has_content ? type_of(f, o->slot) : BINXML_NULL;
    const uint8_t *at = has_content ? bytes_of(f, o->slot) : NULL;
    size_t len = has_content ? length_of(f, o->slot) : 0;
    if (is_empty(type, at, len)) {
        if (!is_object)
            to = put_bytes(to, "null", 4);
    } else if (type == BINXML_BINXML) {
        *to++ = is_object ? ',' : '{';
        to = put_document(f, to, slot_of(f, o->slot), NULL, 0, o->flags & VALUE_CONTAINER);
        if (!to)
            return NULL;
        to--;
        is_object = true;
    } else if (is_several(type, at, len)) {
        return NULL;
    } else {
        if (is_object)
            to = put_bytes(to, ",\"#text\":", 9);
        to = put_value(&f->x->reader->day, to, type, at, len);
    }
    if (is_object)
        *to++ = '}';
    *to++ = ',';
    return to;
}

/* Data without names: `{"#text": one}`, or an array of them all. */
static uint8_t *run_list(frame *f, const op *o, const bx_program *p, uint8_t *to)
{
    const part *first = p->parts + o->parts, *end = first + o->count;
    size_t count = 0;
    for (const part *d = first; d < end; d++) {
        if (is_left_out(f, d->depends_on))
            continue;
        if (d->slot != BX_NO_SLOT && type_of(f, d->slot) == BINXML_BINXML && length_of(f, d->slot))
            return NULL;
        bool several = d->slot != BX_NO_SLOT && is_several(type_of(f, d->slot), bytes_of(f, d->slot), length_of(f, d->slot));
        count += several ? bx_items_count(slot_of(f, d->slot)) : 1;
    }
    if (count == 0)
        return to;
    to = fast_copy(to, p->text + o->text, o->len);
    if (count > 1)
        *to++ = '[';
    bool more = false;
    for (const part *d = first; d < end; d++) {
        if (is_left_out(f, d->depends_on))
            continue;
        if (more)
            *to++ = ',';
        more = true;
        if (d->slot == BX_NO_SLOT)
            to = fast_copy(to, p->text + d->text, d->len);
        else if (is_several(type_of(f, d->slot), bytes_of(f, d->slot), length_of(f, d->slot)))
            to = put_items(f, to, slot_of(f, d->slot));
        else
            to = put_data(f, to, slot_of(f, d->slot));
    }
    if (count > 1)
        *to++ = ']';
    *to++ = '}';
    *to++ = ',';
    return to;
}

static uint8_t *run_document(frame *f, const op *o, const bx_program *p, uint8_t *to)
{
    uint8_t type = type_of(f, o->slot);
    if (is_empty(type, bytes_of(f, o->slot), length_of(f, o->slot)))
        return to;
    return type == BINXML_BINXML ? put_document(f, to, slot_of(f, o->slot), p->parts + o->parts, o->count, false) : NULL;
}

static uint8_t *run(frame *f, const bx_program *p)
{
    uint8_t *to = f->out->at + f->out->len;
    for (const op *o = p->ops; to; o++)
        switch (o->kind) {
        case OP_TEXT: to = fast_copy(to, p->text + o->text, o->len); break;
        case OP_VALUE: to = run_value(f, o, p->text, to); break;
        case OP_IF: o += is_left_out(f, o->slot) ? o->count : 0; break;
        case OP_ELEMENT: to = run_element(f, o, p, to); break;
        case OP_LIST: to = run_list(f, o, p, to); break;
        case OP_DOCUMENT: to = run_document(f, o, p, to); break;
        case OP_CLOSE:
            if (to[-1] == ',')
                to[-1] = '}';
            else
                to = put_bytes(to - 1, "null", 4);
            *to++ = ',';
            break;
        case OP_END: return to;
        }
    return NULL;
}

bool BX_RUN(const binxml *x, buf *out)
{
    const bx_program *p = x->template_->json;
    size_t before = out->len, limit = out->limit;
    if (!p)
        return false;
    if (limit > before && limit - before > BX_OUTPUT)
        out->limit = before + BX_OUTPUT;
    frame room, *f = &room;
    f->x = x;
    f->out = out;
    f->depth = 0;
    buf_char(out, '{');
    uint8_t *to = measure(f, p, false) ? run(f, p) : NULL;
    out->limit = limit;
    if (!to) {
        out->len = before;
        out->overflow = false;
        return false;
    }
    to[-1] = '}';
    out->len = (size_t)(to - out->at);
    return true;
}
