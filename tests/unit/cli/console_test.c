#include "cli/console.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

static char shown[8192];

static const char *escaped(span text, bool keep_lines)
{
    FILE *to = tmpfile();
    assert_non_null(to);
    console_escape(to, text, keep_lines);
    rewind(to);
    shown[fread(shown, 1, sizeof shown - 1, to)] = '\0';
    fclose(to);
    return shown;
}
static const char *escaped_text(const char *text) { return escaped(span_str(text), false); }

static void plain_text_in_any_script_stays(void **state)
{
    (void)state;
    assert_string_equal(escaped_text("svchost.exe 驱动人生 Ünïcödé 😀"), "svchost.exe 驱动人生 Ünïcödé 😀");
}

static void sequences_that_steer_a_terminal_are_shown(void **state)
{
    (void)state;
    assert_string_equal(escaped_text("a\033[2Jb\r\b\a\x7f"), "a\\x1b[2Jb\\r\\x08\\x07\\x7f");
    assert_string_equal(escaped_text("one\ntwo\t3"), "one\\ntwo\\t3");
    assert_string_equal(escaped_text("\xc2\x9b" "31m"), "\\x9b31m");
    assert_string_equal(escaped(span_of("a\0b", 3), false), "a\\x00b");
    assert_string_equal(escaped(span_str("one\n\ttwo\033"), true), "one\n\ttwo\\x1b");
}

static void text_that_runs_backwards_or_hides_is_shown(void **state)
{
    (void)state;
    assert_string_equal(escaped_text("invoice\xe2\x80\xae" "fdp.exe"), "invoice\\u202efdp.exe");
    assert_string_equal(escaped_text("a\xe2\x81\xa6z"), "a\\u2066z");
    assert_string_equal(escaped_text("a\xe2\x80\x8bz"), "a\\u200bz");
    assert_string_equal(escaped_text("\xef\xbb\xbfz"), "\\ufeffz");
    assert_string_equal(escaped_text("\xf3\xa0\x81\x81z"), "\\U000e0041z");
    assert_string_equal(escaped_text("a\xe2\x80\xa8z"), "a\\u2028z");
}

static void bytes_that_are_no_utf8_are_shown_one_by_one(void **state)
{
    (void)state;
    assert_string_equal(escaped_text("\xff\xc0\xafz"), "\\xff\\xc0\\xafz");
    assert_string_equal(escaped_text("\xed\xa0\x80"), "\\xed\\xa0\\x80");
    assert_string_equal(escaped_text("\xe4\xb8"), "\\xe4\\xb8");
    assert_string_equal(escaped_text("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
    assert_string_equal(escaped_text("\xe0\x80\x80"), "\\xe0\\x80\\x80");
}

static void a_line_too_long_is_cut_between_characters(void **state)
{
    (void)state;
    static char text[6001];
    for (size_t i = 0; i < 6000; i += 3)
        memcpy(text + i, "溯", 3);
    FILE *to = tmpfile();
    assert_non_null(to);
    console_say(to, "%s", text);
    rewind(to);
    size_t len = fread(shown, 1, sizeof shown - 1, to);
    fclose(to);
    shown[len] = '\0';
    assert_true(len > 1000 && len < 2100);
    assert_string_equal(shown + len - 4, "...\n");
    assert_int_equal((len - 4) % 3, 0);
    assert_memory_equal(shown, text, len - 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_in_any_script_stays),
        cmocka_unit_test(sequences_that_steer_a_terminal_are_shown),
        cmocka_unit_test(text_that_runs_backwards_or_hides_is_shown),
        cmocka_unit_test(bytes_that_are_no_utf8_are_shown_one_by_one),
        cmocka_unit_test(a_line_too_long_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
