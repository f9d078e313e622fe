/* What a command line, a script or an action says of itself, by the rows of profiles/commands.yml.
 *
 * Owns      Rules live as long as the run; a room belongs to one thread.
 * Hostile   See detect/pattern.h. A text is tried only against rows of which it holds a `needs` word. */
#pragma once
#include "detect/pattern.h"
#include "model/note.h"
#include "profile/profile.h"

#define COMMAND_HITS 12u

typedef struct command_rule command_rule;
struct command_rule {
    const char *looks, *finding, *technique, *tool;     /* tool: NULL when none is named */
    severity severity;
    unsigned confidence;
    const char **needs; size_t need_count;
    pattern *match;
    const command_rule *lawful;                         /* the same and light, for texts that name lawful hosts only; NULL: no difference */
};

typedef struct commands commands;

status commands_new(const profile *facts, arena *mem, commands **out);
/* Rows that match, in the profile's order; at most COMMAND_HITS. */
size_t commands_judge(const commands *c, pattern_room *room, const char *text, const command_rule *hits[COMMAND_HITS]);
/* The gravest of hits (then the surest, then the first); NULL for none. */
const command_rule *commands_worst(const command_rule *const *hits, size_t count);

/* The text that PowerShell was given as Base64 of UTF-16LE after -EncodedCommand (or any shortening of it), or inside
 * FromBase64String('...'); NULL when there is none or it is no text. */
char *commands_decoded(const char *text, arena *mem);
