#include "world.h"

#define SMB "protocol", "smb", "type", "3"
#define WRONG "reason", "0xc000006a"

static void claim_address(world *w, const char *file, const char *computer, const char *address)
{
    world_claims(w, file, computer, "address", address, "decisive", at("2020-05-01T00:00:00Z"), at("2020-05-12T00:00:00Z"));
}

static world_log *security(world *w, const char *computer)
{
    world_log *log = world_add_log(w, "Security", 1);
    world_fill(log, computer, at("2020-05-01T00:00:00Z"), at("2020-05-11T02:00:00Z"), 3000);
    return log;
}

/* Someone guesses until `in`, and a service of random name is installed `after` seconds later in the same session. */
static void broken_into(world_log *log, const char *computer, const char *source, const char *in, const char *id, const char *then)
{
    world_count(log, computer, at(in) - 10 * MOMENT_MINUTE, MOMENT_SECOND, 590, "logon.failure", SMB, WRONG, "account", "Administrator", "source", source, NULL);
    world_act(log, computer, at(in), "logon.session", SMB, "account", "Administrator", "source", source, "logon", id, NULL);
    world_record *r = world_act(log, computer, at(then), "service.install", "name", "Xpuq", "path", "%SystemRoot%\\ZVDEcBZe.exe", "file", "%w\\zvdecbze.exe", "logon", id, "looks", "random-name,random-file", NULL);
    world_finding(r, "remote-execution", SEVERITY_HIGH, 90);
}

static void with_credential(world_log *log, const char *computer, const char *source, const char *in, const char *id, const char *then)
{
    world_act(log, computer, at(in), "logon.session", SMB, "account", "Administrator", "source", source, "logon", id, NULL);
    world_record *r = world_act(log, computer, at(then), "service.install", "name", "WIgA", "path", "%SystemRoot%\\PLMcFwab.exe", "file", "%w\\plmcfwab.exe", "logon", id, "looks", "random-name,random-file", NULL);
    world_finding(r, "remote-execution", SEVERITY_HIGH, 90);
}

static const edge *edge_to(const suyuan_case *c, const char *name)
{
    const host *h = host_called(c, name);
    for (size_t i = 0; i < c->spread_count; i++)
        if (&c->hosts[c->spread[i].to] == h)
            return &c->spread[i];
    return NULL;
}

static void a_guessed_password_is_the_way_in_and_the_next_host_is_reached_from_the_first(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *a = security(w, "DB1"), *b = security(w, "DB2");
    broken_into(a, "DB1", "203.0.113.7", "2020-05-11T03:08:13Z", "0x4f2a1", "2020-05-11T03:08:20Z");
    with_credential(b, "DB2", "10.0.0.1", "2020-05-11T03:40:02Z", "0x77", "2020-05-11T03:40:05Z");
    world_add_file(w, "DB1", "Security.evtx", a, 0, UINT64_MAX);
    world_add_file(w, "DB2", "Security.evtx", b, 0, UINT64_MAX);
    claim_address(w, "Security.evtx", "DB1", "10.0.0.1");
    claim_address(w, "Security.evtx", "DB2", "10.0.0.2");
    suyuan_case *c = world_case(w);

    assert_non_null(c->first);
    assert_ptr_equal(&c->hosts[c->first->host], host_called(c, "DB1"));
    assert_non_null(c->entry);
    assert_ptr_equal(&c->hosts[c->entry->host], host_called(c, "DB1"));
    assert_string_equal(c->entry->access, "guessed-password");
    assert_string_equal(c->entry->means, "smb-service");
    assert_string_equal(c->entry->account, "Administrator");
    assert_string_equal(c->entry->source.address, "203.0.113.7");
    assert_true(c->entry->source.outside);
    assert_true(c->entry->confidence >= 80);

    assert_int_equal(c->spread_count, 1);
    const edge *e = edge_to(c, "DB2");
    assert_non_null(e);
    assert_ptr_equal(&c->hosts[e->from.host], host_called(c, "DB1"));
    assert_string_equal(e->access, "known-credential");
    assert_string_equal(e->means, "smb-service");
    assert_true(e->confidence >= 80 && e->evidence_count > 0);
    assert_int_equal(c->episode_count, 1);
    assert_true(c->plan_count > 0);
    world_free(w);
}

