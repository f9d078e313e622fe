#include "detect/hive_text.h"

#include "detect/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

bool hive_number(const regf *h, const regf_value *v, arena *mem, uint64_t *out)
{
    if (regf_number(h, v, out))
        return true;
    const char *text = v->type == REGF_SZ || v->type == REGF_EXPAND_SZ ? regf_text(h, v, mem) : NULL;
    size_t digits = text ? strspn(text, "0123456789") : 0;
    if (digits == 0 || digits > 18 || text[digits])
        return false;
    *out = 0;
    for (size_t i = 0; i < digits; i++)
        *out = *out * 10 + (uint64_t)(text[i] - '0');
    return true;
}

bool hive_like(const char *pattern, const char *name)
{
    const char *star = NULL, *kept = NULL;
    while (*name) {
        char a = *pattern, b = *name;
        if (a == '*') {
            star = pattern++;
            kept = name;
        } else if (a && strncasecmp(&a, &b, 1) == 0) {
            pattern++;
            name++;
        } else if (star) {
            pattern = star + 1;
            name = ++kept;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == 0;
}

const char *hive_masked(detect_log *out, const char *text)
{
    return mask_passwords(out->passwords, text, out->scratch);
}

const char *hive_sid(span sid, size_t *len, arena *mem)
{
    enum { MOST = 15, TEXT = 24 + MOST * 11 };
    if (sid.len < 8 || sid.at[0] != 1 || sid.at[1] > MOST || sid.len < 8u + 4u * sid.at[1])
        return NULL;
    uint64_t authority = 0;
    for (size_t i = 2; i < 8; i++)
        authority = authority << 8 | sid.at[i];
    char *text = arena_alloc(mem, TEXT);
    size_t at = (size_t)snprintf(text, TEXT, "S-1-%" PRIu64, authority);
    for (size_t i = 0; i < sid.at[1]; i++)
        at += (size_t)snprintf(text + at, TEXT - at, "-%" PRIu32, le32(sid.at + 8 + 4 * i));
    *len = 8u + 4u * sid.at[1];
    return text;
}
