/* Small dumps and user minidumps, made from the notes on their formats: what is read of whole ones, and what damage costs. */
#include "cmocka_all.h"
#include "format/crashdump.h"
#include "format/minidump.h"
#include "made_dump.h"

typedef struct { arena mem; problems noted; buf b; made_place at; crashdump *d; minidump *m; } ground;

static int64_t read_bytes(void *context, uint64_t at, void *out, size_t len)
{
    const buf *b = context;
    if (at >= b->len)
        return 0;
    size_t n = b->len - at < len ? (size_t)(b->len - at) : len;
    memcpy(out, b->at + at, n);
    return (int64_t)n;
}

static int setup(void **state)
{
    static ground g;
    g = (ground){ 0 };
    arena_init(&g.mem, 0);
    problems_init(&g.noted, &g.mem);
    buf_init(&g.b, 1 << 20);
    *state = &g;
    return 0;
}

static int teardown(void **state)
{
    ground *g = *state;
    buf_done(&g->b);
    arena_done(&g->mem);
    return 0;
}

static status open_dump(ground *g) { return crashdump_open(&g->mem, (source){ &g->b, read_bytes, g->b.len }, &g->noted, &g->d); }
static status open_program(ground *g) { return minidump_open(&g->mem, (source){ &g->b, read_bytes, g->b.len }, &g->noted, &g->m); }

static void make(ground *g, unsigned machine)
{
    g->at = made_small(&g->b, machine);
    assert_true(status_is_ok(open_dump(g)));
}

static const crashdump_layout layout_wide = { .name = "6.1", .build_from = 7600, .build_to = 7601, .wide = true, .pid = 0x180, .image = 0x2e0, .parent = 0x290, .created = 0x168, .table = 0x28 };
static const crashdump_layout layout_narrow = { .name = "6.1", .build_from = 7600, .build_to = 7601, .pid = 0xb4, .image = 0x16c, .parent = 0x140, .created = 0xa0, .table = 0x18 };

/* What every whole small dump gives, whatever the machine. */
static void is_whole(ground *g, crashdump_machine machine)
{
    const crashdump_header *h = crashdump_about(g->d);
    assert_int_equal(h->machine, machine);
    assert_int_equal(h->type, CRASHDUMP_TRIAGE);
    assert_int_equal(h->os_build, 7601);
    assert_int_equal(h->code_raw, 0x1000007e);
    assert_int_equal(h->code, 0x7e);
    assert_true(h->parameters[1] == g->at.driver + 0x123);
    assert_true(h->crashed == 132336438100000000ull && h->uptime_known && h->uptime == 36000000000ull);
    assert_null(h->comment);
    assert_false(h->product_known);

    const crashdump_module *m;
    assert_int_equal(crashdump_modules(g->d, &m), MADE_DRIVER_COUNT);
    assert_string_equal(m[1].name, "WinRing0x64.sys");
    assert_string_equal(m[1].path, "\\??\\C:\\Windows\\Temp\\WinRing0x64.sys");
    assert_true(m[1].base == g->at.driver && m[1].size == 0x8000 && m[1].time_stamp == 0x4ce78901 && m[1].checksum == 0xabc1);
    assert_ptr_equal(crashdump_module_at(g->d, g->at.other + 0x8ffff), &m[2]);
    assert_null(crashdump_module_at(g->d, g->at.other + 0x90000));
    assert_null(crashdump_module_at(g->d, 0x1000));

    const crashdump_unloaded *u;
    assert_int_equal(crashdump_unloaded_modules(g->d, &u), 1);
    assert_string_equal(u[0].name, "dump_stornvm");
    assert_false(moment_known(u[0].unloaded));
    const crashdump_blob *b;
    assert_int_equal(crashdump_blobs(g->d, &b), 2);
    assert_true(b[0].size == 5 && b[1].size == 6 && b[1].tag[0] == 16);

    crashdump_exception e;
    crashdump_context c;
    crashdump_cause(g->d, h->parameters[2], h->parameters[3], &e, &c);
    assert_int_equal(e.code, 0xc0000005);
    assert_int_equal(e.count, 2);
    assert_int_equal(e.information[1], 0xdead0000);
    assert_true(c.known && c.ip == g->at.driver + 0x123 && c.general[0] == 0x1111);
    assert_int_equal(h->exception.code, 0x80000003);
    assert_int_equal(g->noted.count, 0);
}

