/* The catalogue of autostart points against hives and files that are made, and against every sample hive. */
#include "detect/autostart.h"
#include "format/regf.h"
#include "range/regf_write.h"
#include "text/text.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <cmocka.h>

static arena run_mem, mem;
static profile *facts;
static detect_run *run;
static vec noted;                        /* of act */

static int begin_all(void **state)
{
    (void)state;
    arena_init(&run_mem, 0);
    if (!status_is_ok(profile_open(NULL, &run_mem, &facts)) || !status_is_ok(detect_run_new(facts, &run_mem, &run)))
        return 1;
    return 0;
}

static int end_all(void **state)
{
    (void)state;
    arena_done(&run_mem);
    return 0;
}

static int begin(void **state)
{
    (void)state;
    arena_init(&mem, 0);
    vec_init(&noted, sizeof(act));
    return 0;
}

static int end(void **state)
{
    (void)state;
    vec_done(&noted);
    arena_done(&mem);
    return 0;
}

static void keep(void *context, const act *a)
{
    (void)context;
    if (strcmp(a->kind, "autostart") != 0)
        return;
    act *k = vec_push(&noted);
    *k = *a;
    k->facts = arena_array(&mem, a->fact_count + 1, sizeof(fact));
    for (size_t i = 0; i < a->fact_count; i++)
        k->facts[i] = (fact){ arena_str(&mem, a->facts[i].name), arena_str(&mem, a->facts[i].value) };
    k->finding = arena_str(&mem, a->finding);
    k->text = arena_str(&mem, a->text);
    k->log = NULL;
}

static bool ask_bytes(span bytes, const char *path)
{
    regf *h;
    problems wrong;
    problems_init(&wrong, &mem);
    if (!status_is_ok(regf_open(&mem, bytes, NULL, 0, &wrong, &h)))
        return false;
    detect_artifact *a = detect_artifact_new(run, "0123456789abcdef", path, "registry/x");
    detect_artifact_hive(a, h);
    detect_artifact_end(a, &(detect_sink){ .act = keep });
    return true;
}

static void ask(hive *h, const char *path)
{
    buf out;
    buf_init(&out, 1 << 26);
    hive_commit(h);
    hive_bytes(h, &out);
    assert_true(ask_bytes(arena_span(&mem, buf_bytes(&out)), path));
    buf_done(&out);
    hive_done(h);
}

static hive *new_hive(const char *file)
{
    return hive_new(&mem, &(hive_options){ .minor = 5, .root = "ROOT", .file = file, .clock = moment_from_unix(1600000000, 0) });
}

#define NT "Microsoft\\Windows NT\\CurrentVersion"
#define CV "Microsoft\\Windows\\CurrentVersion"

static hive *software(const char *version)
{
    hive *h = new_hive("SOFTWARE");
    hive_key *nt = hive_at(h, hive_root(h), NT);
    hive_sz(h, nt, "CurrentVersion", version);
    hive_sz(h, nt, "SystemRoot", "C:\\Windows");
    hive_sz(h, nt, "ProductName", "Windows Server");
    hive_at(h, hive_root(h), "Classes");
    hive_at(h, hive_root(h), "Policies");
    return h;
}

static hive *system_hive(hive_key **set)
{
    hive *h = new_hive("SYSTEM");
    hive_key *select = hive_at(h, hive_root(h), "Select");
    hive_dword(h, select, "Current", 1);
    hive_dword(h, select, "LastKnownGood", 1);
    *set = hive_at(h, hive_root(h), "ControlSet001");
    hive_at(h, *set, "Control");
    hive_dword(h, hive_at(h, *set, "Services\\Appinfo"), "Start", 3);
    return h;
}

static hive_key *service(hive *h, hive_key *set, const char *name, uint32_t type, uint32_t start, const char *image)
{
    hive_key *k = hive_at(h, set, arena_printf(&mem, "Services\\%s", name));
    hive_dword(h, k, "Type", type);
    hive_dword(h, k, "Start", start);
    if (image)
        hive_expand(h, k, "ImagePath", image);
    return k;
}

static const char *fact_of(const act *a, const char *name) { return note_fact(a->facts, a->fact_count, name); }

static const act *found(const char *point, const char *entry)
{
    for (size_t i = 0; i < noted.count; i++) {
        const act *a = vec_at(&noted, i);
        if (strcmp(fact_of(a, "point"), point) == 0 && strcasecmp(fact_of(a, "entry"), entry) == 0)
            return a;
    }
    return NULL;
}

