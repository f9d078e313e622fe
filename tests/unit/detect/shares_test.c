/* What came over file sharing: pipes of remote management, programs written to administrative shares. */
#include "made_log.h"

#include <stdio.h>

static void opened(made *m, const char *account, const char *source, const char *share, const char *target, uint64_t mask)
{
    made_event(m, SECURITY, 5145, evtx_sid("SubjectUserSid", "S-1-5-21-1-2-3-500"), evtx_str("SubjectUserName", account), evtx_str("SubjectDomainName", "DB1"),
               evtx_hex64("SubjectLogonId", 0x8f2a1), evtx_str("ObjectType", "File"), evtx_str("IpAddress", source), evtx_str("IpPort", "49731"), evtx_str("ShareName", share),
               evtx_str("ShareLocalPath", "\\??\\C:\\Windows"), evtx_str("RelativeTargetName", target), evtx_hex32("AccessMask", mask), evtx_str("AccessList", "%%1541"));
}

static void ordinary_sharing_is_counted_at_most(void **state)
{
    (void)state;
    made *m = made_begin();
    opened(m, "张三", "10.0.0.5", "\\\\*\\资料", "报表.exe", 0x2);
    opened(m, "DB2$", "10.0.0.6", "\\\\*\\SYSVOL", "domain\\Policies\\gpt.ini", 0x1);
    opened(m, "admin", "10.0.0.7", "\\\\*\\C$", "Users\\admin\\Desktop\\notes.txt", 0x2);
    opened(m, "admin", "10.0.0.7", "\\\\*\\ADMIN$", "system32\\cmd.exe", 0x1);         /* read */
    opened(m, "DB2$", "10.0.0.6", "\\\\*\\IPC$", "svcctl", 0x12019f);                   /* a machine */
    opened(m, "admin", "10.0.0.7", "\\\\*\\IPC$", "srvsvc", 0x12019f);
    opened(m, "admin", "::1", "\\\\*\\ADMIN$", "a.exe", 0x2);                           /* nobody from afar */
    made_read(m);
    assert_int_equal(made_acts(m, NULL), 0);
    assert_int_equal(made_tally(m, "share.access", "share", "C$"), 1);
    assert_int_equal(made_tally(m, "share.access", "share", "ADMIN$"), 2);
    assert_int_equal(made_tally(m, "share.access", "source", "10.0.0.7"), 2);
    made_end(m);
}

static void management_from_afar_is_light_and_tools_are_grave(void **state)
{
    (void)state;
    static const struct { const char *pipe, *means, *tool; severity least, most; } pipes[] = {
        { "svcctl", "smb-service", "service manager", SEVERITY_LOW, SEVERITY_LOW }, { "atsvc", "smb-task", "task scheduler", SEVERITY_LOW, SEVERITY_LOW },
        { "winreg", "remote-registry", "remote registry", SEVERITY_LOW, SEVERITY_LOW }, { "PSEXESVC", "smb-service", "PsExec", SEVERITY_HIGH, SEVERITY_HIGH },
        { "RemCom_communicaton", "smb-service", "RemCom", SEVERITY_HIGH, SEVERITY_HIGH }, { "efsrpc", "unknown", "encrypting file system", SEVERITY_LOW, SEVERITY_LOW },
        { "MSSE-1a2b-server", "unknown", "Cobalt Strike", SEVERITY_HIGH, SEVERITY_HIGH },
    };
    for (size_t i = 0; i < sizeof pipes / sizeof *pipes; i++) {
        made *m = made_begin();
        for (int again = 0; again < 3; again++)
            opened(m, "管理员", "::ffff:10.0.0.9", "\\\\*\\IPC$", pipes[i].pipe, 0x12019f);
        made_read(m);
        assert_int_equal(made_acts(m, "remote.exec"), 1);
        const act *a = made_act(m, "remote.exec", 0);
        assert_fact(a, "means", pipes[i].means);
        assert_fact(a, "tool", pipes[i].tool);
        assert_fact(a, "source", "10.0.0.9");
        assert_fact(a, "account", "DB1\\管理员");
        assert_fact(a, "logon", "0x8f2a1");
        assert_finding(a, "remote-execution", pipes[i].least);
        assert_true(a->severity <= pipes[i].most);
        made_end(m);
    }
}

