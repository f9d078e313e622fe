#include "format/guid.h"

const char *guid_text(span g, char out[GUID_TEXT])
{
    static const uint8_t order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
    static const char digits[] = "0123456789ABCDEF";
    char *to = out;
    if (g.len == 16) {
        *to++ = '{';
        for (size_t i = 0; i < 16; i++) {
            if (i == 4 || i == 6 || i == 8 || i == 10)
                *to++ = '-';
            *to++ = digits[g.at[order[i]] >> 4];
            *to++ = digits[g.at[order[i]] & 15];
        }
        *to++ = '}';
    }
    *to = '\0';
    return out;
}
