/* Accounts made and raised, evidence removed, antivirus heard and silenced. */
#include "made_log.h"

#define BY "S-1-5-21-1004336348-1177238915-682003330-500"
#define NEW "S-1-5-21-1004336348-1177238915-682003330-1010"
#define EVENTLOG "Microsoft-Windows-Eventlog"
#define DEFENDER "Microsoft-Windows-Windows Defender/Operational"

#define SUBJECT evtx_sid("SubjectUserSid", BY), evtx_str("SubjectUserName", "Administrator"), evtx_str("SubjectDomainName", "DB1"), evtx_hex64("SubjectLogonId", 0x5a1b2)
#define BY_SYSTEM evtx_sid("SubjectUserSid", "S-1-5-18"), evtx_str("SubjectUserName", "DB1$"), evtx_str("SubjectDomainName", "WORKGROUP"), evtx_hex64("SubjectLogonId", 0x3e7)
#define TARGET(name, sid) evtx_str("TargetUserName", name), evtx_str("TargetDomainName", "DB1"), evtx_sid("TargetSid", sid)

static void accounts_that_are_made(void **state)
{
    (void)state;
    made *m = made_begin();
    made_event(m, SECURITY, 4720, TARGET("bob", NEW), SUBJECT, evtx_str("SamAccountName", "bob"), evtx_str("OldUacValue", "0x0"), evtx_str("NewUacValue", "0x15"));
    made_event(m, SECURITY, 4720, TARGET("k8h3d", NEW), BY_SYSTEM);
    made_event(m, SECURITY, 4720, TARGET("support$", NEW), SUBJECT);
    made_event(m, SECURITY, 4720, TARGET("DefaultAccount", NEW), BY_SYSTEM);
    made_event(m, SECURITY, 4741, TARGET("PC7$", NEW), SUBJECT);
    made_read(m);
    assert_int_equal(made_acts(m, "account.create"), 5);
    const act *a = made_act(m, "account.create", 0);
    assert_fact(a, "account", "DB1\\bob");
    assert_fact(a, "sid", NEW);
    assert_fact(a, "by", "DB1\\Administrator");
    assert_fact(a, "by_sid", BY);
    assert_fact(a, "logon", "0x5a1b2");
    assert_finding(a, "account-create", SEVERITY_MEDIUM);
    assert_finding(made_act(m, "account.create", 1), "account-create", SEVERITY_CRITICAL);
    assert_lists(made_act(m, "account.create", 1), "looks", "family");
    assert_finding(made_act(m, "account.create", 2), "account-create", SEVERITY_HIGH);
    assert_lists(made_act(m, "account.create", 2), "looks", "hidden-name");
    assert_true(!made_act(m, "account.create", 3)->finding);
    assert_true(!made_act(m, "account.create", 4)->finding);
    assert_no_fact(made_act(m, "account.create", 4), "looks");
    made_end(m);
}

