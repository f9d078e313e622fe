/* What a command line does, noted as the act it is: a task registered with schtasks, a value set with reg, a service made with sc,
 * an account made with net, a port forwarded with netsh. Where the act's own log is off, the command line is all there is.
 *
 * Shapes    Acts as docs/notes.md has them, with the fact `basis` = `command`.
 * Hostile   The command line is evidence; at most EFFECT_WORDS words of it are read. Passwords in it are not noted. */
#pragma once
#include "detect/commands.h"
#include "detect/detect.h"

#define EFFECT_WORDS 64u

/* `rule` is one of those that matched; nothing is noted for rules without such an act. */
void effects_note(detect_log *out, const event *ev, const command_rule *rule, const char *command, const char *account);
