/* Values of the task cache become the task that the XML would have said. */
#include "cmocka_all.h"
#include "bytes.h"
#include "format/task_cache.h"

typedef struct { arena mem; problems noted; buf value; task t; } ground;

static int setup(void **state)
{
    static ground g;
    arena_init(&g.mem, 0);
    problems_init(&g.noted, &g.mem);
    buf_init(&g.value, 1 << 20);
    task_init(&g.t);
    *state = &g;
    return 0;
}

static int teardown(void **state)
{
    ground *g = *state;
    buf_done(&g->value);
    arena_done(&g->mem);
    return 0;
}

static void bstr(buf *b, const char *ascii)
{
    put32(b, (uint32_t)strlen(ascii) * 2);
    put_units(b, ascii);
}

/* ---- Actions ---- */

/* cmd.exe in C:\windows\ as Windows 8.1 and Windows 10 store it. */
static const uint8_t windows_81[] = { 1,0, 0x66,0x66, 0,0,0,0, 0x0e,0,0,0, 'c',0,'m',0,'d',0,'.',0,'e',0,'x',0,'e',0,
    0x1c,0,0,0, '/',0,'c',0,' ',0,'n',0,'o',0,'t',0,'e',0,'p',0,'a',0,'d',0,'.',0,'e',0,'x',0,'e',0,
    0x16,0,0,0, 'c',0,':',0,'\\',0,'w',0,'i',0,'n',0,'d',0,'o',0,'w',0,'s',0,'\\',0 };
static const uint8_t windows_10[] = { 3,0, 0x0c,0,0,0, 'A',0,'u',0,'t',0,'h',0,'o',0,'r',0, 0x66,0x66, 0,0,0,0,
    0x0e,0,0,0, 'c',0,'m',0,'d',0,'.',0,'e',0,'x',0,'e',0, 0x1c,0,0,0, '/',0,'c',0,' ',0,'n',0,'o',0,'t',0,'e',0,'p',0,'a',0,'d',0,'.',0,'e',0,'x',0,'e',0,
    0,0,0,0, 0,0 };

static void one_program_of_windows_8_and_of_windows_10(void **state)
{
    ground *g = *state;
    assert_true(task_cache_actions(&g->mem, span_of(windows_81, sizeof windows_81), &g->noted, &g->t));
    assert_true(task_cache_actions(&g->mem, span_of(windows_10, sizeof windows_10), &g->noted, &g->t));
    assert_int_equal(g->t.action_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(g->t.actions[i].kind, TASK_ACTION_EXEC);
        assert_string_equal(g->t.actions[i].command, "cmd.exe");
        assert_string_equal(g->t.actions[i].arguments, "/c notepad.exe");
        assert_string_equal(g->t.actions[i].folder, i ? "" : "c:\\windows\\");
    }
    assert_string_equal(g->t.context, "Author");
    assert_int_equal(g->noted.count, 0);
}

static void make_actions(buf *b)
{
    put16(b, 3);
    bstr(b, "LocalSystem");
    put16(b, 0x6666);
    bstr(b, "first");
    bstr(b, "a.exe");
    bstr(b, "-x");
    bstr(b, "C:\\");
    put16(b, 0);
    put16(b, 0x7777);
    bstr(b, "");
    put32(b, 0xBF5CB148);
    put16(b, 0x7C77);
    put16(b, 0x4D8A);
    for (size_t i = 0; i < 8; i++)
        put8(b, "\xA5\x3E\xD8\x1C\x70\xCF\x74\x3C"[i]);
    bstr(b, "data");
    put16(b, 0x8888);
    bstr(b, "mail");
    static const char *const texts[] = { "from", "to", "cc", "bcc", "reply", "server", "subject", "body" };
    for (size_t i = 0; i < 8; i++)
        bstr(b, texts[i]);
    put32(b, 2);
    bstr(b, "f1");
    bstr(b, "f2");
    put32(b, 1);
    bstr(b, "key");
    bstr(b, "value");
    put16(b, 0x9999);
    bstr(b, "");
    bstr(b, "title");
    bstr(b, "text");
}

