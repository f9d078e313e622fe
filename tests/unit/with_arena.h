/* How a test begins that wants an arena: cmocka, what it needs, and memory that lives as long as one test or group.
 *   cmocka_unit_test_setup_teardown(a_test, begin, end)      cmocka_run_group_tests(tests, begin, end) */
#pragma once
#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static arena mem;

static inline int begin(void **state)
{
    (void)state;
    arena_init(&mem, 16 << 20);
    return 0;
}

static inline int end(void **state)
{
    (void)state;
    arena_done(&mem);
    return 0;
}
