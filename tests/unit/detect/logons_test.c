/* Who logged on and who tried: Security, Remote Desktop, SQL Server and OpenSSH, in English and Chinese Windows. */
#include "made_log.h"

#include <stdio.h>

#define USER "S-1-5-21-1004336348-1177238915-682003330-500"

static void put_4625(made *m, const char *name, const char *domain, const char *source, const char *workstation, uint64_t type, uint64_t sub)
{
    made_event(m, SECURITY, 4625, evtx_sid("SubjectUserSid", "S-1-0-0"), evtx_str("SubjectUserName", "-"), evtx_str("SubjectDomainName", "-"),
               evtx_hex64("SubjectLogonId", 0), evtx_sid("TargetUserSid", "S-1-0-0"), evtx_str("TargetUserName", name), evtx_str("TargetDomainName", domain),
               evtx_hex32("Status", 0xc000006d), evtx_str("FailureReason", "%%2313"), evtx_hex32("SubStatus", sub), evtx_u32("LogonType", type),
               evtx_str("LogonProcessName", type == 10 ? "User32 " : "NtLmSsp "), evtx_str("AuthenticationPackageName", type == 10 ? "Negotiate" : "NTLM"),
               evtx_str("WorkstationName", workstation), evtx_str("TransmittedServices", "-"), evtx_str("LmPackageName", "-"), evtx_u32("KeyLength", 0),
               evtx_size("ProcessId", 0), evtx_str("ProcessName", type == 10 ? "C:\\Windows\\System32\\winlogon.exe" : "-"), evtx_str("IpAddress", source),
               evtx_str("IpPort", "49152"));
}

static void put_4624(made *m, const char *name, const char *domain, const char *sid, const char *source, const char *workstation, uint64_t type, uint64_t logon)
{
    made_event(m, SECURITY, 4624, evtx_sid("SubjectUserSid", "S-1-0-0"), evtx_str("SubjectUserName", "-"), evtx_str("SubjectDomainName", "-"),
               evtx_hex64("SubjectLogonId", 0), evtx_sid("TargetUserSid", sid), evtx_str("TargetUserName", name), evtx_str("TargetDomainName", domain),
               evtx_hex64("TargetLogonId", logon), evtx_u32("LogonType", type), evtx_str("LogonProcessName", type == 10 ? "User32 " : "NtLmSsp "),
               evtx_str("AuthenticationPackageName", "NTLM"), evtx_str("WorkstationName", workstation), evtx_guid("LogonGuid", "{00000000-0000-0000-0000-000000000000}"),
               evtx_str("TransmittedServices", "-"), evtx_str("LmPackageName", "NTLM V2"), evtx_u32("KeyLength", 128), evtx_size("ProcessId", 0),
               evtx_str("ProcessName", "-"), evtx_str("IpAddress", source), evtx_str("IpPort", "49153"));
}

/* How often `kind` was counted under a key with both facts. */
static uint64_t counted(const made *m, const char *kind, const char *a, const char *a_is, const char *b, const char *b_is)
{
    uint64_t n = 0;
    for (size_t i = 0; i < m->tallies.count; i++) {
        const tally *t = vec_at(&m->tallies, i);
        if (strcmp(t->kind, kind) != 0 || strcmp(note_fact(t->key, t->key_count, a), a_is) != 0 || strcmp(note_fact(t->key, t->key_count, b), b_is) != 0)
            continue;
        for (size_t j = 0; j < t->bucket_count; j++)
            n += t->buckets[j].count;
    }
    return n;
}

