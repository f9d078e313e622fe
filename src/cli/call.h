/* The command line of one verb, taken apart. What verbs may know of it stands in cli/verb.h.
 *
 * Shapes    Options and paths may stand in any order; "--" ends the options; "-" is a path. "-j4", "-j 4", "--threads=4"
 *           and "--threads 4" are the same; flags' letters may stand together.
 * Owns      Borrows argv, whose entries it moves so that the paths stand together.
 * Fails     call_parse says on standard error what is wrong, and returns false. */
#pragma once
#include "cli/verb.h"

#define CALL_OPTIONS 64

struct call {
    const verb *of;
    struct { const option *what; const char *value; } given[CALL_OPTIONS];
    size_t given_count;
    const char **paths;
    size_t path_count;
    bool help;          /* --help was asked for: nothing else was checked */
};

bool call_parse(call *out, const verb *of, int argc, char **argv);      /* argv: what follows the verb's name */
