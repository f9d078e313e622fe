#include "text/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const text_zone china = { 480, "UTC+08:00" };

static void expect(const char *words, arg *args, size_t count, lang l, const char *wanted)
{
    buf out;
    buf_init(&out, 4096);
    sentence s = { .args = args, .arg_count = count };
    text_fill(words, &s, l, china, &out);
    assert_string_equal(buf_text(&out), wanted);
    buf_done(&out);
}

static void arguments_are_written_by_their_kind(void **state)
{
    (void)state;
    arg a[] = {
        { "who", ARG_TEXT, "DB\\sa" }, { "n", ARG_NUMBER, "4211" }, { "when", ARG_TIME, "2020-05-11T04:05:10.1234567Z" },
        { "host", ARG_HOST, "DB-01" }, { "p", ARG_PERCENT, "88" }, { "d", ARG_DURATION, "3725" }, { "via", ARG_WORD, "rdp" },
        { "l", ARG_LIST, "a\nb\nc" },
    };
    size_t n = sizeof a / sizeof *a;
    expect("{who} {n} {when} {host}", a, n, LANG_EN, "DB\\sa 4,211 2020-05-11 12:05:10 DB-01");
    expect("{p}; {d}; {via}; {l}", a, n, LANG_EN, "very likely (about 90 %); 1 h 2 min; Remote Desktop (RDP); a, b and c");
    expect("{p};{d};{via};{l}", a, n, LANG_ZH, "很可能\uff08约 90%\uff09;1 小时 2 分钟;远程桌面\uff08RDP\uff09;a、b和c");
}

static void plain_text_is_written_as_the_entry_asks(void **state)
{
    (void)state;
    arg a[] = { { "n", ARG_TEXT, "12345" }, { "one", ARG_TEXT, "1" }, { "t", ARG_TEXT, "2020-05-11T04:05:10Z" }, { "w", ARG_TEXT, "mssql" } };
    expect("{n:number} attempt{n:s}, {one} day{one:s}, {t:time}, {w:word}", a, 4, LANG_EN,
           "12,345 attempts, 1 day, 2020-05-11 12:05:10, SQL Server (MSSQL)");
}

static void looks_and_kinds_have_words_of_their_own(void **state)
{
    (void)state;
    arg a[] = { { "looks", ARG_TEXT, "random-name,temp-path,no-such-look" }, { "kind", ARG_TEXT, "task-create" }, { "other", ARG_TEXT, "no-such-kind" } };
    arg settings[] = { { "w", ARG_TEXT, "installed" }, { "f", ARG_TEXT, "lockout.threshold: 0" }, { "d", ARG_TEXT, "60 d" }, { "n", ARG_TEXT, "12" } };
    expect("{w:setting}; {f:setting}; {n:setting}", settings, 4, LANG_EN, "installed; account lockout threshold: 0; 12");
    expect("{w:setting}; {d:setting}", settings, 4, LANG_ZH, "已安装; 60 天");
    expect("{looks:looks}; {kind:kind}; {other:kind}", a, 3, LANG_EN,
           "name of random letters, program in a temporary or shared folder, no-such-look; Scheduled task; no-such-kind");
}

static void what_is_no_number_or_time_stays_as_it_is(void **state)
{
    (void)state;
    arg a[] = { { "n", ARG_NUMBER, "many" }, { "t", ARG_TIME, "at noon" }, { "w", ARG_WORD, "carrier-pigeon" }, { "d", ARG_DURATION, "-5" } };
    expect("{n} {t} {w} {d}", a, 4, LANG_EN, "many at noon carrier-pigeon -5");
}

static void a_part_is_there_only_with_its_argument(void **state)
{
    (void)state;
    arg a[] = { { "source", ARG_TEXT, "10.0.0.9" }, { "empty", ARG_TEXT, "" } };
    const char *words = "logged on{source? from }{source}{/}{account?} as {account}{/}{empty?}never{/}{empty!} always{/}.";
    expect(words, a, 2, LANG_EN, "logged on from 10.0.0.9 always.");
    expect(words, a, 0, LANG_EN, "logged on always.");
    expect("{a?}A{b?}B{/}{/}{source?}S{b?}B{/}{a!}-{/}{/}", a, 2, LANG_EN, "S-");
}

static void a_missing_argument_is_seen(void **state)
{
    (void)state;
    expect("by {who}", NULL, 0, LANG_EN, "by ?");
}

static void evidence_is_never_read_as_a_pattern(void **state)
{
    (void)state;
    arg a[] = { { "who", ARG_TEXT, "{host} {n?}%s%n{/}" }, { "host", ARG_HOST, "DB" } };
    expect("{who}|{host}", a, 2, LANG_EN, "{host} {n?}%s%n{/}|DB");
}

static void an_unknown_id_is_put_in_brackets(void **state)
{
    (void)state;
    arg a[] = { { "x", ARG_TEXT, "1" } };
    sentence s = { .id = "no.such.sentence", .args = a, .arg_count = 1 }, none = { 0 };
    buf out;
    buf_init(&out, 256);
    text_sentence(&s, LANG_ZH, china, &out);
    assert_string_equal(buf_text(&out), "[no.such.sentence: x=1]");
    buf_clear(&out);
    text_sentence(&none, LANG_EN, china, &out);
    assert_int_equal(out.len, 0);
    assert_false(text_known("no.such.sentence"));
    assert_true(text_known("word.rdp"));
    buf_done(&out);
}

