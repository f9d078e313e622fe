/* suyuan join: digests to the case. */
#include "cli/casework.h"
#include "cli/given.h"

static const option options[] = {
    CASEWORK_OPTIONS,
};

static int run(const call *c)
{
    int there = given_there(c, call_path_count(c));
    if (there != VERB_OK)
        return there;
    for (size_t i = 0; i < call_path_count(c); i++) {
        given is = given_is(call_paths(c)[i]);
        if (is != GIVEN_DIGEST && is != GIVEN_DIGESTS && is != GIVEN_NOTHING)
            return given_wrong(c, call_paths(c)[i], is, "a digest or a folder of digests");
    }
    casework w;
    status s = casework_open(&w, c, casework_folder(c));
    for (size_t i = 0; i < call_path_count(c) && status_is_ok(s); i++)
        s = casework_add_file(&w, call_paths(c)[i]);
    return casework_finish(&w, c, s);
}

const verb verb_join = {
    .name = "join",
    .summary = "make the case from digests",
    .arguments = "DIGEST...",
    .description = "Reads digests that `suyuan survey` wrote, on one machine or on many, and tells what they amount to: the hosts, what happened on them in "
                   "order, the way in, what brings it back, what to do. A DIGEST is a file or a folder of them. The case is written to a folder: report.html "
                   "to read, case.json and case.sqlite for other programs.\n\n"
                   "Digests in any order, in any split, and the same one twice give the same case.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .least_paths = 1,
    .most_paths = PATHS_ANY,
    .run = run,
};