static void is(const char *point, const char *entry, const char *verdict, const char *reason)
{
    const act *a = found(point, entry);
    if (!a)
        print_error("%s: nothing noted of %s\n", point, entry);
    assert_non_null(a);
    if (strcmp(fact_of(a, "verdict"), verdict) != 0 || strcmp(fact_of(a, "reason"), reason) != 0)
        print_error("%s: %s is %s (%s), not %s (%s)\n", point, entry, fact_of(a, "verdict"), fact_of(a, "reason"), verdict, reason);
    assert_string_equal(fact_of(a, "verdict"), verdict);
    assert_string_equal(fact_of(a, "reason"), reason);
    assert_true((a->finding != NULL) == (strcmp(verdict, "hostile") == 0 || strcmp(verdict, "suspicious") == 0));
}

/* ---- The catalogue ---- */

static void every_location_has_its_line_and_its_place_in_the_docs(void **state)
{
    (void)state;
    FILE *f = fopen(SOURCE_ROOT "/docs/autostarts.md", "rb");
    assert_non_null(f);
    buf docs;
    buf_init(&docs, 1 << 20);
    char part[4096];
    for (size_t n; (n = fread(part, 1, sizeof part, f)) > 0;)
        buf_put(&docs, part, n);
    fclose(f);
    const char *text = buf_text(&docs);
    const profile_node *root = profile_root(facts, "autostarts");
    size_t count = 0, rows = 0, missing = 0;
    for (const profile_node *n = profile_list(root, "locations"); n; n = n->next, count++) {
        const char *id = profile_text(n, "id"), *at = text, *tab = NULL;
        bool there = text_known(arena_printf(&mem, "autostart.%s", id));
        const char *line = strstr(text, arena_printf(&mem, "\n| %s | %s |", id, profile_true(n, "beyond") ? "+" : ""));
        bool told = line && strstr(line, profile_text(n, "technique")) && strstr(line, profile_text(n, "shape"));
        for (const char *h = line ? line : text; h > at && !tab; h--)
            if (strncmp(h, "\n## ", 4) == 0)
                tab = h + 4;
        told = told && tab && strncmp(tab, profile_text(n, "tab"), strlen(profile_text(n, "tab"))) == 0;
        if (!there || !told) {
            print_error("%s: %s\n", id, there ? "docs/autostarts.md does not tell it, or not as the profile does" : "no line in the catalogue of texts");
            missing++;
        }
    }
    for (const char *l = text; (l = strstr(l, "\n| ")) != NULL; l += 3)
        rows += strncmp(l, "\n| id ", 6) != 0 && strncmp(l, "\n| verdict", 10) != 0 && strncmp(l, "\n| what", 7) != 0;
    assert_int_equal(missing, 0);
    assert_true(rows >= count);
    buf_done(&docs);
}

static void patterns_know_stars_and_the_star_itself(void **state)
{
    (void)state;
    assert_true(autostart_like("*", ""));
    assert_true(autostart_like("a*c", "ABBC"));
    assert_false(autostart_like("a*c", "abcd"));
    assert_true(autostart_like("?:\\x", "d:\\X"));
    assert_true(autostart_like("\"%1\" %[*]", "\"%1\" %*"));
    assert_false(autostart_like("\"%1\" %[*]", "\"%1\" %x"));
    assert_false(autostart_like("a*b*c", "aXbX"));
    assert_string_equal(autostart_plain("\"C:\\Windows\\System32\\X.exe\" D:\\winnt\\y %windir%\\z", &mem), "\"%w\\system32\\x.exe\" %w\\y %w\\z");
}

/* ---- Machine ---- */

