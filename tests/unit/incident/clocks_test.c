#include "world.h"

/* A (10.0.0.1) attacks B, C at 02:00 and 03:00; its own records begin to tell of hostile code at `own`. */
static suyuan_case *attacked(world **out, const char *own, int targets)
{
    world *w = *out = world_new();
    static const char *const names[] = { "A", "B", "C" };
    for (int h = 0; h <= targets; h++) {
        world_log *log = world_add_log(w, "Security", 1);
        moment hit = h == 0 ? at(own) : at("2020-05-11T01:00:00Z") + (moment)h * MOMENT_HOUR;
        const char *admin = arena_printf(&w->mem, "%s\\Administrator", names[h]);
        world_fill(log, names[h], at("2020-05-01T00:00:00Z"), at("2020-05-11T00:30:00Z"), 2000);
        if (h > 0)
            world_count(log, names[h], hit - 10 * MOMENT_MINUTE, MOMENT_SECOND, 500, "logon.failure", "protocol", "network", "type", "3", "reason", "0xc000006a", "account",
                        admin, "source", "10.0.0.1", NULL);
        if (h > 0)
            world_act(log, names[h], hit, "logon.session", "protocol", "network", "type", "3", "account", admin, "source", "10.0.0.1", "logon", "0x4f2a1", NULL);
        world_finding(world_act(log, names[h], hit + 5 * MOMENT_SECOND, "process.start", "image", "C:\\Windows\\Temp\\svchost.exe", "account", admin, "logon", "0x4f2a1", NULL),
                      "fake-system-process", SEVERITY_CRITICAL, 95);
        world_fill(log, names[h], hit + MOMENT_HOUR, at("2020-05-14T00:00:00Z"), 500);
        const char *file = arena_printf(&w->mem, "%s.evtx", names[h]);
        world_add_file(w, names[h], file, log, 0, UINT64_MAX);
        world_claims(w, file, names[h], "address", arena_printf(&w->mem, "10.0.0.%d", h + 1), "decisive", at("2020-05-01T00:00:00Z"), at("2020-05-14T00:00:00Z"));
    }
    return world_case(w);
}

static bool noted(const host *h, const char *id)
{
    for (size_t i = 0; i < h->note_count; i++)
        if (strcmp(h->notes[i].id, id) == 0)
            return true;
    return false;
}

static void a_clock_that_two_hosts_contradict_is_put_right(void **state)
{
    (void)state;
    world *w;
    suyuan_case *c = attacked(&w, "2020-05-11T04:30:00Z", 2);
    const host *a = host_called(c, "A");
    assert_true(noted(a, "host.clock-ahead"));
    assert_true(a->clock_high >= 2 * 3600);
    assert_non_null(c->first);
    assert_string_equal(c->hosts[c->first->host].names[0], "A");
    assert_int_equal(c->spread_count, 2);
    world_free(w);
}

static void a_clock_that_nobody_contradicts_stays(void **state)
{
    (void)state;
    world *w;
    suyuan_case *c = attacked(&w, "2020-05-11T01:30:00Z", 2);
    for (size_t i = 0; i < c->host_count; i++) {
        assert_int_equal(c->hosts[i].note_count, 0);
        assert_int_equal(c->hosts[i].clock_high, 300);
    }
    assert_string_equal(c->hosts[c->first->host].names[0], "A");
    world_free(w);
}

static void one_contradiction_alone_moves_no_clock(void **state)
{
    (void)state;
    world *w;
    suyuan_case *c = attacked(&w, "2020-05-11T04:30:00Z", 1);
    assert_false(noted(host_called(c, "A"), "host.clock-ahead"));
    assert_false(noted(host_called(c, "B"), "host.clock-behind"));
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_that_two_hosts_contradict_is_put_right),
        cmocka_unit_test(a_clock_that_nobody_contradicts_stays),
        cmocka_unit_test(one_contradiction_alone_moves_no_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
