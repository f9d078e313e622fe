/* Reaches for stored secrets, code started in other processes, and attacks on services. */
#include "made_log.h"

#define S32 "C:\\Windows\\System32\\"

static void opened(made *m, const char *source, const char *target, const char *access, const char *trace)
{
    made_event(m, SYSMON, 10, evtx_str("SourceImage", source), evtx_str("TargetImage", target), evtx_str("GrantedAccess", access), evtx_str("CallTrace", trace), evtx_str("SourceUser", "DB1\\管理员"));
}

static void lawful_openers_of_lsass_are_left_alone(void **state)
{
    (void)state;
    made *m = made_begin();
    opened(m, S32 "svchost.exe", S32 "lsass.exe", "0x1410", "ntdll.dll+1|kernelbase.dll+2");
    opened(m, S32 "wbem\\WmiPrvSE.exe", S32 "lsass.exe", "0x1010", "ntdll.dll+1");
    opened(m, "C:\\Users\\张三\\a.exe", S32 "lsass.exe", "0x1000", "ntdll.dll+1");
    opened(m, "C:\\Users\\张三\\a.exe", S32 "notepad.exe", "0x1fffff", "UNKNOWN(0)");
    opened(m, "C:\\Users\\张三\\a.exe", "C:\\lsass.exe.txt", "0x1fffff", "UNKNOWN(0)");
    made_event(m, SECURITY, 4663, evtx_str("ObjectName", "\\Device\\HarddiskVolume2\\Windows\\System32\\lsass.exe"), evtx_hex32("AccessMask", 0x10), evtx_str("ProcessName", S32 "svchost.exe"));
    made_event(m, SECURITY, 4656, evtx_str("ObjectName", "\\Device\\HarddiskVolume2\\Windows\\System32\\lsass.exe"), evtx_hex32("AccessMask", 0x1400), evtx_str("ProcessName", "C:\\tools\\a.exe"));
    made_read(m);
    assert_int_equal(made_acts(m, NULL), 0);
    made_end(m);
}

static void reading_lsass_is_credential_theft(void **state)
{
    (void)state;
    made *m = made_begin();
    opened(m, "C:\\Users\\Public\\m.exe", "C:\\WINDOWS\\system32\\LSASS.EXE", "0x1010", "ntdll.dll+1");
    opened(m, S32 "svchost.exe", S32 "lsass.exe", "0x1410", "ntdll.dll+1|UNKNOWN(00007FF9)");
    made_event(m, SECURITY, 4663, evtx_str("SubjectUserName", "管理员"), evtx_str("ObjectName", "\\Device\\HarddiskVolume2\\Windows\\System32\\lsass.exe"), evtx_hex32("AccessMask", 0x10), evtx_str("ProcessName", S32 "Taskmgr.exe"));
    made_event(m, SECURITY, 4656, evtx_str("ObjectName", "\\Device\\HarddiskVolume2\\Windows\\System32\\lsass.exe"), evtx_hex32("AccessMask", 0x143a), evtx_str("ProcessName", "C:\\tools\\a.exe"));
    made_read(m);
    assert_int_equal(made_found(m, "credential-theft"), 4);
    const act *a = made_act_of(m, "credential.access", "looks", "unknown-code");
    assert_fact(a, "access", "0x1410");
    assert_finding(a, "credential-theft", SEVERITY_HIGH);
    made_end(m);
}

static void replication(made *m, const char *account)
{
    made_event(m, SECURITY, 4662, evtx_str("SubjectUserName", account), evtx_str("SubjectDomainName", "CORP"), evtx_hex64("SubjectLogonId", 0x77), evtx_str("ObjectServer", "DS"),
               evtx_str("Properties", "%%7688\r\n\t\t{1131f6ad-9c07-11d1-f79f-00c04fc2dcd2}\r\n\t{19195a5b-6da0-11d0-afd3-00c04fd930c9}"));
}

static void replication_is_for_machines(void **state)
{
    (void)state;
    made *m = made_begin();
    replication(m, "DC2$");
    replication(m, "王五");
    replication(m, "王五");
    made_read(m);
    assert_int_equal(made_acts(m, "credential.access"), 1);
    assert_finding(made_act(m, "credential.access", 0), "credential-theft", SEVERITY_CRITICAL);
    assert_fact(made_act(m, "credential.access", 0), "account", "CORP\\王五");
    made_end(m);
}

