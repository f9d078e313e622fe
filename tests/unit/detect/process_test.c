/* What ran: the seed family's chain as each Windows logs it, ordinary life, programs started from afar, and hostile records. */
#include "made_log.h"

#include <stdio.h>
#include <stdlib.h>

#define SID_SYSTEM "S-1-5-18"
#define SID_USER "S-1-5-21-1004336348-1177238915-682003330-500"

/* Windows 6.0: creator's account, ids and path; neither command line nor the parent's name. */
static void old_start(made *m, uint64_t pid, uint64_t parent, const char *image, const char *sid, const char *account, uint64_t logon)
{
    made_event(m, SECURITY, 4688, evtx_sid("SubjectUserSid", sid), evtx_str("SubjectUserName", account), evtx_str("SubjectDomainName", "WORKGROUP"),
               evtx_hex64("SubjectLogonId", logon), evtx_size("NewProcessId", pid), evtx_str("NewProcessName", image), evtx_str("TokenElevationType", "%%1936"),
               evtx_size("ProcessId", parent));
}

static void by_system(made *m, uint64_t pid, uint64_t parent, const char *image) { old_start(m, pid, parent, image, SID_SYSTEM, "DB1$", 0x3e7); }

/* Windows 10 and later: command line, parent's name, the new token's account. */
static void new_start(made *m, uint64_t pid, uint64_t parent, const char *image, const char *command, const char *parent_image, const char *account)
{
    made_event(m, SECURITY, 4688, evtx_sid("SubjectUserSid", SID_USER), evtx_str("SubjectUserName", account), evtx_str("SubjectDomainName", "DB1"),
               evtx_hex64("SubjectLogonId", 0x5a1b2), evtx_size("NewProcessId", pid), evtx_str("NewProcessName", image), evtx_str("TokenElevationType", "%%1936"),
               evtx_size("ProcessId", parent), evtx_str("CommandLine", command), evtx_sid("TargetUserSid", "S-1-0-0"), evtx_str("TargetUserName", "-"),
               evtx_str("TargetDomainName", "-"), evtx_hex64("TargetLogonId", 0), evtx_str("ParentProcessName", parent_image),
               evtx_sid("MandatoryLabel", "S-1-16-12288"));
}

static void sysmon_start(made *m, const char *guid, const char *parent_guid, const char *image, const char *command, const char *parent, const char *parent_command)
{
    made_event(m, SYSMON, 1, evtx_guid("ProcessGuid", guid), evtx_u32("ProcessId", 4000), evtx_str("Image", image), evtx_str("CommandLine", command),
               evtx_str("User", "DB1\\Administrator"), evtx_u32("TerminalSessionId", 1), evtx_guid("ParentProcessGuid", parent_guid), evtx_u32("ParentProcessId", 3000),
               evtx_str("ParentImage", parent), evtx_str("ParentCommandLine", parent_command));
}

#define S32 "C:\\Windows\\System32\\"

static void boot_60(made *m)
{
    made_put(m, (evtx_out){ .channel = SECURITY, .id = 4608 });
    by_system(m, 0x104, 0x4, "\\SystemRoot\\System32\\smss.exe");
    by_system(m, 0x148, 0x104, S32 "smss.exe");
    by_system(m, 0x160, 0x148, S32 "csrss.exe");
    by_system(m, 0x188, 0x148, S32 "wininit.exe");
    by_system(m, 0x190, 0x104, S32 "smss.exe");
    by_system(m, 0x194, 0x190, S32 "csrss.exe");
    by_system(m, 0x1b4, 0x190, S32 "winlogon.exe");
    by_system(m, 0x1f4, 0x188, S32 "services.exe");
    by_system(m, 0x200, 0x188, S32 "lsass.exe");
    by_system(m, 0x208, 0x188, S32 "lsm.exe");
    for (uint64_t pid = 0x2a0; pid < 0x340; pid += 0x10)
        by_system(m, pid, 0x1f4, S32 "svchost.exe");
    by_system(m, 0x400, 0x1f4, S32 "spoolsv.exe");
    by_system(m, 0x440, 0x1f4, "C:\\Program Files\\Microsoft SQL Server\\MSSQL10.MSSQLSERVER\\MSSQL\\Binn\\sqlservr.exe");
    by_system(m, 0x480, 0x2a0, S32 "taskeng.exe");
    by_system(m, 0x4c0, 0x1f4, S32 "msdtc.exe");
    by_system(m, 0x4e0, 0x2a0, S32 "wbem\\WmiPrvSE.exe");
}

