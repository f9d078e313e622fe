/* The registry while a log watched, and files that were dropped. */
#include "made_log.h"

#include <stdio.h>

static void set(made *m, const char *image, const char *key, const char *data)
{
    made_event(m, SYSMON, 13, evtx_str("EventType", "SetValue"), evtx_str("Image", image), evtx_str("TargetObject", key), evtx_str("Details", data), evtx_str("User", "DB1\\管理员"));
}

#define REG "C:\\Windows\\system32\\reg.exe"
#define RUN "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run\\"

static void ordinary_writes_are_not_grave(void **state)
{
    (void)state;
    made *m = made_begin();
    set(m, "C:\\Windows\\system32\\msiexec.exe", RUN "SecurityHealth", "%windir%\\system32\\SecurityHealthSystray.exe");
    set(m, "C:\\Windows\\explorer.exe", "HKU\\S-1-5-21-1\\Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\RunMRU\\a", "calc\\1");
    set(m, "C:\\Windows\\system32\\services.exe", "HKLM\\System\\CurrentControlSet\\Services\\MSSQLSERVER\\ImagePath", "\"C:\\Program Files\\Microsoft SQL Server\\sqlservr.exe\"");
    set(m, "C:\\Windows\\system32\\svchost.exe", "HKLM\\System\\CurrentControlSet\\Services\\WinDefend\\Start", "DWORD (0x00000002)");
    set(m, "C:\\Windows\\system32\\lsass.exe", "HKLM\\SAM\\SAM\\Domains\\Account\\Users\\000001F4\\F", "Binary Data");
    set(m, "C:\\Windows\\explorer.exe", "HKLM\\System\\CurrentControlSet\\Control\\Terminal Server\\fDenyTSConnections", "DWORD (0x00000001)");
    set(m, "C:\\Users\\张三\\AppData\\Local\\Microsoft\\OneDrive\\OneDrive.exe", "HKU\\S-1-5-21-1_Classes\\CLSID\\{1}\\InprocServer32\\(Default)", "C:\\Users\\张三\\AppData\\Local\\Microsoft\\OneDrive\\FileSyncShell64.dll");
    made_event(m, SYSMON, 12, evtx_str("EventType", "CreateKey"), evtx_str("Image", REG), evtx_str("TargetObject", "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run\\x"));
    made_read(m);
    for (size_t i = 0; i < m->acts.count; i++) {
        const act *a = vec_at(&m->acts, i);
        if (a->finding && a->severity >= SEVERITY_MEDIUM)
            fail_msg("%s: %s", fact_of(a, "key"), a->finding);
    }
    made_end(m);
}

