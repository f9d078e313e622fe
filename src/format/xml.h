/* XML in Windows' encodings, as a tree of elements: what tasks, policies and scanners write.
 *
 * Format    XML 1.0 in UTF-16LE, UTF-16BE (with byte order mark or without) or UTF-8, whatever its prolog claims.
 * Shapes    Names are local ones: a prefix and its colon are cut off. Text is UTF-8 with entities resolved, all of an element's own
 *           text joined; an element without text has "". Children and attributes are in document order.
 * Owns      Everything lives in `mem`.
 * Hostile   XML_BYTES of text, XML_DEPTH levels, XML_ELEMENTS elements; memory in proportion to the text. Entities are
 *           not declared nor fetched: a document that declares one ends there, noted ("xml.entity"), as one does that has too many
 *           elements ("xml.many"); what lies deeper is left out ("xml.deep").
 * Fails     STATUS_DAMAGED when no element could be read. A document that breaks off keeps what came before, and is noted
 *           ("xml.torn"; "xml.encoding": bytes that are no text became U+FFFD). */
#pragma once
#include "base/base.h"

#define XML_BYTES (64u << 20)
#define XML_DEPTH 64u
#define XML_ELEMENTS (1u << 20)

typedef struct { const char *name, *value; } xml_attribute;
typedef struct xml xml;
struct xml {
    const char *name, *text;
    xml_attribute *attributes; size_t attribute_count;
    const xml *parent;
    xml *first, *next;               /* children; siblings */
    uint32_t line;                   /* of its start tag, from 1 */
};

status      xml_parse(arena *mem, span bytes, problems *noted, xml **out);
const xml  *xml_child(const xml *of, const char *name);              /* the first of that name; NULL also of NULL */
const xml  *xml_sibling(const xml *of, const char *name);            /* the next of that name behind it */
const xml  *xml_at(const xml *of, const char *path);                 /* "Settings/Hidden" below `of`, the first of each name */
const char *xml_text(arena *mem, const xml *of, const char *path);       /* its text without blanks around it; "" when not there */
const char *xml_get(const xml *of, const char *attribute);           /* "" when not there */
