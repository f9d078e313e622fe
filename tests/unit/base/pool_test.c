#include "cmocka_all.h"

#include "base/pool.h"
#include "base/progress.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

enum { JOBS = 10000, WORKERS = 7 };

typedef struct {
    atomic_uint runs[JOBS];
    atomic_bool busy[WORKERS];
    atomic_bool overlapped, beyond;
    pthread_t caller;
    atomic_bool elsewhere;
    progress done;
} tally;

static void count(void *context, size_t index, unsigned worker)
{
    tally *t = context;
    atomic_fetch_add(&t->runs[index], 1);
    if (worker >= WORKERS) {
        atomic_store(&t->beyond, true);
        return;
    }
    if (atomic_exchange(&t->busy[worker], true))
        atomic_store(&t->overlapped, true);
    if (!pthread_equal(pthread_self(), t->caller))
        atomic_store(&t->elsewhere, true);
    progress_add(&t->done, 3);
    atomic_store(&t->busy[worker], false);
}

static tally t;

static void run(unsigned threads, size_t jobs)
{
    memset(&t, 0, sizeof t);
    t.caller = pthread_self();
    progress_init(&t.done);
    progress_expect(&t.done, 3 * jobs);
    pool_run(threads, jobs, count, &t);
    for (size_t i = 0; i < JOBS; i++)
        assert_int_equal(t.runs[i], i < jobs);
    assert_false(t.overlapped);
    assert_false(t.beyond);
    assert_int_equal(progress_now(&t.done).done, 3 * jobs);
    assert_int_equal(progress_now(&t.done).total, 3 * jobs);
}

static void each_job_runs_once_whatever_the_number_of_threads(void **state)
{
    (void)state;
    run(WORKERS, JOBS);
    run(2, JOBS);
    run(WORKERS, 3);
    run(WORKERS, 0);
    run(0, 5);
}

static void one_thread_is_the_caller(void **state)
{
    (void)state;
    run(1, 100);
    assert_false(t.elsewhere);
}

static void progress_never_exceeds_a_known_total(void **state)
{
    (void)state;
    progress p;
    progress_init(&p);
    progress_add(&p, 10);
    assert_int_equal(progress_now(&p).done, 10);
    assert_int_equal(progress_now(&p).total, 0);
    progress_expect(&p, 7);
    assert_int_equal(progress_now(&p).done, 7);
    progress_expect(&p, 7);
    assert_int_equal(progress_now(&p).done, 10);
    progress_add(NULL, 1);
    progress_expect(NULL, 1);
    assert_int_equal(progress_now(NULL).done, 0);
}

static void there_is_a_processor(void **state)
{
    (void)state;
    assert_true(pool_cores() >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_job_runs_once_whatever_the_number_of_threads),
        cmocka_unit_test(one_thread_is_the_caller),
        cmocka_unit_test(progress_never_exceeds_a_known_total),
        cmocka_unit_test(there_is_a_processor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