static void a_day(made *m)
{
    by_system(m, 0x600, 0x1b4, S32 "userinit.exe");
    old_start(m, 0x610, 0x600, "C:\\Windows\\explorer.exe", SID_USER, "Administrator", 0x5a1b2);
    old_start(m, 0x620, 0x610, S32 "taskmgr.exe", SID_USER, "Administrator", 0x5a1b2);
    by_system(m, 0x624, 0x1b4, S32 "taskmgr.exe");          /* Ctrl+Alt+Del: winlogon starts it, as the user */
    old_start(m, 0x630, 0x610, S32 "cmd.exe", SID_USER, "Administrator", 0x5a1b2);
    old_start(m, 0x640, 0x630, S32 "ipconfig.exe", SID_USER, "Administrator", 0x5a1b2);
    old_start(m, 0x650, 0x610, "C:\\Program Files\\Internet Explorer\\iexplore.exe", SID_USER, "Administrator", 0x5a1b2);
    by_system(m, 0x660, 0x480, "C:\\Backup\\nightly.exe");
    by_system(m, 0x670, 0x1f4, "C:\\Windows\\servicing\\TrustedInstaller.exe");
    by_system(m, 0x680, 0x2a0, "C:\\Windows\\SysWOW64\\svchost.exe");
}

static void ordinary_life_of_server_2008_is_not_noted(void **state)
{
    (void)state;
    made *m = made_begin();
    boot_60(m);
    a_day(m);
    boot_60(m);
    a_day(m);
    made_read(m);
    assert_int_equal(made_acts(m, "process.start"), 0);
    assert_int_equal(made_found(m, NULL), 0);
    made_end(m);
}

/* The chain of the seed: no command line, no parent's name, nothing but paths, ids and accounts. */
static void put_seed_chain(made *m, const char *folder)
{
    char image[200];
    snprintf(image, sizeof image, "%s\\svchost.exe", folder);
    by_system(m, 0x900, 0x1f4, image);
    snprintf(image, sizeof image, "%s\\taskmgr.exe", folder);
    by_system(m, 0x910, 0x900, image);
    by_system(m, 0x920, 0x900, S32 "svchost.exe");
    by_system(m, 0x930, 0x900, S32 "cmd.exe");
    by_system(m, 0x940, 0x930, S32 "netsh.exe");
}

static void check_seed_chain(const made *m, const char *folder)
{
    char image[200];
    snprintf(image, sizeof image, "%s\\svchost.exe", folder);
    const act *fake = made_act_of(m, "process.start", "image", image);
    assert_non_null(fake);
    assert_fact(fake, "role", "suspect");
    assert_finding(fake, "fake-system-process", SEVERITY_CRITICAL);
    assert_lists(fake, "why", "wrong_path");
    assert_fact(fake, "pid", "2304");
    assert_fact(fake, "account", "WORKGROUP\\DB1$");
    assert_no_fact(fake, "command");
    assert_no_fact(fake, "session");

    snprintf(image, sizeof image, "%s\\taskmgr.exe", folder);
    const act *miner = made_act_of(m, "process.start", "image", image);
    assert_non_null(miner);
    assert_non_null(miner->finding);
    assert_true(miner->severity == SEVERITY_CRITICAL);
    assert_lists(miner, "looks", "fake-system");
    assert_lists(miner, "why", "wrong_path");
    assert_lists(miner, "why", "wrong_parent");
    assert_lists(miner, "why", "wrong_account");
    assert_lists(miner, "why", "fake_parent");
    assert_fact(miner, "parent_pid", "2304");

    /* A real svchost, which a fake one started: its parent alone betrays it. */
    const act *child = made_act_of(m, "process.start", "pid", "2336");
    assert_non_null(child);
    assert_finding(child, "fake-system-process", SEVERITY_CRITICAL);
    assert_fact(child, "why", "wrong_parent,fake_parent");
    /* A real cmd below a fake is no fake. */
    const act *shell = made_act_of(m, "process.start", "image", S32 "cmd.exe");
    assert_fact(shell, "role", "descendant");
    assert_fact(made_act_of(m, "process.start", "image", S32 "netsh.exe"), "role", "descendant");
    /* Who started it: the service manager, as it was at boot. */
    assert_fact(made_act_of(m, "process.start", "image", S32 "services.exe"), "role", "ancestor");
}

