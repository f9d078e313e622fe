#include "cli/call.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

static const option options[] = {
    { 'o', "output", "FILE", "where to" },     { 'j', "threads", "N", "how many" }, { 0, "since", "TIME", "from when" },
    { 0, "lang", "zh|en", "which language" },  { 'n', "new", NULL, "replace" },     { 'q', "quiet", NULL, "say less" },
    { 0, "password", "TEXT", "try this one" },
};
static const verb taken = { .name = "take", .arguments = "PATH...", .options = options, .option_count = 7, .least_paths = 1,
                            .most_paths = PATHS_ANY };
static const verb bare = { .name = "bare", .arguments = "", .options = options, .option_count = 7 };

/* The command line in words, NULL at its end. */
static bool parse(call *out, const verb *of, char **argv)
{
    int argc = 0;
    while (argv[argc])
        argc++;
    return call_parse(out, of, argc, argv);
}
#define LINE(...) ((char *[]){ __VA_ARGS__, NULL })

static void options_and_paths_stand_in_any_order(void **state)
{
    (void)state;
    call c;
    assert_true(parse(&c, &taken, LINE("a", "-o", "out", "b", "--lang=zh", "--new", "-")));
    assert_int_equal(call_path_count(&c), 3);
    assert_string_equal(call_paths(&c)[0], "a");
    assert_string_equal(call_paths(&c)[1], "b");
    assert_string_equal(call_paths(&c)[2], "-");
    assert_string_equal(call_value(&c, "output"), "out");
    assert_true(call_flag(&c, "new"));
    assert_false(call_flag(&c, "quiet"));
    assert_null(call_value(&c, "since"));
    unsigned word = 9;
    assert_true(call_word(&c, "lang", &word));
    assert_int_equal(word, 0);
}

static void a_letter_takes_its_value_with_or_without_a_blank(void **state)
{
    (void)state;
    call c;
    assert_true(parse(&c, &taken, LINE("-nqj4", "x")));
    assert_string_equal(call_value(&c, "threads"), "4");
    assert_true(call_flag(&c, "new") && call_flag(&c, "quiet"));
    assert_true(parse(&c, &taken, LINE("-qj", "5", "x")));
    assert_string_equal(call_value(&c, "threads"), "5");
    assert_int_equal(call_path_count(&c), 1);
}

static void two_dashes_end_the_options(void **state)
{
    (void)state;
    call c;
    assert_true(parse(&c, &taken, LINE("-n", "--", "-o", "--new")));
    assert_int_equal(call_path_count(&c), 2);
    assert_string_equal(call_paths(&c)[0], "-o");
}

static void the_last_of_an_option_counts_and_all_can_be_had(void **state)
{
    (void)state;
    call c;
    assert_true(parse(&c, &taken, LINE("--password", "1", "x", "--password=2", "--password", "")));
    assert_string_equal(call_value(&c, "password"), "");
    assert_string_equal(call_value_at(&c, "password", 0), "1");
    assert_string_equal(call_value_at(&c, "password", 1), "2");
    assert_string_equal(call_value_at(&c, "password", 2), "");
    assert_null(call_value_at(&c, "password", 3));
}

static void what_is_wrong_is_refused(void **state)
{
    (void)state;
    call c;
    assert_false(parse(&c, &taken, LINE("--frob", "x")));
    assert_false(parse(&c, &taken, LINE("-z", "x")));
    assert_false(parse(&c, &taken, LINE("x", "-o")));
    assert_false(parse(&c, &taken, LINE("x", "--output")));
    assert_false(parse(&c, &taken, LINE("x", "--new=yes")));
    assert_false(parse(&c, &taken, LINE("x", "--lang", "fr")));
    assert_false(parse(&c, &taken, LINE("x", "--lang", "zh|en")));
    assert_false(parse(&c, &taken, LINE("x", "--lang", "")));
    assert_false(parse(&c, &taken, LINE("-n")));
    assert_false(parse(&c, &bare, LINE("x")));
}