static void without_a_record_that_names_another_host_no_edge_is_drawn(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *a = security(w, "DB1"), *b = security(w, "DB2");
    broken_into(a, "DB1", "203.0.113.7", "2020-05-11T03:08:13Z", "0x4f2a1", "2020-05-11T03:08:20Z");
    broken_into(b, "DB2", "198.51.100.9", "2020-05-11T03:38:13Z", "0x5f2a1", "2020-05-11T03:38:20Z");
    world_add_file(w, "DB1", "Security.evtx", a, 0, UINT64_MAX);
    world_add_file(w, "DB2", "Security.evtx", b, 0, UINT64_MAX);
    claim_address(w, "Security.evtx", "DB1", "10.0.0.1");
    claim_address(w, "Security.evtx", "DB2", "10.0.0.2");
    suyuan_case *c = world_case(w);
    assert_int_equal(c->spread_count, 0);
    assert_int_equal(c->episode_count, 2);
    assert_int_equal(c->entries_count + (c->entry != NULL), 2);
    world_free(w);
}

/* The same way in that the entry rests on: the first host is not told less surely for want of a record of the outside. */
static void a_first_host_that_was_entered_from_outside_is_as_sure_as_its_entry(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *a = security(w, "DB1"), *b = security(w, "DB2");
    broken_into(a, "DB1", "203.0.113.7", "2020-05-11T03:08:13Z", "0x4f2a1", "2020-05-11T03:08:20Z");
    with_credential(b, "DB2", "10.0.0.1", "2020-05-11T03:40:02Z", "0x77", "2020-05-11T03:40:05Z");
    world_add_file(w, "DB1", "Security.evtx", a, 0, UINT64_MAX);
    world_add_file(w, "DB2", "Security.evtx", b, 0, UINT64_MAX);
    claim_address(w, "Security.evtx", "DB1", "10.0.0.1");
    claim_address(w, "Security.evtx", "DB2", "10.0.0.2");
    suyuan_case *c = world_case(w);
    assert_non_null(c->first);
    assert_true(c->first->confidence >= 90);
    assert_true(c->first->time == host_called(c, "DB1")->first_seen);
    assert_ptr_equal(c->first, c->episodes[c->first->episode - 1].first);
    world_free(w);
}

static void family_comes(world_log *log, const char *computer, const char *time)
{
    world_finding(world_act(log, computer, at(time), "service.install", "name", "Ddriver", "path", "C:\\Windows\\Temp\\x.exe", "family", "worm", "looks", "family", NULL),
                  "service-install", SEVERITY_CRITICAL, 85);
}

/* One breaks into DB2 and leaves; two days later a worm enters through DB1 and reaches DB2: two stories, and the worm began on DB1. */
static void who_comes_anew_from_elsewhere_is_another_story(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *a = security(w, "DB1"), *b = security(w, "DB2");
    broken_into(b, "DB2", "198.51.100.9", "2020-05-09T03:08:13Z", "0x4f2a1", "2020-05-09T03:08:20Z");
    broken_into(a, "DB1", "203.0.113.7", "2020-05-11T03:08:13Z", "0x5f2a1", "2020-05-11T03:08:20Z");
    family_comes(a, "DB1", "2020-05-11T03:09:20Z");
    with_credential(b, "DB2", "10.0.0.1", "2020-05-11T03:40:02Z", "0x77", "2020-05-11T03:40:05Z");
    family_comes(b, "DB2", "2020-05-11T03:41:05Z");
    world_add_file(w, "DB1", "Security.evtx", a, 0, UINT64_MAX);
    world_add_file(w, "DB2", "Security.evtx", b, 0, UINT64_MAX);
    claim_address(w, "Security.evtx", "DB1", "10.0.0.1");
    claim_address(w, "Security.evtx", "DB2", "10.0.0.2");
    suyuan_case *c = world_case(w);
    assert_int_equal(c->episode_count, 2);
    assert_non_null(c->first);
    assert_ptr_equal(&c->hosts[c->first->host], host_called(c, "DB1"));
    assert_non_null(edge_to(c, "DB2"));
    assert_ptr_equal(&c->hosts[edge_to(c, "DB2")->from.host], host_called(c, "DB1"));
    assert_ptr_equal(&c->hosts[c->episodes[0].first->host], host_called(c, "DB2"));
    assert_true(c->episodes[0].first->time < c->first->time);
    assert_int_equal(c->entries_count + (c->entry != NULL), 2);
    world_free(w);
}

