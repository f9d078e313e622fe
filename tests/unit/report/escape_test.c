#include "report/escape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void expect(void (*escape)(span, buf *), const char *in, size_t len, const char *wanted)
{
    buf out;
    buf_init(&out, 4096);
    escape(span_of(in, len), &out);
    assert_string_equal(buf_text(&out), wanted);
    buf_done(&out);
}
#define EXPECT(escape, in, wanted) expect(escape, in, sizeof in - 1, wanted)

static void markup_is_escaped_for_text_and_attributes(void **state)
{
    (void)state;
    EXPECT(escape_html, "<a href=\"x\" b='y'>&`", "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;&#96;");
    EXPECT(escape_html, "溯源 é €", "溯源 é €");
}

static void what_cannot_be_seen_is_shown(void **state)
{
    (void)state;
    EXPECT(escape_html, "a\x1b[0m\x7f", "a\\x1b[0m\\x7f");
    EXPECT(escape_html, "\u202e\u2066\u200b\ufeff\u00ad", "\\u202e\\u2066\\u200b\\ufeff\\u00ad");
    EXPECT(escape_html, "\U000e0041", "\\ue0041");
    EXPECT(escape_html, "a\nb\tc\r", "a\nb c ");
}

static void broken_bytes_are_replaced(void **state)
{
    (void)state;
    EXPECT(escape_html, "a\xff" "b\xe6\xba", "a\ufffd" "b\ufffd");
}

static void a_line_of_a_terminal_stays_a_line(void **state)
{
    (void)state;
    EXPECT(escape_plain, "one\ntwo\r\nthree\t\x1b]0;title\x07<b>", "one two  three \\x1b]0;title\\x07<b>");
}

static void a_clipped_text_ends_with_a_whole_character(void **state)
{
    (void)state;
    arena mem;
    arena_init(&mem, 0);
    assert_string_equal(escape_clip(&mem, "short", 5), "short");
    assert_string_equal(escape_clip(&mem, "shorter", 5), "short…");
    assert_string_equal(escape_clip(&mem, "溯源报告", 7), "溯源…");
    assert_string_equal(escape_clip(&mem, "溯", 1), "…");
    arena_done(&mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markup_is_escaped_for_text_and_attributes),
        cmocka_unit_test(what_cannot_be_seen_is_shown),
        cmocka_unit_test(broken_bytes_are_replaced),
        cmocka_unit_test(a_line_of_a_terminal_stays_a_line),
        cmocka_unit_test(a_clipped_text_ends_with_a_whole_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