/* The bands of ICD 203. */
static void likelihood_has_the_words_of_icd_203(void **state)
{
    (void)state;
    static const struct { unsigned percent; const char *word; } bands[] = {
        { 0, "almost no chance" }, { 7, "almost no chance" }, { 8, "very unlikely" }, { 22, "very unlikely" }, { 23, "unlikely" },
        { 42, "unlikely" }, { 43, "roughly even chance" }, { 57, "roughly even chance" }, { 58, "likely" }, { 82, "likely" },
        { 83, "very likely" }, { 92, "very likely" }, { 93, "almost certain" }, { 100, "almost certain" },
    };
    for (size_t i = 0; i < sizeof bands / sizeof *bands; i++)
        assert_string_equal(text_likelihood(bands[i].percent, LANG_EN), bands[i].word);
    assert_string_equal(text_likelihood(90, LANG_ZH), "很可能");
}

/* Whatever is shown as 5 % has the same word: the number is rounded first. */
static void one_number_has_one_word(void **state)
{
    (void)state;
    for (unsigned p = 0; p <= 100; p++)
        for (lang l = LANG_EN; l <= LANG_ZH; l++)
            assert_string_equal(text_likelihood(p, l), text_likelihood(text_rounded(p), l));
}

static void chinese_has_blanks_only_beside_latin(void **state)
{
    (void)state;
    arg a[] = { { "means", ARG_WORD, "mssql" }, { "short", ARG_WORD, "smb-file" }, { "tool", ARG_TEXT, "PsExec" }, { "text", ARG_TEXT, "一 二 ，三" }, { "time", ARG_DURATION, "1500" } };
    expect("来自 {tool} 通过 {means} 登录", a, 5, LANG_ZH, "来自 PsExec 通过数据库服务（MSSQL）登录");
    expect("通过{tool}到达，通过{means}到达", a, 5, LANG_ZH, "通过 PsExec 到达，通过数据库服务（MSSQL）到达");
    expect("{tool} {means?（}{means}）{/}在 {time} 内", a, 5, LANG_ZH, "PsExec（数据库服务（MSSQL））在 25 分钟内");
    expect("经 {text} 之后", a, 5, LANG_ZH, "经一 二 ，三之后");           /* what an argument says stays as it is */
    expect("by {means} in {text} x", a, 5, LANG_EN, "by SQL Server (MSSQL) in 一 二 ，三 x");
}

static void a_percentage_never_claims_certainty(void **state)
{
    (void)state;
    arg a[] = { { "p", ARG_PERCENT, "100" }, { "q", ARG_PERCENT, "1" } };
    expect("{p}, {q}", a, 2, LANG_EN, "almost certain (about 95 %), almost no chance (about 5 %)");
}

static void times_are_written_in_the_zone(void **state)
{
    (void)state;
    moment t;
    assert_true(moment_parse(span_str("2020-05-10T23:59:59.9999999Z"), &t));
    buf out;
    buf_init(&out, 256);
    text_time(t, china, &out);
    buf_char(&out, '|');
    text_time(t, (text_zone){ -210, "UTC-03:30" }, &out);
    buf_char(&out, '|');
    text_time(MOMENT_UNKNOWN, china, &out);
    buf_char(&out, '|');
    text_time(0, (text_zone){ -60, "UTC-01:00" }, &out);
    assert_string_equal(buf_text(&out), "2020-05-11 07:59:59|2020-05-10 20:29:59||1601-01-01 00:00:00");
    buf_done(&out);
}

static void durations_have_their_two_largest_units(void **state)
{
    (void)state;
    static const struct { uint64_t seconds; const char *en; } lengths[] = {
        { 0, "0 s" }, { 59, "59 s" }, { 60, "1 min" }, { 3600, "1 h" }, { 3601, "1 h" }, { 90061, "1 d 1 h" }, { 86400ull * 2000, "2,000 d" },
    };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        buf out;
        buf_init(&out, 64);
        text_duration(lengths[i].seconds, LANG_EN, &out);
        assert_string_equal(buf_text(&out), lengths[i].en);
        buf_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_are_written_by_their_kind),
        cmocka_unit_test(plain_text_is_written_as_the_entry_asks),
        cmocka_unit_test(looks_and_kinds_have_words_of_their_own),
        cmocka_unit_test(what_is_no_number_or_time_stays_as_it_is),
        cmocka_unit_test(a_part_is_there_only_with_its_argument),
        cmocka_unit_test(a_missing_argument_is_seen),
        cmocka_unit_test(evidence_is_never_read_as_a_pattern),
        cmocka_unit_test(an_unknown_id_is_put_in_brackets),
        cmocka_unit_test(likelihood_has_the_words_of_icd_203),
        cmocka_unit_test(one_number_has_one_word),
        cmocka_unit_test(chinese_has_blanks_only_beside_latin),
        cmocka_unit_test(a_percentage_never_claims_certainty),
        cmocka_unit_test(times_are_written_in_the_zone),
        cmocka_unit_test(durations_have_their_two_largest_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
