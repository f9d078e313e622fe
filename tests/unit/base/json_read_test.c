#include "cmocka_all.h"

#include "base/json_read.h"

static bool accepts_bytes(span bytes)
{
    arena mem;
    json *value;
    arena_init(&mem, 1 << 20);
    bool good = status_is_ok(json_parse(&mem, bytes, &value));
    arena_done(&mem);
    return good;
}

static bool accepts(const char *text)
{
    return accepts_bytes(span_str(text));
}

static void what_rfc_8259_allows_is_read(void **state)
{
    static const char *const good[] = {
        "null", "true", "false", "0", "-0", "-1", "10", "1.5", "1e5", "1E+5", "1e-5", "-0.0e0", "123456789012345678901234567890",
        "\"\"", "\"a\"", " \t\r\n1 \t\r\n", "[]", "{}", "[ ]", "{ }", "[1,2]", "[1 , 2]", "{\"a\":1}", "{ \"a\" : [ { } ] }",
        "{\"\":0}", "{\"a\":1,\"a\":2}", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u0041\"", "\"\\uD834\\uDd1e\"", "\"\\uD800\"",
        "\"\x7f\"", "\"\xC2\x80\"", "\"\xE6\xBA\xAF\"", "\"\xF4\x8F\xBF\xBF\"", "[[[[1]]]]", "\"\\u0000\"",
    };
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!accepts(good[i]))
            fail_msg("refused: %s", good[i]);
}

