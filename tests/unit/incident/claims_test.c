#include "world.h"

static arena scratch;
static const char *const scene_head = "customer: c\ntime_zone: \"+08:00\"\nhosts:\n  - name: DB1\n    addresses: [10.0.0.1]\n    role: database\nclaims:\n";

/* DB1 crashed at 2020-05-11 12:05:10 local; a miner runs since 10:00; nobody logged on but one at 11:08. */
static suyuan_case *with_claim(world **out, const char *claim)
{
    world *w = *out = world_new();
    world_log *system = world_add_log(w, "System", 1), *security = world_add_log(w, "Security", 1);
    world_fill(system, "DB1", at("2020-05-01T00:00:00Z"), at("2020-05-11T04:05:00Z"), 900);
    world_act(system, "DB1", at("2020-05-11T04:12:00Z"), "crash.unexpected", "basis", "binary", "stopped", "2020-05-11T04:05:10Z", NULL);
    world_act(system, "DB1", at("2020-05-11T04:14:00Z"), "crash.bugcheck", "code", "0x00000050", NULL);
    world_fill(system, "DB1", at("2020-05-11T04:20:00Z"), at("2020-05-20T00:00:00Z"), 900);
    world_fill(security, "DB1", at("2020-05-01T00:00:00Z"), at("2020-05-11T02:00:00Z"), 900);
    world_finding(world_act(security, "DB1", at("2020-05-11T02:00:00Z"), "process.start", "image", "C:\\Windows\\System32\\drivers\\taskmgr.exe", NULL), "miner",
                  SEVERITY_CRITICAL, 95);
    world_count(security, "DB1", at("2020-05-11T03:08:13Z"), MOMENT_SECOND, 1, "logon.success", "protocol", "rdp", "type", "10", "account", "DB1\\bob", "source",
                "10.0.0.5", NULL);
    world_fill(security, "DB1", at("2020-05-11T03:10:00Z"), at("2020-05-20T00:00:00Z"), 900);
    world_add_file(w, "x", "System.evtx", system, 0, UINT64_MAX);
    world_add_file(w, "x", "Security.evtx", security, 0, UINT64_MAX);
    world_claims(w, "System.evtx", "DB1", "os", "Windows Server 2008 R2 Standard", "strong", at("2020-05-01T00:00:00Z"), at("2020-05-11T00:00:00Z"));
    world_scene(w, arena_printf(&w->mem, "%s%s", scene_head, claim));
    return world_case(w);
}

static void expect(const char *claim, const char *verdict, const char *why)
{
    world *w;
    suyuan_case *c = with_claim(&w, claim);
    assert_int_equal(c->claim_count, 1);
    assert_string_equal(c->claims[0].verdict, verdict);
    assert_string_equal(c->claims[0].why.id, why);
    world_free(w);
}

static void a_blue_screen_told_at_its_time_is_confirmed(void **state)
{
    (void)state;
    expect("  - host: DB1\n    what: blue-screen\n    value: \"2020-05-11 12:05:10\"\n    precision: 5m\n", "confirmed", "claim.crash");
    expect("  - host: 10.0.0.1\n    what: blue-screen\n    value: \"2020-05-11 12:07\"\n    precision: 5m\n", "confirmed", "claim.crash");
}

static void told_for_another_day_it_is_contradicted(void **state)
{
    (void)state;
    expect("  - host: DB1\n    what: blue-screen\n    value: \"2020-05-12 12:15:00\"\n    precision: 5m\n", "contradicted", "claim.crash-other");
}

static void a_difference_of_the_zone_is_named_as_such(void **state)
{
    (void)state;
    expect("  - host: DB1\n    what: blue-screen\n    value: \"2020-05-11 04:05:10\"\n    precision: 1m\n", "contradicted", "claim.zone");
}

static void where_no_log_reaches_nothing_is_decided(void **state)
{
    (void)state;
    expect("  - host: DB1\n    what: blue-screen\n    value: \"2020-03-01 12:15:00\"\n    precision: 5m\n", "undecided", "claim.not-covered");
    expect("  - host: DB1\n    what: patch\n    value: KB4012212\n", "undecided", "claim.no-measure");
    expect("  - host: OTHER\n    what: os\n    value: Windows Server 2008\n", "undecided", "claim.no-host");
}

