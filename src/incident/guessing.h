/* Guessing from inside: campaigns of failed logons, as guessing.c finds them and guessed.c follows them to a success.
 *
 * Shapes    A campaign is what one client tried against one host over one protocol, without a long pause. A client is an
 *           address; where the log leaves that empty, what it called itself; where that changes with each try, nobody. */
#pragma once
#include "incident/internal.h"

typedef struct { moment start, width, first, last; uint32_t count; const joined_tally *of; uint64_t record; const log_ref *log; } tries;

typedef enum { GUESS_NONE, GUESS_BURST, GUESS_SPRAY, GUESS_NAMES, GUESS_SLOW } guess_sort;

typedef struct {
    uint32_t host;
    const char *protocol, *source, *workstation;     /* "" when not told */
    bool local;                                      /* from the host itself, or through a tunnel that ends on it */
    bool many;                                       /* from more sources than a log's notes tell apart; source is "" */
    const char *learned;                             /* source told by another log of the same time; NULL: none */
    tries *tries; size_t try_count;                  /* in order of time */
    uint64_t nobodys;                                 /* tries of names that nobody has */
    uint64_t total, accounts;                        /* accounts: distinct, the folded rest of a cap not among them */
    const char *account;                             /* tried most */
    const char *reason;                              /* of most tries */
    moment from, to;
    double peak;                                     /* most tries in a minute, at least */
    guess_sort sort;
    bool stale;                                      /* even intervals, one account, no success: a service with an old password */
    bool scanner;                                    /* many protocols, few tries each, again and again */
    const act *success; const joined_tally *success_tally; moment success_time;      /* set by guessed.c */
} campaign;

void      campaigns_follow(joined *j, campaign *all, size_t count);      /* of one host: successes, and findings of them */
bool      campaign_tried(const campaign *c, const char *account, moment before);     /* this account failed in it before */
uint64_t  campaign_after(const campaign *c, const char *account, moment t);    /* tries of this account later than t */
uint64_t  campaign_before(const campaign *c, moment t);                  /* tries before t */
const char *campaign_source(const campaign *c);                          /* address as told or learned; NULL: neither */
