/* What a task's XML says is what the task says, in each of its parts. */
#include "cmocka_all.h"
#include "format/task_xml.h"

typedef struct { arena mem; problems noted; task t; } ground;

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

#define NS "xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\""

static const task *read_task(ground *g, const char *inside)
{
    const char *all = arena_printf(&g->mem, "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n<Task version=\"1.4\" " NS ">%s</Task>", inside);
    assert_true(status_is_ok(task_xml_read(&g->mem, span_str(all), &g->noted, &g->t)));
    return &g->t;
}

static void who_registered_it_and_when(void **state)
{
    const task *t = read_task(*state, "<RegistrationInfo><Date>2022-03-10T12:59:03.5</Date><Author>HOST\\TestUser</Author><URI>\\GameOver</URI>"
                                      "<Source>src</Source><Description>d &amp; e</Description><Documentation>doc</Documentation>"
                                      "<SecurityDescriptor>D:(A;;FA;;;SY)</SecurityDescriptor></RegistrationInfo><Data>free</Data>");
    moment at;
    assert_true(moment_parse(span_str("2022-03-10T12:59:03.5Z"), &at));
    assert_int_equal(t->date.at, at);
    assert_true(t->date.local);
    assert_string_equal(t->date.text, "2022-03-10T12:59:03.5");
    assert_string_equal(t->version, "1.4");
    assert_string_equal(t->author, "HOST\\TestUser");
    assert_string_equal(t->uri, "\\GameOver");
    assert_string_equal(t->source, "src");
    assert_string_equal(t->description, "d & e");
    assert_string_equal(t->documentation, "doc");
    assert_string_equal(t->security, "D:(A;;FA;;;SY)");
    assert_string_equal(t->data, "free");
}

static void a_zone_makes_a_time_utc(void **state)
{
    moment at;
    assert_true(moment_parse(span_str("2020-01-01T00:00:00Z"), &at));
    static const char *const same[] = { "2020-01-01T00:00:00Z", "2020-01-01T08:00:00+08:00", "2019-12-31T19:00:00-05:00" };
    for (size_t i = 0; i < 3; i++) {
        const task *t = read_task(*state, arena_printf(&((ground *)*state)->mem, "<RegistrationInfo><Date>%s</Date></RegistrationInfo>", same[i]));
        assert_int_equal(t->date.at, at);
        assert_false(t->date.local);
    }
    const task *t = read_task(*state, "<RegistrationInfo><Date>$(@x.dll,-1)</Date></RegistrationInfo>");
    assert_int_equal(t->date.at, MOMENT_UNKNOWN);
    assert_false(t->date.local);
    assert_string_equal(t->date.text, "$(@x.dll,-1)");
}

static void every_kind_of_trigger_is_known(void **state)
{
    const task *t = read_task(*state,
        "<Triggers><BootTrigger id=\"b\"><Enabled>false</Enabled><Delay>PT30S</Delay></BootTrigger>"
        "<LogonTrigger><UserId>HOST\\u</UserId><ExecutionTimeLimit>PT1H</ExecutionTimeLimit></LogonTrigger>"
        "<TimeTrigger><StartBoundary>2022-03-10T12:00:00</StartBoundary><EndBoundary>2023-01-01T00:00:00Z</EndBoundary><Enabled>true</Enabled>"
        "<Repetition><Interval>PT5M</Interval><Duration>P1D</Duration></Repetition><RandomDelay>PT1M</RandomDelay></TimeTrigger>"
        "<IdleTrigger/><RegistrationTrigger/><EventTrigger><Subscription>&lt;QueryList/&gt;</Subscription></EventTrigger>"
        "<SessionStateChangeTrigger><StateChange>RemoteConnect</StateChange><UserId>u2</UserId></SessionStateChangeTrigger>"
        "<WnfStateChangeTrigger><StateName>7508BCA3380C960C</StateName></WnfStateChangeTrigger><NewTrigger/></Triggers>");
    static const task_trigger_kind kinds[] = { TASK_TRIGGER_BOOT, TASK_TRIGGER_LOGON, TASK_TRIGGER_TIME, TASK_TRIGGER_IDLE, TASK_TRIGGER_REGISTRATION,
                                               TASK_TRIGGER_EVENT, TASK_TRIGGER_SESSION, TASK_TRIGGER_WNF, TASK_TRIGGER_OTHER };
    assert_int_equal(t->trigger_count, 9);
    for (size_t i = 0; i < 9; i++)
        assert_int_equal(t->triggers[i].kind, kinds[i]);
    assert_string_equal(t->triggers[0].id, "b");
    assert_int_equal(t->triggers[0].enabled, TASK_NO);
    assert_string_equal(t->triggers[0].delay, "PT30S");
    assert_int_equal(t->triggers[1].enabled, TASK_UNSAID);
    assert_string_equal(t->triggers[1].user, "HOST\\u");
    assert_string_equal(t->triggers[1].limit, "PT1H");
    assert_int_equal(t->triggers[2].enabled, TASK_YES);
    assert_true(t->triggers[2].start.local);
    assert_false(t->triggers[2].end.local);
    assert_string_equal(t->triggers[2].interval, "PT5M");
    assert_string_equal(t->triggers[2].duration, "P1D");
    assert_string_equal(t->triggers[2].delay, "PT1M");
    assert_string_equal(t->triggers[5].subscription, "<QueryList/>");
    assert_string_equal(t->triggers[6].state, "RemoteConnect");
    assert_string_equal(t->triggers[7].state, "7508BCA3380C960C");
    assert_string_equal(t->triggers[8].name, "NewTrigger");
}

