/* The tree is built by expat's calls. Encoding is settled before: expat is told that all is UTF-8. */
#include "format/xml.h"

#include <expat.h>

typedef struct {
    XML_Parser parser;
    arena *mem;
    problems *noted;
    xml *root, *open;                /* open: the innermost element that has begun and not ended */
    xml *last[XML_DEPTH];            /* of each level: the last child so far */
    buf text[XML_DEPTH];
    unsigned depth, skipped;         /* skipped: levels below XML_DEPTH that are open */
    size_t elements;
    map names;                       /* each name once: there are few, and hostile files have many elements */
    vec interned;
    bool deep, spent;
} builder;

static void stop(builder *b, const char *kind, const char *words)
{
    problems_note(b->noted, kind, PROBLEM_NO_CHUNK, (uint64_t)XML_GetCurrentByteIndex(b->parser), "line %lu: %s",
                  (unsigned long)XML_GetCurrentLineNumber(b->parser), words);
    XML_StopParser(b->parser, XML_FALSE);
}

static const char *local_name(builder *b, const char *name)
{
    const char *colon = strrchr(name, ':');
    span local = span_str(colon ? colon + 1 : name);
    bool known;
    uint64_t *at = map_put(&b->names, local, &known);
    if (!known) {
        *at = b->interned.count;
        *(const char **)vec_push(&b->interned) = arena_text(b->mem, local);
    }
    return *(const char **)vec_at(&b->interned, (size_t)*at);
}

static void spend(builder *b)
{
    b->spent = true;
    XML_StopParser(b->parser, XML_FALSE);
}

static bool put_attributes(builder *b, xml *of, const char **pairs)
{
    size_t n = 0;
    while (pairs[2 * n])
        n++;
    if (n == 0)
        return true;
    of->attributes = arena_array(b->mem, n, sizeof *of->attributes);
    if (!of->attributes)
        return false;
    for (; of->attribute_count < n; of->attribute_count++) {
        const char *value = pairs[2 * of->attribute_count + 1];
        xml_attribute *a = &of->attributes[of->attribute_count];
        a->name = local_name(b, pairs[2 * of->attribute_count]);
        a->value = *value ? arena_str(b->mem, value) : "";
        if (!a->name || !a->value)
            return false;
    }
    return true;
}

static void begin(void *context, const char *name, const char **attributes)
{
    builder *b = context;
    if (b->skipped || b->depth == XML_DEPTH) {
        if (!b->deep)
            problems_note(b->noted, "xml.deep", PROBLEM_NO_CHUNK, (uint64_t)XML_GetCurrentByteIndex(b->parser), "more than %u levels", XML_DEPTH);
        b->deep = true;
        b->skipped++;
        return;
    }
    if (++b->elements > XML_ELEMENTS) {
        stop(b, "xml.many", "too many elements");
        return;
    }
    xml *x = arena_alloc(b->mem, sizeof *x);
    if (x)
        x->name = local_name(b, name);
    if (!x || !x->name || !put_attributes(b, x, attributes)) {
        spend(b);
        return;
    }
    x->text = "";
    x->line = (uint32_t)XML_GetCurrentLineNumber(b->parser);
    x->parent = b->open;
    if (!b->open)
        b->root = x;
    else if (b->last[b->depth])
        b->last[b->depth]->next = x;
    else
        b->open->first = x;
    b->last[b->depth] = x;
    b->open = x;
    buf_clear(&b->text[b->depth]);
    if (++b->depth < XML_DEPTH)
        b->last[b->depth] = NULL;
}

static void keep_text(builder *b)
{
    buf *text = &b->text[b->depth - 1];
    const char *kept = text->len ? arena_text(b->mem, buf_bytes(text)) : "";
    if (kept)
        b->open->text = kept;
    else
        b->spent = true;
}

static void end(void *context, const char *name)
{
    builder *b = context;
    (void)name;
    if (b->skipped) {
        b->skipped--;
        return;
    }
    keep_text(b);
    if (b->spent)
        XML_StopParser(b->parser, XML_FALSE);
    b->depth--;
    b->open = (xml *)b->open->parent;
}

static void text(void *context, const char *bytes, int len)
{
    builder *b = context;
    if (b->depth && !b->skipped)
        buf_put(&b->text[b->depth - 1], bytes, (size_t)len);
}

/* Entities and default attributes make much of little, and no file of Windows declares any. */
static void entity(void *context, const char *name, int parameter, const char *value, int len, const char *base, const char *system,
                   const char *public_id, const char *notation)
{
    (void)name, (void)parameter, (void)value, (void)len, (void)base, (void)system, (void)public_id, (void)notation;
    stop(context, "xml.entity", "an entity is declared");
}

static void attribute_list(void *context, const char *element, const char *name, const char *type, const char *value, int required)
{
    (void)element, (void)name, (void)type, (void)value, (void)required;
    stop(context, "xml.entity", "attributes are declared");
}

/* ---- encoding ---- */

static void from_big_endian(span units, buf *out)
{
    uint8_t turned[512];
    for (size_t at = 0; at + 1 < units.len;) {
        size_t n = units.len - at < sizeof turned ? (units.len - at) & ~(size_t)1 : sizeof turned;
        bool high = n == sizeof turned && (units.at[at + n - 2] & 0xFC) == 0xD8;     /* a pair of surrogates stays together */
        n -= high ? 2 : 0;
        for (size_t i = 0; i < n; i += 2) {
            turned[i] = units.at[at + i + 1];
            turned[i + 1] = units.at[at + i];
        }
        utf16_utf8(span_of(turned, n), out);
        at += n;
    }
}

