/* Why it stopped: what each kind of evidence does to the verdict, and that a score is exactly what is shown of it. */
#include "world.h"

#include <math.h>

#define FROM "2020-01-01T00:00:00Z"
#define STOPPED "2020-05-11T04:05:10Z"

typedef struct { world *w; world_log *system; moment stopped, booted; } one;

/* A host whose System log reaches back four months and forward some days, and that stopped once. */
static one stopped_host(void)
{
    one o = { .w = world_new(), .stopped = at(STOPPED) };
    o.booted = o.stopped + 5 * MOMENT_MINUTE;
    o.system = world_add_log(o.w, "System", 1);
    world_fill(o.system, "DB1", at(FROM), o.stopped - MOMENT_MINUTE, 3000);
    return o;
}

static void put_stop(one *o, const char *code)
{
    world_act(o->system, "DB1", o->booted, "crash.unexpected", "basis", "binary", "stopped", STOPPED, NULL);
    world_act(o->system, "DB1", o->booted + MOMENT_SECOND, "boot.start", NULL);
    world_act(o->system, "DB1", o->booted + 20 * MOMENT_SECOND, "crash.power", "code", code ? code : "0x00000000", NULL);
    if (code)
        world_act(o->system, "DB1", o->booted + MOMENT_MINUTE, "crash.bugcheck", "code", code, "dump", "C:\\Windows\\MEMORY.DMP", NULL);
}

/* own: of the signs those of the module. */
static void put_dump_of(one *o, const char *code, const char *time, const char *module, const char *own, const char *signs)
{
    world_log *dump = world_add_log(o->w, "crash-dump", 0);
    world_act(dump, "", at(time), "crash.dump", "code", code, "module", module, "type", "kernel", "process", "System", "module_signs", own, "signs", signs, NULL);
    world_add_file(o->w, "DB1", "DB1/C/Windows/MEMORY.DMP", dump, 0, UINT64_MAX);
}

static void put_dump(one *o, const char *code, const char *time, const char *module, const char *signs)
{
    put_dump_of(o, code, time, module, signs, signs);
}

static suyuan_case *weighed(one *o)
{
    world_add_file(o->w, "DB1", "DB1/System.evtx", o->system, 0, UINT64_MAX);
    suyuan_case *c = world_case(o->w);
    for (size_t i = 0; i < c->crash_count; i++)
        for (size_t k = 0; k < c->crashes[i].hypothesis_count; k++) {
            const hypothesis *h = &c->crashes[i].hypotheses[k];
            double sum = h->prior;
            for (size_t t = 0; t < h->for_count; t++) {
                assert_true(h->for_[t].points > 0);
                sum += h->for_[t].points;
            }
            for (size_t t = 0; t < h->against_count; t++) {
                assert_true(h->against[t].points < 0);
                sum += h->against[t].points;
            }
            assert_true(fabs(sum - h->points) < 1e-9);
        }
    return c;
}

static void nothing_but_a_code_of_many_causes_is_undecided_and_names_the_dump(void **state)
{
    (void)state;
    one o = stopped_host();
    put_stop(&o, "0x0000000a");
    suyuan_case *c = weighed(&o);
    assert_int_equal(c->crash_count, 1);
    assert_string_equal(c->crashes[0].state, "undecided");
    assert_string_equal(c->crashes[0].decides.id, "crash.decides.dump");
    world_free(o.w);
}

static void a_fatal_machine_check_at_the_restart_decides(void **state)
{
    (void)state;
    one o = stopped_host();
    put_stop(&o, "0x0000000a");
    world_act(o.system, "DB1", o.booted + 2 * MOMENT_MINUTE, "hardware.fault", "state", "memory", NULL);
    suyuan_case *c = weighed(&o);
    assert_string_equal(c->crashes[0].hypotheses[0].cause, "hardware");
    assert_string_equal(c->crashes[0].state, "likely");
    world_free(o.w);
}

static void one_that_came_a_month_later_does_not(void **state)
{
    (void)state;
    one o = stopped_host();
    put_stop(&o, "0x0000000a");
    world_act(o.system, "DB1", o.booted + 30 * MOMENT_DAY, "hardware.fault", "state", "memory", NULL);
    suyuan_case *c = weighed(&o);
    assert_string_equal(c->crashes[0].state, "undecided");
    world_free(o.w);
}