static void who_logged_on_contradicts_that_nobody_did(void **state)
{
    (void)state;
    expect("  - host: DB1\n    what: nobody-logged-on\n    value: \"2020-05-11 11:00\"\n    precision: 1h\n", "contradicted", "claim.somebody");
    expect("  - host: DB1\n    what: nobody-logged-on\n    value: \"2020-05-05 11:00\"\n    precision: 1h\n", "confirmed", "claim.nobody");
}

static void other_things_are_held_against_what_the_logs_have(void **state)
{
    (void)state;
    expect("  - host: DB1\n    what: os\n    value: Windows Server 2008 r2\n", "confirmed", "claim.os");
    expect("  - host: DB1\n    what: os\n    value: Windows Server 2008\n", "contradicted", "claim.os-near");
    expect("  - host: DB1\n    what: os\n    value: Windows Server 2012\n", "contradicted", "claim.os-other");
    expect("  - host: DB1\n    what: slow\n    value: \"2020-05-11 11:00\"\n", "confirmed", "claim.slow");
    expect("  - host: DB1\n    what: open-port\n    value: 3389\n", "confirmed", "claim.port");
    expect("  - host: DB1\n    what: open-port\n    value: 1433\n", "undecided", "claim.no-measure");
    expect("  - host: DB1\n    what: first-seen\n    value: \"2020-05-11 12:00\"\n    precision: 10m\n", "contradicted", "claim.first-earlier");
}

static void what_was_found_is_cited(void **state)
{
    (void)state;
    static const char *const claims[] = { "what: open-port\n    value: 3389\n", "what: nobody-logged-on\n    value: \"2020-05-11 11:00\"\n    precision: 1h\n", "what: blue-screen\n    value: \"2020-05-11 12:05:10\"\n    precision: 5m\n" };
    for (size_t i = 0; i < 3; i++) {
        world *w;
        suyuan_case *c = with_claim(&w, arena_printf(&scratch, "  - host: DB1\n    %s", claims[i]));
        assert_true(c->claims[0].evidence_count > 0);
        assert_true(c->claims[0].evidence[0].record > 0);
        world_free(w);
    }
}

/* The name that a build has may tell a client and a server: either may have been told, R2 is another product. */
static void a_build_of_two_products_fits_either(void **state)
{
    (void)state;
    static const struct { const char *told, *verdict; } cases[] = {
        { "Windows 7", "confirmed" }, { "Windows Server 2008 R2", "confirmed" }, { "Windows Server 2008", "contradicted" }, { "Windows Server 2012", "contradicted" }, { "7601", "contradicted" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        world *w = world_new();
        world_log *log = world_add_log(w, "System", 1);
        world_fill(log, "DB1", at("2020-05-01T00:00:00Z"), at("2020-05-11T04:05:00Z"), 900);
        world_add_file(w, "x", "System.evtx", log, 0, UINT64_MAX);
        world_claims(w, "System.evtx", "DB1", "os", "Windows 7 SP1 / Server 2008 R2 SP1", "strong", at("2020-05-01T00:00:00Z"), at("2020-05-11T00:00:00Z"));
        world_scene(w, arena_printf(&w->mem, "%s  - host: DB1\n    what: os\n    value: \"%s\"\n", scene_head, cases[i].told));
        assert_string_equal(world_case(w)->claims[0].verdict, cases[i].verdict);
        world_free(w);
    }
}

int main(void)
{
    arena_init(&scratch, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blue_screen_told_at_its_time_is_confirmed),
        cmocka_unit_test(told_for_another_day_it_is_contradicted),
        cmocka_unit_test(a_difference_of_the_zone_is_named_as_such),
        cmocka_unit_test(where_no_log_reaches_nothing_is_decided),
        cmocka_unit_test(who_logged_on_contradicts_that_nobody_did),
        cmocka_unit_test(other_things_are_held_against_what_the_logs_have),
        cmocka_unit_test(what_was_found_is_cited),
        cmocka_unit_test(a_build_of_two_products_fits_either),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_done(&scratch);
    return failed;
}