static void every_kind_of_action(void **state)
{
    ground *g = *state;
    make_actions(&g->value);
    assert_true(task_cache_actions(&g->mem, buf_bytes(&g->value), &g->noted, &g->t));
    const task *t = &g->t;
    assert_int_equal(t->action_count, 4);
    assert_string_equal(t->context, "LocalSystem");
    assert_string_equal(t->actions[0].id, "first");
    assert_string_equal(t->actions[0].command, "a.exe");
    assert_string_equal(t->actions[1].class_id, "{BF5CB148-7C77-4D8A-A53E-D81C70CF743C}");
    assert_string_equal(t->actions[1].data, "data");
    assert_string_equal(t->actions[2].from, "from");
    assert_string_equal(t->actions[2].body, "body");
    assert_string_equal(t->actions[2].attachments, "f1\nf2");
    assert_int_equal(t->actions[3].kind, TASK_ACTION_MESSAGE);
    assert_string_equal(t->actions[3].subject, "title");
    assert_string_equal(t->actions[3].body, "text");
}

static void a_torn_value_keeps_the_actions_before_the_tear(void **state)
{
    ground *g = *state;
    make_actions(&g->value);
    size_t last = 0;
    for (size_t len = 0; len < g->value.len; len++) {
        task t;
        problems noted;
        task_init(&t);
        problems_init(&noted, &g->mem);
        uint8_t *exact = test_malloc(len ? len : 1);
        memcpy(exact, g->value.at, len);
        bool whole = task_cache_actions(&g->mem, span_of(exact, len), &noted, &t);
        test_free(exact);
        assert_int_equal(whole, noted.count == 0);
        assert_true(t.action_count >= last);
        last = t.action_count;
    }
    assert_int_equal(last, 4);
}

static void an_action_of_no_known_kind_ends_the_list_and_is_told(void **state)
{
    ground *g = *state;
    put16(&g->value, 1);
    put16(&g->value, 0x6666);
    for (size_t i = 0; i < 4; i++)
        bstr(&g->value, "x");
    put16(&g->value, 0x5555);
    assert_false(task_cache_actions(&g->mem, buf_bytes(&g->value), &g->noted, &g->t));
    assert_int_equal(g->t.action_count, 1);
    assert_true(problems_has(&g->noted, "cache.actions"));
}

/* ---- Triggers ---- */

#define PAD 0x48                                             /* what Windows leaves in between */
static void fill(buf *b) { while (b->len % 8) put8(b, PAD); }
static void wide8(buf *b, unsigned n) { put8(b, n); fill(b); }
static void wide32(buf *b, uint32_t n) { put32(b, n); fill(b); }
static void tstime(buf *b, bool local, uint64_t filetime) { wide8(b, local); put64(b, filetime); }

static void wide_bstr(buf *b, const char *ascii)
{
    wide32(b, (uint32_t)strlen(ascii) * 2);
    put_units(b, ascii);
    fill(b);
}

static void counted(buf *b, const char *ascii)
{
    wide32(b, (uint32_t)strlen(ascii));
    if (*ascii) {
        put_units(b, ascii);
        put16(b, 0);
        fill(b);
    }
}

static void system_user(buf *b)
{
    wide8(b, 0);
    wide8(b, 0);
    wide32(b, 5);
    wide32(b, 12);
    buf_put(b, "\1\1\0\0\0\0\0\5\x12\0\0\0", 12);
    fill(b);
    wide_bstr(b, "SYSTEM");
}

static void make_bucket(buf *b, uint8_t version, uint32_t flags)
{
    wide8(b, version);
    tstime(b, true, 132000000000000000);
    tstime(b, true, UINT64_MAX);
    wide32(b, flags);
    wide32(b, 0x14f793da);
    if (version >= 0x16)
        wide_bstr(b, "Author");
    if (version >= 0x17)
        wide_bstr(b, "");
    system_user(b);
    wide32(b, 0x38);
    const uint32_t settings[] = { 600, 3600, 259200, UINT32_MAX, 7, 60, 3 };
    for (size_t i = 0; i < 7; i++)
        put32(b, settings[i]);
    put_zeros(b, 28);
}

