/* UTF-16LE as evidence has it: any 16-bit units, broken surrogates included, an odd last byte ignored.
 * Broken surrogates become U+FFFD. Writers below never put more than 3 bytes a unit (6 with JSON escapes). */
#pragma once
#include "base/buf.h"
#include "base/arena.h"

void  utf16_utf8(span units, buf *out);                       /* plain UTF-8 */
void  utf16_json(span units, buf *out);                       /* UTF-8, escaped for a JSON string, without the quotes */
void  utf16_xml(span units, buf *out);                        /* UTF-8, escaped for XML text and attributes */
/* The same at `to`, where UTF16_ROOM bytes are free; the end is given back. Text ends at its first NUL. */
#define UTF16_ROOM(len) (3 * (size_t)(len) + 64)
uint8_t *utf16_utf8_at(uint8_t *to, span units);
uint8_t *utf16_json_at(uint8_t *to, span units);
char *utf16_text(arena *mem, span units);
span  utf16_trim(span units);                                 /* without NULs and blanks at the end */
bool  utf16_is(span units, const char *ascii);                /* equal, ASCII letters in any case */
bool  utf16_starts(span units, const char *ascii);
bool  utf16_ends(span units, const char *ascii);
bool  utf16_has(span units, const char *ascii);
bool  utf8_valid(span bytes);
#define UTF8_INVALID UINT32_MAX
uint32_t utf8_take(span bytes, size_t *at);                   /* one code point, at < len; UTF8_INVALID for what is none */
size_t utf8_put(uint8_t to[4], uint32_t c);                   /* one code point; 1 to 4 bytes */
void  utf8_json(span bytes, buf *out);                        /* escaped for a JSON string; invalid bytes become U+FFFD */
void  utf8_lower_ascii(char *text);                           /* in place */
