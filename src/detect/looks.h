/* Judging names and paths: made by dice? a core process's name with a slip? a folder in which no program is at home?
 *
 * Shapes    looks_path gives a path in one form, however it was written: small letters, `\` between parts, no quotes, no
 *           \??\, \\?\ or device prefix, the Windows folder as %w (%SystemRoot%, \SystemRoot, C:\Windows, C:\WINNT,
 *           \Device\HarddiskVolume1\Windows, and paths relative to it as services have them), Sysnative as system32,
 *           8.3 names of the program folders written out, "." and ".." gone, blanks and dots at the end of parts gone.
 *           A drive that is not told is "?:". Other variables stay (%temp%).
 * Owns      Results live in the arena given; looks_file points into the path.
 * Facts     profiles/looks.yml. */
#pragma once
#include "base/base.h"
#include "profile/profile.h"

#define LOOKS_PATH 2048u                /* a longer path is cut */

typedef struct looks looks;

status      looks_new(const profile *facts, arena *mem, looks **out);
char       *looks_path(const char *path, arena *mem);              /* NULL gives "" */
const char *looks_file(const char *path);                          /* the last part of looks_path's form */
bool        looks_random(const looks *l, const char *name);        /* a service's, task's or file's name; folders and extension do not count */
int         looks_bits(const looks *l, const char *name);          /* what looks_random judges by: low for dice */
size_t      looks_slips(const char *a, const char *b);             /* letters put in, left out, changed or swapped; ASCII case does not count */
const char *looks_carried(const looks *l, const char *path);                     /* the tool that unpacks a driver of this name where it runs; NULL: none known */
bool        looks_near(const looks *l, const char *core, const char *file);    /* file (not core itself) is a slip or two from core; extensions do not count */
bool        looks_odd_folder(const looks *l, const char *path);    /* of looks_path */
