/* Real artifacts of hosts: what is known of them is what is read. */
#include "cmocka_all.h"
#include "artifact_samples.h"
#include "format/bits.h"
#include "format/regf.h"
#include "format/security.h"
#include "format/service_actions.h"
#include "format/task_job.h"
#include "format/task_xml.h"
#include "format/wmi.h"

#include <stdlib.h>

typedef struct { arena mem; problems noted; } ground;

static int setup(void **state)
{
    static ground g;
    arena_init(&g.mem, 0);
    problems_init(&g.noted, &g.mem);
    *state = &g;
    return 0;
}

static int teardown(void **state)
{
    arena_done(&((ground *)*state)->mem);
    return 0;
}

/* ---- tasks ---- */

typedef struct { size_t tasks, hidden, com, wnf, dated, unknown, problems; bool game_over; } task_counts;

static void count_task(const char *name, span bytes, void *context)
{
    (void)name;
    task_counts *c = context;
    arena mem;
    problems noted;
    task t;
    arena_init(&mem, 0);
    problems_init(&noted, &mem);
    assert_true(status_is_ok(task_xml_read(&mem, bytes, &noted, &t)));
    c->tasks++;
    c->hidden += t.settings.hidden == TASK_YES;
    c->dated += moment_known(t.date.at);
    bool com = false, wnf = false;
    for (size_t i = 0; i < t.action_count; i++) {
        com |= t.actions[i].kind == TASK_ACTION_COM;
        c->unknown += t.actions[i].kind == TASK_ACTION_OTHER;
    }
    for (size_t i = 0; i < t.trigger_count; i++) {
        wnf |= t.triggers[i].kind == TASK_TRIGGER_WNF;
        c->unknown += t.triggers[i].kind == TASK_TRIGGER_OTHER;
    }
    c->com += com;
    c->wnf += wnf;
    c->problems += noted.count;
    if (strcmp(t.uri, "\\GameOver") == 0) {
        c->game_over = true;
        assert_int_equal(t.action_count, 1);
        assert_int_equal(t.trigger_count, 1);
        assert_string_equal(t.triggers[0].interval, "PT5M");
        assert_true(t.date.local && moment_known(t.date.at));
        assert_non_null(strstr(t.author, "TestUser"));
    }
    assert_true(t.action_count > 0);
    arena_done(&mem);
}

static void all_tasks_of_a_host_are_read(void **state)
{
    (void)state;
    task_counts c = { 0 };
    assert_int_equal(sample_members("extra/incidents/aptsim-win10/Tasks.zip", count_task, &c), 202);
    print_message("%zu tasks: %zu hidden, %zu with a COM handler, %zu with WNF, %zu dated, %zu unknown elements\n", c.tasks, c.hidden, c.com, c.wnf, c.dated, c.unknown);
    assert_int_equal(c.tasks, 202);
    assert_int_equal(c.problems, 0);
    assert_int_equal(c.unknown, 0);
    assert_int_equal(c.dated, 22);
    assert_int_equal(c.hidden, 54);
    assert_int_equal(c.com, 112);
    assert_int_equal(c.wnf, 75);
    assert_true(c.game_over);
}

static void tasks_of_other_programs_are_read(void **state)
{
    ground *g = *state;
    task t;
    assert_true(status_is_ok(task_xml_read(&g->mem, sample(&g->mem, "extra/artifacts/tasks/VSIX Auto Update"), &g->noted, &t)));
    assert_int_equal(t.action_count, 1);
    assert_non_null(strstr(t.actions[0].command, "VSIXAutoUpdate.exe"));
    assert_true(status_is_ok(task_xml_read(&g->mem, sample(&g->mem, "extra/artifacts/tasks/SoftLandingCreativeManagementTask"), &g->noted, &t)));
    assert_int_equal(t.actions[0].kind, TASK_ACTION_COM);
    assert_int_equal(g->noted.count, 0);
}

static void a_job_of_windows_7_is_read(void **state)
{
    ground *g = *state;
    task t;
    span bytes = sample(&g->mem, "artifacts/misc/wintask.job");
    assert_true(task_job_is(bytes, bytes.len));
    assert_true(status_is_ok(task_job_read(&g->mem, bytes, &g->noted, &t)));
    assert_string_equal(t.version, "6.1");
    assert_string_equal(t.actions[0].command, "C:\\Program Files (x86)\\Google\\Update\\GoogleUpdate.exe");
    assert_string_equal(t.actions[0].arguments, "/ua /installsource scheduler");
    assert_string_equal(t.author, "Brian");
    assert_non_null(strstr(t.description, "Keeps your Google software up to date."));
    moment ran, first;
    assert_true(moment_parse(span_str("2013-08-24T12:42:00.112Z"), &ran));
    assert_true(moment_parse(span_str("2013-07-12T15:42:00Z"), &first));
    assert_int_equal(t.life.last_run, ran);
    assert_int_equal(t.trigger_count, 1);
    assert_int_equal(t.triggers[0].start.at, first);
    assert_string_equal(t.triggers[0].schedule, "daily 1");
    assert_string_equal(t.triggers[0].interval, "PT1H");
    assert_string_equal(t.triggers[0].duration, "P1D");
    assert_int_equal(g->noted.count, 0);
}

