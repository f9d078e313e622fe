#include "model/note.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void a_fact_that_is_absent_is_empty(void **state)
{
    (void)state;
    const fact facts[] = { { "account", "HOST\\admin" }, { "source", NULL } };
    assert_string_equal(note_fact(facts, 2, "account"), "HOST\\admin");
    assert_string_equal(note_fact(facts, 2, "source"), "");
    assert_string_equal(note_fact(facts, 2, "sid"), "");
    assert_string_equal(note_fact(NULL, 0, "account"), "");
}

static void severities_are_words_and_back(void **state)
{
    (void)state;
    for (int i = SEVERITY_INFO; i <= SEVERITY_CRITICAL; i++) {
        severity back = SEVERITY_INFO;
        assert_true(severity_from(severity_word((severity)i), &back));
        assert_int_equal(back, i);
    }
    severity untouched = SEVERITY_HIGH;
    assert_false(severity_from("High", &untouched));
    assert_false(severity_from(NULL, &untouched));
    assert_int_equal(untouched, SEVERITY_HIGH);
}

/* Two copies of a record, from two files, stand beside each other: no other record lies between them. */
static void copies_of_a_record_are_neighbours(void **state)
{
    (void)state;
    const log_ref one = { "1111", "a/System.evtx", "HOST", "System" }, other = { "2222", "b/System.evtx", "HOST", "System" };
    const act copy_1 = { .log = &one, .kind = "log.clear", .record = 7, .time = 100 };
    const act copy_2 = { .log = &other, .kind = "log.clear", .record = 7, .time = 100 };
    const act later = { .log = &one, .kind = "log.clear", .record = 8, .time = 90 };
    const act carved = { .log = &one, .kind = "log.clear", .record = 7, .time = 100, .recovered = true };
    assert_true(act_compare(&copy_1, &copy_2) < 0);
    assert_true(act_compare(&copy_2, &later) < 0);
    assert_true(act_compare(&copy_1, &later) < 0);
    assert_true(act_compare(&copy_2, &carved) < 0);
    assert_true(act_compare(&copy_1, &copy_1) == 0);
}

static void every_member_of_a_note_is_told_apart(void **state)
{
    (void)state;
    const log_ref log = { "1", "p", "HOST", "System" };
    fact f[] = { { "a", "1" } }, g[] = { { "a", "2" } };
    const act plain = { .log = &log, .kind = "k", .record = 1, .time = 1, .facts = f, .fact_count = 1, .finding = "x", .techniques = "T1", .text = "t" };
    act others[8];
    for (size_t i = 0; i < 8; i++)
        others[i] = plain;
    others[0].facts = g;
    others[1].fact_count = 0;
    others[2].finding = "y";
    others[3].severity = SEVERITY_HIGH;
    others[4].confidence = 3;
    others[5].techniques = "T2";
    others[6].text = "u";
    others[7].offset = 9;
    for (size_t i = 0; i < 8; i++) {
        assert_int_not_equal(act_compare(&plain, &others[i]), 0);
        assert_true((act_compare(&plain, &others[i]) < 0) == (act_compare(&others[i], &plain) > 0));
    }
    act nothing = plain, empty = plain;
    nothing.text = NULL;
    empty.text = "";
    assert_int_equal(act_compare(&nothing, &empty), 0);

    tally_bucket b[] = { { 1, 2, 3, 4, 5 } }, c[] = { { 1, 2, 3, 4, 6 } };
    const tally t = { &log, "k", 1, f, 1, MOMENT_HOUR, b, 1 };
    tally u = t;
    u.buckets = c;
    assert_true(tally_compare(&t, &u) < 0);
    u = t;
    u.width = MOMENT_MINUTE;
    assert_true(tally_compare(&t, &u) > 0);
    assert_int_equal(tally_compare(&t, &t), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fact_that_is_absent_is_empty),
        cmocka_unit_test(severities_are_words_and_back),
        cmocka_unit_test(copies_of_a_record_are_neighbours),
        cmocka_unit_test(every_member_of_a_note_is_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
