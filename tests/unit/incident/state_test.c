/* What several artifacts of one host tell together: a task's places, a class of another hive. */
#include "world.h"

static const char *const software = "C/Windows/System32/config/SOFTWARE";

typedef struct { const char *name, *runs, *says, *registered, *is; bool no_cache, no_file, known; } made_task;

static world *tasks_world(const made_task *tasks, size_t count)
{
    world *w = world_new();
    world_log *hive = world_add_hive(w, "SOFTWARE");
    for (size_t i = 0; i < count; i++) {
        const made_task *t = &tasks[i];
        const char *entry = arena_printf(&w->mem, "\\%s", t->name), *verdict = t->known ? "known" : "unknown";
        if (!t->no_cache)
            world_act(hive, "", at("2020-05-01T00:00:00Z"), "autostart", "point", "task", "key", "HKLM\\SOFTWARE\\x", "entry", entry, "command", t->runs,
                      "definition", t->registered, "verdict", verdict, "reason", "not-known", NULL);
        if (t->no_file)
            continue;
        world_log *file = world_add_log(w, "task", 1);
        world_act(file, "", at("2020-05-01T00:00:00Z"), "autostart", "point", "task-file", "entry", entry, "command", t->says, "definition", t->is,
                  "verdict", verdict, "reason", "not-known", NULL);
        world_add_file(w, "u", arena_printf(&w->mem, "C/Windows/System32/Tasks/%s", t->name), file, 0, UINT64_MAX);
    }
    world_add_file(w, "u", software, hive, 0, UINT64_MAX);
    return w;
}

static const persistence *entry_called(const suyuan_case *c, const char *name)
{
    const persistence *found = NULL;
    for (size_t i = 0; i < c->persistence_count; i++)
        if (c->persistence[i].name && strcmp(c->persistence[i].name, name) == 0) {
            assert_null(found);
            found = &c->persistence[i];
        }
    assert_non_null(found);
    return found;
}

static void agrees(const suyuan_case *c, const char *name)
{
    const persistence *p = entry_called(c, name);
    assert_null(p->hidden);
    assert_string_equal(p->verdict, "unknown");
}

static void is_told(const suyuan_case *c, const char *name, const char *hidden)
{
    const persistence *p = entry_called(c, name);
    assert_non_null(p->hidden);
    assert_string_equal(p->hidden, hidden);
    assert_string_equal(p->verdict, "suspicious");
    assert_string_equal(p->reason, "task-places");
    assert_non_null(p->why.id);
}

#define SAME "a.exe -x", "A.exe  -x", "11", "11"

static void a_task_in_one_place_only_is_told(void **state)
{
    (void)state;
    const made_task tasks[] = { { "One", SAME, 0, 0, 0 }, { "Two", SAME, 0, 0, 0 }, { "Ghost", SAME, 0, 1, 0 }, { "Vendor\\Copied", SAME, 1, 0, 0 } };
    world *w = tasks_world(tasks, 4);
    suyuan_case *c = world_case(w);
    agrees(c, "\\One");
    agrees(c, "\\Two");
    is_told(c, "\\Ghost", "no-file");
    is_told(c, "\\Vendor\\Copied", "not-registered");
    assert_int_equal(count_findings(c, "task-create"), 2);
    world_free(w);
}

static void a_task_of_windows_that_is_left_over_is_told_and_not_held_against_anybody(void **state)
{
    (void)state;
    const made_task tasks[] = { { "One", SAME, 0, 0, 0 }, { "Two", SAME, 0, 0, 0 }, { "Left", SAME, 0, 1, 1 } };
    world *w = tasks_world(tasks, 3);
    suyuan_case *c = world_case(w);
    assert_string_equal(entry_called(c, "\\Left")->hidden, "no-file");
    assert_string_equal(entry_called(c, "\\Left")->verdict, "known");
    assert_int_equal(count_findings(c, "task-create"), 0);
    world_free(w);
}

static void a_folder_collected_in_part_says_nothing_of_what_is_missing(void **state)
{
    (void)state;
    const made_task tasks[] = { { "One", SAME, 0, 0, 0 }, { "Two", SAME, 0, 1, 0 }, { "Three", SAME, 0, 1, 0 }, { "Four", SAME, 0, 1, 0 } };
    world *w = tasks_world(tasks, 4);
    suyuan_case *c = world_case(w);
    agrees(c, "\\Two");
    assert_int_equal(count_findings(c, "task-create"), 0);
    world_free(w);

    const made_task files[] = { { "One", SAME, 1, 0, 0 }, { "Two", SAME, 1, 0, 0 } };         /* and without a cache, files stand for themselves */
    w = tasks_world(files, 2);
    agrees(world_case(w), "\\Two");
    world_free(w);
}

