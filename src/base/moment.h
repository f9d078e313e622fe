/* A moment: 100 ns since 1601-01-01, UTC (a FILETIME). Unknown is never zero: it is MOMENT_UNKNOWN, and sorts last.
 *
 * Source    [MS-DTYP] 2.3.3 FILETIME, 2.3.13 SYSTEMTIME. */
#pragma once
#include "base/span.h"

typedef uint64_t moment;
#define MOMENT_UNKNOWN UINT64_MAX
#define MOMENT_SECOND 10000000ull
#define MOMENT_MINUTE (60 * MOMENT_SECOND)
#define MOMENT_HOUR   (60 * MOMENT_MINUTE)
#define MOMENT_DAY    (24 * MOMENT_HOUR)
#define MOMENT_LAST ((moment)INT64_MAX)     /* Windows takes no FILETIME behind it: so time and a span never overflow */
#define MOMENT_TEXT 32      /* room for any text that moment_iso writes, with its NUL */

typedef struct { int year, month, day, hour, minute, second; uint32_t ticks; } moment_parts;   /* ticks: 100 ns within the second */

static inline bool moment_known(moment t) { return t != MOMENT_UNKNOWN; }
static inline moment moment_possible(moment t) { return t > MOMENT_LAST ? MOMENT_UNKNOWN : t; }
static inline moment moment_from_filetime(uint64_t n) { return n == 0 ? MOMENT_UNKNOWN : moment_possible(n); }    /* of a record: 0 is not set */
moment       moment_from_unix(int64_t seconds, uint32_t nanoseconds);
int64_t      moment_to_unix(moment t);                          /* whole seconds, rounded down */
moment       moment_from_parts(moment_parts p);                 /* MOMENT_UNKNOWN when no such date */
moment_parts moment_to_parts(moment t);
moment       moment_from_systemtime(span bytes16);              /* MOMENT_UNKNOWN when no such date, or not 16 bytes */
/* "2020-05-11T04:05:10.1234567Z"; "" for unknown. Years beyond 9999 have as many digits as they need. */
const char  *moment_iso(moment t, char out[MOMENT_TEXT]);
/* ISO 8601: date, or date and time with 'T' or a blank, 0 to 9 digits of a second, "Z", "+08:00" or nothing (taken as UTC). */
bool         moment_parse(span text, moment *out);
