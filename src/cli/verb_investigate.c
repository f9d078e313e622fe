/* suyuan investigate: evidence to the case, survey and join in one. */
#include "cli/casework.h"
#include "cli/given.h"
#include "cli/reading.h"

static const option options[] = {
    CASEWORK_OPTIONS,
    READING_OPTIONS,
    RULES_OPTIONS,
};

static status take(void *context, digest *d, const char *name)
{
    return casework_add(context, d, name);
}

static int run(const call *c)
{
    casework w;
    reading r;
    survey_counts counts = { 0 };
    const char *folder = casework_folder(c);
    int wrong = given_evidence(c);
    if (wrong != VERB_OK)
        return wrong;
    status s = survey_outside(call_paths(c), call_path_count(c), folder);
    if (!status_is_ok(s))
        return s.code == STATUS_BAD_INPUT ? call_usage(c, "%s", s.words) : call_failed(c, s);
    s = casework_open(&w, c, folder);
    if (status_is_ok(s)) {
        int begun = reading_begin(&r, c, true);
        if (begun != VERB_OK) {
            casework_done(&w);
            return begun;
        }
        s = survey_folder(&r.options, w.digest_folder, take, &w, &counts);
        reading_end(&r);
        if (status_is_ok(s))
            reading_tell(&r, &counts);
    }
    int result = casework_finish(&w, c, s);
    return result == VERB_OK ? reading_result(&counts) : result;
}

const verb verb_investigate = {
    .name = "investigate",
    .summary = "from evidence to the report: the main job",
    .arguments = "PATH...",
    .description = "Reads evidence (event logs, folders, collections in archives, of any number of hosts), tells what happened, and writes the case to a "
                   "folder: report.html to read, case.json and case.sqlite for other programs. A summary stands on standard output.\n\n"
                   "It is `suyuan survey` and `suyuan join` in one. What is in the folder already is added to: a second run with further evidence knows "
                   "both. Nothing is ever written to the evidence.\n\n"
                   "The exit status is 3 when the case was made but some evidence could not be read, or not in full: each file is named, and what "
                   "could be read of it is in the case. Damage that cost nothing leaves it at 0.\n\n"
                   "Sigma rules, the program's own and those of -r, are matched, too: what they find stands in the report behind what the program found itself, and "
                   "changes no verdict.\n\n"
                   "What is said while reading, and the summary, are in the language of --lang, else in that of the locale; errors and damage are told in "
                   "English.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .least_paths = 1,
    .most_paths = PATHS_ANY,
    .run = run,
};
