/* A .job file: its command, whom it is by, when it runs; and how much of it a torn one keeps. */
#include "cmocka_all.h"
#include "bytes.h"
#include "format/task_job.h"

typedef struct { arena mem; problems noted; buf file; task t; } ground;

static int setup(void **state)
{
    static ground g;
    arena_init(&g.mem, 0);
    problems_init(&g.noted, &g.mem);
    buf_init(&g.file, 1 << 20);
    *state = &g;
    return 0;
}

static int teardown(void **state)
{
    ground *g = *state;
    buf_done(&g->file);
    arena_done(&g->mem);
    return 0;
}

static void text(buf *b, const char *ascii)
{
    put16(b, *ascii ? (unsigned)strlen(ascii) + 1 : 0);
    put_units(b, ascii);
    if (*ascii)
        put16(b, 0);
}

typedef struct { uint32_t flags, interval, type; uint16_t v[3]; uint32_t trigger_flags; } wish;

static const size_t PRIORITY = 32, LONGEST = 36, EXIT_CODE = 40, STATE = 44, FLAGS = 48, LAST_RUN = 52;

/* As `at 13:21 cmd` makes one. */
static void make(ground *g, wish w)
{
    buf *b = &g->file;
    put16(b, 0x0501);
    put16(b, 1);
    put_zeros(b, 16);
    put16(b, 70);
    put16(b, 0);
    put16(b, 3);
    put16(b, 5);
    put32(b, 0);
    put32(b, 0x20);
    put32(b, 259200000);
    put32(b, 7);
    put32(b, 0x41300);
    put32(b, w.flags);
    const uint16_t ran[8] = { 2017, 5, 5, 12, 13, 21, 30, 500 };
    for (size_t i = 0; i < 8; i++)
        put16(b, ran[i]);
    put16(b, 0);
    text(b, "cmd.exe");
    text(b, "/c evil.bat");
    text(b, "C:\\Temp");
    text(b, "SYSTEM");
    text(b, "Created by NetScheduleJobAdd.");
    put16(b, 0);
    put16(b, 8);
    put_zeros(b, 8);
    set16(b, 22, (unsigned)b->len);
    put16(b, 1);
    put16(b, 48);
    put16(b, 0);
    const uint16_t days[8] = { 2017, 5, 12, 2018, 1, 31, 13, 21 };
    for (size_t i = 0; i < 8; i++)
        put16(b, days[i]);
    put32(b, 1440);
    put32(b, w.interval);
    put32(b, w.trigger_flags);
    put32(b, w.type);
    for (size_t i = 0; i < 3; i++)
        put16(b, w.v[i]);
    put_zeros(b, 6);
}

static const task *read_made(ground *g)
{
    assert_true(task_job_is(buf_bytes(&g->file), g->file.len));
    assert_true(status_is_ok(task_job_read(&g->mem, buf_bytes(&g->file), &g->noted, &g->t)));
    return &g->t;
}

static moment at(const char *iso)
{
    moment m;
    assert_true(moment_parse(span_str(iso), &m));
    return m;
}

static void what_it_runs_and_whom_it_is_by(void **state)
{
    ground *g = *state;
    make(g, (wish){ .type = 0, .interval = 60 });
    const task *t = read_made(g);
    assert_int_equal(t->action_count, 1);
    assert_int_equal(t->actions[0].kind, TASK_ACTION_EXEC);
    assert_string_equal(t->actions[0].command, "cmd.exe");
    assert_string_equal(t->actions[0].arguments, "/c evil.bat");
    assert_string_equal(t->actions[0].folder, "C:\\Temp");
    assert_string_equal(t->author, "SYSTEM");
    assert_string_equal(t->description, "Created by NetScheduleJobAdd.");
    assert_string_equal(t->version, "5.1");
    assert_int_equal(t->life.last_run, at("2017-05-12T13:21:30.5Z"));
    assert_true(t->life.local && t->life.has_result);
    assert_int_equal(t->life.result, 7);
    assert_int_equal(t->life.state, TASK_RUN_READY);
    assert_string_equal(t->settings.limit, "P3D");
    assert_int_equal(t->settings.restart_count, 3);
    assert_string_equal(t->settings.restart_interval, "PT5M");
    assert_int_equal(t->settings.priority, 5);
    assert_int_equal(t->trigger_count, 1);
    assert_int_equal(t->triggers[0].kind, TASK_TRIGGER_TIME);
    assert_int_equal(t->triggers[0].start.at, at("2017-05-12T13:21:00Z"));
    assert_int_equal(t->triggers[0].end.at, at("2018-01-31T00:00:00Z"));
    assert_true(t->triggers[0].start.local);
    assert_string_equal(t->triggers[0].interval, "PT1H");
    assert_string_equal(t->triggers[0].duration, "P1D");
    assert_int_equal(t->triggers[0].enabled, TASK_YES);
    assert_int_equal(g->noted.count, 0);
}

