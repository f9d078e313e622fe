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

/* ---- What hives tell of the host's state ---- */

static suyuan_case *with_hives(world **out, const char *claim)
{
    world *w = *out = world_new();
    world_log *system = world_add_hive(w, "SYSTEM"), *software = world_add_hive(w, "SOFTWARE"), *sam = world_add_hive(w, "SAM");
    moment then = at("2020-05-10T00:00:00Z");
    world_act(system, "", then, "setting", "name", "antivirus.service", "of", "AVP18.0.0", "value", "2", NULL);
    world_act(system, "", then, "setting", "name", "antivirus.service", "of", "ekrn", "value", "4", NULL);
    world_act(system, "", then, "setting", "name", "rdp.deny", "value", "1", NULL);
    world_act(software, "", then, "setting", "name", "rdp.policy.deny", "absent", "yes", NULL);
    world_act(software, "", then, "patch", "package", "KB4012212", "state", "installed", "installed", "2017-04-01T00:00:00.0000000Z", NULL);
    world_act(software, "", then, "patch", "package", "KB4019264", "state", "install-pending", NULL);
    world_act(sam, "", then, "account", "account", "Administrator", "rid", "500", "flags", "", NULL);
    world_act(sam, "", then, "account", "account", "old", "rid", "1001", "flags", "disabled", NULL);
    world_add_file(w, "x", "C/Windows/System32/config/SYSTEM", system, 0, UINT64_MAX);
    world_add_file(w, "x", "C/Windows/System32/config/SOFTWARE", software, 0, UINT64_MAX);
    world_add_file(w, "x", "C/Windows/System32/config/SAM", sam, 0, UINT64_MAX);
    world_claims(w, "C/Windows/System32/config/SYSTEM", "", "name", "DB1", "strong", then, then);
    world_claims(w, "C/Windows/System32/config/SOFTWARE", "", "os-build", "6.1.7601", "strong", then, then);
    world_scene(w, arena_printf(&w->mem, "%s%s", scene_head, claim));
    return world_case(w);
}

static void hives_say(const char *what, const char *value, const char *verdict, const char *why)
{
    world *w;
    suyuan_case *c = with_hives(&w, arena_printf(&scratch, "  - host: DB1\n    what: %s\n    value: \"%s\"\n", what, value));
    assert_int_equal(c->claim_count, 1);
    assert_string_equal(c->claims[0].why.id, why);
    assert_string_equal(c->claims[0].verdict, verdict);
    world_free(w);
}

static void antivirus_is_held_against_the_services(void **state)
{
    (void)state;
    hives_say("antivirus", "Kaspersky", "confirmed", "claim.antivirus-service");
    hives_say("antivirus", "\xe5\x8d\xa1\xe5\xb7\xb4\xe6\x96\xaf\xe5\x9f\xba", "confirmed", "claim.antivirus-service");      /* by its Chinese name */
    hives_say("antivirus", "ESET", "undecided", "claim.antivirus-off");
    hives_say("antivirus", "Symantec", "contradicted", "claim.antivirus-instead");
    hives_say("antivirus", "HomeMadeGuard", "undecided", "claim.antivirus-instead");      /* a product that nobody knows may be any service */
}

static void patches_are_held_against_what_is_installed(void **state)
{
    (void)state;
    hives_say("patch", "MS17-010", "confirmed", "claim.patch-there");
    hives_say("patch", "KB4012212", "confirmed", "claim.patch-listed");
    hives_say("patch", "KB4019264", "contradicted", "claim.patch-not-yet");
    hives_say("patch", "KB9999999", "undecided", "claim.patch-not-listed");
    hives_say("patch", "all of them", "undecided", "claim.no-measure");
}

static void accounts_are_held_against_the_account_database(void **state)
{
    (void)state;
    hives_say("account", "administrator", "confirmed", "claim.account-there");
    hives_say("account", "DB1\\\\old", "confirmed", "claim.account-there");
    hives_say("account", "k8h3d", "contradicted", "claim.account-none");
    hives_say("account", "OFFICE\\\\k8h3d", "undecided", "claim.no-measure");           /* an account of a domain stands elsewhere */
}

static void a_port_is_held_against_the_hosts_own_settings(void **state)
{
    (void)state;
    hives_say("open-port", "3389", "contradicted", "claim.port-closed");
    hives_say("open-port", "8080", "undecided", "claim.no-measure");
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
        cmocka_unit_test(antivirus_is_held_against_the_services),
        cmocka_unit_test(patches_are_held_against_what_is_installed),
        cmocka_unit_test(accounts_are_held_against_the_account_database),
        cmocka_unit_test(a_port_is_held_against_the_hosts_own_settings),
        cmocka_unit_test(a_build_of_two_products_fits_either),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_done(&scratch);
    return failed;
}
