/* Services that were installed: what remote tools, worms and administrators leave, on Windows in English and Chinese. */
#include "made_log.h"

#include <stdio.h>

static void installed(made *m, const char *name, const char *path, const char *type, const char *start)
{
    made_put(m, (evtx_out){ .channel = SYSTEM, .id = 7045, .source = "Service Control Manager", .user = "S-1-5-21-1-2-3-500",
                            .fields = EVTX_FIELDS(evtx_str("ServiceName", name), evtx_str("ImagePath", path), evtx_str("ServiceType", type), evtx_str("StartType", start),
                                                  evtx_str("AccountName", "LocalSystem")) });
}

static void in_english(made *m, const char *name, const char *path) { installed(m, name, path, "user mode service", "demand start"); }
static void in_chinese(made *m, const char *name, const char *path) { installed(m, name, path, "用户模式服务", "按需启动"); }

static void lawful_services_are_noted_and_no_finding(void **state)
{
    (void)state;
    static const char *const lawful[][2] = {
        { "VMware Tools", "\"C:\\Program Files\\VMware\\VMware Tools\\vmtoolsd.exe\"" }, { "MSSQLSERVER", "\"C:\\Program Files\\Microsoft SQL Server\\MSSQL10.MSSQLSERVER\\MSSQL\\Binn\\sqlservr.exe\" -sMSSQLSERVER" },
        { "Kaspersky Anti-Virus Service", "\"C:\\Program Files\\Kaspersky Lab\\avp.exe\" -r" }, { "MpKsl4a3c8d2e", "C:\\ProgramData\\Microsoft\\Windows Defender\\Definition Updates\\{1}\\MpKsl4a3c8d2e.sys" },
        { "npf", "system32\\drivers\\npf.sys" }, { "360rp", "\"C:\\Program Files\\360\\360sd\\360rps.exe\"" }, { "用友 T3 服务", "D:\\UFSOFT\\U8Server.exe" },
        { "Windows Update Medic Service", "%SystemRoot%\\system32\\svchost.exe -k wusvcs -p" },
    };
    made *m = made_begin();
    for (size_t i = 0; i < sizeof lawful / sizeof *lawful; i++) {
        in_english(m, lawful[i][0], lawful[i][1]);
        in_chinese(m, lawful[i][0], lawful[i][1]);
    }
    made_read(m);
    assert_int_equal(made_acts(m, "service.install"), 16);
    for (size_t i = 0; i < m->acts.count; i++) {
        const act *a = vec_at(&m->acts, i);
        if (a->finding && a->severity >= SEVERITY_MEDIUM)
            fail_msg("%s: %s", fact_of(a, "name"), a->finding);
    }
    made_end(m);
}

static void remote_tools_are_told_by_their_services(void **state)
{
    (void)state;
    static const struct { const char *name, *path, *looks, *finding; severity least; } tools[] = {
        { "PSEXESVC", "%SystemRoot%\\PSEXESVC.exe", "psexec", "remote-execution", SEVERITY_MEDIUM },
        { "RemComSvc", "%SystemRoot%\\system32\\RemComSvc.exe", "remcom", "remote-execution", SEVERITY_HIGH },
        { "Xpuq", "C:\\Windows\\ZVDEcBZe.exe", "random-file", "remote-execution", SEVERITY_HIGH },
        { "BTOBTO", "%COMSPEC% /Q /c echo cd ^> \\\\127.0.0.1\\C$\\__output 2^>^&1 > %TEMP%\\execute.bat & %COMSPEC% /Q /c %TEMP%\\execute.bat", "smbexec", "service-install", SEVERITY_HIGH },
        { "update", "powershell.exe -nop -w hidden -enc SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAKQA=", "powershell", "service-install", SEVERITY_HIGH },
        { "help", "C:\\Windows\\Temp\\svc.exe", "temp-path", "service-install", SEVERITY_HIGH },
    };
    for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
        for (int chinese = 0; chinese < 2; chinese++) {
            made *m = made_begin();
            (chinese ? in_chinese : in_english)(m, tools[i].name, tools[i].path);
            made_read(m);
            const act *a = made_act(m, "service.install", 0);
            assert_finding(a, tools[i].finding, tools[i].least);
            assert_lists(a, "looks", tools[i].looks);
            assert_fact(a, "by_sid", "S-1-5-21-1-2-3-500");
            assert_fact(a, "start", chinese ? "按需启动" : "demand start");
            made_end(m);
        }
}

static void the_seed_familys_services_are_named(void **state)
{
    (void)state;
    static const char *const services[][2] = {
        { "Ddriver", "C:\\Windows\\system32\\drivers\\svchost.exe" }, { "WebServers", "C:\\Windows\\system32\\wmiex.exe" }, { "Anything", "C:\\WINDOWS\\SysWOW64\\drivers\\SVCHOST.EXE" },
    };
    for (size_t i = 0; i < 3; i++) {
        made *m = made_begin();
        in_chinese(m, services[i][0], services[i][1]);
        made_read(m);
        const act *a = made_act(m, "service.install", 0);
        assert_finding(a, "service-install", SEVERITY_CRITICAL);
        assert_fact(a, "family", "drivelife");
        made_end(m);
    }
}

