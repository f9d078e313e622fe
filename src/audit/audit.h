/* Settings of a host held against a baseline.
 *
 * Shapes    A setting is a fact that evidence gave ("smb1.enabled" = "0"), by the names of profiles/settings.yml; checks and the
 *           values wanted are in profiles/baselines/NAME.yml, each with its reason and source. A check is failed, passed or
 *           undecided: what the evidence does not give is never passed. Which check applies depends on the host's NT version.
 * Owns      Results live in the arena given; texts of the profile live as long as it. */
#pragma once
#include "model/note.h"
#include "profile/profile.h"

typedef struct { const char *name, *value; moment time; size_t source; } audit_setting;      /* source: the caller's number of where it came from */
typedef struct {
    const char *os_build;                /* "6.1.7601"; "" when unknown */
    const char *role;                    /* "domain-controller", "database", ""; what the case knows */
    const audit_setting *settings; size_t setting_count;
} audit_host;

typedef enum { AUDIT_FAILED, AUDIT_PASSED, AUDIT_UNDECIDED } audit_state;
typedef struct {
    const char *check;                   /* id: "password-length" */
    audit_state state;
    severity severity;
    const char *found, *wanted;          /* "" when nothing was found */
    const char *why, *fix;               /* text ids of the catalogue */
    const char *command;                 /* exact, for this host's version; "" when there is none */
    const char *source;                  /* where the value wanted comes from */
    size_t *sources; size_t source_count;    /* of the settings it rests on */
} audit_result;
typedef struct { unsigned points, of; size_t failed, passed, undecided; } audit_score;       /* points of those that could be decided */

status audit_baseline(const profile *facts, const char *name, arena *mem);                   /* not ok, with the names there are: no such baseline */
const char *audit_baseline_for(const profile *facts, const char *os_build);                  /* the one written for that version, or "seed" */
size_t audit_run(const profile *facts, const char *baseline, const audit_host *h, arena *mem, audit_result **out, audit_score *score);