static void failures_are_counted_by_who_whence_and_why(void **state)
{
    (void)state;
    made *m = made_begin();
    for (int i = 0; i < 50; i++)
        put_4625(m, "Administrator", "DB1", "::ffff:10.0.0.9", "PC9", 10, 0xc000006a);
    put_4625(m, "\xe7\xae\xa1\xe7\x90\x86\xe5\x91\x98", "DB1", "10.0.0.9", "PC9", 3, 0xc000006a);        /* 管理员 */
    put_4625(m, "Administrator", ".", "-", "-", 2, 0);
    made_read(m);
    assert_int_equal(counted(m, "logon.failure", "source", "10.0.0.9", "protocol", "rdp"), 50);
    assert_int_equal(counted(m, "logon.failure", "account", "DB1\\Administrator", "reason", "0xc000006a"), 50);
    assert_int_equal(counted(m, "logon.failure", "account", "DB1\\\xe7\xae\xa1\xe7\x90\x86\xe5\x91\x98", "protocol", "network"), 1);
    assert_int_equal(counted(m, "logon.failure", "account", "Administrator", "reason", "0xc000006d"), 1);     /* no sub status: the status */
    assert_int_equal(counted(m, "logon.failure", "protocol", "local", "source", ""), 1);
    assert_int_equal(made_acts(m, "logon.guessed"), 0);
    made_end(m);
}

static void a_success_after_failures_of_its_source_is_noted(void **state)
{
    (void)state;
    made *m = made_begin();
    for (int i = 0; i < 40; i++)
        put_4625(m, i % 2 ? "Administrator" : "sa", "DB1", "10.0.0.9", "PC9", 10, 0xc000006a);
    moment last = m->time - MOMENT_SECOND;
    put_4624(m, "Administrator", "DB1", USER, "10.0.0.9", "PC9", 10, 0x5a1b2);
    put_4624(m, "Administrator", "DB1", USER, "10.0.0.9", "PC9", 10, 0x5a1b3);
    made_read(m);
    assert_int_equal(made_acts(m, "logon.guessed"), 1);
    const act *a = made_act(m, "logon.guessed", 0);
    assert_fact(a, "failures", "40");
    assert_fact(a, "account_failures", "20");
    assert_fact(a, "account", "DB1\\Administrator");
    assert_fact(a, "source", "10.0.0.9");
    assert_fact(a, "protocol", "rdp");
    assert_fact(a, "logon", "0x5a1b2");
    assert_fact(a, "sid", USER);
    char text[MOMENT_TEXT];
    assert_fact(a, "last_failure", moment_iso(last, text));
    assert_int_equal(counted(m, "logon.success", "source", "10.0.0.9", "type", "10"), 2);
    assert_int_equal(made_acts(m, "logon.session"), 1);
    made_end(m);
}

static void without_a_source_the_client_or_the_account_tells_who_guessed(void **state)
{
    (void)state;
    made *m = made_begin();
    for (int i = 0; i < 10; i++)
        put_4625(m, "Administrator", "DB1", "-", "ATTACKER", 3, 0xc000006a);      /* network level authentication: no address */
    put_4624(m, "Administrator", "DB1", USER, "-", "ATTACKER", 3, 0x100);
    made_read(m);
    assert_int_equal(made_acts(m, "logon.guessed"), 1);
    assert_fact(made_act(m, "logon.guessed", 0), "workstation", "ATTACKER");
    assert_fact(made_act(m, "logon.guessed", 0), "failures", "10");
    made_end(m);

    m = made_begin();
    char name[16];
    for (int i = 0; i < 10; i++) {
        snprintf(name, sizeof name, "W%d", i);
        put_4625(m, "Administrator", "DB1", "-", name, 3, 0xc000006a);
    }
    put_4624(m, "administrator", "DB1", USER, "10.0.0.9", "-", 10, 0x100);
    made_read(m);
    assert_fact(made_act(m, "logon.guessed", 0), "account_failures", "10");
    made_end(m);
}

