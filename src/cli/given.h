/* What a path on the command line is, as far as verbs must tell it apart: so that one which was given another's kind of thing
 * says what it was given, what it takes, and which verb takes that.
 *
 * Hostile   A look at a few bytes of a file, and at the names in a folder; nothing is concluded from a file's name alone but
 *           that NAME.digest is meant to be a digest. */
#pragma once
#include "cli/verb.h"

typedef enum {
    GIVEN_NOTHING,          /* it is not there, or cannot be looked at */
    GIVEN_CASE,             /* a folder with a case.json of ours */
    GIVEN_CASE_FILE,        /* a case.json of ours */
    GIVEN_DIGEST, GIVEN_DIGESTS,
    GIVEN_LOG,              /* an event log */
    GIVEN_FOLDER, GIVEN_FILE,
} given;

given given_is(const char *path);
/* One line on standard error, and VERB_USAGE. `wanted` is what the verb takes: "a digest or a folder of digests". */
int   given_wrong(const call *c, const char *path, given is, const char *wanted);
/* VERB_OK, or one line on standard error and VERB_USAGE when one of the first `count` paths is not there. What is there and
 * cannot be read is no matter of usage. */
int   given_there(const call *c, size_t count);
int   given_there_from(const call *c, size_t first, size_t count);
/* For verbs that read evidence: VERB_OK, or given_there, or given_wrong of the first path that is a case or digests. */
int   given_evidence(const call *c);
