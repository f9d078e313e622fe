/* Inside of the task readers: how a task is put together.
 *
 * Fails     task_add_* give NULL when the list is full (TASK_LIST) or the arena spent. */
#pragma once
#include "format/task.h"

#include <strings.h>

task_time       task_no_time(void);
task_time       task_time_of(const char *text);              /* ISO 8601; local when no zone stands by */
task_trigger   *task_add_trigger(arena *mem, task *t, task_trigger_kind kind);
task_principal *task_add_principal(arena *mem, task *t);
task_action    *task_add_action(arena *mem, task *t, task_action_kind kind);
void           *task_grow(arena *mem, void **list, size_t *count, size_t each);
const char     *task_duration(arena *mem, uint64_t seconds); /* "PT5M" */

/* Sets as bits from 0 on; each puts " a,b", or nothing for an empty set. Day 31 of a month set is bit 30, its last day bit 31. */
void task_put_days(buf *out, uint32_t bits);                 /* Sunday is bit 0 */
void task_put_months(buf *out, uint32_t bits);
void task_put_weeks(buf *out, uint32_t bits);                /* the fifth is the last */
void task_put_month_days(buf *out, uint32_t bits);
int  task_day_of(const char *name);                          /* -1: none */
int  task_month_of(const char *name);