/* ---- services ---- */

typedef struct { size_t services, failures, commands, descriptors, usual, hidden; } service_counts;

static void count_services(ground *g, const char *path, service_counts *c)
{
    regf *h;
    regf_key root, services, key;
    regf_value v;
    assert_true(status_is_ok(regf_open(&g->mem, sample(&g->mem, path), NULL, 0, &g->noted, &h)));
    root = regf_root(h);
    assert_true(regf_find(h, &root, "ControlSet001\\Services", &services));
    g->noted.count = 0;
    regf_keys keys = regf_keys_of(h, &services);
    while (regf_keys_next(&keys, &key)) {
        c->services++;
        if (regf_find_value(h, &key, "FailureActions", &v) && v.type == REGF_BINARY) {
            service_failure f;
            assert_true(service_failure_read(&g->mem, regf_data(h, &v, &g->mem), &f));
            assert_false(f.torn);
            assert_true(v.size == 20 + 8 * f.count);
            for (size_t i = 0; i < f.count; i++)
                assert_true(f.actions[i].kind <= SERVICE_ACTION_OWN_RESTART);
            c->failures++;
            c->commands += service_failure_runs(&f);
        }
        regf_key security_key;
        if (!regf_find(h, &key, "Security", &security_key) || !regf_find_value(h, &security_key, "Security", &v))
            continue;
        security s;
        static const char *const administrators[] = { "BA", "AU", "IU", "WD", "BU", NULL };
        if (!status_is_ok(security_read(&g->mem, regf_data(h, &v, &g->mem), &g->noted, &s))) {
            assert_string_equal(regf_name_text(key.name, key.latin, &g->mem), "CryptSvc");       /* Windows itself puts five bytes there that are none */
            assert_int_equal(v.size, 5);
            continue;
        }
        c->descriptors++;
        c->hidden += security_denied(&s, SECURITY_SERVICE, administrators, security_read_rights(SECURITY_SERVICE)) != 0;
        assert_int_equal(security_allowed(&s, SECURITY_SERVICE, administrators, security_read_rights(SECURITY_SERVICE)), security_read_rights(SECURITY_SERVICE));
        const char *text = security_sddl(&g->mem, &s, SECURITY_SERVICE);
        assert_null(strstr(text, "0x"));                     /* every right of a service has letters */
        c->usual += strstr(text, "(A;;CCLCSWRPWPDTLOCRRC;;;SY)(A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;BA)") != NULL;
    }
}

static void services_of_real_hives_say_what_they_do_when_they_fail(void **state)
{
    ground *g = *state;
    service_counts c = { 0 };
    count_services(g, "registry/regipy/SYSTEM", &c);
    count_services(g, "registry/regipy/SYSTEM_2", &c);
    count_services(g, "registry/regipy/SYSTEM_WIN_10_1709", &c);
    print_message("%zu services, %zu with actions on failure (%zu run a command), %zu with a descriptor, %zu of them the usual one\n", c.services, c.failures,
                  c.commands, c.descriptors, c.usual);
    assert_true(c.failures > 100 && c.descriptors > 100 && c.usual > 50);
    assert_int_equal(c.hidden, 0);
    assert_int_equal(g->noted.count, 0);
}

/* ---- WMI ---- */

static const wmi_filter *filter_named(const wmi *w, const char *name)
{
    for (size_t i = 0; i < w->filter_count; i++)
        if (strcmp(w->filters[i].name, name) == 0)
            return &w->filters[i];
    return NULL;
}

