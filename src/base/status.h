/* A status: whether this call could do its work, and if not, what, where and why in words for a person (English).
 * Damage in evidence is not a status but a problem (base/problem.h); our own mistakes are asserts. */
#pragma once
#include <stdbool.h>

typedef enum {
    STATUS_OK = 0,
    STATUS_NOT_FOUND,     /* no such file, member, key */
    STATUS_IO,            /* the system refused: errno's words are in `words` */
    STATUS_DAMAGED,       /* nothing of it can be read */
    STATUS_UNSUPPORTED,   /* recognised, and not read by this program */
    STATUS_LIMIT,         /* it would cost more than one artifact may cost */
    STATUS_BAD_INPUT,     /* what the user wrote (profile, scene, option) is wrong */
} status_code;

typedef struct { status_code code; char words[248]; } status;

static inline bool status_is_ok(status s) { return s.code == STATUS_OK; }
static inline status status_ok(void) { return (status){ .code = STATUS_OK }; }
status status_fail(status_code code, const char *format, ...) __attribute__((format(printf, 2, 3)));
