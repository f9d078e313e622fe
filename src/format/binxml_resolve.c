/* Resolving: a template with an instance's values in its slots becomes a tree that says what the document says.
 *
 * An element that depends on a NULL slot is left out. A slot that holds a document gives that document's roots. A slot that
 * holds an array of several items repeats the element around it, once an item ([MS-EVEN6] 3.1.4.7.5), an array after the
 * other where there are more. Every node made is paid for, so no tree grows beyond BX_NODES however slots are nested. */
#include "format/binxml_tree.h"

typedef struct {
    arena *mem;
    size_t nodes;
    unsigned documents, elements;
    binxml_fault *why;
} work;

typedef struct { const binxml *x; binxml_value *values; } layer;
typedef struct { bx_node **tail; } list;

static bool add_nodes(work *w, const bx_node *from, const layer *l, bool in_attribute, list *to);

static bool fail(work *w, const char *field)
{
    w->why->field = field;
    return false;
}

static bx_node *new_node(work *w, const bx_node *like)
{
    bx_node *node = w->nodes++ < BX_NODES ? arena_alloc(w->mem, sizeof *node) : NULL;
    if (!node) {
        fail(w, "record.cost");
        return NULL;
    }
    *node = *like;
    node->next = NULL;
    return node;
}

static void append(list *to, bx_node *node)
{
    *to->tail = node;
    to->tail = &node->next;
}

static bx_attribute *new_attribute(work *w, bx_name name)
{
    bx_attribute *a = w->nodes++ < BX_NODES ? arena_alloc(w->mem, sizeof *a) : NULL;
    if (a)
        a->name = name;
    else
        fail(w, "record.cost");
    return a;
}

static bool is_several(const bx_node *node)
{
    return node->kind == BX_VALUE && (node->value.type & BINXML_ARRAY) && bx_items_count(node->value) > 1;
}

/* Nodes of a resolved tree once more, with `item` in the place of `array` (nothing, where the item is an empty text). */
static bool copy_nodes(work *w, const bx_node *from, const bx_node *array, const binxml_value *item, bx_node **to)
{
    list out = { to };
    for (; from; from = from->next) {
        bool is_item = from == array;
        if (is_item && (item->type == BINXML_WSTRING || item->type == BINXML_ASTRING) && bx_empty(*item))
            continue;
        bx_node *node = new_node(w, from);
        if (!node)
            return false;
        if (is_item)
            node->value = *item;
        append(&out, node);
        if (node->kind != BX_ELEMENT)
            continue;
        node->attributes = NULL;
        node->first = NULL;
        bx_attribute **tail = &node->attributes;
        for (const bx_attribute *a = from->attributes; a; a = a->next) {
            bx_attribute *copy = new_attribute(w, a->name);
            if (!copy || !copy_nodes(w, a->value, array, item, &copy->value))
                return false;
            *tail = copy;
            tail = &copy->next;
        }
        if (!copy_nodes(w, from->first, array, item, &node->first))
            return false;
    }
    return true;
}

static const bx_node *first_array(const bx_node *element)
{
    for (const bx_node *n = element->first; n; n = n->next)
        if (is_several(n))
            return n;
    for (const bx_attribute *a = element->attributes; a; a = a->next)
        for (const bx_node *n = a->value; n; n = n->next)
            if (is_several(n))
                return n;
    return NULL;
}

/* Each turn takes one array of the element away, so the depth is the number of its arrays; nodes pay for it. */
static bool add_repeated(work *w, bx_node *element, list *to)
{
    const bx_node *array = first_array(element);
    if (!array) {
        append(to, element);
        return true;
    }
    binxml_items items = binxml_items_of(array->value);
    binxml_value item;
    while (binxml_items_next(&items, &item)) {
        bx_node only = *element, *copy = NULL;
        only.next = NULL;
        if (!copy_nodes(w, &only, array, &item, &copy) || !add_repeated(w, copy, to))
            return false;
    }
    return true;
}