static void what_rfc_8259_does_not_allow_is_refused(void **state)
{
    static const char *const bad[] = {
        "", " ", "nul", "nulL", "truee", "TRUE", "NaN", "Infinity", "-", "+1", "01", "-01", "1.", ".5", "1.e5", "1e", "1e+", "0x10",
        "1 2", "[", "]", "{", "}", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}",
        "{a:1}", "{1:1}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "[1}", "{\"a\":1]", "\"", "\"a", "\"\\", "\"\\\"", "\"\\x\"", "\"\\u12\"",
        "\"\\u12G4\"", "\"\\U0041\"", "\"\n\"", "\"\t\"", "\"\x01\"", "'a'", "// x\n1", "/* */1", "\"\x80\"", "\"\xC0\x80\"",
        "\"\xED\xA0\x80\"", "\"\xF4\x90\x80\x80\"", "\"\xE6\xBA\"", ("\xEF\xBB\xBF" "1"), "[1]x", "\"\\uD834\\u\"", "\v1", "1\f",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (accepts(bad[i]))
            fail_msg("accepted: %s", bad[i]);
    assert_false(accepts_bytes(span_of("1\0", 2)));
    assert_false(accepts_bytes(span_of("\"a\0b\"", 5)));
}

static void depth_stops_at_its_limit(void **state)
{
    (void)state;
    char text[2 * JSON_DEPTH + 3];
    memset(text, '[', JSON_DEPTH);
    memset(text + JSON_DEPTH, ']', JSON_DEPTH);
    assert_true(accepts_bytes(span_of(text, 2 * JSON_DEPTH)));
    memset(text, '[', JSON_DEPTH + 1);
    memset(text + JSON_DEPTH + 1, ']', JSON_DEPTH + 1);
    assert_false(accepts_bytes(span_of(text, 2 * JSON_DEPTH + 2)));
    static char deep[1 << 20];
    memset(deep, '[', sizeof deep);
    assert_false(accepts_bytes(span_of(deep, sizeof deep)));
}

static void memory_stops_at_the_arena_s_limit(void **state)
{
    (void)state;
    static char text[100001];
    memset(text, ' ', sizeof text);
    text[0] = '[';
    for (size_t i = 1; i < 100000; i += 2) {
        text[i] = '1';
        text[i + 1] = ',';
    }
    text[100000] = ']';
    text[99999] = ' ';
    text[99998] = ' ';
    arena mem;
    json *value;
    arena_init(&mem, 64 << 10);
    assert_int_equal(json_parse(&mem, span_of(text, sizeof text), &value).code, STATUS_LIMIT);
    assert_true(mem.used <= 64 << 10);
    arena_done(&mem);
    arena_init(&mem, 64 << 20);
    assert_int_equal(json_parse(&mem, span_of(text, sizeof text), &value).code, STATUS_OK);
    assert_int_equal(value->count, 49999);
    arena_done(&mem);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    const char *text = "{\"a\": [1, \"two\", {\"b\": null}], \"c\": \"\\u6eaf\"}";
    json *value;
    size_t nth = 1;
    for (;; nth++) {
        arena mem;
        arena_init(&mem, 1 << 20);
        arena_fail_at(&mem, nth);
        status done = json_parse(&mem, span_str(text), &value);
        arena_done(&mem);
        if (status_is_ok(done))
            break;
        assert_int_equal(done.code, STATUS_LIMIT);
    }
    assert_true(nth > 8);
}

static void values_are_found_by_name_and_kind(void **state)
{
    (void)state;
    arena mem;
    json *v;
    arena_init(&mem, 1 << 20);
    const char *text = "{\"text\":\"\\u6eAF\\ud83d\\ude00\\ud800x\\n\",\"n\":-42,\"u\":18446744073709551615,\"big\":18446744073709551616,"
                       "\"min\":-9223372036854775808,\"under\":-9223372036854775809,\"r\":2.5,\"e\":1e3,\"huge\":1e999,\"twice\":1,"
                       "\"twice\":2,\"yes\":true,\"list\":[1,2,3],\"none\":null}";
    assert_true(status_is_ok(json_parse(&mem, span_str(text), &v)));
    assert_string_equal(json_str(v, "text"), "\xE6\xBA\xAF\xF0\x9F\x98\x80\xEF\xBF\xBDx\n");
    assert_string_equal(json_str(v, "absent"), "");
    assert_string_equal(json_str(v, "n"), "");
    int64_t i;
    uint64_t u;
    assert_true(json_int(json_get(v, "n"), &i) && i == -42);
    assert_false(json_uint(json_get(v, "n"), &u));
    assert_true(json_uint(json_get(v, "u"), &u) && u == UINT64_MAX);
    assert_false(json_int(json_get(v, "u"), &i));
    assert_false(json_uint(json_get(v, "big"), &u));
    assert_true(json_int(json_get(v, "min"), &i) && i == INT64_MIN);
    assert_false(json_int(json_get(v, "under"), &i));
    assert_false(json_int(json_get(v, "r"), &i));
    assert_false(json_int(json_get(v, "e"), &i));
    assert_false(json_int(json_get(v, "text"), &i));
    assert_false(json_int(NULL, &i));
    assert_true(json_number(json_get(v, "r"), -1) == 2.5);
    assert_true(json_number(json_get(v, "huge"), -1) == -1);
    assert_true(json_number(json_get(v, "text"), -1) == -1);
    assert_true(json_int(json_get(v, "twice"), &i) && i == 1);
    assert_true(json_get(v, "yes")->truth);
    assert_int_equal(json_get(v, "list")->count, 3);
    assert_null(json_get(json_get(v, "list"), "a"));
    assert_int_equal(json_get(v, "none")->kind, JSON_NULL);
    arena_done(&mem);
}

static void a_mistake_is_told_with_its_place(void **state)
{
    (void)state;
    arena mem;
    json *v;
    arena_init(&mem, 1 << 20);
    status done = json_parse(&mem, span_str("[1, 2, x]"), &v);
    assert_int_equal(done.code, STATUS_DAMAGED);
    assert_string_equal(done.words, "JSON, byte 7: a value was expected");
    arena_done(&mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_rfc_8259_allows_is_read),
        cmocka_unit_test(what_rfc_8259_does_not_allow_is_refused),
        cmocka_unit_test(depth_stops_at_its_limit),
        cmocka_unit_test(memory_stops_at_the_arena_s_limit),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(values_are_found_by_name_and_kind),
        cmocka_unit_test(a_mistake_is_told_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
