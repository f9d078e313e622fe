#include "cmocka_all.h"

#include "base/buf.h"

static void what_is_put_comes_out_in_order(void **state)
{
    (void)state;
    buf b;
    buf_init(&b, 1 << 20);
    assert_string_equal(buf_text(&b), "");
    buf_str(&b, "one ");
    buf_char(&b, '2');
    buf_u64(&b, 0);
    buf_u64(&b, UINT64_MAX);
    buf_printf(&b, " %s %d", "three", -4);
    buf_span(&b, (span){ 0 });
    assert_string_equal(buf_text(&b), "one 2018446744073709551615 three -4");
    assert_false(b.overflow);
    buf_done(&b);
}

static void a_long_print_is_whole(void **state)
{
    (void)state;
    buf b;
    buf_init(&b, 1 << 20);
    buf_printf(&b, "%5000d", 7);
    assert_int_equal(b.len, 5000);
    assert_int_equal(b.at[4999], '7');
    buf_done(&b);
}

static void the_limit_takes_all_or_nothing(void **state)
{
    (void)state;
    buf b;
    buf_init(&b, 10);
    buf_str(&b, "12345678");
    buf_str(&b, "abc");
    assert_true(b.overflow);
    assert_string_equal(buf_text(&b), "12345678");
    buf_str(&b, "90");
    assert_string_equal(buf_text(&b), "1234567890");
    buf_char(&b, 'x');
    buf_u64(&b, 5);
    buf_printf(&b, "y");
    assert_string_equal(buf_text(&b), "1234567890");
    assert_true(b.overflow);
    buf_clear(&b);
    assert_false(b.overflow);
    buf_printf(&b, "%d", 1234567890);
    assert_false(b.overflow);
    assert_false(buf_room(&b, SIZE_MAX));
    assert_true(b.overflow);
    buf_done(&b);
}

static void it_grows_to_its_limit_and_keeps_what_it_has(void **state)
{
    (void)state;
    enum { LIMIT = 100003 };
    buf b;
    buf_init(&b, LIMIT);
    for (size_t i = 0; i < LIMIT; i++)
        buf_char(&b, (char)(i % 251));
    assert_false(b.overflow);
    for (size_t i = 0; i < LIMIT; i++)
        assert_int_equal(b.at[i], i % 251);
    buf_char(&b, 0);
    assert_true(b.overflow);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_comes_out_in_order),
        cmocka_unit_test(a_long_print_is_whole),
        cmocka_unit_test(the_limit_takes_all_or_nothing),
        cmocka_unit_test(it_grows_to_its_limit_and_keeps_what_it_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
