/* The table of verbs, in the order of the help. A new verb is its file and one line in each list here. */
#include "cli/verb.h"

#include <string.h>

extern const verb verb_audit;
extern const verb verb_autoruns;
extern const verb verb_bluescreen;
extern const verb verb_dump;
extern const verb verb_help;
extern const verb verb_hunt;
extern const verb verb_investigate;
extern const verb verb_join;
extern const verb verb_registry;
extern const verb verb_report;
extern const verb verb_rules;
extern const verb verb_scene;
extern const verb verb_search;
extern const verb verb_stats;
extern const verb verb_survey;

const verb *const verbs[] = {
    &verb_investigate,
    &verb_survey,
    &verb_join,
    &verb_scene,
    &verb_report,
    &verb_audit,
    &verb_bluescreen,
    &verb_dump,
    &verb_hunt,
    &verb_rules,
    &verb_search,
    &verb_stats,
    &verb_registry,
    &verb_autoruns,
    &verb_help,
};
const size_t verb_count = sizeof verbs / sizeof *verbs;

const verb *verb_named(const char *name)
{
    for (size_t i = 0; i < verb_count; i++)
        if (strcmp(verbs[i]->name, name) == 0)
            return verbs[i];
    return NULL;
}