static void what_windows_has_is_known_and_what_it_has_not_is_told(void **state)
{
    (void)state;
    hive *h = software("6.1");
    hive_key *winlogon = hive_at(h, hive_root(h), NT "\\Winlogon");
    hive_sz(h, winlogon, "Shell", "explorer.exe, C:\\Users\\Public\\a.exe");
    hive_sz(h, winlogon, "Userinit", "C:\\Windows\\system32\\userinit.exe,");
    hive_key *run_key = hive_at(h, hive_root(h), CV "\\Run");
    hive_sz(h, run_key, "Ddriver", "C:\\Windows\\System32\\drivers\\svchost.exe");
    hive_sz(h, run_key, "Updates", "powershell -w hidden -enc SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAIABOAGUAdAAuAFcAZQBiAEMAbABpAGUAbgB0ACkA");
    hive_sz(h, run_key, "Vendor", "\"C:\\Program Files\\Vendor\\tray.exe\"");
    hive_dword(h, run_key, "number", 7);
    hive_sz(h, hive_at(h, hive_root(h), "Wow6432Node\\" CV "\\RunOnce"), "*tmp", "C:\\Windows\\Temp\\x.exe");
    hive_sz(h, hive_at(h, hive_root(h), NT "\\Image File Execution Options\\sethc.exe"), "Debugger", "C:\\Windows\\System32\\cmd.exe");
    hive_key *windows = hive_at(h, hive_root(h), NT "\\Windows");
    hive_sz(h, windows, "AppInit_DLLs", "C:\\ProgramData\\one.dll,two.dll");
    hive_dword(h, windows, "LoadAppInit_DLLs", 1);
    hive_multi(h, hive_at(h, hive_root(h), NT "\\Svchost"), "netsvcs", "BITS\nwuauserv\nStranger");
    hive_sz(h, hive_at(h, hive_root(h), "Classes\\mscfile\\shell\\open\\command"), "", "%SystemRoot%\\system32\\mmc.exe \"%1\" %*");
    ask(h, "C/Windows/System32/config/SOFTWARE");
    const act *shell = NULL;
    for (size_t i = 0; i < noted.count; i++) {
        const act *a = vec_at(&noted, i);
        if (strcmp(fact_of(a, "point"), "winlogon-shell") == 0 && strstr(fact_of(a, "command"), "a.exe"))
            shell = a;
    }
    assert_non_null(shell);
    assert_string_equal(fact_of(shell, "verdict"), "hostile");
    is("winlogon-userinit", "Userinit", "known", "normal");
    is("run", "Ddriver", "hostile", "family");
    is("run", "Updates", "hostile", "command");
    is("run", "Vendor", "unknown", "not-known");
    is("run", "*tmp", "suspicious", "odd-folder");
    is("image-debugger", "sethc.exe", "hostile", "hostile-here");
    is("app-init", "AppInit_DLLs", "hostile", "odd-folder");
    is("service-groups", "netsvcs", "unknown", "strange-member");
    is("class-commands", "mscfile\\open", "known", "normal");
    assert_null(found("run", "number"));
    assert_string_equal(fact_of(found("run", "*tmp"), "key"), "HKLM\\SOFTWARE\\Wow6432Node\\" CV "\\RunOnce");
    for (size_t i = 0; i < noted.count; i++)
        for (size_t k = i + 1; k < noted.count; k++)
            assert_int_not_equal(((const act *)vec_at(&noted, i))->record, ((const act *)vec_at(&noted, k))->record);
}

static void a_class_is_followed_to_its_file(void **state)
{
    (void)state;
    hive *h = software("6.1");
    const char *one = "{11111111-2222-3333-4444-555555555555}", *two = "{66666666-2222-3333-4444-555555555555}";
    hive_at(h, hive_root(h), arena_printf(&mem, CV "\\Authentication\\Credential Providers\\%s", one));
    hive_sz(h, hive_at(h, hive_root(h), arena_printf(&mem, "Classes\\CLSID\\%s\\TreatAs", one)), "", two);
    hive_sz(h, hive_at(h, hive_root(h), arena_printf(&mem, "Classes\\CLSID\\%s\\InprocServer32", two)), "", "C:\\Windows\\Temp\\see.dll");
    hive_sz(h, hive_at(h, hive_root(h), "Classes\\CLSID\\{77777777-2222-3333-4444-555555555555}\\TreatAs"), "", "{77777777-2222-3333-4444-555555555555}");
    hive_at(h, hive_root(h), CV "\\Authentication\\Credential Providers\\{77777777-2222-3333-4444-555555555555}");
    ask(h, "C/Windows/System32/config/SOFTWARE");
    const act *a = found("credential-providers", one);
    assert_non_null(a);
    assert_string_equal(fact_of(a, "file"), "C:\\Windows\\Temp\\see.dll");
    assert_string_equal(fact_of(a, "verdict"), "suspicious");
    is("credential-providers", "{77777777-2222-3333-4444-555555555555}", "unknown", "class-elsewhere");
}

