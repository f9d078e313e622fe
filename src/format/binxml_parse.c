/* Tokens to trees: documents, templates, and the instances that stand in documents. */
#include "format/binxml_tree.h"

enum {
    TOKEN_END = 0x00, TOKEN_OPEN = 0x01, TOKEN_CLOSE_START = 0x02, TOKEN_CLOSE_EMPTY = 0x03, TOKEN_CLOSE = 0x04,
    TOKEN_VALUE = 0x05, TOKEN_ATTRIBUTE = 0x06, TOKEN_CDATA = 0x07, TOKEN_CHAR = 0x08, TOKEN_ENTITY = 0x09,
    TOKEN_PI_TARGET = 0x0a, TOKEN_PI_DATA = 0x0b, TOKEN_INSTANCE = 0x0c, TOKEN_SLOT = 0x0d, TOKEN_OPTIONAL = 0x0e,
    TOKEN_FRAGMENT = 0x0f, MORE = 0x40   /* the bit says that another of its kind follows; what follows says so itself */
};

/* A list under construction: where its next node is hung. */
typedef struct { bx_node *element; bx_node **tail; } open_element;

typedef struct {
    bx_parser *p;
    cursor c;
    bool is_template;
    open_element open[BX_ELEMENTS];
    size_t open_count;
    bx_node *roots, **roots_tail;
    bx_node *starting;               /* the element whose start tag is being read */
    bx_attribute **attribute_tail;
    bx_attribute *attribute;         /* of the start tag, the one whose value is being read */
    bx_node **value_tail;
    bx_node *last;                   /* hung last: a processing instruction's data belongs to it */
} state;

static bx_node *new_node(state *s, bx_kind kind)
{
    bx_node *node = arena_alloc(s->p->mem, sizeof *node);
    if (!node) {
        cur_fail(&s->c, "memory");
        return NULL;
    }
    node->kind = (uint8_t)kind;
    node->slot = BX_NO_SLOT;
    return node;
}

/* Hangs a node where reading stands: in the attribute whose value this is, else in the innermost open element. */
static void hang(state *s, bx_node *node)
{
    if (!node)
        return;
    if (s->starting) {
        if (!s->attribute || node->kind == BX_ELEMENT || node->kind == BX_INSTANCE || node->kind == BX_PI) {
            cur_fail(&s->c, "document.place");
            return;
        }
        *s->value_tail = node;
        s->value_tail = &node->next;
    } else if (s->open_count) {
        open_element *parent = &s->open[s->open_count - 1];
        *parent->tail = node;
        parent->tail = &node->next;
    } else if (node->kind == BX_ELEMENT || node->kind == BX_INSTANCE) {
        *s->roots_tail = node;
        s->roots_tail = &node->next;
    } else {
        cur_fail(&s->c, "document.place");
    }
    s->last = node;
}

/* The offset of a name; where the name itself follows, which is so at its first use in a chunk, it is passed over. */
static bx_name read_name(state *s)
{
    bx_name name = { "", 0 };
    size_t field = s->c.at, bytes = 0;
    uint32_t offset = cur_u32(&s->c, "name.offset");
    if (!cur_ok(&s->c))
        return name;
    if (!bx_name_at(s->p->reader, offset, &name, &bytes)) {
        cur_fail(&s->c, "name");
        return name;
    }
    if (offset == s->c.at)
        cur_skip(&s->c, bytes, "name");
    if (s->p->names)
        *(uint32_t *)vec_push(s->p->names) = (uint32_t)field;
    return name;
}

static span read_text(state *s)
{
    size_t units = cur_count(&s->c, cur_u16(&s->c, "text.units"), 2, "text.units");
    return cur_bytes(&s->c, 2 * units, "text");
}

static void read_open(state *s, bool has_attributes)
{
    bx_node *element = new_node(s, BX_ELEMENT);
    if (s->starting)
        cur_fail(&s->c, "element.place");
    uint16_t depends_on = s->is_template ? cur_u16(&s->c, "element.dependency") : BX_NO_SLOT;
    cur_skip(&s->c, 4, "element.size");
    bx_name name = read_name(s);
    if (has_attributes)
        cur_skip(&s->c, 4, "element.attributes");
    if (!cur_ok(&s->c))
        return;
    element->slot = depends_on;
    element->name = name;
    s->starting = element;
    s->attribute_tail = &element->attributes;
    s->attribute = NULL;
}

