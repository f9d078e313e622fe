/* A resolved tree as XML, as EvtRender of Windows writes it: on one line, attributes in single quotes, <x/> only where the
 * document has it so. It is well-formed whatever the record says: characters that XML does not know, in text and in names,
 * become an underscore. */
#include "format/binxml_tree.h"

static void put_nodes(const bx_node *nodes, bool in_attribute, buf *out);

static bool is_name_byte(uint8_t c, bool first)
{
    if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == ':' || c >= 0x80)
        return true;
    return !first && ((c >= '0' && c <= '9') || c == '-' || c == '.');
}

static void put_name(bx_name name, buf *out)
{
    if (name.len == 0)
        buf_char(out, '_');
    for (uint32_t i = 0; i < name.len; i++)
        buf_char(out, is_name_byte((uint8_t)name.at[i], i == 0) ? name.at[i] : '_');
}

static void put_value(binxml_value v, bool in_attribute, buf *out)
{
    if (buf_room(out, BX_ROOM(v.bytes.len)))
        out->len = (size_t)(bx_text_xml(out->at + out->len, v, in_attribute) - out->at);
}

/* Only the five that need no declaration; of any other the name is shown. */
static void put_entity(bx_name name, buf *out)
{
    static const char *const known[] = { "quot", "apos", "amp", "lt", "gt" };
    bool is_known = false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        is_known |= bx_name_is(name, known[i]);
    buf_str(out, is_known ? "&" : "&amp;");
    put_name(name, out);
    buf_char(out, ';');
}

static void put_char(uint16_t code, buf *out)
{
    bool allowed = code >= 0x20 ? (code < 0xD800 || code > 0xDFFF) && code < 0xFFFE : code == 9 || code == 10 || code == 13;
    if (allowed)
        buf_printf(out, "&#%u;", code);
    else
        buf_char(out, '_');
}

/* Text as it is; what would end the section early is cut in two. */
static void put_cdata(binxml_value v, buf *out)
{
    size_t before = out->len;
    buf_str(out, "<![CDATA[");
    size_t from = out->len;
    if (buf_room(out, BX_ROOM(v.bytes.len)))
        out->len = (size_t)(bx_text(out->at + out->len, v) - out->at);
    for (size_t i = from; i < out->len; i++)
        if (out->at[i] < 0x20 && out->at[i] != '\t' && out->at[i] != '\n' && out->at[i] != '\r')
            out->at[i] = '_';
    bool has_end = memmem(out->at + from, out->len - from, "]]>", 3) != NULL;
    if (has_end) {                              /* rare enough to write it as text */
        out->len = before;
        put_value(v, false, out);
    } else {
        buf_str(out, "]]>");
    }
}

static void put_pi(const bx_node *node, buf *out)
{
    buf_str(out, "<?");
    put_name(node->name, out);
    buf_char(out, ' ');
    size_t from = out->len;
    put_value(node->value, false, out);         /* escaped, so that no '?>' can stand in it */
    if (out->len == from)
        out->len--;
    buf_str(out, "?>");
}

static void put_element(const bx_node *element, buf *out)
{
    buf_char(out, '<');
    put_name(element->name, out);
    for (const bx_attribute *a = element->attributes; a; a = a->next) {
        if (!bx_has_text(a->value))
            continue;
        buf_char(out, ' ');
        put_name(a->name, out);
        buf_str(out, "='");
        put_nodes(a->value, true, out);
        buf_char(out, '\'');
    }
    if (!element->first && element->closed_empty) {
        buf_str(out, "/>");
        return;
    }
    buf_char(out, '>');
    put_nodes(element->first, false, out);
    buf_str(out, "</");
    put_name(element->name, out);
    buf_char(out, '>');
}

static void put_nodes(const bx_node *nodes, bool in_attribute, buf *out)
{
    for (; nodes && !out->overflow; nodes = nodes->next)
        switch (nodes->kind) {
        case BX_ELEMENT: put_element(nodes, out); break;
        case BX_VALUE: put_value(nodes->value, in_attribute, out); break;
        case BX_CDATA: in_attribute ? put_value(nodes->value, true, out) : put_cdata(nodes->value, out); break;
        case BX_ENTITY: put_entity(nodes->name, out); break;
        case BX_CHAR: put_char(nodes->code, out); break;
        case BX_PI: put_pi(nodes, out); break;
        default: break;
        }
}

bool bx_xml_root(const bx_node *root, buf *out)
{
    put_element(root, out);
    return !out->overflow;
}
