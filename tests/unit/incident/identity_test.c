#include "world.h"

static const char *const from = "2020-05-01T00:00:00Z", *const to = "2020-05-20T00:00:00Z";

static world_log *log_of(world *w, const char *unit, const char *path, const char *channel, const char *computer, const char *begin, const char *end)
{
    world_log *log = world_add_log(w, channel, 1);
    world_fill(log, computer, at(begin), at(end), 300);
    world_add_file(w, unit, path, log, 0, UINT64_MAX);
    return log;
}

static void a_log_that_goes_on_under_another_name_is_one_host(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *security = world_add_log(w, "Security", 1);
    world_fill(security, "WIN-0A1B2C3D4E5", at("2020-05-01T00:00:00Z"), at("2020-05-02T00:00:00Z"), 200);
    world_fill(security, "DB1", at("2020-05-02T00:10:00Z"), at("2020-05-20T00:00:00Z"), 200);
    world_add_file(w, "x", "Security.evtx", security, 0, UINT64_MAX);
    log_of(w, "x", "System.evtx", "System", "DB1", "2020-05-03T00:00:00Z", to);
    suyuan_case *c = world_case(w);
    assert_int_equal(c->host_count, 1);
    assert_string_equal(c->hosts[0].names[0], "DB1");
    assert_string_equal(c->hosts[0].names[1], "WIN-0A1B2C3D4E5");
    assert_int_equal(c->hosts[0].note_count, 1);
    assert_string_equal(c->hosts[0].notes[0].id, "host.renamed");
    world_free(w);
}

static void the_name_of_an_image_joins_nobody(void **state)
{
    (void)state;
    world *w = world_new();
    static const char *const names[] = { "PC1", "PC2", "PC3" };
    for (int i = 0; i < 3; i++) {
        world_log *log = world_add_log(w, "Security", 1);
        world_fill(log, "37L4247F27-25", at("2010-11-20T00:00:00Z"), at("2010-11-20T01:00:00Z"), 100);      /* the same records in all of them */
        world_fill(log, names[i], at("2020-05-02T00:10:00Z") + (moment)i * 40 * MOMENT_DAY, at("2020-05-20T00:00:00Z") + (moment)i * 40 * MOMENT_DAY, 200);
        world_add_file(w, "one folder", arena_printf(&w->mem, "%d.evtx", i), log, 0, UINT64_MAX);
    }
    suyuan_case *c = world_case(w);
    assert_int_equal(c->host_count, 3);
    for (int i = 0; i < 3; i++)
        host_called(c, names[i]);
    world_free(w);
}

static void a_short_name_is_the_full_one_when_there_is_only_one(void **state)
{
    (void)state;
    world *w = world_new();
    log_of(w, "x", "a.evtx", "Security", "DB1", from, to);
    log_of(w, "x", "b.evtx", "System", "db1.corp.example", from, to);
    suyuan_case *c = world_case(w);
    assert_int_equal(c->host_count, 1);
    world_free(w);

    w = world_new();
    log_of(w, "x", "a.evtx", "Security", "WEB", from, to);
    log_of(w, "x", "b.evtx", "System", "WEB.one.example", from, to);
    log_of(w, "x", "c.evtx", "System", "WEB.two.example", from, to);
    c = world_case(w);
    assert_int_equal(c->host_count, 3);
    world_free(w);
}

static void two_computers_of_one_name_are_two_when_their_sids_differ(void **state)
{
    (void)state;
    world *w = world_new();
    log_of(w, "x", "a.evtx", "Security", "DB1", from, to);
    log_of(w, "y", "b.evtx", "Security", "DB1", "2020-05-01T00:00:01Z", to);
    world_claims(w, "a.evtx", "DB1", "machine-sid", "S-1-5-21-1-2-3", "decisive", at(from), at(to));
    world_claims(w, "b.evtx", "DB1", "machine-sid", "S-1-5-21-4-5-6", "decisive", at(from), at(to));
    suyuan_case *c = world_case(w);
    assert_int_equal(c->host_count, 2);
    assert_string_not_equal(c->hosts[0].id, c->hosts[1].id);
    world_free(w);
}

static void clones_stay_two_though_they_share_a_sid(void **state)
{
    (void)state;
    world *w = world_new();
    log_of(w, "x", "a.evtx", "Security", "DB1", from, to);
    log_of(w, "y", "b.evtx", "Security", "DB2", from, to);
    world_claims(w, "a.evtx", "DB1", "machine-sid", "S-1-5-21-1-2-3", "decisive", at(from), at(to));
    world_claims(w, "b.evtx", "DB2", "machine-sid", "S-1-5-21-1-2-3", "decisive", at(from), at(to));
    assert_int_equal(world_case(w)->host_count, 2);
    world_free(w);
}

static void unrelated_hosts_in_one_folder_stay_apart(void **state)
{
    (void)state;
    world *w = world_new();
    for (int i = 0; i < 30; i++)
        log_of(w, "one folder", arena_printf(&w->mem, "%02d.evtx", i), i % 2 ? "Security" : "System", arena_printf(&w->mem, "LAB-%02d", i), from, to);
    assert_int_equal(world_case(w)->host_count, 30);
    world_free(w);
}

