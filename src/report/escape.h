/* Evidence put where a browser or a terminal reads it.
 *
 * Hostile   Everything may come in: markup, quotes, control characters, characters that turn the direction of what follows
 *           or are not seen, bytes that are no UTF-8. Markup is escaped for text and quoted attributes alike; what cannot
 *           be seen is written as \u202e; broken bytes become U+FFFD. */
#pragma once
#include "base/base.h"

void escape_html(span utf8, buf *out);          /* a line end stays */
void escape_plain(span utf8, buf *out);         /* for a terminal: one line, whatever comes */
/* At most `bytes` of a text, cut at a character with an ellipsis; the text itself when it is short enough. */
const char *escape_clip(arena *mem, const char *utf8, size_t bytes);
