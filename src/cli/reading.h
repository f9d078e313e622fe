/* What verbs that read evidence have in common: their options, the bar, problems told while they are met, and the counts at
 * the end. */
#pragma once
#include "cli/bar.h"
#include "cli/verb.h"
#include "survey/survey.h"
#include "text/text.h"

/* For the verb's own table of options. */
#define READING_OPTIONS \
    { 0, "since", "TIME", "leave out records before it (2020-05-11, or 2020-05-11T04:05:00+08:00; UTC when no zone is given)" }, \
    { 0, "until", "TIME", "leave out records at it and after" }, \
    { 0, "password", "TEXT", "for encrypted archives" }, \
    { 'j', "threads", "N", "as many as there are processors when not given; what is found does not depend on it" }

/* Of verbs that use rules. */
#define RULES_OPTIONS \
    { 'r', "rules", "PATH", "a Sigma rule, or a folder of them, beside the program's own; may be given many times" }, \
    { 'l', "level", "informational|low|medium|high|critical", "the lowest level of rules that are used; low when not given" }, \
    { 0, "values", "FILE", "YAML lists for the placeholders of rules with `expand`" }, \
    { 0, "no-own-rules", NULL, "leave the program's own Sigma rules out" }

typedef struct {
    arena mem;
    survey_options options;
    profile *facts;
    progress done;
    bar bar;
    sigma_rules *rules;         /* NULL: none */
    lang l;                     /* of what is said; damage is told in English */
    uint64_t dirty, remains;    /* logs that were not closed; that have remains which cannot be read */
} reading;

int  reading_begin(reading *r, const call *c, bool rules);               /* VERB_OK, or what the verb returns; then there is nothing to end */
void reading_end(reading *r);
void   reading_no_state(const reading *r);          /* that nothing was found which tells of a host */
void reading_tell(const reading *r, const survey_counts *counts);     /* on standard error */
int  reading_result(const survey_counts *counts);            /* VERB_OK or VERB_UNREADABLE */
