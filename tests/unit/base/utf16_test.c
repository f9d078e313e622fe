#include "cmocka_all.h"
#include "numbers.h"

#include "base/utf16.h"
#include "base/utf16_plain.h"

#include <stdlib.h>

#define UNITS(text) span_of(u"" text, sizeof(u"" text) - 2)

typedef void writer(span, buf *);

static void assert_written(writer *write, span units, const char *wanted)
{
    buf b;
    buf_init(&b, 1 << 20);
    write(units, &b);
    assert_string_equal(buf_text(&b), wanted);
    assert_false(b.overflow);
    buf_done(&b);
}

static void letters_of_every_length_are_written(void **state)
{
    (void)state;
    assert_written(utf16_utf8, (span){ 0 }, "");
    assert_written(utf16_utf8, UNITS("plain"), "plain");
    assert_written(utf16_utf8, UNITS("\u00e9\u07ff\u0800\u6eaf\uffff\U0001F600\U0010FFFF"),
                   "\xC3\xA9\xDF\xBF\xE0\xA0\x80\xE6\xBA\xAF\xEF\xBF\xBF\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF");
    assert_written(utf16_utf8, span_of(u"ab", 3), "a");
}

static void broken_surrogates_become_fffd(void **state)
{
    (void)state;
    static const uint16_t high[] = { 'a', 0xD800, 'b' }, low[] = { 0xDC00, 'b' }, last[] = { 'a', 0xDBFF },
                          twice[] = { 0xD800, 0xD83D, 0xDE00 }, wrong[] = { 0xDE00, 0xD83D };
    assert_written(utf16_utf8, span_of(high, sizeof high), "a\xEF\xBF\xBD" "b");
    assert_written(utf16_utf8, span_of(low, sizeof low), "\xEF\xBF\xBD" "b");
    assert_written(utf16_utf8, span_of(last, sizeof last), "a\xEF\xBF\xBD");
    assert_written(utf16_utf8, span_of(twice, sizeof twice), "\xEF\xBF\xBD\xF0\x9F\x98\x80");
    assert_written(utf16_utf8, span_of(wrong, sizeof wrong), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

static void json_and_xml_escape_what_they_must(void **state)
{
    (void)state;
    assert_written(utf16_json, UNITS("\"\\/\b\f\n\r\t\x01\x1f\x7f\u6eaf<"), "\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xE6\xBA\xAF<");
    assert_written(utf16_xml, UNITS("a&b<c>d\"e'\t\n\r\x01\x1f\x7f\ufffe\uffff\ufffd\u6eaf"),
                   "a&amp;b&lt;c&gt;d&quot;e'\t\n\r\xEF\xBF\xBD\xEF\xBF\xBD\x7f\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xE6\xBA\xAF");
    buf b;
    buf_init(&b, 100);
    utf16_json(span_of(u"a\0b", 6), &b);
    assert_string_equal(buf_text(&b), "a\\u0000b");
    buf_done(&b);
}

/* Mostly plain letters, with a special one here and there, so that both the fast and the slow way are taken and left. */
static uint16_t random_unit(int kind)
{
    static const uint16_t special[] = { '"', '\\', '&', '<', '>', 0, 1, '\n', 0x1f, 0x20, 0x7f, 0x80, 0xff, 0x100, 0x7ff, 0x800, 0x6eaf,
                                        0xd800, 0xdbff, 0xdc00, 0xdfff, 0xfffe, 0xffff, 0x2200, 0x5c00, 0x0a00 };
    if (number() % (kind ? 40 : 3) == 0)
        return special[number() % (sizeof special / sizeof *special)];
    return (uint16_t)(kind == 2 ? number() : ' ' + number() % 95);
}

static void assert_same(writer *fast, writer *plain, span units)
{
    buf a, b;
    buf_init(&a, 1 << 20);
    buf_init(&b, 1 << 20);
    fast(units, &a);
    plain(units, &b);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.at ? (const void *)a.at : "", b.at ? (const void *)b.at : "", a.len);
    buf_done(&a);
    buf_done(&b);
}

static void the_fast_writers_equal_the_plain_ones_at_every_length_and_alignment(void **state)
{
    (void)state;
    for (size_t length = 0; length <= 200; length++)
        for (size_t shift = 0; shift < 32; shift++) {
            uint8_t *bytes = malloc(2 * length + shift + 1);          /* to its end and no further: the sanitizer would see it */
            for (size_t i = 0; i < length; i++) {
                uint16_t unit = random_unit((int)(shift % 3));
                memcpy(bytes + shift + 2 * i, &unit, 2);
            }
            span units = span_of(bytes + shift, 2 * length + (shift & 1));
            assert_same(utf16_utf8, utf16_utf8_plain, units);
            assert_same(utf16_json, utf16_json_plain, units);
            assert_same(utf16_xml, utf16_xml_plain, units);
            free(bytes);
        }
}

static void long_texts_are_whole(void **state)
{
    (void)state;
    enum { LENGTH = 50000 };
    uint16_t *units = malloc(2 * LENGTH);
    for (int kind = 0; kind < 3; kind++) {
        for (size_t i = 0; i < LENGTH; i++)
            units[i] = random_unit(kind);
        assert_same(utf16_utf8, utf16_utf8_plain, span_of(units, 2 * LENGTH));
        assert_same(utf16_json, utf16_json_plain, span_of(units, 2 * LENGTH));
        assert_same(utf16_xml, utf16_xml_plain, span_of(units, 2 * LENGTH));
    }
    free(units);
}

static void the_limit_counts_bytes_that_are_written(void **state)
{
    (void)state;
    buf b;
    buf_init(&b, 5);
    utf16_json(UNITS("12345"), &b);
    assert_false(b.overflow);
    assert_string_equal(buf_text(&b), "12345");
    utf16_json(UNITS("6"), &b);
    assert_true(b.overflow);
    assert_string_equal(buf_text(&b), "12345");
    buf_done(&b);
}

static void texts_are_trimmed_and_compared(void **state)
{
    (void)state;
    assert_true(utf16_is(utf16_trim(UNITS("abc \t\r\n\0\0")), "abc"));
    assert_int_equal(utf16_trim(UNITS(" \0 ")).len, 0);
    assert_int_equal(utf16_trim((span){ 0 }).len, 0);
    assert_int_equal(utf16_trim(span_of(u"ab", 3)).len, 2);
    assert_true(utf16_is(UNITS("C:\\Windows"), "c:\\wINDOWS"));
    assert_false(utf16_is(UNITS("C:\\Windows"), "c:\\window"));
    assert_false(utf16_is(UNITS("\u0163"), "c"));               /* 0x163: its low byte is a 'c' */
    assert_false(utf16_is(UNITS("["), "{"));                    /* letters only */
    assert_true(utf16_starts(UNITS("PSEXESVC.exe"), "psexe"));
    assert_false(utf16_starts(UNITS("ps"), "psexe"));
    assert_true(utf16_ends(UNITS("PSEXESVC.exe"), ".EXE"));
    assert_false(utf16_ends(UNITS("exe"), ".exe"));
    assert_true(utf16_has(UNITS("x powershell -Enc y"), "-enc"));
    assert_true(utf16_has(UNITS("abc"), ""));
    assert_true(utf16_has(UNITS("aab"), "ab"));
    assert_false(utf16_has(UNITS("ab"), "abc"));
}

static void texts_go_to_an_arena_that_may_be_too_small(void **state)
{
    (void)state;
    arena mem;
    arena_init(&mem, 32);
    assert_string_equal(utf16_text(&mem, UNITS("\u6eaf\u6e90")), "\xE6\xBA\xAF\xE6\xBA\x90");
    assert_null(utf16_text(&mem, UNITS("a text of more than sixteen")));
    arena_done(&mem);
}

/* The Unicode Standard, table 3-8 and its neighbours: every cut of every bound. */
static void utf8_is_valid_or_not(void **state)
{
    static const char *const good[] = { "", "a", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF",
                                        "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF" };
    static const char *const bad[] = { "\x80", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x7F", "\xC2\xC0", "\xE0\x9F\xBF", "\xE0\xA0",
                                       "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF0\x90\x80", "\xF4\x90\x80\x80",
                                       "\xF5\x80\x80\x80", "\xFF", "a\xFE" };
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(utf8_valid(span_str(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(utf8_valid(span_str(bad[i])));
    for (uint32_t c = 0; c < 0x110000; c++) {
        uint8_t text[4];
        size_t at = 0, len = utf8_put(text, c);
        uint32_t back = utf8_take(span_of(text, len), &at);
        if (c >= 0xD800 && c <= 0xDFFF)
            assert_int_equal(back, UTF8_INVALID);
        else
            assert_true(back == c && at == len);
    }
}

static void ascii_letters_are_lowered(void **state)
{
    (void)state;
    char text[] = "AbZ[`{\xC3\x84@";
    utf8_lower_ascii(text);
    assert_string_equal(text, "abz[`{\xC3\x84@");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_of_every_length_are_written),
        cmocka_unit_test(broken_surrogates_become_fffd),
        cmocka_unit_test(json_and_xml_escape_what_they_must),
        cmocka_unit_test(the_fast_writers_equal_the_plain_ones_at_every_length_and_alignment),
        cmocka_unit_test(long_texts_are_whole),
        cmocka_unit_test(the_limit_counts_bytes_that_are_written),
        cmocka_unit_test(texts_are_trimmed_and_compared),
        cmocka_unit_test(texts_go_to_an_arena_that_may_be_too_small),
        cmocka_unit_test(utf8_is_valid_or_not),
        cmocka_unit_test(ascii_letters_are_lowered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
