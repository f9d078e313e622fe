/* Programs run over a record's bytes. */
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

static inline binxml_value slot_of(const frame *f, uint16_t slot)
{
    const binxml *x = f->x;
    return (binxml_value){ x->descriptors[4 * (size_t)slot + 2], { x->values + f->at[slot], f->at[slot + 1] - f->at[slot] } };
}

static inline bool is_null(binxml_value v)
{
    return v.type == BINXML_NULL || (v.type == BINXML_BINXML && v.bytes.len == 0);
}

static inline uint8_t *put_bytes(uint8_t *to, const uint8_t *from, size_t len)
{
    memcpy(to, from, len);
    return to + len;
}

static inline uint8_t *put_value(uint8_t *to, binxml_value v)
{
    if (bx_bare(v))
        return bx_text_json(to, v);
    *to++ = '"';
    to = bx_text_json(to, v);
    *to++ = '"';
    return to;
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

static uint8_t *put_array(uint8_t *to, binxml_value v)
{
    binxml_items items = binxml_items_of(v);
    binxml_value item;
    *to++ = '[';
    for (bool more = false; binxml_items_next(&items, &item); more = true) {
        if (more)
            *to++ = ',';
        to = put_value(to, item);
    }
    *to++ = ']';
    return to;
}

static inline bool is_several(binxml_value v)
{
    return (v.type & BINXML_ARRAY) && bx_items_count(v) > 1;
}

/* An empty item of an array of texts is a Data without anything in it. */
static uint8_t *put_data(uint8_t *to, binxml_value v)
{
    if (bx_empty(v))
        return put_bytes(to, (const uint8_t *)"\"\"", 2);
    return put_value(to, v);
}

static uint8_t *run_value(frame *f, const op *o, const uint8_t *text, uint8_t *to)
{
    binxml_value v = slot_of(f, o->slot);
    if ((o->flags & VALUE_DEPENDS) && is_null(v))
        return to;
    to = put_bytes(to, text + o->text, o->len);
    if (v.type == BINXML_BINXML && v.bytes.len) {
        *to++ = '{';
        to = put_document(f, to, v, NULL, 0, o->flags & VALUE_CONTAINER);
        if (!to)
            return NULL;
        to[-1] = '}';
    } else if (is_several(v)) {
        if (!(o->flags & VALUE_DATA))
            return NULL;
        to = put_array(to, v);
    } else if (bx_empty(v)) {
        to = o->flags & VALUE_DATA ? put_bytes(to, (const uint8_t *)"\"\"", 2) : put_bytes(to, (const uint8_t *)"null", 4);
    } else {
        to = put_value(to, v);
    }
    *to++ = ',';
    return to;
}

static uint8_t *run_element(frame *f, const op *o, const bx_program *p, uint8_t *to)
{
    to = put_bytes(to, p->text + o->text, o->len);
    bool is_object = false;
    for (const part *a = p->parts + o->parts, *end = a + o->count; a < end; a++) {
        binxml_value v = { BINXML_NULL, { 0 } };
        if (a->slot != BX_NO_SLOT) {
            v = slot_of(f, a->slot);
            if (bx_empty(v))
                continue;
            if (v.type == BINXML_BINXML || is_several(v))
                return NULL;
        }
        if (is_object)
            *to++ = ',';
        else
            to = put_bytes(to, (const uint8_t *)"{\"#attributes\":{", 16);
        is_object = true;
        to = put_bytes(to, p->text + a->text, a->len);
        if (a->slot != BX_NO_SLOT)
            to = put_value(to, v);
    }
    if (is_object)
        *to++ = '}';
    binxml_value v = o->slot == BX_NO_SLOT ? (binxml_value){ BINXML_NULL, { 0 } } : slot_of(f, o->slot);
    if (v.type == BINXML_BINXML && v.bytes.len) {
        *to++ = is_object ? ',' : '{';
        to = put_document(f, to, v, NULL, 0, o->flags & VALUE_CONTAINER);
        if (!to)
            return NULL;
        to--;
        is_object = true;
    } else if (is_several(v)) {
        return NULL;
    } else if (!bx_empty(v)) {
        if (is_object)
            to = put_bytes(to, (const uint8_t *)",\"#text\":", 9);
        to = put_value(to, v);
    } else if (!is_object) {
        to = put_bytes(to, (const uint8_t *)"null", 4);
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
        if (d->depends_on != BX_NO_SLOT && d->depends_on < f->x->slot_count && is_null(slot_of(f, d->depends_on)))
            continue;
        binxml_value v = d->slot == BX_NO_SLOT ? (binxml_value){ BINXML_NULL, { 0 } } : slot_of(f, d->slot);
        if (v.type == BINXML_BINXML && v.bytes.len)
            return NULL;
        count += is_several(v) ? bx_items_count(v) : 1;
    }
    if (count == 0)
        return to;
    to = put_bytes(to, p->text + o->text, o->len);
    if (count > 1)
        *to++ = '[';
    bool more = false;
    for (const part *d = first; d < end; d++) {
        if (d->depends_on != BX_NO_SLOT && d->depends_on < f->x->slot_count && is_null(slot_of(f, d->depends_on)))
            continue;
        if (more)
            *to++ = ',';
        more = true;
        if (d->slot == BX_NO_SLOT) {
            to = put_bytes(to, p->text + d->text, d->len);
            continue;
        }
        binxml_value v = slot_of(f, d->slot), item;
        if (!is_several(v)) {
            to = put_data(to, v);
            continue;
        }
        binxml_items items = binxml_items_of(v);
        for (bool again = false; binxml_items_next(&items, &item); again = true) {
            if (again)
                *to++ = ',';
            to = put_data(to, item);
        }
    }
    if (count > 1)
        *to++ = ']';
    *to++ = '}';
    *to++ = ',';
    return to;
}

static uint8_t *run_document(frame *f, const op *o, const bx_program *p, uint8_t *to)
{
    binxml_value v = slot_of(f, o->slot);
    if (v.type == BINXML_BINXML && v.bytes.len)
        return put_document(f, to, v, p->parts + o->parts, o->count, false);
    return bx_empty(v) ? to : NULL;
}

static uint8_t *run(frame *f, const bx_program *p)
{
    uint8_t *to = f->out->at + f->out->len;
    for (const op *o = p->ops; to; o++)
        switch (o->kind) {
        case OP_TEXT: to = put_bytes(to, p->text + o->text, o->len); break;
        case OP_VALUE: to = run_value(f, o, p->text, to); break;
        case OP_IF: if (o->slot < f->x->slot_count && is_null(slot_of(f, o->slot))) o += o->count; break;
        case OP_ELEMENT: to = run_element(f, o, p, to); break;
        case OP_LIST: to = run_list(f, o, p, to); break;
        case OP_DOCUMENT: to = run_document(f, o, p, to); break;
        case OP_CLOSE:
            if (to[-1] == ',')
                to[-1] = '}';
            else
                to = put_bytes(to - 1, (const uint8_t *)"null", 4);
            *to++ = ',';
            break;
        case OP_END: return to;
        }
    return NULL;
}

bool bx_run(const binxml *x, buf *out)
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