static void its_process_is(ground *g, const crashdump_layout *l)
{
    crashdump_process p;
    assert_true(crashdump_current(g->d, l, 1, &p));
    assert_string_equal(p.name, "sqlservr.exe");
    assert_int_equal(p.pid, 4711);
    assert_int_equal(p.parent, 500);
    crashdump_layout other = *l;
    other.build_from = other.build_to = 9600;
    assert_false(crashdump_current(g->d, &other, 1, &p));       /* an unknown build is not guessed at */
}

static void a_small_dump_of_x64_is_read(void **state)
{
    ground *g = *state;
    make(g, 0x8664);
    is_whole(g, CRASHDUMP_X64);
    its_process_is(g, &layout_wide);
    crashdump_exception e;
    crashdump_context c;
    crashdump_caller callers[8];
    crashdump_cause(g->d, crashdump_about(g->d)->parameters[2], crashdump_about(g->d)->parameters[3], &e, &c);
    /* By the scan every slot counts, nearest first: also the one that no frame holds. */
    assert_int_equal(crashdump_callers(g->d, &c, 8, callers), 4);
    assert_true(callers[0].value == g->at.driver + 0x40 && callers[1].value == g->at.driver + 0x200 && callers[2].value == g->at.other + 0x2f300 && callers[3].value == g->at.kernel + 0x3080);
    assert_int_equal(crashdump_callers(g->d, &c, 2, callers), 2);
}

static void a_small_dump_of_x86_is_read_and_its_frames_followed(void **state)
{
    ground *g = *state;
    make(g, 0x14c);
    is_whole(g, CRASHDUMP_X86);
    its_process_is(g, &layout_narrow);
    crashdump_exception e;
    crashdump_context c;
    crashdump_caller callers[8];
    crashdump_cause(g->d, crashdump_about(g->d)->parameters[2], crashdump_about(g->d)->parameters[3], &e, &c);
    /* The frames first, so the old slot before them is not taken; then the scan. */
    assert_int_equal(crashdump_callers(g->d, &c, 8, callers), 3);
    assert_true(callers[0].value == g->at.driver + 0x200 && callers[1].value == g->at.other + 0x2f300 && callers[2].value == g->at.kernel + 0x3080);
}

static void a_small_dump_of_arm64_is_read_as_documented(void **state)
{
    ground *g = *state;
    make(g, 0xaa64);
    is_whole(g, CRASHDUMP_ARM64);
}

static void unset_fields_are_unknown_and_never_numbers(void **state)
{
    ground *g = *state;
    made_small(&g->b, 0x8664);
    memcpy(g->b.at + 0x38, "PAGE", 4);
    memcpy(g->b.at + 0xfa8, "PAGEPAGE", 8);
    memcpy(g->b.at + 0x1030, "PAGEPAGE", 8);
    assert_true(status_is_ok(open_dump(g)));
    const crashdump_header *h = crashdump_about(g->d);
    assert_false(h->code_known || moment_known(h->crashed) || h->uptime_known);
    assert_int_equal(h->table, 0);
}

static void only_a_code_with_bit_28_alone_is_changed(void **state)
{
    ground *g = *state;
    made_small(&g->b, 0x8664);
    set32(&g->b, 0x38, 0xdeaddead);
    assert_true(status_is_ok(open_dump(g)));
    assert_true(crashdump_about(g->d)->code == 0xdeaddead);
}

/* ---- Damage ---- */

static void a_file_that_ends_in_its_header_is_refused(void **state)
{
    ground *g = *state;
    made_small(&g->b, 0x8664);
    for (size_t len = 0; len < 0x2000; len = len ? len * 2 : 1) {
        g->b.len = len;
        assert_false(status_is_ok(open_dump(g)));
    }
}

