#include "base/utf16.h"

#include "base/utf16_put.h"

uint8_t *utf16_utf8_at(uint8_t *to, span units)
{
    size_t count = units.len / 2, at = 0;
    while (at < count) {
        uint32_t c = utf16_take(units, &at, count);
        if (c == 0)
            break;
        to = put_utf8(to, c);
    }
    return to;
}

uint8_t *utf16_json_at(uint8_t *to, span units)
{
    size_t count = units.len / 2, at = 0;
    while (at < count) {
        uint32_t c = utf16_take(units, &at, count);
        if (c == 0)
            break;
        to = put_json(to, c);
    }
    return to;
}
