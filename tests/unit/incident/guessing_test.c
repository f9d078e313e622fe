#include "world.h"

#define RDP "protocol", "rdp", "type", "10"
#define WRONG "reason", "0xc000006a"

static world_log *quiet_security(world *w)
{
    world_log *log = world_add_log(w, "Security", 1);
    world_fill(log, "DB1", at("2020-05-01T00:00:00Z"), at("2020-05-11T02:00:00Z"), 3000);
    return log;
}

static void a_success_of_the_guesser_is_a_logon_after_guessing(void **state)
{
    world *w = world_new();
    (void)state;
    world_log *log = quiet_security(w);
    world_count(log, "DB1", at("2020-05-11T02:10:00Z"), MOMENT_SECOND, 600, "logon.failure", RDP, WRONG, "account", "DB1\\Administrator", "source", "10.0.0.66", NULL);
    world_act(log, "DB1", at("2020-05-11T02:20:13Z"), "logon.session", RDP, "account", "DB1\\Administrator", "source", "10.0.0.66", "logon", "0x4f2a1", NULL);
    world_add_file(w, "DB1", "Security.evtx", log, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    const finding *g = find_one(c, "password-guessing", "DB1"), *s = find_one(c, "logon-after-guessing", "DB1");
    assert_int_equal(g->count, 600);
    assert_string_equal(fact_of(g, "source"), "10.0.0.66");
    assert_string_equal(fact_of(g, "account"), "DB1\\Administrator");
    assert_true(s->time == at("2020-05-11T02:20:13Z"));
    assert_string_equal(fact_of(s, "failures_before"), "600");
    assert_string_equal(fact_of(s, "logon"), "0x4f2a1");
    assert_true(s->confidence >= 90);
    world_free(w);
}

static void who_mistypes_three_times_guesses_nothing(void **state)
{
    world *w = world_new();
    (void)state;
    world_log *log = quiet_security(w);
    world_count(log, "DB1", at("2020-05-11T02:10:00Z"), 5 * MOMENT_SECOND, 3, "logon.failure", RDP, WRONG, "account", "DB1\\bob", "source", "10.0.0.5", NULL);
    world_act(log, "DB1", at("2020-05-11T02:10:30Z"), "logon.session", RDP, "account", "DB1\\bob", "source", "10.0.0.5", NULL);
    world_add_file(w, "DB1", "Security.evtx", log, 0, UINT64_MAX);
    assert_int_equal(world_case(w)->finding_count, 0);
    world_free(w);
}

static void a_service_with_an_old_password_is_shown_and_not_held_against_the_host(void **state)
{
    world *w = world_new();
    (void)state;
    world_log *log = world_add_log(w, "Security", 1);
    world_count(log, "DB1", at("2020-05-01T00:00:07Z"), 15 * MOMENT_MINUTE, 900, "logon.failure", "protocol", "network", "type", "3", WRONG, "account",
                "DB1\\svc_backup", "source", "10.0.0.9", NULL);
    world_add_file(w, "DB1", "Security.evtx", log, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    const finding *f = find_one(c, "password-guessing", "DB1");
    assert_string_equal(fact_of(f, "sort"), "stale-password");
    assert_int_equal(f->severity, SEVERITY_LOW);
    assert_int_equal(host_called(c, "DB1")->infected, INFECTED_NO);
    world_free(w);
}

static void few_tries_against_many_accounts_are_spraying(void **state)
{
    world *w = world_new();
    (void)state;
    world_log *log = quiet_security(w);
    for (int i = 0; i < 30; i++)
        world_count(log, "DB1", at("2020-05-11T02:10:00Z") + (moment)i * 20 * MOMENT_SECOND, MOMENT_SECOND, 1, "logon.failure", "protocol", "network", "type",
                    "3", WRONG, "account", arena_printf(&w->mem, "CORP\\user%02d", i), "source", "10.0.0.66", NULL);
    world_add_file(w, "DB1", "Security.evtx", log, 0, UINT64_MAX);
    const finding *f = find_one(world_case(w), "password-spraying", "DB1");
    assert_string_equal(fact_of(f, "accounts"), "30");
    world_free(w);
}

static void one_try_in_a_quarter_of_an_hour_is_slow_guessing(void **state)
{
    world *w = world_new();
    (void)state;
    world_log *log = quiet_security(w);
    for (int i = 0; i < 90; i++)                     /* uneven, as a program that waits at random */
        world_count(log, "DB1", at("2020-05-09T02:00:00Z") + (moment)(i * 15 + (i * i) % 11) * MOMENT_MINUTE, MOMENT_SECOND, 1, "logon.failure", RDP, WRONG,
                    "account", "DB1\\Administrator", "source", "203.0.113.9", NULL);
    world_add_file(w, "DB1", "Security.evtx", log, 0, UINT64_MAX);
    const finding *f = find_one(world_case(w), "password-guessing", "DB1");
    assert_string_equal(fact_of(f, "sort"), "slow");
    world_free(w);
}

static void an_empty_source_is_followed_by_account(void **state)
{
    world *w = world_new();
    (void)state;
    world_log *log = quiet_security(w);
    world_count(log, "DB1", at("2020-05-11T02:10:00Z"), 2 * MOMENT_SECOND, 300, "logon.failure", "protocol", "network", "type", "3", WRONG, "account",
                "Administrator", NULL);
    world_act(log, "DB1", at("2020-05-11T02:20:30Z"), "logon.session", RDP, "account", "DB1\\Administrator", "source", "203.0.113.9", NULL);
    world_add_file(w, "DB1", "Security.evtx", log, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    const finding *s = find_one(c, "logon-after-guessing", "DB1");
    assert_string_equal(fact_of(s, "source"), "203.0.113.9");
    assert_true(s->confidence < 90);
    world_free(w);
}

static void copies_of_a_log_are_counted_once(void **state)
{
    world *w = world_new();
    (void)state;
    world_log *log = quiet_security(w);
    world_count(log, "DB1", at("2020-05-11T02:10:00Z"), MOMENT_SECOND / 4, 4000, "logon.failure", RDP, WRONG, "account", "DB1\\Administrator", "source", "10.0.0.66",
                NULL);
    world_fill(log, "DB1", at("2020-05-11T03:00:00Z"), at("2020-05-12T02:00:00Z"), 500);
    world_add_file(w, "DB1", "Security.evtx", log, 2000, UINT64_MAX);
    world_add_file(w, "DB1", "backup/Security.evtx", log, 0, 5500);
    world_add_file(w, "DB1", "vss/Security.evtx", log, 1000, 6900);
    const finding *f = find_one(world_case(w), "password-guessing", "DB1");
    assert_int_equal(f->count, 4000);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_success_of_the_guesser_is_a_logon_after_guessing),
        cmocka_unit_test(who_mistypes_three_times_guesses_nothing),
        cmocka_unit_test(a_service_with_an_old_password_is_shown_and_not_held_against_the_host),
        cmocka_unit_test(few_tries_against_many_accounts_are_spraying),
        cmocka_unit_test(one_try_in_a_quarter_of_an_hour_is_slow_guessing),
        cmocka_unit_test(an_empty_source_is_followed_by_account),
        cmocka_unit_test(copies_of_a_log_are_counted_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
