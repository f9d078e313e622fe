#include "world.h"

static const unknown *unknown_of(const suyuan_case *c, const char *what, const char *host)
{
    for (size_t i = 0; i < c->unknown_count; i++)
        if (strcmp(c->unknowns[i].what, what) == 0 && (!host || (c->unknowns[i].host != HOST_NONE && strcmp(c->hosts[c->unknowns[i].host].names[0], host) == 0)))
            return &c->unknowns[i];
    return NULL;
}

static void hostile(world_log *log, const char *host, moment t)
{
    world_finding(world_act(log, host, t, "process.start", "image", "C:\\Windows\\Temp\\svchost.exe", NULL), "fake-system-process", SEVERITY_CRITICAL, 95);
}

static void a_log_that_begins_after_the_attack_is_named(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *log = world_add_log(w, "Security", 5000), *system = world_add_log(w, "System", 1);
    world_fill(log, "DB1", at("2020-05-11T05:00:00Z"), at("2020-05-15T00:00:00Z"), 900);
    world_count(log, "DB1", at("2020-05-15T00:00:00Z"), MOMENT_SECOND, 1, "logon.success", "protocol", "local", "type", "2", "account", "DB1\\bob", NULL);
    world_fill(system, "DB1", at("2020-05-01T00:00:00Z"), at("2020-05-11T02:00:00Z"), 900);
    hostile(system, "DB1", at("2020-05-11T02:00:00Z"));
    world_add_file(w, "x", "Security.evtx", log, 0, UINT64_MAX);
    world_add_file(w, "x", "System.evtx", system, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    const unknown *u = unknown_of(c, "log-rolled", "DB1");
    assert_non_null(u);
    assert_string_equal(u->text.id, "unknown.rolled");
    assert_string_equal(u->decides.id, "decides.security");
    assert_null(unknown_of(c, "not-audited", "DB1"));
    world_free(w);
}

static void a_security_log_without_any_logon_was_not_told_to_write_them(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *log = world_add_log(w, "Security", 1), *system = world_add_log(w, "System", 1);
    world_fill(log, "DB1", at("2020-05-01T00:00:00Z"), at("2020-05-11T00:00:00Z"), 40);
    world_fill(system, "DB1", at("2020-05-01T00:00:00Z"), at("2020-05-11T02:00:00Z"), 900);
    world_add_file(w, "x", "Security.evtx", log, 0, UINT64_MAX);
    world_add_file(w, "x", "System.evtx", system, 0, UINT64_MAX);
    assert_non_null(unknown_of(world_case(w), "not-audited", "DB1"));
    world_free(w);
}

static void without_a_security_log_a_host_is_neither_clean_nor_taken(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *system = world_add_log(w, "System", 1);
    world_fill(system, "DB1", at("2020-05-01T00:00:00Z"), at("2020-05-11T02:00:00Z"), 900);
    world_add_file(w, "x", "System.evtx", system, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    assert_int_equal(host_called(c, "DB1")->infected, INFECTED_UNKNOWN);
    assert_non_null(unknown_of(c, "no-log", "DB1"));
    world_free(w);
}

static void who_attacked_and_was_not_collected_heads_the_list(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *log = world_add_log(w, "Security", 1);
    world_fill(log, "DB1", at("2020-05-01T00:00:00Z"), at("2020-05-11T02:00:00Z"), 2000);
    world_count(log, "DB1", at("2020-05-11T02:10:00Z"), MOMENT_SECOND, 600, "logon.failure", "protocol", "network", "type", "3", "reason", "0xc000006a", "account",
                "Administrator", "source", "10.0.0.66", "workstation", "PC66", NULL);
    world_add_file(w, "x", "Security.evtx", log, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    assert_string_equal(c->unknowns[0].what, "not-collected");
    const host *h = host_called(c, "PC66");
    assert_false(h->collected);
    assert_string_equal(h->addresses[0], "10.0.0.66");
    world_free(w);
}

static void a_cleared_log_and_an_empty_source_are_said(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *log = world_add_log(w, "Security", 1);
    world_fill(log, "DB1", at("2020-05-01T00:00:00Z"), at("2020-05-11T02:00:00Z"), 2000);
    world_count(log, "DB1", at("2020-05-11T02:10:00Z"), MOMENT_SECOND, 600, "logon.failure", "protocol", "network", "type", "3", "reason", "0xc000006a", "account",
                "Administrator", NULL);
    world_finding(world_act(log, "DB1", at("2020-05-11T03:00:00Z"), "log.clear", "channel", "Security", "account", "DB1\\Administrator", NULL), "log-cleared", SEVERITY_HIGH, 95);
    world_add_file(w, "x", "Security.evtx", log, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    assert_non_null(unknown_of(c, "log-cleared", "DB1"));
    assert_non_null(unknown_of(c, "source-empty", "DB1"));
    world_free(w);
}

/* Ids that are missing inside a log are a finding; those of a log that somebody exported in part are none. */
static void missing_records_are_a_gap_and_a_selection_is_none(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *log = world_add_log(w, "Security", 1);
    world_fill(log, "DB1", at("2020-05-01T00:00:00Z"), at("2020-05-11T00:00:00Z"), 4000);
    world_add_file(w, "x", "Security.evtx", log, 0, UINT64_MAX);
    world_skip(w, 0, 2000, 2040);
    suyuan_case *c = world_case(w);
    const finding *f = find_one(c, "log-gap", "DB1");
    assert_int_equal(f->count, 41);
    world_free(w);

    w = world_new();
    log = world_add_log(w, "Security", 1);
    world_fill(log, "DB1", at("2020-05-01T00:00:00Z"), at("2020-05-11T00:00:00Z"), 4000);
    world_add_file(w, "x", "Security.evtx", log, 0, UINT64_MAX);
    world_thin(w, 0, 7);
    c = world_case(w);
    assert_int_equal(count_findings(c, "log-gap"), 0);
    assert_string_equal(host_called(c, "DB1")->covered[0].note.id, "coverage.partial");
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_that_begins_after_the_attack_is_named),
        cmocka_unit_test(a_security_log_without_any_logon_was_not_told_to_write_them),
        cmocka_unit_test(without_a_security_log_a_host_is_neither_clean_nor_taken),
        cmocka_unit_test(who_attacked_and_was_not_collected_heads_the_list),
        cmocka_unit_test(a_cleared_log_and_an_empty_source_are_said),
        cmocka_unit_test(missing_records_are_a_gap_and_a_selection_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