static void the_subscription_of_an_attack_is_found(void **state)
{
    static const char archive[] = "extra/incidents/aptsim-win10/APTSimulatorVM_Defender_WBEM.7z";
    ground *g = *state;
    wmi w;
    wmi_files files = { .objects = sample_member(&g->mem, archive, "OBJECTS.DATA"), .index = sample_member(&g->mem, archive, "INDEX.BTR"),
                        .maps = { sample_member(&g->mem, archive, "MAPPING1.MAP"), sample_member(&g->mem, archive, "MAPPING2.MAP"), sample_member(&g->mem, archive, "MAPPING3.MAP") } };
    assert_true(wmi_objects_is(span_part(files.objects, 0, 4096), files.objects.len));
    for (int loose = 0; loose < 2; loose++) {
        if (loose)
            files = (wmi_files){ .objects = files.objects };
        assert_true(status_is_ok(wmi_read(&g->mem, &files, &g->noted, &w)));
        assert_int_equal(w.indexed, !loose);
        assert_int_equal(w.filter_count, 2);
        assert_int_equal(w.consumer_count, 2);
        assert_int_equal(w.binding_count, 2);
        const wmi_filter *f = filter_named(&w, "ProcessStartTrigger");
        assert_non_null(f);
        assert_string_equal(f->query, "SELECT * FROM Win32_ProcessStartTrace WHERE ProcessName = 'procexp64.exe'");
        assert_string_equal(f->record.space, loose ? "" : "root\\subscription");
        assert_int_equal(f->record.standing, loose ? WMI_LOOSE : WMI_LIVE);
        assert_string_equal(f->record.creator, "S-1-5-21-2212929841-2730996645-2649195864-1000");
        const wmi_consumer *c = &w.consumers[0];
        assert_int_equal(c->kind, WMI_SCRIPT);
        assert_string_equal(c->name, "KillProcess");
        assert_string_equal(c->engine, "VBScript");
        assert_non_null(strstr(c->script, "oService"));
        assert_string_equal(w.bindings[0].filter, "ProcessStartTrigger");
        assert_string_equal(w.bindings[0].consumer, "KillProcess");
        assert_string_equal(w.bindings[0].consumer_class, "ActiveScriptEventConsumer");
    }
    assert_int_equal(g->noted.count, 0);
}

static void a_repository_without_attack_has_the_stock_binding_alone(void **state)
{
    ground *g = *state;
    wmi w;
    wmi_files files = { .objects = sample(&g->mem, "extra/wmi/benign-win10/OBJECTS.DATA.gz"), .index = sample(&g->mem, "extra/wmi/benign-win10/INDEX.BTR.gz"),
                        .maps = { sample(&g->mem, "extra/wmi/benign-win10/MAPPING1.MAP.gz"), sample(&g->mem, "extra/wmi/benign-win10/MAPPING2.MAP.gz"),
                                  sample(&g->mem, "extra/wmi/benign-win10/MAPPING3.MAP.gz") } };
    assert_true(wmi_objects_is(span_part(files.objects, 0, 4096), files.objects.len));
    assert_true(wmi_index_is(span_part(files.index, 0, 4096), files.index.len));
    assert_true(wmi_map_is(files.maps[2]));
    assert_true(status_is_ok(wmi_read(&g->mem, &files, &g->noted, &w)));
    assert_int_equal(w.version, 6);
    assert_int_equal(w.filter_count, 1);
    assert_int_equal(w.consumer_count, 1);
    assert_int_equal(w.binding_count, 1);
    assert_string_equal(w.filters[0].name, "SCM Event Log Filter");
    assert_string_equal(w.consumers[0].name, "SCM Event Log Consumer");
    assert_int_equal(w.consumers[0].kind, WMI_EVENT_LOG);
    assert_string_equal(w.consumers[0].text, "Service Control Manager");
    assert_string_equal(w.filters[0].record.space, "root\\subscription");
    size_t named = 0;
    for (size_t i = 0; i < w.space_count; i++)
        named += *w.spaces[i].record.space != '\0';
    print_message("%zu namespaces, %zu providers\n", w.space_count, w.provider_count);
    assert_int_equal(w.space_count, 91);                     /* an independent reader finds the same, and the root itself */
    assert_int_equal(named, 91);
    assert_int_equal(g->noted.count, 0);
}

/* ---- transfers ---- */

static void jobs_of_a_windows_10_are_carved(void **state)
{
    ground *g = *state;
    bits q;
    assert_true(status_is_ok(bits_read(&g->mem, sample(&g->mem, "extra/artifacts/bits/win10-qmgr.db.xz"), &g->noted, &q)));
    assert_true(q.database);
    size_t commands = 0, linked = 0, undated = 0, update = 0;
    for (size_t i = 0; i < q.job_count; i++) {
        const bits_job *j = &q.jobs[i];
        commands += *j->command != '\0';
        linked += j->file_count;
        undated += !moment_known(j->created);
        update += strstr(j->name, "MozillaUpdate") != NULL;
        assert_true(strncmp(j->owner, "S-1-5-", 6) == 0);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(q.jobs[k].id, j->id);
    }
    print_message("%zu jobs, %zu with a command, %zu files of theirs and %zu of unknown jobs\n", q.job_count, commands, linked, q.file_count);
    assert_int_equal(q.job_count, 23);
    assert_int_equal(commands, 0);
    assert_int_equal(undated, 0);
    assert_int_equal(update, 2);
    assert_true(linked + q.file_count > 25);
    assert_int_equal(g->noted.count, 0);
}

int main(void)
{
    if (!samples_there()) {
        print_message("skipped: no samples\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(all_tasks_of_a_host_are_read),
        TEST(tasks_of_other_programs_are_read),
        TEST(a_job_of_windows_7_is_read),
        TEST(services_of_real_hives_say_what_they_do_when_they_fail),
        TEST(the_subscription_of_an_attack_is_found),
        TEST(a_repository_without_attack_has_the_stock_binding_alone),
        TEST(jobs_of_a_windows_10_are_carved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