static void a_source_that_succeeds_every_day_is_noted_when_it_guesses(void **state)
{
    (void)state;
    made *m = made_begin();
    put_4624(m, "Administrator", "DB1", USER, "10.0.0.9", "PC9", 10, 0x100);
    for (int i = 0; i < 5; i++)
        put_4625(m, "Administrator", "DB1", "10.0.0.66", "PC66", 10, 0xc000006a);      /* what others do is not its doing */
    put_4624(m, "Administrator", "DB1", USER, "10.0.0.9", "PC9", 10, 0x101);
    for (int i = 0; i < 5; i++)
        put_4625(m, "Administrator", "DB1", "10.0.0.9", "PC9", 10, 0xc000006a);
    put_4624(m, "Administrator", "DB1", USER, "10.0.0.9", "PC9", 10, 0x102);
    put_4624(m, "Administrator", "DB1", USER, "10.0.0.9", "PC9", 10, 0x103);
    put_4624(m, "Administrator", "DB1", USER, "-", "-", 3, 0x104);                     /* a source that the log leaves empty: anybody */
    for (int i = 0; i < 6; i++)
        put_4625(m, "Administrator", "DB1", "-", "-", 3, 0xc000006a);
    put_4624(m, "Administrator", "DB1", USER, "-", "-", 3, 0x105);
    made_read(m);
    assert_int_equal(made_acts(m, "logon.guessed"), 3);
    assert_fact(made_act(m, "logon.guessed", 0), "logon", "0x102");
    assert_fact(made_act(m, "logon.guessed", 0), "failures", "5");
    assert_no_fact(made_act(m, "logon.guessed", 0), "first_failure");
    assert_fact(made_act(m, "logon.guessed", 2), "logon", "0x105");
    assert_fact(made_act(m, "logon.guessed", 2), "failures", "6");
    made_end(m);
}

static void a_person_who_mistypes_twice_is_no_guesser(void **state)
{
    (void)state;
    made *m = made_begin();
    put_4625(m, "bob", "DB1", "127.0.0.1", "DB1", 2, 0xc000006a);
    put_4625(m, "bob", "DB1", "127.0.0.1", "DB1", 2, 0xc000006a);
    put_4624(m, "bob", "DB1", USER, "127.0.0.1", "DB1", 2, 0x100);
    made_read(m);
    assert_int_equal(made_acts(m, "logon.guessed"), 0);
    assert_int_equal(counted(m, "logon.success", "protocol", "local", "source_local", "yes"), 1);
    made_end(m);
}

static void failures_that_were_no_tries_and_the_hosts_own_name_prove_nothing(void **state)
{
    (void)state;
    made *m = made_begin();
    for (int i = 0; i < 20; i++) {
        put_4625(m, "bob", "DB1", "-", "DB1", 10, 0xc000015b);         /* the right to log on remotely is missing: the password was right */
        put_4625(m, "alice", "DB1", "-", "DB1", 10, 0xc000006a);       /* Remote Desktop names the host itself */
    }
    put_4624(m, "bob", "DB1", USER, "-", "DB1", 10, 0x100);
    put_4624(m, "carol", "DB1", USER, "127.0.0.1", "DB1", 2, 0x101);
    for (int i = 0; i < 4; i++)
        put_4625(m, "carol", "DB1", "127.0.0.1", "DB1", 2, 0xc000006a);
    put_4624(m, "carol", "DB1", USER, "127.0.0.1", "DB1", 2, 0x102);   /* at the console, as every day */
    made_read(m);
    assert_int_equal(made_acts(m, "logon.guessed"), 0);
    assert_int_equal(made_tally(m, "logon.failure", NULL, NULL), 44);
    made_end(m);
}

static void a_password_typed_as_the_name_is_not_shown(void **state)
{
    (void)state;
    made *m = made_begin();
    put_4625(m, "S3cret!Pass", "DB1", "10.0.0.5", "PC5", 10, 0xc0000064);
    put_4624(m, "bob", "DB1", USER, "10.0.0.5", "PC5", 10, 0x100);
    made_read(m);
    assert_int_equal(counted(m, "logon.failure", "maybe_password", "yes", "account", "DB1\\***"), 1);
    assert_int_equal(made_tally(m, "logon.failure", "account", "DB1\\S3cret!Pass"), 0);
    made_end(m);
}

