/* What common events say in one line, from profiles/events.yml.
 *
 * Shapes    In a line {Name} is the value of that name, "?" when the event has none.
 * Owns      In the arena given, as long as the profile. Shared by threads once interned. */
#pragma once
#include "event/event.h"
#include "hunt/masked.h"
#include "profile/profile.h"

typedef struct messages messages;
status      messages_new(const profile *facts, arena *mem, bool chinese, messages **out);
void        messages_intern(messages *m, fields *names);             /* before events are viewed */
bool        messages_put(const messages *m, const event *ev, masked *values, buf *out);        /* false: nothing is known of such events */
const char *messages_name(const messages *m, const char *provider, uint32_t event_id);     /* what such events are called; NULL */
