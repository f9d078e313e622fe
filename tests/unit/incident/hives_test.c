/* Whose are the hives, and what follows from lying where they lie? */
#include "world.h"

static const char *const config = "C/Windows/System32/config";

static const char *path_of(world *w, const char *file)
{
    return arena_printf(&w->mem, "%s/%s", config, file);
}

/* A log of a host where every Windows has it. */
static void add_log(world *w, const char *unit, const char *computer)
{
    world_log *log = world_add_log(w, "System", 1);
    world_fill(log, computer, at("2020-05-01T00:00:00Z"), at("2020-05-11T00:00:00Z"), 300);
    world_add_file(w, unit, "C/Windows/System32/winevt/Logs/System.evtx", log, 0, UINT64_MAX);
}

static void add_hive(world *w, const char *unit, const char *path, const char *kind, const char *what)
{
    world_log *hive = world_add_hive(w, kind);
    world_act(hive, "", at("2020-05-10T00:00:00Z"), "setting", "name", what, "value", "1", NULL);
    world_add_file(w, unit, path, hive, 0, UINT64_MAX);
}

static const char *host_of_evidence(const suyuan_case *c, const char *unit, const char *path)
{
    for (size_t i = 0; i < c->evidence_count; i++)
        if (strcmp(c->evidence[i].unit, unit) == 0 && strcmp(c->evidence[i].path, path) == 0)
            return c->evidence_host[i] == HOST_NONE ? "none" : c->hosts[c->evidence_host[i]].names[0];
    return "not there";
}

static void hives_belong_to_the_host_whose_logs_lie_under_the_same_root(void **state)
{
    (void)state;
    world *w = world_new();
    add_log(w, "unit1", "DB1");
    add_log(w, "unit2", "DB2");
    add_hive(w, "unit1", path_of(w, "SOFTWARE"), "SOFTWARE", "a");
    add_hive(w, "unit2", path_of(w, "SOFTWARE"), "SOFTWARE", "b");
    add_hive(w, "unit2", "C/Users/bob/NTUSER.DAT", "NTUSER", "c");
    suyuan_case *c = world_case(w);
    assert_int_equal(c->host_count, 2);
    assert_string_equal(host_of_evidence(c, "unit1", path_of(w, "SOFTWARE")), "DB1");
    assert_string_equal(host_of_evidence(c, "unit2", path_of(w, "SOFTWARE")), "DB2");
    assert_string_equal(host_of_evidence(c, "unit2", "C/Users/bob/NTUSER.DAT"), "DB2");
    world_free(w);
}

static void the_name_in_a_hive_says_more_than_what_lies_beside_it(void **state)
{
    (void)state;
    world *w = world_new();
    add_log(w, "logs", "DB1");
    add_log(w, "mixed", "DB2");
    add_hive(w, "mixed", path_of(w, "SYSTEM"), "SYSTEM", "a");
    add_hive(w, "mixed", path_of(w, "SOFTWARE"), "SOFTWARE", "b");
    world_claims(w, path_of(w, "SYSTEM"), "", "name", "db1", "strong", at("2020-05-10T00:00:00Z"), at("2020-05-10T00:00:00Z"));
    suyuan_case *c = world_case(w);
    assert_int_equal(c->host_count, 2);
    assert_string_equal(host_of_evidence(c, "mixed", path_of(w, "SYSTEM")), "DB1");
    assert_string_equal(host_of_evidence(c, "mixed", path_of(w, "SOFTWARE")), "DB1");      /* one root is one machine */
    world_free(w);
}

static void hives_alone_make_a_host(void **state)
{
    (void)state;
    world *w = world_new();
    add_hive(w, "u", path_of(w, "SYSTEM"), "SYSTEM", "a");
    add_hive(w, "u", path_of(w, "SAM"), "SAM", "b");
    world_claims(w, path_of(w, "SYSTEM"), "", "name", "SRV9", "strong", at("2020-05-10T00:00:00Z"), at("2020-05-10T00:00:00Z"));
    world_claims(w, path_of(w, "SYSTEM"), "", "os", "Windows Server 2012 R2", "strong", at("2020-05-10T00:00:00Z"), at("2020-05-10T00:00:00Z"));
    suyuan_case *c = world_case(w);
    assert_int_equal(c->host_count, 1);
    const host *h = host_called(c, "SRV9");
    assert_string_equal(h->os, "Windows Server 2012 R2");
    assert_true(h->collected);
    assert_string_equal(host_of_evidence(c, "u", path_of(w, "SAM")), "SRV9");
    world_free(w);
}

