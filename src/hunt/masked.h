/* Inside of hunt: values without the passwords that may stand in them.
 *
 * Shapes    What a password is, the caller knows (hunt_mask): it gives back the text it was given, or another in the arena. Texts that
 *           had none are remembered by their hash. */
#pragma once
#include "base/base.h"
#include "event/withheld.h"

/* mask, names: NULL: nothing is masked, no name withheld; withheld_intern is called by who reads. unknown: what stands for such a name. */
typedef struct { const char *(*mask)(const void *context, const char *text, arena *mem); const void *context; withheld *names; const char *unknown; } hunt_mask;

typedef struct { hunt_mask with; uint64_t *clean; arena self, mem; } masked;
void masked_init(masked *m, hunt_mask with);
span masked_value(masked *m, span value);        /* valid until the next */
void masked_done(masked *m);
