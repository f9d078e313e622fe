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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