static void read_attribute(state *s)
{
    bx_name name = read_name(s);
    bx_attribute *a = arena_alloc(s->p->mem, sizeof *a);
    if (!s->starting || !a)
        cur_fail(&s->c, a ? "attribute.place" : "memory");
    if (!cur_ok(&s->c))
        return;
    a->name = name;
    *s->attribute_tail = a;
    s->attribute_tail = &a->next;
    s->attribute = a;
    s->value_tail = &a->value;
}

static void read_close_start(state *s, bool is_empty)
{
    bx_node *element = s->starting;
    if (!element || s->open_count == BX_ELEMENTS) {
        cur_fail(&s->c, element ? "element.depth" : "element.place");
        return;
    }
    s->starting = NULL;
    s->attribute = NULL;
    element->closed_empty = is_empty;
    hang(s, element);
    if (!is_empty)
        s->open[s->open_count++] = (open_element){ element, &element->first };
}

static void read_close(state *s)
{
    if (s->starting || !s->open_count)
        cur_fail(&s->c, "element.place");
    else
        s->open_count--;
}

/* A document that stands as a constant in another: its nodes as if they stood here. */
static void read_nested(state *s)
{
    size_t len = cur_u16(&s->c, "document.size"), from = s->c.at;
    cur_skip(&s->c, len, "document");
    if (s->starting)
        cur_fail(&s->c, "document.place");
    if (!cur_ok(&s->c) || len == 0)
        return;
    if (s->p->depth >= BX_NESTING) {
        cur_fail(&s->c, "document.depth");
        return;
    }
    bx_node *nodes = NULL;
    s->p->depth++;
    bool ok = bx_parse(s->p, from, from + len, false, &nodes);
    s->p->depth--;
    s->p->has_instance = true;                /* what stands in it is not followed into canonical bytes */
    if (!ok)
        cur_fail(&s->c, s->p->fault.field);
    while (ok && nodes) {
        bx_node *next = nodes->next;
        nodes->next = NULL;
        hang(s, nodes);
        nodes = next;
    }
}

static void read_value(state *s)
{
    static const uint8_t widths[] = {
        [BINXML_I8] = 1, [BINXML_U8] = 1, [BINXML_I16] = 2, [BINXML_U16] = 2, [BINXML_I32] = 4, [BINXML_U32] = 4,
        [BINXML_I64] = 8, [BINXML_U64] = 8, [BINXML_F32] = 4, [BINXML_F64] = 8, [BINXML_BOOL] = 4, [BINXML_GUID] = 16,
        [BINXML_FILETIME] = 8, [BINXML_SYSTEMTIME] = 16, [BINXML_HEX32] = 4, [BINXML_HEX64] = 8,
    };
    uint8_t type = cur_u8(&s->c, "value.type");
    if (type == BINXML_BINXML) {
        read_nested(s);
        return;
    }
    span bytes = { 0 };
    if (type == BINXML_WSTRING) {
        bytes = read_text(s);
    } else if (type == BINXML_SID) {
        size_t at = s->c.at;
        span head = cur_bytes(&s->c, 8, "value.sid");
        cur_skip(&s->c, head.len ? 4u * head.at[1] : 0, "value.sid");
        bytes = span_part(s->c.all, at, s->c.at - at);
    } else if (type < sizeof widths && widths[type]) {
        bytes = cur_bytes(&s->c, widths[type], "value");
    } else if (type != BINXML_NULL) {
        cur_fail(&s->c, "value.type");
    }
    bx_node *node = cur_ok(&s->c) ? new_node(s, BX_VALUE) : NULL;
    if (node)
        node->value = (binxml_value){ type, bytes };
    hang(s, node);
}

static void read_slot(state *s, bool optional)
{
    uint16_t slot = cur_u16(&s->c, "slot");
    cur_skip(&s->c, 1, "slot.type");          /* a hint: the descriptor of each instance says what really stands there */
    if (!s->is_template)
        cur_fail(&s->c, "slot.place");
    bx_node *node = cur_ok(&s->c) ? new_node(s, BX_SLOT) : NULL;
    if (node) {
        node->slot = slot;
        node->optional = optional;
    }
    hang(s, node);
}

