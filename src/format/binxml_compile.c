/* Templates to programs. */
#include "format/binxml_program.h"

enum { PROGRAM_TEXT = 64 << 10, CHILDREN = 1024, BEYOND = 32 };

typedef struct {
    binxml_templates *store;
    vec ops, parts;
    buf text;
    size_t run;                  /* where the text of the OP_TEXT under construction begins */
    size_t room;
    uint8_t used[8192];          /* slots that are written already: each is written once, so that room is bounded */
} compiler;

static bool member(compiler *c, const bx_node *element, uint32_t suffix);

/* Ends the text under construction, and makes an operation of it when `alone`; else the next one begins with it. */
static void end_text(compiler *c)
{
    if (c->text.len == c->run)
        return;
    *(op *)vec_push(&c->ops) = (op){ .kind = OP_TEXT, .text = (uint32_t)c->run, .len = (uint32_t)(c->text.len - c->run) };
    c->run = c->text.len;
}

/* Adds an operation that begins with the text under construction. */
static op *add(compiler *c, op_kind kind, uint16_t slot, unsigned flags)
{
    op *o = vec_push(&c->ops);
    *o = (op){
        .kind = (uint8_t)kind, .flags = (uint8_t)flags, .slot = slot, .text = (uint32_t)c->run,
        .len = (uint32_t)(c->text.len - c->run), .parts = (uint32_t)c->parts.count,
    };
    c->run = c->text.len;
    return o;
}

static bool use(compiler *c, uint16_t slot)
{
    uint8_t bit = (uint8_t)(1u << (slot & 7)), *at = &c->used[slot >> 3];
    if (*at & bit)
        return false;
    *at |= bit;
    return true;
}

/* ---- what a node is ---- */

static bool has_slot(const bx_node *nodes)
{
    for (; nodes; nodes = nodes->next)
        if (nodes->kind == BX_SLOT)
            return true;
    return false;
}

static bool varies(const bx_node *element)
{
    for (const bx_attribute *a = element->attributes; a; a = a->next)
        if (has_slot(a->value))
            return true;
    for (const bx_node *n = element->first; n; n = n->next)
        if (n->kind == BX_SLOT || (n->kind == BX_ELEMENT && (n->slot != BX_NO_SLOT || varies(n))))
            return true;
    return false;
}

static const bx_node *only_slot(const bx_node *element)
{
    const bx_node *n = element->first;
    return n && n->kind == BX_SLOT && !n->next ? n : NULL;
}

static bool has_slot_attribute(const bx_node *element)
{
    for (const bx_attribute *a = element->attributes; a; a = a->next)
        if (has_slot(a->value))
            return true;
    return false;
}

static bool has_text_attribute(const bx_node *element)
{
    for (const bx_attribute *a = element->attributes; a; a = a->next)
        if (!has_slot(a->value) && bx_has_text(a->value))
            return true;
    return false;
}

/* ---- elements ---- */

/* An element with attributes of which some are slots, or with a slot as content beside attributes. */
static bool element_with_attributes(compiler *c, const bx_node *element, const bx_node *content)
{
    op *o = add(c, OP_ELEMENT, content ? content->slot : BX_NO_SLOT, has_text_attribute(element) ? ELEMENT_OBJECT : 0);
    if (bx_is_container(element->name))
        o->flags |= VALUE_CONTAINER;
    if (content && !use(c, content->slot))
        return false;
    for (const bx_attribute *a = element->attributes; a; a = a->next) {
        part p = { .text = (uint32_t)c->text.len, .slot = BX_NO_SLOT };
        if (has_slot(a->value)) {
            if (a->value->next || !use(c, a->value->slot))
                return false;
            p.slot = a->value->slot;
            bx_json_key(a->name, 0, &c->text);
        } else if (!bx_json_attribute(a, &c->text)) {
            continue;
        }
        p.len = (uint32_t)(c->text.len - p.text);
        *(part *)vec_push(&c->parts) = p;
        o->count++;
    }
    c->run = c->text.len;
    c->room += 64;
    return true;
}

static bool value(compiler *c, uint16_t slot, unsigned flags)
{
    add(c, OP_VALUE, slot, flags);
    c->room += 8;
    return use(c, slot);
}

static bool is_empty_constant(const bx_node *n)
{
    return (n->kind == BX_VALUE || n->kind == BX_CDATA) && bx_empty(n->value);
}

/* ---- Data ---- */

static bool is_data(const bx_node *n)
{
    return n->kind == BX_ELEMENT && bx_is_data(n->name);
}

static bool has_elements(const bx_node *element)
{
    for (const bx_node *n = element->first; n; n = n->next)
        if (n->kind == BX_ELEMENT)
            return true;
    return false;
}