static void database(made *m, const char *path)
{
    made_put(m, (evtx_out){ .kind = EVTX_CLASSIC, .channel = "Application", .provider = "ESENT", .id = 325,
                            .fields = EVTX_FIELDS(evtx_str(NULL, "NTDS"), evtx_str(NULL, "3392"), evtx_str(NULL, ""), evtx_str(NULL, "2"), evtx_str(NULL, path), evtx_str(NULL, "0")) });
}

static void a_copy_of_the_directory_is_made_elsewhere(void **state)
{
    (void)state;
    made *m = made_begin();
    database(m, "C:\\Windows\\NTDS\\ntds.dit");
    database(m, "C:\\ProgramData\\Microsoft\\Windows\\wuaueng.edb");
    database(m, "C:\\临时\\Active Directory\\ntds.dit");
    made_read(m);
    assert_int_equal(made_acts(m, "credential.access"), 1);
    assert_fact(made_act(m, "credential.access", 0), "file", "C:\\临时\\Active Directory\\ntds.dit");
    made_end(m);
}

static void thread(made *m, const char *source, const char *target)
{
    made_event(m, SYSMON, 8, evtx_str("SourceImage", source), evtx_str("TargetImage", target), evtx_u32("NewThreadId", 7), evtx_str("StartAddress", "0x1"), evtx_str("StartModule", ""), evtx_str("StartFunction", ""));
}

static void code_started_in_another_process(void **state)
{
    (void)state;
    made *m = made_begin();
    thread(m, S32 "csrss.exe", S32 "notepad.exe");
    thread(m, "C:\\Program Files\\VMware\\vmtoolsd.exe", "C:\\Windows\\explorer.exe");
    thread(m, S32 "csrss.exe", S32 "lsass.exe");
    thread(m, S32 "powershell.exe", S32 "powershell.exe");
    made_read(m);
    assert_int_equal(made_acts(m, NULL), 0);
    made_end(m);
    m = made_begin();
    for (int i = 0; i < 4; i++) {
        thread(m, S32 "WindowsPowerShell\\v1.0\\powershell.exe", S32 "notepad.exe");
        thread(m, "C:\\Users\\Public\\注入.exe", "C:\\Program Files\\KeePass\\KeePass.exe");
        thread(m, "C:\\Program Files\\a\\a.exe", S32 "lsass.exe");
    }
    made_read(m);
    assert_int_equal(made_acts(m, "process.inject"), 3);
    assert_int_equal(made_found(m, "credential-theft"), 1);
    assert_int_equal(made_found(m, "process-chain"), 2);
    made_end(m);
}

static void classic(made *m, const char *channel, const char *provider, uint32_t id, const char *first, const char *second)
{
    made_put(m, (evtx_out){ .kind = EVTX_CLASSIC, .channel = channel, .provider = provider, .id = id, .fields = EVTX_FIELDS(evtx_str(NULL, first), evtx_str(NULL, second)) });
}

static void traces_of_attacks_on_services(void **state)
{
    (void)state;
    made *m = made_begin();
    for (int i = 0; i < 50; i++) {
        classic(m, SYSTEM, "srv", 2006, "\\Device\\LanmanServer", "192.168.100.9");
        classic(m, SYSTEM, "srv", 2017, "\\Device\\LanmanServer", "");
        classic(m, SYSTEM, "TermDD", 56, "\\Device\\Termdd", "203.0.113.8");
        classic(m, SYSTEM, "Disk", 56, "\\Device\\Harddisk0", "");
    }
    made_put(m, (evtx_out){ .kind = EVTX_USERDATA, .channel = "Microsoft-Windows-SMBServer/Audit", .provider = "Microsoft-Windows-SMBServer", .id = 3000, .element = "EventData",
                            .xmlns = "Smb2", .fields = EVTX_FIELDS(evtx_str("ClientName", "\\\\10.0.0.77")) });
    made_read(m);
    assert_int_equal(made_acts(m, "exploit.attempt"), 4);
    const act *a = made_act_of(m, "exploit.attempt", "what", "smb-malformed");
    assert_fact(a, "source", "192.168.100.9");
    assert_finding(a, "exploit-attempt", SEVERITY_MEDIUM);
    assert_fact(made_act_of(m, "exploit.attempt", "what", "rdp-protocol-error"), "source", "203.0.113.8");
    a = made_act_of(m, "exploit.attempt", "what", "smb1-access");
    assert_fact(a, "source", "10.0.0.77");
    assert_null(a->finding);        /* old, not hostile */
    made_end(m);
}

static void machine_change(made *m, const char *sid, const char *set)
{
    made_event(m, SECURITY, 4742, evtx_str("TargetUserName", "DC1$"), evtx_sid("SubjectUserSid", sid), evtx_str("SubjectUserName", "ANONYMOUS LOGON"), evtx_str("PasswordLastSet", set));
}