static void help_is_asked_for_before_anything_is_missing(void **state)
{
    (void)state;
    call c;
    assert_true(parse(&c, &taken, LINE("--help")));
    assert_true(c.help);
    assert_true(parse(&c, &taken, LINE("-nh")));
    assert_true(c.help);
}

static void more_options_than_a_call_holds_are_refused(void **state)
{
    (void)state;
    char *argv[CALL_OPTIONS + 3];
    for (size_t i = 0; i < CALL_OPTIONS + 1; i++)
        argv[i] = "-n";
    argv[CALL_OPTIONS + 1] = "x";
    argv[CALL_OPTIONS + 2] = NULL;
    call c;
    assert_false(parse(&c, &taken, argv));
    assert_true(parse(&c, &taken, argv + 1));
}

static void numbers_are_whole_and_within_their_range(void **state)
{
    (void)state;
    static char *const wrong[] = { "", "0", "65", "-1", "+4", "4x", " 4", "0x10", "18446744073709551616", "4.0" };
    call c;
    uint64_t n = 7;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_true(parse(&c, &taken, LINE("x", "--threads", wrong[i])));
        assert_false(call_number(&c, "threads", 1, 64, &n));
    }
    assert_int_equal(n, 7);
    assert_true(parse(&c, &taken, LINE("x")));
    assert_true(call_number(&c, "threads", 1, 64, &n));
    assert_int_equal(n, 7);
    assert_true(parse(&c, &taken, LINE("x", "-j64")));
    assert_true(call_number(&c, "threads", 1, 64, &n));
    assert_int_equal(n, 64);
    assert_true(parse(&c, &taken, LINE("x", "-j18446744073709551615")));
    assert_true(call_number(&c, "threads", 0, UINT64_MAX, &n));
    assert_true(n == UINT64_MAX);
}

static void times_are_read_with_their_zone(void **state)
{
    (void)state;
    call c;
    moment t = MOMENT_UNKNOWN;
    char text[MOMENT_TEXT];
    assert_true(parse(&c, &taken, LINE("x", "--since", "2020-05-11T08:30:00+08:00")));
    assert_true(call_time(&c, "since", &t));
    assert_string_equal(moment_iso(t, text), "2020-05-11T00:30:00.0000000Z");
    assert_true(parse(&c, &taken, LINE("x", "--since", "yesterday")));
    assert_false(call_time(&c, "since", &t));
    assert_string_equal(moment_iso(t, text), "2020-05-11T00:30:00.0000000Z");
}

static void every_verb_can_be_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < verb_count; i++) {
        const verb *v = verbs[i];
        assert_ptr_equal(verb_named(v->name), v);
        assert_non_null(v->run);
        assert_true(*v->summary && *v->description && v->arguments);
        assert_true(v->least_paths <= v->most_paths);
        for (size_t k = 0; k < v->option_count; k++) {
            assert_true(*v->options[k].name && *v->options[k].help);
            assert_string_not_equal(v->options[k].name, "help");
            assert_true(v->options[k].letter != 'h');
            for (size_t n = 0; n < k; n++) {
                assert_string_not_equal(v->options[k].name, v->options[n].name);
                assert_true(!v->options[k].letter || v->options[k].letter != v->options[n].letter);
            }
        }
    }
    assert_null(verb_named("frob"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_paths_stand_in_any_order),
        cmocka_unit_test(a_letter_takes_its_value_with_or_without_a_blank),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(the_last_of_an_option_counts_and_all_can_be_had),
        cmocka_unit_test(what_is_wrong_is_refused),
        cmocka_unit_test(help_is_asked_for_before_anything_is_missing),
        cmocka_unit_test(more_options_than_a_call_holds_are_refused),
        cmocka_unit_test(numbers_are_whole_and_within_their_range),
        cmocka_unit_test(times_are_read_with_their_zone),
        cmocka_unit_test(every_verb_can_be_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
