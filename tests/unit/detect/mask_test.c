/* No password passes: the ways in which command lines, scripts and connection strings hold one. */
#include "../with_arena.h"

#include "detect/mask.h"

static mask *m;

static int set_up(void **state)
{
    begin(state);
    profile *facts;
    status s = profile_open(NULL, &mem, &facts);
    if (status_is_ok(s))
        s = mask_new(facts, &mem, &m);
    if (!status_is_ok(s))
        print_error("%s\n", s.words);
    return status_is_ok(s) ? 0 : -1;
}

typedef struct { const char *line, *masked; } example;

static void check(const example *of, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(mask_passwords(m, of[i].line, &mem), of[i].masked);
        assert_string_equal(mask_passwords(m, of[i].masked, &mem), of[i].masked);       /* masking again changes nothing */
    }
}
#define CHECK(of) check(of, sizeof of / sizeof *of)

static void accounts_made_on_a_command_line(void **state)
{
    (void)state;
    static const example of[] = {
        { "net user k8h3d Secret1! /add", "net user k8h3d *** /add" },
        { "C:\\Windows\\system32\\net1.exe  user bob Secret1!", "C:\\Windows\\system32\\net1.exe  user bob ***" },
        { "cmd.exe /c \"net user bob Secret1! /add & net localgroup administrators bob /add\"", "cmd.exe /c \"net user bob *** /add & net localgroup administrators bob /add\"" },
        { "cmd /c \"net user bob Secret1!\"", "cmd /c \"net user bob ***\"" },
        { "net user \"bob smith\" \"Sec ret\" /add", "net user \"bob smith\" \"***\" /add" },
        { "cmd /c \"net user bob \\\"Sec ret\\\" /add\"", "cmd /c \"net user bob \\\"***\\\" /add\"" },
        { "NET.EXE USER /domain bob Secret1!", "NET.EXE USER /domain bob ***" },
        { "net user bob Sec&ret /add", "net user bob *** /add" },
        { "net user bob & whoami", "net user bob & whoami" },
        { "net user bob /active:yes", "net user bob /active:yes" },
        { "net user bob *", "net user bob *" },
        { "net user", "net user" },
        { "cmd /c 'net user' > C:\\TMP\\o2.txt", "cmd /c 'net user' > C:\\TMP\\o2.txt" },
        { "cmd /c \"net user\" 2>&1 >>o.txt", "cmd /c \"net user\" 2>&1 >>o.txt" },
        { "net user bob > o.txt", "net user bob > o.txt" },
        { "net user bob >o.txt 2>&1", "net user bob >o.txt 2>&1" },
        { "net user bob > \"o p.txt\" Secret1!", "net user bob > \"o p.txt\" ***" },
        { "net user bob Secret1! > o.txt", "net user bob *** > o.txt" },
        { "net user bob \">Secret\" /add", "net user bob \"***\" /add" },
        { "net user O'Brien Secret1! /add", "net user O'Brien *** /add" },
        { "os.system('net user bob') and x", "os.system('net user bob') and x" },
        { "net user \xe7\xae\xa1\xe7\x90\x86\xe5\x91\x98 \xe5\xaf\x86\xe7\xa0\x81" "123 /add", "net user \xe7\xae\xa1\xe7\x90\x86\xe5\x91\x98 *** /add" },
        { "wmic useraccount where name='bob' set password=Secret1!", "wmic useraccount where name='bob' set password=***" },
        { "dsadd user cn=bob -pwd Secret1! -disabled no", "dsadd user cn=bob -pwd *** -disabled no" },
        { "autologon bob DOM Secret1!", "autologon bob DOM ***" },
        { "reg add \"HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon\" /v DefaultPassword /t REG_SZ /d Secret1! /f",
          "reg add \"HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon\" /v DefaultPassword /t REG_SZ /d *** /f" },
    };
    CHECK(of);
}