static void groups_are_known_by_their_sid_in_any_language(void **state)
{
    (void)state;
    made *m = made_begin();
    made_event(m, SECURITY, 4732, evtx_str("MemberName", "-"), evtx_sid("MemberSid", NEW), evtx_str("TargetUserName", "\xe7\xae\xa1\xe7\x90\x86\xe5\x91\x98\xe7\xbb\x84"),
               evtx_str("TargetDomainName", "Builtin"), evtx_sid("TargetSid", "S-1-5-32-544"), SUBJECT);
    made_event(m, SECURITY, 4732, evtx_str("MemberName", "-"), evtx_sid("MemberSid", NEW), evtx_str("TargetUserName", "Users"), evtx_str("TargetDomainName", "Builtin"),
               evtx_sid("TargetSid", "S-1-5-32-545"), SUBJECT);
    made_event(m, SECURITY, 4732, evtx_sid("MemberSid", NEW), evtx_str("TargetUserName", "Remote Desktop Users"), evtx_sid("TargetSid", "S-1-5-32-555"), SUBJECT);
    made_event(m, SECURITY, 4728, evtx_str("MemberName", "CN=bob,CN=Users,DC=corp"), evtx_sid("MemberSid", NEW), evtx_str("TargetUserName", "Domain Admins"),
               evtx_sid("TargetSid", "S-1-5-21-1-2-3-512"), SUBJECT);
    made_event(m, SECURITY, 4732, evtx_str("MemberName", "-"), evtx_sid("MemberSid", "S-1-5-21-1-2-3-512"), evtx_str("TargetUserName", "Administrators"),
               evtx_str("TargetDomainName", "Builtin"), evtx_sid("TargetSid", "S-1-5-32-544"), SUBJECT);      /* a host joins its domain */
    made_event(m, SECURITY, 4728, evtx_sid("MemberSid", NEW), evtx_str("TargetUserName", "None"), evtx_sid("TargetSid", "S-1-5-21-1-2-3-513"), SUBJECT);
    made_read(m);
    assert_int_equal(made_acts(m, "group.add"), 6);
    const act *a = made_act(m, "group.add", 0);
    assert_fact(a, "privileged", "yes");
    assert_fact(a, "member_sid", NEW);
    assert_no_fact(a, "member");
    assert_fact(a, "group", "Builtin\\\xe7\xae\xa1\xe7\x90\x86\xe5\x91\x98\xe7\xbb\x84");
    assert_finding(a, "admin-group-add", SEVERITY_HIGH);
    assert_no_fact(made_act(m, "group.add", 1), "privileged");
    assert_true(!made_act(m, "group.add", 1)->finding);
    assert_fact(made_act(m, "group.add", 2), "remote", "yes");
    assert_fact(made_act(m, "group.add", 3), "privileged", "yes");
    assert_fact(made_act(m, "group.add", 3), "member", "CN=bob,CN=Users,DC=corp");
    assert_fact(made_act(m, "group.add", 4), "privileged", "yes");
    assert_true(!made_act(m, "group.add", 4)->finding);
    assert_true(!made_act(m, "group.add", 5)->finding);
    made_end(m);
}

