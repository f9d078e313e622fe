/* What the files of this room share: a host's acts put in order, and one check while it is answered.
 *
 * Shapes    Of hives that a host has several times (backups of the registry) the one with the newest key counts. */
#pragma once
#include "audit/audit.h"

enum { AUDIT_ACTS = 64, AUDIT_NAMES = 16 };       /* acts that a result rests on; names that are told in one */

typedef struct {
    const profile *facts;
    const profile_node *checks;          /* root of checks.yml */
    const audit_host *h;
    arena *mem;
    size_t *settings; size_t setting_count;      /* places in h->acts */
    size_t *others; size_t other_count;
    map defaults;                        /* of profiles/settings.yml: name to its node's place in `nodes` */
    const profile_node **nodes;
    uint32_t version[4]; size_t version_parts;   /* 0 parts: not known */
    const char *product;                 /* "server", "client", "" */
    const char *joined;                  /* "yes", "no", "": whether the host is in a domain */
    moment as_of;
} audit;

/* One setting, or a chain of them of which the first that is set counts. */
typedef struct {
    bool seen;                           /* somebody could look, at least at the last of the chain */
    bool set, defaulted;                 /* value: as found; as Windows has it by itself */
    bool unseen_before;                  /* one that would win could not be looked at */
    const char *value;                   /* NULL: not known */
    const char *note;
} answer;

typedef struct {
    audit_result *r;
    const profile_node *check, *want;    /* in checks.yml, in the baseline */
    size_t acts[AUDIT_ACTS]; size_t act_count;
    const char *names[AUDIT_NAMES]; size_t name_count;     /* that commands are made for */
} asking;

/* facts.c */
void        audit_take(audit *a);
const act  *audit_act(const audit *a, size_t place);
answer      audit_one(const audit *a, const char *name, const char *which, asking *q);
answer      audit_chain(const audit *a, const profile_node *items, asking *q);         /* items: words, or maps with name, which, product */
const char *audit_default(const audit *a, const char *setting, const char **note);     /* NULL: no source tells */
bool        audit_version_from(const char *text, uint32_t out[4], size_t *parts);
int         audit_version_order(const audit *a, const char *version);                  /* of the host's to it: below 0 older; its parts only */
const char *audit_for_version(const audit *a, const profile_node *map, const profile_node **node);   /* the newest entry that is not newer than the host */
bool        audit_number(const char *text, int64_t *out);
void        audit_rests_on(asking *q, size_t place);
static inline const char *audit_fact(const act *a, const char *name) { return note_fact(a->facts, a->fact_count, name); }

/* Answers: found, note and state of q->r, and what it rests on. False: it is not asked of this host. */
bool audit_by_setting(const audit *a, asking *q);
bool audit_by_shape(const audit *a, asking *q);
bool audit_accounts(const audit *a, asking *q, const char *shape);
bool audit_patches(const audit *a, asking *q, const char *shape);
bool audit_network(const audit *a, asking *q, const char *shape);
bool audit_decided_by(const audit *a, asking *q, const char *key);                     /* met_by, failed_by */
void audit_answer(asking *q, audit_state state, const char *found, const char *note);
