/* suyuan rules: what Sigma rules were understood, and which were refused. */
#include "cli/console.h"
#include "cli/verb.h"
#include "sigma/sigma.h"

#include <stdio.h>
#include <string.h>

static void list(const sigma_rules *rules)
{
    for (size_t i = 0; i < sigma_count(rules); i++) {
        const sigma_rule *r = sigma_rule_at(rules, i);
        console_say(stdout, "%-13s  %-36s  %s%s", sigma_level_word(r->level), r->id, r->title, sigma_hidden(rules, (uint32_t)i) ? " (only counted)" : "");
    }
}

static int run(const call *c)
{
    arena mem;
    profile *facts;
    sigma_rules *rules = NULL;
    const sigma_refusal *refused;
    sigma_options o = { .paths = call_paths(c), .path_count = call_path_count(c), .values = call_value(c, "values") };
    if (o.path_count && strcmp(o.paths[0], "check") == 0) {          /* a file of that name is ./check */
        o.paths++;
        o.path_count--;
    }
    o.own = !o.path_count;
    arena_init(&mem, 0);
    status s = profile_open(NULL, &mem, &facts);
    if (status_is_ok(s))
        s = sigma_load(facts, &o, &mem, &rules);
    if (!status_is_ok(s)) {
        sigma_free(rules);
        arena_done(&mem);
        return s.code == STATUS_NOT_FOUND || s.code == STATUS_BAD_INPUT ? call_usage(c, "%s", s.words) : call_failed(c, s);
    }
    if (o.own)
        list(rules);
    size_t count = sigma_refused(rules, &refused);
    for (size_t i = 0; i < count; i++)
        console_say(stdout, "%s:%u: refused: %s", refused[i].path, refused[i].line, refused[i].reason);
    for (size_t i = 0; i < sigma_lint_count(rules); i++) {
        sigma_refusal l = sigma_lint(rules, i);
        console_say(stdout, "%s:%u: %s", l.path, l.line, l.reason);
    }
    console_say(stdout, "%zu rules, %zu refused", sigma_count(rules), count);
    sigma_free(rules);
    arena_done(&mem);
    return count ? VERB_UNREADABLE : VERB_OK;
}

static const option options[] = {
    { 0, "values", "FILE", "YAML lists for the placeholders of rules with `expand`" },
};

const verb verb_rules = {
    .name = "rules",
    .summary = "check Sigma rules: which are understood, which are refused and why",
    .arguments = "[check] [PATH...]",
    .description = "A PATH is a Sigma rule or a folder of them. A line for each rule that cannot be honoured, with file, line and reason, and for each "
                   "that has something odd: an id that stands twice, a log source of which nothing is known, a condition that can never hold. The "
                   "exit status is 3 when a rule was refused.\n\n"
                   "Without a PATH, the program's own rules are listed: level, id and title. They stand in rules/ of the sources.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .least_paths = 0,
    .most_paths = PATHS_ANY,
    .run = run,
};