static void services_are_known_by_name_and_place(void **state)
{
    (void)state;
    hive_key *set;
    hive *h = system_hive(&set);
    hive_key *k = service(h, set, "BITS", 0x20, 2, "%SystemRoot%\\System32\\svchost.exe -k netsvcs");
    hive_expand(h, hive_at(h, k, "Parameters"), "ServiceDll", "%SystemRoot%\\System32\\qmgr.dll");
    k = service(h, set, "wuauserv", 0x20, 2, "%SystemRoot%\\System32\\svchost.exe -k netsvcs");
    hive_expand(h, hive_at(h, k, "Parameters"), "ServiceDll", "C:\\Windows\\System32\\wuhelp.dll");
    service(h, set, "Spooler", 0x110, 2, "C:\\Windows\\Help\\spoolsv.exe");
    service(h, set, "ALG", 0x10, 3, "%SystemRoot%\\System32\\alg.exe");                      /* nothing starts it */
    service(h, set, "PLMcFw", 0x10, 3, "%systemroot%\\ZVDEcBZe.exe");
    service(h, set, "Shell", 0x10, 2, "cmd.exe /c ver");
    service(h, set, "Ntfs", 2, 1, NULL);
    service(h, set, "odd", 1, 1, "system32\\drivers\\odd.sys");
    service(h, set, "ad_driver", 1, 3, "\\??\\C:\\Users\\anna\\AppData\\Local\\Temp\\ad_driver.sys");       /* of a memory capture */
    service(h, set, "ad_drivers", 1, 3, "\\??\\C:\\Users\\anna\\AppData\\Local\\Temp\\ad_drivers.sys");
    service(h, set, "Vendor", 0x10, 2, "C:\\Program Files\\Some Vendor\\agent.exe -s");
    hive_sz(h, hive_at(h, set, "Services\\NoService"), "ImagePath", "x");
    k = service(h, set, "SNMPTRAP", 0x10, 3, "%SystemRoot%\\System32\\snmptrap.exe");
    hive_sz(h, k, "FailureCommand", "cmd.exe /c start /b C:\\Windows\\Temp\\u.exe");
    static const uint8_t actions[28] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0 };
    hive_binary(h, k, "FailureActions", span_of(actions, sizeof actions));
    ask(h, "C/Windows/System32/config/SYSTEM");
    is("service", "BITS", "known", "windows-service");
    is("service", "wuauserv", "suspicious", "other-library");
    is("service", "Spooler", "hostile", "fake-name");
    assert_null(found("service", "ALG"));
    is("service", "PLMcFw", "hostile", "random-name");
    is("service", "Shell", "hostile", "script-host");
    is("driver", "Ntfs", "known", "windows-driver");
    is("driver", "odd", "unknown", "not-known");
    is("driver", "ad_driver", "unknown", "carried-driver");
    is("driver", "ad_drivers", "hostile", "odd-folder");
    is("service", "Vendor", "unknown", "not-known");
    assert_non_null(strstr(fact_of(found("service", "Vendor"), "looks"), "unquoted-path"));
    assert_null(found("service", "NoService"));
    const act *failure = found("service-failure", "SNMPTRAP");
    assert_non_null(failure);
    assert_string_equal(fact_of(failure, "verdict"), "hostile");
    assert_string_equal(fact_of(failure, "target"), "C:\\Windows\\Temp\\u.exe");
}

static void a_service_hidden_by_its_list_is_hostile(void **state)
{
    (void)state;
    /* owner and group SY; D:(D;;LC;;;BA)(A;;0xf01ff;;;SY) */
    static const uint8_t sd[] = {
        1, 0, 4, 0x80, 0x48, 0, 0, 0, 0x54, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0,
        2, 0, 0x34, 0, 2, 0, 0, 0,
        1, 0, 0x18, 0, 4, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 5, 0x20, 0, 0, 0, 0x20, 2, 0, 0,
        0, 0, 0x14, 0, 0xff, 1, 0xf, 0, 1, 1, 0, 0, 0, 0, 0, 5, 0x12, 0, 0, 0,
        1, 1, 0, 0, 0, 0, 0, 5, 0x12, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 5, 0x12, 0, 0, 0,
    };
    hive_key *set;
    hive *h = system_hive(&set);
    hive_key *k = service(h, set, "Quiet", 0x10, 2, "C:\\Program Files\\Quiet\\q.exe");
    hive_binary(h, hive_at(h, k, "Security"), "Security", span_of(sd, sizeof sd));
    ask(h, "C/Windows/System32/config/SYSTEM");
    is("service", "Quiet", "hostile", "hidden-by-list");
    assert_string_equal(fact_of(found("service", "Quiet"), "hidden"), "denied BA");
}

static void lists_of_packages_are_read_name_by_name(void **state)
{
    (void)state;
    hive_key *set;
    hive *h = system_hive(&set);
    hive_key *lsa = hive_at(h, set, "Control\\Lsa");
    hive_multi(h, lsa, "Notification Packages", "scecli\nhelperfilter");
    hive_multi(h, lsa, "Security Packages", "\"\"");
    hive_key *manager = hive_at(h, set, "Control\\Session Manager");
    hive_multi(h, manager, "BootExecute", "autocheck autochk *\nevil");
    hive_sz(h, hive_at(h, manager, "KnownDLLs"), "kernel32", "kernel32.dll");
    hive_sz(h, hive_at(h, manager, "KnownDLLs"), "ole32", "C:\\x\\ole32.dll");
    hive_sz(h, hive_at(h, set, "Control\\NetworkProvider\\Order"), "ProviderOrder", "LanmanWorkstation,Catcher");
    hive_expand(h, hive_at(h, set, "Services\\LanmanWorkstation\\NetworkProvider"), "ProviderPath", "%SystemRoot%\\System32\\ntlanman.dll");
    hive_expand(h, hive_at(h, set, "Services\\Catcher\\NetworkProvider"), "ProviderPath", "%SystemRoot%\\System32\\catcher.dll");
    ask(h, "C/Windows/System32/config/SYSTEM");
    is("lsa-notification", "scecli", "known", "normal");
    is("lsa-notification", "helperfilter", "hostile", "not-normal");
    assert_null(found("lsa-security", "\"\""));
    is("known-dlls", "kernel32", "known", "normal");
    is("known-dlls", "ole32", "hostile", "path-not-name");
    is("network-providers", "LanmanWorkstation", "known", "normal");
    is("network-providers", "Catcher", "suspicious", "not-normal");
    size_t boot = 0;
    for (size_t i = 0; i < noted.count; i++)
        boot += strcmp(fact_of(vec_at(&noted, i), "point"), "boot-execute") == 0;
    assert_int_equal(boot, 2);
}

