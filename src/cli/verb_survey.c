/* suyuan survey: evidence to digests. */
#include "cli/casework.h"
#include "cli/given.h"
#include "cli/reading.h"

#include <stdio.h>

typedef struct { const char *folder; } surveyed;

static status tell(void *context, digest *d, const char *name)
{
    const surveyed *s = context;
    printf("%s/%s.digest\n", s->folder, name);
    digest_free(d);
    return status_ok();
}

static int run(const call *c)
{
    surveyed to = { call_value(c, "output") };
    if (!to.folder)
        return call_usage(c, "-o DIR is missing: where the digests go");
    int wrong = given_evidence(c);
    if (wrong != VERB_OK)
        return wrong;
    reading r;
    int begun = reading_begin(&r, c, true);
    if (begun != VERB_OK)
        return begun;
    survey_counts counts = { 0 };
    status s = survey_folder(&r.options, to.folder, tell, &to, &counts);
    reading_end(&r);
    if (s.code == STATUS_BAD_INPUT)
        return call_usage(c, "%s", s.words);
    if (!status_is_ok(s))
        return call_failed(c, s);
    reading_tell(&r, &counts);
    return reading_result(&counts);
}

static const option options[] = {
    { 'o', "output", "DIR", "the folder for the digests; made when it is not there" },
    { 0, "lang", "zh|en", "language of what is said while reading; that of the locale when not given" },
    READING_OPTIONS,
    RULES_OPTIONS,
};

const verb verb_survey = {
    .name = "survey",
    .summary = "read evidence, and write what it tells as digests",
    .arguments = "PATH...",
    .description = "A PATH is a file, a folder or an archive of any number of hosts. They are cut into units (one host's folder, or an "
                   "archive), and each unit becomes one digest; its path is written to standard output. `suyuan join` makes a case of "
                   "digests, also of those that were made on other machines.\n\n"
                   "A digest that is there already is not made again, so the same command goes on where it was cut off. The exit status "
                   "is 3 when something could not be read, or not in full; damage that cost nothing leaves it at 0.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .least_paths = 1,
    .most_paths = PATHS_ANY,
    .run = run,
};