/* Who guessed a password and works on with it next morning, from elsewhere, is the same. */
static void who_comes_back_with_what_he_holds_is_the_same_story(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *a = security(w, "DB1");
    broken_into(a, "DB1", "198.51.100.9", "2020-05-09T03:08:13Z", "0x4f2a1", "2020-05-09T03:08:20Z");
    with_credential(a, "DB1", "203.0.113.7", "2020-05-10T03:40:02Z", "0x77", "2020-05-10T03:40:05Z");
    world_add_file(w, "DB1", "Security.evtx", a, 0, UINT64_MAX);
    claim_address(w, "Security.evtx", "DB1", "10.0.0.1");
    assert_int_equal(world_case(w)->episode_count, 1);
    world_free(w);
}

/* Three hosts, three burglars, nothing in common: no host is where "it" began. */
static void unrelated_stories_have_no_common_first_host(void **state)
{
    (void)state;
    world *w = world_new();
    for (int i = 0; i < 3; i++) {
        const char *name = arena_printf(&w->mem, "DB%d", i + 1), *day = arena_printf(&w->mem, "2020-05-0%dT03:08:13Z", i + 2);
        world_log *log = security(w, name);
        broken_into(log, name, arena_printf(&w->mem, "203.0.113.%d", i + 7), day, "0x4f2a1", day);
        world_add_file(w, name, "Security.evtx", log, 0, UINT64_MAX);
        claim_address(w, "Security.evtx", name, arena_printf(&w->mem, "10.0.0.%d", i + 1));
    }
    suyuan_case *c = world_case(w);
    assert_int_equal(c->episode_count, 3);
    assert_null(c->first);
    assert_string_equal(c->first_unknown.id, "first.unrelated");
    assert_null(c->entry);
    assert_int_equal(c->entries_count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_non_null(c->episodes[i].first);
        assert_true(c->episodes[i].first->time == c->hosts[c->episodes[i].first->host].first_seen);
    }
    world_free(w);
}

/* Network level authentication leaves the logon's address empty; the desktop that follows has it. */
static void the_desktop_names_the_client_that_the_logon_left_empty(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *a = security(w, "DB1"), *t = world_add_log(w, "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational", 1);
    world_count(a, "DB1", at("2020-05-11T03:00:00Z"), MOMENT_SECOND, 480, "logon.failure", "protocol", "network", "type", "3", WRONG, "account", "Administrator", "workstation", "k3j2", NULL);
    world_act(a, "DB1", at("2020-05-11T03:08:13Z"), "logon.guessed", "protocol", "network", "type", "3", "account", "Administrator", "workstation", "k3j2", "logon", "0x4f2a1", "failures", "480", NULL);
    world_act(t, "DB1", at("2020-05-11T03:08:20Z"), "rdp.session", "what", "logon", "account", "DB1\\Administrator", "source", "203.0.113.7", "session", "2", NULL);
    world_finding(world_act(a, "DB1", at("2020-05-11T03:09:00Z"), "process.start", "image", "C:\\Windows\\Temp\\svchost.exe", "logon", "0x4f2a1", NULL), "fake-system-process", SEVERITY_CRITICAL, 95);
    world_add_file(w, "DB1", "Security.evtx", a, 0, UINT64_MAX);
    world_add_file(w, "DB1", "LSM.evtx", t, 0, UINT64_MAX);
    claim_address(w, "Security.evtx", "DB1", "10.0.0.1");
    suyuan_case *c = world_case(w);
    assert_non_null(c->entry);
    assert_string_equal(c->entry->access, "guessed-password");
    assert_string_equal(c->entry->means, "rdp");
    assert_string_equal(c->entry->source.address, "203.0.113.7");
    world_free(w);
}

static void ran(world_log *log, const char *time, const char *name, const char *looks)
{
    world_act(log, "DB1", at(time), "service.run", "name", name, "looks", looks, NULL);
}

/* Of services that are known only to have run: random letters and first starts right after the intruder's are candidates, what
 * ran before or long after is not, and one whose installation is told is told by that. */