static void the_first_start_after_an_update_that_ends_in_a_stop(void **state)
{
    (void)state;
    one o = stopped_host();
    world_act(o.system, "DB1", o.stopped - 40 * MOMENT_MINUTE, "update", "state", "installed", "title", "Security Update (KB3000000)", NULL);
    world_act(o.system, "DB1", o.stopped - 20 * MOMENT_MINUTE, "boot.planned", "process", "C:\\Windows\\servicing\\TrustedInstaller.exe", NULL);
    world_act(o.system, "DB1", o.stopped - 19 * MOMENT_MINUTE, "boot.stop", NULL);
    world_act(o.system, "DB1", o.stopped - 15 * MOMENT_MINUTE, "boot.start", NULL);
    put_stop(&o, "0x0000007e");
    suyuan_case *c = weighed(&o);
    assert_string_equal(c->crashes[0].hypotheses[0].cause, "update");
    assert_string_equal(c->crashes[0].state, "likely");
    world_free(o.w);
}

static void the_dump_names_whose_driver_it_was_and_its_time_is_the_true_one(void **state)
{
    (void)state;
    static const struct { const char *module, *signs, *cause; } of[] = {
        { "vendor7.sys", "unknown-driver", "driver" }, { "klif.sys", "", "antivirus" }, { "srv.sys", "network-driver", "attack" },
        { "upd.sys", "temp-driver", "malware" },
    };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        one o = stopped_host();
        put_stop(&o, "0x00000050");
        put_dump(&o, "0x00000050", "2020-05-11T04:06:02Z", of[i].module, of[i].signs);
        if (strcmp(of[i].cause, "attack") == 0)
            world_act(o.system, "DB1", o.stopped - 5 * MOMENT_MINUTE, "exploit.attempt", "what", "smb-malformed", "source", "10.0.0.9", NULL);
        suyuan_case *c = weighed(&o);
        assert_int_equal(c->crash_count, 1);
        assert_string_equal(c->crashes[0].hypotheses[0].cause, of[i].cause);
        assert_string_equal(c->crashes[0].state, "proven");
        assert_string_equal(c->crashes[0].module, of[i].module);
        assert_true(c->crashes[0].time == at("2020-05-11T04:06:02Z"));
        assert_string_equal(c->crashes[0].dump->process, "System");
        assert_null(c->crashes[0].decides.id);
        world_free(o.w);
    }
}

static const hypothesis *told_of(const suyuan_case *c, const char *cause)
{
    for (size_t k = 0; k < c->crashes[0].hypothesis_count; k++)
        if (strcmp(c->crashes[0].hypotheses[k].cause, cause) == 0)
            return &c->crashes[0].hypotheses[k];
    return NULL;
}

static void what_another_driver_looks_like_is_no_word_against_the_one_at_fault(void **state)
{
    (void)state;
    static const struct { const char *signs, *id; } of[] = {
        { "temp-driver unknown-driver", "cause.dump.loaded" }, { "user-folder-driver unknown-driver known-driver", "cause.dump.loaded" },
        { "malicious-driver", "cause.dump.loaded-known" }, { "known-driver", NULL },
    };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        one o = stopped_host();
        put_stop(&o, "0x000000d1");
        put_dump_of(&o, "0x000000d1", "2020-05-11T04:06:02Z", "vendor7.sys", "", of[i].signs);
        suyuan_case *c = weighed(&o);
        assert_string_equal(c->crashes[0].hypotheses[0].cause, "driver");
        assert_string_equal(c->crashes[0].state, "proven");
        const hypothesis *malware = told_of(c, "malware");
        bool said = false;
        for (size_t t = 0; malware && t < malware->for_count; t++) {
            assert_true(strncmp(malware->for_[t].why.id, "cause.dump.", 11) != 0 || malware->for_[t].points < 1);
            said |= of[i].id && strcmp(malware->for_[t].why.id, of[i].id) == 0;
        }
        assert_true(!malware || said == (of[i].id != NULL));
        world_free(o.w);
    }
}