static void whatever_is_cut_off_the_rest_is_read_and_the_loss_is_told(void **state)
{
    ground *g = *state;
    made_small(&g->b, 0x8664);
    size_t whole = 0x2000 + MADE_END;
    for (size_t len = 0x2000; len < whole; len += 97) {
        problems_init(&g->noted, &g->mem);
        g->b.len = len;
        assert_true(status_is_ok(open_dump(g)));
        const crashdump_module *m;
        const crashdump_unloaded *u;
        const crashdump_blob *b;
        crashdump_caller callers[16];
        crashdump_exception e;
        crashdump_context c;
        crashdump_modules(g->d, &m);
        crashdump_unloaded_modules(g->d, &u);
        assert_int_equal(crashdump_blobs(g->d, &b), 0);
        crashdump_cause(g->d, g->at.data, g->at.data + 0x100, &e, &c);
        crashdump_callers(g->d, &c, 16, callers);
        assert_int_equal(crashdump_about(g->d)->code, 0x7e);
        assert_true(problems_has(&g->noted, "dump.torn"));
    }
}

static void lies_about_counts_and_sizes_cost_what_they_touch(void **state)
{
    static const struct { size_t at; uint32_t value; const char *kind; size_t drivers; } lies[] = {
        { 0x34, 0xffffffff, "dump.drivers", SIZE_MAX }, { 0x30, 0xffffff00, "dump.drivers", 0 }, { 0x7c, 0xffffffff, "dump.triage", 3 }, { 0x78, 0xfffffff0, "dump.triage", 3 },
        { 0x2c, 0xffffffff, "dump.triage", 3 }, { 0x28, 0xfffffff0, "dump.triage", 3 }, { 0x04, 0xffffffff, "dump.torn", 3 }, { 0x08, 0xffffffff, "dump.mark", 3 },
        { 0x08, 0x2000, "dump.mark", 3 }, { 0x18, 0xffffff00, "dump.unloaded", 3 }, { MADE_UNLOADED, 0xffffffff, "dump.unloaded", 3 }, { MADE_STRINGS, 0xffffffff, "dump.strings", 3 },
        { MADE_DRIVERS, 0xffffffff, "dump.strings", 3 }, { MADE_END + 16 + 20, 0xffffffff, "dump.blob", 3 }, { MADE_END + 16, 0, "dump.blob", 3 }, { MADE_END + 16 + 24, 0xffffffff, "dump.blob", 3 },
    };
    ground *g = *state;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        buf_clear(&g->b);
        problems_init(&g->noted, &g->mem);
        g->at = made_small(&g->b, 0x8664);
        set32(&g->b, 0x2000 + lies[i].at, lies[i].value);
        assert_true(status_is_ok(open_dump(g)));
        const crashdump_module *m;
        const crashdump_unloaded *u;
        const crashdump_blob *b;
        size_t drivers = crashdump_modules(g->d, &m);
        crashdump_unloaded_modules(g->d, &u);
        crashdump_blobs(g->d, &b);
        if (!problems_has(&g->noted, lies[i].kind))
            fail_msg("lie %zu is not told as %s", i, lies[i].kind);
        if (lies[i].drivers != SIZE_MAX)
            assert_int_equal(drivers, lies[i].drivers);
        assert_true(g->noted.count <= 4);
    }
}

static void drivers_that_lie_over_each_other_still_end(void **state)
{
    ground *g = *state;
    g->at = made_small(&g->b, 0x8664);
    size_t entry = 0x2000 + MADE_DRIVERS + 2 * 0x90 + 8;
    set64(&g->b, entry + 0x30, g->at.kernel);
    set32(&g->b, entry + 0x40, 0xffffffff);
    assert_true(status_is_ok(open_dump(g)));
    assert_non_null(crashdump_module_at(g->d, g->at.kernel + 0x100));
}

