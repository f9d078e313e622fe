#include "report/svg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define T0 132336435100000000ull
#define MIN MOMENT_MINUTE

static void times_keep_their_order_and_stay_on_the_axis(void **state)
{
    (void)state;
    moment times[] = { T0 + 600 * MIN, T0, T0 + 3 * MIN, T0 + 5 * MIN, T0 + 601 * MIN, T0 + 100000 * MIN };
    axis a;
    axis_make(&a, times, 6, 100, 900);
    int before = 99;
    for (size_t i = 0; i < 6; i++) {
        int x = axis_at(&a, times[i]);
        assert_true(x > before && x <= 1000);
        before = x;
    }
}

static void long_stretches_without_anything_are_folded(void **state)
{
    (void)state;
    moment times[] = { T0, T0 + 10 * MIN, T0 + 5000 * MIN, T0 + 5010 * MIN };
    axis a;
    axis_make(&a, times, 4, 0, 1000);
    assert_int_equal(a.count, 2);
    assert_true(axis_at(&a, T0 + 10 * MIN) - axis_at(&a, T0) > 300);
    int fold = axis_at(&a, T0 + 2500 * MIN);
    assert_true(fold > axis_at(&a, times[1]) && fold < axis_at(&a, times[2]));
}

static void a_busy_hour_is_not_folded(void **state)
{
    (void)state;
    moment times[60];
    for (size_t i = 0; i < 60; i++)
        times[i] = T0 + i * MIN;
    axis a;
    axis_make(&a, times, 60, 0, 1000);
    assert_int_equal(a.count, 1);
}

static void what_lies_outside_is_put_at_its_ends(void **state)
{
    (void)state;
    moment times[] = { T0, T0 + 10 * MIN };
    axis a;
    axis_make(&a, times, 2, 50, 500);
    assert_int_equal(axis_at(&a, T0 - MOMENT_DAY), 50);
    assert_int_equal(axis_at(&a, T0 + MOMENT_DAY), 550);
}

static void one_time_alone_has_an_axis(void **state)
{
    (void)state;
    moment times[] = { T0 };
    axis a;
    axis_make(&a, times, 1, 0, 400);
    int x = axis_at(&a, T0);
    assert_true(x > 0 && x < 400);
}

static void a_name_is_cut_to_what_fits(void **state)
{
    (void)state;
    arena mem;
    arena_init(&mem, 0);
    assert_string_equal(svg_fit(&mem, "short", 100), "short");
    assert_string_equal(svg_fit(&mem, "a-name-that-is-too-long", 70), "a-name…");
    assert_string_equal(svg_fit(&mem, "数据库服务器", 39), "数据…");
    assert_string_equal(svg_fit(&mem, "数据库", 39), "数据库");
    for (int width = 20; width < 300; width++)
        assert_true(svg_width(svg_fit(&mem, "WIN-77LTAPHIQ1R.example.corp 数据库", width)) <= width);
    arena_done(&mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_keep_their_order_and_stay_on_the_axis),
        cmocka_unit_test(long_stretches_without_anything_are_folded),
        cmocka_unit_test(a_busy_hour_is_not_folded),
        cmocka_unit_test(what_lies_outside_is_put_at_its_ends),
        cmocka_unit_test(one_time_alone_has_an_axis),
        cmocka_unit_test(a_name_is_cut_to_what_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