static void id(buf *b, uint8_t version, const char *word)
{
    if (version >= 0x16) {
        bstr(b, word);
        fill(b);
    }
}

static void generic(buf *b, uint8_t version, uint32_t magic, uint32_t delay)
{
    wide32(b, magic);
    tstime(b, false, 132000000000000000);
    tstime(b, false, 0);
    put32(b, delay);
    put32(b, UINT32_MAX);
    put32(b, 300);
    put32(b, 86400);
    put_zeros(b, 8);
    wide8(b, 1);
    put_zeros(b, 8);
    id(b, version, "trig");
}

static void timed(buf *b, uint8_t version, uint32_t mode, uint16_t v1, uint16_t v2, uint16_t v3)
{
    wide32(b, 0xDDDD);
    tstime(b, true, 132000000000000000);
    tstime(b, true, UINT64_MAX);
    tstime(b, false, 0);
    put32(b, 300);
    put32(b, UINT32_MAX);
    put32(b, 0);
    put32(b, mode);
    put16(b, v1);
    put16(b, v2);
    put16(b, v3);
    put16(b, 0);
    put8(b, 0);
    put8(b, 1);
    put_zeros(b, 6);
    put32(b, 30);
    put32(b, 0);
    id(b, version, "");
}

static void make_triggers(buf *b, uint8_t version)
{
    make_bucket(b, version, 0x4000 | 0x2000 | 0x400000 | 0x800000 | 0x1000000);
    generic(b, version, 0xFFFF, 30);
    generic(b, version, 0xAAAA, 0);
    system_user(b);
    timed(b, version, 0, 0, 0, 0);
    timed(b, version, 2, 1, 0x2, 0);
    timed(b, version, 4, 0x4, 0x2, 0x4);
    generic(b, version, 0xCCCC, 0);
    counted(b, "<QueryList/>");
    put_zeros(b, 8);
    counted(b, "");
    wide32(b, 1);
    counted(b, "name");
    counted(b, "value");
    generic(b, version, 0xEEEE, 0);
    generic(b, version, 0x8888, 0);
    generic(b, version, 0x7777, 0);
    wide32(b, 3);
    wide8(b, 1);
    generic(b, version, 0x6666, 0);
    buf_put(b, "\x75\x08\xBC\xA3\x38\x0C\x96\x0C", 8);
    wide32(b, 0);
}

static void every_kind_of_trigger_of_every_version(void **state)
{
    ground *g = *state;
    static const uint8_t versions[] = { 0x15, 0x16, 0x17 };
    static const task_trigger_kind kinds[] = { TASK_TRIGGER_BOOT, TASK_TRIGGER_LOGON, TASK_TRIGGER_TIME, TASK_TRIGGER_CALENDAR, TASK_TRIGGER_CALENDAR,
        TASK_TRIGGER_EVENT, TASK_TRIGGER_IDLE, TASK_TRIGGER_REGISTRATION, TASK_TRIGGER_SESSION, TASK_TRIGGER_WNF };
    for (size_t i = 0; i < 3; i++) {
        task *t = &g->t;
        task_init(t);
        buf_clear(&g->value);
        make_triggers(&g->value, versions[i]);
        assert_true(task_cache_triggers(&g->mem, buf_bytes(&g->value), &g->noted, t));
        assert_int_equal(t->trigger_count, 10);
        for (size_t k = 0; k < 10; k++) {
            assert_int_equal(t->triggers[k].kind, kinds[k]);
            assert_int_equal(t->triggers[k].enabled, TASK_YES);
            assert_int_equal(t->triggers[k].start.at, 132000000000000000);
            assert_int_equal(t->triggers[k].end.at, MOMENT_UNKNOWN);
            assert_string_equal(t->triggers[k].interval, "PT5M");
        }
        assert_string_equal(t->triggers[0].delay, "PT30S");
        assert_string_equal(t->triggers[0].id, versions[i] >= 0x16 ? "trig" : "");
        assert_false(t->triggers[0].start.local);
        assert_string_equal(t->triggers[1].user, "SYSTEM");
        assert_true(t->triggers[2].start.local);
        assert_string_equal(t->triggers[3].schedule, "weekly 1 monday");
        assert_string_equal(t->triggers[4].schedule, "monthly second tuesday march");
        assert_string_equal(t->triggers[5].subscription, "<QueryList/>");
        assert_string_equal(t->triggers[8].state, "RemoteConnect");
        assert_string_equal(t->triggers[8].user, "");
        assert_string_equal(t->triggers[9].state, "7508BCA3380C960C");
        assert_int_equal(t->settings.hidden, TASK_YES);
        assert_int_equal(t->settings.enabled, TASK_YES);
        assert_int_equal(t->settings.wake, TASK_NO);
        assert_string_equal(t->settings.instances, "IgnoreNew");
        assert_string_equal(t->settings.limit, "P3D");
        assert_string_equal(t->settings.delete_after, "");
        assert_int_equal(t->settings.priority, 7);
        assert_int_equal(t->settings.restart_count, 3);
        assert_int_equal(t->principal_count, 1);
        assert_string_equal(t->principals[0].user, "S-1-5-18");
        assert_string_equal(t->principals[0].name, "SYSTEM");
        assert_string_equal(t->principals[0].logon_type, "S4U");
        assert_string_equal(t->principals[0].run_level, "HighestAvailable");
        assert_string_equal(t->principals[0].id, versions[i] >= 0x16 ? "Author" : "");
        assert_int_equal(g->noted.count, 0);
    }
}