static bool is_null(const layer *l, uint16_t slot)
{
    if (slot == BX_NO_SLOT || slot >= l->x->slot_count)
        return false;
    binxml_value v = l->values[slot];
    return v.type == BINXML_NULL || (v.type == BINXML_BINXML && v.bytes.len == 0);
}

/* A document's root is never repeated: it has no element around it in which it could be. */
static bool add_element(work *w, const bx_node *from, const layer *l, bool is_root, list *to)
{
    bx_node *element = new_node(w, from);
    if (!element)
        return false;
    if (w->elements == BX_ELEMENTS)
        return fail(w, "element.depth");
    w->elements++;
    element->attributes = NULL;
    element->first = NULL;
    bx_attribute **tail = &element->attributes;
    for (const bx_attribute *a = from->attributes; a; a = a->next) {
        bx_attribute *copy = new_attribute(w, a->name);
        if (!copy || !add_nodes(w, a->value, l, true, &(list){ &copy->value }))
            return false;
        if (!copy->value)
            continue;
        *tail = copy;
        tail = &copy->next;
    }
    bool ok = add_nodes(w, from->first, l, false, &(list){ &element->first });
    w->elements--;
    if (!ok || !is_root)
        return ok && add_repeated(w, element, to);
    append(to, element);
    return true;
}

static bool add_instance(work *w, const binxml *x, list *to)
{
    layer l = { x, arena_array(w->mem, x->slot_count, sizeof(binxml_value)) };
    if (!l.values)
        return fail(w, "record.cost");
    if (!binxml_slots(x, l.values))
        return fail(w, "slots");
    return add_element(w, x->template_->root, &l, true, to);
}

static bool add_document(work *w, const binxml *x, span bytes, list *to)
{
    if (w->documents == BX_NESTING)
        return fail(w, "document.depth");
    size_t from = (size_t)(bytes.at - x->chunk.at);
    bx_parser p = { .reader = x->reader, .chunk = x->chunk, .mem = w->mem, .depth = w->documents };
    bx_node *nodes = NULL;
    if (!bx_parse(&p, from, from + bytes.len, false, &nodes)) {
        *w->why = p.fault;
        return false;
    }
    w->documents++;
    bool ok = add_nodes(w, nodes, &(layer){ &(binxml){ .slot_count = 0 }, NULL }, false, to);
    w->documents--;
    return ok;
}

static bool add_slot(work *w, const bx_node *from, const layer *l, bool in_attribute, list *to)
{
    if (from->slot >= l->x->slot_count)
        return true;
    binxml_value v = l->values[from->slot];
    if (v.type == BINXML_BINXML) {
        if (v.bytes.len == 0)
            return true;
        return in_attribute ? fail(w, "document.place") : add_document(w, l->x, v.bytes, to);
    }
    if (from->optional && bx_empty(v))
        return true;
    bx_node *node = new_node(w, from);
    if (!node)
        return false;
    node->kind = BX_VALUE;
    node->value = v;
    append(to, node);
    return true;
}

static bool add_nodes(work *w, const bx_node *from, const layer *l, bool in_attribute, list *to)
{
    bx_node *node;
    for (; from; from = from->next)
        switch (from->kind) {
        case BX_ELEMENT:
            if (!is_null(l, from->slot) && !add_element(w, from, l, false, to))
                return false;
            break;
        case BX_SLOT:
            if (!add_slot(w, from, l, in_attribute, to))
                return false;
            break;
        case BX_INSTANCE:
            if (!add_instance(w, from->instance, to))
                return false;
            break;
        default:
            if (!(node = new_node(w, from)))
                return false;
            append(to, node);
        }
    return true;
}

bx_node *bx_resolve(const binxml *x, arena *mem, binxml_fault *why)
{
    work w = { .mem = mem, .why = why };
    bx_node *root = NULL;
    *why = (binxml_fault){ "record.cost", (size_t)(x->fragment.at - x->chunk.at) };
    return add_instance(&w, x, &(list){ &root }) ? root : NULL;
}
