#include "world.h"

#include <stdlib.h>

/* Three hosts, one of them renamed, with copies of logs, a crash each, guessing and what follows it. */
static world *mixed_world(uint64_t seed)
{
    world *w = world_new();
    static const char *const names[] = { "DB1", "DB2", "WEB" };
    for (int h = 0; h < 3; h++) {
        const char *name = names[h], *old = h == 2 ? "WIN-0A1B2C3D4E5" : name, *unit = arena_printf(&w->mem, "unit%d", h);
        moment day = at("2020-05-11T00:00:00Z") + seed % 97 * MOMENT_MINUTE;
        world_log *security = world_add_log(w, "Security", 1), *system = world_add_log(w, "System", 1);
        world_fill(security, old, day - 10 * MOMENT_DAY, day - 5 * MOMENT_DAY, 1500);
        world_fill(security, name, day - 5 * MOMENT_DAY + MOMENT_HOUR, day, 2500 + seed % 700);
        world_fill(system, old, day - 10 * MOMENT_DAY, day - 5 * MOMENT_DAY, 300);
        world_fill(system, name, day - 5 * MOMENT_DAY + MOMENT_HOUR, day, 300);
        world_count(security, name, day + MOMENT_HOUR, MOMENT_SECOND, 400 + h, "logon.failure", "protocol", "rdp", "type", "10", "reason", "0xc000006a",
                    "account", arena_printf(&w->mem, "%s\\Administrator", name), "source", h ? "10.0.0.1" : "203.0.113.9", NULL);
        world_act(security, name, day + MOMENT_HOUR + 410 * MOMENT_SECOND, "logon.session", "protocol", "rdp", "type", "10", "account",
                  arena_printf(&w->mem, "%s\\Administrator", name), "source", h ? "10.0.0.1" : "203.0.113.9", "logon", "0x4f2a1", NULL);
        world_finding(world_act(system, name, day + 2 * MOMENT_HOUR, "service.install", "name", "Xpuq", "path", "C:\\Windows\\ZVDEcBZe.exe", "looks", "random-name", NULL),
                      "service-install", SEVERITY_HIGH, 90);
        world_act(system, name, day + 3 * MOMENT_HOUR, "crash.unexpected", "basis", "binary", "stopped", "2020-05-11T02:55:10Z", NULL);
        world_act(system, name, day + 3 * MOMENT_HOUR + MOMENT_MINUTE, "crash.bugcheck", "code", "0x00000050", NULL);
        world_add_file(w, unit, arena_printf(&w->mem, "%d/Security.evtx", h), security, 900, UINT64_MAX);
        world_add_file(w, unit, arena_printf(&w->mem, "%d/System.evtx", h), system, 0, UINT64_MAX);
        world_add_file(w, unit, arena_printf(&w->mem, "%d/old/Security.evtx", h), security, 0, 3000 + seed % 500);
        static const char *const kinds[] = { "SYSTEM", "SOFTWARE", "NTUSER" };
        for (int k = 0; k < 3; k++) {
            world_log *hive = world_add_hive(w, kinds[k]);
            const char *path = arena_printf(&w->mem, "%d/%s", h, kinds[k]);
            for (int n = 0; n < 5; n++)
                world_act(hive, "", day - n * MOMENT_DAY, "autostart", "point", "run", "key", "Run", "value", arena_printf(&w->mem, "v%d", n),
                          "command", "C:\\x.exe", "verdict", n ? "known" : "hostile", NULL);
            world_add_file(w, unit, path, hive, 0, UINT64_MAX);
            if (k == 0)
                world_claims(w, path, "", "name", name, "strong", day, day);
        }
        world_claims(w, arena_printf(&w->mem, "%d/System.evtx", h), name, "address", arena_printf(&w->mem, "10.0.0.%d", h + 1), "strong", day, day);
    }
    return w;
}

static uint64_t next(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15ull;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    return z ^ (z >> 27);
}

static const char *json_of(world *w, digest **digests, size_t count)
{
    return world_json(w, world_join(w, digests, count));
}

static void any_split_in_any_order_gives_the_same_case(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        uint64_t random = seed;
        world *w = mixed_world(seed);
        size_t files[32], n = w->files.count;
        digest *digests[32];
        for (size_t i = 0; i < n; i++)
            files[i] = i;
        digest *whole = world_digest(w, "all", files, n);
        const char *once = json_of(w, &whole, 1);
        for (size_t i = n; i > 1; i--) {
            size_t k = next(&random) % i, was = files[i - 1];
            files[i - 1] = files[k];
            files[k] = was;
        }
        size_t count = 0;
        for (size_t from = 0; from < n;) {
            size_t many = 1 + next(&random) % (n - from);
            digests[count] = world_digest(w, arena_printf(&w->mem, "part%zu", count), files + from, many);
            from += many;
            count++;
        }
        assert_string_equal(once, json_of(w, digests, count));
        digests[count++] = whole;                    /* and all of it a second time */
        assert_string_equal(once, json_of(w, digests, count));
        for (size_t i = 0; i < count; i++)
            digest_free(digests[i]);
        world_free(w);
    }
}

static void digests_of_unequal_programs_are_refused(void **state)
{
    (void)state;
    world *w = world_new();
    digest_head a = { .unit = "a", .tool = "0.1.0", .profiles = "p", .rules = "r", .options = "o" }, b = a;
    b.profiles = "q";
    digest *digests[] = { digest_new(&a), digest_new(&b) };
    suyuan_case *c = NULL;
    status s = incident_join(&w->mem, digests, 2, NULL, w->facts, &c);
    assert_int_equal(s.code, STATUS_BAD_INPUT);
    assert_non_null(strstr(s.words, "profiles"));
    digest_free(digests[0]);
    digest_free(digests[1]);
    world_free(w);
}

static void no_evidence_gives_an_empty_case(void **state)
{
    (void)state;
    world *w = world_new();
    suyuan_case *c = NULL;
    assert_true(status_is_ok(incident_join(&w->mem, NULL, 0, NULL, w->facts, &c)));
    assert_int_equal(c->host_count, 0);
    assert_int_equal(c->finding_count, 0);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_split_in_any_order_gives_the_same_case),
        cmocka_unit_test(digests_of_unequal_programs_are_refused),
        cmocka_unit_test(no_evidence_gives_an_empty_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