static void psexec_under_another_name_still_names_its_caller(void **state)
{
    (void)state;
    made *m = made_begin();
    opened(m, "admin", "10.0.0.9", "\\\\*\\IPC$", "update-WEC01-956-stdin", 0x12019f);
    made_event(m, SYSMON, 18, evtx_str("EventType", "ConnectPipe"), evtx_str("PipeName", "\\svc-办公-电脑-1234-stdout"), evtx_str("Image", "System"));
    made_read(m);
    assert_fact(made_act(m, "remote.exec", 0), "client", "WEC01");
    assert_int_equal(made_acts(m, "remote.exec"), 2);
    made_end(m);
}

static void programs_written_to_administrative_shares(void **state)
{
    (void)state;
    static const struct { const char *share, *file; severity least; const char *looks; } files[] = {
        { "\\\\*\\ADMIN$", "ZVDEcBZe.exe", SEVERITY_HIGH, "random-file" },
        { "\\\\*\\C$", "Windows\\Temp\\svchost.exe", SEVERITY_CRITICAL, "family" },
        { "\\\\DB1\\ADMIN$", "PSEXESVC.exe", SEVERITY_MEDIUM, "" },
        { "\\\\*\\D$", "工具\\安装.msi", SEVERITY_MEDIUM, "" },
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        made *m = made_begin();
        opened(m, "administrator", "192.168.100.9", files[i].share, files[i].file, 0x17019f);
        made_read(m);
        const act *a = made_act(m, "share.write", 0);
        assert_finding(a, "remote-execution", files[i].least);
        assert_fact(a, "file", files[i].file);
        assert_fact(a, "looks", files[i].looks);
        assert_fact(a, "port", "49731");
        made_end(m);
    }
}

static void only_pipes_opened_over_the_network_count_in_sysmon(void **state)
{
    (void)state;
    made *m = made_begin();
    made_event(m, SYSMON, 18, evtx_str("PipeName", "\\atsvc"), evtx_str("Image", "C:\\Windows\\System32\\svchost.exe"));
    made_event(m, SYSMON, 17, evtx_str("PipeName", "\\lsass"), evtx_str("Image", "C:\\Windows\\System32\\lsass.exe"));
    made_read(m);
    assert_int_equal(made_acts(m, NULL), 0);
    made_end(m);
}

static void hostile_records_are_borne(void **state)
{
    (void)state;
    made *m = made_begin();
    made_hostile_fields(m, SECURITY, NULL, 5145, "ShareName", "RelativeTargetName", "AccessMask", "IpAddress", "IpPort", "SubjectUserName", "SubjectLogonId");
    made_hostile_fields(m, SECURITY, NULL, 5140, "ShareName", "IpAddress", "SubjectUserName");
    made_hostile_fields(m, SYSMON, NULL, 17, "PipeName", "Image");
    static const char *const names[] = { "-", "--", "---stdin", "a-b-stdin", "-1-2-stdin", "a-1-stdin-", "psexesvc-" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        opened(m, "a", "10.0.0.9", "\\\\*\\IPC$", names[i], 0x12019f);
    for (unsigned i = 0; i < 20000; i++) {
        char file[40];
        snprintf(file, sizeof file, "tool%u.exe", i);
        opened(m, "a", "10.0.0.9", "\\\\*\\ADMIN$", file, 0x2);
    }
    made_read(m);
    assert_true(made_acts(m, "share.write") <= 4096 && m->cut > 0);
    made_end(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_sharing_is_counted_at_most),
        cmocka_unit_test(management_from_afar_is_light_and_tools_are_grave),
        cmocka_unit_test(psexec_under_another_name_still_names_its_caller),
        cmocka_unit_test(programs_written_to_administrative_shares),
        cmocka_unit_test(only_pipes_opened_over_the_network_count_in_sysmon),
        cmocka_unit_test(hostile_records_are_borne),
    };
    return cmocka_run_group_tests(tests, made_set_up, made_tear_down);
}
