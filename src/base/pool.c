#include "base/pool.h"

#include "base/memory.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

typedef struct {
    atomic_size_t next;
    size_t jobs;
    void (*job)(void *, size_t, unsigned);
    void *context;
} work;

typedef struct { work *of; unsigned number; pthread_t thread; } worker;

static void run_jobs(work *of, unsigned number)
{
    for (;;) {
        size_t index = atomic_fetch_add_explicit(&of->next, 1, memory_order_relaxed);
        if (index >= of->jobs)
            return;
        of->job(of->context, index, number);
    }
}

static void *run_worker(void *arg)
{
    worker *w = arg;
    run_jobs(w->of, w->number);
    return NULL;
}

void pool_run(unsigned threads, size_t jobs, void (*job)(void *context, size_t index, unsigned worker), void *context)
{
    work of = { .jobs = jobs, .job = job, .context = context };
    if (threads > jobs)
        threads = (unsigned)jobs;
    if (threads <= 1) {
        run_jobs(&of, 0);
        return;
    }
    worker *workers = memory_grow(NULL, threads, sizeof *workers);
    unsigned started = 1;                     /* the caller is worker 0 */
    for (; started < threads; started++) {
        workers[started] = (worker){ .of = &of, .number = started };
        if (pthread_create(&workers[started].thread, NULL, run_worker, &workers[started]) != 0)
            break;                            /* fewer hands, the same work */
    }
    run_jobs(&of, 0);
    for (unsigned i = 1; i < started; i++)
        pthread_join(workers[i].thread, NULL);
    free(workers);
}

unsigned pool_cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int count = CPU_COUNT(&set);
    return count > 0 ? (unsigned)count : 1;
}
