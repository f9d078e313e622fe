/* WMI subscriptions, callers from afar, WinRM shells, and the calls that a host made itself. */
#include "made_log.h"

#define ACTIVITY "Microsoft-Windows-WMI-Activity/Operational"
#define WINRM "Microsoft-Windows-WinRM/Operational"
#define RDP_CLIENT "Microsoft-Windows-TerminalServices-RDPClient/Operational"

static void activity(made *m, uint32_t id, const evtx_field *fields, size_t count)
{
    made_put(m, (evtx_out){ .kind = EVTX_USERDATA, .channel = ACTIVITY, .provider = "Microsoft-Windows-WMI-Activity", .id = id, .element = id == 5861 ? "Operation_ESStoConsumerBinding" : "Operation_ClientFailure",
                            .xmlns = "http://manifests.microsoft.com/win/2006/windows/WMI", .fields = fields, .field_count = count });
}
#define activity_of(m, id, ...) activity(m, id, EVTX_LIST(__VA_ARGS__))
#define EVTX_LIST(...) (evtx_field[]){ __VA_ARGS__ }, sizeof (evtx_field[]){ __VA_ARGS__ } / sizeof(evtx_field)

static void subscriptions_of_windows_itself_are_known(void **state)
{
    (void)state;
    made *m = made_begin();
    activity_of(m, 5861, evtx_str("Namespace", "//./root/subscription"), evtx_str("ESS", "SCM Event Log Filter"), evtx_str("CONSUMER", "NTEventLogEventConsumer=\"SCM Event Log Consumer\""),
                evtx_str("PossibleCause", "Binding EventFilter: instance of __EventFilter { Name = \"SCM Event Log Filter\"; };"));
    made_event(m, SYSMON, 19, evtx_str("EventType", "WmiFilterEvent"), evtx_str("Operation", "Created"), evtx_str("User", "NT AUTHORITY\\SYSTEM"), evtx_str("Name", "\"BVTFilter\""), evtx_str("Query", "SELECT 1"));
    made_read(m);
    assert_int_equal(made_acts(m, "wmi.subscribe"), 2);
    assert_int_equal(made_found(m, NULL), 0);
    assert_fact(made_act(m, "wmi.subscribe", 0), "known", "yes");
    made_end(m);
}

static void other_subscriptions_bring_something_back(void **state)
{
    (void)state;
    made *m = made_begin();
    activity_of(m, 5861, evtx_str("Namespace", "//./root/subscription"), evtx_str("ESS", "fa1b2"), evtx_str("CONSUMER", "CommandLineEventConsumer=\"ca1b2\""),
                evtx_str("PossibleCause", "Query = \"SELECT * FROM __InstanceModificationEvent WITHIN 3600 WHERE TargetInstance ISA 'Win32_PerfFormattedData_PerfOS_System'\"; CommandLineTemplate = \"cmd.exe /c powershell -w hidden -c ...\""));
    made_event(m, SYSMON, 20, evtx_str("Operation", "Created"), evtx_str("User", "DB1\\管理员"), evtx_str("Name", "\"更新\""), evtx_str("Type", "Command Line"), evtx_str("Destination", "\"powershell -enc SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAKQA=\""));
    made_event(m, SYSMON, 21, evtx_str("Operation", "Created"), evtx_str("User", "DB1\\管理员"), evtx_str("Consumer", "\"CommandLineEventConsumer.Name=\\\"更新\\\"\""), evtx_str("Filter", "\"__EventFilter.Name=\\\"更新\\\"\""));
    made_read(m);
    assert_int_equal(made_found(m, "wmi-persistence"), 3);
    assert_finding(made_act_of(m, "wmi.subscribe", "part", "consumer"), "wmi-persistence", SEVERITY_CRITICAL);
    assert_fact(made_act_of(m, "wmi.subscribe", "part", "consumer"), "account", "DB1\\管理员");
    made_end(m);
}