static void the_seeds_chain_is_judged_from_paths_parents_and_accounts_alone(void **state)
{
    (void)state;
    static const char *const folders[] = { "C:\\Windows\\System32\\drivers", "C:\\Windows\\Temp", "C:\\Windows\\SysWOW64\\drivers", "C:\\Windows\\Fonts", "D:\\soft" };
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        made *m = made_begin();
        boot_60(m);
        a_day(m);
        put_seed_chain(m, folders[i]);
        made_read(m);
        check_seed_chain(m, folders[i]);
        made_end(m);
    }
}

static void a_known_path_names_the_family_and_the_role(void **state)
{
    (void)state;
    made *m = made_begin();
    boot_60(m);
    put_seed_chain(m, "C:\\WINDOWS\\system32\\DRIVERS");
    made_read(m);
    const act *miner = made_act_of(m, "process.start", "role_in_family", "miner");
    assert_non_null(miner);
    assert_fact(miner, "family", "drivelife");
    assert_finding(miner, "miner", SEVERITY_CRITICAL);
    made_end(m);
}

static void a_parent_is_not_looked_for_in_another_boot(void **state)
{
    (void)state;
    made *m = made_begin();
    boot_60(m);
    by_system(m, 0x900, 0x1f4, "C:\\Windows\\Temp\\svchost.exe");
    made_put(m, (evtx_out){ .channel = SECURITY, .id = 4608 });
    by_system(m, 0xa00, 0x900, S32 "cmd.exe");
    made_read(m);
    assert_null(made_act_of(m, "process.start", "image", S32 "cmd.exe"));
    made_end(m);
}

static void a_process_id_used_again_is_the_newer_process(void **state)
{
    (void)state;
    made *m = made_begin();
    boot_60(m);
    by_system(m, 0x900, 0x1f4, "C:\\Windows\\Temp\\svchost.exe");
    by_system(m, 0x900, 0x1f4, S32 "svchost.exe");
    by_system(m, 0xa00, 0x900, S32 "wuauclt.exe");
    made_read(m);
    assert_null(made_act_of(m, "process.start", "image", S32 "wuauclt.exe"));
    made_end(m);
}

static void names_are_borrowed_with_a_slip_too(void **state)
{
    (void)state;
    static const char *const slips[] = { "svhost.exe", "svvhost.exe", "scvhost.exe", "lsasss.exe", "csrsc.exe", "expl0rer.exe" };
    for (size_t i = 0; i < sizeof slips / sizeof *slips; i++) {
        char image[100];
        made *m = made_begin();
        snprintf(image, sizeof image, "C:\\Windows\\Temp\\%s", slips[i]);
        by_system(m, 0x900, 0x1f4, image);
        made_read(m);
        const act *a = made_act(m, "process.start", 0);
        assert_true(fact_lists(a, "looks", "near-name"));
        made_end(m);
    }
}

static void fakes_of_windows_10_are_seen_by_arguments_and_parents(void **state)
{
    (void)state;
    made *m = made_begin();
    new_start(m, 0x700, 0x6f0, S32 "svchost.exe", "svchost.exe", "C:\\Users\\Public\\a.exe", "Administrator");
    new_start(m, 0x710, 0x1f4, S32 "svchost.exe", S32 "svchost.exe -k netsvcs -p -s Schedule", S32 "services.exe", "DB1$");
    made_read(m);
    assert_int_equal(made_found(m, "fake-system-process"), 1);
    const act *a = made_act(m, "process.start", 0);
    assert_lists(a, "why", "wrong_parent");
    assert_lists(a, "why", "no_arguments");
    assert_fact(a, "integrity", "S-1-16-12288");
    made_end(m);
}