static void names_that_are_no_passwords_are_shown(void **state)
{
    (void)state;
    made *m = made_begin();
    put_4625(m, "bbo", "DB1", "10.0.0.5", "PC5", 10, 0xc0000064);              /* a slip in the name */
    put_4624(m, "bob", "DB1", USER, "10.0.0.5", "PC5", 10, 0x100);
    m->time += MOMENT_HOUR;
    put_4625(m, "oracle", "DB1", "10.0.0.6", "PC6", 10, 0xc0000064);           /* long before */
    m->time += MOMENT_HOUR;
    put_4624(m, "bob", "DB1", USER, "10.0.0.6", "PC6", 10, 0x101);
    for (int i = 0; i < 20; i++) {                                             /* a list of names */
        char name[16];
        snprintf(name, sizeof name, "guess%d", i);
        put_4625(m, name, "DB1", "10.0.0.7", "PC7", 10, 0xc0000064);
    }
    put_4625(m, "postgres", "DB1", "10.0.0.8", "PC8", 10, 0xc0000064);         /* twice */
    put_4625(m, "postgres", "DB1", "10.0.0.8", "PC8", 10, 0xc0000064);
    put_4624(m, "bob", "DB1", USER, "10.0.0.8", "PC8", 10, 0x102);
    put_4625(m, "tomcat", "DB1", "10.0.0.10", "DB1", 10, 0xc0000064);          /* another place */
    put_4624(m, "bob", "DB1", USER, "10.0.0.11", "DB1", 10, 0x103);
    made_read(m);
    assert_int_equal(made_tally(m, "logon.failure", "maybe_password", "yes"), 0);
    assert_int_equal(made_tally(m, "logon.failure", NULL, NULL), 25);
    assert_int_equal(made_tally(m, "logon.failure", "account", "DB1\\guess7"), 1);
    assert_int_equal(made_tally(m, "logon.failure", "account", "DB1\\postgres"), 2);
    made_end(m);
}

static void the_same_try_told_twice_counts_once(void **state)
{
    (void)state;
    made *m = made_begin();
    for (int i = 0; i < 10; i++) {
        made_event(m, SECURITY, 4776, evtx_str("PackageName", "MICROSOFT_AUTHENTICATION_PACKAGE_V1_0"), evtx_str("TargetUserName", "Administrator"),
                   evtx_str("Workstation", "PC9"), evtx_hex32("Status", 0xc000006a));
        m->time -= MOMENT_SECOND / 2;
        put_4625(m, "Administrator", "DB1", "10.0.0.9", "PC9", 3, 0xc000006a);
    }
    made_event(m, SECURITY, 4776, evtx_str("TargetUserName", "alice"), evtx_str("Workstation", "PC4"), evtx_hex32("Status", 0xc000006a));   /* a domain's controller has no 4625 */
    made_event(m, SECURITY, 4776, evtx_str("TargetUserName", "alice"), evtx_str("Workstation", "PC4"), evtx_hex32("Status", 0));
    made_read(m);
    assert_int_equal(made_tally(m, "logon.failure", NULL, NULL), 11);
    assert_int_equal(counted(m, "logon.failure", "via", "4776", "account", "alice"), 1);
    made_end(m);
}

static void a_network_logon_that_opens_a_share_is_one_of_smb(void **state)
{
    (void)state;
    made *m = made_begin();
    put_4624(m, "Administrator", "DB1", USER, "10.0.0.9", "PC9", 3, 0x7001);
    made_event(m, SECURITY, 5140, evtx_sid("SubjectUserSid", USER), evtx_str("SubjectUserName", "Administrator"), evtx_str("SubjectDomainName", "DB1"),
               evtx_hex64("SubjectLogonId", 0x7001), evtx_str("ObjectType", "File"), evtx_str("IpAddress", "10.0.0.9"), evtx_str("IpPort", "49153"),
               evtx_str("ShareName", "\\\\*\\ADMIN$"), evtx_str("ShareLocalPath", ""), evtx_hex32("AccessMask", 1), evtx_str("AccessList", "%%4416"));
    put_4624(m, "bob", "DB1", USER, "10.0.0.8", "PC8", 3, 0x7002);
    m->time += MOMENT_MINUTE;
    made_event(m, SECURITY, 5140, evtx_hex64("SubjectLogonId", 0x7002), evtx_str("ShareName", "\\\\*\\IPC$"));      /* too late to say so */
    made_read(m);
    assert_int_equal(counted(m, "logon.success", "protocol", "smb", "source", "10.0.0.9"), 1);
    assert_int_equal(counted(m, "logon.success", "protocol", "network", "source", "10.0.0.8"), 1);
    assert_int_equal(made_tally(m, "logon.success", NULL, NULL), 2);
    made_end(m);
}

