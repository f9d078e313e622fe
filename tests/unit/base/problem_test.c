#include "cmocka_all.h"

#include "base/problem.h"
#include "base/status.h"
#include "base/utf16.h"

#include <stdio.h>

static void problems_are_kept_up_to_a_number_and_then_counted(void **state)
{
    (void)state;
    arena mem;
    problems of;
    arena_init(&mem, 0);
    problems_init(&of, &mem);
    assert_false(problems_has(&of, "record.size"));
    for (unsigned i = 0; i < PROBLEMS_KEPT + 5; i++)
        problems_note(&of, i == 500 ? "record.size" : "chunk.checksum", i, i * 10, "number %u", i);
    assert_int_equal(of.count, PROBLEMS_KEPT);
    assert_int_equal(of.dropped, 5);
    assert_true(problems_has(&of, "record.size"));
    for (unsigned i = 0; i < PROBLEMS_KEPT; i++) {
        char text[32];
        snprintf(text, sizeof text, "number %u", i);
        assert_string_equal(of.items[i].text, text);
        assert_int_equal(of.items[i].chunk, i);
        assert_int_equal(of.items[i].offset, i * 10);
    }
    arena_done(&mem);
}

static void without_memory_problems_are_still_counted(void **state)
{
    (void)state;
    arena mem;
    problems of;
    arena_init(&mem, 16);
    problems_init(&of, &mem);
    for (int i = 0; i < 20; i++)
        problems_note(&of, "a.b", PROBLEM_NO_CHUNK, 0, "words");
    assert_int_equal(of.count + of.dropped, 20);
    arena_done(&mem);
}

static void words_of_a_status_end_at_a_letter(void **state)
{
    (void)state;
    for (size_t blanks = 0; blanks < 5; blanks++) {
        char text[400] = "";
        memset(text, ' ', blanks);
        for (size_t at = blanks; at + 3 < sizeof text; at += 3)
            memcpy(text + at, "\xE6\xBA\xAF", 4);
        status s = status_fail(STATUS_IO, "%s", text);
        assert_int_equal(s.code, STATUS_IO);
        assert_true(utf8_valid(span_str(s.words)));
        assert_true(strlen(s.words) >= sizeof s.words - 4);
    }
    assert_string_equal(status_fail(STATUS_IO, "%d", 7).words, "7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(problems_are_kept_up_to_a_number_and_then_counted),
        cmocka_unit_test(without_memory_problems_are_still_counted),
        cmocka_unit_test(words_of_a_status_end_at_a_letter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
