#include "cli/bar.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

static const char *line(uint64_t done, uint64_t total, double seconds, unsigned columns)
{
    static char out[200];
    bar_text((progress_state){ .done = done, .total = total }, seconds, "reading", columns, out, sizeof out);
    return out;
}

static void an_unknown_total_has_no_bar(void **state)
{
    (void)state;
    assert_string_equal(line(1500000, 0, 10, 79), "reading  1.5 MB");
}

static void the_rest_is_estimated_from_what_is_done(void **state)
{
    (void)state;
    assert_string_equal(line(250, 1000, 10, 79), "reading  [#####...............]  25 %  250 B of 1.0 KB  about 30 s left");
    assert_string_equal(line(2000000000, 40000000000, 60, 79),
                        "reading  [#...................]   5 %  2.0 GB of 40 GB  about 19 min 00 s left");
    assert_non_null(strstr(line(10, 1000, 100, 79), "about 2 h 45 min left"));
}

static void too_little_to_tell_gives_no_estimate(void **state)
{
    (void)state;
    assert_null(strstr(line(500, 1000, 1, 79), "left"));
    assert_null(strstr(line(1, 1000, 10, 79), "left"));
    assert_null(strstr(line(1000, 1000, 10, 79), "left"));
}

static void it_fits_in_a_narrow_terminal(void **state)
{
    (void)state;
    assert_int_equal(strlen(line(250, 1000, 10, 30)), 30);
    assert_int_equal(strlen(line(250, 1000, 10, 1)), 1);
    assert_true(strlen(line(UINT64_MAX / 2, UINT64_MAX, 1e9, 79)) <= 79);
}

static void it_is_silent_where_there_is_no_terminal(void **state)
{
    (void)state;
    bar b;
    progress p;
    progress_init(&p);
    bar_begin(&b, &p, "reading");
    assert_false(b.runs);
    bar_end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_total_has_no_bar),
        cmocka_unit_test(the_rest_is_estimated_from_what_is_done),
        cmocka_unit_test(too_little_to_tell_gives_no_estimate),
        cmocka_unit_test(it_fits_in_a_narrow_terminal),
        cmocka_unit_test(it_is_silent_where_there_is_no_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
