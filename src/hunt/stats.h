/* What is in event logs, counted: event numbers, logs, logons.
 *
 * Shapes    Rows come in order: events by how often, logs by host and channel, logons by host and how often. A logon is one of Security
 *           4624 and 4625, of TerminalServices-LocalSessionManager 21 and 25, and of TerminalServices-RemoteConnectionManager 1149.
 *           Unknown texts are "". The same record met twice counts twice.
 *           A name that mask.names withholds is mask.unknown. A session has type 10 unless it was at the machine itself.
 * Owns      What a row points to lives until `each` returns.
 * Hostile   Of each kind 131,072 rows are told apart; what the others would have counted comes as one number (hunt/counter.h). */
#pragma once
#include "hunt/masked.h"
#include "hunt/read.h"

typedef enum { STATS_EVENTS, STATS_LOGS, STATS_LOGONS, STATS_KINDS } stats_kind;

typedef struct {
    uint64_t count;
    moment first, last;                  /* MOMENT_UNKNOWN when no event told its time */
    const char *host, *channel, *provider;               /* events: no host; logs: no provider; logons: the host that was logged on to */
    uint32_t event_id;                   /* events, logons */
    bool failed;                         /* logons */
    const char *account, *domain, *address, *workstation, *type;
} stats_row;

typedef struct { read_counts read; uint64_t others[STATS_KINDS]; } stats_counts;       /* others: events in rows that were not told apart */

/* each, hand_in, context and names of `o` are not used. Rows of a kind after those of the one before. */
status stats_run(const read_options *o, hunt_mask mask, void (*each)(void *context, stats_kind kind, const stats_row *row), void *context, stats_counts *out);