static void accounts_that_are_changed(void **state)
{
    (void)state;
    made *m = made_begin();
    made_event(m, SECURITY, 4722, TARGET("Guest", "S-1-5-21-1-2-3-501"), SUBJECT);
    made_event(m, SECURITY, 4722, TARGET("bob", NEW), SUBJECT);
    made_event(m, SECURITY, 4724, TARGET("Administrator", BY), BY_SYSTEM);
    made_event(m, SECURITY, 4724, TARGET("bob", NEW), SUBJECT);
    made_event(m, SECURITY, 4738, evtx_str("Dummy", "-"), TARGET("bob", NEW), SUBJECT, evtx_str("OldUacValue", "0x15"), evtx_str("NewUacValue", "0x210"));
    made_event(m, SECURITY, 4738, TARGET("bob", NEW), SUBJECT, evtx_str("OldUacValue", "0x10"), evtx_str("NewUacValue", "0x10010"));
    made_event(m, SECURITY, 4725, TARGET("bob", NEW), SUBJECT);
    made_event(m, SECURITY, 4726, TARGET("bob", NEW), SUBJECT);
    made_event(m, SECURITY, 4781, evtx_str("OldTargetUserName", "PC7$"), evtx_str("NewTargetUserName", "dc1"), evtx_str("TargetDomainName", "CORP"), evtx_sid("TargetSid", NEW), SUBJECT);
    made_event(m, SECURITY, 4781, evtx_str("OldTargetUserName", "PC7$"), evtx_str("NewTargetUserName", "PC8$"), evtx_str("TargetDomainName", "CORP"), evtx_sid("TargetSid", NEW), SUBJECT);
    made_event(m, SECURITY, 4765, evtx_str("SourceUserName", "CORP\\Domain Admins"), evtx_sid("SourceSid", "S-1-5-21-1-2-3-512"), TARGET("bob", NEW), SUBJECT);
    made_event(m, SECURITY, 4794, SUBJECT, evtx_str("Workstation", "DC1"), evtx_hex32("Status", 0));
    made_event(m, SECURITY, 4794, SUBJECT, evtx_str("Workstation", "DC1"), evtx_hex32("Status", 0xc000006a));
    made_read(m);
    assert_finding(made_act(m, "account.enable", 0), "account-change", SEVERITY_HIGH);
    assert_true(!made_act(m, "account.enable", 1)->finding);
    assert_finding(made_act(m, "account.reset", 0), "account-change", SEVERITY_HIGH);
    assert_true(made_act(m, "account.reset", 1)->severity == SEVERITY_LOW);
    assert_fact(made_act(m, "account.change", 0), "changed", "-disabled,-no-password-needed,+password-never-expires");
    assert_true(!made_act(m, "account.change", 0)->finding);
    assert_finding(made_act(m, "account.change", 1), "account-change", SEVERITY_HIGH);
    assert_int_equal(made_acts(m, "account.disable"), 1);
    assert_int_equal(made_acts(m, "account.delete"), 1);
    assert_finding(made_act(m, "account.rename", 0), "account-change", SEVERITY_CRITICAL);
    assert_fact(made_act(m, "account.rename", 0), "old", "PC7$");
    assert_fact(made_act(m, "account.rename", 0), "account", "CORP\\dc1");
    assert_true(!made_act(m, "account.rename", 1)->finding);
    assert_fact(made_act(m, "account.change", 2), "history_sid", "S-1-5-21-1-2-3-512");
    assert_int_equal(made_acts(m, "account.reset"), 3);
    assert_fact(made_act(m, "account.reset", 2), "account", "DSRM");
    made_end(m);
}

static void put_cleared(made *m, const char *channel, uint32_t id, const char *of)
{
    made_put(m, (evtx_out){ .kind = EVTX_USERDATA, .provider = EVENTLOG, .channel = channel, .id = id, .element = "LogFileCleared",
                            .xmlns = "http://manifests.microsoft.com/win/2004/08/windows/eventlog",
                            .fields = EVTX_FIELDS(evtx_sid("SubjectUserSid", BY), evtx_str("SubjectUserName", "Administrator"), evtx_str("SubjectDomainName", "DB1"),
                                                  evtx_str(of ? "Channel" : "SubjectLogonId", of ? of : "0x5a1b2")) });
}

static void cleared_logs(void **state)
{
    (void)state;
    made *m = made_begin();
    put_cleared(m, SECURITY, 1102, NULL);
    put_cleared(m, SYSTEM, 104, "System");
    put_cleared(m, SYSTEM, 104, "Microsoft-Windows-Fonts/Operational");
    made_put(m, (evtx_out){ .provider = "Elsewhere", .channel = SYSTEM, .id = 104 });
    made_read(m);
    assert_int_equal(made_acts(m, "log.clear"), 3);
    assert_fact(made_act_of(m, "log.clear", "channel", "Security"), "account", "DB1\\Administrator");
    assert_finding(made_act_of(m, "log.clear", "channel", "Security"), "log-cleared", SEVERITY_HIGH);
    assert_finding(made_act_of(m, "log.clear", "channel", "System"), "log-cleared", SEVERITY_HIGH);
    assert_true(made_act_of(m, "log.clear", "channel", "Microsoft-Windows-Fonts/Operational")->severity == SEVERITY_LOW);
    made_end(m);
}

static void put_log_event(made *m, uint32_t id, const char *element)
{
    made_put(m, (evtx_out){ .kind = EVTX_USERDATA, .provider = EVENTLOG, .channel = SECURITY, .id = id, .element = element,
                            .xmlns = "http://manifests.microsoft.com/win/2004/08/windows/eventlog", .fields = EVTX_FIELDS(evtx_str("Reason", "0")) });
}