static void a_client_on_another_machine_names_itself(void **state)
{
    (void)state;
    made *m = made_begin();
    for (int i = 0; i < 3; i++) {
        activity_of(m, 5858, evtx_str("Id", "{1}"), evtx_str("ClientMachine", "办公-电脑"), evtx_str("User", "DB1\\管理员"), evtx_u32("ClientProcessId", 1), evtx_str("Component", "Unknown"),
                    evtx_str("Operation", "Start IWbemServices::ExecMethod - root\\cimv2 : Win32_Process::Create"), evtx_str("ResultCode", "0x80041032"));
        activity_of(m, 5858, evtx_str("ClientMachine", "DB1"), evtx_str("User", "NT AUTHORITY\\SYSTEM"), evtx_str("Operation", "x"));
        activity_of(m, 5858, evtx_str("ClientMachine", "db1.example.com"), evtx_str("User", "NT AUTHORITY\\SYSTEM"), evtx_str("Operation", "x"));
    }
    made_read(m);
    assert_int_equal(made_acts(m, "remote.exec"), 1);
    const act *a = made_act(m, "remote.exec", 0);
    assert_fact(a, "client", "办公-电脑");
    assert_fact(a, "means", "wmi");
    made_end(m);
}

static void a_winrm_shell_belongs_to_who_just_logged_on(void **state)
{
    (void)state;
    made *m = made_begin();
    made_event(m, WINRM, 169, evtx_str("username", "DB1\\管理员"), evtx_str("authenticationMechanism", "NTLM"));
    made_put(m, (evtx_out){ .channel = WINRM, .id = 91, .user = "S-1-5-20", .fields = EVTX_FIELDS(evtx_str("resourceUri", "http://schemas.microsoft.com/powershell/Microsoft.PowerShell"), evtx_str("shellId", "1")) });
    m->time += MOMENT_HOUR;
    made_put(m, (evtx_out){ .channel = WINRM, .id = 91, .user = "S-1-5-20", .fields = EVTX_FIELDS(evtx_str("resourceUri", "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd")) });
    made_read(m);
    assert_int_equal(made_acts(m, "remote.exec"), 2);
    assert_fact(made_act(m, "remote.exec", 0), "account", "DB1\\管理员");
    assert_fact(made_act(m, "remote.exec", 0), "package", "NTLM");
    assert_no_fact(made_act(m, "remote.exec", 1), "account");
    made_end(m);
}

static void explicit(made *m, const char *server, const char *info, const char *process)
{
    made_event(m, SECURITY, 4648, evtx_sid("SubjectUserSid", "S-1-5-21-1"), evtx_str("SubjectUserName", "张三"), evtx_str("SubjectDomainName", "DB1"), evtx_hex64("SubjectLogonId", 1),
               evtx_str("TargetUserName", "administrator"), evtx_str("TargetDomainName", "CORP"), evtx_str("TargetServerName", server), evtx_str("TargetInfo", info), evtx_size("ProcessId", 1),
               evtx_str("ProcessName", process), evtx_str("IpAddress", "-"), evtx_str("IpPort", "-"));
}

static void credentials_used_for_another_host_tell_the_means(void **state)
{
    (void)state;
    static const struct { const char *info, *process, *means; } calls[] = {
        { "RPCSS/DB2", "C:\\Windows\\System32\\lsass.exe", "wmi" }, { "TERMSRV/DB2", "C:\\Windows\\System32\\lsass.exe", "rdp" }, { "cifs/DB2", "", "smb-file" },
        { "MSSQLSvc/DB2:1433", "", "mssql" }, { "HTTP/DB2", "C:\\Windows\\System32\\svchost.exe", "winrm" }, { "DB2", "C:\\Windows\\System32\\mstsc.exe", "rdp" },
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        made *m = made_begin();
        explicit(m, "DB2", calls[i].info, calls[i].process);
        explicit(m, "DB2", calls[i].info, calls[i].process);
        made_read(m);
        assert_int_equal(made_acts(m, "remote.call"), 1);
        const act *a = made_act(m, "remote.call", 0);
        assert_fact(a, "means", calls[i].means);
        assert_fact(a, "target", "DB2");
        assert_fact(a, "account", "CORP\\administrator");
        assert_fact(a, "by", "DB1\\张三");
        assert_true(a->severity <= SEVERITY_LOW);
        made_end(m);
    }
    made *m = made_begin();
    explicit(m, "localhost", "localhost", "C:\\Windows\\System32\\svchost.exe");
    explicit(m, "DB1", "RPCSS/DB1", "C:\\Windows\\System32\\svchost.exe");
    explicit(m, "db1.corp.example", "RPCSS/db1", "C:\\Windows\\System32\\svchost.exe");
    made_read(m);
    assert_int_equal(made_acts(m, "remote.call"), 0);
    made_end(m);
}

