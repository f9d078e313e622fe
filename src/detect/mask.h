/* Passwords in command lines, scripts and connection strings, masked before anything is noted.
 *
 * Shapes    A password becomes "***". Masking twice changes nothing more. Text without one comes back as it is.
 * Owns      Results live in the arena given, or are the text given.
 * Hostile   Text is evidence; work grows with its length times the rules. Only the first MASK_TEXT bytes are looked at, and
 *           the rest does not come back.
 * Facts     profiles/masking.yml: switches, keys, programs. */
#pragma once
#include "base/base.h"
#include "profile/profile.h"

#define MASK_TEXT 16384u

typedef struct mask mask;

status      mask_new(const profile *facts, arena *mem, mask **out);
const char *mask_passwords(const mask *m, const char *text, arena *mem);
const char *mask_account(const char *account, arena *mem);         /* "DOMAIN\***": a name that is possibly a password */
