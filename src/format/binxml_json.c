/* A resolved tree as JSON, in the shape that evtx_dump 0.15 gives it.
 *
 * An element without attributes is its value; with them an object of "#attributes", "#text" and its elements. An element
 * that shows nothing is null. A name that repeats among siblings gets _1, _2. In EventData and UserData a Data element
 * stands under its Name (several of one name in a row are an array), or, where no Data has a Name, all of them together
 * under "Data". Numbers and booleans that are an element's or attribute's whole value stand without quotes. */
#include "format/binxml_tree.h"

#include "base/utf16.h"

static void element_value(const bx_node *element, bool container, buf *out);
static void put_data(const bx_node *element, buf *out);

bool bx_is_container(bx_name name)
{
    return bx_name_is(name, "EventData") || bx_name_is(name, "UserData");
}

bool bx_is_data(bx_name name)
{
    return bx_name_is(name, "Data");
}

static bool is_text(const bx_node *node)
{
    switch (node->kind) {
    case BX_VALUE: case BX_CDATA: return !bx_empty(node->value);
    case BX_ENTITY: case BX_CHAR: return true;
    default: return false;
    }
}

bool bx_has_text(const bx_node *nodes)
{
    for (; nodes; nodes = nodes->next)
        if (is_text(nodes))
            return true;
    return false;
}

static bool has_elements(const bx_node *nodes)
{
    for (; nodes; nodes = nodes->next)
        if (nodes->kind == BX_ELEMENT)
            return true;
    return false;
}

static bool has_attributes(const bx_node *element)
{
    for (const bx_attribute *a = element->attributes; a; a = a->next)
        if (bx_has_text(a->value))
            return true;
    return false;
}

static void put_value(binxml_value v, buf *out)
{
    if (buf_room(out, BX_ROOM(v.bytes.len)))
        out->len = (size_t)(bx_text_json(out->at + out->len, v) - out->at);
}

static void put_name(bx_name name, buf *out)
{
    utf8_json(span_of(name.at, name.len), out);
}