static void it_is_a_weak_word_where_nothing_else_is_said(void **state)
{
    (void)state;
    one o = stopped_host();
    put_stop(&o, "0x0000000a");
    put_dump_of(&o, "0x0000000a", "2020-05-11T04:06:02Z", "ntoskrnl.exe", "", "temp-driver");
    const hypothesis *malware = told_of(weighed(&o), "malware");
    bool said = false;
    assert_non_null(malware);
    for (size_t t = 0; t < malware->for_count; t++)
        said |= strcmp(malware->for_[t].why.id, "cause.dump.loaded") == 0 && malware->for_[t].points < 1;
    assert_true(said);
    world_free(o.w);
}

/* The name is a vendor's and an intruder's: where it lies decides, and nothing does where a vendor would put it. */
static void a_driver_known_for_abuse_at_fault_is_an_intruders_where_no_vendor_puts_it(void **state)
{
    (void)state;
    static const struct { const char *module, *own, *state, *cause; } of[] = {
        { "dbutil_2_3.sys", "unknown-driver known-driver", "proven", "malware" }, { "dbutil_2_3.sys", "known-driver", "undecided", NULL },
        { "poortry.sys", "malicious-driver", "proven", "malware" },
    };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        one o = stopped_host();
        put_stop(&o, "0x000000d1");
        put_dump(&o, "0x000000d1", "2020-05-11T04:06:02Z", of[i].module, of[i].own);
        suyuan_case *c = weighed(&o);
        assert_string_equal(c->crashes[0].state, of[i].state);
        assert_true(!of[i].cause || strcmp(c->crashes[0].hypotheses[0].cause, of[i].cause) == 0);
        assert_non_null(told_of(c, "malware"));
        world_free(o.w);
    }
}

static void a_new_driver_known_for_abuse_weighs_by_its_place(void **state)
{
    (void)state;
    static const struct { const char *path; bool strong; } of[] = { { "\\SystemRoot\\System32\\drivers\\AsIO2.sys", false }, { "C:\\ProgramData\\u\\AsIO2.sys", true } };
    for (size_t i = 0; i < 2; i++) {
        one o = stopped_host();
        world_act(o.system, "DB1", o.stopped - 3 * MOMENT_HOUR, "service.install", "name", "Asusgio2", "path", of[i].path, NULL);
        put_stop(&o, "0x0000000a");
        const hypothesis *malware = told_of(weighed(&o), "malware");
        double points = 0;
        assert_non_null(malware);
        for (size_t t = 0; t < malware->for_count; t++)
            points += strcmp(malware->for_[t].why.id, "cause.malware.driver") == 0 ? malware->for_[t].points : 0;
        assert_true(of[i].strong ? points > 3 : points > 0 && points < 2);
        world_free(o.w);
    }
}

static void a_dump_of_another_code_or_time_is_another_stop(void **state)
{
    (void)state;
    static const struct { const char *code, *time; } of[] = { { "0x000000d1", "2020-05-11T04:06:02Z" }, { "0x00000050", "2020-05-02T04:06:02Z" } };
    for (size_t i = 0; i < 2; i++) {
        one o = stopped_host();
        put_stop(&o, "0x00000050");
        put_dump(&o, of[i].code, of[i].time, "vendor7.sys", "");
        suyuan_case *c = weighed(&o);
        assert_int_equal(c->crash_count, 2);
        world_free(o.w);
    }
}

static void a_dump_alone_is_a_stop_of_its_own(void **state)
{
    (void)state;
    one o = { .w = world_new() };
    put_dump(&o, "0x000000d1", STOPPED, "vendor7.sys", "");
    suyuan_case *c = world_case(o.w);
    assert_int_equal(c->crash_count, 1);
    assert_true(c->crashes[0].time == at(STOPPED));
    assert_false(moment_known(c->crashes[0].booted));
    assert_string_equal(c->crashes[0].hypotheses[0].cause, "driver");
    assert_int_equal(count_findings(c, "crash"), 1);
    world_free(o.w);
}