static void the_system_and_machines_log_on_unseen_hidden_users_do_not(void **state)
{
    (void)state;
    made *m = made_begin();
    put_4624(m, "SYSTEM", "NT AUTHORITY", "S-1-5-18", "-", "-", 5, 0x3e7);
    put_4624(m, "SYSTEM", "NT AUTHORITY", "S-1-5-18", "-", "-", 2, 0x3e7);
    put_4624(m, "DB2$", "CORP", "S-1-5-21-1-2-3-1105", "10.0.0.2", "-", 3, 0x200);
    put_4624(m, "DB1$", "DB1", "S-1-5-21-1-2-3-1106", "-", "-", 3, 0x201);
    put_4624(m, "DWM-1", "Window Manager", "S-1-5-90-0-1", "-", "-", 2, 0x202);
    put_4624(m, "ANONYMOUS LOGON", "NT AUTHORITY", "S-1-5-7", "10.0.0.2", "PC2", 3, 0x203);
    put_4624(m, "support$", "DB1", "S-1-5-21-1004336348-1177238915-682003330-1010", "10.0.0.9", "PC9", 10, 0x204);
    made_read(m);
    assert_int_equal(made_tally(m, "logon.success", NULL, NULL), 2);
    assert_int_equal(made_tally(m, "logon.success", "account", "ANONYMOUS LOGON"), 1);
    assert_int_equal(made_tally(m, "logon.success", "account", "DB1\\support$"), 1);
    assert_int_equal(made_acts(m, "logon.session"), 1);
    made_end(m);
}

static void other_tries_are_counted_too(void **state)
{
    (void)state;
    made *m = made_begin();
    made_event(m, SECURITY, 4771, evtx_str("TargetUserName", "alice"), evtx_sid("TargetSid", USER), evtx_str("ServiceName", "krbtgt/CORP"), evtx_hex32("Status", 0x18),
               evtx_str("IpAddress", "::ffff:10.0.0.4"), evtx_str("IpPort", "50000"));
    made_event(m, SECURITY, 4768, evtx_str("TargetUserName", "alice"), evtx_str("TargetDomainName", "CORP"), evtx_hex32("Status", 0), evtx_str("IpAddress", "::1"));
    made_event(m, SECURITY, 4672, evtx_sid("SubjectUserSid", USER), evtx_str("SubjectUserName", "Administrator"), evtx_str("SubjectDomainName", "DB1"));
    made_event(m, SECURITY, 4672, evtx_sid("SubjectUserSid", "S-1-5-18"), evtx_str("SubjectUserName", "SYSTEM"), evtx_str("SubjectDomainName", "NT AUTHORITY"));
    made_event(m, SECURITY, 4648, evtx_str("SubjectUserName", "bob"), evtx_str("TargetUserName", "Administrator"), evtx_str("TargetDomainName", "DB2"),
               evtx_str("TargetServerName", "DB2"), evtx_str("TargetInfo", "cifs/DB2"), evtx_str("ProcessName", "C:\\Windows\\explorer.exe"));
    made_event(m, SECURITY, 4648, evtx_str("TargetUserName", "bob"), evtx_str("TargetServerName", "localhost"), evtx_str("ProcessName", "C:\\Windows\\System32\\winlogon.exe"));
    made_event(m, SECURITY, 4648, evtx_str("TargetUserName", "bob"), evtx_str("TargetServerName", "db1.corp.local"), evtx_str("ProcessName", "-"));
    made_event(m, SECURITY, 4740, evtx_str("TargetUserName", "alice"), evtx_str("TargetDomainName", "PC9"), evtx_sid("TargetSid", USER));
    made_put(m, (evtx_out){ .kind = EVTX_CLASSIC, .provider = "Security", .channel = SECURITY, .id = 529,
                            .fields = EVTX_FIELDS(evtx_str(NULL, "Administrator"), evtx_str(NULL, "OLD1"), evtx_str(NULL, "10"), evtx_str(NULL, "User32"), evtx_str(NULL, "Negotiate"),
                                                  evtx_str(NULL, "OLD1"), evtx_str(NULL, "OLD1$"), evtx_str(NULL, "WORKGROUP"), evtx_str(NULL, "(0x0,0x3E7)"), evtx_str(NULL, "3000"),
                                                  evtx_str(NULL, "-"), evtx_str(NULL, "10.0.0.9"), evtx_str(NULL, "4000")) });
    made_read(m);
    assert_int_equal(counted(m, "logon.failure", "protocol", "kerberos", "source", "10.0.0.4"), 1);
    assert_int_equal(counted(m, "logon.failure", "account", "OLD1\\Administrator", "protocol", "rdp"), 1);
    assert_int_equal(counted(m, "logon.failure", "source", "10.0.0.9", "reason", "0xc000006d"), 1);
    assert_int_equal(made_tally(m, "logon.failure", NULL, NULL), 2);
    assert_int_equal(made_tally(m, "logon.special", NULL, NULL), 1);
    assert_int_equal(counted(m, "explicit.logon", "target", "DB2", "account", "DB2\\Administrator"), 1);
    assert_int_equal(made_tally(m, "explicit.logon", NULL, NULL), 1);
    assert_int_equal(counted(m, "account.lock", "account", "alice", "workstation", "PC9"), 1);
    made_end(m);
}

