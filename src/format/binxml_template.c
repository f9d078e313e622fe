/* What a template says of itself: its places and slots, its canonical bytes; and its copy. */
#include "format/binxml_tree.h"

#include "base/utf16.h"

#include <limits.h>

/* ---- places ---- */

typedef struct {
    arena *mem;
    binxml_place *places;            /* NULL: only count */
    size_t count;
    const char *path[BINXML_PATH];
    uint32_t slots;
    bool ok;
} listing;

static const char *text_of(arena *mem, bx_name name)
{
    return arena_text(mem, span_of(name.at, name.len));
}

static const char *constant_text(arena *mem, const bx_node *value)
{
    if (!value || value->next || value->kind != BX_VALUE || value->value.type != BINXML_WSTRING)
        return NULL;
    span units = value->value.bytes;
    uint8_t *text = arena_alloc(mem, UTF16_ROOM(units.len) + 1);
    if (text)
        *utf16_utf8_at(text, units) = '\0';
    return (const char *)text;
}

const bx_node *bx_data_name(const bx_node *element)
{
    for (const bx_attribute *a = element->attributes; a; a = a->next)
        if (bx_name_is(a->name, "Name"))
            return a->value;
    return NULL;
}

static void saw_slot(listing *l, uint16_t slot)
{
    if (slot + 1u > l->slots)
        l->slots = slot + 1u;
}

static void list_place(listing *l, const bx_node *node, const char *const *path, size_t depth, const char *attribute,
                       const char *name, uint16_t depends_on)
{
    if (l->places)
        l->places[l->count] = (binxml_place){
            .path = path, .depth = depth, .attribute = attribute, .name = name,
            .slot = node && node->kind == BX_SLOT ? node->slot : -1,
            .depends_on = depends_on == BX_NO_SLOT ? -1 : depends_on,
            .constant = node && node->kind != BX_SLOT ? node->value : (binxml_value){ BINXML_NULL, { (const uint8_t *)"", 0 } },
        };
    l->count++;
}

static bool is_listed(const bx_node *node)
{
    return node->kind == BX_SLOT || node->kind == BX_VALUE || node->kind == BX_CDATA;
}

/* Recursion is as deep as elements are: BX_ELEMENTS. */
static void list_element(listing *l, const bx_node *element, size_t depth)
{
    const char **path = NULL, *name = NULL;
    bool listed = depth < BINXML_PATH;
    if (listed && l->places) {
        l->path[depth] = text_of(l->mem, element->name);
        path = arena_array(l->mem, depth + 1, sizeof *path);
        if (!path || !l->path[depth]) {
            l->ok = false;
            return;
        }
        memcpy(path, l->path, (depth + 1) * sizeof *path);
        name = constant_text(l->mem, bx_data_name(element));
    }
    for (const bx_attribute *a = element->attributes; a; a = a->next) {
        const char *attribute = listed && l->places ? text_of(l->mem, a->name) : NULL;
        for (const bx_node *node = a->value; node; node = node->next) {
            if (node->kind == BX_SLOT)
                saw_slot(l, node->slot);
            if (listed && is_listed(node))
                list_place(l, node, path, depth + 1, attribute, name, element->slot);
        }
    }
    if (listed && !element->first)
        list_place(l, NULL, path, depth + 1, NULL, name, element->slot);
    for (const bx_node *node = element->first; node && l->ok; node = node->next) {
        if (node->kind == BX_SLOT)
            saw_slot(l, node->slot);
        if (node->kind == BX_ELEMENT)
            list_element(l, node, depth + 1);
        else if (listed && is_listed(node))
            list_place(l, node, path, depth + 1, NULL, name, element->slot);
    }
}

bool bx_describe(binxml_template *t, arena *mem)
{
    listing l = { .mem = mem, .ok = true };
    list_element(&l, t->root, 0);
    t->slots = l.slots;
    if (!(l.places = arena_array(mem, l.count, sizeof *l.places)))
        return false;
    l.count = 0;
    list_element(&l, t->root, 0);
    t->places = l.places;
    t->place_count = l.count;
    return l.ok;
}

const binxml_place *binxml_places(const binxml_template *t, size_t *count)
{
    *count = t->place_count;
    return t->places;
}

uint64_t binxml_template_serial(const binxml_template *t)
{
    return t->serial;
}

/* ---- canonical bytes ---- */

static void put_number(buf *out, uint32_t n)
{
    buf_put(out, &n, sizeof n);
}

static void put_bytes(buf *out, span s)
{
    put_number(out, (uint32_t)s.len);
    buf_span(out, s);
}

static void put_nodes(const bx_node *node, buf *out);

static void put_node(const bx_node *node, buf *out)
{
    uint8_t head[] = { node->kind, node->optional, node->closed_empty, node->value.type };
    buf_put(out, head, sizeof head);
    put_number(out, (uint32_t)node->slot << 16 | node->code);
    put_bytes(out, span_of(node->name.at, node->name.len));
    put_bytes(out, node->value.bytes);
    if (node->kind != BX_ELEMENT)
        return;
    for (const bx_attribute *a = node->attributes; a; a = a->next) {
        buf_char(out, 'a');
        put_bytes(out, span_of(a->name.at, a->name.len));
        put_nodes(a->value, out);
    }
    put_nodes(node->first, out);
}

static void put_nodes(const bx_node *node, buf *out)
{
    for (; node && !out->overflow; node = node->next) {
        buf_char(out, 'n');
        put_node(node, out);
    }
    buf_char(out, '.');
}

bool bx_canonical(const binxml_template *t, buf *out)
{
    buf_put(out, t->guid, sizeof t->guid);
    put_node(t->root, out);
    return !out->overflow;
}

/* ---- copies ---- */

static bool copy_list(const bx_node *from, bx_node **to, arena *mem);

static bool copy_name(bx_name *name, arena *mem)
{
    name->at = arena_text(mem, span_of(name->at, name->len));
    return name->at != NULL;
}

static bool copy_value(binxml_value *v, arena *mem)
{
    if (v->bytes.len)
        v->bytes.at = arena_span(mem, v->bytes).at;
    return v->bytes.at || !v->bytes.len;
}

bx_node *bx_copy(const bx_node *node, arena *mem)
{
    bx_node *copy = arena_alloc(mem, sizeof *copy);
    if (!copy)
        return NULL;
    *copy = *node;
    copy->next = NULL;
    bx_attribute **tail = &copy->attributes;
    if (!copy_name(&copy->name, mem) || !copy_value(&copy->value, mem))
        return NULL;
    for (const bx_attribute *a = node->attributes; a; a = a->next) {
        bx_attribute *b = arena_alloc(mem, sizeof *b);
        if (!b)
            return NULL;
        *b = (bx_attribute){ .name = a->name };
        if (!copy_name(&b->name, mem) || !copy_list(a->value, &b->value, mem))
            return NULL;
        *tail = b;
        tail = &b->next;
    }
    return copy_list(node->first, &copy->first, mem) ? copy : NULL;
}

static bool copy_list(const bx_node *from, bx_node **to, arena *mem)
{
    *to = NULL;
    for (; from; from = from->next) {
        if (!(*to = bx_copy(from, mem)))
            return false;
        to = &(*to)->next;
    }
    return true;
}