static void places_that_start_programs_or_weaken_the_host(void **state)
{
    (void)state;
    static const struct { const char *key, *data, *point, *finding; severity least; } places[] = {
        { RUN "Ddriver", "C:\\Windows\\system32\\drivers\\svchost.exe", "run-key", "run-key", SEVERITY_CRITICAL },
        { RUN "更新", "C:\\Users\\Public\\update.exe", "run-key", "run-key", SEVERITY_MEDIUM },
        { RUN "x", "powershell -w hidden -enc SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAKQA=", "run-key", "run-key", SEVERITY_HIGH },
        { "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Options\\sethc.exe\\Debugger", "cmd.exe", "ifeo", "autostart-other", SEVERITY_HIGH },
        { "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon\\Shell", "explorer.exe,C:\\a.exe", "winlogon", "autostart-other", SEVERITY_HIGH },
        { "HKU\\S-1-5-21-1_Classes\\ms-settings\\shell\\open\\command\\(Default)", "cmd.exe", "uac", "autostart-other", SEVERITY_HIGH },
        { "HKU\\S-1-5-21-1_CLASSES\\CLSID\\{1}\\InprocServer32\\(Default)", "C:\\Users\\Public\\a.dll", "com", "autostart-other", SEVERITY_HIGH },
        { "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\policies\\system\\EnableLUA", "DWORD (0x00000000)", "uac", "defence-off", SEVERITY_HIGH },
        { "HKLM\\System\\CurrentControlSet\\Services\\WinDefend\\Start", "DWORD (0x00000004)", "defence", "defence-off", SEVERITY_HIGH },
        { "HKLM\\SOFTWARE\\Microsoft\\Windows Defender\\Exclusions\\Paths\\C:\\", "DWORD (0x00000000)", "defence", "defence-off", SEVERITY_HIGH },
        { "HKLM\\System\\CurrentControlSet\\Control\\SecurityProviders\\WDigest\\UseLogonCredential", "DWORD (0x00000001)", "wdigest", "credential-theft", SEVERITY_HIGH },
        { "HKLM\\System\\CurrentControlSet\\Control\\Terminal Server\\fDenyTSConnections", "DWORD (0x00000000)", "rdp", "firewall-change", SEVERITY_MEDIUM },
        { "HKLM\\SAM\\SAM\\Domains\\Account\\Users\\000001F5\\F", "Binary Data", "account-data", "account-change", SEVERITY_HIGH },
        { "HKLM\\System\\CurrentControlSet\\Services\\evil\\ImagePath", "C:\\Windows\\Temp\\evil.exe", "service", "service-install", SEVERITY_HIGH },
        { "HKLM\\System\\CurrentControlSet\\Services\\RemComSvc\\ImagePath", "%SystemRoot%\\RemComSvc.exe", "service", "remote-execution", SEVERITY_HIGH },
        { "HKU\\S-1-5-21-1\\Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\User Shell Folders\\Startup", "c:\\programdata\\new", "shell-folder", "startup-file", SEVERITY_HIGH },
    };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        made *m = made_begin();
        set(m, REG, places[i].key, places[i].data);
        made_read(m);
        const act *a = made_act(m, "registry.autostart", 0);
        assert_fact(a, "point", places[i].point);
        assert_finding(a, places[i].finding, places[i].least);
        assert_fact(a, "account", "DB1\\管理员");
        made_end(m);
    }
}

static void a_port_proxy_is_seen_through_the_registry(void **state)
{
    (void)state;
    made *m = made_begin();
    set(m, "C:\\Windows\\system32\\netsh.exe", "HKLM\\System\\CurrentControlSet\\Services\\PortProxy\\v4tov4\\tcp\\*/65533", "1.1.1.1/53");
    made_read(m);
    const act *a = made_act(m, "portproxy.change", 0);
    assert_fact(a, "listen", "*/65533");
    assert_fact(a, "connect", "1.1.1.1/53");
    assert_finding(a, "port-proxy", SEVERITY_HIGH);
    made_end(m);
}

static void what_the_wmi_provider_writes_somebody_asked_for(void **state)
{
    (void)state;
    made *m = made_begin();
    set(m, "C:\\Windows\\system32\\wbem\\WmiPrvSE.exe", RUN "x", "C:\\Program Files\\a\\a.exe");
    made_read(m);
    assert_finding(made_act(m, "registry.autostart", 0), "run-key", SEVERITY_HIGH);
    assert_fact(made_act(m, "registry.autostart", 0), "means", "wmi");
    made_end(m);
}

static void a_value_taken_away_counts_where_it_protected(void **state)
{
    (void)state;
    made *m = made_begin();
    made_event(m, SYSMON, 12, evtx_str("EventType", "DeleteValue"), evtx_str("Image", REG), evtx_str("TargetObject", "HKLM\\System\\CurrentControlSet\\Control\\SESSION MANAGER\\Environment\\__PSLockdownPolicy"));
    made_event(m, SYSMON, 12, evtx_str("EventType", "DeleteValue"), evtx_str("Image", REG), evtx_str("TargetObject", RUN "x"));
    made_event(m, SYSMON, 12, evtx_str("EventType", "DeleteValue"), evtx_str("Image", REG), evtx_str("TargetObject", "HKLM\\System\\CurrentControlSet\\Services\\WinDefend\\Start"));
    made_read(m);
    assert_int_equal(made_acts(m, "registry.autostart"), 2);
    assert_int_equal(made_found(m, NULL), 1);
    assert_fact(made_act_of(m, "registry.autostart", "value", "__PSLockdownPolicy"), "deleted", "yes");
    made_end(m);
}

