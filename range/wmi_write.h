/* Writes a WMI repository of Vista and later: OBJECTS.DATA, INDEX.BTR, MAPPING1.MAP, with the classes of event subscriptions and
 * what is given.
 *
 * Format    J. Metz, "WMI repository file format"; W. Ballenthin and others, "WMI forensics": pages of 8192 bytes; names hashed with
 *           SHA-256 of their upper-cased UTF-16; a key of the index ends in page, id and size of the record it leads to.
 * Owns      Buffers of the caller. One page of objects and one of the index: some twenty records. */
#pragma once
#include "base/base.h"

typedef struct {
    const char *class_name;                       /* CommandLineEventConsumer, NTEventLogEventConsumer */
    const char *filter, *query, *consumer;
    const char *command;                          /* of a command line consumer */
    const char *source;                           /* of an event log consumer */
    span creator;                                 /* SID */
    moment written;
} wmi_subscription;

void wmi_repository(const wmi_subscription *all, size_t count, moment made, buf *objects, buf *index, buf *map);
