#include "world.h"

static void a_blue_screen_is_one_crash_at_the_time_that_6008_keeps(void **state)
{
    world *w = world_new();
    (void)state;
    world_log *system = world_add_log(w, "System", 1);
    world_fill(system, "DB1", at("2020-05-01T00:00:00Z"), at("2020-05-11T04:00:00Z"), 900);
    world_act(system, "DB1", at("2020-05-11T04:12:00Z"), "crash.unexpected", "basis", "binary", "stopped", "2020-05-11T04:05:10Z", NULL);
    world_act(system, "DB1", at("2020-05-11T04:12:01Z"), "boot.start", NULL);
    world_act(system, "DB1", at("2020-05-11T04:12:30Z"), "crash.power", "code", "0x0000007e", NULL);
    world_act(system, "DB1", at("2020-05-11T04:14:00Z"), "crash.bugcheck", "code", "0x1000007e", "p1", "0xc0000005", NULL);
    world_add_file(w, "DB1", "System.evtx", system, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    const finding *f = find_one(c, "crash", "DB1");
    assert_true(f->time == at("2020-05-11T04:05:10Z"));
    assert_string_equal(fact_of(f, "code"), "0x0000007e");
    assert_string_equal(fact_of(f, "name"), "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED");
    assert_string_equal(fact_of(f, "basis"), "binary");
    assert_int_equal(f->evidence_count, 3);
    assert_int_equal(count_findings(c, "unclean-shutdown"), 0);
    assert_int_equal(host_called(c, "DB1")->crash_count, 1);
    world_free(w);
}

static void a_restart_that_was_asked_for_is_no_crash(void **state)
{
    world *w = world_new();
    (void)state;
    world_log *system = world_add_log(w, "System", 1);
    world_fill(system, "DB1", at("2020-05-01T00:00:00Z"), at("2020-05-11T04:00:00Z"), 900);
    world_act(system, "DB1", at("2020-05-11T04:10:00Z"), "boot.planned", "account", "DB1\\Administrator", "process", "winlogon.exe", NULL);
    world_act(system, "DB1", at("2020-05-11T04:10:20Z"), "boot.stop", NULL);
    world_act(system, "DB1", at("2020-05-11T04:12:01Z"), "boot.start", NULL);
    world_add_file(w, "DB1", "System.evtx", system, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    assert_int_equal(c->finding_count, 0);
    world_free(w);
}

static void power_lost_is_an_unclean_shutdown(void **state)
{
    world *w = world_new();
    (void)state;
    world_log *system = world_add_log(w, "System", 1);
    world_fill(system, "DB1", at("2020-05-01T00:00:00Z"), at("2020-05-11T04:00:00Z"), 900);
    world_act(system, "DB1", at("2020-05-11T04:12:00Z"), "crash.unexpected", "basis", "binary", "stopped", "2020-05-11T04:05:10Z", NULL);
    world_act(system, "DB1", at("2020-05-11T04:12:30Z"), "crash.power", "code", "0x00000000", NULL);
    world_add_file(w, "DB1", "System.evtx", system, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    find_one(c, "unclean-shutdown", "DB1");
    assert_int_equal(count_findings(c, "crash"), 0);
    world_free(w);
}

static void two_crashes_within_minutes_are_two(void **state)
{
    world *w = world_new();
    (void)state;
    world_log *system = world_add_log(w, "System", 1);
    world_fill(system, "DB1", at("2020-05-01T00:00:00Z"), at("2020-05-11T04:00:00Z"), 900);
    static const char *const stops[] = { "2020-05-11T04:05:10Z", "2020-05-11T04:13:40Z" }, *const boots[] = { "2020-05-11T04:12:00Z", "2020-05-11T04:15:00Z" };
    for (size_t i = 0; i < 2; i++) {
        world_act(system, "DB1", at(boots[i]), "crash.unexpected", "basis", "binary", "stopped", stops[i], NULL);
        world_act(system, "DB1", at(boots[i]) + MOMENT_SECOND, "boot.start", NULL);
        world_act(system, "DB1", at(boots[i]) + 40 * MOMENT_SECOND, "crash.bugcheck", "code", "0x00000050", NULL);
    }
    world_add_file(w, "DB1", "System.evtx", system, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    assert_int_equal(host_called(c, "DB1")->crash_count, 2);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blue_screen_is_one_crash_at_the_time_that_6008_keeps),
        cmocka_unit_test(a_restart_that_was_asked_for_is_no_crash),
        cmocka_unit_test(power_lost_is_an_unclean_shutdown),
        cmocka_unit_test(two_crashes_within_minutes_are_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