static void calendars_are_put_in_words(void **state)
{
    static const char *const pairs[][2] = {
        { "<ScheduleByDay><DaysInterval>3</DaysInterval></ScheduleByDay>", "daily 3" },
        { "<ScheduleByDay/>", "daily 1" },
        { "<ScheduleByWeek><WeeksInterval>2</WeeksInterval><DaysOfWeek><Friday/><Monday/></DaysOfWeek></ScheduleByWeek>", "weekly 2 monday,friday" },
        { "<ScheduleByMonth><DaysOfMonth><Day>15</Day><Day>1</Day><Day>Last</Day><Day>99</Day></DaysOfMonth><Months><January/><December/></Months></ScheduleByMonth>",
          "monthly 1,15,last january,december" },
        { "<ScheduleByMonthDayOfWeek><Weeks><Week>2</Week><Week>Last</Week></Weeks><DaysOfWeek><Tuesday/></DaysOfWeek><Months><March/></Months></ScheduleByMonthDayOfWeek>",
          "monthly second,last tuesday march" },
        { "<StartBoundary>2020-01-01T00:00:00</StartBoundary>", "" },
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const task *t = read_task(*state, arena_printf(&((ground *)*state)->mem, "<Triggers><CalendarTrigger>%s</CalendarTrigger></Triggers>", pairs[i][0]));
        assert_int_equal(t->triggers[0].kind, TASK_TRIGGER_CALENDAR);
        assert_string_equal(t->triggers[0].schedule, pairs[i][1]);
    }
}

static void principals_and_settings_are_read(void **state)
{
    const task *t = read_task(*state,
        "<Principals><Principal id=\"Author\"><UserId>S-1-5-18</UserId><LogonType>S4U</LogonType><RunLevel>HighestAvailable</RunLevel>"
        "<ProcessTokenSidType>Unrestricted</ProcessTokenSidType><RequiredPrivileges><Privilege>SeA</Privilege><Privilege>SeB</Privilege></RequiredPrivileges>"
        "<DisplayName>n</DisplayName></Principal><Principal><GroupId>S-1-5-32-545</GroupId></Principal></Principals>"
        "<Settings><Hidden>true</Hidden><Enabled>false</Enabled><AllowStartOnDemand>0</AllowStartOnDemand><WakeToRun>1</WakeToRun><Priority>4</Priority>"
        "<ExecutionTimeLimit>PT0S</ExecutionTimeLimit><DeleteExpiredTaskAfter>PT1S</DeleteExpiredTaskAfter><MultipleInstancesPolicy>Parallel</MultipleInstancesPolicy>"
        "<RestartOnFailure><Interval>PT1M</Interval><Count>255</Count></RestartOnFailure></Settings>");
    assert_int_equal(t->principal_count, 2);
    assert_string_equal(t->principals[0].id, "Author");
    assert_string_equal(t->principals[0].user, "S-1-5-18");
    assert_string_equal(t->principals[0].logon_type, "S4U");
    assert_string_equal(t->principals[0].run_level, "HighestAvailable");
    assert_string_equal(t->principals[0].sid_type, "Unrestricted");
    assert_string_equal(t->principals[0].privileges, "SeA,SeB");
    assert_string_equal(t->principals[0].name, "n");
    assert_string_equal(t->principals[1].group, "S-1-5-32-545");
    assert_string_equal(t->principals[1].user, "");
    assert_int_equal(t->settings.hidden, TASK_YES);
    assert_int_equal(t->settings.enabled, TASK_NO);
    assert_int_equal(t->settings.on_demand, TASK_NO);
    assert_int_equal(t->settings.wake, TASK_YES);
    assert_int_equal(t->settings.start_when_available, TASK_UNSAID);
    assert_int_equal(t->settings.priority, 4);
    assert_string_equal(t->settings.limit, "PT0S");
    assert_string_equal(t->settings.delete_after, "PT1S");
    assert_string_equal(t->settings.instances, "Parallel");
    assert_string_equal(t->settings.restart_interval, "PT1M");
    assert_int_equal(t->settings.restart_count, 255);
}

static void what_is_not_said_is_not_zero(void **state)
{
    const task *t = read_task(*state, "");
    assert_int_equal(t->settings.priority, -1);
    assert_int_equal(t->settings.hidden, TASK_UNSAID);
    assert_int_equal(t->date.at, MOMENT_UNKNOWN);
    assert_int_equal(t->life.last_run, MOMENT_UNKNOWN);
    assert_false(t->life.has_result);
    assert_string_equal(t->author, "");
    assert_int_equal(t->action_count + t->trigger_count + t->principal_count, 0);
}

