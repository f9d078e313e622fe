/* Names and paths: what is made by dice, what is a slip away from a core process, how many ways one path can be written. */
#include "../with_arena.h"

#include "detect/looks.h"

static looks *judge;

static int set_up(void **state)
{
    begin(state);
    profile *facts;
    status s = profile_open(NULL, &mem, &facts);
    if (status_is_ok(s))
        s = looks_new(facts, &mem, &judge);
    if (!status_is_ok(s))
        print_error("%s\n", s.words);
    return status_is_ok(s) ? 0 : -1;
}

static void one_path_is_one_path_however_it_is_written(void **state)
{
    (void)state;
    static const char *const same[] = {
        "C:\\Windows\\System32\\svchost.exe", "c:/windows/system32/SVCHOST.EXE", "\\??\\C:\\Windows\\System32\\svchost.exe",
        "%SystemRoot%\\System32\\svchost.exe", "\\SystemRoot\\System32\\svchost.exe", "%windir%\\system32\\svchost.exe",
        "\"C:\\Windows\\System32\\svchost.exe\"", "C:\\Windows\\Sysnative\\svchost.exe", "\\Device\\HarddiskVolume2\\Windows\\System32\\svchost.exe",
        "\\\\?\\C:\\Windows\\System32\\svchost.exe", "System32\\svchost.exe", "C:\\Windows\\Temp\\..\\System32\\.\\svchost.exe",
        "C:\\WINDOWS\\\\system32\\svchost.exe ", "C:\\WINDOWS\\system32.\\svchost.exe", "\\Windows\\System32\\svchost.exe",
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        assert_string_equal(looks_path(same[i], &mem), "%w\\system32\\svchost.exe");
    assert_string_equal(looks_path("D:\\PROGRA~1\\x.exe", &mem), "d:\\program files\\x.exe");
    assert_string_equal(looks_path("\\??\\UNC\\SERVER\\share\\a.exe", &mem), "\\\\server\\share\\a.exe");
    assert_string_equal(looks_path("\\\\server\\share\\..\\..\\..\\a.exe", &mem), "\\\\server\\a.exe");
    assert_string_equal(looks_path("\\Device\\HarddiskVolume3\\Users\\Public\\a.exe", &mem), "?:\\users\\public\\a.exe");
    assert_string_equal(looks_path("C:\\Windows", &mem), "%w");
    assert_string_equal(looks_path("C:\\WindowsApps\\a.exe", &mem), "c:\\windowsapps\\a.exe");
    assert_string_equal(looks_path("", &mem), "");
    assert_string_equal(looks_path(NULL, &mem), "");
    assert_string_equal(looks_file(looks_path("C:\\Windows\\Temp\\SVCHOST.exe", &mem)), "svchost.exe");
}

static void a_path_without_end_is_cut(void **state)
{
    (void)state;
    char *path = arena_alloc(&mem, 100001);
    for (size_t i = 0; i < 100000; i++)
        path[i] = i % 2 ? 'a' : '\\';
    assert_true(strlen(looks_path(path, &mem)) <= LOOKS_PATH + 1);
}

static void names_made_by_dice_are_told_from_names_that_people_make(void **state)
{
    (void)state;
    static const char *const dice[] = { "ZVDEcBZe", "PLMcFw", "ireidJ", "HkbR", "Xpuq", "WIgA", "%SystemRoot%\\ZVDEcBZe.exe", "Qdfwpk",
                                        "kqzjxwvb", "a8x9kq2z", "wLbXkqTpRzMnVcYq" };
    static const char *const made[] = { "svchost", "PSEXESVC", "Ddriver", "WebServers", "DnsScan", "KtmRm", "MSiSCSI", "WSearch", "TrkWks", "wuauserv",
                                        "MpKslb5e303cb", "vmhgfs", "Administrator", "KasperskyLab", "SQLAgent$SQLEXPRESS", "MSSQL$SQLEXPRESS",
                                        "GoogleUpdateTaskMachineCore", "Optimize Start Menu Cache Files", "AVP18.0.0", "iphlpsvc", "IKEEXT",
                                        "{6D9A7A40-DDCA-414E-B48E-DFB032C03C1B}", "", "abc", "1234567" };
    for (size_t i = 0; i < sizeof dice / sizeof *dice; i++)
        if (!looks_random(judge, dice[i]))
            fail_msg("%s is made by dice (%d bits)", dice[i], looks_bits(judge, dice[i]));
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        if (looks_random(judge, made[i]))
            fail_msg("%s is no dice (%d bits)", made[i], looks_bits(judge, made[i]));
    assert_false(looks_random(judge, NULL));
}

static void most_dice_of_six_letters_are_seen(void **state)
{
    (void)state;
    uint64_t seed = 0x9e3779b97f4a7c15ull;
    unsigned seen = 0;
    for (unsigned i = 0; i < 1000; i++) {
        char name[7] = { 0 };
        for (size_t j = 0; j < 6; j++) {
            seed = seed * 6364136223846793005ull + 1442695040888963407ull;
            unsigned at = (unsigned)((seed >> 33) % 52);
            name[j] = (char)(at < 26 ? 'a' + at : 'A' + at - 26);
        }
        seen += looks_random(judge, name);
    }
    assert_true(seen > 850);
}

static void a_slip_in_a_core_name_is_seen(void **state)
{
    (void)state;
    static const char *const near[] = { "svhost.exe", "svvhost.exe", "svhhost.exe", "schost.exe", "svchost2.exe", "scvhost.exe", "svch0st.exe", "svchosts.exe" };
    for (size_t i = 0; i < sizeof near / sizeof *near; i++)
        assert_true(looks_near(judge, "svchost.exe", near[i]));
    assert_true(looks_near(judge, "csrss.exe", "csrsc.exe"));
    assert_true(looks_near(judge, "csrss.exe", "crss.exe"));
    assert_true(looks_near(judge, "lsass.exe", "1sass.exe"));
    assert_false(looks_near(judge, "svchost.exe", "svchost.exe"));
    assert_false(looks_near(judge, "svchost.exe", "SVCHOST.EXE"));
    assert_false(looks_near(judge, "svchost.exe", "taskhost.exe"));
    assert_false(looks_near(judge, "taskmgr.exe", "taskhost.exe"));
    assert_false(looks_near(judge, "lsm.exe", "lsa.exe"));
    assert_false(looks_near(judge, "explorer.exe", "iexplore.exe"));
}

static void programs_in_folders_for_other_things_are_seen(void **state)
{
    (void)state;
    static const char *const odd[] = { "C:\\Windows\\Temp\\svchost.exe", "C:\\Windows\\System32\\drivers\\taskmgr.exe", "C:\\Users\\Public\\a.exe",
                                       "C:\\Users\\bob\\AppData\\Local\\Temp\\x.tmp.exe", "C:\\install.exe", "C:\\ProgramData\\a.exe",
                                       "D:\\$RECYCLE.BIN\\S-1-5-21\\a.exe", "%TEMP%\\a.vbs" };
    static const char *const usual[] = { "C:\\Windows\\System32\\svchost.exe", "C:\\Windows\\System32\\drivers\\tcpip.sys", "C:\\ProgramData\\Vendor\\a.exe",
                                         "C:\\Program Files\\a\\b.exe", "svchost.exe", "", "C:\\Windows\\explorer.exe" };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        if (!looks_odd_folder(judge, looks_path(odd[i], &mem)))
            fail_msg("%s is at an odd place", odd[i]);
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (looks_odd_folder(judge, looks_path(usual[i], &mem)))
            fail_msg("%s is at no odd place", usual[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_path_is_one_path_however_it_is_written),
        cmocka_unit_test(a_path_without_end_is_cut),
        cmocka_unit_test(names_made_by_dice_are_told_from_names_that_people_make),
        cmocka_unit_test(most_dice_of_six_letters_are_seen),
        cmocka_unit_test(a_slip_in_a_core_name_is_seen),
        cmocka_unit_test(programs_in_folders_for_other_things_are_seen),
    };
    return cmocka_run_group_tests(tests, set_up, end);
}
