#include "evidence/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static arena mem;

static void becomes(const char *raw, size_t len, const char *wanted, const char *wrong_word)
{
    const char *wrong;
    const char *got = name_logical(&mem, span_of(raw, len), &wrong);
    assert_string_equal(got, wanted);
    if (!wrong_word)
        assert_null(wrong);
    else if (!wrong || !strstr(wrong, wrong_word))
        fail_msg("'%s' does not say '%s'", wrong ? wrong : "nothing", wrong_word);
    assert_true(utf8_valid(span_str(got)));
    arena_reset(&mem);
}
#define BECOMES(raw, wanted, wrong) becomes(raw, sizeof(raw) - 1, wanted, wrong)

static void an_ordinary_name_stays(void **state)
{
    (void)state;
    BECOMES("C/Windows/System32/winevt/Logs/Security.evtx", "C/Windows/System32/winevt/Logs/Security.evtx", NULL);
    BECOMES("./a//b/./c", "a/b/c", NULL);
    BECOMES("C\\Windows\\win.ini", "C/Windows/win.ini", NULL);
    BECOMES("..a/b..", "..a/b..", NULL);
}

static void a_name_never_leaves_its_unit(void **state)
{
    (void)state;
    BECOMES("../../etc/passwd", "(..)/(..)/etc/passwd", "climbs");
    BECOMES("a/..\\..\\b", "a/(..)/(..)/b", "climbs");
    BECOMES("/etc/passwd", "etc/passwd", "root");
    BECOMES("\\\\server\\share\\x", "server/share/x", "root");
    BECOMES("C:\\Windows\\x", "C:/Windows/x", "root");
    BECOMES("", "(no name)", "no name");
    BECOMES("///", "(no name)", "no name");
}

static void control_characters_are_shown(void **state)
{
    (void)state;
    BECOMES("a\x1b[31mb", "a%1B[31mb", "control");
    BECOMES("a\0b", "a%00b", "control");
    BECOMES("a\nb/\x7f", "a%0Ab/%7F", "control");
}

static void gbk_is_read_where_a_name_is_not_utf8(void **state)
{
    (void)state;
    BECOMES("\xd6\xf7\xbb\xfa/\xb0\xb2\xc8\xab.evtx", "\xe4\xb8\xbb\xe6\x9c\xba/\xe5\xae\x89\xe5\x85\xa8.evtx", NULL);
    BECOMES("\xe4\xb8\xbb\xe6\x9c\xba.evtx", "\xe4\xb8\xbb\xe6\x9c\xba.evtx", NULL);
    BECOMES("a\xff\xff", "a%FF%FF", NULL);
}

/* "%4Admin" is how Windows itself writes a channel's slash: it is decoded only where Velociraptor encoded it. */
static void velociraptor_names_are_decoded_from_the_drive_on(void **state)
{
    (void)state;
    BECOMES("uploads/auto/C%3A/Windows/System32/winevt/Logs/A%254Admin.evtx", "uploads/auto/C:/Windows/System32/winevt/Logs/A%4Admin.evtx", NULL);
    BECOMES("uploads/ntfs/%5C%5C.%5CC%3A/$MFT", "uploads/ntfs/C:/$MFT", NULL);
    BECOMES("Logs/A%4Admin.evtx", "Logs/A%4Admin.evtx", NULL);
    BECOMES("x%3A/C%3Ab", "x:/C:b", NULL);
    BECOMES("C%3A/..%2F..%2F%00", "C:/..%2F..%2F%00", NULL);
    BECOMES("C%3A/%2E%2E/x", "C:/(..)/x", "climbs");
    BECOMES("C%3A/%E5%AE%89", "C:/\xe5\xae\x89", NULL);
}

static void an_endless_name_is_cut(void **state)
{
    (void)state;
    static char raw[1 << 20];
    memset(raw, 'a', sizeof raw);
    const char *wrong;
    const char *got = name_logical(&mem, span_of(raw, sizeof raw), &wrong);
    assert_true(strlen(got) < NAME_LONGEST + 8);
    assert_non_null(wrong);
    memset(raw, '/', sizeof raw);
    assert_string_equal(name_logical(&mem, span_of(raw, sizeof raw), &wrong), "(no name)");
    for (size_t i = 0; i + 3 <= sizeof raw; i += 3)
        memcpy(raw + i, "\xe5\xae\x89", 3);
    got = name_logical(&mem, span_of(raw, 3 * NAME_LONGEST), &wrong);
    assert_true(utf8_valid(span_str(got)));
    arena_reset(&mem);
}

static void folders_that_every_host_has(void **state)
{
    (void)state;
    static const char *const yes[] = { "C", "c", "D:", "C%3A", "%5C%5C.%5CC%3A", "C_drive", "Windows", "winevt", "Logs", "uploads" };
    static const char *const no[] = { "HOST1", "CC", "windows7", "", "1", "Collection-WIN" };
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        assert_true(name_is_system(yes[i]));
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_false(name_is_system(no[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ordinary_name_stays),
        cmocka_unit_test(a_name_never_leaves_its_unit),
        cmocka_unit_test(control_characters_are_shown),
        cmocka_unit_test(gbk_is_read_where_a_name_is_not_utf8),
        cmocka_unit_test(velociraptor_names_are_decoded_from_the_drive_on),
        cmocka_unit_test(an_endless_name_is_cut),
        cmocka_unit_test(folders_that_every_host_has),
    };
    arena_init(&mem, 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_done(&mem);
    return failed;
}