static void torn_triggers_keep_those_before(void **state)
{
    ground *g = *state;
    make_triggers(&g->value, 0x17);
    size_t last = 0;
    for (size_t len = 0; len < g->value.len; len++) {
        task t;
        problems noted;
        task_init(&t);
        problems_init(&noted, &g->mem);
        uint8_t *exact = test_malloc(len ? len : 1);
        memcpy(exact, g->value.at, len);
        bool whole = task_cache_triggers(&g->mem, span_of(exact, len), &noted, &t);
        test_free(exact);
        assert_int_equal(whole, noted.count == 0);
        assert_true(t.trigger_count >= last);
        last = t.trigger_count;
    }
    assert_int_equal(last, 10);
}

/* ---- DynamicInfo ---- */

static void make_dynamic(buf *b, bool newer)
{
    put32(b, 3);
    put64(b, 132000000000000000);
    put64(b, 133000000000000000);
    put32(b, 0);
    put32(b, 0x80070002);
    if (newer)
        put64(b, 132900000000000000);
}

static void a_life_of_both_sizes(void **state)
{
    ground *g = *state;
    for (int newer = 0; newer < 2; newer++) {
        buf_clear(&g->value);
        make_dynamic(&g->value, newer);
        assert_true(task_cache_dynamic(buf_bytes(&g->value), &g->noted, &g->t));
        assert_int_equal(g->t.life.registered, 132000000000000000);
        assert_int_equal(g->t.life.last_run, 133000000000000000);
        assert_int_equal(g->t.life.last_success, newer ? 132900000000000000 : MOMENT_UNKNOWN);
        assert_true(g->t.life.has_result);
        assert_int_equal(g->t.life.result, 0x80070002);
        assert_false(g->t.life.local);
    }
}

static void one_that_never_ran_has_no_result(void **state)
{
    ground *g = *state;
    make_dynamic(&g->value, true);
    memset(g->value.at + 12, 0, 8);
    assert_true(task_cache_dynamic(buf_bytes(&g->value), &g->noted, &g->t));
    assert_int_equal(g->t.life.last_run, MOMENT_UNKNOWN);
    assert_false(g->t.life.has_result);
    assert_false(task_cache_dynamic(span_part(buf_bytes(&g->value), 0, 27), &g->noted, &g->t));
    assert_true(problems_has(&g->noted, "cache.dynamic"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(one_program_of_windows_8_and_of_windows_10),
        TEST(every_kind_of_action),
        TEST(a_torn_value_keeps_the_actions_before_the_tear),
        TEST(an_action_of_no_known_kind_ends_the_list_and_is_told),
        TEST(every_kind_of_trigger_of_every_version),
        TEST(torn_triggers_keep_those_before),
        TEST(a_life_of_both_sizes),
        TEST(one_that_never_ran_has_no_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
