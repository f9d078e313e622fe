/* Sigma rules over the records of one file: their hits, as notes of its digest.
 *
 * Shapes    Of each rule and log: a tally "rule.match" of all its hits, told apart by the rule's key; one "rule.noted" of those whose
 *           record a detector's finding cites; and acts "rule.match.KEY" - the first hits that differ, and those that detectors
 *           cite - with the rule's title, level and tags and what of the event matched (docs/notes.md). KEY is made of the rule's id.
 *           Correlations are concluded within the file, over its live records in their order; the last record stands for one.
 * Owns      A pass is one thread's and one file's.
 * Hostile   Bounded by the constants of rules.c, whatever matches how often; what is dropped depends on the file's content only. */
#pragma once
#include "detect/detect.h"
#include "digest/digest.h"
#include "event/withheld.h"
#include "sigma/sigma.h"

typedef struct rule_setup rule_setup;
/* Interns the names that rules ask for: before events are viewed. */
rule_setup *rule_setup_new(sigma_rules *rules, detect_run *run, withheld *names_withheld, arena *mem);
sigma_matcher *rule_matcher(const rule_setup *s);             /* a thread's; sigma_matcher_free */

typedef struct rule_pass rule_pass;
rule_pass *rule_pass_new(const rule_setup *s, sigma_matcher *m, const char *file_id, const char *path);
void       rule_pass_step(rule_pass *p, const event *ev);
void       rule_pass_noted(rule_pass *p, const act *a);       /* of detectors, before the end */
void       rule_pass_end(rule_pass *p, digest *out);          /* gives the notes, frees the pass */
