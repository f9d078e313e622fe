/* Scheduled tasks as XML: files below System32\Tasks, and what events 4698 and 106 carry.
 *
 * Format    Task Scheduler schema 1.0 to 1.6 ([MS-TSCH] 2.5), in any encoding and with any prolog (format/xml.h).
 * Shapes    format/task.h. `life` stays unknown: the file does not tell it.
 * Owns      Everything lives in `mem`.
 * Hostile   As format/xml.h; TASK_LIST triggers, actions and principals each, the rest is noted ("task.many").
 * Fails     STATUS_DAMAGED: no XML; STATUS_UNSUPPORTED: XML, but no task. */
#pragma once
#include "format/task.h"

status task_xml_read(arena *mem, span bytes, problems *noted, task *out);
