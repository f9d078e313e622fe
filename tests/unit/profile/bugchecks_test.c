#include "profile/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static const profile_node *named(const profile *facts, int64_t code)
{
    bool found;
    for (const profile_node *b = profile_list(profile_root(facts, "bugchecks"), "bugchecks"); b; b = b->next)
        if (profile_number(b, "code", &found) == code)
            return b;
    return NULL;
}

static int open_facts(void **state)
{
    static arena mem;
    static profile *facts;
    arena_init(&mem, 0);
    status s = profile_open(NULL, &mem, &facts);
    if (!status_is_ok(s)) {
        print_error("%s\n", s.words);
        return -1;
    }
    *state = facts;
    return 0;
}

static void codes_are_told_apart_and_in_order(void **state)
{
    const profile *facts = *state;
    int64_t before = -1;
    size_t count = 0;
    for (const profile_node *b = profile_list(profile_root(facts, "bugchecks"), "bugchecks"); b; b = b->next, count++) {
        bool found;
        int64_t code = profile_number(b, "code", &found);
        assert_true(found);
        if (code <= before)
            fail_msg("line %u: 0x%llx stands behind 0x%llx", b->line, (long long)code, (long long)before);
        before = code;
    }
    assert_true(count > 400);
}

/* Microsoft, "Bug check code reference". */
static void well_known_codes_have_their_names(void **state)
{
    static const struct { int64_t code; const char *name; } known[] = {
        { 0xA, "IRQL_NOT_LESS_OR_EQUAL" }, { 0x1E, "KMODE_EXCEPTION_NOT_HANDLED" }, { 0x50, "PAGE_FAULT_IN_NONPAGED_AREA" },
        { 0x7E, "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED" }, { 0xD1, "DRIVER_IRQL_NOT_LESS_OR_EQUAL" },
        { 0x124, "WHEA_UNCORRECTABLE_ERROR" }, { 0xEF, "CRITICAL_PROCESS_DIED" },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const profile_node *b = named(*state, known[i].code);
        assert_non_null(b);
        assert_string_equal(profile_text(b, "name"), known[i].name);
    }
}

static void every_form_in_a_small_dump_stands_for_a_known_code(void **state)
{
    const profile_node *same = profile_get(profile_root(*state, "bugchecks"), "same_as");
    assert_true(same->count > 0);
    for (const profile_node *s = same->first; s; s = s->next) {
        bool found;
        int64_t code = profile_number(same, s->key, &found);
        assert_true(found);
        assert_non_null(named(*state, code));
    }
}

static void points_are_strong_or_weak(void **state)
{
    const profile *facts = *state;
    for (const profile_node *b = profile_list(profile_root(facts, "bugchecks"), "bugchecks"); b; b = b->next)
        for (const profile_node *p = profile_list(b, "points_to"); p; p = p->next)
            if (strcmp(p->text, "strong") != 0 && strcmp(p->text, "weak") != 0)
                fail_msg("line %u: '%s'", p->line, p->text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_told_apart_and_in_order),
        cmocka_unit_test(well_known_codes_have_their_names),
        cmocka_unit_test(every_form_in_a_small_dump_stands_for_a_known_code),
        cmocka_unit_test(points_are_strong_or_weak),
    };
    return cmocka_run_group_tests(tests, open_facts, NULL);
}