static void read_instance(state *s)
{
    s->p->has_instance = true;
    if (s->is_template || s->starting) {
        cur_fail(&s->c, "instance.place");
        return;
    }
    binxml *x = arena_alloc(s->p->mem, sizeof *x);
    bx_node *node = new_node(s, BX_INSTANCE);
    if (!x || !node)
        return;
    if (!bx_instance(s->p->reader, s->p->chunk, s->c.at - 1, s->c.all.len, s->p->depth, x, &s->p->fault)) {
        s->c.failed = s->p->fault.field;
        s->c.failed_at = s->p->fault.offset;
        return;
    }
    const uint8_t *end = bx_values_end(x);
    if (!end)
        cur_fail(&s->c, "slots");
    else
        cur_seek(&s->c, (size_t)(end - s->p->chunk.at), "slots");
    node->instance = x;
    hang(s, node);
}

static void read_pi_data(state *s)
{
    span text = read_text(s);
    bx_node *target = s->last;
    if (!target || target->kind != BX_PI || target->value.bytes.at)
        cur_fail(&s->c, "pi.place");
    else
        target->value = (binxml_value){ BINXML_WSTRING, text };
}

static void read_named(state *s, bx_kind kind)
{
    bx_name name = read_name(s);
    bx_node *node = new_node(s, kind);
    if (!node)
        return;
    node->name = name;
    hang(s, node);
}

static void read_cdata(state *s)
{
    span text = read_text(s);
    bx_node *node = new_node(s, BX_CDATA);
    if (!node)
        return;
    node->value = (binxml_value){ BINXML_WSTRING, text };
    hang(s, node);
}

static void read_char(state *s)
{
    uint16_t code = cur_u16(&s->c, "char");
    bx_node *node = new_node(s, BX_CHAR);
    if (!node)
        return;
    node->code = code;
    hang(s, node);
}

bool bx_parse(bx_parser *p, size_t from, size_t to, bool is_template, bx_node **out)
{
    state *s = &(state){ .p = p, .c = cur_open(span_part(p->chunk, 0, to)), .is_template = is_template };
    s->roots_tail = &s->roots;
    cur_seek(&s->c, from, "document");

    for (bool more = true; more && cur_left(&s->c);) {
        uint8_t token = cur_u8(&s->c, "token");
        switch (token) {
        case TOKEN_END: more = false; break;
        case TOKEN_OPEN: case TOKEN_OPEN | MORE: read_open(s, token & MORE); break;
        case TOKEN_CLOSE_START: read_close_start(s, false); break;
        case TOKEN_CLOSE_EMPTY: read_close_start(s, true); break;
        case TOKEN_CLOSE: read_close(s); break;
        case TOKEN_VALUE: case TOKEN_VALUE | MORE: read_value(s); break;
        case TOKEN_ATTRIBUTE: case TOKEN_ATTRIBUTE | MORE: read_attribute(s); break;
        case TOKEN_CDATA: case TOKEN_CDATA | MORE: read_cdata(s); break;
        case TOKEN_CHAR: case TOKEN_CHAR | MORE: read_char(s); break;
        case TOKEN_ENTITY: case TOKEN_ENTITY | MORE: read_named(s, BX_ENTITY); break;
        case TOKEN_PI_TARGET: read_named(s, BX_PI); break;
        case TOKEN_PI_DATA: read_pi_data(s); break;
        case TOKEN_INSTANCE: read_instance(s); break;
        case TOKEN_SLOT: case TOKEN_OPTIONAL: read_slot(s, token == TOKEN_OPTIONAL); break;
        case TOKEN_FRAGMENT: cur_skip(&s->c, 3, "fragment"); break;
        default: s->c.at--; cur_fail(&s->c, "token"); break;
        }
    }
    if (s->starting || s->open_count)
        cur_fail(&s->c, "document.end");
    if (!cur_ok(&s->c)) {
        p->fault = (binxml_fault){ s->c.failed, s->c.failed_at };
        return false;
    }
    *out = s->roots;
    return true;
}

bool bx_is_instance(span bytes, size_t *token)
{
    if (bytes.len > 5 && bytes.at[0] == TOKEN_FRAGMENT && bytes.at[4] == TOKEN_INSTANCE)
        *token = 4;
    else if (bytes.len > 1 && bytes.at[0] == TOKEN_INSTANCE)
        *token = 0;
    else
        return false;
    return true;
}

