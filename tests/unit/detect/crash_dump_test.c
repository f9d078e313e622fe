/* What is noted of crash dumps: the module of the fault, what stands beside it, which driver does not belong there; and whose memory a
 * program's dump is. */
#include "cmocka_all.h"
#include "detect/crash_dump.h"
#include "made_dump.h"
#include "text/text.h"

static arena kept;
static const detect_run *run;

typedef struct { arena mem; buf b; vec acts; problems noted; } told;

static int64_t read_bytes(void *context, uint64_t at, void *out, size_t len)
{
    const buf *b = context;
    if (at >= b->len)
        return 0;
    size_t n = b->len - at < len ? (size_t)(b->len - at) : len;
    memcpy(out, b->at + at, n);
    return (int64_t)n;
}

static int once(void **state)
{
    (void)state;
    profile *facts;
    detect_run *made;
    arena_init(&kept, 0);
    assert_true(status_is_ok(profile_open(NULL, &kept, &facts)));
    assert_true(status_is_ok(detect_run_new(facts, &kept, &made)));
    run = made;
    return 0;
}

static int at_end(void **state)
{
    (void)state;
    arena_done(&kept);
    return 0;
}

static int setup(void **state)
{
    static told t;
    t = (told){ 0 };
    arena_init(&t.mem, 0);
    buf_init(&t.b, 1 << 20);
    vec_init(&t.acts, sizeof(act));
    problems_init(&t.noted, &t.mem);
    *state = &t;
    return 0;
}

static int teardown(void **state)
{
    told *t = *state;
    vec_done(&t->acts);
    buf_done(&t->b);
    arena_done(&t->mem);
    return 0;
}

static void take_act(void *context, const act *a)
{
    told *t = context;
    act copy = *a;
    copy.facts = arena_array(&t->mem, a->fact_count + 1, sizeof *copy.facts);
    for (size_t i = 0; i < a->fact_count; i++)
        copy.facts[i] = (fact){ arena_str(&t->mem, a->facts[i].name), arena_str(&t->mem, a->facts[i].value) };
    copy.kind = arena_str(&t->mem, a->kind);
    copy.finding = arena_str(&t->mem, a->finding);
    copy.text = arena_str(&t->mem, a->text);
    *(act *)vec_push(&t->acts) = copy;
}

static void read_dump(told *t, bool program)
{
    detect_artifact *a = detect_artifact_new(run, "0123456789abcdef", "C/Windows/MEMORY.DMP", "crash-dump");
    status s = detect_artifact_dump(a, (source){ &t->b, read_bytes, t->b.len }, program, &t->noted);
    detect_artifact_end(a, &(detect_sink){ .context = t, .act = take_act });
    assert_true(status_is_ok(s));
}

static const act *the(const told *t, const char *kind)
{
    const act *found = NULL;
    for (size_t i = 0; i < t->acts.count; i++) {
        const act *a = vec_at(&t->acts, i);
        if (strcmp(a->kind, kind) != 0)
            continue;
        if (found)
            fail_msg("more than one %s", kind);
        found = a;
    }
    return found;
}

static void has(const act *a, const char *name, const char *value)
{
    assert_non_null(a);
    if (strcmp(note_fact(a->facts, a->fact_count, name), value) != 0)
        fail_msg("%s is '%s', not '%s'", name, note_fact(a->facts, a->fact_count, name), value);
}

static void a_fault_in_a_driver_from_a_temporary_folder_is_noted_with_its_callers(void **state)
{
    told *t = *state;
    made_small(&t->b, 0x8664);
    read_dump(t, false);
    const act *a = the(t, "crash.dump"), *d = the(t, "crash.driver");
    has(a, "code", "0x0000007e");
    has(a, "exception", "0xc0000005");
    has(a, "module", "WinRing0x64.sys");
    has(a, "address_from", "parameter");
    has(a, "other", "WinRing0x64.sys");
    has(a, "callers", "WinRing0x64.sys,srv.sys,ntoskrnl.exe");
    has(a, "process", "sqlservr.exe");
    has(a, "pid", "4711");
    has(a, "uptime", "3600");
    has(a, "signs", "temp-driver unknown-driver known-driver");
    has(a, "module_signs", "temp-driver unknown-driver known-driver");
    assert_true(a->time == 132336438100000000ull);
    has(d, "path", "\\??\\C:\\Windows\\Temp\\WinRing0x64.sys");
    has(d, "known", "winring0x64.sys");
}

