/* What one log shows of logons, whichever service wrote it: counts tries, remembers failures, and notes the success that
 * follows them and the first session of each kind.
 *
 * Shapes    Texts in an attempt are NULL or "" when the record does not give them; protocol never is. A failure under a
 *           name that nobody has waits until it is clear whether it was a password in the wrong place.
 * Owns      What waits is copied. attempts_end counts what still waits, and gives back everything.
 * Hostile   Memory of failures is bounded (ATTEMPT_KNOWN); beyond it, new names are not remembered, and counted as cut. */
#pragma once
#include "detect/detect.h"

#define ATTEMPT_KNOWN 65536u
#define ATTEMPT_HELD 64u

typedef struct {
    const char *protocol, *account, *sid, *source, *workstation, *type, *package, *reason, *process, *logon, *port, *elevated, *via;
    bool source_local;
    bool own_client;             /* the workstation is this host's own name: it says nothing of where the try came from */
} attempt;

/* What the log knew of failures when a logon succeeded. */
typedef struct { bool guessed; uint32_t failures, of_place, of_account; moment first_failure, last_failure; } attempt_past;

/* A copy that waits. */
typedef struct { bool used; attempt is; event ev; buf text; } held_attempt;

typedef struct attempt_facts attempt_facts;
typedef struct attempts attempts;

status    attempt_facts_new(const profile *facts, arena *mem, attempt_facts **out);
bool      attempt_of_system(const attempt_facts *f, const char *account, const char *sid);      /* the system's own, or a machine account */
attempts *attempts_new(const attempt_facts *f, arena *mem);
void      attempts_failed(attempts *a, const event *ev, const attempt *t, detect_log *out);
/* A success; or its two halves, when more is to be learnt of it before it is noted. */
attempt_past attempts_judge(attempts *a, const event *ev, const attempt *t, detect_log *out);
void      attempts_note(attempts *a, const event *ev, const attempt *t, const attempt_past *past, detect_log *out);
void      attempts_succeeded(attempts *a, const event *ev, const attempt *t, detect_log *out);
void      attempts_end(attempts *a, detect_log *out);

void      attempt_keep(held_attempt *h, const event *ev, const attempt *t);
void      attempt_drop(held_attempt *h);
void      attempt_done(held_attempt *h);