static void a_task_that_was_changed_past_the_scheduler_is_told(void **state)
{
    (void)state;
    const made_task tasks[] = { { "One", SAME, 0, 0, 0 }, { "Two", SAME, 0, 0, 0 }, { "Three", SAME, 0, 0, 0 }, { "Four", SAME, 0, 0, 0 },
                                { "Cache", "b.exe", "a.exe -x", "11", "11", 0, 0, 1 }, { "File", "a.exe -x", "a.exe -x", "11", "22", 0, 0, 1 } };
    world *w = tasks_world(tasks, 6);
    suyuan_case *c = world_case(w);
    is_told(c, "\\Cache", "other-actions");
    is_told(c, "\\File", "other-definition");
    agrees(c, "\\Four");
    world_free(w);
}

/* Whoever converts all files changes all hashes. */
static void hashes_that_differ_everywhere_say_nothing(void **state)
{
    (void)state;
    const made_task tasks[] = { { "One", "a", "a", "1", "9", 0, 0, 0 }, { "Two", "a", "a", "2", "8", 0, 0, 0 }, { "Three", "a", "a", "3", "7", 0, 0, 0 } };
    world *w = tasks_world(tasks, 3);
    suyuan_case *c = world_case(w);
    agrees(c, "\\One");
    agrees(c, "\\Three");
    world_free(w);
}

/* ---- Classes ---- */

#define CLASS "{11111111-2222-3333-4444-555555555555}"

static void names_class(world *w, world_log *hive, const char *user, const char *entry)
{
    world_act(hive, "", at("2020-05-01T00:00:00Z"), "autostart", "point", "shell-extensions", "key", arena_printf(&w->mem, "HKU\\%s\\x", user), "value", entry,
              "entry", entry, "clsid", CLASS, "command", CLASS, "user", user, "verdict", "unknown", "reason", "class-elsewhere", NULL);
}

