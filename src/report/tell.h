/* What the chapters of a report share: the case as it is read, and how its parts become runs of a document.
 *
 * Shapes    Everything comes from the parsed case.json; what is missing there, or of another kind, is unknown. Hosts,
 *           findings and evidence have numbers, their places in the case; names of anchors are h3, f12, e5.
 * Owns      All texts live in `mem`.
 * Hostile   Texts are clipped here (TELL_CODE, TELL_WORDS bytes), so that no single one fills the page. */
#pragma once
#include "report/doc.h"
#include "text/text.h"

#define TELL_CODE 300u
#define TELL_WORDS 1200u

typedef struct { const json *of; const char *name, *anchor; } told_host;

typedef struct {
    arena *mem;
    const json *c;
    text_zone zone;
    doc *d;
    told_host *hosts; size_t host_count;
    map hostile;                                    /* numbers of hostile episodes */
    map host_of, finding_of, evidence_of;           /* id to number */
    const json **findings, **evidence;              /* by number */
} report;

status tell_open(report *r, arena *mem, const json *c);
void   tell_done(report *r);

/* Lists of the case: json_get without the question whether it is there. */
const json *tell_first(const json *of, const char *list);                       /* the first child, or NULL */
size_t      tell_count(const json *of, const char *list);
const char *tell_channel(const report *r, const json *of);                      /* "TaskScheduler/Operational" of its channel */
bool        tell_is_null(const json *of, const char *name);                     /* absent, null, or an empty text */
size_t      tell_host(const report *r, const json *of, const char *name);       /* number of the host named there, or SIZE_MAX */
bool        tell_time(const json *of, const char *name, moment *out);
unsigned    tell_percent(const json *of, const char *name);                     /* a number 0..1 as percent; 0 when absent */
bool        tell_is(const json *of, const char *name, const char *word);
bool        tell_is_kind(const json *finding, const char *kinds);               /* kinds: blanks between */
size_t      tell_kinds(const report *r, const char *kinds, size_t *hosts);      /* findings of these kinds, and how many hosts they are on */
unsigned    tell_severity(const json *of);                                      /* 0 info .. 4 critical */

/* Whether a finding or a step of the story belongs to a hostile episode; always when the case has none. */
bool        tell_is_hostile(const report *r, const json *of);

/* What cannot be known, one of each sort: `more` is how many further ones of its sort there are. */
typedef struct { const json *of; size_t more; } told_unknown;
const told_unknown *tell_unknown_sorts(const report *r, size_t *count);

/* What brings it back, counted and named: first what most hosts have. */
typedef struct { size_t hostile, suspicious, hosts; both counted; both *names; size_t name_count; } told_comeback;
told_comeback tell_comeback(const report *r);

/* Stops that were not orderly: blue screens left a bug check, what is unclean left none. */
typedef struct { size_t blue, unclean; } told_stops;
told_stops  tell_stops(const report *r, size_t host);                           /* host SIZE_MAX: of all */
both        tell_stops_counted(const report *r, told_stops n);                  /* "" when there is none */
both        tell_stops_words(const report *r, const char *word);                /* label "report.WORD-crashed" when one was blue, else "report.WORD-stopped" */
const json *tell_main_stop(const report *r);                                    /* the cluster or stop that is answered for first; NULL: none */
bool        tell_all_blue(const report *r, const json *cluster);

/* What to do first: of each phase something, in the order of the plan; steps that say the same of several hosts are one. */
typedef struct { const json *of; const char *phase; size_t hosts; } told_step;
size_t tell_first_steps(const report *r, size_t most, told_step *out);          /* `out` has room for `most` */

/* Words. */
both tell_label(const char *id);                                                /* of the catalogue, without arguments; id whole: "report.hosts" */
both tell_word(const report *r, const char *prefix, const char *word);          /* text_word(prefix + word) */
both tell_say(const report *r, const char *id, ...) __attribute__((sentinel));  /* triples name, arg_kind, value; then NULL */
both tell_sentence(const report *r, const json *of, const char *name);          /* an {en, zh}; {"", NULL} when null */
both tell_step(const report *r, const json *step);                              /* of the story, without the time that it may begin with */
both tell_role(const report *r, const json *host);                              /* of a host, in words when it is one of ours; "" when null */
both tell_nobody(const report *r);                                           /* in the place of a way in or first host: nobody came, or it cannot be told */
bool tell_empty(both words);

