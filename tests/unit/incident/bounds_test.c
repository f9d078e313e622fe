/* A digest is as hostile as any file: whatever its lines say, joining four times as many costs about four times as much. */
#include "world.h"

#include <math.h>
#include <time.h>

typedef void shape(world *w, size_t n);

static const char *number(world *w, const char *before, size_t i) { return arena_printf(&w->mem, "%s%06zu", before, i); }
static const char *address(world *w, unsigned first, size_t i) { return arena_printf(&w->mem, "%u.%zu.%zu.%zu", first, i / 62500 % 250, i / 250 % 250, i % 250 + 1); }
static moment begin(void) { return at("2020-05-11T00:00:00Z"); }

static world_log *one_log(world *w)
{
    return world_add_log(w, "Security", 1);
}

static void done(world *w, const world_log *log, const char *name) { world_add_file(w, "x", name, log, 0, UINT64_MAX); }

/* One finding, ever by another account. */
static void one_finding_of_many_accounts(world *w, size_t n)
{
    world_log *log = one_log(w);
    for (size_t i = 0; i < n; i++)
        world_finding(world_act(log, "DB1", begin() + i * MOMENT_SECOND, "service.install", "name", "x", "path", "y", "account", number(w, "a", i), NULL), "service-install", SEVERITY_HIGH, 90);
    done(w, log, "Security.evtx");
}

static void many_findings(world *w, size_t n)
{
    world_log *log = one_log(w);
    for (size_t i = 0; i < n; i++)
        world_finding(world_act(log, "DB1", begin() + i * MOMENT_SECOND, "service.install", "name", number(w, "x", i), "path", "y", NULL), "service-install", SEVERITY_HIGH, 90);
    done(w, log, "Security.evtx");
}

static void as_many_hosts_as_findings(world *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        world_log *log = one_log(w);
        world_finding(world_act(log, number(w, "H", i), begin() + i * MOMENT_SECOND, "service.install", "name", number(w, "x", i), "path", "y", NULL), "service-install", SEVERITY_HIGH, 90);
        done(w, log, number(w, "H", i));
    }
}

static void a_start_of_the_system_between_all_processes(world *w, size_t n)
{
    world_log *log = one_log(w);
    for (size_t i = 0; i < n; i++) {
        if (i % 2)
            world_act(log, "DB1", begin() + i * MOMENT_SECOND, "boot.start", NULL);
        else
            world_finding(world_act(log, "DB1", begin() + i * MOMENT_SECOND, "process.start", "pid", "1", "parent_pid", "1", "image", number(w, "c:\\", i), NULL), "fake-system-process", SEVERITY_HIGH, 90);
    }
    done(w, log, "Security.evtx");
}

static void sessions_and_what_ran(world *w, size_t n)
{
    world_log *log = one_log(w);
    for (size_t i = 0; i < n; i++) {
        if (i % 2)
            world_act(log, "DB1", begin() + i * MOMENT_SECOND, "logon.session", "account", number(w, "a", i), "source", address(w, 10, i), "type", "3", "logon", number(w, "0x", i), NULL);
        else
            world_finding(world_act(log, "DB1", begin() + i * MOMENT_SECOND, "service.install", "name", number(w, "x", i), "path", "y", "logon", number(w, "0x", i), NULL), "service-install", SEVERITY_HIGH, 90);
    }
    done(w, log, "Security.evtx");
}

static void logons_from_everywhere(world *w, size_t n)
{
    world_log *log = one_log(w);
    for (size_t i = 0; i < n; i++)
        world_act(log, "DB1", begin() + i * MOMENT_HOUR, "logon.session", "account", number(w, "a", i), "source", address(w, 203, i), "type", "3", "logon", number(w, "0x", i), NULL);
    done(w, log, "Security.evtx");
}