static void a_class_is_looked_up_in_the_users_hive_and_then_in_the_machines(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *machine = world_add_hive(w, "SOFTWARE"), *bob = world_add_hive(w, "NTUSER"), *eve = world_add_hive(w, "NTUSER"), *classes = world_add_hive(w, "UsrClass");
    world_act(machine, "", at("2019-01-01T00:00:00Z"), "class", "clsid", CLASS, "file", "C:\\Program Files\\Tool\\twin.dll", "type", "InprocServer32", "key",
              "HKLM\\SOFTWARE\\Classes\\Wow6432Node\\CLSID\\x", "verdict", "unknown", "reason", "product", NULL);
    world_act(machine, "", at("2019-01-01T00:00:00Z"), "class", "clsid", CLASS, "file", "C:\\Program Files\\Tool\\tool.dll", "type", "InprocServer32", "key",
              "HKLM\\SOFTWARE\\Classes\\CLSID\\x", "verdict", "unknown", "reason", "product", NULL);
    names_class(w, bob, "bob", "Bobs");
    names_class(w, eve, "eve", "Eves");
    world_act(classes, "", at("2020-05-09T00:00:00Z"), "autostart", "point", "user-classes", "key", "HKU\\eve_Classes\\CLSID\\x", "entry", CLASS, "clsid", CLASS,
              "command", "C:\\Users\\eve\\x.dll", "file", "C:\\Users\\eve\\x.dll", "type", "InprocServer32", "user", "eve", "verdict", "unknown", "reason",
              "not-known", NULL);
    world_add_file(w, "u", software, machine, 0, UINT64_MAX);
    world_add_file(w, "u", "C/Users/bob/NTUSER.DAT", bob, 0, UINT64_MAX);
    world_add_file(w, "u", "C/Users/eve/NTUSER.DAT", eve, 0, UINT64_MAX);
    world_add_file(w, "u", "C/Users/eve/AppData/Local/Microsoft/Windows/UsrClass.dat", classes, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    assert_string_equal(entry_called(c, "Bobs")->file, "C:\\Program Files\\Tool\\tool.dll");
    assert_string_equal(entry_called(c, "Bobs")->reason, "product");
    assert_int_equal(entry_called(c, "Bobs")->evidence_count, 2);
    assert_string_equal(entry_called(c, "Eves")->file, "C:\\Users\\eve\\x.dll");
    assert_string_equal(entry_called(c, CLASS)->reason, "class-shadows");
    world_free(w);
}

/* What stands behind the class is as hostile as when it stood there itself. */
static void an_entry_is_as_grave_as_the_class_that_it_names(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *machine = world_add_hive(w, "SOFTWARE"), *bob = world_add_hive(w, "NTUSER");
    world_act(machine, "", at("2020-05-09T00:00:00Z"), "autostart", "point", "machine-classes", "key", "HKLM\\SOFTWARE\\Classes\\CLSID\\x\\InprocServer32", "entry",
              CLASS, "clsid", CLASS, "file", "C:\\Windows\\Temp\\x.dll", "type", "InprocServer32", "verdict", "suspicious", "reason", "odd-folder", NULL);
    names_class(w, bob, "bob", "Bobs");
    world_add_file(w, "u", software, machine, 0, UINT64_MAX);
    world_add_file(w, "u", "C/Users/bob/NTUSER.DAT", bob, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    assert_string_equal(entry_called(c, "Bobs")->verdict, "suspicious");
    assert_string_equal(entry_called(c, "Bobs")->reason, "odd-folder");
    assert_string_equal(entry_called(c, "Bobs")->file, "C:\\Windows\\Temp\\x.dll");
    world_free(w);
}

/* ---- What the plan does about what hives tell ---- */

static const plan_step *step_of(const suyuan_case *c, const char *phase, const char *target)
{
    for (size_t i = 0; i < c->plan_count; i++)
        if (strcmp(c->plan[i].phase, phase) == 0 && c->plan[i].target && strcasecmp(c->plan[i].target, target) == 0)
            return &c->plan[i];
    return NULL;
}

/* A host with a hostile entry, and what a test adds. */
static world *infected(world_log **hive)
{
    world *w = world_new();
    *hive = world_add_hive(w, "SOFTWARE");
    world_finding(world_act(*hive, "", at("2020-05-09T00:00:00Z"), "autostart", "point", "run", "key", "HKLM\\SOFTWARE\\Run", "value", "Ddriver", "entry", "Ddriver",
                            "command", "C:\\Windows\\Temp\\d.exe", "file", "C:\\Windows\\Temp\\d.exe", "verdict", "hostile", "reason", "family", NULL),
                  "run-key", SEVERITY_CRITICAL, 95);
    world_add_file(w, "u", software, *hive, 0, UINT64_MAX);
    return w;
}

static void what_a_start_up_file_starts_is_ended_and_set_aside_with_it(void **state)
{
    (void)state;
    static const char *const startup = "C:\\Users\\bob\\AppData\\Roaming\\Microsoft\\Windows\\Start Menu\\Programs\\Startup\\run.bat";
    world_log *hive;
    world *w = infected(&hive);
    world_log *file = world_add_log(w, "task", 1);           /* any artifact that is no hive */
    world_finding(world_act(file, "", at("2020-05-09T00:00:00Z"), "autostart", "point", "startup-folder", "key", startup, "entry", "run.bat", "file", startup, "command",
                            "start svchost.exe", "target", "C:\\Windows\\Temp\\svchost.exe", "verdict", "hostile", "reason", "fake-name", NULL),
                  "startup-file", SEVERITY_HIGH, 90);
    world_add_file(w, "u", "C/Users/bob/AppData/Roaming/Microsoft/Windows/Start Menu/Programs/Startup/run.bat", file, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    assert_non_null(step_of(c, "persistence", startup));
    assert_non_null(step_of(c, "stop", "C:\\Windows\\Temp\\svchost.exe"));
    const plan_step *aside = step_of(c, "files", "C:\\Windows\\Temp\\svchost.exe");
    assert_non_null(aside);
    assert_true(aside->command_count > 0 && aside->undo.id != NULL);
    world_free(w);
}

static void windows_own_program_is_never_set_aside(void **state)
{
    (void)state;
    static const char *const startup = "C:\\Users\\bob\\Startup\\run.bat";
    world_log *hive;
    world *w = infected(&hive);
    world_log *file = world_add_log(w, "task", 1);
    world_finding(world_act(file, "", at("2020-05-09T00:00:00Z"), "autostart", "point", "startup-folder", "key", startup, "entry", "run.bat", "file", startup, "target",
                            "C:\\Windows\\System32\\bitsadmin.exe", "command", "bitsadmin ...", "verdict", "hostile", "reason", "command", NULL),
                  "startup-file", SEVERITY_HIGH, 90);
    world_add_file(w, "u", "C/Users/bob/Startup/run.bat", file, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    assert_non_null(step_of(c, "persistence", startup));
    assert_null(step_of(c, "stop", "C:\\Windows\\System32\\bitsadmin.exe"));
    assert_null(step_of(c, "files", "C:\\Windows\\System32\\bitsadmin.exe"));
    world_free(w);
}

static void entries_of_machine_and_user_are_removed_where_they_stand(void **state)
{
    (void)state;
    world_log *hive;
    world *w = infected(&hive);
    world_log *user = world_add_hive(w, "NTUSER"), *system = world_add_hive(w, "SYSTEM");
    world_finding(world_act(user, "", at("2020-05-09T00:00:00Z"), "autostart", "point", "run", "key", "HKU\\bob\\Software\\Run", "value", "Upd", "entry", "Upd", "user",
                            "bob", "command", "C:\\Users\\bob\\u.exe", "file", "C:\\Users\\bob\\u.exe", "verdict", "hostile", "reason", "command", NULL),
                  "run-key", SEVERITY_HIGH, 90);
    world_finding(world_act(system, "", at("2020-05-09T00:00:00Z"), "autostart", "point", "service", "key", "HKLM\\SYSTEM\\ControlSet001\\Services\\Bad", "value",
                            "ImagePath", "entry", "Bad", "command", "C:\\Windows\\x.exe", "file", "C:\\Windows\\x.exe", "verdict", "hostile", "reason", "random-name", NULL),
                  "service-install", SEVERITY_HIGH, 90);
    world_add_file(w, "u", "C/Users/bob/NTUSER.DAT", user, 0, UINT64_MAX);
    world_add_file(w, "u", "C/Windows/System32/config/SYSTEM", system, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    assert_non_null(step_of(c, "persistence", "HKLM\\SOFTWARE\\Run"));
    assert_non_null(step_of(c, "persistence", "bob\\Software\\Run"));
    assert_non_null(step_of(c, "stop", "Bad"));
    assert_non_null(step_of(c, "persistence", "Bad"));
    assert_non_null(step_of(c, "files", "C:\\Windows\\Temp\\d.exe"));
    world_free(w);
}

/* SYSTEM alone does not say where Windows lies. */
static void a_file_of_the_windows_folder_is_found_wherever_that_lies(void **state)
{
    (void)state;
    world_log *hive;
    world *w = infected(&hive);
    world_log *system = world_add_hive(w, "SYSTEM"), *program = world_add_log(w, "program", 1);
    world_act(system, "", at("2020-05-01T00:00:00Z"), "autostart", "point", "service", "key", "HKLM\\SYSTEM\\ControlSet001\\Services\\Spooler", "value", "ImagePath",
              "entry", "Spooler", "command", "%SystemRoot%\\System32\\spoolsv.exe", "file", "%SystemRoot%\\System32\\spoolsv.exe", "verdict", "known", NULL);
    world_add_file(w, "u", "C/Windows/System32/config/SYSTEM", system, 0, UINT64_MAX);
    world_add_file(w, "u", "C/Windows/System32/spoolsv.exe", program, 0, UINT64_MAX);
    const persistence *p = entry_called(world_case(w), "Spooler");
    assert_true(p->in_evidence);
    assert_string_equal(p->file, "%SystemRoot%\\System32\\spoolsv.exe");
    world_free(w);
}

/* What the host itself writes down says more than what somebody guesses from its build, however late. */
static void the_strongest_saying_of_a_host_counts_and_of_those_the_newest(void **state)
{
    (void)state;
    world_log *hive;
    world *w = infected(&hive);
    world_claims(w, software, "", "os", "Windows 7 SP1 / Server 2008 R2 SP1", "weak", at("2020-05-10T00:00:00Z"), at("2020-05-10T00:00:00Z"));
    world_claims(w, software, "", "os", "Windows Server 2008 R2 Standard", "strong", at("2020-05-01T00:00:00Z"), at("2020-05-01T00:00:00Z"));
    world_claims(w, software, "", "os", "Windows Server 2008 R2 Enterprise", "strong", at("2020-05-02T00:00:00Z"), at("2020-05-02T00:00:00Z"));
    assert_string_equal(world_case(w)->hosts[0].os, "Windows Server 2008 R2 Enterprise");
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_in_one_place_only_is_told),
        cmocka_unit_test(a_task_of_windows_that_is_left_over_is_told_and_not_held_against_anybody),
        cmocka_unit_test(a_folder_collected_in_part_says_nothing_of_what_is_missing),
        cmocka_unit_test(a_task_that_was_changed_past_the_scheduler_is_told),
        cmocka_unit_test(hashes_that_differ_everywhere_say_nothing),
        cmocka_unit_test(a_class_is_looked_up_in_the_users_hive_and_then_in_the_machines),
        cmocka_unit_test(an_entry_is_as_grave_as_the_class_that_it_names),
        cmocka_unit_test(what_a_start_up_file_starts_is_ended_and_set_aside_with_it),
        cmocka_unit_test(windows_own_program_is_never_set_aside),
        cmocka_unit_test(entries_of_machine_and_user_are_removed_where_they_stand),
        cmocka_unit_test(a_file_of_the_windows_folder_is_found_wherever_that_lies),
        cmocka_unit_test(the_strongest_saying_of_a_host_counts_and_of_those_the_newest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
