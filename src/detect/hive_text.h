/* What the questions asked of hives have in common. */
#pragma once
#include "detect/artifact.h"

bool        hive_number(const regf *h, const regf_value *v, arena *mem, uint64_t *out);     /* a number, or digits in a text */
bool        hive_like(const char *pattern, const char *name);                               /* ASCII letters in any case; * at the end or inside: any rest */
const char *hive_masked(detect_log *out, const char *text);                                 /* without what may be a password in it */
const char *hive_sid(span sid, size_t *len, arena *mem);                                    /* "S-1-5-32-544"; NULL when it is none; *len: bytes it took */
