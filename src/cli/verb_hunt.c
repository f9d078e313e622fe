/* suyuan hunt: Sigma rules over event logs. */
#include "base/map.h"
#include "base/utf16.h"
#include "base/vec.h"
#include "cli/console.h"
#include "cli/hunt_print.h"
#include "cli/hunt_summary.h"
#include "cli/hunting.h"

#include <stdio.h>
#include <stdlib.h>

enum { CALL_RULES = 32, HOSTS = 100000 };

typedef struct {
    hunting h;
    sigma_rules *rules;
    sigma_level least;
    hunt_format format;
    bool summary, explain, hits;         /* what is written */
    hunt_printer printer;
    uint64_t *by_rule;
    map by_host; uint64_t other_hosts;   /* hits, by the name with its NUL */
    uint8_t *chances; uint32_t *missing;
} hunt;

static void count_host(hunt *h, const char *host)
{
    span name = span_of(host, strlen(host) + 1);
    uint64_t *known = map_find(&h->by_host, name);
    bool was;
    if (!known && h->by_host.count >= HOSTS)
        h->other_hosts++;
    else
        ++*(known ? known : map_put(&h->by_host, name, &was));
}

static void each(void *context, const hunt_hit *hit)
{
    hunt *h = context;
    h->by_rule[hit->rule]++;
    if (h->summary)
        count_host(h, hit->host);
    if (!h->hits)
        return;
    hunt_print(&h->printer, hit, &h->h.line);
    hunting_write(&h->h, false);
}

static int finish(const call *c, hunt *h, const hunt_counts *n, status s)
{
    const hunt_result result = { h->rules, h->by_rule, &h->by_host, h->other_hosts, h->chances, h->missing, h->format == OUT_JSONL, h->h.shown };
    if (status_is_ok(s) && h->explain)
        summary_explain(&result, &h->h.line);
    else if (status_is_ok(s) && h->summary)
        summary_put(&result, &h->h.line);
    else if (status_is_ok(s) && h->format == OUT_NAVIGATOR)
        summary_layer(&result, &h->h.line);
    hunting_write(&h->h, true);
    if (!status_is_ok(s))
        return call_failed(c, s);
    const sigma_refusal *refused;
    char level[64] = "";
    if (h->least > SIGMA_INFORMATIONAL)
        snprintf(level, sizeof level, " of level %s%s", sigma_level_word(h->least), h->least < SIGMA_CRITICAL ? " and above" : "");
    console_say(stderr, "suyuan: %zu rules%s (%zu refused), %llu logs, %llu records, %llu hits%s", sigma_count(h->rules), level, sigma_refused(h->rules, &refused),
                (unsigned long long)n->logs, (unsigned long long)n->events, (unsigned long long)n->hits, n->lost ? "; some evidence could not be read" : "");
    if (n->cut)
        console_say(stderr, "suyuan: correlations had no room for %llu hits", (unsigned long long)n->cut);
    return n->lost ? VERB_UNREADABLE : VERB_OK;
}

static int no_rules(const call *c, const hunt *h)
{
    const sigma_refusal *refused;
    size_t count = sigma_refused(h->rules, &refused), below = sigma_below(h->rules);
    const char *path = call_value_at(c, "rules", 0), *more = call_value_at(c, "rules", 1) ? " and the others" : "";
    if (count) {
        char where[300] = "";
        if (strncmp(refused->reason, refused->path, strlen(refused->path)) != 0)     /* what is no YAML says so itself */
            snprintf(where, sizeof where, "%.250s:%u: ", refused->path, refused->line);
        return call_usage(c, "-r %s%s: no rule can be used; %zu refused, the first: %s%s", path, more, count, where, refused->reason);
    }
    if (below)
        return call_usage(c, "-r %s%s: no rule is of level %s or above, %zu are below", path, more, sigma_level_word(h->least), below);
    return call_usage(c, "-r %s%s: no Sigma rule is there", path, more);
}

