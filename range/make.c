#include "range/crash.h"

#include <errno.h>
#include <sys/stat.h>

switches switches_none(void)
{
    return (switches){ .seed = UINT64_MAX,
                       .entry = BY_SEED,
                       .hosts = BY_SEED,
                       .language = BY_SEED,
                       .undelivered = BY_SEED,
                       .source_empty = BY_SEED,
                       .slow = BY_SEED,
                       .cleared = BY_SEED,
                       .rolled = BY_SEED,
                       .audit_off = BY_SEED,
                       .renamed = BY_SEED,
                       .overlap = BY_SEED,
                       .intruders = BY_SEED,
                       .no_attack = BY_SEED,
                       .days = BY_SEED,
                       .scene = BY_SEED,
                       .crash = BY_SEED };
}

static void world_done(world *w)
{
    for (int i = 0; i < w->step_count; i++)
        for (int k = 0; k < SHOWS_KINDS; k++)
            vec_done(&w->steps[i].marks[k]);
    for (size_t i = 0; i < w->lefts.count; i++)
        vec_done(&((left *)vec_at(&w->lefts, i))->marks);
    vec_done(&w->lefts);
    vec_done(&w->stops);
    vec_done(&w->passing);
    for (int i = 0; i < w->host_count; i++) {
        vec_done(&w->hosts[i].people);
        vec_done(&w->hosts[i].gone);
    }
    for (size_t i = 0; i < 5; i++)
        vec_done((vec *[]){ &w->planted, &w->secrets, &w->exposed, &w->accounts, &w->states }[i]);
}

status range_make(const switches *sw)
{
    arena mem;
    world *w = NULL;
    arena_init(&mem, 0);
    status st = world_make(&mem, sw, &w);
    if (status_is_ok(st) && mkdir(sw->out, 0777) != 0 && errno != EEXIST)
        st = status_fail(STATUS_IO, "%s: %s", sw->out, strerror(errno));
    for (int i = 0; status_is_ok(st) && i < w->delivered; i++)
        st = sim_run(w, &w->hosts[i], &mem);
    for (int i = 0; status_is_ok(st) && i < w->delivered && !w->sw.no_hives; i++)
        st = host_write(w, &w->hosts[i], &mem);
    for (int i = 0; status_is_ok(st) && i < w->delivered && sw->crash != BY_SEED; i++)
        st = crash_dumps(w, &w->hosts[i], &mem);
    if (status_is_ok(st))
        st = truth_write(w);
    if (status_is_ok(st) && (w->sw.scene == BY_SEED ? sw->seed == 1 : w->sw.scene))
        st = scene_write(w);
    if (w)
        world_done(w);
    arena_done(&mem);
    return st;
}
