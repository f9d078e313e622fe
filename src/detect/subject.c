#include "detect/subject.h"

#include <arpa/inet.h>
#include <strings.h>

char *detect_account(const event *ev, field domain, field name, arena *mem)
{
    char *d = value_text(event_get(ev, domain), mem), *n = value_text(event_get(ev, name), mem);
    if (!n || !*n || strcmp(n, "-") == 0)
        return NULL;
    return d && *d && strcmp(d, "-") != 0 && strcmp(d, ".") != 0 ? arena_printf(mem, "%s\\%s", d, n) : n;
}

const char *detect_address(const char *text, bool *local)
{
    *local = false;
    if (!text || !*text || strcmp(text, "-") == 0)
        return NULL;
    if (strncasecmp(text, "::ffff:", 7) == 0 && strchr(text + 7, '.'))
        text += 7;
    static const char *const own[] = { "::1", "LOCAL", "\xe6\x9c\xac\xe5\x9c\xb0" };
    uint8_t b[4];
    if (strncmp(text, "127.", 4) == 0 && inet_pton(AF_INET, text, b) == 1) {
        *local = true;
        return NULL;
    }
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcasecmp(text, own[i]) == 0) {
            *local = true;
            return NULL;
        }
    return strcmp(text, "0.0.0.0") == 0 || strcmp(text, "::") == 0 ? NULL : text;
}

bool address_is_public(const char *address)
{
    uint8_t b[16];
    if (inet_pton(AF_INET, address, b) == 1)
        return !(b[0] == 0 || b[0] == 10 || b[0] == 127 || b[0] >= 224 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168) ||
                 (b[0] == 169 && b[1] == 254) || (b[0] == 100 && (b[1] & 0xc0) == 64));
    if (inet_pton(AF_INET6, address, b) == 1)
        return (b[0] & 0xe0) == 0x20;      /* 2000::/3 */
    return false;
}