static void chinese_names_of_people_and_folders_stand_as_they_are(void **state)
{
    (void)state;
    made *m = made_begin();
    m->computer = "数据库-1";
    new_start(m, 0x700, 0x610, "C:\\Users\\管理员\\AppData\\Local\\Temp\\svchost.exe", "\"C:\\Users\\管理员\\AppData\\Local\\Temp\\svchost.exe\" -o 矿池", "C:\\Windows\\explorer.exe", "管理员");
    new_start(m, 0x710, 0x610, "C:\\Program Files\\财务软件\\用友.exe", "\"C:\\Program Files\\财务软件\\用友.exe\"", "C:\\Windows\\explorer.exe", "管理员");
    made_read(m);
    assert_int_equal(made_acts(m, "process.start"), 1);
    const act *a = made_act(m, "process.start", 0);
    assert_string_equal(a->log->computer, "数据库-1");
    assert_fact(a, "account", "DB1\\管理员");
    assert_fact(a, "image", "C:\\Users\\管理员\\AppData\\Local\\Temp\\svchost.exe");
    assert_finding(a, "fake-system-process", SEVERITY_CRITICAL);
    made_end(m);
}

static void sysmon_parents_are_found_by_guid(void **state)
{
    (void)state;
    static const char *const guid[] = { "{11111111-0000-0000-0000-000000000001}", "{11111111-0000-0000-0000-000000000002}", "{11111111-0000-0000-0000-000000000003}" };
    made *m = made_begin();
    sysmon_start(m, guid[0], guid[2], "C:\\ProgramData\\tools\\agent.exe", "agent.exe --install", "C:\\Windows\\explorer.exe", "explorer.exe");
    sysmon_start(m, guid[1], guid[0], S32 "WindowsPowerShell\\v1.0\\powershell.exe", "powershell -ep bypass -e SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAKQA=", NULL, NULL);
    made_read(m);
    const act *shell = made_act_of(m, "process.start", "role", "suspect");
    assert_non_null(shell);
    assert_fact(shell, "parent", "C:\\ProgramData\\tools\\agent.exe");
    assert_fact(shell, "parent_command", "agent.exe --install");
    assert_fact(shell, "decoded", "IEX (New-Object)");
    assert_lists(shell, "looks", "encoded");
    assert_finding(shell, "script-execution", SEVERITY_HIGH);
    assert_non_null(made_act_of(m, "process.start", "role", "ancestor"));
    made_end(m);
}

static void what_a_remote_tool_started_says_by_which_means(void **state)
{
    (void)state;
    static const struct { const char *parent, *means; severity least; } ways[] = {
        { S32 "wbem\\WmiPrvSE.exe", "wmi", SEVERITY_HIGH },
        { S32 "wsmprovhost.exe", "winrm", SEVERITY_HIGH },
        { "C:\\Program Files\\Microsoft SQL Server\\MSSQL10.MSSQLSERVER\\MSSQL\\Binn\\sqlservr.exe", "mssql", SEVERITY_HIGH },
        { "C:\\Windows\\System32\\inetsrv\\w3wp.exe", "web", SEVERITY_HIGH },
        { "C:\\Windows\\PSEXESVC.exe", "smb-service", SEVERITY_MEDIUM },
        { "C:\\Windows\\RemComSvc.exe", "smb-service", SEVERITY_HIGH },
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        made *m = made_begin();
        by_system(m, 0x500, 0x1f4, ways[i].parent);
        by_system(m, 0x510, 0x500, S32 "cmd.exe");
        made_read(m);
        const act *a = made_act(m, "remote.exec", 0);
        assert_fact(a, "means", ways[i].means);
        assert_finding(a, "remote-execution", ways[i].least);
        made_end(m);
    }
}