static void put_logon(made *m)
{
    made_event(m, SECURITY, 4624, evtx_sid("TargetUserSid", BY), evtx_str("TargetUserName", "Administrator"), evtx_str("TargetDomainName", "DB1"), evtx_u32("LogonType", 2));
}

static void a_log_service_stopped_alone_is_told_from_a_shutdown(void **state)
{
    (void)state;
    made *m = made_begin();
    put_log_event(m, 1100, "ServiceShutdown");
    put_logon(m);                                        /* overtaken by the shutdown */
    m->time += MOMENT_HOUR;
    made_put(m, (evtx_out){ .channel = SECURITY, .id = 4608 });
    put_logon(m);
    m->time += MOMENT_HOUR;
    put_logon(m);
    put_log_event(m, 1100, "ServiceShutdown");
    moment when = m->time - MOMENT_SECOND;
    put_logon(m);
    m->time += MOMENT_MINUTE;
    put_logon(m);
    put_log_event(m, 1101, "AuditEventsDropped");
    put_log_event(m, 1104, "SecurityLogIsFull");
    put_log_event(m, 1100, "ServiceShutdown");           /* the end of the log: a shutdown */
    made_read(m);
    assert_int_equal(made_acts(m, "log.stop"), 3);
    const act *a = made_act_of(m, "log.stop", "what", "service-stopped");
    assert_non_null(a);
    assert_true(a->time == when);
    assert_finding(a, "defence-off", SEVERITY_HIGH);
    assert_non_null(made_act_of(m, "log.stop", "what", "dropped"));
    assert_non_null(made_act_of(m, "log.stop", "what", "full"));
    assert_int_equal(made_acts(m, "boot.stop"), 3);
    made_end(m);
}

static void auditing_that_is_narrowed(void **state)
{
    (void)state;
    made *m = made_begin();
    made_event(m, SECURITY, 4719, SUBJECT, evtx_str("CategoryId", "%%8273"), evtx_str("SubcategoryId", "%%12544"),
               evtx_guid("SubcategoryGuid", "{0CCE9215-69AE-11D9-BED3-505054503030}"), evtx_str("AuditPolicyChanges", "%%8448, %%8450"));
    made_event(m, SECURITY, 4719, SUBJECT, evtx_guid("SubcategoryGuid", "{0CCE9215-69AE-11D9-BED3-505054503030}"), evtx_str("AuditPolicyChanges", "%%8449"));
    made_event(m, SECURITY, 4719, BY_SYSTEM, evtx_guid("SubcategoryGuid", "{0CCE922B-69AE-11D9-BED3-505054503030}"), evtx_str("AuditPolicyChanges", "%%8448"));
    made_event(m, SECURITY, 4739, evtx_str("DomainPolicyChanged", "Lockout Policy"), SUBJECT, evtx_str("LockoutThreshold", "0"), evtx_str("MinPasswordLength", "-"));
    made_event(m, SECURITY, 4739, evtx_str("DomainPolicyChanged", "-"), SUBJECT, evtx_str("LockoutThreshold", "-"), evtx_str("MinPasswordLength", "-"));
    made_read(m);
    assert_int_equal(made_acts(m, "audit.change"), 2);
    const act *a = made_act(m, "audit.change", 0);
    assert_fact(a, "subcategory", "Logon");
    assert_fact(a, "change", "success,failure");
    assert_fact(a, "account", "DB1\\Administrator");
    assert_finding(a, "defence-off", SEVERITY_HIGH);
    assert_fact(made_act(m, "audit.change", 1), "subcategory", "Process Creation");
    assert_true(made_act(m, "audit.change", 1)->severity == SEVERITY_LOW);
    assert_int_equal(made_acts(m, "policy.change"), 1);
    assert_fact(made_act(m, "policy.change", 0), "lockout_threshold", "0");
    assert_no_fact(made_act(m, "policy.change", 0), "min_length");
    made_end(m);
}

