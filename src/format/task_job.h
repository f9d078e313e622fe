/* Scheduled tasks of before Vista, and of `at` until Windows 8: .job files.
 *
 * Format    [MS-TSCH] 2.4; J. Metz, "Job file format".
 * Shapes    format/task.h. All times are local ones of the host. The one action is an exec. `author` is who made the task ("SYSTEM" for
 *           at jobs); the account it runs in is kept elsewhere, so the one principal has no user, and a logon type only when the
 *           task wants that somebody is logged on.
 * Owns      Everything lives in `mem`.
 * Hostile   Every count and offset; work is in proportion to the file.
 * Fails     STATUS_DAMAGED when the fixed part is not there. What is torn behind it is noted ("job.torn"), and what came before kept. */
#pragma once
#include "format/task.h"

bool   task_job_is(span first_bytes, uint64_t size);
status task_job_read(arena *mem, span bytes, problems *noted, task *out);