static void a_live_dump_is_no_stop(void **state)
{
    (void)state;
    one o = { .w = world_new() };
    world_log *dump = world_add_log(o.w, "crash-dump", 0);
    world_act(dump, "", at(STOPPED), "crash.dump", "code", "0x00000161", "type", "kernel", NULL);
    world_act(dump, "", at(STOPPED), "crash.dump", "code", "0x000000d1", "type", "kernel", "live", "yes", NULL);
    world_add_file(o.w, "DB1", "DB1/C/Windows/LiveKernelReports/x.dmp", dump, 0, UINT64_MAX);
    assert_int_equal(world_case(o.w)->crash_count, 0);
    world_free(o.w);
}

static void heat_and_the_miner_that_made_it_are_two_causes(void **state)
{
    (void)state;
    one o = stopped_host();
    world_act(o.system, "DB1", o.stopped - 3 * MOMENT_HOUR, "service.install", "name", "WinRing0_1_2_0", "path", "C:\\Windows\\Temp\\WinRing0x64.sys", "looks", "temp-path", NULL);
    world_act(o.system, "DB1", o.stopped - 10 * MOMENT_MINUTE, "resource.low", "state", "commit", "process", "xm.exe", NULL);
    world_finding(world_act(o.system, "DB1", o.stopped - 2 * MOMENT_HOUR, "process.start", "image", "C:\\Windows\\Temp\\xm.exe", NULL), "miner", SEVERITY_HIGH, 90);
    world_act(o.system, "DB1", o.stopped - MOMENT_SECOND, "hardware.fault", "state", "heat", NULL);
    put_stop(&o, "0x0000009c");
    suyuan_case *c = weighed(&o);
    assert_string_equal(c->crashes[0].state, "two");
    const char *a = c->crashes[0].hypotheses[0].cause, *b = c->crashes[0].hypotheses[1].cause;
    assert_true((strcmp(a, "hardware") == 0 && strcmp(b, "malware") == 0) || (strcmp(a, "malware") == 0 && strcmp(b, "hardware") == 0));
    world_free(o.w);
}

static void a_crash_days_before_the_first_hostile_trace_speaks_against_the_attack(void **state)
{
    (void)state;
    one o = stopped_host();
    put_stop(&o, "0x00000050");
    world_finding(world_act(o.system, "DB1", o.booted + 5 * MOMENT_DAY, "service.install", "name", "Xpuq", "looks", "random-name", NULL), "service-install", SEVERITY_CRITICAL, 95);
    suyuan_case *c = weighed(&o);
    for (size_t k = 0; k < c->crashes[0].hypothesis_count; k++)
        assert_true(strcmp(c->crashes[0].hypotheses[k].cause, "attack") != 0 || c->crashes[0].hypotheses[k].points < -3);
    world_free(o.w);
}

static void power_lost_by_several_at_once(void **state)
{
    (void)state;
    world *w = world_new();
    for (int h = 0; h < 3; h++) {
        const char *name = arena_printf(&w->mem, "DB%d", h + 1);
        world_log *system = world_add_log(w, "System", 1);
        char told[MOMENT_TEXT];
        moment stopped = at(STOPPED) + (moment)h * 7 * MOMENT_SECOND;
        world_fill(system, name, at(FROM), stopped - MOMENT_MINUTE, 2000);
        world_act(system, name, stopped + 9 * MOMENT_MINUTE, "crash.unexpected", "basis", "binary", "stopped", arena_str(&w->mem, moment_iso(stopped, told)), NULL);
        world_act(system, name, stopped + 9 * MOMENT_MINUTE + 20 * MOMENT_SECOND, "crash.power", "code", "0x00000000", "button", "no", NULL);
        world_add_file(w, name, arena_printf(&w->mem, "%s/System.evtx", name), system, 0, UINT64_MAX);
    }
    suyuan_case *c = world_case(w);
    assert_int_equal(c->cluster_count, 1);
    assert_string_equal(c->clusters[0].hypotheses[0].cause, "power");
    assert_string_equal(c->clusters[0].state, "likely");
    assert_string_equal(c->crashes[0].hypotheses[0].cause, "power");
    assert_int_equal(c->clusters[0].of_hosts, 3);
    world_free(w);
}