static bool same_constant(const bx_node *a, const bx_node *b)
{
    return a->kind == BX_VALUE && b->kind == BX_VALUE && !a->next && !b->next && a->value.type == b->value.type &&
           span_eq(a->value.bytes, b->value.bytes);
}

/* Its number among those of its name. False where that depends on the record, and for neighbours, which are an array. */
static bool number_of(const bx_node *container, const bx_node *data, uint32_t *number)
{
    bool repeats = false, varies_in_count = false;
    *number = 0;
    for (const bx_node *n = container->first, *next; n; n = next) {
        next = n->next;
        varies_in_count |= n->kind == BX_SLOT || (n->kind == BX_ELEMENT && n->slot != BX_NO_SLOT);
        if (!is_data(n) || n == data || !bx_data_name(n) || !same_constant(bx_data_name(n), bx_data_name(data)))
            continue;
        if (next == data || data->next == n)
            return false;
        repeats = true;
    }
    for (const bx_node *n = container->first; n != data; n = n->next)
        *number += is_data(n) && bx_data_name(n) && same_constant(bx_data_name(n), bx_data_name(data));
    return !repeats || !varies_in_count;
}

static bool named_data(compiler *c, const bx_node *container, const bx_node *data)
{
    const bx_node *name = bx_data_name(data), *slot = only_slot(data);
    uint32_t number;
    if (!name || has_slot(name) || !bx_has_text(name) || has_elements(data) || !number_of(container, data, &number))
        return false;
    if (slot) {
        if (data->slot != BX_NO_SLOT && data->slot != slot->slot)
            return false;
        if (data->slot != BX_NO_SLOT)
            end_text(c);                        /* what is left out must not take anything else with it */
        bx_json_data_key(name, number, &c->text);
        return value(c, slot->slot, VALUE_DATA | (data->slot != BX_NO_SLOT ? VALUE_DEPENDS : 0));
    }
    if (data->slot != BX_NO_SLOT || has_slot(data->first))
        return false;
    bx_json_data_key(name, number, &c->text);
    bx_json_data(data, &c->text);
    buf_char(&c->text, ',');
    return true;
}

/* All Data of a container without names; they must be neighbours, since they stand where the first of them does. */
static bool unnamed_data(compiler *c, const bx_node *first, const bx_node **last)
{
    end_text(c);
    bx_json_key((bx_name){ "Data", 4 }, 0, &c->text);
    buf_str(&c->text, "{\"#text\":");
    op *o = add(c, OP_LIST, BX_NO_SLOT, 0);
    for (const bx_node *n = first; n && is_data(n); n = n->next) {
        const bx_node *slot = only_slot(n);
        part p = { .text = (uint32_t)c->text.len, .slot = slot ? slot->slot : BX_NO_SLOT, .depends_on = n->slot };
        if (bx_data_name(n) || has_elements(n) || (!slot && has_slot(n->first)) || (slot && !use(c, slot->slot)))
            return false;
        if (!slot)
            bx_json_data(n, &c->text);
        p.len = (uint32_t)(c->text.len - p.text);
        *(part *)vec_push(&c->parts) = p;
        o->count++;
        c->room += 8;
        *last = n;
    }
    c->run = c->text.len;
    for (const bx_node *n = (*last)->next; n; n = n->next)
        if (is_data(n))
            return false;
    return true;
}

/* ---- what stands in an element ---- */

static bool document(compiler *c, const bx_node *parent, const bx_node *slot, bool container)
{
    end_text(c);
    op *o = add(c, OP_DOCUMENT, slot->slot, 0);
    for (const bx_node *n = parent->first; n; n = n->next) {
        uint32_t name = n->kind == BX_ELEMENT ? bx_intern(c->store, n->name) : 0;
        if (n->kind == BX_SLOT && n != slot)
            return false;                       /* two documents may bring one name */
        if (n->kind == BX_ELEMENT && !name)
            return false;
        if (name) {
            *(part *)vec_push(&c->parts) = (part){ .name = name };
            o->count++;
        }
    }
    if (container) {
        uint32_t name = bx_intern(c->store, (bx_name){ "Data", 4 });
        *(part *)vec_push(&c->parts) = (part){ .name = name };
        o->count++;
        if (!name)
            return false;
    }
    return use(c, slot->slot);
}

static bool suffix_of(const bx_node *parent, const bx_node *element, uint32_t *suffix)
{
    bool depends = false;
    *suffix = 0;
    for (const bx_node *n = parent->first; n != element; n = n->next)
        if (n->kind == BX_ELEMENT && bx_name_eq(n->name, element->name)) {
            ++*suffix;
            depends |= n->slot != BX_NO_SLOT;
        }
    return !depends;
}