static void every_action_is_read_in_its_order(void **state)
{
    const task *t = read_task(*state,
        "<Actions Context=\"Author\"><Exec id=\"1\"><Command>%TEMP%\\a.exe</Command><Arguments>-x \"y z\"</Arguments><WorkingDirectory>C:\\</WorkingDirectory></Exec>"
        "<ComHandler><ClassId>{BF5CB148-7C77-4d8a-A53E-D81C70CF743C}</ClassId><Data><![CDATA[a<b]]></Data></ComHandler>"
        "<SendEmail><Server>s</Server><Subject>sub</Subject><To>to</To><Cc>cc</Cc><Bcc>bcc</Bcc><ReplyTo>re</ReplyTo><From>fr</From><Body>bo</Body>"
        "<Attachments><File>f1</File><File>f2</File></Attachments></SendEmail>"
        "<ShowMessage><Title>ti</Title><Body>text</Body></ShowMessage><Exec><Command>cmd</Command></Exec><Beep/></Actions>");
    static const task_action_kind kinds[] = { TASK_ACTION_EXEC, TASK_ACTION_COM, TASK_ACTION_EMAIL, TASK_ACTION_MESSAGE, TASK_ACTION_EXEC, TASK_ACTION_OTHER };
    assert_int_equal(t->action_count, 6);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(t->actions[i].kind, kinds[i]);
    assert_string_equal(t->context, "Author");
    assert_string_equal(t->actions[0].id, "1");
    assert_string_equal(t->actions[0].command, "%TEMP%\\a.exe");
    assert_string_equal(t->actions[0].arguments, "-x \"y z\"");
    assert_string_equal(t->actions[0].folder, "C:\\");
    assert_string_equal(t->actions[1].class_id, "{BF5CB148-7C77-4d8a-A53E-D81C70CF743C}");
    assert_string_equal(t->actions[1].data, "a<b");
    assert_string_equal(t->actions[2].server, "s");
    assert_string_equal(t->actions[2].subject, "sub");
    assert_string_equal(t->actions[2].to, "to");
    assert_string_equal(t->actions[2].cc, "cc");
    assert_string_equal(t->actions[2].bcc, "bcc");
    assert_string_equal(t->actions[2].reply_to, "re");
    assert_string_equal(t->actions[2].from, "fr");
    assert_string_equal(t->actions[2].body, "bo");
    assert_string_equal(t->actions[2].attachments, "f1\nf2");
    assert_string_equal(t->actions[3].subject, "ti");
    assert_string_equal(t->actions[3].body, "text");
    assert_string_equal(t->actions[4].command, "cmd");
}

static void a_torn_task_keeps_what_came_before(void **state)
{
    ground *g = *state;
    static const char torn[] = "<Task " NS "><Actions><Exec><Command>a.exe</Command></Exec><Exec><Comm";
    assert_true(status_is_ok(task_xml_read(&g->mem, span_str(torn), &g->noted, &g->t)));
    assert_int_equal(g->t.action_count, 2);
    assert_string_equal(g->t.actions[0].command, "a.exe");
    assert_true(problems_has(&g->noted, "xml.torn"));
}

static void the_number_of_actions_has_a_limit(void **state)
{
    ground *g = *state;
    buf out;
    buf_init(&out, 1 << 20);
    buf_str(&out, "<Actions>");
    for (unsigned i = 0; i < TASK_LIST + 5; i++)
        buf_printf(&out, "<Exec><Command>%u</Command></Exec>", i);
    buf_str(&out, "</Actions>");
    const task *t = read_task(g, buf_text(&out));
    buf_done(&out);
    assert_int_equal(t->action_count, TASK_LIST);
    assert_string_equal(t->actions[TASK_LIST - 1].command, arena_printf(&g->mem, "%u", TASK_LIST - 1));
    assert_true(problems_has(&g->noted, "task.many"));
}

static void other_xml_is_no_task(void **state)
{
    ground *g = *state;
    assert_int_equal(task_xml_read(&g->mem, span_str("<Event/>"), &g->noted, &g->t).code, STATUS_UNSUPPORTED);
    assert_int_equal(task_xml_read(&g->mem, span_str("no"), &g->noted, &g->t).code, STATUS_DAMAGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(who_registered_it_and_when),
        TEST(a_zone_makes_a_time_utc),
        TEST(every_kind_of_trigger_is_known),
        TEST(calendars_are_put_in_words),
        TEST(principals_and_settings_are_read),
        TEST(what_is_not_said_is_not_zero),
        TEST(every_action_is_read_in_its_order),
        TEST(a_torn_task_keeps_what_came_before),
        TEST(the_number_of_actions_has_a_limit),
        TEST(other_xml_is_no_task),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
