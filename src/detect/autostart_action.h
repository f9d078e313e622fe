/* What a task does, as entries: shared by the task cache and by definition files. */
#pragma once
#include "detect/autostart.h"
#include "format/task.h"

/* One entry an action. `like` says what its source knows already: the task's name, how it is hidden, a verdict. */
void autostart_note_task(autostart_pass *p, const autostart_row *row, const autostart_source *from, uint32_t record, const task *t, const autostart_entry *like);
