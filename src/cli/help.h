/* What the table of verbs says, in the four forms in which people and shells read it. Everything here is made from
 * cli/verb.h's table, so none of it can differ from what the program takes. */
#pragma once
#include "cli/verb.h"
#include <stdio.h>

void help_program(FILE *to);                    /* all verbs, one line each */
void help_verb(FILE *to, const verb *v);
void help_man(FILE *to);                        /* suyuan(1), roff */
void help_completion_bash(FILE *to);
void help_completion_zsh(FILE *to);

/* An argument that is completed as a path. */
bool help_is_path(const char *argument);