static void system_processes_that_start_shells_were_broken_into(void **state)
{
    (void)state;
    made *m = made_begin();
    boot_60(m);
    by_system(m, 0x900, 0x400, S32 "cmd.exe");         /* below spoolsv.exe */
    by_system(m, 0x910, 0x200, S32 "certutil.exe");    /* below lsass.exe */
    made_read(m);
    assert_int_equal(made_found(m, "process-chain"), 2);
    assert_true(made_act_of(m, "process.start", "image", S32 "cmd.exe")->severity == SEVERITY_CRITICAL);
    made_end(m);
}

static void passwords_in_command_lines_are_masked(void **state)
{
    (void)state;
    made *m = made_begin();
    new_start(m, 0x700, 0x610, S32 "net.exe", "net user k8h3d Sommer2020! /add", S32 "cmd.exe", "Administrator");
    made_read(m);
    for (size_t i = 0; i < m->acts.count; i++) {
        const act *a = vec_at(&m->acts, i);
        for (size_t f = 0; f < a->fact_count; f++)
            assert_null(strstr(a->facts[f].value, "Sommer2020!"));
    }
    assert_fact(made_act(m, "account.create", 0), "account", "k8h3d");
    made_end(m);
}

/* --- Records that an attacker wrote. --- */

static void ten_thousand_processes_with_one_id_are_read_in_no_time(void **state)
{
    (void)state;
    made *m = made_begin();
    boot_60(m);
    for (unsigned i = 0; i < 30000; i++)
        by_system(m, 0x900, 0x900, i % 100 ? S32 "svchost.exe" : "C:\\Windows\\Temp\\svchost.exe");
    made_read(m);
    assert_int_equal(m->records, 30000 + 26);
    assert_true(made_acts(m, "process.start") >= 300);
    made_end(m);
}

static void ids_that_share_a_remainder_are_told_apart(void **state)
{
    (void)state;
    made *m = made_begin();
    for (unsigned i = 1; i <= 9000; i++)
        by_system(m, 4096ull * i, 4096ull * (i - 1), S32 "svchost.exe");
    by_system(m, 0x900, 4096ull * 8999, S32 "cmd.exe");
    made_read(m);
    assert_int_equal(m->records, 9001);
    made_end(m);
}

static void command_lines_of_any_length_are_judged_by_their_beginning(void **state)
{
    (void)state;
    made *m = made_begin();
    char *command = malloc(25001);
    memset(command, 'A', 25000);
    command[25000] = 0;
    memcpy(command, "powershell -nop -w hidden -c ", 29);
    new_start(m, 0x700, 0x610, S32 "WindowsPowerShell\\v1.0\\powershell.exe", command, S32 "cmd.exe", "Administrator");
    memset(command, ' ', 25000);
    new_start(m, 0x710, 0x610, S32 "cmd.exe", command, S32 "cmd.exe", "Administrator");
    for (size_t i = 0; i + 11 < 25000; i += 11)
        memcpy(command + i, "powershell ", 11);
    new_start(m, 0x720, 0x610, S32 "cmd.exe", command, S32 "cmd.exe", "Administrator");
    made_read(m);
    free(command);
    const act *a = made_act(m, "process.start", 0);
    assert_lists(a, "looks", "hidden-shell");
    assert_true(strlen(fact_of(a, "command")) <= NOTE_VALUE);
    made_end(m);
}

