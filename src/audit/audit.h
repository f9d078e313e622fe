/* Settings of a host held against a baseline.
 *
 * Shapes    What is known of the host are acts of artifacts, as detectors noted them (docs/notes.md, "Acts of artifacts"): of
 *           kind `setting` (by the names of profiles/settings.yml), `account`, `patch`, `file.version`, `autostart`, `port.open`;
 *           others are passed over. Checks stand in profiles/checks.yml, what each baseline wants, with its source, in
 *           profiles/baselines/NAME.yml. A check is failed, passed or undecided: what the evidence does not give is never
 *           passed. Which checks apply, and what an absent value means, depends on the host's NT version.
 * Owns      Results live in the arena given; texts of the profile live as long as it. */
#pragma once
#include "model/note.h"
#include "profile/profile.h"

typedef struct {
    const char *os_build;                /* "6.1.7601"; "" when unknown */
    const char *role;                    /* "domain-controller", "database", ""; what the case knows */
    const act *const *acts; size_t act_count;
    moment as_of;                        /* the last moment that this host's evidence tells of; MOMENT_UNKNOWN: that of the acts */
} audit_host;

typedef enum { AUDIT_FAILED, AUDIT_PASSED, AUDIT_UNDECIDED } audit_state;
typedef struct {
    const char *check;                   /* id: "password-length" */
    audit_state state;
    severity severity;
    const char *found, *wanted;          /* "" when nothing was found */
    const char *title, *why, *fix;       /* text ids of the catalogue: what is asked, why it matters, the policy's path */
    const char *note;                    /* text id of what limits the answer, or why there is none; "" when nothing does */
    const char *command;                 /* exact, for this host's version, '\n' between several; "" when there is none */
    const char *finding;                 /* kind of the finding when it failed: "weak-setting", "patch-missing", "exposed-service" */
    const char *source;                  /* where the value wanted comes from */
    size_t *sources; size_t source_count;    /* of the acts it rests on: their places in `acts` */
} audit_result;
typedef struct { unsigned points, of; size_t failed, passed, undecided; } audit_score;       /* points of those that could be decided */
unsigned audit_points(severity s);                                                           /* what a check of this severity weighs */

status audit_baseline(const profile *facts, const char *name, arena *mem);                   /* not ok, with the names there are: no such baseline */
const char *audit_baseline_for(const profile *facts, const char *os_build);                  /* the one written for that version, or "seed" */
size_t audit_run(const profile *facts, const char *baseline, const audit_host *h, arena *mem, audit_result **out, audit_score *score);