static void a_number_of_a_message_is_no_name(void **state)
{
    (void)state;
    made *m = made_begin();
    made_event(m, DEFENDER, 1117, evtx_str("Product Name", "%%827"), evtx_str("Severity ID", "5"), evtx_str("Severity Name", "%%830"),
               evtx_str("Threat Name", "Trojan:Win32/One"), evtx_str("Action ID", "2"), evtx_str("Action Name", "%%809"));
    made_event(m, DEFENDER, 1116, evtx_str("Product Name", "%%827"), evtx_str("Severity ID", "5"), evtx_str("Threat Name", "Trojan:Win32/Two"), evtx_str("Action Name", "%%887"));
    made_read(m);
    const act *a = made_act_of(m, "av.detect", "threat", "Trojan:Win32/One");
    assert_fact(a, "product", "Microsoft Defender");
    assert_fact(a, "action", "Quarantine");
    assert_no_fact(a, "severity");
    a = made_act_of(m, "av.detect", "threat", "Trojan:Win32/Two");
    assert_fact(a, "product", "Microsoft Defender");
    assert_no_fact(a, "action");
    made_end(m);
}

static void antivirus_that_finds_something(void **state)
{
    (void)state;
    made *m = made_begin();
    made_event(m, DEFENDER, 1116, evtx_str("Product Name", "Windows Defender"), evtx_str("Severity ID", "5"), evtx_str("Severity Name", "\xe4\xb8\xa5\xe9\x87\x8d"),
               evtx_str("Threat Name", "Trojan:Win32/Test"), evtx_str("Process Name", "Unknown"), evtx_str("Detection User", "DB1\\Administrator"),
               evtx_str("Path", "file:_C:\\Windows\\Temp\\svchost.exe; process:_pid:4712"), evtx_str("Action Name", "\xe9\x9a\x94\xe7\xa6\xbb"));
    made_put(m, (evtx_out){ .kind = EVTX_CLASSIC, .provider = "Symantec AntiVirus", .channel = "Application", .id = 51,
                            .fields = EVTX_FIELDS(evtx_str(NULL, "\n\nSecurity Risk Found!Trojan.Test in File: C:\\x y\\a.exe by: Auto-Protect scan.  Action: Quarantine succeeded.  Action Description: done")) });
    made_put(m, (evtx_out){ .kind = EVTX_CLASSIC, .provider = "McLogEvent", .channel = "Application", .id = 258,
                            .fields = EVTX_FIELDS(evtx_str(NULL, "The file C:\\a.exe contains Test!1 Virus.  The file was successfully deleted.")) });
    made_put(m, (evtx_out){ .kind = EVTX_CLASSIC, .provider = "Sophos Anti-Virus", .channel = "Application", .id = 32,
                            .fields = EVTX_FIELDS(evtx_str(NULL, "File \"C:\\a b.exe\" belongs to virus/spyware 'Troj/Test'.")) });
    made_put(m, (evtx_out){ .kind = EVTX_CLASSIC, .provider = "Kaspersky Endpoint Security", .channel = "Kaspersky Event Log", .id = 302,
                            .fields = EVTX_FIELDS(evtx_str(NULL, "\xe4\xba\x8b\xe4\xbb\xb6\xe7\xb1\xbb\xe5\x9e\x8b: x\r\n\xe5\x90\x8d\xe7\xa7\xb0: Trojan.Win32.Test\r\n\xe5\xaf\xb9\xe8\xb1\xa1\xe8\xb7\xaf\xe5\xbe\x84: C:\\a.exe\r\n")) });
    made_put(m, (evtx_out){ .kind = EVTX_CLASSIC, .provider = "Kaspersky Endpoint Security", .channel = "Kaspersky Event Log", .id = 1, .fields = EVTX_FIELDS(evtx_str(NULL, "Update done")) });
    made_put(m, (evtx_out){ .kind = EVTX_CLASSIC, .provider = "Symantec AntiVirus", .channel = "Application", .id = 2, .fields = EVTX_FIELDS(evtx_str(NULL, "Scan Complete: in File: x")) });
    made_read(m);
    assert_int_equal(made_acts(m, "av.detect"), 5);
    const act *a = made_act_of(m, "av.detect", "product", "Windows Defender");
    assert_fact(a, "file", "C:\\Windows\\Temp\\svchost.exe");
    assert_fact(a, "threat", "Trojan:Win32/Test");
    assert_fact(a, "account", "DB1\\Administrator");
    assert_no_fact(a, "process");
    assert_finding(a, "malware-file", SEVERITY_HIGH);
    a = made_act_of(m, "av.detect", "product", "Symantec");
    assert_fact(a, "file", "C:\\x y\\a.exe");
    assert_fact(a, "threat", "Trojan.Test");
    assert_fact(a, "action", "Quarantine succeeded");
    assert_fact(made_act_of(m, "av.detect", "product", "McAfee"), "threat", "Test!1");
    assert_fact(made_act_of(m, "av.detect", "product", "Sophos"), "file", "C:\\a b.exe");
    assert_fact(made_act_of(m, "av.detect", "product", "Kaspersky"), "threat", "Trojan.Win32.Test");
    assert_fact(made_act_of(m, "av.detect", "product", "Kaspersky"), "file", "C:\\a.exe");
    made_end(m);
}