static void wrong_types_and_missing_fields_cost_nothing_but_themselves(void **state)
{
    (void)state;
    static const uint8_t junk[] = { 0xff, 0xfe, 0x00, 0xd8, 0x41, 0x00, 0x00, 0x00, 0x42 };
    made *m = made_begin();
    made_event(m, SECURITY, 4688, evtx_str("NewProcessId", "not a number"), evtx_u32("NewProcessName", 17), evtx_str("ProcessId", ""));
    made_event(m, SECURITY, 4688, evtx_bin("NewProcessName", span_of(junk, sizeof junk)), evtx_bin("CommandLine", span_of(junk, sizeof junk)));
    made_event(m, SECURITY, 4688, evtx_str("NewProcessName", NULL), evtx_str("CommandLine", "powershell -w hidden"));
    made_event(m, SECURITY, 4688, evtx_str("CommandLine", "powershell -w hidden"));
    made_event(m, SECURITY, 4688, { .name = "NewProcessName", .type = EVTX_STR, .bytes = span_of(junk, 9) }, { .name = "CommandLine", .type = EVTX_STR, .bytes = span_of(junk, 8) });
    made_event(m, SECURITY, 4688, { .name = "NewProcessName", .type = EVTX_STR, .bytes = { 0 } });
    made_event(m, SYSMON, 1, evtx_u32("Image", 7), evtx_sid("ProcessGuid", SID_SYSTEM), evtx_str("ProcessId", "0x1f4"), evtx_str("ParentProcessGuid", "same"));
    made_event(m, SYSMON, 1, evtx_str("Image", "\\\\\\\\"), evtx_str("ProcessGuid", "same"), evtx_str("ParentProcessGuid", "same"));
    made_event(m, SYSMON, 1, evtx_str("Image", "svchost.exe"), evtx_str("ProcessGuid", "same"), evtx_str("ParentProcessGuid", "same"), evtx_str("ParentImage", "\""));
    made_event(m, SYSMON, 1, evtx_str("Image", "C:\\Windows\\Temp\\svchost.exe"), evtx_str("ProcessId", "0x1f4"), evtx_str("ParentProcessId", "-1"));
    made_read(m);
    const act *a = made_act_of(m, "process.start", "image", "C:\\Windows\\Temp\\svchost.exe");
    assert_non_null(a);
    assert_fact(a, "pid", "500");
    assert_no_fact(a, "parent_pid");
    made_end(m);
}

static void texts_of_many_starts_stay_within_bounds(void **state)
{
    (void)state;
    made *m = made_begin();
    char *text = malloc(6001);
    memset(text, 'x', 6000);
    text[6000] = 0;
    for (unsigned i = 0; i < 3000; i++) {
        char guid[64];
        snprintf(guid, sizeof guid, "{22222222-0000-0000-0000-%012u}", i);
        sysmon_start(m, guid, guid, S32 "notepad.exe", text, text, text);
    }
    sysmon_start(m, "{22222222-0000-0000-0000-00000000ffff}", "{22222222-0000-0000-0000-000000002999}", "C:\\Windows\\Temp\\svchost.exe", NULL, NULL, NULL);
    made_read(m);
    free(text);
    const act *a = made_act_of(m, "process.start", "role", "suspect");
    assert_non_null(a);
    assert_fact(a, "parent", S32 "notepad.exe");        /* the newest are remembered */
    made_end(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_life_of_server_2008_is_not_noted),
        cmocka_unit_test(the_seeds_chain_is_judged_from_paths_parents_and_accounts_alone),
        cmocka_unit_test(a_known_path_names_the_family_and_the_role),
        cmocka_unit_test(a_parent_is_not_looked_for_in_another_boot),
        cmocka_unit_test(a_process_id_used_again_is_the_newer_process),
        cmocka_unit_test(names_are_borrowed_with_a_slip_too),
        cmocka_unit_test(fakes_of_windows_10_are_seen_by_arguments_and_parents),
        cmocka_unit_test(chinese_names_of_people_and_folders_stand_as_they_are),
        cmocka_unit_test(sysmon_parents_are_found_by_guid),
        cmocka_unit_test(what_a_remote_tool_started_says_by_which_means),
        cmocka_unit_test(system_processes_that_start_shells_were_broken_into),
        cmocka_unit_test(passwords_in_command_lines_are_masked),
        cmocka_unit_test(ten_thousand_processes_with_one_id_are_read_in_no_time),
        cmocka_unit_test(ids_that_share_a_remainder_are_told_apart),
        cmocka_unit_test(command_lines_of_any_length_are_judged_by_their_beginning),
        cmocka_unit_test(wrong_types_and_missing_fields_cost_nothing_but_themselves),
        cmocka_unit_test(texts_of_many_starts_stay_within_bounds),
    };
    return cmocka_run_group_tests(tests, made_set_up, made_tear_down);
}
