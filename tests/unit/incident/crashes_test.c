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
    assert_string_equal(arg_of(&c->headline, "blue"), "1");
    assert_string_equal(arg_of(&c->headline, "unclean"), "");
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
    assert_string_equal(arg_of(&c->headline, "unclean"), "1");
    assert_string_equal(arg_of(&c->headline, "blue"), "");
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

/* Four hosts, half a year of log each, that stop within half an hour. */
static world *cluster(bool attacked, bool codes)
{
    world *w = world_new();
    for (int h = 0; h < 4; h++) {
        const char *name = arena_printf(&w->mem, "DB%d", h + 1);
        world_log *system = world_add_log(w, "System", 1), *security = world_add_log(w, "Security", 1);
        moment stopped = at("2020-05-11T04:05:10Z") + (moment)h * 8 * MOMENT_MINUTE;
        char told[MOMENT_TEXT];
        world_fill(system, name, at("2019-11-01T00:00:00Z"), at("2020-05-11T02:00:00Z"), 2000);
        world_fill(security, name, at("2019-11-01T00:00:00Z"), at("2020-05-11T03:00:00Z"), 2000);
        if (attacked)
            world_finding(world_act(system, name, at("2020-05-11T03:30:00Z"), "service.install", "name", "Xpuq", "looks", "random-name", NULL), "service-install",
                          SEVERITY_HIGH, 90);
        world_act(system, name, stopped + 5 * MOMENT_MINUTE, "crash.unexpected", "basis", "binary", "stopped", arena_str(&w->mem, moment_iso(stopped, told)), NULL);
        if (codes)
            world_act(system, name, stopped + 6 * MOMENT_MINUTE, "crash.bugcheck", "code", "0x00000050", NULL);
        world_add_file(w, name, arena_printf(&w->mem, "%s/System.evtx", name), system, 0, UINT64_MAX);
        world_add_file(w, name, arena_printf(&w->mem, "%s/Security.evtx", name), security, 0, UINT64_MAX);
    }
    return w;
}

static void four_hosts_within_half_an_hour_share_a_cause(void **state)
{
    (void)state;
    world *w = cluster(true, true);
    suyuan_case *c = world_case(w);
    assert_int_equal(c->cluster_count, 1);
    assert_int_equal(c->clusters[0].host_count, 4);
    assert_true(c->clusters[0].probability > 0 && c->clusters[0].probability < 1e-6);
    assert_string_equal(c->clusters[0].verdict.id, "cluster.common");
    assert_string_equal(c->clusters[0].hypotheses[0].cause, "attack");
    assert_int_equal(c->crash_count, 4);
    assert_string_equal(c->crashes[0].hypotheses[0].cause, "attack");
    assert_string_equal(c->crashes[0].verdict.id, "crash.verdict.likely");
    assert_true(c->crashes[0].hypotheses[0].for_count >= 2);
    assert_int_equal(host_called(c, "DB1")->infected, INFECTED_SUSPECTED);       /* one service alone is no proof */
    world_free(w);
}

static void without_a_hostile_trace_no_attack_is_concluded(void **state)
{
    (void)state;
    world *w = cluster(false, true);
    suyuan_case *c = world_case(w);
    for (size_t i = 0; i < c->crash_count; i++)
        assert_string_not_equal(c->crashes[i].hypotheses[0].cause, "attack");
    world_free(w);
}

static void a_short_log_does_not_tell_how_rare_it_is(void **state)
{
    (void)state;
    world *w = world_new();
    for (int h = 0; h < 2; h++) {
        const char *name = arena_printf(&w->mem, "DB%d", h + 1);
        world_log *system = world_add_log(w, "System", 1);
        world_fill(system, name, at("2020-05-10T00:00:00Z"), at("2020-05-11T02:00:00Z"), 200);
        world_act(system, name, at("2020-05-11T04:12:00Z"), "crash.unexpected", "basis", "binary", "stopped", "2020-05-11T04:05:10Z", NULL);
        world_add_file(w, name, arena_printf(&w->mem, "%s/System.evtx", name), system, 0, UINT64_MAX);
    }
    suyuan_case *c = world_case(w);
    assert_int_equal(c->cluster_count, 1);
    assert_true(c->clusters[0].probability < 0);
    assert_string_equal(c->clusters[0].verdict.id, "cluster.unjudged");
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blue_screen_is_one_crash_at_the_time_that_6008_keeps),
        cmocka_unit_test(a_restart_that_was_asked_for_is_no_crash),
        cmocka_unit_test(power_lost_is_an_unclean_shutdown),
        cmocka_unit_test(two_crashes_within_minutes_are_two),
        cmocka_unit_test(four_hosts_within_half_an_hour_share_a_cause),
        cmocka_unit_test(without_a_hostile_trace_no_attack_is_concluded),
        cmocka_unit_test(a_short_log_does_not_tell_how_rare_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