/* ---- Tasks ---- */

static span actions_exec(const char *command)
{
    buf b;
    buf_init(&b, 4096);
    static const uint8_t version[2] = { 3, 0 }, magic[2] = { 0x66, 0x66 }, flags[2] = { 0, 0 };
    static const char *const author = "Author";
    const char *const texts[] = { author, "", command, "", "" };
    for (size_t i = 0; i < 5; i++) {
        if (i == 0)
            buf_put(&b, version, 2);
        uint32_t len = (uint32_t)strlen(texts[i]) * 2;
        buf_put(&b, &len, 4);
        for (const char *c = texts[i]; *c; c++) {
            uint8_t unit[2] = { (uint8_t)*c, 0 };
            buf_put(&b, unit, 2);
        }
        if (i == 0)
            buf_put(&b, magic, 2);
    }
    buf_put(&b, flags, 2);
    span s = arena_span(&mem, buf_bytes(&b));
    buf_done(&b);
    return s;
}

/* An interpreter starts it, but the script lies where somebody keeps his own; a chain of commands, a user's folder, and what hides
 * are another matter. */
static void a_script_in_a_folder_of_its_own_is_not_held_against_anybody(void **state)
{
    (void)state;
    hive *h = software("6.3");
    hive_key *run = hive_at(h, hive_root(h), "Microsoft\\Windows\\CurrentVersion\\Run");
    hive_sz(h, run, "Drives", "cmd.exe /c D:\\Tools\\drives.cmd");
    hive_sz(h, run, "Report", "powershell.exe -NoProfile -File D:\\Tools\\report.ps1");
    hive_sz(h, run, "Chain", "cmd.exe /c D:\\Tools\\drives.cmd & start x.exe");
    hive_sz(h, run, "Mine", "powershell.exe -File C:\\Users\\bob\\Documents\\x.ps1");
    hive_sz(h, run, "Temp", "cmd.exe /c C:\\Windows\\Temp\\x.cmd");
    hive_sz(h, run, "Root", "cmd.exe /c D:\\x.cmd");
    ask(h, "C/Windows/System32/config/SOFTWARE");
    is("run", "Drives", "unknown", "script-host");
    is("run", "Report", "unknown", "script-host");
    is("run", "Chain", "suspicious", "script-host");
    is("run", "Mine", "suspicious", "script-host");
    is("run", "Root", "suspicious", "script-host");
    assert_string_not_equal(fact_of(found("run", "Temp"), "verdict"), "unknown");
}

static void a_tool_of_administration_is_told_as_such_wherever_it_puts_its_service(void **state)
{
    (void)state;
    hive_key *set;
    hive *h = system_hive(&set);
    service(h, set, "PSEXESVC", 0x10, 3, "%SystemRoot%\\PSEXESVC.exe");
    service(h, set, "Other", 0x10, 3, "%SystemRoot%\\other.exe");
    ask(h, "C/Windows/System32/config/SYSTEM");
    is("service", "PSEXESVC", "unknown", "remote-tool");
    is("service", "Other", "suspicious", "windows-root");
}

static void a_users_class_that_takes_windows_place_is_suspicious(void **state)
{
    (void)state;
    hive *h = new_hive("UsrClass.dat");
    hive_at(h, hive_root(h), "Local Settings\\Software\\Microsoft");
    hive_sz(h, hive_at(h, hive_root(h), "CLSID\\{BCDE0395-E52F-467C-8E3D-C4579291692E}\\InprocServer32"), "", "C:\\Program Files\\Nice\\sound.dll");
    hive_sz(h, hive_at(h, hive_root(h), "CLSID\\{11111111-E52F-467C-8E3D-C4579291692E}\\InprocServer32"), "", "C:\\Program Files\\Nice\\sound.dll");
    ask(h, "C/Users/bob/AppData/Local/Microsoft/Windows/UsrClass.dat");
    is("user-classes", "{BCDE0395-E52F-467C-8E3D-C4579291692E}", "suspicious", "shadows-windows");
    assert_string_equal(fact_of(found("user-classes", "{11111111-E52F-467C-8E3D-C4579291692E}"), "verdict"), "unknown");
}

#define CACHE NT "\\Schedule\\TaskCache"

