#include "detect/seen.h"

void seen_init(seen *s, const char *kind, size_t most)
{
    map_init(&s->keys);
    s->kind = kind;
    s->most = most;
}

bool seen_first(seen *s, detect_log *out, const char *key)
{
    static const uint8_t other[16] = "suyuan seen once";
    uint64_t hash[2] = { hash64(span_str(key)), hash64_keyed(other, span_str(key)) };
    span name = span_of(hash, sizeof hash);
    if (map_find(&s->keys, name))
        return false;
    if (s->keys.count >= s->most) {
        detect_cut(out, s->kind, 1);
        return false;
    }
    map_put(&s->keys, name, NULL);
    return true;
}

void seen_done(seen *s)
{
    map_done(&s->keys);
}
