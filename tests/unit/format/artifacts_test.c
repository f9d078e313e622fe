/* Real artifacts of hosts: what is known of them is what is read. */
#include "cmocka_all.h"
#include "artifact_samples.h"
#include "format/task_xml.h"

#include <stdlib.h>

typedef struct { arena mem; problems noted; } ground;

static int setup(void **state)
{
    static ground g;
    arena_init(&g.mem, 0);
    problems_init(&g.noted, &g.mem);
    *state = &g;
    return 0;
}

static int teardown(void **state)
{
    arena_done(&((ground *)*state)->mem);
    return 0;
}

/* ---- tasks ---- */

typedef struct { size_t tasks, hidden, com, wnf, dated, unknown, problems; bool game_over; } task_counts;

static void count_task(const char *name, span bytes, void *context)
{
    (void)name;
    task_counts *c = context;
    arena mem;
    problems noted;
    task t;
    arena_init(&mem, 0);
    problems_init(&noted, &mem);
    assert_true(status_is_ok(task_xml_read(&mem, bytes, &noted, &t)));
    c->tasks++;
    c->hidden += t.settings.hidden == TASK_YES;
    c->dated += moment_known(t.date.at);
    bool com = false, wnf = false;
    for (size_t i = 0; i < t.action_count; i++) {
        com |= t.actions[i].kind == TASK_ACTION_COM;
        c->unknown += t.actions[i].kind == TASK_ACTION_OTHER;
    }
    for (size_t i = 0; i < t.trigger_count; i++) {
        wnf |= t.triggers[i].kind == TASK_TRIGGER_WNF;
        c->unknown += t.triggers[i].kind == TASK_TRIGGER_OTHER;
    }
    c->com += com;
    c->wnf += wnf;
    c->problems += noted.count;
    if (strcmp(t.uri, "\\GameOver") == 0) {
        c->game_over = true;
        assert_int_equal(t.action_count, 1);
        assert_int_equal(t.trigger_count, 1);
        assert_string_equal(t.triggers[0].interval, "PT5M");
        assert_true(t.date.local && moment_known(t.date.at));
        assert_non_null(strstr(t.author, "TestUser"));
    }
    assert_true(t.action_count > 0);
    arena_done(&mem);
}

static void all_tasks_of_a_host_are_read(void **state)
{
    (void)state;
    task_counts c = { 0 };
    assert_int_equal(sample_members("extra/incidents/aptsim-win10/Tasks.zip", count_task, &c), 202);
    print_message("%zu tasks: %zu hidden, %zu with a COM handler, %zu with WNF, %zu dated, %zu unknown elements\n", c.tasks, c.hidden, c.com, c.wnf, c.dated, c.unknown);
    assert_int_equal(c.tasks, 202);
    assert_int_equal(c.problems, 0);
    assert_int_equal(c.unknown, 0);
    assert_int_equal(c.dated, 22);
    assert_int_equal(c.hidden, 54);
    assert_int_equal(c.com, 112);
    assert_int_equal(c.wnf, 75);
    assert_true(c.game_over);
}

static void tasks_of_other_programs_are_read(void **state)
{
    ground *g = *state;
    task t;
    assert_true(status_is_ok(task_xml_read(&g->mem, sample(&g->mem, "extra/artifacts/tasks/VSIX Auto Update"), &g->noted, &t)));
    assert_int_equal(t.action_count, 1);
    assert_non_null(strstr(t.actions[0].command, "VSIXAutoUpdate.exe"));
    assert_true(status_is_ok(task_xml_read(&g->mem, sample(&g->mem, "extra/artifacts/tasks/SoftLandingCreativeManagementTask"), &g->noted, &t)));
    assert_int_equal(t.actions[0].kind, TASK_ACTION_COM);
    assert_int_equal(g->noted.count, 0);
}

int main(void)
{
    if (!samples_there()) {
        print_message("skipped: no samples\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(all_tasks_of_a_host_are_read),
        TEST(tasks_of_other_programs_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
