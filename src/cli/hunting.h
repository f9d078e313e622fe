/* What the verbs that read all events (hunt, search, stats) share: their options, masking, output, and how they end.
 *
 * Owns      A hunting its output and what was made for it, until hunting_done. */
#pragma once
#include "cli/bar.h"
#include "cli/verb.h"
#include "detect/mask.h"
#include "hunt/masked.h"
#include "hunt/messages.h"
#include "hunt/read.h"
#include "text/text.h"

#include <stdio.h>

#define HUNTING_OPTIONS \
    { 'o', "output", "FILE", "write there instead of to standard output" }, \
    { 0, "since", "TIME", "leave out records before it (2020-05-11, or 2020-05-11T04:05:00+08:00; UTC when no zone is given)" }, \
    { 0, "until", "TIME", "leave out records at it and after" }, \
    { 0, "password", "TEXT", "for encrypted archives" }, \
    { 'j', "threads", "N", "as many as there are processors when not given; what is found does not depend on it" }, \
    { 0, "lang", "zh|en", "language of what is said; that of the locale when not given" }

typedef struct {
    const call *c;
    arena mem;
    lang shown;
    profile *facts;
    mask *passwords;
    withheld *names;
    messages *known;
    read_options read;                   /* paths, password, since, until, threads, progress, note: from the options */
    progress done;
    FILE *out; const char *out_name;
    bool escape;                         /* what is written may reach a terminal */
    buf line;
} hunting;

int       hunting_begin(hunting *h, const call *c, size_t first_path);      /* VERB_OK, or what is to be returned */
int       hunting_open_output(hunting *h, bool escape);
hunt_mask hunting_mask(const hunting *h);
void      hunting_write(hunting *h, bool all);               /* what stands in `line`, when it is much, or all of it */
int       hunting_done(hunting *h, int result);              /* closes; what is to be returned */
void      hunting_brief(buf *out, span text);                /* on one line, and cut when it is long */
void      hunting_cell(buf *out, span text);                 /* of CSV, in quotes; formulas are kept from spreadsheets by an apostrophe */