static void a_fault_in_what_serves_the_network_is_a_sign(void **state)
{
    told *t = *state;
    made_place p = made_small(&t->b, 0x8664);
    set32(&t->b, 0x38, 0xd1);
    set64(&t->b, 0x40 + 24, p.other + 0x500);
    read_dump(t, false);
    has(the(t, "crash.dump"), "module", "srv.sys");
    has(the(t, "crash.dump"), "network", "smb");
    assert_non_null(strstr(note_fact(the(t, "crash.dump")->facts, the(t, "crash.dump")->fact_count, "signs"), "network-driver"));
}

static void code_in_no_module_is_a_sign_and_has_no_module(void **state)
{
    told *t = *state;
    made_place p = made_small(&t->b, 0x8664);
    set32(&t->b, 0x38, 0xd1);
    set64(&t->b, 0x40 + 24, p.data + 0x77);
    read_dump(t, false);
    has(the(t, "crash.dump"), "module", "");
    assert_non_null(strstr(note_fact(the(t, "crash.dump")->facts, the(t, "crash.dump")->fact_count, "signs"), "outside-modules"));
}

static void without_a_list_of_drivers_nothing_is_said_to_lie_outside(void **state)
{
    told *t = *state;
    made_small(&t->b, 0x8664);
    set32(&t->b, 0x2034, 0);
    read_dump(t, false);
    has(the(t, "crash.dump"), "signs", "");
    has(the(t, "crash.dump"), "drivers", "");
    assert_null(the(t, "crash.driver"));
}

static void an_ordinary_driver_is_no_act(void **state)
{
    told *t = *state;
    made_place p = made_small(&t->b, 0x8664);
    size_t string = 0x2000 + MADE_STRINGS + 0x200;
    made_driver(&t->b, &p, 1, p.driver, 0x8000, "\\SystemRoot\\System32\\drivers\\nvlddmkm.sys", &string);
    read_dump(t, false);
    assert_null(the(t, "crash.driver"));
    has(the(t, "crash.dump"), "signs", "");
    has(the(t, "crash.dump"), "other", "nvlddmkm.sys");
}

static void lsass_that_ran_on_was_dumped_by_somebody(void **state)
{
    told *t = *state;
    made_program(&t->b, false);
    read_dump(t, true);
    const act *a = the(t, "crash.program");
    has(a, "lsass", "yes");
    has(a, "pid", "520");
    has(a, "exception", "");
    assert_string_equal(a->finding, "credential-theft");
    assert_int_equal(a->severity, SEVERITY_HIGH);
    assert_true(text_known(arena_printf(&t->mem, "%s.title", a->text)) && text_known(arena_printf(&t->mem, "%s.text", a->text)));
}

static void lsass_that_failed_may_have_been_dumped_by_windows(void **state)
{
    told *t = *state;
    made_program(&t->b, true);
    read_dump(t, true);
    const act *a = the(t, "crash.program");
    has(a, "exception", "0xc0000005");
    has(a, "module", "lsasrv.dll");
    assert_int_equal(a->severity, SEVERITY_MEDIUM);
    assert_true(text_known(arena_printf(&t->mem, "%s.title", a->text)) && text_known(arena_printf(&t->mem, "%s.text", a->text)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_fault_in_a_driver_from_a_temporary_folder_is_noted_with_its_callers, setup, teardown),
        cmocka_unit_test_setup_teardown(a_fault_in_what_serves_the_network_is_a_sign, setup, teardown),
        cmocka_unit_test_setup_teardown(code_in_no_module_is_a_sign_and_has_no_module, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_list_of_drivers_nothing_is_said_to_lie_outside, setup, teardown),
        cmocka_unit_test_setup_teardown(an_ordinary_driver_is_no_act, setup, teardown),
        cmocka_unit_test_setup_teardown(lsass_that_ran_on_was_dumped_by_somebody, setup, teardown),
        cmocka_unit_test_setup_teardown(lsass_that_failed_may_have_been_dumped_by_windows, setup, teardown),
    };
    return cmocka_run_group_tests(tests, once, at_end);
}