static void every_schedule_in_words(void **state)
{
    static const struct { wish w; task_trigger_kind kind; const char *words; } cases[] = {
        { { .type = 1, .v = { 2 } }, TASK_TRIGGER_CALENDAR, "daily 2" },
        { { .type = 2, .v = { 1, 0x42 } }, TASK_TRIGGER_CALENDAR, "weekly 1 monday,saturday" },
        { { .type = 3, .v = { 1, 0x4000, 1 } }, TASK_TRIGGER_CALENDAR, "monthly 1,31 january" },
        { { .type = 4, .v = { 5, 1, 0x800 } }, TASK_TRIGGER_CALENDAR, "monthly last sunday december" },
        { { .type = 5 }, TASK_TRIGGER_IDLE, "" }, { { .type = 6 }, TASK_TRIGGER_BOOT, "" }, { { .type = 7 }, TASK_TRIGGER_LOGON, "" },
        { { .type = 99 }, TASK_TRIGGER_OTHER, "" },
    };
    ground *g = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_clear(&g->file);
        make(g, cases[i].w);
        const task *t = read_made(g);
        assert_int_equal(t->triggers[0].kind, cases[i].kind);
        assert_string_equal(t->triggers[0].schedule, cases[i].words);
    }
}

static void flags_say_hidden_and_disabled(void **state)
{
    ground *g = *state;
    make(g, (wish){ .flags = 0x2206, .trigger_flags = 4 });
    const task *t = read_made(g);
    assert_int_equal(t->settings.hidden, TASK_YES);
    assert_int_equal(t->settings.enabled, TASK_NO);
    assert_string_equal(t->settings.delete_after, "PT0S");
    assert_string_equal(t->principals[0].logon_type, "InteractiveToken");
    assert_int_equal(t->triggers[0].enabled, TASK_NO);
    assert_int_equal(t->life.state, TASK_RUN_DISABLED);
}

static void one_that_never_ran_has_no_result(void **state)
{
    ground *g = *state;
    make(g, (wish){ 0 });
    memset(g->file.at + LAST_RUN, 0, 16);
    set32(&g->file, STATE, 0x41303);
    set32(&g->file, LONGEST, UINT32_MAX);
    set32(&g->file, PRIORITY, 0x80);
    set32(&g->file, EXIT_CODE, 0);
    set32(&g->file, FLAGS, 0);
    const task *t = read_made(g);
    assert_int_equal(t->life.last_run, MOMENT_UNKNOWN);
    assert_false(t->life.has_result);
    assert_int_equal(t->life.state, TASK_RUN_NEVER);
    assert_string_equal(t->settings.limit, "PT0S");
    assert_int_equal(t->settings.priority, 1);
}

static void every_torn_one_keeps_what_came_before(void **state)
{
    ground *g = *state;
    make(g, (wish){ .type = 1, .v = { 1 } });
    size_t whole = g->file.len, read = 0;
    for (size_t len = 0; len < whole; len++) {
        uint8_t *exact = test_malloc(len ? len : 1);         /* so that a sanitizer sees one byte too many */
        memcpy(exact, g->file.at, len);
        problems noted;
        task t;
        problems_init(&noted, &g->mem);
        if (status_is_ok(task_job_read(&g->mem, span_of(exact, len), &noted, &t))) {
            read++;
            assert_true(problems_has(&noted, "job.torn"));
            assert_int_equal(t.trigger_count, 0);
        }
        test_free(exact);
    }
    assert_true(read > 20);
}

static void triggers_are_found_where_texts_are_torn(void **state)
{
    ground *g = *state;
    make(g, (wish){ .type = 1, .v = { 1 } });
    set16(&g->file, 70, 0xFFFF);                             /* a command longer than the file */
    const task *t = read_made(g);
    assert_string_equal(t->actions[0].command, "");
    assert_int_equal(t->trigger_count, 1);
    assert_true(problems_has(&g->noted, "job.torn"));
}

static void what_is_no_job_is_refused(void **state)
{
    ground *g = *state;
    make(g, (wish){ 0 });
    set16(&g->file, 2, 2);
    assert_false(task_job_is(buf_bytes(&g->file), g->file.len));
    assert_int_equal(task_job_read(&g->mem, buf_bytes(&g->file), &g->noted, &g->t).code, STATUS_DAMAGED);
    assert_int_equal(task_job_read(&g->mem, (span){ 0 }, &g->noted, &g->t).code, STATUS_DAMAGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(what_it_runs_and_whom_it_is_by),
        TEST(every_schedule_in_words),
        TEST(flags_say_hidden_and_disabled),
        TEST(one_that_never_ran_has_no_result),
        TEST(every_torn_one_keeps_what_came_before),
        TEST(triggers_are_found_where_texts_are_torn),
        TEST(what_is_no_job_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