static void other_hosts_reached_with_a_password(void **state)
{
    (void)state;
    static const example of[] = {
        { "net use \\\\10.0.0.2\\ipc$ Secret1! /user:administrator", "net use \\\\10.0.0.2\\ipc$ *** /user:administrator" },
        { "net use z: \\\\srv\\c$ /user:dom\\bob Secret1! /persistent:no", "net use z: \\\\srv\\c$ /user:dom\\bob *** /persistent:no" },
        { "net use \\\\10.0.0.2\\ipc$ \"Sec ret\" /user:a", "net use \\\\10.0.0.2\\ipc$ \"***\" /user:a" },
        { "net use \\\\10.0.0.2\\ipc$", "net use \\\\10.0.0.2\\ipc$" },
        { "net use * /delete", "net use * /delete" },
        { "psexec.exe \\\\10.0.0.2 -u administrator -p Secret1! -s cmd.exe", "psexec.exe \\\\10.0.0.2 -u administrator -p *** -s cmd.exe" },
        { "PsExec64 -accepteula \\\\h -u a -p \"Sec ret\" cmd", "PsExec64 -accepteula \\\\h -u a -p \"***\" cmd" },
        { "x.exe \\\\10.0.0.2 -u administrator -p Secret1! cmd.exe", "x.exe \\\\10.0.0.2 -u administrator -p *** cmd.exe" },
        { "wmic /node:10.0.0.2 /user:administrator /password:Secret1! process call create \"cmd /c x\"",
          "wmic /node:10.0.0.2 /user:administrator /password:*** process call create \"cmd /c x\"" },
        { "wmic /node:10.0.0.2 /user:a /password:\"Sec ret\" os get", "wmic /node:10.0.0.2 /user:a /password:\"***\" os get" },
        { "schtasks /create /s 10.0.0.2 /u dom\\a /p Secret1! /tn x /ru bob /rp Secret2! /tr c:\\x.exe",
          "schtasks /create /s 10.0.0.2 /u dom\\a /p *** /tn x /ru bob /rp *** /tr c:\\x.exe" },
        { "cmdkey /generic:TERMSRV/10.0.0.2 /user:administrator /pass:Secret1!", "cmdkey /generic:TERMSRV/10.0.0.2 /user:administrator /pass:***" },
        { "winrs -r:http://h:5985 -u:a -p:Secret1! ipconfig", "winrs -r:http://h:5985 -u:a -p:*** ipconfig" },
        { "plink.exe -ssh root@10.0.0.2 -pw Secret1! id", "plink.exe -ssh root@10.0.0.2 -pw *** id" },
        { "xfreerdp /v:10.0.0.2 /u:a /p:Secret1!", "xfreerdp /v:10.0.0.2 /u:a /p:***" },
        { "wmiexec.py administrator:Secret1!@10.0.0.2", "wmiexec.py administrator:***@10.0.0.2" },
        { "psexec.py dom/administrator:Sec@ret@10.0.0.2 cmd", "psexec.py dom/administrator:***@10.0.0.2 cmd" },
        { "winexe -U dom/a%Secret1! //10.0.0.2 cmd", "winexe -U dom/a%*** //10.0.0.2 cmd" },
        { "nxc smb 10.0.0.0/24 -u users.txt -p Secret1!", "nxc smb 10.0.0.0/24 -u users.txt -p ***" },
        { "netdom join h /domain:d /userd:a /passwordd:Secret1!", "netdom join h /domain:d /userd:a /passwordd:***" },
        { "sc \\\\h create x binPath= c:\\x.exe obj= dom\\a password= Secret1!", "sc \\\\h create x binPath= c:\\x.exe obj= dom\\a password= ***" },
    };
    CHECK(of);
}

static void databases_downloads_and_archives(void **state)
{
    (void)state;
    static const example of[] = {
        { "sqlcmd -S 10.0.0.2 -U sa -P Secret1! -Q \"select 1\"", "sqlcmd -S 10.0.0.2 -U sa -P *** -Q \"select 1\"" },
        { "osql -Usa -PSecret1! -Q x", "osql -Usa -P*** -Q x" },
        { "sqlcmd -E -p 1", "sqlcmd -E -p 1" },
        { "sqlplus system/Secret1!@orcl", "sqlplus system/***" },
        { "mysql -uroot -pSecret1! db", "mysql -uroot -p*** db" },
        { "Server=10.0.0.2;Database=x;User Id=sa;Password=Secret1!;Encrypt=no", "Server=10.0.0.2;Database=x;User Id=sa;Password=***;Encrypt=no" },
        { "Provider=SQLOLEDB;uid=sa;pwd=Secret1!", "Provider=SQLOLEDB;uid=sa;pwd=***" },
        { "{\"user\":\"sa\",\"password\":\"Sec ret\"}", "{\"user\":\"sa\",\"password\":\"***\"}" },
        { "curl -u bob:Secret1! http://h/x", "curl -u bob:*** http://h/x" },
        { "curl --user \"bob:Secret1!\" http://h/x", "curl --user \"bob:***\" http://h/x" },
        { "curl ftp://bob:Secret1!@h/x", "curl ftp://bob:***@h/x" },
        { "wget --http-user=a --http-password=Secret1! http://h", "wget --http-user=a --http-password=*** http://h" },
        { "bitsadmin /SetCredentials j SERVER BASIC bob Secret1!", "bitsadmin /SetCredentials j SERVER BASIC bob ***" },
        { "7z a -pSecret1! x.7z c:\\data", "7z a -p*** x.7z c:\\data" },
        { "\"C:\\Program Files\\WinRAR\\rar.exe\" a -hpSecret1! x.rar c:\\data", "\"C:\\Program Files\\WinRAR\\rar.exe\" a -hp*** x.rar c:\\data" },
        { "xmrig -o pool.example:3333 -u 4wallet -p Secret1!", "xmrig -o pool.example:3333 -u 4wallet -p ***" },
    };
    CHECK(of);
}