static void security_4657_says_the_same(void **state)
{
    (void)state;
    made *m = made_begin();
    made_event(m, SECURITY, 4657, evtx_str("SubjectUserName", "管理员"), evtx_str("ObjectName", "\\REGISTRY\\MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run"), evtx_str("ObjectValueName", "WebServers"),
               evtx_str("OperationType", "%%1904"), evtx_str("NewValue", "c:\\windows\\system32\\wmiex.exe"), evtx_str("ProcessName", "C:\\Windows\\System32\\wmiex.exe"));
    made_read(m);
    const act *a = made_act(m, "registry.autostart", 0);
    assert_finding(a, "run-key", SEVERITY_CRITICAL);
    assert_fact(a, "value", "WebServers");
    assert_fact(a, "family", "drivelife");
    made_end(m);
}

static void dropped(made *m, const char *image, const char *file)
{
    made_event(m, SYSMON, 11, evtx_str("Image", image), evtx_str("TargetFilename", file), evtx_str("CreationUtcTime", "2020-05-11 04:00:00.000"), evtx_str("User", "DB1\\管理员"));
}

static void files_where_they_matter(void **state)
{
    (void)state;
    static const struct { const char *image, *file, *kind, *finding; severity least; } files[] = {
        { "C:\\Windows\\Temp\\svchost.exe", "C:\\Windows\\mkatz.ini", "file.drop", "malware-file", SEVERITY_CRITICAL },
        { "System", "C:\\Windows\\PLMcFw.exe", "file.drop", "remote-execution", SEVERITY_MEDIUM },
        { "System", "C:\\Users\\管理员\\AppData\\Roaming\\Microsoft\\Windows\\Start Menu\\Programs\\Startup\\run.bat", "startup.file", "startup-file", SEVERITY_HIGH },
        { "C:\\Windows\\explorer.exe", "C:\\ProgramData\\Microsoft\\Windows\\Start Menu\\Programs\\StartUp\\微信.lnk", "startup.file", "startup-file", SEVERITY_MEDIUM },
        { "C:\\Windows\\explorer.exe", "C:\\Windows\\ZVDEcBZe.exe", "file.drop", NULL, 0 },
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        made *m = made_begin();
        dropped(m, files[i].image, files[i].file);
        made_read(m);
        const act *a = made_act(m, files[i].kind, 0);
        if (files[i].finding)
            assert_finding(a, files[i].finding, files[i].least);
        else
            assert_null(a->finding);
        made_end(m);
    }
    made *m = made_begin();
    dropped(m, "C:\\Windows\\explorer.exe", "D:\\资料\\报告.docx");
    dropped(m, "System", "D:\\共享\\报告.docx");
    dropped(m, "C:\\Windows\\explorer.exe", "C:\\ProgramData\\Microsoft\\Windows\\Start Menu\\Programs\\StartUp\\desktop.ini");
    made_read(m);
    assert_int_equal(made_acts(m, NULL), 0);
    made_end(m);
}

static void hostile_records_are_borne(void **state)
{
    (void)state;
    made *m = made_begin();
    made_hostile_fields(m, SYSMON, NULL, 13, "TargetObject", "Details", "Image", "EventType", "User");
    made_hostile_fields(m, SYSMON, NULL, 12, "TargetObject", "Image", "EventType");
    made_hostile_fields(m, SECURITY, NULL, 4657, "ObjectName", "ObjectValueName", "NewValue", "ProcessName");
    made_hostile_fields(m, SYSMON, NULL, 11, "TargetFilename", "Image");
    made_hostile_fields(m, SYSMON, NULL, 15, "TargetFilename", "Image", "Hash");
    set(m, NULL, RUN, NULL);
    set(m, "", "\\software\\microsoft\\windows\\currentversion\\run\\", "");
    made_read(m);
    assert_int_equal(made_acts(m, "registry.autostart"), 2);
    made_end(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_writes_are_not_grave),
        cmocka_unit_test(places_that_start_programs_or_weaken_the_host),
        cmocka_unit_test(a_port_proxy_is_seen_through_the_registry),
        cmocka_unit_test(what_the_wmi_provider_writes_somebody_asked_for),
        cmocka_unit_test(a_value_taken_away_counts_where_it_protected),
        cmocka_unit_test(security_4657_says_the_same),
        cmocka_unit_test(files_where_they_matter),
        cmocka_unit_test(hostile_records_are_borne),
    };
    return cmocka_run_group_tests(tests, made_set_up, made_tear_down);
}
