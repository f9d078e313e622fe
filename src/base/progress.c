#include "base/progress.h"

#include <stddef.h>

void progress_init(progress *p)
{
    atomic_init(&p->done, 0);
    atomic_init(&p->total, 0);
}

void progress_expect(progress *p, uint64_t bytes)
{
    if (p)
        atomic_fetch_add_explicit(&p->total, bytes, memory_order_relaxed);
}

void progress_add(progress *p, uint64_t bytes)
{
    if (p)
        atomic_fetch_add_explicit(&p->done, bytes, memory_order_relaxed);
}

progress_state progress_now(progress *p)
{
    progress_state now = { 0 };
    if (!p)
        return now;
    now.done = atomic_load_explicit(&p->done, memory_order_relaxed);
    now.total = atomic_load_explicit(&p->total, memory_order_relaxed);
    if (now.total && now.done > now.total)
        now.done = now.total;
    return now;
}
