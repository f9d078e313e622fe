/* What was noted once: of things that a log repeats, the first is an act.
 *
 * Shapes    Keys are texts, kept as 128 bits of hash.
 * Hostile   At most `most` keys; what comes after is dropped and counted as a cut of `kind`. */
#pragma once
#include "detect/detect.h"

typedef struct { map keys; size_t most; const char *kind; } seen;

void seen_init(seen *s, const char *kind, size_t most);       /* `kind` is a literal */
bool seen_first(seen *s, detect_log *out, const char *key);
void seen_done(seen *s);