static void antivirus_that_is_told_to_look_away(void **state)
{
    (void)state;
    made *m = made_begin();
    made_event(m, DEFENDER, 5001, evtx_str("Product Name", "Windows Defender"));
    made_event(m, DEFENDER, 5007, evtx_str("Product Name", "Windows Defender"), evtx_str("Old Value", ""), evtx_str("New Value", "HKLM\\SOFTWARE\\Microsoft\\Windows Defender\\Exclusions\\Paths\\C:\\ = 0x0"));
    made_event(m, DEFENDER, 5007, evtx_str("Old Value", "HKLM\\SOFTWARE\\Microsoft\\Windows Defender\\Exclusions\\Paths\\C:\\ = 0x0"), evtx_str("New Value", ""));
    made_event(m, DEFENDER, 5007, evtx_str("New Value", "HKLM\\SOFTWARE\\Microsoft\\Windows Defender\\Real-Time Protection\\DisableRealtimeMonitoring = 0x1"));
    made_event(m, DEFENDER, 5007, evtx_str("New Value", "HKLM\\SOFTWARE\\Microsoft\\Windows Defender\\Signature Updates\\x = 0x1"));
    made_read(m);
    assert_int_equal(made_acts(m, "defence.off"), 3);
    assert_fact(made_act(m, "defence.off", 0), "what", "realtime");
    assert_fact(made_act(m, "defence.off", 1), "what", "exclusion");
    assert_fact(made_act(m, "defence.off", 2), "what", "setting");
    for (size_t i = 0; i < 3; i++)
        assert_finding(made_act(m, "defence.off", i), "defence-off", SEVERITY_HIGH);
    made_end(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accounts_that_are_made),
        cmocka_unit_test(groups_are_known_by_their_sid_in_any_language),
        cmocka_unit_test(accounts_that_are_changed),
        cmocka_unit_test(cleared_logs),
        cmocka_unit_test(a_log_service_stopped_alone_is_told_from_a_shutdown),
        cmocka_unit_test(auditing_that_is_narrowed),
        cmocka_unit_test(a_number_of_a_message_is_no_name), cmocka_unit_test(antivirus_that_finds_something),
        cmocka_unit_test(antivirus_that_is_told_to_look_away),
    };
    return cmocka_run_group_tests(tests, made_set_up, made_tear_down);
}
