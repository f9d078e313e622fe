/* Letters whose case does not count: Unicode's simple folding, one code point for one.
 *
 * Shapes    fold_utf8 needs FOLD_ROOM(text.len) of room (a letter may need more bytes folded); invalid bytes become U+FFFD. */
#pragma once
#include "base/span.h"

#define FOLD_ROOM(len) (3 * (size_t)(len) + 16)

uint32_t fold_code(uint32_t c);
size_t   fold_utf8(span text, uint8_t *out);