static void the_remote_desktop_client_tells_where_it_went(void **state)
{
    (void)state;
    made *m = made_begin();
    for (int i = 0; i < 5; i++) {
        made_event(m, RDP_CLIENT, 1024, evtx_str("Name", "Server Name"), evtx_str("Value", "DB2"), evtx_u32("CustomLevel", 4));
        made_event(m, RDP_CLIENT, 1102, evtx_str("Name", "Server Address"), evtx_str("Value", "192.168.100.2"), evtx_u32("CustomLevel", 4));
    }
    made_read(m);
    assert_int_equal(made_acts(m, "remote.call"), 2);
    assert_non_null(made_act_of(m, "remote.call", "target", "192.168.100.2"));
    assert_int_equal(made_found(m, NULL), 0);
    made_end(m);
}

static void shares_of_drives_are_weak(void **state)
{
    (void)state;
    made *m = made_begin();
    made_event(m, SECURITY, 5142, evtx_str("SubjectUserName", "管理员"), evtx_str("ShareName", "\\\\*\\C"), evtx_str("ShareLocalPath", "C:\\"));
    made_event(m, SECURITY, 5142, evtx_str("SubjectUserName", "管理员"), evtx_str("ShareName", "\\\\*\\资料"), evtx_str("ShareLocalPath", "D:\\资料"));
    made_read(m);
    assert_int_equal(made_acts(m, "share.add"), 2);
    assert_int_equal(made_found(m, "weak-setting"), 1);
    made_end(m);
}

static void hostile_records_are_borne(void **state)
{
    (void)state;
    made *m = made_begin();
    made_hostile_fields(m, ACTIVITY, NULL, 5861, "ESS", "CONSUMER", "PossibleCause", "Namespace");
    made_hostile_fields(m, ACTIVITY, NULL, 5858, "ClientMachine", "User", "Operation");
    made_hostile_fields(m, ACTIVITY, NULL, 5860, "ClientMachine", "User", "Query");
    made_hostile_fields(m, SYSMON, NULL, 19, "Name", "Query", "User");
    made_hostile_fields(m, SYSMON, NULL, 20, "Name", "Destination", "User");
    made_hostile_fields(m, SYSMON, NULL, 21, "Consumer", "Filter", "User");
    made_hostile_fields(m, WINRM, NULL, 169, "username", "authenticationMechanism");
    made_hostile_fields(m, WINRM, NULL, 91, "resourceUri");
    made_hostile_fields(m, SECURITY, NULL, 4648, "TargetServerName", "TargetInfo", "ProcessName", "TargetUserName", "SubjectUserName");
    made_hostile_fields(m, SECURITY, NULL, 5142, "ShareName", "ShareLocalPath", "SubjectUserName");
    made_hostile_fields(m, RDP_CLIENT, NULL, 1102, "Value");
    made_hostile_fields(m, SYSMON, NULL, 7, "Image", "ImageLoaded", "ProcessGuid");
    made_read(m);
    assert_true(m->records > 1000);
    made_end(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subscriptions_of_windows_itself_are_known),
        cmocka_unit_test(other_subscriptions_bring_something_back),
        cmocka_unit_test(a_client_on_another_machine_names_itself),
        cmocka_unit_test(a_winrm_shell_belongs_to_who_just_logged_on),
        cmocka_unit_test(credentials_used_for_another_host_tell_the_means),
        cmocka_unit_test(the_remote_desktop_client_tells_where_it_went),
        cmocka_unit_test(shares_of_drives_are_weak),
        cmocka_unit_test(hostile_records_are_borne),
    };
    return cmocka_run_group_tests(tests, made_set_up, made_tear_down);
}