static void security_4697_names_the_logon(void **state)
{
    (void)state;
    made *m = made_begin();
    made_event(m, SECURITY, 4697, evtx_sid("SubjectUserSid", "S-1-5-21-1-2-3-500"), evtx_str("SubjectUserName", "管理员"), evtx_str("SubjectDomainName", "DB1"),
               evtx_hex64("SubjectLogonId", 0x8f2a1), evtx_str("ServiceName", "WIgA"), evtx_str("ServiceFileName", "%systemroot%\\PLMcFw.exe"),
               evtx_str("ServiceType", "0x10"), evtx_u32("ServiceStartType", 3), evtx_str("ServiceAccount", "LocalSystem"));
    made_read(m);
    const act *a = made_act(m, "service.install", 0);
    assert_finding(a, "remote-execution", SEVERITY_HIGH);
    assert_fact(a, "by", "DB1\\管理员");
    assert_fact(a, "logon", "0x8f2a1");
    assert_fact(a, "runs_as", "LocalSystem");
    made_end(m);
}

static void a_protecting_service_that_changes_is_noted(void **state)
{
    (void)state;
    made *m = made_begin();
    made_event(m, SYSTEM, 7040, evtx_str("param1", "Windows Defender 防病毒服务"), evtx_str("param2", "自动启动"), evtx_str("param3", "已禁用"), evtx_str("param4", "WinDefend"));
    made_event(m, SYSTEM, 7040, evtx_str("param1", "Background Intelligent Transfer Service"), evtx_str("param2", "demand start"), evtx_str("param3", "auto start"), evtx_str("param4", "BITS"));
    made_event(m, SYSTEM, 7034, evtx_str("param1", "SQL Server (MSSQLSERVER)"), evtx_str("param2", "1"));
    made_read(m);
    assert_int_equal(made_acts(m, "service.change"), 1);
    assert_fact(made_act(m, "service.change", 0), "new", "已禁用");
    assert_fact(made_act(m, "service.crash", 0), "name", "SQL Server (MSSQLSERVER)");
    made_end(m);
}

/* Server 2008 writes no installation: what ran is all there is. Windows' own names say nothing, in whatever language. */
static void a_service_that_only_ran_is_noted_once(void **state)
{
    (void)state;
    made *m = made_begin();
    for (int i = 0; i < 3; i++)
        for (int running = 0; running < 2; running++) {
            const char *what = running ? "正在运行" : "停止";
            made_event(m, SYSTEM, 7036, evtx_str("param1", "Ddriver"), evtx_str("param2", what));
            made_event(m, SYSTEM, 7036, evtx_str("param1", "Windows 更新"), evtx_str("param2", what));
            made_event(m, SYSTEM, 7036, evtx_str("param1", "xQzVkw"), evtx_str("param2", what));
        }
    made_read(m);
    assert_int_equal(made_acts(m, "service.run"), 3);
    const act *a = made_act(m, "service.run", 0);
    assert_fact(a, "name", "Ddriver");
    assert_fact(a, "family", "drivelife");
    assert_finding(a, "service-install", SEVERITY_CRITICAL);
    assert_null(made_act(m, "service.run", 1)->finding);
    assert_lists(made_act(m, "service.run", 2), "looks", "random-name");
    assert_null(made_act(m, "service.run", 2)->finding);
    made_end(m);
}

static void another_programs_7045_is_not_the_service_managers(void **state)
{
    (void)state;
    made *m = made_begin();
    made_put(m, (evtx_out){ .channel = SYSTEM, .provider = "SomeProgram", .id = 7045, .fields = EVTX_FIELDS(evtx_str("ServiceName", "Ddriver"), evtx_str("ImagePath", "C:\\x.exe")) });
    made_read(m);
    assert_int_equal(made_acts(m, NULL), 0);
    made_end(m);
}

static void hostile_records_are_borne(void **state)
{
    (void)state;
    made *m = made_begin();
    made_hostile_fields(m, SYSTEM, NULL, 7045, "ServiceName", "ImagePath", "ServiceType", "StartType", "AccountName");
    made_hostile_fields(m, SECURITY, NULL, 4697, "ServiceName", "ServiceFileName", "SubjectUserName", "SubjectUserSid", "SubjectLogonId");
    made_hostile_fields(m, SYSTEM, NULL, 7040, "param1", "param2", "param3", "param4");
    made_hostile_fields(m, SYSTEM, NULL, 7031, "param1", "param2");
    made_hostile_fields(m, SYSTEM, NULL, 7036, "param1", "param2", "Binary");
    made_read(m);
    assert_true(made_acts(m, "service.install") > 100);
    made_end(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lawful_services_are_noted_and_no_finding),
        cmocka_unit_test(remote_tools_are_told_by_their_services),
        cmocka_unit_test(the_seed_familys_services_are_named),
        cmocka_unit_test(security_4697_names_the_logon),
        cmocka_unit_test(a_protecting_service_that_changes_is_noted),
        cmocka_unit_test(a_service_that_only_ran_is_noted_once),
        cmocka_unit_test(another_programs_7045_is_not_the_service_managers),
        cmocka_unit_test(hostile_records_are_borne),
    };
    return cmocka_run_group_tests(tests, made_set_up, made_tear_down);
}
