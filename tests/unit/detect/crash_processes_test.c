/* What the processes in a dump's memory are judged as: those of dumps that range writes. */
#include "detect/artifact.h"
#include "range/dump_write.h"
#include "text/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static const moment crashed = 132336438100000000ull;
static arena kept;
static const detect_run *run;

typedef struct {
    arena mem;
    dump_plan plan;
    uint8_t *bytes; size_t len;
    vec acts;                                /* act: process.start and remote.exec */
    const char *computer;
} told;

static int64_t read_bytes(void *context, uint64_t at, void *out, size_t len)
{
    const told *t = context;
    if (at >= t->len)
        return 0;
    size_t n = t->len - at < len ? (size_t)(t->len - at) : len;
    memcpy(out, t->bytes + at, n);
    return (int64_t)n;
}

static void take_act(void *context, const act *a)
{
    told *t = context;
    if (strcmp(a->kind, "process.start") != 0 && strcmp(a->kind, "remote.exec") != 0)
        return;
    act copy = *a;
    copy.facts = arena_array(&t->mem, a->fact_count + 1, sizeof *copy.facts);
    for (size_t i = 0; i < a->fact_count; i++)
        copy.facts[i] = (fact){ arena_str(&t->mem, a->facts[i].name), arena_str(&t->mem, a->facts[i].value) };
    copy.finding = arena_str(&t->mem, a->finding);
    copy.kind = arena_str(&t->mem, a->kind);
    assert_true(a->record != 0);
    if (a->finding) {
        assert_true(text_known(arena_printf(&t->mem, "%s.title", a->text ? a->text : a->finding)));
        assert_true(text_known(arena_printf(&t->mem, "%s.text", a->text ? a->text : a->finding)));
    }
    *(act *)vec_push(&t->acts) = copy;
}

static void take_claim(void *context, const identity_claim *c)
{
    told *t = context;
    if (strcmp(c->key, "name") == 0)
        t->computer = arena_str(&t->mem, c->value);
}

static void begin(told *t, dump_machine machine, dump_kind kind)
{
    *t = (told){ 0 };
    arena_init(&t->mem, 0);
    vec_init(&t->acts, sizeof(act));
    dump_plan_new(&t->mem, machine, kind, NT_61, crashed, &t->plan);
}

static const char *windows(told *t, const char *rest) { return arena_printf(&t->mem, "\\Device\\HarddiskVolume1\\Windows\\%s", rest); }

static void ask(told *t)
{
    char path[] = "/tmp/suyuan-dump-XXXXXX";
    close(mkstemp(path));
    dump_place(&t->plan);
    assert_true(status_is_ok(dump_write(&t->plan, path)));
    FILE *f = fopen(path, "rb");
    t->bytes = malloc(8 << 20);
    t->len = fread(t->bytes, 1, 8 << 20, f);
    fclose(f);
    remove(path);
    problems noted;
    problems_init(&noted, &t->mem);
    detect_artifact *a = detect_artifact_new(run, "0123456789abcdef", "MEMORY.DMP", "crash-dump");
    assert_true(status_is_ok(detect_artifact_dump(a, (source){ t, read_bytes, t->len }, false, &noted)));
    detect_sink sink = { t, take_act, NULL, NULL, take_claim, NULL };
    detect_artifact_end(a, &sink);
}

static void end(told *t)
{
    vec_done(&t->acts);
    dump_plan_done(&t->plan);
    free(t->bytes);
    arena_done(&t->mem);
}

static const char *fact_of(const act *a, const char *name)
{
    for (size_t i = 0; a && i < a->fact_count; i++)
        if (strcmp(a->facts[i].name, name) == 0)
            return a->facts[i].value;
    return "";
}

static const act *of_pid(const told *t, const char *pid)
{
    for (size_t i = 0; i < t->acts.count; i++) {
        const act *a = vec_at(&t->acts, i);
        if (strcmp(fact_of(a, "pid"), pid) == 0)
            return a;
    }
    return NULL;
}

static void a_healthy_server_gives_nothing(void **state)
{
    (void)state;
    for (int machine = DUMP_X86; machine <= DUMP_X64; machine++) {
        for (int kind = DUMP_COMPLETE; kind <= DUMP_KERNEL; kind++) {
            told t;
            begin(&t, (dump_machine)machine, (dump_kind)kind);
            ask(&t);
            assert_int_equal(t.acts.count, 0);
            end(&t);
        }
    }
}