static void task(hive *h, const char *id, const char *path, const char *command, bool tree, bool descriptor, int index)
{
    /* owner and group SY; D:(A;;FA;;;SY) */
    static const uint8_t sd[] = { 1, 0, 4, 0x80, 0x30, 0, 0, 0, 0x3c, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 2, 0, 0x1c, 0, 1, 0, 0, 0, 0, 0, 0x14, 0, 0xff, 1, 0x1f, 0, 1, 1, 0, 0, 0, 0, 0, 5, 0x12, 0, 0, 0,
                                  1, 1, 0, 0, 0, 0, 0, 5, 0x12, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 5, 0x12, 0, 0, 0 };
    hive_key *k = hive_at(h, hive_root(h), arena_printf(&mem, CACHE "\\Tasks\\%s", id));
    hive_sz(h, k, "Path", path);
    hive_binary(h, k, "Actions", actions_exec(command));
    hive_at(h, hive_root(h), arena_printf(&mem, CACHE "\\Plain\\%s", id));
    if (!tree)
        return;
    k = hive_at(h, hive_root(h), arena_printf(&mem, CACHE "\\Tree%s", path));
    hive_sz(h, k, "Id", id);
    hive_dword(h, k, "Index", (uint32_t)index);
    if (descriptor)
        hive_binary(h, k, "SD", span_of(sd, sizeof sd));
}

static void tasks_that_hide_are_told(void **state)
{
    (void)state;
    hive *h = software("6.1");
    task(h, "{00000000-0000-0000-0000-000000000001}", "\\Microsoft\\Windows\\Defrag\\ScheduledDefrag", "%windir%\\system32\\defrag.exe", true, true, 3);
    task(h, "{00000000-0000-0000-0000-000000000002}", "\\Quiet", "C:\\Program Files\\Q\\q.exe", true, false, 3);
    task(h, "{00000000-0000-0000-0000-000000000003}", "\\Zero", "C:\\Program Files\\Q\\q.exe", true, true, 0);
    task(h, "{00000000-0000-0000-0000-000000000004}", "\\Orphan", "C:\\Program Files\\Q\\q.exe", false, false, 3);
    task(h, "{00000000-0000-0000-0000-000000000005}", "\\DnsScan", "C:\\Windows\\Temp\\svchost.exe", true, true, 3);
    task(h, "{00000000-0000-0000-0000-000000000006}", "\\Microsoft\\Windows\\MUI\\LPRemove", "C:\\ProgramData\\lpremove.exe", true, true, 3);
    hive_sz(h, hive_at(h, hive_root(h), CACHE "\\Tree\\Gone"), "Id", "{00000000-0000-0000-0000-00000000000F}");
    ask(h, "C/Windows/System32/config/SOFTWARE");
    is("task", "\\Microsoft\\Windows\\Defrag\\ScheduledDefrag", "known", "windows-task");
    is("task", "\\Quiet", "hostile", "hidden-task");
    is("task", "\\Zero", "hostile", "hidden-task");
    is("task", "\\Orphan", "suspicious", "half-a-task");
    is("task", "\\DnsScan", "hostile", "family");
    assert_string_equal(fact_of(found("task", "\\Microsoft\\Windows\\MUI\\LPRemove"), "verdict"), "hostile");
    is("task", "\\Gone", "unknown", "half-a-task");
    assert_string_equal(fact_of(found("task", "\\Gone"), "hidden"), "no-definition");
}

/* ---- Users, deleted keys ---- */

static void users_have_their_own(void **state)
{
    (void)state;
    hive *h = new_hive("NTUSER.DAT");
    hive_sz(h, hive_at(h, hive_root(h), "Software\\" CV "\\Explorer\\Shell Folders"), "AppData", "C:\\Users\\anna\\AppData\\Roaming");
    hive_sz(h, hive_at(h, hive_root(h), "Software\\" CV "\\Run"), "Off", "\"C:\\Program Files\\A\\a.exe\"");
    static const uint8_t off[12] = { 3 };
    hive_binary(h, hive_at(h, hive_root(h), "Software\\" CV "\\Explorer\\StartupApproved\\Run"), "Off", span_of(off, sizeof off));
    hive_binary(h, hive_at(h, hive_root(h), "Software\\" CV "\\Explorer\\StartupApproved\\Run"), "Gone", span_of(off, sizeof off));
    hive_sz(h, hive_at(h, hive_root(h), "Software\\" CV "\\Run\\AutorunsDisabled"), "Switched", "\"C:\\Program Files\\A\\b.exe\"");
    hive_sz(h, hive_at(h, hive_root(h), "Environment"), "UserInitMprLogonScript", "C:\\Users\\Public\\l.bat");
    hive_sz(h, hive_at(h, hive_root(h), "Control Panel\\Desktop"), "SCRNSAVE.EXE", "C:\\Windows\\system32\\logon.scr");
    ask(h, "C/Users/anna/NTUSER.DAT");
    const act *a = found("run", "Off");
    assert_non_null(a);
    assert_string_equal(fact_of(a, "disabled"), "yes");
    assert_string_equal(fact_of(a, "user"), "anna");
    is("startup-approved", "Gone", "unknown", "gone");
    assert_string_equal(fact_of(found("run", "Switched"), "disabled"), "yes");
    is("logon-script", "UserInitMprLogonScript", "hostile", "odd-folder");
    is("screen-saver", "SCRNSAVE.EXE", "known", "normal");
}