#define LSM "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"
static void put_lsm(made *m, uint32_t id, const char *user, const char *address)
{
    made_put(m, (evtx_out){ .kind = EVTX_USERDATA, .channel = LSM, .id = id, .element = "EventXML", .xmlns = "Event_NS",
                            .fields = EVTX_FIELDS(evtx_str("User", user), evtx_u32("SessionID", 3), evtx_str("Address", address)) });
}

static void remote_desktop_tells_its_sessions(void **state)
{
    (void)state;
    made *m = made_begin();
    put_lsm(m, 21, "DB1\\Administrator", "10.0.0.9");
    put_lsm(m, 22, "DB1\\Administrator", "10.0.0.9");
    put_lsm(m, 24, "DB1\\Administrator", "10.0.0.9");
    put_lsm(m, 25, "DB1\\Administrator", "fe80::1%12");
    put_lsm(m, 21, "DB1\\Administrator", "\xe6\x9c\xac\xe5\x9c\xb0");      /* 本地 */
    made_put(m, (evtx_out){ .kind = EVTX_USERDATA, .channel = "Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational", .id = 1149, .element = "EventXML",
                            .xmlns = "Event_NS", .fields = EVTX_FIELDS(evtx_str("Param1", "Administrator"), evtx_str("Param2", "DB1"), evtx_str("Param3", "10.0.0.9")) });
    made_event(m, "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS/Operational", 131, evtx_str("ConnType", "TCP"), evtx_str("ClientIP", "10.0.0.9:49152"));
    made_event(m, "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS/Operational", 131, evtx_str("ConnType", "TCP"), evtx_str("ClientIP", "[2001:db8::9]:49152"));
    made_event(m, "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS/Operational", 140, evtx_str("IPString", "10.0.0.9"));
    made_read(m);
    assert_int_equal(made_acts(m, "rdp.session"), 5);
    assert_fact(made_act(m, "rdp.session", 0), "what", "logon");
    assert_fact(made_act(m, "rdp.session", 0), "session", "3");
    assert_fact(made_act(m, "rdp.session", 3), "source", "fe80::1");
    assert_no_fact(made_act(m, "rdp.session", 4), "source");
    assert_fact(made_act(m, "rdp.session", 4), "source_local", "yes");
    assert_int_equal(counted(m, "logon.success", "via", "lsm", "source", "10.0.0.9"), 1);
    assert_int_equal(made_tally(m, "logon.success", NULL, NULL), 2);
    assert_fact(made_act(m, "rdp.connect", 0), "account", "DB1\\Administrator");
    assert_fact(made_act(m, "rdp.connect", 0), "source", "10.0.0.9");
    assert_int_equal(made_tally(m, "rdp.accept", "source", "2001:db8::9"), 1);
    assert_int_equal(counted(m, "logon.failure", "protocol", "rdp", "source", "10.0.0.9"), 1);
    made_end(m);
}

