#include "cmocka_all.h"

#include "base/json_read.h"
#include "base/json_write.h"

#include <locale.h>
#include <math.h>

static const char *fixed(buf *b, double value, unsigned digits)
{
    json_writer w;
    buf_clear(b);
    json_begin(&w, b);
    json_fixed(&w, value, digits);
    return buf_text(b);
}

static void commas_stand_where_they_belong(void **state)
{
    (void)state;
    buf b;
    json_writer w;
    buf_init(&b, 1 << 20);
    json_begin(&w, &b);
    json_object(&w);
    json_key(&w, "empty");
    json_array(&w);
    json_end_array(&w);
    json_key(&w, "list");
    json_array(&w);
    json_u64(&w, UINT64_MAX);
    json_i64(&w, INT64_MIN);
    json_object(&w);
    json_end_object(&w);
    json_bool(&w, true);
    json_bool(&w, false);
    json_null(&w);
    json_text(&w, NULL);
    json_end_array(&w);
    json_key(&w, "k\"");
    json_text(&w, "v");
    json_end_object(&w);
    assert_string_equal(buf_text(&b), "{\"empty\":[],\"list\":[18446744073709551615,-9223372036854775808,{},true,false,null,null],"
                                      "\"k\\\"\":\"v\"}");
    buf_done(&b);
}

static void what_the_reader_takes_at_its_deepest_can_be_written(void **state)
{
    (void)state;
    buf b;
    arena mem;
    json *value;
    json_writer w;
    buf_init(&b, 1 << 20);
    arena_init(&mem, 1 << 20);
    json_begin(&w, &b);
    for (int i = 0; i < JSON_DEPTH; i++)
        json_array(&w);
    for (int i = 0; i < JSON_DEPTH; i++)
        json_end_array(&w);
    assert_int_equal(b.len, 2 * JSON_DEPTH);
    assert_true(status_is_ok(json_parse(&mem, buf_bytes(&b), &value)));
    arena_done(&mem);
    buf_done(&b);
}

static void texts_are_escaped_and_mended(void **state)
{
    (void)state;
    buf b;
    json_writer w;
    buf_init(&b, 1 << 20);
    json_begin(&w, &b);
    json_array(&w);
    json_text(&w, "\"\\/\b\f\n\r\t\x01\x1f\x7f\xE6\xBA\xAF");
    json_text(&w, "a\xFF" "b\xE6\xBA" "c\xED\xA0\x80");
    json_bytes(&w, span_of("\0", 1));
    json_end_array(&w);
    assert_string_equal(buf_text(&b), "[\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xE6\xBA\xAF\","
                                      "\"a\xEF\xBF\xBD" "b\xEF\xBF\xBD" "c\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\",\"\\u0000\"]");
    buf_done(&b);
}

static void numbers_have_a_point_and_no_exponent(void **state)
{
    (void)state;
    buf b;
    buf_init(&b, 1 << 20);
    assert_string_equal(fixed(&b, 0.5, 3), "0.5");
    assert_string_equal(fixed(&b, 1.0 / 3, 4), "0.3333");
    assert_string_equal(fixed(&b, 2.0, 4), "2");
    assert_string_equal(fixed(&b, 100.0, 0), "100");
    assert_string_equal(fixed(&b, -1.25, 2), "-1.25");
    assert_string_equal(fixed(&b, -0.0, 2), "0");
    assert_string_equal(fixed(&b, -0.001, 2), "0");
    assert_string_equal(fixed(&b, 1e15, 2), "1000000000000000");
    assert_string_equal(fixed(&b, 1e-9, 6), "0");
    assert_string_equal(fixed(&b, NAN, 2), "null");
    assert_string_equal(fixed(&b, INFINITY, 2), "null");
    assert_int_equal(strlen(fixed(&b, 1.7976931348623157e308, 17)), 309);
    buf_done(&b);
}

/* Needs a locale with a comma; without one on this machine there is nothing to see. */
static void the_user_s_locale_changes_nothing(void **state)
{
    (void)state;
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "fr_FR.UTF-8"))
        skip();
    buf b;
    arena mem;
    json *value;
    buf_init(&b, 1 << 20);
    arena_init(&mem, 1 << 20);
    assert_string_equal(fixed(&b, 1234.5, 2), "1234.5");
    assert_true(status_is_ok(json_parse(&mem, buf_bytes(&b), &value)));
    assert_true(json_number(value, 0) == 1234.5);
    arena_done(&mem);
    buf_done(&b);
    setlocale(LC_ALL, "C");
}

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    buf b;
    arena mem;
    json *value;
    json_writer w;
    buf_init(&b, 1 << 20);
    arena_init(&mem, 1 << 20);
    for (uint32_t c = 1; c < 0x110000; c = c < 0x300 ? c + 1 : c + 997) {
        char text[16] = { 0 };
        if (c >= 0xD800 && c < 0xE000)
            continue;
        size_t len = 0;
        if (c < 0x80)
            text[len++] = (char)c;
        else if (c < 0x800)
            text[len++] = (char)(0xC0 | c >> 6);
        else if (c < 0x10000)
            text[len++] = (char)(0xE0 | c >> 12);
        else
            text[len++] = (char)(0xF0 | c >> 18);
        for (int shift = c < 0x80 ? -6 : c < 0x800 ? 0 : c < 0x10000 ? 6 : 12; shift >= 0; shift -= 6)
            text[len++] = (char)(0x80 | (c >> shift & 63));
        buf_clear(&b);
        json_begin(&w, &b);
        json_text(&w, text);
        assert_true(status_is_ok(json_parse(&mem, buf_bytes(&b), &value)));
        assert_string_equal((const char *)value->text.at, text);
        arena_reset(&mem);
    }
    arena_done(&mem);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_stand_where_they_belong),
        cmocka_unit_test(what_the_reader_takes_at_its_deepest_can_be_written),
        cmocka_unit_test(texts_are_escaped_and_mended),
        cmocka_unit_test(numbers_have_a_point_and_no_exponent),
        cmocka_unit_test(the_user_s_locale_changes_nothing),
        cmocka_unit_test(what_is_written_is_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