static void services_that_only_ran_are_candidates(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *a = security(w, "DB1"), *s = world_add_log(w, "System", 1);
    broken_into(a, "DB1", "203.0.113.7", "2020-05-11T03:08:13Z", "0x4f2a1", "2020-05-11T03:08:20Z");
    world_fill(s, "DB1", at("2020-05-01T00:00:00Z"), at("2020-05-11T02:00:00Z"), 900);
    ran(s, "2020-05-03T03:00:00Z", "wuauserv", "");
    ran(s, "2020-05-11T03:08:18Z", "Xpuq", "random-name");
    ran(s, "2020-05-11T03:08:19Z", "zKqWrt", "random-name");
    ran(s, "2020-05-11T03:20:00Z", "Helper", "");
    ran(s, "2020-05-11T03:21:00Z", "wuauserv", "");
    ran(s, "2020-05-11T09:20:00Z", "Fax", "");
    world_add_file(w, "DB1", "Security.evtx", a, 0, UINT64_MAX);
    world_add_file(w, "DB1", "System.evtx", s, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    size_t found[2] = { 0 };
    for (size_t i = 0; i < c->persistence_count; i++) {
        const persistence *p = &c->persistence[i];
        assert_string_not_equal(p->name, "wuauserv");
        assert_string_not_equal(p->name, "Fax");
        found[0] += strcmp(p->name, "zKqWrt") == 0 && strcmp(p->verdict, "unknown") == 0 && strcmp(p->why.id, "persistence.ran-random") == 0;
        found[1] += strcmp(p->name, "Helper") == 0 && strcmp(p->verdict, "unknown") == 0 && strcmp(p->why.id, "persistence.ran-fresh") == 0;
    }
    assert_int_equal(c->persistence_count, 3);
    assert_int_equal(found[0] + found[1], 2);
    world_free(w);
}

/* No installation is written there; the service that ran within seconds of the logon shows how the step was carried. */
static void a_service_that_ran_with_the_logon_carried_the_step(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *a = security(w, "DB1"), *s = world_add_log(w, "System", 1);
    world_fill(s, "DB1", at("2020-05-01T00:00:00Z"), at("2020-05-11T02:00:00Z"), 900);
    world_act(a, "DB1", at("2020-05-11T03:08:13Z"), "logon.session", SMB, "account", "Administrator", "source", "10.0.0.9", "logon", "0x77", NULL);
    ran(s, "2020-05-11T03:08:14Z", "zKqWrt", "random-name");
    world_finding(world_act(a, "DB1", at("2020-05-11T03:08:20Z"), "process.start", "image", "C:\\Windows\\Temp\\svchost.exe", "logon", "0x77", NULL), "fake-system-process", SEVERITY_CRITICAL, 95);
    world_add_file(w, "DB1", "Security.evtx", a, 0, UINT64_MAX);
    world_add_file(w, "DB1", "System.evtx", s, 0, UINT64_MAX);
    claim_address(w, "Security.evtx", "DB1", "10.0.0.1");
    suyuan_case *c = world_case(w);
    assert_int_equal(c->spread_count, 1);
    assert_string_equal(c->spread[0].means, "smb-service");
    world_free(w);
}

static void a_host_that_was_not_collected_may_have_been_first(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *b = security(w, "DB2"), *d = security(w, "DB3");
    with_credential(b, "DB2", "10.0.0.9", "2020-05-11T03:40:02Z", "0x77", "2020-05-11T03:40:05Z");
    with_credential(d, "DB3", "10.0.0.9", "2020-05-11T03:50:02Z", "0x78", "2020-05-11T03:50:05Z");
    world_add_file(w, "DB2", "Security.evtx", b, 0, UINT64_MAX);
    world_add_file(w, "DB3", "Security.evtx", d, 0, UINT64_MAX);
    claim_address(w, "Security.evtx", "DB2", "10.0.0.2");
    claim_address(w, "Security.evtx", "DB3", "10.0.0.3");
    suyuan_case *c = world_case(w);
    assert_int_equal(c->spread_count, 2);
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(c->spread[i].from.address, "10.0.0.9");
    assert_true(c->first == NULL || (c->hosts[c->first->host].collected == false && c->first->confidence <= 65));
    assert_int_equal(c->episode_count, 1);
    world_free(w);
}

static void when_the_log_begins_after_the_act_the_way_in_is_undecided(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *a = world_add_log(w, "System", 1), *s = world_add_log(w, "Security", 90001);
    world_fill(a, "DB1", at("2020-05-01T00:00:00Z"), at("2020-05-11T03:00:00Z"), 900);
    world_record *r = world_act(a, "DB1", at("2020-05-11T03:08:20Z"), "service.install", "name", "Xpuq", "path", "%SystemRoot%\\ZVDEcBZe.exe", "file", "%w\\zvdecbze.exe", "looks", "random-name,random-file", NULL);
    world_finding(r, "remote-execution", SEVERITY_HIGH, 90);
    world_fill(s, "DB1", at("2020-05-11T05:00:00Z"), at("2020-05-11T09:00:00Z"), 500);
    world_add_file(w, "DB1", "System.evtx", a, 0, UINT64_MAX);
    world_add_file(w, "DB1", "Security.evtx", s, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    assert_null(c->entry);
    assert_string_equal(c->entry_unknown.id, "entry.blind");
    world_free(w);
}

static void a_name_that_nobody_reads_is_cut_in_the_sentence_alone(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *a = world_add_log(w, "System", 1);
    char name[301];
    memset(name, 'Q', 300);
    name[300] = 0;
    world_fill(a, "DB1", at("2020-05-01T00:00:00Z"), at("2020-05-11T03:00:00Z"), 900);
    world_finding(world_act(a, "DB1", at("2020-05-11T03:08:20Z"), "service.install", "name", name, "path", "c:\\windows\\system32\\CMD.EXE", "file", "%w\\system32\\cmd.exe", NULL), "service-install", SEVERITY_CRITICAL, 95);
    world_add_file(w, "DB1", "System.evtx", a, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    size_t steps = 0;
    for (size_t i = 0; i < c->plan_count; i++) {
        const plan_step *s = &c->plan[i];
        assert_string_not_equal(s->phase, "files");          /* the shell's own file is no target */
        if (!s->target || strcmp(s->target, name) != 0)
            continue;
        assert_string_equal(s->action.args[0].name, "name");
        assert_true(strlen(s->action.args[0].value) < 70);
        steps++;
    }
    assert_int_equal(steps, 2);
    world_free(w);
}

static void names_that_a_shell_would_read_give_no_command(void **state)
{
    (void)state;
    world *w = world_new();
    world_log *a = world_add_log(w, "System", 1);
    world_fill(a, "DB1", at("2020-05-01T00:00:00Z"), at("2020-05-11T03:00:00Z"), 900);
    world_record *r = world_act(a, "DB1", at("2020-05-11T03:08:20Z"), "service.install", "name", "x\" & del c:\\*.* & \"", "path", "c:\\windows\\temp\\a.exe", "file", "%w\\temp\\a.exe", NULL);
    world_finding(r, "service-install", SEVERITY_CRITICAL, 95);
    r = world_act(a, "DB1", at("2020-05-11T03:08:25Z"), "service.install", "name", "Ddriver", "path", "c:\\windows\\temp\\b.exe", "file", "%w\\temp\\b.exe", NULL);
    world_finding(r, "service-install", SEVERITY_CRITICAL, 95);
    world_add_file(w, "DB1", "System.evtx", a, 0, UINT64_MAX);
    suyuan_case *c = world_case(w);
    bool by_hand = false, with_command = false;
    for (size_t i = 0; i < c->plan_count; i++) {
        const plan_step *s = &c->plan[i];
        by_hand = by_hand || (s->target && strchr(s->target, '"') && s->command_count == 0);
        with_command = with_command || (s->target && strcmp(s->target, "Ddriver") == 0 && s->command_count > 0);
        for (size_t k = 0; k < s->command_count; k++)
            assert_null(strstr(s->commands[k].command, "del c:"));
        if (i > 0 && c->plan[i - 1].host == s->host && strcmp(c->plan[i - 1].phase, "persistence") == 0)
            assert_string_not_equal(s->phase, "stop");
    }
    assert_true(by_hand && with_command);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guessed_password_is_the_way_in_and_the_next_host_is_reached_from_the_first),
        cmocka_unit_test(without_a_record_that_names_another_host_no_edge_is_drawn),
        cmocka_unit_test(a_first_host_that_was_entered_from_outside_is_as_sure_as_its_entry),
        cmocka_unit_test(who_comes_anew_from_elsewhere_is_another_story),
        cmocka_unit_test(who_comes_back_with_what_he_holds_is_the_same_story),
        cmocka_unit_test(unrelated_stories_have_no_common_first_host),
        cmocka_unit_test(the_desktop_names_the_client_that_the_logon_left_empty),
        cmocka_unit_test(services_that_only_ran_are_candidates),
        cmocka_unit_test(a_service_that_ran_with_the_logon_carried_the_step),
        cmocka_unit_test(a_host_that_was_not_collected_may_have_been_first),
        cmocka_unit_test(when_the_log_begins_after_the_act_the_way_in_is_undecided),
        cmocka_unit_test(a_name_that_nobody_reads_is_cut_in_the_sentence_alone),
        cmocka_unit_test(names_that_a_shell_would_read_give_no_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