static void what_nothing_names_is_called_as_its_folder(void **state)
{
    (void)state;
    world *w = world_new();
    add_hive(w, "desk of bob", "NTUSER.DAT", "NTUSER", "a");
    add_hive(w, "desk of bob", "more/UsrClass.dat", "UsrClass", "b");
    suyuan_case *c = world_case(w);
    assert_int_equal(c->host_count, 1);
    const host *h = host_called(c, "desk of bob");
    assert_int_equal(h->note_count, 1);
    assert_string_equal(h->notes[0].id, "host.by-folder");
    world_free(w);
}

static void hives_of_several_hosts_in_one_folder_are_told_apart(void **state)
{
    (void)state;
    world *w = world_new();
    add_hive(w, "all", "SYSTEM-1", "SYSTEM", "a");
    add_hive(w, "all", "SYSTEM-2", "SYSTEM", "b");
    world_claims(w, "SYSTEM-1", "", "name", "A1", "strong", at("2020-05-10T00:00:00Z"), at("2020-05-10T00:00:00Z"));
    world_claims(w, "SYSTEM-2", "", "name", "A2", "strong", at("2020-05-10T00:00:00Z"), at("2020-05-10T00:00:00Z"));
    suyuan_case *c = world_case(w);
    assert_int_equal(c->host_count, 2);
    assert_string_equal(host_of_evidence(c, "all", "SYSTEM-1"), "A1");
    assert_string_equal(host_of_evidence(c, "all", "SYSTEM-2"), "A2");
    world_free(w);
}

static void a_machine_sid_finds_the_host_of_a_lone_hive(void **state)
{
    (void)state;
    static const char sid[] = "S-1-5-21-11-22-33";
    world *w = world_new();
    add_log(w, "unit1", "DB1");
    add_log(w, "unit2", "DB2");
    world_log *security = world_add_log(w, "Security", 1);
    world_fill(security, "DB2", at("2020-05-01T00:00:00Z"), at("2020-05-11T00:00:00Z"), 50);
    world_add_file(w, "unit2", "x/Security.evtx", security, 0, UINT64_MAX);
    world_claims(w, "x/Security.evtx", "DB2", "machine-sid", sid, "decisive", at("2020-05-02T00:00:00Z"), at("2020-05-02T00:00:00Z"));
    add_hive(w, "elsewhere", "SAM", "SAM", "a");
    world_claims(w, "SAM", "", "machine-sid", sid, "decisive", at("2020-05-02T00:00:00Z"), at("2020-05-02T00:00:00Z"));
    suyuan_case *c = world_case(w);
    assert_int_equal(c->host_count, 2);
    assert_string_equal(host_of_evidence(c, "elsewhere", "SAM"), "DB2");
    world_free(w);
}

/* The template from which profiles are made lies on every host, byte for byte. */
static void one_hive_on_ten_hosts_is_ten_facts(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *hive = world_add_hive(w, "NTUSER");
    world_act(hive, "", at("2016-07-16T00:00:00Z"), "setting", "name", "x", "value", "1", NULL);
    for (int i = 0; i < 10; i++) {
        add_log(w, arena_printf(&w->mem, "unit%d", i), arena_printf(&w->mem, "HOST%d", i));
        world_add_file(w, arena_printf(&w->mem, "unit%d", i), "C/Users/Default/NTUSER.DAT", hive, 0, UINT64_MAX);
    }
    suyuan_case *c = world_case(w);
    assert_int_equal(c->host_count, 10);
    for (int i = 0; i < 10; i++)
        assert_string_equal(host_of_evidence(c, arena_printf(&w->mem, "unit%d", i), "C/Users/Default/NTUSER.DAT"), arena_printf(&w->mem, "HOST%d", i));
    world_free(w);
}