static void from_utf8(span bytes, buf *out, problems *noted)
{
    if (utf8_valid(bytes)) {
        buf_span(out, bytes);
        return;
    }
    bool told = false;
    for (size_t at = 0; at < bytes.len;) {
        size_t from = at;
        uint8_t letter[4];
        uint32_t c = utf8_take(bytes, &at);
        if (c == UTF8_INVALID && !told)
            problems_note(noted, "xml.encoding", PROBLEM_NO_CHUNK, from, "a byte that is no UTF-8");
        told |= c == UTF8_INVALID;
        buf_put(out, letter, utf8_put(letter, c == UTF8_INVALID ? 0xFFFD : c));
    }
}

static void to_utf8(span bytes, buf *out, problems *noted)
{
    bool two = bytes.len >= 2;
    uint8_t first = two ? bytes.at[0] : 0, second = two ? bytes.at[1] : 0;
    if (two && first == 0xFF && second == 0xFE)
        utf16_utf8(span_part(bytes, 2, SIZE_MAX), out);
    else if (two && first == 0xFE && second == 0xFF)
        from_big_endian(span_part(bytes, 2, SIZE_MAX), out);
    else if (two && first == '<' && second == 0)
        utf16_utf8(bytes, out);
    else if (two && first == 0 && second == '<')
        from_big_endian(bytes, out);
    else
        from_utf8(bytes.len >= 3 && memcmp(bytes.at, "\xEF\xBB\xBF", 3) == 0 ? span_part(bytes, 3, SIZE_MAX) : bytes, out, noted);
    while (out->len && (out->at[out->len - 1] == 0 || out->at[out->len - 1] == ' ' || out->at[out->len - 1] == '\n' || out->at[out->len - 1] == '\r'))
        out->len--;
}

/* ---- the door ---- */

static void build(builder *b, span utf8)
{
    XML_SetUserData(b->parser, b);
    XML_SetElementHandler(b->parser, begin, end);
    XML_SetCharacterDataHandler(b->parser, text);
    XML_SetEntityDeclHandler(b->parser, entity);
    XML_SetAttlistDeclHandler(b->parser, attribute_list);
    bool whole = XML_Parse(b->parser, (const char *)utf8.at, (int)utf8.len, 1) == XML_STATUS_OK;
    enum XML_Error why = XML_GetErrorCode(b->parser);
    if (!whole && why != XML_ERROR_ABORTED)
        problems_note(b->noted, "xml.torn", PROBLEM_NO_CHUNK, (uint64_t)XML_GetCurrentByteIndex(b->parser), "line %lu: %s",
                      (unsigned long)XML_GetCurrentLineNumber(b->parser), XML_ErrorString(why));
    for (; b->open; b->open = (xml *)b->open->parent, b->depth--)      /* what was open when it broke off */
        keep_text(b);
}

status xml_parse(arena *mem, span bytes, problems *noted, xml **out)
{
    if (bytes.len > XML_BYTES)
        return status_fail(STATUS_LIMIT, "XML of more than %u MiB", XML_BYTES >> 20);
    builder b = { .mem = mem, .noted = noted };
    buf utf8;
    buf_init(&utf8, (size_t)XML_BYTES * 3);
    to_utf8(bytes, &utf8, noted);
    for (unsigned i = 0; i < XML_DEPTH; i++)
        buf_init(&b.text[i], utf8.len + 16);
    map_init(&b.names);
    vec_init(&b.interned, sizeof(const char *));
    b.parser = XML_ParserCreate("UTF-8");
    if (b.parser)
        build(&b, buf_bytes(&utf8));
    XML_ParserFree(b.parser);
    vec_done(&b.interned);
    map_done(&b.names);
    for (unsigned i = 0; i < XML_DEPTH; i++)
        buf_done(&b.text[i]);
    buf_done(&utf8);
    if (b.spent)
        return status_fail(STATUS_LIMIT, "XML takes more memory than it may");
    if (!b.root)
        return status_fail(STATUS_DAMAGED, "no XML");
    *out = b.root;
    return status_ok();
}

const xml *xml_child(const xml *of, const char *name)
{
    const xml *x = of ? of->first : NULL;
    while (x && strcmp(x->name, name) != 0)
        x = x->next;
    return x;
}

const xml *xml_sibling(const xml *of, const char *name)
{
    const xml *x = of ? of->next : NULL;
    while (x && strcmp(x->name, name) != 0)
        x = x->next;
    return x;
}

const xml *xml_at(const xml *of, const char *path)
{
    while (of && *path) {
        size_t len = strcspn(path, "/");
        const xml *x = of->first;
        while (x && (strlen(x->name) != len || memcmp(x->name, path, len) != 0))
            x = x->next;
        of = x;
        path += path[len] ? len + 1 : len;
    }
    return of;
}

const char *xml_text(arena *mem, const xml *of, const char *path)
{
    static const char blanks[] = " \t\r\n";
    const xml *x = xml_at(of, path);
    if (!x)
        return "";
    const char *begin = x->text + strspn(x->text, blanks);
    size_t len = strlen(begin), end = len;
    while (end && strchr(blanks, begin[end - 1]))
        end--;
    if (end == len)
        return begin;
    const char *cut = arena_text(mem, span_of(begin, end));
    return cut ? cut : "";
}

const char *xml_get(const xml *of, const char *attribute)
{
    for (size_t i = 0; of && i < of->attribute_count; i++)
        if (strcmp(of->attributes[i].name, attribute) == 0)
            return of->attributes[i].value;
    return "";
}
