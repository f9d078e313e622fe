/* Values of the task cache (SOFTWARE, Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache): what the scheduler really runs.
 *
 * Format    Values Actions, Triggers and DynamicInfo of Tasks\{GUID}; not documented by Microsoft.
 * Shapes    Each adds to a task that task_init has made. Times with `local` are those of the host's clock.
 * Owns      Texts live in `mem`.
 * Hostile   Every size and count; TASK_LIST entries each. Magic numbers mean other things in Actions than in Triggers.
 * Fails     false when the value could not be read to its end (noted: "cache.actions", "cache.triggers", "cache.dynamic"); what came
 *           before is in the task. */
#pragma once
#include "format/task.h"

bool task_cache_actions(arena *mem, span value, problems *noted, task *into);
bool task_cache_triggers(arena *mem, span value, problems *noted, task *into);
bool task_cache_dynamic(span value, problems *noted, task *into);