static void put_entity(bx_name name, buf *out)
{
    static const struct { const char *name, *text; } known[] = {
        { "quot", "\\\"" }, { "apos", "'" }, { "amp", "&" }, { "lt", "<" }, { "gt", ">" },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (bx_name_is(name, known[i].name)) {
            buf_str(out, known[i].text);
            return;
        }
    buf_char(out, '&');
    put_name(name, out);
    buf_char(out, ';');
}

static void put_char(uint16_t code, buf *out)
{
    if (code >= 0xD800 && code <= 0xDFFF) {
        buf_printf(out, "&#%u;", code);
        return;
    }
    uint8_t text[4];
    utf8_json(span_of(text, utf8_put(text, code)), out);
}

static void put_text(const bx_node *nodes, buf *out)
{
    for (; nodes && !out->overflow; nodes = nodes->next)
        switch (nodes->kind) {
        case BX_VALUE: case BX_CDATA: put_value(nodes->value, out); break;
        case BX_ENTITY: put_entity(nodes->name, out); break;
        case BX_CHAR: put_char(nodes->code, out); break;
        default: break;
        }
}

/* The one value that these nodes are, where they are one: it may stand without quotes. What shows nothing beside it does
 * not count where elements stand among them too. */
static const bx_node *only_value(const bx_node *nodes, bool beside_elements)
{
    const bx_node *only = NULL;
    for (; nodes; nodes = nodes->next) {
        if (beside_elements && (nodes->kind == BX_ELEMENT || nodes->kind == BX_PI || !is_text(nodes)))
            continue;
        if (only)
            return NULL;
        only = nodes;
    }
    return only && only->kind == BX_VALUE ? only : NULL;
}

static void put_content(const bx_node *nodes, bool beside_elements, buf *out)
{
    const bx_node *only = only_value(nodes, beside_elements);
    if (only && bx_bare(only->value)) {
        put_value(only->value, out);
        return;
    }
    buf_char(out, '"');
    put_text(nodes, out);
    buf_char(out, '"');
}

static void put_key(bx_name name, uint32_t suffix, buf *out)
{
    buf_char(out, '"');
    put_name(name, out);
    if (suffix)
        buf_printf(out, "_%u", suffix);
    buf_str(out, "\":");
}

void bx_json_key(bx_name name, uint32_t suffix, buf *out)
{
    put_key(name, suffix, out);
}

void bx_json_data_key(const bx_node *name, uint32_t suffix, buf *out)
{
    buf_char(out, '"');
    put_text(name, out);
    if (suffix)
        buf_printf(out, "_%u", suffix);
    buf_str(out, "\":");
}

bool bx_json_attribute(const bx_attribute *a, buf *out)
{
    if (!bx_has_text(a->value))
        return false;
    put_key(a->name, 0, out);
    put_content(a->value, false, out);
    return true;
}

/* ---- members of an object ---- */

static span name_bytes(const bx_node *name, buf *scratch)
{
    buf_clear(scratch);
    put_text(name, scratch);
    return buf_bytes(scratch);
}

static uint32_t count_name(map *m, span name)
{
    uint64_t *seen = map_put(m, name, NULL);
    return (uint32_t)(*seen)++;
}

typedef struct {
    buf *out;
    bool any;                       /* something stands in it: a comma goes before what follows */
    map names, data_names;
    buf scratch;
} members;

static void begin_member(members *m)
{
    if (m->any)
        buf_char(m->out, ',');
    m->any = true;
}

static bool is_data(const bx_node *node)
{
    return node->kind == BX_ELEMENT && bx_is_data(node->name);
}

static bool same_text(const bx_node *a, const bx_node *b, buf *scratch)
{
    if (a == b)
        return true;
    if (a && b && !a->next && !b->next && a->kind == BX_VALUE && b->kind == BX_VALUE && a->value.type == b->value.type)
        return span_eq(a->value.bytes, b->value.bytes);
    buf_clear(scratch);
    put_text(a, scratch);
    size_t len = scratch->len;
    put_text(b, scratch);
    return !scratch->overflow && span_eq(span_of(scratch->at, len), span_of(scratch->at + len, scratch->len - len));
}

/* A named Data and those of the same name right behind it. Gives back the last of them. */
static const bx_node *put_named_data(members *m, const bx_node *node)
{
    const bx_node *name = bx_data_name(node), *last = node;
    while (last->next && is_data(last->next) && bx_has_text(bx_data_name(last->next)) &&
           same_text(name, bx_data_name(last->next), &m->scratch))
        last = last->next;
    begin_member(m);
    bx_json_data_key(name, count_name(&m->data_names, name_bytes(name, &m->scratch)), m->out);
    if (last == node) {
        put_data(node, m->out);
        return last;
    }
    buf_char(m->out, '[');
    for (const bx_node *n = node;; n = n->next) {
        put_data(n, m->out);
        if (n == last)
            break;
        buf_char(m->out, ',');
    }
    buf_char(m->out, ']');
    return last;
}

/* Every Data that has no name, from the first one on. */
static void put_unnamed_data(members *m, const bx_node *first)
{
    size_t count = 0;
    for (const bx_node *n = first; n; n = n->next)
        count += is_data(n) && !bx_has_text(bx_data_name(n));
    begin_member(m);
    put_key((bx_name){ "Data", 4 }, count_name(&m->names, span_str("Data")), m->out);
    buf_str(m->out, "{\"#text\":");
    if (count > 1)
        buf_char(m->out, '[');
    bool more = false;
    for (const bx_node *n = first; n && !m->out->overflow; n = n->next) {
        if (!is_data(n) || bx_has_text(bx_data_name(n)))
            continue;
        if (more)
            buf_char(m->out, ',');
        more = true;
        put_data(n, m->out);
    }
    buf_str(m->out, count > 1 ? "]}" : "}");
}

static void put_members(members *m, const bx_node *element, bool container)
{
    bool told_unnamed = false;
    for (const bx_node *node = element->first; node && !m->out->overflow; node = node->next) {
        if (node->kind != BX_ELEMENT)
            continue;
        if (container && is_data(node)) {
            if (bx_has_text(bx_data_name(node)))
                node = put_named_data(m, node);
            else if (!told_unnamed)
                put_unnamed_data(m, node);
            told_unnamed |= !bx_has_text(bx_data_name(node));
            continue;
        }
        begin_member(m);
        put_key(node->name, count_name(&m->names, span_of(node->name.at, node->name.len)), m->out);
        element_value(node, bx_is_container(node->name), m->out);
    }
}

static void put_object(const bx_node *element, bool container, bool with_attributes, buf *out)
{
    members m = { .out = out };
    map_init(&m.names);
    map_init(&m.data_names);
    buf_init(&m.scratch, BX_OUTPUT);
    buf_char(out, '{');
    if (with_attributes && has_attributes(element)) {
        begin_member(&m);
        buf_str(out, "\"#attributes\":{");
        bool more = false;
        for (const bx_attribute *a = element->attributes; a; a = a->next) {
            if (!bx_has_text(a->value))
                continue;
            if (more)
                buf_char(out, ',');
            more = bx_json_attribute(a, out);
        }
        buf_char(out, '}');
    }
    if (bx_has_text(element->first)) {
        begin_member(&m);
        buf_str(out, "\"#text\":");
        put_content(element->first, true, out);
    }
    put_members(&m, element, container);
    buf_char(out, '}');
    map_done(&m.names);
    map_done(&m.data_names);
    buf_done(&m.scratch);
}

/* Depth is that of the tree: BX_ELEMENTS. */
static void element_value(const bx_node *element, bool container, buf *out)
{
    bool attributes = has_attributes(element);
    if (attributes || has_elements(element->first))
        put_object(element, container, true, out);
    else if (bx_has_text(element->first))
        put_content(element->first, false, out);
    else
        buf_str(out, "null");
}

/* A Data of EventData: its attributes are its name, and nothing is an empty text. */
static void put_data(const bx_node *element, buf *out)
{
    if (has_elements(element->first))
        put_object(element, false, false, out);
    else if (bx_has_text(element->first))
        put_content(element->first, false, out);
    else
        buf_str(out, "\"\"");
}

bool bx_json_element(const bx_node *element, bool container, buf *out)
{
    element_value(element, container, out);
    return !out->overflow;
}

bool bx_json_data(const bx_node *element, buf *out)
{
    put_data(element, out);
    return !out->overflow;
}

bool bx_json_root(const bx_node *root, buf *out)
{
    buf_char(out, '{');
    put_key(root->name, 0, out);
    element_value(root, bx_is_container(root->name), out);
    buf_char(out, '}');
    return !out->overflow;
}
