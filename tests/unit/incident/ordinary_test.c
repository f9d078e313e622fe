/* What is ordinary is told and not held against a host; what attacks is not excused by looking like it. */
#include "world.h"

static world_log *security_of(world *w, const char *host)
{
    world_log *log = world_add_log(w, "Security", 1);
    world_fill(log, host, at("2020-05-01T00:00:00Z"), at("2020-05-01T12:00:00Z"), 600);
    return log;
}

static void psexec(world_log *security, world_log *system, const char *host, moment t, const char *source)
{
    world_act(security, host, t, "logon.session", "protocol", "network", "type", "3", "account", "Administrator", "source", source, "logon", "0x4f2a1", NULL);
    world_finding(world_act(system, host, t + MOMENT_SECOND, "service.install", "name", "PSEXESVC", "path", "%SystemRoot%\\PSEXESVC.exe", "looks", "psexec", NULL),
                  "remote-execution", SEVERITY_MEDIUM, 85);
}

static void an_administrator_who_comes_on_many_days_is_no_attacker(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *security = security_of(w, "DB1"), *system = world_add_log(w, "System", 1);
    world_fill(system, "DB1", at("2020-05-01T00:00:00Z"), at("2020-05-01T12:00:00Z"), 100);
    for (int day = 0; day < 5; day++)
        psexec(security, system, "DB1", at("2020-05-02T02:00:00Z") + (moment)day * MOMENT_DAY, "10.0.0.10");
    world_add_file(w, "x", "Security.evtx", security, 0, UINT64_MAX);
    world_add_file(w, "x", "System.evtx", system, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    assert_true(count_findings(c, "remote-execution") > 0);
    for (size_t i = 0; i < c->finding_count; i++) {
        assert_int_equal(c->findings[i].severity, SEVERITY_LOW);
        assert_string_equal(fact_of(&c->findings[i], "ordinary"), "administration");
        assert_string_equal(fact_of(&c->findings[i], "source"), "10.0.0.10");
    }
    assert_int_equal(host_called(c, "DB1")->infected, INFECTED_NO);
    assert_string_equal(c->headline.id, "headline.clean");
    assert_int_equal(c->persistence_count, 1);
    assert_string_equal(c->persistence[0].verdict, "known");
    world_free(w);
}

static void one_who_comes_once_is_not_excused(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *security = security_of(w, "DB1"), *system = world_add_log(w, "System", 1);
    psexec(security, system, "DB1", at("2020-05-02T02:00:00Z"), "10.0.0.10");
    world_add_file(w, "x", "Security.evtx", security, 0, UINT64_MAX);
    world_add_file(w, "x", "System.evtx", system, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    const finding *f = find_one(c, "remote-execution", "DB1");
    assert_int_equal(f->severity, SEVERITY_MEDIUM);
    assert_string_equal(fact_of(f, "ordinary"), "");
    /* What the story tells is not called nothing: neither in the headline nor of the host. */
    assert_true(c->story_count > 0);
    assert_string_equal(c->headline.id, "headline.unclear");
    assert_string_equal(arg_of(&c->headline, "odd"), "1");
    assert_int_equal(host_called(c, "DB1")->infected, INFECTED_UNKNOWN);
    world_free(w);
}

static void what_is_hardly_sure_is_not_grave(void **state)
{
    (void)state;
    static const struct { severity said; unsigned sure; severity told; } is[] = {
        { SEVERITY_CRITICAL, 50, SEVERITY_MEDIUM }, { SEVERITY_CRITICAL, 60, SEVERITY_HIGH }, { SEVERITY_CRITICAL, 80, SEVERITY_CRITICAL },
        { SEVERITY_HIGH, 50, SEVERITY_MEDIUM }, { SEVERITY_HIGH, 60, SEVERITY_HIGH }, { SEVERITY_MEDIUM, 20, SEVERITY_MEDIUM },
    };
    for (size_t i = 0; i < sizeof is / sizeof *is; i++) {
        world *w = world_new();
        world_log *security = security_of(w, "DB1");
        world_finding(world_act(security, "DB1", at("2020-05-02T02:00:00Z"), "process.start", "image", "C:\\install.exe", "family", "drivelife", NULL), "malware-file", is[i].said, is[i].sure);
        world_add_file(w, "x", "Security.evtx", security, 0, UINT64_MAX);
        assert_int_equal(find_one(world_case(w), "malware-file", "DB1")->severity, is[i].told);
        world_free(w);
    }
}

static void nor_is_an_address_that_guessed_its_way_in(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *security = security_of(w, "DB1"), *system = world_add_log(w, "System", 1);
    world_count(security, "DB1", at("2020-05-01T22:00:00Z"), MOMENT_SECOND, 600, "logon.failure", "protocol", "network", "type", "3", "reason", "0xc000006a", "account",
                "Administrator", "source", "10.0.0.10", NULL);
    for (int day = 0; day < 5; day++)
        psexec(security, system, "DB1", at("2020-05-01T22:10:05Z") + (moment)day * MOMENT_DAY, "10.0.0.10");
    world_add_file(w, "x", "Security.evtx", security, 0, UINT64_MAX);
    world_add_file(w, "x", "System.evtx", system, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    find_one(c, "logon-after-guessing", "DB1");
    for (size_t i = 0; find_nth(c, "remote-execution", "DB1", i); i++)
        assert_string_equal(fact_of(find_nth(c, "remote-execution", "DB1", i), "ordinary"), "");
    world_free(w);
}

/* A service that the system made itself is nobody's who happened to be logged on. */
static void a_service_is_given_only_to_who_may_have_asked_for_it(void **state)
{
    (void)state;
    static const struct { const char *by_sid, *source; } cases[] = { { "S-1-5-21-1-2-3-500", "10.0.0.66" }, { "S-1-5-18", "" }, { "S-1-5-21-9-9-9-1001", "" } };
    for (size_t i = 0; i < 3; i++) {
        world *w = world_new();
        world_log *security = security_of(w, "DB1"), *system = world_add_log(w, "System", 1);
        world_act(security, "DB1", at("2020-05-02T02:00:00Z"), "logon.session", "protocol", "network", "type", "3", "account", "Administrator", "sid",
                  "S-1-5-21-1-2-3-500", "source", "10.0.0.66", NULL);
        world_finding(world_act(system, "DB1", at("2020-05-02T02:00:02Z"), "service.install", "name", "Xpuq", "by_sid", cases[i].by_sid, NULL), "remote-execution",
                      SEVERITY_HIGH, 90);
        world_add_file(w, "x", "Security.evtx", security, 0, UINT64_MAX);
        world_add_file(w, "x", "System.evtx", system, 0, UINT64_MAX);
        assert_string_equal(fact_of(find_one(world_case(w), "remote-execution", "DB1"), "source"), cases[i].source);
        world_free(w);
    }
}

static void a_scanner_asks_many_hosts_for_names_that_nobody_has(void **state)
{
    (void)state;
    world *w = world_new();
    for (int h = 0; h < 3; h++) {
        const char *name = arena_printf(&w->mem, "DB%d", h + 1);
        world_log *security = security_of(w, name), *application = world_add_log(w, "Application", 1);
        moment t = at("2020-05-02T07:00:00Z") + (moment)h * 5 * MOMENT_MINUTE;
        for (int i = 0; i < 20; i++)
            world_count(security, name, t + (moment)i * 3 * MOMENT_SECOND, MOMENT_SECOND, 1, "logon.failure", "protocol", "network", "type", "3", "reason", "0xc0000064",
                        "account", arena_printf(&w->mem, "probe%d", i), "source", "10.0.0.20", NULL);
        world_count(application, name, t, MOMENT_SECOND, 8, "logon.failure", "protocol", "mssql", "reason", "user", "account", "probe", "source", "10.0.0.20", NULL);
        world_add_file(w, "x", arena_printf(&w->mem, "%s-security", name), security, 0, UINT64_MAX);
        world_add_file(w, "x", arena_printf(&w->mem, "%s-application", name), application, 0, UINT64_MAX);
    }
    suyuan_case *c = world_case(w);
    assert_true(c->finding_count >= 3);
    for (size_t i = 0; i < c->finding_count; i++) {
        assert_string_equal(fact_of(&c->findings[i], "sort"), "scanner");
        assert_int_equal(c->findings[i].severity, SEVERITY_LOW);
    }
    assert_int_equal(c->host_count, 3);                  /* and nobody misses the scanner among the hosts */
    world_free(w);
}

static void the_same_script_every_day_is_a_habit(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *log = security_of(w, "DB1");
    for (int day = 0; day < 12; day++)
        world_finding(world_act(log, "DB1", at("2020-05-02T03:30:00Z") + (moment)day * MOMENT_DAY, "process.start", "image", "powershell.exe", "command",
                                "powershell -NoP -File D:\\report.ps1", NULL), "script-execution", SEVERITY_MEDIUM, 50);
    world_add_file(w, "x", "Security.evtx", log, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    const finding *f = find_one(c, "script-execution", "DB1");
    assert_int_equal(f->count, 12);
    assert_string_equal(fact_of(f, "ordinary"), "habit");
    assert_int_equal(host_called(c, "DB1")->infected, INFECTED_NO);
    world_free(w);
}

static void what_is_grave_is_no_habit(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *log = security_of(w, "DB1");
    for (int day = 0; day < 12; day++)
        world_finding(world_act(log, "DB1", at("2020-05-02T03:30:00Z") + (moment)day * MOMENT_DAY, "process.start", "image", "C:\\Windows\\Temp\\svchost.exe", NULL),
                      "fake-system-process", SEVERITY_CRITICAL, 95);
    world_add_file(w, "x", "Security.evtx", log, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    assert_int_equal(find_one(c, "fake-system-process", "DB1")->severity, SEVERITY_CRITICAL);
    assert_int_equal(host_called(c, "DB1")->infected, INFECTED_YES);
    world_free(w);
}

/* A service out of a temporary folder and a cleared log are what installers, tests and administrators leave too. */
static void weak_signs_together_are_a_suspicion(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *system = world_add_log(w, "System", 1);
    world_fill(system, "PC1", at("2020-05-01T00:00:00Z"), at("2020-05-12T00:00:00Z"), 1000);
    world_finding(world_act(system, "PC1", at("2020-05-12T01:00:00Z"), "service.install", "name", "Pathfinder", "path", "C:\\Users\\a\\AppData\\Local\\Temp\\t0\\pathfinder.exe",
                            "looks", "temp-path", NULL), "service-install", SEVERITY_HIGH, 65);
    world_finding(world_act(system, "PC1", at("2020-05-12T02:00:00Z"), "log.clear", "channel", "Microsoft-Windows-Sysmon/Operational", NULL), "log-cleared", SEVERITY_HIGH, 90);
    world_add_file(w, "x", "System.evtx", system, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    assert_int_equal(host_called(c, "PC1")->infected, INFECTED_SUSPECTED);
    assert_string_equal(c->headline.id, "headline.suspected");
    assert_null(c->first);
    assert_null(c->entry);
    assert_string_equal(c->entry_unknown.id, "entry.signs");
    world_free(w);
}

static void one_sign_that_stands_alone_is_enough(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *system = world_add_log(w, "System", 1);
    world_fill(system, "PC1", at("2020-05-01T00:00:00Z"), at("2020-05-12T00:00:00Z"), 1000);
    world_finding(world_act(system, "PC1", at("2020-05-12T01:00:00Z"), "service.install", "name", "x", "path", "%COMSPEC% /c powershell", "looks", "shell,powershell", NULL),
                  "service-install", SEVERITY_HIGH, 85);
    world_finding(world_act(system, "PC1", at("2020-05-12T02:00:00Z"), "log.clear", "channel", "System", NULL), "log-cleared", SEVERITY_HIGH, 90);
    world_add_file(w, "x", "System.evtx", system, 0, UINT64_MAX);
    assert_int_equal(host_called(world_case(w), "PC1")->infected, INFECTED_YES);
    world_free(w);
}

/* A null session seconds before the system starts hostile code names who broke in; where null sessions come all day, none does. */
static void a_null_session_names_the_attacker_only_where_it_is_rare(void **state)
{
    (void)state;
    for (int often = 0; often < 2; often++) {
        world *w = world_new();
        world_log *log = security_of(w, "DB1");
        if (often)
            world_count(log, "DB1", at("2020-05-01T13:00:00Z"), 20 * MOMENT_SECOND, 2000, "logon.success", "protocol", "network", "type", "3", "account",
                        "ANONYMOUS LOGON", "source", "10.0.0.66", NULL);
        world_count(log, "DB1", at("2020-05-02T02:00:00Z"), MOMENT_SECOND, 1, "logon.success", "protocol", "network", "type", "3", "account", "ANONYMOUS LOGON",
                    "source", "10.0.0.66", NULL);
        world_finding(world_act(log, "DB1", at("2020-05-02T02:00:02Z"), "process.start", "image", "C:\\Windows\\System32\\cmd.exe", "account", "CORP\\DB1$", NULL),
                      "script-execution", SEVERITY_CRITICAL, 90);
        world_add_file(w, "x", "Security.evtx", log, 0, UINT64_MAX);
        suyuan_case *c = world_case(w);
        assert_int_equal(count_findings(c, "exploit-attempt"), often ? 0 : 1);
        world_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_administrator_who_comes_on_many_days_is_no_attacker),
        cmocka_unit_test(one_who_comes_once_is_not_excused),
        cmocka_unit_test(what_is_hardly_sure_is_not_grave),
        cmocka_unit_test(nor_is_an_address_that_guessed_its_way_in),
        cmocka_unit_test(a_service_is_given_only_to_who_may_have_asked_for_it),
        cmocka_unit_test(a_scanner_asks_many_hosts_for_names_that_nobody_has),
        cmocka_unit_test(the_same_script_every_day_is_a_habit),
        cmocka_unit_test(what_is_grave_is_no_habit),
        cmocka_unit_test(weak_signs_together_are_a_suspicion),
        cmocka_unit_test(one_sign_that_stands_alone_is_enough),
        cmocka_unit_test(a_null_session_names_the_attacker_only_where_it_is_rare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
