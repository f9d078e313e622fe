/* A progress bar on standard error, with an estimate: only where that is a terminal, else nothing at all.
 *
 * Owns      Borrows the counter until bar_end. One bar at a time.
 * Fails     Nothing: work goes on without a bar when its thread cannot be started. */
#pragma once
#include "base/progress.h"
#include "text/text.h"
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct {
    progress *of;
    lang l;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool runs, ends;
} bar;

void bar_begin(bar *b, progress *of, lang l);
void bar_end(bar *b);

/* One line for so much done after so many seconds, in at most `columns` columns (and `room` bytes). */
void bar_text(progress_state now, double seconds, lang l, unsigned columns, char *out, size_t room);