bool bx_instance(struct evtx_reader *r, span chunk, size_t at, size_t limit, unsigned depth, binxml *out, binxml_fault *why)
{
    enum { DEFINITION = 24 };
    cursor c = cur_open(span_part(chunk, 0, limit));
    cur_seek(&c, at, "instance");
    cur_skip(&c, 2, "instance.token");
    uint32_t id = cur_u32(&c, "instance.template");
    uint32_t offset = cur_u32(&c, "instance.offset");
    bool is_here = cur_ok(&c) && offset == c.at;            /* its first use in the chunk: the definition stands here */
    if (is_here && bx_is_recovering(r))       /* a record that lies elsewhere now may name this place by chance */
        is_here = cur_left(&c) >= DEFINITION && le32(chunk.at + c.at + 4) == id;
    if (is_here) {
        cur_skip(&c, DEFINITION - 4, "template");
        cur_skip(&c, cur_u32(&c, "template.size"), "template");
    }
    size_t count = cur_count(&c, cur_u32(&c, "slots"), 4, "slots");
    span descriptors = cur_bytes(&c, 4 * count, "slots");
    if (!cur_ok(&c)) {
        *why = (binxml_fault){ c.failed, c.failed_at };
        return false;
    }
    const binxml_template *t = bx_template_at(r, offset, id, depth, why);
    if (!t)
        return false;
    if (bx_is_recovering(r) && t->slots > count) {          /* it cannot be this one's, though its identifier is the same */
        *why = (binxml_fault){ "template.slots", at };
        return false;
    }
    *out = (binxml){
        .template_ = t, .chunk = chunk, .fragment = span_part(chunk, at, limit - at),
        .descriptors = descriptors.at, .values = chunk.at + c.at, .slot_count = (uint32_t)count, .reader = r,
    };
    return true;
}

const uint8_t *bx_values_end(const binxml *x)
{
    size_t at = (size_t)(x->values - x->fragment.at);
    for (uint32_t i = 0; i < x->slot_count; i++)
        at += le16(x->descriptors + 4 * (size_t)i);
    return at <= x->fragment.len ? x->fragment.at + at : NULL;
}

bool binxml_slots(const binxml *x, binxml_value *out)
{
    const uint8_t *at = x->values, *end = x->fragment.at + x->fragment.len;
    for (uint32_t i = 0; i < x->slot_count; i++) {
        const uint8_t *descriptor = x->descriptors + 4 * (size_t)i;
        size_t len = le16(descriptor);
        if (len > (size_t)(end - at))
            return false;
        out[i] = (binxml_value){ descriptor[2], { at, len } };
        at += len;
    }
    return true;
}

/* Whether nothing stands behind an instance's values in its document. Behind a record's own there may be anything: only the
 * first root of a record is it. */
static bool is_alone(const binxml *x)
{
    const uint8_t *at = bx_values_end(x);
    return at && (at == x->fragment.at + x->fragment.len || *at == TOKEN_END);
}

/* A document of any other shape is a template of its own, without slots: its first root is what it is. */
static bool made_document(bx_parser *p, size_t from, size_t to, binxml *out)
{
    bx_node *nodes = NULL;
    if (!bx_parse(p, from, to, false, &nodes))
        return false;
    if (!nodes) {
        p->fault = (binxml_fault){ "document.empty", from };
        return false;
    }
    if (nodes->kind == BX_INSTANCE) {
        *out = *nodes->instance;
        return true;
    }
    binxml_template *t = arena_alloc(p->mem, sizeof *t);
    if (!t)
        return false;
    t->root = nodes;
    *out = (binxml){
        .template_ = t, .chunk = p->chunk, .fragment = span_part(p->chunk, from, to - from),
        .descriptors = p->chunk.at + to, .values = p->chunk.at + to, .reader = p->reader,
    };
    if (p->has_instance)
        t->root = bx_resolve(out, p->mem, &p->fault);
    return t->root && bx_describe(t, p->mem);
}

bool bx_document(struct evtx_reader *r, arena *mem, span chunk, size_t from, size_t to, unsigned depth, binxml *out,
                 binxml_fault *why)
{
    size_t token;
    if (bx_is_instance(span_part(chunk, from, to - from), &token)) {
        if (!bx_instance(r, chunk, from + token, to, depth, out, why))
            return false;
        if (depth == 0 || is_alone(out))
            return true;
    }
    bx_parser p = { .reader = r, .chunk = chunk, .mem = mem, .depth = depth, .fault = { "memory", from } };
    if (made_document(&p, from, to, out))
        return true;
    *why = p.fault;
    return false;
}

bool binxml_nested(const binxml *x, binxml_value slot, binxml *out)
{
    binxml_fault why;
    if (slot.type != BINXML_BINXML || slot.bytes.len == 0)
        return false;
    size_t from = (size_t)(slot.bytes.at - x->chunk.at);
    return bx_document(x->reader, bx_record_memory(x->reader), x->chunk, from, from + slot.bytes.len, 1, out, &why);
}