static void many_guessers(world *w, size_t n)
{
    world_log *log = one_log(w);
    for (size_t i = 0; i < n / 8; i++) {
        world_count(log, "DB1", begin() + i * MOMENT_MINUTE, MOMENT_SECOND, 6, "logon.failure", "protocol", "smb", "type", "3", "reason", "0xc000006a", "account", number(w, "a", i % 50), "source", address(w, 10, i), NULL);
        world_count(log, "DB1", begin() + i * MOMENT_MINUTE + 30 * MOMENT_SECOND, MOMENT_SECOND, 2, "logon.success", "protocol", "smb", "type", "3", "account", number(w, "a", i % 50), "source", address(w, 10, i), NULL);
    }
    done(w, log, "Security.evtx");
}

static void a_chain_of_hosts(world *w, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        world_log *log = one_log(w);
        const char *name = number(w, "H", i);
        world_act(log, name, begin() + i * MOMENT_MINUTE, "logon.session", "account", "a", "source", address(w, 10, i), "type", "3", "logon", "0x77", NULL);
        world_finding(world_act(log, name, begin() + i * MOMENT_MINUTE + MOMENT_SECOND, "service.install", "name", "x", "path", "y", "logon", "0x77", NULL), "remote-execution", SEVERITY_HIGH, 90);
        done(w, log, name);
        world_claims(w, name, name, "address", address(w, 10, i + 1), "decisive", begin(), begin() + 365 * MOMENT_DAY);
    }
}

static void stops_without_end(world *w, size_t n)
{
    world_log *log = world_add_log(w, "System", 1);
    for (size_t i = 0; i < n; i++) {
        if (i % 2)
            world_act(log, "DB1", begin() + i * MOMENT_HOUR, "crash.bugcheck", "code", "0x0000007e", NULL);
        else
            world_act(log, "DB1", begin() + i * MOMENT_HOUR, "boot.start", NULL);
    }
    done(w, log, "System.evtx");
}

static void one_address_of_many_hosts(world *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        world_log *log = one_log(w);
        world_act(log, number(w, "H", i), begin() + i * MOMENT_SECOND, "logon.session", "account", "a", "source", "10.0.0.1", "type", "3", NULL);
        done(w, log, number(w, "H", i));
        world_claims(w, number(w, "H", i), number(w, "H", i), "address", "10.0.0.1", "decisive", begin(), begin() + 365 * MOMENT_DAY);
    }
}

static double cost(shape *make, size_t n)
{
    world *w = world_new();
    make(w, n);
    size_t *all = arena_array(&w->mem, w->files.count, sizeof *all);
    for (size_t i = 0; i < w->files.count; i++)
        all[i] = i;
    digest *d = world_digest(w, "x", all, w->files.count);
    clock_t from = clock();
    world_join(w, &d, 1);
    double took = (double)(clock() - from) / CLOCKS_PER_SEC;
    digest_free(d);
    world_free(w);
    return took;
}

/* Work that grows with the square takes sixteen times as long for four times the lines, and more with what caches do. What is measured
 * is the processor's time, the shorter of two runs; a busy machine may be given a third and a fourth. */
static void four_times_the_lines_cost_about_four_times(void **state)
{
    static const struct { const char *name; shape *make; } shapes[] = {
        { "one finding, ever another account", one_finding_of_many_accounts }, { "findings", many_findings }, { "hosts", as_many_hosts_as_findings },
        { "starts of the system", a_start_of_the_system_between_all_processes }, { "sessions", sessions_and_what_ran }, { "logons from everywhere", logons_from_everywhere },
        { "guessers", many_guessers }, { "a chain of hosts", a_chain_of_hosts }, { "stops", stops_without_end }, { "one address", one_address_of_many_hosts },
    };
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        double one = cost(shapes[i].make, 1000), four = cost(shapes[i].make, 4000);
        for (int more = 0; more < 4 && (more < 1 || four > 11 * one + 0.05); more++) {
            one = fmin(one, cost(shapes[i].make, 1000));
            four = fmin(four, cost(shapes[i].make, 4000));
        }
        print_message("%-34s %.3f s, %.3f s: %.1f\n", shapes[i].name, one, four, four / one);
        assert_true(four < 13 * one + 0.1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(four_times_the_lines_cost_about_four_times) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