static int run_hunt(const call *c, hunt *h)
{
    arena *mem = &h->h.mem;
    const read_options *r = &h->h.read;
    hunt_options o = {
        .paths = r->paths, .path_count = r->path_count, .since = r->since, .until = r->until, .threads = r->threads, .note = r->note, .password = r->password,
        .progress = r->progress, .mask = hunting_mask(&h->h), .messages = h->h.known,
    };
    const char *paths[CALL_RULES];
    sigma_options rules = { .paths = paths };
    unsigned level = SIGMA_INFORMATIONAL;
    for (const char *path; rules.path_count < CALL_RULES && (path = call_value_at(c, "rules", rules.path_count)); rules.path_count++)
        paths[rules.path_count] = path;
    if (call_value_at(c, "rules", CALL_RULES))
        return call_usage(c, "-r: at most %d may be given", CALL_RULES);
    rules.own = (!rules.path_count || call_flag(c, "own-rules")) && !call_flag(c, "no-own-rules");
    if (!rules.own && !rules.path_count)
        return call_usage(c, "--no-own-rules leaves no rule: -r RULES is missing");
    call_word(c, "level", &level);
    rules.least = h->least = (sigma_level)level;
    rules.values = call_value(c, "values");
    status s = sigma_load(h->h.facts, &rules, mem, &h->rules);
    if (!status_is_ok(s)) {
        sigma_free(h->rules);
        return s.code == STATUS_NOT_FOUND || s.code == STATUS_BAD_INPUT ? call_usage(c, "%s", s.words) : call_failed(c, s);
    }
    if (!sigma_count(h->rules)) {
        int none = no_rules(c, h);
        sigma_free(h->rules);
        return none;
    }
    h->by_rule = arena_array(mem, sigma_count(h->rules) + 1, sizeof *h->by_rule);
    int opened = hunting_open_output(&h->h, h->format == OUT_TABLE || ((h->summary || h->explain) && h->format != OUT_JSONL));
    if (opened != VERB_OK) {
        sigma_free(h->rules);
        return opened;
    }
    hunt_printer_init(&h->printer, h->rules, h->format);
    if (h->hits)
        hunt_print_head(&h->printer, &h->h.line);
    bar shown;
    hunt_counts counts;
    o.rules = h->rules;
    if (h->explain) {
        o.chances = h->chances = arena_alloc(mem, sigma_count(h->rules) + 1);
        o.missing = h->missing = arena_array(mem, sigma_count(h->rules) + 1, sizeof *h->missing);
    }
    o.values = !h->hits ? HUNT_NO_VALUES : h->format == OUT_JSONL || h->format == OUT_TIMESKETCH ? HUNT_JSON : HUNT_TEXT;
    bar_begin(&shown, &h->h.done, h->h.shown);
    s = hunt_run(&o, each, h, &counts);
    bar_end(&shown);
    int result = finish(c, h, &counts, s);
    hunt_printer_done(&h->printer);
    sigma_free(h->rules);
    return result;
}

static int run(const call *c)
{
    unsigned format = OUT_TABLE;
    hunt h = { .summary = call_flag(c, "summary"), .explain = call_flag(c, "explain") };
    call_word(c, "format", &format);
    int begun = hunting_begin(&h.h, c, 0);
    if (begun != VERB_OK)
        return begun;
    h.format = (hunt_format)format;
    h.hits = !h.summary && !h.explain && h.format != OUT_NAVIGATOR;
    map_init(&h.by_host);
    int result = run_hunt(c, &h);
    map_done(&h.by_host);
    return hunting_done(&h.h, result);
}

static const option options[] = {
    { 'r', "rules", "PATH", "a Sigma rule, or a folder of them; may be given many times. The program's own rules when not given" },
    { 0, "own-rules", NULL, "the program's own rules, beside those that are given" },
    { 0, "no-own-rules", NULL, "not the program's own rules; so it is where others are given" },
    { 'l', "level", "informational|low|medium|high|critical", "the lowest level of rules that are used; all when not given. Many informational ones match ordinary life" },
    { 0, "values", "FILE", "YAML lists for the placeholders of rules with `expand`" },
    { 'f', "format", "table|jsonl|csv|timesketch|navigator", "how hits are written; table when not given" },
    { 0, "summary", NULL, "only how often each rule matched, and how many hits each host and ATT&CK tactic has; a table or JSON lines" },
    { 0, "explain", NULL, "in place of the hits: which rules matched, which could have and did not, which could not for want of a log or a field, and which "
                          "are refused, with the reason; a table, or each rule as a JSON line" },
    HUNTING_OPTIONS,
};

const verb verb_hunt = {
    .name = "hunt",
    .summary = "match Sigma rules against event logs",
    .arguments = "PATH...",
    .description = "A PATH is an event log, a folder or an archive. Every hit is told once, in order of time, with the host, the rule, the fields "
                   "that made it match, the file and the record; the same record in two copies of a log counts once.\n\n"
                   "With -r the rules are those and no others; without it, the program's own (`suyuan rules` lists them).\n\n"
                   "A rule without a level counts as medium. Times are UTC.\n\n"
                   "Rules that cannot be honoured are refused and counted: `suyuan rules` tells which, and why. The exit status is 3 when some "
                   "evidence could not be read.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .least_paths = 1,
    .most_paths = PATHS_ANY,
    .run = run,
};
