/* A document as one HTML page that needs nothing else: style and script are in it, and its policy forbids all fetching.
 *
 * Hostile   Every text of the document is evidence; all of it is escaped here and nowhere else. The policy names the hashes
 *           of our own style and script: whatever else a text might become does not run. SVG comes from svg.h, escaped. */
#pragma once
#include "report/doc.h"
#include "text/text.h"

/* When the page is larger than `most` bytes, it is written again with the limits of tables and lists halved, and again. */
void doc_html(const doc *d, lang first, size_t most, buf *out);
/* In both languages where they differ; the page shows one of them. For svg.h `tag` is "tspan", else "span". */
void html_both(both words, const char *tag, buf *out);
