#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Takes a UTF-8 sequence that the end of the buffer cut in two off the end. */
static void trim_torn_letter(char *text, size_t len)
{
    size_t at = len;
    while (at > 0 && len - at < 3 && ((unsigned char)text[at - 1] & 0xC0) == 0x80)
        at--;
    if (at == 0)
        return;
    unsigned char lead = (unsigned char)text[at - 1];
    size_t wants = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (lead >= 0xC0 && len - (at - 1) < wants)
        text[at - 1] = '\0';
}

status status_fail(status_code code, const char *format, ...)
{
    status out = { .code = code };
    va_list args;
    va_start(args, format);
    int len = vsnprintf(out.words, sizeof out.words, format, args);
    va_end(args);
    if (len >= (int)sizeof out.words)
        trim_torn_letter(out.words, strlen(out.words));
    return out;
}