static void powershell(void **state)
{
    (void)state;
    static const example of[] = {
        { "$s = ConvertTo-SecureString 'Sec ret' -AsPlainText -Force", "$s = ConvertTo-SecureString '***' -AsPlainText -Force" },
        { "ConvertTo-SecureString -String \"Secret1!\" -AsPlainText -Force", "ConvertTo-SecureString -String \"***\" -AsPlainText -Force" },
        { "ConvertTo-SecureString Secret1! -AsPlainText -Force", "ConvertTo-SecureString *** -AsPlainText -Force" },
        { "New-LocalUser bob -Password (ConvertTo-SecureString 'Secret1!' -AsPlainText -Force)", "New-LocalUser bob -Password (ConvertTo-SecureString '***' -AsPlainText -Force)" },
        { "'Secret1!' | ConvertTo-SecureString -AsPlainText -Force", "'***' | ConvertTo-SecureString -AsPlainText -Force" },
        { "ConvertTo-SecureString $x -AsPlainText -Force", "ConvertTo-SecureString $x -AsPlainText -Force" },
        { "New-Object System.Net.NetworkCredential('bob','Secret1!','dom')", "New-Object System.Net.NetworkCredential('bob','***','dom')" },
        { "New-Object Net.NetworkCredential(\"bob\", \"Sec, ret\")", "New-Object Net.NetworkCredential(\"bob\", \"***\")" },
        { "([adsi]'WinNT://./bob').SetPassword('Secret1!')", "([adsi]'WinNT://./bob').SetPassword('***')" },
        { "$u.psbase.Invoke(\"SetPassword\", \"Secret1!\")", "$u.psbase.Invoke(\"SetPassword\", \"***\")" },
        { "$AdminPassword = \"Sec ret\"; foo", "$AdminPassword = \"***\"; foo" },
        { "Add-Computer -DomainName d -LocalAdministratorPassword Secret1!", "Add-Computer -DomainName d -LocalAdministratorPassword ***" },
        { "Set-ItemProperty -Path HKLM:\\x -Name DefaultPassword -Value Secret1!", "Set-ItemProperty -Path HKLM:\\x -Name DefaultPassword -Value ***" },
    };
    CHECK(of);
}

static void what_holds_no_password_stays_as_it_is(void **state)
{
    (void)state;
    static const char *const plain[] = {
        "", "svchost.exe -k netsvcs -p -s Schedule", "powershell -ep bypass -e SQBFAFgA", "netsh interface portproxy add v4tov4 listenport=65532 connectaddress=1.1.1.1",
        "C:\\Windows\\System32\\net.exe view", "msbuild x.sln /p:Configuration=Release", "ssh -p 2222 bob@10.0.0.2", "ping -n 3 10.0.0.2", "mailto:bob@example.org",
        "net accounts /maxpwage:unlimited", "C:\\x\\a@b.exe", "dir c:\\ /p", "bypass: yes", "http://10.0.0.2:8080/x@y",
        "net localgroup administrators bob /add", "taskkill /f /im x.exe", "-", "=", ":", "\"", "'", "\\\"", "net user \"", "-p", "password", "password=",
    };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        assert_string_equal(mask_passwords(m, plain[i], &mem), plain[i]);
}

static void a_text_as_long_as_evidence_allows_takes_no_long_time(void **state)
{
    (void)state;
    static const char *const of[] = { "a:", "net user ", "\"", "password=", "ConvertTo-SecureString -", "net use ", "'x|ConvertTo-SecureString \"" };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        size_t len = strlen(of[i]), count = 70000 / len;
        char *text = arena_alloc(&mem, count * len + 1);
        for (size_t j = 0; j < count; j++)
            memcpy(text + j * len, of[i], len);
        assert_true(strlen(mask_passwords(m, text, &mem)) <= 4 * MASK_TEXT);
    }
}

static void a_name_that_may_be_a_password_keeps_its_domain_only(void **state)
{
    (void)state;
    assert_string_equal(mask_account("DOM\\Secret1!", &mem), "DOM\\***");
    assert_string_equal(mask_account("Secret1!", &mem), "***");
    assert_string_equal(mask_account(NULL, &mem), "***");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accounts_made_on_a_command_line),
        cmocka_unit_test(other_hosts_reached_with_a_password),
        cmocka_unit_test(databases_downloads_and_archives),
        cmocka_unit_test(powershell),
        cmocka_unit_test(what_holds_no_password_stays_as_it_is),
        cmocka_unit_test(a_text_as_long_as_evidence_allows_takes_no_long_time),
        cmocka_unit_test(a_name_that_may_be_a_password_keeps_its_domain_only),
    };
    return cmocka_run_group_tests(tests, set_up, end);
}
