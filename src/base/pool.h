/* Threads: `jobs` jobs over at most `threads` workers. Jobs are taken in order; a worker runs one at a time, so state
 * indexed by `worker` is owned by it. Returns when all are done. With one thread everything runs in the caller. */
#pragma once
#include <stddef.h>

void     pool_run(unsigned threads, size_t jobs, void (*job)(void *context, size_t index, unsigned worker), void *context);
unsigned pool_cores(void);                    /* processors that this process may use, at least 1 */
