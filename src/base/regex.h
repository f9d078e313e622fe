/* Regular expressions over UTF-8 text: PCRE2, compiled once, with machine code where the processor has it.
 *
 * Owns      Everything lives in the arena given; PCRE2's own pages for machine code stay until the process ends. A regex is shared by
 *           threads, a room is one thread's.
 * Hostile   Text may be anybody's, but must be UTF-8 (utf8_valid): a match may cost REGEX_STEPS at most, then it is none.
 * Fails     regex_new: the expression is wrong (STATUS_BAD_INPUT, with its place). */
#pragma once
#include "base/arena.h"
#include "base/status.h"

#define REGEX_STEPS 200000u

enum { REGEX_CASELESS = 1, REGEX_MULTILINE = 2, REGEX_DOTALL = 4 };

typedef struct regex regex;
typedef struct regex_room regex_room;
status      regex_new(arena *mem, const char *expression, unsigned how, const regex **out);
regex_room *regex_room_new(arena *mem);
bool        regex_matches(const regex *r, regex_room *room, span text, size_t most);      /* in its first `most` bytes; unanchored */
