/* Names that are not shown: what was typed as the account of a logon that failed may be a password, typed in the wrong place.
 *
 * Facts     profiles/masking.yml, `names`: events, the fields in which such a name stands, and the codes that do not tell that there is
 *           such an account. A code that is not there tells nothing.
 * Owns      In the arena given, as long as the profile. Shared by threads once interned. */
#pragma once
#include "event/event.h"
#include "profile/profile.h"

typedef struct withheld      withheld;
typedef struct withheld_rule withheld_rule;

status               withheld_new(const profile *facts, arena *mem, withheld **out);
void                 withheld_intern(withheld *w, fields *names);            /* before events are viewed */
const withheld_rule *withheld_of(const withheld *w, const event *ev);        /* NULL: all names of this event may be shown */
const withheld_rule *withheld_of_id(const withheld *w, uint32_t event_id);    /* of an event that is known to be one; NULL */
bool                 withheld_hides(const withheld_rule *r, const char *name);      /* by the name of a value; false for NULL */
