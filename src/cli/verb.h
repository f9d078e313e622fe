/* A verb of the program: its name, what it takes, what it does. From this one table come the parsing of the command line,
 * `suyuan help VERB`, the man page and the completion of shells.
 *
 * Shapes    An option has a name ("since"), perhaps a letter, and an argument's name, or NULL for a flag. An argument's
 *           name with a bar in it ("zh|en") lists the only words that are taken. FILE, DIR and CASE are completed as paths.
 *           A description is paragraphs with an empty line between them; a line that begins with a blank is kept as it is.
 * Owns      A call lends what stands on the command line; all of it lives as long as the process.
 * Fails     call_number and call_time say on standard error what is wrong and return false: the verb returns VERB_USAGE.
 *           An unknown option, a missing argument, too few or too many paths never reach the verb. */
#pragma once
#include "base/moment.h"
#include "base/status.h"
#include <stddef.h>

/* What the process returns. */
enum { VERB_OK = 0, VERB_FAILED = 1, VERB_USAGE = 2, VERB_UNREADABLE = 3 /* done, but some evidence could not be read */ };

typedef struct option { char letter; const char *name; const char *argument; const char *help; } option;
typedef struct call call;
typedef struct verb {
    const char *name;
    const char *summary;            /* half a line */
    const char *arguments;          /* "PATH...", "" for none */
    const char *description;
    const option *options;
    size_t option_count;
    size_t least_paths, most_paths; /* most: 0 for none, PATHS_ANY for any number */
    int (*run)(const call *c);
} verb;
#define PATHS_ANY SIZE_MAX

extern const verb *const verbs[];   /* all verbs, in the order of the help; src/cli/verbs.c */
extern const size_t verb_count;
const verb *verb_named(const char *name);   /* NULL when there is none */

const char *call_value(const call *c, const char *name);                    /* the last one given, or NULL */
const char *call_value_at(const call *c, const char *name, size_t nth);     /* of an option given many times; NULL behind the last */
bool        call_flag(const call *c, const char *name);
const char *const *call_paths(const call *c);
size_t      call_path_count(const call *c);
/* The next three leave *out as it is when the option was not given. */
bool        call_number(const call *c, const char *name, uint64_t least, uint64_t most, uint64_t *out);
bool        call_time(const call *c, const char *name, moment *out);
bool        call_word(const call *c, const char *name, unsigned *out);      /* which of the words of "zh|en" */
/* One line on standard error, and what the verb then returns. */
int         call_usage(const call *c, const char *format, ...) __attribute__((format(printf, 2, 3)));   /* VERB_USAGE */
int         call_failed(const call *c, status s);                                                       /* VERB_FAILED */

/* The whole command line; what main() returns. */
int         verb_main(int argc, char **argv);