static void frames_that_go_round_in_a_circle_end(void **state)
{
    ground *g = *state;
    g->at = made_small(&g->b, 0x14c);
    size_t frame = 0x1000 + MADE_STACK + 8 * 4;
    set32(&g->b, frame, (uint32_t)(g->at.stack + 8 * 4));
    assert_true(status_is_ok(open_dump(g)));
    crashdump_exception e;
    crashdump_context c;
    crashdump_caller callers[64];
    crashdump_cause(g->d, crashdump_about(g->d)->parameters[2], crashdump_about(g->d)->parameters[3], &e, &c);
    assert_int_equal(crashdump_callers(g->d, &c, 64, callers), 3);
}

/* ---- User minidumps ---- */

static void a_program_is_read_with_its_modules_and_its_fault(void **state)
{
    ground *g = *state;
    made_program(&g->b, true);
    assert_true(status_is_ok(open_program(g)));
    const minidump *m = g->m;
    assert_true(m->system == MINIDUMP_WINDOWS && m->machine == CRASHDUMP_X64 && m->build == 7601);
    assert_int_equal(m->module_count, 2);
    assert_string_equal(m->modules[0].name, "lsass.exe");
    assert_string_equal(m->modules[1].version, "6.1.7601.17514");
    assert_int_equal(m->exception.code, 0xc0000005);
    assert_int_equal(m->exception_thread, 77);
    assert_string_equal(minidump_module_at(m, m->exception.address)->name, "lsasrv.dll");
    assert_true(m->pid_known && m->pid == 520);
    assert_true(m->context.known && m->context.ip == 0x7ff601000123ull);
    minidump_caller callers[4];
    assert_int_equal(minidump_callers(m, &m->context, 4, callers), 1);
    assert_int_equal(callers[0].module, 0);
    assert_true(minidump_is_of_lsass(m));
    assert_int_equal(g->noted.count, 0);
}

static void a_dump_that_somebody_asked_for_has_no_exception(void **state)
{
    ground *g = *state;
    made_program(&g->b, false);
    assert_true(status_is_ok(open_program(g)));
    assert_false(g->m->exception_known);
    assert_false(g->m->context.known);
}

static void a_minidump_may_end_anywhere(void **state)
{
    ground *g = *state;
    made_program(&g->b, true);
    size_t whole = g->b.len;
    for (size_t len = 0; len < whole; len += 7) {
        problems_init(&g->noted, &g->mem);
        g->b.len = len;
        status s = open_program(g);
        assert_int_equal(status_is_ok(s), len > 0x20);
        if (status_is_ok(s) && len < 0x600)
            assert_true(g->noted.count > 0);
    }
}

static void lists_of_a_minidump_that_lie_are_cut_to_what_is_there(void **state)
{
    ground *g = *state;
    static const size_t counts[] = { 0x140, 0x300, 0x540 };
    for (size_t i = 0; i < 3; i++) {
        buf_clear(&g->b);
        problems_init(&g->noted, &g->mem);
        made_program(&g->b, true);
        set32(&g->b, counts[i], 0xffffffff);
        assert_true(status_is_ok(open_program(g)));
        assert_true(problems_has(&g->noted, "mdmp.stream"));
        assert_int_equal(g->m->module_count, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_small_dump_of_x64_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(a_small_dump_of_x86_is_read_and_its_frames_followed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_small_dump_of_arm64_is_read_as_documented, setup, teardown),
        cmocka_unit_test_setup_teardown(unset_fields_are_unknown_and_never_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(only_a_code_with_bit_28_alone_is_changed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_ends_in_its_header_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(whatever_is_cut_off_the_rest_is_read_and_the_loss_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(lies_about_counts_and_sizes_cost_what_they_touch, setup, teardown),
        cmocka_unit_test_setup_teardown(drivers_that_lie_over_each_other_still_end, setup, teardown),
        cmocka_unit_test_setup_teardown(frames_that_go_round_in_a_circle_end, setup, teardown),
        cmocka_unit_test_setup_teardown(a_program_is_read_with_its_modules_and_its_fault, setup, teardown),
        cmocka_unit_test_setup_teardown(a_dump_that_somebody_asked_for_has_no_exception, setup, teardown),
        cmocka_unit_test_setup_teardown(a_minidump_may_end_anywhere, setup, teardown),
        cmocka_unit_test_setup_teardown(lists_of_a_minidump_that_lie_are_cut_to_what_is_there, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