static void what_was_deleted_is_found_and_marked(void **state)
{
    (void)state;
    hive_key *set;
    hive *h = system_hive(&set);
    service(h, set, "WebServers", 0x10, 2, "C:\\Windows\\System32\\wmiex.exe");
    hive_commit(h);
    hive_drop(h, hive_find(h, set, "Services\\WebServers"));
    ask(h, "C/Windows/System32/config/SYSTEM");
    const act *a = found("service", "WebServers");
    assert_non_null(a);
    assert_true(a->recovered);
    assert_string_equal(fact_of(a, "deleted"), "yes");
    assert_string_equal(fact_of(a, "verdict"), "hostile");
}

/* ---- Files ---- */

static void ask_file(artifact_kind kind, const char *path, const char *bytes)
{
    problems wrong;
    problems_init(&wrong, &mem);
    detect_artifact *a = detect_artifact_new(run, "0123456789abcdef", path, "task");
    assert_true(detect_artifact_wants(run, kind, path));
    assert_true(status_is_ok(detect_artifact_file(a, kind, span_str(bytes), NULL, &wrong)));
    detect_artifact_end(a, &(detect_sink){ .act = keep });
}

static void files_start_things_by_their_place(void **state)
{
    (void)state;
    ask_file(ARTIFACT_TASK, "C/Windows/System32/Tasks/DnsScan",
             "<?xml version=\"1.0\"?><Task version=\"1.2\" xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\"><Triggers><BootTrigger/></Triggers>"
             "<Principals><Principal id=\"A\"><UserId>S-1-5-18</UserId></Principal></Principals><Actions Context=\"A\"><Exec><Command>C:\\Windows\\Temp\\svchost.exe</Command></Exec></Actions></Task>");
    is("task-file", "\\DnsScan", "hostile", "family");
    assert_string_equal(fact_of(found("task-file", "\\DnsScan"), "start"), "boot");
    assert_string_equal(fact_of(found("task-file", "\\DnsScan"), "runs_as"), "S-1-5-18");
    const char *startup = "C/Users/anna/AppData/Roaming/Microsoft/Windows/Start Menu/Programs/Startup/";
    ask_file(ARTIFACT_FILE, arena_printf(&mem, "%srun.bat", startup), "@start C:\\x.exe\r\n");
    is("startup-folder", "run.bat", "suspicious", "start-up-script");
    assert_string_equal(fact_of(found("startup-folder", "run.bat"), "user"), "anna");
    assert_string_equal(fact_of(found("startup-folder", "run.bat"), "target"), "C:\\x.exe");
    ask_file(ARTIFACT_FILE, arena_printf(&mem, "%sborrowed.cmd", startup), "@echo off\r\ncd /d \"C:\\Windows\\Temp\"\r\nstart \"\" /min lsass.exe\r\n");
    is("startup-folder", "borrowed.cmd", "hostile", "fake-name");
    assert_string_equal(fact_of(found("startup-folder", "borrowed.cmd"), "target"), "C:\\Windows\\Temp\\lsass.exe");
    ask_file(ARTIFACT_FILE, arena_printf(&mem, "%ssecond.bat", startup), "D:\\Tools\\a.exe & C:\\Data\\services.exe -x\r\n");
    is("startup-folder", "second.bat", "hostile", "fake-name");
    /* Names that Windows has, looked for from an ordinary folder or where they are at home, are Windows' own. */
    ask_file(ARTIFACT_FILE, arena_printf(&mem, "%sown.bat", startup), "cd C:\\Tools\r\nstart explorer.exe D:\\Data\r\nC:\\Windows\\System32\\svchost.exe\r\ndel lsass.exe\r\n");
    is("startup-folder", "own.bat", "suspicious", "start-up-script");
    ask_file(ARTIFACT_FILE, arena_printf(&mem, "%sdesktop.ini", startup), "[.ShellClassInfo]\r\n");
    is("startup-folder", "desktop.ini", "known", "normal");
    assert_false(detect_artifact_wants(run, ARTIFACT_FILE, "C/Users/anna/Desktop/run.bat"));
}

/* ---- Samples ---- */

static const char *samples_root(void)
{
    const char *root = getenv("SUYUAN_SAMPLES");
    return root && *root ? root : SOURCE_ROOT "/../shared/samples";
}