static void a_fake_system_process_stands_between_its_parents_and_children(void **state)
{
    (void)state;
    for (int machine = DUMP_X86; machine <= DUMP_X64; machine++) {
        for (int kind = DUMP_COMPLETE; kind <= DUMP_KERNEL; kind++) {    /* a kernel dump has no command lines, and paths all the same */
            told t;
            bool user = kind == DUMP_COMPLETE;
            begin(&t, (dump_machine)machine, (dump_kind)kind);
            t.plan.computer = "DB-01";
            dump_add_process(&t.plan, 2212, 604, windows(&t, "Temp\\svchost.exe"), "C:\\Windows\\Temp\\svchost.exe", crashed - MOMENT_HOUR);
            dump_add_process(&t.plan, 2300, 2212, windows(&t, "System32\\PING.EXE"), "ping 10.0.0.9", crashed - MOMENT_MINUTE);
            ask(&t);
            const act *fake = of_pid(&t, "2212"), *child = of_pid(&t, "2300"), *above = of_pid(&t, "604");
            assert_non_null(fake);
            assert_string_equal(fake->finding, "fake-system-process");
            assert_int_equal(fake->time, crashed - MOMENT_HOUR);
            assert_string_equal(fact_of(fake, "role"), "suspect");
            assert_string_equal(fact_of(fake, "basis"), "memory-dump");
            assert_string_equal(fact_of(fake, "image"), "C:\\Windows\\Temp\\svchost.exe");
            assert_string_equal(fact_of(fake, "command"), user ? "C:\\Windows\\Temp\\svchost.exe" : "");
            assert_string_equal(fact_of(child, "role"), "descendant");
            assert_string_equal(fact_of(child, "parent"), "C:\\Windows\\Temp\\svchost.exe");
            assert_null(child->finding);
            assert_string_equal(fact_of(above, "role"), "ancestor");
            assert_non_null(of_pid(&t, "488"));
            assert_null(of_pid(&t, "900"));
            if (user)
                assert_string_equal(t.computer, "DB-01");
            else
                assert_null(t.computer);
            end(&t);
        }
    }
}

static void a_miner_is_known_by_its_command_line_and_its_password_is_masked(void **state)
{
    (void)state;
    told t;
    begin(&t, DUMP_X64, DUMP_COMPLETE);
    dump_add_process(&t.plan, 3000, 676, "\\Device\\HarddiskVolume1\\ProgramData\\run.exe", "C:\\ProgramData\\run.exe -o stratum+tcp://pool.minexmr.com:4444 -u 44abc --pass S3cret!", crashed - MOMENT_HOUR);
    dump_add_process(&t.plan, 3004, 3000, windows(&t, "System32\\net.exe"), "net user guest Str0ng.Secret /add", crashed - MOMENT_HOUR);
    ask(&t);
    const act *miner = of_pid(&t, "3000"), *net = of_pid(&t, "3004");
    assert_non_null(miner);
    assert_string_equal(miner->finding, "miner");
    assert_null(strstr(fact_of(miner, "command"), "S3cret!"));
    assert_non_null(net);
    assert_non_null(strstr(fact_of(net, "command"), "net user guest ***"));
    for (size_t i = 0; i < t.acts.count; i++) {
        const act *a = vec_at(&t.acts, i);
        for (size_t k = 0; k < a->fact_count; k++)
            assert_true(!strstr(a->facts[k].value, "Str0ng.Secret") && !strstr(a->facts[k].value, "S3cret!"));
    }
    end(&t);
}

/* The number of its parent is another's by now, who started later: that one is not its parent. */
static void a_number_used_again_makes_no_parent(void **state)
{
    (void)state;
    told t;
    begin(&t, DUMP_X64, DUMP_COMPLETE);
    dump_add_process(&t.plan, 3000, 4000, windows(&t, "Temp\\lsass.exe"), "lsass.exe", crashed - MOMENT_HOUR);
    dump_add_process(&t.plan, 4000, 488, windows(&t, "System32\\vds.exe"), "vds.exe", crashed - MOMENT_MINUTE);
    ask(&t);
    const act *fake = of_pid(&t, "3000");
    assert_non_null(fake);
    assert_string_equal(fact_of(fake, "parent"), "");
    assert_null(of_pid(&t, "4000"));
    end(&t);
}

static int set_up(void **state)
{
    (void)state;
    profile *facts;
    detect_run *made;
    arena_init(&kept, 0);
    if (!status_is_ok(profile_open(NULL, &kept, &facts)) || !status_is_ok(detect_run_new(facts, &kept, &made)))
        return 1;
    run = made;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_done(&kept);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_healthy_server_gives_nothing),
        cmocka_unit_test(a_fake_system_process_stands_between_its_parents_and_children),
        cmocka_unit_test(a_miner_is_known_by_its_command_line_and_its_password_is_masked),
        cmocka_unit_test(a_number_used_again_makes_no_parent),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
