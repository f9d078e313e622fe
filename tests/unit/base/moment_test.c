#include "cmocka_all.h"

#include "base/moment.h"

static moment parsed(const char *text)
{
    moment t = MOMENT_UNKNOWN;
    return moment_parse(span_str(text), &t) ? t : MOMENT_UNKNOWN;
}

static void assert_iso(moment t, const char *wanted)
{
    char text[MOMENT_TEXT];
    assert_string_equal(moment_iso(t, text), wanted);
}

static void filetimes_read_as_windows_shows_them(void **state)
{
    (void)state;
    assert_iso(0, "1601-01-01T00:00:00.0000000Z");
    assert_iso(116444736000000000, "1970-01-01T00:00:00.0000000Z");
    assert_iso(125911584000000000, "2000-01-01T00:00:00.0000000Z");
    assert_iso(128166372003061629, "2007-02-22T17:00:00.3061629Z");
    assert_iso(0x7FFFFFFFFFFFFFFF, "30828-09-14T02:48:05.4775807Z");
    assert_iso(UINT64_MAX - 1, "60056-05-28T05:36:10.9551614Z");
    assert_iso(MOMENT_UNKNOWN, "");
}

static void leap_days_are_where_they_belong(void **state)
{
    (void)state;
    static const struct { int year; bool leap; } years[] = { { 1700, false }, { 1900, false }, { 2000, true }, { 2001, false },
                                                             { 2020, true }, { 2100, false }, { 2400, true }, { 30828, true } };
    for (size_t i = 0; i < sizeof years / sizeof *years; i++) {
        moment_parts p = { .year = years[i].year, .month = 2, .day = 29 };
        assert_int_equal(moment_known(moment_from_parts(p)), years[i].leap);
        p.day = 28;
        moment_parts next = moment_to_parts(moment_from_parts(p) + MOMENT_DAY);
        assert_int_equal(next.month, years[i].leap ? 2 : 3);
        assert_int_equal(next.day, years[i].leap ? 29 : 1);
    }
}

static void parts_and_back_is_the_same_moment(void **state)
{
    (void)state;
    moment_parts before = { 0 };
    for (uint64_t t = 0; t < 3000 * 366 * MOMENT_DAY; t += MOMENT_DAY - 1) {
        moment_parts p = moment_to_parts(t);
        assert_true(moment_from_parts(p) == t);
        assert_true(p.year > before.year || p.month > before.month || p.day >= before.day);
        before = p;
    }
}