/* Data of ordinary machines: nothing of it is hostile, no shape is left unread, and all has its sentence. */
static void sample_hives_are_read_without_an_unknown_shape(void **state)
{
    (void)state;
    static const char *const folders[] = { "registry/regipy", "artifacts/regf", "artifacts/misc", "extra/hives/ez" };
    size_t hives = 0, entries = 0, verdicts[4] = { 0 };
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        const char *folder = arena_printf(&mem, "%s/%s", samples_root(), folders[i]);
        DIR *dir = opendir(folder);
        for (struct dirent *e; dir && (e = readdir(dir));) {
            const char *path = arena_printf(&mem, "%s/%s", folder, e->d_name);
            FILE *f = e->d_name[0] == '.' ? NULL : fopen(path, "rb");
            buf bytes;
            buf_init(&bytes, 1 << 28);
            char part[65536];
            for (size_t n; f && (n = fread(part, 1, sizeof part, f)) > 0;)
                buf_put(&bytes, part, n);
            if (f)
                fclose(f);
            noted.count = 0;
            if (regf_is(buf_bytes(&bytes)) && !regf_log_is(buf_bytes(&bytes)) && ask_bytes(buf_bytes(&bytes), e->d_name)) {
                hives++;
                for (size_t k = 0; k < noted.count; k++) {
                    const act *a = vec_at(&noted, k);
                    const char *verdict = fact_of(a, "verdict"), *reason = fact_of(a, "reason");
                    entries++;
                    verdicts[0] += strcmp(verdict, "known") == 0;
                    verdicts[1] += strcmp(verdict, "unknown") == 0;
                    verdicts[2] += strcmp(verdict, "suspicious") == 0;
                    verdicts[3] += strcmp(verdict, "hostile") == 0;
                    if (strcmp(reason, "unreadable") == 0 || strcmp(verdict, "hostile") == 0)
                        print_error("%s: %s: %s %s\n", e->d_name, fact_of(a, "key"), fact_of(a, "entry"), reason);
                    assert_string_not_equal(reason, "unreadable");
                    assert_true(text_known(arena_printf(&mem, "autostart.%s", fact_of(a, "point"))));
                    assert_true(text_known(arena_printf(&mem, "autostart.why.%s", reason)));
                    assert_true(text_known(arena_printf(&mem, "word.look.%s", reason)));
                    if (a->finding && !text_known(arena_printf(&mem, "%s.text", a->text)))
                        print_error("no sentence: %s\n", a->text);
                    if (a->finding)
                        assert_true(text_known(arena_printf(&mem, "%s.title", a->text)) && text_known(arena_printf(&mem, "%s.text", a->text)));
                }
            }
            buf_done(&bytes);
        }
        if (dir)
            closedir(dir);
    }
    if (!hives) {
        print_message("no sample hives at %s\n", samples_root());
        skip();
    }
    print_message("%zu hives: %zu entries, %zu known, %zu unknown, %zu suspicious, %zu hostile\n", hives, entries, verdicts[0], verdicts[1], verdicts[2], verdicts[3]);
    assert_int_equal(verdicts[3], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_location_has_its_line_and_its_place_in_the_docs, begin, end),
        cmocka_unit_test_setup_teardown(patterns_know_stars_and_the_star_itself, begin, end),
        cmocka_unit_test_setup_teardown(what_windows_has_is_known_and_what_it_has_not_is_told, begin, end),
        cmocka_unit_test_setup_teardown(a_class_is_followed_to_its_file, begin, end),
        cmocka_unit_test_setup_teardown(services_are_known_by_name_and_place, begin, end),
        cmocka_unit_test_setup_teardown(a_service_hidden_by_its_list_is_hostile, begin, end),
        cmocka_unit_test_setup_teardown(a_script_in_a_folder_of_its_own_is_not_held_against_anybody, begin, end),
        cmocka_unit_test_setup_teardown(a_tool_of_administration_is_told_as_such_wherever_it_puts_its_service, begin, end),
        cmocka_unit_test_setup_teardown(a_users_class_that_takes_windows_place_is_suspicious, begin, end),
        cmocka_unit_test_setup_teardown(lists_of_packages_are_read_name_by_name, begin, end),
        cmocka_unit_test_setup_teardown(tasks_that_hide_are_told, begin, end),
        cmocka_unit_test_setup_teardown(users_have_their_own, begin, end),
        cmocka_unit_test_setup_teardown(what_was_deleted_is_found_and_marked, begin, end),
        cmocka_unit_test_setup_teardown(files_start_things_by_their_place, begin, end),
        cmocka_unit_test_setup_teardown(sample_hives_are_read_without_an_unknown_shape, begin, end),
    };
    return cmocka_run_group_tests(tests, begin_all, end_all);
}
