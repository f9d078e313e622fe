#include "world.h"

static const process *called(const suyuan_case *c, const char *image)
{
    for (size_t i = 0; i < c->process_count; i++)
        if (strcmp(c->processes[i].image, image) == 0)
            return &c->processes[i];
    return NULL;
}

static world_record *starts(world_log *log, moment t, const char *pid, const char *parent_pid, const char *image)
{
    return world_act(log, "DB1", t, "process.start", "pid", pid, "parent_pid", parent_pid, "image", image, NULL);
}

static void a_tree_is_a_suspect_with_ancestors_and_descendants(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *log = world_add_log(w, "Security", 1);
    moment t = at("2020-05-11T02:00:00Z");
    starts(log, t, "100", "4", "services.exe");
    starts(log, t + MOMENT_SECOND, "900", "1", "notepad.exe");
    world_finding(starts(log, t + 2 * MOMENT_SECOND, "200", "100", "fake.exe"), "fake-system-process", SEVERITY_CRITICAL, 95);
    starts(log, t + 3 * MOMENT_SECOND, "300", "200", "taskmgr.exe");
    starts(log, t + 4 * MOMENT_SECOND, "400", "300", "cmd.exe");
    world_add_file(w, "x", "Security.evtx", log, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    assert_int_equal(c->process_count, 4);
    assert_null(called(c, "notepad.exe"));
    assert_null(called(c, "services.exe")->parent);
    assert_string_equal(called(c, "fake.exe")->verdict, "hostile");
    assert_string_equal(called(c, "fake.exe")->parent, called(c, "services.exe")->id);
    assert_string_equal(called(c, "cmd.exe")->parent, called(c, "taskmgr.exe")->id);
    assert_string_equal(called(c, "cmd.exe")->verdict, "unknown");
    world_free(w);
}

static void a_pid_that_came_again_after_a_start_of_the_system_is_another_process(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *log = world_add_log(w, "Security", 1), *system = world_add_log(w, "System", 1);
    moment t = at("2020-05-11T02:00:00Z");
    starts(log, t, "100", "4", "before.exe");
    world_finding(starts(log, t + MOMENT_HOUR, "200", "100", "fake.exe"), "fake-system-process", SEVERITY_CRITICAL, 95);
    world_act(system, "DB1", t + 30 * MOMENT_MINUTE, "boot.start", NULL);
    world_add_file(w, "x", "Security.evtx", log, 0, UINT64_MAX);
    world_add_file(w, "x", "System.evtx", system, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    assert_int_equal(c->process_count, 1);
    assert_null(c->processes[0].parent);
    world_free(w);
}

static void the_latest_creator_of_a_pid_is_the_parent(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *log = world_add_log(w, "Security", 1);
    moment t = at("2020-05-11T02:00:00Z");
    starts(log, t, "100", "4", "first.exe");
    starts(log, t + MOMENT_MINUTE, "100", "4", "second.exe");
    world_finding(starts(log, t + 2 * MOMENT_MINUTE, "200", "100", "fake.exe"), "fake-system-process", SEVERITY_CRITICAL, 95);
    world_add_file(w, "x", "Security.evtx", log, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    assert_string_equal(called(c, "fake.exe")->parent, called(c, "second.exe")->id);
    assert_null(called(c, "first.exe"));
    world_free(w);
}

static void what_starts_all_day_is_shown_a_few_times(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *log = world_add_log(w, "Security", 1);
    for (int i = 0; i < 40; i++)
        world_finding(starts(log, at("2020-05-11T02:00:00Z") + (moment)i * MOMENT_HOUR, "200", "100", "fake.exe"), "fake-system-process", SEVERITY_CRITICAL, 95);
    world_add_file(w, "x", "Security.evtx", log, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    assert_int_equal(c->process_count, 3);
    assert_int_equal(find_one(c, "fake-system-process", "DB1")->count, 40);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_is_a_suspect_with_ancestors_and_descendants),
        cmocka_unit_test(a_pid_that_came_again_after_a_start_of_the_system_is_another_process),
        cmocka_unit_test(the_latest_creator_of_a_pid_is_the_parent),
        cmocka_unit_test(what_starts_all_day_is_shown_a_few_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
