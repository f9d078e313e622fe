/* Sigma rules: read, compiled, matched against events.
 *
 * Format    Sigma specification 2.1.0 (sigma-rules-specification, -appendix-modifiers, -correlation-rules, -filters); where it is
 *           silent, as pySigma reads it. What is decided here and why: docs/sigma.md.
 * Shapes    A rule is told by its place in sigma_rules, in order of path. Which logs a log source means: profiles/logsources.yml;
 *           a rule may match by several of them (Sysmon 1 and Security 4688), and still counts once an event.
 *           Rules are shared by threads; a matcher is one thread's. Hits of an event come in order of rules.
 * Owns      Rules live in the arena given to sigma_load, as long as the profile does; a matcher is freed by sigma_matcher_free.
 * Hostile   Rules may be anybody's: files, depth, values and what a condition may cost are limited. Texts of events cost what their
 *           bytes are, but for regular expressions, which have a step limit.
 * Fails     A rule that cannot be honoured is refused, with file, line and reason; the others go on. */
#pragma once
#include "event/event.h"
#include "profile/profile.h"

typedef enum { SIGMA_INFORMATIONAL, SIGMA_LOW, SIGMA_MEDIUM, SIGMA_HIGH, SIGMA_CRITICAL } sigma_level;

typedef struct {
    const char *path, *id, *title, *status, *name;   /* "" when the rule does not say */
    const char *title_zh;                /* an attribute of our own */
    const char *category, *product, *service;
    const char **tags; size_t tag_count;
    sigma_level level;
    unsigned line;                       /* of its document in the file */
} sigma_rule;

typedef struct { const char *path, *title; unsigned line; const char *reason; } sigma_refusal;

typedef struct {
    const char *const *paths; size_t path_count;     /* rule files, or folders of them (.yml, .yaml) */
    span text;                           /* rules as they stand in a file, too; no bytes: none */
    bool own;                            /* those built into the program, too: rules/ */
    const char *values;                  /* YAML file of lists for the placeholders of `expand`; NULL: none */
    sigma_level least;                   /* rules below are not loaded, or hidden when a correlation counts them */
} sigma_options;

typedef struct sigma_rules sigma_rules;
status               sigma_load(const profile *facts, const sigma_options *o, arena *mem, sigma_rules **out);
void                 sigma_free(sigma_rules *r);                 /* what the arena does not hold */
size_t               sigma_count(const sigma_rules *r);
size_t               sigma_below(const sigma_rules *r);          /* how many were left out for their level */
const sigma_rule    *sigma_rule_at(const sigma_rules *r, size_t i);
size_t               sigma_refused(const sigma_rules *r, const sigma_refusal **out);
/* What is odd in rules that are honoured all the same: an id that stands twice, a log source of which nothing is known, a condition
 * that can never hold or always does. */
size_t               sigma_lint_count(const sigma_rules *r);
sigma_refusal        sigma_lint(const sigma_rules *r, size_t i);
const char          *sigma_hash(const sigma_rules *r);           /* SHA-256 over the files, the values and the level, 64 hex digits */
const char          *sigma_level_word(sigma_level l);

/* Names that rules ask events for. Before events are viewed, once. */
void                 sigma_intern(sigma_rules *r, fields *names);

typedef struct sigma_matcher sigma_matcher;
sigma_matcher       *sigma_matcher_new(const sigma_rules *r);
void                 sigma_matcher_free(sigma_matcher *m);
/* Rules that match, ascending, each once, and why: the fields of the conditions that hold. Valid until the next call. */
typedef struct { uint32_t rule, field_count; const uint32_t *fields; } sigma_hit;
size_t               sigma_hits(sigma_matcher *m, const event *ev, const sigma_hit **hits);
size_t               sigma_match(sigma_matcher *m, const event *ev, const uint32_t **rules);     /* the rules alone */
const char          *sigma_field_name(const sigma_rules *r, uint32_t field);
void                 sigma_field_put(sigma_matcher *m, const event *ev, uint32_t field, buf *out);     /* its text as rules compare it, several with line ends between */
typedef struct { const char *name; const char *value; } sigma_field;

/* Whether a rule could match at all in what the matcher has seen: no event of its logs was there; one was, but none had a field that
 * the rule cannot do without; or it could. Both by rule, and only ever raised: for several matchers one after the other. `missing` is such a
 * field. sigma_chances_end, once behind them, tells of correlations what holds of the rules that they count. */
typedef enum { SIGMA_NO_LOG, SIGMA_NO_FIELD, SIGMA_COULD } sigma_chance;
void                 sigma_chances(sigma_matcher *m, uint8_t *chances, uint32_t *missing);
void                 sigma_chances_end(const sigma_rules *r, uint8_t *chances);
bool                 sigma_logs(const sigma_rules *r, uint32_t rule, buf *out);      /* the logs that it asks for, in words; false: none is known */

/* Correlations look at the hits of other rules, in order of time. sigma_wanted: whether a rule's hits are to be given to them, with
 * sigma_needed's fields; sigma_hidden: whether they are told only so. */
bool                 sigma_wanted(const sigma_rules *r, uint32_t rule);
bool                 sigma_hidden(const sigma_rules *r, uint32_t rule);
size_t               sigma_needed(sigma_matcher *m, const event *ev, uint32_t rule, arena *mem, sigma_field **out);

/* `event` is the caller's, of the hit that made it true. What `each` is given lives until it returns. */
typedef struct { uint32_t rule; moment first, last; uint64_t count; const sigma_field *fields; size_t field_count; const void *event; } sigma_correlated;
typedef struct sigma_correlator sigma_correlator;
sigma_correlator    *sigma_correlator_new(const sigma_rules *r, void (*each)(void *context, const sigma_correlated *hit), void *context);
void                 sigma_correlate(sigma_correlator *c, uint32_t rule, moment time, const sigma_field *fields, size_t count, const void *event);
uint64_t             sigma_correlator_free(sigma_correlator *c);         /* how many hits its limits cut off */