/* The words of likelihood and the numbers they stand for, the surest first: from text_likelihood itself, so that no legend differs. */
typedef struct { both words; unsigned least, most; } told_band;
told_band *tell_likelihoods(const report *r, size_t *count);
both tell_band_range(const report *r, const told_band *band);                   /* "85–90 %" */
both tell_place(const report *r, const json *place);                            /* an end of an edge */
const char *tell_clip(const report *r, const json *of, const char *name);       /* a text of evidence, clipped; "" when null */
const char *tell_text(const report *r, const json *value);                      /* the same of a value itself */
const char *tell_number(const report *r, uint64_t n);                           /* for tell_say */
const char *tell_figures(const report *r, uint64_t n);                          /* "4,211" */
const char *tell_iso(const report *r, moment t);

/* Long lists. A row is folded away when its list is long and so many rows of its group stood before it: what differs is seen,
 * what is alike is counted by `word` (a verdict, a phase). tell_folded writes what stands over the folded ones. */
typedef struct { map groups; struct { both words; size_t count; } of[12]; size_t words, count, each; bool on; } folding;
void tell_fold(folding *f, size_t rows, size_t from, size_t each);              /* lists of more than `from` rows are folded */
bool tell_fold_row(folding *f, row *line, const char *group, both word);        /* whether it is folded */
void tell_folded(const report *r, folding *f, table *t);                        /* f is done */

/* Long words, such as base64, cut in their middle. The same text when none is. */
both tell_short(const report *r, both words);

/* Runs. Nothing is put for what is null, unless said. What has long words is put short, with the whole behind it. */
void put_whole(const report *r, runs *to, run_kind kind, both words);
/* The cause of a stop or cluster in a word; *best is its hypothesis, NULL where none or two are told. */
both tell_cause(const report *r, const json *stop, const json **best);
void put_sentence(const report *r, runs *to, const json *of, const char *name);
void put_code(const report *r, runs *to, const json *of, const char *name);
void put_time(const report *r, runs *to, const json *of, const char *name);     /* "unknown" for null */
void put_host(const report *r, runs *to, const json *of, const char *name);     /* a link to it; "-" for null */
void put_host_number(const report *r, runs *to, size_t host);
void put_place(const report *r, runs *to, const json *place);
void put_badge(const report *r, runs *to, const char *prefix, const char *word);
void put_likelihood(const report *r, runs *to, const json *of, const char *name);
void put_evidence(const report *r, runs *to, const json *of);                   /* its evidence[]: links, six at most, the rest counted */
void put_findings(const report *r, runs *to, const json *ids);                  /* links to findings, six at most */
bool tell_is_match(const json *finding);                                        /* of a Sigma rule */
void put_rules(const report *r, runs *to, const json *finding);                 /* rules that matched its records */
void put_how(const report *r, runs *to, const json *of);                        /* access and means */
void put_how_in(const report *r, runs *to, const json *of, const char *prefix); /* prefix of the means' word: "short." */

/* Chapters, each in the file of its name; in this order in the report. */
void tell_summary(report *r);
void tell_scene(report *r);
void tell_investigation(report *r);
void tell_crashes(report *r, block *in);
void tell_entry(report *r, block *in);
void tell_activity(report *r, block *in);
void tell_persistence(const report *r, block *in);                             /* comeback.c */
void tell_exposure(const report *r, block *section);                           /* hardening.c: what was asked of each host */
void tell_tools(const report *r, block *chapter);
void tell_story(report *r, block *in);
void tell_findings(report *r, block *in);
void tell_rules(const report *r, block *in);                                   /* what Sigma rules matched */
void tell_conclusion(report *r);
void tell_threats(report *r);
void tell_hardening(report *r);
void tell_plan(report *r);
void tell_annex(report *r);

/* Figures. */
span figure_spread(const report *r, const json *spread, bool *empty);
span figure_lanes(const report *r, bool *empty);                                /* all hosts on one axis */
span figure_host(const report *r, size_t host, bool *empty);                    /* one host: its acts by subject, and what its logs cover */