static void a_machine_password_set_by_nobody(void **state)
{
    (void)state;
    made *m = made_begin();
    machine_change(m, "S-1-5-18", "2020/9/15 12:31:04");
    machine_change(m, "S-1-5-7", "-");
    made_read(m);
    assert_int_equal(made_acts(m, "exploit.attempt"), 0);
    made_end(m);
    m = made_begin();
    machine_change(m, "S-1-5-7", "2020/9/15 12:31:04");
    made_read(m);
    assert_finding(made_act(m, "exploit.attempt", 0), "exploit-attempt", SEVERITY_CRITICAL);
    assert_fact(made_act(m, "exploit.attempt", 0), "account", "DC1$");
    made_end(m);
}

static void what_windows_and_sql_server_recognise(void **state)
{
    (void)state;
    made *m = made_begin();
    made_put(m, (evtx_out){ .channel = "Application", .provider = "Microsoft-Windows-Audit-CVE", .id = 1, .fields = EVTX_FIELDS(evtx_str("CVEID", "[CVE-2020-0601] cert validation"), evtx_str("AdditionalDetails", "CA: x")) });
    made_put(m, (evtx_out){ .channel = "Microsoft-Windows-PrintService/Admin", .provider = "Microsoft-Windows-PrintService", .id = 808, .kind = EVTX_USERDATA, .element = "LoadPluginFailed", .xmlns = "x",
                            .fields = EVTX_FIELDS(evtx_str("Param1", "C:\\Windows\\system32\\spool\\DRIVERS\\x64\\3\\old\\1\\evil.dll"), evtx_str("Param2", "0x45A")) });
    classic(m, "Application", "MSSQLSERVER", 17836, "0", "Length specified in network packet payload did not match [CLIENT: 198.51.100.4]");
    made_read(m);
    assert_finding(made_act_of(m, "exploit.attempt", "what", "known-fault"), "exploit-attempt", SEVERITY_HIGH);
    assert_finding(made_act_of(m, "exploit.attempt", "what", "print-spooler"), "exploit-attempt", SEVERITY_HIGH);
    assert_fact(made_act_of(m, "exploit.attempt", "what", "sql-malformed"), "source", "198.51.100.4");
    made_end(m);
}

static void hostile_records_are_borne(void **state)
{
    (void)state;
    made *m = made_begin();
    made_hostile_fields(m, SYSMON, NULL, 10, "SourceImage", "TargetImage", "GrantedAccess", "CallTrace", "SourceUser");
    made_hostile_fields(m, SYSMON, NULL, 8, "SourceImage", "TargetImage", "StartModule", "StartFunction");
    made_hostile_fields(m, SECURITY, NULL, 4656, "ObjectName", "AccessMask", "ProcessName");
    made_hostile_fields(m, SECURITY, NULL, 4662, "Properties", "SubjectUserName", "SubjectLogonId");
    made_hostile_fields(m, SECURITY, NULL, 4742, "SubjectUserSid", "PasswordLastSet", "TargetUserName");
    made_hostile_fields(m, "Application", "ESENT", 325, "a", "b");
    made_hostile_fields(m, "Application", "MSSQL$SQLEXPRESS", 17836, "a", "b");
    made_hostile_fields(m, "Application", "Microsoft-Windows-Audit-CVE", 1, "CVEID");
    made_hostile_fields(m, SYSTEM, "srv2", 2006, "a", "b");
    made_hostile_fields(m, SYSTEM, "TermDD", 56, "a", "b");
    made_hostile_fields(m, "Microsoft-Windows-SMBServer/Audit", NULL, 3000, "ClientName", "ClientAddress");
    made_hostile_fields(m, "Microsoft-Windows-PrintService/Admin", NULL, 808, "Param1");
    made_read(m);
    assert_true(m->records > 1000);
    made_end(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lawful_openers_of_lsass_are_left_alone),
        cmocka_unit_test(reading_lsass_is_credential_theft),
        cmocka_unit_test(replication_is_for_machines),
        cmocka_unit_test(a_copy_of_the_directory_is_made_elsewhere),
        cmocka_unit_test(code_started_in_another_process),
        cmocka_unit_test(traces_of_attacks_on_services),
        cmocka_unit_test(a_machine_password_set_by_nobody),
        cmocka_unit_test(what_windows_and_sql_server_recognise),
        cmocka_unit_test(hostile_records_are_borne),
    };
    return cmocka_run_group_tests(tests, made_set_up, made_tear_down);
}
