/* Regular expressions from profiles, over UTF-8 text. Case does not count.
 *
 * Source    PCRE2, compiled once a run (JIT where the processor has it), shared by threads.
 * Owns      Everything lives in the arena given; PCRE2's own pages for machine code stay until the process ends.
 * Hostile   Text comes from evidence: a match may cost PATTERN_STEPS at most (then it is no match), and only the first
 *           PATTERN_TEXT bytes are looked at.
 * Fails     pattern_new: the profile's expression is wrong (STATUS_BAD_INPUT, with its place). */
#pragma once
#include "base/base.h"

#define PATTERN_TEXT 8192u
#define PATTERN_STEPS 200000u

typedef struct pattern pattern;
typedef struct pattern_room pattern_room;     /* what one thread needs to match */

status        pattern_new(arena *mem, const char *expression, pattern **out);
pattern_room *pattern_room_new(arena *mem);
bool          pattern_matches(const pattern *p, pattern_room *room, const char *text, size_t len);