static void no_date_is_unknown(void **state)
{
    (void)state;
    static const moment_parts bad[] = {
        { 1600, 12, 31, 0, 0, 0, 0 }, { 2021, 0, 1, 0, 0, 0, 0 }, { 2021, 13, 1, 0, 0, 0, 0 }, { 2021, 1, 0, 0, 0, 0, 0 },
        { 2021, 4, 31, 0, 0, 0, 0 }, { 2021, 1, 1, 24, 0, 0, 0 }, { 2021, 1, 1, 0, 60, 0, 0 }, { 2021, 1, 1, 0, 0, 60, 0 },
        { 2021, 1, 1, 0, 0, 0, 10000000 }, { 60056, 5, 29, 0, 0, 0, 0 }, { 70000, 1, 1, 0, 0, 0, 0 }, { 2021, 1, 1, -1, 0, 0, 0 },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(moment_known(moment_from_parts(bad[i])));
    (void)state;
}

static void unix_times_go_both_ways(void **state)
{
    (void)state;
    assert_true(moment_from_unix(0, 0) == 116444736000000000);
    assert_true(moment_from_unix(-11644473600, 0) == 0);
    assert_false(moment_known(moment_from_unix(-11644473601, 999999999)));
    assert_false(moment_known(moment_from_unix(INT64_MAX, 0)));
    assert_false(moment_known(moment_from_unix(INT64_MIN, 0)));
    assert_false(moment_known(moment_from_unix(0, 1000000000)));
    assert_true(moment_from_unix(1, 199) == 116444736000000000 + 10000001);
    assert_int_equal(moment_to_unix(moment_from_unix(1589169910, 999999999)), 1589169910);
    assert_int_equal(moment_to_unix(moment_from_unix(-1, 5)), -1);
    assert_int_equal(moment_to_unix(0), -11644473600);
    assert_true(moment_from_unix(1833029933770, 955161400) == UINT64_MAX - 1);
    assert_false(moment_known(moment_from_unix(1833029933770, 955161500)));
}

static void a_systemtime_is_read_or_unknown(void **state)
{
    (void)state;
    const uint8_t good[16] = { 0xE4, 7, 2, 0, 6, 0, 29, 0, 23, 0, 59, 0, 58, 0, 0xE7, 3 };
    assert_iso(moment_from_systemtime(span_of(good, 16)), "2020-02-29T23:59:58.9990000Z");
    uint8_t bad[16];
    memcpy(bad, good, 16);
    bad[0] = 0xE5;
    assert_false(moment_known(moment_from_systemtime(span_of(bad, 16))));
    memcpy(bad, good, 16);
    bad[15] = 4;        /* 1255 milliseconds */
    assert_false(moment_known(moment_from_systemtime(span_of(bad, 16))));
    memset(bad, 0, 16);
    assert_false(moment_known(moment_from_systemtime(span_of(bad, 16))));
    memset(bad, 0xFF, 16);
    assert_false(moment_known(moment_from_systemtime(span_of(bad, 16))));
    assert_false(moment_known(moment_from_systemtime(span_of(good, 15))));
}

static void iso_texts_are_parsed_with_their_zone(void **state)
{
    (void)state;
    assert_iso(parsed("2020-05-11"), "2020-05-11T00:00:00.0000000Z");
    assert_iso(parsed("2020-05-11T04:05"), "2020-05-11T04:05:00.0000000Z");
    assert_iso(parsed("2020-05-11 04:05:10"), "2020-05-11T04:05:10.0000000Z");
    assert_iso(parsed("2020-05-11T04:05:10Z"), "2020-05-11T04:05:10.0000000Z");
    assert_iso(parsed("2020-05-11T04:05:10.1Z"), "2020-05-11T04:05:10.1000000Z");
    assert_iso(parsed("2020-05-11T04:05:10.123456789Z"), "2020-05-11T04:05:10.1234567Z");
    assert_iso(parsed("2020-05-11T12:05:10+08:00"), "2020-05-11T04:05:10.0000000Z");
    assert_iso(parsed("2020-05-11T00:05:10.5-04:30"), "2020-05-11T04:35:10.5000000Z");
    assert_iso(parsed("2020-05-11 00:05+05:45"), "2020-05-10T18:20:00.0000000Z");
    assert_iso(parsed("60056-05-28T05:36:10.9551614Z"), "60056-05-28T05:36:10.9551614Z");
}

static void what_is_no_iso_text_is_refused(void **state)
{
    static const char *const bad[] = {
        "", "2020", "2020-05", "2020-5-11", "20-05-11", "2020/05/11", "2020-05-11T", "2020-05-11T04", "2020-05-11T4:05",
        "2020-05-11X04:05", "2020-05-11T04:05:1", "2020-05-11T04:05:10.", "2020-05-11T04:05:10.1234567890", "2020-02-30",
        "2020-05-11T24:00", "2020-05-11T04:60", "2020-05-11T04:05Z ", "2020-05-11T04:05+8", "2020-05-11T04:05+24:00",
        "2020-05-11T04:05+08:60", "2020-05-11T04:05+08", "1600-12-31", "1601-01-01T00:00+00:01", " 2020-05-11", "2020-05-11Z",
        "60056-05-28T05:36:10.9551615Z", "123456-01-01",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (moment_known(parsed(bad[i])))
            fail_msg("accepted: %s", bad[i]);
}

static void text_and_back_is_the_same_moment(void **state)
{
    (void)state;
    char text[MOMENT_TEXT];
    for (uint64_t t = 12345; t < UINT64_MAX - (1ull << 53); t += 1ull << 53)
        assert_true(parsed(moment_iso(t, text)) == t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filetimes_read_as_windows_shows_them),
        cmocka_unit_test(leap_days_are_where_they_belong),
        cmocka_unit_test(parts_and_back_is_the_same_moment),
        cmocka_unit_test(no_date_is_unknown),
        cmocka_unit_test(unix_times_go_both_ways),
        cmocka_unit_test(a_systemtime_is_read_or_unknown),
        cmocka_unit_test(iso_texts_are_parsed_with_their_zone),
        cmocka_unit_test(what_is_no_iso_text_is_refused),
        cmocka_unit_test(text_and_back_is_the_same_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
