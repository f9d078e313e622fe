/* Regular expressions from profiles, over UTF-8 text. Case does not count.
 *
 * Source    base/regex.h. Compiled once a run, shared by threads. What is no UTF-8 is repaired first.
 * Owns      Everything lives in the arena given.
 * Hostile   Text comes from evidence: a match may cost REGEX_STEPS at most (then it is no match), and only the first
 *           PATTERN_TEXT bytes are looked at.
 * Fails     pattern_new: the profile's expression is wrong (STATUS_BAD_INPUT, with its place). */
#pragma once
#include "base/base.h"

#define PATTERN_TEXT 8192u

typedef struct pattern pattern;
typedef struct pattern_room pattern_room;     /* what one thread needs to match */

status        pattern_new(arena *mem, const char *expression, pattern **out);
pattern_room *pattern_room_new(arena *mem);
bool          pattern_matches(const pattern *p, pattern_room *room, const char *text, size_t len);