static void put_sql(made *m, const char *provider, uint32_t id, const char *a, const char *b, const char *c)
{
    evtx_field fields[] = { evtx_str(NULL, a), evtx_str(NULL, b), evtx_str(NULL, c) };
    made_put(m, (evtx_out){ .kind = EVTX_CLASSIC, .provider = provider, .channel = "Application", .id = id, .qualifiers = 49152, .fields = fields,
                            .field_count = c ? 3 : b ? 2 : 1 });
}

static void sql_server_is_read_in_its_own_language(void **state)
{
    (void)state;
    made *m = made_begin();
    for (int i = 0; i < 5; i++)
        put_sql(m, "MSSQLSERVER", 18456, "sa", " Reason: Password did not match that for the login provided.", " [CLIENT: 203.0.113.7]");
    put_sql(m, "MSSQL$SQLEXPRESS", 18456, "sa", " \xe5\x8e\x9f\xe5\x9b\xa0: \xe5\xaf\x86\xe7\xa0\x81\xe4\xb8\x8e\xe6\x89\x80\xe6\x8f\x90\xe4\xbe\x9b\xe7\x9a\x84\xe7\x99\xbb\xe5\xbd\x95\xe5\x90\x8d\xe4\xb8\x8d\xe5\x8c\xb9\xe9\x85\x8d\xe3\x80\x82",
            " [\xe5\xae\xa2\xe6\x88\xb7\xe7\xab\xaf: 203.0.113.7]");           /* 原因: 密码与所提供的登录名不匹配。 [客户端: ...] */
    put_sql(m, "MSSQL$SQLEXPRESS", 18456, "admin", " Reason: Could not find a login matching the name provided.", " [CLIENT: 203.0.113.7]");
    put_sql(m, "MSSQLSERVER", 18456, "sa", " [CLIENT: 203.0.113.8]", NULL);                              /* 2005 */
    put_sql(m, "MSSQLSERVER", 18456, "app", " Reason: Password did not match that for the login provided.", " [CLIENT: <local machine>]");
    put_sql(m, "MSSQLSERVER", 18486, "sa", " [CLIENT: fe80::5%11]", NULL);
    put_sql(m, "MSSQLSERVER", 18454, "sa", " [CLIENT: 203.0.113.7]", NULL);
    made_read(m);
    assert_int_equal(counted(m, "logon.failure", "source", "203.0.113.7", "reason", "password"), 6);
    assert_int_equal(counted(m, "logon.failure", "account", "admin", "reason", "user"), 1);
    assert_int_equal(counted(m, "logon.failure", "source", "203.0.113.8", "reason", "other"), 1);
    assert_int_equal(counted(m, "logon.failure", "account", "app", "source_local", "yes"), 1);
    assert_int_equal(counted(m, "logon.failure", "source", "fe80::5", "reason", "locked-out"), 1);
    assert_int_equal(counted(m, "logon.success", "protocol", "mssql", "package", "sql"), 1);
    assert_int_equal(made_acts(m, "logon.guessed"), 1);
    assert_fact(made_act(m, "logon.guessed", 0), "source", "203.0.113.7");
    made_end(m);
}

