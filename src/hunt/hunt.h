/* Hunting: rules over event logs, their hits in order of time, each once.
 *
 * Shapes    Hits are ordered by time, then host, channel, record, rule; the same record met again (backup copies, shadow copies) is
 *           told once, as the first of the copies has it. The order does not depend on threads.
 * Owns      What a hit points to lives until `each` returns.
 * Hostile   Memory is bounded: hits beyond HUNT_BYTES are sorted and put into unlinked temporary files ($TMPDIR, or /var/tmp), and
 *           merged at the end; nothing is lost.
 * Fails     When evidence cannot be opened at all, or a temporary file not be written. Logs that cannot be read are counted, and told
 *           by `note`. */
#pragma once
#include "evidence/evidence.h"
#include "hunt/masked.h"
#include "hunt/messages.h"
#include "sigma/sigma.h"

#define HUNT_BYTES (48u << 20)
#define HUNT_NO_FIELD UINT32_MAX

/* number: of sigma_field_name; HUNT_NO_FIELD: what correlations add. */
typedef struct { uint32_t number; const char *name; span value; } hunt_field;

typedef struct {
    moment time;
    uint32_t rule, event_id;
    uint64_t record, offset;
    bool recovered;
    bool again;                          /* of the same event as the hit before: only rule and fields differ */
    const char *host, *channel, *file;
    span message;                        /* what such an event says; no bytes when nothing is known of it */
    const hunt_field *fields; size_t field_count;
} hunt_hit;

typedef enum { HUNT_NO_VALUES, HUNT_TEXT, HUNT_JSON } hunt_values;      /* of fields: none, as they are, escaped for a JSON string */

typedef struct {
    const char *const *paths; size_t path_count;
    const char *password;                /* of archives */
    moment since, until;                 /* MOMENT_UNKNOWN: no limit */
    unsigned threads;
    sigma_rules *rules;                  /* sigma_intern is called here */
    hunt_values values;
    messages *messages;                  /* NULL: none are told */
    hunt_mask mask;                      /* of values; a mask is shared by threads */
    progress *progress;
    void (*note)(void *context, const char *file, const char *words);    /* one at a time */
    void *note_context;
    uint8_t *chances; uint32_t *missing; /* by rule, zeroed: sigma_chances of all that was read; NULL: not asked */
} hunt_options;

/* lost: files or records that could not be read; again: hits of records met before; cut: hits that correlations had no room for. */
typedef struct { uint64_t events, logs, lost, hits, again, cut; } hunt_counts;

status hunt_run(const hunt_options *o, void (*each)(void *context, const hunt_hit *h), void *context, hunt_counts *out);