static void a_renamed_log_and_an_older_copy_of_it_are_one_host(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *log = world_add_log(w, "Security", 1);
    world_fill(log, "OLD", at("2020-05-01T00:00:00Z"), at("2020-05-10T00:00:00Z"), 1500);
    world_fill(log, "NEW", at("2020-05-10T00:10:00Z"), at("2020-05-20T00:00:00Z"), 1500);
    world_add_file(w, "x", "Security.evtx", log, 500, UINT64_MAX);
    world_add_file(w, "x", "backup.evtx", log, 0, 1200);
    suyuan_case *c = world_case(w);
    assert_int_equal(c->host_count, 1);
    assert_int_equal(c->hosts[0].covered_count, 1);
    assert_int_equal(c->hosts[0].covered[0].records, 3000);
    world_free(w);
}

/* An attack from an address is an attack from the host that has it, while it has it. */
static void an_address_names_its_host_only_near_the_time_it_was_seen_there(void **state)
{
    (void)state;
    static const struct { const char *seen; bool named; } cases[] = { { "2020-05-11T00:00:00Z", true }, { "2019-01-11T00:00:00Z", false } };
    for (size_t i = 0; i < 2; i++) {
        world *w = world_new();
        log_of(w, "x", "a.evtx", "System", "DB1", from, to);
        world_log *log = world_add_log(w, "Security", 1);
        world_fill(log, "DB2", at(from), at("2020-05-11T01:00:00Z"), 2000);
        world_count(log, "DB2", at("2020-05-11T02:10:00Z"), MOMENT_SECOND, 600, "logon.failure", "protocol", "rdp", "type", "10", "reason", "0xc000006a", "account",
                    "DB2\\Administrator", "source", "10.0.0.1", NULL);
        world_add_file(w, "x", "b.evtx", log, 0, UINT64_MAX);
        world_claims(w, "a.evtx", "DB1", "address", "10.0.0.1", "decisive", at(cases[i].seen), at(cases[i].seen) + MOMENT_DAY);
        suyuan_case *c = world_case(w);
        size_t uncollected = 0;
        for (size_t k = 0; k < c->host_count; k++)
            uncollected += !c->hosts[k].collected;
        assert_int_equal(uncollected, cases[i].named ? 0 : 1);
        world_free(w);
    }
}

/* What hosts are called must not matter: the same world under other names is the same case, but for the names. */
static void names_do_not_matter(void **state)
{
    (void)state;
    size_t findings[2], infected[2], crashes[2];
    static const char *const names[2][2] = { { "ALPHA", "OMEGA" }, { "ZZZ", "AAA" } };
    for (int v = 0; v < 2; v++) {
        world *w = world_new();
        for (int h = 0; h < 2; h++) {
            world_log *log = world_add_log(w, "Security", 1), *system = world_add_log(w, "System", 1);
            world_fill(log, names[v][h], at(from), at("2020-05-11T01:00:00Z"), 1000);
            if (h == 0)
                world_count(log, names[v][h], at("2020-05-11T02:10:00Z"), MOMENT_SECOND, 600, "logon.failure", "protocol", "rdp", "type", "10", "reason",
                            "0xc000006a", "account", "Administrator", "source", "10.0.0.66", NULL);
            world_fill(system, names[v][h], at(from), at("2020-05-11T01:00:00Z"), 1000);
            world_act(system, names[v][h], at("2020-05-11T04:12:00Z"), "crash.unexpected", "basis", "binary", "stopped", "2020-05-11T04:05:10Z", NULL);
            world_add_file(w, "x", arena_printf(&w->mem, "%d-security", h), log, 0, UINT64_MAX);
            world_add_file(w, "x", arena_printf(&w->mem, "%d-system", h), system, 0, UINT64_MAX);
        }
        suyuan_case *c = world_case(w);
        findings[v] = c->finding_count;
        crashes[v] = c->crash_count;
        infected[v] = 0;
        for (size_t i = 0; i < c->host_count; i++)
            infected[v] += c->hosts[i].infected;
        world_free(w);
    }
    assert_int_equal(findings[0], findings[1]);
    assert_int_equal(infected[0], infected[1]);
    assert_int_equal(crashes[0], crashes[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_that_goes_on_under_another_name_is_one_host),
        cmocka_unit_test(the_name_of_an_image_joins_nobody),
        cmocka_unit_test(a_short_name_is_the_full_one_when_there_is_only_one),
        cmocka_unit_test(two_computers_of_one_name_are_two_when_their_sids_differ),
        cmocka_unit_test(clones_stay_two_though_they_share_a_sid),
        cmocka_unit_test(unrelated_hosts_in_one_folder_stay_apart),
        cmocka_unit_test(a_renamed_log_and_an_older_copy_of_it_are_one_host),
        cmocka_unit_test(an_address_names_its_host_only_near_the_time_it_was_seen_there),
        cmocka_unit_test(names_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