/* An archive of one folder names nobody: with one host beside it, it is that host's; with two, or another version of what it has, nobody's. */
static void what_names_no_host_belongs_to_the_only_one(void **state)
{
    (void)state;
    static const struct { bool second, same_hive; size_t hosts; } cases[] = { { false, false, 1 }, { true, false, 3 }, { false, true, 2 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        world *w = world_new();
        add_log(w, "logs", "DB1");
        if (cases[i].second)
            add_log(w, "more", "DB2");
        add_hive(w, "logs", path_of(w, "SOFTWARE"), "SOFTWARE", "a");
        add_hive(w, "folder", cases[i].same_hive ? path_of(w, "SOFTWARE") : "C/Users/bob/NTUSER.DAT", cases[i].same_hive ? "SOFTWARE" : "NTUSER", "c");
        suyuan_case *c = world_case(w);
        assert_int_equal(c->host_count, cases[i].hosts);
        const char *whose = host_of_evidence(c, "folder", cases[i].same_hive ? path_of(w, "SOFTWARE") : "C/Users/bob/NTUSER.DAT");
        assert_true((strcmp(whose, "DB1") == 0) == (cases[i].hosts == 1));
        world_free(w);
    }
}

/* ---- What starts by itself ---- */

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

static void service(world_log *hive, const char *name, const char *written, const char *file, const char *verdict)
{
    world_act(hive, "", at(written), "autostart", "point", "service", "key", "HKLM\\SYSTEM\\ControlSet001\\Services\\x", "value", "ImagePath",
              "entry", name, "command", file, "file", file, "verdict", verdict, "reason", "random-name", NULL);
}

/* Two services made by somebody: one is there still, one is not. */
static world *services_world(void)
{
    world *w = world_new();
    world_log *system = world_add_log(w, "System", 1), *security = world_add_log(w, "Security", 1);
    world_fill(system, "DB1", at("2020-05-01T00:00:00Z"), at("2020-05-09T00:00:00Z"), 300);
    world_fill(security, "DB1", at("2020-05-01T00:00:00Z"), at("2020-05-09T00:00:00Z"), 300);
    world_act(security, "DB1", at("2020-05-09T01:00:00Z"), "logon.session", "protocol", "rdp", "type", "10", "account", "DB1\\Administrator",
              "source", "203.0.113.9", "logon", "0x4f2a1", NULL);
    world_finding(world_act(security, "DB1", at("2020-05-09T01:05:00Z"), "service.install", "name", "Xpuq", "path", "C:\\Windows\\a.exe", "by",
                            "DB1\\Administrator", "logon", "0x4f2a1", "looks", "random-name", NULL), "service-install", SEVERITY_HIGH, 90);
    world_finding(world_act(system, "DB1", at("2020-05-09T01:06:00Z"), "service.install", "name", "Gone", "path", "C:\\Windows\\b.exe", "looks",
                            "random-name", NULL), "service-install", SEVERITY_HIGH, 90);
    world_add_file(w, "u", "C/Windows/System32/winevt/Logs/System.evtx", system, 0, UINT64_MAX);
    world_add_file(w, "u", "C/Windows/System32/winevt/Logs/Security.evtx", security, 0, UINT64_MAX);
    world_log *hive = world_add_hive(w, "SYSTEM");
    world_finding(world_act(hive, "", at("2020-05-09T01:05:01Z"), "autostart", "point", "service", "key", "HKLM\\SYSTEM\\ControlSet001\\Services\\Xpuq",
                            "value", "ImagePath", "entry", "Xpuq", "command", "C:\\Windows\\a.exe", "file", "C:\\Windows\\a.exe", "verdict", "hostile",
                            "reason", "random-name", NULL), "service-install", SEVERITY_HIGH, 90);
    service(hive, "Spooler", "2019-01-01T00:00:00Z", "C:\\Windows\\System32\\spoolsv.exe", "known");
    world_act(hive, "", at("2020-05-10T00:00:00Z"), "setting", "name", "x", "value", "1", NULL);
    world_add_file(w, "u", path_of(w, "SYSTEM"), hive, 0, UINT64_MAX);
    return w;
}

static void a_service_in_the_registry_is_joined_with_the_record_that_made_it(void **state)
{
    (void)state;
    world *w = services_world();
    world_log *program = world_add_log(w, "program", 1);      /* a program that lies in the evidence */
    world_add_file(w, "u", "C/Windows/a.exe", program, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    assert_int_equal(c->persistence_count, 3);
    const persistence *p = entry_called(c, "Xpuq");
    assert_string_equal(p->state, "present");
    assert_string_equal(p->origin, "both");
    assert_string_equal(p->verdict, "hostile");
    assert_string_equal(p->logon, "0x4f2a1");
    assert_string_equal(p->by, "DB1\\Administrator");
    assert_string_equal(p->from, "203.0.113.9");
    assert_true(p->created == at("2020-05-09T01:05:00Z") && p->written == at("2020-05-09T01:05:01Z") && p->time == p->created);
    assert_int_equal(p->evidence_count, 2);
    assert_true(p->in_evidence && p->sha256);
    assert_int_equal(count_findings(c, "service-install"), 2);        /* the registry's is the log's */
    p = entry_called(c, "Spooler");
    assert_string_equal(p->verdict, "known");
    assert_string_equal(p->origin, "artifact");
    assert_false(p->in_evidence);
    world_free(w);
}

static void what_only_a_log_remembers_is_deleted_when_the_hive_is_newer(void **state)
{
    (void)state;
    world *w = services_world();
    suyuan_case *c = world_case(w);
    const persistence *p = entry_called(c, "Gone");
    assert_string_equal(p->state, "deleted");
    assert_string_equal(p->origin, "log");
    world_free(w);

    w = world_new();                                 /* without a hive nobody knows */
    world_log *system = world_add_log(w, "System", 1);
    world_fill(system, "DB1", at("2020-05-01T00:00:00Z"), at("2020-05-09T00:00:00Z"), 300);
    world_act(system, "DB1", at("2020-05-09T01:06:00Z"), "service.install", "name", "Gone", "path", "C:\\Windows\\b.exe", NULL);
    world_add_file(w, "u", "System.evtx", system, 0, UINT64_MAX);
    assert_string_equal(entry_called(world_case(w), "Gone")->state, "unknown");
    world_free(w);
}

/* Of copies of a hive the newest tells what is there; what only an older one has was deleted since. */
static void an_older_copy_tells_what_was_there_before(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *now = world_add_hive(w, "SYSTEM"), *before = world_add_hive(w, "SYSTEM");
    service(now, "Kept", "2020-05-09T00:00:00Z", "C:\\Windows\\new.exe", "unknown");
    service(before, "Kept", "2020-04-01T00:00:00Z", "C:\\Windows\\old.exe", "unknown");
    service(before, "Removed", "2020-04-02T00:00:00Z", "C:\\Windows\\gone.exe", "suspicious");
    world_add_file(w, "u", path_of(w, "SYSTEM"), now, 0, UINT64_MAX);
    world_add_file(w, "u", path_of(w, "RegBack/SYSTEM"), before, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    assert_int_equal(c->host_count, 1);
    assert_int_equal(c->persistence_count, 2);
    assert_string_equal(entry_called(c, "Kept")->file, "C:\\Windows\\new.exe");
    assert_string_equal(entry_called(c, "Kept")->origin, "artifact");
    assert_string_equal(entry_called(c, "Removed")->origin, "older-copy");
    assert_string_equal(entry_called(c, "Removed")->state, "deleted");
    world_free(w);
}

/* Sysmon writes the SID, the hive lies in the profile's folder. */
static void a_run_key_is_one_entry_whoever_names_its_user(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *sysmon = world_add_log(w, "Microsoft-Windows-Sysmon/Operational", 1);
    world_fill(sysmon, "DB1", at("2020-05-01T00:00:00Z"), at("2020-05-09T00:00:00Z"), 300);
    world_act(sysmon, "DB1", at("2020-05-09T01:06:00Z"), "registry.autostart", "key", "HKU\\S-1-5-21-1-2-3-1001\\Software\\Run", "value", "Updater",
              "data", "C:\\x.exe", "point", "run", NULL);
    world_add_file(w, "u", "C/Windows/System32/winevt/Logs/Sysmon.evtx", sysmon, 0, UINT64_MAX);
    world_log *user = world_add_hive(w, "NTUSER"), *software = world_add_hive(w, "SOFTWARE");
    world_act(user, "", at("2020-05-09T01:06:00Z"), "autostart", "point", "run", "key", "HKU\\bob\\Software\\Run", "value", "Updater", "entry", "Updater",
              "command", "C:\\x.exe", "user", "bob", "verdict", "unknown", NULL);
    world_act(software, "", at("2020-05-01T00:00:00Z"), "profile", "sid", "S-1-5-21-1-2-3-1001", "folder", "bob", NULL);
    world_add_file(w, "u", "C/Users/bob/NTUSER.DAT", user, 0, UINT64_MAX);
    world_add_file(w, "u", path_of(w, "SOFTWARE"), software, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    assert_int_equal(c->persistence_count, 1);
    assert_string_equal(c->persistence[0].origin, "both");
    assert_string_equal(c->persistence[0].user, "bob");
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hives_belong_to_the_host_whose_logs_lie_under_the_same_root),
        cmocka_unit_test(the_name_in_a_hive_says_more_than_what_lies_beside_it),
        cmocka_unit_test(hives_alone_make_a_host),
        cmocka_unit_test(what_nothing_names_is_called_as_its_folder),
        cmocka_unit_test(hives_of_several_hosts_in_one_folder_are_told_apart),
        cmocka_unit_test(a_machine_sid_finds_the_host_of_a_lone_hive),
        cmocka_unit_test(one_hive_on_ten_hosts_is_ten_facts),
        cmocka_unit_test(what_names_no_host_belongs_to_the_only_one),
        cmocka_unit_test(a_service_in_the_registry_is_joined_with_the_record_that_made_it),
        cmocka_unit_test(what_only_a_log_remembers_is_deleted_when_the_hive_is_newer),
        cmocka_unit_test(an_older_copy_tells_what_was_there_before),
        cmocka_unit_test(a_run_key_is_one_entry_whoever_names_its_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