static bool dependent_member(compiler *c, const bx_node *element, uint32_t suffix)
{
    const bx_node *slot = only_slot(element);
    bool own = slot && slot->slot == element->slot && !element->attributes;
    if (element->slot == BX_NO_SLOT)
        return member(c, element, suffix);
    end_text(c);
    if (own)
        return member(c, element, suffix);
    size_t at = c->ops.count;
    add(c, OP_IF, element->slot, 0);
    if (!member(c, element, suffix))
        return false;
    end_text(c);
    ((op *)vec_at(&c->ops, at))->count = (uint32_t)(c->ops.count - at - 1);
    return true;
}

static bool children(compiler *c, const bx_node *parent, bool container)
{
    size_t count = 0;
    bool is_named = false;
    for (const bx_node *n = parent->first; n; n = n->next) {
        if (++count > CHILDREN || (n->kind != BX_ELEMENT && n->kind != BX_SLOT && !is_empty_constant(n)))
            return false;
        if (container && is_data(n) && bx_data_name(n))
            is_named = true;
    }
    for (const bx_node *n = parent->first; n; n = n->next) {
        uint32_t suffix;
        bool ok = true;
        if (n->kind == BX_SLOT)
            ok = document(c, parent, n, container);
        else if (container && is_data(n))
            ok = is_named ? named_data(c, parent, n) : unnamed_data(c, n, &n);
        else if (n->kind == BX_ELEMENT)
            ok = suffix_of(parent, n, &suffix) && dependent_member(c, n, suffix);
        if (!ok)
            return false;
    }
    return true;
}

static bool object(compiler *c, const bx_node *element)
{
    if (has_slot_attribute(element))
        return false;
    buf_char(&c->text, '{');
    if (has_text_attribute(element)) {
        buf_str(&c->text, "\"#attributes\":{");
        for (const bx_attribute *a = element->attributes; a; a = a->next)
            if (bx_json_attribute(a, &c->text))
                buf_char(&c->text, ',');
        c->text.len--;
        buf_str(&c->text, "},");
    }
    if (!children(c, element, bx_is_container(element->name)))
        return false;
    end_text(c);
    add(c, OP_CLOSE, BX_NO_SLOT, 0);
    c->room += 8;
    return true;
}

static bool member(compiler *c, const bx_node *element, uint32_t suffix)
{
    if (c->text.overflow)
        return false;
    bx_json_key(element->name, suffix, &c->text);
    if (!varies(element)) {
        bx_json_element(element, bx_is_container(element->name), &c->text);
        buf_char(&c->text, ',');
        return true;
    }
    const bx_node *slot = only_slot(element);
    bool has_attributes = has_text_attribute(element) || has_slot_attribute(element);
    if (slot && !has_attributes)
        return value(c, slot->slot, (element->slot == slot->slot ? VALUE_DEPENDS : 0) |
                                    (bx_is_container(element->name) ? VALUE_CONTAINER : 0));
    if (slot || !element->first)
        return element_with_attributes(c, element, slot);
    return has_elements(element) && object(c, element);
}

static void *copy_of(arena *mem, const void *at, size_t bytes, size_t beyond)
{
    uint8_t *copy = arena_alloc(mem, bytes + beyond);
    if (copy && bytes)
        memcpy(copy, at, bytes);
    return copy;
}

const bx_program *bx_compile(binxml_templates *store, const binxml_template *t, arena *mem)
{
    compiler c = { .store = store };
    bx_node root = *t->root;
    root.slot = BX_NO_SLOT;          /* there is nothing that a document's root could be left out of */
    vec_init(&c.ops, sizeof(op));
    vec_init(&c.parts, sizeof(part));
    buf_init(&c.text, PROGRAM_TEXT);
    bx_program *program = NULL;
    if (member(&c, &root, 0)) {
        end_text(&c);
        add(&c, OP_END, BX_NO_SLOT, 0);
        program = c.text.overflow ? NULL : arena_alloc(mem, sizeof *program);
    }
    if (program) {
        *program = (bx_program){
            .ops = copy_of(mem, c.ops.at, c.ops.count * sizeof(op), 0),
            .parts = copy_of(mem, c.parts.at, c.parts.count * sizeof(part), 0),
            .text = copy_of(mem, c.text.at, c.text.len, BEYOND),
            .room = c.text.len + c.room + BEYOND, .slots = t->slots,
        };
        if (!program->ops || !program->parts || !program->text)
            program = NULL;
    }
    vec_done(&c.ops);
    vec_done(&c.parts);
    buf_done(&c.text);
    return program;
}