static void options_and_statements_that_run_programs_are_noted(void **state)
{
    (void)state;
    made *m = made_begin();
    put_sql(m, "MSSQLSERVER", 15457, "show advanced options", "0", "1");
    put_sql(m, "MSSQLSERVER", 15457, "xp_cmdshell", "0", "1");
    put_sql(m, "MSSQLSERVER", 15457, "xp_cmdshell", "1", "0");
    put_sql(m, "MSSQLSERVER", 33205, "audit_schema_version:1\naction_id:EX\nclient_ip:203.0.113.7\nserver_principal_name:sa\nstatement:EXEC xp_cmdshell 'net user bob Secret1! /add'\nadditional_information:\n", NULL, NULL);
    put_sql(m, "MSSQLSERVER", 33205, "audit_schema_version:1\naction_id:SL\nserver_principal_name:sa\nstatement:SELECT 1\nadditional_information:xp_cmdshell\n", NULL, NULL);
    made_read(m);
    assert_int_equal(made_acts(m, "remote.exec"), 3);
    const act *on = made_act(m, "remote.exec", 0), *off = made_act(m, "remote.exec", 1), *run = made_act(m, "remote.exec", 2);
    assert_fact(on, "means", "mssql");
    assert_fact(on, "tool", "xp_cmdshell");
    assert_finding(on, "remote-execution", SEVERITY_HIGH);
    assert_string_equal(on->techniques, "T1505.001");
    assert_true(!off->finding);
    assert_fact(run, "command", "EXEC xp_cmdshell 'net user bob *** /add'");
    assert_fact(run, "source", "203.0.113.7");
    assert_fact(run, "account", "sa");
    assert_finding(run, "remote-execution", SEVERITY_HIGH);
    made_end(m);
}

static void put_ssh(made *m, const char *line)
{
    made_event(m, "OpenSSH/Operational", 4, evtx_str("process", "sshd"), evtx_str("payload", line));
}

static void ssh_is_read_line_by_line(void **state)
{
    (void)state;
    made *m = made_begin();
    for (int i = 0; i < 4; i++)
        put_ssh(m, "Failed password for root from 203.0.113.7 port 50000 ssh2");
    put_ssh(m, "Failed password for invalid user a from b from 203.0.113.7 port 50001 ssh2");
    put_ssh(m, "Failed none for invalid user x from 203.0.113.7 port 50001 ssh2");
    put_ssh(m, "Accepted publickey for root from 203.0.113.7 port 50002 ssh2: RSA SHA256:abc");
    put_ssh(m, "Server listening on 0.0.0.0 port 22.");
    put_ssh(m, "Failed password for");
    put_ssh(m, "Accepted ");
    made_read(m);
    assert_int_equal(counted(m, "logon.failure", "account", "root", "reason", "password"), 4);
    assert_int_equal(made_tally(m, "logon.failure", NULL, NULL), 5);
    assert_int_equal(counted(m, "logon.success", "protocol", "ssh", "package", "publickey"), 1);
    assert_int_equal(made_acts(m, "logon.guessed"), 1);
    assert_fact(made_act(m, "logon.guessed", 0), "port", "50002");
    made_end(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_are_counted_by_who_whence_and_why),
        cmocka_unit_test(a_success_after_failures_of_its_source_is_noted),
        cmocka_unit_test(without_a_source_the_client_or_the_account_tells_who_guessed),
        cmocka_unit_test(a_source_that_succeeds_every_day_is_noted_when_it_guesses),
        cmocka_unit_test(a_person_who_mistypes_twice_is_no_guesser),
        cmocka_unit_test(failures_that_were_no_tries_and_the_hosts_own_name_prove_nothing),
        cmocka_unit_test(a_password_typed_as_the_name_is_not_shown),
        cmocka_unit_test(names_that_are_no_passwords_are_shown),
        cmocka_unit_test(the_same_try_told_twice_counts_once),
        cmocka_unit_test(a_network_logon_that_opens_a_share_is_one_of_smb),
        cmocka_unit_test(the_system_and_machines_log_on_unseen_hidden_users_do_not),
        cmocka_unit_test(other_tries_are_counted_too),
        cmocka_unit_test(remote_desktop_tells_its_sessions),
        cmocka_unit_test(sql_server_is_read_in_its_own_language),
        cmocka_unit_test(options_and_statements_that_run_programs_are_noted),
        cmocka_unit_test(ssh_is_read_line_by_line),
    };
    return cmocka_run_group_tests(tests, made_set_up, made_tear_down);
}