/* k of N hosts, each with a stop long ago: 2 of 2 that are together are rarer than 2 of 12. */
static suyuan_case *pair_among(world *w, int hosts)
{
    for (int h = 0; h < hosts; h++) {
        const char *name = arena_printf(&w->mem, "DB%02d", h + 1);
        world_log *system = world_add_log(w, "System", 1);
        world_fill(system, name, at(FROM), at(STOPPED), 2000);
        moment t = at(STOPPED) + (moment)h * 10 * MOMENT_MINUTE;
        char told[MOMENT_TEXT];
        if (h < 2) {
            world_act(system, name, t + 4 * MOMENT_MINUTE, "crash.unexpected", "basis", "binary", "stopped", arena_str(&w->mem, moment_iso(t, told)), NULL);
            world_act(system, name, t + 5 * MOMENT_MINUTE, "crash.bugcheck", "code", "0x00000050", NULL);
        }
        world_add_file(w, name, arena_printf(&w->mem, "%s/System.evtx", name), system, 0, UINT64_MAX);
    }
    return world_case(w);
}

static void the_more_hosts_are_looked_at_the_less_two_together_surprise(void **state)
{
    (void)state;
    world *few = world_new(), *many = world_new();
    suyuan_case *a = pair_among(few, 2), *b = pair_among(many, 12);
    assert_int_equal(a->cluster_count, 1);
    assert_int_equal(b->cluster_count, 1);
    assert_int_equal(b->clusters[0].of_hosts, 12);
    double ratio = b->clusters[0].probability / a->clusters[0].probability;
    assert_true(ratio > 60 && ratio < 72);                   /* 66 pairs of twelve */
    world_free(few);
    world_free(many);
}

/* Four thousand stops, by turns on four hosts: some clusters are told, not one for each hour, and it takes no minute. */
static void a_log_that_is_full_of_stops_is_searched_within_bounds(void **state)
{
    (void)state;
    world *w = world_new();
    for (int h = 0; h < 4; h++) {
        const char *name = arena_printf(&w->mem, "DB%d", h + 1);
        world_log *system = world_add_log(w, "System", 1);
        for (int i = 0; i < 1000; i++) {
            char told[MOMENT_TEXT];
            moment t = at(FROM) + (moment)i * 2 * MOMENT_DAY + (moment)h * MOMENT_MINUTE;
            world_act(system, name, t + 4 * MOMENT_MINUTE, "crash.unexpected", "basis", "binary", "stopped", arena_str(&w->mem, moment_iso(t, told)), NULL);
        }
        world_add_file(w, name, arena_printf(&w->mem, "%s/System.evtx", name), system, 0, UINT64_MAX);
    }
    suyuan_case *c = world_case(w);
    assert_int_equal(c->crash_count, 4000);
    assert_true(c->cluster_count >= 1 && c->cluster_count <= 100);
    for (size_t i = 0; i < c->cluster_count; i++)
        assert_true(c->clusters[i].host_count >= 2 && c->clusters[i].host_count <= 4);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_but_a_code_of_many_causes_is_undecided_and_names_the_dump),
        cmocka_unit_test(a_fatal_machine_check_at_the_restart_decides),
        cmocka_unit_test(one_that_came_a_month_later_does_not),
        cmocka_unit_test(the_first_start_after_an_update_that_ends_in_a_stop),
        cmocka_unit_test(the_dump_names_whose_driver_it_was_and_its_time_is_the_true_one),
        cmocka_unit_test(what_another_driver_looks_like_is_no_word_against_the_one_at_fault),
        cmocka_unit_test(it_is_a_weak_word_where_nothing_else_is_said),
        cmocka_unit_test(a_driver_known_for_abuse_at_fault_is_an_intruders_where_no_vendor_puts_it),
        cmocka_unit_test(a_new_driver_known_for_abuse_weighs_by_its_place),
        cmocka_unit_test(a_dump_of_another_code_or_time_is_another_stop),
        cmocka_unit_test(a_dump_alone_is_a_stop_of_its_own),
        cmocka_unit_test(a_live_dump_is_no_stop),
        cmocka_unit_test(heat_and_the_miner_that_made_it_are_two_causes),
        cmocka_unit_test(a_crash_days_before_the_first_hostile_trace_speaks_against_the_attack),
        cmocka_unit_test(power_lost_by_several_at_once),
        cmocka_unit_test(a_log_that_is_full_of_stops_is_searched_within_bounds),
        cmocka_unit_test(the_more_hosts_are_looked_at_the_less_two_together_surprise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
