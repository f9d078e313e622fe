/* A time zone: how far local time is from UTC, at every moment. Offsets are minutes east of UTC.
 *
 * Format    Names of the tz database ("Asia/Shanghai"), read from /usr/share/zoneinfo (TZif, RFC 9636, version 2 and later,
 *           with the rule behind the last change); or an offset: "+08:00", "+8", "UTC+8", "GMT+08:00", "UTC", "Z".
 * Owns      Everything lives in the arena given.
 * Hostile   A name is letters, digits and "_+-" between slashes: it cannot leave the folder of the database.
 * Fails     STATUS_BAD_INPUT, when there is no such zone; when the database itself is missing, offsets still work, and so do
 *           the few zones without daylight saving that are built in (Asia/Shanghai, Asia/Tokyo, ...); the words say so. */
#pragma once
#include "base/arena.h"
#include "base/moment.h"
#include "base/status.h"

#define ZONE_TEXT 32

typedef struct zone_rules zone_rules;
typedef struct { const char *name; int minutes; const zone_rules *rules; } zone;     /* rules NULL: `minutes` at every moment */

status       zone_open(arena *mem, const char *name, zone *out);
status       zone_open_in(arena *mem, const char *database, const char *name, zone *out);    /* another folder than the system's */
int          zone_minutes(const zone *z, moment t);
/* The moments when clocks there showed `local` (written as if it were UTC): one, two in autumn, or none (false) in spring. */
bool         zone_to_utc(const zone *z, moment local, moment *first, moment *last);
moment_parts zone_parts(const zone *z, moment t);                                   /* t is known */
const char  *zone_text(const zone *z, moment t, char out[ZONE_TEXT]);               /* "2020-05-11 12:05:10"; "" for unknown */
const char  *zone_offset_text(int minutes, char out[ZONE_TEXT]);                    /* "+08:00" */
