/* Events of JSON exports, through the same view as records of logs: evtx_dump (JSONL, JSON, pretty or not), winlogbeat (documents, and
 * what Elasticsearch answers), nxlog, and flat objects as OTRF's collections have them.
 *
 * Shapes    Texts, numbers and booleans are text (UTF-16LE), as XML would show them; null is NULL. A record's id is that of the export;
 *           its number in the file where that tells none. `offset` is where its object begins.
 *           Times: the export's own time of creation, with its offset. Exports of some collectors write local time without saying so:
 *           where an event of Sysmon has its UtcTime beside it, the difference (whole quarters of an hour) is taken off all of the file.
 * Owns      What an event points to lives until the next.
 * Hostile   An object has JSON_EVENT_BYTES at most, and what the reader of JSON allows; larger ones, and what is none, are problems.
 * Fails     Damage is noted in the problems given: json.object, json.size, json.torn. */
#pragma once
#include "event/event.h"

#define JSON_EVENT_BYTES (16u << 20)

typedef struct json_events json_events;
json_events *json_events_open(evtx_source source, problems *noted);
void         json_events_close(json_events *j);
bool         json_events_next(json_events *j, event_view *v, event *out);    /* false at the end; objects that are no events are passed over */
uint64_t     json_events_strange(const json_events *j);                      /* how many objects were no events */
